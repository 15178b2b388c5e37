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

// Identity is who the requests are made as. ObjectID is of the user, or of the service principal of the app.
type Identity struct {
	ObjectID, AppID string
	// User says that somebody is signed in, and not an app.
	User bool
}

// Identity returns who the client is signed in as; false where the access token does not say.
//
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference#payload-claims (oid, appid, idtyp)
func (c *Client) Identity(ctx context.Context) (Identity, bool) {
	token, err := c.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.cloud.Scope()}, EnableCAE: true})
	if err != nil {
		return Identity{}, false
	}
	var claims struct {
		ObjectID string `json:"oid"`
		AppID    string `json:"appid"`
		Scopes   string `json:"scp"`
	}
	known := signin.TokenClaims(token.Token, &claims) && claims.ObjectID != ""
	return Identity{ObjectID: claims.ObjectID, AppID: claims.AppID, User: claims.Scopes != ""}, known
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
