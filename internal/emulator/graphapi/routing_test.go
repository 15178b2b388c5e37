package graphapi_test

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

// Clients in use spell path segments in their own case.
func TestPathsAreFoundInAnyCaseUnlessTold(t *testing.T) {
	f := emulatortest.Start(t)
	group := "/groups/" + emulator.SampleBreakGlassID
	paths := []string{
		"/beta/policies/authenticationmethodspolicy",
		"/v1.0/Policies/AuthenticationMethodsPolicy",
		"/v1.0/USERS/" + emulatortest.Adele,
		"/beta/users/" + strings.ToUpper(emulatortest.Adele) + "/Authentication/REQUIREMENTS",
		"/v1.0/identity/conditionalaccess/namedlocations",
		"/v1.0/identity/conditionalAccess/namedLocations('" + emulator.SampleHeadquartersID + "')",
		"/v1.0/identity/conditionalaccess/NAMEDLOCATIONS('" + emulator.SampleHeadquartersID + "')",
		"/v1.0" + group + "/transitivemembers/microsoft.graph.user",
	}
	for _, exact := range []bool{false, true} {
		f.SetBehavior(control.Behavior{CaseSensitivePaths: exact})
		for _, path := range paths {
			documented := strings.Contains(path, "/conditionalAccess/")
			answer := f.Get(path)
			if found := answer.Status == 200; found != (!exact || documented) {
				t.Errorf("%s, exact %t: %d %s", path, exact, answer.Status, answer.Raw)
			} else if !found && (answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "Resource not found for the segment")) {
				t.Errorf("%s, exact %t: %d %s", path, exact, answer.Status, answer.Raw)
			}
		}
	}
	// The log and the counters know a resource by one name.
	for _, request := range f.Requests() {
		if request.Status == 200 && strings.Contains(request.Template, "policy") {
			t.Errorf("template %s", request.Template)
		}
	}
}

// The metadata gives the namespace microsoft.graph the alias graph, and both names are in use.
func TestACastIsFoundByTheAlias(t *testing.T) {
	f := emulatortest.Start(t)
	for _, exact := range []bool{false, true} {
		f.SetBehavior(control.Behavior{CaseSensitivePaths: exact})
		for _, cast := range []string{"graph.user", "microsoft.graph.user"} {
			answer := f.Get("/v1.0/groups/" + emulator.SampleBreakGlassID + "/transitiveMembers/" + cast)
			if answer.Status != 200 || len(answer.Values()) != 2 {
				t.Errorf("%s: %d %s", cast, answer.Status, answer.Raw)
			}
		}
		for _, operation := range []string{"graph.getByIds", "microsoft.graph.getByIds", "getByIds"} {
			answer := f.Graph("POST", "/v1.0/directoryObjects/"+operation, `{"ids":["`+emulator.SampleBreakGlassID+`"]}`)
			if answer.Status != 200 {
				t.Errorf("%s: %d %s", operation, answer.Status, answer.Raw)
			}
		}
	}
	for _, cast := range []string{"graph.nonsense", "graph.members", "microsoft.graph.members", "graph.group('x')"} {
		if answer := f.Get("/v1.0/groups/" + emulator.SampleBreakGlassID + "/members/" + cast); answer.Status != 400 {
			t.Errorf("%s: %d %s", cast, answer.Status, answer.Raw)
		}
	}
}

// https://learn.microsoft.com/graph/api/user-get
func TestMeIsTheSignedInUser(t *testing.T) {
	f := emulatortest.Start(t)
	if answer := f.Get("/v1.0/me"); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "delegated") {
		t.Errorf("an app by itself: %d %s", answer.Status, answer.Raw)
	}
	issued, err := f.Control.IssueUserToken(f.Ctx, control.UserTokenRequest{User: emulatortest.Adele, Scopes: []string{"User.Read.All", "Policy.Read.All", "GroupMember.Read.All"}})
	if err != nil {
		t.Fatal(err)
	}
	f.Token = issued.AccessToken
	if answer := f.Get("/v1.0/me"); answer.Status != 200 || answer.Body["userPrincipalName"] != emulatortest.Adele {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	for _, path := range []string{"/beta/me/authentication/requirements", "/v1.0/ME/memberOf", "/v1.0/me/transitiveMemberOf/graph.group"} {
		if answer := f.Get(path); answer.Status != 200 {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
	}
	if answer := f.Get("/v1.0/me/nonsense"); answer.Status != 400 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	answers := f.Batch("v1.0", `{"id":"1","method":"GET","url":"/me"}`)
	if answers["1"].Body["userPrincipalName"] != emulatortest.Adele {
		t.Errorf("in a batch: %+v", answers["1"])
	}
}
