package control

import (
	"context"
	"net/http"
)

// UserTokenRequest asks for the access token of a signed-in user.
type UserTokenRequest struct {
	// User is the object id or the user principal name.
	User string `json:"user"`
	// ClientID is the app through which the user signs in: the Azure CLI's when empty.
	ClientID string `json:"clientId,omitempty"`
	// Scopes are the delegated permissions of the token.
	Scopes []string `json:"scopes,omitempty"`
}

// UserToken is the access token of a signed-in user.
type UserToken struct {
	AccessToken string `json:"accessToken"`
	// ExpiresOn is in seconds since 1970.
	ExpiresOn int64 `json:"expiresOn"`
}

// IssueUserToken makes an access token as a user gets one in an app like the Azure CLI.
func (c *Client) IssueUserToken(ctx context.Context, request UserTokenRequest) (*UserToken, error) {
	var token UserToken
	if err := c.do(ctx, http.MethodPost, "user-tokens", request, &token); err != nil {
		return nil, err
	}
	return &token, nil
}
