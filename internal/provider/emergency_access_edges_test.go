package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestAGuardThatGuardsNobodyIsRefused(t *testing.T) {
	t.Parallel()
	set := tftypes.Set{ElementType: tftypes.String}
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_ids": set, "user_principal_names": set, "group_ids": set}}
	guard := func(lists map[string]any) map[string]any {
		values := map[string]tftypes.Value{}
		for name := range typ.AttributeTypes {
			values[name] = tftypes.NewValue(set, nil)
			switch given := lists[name].(type) {
			case []string:
				values[name] = textSet(given...)
			case nil:
			default:
				values[name] = tftypes.NewValue(set, given)
			}
		}
		return map[string]any{"emergency_access": tftypes.NewValue(typ, values)}
	}
	unknown := tftypes.UnknownValue
	for name, c := range map[string]struct {
		guard map[string]any
		want  []string
	}{
		"null":             {map[string]any{"emergency_access": tftypes.NewValue(typ, nil)}, nil},
		"not known yet":    {map[string]any{"emergency_access": tftypes.NewValue(typ, unknown)}, nil},
		"nothing in it":    {guard(nil), []string{"emergency_access names nobody", "An empty guard refuses nothing", "leave emergency_access out"}},
		"empty ids":        {guard(map[string]any{"user_ids": []string{}}), []string{"emergency_access.user_ids is empty", "null or left out"}},
		"empty names":      {guard(map[string]any{"user_principal_names": []string{}}), []string{"emergency_access.user_principal_names is empty"}},
		"empty groups":     {guard(map[string]any{"group_ids": []string{}}), []string{"emergency_access.group_ids is empty"}},
		"one empty of two": {guard(map[string]any{"user_ids": []string{rescueID}, "group_ids": []string{}}), []string{"emergency_access.group_ids is empty"}},
		"a list to come":   {guard(map[string]any{"user_ids": unknown}), nil},
		"group, no users":  {guard(map[string]any{"group_ids": []string{emptyGroupID}}), []string{"Emergency access group without users", emptyGroupID, "has no users, so it guards nobody", "remove it from emergency_access.group_ids"}},
		"beside one":       {guard(map[string]any{"user_ids": []string{rescueID}, "group_ids": []string{emptyGroupID}}), []string{"Emergency access group without users"}},
		"swapped":          {guard(map[string]any{"user_ids": []string{rescueGroupID}, "group_ids": []string{rescueID}}), []string{"Emergency access account is a group", "emergency_access.group_ids", "Emergency access group is a user", "emergency_access.user_ids"}},
		"somebody":         {guard(map[string]any{"user_ids": []string{rescueID}}), nil},
		"in upper case":    {guard(map[string]any{"user_ids": []string{strings.ToUpper(rescueID)}, "group_ids": []string{strings.ToUpper(rescueGroupID)}}), nil},
		"a name as an id":  {guard(map[string]any{"user_ids": []string{"22222222-bbbb-4bbb-8bbb-0000000000ff"}}), []string{"Emergency access account not found"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, campaignTenant())
			m.block = c.guard
			_, diagnostics := m.start()
			if found := strings.Join(problems(diagnostics), "\n"); (found == "") != (c.want == nil) || !says(c.want...).MatchString(found) {
				t.Errorf("the configuration says %q, want %q", found, c.want)
			}
		})
	}
}

