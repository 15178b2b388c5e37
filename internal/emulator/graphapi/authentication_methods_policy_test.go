package graphapi_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

const (
	methodsPolicyV1   = "/v1.0/policies/authenticationMethodsPolicy"
	methodsPolicyBeta = "/beta/policies/authenticationMethodsPolicy"

	everybodyByAuthenticator = `{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}`
)

// campaignOf is the registration campaign in an answer.
func campaignOf(r emulatortest.Reply) map[string]any {
	return emulatortest.As[map[string]any](emulatortest.At(r.Body, "registrationEnforcement", "authenticationMethodsRegistrationCampaign"))
}

func campaignBody(campaign string) string {
	return `{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":` + campaign + `}}`
}

func readCampaign(f *emulatortest.Fixture) map[string]any {
	f.T.Helper()
	answer := f.Get(methodsPolicyBeta)
	if answer.Status != http.StatusOK {
		f.T.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	return campaignOf(answer)
}

func writeCampaign(f *emulatortest.Fixture, campaign string) emulatortest.Reply {
	f.T.Helper()
	answer := f.Graph(http.MethodPatch, methodsPolicyBeta, campaignBody(campaign))
	if answer.Status >= 300 {
		f.T.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	return answer
}

func includeAll(method string) []any {
	return []any{map[string]any{"id": "all_users", "targetType": "group", "targetedAuthenticationMethod": method}}
}

func TestMethodsPolicyDiffersBetweenVersions(t *testing.T) {
	f := emulatortest.Start(t)
	common := []string{
		"@odata.context", "id", "displayName", "description", "lastModifiedDateTime", "policyVersion", "reconfirmationInDays",
		"policyMigrationState", "registrationEnforcement", "authenticationMethodConfigurations",
		"authenticationMethodConfigurations@odata.context",
	}
	betaOnly := []string{"systemCredentialPreferences", "reportSuspiciousActivitySettings", "microsoftAuthenticatorPlatformSettings"}
	for path, want := range map[string][]string{methodsPolicyV1: common, methodsPolicyBeta: append(common, betaOnly...)} {
		answer := f.Get(path)
		if answer.Status != http.StatusOK || len(answer.Body) != len(want) {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
		for _, name := range want {
			if _, found := answer.Body[name]; !found {
				t.Errorf("%s: %s is missing", path, name)
			}
		}
		_, limited := campaignOf(answer)["enforceRegistrationAfterAllowedSnoozes"]
		if limited != (path == methodsPolicyBeta) {
			t.Errorf("%s: the campaign is %v", path, campaignOf(answer))
		}
		if configurations := emulatortest.As[[]any](answer.Body["authenticationMethodConfigurations"]); len(configurations) < 8 {
			t.Errorf("%s: %d configurations", path, len(configurations))
		}
	}
	answer := f.Get(methodsPolicyV1 + "?$select=id,policyVersion")
	if len(answer.Body) != 3 || answer.Body["id"] != "authenticationMethodsPolicy" {
		t.Errorf("$select: %d %s", answer.Status, answer.Raw)
	}
	for _, path := range []string{
		methodsPolicyV1 + "?$select=systemCredentialPreferences", methodsPolicyV1 + "?$expand=authenticationMethodConfigurations",
		methodsPolicyV1 + "/nonsense", "/v1.0/policies", "/v1.0/policies/nonsense",
	} {
		if answer := f.Get(path); answer.Status != http.StatusBadRequest || answer.ErrorCode() != "BadRequest" {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		if answer := f.Graph(method, methodsPolicyV1, `{}`); answer.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d %s", method, answer.Status, answer.Raw)
		}
	}
}

func TestCampaignIsWrittenAsAWholeAndNothingElse(t *testing.T) {
	f := emulatortest.Start(t)
	group := emulator.SampleBreakGlassID
	before := f.Get(methodsPolicyBeta)
	f.Clock.Advance(time.Minute)
	answer := writeCampaign(f, `{"state":"enabled","snoozeDurationInDays":0,"enforceRegistrationAfterAllowedSnoozes":false,
		"includeTargets":[`+everybodyByAuthenticator+`],"excludeTargets":[{"id":"`+group+`","targetType":"group"}]}`)
	want := map[string]any{
		"state": "enabled", "snoozeDurationInDays": 0.0, "enforceRegistrationAfterAllowedSnoozes": false,
		"includeTargets": includeAll("microsoftAuthenticator"),
		"excludeTargets": []any{map[string]any{"id": group, "targetType": "group"}},
	}
	if diff := cmp.Diff(want, campaignOf(answer)); diff != "" || answer.Status != http.StatusOK {
		t.Errorf("the answer of the PATCH: %d %s", answer.Status, diff)
	}
	after := f.Get(methodsPolicyBeta)
	if diff := cmp.Diff(want, campaignOf(after)); diff != "" {
		t.Error(diff)
	}
	if after.Body["lastModifiedDateTime"] == before.Body["lastModifiedDateTime"] {
		t.Error("lastModifiedDateTime stays")
	}
	for _, name := range []string{"registrationEnforcement", "lastModifiedDateTime"} {
		delete(before.Body, name)
		delete(after.Body, name)
	}
	if diff := cmp.Diff(before.Body, after.Body); diff != "" {
		t.Errorf("what the PATCH did not name changed: %s", diff)
	}
	// A campaign that is named again loses what is not in it.
	writeCampaign(f, `{"state":"enabled","includeTargets":[`+everybodyByAuthenticator+`]}`)
	want["snoozeDurationInDays"], want["enforceRegistrationAfterAllowedSnoozes"], want["excludeTargets"] = 1.0, true, []any{}
	if diff := cmp.Diff(want, readCampaign(f)); diff != "" {
		t.Error(diff)
	}
	// A PATCH that does not name it leaves it alone.
	if answer := f.Graph(http.MethodPatch, methodsPolicyV1, `{"reconfirmationInDays":90,"policyMigrationState":null}`); answer.Status != http.StatusOK ||
		answer.Body["reconfirmationInDays"] != 90.0 || answer.Body["policyMigrationState"] != nil {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if diff := cmp.Diff(want, readCampaign(f)); diff != "" {
		t.Error(diff)
	}
}

func TestCampaignCanBeMerged(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.Campaign.MergeOnWrite = true })
	writeCampaign(f, `{"state":"enabled","snoozeDurationInDays":7,"includeTargets":[`+everybodyByAuthenticator+`]}`)
	writeCampaign(f, `{"enforceRegistrationAfterAllowedSnoozes":false}`)
	want := map[string]any{
		"state": "enabled", "snoozeDurationInDays": 7.0, "enforceRegistrationAfterAllowedSnoozes": false,
		"includeTargets": includeAll("microsoftAuthenticator"), "excludeTargets": []any{},
	}
	if diff := cmp.Diff(want, readCampaign(f)); diff != "" {
		t.Error(diff)
	}
	for _, merge := range []bool{true, false} {
		f.SetBehavior(control.Behavior{Campaign: control.CampaignBehavior{MergeOnWrite: merge}})
		if _, err := f.Control.PatchAuthenticationMethodsPolicy(f.Ctx, json.RawMessage(
			`{"reportSuspiciousActivitySettings":{"state":"enabled","voiceReportingCode":7}}`)); err != nil {
			t.Fatal(err)
		}
		answer := f.Graph(http.MethodPatch, methodsPolicyBeta, `{"reportSuspiciousActivitySettings":{"state":"disabled"}}`)
		code := emulatortest.At(answer.Body, "reportSuspiciousActivitySettings", "voiceReportingCode")
		if want := map[bool]float64{true: 7, false: 0}[merge]; code != want || answer.Status != http.StatusOK {
			t.Errorf("merge %v: %d %s", merge, answer.Status, answer.Raw)
		}
	}
}

func TestCampaignInTheDefaultStateIsMicrosofts(t *testing.T) {
	const sent = `{"state":"default","snoozeDurationInDays":9,"enforceRegistrationAfterAllowedSnoozes":false,
		"includeTargets":[{"id":"` + emulator.SampleEngineeringID + `","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}],
		"excludeTargets":[{"id":"` + emulator.SampleBreakGlassID + `","targetType":"group"}]}`
	tests := []struct {
		name, managed, method string
		limited               bool
	}{
		{"Authenticator", "", "microsoftAuthenticator", true},
		{"passkeys", control.CampaignFIDO2, "fido2", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.Campaign.ManagedMethod = test.managed })
			writeCampaign(f, `{"state":"disabled"}`)
			writeCampaign(f, sent)
			want := map[string]any{
				"state": "default", "snoozeDurationInDays": 1.0, "enforceRegistrationAfterAllowedSnoozes": test.limited,
				"includeTargets": []any{map[string]any{
					"id": emulator.SampleEngineeringID, "targetType": "group", "targetedAuthenticationMethod": test.method,
				}},
				"excludeTargets": []any{map[string]any{"id": emulator.SampleBreakGlassID, "targetType": "group"}},
			}
			if diff := cmp.Diff(want, readCampaign(f)); diff != "" {
				t.Error(diff)
			}
			// The method is Microsoft's and need not be sent.
			writeCampaign(f, `{"state":"default","includeTargets":[{"id":"all_users","targetType":"group"}]}`)
			if diff := cmp.Diff(includeAll(test.method), readCampaign(f)["includeTargets"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMicrosoftRewritesTheCampaign(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{DurationMs: 60_000} })
	writeCampaign(f, `{"state":"enabled","snoozeDurationInDays":3,"includeTargets":[`+everybodyByAuthenticator+`]}`)
	policy, err := f.Control.PatchAuthenticationMethodsPolicy(f.Ctx, json.RawMessage(campaignBody(
		`{"state":"default","snoozeDurationInDays":1,"enforceRegistrationAfterAllowedSnoozes":false,
		"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`)))
	if err != nil || policy.Campaign().State != control.ConfigDefault {
		t.Fatalf("%+v, %v", policy, err)
	}
	want := map[string]any{
		"state": "default", "snoozeDurationInDays": 1.0, "enforceRegistrationAfterAllowedSnoozes": false,
		"includeTargets": includeAll("fido2"), "excludeTargets": []any{},
	}
	if diff := cmp.Diff(want, readCampaign(f)); diff != "" {
		t.Errorf("at once, without lag: %s", diff)
	}
	// From then on passkeys are what Microsoft manages, whatever is sent.
	f.SetBehavior(control.Behavior{})
	writeCampaign(f, `{"state":"default","snoozeDurationInDays":14,"includeTargets":[`+everybodyByAuthenticator+`]}`)
	if diff := cmp.Diff(want, readCampaign(f)); diff != "" {
		t.Error(diff)
	}
}

func TestBadWritesOfTheMethodsPolicyAreRefused(t *testing.T) {
	f := emulatortest.Start(t)
	target := func(id, kind, method string) string {
		return `{"id":"` + id + `","targetType":"` + kind + `","targetedAuthenticationMethod":"` + method + `"}`
	}
	enabled := func(targets ...string) string {
		return campaignBody(`{"state":"enabled","includeTargets":[` + strings.Join(targets, ",") + `]}`)
	}
	const id = emulator.SampleAllStaffID
	tests := []struct{ name, path, body, message string }{
		{"unknown property", methodsPolicyBeta, `{"registrationCampaign":{}}`, "'registrationCampaign' does not exist on type 'microsoft.graph.authenticationMethodsPolicy'"},
		{"unknown property of the campaign", methodsPolicyBeta, campaignBody(`{"snooze":1}`), "'snooze' does not exist on type 'microsoft.graph.authenticationMethodsRegistrationCampaign'"},
		{"unknown property of a target", methodsPolicyBeta, campaignBody(`{"excludeTargets":[{"groupId":"x"}]}`), "'groupId' does not exist"},
		{"the limit on v1.0", methodsPolicyV1, campaignBody(`{"enforceRegistrationAfterAllowedSnoozes":true}`), "'enforceRegistrationAfterAllowedSnoozes' does not exist"},
		{"a beta setting on v1.0", methodsPolicyV1, `{"systemCredentialPreferences":{"state":"enabled"}}`, "'systemCredentialPreferences' does not exist"},
		{"read-only", methodsPolicyBeta, `{"policyVersion":"2.0"}`, "'policyVersion' is read-only"},
		{"the id", methodsPolicyBeta, `{"id":"authenticationMethodsPolicy"}`, "'id' is read-only"},
		{"the configurations", methodsPolicyBeta, `{"authenticationMethodConfigurations":[]}`, "is read-only"},
		{"state", methodsPolicyBeta, campaignBody(`{"state":"on"}`), `Campaign.state: "on" is not a state`},
		{"state of no type", methodsPolicyBeta, campaignBody(`{"state":true}`), "literal 'true' to the expected type 'Edm.String'"},
		{"snooze too long", methodsPolicyBeta, campaignBody(`{"snoozeDurationInDays":15}`), "15 is not within 0 and 14"},
		{"snooze below zero", methodsPolicyBeta, enabledSnooze(-1), "-1 is not within 0 and 14"},
		{"snooze null", methodsPolicyBeta, campaignBody(`{"snoozeDurationInDays":null}`), "literal 'null' to the expected type 'Edm.Int32'"},
		{"snooze with a fraction", methodsPolicyBeta, campaignBody(`{"snoozeDurationInDays":1.5}`), "literal '1.5'"},
		{"limit of no type", methodsPolicyBeta, campaignBody(`{"enforceRegistrationAfterAllowedSnoozes":"yes"}`), "Edm.Boolean"},
		{"target type", methodsPolicyBeta, enabled(target(id, "role", "fido2")), `includeTargets[0].targetType: "role" is neither`},
		{"target type of everybody", methodsPolicyBeta, enabled(target("all_users", "user", "fido2")), "all_users is a group"},
		{"id", methodsPolicyBeta, enabled(target("all-staff", "group", "fido2")), `includeTargets[0].id: "all-staff" is neither a GUID`},
		{"method", methodsPolicyBeta, enabled(target(id, "group", "sms")), `"sms" is neither microsoftAuthenticator nor fido2`},
		{"no method", methodsPolicyBeta, enabled(`{"id":"` + id + `","targetType":"group"}`), "targetedAuthenticationMethod"},
		{"two methods", methodsPolicyBeta, enabled(target(id, "group", "fido2"), target("all_users", "group", "microsoftAuthenticator")), "one method for all targets"},
		{"excluded by name", methodsPolicyBeta, campaignBody(`{"state":"disabled","excludeTargets":[{"id":"` + emulatortest.Adele + `","targetType":"user"}]}`), "excludeTargets[0].id"},
		{"nobody included", methodsPolicyBeta, enabled(), "at least one target"},
		{"targets that are no list", methodsPolicyBeta, campaignBody(`{"includeTargets":{}}`), "Collection"},
		{"migration state", methodsPolicyBeta, `{"policyMigrationState":"done"}`, `"done" is not a state`},
		{"reconfirmation", methodsPolicyBeta, `{"reconfirmationInDays":-1}`, "must not be negative"},
		{"system-preferred state", methodsPolicyBeta, `{"systemCredentialPreferences":{"state":"on"}}`, "systemCredentialPreferences.state"},
		{"suspicious activity target", methodsPolicyBeta, `{"reportSuspiciousActivitySettings":{"state":"enabled","includeTarget":{"id":"x","targetType":"group"}}}`, "reportSuspiciousActivitySettings.includeTarget.id"},
		{"no JSON", methodsPolicyBeta, `state=enabled`, "Unable to read JSON"},
		{"a query option", methodsPolicyBeta + "?$select=id", `{}`, "'$select' is not supported"},
	}
	before := readCampaign(f)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := f.Graph(http.MethodPatch, test.path, test.body)
			if answer.Status != http.StatusBadRequest || answer.ErrorCode() != "BadRequest" || !strings.Contains(answer.ErrorMessage(), test.message) {
				t.Errorf("%d %s", answer.Status, answer.Raw)
			}
		})
	}
	if diff := cmp.Diff(before, readCampaign(f)); diff != "" {
		t.Errorf("a refused write changed the campaign: %s", diff)
	}
	// The positive control: annotations, letters of any case, and both ends of the duration.
	for _, body := range []string{
		`{"@odata.type":"#microsoft.graph.authenticationMethodsPolicy"}`,
		enabled(target(id, "group", "FIDO2"), target("all_users", "group", "fido2")),
		enabledSnooze(0), enabledSnooze(14),
		`{"systemCredentialPreferences":{"state":"enabled","includeTargets":[{"id":"all_users","targetType":"group"}],"excludeTargets":[]}}`,
		`{"microsoftAuthenticatorPlatformSettings":{"enforceAppPIN":{"state":"enabled"}}}`,
	} {
		if answer := f.Graph(http.MethodPatch, methodsPolicyBeta, body); answer.Status != http.StatusOK {
			t.Errorf("%s: %d %s", body, answer.Status, answer.Raw)
		}
	}
}

