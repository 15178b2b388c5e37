//go:build !unix

package sandbox

import (
	"os"
	"os/exec"
)

// Without process groups only the child itself can be reached, and not asked.

// StopSignals are the signals that ask the program to stop.
func StopSignals() []os.Signal { return []os.Signal{os.Interrupt} }

func ownGroup(*exec.Cmd) {}

func interruptGroup(pid int) error { return killGroup(pid) }

func terminateGroup(pid int) error { return killGroup(pid) }

func killGroup(pid int) error {
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return process.Kill()
}

func groupAlive(int) bool { return false }
