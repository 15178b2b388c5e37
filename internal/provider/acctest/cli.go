package acctest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// cliTests matches the names of the tests that start a CLI. `make test-tofu` runs no others, so one that starts a CLI and has another name fails.
var cliTests = regexp.MustCompile("CLI")

// CLI is the path of the CLI at hand, to be started by a test.
func CLI(t *testing.T) string {
	t.Helper()
	if misnamed(t.Name()) {
		t.Fatalf("%s starts a CLI, and its name does not match %s: `make test-tofu` would miss it", t.Name(), cliTests)
	}
	if err := findCLI(); err != nil {
		t.Fatalf("the tests that start a CLI need Terraform or OpenTofu: %v", err)
	}
	return os.Getenv("TF_ACC_TERRAFORM_PATH")
}

// ProviderHost is the registry that the CLI at hand installs providers from.
func ProviderHost(t *testing.T) string {
	t.Helper()
	CLI(t)
	return os.Getenv("TF_ACC_PROVIDER_HOST")
}

// misnamed reports whether the test of a name would not be found among those that start a CLI.
func misnamed(test string) bool {
	test, _, _ = strings.Cut(test, "/")
	return !cliTests.MatchString(test)
}

// TestCLI takes the steps of a test case through the CLI at hand.
func TestCLI(t *testing.T, c resource.TestCase) {
	t.Helper()
	CLI(t)
	resource.UnitTest(t, c)
}

// findCLI finds a CLI by the same search as the Makefile's where a plain `go test` has none.
var findCLI = sync.OnceValue(func() error {
	if os.Getenv("TF_ACC_TERRAFORM_PATH") != "" {
		return nil
	}
	names := []string{"TF_ACC_PROVIDER_HOST", "TF_CLI_CONFIG_FILE", "CHECKPOINT_DISABLE", "TMPDIR", "TF_ACC_TERRAFORM_PATH"}
	script, err := filepath.Abs(Repository("scripts/with-cli.sh"))
	if err != nil {
		return err
	}
	search := exec.Command("sh", script, "any", "env")
	search.Stderr = os.Stderr
	output, err := search.Output()
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(output)) {
		for _, name := range names {
			if value, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), name+"="); ok {
				if err := os.Setenv(name, value); err != nil {
					return err
				}
			}
		}
	}
	return nil
})
