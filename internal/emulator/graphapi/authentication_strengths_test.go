package graphapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestTheBuiltInStrengthsAreRead(t *testing.T) {
	f := startWithPolicyPermissions(t)
	for _, path := range []string{"/v1.0/policies/authenticationStrengthPolicies", "/beta/identity/conditionalAccess/authenticationStrength/policies"} {
		answer := f.Get(path)
		if answer.Status != 200 || len(answer.Values()) != 3 {
			t.Fatalf("%s: %d %s", path, answer.Status, answer.Raw)
		}
		one := f.Get(path + "/" + control.StrengthPhishingResistant)
		if one.Status != 200 || one.Body["requirementsSatisfied"] != "mfa" || len(emulatortest.As[[]any](one.Body["allowedCombinations"])) != 3 {
			t.Errorf("%s: %d %s", path, one.Status, one.Raw)
		}
		if answer = f.Get(path + "?$filter=policyType+eq+'custom'"); answer.Status != 200 || len(answer.Values()) != 0 {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
		if answer = f.Get(path + "/11111111-2222-4333-8444-555555555555"); answer.Status != 404 {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
		for method, body := range map[string]string{http.MethodPatch: `{"displayName":"mine"}`, http.MethodDelete: ""} {
			if answer = f.Graph(method, path+"/"+control.StrengthMFA, body); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "built-in") {
				t.Errorf("%s of %s: %d %s", method, path, answer.Status, answer.Raw)
			}
		}
	}
}

// A strength is named by its address or by itself, and never dropped.
func TestAPolicyKeepsItsStrength(t *testing.T) {
	f := startWithPolicyPermissions(t)
	const address = "https://graph.microsoft.com/v1.0/policies/authenticationStrengthPolicies/"
	for _, strength := range []string{
		`"authenticationStrength@odata.bind":"` + address + control.StrengthPhishingResistant + `"`,
		`"authenticationStrength@odata.bind":"` + f.Server.URL() + `/beta/policies/authenticationStrengthPolicies('` + control.StrengthPhishingResistant + `')"`,
		`"authenticationStrength":{"id":"` + control.StrengthPhishingResistant + `"}`,
		`"authenticationStrength":{"@odata.type":"#microsoft.graph.authenticationStrengthPolicy","id":"` + control.StrengthPhishingResistant +
			`","displayName":"Phishing resistant MFA","policyType":"builtIn","allowedCombinations":["fido2"]}`,
	} {
		body := strings.Replace(policyBody(`"includeLocations":["All"]`), `"builtInControls":["mfa"]`, `"builtInControls":[],`+strength, 1)
		created := f.Graph(http.MethodPost, policiesPath, body)
		if created.Status != 201 {
			t.Fatalf("%s: %d %s", strength, created.Status, created.Raw)
		}
		path := policiesPath + "/" + emulatortest.As[string](created.Body["id"])
		read := func() any { return emulatortest.At(f.Get(path).Body, "grantControls", "authenticationStrength") }
		if emulatortest.At(read(), "id") != control.StrengthPhishingResistant || emulatortest.At(read(), "displayName") != "Phishing resistant MFA" {
			t.Errorf("%s: the policy has %v", strength, read())
		}
		if answer := f.Graph(http.MethodPatch, path, `{"state":"disabled"}`); answer.Status != 204 || emulatortest.At(read(), "id") == nil {
			t.Errorf("a change of something else: %d %s", answer.Status, answer.Raw)
		}
		change := `{"grantControls":{"operator":"OR","builtInControls":["mfa"],"authenticationStrength@odata.bind":null}}`
		if answer := f.Graph(http.MethodPatch, path, change); answer.Status != 204 || read() != nil {
			t.Errorf("taken away: %d %s", answer.Status, answer.Raw)
		}
	}
	tenant, err := f.Control.Snapshot(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	tenant.ConditionalAccessPolicies[0].GrantControls = &control.ConditionalAccessGrant{
		Operator: "OR", AuthenticationStrength: &control.PolicyStrength{ID: control.StrengthPasswordlessMFA},
	}
	if err := f.Control.Seed(f.Ctx, tenant); err != nil {
		t.Error(err)
	}
	tenant.ConditionalAccessPolicies[0].GrantControls.AuthenticationStrength.ID = "11111111-2222-4333-8444-555555555555"
	if err := f.Control.Seed(f.Ctx, tenant); err == nil || !strings.Contains(err.Error(), "authenticationStrength") {
		t.Errorf("a tenant with an unknown strength: %v", err)
	}
}

// azuread sends an empty list of apps beside user actions; whether Graph takes it is not certain.
func TestEmptyApplicationsBesideUserActions(t *testing.T) {
	f := startWithPolicyPermissions(t)
	body := strings.Replace(policyBody(`"includeLocations":["All"]`), `"includeApplications":["All"]`,
		`"includeApplications":[],"excludeApplications":[],"includeUserActions":["urn:user:registersecurityinfo"]`, 1)
	created := f.Graph(http.MethodPost, policiesPath, body)
	if actions := emulatortest.At(created.Body, "conditions", "applications", "includeUserActions"); created.Status != 201 || len(emulatortest.As[[]any](actions)) != 1 {
		t.Fatalf("%d %s", created.Status, created.Raw)
	}
	f.SetBehavior(control.Behavior{ConditionalAccess: control.ConditionalAccessBehavior{RefuseEmptyApplications: true}})
	for _, answer := range []emulatortest.Reply{
		f.Graph(http.MethodPost, policiesPath, body),
		f.Graph(http.MethodPatch, policiesPath+"/"+emulatortest.As[string](created.Body["id"]), body),
	} {
		if answer.Status != 400 || !strings.HasPrefix(answer.ErrorMessage(), "1012: ") {
			t.Errorf("%d %s", answer.Status, answer.Raw)
		}
	}
	without := strings.Replace(body, `"includeApplications":[],`, "", 1)
	if answer := f.Graph(http.MethodPost, policiesPath, without); answer.Status != 201 {
		t.Errorf("without the list: %d %s", answer.Status, answer.Raw)
	}
}
