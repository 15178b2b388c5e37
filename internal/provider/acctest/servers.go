package acctest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// CloudNetwork carries requests for the hosts of a cloud to a tenant, and keeps where they were meant to go. To the tenant
// the hosts of the cloud are its own, so their names are exchanged on the way, in both directions.
type CloudNetwork struct {
	tenant       *Tenant
	graph, login string
	inner        http.RoundTripper

	mutex    sync.Mutex
	Sent     map[string]bool // host and the first segment of the path
	Scopes   map[string]bool
	Versions map[string]bool // version and the last named segment
}

func (tn *Tenant) CloudNetwork(graph, login string) *CloudNetwork {
	tn.T.Helper()
	authority, err := os.ReadFile(tn.CAFile)
	if err != nil {
		tn.T.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(authority)
	inner := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}}
	tn.T.Cleanup(inner.CloseIdleConnections)
	return &CloudNetwork{tenant: tn, graph: graph, login: login, inner: inner, Sent: map[string]bool{}, Scopes: map[string]bool{}, Versions: map[string]bool{}}
}

func (n *CloudNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Scheme + "://" + r.URL.Host
	if host != n.graph && host != n.login {
		return nil, fmt.Errorf("%s is no host of this cloud", host)
	}
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	n.record(r, host, body)
	body = bytes.ReplaceAll(body, []byte(url.QueryEscape(n.graph)), []byte(url.QueryEscape(n.tenant.URL)))
	request := r.Clone(r.Context())
	there, err := url.Parse(n.tenant.URL)
	if err != nil {
		return nil, err
	}
	request.URL.Host, request.Host = there.Host, there.Host
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response, err := n.inner.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	answer = bytes.ReplaceAll(answer, []byte(n.tenant.URL), []byte(host))
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(answer)), int64(len(answer))
	response.Header.Del("Content-Length")
	return response, nil
}

func (n *CloudNetwork) record(r *http.Request, host string, body []byte) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.Sent[host] = true
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("scope") != "" {
		n.Scopes[strings.Fields(form.Get("scope"))[0]] = true
	}
	if host == n.graph {
		for _, version := range []string{"v1.0", "beta"} {
			for _, part := range []string{"authenticationMethodsPolicy", "namedLocations", "requirements", "users"} {
				if strings.HasPrefix(r.URL.Path, "/"+version+"/") && (strings.Contains(r.URL.Path, "/"+part) || bytes.Contains(body, []byte("/"+part))) {
					n.Versions[version+" "+part] = true
				}
			}
		}
	}
}

func (n *CloudNetwork) Server() tfprotov6.ProviderServer { return n.ServerIn(nil) }

// ServerIn is a provider with an environment.
func (n *CloudNetwork) ServerIn(environment map[string]string) tfprotov6.ProviderServer {
	options := Quick()
	options.HTTPClient = &http.Client{Transport: n, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return newServer("test", server.WithClientOptions(options), server.WithEnvironment(func(name string) (string, bool) {
		value, set := environment[name]
		return value, set
	}))()
}

// Block is a provider block of just the given lines.
func Block(lines ...string) string {
	return "provider \"entramfa\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

// Set is a line that sets an attribute.
func Set(name, value string) string { return fmt.Sprintf("%s = %q", name, value) }

// Endpoints leads a provider block to the tenant.
func (tn *Tenant) Endpoints() string {
	return strings.Join([]string{
		Set("graph_endpoint", tn.URL), Set("authority_host", tn.URL), Set("ca_bundle_path", tn.CAFile),
		Set("tenant_id", TenantID), "use_cli = false",
	}, "\n  ")
}

// Server is the provider behind the protocol, with the given environment.
func (tn *Tenant) Server(t *testing.T, environment map[string]string) tfprotov6.ProviderServer {
	t.Helper()
	return newServer("test", server.WithClientOptions(Quick()), server.WithEnvironment(func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}))()
}

// AzGives is a script that answers as `az account get-access-token -o json` does, for an emulated user, and keeps what it was
// asked in a file.
func (tn *Tenant) AzGives(t *testing.T, asked string, scopes ...string) (script, token string) {
	t.Helper()
	issued, err := tn.IssueUserToken(context.Background(), control.UserTokenRequest{User: RescueID, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("echo \"$*\" >>'%s'\ncat <<'END'\n{\"accessToken\": %q, \"expiresOn\": \"2026-01-01 00:00:00.000000\", \"expires_on\": %d, \"tenant\": %q, \"tokenType\": \"Bearer\"}\nEND\n",
		asked, issued.AccessToken, issued.ExpiresOn, TenantID), issued.AccessToken
}

// MetadataProxy is a proxy that knows the way to the emulated metadata service, which is the one way to lead a process to
// another place than http://169.254.169.254.
func (tn *Tenant) MetadataProxy(t *testing.T) string {
	t.Helper()
	forward := ForwardTo(t, tn.URL+"/_emulator/identity/metadata", tn.CAFile)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() == "" || r.URL.Host != "169.254.169.254" || r.URL.Path != "/metadata/identity/oauth2/token" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// Statuses are those of the requests to Graph and of those for a token since the log was cleared.
func (tn *Tenant) Statuses() (graph, tokens []int) {
	tn.T.Helper()
	for _, request := range tn.RequestLog() {
		if !request.BatchItem {
			graph = append(graph, request.Status)
		}
	}
	logins, err := tn.LoginRequests(context.Background())
	if err != nil {
		tn.T.Fatal(err)
	}
	for _, login := range logins {
		if strings.HasSuffix(login.Path, "/token") {
			tokens = append(tokens, login.Status)
		}
	}
	return graph, tokens
}

// ForwardTo sends every request on to one address; the query is the request's own.
func ForwardTo(t *testing.T, address, caFile string) http.Handler {
	t.Helper()
	there, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	text, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	authorities.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.URL.Path, r.Out.URL.RawPath, r.Out.Host = there.Scheme, there.Host, there.Path, "", there.Host
		},
	}
}

// Where leads a provider to the tenant by its environment, or by its attributes.
func (tn *Tenant) Where() map[string]string {
	return map[string]string{"ENTRAMFA_GRAPH_ENDPOINT": tn.URL, "ENTRAMFA_AUTHORITY_HOST": tn.URL, "ENTRAMFA_CA_BUNDLE_PATH": tn.CAFile, "ARM_USE_CLI": "false"}
}

// GraphApps are the apps whose tokens came to Graph since the log was cleared.
func (tn *Tenant) GraphApps() map[string]bool {
	tn.T.Helper()
	apps := map[string]bool{}
	for _, request := range tn.RequestLog() {
		apps[request.AppID] = true
	}
	return apps
}

// FreeAddress is a loopback address on which nothing listens.
func FreeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// AzScript puts a script in the place of the Azure CLI and returns the PATH that finds it first.
func AzScript(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir + string(os.PathListSeparator) + os.Getenv("PATH")
}

// WriteBundle writes a file of certificates and returns where it is.
func WriteBundle(t *testing.T, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
