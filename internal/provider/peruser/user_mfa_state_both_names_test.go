package peruser_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// byBoth names a user by both attributes. The name is an expression.
func byBoth(id, name string) string { return byID(id, "enabled", "user_principal_name = "+name) }

func quoted(text string) string { return fmt.Sprintf("%q", text) }

func TestAUserMayBeNamedByBothAttributes(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	both := tn.Provider() + byBoth(strings.ToUpper(acctest.AdeleID), quoted(strings.ToUpper(acctest.AdeleUPN)))
	renamed := tn.Provider() + byBoth(acctest.AdeleID, quoted(acctest.AdelesNewUPN))
	tn.Run(
		resource.TestStep{Config: both, Check: tn.Wrote(1)},
		resource.TestStep{Config: both, ConfigPlanChecks: noChange},
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"), ConfigPlanChecks: noChange},
		resource.TestStep{Config: tn.Provider() + byBoth(acctest.AdeleID, quoted(acctest.AdeleUPN)), ConfigPlanChecks: noChange},
		resource.TestStep{
			PreConfig: tn.Called(acctest.AdeleID, acctest.AdelesNewUPN), Config: both, PlanOnly: true,
			ExpectError: acctest.Says(fmt.Sprintf("is not called %q", strings.ToUpper(acctest.AdeleUPN)), "user_principal_name = ", fmt.Sprintf("(object id %s) is called %q", strings.ToUpper(acctest.AdeleID), acctest.AdelesNewUPN),
				"Was the user renamed?", "user_id decides who is managed", "Remove user_principal_name"),
		},
		// Both ways out lead to no difference.
		resource.TestStep{Config: tn.Provider() + byID(acctest.AdeleID, "enabled"), ConfigPlanChecks: noChange},
		resource.TestStep{Config: renamed, ConfigPlanChecks: noChange},
		resource.TestStep{Config: renamed, Check: tn.Wrote(0)},
		resource.TestStep{Config: tn.Provider() + byBoth(acctest.AlexID, quoted(acctest.AlexUPN)), ConfigPlanChecks: resource.ConfigPlanChecks{
			PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate)},
		}},
	)
}

func TestNamesOfTwoUsersAreRefused(t *testing.T) {
	t.Parallel()
	two := acctest.Says("user_id and user_principal_name name different users", "user_principal_name = ", fmt.Sprintf("names %s (object id %s)", acctest.AdeleUPN, acctest.AdeleID),
		fmt.Sprintf("names %s (object id %s)", acctest.AlexUPN, acctest.AlexID), "Remove user_principal_name", "If the other one is meant, remove user_id")
	tn := acctest.NewTenant(t)
	different := tn.Provider() + byBoth(acctest.AdeleID, quoted(acctest.AlexUPN))
	tn.Run(
		resource.TestStep{Config: different, ExpectError: two},
		resource.TestStep{Config: tn.Provider() + byBoth(acctest.AdeleID, quoted("nobody@contoso.example")), ExpectError: acctest.Says(`is not called "nobody@contoso.example"`, acctest.AdeleUPN)},
		resource.TestStep{Config: tn.Provider() + byID(acctest.AdeleID, "enabled"), Check: tn.Wrote(1)},
		resource.TestStep{Config: different, ExpectError: two},
		// The id decides: another one replaces the resource, and the name has to follow.
		resource.TestStep{Config: tn.Provider() + byBoth(acctest.AlexID, quoted(acctest.AdeleUPN)), ExpectError: acctest.Says("name different users")},
		resource.TestStep{Config: tn.Provider() + byBoth(acctest.AdeleID, quoted(acctest.AdeleUPN)), ConfigPlanChecks: noChange},
	)
}

