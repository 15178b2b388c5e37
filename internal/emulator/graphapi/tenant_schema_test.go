package graphapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/graphapi"
)

// schemaNode is what these tests read of a schema.
type schemaNode struct {
	Ref                  string                 `json:"$ref"`
	ID                   string                 `json:"$id"`
	Type                 string                 `json:"type"`
	Description          string                 `json:"description"`
	Format               string                 `json:"format"`
	Enum                 []any                  `json:"enum"`
	Default              any                    `json:"default"`
	Minimum              int                    `json:"minimum"`
	Maximum              int                    `json:"maximum"`
	AnyOf                []any                  `json:"anyOf"`
	Properties           map[string]schemaNode  `json:"properties"`
	Required             []string               `json:"required"`
	AdditionalProperties *bool                  `json:"additionalProperties"`
	Items                *schemaNode            `json:"items"`
	Defs                 map[string]schemaPlace `json:"$defs"`
}

// schemaPlace is a definition, of which some have conditions in their properties that these tests do not read.
type schemaPlace struct{ json.RawMessage }

func (p schemaPlace) node(t *testing.T) schemaNode {
	t.Helper()
	var node schemaNode
	if err := json.Unmarshal(p.RawMessage, &node); err != nil {
		t.Fatal(err)
	}
	return node
}

func tenantSchema(t *testing.T) schemaNode {
	t.Helper()
	var root schemaNode
	published, err := os.ReadFile("../control/tenant.schema.json") // which -update may have written just now
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(published, &root); err != nil {
		t.Fatal(err)
	}
	return root
}

// follow is the definition that a property refers to, by its name, or the property itself.
func (root schemaNode) follow(t *testing.T, node schemaNode) (string, schemaNode) {
	t.Helper()
	name, refers := strings.CutPrefix(node.Ref, "#/$defs/")
	if !refers {
		return "", node
	}
	definition, found := root.Defs[name]
	if !found {
		t.Fatalf("there is no definition %s", name)
	}
	return name, definition.node(t)
}

func TestTheSchemaHasTheFieldsOfTheTypesAndNoOther(t *testing.T) {
	t.Parallel()
	root := tenantSchema(t)
	seen := map[reflect.Type]bool{}
	var compare func(place string, have schemaNode, structure reflect.Type)
	value := func(place string, have schemaNode, want reflect.Type) {
		name, definition := root.follow(t, have)
		for want.Kind() == reflect.Pointer {
			want = want.Elem()
		}
		if have.Description == "" {
			t.Errorf("%s has no description", place)
		}
		kind := map[reflect.Kind]string{
			reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Slice: "array", reflect.Struct: "object", reflect.Map: "object", reflect.Interface: "",
		}[want.Kind()]
		text := kind == "string" && definition.Type == "" && (len(definition.Enum) > 0 || len(definition.AnyOf) > 0)
		switch {
		case want == reflect.TypeFor[time.Time]():
			if definition.Type != "string" || definition.Format != "date-time" {
				t.Errorf("%s is no time", place)
			}
		case definition.Type != kind && !text:
			t.Errorf("%s is of type %q, want %q", place, definition.Type, kind)
		case kind == "object" && want.Kind() == reflect.Struct:
			if name != want.Name() {
				t.Errorf("%s refers to %q, want %s", place, name, want.Name())
			}
			compare(name, definition, want)
		case kind == "array" && want.Elem().Kind() == reflect.Struct:
			name, definition := root.follow(t, *definition.Items)
			if name != want.Elem().Name() {
				t.Errorf("%s lists %q, want %s", place, name, want.Elem().Name())
			}
			compare(name, definition, want.Elem())
		}
	}
	compare = func(place string, have schemaNode, structure reflect.Type) {
		if seen[structure] {
			return
		}
		seen[structure] = true
		var fields []string
		for i := range structure.NumField() {
			field := structure.Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "-" {
				continue
			}
			fields = append(fields, name)
			// A field without omitempty is one that has to be there. Of a policy some others have to be, too.
			if optional := strings.Contains(options, "omit"); optional && slices.Contains(have.Required, name) &&
				structure != reflect.TypeFor[control.PolicyConditions]() && structure != reflect.TypeFor[control.ConditionalAccessPolicy]() {
				t.Errorf("%s.%s is required, and the type says that it can be left out", place, name)
			} else if !optional && !slices.Contains(have.Required, name) {
				t.Errorf("%s.%s is not required, and the type says that it has to be there", place, name)
			}
			if property, found := have.Properties[name]; found {
				value(place+"."+name, property, field.Type)
			}
		}
		slices.Sort(fields)
		if difference := cmp.Diff(fields, slices.Sorted(maps.Keys(have.Properties))); difference != "" {
			t.Errorf("fields of the type %s (-) and of the schema (+):\n%s", structure.Name(), difference)
		}
		if have.AdditionalProperties == nil || *have.AdditionalProperties {
			t.Errorf("%s takes members that the emulator refuses", place)
		}
	}
	for _, name := range []string{"authenticationContexts", "securityDefaults"} {
		if _, found := root.Properties[name]; !found {
			t.Errorf("the schema does not have %s, which an entity brings with it", name)
		}
	}
	for name, member := range graphapi.FileMembers() {
		property := root.Properties[name]
		delete(root.Properties, name)
		value(name, property, member)
	}
	compare("the tenant", root, reflect.TypeFor[control.Tenant]())
	if len(seen) < 20 {
		t.Errorf("only %d types were compared", len(seen))
	}
	for name := range root.Defs {
		if name[0] >= 'A' && name[0] <= 'Z' && !slices.ContainsFunc(slices.Collect(maps.Keys(seen)), func(known reflect.Type) bool { return known.Name() == name }) {
			t.Errorf("nothing uses the definition %s", name)
		}
	}
}

