package peruser

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

const (
	firstID  = "22222222-bbbb-4bbb-8bbb-000000000001"
	secondID = "22222222-bbbb-4bbb-8bbb-000000000002"
	firstUPN = "first@contoso.example"
)

func textMap(pairs ...string) types.Map {
	values := map[string]attr.Value{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = types.StringValue(pairs[i+1])
	}
	return types.MapValueMust(types.StringType, values)
}

func compareManaged(t *testing.T, want, have managedUsers) {
	t.Helper()
	if diff := cmp.Diff(want, have, cmp.AllowUnexported(managedUser{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestManyUsersGoIntoAStateAndComeBack(t *testing.T) {
	t.Parallel()
	states := rapid.SampledFrom([]mfa.State{mfa.Disabled, mfa.Enabled, mfa.Enforced})
	rapid.Check(t, func(t *rapid.T) {
		var users managedUsers
		for i := range rapid.IntRange(0, 30).Draw(t, "users") {
			user := managedUser{key: fmt.Sprintf("u%03d@contoso.example", i), id: fmt.Sprint(i), wanted: states.Draw(t, "wanted")}
			if rapid.Bool().Draw(t, "read") {
				user.effective = states.Draw(t, "effective")
			}
			users = append(users, user)
		}
		var m userMFAStatesModel
		m.setManaged(users)
		have := m.managed()
		if len(users) == 0 && len(have) == 0 {
			return
		}
		if diff := cmp.Diff(users, have, cmp.AllowUnexported(managedUser{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestAUserOfManyIsADifferenceExactlyWhenTheServiceDoesNotSatisfyTheState(t *testing.T) {
	t.Parallel()
	for _, wanted := range mfa.States() {
		for _, current := range mfa.States() {
			user := managedUser{key: firstUPN, id: firstID, wanted: wanted}
			user.observe(current)
			if differs := user.wanted != wanted; differs == current.Satisfies(wanted) || user.effective != current {
				t.Errorf("%s wanted and %s there: the state says %+v", wanted, current, user)
			}
		}
	}
}

func TestTheStateKnowsAUserByAnySpellingOfNameAndID(t *testing.T) {
	t.Parallel()
	prior := managedUsers{{key: firstUPN, id: firstID, wanted: "enabled", effective: "enforced"}}
	for key, known := range map[string]bool{
		firstUPN: true, "FIRST@Contoso.example": true, firstID: true, "22222222-BBBB-4BBB-8BBB-000000000001": true,
		"other@contoso.example": false, secondID: false,
	} {
		m := userMFAStatesModel{Users: textMap(key, "enabled")}
		users := m.wantedUsers(prior)
		if len(users) != 1 || (users[0].prior != nil) != known || users[0].found() != known || users[0].settled() != known {
			t.Errorf("%s: %+v, want it to be known: %v", key, users[0], known)
		}
		if removed := removedUsers(prior, users); (len(removed) == 0) != known {
			t.Errorf("%s: removed are %v", key, removed)
		}
	}
}

func TestWhatCountsAsNoChangeOfManyUsers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wanted, effective string
		config            []string
		want              bool
	}{
		"the same":                    {"enabled", "enabled", []string{firstUPN, "enabled"}, true},
		"promoted":                    {"enabled", "enforced", []string{firstUPN, "enabled"}, true},
		"another spelling":            {"enabled", "enabled", []string{"First@contoso.example", "enabled"}, true},
		"imported enforced":           {"enforced", "enforced", []string{firstUPN, "enabled"}, true},
		"imported, enforced wanted":   {"enabled", "enforced", []string{firstUPN, "enforced"}, true},
		"asks for more":               {"enabled", "enabled", []string{firstUPN, "enforced"}, false},
		"drifted":                     {"disabled", "disabled", []string{firstUPN, "enabled"}, false},
		"not set by the last apply":   {"enabled", "disabled", []string{firstUPN, "enabled"}, false},
		"unknown after the last one":  {"enabled", "", []string{firstUPN, "enabled"}, false},
		"the id instead of the name":  {"enabled", "enabled", []string{firstID, "enabled"}, false},
		"one more":                    {"enabled", "enabled", []string{firstUPN, "enabled", secondID, "enabled"}, false},
		"another user in their stead": {"enabled", "enabled", []string{secondID, "enabled"}, false},
	} {
		prior := managedUsers{{key: firstUPN, id: firstID, wanted: mfa.State(c.wanted), effective: mfa.State(c.effective)}}
		m := userMFAStatesModel{Users: textMap(c.config...)}
		if have := unchanged(m.wantedUsers(prior), prior); have != c.want {
			t.Errorf("%s: unchanged is %v", name, have)
		}
	}
}

func TestWhatAPlanOfManyUsersKnows(t *testing.T) {
	t.Parallel()
	prior := func(effective mfa.State) *managedUser {
		return &managedUser{key: firstUPN, id: firstID, effective: effective}
	}
	for name, c := range map[string]struct {
		user wantedUser
		want types.String
	}{
		"managed, settled":        {wantedUser{wanted: "enabled", current: "enforced", prior: prior("enforced")}, types.StringValue("enforced")},
		"new, settled":            {wantedUser{wanted: "enabled", current: "enforced"}, types.StringUnknown()},
		"new, to be disabled":     {wantedUser{wanted: "disabled", current: "enabled"}, types.StringUnknown()},
		"new, to be enabled":      {wantedUser{wanted: "enabled", current: "disabled"}, types.StringUnknown()},
		"new, not read":           {wantedUser{wanted: "disabled"}, types.StringUnknown()},
		"managed, to disabled":    {wantedUser{wanted: "disabled", current: "enabled", prior: prior("enabled")}, types.StringValue("disabled")},
		"managed, to enabled":     {wantedUser{wanted: "enabled", current: "disabled", prior: prior("disabled")}, types.StringUnknown()},
		"managed, to enforced":    {wantedUser{wanted: "enforced", current: "enabled", prior: prior("enabled")}, types.StringValue("enforced")},
		"managed, wanted unknown": {wantedUser{current: "enabled", prior: prior("enabled")}, types.StringUnknown()},
	} {
		if have := decide(c.user.facts()).planned(); !have.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, have, c.want)
		}
	}
}

func TestWhatTheStateHasAfterAChange(t *testing.T) {
	t.Parallel()
	failed := client.ErrNotTried
	result := func(effective mfa.State, written ...mfa.State) client.SetResult {
		return client.SetResult{Effective: effective, Written: written}
	}
	prior := &managedUser{key: "Old@contoso.example", id: firstID, wanted: "disabled", effective: "disabled"}
	user := func(prior *managedUser) *wantedUser {
		return &wantedUser{key: firstUPN, wanted: "enforced", user: client.User{ID: firstID}, prior: prior}
	}
	for name, c := range map[string]struct {
		prior  *managedUser
		create bool
		result client.SetResult
		err    error
		want   managedUsers
	}{
		"written":                      {prior, false, result("enforced", "enabled"), nil, managedUsers{{firstUPN, firstID, "enforced", "enforced", ""}}},
		"a managed user failed":        {prior, false, result(""), failed, managedUsers{*prior}},
		"a managed user, in part":      {prior, false, result("enabled", "enabled"), failed, managedUsers{{"Old@contoso.example", firstID, "enabled", "enabled", ""}}},
		"a new user failed":            {nil, false, result("disabled"), failed, nil},
		"a new user, in part":          {nil, false, result("enabled", "enabled"), failed, managedUsers{{firstUPN, firstID, "enabled", "enabled", ""}}},
		"a create has everybody":       {nil, true, result("disabled"), failed, managedUsers{{firstUPN, firstID, "enforced", "disabled", ""}}},
		"a create that read not a bit": {nil, true, result(""), failed, managedUsers{{firstUPN, firstID, "enforced", "", ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			compareManaged(t, c.want, user(c.prior).after(client.Outcome[client.SetResult]{Value: c.result, Err: c.err}, c.create))
		})
	}
}

func TestWhoAUserIsWhoseKeyIsAnID(t *testing.T) {
	t.Parallel()
	const planned, before = "Planned (p@contoso.example)", "Before (b@contoso.example)"
	found := client.User{ID: firstID, UserPrincipalName: firstUPN, DisplayName: "First"}
	for name, c := range map[string]struct {
		user wantedUser
		want string
	}{
		"a key that is a name":         {wantedUser{key: firstUPN, planned: planned, user: found, prior: &managedUser{key: firstID, name: before}}, ""},
		"planned":                      {wantedUser{key: firstID, planned: planned, user: found, prior: &managedUser{key: firstID, name: before}}, planned},
		"in the state":                 {wantedUser{key: firstID, user: found, prior: &managedUser{key: firstID, name: before}}, before},
		"in the state by name":         {wantedUser{key: firstID, user: found, prior: &managedUser{key: firstUPN}}, ""},
		"looked up":                    {wantedUser{key: firstID, user: found}, "First (" + firstUPN + ")"},
		"in the state, nobody read it": {wantedUser{key: firstID, user: client.User{ID: firstID}, prior: &managedUser{key: firstID}}, ""},
		"not found":                    {wantedUser{key: firstID}, ""},
	} {
		if have := c.user.person(); have != c.want {
			t.Errorf("%s: %q, want %q", name, have, c.want)
		}
	}
}

func TestTheUserPrincipalNameIsFoundInTheNameOfAPerson(t *testing.T) {
	t.Parallel()
	for _, display := range []string{"", "First", "First (guest)", "First (", firstUPN} {
		name := diagnose.Person(client.User{ID: firstID, UserPrincipalName: firstUPN, DisplayName: display})
		if have := diagnose.PrincipalName(name); have != firstUPN {
			t.Errorf("of %q it is %q", name, have)
		}
	}
	if have := diagnose.PrincipalName(""); have != "" {
		t.Errorf("of nobody it is %q", have)
	}
}

func TestTheSamePersonTwiceIsFoundByID(t *testing.T) {
	t.Parallel()
	users := []*wantedUser{
		{key: "a@b.c", user: client.User{ID: firstID}},
		{key: "not yet found"},
		{key: firstID, user: client.User{ID: "22222222-BBBB-4BBB-8BBB-000000000001"}},
		{key: "x@b.c", user: client.User{ID: secondID}},
		{key: "nor this"},
	}
	same := samePeople(users)
	if len(same) != 1 || len(same[0]) != 2 || same[0][0] != users[0] || same[0][1] != users[2] {
		t.Errorf("the same are %v", same)
	}
}

func TestNamesAreCutShort(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{"a": {"a"}, "a, b": {"a", "b"}, "a, b and 2 more": {"a", "b", "c", "d"}} {
		if have := diagnose.Names(names, 2); have != want {
			t.Errorf("%q, want %q", have, want)
		}
	}
}
