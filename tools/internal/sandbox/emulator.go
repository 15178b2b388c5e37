package sandbox

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
	// EnvFile holds the variables that lead the provider to the emulator.
	EnvFile     = "emulator.env"
	caFile      = "emulator-ca.pem"
	emulatorLog = "emulator.log"

	startPatience = 30 * time.Second
)

// Emulator is the emulator as a child process.
type Emulator struct {
	path    string
	work    Workspace
	process *process
	// Variables lead the provider to it.
	Variables []Variable
	Tenant    *control.Client
	// patience bounds the start, stopPatience the end.
	patience     time.Duration
	stopPatience time.Duration
}

// NewEmulator is an emulator that is not started yet.
func NewEmulator(path string, work Workspace) *Emulator {
	return &Emulator{path: path, work: work, patience: startPatience}
}

func (e *Emulator) args() []string {
	return []string{"--sample-tenant", "--listen", "127.0.0.1:0", "--ca-file", caFile, "--env-file", EnvFile}
}

func (e *Emulator) name() string { return filepath.Base(e.path) }

// Command is how it is started, as a person would type it.
func (e *Emulator) Command() string {
	return e.name() + " " + strings.Join(e.args(), " ") + " &"
}

// Start starts the emulator and returns once it answers. It runs until Stop, also when ctx ends before: the CLI is
// stopped first.
func (e *Emulator) Start(ctx context.Context) error {
	path, err := findProgram(e.path)
	if err != nil {
		return fmt.Errorf("--emulator: %w; `make build` builds it", err)
	}
	logFile, err := os.Create(e.work.Path(emulatorLog))
	if err != nil {
		return fmt.Errorf("writing into the work folder: %w", err)
	}
	defer logFile.Close() // the child has its own handle
	e.process, err = startProcess(context.WithoutCancel(ctx), processConfig{
		path: path, args: e.args(), dir: e.work.Dir, env: os.Environ(), stdout: logFile, stderr: logFile, ask: terminateGroup,
		patience: e.stopPatience,
	})
	if err != nil {
		return err
	}
	if err := e.ready(ctx); err != nil {
		return &DeviationError{Command: e.name(), Problem: err.Error(), Output: e.log()}
	}
	return nil
}

// ready waits for the env file, which is written when the emulator listens, and asks it for a sign of life.
func (e *Emulator) ready(ctx context.Context) error {
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
		text, err = os.ReadFile(e.work.Path(EnvFile))
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
	if e.Variables, err = parseEnvFile(string(text)); err != nil {
		return fmt.Errorf("%s: %w", EnvFile, err)
	}
	if e.Tenant, err = connect(e.Variables); err != nil {
		return fmt.Errorf("%s: %w", EnvFile, err)
	}
	if _, err := e.Tenant.Info(ctx); err != nil {
		return fmt.Errorf("it does not answer: %w", err)
	}
	return nil
}

// connect returns a client of the control API, which is where the variables say that Graph is.
func connect(variables []Variable) (*control.Client, error) {
	values := map[string]string{}
	for _, v := range variables {
		values[v.Name] = v.Value
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

// Stop stops the emulator and waits for its end. It returns an error where that was not the orderly one.
func (e *Emulator) Stop() error {
	if e.process == nil {
		return nil
	}
	if e.Tenant != nil {
		e.Tenant.CloseIdleConnections()
	}
	// What it says leads nowhere from here on.
	_ = os.Remove(e.work.Path(EnvFile))
	select {
	case <-e.process.done:
		return &DeviationError{
			Command: e.name(), Output: e.log(),
			Problem: fmt.Sprintf("it ended by itself, with exit code %d, and should have run until it is stopped", e.process.exitCode()),
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
		return &DeviationError{Command: e.name(), Problem: problem, Output: e.log()}
	}
	return e.process.leftNothing(context.Background())
}

func (e *Emulator) log() string {
	text, err := os.ReadFile(e.work.Path(emulatorLog))
	if err != nil {
		return ""
	}
	return string(text)
}
