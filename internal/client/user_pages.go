package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
)

// UserPages reads the users of the tenant with their licenses, guests included, a page at a time: the next one is asked for when the loop comes to
// it, and none after the loop was left. An error is the last thing that comes. It needs User.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/user-list
func (c *Client) UserPages(ctx context.Context) iter.Seq2[[]User, error] {
	return pages[User](ctx, c, call{
		operation:   "list the users of the tenant",
		permissions: userReadPermissions,
		method:      http.MethodGet,
		version:     v1,
		path:        "/users",
		query:       url.Values{"$select": {licensedUserSelect}, "$top": {"999"}},
	})
}

// MemberUserPages is UserPages for the users of a group, those of nested groups included. It needs GroupMember.Read.All.
// IsNotFound is true of the error where there is no such group.
//
// Source: https://learn.microsoft.com/graph/api/group-list-transitivemembers
func (c *Client) MemberUserPages(ctx context.Context, groupID string) iter.Seq2[[]User, error] {
	return pages[User](ctx, c, call{
		operation:   fmt.Sprintf("list the members of group %q", groupID),
		permissions: []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
		method:      http.MethodGet,
		version:     v1,
		path:        "/groups/" + url.PathEscape(groupID) + "/transitiveMembers/microsoft.graph.user",
		// The cast to users is an advanced query.
		query:  url.Values{"$count": {"true"}, "$select": {licensedUserSelect}, "$top": {"999"}},
		header: http.Header{"Consistencylevel": {"eventual"}},
	})
}
