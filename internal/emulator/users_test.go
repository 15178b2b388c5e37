package emulator_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestUserIsFoundByEachKey(t *testing.T) {
	f := start(t)
	const cash, guest, miriam = "$cash.desk@contoso.example", "nestor.wilke_fabrikam.example#EXT#@contoso.example", "miriam.o'hara@contoso.example"
	tests := []struct{ name, path, want string }{
		{"object id", "/users/c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301", adele},
		{"object id in upper case", "/users/C3D7E1A5-8B2F-4C6D-A0E4-7F8091A2B301", adele},
		{"user principal name", "/users/" + adele, adele},
		{"user principal name in another case", "/users/Adele.Vance@Contoso.EXAMPLE", adele},
		{"escaped @", "/users/adele.vance%40contoso.example", adele},
		{"guest with # escaped", "/users/" + url.PathEscape(guest), guest},
		{"apostrophe", "/users/" + miriam, miriam},
		{"parentheses", "/users('" + adele + "')", adele},
		{"parentheses with doubled quote", "/users('miriam.o''hara@contoso.example')", miriam},
		{"parentheses, escaped", "/users%28%27" + url.PathEscape(cash) + "%27%29", cash},
		{"$ in parentheses", "/users('" + cash + "')", cash},
	}
	for _, version := range []string{"/v1.0", "/beta"} {
		for _, test := range tests {
			t.Run(version+" "+test.name, func(t *testing.T) {
				answer := f.get(version + test.path)
				if answer.status != 200 || answer.body["userPrincipalName"] != test.want {
					t.Errorf("got %d %s", answer.status, answer.raw)
				}
			})
		}
	}
	t.Run("deeper path with parentheses", func(t *testing.T) {
		answer := f.get("/beta/users('" + cash + "')/authentication/requirements")
		if answer.status != 200 || answer.body["perUserMfaState"] != "disabled" {
			t.Errorf("got %d %s", answer.status, answer.raw)
		}
	})
	t.Run("$ without parentheses", func(t *testing.T) {
		answer := f.get("/v1.0/users/" + cash)
		if answer.status != 400 || !strings.Contains(answer.errorMessage(), "segment '$cash.desk@contoso.example'") {
			t.Errorf("got %d %s", answer.status, answer.raw)
		}
	})
	t.Run("unescaped # truncates", func(t *testing.T) {
		answer := f.get("/v1.0/users/" + guest)
		if answer.status != 404 || !strings.Contains(answer.errorMessage(), "'nestor.wilke_fabrikam.example'") {
			t.Errorf("got %d %s", answer.status, answer.raw)
		}
	})
}

func TestUserProperties(t *testing.T) {
	f := start(t)
	answer := f.get("/v1.0/users/" + adele)
	if _, there := answer.body["accountEnabled"]; there || answer.body["displayName"] != "Adele Vance" {
		t.Errorf("the default properties are %s", answer.raw)
	}
	if _, there := answer.body["assignedLicenses"]; there {
		t.Error("licenses come without $select")
	}
	for user, want := range map[string]any{
		"lee.gu@contoso.example":     []any{map[string]any{"skuId": "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", "disabledPlans": []any{}}},
		"$cash.desk@contoso.example": []any{},
	} {
		licenses := f.get("/v1.0/users('" + user + "')?$select=assignedLicenses").body["assignedLicenses"]
		if diff := cmp.Diff(want, licenses); diff != "" {
			t.Errorf("the licenses of %s (-want +got):\n%s", user, diff)
		}
	}
	answer = f.get("/v1.0/users/" + adele + "?$select=id,userType,accountEnabled,department")
	delete(answer.body, "@odata.context")
	want := map[string]any{"id": "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301", "userType": "Member", "accountEnabled": true, "department": nil}
	if diff := cmp.Diff(want, answer.body); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"perUserMfaState", "DisplayName"} {
		answer = f.get("/v1.0/users/" + adele + "?$select=" + name)
		if answer.status != 400 || answer.errorMessage() != "Could not find a property named '"+name+"' on type 'microsoft.graph.user'." {
			t.Errorf("%s: %d %s", name, answer.status, answer.raw)
		}
	}
}

