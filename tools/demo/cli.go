package main

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

	tfjson "github.com/hashicorp/terraform-json"
)

// commandPatience is ample: the slowest command takes seconds.
const commandPatience = 3 * time.Minute

// cli runs Terraform or OpenTofu in the work folder.
type cli struct {
	path string
	// name is what a person types.
	name string
	// brand is Terraform or OpenTofu, product the same with the version.
	brand   string
	product string
	host    string
	work    workspace
	color   bool
	env     []string
	secrets []string
	// patience bounds one command, stopPatience its end once it was asked to stop.
	patience     time.Duration
	stopPatience time.Duration
}

func newCLI(ctx context.Context, path string, work workspace, color bool) (*cli, error) {
	absolute, err := findProgram(path)
	if err != nil {
		return nil, fmt.Errorf("--cli: %w; name one with TERRAFORM=/path/to/cli", err)
	}
	c := &cli{path: absolute, name: strings.TrimSuffix(filepath.Base(path), ".exe"), work: work, color: color, patience: commandPatience}
	c.signIn(nil)
	version, err := c.run(ctx, "version")
	if err != nil {
		return nil, err
	}
	if c.brand, c.product, c.host, err = parseProduct(version.plain()); err != nil {
		return nil, version.deviates("%s", err)
	}
	return c, nil
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

// signIn sets the environment of the commands that follow.
func (c *cli) signIn(credentials []variable) {
	own := []variable{
		{"TF_CLI_CONFIG_FILE", c.work.path(cliConfigFile)},
		{"CHECKPOINT_DISABLE", "1"},
		{"TF_INPUT", "0"},
		// Hints about the next command to type are the demo's to give.
		{"TF_IN_AUTOMATION", "1"},
		// OpenTofu makes a directory in the home that it finds.
		{"HOME", c.work.path(homeFolder)},
	}
	if !c.color {
		// By the environment, so that the commands on the screen are what was run.
		own = append(own, variable{"TF_CLI_ARGS", "-no-color"})
	}
	c.secrets = nil
	for _, v := range credentials {
		if v.secret() {
			c.secrets = append(c.secrets, v.value)
		}
	}
	c.env = cliEnvironment(os.Environ(), append(own, credentials...))
}

// result is what came of one command.
type result struct {
	command  string
	exitCode int
	output   string
}

// plain is the output without colours.
func (r *result) plain() string { return stripColor(r.output) }

// deviates is the failure of a check of this result.
func (r *result) deviates(format string, args ...any) error {
	return &deviation{command: r.command, problem: fmt.Sprintf(format, args...), output: r.output}
}

// run runs a command to its end. Its exit code is for the caller to judge; an error is a command that could not run, one
// that printed a secret, or one that left a process behind.
func (c *cli) run(ctx context.Context, args ...string) (*result, error) {
	// One writer for both keeps the order of what is printed.
	var output bytes.Buffer
	return c.runInto(ctx, &output, &output, args...)
}

func (c *cli) runInto(ctx context.Context, stdout, stderr *bytes.Buffer, args ...string) (*result, error) {
	commandCtx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	child, err := startProcess(commandCtx, processConfig{
		path: c.path, args: args, dir: string(c.work), env: c.env, stdout: stdout, stderr: stderr, ask: interruptGroup, patience: c.stopPatience,
	})
	if err != nil {
		return nil, err
	}
	<-child.done

	got := &result{command: c.name + " " + strings.Join(args, " "), exitCode: child.exitCode(), output: stdout.String()}
	if stderr != stdout {
		got.output += stderr.String()
	}
	for _, secret := range c.secrets {
		if strings.Contains(got.output, secret) {
			got.output = strings.ReplaceAll(got.output, secret, "(the client secret)")
			return nil, got.deviates("it printed the client secret")
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, got.deviates("it was stopped: %s", context.Cause(ctx))
	case commandCtx.Err() != nil:
		return nil, got.deviates("it did not end within %s and was stopped", c.patience)
	}
	if err := child.leftNothing(ctx); err != nil {
		return nil, got.deviates("%s", err)
	}
	return got, nil
}

// showJSON is `show -json` of a plan file, or of the state without one.
func (c *cli) showJSON(ctx context.Context, into json.Unmarshaler, planFile ...string) error {
	var stdout, stderr bytes.Buffer
	got, err := c.runInto(ctx, &stdout, &stderr, append([]string{"show", "-json"}, planFile...)...)
	if err != nil {
		return err
	}
	if got.exitCode != 0 {
		return got.deviates("it ended with exit code %d, not 0", got.exitCode)
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		return got.deviates("its output cannot be read: %s", err)
	}
	return nil
}

func (c *cli) plan(ctx context.Context, planFile string) (*tfjson.Plan, error) {
	plan := &tfjson.Plan{}
	return plan, c.showJSON(ctx, plan, planFile)
}

func (c *cli) state(ctx context.Context) (*tfjson.State, error) {
	state := &tfjson.State{}
	return state, c.showJSON(ctx, state)
}
