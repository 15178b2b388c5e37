package provider_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// TestMain finds a CLI for a plain `go test`, by the same search as the Makefile's.
func TestMain(m *testing.M) {
	if os.Getenv("TF_ACC_TERRAFORM_PATH") == "" {
		if err := findCLI(); err != nil {
			fmt.Fprintln(os.Stderr, "the acceptance tests need a Terraform or OpenTofu CLI:", err)
			os.Exit(1)
		}
	}
	atOnce()
	code := reported(m)
	if mirrorDir != "" {
		_ = os.RemoveAll(mirrorDir)
	}
	os.Exit(code)
}

// atOnce lets more tests run at once than there are processors, unless somebody has said how many: many of them wait for the
// limit of one Conditional Access request a second.
func atOnce() {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		_ = flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0)))
	}
}

func findCLI() error {
	names := []string{"TF_ACC_TERRAFORM_PATH", "TF_ACC_PROVIDER_HOST", "TF_CLI_CONFIG_FILE", "CHECKPOINT_DISABLE", "TMPDIR"}
	script, err := filepath.Abs("../../scripts/with-cli.sh")
	if err != nil {
		return err
	}
	search := exec.Command("sh", script, "any", "env")
	search.Stderr = os.Stderr
	output, err := search.Output()
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(output), "\n") {
		for _, name := range names {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				if err := os.Setenv(name, value); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
