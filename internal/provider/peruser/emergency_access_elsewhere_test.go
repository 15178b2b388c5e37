package peruser_test

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// A plan of a user looks at the tenant's campaign and policies as well: this run does not manage the campaign.
func TestWhatAsksAccountsOfTheGuardInTheTenantIsLookedAtOrSaidNotToBe(t *testing.T) {
	t.Parallel()
	const asked, unseen = "Emergency access accounts are asked for MFA in the tenant", "Not all that may ask emergency access accounts for MFA could be looked at"
	const campaign = "the tenant's registration campaign asks it to register"
	const noPermission = ": the app has no permission for it (Policy.Read.All)"
	everybody := acctest.MFAPolicy("Everybody", control.PolicyUsers{IncludeUsers: []string{"All"}})
	off, blocks := everybody, everybody
	off.State, blocks.GrantControls = control.PolicyDisabled, &control.ConditionalAccessGrant{Operator: "OR", BuiltInControls: []string{"block"}}
	var members []string
	for i := range 7 {
		members = append(members, acctest.MemberID(i))
	}
	for name, c := range map[string]struct {
		campaign string
		policies []control.ConditionalAccessPolicy
		denied   string
		guard    []string
		want     []string
		not      []string
	}{
		"nothing asks":                {campaign: `{"state":"disabled"}`},
		"the campaign":                {campaign: `{"state":"enabled"}`, want: []string{asked, acctest.RescueUPN, campaign}, not: []string{"could not be looked at"}},
		"the campaign of Microsoft":   {campaign: `{"state":"default"}`, want: []string{asked, acctest.RescueUPN, campaign}},
		"not the one that excludes":   {campaign: `{"state":"enabled","excludeTargets":[{"id":"` + acctest.RescueID + `","targetType":"user"}]}`},
		"a policy":                    {campaign: `{"state":"disabled"}`, policies: []control.ConditionalAccessPolicy{everybody}, want: []string{asked, `the Conditional Access policy "Everybody" (id`}, not: []string{campaign}},
		"not one that is off":         {campaign: `{"state":"disabled"}`, policies: []control.ConditionalAccessPolicy{off}},
		"not one that blocks":         {campaign: `{"state":"disabled"}`, policies: []control.ConditionalAccessPolicy{blocks}},
		"policies that nobody sees":   {campaign: `{"state":"disabled"}`, denied: "/conditionalAccess/policies$", want: []string{unseen, "This configuration does not ask them", "Conditional Access policies" + noPermission}, not: []string{asked}},
		"a campaign that nobody sees": {denied: "/authenticationMethodsPolicy$", want: []string{unseen, "the registration campaign" + noPermission}, not: []string{asked}},
		"states that nobody sees":     {campaign: `{"state":"disabled"}`, denied: "/" + acctest.RescueID + "/authentication/requirements$", want: []string{unseen, "per-user MFA states" + noPermission}},
		"one asks, one is not seen":   {campaign: `{"state":"enabled"}`, denied: "/conditionalAccess/policies$", want: []string{asked, campaign, "This could not be looked at", "Conditional Access policies" + noPermission}},
		"more than is looked up": {
			campaign: `{"state":"disabled"}`, policies: []control.ConditionalAccessPolicy{acctest.MFAPolicy("Staff only", control.PolicyUsers{IncludeGroups: []string{acctest.StaffID}})}, guard: members,
			want: []string{unseen, `whether the Conditional Access policy "Staff only" catches 2 accounts: it goes by roles, kinds of guests or more groups than are looked up`},
		},
		"as many as are looked up": {
			campaign: `{"state":"disabled"}`, policies: []control.ConditionalAccessPolicy{acctest.MFAPolicy("Staff only", control.PolicyUsers{IncludeGroups: []string{acctest.StaffID}})}, guard: members[:5],
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			people := acctest.CampaignTenant()
			people.ConditionalAccessPolicies = c.policies
			for i, id := range members {
				people.Users = append(people.Users, control.User{ID: id, UserPrincipalName: acctest.MemberUPN(i)})
			}
			m := acctest.NewMachine(t, people)
			m.Block = acctest.Guard("user_ids", acctest.RescueID)
			if c.guard != nil {
				m.Block = acctest.Guard("user_ids", c.guard...)
			}
			if c.campaign != "" {
				m.Tenant.PatchCampaign(c.campaign)()
			}
			if c.denied != "" {
				m.Tenant.Fault(*acctest.Denied(c.denied))()
			}
			_, diagnostics := m.Process().Plan(acctest.TypeName, acctest.Kept{}, map[string]any{"user_id": acctest.AdeleID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"})
			acctest.NoErrors(t, diagnostics)
			found := acctest.Warnings(diagnostics)
			if len(found) != min(1, len(c.want)) || !acctest.Says(c.want...).MatchString(strings.Join(found, "\n")) {
				t.Errorf("the plan warns %q, want %q", found, c.want)
			}
			for _, not := range c.not {
				if strings.Contains(strings.Join(found, "\n"), not) {
					t.Errorf("the plan warns of %s: %q", not, found)
				}
			}
		})
	}
}
