package campaign_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheDataSourceTellsTheCampaignThatIsThere(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	const data = "data.entramfa_registration_policy.test"
	config := tn.ProviderAs(acctest.PlanAppID, acctest.PlanSecret) + "data \"entramfa_registration_policy\" \"test\" {}\n"
	is := func(value knownvalue.Check, steps ...string) statecheck.StateCheck {
		at := tfjsonpath.New(steps[0])
		for _, step := range steps[1:] {
			at = at.AtMapKey(step)
		}
		return statecheck.ExpectKnownValue(data, at, value)
	}
	ids := func(ids ...string) knownvalue.Check {
		var checks []knownvalue.Check
		for _, id := range ids {
			checks = append(checks, acctest.Text(id))
		}
		return knownvalue.SetExact(checks)
	}
	tn.Run(
		resource.TestStep{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				is(acctest.Text(acctest.PolicyID), "id"), is(acctest.Text("microsoft_managed"), "state"), is(acctest.Text("microsoftAuthenticator"), "authentication_method"),
				is(knownvalue.Int64Exact(1), "snooze_days"), is(knownvalue.Bool(true), "require_registration_after_snoozes"),
				is(knownvalue.Bool(true), "include", "all_users"), is(ids(), "include", "user_ids"), is(ids(), "include", "group_ids"),
				is(knownvalue.Bool(false), "exclude", "all_users"), is(ids(), "exclude", "user_ids"), is(ids(), "exclude", "group_ids"),
			},
		},
		resource.TestStep{
			PreConfig: tn.PatchCampaign(fmt.Sprintf(`{"state":"enabled","snoozeDurationInDays":0,"enforceRegistrationAfterAllowedSnoozes":false,"includeTargets":[`+
				`{"id":%q,"targetType":"user","targetedAuthenticationMethod":"fido2"},{"id":%q,"targetType":"group","targetedAuthenticationMethod":"fido2"}],`+
				`"excludeTargets":[{"id":%q,"targetType":"group"}]}`, acctest.AdeleID, acctest.StaffID, acctest.LeaversID)),
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				is(acctest.Text("enabled"), "state"), is(acctest.Text("fido2"), "authentication_method"), is(knownvalue.Int64Exact(0), "snooze_days"),
				is(knownvalue.Bool(false), "require_registration_after_snoozes"), is(knownvalue.Bool(false), "include", "all_users"),
				is(ids(acctest.AdeleID), "include", "user_ids"), is(ids(acctest.StaffID), "include", "group_ids"), is(ids(acctest.LeaversID), "exclude", "group_ids"),
			},
		},
		resource.TestStep{
			PreConfig: tn.Do(func(ctx context.Context) error {
				none := []string{}
				_, err := tn.PatchApp(ctx, acctest.PlanAppID, control.AppPatch{Permissions: &none})
				return err
			}),
			Config: config, ExpectError: acctest.Says("Unable to read the registration campaign", "HTTP 403", "Policy.Read.All"),
		},
	)
}

func TestAMethodAndAStateOfTheFutureAreRead(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	forever := 0
	answer := control.Fault{
		Method: "GET", PathRegexp: "/authenticationMethodsPolicy$", Times: &forever, Status: 200, ContentType: "application/json",
		Body: `{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":{"state":"scheduled","snoozeDurationInDays":1,` +
			`"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"telepathy"},{"id":"x","targetType":"role"}],"excludeTargets":[]}}}`,
	}
	tn.Run(resource.TestStep{
		PreConfig: tn.Fault(answer),
		Config:    tn.Provider() + "data \"entramfa_registration_policy\" \"test\" {}\n",
		Check: resource.ComposeTestCheckFunc(
			resource.TestCheckResourceAttr("data.entramfa_registration_policy.test", "state", "scheduled"),
			resource.TestCheckResourceAttr("data.entramfa_registration_policy.test", "authentication_method", "telepathy"),
		),
	})
}
