package provider_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// called gives a user another name to sign in with.
func (tn *tenant) called(user, upn string) func() {
	return tn.do(func(ctx context.Context) error {
		_, err := tn.PatchUser(ctx, user, control.UserPatch{UserPrincipalName: &upn})
		return err
	})
}

const adelesNewUPN = "adele.miller@contoso.example"

// Between the plan that Terraform makes in an apply and the change itself.
func TestAUserWhoIsRenamedDuringACreateIsWhoWasPlanned(t *testing.T) {
	t.Parallel()
	many := func(key string) map[string]any {
		return having(having(wants(key, "enabled"), "allow_promotion", false), "on_destroy", "disable")
	}
	one := func(attribute, key string) map[string]any {
		return map[string]any{attribute: key, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"}
	}
	newUPN := map[string]tftypes.Value{"user_principal_name": tftypes.NewValue(tftypes.String, adelesNewUPN)}
	for name, c := range map[string]struct {
		typeName string
		config   map[string]any
		// moved is what the refresh after it finds otherwise: the name.
		moved map[string]tftypes.Value
	}{
		"one by id":    {typeName, one("user_id", adeleID), newUPN},
		"one by name":  {typeName, one("user_principal_name", adeleUPN), newUPN},
		"many by id":   {statesTypeName, many(adeleID), map[string]tftypes.Value{"names": textMapValue(adeleID, "Adele Vance ("+adelesNewUPN+")")}},
		"many by name": {statesTypeName, many(adeleUPN), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, testTenant())
			running := m.process()
			planned, diagnostics := running.plan(c.typeName, kept{}, c.config)
			noErrors(t, diagnostics)
			m.tn.called(adeleID, adelesNewUPN)()
			// The name of before belongs to somebody else now, who is not the one who was planned.
			m.tn.called(obrienID, adeleUPN)()
			// It checks that what is known of the plan is so.
			made, diagnostics := running.apply(c.typeName, kept{}, planned)
			noErrors(t, diagnostics)
			for user, state := range map[string]string{adeleID: "enabled", obrienID: "disabled"} {
				if err := m.tn.stateIs(user, state); err != nil {
					t.Error(err)
				}
			}
			read := m.refresh(m.process(), c.typeName, made)
			if read.same(made) != (c.moved == nil) {
				t.Errorf("the refresh makes\n%s\nof\n%s", read, made)
			}
			for attribute, want := range c.moved {
				if !attributesOf(read.state)[attribute].Equal(want) {
					t.Errorf("after the refresh the state is\n%s", read)
				}
			}
		})
	}
}

// Between a plan and the apply of its file, where Terraform makes the plan once more.
func TestAPlanFromBeforeARenameIsRefusedOrCarriedOutAndNeverForSomebodyElse(t *testing.T) {
	t.Parallel()
	one := func(attribute, key string) configuration {
		return configuration{"x": {typeName, map[string]any{attribute: key, "state": "enabled"}}}
	}
	many := func(key string) configuration {
		return configuration{"x": {statesTypeName, map[string]any{"users": map[string]any{key: "enabled"}}}}
	}
	for name, c := range map[string]struct {
		config configuration
		// taken says that the name is somebody else's then.
		taken bool
		// says is what the error says; nil is a success.
		says []string
	}{
		"one by name":                    {one("user_principal_name", adeleUPN), false, []string{`User "` + adeleUPN + `" not found`, "renames"}},
		"one by a name of somebody else": {one("user_principal_name", adeleUPN), true, []string{"inconsistent final plan"}},
		// The plan has told its reader a name, and Terraform refuses one that gives another.
		"many by id":                       {many(adeleID), false, []string{"inconsistent final plan", "names"}},
		"many by name":                     {many(adeleUPN), false, []string{`"` + adeleUPN + `" not found`}},
		"many by a name of somebody else":  {many(adeleUPN), true, []string{"inconsistent final plan"}},
		"many by the id of a name's owner": {many(adeleID), true, []string{"inconsistent final plan", "names"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			played := tn.plays(t)
			played.between = func() {
				tn.called(adeleID, adelesNewUPN)()
				if c.taken {
					tn.called(obrienID, adeleUPN)()
				}
			}
			report := played.apply(c.config)
			want := map[string]string{adeleID: "enabled", obrienID: "disabled"}
			if c.says != nil {
				want[adeleID] = "disabled"
			}
			if report.failed() != (c.says != nil) || !says(c.says...).MatchString(report.String()) {
				t.Errorf("the apply says:\n%s", report)
			}
			for user, state := range want {
				if err := tn.stateIs(user, state); err != nil {
					t.Error(err)
				}
			}
			if (played.instances["x"] == nil) != report.failed() {
				t.Errorf("the state is %v", played.state())
			}
		})
	}
}

// changesOfTheCampaign are what an admin may do to a campaign while a plan waits for its apply.
var changesOfTheCampaign = map[string]string{
	"snooze":  `{"snoozeDurationInDays": 9}`,
	"limit":   `{"enforceRegistrationAfterAllowedSnoozes": false}`,
	"method":  `{"includeTargets": [{"id": "all_users", "targetType": "group", "targetedAuthenticationMethod": "fido2"}]}`,
	"include": `{"includeTargets": [{"id": "` + adeleID + `", "targetType": "user", "targetedAuthenticationMethod": "microsoftAuthenticator"}]}`,
	"state":   `{"state": "disabled"}`,
}

