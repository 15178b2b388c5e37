package emulator_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestTheOrganizationIsShownAsFarAsThePermissionsGo(t *testing.T) {
	f := start(t)
	domains := []any{map[string]any{
		"capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true, "isInitial": true, "name": "contoso.example", "type": "Managed",
	}}
	const path = "/v1.0/organization?$select=id,displayName,tenantType,verifiedDomains,city"
	for name, c := range map[string]struct {
		permission string
		tenantType any
	}{
		"an app":                       {"Organization.Read.All", "AAD"},
		"an app for directories":       {"Directory.Read.All", "AAD"},
		"what a signed-in user grants": {"User.Read", nil},
	} {
		if _, err := f.control.PatchApp(context.Background(), emulator.SampleAppID, control.AppPatch{Permissions: &[]string{c.permission}}); err != nil {
			t.Fatal(err)
		}
		token := "Bearer " + f.tokenFor(emulator.SampleAppID, emulator.SampleSecret)
		answer := f.get(path, "Authorization", token)
		want := []map[string]any{{
			"id": emulator.SampleTenantID, "displayName": "Contoso", "tenantType": c.tenantType, "verifiedDomains": domains, "city": nil,
		}}
		if diff := cmp.Diff(want, answer.values()); diff != "" || answer.status != 200 {
			t.Errorf("%s: %d (-want +got)\n%s", name, answer.status, diff)
		}
		one := f.get("/v1.0/organization/"+emulator.SampleTenantID, "Authorization", token)
		if one.status != 200 || one.body["displayName"] != "Contoso" || one.body["tenantType"] != c.tenantType || one.body["street"] != nil {
			t.Errorf("%s: by id: %d %s", name, one.status, one.raw)
		}
		if answer := f.get("/v1.0/organization?$select=colour", "Authorization", token); answer.status != 400 {
			t.Errorf("%s: an unknown property: %d %s", name, answer.status, answer.raw)
		}
		if answer := f.get("/v1.0/organization/11111111-2222-4333-8444-555555555555", "Authorization", token); answer.status != 404 {
			t.Errorf("%s: another organization: %d %s", name, answer.status, answer.raw)
		}
	}
	if _, err := f.control.PatchApp(context.Background(), emulator.SampleAppID, control.AppPatch{Permissions: &[]string{"User.Read.All", "Policy.Read.All"}}); err != nil {
		t.Fatal(err)
	}
	token := "Bearer " + f.tokenFor(emulator.SampleAppID, emulator.SampleSecret)
	if answer := f.get(path, "Authorization", token); answer.status != 403 {
		t.Errorf("without a permission: %d %s", answer.status, answer.raw)
	}
}
