package signin

import (
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const defaultAssertionLifetime = 5 * time.Minute

// issueAssertion signs a token as a foreign issuer would.
func (s *Service) issueAssertion(request control.AssertionRequest) (string, error) {
	if request.Issuer == "" {
		request.Issuer = s.host.URL + "/_emulator/oidc"
	}
	if request.Audience == "" {
		request.Audience = control.DefaultFederatedAudience
	}
	lifetime := time.Duration(request.LifetimeSeconds) * time.Second
	if lifetime == 0 {
		lifetime = defaultAssertionLifetime
	}
	now := s.now()
	issued := now
	if lifetime < 0 { // expired beyond what the authority tolerates
		issued = now.Add(lifetime - time.Hour)
		lifetime -= assertionLeeway
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.RegisteredClaims{
		Issuer: request.Issuer, Subject: request.Subject, Audience: jwt.ClaimStrings{request.Audience},
		IssuedAt: jwt.NewNumericDate(issued), NotBefore: jwt.NewNumericDate(issued),
		ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)), ID: uuid.NewString(),
	})
	token.Header["kid"] = federationKeyID
	return token.SignedString(s.keys.federation)
}

// serveAssertion answers POST /_emulator/assertions.
func (s *Service) serveAssertion(w http.ResponseWriter, r *http.Request) {
	var request control.AssertionRequest
	if !control.ReadBody(w, r, &request) {
		return
	}
	if request.Subject == "" {
		control.Refuse(w, http.StatusBadRequest, "subject: must not be empty")
		return
	}
	signed, err := s.issueAssertion(request)
	if err != nil {
		control.Refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	control.Answer(w, http.StatusOK, control.Assertion{Assertion: signed})
}

// serveGitHubToken answers as GitHub Actions does at ACTIONS_ID_TOKEN_REQUEST_URL.
//
// https://docs.github.com/actions/reference/security/oidc
func (s *Service) serveGitHubToken(w http.ResponseWriter, r *http.Request) {
	configured := s.behavior().TokenRequests
	if configured == nil || configured.GitHub == nil {
		control.Refuse(w, http.StatusNotFound, "behavior.tokenRequests.gitHub is not set")
		return
	}
	if !hasBearer(r, configured.GitHub.RequestToken) {
		control.Refuse(w, http.StatusUnauthorized, "the request token is not the configured one")
		return
	}
	audience := r.URL.Query().Get("audience")
	if audience == "" {
		audience = "https://github.com/contoso" // GitHub's default is the URL of the repository's owner
	}
	signed, err := s.issueAssertion(control.AssertionRequest{
		Issuer: configured.GitHub.Issuer, Subject: configured.GitHub.Subject, Audience: audience,
	})
	if err != nil {
		control.Refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	control.Answer(w, http.StatusOK, map[string]string{"value": signed})
}

// serveAzureDevOpsToken answers as Azure Pipelines does at SYSTEM_OIDCREQUESTURI.
//
// https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create
func (s *Service) serveAzureDevOpsToken(w http.ResponseWriter, r *http.Request) {
	configured := s.behavior().TokenRequests
	if configured == nil || configured.AzureDevOps == nil {
		control.Refuse(w, http.StatusNotFound, "behavior.tokenRequests.azureDevOps is not set")
		return
	}
	want, query := configured.AzureDevOps, r.URL.Query()
	switch {
	case !hasBearer(r, want.RequestToken):
		control.Refuse(w, http.StatusUnauthorized, "the system access token is not the configured one")
		return
	case query.Get("api-version") == "":
		control.Refuse(w, http.StatusBadRequest, "the query parameter api-version is missing")
		return
	case query.Get("serviceConnectionId") == "" ||
		want.ServiceConnectionID != "" && query.Get("serviceConnectionId") != want.ServiceConnectionID:
		control.Refuse(w, http.StatusNotFound, "there is no such service connection")
		return
	}
	signed, err := s.issueAssertion(control.AssertionRequest{Issuer: want.Issuer, Subject: want.Subject})
	if err != nil {
		control.Refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	control.Answer(w, http.StatusOK, map[string]string{"oidcToken": signed})
}

func hasBearer(r *http.Request, token string) bool {
	scheme, presented, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && presented == token
}
