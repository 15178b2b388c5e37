package emulator_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestGroup(t *testing.T) {
	f := start(t)
	answer := f.get("/v1.0/groups/" + emulator.SampleBreakGlassID + "?$select=id,displayName")
	if answer.status != 200 || answer.body["displayName"] != "break-glass accounts" {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	answer = f.get("/v1.0/groups/11111111-2222-4333-8444-555555555555")
	if answer.status != 404 || answer.errorCode() != "Request_ResourceNotFound" {
		t.Errorf("unknown group: %d %s", answer.status, answer.raw)
	}
	answer = f.get("/v1.0/groups/all-staff/members")
	if answer.status != 400 || answer.errorCode() != "Request_BadRequest" {
		t.Errorf("not a GUID: %d %s", answer.status, answer.raw)
	}
	answer = f.get("/v1.0/groups?$filter=displayName+eq+'engineering'&$select=id")
	if values := answer.values(); len(values) != 1 || values[0]["id"] != emulator.SampleEngineeringID {
		t.Errorf("by name: %s", answer.raw)
	}
}

func TestMembers(t *testing.T) {
	f := start(t)
	base := "/v1.0/groups/" + emulator.SampleBreakGlassID
	types := func(answer reply) []string {
		t.Helper()
		if answer.status != 200 {
			t.Fatalf("%d %s", answer.status, answer.raw)
		}
		var found []string
		for _, value := range answer.values() {
			kind, _ := value["@odata.type"].(string)
			found = append(found, kind+" "+as[string](value["displayName"]))
		}
		slices.Sort(found)
		return found
	}
	tests := []struct {
		path string
		want []string
	}{
		{"/members", []string{"#microsoft.graph.group break-glass accounts, second safe", "#microsoft.graph.user Break glass 1"}},
		{"/transitiveMembers", []string{
			"#microsoft.graph.group break-glass accounts, second safe",
			"#microsoft.graph.user Break glass 1", "#microsoft.graph.user Break glass 2",
		}},
		{"/transitiveMembers/microsoft.graph.user", []string{" Break glass 1", " Break glass 2"}},
		{"/members/microsoft.graph.user?$select=displayName", []string{" Break glass 1"}},
		{"/transitiveMembers/microsoft.graph.group", []string{" break-glass accounts, second safe"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, types(f.get(base+test.path))); diff != "" {
			t.Errorf("%s: %s", test.path, diff)
		}
	}
	if answer := f.get(base + "/transitiveMembers/microsoft.graph.user?$select=groupTypes"); answer.status != 400 {
		t.Errorf("a property of groups on users: %d %s", answer.status, answer.raw)
	}
	if answer := f.get(base + "/members?$select=id,groupTypes"); answer.status != 200 {
		t.Errorf("a property of one of the types: %d %s", answer.status, answer.raw)
	}
	if answer := f.get(base + "/members?$filter=id+eq+'" + emulator.SampleBreakGlassNestedID + "'"); len(answer.values()) != 1 {
		t.Errorf("filter: %d %s", answer.status, answer.raw)
	}
}

func TestCountOfMembersNeedsTheHeader(t *testing.T) {
	f := start(t)
	path := "/v1.0/groups/" + emulator.SampleAllStaffID + "/transitiveMembers/microsoft.graph.user?$count=true&$top=3&$select=id"
	if answer := f.get(path); answer.status != 400 || answer.errorCode() != "Request_UnsupportedQuery" {
		t.Errorf("without: %d %s", answer.status, answer.raw)
	}
	answer := f.get(path, "ConsistencyLevel", "eventual")
	if answer.status != 200 || answer.body["@odata.count"] != float64(10) || len(answer.values()) != 3 {
		t.Fatalf("with: %d %s", answer.status, answer.raw)
	}
	total := 3
	for next, _ := answer.body["@odata.nextLink"].(string); next != ""; next, _ = answer.body["@odata.nextLink"].(string) {
		answer = f.get(next, "ConsistencyLevel", "eventual")
		total += len(answer.values())
	}
	if total != 10 {
		t.Errorf("the pages hold %d members", total)
	}
}

func TestGroupsThatContainEachOther(t *testing.T) {
	f := start(t)
	if _, err := f.control.PatchGroup(f.ctx, emulator.SampleBreakGlassNestedID, control.GroupPatch{
		Members: &[]string{emulator.SampleBreakGlassID, emulator.SampleBreakGlassNestedID, adele},
	}); err != nil {
		t.Fatal(err)
	}
	answer := f.get("/v1.0/groups/" + emulator.SampleBreakGlassID + "/transitiveMembers")
	if got := len(answer.values()); answer.status != 200 || got != 4 { // both groups, break glass 1, Adele
		t.Errorf("%d members: %s", got, answer.raw)
	}
}

func TestMembersWithoutPermissionToReadUsersAreBareIDs(t *testing.T) {
	f := start(t)
	if _, err := f.control.PatchApp(f.ctx, emulator.SampleAppID, control.AppPatch{Permissions: &[]string{"GroupMember.Read.All"}}); err != nil {
		t.Fatal(err)
	}
	path := "/v1.0/groups/" + emulator.SampleEngineeringID + "/members"
	before := f.get(path).values()[0]
	f.token = f.tokenFor(emulator.SampleAppID, emulator.SampleSecret)
	after := f.get(path).values()[0]
	want := map[string]any{"@odata.type": "#microsoft.graph.user", "id": before["id"]}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Error(diff)
	}
	if before["displayName"] != "Diego Siciliani" {
		t.Errorf("with the permission: %v", before)
	}
}

func TestGetByIDs(t *testing.T) {
	f := start(t)
	const unknown = "11111111-2222-4333-8444-555555555555"
	user := "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301"
	tests := []struct {
		name, body string
		want       []string
	}{
		{
			"users and groups", `{"ids":["` + user + `","` + unknown + `","` + emulator.SampleAllStaffID + `"]}`,
			[]string{user, emulator.SampleAllStaffID},
		},
		{"only users", `{"ids":["` + user + `","` + emulator.SampleAllStaffID + `"],"types":["user"]}`, []string{user}},
		{"twice", `{"ids":["` + user + `","` + user + `"]}`, []string{user}},
		{"none", `{"ids":["` + unknown + `"]}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := f.graph(http.MethodPost, "/v1.0/directoryObjects/getByIds", test.body)
			var ids []string
			for _, value := range answer.values() {
				ids = append(ids, as[string](value["id"]))
			}
			if diff := cmp.Diff(test.want, ids); diff != "" || answer.status != 200 {
				t.Errorf("%d %s", answer.status, diff)
			}
		})
	}
	for _, body := range []string{`{"ids":[]}`, `{"ids":["x"]}`, `{"ids":"x"}`, `{"id":["` + user + `"]}`, `[`} {
		if answer := f.graph(http.MethodPost, "/v1.0/directoryObjects/getByIds", body); answer.status != 400 {
			t.Errorf("%s: %d %s", body, answer.status, answer.raw)
		}
	}
}

func TestGetByIDsOfOtherTypes(t *testing.T) {
	f := start(t)
	info, err := f.control.Info(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	const path = "/v1.0/directoryObjects/getByIds"
	user, principal := "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301", info.Apps[0].ServicePrincipalID
	ids := `"ids":["` + user + `","` + principal + `","` + emulator.SampleAllStaffID + `"]`
	kinds := func(answer reply) []string {
		t.Helper()
		var found []string
		for _, value := range answer.values() {
			found = append(found, strings.TrimPrefix(as[string](value["@odata.type"]), "#microsoft.graph.")+" "+as[string](value["displayName"]))
		}
		return found
	}
	all := []string{"user Adele Vance", "servicePrincipal terraform", "group all-staff"}
	for types, want := range map[string][]string{
		"": all, `,"types":[]`: all, `,"types":["directoryObject"]`: all, `,"types":["user","group"]`: {all[0], all[2]},
		`,"types":["servicePrincipal"]`: {all[1]}, `,"types":["device"]`: nil,
	} {
		if diff := cmp.Diff(want, kinds(f.graph(http.MethodPost, path, "{"+ids+types+"}"))); diff != "" {
			t.Errorf("%s: %s", types, diff)
		}
	}
	many := func(count int) string {
		return `{"ids":["` + user + `"` + strings.Repeat(`,"`+user+`"`, count-1) + `]}`
	}
	if answer := f.graph(http.MethodPost, path, many(1000)); answer.status != 200 {
		t.Errorf("1000 ids: %d %s", answer.status, answer.raw)
	}
	if answer := f.graph(http.MethodPost, path, many(1001)); answer.status != 400 {
		t.Errorf("1001 ids: %d %s", answer.status, answer.raw)
	}
	for permissions, want := range map[string][]string{
		"Directory.Read.All":                 all,
		"User.Read.All,Group.Read.All":       {all[0], "servicePrincipal ", all[2]},
		"User.Read.All":                      {all[0], "servicePrincipal ", "group "},
		"GroupMember.Read.All":               {"user ", "servicePrincipal ", all[2]},
		"Policy.Read.All":                    nil,
		"GroupMember.Read.All,User.Read.All": {all[0], "servicePrincipal ", all[2]},
	} {
		f.permit(strings.Split(permissions, ",")...)
		answer := f.graph(http.MethodPost, path, "{"+ids+"}")
		f.checkAllowed(permissions, answer, want != nil)
		if diff := cmp.Diff(want, kinds(answer)); diff != "" {
			t.Errorf("%s: %s", permissions, diff)
		}
	}
}

func TestGetByIDsOfAUserJustCreated(t *testing.T) {
	f := start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 1, LagCreates: true} })
	user, err := f.control.CreateUser(f.ctx, control.User{UserPrincipalName: "new.hire@contoso.example"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 1, 1} {
		answer := f.graph(http.MethodPost, "/v1.0/directoryObjects/getByIds", `{"ids":["`+user.ID+`"]}`)
		if got := len(answer.values()); got != want || answer.status != 200 {
			t.Errorf("read %d: %d %s", i, answer.status, answer.raw)
		}
	}
}

func TestAuthenticationMethods(t *testing.T) {
	f := start(t)
	user := "johanna.lorenz@contoso.example"
	for _, kind := range []string{
		control.MethodMicrosoftAuthenticator, control.MethodPhone, control.MethodFIDO2,
		control.MethodWindowsHelloForBusiness, control.MethodTemporaryAccessPass, control.MethodEmail, control.MethodHardwareOath,
		control.MethodPasswordlessMicrosoftAuthenticator, control.MethodPlatformCredential,
	} {
		if _, err := f.control.RegisterMethod(f.ctx, user, control.Method{Type: kind}); err != nil {
			t.Fatal(err)
		}
	}
	types := func(path string) []string {
		t.Helper()
		answer := f.get(path)
		if answer.status != 200 {
			t.Fatalf("%s: %d %s", path, answer.status, answer.raw)
		}
		var found []string
		for _, value := range answer.values() {
			if value["id"] == "" {
				t.Errorf("without an id: %v", value)
			}
			found = append(found, as[string](value["@odata.type"]))
		}
		return found
	}
	want := []string{
		"password", "softwareOath", "microsoftAuthenticator", "phone", "fido2", "windowsHelloForBusiness",
		"temporaryAccessPass", "email", "hardwareOath", "passwordlessMicrosoftAuthenticator", "platformCredential",
	}
	var all, released []string
	for _, kind := range want {
		name := "#microsoft.graph." + kind + "AuthenticationMethod"
		all = append(all, name)
		if kind != "hardwareOath" && kind != "passwordlessMicrosoftAuthenticator" {
			released = append(released, name)
		}
	}
	if diff := cmp.Diff(all, types("/beta/users/"+user+"/authentication/methods")); diff != "" {
		t.Error("beta:", diff)
	}
	if diff := cmp.Diff(released, types("/v1.0/users/"+user+"/authentication/methods")); diff != "" {
		t.Error("v1.0:", diff)
	}
	if diff := cmp.Diff([]string{"#microsoft.graph.phoneAuthenticationMethod"}, types("/v1.0/users/"+user+"/authentication/phoneMethods")); diff != "" {
		t.Error(diff)
	}
	mobile := control.PhoneMethodIDs["mobile"]
	if answer := f.get("/v1.0/users/" + user + "/authentication/phoneMethods/" + mobile); answer.body["phoneType"] != "mobile" {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	if answer := f.get("/v1.0/users/" + user + "/authentication/fido2Methods/" + mobile); answer.status != 404 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	if answer := f.get("/v1.0/users/nobody@contoso.example/authentication/methods"); answer.status != 404 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
}
