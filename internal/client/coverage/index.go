package coverage

import (
	"strings"

	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
)

// index finds the policies that name an id, so that a user costs one look-up for each membership and not one for each policy.
type index struct {
	policies []rules.Policy
	// everybody are the policies that include all users.
	everybody []int
	// include and exclude are the policies that name a user, a group or a role, by the id in lower case.
	include, exclude map[string][]int
	// guests are the policies that name kinds of guests, on either side, and roles those that name any role.
	guests, roles []int
}

func newIndex(policies []rules.Policy) index {
	x := index{policies: policies, include: map[string][]int{}, exclude: map[string][]int{}}
	for i, policy := range policies {
		users := policy.Conditions.Users
		add := func(to map[string][]int, lists ...[]string) {
			for _, list := range lists {
				for _, id := range list {
					id = strings.ToLower(id)
					to[id] = append(to[id], i)
				}
			}
		}
		add(x.include, users.IncludeUsers, users.IncludeGroups, users.IncludeRoles)
		add(x.exclude, users.ExcludeUsers, users.ExcludeGroups, users.ExcludeRoles)
		if rules.ContainsFold(users.IncludeUsers, rules.All) {
			x.everybody = append(x.everybody, i)
		}
		if users.IncludeGuests != nil || users.ExcludeGuests != nil || rules.ContainsFold(users.IncludeUsers, rules.GuestsOrExternal) || rules.ContainsFold(users.ExcludeUsers, rules.GuestsOrExternal) {
			x.guests = append(x.guests, i)
		}
		if len(users.IncludeRoles)+len(users.ExcludeRoles) > 0 {
			x.roles = append(x.roles, i)
		}
	}
	return x
}

// signature says of each policy whether it applies to a user. It is the same as asking each policy.
func (x index) signature(person Person) []byte {
	signature := make([]byte, len(x.policies))
	for _, i := range x.everybody {
		signature[i] = byte(yes)
	}
	ids := make([]string, 0, 1+len(person.Groups)+len(person.Roles))
	ids = append(append(append(ids, person.ID), person.Groups...), person.Roles...)
	for j := range ids {
		ids[j] = strings.ToLower(ids[j])
	}
	for _, id := range ids {
		for _, i := range x.include[id] {
			signature[i] = byte(yes)
		}
	}
	for _, id := range ids {
		for _, i := range x.exclude[id] {
			signature[i] = byte(no)
		}
	}
	// What rests on kinds of guests, or on something that nobody knows, is asked of the policy itself.
	again := func(policies []int) {
		for _, i := range policies {
			applied, _ := applies(x.policies[i], person)
			signature[i] = byte(applied)
		}
	}
	if person.GuestKind != "" || person.UnknownKind {
		again(x.guests)
	}
	if person.UnknownRoles {
		again(x.roles)
	}
	for _, id := range person.UnknownGroups {
		id = strings.ToLower(id)
		again(x.include[id])
		again(x.exclude[id])
	}
	return signature
}
