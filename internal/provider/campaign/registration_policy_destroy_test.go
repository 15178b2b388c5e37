package campaign_test

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// Terraform plans the destroy of a block that was removed from the state of before the refresh, so the plan itself has to look.
func TestAPlanOfADestroySaysWhatTheCampaignIsByNowAndItsApplyGoesOn(t *testing.T) {
	t.Parallel()
	const notTheState = "The registration campaign is not what the state has"
	for name, c := range map[string]struct {
		members string
		want    []string
	}{
		"put off for longer": {`{"snoozeDurationInDays":9}`, []string{"Somebody has changed the campaign since the state was written", "snooze_days", "after 3 days -> after 9 days"}},
		"excluded":           {`{"excludeTargets":[` + excludeTarget(acctest.MeganID, "user") + `]}`, []string{"exclude: user " + acctest.MeganUPN + " (" + acctest.MeganID + ") is not excluded -> is excluded"}},
		"stopped":            {`{"state":"disabled"}`, []string{"state: enabled -> disabled"}},
		"as it was":          {`{"snoozeDurationInDays":3}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.CampaignTenant())
			m.Tenant.PatchCampaign(`{"state":"enabled","snoozeDurationInDays":1,"includeTargets":[` + includeTarget(acctest.StaffID, "group") + `],"excludeTargets":[]}`)()
			then := m.Tenant.CampaignNow()
			before := m.ApplyAll(acctest.PolicyTypeName, acctest.Kept{}, map[string]any{"state": "enabled", "snooze_days": 3, "include": acctest.Targets(true, nil, nil)})
			m.Tenant.PatchCampaign(c.members)()
			planned, diagnostics := m.Process().Plan(acctest.PolicyTypeName, before, nil)
			acctest.NoErrors(t, diagnostics)
			told := strings.Join(acctest.Warnings(diagnostics), "\n")
			if acctest.Says(notTheState).MatchString(told) != (len(c.want) > 0) || !acctest.Says(c.want...).MatchString(told) {
				t.Errorf("the plan warns %q, want %q", told, c.want)
			}
			// What the plan has told is no change since the plan.
			after, diagnostics := m.Process().Apply(acctest.PolicyTypeName, before, planned)
			acctest.NoErrors(t, diagnostics)
			if !after.Nothing() {
				t.Errorf("the destroy leaves %s", after)
			}
			if err := m.Tenant.CampaignIs(then); err != nil {
				t.Error(err)
			}
		})
	}
}

// A destroy that cannot be previewed is an error of the plan, not a plan that leaves out what it takes away.
func TestAPlanOfADestroyThatCannotLookSaysSo(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"at the campaign": "/authenticationMethodsPolicy$", "at its users and groups": acctest.LookUpPath} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.CampaignTenant())
			before := m.ApplyAll(acctest.PolicyTypeName, acctest.Kept{}, map[string]any{"state": "enabled", "include": acctest.Targets(nil, nil, []string{acctest.StaffID})})
			m.Tenant.Fault(*acctest.Denied(path))()
			_, diagnostics := m.Process().Plan(acctest.PolicyTypeName, before, nil)
			if found := acctest.Problems(diagnostics); len(found) != 1 || !acctest.Says("Insufficient privileges").MatchString(found[0]) {
				t.Errorf("the plan says %q", found)
			}
		})
	}
}
