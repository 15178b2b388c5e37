package policies_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const (
	address = "entramfa_conditional_access_policy.test"
	// globalAdministrator is a role template.
	globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"
	policiesEntity      = "conditional-access-policies"
	phishingResistant   = "00000000-0000-0000-0000-000000000004"
)

// newTenant is a tenant whose app may write policies.
func newTenant(t *testing.T, change func(*control.Tenant)) *acctest.Tenant {
	t.Helper()
	people := acctest.LocationTenant()
	if change != nil {
		change(people)
	}
	// What somebody else changes right after an apply is believed soon.
	options := acctest.Quick()
	options.Consistency.Timeout = 300 * time.Millisecond
	return acctest.StartTenant(t, people, options)
}

// block is a policy with the given attributes in the place of the usual ones.
func block(changes map[string]string) string {
	attributes := map[string]string{
		"display_name": `"MFA for everybody"`, "state": `"enabledForReportingButNotEnforced"`,
		"conditions":     `{ users = { included_users = ["All"] }, applications = { included_applications = ["All"] } }`,
		"grant_controls": `{ built_in_controls = ["mfa"] }`,
	}
	for name, value := range changes {
		attributes[name] = value
	}
	var lines []string
	for name, value := range attributes {
		if value != "" {
			lines = append(lines, fmt.Sprintf("  %s = %s", name, value))
		}
	}
	slices.Sort(lines)
	return "resource \"entramfa_conditional_access_policy\" \"test\" {\n" + strings.Join(lines, "\n") + "\n}\n"
}

// named is the policy of a name in the tenant.
func named(tn *acctest.Tenant, name string) (found control.ConditionalAccessPolicy, err error) {
	policies, err := tn.ListConditionalAccessPolicies(context.Background())
	for _, policy := range policies {
		if policy.DisplayName == name {
			return policy, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("the tenant has no policy %q", name)
	}
	return found, err
}

// has checks the policy of a name in the tenant.
func has(tn *acctest.Tenant, name string, check func(control.ConditionalAccessPolicy) error) resource.TestCheckFunc {
	return func(*terraform.State) error {
		policy, err := named(tn, name)
		if err != nil {
			return err
		}
		return check(policy)
	}
}

func action(kind plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, kind)}}
}

func TestTheLifeOfAPolicy(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	users := fmt.Sprintf(`users = { included_users = ["All"], excluded_groups = [%q], excluded_users = [%q] }`, acctest.RescueGroupID, acctest.AdeleID)
	everywhere := fmt.Sprintf(`{ %s, applications = { included_applications = ["All"] }, locations = { included_locations = ["All"], excluded_locations = [%q, "AllTrusted"] } }`, users, acctest.BranchID)
	report, enabled := map[string]string{"conditions": everywhere}, map[string]string{"conditions": everywhere, "state": `"enabled"`}
	strength := map[string]string{
		"conditions": everywhere, "state": `"enabled"`, "grant_controls": fmt.Sprintf(`{ authentication_strength_policy_id = %q }`, phishingResistant),
		"session_controls": `{ sign_in_frequency = 4, sign_in_frequency_period = "hours", persistent_browser_mode = "never" }`, "description": `"Everybody, from outside."`,
	}
	without := map[string]string{"state": `"enabled"`, "conditions": fmt.Sprintf(`{ %s, applications = { included_applications = ["All"] } }`, users)}
	var id string
	tn.Run(
		resource.TestStep{Config: tn.Provider() + block(report), Check: has(tn, "MFA for everybody", func(p control.ConditionalAccessPolicy) error {
			id = p.ID
			if p.State != control.PolicyReportOnly || len(p.Conditions.Locations.ExcludeLocations) != 2 || !slices.Equal(p.GrantControls.BuiltInControls, []string{"mfa"}) {
				return fmt.Errorf("made is %+v", p)
			}
			return nil
		})},
		resource.TestStep{Config: tn.Provider() + block(enabled), ConfigPlanChecks: action(plancheck.ResourceActionUpdate)},
		resource.TestStep{Config: tn.Provider() + block(strength), Check: has(tn, "MFA for everybody", func(p control.ConditionalAccessPolicy) error {
			if p.GrantControls.AuthenticationStrength == nil || p.GrantControls.AuthenticationStrength.ID != phishingResistant || len(p.GrantControls.BuiltInControls) > 0 ||
				p.SessionControls == nil || p.SessionControls.SignInFrequency == nil || p.Description == "" {
				return fmt.Errorf("changed it is %+v with %+v", p, p.GrantControls)
			}
			return nil
		})},
		resource.TestStep{Config: tn.Provider() + block(without), Check: has(tn, "MFA for everybody", func(p control.ConditionalAccessPolicy) error {
			if p.ID != id || p.Conditions.Locations != nil || p.SessionControls != nil || p.Description != "" || p.GrantControls.AuthenticationStrength != nil {
				return fmt.Errorf("what was removed from the configuration is still there: %+v", p)
			}
			return nil
		})},
		resource.TestStep{Config: tn.Provider() + block(without), ResourceName: address, ImportState: true, ImportStateVerify: true},
		resource.TestStep{Config: tn.Provider() + block(without), ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateId: "mfa for everybody"},
	)
	if _, err := named(tn, "MFA for everybody"); err == nil {
		t.Error("the policy is still there after the destroy")
	}
}

