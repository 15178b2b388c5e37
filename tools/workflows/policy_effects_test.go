package workflows

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const mfaPolicy = "entramfa_conditional_access_policy.mfa"

// accessPolicy is a policy that requires MFA of all users but a group. Changes replace parts of it.
func accessPolicy(state string, changes ...func(object)) object {
	policy := object{
		"display_name": "MFA", "name": "MFA", "state": state, "id": "a-policy", "on_destroy": "delete", "allow_emergency_access": false,
		"conditions": object{
			"users":            object{"included_users": []string{"All"}, "excluded_groups": []string{"rescue"}},
			"applications":     object{"included_applications": []string{"All"}},
			"client_app_types": []string{"all"},
		},
		"grant_controls":  object{"operator": "OR", "built_in_controls": []string{"mfa"}},
		"reference_names": object{"rescue": "group rescue", "sales": "group sales", "adele": "user Adele", "branch": "location Branch"},
	}
	for _, change := range changes {
		change(policy)
	}
	return policy
}

func has(name string, value any) func(object) { return func(policy object) { policy[name] = value } }

func condition(name string, value any) func(object) {
	return func(policy object) {
		had, _ := policy["conditions"].(object)
		conditions := maps.Clone(had)
		conditions[name] = value
		policy["conditions"] = conditions
	}
}

func users(lists object) func(object) { return condition("users", lists) }

