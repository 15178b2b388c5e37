package peruser_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheDataSourceTellsTheStateAndWhetherItIsSatisfied(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	const data = "data.entramfa_user_mfa_state.test"
	read := func(key, value, extra string) string {
		return tn.Provider() + fmt.Sprintf("data \"entramfa_user_mfa_state\" \"test\" {\n  %s = %q\n  %s\n}\n", key, value, extra)
	}
	is := func(name string, value knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(data, tfjsonpath.New(name), value)
	}
	step := func(config, state string, satisfied bool, more ...statecheck.StateCheck) resource.TestStep {
		return resource.TestStep{Config: config, ConfigStateChecks: append(more, is("state", acctest.Text(state)), is("satisfied", knownvalue.Bool(satisfied)))}
	}
	tn.Run(
		resource.TestStep{
			Config:      read("user_principal_name", "nobody@contoso.example", ""),
			ExpectError: acctest.Says(`User "nobody@contoso.example" not found`, "Check the spelling"),
		},
		resource.TestStep{Config: read("user_id", acctest.NobodyID, ""), ExpectError: acctest.Says(fmt.Sprintf("User %q not found", acctest.NobodyID))},
		resource.TestStep{Config: read("user_id", acctest.AdeleID, `user_principal_name = "a@b.example"`), ExpectError: acctest.Says("Invalid Attribute Combination")},
		resource.TestStep{Config: read("user_id", acctest.AdeleID, `expected_state = "ENABLED"`), ExpectError: acctest.Says(`The state "ENABLED" is spelled "enabled"`)},
		step(read("user_principal_name", acctest.DiegoUPN, ""), "enforced", true,
			is("id", acctest.Text(acctest.DiegoID)), is("user_id", acctest.Text(acctest.DiegoID)), is("user_principal_name", acctest.Text(acctest.DiegoUPN)),
			is("name", acctest.Text("Diego Siciliani ("+acctest.DiegoUPN+")")), is("display_name", acctest.Text("Diego Siciliani")), is("user_type", acctest.Text("Member")), is("account_enabled", knownvalue.Bool(true))),
		step(read("user_id", acctest.GuestID, ""), "disabled", false, is("user_principal_name", acctest.Text(acctest.GuestUPN)), is("user_type", acctest.Text("Guest"))),
		step(read("user_id", acctest.MeganID, ""), "enabled", true),
		step(read("user_id", acctest.MeganID, `expected_state = "enforced"`), "enabled", false),
		step(read("user_id", acctest.AdeleID, `expected_state = "disabled"`), "disabled", true),
	)
	if writes := tn.Writes(); writes != 0 {
		t.Errorf("reading wrote %d times", writes)
	}
}
