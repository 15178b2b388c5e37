package provider_test

import (
	"context"
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

// Whoever is no guest, can sign in and has a license is who a roll-out is about.
func TestTheDataSourceOfManyUsersLeavesOutWhomTheDirectoryDescribesOtherwise(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	licensed := []control.AssignedLicense{{SkuID: "05e9a617-0261-4cee-bb44-138d3ef5d965"}}
	for user, change := range map[string]control.UserPatch{
		adeleID: {AssignedLicenses: &licensed}, diegoID: {AssignedLicenses: &licensed, AccountEnabled: new(false)}, guestID: {AssignedLicenses: &licensed},
	} {
		if _, err := tn.PatchUser(context.Background(), user, change); err != nil {
			t.Fatal(err)
		}
	}
	const data = "data.entramfa_user_mfa_states.test"
	read := func(lines string, checks ...statecheck.StateCheck) resource.TestStep {
		return resource.TestStep{
			Config:            tn.provider() + fmt.Sprintf("data \"entramfa_user_mfa_states\" \"test\" {\n%s\n}\n", lines),
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
	three := fmt.Sprintf("user_ids = [%q, %q, %q, %q]\n", adeleID, diegoID, guestID, obrienID)
	tn.run(
		read(three, is("user_types", exactly(adeleUPN, "Member", diegoUPN, "Member", guestUPN, "Guest", obrienUPN, "Member")),
			is("accounts_enabled", bools(map[string]bool{adeleUPN: true, diegoUPN: false, guestUPN: true, obrienUPN: true})),
			is("accounts_licensed", bools(map[string]bool{adeleUPN: true, diegoUPN: true, guestUPN: true, obrienUPN: false}))),
		read(three+"user_type = \"Member\"\naccount_enabled = true\nlicensed = true", is("users", exactly(adeleUPN, "disabled")), is("user_types", exactly(adeleUPN, "Member"))),
		read("all_users = true\nuser_type = \"Guest\"", is("users", exactly(guestUPN, "disabled"))),
		read("all_users = true\naccount_enabled = false", is("users", exactly(diegoUPN, "enforced")), is("accounts_enabled", bools(map[string]bool{diegoUPN: false}))),
		read("all_users = true\nlicensed = true\nstates = [\"disabled\"]", is("users", exactly(adeleUPN, "disabled", guestUPN, "disabled"))),
		read(fmt.Sprintf("group_id = %q\nlicensed = false\naccount_enabled = true", rescueGroupID), is("users", exactly(rescue2UPN, "disabled"))),
		resource.TestStep{
			Config:      tn.provider() + "data \"entramfa_user_mfa_states\" \"test\" {\nall_users = true\nuser_type = \"member\"\n}\n",
			ExpectError: says("user_type", `"Member" "Guest"`),
		},
		// Nobody is left, which is a result.
		read("all_users = true\nuser_type = \"Guest\"\nlicensed = false", is("users", knownvalue.MapExact(nil)), is("object_ids", knownvalue.MapExact(nil)),
			is("user_types", knownvalue.MapExact(nil)), is("accounts_licensed", knownvalue.MapExact(nil)), is("user_count", knownvalue.Int64Exact(0))),
	)
}

// The states of those who are left out are not asked for.
func TestTheDataSourceOfManyUsersAsksForTheStatesOfThoseWhoAreLeft(t *testing.T) {
	t.Parallel()
	for filter, want := range map[string]int{"": 14, "user_type = \"Guest\"": 1, "licensed = false": 4, "user_type = \"Guest\"\nlicensed = true": 0} {
		tn := newSampleTenant(t)
		w := tn.workspace(t, map[string]string{"main.tf": block() + "data \"entramfa_user_mfa_states\" \"test\" {\nall_users = true\n" + filter + "\n}\n"}, bySecret()...)
		tn.asked()
		w.expect(0, "plan", "-input=false")
		if pages, states, _ := tn.asked(); pages != 1 || states != want {
			t.Errorf("%q reads %d pages and %d states, want one page and %d states", filter, pages, states, want)
		}
	}
}
