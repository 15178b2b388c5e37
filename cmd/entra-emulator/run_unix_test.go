//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTheCommandGetsEachSignalOnce(t *testing.T) {
	for _, test := range []struct {
		name   string
		signal syscall.Signal
		// group is how a terminal sends it: to the command as well.
		group bool
	}{
		{"SIGTERM to the program", syscall.SIGTERM, false},
		{"Ctrl-C", syscall.SIGINT, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			stdout, stderr := &output{}, &output{}
			program := exec.CommandContext(t.Context(), os.Args[0], "--sample-tenant", "--listen", "127.0.0.1:0",
				"--ca-file", filepath.Join(t.TempDir(), "ca.pem"), "--", "env", asProgram+"=", os.Args[0])
			program.Env = append(os.Environ(), asProgram+"=1", asCommand+"=wait")
			program.Stdout, program.Stderr = stdout, stderr
			program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := program.Start(); err != nil {
				t.Fatal(err)
			}
			deadline := time.Now().Add(20 * time.Second)
			for !strings.Contains(stdout.String(), "the tenant is") && time.Now().Before(deadline) {
				<-time.After(5 * time.Millisecond)
			}
			whom := program.Process.Pid
			if test.group {
				whom = -whom
			}
			if err := syscall.Kill(whom, test.signal); err != nil {
				t.Fatal(err)
			}
			_ = program.Wait()
			want := "stopped by " + test.signal.String() + " and then by 0 more"
			if code := program.ProcessState.ExitCode(); code != 7 || !strings.Contains(stdout.String(), want) {
				t.Errorf("ended with %d, want 7 and %q: %s%s", code, want, stdout, stderr)
			}
		})
	}
}
