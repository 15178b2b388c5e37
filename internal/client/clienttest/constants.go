package clienttest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// Module is the folder of the module that a test runs in.
func Module(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	for ; err == nil; folder = filepath.Dir(folder) {
		if _, missing := os.Stat(filepath.Join(folder, "go.mod")); missing == nil {
			return folder
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	t.Fatalf("no module is above this test: %v", err)
	return ""
}

// Constants are the values of all constants of a type in its own package, read from the source, so that a test that walks all codes
// sees a new one.
func Constants[T ~string](t *testing.T) []T {
	t.Helper()
	typ := reflect.TypeFor[T]()
	_, folder, found := strings.Cut(typ.PkgPath(), "/internal/")
	if !found {
		t.Fatalf("%v is not a type of this module", typ)
	}
	files, err := filepath.Glob(filepath.Join(Module(t), "internal", folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok {
				return true
			}
			for _, value := range spec.Values {
				of := spec.Type
				if conversion, ok := value.(*ast.CallExpr); ok && len(conversion.Args) == 1 {
					of, value = conversion.Fun, conversion.Args[0]
				}
				name, ok := of.(*ast.Ident)
				if !ok || name.Name != typ.Name() {
					continue
				}
				literal, ok := value.(*ast.BasicLit)
				if !ok {
					t.Fatalf("%s: a constant of %v is not written out", file, typ)
				}
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, T(text))
			}
			return true
		})
	}
	if len(all) < 2 {
		t.Fatalf("%d constants of %v were found, want several", len(all), typ)
	}
	return all
}
