package campaign_test

import (
	"net/http"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// A create that was carried out and reported as failed would leave the next one to take its own campaign for the one from before.
func TestACreateWhoseAnswerIsLostRemembersWhatWasThereBefore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   control.Fault
		created bool
	}{
		"an error after it was carried out": {control.Fault{Status: http.StatusBadGateway, Processed: true}, true},
		"a connection that breaks":          {control.Fault{Reset: control.ResetAfter}, true},
		// The control.
		"an error before": {control.Fault{Status: http.StatusBadGateway}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewCampaignTenant(t)
			played := tn.Plays(t)
			config := acctest.Configuration{"policy": {TypeName: acctest.PolicyTypeName, Values: map[string]any{"state": "enabled", "snooze_days": 3, "include": map[string]any{"all_users": true}}}}
			c.fault.Method, c.fault.PathRegexp, c.fault.Times = http.MethodPatch, "/policies/authenticationMethodsPolicy$", new(0)
			tn.Fault(c.fault)()
			if report := played.Apply(config); report.Failed() == c.created || (len(played.Instances) == 1) != c.created {
				t.Fatalf("the state is %v after\n%s", played.State(), report)
			}
			tn.Heal()()
			if report := played.Apply(config); report.Failed() || (len(report.Changed) == 0) != c.created {
				t.Fatalf("the next apply changes %v:\n%s", report.Changed, report)
			}
			if report := played.Apply(acctest.Configuration{}); report.Failed() {
				t.Fatalf("the destroy fails:\n%s", report)
			}
			if err := tn.CampaignIs(newTenantsCampaign()); err != nil {
				t.Error(err)
			}
		})
	}
}
