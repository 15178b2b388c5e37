package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// appliedLate plans, changes the tenant, and applies the plan in another process without a refresh, as a saved plan or
// -refresh=false does.
func (m *machine) appliedLate(before kept, config map[string]any, change func()) (kept, []*tfprotov6.Diagnostic) {
	m.t.Helper()
	planned, diagnostics := m.process().plan(policyTypeName, before, config)
	noErrors(m.t, diagnostics)
	change()
	if err := m.tn.ClearRequests(context.Background()); err != nil {
		m.t.Fatal(err)
	}
	applying := m.process()
	if config != nil {
		// Terraform plans once more in the apply, except of a destroy.
		again, diagnostics := applying.plan(policyTypeName, before, config)
		if len(problems(diagnostics)) > 0 {
			return before, diagnostics
		}
		planned = again
	}
	return applying.apply(policyTypeName, before, planned)
}

// target is a member of a campaign's lists.
func includeTarget(id, kind string) string {
	return fmt.Sprintf(`{"id":%q,"targetType":%q,"targetedAuthenticationMethod":"microsoftAuthenticator"}`, id, kind)
}

func excludeTarget(id, kind string) string { return fmt.Sprintf(`{"id":%q,"targetType":%q}`, id, kind) }

func TestASavedPlanDoesNotUndoWhatSomebodyHasChangedInTheCampaignSince(t *testing.T) {
	t.Parallel()
	ours := func(snooze int) map[string]any {
		return map[string]any{
			"state": "enabled", "snooze_days": snooze, "require_registration_after_snoozes": true, "authentication_method": "microsoftAuthenticator",
			"include": targetsOf(nil, []string{adeleID}, []string{staffID}), "exclude": targetsOf(nil, []string{alexID}, nil),
		}
	}
	const changedSince = "The registration campaign changed since the plan was made"
	both := includeTarget(adeleID, "user") + "," + includeTarget(staffID, "group")
	for name, c := range map[string]struct {
		members string
		want    []string
		// fine says that an update may go on, and gone that a destroy may.
		fine, gone bool
	}{
		"state":          {`{"state":"disabled"}`, []string{changedSince, "state: enabled -> disabled"}, false, false},
		"managed":        {`{"state":"default"}`, []string{changedSince, "state: enabled -> microsoft_managed"}, false, true},
		"snooze":         {`{"snoozeDurationInDays":9}`, []string{changedSince, "snooze_days", "after 3 days -> after 9 days"}, false, true},
		"limit":          {`{"enforceRegistrationAfterAllowedSnoozes":false}`, []string{changedSince, "require_registration_after_snoozes: yes, after being put off three times -> no, without end"}, false, true},
		"method":         {`{"includeTargets":[` + strings.ReplaceAll(both, "microsoftAuthenticator", "fido2") + `]}`, []string{changedSince, "authentication_method: microsoftAuthenticator -> fido2"}, false, true},
		"included":       {`{"includeTargets":[` + both + "," + includeTarget(leaversID, "group") + `]}`, []string{changedSince, "include: group Leavers (" + leaversID + ") is not included -> is included"}, false, false},
		"taken out":      {`{"includeTargets":[` + includeTarget(staffID, "group") + `]}`, []string{changedSince, "include: user " + adeleUPN + " (" + adeleID + ") is included -> is not included"}, false, true},
		"excluded":       {`{"excludeTargets":[` + excludeTarget(alexID, "user") + "," + excludeTarget(meganID, "user") + `]}`, []string{changedSince, "exclude: user " + meganUPN + " (" + meganID + ") is not excluded -> is excluded"}, false, false},
		"excluded again": {`{"excludeTargets":[]}`, []string{changedSince, "exclude: user " + alexUPN + " (" + alexID + ") is excluded -> is not excluded"}, false, true},
		"all at once": {
			`{"state":"disabled","enforceRegistrationAfterAllowedSnoozes":false,"excludeTargets":[]}`,
			[]string{changedSince, "state: enabled -> disabled", "require_registration_after_snoozes", "exclude: user " + alexUPN, "without -refresh=false"},
			false, false,
		},
		"as wanted already":         {`{"snoozeDurationInDays":7}`, nil, true, true},
		"another spelling":          {`{"includeTargets":[` + strings.NewReplacer(staffID, strings.ToUpper(staffID), "microsoft", "Microsoft").Replace(includeTarget(staffID, "group")+","+includeTarget(adeleID, "user")) + `]}`, nil, true, true},
		"not of our business":       {`{"snoozeDurationInDays":3}`, nil, true, true},
		"as it was, rewritten":      {`{"includeTargets":[` + both + `]}`, nil, true, true},
		"as it would be in the end": {`{"state":"default","includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}],"excludeTargets":[]}`, []string{changedSince}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, destroy := range []bool{false, true} {
				m := newMachine(t, campaignTenant())
				before := m.applyAll(policyTypeName, kept{}, ours(3))
				config, fine := ours(7), c.fine
				if destroy {
					config, fine = nil, c.gone
				}
				var then *control.RegistrationCampaign
				after, diagnostics := m.appliedLate(before, config, func() { m.tn.patchCampaign(c.members)(); then = m.tn.campaignNow() })
				found := strings.Join(problems(diagnostics), "\n")
				if fine {
					if found != "" {
						t.Errorf("destroy %t: the apply says %s", destroy, found)
					}
					continue
				}
				if !says(changedSince).MatchString(found) || !destroy && !says(c.want...).MatchString(found) {
					t.Errorf("destroy %t: the apply says %q, want %q", destroy, found, c.want)
				}
				if n := m.tn.policyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); n != 0 || !after.same(before) {
					t.Errorf("destroy %t: %d writes, and the state is\n%s", destroy, n, after)
				}
				if err := m.tn.campaignIs(then); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A run may follow another one before all replicas know what that has written.
func TestAReplicaThatLagsBehindTheLastRunIsNotTakenForAChange(t *testing.T) {
	t.Parallel()
	for name, lag := range map[string]control.ReplicaLag{
		// By reads and not by time: the waits of this process take none.
		"for many reads":     {Reads: 30},
		"by turns":           {Reads: 10, Alternate: true},
		"by turns, for long": {Reads: 60, Alternate: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, campaignTenant())
			config := func(snooze int) map[string]any {
				return map[string]any{"state": "enabled", "snooze_days": snooze, "include": targetsOf(true, nil, nil)}
			}
			before := m.applyAll(policyTypeName, kept{}, config(3))
			written := m.applyAll(policyTypeName, before, config(5))
			slow := m.tn.do(func(ctx context.Context) error { return m.tn.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}) })
			slow()
			// The last write of ours: from 5 to 7.
			running := m.process()
			c, diagnostics := running.plan(policyTypeName, written, config(7))
			noErrors(t, diagnostics)
			written, diagnostics = running.apply(policyTypeName, written, c)
			noErrors(t, diagnostics)
			after, diagnostics := m.appliedLate(written, config(9), func() {})
			noErrors(t, diagnostics)
			if *m.tn.campaignNow().SnoozeDurationInDays != 9 {
				t.Errorf("the tenant has %+v, and the state is\n%s", m.tn.campaignNow(), after)
			}
		})
	}
}

