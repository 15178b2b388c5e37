package acctest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// `make test-tofu` runs the tests that start a CLI, by their names. That a test with another name starts none is checked where it starts one.
func TestTestsThatStartACLIAreFoundByTheirNames(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(Repository("GNUmakefile"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^CLI_TESTS +:= (\S+)$`).FindSubmatch(content)
	if found == nil || string(found[1]) != cliTests.String() {
		t.Errorf("the Makefile runs %q with OpenTofu, and tests that start a CLI match %q", found, cliTests)
	}
	if !regexp.MustCompile(`(?m)^\tTF_ACC= \$\(TOFU_CLI\) go test .*-run '\$\(CLI_TESTS\)' \./internal/provider/\.\.\.$`).Match(content) {
		t.Error("`make test-tofu` does not choose the tests by CLI_TESTS")
	}
	for name, want := range map[string]bool{
		"TestAPlan": true, "TestAPlan/ofTheCLI": true, "TestAPlanThroughTheRealCLI": false, "TestAPlanThroughTheRealCLI/plain": false,
	} {
		if have := misnamed(name); have != want {
			t.Errorf("misnamed(%q) = %t", name, have)
		}
	}
}

// The check of the names stands in CLI, so there has to be no other way to a CLI.
func TestThereIsOneWayToACLI(t *testing.T) {
	t.Parallel()
	ways, known := regexp.MustCompile(`Getenv\("TF_ACC_(TERRAFORM_PATH|PROVIDER_HOST)"\)|resource\.(Unit|Parallel)?Test\(|LookPath\("(terraform|tofu)"\)`), 0
	if err := filepath.WalkDir(Repository("internal/provider"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		here := strings.HasSuffix(path, filepath.Join("acctest", "cli.go")) || strings.HasSuffix(path, filepath.Join("acctest", "workspace.go"))
		for _, found := range ways.FindAllString(string(content), -1) {
			if here {
				known++
			} else {
				t.Errorf("%s: %s; start a CLI by acctest.CLI, acctest.TestCLI or a Workspace", path, found)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if known == 0 {
		t.Error("the ways to a CLI are not where they were: this test looks for the wrong ones")
	}
}
