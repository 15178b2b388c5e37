package provider_test

import (
	"strings"
	"testing"
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
		"excluded":           {`{"excludeTargets":[` + excludeTarget(meganID, "user") + `]}`, []string{"exclude: user " + meganUPN + " (" + meganID + ") is not excluded -> is excluded"}},
		"stopped":            {`{"state":"disabled"}`, []string{"state: enabled -> disabled"}},
		"as it was":          {`{"snoozeDurationInDays":3}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, campaignTenant())
			m.tn.patchCampaign(`{"state":"enabled","snoozeDurationInDays":1,"includeTargets":[` + includeTarget(staffID, "group") + `],"excludeTargets":[]}`)()
			then := m.tn.campaignNow()
			before := m.applyAll(policyTypeName, kept{}, map[string]any{"state": "enabled", "snooze_days": 3, "include": targetsOf(true, nil, nil)})
			m.tn.patchCampaign(c.members)()
			planned, diagnostics := m.process().plan(policyTypeName, before, nil)
			noErrors(t, diagnostics)
			told := strings.Join(warnings(diagnostics), "\n")
			if says(notTheState).MatchString(told) != (len(c.want) > 0) || !says(c.want...).MatchString(told) {
				t.Errorf("the plan warns %q, want %q", told, c.want)
			}
			// What the plan has told is no change since the plan.
			after, diagnostics := m.process().apply(policyTypeName, before, planned)
			noErrors(t, diagnostics)
			if !after.nothing() {
				t.Errorf("the destroy leaves %s", after)
			}
			if err := m.tn.campaignIs(then); err != nil {
				t.Error(err)
			}
		})
	}
}

// A destroy that nobody can look ahead to is an error of the plan, and no plan without what it takes away.
func TestAPlanOfADestroyThatCannotLookSaysSo(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"at the campaign": "/authenticationMethodsPolicy$", "at its users and groups": lookUpPath} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, campaignTenant())
			before := m.applyAll(policyTypeName, kept{}, map[string]any{"state": "enabled", "include": targetsOf(nil, nil, []string{staffID})})
			m.tn.fault(*denied(path))()
			_, diagnostics := m.process().plan(policyTypeName, before, nil)
			if found := problems(diagnostics); len(found) != 1 || !says("Insufficient privileges").MatchString(found[0]) {
				t.Errorf("the plan says %q", found)
			}
		})
	}
}
