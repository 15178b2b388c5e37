package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// roleVariable makes this test binary play a CLI or an emulator that misbehaves.
const roleVariable = "DEMO_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	os.Exit(m.Run())
}

func play(role string) int {
	stop := make(chan os.Signal, 1)
	switch role {
	case "prints-secret":
		fmt.Println("signing in with " + os.Getenv("ARM_CLIENT_SECRET"))
	case "prints-version":
		fmt.Println("OpenTofu v1.12.6\non a machine")
	case "fails":
		fmt.Println("cannot listen")
		return 3
	case "waits":
		signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
		fmt.Println("waiting")
		<-stop
	case "ignores-signals":
		signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
		fmt.Println("waiting")
		<-stop
	case "leaves-a-child":
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), roleVariable+"=ignores-signals")
		if err := child.Start(); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	return 0
}

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
