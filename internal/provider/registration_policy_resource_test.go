package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const (
	policyAddress = "entramfa_registration_policy.test"
	policyID      = "authenticationMethodsPolicy"

	// Groups of the campaign's tenant: staff holds Adele and, by way of managers, Megan.
	staffID    = "33333333-cccc-4ccc-8ccc-00000000000a"
	managersID = "33333333-cccc-4ccc-8ccc-00000000000b"
	leaversID  = "33333333-cccc-4ccc-8ccc-00000000000c"
)

// newCampaignTenant is the test tenant with groups to include and exclude.
func newCampaignTenant(t *testing.T) *tenant {
	t.Helper()
	return startTenant(t, campaignTenant(), quick())
}

func campaignTenant() *control.Tenant {
	people := testTenant()
	people.Groups = append(
		people.Groups,
		control.Group{ID: staffID, DisplayName: "Staff", Members: []string{adeleID, managersID}},
		control.Group{ID: managersID, DisplayName: "Managers", Members: []string{meganID}},
		control.Group{ID: leaversID, DisplayName: "Leavers"},
	)
	return people
}

// registration is a resource block.
func registration(lines ...string) string {
	return "resource \"entramfa_registration_policy\" \"test\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

// Lines of a resource block.
const (
	enabled  = `state = "enabled"`
	disabled = `state = "disabled"`
	managed  = `state = "microsoft_managed"`
	everyone = `include = { all_users = true }`
)

func includes(attribute string, ids ...string) string { return scopeLine("include", attribute, ids...) }

func excludes(attribute string, ids ...string) string { return scopeLine("exclude", attribute, ids...) }

func scopeLine(name, attribute string, ids ...string) string {
	return fmt.Sprintf("%s = { %s = [%s] }", name, attribute, `"`+strings.Join(ids, `", "`)+`"`)
}

func policyAttribute(value knownvalue.Check, steps ...string) statecheck.StateCheck {
	at := tfjsonpath.New(steps[0])
	for _, step := range steps[1:] {
		at = at.AtMapKey(step)
	}
	return statecheck.ExpectKnownValue(policyAddress, at, value)
}

// newTenantsCampaign is what a tenant has that nobody has touched.
func newTenantsCampaign() *control.RegistrationCampaign {
	return &control.RegistrationCampaign{
		State: "default", SnoozeDurationInDays: new(1), EnforceRegistrationAfterAllowedSnoozes: new(true),
		IncludeTargets: []control.CampaignIncludeTarget{{ID: "all_users", TargetType: "group", TargetedAuthenticationMethod: "microsoftAuthenticator"}},
	}
}

// changed is a campaign after an edit.
func changed(campaign *control.RegistrationCampaign, edit func(*control.RegistrationCampaign)) *control.RegistrationCampaign {
	edit(campaign)
	return campaign
}

// campaignNow is the campaign that the tenant really has.
func (tn *tenant) campaignNow() *control.RegistrationCampaign {
	tn.t.Helper()
	policy, err := tn.GetAuthenticationMethodsPolicy(context.Background())
	if err != nil {
		tn.t.Fatal(err)
	}
	return policy.Campaign()
}

func (tn *tenant) campaignIs(want *control.RegistrationCampaign) error {
	tn.t.Helper()
	have := tn.campaignNow()
	if len(have.ExcludeTargets) == 0 {
		have.ExcludeTargets = nil
	}
	if diff := cmp.Diff(want, have); diff != "" {
		return fmt.Errorf("the tenant's campaign (-want +got):\n%s", diff)
	}
	return nil
}

func (tn *tenant) hasCampaign(want *control.RegistrationCampaign) resource.TestCheckFunc {
	return func(*terraform.State) error { return tn.campaignIs(want) }
}

// patchCampaign changes members of the campaign behind Terraform's back.
func (tn *tenant) patchCampaign(members string) func() {
	return tn.do(func(ctx context.Context) error {
		_, err := tn.PatchAuthenticationMethodsPolicy(ctx, json.RawMessage(
			`{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":`+members+`}}`))
		return err
	})
}

// policyRequests counts the requests since the log was cleared by method and end of the path.
func (tn *tenant) policyRequests(method, suffix string) int {
	tn.t.Helper()
	requests, err := tn.Requests(context.Background())
	if err != nil {
		tn.t.Fatal(err)
	}
	count := 0
	for _, request := range requests {
		if request.Method == method && strings.HasSuffix(request.Path, suffix) {
			count++
		}
	}
	return count
}

// wroteCampaign checks how often the policy was written since the log was cleared, and clears it.
func (tn *tenant) wroteCampaign(want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if have := tn.policyRequests(http.MethodPatch, "/policies/authenticationMethodsPolicy"); have != want {
			return fmt.Errorf("the policy was written %d times, want %d", have, want)
		}
		return tn.ClearRequests(context.Background())
	}
}

func policyPlan(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks}
}

var (
	noPlan        = policyPlan(plancheck.ExpectEmptyPlan())
	policyUpdates = policyPlan(plancheck.ExpectResourceAction(policyAddress, plancheck.ResourceActionUpdate))
)

