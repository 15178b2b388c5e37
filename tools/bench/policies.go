package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const (
	// sparePolicyRequests is what a create may send besides one request for each policy: the lists of its plan and of its apply.
	sparePolicyRequests = 5
	policyPlanRequests  = 3 // of Conditional Access, however many policies there are
)

func policyID(i int) string { return fmt.Sprintf("66666666-ffff-4fff-8fff-%012d", i) }

// policyResources are policies in report-only, each with a location and a group that it leaves out; imported says that they are there already.
func policyResources(n int, imported bool) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `
resource "entramfa_conditional_access_policy" "policy%03d" {
  display_name = "Policy %d"
  state        = "enabledForReportingButNotEnforced"
  conditions = {
    users        = { included_users = ["All"], excluded_groups = [%q] }
    applications = { included_applications = ["All"] }
    locations    = { included_locations = ["All"], excluded_locations = [%q] }
  }
  grant_controls = { built_in_controls = ["mfa"] }
}
`, i+1, i+1, emulator.SampleBreakGlassID, emulator.SampleHeadquartersID)
		if imported {
			fmt.Fprintf(&text, "import {\n  to = entramfa_conditional_access_policy.policy%03d\n  id = %q\n}\n", i+1, policyID(i))
		}
	}
	return text.String()
}

// seedPolicies seeds the tenant with n policies as policyResources has them.
func (b *benchmark) seedPolicies(ctx context.Context, n int) error {
	tenant := *b.base
	tenant.ConditionalAccessPolicies = append([]control.ConditionalAccessPolicy(nil), tenant.ConditionalAccessPolicies...)
	for i := range n {
		tenant.ConditionalAccessPolicies = append(tenant.ConditionalAccessPolicies, control.ConditionalAccessPolicy{
			ID: policyID(i), DisplayName: fmt.Sprintf("Policy %d", i+1), State: control.PolicyReportOnly,
			Conditions: control.PolicyConditions{
				Users:        &control.PolicyUsers{IncludeUsers: []string{"All"}, ExcludeGroups: []string{emulator.SampleBreakGlassID}},
				Applications: &control.PolicyApplications{IncludeApplications: []string{"All"}},
				Locations:    &control.PolicyLocations{IncludeLocations: []string{"All"}, ExcludeLocations: []string{emulator.SampleHeadquartersID}},
			},
			GrantControls: &control.ConditionalAccessGrant{Operator: "OR", BuiltInControls: []string{"mfa"}},
		})
	}
	return b.emulator.Tenant.Seed(ctx, &tenant)
}

// measurePolicies is about Conditional Access policies: 50 that are created, and 200 that are refreshed.
func measurePolicies(ctx context.Context, b *benchmark, wanted func(string) bool) ([]finding, error) {
	var findings []finding
	if wanted(policiesCreate) {
		n := b.sizes.newPolicies
		p, err := b.place(ctx, "new-policies", policyResources(n, false))
		if err != nil {
			return nil, err
		}
		create := &series{label: "create of policies", latency: b.opts.latency, run: p.apply, prepare: func(ctx context.Context) error {
			if err := p.forget(); err != nil {
				return err
			}
			return b.seed(ctx, nil)
		}}
		if err := b.alternate(ctx, create); err != nil {
			return nil, err
		}
		policies, err := b.emulator.Tenant.ListConditionalAccessPolicies(ctx)
		if err != nil {
			return nil, err
		}
		if got := len(policies) - len(b.base.ConditionalAccessPolicies); got != n {
			return nil, fmt.Errorf("the apply has made %d policies, expected %d", got, n)
		}
		f := find(policiesCreate, "create policies", n, create, nil)
		f.Notes = []string{"under 1 Conditional Access request a second, with default parallelism and without a failure"}
		f.Bounds = []bound{
			requestsAtMost("Conditional Access requests of the whole apply", f.Requests.ConditionalAccess, n+sparePolicyRequests),
			requestsAtMost(throttledCalls, f.Requests.Throttled, 0),
		}
		findings = append(findings, f)
	}
	if wanted(policiesPlan) {
		n := b.sizes.policies
		if err := b.seedPolicies(ctx, n); err != nil {
			return findings, err
		}
		p, err := b.applied(ctx, "policies", policyResources(n, true))
		if err != nil {
			return findings, err
		}
		slow := &series{label: "refresh of policies", latency: b.opts.latency, run: p.plan}
		floor := &series{label: "the same with latency 0", run: p.plan}
		if err := b.alternate(ctx, slow, floor); err != nil {
			return findings, err
		}
		f := find(policiesPlan, "refresh policies (no-op plan)", n, slow, floor)
		f.Bounds = []bound{requestsAtMost("Conditional Access requests", f.Requests.ConditionalAccess, policyPlanRequests)}
		findings = append(findings, f)
	}
	return findings, nil
}
