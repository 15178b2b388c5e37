package client

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

const (
	tenantID = "99999999-9999-9999-9999-999999999999"
	clientID = "88888888-8888-8888-8888-888888888888"
)

// newEntra starts a sign-in service. The handler answers token requests; it gets the number of the request, from 0.
func newEntra(t *testing.T, token func(w http.ResponseWriter, form url.Values, n int)) *recorder {
	t.Helper()
	tokenRequests := 0
	return newRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		self := "https://" + r.Host + "/" + tenantID
		switch r.URL.Path {
		case "/" + tenantID + "/v2.0/.well-known/openid-configuration":
			reply(w, 200, fmt.Sprintf(`{"issuer":"%[1]s/v2.0","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token"}`, self))
		case "/" + tenantID + "/oauth2/v2.0/token":
			if err := r.ParseForm(); err != nil {
				t.Errorf("the token request cannot be read: %v", err)
			}
			n := tokenRequests
			tokenRequests++
			token(w, r.PostForm, n)
		default:
			t.Errorf("unexpected request %s %s", r.Method, r.URL.Path)
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

func tokenRequests(s *recorder) (forms []url.Values) {
	for _, request := range s.all() {
		if strings.HasSuffix(request.path(), "/token") {
			form, err := url.ParseQuery(request.Body)
			if err != nil {
				form = url.Values{"unreadable": {err.Error()}}
			}
			forms = append(forms, form)
		}
	}
	return forms
}

func giveToken(w http.ResponseWriter, _ url.Values, n int) {
	reply(w, 200, fmt.Sprintf(`{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"issued-token-%d"}`, n+1))
}

// refuseToken answers as the token endpoint does.
func refuseToken(w http.ResponseWriter, status int, kind, description string) {
	reply(w, status, fmt.Sprintf(`{"error":%q,"error_description":%q,"error_codes":[1],"timestamp":"2026-01-02 03:04:05Z",`+
		`"trace_id":"trace-1","correlation_id":"correlation-1","error_uri":"https://login.microsoftonline.com/error?code=1"}`,
		kind, description+" Trace ID: trace-1 Correlation ID: correlation-1 Timestamp: 2026-01-02 03:04:05Z"))
}

// signingInAt makes a client that signs in with real credentials at an address. What it needs of the rest of the
// options is like in production, repetition but for its speed.
func signingInAt(t *testing.T, authority string, credentials Credentials, options Options) *Client {
	t.Helper()
	graph := newRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { reply(w, 200, adeleJSON) })
	cloud, err := Public.WithEndpoints(graph.URL, authority)
	if err != nil {
		t.Fatal(err)
	}
	if options.HTTPClient == nil {
		options.HTTPClient = trust(t, graph.Server)
	}
	if options.Retry.MaxRetries == 0 {
		options.Retry = quickRetry
	}
	credential := newCredential(t, credentials, cloud, options)
	made, err := New(cloud, credential, options)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func newCredential(t *testing.T, credentials Credentials, cloud Cloud, options Options) azcore.TokenCredential {
	t.Helper()
	credential, _, err := credentials.NewCredential(cloud, options)
	if err != nil {
		t.Fatal(err)
	}
	return credential
}
