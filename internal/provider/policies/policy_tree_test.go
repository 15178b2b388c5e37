package policies_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const (
	contextID   = "c1"
	termsID     = "88888888-aaaa-4aaa-8aaa-000000000001"
	otherTenant = "77777777-aaaa-4aaa-8aaa-000000000002"
	third       = "77777777-aaaa-4aaa-8aaa-000000000003"
)

// conditions are conditions with others than the usual users and apps; empty is the usual.
func conditions(users, apps, more string) string {
	if users == "" {
		users = `included_users = ["All"]`
	}
	if apps == "" {
		apps = `included_applications = ["All"]`
	}
	return fmt.Sprintf("{\n    users = { %s }\n    applications = { %s }\n    %s\n  }", users, apps, more)
}

// attributeCase is an attribute in a policy, and the same policy without it.
type attributeCase struct {
	with, without map[string]string
	// shortened says that an import has the policy in fewer or more words, which mean the same.
	shortened bool
}

// conditionCase is an attribute of conditions, in a policy that has it and in one that does not.
func conditionCase(users, apps, more string) attributeCase {
	return attributeCase{with: map[string]string{"conditions": conditions(users, apps, more)}}
}

func sessionCase(with, without string) attributeCase {
	c := attributeCase{with: map[string]string{"session_controls": with}}
	if without != "" {
		c.without = map[string]string{"session_controls": without}
	}
	return c
}

