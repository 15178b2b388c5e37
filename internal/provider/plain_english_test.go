package provider_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider"
)

// dialect has patterns that a native-speaking engineer would not write, and what to write instead.
var dialect = []struct{ pattern, instead string }{
	{`\b(?:is|are|was|were|be) no (?:difference|drift|error|problem|part|change|range|substitute|lock-out|duration|emergency|[A-Z]\w+ of|longer a no)\b`, `"is not a ..."`},
	{`\bwhat is no\b`, `"text that is not a ..."`},
	{`\bbeside\b`, `"in addition to", "next to", "with"`},
	{`\bby (?:itself|themselves)\b`, `"automatically", "on its own", "separately"`},
	{`\banew\b`, `"again"`},
	{`\b(?:whoever|whomever)\b`, `"anybody who", "people who"`},
	{`\b(?:goes|go|went) before\b`, `"takes precedence over"`},
	{`\btime (?:is|was) over\b`, `"the timeout expires"`},
	{`\bway out\b`, `"what to do", "the public egress addresses"`},
	{`\b(?:is|are) found out\b`, `"is detected"`},
	{`\bnothing against\b`, `"passed"`},
	{`\bis the least\b`, `"grants the least"`},
	{`\bcut off\b`, `"aborted"`},
	{`\b(?:goes|go) by (?:the state|what|directory)\b`, `"uses"`},
	{`\bin (?:the|its|their) place of\b`, `"instead of"`},
	{`\bstands? (?:in|behind|below|beside|inside|there|for the user)\b`, `"is in", "follows"`},
	{`\blies (?:at|below|in)\b`, `"is in"`},
	{`\bcomes? to the same\b`, `"has the same result"`},
	{`\b(?:does|do) not exist any more\b`, `"no longer exists"`},
	{`\bno part of\b`, `"not a part of"`},
	{`\b(?:under|out of|leaves) Terraform's care\b`, `"managed by Terraform"`},
	{`\b(?:look|looks|looked|take|takes|took|taken) it(?:self)? anew\b`, `"again"`},
	{`(?:^|[.;:] )(?:Who|Whom) (?:has|is|was|signs|reviews|asks|leaves|drops|goes|may|joins|wants)\b[^.?|:]*[.,]`, `a subject: "users who ...", "people who ..."`},
	{`(?:^|[.;:] )What (?:is|was|goes|follows|somebody|nobody|people|two|a|an|the|an? \w+|Microsoft|Excel) [^.?|:]*\b(?:is|are|was|were|stays|counts|ends|does|do|has|have|cannot|can|moves|runs)\b[^.?|:]*\.`, `a subject: "settings that ...", "changes that ..."`},
	{`(?:^|[.:] )(?:Use_oidc|Tls|Dial tcp)\b`, `the name as it is written in the configuration`},
}

// prose is the text of a Markdown file without blocks of code, inline code and the tables that another program writes.
func prose(content string) string {
	blank := func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) }
	for _, pattern := range []string{"(?ms)^ *```.*?^ *```", `(?s)<!-- fields of .*?\n\n.*?\n\n`, `\{\{.*?\}\}`} {
		content = regexp.MustCompile(pattern).ReplaceAllStringFunc(content, blank)
	}
	return regexp.MustCompile("`[^`\n]*`").ReplaceAllString(content, "`x`")
}

// findDialect has the findings of a text, each with the line where it begins.
func findDialect(text string) []string {
	var found []string
	for _, one := range dialect {
		for _, at := range regexp.MustCompile("(?m)"+one.pattern).FindAllStringIndex(text, -1) {
			found = append(found, fmt.Sprintf("line %d: %q; write %s", 1+strings.Count(text[:at[0]], "\n"), strings.TrimSpace(text[at[0]:at[1]]), one.instead))
		}
	}
	return found
}

