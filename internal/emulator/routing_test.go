package emulator_test

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Clients in use spell path segments in their own case.
func TestPathsAreFoundInAnyCaseUnlessTold(t *testing.T) {
	f := start(t)
	group := "/groups/" + emulator.SampleBreakGlassID
	paths := []string{
		"/beta/policies/authenticationmethodspolicy",
		"/v1.0/Policies/AuthenticationMethodsPolicy",
		"/v1.0/USERS/" + adele,
		"/beta/users/" + strings.ToUpper(adele) + "/Authentication/REQUIREMENTS",
		"/v1.0/identity/conditionalaccess/namedlocations",
		"/v1.0/identity/conditionalAccess/namedLocations('" + emulator.SampleHeadquartersID + "')",
		"/v1.0/identity/conditionalaccess/NAMEDLOCATIONS('" + emulator.SampleHeadquartersID + "')",
		"/v1.0" + group + "/transitivemembers/microsoft.graph.user",
	}
	for _, exact := range []bool{false, true} {
		f.setBehavior(control.Behavior{CaseSensitivePaths: exact})
		for _, path := range paths {
			documented := strings.Contains(path, "/conditionalAccess/")
			answer := f.get(path)
			if found := answer.status == 200; found != (!exact || documented) {
				t.Errorf("%s, exact %t: %d %s", path, exact, answer.status, answer.raw)
			} else if !found && (answer.status != 400 || !strings.Contains(answer.errorMessage(), "Resource not found for the segment")) {
				t.Errorf("%s, exact %t: %d %s", path, exact, answer.status, answer.raw)
			}
		}
	}
	// The log and the counters know a resource by one name.
	for _, request := range f.requests() {
		if request.Status == 200 && strings.Contains(request.Template, "policy") {
			t.Errorf("template %s", request.Template)
		}
	}
}

// The metadata gives the namespace microsoft.graph the alias graph, and both names are in use.
func TestACastIsFoundByTheAlias(t *testing.T) {
	f := start(t)
	for _, exact := range []bool{false, true} {
		f.setBehavior(control.Behavior{CaseSensitivePaths: exact})
		for _, cast := range []string{"graph.user", "microsoft.graph.user"} {
			answer := f.get("/v1.0/groups/" + emulator.SampleBreakGlassID + "/transitiveMembers/" + cast)
			if answer.status != 200 || len(answer.values()) != 2 {
				t.Errorf("%s: %d %s", cast, answer.status, answer.raw)
			}
		}
		for _, operation := range []string{"graph.getByIds", "microsoft.graph.getByIds", "getByIds"} {
			answer := f.graph("POST", "/v1.0/directoryObjects/"+operation, `{"ids":["`+emulator.SampleBreakGlassID+`"]}`)
			if answer.status != 200 {
				t.Errorf("%s: %d %s", operation, answer.status, answer.raw)
			}
		}
	}
	for _, cast := range []string{"graph.nonsense", "graph.members", "microsoft.graph.members", "graph.group('x')"} {
		if answer := f.get("/v1.0/groups/" + emulator.SampleBreakGlassID + "/members/" + cast); answer.status != 400 {
			t.Errorf("%s: %d %s", cast, answer.status, answer.raw)
		}
	}
}

// https://learn.microsoft.com/graph/api/user-get
func TestMeIsTheSignedInUser(t *testing.T) {
	f := start(t)
	if answer := f.get("/v1.0/me"); answer.status != 400 || !strings.Contains(answer.errorMessage(), "delegated") {
		t.Errorf("an app by itself: %d %s", answer.status, answer.raw)
	}
	issued, err := f.control.IssueUserToken(f.ctx, control.UserTokenRequest{User: adele, Scopes: []string{"User.Read.All", "Policy.Read.All", "GroupMember.Read.All"}})
	if err != nil {
		t.Fatal(err)
	}
	f.token = issued.AccessToken
	if answer := f.get("/v1.0/me"); answer.status != 200 || answer.body["userPrincipalName"] != adele {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	for _, path := range []string{"/beta/me/authentication/requirements", "/v1.0/ME/memberOf", "/v1.0/me/transitiveMemberOf/graph.group"} {
		if answer := f.get(path); answer.status != 200 {
			t.Errorf("%s: %d %s", path, answer.status, answer.raw)
		}
	}
	if answer := f.get("/v1.0/me/nonsense"); answer.status != 400 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	answers := f.batch("v1.0", `{"id":"1","method":"GET","url":"/me"}`)
	if answers["1"].body["userPrincipalName"] != adele {
		t.Errorf("in a batch: %+v", answers["1"])
	}
}
