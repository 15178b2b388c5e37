package provider_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A wildcard stands for what a summary has of its object: a name, an id, a number.
const wildcard = "..."

// summaries reads the first lines of diagnostics out of the code of a package.
type summaries struct {
	constants map[string]ast.Expr
	// takes has the functions with a parameter "summary", and its place among the arguments.
	takes map[string]int
	found map[string]bool
}

// patterns are the texts that an expression can have: one, unless it is a variable that is assigned in several places of a function.
func (s *summaries) patterns(expr ast.Expr, within *ast.FuncDecl) []string {
	switch expr := expr.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(expr.Value)
		return []string{text}
	case *ast.ParenExpr:
		return s.patterns(expr.X, within)
	case *ast.BinaryExpr:
		var all []string
		for _, left := range s.patterns(expr.X, within) {
			for _, right := range s.patterns(expr.Y, within) {
				all = append(all, left+right)
			}
		}
		return all
	case *ast.CallExpr:
		if callee(expr) == "Sprintf" {
			var all []string
			for _, format := range s.patterns(expr.Args[0], within) {
				all = append(all, regexp.MustCompile(`%(?:\[\d+\])?[a-z]`).ReplaceAllString(strings.ReplaceAll(format, "%%", "%"), wildcard))
			}
			return all
		}
	case *ast.Ident:
		if value, ok := s.constants[expr.Name]; ok {
			return s.patterns(value, nil)
		}
		if assigned := assignments(expr.Name, within); len(assigned) > 0 {
			var all []string
			for _, value := range assigned {
				all = append(all, s.patterns(value, nil)...)
			}
			return all
		}
	}
	return []string{wildcard}
}

// assignments are the values that a function gives to a variable, calls with several results left out.
func assignments(name string, within *ast.FuncDecl) []ast.Expr {
	var values []ast.Expr
	if within == nil {
		return nil
	}
	ast.Inspect(within, func(node ast.Node) bool {
		if assign, ok := node.(*ast.AssignStmt); ok && len(assign.Lhs) == len(assign.Rhs) {
			for i, left := range assign.Lhs {
				if ident, ok := left.(*ast.Ident); ok && ident.Name == name {
					values = append(values, assign.Rhs[i])
				}
			}
		}
		return true
	})
	return values
}

func callee(call *ast.CallExpr) string {
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return fun.Sel.Name
	}
	return ""
}

// places says which argument of a call is a summary.
var places = map[string]int{"AddError": 0, "AddWarning": 0, "AddAttributeError": 1, "AddAttributeWarning": 1}

func (s *summaries) add(expr ast.Expr, within *ast.FuncDecl) {
	for _, pattern := range s.patterns(expr, within) {
		pattern = regexp.MustCompile(`\.\.\.(?: ?\.\.\.)+`).ReplaceAllString(pattern, wildcard)
		if len(strings.Trim(pattern, ". ")) > 0 {
			s.found[pattern] = true
		}
	}
}

func (s *summaries) read(file *ast.File) {
	for _, declaration := range file.Decls {
		function, _ := declaration.(*ast.FuncDecl)
		returns := -1
		if function != nil && function.Type.Results != nil {
			place := 0
			for _, result := range function.Type.Results.List {
				for _, name := range result.Names {
					if name.Name == "summary" {
						returns = place
					}
					place++
				}
			}
		}
		ast.Inspect(declaration, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CallExpr:
				place, ok := places[callee(node)]
				if !ok {
					place, ok = s.takes[callee(node)]
				}
				if ok && place < len(node.Args) {
					s.add(node.Args[place], function)
				}
			case *ast.CompositeLit:
				if selector, ok := node.Type.(*ast.SelectorExpr); ok && selector.Sel.Name == "Definition" {
					return false
				}
				for _, element := range node.Elts {
					if pair, ok := element.(*ast.KeyValueExpr); ok {
						if key, ok := pair.Key.(*ast.Ident); ok && strings.EqualFold(key.Name, "summary") {
							s.add(pair.Value, function)
						}
					}
				}
			case *ast.AssignStmt:
				for i, left := range node.Lhs {
					if ident, ok := left.(*ast.Ident); ok && ident.Name == "summary" && len(node.Lhs) == len(node.Rhs) {
						s.add(node.Rhs[i], nil)
					}
				}
			case *ast.ReturnStmt:
				if returns >= 0 && returns < len(node.Results) {
					s.add(node.Results[returns], function)
				}
			}
			return true
		})
	}
}

