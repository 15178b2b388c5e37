package provider_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const statesAddress = "entramfa_user_mfa_states.test"

// users are the entries of a resource block, key and state by turns.
type users []string

// manyStates is a resource block.
func manyStates(entries users, extra ...string) string {
	var b strings.Builder
	b.WriteString("resource \"entramfa_user_mfa_states\" \"test\" {\n  users = {\n")
	for i := 0; i < len(entries); i += 2 {
		fmt.Fprintf(&b, "    %q = %q\n", entries[i], entries[i+1])
	}
	b.WriteString("  }\n")
	for _, line := range extra {
		b.WriteString("  " + line + "\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func statesAttribute(name string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(statesAddress, tfjsonpath.New(name), value)
}

// exactly is a map of texts, key and value by turns; "" is null.
func exactly(pairs ...string) knownvalue.Check {
	values := map[string]knownvalue.Check{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = text(pairs[i+1])
		if pairs[i+1] == "" {
			values[pairs[i]] = knownvalue.Null()
		}
	}
	return knownvalue.MapExact(values)
}

func planOf(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks}
}

var (
	noChange     = planOf(plancheck.ExpectEmptyPlan())
	statesUpdate = planOf(plancheck.ExpectResourceAction(statesAddress, plancheck.ResourceActionUpdate))
)

func TestManyUsersAreSetPromotedRepairedAndDisabledAtTheEnd(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	config := tn.provider() + manyStates(users{adeleUPN, "enabled", alexUPN, "enabled", meganID, "enabled", guestUPN, "disabled"})
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: tn.factory,
		CheckDestroy: func(*terraform.State) error {
			return errors.Join(tn.stateIs(adeleID, "disabled"), tn.stateIs(alexID, "disabled"), tn.stateIs(meganID, "disabled"), tn.stateIs(diegoID, "enforced"))
		},
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigPlanChecks: planOf(
					plancheck.ExpectResourceAction(statesAddress, plancheck.ResourceActionCreate),
					// The plan knows the users; what they have may change until the apply.
					plancheck.ExpectKnownValue(statesAddress, tfjsonpath.New("user_ids"), exactly(adeleUPN, adeleID, alexUPN, alexID, meganID, meganID, guestUPN, guestID)),
					plancheck.ExpectUnknownValue(statesAddress, tfjsonpath.New("effective_states").AtMapKey(meganID)),
					plancheck.ExpectUnknownValue(statesAddress, tfjsonpath.New("effective_states").AtMapKey(adeleUPN)),
				),
				ConfigStateChecks: []statecheck.StateCheck{
					statesAttribute("users", exactly(adeleUPN, "enabled", alexUPN, "enabled", meganID, "enabled", guestUPN, "disabled")),
					statesAttribute("effective_states", exactly(adeleUPN, "enabled", alexUPN, "enforced", meganID, "enabled", guestUPN, "disabled")),
					statesAttribute("awaiting_registration", exactly(meganID, meganID, adeleUPN, adeleID)),
					statesAttribute("allow_promotion", knownvalue.Bool(false)),
					statesAttribute("on_destroy", text("disable")),
				},
				Check: resource.ComposeTestCheckFunc(tn.hasState(adeleID, "enabled"), tn.hasState(alexID, "enforced"), tn.wrote(2)),
			},
			{Config: config, PlanOnly: true},
			// The service promotes a user: no difference.
			{PreConfig: tn.register(adeleID, control.MethodMicrosoftAuthenticator), Config: config, ConfigPlanChecks: noChange, Check: tn.wrote(0)},
			{
				RefreshState: true,
				Check: resource.ComposeTestCheckFunc(
					resource.TestCheckResourceAttr(statesAddress, "effective_states."+adeleUPN, "enforced"),
					resource.TestCheckResourceAttr(statesAddress, "users."+adeleUPN, "enabled"),
					resource.TestCheckResourceAttr(statesAddress, "awaiting_registration.%", "1"),
				),
			},
			// An administrator changes one user: that one is set, and nobody else is written.
			{
				PreConfig: tn.setState(meganID, "disabled"), Config: config, ConfigPlanChecks: statesUpdate,
				Check: resource.ComposeTestCheckFunc(tn.hasState(meganID, "enabled"), tn.wrote(1)),
			},
			// Another spelling is no change.
			{
				Config:           tn.provider() + manyStates(users{strings.ToUpper(adeleUPN), "enabled", alexUPN, "enabled", strings.ToUpper(meganID), "enabled", guestUPN, "disabled"}),
				ConfigPlanChecks: noChange, Check: tn.wrote(0),
			},
		},
	})
}

