package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// ListTransitiveMemberUsers reads the users of a group, those of nested groups included.
// It needs GroupMember.Read.All. IsNotFound is true of the error where there is no such group.
//
// Source: https://learn.microsoft.com/graph/api/group-list-transitivemembers
func (c *Client) ListTransitiveMemberUsers(ctx context.Context, groupID string) ([]User, error) {
	return graph.List[User](ctx, c.graph, graph.Call{
		Operation:   fmt.Sprintf("list the members of group %q", groupID),
		Permissions: []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/groups/" + url.PathEscape(groupID) + "/transitiveMembers/microsoft.graph.user",
		// The cast to users is an advanced query.
		Query:  url.Values{"$count": {"true"}, "$select": {"id,userPrincipalName,displayName"}, "$top": {"999"}},
		Header: http.Header{"Consistencylevel": {"eventual"}},
	})
}
