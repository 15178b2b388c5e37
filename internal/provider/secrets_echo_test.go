package provider_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"html"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// echo stands in front of an emulated tenant. What it is told to answer itself, it answers with all that it was sent, in many forms.
type echo struct {
	url, bundle string

	mutex sync.Mutex
	// answer writes the answer to requests whose method and path begin with when; nil passes all of them on.
	when   string
	answer func(w http.ResponseWriter, repeated string)
	sent   []string
}

// A text around all that is repeated.
const (
	echoBegins = "You sent me this"
	echoEnds   = "and I do not like it"
)

func newEcho(t *testing.T, tn *acctest.Tenant) *echo {
	t.Helper()
	e := &echo{}
	forward := e.renaming(t, tn)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		secrets := secretsOf(r.Header, string(body))
		e.mutex.Lock()
		e.sent = append(e.sent, secrets...)
		answer := e.answer
		if !strings.HasPrefix(r.Method+" "+r.URL.Path, e.when) {
			answer = nil
		}
		e.mutex.Unlock()
		if answer == nil {
			forward.ServeHTTP(w, r)
			return
		}
		answer(w, repeat(secrets))
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	authorities, err := os.ReadFile(tn.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	e.url = server.URL
	e.bundle = acctest.WriteBundle(t, append(authorities, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})...))
	return e
}

// secretsOf are the secrets of a request.
func secretsOf(header http.Header, body string) []string {
	var secrets []string
	for _, name := range []string{"Authorization", "X-Identity-Header", "Secret"} {
		if value := header.Get(name); value != "" {
			_, credentials, found := strings.Cut(value, " ")
			if !found {
				credentials = value
			}
			secrets = append(secrets, credentials)
		}
	}
	form, _ := url.ParseQuery(body)
	for _, name := range []string{"client_secret", "client_assertion"} {
		if value := form.Get(name); value != "" {
			secrets = append(secrets, value)
		}
	}
	return secrets
}

// repeat writes secrets in many forms, short ones first: a page is cut.
func repeat(secrets []string) string {
	parts := []string{echoBegins}
	for _, secret := range secrets {
		parts = append(parts, secret, "Bearer "+secret, "client_secret="+url.QueryEscape(secret)+"&x=y", base64.StdEncoding.EncodeToString([]byte("app:"+secret)),
			base64.RawURLEncoding.EncodeToString([]byte(secret)), html.EscapeString(secret), hex.EncodeToString([]byte(secret)), secret[:len(secret)/2],
			secret[len(secret)/2:], secret[:7]+"\n    "+secret[7:14]+"\n    "+secret[14:])
	}
	return strings.Join(append(parts, echoEnds), " ")
}

func inJSON(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		return err.Error()
	}
	return string(quoted)
}

// The forms in which servers and what stands echoBegins them answer.
func oauthError(w http.ResponseWriter, repeated string) {
	write(w, 400, "application/json", `{"error":"invalid_request","error_description":`+inJSON("AADSTS900144: "+repeated)+`,"trace_id":"1","correlation_id":"2"}`)
}

func graphError(w http.ResponseWriter, repeated string) {
	write(w, 403, "application/json", `{"error":{"code":"Authorization_RequestDenied","message":`+inJSON(repeated)+`,"innerError":{"message":`+inJSON("inside: "+repeated)+`}}}`)
}

func pageOf(status int) func(w http.ResponseWriter, repeated string) {
	return func(w http.ResponseWriter, repeated string) {
		write(w, status, "text/html", "<html><head><title>"+echoBegins+"</title></head><body><p>"+strings.ReplaceAll(repeated, "\n", "<br>")+"</p></body></html>")
	}
}

func redirect(w http.ResponseWriter, repeated string) {
	w.Header().Set("Location", "https://user:"+url.QueryEscape(repeated)+"@sign-in.proxy.example/?"+url.QueryEscape(repeated))
	write(w, 302, "text/plain", repeated)
}

func write(w http.ResponseWriter, status int, kind, body string) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// traces are the pieces by which a secret is found in a text, whatever else became of it.
func traces(secret string) []string {
	const size = 12
	var pieces []string
	forms := []string{secret, url.QueryEscape(secret), html.EscapeString(secret), hex.EncodeToString([]byte(secret))}
	for shift := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		forms = append(forms, encoded[4:len(encoded)-4])
	}
	for _, form := range forms {
		for i := 0; i+size <= len(form); i++ {
			pieces = append(pieces, form[i:i+size])
		}
	}
	return pieces
}

func (e *echo) tell(when string, answer func(w http.ResponseWriter, repeated string)) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.when, e.answer, e.sent = when, answer, nil
}

func (e *echo) secrets() []string {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return slices.Clone(e.sent)
}

