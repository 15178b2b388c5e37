package provider_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// The types of the model's resources.
const (
	typeUser      = "entramfa_user_mfa_state"
	typeUsers     = "entramfa_user_mfa_states"
	typePolicy    = "entramfa_registration_policy"
	typeLocations = "entramfa_trusted_ips"
	typeCountries = "entramfa_country_location"
	typeRange     = "entramfa_trusted_ip_range"
)

// isLocation reports whether a resource is a named location as a whole.
func isLocation(typeName string) bool { return typeName == typeLocations || typeName == typeCountries }

// model is what a tenant has to look like while a configuration is applied to it and others change it. It knows the
// documented meaning of the resources and nothing of how the provider works.
type model struct {
	t      acctest.Fatal
	tenant *control.Client
	driver driver
	config acctest.Configuration
	// emergency are the ids of the accounts that the provider block guards.
	emergency map[string]bool
	// remembered is the campaign that was there when the policy was adopted; nil while it is not managed.
	remembered *control.RegistrationCampaign
	// settle lets the time pass until the next run, in which replicas agree or not.
	settle func()
	tally  *tally
}

// snapshot is the tenant as it really is.
func (m *model) snapshot() *control.Tenant {
	m.t.Helper()
	tenant, err := m.tenant.Snapshot(context.Background())
	if err != nil {
		m.t.Fatalf("the tenant cannot be read: %v", err)
	}
	return tenant
}

// do is a change behind Terraform's back.
func (m *model) do(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatalf("the change behind Terraform's back failed: %v", err)
	}
}

func stateOf(user control.User) string {
	if user.PerUserMFAState == "" {
		return control.StateDisabled
	}
	return user.PerUserMFAState
}

// satisfies is what the documentation says of enforced.
func satisfies(have, want string) bool {
	return have == want || have == control.StateEnforced && want == control.StateEnabled
}

func userBy(tenant *control.Tenant, key string) *control.User {
	for i, user := range tenant.Users {
		if strings.EqualFold(user.ID, key) || strings.EqualFold(user.UserPrincipalName, key) {
			return &tenant.Users[i]
		}
	}
	return nil
}

func locationBy(tenant *control.Tenant, id string) *control.NamedLocation {
	for i, location := range tenant.NamedLocations {
		if strings.EqualFold(location.ID, id) {
			return &tenant.NamedLocations[i]
		}
	}
	return nil
}