// attributeCases has a row for every attribute of the three objects of a policy, and for combinations that the service treats apart.
func attributeCases() map[string]attributeCase {
	// Of an app the emulator makes the same service principal each time.
	servicePrincipal := uuid.NewSHA1(uuid.NameSpaceURL, []byte(acctest.TenantID+"/"+acctest.AppID)).String()
	guests := func(list, more string) string {
		return fmt.Sprintf(`included_groups = [%q], %s_guests_or_external_users = { guest_or_external_user_types = ["internalGuest", "b2bCollaborationGuest"]%s }`, acctest.RescueGroupID, list, more)
	}
	enumerated := fmt.Sprintf(`, external_tenants = { membership_kind = "enumerated", members = [%q, %q] }`, otherTenant, third)
	risk := map[string]string{"conditions": conditions("", "", `user_risk_levels = ["high"]`), "grant_controls": `{ operator = "AND", built_in_controls = ["mfa", "passwordChange"] }`}
	workload := func(more string) map[string]string {
		return map[string]string{
			"grant_controls": `{ built_in_controls = ["block"] }`,
			"conditions":     fmt.Sprintf(`{ client_applications = { included_service_principals = ["ServicePrincipalsInMyTenant"]%s }, applications = { included_applications = ["All"] } }`, more),
		}
	}
	return map[string]attributeCase{
		"included users":          conditionCase(fmt.Sprintf(`included_users = [%q, %q]`, acctest.AdeleID, acctest.AlexID), "", ""),
		"excluded users":          conditionCase(fmt.Sprintf(`included_users = ["All"], excluded_users = [%q, "GuestsOrExternalUsers"]`, acctest.AdeleID), "", ""),
		"included groups":         conditionCase(fmt.Sprintf(`included_groups = [%q]`, acctest.RescueGroupID), "", ""),
		"excluded groups":         conditionCase(fmt.Sprintf(`included_users = ["All"], excluded_groups = [%q, %q]`, acctest.RescueGroupID, acctest.EmptyGroupID), "", ""),
		"included roles":          conditionCase(fmt.Sprintf(`included_roles = [%q]`, globalAdministrator), "", ""),
		"excluded roles":          conditionCase(fmt.Sprintf(`included_users = ["All"], excluded_roles = [%q]`, globalAdministrator), "", ""),
		"included guests":         conditionCase(guests("included", ""), "", ""),
		"excluded guests":         conditionCase(guests("excluded", ""), "", ""),
		"guests of all tenants":   conditionCase(guests("included", `, external_tenants = { membership_kind = "all" }`), "", ""),
		"guests of some tenants":  conditionCase(guests("included", enumerated), "", ""),
		"without some tenants":    conditionCase(guests("excluded", enumerated), "", ""),
		"included applications":   conditionCase("", `included_applications = ["Office365", "MicrosoftAdminPortals"]`, ""),
		"excluded applications":   conditionCase("", `included_applications = ["All"], excluded_applications = ["Office365"]`, ""),
		"user actions":            conditionCase("", `included_user_actions = ["urn:user:registersecurityinfo"]`, ""),
		"authentication contexts": conditionCase("", fmt.Sprintf(`included_authentication_contexts = [%q]`, contextID), ""),
		"application filter":      conditionCase("", `filter = { mode = "include", rule = "CustomSecurityAttribute.Set_Level -eq \"high\"" }`, ""),
		"client app types":        conditionCase("", "", `client_app_types = ["exchangeActiveSync", "other"]`),
		"locations":               conditionCase("", "", fmt.Sprintf(`locations = { included_locations = ["All"], excluded_locations = ["AllTrusted", %q] }`, acctest.GuestsID)),
		"platforms":               conditionCase("", "", `platforms = { included_platforms = ["all"], excluded_platforms = ["iOS", "macOS"] }`),
		"devices":                 conditionCase("", "", `devices = { filter = { mode = "exclude", rule = "device.isCompliant -eq True" } }`),
		"sign-in risk":            conditionCase("", "", `sign_in_risk_levels = ["medium", "high"]`),
		"user risk":               conditionCase("", "", `user_risk_levels = ["high"]`),
		"insider risk":            conditionCase("", "", `insider_risk_levels = ["moderate", "elevated"]`),
		"authentication flows":    conditionCase("", "", `authentication_flow_transfer_methods = ["deviceCodeFlow", "authenticationTransfer"]`),
		"service principals":      {with: workload(fmt.Sprintf(`, excluded_service_principals = [%q]`, servicePrincipal)), without: workload("")},
		"filter of principals":    {with: workload(`, filter = { mode = "exclude", rule = "CustomSecurityAttribute.Set_Level -eq \"low\"" }`), without: workload("")},
		"risk of principals": {
			with: map[string]string{
				"grant_controls": `{ built_in_controls = ["block"] }`,
				"conditions":     `{ client_applications = { included_service_principals = ["ServicePrincipalsInMyTenant"] }, applications = { included_applications = ["All"] }, service_principal_risk_levels = ["high"] }`,
			},
			without: workload(""),
		},

		"operator":               {with: map[string]string{"grant_controls": `{ operator = "AND", built_in_controls = ["mfa", "compliantDevice"] }`}},
		"one of several":         {with: map[string]string{"grant_controls": `{ built_in_controls = ["mfa", "compliantDevice", "domainJoinedDevice"] }`}},
		"block":                  {with: map[string]string{"grant_controls": `{ built_in_controls = ["block"] }`}},
		"strength":               {with: map[string]string{"grant_controls": fmt.Sprintf(`{ authentication_strength_policy_id = %q }`, phishingResistant)}},
		"strength and device":    {with: map[string]string{"grant_controls": fmt.Sprintf(`{ operator = "AND", authentication_strength_policy_id = %q, built_in_controls = ["compliantDevice"] }`, phishingResistant)}},
		"terms of use":           {with: map[string]string{"grant_controls": fmt.Sprintf(`{ operator = "AND", built_in_controls = ["mfa"], terms_of_use = [%q] }`, termsID)}},
		"custom factors":         {with: map[string]string{"grant_controls": `{ operator = "AND", built_in_controls = ["mfa"], custom_authentication_factors = ["RequireDuoMfa"] }`}},
		"password change":        {with: risk},
		"risk remediation":       {with: map[string]string{"conditions": risk["conditions"], "grant_controls": `{ built_in_controls = ["riskRemediation"] }`}, shortened: true},
		"no grant":               {with: map[string]string{"grant_controls": "", "session_controls": `{ sign_in_frequency_interval = "everyTime" }`}},
		"an empty grant":         {with: map[string]string{"grant_controls": "{}", "session_controls": `{ persistent_browser_mode = "never" }`}, shortened: true},
		"description":            {with: map[string]string{"description": `"What for."`}},
		"frequency in hours":     sessionCase(`{ sign_in_frequency = 4, sign_in_frequency_period = "hours" }`, ""),
		"frequency in days":      {with: map[string]string{"session_controls": `{ sign_in_frequency = 7, sign_in_frequency_period = "days", sign_in_frequency_interval = "timeBased" }`}, shortened: true},
		"every time":             sessionCase(`{ sign_in_frequency_interval = "everyTime" }`, `{ sign_in_frequency = 4, sign_in_frequency_period = "hours" }`),
		"the second factor only": sessionCase(`{ sign_in_frequency = 1, sign_in_frequency_period = "days", sign_in_frequency_authentication_type = "secondaryAuthentication" }`, `{ sign_in_frequency = 1, sign_in_frequency_period = "days", sign_in_frequency_authentication_type = "primaryAndSecondaryAuthentication" }`),
		"frequency and browser":  sessionCase(`{ sign_in_frequency = 4, sign_in_frequency_period = "hours", persistent_browser_mode = "never" }`, `{ persistent_browser_mode = "never" }`),
		"browser":                sessionCase(`{ persistent_browser_mode = "always" }`, ""),
		"app enforced":           sessionCase(`{ application_enforced_restrictions_enabled = true }`, `{ application_enforced_restrictions_enabled = false }`),
		"Defender":               sessionCase(`{ cloud_app_security_policy = "blockDownloads" }`, ""),
		"Defender, another way":  sessionCase(`{ cloud_app_security_policy = "monitorOnly" }`, `{ cloud_app_security_policy = "mcasConfigured" }`),
		"resilience":             sessionCase(`{ disable_resilience_defaults = true }`, `{ disable_resilience_defaults = false }`),
		"continuous access":      sessionCase(`{ continuous_access_evaluation_mode = "strictLocation" }`, ""),
		"every time, others off": {
			with:      map[string]string{"session_controls": `{ sign_in_frequency_interval = "everyTime", application_enforced_restrictions_enabled = false, disable_resilience_defaults = false }`},
			shortened: true,
		},
		"bound sessions": sessionCase(`{ secure_sign_in_session_enabled = true }`, ""),
		"everything of sessions": sessionCase(`{ sign_in_frequency = 4, sign_in_frequency_period = "hours", persistent_browser_mode = "never", application_enforced_restrictions_enabled = true,
			cloud_app_security_policy = "mcasConfigured", disable_resilience_defaults = true, continuous_access_evaluation_mode = "strictEnforcement", secure_sign_in_session_enabled = true }`,
			`{ secure_sign_in_session_enabled = true }`),
	}
}

