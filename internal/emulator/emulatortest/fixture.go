// Package emulatortest is what the tests of the emulator's rooms share: a running emulator, and answers to look at.
package emulatortest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Users of the sample tenant.
const (
	Adele = "adele.vance@contoso.example"
	Alex  = "alex.wilber@contoso.example"
	Megan = "megan.bowen@contoso.example"
)

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(duration time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(duration)
}

// Fixture is a running emulator with the sample tenant, a token for its full-permission app, and clients.
type Fixture struct {
	T       *testing.T
	Ctx     context.Context
	Server  *emulator.Server
	Control *control.Client
	HTTP    *http.Client
	Clock   *Clock
	Token   string

	ClosesBadly bool // Close was given no time on purpose
}

// Start starts an emulator that ends with the test.
func Start(t *testing.T, adjust ...func(*emulator.Config)) *Fixture {
	t.Helper()
	clock := &Clock{now: time.Now().Truncate(time.Second)}
	cfg := emulator.Config{Tenant: emulator.SampleTenant(), Now: clock.Now}
	for _, change := range adjust {
		change(&cfg)
	}
	server, err := emulator.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f := &Fixture{T: t, Ctx: t.Context(), Server: server, Clock: clock, HTTP: trusting(server.CAPEM())}
	f.Control = control.New(server.URL(), f.HTTP)
	t.Cleanup(func() {
		f.HTTP.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Close(ctx); err != nil && !f.ClosesBadly {
			t.Errorf("Close: %v", err)
		}
	})
	if cfg.Tenant != nil && len(cfg.Tenant.Apps) > 0 {
		f.Token = f.TokenFor(emulator.SampleAppID, emulator.SampleSecret)
	}
	return f
}

func trusting(caPEM []byte) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(caPEM)
	return &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true},
		Timeout:   30 * time.Second,
	}
}

// Reply is an answer as a test wants to look at it.
type Reply struct {
	Status int
	Header http.Header
	Raw    []byte
	Body   map[string]any
}

// As is the value as a T, or the zero value where it is something else, which no test expects.
func As[T any](value any) T {
	typed, _ := value.(T)
	return typed
}

// At walks down into objects.
func At(value any, path ...string) any {
	for _, name := range path {
		value = As[map[string]any](value)[name]
	}
	return value
}

// ErrorCode is the code in the error envelope.
func (r Reply) ErrorCode() string {
	object, _ := r.Body["error"].(map[string]any)
	code, _ := object["code"].(string)
	return code
}

// ErrorMessage is the message in the error envelope.
func (r Reply) ErrorMessage() string {
	object, _ := r.Body["error"].(map[string]any)
	message, _ := object["message"].(string)
	return message
}

// Values are the objects of a list.
func (r Reply) Values() []map[string]any {
	list, _ := r.Body["value"].([]any)
	var values []map[string]any
	for _, item := range list {
		values = append(values, As[map[string]any](item))
	}
	return values
}

// Send sends a request as it is.
func (f *Fixture) Send(method, path string, header http.Header, body string) (Reply, error) {
	f.T.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = f.Server.URL() + path
	}
	request, err := http.NewRequestWithContext(f.Ctx, method, address, strings.NewReader(body))
	if err != nil {
		f.T.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := f.HTTP.Do(request)
	if err != nil {
		return Reply{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return Reply{}, err
	}
	result := Reply{Status: response.StatusCode, Header: response.Header, Raw: raw}
	if bytes.HasPrefix(raw, []byte("{")) {
		if err := json.Unmarshal(raw, &result.Body); err != nil {
			f.T.Fatalf("%s %s: body is not JSON: %v\n%s", method, path, err, raw)
		}
	}
	return result, nil
}

// Graph sends a Graph request with the fixture's token; headers come in pairs and may replace the token's.
func (f *Fixture) Graph(method, path, body string, headers ...string) Reply {
	f.T.Helper()
	header := http.Header{}
	header.Set("Authorization", "Bearer "+f.Token)
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			header.Del(headers[i])
		}
	}
	result, err := f.Send(method, path, header, body)
	if err != nil {
		f.T.Fatalf("%s %s: %v", method, path, err)
	}
	return result
}

