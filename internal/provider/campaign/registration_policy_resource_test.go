package campaign_test

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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

var registration = acctest.Registration

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
	return statecheck.ExpectKnownValue(acctest.PolicyAddress, at, value)
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

func policyPlan(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks}
}

var (
	noPlan        = policyPlan(plancheck.ExpectEmptyPlan())
	policyUpdates = policyPlan(plancheck.ExpectResourceAction(acctest.PolicyAddress, plancheck.ResourceActionUpdate))
)

func TestARegistrationPolicyIsAdoptedUpdatedImportedAndGivenBack(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	config := tn.Provider() + registration(enabled, includes("group_ids", acctest.StaffID), excludes("user_ids", acctest.AdeleID),
		`authentication_method = "microsoftAuthenticator"`, "snooze_days = 3", "require_registration_after_snoozes = false")
	want := &control.RegistrationCampaign{
		State: "enabled", SnoozeDurationInDays: new(3), EnforceRegistrationAfterAllowedSnoozes: new(false),
		IncludeTargets: []control.CampaignIncludeTarget{{ID: acctest.StaffID, TargetType: "group", TargetedAuthenticationMethod: "microsoftAuthenticator"}},
		ExcludeTargets: []control.PolicyTarget{{ID: acctest.AdeleID, TargetType: "user"}},
	}
	acctest.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: tn.Factory,
		CheckDestroy:             tn.HasCampaign(newTenantsCampaign()),
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigPlanChecks: policyPlan(
					plancheck.ExpectResourceAction(acctest.PolicyAddress, plancheck.ResourceActionCreate),
					plancheck.ExpectKnownValue(acctest.PolicyAddress, tfjsonpath.New("id"), acctest.Text(acctest.PolicyID)),
				),
				ConfigStateChecks: []statecheck.StateCheck{
					policyAttribute(acctest.Text(acctest.PolicyID), "id"),
					policyAttribute(acctest.Text("enabled"), "state"),
					policyAttribute(knownvalue.Null(), "include", "all_users"),
					policyAttribute(knownvalue.Null(), "include", "user_ids"),
					policyAttribute(knownvalue.SetExact([]knownvalue.Check{acctest.Text(acctest.StaffID)}), "include", "group_ids"),
					policyAttribute(knownvalue.SetExact([]knownvalue.Check{acctest.Text(acctest.AdeleID)}), "exclude", "user_ids"),
					policyAttribute(acctest.Text("microsoftAuthenticator"), "authentication_method"),
					policyAttribute(knownvalue.Int64Exact(3), "snooze_days"),
					policyAttribute(knownvalue.Bool(false), "require_registration_after_snoozes"),
				},
				Check: resource.ComposeTestCheckFunc(tn.HasCampaign(want), tn.WroteCampaign(1)),
			},
			{Config: config, ConfigPlanChecks: noPlan, Check: tn.WroteCampaign(0)},
			// An import takes nothing away, whatever the creation took.
			{Config: config, ResourceName: acctest.PolicyAddress, ImportState: true, ImportStateId: acctest.PolicyID, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"adoption_loss"}},
		},
	})
}

func TestEachAttributeOfAPolicyIsUpdatedInPlace(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
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
			Config: tn.Provider() + registration(lines...), ConfigPlanChecks: policyUpdates,
			Check: resource.ComposeTestCheckFunc(tn.HasCampaign(want), tn.WroteCampaign(1)),
		}
	}
	first := step(campaign(func(*control.RegistrationCampaign) {}), enabled, everyone)
	first.ConfigPlanChecks = resource.ConfigPlanChecks{}
	tn.Run(
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
			c.IncludeTargets = []control.CampaignIncludeTarget{target(acctest.AdeleID, "user", "microsoftAuthenticator"), target(acctest.AlexID, "user", "microsoftAuthenticator")}
		}), enabled, includes("user_ids", acctest.AdeleID, acctest.AlexID), `authentication_method = "microsoftAuthenticator"`, "snooze_days = 2", "require_registration_after_snoozes = true"),
		step(campaign(func(c *control.RegistrationCampaign) {
			c.SnoozeDurationInDays = new(2)
			c.IncludeTargets = []control.CampaignIncludeTarget{target(acctest.AlexID, "user", "microsoftAuthenticator"), target(acctest.StaffID, "group", "microsoftAuthenticator")}
			c.ExcludeTargets = []control.PolicyTarget{{ID: acctest.ManagersID, TargetType: "group"}}
		}), enabled, fmt.Sprintf("include = {\n user_ids = [%q]\n group_ids = [%q]\n}", acctest.AlexID, acctest.StaffID), excludes("group_ids", acctest.ManagersID)),
		// Without exclude nobody is excluded.
		step(campaign(func(c *control.RegistrationCampaign) {
			c.State = "disabled"
			c.SnoozeDurationInDays = new(2)
			c.IncludeTargets = []control.CampaignIncludeTarget{target(acctest.AlexID, "user", "microsoftAuthenticator"), target(acctest.StaffID, "group", "microsoftAuthenticator")}
		}), disabled),
		step(campaign(func(c *control.RegistrationCampaign) {
			c.State = "default"
			c.IncludeTargets = []control.CampaignIncludeTarget{target(acctest.StaffID, "group", "microsoftAuthenticator")}
		}), managed, includes("group_ids", acctest.StaffID)),
	)
}