func TestARegistrationPolicyIsAdoptedUpdatedImportedAndGivenBack(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	config := tn.provider() + registration(enabled, includes("group_ids", staffID), excludes("user_ids", adeleID),
		`authentication_method = "microsoftAuthenticator"`, "snooze_days = 3", "require_registration_after_snoozes = false")
	want := &control.RegistrationCampaign{
		State: "enabled", SnoozeDurationInDays: new(3), EnforceRegistrationAfterAllowedSnoozes: new(false),
		IncludeTargets: []control.CampaignIncludeTarget{{ID: staffID, TargetType: "group", TargetedAuthenticationMethod: "microsoftAuthenticator"}},
		ExcludeTargets: []control.PolicyTarget{{ID: adeleID, TargetType: "user"}},
	}
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: tn.factory,
		CheckDestroy:             tn.hasCampaign(newTenantsCampaign()),
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigPlanChecks: policyPlan(
					plancheck.ExpectResourceAction(policyAddress, plancheck.ResourceActionCreate),
					plancheck.ExpectKnownValue(policyAddress, tfjsonpath.New("id"), text(policyID)),
				),
				ConfigStateChecks: []statecheck.StateCheck{
					policyAttribute(text(policyID), "id"),
					policyAttribute(text("enabled"), "state"),
					policyAttribute(knownvalue.Null(), "include", "all_users"),
					policyAttribute(knownvalue.Null(), "include", "user_ids"),
					policyAttribute(knownvalue.SetExact([]knownvalue.Check{text(staffID)}), "include", "group_ids"),
					policyAttribute(knownvalue.SetExact([]knownvalue.Check{text(adeleID)}), "exclude", "user_ids"),
					policyAttribute(text("microsoftAuthenticator"), "authentication_method"),
					policyAttribute(knownvalue.Int64Exact(3), "snooze_days"),
					policyAttribute(knownvalue.Bool(false), "require_registration_after_snoozes"),
				},
				Check: resource.ComposeTestCheckFunc(tn.hasCampaign(want), tn.wroteCampaign(1)),
			},
			{Config: config, ConfigPlanChecks: noPlan, Check: tn.wroteCampaign(0)},
			// An import takes nothing away, whatever the creation took.
			{Config: config, ResourceName: policyAddress, ImportState: true, ImportStateId: policyID, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"adoption_loss"}},
		},
	})
}

func TestEachAttributeOfAPolicyIsUpdatedInPlace(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	campaign := func(edit func(*control.RegistrationCampaign)) *control.RegistrationCampaign {
		return changed(newTenantsCampaign(), func(c *control.RegistrationCampaign) {
			c.State = "enabled"
			edit(c)
		})
	}
	target := func(id, kind, method string) control.CampaignIncludeTarget {
		return control.CampaignIncludeTarget{ID: id, TargetType: kind, TargetedAuthenticationMethod: method}
	}
	step := func(want *control.RegistrationCampaign, lines ...string) resource.TestStep {
		return resource.TestStep{
			Config: tn.provider() + registration(lines...), ConfigPlanChecks: policyUpdates,
			Check: resource.ComposeTestCheckFunc(tn.hasCampaign(want), tn.wroteCampaign(1)),
		}
	}
	first := step(campaign(func(*control.RegistrationCampaign) {}), enabled, everyone)
	first.ConfigPlanChecks = resource.ConfigPlanChecks{}
	tn.run(
		first,
		step(campaign(func(c *control.RegistrationCampaign) { c.SnoozeDurationInDays = new(0) }), enabled, everyone, "snooze_days = 0"),
		step(campaign(func(c *control.RegistrationCampaign) { c.SnoozeDurationInDays = new(14) }), enabled, everyone, "snooze_days = 14"),
		// What is not configured any more stays.
		step(campaign(func(c *control.RegistrationCampaign) {
			c.SnoozeDurationInDays = new(14)
			c.EnforceRegistrationAfterAllowedSnoozes = new(false)
		}), enabled, everyone, "require_registration_after_snoozes = false"),
		step(campaign(func(c *control.RegistrationCampaign) {
			c.SnoozeDurationInDays = new(14)
			c.EnforceRegistrationAfterAllowedSnoozes = new(false)
			c.IncludeTargets = []control.CampaignIncludeTarget{target("all_users", "group", "fido2")}
		}), enabled, everyone, `authentication_method = "FIDO2"`),
		step(campaign(func(c *control.RegistrationCampaign) {
			c.SnoozeDurationInDays = new(2)
			c.EnforceRegistrationAfterAllowedSnoozes = new(true)
			c.IncludeTargets = []control.CampaignIncludeTarget{target(adeleID, "user", "microsoftAuthenticator"), target(alexID, "user", "microsoftAuthenticator")}
		}), enabled, includes("user_ids", adeleID, alexID), `authentication_method = "microsoftAuthenticator"`, "snooze_days = 2", "require_registration_after_snoozes = true"),
		step(campaign(func(c *control.RegistrationCampaign) {
			c.SnoozeDurationInDays = new(2)
			c.IncludeTargets = []control.CampaignIncludeTarget{target(alexID, "user", "microsoftAuthenticator"), target(staffID, "group", "microsoftAuthenticator")}
			c.ExcludeTargets = []control.PolicyTarget{{ID: managersID, TargetType: "group"}}
		}), enabled, fmt.Sprintf("include = {\n user_ids = [%q]\n group_ids = [%q]\n}", alexID, staffID), excludes("group_ids", managersID)),
		// Without exclude nobody is excluded.
		step(campaign(func(c *control.RegistrationCampaign) {
			c.State = "disabled"
			c.SnoozeDurationInDays = new(2)
			c.IncludeTargets = []control.CampaignIncludeTarget{target(alexID, "user", "microsoftAuthenticator"), target(staffID, "group", "microsoftAuthenticator")}
		}), disabled),
		step(campaign(func(c *control.RegistrationCampaign) {
			c.State = "default"
			c.IncludeTargets = []control.CampaignIncludeTarget{target(staffID, "group", "microsoftAuthenticator")}
		}), managed, includes("group_ids", staffID)),
	)
}

