package emulator

import (
	"net/http"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
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
func (s *Server) serveUserToken(w http.ResponseWriter, r *http.Request) {
	var request control.UserTokenRequest
	if !control.ReadBody(w, r, &request) {
		return
	}
	if request.ClientID == "" {
		request.ClientID = azureCLIAppID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.directory.user(request.User)
	if user == nil {
		control.Refuse(w, http.StatusNotFound, "there is no user "+request.User)
		return
	}
	claims, _ := s.newAccessClaims(request.ClientID, s.url)
	claims.describeUser(user, r.RemoteAddr)
	claims.Scopes = strings.Join(request.Scopes, " ")
	claims.AppIDACR = publicClient
	if app := s.directory.app(request.ClientID); app != nil {
		claims.AppName = app.DisplayName
	} else if request.ClientID == azureCLIAppID {
		claims.AppName = "Microsoft Azure CLI"
	}
	signed, err := s.signed(claims)
	if err != nil {
		control.Refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	control.Answer(w, http.StatusOK, control.UserToken{AccessToken: signed, ExpiresOn: claims.ExpiresAt})
}
