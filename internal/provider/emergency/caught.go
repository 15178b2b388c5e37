package emergency

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/scope"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// Caught is an emergency access account that something would ask for MFA.
type Caught struct {
	*Account
	// Because says how it is included.
	Because scope.Reason
}

// Entries are a few lines for each account, with how it is included in the words of the caller.
func Entries(caught []Caught, includedBy func(scope.Reason) string) string {
	var entries []string
	for _, account := range caught {
		entries = append(entries, AccountEntry(account.User, includedBy(account.Because), account.Source))
	}
	return diagnose.List(entries)
}

// ExclusionOf is what has to be excluded for accounts not to be caught: the group of emergency_access that an account is in, or else the account.
func ExclusionOf(caught []Caught) (users, groups []string) {
	for _, account := range caught {
		switch {
		case len(account.GroupIDs) == 0:
			users = append(users, strings.ToLower(account.ID))
		case !slices.Contains(groups, account.GroupIDs[0]):
			groups = append(groups, account.GroupIDs[0])
		}
	}
	return users, groups
}

// CaughtBy lists the accounts that are included and not excluded, groups within groups counted. Roles, and whether an account is a guest, are
// looked up only where the answer rests on them.
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
			if err := ask(ctx, c, &person, included, 0); err != nil {
				return nil, err
			}
		}
		if answer, _ := included.Holds(person); answer != scope.Yes {
			continue
		}
		if err := ask(ctx, c, &person, excluded, patience); err != nil {
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

// ask finds out what the answer of a scope rests on, as far as nobody knows: groups first, because most policies go by them.
func ask(ctx context.Context, c *client.Client, person *scope.Person, of scope.Scope, patience time.Duration) error {
	if err := askGroups(ctx, c, *person, of, patience); err != nil {
		return err
	}
	if answer, _ := of.Holds(*person); answer != scope.Unknown {
		return nil
	}
	if len(of.Roles) > 0 && person.Roles == nil {
		roles, err := c.MemberRoles(ctx, person.ID)
		if err != nil {
			return err
		}
		person.Roles = map[string]bool{}
		for _, id := range roles {
			person.Roles[id] = true
		}
	}
	for _, id := range of.Roles {
		// All roles of the account are known here.
		if id = strings.ToLower(id); !person.Roles[id] {
			person.Roles[id] = false
		}
	}
	if of.Guests && person.Guest == nil {
		guest, err := c.IsGuest(ctx, person.ID)
		if err != nil {
			return err
		}
		person.Guest = &guest
	}
	return nil
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

// Catches reports whether a policy is about a user who need not be an account of the guard.
func Catches(ctx context.Context, c *client.Client, userID string, included, excluded scope.Scope) (scope.Answer, error) {
	person := scope.Person{ID: userID, Groups: map[string]bool{}}
	for _, of := range []scope.Scope{included, excluded} {
		if answer, _ := of.Holds(person); answer == scope.Unknown {
			if err := ask(ctx, c, &person, of, 0); err != nil {
				return scope.Unknown, err
			}
		}
	}
	answer, _ := scope.Catches(included, excluded, person)
	return answer, nil
}
