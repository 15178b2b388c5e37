package provider_test

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
)

// byBoth names a user by both attributes. The name is an expression.
func byBoth(id, name string) string { return byID(id, "enabled", "user_principal_name = "+name) }

func quoted(text string) string { return fmt.Sprintf("%q", text) }

func TestAUserMayBeNamedByBothAttributes(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	both := tn.provider() + byBoth(strings.ToUpper(adeleID), quoted(strings.ToUpper(adeleUPN)))
	renamed := tn.provider() + byBoth(adeleID, quoted(adelesNewUPN))
	tn.run(
		resource.TestStep{Config: both, Check: tn.wrote(1)},
		resource.TestStep{Config: both, ConfigPlanChecks: noPlan},
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "enabled"), ConfigPlanChecks: noPlan},
		resource.TestStep{Config: tn.provider() + byBoth(adeleID, quoted(adeleUPN)), ConfigPlanChecks: noPlan},
		resource.TestStep{
			PreConfig: tn.called(adeleID, adelesNewUPN), Config: both, PlanOnly: true,
			ExpectError: says(fmt.Sprintf("is not called %q", strings.ToUpper(adeleUPN)), "user_principal_name = ", fmt.Sprintf("(object id %s) is called %q", strings.ToUpper(adeleID), adelesNewUPN),
				"Was the user renamed?", "user_id decides who is managed", "Remove user_principal_name"),
		},
		// Both ways out lead to no difference.
		resource.TestStep{Config: tn.provider() + byID(adeleID, "enabled"), ConfigPlanChecks: noPlan},
		resource.TestStep{Config: renamed, ConfigPlanChecks: noPlan},
		resource.TestStep{Config: renamed, Check: tn.wrote(0)},
		resource.TestStep{Config: tn.provider() + byBoth(alexID, quoted(alexUPN)), ConfigPlanChecks: resource.ConfigPlanChecks{
			PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate)},
		}},
	)
}

func TestNamesOfTwoUsersAreRefused(t *testing.T) {
	t.Parallel()
	two := says("user_id and user_principal_name name different users", "user_principal_name = ", fmt.Sprintf("names %s (object id %s)", adeleUPN, adeleID),
		fmt.Sprintf("names %s (object id %s)", alexUPN, alexID), "Remove user_principal_name", "If the other one is meant, remove user_id")
	tn := newTenant(t)
	different := tn.provider() + byBoth(adeleID, quoted(alexUPN))
	tn.run(
		resource.TestStep{Config: different, ExpectError: two},
		resource.TestStep{Config: tn.provider() + byBoth(adeleID, quoted("nobody@contoso.example")), ExpectError: says(`is not called "nobody@contoso.example"`, adeleUPN)},
		resource.TestStep{Config: tn.provider() + byID(adeleID, "enabled"), Check: tn.wrote(1)},
		resource.TestStep{Config: different, ExpectError: two},
		// The id decides: another one replaces the resource, and the name has to follow.
		resource.TestStep{Config: tn.provider() + byBoth(alexID, quoted(adeleUPN)), ExpectError: says("name different users")},
		resource.TestStep{Config: tn.provider() + byBoth(adeleID, quoted(adeleUPN)), ConfigPlanChecks: noPlan},
	)
}