func TestTheGuardKnowsItsAccountsInAnyCase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		guard  map[string]any
		policy map[string]any
	}{
		"by id":    {guardOf("user_ids", strings.ToUpper(rescueID)), map[string]any{"state": "enabled", "include": targetsOf(nil, []string{rescueID}, nil)}},
		"by group": {guardOf("group_ids", strings.ToUpper(rescueGroupID)), map[string]any{"state": "enabled", "include": targetsOf(nil, nil, []string{rescueGroupID})}},
		"both":     {guardOf("user_ids", strings.ToUpper(rescueID)), map[string]any{"state": "enabled", "include": targetsOf(nil, []string{strings.ToUpper(rescueID)}, nil)}},
		"by name":  {guardOf("user_principal_names", strings.ToUpper(rescueUPN)), map[string]any{"state": "enabled", "include": targetsOf(nil, []string{rescueID}, nil)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, campaignTenant())
			m.block = c.guard
			running := m.process()
			_, diagnostics := running.plan(policyTypeName, kept{}, c.policy)
			if found := strings.Join(problems(diagnostics), "\n"); !says("Emergency access accounts would be asked to register").MatchString(found) {
				t.Errorf("the plan says %q", found)
			}
			if name == "by group" {
				// That the excluded group is the guard's own is known without a look-up, and is no loss.
				_, diagnostics := m.process().plan(policyTypeName, m.applyAll(policyTypeName, kept{}, map[string]any{"state": "enabled", "include": targetsOf(nil, []string{adeleID}, nil)}),
					map[string]any{"state": "enabled", "include": targetsOf(true, nil, nil), "exclude": targetsOf(nil, nil, []string{rescueGroupID})})
				if found := append(problems(diagnostics), warnings(diagnostics)...); len(found) > 0 {
					t.Errorf("the plan says %q", found)
				}
				return
			}
			for _, state := range []string{"enabled", "enforced"} {
				user := map[string]any{"user_id": strings.ToUpper(rescueID), "state": state, "allow_promotion": true, "on_destroy": "disable"}
				_, diagnostics := running.plan(typeName, kept{}, user)
				if found := strings.Join(problems(diagnostics), "\n"); !says("Emergency access account " + rescueUPN + " would need MFA").MatchString(found) {
					t.Errorf("the plan of %s says %q", state, found)
				}
			}
		})
	}
}

// Without a second plan in the apply, so that it is the apply that refuses.
func TestTheGuardHoldsInTheApplyOfAPolicyItself(t *testing.T) {
	t.Parallel()
	join := func(m *machine) {
		m.tn.do(func(ctx context.Context) error {
			_, err := m.tn.PatchGroup(ctx, managersID, control.GroupPatch{Members: &[]string{meganID, rescueID}})
			return err
		})()
	}
	staff := func(snooze int) map[string]any {
		return map[string]any{"state": "enabled", "snooze_days": snooze, "include": targetsOf(nil, nil, []string{staffID})}
	}
	for name, prior := range map[string]map[string]any{"create": nil, "update": staff(3)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, campaignTenant())
			m.block = guardOf("user_ids", rescueID)
			var before kept
			if prior != nil {
				before = m.applyAll(policyTypeName, kept{}, prior)
			}
			running := m.process()
			c, diagnostics := running.plan(policyTypeName, before, staff(5))
			noErrors(t, diagnostics)
			join(m)
			if err := m.tn.ClearRequests(context.Background()); err != nil {
				t.Fatal(err)
			}
			_, diagnostics = running.apply(policyTypeName, before, c)
			found := strings.Join(problems(diagnostics), "\n")
			if !says("Emergency access accounts would be asked to register", rescueUPN, "the group "+staffID).MatchString(found) {
				t.Errorf("the apply says %q", found)
			}
			if n := m.tn.policyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); n != 0 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

