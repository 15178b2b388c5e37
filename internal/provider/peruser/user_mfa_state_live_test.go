package peruser_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheWholeLifeOfAStateOnAnyTenantThroughTheRealCLI(t *testing.T) {
	s := acctest.NewStage(t)
	enabled := s.Block + byName(s.UPN, "enabled")
	none := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	acctest.TestCLI(t, resource.TestCase{
		ProtoV6ProviderFactories: s.Factory,
		CheckDestroy:             s.Is("disabled"),
		Steps: []resource.TestStep{
			{Config: s.Block + byName(s.UPN, "enforced"), ExpectError: acctest.Says("cannot move from disabled to enforced")},
			{Config: enabled, Check: s.Is("enabled")},
			{Config: enabled, ConfigPlanChecks: none},
			{Config: s.Block + byID(s.ID, "enabled"), ConfigPlanChecks: none},
			{Config: enabled, ResourceName: address, ImportState: true, ImportStateId: s.UPN, ImportStateVerify: true},
			{
				PreConfig: func() {
					if err := s.SetState("disabled"); err != nil {
						t.Fatal(err)
					}
				},
				Config: enabled, PlanOnly: true, ExpectNonEmptyPlan: true,
			},
			{Config: enabled, Check: s.Is("enabled")},
			{
				Config: enabled + fmt.Sprintf("data \"entramfa_user_mfa_state\" \"test\" {\n  user_id = %q\n}\n", s.ID),
				Check:  resource.TestCheckResourceAttr("data.entramfa_user_mfa_state.test", "satisfied", "true"),
			},
			{Config: s.Block + byName(s.UPN, "disabled"), Check: s.Is("disabled")},
		},
	})
}
