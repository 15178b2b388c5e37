package client

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// RoleTemplate is a built-in role of Microsoft Entra ID, as policies name it.
type RoleTemplate struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

// ListRoleTemplates reads the built-in roles. It needs RoleManagement.Read.Directory.
//
// Source: https://learn.microsoft.com/graph/api/directoryroletemplate-list
func (c *Client) ListRoleTemplates(ctx context.Context) ([]RoleTemplate, error) {
	return graph.List[RoleTemplate](ctx, c.graph, graph.Call{
		Operation:   "list the role templates",
		Permissions: []string{"RoleManagement.Read.Directory", "Directory.Read.All"},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/directoryRoleTemplates",
	})
}

// ServicePrincipal is an app as it is in the tenant.
type ServicePrincipal struct {
	ID          string `json:"id"`
	AppID       string `json:"appId"`
	DisplayName string `json:"displayName"`
}

// maxAppIDs is how many values a filter with `in` takes.
//
// Source: https://learn.microsoft.com/graph/filter-query-parameter
const maxAppIDs = 15

// ServicePrincipalsByAppID looks apps up by their client ids, one request for fifteen of them. An app without a service principal in the tenant
// is missing from the answer, whose keys are in lower case. It needs Application.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/serviceprincipal-list
func (c *Client) ServicePrincipalsByAppID(ctx context.Context, appIDs []string) (map[string]ServicePrincipal, error) {
	found := map[string]ServicePrincipal{}
	for chunk := range slices.Chunk(appIDs, maxAppIDs) {
		principals, err := graph.List[ServicePrincipal](ctx, c.graph, graph.Call{
			Operation:   "look up apps by their client ids",
			Permissions: []string{"Application.Read.All", "Directory.Read.All"},
			Method:      http.MethodGet,
			Version:     graph.V1,
			Path:        "/servicePrincipals",
			Query:       url.Values{"$filter": {"appId in ('" + strings.Join(chunk, "','") + "')"}, "$select": {"id,appId,displayName"}},
		})
		if err != nil {
			return found, err
		}
		for _, principal := range principals {
			found[strings.ToLower(principal.AppID)] = principal
		}
	}
	return found, nil
}

// MemberRoles returns the built-in roles that a user has actively and for the whole tenant, directly or through groups, as ids of role templates
// in lower case. Policies go by these roles only. It needs RoleManagement.Read.Directory and GroupMember.Read.All.
//
// Sources: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments,
// https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-users-groups
func (c *Client) MemberRoles(ctx context.Context, userID string) ([]string, error) {
	assignments, err := c.ListRoleAssignments(ctx)
	if err != nil {
		return nil, err
	}
	// A principal is a user, a group or a service principal; of the others, the membership check knows nothing.
	var roles, others []string
	holders := map[string][]string{}
	for _, a := range assignments {
		switch {
		case a.Scope != "/":
		case strings.EqualFold(a.PrincipalID, userID):
			roles = append(roles, strings.ToLower(a.RoleID))
		default:
			id := strings.ToLower(a.PrincipalID)
			if holders[id] == nil {
				others = append(others, id)
			}
			holders[id] = append(holders[id], strings.ToLower(a.RoleID))
		}
	}
	objects, err := c.GetDirectoryObjects(ctx, others, 0)
	if err != nil {
		return nil, err
	}
	others = slices.DeleteFunc(others, func(id string) bool { return !objects[id].IsGroup() })
	member, err := c.MemberGroups(ctx, userID, others, 0)
	for _, id := range member {
		roles = append(roles, holders[id]...)
	}
	return roles, err
}

// IsGuest reports whether a user is a guest of the tenant.
//
// Source: https://learn.microsoft.com/graph/api/user-get
func (c *Client) IsGuest(ctx context.Context, userID string) (bool, error) {
	var user struct {
		UserType string `json:"userType"`
	}
	err := c.graph.Send(ctx, graph.Call{
		Operation:   "read the type of user " + userID,
		Permissions: userReadPermissions,
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/users/" + url.PathEscape(userID),
		Query:       url.Values{"$select": {"id,userType"}},
	}, &user)
	return strings.EqualFold(user.UserType, "Guest"), err
}
