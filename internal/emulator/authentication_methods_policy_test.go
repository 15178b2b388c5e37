package emulator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const (
	methodsPolicyV1   = "/v1.0/policies/authenticationMethodsPolicy"
	methodsPolicyBeta = "/beta/policies/authenticationMethodsPolicy"

	everybodyByAuthenticator = `{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}`
)

// campaign is the registration campaign in an answer.
func (r reply) campaign() map[string]any {
	return as[map[string]any](at(r.body, "registrationEnforcement", "authenticationMethodsRegistrationCampaign"))
}

func campaignBody(campaign string) string {
	return `{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":` + campaign + `}}`
}

func (f *fixture) readCampaign() map[string]any {
	f.t.Helper()
	answer := f.get(methodsPolicyBeta)
	if answer.status != http.StatusOK {
		f.t.Fatalf("%d %s", answer.status, answer.raw)
	}
	return answer.campaign()
}

func (f *fixture) writeCampaign(campaign string) reply {
	f.t.Helper()
	answer := f.graph(http.MethodPatch, methodsPolicyBeta, campaignBody(campaign))
	if answer.status >= 300 {
		f.t.Fatalf("%d %s", answer.status, answer.raw)
	}
	return answer
}

func includeAll(method string) []any {
	return []any{map[string]any{"id": "all_users", "targetType": "group", "targetedAuthenticationMethod": method}}
}

func TestMethodsPolicyDiffersBetweenVersions(t *testing.T) {
	f := start(t)
	common := []string{
		"@odata.context", "id", "displayName", "description", "lastModifiedDateTime", "policyVersion", "reconfirmationInDays",
		"policyMigrationState", "registrationEnforcement", "authenticationMethodConfigurations",
		"authenticationMethodConfigurations@odata.context",
	}
	betaOnly := []string{"systemCredentialPreferences", "reportSuspiciousActivitySettings", "microsoftAuthenticatorPlatformSettings"}
	for path, want := range map[string][]string{methodsPolicyV1: common, methodsPolicyBeta: append(common, betaOnly...)} {
		answer := f.get(path)
		if answer.status != http.StatusOK || len(answer.body) != len(want) {
			t.Errorf("%s: %d %s", path, answer.status, answer.raw)
		}
		for _, name := range want {
			if _, found := answer.body[name]; !found {
				t.Errorf("%s: %s is missing", path, name)
			}
		}
		_, limited := answer.campaign()["enforceRegistrationAfterAllowedSnoozes"]
		if limited != (path == methodsPolicyBeta) {
			t.Errorf("%s: the campaign is %v", path, answer.campaign())
		}
		if configurations := as[[]any](answer.body["authenticationMethodConfigurations"]); len(configurations) < 8 {
			t.Errorf("%s: %d configurations", path, len(configurations))
		}
	}
	answer := f.get(methodsPolicyV1 + "?$select=id,policyVersion")
	if len(answer.body) != 3 || answer.body["id"] != "authenticationMethodsPolicy" {
		t.Errorf("$select: %d %s", answer.status, answer.raw)
	}
	for _, path := range []string{
		methodsPolicyV1 + "?$select=systemCredentialPreferences", methodsPolicyV1 + "?$expand=authenticationMethodConfigurations",
		methodsPolicyV1 + "/nonsense", "/v1.0/policies", "/v1.0/policies/nonsense",
	} {
		if answer := f.get(path); answer.status != http.StatusBadRequest || answer.errorCode() != "BadRequest" {
			t.Errorf("%s: %d %s", path, answer.status, answer.raw)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		if answer := f.graph(method, methodsPolicyV1, `{}`); answer.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d %s", method, answer.status, answer.raw)
		}
	}
}

