package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestOptionsAreRequired(t *testing.T) {
	complete := []string{"--cli", "a", "--provider", "b", "--emulator", "c", "--work", "d"}
	if _, err := parseOptions(complete, &bytes.Buffer{}); err != nil {
		t.Errorf("complete: %s", err)
	}
	for i := 0; i < len(complete); i += 2 {
		var args []string
		args = append(append(args, complete[:i]...), complete[i+2:]...)
		_, err := parseOptions(args, &bytes.Buffer{})
		if want := complete[i] + " is missing"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: got error %v, want %q", complete[i], err, want)
		}
	}
	if _, err := parseOptions(append(complete, "more"), &bytes.Buffer{}); err == nil {
		t.Error("an argument that is no flag is accepted")
	}
}

func TestARunThatCannotBeginSaysWhyAndExitsWith1(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), []string{"--cli", "a", "--provider", "no-such-provider", "--emulator", "c", "--work", t.TempDir()}, &stdout, &stderr)
	if code != 1 || !strings.Contains(stderr.String(), "no-such-provider") || !strings.Contains(stderr.String(), "make build") {
		t.Errorf("exit code %d, stderr:\n%s", code, &stderr)
	}
}