func TestUsersArePaged(t *testing.T) {
	f := start(t)
	var names []string
	next := "/v1.0/users?$top=4&$select=userPrincipalName,id"
	pages := 0
	for next != "" {
		answer := f.get(next)
		if answer.status != 200 {
			t.Fatalf("%d %s", answer.status, answer.raw)
		}
		pages++
		for _, user := range answer.values() {
			names = append(names, as[string](user["userPrincipalName"]))
		}
		next, _ = answer.body["@odata.nextLink"].(string)
		if next != "" && !strings.HasPrefix(next, f.server.URL()+"/v1.0/users?") {
			t.Fatalf("next link %s", next)
		}
	}
	var want []string
	for _, user := range emulator.SampleTenant().Users {
		want = append(want, user.UserPrincipalName)
	}
	if diff := cmp.Diff(want, names); diff != "" || pages != 4 {
		t.Errorf("%d pages; %s", pages, diff)
	}
	answer := f.get("/v1.0/users?$skiptoken=bm9ib2R5")
	if answer.status != 400 || answer.errorCode() != "Directory_ExpiredPageToken" {
		t.Errorf("stale token: %d %s", answer.status, answer.raw)
	}
}

func TestPagesStayWhereTheyAreWhenUsersComeAndGo(t *testing.T) {
	f := start(t)
	first := f.get("/v1.0/users?$top=3&$select=id")
	next := as[string](first.body["@odata.nextLink"])
	want := f.get(next).values()
	if err := f.control.DeleteUser(f.ctx, as[string](first.values()[0]["id"])); err != nil {
		t.Fatal(err)
	}
	if _, err := f.control.CreateUser(f.ctx, control.User{UserPrincipalName: "new.hire@contoso.example"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, f.get(next).values()); diff != "" {
		t.Error(diff)
	}
	if all := f.get("/v1.0/users?$top=999&$count=true", "ConsistencyLevel", "eventual"); as[float64](all.body["@odata.count"]) !=
		float64(len(emulator.SampleTenant().Users)) || as[string](all.values()[len(all.values())-1]["userPrincipalName"]) != "new.hire@contoso.example" {
		t.Errorf("%s", all.raw)
	}
	if err := f.control.DeleteUser(f.ctx, as[string](first.values()[2]["id"])); err != nil {
		t.Fatal(err)
	}
	if answer := f.get(next); answer.status != 400 || answer.errorCode() != "Directory_ExpiredPageToken" {
		t.Errorf("the last user of the page is gone: %d %s", answer.status, answer.raw)
	}
}

func TestPropertiesSelectedTwiceComeOnce(t *testing.T) {
	f := start(t)
	for _, path := range []string{"/v1.0/users/" + adele, "/v1.0/users"} {
		if answer := f.get(path + "?$select=id,id"); answer.status != 200 || strings.Count(string(answer.raw), `"id"`) != max(1, len(answer.values())) {
			t.Errorf("%d %s", answer.status, answer.raw)
		}
	}
}

func TestUsersAreFiltered(t *testing.T) {
	f := start(t)
	tests := []struct {
		filter string
		want   []string
	}{
		{"userPrincipalName eq 'ADELE.vance@contoso.example'", []string{adele}},
		{"userPrincipalName eq 'miriam.o''hara@contoso.example'", []string{"miriam.o'hara@contoso.example"}},
		{"id eq 'c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b302'", []string{alex}},
		{"startsWith(userPrincipalName,'A')", []string{adele, alex}},
		{"startswith(displayName, 'Break')  and accountEnabled eq true", []string{"break.glass.1@contoso.example", "break.glass.2@contoso.example"}},
		{"userPrincipalName in ('" + adele + "', '" + megan + "')", []string{adele, megan}},
		{"(accountEnabled eq false or userType eq 'Guest') and startsWith(mail,'lee')", []string{"lee.gu@contoso.example"}},
		{"userPrincipalName eq 'nobody'", nil},
	}
	for _, test := range tests {
		t.Run(test.filter, func(t *testing.T) {
			answer := f.get("/v1.0/users?$filter=" + url.QueryEscape(test.filter))
			var names []string
			for _, user := range answer.values() {
				names = append(names, as[string](user["userPrincipalName"]))
			}
			if diff := cmp.Diff(test.want, names); diff != "" || answer.status != 200 {
				t.Errorf("%d %s", answer.status, diff)
			}
		})
	}
	refusals := []struct{ filter, code string }{
		{"userPrincipalName ne 'x'", "Request_UnsupportedQuery"},
		{"endsWith(mail,'x')", "Request_UnsupportedQuery"},
		{"not startsWith(mail,'x')", "Request_UnsupportedQuery"},
		{"nonsense eq 'x'", "BadRequest"},
		{"userPrincipalName eq 'x", "BadRequest"},
		{"userPrincipalName eq", "BadRequest"},
		{"userPrincipalName eq 'x' 'y'", "BadRequest"},
		{"userPrincipalName in 'x'", "BadRequest"},
		{"(id eq 'x'", "BadRequest"},
	}
	for _, test := range refusals {
		t.Run(test.filter, func(t *testing.T) {
			answer := f.get("/v1.0/users?$filter=" + url.QueryEscape(test.filter))
			if answer.status != 400 || answer.errorCode() != test.code {
				t.Errorf("%d %s", answer.status, answer.raw)
			}
		})
	}
}

func TestWhatGraphDoesNotHaveIsRefused(t *testing.T) {
	f := start(t)
	tests := []struct {
		method, path  string
		status        int
		code, message string
	}{
		{"GET", "/v1.0", 400, "BadRequest", "segment ''"},
		{"GET", "/v1.0/nonsense", 400, "BadRequest", "segment 'nonsense'"},
		{"GET", "/v1.0/users/" + adele + "/nonsense", 400, "BadRequest", "segment 'nonsense'"},
		{"GET", "/v1.0/users/" + adele + "/authentication/nonsense", 400, "BadRequest", "segment 'nonsense'"},
		{"GET", "/beta/users/" + adele + "/authentication/requirements/more", 400, "BadRequest", "segment 'more'"},
		{"GET", "/v1.0/users/" + adele + "/authentication/hardwareOathMethods", 400, "BadRequest", "segment 'hardwareOathMethods'"},
		{"GET", "/v1.0/groups/" + emulator.SampleAllStaffID + "/photo", 400, "BadRequest", "segment 'photo'"},
		{"GET", "/v1.0/groups/" + emulator.SampleAllStaffID + "/memberOf/microsoft.graph.user", 400, "BadRequest", "segment 'microsoft.graph.user'"},
		{"GET", "/v1.0/groups/" + emulator.SampleAllStaffID + "/members/microsoft.graph.message", 400, "BadRequest", "segment 'microsoft.graph.message'"},
		{"GET", "/v1.0/directoryObjects/other", 400, "Request_BadRequest", "Invalid object identifier 'other'"},
		{"GET", "/v1.0/directoryObjects", 400, "BadRequest", "segment 'directoryObjects'"},
		{"GET", "/v1.0/users/delta", 400, "BadRequest", "segment 'delta'"},
		{"GET", "/v1.0/groups/delta()", 400, "BadRequest", "segment 'delta()'"},
		{"GET", "/v1.0/users/nobody@contoso.example", 404, "Request_ResourceNotFound", "Resource 'nobody@contoso.example' does not exist"},
		{"GET", "/v1.0/users?$expand=photo", 400, "BadRequest", "property named 'photo'"},
		{"GET", "/v1.0/users?$expand=manager,memberOf", 400, "BadRequest", "one expanded relation"},
		{"GET", "/v1.0/users?$expand=memberOf($top=1)", 400, "BadRequest", "$expand"},
		{"GET", "/v1.0/users?$expand=memberOf($select=nonsense)", 400, "BadRequest", "property named 'nonsense'"},
		{"GET", "/v1.0/users?$search=%22displayName:a%22", 400, "Request_UnsupportedQuery", "ConsistencyLevel"},
		{"GET", "/v1.0/users/$count", 400, "Request_UnsupportedQuery", "ConsistencyLevel"},
		{"GET", "/v1.0/users?$orderby=nonsense", 400, "BadRequest", "property named 'nonsense'"},
		{"GET", "/v1.0/users?$orderby=displayName+down", 400, "BadRequest", "$orderby"},
		{"GET", "/v1.0/users?$orderby=mail", 400, "Request_UnsupportedQuery", "Sorting not supported"},
		{"GET", "/v1.0/users?$orderby=displayName&$filter=accountEnabled+eq+true", 400, "Request_UnsupportedQuery", "Sorting not supported"},
		{"GET", "/v1.0/users?$select=id&$select=mail", 400, "BadRequest", "specified more than once"},
		{"GET", "/v1.0/users?$top=1000", 400, "Request_BadRequest", "Invalid page size specified: '1000'"},
		{"GET", "/v1.0/users?$top=x", 400, "BadRequest", "$top"},
		{"GET", "/v1.0/users?$count=true", 400, "Request_UnsupportedQuery", "ConsistencyLevel"},
		{"GET", "/v1.0/users?$count=maybe", 400, "BadRequest", "$count"},
		{"GET", "/v1.0/users?$select=,", 400, "BadRequest", "$select"},
		{"DELETE", "/v1.0/users/" + adele, 405, "Request_BadRequest", "not allowed"},
		{"POST", "/v1.0/users", 405, "Request_BadRequest", "not allowed"},
		{"GET", "/v1.0/$batch", 405, "Request_BadRequest", "not allowed"},
		{"GET", "/v1.0/directoryObjects/getByIds", 405, "Request_BadRequest", "not allowed"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			answer := f.graph(test.method, test.path, "", "Content-Type", "application/json")
			if answer.status != test.status || answer.errorCode() != test.code || !strings.Contains(answer.errorMessage(), test.message) {
				t.Errorf("got %d %s", answer.status, answer.raw)
			}
		})
	}
	// $ may be left out, and parameters that are no query options are ignored.
	if answer := f.get("/v1.0/users?top=1&session=7"); answer.status != 200 || len(answer.values()) != 1 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
}

