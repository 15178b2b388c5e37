package provider_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A test of an area that imports another one would run again with each change of that one.
func TestTheTestsOfAnAreaImportNoOtherArea(t *testing.T) {
	t.Parallel()
	const room = "github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/"
	files, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	areas, imports := map[string]bool{}, map[string][]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Dir(file)
		if strings.Contains(string(content), "\nfunc Area() resourcekit.Area {") {
			areas[folder] = true
		}
		if !strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, content, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range parsed.Imports {
			path, err := strconv.Unquote(imported.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if other, ok := strings.CutPrefix(path, room); ok {
				imports[folder] = append(imports[folder], other)
			}
		}
	}
	own := 0
	for area := range areas {
		for _, other := range imports[area] {
			if other == area {
				own++
			} else if areas[other] {
				t.Errorf("a test of %s imports %s", area, other)
			}
		}
	}
	if own < len(areas) || len(areas) == 0 {
		t.Errorf("%d imports of %d areas were found: this test looks in the wrong place", own, len(areas))
	}
}
