package emulator

import (
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

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
	if !readControlBody(w, r, &request) {
		return
	}
	if request.ClientID == "" {
		request.ClientID = azureCLIAppID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	user := s.directory.user(request.User)
	if user == nil {
		refuseControl(w, http.StatusNotFound, "there is no user "+request.User)
		return
	}
	lifetime := time.Hour
	if seconds := s.behavior.TokenLifetimeSeconds; seconds > 0 {
		lifetime = time.Duration(seconds) * time.Second
	}
	now := s.now()
	expires := jwt.NewNumericDate(now.Add(lifetime))
	token := jwt.NewWithClaims(jwt.SigningMethodES256, accessClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: s.url + "/" + s.directory.tenantID + "/", Subject: user.ID, Audience: jwt.ClaimStrings{s.url},
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: expires, ID: uuid.NewString(),
		},
		AppID: request.ClientID, TenantID: s.directory.tenantID, ObjectID: user.ID, IDType: "user",
		Scopes: strings.Join(request.Scopes, " "), Version: "1.0", Challenge: s.challenge,
	})
	token.Header["kid"] = tokenKeyID
	signed, err := token.SignedString(s.keys.token)
	if err != nil {
		refuseControl(w, http.StatusInternalServerError, err.Error())
		return
	}
	answerControl(w, http.StatusOK, control.UserToken{AccessToken: signed, ExpiresOn: expires.Unix()})
}