// policiesFor is a tenant with what the cases name.
func policiesFor(t *testing.T) *acctest.Tenant {
	t.Helper()
	tn := newTenant(t, nil)
	for entity, object := range map[string]any{
		"authentication-contexts": map[string]any{"id": contextID, "displayName": "Important", "isAvailable": true},
		"agreements":              map[string]any{"id": termsID, "displayName": "Terms"},
	} {
		if _, err := control.Create(t.Context(), tn.Client, entity, object); err != nil {
			t.Fatal(err)
		}
	}
	return tn
}

func TestEveryAttributeOfAPolicyIsWrittenReadRemovedAndRepaired(t *testing.T) {
	t.Parallel()
	for name, c := range attributeCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := policiesFor(t)
			config := func(changes map[string]string) string { return tn.Provider() + block(changes) }
			var before, after control.ConditionalAccessPolicy
			keep := func(policy *control.ConditionalAccessPolicy) resource.TestCheckFunc {
				return has(tn, "MFA for everybody", func(p control.ConditionalAccessPolicy) error { *policy = p; return nil })
			}
			// become makes the policy what it was once, behind Terraform's back.
			become := func(policy *control.ConditionalAccessPolicy) func() {
				return tn.Do(func(ctx context.Context) error {
					now, err := tn.Snapshot(ctx)
					if err != nil {
						return err
					}
					for i := range now.ConditionalAccessPolicies {
						if have := &now.ConditionalAccessPolicies[i]; have.ID == policy.ID {
							have.Conditions, have.GrantControls, have.SessionControls, have.Description = policy.Conditions, policy.GrantControls, policy.SessionControls, policy.Description
						}
					}
					return tn.Seed(ctx, now)
				})
			}
			same := func(want *control.ConditionalAccessPolicy) resource.TestCheckFunc {
				return has(tn, "MFA for everybody", func(p control.ConditionalAccessPolicy) error {
					if p.ID != want.ID || !reflect.DeepEqual(p.Conditions, want.Conditions) || !reflect.DeepEqual(p.GrantControls, want.GrantControls) ||
						!reflect.DeepEqual(p.SessionControls, want.SessionControls) || p.Description != want.Description {
						return fmt.Errorf("the policy is %+v, want %+v", p, *want)
					}
					return nil
				})
			}
			empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
			again := resource.TestStep{Config: config(c.with), ResourceName: address, ImportState: true, ImportStateVerify: true}
			back := resource.TestStep{PreConfig: become(&after), Config: config(c.with), ConfigPlanChecks: empty}
			if c.shortened {
				// What a refresh did not have to say becomes what the configuration says, and that writes nothing.
				back.ConfigPlanChecks = action(plancheck.ResourceActionUpdate)
				back.Check = func(*terraform.State) error {
					if writes := tn.Sent("PATCH"); writes != 2 {
						return fmt.Errorf("%d writes, want those of two updates", writes)
					}
					return nil
				}
				again = resource.TestStep{Config: config(c.with), ConfigPlanChecks: empty}
			}
			tn.Run(
				resource.TestStep{Config: config(c.without), Check: keep(&before)},
				resource.TestStep{Config: config(c.with), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: keep(&after)},
				again,
				resource.TestStep{Config: config(c.without), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: same(&before)},
				back,
				resource.TestStep{PreConfig: become(&before), Config: config(c.with), ConfigPlanChecks: action(plancheck.ResourceActionUpdate), Check: same(&after)},
			)
			if reflect.DeepEqual(before.Conditions, after.Conditions) && reflect.DeepEqual(before.GrantControls, after.GrantControls) &&
				reflect.DeepEqual(before.SessionControls, after.SessionControls) && before.Description == after.Description {
				t.Errorf("the case changes nothing: %+v", after)
			}
		})
	}
}
