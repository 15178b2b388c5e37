package campaign_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const rescueNestedID = "33333333-cccc-4ccc-8ccc-000000000002"

func TestAPolicyMustNotAskEmergencyAccessAccounts(t *testing.T) {
	t.Parallel()
	people := acctest.CampaignTenant()
	// Operations holds the emergency groups, and the keepers hold emergency1.
	const operationsID, keepersID = "33333333-cccc-4ccc-8ccc-00000000000d", "33333333-cccc-4ccc-8ccc-00000000000e"
	people.Groups = append(
		people.Groups,
		control.Group{ID: operationsID, DisplayName: "Operations", Members: []string{acctest.RescueGroupID}},
		control.Group{ID: keepersID, DisplayName: "Keepers", Members: []string{acctest.RescueID}},
	)
	tn := acctest.StartTenant(t, people, acctest.Quick())
	byUser := fmt.Sprintf("emergency_access = { user_ids = [%q] }", acctest.RescueID)
	byName := fmt.Sprintf("emergency_access = { user_principal_names = [%q] }", acctest.RescueUPN)
	byGroup := fmt.Sprintf("emergency_access = { group_ids = [%q] }", acctest.RescueGroupID)
	both := fmt.Sprintf("emergency_access = {\n user_ids = [%q]\n group_ids = [%q]\n}", acctest.RescueID, acctest.RescueGroupID)
	const refusal = "Emergency access accounts would be asked to register"
	for name, c := range map[string]struct {
		guard, policy string
		error         []string
	}{
		"all users": {
			byUser, registration(enabled, everyone),
			[]string{
				refusal, everyone, "1 emergency access account:", acctest.RescueUPN, "object id " + acctest.RescueID, "included by include.all_users", "listed in emergency_access.user_ids",
				fmt.Sprintf("exclude = { user_ids = [%q] }", acctest.RescueID),
			},
		},
		"all users, managed":    {byName, registration(managed, everyone), []string{refusal, acctest.RescueUPN, "emergency_access.user_principal_names", "exclude = { user_ids = ["}},
		"all users, as it was":  {byUser, registration(managed), []string{refusal, "included by include.all_users"}},
		"listed":                {byUser, registration(enabled, includes("user_ids", acctest.RescueID)), []string{refusal, "included by include.user_ids"}},
		"listed in capitals":    {byUser, registration(enabled, includes("user_ids", "22222222-BBBB-4BBB-8BBB-000000000008")), []string{refusal, "included by include.user_ids"}},
		"by a group":            {byUser, registration(enabled, includes("group_ids", acctest.StaffID, keepersID)), []string{refusal, "included by the group " + keepersID + " in include.group_ids"}},
		"by a group in a group": {byGroup, registration(enabled, includes("group_ids", operationsID)), []string{refusal, acctest.Rescue2UPN, "the group " + operationsID, fmt.Sprintf("exclude = { group_ids = [%q] }", acctest.RescueGroupID)}},
		"by its own group":      {byGroup, registration(enabled, includes("group_ids", acctest.RescueGroupID)), []string{refusal, acctest.Rescue2UPN, "the group " + acctest.RescueGroupID}},
		"two accounts": {
			both, registration(enabled, everyone, excludes("group_ids", acctest.LeaversID)),
			[]string{refusal, "2 emergency access accounts:", acctest.RescueUPN, acctest.Rescue2UPN, fmt.Sprintf("exclude = { user_ids = [%q] group_ids = [ %q, %q, ] }", acctest.RescueID, acctest.LeaversID, acctest.RescueGroupID)},
		},
		"one of two excluded":     {both, registration(enabled, everyone, excludes("group_ids", acctest.RescueGroupID)), []string{refusal, "1 emergency access account:", acctest.RescueUPN}},
		"excluded by user":        {byUser, registration(enabled, everyone, excludes("user_ids", acctest.RescueID)), nil},
		"excluded by its group":   {byGroup, registration(enabled, everyone, excludes("group_ids", acctest.RescueGroupID)), nil},
		"excluded by nested":      {byGroup, registration(enabled, everyone, excludes("group_ids", rescueNestedID)), nil},
		"excluded by outer":       {byGroup, registration(enabled, everyone, excludes("group_ids", acctest.LeaversID, operationsID)), nil},
		"excluded by other group": {byUser, registration(managed, includes("user_ids", acctest.RescueID), excludes("group_ids", keepersID)), nil},
		"included by nobody":      {both, registration(enabled, includes("group_ids", acctest.StaffID)), nil},
		"disabled":                {both, registration(disabled, everyone), nil},
		"nobody guarded":          {"", registration(enabled, everyone), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := resource.TestStep{Config: tn.Provider(c.guard) + c.policy, PlanOnly: true, ExpectNonEmptyPlan: true}
			if c.error != nil {
				step.ExpectNonEmptyPlan, step.ExpectError = false, acctest.Says(c.error...)
			}
			acctest.Test(t, resource.TestCase{ProtoV6ProviderFactories: tn.Factory, Steps: []resource.TestStep{step}})
		})
	}
}

