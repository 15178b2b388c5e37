package workflows

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changeOf is an object of resource_changes. What more has goes into the change itself.
func changeOf(address string, before, after any, more ...object) object {
	name := address[strings.LastIndex(address, "module.")+len("module."):]
	if strings.HasPrefix(address, "module.") {
		_, name, _ = strings.Cut(name, ".")
	} else {
		name = address
	}
	kind, _, _ := strings.Cut(name, ".")
	actions := []string{"update"}
	switch {
	case before == nil:
		actions = []string{"create"}
	case after == nil:
		actions = []string{"delete"}
	}
	change := object{"actions": actions, "before": before, "after": after, "after_unknown": object{}}
	for _, one := range more {
		maps.Copy(change, one)
	}
	provider := "registry.terraform.io/mfa-as-code/entramfa"
	if !strings.HasPrefix(kind, "entramfa_") {
		provider = "registry.terraform.io/hashicorp/azuread"
	}
	return object{"address": address, "mode": "managed", "type": kind, "provider_name": provider, "change": change}
}

// The parts of a change that few have.
func actions(names ...string) object { return object{"actions": names} }
func unknown(mask object) object     { return object{"after_unknown": mask} }

var (
	importing = object{"importing": object{"id": "an id"}}
	noOp      = actions("no-op")
	forget    = actions("forget")
)

func planOf(changes ...object) object {
	return object{"format_version": "1.2", "resource_changes": changes}
}

// The attributes of one user, and of a map of users: effective is what the service has, and the ids follow from the names.
func oneUser(name, state string, effective any) object {
	return object{"user_principal_name": name, "user_id": "id-of-" + name, "id": "id-of-" + name, "state": state, "effective_state": effective, "on_destroy": "disable"}
}

func usersOf(states map[string]string, effective map[string]string) object {
	ids := object{}
	for name := range states {
		ids[name] = "id-of-" + name
	}
	return object{"users": states, "effective_states": effective, "user_ids": ids, "on_destroy": "disable"}
}

type states = map[string]string

// newMap is the plan of a create, which knows neither the users' ids nor their states.
func newMap(wanted states) object {
	return changeOf("entramfa_user_mfa_states.staff", nil, object{"users": wanted, "on_destroy": "disable", "created_for_sha256": "1f"},
		unknown(object{"effective_states": true, "user_ids": true}))
}

func with(values object, name string, value any) object {
	other := maps.Clone(values)
	other[name] = value
	return other
}

func trusted(name string, ranges ...string) object {
	return object{"display_name": name, "ip_ranges": ranges, "trusted": true, "id": "a-location"}
}

func campaign(asked string, more object) object {
	policy := object{"id": "authenticationMethodsPolicy", "state": "enabled", "asked": asked, "include": object{"all_users": true}, "snooze_days": 1}
	maps.Copy(policy, more)
	return policy
}

// adoption is the warning with which the provider says who of the new users has what is wanted.
func adoption(address, summary string) string {
	text, _ := json.Marshal(object{"@level": "warn", "type": "diagnostic", "diagnostic": object{"severity": "warning", "summary": summary, "address": address}})
	return string(text) + "\n"
}

type summedUp struct {
	Numbers map[string]any
	Lines   []string
}

// planned is a plan with the lines of `plan -json`.
type planned struct {
	Plan   any    `json:"plan"`
	Events string `json:"events"`
}

