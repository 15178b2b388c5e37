package campaign_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestWhatAnAdminChangesInThePolicyWhileTheCampaignIsWrittenIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, config map[string]any }{
		"create": {nil, map[string]any{"state": "enabled", "snooze_days": 3, "include": acctest.Targets(true, nil, nil)}},
		"update": {
			map[string]any{"state": "enabled", "snooze_days": 5, "include": acctest.Targets(true, nil, nil)},
			map[string]any{"state": "enabled", "snooze_days": 3, "include": acctest.Targets(true, nil, nil), "exclude": acctest.Targets(nil, nil, []string{acctest.LeaversID})},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.MatrixTenant())
			var before acctest.Kept
			if c.before != nil {
				before = m.ApplyAll(acctest.PolicyTypeName, acctest.Kept{}, c.before)
			}
			const admins = `{"reportSuspiciousActivitySettings":{"state":"enabled","voiceReportingCode":7},"systemCredentialPreferences":{"state":"disabled"}}`
			met := m.BeforeWrite(http.MethodPatch, "/policies/authenticationMethodsPolicy", func(ctx context.Context) error {
				_, err := m.Tenant.PatchAuthenticationMethodsPolicy(ctx, json.RawMessage(admins))
				return err
			})
			m.Converges(acctest.PolicyTypeName, before, c.config)
			if met.Met.Load() != 1 {
				t.Errorf("%d writes", met.Met.Load())
			}
			policy, err := m.Tenant.GetAuthenticationMethodsPolicy(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if activity := policy.ReportSuspiciousActivitySettings; activity == nil || activity.State != "enabled" || activity.VoiceReportingCode != 7 ||
				policy.SystemCredentialPreferences == nil || policy.SystemCredentialPreferences.State != "disabled" {
				t.Errorf("what the admin changed is lost: %+v, %+v", policy.ReportSuspiciousActivitySettings, policy.SystemCredentialPreferences)
			}
			if campaign := policy.Campaign(); campaign.State != "enabled" || *campaign.SnoozeDurationInDays != 3 {
				t.Errorf("the campaign is %+v", campaign)
			}
		})
	}
}
