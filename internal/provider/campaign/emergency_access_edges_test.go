package campaign_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// Without a second plan in the apply, so that it is the apply that refuses.
func TestTheGuardHoldsInTheApplyOfAPolicyItself(t *testing.T) {
	t.Parallel()
	join := func(m *acctest.Machine) {
		m.Tenant.Do(func(ctx context.Context) error {
			_, err := m.Tenant.PatchGroup(ctx, acctest.ManagersID, control.GroupPatch{Members: &[]string{acctest.MeganID, acctest.RescueID}})
			return err
		})()
	}
	staff := func(snooze int) map[string]any {
		return map[string]any{"state": "enabled", "snooze_days": snooze, "include": acctest.Targets(nil, nil, []string{acctest.StaffID})}
	}
	for name, prior := range map[string]map[string]any{"create": nil, "update": staff(3)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.CampaignTenant())
			m.Block = acctest.Guard("user_ids", acctest.RescueID)
			var before acctest.Kept
			if prior != nil {
				before = m.ApplyAll(acctest.PolicyTypeName, acctest.Kept{}, prior)
			}
			running := m.Process()
			c, diagnostics := running.Plan(acctest.PolicyTypeName, before, staff(5))
			acctest.NoErrors(t, diagnostics)
			join(m)
			if err := m.Tenant.ClearRequests(context.Background()); err != nil {
				t.Fatal(err)
			}
			_, diagnostics = running.Apply(acctest.PolicyTypeName, before, c)
			found := strings.Join(acctest.Problems(diagnostics), "\n")
			if !acctest.Says("Emergency access accounts would be asked to register", acctest.RescueUPN, "the group "+acctest.StaffID).MatchString(found) {
				t.Errorf("the apply says %q", found)
			}
			if n := m.Tenant.PolicyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); n != 0 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