// An adoption whose plan took nothing away, in one process: Terraform itself compares two plans, and TestAPlanFileFromBefore...
// shows that.
func TestAnAdoptionTakesNothingAwayThatItsPlanDidNotSay(t *testing.T) {
	t.Parallel()
	m := newMachine(t, campaignTenant())
	m.tn.patchCampaign(`{"state":"disabled"}`)()
	config := map[string]any{"state": "enabled", "include": targetsOf(nil, nil, []string{staffID})}
	running := m.process()
	c, diagnostics := running.plan(policyTypeName, kept{}, config)
	noErrors(t, diagnostics)
	m.tn.patchCampaign(`{"state":"enabled"}`)()
	after, diagnostics := running.apply(policyTypeName, kept{}, c)
	if found := strings.Join(problems(diagnostics), "\n"); !says("changed since the plan was made", "the plan takes nothing away -> now not all users are asked any more, but only group Staff").MatchString(found) {
		t.Errorf("the apply says %q", found)
	}
	if n := m.tn.policyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); n != 0 || !after.nothing() {
		t.Errorf("%d writes, and the state is %s", n, after)
	}
	// The control: a new plan says what is lost, and may be applied.
	made := m.applyAll(policyTypeName, kept{}, config)
	if loss := attributesOf(made.state)["adoption_loss"]; !strings.Contains(loss.String(), "not all users are asked any more") {
		t.Errorf("the loss is %s", loss)
	}
}

func TestADestroyNeverAsksEmergencyAccessAccounts(t *testing.T) {
	t.Parallel()
	before := `{"state":"enabled","includeTargets":[` + includeTarget(staffID, "group") + `],"excludeTargets":[]}`
	config := func(onDestroy any) map[string]any {
		return map[string]any{"state": "enabled", "include": targetsOf(true, nil, nil), "exclude": targetsOf(nil, []string{rescueID}, nil), "on_destroy": onDestroy}
	}
	for name, c := range map[string]struct {
		onDestroy any
		refused   bool
		exclude   []control.PolicyTarget
		all       bool
	}{
		"by default":        {nil, true, []control.PolicyTarget{{ID: rescueID, TargetType: "user"}}, true},
		"give back":         {"give_back", true, []control.PolicyTarget{{ID: rescueID, TargetType: "user"}}, true},
		"keep":              {"keep", false, []control.PolicyTarget{{ID: rescueID, TargetType: "user"}}, true},
		"without the guard": {"give_back_excluding_emergency_access", false, []control.PolicyTarget{{ID: rescueID, TargetType: "user"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, campaignTenant())
			m.block = guardOf("user_ids", strings.ToUpper(rescueID))
			m.tn.patchCampaign(before)()
			made := m.applyAll(policyTypeName, kept{}, config(c.onDestroy))
			// The account joins a group of the campaign from before when the destroy is planned already.
			after, diagnostics := m.appliedLate(made, nil, m.tn.do(func(ctx context.Context) error {
				_, err := m.tn.PatchGroup(ctx, managersID, control.GroupPatch{Members: &[]string{meganID, rescueID}})
				return err
			}))
			found := strings.Join(problems(diagnostics), "\n")
			if c.refused != says("Emergency access accounts would be asked to register after the destroy", rescueUPN, "the group "+staffID,
				"apply it", `on_destroy = "give_back_excluding_emergency_access"`, `on_destroy = "keep"`).MatchString(found) || c.refused == after.nothing() {
				t.Errorf("the destroy says %q and leaves %s", found, after)
			}
			have := m.tn.campaignNow()
			if fmt.Sprint(have.ExcludeTargets) != fmt.Sprint(c.exclude) || (have.IncludeTargets[0].ID == "all_users") != c.all {
				t.Errorf("the campaign is %+v", have)
			}
			if writes := m.tn.policyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); (writes == 0) != c.all {
				t.Errorf("%d writes", writes)
			}
		})
	}
}
