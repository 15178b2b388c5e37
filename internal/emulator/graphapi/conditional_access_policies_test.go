package graphapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

const (
	policiesPath    = "/v1.0/identity/conditionalAccess/policies"
	policiesBinPath = "/v1.0/identity/conditionalAccess/deletedItems/policies"
)

// policyFor is a policy that asks for MFA at one location.
func policyFor(location string) control.ConditionalAccessPolicy {
	return control.ConditionalAccessPolicy{
		DisplayName: "MFA at one place", State: control.PolicyReportOnly,
		Conditions: control.PolicyConditions{
			Applications: &control.PolicyApplications{IncludeApplications: []string{"All"}},
			Users:        &control.PolicyUsers{IncludeUsers: []string{"All"}},
			Locations:    &control.PolicyLocations{IncludeLocations: []string{location}},
		},
		GrantControls: &control.ConditionalAccessGrant{Operator: "OR", BuiltInControls: []string{"mfa"}},
	}
}

func policyBody(locations string) string {
	return `{"displayName":"MFA","state":"enabled","conditions":{"applications":{"includeApplications":["All"]},
		"users":{"includeUsers":["All"]},"locations":{` + locations + `}},"grantControls":{"operator":"AND","builtInControls":["mfa"]},
		"sessionControls":null}`
}

func startWithPolicyPermissions(t *testing.T, adjust ...func(*emulator.Config)) *emulatortest.Fixture {
	t.Helper()
	f := emulatortest.Start(t, adjust...)
	permit(f, "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All")
	return f
}

