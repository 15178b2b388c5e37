package coverage

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
)

// TestTheIndexSaysWhatThePoliciesSay asks each policy whether it applies, and compares that with the index.
func TestTheIndexSaysWhatThePoliciesSay(t *testing.T) {
	t.Parallel()
	ids := []string{"u1", "u2", "G1", "g2", "r1", "R2"}
	rapid.Check(t, func(t *rapid.T) {
		some := func(label string, values ...string) []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom(values), 0, 3, func(v string) string { return v }).Draw(t, label)
		}
		guests := func(label string) *rules.Guests {
			kinds := some(label, rules.GuestTypes...)
			if len(kinds) == 0 {
				return nil
			}
			return &rules.Guests{Types: kinds, Tenants: rapid.SampledFrom([]*rules.ExternalTenants{nil, {MembershipKind: rules.TenantsEnumerated, Members: []string{"t1"}}}).Draw(t, label+" tenants")}
		}
		var policies []rules.Policy
		for i := range rapid.IntRange(1, 5).Draw(t, "policies") {
			at := fmt.Sprint(i)
			policies = append(policies, rules.Policy{ID: at, State: rules.Enabled, Conditions: rules.Conditions{Users: &rules.Users{
				IncludeUsers: some("include users "+at, "u1", "U2", rules.All, rules.GuestsOrExternal), ExcludeUsers: some("exclude users "+at, "U1", "u2", rules.GuestsOrExternal),
				IncludeGroups: some("include groups "+at, "g1", "G2"), ExcludeGroups: some("exclude groups "+at, "g1", "g2"),
				IncludeRoles: some("include roles "+at, "r1", "r2"), ExcludeRoles: some("exclude roles "+at, "R1", "r2"),
				IncludeGuests: guests("include guests " + at), ExcludeGuests: guests("exclude guests " + at),
			}}})
		}
		person := Person{
			ID: rapid.SampledFrom(ids[:2]).Draw(t, "id"), Groups: some("groups", "G1", "g2"), Roles: some("roles", "r1", "R2"), UnknownGroups: some("unknown groups", "g1", "G2"),
			UnknownRoles: rapid.Bool().Draw(t, "unknown roles"), UnknownKind: rapid.Bool().Draw(t, "unknown kind"),
			GuestKind: rapid.SampledFrom(append([]string{""}, rules.GuestTypes...)).Draw(t, "kind"), HomeTenant: rapid.SampledFrom([]string{"", "t1", "t2"}).Draw(t, "tenant"),
		}
		signature := newIndex(policies).signature(person)
		for i, policy := range policies {
			if want, how := applies(policy, person); membership(signature[i]) != want {
				t.Fatalf("policy %d: the index says %d, the policy %d (%s): %+v", i, signature[i], want, how, person)
			}
		}
	})
}

// BenchmarkCoverage evaluates 100,000 users under 200 policies, most of them by groups.
//
//	go test ./internal/client/coverage -run '^$' -bench Coverage -benchmem
func BenchmarkCoverage(b *testing.B) {
	var tenant Tenant
	group := func(n int) string { return fmt.Sprintf("33333333-cccc-4ccc-8ccc-%012d", n) }
	for i := range 200 {
		users := &rules.Users{IncludeGroups: []string{group(i % 50), group(i%50 + 1)}, ExcludeGroups: []string{group(900)}}
		policy := rules.Policy{ID: fmt.Sprint(i), State: rules.Enabled, Conditions: rules.Conditions{
			Users: users, Applications: &rules.Applications{IncludeApplications: []string{rules.All}, ExcludeApplications: []string{fmt.Sprintf("app-%d", i%7)}},
		}, GrantControls: &rules.GrantControls{Operator: "OR", BuiltInControls: []string{rules.ControlMFA}}}
		if i%3 == 0 {
			policy.Conditions.Locations = &rules.Locations{Include: []string{rules.All}, Exclude: []string{rules.AllTrusted}}
		}
		if i%5 == 0 {
			policy.GrantControls.BuiltInControls = append(policy.GrantControls.BuiltInControls, "compliantDevice")
		}
		tenant.Policies = append(tenant.Policies, policy)
	}
	persons := make([]Person, 100_000)
	for i := range persons {
		persons[i].ID = fmt.Sprintf("22222222-bbbb-4bbb-8bbb-%012d", i)
		for j := range 20 {
			persons[i].Groups = append(persons[i].Groups, group((i+j*j*7)%1000))
		}
	}
	for b.Loop() {
		evaluator := New(tenant)
		verdicts := map[Verdict]int{}
		for _, person := range persons {
			verdicts[evaluator.Evaluate(person).Verdict]++
		}
		b.ReportMetric(float64(len(evaluator.verdicts)), "signatures")
	}
}
