package coverage

import (
	"maps"
	"slices"
	"strings"

	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
)

// Dimensions of a sign-in that have one value out of many. Everything else about a sign-in is a fact that holds or does not.
const (
	dimApp       = "app"
	dimPlatform  = "platform"
	dimClient    = "client"
	dimFlow      = "flow"
	dimSignRisk  = "sign-in risk"
	dimUserRisk  = "user risk"
	dimInsider   = "insider risk"
	anyOther     = "any other"
	without      = "none"
	easSupported = "easSupported"
	eas          = "exchangeActiveSync"
)

// risks are the dimensions that are "none" in an ordinary sign-in.
var risks = []string{dimSignRisk, dimUserRisk, dimInsider}

// Facts of a sign-in, by their prefixes.
const (
	factLocation  = "location "
	factElsewhere = "another trusted location"
	factLegacy    = "legacy trusted IPs"
	factAppGroup  = "app of "
	factAppFilter = "app filter "
	factDevice    = "device filter "
	factControl   = "control "
)

// appGroups are names that stand for apps that nobody lists.
var appGroups = []string{"Office365", "MicrosoftAdminPortals"}

// space has the values of each dimension, as far as policies tell them apart.
type space map[string][]string

// SignIn is what is known of a sign-in, or of a class of them. A dimension that is missing may have any value, and a fact that is missing may hold
// or not.
type SignIn struct {
	// Values are the possible values of a dimension, sorted.
	Values map[string][]string
	Facts  map[string]bool
}

func (s SignIn) clone() SignIn { return SignIn{maps.Clone(s.Values), maps.Clone(s.Facts)} }

// literal is a constraint on one dimension or one fact.
type literal struct {
	name string
	// values are those that are left; nil for a fact.
	values []string
	fact   bool
}

// with adds a constraint. ok is false where nothing is left.
func (s SignIn) with(l literal) (SignIn, bool) {
	if l.values == nil {
		have, known := s.Facts[l.name]
		if known {
			return s, have == l.fact
		}
		next := s.clone()
		next.Facts[l.name] = l.fact
		return next, true
	}
	left := l.values
	if have, known := s.Values[l.name]; known {
		left = slices.DeleteFunc(slices.Clone(have), func(value string) bool { return !slices.Contains(l.values, value) })
	}
	if len(left) == 0 {
		return s, false
	}
	next := s.clone()
	next.Values[l.name] = left
	return next, true
}

// meets reports whether every sign-in of the class has the constraint already.
func (s SignIn) meets(l literal) bool {
	if l.values == nil {
		have, known := s.Facts[l.name]
		return known && have == l.fact
	}
	have, known := s.Values[l.name]
	return known && !slices.ContainsFunc(have, func(value string) bool { return !slices.Contains(l.values, value) })
}

// escape is one way for a sign-in to pass a policy with a single factor: all of its constraints hold.
type escape []literal

// certainty is how what nobody knows is taken.
type certainty int

const (
	// pessimistic takes everything that is not known against the user, optimistic in favour of them.
	pessimistic certainty = iota
	optimistic
)

// spaceOf collects what policies tell apart.
func spaceOf(policies []rules.Policy) space {
	s := space{
		dimApp: {anyOther}, dimFlow: {without}, dimSignRisk: {without, "low", "medium", "high"}, dimUserRisk: {without, "low", "medium", "high"},
		dimInsider: {without, "minor", "moderate", "elevated"}, dimClient: {"browser", "mobileAppsAndDesktopClients", easSupported, eas, "other"},
		dimPlatform: {"android", "iOS", "windows", "windowsPhone", "macOS", "linux", anyOther},
	}
	add := func(dim string, values []string, leftOut ...string) {
		for _, value := range values {
			if !rules.ContainsFold(leftOut, value) && !rules.ContainsFold(s[dim], value) {
				s[dim] = append(s[dim], value)
			}
		}
	}
	for _, policy := range policies {
		conditions := policy.Conditions
		if apps := conditions.Applications; apps != nil {
			groups := append(slices.Clone(appGroups), rules.All, rules.None)
			add(dimApp, apps.IncludeApplications, groups...)
			add(dimApp, apps.ExcludeApplications, groups...)
		}
		add(dimClient, conditions.ClientAppTypes, "all")
		if platforms := conditions.Platforms; platforms != nil {
			add(dimPlatform, platforms.Include, "all")
			add(dimPlatform, platforms.Exclude, "all")
		}
		if flows := conditions.AuthenticationFlows; flows != nil {
			add(dimFlow, flows.TransferMethods)
		}
	}
	return s
}