func TestPoliciesAreCreatedChangedAndDeleted(t *testing.T) {
	f := startWithPolicyPermissions(t, func(cfg *emulator.Config) { cfg.Behavior.ConditionalAccess.ShallowPatch = true })
	body := strings.Replace(policyBody(`"includeLocations":["All"],"excludeLocations":["AllTrusted","`+emulator.SampleCountriesID+`"]`),
		`,"sessionControls":null`, "", 1)
	answer := f.Graph(http.MethodPost, policiesPath, body)
	id := emulatortest.As[string](answer.Body["id"])
	if answer.Status != 201 || !control.IsGUID(id) || answer.Body["modifiedDateTime"] != nil {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	// What the service does to a policy: an operator without a choice, absent lists and absent objects.
	for want, path := range map[any][]string{
		"OR": {"grantControls", "operator"}, "enabled": {"state"}, nil: {"conditions", "platforms"},
	} {
		if got := emulatortest.At(answer.Body, path...); got != want {
			t.Errorf("%v is %v, want %v", path, got, want)
		}
	}
	if got := emulatortest.At(answer.Body, "conditions", "users", "excludeGroups"); !cmp.Equal(got, []any{}) {
		t.Errorf("excludeGroups is %v", got)
	}
	if answer := f.Graph(http.MethodPatch, policiesPath+"/"+id,
		`{"state":"disabled","conditions":{"locations":{"includeLocations":["`+emulator.SampleHeadquartersID+`"]}}}`); answer.Status != 204 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	answer = f.Get(policiesPath + "/" + id)
	want := map[string]any{"includeLocations": []any{emulator.SampleHeadquartersID}, "excludeLocations": []any{}}
	if diff := cmp.Diff(want, emulatortest.At(answer.Body, "conditions", "locations")); diff != "" || answer.Body["state"] != "disabled" ||
		answer.Body["modifiedDateTime"] == nil || !cmp.Equal(emulatortest.At(answer.Body, "conditions", "users", "includeUsers"), []any{"All"}) {
		t.Errorf("%s\n%s", diff, answer.Raw)
	}
	if answer := f.Graph(http.MethodPatch, policiesPath+"/"+id, `{"conditions":{"locations":null}}`); answer.Status != 204 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if got := emulatortest.At(f.Get(policiesPath+"/"+id).Body, "conditions", "locations"); got != nil {
		t.Errorf("locations are %v", got)
	}
	if answer := f.Graph(http.MethodDelete, policiesPath+"/"+id, ""); answer.Status != 204 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	for method, body := range map[string]string{http.MethodGet: "", http.MethodDelete: "", http.MethodPatch: `{"state":"disabled"}`} {
		if answer := f.Graph(method, policiesPath+"/"+id, body); answer.Status != 404 {
			t.Errorf("%s afterwards: %d %s", method, answer.Status, answer.Raw)
		}
	}
	if answer := f.Get(policiesBinPath + "/" + id); answer.Status != 200 || answer.Body["deletedDateTime"] == nil {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph(http.MethodPost, policiesBinPath+"/"+id+"/restore", ""); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get(policiesPath + "/" + id); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}

func TestBadWritesOfPoliciesAreRefusedWithANumber(t *testing.T) {
	f := startWithPolicyPermissions(t)
	const unknown = "11111111-2222-4333-8444-555555555555"
	good := policyBody(`"includeLocations":["All"]`)
	change := func(old, replacement string) string { return strings.Replace(good, old, replacement, 1) }
	tests := []struct{ name, body, number, message string }{
		{"unknown location", policyBody(`"includeLocations":["` + unknown + `"]`), "1040", unknown},
		{"unknown location excluded", policyBody(`"includeLocations":["All"],"excludeLocations":["` + unknown + `"]`), "1040", unknown},
		{"location by name", policyBody(`"includeLocations":["HQ"]`), "1007", `"HQ"`},
		{"unknown property", change(`"state"`, `"status"`), "1007", "'status' does not exist on type 'microsoft.graph.conditionalAccessPolicy'"},
		{"unknown condition", change(`"locations"`, `"places"`), "1007", "'places'"},
		{"unknown session control", change(`"sessionControls":null`, `"sessionControls":{"frequency":null}`), "1007", "'frequency' does not exist on type 'microsoft.graph.conditionalAccessSessionControls'"},
		{"bad state", change(`"enabled"`, `"on"`), "1007", `state: "on" is none of enabled, disabled`},
		{"no name", change(`"MFA"`, `""`), "1007", "displayName"},
		{"no users", change(`"users":{"includeUsers":["All"]},`, ""), "1007", "conditions.users"},
		{"no applications", change(`"applications":{"includeApplications":["All"]},`, ""), "1007", "conditions.applications"},
		{"no controls", change(`"grantControls":{"operator":"AND","builtInControls":["mfa"]},`, ""), "1007", "grantControls"},
		{"bad operator", change(`"AND"`, `"XOR"`), "1007", "grantControls.operator"},
		{"a string for a list", change(`["mfa"]`, `"mfa"`), "1007", "Collection"},
		{"nothing included", change(`"includeApplications":["All"]`, `"includeApplications":[]`), "1011", ""},
		{"apps and actions", change(`"includeApplications":["All"]`, `"includeApplications":["All"],"includeUserActions":["urn:user:registersecurityinfo"]`), "1012", ""},
		{"strength and mfa", change(`["mfa"]`, `["mfa"],"authenticationStrength":{"id":"`+control.StrengthMFA+`"}`), "1007", "cannot be in one policy"},
		{"unknown strength", change(`["mfa"]`, `[],"authenticationStrength":{"id":"`+unknown+`"}`), "1007", "no authentication strength"},
		{"unknown strength bound", change(`["mfa"]`, `[],"authenticationStrength@odata.bind":"https://graph.microsoft.com/v1.0/policies/authenticationStrengthPolicies/`+unknown+`"`), "1007", "no authentication strength"},
		{"no address of a strength", change(`["mfa"]`, `[],"authenticationStrength@odata.bind":"strongest"`), "1007", "address"},
		{"unknown property of a strength", change(`["mfa"]`, `[],"authenticationStrength":{"name":"MFA"}`), "1007", "'name'"},
		{"another reference", change(`["mfa"]`, `["mfa"],"termsOfUse@odata.bind":"https://graph.microsoft.com/x"`), "1007", "'termsOfUse@odata.bind'"},
	}
	for _, test := range tests {
		for _, older := range []bool{false, true} {
			f.SetBehavior(control.Behavior{ConditionalAccess: control.ConditionalAccessBehavior{NumberInInnerError: older}})
			answer := f.Graph(http.MethodPost, policiesPath, test.body)
			text := answer.ErrorMessage()
			if older {
				if strings.Contains(text, test.number) {
					t.Errorf("%s: the number is in the message: %s", test.name, answer.Raw)
				}
				text = emulatortest.As[string](emulatortest.At(answer.Body, "error", "innerError", "message"))
			}
			if answer.Status != 400 || answer.ErrorCode() != "BadRequest" || !strings.HasPrefix(text, test.number+": ") || !strings.Contains(text, test.message) {
				t.Errorf("%s: %d %s", test.name, answer.Status, answer.Raw)
			}
		}
	}
	f.SetBehavior(control.Behavior{})
	for _, body := range []string{`{"state":"on"}`, `{"conditions":{"locations":{"includeLocations":["` + unknown + `"]}}}`, `{"grantControls":null}`, `{"id":"x"}`} {
		if answer := f.Graph(http.MethodPatch, policiesPath+"/"+emulator.SampleMFAPolicyID, body); answer.Status != 400 {
			t.Errorf("PATCH %s: %d %s", body, answer.Status, answer.Raw)
		}
	}
	// The positive control, with the zero GUID of Microsoft's own sample.
	for _, body := range []string{good, policyBody(`"includeLocations":["00000000-0000-0000-0000-000000000000"]`), change(`"locations":{"includeLocations":["All"]}`, `"locations":null`)} {
		if answer := f.Graph(http.MethodPost, policiesPath, body); answer.Status != 201 {
			t.Errorf("%s: %d %s", body, answer.Status, answer.Raw)
		}
	}
}

func TestListsAndLimitOfPolicies(t *testing.T) {
	f := startWithPolicyPermissions(t)
	for i := range control.MaxConditionalAccessPolicies - 1 { // the sample tenant has one
		policy := policyFor(emulator.SampleCountriesID)
		policy.DisplayName = fmt.Sprintf("policy %d", i)
		if _, err := f.Control.CreateConditionalAccessPolicy(f.Ctx, policy); err != nil {
			t.Fatal(err)
		}
	}
	if answer := f.Graph(http.MethodPost, policiesPath, policyBody(`"includeLocations":["All"]`)); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "240") {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if _, err := f.Control.CreateConditionalAccessPolicy(f.Ctx, policyFor(emulator.SampleCountriesID)); err == nil {
		t.Error("the control API goes beyond the limit")
	}
	pages, total := 0, 0
	for next := policiesPath + "?$select=id"; next != ""; pages++ {
		answer := f.Get(next)
		total += len(answer.Values())
		next = emulatortest.As[string](answer.Body["@odata.nextLink"])
	}
	if pages != 3 || total != control.MaxConditionalAccessPolicies {
		t.Errorf("%d pages with %d policies", pages, total)
	}
	answer := f.Get(policiesPath + "?$filter=state+eq+'enabled'&$count=true&$select=displayName,conditions")
	if values := answer.Values(); len(values) != 1 || len(values[0]) != 2 || answer.Body["@odata.count"] != 1.0 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	for _, query := range []string{"$expand=x", "$select=nonsense", "$filter=conditions+eq+null", "$filter=isof('microsoft.graph.x')"} {
		if answer := f.Get(policiesPath + "?" + query); answer.Status != 400 {
			t.Errorf("%s: %d %s", query, answer.Status, answer.Raw)
		}
	}
}

func TestReplicaLagOfPolicies(t *testing.T) {
	f := startWithPolicyPermissions(t, func(cfg *emulator.Config) {
		cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 2, LagCreates: true, LagDeletes: true}
	})
	answer := f.Graph(http.MethodPost, policiesPath, policyBody(`"includeLocations":["All"]`))
	path := policiesPath + "/" + emulatortest.As[string](answer.Body["id"])
	statuses := func() []int { return []int{f.Get(path).Status, f.Get(path).Status, f.Get(path).Status} }
	if diff := cmp.Diff([]int{404, 404, 200}, statuses()); diff != "" {
		t.Error("creation:", diff)
	}
	f.Graph(http.MethodPatch, path, `{"state":"disabled"}`)
	states := []any{f.Get(path).Body["state"], f.Get(path).Body["state"], f.Get(path).Body["state"]}
	if diff := cmp.Diff([]any{"enabled", "enabled", "disabled"}, states); diff != "" {
		t.Error("update:", diff)
	}
	f.Graph(http.MethodDelete, path, "")
	if diff := cmp.Diff([]int{200, 200, 404}, statuses()); diff != "" {
		t.Error("deletion:", diff)
	}
}

func TestPermissionsForPolicies(t *testing.T) {
	all := []string{"Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All"}
	for missing := range len(all) + 1 {
		f := emulatortest.Start(t)
		var permissions []string
		for i, permission := range all {
			if i != missing {
				permissions = append(permissions, permission)
			}
		}
		permit(f, permissions...)
		path := policiesPath + "/" + emulator.SampleMFAPolicyID
		read, write := missing != 0, missing == len(all)
		checkAllowed(f, "list", f.Get(policiesPath), read)
		checkAllowed(f, "get", f.Get(path), read)
		checkAllowed(f, "create", f.Graph(http.MethodPost, policiesPath, policyBody(`"includeLocations":["All"]`)), write)
		checkAllowed(f, "change", f.Graph(http.MethodPatch, path, `{"state":"disabled"}`), write)
		checkAllowed(f, "delete", f.Graph(http.MethodDelete, path, ""), write)
	}
}

func TestRestoredPolicyNeedsItsLocations(t *testing.T) {
	f := startWithPolicyPermissions(t)
	policy, err := f.Control.CreateConditionalAccessPolicy(f.Ctx, policyFor(emulator.SampleCountriesID))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Control.DeleteConditionalAccessPolicy(f.Ctx, policy.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.Control.DeleteNamedLocation(f.Ctx, emulator.SampleCountriesID); err != nil {
		t.Fatal(err)
	}
	restore := policiesBinPath + "/" + policy.ID + "/restore"
	if answer := f.Graph(http.MethodPost, restore, ""); answer.Status != 400 || !strings.HasPrefix(answer.ErrorMessage(), "1040: ") {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph(http.MethodPost, locationsBinPath+"/"+emulator.SampleCountriesID+"/restore", ""); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph(http.MethodPost, restore, ""); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}