func TestAnImportedPolicyIsAsItWasConfigured(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{"in short": "", "with what is the default": `, client_app_types = ["all"]`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, nil)
			config := tn.Provider() + block(map[string]string{
				"display_name": `"MFA outside"`, "state": `"enabled"`, "on_destroy": `"keep"`,
				"conditions": `{ users = { included_users = ["All"] }, applications = { included_applications = ["All"] }` + more +
					`, locations = { included_locations = ["All"], excluded_locations = ["AllTrusted"] } }`,
			})
			tn.Run(
				resource.TestStep{
					Config: config, ResourceName: address, ImportState: true, ImportStatePersist: true,
					ImportStateId: "/identity/conditionalAccess/policies/" + acctest.GateID,
				},
				resource.TestStep{Config: config, ConfigPlanChecks: action(plancheck.ResourceActionUpdate)},
			)
			if writes := tn.Sent("PATCH"); writes > 0 {
				t.Errorf("%d writes: only on_destroy changes", writes)
			}
		})
	}
}

func TestAnotherSpellingOfAPolicyIsNoChange(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	spelled := func(group, operator, more string) string {
		return tn.Provider() + block(map[string]string{
			"conditions":     fmt.Sprintf(`{ users = { included_users = ["All"], excluded_groups = [%q] }, applications = { included_applications = ["All"] }%s }`, group, more),
			"grant_controls": `{ ` + operator + `built_in_controls = ["mfa"] }`,
		})
	}
	empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	tn.Run(
		resource.TestStep{Config: spelled(acctest.RescueGroupID, `operator = "AND", `, "")},
		resource.TestStep{Config: spelled(strings.ToUpper(acctest.RescueGroupID), `operator = "OR", `, ""), ConfigPlanChecks: empty},
	)
}

func TestWhatAnAdministratorChangesInAPolicyIsDrift(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	config := tn.Provider() + block(nil)
	disable := tn.Do(func(ctx context.Context) error {
		policy, err := named(tn, "MFA for everybody")
		if err != nil {
			return err
		}
		_, err = control.Patch[control.ConditionalAccessPolicy](ctx, tn.Client, policiesEntity, policy.ID, map[string]any{
			"state": control.PolicyDisabled, "conditions": map[string]any{"users": map[string]any{"excludeUsers": []string{acctest.AdeleID}}},
		})
		return err
	})
	tn.Run(
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: disable, Config: config, ConfigPlanChecks: action(plancheck.ResourceActionUpdate),
			Check: has(tn, "MFA for everybody", func(p control.ConditionalAccessPolicy) error {
				if p.State != control.PolicyReportOnly || len(p.Conditions.Users.ExcludeUsers) > 0 {
					return fmt.Errorf("repaired it is %+v", p)
				}
				return nil
			}),
		},
		resource.TestStep{
			PreConfig: tn.Do(func(ctx context.Context) error {
				policy, err := named(tn, "MFA for everybody")
				if err != nil {
					return err
				}
				return tn.DeleteConditionalAccessPolicy(ctx, policy.ID)
			}),
			Config: config, ConfigPlanChecks: action(plancheck.ResourceActionCreate),
		},
	)
}

