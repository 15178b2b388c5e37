package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const rescueNestedID = "33333333-cccc-4ccc-8ccc-000000000002"

func TestAPolicyMustNotAskEmergencyAccessAccounts(t *testing.T) {
	t.Parallel()
	people := campaignTenant()
	// Operations holds the emergency groups, and the keepers hold emergency1.
	const operationsID, keepersID = "33333333-cccc-4ccc-8ccc-00000000000d", "33333333-cccc-4ccc-8ccc-00000000000e"
	people.Groups = append(
		people.Groups,
		control.Group{ID: operationsID, DisplayName: "Operations", Members: []string{rescueGroupID}},
		control.Group{ID: keepersID, DisplayName: "Keepers", Members: []string{rescueID}},
	)
	tn := startTenant(t, people, quick())
	byUser := fmt.Sprintf("emergency_access = { user_ids = [%q] }", rescueID)
	byName := fmt.Sprintf("emergency_access = { user_principal_names = [%q] }", rescueUPN)
	byGroup := fmt.Sprintf("emergency_access = { group_ids = [%q] }", rescueGroupID)
	both := fmt.Sprintf("emergency_access = {\n user_ids = [%q]\n group_ids = [%q]\n}", rescueID, rescueGroupID)
	const refusal = "Emergency access accounts would be asked to register"
	for name, c := range map[string]struct {
		guard, policy string
		error         []string
	}{
		"all users": {
			byUser, registration(enabled, everyone),
			[]string{
				refusal, everyone, "1 emergency access account:", rescueUPN, "object id " + rescueID, "included by include.all_users", "listed in emergency_access.user_ids",
				fmt.Sprintf("exclude = { user_ids = [%q] }", rescueID),
			},
		},
		"all users, managed":    {byName, registration(managed, everyone), []string{refusal, rescueUPN, "emergency_access.user_principal_names", "exclude = { user_ids = ["}},
		"all users, as it was":  {byUser, registration(managed), []string{refusal, "included by include.all_users"}},
		"listed":                {byUser, registration(enabled, includes("user_ids", rescueID)), []string{refusal, "included by include.user_ids"}},
		"listed in capitals":    {byUser, registration(enabled, includes("user_ids", "22222222-BBBB-4BBB-8BBB-000000000008")), []string{refusal, "included by include.user_ids"}},
		"by a group":            {byUser, registration(enabled, includes("group_ids", staffID, keepersID)), []string{refusal, "included by the group " + keepersID + " in include.group_ids"}},
		"by a group in a group": {byGroup, registration(enabled, includes("group_ids", operationsID)), []string{refusal, rescue2UPN, "the group " + operationsID, fmt.Sprintf("exclude = { group_ids = [%q] }", rescueGroupID)}},
		"by its own group":      {byGroup, registration(enabled, includes("group_ids", rescueGroupID)), []string{refusal, rescue2UPN, "the group " + rescueGroupID}},
		"two accounts": {
			both, registration(enabled, everyone, excludes("group_ids", leaversID)),
			[]string{refusal, "2 emergency access accounts:", rescueUPN, rescue2UPN, fmt.Sprintf("exclude = { user_ids = [%q] group_ids = [ %q, %q, ] }", rescueID, leaversID, rescueGroupID)},
		},
		"one of two excluded":     {both, registration(enabled, everyone, excludes("group_ids", rescueGroupID)), []string{refusal, "1 emergency access account:", rescueUPN}},
		"excluded by user":        {byUser, registration(enabled, everyone, excludes("user_ids", rescueID)), nil},
		"excluded by its group":   {byGroup, registration(enabled, everyone, excludes("group_ids", rescueGroupID)), nil},
		"excluded by nested":      {byGroup, registration(enabled, everyone, excludes("group_ids", rescueNestedID)), nil},
		"excluded by outer":       {byGroup, registration(enabled, everyone, excludes("group_ids", leaversID, operationsID)), nil},
		"excluded by other group": {byUser, registration(managed, includes("user_ids", rescueID), excludes("group_ids", keepersID)), nil},
		"included by nobody":      {both, registration(enabled, includes("group_ids", staffID)), nil},
		"disabled":                {both, registration(disabled, everyone), nil},
		"nobody guarded":          {"", registration(enabled, everyone), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := resource.TestStep{Config: tn.provider(c.guard) + c.policy, PlanOnly: true, ExpectNonEmptyPlan: true}
			if c.error != nil {
				step.ExpectNonEmptyPlan, step.ExpectError = false, says(c.error...)
			}
			resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: tn.factory, Steps: []resource.TestStep{step}})
		})
	}
}

