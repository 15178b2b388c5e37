package coverage

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
)

// Result is a verdict with its reasons.
type Result struct {
	Verdict Verdict
	// Gaps are sign-ins that succeed with a single factor, each as the class of all that have what it says. There are a few of them at most, and
	// none of them is a part of another.
	Gaps []SignIn
	// Registration says whether the registration of security information needs MFA, or is blocked.
	Registration Verdict
	// ManyGroups says that the user is in so many groups that the service may block them.
	ManyGroups bool
}

// Reason is what a policy has to do with a user.
type Reason struct {
	ID, Name string
	// How is by which list the policy includes or excludes the user, or why it asks for nothing.
	How string
}

// MaxGroups is from how many memberships on the service may block a user whom policies by groups are about.
//
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-users-groups
const MaxGroups = 2048

// Bounds of an evaluation. What is beyond them is Unknown.
const (
	maxGaps  = 8
	maxSteps = 200_000
)

// Evaluator gives verdicts about the users of a tenant. Users to whom the same policies apply are evaluated once. It is not safe for use by many
// goroutines.
type Evaluator struct {
	evaluator
	index index
	// verdicts are by signature.
	verdicts map[string]Result
}

type evaluator struct {
	tenant Tenant
	// policies are those that are enabled and about sign-ins of users.
	policies []rules.Policy
	space    space
	// trusted are the facts of which one holds for a sign-in from a trusted location.
	trusted []string
	steps   int
}

// New makes an evaluator.
func New(tenant Tenant) *Evaluator {
	e := evaluator{tenant: tenant}
	locations := map[string]Location{}
	for id, location := range tenant.Locations {
		locations[strings.ToLower(id)] = location
	}
	if tenant.Locations != nil {
		e.tenant.Locations = locations
	}
	e.tenant.Strengths = map[string]bool{}
	for id, mfa := range tenant.Strengths {
		e.tenant.Strengths[strings.ToLower(id)] = mfa
	}
	for _, policy := range tenant.Policies {
		if policy.State == rules.Enabled && policy.Conditions.Users != nil {
			e.policies = append(e.policies, policy)
		}
	}
	e.space = spaceOf(e.policies)
	named := e.namedLocations()
	for _, id := range slices.Sorted(maps.Keys(locations)) {
		switch {
		case !locations[id].Trusted:
		case named[id]:
			e.trusted = append(e.trusted, factLocation+id)
		case !slices.Contains(e.trusted, factElsewhere):
			e.trusted = append(e.trusted, factElsewhere)
		}
	}
	if tenant.Locations == nil {
		e.trusted = append(e.trusted, factElsewhere)
	}
	return &Evaluator{evaluator: e, index: newIndex(e.policies), verdicts: map[string]Result{}}
}

// namedLocations are the locations that policies name by their ids.
func (e *evaluator) namedLocations() map[string]bool {
	named := map[string]bool{}
	for _, policy := range e.policies {
		if locations := policy.Conditions.Locations; locations != nil {
			for _, id := range slices.Concat(locations.Include, locations.Exclude) {
				named[strings.ToLower(id)] = true
			}
		}
	}
	return named
}

// Evaluate gives the verdict about a user.
func (e *Evaluator) Evaluate(person Person) Result {
	if e.tenant.Unreadable {
		return Result{Verdict: Unknown, Registration: Unknown}
	}
	if e.tenant.SecurityDefaults {
		if person.SyncAccount {
			return Result{Verdict: NotCovered, Registration: NotCovered}
		}
		return Result{Verdict: BySecurityDefaults, Registration: BySecurityDefaults}
	}
	signature := e.index.signature(person)
	result, known := e.verdicts[string(signature)]
	if !known {
		memberships := make([]membership, len(signature))
		for i, m := range signature {
			memberships[i] = membership(m)
		}
		result = e.judge(memberships)
		e.verdicts[string(signature)] = result
	}
	result.ManyGroups = len(person.Groups) > MaxGroups
	if person.Emergency && result.Verdict != Covered && result.Verdict != Blocked {
		result.Verdict = EmergencyAccess
	}
	return result
}

