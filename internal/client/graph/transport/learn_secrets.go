package transport

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// secretHeaders are those whose values nobody else may see: of Graph and the sign-in services, of proxies, of the identity
// endpoints of App Service, Functions and Service Fabric.
var secretHeaders = map[string]string{
	"Authorization": "access token", "Proxy-Authorization": "proxy password", "X-Identity-Header": "identity header", "Secret": "identity header",
}

// secretParameters are those of a sign-in request.
//
// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
var secretParameters = map[string]string{
	"client_secret": "client secret", "client_assertion": "assertion", "assertion": "assertion", "refresh_token": "refresh token",
	"password": "password", "code": "authorization code",
}

// maxForm bounds what is read of a form. A token request is a few kilobytes.
const maxForm = 1 << 20

// learnSent learns the secrets of a request before it is sent, so that no answer to it can show them, and returns the request
// to send. An assertion that a library has signed is known only here.
func learnSent(request *http.Request) (*http.Request, error) {
	for header, name := range secretHeaders {
		value := request.Header.Get(header)
		if _, credentials, found := strings.Cut(value, " "); found && strings.HasSuffix(header, "Authorization") {
			value = credentials
		}
		redact.LearnRecent(name, value)
	}
	kind, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" || request.Body == nil || request.ContentLength > maxForm {
		return request, nil
	}
	form, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	sent := request.WithContext(request.Context())
	sent.Body = io.NopCloser(bytes.NewReader(form))
	sent.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(form)), nil }
	values, _ := url.ParseQuery(string(form))
	for parameter, name := range secretParameters {
		redact.LearnRecent(name, values.Get(parameter))
	}
	return sent, nil
}
