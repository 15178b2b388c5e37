package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// ListTransitiveMemberUsers reads the users of a group, those of nested groups included.
// It needs GroupMember.Read.All. IsNotFound is true of the error where there is no such group.
//
// Source: https://learn.microsoft.com/graph/api/group-list-transitivemembers
func (c *Client) ListTransitiveMemberUsers(ctx context.Context, groupID string) ([]User, error) {
	return list[User](ctx, c, call{
		operation:   fmt.Sprintf("list the members of group %q", groupID),
		permissions: []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
		method:      http.MethodGet,
		version:     v1,
		path:        "/groups/" + url.PathEscape(groupID) + "/transitiveMembers/microsoft.graph.user",
		// The cast to users is an advanced query.
		query:  url.Values{"$count": {"true"}, "$select": {"id,userPrincipalName,displayName"}, "$top": {"999"}},
		header: http.Header{"Consistencylevel": {"eventual"}},
	})
}
