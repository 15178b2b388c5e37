package sandbox

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func testWorkspace(t *testing.T) Workspace {
	t.Helper()
	work := Workspace{Dir: t.TempDir(), Owner: "test"}
	if err := os.Mkdir(work.Path(homeFolder), 0o750); err != nil {
		t.Fatal(err)
	}
	return work
}

// testCLI is this test binary in a role.
func testCLI(t *testing.T, role string) *CLI {
	t.Helper()
	t.Setenv(roleVariable, role)
	c := &CLI{path: os.Args[0], Name: "terraform", work: testWorkspace(t), Patience: 30 * time.Second, stopPatience: 500 * time.Millisecond}
	c.SignIn([]Variable{{"ARM_CLIENT_SECRET", "s3cr3t"}})
	return c
}

func testEmulator(t *testing.T, role string) *Emulator {
	t.Helper()
	t.Setenv(roleVariable, role)
	e := NewEmulator(os.Args[0], testWorkspace(t))
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
func wantLog(t *testing.T, e *Emulator, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := poll(ctx, func() (bool, error) { return strings.Contains(e.log(), text), nil }); err != nil {
		t.Fatalf("the log does not say %q: %s", text, e.log())
	}
}

func TestCLIReportsItsProduct(t *testing.T) {
	t.Setenv(roleVariable, "prints-version")
	c, err := NewCLI(t.Context(), os.Args[0], testWorkspace(t), false)
	if err != nil {
		t.Fatal(err)
	}
	if c.Brand != "OpenTofu" || c.Product != "OpenTofu v1.12.6" || c.Host != "registry.opentofu.org" {
		t.Errorf("got %s, %s, %s", c.Brand, c.Product, c.Host)
	}
}

func TestAProgramThatIsNoCLIIsRefused(t *testing.T) {
	t.Setenv(roleVariable, "says-nothing")
	_, err := NewCLI(t.Context(), os.Args[0], testWorkspace(t), false)
	wantError(t, err, "neither Terraform nor OpenTofu", "TERRAFORM=")
}

func TestASecretInTheOutputIsAFailureAndIsNotShown(t *testing.T) {
	_, err := testCLI(t, "prints-secret").Run(t.Context(), "plan")
	wantError(t, err, "`terraform plan`: it printed the client secret")
	var unexpected *DeviationError
	if !errors.As(err, &unexpected) || strings.Contains(unexpected.Output, "s3cr3t") {
		t.Errorf("the secret is shown: %+v", err)
	}
}

func TestACommandThatHangsIsStopped(t *testing.T) {
	for _, role := range []string{"waits", "ignores-signals"} {
		t.Run(role, func(t *testing.T) {
			c := testCLI(t, role)
			c.Patience = 500 * time.Millisecond
			_, err := c.Run(t.Context(), "plan")
			wantError(t, err, "did not end within 500ms")
		})
	}
}

func TestACommandIsStoppedWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := testCLI(t, "waits").Run(ctx, "plan")
	wantError(t, err, "was stopped: context deadline exceeded")
}

func TestACommandThatLeavesAProcessBehindIsAFailure(t *testing.T) {
	_, err := testCLI(t, "leaves-a-child").Run(t.Context(), "plan")
	wantError(t, err, "something that it had started ran on")
}

func TestAnEmulatorThatEndsIsReportedWithItsLog(t *testing.T) {
	e := testEmulator(t, "fails")
	err := e.Start(t.Context())
	wantError(t, err, "exit code 3 before it was ready")
	var unexpected *DeviationError
	if !errors.As(err, &unexpected) || !strings.Contains(unexpected.Output, "cannot listen") {
		t.Errorf("without the log: %+v", err)
	}
	wantError(t, e.Stop(), "ended by itself")
}

func TestAnEmulatorThatIsNeverReadyIsStopped(t *testing.T) {
	e := testEmulator(t, "waits")
	e.stopPatience = 30 * time.Second
	wantError(t, e.Start(t.Context()), "not ready within 500ms")
	wantLog(t, e, "waiting")
	if err := e.Stop(); err != nil {
		t.Errorf("stopping it: %s", err)
	}
	wantNoGroup(t, e.process)
}

func TestAnEmulatorThatDoesNotStopIsKilled(t *testing.T) {
	e := testEmulator(t, "ignores-signals")
	wantError(t, e.Start(t.Context()), "not ready")
	wantLog(t, e, "waiting")
	wantError(t, e.Stop(), "did not stop when asked to, and was killed")
	wantNoGroup(t, e.process)
}

func TestAnEmulatorOutlivesTheContextUntilItIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := testEmulator(t, "waits")
	wantError(t, e.Start(ctx), "context canceled")
	if !groupAlive(e.process.cmd.Process.Pid) {
		t.Error("it ended with the context; a CLI that still runs would lose its tenant")
	}
	_ = e.Stop()
	wantNoGroup(t, e.process)
}

func TestAnEmulatorThatWasNeverStartedNeedsNoStop(t *testing.T) {
	if err := NewEmulator("emulator", Workspace{}).Stop(); err != nil {
		t.Error(err)
	}
}

func TestParseProduct(t *testing.T) {
	tests := map[string]struct{ text, brand, product, host string }{
		"Terraform":         {"Terraform v1.11.4\non linux_amd64\n", "Terraform", "Terraform v1.11.4", "registry.terraform.io"},
		"OpenTofu":          {"OpenTofu v1.12.6-dev\non linux_amd64\n", "OpenTofu", "OpenTofu v1.12.6-dev", "registry.opentofu.org"},
		"behind a warning":  {"\nWarning: old\n\nTerraform v1.9.0\n", "Terraform", "Terraform v1.9.0", "registry.terraform.io"},
		"something else":    {"Packer v1.9.0\n", "", "", ""},
		"nothing":           {"", "", "", ""},
		"a word about them": {"Your version of Terraform v1 is out of date", "", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			brand, product, host, err := parseProduct(test.text)
			if brand != test.brand || product != test.product || host != test.host || (err != nil) != (test.brand == "") {
				t.Errorf("got %q, %q, %q, %v", brand, product, host, err)
			}
		})
	}
}
