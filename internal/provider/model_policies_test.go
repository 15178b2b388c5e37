package provider_test

import (
	"context"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// modelPolicyPrefix begins the names of the policies of the model, and of no others.
const modelPolicyPrefix = "Access "

func isModelPolicy(policy control.ConditionalAccessPolicy) bool {
	return strings.HasPrefix(policy.DisplayName, modelPolicyPrefix)
}

// configureAccessPolicy draws a policy. Of everything that a policy has it varies a little of each part: the rules of policies have tests of
// their own, and this one is about what becomes of objects.
func (q *sequence) configureAccessPolicy() {
	i := rapid.IntRange(0, 1).Draw(q.r, "policy")
	users := map[string]any{"included_users": []any{"All"}}
	if len(q.emergency) > 0 {
		users["excluded_users"] = []any{q.spelled(acctest.RescueID), q.spelled(modelID(7))}
	} else if rapid.Bool().Draw(q.r, "spared") {
		users["excluded_users"] = []any{q.spelled(acctest.RescueID)}
	}
	values := map[string]any{
		"display_name": fmt.Sprintf("%s%d", modelPolicyPrefix, rapid.IntRange(0, 2).Draw(q.r, "name")),
		"state":        rapid.SampledFrom([]string{control.PolicyReportOnly, control.PolicyDisabled, control.PolicyEnabled}).Draw(q.r, "state"),
		"conditions":   map[string]any{"users": users, "applications": map[string]any{"included_applications": []any{"All"}}},
		"grant_controls": map[string]any{"built_in_controls": rapid.SampledFrom([][]any{
			{"mfa"}, {"mfa", "compliantDevice"}, {"compliantDevice"},
		}).Draw(q.r, "controls")},
	}
	if rapid.Bool().Draw(q.r, "session") {
		values["session_controls"] = map[string]any{"sign_in_frequency": rapid.IntRange(1, 9).Draw(q.r, "hours"), "sign_in_frequency_period": "hours"}
	}
	if rapid.Bool().Draw(q.r, "described") {
		values["description"] = "Why."
	}
	q.config[fmt.Sprintf("access%d", i)] = acctest.ResourceBlock{TypeName: typeAccessPolicy, Values: values}
}

// editAccessPolicy changes or deletes a policy of the model behind Terraform's back.
func (q *sequence) editAccessPolicy(tenant *control.Tenant) {
	for _, policy := range tenant.ConditionalAccessPolicies {
		if !isModelPolicy(policy) || rapid.Bool().Draw(q.r, "another policy") {
			continue
		}
		if rapid.Bool().Draw(q.r, "deleted") {
			q.do(q.tenant.DeleteConditionalAccessPolicy(context.Background(), policy.ID))
			return
		}
		_, err := control.Patch[control.ConditionalAccessPolicy](context.Background(), q.tenant, "conditional-access-policies", policy.ID, map[string]any{
			"state": rapid.SampledFrom([]string{control.PolicyReportOnly, control.PolicyDisabled, control.PolicyEnabled}).Draw(q.r, "state"),
		})
		q.do(err)
		return
	}
}

// accessProblems says which policies of a configuration are not as configured, and which of others have been touched.
func (e *forecast) accessProblems(after *control.Tenant, state map[string]acctest.ResourceBlock) []string {
	var found []string
	for name, want := range e.access {
		if problem := accessPolicyProblem(want.Values, accessPolicyBy(after, state[name].Text("id", ""))); problem != "" {
			found = append(found, fmt.Sprintf("%s: %s, want %v", name, problem, want.Values))
		}
	}
	return found
}

// lostPolicies names the policies of the model that are in the tenant and not in the state.
func lostPolicies(after *control.Tenant, state map[string]acctest.ResourceBlock) []string {
	owned := map[string]bool{}
	for _, prior := range state {
		if prior.TypeName == typeAccessPolicy {
			owned[prior.Text("id", "")] = true
		}
	}
	var found []string
	for _, policy := range after.ConditionalAccessPolicies {
		if isModelPolicy(policy) && !owned[policy.ID] {
			found = append(found, fmt.Sprintf("lost or duplicated: policy %s (%s) is in the tenant and not in the state", policy.ID, policy.DisplayName))
		}
	}
	return found
}