func TestWhatAPlanDoesToConditionalAccess(t *testing.T) {
	t.Parallel()
	const reportOnly = "enabledForReportingButNotEnforced"
	all, rescue := []string{"All"}, []string{"rescue"}
	everybody := func(more object) func(object) {
		lists := object{"included_users": all, "excluded_groups": rescue}
		maps.Copy(lists, more)
		return users(lists)
	}
	changes := func(before, after any, more ...object) object {
		return planOf(changeOf(mfaPolicy, before, after, more...))
	}
	const asked = `requires mfa of all users except "group rescue"`
	scenes := map[string]struct {
		plan object
		want []string
	}{
		// In force or not.
		"new in report-only": {changes(nil, accessPolicy(reportOnly)), []string{"new policy, report-only: " + mfaPolicy + " MFA"}},
		"new and disabled":   {changes(nil, accessPolicy("disabled")), []string{"new policy, disabled: " + mfaPolicy + " MFA"}},
		"new and enabled":    {changes(nil, accessPolicy("enabled")), []string{"enabled: " + mfaPolicy + " MFA (new; " + asked + ")"}},
		"enabled after report-only": {
			changes(accessPolicy(reportOnly), accessPolicy("enabled")), []string{"enabled: " + mfaPolicy + " MFA (before: report-only; " + asked + ")"},
		},
		"enabled, a block of old clients": {
			changes(nil, accessPolicy("enabled", condition("client_app_types", []string{"exchangeActiveSync", "other"}), has("grant_controls", object{"operator": "OR", "built_in_controls": []string{"block"}}))),
			[]string{"enabled: " + mfaPolicy + ` MFA (new; blocks all users except "group rescue" only where client_app_types exchangeActiveSync, other)`},
		},
		"enabled, with a choice of controls": {
			changes(nil, accessPolicy("enabled", condition("applications", object{"included_applications": nil, "included_user_actions": []string{"urn:user:registersecurityinfo"}}),
				has("grant_controls", object{"operator": "OR", "built_in_controls": []string{"mfa", "compliantDevice"}}))),
			[]string{"enabled: " + mfaPolicy + ` MFA (new; requires compliantDevice or mfa of all users except "group rescue" only where applications.included_user_actions "urn:user:registersecurityinfo")`},
		},
		"enabled, with all controls and a strength": {
			changes(nil, accessPolicy("enabled", has("grant_controls", object{"operator": "AND", "built_in_controls": []string{"compliantDevice"}, "authentication_strength_policy_id": "BRANCH"}))),
			[]string{"enabled: " + mfaPolicy + ` MFA (new; requires "location Branch" and compliantDevice of all users except "group rescue")`},
		},
		"enabled, of sessions": {
			changes(nil, accessPolicy("enabled", has("grant_controls", nil), has("session_controls", object{"sign_in_frequency": 4}))),
			[]string{"enabled: " + mfaPolicy + ` MFA (new; limits the sessions of all users except "group rescue")`},
		},
		"back to report-only":        {changes(accessPolicy("enabled"), accessPolicy(reportOnly)), []string{"no longer in force: " + mfaPolicy + " MFA (report-only)"}},
		"disabled":                   {changes(accessPolicy("enabled"), accessPolicy("disabled")), []string{"no longer in force: " + mfaPolicy + " MFA (disabled)"}},
		"destroyed":                  {changes(accessPolicy("enabled"), nil), []string{"no longer in force: " + mfaPolicy + " MFA (deleted)"}},
		"disabled by the destroy":    {changes(accessPolicy("enabled", has("on_destroy", "disable")), nil), []string{"no longer in force: " + mfaPolicy + " MFA (disabled by the destroy)"}},
		"kept by the destroy":        {changes(accessPolicy("enabled", has("on_destroy", "keep")), nil), []string{"policy no longer managed, left as it is: " + mfaPolicy + " MFA"}},
		"forgotten":                  {changes(accessPolicy("enabled"), nil, forget), []string{"policy no longer managed, left as it is: " + mfaPolicy + " MFA"}},
		"destroyed in report-only":   {changes(accessPolicy(reportOnly), nil), []string{"policy deleted or disabled: " + mfaPolicy + " MFA (deleted)"}},
		"from disabled":              {changes(accessPolicy("disabled"), accessPolicy(reportOnly)), []string{"policy disabled -> report-only: " + mfaPolicy + " MFA"}},
		"replaced":                   {changes(accessPolicy("enabled"), accessPolicy("enabled"), actions("delete", "create")), []string{"no longer in force: " + mfaPolicy + " MFA (deleted)", "enabled: " + mfaPolicy + " MFA (new; " + asked + ")"}},
		"a state that is not known":  {changes(accessPolicy("enabled"), accessPolicy("", has("state", nil)), unknown(object{"state": true})), []string{"may be no longer in force, which is not known before the apply: " + mfaPolicy + " MFA", "not known before the apply: " + mfaPolicy + " (state)"}},
		"the guard is switched off":  {changes(accessPolicy("enabled"), accessPolicy("enabled", has("allow_emergency_access", true))), []string{"may apply to emergency access accounts: " + mfaPolicy + " MFA"}},
		"new without the guard":      {changes(nil, accessPolicy(reportOnly, has("allow_emergency_access", true))), []string{"may apply to emergency access accounts: " + mfaPolicy + " MFA", "new policy, report-only: " + mfaPolicy + " MFA"}},
		"nothing but another name":   {changes(accessPolicy("enabled"), accessPolicy("enabled", has("display_name", "Everybody"), has("name", "Everybody"))), []string{mfaPolicy + ": display_name MFA -> Everybody"}},
		"another spelling of an id":  {changes(accessPolicy("enabled"), accessPolicy("enabled", everybody(object{"excluded_groups": []string{"RESCUE"}}))), []string{"also: " + mfaPolicy + " (update)"}},
		"a policy that is not there": {changes(accessPolicy("enabled"), accessPolicy("enabled"), noOp), []string{nothing}},

		// Whom it is about.
		"a group is excluded": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", everybody(object{"excluded_groups": []string{"rescue", "sales"}, "excluded_users": []string{"adele"}}))),
			[]string{"excluded from " + mfaPolicy + ` MFA: "group sales", "user Adele"`},
		},
		"an exclusion ends": {changes(accessPolicy("enabled"), accessPolicy("enabled", users(object{"included_users": all}))), []string{"no longer excluded from " + mfaPolicy + ` MFA: "group rescue"`}},
		"guests are excluded": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", everybody(object{"excluded_guests_or_external_users": object{"guest_or_external_user_types": []string{"internalGuest"}, "external_tenants": nil}}))),
			[]string{"excluded from " + mfaPolicy + " MFA: internalGuest"},
		},
		"a trusted place is excluded": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", condition("locations", object{"included_locations": all, "excluded_locations": []string{"AllTrusted", "branch"}}))),
			[]string{"excluded from " + mfaPolicy + ` MFA: "location Branch", all trusted locations`, mfaPolicy + " MFA: conditions.locations.included_locations (none) -> All"},
		},
		"narrowed to a group": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", users(object{"included_groups": []string{"sales"}, "excluded_groups": rescue}))),
			[]string{"no longer included in " + mfaPolicy + " MFA: all users", "included in " + mfaPolicy + ` MFA: "group sales"`},
		},
		"widened to everybody": {
			changes(accessPolicy("enabled", users(object{"included_groups": []string{"sales"}, "excluded_groups": rescue})), accessPolicy("enabled")),
			[]string{"included in " + mfaPolicy + " MFA: all users"},
		},
		"one app instead of all": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", condition("applications", object{"included_applications": []string{"Office365"}}))),
			[]string{"no longer included in " + mfaPolicy + " MFA: all apps", "included in " + mfaPolicy + " MFA: Office365"},
		},
		"an exclusion that is not known": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", everybody(object{"excluded_groups": nil})), unknown(object{"conditions": object{"users": object{"excluded_groups": true}}})),
			[]string{"not known before the apply: " + mfaPolicy + " (conditions)"},
		},
		"one exclusion that is not known": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", everybody(object{"excluded_groups": []any{"sales", nil}})), unknown(object{"conditions": object{"users": object{"excluded_groups": []bool{false, true}}}})),
			[]string{"excluded from " + mfaPolicy + ` MFA: "group sales"`, "not known before the apply: " + mfaPolicy + " (conditions)"},
		},
		"conditions that are not known": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", has("conditions", nil)), unknown(object{"conditions": true})), []string{"not known before the apply: " + mfaPolicy + " (conditions)"},
		},

		// What it asks for.
		"another control suffices": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", has("grant_controls", object{"operator": "OR", "built_in_controls": []string{"mfa", "compliantDevice"}}))),
			[]string{mfaPolicy + " MFA: grant_controls.built_in_controls mfa -> compliantDevice, mfa"},
		},
		"only of browsers": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", condition("client_app_types", []string{"browser"}))), []string{mfaPolicy + " MFA: conditions.client_app_types all -> browser"},
		},
		"only at a risk": {
			changes(accessPolicy("enabled"), accessPolicy("enabled", condition("sign_in_risk_levels", []string{"high"}))), []string{mfaPolicy + " MFA: conditions.sign_in_risk_levels (none) -> high"},
		},
		"less often": {
			changes(accessPolicy("enabled", has("session_controls", object{"sign_in_frequency": 1})), accessPolicy("enabled", has("session_controls", object{"sign_in_frequency": 90}))),
			[]string{mfaPolicy + " MFA: session_controls.sign_in_frequency 1 -> 90"},
		},

		// The order, and many.
		"the most dangerous first": {
			planOf(changeOf("entramfa_conditional_access_policy.new", nil, accessPolicy("enabled")), changeOf("entramfa_conditional_access_policy.quiet", nil, accessPolicy("disabled")),
				changeOf("entramfa_conditional_access_policy.narrow", accessPolicy("enabled"), accessPolicy("enabled", condition("client_app_types", []string{"browser"}))),
				changeOf("entramfa_conditional_access_policy.hole", accessPolicy("enabled"), accessPolicy("enabled", everybody(object{"excluded_users": []string{"adele"}}))),
				changeOf("entramfa_conditional_access_policy.gone", accessPolicy("enabled"), nil), changeOf("azuread_group.g", nil, object{})),
			[]string{
				"no longer in force: entramfa_conditional_access_policy.gone MFA (deleted)", `excluded from entramfa_conditional_access_policy.hole MFA: "user Adele"`,
				"entramfa_conditional_access_policy.narrow MFA: conditions.client_app_types all -> browser", "enabled: entramfa_conditional_access_policy.new MFA (new; " + asked + ")",
				"new policy, disabled: entramfa_conditional_access_policy.quiet MFA", "1 object of other providers: 1 create",
			},
		},
		"what is no policy": {changes(nil, object{"state": "enabled", "conditions": object{"users": object{"excluded_groups": object{"a": []object{{}}}}}, "reference_names": []string{"a"}}), []string{"not understood, read the plan: " + mfaPolicy}},
	}
	names := slices.Sorted(maps.Keys(scenes))
	var plans []planned
	for _, name := range names {
		plans = append(plans, planned{Plan: scenes[name].plan})
	}
	for i, got := range summed(t, plans...) {
		if difference := cmp.Diff(scenes[names[i]].want, got.Lines); difference != "" {
			t.Errorf("%s: what should be told (-) and is (+):\n%s", names[i], difference)
		}
	}
}

