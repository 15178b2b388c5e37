package graphapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

const (
	strengthsPath     = "/v1.0/policies/authenticationStrengthPolicies"
	strengthsRootPath = "/v1.0/identity/conditionalAccess/authenticationStrength"
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

func TestStrengthsOfTheTenantAreCreatedChangedAndDeleted(t *testing.T) {
	for _, path := range []string{strengthsPath, strengthsRootPath + "/policies"} {
		f := startWithPolicyPermissions(t)
		created := f.Graph(http.MethodPost, path, `{"@odata.type":"#microsoft.graph.authenticationStrengthPolicy","displayName":"Keys","description":"d",
			"allowedCombinations":["fido2","voice, password"],
			"combinationConfigurations":[{"@odata.type":"#microsoft.graph.fido2CombinationConfiguration","allowedAAGUIDs":["486be407-23df-4ba0-8e19-3bd5d0d3b3b6"],"appliesToCombinations":["fido2"]}]}`)
		id := emulatortest.As[string](created.Body["id"])
		one := path + "/" + id
		if created.Status != 201 || created.Body["policyType"] != "custom" || created.Body["requirementsSatisfied"] != "mfa" ||
			!cmp.Equal(created.Body["allowedCombinations"], []any{"fido2", "password,voice"}) {
			t.Fatalf("%d %s", created.Status, created.Raw)
		}
		for body, want := range map[string]int{
			`{"displayName":"Security keys"}`: 204, `{"description":null}`: 204, `{"allowedCombinations":["fido2"]}`: 400, `{"displayName":"Passwordless MFA"}`: 400, `{"id":"x"}`: 400,
		} {
			if answer := f.Graph(http.MethodPatch, one, body); answer.Status != want {
				t.Errorf("%s: %d %s", body, answer.Status, answer.Raw)
			}
		}
		if read := f.Get(one).Body; read["displayName"] != "Security keys" || read["description"] != nil {
			t.Errorf("%v", read)
		}
		policy := f.Graph(http.MethodPost, policiesPath, aPolicyBody(t, `{"grantControls":{"builtInControls":[],"authenticationStrength":{"id":"`+id+`"}}}`))
		policyID := emulatortest.As[string](policy.Body["id"])
		updated := f.Graph(http.MethodPost, one+"/updateAllowedCombinations", `{"allowedCombinations":["fido2","sms"]}`)
		if updated.Status != 200 || !cmp.Equal(updated.Body["previousCombinations"], []any{"fido2", "password,voice"}) ||
			!cmp.Equal(updated.Body["currentCombinations"], []any{"fido2", "sms"}) || !cmp.Equal(updated.Body["conditionalAccessReferences"], []any{policyID}) ||
			!strings.Contains(emulatortest.As[string](updated.Body["additionalInformation"]), "lowers the security") {
			t.Errorf("%d %s", updated.Status, updated.Raw)
		}
		if stronger := f.Graph(http.MethodPost, one+"/updateAllowedCombinations", `{"allowedCombinations":["fido2"]}`); stronger.Body["additionalInformation"] != nil {
			t.Errorf("%d %s", stronger.Status, stronger.Raw)
		}
		f.Graph(http.MethodPost, one+"/updateAllowedCombinations", `{"allowedCombinations":["sms"]}`)
		if read := f.Get(one).Body; read["requirementsSatisfied"] != "none" {
			t.Errorf("%v", read)
		}
		usage := f.Get(one + "/usage").Body
		if diff := cmp.Diff(usage, f.Get(one+"/usage()").Body); diff != "" {
			t.Error(diff)
		}
		if none := emulatortest.As[[]any](usage["none"]); len(none) != 1 || emulatortest.At(none[0], "id") != policyID || !cmp.Equal(usage["mfa"], []any{}) {
			t.Errorf("%v", usage)
		}
		if answer := f.Graph(http.MethodDelete, one, ""); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), policyID) {
			t.Errorf("in use: %d %s", answer.Status, answer.Raw)
		}
		f.Graph(http.MethodDelete, policiesPath+"/"+policyID, "")
		if answer := f.Graph(http.MethodDelete, one, ""); answer.Status != 204 || f.Get(one).Status != 404 {
			t.Errorf("%d %s", answer.Status, answer.Raw)
		}
	}
}

