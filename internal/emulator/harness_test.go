package emulator_test

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

const (
	adele = "adele.vance@contoso.example"
	alex  = "alex.wilber@contoso.example"
	megan = "megan.bowen@contoso.example"
)

// clock is a clock that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(duration time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(duration)
}

// fixture is a running emulator with the sample tenant, a token for its full-permission app, and clients.
type fixture struct {
	t       *testing.T
	ctx     context.Context
	server  *emulator.Server
	control *control.Client
	http    *http.Client
	clock   *clock
	token   string

	closesBadly bool // Close was given no time on purpose
}

func start(t *testing.T, adjust ...func(*emulator.Config)) *fixture {
	t.Helper()
	clock := &clock{now: time.Now().Truncate(time.Second)}
	cfg := emulator.Config{Tenant: emulator.SampleTenant(), Now: clock.Now}
	for _, change := range adjust {
		change(&cfg)
	}
	server, err := emulator.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, ctx: t.Context(), server: server, clock: clock, http: trusting(server.CAPEM())}
	f.control = control.New(server.URL(), f.http)
	t.Cleanup(func() {
		f.http.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Close(ctx); err != nil && !f.closesBadly {
			t.Errorf("Close: %v", err)
		}
	})
	if cfg.Tenant != nil && len(cfg.Tenant.Apps) > 0 {
		f.token = f.tokenFor(emulator.SampleAppID, emulator.SampleSecret)
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

// reply is an answer as a test wants to look at it.
type reply struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// as is the value as a T, or the zero value where it is something else, which no test expects.
func as[T any](value any) T {
	typed, _ := value.(T)
	return typed
}

// at walks down into objects.
func at(value any, path ...string) any {
	for _, name := range path {
		value = as[map[string]any](value)[name]
	}
	return value
}

func (r reply) errorCode() string {
	object, _ := r.body["error"].(map[string]any)
	code, _ := object["code"].(string)
	return code
}

func (r reply) errorMessage() string {
	object, _ := r.body["error"].(map[string]any)
	message, _ := object["message"].(string)
	return message
}

func (r reply) values() []map[string]any {
	list, _ := r.body["value"].([]any)
	var values []map[string]any
	for _, item := range list {
		values = append(values, as[map[string]any](item))
	}
	return values
}

func (f *fixture) send(method, path string, header http.Header, body string) (reply, error) {
	f.t.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = f.server.URL() + path
	}
	request, err := http.NewRequestWithContext(f.ctx, method, address, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	response, err := f.http.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{}, err
	}
	result := reply{status: response.StatusCode, header: response.Header, raw: raw}
	if bytes.HasPrefix(raw, []byte("{")) {
		if err := json.Unmarshal(raw, &result.body); err != nil {
			f.t.Fatalf("%s %s: body is not JSON: %v\n%s", method, path, err, raw)
		}
	}
	return result, nil
}

// graph sends a Graph request with the fixture's token; headers come in pairs and may replace the token's.
func (f *fixture) graph(method, path, body string, headers ...string) reply {
	f.t.Helper()
	header := http.Header{}
	header.Set("Authorization", "Bearer "+f.token)
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			header.Del(headers[i])
		}
	}
	result, err := f.send(method, path, header, body)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	return result
}

func (f *fixture) get(path string, headers ...string) reply {
	f.t.Helper()
	return f.graph(http.MethodGet, path, "", headers...)
}

// batch sends items and returns the answers by id.
func (f *fixture) batch(version, items string) map[string]reply {
	f.t.Helper()
	outer := f.graph(http.MethodPost, "/"+version+"/$batch", `{"requests":[`+items+`]}`)
	if outer.status != http.StatusOK {
		f.t.Fatalf("batch: %d %s", outer.status, outer.raw)
	}
	answers := map[string]reply{}
	for _, item := range as[[]any](outer.body["responses"]) {
		object := as[map[string]any](item)
		answer := reply{status: int(as[float64](object["status"])), header: http.Header{}}
		answer.body, _ = object["body"].(map[string]any)
		for name, value := range as[map[string]any](object["headers"]) {
			answer.header.Set(name, as[string](value))
		}
		answers[as[string](object["id"])] = answer
	}
	return answers
}

func (f *fixture) state(user string) string {
	f.t.Helper()
	answer := f.get("/beta/users/" + url.PathEscape(user) + "/authentication/requirements")
	if answer.status != http.StatusOK {
		f.t.Fatalf("reading the state of %s: %d %s", user, answer.status, answer.raw)
	}
	return as[string](answer.body["perUserMfaState"])
}

func (f *fixture) writeState(user, state string) {
	f.t.Helper()
	answer := f.graph(http.MethodPatch, "/beta/users/"+url.PathEscape(user)+"/authentication/requirements",
		`{"perUserMfaState":"`+state+`"}`)
	if answer.status != http.StatusNoContent || len(answer.raw) != 0 {
		f.t.Fatalf("writing %s for %s: %d %s", state, user, answer.status, answer.raw)
	}
}

// tokenRequest posts a form to the token endpoint of the sample tenant; values come in pairs and "" removes one.
func (f *fixture) tokenRequest(values ...string) reply {
	f.t.Helper()
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {emulator.SampleAppID},
		"client_secret": {emulator.SampleSecret}, "scope": {f.server.URL() + "/.default"},
	}
	tenant := f.server.TenantID()
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
	answer, err := f.send(http.MethodPost, "/"+tenant+"/oauth2/v2.0/token",
		http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
	if err != nil {
		f.t.Fatal(err)
	}
	return answer
}

func (f *fixture) tokenFor(clientID, secret string) string {
	f.t.Helper()
	answer := f.tokenRequest("client_id", clientID, "client_secret", secret)
	token, _ := answer.body["access_token"].(string)
	if answer.status != http.StatusOK || token == "" {
		f.t.Fatalf("no token: %d %s", answer.status, answer.raw)
	}
	return token
}

func (f *fixture) setBehavior(behavior control.Behavior) {
	f.t.Helper()
	if err := f.control.SetBehavior(f.ctx, behavior); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) addFault(fault control.Fault) string {
	f.t.Helper()
	id, err := f.control.AddFault(f.ctx, fault)
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

func (f *fixture) requests() []control.Request {
	f.t.Helper()
	requests, err := f.control.Requests(f.ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	return requests
}
