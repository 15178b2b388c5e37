package clienttest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Who signs in, and where.
const (
	TenantID = "99999999-9999-9999-9999-999999999999"
	ClientID = "88888888-8888-8888-8888-888888888888"
)

// NewEntra starts a sign-in service. The handler answers token requests; it gets the number of the request, from 0.
func NewEntra(t *testing.T, token func(w http.ResponseWriter, form url.Values, n int)) *Recorder {
	t.Helper()
	tokenRequests := 0
	return NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		self := "https://" + r.Host + "/" + TenantID
		switch r.URL.Path {
		case "/" + TenantID + "/v2.0/.well-known/openid-configuration":
			Reply(w, 200, fmt.Sprintf(`{"issuer":"%[1]s/v2.0","authorization_endpoint":"%[1]s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token"}`, self))
		case "/" + TenantID + "/oauth2/v2.0/token":
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

// TokenRequests are the forms of the token requests so far.
func TokenRequests(s *Recorder) (forms []url.Values) {
	for _, request := range s.All() {
		if strings.HasSuffix(request.Path(), "/token") {
			form, err := url.ParseQuery(request.Body)
			if err != nil {
				form = url.Values{"unreadable": {err.Error()}}
			}
			forms = append(forms, form)
		}
	}
	return forms
}

// GiveToken answers with issued-token-1, issued-token-2 and so on.
func GiveToken(w http.ResponseWriter, _ url.Values, n int) {
	Reply(w, 200, fmt.Sprintf(`{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"issued-token-%d"}`, n+1))
}

// RefuseToken answers as the token endpoint does.
func RefuseToken(w http.ResponseWriter, status int, kind, description string) {
	Reply(w, status, fmt.Sprintf(`{"error":%q,"error_description":%q,"error_codes":[1],"timestamp":"2026-01-02 03:04:05Z",`+
		`"trace_id":"trace-1","correlation_id":"correlation-1","error_uri":"https://login.microsoftonline.com/error?code=1"}`,
		kind, description+" Trace ID: trace-1 Correlation ID: correlation-1 Timestamp: 2026-01-02 03:04:05Z"))
}
