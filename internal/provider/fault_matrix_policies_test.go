package provider_test

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"

// accessPolicyOperations are the rows of the matrix about Conditional Access policies.
func accessPolicyOperations() []faultyOperation {
	const (
		one      = acctest.AccessPolicyType
		all      = "entramfa_conditional_access_policies"
		report   = "enabledForReportingButNotEnforced"
		enabled  = "enabled"
		disabled = "disabled"
	)
	policy := func(state string) map[string]any { return acctest.AccessPolicy("MFA", state) }
	objects := []string{"Conditional Access policy", "Conditional Access policies", "MFA", "Branch only"}
	return []faultyOperation{
		{name: "policy: plan of create", typeName: one, deed: deedPlan, config: policy(report), objects: objects},
		{name: "policy: create", typeName: one, deed: deedApply, config: policy(report), objects: objects},
		{name: "policy: read", typeName: one, deed: deedRead, begin: policy(report), config: policy(report), objects: objects},
		{name: "policy: plan of enabling", typeName: one, deed: deedPlan, begin: policy(report), config: policy(enabled), objects: objects},
		{name: "policy: update", typeName: one, deed: deedApply, begin: policy(report), config: policy(disabled), objects: objects},
		{name: "policy: plan of delete", typeName: one, deed: deedPlan, begin: policy(enabled), objects: objects},
		{name: "policy: delete", typeName: one, deed: deedApply, begin: policy(report), objects: objects},
		{name: "policy: import", typeName: one, deed: deedImport, importID: acctest.BranchOnly, config: acctest.BranchPolicy(), objects: objects},
		{name: "policy: import by name", typeName: one, deed: deedImport, importID: "branch only", config: acctest.BranchPolicy(), objects: objects},

		{name: "data: policy", typeName: one, deed: deedData, config: map[string]any{"display_name": "Branch only"}, objects: objects},
		{name: "data: policies", typeName: all, deed: deedData, config: map[string]any{}, objects: objects},
	}
}