func TestAGuardThatGrowsOrShrinksWithItsPolicyIsTold(t *testing.T) {
	t.Parallel()
	everybody := func(groups ...string) map[string]any {
		return map[string]any{"state": "enabled", "include": acctest.Targets(true, nil, nil), "exclude": acctest.Targets(nil, nil, groups), "on_destroy": "keep"}
	}
	m := acctest.NewMachine(t, acctest.CampaignTenant())
	m.Block = acctest.Guard("group_ids", acctest.RescueGroupID)
	before := m.ApplyAll(acctest.PolicyTypeName, acctest.Kept{}, everybody(acctest.RescueGroupID))
	told := func(guard, config map[string]any) string {
		t.Helper()
		m.Block = guard
		_, diagnostics := m.Process().Plan(acctest.PolicyTypeName, before, config)
		acctest.NoErrors(t, diagnostics)
		return strings.Join(acctest.Warnings(diagnostics), "\n")
	}
	// A whole staff group becomes emergency access, and is excluded.
	grown := told(acctest.Guard("group_ids", acctest.RescueGroupID, acctest.StaffID), everybody(acctest.RescueGroupID, acctest.StaffID))
	if !acctest.Says("The registration policy becomes weaker", "newly excluded as emergency access: group Staff ("+acctest.StaffID+"), with 2 accounts", acctest.AdeleUPN).MatchString(grown) {
		t.Errorf("the plan says %q", grown)
	}
	// An account leaves the guard, and is asked.
	left := told(nil, map[string]any{"state": "enabled", "include": acctest.Targets(true, nil, nil), "exclude": acctest.Targets(nil, nil, []string{acctest.LeaversID}), "on_destroy": "keep"})
	if !acctest.Says("Accounts leave emergency_access and are asked to register", acctest.Rescue2UPN, "when this was applied last").MatchString(left) {
		t.Errorf("the plan says %q", left)
	}
	// The control: neither.
	if same := told(acctest.Guard("group_ids", acctest.RescueGroupID), everybody(acctest.RescueGroupID)); same != "" {
		t.Errorf("the plan says %q", same)
	}
	if out := told(nil, everybody(acctest.RescueGroupID)); out != "" {
		t.Errorf("the plan says %q", out)
	}
	// An account that leaves the guard and is not asked is not reported, not even in a plan that changes something.
	for name, config := range map[string]map[string]any{
		"excluded": acctest.Having(everybody(acctest.RescueGroupID), "snooze_days", 5), "disabled": acctest.Having(everybody(acctest.LeaversID), "state", "disabled"),
	} {
		if out := told(nil, config); strings.Contains(out, "leave emergency_access") {
			t.Errorf("%s: the plan says %q", name, out)
		}
	}
	// Two users of the staff become emergency access, and both are excluded: each line is about one.
	one := acctest.Having(everybody(acctest.RescueGroupID), "exclude", acctest.Targets(nil, []string{acctest.AdeleID, acctest.AlexID}, []string{acctest.RescueGroupID}))
	both := acctest.Guard("group_ids", acctest.RescueGroupID)
	both["emergency_access"] = emergencyBlock(t, both["emergency_access"], acctest.AdeleID, acctest.AlexID)
	if out := told(both, one); !acctest.Says("newly excluded as emergency access: user "+acctest.AdeleUPN, "with 1 account that", "user "+acctest.AlexUPN, "with 1 account that").MatchString(out) {
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
	attributes := acctest.AttributesOf(value)
	attributes["user_ids"] = acctest.StringSet(ids...)
	return tftypes.NewValue(value.Type(), attributes)
}

func TestAccountsThatTheTenantAsksForMFAAreToldOnce(t *testing.T) {
	t.Parallel()
	people := acctest.CampaignTenant()
	people.ConditionalAccessPolicies = []control.ConditionalAccessPolicy{
		acctest.MFAPolicy("Everybody", control.PolicyUsers{IncludeUsers: []string{"All"}}),
		acctest.MFAPolicy("Everybody but them", control.PolicyUsers{IncludeUsers: []string{"All"}, ExcludeUsers: []string{acctest.RescueID, acctest.Rescue2ID}}),
		acctest.MFAPolicy("Not managers", control.PolicyUsers{IncludeUsers: []string{"All"}, ExcludeGroups: []string{acctest.ManagersID, acctest.RescueGroupID}, ExcludeUsers: []string{acctest.RescueID}}),
		acctest.MFAPolicy("Admins", control.PolicyUsers{IncludeRoles: []string{"62e90394-69f5-4237-9190-012177145e10"}}),
	}
	tn := acctest.StartTenant(t, people, acctest.Quick())
	tn.SetState(acctest.RescueID, control.StateEnabled)()
	config := map[string]any{"state": "disabled"}
	s := tn.PolicySession(t, acctest.Guard("user_ids", acctest.RescueID, acctest.Rescue2ID))
	if err := tn.ClearRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
	found := strings.Join(acctest.Warnings(s.Plan(nil, config, nil).Diagnostics), "\n")
	if !acctest.Says("Emergency access accounts are asked for MFA in the tenant", acctest.RescueUPN, `its per-user MFA state is "enabled"`, acctest.RescueUPN, `the Conditional Access policy "Everybody" (id`,
		"This could not be looked at", `whether the Conditional Access policy "Admins" catches 2 accounts`).MatchString(found) {
		t.Errorf("the plan says %s", found)
	}
	for _, not := range []string{"Everybody but them", `"Not managers" (id`, "registration campaign asks it"} {
		if strings.Contains(found, not) {
			t.Errorf("the plan speaks of %s:\n%s", not, found)
		}
	}
	requests := tn.RequestLog()
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
	again := strings.Join(acctest.Warnings(s.Plan(nil, config, nil).Diagnostics), "\n")
	if strings.Contains(again, "Emergency access accounts are asked") {
		t.Errorf("it is told again: %s", again)
	}
	// The control: without a guard nothing is looked at.
	if err := tn.ClearRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
	if found := acctest.Warnings(tn.PolicySession(t, nil).Plan(nil, config, nil).Diagnostics); len(found) != 2 || tn.PolicyRequests(http.MethodGet, "/conditionalAccess/policies") != 0 {
		t.Errorf("without a guard the plan says %q", found)
	}
}

func TestWhatAPlanDoesNotKnowYetIsToldByNameAndNumber(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	s := tn.PolicySession(t, nil)
	unknown := func(typ tftypes.Type) tftypes.Value { return tftypes.NewValue(typ, tftypes.UnknownValue) }
	prior := explained(stored("enabled", s.Scope(nil, []string{acctest.AdeleID, acctest.AlexID}, []string{acctest.StaffID}), s.Scope(nil, []string{acctest.MeganID}, nil), "microsoftAuthenticator", 3, true), "")
	base := map[string]any{"state": "enabled", "include": prior["include"], "exclude": prior["exclude"], "authentication_method": "microsoftAuthenticator", "snooze_days": 3, "require_registration_after_snoozes": true}
	for name, c := range map[string]struct {
		attribute string
		value     any
		want      []string
	}{
		"include":          {"include", unknown(s.Type.AttributeTypes["include"]), []string{"include: these may not be asked any more: 3 users and groups:", "group Staff (" + acctest.StaffID + ")", acctest.AdeleUPN, acctest.AlexUPN}},
		"a list of it":     {"include", s.Scope(nil, tftypes.UnknownValue, []string{acctest.StaffID}), []string{"include: these may not be asked any more: 2 users and groups:", acctest.AdeleUPN, acctest.AlexUPN}},
		"elements of it":   {"include", s.Scope(nil, []tftypes.Value{tftypes.NewValue(tftypes.String, acctest.AdeleID), unknown(tftypes.String)}, []string{acctest.StaffID}), []string{"include: these may not be asked any more: user " + acctest.AlexUPN}},
		"all users or not": {"include", s.Scope(tftypes.UnknownValue, nil, nil), []string{"include: these may not be asked any more: 3 users and groups"}},
		"exclude":          {"exclude", unknown(s.Type.AttributeTypes["exclude"]), []string{"exclude: more people may be excluded", "exclude: these are excluded and may not be any more: user " + acctest.MeganUPN}},
		"a list of exclude": {
			"exclude", s.Scope(nil, []string{acctest.MeganID}, tftypes.UnknownValue), []string{"exclude: more people may be excluded"},
		},
		"state":  {"state", unknown(tftypes.String), []string{"state: unless it turns out to ask people, none of those who are asked now is asked any more: 3 users and groups:", acctest.AdeleUPN}},
		"method": {"authentication_method", unknown(tftypes.String), []string{"authentication_method: it is microsoftAuthenticator so far"}},
		"snooze": {"snooze_days", unknown(tftypes.Number), []string{"snooze_days: people who put it off may be asked again later than now, which is after 3 days"}},
		"limit":  {"require_registration_after_snoozes", unknown(tftypes.Bool), []string{"require_registration_after_snoozes: registering may be put off without end"}},
		"known":  {"snooze_days", 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			planned := tn.PolicySession(t, nil).Plan(prior, acctest.Having(base, c.attribute, c.value), remembered(t, "a", beforeManaged))
			acctest.NoErrors(t, planned.Diagnostics)
			found := strings.Join(acctest.Warnings(planned.Diagnostics), "\n")
			if (c.want == nil) != (found == "") || !acctest.Says(append([]string{}, c.want...)...).MatchString(found) || c.want != nil && !acctest.Says("The registration policy may become weaker", "known in the apply only").MatchString(found) {
				t.Errorf("the plan says %q, want %q", found, c.want)
			}
		})
	}
}

