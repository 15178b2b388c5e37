package graphapi_test

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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

// namesOf are the display names of a list, in its order.
func namesOf(r emulatortest.Reply) []string {
	names := []string{}
	for _, value := range r.Values() {
		names = append(names, emulatortest.As[string](value["displayName"]))
	}
	return names
}

func idOf(f *emulatortest.Fixture, user string) string {
	f.T.Helper()
	found, err := f.Control.GetUser(f.Ctx, user)
	if err != nil {
		f.T.Fatal(err)
	}
	return found.ID
}

func TestWhatSomebodyIsAMemberOf(t *testing.T) {
	f := emulatortest.Start(t)
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
		answer := f.Get(test.path)
		if diff := cmp.Diff(test.want, namesOf(answer)); answer.Status != 200 || diff != "" {
			t.Errorf("%s: %d %s", test.path, answer.Status, diff)
		}
	}
	for _, operation := range []string{"getMemberGroups", "microsoft.graph.getMemberObjects"} {
		answer := f.Graph("POST", second+"/"+operation, `{"securityEnabledOnly":true}`)
		if ids := emulatortest.As[[]any](answer.Body["value"]); answer.Status != 200 || len(ids) != 2 {
			t.Errorf("%s: %d %s", operation, answer.Status, answer.Raw)
		}
	}
	answer := f.Graph("POST", "/v1.0/directoryObjects/"+idOf(f, "break.glass.2@contoso.example")+"/checkMemberObjects",
		`{"ids":["`+emulator.SampleBreakGlassID+`","`+emulator.SampleAllStaffID+`"]}`)
	if ids := emulatortest.As[[]any](answer.Body["value"]); len(ids) != 1 || ids[0] != emulator.SampleBreakGlassID {
		t.Errorf("checkMemberObjects: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get(second + "/manager"); answer.Status != 404 || !strings.Contains(answer.ErrorMessage(), "Resource 'manager'") {
		t.Errorf("a manager: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Get("/v1.0/users/nobody@contoso.example/memberOf"); answer.Status != 404 {
		t.Errorf("of nobody: %d %s", answer.Status, answer.Raw)
	}
}

func TestADirectoryObjectIsReadByItsID(t *testing.T) {
	f := emulatortest.Start(t)
	id := idOf(f, emulatortest.Adele)
	answer := f.Get("/v1.0/directoryObjects/" + id)
	if answer.Status != 200 || answer.Body["@odata.type"] != "#microsoft.graph.user" || answer.Body["userPrincipalName"] != emulatortest.Adele {
		t.Errorf("got %d %s", answer.Status, answer.Raw)
	}
	if answer = f.Get("/v1.0/directoryObjects/" + emulator.SampleAllStaffID + "?$select=displayName"); answer.Body["displayName"] != "all-staff" {
		t.Errorf("got %d %s", answer.Status, answer.Raw)
	}
	permit(f, "User.Read.All")
	if answer = f.Get("/v1.0/directoryObjects/" + emulator.SampleAllStaffID); answer.Body["displayName"] != nil || answer.Body["id"] == nil {
		t.Errorf("without the permission for groups: %d %s", answer.Status, answer.Raw)
	}
}

func TestMembersAreAddedAndRemovedByReference(t *testing.T) {
	f := emulatortest.Start(t)
	permit(f, "GroupMember.ReadWrite.All", "User.Read.All")
	lee := idOf(f, "lee.gu@contoso.example")
	members := "/v1.0/groups/" + emulator.SampleEngineeringID + "/members"
	add := func(reference string) emulatortest.Reply {
		return f.Graph("POST", members+"/$ref", `{"@odata.id":"`+reference+`"}`)
	}
	has := func() bool {
		answer := f.Get(members + "/$ref")
		return slices.ContainsFunc(answer.Values(), func(value map[string]any) bool {
			return value["@odata.id"] == f.Server.URL()+"/v1.0/directoryObjects/"+lee+"/microsoft.graph.user"
		})
	}
	if answer := add("https://graph.microsoft.com/v1.0/directoryObjects/" + lee); answer.Status != 204 || !has() {
		t.Fatalf("added: %d %s", answer.Status, answer.Raw)
	}
	if answer := add(f.Server.URL() + "/v1.0/users('" + lee + "')"); answer.Status != 400 || !strings.Contains(answer.ErrorMessage(), "already exist") {
		t.Errorf("added again: %d %s", answer.Status, answer.Raw)
	}
	for reference, status := range map[string]int{
		"https://graph.microsoft.com/beta/directoryObjects/11111111-2222-4333-8444-555555555555": 404,
		"https://graph.microsoft.com/v1.0/directoryObjects/adele":                                400,
		"https://graph.microsoft.com/v1.0/" + lee:                                                400,
		"": 400,
	} {
		if answer := add(reference); answer.Status != status {
			t.Errorf("%q: %d %s", reference, answer.Status, answer.Raw)
		}
	}
	if answer := f.Graph("DELETE", members+"/"+lee+"/$ref", ""); answer.Status != 204 || has() {
		t.Errorf("removed: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.Graph("DELETE", members+"/"+lee+"/$ref", ""); answer.Status != 404 {
		t.Errorf("removed again: %d %s", answer.Status, answer.Raw)
	}
	permit(f, "GroupMember.Read.All", "User.Read.All")
	if answer := add("https://graph.microsoft.com/v1.0/directoryObjects/" + lee); answer.Status != 403 {
		t.Errorf("without the permission: %d %s", answer.Status, answer.Raw)
	}
}

func TestDirectoryObjectsAreCountedSortedAndSearched(t *testing.T) {
	f := emulatortest.Start(t)
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
		answer := f.Get(path, header, eventual)
		if answer.Status != 200 || string(answer.Raw) != want || answer.Header.Get("Content-Type") != "text/plain" {
			t.Errorf("%s: %d %s %s", path, answer.Status, answer.Header.Get("Content-Type"), answer.Raw)
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
		answer := f.Get("/v1.0/users?"+test.query, header, eventual)
		if diff := cmp.Diff(test.want, namesOf(answer)); answer.Status != 200 || diff != "" {
			t.Errorf("%s: %d %s\n%s", test.query, answer.Status, diff, answer.ErrorMessage())
		}
	}
	for _, search := range []string{`adele`, `"adele"`, `"nonsense:a"`, `"displayName:a" "mail:b"`, `("displayName:a"`, `"displayName:a`} {
		if answer := f.Get("/v1.0/users?$search="+url.QueryEscape(search), header, eventual); answer.Status != 400 {
			t.Errorf("%s: %d %s", search, answer.Status, answer.Raw)
		}
	}

	// The pages of a sorted list follow one another.
	var paged []string
	for next := "/v1.0/users?$orderby=displayName&$top=5&$select=displayName"; next != ""; {
		answer := f.Get(next)
		paged = append(paged, namesOf(answer)...)
		next = emulatortest.As[string](answer.Body["@odata.nextLink"])
	}
	if len(paged) != 14 || !slices.IsSorted(paged) {
		t.Errorf("pages: %v", paged)
	}
}

func TestARelationIsExpanded(t *testing.T) {
	f := emulatortest.Start(t)
	answer := f.Get("/v1.0/groups/" + emulator.SampleBreakGlassID + "?$select=id&$expand=members($select=id,displayName)")
	members := emulatortest.As[[]any](answer.Body["members"])
	if answer.Status != 200 || len(members) != 2 || emulatortest.As[string](emulatortest.At(members[0], "@odata.type")) == "" || emulatortest.At(members[0], "displayName") == nil ||
		emulatortest.At(members[0], "mail") != nil {
		t.Errorf("got %d %s", answer.Status, answer.Raw)
	}
	var many []string
	for range 30 {
		user, err := f.Control.CreateUser(f.Ctx, control.User{UserPrincipalName: "user" + string(rune('a'+len(many)/26)) + string(rune('a'+len(many)%26)) + "@contoso.example"})
		if err != nil {
			t.Fatal(err)
		}
		many = append(many, user.ID)
	}
	if _, err := f.Control.PatchGroup(f.Ctx, emulator.SampleEngineeringID, control.GroupPatch{Members: &many}); err != nil {
		t.Fatal(err)
	}
	answer = f.Get("/v1.0/groups?$filter=displayName+eq+'engineering'&$expand=members")
	if expanded := emulatortest.As[[]any](answer.Values()[0]["members"]); len(expanded) != 20 {
		t.Errorf("%d of 30 members are expanded", len(expanded))
	}
	answer = f.Get("/v1.0/users/" + many[0] + "?$expand=transitiveMemberOf&$select=id")
	if groups := emulatortest.As[[]any](answer.Body["transitiveMemberOf"]); len(groups) != 2 {
		t.Errorf("got %d %s", answer.Status, answer.Raw)
	}
	if answer = f.Get("/v1.0/users/" + many[0] + "?$expand=manager"); answer.Status != 200 || strings.Contains(string(answer.Raw), "manager") {
		t.Errorf("nobody has a manager: %d %s", answer.Status, answer.Raw)
	}
}

// Microsoft's Go SDK compresses what it writes, and writes a body of null where there is none.
func TestRequestBodiesAreDecompressed(t *testing.T) {
	f := emulatortest.Start(t)
	path := "/beta/users/" + emulatortest.Adele + "/authentication/requirements"
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
	if answer := f.Graph("PATCH", path, compressed(`{"perUserMfaState":"enabled"}`), "Content-Encoding", "gzip"); answer.Status != 204 {
		t.Errorf("gzip: %d %s", answer.Status, answer.Raw)
	}
	if state := f.State(emulatortest.Adele); state == "disabled" {
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
		if answer := f.Graph("PATCH", path, test.body, "Content-Encoding", test.encoding); answer.Status != test.status {
			t.Errorf("%s: %d %s", test.name, answer.Status, answer.Raw)
		}
	}
	answers := f.Batch("v1.0", `{"id":"1","method":"GET","url":"/users/`+emulatortest.Adele+`","headers":{},"body":null,"dependsOn":[]}`)
	if answers["1"].Status != 200 {
		t.Errorf("an item with a body of null: %+v", answers["1"])
	}
}
