package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
)

// roleVariable makes this test binary play a CLI or an emulator that misbehaves.
const roleVariable = "SANDBOX_TEST_ROLE"

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
