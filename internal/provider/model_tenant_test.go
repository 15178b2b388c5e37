package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// The types of the model's resources.
const (
	typeUser      = "entramfa_user_mfa_state"
	typeUsers     = "entramfa_user_mfa_states"
	typePolicy    = "entramfa_registration_policy"
	typeLocations = "entramfa_trusted_ips"
)

// fatal is what a *testing.T and a *rapid.T have in common here.
type fatal interface {
	Helper()
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// model is what a tenant has to look like while a configuration is applied to it and others change it. It knows the
// documented meaning of the resources and nothing of how the provider works.
type model struct {
	t      fatal
	tenant *control.Client
	driver driver
	config configuration
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

// text is an attribute of a block, or the default where it is not set.
func (b resourceBlock) text(name, standard string) string {
	if text, ok := b.values[name].(string); ok {
		return text
	}
	return standard
}

func (b resourceBlock) yes(name string) bool {
	yes, _ := b.values[name].(bool)
	return yes
}

func (b resourceBlock) texts(name string) map[string]string {
	found := map[string]string{}
	for key, element := range object(b.values[name]) {
		found[key], _ = element.(string)
	}
	return found
}

func (b resourceBlock) userKey() string { return b.text("user_id", b.text("user_principal_name", "")) }

func listed(value any) []string {
	var texts []string
	for _, element := range list(value) {
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
	locations map[string]resourceBlock
	stays     map[string]string
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
func (m *model) expect(before *control.Tenant, state map[string]resourceBlock) *forecast {
	e := &forecast{
		refused: map[string]string{}, stuck: map[string]string{}, users: map[string]string{},
		kept: map[string]control.NamedLocation{}, locations: map[string]resourceBlock{}, stays: map[string]string{},
		rest: restOf(before), moved: map[string]bool{},
	}
	for _, user := range before.Users {
		e.users[user.ID] = stateOf(user)
	}
	m.expectUsers(e, before, state)
	m.expectLocations(e, before, state)
	m.expectCampaign(e, before, state)
	return e
}

const notFound = "not found"

// refusal is why a user may not be moved to a state; empty where they may.
func (m *model) refusal(user *control.User, wanted string, allow bool) string {
	switch {
	case user == nil:
		return notFound
	case m.emergency[user.ID] && wanted != control.StateDisabled:
		return "mergency access account"
	case wanted == control.StateEnforced && stateOf(*user) != wanted && (!allow || !user.RegisteredForMFA()):
		return "cannot move"
	}
	return ""
}

// wish is what a block wants of a person, and loss what it does to one whom it wants no longer.
type wish struct {
	block  string
	user   *control.User
	wanted string
}

type loss struct {
	block string
	// destroyed says that the block, or its object, is destroyed; otherwise the person is taken out of many.
	destroyed bool
}

const (
	twiceManaged = "managed by two resources"
	lostOnTheWay = "would lose per-user MFA on the way"
)

func (m *model) expectUsers(e *forecast, before *control.Tenant, state map[string]resourceBlock) {
	var wishes []wish
	losses := map[string][]loss{}
	lose := func(id string, l loss) { losses[strings.ToLower(id)] = append(losses[strings.ToLower(id)], l) }
	for _, name := range slices.Sorted(maps.Keys(m.config)) {
		wanted := m.config[name]
		allow := wanted.yes("allow_promotion")
		switch wanted.typeName {
		case typeUser:
			user := userBy(before, wanted.userKey())
			if problem := m.refusal(user, wanted.text("state", ""), allow); problem != "" {
				e.refused[name] = problem
				continue
			}
			wishes = append(wishes, wish{name, user, wanted.text("state", "")})
			if prior, ok := state[name]; ok && !strings.EqualFold(prior.text("user_id", ""), user.ID) && prior.text("on_destroy", "disable") == "disable" {
				lose(prior.text("user_id", ""), loss{name, true})
			}
		case typeUsers:
			ids := state[name].texts("user_ids")
			stays := map[string]bool{}
			for _, key := range slices.Sorted(maps.Keys(wanted.texts("users"))) {
				wantedState := wanted.texts("users")[key]
				// A name that the state knows stands for the user for whom it was found, for as long as they exist.
				user := userBy(before, key)
				for known, id := range ids {
					if there := userBy(before, id); strings.EqualFold(known, key) && there != nil {
						user = there
					}
				}
				if problem := m.refusal(user, wantedState, allow); problem != "" {
					// Who is not there is told before anything else.
					if e.refused[name] != notFound {
						e.refused[name] = problem
					}
					continue
				}
				if stays[user.ID] {
					e.refused[name] = "The same user twice"
					continue
				}
				wishes, stays[user.ID] = append(wishes, wish{name, user, wantedState}), true
			}
			for _, id := range ids {
				if !stays[id] && wanted.text("on_destroy", "disable") == "disable" {
					lose(id, loss{name, false})
				}
			}
		}
	}
	for name, prior := range state {
		if _, ok := m.config[name]; ok || prior.text("on_destroy", "disable") != "disable" {
			continue
		}
		switch prior.typeName {
		case typeUser:
			lose(prior.text("user_id", ""), loss{name, true})
		case typeUsers:
			for _, id := range prior.texts("user_ids") {
				lose(id, loss{name, true})
			}
		}
	}
	m.meet(e, before, wishes, losses)
}

// meet brings together who wants a person and who lets go of one.
func (m *model) meet(e *forecast, before *control.Tenant, wishes []wish, losses map[string][]loss) {
	wanted := map[string]wish{}
	for _, w := range wishes {
		if other, twice := wanted[w.user.ID]; twice {
			e.either = append(e.either, conflict{[2]string{other.block, w.block}, twiceManaged})
		}
		wanted[w.user.ID] = w
	}
	for id, all := range losses {
		if _, there := e.users[id]; !there {
			continue
		}
		w, claimed := wanted[id]
		for _, l := range all {
			switch {
			case !claimed:
				e.users[id] = control.StateDisabled
			case l.block == w.block:
			case l.destroyed && e.users[id] != control.StateDisabled && w.wanted != control.StateDisabled:
				e.either = append(e.either, conflict{[2]string{l.block, w.block}, lostOnTheWay})
			default:
				e.moved[id] = true
			}
		}
	}
	for _, w := range wishes {
		if !satisfies(stateOf(*w.user), w.wanted) {
			e.users[w.user.ID] = w.wanted
			if w.wanted == control.StateEnabled && w.user.RegisteredForMFA() {
				e.users[w.user.ID] = control.StateEnforced
			}
		}
	}
}

// nobodyUnprotected checks that nobody has lost per-user MFA without a word.
func (m *model) nobodyUnprotected(before, after *control.Tenant, report *outcome) {
	m.t.Helper()
	said := strings.ToLower(report.told + report.String())
	for _, user := range before.Users {
		now := userBy(after, user.ID)
		if now == nil || stateOf(user) == control.StateDisabled || stateOf(*now) != control.StateDisabled {
			continue
		}
		if !strings.Contains(said, strings.ToLower(user.UserPrincipalName)) && !strings.Contains(said, user.ID) {
			m.tally.unprotected.Add(1)
			m.t.Fatalf("%s has lost per-user MFA without a word; the run says:\n%s\nthe configuration is:\n%s", user.UserPrincipalName, said, m.config)
		}
	}
}

// nothingUndone checks that of what others have changed in a location after the plan was made, planned, the apply has changed
// nothing: neither the name, nor the trust, nor a range is what it was then and was not in between, or the other way round.
func (m *model) nothingUndone(planned, since, after *control.Tenant, state map[string]resourceBlock, report *outcome) {
	m.t.Helper()
	has := func(location *control.NamedLocation) map[string]bool {
		facts := map[string]bool{}
		if location != nil {
			facts["called "+location.DisplayName], facts["trusted"] = true, location.IsTrusted
			for _, r := range location.IPRanges {
				facts[client.NormalizeIPRange(r.CIDRAddress)] = true
			}
		}
		return facts
	}
	for name, prior := range state {
		id := prior.text("id", "")
		if prior.typeName != typeLocations || locationBy(planned, id) == nil || locationBy(since, id) == nil {
			continue
		}
		was, is, now := has(locationBy(planned, id)), has(locationBy(since, id)), has(locationBy(after, id))
		for fact := range mergedKeys(was, is, now) {
			// A name is one fact that goes and one that comes; that it goes is the same as that another one comes.
			if is[fact] != was[fact] && now[fact] != is[fact] && (len(now) > 0 || is[fact]) {
				m.t.Fatalf("%s: %q was %t when the plan was made, %t before the apply and is %t; the run says:\n%s", name, fact, was[fact], is[fact], now[fact], report)
			}
		}
	}
}

func mergedKeys(sets ...map[string]bool) map[string]bool {
	all := map[string]bool{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

func (m *model) expectLocations(e *forecast, before *control.Tenant, state map[string]resourceBlock) {
	for _, location := range before.NamedLocations {
		e.kept[location.ID] = location
	}
	for name, prior := range state {
		if prior.typeName != typeLocations {
			continue
		}
		id := prior.text("id", "")
		_, wanted := m.config[name]
		switch location := locationBy(before, id); {
		case wanted && location != nil:
			e.stays[name] = id
		case location != nil && named(before, id):
			// The refusal comes before anything is written.
			e.stuck[name] = "is in use"
			continue
		}
		delete(e.kept, id)
	}
	for name, wanted := range m.config {
		if wanted.typeName == typeLocations {
			e.locations[name] = wanted
		}
	}
}

// named reports whether a policy names a location.
func named(tenant *control.Tenant, id string) bool {
	for _, policy := range tenant.ConditionalAccessPolicies {
		if at := policy.Conditions.Locations; at != nil && (slices.Contains(at.IncludeLocations, id) || slices.Contains(at.ExcludeLocations, id)) {
			return true
		}
	}
	return false
}

// campaignOf is a tenant's campaign.
func campaignOf(tenant *control.Tenant) *control.RegistrationCampaign {
	return tenant.AuthenticationMethodsPolicy.Campaign()
}

// restOf is all of the policy that is not the campaign, and whatever else nobody here may touch.
func restOf(tenant *control.Tenant) string {
	policy := *tenant.AuthenticationMethodsPolicy
	policy.RegistrationEnforcement, policy.LastModifiedDateTime = nil, nil
	text, err := json.Marshal([]any{policy, tenant.ConditionalAccessPolicies, tenant.Groups, tenant.Apps})
	must(err)
	return string(text)
}

// scope is a list of targets as a set, with everybody as one of them.
func scope(values map[string]any) []string {
	var all []string
	if everybody, _ := values["all_users"].(bool); everybody {
		all = append(all, "group "+control.AllUsers)
	}
	for _, id := range listed(values["user_ids"]) {
		all = append(all, "user "+strings.ToLower(id))
	}
	for _, id := range listed(values["group_ids"]) {
		all = append(all, "group "+strings.ToLower(id))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func included(c *control.RegistrationCampaign) []string {
	var all []string
	for _, target := range c.IncludeTargets {
		all = append(all, target.TargetType+" "+target.ID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func excluded(c *control.RegistrationCampaign) []string {
	var all []string
	for _, target := range c.ExcludeTargets {
		all = append(all, target.TargetType+" "+target.ID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func methodOf(c *control.RegistrationCampaign) string {
	if len(c.IncludeTargets) == 0 {
		return ""
	}
	return strings.ToLower(c.IncludeTargets[0].TargetedAuthenticationMethod)
}

func stateOfCampaign(wanted resourceBlock) string {
	if state := wanted.text("state", ""); state != "microsoft_managed" {
		return state
	}
	return control.ConfigDefault
}

func (m *model) expectCampaign(e *forecast, before *control.Tenant, state map[string]resourceBlock) {
	was := *campaignOf(before)
	var wanted *resourceBlock
	for name, candidate := range m.config {
		if candidate.typeName == typePolicy {
			wanted = &candidate
			m.refuseCampaign(e, name, candidate, before)
		}
	}
	_, managed := state["policy"]
	switch {
	case wanted != nil:
		e.campaign = func(have *control.RegistrationCampaign) string { return campaignProblem(*wanted, &was, have) }
	case managed && m.remembered != nil && state["policy"].text("on_destroy", "") == "" && len(m.reached(m.remembered)) > 0:
		e.refused["policy"] = refusedDestroy
		fallthrough
	case managed && m.remembered != nil:
		e.campaign = func(have *control.RegistrationCampaign) string { return m.givenBack(before, &was, have) }
	default:
		e.campaign = func(have *control.RegistrationCampaign) string {
			if !reflect.DeepEqual(*have, was) {
				return "nobody configured it, and it has changed"
			}
			return ""
		}
	}
}

// onDestroySparing is the on_destroy of a model with emergency access accounts, and refusedDestroy what a destroy without it says.
const (
	onDestroySparing = "give_back_excluding_emergency_access"
	refusedDestroy   = "Emergency access accounts would be asked to register after the destroy"
)

// reached are the emergency access accounts that a campaign asks.
func (m *model) reached(c *control.RegistrationCampaign) []string {
	var ids []string
	for id := range m.emergency {
		asked := slices.Contains(included(c), "group "+control.AllUsers) || slices.Contains(included(c), "user "+id)
		if c.State != control.ConfigDisabled && asked && !slices.Contains(excluded(c), "user "+id) {
			ids = append(ids, "user "+id)
		}
	}
	return ids
}

// refuseCampaign predicts what the plan refuses: targets that are not there, and emergency accounts who would be asked.
func (m *model) refuseCampaign(e *forecast, name string, wanted resourceBlock, before *control.Tenant) {
	include, _ := wanted.values["include"].(map[string]any)
	exclude, _ := wanted.values["exclude"].(map[string]any)
	asked, spared := scope(include), scope(exclude)
	if include == nil {
		asked = included(campaignOf(before))
	}
	for _, target := range append(slices.Clone(asked), spared...) {
		if id, ok := strings.CutPrefix(target, "user "); ok && userBy(before, id) == nil && (include != nil || !slices.Contains(asked, target)) {
			e.refused[name] = notFound
			return
		}
	}
	if stateOfCampaign(wanted) == control.ConfigDisabled {
		return
	}
	for id := range m.emergency {
		caught := slices.Contains(asked, "group "+control.AllUsers) || slices.Contains(asked, "user "+id)
		if caught && !slices.Contains(spared, "user "+id) {
			e.refused[name] = "Emergency access accounts would be asked to register"
		}
	}
}

// campaignProblem says what a campaign lacks of what is configured, given the one that was there before.
func campaignProblem(wanted resourceBlock, was, have *control.RegistrationCampaign) string {
	state := stateOfCampaign(wanted)
	include, _ := wanted.values["include"].(map[string]any)
	exclude, _ := wanted.values["exclude"].(map[string]any)
	wantedInclude := scope(include)
	if include == nil {
		wantedInclude = included(was)
	}
	switch {
	case have.State != state:
		return fmt.Sprintf("its state is %q and not %q", have.State, state)
	case !slices.Equal(included(have), wantedInclude):
		return fmt.Sprintf("it includes %q and not %q", included(have), wantedInclude)
	case !slices.Equal(excluded(have), scope(exclude)):
		return fmt.Sprintf("it excludes %q and not %q", excluded(have), scope(exclude))
	case state == control.ConfigDefault:
		return ""
	}
	method := strings.ToLower(wanted.text("authentication_method", methodOf(was)))
	if method != "" && methodOf(have) != "" && method != methodOf(have) {
		return fmt.Sprintf("its method is %q and not %q", methodOf(have), method)
	}
	days := *was.SnoozeDurationInDays
	if configured, ok := wanted.values["snooze_days"].(int); ok {
		days = configured
	}
	if *have.SnoozeDurationInDays != days {
		return fmt.Sprintf("its days are %d and not %d", *have.SnoozeDurationInDays, days)
	}
	limited := *was.EnforceRegistrationAfterAllowedSnoozes
	if configured, ok := wanted.values["require_registration_after_snoozes"].(bool); ok {
		limited = configured
	}
	if *have.EnforceRegistrationAfterAllowedSnoozes != limited {
		return fmt.Sprintf("its limit is %t and not %t", *have.EnforceRegistrationAfterAllowedSnoozes, limited)
	}
	return ""
}

// givenBack compares a campaign with the remembered one, without those who do not exist any more.
func (m *model) givenBack(before *control.Tenant, was, have *control.RegistrationCampaign) string {
	want := *m.remembered
	left := func(targets []string) []string {
		return slices.DeleteFunc(targets, func(target string) bool {
			id, user := strings.CutPrefix(target, "user ")
			return user && userBy(before, id) == nil
		})
	}
	include := left(included(&want))
	if len(include) == 0 && len(want.IncludeTargets) > 0 {
		// An empty campaign would ask nobody, so it is disabled instead, and keeps whom it has.
		want.State, include = control.ConfigDisabled, included(was)
	}
	exclude := left(excluded(&want))
	exclude = append(exclude, m.reached(&want)...)
	slices.Sort(exclude)
	switch {
	case have.State != want.State, !slices.Equal(included(have), include), !slices.Equal(excluded(have), exclude):
		return fmt.Sprintf("it is not the one from before: %s %q %q, not %s %q %q",
			have.State, included(have), excluded(have), want.State, include, exclude)
	case want.State == control.ConfigDefault:
		return ""
	case *have.SnoozeDurationInDays != *want.SnoozeDurationInDays,
		*have.EnforceRegistrationAfterAllowedSnoozes != *want.EnforceRegistrationAfterAllowedSnoozes,
		methodOf(&want) != "" && len(include) > 0 && have.State != control.ConfigDisabled && methodOf(have) != methodOf(&want):
		return "its days, limit or method are not those from before"
	}
	return ""
}

// problems says in what a tenant is not what was expected.
func (e *forecast) problems(after *control.Tenant, state map[string]resourceBlock) []string {
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
		id := state[name].text("id", "")
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
	if problem := e.campaign(campaignOf(after)); problem != "" {
		report("the campaign: %s", problem)
	}
	if restOf(after) != e.rest {
		report("something that no resource is about has changed")
	}
	return append(found, e.lost(after, state)...)
}

// lost names the locations that are neither somebody else's nor in the state, and those that two resources have.
func (e *forecast) lost(after *control.Tenant, state map[string]resourceBlock) []string {
	var found []string
	owners := map[string]string{}
	for name, prior := range state {
		if prior.typeName != typeLocations {
			continue
		}
		id := prior.text("id", "")
		if other, ok := owners[id]; ok {
			found = append(found, fmt.Sprintf("lost or duplicated: location %s is that of %s and of %s", id, name, other))
		}
		owners[id] = name
	}
	for _, location := range after.NamedLocations {
		_, kept := e.kept[location.ID]
		if _, owned := owners[location.ID]; !kept && !owned {
			found = append(found, fmt.Sprintf("lost or duplicated: location %s (%s) is in the tenant and not in the state", location.ID, location.DisplayName))
		}
	}
	return found
}

// shows reports whether a location is as configured; ranges are compared by what they cover.
func shows(location *control.NamedLocation, wanted resourceBlock) bool {
	var ranges []string
	for _, r := range location.IPRanges {
		ranges = append(ranges, r.CIDRAddress)
	}
	return location.Type == control.TypeIPNamedLocation && location.IsTrusted && location.DisplayName == wanted.text("display_name", "") &&
		client.SameIPRanges(ranges, listed(wanted.values["ip_ranges"]))
}

// apply applies the configuration without faults, and checks everything that can be said of that.
func (m *model) apply() {
	m.t.Helper()
	before, state := m.snapshot(), m.driver.state()
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
	if _, managed := m.driver.state()["policy"]; wanted && !managed || m.wantsEnforced() {
		m.agree()
	}
}

func (m *model) wantsEnforced() bool {
	for _, block := range m.config {
		if block.text("state", "") == control.StateEnforced || slices.Contains(slices.Collect(maps.Values(block.texts("users"))), control.StateEnforced) {
			return true
		}
	}
	return false
}

// applied carries out an apply of which is known what it has to do.
func (m *model) applied(before *control.Tenant, e *forecast, state map[string]resourceBlock) {
	m.t.Helper()
	m.adopting()
	m.tally.applies.Add(1)
	report := m.driver.apply(m.config)
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
		e.locations = nil
		m.none(e.problems(after, m.driver.state()), report, before)
		// The way out of a refusal is another configuration.
		for name, why := range e.refused {
			if delete(m.config, name); why == refusedDestroy {
				m.config[name] = resourceBlock{typePolicy, map[string]any{"state": "disabled", "on_destroy": onDestroySparing}}
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
	m.same(report.failures, e.stuck, report)
	m.none(e.problems(after, m.driver.state()), report, before)
	m.remember(before, state)
	m.settle()
	next := m.driver.plan(m.config)
	changed := slices.DeleteFunc(slices.Clone(next.changed), func(name string) bool { return e.stuck[name] != "" })
	if next.failed() || len(changed) > 0 || len(next.moved) > 0 && !e.late {
		m.t.Fatalf("the plan after an apply has changes in %q, refreshed %q and says:\n%s\nafter an apply that says:\n%s", changed, next.moved, next, report)
	}
	if now := m.snapshot(); !reflect.DeepEqual(now, after) {
		m.t.Fatalf("a plan has changed the tenant")
	}
}

// remember keeps what a destroy of the policy has to give back.
func (m *model) remember(before *control.Tenant, prior map[string]resourceBlock) {
	_, had := prior["policy"]
	_, has := m.driver.state()["policy"]
	switch {
	case has && !had:
		m.remembered = campaignOf(before)
	case !has:
		m.remembered = nil
	}
}

// refusedWith checks the errors of a plan that has to be refused. Of two blocks that want the same person, the one that is planned
// last says so, and that only where nothing else is wrong with it.
func (m *model) refusedWith(e *forecast, report *outcome) {
	m.t.Helper()
	have := maps.Clone(report.failures)
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
func (m *model) same(have map[string][]string, want map[string]string, report *outcome) {
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

func (m *model) none(problems []string, report *outcome, before *control.Tenant) {
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
		strings.Join(problems, "\n  "), report, m.config, encoded(campaignOf(before)))
}

func encoded(value any) string {
	text, err := json.Marshal(value)
	must(err)
	return string(text)
}

func (c configuration) String() string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&text, "  %s.%s %s\n", c[name].typeName, name, encoded(c[name].values))
	}
	return text.String()
}

// unknowable is what the provider says where a lost answer and the search after it leave open whether a location was made.
const unknowable = "Nobody knows whether the location was made"

// faulty applies while requests fail: once or more, and then once more without faults.
func (m *model) faulty(faults []func() control.Fault) {
	m.t.Helper()
	before, state := m.snapshot(), m.driver.state()
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
		priorState, prior := m.driver.state(), m.snapshot()
		m.tally.applies.Add(1)
		report := m.driver.apply(m.config)
		applied := 0
		statuses, err := m.tenant.ListFaults(context.Background())
		m.do(err)
		for _, status := range statuses {
			applied += status.Applied
		}
		m.tally.faults.Add(int64(applied))
		m.do(m.tenant.ClearFaults(context.Background()))
		if report.failed() && applied == 0 {
			m.same(report.failures, e.stuck, report)
		}
		after := m.snapshot()
		m.notLost(e, before, after, report)
		if _, had := priorState["policy"]; !had {
			adopted = prior
		}
		m.settle()
	}
	now, stateNow := m.snapshot(), m.driver.state()
	again := m.expect(now, stateNow)
	// What the first apply was to do has to be done in the end, whatever happened on the way.
	again.users, again.kept, again.moved = e.users, e.kept, e.moved
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
func (m *model) notLost(e *forecast, before, after *control.Tenant, report *outcome) {
	m.t.Helper()
	found := e.lost(after, m.driver.state())
	if len(found) > 0 && strings.Contains(report.String(), unknowable) {
		// The error has said so. Whoever reads it finds the location and deletes it.
		m.tally.unknowable.Add(int64(len(found)))
		for _, location := range after.NamedLocations {
			if slices.ContainsFunc(found, func(text string) bool { return strings.Contains(text, location.ID) }) {
				m.do(m.tenant.DeleteNamedLocation(context.Background(), location.ID))
			}
		}
		found = nil
	}
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
	if restOf(after) != e.rest {
		found = append(found, "something that no resource is about has changed")
	}
	m.none(found, report, before)
}
