package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const (
	envFile     = "emulator.env"
	caFile      = "emulator-ca.pem"
	emulatorLog = "emulator.log"

	startPatience = 30 * time.Second
)

// emulator is the emulator as a child process.
type emulator struct {
	path    string
	work    workspace
	process *process
	// variables lead the provider to it.
	variables []variable
	tenant    *control.Client
	// patience bounds the start, stopPatience the end.
	patience     time.Duration
	stopPatience time.Duration
}

func newEmulator(path string, work workspace) *emulator {
	return &emulator{path: path, work: work, patience: startPatience}
}

func (e *emulator) args() []string {
	return []string{"--sample-tenant", "--listen", "127.0.0.1:0", "--ca-file", caFile, "--env-file", envFile}
}

func (e *emulator) name() string { return filepath.Base(e.path) }

// command is how it is started, as a person would type it.
func (e *emulator) command() string {
	return e.name() + " " + strings.Join(e.args(), " ") + " &"
}

// start starts the emulator and returns once it answers. It runs until stop, also when ctx ends before: the CLI is
// stopped first.
func (e *emulator) start(ctx context.Context) error {
	path, err := findProgram(e.path)
	if err != nil {
		return fmt.Errorf("--emulator: %w; `make build` builds it", err)
	}
	logFile, err := os.Create(e.work.path(emulatorLog))
	if err != nil {
		return fmt.Errorf("writing into the work folder: %w", err)
	}
	defer logFile.Close() // the child has its own handle
	e.process, err = startProcess(context.WithoutCancel(ctx), processConfig{
		path: path, args: e.args(), dir: string(e.work), env: os.Environ(), stdout: logFile, stderr: logFile, ask: terminateGroup,
		patience: e.stopPatience,
	})
	if err != nil {
		return err
	}
	if err := e.ready(ctx); err != nil {
		return &deviation{command: e.name(), problem: err.Error(), output: e.log()}
	}
	return nil
}

// ready waits for the env file, which is written when the emulator listens, and asks it for a sign of life.
func (e *emulator) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, e.patience, fmt.Errorf("it was not ready within %s", e.patience))
	defer cancel()
	var text []byte
	err := poll(ctx, func() (bool, error) {
		select {
		case <-e.process.done:
			return false, fmt.Errorf("it ended with exit code %d before it was ready", e.process.exitCode())
		default:
		}
		var err error
		text, err = os.ReadFile(e.work.path(envFile))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return true, err
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	if e.variables, err = parseEnvFile(string(text)); err != nil {
		return fmt.Errorf("%s: %w", envFile, err)
	}
	if e.tenant, err = connect(e.variables); err != nil {
		return fmt.Errorf("%s: %w", envFile, err)
	}
	if _, err := e.tenant.Info(ctx); err != nil {
		return fmt.Errorf("it does not answer: %w", err)
	}
	return nil
}

// connect returns a client of the control API, which is where the variables say that Graph is.
func connect(variables []variable) (*control.Client, error) {
	values := map[string]string{}
	for _, v := range variables {
		values[v.name] = v.value
	}
	for _, name := range []string{"ARM_TENANT_ID", "ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ENTRAMFA_GRAPH_ENDPOINT", "ENTRAMFA_AUTHORITY_HOST", "ENTRAMFA_CA_BUNDLE_PATH"} {
		if values[name] == "" {
			return nil, fmt.Errorf("it does not set %s", name)
		}
	}
	endpoint, err := url.Parse(values["ENTRAMFA_GRAPH_ENDPOINT"])
	if err != nil || endpoint.Scheme != "https" {
		return nil, fmt.Errorf("ENTRAMFA_GRAPH_ENDPOINT is not an https:// address: %q", values["ENTRAMFA_GRAPH_ENDPOINT"])
	}
	ca, err := os.ReadFile(values["ENTRAMFA_CA_BUNDLE_PATH"])
	if err != nil {
		return nil, fmt.Errorf("ENTRAMFA_CA_BUNDLE_PATH: %w", err)
	}
	return control.NewWithCA(endpoint.String(), ca)
}

// stop stops the emulator and waits for its end. It returns an error where that was not the orderly one.
func (e *emulator) stop() error {
	if e.process == nil {
		return nil
	}
	if e.tenant != nil {
		e.tenant.CloseIdleConnections()
	}
	// What it says leads nowhere from here on.
	_ = os.Remove(e.work.path(envFile)) //nolint:gosec // G703: where to work is the caller's choice
	select {
	case <-e.process.done:
		return &deviation{
			command: e.name(), output: e.log(),
			problem: fmt.Sprintf("it ended by itself, with exit code %d, and should have run until the demo stops it", e.process.exitCode()),
		}
	default:
	}
	e.process.cancel()
	<-e.process.done
	if code := e.process.exitCode(); code != 0 {
		problem := fmt.Sprintf("it stopped with exit code %d, not 0", code)
		if code < 0 {
			problem = "it did not stop when asked to, and was killed"
		}
		return &deviation{command: e.name(), problem: problem, output: e.log()}
	}
	return e.process.leftNothing(context.Background())
}

func (e *emulator) log() string {
	text, err := os.ReadFile(e.work.path(emulatorLog)) //nolint:gosec // G703: where to work is the caller's choice
	if err != nil {
		return ""
	}
	return string(text)
}
