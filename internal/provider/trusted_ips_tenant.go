package provider

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// tenantLocations is what a run knows of the tenant's named locations and of the policies that use them. The service answers
// one such request in a second, for all apps of the tenant together, so both are read once for all resources of a run.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
type tenantLocations struct {
	client *client.Client
	// view is the locations, with the run's own writes.
	view *client.NamedLocations
	// reading is held while policies are read, so that those who wait for it find them read. It is a channel because such a
	// wait has to end with the context. Whoever reads does so in their own time: where that is over, the next one reads.
	reading  chan struct{}
	policies []client.ConditionalAccessPolicy
	// hasPolicies tells none from not read. policiesFailure is why they cannot be read: a permission does not come within a
	// run, and each try costs a second.
	hasPolicies     bool
	policiesFailure error
	// toldFailure says that the plan has told of it.
	toldFailure atomic.Bool

	// mutex guards planned, the locations that plans of this run create, by their content. It is never held during a request.
	mutex   sync.Mutex
	planned map[string]bool
}

func newTenantLocations(c *client.Client) *tenantLocations {
	return &tenantLocations{client: c, view: c.NewNamedLocations(), reading: make(chan struct{}, 1), planned: map[string]bool{}}
}

// all are the named locations of the tenant, of every kind.
func (t *tenantLocations) all(ctx context.Context) ([]client.NamedLocation, error) {
	return t.view.All(ctx)
}

// allPolicies are the Conditional Access policies of the tenant, read once in a run.
func (t *tenantLocations) allPolicies(ctx context.Context) ([]client.ConditionalAccessPolicy, error) {
	select {
	case t.reading <- struct{}{}:
	case <-ctx.Done():
		return nil, client.Interrupted(ctx, "waiting for the Conditional Access policies that were asked for before")
	}
	defer func() { <-t.reading }()
	if t.policiesFailure != nil {
		return nil, t.policiesFailure
	}
	if !t.hasPolicies {
		policies, err := t.client.ListConditionalAccessPolicies(ctx)
		if err != nil {
			if ctx.Err() == nil {
				t.policiesFailure = err
			}
			return nil, err
		}
		t.policies, t.hasPolicies = policies, true
	}
	return t.policies, nil
}

// policiesAbout are the policies that name a location by its id, and those that are about all trusted locations.
func (t *tenantLocations) policiesAbout(ctx context.Context, id string) (byID, byTrust []client.ConditionalAccessPolicy, err error) {
	policies, err := t.allPolicies(ctx)
	for _, policy := range policies {
		if policy.RefersTo(id) {
			byID = append(byID, policy)
		}
		if policy.RefersToAllTrusted() {
			byTrust = append(byTrust, policy)
		}
	}
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
	t.view.Record(id, location, err)
	if err == nil && location != nil {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		delete(t.planned, plannedKey(*location))
	}
}

func plannedKey(location client.NamedLocation) string {
	return location.DisplayName + "\n" + strings.Join(location.Ranges, "\n")
}

// plan records a location that is to be made, and returns how many IP locations the tenant will have with all that were
// recorded.
func (t *tenantLocations) plan(ctx context.Context, location client.NamedLocation) (count int, err error) {
	locations, err := t.all(ctx)
	if err != nil {
		return 0, err
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.planned[plannedKey(location)] = true
	count = len(t.planned)
	for _, present := range locations {
		if present.IsIP() {
			count++
		}
	}
	return count, nil
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