func enabledSnooze(days int) string {
	return campaignBody(`{"state":"enabled","snoozeDurationInDays":` + strconv.Itoa(days) + `,"includeTargets":[` + everybodyByAuthenticator + `]}`)
}

func TestSwitchesOfTheCampaign(t *testing.T) {
	const fido2 = `{"state":"enabled","includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`
	const nobody = `{"state":"enabled","includeTargets":[]}`
	const limit = `{"state":"disabled","enforceRegistrationAfterAllowedSnoozes":false}`
	tests := []struct {
		name       string
		behavior   control.CampaignBehavior
		path, body string
		status     int
	}{
		{"200 by default", control.CampaignBehavior{}, methodsPolicyV1, fido2, 200},
		{"204", control.CampaignBehavior{StatusOnWrite: 204}, methodsPolicyV1, fido2, 204},
		{"202", control.CampaignBehavior{StatusOnWrite: 202}, methodsPolicyV1, fido2, 202},
		{"fido2 refused", control.CampaignBehavior{RefuseEnabledFIDO2: true}, methodsPolicyV1, fido2, 400},
		{"nobody allowed", control.CampaignBehavior{AllowEmptyInclude: true}, methodsPolicyV1, nobody, 200},
		{"limit on beta", control.CampaignBehavior{}, methodsPolicyBeta, limit, 200},
		{"limit not on v1.0", control.CampaignBehavior{}, methodsPolicyV1, limit, 400},
		{"limit on both", control.CampaignBehavior{LimitOn: control.LimitOnBoth}, methodsPolicyV1, limit, 200},
		{"limit nowhere", control.CampaignBehavior{LimitOn: control.LimitNowhere}, methodsPolicyBeta, limit, 400},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.Campaign = test.behavior })
			answer := f.Graph(http.MethodPatch, test.path, campaignBody(test.body))
			if answer.Status != test.status || (test.status == 204) != (len(answer.Raw) == 0) {
				t.Errorf("%d %s", answer.Status, answer.Raw)
			}
		})
	}
	t.Run("as sent, or Fido2", func(t *testing.T) {
		f := emulatortest.Start(t)
		writeCampaign(f, fido2)
		if diff := cmp.Diff(includeAll("fido2"), readCampaign(f)["includeTargets"]); diff != "" {
			t.Error(diff)
		}
		f.SetBehavior(control.Behavior{Campaign: control.CampaignBehavior{ReadFIDO2Capitalized: true}})
		if diff := cmp.Diff(includeAll("Fido2"), readCampaign(f)["includeTargets"]); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("other answers", func(t *testing.T) {
		f := emulatortest.Start(t)
		f.SetBehavior(control.Behavior{Campaign: control.CampaignBehavior{RefuseEnabledFIDO2: true}, Errors: map[string]control.ErrorOverride{
			control.CaseInvalidPolicy: {Code: "invalidRequest"}, control.CaseEmptyCampaign: {Status: 422}, control.CaseEnabledFIDO2: {EmptyCode: true},
		}})
		if answer := f.Graph(http.MethodPatch, methodsPolicyBeta, `{"x":1}`); answer.ErrorCode() != "invalidRequest" {
			t.Errorf("%d %s", answer.Status, answer.Raw)
		}
		if answer := f.Graph(http.MethodPatch, methodsPolicyBeta, campaignBody(nobody)); answer.Status != 422 {
			t.Errorf("%d %s", answer.Status, answer.Raw)
		}
		if answer := f.Graph(http.MethodPatch, methodsPolicyBeta, campaignBody(fido2)); answer.Status != 400 || answer.ErrorCode() != "" {
			t.Errorf("%d %s", answer.Status, answer.Raw)
		}
	})
}

func TestPermissionsForTheMethodsPolicy(t *testing.T) {
	tests := []struct {
		permission  string
		read, write bool
	}{
		{"Policy.Read.All", true, false},
		{"Policy.ReadWrite.AuthenticationMethod", true, true},
		{"Policy.ReadWrite.ConditionalAccess", false, false},
		{"Directory.ReadWrite.All", false, false},
	}
	for _, test := range tests {
		t.Run(test.permission, func(t *testing.T) {
			f := emulatortest.Start(t)
			permit(f, test.permission)
			checkAllowed(f, "read", f.Get(methodsPolicyV1), test.read)
			checkAllowed(f, "write", f.Graph(http.MethodPatch, methodsPolicyV1, `{"reconfirmationInDays":1}`), test.write)
		})
	}
}

func TestReplicaLagOfTheMethodsPolicy(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 4, Alternate: true} })
	writeCampaign(f, `{"state":"disabled"}`)
	if policy, err := f.Control.GetAuthenticationMethodsPolicy(f.Ctx); err != nil || policy.Campaign().State != "disabled" {
		t.Errorf("the truth is %+v, %v", policy, err)
	}
	var states []string
	for range 6 {
		states = append(states, emulatortest.As[string](readCampaign(f)["state"]))
	}
	if diff := cmp.Diff([]string{"default", "disabled", "default", "disabled", "disabled", "disabled"}, states); diff != "" {
		t.Error(diff)
	}
}

func TestMethodsPolicyInOtherClouds(t *testing.T) {
	tests := []struct {
		cloud            string
		v1               int
		platformSettings bool
	}{
		{control.CloudPublic, 200, true},
		{control.CloudUSGovernment, 200, true},
		{control.CloudDoD, 200, true},
		{control.CloudChina, 400, false},
		{control.CloudUSNat, 200, false},
	}
	for _, test := range tests {
		t.Run(test.cloud, func(t *testing.T) {
			f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Tenant.Cloud = test.cloud })
			answer := f.Get(methodsPolicyV1)
			if answer.Status != test.v1 || test.v1 == 400 &&
				answer.ErrorMessage() != "Resource not found for the segment 'authenticationMethodsPolicy'." {
				t.Errorf("v1.0: %d %s", answer.Status, answer.Raw)
			}
			answer = f.Get(methodsPolicyBeta)
			if _, found := answer.Body["microsoftAuthenticatorPlatformSettings"]; answer.Status != 200 || found != test.platformSettings {
				t.Errorf("beta: %d %s", answer.Status, answer.Raw)
			}
		})
	}
}
