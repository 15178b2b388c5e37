package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// UserPages reads the users of the tenant with their licenses, guests included, a page at a time: the next one is asked for when the loop comes to
// it, and none after the loop was left. An error is the last thing that comes. It needs User.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/user-list
func (c *Client) UserPages(ctx context.Context) iter.Seq2[[]User, error] {
	return graph.Pages[User](ctx, c.graph, graph.Call{
		Operation:   "list the users of the tenant",
		Permissions: userReadPermissions,
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/users",
		Query:       url.Values{"$select": {licensedUserSelect}, "$top": {"999"}},
	})
}

// MemberUserPages is UserPages for the users of a group, those of nested groups included. It needs GroupMember.Read.All.
// IsNotFound is true of the error where there is no such group.
//
// Source: https://learn.microsoft.com/graph/api/group-list-transitivemembers
func (c *Client) MemberUserPages(ctx context.Context, groupID string) iter.Seq2[[]User, error] {
	return graph.Pages[User](ctx, c.graph, graph.Call{
		Operation:   fmt.Sprintf("list the members of group %q", groupID),
		Permissions: []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/groups/" + url.PathEscape(groupID) + "/transitiveMembers/microsoft.graph.user",
		// The cast to users is an advanced query.
		Query:  url.Values{"$count": {"true"}, "$select": {licensedUserSelect}, "$top": {"999"}},
		Header: http.Header{"Consistencylevel": {"eventual"}},
	})
}
