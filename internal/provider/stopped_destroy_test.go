package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// What the troubleshooting guide says about a destroy that an error stops.
func TestADestroyThatAnErrorStopsGoesOnAsTheGuideSaysThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	for _, option := range []string{"-refresh=false", "-target=entramfa_user_mfa_state.adele"} {
		if !strings.Contains(guide(t, "troubleshooting"), "terraform destroy "+option) {
			t.Errorf("the guide does not name %s", option)
		}
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + acctest.UserByName(acctest.AdeleUPN, "enabled") + `
data "entramfa_user_mfa_states" "watched" {
  user_principal_names = ["` + acctest.MeganUPN + `"]
}
`}, "ARM_TENANT_ID="+acctest.TenantID, "ARM_CLIENT_ID="+acctest.AppID, "ARM_CLIENT_SECRET="+acctest.AppSecret)
			w.Apply()
			if err := tn.DeleteUser(context.Background(), acctest.MeganUPN); err != nil {
				t.Fatal(err)
			}
			w.Sees(w.Expect(1, "destroy", "-input=false", "-auto-approve"), acctest.MeganUPN+" not found")
			if err := tn.StateIs(acctest.AdeleID, "enabled"); err != nil {
				t.Error(err)
			}
			w.Sees(w.Expect(0, "destroy", "-input=false", "-auto-approve", strings.Replace(option, ".adele", ".test", 1)), "1 destroyed")
			if err := tn.StateIs(acctest.AdeleID, "disabled"); err != nil {
				t.Error(err)
			}
		})
	}
}