func TestANameThatIsKnownAtApplyOnlyIsCheckedThere(t *testing.T) {
	t.Parallel()
	late := func(text string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %q\n  triggers_replace = %q\n}\n", text, text)
	}
	const output = "terraform_data.late.output"
	tn := newTenant(t)
	nothing := func(*terraform.State) error {
		return errors.Join(tn.stateIs(adeleID, "disabled"), tn.stateIs(alexID, "disabled"), tn.wrote(0)(nil))
	}
	tn.run(
		resource.TestStep{Config: tn.provider() + late(alexUPN) + byBoth(adeleID, output), ExpectError: says("name different users", adeleUPN, alexUPN)},
		resource.TestStep{Config: tn.provider() + late(alexUPN), Check: nothing},
		resource.TestStep{Config: tn.provider() + late(adeleUPN) + byBoth(adeleID, output), Check: tn.wrote(1)},
		resource.TestStep{Config: tn.provider() + late(adeleUPN) + byBoth(adeleID, output), ConfigPlanChecks: noPlan},
		// An update.
		resource.TestStep{Config: tn.provider() + late(strings.ToUpper(adeleUPN)) + byBoth(adeleID, output), Check: tn.wrote(0)},
		resource.TestStep{Config: tn.provider() + late(alexUPN) + byBoth(adeleID, output), ExpectError: says("name different users", adeleUPN, alexUPN)},
		resource.TestStep{Config: tn.provider() + late(adeleUPN) + byBoth(adeleID, output), Check: tn.wrote(0)},
		// The id decides who is managed, so nobody is looked up by the name while it is not known.
		resource.TestStep{
			Config: tn.provider() + late(alexID) + strings.Replace(byBoth(alexID, quoted(alexUPN)), quoted(alexID), output, 1),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionDestroyBeforeCreate), plancheck.ExpectUnknownValue(address, tfjsonpath.New("id"))},
			},
			Check: func(*terraform.State) error {
				return errors.Join(tn.stateIs(adeleID, "disabled"), tn.stateIs(alexID, "enforced"))
			},
		},
	)
}

func TestBothNamesOfTheStateAreCheckedWithoutARequest(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	s := tn.session(t, nil)
	prior := state(adeleID, adeleUPN, "enabled", "enabled")
	config := func(name any) map[string]any {
		return map[string]any{"user_id": adeleID, "user_principal_name": name, "state": "enabled"}
	}
	plan := func(name any) (planned *tfprotov6.PlanResourceChangeResponse, after tftypes.Value, reads int) {
		t.Helper()
		if err := tn.ClearRequests(context.Background()); err != nil {
			t.Fatal(err)
		}
		planned = s.plan(prior, config(name))
		after, err := planned.PlannedState.Unmarshal(s.typ)
		if err != nil {
			t.Fatal(err)
		}
		if len(planned.RequiresReplace) > 0 {
			t.Errorf("the plan with %v replaces the resource", name)
		}
		requests, err := tn.Requests(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return planned, after, len(requests)
	}
	for _, name := range []string{adeleUPN, strings.ToUpper(adeleUPN)} {
		planned, after, reads := plan(name)
		noErrors(t, planned.Diagnostics)
		if !after.Equal(objectOf(t, s.typ, prior)) || reads != 0 {
			t.Errorf("%s: after %d reads the plan is\n%s", name, reads, after)
		}
	}
	// What is not known yet is left open, and nobody asks for it.
	unknown := tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
	planned, after, reads := plan(unknown)
	noErrors(t, planned.Diagnostics)
	if name := attributeOf(t, after, "user_principal_name"); name.IsKnown() || reads != 0 || !attributeOf(t, after, "user_id").Equal(tftypes.NewValue(tftypes.String, adeleID)) {
		t.Errorf("after %d reads the plan of a name that is not known yet is\n%s", reads, after)
	}
	// The control: another name is looked up. Of a state that is behind it may be the same user.
	planned, _, reads = plan(alexUPN)
	if failed := told(tfprotov6.DiagnosticSeverityError, planned.Diagnostics); len(failed) != 1 || !says("name different users").MatchString(failed[0]) || reads == 0 {
		t.Errorf("after %d reads the plan of two users says %q", reads, failed)
	}
	tn.called(adeleID, adelesNewUPN)()
	planned, after, reads = plan(adelesNewUPN)
	noErrors(t, planned.Diagnostics)
	if !attributeOf(t, after, "user_principal_name").Equal(tftypes.NewValue(tftypes.String, adelesNewUPN)) || reads == 0 {
		t.Errorf("after %d reads the plan of a user who was renamed is\n%s", reads, after)
	}
}
