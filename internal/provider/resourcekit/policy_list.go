package resourcekit

import (
	"context"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// policyList is the Conditional Access policies of the tenant. The service answers one such request in a second, for all apps of the tenant
// together, so they are read once for everything in a run that asks for them.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
type policyList struct {
	client *client.Client
	// reading is held while policies are read, so that those who wait for it find them read. It is a channel because such a
	// wait has to end with the context. Whoever reads does so in their own time: where that is over, the next one reads.
	reading  chan struct{}
	policies []client.ConditionalAccessPolicy
	// read tells none from not read. failure is why they cannot be read: a permission does not come within a run, and each try costs a
	// second.
	read    bool
	failure error
}

func (l *policyList) Begin(run *Run) {
	l.client, l.reading = run.Client, make(chan struct{}, 1)
}

// Policies returns the Conditional Access policies of the tenant, read once in a run that can ask Graph.
func (r *Run) Policies(ctx context.Context) ([]client.ConditionalAccessPolicy, error) {
	l := Of[policyList](r)
	select {
	case l.reading <- struct{}{}:
	case <-ctx.Done():
		return nil, client.Interrupted(ctx, "waiting for the Conditional Access policies that were asked for before")
	}
	defer func() { <-l.reading }()
	if l.failure != nil {
		return nil, l.failure
	}
	if !l.read {
		policies, err := l.client.ListConditionalAccessPolicies(ctx)
		if err != nil {
			if ctx.Err() == nil {
				l.failure = err
			}
			return nil, err
		}
		l.policies, l.read = policies, true
	}
	return l.policies, nil
}
