package graphapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

func TestUserIsFoundByEachKey(t *testing.T) {
	f := emulatortest.Start(t)
	const cash, guest, miriam = "$cash.desk@contoso.example", "nestor.wilke_fabrikam.example#EXT#@contoso.example", "miriam.o'hara@contoso.example"
	tests := []struct{ name, path, want string }{
		{"object id", "/users/c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301", emulatortest.Adele},
		{"object id in upper case", "/users/C3D7E1A5-8B2F-4C6D-A0E4-7F8091A2B301", emulatortest.Adele},
		{"user principal name", "/users/" + emulatortest.Adele, emulatortest.Adele},
		{"user principal name in another case", "/users/Adele.Vance@Contoso.EXAMPLE", emulatortest.Adele},
		{"escaped @", "/users/adele.vance%40contoso.example", emulatortest.Adele},
		{"guest with # escaped", "/users/" + url.PathEscape(guest), guest},
		{"apostrophe", "/users/" + miriam, miriam},
		{"parentheses", "/users('" + emulatortest.Adele + "')", emulatortest.Adele},
		{"parentheses with doubled quote", "/users('miriam.o''hara@contoso.example')", miriam},
		{"parentheses, escaped", "/users%28%27" + url.PathEscape(cash) + "%27%29", cash},
		{"$ in parentheses", "/users('" + cash + "')", cash},
	}
	for _, version := range []string{"/v1.0", "/beta"} {
		for _, test := range tests {
			t.Run(version+" "+test.name, func(t *testing.T) {
				answer := f.Get(version + test.path)
				if answer.Status != 200 || answer.Body["userPrincipalName"] != test.want {
					t.Errorf("got %d %s", answer.Status, answer.Raw)
				}
			})
		}
	}
	t.Run("deeper path with parentheses", func(t *testing.T) {
		answer := f.Get("/beta/users('" + cash + "')/authentication/requirements")
		if answer.Status != 200 || answer.Body["perUserMfaState"] != "disabled" {
			t.Errorf("got %d %s", answer.Status, answer.Raw)
		}
	})
	t.Run("$ without parentheses", func(t *testing.T) {
		answer := f.Get("/v1.0/users/" + cash)
		if answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "segment '$cash.desk@contoso.example'") {
			t.Errorf("got %d %s", answer.Status, answer.Raw)
		}
	})
	t.Run("unescaped # truncates", func(t *testing.T) {
		answer := f.Get("/v1.0/users/" + guest)
		if answer.Status != 404 || !strings.Contains(answer.ErrorMessage(), "'nestor.wilke_fabrikam.example'") {
			t.Errorf("got %d %s", answer.Status, answer.Raw)
		}
	})
}

func TestUserProperties(t *testing.T) {
	f := emulatortest.Start(t)
	answer := f.Get("/v1.0/users/" + emulatortest.Adele)
	if _, there := answer.Body["accountEnabled"]; there || answer.Body["displayName"] != "Adele Vance" {
		t.Errorf("the default properties are %s", answer.Raw)
	}
	if _, there := answer.Body["assignedLicenses"]; there {
		t.Error("licenses come without $select")
	}
	for user, want := range map[string]any{
		"lee.gu@contoso.example":     []any{map[string]any{"skuId": "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46", "disabledPlans": []any{}}},
		"$cash.desk@contoso.example": []any{},
	} {
		licenses := f.Get("/v1.0/users('" + user + "')?$select=assignedLicenses").Body["assignedLicenses"]
		if diff := cmp.Diff(want, licenses); diff != "" {
			t.Errorf("the licenses of %s (-want +got):\n%s", user, diff)
		}
	}
	answer = f.Get("/v1.0/users/" + emulatortest.Adele + "?$select=id,userType,accountEnabled,department")
	delete(answer.Body, "@odata.context")
	want := map[string]any{"id": "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301", "userType": "Member", "accountEnabled": true, "department": nil}
	if diff := cmp.Diff(want, answer.Body); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"perUserMfaState", "DisplayName"} {
		answer = f.Get("/v1.0/users/" + emulatortest.Adele + "?$select=" + name)
		if answer.Status != 400 || answer.ErrorMessage() != "Could not find a property named '"+name+"' on type 'microsoft.graph.user'." {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Raw)
		}
	}
}