func TestAGuardThatGrowsOrShrinksWithItsPolicyIsTold(t *testing.T) {
	t.Parallel()
	everybody := func(groups ...string) map[string]any {
		return map[string]any{"state": "enabled", "include": targetsOf(true, nil, nil), "exclude": targetsOf(nil, nil, groups), "on_destroy": "keep"}
	}
	m := newMachine(t, campaignTenant())
	m.block = guardOf("group_ids", rescueGroupID)
	before := m.applyAll(policyTypeName, kept{}, everybody(rescueGroupID))
	told := func(guard, config map[string]any) string {
		t.Helper()
		m.block = guard
		_, diagnostics := m.process().plan(policyTypeName, before, config)
		noErrors(t, diagnostics)
		return strings.Join(warnings(diagnostics), "\n")
	}
	// A whole staff group becomes emergency access, and is excluded.
	grown := told(guardOf("group_ids", rescueGroupID, staffID), everybody(rescueGroupID, staffID))
	if !says("The registration policy becomes weaker", "newly excluded as emergency access: group Staff ("+staffID+"), with 2 accounts", adeleUPN).MatchString(grown) {
		t.Errorf("the plan says %q", grown)
	}
	// An account leaves the guard, and is asked.
	left := told(nil, map[string]any{"state": "enabled", "include": targetsOf(true, nil, nil), "exclude": targetsOf(nil, nil, []string{leaversID}), "on_destroy": "keep"})
	if !says("Accounts leave emergency_access and are asked to register", rescue2UPN, "when this was applied last").MatchString(left) {
		t.Errorf("the plan says %q", left)
	}
	// The control: neither.
	if same := told(guardOf("group_ids", rescueGroupID), everybody(rescueGroupID)); same != "" {
		t.Errorf("the plan says %q", same)
	}
	if out := told(nil, everybody(rescueGroupID)); out != "" {
		t.Errorf("the plan says %q", out)
	}
	// Who leaves the guard and is not asked is nothing to tell, in a plan that changes something as well.
	for name, config := range map[string]map[string]any{
		"excluded": having(everybody(rescueGroupID), "snooze_days", 5), "disabled": having(everybody(leaversID), "state", "disabled"),
	} {
		if out := told(nil, config); strings.Contains(out, "leave emergency_access") {
			t.Errorf("%s: the plan says %q", name, out)
		}
	}
	// Two users of the staff become emergency access, and both are excluded: each line is about one.
	one := having(everybody(rescueGroupID), "exclude", targetsOf(nil, []string{adeleID, alexID}, []string{rescueGroupID}))
	both := guardOf("group_ids", rescueGroupID)
	both["emergency_access"] = emergencyBlock(t, both["emergency_access"], adeleID, alexID)
	if out := told(both, one); !says("newly excluded as emergency access: user "+adeleUPN, "with 1 account that", "user "+alexUPN, "with 1 account that").MatchString(out) {
		t.Errorf("the plan says %q", out)
	}
}

// emergencyBlock adds user_ids to an emergency_access block.
func emergencyBlock(t *testing.T, block any, ids ...string) tftypes.Value {
	t.Helper()
	value, ok := block.(tftypes.Value)
	if !ok {
		t.Fatalf("the block is a %T", block)
	}
	attributes := attributesOf(value)
	attributes["user_ids"] = textSet(ids...)
	return tftypes.NewValue(value.Type(), attributes)
}

