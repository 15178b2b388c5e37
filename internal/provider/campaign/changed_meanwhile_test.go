package campaign_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// changesOfTheCampaign are what an admin may do to a campaign while a plan waits for its apply.
var changesOfTheCampaign = map[string]string{
	"snooze":  `{"snoozeDurationInDays": 9}`,
	"limit":   `{"enforceRegistrationAfterAllowedSnoozes": false}`,
	"method":  `{"includeTargets": [{"id": "all_users", "targetType": "group", "targetedAuthenticationMethod": "fido2"}]}`,
	"include": `{"includeTargets": [{"id": "` + acctest.AdeleID + `", "targetType": "user", "targetedAuthenticationMethod": "microsoftAuthenticator"}]}`,
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
				tn := acctest.NewTenant(t)
				const before = `{"state": "enabled", "snoozeDurationInDays": 5, "enforceRegistrationAfterAllowedSnoozes": true,
					"includeTargets": [{"id": "all_users", "targetType": "group", "targetedAuthenticationMethod": "microsoftAuthenticator"}]}`
				tn.Do(func(ctx context.Context) error {
					return tn.SetBehavior(ctx, control.Behavior{Campaign: control.CampaignBehavior{MergeOnWrite: true}})
				})()
				tn.PatchCampaign(before)()
				played := tn.Plays(t)
				played.Between = tn.PatchCampaign(members)
				blocks := acctest.Configuration{"policy": {TypeName: acctest.PolicyTypeName, Values: config}}
				if report := played.Apply(blocks); report.Failed() {
					t.Fatalf("the apply fails:\n%s", report)
				}
				if next := played.Plan(blocks); next.Failed() || len(next.Changed) > 0 {
					t.Errorf("the next plan changes %v:\n%s", next.Changed, next)
				}
				// What the admin has changed and nobody configured is as the admin wants it, also after the policy is given back.
				var admins control.RegistrationCampaign
				if err := json.Unmarshal([]byte(members), &admins); err != nil {
					t.Fatal(err)
				}
				if days := admins.SnoozeDurationInDays; days != nil && config["snooze_days"] == nil && name != "microsoft_managed" && *tn.CampaignNow().SnoozeDurationInDays != *days {
					t.Errorf("the campaign is %+v", tn.CampaignNow())
				}
				want := tn.CampaignAfter(t, before, members)
				if report := played.Apply(acctest.Configuration{}); report.Failed() {
					t.Fatalf("the destroy fails:\n%s", report)
				}
				if err := tn.CampaignIs(want); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
