// Package sandbox holds what the programs of this module have in common that drive a real Terraform or OpenTofu against
// the emulator: a folder to work in with the provider in a mirror, an environment without the user's own settings, the
// two programs as child processes that do not outlive their parent, and what to tell when one of them does not do what
// it should.
package sandbox

import (
	"fmt"
	"regexp"
)

// DeviationError is a program that did something else than it should.
type DeviationError struct {
	// Command is what was run last.
	Command string
	Problem string
	// Output is all that the command printed.
	Output string
}

func (d *DeviationError) Error() string { return fmt.Sprintf("`%s`: %s", d.Command, d.Problem) }

var colorPattern = regexp.MustCompile("\x1b\\[[0-9;]*m")

// StripColor removes the colours from what a CLI has printed.
func StripColor(text string) string { return colorPattern.ReplaceAllString(text, "") }