func TestUsersArePaged(t *testing.T) {
	f := emulatortest.Start(t)
	var names []string
	next := "/v1.0/users?$top=4&$select=userPrincipalName,id"
	pages := 0
	for next != "" {
		answer := f.Get(next)
		if answer.Status != 200 {
			t.Fatalf("%d %s", answer.Status, answer.Raw)
		}
		pages++
		for _, user := range answer.Values() {
			names = append(names, emulatortest.As[string](user["userPrincipalName"]))
		}
		next, _ = answer.Body["@odata.nextLink"].(string)
		if next != "" && !strings.HasPrefix(next, f.Server.URL()+"/v1.0/users?") {
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
	answer := f.Get("/v1.0/users?$skiptoken=bm9ib2R5")
	if answer.Status != 400 || answer.ErrorCode() != "Directory_ExpiredPageToken" {
		t.Errorf("stale token: %d %s", answer.Status, answer.Raw)
	}
}

func TestPagesStayWhereTheyAreWhenUsersComeAndGo(t *testing.T) {
	f := emulatortest.Start(t)
	first := f.Get("/v1.0/users?$top=3&$select=id")
	next := emulatortest.As[string](first.Body["@odata.nextLink"])
	want := f.Get(next).Values()
	if err := f.Control.DeleteUser(f.Ctx, emulatortest.As[string](first.Values()[0]["id"])); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Control.CreateUser(f.Ctx, control.User{UserPrincipalName: "new.hire@contoso.example"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, f.Get(next).Values()); diff != "" {
		t.Error(diff)
	}
	if all := f.Get("/v1.0/users?$top=999&$count=true", "ConsistencyLevel", "eventual"); emulatortest.As[float64](all.Body["@odata.count"]) !=
		float64(len(emulator.SampleTenant().Users)) || emulatortest.As[string](all.Values()[len(all.Values())-1]["userPrincipalName"]) != "new.hire@contoso.example" {
		t.Errorf("%s", all.Raw)
	}
	if err := f.Control.DeleteUser(f.Ctx, emulatortest.As[string](first.Values()[2]["id"])); err != nil {
		t.Fatal(err)
	}
	if answer := f.Get(next); answer.Status != 400 || answer.ErrorCode() != "Directory_ExpiredPageToken" {
		t.Errorf("the last user of the page is gone: %d %s", answer.Status, answer.Raw)
	}
}

func TestPropertiesSelectedTwiceComeOnce(t *testing.T) {
	f := emulatortest.Start(t)
	for _, path := range []string{"/v1.0/users/" + emulatortest.Adele, "/v1.0/users"} {
		if answer := f.Get(path + "?$select=id,id"); answer.Status != 200 || strings.Count(string(answer.Raw), `"id"`) != max(1, len(answer.Values())) {
			t.Errorf("%d %s", answer.Status, answer.Raw)
		}
	}
}

func TestUsersAreFiltered(t *testing.T) {
	f := emulatortest.Start(t)
	tests := []struct {
		filter string
		want   []string
	}{
		{"userPrincipalName eq 'ADELE.vance@contoso.example'", []string{emulatortest.Adele}},
		{"userPrincipalName eq 'miriam.o''hara@contoso.example'", []string{"miriam.o'hara@contoso.example"}},
		{"id eq 'c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b302'", []string{emulatortest.Alex}},
		{"startsWith(userPrincipalName,'A')", []string{emulatortest.Adele, emulatortest.Alex}},
		{"startswith(displayName, 'Break')  and accountEnabled eq true", []string{"break.glass.1@contoso.example", "break.glass.2@contoso.example"}},
		{"userPrincipalName in ('" + emulatortest.Adele + "', '" + emulatortest.Megan + "')", []string{emulatortest.Adele, emulatortest.Megan}},
		{"(accountEnabled eq false or userType eq 'Guest') and startsWith(mail,'lee')", []string{"lee.gu@contoso.example"}},
		{"userPrincipalName eq 'nobody'", nil},
	}
	for _, test := range tests {
		t.Run(test.filter, func(t *testing.T) {
			answer := f.Get("/v1.0/users?$filter=" + url.QueryEscape(test.filter))
			var names []string
			for _, user := range answer.Values() {
				names = append(names, emulatortest.As[string](user["userPrincipalName"]))
			}
			if diff := cmp.Diff(test.want, names); diff != "" || answer.Status != 200 {
				t.Errorf("%d %s", answer.Status, diff)
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
			answer := f.Get("/v1.0/users?$filter=" + url.QueryEscape(test.filter))
			if answer.Status != 400 || answer.ErrorCode() != test.code {
				t.Errorf("%d %s", answer.Status, answer.Raw)
			}
		})
	}
}

func TestWhatGraphDoesNotHaveIsRefused(t *testing.T) {
	f := emulatortest.Start(t)
	tests := []struct {
		method, path  string
		status        int
		code, message string
	}{
		{"GET", "/v1.0", 400, "BadRequest", "segment ''"},
		{"GET", "/v1.0/nonsense", 400, "BadRequest", "segment 'nonsense'"},
		{"GET", "/v1.0/users/" + emulatortest.Adele + "/nonsense", 400, "BadRequest", "segment 'nonsense'"},
		{"GET", "/v1.0/users/" + emulatortest.Adele + "/authentication/nonsense", 400, "BadRequest", "segment 'nonsense'"},
		{"GET", "/beta/users/" + emulatortest.Adele + "/authentication/requirements/more", 400, "BadRequest", "segment 'more'"},
		{"GET", "/v1.0/users/" + emulatortest.Adele + "/authentication/hardwareOathMethods", 400, "BadRequest", "segment 'hardwareOathMethods'"},
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
		{"DELETE", "/v1.0/users/" + emulatortest.Adele, 405, "Request_BadRequest", "not allowed"},
		{"POST", "/v1.0/users", 405, "Request_BadRequest", "not allowed"},
		{"GET", "/v1.0/$batch", 405, "Request_BadRequest", "not allowed"},
		{"GET", "/v1.0/directoryObjects/getByIds", 405, "Request_BadRequest", "not allowed"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			answer := f.Graph(test.method, test.path, "", "Content-Type", "application/json")
			if answer.Status != test.status || answer.ErrorCode() != test.code || !strings.Contains(answer.ErrorMessage(), test.message) {
				t.Errorf("got %d %s", answer.Status, answer.Raw)
			}
		})
	}
	// $ may be left out, and parameters that are no query options are ignored.
	if answer := f.Get("/v1.0/users?top=1&session=7"); answer.Status != 200 || len(answer.Values()) != 1 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}

func TestErrorEnvelopeAndHeaders(t *testing.T) {
	f := emulatortest.Start(t)
	const id = "11111111-2222-4333-8444-555555555555"
	answer := f.Get("/v1.0/users/nobody@contoso.example", "Client-Request-Id", id)
	inner := emulatortest.As[map[string]any](emulatortest.At(answer.Body, "error", "innerError"))
	if inner["client-request-id"] != id || answer.Header.Get("Client-Request-Id") != id {
		t.Errorf("client-request-id is not echoed: %s", answer.Raw)
	}
	if inner["request-id"] != answer.Header.Get("Request-Id") || inner["request-id"] == "" || inner["date"] == "" {
		t.Errorf("innerError is %v", inner)
	}
	if answer.Header.Get("X-Ms-Ags-Diagnostic") == "" || answer.Header.Get("Date") == "" {
		t.Errorf("headers are %v", answer.Header)
	}
	if other := f.Get("/v1.0/users/nobody@contoso.example"); other.Header.Get("Request-Id") == answer.Header.Get("Request-Id") {
		t.Error("two requests have one request-id")
	}
}

func TestPermissionsForUsersAndGroups(t *testing.T) {
	f := emulatortest.Start(t)
	app := emulator.App{ClientID: "0d4f1b8e-6a53-4c0d-9d8f-4b4f5b0c9e10", Secrets: []emulator.Secret{{Value: "s"}}}
	paths := map[string]string{
		"/v1.0/users/" + emulatortest.Adele: "User.ReadBasic.All",
		"/v1.0/users":                       "User.Read.All",
		"/v1.0/users/" + emulatortest.Adele + "/authentication/methods":      "UserAuthenticationMethod.Read.All",
		"/v1.0/groups/" + emulator.SampleAllStaffID:                          "Group.Read.All",
		"/v1.0/groups/" + emulator.SampleAllStaffID + "/members":             "GroupMember.Read.All",
		"/beta/users/" + emulatortest.Adele + "/authentication/requirements": "Policy.Read.All",
		"/beta/users/" + emulatortest.Adele + "/authentication/phoneMethods": "UserAuthenticationMethod.ReadWrite.All",
		"/v1.0/groups?$filter=displayName+eq+'all-staff'&$top=20":            "Directory.Read.All",
	}
	if _, err := f.Control.CreateApp(f.Ctx, app); err != nil {
		t.Fatal(err)
	}
	for path, permission := range paths {
		f.Token = f.TokenFor(app.ClientID, "s")
		if answer := f.Get(path); answer.Status != http.StatusForbidden {
			t.Errorf("%s without a permission: %d", path, answer.Status)
		}
		app.Permissions = []string{permission}
		if err := f.Control.DeleteApp(f.Ctx, app.ClientID); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Control.CreateApp(f.Ctx, app); err != nil {
			t.Fatal(err)
		}
		f.Token = f.TokenFor(app.ClientID, "s")
		if answer := f.Get(path); answer.Status != http.StatusOK {
			t.Errorf("%s with %s: %d %s", path, permission, answer.Status, answer.Raw)
		}
		app.Permissions = nil
		_ = f.Control.DeleteApp(f.Ctx, app.ClientID)
		if _, err := f.Control.CreateApp(f.Ctx, app); err != nil {
			t.Fatal(err)
		}
	}
}