// summed sums plans up, all in one run.
func summed(t *testing.T, plans ...planned) (got []summedUp) {
	t.Helper()
	content, err := json.Marshal(plans)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(reported(t, string(content), `map(.events as $events | .plan | summed($events; "").effects)`)), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func summedOne(t *testing.T, plan any) summedUp {
	t.Helper()
	return summed(t, planned{Plan: plan})[0]
}

const nothing = "Nobody gains or loses MFA, and nothing is newly trusted or excluded."

func TestWhatAPlanDoes(t *testing.T) {
	t.Parallel()
	const (
		user  = "entramfa_user_mfa_state.adele"
		staff = "entramfa_user_mfa_states.staff"
		pol   = "entramfa_registration_policy.this"
		loc   = "entramfa_trusted_ips.branch"
		one   = "entramfa_trusted_ip_range.one"
	)
	none := states{}
	later := unknown(object{"effective_state": true})
	scenes := map[string]struct {
		plan   object
		events string
		want   []string
	}{
		// One user.
		"one is created":           {plan: planOf(changeOf(user, nil, oneUser("adele@x.example", "enabled", nil), later)), want: []string{"+1 asked for MFA: adele@x.example"}},
		"one is created, disabled": {plan: planOf(changeOf(user, nil, oneUser("adele@x.example", "disabled", "disabled"))), want: []string{"also: " + user + " (create)"}},
		"one is created and loses": {plan: planOf(changeOf(user, nil, oneUser("adele@x.example", "disabled", nil), later)), want: []string{"1 loses MFA: adele@x.example"}},
		"one who is not known is created disabled": {
			plan: planOf(changeOf(user, nil, object{"state": "disabled"}, unknown(object{"effective_state": true, "id": true, "user_id": true, "user_principal_name": true}))),
			want: []string{
				"1 may lose MFA, which is not known before the apply: a user who is not known yet",
				"not known before the apply: " + user + " (user_id, user_principal_name, id)",
			},
		},
		"one is created and adopted": {
			plan: planOf(changeOf(user, nil, oneUser("adele@x.example", "enabled", nil), later)), events: adoption(user, "A user is adopted as they are"),
			want: []string{"1 adopted, with the state they have: adele@x.example"},
		},
		"one is imported": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enforced"), oneUser("adele@x.example", "enabled", "enforced"), noOp, importing)),
			want: []string{"1 adopted, with the state they have: adele@x.example"},
		},
		"one is imported and loses": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enforced"), oneUser("adele@x.example", "disabled", "disabled"), importing)),
			want: []string{"1 loses MFA: adele@x.example (enforced)"},
		},
		"one is imported and asked": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "disabled", "disabled"), oneUser("adele@x.example", "enabled", nil), importing, later)),
			want: []string{"+1 asked for MFA: adele@x.example"},
		},
		"one is imported as disabled": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "disabled", "disabled"), oneUser("adele@x.example", "disabled", "disabled"), noOp, importing)),
			want: []string{"also: " + user + " (import)"},
		},
		"one is enabled again": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "disabled", "disabled"), oneUser("adele@x.example", "enabled", nil), later)),
			want: []string{"+1 asked for MFA: adele@x.example"},
		},
		"one is disabled": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enforced"), oneUser("adele@x.example", "disabled", "disabled"))),
			want: []string{"1 loses MFA: adele@x.example (enforced)"},
		},
		"one is enforced directly": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enabled"), oneUser("adele@x.example", "enforced", "enforced"))),
			want: []string{"+1 enforced directly: adele@x.example"},
		},
		"one who is enforced is wanted enforced": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enforced"), oneUser("adele@x.example", "enforced", "enforced"))),
			want: []string{"also: " + user + " (update)"},
		},
		"the state is not known": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enabled"), with(oneUser("adele@x.example", "", nil), "state", nil), unknown(object{"state": true, "effective_state": true}))),
			want: []string{"1 may lose MFA, which is not known before the apply: adele@x.example", "not known before the apply: " + user + " (state)"},
		},
		"one is destroyed":         {plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enforced"), nil)), want: []string{"1 loses MFA: adele@x.example (enforced)"}},
		"one without is destroyed": {plan: planOf(changeOf(user, oneUser("adele@x.example", "disabled", "disabled"), nil)), want: []string{"also: " + user + " (delete)"}},
		"one is destroyed and kept": {
			plan: planOf(changeOf(user, with(oneUser("adele@x.example", "enabled", "enforced"), "on_destroy", "keep"), nil)),
			want: []string{"1 no longer managed, left as they are: adele@x.example"},
		},
		"one is forgotten": {plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enforced"), nil, forget)), want: []string{"1 no longer managed, left as they are: adele@x.example"}},
		"one is replaced by another": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enforced"), oneUser("diego@x.example", "enabled", nil), actions("delete", "create"), later)),
			want: []string{"1 loses MFA: adele@x.example (enforced)", "+1 asked for MFA: diego@x.example"},
		},
		"one is replaced by herself": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enforced"), oneUser("adele@x.example", "enabled", nil), actions("delete", "create"), later)),
			want: []string{"1 moves to another resource and keeps MFA: adele@x.example"},
		},
		"one is moved in the state": {
			plan: planOf(with(changeOf(user, oneUser("adele@x.example", "enabled", "enabled"), oneUser("adele@x.example", "enabled", "enabled"), noOp), "previous_address", "entramfa_user_mfa_state.old")),
			want: []string{"1 moved in the state, and nothing else"},
		},
		"a setting": {
			plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enabled"), with(oneUser("adele@x.example", "enabled", "enabled"), "on_destroy", "keep"))),
			want: []string{user + ": on_destroy disable -> keep"},
		},
		"nothing": {plan: planOf(changeOf(user, oneUser("adele@x.example", "enabled", "enforced"), oneUser("adele@x.example", "enabled", "enforced"), noOp)), want: []string{nothing}},

		// Many users.
		"who joins, who leaves, who is disabled": {
			plan: planOf(changeOf(staff,
				usersOf(states{"a@x.example": "enabled", "b@x.example": "enabled", "c@x.example": "enabled"}, states{"a@x.example": "enabled", "b@x.example": "enforced", "c@x.example": "enabled"}),
				usersOf(states{"a@x.example": "disabled", "c@x.example": "enabled", "d@x.example": "enabled"}, states{"a@x.example": "disabled", "c@x.example": "enabled"}),
				unknown(object{"effective_states": object{"d@x.example": true}}))),
			want: []string{"2 lose MFA: a@x.example (enabled), b@x.example (enforced)", "+1 asked for MFA: d@x.example"},
		},
		"some of the new are adopted": {
			plan: planOf(changeOf(staff, nil, usersOf(states{"a@x.example": "enabled", "b@x.example": "enabled", "c@x.example": "disabled"}, states{"c@x.example": "disabled"}),
				unknown(object{"effective_states": object{"a@x.example": true, "b@x.example": true}}))),
			events: adoption(staff, "Per-user MFA: 1 gains it (b@x.example), 1 is adopted (a@x.example)"),
			want:   []string{"+1 asked for MFA: 1 of the 2 new in " + staff, "1 adopted, with the state they have"},
		},
		"a new map, of which the provider gives the numbers": {
			plan:   planOf(newMap(states{"a@x.example": "enabled", "b@x.example": "enabled", "c@x.example": "disabled", "d@x.example": "disabled"})),
			events: adoption(staff, "Per-user MFA: 2 are adopted"),
			want:   []string{"2 adopted, with the state they have: a@x.example, b@x.example"},
		},
		"a new map that disables": {
			plan:   planOf(newMap(states{"a@x.example": "enabled", "c@x.example": "disabled"})),
			events: adoption(staff, "Per-user MFA: 1 loses it (c@x.example), 1 gains it (a@x.example)"),
			want:   []string{"1 loses MFA: c@x.example", "+1 asked for MFA: a@x.example"},
		},
		"a new map that disables some": {
			plan:   planOf(newMap(states{"c@x.example": "disabled", "d@x.example": "disabled"})),
			events: adoption(staff, "Per-user MFA: 1 loses it (c@x.example)"),
			want:   []string{"2 may lose MFA, which is not known before the apply: c@x.example, d@x.example"},
		},
		"a new map without the provider's warnings": {
			plan: planOf(newMap(states{"a@x.example": "enabled", "c@x.example": "disabled"})),
			want: []string{"1 may lose MFA, which is not known before the apply: c@x.example", "+1 asked for MFA: a@x.example"},
		},
		"all of the new are adopted": {
			plan: planOf(changeOf(staff, nil, usersOf(states{"a@x.example": "enabled", "b@x.example": "enabled"}, none),
				unknown(object{"effective_states": object{"a@x.example": true, "b@x.example": true}}))),
			events: adoption(staff, "Per-user MFA: 2 are adopted"),
			want:   []string{"2 adopted, with the state they have: a@x.example, b@x.example"},
		},
		"a warning of another resource, and more than there are": {
			plan: planOf(changeOf(staff, nil, usersOf(states{"a@x.example": "enabled"}, none), unknown(object{"effective_states": object{"a@x.example": true}}))),
			events: adoption("entramfa_user_mfa_states.other", "Per-user MFA: 1 is adopted (a@x.example)") + adoption(staff, "Per-user MFA: 1 is adopted (a, says somebody") +
				adoption(staff, "says Per-user MFA: 1 is adopted (a@x.example)") +
				"no event\n17\n" + `{"diagnostic": "a text"}` + "\n",
			want: []string{"+1 asked for MFA: a@x.example"},
		},
		"a map is imported": {
			plan: planOf(changeOf(staff, usersOf(states{"a@x.example": "enabled", "b@x.example": "disabled"}, states{"a@x.example": "enforced", "b@x.example": "disabled"}),
				usersOf(states{"a@x.example": "enabled", "b@x.example": "enabled"}, states{"a@x.example": "enforced"}), importing, unknown(object{"effective_states": object{"b@x.example": true}}))),
			want: []string{"+1 asked for MFA: b@x.example", "1 adopted, with the state they have: a@x.example"},
		},
		"who is written in another way is no change": {
			plan: planOf(changeOf(staff,
				object{
					"users": states{"a@x.example": "enabled", "B@x.example": "enabled"}, "effective_states": states{"a@x.example": "enforced", "B@x.example": "enabled"},
					"user_ids": states{"a@x.example": "ID-1", "B@x.example": "id-2"},
				},
				object{"users": states{"id-1": "enabled", "b@x.example": "enabled"}}, unknown(object{"effective_states": true, "user_ids": true}))),
			want: []string{"also: " + staff + " (update)"},
		},
		"who is written by name now is no change": {
			plan: planOf(changeOf(staff, object{"users": states{"ID-of-a@x.example": "enabled"}, "effective_states": states{"ID-of-a@x.example": "enabled"}, "on_destroy": "disable"},
				usersOf(states{"a@x.example": "enabled"}, states{"a@x.example": "enabled"}))),
			want: []string{"also: " + staff + " (update)"},
		},
		"left as they are": {
			plan: planOf(changeOf(staff, usersOf(states{"a@x.example": "enabled", "b@x.example": "enabled"}, states{"a@x.example": "enforced", "b@x.example": "enabled"}),
				with(usersOf(states{"a@x.example": "enabled"}, states{"a@x.example": "enforced"}), "on_destroy", "keep"))),
			want: []string{"1 no longer managed, left as they are: b@x.example", staff + ": on_destroy disable -> keep"},
		},
		// A destroy obeys what was applied before.
		"destroyed": {
			plan: planOf(changeOf(staff, usersOf(states{"a@x.example": "enabled", "b@x.example": "disabled"}, states{"a@x.example": "enforced", "b@x.example": "disabled"}), nil)),
			want: []string{"1 loses MFA: a@x.example (enforced)"},
		},
		"what they have is not known": {
			plan: planOf(changeOf(staff, object{"users": object{"a@x.example": nil}}, nil)),
			want: []string{"1 may lose MFA, which is not known before the apply: a@x.example"},
		},
		"the whole map is not known": {
			plan: planOf(changeOf(staff, usersOf(states{"a@x.example": "enabled", "b@x.example": "disabled"}, states{"a@x.example": "enforced", "b@x.example": "disabled"}), object{}, unknown(object{"users": true}))),
			want: []string{"1 may lose MFA, which is not known before the apply: a@x.example", "not known before the apply: " + staff + " (users)"},
		},
		"one state is not known": {
			plan: planOf(changeOf(staff, usersOf(states{"a@x.example": "enabled"}, states{"a@x.example": "enforced"}), usersOf(none, none), unknown(object{"users": object{"a@x.example": true, "n@x.example": true}}))),
			want: []string{"2 may lose MFA, which is not known before the apply: a@x.example, n@x.example", "not known before the apply: " + staff + " (users)"},
		},
		"from a map to a resource of their own": {
			plan: planOf(
				changeOf(staff, usersOf(states{"a@x.example": "enabled", "b@x.example": "enabled"}, states{"a@x.example": "enforced", "b@x.example": "enabled"}),
					usersOf(states{"b@x.example": "enabled"}, states{"b@x.example": "enabled"})),
				changeOf("entramfa_user_mfa_state.a", nil, oneUser("a@x.example", "enabled", nil), later)),
			want: []string{"1 moves to another resource and keeps MFA: a@x.example"},
		},
		"the same name in another tenant hides nobody": {
			plan: planOf(
				changeOf(staff, usersOf(states{"a@x.example": "enabled"}, states{"a@x.example": "enforced"}), usersOf(none, none)),
				changeOf("entramfa_user_mfa_state.a", nil, with(with(oneUser("a@x.example", "enabled", nil), "id", "another"), "user_id", "another"), later)),
			want: []string{"1 loses MFA: a@x.example (enforced)", "+1 asked for MFA: a@x.example"},
		},
		"who takes somebody over is not known by id": {
			plan: planOf(
				changeOf(staff, usersOf(states{"a@x.example": "enabled"}, states{"a@x.example": "enforced"}), usersOf(none, none)),
				changeOf("entramfa_user_mfa_state.a", nil, object{"user_principal_name": "A@x.example", "state": "enabled"}, unknown(object{"id": true, "user_id": true, "effective_state": true}))),
			want: []string{"1 loses MFA: a@x.example (enforced)", "not known before the apply: entramfa_user_mfa_state.a (user_id, id)", "+1 asked for MFA: A@x.example"},
		},
		"the object id says who somebody is": {
			plan: planOf(changeOf(staff, object{
				"users": object{"c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301": "enabled"}, "effective_states": object{"c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301": "enforced"},
				"names": object{"c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301": "Adele Vance (adele@x.example)"},
			}, nil)),
			want: []string{`1 loses MFA: c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b301 "Adele Vance (adele@x.example)" (enforced)`},
		},

		// The registration policy.
		"a policy takes over": {
			plan: planOf(changeOf(pol, nil, campaign("all users, except group break-glass accounts", object{
				"exclude": object{"group_ids": []string{"G1"}}, "target_names": object{"g1": "group break-glass accounts"}, "adoption_loss": "nothing",
			}))),
			want: []string{"excluded by " + pol + `: "group break-glass accounts"`, pol + ` takes over the tenant's registration campaign, asking "all users, except group break-glass accounts"`},
		},
		"a policy takes something away": {
			plan: planOf(changeOf(pol, nil, campaign("group engineering", nil), unknown(object{"adoption_loss": true}))),
			want: []string{pol + ` takes over the tenant's registration campaign, asking "group engineering"; the warning says what people lose`},
		},
		"an exclusion comes and another goes": {
			plan: planOf(changeOf(pol, campaign("a", object{"exclude": object{"group_ids": []string{"g1"}, "user_ids": []string{"u1"}}}),
				campaign("b", object{"exclude": object{"group_ids": []string{"G1"}, "user_ids": []string{"u2"}}, "target_names": object{"u2": "user Adele Vance (adele@x.example)"}}))),
			want: []string{"excluded by " + pol + `: "user Adele Vance (adele@x.example)"`, pol + " asks b to register (before: a)"},
		},
		"everybody is excluded": {
			plan: planOf(changeOf(pol, campaign("a", nil), campaign("b", object{"exclude": object{"all_users": true}}))),
			want: []string{"excluded by " + pol + ": all users", pol + " asks b to register (before: a)"},
		},
		"not all users any more": {
			plan: planOf(changeOf(pol, campaign("all", nil), campaign("few", object{"include": object{"group_ids": []string{"g2"}}}))),
			want: []string{"no longer included by " + pol + ": all users", pol + " asks few to register (before: all)"},
		},
		"the campaign is switched off": {
			plan: planOf(changeOf(pol, campaign("all", nil), campaign("nobody", object{"state": "disabled"}))),
			want: []string{pol + " asks nobody to register (before: all)", pol + ": state enabled -> disabled"},
		},
		"the campaign gets slower": {plan: planOf(changeOf(pol, campaign("all", nil), campaign("all", object{"snooze_days": 14}))), want: []string{pol + ": snooze_days 1 -> 14"}},
		"whom it excludes is not known": {
			plan: planOf(changeOf(pol, campaign("all", nil), campaign("all", nil), unknown(object{"exclude": object{"group_ids": []bool{true}}, "target_names": true, "asked": true}))),
			want: []string{"not known before the apply: " + pol + " (exclude)"},
		},
		"a policy is destroyed": {
			plan: planOf(changeOf(pol, campaign("all", nil), nil)),
			want: []string{pol + " is destroyed, and gives back a registration campaign that the plan does not show"},
		},
		"a policy is destroyed and kept": {plan: planOf(changeOf(pol, campaign("all", object{"on_destroy": "keep"}), nil)), want: []string{"also: " + pol + " (delete)"}},
		"a policy is imported":           {plan: planOf(changeOf(pol, campaign("all", nil), campaign("all", nil), noOp, importing)), want: []string{"also: " + pol + " (import)"}},

		// Trust.
		"a location is created": {
			plan: planOf(changeOf(loc, nil, trusted("Branch", "203.0.113.0/24", "2001:db8::/48"))),
			want: []string{"+256 trusted IPv4 addresses, +65,536 trusted IPv6 /64 networks: " + loc + " Branch"},
		},
		"a prefix gets wide": {
			plan: planOf(changeOf(loc, trusted("Branch office", "198.51.100.0/24", "2001:db8:b0::/48"), trusted("Branch office", "198.51.100.0/14", "2001:0DB8:00B0::/48"))),
			want: []string{`+261,888 trusted IPv4 addresses: ` + loc + ` "Branch office"`},
		},
		"some come and some go": {
			plan: planOf(changeOf(loc, trusted("B", "203.0.113.0/24"), trusted("B", "203.0.113.128/25", "198.51.100.7"))),
			want: []string{"+1 trusted IPv4 address: " + loc + " B", "-128 trusted IPv4 addresses: " + loc + " B"},
		},
		"another spelling is nothing": {
			plan: planOf(changeOf(loc, trusted("B", "203.0.113.0/24", "::1:0:0:0/96"), trusted("B", " 203.0.113.7/24 ", "0:0:0:0:1::/96"))),
			want: []string{"also: " + loc + " (update)"},
		},
		"from one location to another": {
			plan: planOf(changeOf(loc, trusted("B", "203.0.113.0/24", "198.51.100.0/24"), trusted("B", "198.51.100.0/24")), changeOf("entramfa_trusted_ips.other", nil, trusted("O", "203.0.113.0/24"))),
			want: []string{"also: entramfa_trusted_ips.branch (update), entramfa_trusted_ips.other (create)"},
		},
		"two halves are the whole": {
			plan: planOf(changeOf(loc, trusted("B", "203.0.113.0/25", "203.0.113.128/25"), trusted("B", "203.0.113.0/24")), changeOf("entramfa_trusted_ips.other", nil, trusted("O", "198.51.100.7"))),
			want: []string{"+1 trusted IPv4 address: entramfa_trusted_ips.other O", "also: " + loc + " (update)"},
		},
		"an address of IPv6": {plan: planOf(changeOf(loc, nil, trusted("B", "2001:db8::1"))), want: []string{"+1 trusted IPv6 /64 network: " + loc + " B"}},
		"from one tenant to another": {
			plan: with(planOf(changeOf(loc, trusted("B", "203.0.113.0/24"), trusted("B", "198.51.100.0/24")), changeOf("entramfa_trusted_ips.other", nil, trusted("O", "203.0.113.0/24"))),
				"configuration", object{"provider_config": object{
					"entramfa":       object{"full_name": "registry.terraform.io/mfa-as-code/entramfa"},
					"entramfa.other": object{"full_name": "registry.terraform.io/mfa-as-code/entramfa", "alias": "other"},
				}}),
			want: []string{"+512 trusted IPv4 addresses: " + loc + " B, entramfa_trusted_ips.other O", "-256 trusted IPv4 addresses: " + loc + " B"},
		},
		"a location was not trusted": {
			plan: planOf(changeOf(loc, with(trusted("B", "203.0.113.0/24"), "trusted", false), trusted("B", "203.0.113.0/24"))),
			want: []string{"+256 trusted IPv4 addresses: " + loc + " B"},
		},
		"a location is destroyed": {plan: planOf(changeOf(loc, trusted("B", "203.0.113.0/24"), nil)), want: []string{"-256 trusted IPv4 addresses: " + loc + " B"}},
		"a location is forgotten": {plan: planOf(changeOf(loc, trusted("B", "203.0.113.0/24"), nil, forget)), want: []string{"also: " + loc + " (forget)"}},
		"ranges are not known": {
			plan: planOf(changeOf(loc, trusted("B", "203.0.113.0/24"), object{"display_name": "B"}, unknown(object{"ip_ranges": true}))),
			want: []string{"not known before the apply: " + loc + " (ip_ranges)", "-256 trusted IPv4 addresses: " + loc + " B"},
		},
		"what is no range": {
			plan: planOf(changeOf(loc, nil, trusted("B", "203.0.113.0/24", "203.0.113.0/33", "1:::2", "300.1.1.1", "1:2:3:4:5:6:7:8:9", "a/b/c"))),
			want: []string{"not understood, read the plan: " + loc, "+256 trusted IPv4 addresses: " + loc + " B"},
		},
		"a location is renamed": {plan: planOf(changeOf(loc, trusted("B", "203.0.113.0/24"), trusted("New name", "203.0.113.0/24"))), want: []string{loc + `: display_name B -> "New name"`}},
		"one range":             {plan: planOf(changeOf(one, nil, object{"location_id": "l", "location_name": "HQ", "ip_range": "203.0.113.0/28"})), want: []string{"+16 trusted IPv4 addresses: " + one + " HQ"}},
		"one range is replaced": {
			plan: planOf(changeOf(one, object{"location_id": "l", "location_name": "HQ", "ip_range": "203.0.113.0/28"}, object{"location_id": "l", "location_name": "HQ", "ip_range": "203.0.112.0/20"}, actions("create", "delete"))),
			want: []string{"+4,080 trusted IPv4 addresses: " + one + " HQ"},
		},
		"one range is removed":   {plan: planOf(changeOf(one, object{"location_id": "l", "ip_range": "203.0.113.0/28"}, nil)), want: []string{"-16 trusted IPv4 addresses: " + one}},
		"one range is not known": {plan: planOf(changeOf(one, nil, object{"location_id": "l"}, unknown(object{"ip_range": true}))), want: []string{"not known before the apply: " + one + " (ip_range)"}},

		// Countries.
		"countries": {
			plan: planOf(changeOf("entramfa_country_location.nordic", object{"countries": []string{"DE", "NO"}, "display_name": "Nordic", "include_unknown": false},
				object{"countries": []string{"NO", "SE"}, "display_name": "Nordic", "include_unknown": true})),
			want: []string{"entramfa_country_location.nordic: countries +SE, -DE", "entramfa_country_location.nordic: include_unknown false -> true"},
		},
		"countries are destroyed": {plan: planOf(changeOf("entramfa_country_location.nordic", object{"countries": []string{"DE"}}, nil)), want: []string{"entramfa_country_location.nordic: countries -DE"}},

		// What is to come, and what is not ours.
		"a type that is not known": {
			plan: planOf(changeOf(`module.a["b"].entramfa_later.mfa`, object{"state": "enabled"}, object{"state": "disabled"}),
				changeOf("entramfa_later.gone", object{"state": "enabled"}, nil), changeOf("entramfa_later.same", object{}, object{}, noOp)),
			want: []string{`also: entramfa_later.gone (delete)`, `module.a["b"].entramfa_later.mfa: state enabled -> disabled`},
		},
		"another name of the provider's types": {
			plan: planOf(with(changeOf("custom_thing.a", nil, object{}), "provider_name", "registry.example/fork/entramfa")), want: []string{"also: custom_thing.a (create)"},
		},
		"other providers": {
			plan: planOf(changeOf("azuread_group.a", nil, object{"display_name": "secret"}), changeOf("azuread_group.b", nil, object{}), changeOf("azuread_group.c", object{}, nil), changeOf("azuread_group.d", object{}, object{}, noOp)),
			want: []string{"3 objects of other providers: 2 create, 1 delete"},
		},
		"an action": {
			plan: with(planOf(), "action_invocations", []object{{"address": "action.entramfa_revoke_sign_in_sessions.all", "type": "entramfa_revoke_sign_in_sessions"}, {"type": "aws_other"}}),
			want: []string{"runs: action.entramfa_revoke_sign_in_sessions.all"},
		},
		"a part of the configuration": {plan: with(planOf(), "complete", false), want: []string{"the plan leaves out a part of the configuration (-target, -exclude or deferred changes)"}},
		"an error":                    {plan: with(with(planOf(), "complete", false), "errored", true), want: []string{"the plan ended with an error, so this is only a part of what would change"}},
		"deferred": {
			plan: with(planOf(), "deferred_changes", []object{{"reason": "x", "resource_change": changeOf(user, nil, nil)}, {"reason": "x", "resource_change": changeOf("aws_a.b", nil, nil)}}),
			want: []string{"deferred to a later plan: " + user},
		},
		"the most dangerous first": {
			plan: planOf(changeOf("azuread_group.a", nil, object{}), changeOf("entramfa_new.a", nil, object{}), changeOf("entramfa_user_mfa_state.n", nil, oneUser("n@x.example", "enabled", nil), later),
				changeOf(pol, campaign("a", nil), campaign("a", object{"exclude": object{"group_ids": []string{"g1"}}})), changeOf(loc, nil, trusted("B", "203.0.113.0/24")),
				changeOf(user, oneUser("adele@x.example", "enabled", "enforced"), nil)),
			want: []string{
				"1 loses MFA: adele@x.example (enforced)", "+256 trusted IPv4 addresses: " + loc + " B", "excluded by " + pol + ": g1", "+1 asked for MFA: n@x.example",
				"also: entramfa_new.a (create)", "1 object of other providers: 1 create",
			},
		},
	}
	names := slices.Sorted(maps.Keys(scenes))
	var plans []planned
	for _, name := range names {
		plans = append(plans, planned{scenes[name].plan, scenes[name].events})
	}
	for i, got := range summed(t, plans...) {
		if difference := cmp.Diff(scenes[names[i]].want, got.Lines); difference != "" {
			t.Errorf("%s: what should be told (-) and is (+):\n%s", names[i], difference)
		}
	}
}