func TestOtherSpellingsOfThePolicyAreNoChange(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	upper := "33333333-CCCC-4CCC-8CCC-00000000000A"
	config := func(method, id string) string {
		return tn.provider() + registration(enabled, includes("group_ids", id), fmt.Sprintf("authentication_method = %q", method))
	}
	tn.run(
		resource.TestStep{Config: config("fido2", staffID), Check: tn.wroteCampaign(1)},
		resource.TestStep{Config: config("Fido2", staffID), ConfigPlanChecks: noPlan},
		resource.TestStep{Config: config("fido2", upper), ConfigPlanChecks: noPlan},
		resource.TestStep{
			PreConfig: tn.do(func(ctx context.Context) error {
				return tn.SetBehavior(ctx, control.Behavior{Campaign: control.CampaignBehavior{ReadFIDO2Capitalized: true}})
			}),
			Config: config("fido2", staffID), ConfigPlanChecks: noPlan, Check: tn.wroteCampaign(0),
		},
		// Written so from the start, the spelling stays as well.
		resource.TestStep{Config: tn.provider() + "# gone"},
		resource.TestStep{
			Config: config("FIDO2", upper),
			ConfigStateChecks: []statecheck.StateCheck{
				policyAttribute(text("FIDO2"), "authentication_method"),
				policyAttribute(knownvalue.SetExact([]knownvalue.Check{text(upper)}), "include", "group_ids"),
			},
		},
		resource.TestStep{Config: config("FIDO2", upper), ConfigPlanChecks: noPlan},
	)
}

func TestEmptyAndFalseAreKeptAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	for _, exclude := range []string{"exclude = {}", "exclude = { user_ids = [] }", "exclude = { all_users = false, group_ids = [] }", "# no exclude"} {
		config := tn.provider() + registration(enabled, fmt.Sprintf("include = { all_users = false, user_ids = [], group_ids = [%q] }", staffID), exclude)
		tn.run(resource.TestStep{Config: config}, resource.TestStep{Config: config, ConfigPlanChecks: noPlan})
	}
}

func TestWhatMicrosoftManagesIsNoDrift(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	config := tn.provider() + registration(managed, includes("group_ids", staffID))
	tn.run(
		resource.TestStep{
			Config: config,
			ConfigPlanChecks: policyPlan(
				plancheck.ExpectUnknownValue(policyAddress, tfjsonpath.New("authentication_method")),
				plancheck.ExpectUnknownValue(policyAddress, tfjsonpath.New("snooze_days")),
				plancheck.ExpectUnknownValue(policyAddress, tfjsonpath.New("require_registration_after_snoozes")),
			),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(text("microsoftAuthenticator"), "authentication_method")},
			Check:             tn.wroteCampaign(1),
		},
		resource.TestStep{
			PreConfig: tn.patchCampaign(`{"snoozeDurationInDays":7,"enforceRegistrationAfterAllowedSnoozes":false,` +
				`"includeTargets":[{"id":"` + staffID + `","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`),
			Config: config, ConfigPlanChecks: noPlan, Check: tn.wroteCampaign(0),
		},
		resource.TestStep{
			RefreshState: true,
			Check: resource.ComposeTestCheckFunc(
				resource.TestCheckResourceAttr(policyAddress, "authentication_method", "fido2"),
				resource.TestCheckResourceAttr(policyAddress, "snooze_days", "7"),
				resource.TestCheckResourceAttr(policyAddress, "require_registration_after_snoozes", "false"),
			),
		},
		// A change of what is ours leaves alone what is Microsoft's, which may change in the meantime.
		resource.TestStep{
			Config: tn.provider() + registration(managed, includes("group_ids", staffID), excludes("group_ids", managersID)),
			ConfigPlanChecks: policyPlan(
				plancheck.ExpectResourceAction(policyAddress, plancheck.ResourceActionUpdate),
				plancheck.ExpectUnknownValue(policyAddress, tfjsonpath.New("snooze_days")),
			),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.Int64Exact(7), "snooze_days")},
			Check:             tn.wroteCampaign(1),
		},
		// The control: who is asked is ours, and a change of it by somebody else is drift.
		resource.TestStep{
			PreConfig: tn.patchCampaign(`{"excludeTargets":[]}`),
			Config:    tn.provider() + registration(managed, includes("group_ids", staffID), excludes("group_ids", managersID)), PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		// So is the state.
		resource.TestStep{
			PreConfig: tn.patchCampaign(`{"state":"enabled"}`),
			Config:    config, PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		resource.TestStep{Config: config},
		// Taking the policy over from Microsoft keeps what is not configured.
		resource.TestStep{
			Config: tn.provider() + registration(enabled, includes("group_ids", staffID), "snooze_days = 2"),
			ConfigPlanChecks: policyPlan(
				plancheck.ExpectKnownValue(policyAddress, tfjsonpath.New("require_registration_after_snoozes"), knownvalue.Bool(true)),
				plancheck.ExpectKnownValue(policyAddress, tfjsonpath.New("authentication_method"), text("microsoftAuthenticator")),
			),
		},
	)
}