// summariesOfTheCode are the first lines of all diagnostics of the provider, with a wildcard for what differs, by package.
func summariesOfTheCode(t *testing.T) map[string][]string {
	t.Helper()
	packages := map[string][]*ast.File{}
	takes := map[string]int{}
	err := filepath.WalkDir(".", func(place string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == "acctest" {
			if err == nil {
				return fs.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(place, ".go") || strings.HasSuffix(place, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), place, nil, 0)
		if err != nil {
			return err
		}
		packages[filepath.Dir(place)] = append(packages[filepath.Dir(place)], file)
		for _, declaration := range file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok {
				at := 0
				for _, parameter := range function.Type.Params.List {
					for _, name := range parameter.Names {
						if name.Name == "summary" {
							takes[function.Name.Name] = at
						}
						at++
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for folder, files := range packages {
		s := &summaries{constants: map[string]ast.Expr{}, takes: takes, found: map[string]bool{}}
		for _, file := range files {
			for _, declaration := range file.Decls {
				if general, ok := declaration.(*ast.GenDecl); ok && general.Tok == token.CONST {
					for _, spec := range general.Specs {
						if value, ok := spec.(*ast.ValueSpec); ok {
							for i, name := range value.Names {
								if i < len(value.Values) {
									s.constants[name.Name] = value.Values[i]
								}
							}
						}
					}
				}
			}
		}
		for _, file := range files {
			s.read(file)
		}
		all[folder] = slices.Sorted(maps.Keys(s.found))
	}
	return all
}

// explained are the first lines on the page: its headings, and the first cells of its tables.
func explained(t *testing.T) (headings, cells []string) {
	t.Helper()
	page := guide(t, "troubleshooting")
	for _, heading := range regexp.MustCompile(`(?m)^### (.+)$`).FindAllStringSubmatch(page, -1) {
		headings = append(headings, heading[1])
	}
	for _, section := range strings.Split(page, "| first line | what to do |\n|---|---|\n")[1:] {
		table, _, _ := strings.Cut(section, "\n\n")
		for _, row := range strings.Split(table, "\n") {
			cell := regexp.MustCompile("^\\| `([^`]+)` \\| .+ \\|$").FindStringSubmatch(row)
			if cell == nil {
				t.Errorf("a row without a first line: %s", row)
				continue
			}
			cells = append(cells, cell[1])
		}
	}
	return headings, cells
}

// selfExplaining are first lines of which the page has nothing more to say, and why.
var selfExplaining = map[string]string{
	"Invalid ...":                  "these quote the value and say which values are valid; the page says so once",
	"Invalid GUID":                 "as above",
	"Invalid address":              "as above",
	"Invalid all_users":            "as above",
	"Invalid country":              "as above",
	"Invalid display name":         "as above",
	"Invalid endpoint":             "as above",
	"Invalid environment":          "as above",
	"Invalid environment variable": "as above",
	"Invalid import id":            "as above",
	"Invalid import identity":      "as above",
	"Invalid number of users":      "as above",
	"Invalid per-user MFA state":   "as above",
	"Invalid tenant id":            "as above",
	"Invalid timeout":              "as above",
	"Invalid user":                 "as above",
	"Invalid value of ...":         "as above",
	"Invalid user principal name":  "as above",
	"More invalid users":           "ends a list of invalid users",
	"... is null":                  "names the attribute, and says to leave it out or to write a value",
	": ...":                        "the end of a summary about signing in, which is on the page",
}

// TestEveryFirstLineIsInTroubleshooting takes the first lines out of the code. The rules of Conditional Access are left out (messages.go of policies): each
// quotes the service's rule, names the attribute and says what to write.
func TestEveryFirstLineIsInTroubleshooting(t *testing.T) {
	t.Parallel()
	headings, cells := explained(t)
	inCode := map[string]bool{}
	for folder, texts := range summariesOfTheCode(t) {
		for _, text := range texts {
			inCode[text] = true
			if selfExplaining[text] == "" && !explains(append(headings, cells...), text) {
				t.Errorf("%s: troubleshooting does not have %q", folder, text)
			}
		}
	}
	if len(inCode) < 150 {
		t.Errorf("only %d first lines were found in the code", len(inCode))
	}
	for _, cell := range cells {
		if !inCode[cell] {
			t.Errorf("nothing says %q", cell)
		}
	}
	for text := range selfExplaining {
		if !inCode[text] {
			t.Errorf("nothing says %q, which is said to explain itself", text)
		}
	}
	if explains(headings, "The tenant is on holiday") || !explains([]string{"cannot move from ... to ..."}, "The state of ... cannot move from ... to ...") {
		t.Error("the comparison of first lines is wrong")
	}
}

// explains says whether one of some titles is a first line, or names what is particular about it.
func explains(titles []string, text string) bool {
	const fewLetters = 12
	for _, title := range titles {
		if title == text {
			return true
		}
		if len(strings.ReplaceAll(title, wildcard, "")) < fewLetters {
			continue
		}
		parts := strings.Split(regexp.QuoteMeta(title), regexp.QuoteMeta(wildcard))
		if regexp.MustCompile(`(?:^|[. ])` + strings.Join(parts, ".*") + `(?:$|[. ])`).MatchString(text) {
			return true
		}
	}
	return false
}
