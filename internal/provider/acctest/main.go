package acctest

import (
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// constructor makes the provider that the tests of a package are about: all of it, or one area.
type constructor func(version string, options ...server.Option) func() tfprotov6.ProviderServer

// newServer is the one that Run was called with.
var newServer constructor

// Run runs the tests of a package with a provider.
func Run(made constructor, run func() int) int {
	newServer = made
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