func TestOtherSpellingsOfThePolicyAreNoChange(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	upper := "33333333-CCCC-4CCC-8CCC-00000000000A"
	config := func(method, id string) string {
		return tn.Provider() + registration(enabled, includes("group_ids", id), fmt.Sprintf("authentication_method = %q", method))
	}
	tn.Run(
		resource.TestStep{Config: config("fido2", acctest.StaffID), Check: tn.WroteCampaign(1)},
		resource.TestStep{Config: config("Fido2", acctest.StaffID), ConfigPlanChecks: noPlan},
		resource.TestStep{Config: config("fido2", upper), ConfigPlanChecks: noPlan},
		resource.TestStep{
			PreConfig: tn.Do(func(ctx context.Context) error {
				return tn.SetBehavior(ctx, control.Behavior{Campaign: control.CampaignBehavior{ReadFIDO2Capitalized: true}})
			}),
			Config: config("fido2", acctest.StaffID), ConfigPlanChecks: noPlan, Check: tn.WroteCampaign(0),
		},
		// Written so from the start, the spelling stays as well.
		resource.TestStep{Config: tn.Provider() + "# gone"},
		resource.TestStep{
			Config: config("FIDO2", upper),
			ConfigStateChecks: []statecheck.StateCheck{
				policyAttribute(acctest.Text("FIDO2"), "authentication_method"),
				policyAttribute(knownvalue.SetExact([]knownvalue.Check{acctest.Text(upper)}), "include", "group_ids"),
			},
		},
		resource.TestStep{Config: config("FIDO2", upper), ConfigPlanChecks: noPlan},
	)
}

func TestEmptyAndFalseAreKeptAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	for _, exclude := range []string{"exclude = {}", "exclude = { user_ids = [] }", "exclude = { all_users = false, group_ids = [] }", "# no exclude"} {
		config := tn.Provider() + registration(enabled, fmt.Sprintf("include = { all_users = false, user_ids = [], group_ids = [%q] }", acctest.StaffID), exclude)
		tn.Run(resource.TestStep{Config: config}, resource.TestStep{Config: config, ConfigPlanChecks: noPlan})
	}
}

