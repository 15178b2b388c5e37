package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"time"
)

// stopPatience is how long a process may take to stop by itself before it is killed. The emulator's own bound is half.
const stopPatience = 10 * time.Second

// process is a child in a process group of its own. A Ctrl-C at the terminal therefore reaches the parent only, which then
// stops its children in order: a CLI that loses its tenant in mid-apply would print errors that are not the point.
type process struct {
	name string
	cmd  *exec.Cmd
	// cancel asks the process to stop; it is killed if it does not.
	cancel context.CancelFunc
	// patience is how long it may take to stop.
	patience time.Duration
	// done is closed when the process has ended and been waited for.
	done chan struct{}
}

type processConfig struct {
	path   string
	args   []string
	dir    string
	env    []string
	stdout io.Writer
	stderr io.Writer
	// ask is how the process is asked to stop.
	ask func(pid int) error
	// patience is stopPatience where it is 0.
	patience time.Duration
}

// findProgram is the absolute path of a program, as programs run in the work folder. A bare name is looked for in PATH.
func findProgram(path string) (string, error) {
	found, err := exec.LookPath(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(found)
}

// startProcess starts a child, which runs until it ends or until ctx does.
func startProcess(ctx context.Context, config processConfig) (*process, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, config.path, config.args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = config.dir, config.env, config.stdout, config.stderr
	cmd.Cancel = func() error { return config.ask(cmd.Process.Pid) }
	cmd.WaitDelay = cmp.Or(config.patience, stopPatience)
	ownGroup(cmd)
	p := &process{name: filepath.Base(config.path), cmd: cmd, cancel: cancel, patience: cmd.WaitDelay, done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("%s cannot be started: %w", p.name, err)
	}
	go func() {
		defer close(p.done)
		// How it ended is read from its state: after a cancellation the error is the context's even for exit code 0.
		_ = cmd.Wait()
		if ctx.Err() != nil {
			// What did not stop in time has been killed; what it had started in turn is in its group.
			_ = killGroup(cmd.Process.Pid)
		}
		cancel()
	}()
	return p, nil
}

// exitCode is valid once done is closed; it is -1 for a process that was killed.
func (p *process) exitCode() int { return p.cmd.ProcessState.ExitCode() }

// leftNothing waits for what the process has started in turn, such as a CLI's providers, and fails if it does not end.
func (p *process) leftNothing(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	err := poll(ctx, func() (bool, error) { return !groupAlive(p.cmd.Process.Pid), nil })
	if err != nil {
		_ = killGroup(p.cmd.Process.Pid)
		return fmt.Errorf("%s has ended, and something that it had started ran on; it was killed", p.name)
	}
	return nil
}

// pollInterval is short, as everything that is polled is on this machine.
const pollInterval = 20 * time.Millisecond

// poll calls check until it says true or fails, or the context ends.
func poll(ctx context.Context, check func() (bool, error)) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if ok, err := check(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
