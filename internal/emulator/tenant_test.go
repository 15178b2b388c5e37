package emulator_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/graphapi"
)

func textLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func TestSampleTenantIsATenantFile(t *testing.T) {
	data, err := json.Marshal(emulator.SampleTenant())
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := emulator.LoadTenant(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(emulator.SampleTenant(), loaded); diff != "" {
		t.Error(diff)
	}
	for _, app := range loaded.Apps {
		for _, secret := range app.Secrets {
			if !strings.Contains(secret.Value, "not-for-production") {
				t.Errorf("the secret %q does not look fake", secret.Value)
			}
		}
	}
}

func TestBadTenantFilesAreRefusedWithThePlace(t *testing.T) {
	const guid, other = "11111111-2222-4333-8444-555555555555", "AAAAAAAA-2222-4333-8444-555555555555"
	tests := []struct {
		name, file string
		want       []string
	}{
		{"empty", ``, []string{"the document is empty"}},
		{"cut off", `{"users":[`, []string{"ends too early"}},
		{"no JSON", "{\n  \"users\": [,]\n}", []string{"line 2, column 13", "not valid JSON"}},
		{"more than one document", `{} {}`, []string{"more data after"}},
		{"no object", `[]`, []string{"the document: expected an object, found a list"}},
		{"unknown field", `{"user":[]}`, []string{"user: unknown field; known here: $schema, agreements, apps, "}},
		{"unknown field deep inside", `{"users":[{"userPrincipalName":"a@b"},{"userPrincipalName":"c@d","upn":"x"}]}`, []string{"users[1].upn: unknown field"}},
		{"field in another case", `{"Users":[]}`, []string{"Users: unknown field"}},
		{"string instead of a list", `{"users":"x"}`, []string{"users: expected a list, found a string"}},
		{"string instead of a truth value", `{"users":[{"userPrincipalName":"a@b","accountEnabled":"yes"}]}`, []string{"users[0].accountEnabled: expected true or false, found a string"}},
		{"number instead of a string", `{"tenantId":3}`, []string{"tenantId: expected a string, found a number"}},
		{"bad date", `{"apps":[{"clientId":"` + guid + `","secrets":[{"value":"x","expires":"tomorrow"}]}]}`, []string{`apps[0].secrets[0].expires: "tomorrow" is not a time`}},
		{"tenant id", `{"tenantId":"contoso"}`, []string{`tenantId: "contoso" is not a GUID`}},
		{
			"several at once", `{"users":[{"id":"x","userPrincipalName":"a"},{"userPrincipalName":"c@d","perUserMfaState":"on","userType":"Robot"}]}`,
			[]string{`users[0].id: "x" is not a GUID`, `users[0].userPrincipalName: "a" is not of the form`, `users[1].perUserMfaState: "on" is not a state`, `users[1].userType: "Robot"`},
		},
		{
			"an id twice", `{"users":[{"id":"` + other + `","userPrincipalName":"a@b"}],"groups":[{"id":"` + strings.ToLower(other) + `","displayName":"g"}]}`,
			[]string{"groups[0].id", "already used at users[0].id"},
		},
		{"a name twice", `{"users":[{"userPrincipalName":"a@b"},{"userPrincipalName":"A@B"}]}`, []string{"users[1].userPrincipalName", "already used at users[0].userPrincipalName"}},
		{"an unknown member", `{"groups":[{"displayName":"g","members":["a@b"]}]}`, []string{`groups[0].members[0]: there is no user and no group "a@b"`}},
		{"an app as a member", `{"apps":[{"clientId":"` + guid + `"}],"groups":[{"displayName":"g","members":["` + guid + `"]}]}`, []string{"groups[0].members[0]"}},
		{"a member twice", `{"users":[{"userPrincipalName":"a@b"}],"groups":[{"displayName":"g","members":["a@b","A@b"]}]}`, []string{"groups[0].members[1]"}},
		{"a group without a name", `{"groups":[{"id":"` + guid + `"}]}`, []string{"groups[0].displayName"}},
		{"a method of no type", `{"users":[{"userPrincipalName":"a@b","methods":[{"type":"fido2"},{"type":"sms"}]}]}`, []string{`users[0].methods[1].type: "sms" is not a type`}},
		{"a password", `{"users":[{"userPrincipalName":"a@b","methods":[{"type":"password"}]}]}`, []string{"users[0].methods[0].type: every user has a password"}},
		{"a number without a phone", `{"users":[{"userPrincipalName":"a@b","methods":[{"type":"fido2","phoneNumber":"+1 5"}]}]}`, []string{"users[0].methods[0].phoneNumber"}},
		{"two phones of a type", `{"users":[{"userPrincipalName":"a@b","methods":[{"type":"phone"},{"type":"phone","phoneType":"mobile"}]}]}`, []string{"users[0].methods[1].phoneType"}},
		{"a phone with another id", `{"users":[{"userPrincipalName":"a@b","methods":[{"type":"phone","id":"` + guid + `"}]}]}`, []string{"users[0].methods[0].id"}},
		{"a cloud", `{"cloud":"mars"}`, []string{`cloud: "mars" is not a cloud; the clouds are public`}},
		{
			"a methods policy", `{"authenticationMethodsPolicy":{"policyMigrationState":"done","reportSuspiciousActivitySettings":{"state":"on"},
				"systemCredentialPreferences":{"excludeTargets":[{"id":"x","targetType":"group"}]},"registrationEnforcement":{
				"authenticationMethodsRegistrationCampaign":{"state":"on","snoozeDurationInDays":15,"includeTargets":[{"id":"all_users",
				"targetType":"user","targetedAuthenticationMethod":"sms"}],"excludeTargets":[{"id":"all_users","targetType":"role"}]}}}}`,
			[]string{
				"authenticationMethodsPolicy.policyMigrationState", "authenticationMethodsPolicy.reportSuspiciousActivitySettings.state",
				"authenticationMethodsPolicy.systemCredentialPreferences.excludeTargets[0].id", `Campaign.state: "on"`,
				"Campaign.snoozeDurationInDays: 15", "Campaign.includeTargets[0].targetType", `Campaign.includeTargets[0].targetedAuthenticationMethod: "sms"`,
				"Campaign.excludeTargets[0].targetType",
			},
		},
		{"a field of the campaign", `{"authenticationMethodsPolicy":{"registrationEnforcement":{"campaign":{}}}}`, []string{"authenticationMethodsPolicy.registrationEnforcement.campaign: unknown field"}},
		{
			"locations", `{"namedLocations":[{"displayName":"","ipRanges":[{"cidrAddress":"10.0.0.0/8"}]},{"displayName":"x"},
				{"displayName":"x","countriesAndRegions":["de"],"isTrusted":true},{"@odata.type":"gps","displayName":"x"},
				{"id":"` + guid + `","displayName":"x","ipRanges":[{"cidrAddress":"::/64"}]}],
				"deletedNamedLocations":[{"id":"` + guid + `","displayName":"x","ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"::/64"}]}]}`,
			[]string{
				"namedLocations[0].displayName", "namedLocations[0].ipRanges[0].cidrAddress", "namedLocations[1].ipRanges: must not be empty",
				"namedLocations[2].countriesAndRegions[0]", "namedLocations[2].ipRanges: a country location", "namedLocations[3].@odata.type",
				"deletedNamedLocations[0].id", "already used at namedLocations[4].id", "deletedNamedLocations[0].ipRanges[0].cidrAddress",
			},
		},
		{
			"policies", `{"conditionalAccessPolicies":[{"displayName":"x","state":"enabled","conditions":{"users":{},"applications":{},
				"locations":{"includeLocations":["` + guid + `"]}},"grantControls":{"operator":"OR"}},{"displayName":"x","state":"on","conditions":{}}]}`,
			[]string{
				"conditionalAccessPolicies[0].conditions.locations: there is no named location", "conditionalAccessPolicies[1].state",
				"conditionalAccessPolicies[1].conditions.users", "conditionalAccessPolicies[1].grantControls",
			},
		},
		{
			"too many locations", `{"namedLocations":[` + strings.TrimSuffix(strings.Repeat(`{"displayName":"x","ipRanges":[{"cidrAddress":"192.0.2.0/24"}]},`, 196), ",") + `]}`,
			[]string{"namedLocations: 196 IP locations; a tenant can have 195"},
		},
		{
			"an app", `{"apps":[{"clientId":"x","secrets":[{"value":""}],"certificates":[{"pem":"y"}],"federatedCredentials":[{"issuer":"","subject":""}],"permissions":[""]}]}`,
			[]string{
				"apps[0].clientId", "apps[0].secrets[0].value", "apps[0].certificates[0].pem", "apps[0].federatedCredentials[0].issuer",
				"apps[0].federatedCredentials[0].subject", "apps[0].permissions[0]",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := emulator.LoadTenant(strings.NewReader(test.file))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in\n%v", want, err)
				}
			}
		})
	}
	good := `{"users":[{"userPrincipalName":"a@b","accountEnabled":null}],"groups":[{"displayName":"g","members":["A@B"]}]}`
	if _, err := emulator.LoadTenant(strings.NewReader(good)); err != nil {
		t.Errorf("the positive control: %v", err)
	}
}

func FuzzLoadTenant(f *testing.F) {
	data, err := json.Marshal(emulator.SampleTenant())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add(`{"users":[{"methods":[{"type":"phone"}]}]}`)
	f.Add(`{"groups":[{"members":["a"]}]}`)
	f.Add(`{"authenticationMethodsPolicy":{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":null}}}`)
	f.Add(`{"namedLocations":[{"displayName":"x","ipRanges":[{"cidrAddress":"::ffff:192.0.2.1/120"}]}]}`)
	f.Add(`{"conditionalAccessPolicies":[{"conditions":{"locations":{"includeLocations":["All"]}}}]}`)
	f.Fuzz(func(t *testing.T, file string) {
		tenant, err := emulator.LoadTenant(strings.NewReader(file))
		if err == nil && graphapi.Validate(tenant) != nil {
			t.Error("a loaded tenant does not validate")
		}
	})
}