func TestWhatMicrosoftManagesIsNoDrift(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	config := tn.Provider() + registration(managed, includes("group_ids", acctest.StaffID))
	tn.Run(
		resource.TestStep{
			Config: config,
			ConfigPlanChecks: policyPlan(
				plancheck.ExpectUnknownValue(acctest.PolicyAddress, tfjsonpath.New("authentication_method")),
				plancheck.ExpectUnknownValue(acctest.PolicyAddress, tfjsonpath.New("snooze_days")),
				plancheck.ExpectUnknownValue(acctest.PolicyAddress, tfjsonpath.New("require_registration_after_snoozes")),
			),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(acctest.Text("microsoftAuthenticator"), "authentication_method")},
			Check:             tn.WroteCampaign(1),
		},
		resource.TestStep{
			PreConfig: tn.PatchCampaign(`{"snoozeDurationInDays":7,"enforceRegistrationAfterAllowedSnoozes":false,` +
				`"includeTargets":[{"id":"` + acctest.StaffID + `","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`),
			Config: config, ConfigPlanChecks: noPlan, Check: tn.WroteCampaign(0),
		},
		resource.TestStep{
			RefreshState: true,
			Check: resource.ComposeTestCheckFunc(
				resource.TestCheckResourceAttr(acctest.PolicyAddress, "authentication_method", "fido2"),
				resource.TestCheckResourceAttr(acctest.PolicyAddress, "snooze_days", "7"),
				resource.TestCheckResourceAttr(acctest.PolicyAddress, "require_registration_after_snoozes", "false"),
			),
		},
		// A change of what is ours leaves alone what is Microsoft's, which may change in the meantime.
		resource.TestStep{
			Config: tn.Provider() + registration(managed, includes("group_ids", acctest.StaffID), excludes("group_ids", acctest.ManagersID)),
			ConfigPlanChecks: policyPlan(
				plancheck.ExpectResourceAction(acctest.PolicyAddress, plancheck.ResourceActionUpdate),
				plancheck.ExpectUnknownValue(acctest.PolicyAddress, tfjsonpath.New("snooze_days")),
			),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.Int64Exact(7), "snooze_days")},
			Check:             tn.WroteCampaign(1),
		},
		// The control: who is asked is ours, and a change of it by somebody else is drift.
		resource.TestStep{
			PreConfig: tn.PatchCampaign(`{"excludeTargets":[]}`),
			Config:    tn.Provider() + registration(managed, includes("group_ids", acctest.StaffID), excludes("group_ids", acctest.ManagersID)), PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		// So is the state.
		resource.TestStep{
			PreConfig: tn.PatchCampaign(`{"state":"enabled"}`),
			Config:    config, PlanOnly: true, ExpectNonEmptyPlan: true,
		},
		resource.TestStep{Config: config},
		// Taking the policy over from Microsoft keeps what is not configured.
		resource.TestStep{
			Config: tn.Provider() + registration(enabled, includes("group_ids", acctest.StaffID), "snooze_days = 2"),
			ConfigPlanChecks: policyPlan(
				plancheck.ExpectKnownValue(acctest.PolicyAddress, tfjsonpath.New("require_registration_after_snoozes"), knownvalue.Bool(true)),
				plancheck.ExpectKnownValue(acctest.PolicyAddress, tfjsonpath.New("authentication_method"), acctest.Text("microsoftAuthenticator")),
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
		"method":  `{"includeTargets":[{"id":"` + acctest.StaffID + `","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`,
		"include": `{"includeTargets":[{"id":"` + acctest.LeaversID + `","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}]}`,
		"nobody":  `{"includeTargets":[]}`,
		"kind":    `{"includeTargets":[{"id":"` + acctest.StaffID + `","targetType":"user","targetedAuthenticationMethod":"microsoftAuthenticator"}]}`,
		"all":     `{"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}]}`,
		"exclude": `{"excludeTargets":[{"id":"` + acctest.AdeleID + `","targetType":"user"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewCampaignTenant(t)
			config := tn.Provider() + registration(enabled, includes("group_ids", acctest.StaffID), `authentication_method = "microsoftAuthenticator"`,
				"snooze_days = 1", "require_registration_after_snoozes = true")
			var ours *control.RegistrationCampaign
			tn.Run(
				resource.TestStep{Config: config, Check: func(*terraform.State) error { ours = tn.CampaignNow(); return nil }},
				resource.TestStep{PreConfig: tn.PatchCampaign(members), Config: config, PlanOnly: true, ExpectNonEmptyPlan: true},
				resource.TestStep{Config: config, ConfigPlanChecks: policyUpdates, Check: func(*terraform.State) error {
					return tn.CampaignIs(changed(ours, func(c *control.RegistrationCampaign) { c.ExcludeTargets = nil }))
				}},
			)
		})
	}
}

func TestAPolicyThatIsThereAlreadyIsAdoptedWithoutAWrite(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	config := tn.Provider() + registration(enabled, everyone)
	tn.Run(
		resource.TestStep{
			PreConfig: tn.PatchCampaign(`{"state":"enabled","snoozeDurationInDays":5}`),
			Config:    config,
			ConfigPlanChecks: policyPlan(
				// What is not configured stays as it is, whatever that will be by then.
				plancheck.ExpectUnknownValue(acctest.PolicyAddress, tfjsonpath.New("snooze_days")),
			),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.Int64Exact(5), "snooze_days")},
			Check:             tn.WroteCampaign(0),
		},
		resource.TestStep{Config: config, ConfigPlanChecks: noPlan},
		resource.TestStep{Config: tn.Provider() + "# gone", Check: tn.WroteCampaign(0)},
		resource.TestStep{
			Config: tn.Provider() + registration(disabled),
			ConfigPlanChecks: policyPlan(
				plancheck.ExpectUnknownValue(acctest.PolicyAddress, tfjsonpath.New("include")),
			),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.Bool(true), "include", "all_users")},
			Check:             tn.WroteCampaign(1),
		},
	)
}

func TestADestroyGivesBackWhatWasThereBeforeWhateverCameBetween(t *testing.T) {
	t.Parallel()
	before := &control.RegistrationCampaign{
		State: "enabled", SnoozeDurationInDays: new(0), EnforceRegistrationAfterAllowedSnoozes: new(false),
		IncludeTargets: []control.CampaignIncludeTarget{
			{ID: acctest.AdeleID, TargetType: "user", TargetedAuthenticationMethod: "fido2"},
			{ID: acctest.StaffID, TargetType: "group", TargetedAuthenticationMethod: "fido2"},
		},
		ExcludeTargets: []control.PolicyTarget{{ID: acctest.AlexID, TargetType: "user"}, {ID: acctest.LeaversID, TargetType: "group"}},
	}
	start := func(t *testing.T) *acctest.Tenant {
		t.Helper()
		tenant := acctest.CampaignTenant()
		campaign := *before
		tenant.AuthenticationMethodsPolicy = &control.AuthenticationMethodsPolicy{
			RegistrationEnforcement: &control.RegistrationEnforcement{AuthenticationMethodsRegistrationCampaign: &campaign},
		}
		options := acctest.Quick()
		// A slow machine must not take an old replica for a change that has lasted.
		options.Consistency.Drift = 2 * time.Second
		return acctest.StartTenant(t, tenant, options)
	}
	ours := registration(enabled, everyone, `authentication_method = "microsoftAuthenticator"`)
	remove := func(tn *acctest.Tenant, groups ...string) func() {
		return tn.Do(func(ctx context.Context) error {
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
		tn.Run(
			resource.TestStep{Config: tn.Provider() + ours},
			resource.TestStep{Config: tn.Provider() + registration(managed, everyone)},
			resource.TestStep{Config: tn.Provider() + registration(disabled)},
			resource.TestStep{PreConfig: tn.PatchCampaign(`{"state":"enabled","snoozeDurationInDays":9}`), Config: tn.Provider() + ours},
			resource.TestStep{Config: tn.Provider() + "# gone", Check: resource.ComposeTestCheckFunc(tn.HasCampaign(before), tn.WroteCampaign(4))},
		)
	})
	t.Run("after an import, what was there at the import", func(t *testing.T) {
		t.Parallel()
		tn := start(t)
		tn.Run(
			resource.TestStep{
				Config: tn.Provider() + ours, ResourceName: acctest.PolicyAddress, ImportState: true, ImportStateId: acctest.PolicyID, ImportStatePersist: true,
			},
			resource.TestStep{Config: tn.Provider() + ours, ConfigPlanChecks: policyUpdates, Check: tn.WroteCampaign(1)},
			resource.TestStep{Config: tn.Provider() + "# gone", Check: tn.HasCampaign(before)},
		)
	})
	t.Run("without those who are gone", func(t *testing.T) {
		t.Parallel()
		tn := start(t)
		tn.Run(
			resource.TestStep{Config: tn.Provider() + ours},
			resource.TestStep{
				PreConfig: remove(tn, acctest.StaffID, acctest.LeaversID), Config: tn.Provider() + "# gone",
				Check: tn.HasCampaign(&control.RegistrationCampaign{
					State: "enabled", SnoozeDurationInDays: new(0), EnforceRegistrationAfterAllowedSnoozes: new(false),
					IncludeTargets: before.IncludeTargets[:1], ExcludeTargets: before.ExcludeTargets[:1],
				}),
			},
		)
	})
	t.Run("disabled where nobody is left", func(t *testing.T) {
		t.Parallel()
		tn := start(t)
		tn.Run(
			resource.TestStep{Config: tn.Provider() + ours},
			resource.TestStep{
				PreConfig: tn.Do(func(ctx context.Context) error {
					remove(tn, acctest.StaffID)()
					return tn.DeleteUser(ctx, acctest.AdeleID)
				}),
				Config: tn.Provider() + "# gone",
				Check: tn.HasCampaign(&control.RegistrationCampaign{
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
		tn.Run(
			resource.TestStep{Config: tn.Provider() + replaceable("a", ours)},
			resource.TestStep{
				PreConfig: tn.Do(func(ctx context.Context) error {
					return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 6, Alternate: true}})
				}),
				Config:           tn.Provider() + replaceable("b", ours),
				ConfigPlanChecks: policyPlan(plancheck.ExpectResourceAction(acctest.PolicyAddress, plancheck.ResourceActionDestroyBeforeCreate)),
				Check:            tn.WroteCampaign(3),
			},
			resource.TestStep{Config: tn.Provider() + "# gone", Check: tn.HasCampaign(before)},
		)
	})
	t.Run("a tainted resource has forgotten it", func(t *testing.T) {
		t.Parallel()
		tn := start(t)
		tn.Run(
			resource.TestStep{Config: tn.Provider() + ours, Check: tn.WroteCampaign(1)},
			resource.TestStep{Config: tn.Provider() + ours, Taint: []string{acctest.PolicyAddress}, Check: tn.WroteCampaign(0)},
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
	tn := acctest.NewCampaignTenant(t)
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
	tn.Run(
		resource.TestStep{Config: tn.Provider() + registration(enabled, everyone), Check: resource.ComposeTestCheckFunc(unchanged, tn.WroteCampaign(1))},
		resource.TestStep{Config: tn.Provider() + registration(managed, everyone), Check: resource.ComposeTestCheckFunc(unchanged, tn.WroteCampaign(1))},
		resource.TestStep{Config: tn.Provider() + "# gone", Check: unchanged},
	)
}

func TestBadPoliciesAreRefusedWithTheWayOut(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
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
		"all users and ids":   {registration(enabled, fmt.Sprintf("include = {\n all_users = true\n group_ids = [%q]\n}", acctest.StaffID)), []string{"Ids beside all_users", "include.group_ids change nothing"}},
		"managed with method": {registration(managed, everyone, `authentication_method = "fido2"`), []string{"authentication_method is Microsoft's in this state", `authentication_method = "fido2"`, `With the state "microsoft_managed"`, `"enabled"`}},
		"managed with snooze": {registration(managed, everyone, "snooze_days = 1"), []string{"snooze_days is Microsoft's in this state", "snooze_days = 1", "Remove snooze_days"}},
		"managed with limit":  {registration(managed, everyone, "require_registration_after_snoozes = true"), []string{"require_registration_after_snoozes is Microsoft's in this state"}},
		"snooze too long":     {registration(enabled, everyone, "snooze_days = 15"), []string{"snooze_days", "between 0 and 14", "15"}},
		"snooze negative":     {registration(enabled, everyone, "snooze_days = -1"), []string{"snooze_days", "between 0 and 14"}},
		"unknown method":      {registration(enabled, everyone, `authentication_method = "sms"`), []string{"authentication_method", `"microsoftAuthenticator"`, `"fido2"`}},
		"name for an id":      {registration(enabled, includes("user_ids", acctest.AdeleUPN)), []string{"Invalid GUID", "looks like a user principal name"}},
		"no id":               {registration(enabled, includes("group_ids", "Staff")), []string{"Invalid GUID", `"Staff" is not an id`}},
		"unknown user": {
			registration(enabled, includes("user_ids", acctest.AdeleID, acctest.NobodyID)),
			[]string{fmt.Sprintf("User %q not found", acctest.NobodyID), "include.user_ids names it", "there is no such user in tenant " + acctest.TenantID, "tenant_id"},
		},
		"unknown group": {
			registration(enabled, everyone, excludes("group_ids", acctest.NobodyID)), []string{fmt.Sprintf("Group %q not found", acctest.NobodyID), "exclude.group_ids names it, and there is no such group in tenant " + acctest.TenantID},
		},
		"group as user": {
			registration(enabled, includes("user_ids", acctest.StaffID)), []string{fmt.Sprintf("%q is not a user", acctest.StaffID), "It is the id of the group Staff", "Move it from include.user_ids to include.group_ids"},
		},
		"user as group": {
			registration(enabled, everyone, excludes("group_ids", acctest.AdeleID)),
			[]string{fmt.Sprintf("%q is not a group", acctest.AdeleID), "It is the id of the user adele.vance@contoso.example", "Move it from exclude.group_ids to exclude.user_ids"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.Factory,
				Steps:                    []resource.TestStep{{Config: tn.Provider() + c.config, PlanOnly: true, ExpectError: acctest.Says(c.error...)}},
			})
		})
	}
}

func TestAPolicyIsCheckedAgainAtApplyWhereThePlanCouldNot(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	late := func(value string, lines ...string) string {
		return tn.Provider() + fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  input = %s\n}\n", value) + registration(lines...)
	}
	const element = "include = { group_ids = [terraform_data.late.output] }"
	untouched := func() {
		if n := tn.PolicyRequests(http.MethodPatch, "/authenticationMethodsPolicy"); n != 0 {
			t.Errorf("the policy was written %d times by a refused apply", n)
		}
	}
	tn.Run(
		resource.TestStep{Config: late(fmt.Sprintf("%q", acctest.AdeleID), enabled, element), ExpectError: acctest.Says("is not a group", "It is the id of the user adele.vance@contoso.example")},
		resource.TestStep{PreConfig: untouched, Config: late(fmt.Sprintf("%q", acctest.NobodyID), enabled, element), ExpectError: acctest.Says(fmt.Sprintf("Group %q not found", acctest.NobodyID))},
		resource.TestStep{
			PreConfig: untouched, Config: late(`"microsoft_managed"`, "state = terraform_data.late.output", everyone, "snooze_days = 1"),
			ExpectError: acctest.Says("snooze_days is Microsoft's in this state"),
		},
		resource.TestStep{
			PreConfig: untouched, Config: late("{ group_ids = [] }", enabled, "include = terraform_data.late.output"),
			ExpectError: acctest.Says("Registration policy without anybody in it"),
		},
		resource.TestStep{
			PreConfig: untouched, Config: late(fmt.Sprintf("%q", acctest.StaffID), enabled, element),
			ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.SetExact([]knownvalue.Check{acctest.Text(acctest.StaffID)}), "include", "group_ids")},
			Check:             tn.WroteCampaign(1),
		},
		resource.TestStep{Config: late(fmt.Sprintf("%q", acctest.StaffID), enabled, element), ConfigPlanChecks: noPlan},
	)
}

func TestAMissingPermissionForThePolicyIsNamed(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	config := registration(enabled, includes("group_ids", acctest.StaffID))
	permit := func(permissions ...string) func() {
		return tn.Do(func(ctx context.Context) error {
			_, err := tn.PatchApp(ctx, acctest.AppID, control.AppPatch{Permissions: &permissions})
			return err
		})
	}
	tn.Run(
		// To plan is to read.
		resource.TestStep{Config: tn.ProviderAs(acctest.PlanAppID, acctest.PlanSecret) + config, PlanOnly: true, ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config:      tn.ProviderAs(acctest.PlanAppID, acctest.PlanSecret) + config,
			ExpectError: acctest.Says("Unable to write the registration campaign", "HTTP 403 Authorization_RequestDenied", "Policy.ReadWrite.AuthenticationMethod", "request-id"),
		},
		resource.TestStep{
			PreConfig: permit("User.Read.All", "GroupMember.Read.All"), Config: tn.Provider() + config,
			ExpectError: acctest.Says("Unable to read the registration campaign", "HTTP 403", "Policy.Read.All"),
		},
		resource.TestStep{
			PreConfig: permit("Policy.ReadWrite.AuthenticationMethod"), Config: tn.Provider() + config,
			ExpectError: acctest.Says("Unable to look up user or group", "HTTP 403", "User.Read.All with GroupMember.Read.All"),
		},
		resource.TestStep{
			PreConfig:   permit("User.Read.All", "Policy.ReadWrite.AuthenticationMethod"),
			Config:      tn.Provider(fmt.Sprintf("emergency_access = { user_ids = [%q] }", acctest.RescueID)) + config,
			ExpectError: acctest.Says("Unable to check in which groups user", "HTTP 403", "GroupMember.Read.All"),
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
			tn := acctest.NewCampaignTenant(t)
			config := tn.Provider() + registration(enabled, everyone)
			fault := c.fault
			fault.Method, fault.PathRegexp, fault.Times = "GET", "/authenticationMethodsPolicy$", &forever
			tn.Run(
				resource.TestStep{Config: config},
				resource.TestStep{PreConfig: tn.Fault(fault), Config: config, PlanOnly: true, ExpectError: acctest.Says(c.error...)},
				resource.TestStep{PreConfig: tn.Heal(), Config: config, ConfigPlanChecks: noPlan},
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
			tn := acctest.NewCampaignTenant(t)
			slow := tn.Do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}) })
			settled := tn.Do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{}) })
			settle := func(*terraform.State) error { settled(); return nil }
			tn.Run(
				resource.TestStep{PreConfig: slow, Config: tn.Provider() + registration(enabled, everyone, "snooze_days = 4"), ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.Int64Exact(4), "snooze_days")}, Check: settle},
				resource.TestStep{PreConfig: slow, Config: tn.Provider() + registration(managed, everyone), ConfigStateChecks: []statecheck.StateCheck{policyAttribute(acctest.Text("microsoft_managed"), "state")}, Check: settle},
				resource.TestStep{PreConfig: slow, Config: tn.Provider() + "# gone", Check: tn.HasCampaign(newTenantsCampaign())},
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
			tn := acctest.NewCampaignTenant(t)
			if err := tn.SetBehavior(context.Background(), control.Behavior{Campaign: behavior}); err != nil {
				t.Fatal(err)
			}
			full := tn.Provider() + registration(enabled, everyone, `authentication_method = "fido2"`, "snooze_days = 3", "require_registration_after_snoozes = false", excludes("user_ids", acctest.AlexID))
			handedOver := tn.Provider() + registration(managed, everyone)
			tn.Run(
				resource.TestStep{Config: full}, resource.TestStep{Config: full, ConfigPlanChecks: noPlan},
				resource.TestStep{Config: handedOver}, resource.TestStep{Config: handedOver, ConfigPlanChecks: noPlan},
			)
		})
	}
}

func TestACloudThatDoesNotKnowTheLimit(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	if err := tn.SetBehavior(context.Background(), control.Behavior{Campaign: control.CampaignBehavior{LimitOn: control.LimitNowhere}}); err != nil {
		t.Fatal(err)
	}
	config := tn.Provider() + registration(enabled, everyone, "snooze_days = 3")
	tn.Run(
		resource.TestStep{Config: config, ConfigStateChecks: []statecheck.StateCheck{policyAttribute(knownvalue.Null(), "require_registration_after_snoozes")}},
		resource.TestStep{Config: config, ConfigPlanChecks: noPlan},
		resource.TestStep{
			Config:      tn.Provider() + registration(enabled, everyone, "require_registration_after_snoozes = true"),
			ExpectError: acctest.Says("Unable to write the registration campaign", "HTTP 400", "enforceRegistrationAfterAllowedSnoozes"),
		},
	)
}

func TestATenantThatDoesNotKnowPasskeyCampaignsSaysSo(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	if err := tn.SetBehavior(context.Background(), control.Behavior{Campaign: control.CampaignBehavior{RefuseEnabledFIDO2: true}}); err != nil {
		t.Fatal(err)
	}
	tn.Run(
		resource.TestStep{
			Config:      tn.Provider() + registration(enabled, everyone, `authentication_method = "fido2"`),
			ExpectError: acctest.Says("Unable to write the registration campaign", `authentication_method = "fido2"`, "HTTP 400 BadRequest", "may not have reached this one", `"microsoft_managed"`),
		},
		resource.TestStep{Config: tn.Provider() + registration(enabled, everyone, `authentication_method = "microsoftAuthenticator"`)},
	)
}

func TestPoliciesOfTheClouds(t *testing.T) {
	t.Parallel()
	for _, cloud := range []string{control.CloudPublic, control.CloudUSGovernment, control.CloudDoD, control.CloudChina} {
		t.Run(cloud, func(t *testing.T) {
			t.Parallel()
			people := acctest.CampaignTenant()
			people.Cloud = cloud
			tn := acctest.StartTenant(t, people, acctest.Quick())
			config := tn.Provider() + registration(enabled, everyone)
			tn.Run(resource.TestStep{Config: config, Check: tn.WroteCampaign(1)}, resource.TestStep{Config: config, ConfigPlanChecks: noPlan})
		})
	}
}

func TestASecondPolicyIsRefused(t *testing.T) {
	t.Parallel()
	again := func(name string, lines ...string) string {
		return strings.Replace(registration(lines...), `"test"`, `"`+name+`"`, 1)
	}
	second := acctest.Says("A second registration policy for the same tenant", "has one registration campaign", "moved block", "terraform state rm", "an alias")
	for name, other := range map[string]string{
		"another":          again("other", managed, everyone),
		"the same again":   again("other", enabled, everyone),
		"under a new name": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewCampaignTenant(t)
			one := registration(enabled, everyone)
			if other == "" {
				renamed := again("renamed", enabled, everyone)
				tn.Run(
					resource.TestStep{Config: tn.Provider() + one},
					resource.TestStep{Config: tn.Provider() + renamed, ExpectError: second},
					resource.TestStep{
						Config:           tn.Provider() + renamed + "moved {\n  from = " + acctest.PolicyAddress + "\n  to = entramfa_registration_policy.renamed\n}\n",
						ConfigPlanChecks: policyPlan(plancheck.ExpectResourceAction("entramfa_registration_policy.renamed", plancheck.ResourceActionNoop)),
					},
				)
				return
			}
			tn.Run(
				resource.TestStep{Config: tn.Provider() + one + other, ExpectError: second},
				resource.TestStep{Config: tn.Provider() + one, Check: tn.WroteCampaign(1)},
				resource.TestStep{Config: tn.Provider() + one + strings.Replace(other, `"enabled"`, `"disabled"`, 1), ExpectError: second},
			)
		})
	}
	t.Run("both in the state", func(t *testing.T) {
		t.Parallel()
		tn := acctest.NewCampaignTenant(t)
		one, other := registration(enabled, everyone), again("other", enabled, everyone)
		tn.Run(
			resource.TestStep{Config: tn.Provider() + one},
			resource.TestStep{Config: tn.Provider() + one + other, ResourceName: "entramfa_registration_policy.other", ImportState: true, ImportStateId: acctest.PolicyID, ImportStatePersist: true},
			resource.TestStep{Config: tn.Provider() + one + other, ExpectError: second},
			// One of the two can be got rid of.
			resource.TestStep{
				Config: tn.Provider() + one + "removed {\n  from = entramfa_registration_policy.other\n  lifecycle {\n    destroy = false\n  }\n}\n",
				Check:  tn.WroteCampaign(1),
			},
		)
	})
	t.Run("a replacement is none", func(t *testing.T) {
		t.Parallel()
		tn := acctest.NewCampaignTenant(t)
		config := func(trigger string) string {
			return tn.Provider() + replaceable(trigger, registration(enabled, everyone))
		}
		tn.Run(
			resource.TestStep{Config: config("a")},
			resource.TestStep{Config: config("b"), ConfigPlanChecks: policyPlan(plancheck.ExpectResourceAction(acctest.PolicyAddress, plancheck.ResourceActionDestroyBeforeCreate))},
		)
	})
}

func TestImportOfAPolicyRefusesOtherIDs(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	config := tn.Provider() + registration(enabled, everyone)
	tn.Run(
		resource.TestStep{Config: config},
		resource.TestStep{
			Config: config, ResourceName: acctest.PolicyAddress, ImportState: true, ImportStateId: "default",
			ExpectError: acctest.Says("Invalid import id", `its id is always "authenticationMethodsPolicy"`, `"default" is not it`),
		},
	)
}

func TestAPolicyThatNeverShowsIsRecordedAsWritten(t *testing.T) {
	t.Parallel()
	options := acctest.Quick()
	options.Consistency.Timeout = 200 * time.Millisecond
	tn := acctest.StartTenant(t, acctest.CampaignTenant(), options)
	tn.Run(resource.TestStep{
		PreConfig: tn.Do(func(ctx context.Context) error {
			return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000}})
		}),
		Config:             tn.Provider() + registration(enabled, everyone, "snooze_days = 6"),
		ConfigStateChecks:  []statecheck.StateCheck{policyAttribute(acctest.Text("enabled"), "state"), policyAttribute(knownvalue.Int64Exact(6), "snooze_days")},
		ExpectNonEmptyPlan: true,
	})
}
