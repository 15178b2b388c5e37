package graphapi_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestTheOrganizationIsShownAsFarAsThePermissionsGo(t *testing.T) {
	f := emulatortest.Start(t)
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
		if _, err := f.Control.PatchApp(context.Background(), emulator.SampleAppID, control.AppPatch{Permissions: &[]string{c.permission}}); err != nil {
			t.Fatal(err)
		}
		token := "Bearer " + f.TokenFor(emulator.SampleAppID, emulator.SampleSecret)
		answer := f.Get(path, "Authorization", token)
		want := []map[string]any{{
			"id": emulator.SampleTenantID, "displayName": "Contoso", "tenantType": c.tenantType, "verifiedDomains": domains, "city": nil,
		}}
		if diff := cmp.Diff(want, answer.Values()); diff != "" || answer.Status != 200 {
			t.Errorf("%s: %d (-want +got)\n%s", name, answer.Status, diff)
		}
		one := f.Get("/v1.0/organization/"+emulator.SampleTenantID, "Authorization", token)
		if one.Status != 200 || one.Body["displayName"] != "Contoso" || one.Body["tenantType"] != c.tenantType || one.Body["street"] != nil {
			t.Errorf("%s: by id: %d %s", name, one.Status, one.Raw)
		}
		if answer := f.Get("/v1.0/organization?$select=colour", "Authorization", token); answer.Status != 400 {
			t.Errorf("%s: an unknown property: %d %s", name, answer.Status, answer.Raw)
		}
		if answer := f.Get("/v1.0/organization/11111111-2222-4333-8444-555555555555", "Authorization", token); answer.Status != 404 {
			t.Errorf("%s: another organization: %d %s", name, answer.Status, answer.Raw)
		}
	}
	if _, err := f.Control.PatchApp(context.Background(), emulator.SampleAppID, control.AppPatch{Permissions: &[]string{"User.Read.All", "Policy.Read.All"}}); err != nil {
		t.Fatal(err)
	}
	token := "Bearer " + f.TokenFor(emulator.SampleAppID, emulator.SampleSecret)
	if answer := f.Get(path, "Authorization", token); answer.Status != 403 {
		t.Errorf("without a permission: %d %s", answer.Status, answer.Raw)
	}
}