func TestCampaignIsWrittenAsAWholeAndNothingElse(t *testing.T) {
	f := start(t)
	group := emulator.SampleBreakGlassID
	before := f.get(methodsPolicyBeta)
	f.clock.advance(time.Minute)
	answer := f.writeCampaign(`{"state":"enabled","snoozeDurationInDays":0,"enforceRegistrationAfterAllowedSnoozes":false,
		"includeTargets":[` + everybodyByAuthenticator + `],"excludeTargets":[{"id":"` + group + `","targetType":"group"}]}`)
	want := map[string]any{
		"state": "enabled", "snoozeDurationInDays": 0.0, "enforceRegistrationAfterAllowedSnoozes": false,
		"includeTargets": includeAll("microsoftAuthenticator"),
		"excludeTargets": []any{map[string]any{"id": group, "targetType": "group"}},
	}
	if diff := cmp.Diff(want, answer.campaign()); diff != "" || answer.status != http.StatusOK {
		t.Errorf("the answer of the PATCH: %d %s", answer.status, diff)
	}
	after := f.get(methodsPolicyBeta)
	if diff := cmp.Diff(want, after.campaign()); diff != "" {
		t.Error(diff)
	}
	if after.body["lastModifiedDateTime"] == before.body["lastModifiedDateTime"] {
		t.Error("lastModifiedDateTime stays")
	}
	for _, name := range []string{"registrationEnforcement", "lastModifiedDateTime"} {
		delete(before.body, name)
		delete(after.body, name)
	}
	if diff := cmp.Diff(before.body, after.body); diff != "" {
		t.Errorf("what the PATCH did not name changed: %s", diff)
	}
	// A campaign that is named again loses what is not in it.
	f.writeCampaign(`{"state":"enabled","includeTargets":[` + everybodyByAuthenticator + `]}`)
	want["snoozeDurationInDays"], want["enforceRegistrationAfterAllowedSnoozes"], want["excludeTargets"] = 1.0, true, []any{}
	if diff := cmp.Diff(want, f.readCampaign()); diff != "" {
		t.Error(diff)
	}
	// A PATCH that does not name it leaves it alone.
	if answer := f.graph(http.MethodPatch, methodsPolicyV1, `{"reconfirmationInDays":90,"policyMigrationState":null}`); answer.status != http.StatusOK ||
		answer.body["reconfirmationInDays"] != 90.0 || answer.body["policyMigrationState"] != nil {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	if diff := cmp.Diff(want, f.readCampaign()); diff != "" {
		t.Error(diff)
	}
}

func TestCampaignCanBeMerged(t *testing.T) {
	f := start(t, func(cfg *emulator.Config) { cfg.Behavior.Campaign.MergeOnWrite = true })
	f.writeCampaign(`{"state":"enabled","snoozeDurationInDays":7,"includeTargets":[` + everybodyByAuthenticator + `]}`)
	f.writeCampaign(`{"enforceRegistrationAfterAllowedSnoozes":false}`)
	want := map[string]any{
		"state": "enabled", "snoozeDurationInDays": 7.0, "enforceRegistrationAfterAllowedSnoozes": false,
		"includeTargets": includeAll("microsoftAuthenticator"), "excludeTargets": []any{},
	}
	if diff := cmp.Diff(want, f.readCampaign()); diff != "" {
		t.Error(diff)
	}
	for _, merge := range []bool{true, false} {
		f.setBehavior(control.Behavior{Campaign: control.CampaignBehavior{MergeOnWrite: merge}})
		if _, err := f.control.PatchAuthenticationMethodsPolicy(f.ctx, json.RawMessage(
			`{"reportSuspiciousActivitySettings":{"state":"enabled","voiceReportingCode":7}}`)); err != nil {
			t.Fatal(err)
		}
		answer := f.graph(http.MethodPatch, methodsPolicyBeta, `{"reportSuspiciousActivitySettings":{"state":"disabled"}}`)
		code := at(answer.body, "reportSuspiciousActivitySettings", "voiceReportingCode")
		if want := map[bool]float64{true: 7, false: 0}[merge]; code != want || answer.status != http.StatusOK {
			t.Errorf("merge %v: %d %s", merge, answer.status, answer.raw)
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
			f := start(t, func(cfg *emulator.Config) { cfg.Behavior.Campaign.ManagedMethod = test.managed })
			f.writeCampaign(`{"state":"disabled"}`)
			f.writeCampaign(sent)
			want := map[string]any{
				"state": "default", "snoozeDurationInDays": 1.0, "enforceRegistrationAfterAllowedSnoozes": test.limited,
				"includeTargets": []any{map[string]any{
					"id": emulator.SampleEngineeringID, "targetType": "group", "targetedAuthenticationMethod": test.method,
				}},
				"excludeTargets": []any{map[string]any{"id": emulator.SampleBreakGlassID, "targetType": "group"}},
			}
			if diff := cmp.Diff(want, f.readCampaign()); diff != "" {
				t.Error(diff)
			}
			// The method is Microsoft's and need not be sent.
			f.writeCampaign(`{"state":"default","includeTargets":[{"id":"all_users","targetType":"group"}]}`)
			if diff := cmp.Diff(includeAll(test.method), f.readCampaign()["includeTargets"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMicrosoftRewritesTheCampaign(t *testing.T) {
	f := start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{DurationMs: 60_000} })
	f.writeCampaign(`{"state":"enabled","snoozeDurationInDays":3,"includeTargets":[` + everybodyByAuthenticator + `]}`)
	policy, err := f.control.PatchAuthenticationMethodsPolicy(f.ctx, json.RawMessage(campaignBody(
		`{"state":"default","snoozeDurationInDays":1,"enforceRegistrationAfterAllowedSnoozes":false,
		"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`)))
	if err != nil || policy.Campaign().State != control.ConfigDefault {
		t.Fatalf("%+v, %v", policy, err)
	}
	want := map[string]any{
		"state": "default", "snoozeDurationInDays": 1.0, "enforceRegistrationAfterAllowedSnoozes": false,
		"includeTargets": includeAll("fido2"), "excludeTargets": []any{},
	}
	if diff := cmp.Diff(want, f.readCampaign()); diff != "" {
		t.Errorf("at once, without lag: %s", diff)
	}
	// From then on passkeys are what Microsoft manages, whatever is sent.
	f.setBehavior(control.Behavior{})
	f.writeCampaign(`{"state":"default","snoozeDurationInDays":14,"includeTargets":[` + everybodyByAuthenticator + `]}`)
	if diff := cmp.Diff(want, f.readCampaign()); diff != "" {
		t.Error(diff)
	}
}

func TestBadWritesOfTheMethodsPolicyAreRefused(t *testing.T) {
	f := start(t)
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
		{"excluded by name", methodsPolicyBeta, campaignBody(`{"state":"disabled","excludeTargets":[{"id":"` + adele + `","targetType":"user"}]}`), "excludeTargets[0].id"},
		{"nobody included", methodsPolicyBeta, enabled(), "at least one target"},
		{"targets that are no list", methodsPolicyBeta, campaignBody(`{"includeTargets":{}}`), "Collection"},
		{"migration state", methodsPolicyBeta, `{"policyMigrationState":"done"}`, `"done" is not a state`},
		{"reconfirmation", methodsPolicyBeta, `{"reconfirmationInDays":-1}`, "must not be negative"},
		{"system-preferred state", methodsPolicyBeta, `{"systemCredentialPreferences":{"state":"on"}}`, "systemCredentialPreferences.state"},
		{"suspicious activity target", methodsPolicyBeta, `{"reportSuspiciousActivitySettings":{"state":"enabled","includeTarget":{"id":"x","targetType":"group"}}}`, "reportSuspiciousActivitySettings.includeTarget.id"},
		{"no JSON", methodsPolicyBeta, `state=enabled`, "Unable to read JSON"},
		{"a query option", methodsPolicyBeta + "?$select=id", `{}`, "'$select' is not supported"},
	}
	before := f.readCampaign()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := f.graph(http.MethodPatch, test.path, test.body)
			if answer.status != http.StatusBadRequest || answer.errorCode() != "BadRequest" || !strings.Contains(answer.errorMessage(), test.message) {
				t.Errorf("%d %s", answer.status, answer.raw)
			}
		})
	}
	if diff := cmp.Diff(before, f.readCampaign()); diff != "" {
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
		if answer := f.graph(http.MethodPatch, methodsPolicyBeta, body); answer.status != http.StatusOK {
			t.Errorf("%s: %d %s", body, answer.status, answer.raw)
		}
	}
}