// outside is the constraint that a dimension has none of some values.
func (s space) outside(dim string, values []string) literal {
	return literal{name: dim, values: slices.DeleteFunc(slices.Clone(s[dim]), func(value string) bool { return rules.ContainsFold(values, value) })}
}

// inside is the constraint that a dimension has one of some values.
func (s space) inside(dim string, values []string) literal {
	return literal{name: dim, values: slices.DeleteFunc(slices.Clone(s[dim]), func(value string) bool { return !rules.ContainsFold(values, value) })}
}

// withEAS counts the supported clients of Exchange ActiveSync among all of them.
func withEAS(types []string) []string {
	if rules.ContainsFold(types, eas) {
		return append(slices.Clone(types), easSupported)
	}
	return types
}

// unmatched are the ways for a sign-in not to meet the conditions of a policy.
func (e *evaluator) unmatched(policy rules.Policy, how certainty) []escape {
	var ways []escape
	conditions := policy.Conditions
	one := func(literals ...literal) { ways = append(ways, literals) }
	ways = append(ways, e.otherApps(conditions.Applications)...)
	if types := withEAS(conditions.ClientAppTypes); len(types) > 0 && !rules.ContainsFold(types, "all") {
		one(e.space.outside(dimClient, types))
	}
	if platforms := conditions.Platforms; platforms != nil {
		if len(platforms.Include) > 0 && !rules.ContainsFold(platforms.Include, "all") {
			one(e.space.outside(dimPlatform, platforms.Include))
		}
		if len(platforms.Exclude) > 0 {
			one(e.space.inside(dimPlatform, platforms.Exclude))
		}
	}
	for dim, levels := range map[string][]string{dimSignRisk: conditions.SignInRiskLevels, dimUserRisk: conditions.UserRiskLevels, dimInsider: conditions.InsiderRiskLevels} {
		if len(levels) > 0 {
			one(e.space.outside(dim, levels))
		}
	}
	if flows := conditions.AuthenticationFlows; flows != nil && len(flows.TransferMethods) > 0 {
		one(e.space.outside(dimFlow, flows.TransferMethods))
	}
	if devices := conditions.Devices; devices != nil && devices.Filter != nil {
		one(literal{name: factDevice + devices.Filter.Rule, fact: devices.Filter.Mode == "exclude"})
	}
	ways = append(ways, e.elsewhere(conditions.Locations, how)...)
	if how == pessimistic && len(policy.Unknown()) > 0 {
		one()
	}
	return ways
}

// otherApps are the ways for a sign-in to be for another app.
func (e *evaluator) otherApps(apps *rules.Applications) []escape {
	if apps == nil {
		return []escape{nil}
	}
	var ways []escape
	if !rules.ContainsFold(apps.IncludeApplications, rules.All) && len(apps.IncludeApplications)+len(apps.IncludeUserActions) > 0 {
		other := escape{e.space.outside(dimApp, append(slices.Clone(apps.IncludeApplications), apps.IncludeUserActions...))}
		for _, group := range appGroups {
			if rules.ContainsFold(apps.IncludeApplications, group) {
				other = append(other, literal{name: factAppGroup + group})
			}
		}
		ways = append(ways, other)
	}
	for _, excluded := range apps.ExcludeApplications {
		if rules.ContainsFold(appGroups, excluded) {
			ways = append(ways, escape{{name: factAppGroup + excluded, fact: true}})
			continue
		}
		ways = append(ways, escape{e.space.inside(dimApp, []string{excluded})})
	}
	if apps.Filter != nil {
		ways = append(ways, escape{{name: factAppFilter + apps.Filter.Rule, fact: apps.Filter.Mode == "exclude"}})
	}
	if len(apps.IncludeApplications)+len(apps.IncludeUserActions) == 0 && apps.Filter == nil || len(apps.IncludeContexts) > 0 {
		ways = append(ways, nil)
	}
	return ways
}

// elsewhere are the ways for a sign-in to come from another place.
func (e *evaluator) elsewhere(locations *rules.Locations, how certainty) []escape {
	if locations == nil {
		return nil
	}
	var ways []escape
	if len(locations.Include) > 0 && !rules.ContainsFold(locations.Include, rules.All) {
		var outside escape
		for _, id := range locations.Include {
			for _, fact := range e.placesOf(id, how) {
				outside = append(outside, literal{name: fact})
			}
		}
		ways = append(ways, outside)
	}
	for _, id := range locations.Exclude {
		facts := e.placesOf(id, how)
		if len(facts) == 0 && id != legacyID && !strings.EqualFold(id, rules.AllTrusted) {
			// A location that is excluded and missing from the list may exist all the same.
			facts = []string{factLocation + strings.ToLower(id)}
		}
		for _, fact := range facts {
			ways = append(ways, escape{{name: fact, fact: true}})
		}
	}
	return ways
}