func TestAnAdministratorsChangeOfThePolicyIsDriftAndIsRepaired(t *testing.T) {
	t.Parallel()
	for name, members := range map[string]string{
		"state":   `{"state":"disabled"}`,
		"managed": `{"state":"default"}`,
		"snooze":  `{"snoozeDurationInDays":14}`,
		"limit":   `{"enforceRegistrationAfterAllowedSnoozes":false}`,
		"method":  `{"includeTargets":[{"id":"` + staffID + `","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`,
		"include": `{"includeTargets":[{"id":"` + leaversID + `","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}]}`,
		"nobody":  `{"includeTargets":[]}`,
		"kind":    `{"includeTargets":[{"id":"` + staffID + `","targetType":"user","targetedAuthenticationMethod":"microsoftAuthenticator"}]}`,
		"all":     `{"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}]}`,
		"exclude": `{"excludeTargets":[{"id":"` + adeleID + `","targetType":"user"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newCampaignTenant(t)
			config := tn.provider() + registration(enabled, includes("group_ids", staffID), `authentication_method = "microsoftAuthenticator"`,
				"snooze_days = 1", "require_registration_after_snoozes = true")
			var ours *control.RegistrationCampaign
			tn.run(
				resource.TestStep{Config: config, Check: func(*terraform.State) error { ours = tn.campaignNow(); return nil }},
				resource.TestStep{PreConfig: tn.patchCampaign(members), Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
				resource.TestStep{Config: config, ConfigPlanChecks: policyUpdates, Check: func(*terraform.State) error {
					return tn.campaignIs(changed(ours, func(c *control.RegistrationCampaign) { c.ExcludeTargets = nil }))
				}},
			)
		})
	}
}

func TestAPolicyThatIsThereAlreadyIsAdoptedWithoutAWrite(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	config := tn.provider() + registration(enabled, everyone)
	tn.run(
		resource.TestStep{
			PreConfig: tn.patchCampaign(`{"state":"enabled","snoozeDurationInDays":5}`),
			Config:    config,
			ConfigPlanChecks: policyPlan(
				// What is not configured stays as it is, whatever that will be by then.
				plancheck.ExpectUnknownValue(policyAddress, tfjsonpath.New("snooze_days")),
			),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.Int64Exact(5), "snooze_days")},
			Check:             tn.wroteCampaign(0),
		},
		resource.TestStep{Config: config, ConfigPlanChecks: noPlan},
		resource.TestStep{Config: tn.provider() + "# gone", Check: tn.wroteCampaign(0)},
		resource.TestStep{
			Config: tn.provider() + registration(disabled),
			ConfigPlanChecks: policyPlan(
				plancheck.ExpectUnknownValue(policyAddress, tfjsonpath.New("include")),
			),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.Bool(true), "include", "all_users")},
			Check:             tn.wroteCampaign(1),
		},
	)
}

func TestADestroyGivesBackWhatWasThereBeforeWhateverCameBetween(t *testing.T) {
	t.Parallel()
	before := &control.RegistrationCampaign{
		State: "enabled", SnoozeDurationInDays: new(0), EnforceRegistrationAfterAllowedSnoozes: new(false),
		IncludeTargets: []control.CampaignIncludeTarget{
			{ID: adeleID, TargetType: "user", TargetedAuthenticationMethod: "fido2"},
			{ID: staffID, TargetType: "group", TargetedAuthenticationMethod: "fido2"},
		},
		ExcludeTargets: []control.PolicyTarget{{ID: alexID, TargetType: "user"}, {ID: leaversID, TargetType: "group"}},
	}
	start := func(t *testing.T) *tenant {
		t.Helper()
		tenant := campaignTenant()
		campaign := *before
		tenant.AuthenticationMethodsPolicy = &control.AuthenticationMethodsPolicy{
			RegistrationEnforcement: &control.RegistrationEnforcement{AuthenticationMethodsRegistrationCampaign: &campaign},
		}
		options := quick()
		// A slow machine must not take an old replica for a change that has lasted.
		options.Consistency.Drift = 2 * time.Second
		return startTenant(t, tenant, options)
	}
	ours := registration(enabled, everyone, `authentication_method = "microsoftAuthenticator"`)
	remove := func(tn *tenant, groups ...string) func() {
		return tn.do(func(ctx context.Context) error {
			for _, group := range groups {
				if err := tn.DeleteGroup(ctx, group); err != nil {
					return err
				}
			}
			return nil
		})
	}

	t.Run("after updates and drift", func(t *testing.T) {
		t.Parallel()
		tn := start(t)
		tn.run(
			resource.TestStep{Config: tn.provider() + ours},
			resource.TestStep{Config: tn.provider() + registration(managed, everyone)},
			resource.TestStep{Config: tn.provider() + registration(disabled)},
			resource.TestStep{PreConfig: tn.patchCampaign(`{"state":"enabled","snoozeDurationInDays":9}`), Config: tn.provider() + ours},
			resource.TestStep{Config: tn.provider() + "# gone", Check: resource.ComposeTestCheckFunc(tn.hasCampaign(before), tn.wroteCampaign(4))},
		)
	})
	t.Run("after an import, what was there at the import", func(t *testing.T) {
		t.Parallel()
		tn := start(t)
		tn.run(
			resource.TestStep{
				Config: tn.provider() + ours, ResourceName: policyAddress, ImportState: true, ImportStateId: policyID, ImportStatePersist: true,
			},
			resource.TestStep{Config: tn.provider() + ours, ConfigPlanChecks: policyUpdates, Check: tn.wroteCampaign(1)},
			resource.TestStep{Config: tn.provider() + "# gone", Check: tn.hasCampaign(before)},
		)
	})
	t.Run("without those who are gone", func(t *testing.T) {
		t.Parallel()
		tn := start(t)
		tn.run(
			resource.TestStep{Config: tn.provider() + ours},
			resource.TestStep{
				PreConfig: remove(tn, staffID, leaversID), Config: tn.provider() + "# gone",
				Check: tn.hasCampaign(&control.RegistrationCampaign{
					State: "enabled", SnoozeDurationInDays: new(0), EnforceRegistrationAfterAllowedSnoozes: new(false),
					IncludeTargets: before.IncludeTargets[:1], ExcludeTargets: before.ExcludeTargets[:1],
				}),
			},
		)
	})
	t.Run("disabled where nobody is left", func(t *testing.T) {
		t.Parallel()
		tn := start(t)
		tn.run(
			resource.TestStep{Config: tn.provider() + ours},
			resource.TestStep{
				PreConfig: tn.do(func(ctx context.Context) error {
					remove(tn, staffID)()
					return tn.DeleteUser(ctx, adeleID)
				}),
				Config: tn.provider() + "# gone",
				Check: tn.hasCampaign(&control.RegistrationCampaign{
					State: "disabled", SnoozeDurationInDays: new(0), EnforceRegistrationAfterAllowedSnoozes: new(false),
					IncludeTargets: []control.CampaignIncludeTarget{{ID: "all_users", TargetType: "group", TargetedAuthenticationMethod: "microsoftAuthenticator"}},
					ExcludeTargets: before.ExcludeTargets,
				}),
			},
		)
	})
	t.Run("a replacement adopts what its predecessor gave back", func(t *testing.T) {
		t.Parallel()
		tn := start(t)
		tn.run(
			resource.TestStep{Config: tn.provider() + replaceable("a", ours)},
			resource.TestStep{
				PreConfig: tn.do(func(ctx context.Context) error {
					return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 6, Alternate: true}})
				}),
				Config:           tn.provider() + replaceable("b", ours),
				ConfigPlanChecks: policyPlan(plancheck.ExpectResourceAction(policyAddress, plancheck.ResourceActionDestroyBeforeCreate)),
				Check:            tn.wroteCampaign(3),
			},
			resource.TestStep{Config: tn.provider() + "# gone", Check: tn.hasCampaign(before)},
		)
	})
	t.Run("a tainted resource has forgotten it", func(t *testing.T) {
		t.Parallel()
		tn := start(t)
		tn.run(
			resource.TestStep{Config: tn.provider() + ours, Check: tn.wroteCampaign(1)},
			resource.TestStep{Config: tn.provider() + ours, Taint: []string{policyAddress}, Check: tn.wroteCampaign(0)},
		)
	})
}

// replaceable is a configuration whose policy is replaced when the trigger changes.
func replaceable(trigger, policy string) string {
	return "resource \"terraform_data\" \"trigger\" {\n  input = \"" + trigger + "\"\n}\n" +
		strings.TrimSuffix(policy, "}\n") + "  lifecycle {\n    replace_triggered_by = [terraform_data.trigger]\n  }\n}\n"
}

func TestTheRestOfTheMethodsPolicyIsLeftAlone(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	rest := func() *control.AuthenticationMethodsPolicy {
		t.Helper()
		policy, err := tn.GetAuthenticationMethodsPolicy(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		policy.RegistrationEnforcement, policy.LastModifiedDateTime = nil, nil
		return policy
	}
	if _, err := tn.PatchAuthenticationMethodsPolicy(context.Background(), json.RawMessage(
		`{"reconfirmationInDays":90,"policyMigrationState":"migrationComplete","systemCredentialPreferences":{"state":"enabled"},`+
			`"reportSuspiciousActivitySettings":{"state":"disabled","voiceReportingCode":7}}`)); err != nil {
		t.Fatal(err)
	}
	before := rest()
	unchanged := func(*terraform.State) error {
		if diff := cmp.Diff(before, rest()); diff != "" {
			return fmt.Errorf("the rest of the policy (-before +after):\n%s", diff)
		}
		return nil
	}
	tn.run(
		resource.TestStep{Config: tn.provider() + registration(enabled, everyone), Check: resource.ComposeTestCheckFunc(unchanged, tn.wroteCampaign(1))},
		resource.TestStep{Config: tn.provider() + registration(managed, everyone), Check: resource.ComposeTestCheckFunc(unchanged, tn.wroteCampaign(1))},
		resource.TestStep{Config: tn.provider() + "# gone", Check: unchanged},
	)
}

func TestBadPoliciesAreRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	for name, c := range map[string]struct {
		config string
		error  []string
	}{
		"unknown state":   {registration(`state = "on"`), []string{"state", `"enabled"`, `"disabled"`, `"microsoft_managed"`}},
		"Graph's default": {registration(`state = "default"`), []string{"state", `"microsoft_managed"`}},
		"without anybody": {
			registration(enabled), []string{"Registration policy without anybody in it", `With the state "enabled" somebody has to be included`, "include.all_users", `has the state "disabled"`},
		},
		"empty include":       {registration(enabled, "include = {}"), []string{"Registration policy without anybody in it", "with entramfa_registration_policy.test", "include = {}"}},
		"empty lists":         {registration(enabled, "include = { all_users = false, user_ids = [], group_ids = [] }"), []string{"Registration policy without anybody in it"}},
		"managed and empty":   {registration(managed, "include = { user_ids = [] }"), []string{"Registration policy without anybody in it", `"microsoft_managed"`}},
		"everybody excluded":  {registration(enabled, everyone, "exclude = { all_users = true }"), []string{"Registration policy without anybody in it", "Excluding all users leaves nobody"}},
		"all users and ids":   {registration(enabled, fmt.Sprintf("include = {\n all_users = true\n group_ids = [%q]\n}", staffID)), []string{"Ids beside all_users", "include.group_ids change nothing"}},
		"managed with method": {registration(managed, everyone, `authentication_method = "fido2"`), []string{"authentication_method is Microsoft's in this state", `authentication_method = "fido2"`, `With the state "microsoft_managed"`, `"enabled"`}},
		"managed with snooze": {registration(managed, everyone, "snooze_days = 1"), []string{"snooze_days is Microsoft's in this state", "snooze_days = 1", "Remove snooze_days"}},
		"managed with limit":  {registration(managed, everyone, "require_registration_after_snoozes = true"), []string{"require_registration_after_snoozes is Microsoft's in this state"}},
		"snooze too long":     {registration(enabled, everyone, "snooze_days = 15"), []string{"snooze_days", "between 0 and 14", "15"}},
		"snooze negative":     {registration(enabled, everyone, "snooze_days = -1"), []string{"snooze_days", "between 0 and 14"}},
		"unknown method":      {registration(enabled, everyone, `authentication_method = "sms"`), []string{"authentication_method", `"microsoftAuthenticator"`, `"fido2"`}},
		"name for an id":      {registration(enabled, includes("user_ids", adeleUPN)), []string{"Invalid GUID", "looks like a user principal name"}},
		"no id":               {registration(enabled, includes("group_ids", "Staff")), []string{"Invalid GUID", `"Staff" is not an id`}},
		"unknown user": {
			registration(enabled, includes("user_ids", adeleID, nobodyID)),
			[]string{fmt.Sprintf("User %q not found", nobodyID), "include.user_ids names it", "there is no such user in tenant " + tenantID, "tenant_id"},
		},
		"unknown group": {
			registration(enabled, everyone, excludes("group_ids", nobodyID)), []string{fmt.Sprintf("Group %q not found", nobodyID), "exclude.group_ids names it, and there is no such group in tenant " + tenantID},
		},
		"group as user": {
			registration(enabled, includes("user_ids", staffID)), []string{fmt.Sprintf("%q is not a user", staffID), "It is the id of the group Staff", "Move it from include.user_ids to include.group_ids"},
		},
		"user as group": {
			registration(enabled, everyone, excludes("group_ids", adeleID)),
			[]string{fmt.Sprintf("%q is not a group", adeleID), "It is the id of the user adele.vance@contoso.example", "Move it from exclude.group_ids to exclude.user_ids"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.factory,
				Steps:                    []resource.TestStep{{Config: tn.provider() + c.config, PlanOnly: true, ExpectError: says(c.error...)}},
			})
		})
	}
}

func TestAPolicyIsCheckedAgainAtApplyWhereThePlanCouldNot(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	late := func(value string, lines ...string) string {
		return tn.provider() + fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %s\n}\n", value) + registration(lines...)
	}
	const element = "include = { group_ids = [terraform_data.late.output] }"
	untouched := func() {
		if n := tn.policyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); n != 0 {
			t.Errorf("the policy was written %d times by a refused apply", n)
		}
	}
	tn.run(
		resource.TestStep{Config: late(fmt.Sprintf("%q", adeleID), enabled, element), ExpectError: says("is not a group", "It is the id of the user adele.vance@contoso.example")},
		resource.TestStep{PreConfig: untouched, Config: late(fmt.Sprintf("%q", nobodyID), enabled, element), ExpectError: says(fmt.Sprintf("Group %q not found", nobodyID))},
		resource.TestStep{
			PreConfig: untouched, Config: late(`"microsoft_managed"`, "state = terraform_data.late.output", everyone, "snooze_days = 1"),
			ExpectError: says("snooze_days is Microsoft's in this state"),
		},
		resource.TestStep{
			PreConfig: untouched, Config: late("{ group_ids = [] }", enabled, "include = terraform_data.late.output"),
			ExpectError: says("Registration policy without anybody in it"),
		},
		resource.TestStep{
			PreConfig: untouched, Config: late(fmt.Sprintf("%q", staffID), enabled, element),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.SetExact([]knownvalue.Check{text(staffID)}), "include", "group_ids")},
			Check:             tn.wroteCampaign(1),
		},
		resource.TestStep{Config: late(fmt.Sprintf("%q", staffID), enabled, element), ConfigPlanChecks: noPlan},
	)
}

func TestAMissingPermissionForThePolicyIsNamed(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	config := registration(enabled, includes("group_ids", staffID))
	permit := func(permissions ...string) func() {
		return tn.do(func(ctx context.Context) error {
			_, err := tn.PatchApp(ctx, appID, control.AppPatch{Permissions: &permissions})
			return err
		})
	}
	tn.run(
		// To plan is to read.
		resource.TestStep{Config: tn.providerAs(planAppID, planSecret) + config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config:      tn.providerAs(planAppID, planSecret) + config,
			ExpectError: says("Unable to write the registration campaign", "HTTP 403 Authorization_RequestDenied", "Policy.ReadWrite.AuthenticationMethod", "request-id"),
		},
		resource.TestStep{
			PreConfig: permit("User.Read.All", "GroupMember.Read.All"), Config: tn.provider() + config,
			ExpectError: says("Unable to read the registration campaign", "HTTP 403", "Policy.Read.All"),
		},
		resource.TestStep{
			PreConfig: permit("Policy.ReadWrite.AuthenticationMethod"), Config: tn.provider() + config,
			ExpectError: says("Unable to look up user or group", "HTTP 403", "User.Read.All with GroupMember.Read.All"),
		},
		resource.TestStep{
			PreConfig:   permit("User.Read.All", "Policy.ReadWrite.AuthenticationMethod"),
			Config:      tn.provider(fmt.Sprintf("emergency_access = { user_ids = [%q] }", rescueID)) + config,
			ExpectError: says("Unable to check in which groups user", "HTTP 403", "GroupMember.Read.All"),
		},
	)
}

func TestNoFailureToReadForgetsThePolicy(t *testing.T) {
	t.Parallel()
	forever := 0
	for name, c := range map[string]struct {
		fault control.Fault
		error []string
	}{
		"400":            {control.Fault{Status: 400, Code: "BadRequest", Message: "No."}, []string{"This cloud has no registration campaign", "HTTP 400 BadRequest"}},
		"404":            {control.Fault{Status: 404, Code: "ResourceNotFound", Message: "No."}, []string{"This cloud has no registration campaign", "HTTP 404 ResourceNotFound"}},
		"403":            {control.Fault{Status: 403, Code: "Authorization_RequestDenied", Message: "No."}, []string{"HTTP 403", "Policy.Read.All"}},
		"503":            {control.Fault{Status: 503, Code: "ServiceUnavailable", Message: "Later."}, []string{"HTTP 503"}},
		"404 of a proxy": {control.Fault{Status: 404, Body: "<html>Not here</html>", ContentType: "text/html"}, []string{"HTTP 404", "not Microsoft Graph's JSON"}},
		"no campaign":    {control.Fault{Status: 200, Body: `{"registrationEnforcement":null}`, ContentType: "application/json"}, []string{"This cloud has no registration campaign", "holds no registration campaign"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newCampaignTenant(t)
			config := tn.provider() + registration(enabled, everyone)
			fault := c.fault
			fault.Method, fault.PathRegexp, fault.Times = "GET", "/authenticationMethodsPolicy$", &forever
			tn.run(
				resource.TestStep{Config: config},
				resource.TestStep{PreConfig: tn.fault(fault), Config: config, PlanOnly: true, ExpectError: says(c.error...)},
				resource.TestStep{PreConfig: tn.heal(), Config: config, ConfigPlanChecks: noPlan},
			)
		})
	}
}

func TestStaleReplicasOfThePolicyDoNotReachTheState(t *testing.T) {
	t.Parallel()
	for name, lag := range map[string]control.ReplicaLag{
		"the first reads are old": {Reads: 4},
		"old for a while":         {DurationMs: 300},
		"old and new by turns":    {Reads: 6, Alternate: true},
		"by turns, for some time": {DurationMs: 300, Alternate: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newCampaignTenant(t)
			slow := tn.do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}) })
			settled := tn.do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{}) })
			settle := func(*terraform.State) error { settled(); return nil }
			tn.run(
				resource.TestStep{PreConfig: slow, Config: tn.provider() + registration(enabled, everyone, "snooze_days = 4"), ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.Int64Exact(4), "snooze_days")}, Check: settle},
				resource.TestStep{PreConfig: slow, Config: tn.provider() + registration(managed, everyone), ConfigStateChecks: []statecheck.StateCheck{policyAttribute(text("microsoft_managed"), "state")}, Check: settle},
				resource.TestStep{PreConfig: slow, Config: tn.provider() + "# gone", Check: tn.hasCampaign(newTenantsCampaign())},
			)
		})
	}
}

func TestWhatAServiceMayDoOtherwiseMakesNoDifference(t *testing.T) {
	t.Parallel()
	for name, behavior := range map[string]control.CampaignBehavior{
		"204 without a body":         {StatusOnWrite: 204},
		"merging writes":             {MergeOnWrite: true},
		"the limit on both versions": {LimitOn: control.LimitOnBoth},
		"passkeys when handed over":  {ManagedMethod: "fido2"},
		"Fido2":                      {ReadFIDO2Capitalized: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newCampaignTenant(t)
			if err := tn.SetBehavior(context.Background(), control.Behavior{Campaign: behavior}); err != nil {
				t.Fatal(err)
			}
			full := tn.provider() + registration(enabled, everyone, `authentication_method = "fido2"`, "snooze_days = 3", "require_registration_after_snoozes = false", excludes("user_ids", alexID))
			handedOver := tn.provider() + registration(managed, everyone)
			tn.run(
				resource.TestStep{Config: full}, resource.TestStep{Config: full, ConfigPlanChecks: noPlan},
				resource.TestStep{Config: handedOver}, resource.TestStep{Config: handedOver, ConfigPlanChecks: noPlan},
			)
		})
	}
}

func TestACloudThatDoesNotKnowTheLimit(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	if err := tn.SetBehavior(context.Background(), control.Behavior{Campaign: control.CampaignBehavior{LimitOn: control.LimitNowhere}}); err != nil {
		t.Fatal(err)
	}
	config := tn.provider() + registration(enabled, everyone, "snooze_days = 3")
	tn.run(
		resource.TestStep{Config: config, ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.Null(), "require_registration_after_snoozes")}},
		resource.TestStep{Config: config, ConfigPlanChecks: noPlan},
		resource.TestStep{
			Config:      tn.provider() + registration(enabled, everyone, "require_registration_after_snoozes = true"),
			ExpectError: says("Unable to write the registration campaign", "HTTP 400", "enforceRegistrationAfterAllowedSnoozes"),
		},
	)
}

func TestATenantThatDoesNotKnowPasskeyCampaignsSaysSo(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	if err := tn.SetBehavior(context.Background(), control.Behavior{Campaign: control.CampaignBehavior{RefuseEnabledFIDO2: true}}); err != nil {
		t.Fatal(err)
	}
	tn.run(
		resource.TestStep{
			Config:      tn.provider() + registration(enabled, everyone, `authentication_method = "fido2"`),
			ExpectError: says("Unable to write the registration campaign", `authentication_method = "fido2"`, "HTTP 400 BadRequest", "may not have reached this one", `"microsoft_managed"`),
		},
		resource.TestStep{Config: tn.provider() + registration(enabled, everyone, `authentication_method = "microsoftAuthenticator"`)},
	)
}

func TestPoliciesOfTheClouds(t *testing.T) {
	t.Parallel()
	for _, cloud := range []string{control.CloudPublic, control.CloudUSGovernment, control.CloudDoD, control.CloudChina} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			people := campaignTenant()
			people.Cloud = cloud
			tn := startTenant(t, people, quick())
			config := tn.provider() + registration(enabled, everyone)
			tn.run(resource.TestStep{Config: config, Check: tn.wroteCampaign(1)}, resource.TestStep{Config: config, ConfigPlanChecks: noPlan})
		})
	}
}

func TestASecondPolicyIsRefused(t *testing.T) {
	t.Parallel()
	again := func(name string, lines ...string) string {
		return strings.Replace(registration(lines...), `"test"`, `"`+name+`"`, 1)
	}
	second := says("A second registration policy for the same tenant", "has one registration campaign", "moved block", "terraform state rm", "an alias")
	for name, other := range map[string]string{
		"another":          again("other", managed, everyone),
		"the same again":   again("other", enabled, everyone),
		"under a new name": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newCampaignTenant(t)
			one := registration(enabled, everyone)
			if other == "" {
				renamed := again("renamed", enabled, everyone)
				tn.run(
					resource.TestStep{Config: tn.provider() + one},
					resource.TestStep{Config: tn.provider() + renamed, ExpectError: second},
					resource.TestStep{
						Config:           tn.provider() + renamed + "moved {\n  from = " + policyAddress + "\n  to = entramfa_registration_policy.renamed\n}\n",
						ConfigPlanChecks: policyPlan(plancheck.ExpectResourceAction("entramfa_registration_policy.renamed", plancheck.ResourceActionNoop)),
					},
				)
				return
			}
			tn.run(
				resource.TestStep{Config: tn.provider() + one + other, ExpectError: second},
				resource.TestStep{Config: tn.provider() + one, Check: tn.wroteCampaign(1)},
				resource.TestStep{Config: tn.provider() + one + strings.Replace(other, `"enabled"`, `"disabled"`, 1), ExpectError: second},
			)
		})
	}
	t.Run("both in the state", func(t *testing.T) {
		t.Parallel()
		tn := newCampaignTenant(t)
		one, other := registration(enabled, everyone), again("other", enabled, everyone)
		tn.run(
			resource.TestStep{Config: tn.provider() + one},
			resource.TestStep{Config: tn.provider() + one + other, ResourceName: "entramfa_registration_policy.other", ImportState: true, ImportStateId: policyID, ImportStatePersist: true},
			resource.TestStep{Config: tn.provider() + one + other, ExpectError: second},
			// One of the two can be got rid of.
			resource.TestStep{
				Config: tn.provider() + one + "removed {\n  from = entramfa_registration_policy.other\n  lifecycle {\n    destroy = false\n  }\n}\n",
				Check:  tn.wroteCampaign(1),
			},
		)
	})
	t.Run("a replacement is none", func(t *testing.T) {
		t.Parallel()
		tn := newCampaignTenant(t)
		config := func(trigger string) string {
			return tn.provider() + replaceable(trigger, registration(enabled, everyone))
		}
		tn.run(
			resource.TestStep{Config: config("a")},
			resource.TestStep{Config: config("b"), ConfigPlanChecks: policyPlan(plancheck.ExpectResourceAction(policyAddress, plancheck.ResourceActionDestroyBeforeCreate))},
		)
	})
}

func TestImportOfAPolicyRefusesOtherIDs(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	config := tn.provider() + registration(enabled, everyone)
	tn.run(
		resource.TestStep{Config: config},
		resource.TestStep{
			Config: config, ResourceName: policyAddress, ImportState: true, ImportStateId: "default",
			ExpectError: says("Invalid import id", `its id is always "authenticationMethodsPolicy"`, `"default" is not it`),
		},
	)
}

func TestAPolicyThatNeverShowsIsRecordedAsWritten(t *testing.T) {
	t.Parallel()
	options := quick()
	options.Consistency.Timeout = 200 * time.Millisecond
	tn := startTenant(t, campaignTenant(), options)
	tn.run(resource.TestStep{
		PreConfig: tn.do(func(ctx context.Context) error {
			return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000}})
		}),
		Config:             tn.provider() + registration(enabled, everyone, "snooze_days = 6"),
		ConfigStateChecks:  []statecheck.StateCheck{policyAttribute(text("enabled"), "state"), policyAttribute(knownvalue.Int64Exact(6), "snooze_days")},
		ExpectNonEmptyPlan: true,
	})
}
