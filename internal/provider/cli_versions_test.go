package provider_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// newCLITests is the pattern by which `make test-terraform` chooses the tests that it runs.
func newCLITests(t *testing.T) *regexp.Regexp {
	t.Helper()
	content, err := os.ReadFile(acctest.Repository("GNUmakefile"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^NEW_CLI_TESTS +:= (\S+)$`).FindSubmatch(content)
	if found == nil {
		t.Fatal("the Makefile does not say which tests need a new CLI")
	}
	return regexp.MustCompile(string(found[1]))
}

// versionGates are the ways in which a test here asks what the CLI at hand can do, and in which terraform-plugin-testing skips one.
var versionGates = []string{"Queries", "ImportsByIdentity", "SkipBelow", "SkipIf", "SkipAbove", "SkipBetween"}

// Terraform 1.8 has moves between resource types. It is the oldest that is supported, so no test is cut short by them.
var supportedGate = regexp.MustCompile(`SkipBelow\(tfversion\.Version1_8_0\)`)

// A test that an older CLI cuts short proves something only where a new one runs it, so `make test-terraform` must not miss it.
func TestEveryTestThatAnOldCLICutsShortRunsWithANewOne(t *testing.T) {
	t.Parallel()
	pattern := newCLITests(t)
	var files []string
	if err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, "_test.go") {
			files = append(files, path)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	gated := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, content, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			ast.Inspect(function.Body, func(node ast.Node) bool {
				call, ok := node.(*ast.CallExpr)
				if !ok {
					return true
				}
				gate, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !slices.Contains(versionGates, gate.Sel.Name) {
					return true
				}
				if supportedGate.Match(content[set.Position(call.Pos()).Offset:set.Position(call.End()).Offset]) {
					return true
				}
				gated++
				if function.Recv != nil || !strings.HasPrefix(function.Name.Name, "Test") || !pattern.MatchString(function.Name.Name) {
					t.Errorf("%s: %s depends on the CLI's version by %s, and is no test whose name matches %s", set.Position(call.Pos()), function.Name.Name, gate.Sel.Name, pattern)
				}
				return true
			})
		}
	}
	if gated == 0 {
		t.Error("no test depends on the CLI's version: this test looks for the wrong functions")
	}
}