func TestUsersAreAddedRemovedAndNamedOtherwise(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.run(
		resource.TestStep{Config: tn.provider() + manyStates(users{adeleUPN, "enabled", meganUPN, "enabled"}), Check: tn.wrote(1)},
		resource.TestStep{
			Config: tn.provider() + manyStates(users{adeleUPN, "enabled", obrienUPN, "enabled"}), ConfigPlanChecks: statesUpdate,
			ConfigStateChecks: []statecheck.StateCheck{statesAttribute("user_ids", exactly(adeleUPN, adeleID, obrienUPN, obrienID))},
			Check:             resource.ComposeTestCheckFunc(tn.hasState(meganID, "disabled"), tn.hasState(obrienID, "enabled"), tn.hasState(adeleID, "enabled"), tn.wrote(2)),
		},
		// The same user by id instead of by name: another key, and nothing to write.
		resource.TestStep{
			Config: tn.provider() + manyStates(users{adeleID, "enabled", obrienUPN, "enabled"}), ConfigPlanChecks: statesUpdate,
			ConfigStateChecks: []statecheck.StateCheck{statesAttribute("user_ids", exactly(adeleID, adeleID, obrienUPN, obrienID))},
			Check:             tn.wrote(0),
		},
		resource.TestStep{Config: tn.provider() + manyStates(users{adeleUPN, "enabled", obrienUPN, "enabled"}), Check: tn.wrote(0)},
		// keep leaves the one who is removed.
		resource.TestStep{
			Config: tn.provider() + manyStates(users{adeleUPN, "disabled"}, `on_destroy = "keep"`),
			Check:  resource.ComposeTestCheckFunc(tn.hasState(obrienID, "enabled"), tn.hasState(adeleID, "disabled"), tn.wrote(1)),
		},
		resource.TestStep{Config: tn.provider() + manyStates(users{adeleUPN, "enabled", obrienUPN, "enabled"}, `on_destroy = "keep"`), Check: tn.wrote(1)},
		resource.TestStep{Config: tn.provider() + "# gone", Check: resource.ComposeTestCheckFunc(tn.hasState(adeleID, "enabled"), tn.hasState(obrienID, "enabled"), tn.wrote(0))},
	)
}

func TestAUserOfManyWhoIsRenamedOrDeletedIsNoErrorOfTheOthers(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	renamed := "adele.smith@contoso.example"
	both := tn.provider() + manyStates(users{adeleUPN, "enabled", meganUPN, "enabled"})
	tn.run(
		resource.TestStep{Config: both, Check: tn.wrote(1)},
		resource.TestStep{
			PreConfig: tn.do(func(ctx context.Context) error {
				_, err := tn.PatchUser(ctx, adeleID, control.UserPatch{UserPrincipalName: &renamed})
				return err
			}),
			Config: both, ConfigPlanChecks: noChange,
		},
		resource.TestStep{
			Config: tn.provider() + manyStates(users{renamed, "enabled", meganUPN, "enabled"}), ConfigPlanChecks: statesUpdate,
			ConfigStateChecks: []statecheck.StateCheck{statesAttribute("user_ids", exactly(renamed, adeleID, meganUPN, meganID))},
			Check:             tn.wrote(0),
		},
		// Both names of the one user.
		resource.TestStep{
			Config:      tn.provider() + manyStates(users{renamed, "enabled", adeleID, "enabled"}),
			ExpectError: says("The same user twice", adeleID, "and", renamed),
		},
		resource.TestStep{
			PreConfig:   tn.do(func(ctx context.Context) error { return tn.DeleteUser(ctx, meganID) }),
			Config:      tn.provider() + manyStates(users{renamed, "enabled", meganUPN, "enabled"}),
			ExpectError: says(`User "megan.bowen@contoso.example" not found`),
		},
		resource.TestStep{Config: tn.provider() + manyStates(users{renamed, "enabled"}), Check: tn.wrote(0)},
		// The last one deleted: nothing is left to manage.
		resource.TestStep{
			PreConfig: tn.do(func(ctx context.Context) error { return tn.DeleteUser(ctx, adeleID) }),
			Config:    tn.provider() + "# gone", ConfigPlanChecks: noChange,
		},
	)
}

func TestEveryUserWhoIsRefusedIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	guard := fmt.Sprintf("emergency_access = {\n user_principal_names = [%q]\n group_ids = [%q]\n}", rescueUPN, rescueGroupID)
	missing := users{}
	for i := range 25 {
		missing = append(missing, fmt.Sprintf("nobody%02d@contoso.example", i), "enabled")
	}
	refuses := func(config string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: config, ExpectError: says(texts...)}
	}
	tn.run(
		refuses(tn.provider()+manyStates(missing), "25 users not found", "nobody00@contoso.example,", "nobody19@contoso.example and 5 more"),
		refuses(tn.provider()+manyStates(users{nobodyID, "enabled", adeleUPN, "enabled"}), fmt.Sprintf("User %q not found", nobodyID), nobodyID+`" = "enabled"`, "There is no such user"),
		refuses(tn.provider()+manyStates(users{adeleUPN, "enforced", meganUPN, "enforced", guestUPN, "enforced", obrienUPN, "enabled"}),
			"The per-user MFA state of 3 users cannot move to enforced", adeleUPN+" (disabled)", guestUPN+" (disabled)", "A direct move", meganUPN+" (enabled)", "The service itself promotes"),
		refuses(tn.provider()+manyStates(users{adeleUPN, "enforced", meganUPN, "enforced", alexUPN, "enforced"}, "allow_promotion = true"),
			"The per-user MFA state of 2 users cannot move to enforced", adeleUPN+" (disabled), "+meganUPN+" (enabled)", "no MFA method registered"),
		refuses(tn.provider()+manyStates(users{adeleUPN, "enforced", meganUPN, "enabled"}), "adele.vance@contoso.example cannot move from disabled to enforced"),
		refuses(tn.provider()+manyStates(users{adeleUPN, "enabled", strings.ToUpper(adeleUPN), "enabled"}), "The same user twice", "compared without case"),
		refuses(tn.provider()+manyStates(users{adeleUPN, "enabled", adeleID, "enabled"}), "The same user twice", adeleID, adeleUPN, "(object id "+adeleID+")"),
		refuses(tn.provider(guard)+manyStates(users{rescueUPN, "enabled", rescue2ID, "enabled", adeleUPN, "enabled"}),
			"2 emergency access accounts would need MFA", rescue2ID, "member of the group", rescueUPN, "user_principal_names"),
		refuses(tn.provider(guard)+manyStates(users{rescueUPN, "enabled", adeleUPN, "enabled"}), "Emergency access account", "would need MFA", rescueUPN),
		refuses(tn.provider()+manyStates(users{"adele", "enabled", meganUPN, "Enabled"}), "Invalid user", `"adele" is neither the object id`),
		refuses(tn.provider()+manyStates(users{meganUPN, "Enabled"}), "Invalid per-user MFA state", `The state "Enabled" is spelled "enabled"`, meganUPN),
		refuses(tn.provider()+manyStates(users{meganUPN, "enabled"}, `on_destroy = "delete"`), "on_destroy", `"disable"`),
		refuses(tn.providerAs(planAppID, planSecret)+manyStates(users{adeleUPN, "enabled", obrienUPN, "enabled"}),
			"Unable to set the per-user MFA state of 2 of 2 users", adeleUPN, "Nothing was written", "HTTP 403", "Policy.ReadWrite.AuthenticationMethod"),
		// The positive control of the refusals: none of them wrote, and this one does, by way of what the plan promised.
		resource.TestStep{
			PreConfig: func() {
				if err := errors.Join(tn.stateIs(adeleID, "disabled"), tn.stateIs(meganID, "enabled"), tn.stateIs(guestID, "disabled"), tn.stateIs(rescueID, "disabled")); err != nil {
					t.Error(err)
				}
				if err := tn.ClearRequests(context.Background()); err != nil {
					t.Error(err)
				}
			},
			Config: tn.provider(guard) + manyStates(users{alexUPN, "enforced", diegoUPN, "enforced", rescueUPN, "disabled"}, "allow_promotion = true"),
			Check:  resource.ComposeTestCheckFunc(tn.hasState(alexID, "enforced"), tn.hasState(rescueID, "disabled"), tn.wrote(1)),
		},
	)
}

// refuseWritesTo makes the writes of a user fail.
func (tn *tenant) refuseWritesTo(id string) func() {
	forever := 0
	return tn.fault(control.Fault{
		Method: "PATCH", PathRegexp: "/users/" + id + "/authentication/requirements$", Times: &forever,
		Status: 400, Code: "BadRequest", Message: "This user is odd.",
	})
}