// Nothing that cannot be read looks like a plan without effects.
func TestAPlanThatCannotBeReadIsNoAllClear(t *testing.T) {
	t.Parallel()
	scenes := map[string]string{
		`{"format_version": "2.0", "resource_changes": []}`:                               "This plan cannot be summed up: its format version is 2.0, and 1.x is known. Read all of it.",
		`{"format_version": "1"}`:                                                         "This plan cannot be summed up: its format version is 1, and 1.x is known. Read all of it.",
		`{"resource_changes": []}`:                                                        "This plan cannot be summed up: its format version is missing, and 1.x is known. Read all of it.",
		`{"format_version": 1.2}`:                                                         "This plan cannot be summed up: its format version is 1.2, and 1.x is known. Read all of it.",
		`{"format_version": "1.2", "resource_changes": {}}`:                               "This plan cannot be summed up: its format version is 1.2, and 1.x is known. Read all of it.",
		`{"format_version": "1.2", "resource_changes": [{"address": "a.b"}]}`:             "This plan cannot be summed up: its format version is 1.2, and 1.x is known. Read all of it.",
		`{"format_version": "1.2\n1 asked", "resource_changes": [{}]}`:                    `This plan cannot be summed up: its format version is "1.2\n1 asked", and 1.x is known. Read all of it.`,
		`{"format_version": "1.99", "later": true, "resource_changes": null}`:             nothing,
		planWith("entramfa_user_mfa_states.a", `{"users": ["a"]}`):                        "not understood, read the plan: entramfa_user_mfa_states.a",
		planWith("entramfa_user_mfa_states.a", `{"users": {"a": "enabled"}, "names": 1}`): "not understood, read the plan: entramfa_user_mfa_states.a",
		planWith("entramfa_user_mfa_states.a", `[]`):                                      "not understood, read the plan: entramfa_user_mfa_states.a",
		planWith("entramfa_user_mfa_state.a", `{"user_principal_name": ["a"]}`):           "not understood, read the plan: entramfa_user_mfa_state.a",
		planWith("entramfa_trusted_ips.a", `{"ip_ranges": "10.0.0.0/8"}`):                 "not understood, read the plan: the trusted locations",
		planWith("entramfa_registration_policy.a", `{"exclude": ["a"]}`):                  "not understood, read the plan: entramfa_registration_policy.a: create",
		planWith("entramfa_country_location.a", `{"countries": {"a": 1}}`):                "not understood, read the plan: entramfa_country_location.a: create",
	}
	texts := slices.Sorted(maps.Keys(scenes))
	var plans []planned
	for _, text := range texts {
		plans = append(plans, planned{Plan: json.RawMessage(text)})
	}
	for i, got := range summed(t, plans...) {
		if got.Lines[0] != scenes[texts[i]] {
			t.Errorf("%s: it says %q", texts[i], got.Lines)
		}
	}
}

