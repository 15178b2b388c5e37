package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// Licences are the plans of Microsoft Entra ID that a tenant has.
type Licences struct{ P1, P2 bool }

// Plans of services, by their ids: AAD_PREMIUM and AAD_PREMIUM_P2.
//
// Source: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
const (
	planP1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
	planP2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
)

// GetLicences reads which plans of Microsoft Entra ID the subscriptions of the tenant have in force. It needs Organization.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/subscribedsku-list
func (c *Client) GetLicences(ctx context.Context) (Licences, error) {
	type subscription struct {
		Status string `json:"capabilityStatus"`
		Plans  []struct {
			ID     string `json:"servicePlanId"`
			Status string `json:"provisioningStatus"`
		} `json:"servicePlans"`
	}
	all, err := graph.List[subscription](ctx, c.graph, graph.Call{
		Operation:   "read the subscriptions of the tenant",
		Permissions: []string{"Organization.Read.All", "LicenseAssignment.Read.All", "Directory.Read.All"},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/subscribedSkus",
		Query:       url.Values{"$select": {"capabilityStatus,servicePlans"}},
	})
	var found Licences
	for _, one := range all {
		// A subscription in its grace period works.
		if one.Status != "Enabled" && one.Status != "Warning" {
			continue
		}
		for _, plan := range one.Plans {
			works := plan.Status == "Success"
			found.P1 = found.P1 || works && (strings.EqualFold(plan.ID, planP1) || strings.EqualFold(plan.ID, planP2))
			found.P2 = found.P2 || works && strings.EqualFold(plan.ID, planP2)
		}
	}
	return found, err
}
