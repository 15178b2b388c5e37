package client

import (
	"context"
	"net/http"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// SecurityDefaultsEnabled reports whether security defaults are on, with which a tenant has no Conditional Access. It needs Policy.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/identitysecuritydefaultsenforcementpolicy-get
func (c *Client) SecurityDefaultsEnabled(ctx context.Context) (bool, error) {
	var policy struct {
		Enabled bool `json:"isEnabled"`
	}
	err := c.graph.Send(ctx, graph.Call{
		Operation:   "read whether security defaults are on",
		Permissions: []string{permissionReadState},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/policies/identitySecurityDefaultsEnforcementPolicy",
	}, &policy)
	return policy.Enabled, err
}