func TestAccountsThatTheTenantAsksForMFAAreToldOnce(t *testing.T) {
	t.Parallel()
	people := campaignTenant()
	people.ConditionalAccessPolicies = []control.ConditionalAccessPolicy{
		mfaPolicy("Everybody", control.PolicyUsers{IncludeUsers: []string{"All"}}),
		mfaPolicy("Everybody but them", control.PolicyUsers{IncludeUsers: []string{"All"}, ExcludeUsers: []string{rescueID, rescue2ID}}),
		mfaPolicy("Not managers", control.PolicyUsers{IncludeUsers: []string{"All"}, ExcludeGroups: []string{managersID, rescueGroupID}, ExcludeUsers: []string{rescueID}}),
		mfaPolicy("Admins", control.PolicyUsers{IncludeRoles: []string{"62e90394-69f5-4237-9190-012177145e10"}}),
	}
	tn := startTenant(t, people, quick())
	tn.setState(rescueID, control.StateEnabled)()
	config := map[string]any{"state": "disabled"}
	s := tn.policySession(t, guardOf("user_ids", rescueID, rescue2ID))
	if err := tn.ClearRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
	found := strings.Join(warnings(s.plan(nil, config, nil).Diagnostics), "\n")
	if !says("Emergency access accounts are asked for MFA in the tenant", rescueUPN, `its per-user MFA state is "enabled"`, rescueUPN, `the Conditional Access policy "Everybody" (id`,
		"This could not be looked at", `whether the Conditional Access policy "Admins" catches 2 accounts`).MatchString(found) {
		t.Errorf("the plan says %s", found)
	}
	for _, not := range []string{"Everybody but them", `"Not managers" (id`, "registration campaign asks it"} {
		if strings.Contains(found, not) {
			t.Errorf("the plan speaks of %s:\n%s", not, found)
		}
	}
	requests, err := tn.Requests(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	looks := 0
	for _, request := range requests {
		if strings.Contains(request.Path, "/requirements") || strings.Contains(request.Path, "$batch") || strings.Contains(request.Path, "checkMemberGroups") || strings.Contains(request.Path, "conditionalAccess") {
			looks++
		}
	}
	// Two states, one list, and the memberships of two accounts.
	if looks == 0 || looks > 5 {
		t.Errorf("%d requests", looks)
	}
	again := strings.Join(warnings(s.plan(nil, config, nil).Diagnostics), "\n")
	if strings.Contains(again, "Emergency access accounts are asked") {
		t.Errorf("it is told again: %s", again)
	}
	// The control: without a guard nothing is looked at.
	if err := tn.ClearRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
	if found := warnings(tn.policySession(t, nil).plan(nil, config, nil).Diagnostics); len(found) != 2 || tn.policyRequests(http.MethodGet, "/conditionalAccess/policies") != 0 {
		t.Errorf("without a guard the plan says %q", found)
	}
}

func mfaPolicy(name string, users control.PolicyUsers) control.ConditionalAccessPolicy {
	return control.ConditionalAccessPolicy{
		DisplayName: name, State: control.PolicyEnabled,
		Conditions: control.PolicyConditions{
			ClientAppTypes: []string{"all"}, Applications: &control.PolicyApplications{IncludeApplications: []string{"All"}}, Users: &users,
		},
		GrantControls: &control.ConditionalAccessGrant{Operator: "OR", BuiltInControls: []string{"mfa"}},
	}
}

func TestWhatAPlanDoesNotKnowYetIsToldByNameAndNumber(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	s := tn.policySession(t, nil)
	unknown := func(typ tftypes.Type) tftypes.Value { return tftypes.NewValue(typ, tftypes.UnknownValue) }
	prior := explained(stored("enabled", s.scope(nil, []string{adeleID, alexID}, []string{staffID}), s.scope(nil, []string{meganID}, nil), "microsoftAuthenticator", 3, true), "")
	base := map[string]any{"state": "enabled", "include": prior["include"], "exclude": prior["exclude"], "authentication_method": "microsoftAuthenticator", "snooze_days": 3, "require_registration_after_snoozes": true}
	for name, c := range map[string]struct {
		attribute string
		value     any
		want      []string
	}{
		"include":          {"include", unknown(s.typ.AttributeTypes["include"]), []string{"include: these may not be asked any more: 3 users and groups:", "group Staff (" + staffID + ")", adeleUPN, alexUPN}},
		"a list of it":     {"include", s.scope(nil, tftypes.UnknownValue, []string{staffID}), []string{"include: these may not be asked any more: 2 users and groups:", adeleUPN, alexUPN}},
		"elements of it":   {"include", s.scope(nil, []tftypes.Value{tftypes.NewValue(tftypes.String, adeleID), unknown(tftypes.String)}, []string{staffID}), []string{"include: these may not be asked any more: user " + alexUPN}},
		"all users or not": {"include", s.scope(tftypes.UnknownValue, nil, nil), []string{"include: these may not be asked any more: 3 users and groups"}},
		"exclude":          {"exclude", unknown(s.typ.AttributeTypes["exclude"]), []string{"exclude: more people may be excluded", "exclude: these are excluded and may not be any more: user " + meganUPN}},
		"a list of exclude": {
			"exclude", s.scope(nil, []string{meganID}, tftypes.UnknownValue), []string{"exclude: more people may be excluded"},
		},
		"state":  {"state", unknown(tftypes.String), []string{"state: unless it turns out to ask people, none of those who are asked now is asked any more: 3 users and groups:", adeleUPN}},
		"method": {"authentication_method", unknown(tftypes.String), []string{"authentication_method: it is microsoftAuthenticator so far"}},
		"snooze": {"snooze_days", unknown(tftypes.Number), []string{"snooze_days: people who put it off may be asked again later than now, which is after 3 days"}},
		"limit":  {"require_registration_after_snoozes", unknown(tftypes.Bool), []string{"require_registration_after_snoozes: registering may be put off without end"}},
		"known":  {"snooze_days", 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planned := tn.policySession(t, nil).plan(prior, having(base, c.attribute, c.value), remembered(t, "a", beforeManaged))
			noErrors(t, planned.Diagnostics)
			found := strings.Join(warnings(planned.Diagnostics), "\n")
			if (c.want == nil) != (found == "") || !says(append([]string{}, c.want...)...).MatchString(found) || c.want != nil && !says("The registration policy may become weaker", "known in the apply only").MatchString(found) {
				t.Errorf("the plan says %q, want %q", found, c.want)
			}
		})
	}
}