func TestANameThatIsKnownAtApplyOnlyIsCheckedThere(t *testing.T) {
	t.Parallel()
	late := func(text string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n  triggers_replace = %q\n}\n", text, text)
	}
	const output = "terraform_data.late.output"
	tn := acctest.NewTenant(t)
	nothing := func(*terraform.State) error {
		return errors.Join(tn.StateIs(acctest.AdeleID, "disabled"), tn.StateIs(acctest.AlexID, "disabled"), tn.Wrote(0)(nil))
	}
	tn.Run(
		resource.TestStep{Config: tn.Provider() + late(acctest.AlexUPN) + byBoth(acctest.AdeleID, output), ExpectError: acctest.Says("name different users", acctest.AdeleUPN, acctest.AlexUPN)},
		resource.TestStep{Config: tn.Provider() + late(acctest.AlexUPN), Check: nothing},
		resource.TestStep{Config: tn.Provider() + late(acctest.AdeleUPN) + byBoth(acctest.AdeleID, output), Check: tn.Wrote(1)},
		resource.TestStep{Config: tn.Provider() + late(acctest.AdeleUPN) + byBoth(acctest.AdeleID, output), ConfigPlanChecks: noChange},
		// An update.
		resource.TestStep{Config: tn.Provider() + late(strings.ToUpper(acctest.AdeleUPN)) + byBoth(acctest.AdeleID, output), Check: tn.Wrote(0)},
		resource.TestStep{Config: tn.Provider() + late(acctest.AlexUPN) + byBoth(acctest.AdeleID, output), ExpectError: acctest.Says("name different users", acctest.AdeleUPN, acctest.AlexUPN)},
		resource.TestStep{Config: tn.Provider() + late(acctest.AdeleUPN) + byBoth(acctest.AdeleID, output), Check: tn.Wrote(0)},
		// The id decides who is managed, so nobody is looked up by the name while it is not known.
		resource.TestStep{
			Config: tn.Provider() + late(acctest.AlexID) + strings.Replace(byBoth(acctest.AlexID, quoted(acctest.AlexUPN)), quoted(acctest.AlexID), output, 1),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate), plancheck.ExpectUnknownValue(address, tfjsonpath.New("id"))},
			},
			Check: func(*terraform.State) error {
				return errors.Join(tn.StateIs(acctest.AdeleID, "disabled"), tn.StateIs(acctest.AlexID, "enforced"))
			},
		},
	)
}

func TestBothNamesOfTheStateAreCheckedWithoutARequest(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	s := tn.Session(t, nil)
	prior := acctest.State(acctest.AdeleID, acctest.AdeleUPN, "enabled", "enabled")
	config := func(name any) map[string]any {
		return map[string]any{"user_id": acctest.AdeleID, "user_principal_name": name, "state": "enabled"}
	}
	plan := func(name any) (planned *tfprotov6.PlanResourceChangeResponse, after tftypes.Value, reads int) {
		t.Helper()
		if err := tn.ClearRequests(context.Background()); err != nil {
			t.Fatal(err)
		}
		planned = s.Plan(prior, config(name))
		after, err := planned.PlannedState.Unmarshal(s.Type)
		if err != nil {
			t.Fatal(err)
		}
		if len(planned.RequiresReplace) > 0 {
			t.Errorf("the plan with %v replaces the resource", name)
		}
		return planned, after, len(tn.RequestLog())
	}
	for _, name := range []string{acctest.AdeleUPN, strings.ToUpper(acctest.AdeleUPN)} {
		planned, after, reads := plan(name)
		acctest.NoErrors(t, planned.Diagnostics)
		if !after.Equal(acctest.ObjectOf(t, s.Type, prior)) || reads != 0 {
			t.Errorf("%s: after %d reads the plan is\n%s", name, reads, after)
		}
	}
	// What is not known yet is left open, and nobody asks for it.
	unknown := tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	planned, after, reads := plan(unknown)
	acctest.NoErrors(t, planned.Diagnostics)
	if name := acctest.AttributeOf(t, after, "user_principal_name"); name.IsKnown() || reads != 0 || !acctest.AttributeOf(t, after, "user_id").Equal(tftypes.NewValue(tftypes.String, acctest.AdeleID)) {
		t.Errorf("after %d reads the plan of a name that is not known yet is\n%s", reads, after)
	}
	// The control: another name is looked up. Of a state that is behind it may be the same user.
	planned, _, reads = plan(acctest.AlexUPN)
	if failed := acctest.Told(tfprotov6.DiagnosticSeverityError, planned.Diagnostics); len(failed) != 1 || !acctest.Says("name different users").MatchString(failed[0]) || reads == 0 {
		t.Errorf("after %d reads the plan of two users says %q", reads, failed)
	}
	tn.Called(acctest.AdeleID, acctest.AdelesNewUPN)()
	planned, after, reads = plan(acctest.AdelesNewUPN)
	acctest.NoErrors(t, planned.Diagnostics)
	if !acctest.AttributeOf(t, after, "user_principal_name").Equal(tftypes.NewValue(tftypes.String, acctest.AdelesNewUPN)) || reads == 0 {
		t.Errorf("after %d reads the plan of a user who was renamed is\n%s", reads, after)
	}
}
