package acctest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// constructor makes the provider that the tests of a package are about: all of it, or one area.
type constructor func(version string, options ...server.Option) func() tfprotov6.ProviderServer

// newServer is the one that Run was called with.
var newServer constructor

// Run runs the tests of a package with a provider and with a CLI, which is found by the same search as the Makefile's where a plain
// `go test` has none.
func Run(made constructor, run func() int) int {
	newServer = made
	if os.Getenv("TF_ACC_TERRAFORM_PATH") == "" {
		if err := findCLI(); err != nil {
			fmt.Fprintln(os.Stderr, "the acceptance tests need a Terraform or OpenTofu CLI:", err)
			return 1
		}
	}
	atOnce()
	code := run()
	if mirrorDir != "" {
		_ = os.RemoveAll(mirrorDir)
	}
	return code
}

// Repository is the path of a file from the folder of whatever package is tested.
func Repository(file string) string {
	for folder := "."; ; folder = filepath.Join("..", folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return filepath.Join(folder, file)
		}
		if absolute, err := filepath.Abs(folder); err != nil || filepath.Dir(absolute) == absolute {
			panic("the tests do not run in the repository")
		}
	}
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
