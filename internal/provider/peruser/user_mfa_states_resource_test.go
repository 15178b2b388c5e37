package peruser_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
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
		values[pairs[i]] = acctest.Text(pairs[i+1])
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

func TestManyUsersAreSetPromotedRepairedAndDisabledAtTheEndThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	config := tn.Provider() + manyStates(users{acctest.AdeleUPN, "enabled", acctest.AlexUPN, "enabled", acctest.MeganID, "enabled", acctest.GuestUPN, "disabled"})
	acctest.TestCLI(t, resource.TestCase{
		ProtoV6ProviderFactories: tn.Factory,
		CheckDestroy: func(*terraform.State) error {
			return errors.Join(tn.StateIs(acctest.AdeleID, "disabled"), tn.StateIs(acctest.AlexID, "disabled"), tn.StateIs(acctest.MeganID, "disabled"), tn.StateIs(acctest.DiegoID, "enforced"))
		},
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigPlanChecks: planOf(
					plancheck.ExpectResourceAction(statesAddress, plancheck.ResourceActionCreate),
					// The plan knows the users by one digest; what they have may change until the apply.
					plancheck.ExpectKnownValue(statesAddress, tfjsonpath.New("created_for_sha256"), knownvalue.StringRegexp(regexp.MustCompile("^[0-9a-f]{64}$"))),
					plancheck.ExpectUnknownValue(statesAddress, tfjsonpath.New("user_ids")),
					plancheck.ExpectUnknownValue(statesAddress, tfjsonpath.New("effective_states")),
				),
				ConfigStateChecks: []statecheck.StateCheck{
					statesAttribute("users", exactly(acctest.AdeleUPN, "enabled", acctest.AlexUPN, "enabled", acctest.MeganID, "enabled", acctest.GuestUPN, "disabled")),
					statesAttribute("effective_states", exactly(acctest.AdeleUPN, "enabled", acctest.AlexUPN, "enforced", acctest.MeganID, "enabled", acctest.GuestUPN, "disabled")),
					statesAttribute("user_ids", exactly(acctest.AdeleUPN, acctest.AdeleID, acctest.AlexUPN, acctest.AlexID, acctest.MeganID, acctest.MeganID, acctest.GuestUPN, acctest.GuestID)),
					statesAttribute("allow_promotion", knownvalue.Bool(false)),
					statesAttribute("on_destroy", acctest.Text("disable")),
				},
				Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "enabled"), tn.HasState(acctest.AlexID, "enforced"), tn.Wrote(2)),
			},
			{Config: config, PlanOnly: true},
			// The service promotes a user: no difference.
			{PreConfig: tn.Register(acctest.AdeleID, control.MethodMicrosoftAuthenticator), Config: config, ConfigPlanChecks: noChange, Check: tn.Wrote(0)},
			{
				RefreshState: true,
				Check: resource.ComposeTestCheckFunc(
					resource.TestCheckResourceAttr(statesAddress, "effective_states."+acctest.AdeleUPN, "enforced"),
					resource.TestCheckResourceAttr(statesAddress, "users."+acctest.AdeleUPN, "enabled"),
					resource.TestCheckResourceAttr(statesAddress, "effective_states."+acctest.MeganID, "enabled"),
				),
			},
			// An administrator changes one user: that one is set, and nobody else is written.
			{
				PreConfig: tn.SetState(acctest.MeganID, "disabled"), Config: config, ConfigPlanChecks: statesUpdate,
				Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.MeganID, "enabled"), tn.Wrote(1)),
			},
			// Another spelling is no change.
			{
				Config:           tn.Provider() + manyStates(users{strings.ToUpper(acctest.AdeleUPN), "enabled", acctest.AlexUPN, "enabled", strings.ToUpper(acctest.MeganID), "enabled", acctest.GuestUPN, "disabled"}),
				ConfigPlanChecks: noChange, Check: tn.Wrote(0),
			},
		},
	})
}