func TestTheGuardBindsAPolicyThatIsManagedAlready(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	guard := fmt.Sprintf("emergency_access = { user_ids = [%q] }", acctest.RescueID)
	config := tn.Provider(guard) + registration(enabled, includes("group_ids", acctest.StaffID))
	join := tn.Do(func(ctx context.Context) error {
		_, err := tn.PatchGroup(ctx, acctest.ManagersID, control.GroupPatch{Members: &[]string{acctest.MeganID, acctest.RescueID}})
		return err
	})
	tn.Run(
		resource.TestStep{Config: config, Check: tn.WroteCampaign(1)},
		// Somebody put the account into a group within the group that is included.
		resource.TestStep{PreConfig: join, Config: config, PlanOnly: true, ExpectError: acctest.Says("Emergency access accounts would be asked", acctest.RescueUPN, "the group "+acctest.StaffID)},
		resource.TestStep{
			Config: tn.Provider(guard) + registration(enabled, includes("group_ids", acctest.StaffID), excludes("user_ids", acctest.RescueID)), Check: tn.WroteCampaign(1),
		},
		resource.TestStep{
			Config:      tn.Provider(guard) + "# gone",
			ExpectError: acctest.Says("Emergency access accounts would be asked to register after the destroy", acctest.RescueUPN, "included by include.all_users", `on_destroy = "keep"`),
		},
		resource.TestStep{
			Config: tn.Provider(guard) + registration(enabled, includes("group_ids", acctest.StaffID), excludes("user_ids", acctest.RescueID), `on_destroy = "keep"`), Check: tn.WroteCampaign(0),
		},
		resource.TestStep{Config: tn.Provider(guard) + "# gone", Check: tn.WroteCampaign(0)},
	)
}

func TestTheGuardHoldsAtApplyWhereThePlanCouldNotKnow(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	guard := fmt.Sprintf("emergency_access = { user_ids = [%q] }", acctest.RescueID)
	late := func(id string, lines ...string) string {
		return tn.Provider(guard) + fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n}\n", id) + registration(lines...)
	}
	const excluded = "exclude = { user_ids = [terraform_data.late.output] }"
	tn.Run(
		resource.TestStep{
			Config:      late(acctest.RescueID, enabled, "include = { user_ids = [terraform_data.late.output] }"),
			ExpectError: acctest.Says("Emergency access accounts would be asked", acctest.RescueUPN, "included by include.user_ids"),
		},
		resource.TestStep{Config: late(acctest.AdeleID, enabled, everyone, excluded), ExpectError: acctest.Says("Emergency access accounts would be asked", acctest.RescueUPN)},
		resource.TestStep{
			PreConfig: func() {
				if n := tn.PolicyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); n != 0 {
					t.Errorf("the policy was written %d times by a refused apply", n)
				}
			},
			Config: late(acctest.RescueID, enabled, everyone, excluded, `on_destroy = "keep"`), Check: tn.WroteCampaign(1),
		},
	)
}

func TestAnAccountThatIsNotKnownYetDoesNotSwitchTheGuardOff(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	s := tn.PolicySession(t, acctest.Guard("user_ids", acctest.UnknownID, acctest.RescueID))
	planned := s.Plan(nil, map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil)}, nil)
	if len(planned.Diagnostics) != 1 || planned.Diagnostics[0].Severity != tfprotov6.DiagnosticSeverityError || !acctest.Says(acctest.RescueUPN).MatchString(planned.Diagnostics[0].Detail) {
		t.Errorf("the plan says %v", planned.Diagnostics)
	}
}

func TestEmergencyAccessAccountsAreLookedUpOnceAndTogether(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	tn.PolicySession(t, acctest.Guard("user_ids", acctest.RescueID, acctest.Rescue2ID, acctest.AdeleID))
	requests := tn.PolicyRequests
	if byIDs, byUser := requests(http.MethodPost, "/getByIds"), requests(http.MethodGet, acctest.RescueID); byIDs != 1 || byUser != 0 {
		t.Errorf("%d look-ups of all and %d of one account", byIDs, byUser)
	}
	// A group of the guard that is excluded answers for its members: no membership is asked for.
	s := tn.PolicySession(t, acctest.Guard("group_ids", acctest.RescueGroupID))
	acctest.NoErrors(t, s.Plan(nil, map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil), "exclude": s.Scope(nil, nil, []string{acctest.RescueGroupID})}, nil).Diagnostics)
	if n := requests(http.MethodPost, "/checkMemberGroups"); n != 0 {
		t.Errorf("%d memberships were checked", n)
	}
	// The control: by another group it is.
	s = tn.PolicySession(t, acctest.Guard("group_ids", acctest.RescueGroupID))
	acctest.NoErrors(t, s.Plan(nil, map[string]any{"state": "enabled", "include": s.Scope(true, nil, nil), "exclude": s.Scope(nil, nil, []string{rescueNestedID})}, nil).Diagnostics)
	if n := requests(http.MethodPost, "/checkMemberGroups"); n != 1 {
		t.Errorf("%d memberships were checked, want 1", n)
	}
}

func TestWhatIsNoEmergencyAccessAccountStopsTheRun(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	for name, c := range map[string]struct {
		guard string
		error []string
	}{
		"unknown user": {
			fmt.Sprintf("emergency_access = { user_ids = [%q, %q] }", acctest.RescueID, acctest.NobodyID),
			[]string{"Emergency access account not found", acctest.NobodyID, "emergency_access.user_ids", "a guard that guards nobody"},
		},
		"a group": {
			fmt.Sprintf("emergency_access = { user_ids = [%q] }", acctest.RescueGroupID),
			[]string{"Emergency access account is a group", `is the id of the group "Emergency access"`, "emergency_access.group_ids"},
		},
		"a user as group": {fmt.Sprintf("emergency_access = { group_ids = [%q] }", acctest.RescueID), []string{"Emergency access group is a user", "is the id of the user " + acctest.RescueUPN, "emergency_access.user_ids"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.Factory,
				Steps:                    []resource.TestStep{{Config: tn.Provider(c.guard) + registration(disabled), PlanOnly: true, ExpectError: acctest.Says(c.error...)}},
			})
		})
	}
}