func TestTheFrameworksOwnTextsAreReplaced(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	for name, c := range map[string]struct {
		values func(s *acctest.PolicySession) map[string]any
		want   []string
	}{
		"half a day": {
			func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil), "snooze_days": 0.5}
			},
			[]string{"Invalid snooze_days", "snooze_days must be a whole number between 0 and 14, and it is 0.5"},
		},
		"many days": {
			func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil), "snooze_days": 1e30}
			},
			[]string{"snooze_days must be a whole number between 0 and 14", "1e+30"},
		},
		"no state": {
			func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"include": s.Scope(true, nil, nil)}
			},
			[]string{"state is null", "a variable or an output without a value", `"microsoft_managed"`},
		},
		"no id": {
			func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "enabled", "include": s.Scope(nil, nil, []string{"Staff"})}
			},
			[]string{"Invalid GUID", `In include.group_ids: "Staff" is not an id`},
		},
		"on_destroy": {
			func(s *acctest.PolicySession) map[string]any {
				return map[string]any{"state": "disabled", "on_destroy": "disable"}
			},
			[]string{"on_destroy", `"give_back"`, `"give_back_excluding_emergency_access"`, `"keep"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tn.PolicySession(t, nil)
			validated, err := s.Server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
				TypeName: acctest.PolicyTypeName, Config: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, c.values(s))),
			})
			if err != nil {
				t.Fatal(err)
			}
			found := strings.Join(acctest.Problems(validated.Diagnostics), "\n")
			if !acctest.Says(c.want...).MatchString(found) || strings.Contains(found, "big.Float") {
				t.Errorf("the validation says %q, want %q", found, c.want)
			}
		})
	}
	// Ids of users and groups in the other list are told, each at its place, also where the state has them so.
	for _, managed := range []bool{false, true} {
		s := tn.PolicySession(t, nil)
		swapped := map[string]any{"state": "enabled", "include": s.Scope(nil, []string{acctest.StaffID}, []string{acctest.AdeleID})}
		var prior map[string]any
		if managed {
			prior = explained(stored("enabled", swapped["include"], nil, "microsoftAuthenticator", 1, true), "")
		}
		found := strings.Join(acctest.Problems(s.Plan(prior, swapped, remembered(t, "a", beforeManaged)).Diagnostics), "\n")
		if !acctest.Says(fmt.Sprintf("%q is not a user", acctest.StaffID), "Move it from include.user_ids to include.group_ids", fmt.Sprintf("%q is not a group", acctest.AdeleID), "Move it from include.group_ids to include.user_ids").MatchString(found) {
			t.Errorf("the plan says %q", found)
		}
	}
}