func TestUsersAreAddedRemovedAndNamedOtherwise(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	tn.Run(
		resource.TestStep{Config: tn.Provider() + manyStates(users{acctest.AdeleUPN, "enabled", acctest.MeganUPN, "enabled"}), Check: tn.Wrote(1)},
		resource.TestStep{
			Config: tn.Provider() + manyStates(users{acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled"}), ConfigPlanChecks: statesUpdate,
			ConfigStateChecks: []statecheck.StateCheck{statesAttribute("user_ids", exactly(acctest.AdeleUPN, acctest.AdeleID, acctest.ObrienUPN, acctest.ObrienID))},
			Check:             resource.ComposeTestCheckFunc(tn.HasState(acctest.MeganID, "disabled"), tn.HasState(acctest.ObrienID, "enabled"), tn.HasState(acctest.AdeleID, "enabled"), tn.Wrote(2)),
		},
		// The same user by id instead of by name: another key, and nothing to write.
		resource.TestStep{
			Config: tn.Provider() + manyStates(users{acctest.AdeleID, "enabled", acctest.ObrienUPN, "enabled"}), ConfigPlanChecks: statesUpdate,
			ConfigStateChecks: []statecheck.StateCheck{statesAttribute("user_ids", exactly(acctest.AdeleID, acctest.AdeleID, acctest.ObrienUPN, acctest.ObrienID))},
			Check:             tn.Wrote(0),
		},
		resource.TestStep{Config: tn.Provider() + manyStates(users{acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled"}), Check: tn.Wrote(0)},
		// keep leaves the one who is removed.
		resource.TestStep{
			Config: tn.Provider() + manyStates(users{acctest.AdeleUPN, "disabled"}, `on_destroy = "keep"`),
			Check:  resource.ComposeTestCheckFunc(tn.HasState(acctest.ObrienID, "enabled"), tn.HasState(acctest.AdeleID, "disabled"), tn.Wrote(1)),
		},
		resource.TestStep{Config: tn.Provider() + manyStates(users{acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled"}, `on_destroy = "keep"`), Check: tn.Wrote(1)},
		resource.TestStep{Config: tn.Provider() + "# gone", Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "enabled"), tn.HasState(acctest.ObrienID, "enabled"), tn.Wrote(0))},
	)
}

func TestAUserOfManyWhoIsRenamedOrDeletedIsNoErrorOfTheOthers(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	renamed := "adele.smith@contoso.example"
	both := tn.Provider() + manyStates(users{acctest.AdeleUPN, "enabled", acctest.MeganUPN, "enabled"})
	tn.Run(
		resource.TestStep{Config: both, Check: tn.Wrote(1)},
		resource.TestStep{
			PreConfig: tn.Do(func(ctx context.Context) error {
				_, err := tn.PatchUser(ctx, acctest.AdeleID, control.UserPatch{UserPrincipalName: &renamed})
				return err
			}),
			Config: both, ConfigPlanChecks: noChange,
		},
		resource.TestStep{
			Config: tn.Provider() + manyStates(users{renamed, "enabled", acctest.MeganUPN, "enabled"}), ConfigPlanChecks: statesUpdate,
			ConfigStateChecks: []statecheck.StateCheck{statesAttribute("user_ids", exactly(renamed, acctest.AdeleID, acctest.MeganUPN, acctest.MeganID))},
			Check:             tn.Wrote(0),
		},
		// Both names of the one user.
		resource.TestStep{
			Config:      tn.Provider() + manyStates(users{renamed, "enabled", acctest.AdeleID, "enabled"}),
			ExpectError: acctest.Says("The same user twice", acctest.AdeleID, "and", renamed),
		},
		resource.TestStep{
			PreConfig:   tn.Do(func(ctx context.Context) error { return tn.DeleteUser(ctx, acctest.MeganID) }),
			Config:      tn.Provider() + manyStates(users{renamed, "enabled", acctest.MeganUPN, "enabled"}),
			ExpectError: acctest.Says(`User "megan.bowen@contoso.example" not found`),
		},
		resource.TestStep{Config: tn.Provider() + manyStates(users{renamed, "enabled"}), Check: tn.Wrote(0)},
		// The last one deleted: nothing is left to manage.
		resource.TestStep{
			PreConfig: tn.Do(func(ctx context.Context) error { return tn.DeleteUser(ctx, acctest.AdeleID) }),
			Config:    tn.Provider() + "# gone", ConfigPlanChecks: noChange,
		},
	)
}

func TestEveryUserWhoIsRefusedIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	guard := fmt.Sprintf("emergency_access = {\n user_principal_names = [%q]\n group_ids = [%q]\n}", acctest.RescueUPN, acctest.RescueGroupID)
	missing := users{}
	for i := range 25 {
		missing = append(missing, fmt.Sprintf("nobody%02d@contoso.example", i), "enabled")
	}
	refuses := func(config string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: config, ExpectError: acctest.Says(texts...)}
	}
	tn.Run(
		refuses(tn.Provider()+manyStates(missing), "25 users not found", "nobody00@contoso.example,", "nobody19@contoso.example and 5 more"),
		refuses(tn.Provider()+manyStates(users{acctest.NobodyID, "enabled", acctest.AdeleUPN, "enabled"}), fmt.Sprintf("User %q not found", acctest.NobodyID), acctest.NobodyID+`" = "enabled"`, "There is no such user"),
		refuses(tn.Provider()+manyStates(users{acctest.AdeleUPN, "enforced", acctest.MeganUPN, "enforced", acctest.GuestUPN, "enforced", acctest.ObrienUPN, "enabled"}),
			"The per-user MFA state of 3 users cannot move to enforced", acctest.AdeleUPN+" (disabled)", acctest.GuestUPN+" (disabled)", "A direct move", acctest.MeganUPN+" (enabled)", "The service itself promotes"),
		refuses(tn.Provider()+manyStates(users{acctest.AdeleUPN, "enforced", acctest.MeganUPN, "enforced", acctest.AlexUPN, "enforced"}, "allow_promotion = true"),
			"The per-user MFA state of 2 users cannot move to enforced", acctest.AdeleUPN+" (disabled), "+acctest.MeganUPN+" (enabled)", "no MFA method registered"),
		refuses(tn.Provider()+manyStates(users{acctest.AdeleUPN, "enforced", acctest.MeganUPN, "enabled"}), "adele.vance@contoso.example cannot move from disabled to enforced"),
		refuses(tn.Provider()+manyStates(users{acctest.AdeleUPN, "enabled", strings.ToUpper(acctest.AdeleUPN), "enabled"}), "The same user twice", "compared without case"),
		refuses(tn.Provider()+manyStates(users{acctest.AdeleUPN, "enabled", acctest.AdeleID, "enabled"}), "The same user twice", acctest.AdeleID, acctest.AdeleUPN, "(object id "+acctest.AdeleID+")"),
		refuses(tn.Provider(guard)+manyStates(users{acctest.RescueUPN, "enabled", acctest.Rescue2ID, "enabled", acctest.AdeleUPN, "enabled"}),
			"2 emergency access accounts would need MFA", acctest.Rescue2ID, "member of the group", acctest.RescueUPN, "user_principal_names"),
		refuses(tn.Provider(guard)+manyStates(users{acctest.RescueUPN, "enabled", acctest.AdeleUPN, "enabled"}), "Emergency access account", "would need MFA", acctest.RescueUPN),
		refuses(tn.Provider()+manyStates(users{"adele", "enabled", acctest.MeganUPN, "Enabled"}), "Invalid user", `"adele" is neither the object id`),
		refuses(tn.Provider()+manyStates(users{acctest.MeganUPN, "Enabled"}), "Invalid per-user MFA state", `The state "Enabled" is spelled "enabled"`, acctest.MeganUPN),
		refuses(tn.Provider()+manyStates(users{acctest.MeganUPN, "enabled"}, `on_destroy = "delete"`), "on_destroy", `"disable"`),
		refuses(tn.ProviderAs(acctest.PlanAppID, acctest.PlanSecret)+manyStates(users{acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled"}),
			"Unable to set the per-user MFA state of 2 of 2 users", acctest.AdeleUPN, "Nothing was written", "HTTP 403", "Policy.ReadWrite.AuthenticationMethod"),
		// The positive control of the refusals: none of them wrote, and this one does, by way of what the plan promised.
		resource.TestStep{
			PreConfig: func() {
				if err := errors.Join(tn.StateIs(acctest.AdeleID, "disabled"), tn.StateIs(acctest.MeganID, "enabled"), tn.StateIs(acctest.GuestID, "disabled"), tn.StateIs(acctest.RescueID, "disabled")); err != nil {
					t.Error(err)
				}
				if err := tn.ClearRequests(context.Background()); err != nil {
					t.Error(err)
				}
			},
			Config: tn.Provider(guard) + manyStates(users{acctest.AlexUPN, "enforced", acctest.DiegoUPN, "enforced", acctest.RescueUPN, "disabled"}, "allow_promotion = true"),
			Check:  resource.ComposeTestCheckFunc(tn.HasState(acctest.AlexID, "enforced"), tn.HasState(acctest.RescueID, "disabled"), tn.Wrote(1)),
		},
	)
}

func TestACreateThatFailsForSomeUsersKeepsTheOthersAndConverges(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	config := tn.Provider() + manyStates(users{acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled", acctest.DollarUPN, "enabled"})
	tn.Run(
		resource.TestStep{
			PreConfig: tn.RefuseWritesTo(acctest.ObrienID), Config: config,
			// Not an error, which would taint the resource; the state says who is not set.
			ConfigStateChecks: []statecheck.StateCheck{
				statesAttribute("effective_states", exactly(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "disabled", acctest.DollarUPN, "enabled")),
			},
			Check:              resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "enabled"), tn.HasState(acctest.ObrienID, "disabled")),
			ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			PreConfig: func() {
				tn.Heal()()
				if err := tn.ClearRequests(context.Background()); err != nil {
					t.Error(err)
				}
			},
			// Neither replaced nor written again: one update of one user.
			Config: config, ConfigPlanChecks: statesUpdate,
			Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.ObrienID, "enabled"), tn.Wrote(1)),
		},
		resource.TestStep{Config: config, PlanOnly: true},
	)
}

func TestAnUpdateThatFailsForSomeUsersKeepsWhatWasWritten(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	config := tn.Provider() + manyStates(users{acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled", acctest.GuestUPN, "enabled"})
	tn.Run(
		resource.TestStep{Config: tn.Provider() + manyStates(users{acctest.AdeleUPN, "disabled", acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enabled"})},
		resource.TestStep{
			PreConfig: func() {
				tn.RefuseWritesTo(acctest.ObrienID)()
				tn.RefuseWritesTo(acctest.MeganID)()
			},
			Config:      config,
			ExpectError: acctest.Says("Unable to set the per-user MFA state of 2 of 5 users", "Not set:", acctest.ObrienUPN+", "+acctest.MeganUPN, "The first of these failures", "This user is odd"),
		},
		resource.TestStep{
			RefreshState: true, ExpectNonEmptyPlan: true,
			Check: resource.ComposeTestCheckFunc(
				tn.HasState(acctest.AdeleID, "enabled"), tn.HasState(acctest.GuestID, "enabled"), tn.HasState(acctest.DiegoID, "disabled"), tn.HasState(acctest.MeganID, "enabled"),
				resource.TestCheckResourceAttr(statesAddress, "users.%", "3"),
				resource.TestCheckResourceAttr(statesAddress, "users."+acctest.AdeleUPN, "enabled"),
				resource.TestCheckResourceAttr(statesAddress, "users."+acctest.MeganUPN, "enabled"),
				resource.TestCheckResourceAttr(statesAddress, "effective_states."+acctest.GuestUPN, "enabled"),
			),
		},
		resource.TestStep{
			PreConfig: func() {
				tn.Heal()()
				if err := tn.ClearRequests(context.Background()); err != nil {
					t.Error(err)
				}
			},
			Config: config,
			Check:  resource.ComposeTestCheckFunc(tn.HasState(acctest.ObrienID, "enabled"), tn.HasState(acctest.MeganID, "disabled"), tn.Wrote(2)),
		},
		// A destroy that fails for one keeps that one, and a second one finishes.
		resource.TestStep{
			PreConfig: tn.RefuseWritesTo(acctest.AdeleID), Config: tn.Provider() + "# gone",
			ExpectError: acctest.Says("Unable to set the per-user MFA state of 1 of 3 users", "Not set: "+acctest.AdeleUPN, "Destroy again"),
		},
		resource.TestStep{
			PreConfig: tn.Heal(), Config: tn.Provider() + "# gone",
			Check: resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "disabled"), tn.HasState(acctest.ObrienID, "disabled")),
		},
	)
}

func TestNoFailureToReadForgetsAUserOfMany(t *testing.T) {
	t.Parallel()
	forever := 0
	config := acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled", acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enabled")}
	all := control.Fault{Method: "GET", PathRegexp: "/requirements$", Times: &forever, Status: 404, Code: "ResourceNotFound", Message: "Not here."}
	one := all
	one.PathRegexp = acctest.MeganID + "/authentication/requirements$"
	for name, c := range map[string]struct {
		fault control.Fault
		texts []string
	}{
		"one": {one, []string{"Unable to read the per-user MFA state of", acctest.MeganUPN, "HTTP 404 ResourceNotFound"}},
		"all": {all, []string{"Unable to read the per-user MFA state of 3 users", "The users are: " + acctest.AdeleUPN + ", " + acctest.DiegoUPN + ", " + acctest.MeganUPN, "The first of these failures", "Not here."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.NewTenant(t).KeepsWhatCannotBeRead(t, config, c.fault, acctest.MeganID, c.texts...)
		})
	}
	for _, status := range []int{400, 401, 403, 429, 500, 503} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			fault := one
			fault.Status, fault.Code = status, "Refused"
			acctest.NewTenant(t).KeepsWhatCannotBeRead(t, config, fault, acctest.MeganID, "Unable to read the per-user MFA state of", fmt.Sprintf("HTTP %d", status))
		})
	}
}

func TestUsersWhoAreKnownAtApplyOnly(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	late := func(state string, more string) string {
		return tn.Provider() + fmt.Sprintf(`
resource "terraform_data" "id" {
  input = %q
}
resource "terraform_data" "state" {
  input = %q
}
resource "entramfa_user_mfa_states" "test" {
  users = merge({ (terraform_data.id.output) = "enabled" }, { %s })
}
`, acctest.ObrienID, state, more)
	}
	tn.Run(
		resource.TestStep{Config: late("enabled", fmt.Sprintf("%q = terraform_data.state.output, %q = %q", acctest.AdeleUPN, acctest.GuestUPN, "enforced")), ExpectError: acctest.Says(acctest.GuestUPN + " cannot move from disabled to enforced")},
		resource.TestStep{
			PreConfig: func() {
				if n := tn.Writes(); n != 0 {
					t.Errorf("%d states were written by a refused apply", n)
				}
			},
			Config: late("enabled", fmt.Sprintf("%q = terraform_data.state.output", acctest.AdeleUPN)),
			Check:  resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "enabled"), tn.HasState(acctest.ObrienID, "enabled"), tn.Wrote(2)),
		},
		resource.TestStep{
			Config: late("disabled", fmt.Sprintf("%q = terraform_data.state.output", acctest.AdeleUPN)),
			Check:  resource.ComposeTestCheckFunc(tn.HasState(acctest.AdeleID, "disabled"), tn.HasState(acctest.ObrienID, "enabled"), tn.Wrote(1)),
		},
	)
}

