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