func planWith(address, after string) string {
	kind, _, _ := strings.Cut(address, ".")
	return fmt.Sprintf(`{"format_version": "1.2", "resource_changes": [{"address": %q, "type": %q, "mode": "managed", "change": {"actions": ["create"], "before": null, "after": %s, "after_unknown": {}}}]}`,
		address, kind, after)
}

// Counts are of everybody, names of a few.
func TestTheDigestOfAThousandPeopleIsShort(t *testing.T) {
	t.Parallel()
	wanted, effective := states{}, states{}
	for i := range 1000 {
		wanted[fmt.Sprintf("user%04d@x.example", i)], effective[fmt.Sprintf("user%04d@x.example", i)] = "enabled", "enforced"
	}
	before := usersOf(maps.Clone(wanted), maps.Clone(effective))
	wanted["joiner@x.example"] = "enabled"
	delete(wanted, "user0007@x.example")
	// As a provider plans that says nothing about a user before the apply.
	plan := planOf(changeOf("entramfa_user_mfa_states.all", before, object{"users": wanted, "on_destroy": "disable"}, unknown(object{"effective_states": true, "user_ids": true})))
	got := summedOne(t, plan)
	want := []string{"1 loses MFA: user0007@x.example (enforced)", "+1 asked for MFA: joiner@x.example"}
	if difference := cmp.Diff(want, got.Lines); difference != "" {
		t.Errorf("one joins and one leaves:\n%s", difference)
	}

	got = summedOne(t, planOf(changeOf("entramfa_user_mfa_states.all", before, nil)))
	if len(got.Lines) != 1 || !strings.HasPrefix(got.Lines[0], "1,000 lose MFA: user0000@x.example (enforced), ") || !strings.HasSuffix(got.Lines[0], " and 990 more") {
		t.Errorf("all of them leave: %q", got.Lines)
	}
	if got.Numbers["loses"] != 1000.0 {
		t.Errorf("the numbers are %v", got.Numbers)
	}

	var changes []object
	for i := range 100 {
		changes = append(changes, changeOf(fmt.Sprintf("entramfa_later.new[%d]", i), nil, object{}))
	}
	changes = append(changes, changeOf("entramfa_later.zz", object{}, nil))
	got = summedOne(t, planOf(changes...))
	if len(got.Lines) != 1 || !strings.HasPrefix(got.Lines[0], "also: entramfa_later.zz (delete), ") || !strings.HasSuffix(got.Lines[0], " and 81 more") {
		t.Errorf("many of a later type: %q", got.Lines)
	}
}

