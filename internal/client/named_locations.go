package client

import (
	"context"
	"net/http"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// NamedLocations is what one run knows of the tenant's named locations, of every kind.
type NamedLocations struct {
	*graph.Collection[NamedLocation]
}

// NewNamedLocations makes the collection of a run, which reads nothing yet.
func (c *Client) NewNamedLocations() *NamedLocations {
	return &NamedLocations{graph.NewCollection(c.graph, graph.Source[NamedLocation]{
		Name: "named locations", List: c.ListNamedLocations, Get: c.GetNamedLocation,
		Deleted: func(ctx context.Context) ([]string, error) {
			deleted, err := c.listDeletedNamedLocations(ctx)
			ids := make([]string, len(deleted))
			for i, location := range deleted {
				ids[i] = location.ID
			}
			return ids, err
		},
	})}
}

// Observe returns a location that is expected to be as it was last seen or written, and believes something else only once it has
// lasted. accepted is the last write of the location. gone is true only of a 404 of the location itself.
func (l *NamedLocations) Observe(ctx context.Context, expected NamedLocation, accepted graph.Acceptance) (location NamedLocation, gone bool, err error) {
	return l.Collection.Observe(ctx, graph.Expectation[NamedLocation]{
		ID: expected.ID, Accepted: accepted,
		Satisfied: func(seen NamedLocation) bool { return seen.Shows(expected) },
	})
}

// UndoneBy reads a location before a write, from a list that is no older than a minute, and returns what the write would undo
// that somebody else has done since before was seen; wanted is nil where the location is to be deleted. Only what has lasted,
// and is not an answer from before the last write, is reported. A location that cannot be found is nothing: the write will tell.
func (l *NamedLocations) UndoneBy(ctx context.Context, before NamedLocation, wanted *NamedLocation, accepted graph.Acceptance) (NamedLocation, LocationChanges, error) {
	location, gone, err := l.Collection.Observe(ctx, graph.Expectation[NamedLocation]{
		ID: before.ID, Accepted: accepted, Fresh: true, MissingOnce: true,
		Satisfied: func(seen NamedLocation) bool { return !seen.Undoes(before, wanted).Any() },
	})
	if err != nil || gone {
		return location, LocationChanges{}, err
	}
	return location, location.Undoes(before, wanted), nil
}

// listDeletedNamedLocations reads the locations that the service keeps for 30 days after their deletion.
//
// Source: https://learn.microsoft.com/graph/api/resources/policydeletableitem
func (c *Client) listDeletedNamedLocations(ctx context.Context) ([]namedLocation, error) {
	return graph.List[namedLocation](ctx, c.graph, graph.Call{
		Operation:   "list the deleted named locations",
		Permissions: []string{permissionReadState},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/identity/conditionalAccess/deletedItems/namedLocations",
		Query:       wholeList(),
	})
}
