package graphapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestGroup(t *testing.T) {
	f := emulatortest.Start(t)
	answer := f.Get("/v1.0/groups/" + emulator.SampleBreakGlassID + "?$select=id,displayName")
	if answer.Status != 200 || answer.Body["displayName"] != "break-glass accounts" {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	answer = f.Get("/v1.0/groups/11111111-2222-4333-8444-555555555555")
	if answer.Status != 404 || answer.ErrorCode() != "Request_ResourceNotFound" {
		t.Errorf("unknown group: %d %s", answer.Status, answer.Raw)
	}
	answer = f.Get("/v1.0/groups/all-staff/members")
	if answer.Status != 400 || answer.ErrorCode() != "Request_BadRequest" {
		t.Errorf("not a GUID: %d %s", answer.Status, answer.Raw)
	}
	answer = f.Get("/v1.0/groups?$filter=displayName+eq+'engineering'&$select=id")
	if values := answer.Values(); len(values) != 1 || values[0]["id"] != emulator.SampleEngineeringID {
		t.Errorf("by name: %s", answer.Raw)
	}
}

func TestMembers(t *testing.T) {
	f := emulatortest.Start(t)
	base := "/v1.0/groups/" + emulator.SampleBreakGlassID
	types := func(answer emulatortest.Reply) []string {
		t.Helper()
		if answer.Status != 200 {
			t.Fatalf("%d %s", answer.Status, answer.Raw)
		}
		var found []string
		for _, value := range answer.Values() {
			kind, _ := value["@odata.type"].(string)
			found = append(found, kind+" "+emulatortest.As[string](value["displayName"]))
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
		if diff := cmp.Diff(test.want, types(f.Get(base+test.path))); diff != "" {
			t.Errorf("%s: %s", test.path, diff)
		}
	}
	if answer := f.Get(base + "/transitiveMembers/microsoft.graph.user?$select=groupTypes"); answer.Status != 400 {
		t.Errorf("a property of groups on users: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get(base + "/members?$select=id,groupTypes"); answer.Status != 200 {
		t.Errorf("a property of one of the types: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get(base + "/members?$filter=id+eq+'" + emulator.SampleBreakGlassNestedID + "'"); len(answer.Values()) != 1 {
		t.Errorf("filter: %d %s", answer.Status, answer.Raw)
	}
}

func TestCountOfMembersNeedsTheHeader(t *testing.T) {
	f := emulatortest.Start(t)
	path := "/v1.0/groups/" + emulator.SampleAllStaffID + "/transitiveMembers/microsoft.graph.user?$count=true&$top=3&$select=id"
	if answer := f.Get(path); answer.Status != 400 || answer.ErrorCode() != "Request_UnsupportedQuery" {
		t.Errorf("without: %d %s", answer.Status, answer.Raw)
	}
	answer := f.Get(path, "ConsistencyLevel", "eventual")
	if answer.Status != 200 || answer.Body["@odata.count"] != float64(10) || len(answer.Values()) != 3 {
		t.Fatalf("with: %d %s", answer.Status, answer.Raw)
	}
	total := 3
	for next, _ := answer.Body["@odata.nextLink"].(string); next != ""; next, _ = answer.Body["@odata.nextLink"].(string) {
		answer = f.Get(next, "ConsistencyLevel", "eventual")
		total += len(answer.Values())
	}
	if total != 10 {
		t.Errorf("the pages hold %d members", total)
	}
}

func TestGroupsThatContainEachOther(t *testing.T) {
	f := emulatortest.Start(t)
	if _, err := f.Control.PatchGroup(f.Ctx, emulator.SampleBreakGlassNestedID, control.GroupPatch{
		Members: &[]string{emulator.SampleBreakGlassID, emulator.SampleBreakGlassNestedID, emulatortest.Adele},
	}); err != nil {
		t.Fatal(err)
	}
	answer := f.Get("/v1.0/groups/" + emulator.SampleBreakGlassID + "/transitiveMembers")
	if got := len(answer.Values()); answer.Status != 200 || got != 4 { // both groups, break glass 1, Adele
		t.Errorf("%d members: %s", got, answer.Raw)
	}
}

func TestMembersWithoutPermissionToReadUsersAreBareIDs(t *testing.T) {
	f := emulatortest.Start(t)
	if _, err := f.Control.PatchApp(f.Ctx, emulator.SampleAppID, control.AppPatch{Permissions: &[]string{"GroupMember.Read.All"}}); err != nil {
		t.Fatal(err)
	}
	path := "/v1.0/groups/" + emulator.SampleEngineeringID + "/members"
	before := f.Get(path).Values()[0]
	f.Token = f.TokenFor(emulator.SampleAppID, emulator.SampleSecret)
	after := f.Get(path).Values()[0]
	want := map[string]any{"@odata.type": "#microsoft.graph.user", "id": before["id"]}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Error(diff)
	}
	if before["displayName"] != "Diego Siciliani" {
		t.Errorf("with the permission: %v", before)
	}
}

func TestGetByIDs(t *testing.T) {
	f := emulatortest.Start(t)
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
			answer := f.Graph(http.MethodPost, "/v1.0/directoryObjects/getByIds", test.body)
			var ids []string
			for _, value := range answer.Values() {
				ids = append(ids, emulatortest.As[string](value["id"]))
			}
			if diff := cmp.Diff(test.want, ids); diff != "" || answer.Status != 200 {
				t.Errorf("%d %s", answer.Status, diff)
			}
		})
	}
	for _, body := range []string{`{"ids":[]}`, `{"ids":["x"]}`, `{"ids":"x"}`, `{"id":["` + user + `"]}`, `[`} {
		if answer := f.Graph(http.MethodPost, "/v1.0/directoryObjects/getByIds", body); answer.Status != 400 {
			t.Errorf("%s: %d %s", body, answer.Status, answer.Raw)
		}
	}
}