// A change of a module that has all policies is one line, and numbers are of all of them.
func TestTheDigestOfManyPoliciesIsShort(t *testing.T) {
	t.Parallel()
	var changes []object
	for i := range 200 {
		changes = append(changes, changeOf(fmt.Sprintf("entramfa_conditional_access_policy.all[%03d]", i), accessPolicy("enabledForReportingButNotEnforced"),
			accessPolicy("enabled", users(object{"included_users": []string{"All"}, "excluded_groups": []string{"rescue", "sales"}}))))
	}
	for i := range 30 {
		changes = append(changes, changeOf(fmt.Sprintf("entramfa_conditional_access_policy.old[%02d]", i), accessPolicy("enabled"), nil))
	}
	got := summedOne(t, planOf(changes...))
	if len(got.Lines) != 3 || !strings.HasPrefix(got.Lines[0], "no longer in force: entramfa_conditional_access_policy.old[00] MFA (deleted), ") || !strings.HasSuffix(got.Lines[0], " and 20 more") ||
		!strings.HasPrefix(got.Lines[1], "excluded from 200 policies (entramfa_conditional_access_policy.all[000] MFA, ") || !strings.HasSuffix(got.Lines[1], ` and 195 more): "group sales"`) ||
		!strings.HasPrefix(got.Lines[2], "enabled: ") || !strings.HasSuffix(got.Lines[2], " and 190 more") {
		t.Errorf("it is\n%s", strings.Join(got.Lines, "\n"))
	}
	if difference := cmp.Diff(map[string]any{"enabled": 200.0, "no_longer_in_force": 30.0, "with_new_exclusions": 200.0}, got.Numbers["policies"]); difference != "" {
		t.Error(difference)
	}
}