// Explain names the policies that ask a user for MFA or block, and those that would and do not.
func (e *Evaluator) Explain(person Person) (by, almost []Reason) {
	for _, policy := range e.tenant.Policies {
		if !e.asksForMFA(policy, optimistic) && !policy.Blocks() {
			continue
		}
		applied, how := applies(policy, person)
		reason := Reason{ID: policy.ID, Name: policy.DisplayName, How: how}
		switch {
		case applied == no && how == "":
		case applied == yes && policy.State == rules.Enabled:
			by = append(by, reason)
			continue
		case applied == unknown:
			reason.How = "nobody knows whether it includes the user"
		case applied == yes && policy.State == rules.ReportOnly:
			reason.How = "report-only; " + how
		case applied == yes:
			reason.How = "disabled; " + how
		}
		if reason.How != "" {
			almost = append(almost, reason)
		}
	}
	return by, almost
}

// judge gives the verdict for all users to whom the same policies apply.
func (e *evaluator) judge(memberships []membership) Result {
	var result Result
	result.Verdict, result.Gaps = e.verdict(memberships, nil)
	action := literal{name: dimApp, values: []string{rules.ActionRegisterInfo}}
	result.Registration, _ = e.verdict(memberships, &action)
	return result
}

// verdict judges the sign-ins that have a constraint.
func (e *evaluator) verdict(memberships []membership, about *literal) (Verdict, []SignIn) {
	// A user action is a value of its own in the place of an app.
	if about != nil {
		with := *e
		with.space = maps.Clone(e.space)
		with.space[dimApp] = append(slices.Clone(e.space[dimApp]), about.values...)
		e = &with
	}
	gaps, whole := e.gaps(memberships, about, pessimistic, false)
	if whole && len(gaps) == 0 {
		if open, _ := e.gaps(memberships, about, optimistic, true); len(open) == 0 {
			return Blocked, nil
		}
		return Covered, nil
	}
	favourable, sure := e.gaps(memberships, about, optimistic, false)
	switch {
	case !whole || !sure:
		return Unknown, gaps
	case len(favourable) == 0:
		return Unknown, gaps
	case e.asked(memberships, about, pessimistic):
		return Partly, gaps
	case e.asked(memberships, about, optimistic):
		return Unknown, gaps
	}
	return NotCovered, gaps
}

// counts reports whether a policy is taken to apply.
func counts(m membership, how certainty) bool { return m == yes || m == unknown && how == optimistic }

// gaps searches for sign-ins that pass all policies with a single factor; with blocksOnly, for sign-ins that no policy blocks. whole is false
// where the search was too long to be finished.
func (e *evaluator) gaps(memberships []membership, about *literal, how certainty, blocksOnly bool) (found []SignIn, whole bool) {
	var hurdles [][]escape
	for i, policy := range e.policies {
		if !counts(memberships[i], how) || blocksOnly && !policy.Blocks() {
			continue
		}
		ways := e.unmatched(policy, how)
		if !policy.Blocks() {
			ways = append(ways, e.satisfied(policy, how)...)
		}
		if !slices.ContainsFunc(ways, func(way escape) bool { return len(way) == 0 }) {
			hurdles = append(hurdles, ways)
		}
	}
	// The policies with the fewest ways out decide the most.
	slices.SortStableFunc(hurdles, func(a, b []escape) int { return len(a) - len(b) })
	start := SignIn{Values: map[string][]string{}, Facts: map[string]bool{}}
	if about != nil {
		start.Values[about.name] = about.values
	} else {
		// Sign-ins are for apps.
		start.Values[dimApp] = e.space[dimApp]
	}
	e.steps = 0
	whole = e.search(start, hurdles, &found)
	for i := range found {
		if slices.Equal(found[i].Values[dimApp], e.space[dimApp]) {
			delete(found[i].Values, dimApp)
		}
	}
	return found, whole
}

