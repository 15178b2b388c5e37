package graph

import (
	"context"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

// DelegatedScopes returns the scopes of a signed-in user's access token; false is the token of an app, or one that cannot
// be read. They decide nothing, Graph does, but they tell what it is going to refuse before anything is written.
//
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference#payload-claims (scp)
func (c *Client) DelegatedScopes(ctx context.Context) ([]string, bool) {
	token, err := c.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.cloud.Scope()}, EnableCAE: true})
	if err != nil {
		return nil, false
	}
	return delegatedScopes(token.Token)
}

func delegatedScopes(token string) ([]string, bool) {
	var claims struct {
		Scopes string `json:"scp"`
	}
	if !signin.TokenClaims(token, &claims) || claims.Scopes == "" {
		return nil, false
	}
	return strings.Fields(claims.Scopes), true
}
