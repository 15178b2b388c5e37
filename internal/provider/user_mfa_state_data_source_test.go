package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

func TestTheDataSourceTellsTheStateAndWhetherItIsSatisfied(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	const data = "data.entramfa_user_mfa_state.test"
	read := func(key, value, extra string) string {
		return tn.provider() + fmt.Sprintf("data \"entramfa_user_mfa_state\" \"test\" {\n  %s = %q\n  %s\n}\n", key, value, extra)
	}
	is := func(name string, value knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(data, tfjsonpath.New(name), value)
	}
	step := func(config, state string, satisfied bool, more ...statecheck.StateCheck) resource.TestStep {
		return resource.TestStep{Config: config, ConfigStateChecks: append(more, is("state", text(state)), is("satisfied", knownvalue.Bool(satisfied)))}
	}
	tn.run(
		resource.TestStep{
			Config:      read("user_principal_name", "nobody@contoso.example", ""),
			ExpectError: says(`User "nobody@contoso.example" not found`, "Check the spelling"),
		},
		resource.TestStep{Config: read("user_id", nobodyID, ""), ExpectError: says(fmt.Sprintf("User %q not found", nobodyID))},
		resource.TestStep{Config: read("user_id", adeleID, `user_principal_name = "a@b.example"`), ExpectError: says("Invalid Attribute Combination")},
		resource.TestStep{Config: read("user_id", adeleID, `expected_state = "ENABLED"`), ExpectError: says(`The state "ENABLED" is spelled "enabled"`)},
		step(read("user_principal_name", diegoUPN, ""), "enforced", true,
			is("id", text(diegoID)), is("user_id", text(diegoID)), is("user_principal_name", text(diegoUPN)),
			is("name", text("Diego Siciliani ("+diegoUPN+")")), is("display_name", text("Diego Siciliani")), is("user_type", text("Member")), is("account_enabled", knownvalue.Bool(true))),
		step(read("user_id", guestID, ""), "disabled", false, is("user_principal_name", text(guestUPN)), is("user_type", text("Guest"))),
		step(read("user_id", meganID, ""), "enabled", true),
		step(read("user_id", meganID, `expected_state = "enforced"`), "enabled", false),
		step(read("user_id", adeleID, `expected_state = "disabled"`), "disabled", true),
	)
	if writes := tn.writes(); writes != 0 {
		t.Errorf("reading wrote %d times", writes)
	}
}
