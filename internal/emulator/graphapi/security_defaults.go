package graphapi

import (
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// SecurityDefaults is the policy that switches security defaults on. They are off unless the tenant file says otherwise.
//
// https://learn.microsoft.com/graph/api/resources/identitysecuritydefaultsenforcementpolicy
type SecurityDefaults struct {
	IsEnabled bool `json:"isEnabled" doc:"Whether they are on."`
}

var securityDefaults = &store.Singleton[SecurityDefaults]{Name: "securityDefaults"}

// https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get
// https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-update
func init() {
	nameType[SecurityDefaults]("microsoft.graph.identitySecurityDefaultsEnforcementPolicy")
	addSingleton(singleton[SecurityDefaults]{
		data: securityDefaults, name: "security defaults policy",
		path: "/policies/identitySecurityDefaultsEnforcementPolicy", class: control.ClassDirectory,
		read:   oneOf("Policy.Read.All"),
		write:  allOf("Policy.Read.All", "Policy.ReadWrite.SecurityDefaults"),
		change: changedSecurityDefaults,
		object: func(_ *store.Tx, _ *request, policy SecurityDefaults) map[string]any {
			return map[string]any{
				"id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults", "isEnabled": policy.IsEnabled,
				"description": "Security defaults is a set of basic identity security mechanisms recommended by Microsoft.",
			}
		},
		file: fileOfOne[SecurityDefaults]{member: "securityDefaults"},
	})
}

// changedSecurityDefaults refuses to switch security defaults on beside a Conditional Access policy that is on. That the two
// exclude each other is documented; what the service answers is not.
//
// https://learn.microsoft.com/entra/fundamentals/security-defaults
func changedSecurityDefaults(tx *store.Tx, value SecurityDefaults, changes map[string]any) (*SecurityDefaults, *refusal) {
	changed := recoded[SecurityDefaults](overlay(properties(value), changes, 0))
	on := func(policy control.ConditionalAccessPolicy) bool { return policy.State == control.PolicyEnabled }
	if changed.IsEnabled && slices.ContainsFunc(accessPolicies.Values(tx, false), on) {
		return nil, badRequest("Security defaults cannot be enabled while a conditional access policy is enabled.")
	}
	return changed, nil
}
