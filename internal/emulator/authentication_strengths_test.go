package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestTheBuiltInStrengthsAreRead(t *testing.T) {
	f := startWithPolicyPermissions(t)
	for _, path := range []string{"/v1.0/policies/authenticationStrengthPolicies", "/beta/identity/conditionalAccess/authenticationStrength/policies"} {
		answer := f.get(path)
		if answer.status != 200 || len(answer.values()) != 3 {
			t.Fatalf("%s: %d %s", path, answer.status, answer.raw)
		}
		one := f.get(path + "/" + control.StrengthPhishingResistant)
		if one.status != 200 || one.body["requirementsSatisfied"] != "mfa" || len(as[[]any](one.body["allowedCombinations"])) != 3 {
			t.Errorf("%s: %d %s", path, one.status, one.raw)
		}
		if answer = f.get(path + "?$filter=policyType+eq+'custom'"); answer.status != 200 || len(answer.values()) != 0 {
			t.Errorf("%s: %d %s", path, answer.status, answer.raw)
		}
		if answer = f.get(path + "/11111111-2222-4333-8444-555555555555"); answer.status != 404 {
			t.Errorf("%s: %d %s", path, answer.status, answer.raw)
		}
		if answer = f.graph(http.MethodPost, path, `{"displayName":"mine"}`); answer.status != 405 {
			t.Errorf("%s: %d %s", path, answer.status, answer.raw)
		}
	}
}

// A strength is named by its address or by itself, and never dropped.
func TestAPolicyKeepsItsStrength(t *testing.T) {
	f := startWithPolicyPermissions(t)
	const address = "https://graph.microsoft.com/v1.0/policies/authenticationStrengthPolicies/"
	for _, strength := range []string{
		`"authenticationStrength@odata.bind":"` + address + control.StrengthPhishingResistant + `"`,
		`"authenticationStrength@odata.bind":"` + f.server.URL() + `/beta/policies/authenticationStrengthPolicies('` + control.StrengthPhishingResistant + `')"`,
		`"authenticationStrength":{"id":"` + control.StrengthPhishingResistant + `"}`,
		`"authenticationStrength":{"@odata.type":"#microsoft.graph.authenticationStrengthPolicy","id":"` + control.StrengthPhishingResistant +
			`","displayName":"Phishing resistant MFA","policyType":"builtIn","allowedCombinations":["fido2"]}`,
	} {
		body := strings.Replace(policyBody(`"includeLocations":["All"]`), `"builtInControls":["mfa"]`, `"builtInControls":[],`+strength, 1)
		created := f.graph(http.MethodPost, policiesPath, body)
		if created.status != 201 {
			t.Fatalf("%s: %d %s", strength, created.status, created.raw)
		}
		path := policiesPath + "/" + as[string](created.body["id"])
		read := func() any { return at(f.get(path).body, "grantControls", "authenticationStrength") }
		if at(read(), "id") != control.StrengthPhishingResistant || at(read(), "displayName") != "Phishing resistant MFA" {
			t.Errorf("%s: the policy has %v", strength, read())
		}
		if answer := f.graph(http.MethodPatch, path, `{"state":"disabled"}`); answer.status != 204 || at(read(), "id") == nil {
			t.Errorf("a change of something else: %d %s", answer.status, answer.raw)
		}
		change := `{"grantControls":{"operator":"OR","builtInControls":["mfa"],"authenticationStrength@odata.bind":null}}`
		if answer := f.graph(http.MethodPatch, path, change); answer.status != 204 || read() != nil {
			t.Errorf("taken away: %d %s", answer.status, answer.raw)
		}
	}
	tenant, err := f.control.Snapshot(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	tenant.ConditionalAccessPolicies[0].GrantControls = &control.ConditionalAccessGrant{
		Operator: "OR", AuthenticationStrength: &control.PolicyStrength{ID: control.StrengthPasswordlessMFA},
	}
	if err := f.control.Seed(f.ctx, tenant); err != nil {
		t.Error(err)
	}
	tenant.ConditionalAccessPolicies[0].GrantControls.AuthenticationStrength.ID = "11111111-2222-4333-8444-555555555555"
	if err := f.control.Seed(f.ctx, tenant); err == nil || !strings.Contains(err.Error(), "authenticationStrength") {
		t.Errorf("a tenant with an unknown strength: %v", err)
	}
}

// azuread sends an empty list of apps beside user actions; whether Graph takes it is not certain.
func TestEmptyApplicationsBesideUserActions(t *testing.T) {
	f := startWithPolicyPermissions(t)
	body := strings.Replace(policyBody(`"includeLocations":["All"]`), `"includeApplications":["All"]`,
		`"includeApplications":[],"excludeApplications":[],"includeUserActions":["urn:user:registersecurityinfo"]`, 1)
	created := f.graph(http.MethodPost, policiesPath, body)
	if actions := at(created.body, "conditions", "applications", "includeUserActions"); created.status != 201 || len(as[[]any](actions)) != 1 {
		t.Fatalf("%d %s", created.status, created.raw)
	}
	f.setBehavior(control.Behavior{ConditionalAccess: control.ConditionalAccessBehavior{RefuseEmptyApplications: true}})
	for _, answer := range []reply{
		f.graph(http.MethodPost, policiesPath, body),
		f.graph(http.MethodPatch, policiesPath+"/"+as[string](created.body["id"]), body),
	} {
		if answer.status != 400 || !strings.HasPrefix(answer.errorMessage(), "1012: ") {
			t.Errorf("%d %s", answer.status, answer.raw)
		}
	}
	without := strings.Replace(body, `"includeApplications":[],`, "", 1)
	if answer := f.graph(http.MethodPost, policiesPath, without); answer.status != 201 {
		t.Errorf("without the list: %d %s", answer.status, answer.raw)
	}
}
