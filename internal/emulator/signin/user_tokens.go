package signin

import (
	"net/http"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// azureCLIAppID is the client id of the Azure CLI, the same in every tenant.
//
// https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
const azureCLIAppID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

// granted are the permissions of a token: an app's roles, or the scopes of a signed-in user. What the user's own roles in
// the directory allow is not looked at.
//
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
func (c *accessClaims) granted() []string {
	if c.Scopes == "" {
		return c.Roles
	}
	return strings.Fields(c.Scopes)
}

// serveUserToken answers POST /_emulator/user-tokens.
func (s *Service) serveUserToken(w http.ResponseWriter, r *http.Request) {
	var request control.UserTokenRequest
	if !control.ReadBody(w, r, &request) {
		return
	}
	if request.ClientID == "" {
		request.ClientID = azureCLIAppID
	}
	var token control.UserToken
	var refused *control.Refusal
	s.store.View(func(tx *store.Tx) { token, refused = s.userToken(tx, request, r.RemoteAddr) })
	control.Reply(w, http.StatusOK, token, refused)
}

func (s *Service) userToken(tx *store.Tx, request control.UserTokenRequest, address string) (control.UserToken, *control.Refusal) {
	user := tx.User(request.User)
	if user == nil {
		return control.UserToken{}, control.NotThere("user", request.User)
	}
	claims, _ := newAccessClaims(tx, request.ClientID, s.host.URL)
	claims.describeUser(user, address)
	claims.Scopes = strings.Join(request.Scopes, " ")
	claims.AppIDACR = publicClient
	if app := tx.App(request.ClientID); app != nil {
		claims.AppName = app.DisplayName
	} else if request.ClientID == azureCLIAppID {
		claims.AppName = "Microsoft Azure CLI"
	}
	signed, err := s.signed(claims)
	if err != nil {
		return control.UserToken{}, &control.Refusal{Status: http.StatusInternalServerError, Message: err.Error()}
	}
	return control.UserToken{AccessToken: signed, ExpiresOn: claims.ExpiresAt}, nil
}
