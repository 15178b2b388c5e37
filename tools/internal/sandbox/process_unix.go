//go:build unix

package sandbox

import (
	"os"
	"os/exec"
	"syscall"
)

// StopSignals are the signals that ask the program to stop.
func StopSignals() []os.Signal {
	return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE}
}

func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// interruptGroup is what Ctrl-C does: the providers of a CLI ignore it and wait for the CLI to end them.
func interruptGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }

func terminateGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGTERM) }

func killGroup(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) }

func groupAlive(pid int) bool { return syscall.Kill(-pid, 0) == nil }
