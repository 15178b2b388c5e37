// Package scope tells whom a policy of Microsoft Entra ID is about: its include and exclude name everybody, users, groups, roles and
// guests. It asks nobody: memberships are given to it, and what is not given is unknown.
package scope

import (
	"slices"
	"strings"
)

// Scope is an include or an exclude of a policy. Ids are compared without case.
type Scope struct {
	// Everybody is all_users of a campaign and All of a Conditional Access policy.
	Everybody bool
	Users     []string
	// Groups and Roles hold their members at any depth.
	Groups []string
	Roles  []string
	// Guests are guests and other external users, of whichever kind.
	Guests bool
}

// Person is what is known of a user.
type Person struct {
	ID string
	// Groups and Roles say of an id in lower case whether the user is a member; of an id that is missing nobody knows.
	Groups map[string]bool
	Roles  map[string]bool
	// Guest is nil where nobody knows.
	Guest *bool
}

// Answer is whether a policy is about a user.
type Answer int

// The answers. Unknown is the zero value, so that what nobody has asked counts as unknown.
const (
	Unknown Answer = iota
	No
	Yes
)

// Kind is what of a scope holds a user.
type Kind string

// The kinds.
const (
	KindEverybody Kind = "everybody"
	KindUser      Kind = "user"
	KindGroup     Kind = "group"
	KindRole      Kind = "role"
	KindGuests    Kind = "guests"
)

// Reason is why an answer is Yes. ID is of the user, group or role, in lower case.
type Reason struct {
	Kind Kind
	ID   string
}

// Holds reports whether a scope holds a person, and why.
func (s Scope) Holds(p Person) (Answer, Reason) {
	if s.Everybody {
		return Yes, Reason{Kind: KindEverybody}
	}
	if slices.ContainsFunc(s.Users, func(id string) bool { return strings.EqualFold(id, p.ID) }) {
		return Yes, Reason{Kind: KindUser, ID: strings.ToLower(p.ID)}
	}
	answer := No
	for _, list := range []struct {
		kind    Kind
		ids     []string
		members map[string]bool
	}{{KindGroup, s.Groups, p.Groups}, {KindRole, s.Roles, p.Roles}} {
		for _, id := range list.ids {
			switch member, known := list.members[strings.ToLower(id)]; {
			case member:
				return Yes, Reason{Kind: list.kind, ID: strings.ToLower(id)}
			case !known:
				answer = Unknown
			}
		}
	}
	switch {
	case !s.Guests:
	case p.Guest == nil:
		answer = Unknown
	case *p.Guest:
		return Yes, Reason{Kind: KindGuests}
	}
	return answer, Reason{}
}

// Catches reports whether a policy is about a person, and why: the include holds them, and the exclude does not. The exclude wins.
func Catches(include, exclude Scope, p Person) (Answer, Reason) {
	excluded, _ := exclude.Holds(p)
	included, because := include.Holds(p)
	switch {
	case excluded == Yes, included == No:
		return No, Reason{}
	case excluded == Unknown, included == Unknown:
		return Unknown, because
	}
	return Yes, because
}

// Open are the groups of a scope of which nobody knows whether the person is a member.
func (s Scope) Open(p Person) []string {
	return slices.DeleteFunc(slices.Clone(s.Groups), func(id string) bool {
		_, known := p.Groups[strings.ToLower(id)]
		return known
	})
}
