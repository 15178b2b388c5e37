package graphapi_test

import (
	"fmt"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/graphapi"
)

func TestRolesAndWhoHasThem(t *testing.T) {
	f := emulatortest.Start(t)
	const globalAdministrator, reader = "62e90394-69f5-4237-9190-012177145e10", "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	user, err := f.Control.GetUser(f.Ctx, emulatortest.Adele)
	if err != nil {
		t.Fatal(err)
	}
	create(f, "role-assignments", graphapi.RoleAssignment{PrincipalID: user.ID, RoleDefinitionID: globalAdministrator})
	create(f, "role-assignments", graphapi.RoleAssignment{PrincipalID: emulator.SampleEngineeringID, RoleDefinitionID: globalAdministrator})
	create(f, "role-assignments", graphapi.RoleAssignment{PrincipalID: user.ID, RoleDefinitionID: reader, DirectoryScopeID: "/administrativeUnits/" + nobodyID})
	if _, err := control.Create(f.Ctx, f.Control, "role-assignments", graphapi.RoleAssignment{PrincipalID: user.ID, RoleDefinitionID: nobodyID}); err == nil {
		t.Error("an assignment of a role that does not exist")
	}
	for path, want := range map[string]int{
		"roleManagement/directory/roleDefinitions": 24, "directoryRoleTemplates": 24, "roleManagement/directory/roleAssignments": 3,
		"roleManagement/directory/roleAssignments?$filter=principalId+eq+'" + user.ID + "'":                  2,
		"roleManagement/directory/roleAssignments?$filter=roleDefinitionId+eq+'" + globalAdministrator + "'": 2,
		"directoryRoles": 1, "servicePrincipals?$filter=displayName+eq+'terraform'": 1, "servicePrincipals?$filter=appId+in+('" + emulator.SampleAppID + "','797f4846-ba00-4fd7-ba43-dac1f8f63013')": 2,
	} {
		if answer := f.Get("/v1.0/" + path); answer.Status != 200 || len(answer.Values()) != want {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
	}
	active := f.Get("/v1.0/directoryRoles").Values()[0]
	id := emulatortest.As[string](active["id"])
	if active["roleTemplateId"] != globalAdministrator || id == globalAdministrator {
		t.Errorf("%v", active)
	}
	for _, key := range []string{"/" + id, "(roleTemplateId='" + globalAdministrator + "')"} {
		if members := f.Get("/v1.0/directoryRoles" + key + "/members?$select=id").Values(); len(members) != 2 || members[0]["id"] != user.ID {
			t.Errorf("%s: %v", key, members)
		}
	}
	if role := f.Get("/v1.0/roleManagement/directory/roleDefinitions/" + reader).Body; role["displayName"] != "Global Reader" || role["templateId"] != reader {
		t.Errorf("%v", role)
	}
	for path, want := range map[string]string{
		"directoryRoles(roleTemplateId='" + globalAdministrator + "')": "Global Administrator", "directoryRoleTemplates/" + reader: "Global Reader",
		"servicePrincipals(appId='" + emulator.SampleAppID + "')": "terraform", "servicePrincipals(appId='00000003-0000-0000-c000-000000000000')": "Microsoft Graph",
	} {
		if answer := f.Get("/v1.0/" + path); answer.Body["displayName"] != want {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
	}
	for _, path := range []string{
		"directoryRoles/" + nobodyID, "directoryRoles/" + nobodyID + "/members", "directoryRoleTemplates/" + nobodyID, "servicePrincipals/" + nobodyID,
		"servicePrincipals(appId='" + nobodyID + "')", "roleManagement/directory/roleDefinitions/" + nobodyID,
	} {
		if answer := f.Get("/v1.0/" + path); answer.Status != 404 {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
	}
	grady, err := f.Control.GetUser(f.Ctx, "grady.archie@contoso.example") // of engineering
	if err != nil {
		t.Fatal(err)
	}
	const cast = "/microsoft.graph.directoryRole"
	for path, want := range map[string]int{
		"users/" + user.ID + "/memberOf": 1, "users/" + user.ID + "/transitiveMemberOf": 1, "users/" + grady.ID + "/memberOf": 0, "users/" + grady.ID + "/transitiveMemberOf": 1,
		"groups/" + emulator.SampleEngineeringID + "/memberOf": 1, "groups/" + emulator.SampleAllStaffID + "/transitiveMemberOf": 0,
	} {
		answer := f.Get("/v1.0/" + path + cast + "?$select=id,roleTemplateId")
		if values := answer.Values(); answer.Status != 200 || len(values) != want || want > 0 && values[0]["roleTemplateId"] != globalAdministrator {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
		if count := f.Get("/v1.0/"+path+cast+"/$count", "ConsistencyLevel", "eventual"); string(count.Raw) != fmt.Sprint(want) {
			t.Errorf("%s: %d %s", path, count.Status, count.Raw)
		}
	}
	permit(f, "User.Read.All", "GroupMember.Read.All")
	if values := f.Get("/v1.0/users/" + user.ID + "/transitiveMemberOf" + cast).Values(); len(values) != 1 || len(values[0]) != 1 || values[0]["id"] != id {
		t.Errorf("without a permission to read roles: %v", values)
	}
	permit(f, "Policy.Read.All")
	for _, path := range []string{"directoryRoles", "roleManagement/directory/roleAssignments", "servicePrincipals", "subscribedSkus", "identityGovernance/termsOfUse/agreements"} {
		if answer := f.Get("/v1.0/" + path); answer.Status != 403 {
			t.Errorf("%s without a permission: %d %s", path, answer.Status, answer.Raw)
		}
	}
}
