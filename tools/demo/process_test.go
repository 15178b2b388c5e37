package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

func testWorkspace(t *testing.T) workspace {
	t.Helper()
	work := workspace(t.TempDir())
	if err := os.Mkdir(work.path(homeFolder), 0o750); err != nil {
		t.Fatal(err)
	}
	return work
}

// testCLI is this test binary in a role.
func testCLI(t *testing.T, role string) *cli {
	t.Helper()
	t.Setenv(roleVariable, role)
	c := &cli{path: os.Args[0], name: "terraform", work: testWorkspace(t), patience: 30 * time.Second, stopPatience: 500 * time.Millisecond}
	c.signIn([]variable{{"ARM_CLIENT_SECRET", "s3cr3t"}})
	return c
}

func testEmulator(t *testing.T, role string) *emulator {
	t.Helper()
	t.Setenv(roleVariable, role)
	e := newEmulator(os.Args[0], testWorkspace(t))
	e.patience, e.stopPatience = 500*time.Millisecond, 500*time.Millisecond
	return e
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got error %v, want one with %q", err, part)
		}
	}
}

func wantNoGroup(t *testing.T, p *process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if poll(ctx, func() (bool, error) { return !groupAlive(p.cmd.Process.Pid), nil }) != nil {
		t.Error("a process is left running")
	}
}

// wantLog waits until the child has said that it is ready for signals.
func wantLog(t *testing.T, e *emulator, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := poll(ctx, func() (bool, error) { return strings.Contains(e.log(), text), nil }); err != nil {
		t.Fatalf("the log does not say %q: %s", text, e.log())
	}
}

func TestCLIReportsItsProduct(t *testing.T) {
	t.Setenv(roleVariable, "prints-version")
	c, err := newCLI(t.Context(), os.Args[0], testWorkspace(t), false)
	if err != nil {
		t.Fatal(err)
	}
	if c.brand != "OpenTofu" || c.product != "OpenTofu v1.12.6" || c.host != "registry.opentofu.org" {
		t.Errorf("got %s, %s, %s", c.brand, c.product, c.host)
	}
}

func TestAProgramThatIsNoCLIIsRefused(t *testing.T) {
	t.Setenv(roleVariable, "says-nothing")
	_, err := newCLI(t.Context(), os.Args[0], testWorkspace(t), false)
	wantError(t, err, "neither Terraform nor OpenTofu", "TERRAFORM=")
}

func TestASecretInTheOutputIsAFailureAndIsNotShown(t *testing.T) {
	_, err := testCLI(t, "prints-secret").run(t.Context(), "plan")
	wantError(t, err, "`terraform plan`: it printed the client secret")
	var unexpected *deviation
	if !asDeviation(err, &unexpected) || strings.Contains(unexpected.output, "s3cr3t") {
		t.Errorf("the secret is shown: %+v", err)
	}
}

func TestACommandThatHangsIsStopped(t *testing.T) {
	for _, role := range []string{"waits", "ignores-signals"} {
		t.Run(role, func(t *testing.T) {
			c := testCLI(t, role)
			c.patience = 500 * time.Millisecond
			_, err := c.run(t.Context(), "plan")
			wantError(t, err, "did not end within 500ms")
		})
	}
}

func TestACommandIsStoppedWithTheDemo(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := testCLI(t, "waits").run(ctx, "plan")
	wantError(t, err, "was stopped: context deadline exceeded")
}

func TestACommandThatLeavesAProcessBehindIsAFailure(t *testing.T) {
	_, err := testCLI(t, "leaves-a-child").run(t.Context(), "plan")
	wantError(t, err, "something that it had started ran on")
}

func TestAnEmulatorThatEndsIsReportedWithItsLog(t *testing.T) {
	e := testEmulator(t, "fails")
	err := e.start(t.Context())
	wantError(t, err, "exit code 3 before it was ready")
	var unexpected *deviation
	if !asDeviation(err, &unexpected) || !strings.Contains(unexpected.output, "cannot listen") {
		t.Errorf("without the log: %+v", err)
	}
	wantError(t, e.stop(), "ended by itself")
}

func TestAnEmulatorThatIsNeverReadyIsStopped(t *testing.T) {
	e := testEmulator(t, "waits")
	e.stopPatience = 30 * time.Second
	wantError(t, e.start(t.Context()), "not ready within 500ms")
	wantLog(t, e, "waiting")
	if err := e.stop(); err != nil {
		t.Errorf("stopping it: %s", err)
	}
	wantNoGroup(t, e.process)
}

func TestAnEmulatorThatDoesNotStopIsKilled(t *testing.T) {
	e := testEmulator(t, "ignores-signals")
	wantError(t, e.start(t.Context()), "not ready")
	wantLog(t, e, "waiting")
	wantError(t, e.stop(), "did not stop when asked to, and was killed")
	wantNoGroup(t, e.process)
}

func TestAnEmulatorOutlivesTheContextUntilItIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := testEmulator(t, "waits")
	wantError(t, e.start(ctx), "context canceled")
	if !groupAlive(e.process.cmd.Process.Pid) {
		t.Error("it ended with the context; a CLI that still runs would lose its tenant")
	}
	_ = e.stop()
	wantNoGroup(t, e.process)
}

func TestAnEmulatorThatWasNeverStartedNeedsNoStop(t *testing.T) {
	if err := newEmulator("emulator", "").stop(); err != nil {
		t.Error(err)
	}
}