func enabledSnooze(days int) string {
	return campaignBody(`{"state":"enabled","snoozeDurationInDays":` + itoa(days) + `,"includeTargets":[` + everybodyByAuthenticator + `]}`)
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
			f := start(t, func(cfg *emulator.Config) { cfg.Behavior.Campaign = test.behavior })
			answer := f.graph(http.MethodPatch, test.path, campaignBody(test.body))
			if answer.status != test.status || (test.status == 204) != (len(answer.raw) == 0) {
				t.Errorf("%d %s", answer.status, answer.raw)
			}
		})
	}
	t.Run("as sent, or Fido2", func(t *testing.T) {
		f := start(t)
		f.writeCampaign(fido2)
		if diff := cmp.Diff(includeAll("fido2"), f.readCampaign()["includeTargets"]); diff != "" {
			t.Error(diff)
		}
		f.setBehavior(control.Behavior{Campaign: control.CampaignBehavior{ReadFIDO2Capitalized: true}})
		if diff := cmp.Diff(includeAll("Fido2"), f.readCampaign()["includeTargets"]); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("other answers", func(t *testing.T) {
		f := start(t)
		f.setBehavior(control.Behavior{Campaign: control.CampaignBehavior{RefuseEnabledFIDO2: true}, Errors: map[string]control.ErrorOverride{
			control.CaseInvalidPolicy: {Code: "invalidRequest"}, control.CaseEmptyCampaign: {Status: 422}, control.CaseEnabledFIDO2: {EmptyCode: true},
		}})
		if answer := f.graph(http.MethodPatch, methodsPolicyBeta, `{"x":1}`); answer.errorCode() != "invalidRequest" {
			t.Errorf("%d %s", answer.status, answer.raw)
		}
		if answer := f.graph(http.MethodPatch, methodsPolicyBeta, campaignBody(nobody)); answer.status != 422 {
			t.Errorf("%d %s", answer.status, answer.raw)
		}
		if answer := f.graph(http.MethodPatch, methodsPolicyBeta, campaignBody(fido2)); answer.status != 400 || answer.errorCode() != "" {
			t.Errorf("%d %s", answer.status, answer.raw)
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
			f := start(t)
			f.permit(test.permission)
			f.checkAllowed("read", f.get(methodsPolicyV1), test.read)
			f.checkAllowed("write", f.graph(http.MethodPatch, methodsPolicyV1, `{"reconfirmationInDays":1}`), test.write)
		})
	}
}

func TestReplicaLagOfTheMethodsPolicy(t *testing.T) {
	f := start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 4, Alternate: true} })
	f.writeCampaign(`{"state":"disabled"}`)
	if policy, err := f.control.GetAuthenticationMethodsPolicy(f.ctx); err != nil || policy.Campaign().State != "disabled" {
		t.Errorf("the truth is %+v, %v", policy, err)
	}
	var states []string
	for range 6 {
		states = append(states, as[string](f.readCampaign()["state"]))
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
			f := start(t, func(cfg *emulator.Config) { cfg.Tenant.Cloud = test.cloud })
			answer := f.get(methodsPolicyV1)
			if answer.status != test.v1 || test.v1 == 400 &&
				answer.errorMessage() != "Resource not found for the segment 'authenticationMethodsPolicy'." {
				t.Errorf("v1.0: %d %s", answer.status, answer.raw)
			}
			answer = f.get(methodsPolicyBeta)
			if _, found := answer.body["microsoftAuthenticatorPlatformSettings"]; answer.status != 200 || found != test.platformSettings {
				t.Errorf("beta: %d %s", answer.status, answer.raw)
			}
		})
	}
}
