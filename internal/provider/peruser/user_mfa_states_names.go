package peruser

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// An entry of users whose key is an object id tells a reader nothing, so the state has the names of these users beside them. They
// explain and are never compared.

// refreshNames takes over the present names of users of a state.
func (d *run) refreshNames(ctx context.Context, users managedUsers) {
	names := map[string]*string{}
	for i, user := range users {
		if value.IsGUID(user.key) {
			names[user.id] = &users[i].name
		}
	}
	d.lookUpNames(ctx, names)
}

// findNames gives a plan the names that neither the state nor the search for new users has: of those whom the state knows by name,
// and the configuration by id now.
func (d *run) findNames(ctx context.Context, users []*wantedUser) {
	names := map[string]*string{}
	for _, user := range users {
		if value.IsGUID(user.key) && user.found() && user.person() == "" {
			names[user.user.ID] = &user.planned
		}
	}
	d.lookUpNames(ctx, names)
}

// lookUpNames sets names by object id, a thousand in one request. A name that cannot be looked up stays as it is: that is no reason
// to fail a refresh or a plan, and the next refresh looks again.
func (d *run) lookUpNames(ctx context.Context, names map[string]*string) {
	found, _ := d.Client.UsersByID(ctx, slices.Sorted(maps.Keys(names)))
	for id, name := range names {
		if user, ok := found[strings.ToLower(id)]; ok {
			*name = diagnose.Person(user)
		}
	}
}
