package client

import (
	"context"
	"net/http"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// ConditionalAccessPolicies is what one run knows of the tenant's Conditional Access policies.
type ConditionalAccessPolicies struct {
	*graph.Collection[ConditionalAccessPolicy]
}

// NewConditionalAccessPolicies makes the collection of a run, which reads nothing yet.
func (c *Client) NewConditionalAccessPolicies() *ConditionalAccessPolicies {
	return &ConditionalAccessPolicies{graph.NewCollection(c.graph, graph.Source[ConditionalAccessPolicy]{
		Name: "Conditional Access policies", List: c.ListConditionalAccessPolicies, Get: c.GetConditionalAccessPolicy,
		Deleted: func(ctx context.Context) ([]string, error) {
			deleted, err := c.listDeletedPolicies(ctx)
			ids := make([]string, len(deleted))
			for i, policy := range deleted {
				ids[i] = policy.ID
			}
			return ids, err
		},
	})}
}

// Observe returns a policy that is expected to be as it was last seen or written, and believes something else only once it has lasted.
// accepted is the last write of the policy. gone is true only of a 404 of the policy itself.
func (l *ConditionalAccessPolicies) Observe(
	ctx context.Context, expected ConditionalAccessPolicy, accepted graph.Acceptance,
) (policy ConditionalAccessPolicy, gone bool, err error) {
	return l.Collection.Observe(ctx, graph.Expectation[ConditionalAccessPolicy]{
		ID: expected.ID, Accepted: accepted,
		Satisfied: func(seen ConditionalAccessPolicy) bool { return seen.Shows(expected) },
	})
}

// Latest reads a policy before a write, from a list that is no older than a minute. A policy that was changed since before was seen is
// returned as it is now only once that has lasted.
func (l *ConditionalAccessPolicies) Latest(
	ctx context.Context, before, wanted ConditionalAccessPolicy, accepted graph.Acceptance,
) (policy ConditionalAccessPolicy, gone bool, err error) {
	return l.Collection.Observe(ctx, graph.Expectation[ConditionalAccessPolicy]{
		ID: before.ID, Accepted: accepted, Fresh: true, MissingOnce: true,
		Satisfied: func(seen ConditionalAccessPolicy) bool { return seen.Shows(before) || seen.Shows(wanted) },
	})
}

// listDeletedPolicies reads the policies that the service keeps for 30 days after their deletion.
//
// Source: https://learn.microsoft.com/graph/api/resources/policydeletableitem
func (c *Client) listDeletedPolicies(ctx context.Context) ([]ConditionalAccessPolicy, error) {
	return graph.List[ConditionalAccessPolicy](ctx, c.graph, graph.Call{
		Operation:   "list the deleted Conditional Access policies",
		Permissions: []string{permissionReadState},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/identity/conditionalAccess/deletedItems/policies",
		Query:       wholeList(),
	})
}