func TestTheFrameworksOwnTextsAreReplaced(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	for name, c := range map[string]struct {
		values func(s *policySession) map[string]any
		want   []string
	}{
		"half a day": {
			func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(true, nil, nil), "snooze_days": 0.5}
			},
			[]string{"Invalid snooze_days", "snooze_days must be a whole number between 0 and 14, and it is 0.5"},
		},
		"many days": {
			func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(true, nil, nil), "snooze_days": 1e30}
			},
			[]string{"snooze_days must be a whole number between 0 and 14", "1e+30"},
		},
		"no state": {
			func(s *policySession) map[string]any { return map[string]any{"include": s.scope(true, nil, nil)} },
			[]string{"state is null", "a variable or an output without a value", `"microsoft_managed"`},
		},
		"no id": {
			func(s *policySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.scope(nil, nil, []string{"Staff"})}
			},
			[]string{"Invalid GUID", `In include.group_ids: "Staff" is not an id`},
		},
		"on_destroy": {
			func(s *policySession) map[string]any {
				return map[string]any{"state": "disabled", "on_destroy": "disable"}
			},
			[]string{"on_destroy", `"give_back"`, `"give_back_excluding_emergency_access"`, `"keep"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tn.policySession(t, nil)
			validated, err := s.server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
				TypeName: policyTypeName, Config: dynamic(t, objectOf(t, s.typ, c.values(s))),
			})
			if err != nil {
				t.Fatal(err)
			}
			found := strings.Join(problems(validated.Diagnostics), "\n")
			if !says(c.want...).MatchString(found) || strings.Contains(found, "big.Float") {
				t.Errorf("the validation says %q, want %q", found, c.want)
			}
		})
	}
	// Ids of users and groups in the other list are told, each at its place, also where the state has them so.
	for _, managed := range []bool{false, true} {
		s := tn.policySession(t, nil)
		swapped := map[string]any{"state": "enabled", "include": s.scope(nil, []string{staffID}, []string{adeleID})}
		var prior map[string]any
		if managed {
			prior = explained(stored("enabled", swapped["include"], nil, "microsoftAuthenticator", 1, true), "")
		}
		found := strings.Join(problems(s.plan(prior, swapped, remembered(t, "a", beforeManaged)).Diagnostics), "\n")
		if !says(fmt.Sprintf("%q is not a user", staffID), "Move it from include.user_ids to include.group_ids", fmt.Sprintf("%q is not a group", adeleID), "Move it from include.group_ids to include.user_ids").MatchString(found) {
			t.Errorf("the plan says %q", found)
		}
	}
}