func TestManyUsersAreImported(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	config := tn.Provider() + manyStates(users{acctest.MeganUPN, "enabled", acctest.DiegoID, "enabled", acctest.AdeleUPN, "disabled"})
	imports := func(id string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: config, ResourceName: statesAddress, ImportState: true, ImportStateId: id, ExpectError: acctest.Says(texts...)}
	}
	tn.Run(
		imports("adele", "Invalid import id", `"adele" is neither`),
		imports(" , ", "Invalid import id", "names 0 users"),
		imports(acctest.MeganUPN+","+acctest.MeganID, "The same user twice"),
		imports(acctest.NobodyID+",nobody@contoso.example", "2 users not found", acctest.NobodyID, "nobody@contoso.example", "Leave users who have left out of the import."),
		resource.TestStep{
			Config: config, ResourceName: statesAddress, ImportState: true, ImportStatePersist: true,
			ImportStateId: acctest.MeganUPN + ", " + acctest.DiegoID + "\n" + acctest.AdeleUPN,
		},
		resource.TestStep{Config: config, ConfigPlanChecks: noChange, Check: tn.Wrote(0)},
		// Somebody else joins: the imported ones are not written.
		resource.TestStep{
			Config: tn.Provider() + manyStates(users{acctest.MeganUPN, "enabled", acctest.DiegoID, "enabled", acctest.AdeleUPN, "disabled", acctest.GuestUPN, "enabled"}),
			Check:  resource.ComposeTestCheckFunc(tn.HasState(acctest.DiegoID, "enforced"), tn.Wrote(1)),
		},
	)
}

