package main

import (
	"context"
	"fmt"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// group is scenarios that share what is prepared for them, in the order of the table.
type group struct {
	scenarios []string
	// measure returns the findings of the wanted scenarios. With an error it returns those that were complete by then.
	measure func(ctx context.Context, b *benchmark, wanted func(scenario string) bool) ([]finding, error)
}

// Names of the scenarios, for --only and in the JSON.
const (
	singlePlan      = "single-plan"
	singleNaive     = "single-naive"
	manyPlan        = "many-plan"
	manyApply       = "many-apply"
	manyGrowth      = "many-growth"
	manyMemory      = "many-memory"
	locationsCreate = "trusted-ips-create"
	locationsPlan   = "trusted-ips-refresh"
	rangesPlan      = "trusted-ips-ranges"
	policiesCreate  = "policies-create"
	policiesPlan    = "policies-refresh"
)

func allGroups() []group {
	return []group{
		{[]string{singlePlan, singleNaive}, measureSingles},
		{[]string{manyPlan, manyApply, manyGrowth, manyMemory}, measureMany},
		{[]string{locationsCreate, locationsPlan}, measureLocations},
		{[]string{rangesPlan}, measureRanges},
		{[]string{policiesCreate, policiesPlan}, measurePolicies},
	}
}

// sizes are the numbers of things.
type sizes struct {
	// singles is the number of users with a resource each.
	singles int
	// many is the number of users in one resource, few that in another one, changed how many of many an apply changes.
	many, few, changed int
	locations          int
	// ranges is the number of ranges in one location, fewRanges that in another one.
	ranges, fewRanges int
	// newPolicies is the number of policies that are created, policies that of those that are refreshed.
	newPolicies, policies int
}

func sizesOf(quick bool) sizes {
	if quick {
		return sizes{singles: 40, many: 80, few: 40, changed: 20, locations: 3, ranges: 40, fewRanges: 20, newPolicies: 3, policies: 4}
	}
	return sizes{singles: 1000, many: 10_000, few: 1000, changed: 1000, locations: 100, ranges: 2000, fewRanges: 200, newPolicies: 50, policies: 200}
}

// Bounds.
const (
	// spareRequests is what may come on top of one batch for each 20 users: the emergency access accounts, and batches that
	// leave before they are full.
	spareRequests = 10
	// spareLocationRequests is what a create may send besides one request for each location.
	spareLocationRequests = 5
	planRequests          = 2 // of Conditional Access, however many locations there are

	singleRatio = 1.5
	manyRatio   = 2
	growthRatio = 12
	rangesRatio = 3
	memoryLimit = 200 // MB
	batchSize   = 20  // https://learn.microsoft.com/graph/json-batching
)

// batchesFor is how many requests users may take.
func batchesFor(users int) int { return (users+batchSize-1)/batchSize + spareRequests }

const (
	toUsers        = "HTTP requests to /users... and $batch"
	toFloor        = "wall clock to floor"
	throttledCalls = "requests throttled (429)"
)

// measureSingles is about users with a resource each.
func measureSingles(ctx context.Context, b *benchmark, wanted func(string) bool) ([]finding, error) {
	n := b.sizes.singles
	users := tenantUsers(n)
	if err := b.seed(ctx, users); err != nil {
		return nil, err
	}
	var findings []finding
	var plan *spread
	if wanted(singlePlan) {
		p, err := b.applied(ctx, "singles", singleResources(users))
		if err != nil {
			return nil, err
		}
		slow := &series{label: "no-op plan of single resources", latency: b.opts.latency, run: p.plan}
		floor := &series{label: "the same with latency 0", run: p.plan}
		if err := b.alternate(ctx, slow, floor); err != nil {
			return nil, err
		}
		f := find(singlePlan, "no-op plan, single resources", n, slow, floor)
		f.Bounds = []bound{
			atMost(toFloor, f.Ratio, singleRatio, times).forLargeNumbersOnly(b.opts.quick),
			requestsAtMost(toUsers, f.Requests.UsersAndBatches, batchesFor(n)),
			requestsAtMost(throttledCalls, f.Requests.Throttled, 0),
		}
		findings, plan = append(findings, f), f.WallSeconds
	}
	if wanted(singleNaive) {
		client, err := newNaiveClient(b.emulator.Variables)
		if err != nil {
			return findings, err
		}
		read := func(ctx context.Context) (sample, error) { return client.read(ctx, users) }
		slow := &series{label: "naive client, one read each", latency: b.opts.latency, run: read}
		floor := &series{label: "the same with latency 0", run: read}
		if err := b.alternate(ctx, slow, floor); err != nil {
			return findings, err
		}
		f := find(singleNaive, "naive client, 1 GET each, 10 at a time", n, slow, floor)
		f.withoutProvider, f.Bounds = true, []bound{}
		f.Notes = []string{"for comparison: no CLI, no provider, only the reads"}
		if ratio := ratioOf(f.WallSeconds, plan); ratio != nil {
			f.Notes = append(f.Notes, fmt.Sprintf("its reads alone take %s of the whole plan above", times.format(*ratio)))
		}
		findings = append(findings, f)
	}
	return findings, nil
}

// measureMany is about users in one resource.
func measureMany(ctx context.Context, b *benchmark, wanted func(string) bool) ([]finding, error) {
	m := &manyUsers{b: b, users: tenantUsers(b.sizes.many)}
	if err := m.prepare(ctx, wanted); err != nil {
		return nil, err
	}
	var findings []finding
	if m.slow != nil {
		var all []*series
		for _, s := range []*series{m.slow, m.floor, m.few} {
			if s != nil {
				all = append(all, s)
			}
		}
		if err := b.alternate(ctx, all...); err != nil {
			return nil, err
		}
		if wanted(manyPlan) {
			findings = append(findings, m.findPlan())
		}
		if wanted(manyGrowth) {
			findings = append(findings, m.findGrowth())
		}
	}
	if wanted(manyApply) {
		if err := m.measureApply(ctx); err != nil {
			return findings, err
		}
		findings = append(findings, m.findApply())
	}
	if wanted(manyMemory) {
		findings = append(findings, m.findMemory())
	}
	return findings, nil
}

// manyUsers is a resource of many users.
type manyUsers struct {
	b     *benchmark
	users []control.User
	place *place
	// first is the apply that sets all users.
	first sample
	// slow is the no-op plan, floor the same with latency 0, few that of few users. They are nil where nobody wants them.
	slow, floor, few *series
	change           *series
}

// prepare applies what is planned later. All but the users who are changed later are enabled.
func (m *manyUsers) prepare(ctx context.Context, wanted func(string) bool) (err error) {
	if err := m.b.seed(ctx, m.users); err != nil {
		return err
	}
	if m.place, err = m.b.place(ctx, "many", usersResource(m.users, len(m.users)-m.b.sizes.changed)); err != nil {
		return err
	}
	if err := m.b.atOnce(ctx); err != nil {
		return err
	}
	m.b.say("first apply of %s users in one resource, with latency 0", number(float64(len(m.users))))
	if m.first, err = m.place.apply(ctx); err != nil {
		return err
	}
	m.b.say("first apply: %s s", significant(m.first.wall.Seconds()))
	if !wanted(manyPlan) && !wanted(manyGrowth) && !wanted(manyMemory) {
		return nil
	}
	m.slow = &series{label: "no-op plan of many users", latency: m.b.opts.latency, run: m.place.plan}
	if wanted(manyPlan) {
		m.floor = &series{label: "the same with latency 0", run: m.place.plan}
	}
	if wanted(manyGrowth) {
		few := m.users[:m.b.sizes.few]
		place, err := m.b.applied(ctx, "few", usersResource(few, len(few)))
		if err != nil {
			return err
		}
		m.few = &series{label: "no-op plan of fewer users", latency: m.b.opts.latency, run: place.plan}
	}
	return nil
}

func (m *manyUsers) findPlan() finding {
	f := find(manyPlan, "no-op plan, users in one resource", len(m.users), m.slow, m.floor)
	f.Bounds = []bound{
		atMost(toFloor, f.Ratio, manyRatio, times).forLargeNumbersOnly(m.b.opts.quick),
		requestsAtMost("HTTP requests", f.Requests.HTTP, batchesFor(len(m.users))),
	}
	return f
}

func (m *manyUsers) findGrowth() finding {
	f := find(manyGrowth, "growth of that plan with its users", len(m.users), m.slow, nil)
	few := m.few.spread()
	f.Notes = []string{fmt.Sprintf("with %s users: %s s", number(float64(m.b.sizes.few)), few)}
	what := fmt.Sprintf("wall clock of %s users to that of %s", number(float64(len(m.users))), number(float64(m.b.sizes.few)))
	f.Bounds = []bound{atMost(what, ratioOf(f.WallSeconds, few), growthRatio, times).forLargeNumbersOnly(m.b.opts.quick)}
	return f
}

// measureApply measures an apply that changes some users, each time from the same state of the tenant and of Terraform.
func (m *manyUsers) measureApply(ctx context.Context) error {
	before, err := m.b.emulator.Tenant.Snapshot(ctx)
	if err != nil {
		return err
	}
	state, err := m.place.state()
	if err != nil {
		return err
	}
	if err := m.place.configure(usersResource(m.users, len(m.users))); err != nil {
		return err
	}
	m.change = &series{
		label: fmt.Sprintf("apply that changes %s users", number(float64(m.b.sizes.changed))), latency: m.b.opts.latency,
		sameUser: sameUsers(m.users), run: m.place.apply,
		prepare: func(ctx context.Context) error {
			if err := m.b.emulator.Tenant.Seed(ctx, before); err != nil {
				return err
			}
			return m.place.work.Write(stateFile, state)
		},
	}
	if err := m.b.alternate(ctx, m.change); err != nil {
		return err
	}
	return m.b.checkStates(ctx, m.users, control.StateEnabled)
}

func (m *manyUsers) findApply() finding {
	title := fmt.Sprintf("apply that changes %s of them", number(float64(m.b.sizes.changed)))
	f := find(manyApply, title, len(m.users), m.change, nil)
	f.Notes = []string{fmt.Sprintf("%s hold reads of users who are not written yet", plural(f.Requests.Reads, "HTTP request"))}
	f.Bounds = []bound{
		requestsAtMost("HTTP requests that write users ($batch or PATCH)", f.Requests.Writes, batchesFor(m.b.sizes.changed)),
		requestsAtMost("HTTP requests that confirm: read users after their write", f.Requests.Confirmations, batchesFor(m.b.sizes.changed)),
	}
	return f
}

func (m *manyUsers) findMemory() finding {
	parts := []struct {
		what  string
		bytes *int64
	}{
		{"first apply", m.first.memory}, {"no-op plan", m.slow.memory()},
	}
	if m.change != nil {
		parts = append(parts, struct {
			what  string
			bytes *int64
		}{"apply of changes", m.change.memory()})
	}
	f := finding{Scenario: manyMemory, Title: "peak memory of the provider", N: len(m.users)}
	note := "highest of"
	for i, part := range parts {
		f.PeakMemoryBytes = highest(f.PeakMemoryBytes, part.bytes)
		if i > 0 {
			note += ","
		}
		note += " " + part.what + " "
		if part.bytes == nil {
			note += "n/a"
		} else {
			note += megabytes(*part.bytes)
		}
	}
	f.Notes = []string{note}
	var value *float64
	if f.PeakMemoryBytes != nil {
		value = new(float64(*f.PeakMemoryBytes) / 1e6)
	}
	f.Bounds = []bound{atMost("peak memory of the provider", value, memoryLimit, mb).forLargeNumbersOnly(m.b.opts.quick)}
	return f
}

// measureLocations is about many locations under one request a second.
func measureLocations(ctx context.Context, b *benchmark, wanted func(string) bool) ([]finding, error) {
	n := b.sizes.locations
	if err := b.seed(ctx, nil); err != nil {
		return nil, err
	}
	p, err := b.place(ctx, "locations", locationResources(n))
	if err != nil {
		return nil, err
	}
	var findings []finding
	if wanted(locationsCreate) {
		create := &series{label: "create of trusted_ips", latency: b.opts.latency, run: p.apply, prepare: func(ctx context.Context) error {
			if err := p.forget(); err != nil {
				return err
			}
			return b.seed(ctx, nil)
		}}
		if err := b.alternate(ctx, create); err != nil {
			return nil, err
		}
		if err := b.checkLocations(ctx, n); err != nil {
			return nil, err
		}
		f := find(locationsCreate, "create trusted_ips", n, create, nil)
		f.Notes = []string{"under 1 Conditional Access request a second, with default parallelism and without a failure"}
		f.Bounds = []bound{
			requestsAtMost("Conditional Access requests of the whole apply", f.Requests.ConditionalAccess, n+spareLocationRequests),
			requestsAtMost(throttledCalls, f.Requests.Throttled, 0),
		}
		findings = append(findings, f)
	} else if wanted(locationsPlan) {
		b.say("create of trusted_ips, not measured; a request a second")
		if err := b.atOnce(ctx); err != nil {
			return nil, err
		}
		if _, err := p.apply(ctx); err != nil {
			return nil, err
		}
	}
	if wanted(locationsPlan) {
		slow := &series{label: "refresh of trusted_ips", latency: b.opts.latency, run: p.plan}
		floor := &series{label: "the same with latency 0", run: p.plan}
		if err := b.alternate(ctx, slow, floor); err != nil {
			return findings, err
		}
		f := find(locationsPlan, "refresh trusted_ips (no-op plan)", n, slow, floor)
		f.Bounds = []bound{requestsAtMost("Conditional Access requests", f.Requests.ConditionalAccess, planRequests)}
		findings = append(findings, f)
	}
	return findings, nil
}

// measureRanges is about many ranges in one location.
func measureRanges(ctx context.Context, b *benchmark, _ func(string) bool) ([]finding, error) {
	if err := b.seed(ctx, nil); err != nil {
		return nil, err
	}
	many, err := b.applied(ctx, "ranges", rangesResource(0, b.sizes.ranges))
	if err != nil {
		return nil, err
	}
	// Ranges of its own, so that none lies within one of the other location.
	few, err := b.applied(ctx, "few-ranges", rangesResource(b.sizes.ranges, b.sizes.fewRanges))
	if err != nil {
		return nil, err
	}
	slow := &series{label: "no-op plan of many ranges", latency: b.opts.latency, run: many.plan}
	fewer := &series{label: "no-op plan of fewer ranges", latency: b.opts.latency, run: few.plan}
	floor := &series{label: "many ranges with latency 0", run: many.plan}
	if err := b.alternate(ctx, slow, fewer, floor); err != nil {
		return nil, err
	}
	f := find(rangesPlan, "no-op plan, ranges of one trusted_ips", b.sizes.ranges, slow, floor)
	reference := fewer.spread()
	f.Notes = []string{fmt.Sprintf("with %s ranges: %s s", number(float64(b.sizes.fewRanges)), reference)}
	what := fmt.Sprintf("wall clock of %s ranges to that of %s", number(float64(b.sizes.ranges)), number(float64(b.sizes.fewRanges)))
	f.Bounds = []bound{atMost(what, ratioOf(f.WallSeconds, reference), rangesRatio, times).forLargeNumbersOnly(b.opts.quick)}
	return []finding{f}, nil
}

// applied makes a place whose configuration has been applied, with latency 0 and without limits.
func (b *benchmark) applied(ctx context.Context, name, configuration string) (*place, error) {
	p, err := b.place(ctx, name, configuration)
	if err != nil {
		return nil, err
	}
	if err := b.atOnce(ctx); err != nil {
		return nil, err
	}
	got, err := p.apply(ctx)
	if err != nil {
		return nil, err
	}
	b.say("first apply in %s, with latency 0: %s s", name, significant(got.wall.Seconds()))
	return p, nil
}

// checkStates checks that an apply has done what was measured.
func (b *benchmark) checkStates(ctx context.Context, users []control.User, state string) error {
	now, err := b.emulator.Tenant.Snapshot(ctx)
	if err != nil {
		return err
	}
	states := map[string]string{}
	for i := range now.Users {
		states[now.Users[i].ID] = now.Users[i].PerUserMFAState
	}
	for i := range users {
		if got := states[users[i].ID]; got != state {
			return fmt.Errorf("after the apply %s is %q in the tenant, expected %q", users[i].UserPrincipalName, got, state)
		}
	}
	return nil
}

func (b *benchmark) checkLocations(ctx context.Context, n int) error {
	now, err := b.emulator.Tenant.ListNamedLocations(ctx)
	if err != nil {
		return err
	}
	if got := len(now) - len(b.base.NamedLocations); got != n {
		return fmt.Errorf("the apply has made %d locations, expected %d", got, n)
	}
	return nil
}
