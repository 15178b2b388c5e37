package campaign_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

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
			"include": acctest.Targets(nil, []string{acctest.AdeleID}, []string{acctest.StaffID}), "exclude": acctest.Targets(nil, []string{acctest.AlexID}, nil),
		}
	}
	const changedSince = "The registration campaign changed since the plan was made"
	both := includeTarget(acctest.AdeleID, "user") + "," + includeTarget(acctest.StaffID, "group")
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
		"included":       {`{"includeTargets":[` + both + "," + includeTarget(acctest.LeaversID, "group") + `]}`, []string{changedSince, "include: group Leavers (" + acctest.LeaversID + ") is not included -> is included"}, false, false},
		"taken out":      {`{"includeTargets":[` + includeTarget(acctest.StaffID, "group") + `]}`, []string{changedSince, "include: user " + acctest.AdeleUPN + " (" + acctest.AdeleID + ") is included -> is not included"}, false, true},
		"excluded":       {`{"excludeTargets":[` + excludeTarget(acctest.AlexID, "user") + "," + excludeTarget(acctest.MeganID, "user") + `]}`, []string{changedSince, "exclude: user " + acctest.MeganUPN + " (" + acctest.MeganID + ") is not excluded -> is excluded"}, false, false},
		"excluded again": {`{"excludeTargets":[]}`, []string{changedSince, "exclude: user " + acctest.AlexUPN + " (" + acctest.AlexID + ") is excluded -> is not excluded"}, false, true},
		"all at once": {
			`{"state":"disabled","enforceRegistrationAfterAllowedSnoozes":false,"excludeTargets":[]}`,
			[]string{changedSince, "state: enabled -> disabled", "require_registration_after_snoozes", "exclude: user " + acctest.AlexUPN, "without -refresh=false"},
			false, false,
		},
		"as wanted already":         {`{"snoozeDurationInDays":7}`, nil, true, true},
		"another spelling":          {`{"includeTargets":[` + strings.NewReplacer(acctest.StaffID, strings.ToUpper(acctest.StaffID), "microsoft", "Microsoft").Replace(includeTarget(acctest.StaffID, "group")+","+includeTarget(acctest.AdeleID, "user")) + `]}`, nil, true, true},
		"not of our business":       {`{"snoozeDurationInDays":3}`, nil, true, true},
		"as it was, rewritten":      {`{"includeTargets":[` + both + `]}`, nil, true, true},
		"as it would be in the end": {`{"state":"default","includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}],"excludeTargets":[]}`, []string{changedSince}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, destroy := range []bool{false, true} {
				m := acctest.NewMachine(t, acctest.CampaignTenant())
				before := m.ApplyAll(acctest.PolicyTypeName, acctest.Kept{}, ours(3))
				config, fine := ours(7), c.fine
				if destroy {
					config, fine = nil, c.gone
				}
				var then *control.RegistrationCampaign
				after, diagnostics := m.AppliedLate(before, config, func() { m.Tenant.PatchCampaign(c.members)(); then = m.Tenant.CampaignNow() })
				found := strings.Join(acctest.Problems(diagnostics), "\n")
				if fine {
					if found != "" {
						t.Errorf("destroy %t: the apply says %s", destroy, found)
					}
					continue
				}
				if !acctest.Says(changedSince).MatchString(found) || !destroy && !acctest.Says(c.want...).MatchString(found) {
					t.Errorf("destroy %t: the apply says %q, want %q", destroy, found, c.want)
				}
				if n := m.Tenant.PolicyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); n != 0 || !after.Same(before) {
					t.Errorf("destroy %t: %d writes, and the state is\n%s", destroy, n, after)
				}
				if err := m.Tenant.CampaignIs(then); err != nil {
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
			m := acctest.NewMachine(t, acctest.CampaignTenant())
			config := func(snooze int) map[string]any {
				return map[string]any{"state": "enabled", "snooze_days": snooze, "include": acctest.Targets(true, nil, nil)}
			}
			before := m.ApplyAll(acctest.PolicyTypeName, acctest.Kept{}, config(3))
			written := m.ApplyAll(acctest.PolicyTypeName, before, config(5))
			slow := m.Tenant.Do(func(ctx context.Context) error { return m.Tenant.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}) })
			slow()
			// The last write of ours: from 5 to 7.
			running := m.Process()
			c, diagnostics := running.Plan(acctest.PolicyTypeName, written, config(7))
			acctest.NoErrors(t, diagnostics)
			written, diagnostics = running.Apply(acctest.PolicyTypeName, written, c)
			acctest.NoErrors(t, diagnostics)
			after, diagnostics := m.AppliedLate(written, config(9), func() {})
			acctest.NoErrors(t, diagnostics)
			if *m.Tenant.CampaignNow().SnoozeDurationInDays != 9 {
				t.Errorf("the tenant has %+v, and the state is\n%s", m.Tenant.CampaignNow(), after)
			}
		})
	}
}