func TestTheDocumentationIsPlainEnglish(t *testing.T) {
	t.Parallel()
	files := []string{"../../README.md", "../../CONTRIBUTING.md", "../../SECURITY.md", "../../.github/pull_request_template.md"}
	for _, folder := range []string{"../../templates", "../../examples"} {
		err := filepath.WalkDir(folder, func(place string, entry os.DirEntry, err error) error {
			if err == nil && (strings.HasSuffix(place, ".md.tmpl") || strings.HasSuffix(place, ".md")) {
				files = append(files, place)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 40 {
		t.Fatalf("only %d files", len(files))
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, finding := range findDialect(prose(string(content))) {
			t.Errorf("%s, %s", strings.TrimPrefix(file, "../../"), finding)
		}
	}
}

// TestTheDemoSpeaksPlainEnglish reads the texts in the demo's sources.
func TestTheDemoSpeaksPlainEnglish(t *testing.T) {
	t.Parallel()
	read := 0
	sources, _ := filepath.Glob("../../tools/demo/*.go")
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				read++
				text, _ := strconv.Unquote(literal.Value)
				for _, finding := range findDialect(text) {
					t.Errorf("%s: %q, %s", source, text, finding)
				}
			}
			return true
		})
	}
	if read < 100 {
		t.Errorf("only %d texts", read)
	}
}

// beingRewritten are findings in areas whose descriptions are about to change. Nothing may be added here.
var beingRewritten = []string{
	`resource entramfa_user_mfa_state, line 3: "by itself"`,
	`resource entramfa_user_mfa_state.name, line 1: "is no difference"`,
	`list entramfa_user_mfa_state.group_id, line 1: "beside"`,
	`function mfa_transition, line 7: "way out"`,
	`resource entramfa_conditional_access_policy, line 3: "What the service would refuse`,
	`resource entramfa_conditional_access_policy.conditions.users, line 1: ". Who is excluded`,
	`resource entramfa_conditional_access_policy.reference_names, line 1: ". What the identity`,
	`data source entramfa_conditional_access_policies.policies.conditions.users, line 1: ". Who is excluded`,
	`data source entramfa_conditional_access_policy.conditions.users, line 1: ". Who is excluded`,
	`data source entramfa_conditional_access_template.conditions.users, line 1: ". Who is excluded`,
}

// TestTheDescriptionsOfTheSchemaArePlainEnglish reads what the generated pages have from the provider and not from the templates.
func TestTheDescriptionsOfTheSchemaArePlainEnglish(t *testing.T) {
	t.Parallel()
	schemas, err := provider.NewServer("test")().GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	descriptions := 0
	check := func(where, text string) {
		if text == "" {
			return
		}
		descriptions++
		// A description may begin with the clause that names the attribute's value: "Who is asked."
		for _, finding := range findDialect("(" + prose(text)) {
			if !slices.ContainsFunc(beingRewritten, func(known string) bool { return strings.HasPrefix(where+", "+finding, known) }) {
				t.Errorf("%s, %s", where, finding)
			}
		}
	}
	var attributes func(where string, all []*tfprotov6.SchemaAttribute)
	attributes = func(where string, all []*tfprotov6.SchemaAttribute) {
		for _, one := range all {
			check(where+"."+one.Name, one.Description)
			if one.NestedType != nil {
				attributes(where+"."+one.Name, one.NestedType.Attributes)
			}
		}
	}
	for kind, all := range map[string]map[string]*tfprotov6.Schema{
		"resource": schemas.ResourceSchemas, "data source": schemas.DataSourceSchemas, "list": schemas.ListResourceSchemas, "provider": {"entramfa": schemas.Provider},
	} {
		for name, schema := range all {
			where := kind + " " + name
			check(where, schema.Block.Description)
			attributes(where, schema.Block.Attributes)
			for _, block := range schema.Block.BlockTypes {
				check(where+"."+block.TypeName, block.Block.Description)
				attributes(where+"."+block.TypeName, block.Block.Attributes)
			}
		}
	}
	for name, function := range schemas.Functions {
		check("function "+name, function.Summary)
		check("function "+name, function.Description)
		for _, parameter := range function.Parameters {
			check("function "+name+"."+parameter.Name, parameter.Description)
		}
	}
	if descriptions < 200 {
		t.Errorf("only %d descriptions", descriptions)
	}
}

func TestDialectIsFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"An attribute goes before a variable.":            1,
		"It is found out by itself.":                      2,
		"When the time is over, it ends.":                 1,
		"A rename is no difference.":                      1,
		"Whoever signs in, anew.":                         1,
		"Who reviews a plan should not know it.":          1,
		"What is in no configuration is no drift.":        2,
		"Tls: handshake failure.":                         1,
		"Users who review a plan do not need to know it.": 0,
		"What happens next? Nothing.":                     0,
		"```text\nby itself\n```\nIt is `by itself` here": 0,
	} {
		if found := findDialect(prose(text)); len(found) != want {
			t.Errorf("%q has %d findings: %q", text, len(found), found)
		}
	}
}