// What a configuration calls sensitive is counted and not shown.
func TestTheDigestShowsNothingSensitive(t *testing.T) {
	t.Parallel()
	sensitive := func(side string, mask object) object { return object{side: mask} }
	const secret = "s3cr3t"
	plan := planOf(
		changeOf("entramfa_user_mfa_states.a", usersOf(states{secret + "@x.example": "enabled"}, states{secret + "@x.example": "enforced"}), nil, sensitive("before_sensitive", object{"users": true})),
		changeOf("entramfa_user_mfa_states.b", nil, usersOf(states{secret + "2@x.example": "enabled"}, nil), sensitive("after_sensitive", object{"users": object{secret + "2@x.example": true}})),
		changeOf("entramfa_user_mfa_state.c", oneUser(secret+"3@x.example", "enabled", "enforced"), with(oneUser(secret+"3@x.example", "disabled", "disabled"), "on_destroy", secret),
			object{"after_sensitive": object{"user_principal_name": true, "state": true, "on_destroy": true}}),
		changeOf("entramfa_trusted_ips.d", nil, trusted(secret, "203.0.113.0/24"), sensitive("after_sensitive", object{"display_name": true, "ip_ranges": []bool{true}})),
		changeOf("entramfa_registration_policy.e", nil, campaign(secret, object{"exclude": object{"user_ids": []string{secret}}, "target_names": object{secret: secret}}),
			sensitive("after_sensitive", object{"exclude": object{"user_ids": []bool{true}}})),
		changeOf("entramfa_country_location.f", nil, object{"countries": []string{secret}}, sensitive("after_sensitive", object{"countries": true})),
		changeOf("entramfa_later.g", object{"key": secret}, object{"key": secret + "4"}, sensitive("after_sensitive", object{"key": true})),
		changeOf("entramfa_later.h", object{"key": object{"a": secret}}, object{"key": []string{secret}}),
		changeOf("azuread_application_password.i", object{"value": secret}, object{"value": secret + "5"}),
	)
	all := strings.Join(summedOne(t, plan).Lines, "\n")
	if strings.Contains(all, secret) || strings.Contains(all, "enforced") {
		t.Errorf("it shows a secret:\n%s", all)
	}
	tells(t, all, "2 lose MFA: (sensitive)", "+1 asked for MFA: (sensitive)", "+256 trusted IPv4 addresses: entramfa_trusted_ips.d (sensitive)", "excluded by entramfa_registration_policy.e: (sensitive)",
		"entramfa_country_location.f: countries (sensitive)", "entramfa_later.g: key (sensitive) -> (sensitive)", "entramfa_later.h: key ... -> ...")
	// The control: without the masks it does.
	if shown := strings.Join(summedOne(t, planOf(changeOf("entramfa_trusted_ips.d", nil, trusted(secret, "203.0.113.0/24")))).Lines, ""); !strings.Contains(shown, secret) {
		t.Errorf("it does not show what is not sensitive: %s", shown)
	}
}

