package peruser_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheDataSourceOfManyUsersReadsAllAGroupOrAList(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	const data = "data.entramfa_user_mfa_states.test"
	read := func(lines string) string {
		return tn.Provider() + fmt.Sprintf("data \"entramfa_user_mfa_states\" \"test\" {\n%s\n}\n", lines)
	}
	is := func(name string, value knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(data, tfjsonpath.New(name), value)
	}
	refused := func(lines string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: read(lines), ExpectError: acctest.Says(texts...)}
	}
	forever := 0
	tn.Run(
		resource.TestStep{Config: read("all_users = true"), ConfigStateChecks: []statecheck.StateCheck{
			is("users", exactly(acctest.AdeleUPN, "disabled", acctest.AlexUPN, "disabled", acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enforced", acctest.GuestUPN, "disabled",
				acctest.DollarUPN, "disabled", acctest.ObrienUPN, "disabled", acctest.RescueUPN, "disabled", acctest.Rescue2UPN, "disabled")),
			is("user_count", knownvalue.Int64Exact(9)), is("awaiting_registration", exactly(acctest.MeganUPN, acctest.MeganID)),
		}},
		resource.TestStep{Config: read("all_users = true\nstates = [\"enabled\", \"enforced\"]"), ConfigStateChecks: []statecheck.StateCheck{
			is("users", exactly(acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enforced")), is("object_ids", exactly(acctest.MeganUPN, acctest.MeganID, acctest.DiegoUPN, acctest.DiegoID)),
			is("user_count", knownvalue.Int64Exact(2)),
		}},
		// By way of a nested group.
		resource.TestStep{Config: read(fmt.Sprintf("group_id = %q", acctest.RescueGroupID)), ConfigStateChecks: []statecheck.StateCheck{
			is("users", exactly(acctest.Rescue2UPN, "disabled")), is("object_ids", exactly(acctest.Rescue2UPN, acctest.Rescue2ID)),
		}},
		resource.TestStep{Config: read(fmt.Sprintf("group_id = %q", acctest.EmptyGroupID)), ConfigStateChecks: []statecheck.StateCheck{is("user_count", knownvalue.Int64Exact(0))}},
		resource.TestStep{Config: read(fmt.Sprintf("user_ids = [%q, %q, %q]", acctest.DiegoID, acctest.GuestID, acctest.DiegoID)), ConfigStateChecks: []statecheck.StateCheck{
			is("users", exactly(acctest.DiegoUPN, "enforced", acctest.GuestUPN, "disabled")), is("awaiting_registration", exactly()),
		}},
		resource.TestStep{Config: read(fmt.Sprintf("user_principal_names = [%q]", "MEGAN.bowen@contoso.example")), ConfigStateChecks: []statecheck.StateCheck{
			is("users", exactly(acctest.MeganUPN, "enabled")),
		}},
		refused(fmt.Sprintf("group_id = %q", acctest.NobodyID), fmt.Sprintf("Group %q not found", acctest.NobodyID)),
		refused(fmt.Sprintf("user_ids = [%q, %q]", acctest.NobodyID, acctest.MeganID), acctest.NobodyID+" not found", "Check the spelling"),
		refused(`user_principal_names = ["nobody@contoso.example", "none@contoso.example"]`, "2 users not found", "nobody@contoso.example, none@contoso.example"),
		refused("all_users = false", "Invalid all_users"),
		refused("all_users = true\nstates = [\"on\"]", `There is no per-user MFA state "on"`),
		refused("", "Missing Attribute Configuration"),
		refused(fmt.Sprintf("all_users = true\ngroup_id = %q", acctest.NobodyID), "Invalid Attribute Combination"),
		resource.TestStep{
			PreConfig: tn.Fault(control.Fault{Method: "GET", PathRegexp: "/requirements$", Times: &forever, Status: 403, Code: "Authorization_RequestDenied", Message: "No."}),
			Config:    read("all_users = true"), ExpectError: acctest.Says("Unable to read the per-user MFA state of 9 users", "Policy.Read.All"),
		},
	)
	if writes := tn.Writes(); writes != 0 {
		t.Errorf("reading wrote %d times", writes)
	}
}

// Whoever is no guest, can sign in and has a license is who a roll-out is about.
func TestTheDataSourceOfManyUsersLeavesOutWhomTheDirectoryDescribesOtherwise(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	licensed := []control.AssignedLicense{{SkuID: "05e9a617-0261-4cee-bb44-138d3ef5d965"}}
	for user, change := range map[string]control.UserPatch{
		acctest.AdeleID: {AssignedLicenses: &licensed}, acctest.DiegoID: {AssignedLicenses: &licensed, AccountEnabled: new(false)}, acctest.GuestID: {AssignedLicenses: &licensed},
	} {
		if _, err := tn.PatchUser(context.Background(), user, change); err != nil {
			t.Fatal(err)
		}
	}
	const data = "data.entramfa_user_mfa_states.test"
	read := func(lines string, checks ...statecheck.StateCheck) resource.TestStep {
		return resource.TestStep{
			Config:            tn.Provider() + fmt.Sprintf("data \"entramfa_user_mfa_states\" \"test\" {\n%s\n}\n", lines),
			ConfigStateChecks: checks,
		}
	}
	is := func(name string, value knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(data, tfjsonpath.New(name), value)
	}
	bools := func(values map[string]bool) knownvalue.Check {
		checks := map[string]knownvalue.Check{}
		for name, value := range values {
			checks[name] = knownvalue.Bool(value)
		}
		return knownvalue.MapExact(checks)
	}
	three := fmt.Sprintf("user_ids = [%q, %q, %q, %q]\n", acctest.AdeleID, acctest.DiegoID, acctest.GuestID, acctest.ObrienID)
	tn.Run(
		read(three, is("user_types", exactly(acctest.AdeleUPN, "Member", acctest.DiegoUPN, "Member", acctest.GuestUPN, "Guest", acctest.ObrienUPN, "Member")),
			is("accounts_enabled", bools(map[string]bool{acctest.AdeleUPN: true, acctest.DiegoUPN: false, acctest.GuestUPN: true, acctest.ObrienUPN: true})),
			is("accounts_licensed", bools(map[string]bool{acctest.AdeleUPN: true, acctest.DiegoUPN: true, acctest.GuestUPN: true, acctest.ObrienUPN: false}))),
		read(three+"user_type = \"Member\"\naccount_enabled = true\nlicensed = true", is("users", exactly(acctest.AdeleUPN, "disabled")), is("user_types", exactly(acctest.AdeleUPN, "Member"))),
		read("all_users = true\nuser_type = \"Guest\"", is("users", exactly(acctest.GuestUPN, "disabled"))),
		read("all_users = true\naccount_enabled = false", is("users", exactly(acctest.DiegoUPN, "enforced")), is("accounts_enabled", bools(map[string]bool{acctest.DiegoUPN: false}))),
		read("all_users = true\nlicensed = true\nstates = [\"disabled\"]", is("users", exactly(acctest.AdeleUPN, "disabled", acctest.GuestUPN, "disabled"))),
		read(fmt.Sprintf("group_id = %q\nlicensed = false\naccount_enabled = true", acctest.RescueGroupID), is("users", exactly(acctest.Rescue2UPN, "disabled"))),
		resource.TestStep{
			Config:      tn.Provider() + "data \"entramfa_user_mfa_states\" \"test\" {\nall_users = true\nuser_type = \"member\"\n}\n",
			ExpectError: acctest.Says("user_type", `"Member" "Guest"`),
		},
		// Nobody is left, which is a result.
		read("all_users = true\nuser_type = \"Guest\"\nlicensed = false", is("users", knownvalue.MapExact(nil)), is("object_ids", knownvalue.MapExact(nil)),
			is("user_types", knownvalue.MapExact(nil)), is("accounts_licensed", knownvalue.MapExact(nil)), is("user_count", knownvalue.Int64Exact(0))),
	)
}

// The states of those who are left out are not asked for.
func TestTheDataSourceOfManyUsersAsksForTheStatesOfThoseWhoAreLeftThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	for filter, want := range map[string]int{"": 14, "user_type = \"Guest\"": 1, "licensed = false": 4, "user_type = \"Guest\"\nlicensed = true": 0} {
		tn := acctest.StartTenant(t, emulator.SampleTenant(), acctest.Quick())
		w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + "data \"entramfa_user_mfa_states\" \"test\" {\nall_users = true\n" + filter + "\n}\n"},
			"ARM_TENANT_ID="+emulator.SampleTenantID, "ARM_CLIENT_ID="+emulator.SampleAppID, "ARM_CLIENT_SECRET="+emulator.SampleSecret)
		tn.Asked()
		w.Expect(0, "plan", "-input=false")
		if pages, states, _ := tn.Asked(); pages != 1 || states != want {
			t.Errorf("%q reads %d pages and %d states, want one page and %d states", filter, pages, states, want)
		}
	}
}