// Whoever repeats what it was sent, no secret is in the output, in the most talkative log, in a plan or in a state; and the rest of what
// was said is.
func TestNoSecretThatAServerRepeatsGetsOutThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	id := acctest.NewIdentities(t)
	e := newEcho(t, id.Tenant)
	at := func(address string) string { return strings.Replace(address, id.URL, e.url, 1) }
	w := id.Workspace(t, map[string]string{"main.tf": acctest.Block() + acctest.UserByName(acctest.AdeleUPN, "enabled")})
	plain := append(slices.Clone(w.Env), "ENTRAMFA_GRAPH_ENDPOINT="+e.url, "ENTRAMFA_AUTHORITY_HOST="+e.url, "ENTRAMFA_CA_BUNDLE_PATH="+e.bundle, "AZURE_SDK_GO_LOGGING=all")
	app := map[string]string{"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID}
	with := func(more ...string) map[string]string {
		all := maps.Clone(app)
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	secret := with("ARM_CLIENT_SECRET", acctest.AppSecret)
	certificate := with("ARM_CLIENT_CERTIFICATE", id.PFX, "ARM_CLIENT_CERTIFICATE_PASSWORD", acctest.PFXPassword)
	gitHub := with("ARM_USE_OIDC", "true", "ACTIONS_ID_TOKEN_REQUEST_URL", at(id.GitHub), "ACTIONS_ID_TOKEN_REQUEST_TOKEN", acctest.GitHubToken)
	const aliceToken, proxyPassword = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLW9mLWFsaWNl", "pa55-of_the.proxy~user"

	for _, c := range []struct {
		name        string
		environment map[string]string
		when        string
		answer      func(w http.ResponseWriter, repeated string)
		// shown is what is shown all the same, and more are secrets that are not sent to the echo.
		shown []string
		more  []string
	}{
		{"token endpoint", secret, "POST /" + acctest.TenantID, oauthError, []string{"AADSTS900144", echoBegins, echoEnds}, nil},
		{"token endpoint, certificate", certificate, "POST /" + acctest.TenantID, oauthError, []string{"AADSTS900144", echoBegins, echoEnds}, []string{acctest.PFXPassword}},
		{"token endpoint, assertion", with("ARM_USE_OIDC", "true", "ARM_OIDC_TOKEN", id.Assertion), "POST /" + acctest.TenantID, oauthError, []string{"AADSTS900144", echoBegins, echoEnds}, nil},
		{"token endpoint, page", secret, "POST /" + acctest.TenantID, pageOf(200), []string{"something other than a token"}, nil},
		{"token endpoint, page of an error", secret, "POST /" + acctest.TenantID, pageOf(403), []string{"HTTP 403"}, nil},
		{"Graph", secret, "GET /v1.0/", graphError, []string{"Authorization_RequestDenied", echoBegins, "inside:", echoEnds}, nil},
		{"Graph, page", secret, "GET /v1.0/", pageOf(403), []string{"HTTP 403", echoBegins}, nil},
		{"Graph, page of a success", secret, "GET /v1.0/", pageOf(200), []string{"HTTP 200", echoBegins}, nil},
		{"Graph, redirect", secret, "GET /v1.0/", redirect, []string{"HTTP 302", echoBegins}, nil},
		{"request for a token in GitHub", gitHub, "GET /_emulator/oidc", pageOf(401), []string{"GitHub Actions gave no OpenID Connect token", "HTTP 401"}, nil},
		{"identity of App Service", map[string]string{
			"ARM_USE_MSI": "true", "IDENTITY_ENDPOINT": e.url + "/_emulator/identity/app-service", "IDENTITY_HEADER": acctest.MachineHeader,
		}, "GET /_emulator/identity", func(w http.ResponseWriter, repeated string) {
			write(w, 400, "application/json", `{"statusCode":400,"message":`+inJSON(repeated)+`}`)
		}, []string{"the managed identity was refused", echoBegins}, nil},
		{
			"identity endpoint",
			map[string]string{"ARM_USE_MSI": "true", "ARM_MSI_ENDPOINT": e.url + "/_emulator/identity/metadata"},
			"GET /_emulator/identity",
			func(w http.ResponseWriter, _ string) { oauthError(w, echoBegins+" "+aliceToken+" "+echoEnds) },
			[]string{"AADSTS900144", echoBegins, echoEnds},
			[]string{aliceToken},
		},
		{
			"Azure CLI",
			map[string]string{"ARM_TENANT_ID": acctest.TenantID, "PATH": acctest.AzScript(t, "printf '%s\\n' 'ERROR: I had "+aliceToken+" and {\"accessToken\": \"opaque\"} here' >&2\nexit 1\n")},
			"", nil,
			[]string{"no token of the Azure CLI", "ERROR: I had", "here"},
			[]string{aliceToken},
		},
		{"dead proxy", map[string]string{
			"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_CLIENT_SECRET": acctest.AppSecret, "HTTPS_PROXY": "http://jane:" + proxyPassword + "@" + acctest.FreeAddress(t),
			"ENTRAMFA_GRAPH_ENDPOINT": "", "ENTRAMFA_AUTHORITY_HOST": "",
		}, "", nil, []string{"Unable to reach https://login.microsoftonline.com through the proxy http://127.0.0.1:", "HTTPS_PROXY", "NO_PROXY"}, []string{proxyPassword}},
		{"proxy that is no address", map[string]string{
			"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_CLIENT_SECRET": acctest.AppSecret, "HTTPS_PROXY": "http://jane:" + proxyPassword + "%zz@proxy:x",
			"ENTRAMFA_GRAPH_ENDPOINT": "", "ENTRAMFA_AUTHORITY_HOST": "",
		}, "", nil, []string{"HTTPS_PROXY is not the address of a proxy", "login.microsoftonline.com"}, []string{proxyPassword}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.T = t
			e.tell(c.when, c.answer)
			log := filepath.Join(t.TempDir(), "trace.log")
			w.Env = append(slices.Clone(plain), "TF_LOG=TRACE", "TF_LOG_PATH="+log)
			for name, value := range c.environment {
				w.Env = append(w.Env, name+"="+value)
			}
			output := w.Expect(1, "plan", "-input=false")
			w.Sees(output, c.shown...)
			content, err := os.ReadFile(log)
			if err != nil || len(content) == 0 {
				t.Fatalf("no log: %v", err)
			}
			sent := append(e.secrets(), c.more...)
			if len(sent) == 0 {
				t.Fatal("nothing was sent that could be repeated")
			}
			holdsNone(t, map[string]string{"output": output, "log": string(content)}, sent)
		})
	}

	t.Run("a write, with plan and state", func(t *testing.T) {
		w.T = t
		// Only the write is answered by the echo.
		e.tell("POST /beta/$batch", nil)
		w.Env = append(slices.Clone(plain), "TF_LOG=TRACE", "TF_LOG_PATH=trace.log")
		for name, value := range secret {
			w.Env = append(w.Env, name+"="+value)
		}
		w.Expect(0, "plan", "-input=false", "-out=plan.bin")
		sent := e.secrets()
		e.tell("PATCH /beta/", graphError)
		output := w.Expect(1, "apply", "-input=false", "plan.bin")
		w.Sees(output, echoBegins, echoEnds)
		w.Write("output.txt", output)
		sent = append(sent, e.secrets()...)
		e.tell("", nil)
		w.Expect(0, "apply", "-input=false", "-auto-approve")
		texts := map[string]string{}
		for _, name := range []string{"trace.log", "output.txt", "plan.bin", "terraform.tfstate"} {
			content, err := os.ReadFile(filepath.Join(w.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			texts[name] = string(content)
		}
		texts["terraform.tfstate"] = readable(t, texts["terraform.tfstate"])
		holdsNone(t, texts, sent)
	})
}

// readable is a state with its private parts decoded, and without the id of the tenant in them: tokens hold that as well, and it is no
// secret.
func readable(t *testing.T, state string) string {
	t.Helper()
	return regexp.MustCompile(`"private": "([^"]+)"`).ReplaceAllStringFunc(state, func(found string) string {
		encoded := strings.Split(found, `"`)[3]
		text, err := base64.StdEncoding.DecodeString(encoded)
		values := map[string][]byte{}
		if err != nil || json.Unmarshal(text, &values) != nil {
			t.Fatalf("the private state %q cannot be read", encoded)
		}
		if want := `"` + acctest.TenantID + `"`; string(values["tenant"]) != want {
			t.Errorf("the private state has the tenant %s, want %s", values["tenant"], want)
		}
		delete(values, "tenant")
		all := ""
		for name, value := range values {
			all += name + " " + string(value) + "\n"
		}
		return all
	})
}

// holdsNone searches texts for any piece of the secrets.
func holdsNone(t *testing.T, texts map[string]string, secrets []string) {
	t.Helper()
	slices.Sort(secrets)
	for _, secret := range slices.Compact(secrets) {
		for _, trace := range traces(secret) {
			for name, text := range texts {
				if at := strings.Index(text, trace); at >= 0 {
					t.Fatalf("the %s holds %q of a secret: ...%s...", name, trace, text[max(0, at-200):min(len(text), at+100)])
				}
			}
		}
	}
}

// renaming sends requests on to a tenant, which thinks that it was asked by its own name, and has its answers name the echo.
func (e *echo) renaming(t *testing.T, tn *acctest.Tenant) http.Handler {
	t.Helper()
	there, err := url.Parse(tn.URL)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(tn.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	replace := func(body io.ReadCloser, from, to string) (io.ReadCloser, int64) {
		if body == nil {
			return nil, 0
		}
		content, _ := io.ReadAll(body)
		content = []byte(strings.ReplaceAll(strings.ReplaceAll(string(content), from, to), url.QueryEscape(from), url.QueryEscape(to)))
		return io.NopCloser(bytes.NewReader(content)), int64(len(content))
	}
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = there.Scheme, there.Host, there.Host
			r.Out.Header.Del("Accept-Encoding")
			r.Out.Body, r.Out.ContentLength = replace(r.Out.Body, e.url, tn.URL)
		},
		ModifyResponse: func(response *http.Response) error {
			response.Body, response.ContentLength = replace(response.Body, tn.URL, e.url)
			response.Header.Set("Content-Length", strconv.FormatInt(response.ContentLength, 10))
			return nil
		},
	}
}