// fits asks the validator.
func fits(t *testing.T, file string) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(control.TenantSchema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	at := control.TenantSchemaID
	if tenantSchema(t).ID != at {
		t.Errorf("the schema calls itself %s", tenantSchema(t).ID)
	}
	if err := compiler.AddResource(at, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(at)
	if err != nil {
		t.Fatalf("not a schema: %v", err)
	}
	content, err := jsonschema.UnmarshalJSON(strings.NewReader(file))
	if err != nil {
		return err
	}
	return schema.Validate(content)
}

func TestTheSampleTenantFitsTheSchemaBeforeAndAfter(t *testing.T) {
	t.Parallel()
	server, err := emulator.Start(emulator.Config{Tenant: emulator.SampleTenant()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(t.Context()) })
	remote, err := control.NewWithCA(server.URL(), server.CAPEM())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remote.CloseIdleConnections)
	snapshot, err := remote.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, tenant := range map[string]*control.Tenant{"sample": emulator.SampleTenant(), "snapshot": snapshot} {
		data, err := json.Marshal(tenant)
		if err != nil {
			t.Fatal(err)
		}
		if err := fits(t, string(data)); err != nil {
			t.Errorf("the %s: %v", name, err)
		}
	}
}

func TestEveryTenantFileOfTheRepositoryIsOne(t *testing.T) {
	t.Parallel()
	const root = "../../../"
	found := 0
	for _, folder := range []string{"cmd", "examples", "internal", "templates"} {
		err := filepath.WalkDir(root+folder, func(place string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(place, "tenant.json") {
				return err
			}
			found++
			content, err := os.ReadFile(place)
			if err != nil {
				return err
			}
			if err := fits(t, string(content)); err != nil {
				t.Errorf("%s: %v", place, err)
			}
			if _, err := graphapi.LoadTenant(bytes.NewReader(content)); err != nil {
				t.Errorf("%s: %v", place, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found == 0 {
		t.Error("the repository has no tenant file")
	}
}

const (
	anID       = `"11111111-2222-4333-8444-555555555555"`
	aPolicy    = `"displayName":"p","state":"enabled","conditions":{"applications":{"includeApplications":["All"]},"users":{"includeUsers":["All"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}`
	aCampaign  = `{"authenticationMethodsPolicy":{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":%s}}}`
	aMethod    = `{"users":[{"userPrincipalName":"a@b","methods":[%s]}]}`
	aLocation  = `{"namedLocations":[%s]}`
	aPolicyDoc = `{"conditionalAccessPolicies":[%s]}`
)

func TestSchemaAndEmulatorAcceptTheSame(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"nothing":                  `{}`,
		"a schema":                 `{"$schema":"tenant.schema.json"}`,
		"a user":                   `{"tenantId":` + anID + `,"cloud":"china","users":[{"userPrincipalName":"pat_fabrikam.example#EXT#@b","userType":"Guest","accountEnabled":false}]}`,
		"a phone":                  fmt.Sprintf(aMethod, `{"type":"phone","phoneNumber":"+1 2","phoneType":"office"}`),
		"an email address":         fmt.Sprintf(aMethod, `{"type":"email","emailAddress":"a@b","createdDateTime":"2026-01-31T12:00:00Z"}`),
		"a method of another case": fmt.Sprintf(aCampaign, `{"state":"enabled","snoozeDurationInDays":14,"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"Fido2"}]}`),
		"no migration":             `{"authenticationMethodsPolicy":{"policyMigrationState":null}}`,
		"a location":               fmt.Sprintf(aLocation, `{"displayName":"l","isTrusted":true,"ipRanges":[{"cidrAddress":"203.0.113.7/24"},{"cidrAddress":"2001:DB8::/9"}]}`),
		"a country":                fmt.Sprintf(aLocation, `{"displayName":"l","countriesAndRegions":["IT"],"isTrusted":false}`),
		"a policy":                 fmt.Sprintf(aPolicyDoc, `{`+aPolicy+`}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := fits(t, file); err != nil {
				t.Errorf("the schema: %v", err)
			}
			if _, err := graphapi.LoadTenant(strings.NewReader(file)); err != nil {
				t.Errorf("the emulator: %v", err)
			}
		})
	}
}

func TestSchemaAndEmulatorRefuseTheSame(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"no object":                      `[]`,
		"an unknown field":               `{"user":[]}`,
		"an unknown field of a user":     `{"users":[{"userPrincipalName":"a@b","upn":"x"}]}`,
		"a field in another case":        `{"Users":[]}`,
		"another type":                   `{"users":"x"}`,
		"text for a truth value":         `{"users":[{"userPrincipalName":"a@b","accountEnabled":"yes"}]}`,
		"null for text":                  `{"displayName":null}`,
		"a tenant id":                    `{"tenantId":"contoso"}`,
		"a cloud":                        `{"cloud":"moon"}`,
		"an app without an id":           `{"apps":[{}]}`,
		"an empty secret":                `{"apps":[{"clientId":` + anID + `,"secrets":[{"value":""}]}]}`,
		"a date":                         `{"apps":[{"clientId":` + anID + `,"secrets":[{"value":"x","expires":"tomorrow"}]}]}`,
		"a certificate":                  `{"apps":[{"clientId":` + anID + `,"certificates":[{"pem":"x"}]}]}`,
		"a credential without a subject": `{"apps":[{"clientId":` + anID + `,"federatedCredentials":[{"issuer":"https://x"}]}]}`,
		"an empty permission":            `{"apps":[{"clientId":` + anID + `,"permissions":[""]}]}`,
		"a name without a domain":        `{"users":[{"userPrincipalName":"a"}]}`,
		"a user without a name":          `{"users":[{}]}`,
		"a state":                        `{"users":[{"userPrincipalName":"a@b","perUserMfaState":"on"}]}`,
		"a kind of user":                 `{"users":[{"userPrincipalName":"a@b","userType":"Robot"}]}`,
		"a type of method":               fmt.Sprintf(aMethod, `{"type":"sms"}`),
		"a password":                     fmt.Sprintf(aMethod, `{"type":"password"}`),
		"a number that is no phone's":    fmt.Sprintf(aMethod, `{"type":"fido2","phoneNumber":"+1 2"}`),
		"an address that is no email's":  fmt.Sprintf(aMethod, `{"type":"fido2","emailAddress":"a@b"}`),
		"a type of phone":                fmt.Sprintf(aMethod, `{"type":"phone","phoneType":"car"}`),
		"a group without a name":         `{"groups":[{"id":` + anID + `}]}`,
		"a member twice":                 `{"users":[{"userPrincipalName":"a@b"}],"groups":[{"displayName":"g","members":["a@b","a@b"]}]}`,
		"a state of the campaign":        fmt.Sprintf(aCampaign, `{"state":"microsoft_managed"}`),
		"a snooze of 15 days":            fmt.Sprintf(aCampaign, `{"snoozeDurationInDays":15}`),
		"a snooze of half a day":         fmt.Sprintf(aCampaign, `{"snoozeDurationInDays":0.5}`),
		"a target without a method":      fmt.Sprintf(aCampaign, `{"includeTargets":[{"id":"all_users","targetType":"group"}]}`),
		"a method of the campaign":       fmt.Sprintf(aCampaign, `{"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"sms"}]}`),
		"all users as a user":            fmt.Sprintf(aCampaign, `{"excludeTargets":[{"id":"all_users","targetType":"user"}]}`),
		"a target by name":               fmt.Sprintf(aCampaign, `{"excludeTargets":[{"id":"staff","targetType":"group"}]}`),
		"a migration":                    `{"authenticationMethodsPolicy":{"policyMigrationState":"done"}}`,
		"a location without anything":    fmt.Sprintf(aLocation, `{"displayName":"l"}`),
		"a location without a name":      fmt.Sprintf(aLocation, `{"displayName":" ","ipRanges":[{"cidrAddress":"203.0.113.0/24"}]}`),
		"a location of both kinds":       fmt.Sprintf(aLocation, `{"displayName":"l","ipRanges":[{"cidrAddress":"203.0.113.0/24"}],"countriesAndRegions":["IT"]}`),
		"a trusted country":              fmt.Sprintf(aLocation, `{"displayName":"l","isTrusted":true,"countriesAndRegions":["IT"]}`),
		"a country in small letters":     fmt.Sprintf(aLocation, `{"displayName":"l","countriesAndRegions":["it"]}`),
		"a location of another kind":     fmt.Sprintf(aLocation, `{"displayName":"l","@odata.type":"#microsoft.graph.countryNamedLocation","ipRanges":[{"cidrAddress":"203.0.113.0/24"}]}`),
		"a range without a mask":         fmt.Sprintf(aLocation, `{"displayName":"l","ipRanges":[{"cidrAddress":"203.0.113.0"}]}`),
		"a range that is too wide":       fmt.Sprintf(aLocation, `{"displayName":"l","ipRanges":[{"cidrAddress":"10.0.0.0/8"}]}`),
		"a policy without people":        fmt.Sprintf(aPolicyDoc, `{`+strings.Replace(aPolicy, `,"users":{"includeUsers":["All"]}`, "", 1)+`}`),
		"a policy without controls":      fmt.Sprintf(aPolicyDoc, `{`+strings.Split(aPolicy, `,"grantControls"`)[0]+`}`),
		"an operator":                    fmt.Sprintf(aPolicyDoc, `{`+strings.Replace(aPolicy, `"OR"`, `"XOR"`, 1)+`}`),
		"a state of a policy":            fmt.Sprintf(aPolicyDoc, `{`+strings.Replace(aPolicy, `"enabled"`, `"on"`, 1)+`}`),
		"a location by name":             fmt.Sprintf(aPolicyDoc, `{`+strings.Replace(aPolicy, `"users":{`, `"locations":{"includeLocations":["HQ"]},"users":{`, 1)+`}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := fits(t, file); err == nil {
				t.Error("the schema accepts it")
			}
			if _, err := graphapi.LoadTenant(strings.NewReader(file)); err == nil {
				t.Error("the emulator accepts it")
			}
		})
	}
}

func TestProblemsOfATenantFileAreToldWithTheirLines(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file string
		want []string
	}{
		"values": {
			"{\n  \"tenantId\": \"contoso\",\n  \"users\": [\n    {\n      \"userPrincipalName\": \"a@b\"\n    },\n    {\n      \"userPrincipalName\":\n        \"c\",\n" +
				"      \"methods\": [{\"type\": \"fido2\"},\n        {\"type\": \"sms\"}]\n    }\n  ]\n}",
			[]string{
				`line 2: tenantId: "contoso" is not a GUID`, `line 9: users[1].userPrincipalName: "c" is not of the form name@domain`,
				`line 11: users[1].methods[1].type: "sms" is not a type of method`,
			},
		},
		"what is missing stands at what it is missing in": {
			"{\n  \"groups\": [\n    {\"displayName\": \"g\"},\n    {\n      \"members\": []\n    }\n  ]\n}", []string{"line 4: groups[1].displayName: must not be empty"},
		},
		"shapes":            {"{\n  \"groups\": [\n    {\"displayName\": 1}\n  ]\n}", []string{"line 3: groups[0].displayName: expected a string, found a number"}},
		"a name with a dot": {"{\n\n  \"a.b\": 1}", []string{"line 3: a.b: unknown field"}},
		"syntax":            {"{\n  \"groups\": [,]\n}", []string{"line 2, column 14: not valid JSON"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := graphapi.LoadTenant(strings.NewReader(test.file))
			if err == nil {
				t.Fatal("it is accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in\n%v", want, err)
				}
			}
			if found := strings.Count(err.Error(), "\n") + 1; found != len(test.want) {
				t.Errorf("%d problems, want %d:\n%v", found, len(test.want), err)
			}
		})
	}
}

const guide = "../../../templates/guides/testing-modules.md.tmpl"

// addToGuideTable adds the rows that a table of the guide does not have to its end.
func addToGuideTable(t *testing.T, comment string, rows []string) {
	t.Helper()
	have := guideTable(t, comment)
	missing := slices.DeleteFunc(slices.Clone(rows), func(row string) bool { return slices.Contains(have, row) })
	content, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	last := have[len(have)-1] + "\n"
	changed := strings.Replace(string(content), last, last+strings.Join(append(missing, ""), "\n"), 1)
	if err := os.WriteFile(guide, []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
}

// guideTable is the table of the guide that follows a comment, without its head.
func guideTable(t *testing.T, comment string) []string {
	t.Helper()
	content, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(content), "<!-- "+comment+" -->\n\n")
	table, _, ended := strings.Cut(rest, "\n\n")
	rows := strings.Split(table, "\n")
	if !found || !ended || len(rows) < 3 {
		t.Fatalf("the guide has no table with the %s", comment)
	}
	return rows[2:]
}

// row is how the guide describes a field.
func (root schemaNode) row(t *testing.T, have schemaNode, field string) string {
	t.Helper()
	property := have.Properties[field]
	name, definition := root.follow(t, property)
	var value string
	switch {
	case name == "id":
		value = "GUID"
	case name == "time":
		value = "time"
	case name == "targetId":
		value = "GUID or `all_users`"
	case len(definition.Enum) > 0:
		var values []string
		for _, one := range definition.Enum {
			values = append(values, fmt.Sprintf("`%v`", one))
		}
		value = strings.Join(values, ", ")
	case definition.Type == "integer":
		value = fmt.Sprintf("number, %d to %d", definition.Minimum, definition.Maximum)
	case definition.Type == "boolean":
		value = "`true`, `false`"
	case definition.Type == "array":
		value = "list of text"
		if _, item := root.follow(t, *definition.Items); item.Type == "object" {
			value = "list of objects"
		}
	case definition.Type == "object":
		value = "object"
	default:
		value = "text"
	}
	description := property.Description
	if property.Default == nil {
		property.Default = definition.Default
	}
	if property.Default != nil {
		description += fmt.Sprintf(" Default `%v`.", property.Default)
	}
	required := ""
	if slices.Contains(have.Required, field) {
		required = ", required"
	}
	return fmt.Sprintf("| `%s`%s | %s | %s |", field, required, value, description)
}

func TestTheGuideDescribesTheFieldsOfATenantFileAsTheSchemaDoes(t *testing.T) {
	t.Parallel()
	root := tenantSchema(t)
	tables := map[string]schemaNode{"the tenant": root}
	for _, name := range []string{
		"App", "Secret", "User", "Method", "Group", "RegistrationCampaign", "CampaignIncludeTarget", "NamedLocation", "IPRange",
	} {
		_, tables[name] = root.follow(t, schemaNode{Ref: "#/$defs/" + name})
	}
	for name, have := range tables {
		var want []string
		for field := range have.Properties {
			want = append(want, root.row(t, have, field))
		}
		slices.Sort(want)
		if *graphapi.Update {
			addToGuideTable(t, "fields of "+name, want)
		}
		// The order is the guide's.
		if difference := cmp.Diff(want, slices.Sorted(slices.Values(guideTable(t, "fields of "+name)))); difference != "" {
			t.Errorf("fields of %s in the schema (-) and in the guide (+):\n%s", name, difference)
		}
	}
}

func TestTheGuideHasEveryFieldOfAFault(t *testing.T) {
	t.Parallel()
	var want, have []string
	for i := range reflect.TypeFor[control.Fault]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[control.Fault]().Field(i).Tag.Get("json"), ",")
		want = append(want, name)
	}
	for _, row := range guideTable(t, "fields of Fault") {
		for _, name := range strings.Split(strings.Split(row, " | ")[0], ", ") {
			have = append(have, strings.Trim(name, "| `"))
		}
	}
	slices.Sort(want)
	slices.Sort(have)
	if difference := cmp.Diff(want, have); difference != "" {
		t.Errorf("fields of a fault (-) and those in the guide (+):\n%s", difference)
	}
}
