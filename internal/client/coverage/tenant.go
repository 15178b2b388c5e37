// Package coverage proves who has to use MFA by Conditional Access. It reasons over all sign-ins that policies tell apart, not over samples: it
// says that a user is covered only where no sign-in exists that succeeds with a single factor. It asks nobody; what is not known counts against
// the user.
//
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-policies
package coverage

import (
	"slices"
	"strings"

	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
)

// Tenant is what a verdict rests on.
type Tenant struct {
	Policies []rules.Policy
	// Unreadable says that the policies cannot be read. Every verdict is Unknown then.
	Unreadable bool
	// Locations are the named locations by their ids; nil where they cannot be read. Trusted says which of them count as AllTrusted.
	Locations map[string]Location
	// Strengths has what authentication strengths demand, by their ids: true where one is MFA. A policy's own answer takes precedence.
	Strengths map[string]bool
	// LegacyTrustedIPs is what is declared of the trusted IPs of the legacy MFA settings, which nobody can read, and which AllTrusted includes.
	LegacyTrustedIPs LegacyTrustedIPs
	// SecurityDefaults says that the tenant has security defaults.
	SecurityDefaults bool
}

// Location is a named location.
type Location struct {
	Name    string
	Trusted bool
}

// LegacyTrustedIPs is what is known of them.
type LegacyTrustedIPs int

// What is known. Undeclared is the zero value.
const (
	Undeclared LegacyTrustedIPs = iota
	NoLegacyTrustedIPs
	SomeLegacyTrustedIPs
)

// Person is a user as far as policies tell users apart. Ids are compared without case.
type Person struct {
	ID string
	// Groups are the groups of which the user is a member at any depth, and Roles the templates of the built-in roles that the user has actively
	// and for the whole tenant.
	Groups, Roles []string
	// UnknownGroups are groups of which nobody knows whether the user is a member. UnknownRoles says so of every role.
	UnknownGroups []string
	UnknownRoles  bool
	// GuestKind is one of conditionalaccess.GuestTypes; empty for a member of the tenant. HomeTenant is the id of the tenant that a guest comes from;
	// empty where nobody knows.
	GuestKind, HomeTenant string
	// UnknownKind says that nobody knows whether the user is a guest.
	UnknownKind bool
	// Emergency says that the account is declared as emergency access, and SyncAccount that it is the one of Entra Connect.
	Emergency, SyncAccount bool
}

// Verdict says whether a user has to use MFA.
type Verdict string

// The verdicts.
const (
	// Covered says that every sign-in needs MFA, or is blocked.
	Covered Verdict = "covered"
	// Partly says that some need it, and some succeed without.
	Partly Verdict = "partly"
	// NotCovered says that no sign-in without risk needs it.
	NotCovered Verdict = "not_covered"
	// Blocked says that no sign-in succeeds.
	Blocked Verdict = "blocked"
	// Unknown says that the answer rests on something that nobody could read, or that this version does not understand.
	Unknown Verdict = "unknown"
	// BySecurityDefaults says that security defaults ask for MFA when they find it necessary.
	BySecurityDefaults Verdict = "security_defaults"
	// EmergencyAccess says that a declared emergency access account is not covered, as intended.
	EmergencyAccess Verdict = "emergency"
)

// membership is whether a policy applies to a user.
type membership byte

const (
	no membership = iota
	yes
	unknown
)

// applies reports whether a policy is about a person, and by which list. An exclusion takes precedence over every inclusion.
func applies(policy rules.Policy, person Person) (membership, string) {
	users := policy.Conditions.Users
	if users == nil {
		return no, ""
	}
	excluded, by := holds(person, users.ExcludeUsers, users.ExcludeGroups, users.ExcludeRoles, users.ExcludeGuests)
	if excluded == yes {
		return no, "excluded by " + by
	}
	included, by := holds(person, users.IncludeUsers, users.IncludeGroups, users.IncludeRoles, users.IncludeGuests)
	switch {
	case included == no:
		return no, ""
	case included == unknown || excluded == unknown:
		return unknown, by
	}
	return yes, "included by " + by
}

func holds(person Person, users, groups, roles []string, guests *rules.Guests) (membership, string) {
	guest := person.GuestKind != ""
	switch {
	case rules.ContainsFold(users, rules.All):
		return yes, "all users"
	case rules.ContainsFold(users, person.ID):
		return yes, "the user"
	case rules.ContainsFold(users, rules.GuestsOrExternal) && guest:
		return yes, "guests and external users"
	}
	for _, id := range groups {
		if rules.ContainsFold(person.Groups, id) {
			return yes, "the group " + id
		}
	}
	for _, id := range roles {
		if rules.ContainsFold(person.Roles, id) {
			return yes, "the role " + id
		}
	}
	answer := no
	if guests != nil && guest && rules.ContainsFold(guests.Types, person.GuestKind) {
		tenants := guests.Tenants
		switch {
		case tenants == nil || !strings.EqualFold(tenants.MembershipKind, rules.TenantsEnumerated):
			return yes, "guests of the kind " + person.GuestKind
		case person.HomeTenant == "":
			answer = unknown
		case rules.ContainsFold(tenants.Members, person.HomeTenant):
			return yes, "guests of the tenant " + person.HomeTenant
		}
	}
	if person.UnknownRoles && len(roles) > 0 || person.UnknownKind && (guests != nil || rules.ContainsFold(users, rules.GuestsOrExternal)) ||
		slices.ContainsFunc(groups, func(id string) bool { return rules.ContainsFold(person.UnknownGroups, id) }) {
		answer = unknown
	}
	return answer, ""
}