func TestTheDigestShowsNothingSensitiveOfPolicies(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	hole := func(policy object) {
		users(object{"included_users": []string{"All"}, "excluded_users": []string{secret}})(policy)
		policy["display_name"], policy["reference_names"] = secret, object{secret: secret}
		policy["session_controls"] = object{"persistent_browser_mode": secret}
	}
	mask := object{"after_sensitive": object{"display_name": true, "conditions": object{"users": object{"excluded_users": true}}, "session_controls": object{"persistent_browser_mode": true}}}
	all := strings.Join(summedOne(t, planOf(
		changeOf(mfaPolicy, accessPolicy("enabled"), accessPolicy("enabled", hole), mask), changeOf("entramfa_conditional_access_policy.new", nil, accessPolicy("enabled", hole), mask),
		changeOf("entramfa_conditional_access_policy.stateless", accessPolicy("enabled"), accessPolicy("disabled"), object{"before_sensitive": object{"state": true}}),
	)).Lines, "\n")
	if strings.Contains(all, secret) || strings.Contains(all, "(disabled)") {
		t.Errorf("it shows a secret:\n%s", all)
	}
	tells(t, all, "excluded from "+mfaPolicy+" (sensitive): (sensitive)", mfaPolicy+" (sensitive): session_controls.persistent_browser_mode (sensitive) -> (sensitive)",
		"no longer in force: entramfa_conditional_access_policy.stateless MFA ((sensitive))", "enabled: entramfa_conditional_access_policy.new (sensitive) (new; requires mfa of (sensitive) except (sensitive))")
	// The control: without the masks it does.
	if shown := strings.Join(summedOne(t, planOf(changeOf(mfaPolicy, accessPolicy("enabled"), accessPolicy("enabled", hole)))).Lines, ""); !strings.Contains(shown, secret) {
		t.Errorf("it does not show what is not sensitive: %s", shown)
	}
}

// Somebody who chooses the name of a policy, a group or an id writes no line of the digest, and ends none.
func TestTheNameOfAPolicyIsNoPartOfTheDigest(t *testing.T) {
	t.Parallel()
	names := append(slices.Clone(hostile), "MFA (report-only)\nenabled: nothing", `MFA", "Sales`, "MFA and 0 more", "</details>\n\n# Approved", strings.Repeat("x", 500), "MFA: no longer excluded", "")
	var plans []planned
	for _, name := range names {
		hole := users(object{"included_users": []string{"All"}, "excluded_groups": []string{"rescue", "sales", name + "."}})
		plans = append(plans, planned{Plan: planOf(
			changeOf("entramfa_conditional_access_policy.a", accessPolicy("enabled", has("display_name", name)), nil),
			changeOf("entramfa_conditional_access_policy.b", accessPolicy("enabled"), accessPolicy("enabled", hole, has("display_name", name), has("reference_names", object{"sales": name}))),
			changeOf("entramfa_conditional_access_policy.c", accessPolicy("enabled"), accessPolicy("enabled", condition("sign_in_risk_levels", []string{name}))),
			changeOf("entramfa_conditional_access_policy.d", accessPolicy("disabled"), accessPolicy("enabled", has("display_name", name), hole)),
		)})
	}
	for i, got := range summed(t, plans...) {
		name := names[i]
		// One deed each of a and c; of b and d an exclusion and another name, and of d that it is enabled.
		if len(got.Lines) != 7 {
			t.Errorf("%q: it has %d lines: %q", name, len(got.Lines), got.Lines)
		}
		for _, line := range got.Lines {
			if strings.ContainsAny(line, "\n\r\x1b\x00") || len(line) > 1500 {
				t.Errorf("%q makes the line %q", name, line)
			}
			if strings.ContainsAny(name, " \"\n") && strings.Contains(unquoted(line), name) {
				t.Errorf("%q stands without quotes in %q", name, line)
			}
		}
		tells(t, strings.Join(got.Lines, "\n"), "no longer in force: entramfa_conditional_access_policy.a", "excluded from entramfa_conditional_access_policy.b", "enabled: entramfa_conditional_access_policy.d")
	}
}
