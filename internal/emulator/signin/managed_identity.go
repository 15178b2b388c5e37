package signin

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// identityAnswer is what the endpoints of a machine's identity answer with; members that one of them lacks are left out.
type identityAnswer struct {
	AccessToken string `json:"access_token"`
	ClientID    string `json:"client_id,omitempty"`
	ExpiresIn   string `json:"expires_in,omitempty"`
	ExpiresOn   string `json:"expires_on"`
	NotBefore   string `json:"not_before"`
	Resource    string `json:"resource"`
	TokenType   string `json:"token_type"`
}

// identityRefusal is a refusal of such an endpoint.
type identityRefusal struct {
	status      int
	code        string
	description string
}

// serveMetadataToken answers GET /_emulator/identity/metadata as the Azure Instance Metadata Service answers
// http://169.254.169.254/metadata/identity/oauth2/token.
//
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
func (s *Service) serveMetadataToken(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	refuse := func(refused *identityRefusal) {
		control.Answer(w, refused.status, map[string]string{"error": refused.code, "error_description": refused.description})
	}
	switch {
	case !strings.EqualFold(r.Header.Get("Metadata"), "true"):
		refuse(&identityRefusal{http.StatusBadRequest, "bad_request_102", "Required metadata header not specified"})
		return
	case query.Get("api-version") == "":
		refuse(&identityRefusal{http.StatusBadRequest, "invalid_request", "Required query variable 'api-version' is missing"})
		return
	}
	granted, refused := s.machineToken(query.Get("client_id"), query.Get("resource"))
	if refused != nil {
		refuse(refused)
		return
	}
	granted.ExpiresIn = strconv.Itoa(int(granted.lifetime.Seconds()))
	control.Answer(w, http.StatusOK, granted.identityAnswer)
}

// serveAppServiceToken answers GET /_emulator/identity/app-service as App Service answers at IDENTITY_ENDPOINT. How it refuses
// is not documented.
//
// https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
func (s *Service) serveAppServiceToken(w http.ResponseWriter, r *http.Request) {
	configured, query := s.machine(), r.URL.Query()
	refuse := func(status int, message string) {
		control.Answer(w, status, map[string]any{"statusCode": status, "message": message})
	}
	switch {
	case configured.Header == "" || r.Header.Get("X-Identity-Header") != configured.Header:
		refuse(http.StatusUnauthorized, "The header X-IDENTITY-HEADER is not the one of IDENTITY_HEADER.")
		return
	case query.Get("api-version") != "2019-08-01":
		refuse(http.StatusBadRequest, "The query parameter api-version must be 2019-08-01.")
		return
	}
	granted, refused := s.machineToken(query.Get("client_id"), query.Get("resource"))
	if refused != nil {
		refuse(refused.status, refused.description)
		return
	}
	granted.ClientID = granted.client
	control.Answer(w, http.StatusOK, granted.identityAnswer)
}

// serveCloudShellToken answers POST /_emulator/identity/cloud-shell as Azure Cloud Shell answers at MSI_ENDPOINT. It knows one
// identity. How it refuses is not documented.
//
// https://learn.microsoft.com/azure/cloud-shell/msi-authorization
func (s *Service) serveCloudShellToken(w http.ResponseWriter, r *http.Request) {
	refuse := func(refused *identityRefusal) {
		control.Answer(w, refused.status, map[string]any{"error": map[string]string{"code": refused.code, "message": refused.description}})
	}
	if !strings.EqualFold(r.Header.Get("Metadata"), "true") {
		refuse(&identityRefusal{http.StatusBadRequest, "bad_request", "Required metadata header not specified"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, wire.MaxBodyBytes)
	if err := r.ParseForm(); err != nil {
		refuse(&identityRefusal{http.StatusBadRequest, "bad_request", "The body cannot be read"})
		return
	}
	granted, refused := s.machineToken("", r.PostForm.Get("resource"))
	if refused != nil {
		refuse(refused)
		return
	}
	granted.ExpiresIn = strconv.Itoa(int(granted.lifetime.Seconds()))
	control.Answer(w, http.StatusOK, granted.identityAnswer)
}

func (s *Service) machine() control.ManagedIdentity {
	if configured := s.behavior().ManagedIdentity; configured != nil {
		return *configured
	}
	return control.ManagedIdentity{}
}

// machineAnswer is a granted token with what the endpoints tell of it in different words.
type machineAnswer struct {
	identityAnswer
	client   string
	lifetime time.Duration
}

// machineToken issues the token of one of the machine's identities: the system-assigned one where no client id is given.
func (s *Service) machineToken(clientID, resource string) (*machineAnswer, *identityRefusal) {
	configured := s.machine()
	var granted *machineAnswer
	var refused *identityRefusal
	s.store.View(func(tx *store.Tx) { granted, refused = s.grantMachine(tx, configured, clientID, resource) })
	return granted, refused
}

func (s *Service) grantMachine(tx *store.Tx, configured control.ManagedIdentity, clientID, resource string) (*machineAnswer, *identityRefusal) {
	if clientID == "" {
		clientID = configured.SystemAssigned
	} else if !slices.ContainsFunc(configured.UserAssigned, func(assigned string) bool { return strings.EqualFold(assigned, clientID) }) {
		clientID = ""
	}
	app := tx.App(clientID)
	if clientID == "" || app == nil {
		return nil, &identityRefusal{http.StatusBadRequest, "invalid_request", "Identity not found"}
	}
	if !s.isGraph(resource, tx.Cloud()) {
		return nil, &identityRefusal{http.StatusBadRequest, "invalid_resource", "AADSTS500011: The resource principal named " + resource +
			" was not found in the tenant named " + tx.DisplayName() + "."}
	}
	signed, lifetime, err := s.issueAccessToken(tx, app, resource, clientAuthentication{method: clientAssertion})
	if err != nil {
		return nil, &identityRefusal{http.StatusInternalServerError, "unknown", err.Error()}
	}
	now := tx.Now()
	return &machineAnswer{
		identityAnswer: identityAnswer{
			AccessToken: signed, ExpiresOn: strconv.FormatInt(now.Add(lifetime).Unix(), 10), NotBefore: strconv.FormatInt(now.Unix(), 10),
			Resource: resource, TokenType: "Bearer",
		},
		client: app.ClientID, lifetime: lifetime,
	}, nil
}