func TestCombinationConfigurations(t *testing.T) {
	f := startWithPolicyPermissions(t)
	created := f.Graph(http.MethodPost, strengthsPath, `{"displayName":"Keys","allowedCombinations":["fido2","x509CertificateMultiFactor"]}`)
	path := strengthsRootPath + "/policies/" + emulatortest.As[string](created.Body["id"]) + "/combinationConfigurations"
	const key = `"@odata.type":"#microsoft.graph.fido2CombinationConfiguration"`
	const certificate = `"@odata.type":"#microsoft.graph.x509CertificateCombinationConfiguration"`
	for body, want := range map[string]int{
		`{` + key + `,"allowedAAGUIDs":["486be407-23df-4ba0-8e19-3bd5d0d3b3b6"],"appliesToCombinations":["fido2"]}`:                                     201,
		`{` + certificate + `,"allowedIssuerSkis":["9A4248C6AC8C2931AB2A86537818E92E7B6C97B6"],"appliesToCombinations":["x509CertificateMultiFactor"]}`: 201,
		`{` + key + `,"allowedAAGUIDs":["x"],"appliesToCombinations":["password,sms"]}`:                                                                 400,
		`{` + key + `,"allowedIssuerSkis":["x"],"appliesToCombinations":["fido2"]}`:                                                                     400,
		`{` + certificate + `,"appliesToCombinations":["x509CertificateMultiFactor"]}`:                                                                  400,
		`{"allowedAAGUIDs":["x"],"appliesToCombinations":["fido2"]}`:                                                                                    400,
	} {
		if answer := f.Graph(http.MethodPost, path, body); answer.Status != want {
			t.Errorf("%s: %d %s", body, answer.Status, answer.Raw)
		}
	}
	all := f.Get(path).Values()
	if len(all) != 2 {
		t.Fatal(all)
	}
	for _, configuration := range all {
		one := path + "/" + emulatortest.As[string](configuration["id"])
		property := map[any]string{control.TypeFIDO2Configuration: "allowedAAGUIDs", control.TypeX509Configuration: "allowedPolicyOIDs"}[configuration["@odata.type"]]
		body := `{"@odata.type":"` + emulatortest.As[string](configuration["@odata.type"]) + `","` + property + `":["1.2.3"]}`
		if answer := f.Graph(http.MethodPatch, one, body); answer.Status != 204 || !cmp.Equal(f.Get(one).Body[property], []any{"1.2.3"}) {
			t.Errorf("%d %s", answer.Status, answer.Raw)
		}
		if answer := f.Graph(http.MethodDelete, one, ""); answer.Status != 204 || f.Get(one).Status != 404 {
			t.Errorf("%d %s", answer.Status, answer.Raw)
		}
	}
	builtIn := strengthsPath + "/" + control.StrengthMFA + "/combinationConfigurations"
	if answer := f.Graph(http.MethodPost, builtIn, `{`+key+`,"allowedAAGUIDs":["x"],"appliesToCombinations":["fido2"]}`); answer.Status != 400 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}

func TestBadWritesAndTheLimitOfStrengths(t *testing.T) {
	f := startWithPolicyPermissions(t)
	for body, message := range map[string]string{
		`{"displayName":"a","allowedCombinations":[]}`:                                 "must not be empty",
		`{"displayName":"","allowedCombinations":["fido2"]}`:                           "displayName",
		`{"displayName":"a","allowedCombinations":["carrierPigeon"]}`:                  "carrierPigeon",
		`{"displayName":"multifactor authentication","allowedCombinations":["fido2"]}`: "already exists",
		`{"displayName":"a","allowedCombinations":["fido2"],"colour":"red"}`:           "'colour' does not exist",
	} {
		if answer := f.Graph(http.MethodPost, strengthsPath, body); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), message) {
			t.Errorf("%s: %d %s", body, answer.Status, answer.Raw)
		}
	}
	for i := range control.MaxAuthenticationStrengths + 1 {
		answer := f.Graph(http.MethodPost, strengthsPath, fmt.Sprintf(`{"displayName":"s%d","allowedCombinations":["fido2"]}`, i))
		if want := map[bool]int{true: 201, false: 400}[i < control.MaxAuthenticationStrengths]; answer.Status != want {
			t.Errorf("%d: %d %s", i, answer.Status, answer.Raw)
		}
	}
	before, err := f.Control.Snapshot(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	other := emulatortest.Start(t)
	if err := other.Control.Seed(f.Ctx, before); err != nil {
		t.Fatal(err)
	}
	permit(other, "Policy.Read.All")
	if values := other.Get(strengthsPath).Values(); len(values) != control.MaxAuthenticationStrengths+3 {
		t.Errorf("%d strengths", len(values))
	}
	f.SetBehavior(control.Behavior{ConditionalAccess: control.ConditionalAccessBehavior{SpacedCombinations: true}})
	for _, path := range []string{strengthsPath + "/" + control.StrengthMFA, strengthsRootPath + "/combinations"} {
		if answer := f.Get(path); !strings.Contains(string(answer.Raw), `"password, sms"`) || strings.Contains(string(answer.Raw), `"password,sms"`) {
			t.Errorf("%d %s", answer.Status, answer.Raw)
		}
	}
}

// Strengths, policies and locations share one limit, and its refusals have no Retry-After.
func TestStrengthsAreThrottledWithConditionalAccess(t *testing.T) {
	f := startWithPolicyPermissions(t)
	f.SetBehavior(control.Behavior{Throttle: control.DocumentedThrottling()})
	paths := []string{strengthsPath, policiesPath, strengthsRootPath + "/policies", locationsPath}
	for i, path := range paths {
		if answer := f.Get(path); answer.Status != 200 {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
		other := paths[(i+1)%len(paths)]
		if answer := f.Get(other); answer.Status != 429 || answer.Header.Values("Retry-After") != nil {
			t.Errorf("%s after %s: %d %s %v", other, path, answer.Status, answer.Raw, answer.Header)
		}
		f.Clock.Advance(time.Second)
	}
}