func TestTheGuardBindsAPolicyThatIsManagedAlready(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	guard := fmt.Sprintf("emergency_access = { user_ids = [%q] }", rescueID)
	config := tn.provider(guard) + registration(enabled, includes("group_ids", staffID))
	join := tn.do(func(ctx context.Context) error {
		_, err := tn.PatchGroup(ctx, managersID, control.GroupPatch{Members: &[]string{meganID, rescueID}})
		return err
	})
	tn.run(
		resource.TestStep{Config: config, Check: tn.wroteCampaign(1)},
		// Somebody put the account into a group within the group that is included.
		resource.TestStep{PreConfig: join, Config: config, PlanOnly: true, ExpectError: says("Emergency access accounts would be asked", rescueUPN, "the group "+staffID)},
		resource.TestStep{
			Config: tn.provider(guard) + registration(enabled, includes("group_ids", staffID), excludes("user_ids", rescueID)), Check: tn.wroteCampaign(1),
		},
		resource.TestStep{
			Config:      tn.provider(guard) + "# gone",
			ExpectError: says("Emergency access accounts would be asked to register after the destroy", rescueUPN, "included by include.all_users", `on_destroy = "keep"`),
		},
		resource.TestStep{
			Config: tn.provider(guard) + registration(enabled, includes("group_ids", staffID), excludes("user_ids", rescueID), `on_destroy = "keep"`), Check: tn.wroteCampaign(0),
		},
		resource.TestStep{Config: tn.provider(guard) + "# gone", Check: tn.wroteCampaign(0)},
	)
}

func TestTheGuardHoldsAtApplyWhereThePlanCouldNotKnow(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	guard := fmt.Sprintf("emergency_access = { user_ids = [%q] }", rescueID)
	late := func(id string, lines ...string) string {
		return tn.provider(guard) + fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n}\n", id) + registration(lines...)
	}
	const excluded = "exclude = { user_ids = [terraform_data.late.output] }"
	tn.run(
		resource.TestStep{
			Config:      late(rescueID, enabled, "include = { user_ids = [terraform_data.late.output] }"),
			ExpectError: says("Emergency access accounts would be asked", rescueUPN, "included by include.user_ids"),
		},
		resource.TestStep{Config: late(adeleID, enabled, everyone, excluded), ExpectError: says("Emergency access accounts would be asked", rescueUPN)},
		resource.TestStep{
			PreConfig: func() {
				if n := tn.policyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); n != 0 {
					t.Errorf("the policy was written %d times by a refused apply", n)
				}
			},
			Config: late(rescueID, enabled, everyone, excluded, `on_destroy = "keep"`), Check: tn.wroteCampaign(1),
		},
	)
}

func TestAnAccountThatIsNotKnownYetDoesNotSwitchTheGuardOff(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	s := tn.policySession(t, guardOf("user_ids", unknownID, rescueID))
	planned := s.plan(nil, map[string]any{"state": "enabled", "include": s.scope(true, nil, nil)}, nil)
	if len(planned.Diagnostics) != 1 || planned.Diagnostics[0].Severity != tfprotov6.DiagnosticSeverityError || !says(rescueUPN).MatchString(planned.Diagnostics[0].Detail) {
		t.Errorf("the plan says %v", planned.Diagnostics)
	}
}

func TestEmergencyAccessAccountsAreLookedUpOnceAndTogether(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	tn.policySession(t, guardOf("user_ids", rescueID, rescue2ID, adeleID))
	requests := tn.policyRequests
	if byIDs, byUser := requests(http.MethodPost, "/getByIds"), requests(http.MethodGet, rescueID); byIDs != 1 || byUser != 0 {
		t.Errorf("%d look-ups of all and %d of one account", byIDs, byUser)
	}
	// A group of the guard that is excluded answers for its members: no membership is asked for.
	s := tn.policySession(t, guardOf("group_ids", rescueGroupID))
	noErrors(t, s.plan(nil, map[string]any{"state": "enabled", "include": s.scope(true, nil, nil), "exclude": s.scope(nil, nil, []string{rescueGroupID})}, nil).Diagnostics)
	if n := requests(http.MethodPost, "/checkMemberGroups"); n != 0 {
		t.Errorf("%d memberships were checked", n)
	}
	// The control: by another group it is.
	s = tn.policySession(t, guardOf("group_ids", rescueGroupID))
	noErrors(t, s.plan(nil, map[string]any{"state": "enabled", "include": s.scope(true, nil, nil), "exclude": s.scope(nil, nil, []string{rescueNestedID})}, nil).Diagnostics)
	if n := requests(http.MethodPost, "/checkMemberGroups"); n != 1 {
		t.Errorf("%d memberships were checked, want 1", n)
	}
}

func TestWhatIsNoEmergencyAccessAccountStopsTheRun(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	for name, c := range map[string]struct {
		guard string
		error []string
	}{
		"unknown user": {
			fmt.Sprintf("emergency_access = { user_ids = [%q, %q] }", rescueID, nobodyID),
			[]string{"Emergency access account not found", nobodyID, "emergency_access.user_ids", "a guard that guards nobody"},
		},
		"a group": {
			fmt.Sprintf("emergency_access = { user_ids = [%q] }", rescueGroupID),
			[]string{"Emergency access account is a group", `is the id of the group "Emergency access"`, "emergency_access.group_ids"},
		},
		"a user as group": {fmt.Sprintf("emergency_access = { group_ids = [%q] }", rescueID), []string{"Emergency access group is a user", "is the id of the user " + rescueUPN, "emergency_access.user_ids"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.factory,
				Steps:                    []resource.TestStep{{Config: tn.provider(c.guard) + registration(disabled), PlanOnly: true, ExpectError: says(c.error...)}},
			})
		})
	}
}