func TestAPolicyIsAdoptedAsAnAdminHasLeftItMeanwhile(t *testing.T) {
	t.Parallel()
	all := map[string]any{"all_users": true}
	for name, config := range map[string]map[string]any{
		"enabled":           {"state": "enabled", "include": all},
		"enabled, snooze":   {"state": "enabled", "include": all, "snooze_days": 3},
		"disabled":          {"state": "disabled"},
		"microsoft_managed": {"state": "microsoft_managed"},
	} {
		for changed, members := range changesOfTheCampaign {
			t.Run(name+"/"+changed, func(t *testing.T) {
				t.Parallel()
				tn := newTenant(t)
				const before = `{"state": "enabled", "snoozeDurationInDays": 5, "enforceRegistrationAfterAllowedSnoozes": true,
					"includeTargets": [{"id": "all_users", "targetType": "group", "targetedAuthenticationMethod": "microsoftAuthenticator"}]}`
				tn.do(func(ctx context.Context) error {
					return tn.SetBehavior(ctx, control.Behavior{Campaign: control.CampaignBehavior{MergeOnWrite: true}})
				})()
				tn.patchCampaign(before)()
				played := tn.plays(t)
				played.between = tn.patchCampaign(members)
				blocks := configuration{"policy": {typePolicy, config}}
				if report := played.apply(blocks); report.failed() {
					t.Fatalf("the apply fails:\n%s", report)
				}
				if next := played.plan(blocks); next.failed() || len(next.changed) > 0 {
					t.Errorf("the next plan changes %v:\n%s", next.changed, next)
				}
				// What the admin has changed and nobody configured is as the admin wants it, also after the policy is given back.
				var admins control.RegistrationCampaign
				if err := json.Unmarshal([]byte(members), &admins); err != nil {
					t.Fatal(err)
				}
				if days := admins.SnoozeDurationInDays; days != nil && config["snooze_days"] == nil && name != "microsoft_managed" && *tn.campaignNow().SnoozeDurationInDays != *days {
					t.Errorf("the campaign is %+v", tn.campaignNow())
				}
				want := tn.campaignAfter(t, before, members)
				if report := played.apply(configuration{}); report.failed() {
					t.Fatalf("the destroy fails:\n%s", report)
				}
				if err := tn.campaignIs(want); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// campaignAfter is the campaign that comes of two changes, in a tenant of its own.
func (tn *tenant) campaignAfter(t *testing.T, changes ...string) *control.RegistrationCampaign {
	t.Helper()
	other := newTenant(t)
	other.do(func(ctx context.Context) error {
		return other.SetBehavior(ctx, control.Behavior{Campaign: control.CampaignBehavior{MergeOnWrite: true}})
	})()
	for _, members := range changes {
		other.patchCampaign(members)()
	}
	return other.campaignNow()
}

func TestAPlanFileFromBeforeAChangeOfTheCampaignTakesNothingAwayThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	tn.patchCampaign(`{"state": "disabled", "snoozeDurationInDays": 5, "includeTargets": [{"id": "all_users", "targetType": "group",
		"targetedAuthenticationMethod": "microsoftAuthenticator"}]}`)()
	files := map[string]string{"main.tf": block() + registration(disabled) + byName(adeleUPN, "enabled")}
	w := tn.workspace(t, files, bySecretOfTheApp()...)
	w.sees(w.expect(0, "plan", "-input=false", "-out=plan.bin", "-target="+policyAddress), "snooze_days = (known after apply)")
	tn.patchCampaign(`{"state": "enabled", "snoozeDurationInDays": 9, "includeTargets": [{"id": "` + adeleID + `", "targetType": "user",
		"targetedAuthenticationMethod": "fido2"}]}`)()
	// The plan took nothing away, and now it would.
	w.sees(w.expect(1, "apply", "-input=false", "plan.bin"), "the campaign stops: nobody is asked to register", "inconsistent final plan", ".adoption_loss")
	if state := tn.campaignNow().State; state != "enabled" {
		t.Errorf("after a refused apply the campaign is %s", state)
	}
	w.sees(w.expect(0, "plan", "-input=false", "-out=plan.bin", "-target="+policyAddress), "The registration policy becomes weaker")
	// What is left open is as the admin has left it.
	tn.patchCampaign(`{"snoozeDurationInDays": 7}`)()
	w.sees(w.expect(0, "apply", "-input=false", "plan.bin"), "1 added")
	w.sees(w.expect(0, "state", "show", policyAddress), "snooze_days = 7")

	// A user whose name is nobody's any more is told as one.
	w.expect(0, "plan", "-input=false", "-out=plan.bin")
	tn.called(adeleID, adelesNewUPN)()
	w.sees(w.expect(1, "apply", "-input=false", "plan.bin"), `User "`+adeleUPN+`" not found`)
	w.write("main.tf", block()+registration(disabled)+byName(adelesNewUPN, "enabled"))
	w.expect(0, "apply", "-input=false", "-auto-approve")
	w.sees(w.expect(0, "plan", "-input=false", "-detailed-exitcode"), "No changes")
}
