package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// commandPatience is ample for what people wait for: such a command takes seconds.
const commandPatience = 3 * time.Minute

// CLI runs Terraform or OpenTofu in the work folder.
type CLI struct {
	path string
	// Name is what a person types.
	Name string
	// Brand is Terraform or OpenTofu, Product the same with the version.
	Brand   string
	Product string
	// Host is the registry that an address without one means.
	Host    string
	work    Workspace
	color   bool
	env     []string
	secrets []string
	// Patience bounds one command, stopPatience its end once it was asked to stop.
	Patience     time.Duration
	stopPatience time.Duration
	// Started is told of each command's process, unless it is nil. What it does is not to take time.
	Started func(pid int, done <-chan struct{})
}

// NewCLI finds the CLI and asks for its version.
func NewCLI(ctx context.Context, path string, work Workspace, color bool) (*CLI, error) {
	absolute, err := findProgram(path)
	if err != nil {
		return nil, fmt.Errorf("--cli: %w; name one with TERRAFORM=/path/to/cli", err)
	}
	c := &CLI{path: absolute, Name: strings.TrimSuffix(filepath.Base(path), ".exe"), work: work, color: color, Patience: commandPatience}
	c.SignIn(nil)
	version, err := c.Run(ctx, "version")
	if err != nil {
		return nil, err
	}
	if c.Brand, c.Product, c.Host, err = parseProduct(version.Plain()); err != nil {
		return nil, version.Deviates("%s", err)
	}
	return c, nil
}

// In is the same CLI in another folder, signed in there.
func (c *CLI) In(work Workspace, credentials []Variable) *CLI {
	other := *c
	other.work = work
	other.SignIn(credentials)
	return &other
}

var productPattern = regexp.MustCompile(`(?m)^((Terraform|OpenTofu) v[0-9]\S*)`)

// parseProduct reads the first line of `version`. Its JSON would not say which of the two it is.
func parseProduct(text string) (brand, product, host string, err error) {
	found := productPattern.FindStringSubmatch(text)
	if found == nil {
		return "", "", "", fmt.Errorf("this is neither Terraform nor OpenTofu; name one with TERRAFORM=/path/to/cli")
	}
	host = providerHosts[0]
	if found[2] == "OpenTofu" {
		host = providerHosts[1]
	}
	return found[2], found[1], host, nil
}

// SignIn sets the environment of the commands that follow.
func (c *CLI) SignIn(credentials []Variable) {
	own := []Variable{
		{"TF_CLI_CONFIG_FILE", c.work.Path(c.work.CLIConfigFile())},
		{"CHECKPOINT_DISABLE", "1"},
		{"TF_INPUT", "0"},
		// Hints about the next command to type are the caller's to give.
		{"TF_IN_AUTOMATION", "1"},
		// OpenTofu makes a directory in the home that it finds.
		{"HOME", c.work.Path(homeFolder)},
	}
	if !c.color {
		// By the environment, so that commands that are shown are what was run.
		own = append(own, Variable{"TF_CLI_ARGS", "-no-color"})
	}
	c.secrets = nil
	for _, v := range credentials {
		if v.secret() {
			c.secrets = append(c.secrets, v.Value)
		}
	}
	c.env = cliEnvironment(os.Environ(), append(own, credentials...))
}

// Result is what came of one command.
type Result struct {
	Command  string
	ExitCode int
	Output   string
	// Elapsed is the time from the start of the process to its end.
	Elapsed time.Duration
}

// Plain is the output without colours.
func (r *Result) Plain() string { return StripColor(r.Output) }

// Deviates is the failure of a check of this result.
func (r *Result) Deviates(format string, args ...any) error {
	return &DeviationError{Command: r.Command, Problem: fmt.Sprintf(format, args...), Output: r.Output}
}

// Run runs a command to its end. Its exit code is for the caller to judge; an error is a command that could not run, one
// that printed a secret, or one that left a process behind.
func (c *CLI) Run(ctx context.Context, args ...string) (*Result, error) {
	// One writer for both keeps the order of what is printed.
	var output bytes.Buffer
	return c.runInto(ctx, &output, &output, args...)
}

func (c *CLI) runInto(ctx context.Context, stdout, stderr *bytes.Buffer, args ...string) (*Result, error) {
	commandCtx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	begin := time.Now()
	child, err := startProcess(commandCtx, processConfig{
		path: c.path, args: args, dir: c.work.Dir, env: c.env, stdout: stdout, stderr: stderr, ask: interruptGroup, patience: c.stopPatience,
	})
	if err != nil {
		return nil, err
	}
	if c.Started != nil {
		c.Started(child.cmd.Process.Pid, child.done)
	}
	<-child.done

	got := &Result{
		Command: c.Name + " " + strings.Join(args, " "), ExitCode: child.exitCode(), Output: stdout.String(), Elapsed: time.Since(begin),
	}
	if stderr != stdout {
		got.Output += stderr.String()
	}
	for _, secret := range c.secrets {
		if strings.Contains(got.Output, secret) {
			got.Output = strings.ReplaceAll(got.Output, secret, "(the client secret)")
			return nil, got.Deviates("it printed the client secret")
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, got.Deviates("it was stopped: %s", context.Cause(ctx))
	case commandCtx.Err() != nil:
		return nil, got.Deviates("it did not end within %s and was stopped", c.Patience)
	}
	if err := child.leftNothing(ctx); err != nil {
		return nil, got.Deviates("%s", err)
	}
	return got, nil
}

// ShowJSON is `show -json` of a plan file, or of the state without one.
func (c *CLI) ShowJSON(ctx context.Context, into json.Unmarshaler, planFile ...string) error {
	var stdout, stderr bytes.Buffer
	got, err := c.runInto(ctx, &stdout, &stderr, append([]string{"show", "-json"}, planFile...)...)
	if err != nil {
		return err
	}
	if got.ExitCode != 0 {
		return got.Deviates("it ended with exit code %d, not 0", got.ExitCode)
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		return got.Deviates("its output cannot be read: %s", err)
	}
	return nil
}
