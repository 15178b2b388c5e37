package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestTheDataSourceOfManyUsersReadsAllAGroupOrAList(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	const data = "data.entramfa_user_mfa_states.test"
	read := func(lines string) string {
		return tn.provider() + fmt.Sprintf("data \"entramfa_user_mfa_states\" \"test\" {\n%s\n}\n", lines)
	}
	is := func(name string, value knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(data, tfjsonpath.New(name), value)
	}
	refused := func(lines string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: read(lines), ExpectError: says(texts...)}
	}
	forever := 0
	tn.run(
		resource.TestStep{Config: read("all_users = true"), ConfigStateChecks: []statecheck.StateCheck{
			is("users", exactly(adeleUPN, "disabled", alexUPN, "disabled", meganUPN, "enabled", diegoUPN, "enforced", guestUPN, "disabled",
				dollarUPN, "disabled", obrienUPN, "disabled", rescueUPN, "disabled", rescue2UPN, "disabled")),
			is("user_count", knownvalue.Int64Exact(9)),
		}},
		resource.TestStep{Config: read("all_users = true\nstates = [\"enabled\", \"enforced\"]"), ConfigStateChecks: []statecheck.StateCheck{
			is("users", exactly(meganUPN, "enabled", diegoUPN, "enforced")), is("object_ids", exactly(meganUPN, meganID, diegoUPN, diegoID)),
			is("user_count", knownvalue.Int64Exact(2)),
		}},
		// By way of a nested group.
		resource.TestStep{Config: read(fmt.Sprintf("group_id = %q", rescueGroupID)), ConfigStateChecks: []statecheck.StateCheck{
			is("users", exactly(rescue2UPN, "disabled")), is("object_ids", exactly(rescue2UPN, rescue2ID)),
		}},
		resource.TestStep{Config: read(fmt.Sprintf("group_id = %q", emptyGroupID)), ConfigStateChecks: []statecheck.StateCheck{is("user_count", knownvalue.Int64Exact(0))}},
		resource.TestStep{Config: read(fmt.Sprintf("user_ids = [%q, %q, %q]", diegoID, guestID, diegoID)), ConfigStateChecks: []statecheck.StateCheck{
			is("users", exactly(diegoUPN, "enforced", guestUPN, "disabled")),
		}},
		resource.TestStep{Config: read(fmt.Sprintf("user_principal_names = [%q]", "MEGAN.bowen@contoso.example")), ConfigStateChecks: []statecheck.StateCheck{
			is("users", exactly(meganUPN, "enabled")),
		}},
		refused(fmt.Sprintf("group_id = %q", nobodyID), fmt.Sprintf("Group %q not found", nobodyID)),
		refused(fmt.Sprintf("user_ids = [%q, %q]", nobodyID, meganID), nobodyID+" not found", "Check the spelling"),
		refused(`user_principal_names = ["nobody@contoso.example", "none@contoso.example"]`, "2 users not found", "nobody@contoso.example, none@contoso.example"),
		refused("all_users = false", "Invalid all_users"),
		refused("all_users = true\nstates = [\"on\"]", `There is no per-user MFA state "on"`),
		refused("", "Missing Attribute Configuration"),
		refused(fmt.Sprintf("all_users = true\ngroup_id = %q", nobodyID), "Invalid Attribute Combination"),
		resource.TestStep{
			PreConfig: tn.fault(control.Fault{Method: "GET", PathRegexp: "/requirements$", Times: &forever, Status: 403, Code: "Authorization_RequestDenied", Message: "No."}),
			Config:    read("all_users = true"), ExpectError: says("Unable to read the per-user MFA state of 9 users", "Policy.Read.All"),
		},
	)
	if writes := tn.writes(); writes != 0 {
		t.Errorf("reading wrote %d times", writes)
	}
}