// search passes one policy after another. It returns false where it gave up.
func (e *evaluator) search(signIn SignIn, hurdles [][]escape, found *[]SignIn) bool {
	if e.steps++; e.steps > maxSteps {
		return false
	}
	if slices.ContainsFunc(*found, signIn.partOf) {
		return true
	}
	if len(hurdles) == 0 {
		*found = append(slices.DeleteFunc(*found, func(other SignIn) bool { return other.partOf(signIn) }), signIn)
		return true
	}
	ways := hurdles[0]
	// A policy that is passed already asks for no further constraint.
	for _, way := range ways {
		if !slices.ContainsFunc(way, func(l literal) bool { return !signIn.meets(l) }) {
			return e.search(signIn, hurdles[1:], found)
		}
	}
	for _, way := range ways {
		next, ok := signIn, true
		for _, l := range way {
			if next, ok = next.with(l); !ok {
				break
			}
		}
		if !ok {
			continue
		}
		if !e.search(next, hurdles[1:], found) {
			return false
		}
		if len(*found) >= maxGaps {
			return true
		}
	}
	return true
}

// partOf reports whether every sign-in of the class belongs to another class.
func (s SignIn) partOf(other SignIn) bool {
	for name, fact := range other.Facts {
		if have, known := s.Facts[name]; !known || have != fact {
			return false
		}
	}
	for dim, values := range other.Values {
		have, known := s.Values[dim]
		if !known || slices.ContainsFunc(have, func(value string) bool { return !slices.Contains(values, value) }) {
			return false
		}
	}
	return true
}

// asked reports whether a sign-in without risk exists for which a policy asks for MFA.
func (e *evaluator) asked(memberships []membership, about *literal, how certainty) bool {
	for i, policy := range e.policies {
		if counts(memberships[i], how) && e.asksForMFA(policy, how) && e.matches(policy, about, how) {
			return true
		}
	}
	return false
}

// matches reports whether a sign-in without risk exists to which a policy applies: one that takes none of the ways out.
func (e *evaluator) matches(policy rules.Policy, about *literal, how certainty) bool {
	ordinary := SignIn{Values: map[string][]string{dimApp: e.space[dimApp]}, Facts: map[string]bool{}}
	for _, dim := range risks {
		ordinary.Values[dim] = []string{without}
	}
	if about != nil {
		ordinary.Values[about.name] = about.values
	}
	var hurdles [][]escape
	for _, way := range e.unmatched(policy, how) {
		var closed []escape
		for _, l := range way {
			closed = append(closed, escape{e.not(l)})
		}
		if len(closed) == 0 {
			return false
		}
		hurdles = append(hurdles, closed)
	}
	var found []SignIn
	e.steps = 0
	e.search(ordinary, hurdles, &found)
	return len(found) > 0
}

// not is the opposite of a constraint.
func (e *evaluator) not(l literal) literal {
	if l.values == nil {
		return literal{name: l.name, fact: !l.fact}
	}
	return e.space.outside(l.name, l.values)
}

// String is the class in words, sorted.
func (s SignIn) String() string {
	var parts []string
	for _, dim := range slices.Sorted(maps.Keys(s.Values)) {
		parts = append(parts, fmt.Sprintf("%s: %s", dim, strings.Join(s.Values[dim], " or ")))
	}
	for _, fact := range slices.Sorted(maps.Keys(s.Facts)) {
		if s.Facts[fact] {
			parts = append(parts, fact)
		} else {
			parts = append(parts, "not "+fact)
		}
	}
	if len(parts) == 0 {
		return "every sign-in"
	}
	return strings.Join(parts, "; ")
}

// Fact is what a fact of a class of sign-ins is about.
type Fact string

// The facts. FactElsewhere and FactLegacy have no subject.
const (
	FactLocation  Fact = factLocation
	FactElsewhere Fact = factElsewhere
	FactLegacy    Fact = factLegacy
	FactAppGroup  Fact = factAppGroup
	FactAppFilter Fact = factAppFilter
	FactDevice    Fact = factDevice
	FactControl   Fact = factControl
)

// Facts are all of them.
var Facts = []Fact{FactLocation, FactElsewhere, FactLegacy, FactAppGroup, FactAppFilter, FactDevice, FactControl}

// ReadFact takes the name of a fact apart.
func ReadFact(name string) (fact Fact, subject string) {
	for _, fact := range Facts {
		if subject, ok := strings.CutPrefix(name, string(fact)); ok {
			return fact, subject
		}
	}
	return "", name
}

// Dimensions of a sign-in.
const (
	App         = dimApp
	Platform    = dimPlatform
	ClientApp   = dimClient
	Flow        = dimFlow
	SignInRisk  = dimSignRisk
	UserRisk    = dimUserRisk
	InsiderRisk = dimInsider
)
