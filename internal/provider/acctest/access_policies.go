package acctest

// AccessPolicyType is the type of a Conditional Access policy.
const AccessPolicyType = "entramfa_conditional_access_policy"

// AccessPolicyPath is the id of a policy in azuread, without the GUID.
const AccessPolicyPath = "/identity/conditionalAccess/policies/"

// AccessPolicy is a configuration of a policy that requires MFA of everybody but Adele, with everything that has a default.
func AccessPolicy(name, state string) map[string]any {
	return map[string]any{
		"display_name": name, "state": state, "allow_emergency_access": false, "on_destroy": "delete",
		"conditions": map[string]any{
			"users":        map[string]any{"included_users": []any{"All"}, "excluded_users": []any{AdeleID}},
			"applications": map[string]any{"included_applications": []any{"All"}}, "client_app_types": []any{"all"},
		},
		"grant_controls": map[string]any{"operator": "OR", "built_in_controls": []any{"mfa"}},
	}
}

// BranchPolicy is the configuration of the policy BranchOnly.
func BranchPolicy() map[string]any {
	policy := AccessPolicy("Branch only", "enabledForReportingButNotEnforced")
	policy["conditions"] = map[string]any{
		"users":        map[string]any{"included_users": []any{"All"}},
		"applications": map[string]any{"included_applications": []any{"All"}}, "client_app_types": []any{"all"},
		"locations": map[string]any{"included_locations": []any{BranchID}},
	}
	return policy
}