// Somebody who chooses a name writes no line of the digest, and ends none.
func TestANameIsNoPartOfTheDigest(t *testing.T) {
	t.Parallel()
	var plans []planned
	names := append(slices.Clone(hostile), "Adele\n6 adopted", "nobody and 0 more", `Adele", "Diego`, "Adele (disabled)", "</details>\n\n# Approved", strings.Repeat("x", 500), "nobody: 1 loses MFA", "")
	for _, name := range names {
		plans = append(plans, planned{Plan: planOf(
			changeOf("entramfa_trusted_ips.a", nil, trusted(name, "203.0.113.0/24")),
			changeOf("entramfa_user_mfa_states.b", object{"users": object{"id-1": "enabled", name + "-": "enabled"}, "names": object{"id-1": name}}, nil),
			changeOf("entramfa_user_mfa_state.c", oneUser(name, "enabled", "enabled"), nil),
			changeOf("entramfa_registration_policy.d", nil, campaign(name, object{"exclude": object{"user_ids": []string{"u1"}}, "target_names": object{"u1": name}})),
			changeOf("entramfa_later.e", object{"text": "a"}, object{"text": name + "."}),
		)})
	}
	for i, got := range summed(t, plans...) {
		name := names[i]
		if len(got.Lines) != 6-1 && len(got.Lines) != 6 {
			t.Errorf("%q: it has %d lines: %q", name, len(got.Lines), got.Lines)
		}
		for _, line := range got.Lines {
			if strings.ContainsAny(line, "\n\r\x1b\x00") || len(line) > 1000 {
				t.Errorf("%q makes the line %q", name, line)
			}
			if strings.ContainsAny(name, " \"\n") && strings.Contains(unquoted(line), name) {
				t.Errorf("%q stands without quotes in %q", name, line)
			}
		}
		tells(t, strings.Join(got.Lines, "\n"), "3 lose MFA: ", "+256 trusted IPv4 addresses: entramfa_trusted_ips.a", "excluded by entramfa_registration_policy.d: ")
	}
}

// unquoted is a text without what stands in quotes.
func unquoted(text string) string {
	var rest strings.Builder
	inside, escaped := false, false
	for _, r := range text {
		switch {
		case escaped:
			escaped = false
		case inside && r == '\\':
			escaped = true
		case r == '"':
			inside = !inside
		case !inside:
			rest.WriteRune(r)
		}
	}
	return rest.String()
}
