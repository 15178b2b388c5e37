package provider

import (
	"context"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// tenantLocations is what a run knows of the tenant's named locations and of the policies that use them. The service answers
// one such request in a second, for all apps of the tenant together, so both are read once for all resources of a run, and the
// run's own writes are entered.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
type tenantLocations struct {
	client *client.Client
	// lock is held while something is read, so that those who wait for it find it read. It is a channel because such a wait
	// has to end with the context.
	lock      chan struct{}
	locations []client.NamedLocation
	policies  []client.ConditionalAccessPolicy
	// hasLocations and hasPolicies tell none from not read.
	hasLocations, hasPolicies bool
	// planned are the locations that plans of this run create, by their content.
	planned map[string]bool
}

func newTenantLocations(c *client.Client) *tenantLocations {
	return &tenantLocations{client: c, lock: make(chan struct{}, 1), planned: map[string]bool{}}
}

// locked runs a function while nobody else reads or writes.
func (t *tenantLocations) locked(ctx context.Context, do func() error) error {
	select {
	case t.lock <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-t.lock }()
	return do()
}

// all are the named locations of the tenant, of every kind.
func (t *tenantLocations) all(ctx context.Context) (locations []client.NamedLocation, err error) {
	err = t.locked(ctx, func() error {
		locations, err = t.read(ctx)
		return err
	})
	return locations, err
}

func (t *tenantLocations) read(ctx context.Context) ([]client.NamedLocation, error) {
	if !t.hasLocations {
		locations, err := t.client.ListNamedLocations(ctx)
		if err != nil {
			return nil, err
		}
		t.locations, t.hasLocations = locations, true
	}
	return t.locations, nil
}

// policiesAbout are the policies that name a location by its id, and those that are about all trusted locations.
func (t *tenantLocations) policiesAbout(ctx context.Context, id string) (byID, byTrust []client.ConditionalAccessPolicy, err error) {
	err = t.locked(ctx, func() error {
		if !t.hasPolicies {
			policies, err := t.client.ListConditionalAccessPolicies(ctx)
			if err != nil {
				return err
			}
			t.policies, t.hasPolicies = policies, true
		}
		for _, policy := range t.policies {
			if policy.RefersTo(id) {
				byID = append(byID, policy)
			}
			if policy.RefersToAllTrusted() {
				byTrust = append(byTrust, policy)
			}
		}
		return nil
	})
	return byID, byTrust, err
}

// checkUnused is a *client.LocationInUseError where a policy names a location. What was read before counts only where it says
// that none does: policies are deleted by the same run, and the service itself refuses what has come since.
func (t *tenantLocations) checkUnused(ctx context.Context, location client.NamedLocation) error {
	byID, _, err := t.policiesAbout(ctx, location.ID)
	if err == nil && len(byID) == 0 {
		return nil
	}
	return t.client.AwaitUnused(ctx, location)
}

// enter takes over what became of a location by a write: nil where it was deleted, err where nobody knows.
func (t *tenantLocations) enter(id string, location *client.NamedLocation, err error) {
	t.lock <- struct{}{}
	defer func() { <-t.lock }()
	if err != nil {
		t.hasLocations = false
		return
	}
	// A copy, because others may be reading the list.
	kept := make([]client.NamedLocation, 0, len(t.locations)+1)
	for _, present := range t.locations {
		if present.ID != id {
			kept = append(kept, present)
		}
	}
	if location != nil {
		kept = append(kept, *location)
		delete(t.planned, plannedKey(*location))
	}
	t.locations = kept
}

func plannedKey(location client.NamedLocation) string {
	return location.DisplayName + "\n" + strings.Join(location.Ranges, "\n")
}

// plan records a location that is to be made, and returns how many IP locations the tenant will have with all that were
// recorded.
func (t *tenantLocations) plan(ctx context.Context, location client.NamedLocation) (count int, err error) {
	err = t.locked(ctx, func() error {
		locations, err := t.read(ctx)
		if err != nil {
			return err
		}
		t.planned[plannedKey(location)] = true
		count = len(t.planned)
		for _, present := range locations {
			if present.IsIP() {
				count++
			}
		}
		return nil
	})
	return count, err
}

// observe reads a location that is expected to be as it was last seen. Where the list shows it so, no further request is made.
// gone is true only of a 404 of the location itself that has lasted: a 404 of the list says nothing about a location.
func (t *tenantLocations) observe(ctx context.Context, expected client.NamedLocation) (location client.NamedLocation, gone bool, err error) {
	locations, err := t.all(ctx)
	if err != nil {
		return location, false, err
	}
	for _, location := range locations {
		if location.ID == expected.ID && location.Shows(expected) {
			return location, false, nil
		}
	}
	location, err = t.client.ObserveNamedLocation(ctx, expected)
	if client.IsNotFound(err) {
		return location, true, nil
	}
	return location, false, err
}

// named are the locations that have a name, compared without case.
func (t *tenantLocations) named(ctx context.Context, name string) ([]client.NamedLocation, error) {
	locations, err := t.all(ctx)
	if err != nil {
		return nil, err
	}
	if found := client.NamedLocationsNamed(locations, name); len(found) > 0 {
		return found, nil
	}
	return t.client.FindNamedLocationsByName(ctx, name)
}
