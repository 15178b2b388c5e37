package campaign_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// Nobody but the test user is asked anything, whatever the tenant is, and the tenant gets its campaign back.
func TestTheWholeLifeOfAPolicyOnAnyTenantThroughTheRealCLI(t *testing.T) {
	s := acctest.NewStage(t)
	const data = "data.entramfa_registration_policy.now"
	read := s.Block + "data \"entramfa_registration_policy\" \"now\" {}\n"
	var before map[string]string
	attributes := func(state *terraform.State) (map[string]string, error) {
		found, ok := state.RootModule().Resources[data]
		if !ok {
			return nil, fmt.Errorf("the state has no %s", data)
		}
		return found.Primary.Attributes, nil
	}
	ours := s.Block + registration(enabled, includes("user_ids", s.ID), `authentication_method = "microsoftAuthenticator"`, "snooze_days = 14",
		"require_registration_after_snoozes = false")
	acctest.TestCLI(t, resource.TestCase{
		ProtoV6ProviderFactories: s.Factory,
		Steps: []resource.TestStep{
			{Config: read, Check: func(state *terraform.State) (err error) {
				before, err = attributes(state)
				return err
			}},
			{Config: ours},
			{Config: ours, ConfigPlanChecks: noPlan},
			{Config: ours, ResourceName: acctest.PolicyAddress, ImportState: true, ImportStateId: acctest.PolicyID, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"adoption_loss"}},
			{Config: s.Block + registration(disabled), ConfigPlanChecks: policyUpdates},
			{Config: s.Block + "# gone"},
			{Config: read, Check: func(state *terraform.State) error {
				after, err := attributes(state)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(before, after); diff != "" {
					return fmt.Errorf("the campaign before and after (-before +after):\n%s", diff)
				}
				return nil
			}},
		},
	})
}