func TestGetByIDsOfOtherTypes(t *testing.T) {
	f := emulatortest.Start(t)
	info, err := f.Control.Info(f.Ctx)
	if err != nil {
		t.Fatal(err)
	}
	const path = "/v1.0/directoryObjects/getByIds"
	user, principal := "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301", info.Apps[0].ServicePrincipalID
	ids := `"ids":["` + user + `","` + principal + `","` + emulator.SampleAllStaffID + `"]`
	kinds := func(answer emulatortest.Reply) []string {
		t.Helper()
		var found []string
		for _, value := range answer.Values() {
			found = append(found, strings.TrimPrefix(emulatortest.As[string](value["@odata.type"]), "#microsoft.graph.")+" "+emulatortest.As[string](value["displayName"]))
		}
		return found
	}
	all := []string{"user Adele Vance", "servicePrincipal terraform", "group all-staff"}
	for types, want := range map[string][]string{
		"": all, `,"types":[]`: all, `,"types":["directoryObject"]`: all, `,"types":["user","group"]`: {all[0], all[2]},
		`,"types":["servicePrincipal"]`: {all[1]}, `,"types":["device"]`: nil,
	} {
		if diff := cmp.Diff(want, kinds(f.Graph(http.MethodPost, path, "{"+ids+types+"}"))); diff != "" {
			t.Errorf("%s: %s", types, diff)
		}
	}
	many := func(count int) string {
		return `{"ids":["` + user + `"` + strings.Repeat(`,"`+user+`"`, count-1) + `]}`
	}
	if answer := f.Graph(http.MethodPost, path, many(1000)); answer.Status != 200 {
		t.Errorf("1000 ids: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph(http.MethodPost, path, many(1001)); answer.Status != 400 {
		t.Errorf("1001 ids: %d %s", answer.Status, answer.Raw)
	}
	for permissions, want := range map[string][]string{
		"Directory.Read.All":                 all,
		"User.Read.All,Group.Read.All":       {all[0], "servicePrincipal ", all[2]},
		"User.Read.All":                      {all[0], "servicePrincipal ", "group "},
		"GroupMember.Read.All":               {"user ", "servicePrincipal ", all[2]},
		"Policy.Read.All":                    nil,
		"GroupMember.Read.All,User.Read.All": {all[0], "servicePrincipal ", all[2]},
	} {
		permit(f, strings.Split(permissions, ",")...)
		answer := f.Graph(http.MethodPost, path, "{"+ids+"}")
		checkAllowed(f, permissions, answer, want != nil)
		if diff := cmp.Diff(want, kinds(answer)); diff != "" {
			t.Errorf("%s: %s", permissions, diff)
		}
	}
}

func TestGetByIDsOfAUserJustCreated(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 1, LagCreates: true} })
	user, err := f.Control.CreateUser(f.Ctx, control.User{UserPrincipalName: "new.hire@contoso.example"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 1, 1} {
		answer := f.Graph(http.MethodPost, "/v1.0/directoryObjects/getByIds", `{"ids":["`+user.ID+`"]}`)
		if got := len(answer.Values()); got != want || answer.Status != 200 {
			t.Errorf("read %d: %d %s", i, answer.Status, answer.Raw)
		}
	}
}

func TestAuthenticationMethods(t *testing.T) {
	f := emulatortest.Start(t)
	user := "johanna.lorenz@contoso.example"
	for _, kind := range []string{
		control.MethodMicrosoftAuthenticator, control.MethodPhone, control.MethodFIDO2,
		control.MethodWindowsHelloForBusiness, control.MethodTemporaryAccessPass, control.MethodEmail, control.MethodHardwareOath,
		control.MethodPasswordlessMicrosoftAuthenticator, control.MethodPlatformCredential,
	} {
		if _, err := f.Control.RegisterMethod(f.Ctx, user, control.Method{Type: kind}); err != nil {
			t.Fatal(err)
		}
	}
	types := func(path string) []string {
		t.Helper()
		answer := f.Get(path)
		if answer.Status != 200 {
			t.Fatalf("%s: %d %s", path, answer.Status, answer.Raw)
		}
		var found []string
		for _, value := range answer.Values() {
			if value["id"] == "" {
				t.Errorf("without an id: %v", value)
			}
			found = append(found, emulatortest.As[string](value["@odata.type"]))
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
	if answer := f.Get("/v1.0/users/" + user + "/authentication/phoneMethods/" + mobile); answer.Body["phoneType"] != "mobile" {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get("/v1.0/users/" + user + "/authentication/fido2Methods/" + mobile); answer.Status != 404 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get("/v1.0/users/nobody@contoso.example/authentication/methods"); answer.Status != 404 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}
