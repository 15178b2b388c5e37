package signin

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// loginRequest is a request to the authority.
type loginRequest struct {
	*http.Request
	origin        string
	tenant        string // first segment of the path
	form          url.Values
	clientID      string
	requestID     string
	correlationID string
}

// ServeHTTP handles a request to the authority.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrival, arrived := s.requests.Arrive(), s.now()
	path := r.URL.EscapedPath()
	req := &loginRequest{
		Request: r, origin: s.host.Origin(r), requestID: uuid.NewString(),
		correlationID: r.Header.Get("Client-Request-Id"),
	}
	if req.correlationID == "" {
		req.correlationID = uuid.NewString()
	}
	segments, err := wire.PathSegments(path)
	var rest string
	if err == nil && len(segments) > 0 {
		req.tenant, rest = segments[0], "/"+strings.Join(segments[1:], "/")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBodyBytes))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	req.form, _ = url.ParseQuery(string(body)) // what cannot be parsed is missing, and reported as that
	req.clientID = req.form.Get("client_id")
	if user, secret, ok := r.BasicAuth(); ok {
		req.clientID = user
		req.form.Set("client_id", user)
		req.form.Set("client_secret", secret)
	}

	var response *wire.Response
	handle := func() *wire.Response { return s.login(req, rest) }
	hit := s.faults.Hit(r.Method, path)
	cut, faultID := false, ""
	if hit == nil {
		response = handle()
	} else {
		faultID = hit.ID
		response, cut = s.loginFault(req, hit.Fault, handle)
	}
	entry := control.LoggedRequest{
		Arrival: arrival, Time: arrived, Method: r.Method, Path: path, Query: r.URL.RawQuery, Class: control.ClassLogin,
		Template: loginTemplate(path, rest), AppID: req.clientID, RequestID: req.requestID, ClientRequestID: req.correlationID,
		UserAgent: r.UserAgent(), Fault: faultID,
	}
	if !cut {
		entry.Status = response.Status
	}
	s.requests.AddLogin(entry)
	s.logger.Debug("sign-in request", "method", entry.Method, "path", entry.Path, "status", entry.Status,
		"app", entry.AppID, "fault", entry.Fault)
	if cut {
		wire.CutConnection(r.Context())
	}
	header := response.CopyHeader(w)
	wire.SetIfAbsent(header, "X-Ms-Request-Id", req.requestID)
	wire.SetIfAbsent(header, "Client-Request-Id", req.correlationID)
	wire.SetIfAbsent(header, "Cache-Control", "no-store, no-cache")
	wire.SetIfAbsent(header, "Date", s.now().UTC().Format(http.TimeFormat))
	if response.Body != nil {
		wire.SetIfAbsent(header, "Content-Type", response.ContentType)
	}
	response.Send(w, r, false)
}

// loginTemplate is a path without the tenant, for the log.
func loginTemplate(path, rest string) string {
	if path == metadataPath {
		return path
	}
	return "/{tenant}" + rest
}

func (s *Service) loginFault(req *loginRequest, fault control.Fault, handle func() *wire.Response) (*wire.Response, bool) {
	if !wire.Wait(req.Context(), time.Duration(fault.DelayMs)*time.Millisecond) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case fault.Reset == control.ResetBefore:
		return nil, true
	case fault.Reset == control.ResetAfter:
		handle()
		return nil, true
	case fault.Status == 0:
		response := handle()
		response.Spoil(fault)
		return response, false
	}
	if fault.Processed {
		handle()
	}
	response := s.loginFailure(req, &loginError{status: fault.Status, name: fault.Code, message: fault.Message})
	if fault.Body != "" {
		response.Body = []byte(fault.Body)
	}
	response.Spoil(fault)
	return response, false
}

