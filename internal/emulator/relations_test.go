package emulator_test

import (
	"bytes"
	"compress/gzip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// names are the display names of a list, in its order.
func (r reply) names() []string {
	names := []string{}
	for _, value := range r.values() {
		names = append(names, as[string](value["displayName"]))
	}
	return names
}

func (f *fixture) idOf(user string) string {
	f.t.Helper()
	found, err := f.control.GetUser(f.ctx, user)
	if err != nil {
		f.t.Fatal(err)
	}
	return found.ID
}

func TestWhatSomebodyIsAMemberOf(t *testing.T) {
	f := start(t)
	second := "/v1.0/users/break.glass.2@contoso.example"
	tests := []struct {
		path string
		want []string
	}{
		{second + "/memberOf", []string{"break-glass accounts, second safe"}},
		{second + "/transitiveMemberOf", []string{"break-glass accounts", "break-glass accounts, second safe"}},
		{second + "/transitiveMemberOf/microsoft.graph.group?$select=id,displayName", []string{"break-glass accounts", "break-glass accounts, second safe"}},
		{second + "/transitiveMemberOf/graph.group?$filter=startsWith(displayName,'break-glass accounts,')", []string{"break-glass accounts, second safe"}},
		{"/v1.0/groups/" + emulator.SampleBreakGlassNestedID + "/memberOf", []string{"break-glass accounts"}},
		{"/v1.0/groups/" + emulator.SampleBreakGlassID + "/memberOf", []string{}},
		{"/v1.0/groups/" + emulator.SampleBreakGlassID + "/owners", []string{}},
		{"/v1.0/groups/" + emulator.SampleBreakGlassID + "/members/graph.device?$select=id", []string{}},
		{"/v1.0/groups/" + emulator.SampleBreakGlassID + "/transitiveMembers/microsoft.graph.servicePrincipal", []string{}},
		{second + "/memberOf/graph.directoryRole", []string{}},
		{second + "/ownedDevices", []string{}},
		{"/v1.0/directoryObjects/" + emulator.SampleBreakGlassNestedID + "/transitiveMemberOf", []string{"break-glass accounts"}},
	}
	for _, test := range tests {
		answer := f.get(test.path)
		if diff := cmp.Diff(test.want, answer.names()); answer.status != 200 || diff != "" {
			t.Errorf("%s: %d %s", test.path, answer.status, diff)
		}
	}
	for _, operation := range []string{"getMemberGroups", "microsoft.graph.getMemberObjects"} {
		answer := f.graph("POST", second+"/"+operation, `{"securityEnabledOnly":true}`)
		if ids := as[[]any](answer.body["value"]); answer.status != 200 || len(ids) != 2 {
			t.Errorf("%s: %d %s", operation, answer.status, answer.raw)
		}
	}
	answer := f.graph("POST", "/v1.0/directoryObjects/"+f.idOf("break.glass.2@contoso.example")+"/checkMemberObjects",
		`{"ids":["`+emulator.SampleBreakGlassID+`","`+emulator.SampleAllStaffID+`"]}`)
	if ids := as[[]any](answer.body["value"]); len(ids) != 1 || ids[0] != emulator.SampleBreakGlassID {
		t.Errorf("checkMemberObjects: %d %s", answer.status, answer.raw)
	}
	if answer := f.get(second + "/manager"); answer.status != 404 || !strings.Contains(answer.errorMessage(), "Resource 'manager'") {
		t.Errorf("a manager: %d %s", answer.status, answer.raw)
	}
	if answer := f.get("/v1.0/users/nobody@contoso.example/memberOf"); answer.status != 404 {
		t.Errorf("of nobody: %d %s", answer.status, answer.raw)
	}
}

func TestADirectoryObjectIsReadByItsID(t *testing.T) {
	f := start(t)
	id := f.idOf(adele)
	answer := f.get("/v1.0/directoryObjects/" + id)
	if answer.status != 200 || answer.body["@odata.type"] != "#microsoft.graph.user" || answer.body["userPrincipalName"] != adele {
		t.Errorf("got %d %s", answer.status, answer.raw)
	}
	if answer = f.get("/v1.0/directoryObjects/" + emulator.SampleAllStaffID + "?$select=displayName"); answer.body["displayName"] != "all-staff" {
		t.Errorf("got %d %s", answer.status, answer.raw)
	}
	f.permit("User.Read.All")
	if answer = f.get("/v1.0/directoryObjects/" + emulator.SampleAllStaffID); answer.body["displayName"] != nil || answer.body["id"] == nil {
		t.Errorf("without the permission for groups: %d %s", answer.status, answer.raw)
	}
}

func TestMembersAreAddedAndRemovedByReference(t *testing.T) {
	f := start(t)
	f.permit("GroupMember.ReadWrite.All", "User.Read.All")
	lee := f.idOf("lee.gu@contoso.example")
	members := "/v1.0/groups/" + emulator.SampleEngineeringID + "/members"
	add := func(reference string) reply {
		return f.graph("POST", members+"/$ref", `{"@odata.id":"`+reference+`"}`)
	}
	has := func() bool {
		answer := f.get(members + "/$ref")
		return slices.ContainsFunc(answer.values(), func(value map[string]any) bool {
			return value["@odata.id"] == f.server.URL()+"/v1.0/directoryObjects/"+lee+"/microsoft.graph.user"
		})
	}
	if answer := add("https://graph.microsoft.com/v1.0/directoryObjects/" + lee); answer.status != 204 || !has() {
		t.Fatalf("added: %d %s", answer.status, answer.raw)
	}
	if answer := add(f.server.URL() + "/v1.0/users('" + lee + "')"); answer.status != 400 || !strings.Contains(answer.errorMessage(), "already exist") {
		t.Errorf("added again: %d %s", answer.status, answer.raw)
	}
	for reference, status := range map[string]int{
		"https://graph.microsoft.com/beta/directoryObjects/11111111-2222-4333-8444-555555555555": 404,
		"https://graph.microsoft.com/v1.0/directoryObjects/adele":                                400,
		"https://graph.microsoft.com/v1.0/" + lee:                                                400,
		"": 400,
	} {
		if answer := add(reference); answer.status != status {
			t.Errorf("%q: %d %s", reference, answer.status, answer.raw)
		}
	}
	if answer := f.graph("DELETE", members+"/"+lee+"/$ref", ""); answer.status != 204 || has() {
		t.Errorf("removed: %d %s", answer.status, answer.raw)
	}
	if answer := f.graph("DELETE", members+"/"+lee+"/$ref", ""); answer.status != 404 {
		t.Errorf("removed again: %d %s", answer.status, answer.raw)
	}
	f.permit("GroupMember.Read.All", "User.Read.All")
	if answer := add("https://graph.microsoft.com/v1.0/directoryObjects/" + lee); answer.status != 403 {
		t.Errorf("without the permission: %d %s", answer.status, answer.raw)
	}
}

func TestDirectoryObjectsAreCountedSortedAndSearched(t *testing.T) {
	f := start(t)
	const header, eventual = "ConsistencyLevel", "eventual"
	counts := map[string]string{
		"/v1.0/users/$count":                                                                                  "14",
		"/v1.0/users/$count?$filter=userType+eq+'Guest'":                                                      "1",
		"/v1.0/users/$count?$filter=userType+ne+'Guest'":                                                      "13",
		"/v1.0/groups/$count":                                                                                 "4",
		"/v1.0/groups/$count?$search=%22displayName:glass%22":                                                 "2",
		"/v1.0/groups/" + emulator.SampleBreakGlassID + "/members/$count":                                     "2",
		"/v1.0/groups/" + emulator.SampleBreakGlassID + "/transitiveMembers/microsoft.graph.user/$count":      "2",
		"/v1.0/groups/" + emulator.SampleBreakGlassID + "/members/$count?$filter=displayName+eq+'no'":         "0",
		"/v1.0/users/" + url.PathEscape("break.glass.2@contoso.example") + "/transitiveMemberOf/$count":       "2",
		"/v1.0/groups/" + emulator.SampleBreakGlassID + "/transitiveMembers/$count?$search=%22mail:nobody%22": "0",
	}
	for path, want := range counts {
		answer := f.get(path, header, eventual)
		if answer.status != 200 || string(answer.raw) != want || answer.header.Get("Content-Type") != "text/plain" {
			t.Errorf("%s: %d %s %s", path, answer.status, answer.header.Get("Content-Type"), answer.raw)
		}
	}
	lists := []struct {
		query string
		want  []string
	}{
		{"$orderby=displayName+desc&$top=2", []string{"Patti Fernandez", "Nestor Wilke (guest)"}},
		{"$orderby=userType,displayName+desc&$count=true&$top=2", []string{"Nestor Wilke (guest)", "Patti Fernandez"}},
		{"$search=%22displayName:adele%22+OR+%22displayName:wil%22", []string{"Adele Vance", "Alex Wilber", "Nestor Wilke (guest)"}},
		{"$search=%22displayName:wil%22+AND+(%22mail:alex%22+OR+%22mail:lee%22)", []string{"Alex Wilber"}},
		{"$search=%22displayName:ohara%22", []string{"Miriam O'Hara"}},
		{"$search=%22displayName:dele%22", []string{}},
		{"$search=%22displayName:wil%22&$filter=userType+eq+'Guest'", []string{"Nestor Wilke (guest)"}},
		{"$filter=endsWith(mail,'@FABRIKAM.example')&$count=true", []string{"Nestor Wilke (guest)"}},
		{"$filter=not(endsWith(mail,'@contoso.example'))+and+mail+ne+null&$count=true", []string{"Nestor Wilke (guest)"}},
		{"$filter=startsWith(displayName,'a')&$orderby=displayName+desc&$count=true", []string{"Alex Wilber", "Adele Vance"}},
	}
	for _, test := range lists {
		answer := f.get("/v1.0/users?"+test.query, header, eventual)
		if diff := cmp.Diff(test.want, answer.names()); answer.status != 200 || diff != "" {
			t.Errorf("%s: %d %s\n%s", test.query, answer.status, diff, answer.errorMessage())
		}
	}
	for _, search := range []string{`adele`, `"adele"`, `"nonsense:a"`, `"displayName:a" "mail:b"`, `("displayName:a"`, `"displayName:a`} {
		if answer := f.get("/v1.0/users?$search="+url.QueryEscape(search), header, eventual); answer.status != 400 {
			t.Errorf("%s: %d %s", search, answer.status, answer.raw)
		}
	}

	// The pages of a sorted list follow one another.
	var paged []string
	for next := "/v1.0/users?$orderby=displayName&$top=5&$select=displayName"; next != ""; {
		answer := f.get(next)
		paged = append(paged, answer.names()...)
		next = as[string](answer.body["@odata.nextLink"])
	}
	if len(paged) != 14 || !slices.IsSorted(paged) {
		t.Errorf("pages: %v", paged)
	}
}

func TestARelationIsExpanded(t *testing.T) {
	f := start(t)
	answer := f.get("/v1.0/groups/" + emulator.SampleBreakGlassID + "?$select=id&$expand=members($select=id,displayName)")
	members := as[[]any](answer.body["members"])
	if answer.status != 200 || len(members) != 2 || as[string](at(members[0], "@odata.type")) == "" || at(members[0], "displayName") == nil ||
		at(members[0], "mail") != nil {
		t.Errorf("got %d %s", answer.status, answer.raw)
	}
	var many []string
	for range 30 {
		user, err := f.control.CreateUser(f.ctx, control.User{UserPrincipalName: "user" + string(rune('a'+len(many)/26)) + string(rune('a'+len(many)%26)) + "@contoso.example"})
		if err != nil {
			t.Fatal(err)
		}
		many = append(many, user.ID)
	}
	if _, err := f.control.PatchGroup(f.ctx, emulator.SampleEngineeringID, control.GroupPatch{Members: &many}); err != nil {
		t.Fatal(err)
	}
	answer = f.get("/v1.0/groups?$filter=displayName+eq+'engineering'&$expand=members")
	if expanded := as[[]any](answer.values()[0]["members"]); len(expanded) != 20 {
		t.Errorf("%d of 30 members are expanded", len(expanded))
	}
	answer = f.get("/v1.0/users/" + many[0] + "?$expand=transitiveMemberOf&$select=id")
	if groups := as[[]any](answer.body["transitiveMemberOf"]); len(groups) != 2 {
		t.Errorf("got %d %s", answer.status, answer.raw)
	}
	if answer = f.get("/v1.0/users/" + many[0] + "?$expand=manager"); answer.status != 200 || strings.Contains(string(answer.raw), "manager") {
		t.Errorf("nobody has a manager: %d %s", answer.status, answer.raw)
	}
}

// Microsoft's Go SDK compresses what it writes, and writes a body of null where there is none.
func TestRequestBodiesAreDecompressed(t *testing.T) {
	f := start(t)
	path := "/beta/users/" + adele + "/authentication/requirements"
	compressed := func(text string) string {
		var buffer bytes.Buffer
		writer := gzip.NewWriter(&buffer)
		if _, err := writer.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
		return buffer.String()
	}
	if answer := f.graph("PATCH", path, compressed(`{"perUserMfaState":"enabled"}`), "Content-Encoding", "gzip"); answer.status != 204 {
		t.Errorf("gzip: %d %s", answer.status, answer.raw)
	}
	if state := f.state(adele); state == "disabled" {
		t.Error("the state was not written")
	}
	tests := []struct {
		name, body, encoding string
		status               int
	}{
		{"not compressed at all", `{"perUserMfaState":"enabled"}`, "identity", 204},
		{"not gzip", `{"perUserMfaState":"enabled"}`, "gzip", 400},
		{"cut off", compressed(`{"perUserMfaState":"enabled"}`)[:20], "gzip", 400},
		{"another encoding", `x`, "br", 415},
		{"two encodings", `x`, "gzip, gzip", 415},
		{"small, and large when decompressed", compressed(`{"perUserMfaState":"` + strings.Repeat("a", 8<<20) + `"}`), "gzip", 413},
	}
	for _, test := range tests {
		if answer := f.graph("PATCH", path, test.body, "Content-Encoding", test.encoding); answer.status != test.status {
			t.Errorf("%s: %d %s", test.name, answer.status, answer.raw)
		}
	}
	answers := f.batch("v1.0", `{"id":"1","method":"GET","url":"/users/`+adele+`","headers":{},"body":null,"dependsOn":[]}`)
	if answers["1"].status != 200 {
		t.Errorf("an item with a body of null: %+v", answers["1"])
	}
}