func TestAPolicyThatCatchesEmergencyAccessIsRefused(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	administrator := map[string]any{"principalId": acctest.RescueID, "roleDefinitionId": globalAdministrator}
	if _, err := control.Create(t.Context(), tn.Client, "role-assignments", administrator); err != nil {
		t.Fatal(err)
	}
	provider := tn.Provider(fmt.Sprintf("emergency_access = { user_ids = [%q] }", acctest.RescueID))
	of := func(users string, changes map[string]string) string {
		all := map[string]string{"conditions": fmt.Sprintf(`{ users = { %s }, applications = { included_applications = ["All"] } }`, users)}
		for name, value := range changes {
			all[name] = value
		}
		return provider + block(all)
	}
	refused := func(config string, texts ...string) resource.TestStep {
		return resource.TestStep{Config: config, ExpectError: acctest.Says(append([]string{"Emergency access accounts would be caught by"}, texts...)...)}
	}
	excluded := fmt.Sprintf("excluded_users = [%q]", acctest.RescueID)
	tn.Run(
		refused(of(`included_users = ["All"]`, nil), "emergency1@contoso.example", `included_users = ["All"]`, `excluded_users  = ["`+acctest.RescueID+`"]`),
		refused(of(`included_users = ["All"]`, map[string]string{"state": `"enabled"`}), "allow_emergency_access = true"),
		refused(of(fmt.Sprintf("included_roles = [%q]", globalAdministrator), nil), "by its role "+globalAdministrator),
		refused(of(fmt.Sprintf("included_users = [%q]", acctest.RescueID), nil), "included_users"),
		// A group that does not hold the account excludes nothing.
		refused(of(fmt.Sprintf(`included_users = ["All"], excluded_groups = [%q]`, acctest.EmptyGroupID), nil), "emergency1@contoso.example"),
		resource.TestStep{Config: of(`included_users = ["All"]`, map[string]string{"state": `"disabled"`})},
		resource.TestStep{Config: of(`included_users = ["All"], `+excluded, map[string]string{"state": `"enabled"`})},
		resource.TestStep{Config: of(`included_users = ["All"]`, map[string]string{"allow_emergency_access": "true"})},
		resource.TestStep{Config: of(fmt.Sprintf(`included_users = ["All"], excluded_roles = [%q]`, globalAdministrator), nil)},
	)
}

func TestAPolicyThatTheServiceWouldRefuseIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	const nobody = "44444444-dddd-4ddd-8ddd-000000000001"
	users := func(text string) map[string]string {
		return map[string]string{"conditions": `{ users = { ` + text + ` }, applications = { included_applications = ["All"] } }`}
	}
	apps := func(text string) map[string]string {
		return map[string]string{"conditions": `{ users = { included_users = ["All"] }, applications = { ` + text + ` } }`}
	}
	var steps []resource.TestStep
	for _, c := range []struct {
		changes map[string]string
		says    []string
	}{
		{users(`excluded_users = []`), []string{"The policy applies to nobody", "included_users"}},
		{users(`included_groups = ["Staff"]`), []string{`"Staff" is not an id`}},
		{users(fmt.Sprintf(`included_groups = [%q]`, nobody)), []string{"There is no group " + nobody, "included_groups"}},
		{users(fmt.Sprintf(`included_users = [%q]`, nobody)), []string{"There is no user " + nobody}},
		{users(fmt.Sprintf(`included_roles = [%q]`, nobody)), []string{"There is no role " + nobody}},
		{users(fmt.Sprintf(`included_users = [%q]`, acctest.RescueGroupID)), []string{"There is no user " + acctest.RescueGroupID}},
		{apps(`included_applications = []`), []string{"The policy applies to no app"}},
		{apps(fmt.Sprintf(`included_applications = [%q]`, nobody)), []string{"There is no app " + nobody}},
		{apps(`included_applications = ["All"], included_user_actions = ["urn:user:registersecurityinfo"]`), []string{"exclude each other", "1012"}},
		{map[string]string{"grant_controls": ""}, []string{"The policy asks for nothing"}},
		{map[string]string{"grant_controls": fmt.Sprintf(`{ built_in_controls = ["mfa"], authentication_strength_policy_id = %q }`, phishingResistant)}, []string{"An authentication strength takes the place of mfa"}},
		{map[string]string{"grant_controls": fmt.Sprintf(`{ authentication_strength_policy_id = %q }`, nobody)}, []string{"There is no authentication strength " + nobody}},
		{map[string]string{"grant_controls": `{ built_in_controls = ["passwordChange"] }`}, []string{"passwordChange does not go with the rest"}},
		{map[string]string{"session_controls": `{ sign_in_frequency = 4 }`}, []string{"The sign-in frequency is not complete", "sign_in_frequency_period"}},
		{map[string]string{"session_controls": `{ sign_in_frequency = 0, sign_in_frequency_period = "days" }`}, []string{"The sign-in frequency is not complete"}},
		{map[string]string{"session_controls": `{ sign_in_frequency_interval = "everyTime", disable_resilience_defaults = true }`}, []string{"disable_resilience_defaults does not go with a sign-in every time"}},
		{map[string]string{
			"conditions":       `{ users = { included_users = ["All"] }, applications = { included_applications = ["MicrosoftAdminPortals"] } }`,
			"session_controls": `{ application_enforced_restrictions_enabled = true }`,
		}, []string{"No app of the policy enforces restrictions"}},
		{map[string]string{"conditions": `{ client_applications = { included_service_principals = ["ServicePrincipalsInMyTenant"] }, applications = { included_applications = ["All"] } }`}, []string{"A policy about workload identities can only block"}},
		{map[string]string{"grant_controls": `{ built_in_controls = ["MFA"] }`}, []string{"value must be one of"}},
		{map[string]string{"display_name": `" "`}, []string{"The name is empty"}},
	} {
		steps = append(steps, resource.TestStep{Config: tn.Provider() + block(c.changes), ExpectError: acctest.Says(c.says...)})
	}
	tn.Run(steps...)
	if writes := tn.Sent("POST"); writes > 0 {
		t.Errorf("%d policies were sent", writes)
	}
}