// legacyID stands for the legacy trusted IPs in a policy.
const legacyID = "00000000-0000-0000-0000-000000000000"

// placesOf are the facts of which one holds for a sign-in from a location of a policy. Of a location that does not exist there is none.
func (e *evaluator) placesOf(id string, how certainty) []string {
	var legacy []string
	if e.tenant.LegacyTrustedIPs == SomeLegacyTrustedIPs || e.tenant.LegacyTrustedIPs == Undeclared && how == pessimistic {
		legacy = []string{factLegacy}
	}
	switch {
	case id == legacyID:
		return legacy
	case strings.EqualFold(id, rules.AllTrusted):
		return append(slices.Clone(e.trusted), legacy...)
	case e.tenant.Locations != nil:
		if _, exists := e.tenant.Locations[strings.ToLower(id)]; !exists {
			return nil
		}
	}
	return []string{factLocation + strings.ToLower(id)}
}

// factorControls are the built-in controls that a single factor does not satisfy.
var factorControls = []string{rules.ControlMFA, rules.ControlPassword, rules.ControlRemediation}

// asFactor reports whether a built-in control counts as one that a single factor does not satisfy. A control that nobody knows is one in favour of
// the user.
func asFactor(control string, how certainty) bool {
	return rules.ContainsFold(factorControls, control) || how == optimistic && !rules.ContainsFold(rules.BuiltInControls, control)
}

// satisfied are the ways to satisfy the controls of a policy with a single factor.
func (e *evaluator) satisfied(policy rules.Policy, how certainty) []escape {
	grant := policy.GrantControls
	if grant == nil || grant.Count() == 0 {
		return []escape{nil}
	}
	// Each control is MFA, or a fact that may hold.
	var facts []string
	factors, blocks := 0, false
	for _, control := range grant.BuiltInControls {
		switch {
		case strings.EqualFold(control, rules.ControlBlock):
			blocks = true
		case asFactor(control, how):
			factors++
		default:
			facts = append(facts, factControl+control)
		}
	}
	if strength := grant.AuthenticationStrength; strength != nil {
		if mfa, known := e.demandsMFA(*strength); mfa || !known && how == optimistic {
			factors++
		} else {
			facts = append(facts, factControl+"authentication strength "+strength.ID)
		}
	}
	for _, id := range grant.TermsOfUse {
		facts = append(facts, factControl+"terms of use "+id)
	}
	for _, id := range grant.CustomAuthenticationFactors {
		facts = append(facts, factControl+"custom control "+id)
	}
	switch {
	case blocks:
		return nil
	case factors > 0 && (strings.EqualFold(grant.Operator, "AND") || len(facts) == 0):
		return nil
	case strings.EqualFold(grant.Operator, "AND"):
		var all escape
		for _, fact := range facts {
			all = append(all, literal{name: fact, fact: true})
		}
		return []escape{all}
	}
	var ways []escape
	for _, fact := range facts {
		ways = append(ways, escape{{name: fact, fact: true}})
	}
	return ways
}

// demandsMFA reports whether a strength is MFA, and whether anybody knows.
func (e *evaluator) demandsMFA(strength rules.StrengthReference) (mfa, known bool) {
	if strength.RequirementsSatisfied != "" {
		return strings.EqualFold(strength.RequirementsSatisfied, "mfa"), true
	}
	mfa, known = e.tenant.Strengths[strings.ToLower(strength.ID)]
	return mfa, known
}

// asksForMFA reports whether MFA is one of the ways to satisfy a policy, as far as it is understood.
func (e *evaluator) asksForMFA(policy rules.Policy, how certainty) bool {
	grant := policy.GrantControls
	if grant == nil || policy.Blocks() {
		return false
	}
	if slices.ContainsFunc(grant.BuiltInControls, func(control string) bool { return asFactor(control, how) }) {
		return true
	}
	if grant.AuthenticationStrength == nil {
		return false
	}
	mfa, known := e.demandsMFA(*grant.AuthenticationStrength)
	return mfa || !known && how == optimistic
}
