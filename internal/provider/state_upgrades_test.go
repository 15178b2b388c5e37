package provider_test

import (
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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
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
	user, _ := schemas.ResourceSchemas[acctest.TypeName].ValueType().(tftypes.Object)
	timeouts, _ := user.AttributeTypes["timeouts"].(tftypes.Object)
	limits := map[string]tftypes.Value{}
	for name := range timeouts.AttributeTypes {
		limits[name] = tftypes.NewValue(tftypes.String, map[string]any{"create": "10m", "read": "5m"}[name])
	}
	return map[string]map[string]any{
		"written/" + acctest.TypeName + ".by_name": {"user_principal_name": acctest.AdeleUPN, "state": "enabled"},
		"written/" + acctest.TypeName + ".by_id": {
			"user_id": acctest.AlexID, "state": "disabled", "on_destroy": "keep", "timeouts": tftypes.NewValue(timeouts, limits),
		},
		"written/" + acctest.TypeName + ".promoted": {"user_principal_name": acctest.DiegoUPN, "state": "enabled"},
		"written/" + acctest.StatesTypeName + ".many": acctest.Having(acctest.WantedUsers(
			acctest.MeganUPN, "enabled", acctest.ObrienUPN, "enabled", acctest.GuestID, "enabled", acctest.DollarID, "disabled",
		), "allow_promotion", true),
		"written/" + acctest.StatesTypeName + ".named": acctest.Having(acctest.WantedUsers("isaiah.langer@contoso.example", "enabled"), "on_destroy", "keep"),
		"written/" + acctest.PolicyTypeName + ".this": {
			"state": "enabled", "authentication_method": "microsoftAuthenticator", "snooze_days": 3,
			"include": acctest.Targets(nil, nil, []string{staff}), "exclude": acctest.Targets(nil, []string{acctest.DollarID}, []string{rescue}),
		},
		"written/" + acctest.LocationType + ".written": acctest.Location("Headquarters", "203.0.113.7/24", "2001:DB8:A::/48"),
		"imported/" + acctest.TypeName + ".this":       {"user_principal_name": acctest.DiegoUPN, "state": "enforced"},
		"imported/" + acctest.StatesTypeName + ".this": acctest.WantedUsers(acctest.MeganUPN, "enabled", acctest.AdeleID, "disabled"),
		"imported/" + acctest.PolicyTypeName + ".this": {"state": "microsoft_managed"},
		"imported/" + acctest.LocationType + ".this":   acctest.Location("Branch", "198.51.100.0/25", "2001:db8:b::/48"),
	}
}

// withDefaults are the defaults that the CLI would merge into a proposed state.
func withDefaults(typeName string, config map[string]any) map[string]any {
	if typeName != "entramfa_user_mfa_state" && typeName != acctest.StatesTypeName {
		return config
	}
	for name, value := range map[string]any{"allow_promotion": false, "on_destroy": "disable"} {
		if _, ok := config[name]; !ok {
			config = acctest.Having(config, name, value)
		}
	}
	return config
}

func TestStatesOfVersionZeroAreReadAndPlanNothing(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, folder := range []string{"written", "imported"} {
		instances, people := readKeptState(t, folder)
		m := acctest.NewMachine(t, people)
		process := m.Process()
		configurations := keptConfigurations(process.Schemas)
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
				state, diagnostics := process.Upgrade(instance.typeName, instance.SchemaVersion, attributes)
				acctest.NoErrors(t, diagnostics)
				old := acctest.Kept{State: state, Private: instance.Private}
				read := m.Refresh(process, instance.typeName, old)
				if !read.Same(old) {
					t.Errorf("%s, %s: the refresh makes\n%s\nof\n%s", name, variant, read, old)
				}
				want := acctest.PrivateOf(t, instance.Private)
				want["tenant"] = `"` + acctest.TenantID + `"`
				for key, value := range acctest.PrivateOf(t, read.Private) {
					if key != "read_ahead" && key != "user_ids" && value != want[key] {
						t.Errorf("%s, %s: of the private state, %s is %s, want %s", name, variant, key, value, want[key])
					}
					delete(want, key)
				}
				if len(want) > 0 {
					t.Errorf("%s, %s: the private state has lost %v", name, variant, want)
				}
				for which, before := range map[string]acctest.Kept{"after the refresh": read, "without one": old} {
					planned, diagnostics := process.Plan(instance.typeName, before, withDefaults(instance.typeName, config))
					acctest.NoErrors(t, diagnostics)
					if told := acctest.Warnings(diagnostics); !planned.Planned.Equal(before.State) || planned.Replaces || len(told) > 0 {
						t.Errorf("%s, %s: the plan %s is\n%s\nof\n%s\nand warns of %q", name, variant, which, acctest.Kept{State: planned.Planned}, before, told)
					}
				}
				// The control: a plan that changes something.
				destroy, diagnostics := process.Plan(instance.typeName, read, nil)
				acctest.NoErrors(t, diagnostics)
				if !destroy.Planned.IsNull() {
					t.Errorf("%s: a destroy plans %s", name, destroy.Planned)
				}
			}
		}
	}
	if want := len(keptConfigurations(acctest.NewMachine(t, acctest.Contoso()).Process().Schemas)); seen != want {
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
	tn := acctest.StartTenant(t, keptTenant(t, "written"), acctest.Quick())
	state := strings.ReplaceAll(read("written", "terraform.tfstate"), "registry.terraform.io", acctest.ProviderHost(t))
	w := tn.Workspace(t, map[string]string{"main.tf": read("written", "main.tf"), "terraform.tfstate": state},
		"ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode", "-refresh=false")

	// From then on the state is this tenant's.
	other := acctest.StartTenant(t, fabrikam(), acctest.Quick())
	w.Env = append(w.Env, "ARM_TENANT_ID="+fabrikamTenantID, "ENTRAMFA_GRAPH_ENDPOINT="+other.URL, "ENTRAMFA_AUTHORITY_HOST="+other.URL, "ENTRAMFA_CA_BUNDLE_PATH="+other.CAFile)
	for _, arguments := range [][]string{{"plan"}, {"plan", "-refresh=false"}, {"plan", "-destroy"}, {"plan", "-destroy", "-refresh=false"}, {"apply", "-auto-approve"}, {"destroy", "-auto-approve"}} {
		w.Sees(w.Expect(1, append(arguments, "-input=false")...), "State of another tenant", acctest.TenantID, fabrikamTenantID)
	}

	// A state that a newer version has written.
	w.Write("terraform.tfstate", strings.ReplaceAll(state, `"schema_version": 0`, `"schema_version": 1`))
	w.Sees(w.Expect(1, "plan", "-input=false"), "newer provider version")
}
