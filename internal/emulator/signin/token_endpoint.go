package signin

import (
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func itoa(number int) string { return strconv.Itoa(number) }

// token answers POST /{tenant}/oauth2/v2.0/token for the client credentials grant.
//
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
func (s *Service) token(req *loginRequest) (response *wire.Response, refusal *loginError) {
	s.store.View(func(tx *store.Tx) { response, refusal = s.tokenFor(tx, req) })
	return response, refusal
}

func (s *Service) tokenFor(tx *store.Tx, req *loginRequest) (*wire.Response, *loginError) {
	if !tx.MatchesTenant(req.tenant) {
		return nil, unknownTenant(req.tenant)
	}
	if cloud := tx.Behavior().Cloud; cloud != "" && cloud != tx.Cloud() {
		return nil, &loginError{
			http.StatusBadRequest, "invalid_request", 900382,
			"Confidential Client is not supported in Cross Cloud request.",
		}
	}
	grant := req.form.Get("grant_type")
	for _, parameter := range []string{"grant_type", "client_id", "scope"} {
		if req.form.Get(parameter) == "" && (parameter != "scope" || grant == "client_credentials") {
			return nil, &loginError{
				http.StatusBadRequest, "invalid_request", 900144,
				"The request body must contain the following parameter: '" + parameter + "'.",
			}
		}
	}
	if grant != "client_credentials" {
		return nil, &loginError{
			http.StatusBadRequest, "unsupported_grant_type", 70003,
			"The app requested an unsupported grant type '" + grant + "'.",
		}
	}
	app := tx.App(req.clientID)
	if app == nil {
		return nil, &loginError{http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '" +
			req.clientID + "' was not found in the directory '" + tx.DisplayName() + "'. This can happen if the application " +
			"has not been installed by the administrator of the tenant or consented to by any user in the tenant. " +
			"You may have sent your authentication request to the wrong tenant."}
	}
	resource, refusal := s.requestedResource(tx, req.form.Get("scope"))
	if refusal != nil {
		return nil, refusal
	}
	if refusal := s.authenticateApp(tx, req, app); refusal != nil {
		return nil, refusal
	}
	client := clientAuthentication{method: clientAssertion, capabilities: requestedCapabilities(req.form.Get("claims"))}
	if req.form.Get("client_secret") != "" {
		client.method = clientSecret
	}
	signed, lifetime, err := s.issueAccessToken(tx, app, resource, client)
	if err != nil {
		return nil, &loginError{http.StatusInternalServerError, "server_error", 90033, "A transient error has occurred: " + err.Error()}
	}
	seconds := int(lifetime.Seconds())
	return wire.JSON(http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": signed,
	}), nil
}

// requestedResource finds the one resource in a scope; OpenID Connect scopes beside it are ignored, as MSAL always sends them.
// The audience of a v1.0 token is spelled as the resource was.
func (s *Service) requestedResource(tx *store.Tx, scope string) (string, *loginError) {
	resource := ""
	for name := range strings.FieldsSeq(scope) {
		switch name {
		case "openid", "profile", "email", "offline_access":
			continue
		}
		base, found := strings.CutSuffix(name, "/.default")
		if !found || resource != "" {
			return "", &loginError{
				http.StatusBadRequest, "invalid_scope", 70011,
				"The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' " +
					"is not valid. The scope " + scope + " is not valid. Client credential flows must have a scope value with /.default " +
					"suffixed to the resource identifier (application ID URI).",
			}
		}
		resource = base
	}
	switch {
	case resource == "":
		return "", &loginError{
			http.StatusBadRequest, "invalid_scope", 70011,
			"The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' " +
				"is not valid. The scope " + scope + " is not valid.",
		}
	case !s.isGraph(resource, tx.Cloud()):
		return "", &loginError{http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named " + resource +
			" was not found in the tenant named " + tx.DisplayName() + ". This can happen if the application has not been " +
			"installed by the administrator of the tenant or consented to by any user in the tenant. " +
			"You might have sent your authentication request to the wrong tenant."}
	}
	return resource, nil
}

// authenticateApp checks the secret or the assertion.
func (s *Service) authenticateApp(tx *store.Tx, req *loginRequest, app *control.App) *loginError {
	secret, assertion := req.form.Get("client_secret"), req.form.Get("client_assertion")
	switch {
	case secret != "":
		return checkSecret(tx, app, secret)
	case assertion == "":
		return &loginError{
			http.StatusUnauthorized, "invalid_client", 7000216,
			"'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
		}
	case req.form.Get("client_assertion_type") == "":
		return &loginError{
			http.StatusBadRequest, "invalid_request", 900144,
			"The request body must contain the following parameter: 'client_assertion_type'.",
		}
	case req.form.Get("client_assertion_type") != assertionType:
		return &loginError{
			http.StatusBadRequest, "invalid_request", 50027,
			"The client_assertion_type must be '" + assertionType + "'.",
		}
	}
	return s.checkAssertion(tx, req, app, assertion)
}

func checkSecret(tx *store.Tx, app *control.App, presented string) *loginError {
	for _, secret := range app.Secrets {
		if subtle.ConstantTimeCompare([]byte(secret.Value), []byte(presented)) != 1 {
			continue
		}
		if secret.Expires != nil && !tx.Now().Before(*secret.Expires) {
			return &loginError{http.StatusUnauthorized, "invalid_client", 7000222, "The provided client secret keys for app '" +
				app.ClientID + "' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, " +
				"or consider using certificate credentials for added security: https://aka.ms/certCreds."}
		}
		return nil
	}
	return &loginError{http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being " +
		"sent in the request is the client secret value, not the client secret ID, for a secret added to app '" + app.ClientID + "'."}
}
