package emergency

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/scope"
)

// Caught is an emergency access account that something would ask for MFA.
type Caught struct {
	*Account
	// Because says how it is included.
	Because scope.Reason
}

// CaughtBy lists the accounts that are included and not excluded, groups within groups counted.
// With patience, an account that no excluded group holds is looked at again before it counts as caught: a group that was made a
// moment ago may be read before it shows.
func (e *Guard) CaughtBy(ctx context.Context, c *client.Client, included, excluded scope.Scope, patience time.Duration) ([]Caught, error) {
	var caught []Caught
	for _, account := range e.sorted() {
		person := account.person()
		if answer, _ := excluded.Holds(person); answer == scope.Yes {
			continue
		}
		if answer, _ := included.Holds(person); answer == scope.Unknown {
			if err := askGroups(ctx, c, person, included, 0); err != nil {
				return nil, err
			}
		}
		if answer, _ := included.Holds(person); answer != scope.Yes {
			continue
		}
		if err := askGroups(ctx, c, person, excluded, patience); err != nil {
			return nil, err
		}
		if answer, because := scope.Catches(included, excluded, person); answer == scope.Yes {
			caught = append(caught, Caught{account, because})
		}
	}
	return caught, nil
}

// person is what the guard knows of an account.
func (a *Account) person() scope.Person {
	person := scope.Person{ID: a.ID, Groups: map[string]bool{}}
	for _, id := range a.GroupIDs {
		person.Groups[id] = true
	}
	return person
}

// askGroups finds out in which groups of a scope a person is, as far as nobody knows.
func askGroups(ctx context.Context, c *client.Client, person scope.Person, of scope.Scope, patience time.Duration) error {
	open := of.Open(person)
	member, err := c.MemberGroups(ctx, person.ID, open, patience)
	if err != nil {
		return err
	}
	for _, id := range open {
		person.Groups[strings.ToLower(id)] = slices.Contains(member, strings.ToLower(id))
	}
	return nil
}