func TestACreateThatFailsForSomeUsersKeepsTheOthersAndConverges(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	config := tn.provider() + manyStates(users{adeleUPN, "enabled", obrienUPN, "enabled", dollarUPN, "enabled"})
	tn.run(
		resource.TestStep{
			PreConfig: tn.refuseWritesTo(obrienID), Config: config,
			// Not an error, which would taint the resource; the state says who is not set.
			ConfigStateChecks: []statecheck.StateCheck{
				statesAttribute("effective_states", exactly(adeleUPN, "enabled", obrienUPN, "disabled", dollarUPN, "enabled")),
			},
			Check:              resource.ComposeTestCheckFunc(tn.hasState(adeleID, "enabled"), tn.hasState(obrienID, "disabled")),
			ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			PreConfig: func() {
				tn.heal()()
				if err := tn.ClearRequests(context.Background()); err != nil {
					t.Error(err)
				}
			},
			// Neither replaced nor written again: one update of one user.
			Config: config, ConfigPlanChecks: statesUpdate,
			Check: resource.ComposeTestCheckFunc(tn.hasState(obrienID, "enabled"), tn.wrote(1)),
		},
		resource.TestStep{Config: config, PlanOnly: true},
	)
}

func TestAnUpdateThatFailsForSomeUsersKeepsWhatWasWritten(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	config := tn.provider() + manyStates(users{adeleUPN, "enabled", obrienUPN, "enabled", guestUPN, "enabled"})
	tn.run(
		resource.TestStep{Config: tn.provider() + manyStates(users{adeleUPN, "disabled", meganUPN, "enabled", diegoUPN, "enabled"})},
		resource.TestStep{
			PreConfig: func() {
				tn.refuseWritesTo(obrienID)()
				tn.refuseWritesTo(meganID)()
			},
			Config:      config,
			ExpectError: says("Unable to set the per-user MFA state of 2 of 5 users", "Not set:", obrienUPN+", "+meganUPN, "The first of these failures", "This user is odd"),
		},
		resource.TestStep{
			RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.ComposeTestCheckFunc(
				tn.hasState(adeleID, "enabled"), tn.hasState(guestID, "enabled"), tn.hasState(diegoID, "disabled"), tn.hasState(meganID, "enabled"),
				resource.TestCheckResourceAttr(statesAddress, "users.%", "3"),
				resource.TestCheckResourceAttr(statesAddress, "users."+adeleUPN, "enabled"),
				resource.TestCheckResourceAttr(statesAddress, "users."+meganUPN, "enabled"),
				resource.TestCheckResourceAttr(statesAddress, "effective_states."+guestUPN, "enabled"),
			),
		},
		resource.TestStep{
			PreConfig: func() {
				tn.heal()()
				if err := tn.ClearRequests(context.Background()); err != nil {
					t.Error(err)
				}
			},
			Config: config,
			Check:  resource.ComposeTestCheckFunc(tn.hasState(obrienID, "enabled"), tn.hasState(meganID, "disabled"), tn.wrote(2)),
		},
		// A destroy that fails for one keeps that one, and a second one finishes.
		resource.TestStep{
			PreConfig: tn.refuseWritesTo(adeleID), Config: tn.provider() + "# gone",
			ExpectError: says("Unable to set the per-user MFA state of 1 of 3 users", "Not set: "+adeleUPN, "Destroy again"),
		},
		resource.TestStep{
			PreConfig: tn.heal(), Config: tn.provider() + "# gone",
			Check: resource.ComposeTestCheckFunc(tn.hasState(adeleID, "disabled"), tn.hasState(obrienID, "disabled")),
		},
	)
}

func TestNoFailureToReadForgetsAUserOfMany(t *testing.T) {
	t.Parallel()
	forever := 0
	config := configuration{"x": mapOf(adeleUPN, "enabled", meganUPN, "enabled", diegoUPN, "enabled")}
	all := control.Fault{Method: "GET", PathRegexp: "/requirements$", Times: &forever, Status: 404, Code: "ResourceNotFound", Message: "Not here."}
	one := all
	one.PathRegexp = meganID + "/authentication/requirements$"
	for name, c := range map[string]struct {
		fault control.Fault
		texts []string
	}{
		"one": {one, []string{"Unable to read the per-user MFA state of", meganUPN, "HTTP 404 ResourceNotFound"}},
		"all": {all, []string{"Unable to read the per-user MFA state of 3 users", "The users are: " + adeleUPN + ", " + diegoUPN + ", " + meganUPN, "The first of these failures", "Not here."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newTenant(t).keepsWhatCannotBeRead(t, config, c.fault, meganID, c.texts...)
		})
	}
	for _, status := range []int{400, 401, 403, 429, 500, 503} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			fault := one
			fault.Status, fault.Code = status, "Refused"
			newTenant(t).keepsWhatCannotBeRead(t, config, fault, meganID, "Unable to read the per-user MFA state of", fmt.Sprintf("HTTP %d", status))
		})
	}
}