// Get sends a GET; see Graph.
func (f *Fixture) Get(path string, headers ...string) Reply {
	f.T.Helper()
	return f.Graph(http.MethodGet, path, "", headers...)
}

// Batch sends items and returns the answers by id.
func (f *Fixture) Batch(version, items string) map[string]Reply {
	f.T.Helper()
	outer := f.Graph(http.MethodPost, "/"+version+"/$batch", `{"requests":[`+items+`]}`)
	if outer.Status != http.StatusOK {
		f.T.Fatalf("batch: %d %s", outer.Status, outer.Raw)
	}
	answers := map[string]Reply{}
	for _, item := range As[[]any](outer.Body["responses"]) {
		object := As[map[string]any](item)
		answer := Reply{Status: int(As[float64](object["status"])), Header: http.Header{}}
		answer.Body, _ = object["body"].(map[string]any)
		for name, value := range As[map[string]any](object["headers"]) {
			answer.Header.Set(name, As[string](value))
		}
		answers[As[string](object["id"])] = answer
	}
	return answers
}

// State reads a user's per-user state.
func (f *Fixture) State(user string) string {
	f.T.Helper()
	answer := f.Get("/beta/users/" + url.PathEscape(user) + "/authentication/requirements")
	if answer.Status != http.StatusOK {
		f.T.Fatalf("reading the state of %s: %d %s", user, answer.Status, answer.Raw)
	}
	return As[string](answer.Body["perUserMfaState"])
}

// WriteState writes a user's per-user state.
func (f *Fixture) WriteState(user, state string) {
	f.T.Helper()
	answer := f.Graph(http.MethodPatch, "/beta/users/"+url.PathEscape(user)+"/authentication/requirements",
		`{"perUserMfaState":"`+state+`"}`)
	if answer.Status != http.StatusNoContent || len(answer.Raw) != 0 {
		f.T.Fatalf("writing %s for %s: %d %s", state, user, answer.Status, answer.Raw)
	}
}

// TokenRequest posts a form to the token endpoint of the sample tenant; values come in pairs and "" removes one.
func (f *Fixture) TokenRequest(values ...string) Reply {
	f.T.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {emulator.SampleAppID},
		"client_secret": {emulator.SampleSecret}, "scope": {f.Server.URL() + "/.default"},
	}
	tenant := f.Server.TenantID()
	for i := 0; i+1 < len(values); i += 2 {
		switch {
		case values[i] == "tenant":
			tenant = values[i+1]
		case values[i+1] == "":
			form.Del(values[i])
		default:
			form.Set(values[i], values[i+1])
		}
	}
	answer, err := f.Send(http.MethodPost, "/"+tenant+"/oauth2/v2.0/token",
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
	if err != nil {
		f.T.Fatal(err)
	}
	return answer
}

// TokenFor signs an app in.
func (f *Fixture) TokenFor(clientID, secret string) string {
	f.T.Helper()
	answer := f.TokenRequest("client_id", clientID, "client_secret", secret)
	token, _ := answer.Body["access_token"].(string)
	if answer.Status != http.StatusOK || token == "" {
		f.T.Fatalf("no token: %d %s", answer.Status, answer.Raw)
	}
	return token
}

// SetBehavior replaces the behaviour.
func (f *Fixture) SetBehavior(behavior control.Behavior) {
	f.T.Helper()
	if err := f.Control.SetBehavior(f.Ctx, behavior); err != nil {
		f.T.Fatal(err)
	}
}

// AddFault adds a fault.
func (f *Fixture) AddFault(fault control.Fault) string {
	f.T.Helper()
	id, err := f.Control.AddFault(f.Ctx, fault)
	if err != nil {
		f.T.Fatal(err)
	}
	return id
}

// Requests are the requests in the log.
func (f *Fixture) Requests() []control.Request {
	f.T.Helper()
	requests, err := f.Control.Requests(f.Ctx)
	if err != nil {
		f.T.Fatal(err)
	}
	return requests
}

// AADSTS is the number of a refusal by the authority.
func (r Reply) AADSTS() int {
	codes, _ := r.Body["error_codes"].([]any)
	if len(codes) != 1 {
		return 0
	}
	return int(As[float64](codes[0]))
}
