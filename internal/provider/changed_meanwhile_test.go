package provider_test

import (
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestAPlanFileFromBeforeAChangeOfTheCampaignTakesNothingAwayThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	tn.PatchCampaign(`{"state": "disabled", "snoozeDurationInDays": 5, "includeTargets": [{"id": "all_users", "targetType": "group",
		"targetedAuthenticationMethod": "microsoftAuthenticator"}]}`)()
	files := map[string]string{"main.tf": acctest.Block() + acctest.Registration(`state = "disabled"`) + acctest.UserByName(acctest.AdeleUPN, "enabled")}
	w := tn.Workspace(t, files, acctest.AppEnvironment()...)
	w.Sees(w.Expect(0, "plan", "-input=false", "-out=plan.bin", "-target="+acctest.PolicyAddress), "snooze_days = (known after apply)")
	tn.PatchCampaign(`{"state": "enabled", "snoozeDurationInDays": 9, "includeTargets": [{"id": "` + acctest.AdeleID + `", "targetType": "user",
		"targetedAuthenticationMethod": "fido2"}]}`)()
	// The plan took nothing away, and now it would.
	w.Sees(w.Expect(1, "apply", "-input=false", "plan.bin"), "the campaign stops: nobody is asked to register", "inconsistent final plan", ".adoption_loss")
	if state := tn.CampaignNow().State; state != "enabled" {
		t.Errorf("after a refused apply the campaign is %s", state)
	}
	w.Sees(w.Expect(0, "plan", "-input=false", "-out=plan.bin", "-target="+acctest.PolicyAddress), "The registration policy becomes weaker")
	// What is left open is as the admin has left it.
	tn.PatchCampaign(`{"snoozeDurationInDays": 7}`)()
	w.Sees(w.Expect(0, "apply", "-input=false", "plan.bin"), "1 added")
	w.Sees(w.Expect(0, "state", "show", acctest.PolicyAddress), "snooze_days = 7")

	// A user whose name is nobody's any more is told as one.
	w.Expect(0, "plan", "-input=false", "-out=plan.bin")
	tn.Called(acctest.AdeleID, acctest.AdelesNewUPN)()
	w.Sees(w.Expect(1, "apply", "-input=false", "plan.bin"), `User "`+acctest.AdeleUPN+`" not found`)
	w.Write("main.tf", acctest.Block()+acctest.Registration(`state = "disabled"`)+acctest.UserByName(acctest.AdelesNewUPN, "enabled"))
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Sees(w.Expect(0, "plan", "-input=false", "-detailed-exitcode"), "No changes")
}