// An adoption whose plan took nothing away, in one process: Terraform itself compares two plans, and TestAPlanFileFromBefore...
// shows that.
func TestAnAdoptionTakesNothingAwayThatItsPlanDidNotSay(t *testing.T) {
	t.Parallel()
	m := acctest.NewMachine(t, acctest.CampaignTenant())
	m.Tenant.PatchCampaign(`{"state":"disabled"}`)()
	config := map[string]any{"state": "enabled", "include": acctest.Targets(nil, nil, []string{acctest.StaffID})}
	running := m.Process()
	c, diagnostics := running.Plan(acctest.PolicyTypeName, acctest.Kept{}, config)
	acctest.NoErrors(t, diagnostics)
	m.Tenant.PatchCampaign(`{"state":"enabled"}`)()
	after, diagnostics := running.Apply(acctest.PolicyTypeName, acctest.Kept{}, c)
	if found := strings.Join(acctest.Problems(diagnostics), "\n"); !acctest.Says("changed since the plan was made", "the plan takes nothing away -> now not all users are asked any more, but only group Staff").MatchString(found) {
		t.Errorf("the apply says %q", found)
	}
	if n := m.Tenant.PolicyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); n != 0 || !after.Nothing() {
		t.Errorf("%d writes, and the state is %s", n, after)
	}
	// The control: a new plan says what is lost, and may be applied.
	made := m.ApplyAll(acctest.PolicyTypeName, acctest.Kept{}, config)
	if loss := acctest.AttributesOf(made.State)["adoption_loss"]; !strings.Contains(loss.String(), "not all users are asked any more") {
		t.Errorf("the loss is %s", loss)
	}
}

func TestADestroyNeverAsksEmergencyAccessAccounts(t *testing.T) {
	t.Parallel()
	before := `{"state":"enabled","includeTargets":[` + includeTarget(acctest.StaffID, "group") + `],"excludeTargets":[]}`
	config := func(onDestroy any) map[string]any {
		return map[string]any{"state": "enabled", "include": acctest.Targets(true, nil, nil), "exclude": acctest.Targets(nil, []string{acctest.RescueID}, nil), "on_destroy": onDestroy}
	}
	for name, c := range map[string]struct {
		onDestroy any
		refused   bool
		exclude   []control.PolicyTarget
		all       bool
	}{
		"by default":        {nil, true, []control.PolicyTarget{{ID: acctest.RescueID, TargetType: "user"}}, true},
		"give back":         {"give_back", true, []control.PolicyTarget{{ID: acctest.RescueID, TargetType: "user"}}, true},
		"keep":              {"keep", false, []control.PolicyTarget{{ID: acctest.RescueID, TargetType: "user"}}, true},
		"without the guard": {"give_back_excluding_emergency_access", false, []control.PolicyTarget{{ID: acctest.RescueID, TargetType: "user"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.CampaignTenant())
			m.Block = acctest.Guard("user_ids", strings.ToUpper(acctest.RescueID))
			m.Tenant.PatchCampaign(before)()
			made := m.ApplyAll(acctest.PolicyTypeName, acctest.Kept{}, config(c.onDestroy))
			// The account joins a group of the campaign from before when the destroy is planned already.
			after, diagnostics := m.AppliedLate(made, nil, m.Tenant.Do(func(ctx context.Context) error {
				_, err := m.Tenant.PatchGroup(ctx, acctest.ManagersID, control.GroupPatch{Members: &[]string{acctest.MeganID, acctest.RescueID}})
				return err
			}))
			found := strings.Join(acctest.Problems(diagnostics), "\n")
			if c.refused != acctest.Says("Emergency access accounts would be asked to register after the destroy", acctest.RescueUPN, "the group "+acctest.StaffID,
				"apply it", `on_destroy = "give_back_excluding_emergency_access"`, `on_destroy = "keep"`).MatchString(found) || c.refused == after.Nothing() {
				t.Errorf("the destroy says %q and leaves %s", found, after)
			}
			have := m.Tenant.CampaignNow()
			if fmt.Sprint(have.ExcludeTargets) != fmt.Sprint(c.exclude) || (have.IncludeTargets[0].ID == "all_users") != c.all {
				t.Errorf("the campaign is %+v", have)
			}
			if writes := m.Tenant.PolicyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); (writes == 0) != c.all {
				t.Errorf("%d writes", writes)
			}
		})
	}
}
