package client

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
)

const (
	adeleID  = "11111111-1111-1111-1111-111111111111"
	adeleUPN = "adele@contoso.example"
)

var adele = User{ID: adeleID, UserPrincipalName: adeleUPN}

// received is a request as the server saw it.
type received struct {
	Method string
	// Target is path and query as they stood on the wire.
	Target string
	Header http.Header
	Body   string
}

func (r received) path() string {
	path, _, _ := strings.Cut(r.Target, "?")
	return path
}

// recorder is an HTTPS server that keeps what it was asked.
type recorder struct {
	*httptest.Server
	mutex    sync.Mutex
	requests []received
}

// newRecorder starts a server. The handler gets the number of the request, from 0.
func newRecorder(tb testing.TB, handle func(w http.ResponseWriter, r *http.Request, n int)) *recorder {
	tb.Helper()
	s := &recorder{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handle(w, r, s.record(r))
	}))
	// What the server says of handshakes that a test makes fail is no news.
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	tb.Cleanup(s.Close)
	return s
}

func (s *recorder) record(r *http.Request) (n int) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		body = []byte("unreadable: " + err.Error())
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.requests = append(s.requests, received{Method: r.Method, Target: r.RequestURI, Header: r.Header.Clone(), Body: string(body)})
	return len(s.requests) - 1
}

func (s *recorder) all() []received {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]received(nil), s.requests...)
}

func (s *recorder) count(method string) int {
	n := 0
	for _, request := range s.all() {
		if request.Method == method {
			n++
		}
	}
	return n
}

// trust makes the production HTTP client that trusts the servers.
func trust(tb testing.TB, servers ...*httptest.Server) *http.Client {
	tb.Helper()
	var bundle []byte
	for _, server := range servers {
		bundle = append(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})...)
	}
	httpClient, err := NewHTTPClient(bundle)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(httpClient.CloseIdleConnections)
	return httpClient
}

// quickRetry repeats without making a test wait. A Retry-After of up to two seconds is obeyed.
var quickRetry = policy.RetryOptions{MaxRetries: 3, RetryDelay: time.Millisecond, MaxRetryDelay: 2 * time.Second}

// newTestClient makes a client whose Graph is the server and whose time is not the real one. It is not held back.
func newTestClient(tb testing.TB, graph *recorder, change func(*Options)) (*Client, *fakeCredential, *fakeClock) {
	tb.Helper()
	credential, clock := &fakeCredential{}, newFakeClock()
	options := Options{HTTPClient: trust(tb, graph.Server), Retry: quickRetry, Clock: clock, Rates: map[RateClass]Rate{}}
	if change != nil {
		change(&options)
	}
	cloud, err := Public.WithEndpoints(graph.URL, "")
	if err != nil {
		tb.Fatal(err)
	}
	made, err := New(cloud, credential, options)
	if err != nil {
		tb.Fatal(err)
	}
	return made, credential, clock
}

// fakeCredential gives out secret-token-1, secret-token-2 and so on.
type fakeCredential struct {
	mutex sync.Mutex
	asked []policy.TokenRequestOptions
	err   error
}

func (c *fakeCredential) GetToken(_ context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.asked = append(c.asked, options)
	if c.err != nil {
		return azcore.AccessToken{}, c.err
	}
	return azcore.AccessToken{Token: fmt.Sprintf("secret-token-%d", len(c.asked)), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func (c *fakeCredential) requests() []policy.TokenRequestOptions {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return append([]policy.TokenRequestOptions(nil), c.asked...)
}

// fakeClock advances when somebody waits.
type fakeClock struct {
	mutex  sync.Mutex
	now    time.Time
	waits  []time.Duration
	onWait func(n int)
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *fakeClock) Wait(ctx context.Context, d time.Duration) error {
	c.mutex.Lock()
	c.waits = append(c.waits, d)
	n, hook := len(c.waits), c.onWait
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

func (c *fakeClock) waited() (all []time.Duration, sum time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, d := range c.waits {
		sum += d
	}
	return append([]time.Duration(nil), c.waits...), sum
}

// reply answers with JSON, and graphError with Graph's envelope.
func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("request-id", "server-request-id")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func graphError(w http.ResponseWriter, status int, code string) {
	reply(w, status, fmt.Sprintf(`{"error":{"code":%q,"message":"The service says %s."}}`, code, code))
}

const adeleJSON = `{"id":"` + adeleID + `","userPrincipalName":"` + adeleUPN + `","displayName":"Adele","userType":"Member","accountEnabled":true}`
