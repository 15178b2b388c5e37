package policies_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// Values that are not known at plan are open in each place in which they may stand, and the apply has the names.
func TestAPlanLeavesOpenWhatIsNotKnownYet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ changes map[string]string }{
		"a name":        {map[string]string{"display_name": `"MFA for ${terraform_data.name.output}"`}},
		"a state":       {map[string]string{"state": `terraform_data.state.output`}},
		"an exclude":    {map[string]string{"conditions": conditions(`included_users = ["All"], excluded_users = [terraform_data.user.output]`, "", "")}},
		"an include":    {map[string]string{"conditions": conditions(`included_users = [terraform_data.user.output]`, "", "")}},
		"a location":    {map[string]string{"conditions": conditions("", "", `locations = { included_locations = ["All"], excluded_locations = [terraform_data.location.output] }`)}},
		"an app":        {map[string]string{"conditions": conditions("", `included_applications = [terraform_data.app.output]`, "")}},
		"a strength":    {map[string]string{"grant_controls": `{ authentication_strength_policy_id = terraform_data.strength.output }`}},
		"a control":     {map[string]string{"grant_controls": `{ built_in_controls = [terraform_data.control.output] }`}},
		"a frequency":   {map[string]string{"session_controls": `{ sign_in_frequency = terraform_data.hours.output, sign_in_frequency_period = "hours" }`}},
		"a filter":      {map[string]string{"conditions": conditions("", "", `devices = { filter = { mode = "exclude", rule = terraform_data.rule.output } }`)}},
		"a risk level":  {map[string]string{"conditions": conditions("", "", `sign_in_risk_levels = [terraform_data.risk.output]`)}},
		"a description": {map[string]string{"description": `terraform_data.name.output`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, nil)
			var values string
			for key, text := range map[string]string{
				"name": "everybody", "state": control.PolicyReportOnly, "user": acctest.AdeleID, "location": acctest.DepotID, "app": "Office365", "strength": phishingResistant,
				"control": "mfa", "hours": "4", "rule": "device.isCompliant -eq True", "risk": "high",
			} {
				values += fmt.Sprintf("resource \"terraform_data\" %q { input = %q }\n", key, text)
			}
			tn.Run(resource.TestStep{Config: tn.Provider() + values + block(c.changes), Check: func(*terraform.State) error {
				policies, err := tn.ListConditionalAccessPolicies(t.Context())
				if err != nil || len(policies) != 3 {
					return fmt.Errorf("there are %d policies, %w", len(policies), err)
				}
				return nil
			}})
		})
	}
}
