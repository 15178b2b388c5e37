package main

import (
	"bytes"
	"go/format"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

const source = `package p

func f(a, b bool) int {
	if a && b {
		addError()
	}
	switch {
	case a:
		return 1
	}
	return 0
}
`

func TestEachMutationChangesTheFileAndIsUndone(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := func() string {
		var b bytes.Buffer
		if err := format.Node(&b, files, parsed); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	was := text()
	want := map[string]string{
		"the condition is negated": "if !(a && b)",
		"|| for &&":                "if a || b",
		"the case is negated":      "case !(a):",
		"a report is left out":     "if a && b {\n",
	}
	for _, m := range find(files, parsed) {
		m.apply()
		now := text()
		m.undo()
		if now == was || !strings.Contains(now, want[m.what]) {
			t.Errorf("%s in line %d makes\n%s", m.what, m.line, now)
		}
		delete(want, m.what)
	}
	if len(want) > 0 {
		t.Errorf("not tried: %v", want)
	}
	if text() != was {
		t.Error("a mutation is not undone")
	}
}
