// Package clienttest has what the tests of the client library share: servers that keep what they were asked, a sign-in service, a
// scripted Microsoft Graph, and a clock.
package clienttest

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

// A user whom many tests are about.
const (
	AdeleID  = "11111111-1111-1111-1111-111111111111"
	AdeleUPN = "adele@contoso.example"
)

// Received is a request as the server saw it.
type Received struct {
	Method string
	// Target is path and query as they stood on the wire.
	Target string
	Header http.Header
	Body   string
}

// Path is the target without the query.
func (r Received) Path() string {
	path, _, _ := strings.Cut(r.Target, "?")
	return path
}

// Recorder is an HTTPS server that keeps what it was asked.
type Recorder struct {
	*httptest.Server
	Mutex    sync.Mutex
	Requests []Received
}

// NewRecorder starts a server. The handler gets the number of the request, from 0.
func NewRecorder(tb testing.TB, handle func(w http.ResponseWriter, r *http.Request, n int)) *Recorder {
	tb.Helper()
	s := &Recorder{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handle(w, r, s.record(r))
	}))
	// What the server says of handshakes that a test makes fail is no news.
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	tb.Cleanup(s.Close)
	return s
}

func (s *Recorder) record(r *http.Request) (n int) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		body = []byte("unreadable: " + err.Error())
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.Mutex.Lock()
	defer s.Mutex.Unlock()
	s.Requests = append(s.Requests, Received{Method: r.Method, Target: r.RequestURI, Header: r.Header.Clone(), Body: string(body)})
	return len(s.Requests) - 1
}

// All returns the requests so far.
func (s *Recorder) All() []Received {
	s.Mutex.Lock()
	defer s.Mutex.Unlock()
	return append([]Received(nil), s.Requests...)
}

// Count returns how many requests of a method there were.
func (s *Recorder) Count(method string) int {
	n := 0
	for _, request := range s.All() {
		if request.Method == method {
			n++
		}
	}
	return n
}

// Trust makes the production HTTP client that trusts the servers.
func Trust(tb testing.TB, servers ...*httptest.Server) *http.Client {
	tb.Helper()
	var bundle []byte
	for _, server := range servers {
		bundle = append(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})...)
	}
	httpClient, err := transport.NewHTTPClient(bundle)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(httpClient.CloseIdleConnections)
	return httpClient
}

// QuickRetry repeats without making a test wait. A Retry-After of up to two seconds is obeyed.
var QuickRetry = policy.RetryOptions{MaxRetries: 3, RetryDelay: time.Millisecond, MaxRetryDelay: 2 * time.Second}

// FakeCredential gives out secret-token-1, secret-token-2 and so on.
type FakeCredential struct {
	mutex sync.Mutex
	asked []policy.TokenRequestOptions
	Err   error
}

// GetToken gives out the next token, or the error.
func (c *FakeCredential) GetToken(_ context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.asked = append(c.asked, options)
	if c.Err != nil {
		return azcore.AccessToken{}, c.Err
	}
	return azcore.AccessToken{Token: fmt.Sprintf("secret-token-%d", len(c.asked)), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// Requests returns what was asked for so far.
func (c *FakeCredential) Requests() []policy.TokenRequestOptions {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return append([]policy.TokenRequestOptions(nil), c.asked...)
}

// FakeClock advances when somebody waits.
type FakeClock struct {
	mutex  sync.Mutex
	now    time.Time
	waits  []time.Duration
	OnWait func(n int)
}

// NewFakeClock makes a clock that stands still until somebody waits.
func NewFakeClock() *FakeClock {
	return &FakeClock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

// Now returns the time of the clock.
func (c *FakeClock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

// Wait advances the clock, unless the context has ended.
func (c *FakeClock) Wait(ctx context.Context, d time.Duration) error {
	c.mutex.Lock()
	c.waits = append(c.waits, d)
	n, hook := len(c.waits), c.OnWait
	c.mutex.Unlock()
	if hook != nil {
		hook(n)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(d)
	return nil
}

// Waited returns the waits so far, and their sum.
func (c *FakeClock) Waited() (all []time.Duration, sum time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, d := range c.waits {
		sum += d
	}
	return append([]time.Duration(nil), c.waits...), sum
}

// Reply answers with JSON, and graphError with Graph's envelope.
func Reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("request-id", "server-request-id")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// GraphError answers with Graph's envelope.
func GraphError(w http.ResponseWriter, status int, code string) {
	Reply(w, status, fmt.Sprintf(`{"error":{"code":%q,"message":"The service says %s."}}`, code, code))
}

// AdeleJSON is the user as Graph returns them.
const AdeleJSON = `{"id":"` + AdeleID + `","userPrincipalName":"` + AdeleUPN + `","displayName":"Adele","userType":"Member","accountEnabled":true}`
