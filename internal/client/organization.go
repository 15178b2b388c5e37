package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/guid"
)

// IdentifyTenant finds out the tenant that the client is signed in to. configured is what the caller has chosen it by, an id or a
// domain; empty is the credential's own. atAuthority says that the credential signs in at exactly that tenant.
//
// The access token tells. Where it cannot be read, it is the configured id, or Microsoft Graph is asked, which takes
// Organization.Read.All. Where the app may not ask, the tenant stays unknown, and that is not an error.
func (c *Client) IdentifyTenant(ctx context.Context, configured string, atAuthority bool) error {
	known := c.graph.Tenant().ID != ""
	isID := guid.Is(configured)
	switch {
	case atAuthority && isID && !known:
		c.graph.NoteTenant(configured, "")
	case atAuthority && !isID && known:
		c.graph.NoteTenant("", configured)
	case !known:
		if _, err := c.GetOrganization(ctx); err != nil && !graph.IsForbidden(err) {
			return err
		}
	}
	return nil
}

// Organization is what Microsoft Graph says of the tenant.
//
// Source: https://learn.microsoft.com/graph/api/resources/organization
type Organization struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	// TenantType is AAD, AAD B2C or another kind; empty where the app may read basic properties only.
	TenantType      string           `json:"tenantType"`
	VerifiedDomains []VerifiedDomain `json:"verifiedDomains"`
}

// VerifiedDomain is a domain of a tenant.
//
// Source: https://learn.microsoft.com/graph/api/resources/verifieddomain
type VerifiedDomain struct {
	Name string `json:"name"`
	// IsDefault marks the domain that new users get, IsInitial the one that the tenant began with.
	IsDefault bool `json:"isDefault"`
	IsInitial bool `json:"isInitial"`
	// Type is Managed or Federated.
	Type string `json:"type"`
}

// organizationPermissions are in the order of the page, the least first.
var organizationPermissions = []string{"Organization.Read.All", "Directory.Read.All"}

// GetOrganization reads the tenant. It needs Organization.Read.All; a signed-in user needs User.Read.
//
// Source: https://learn.microsoft.com/graph/api/organization-list
func (c *Client) GetOrganization(ctx context.Context) (Organization, error) {
	const operation = "read the tenant (organization)"
	all, err := graph.List[Organization](ctx, c.graph, graph.Call{
		Operation: operation, Permissions: organizationPermissions, Method: http.MethodGet, Version: graph.V1, Path: "/organization",
		Query: url.Values{"$select": {"id,displayName,tenantType,verifiedDomains"}},
	})
	if err != nil {
		return Organization{}, err
	}
	if len(all) != 1 || !guid.Is(all[0].ID) {
		return Organization{}, &graph.Error{
			Operation: operation, Status: http.StatusOK,
			Message: fmt.Sprintf("the answer should hold one organization with an id, and holds %d", len(all)),
		}
	}
	found := all[0]
	if before := c.graph.NoteTenant(found.ID, found.DisplayName); before.ID != "" && !strings.EqualFold(before.ID, found.ID) {
		return Organization{}, &graph.Error{
			Operation: operation, Status: http.StatusOK,
			Message: fmt.Sprintf("the access token is one of %s, and the answer is about tenant %s", before, found.ID),
		}
	}
	return found, nil
}