func TestThreeHundredUsers(t *testing.T) {
	t.Parallel()
	people := acctest.Contoso()
	var all, fewer users
	for i := range 300 {
		upn := fmt.Sprintf("person%03d@contoso.example", i)
		people.Users = append(people.Users, control.User{ID: fmt.Sprintf("55555555-eeee-4eee-8eee-%012d", i), UserPrincipalName: upn, DisplayName: upn})
		all = append(all, upn, "enabled")
		if i < 280 {
			fewer = append(fewer, upn, map[bool]string{true: "disabled", false: "enabled"}[i < 10])
		}
	}
	tn := acctest.StartTenant(t, people, acctest.Quick())
	tn.Run(
		resource.TestStep{
			Config: tn.Provider() + manyStates(all),
			ConfigStateChecks: []statecheck.StateCheck{
				statesAttribute("effective_states", knownvalue.MapSizeExact(300)), statesAttribute("user_ids", knownvalue.MapSizeExact(300)),
			},
			Check: tn.Wrote(300),
		},
		resource.TestStep{Config: tn.Provider() + manyStates(all), ConfigPlanChecks: noChange, Check: tn.Wrote(0)},
		// 10 are disabled and 20 removed; nobody else is written.
		resource.TestStep{Config: tn.Provider() + manyStates(fewer), Check: tn.Wrote(30)},
	)
}
