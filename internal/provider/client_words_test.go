package provider_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// attributeNames are the names of all attributes, blocks and parameters of the provider.
func attributeNames(t *testing.T) map[string]bool {
	t.Helper()
	server := acctest.NewTenant(t).Server(t, nil)
	schemas, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	var ofType func(typ tftypes.Type)
	ofType = func(typ tftypes.Type) {
		switch typ := typ.(type) {
		case tftypes.Object:
			for name, attribute := range typ.AttributeTypes {
				names[name] = true
				ofType(attribute)
			}
		case tftypes.List:
			ofType(typ.ElementType)
		case tftypes.Set:
			ofType(typ.ElementType)
		case tftypes.Map:
			ofType(typ.ElementType)
		}
	}
	ofType(schemas.Provider.ValueType())
	for _, some := range []map[string]*tfprotov6.Schema{schemas.ResourceSchemas, schemas.DataSourceSchemas, schemas.ListResourceSchemas, schemas.EphemeralResourceSchemas} {
		for _, schema := range some {
			ofType(schema.ValueType())
		}
	}
	for _, action := range schemas.ActionSchemas {
		ofType(action.Schema.ValueType())
	}
	for _, function := range schemas.Functions {
		for _, parameter := range function.Parameters {
			names[parameter.Name] = true
		}
	}
	return names
}

// englishNames are attributes whose names are words of English and of Microsoft Graph as well: "unable to read", "by id". In the client
// they are those.
var englishNames = []string{
	"applications", "conditions", "create", "default", "delete", "description", "devices", "environment", "exclude", "fido2", "filter", "from", "id", "include", "locations", "members",
	"name", "names", "operator", "platforms", "policies", "ranges", "read", "registered", "rule", "state", "text", "to", "trusted", "type", "user", "users",
}

// othersNames are names that the client takes from somebody else, each with its file.
var othersNames = map[string]string{
	"graph/transport/learn_secrets.go client_secret":       "OAuth's parameter",
	"redact/patterns.go client_secret":                     "OAuth's parameter",
	"redact/filter.go client_secret":                       "OAuth's parameter",
	"registration_campaign.go all_users":                   "Graph's id of all users in a campaign",
	"scope/scope.go all_users":                             "Graph's id of all users in a campaign",
	"graph/transport/library_logs.go AZURE_SDK_GO_LOGGING": "read by Microsoft's SDK, and no setting of the provider",
}

var (
	anyWord = regexp.MustCompile(`[A-Za-z0-9_]+`)
	// settingVariable is an environment variable that stands in for an attribute of the provider block.
	settingVariable = regexp.MustCompile(`^(ARM|AZURE|ENTRAMFA|ACTIONS|SYSTEM)_`)
)

// settingsNamed finds the words of a source file that name attributes or their environment variables: in its texts, and in its comments
// where a name cannot be English.
func settingsNamed(t *testing.T, file string, source any, attributes map[string]bool) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	search := func(text string, comment bool) {
		for _, word := range anyWord.FindAllString(text, -1) {
			if settingVariable.MatchString(word) || (attributes[word] && (!comment || strings.Contains(word, "_"))) {
				named = append(named, word)
			}
		}
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			// A tag is a name on the wire.
			node.Tag = nil
		case *ast.BasicLit:
			if node.Kind == token.STRING {
				search(node.Value, false)
			}
		}
		return true
	})
	for _, group := range parsed.Comments {
		search(group.Text(), true)
	}
	return named
}

// The client is a library for any program. It tells what is wrong by codes and data, and internal/provider/diagnose says which attribute
// and which variable that is about.
func TestTheClientNamesNoAttributeAndNoVariable(t *testing.T) {
	t.Parallel()
	attributes := attributeNames(t)
	root := acctest.Repository("internal/client")
	files := 0
	met := map[string]bool{}
	if err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "clienttest" {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		file, err := filepath.Rel(root, path)
		for _, word := range settingsNamed(t, path, nil, attributes) {
			at := filepath.ToSlash(file) + " " + word
			met[word], met[at] = true, true
			if othersNames[at] == "" && !slices.Contains(englishNames, word) {
				t.Errorf("internal/client/%s names %s; return a code, and let internal/provider/diagnose name it", filepath.ToSlash(file), word)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files were read", files)
	}
	for _, word := range slices.Concat(englishNames, slices.Collect(maps.Keys(othersNames))) {
		if !met[word] {
			t.Errorf("%q is permitted and does not occur", word)
		}
	}
	for _, word := range englishNames {
		if strings.Contains(word, "_") || !attributes[word] {
			t.Errorf("%q is not an attribute that is a word of English", word)
		}
	}
}

// The control of the test above.
func TestANamedAttributeOrVariableIsFound(t *testing.T) {
	t.Parallel()
	const source = `package x

import _ "golang.org/x/text"

// A comment about use_cli and the state.
type a struct {
	B string ` + "`json:\"tenant_id\"`" + `
}

var c = "Check client_id (ARM_CLIENT_ID) and " + ` + "`snooze_days`" + `

const d = "set timeouts and snooze_hours"
`
	want := []string{"client_id", "ARM_CLIENT_ID", "snooze_days", "timeouts", "use_cli"}
	if have := settingsNamed(t, "x.go", source, attributeNames(t)); !slices.Equal(have, want) {
		t.Errorf("found %q, want %q", have, want)
	}
}