func listed(value any) []string {
	var texts []string
	for _, element := range acctest.List(value) {
		if text, ok := element.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// forecast is what an apply has to do.
type forecast struct {
	// refused are the blocks that the plan has to refuse, with a part of what it says; nothing is applied then.
	refused map[string]string
	// stuck are those of which the apply has to fail, all others being applied.
	stuck map[string]string
	// users are the states of all users after the apply, by id.
	users map[string]string
	// kept are the locations that nobody may touch, by id; locations are those of the configuration, by the name of the
	// block. stays are the ids of those that keep theirs.
	kept      map[string]control.NamedLocation
	locations map[string]acctest.ResourceBlock
	stays     map[string]string
	// parts are the ranges of the locations of which blocks have single ones, by id, and shared these locations before the apply.
	parts  map[string][]string
	shared map[string]control.NamedLocation
	// access are the Conditional Access policies of the configuration, by the name of the block.
	access map[string]acctest.ResourceBlock
	// campaign says what is wrong with a campaign.
	campaign func(have *control.RegistrationCampaign) string
	rest     string
	// either are blocks of which at least one has to be refused, with a part of what it says.
	either []conflict
	// moved are the users who are handed from one block to another: some of them are given back what they had in a weaker form.
	moved map[string]bool
	// late says that something has happened after the plan, which a state of a user who is not changed learns of later.
	late bool
}

// conflict is what two blocks do to one person.
type conflict struct {
	blocks [2]string
	text   string
}

// expect works out what an apply of the configuration does to a tenant.
func (m *model) expect(before *control.Tenant, state map[string]acctest.ResourceBlock) *forecast {
	e := &forecast{
		refused: map[string]string{}, stuck: map[string]string{}, users: map[string]string{},
		kept: map[string]control.NamedLocation{}, locations: map[string]acctest.ResourceBlock{}, stays: map[string]string{},
		rest: restOf(before), moved: map[string]bool{}, parts: map[string][]string{}, shared: map[string]control.NamedLocation{},
	}
	for _, user := range before.Users {
		e.users[user.ID] = stateOf(user)
	}
	m.expectUsers(e, before, state)
	m.expectLocations(e, before, state)
	m.expectRanges(e, before, state)
	m.expectCampaign(e, before, state)
	e.access = map[string]acctest.ResourceBlock{}
	for name, wanted := range m.config {
		if wanted.TypeName == typeAccessPolicy {
			e.access[name] = wanted
		}
	}
	return e
}

// problems says in what a tenant is not what was expected.
func (e *forecast) problems(after *control.Tenant, state map[string]acctest.ResourceBlock) []string {
	var found []string
	report := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	have := map[string]string{}
	for _, user := range after.Users {
		have[user.ID] = stateOf(user)
	}
	if !maps.Equal(have, e.users) {
		for id, want := range e.users {
			if e.moved[id] && want == control.StateEnforced && have[id] == control.StateEnabled {
				continue
			}
			if have[id] != want {
				report("user %s is %q and not %q", id, have[id], want)
			}
		}
	}
	for id, want := range e.kept {
		if location := locationBy(after, id); location == nil || !reflect.DeepEqual(*location, want) {
			report("location %s (%s) was not to be touched, and it is %v", id, want.DisplayName, location)
		}
	}
	for name, want := range e.locations {
		id := state[name].Text("id", "")
		if kept, ok := e.stays[name]; ok && id != kept {
			report("%s was location %s and is %q", name, kept, id)
		}
		location := locationBy(after, id)
		switch {
		case location == nil:
			report("%s is to be location %q, and there is none", name, id)
		case !shows(location, want):
			report("%s is not as configured: %v", name, location)
		}
	}
	found = append(found, e.partProblems(after, state)...)
	found = append(found, e.accessProblems(after, state)...)
	if problem := e.campaign(campaignOf(after)); problem != "" {
		report("the campaign: %s", problem)
	}
	if restOf(after) != e.rest {
		report("something that no resource is about has changed")
	}
	return append(found, e.lost(after, state)...)
}

// lost names the locations that are neither somebody else's nor in the state, and those that two resources have.
func (e *forecast) lost(after *control.Tenant, state map[string]acctest.ResourceBlock) []string {
	found := lostPolicies(after, state)
	owners := map[string]string{}
	for name, prior := range state {
		if !isLocation(prior.TypeName) {
			continue
		}
		id := prior.Text("id", "")
		if other, ok := owners[id]; ok {
			found = append(found, fmt.Sprintf("lost or duplicated: location %s is that of %s and of %s", id, name, other))
		}
		owners[id] = name
	}
	for _, location := range after.NamedLocations {
		_, kept := e.kept[location.ID]
		if _, partly := e.parts[location.ID]; partly {
			kept = true
		}
		if _, owned := owners[location.ID]; !kept && !owned {
			found = append(found, fmt.Sprintf("lost or duplicated: location %s (%s) is in the tenant and not in the state", location.ID, location.DisplayName))
		}
	}
	return found
}

// Apply applies the configuration without faults, and checks everything that can be said of that.
func (m *model) Apply() {
	m.t.Helper()
	before, state := m.snapshot(), m.driver.State()
	m.applied(before, m.expect(before, state), state)
}

// agree makes all replicas the same: a tenant that is seeded with itself has no lag.
func (m *model) agree() {
	m.t.Helper()
	m.do(m.tenant.Seed(context.Background(), m.snapshot()))
}

// adopting makes replicas agree where one read decides and nobody can tell an old answer from a new one: what campaign is taken
// over, and whether a move to enforced is refused. An old answer is found out at apply then and not at plan.
func (m *model) adopting() {
	m.t.Helper()
	_, wanted := m.config["policy"]
	if _, managed := m.driver.State()["policy"]; wanted && !managed || m.wantsEnforced() {
		m.agree()
	}
}

func (m *model) wantsEnforced() bool {
	for _, block := range m.config {
		if block.Text("state", "") == control.StateEnforced || slices.Contains(slices.Collect(maps.Values(block.Texts("users"))), control.StateEnforced) {
			return true
		}
	}
	return false
}

// applied carries out an apply of which is known what it has to do.
func (m *model) applied(before *control.Tenant, e *forecast, state map[string]acctest.ResourceBlock) {
	m.t.Helper()
	m.adopting()
	m.tally.applies.Add(1)
	report := m.driver.Apply(m.config)
	after := m.snapshot()
	if len(e.refused)+len(e.either) > 0 {
		m.refusedWith(e, report)
		e.campaign = func(have *control.RegistrationCampaign) string {
			if !reflect.DeepEqual(have, campaignOf(before)) {
				return "a refused plan has changed it"
			}
			return ""
		}
		for _, user := range before.Users {
			e.users[user.ID] = stateOf(user)
		}
		for _, location := range before.NamedLocations {
			e.kept[location.ID] = location
		}
		e.locations, e.parts, e.access = nil, nil, nil
		m.none(append(e.problems(after, m.driver.State()), m.strengthProblems(nil)...), report, before)
		// The way out of a refusal is another configuration.
		for name, why := range e.refused {
			if delete(m.config, name); why == refusedDestroy {
				m.config[name] = acctest.ResourceBlock{TypeName: typePolicy, Values: map[string]any{"state": "disabled", "on_destroy": onDestroySparing}}
			}
		}
		for _, conflict := range e.either {
			for _, name := range conflict.blocks {
				delete(m.config, name)
			}
		}
		m.tally.refusals.Add(1)
		return
	}
	m.same(report.Failures, e.stuck, report)
	m.none(append(e.problems(after, m.driver.State()), m.strengthProblems(m.config)...), report, before)
	m.remember(before, state)
	m.settle()
	next := m.driver.Plan(m.config)
	changed := slices.DeleteFunc(slices.Clone(next.Changed), func(name string) bool { return e.stuck[name] != "" })
	if next.Failed() || len(changed) > 0 || len(next.Moved) > 0 && !e.late {
		m.t.Fatalf("the plan after an apply has changes in %q, refreshed %q and says:\n%s\nafter an apply that says:\n%s", changed, next.Moved, next, report)
	}
	if now := m.snapshot(); !reflect.DeepEqual(now, after) {
		m.t.Fatalf("a plan has changed the tenant")
	}
}

// remember keeps what a destroy of the policy has to give back.
func (m *model) remember(before *control.Tenant, prior map[string]acctest.ResourceBlock) {
	_, had := prior["policy"]
	_, has := m.driver.State()["policy"]
	switch {
	case has && !had:
		m.remembered = campaignOf(before)
	case !has:
		m.remembered = nil
	}
}

// refusedWith checks the errors of a plan that has to be refused. Of two blocks that want the same person, the one that is planned
// last says so, and that only where nothing else is wrong with it.
func (m *model) refusedWith(e *forecast, report *acctest.Outcome) {
	m.t.Helper()
	have := maps.Clone(report.Failures)
	for _, conflict := range e.either {
		told := false
		for _, name := range conflict.blocks {
			if strings.Contains(strings.Join(have[name], "\n"), conflict.text) || e.refused[name] != "" {
				told = true
			}
		}
		if !told {
			m.t.Fatalf("%q or %q has to fail with %q; the run says:\n%s", conflict.blocks[0], conflict.blocks[1], conflict.text, report)
		}
	}
	for _, conflict := range e.either {
		for _, name := range conflict.blocks {
			if e.refused[name] == "" {
				delete(have, name)
			}
		}
	}
	// A person whom one block may not have is still one whom it wants.
	for name, texts := range have {
		said := strings.Join(texts, "\n")
		if e.refused[name] == "" && len(e.refused) > 0 && (strings.Contains(said, twiceManaged) || strings.Contains(said, lostOnTheWay)) {
			delete(have, name)
		}
	}
	m.same(have, e.refused, report)
}

// same checks that exactly the predicted errors were reported.
func (m *model) same(have map[string][]string, want map[string]string, report *acctest.Outcome) {
	m.t.Helper()
	for name, text := range want {
		if !strings.Contains(strings.Join(have[name], "\n"), text) {
			m.t.Fatalf("%s has to fail with %q; the run says:\n%s", name, text, report)
		}
	}
	for name := range have {
		if _, predicted := want[name]; !predicted {
			m.t.Fatalf("nothing was wrong with %q; the run says:\n%s", name, report)
		}
	}
}

func (m *model) none(problems []string, report *acctest.Outcome, before *control.Tenant) {
	m.t.Helper()
	if len(problems) == 0 {
		return
	}
	for _, problem := range problems {
		if strings.HasPrefix(problem, "lost or duplicated") {
			m.tally.lost.Add(1)
		}
	}
	m.t.Fatalf("after the run:\n  %s\nit said:\n%s\nthe configuration is:\n%s\nthe state was found with the campaign %s",
		strings.Join(problems, "\n  "), report, m.config, acctest.Encoded(campaignOf(before)))
}

// unknowable is what the provider says where a lost answer and the search after it leave open whether a location was made.
const unknowable = "Nobody knows whether it was made"

// faulty applies while requests fail: once or more, and then once more without faults.
func (m *model) faulty(faults []func() control.Fault) {
	m.t.Helper()
	before, state := m.snapshot(), m.driver.State()
	e := m.expect(before, state)
	if len(e.refused)+len(e.either) > 0 {
		m.applied(before, e, state)
		return
	}
	adopted := before
	for _, fault := range faults {
		m.adopting()
		_, err := m.tenant.AddFault(context.Background(), fault())
		m.do(err)
		priorState, prior := m.driver.State(), m.snapshot()
		m.tally.applies.Add(1)
		report := m.driver.Apply(m.config)
		applied := 0
		statuses, err := m.tenant.ListFaults(context.Background())
		m.do(err)
		for _, status := range statuses {
			applied += status.Applied
		}
		m.tally.faults.Add(int64(applied))
		m.do(m.tenant.ClearFaults(context.Background()))
		if report.Failed() && applied == 0 {
			m.same(report.Failures, e.stuck, report)
		}
		after := m.snapshot()
		m.notLost(e, before, after, report)
		if _, had := priorState["policy"]; !had {
			adopted = prior
		}
		m.settle()
	}
	now, stateNow := m.snapshot(), m.driver.State()
	again := m.expect(now, stateNow)
	// What the first apply was to do has to be done in the end, whatever happened on the way.
	again.users, again.kept, again.moved, again.parts, again.shared = e.users, e.kept, e.moved, e.parts, e.shared
	if _, had := stateNow["policy"]; had || m.remembered != nil {
		again.campaign = e.campaign
	}
	if _, had := stateNow["policy"]; had && m.remembered == nil {
		m.remembered = campaignOf(adopted)
	}
	m.applied(now, again, stateNow)
}

// notLost checks what holds after a run that may have failed: what exists is in the state, and each user is where they were,
// where they are to be, or on the way.
func (m *model) notLost(e *forecast, before, after *control.Tenant, report *acctest.Outcome) {
	m.t.Helper()
	found := e.lost(after, m.driver.State())
	if len(found) > 0 && strings.Contains(report.String(), unknowable) {
		// The error has said so. Whoever reads it finds the location and deletes it.
		m.tally.unknowable.Add(int64(len(found)))
		for _, location := range after.NamedLocations {
			if slices.ContainsFunc(found, func(text string) bool { return strings.Contains(text, location.ID) }) {
				m.do(m.tenant.DeleteNamedLocation(context.Background(), location.ID))
			}
		}
		for _, policy := range after.ConditionalAccessPolicies {
			if slices.ContainsFunc(found, func(text string) bool { return strings.Contains(text, policy.ID) }) {
				m.do(m.tenant.DeleteConditionalAccessPolicy(context.Background(), policy.ID))
			}
		}
		found = nil
	}
	found = append(found, m.lostStrengths(report)...)
	for _, user := range after.Users {
		was, want, have := stateOf(*userBy(before, user.ID)), e.users[user.ID], stateOf(user)
		// Who is moved may be on the way between two blocks.
		if have != was && have != want && (want != control.StateEnforced || have != control.StateEnabled) && !e.moved[user.ID] {
			found = append(found, fmt.Sprintf("user %s was %q, is to be %q and is %q", user.UserPrincipalName, was, want, have))
		}
	}
	for id, want := range e.kept {
		if location := locationBy(after, id); location == nil || !reflect.DeepEqual(*location, want) {
			found = append(found, fmt.Sprintf("location %s (%s) was not to be touched", id, want.DisplayName))
		}
	}
	found = append(found, e.partsBetween(before, after, m.driver.State(), m.config)...)
	if restOf(after) != e.rest {
		found = append(found, "something that no resource is about has changed")
	}
	m.none(found, report, before)
}
