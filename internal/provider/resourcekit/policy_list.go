package resourcekit

import (
	"context"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// accessLists are the Conditional Access policies and the named locations of the tenant. The service answers one such request in a second, for
// all apps of the tenant together, so each list is read once for everything in a run that asks for it, and what the run writes is known to all
// areas.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
type accessLists struct {
	policies  *client.ConditionalAccessPolicies
	locations *client.NamedLocations

	// mutex guards failure, why the policies cannot be read for an explanation: a permission does not come within a run, and each try costs a
	// second.
	mutex   sync.Mutex
	failure error
}

func (l *accessLists) Begin(run *Run) {
	if run.Ready() {
		l.policies, l.locations = run.Client.NewConditionalAccessPolicies(), run.Client.NewNamedLocations()
	}
}

// AccessPolicies are the Conditional Access policies of the tenant, with the run's own writes; nil where the run cannot ask for them.
func (r *Run) AccessPolicies() *client.ConditionalAccessPolicies { return Of[accessLists](r).policies }

// NamedLocations are the named locations of the tenant, with the run's own writes; nil where the run cannot ask for them.
func (r *Run) NamedLocations() *client.NamedLocations { return Of[accessLists](r).locations }

// Policies returns the Conditional Access policies of the tenant for an explanation. Where they cannot be read, they are not asked for again.
func (r *Run) Policies(ctx context.Context) ([]client.ConditionalAccessPolicy, error) {
	l := Of[accessLists](r)
	if err := l.failed(nil); err != nil {
		return nil, err
	}
	policies, err := l.policies.All(ctx)
	if err != nil && ctx.Err() == nil {
		return nil, l.failed(err)
	}
	return policies, err
}

// failed notes a failure, and returns the first one that was noted.
func (l *accessLists) failed(err error) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.failure == nil {
		l.failure = err
	}
	return l.failure
}
