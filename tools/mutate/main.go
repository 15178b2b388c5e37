// Command mutate breaks one condition of a file at a time and runs the tests that are to notice. A mutation that no test notices is
// printed, and the exit code is 1 then.
//
//	go -C tools run ./mutate -file internal/provider/emergency/guard.go -packages ./internal/provider/... -run 'Guard|Emergency'
//
// Conditions of if, for and switch are negated, and statements that report (calls whose name begins with add, warn, check or Error, and
// Diagnostics.Append) and returns right after them are left out. Nothing of the working tree is changed: the compiler gets the broken file
// by -overlay. It takes a compilation and a run of the tests for each mutation, so it is not part of `make test`.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mutation is one change of a file.
type mutation struct {
	line  int
	what  string
	apply func()
	undo  func()
}

func main() {
	var file, packages, tests string
	var limit time.Duration
	var from, most int
	flag.StringVar(&file, "file", "", "the file to break, from the root of the repository")
	flag.StringVar(&packages, "packages", "", "the packages whose tests are to notice, from the root of the repository; without it that of the file")
	flag.StringVar(&tests, "run", ".", "the tests that are to notice, as for go test")
	flag.DurationVar(&limit, "timeout", 10*time.Minute, "how long the tests of one mutation may take; a timeout counts as noticed")
	flag.IntVar(&from, "from", 0, "the first mutation to try")
	flag.IntVar(&most, "most", 1000, "how many to try")
	flag.Parse()
	survivors, err := run(file, packages, tests, limit, from, most)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	case survivors > 0:
		os.Exit(1)
	}
}

func run(file, packages, tests string, limit time.Duration, from, most int) (survivors int, err error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return 0, err
	}
	path := filepath.Join(root, file)
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		return 0, fmt.Errorf("%s cannot be read as Go: %w", file, err)
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	broken, overlay := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{path: broken}})
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return 0, err
	}
	mutations := find(files, parsed)
	tried, skipped := 0, 0
	for i, m := range mutations {
		if i < from || tried == most {
			continue
		}
		m.apply()
		var source bytes.Buffer
		err := format.Node(&source, files, parsed)
		m.undo()
		if err != nil {
			return survivors, err
		}
		if err := os.WriteFile(broken, source.Bytes(), 0o600); err != nil {
			return survivors, err
		}
		tried++
		verdict := try(root, "./"+filepath.Dir(file), packages, overlay, tests, limit)
		if verdict == "survives" {
			survivors++
		}
		if verdict == "does not compile" {
			skipped++
		}
		fmt.Printf("%d/%d %s:%d %s: %s\n", i, len(mutations), file, m.line, m.what, verdict)
	}
	fmt.Printf("%d mutations tried, %d of them do not compile, %d survive\n", tried, skipped, survivors)
	return survivors, nil
}

// try runs the tests on a broken file of a package.
func try(root, pkg, packages, overlay, tests string, limit time.Duration) string {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "vet", "-overlay", overlay, pkg)
	build.Dir = root
	if build.Run() != nil && ctx.Err() == nil {
		return "does not compile"
	}
	test := exec.CommandContext(ctx, "go", "test", "-overlay", overlay, "-count=1", "-failfast", "-run", tests, cmp.Or(packages, pkg))
	test.Dir = root
	if output, err := test.CombinedOutput(); err == nil {
		for line := range bytes.Lines(output) {
			if bytes.HasPrefix(line, []byte("ok")) && !bytes.Contains(line, []byte("[no tests to run]")) {
				return "survives"
			}
		}
		return "no test was run"
	}
	return "noticed"
}

// find lists the mutations of a file.
func find(files *token.FileSet, parsed *ast.File) []mutation {
	var found []mutation
	add := func(at token.Pos, what string, apply, undo func()) {
		found = append(found, mutation{line: files.Position(at).Line, what: what, apply: apply, undo: undo})
	}
	negate := func(condition *ast.Expr, what string) {
		was := *condition
		add(was.Pos(), what, func() { *condition = &ast.UnaryExpr{Op: token.NOT, X: &ast.ParenExpr{X: was}} }, func() { *condition = was })
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.IfStmt:
			negate(&node.Cond, "the condition is negated")
		case *ast.BinaryExpr:
			if node.Op == token.LAND || node.Op == token.LOR {
				was := node.Op
				other := map[token.Token]token.Token{token.LAND: token.LOR, token.LOR: token.LAND}[was]
				add(node.OpPos, fmt.Sprintf("%s for %s", other, was), func() { node.Op = other }, func() { node.Op = was })
			}
		case *ast.SwitchStmt:
			if node.Tag != nil {
				return true
			}
			for _, clause := range node.Body.List {
				if cases, ok := clause.(*ast.CaseClause); ok && len(cases.List) == 1 {
					negate(&cases.List[0], "the case is negated")
				}
			}
		case *ast.BlockStmt:
			for i := range node.List {
				if !reports(node.List[i]) {
					continue
				}
				was := node.List[i]
				add(was.Pos(), "a report is left out", func() { node.List[i] = &ast.EmptyStmt{} }, func() { node.List[i] = was })
			}
		}
		return true
	})
	return found
}

// reports says whether a statement is a call that tells or refuses something.
func reports(statement ast.Stmt) bool {
	expression, ok := statement.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := expression.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	name := ""
	switch function := call.Fun.(type) {
	case *ast.Ident:
		name = function.Name
	case *ast.SelectorExpr:
		name = function.Sel.Name
	}
	for _, prefix := range []string{"add", "warn", "check", "Add", "Warn", "Error", "AttributeError", "Changed", "Append", "Keep", "Remember", "Note", "told", "keep", "forget", "claim", "release"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
