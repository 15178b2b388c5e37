package provider_test

import (
	"context"
	"strings"
	"testing"
)

// What the troubleshooting guide says about a destroy that an error stops.
func TestADestroyThatAnErrorStopsGoesOnAsTheGuideSays(t *testing.T) {
	t.Parallel()
	for _, option := range []string{"-refresh=false", "-target=entramfa_user_mfa_state.adele"} {
		if !strings.Contains(guide(t, "troubleshooting"), "terraform destroy "+option) {
			t.Errorf("the guide does not name %s", option)
		}
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			w := tn.workspace(t, map[string]string{"main.tf": block() + byName(adeleUPN, "enabled") + `
data "entramfa_user_mfa_states" "watched" {
  user_principal_names = ["` + meganUPN + `"]
}
`}, "ARM_TENANT_ID="+tenantID, "ARM_CLIENT_ID="+appID, "ARM_CLIENT_SECRET="+appSecret)
			w.apply()
			if err := tn.DeleteUser(context.Background(), meganUPN); err != nil {
				t.Fatal(err)
			}
			w.sees(w.expect(1, "destroy", "-input=false", "-auto-approve"), meganUPN+" not found")
			if err := tn.stateIs(adeleID, "enabled"); err != nil {
				t.Error(err)
			}
			w.sees(w.expect(0, "destroy", "-input=false", "-auto-approve", strings.Replace(option, ".adele", ".test", 1)), "1 destroyed")
			if err := tn.stateIs(adeleID, "disabled"); err != nil {
				t.Error(err)
			}
		})
	}
}
