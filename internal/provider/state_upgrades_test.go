package provider_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Folders of configurations with the state that a CLI has written for them, by the version of the schemas, and the tenant as it was then.
// They are never written again: a state that was kept for years looks like this.
const keptStates = "testdata/states/version-0"

// keptInstance is an instance of a state file.
type keptInstance struct {
	typeName, name string
	SchemaVersion  int64           `json:"schema_version"`
	Attributes     json.RawMessage `json:"attributes"`
	Private        []byte          `json:"private"`
}

func readKeptState(t *testing.T, folder string) (instances []keptInstance, people *control.Tenant) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(keptStates, folder, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Resources []struct {
			Type, Name string
			Instances  []keptInstance
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, resource := range file.Resources {
		for _, instance := range resource.Instances {
			instance.typeName, instance.name = resource.Type, resource.Name
			instances = append(instances, instance)
		}
	}
	return instances, keptTenant(t, folder)
}

func keptTenant(t *testing.T, folder string) *control.Tenant {
	t.Helper()
	file, err := os.Open(filepath.Join(keptStates, folder, "tenant.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	people, err := emulator.LoadTenant(file)
	if err != nil {
		t.Fatal(err)
	}
	return people
}

// keptConfigurations are what main.tf of the folders says, by folder, type and name.
func keptConfigurations(schemas *tfprotov6.GetProviderSchemaResponse) map[string]map[string]any {
	const staff, rescue = "33333333-cccc-4ccc-8ccc-000000000001", "33333333-cccc-4ccc-8ccc-000000000002"
	user, _ := schemas.ResourceSchemas[typeName].ValueType().(tftypes.Object)
	timeouts, _ := user.AttributeTypes["timeouts"].(tftypes.Object)
	limits := map[string]tftypes.Value{}
	for name := range timeouts.AttributeTypes {
		limits[name] = tftypes.NewValue(tftypes.String, map[string]any{"create": "10m", "read": "5m"}[name])
	}
	return map[string]map[string]any{
		"written/" + typeName + ".by_name": {"user_principal_name": adeleUPN, "state": "enabled"},
		"written/" + typeName + ".by_id": {
			"user_id": alexID, "state": "disabled", "on_destroy": "keep", "timeouts": tftypes.NewValue(timeouts, limits),
		},
		"written/" + typeName + ".promoted": {"user_principal_name": diegoUPN, "state": "enabled"},
		"written/" + statesTypeName + ".many": having(wants(
			meganUPN, "enabled", obrienUPN, "enabled", guestID, "enabled", dollarID, "disabled",
		), "allow_promotion", true),
		"written/" + statesTypeName + ".named": having(wants("isaiah.langer@contoso.example", "enabled"), "on_destroy", "keep"),
		"written/" + policyTypeName + ".this": {
			"state": "enabled", "authentication_method": "microsoftAuthenticator", "snooze_days": 3,
			"include": targetsOf(nil, nil, []string{staff}), "exclude": targetsOf(nil, []string{dollarID}, []string{rescue}),
		},
		"written/" + locationType + ".written": location("Headquarters", "203.0.113.7/24", "2001:DB8:A::/48"),
		"imported/" + typeName + ".this":       {"user_principal_name": diegoUPN, "state": "enforced"},
		"imported/" + statesTypeName + ".this": wants(meganUPN, "enabled", adeleID, "disabled"),
		"imported/" + policyTypeName + ".this": {"state": "microsoft_managed"},
		"imported/" + locationType + ".this":   location("Branch", "198.51.100.0/25", "2001:db8:b::/48"),
	}
}

// withDefaults are the defaults that the CLI would merge into a proposed state.
func withDefaults(typeName string, config map[string]any) map[string]any {
	if typeName != "entramfa_user_mfa_state" && typeName != statesTypeName {
		return config
	}
	for name, value := range map[string]any{"allow_promotion": false, "on_destroy": "disable"} {
		if _, ok := config[name]; !ok {
			config = having(config, name, value)
		}
	}
	return config
}

// upgrade reads a state of the CLI, as it does before everything else.
func (p *process) upgrade(typeName string, version int64, attributes []byte) (tftypes.Value, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	_, typ := p.schemaOf(typeName)
	upgraded, err := p.server.UpgradeResourceState(context.Background(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: typeName, Version: version, RawState: &tfprotov6.RawState{JSON: attributes},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if upgraded.UpgradedState == nil {
		return tftypes.Value{}, upgraded.Diagnostics
	}
	return p.unpack(typ, upgraded.UpgradedState), upgraded.Diagnostics
}

func TestStatesOfVersionZeroAreReadAndPlanNothing(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, folder := range []string{"written", "imported"} {
		instances, people := readKeptState(t, folder)
		m := newMachine(t, people)
		process := m.process()
		configurations := keptConfigurations(process.schemas)
		for _, instance := range instances {
			name := folder + "/" + instance.typeName + "." + instance.name
			config, ok := configurations[name]
			if !ok {
				t.Fatalf("no configuration of %s", name)
			}
			seen++
			for variant, attributes := range map[string][]byte{
				"as it was": instance.Attributes,
				// A version to come may have added one without another version of the schema.
				"with an attribute that nobody knows": slices.Concat([]byte(`{"colour":{"of":["red"]},`), instance.Attributes[1:]),
			} {
				state, diagnostics := process.upgrade(instance.typeName, instance.SchemaVersion, attributes)
				noErrors(t, diagnostics)
				old := kept{state: state, private: instance.Private}
				read := m.refresh(process, instance.typeName, old)
				if !read.same(old) {
					t.Errorf("%s, %s: the refresh makes\n%s\nof\n%s", name, variant, read, old)
				}
				want := privateOf(t, instance.Private)
				want["tenant"] = `"` + tenantID + `"`
				for key, value := range privateOf(t, read.private) {
					if key != "read_ahead" && key != "user_ids" && value != want[key] {
						t.Errorf("%s, %s: of the private state, %s is %s, want %s", name, variant, key, value, want[key])
					}
					delete(want, key)
				}
				if len(want) > 0 {
					t.Errorf("%s, %s: the private state has lost %v", name, variant, want)
				}
				for which, before := range map[string]kept{"after the refresh": read, "without one": old} {
					planned, diagnostics := process.plan(instance.typeName, before, withDefaults(instance.typeName, config))
					noErrors(t, diagnostics)
					if told := warnings(diagnostics); !planned.planned.Equal(before.state) || planned.replaces || len(told) > 0 {
						t.Errorf("%s, %s: the plan %s is\n%s\nof\n%s\nand warns of %q", name, variant, which, kept{state: planned.planned}, before, told)
					}
				}
				// The control: a plan that changes something.
				destroy, diagnostics := process.plan(instance.typeName, read, nil)
				noErrors(t, diagnostics)
				if !destroy.planned.IsNull() {
					t.Errorf("%s: a destroy plans %s", name, destroy.planned)
				}
			}
		}
	}
	if want := len(keptConfigurations(newMachine(t, testTenant()).process().schemas)); seen != want {
		t.Errorf("%d instances were read, and there are configurations of %d", seen, want)
	}
}

func TestAStateFileOfVersionZeroIsReadByTheRealCLI(t *testing.T) {
	t.Parallel()
	read := func(folder, name string) string {
		content, err := os.ReadFile(filepath.Join(keptStates, folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	tn := startTenant(t, keptTenant(t, "written"), quick())
	state := strings.ReplaceAll(read("written", "terraform.tfstate"), "registry.terraform.io", os.Getenv("TF_ACC_PROVIDER_HOST"))
	w := tn.workspace(t, map[string]string{"main.tf": read("written", "main.tf"), "terraform.tfstate": state},
		"ARM_TENANT_ID="+tenantID, "ARM_CLIENT_ID="+appID, "ARM_CLIENT_SECRET="+appSecret)
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	w.expect(0, "apply", "-input=false", "-auto-approve")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode", "-refresh=false")

	// From then on the state is this tenant's.
	other := startTenant(t, fabrikam(), quick())
	w.env = append(w.env, "ARM_TENANT_ID="+fabrikamTenantID, "ENTRAMFA_GRAPH_ENDPOINT="+other.url, "ENTRAMFA_AUTHORITY_HOST="+other.url, "ENTRAMFA_CA_BUNDLE_PATH="+other.caFile)
	for _, arguments := range [][]string{{"plan"}, {"plan", "-refresh=false"}, {"plan", "-destroy"}, {"plan", "-destroy", "-refresh=false"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}} {
		w.sees(w.expect(1, append(arguments, "-input=false")...), "State of another tenant", tenantID, fabrikamTenantID)
	}

	// A state that a newer version has written.
	w.write("terraform.tfstate", strings.ReplaceAll(state, `"schema_version": 0`, `"schema_version": 1`))
	w.sees(w.expect(1, "plan", "-input=false"), "newer provider version")
}