func TestOnDestroyDecidesWhatBecomesOfAPolicy(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{"delete": "", "disable": control.PolicyDisabled, "keep": control.PolicyEnabled} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, nil)
			tn.Run(resource.TestStep{Config: tn.Provider() + block(map[string]string{"state": `"enabled"`, "on_destroy": fmt.Sprintf("%q", mode)})})
			if policy, _ := named(tn, "MFA for everybody"); policy.State != want {
				t.Errorf("the policy is %q after the destroy, want %q", policy.State, want)
			}
		})
	}
}

func TestAPolicyThatBlocksWhoeverAppliesItIsRefused(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	workloads := func(text, state string) string {
		return tn.Provider() + block(map[string]string{
			"state": state, "grant_controls": `{ built_in_controls = ["block"] }`,
			"conditions": `{ client_applications = { ` + text + ` }, applications = { included_applications = ["All"] } }`,
		})
	}
	tn.Run(
		resource.TestStep{
			Config:      workloads(`included_service_principals = ["ServicePrincipalsInMyTenant"]`, `"enabled"`),
			ExpectError: acctest.Says("would block the identity that applies it", acctest.AppID),
		},
		resource.TestStep{Config: workloads(`included_service_principals = ["ServicePrincipalsInMyTenant"]`, `"enabledForReportingButNotEnforced"`)},
	)
}

func TestSecurityDefaultsKeepPoliciesOut(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, func(people *control.Tenant) { people.ConditionalAccessPolicies = nil })
	if _, err := control.Patch[map[string]any](t.Context(), tn.Client, "security-defaults", "", map[string]any{"isEnabled": true}); err != nil {
		t.Fatal(err)
	}
	tn.Run(resource.TestStep{Config: tn.Provider() + block(nil), ExpectError: acctest.Says("Security defaults are on")})
}

func TestPoliciesAreReadByDataSources(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, nil)
	tn.Run(resource.TestStep{
		Config: tn.Provider() + `
data "entramfa_conditional_access_policy" "gate" {
  display_name = "mfa outside"
}
data "entramfa_conditional_access_policies" "enabled" {
  state        = "enabled"
  requires_mfa = true
}
`,
		Check: resource.ComposeTestCheckFunc(
			resource.TestCheckResourceAttr("data.entramfa_conditional_access_policy.gate", "id", acctest.GateID),
			resource.TestCheckResourceAttr("data.entramfa_conditional_access_policy.gate", "requires_mfa", "true"),
			resource.TestCheckResourceAttr("data.entramfa_conditional_access_policy.gate", "conditions.locations.excluded_locations.0", "AllTrusted"),
			resource.TestCheckResourceAttr("data.entramfa_conditional_access_policies.enabled", "policies.%", "1"),
			resource.TestCheckResourceAttr("data.entramfa_conditional_access_policies.enabled", "policies."+acctest.GateID+".display_name", "MFA outside"),
		),
	}, resource.TestStep{
		Config:      tn.Provider() + `data "entramfa_conditional_access_policy" "gate" { display_name = "no such" }`,
		ExpectError: regexp.MustCompile(`Conditional Access policy "no such" not found`),
	})
}
