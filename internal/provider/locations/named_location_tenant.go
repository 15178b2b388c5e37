package locations

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// tenantLocations is what a run knows of the tenant's named locations. The service answers one such request in a second, for all apps of
// the tenant together, so they are read once for all resources of a run.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
type tenantLocations struct {
	run *resourcekit.Run
	// view is the locations, with the run's own writes.
	view *client.NamedLocations
	// toldFailure says that the plan has told why the policies that use locations cannot be read.
	toldFailure atomic.Bool

	// mutex guards planned, the locations that plans of this run create, by their content. It is never held during a request.
	mutex   sync.Mutex
	planned map[string]bool
}

func newTenantLocations(run *resourcekit.Run) *tenantLocations {
	return &tenantLocations{run: run, view: run.NamedLocations(), planned: map[string]bool{}}
}

// all are the named locations of the tenant, of every kind.
func (t *tenantLocations) all(ctx context.Context) ([]client.NamedLocation, error) {
	return t.view.All(ctx)
}

// policiesAbout are the policies that name a location by its id, and those that are about all trusted locations.
func (t *tenantLocations) policiesAbout(ctx context.Context, id string) (byID, byTrust []client.ConditionalAccessPolicy, err error) {
	policies, err := t.run.Policies(ctx)
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
	return t.run.Client.AwaitUnused(ctx, location)
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

// find finds the locations that have an id or a name; names are compared without case. An id that does not exist is an error.
func (t *tenantLocations) find(ctx context.Context, key string) ([]client.NamedLocation, error) {
	if value.IsGUID(key) {
		found, err := t.view.Find(ctx, key)
		return []client.NamedLocation{found}, err
	}
	locations, err := t.all(ctx)
	if err != nil {
		return nil, err
	}
	if found := client.NamedLocationsNamed(locations, key); len(found) > 0 {
		return found, nil
	}
	return t.run.Client.FindNamedLocationsByName(ctx, key)
}