func TestErrorEnvelopeAndHeaders(t *testing.T) {
	f := start(t)
	const id = "11111111-2222-4333-8444-555555555555"
	answer := f.get("/v1.0/users/nobody@contoso.example", "Client-Request-Id", id)
	inner := as[map[string]any](at(answer.body, "error", "innerError"))
	if inner["client-request-id"] != id || answer.header.Get("Client-Request-Id") != id {
		t.Errorf("client-request-id is not echoed: %s", answer.raw)
	}
	if inner["request-id"] != answer.header.Get("Request-Id") || inner["request-id"] == "" || inner["date"] == "" {
		t.Errorf("innerError is %v", inner)
	}
	if answer.header.Get("X-Ms-Ags-Diagnostic") == "" || answer.header.Get("Date") == "" {
		t.Errorf("headers are %v", answer.header)
	}
	if other := f.get("/v1.0/users/nobody@contoso.example"); other.header.Get("Request-Id") == answer.header.Get("Request-Id") {
		t.Error("two requests have one request-id")
	}
}

func TestPermissionsForUsersAndGroups(t *testing.T) {
	f := start(t)
	app := emulator.App{ClientID: "0d4f1b8e-6a53-4c0d-9d8f-4b4f5b0c9e10", Secrets: []emulator.Secret{{Value: "s"}}}
	paths := map[string]string{
		"/v1.0/users/" + adele: "User.ReadBasic.All",
		"/v1.0/users":          "User.Read.All",
		"/v1.0/users/" + adele + "/authentication/methods":        "UserAuthenticationMethod.Read.All",
		"/v1.0/groups/" + emulator.SampleAllStaffID:               "Group.Read.All",
		"/v1.0/groups/" + emulator.SampleAllStaffID + "/members":  "GroupMember.Read.All",
		"/beta/users/" + adele + "/authentication/requirements":   "Policy.Read.All",
		"/beta/users/" + adele + "/authentication/phoneMethods":   "UserAuthenticationMethod.ReadWrite.All",
		"/v1.0/groups?$filter=displayName+eq+'all-staff'&$top=20": "Directory.Read.All",
	}
	if _, err := f.control.CreateApp(f.ctx, app); err != nil {
		t.Fatal(err)
	}
	for path, permission := range paths {
		f.token = f.tokenFor(app.ClientID, "s")
		if answer := f.get(path); answer.status != http.StatusForbidden {
			t.Errorf("%s without a permission: %d", path, answer.status)
		}
		app.Permissions = []string{permission}
		if err := f.control.DeleteApp(f.ctx, app.ClientID); err != nil {
			t.Fatal(err)
		}
		if _, err := f.control.CreateApp(f.ctx, app); err != nil {
			t.Fatal(err)
		}
		f.token = f.tokenFor(app.ClientID, "s")
		if answer := f.get(path); answer.status != http.StatusOK {
			t.Errorf("%s with %s: %d %s", path, permission, answer.status, answer.raw)
		}
		app.Permissions = nil
		_ = f.control.DeleteApp(f.ctx, app.ClientID)
		if _, err := f.control.CreateApp(f.ctx, app); err != nil {
			t.Fatal(err)
		}
	}
}