func TestUsersWhoAreKnownAtApplyOnly(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	late := func(state string, more string) string {
		return tn.provider() + fmt.Sprintf(`
resource "terraform_data" "id" {
  input = %q
}
resource "terraform_data" "state" {
  input = %q
}
resource "entramfa_user_mfa_states" "test" {
  users = merge({ (terraform_data.id.output) = "enabled" }, { %s })
}
`, obrienID, state, more)
	}
	tn.run(
		resource.TestStep{Config: late("enabled", fmt.Sprintf("%q = terraform_data.state.output, %q = %q", adeleUPN, guestUPN, "enforced")), ExpectError: says(guestUPN + " cannot move from disabled to enforced")},
		resource.TestStep{
			PreConfig: func() {
				if n := tn.writes(); n != 0 {
					t.Errorf("%d states were written by a refused apply", n)
				}
			},
			Config: late("enabled", fmt.Sprintf("%q = terraform_data.state.output", adeleUPN)),
			Check:  resource.ComposeTestCheckFunc(tn.hasState(adeleID, "enabled"), tn.hasState(obrienID, "enabled"), tn.wrote(2)),
		},
		resource.TestStep{
			Config: late("disabled", fmt.Sprintf("%q = terraform_data.state.output", adeleUPN)),
			Check:  resource.ComposeTestCheckFunc(tn.hasState(adeleID, "disabled"), tn.hasState(obrienID, "enabled"), tn.wrote(1)),
		},
	)
}

func TestManyUsersAreImported(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	config := tn.provider() + manyStates(users{meganUPN, "enabled", diegoID, "enabled", adeleUPN, "disabled"})
	imports := func(id string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: config, ResourceName: statesAddress, ImportState: true, ImportStateId: id, ExpectError: says(texts...)}
	}
	tn.run(
		imports("adele", "Invalid import id", `"adele" is neither`),
		imports(" , ", "Invalid import id", "names 0 users"),
		imports(meganUPN+","+meganID, "The same user twice"),
		imports(nobodyID+",nobody@contoso.example", "2 users not found", nobodyID, "nobody@contoso.example", "Leave users who have left out of the import."),
		resource.TestStep{
			Config: config, ResourceName: statesAddress, ImportState: true, ImportStatePersist: true,
			ImportStateId: meganUPN + ", " + diegoID + "\n" + adeleUPN,
		},
		resource.TestStep{Config: config, ConfigPlanChecks: noChange, Check: tn.wrote(0)},
		// Somebody else joins: the imported ones are not written.
		resource.TestStep{
			Config: tn.provider() + manyStates(users{meganUPN, "enabled", diegoID, "enabled", adeleUPN, "disabled", guestUPN, "enabled"}),
			Check:  resource.ComposeTestCheckFunc(tn.hasState(diegoID, "enforced"), tn.wrote(1)),
		},
	)
}

func TestThreeHundredUsers(t *testing.T) {
	t.Parallel()
	people := testTenant()
	var all, fewer users
	for i := range 300 {
		upn := fmt.Sprintf("person%03d@contoso.example", i)
		people.Users = append(people.Users, control.User{ID: fmt.Sprintf("55555555-eeee-4eee-8eee-%012d", i), UserPrincipalName: upn, DisplayName: upn})
		all = append(all, upn, "enabled")
		if i < 280 {
			fewer = append(fewer, upn, map[bool]string{true: "disabled", false: "enabled"}[i < 10])
		}
	}
	tn := startTenant(t, people, quick())
	tn.run(
		resource.TestStep{
			Config: tn.provider() + manyStates(all),
			ConfigStateChecks: []statecheck.StateCheck{
				statesAttribute("effective_states", knownvalue.MapSizeExact(300)), statesAttribute("awaiting_registration", knownvalue.MapSizeExact(300)),
			},
			Check: tn.wrote(300),
		},
		resource.TestStep{Config: tn.provider() + manyStates(all), ConfigPlanChecks: noChange, Check: tn.wrote(0)},
		// 10 are disabled and 20 removed; nobody else is written.
		resource.TestStep{Config: tn.provider() + manyStates(fewer), Check: tn.wrote(30)},
	)
}