// login answers what the authority has; rest is the path after the tenant.
func (s *Service) login(req *loginRequest, rest string) *wire.Response {
	type resource struct {
		method string
		handle func(*loginRequest) (*wire.Response, *loginError)
	}
	resources := map[string]resource{
		"/v2.0/.well-known/openid-configuration": {http.MethodGet, s.openIDConfiguration},
		"/oauth2/v2.0/token":                     {http.MethodPost, s.token},
		"/discovery/v2.0/keys":                   {http.MethodGet, s.tokenKeys},
		"/discovery/instance":                    {http.MethodGet, s.instanceDiscovery},
	}
	found, known := resources[rest]
	if req.URL.EscapedPath() == metadataPath {
		found, known = resource{http.MethodGet, s.cloudMetadata}, true
	}
	if !known {
		return s.loginFailure(req, &loginError{
			status: http.StatusNotFound, name: "invalid_request", number: 900561,
			message: "The endpoint '" + rest + "' does not exist here.",
		})
	}
	if found.method != req.Method {
		return s.loginFailure(req, &loginError{
			status: http.StatusMethodNotAllowed, name: "invalid_request", number: 900561,
			message: "The endpoint only accepts " + found.method + " requests. Received a " + req.Method + " request.",
		})
	}
	response, err := found.handle(req)
	if err != nil {
		return s.loginFailure(req, err)
	}
	return response
}

// openIDConfiguration answers GET /{tenant}/v2.0/.well-known/openid-configuration.
func (s *Service) openIDConfiguration(req *loginRequest) (*wire.Response, *loginError) {
	var tenantID string
	var known bool
	s.store.View(func(tx *store.Tx) { tenantID, known = tx.TenantID(), tx.MatchesTenant(req.tenant) })
	if !known {
		refusal := unknownTenant(req.tenant)
		refusal.name = "invalid_tenant"
		return nil, refusal
	}
	base := req.origin + "/" + tenantID
	return wire.JSON(http.StatusOK, map[string]any{
		"issuer":                                base + "/v2.0",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic", "private_key_jwt"},
		"response_types_supported":              []string{"code", "token"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"cloud_instance_name":                   strings.TrimPrefix(req.origin, "https://"),
		"msgraph_host":                          strings.TrimPrefix(req.origin, "https://"),
	}), nil
}

// tokenKeys answers GET /{tenant}/discovery/v2.0/keys.
func (s *Service) tokenKeys(*loginRequest) (*wire.Response, *loginError) {
	return wire.JSON(http.StatusOK, map[string]any{"keys": []any{jwk(s.keys.tokenID, &s.keys.token.PublicKey)}}), nil
}

// instanceDiscovery answers GET /common/discovery/instance. The only instance is this server.
func (s *Service) instanceDiscovery(req *loginRequest) (*wire.Response, *loginError) {
	host := strings.TrimPrefix(req.origin, "https://")
	tenant := store.Read(s.store, (*store.Tx).TenantID)
	if authority, err := url.Parse(req.URL.Query().Get("authorization_endpoint")); err == nil {
		if segments, err := wire.PathSegments(authority.EscapedPath()); err == nil && len(segments) > 0 {
			tenant = segments[0]
		}
	}
	return wire.JSON(http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": req.origin + "/" + url.PathEscape(tenant) + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}}},
	}), nil
}

// loginError is a refusal by the authority.
//
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
type loginError struct {
	status  int
	name    string // the OAuth error
	number  int    // the AADSTS number
	message string
}

func (s *Service) loginFailure(req *loginRequest, refusal *loginError) *wire.Response {
	timestamp := s.now().UTC().Format("2006-01-02 15:04:05Z")
	description := refusal.message
	body := map[string]any{
		"error": refusal.name, "timestamp": timestamp, "trace_id": req.requestID, "correlation_id": req.correlationID,
	}
	if refusal.number != 0 {
		description = "AADSTS" + itoa(refusal.number) + ": " + refusal.message
		body["error_codes"] = []int{refusal.number}
		body["error_uri"] = req.origin + "/error?code=" + itoa(refusal.number)
	}
	body["error_description"] = description + " Trace ID: " + req.requestID + " Correlation ID: " + req.correlationID +
		" Timestamp: " + timestamp
	data, err := json.Marshal(body)
	if err != nil {
		panic("emulator: sign-in errors always marshal: " + err.Error())
	}
	return &wire.Response{Status: refusal.status, Body: data, ContentType: "application/json; charset=utf-8"}
}

func unknownTenant(name string) *loginError {
	return &loginError{http.StatusBadRequest, "invalid_request", 90002, "Tenant '" + name + "' not found. " +
		"Check to make sure you have the correct tenant ID and are signing into the correct cloud. " +
		"Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."}
}
