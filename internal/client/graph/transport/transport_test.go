package transport_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

func TestAFailedConnectionIsToldApart(t *testing.T) {
	t.Parallel()
	dial := func(err error) error {
		return &url.Error{Op: "Get", URL: "https://graph.example/v1.0/users?secret", Err: &net.OpError{Op: "dial", Net: "tcp", Err: err}}
	}
	for _, tc := range []struct {
		name    string
		err     error
		want    transport.ConnectionKind
		repeats bool
	}{
		{"an unknown authority", &url.Error{Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, transport.ConnectionUntrusted, false},
		{"another host's certificate", &url.Error{Err: &tls.CertificateVerificationError{Err: x509.HostnameError{Host: "x"}}}, transport.ConnectionUntrusted, false},
		{"bytes that are no TLS", &url.Error{Err: tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}}, transport.ConnectionNoTLS, false},
		{"HTTP that is no HTTPS", &url.Error{Err: http.ErrSchemeMismatch}, transport.ConnectionNoTLS, false},
		{"a name that does not exist", dial(&net.DNSError{Err: "no such host", Name: "graph.example", IsNotFound: true}), transport.ConnectionNoHost, false},
		{"a name server that is away", dial(&net.DNSError{Err: "server misbehaving", Name: "graph.example", IsTemporary: true}), transport.ConnectionBroken, true},
		{"nothing listens", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), transport.ConnectionRefused, false},
		{"a reset", dial(os.NewSyscallError("read", syscall.ECONNRESET)), transport.ConnectionBroken, true},
		{"a time-out", dial(os.ErrDeadlineExceeded), transport.ConnectionBroken, true},
		{"the end", io.ErrUnexpectedEOF, transport.ConnectionBroken, true},
		{"an answer without an end", fmt.Errorf("reading: %w", &transport.OversizedError{}), transport.ConnectionOversized, false},
	} {
		if got := transport.KindOf(tc.err); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
		if got := transport.ShouldRetry(nil, tc.err); got != tc.repeats {
			t.Errorf("%s: repeated %t, want %t", tc.name, got, tc.repeats)
		}
	}
}

func TestAConnectionErrorNamesOperationHostAndReason(t *testing.T) {
	t.Parallel()
	cause := fmt.Errorf("wrapped: %w", &url.Error{Op: "Get", URL: "https://graph.example/v1.0/groups?$skiptoken=private", Err: io.ErrUnexpectedEOF})
	if e := transport.NewConnectionError("read it", "https://graph.example", cause); strings.Contains(e.Error()+e.Err.Error(), "private") || e.Kind != transport.ConnectionBroken {
		t.Errorf("kind %q, and the address is repeated: %v", e.Kind, e)
	}
	for kind, says := range map[transport.ConnectionKind]string{
		transport.ConnectionUntrusted: "its TLS certificate is not trusted", transport.ConnectionNoHost: "its name does not resolve", transport.ConnectionNoTLS: "it does not speak TLS",
		transport.ConnectionRefused: "nothing listens there", transport.ConnectionBroken: "the connection failed",
		transport.ConnectionOversized: "or one without an end",
	} {
		e := &transport.ConnectionError{Operation: "read it", Host: "https://graph.example", Kind: kind, Err: io.ErrUnexpectedEOF}
		want := fmt.Sprintf("unable to read it: https://graph.example gave no answer, %s: unexpected EOF", says)
		if e.Error() != want {
			t.Errorf("got  %s\nwant %s", e, want)
		}
		if !errors.Is(e, io.ErrUnexpectedEOF) {
			t.Error("the cause cannot be found")
		}
	}
}

func TestAGraphWithoutAnAnswerSaysWhyAndIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	secure := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
	for _, tc := range []struct {
		name, address string
		want          transport.ConnectionKind
	}{
		{"untrusted", secure.URL, transport.ConnectionUntrusted},
		{"nothing listens", "https://127.0.0.1:1", transport.ConnectionRefused},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), transport.ConnectionNoTLS},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cloud, err := signin.Public.WithEndpoints(tc.address, "")
			if err != nil {
				t.Fatal(err)
			}
			options := graph.Options{Retry: policy.RetryOptions{RetryDelay: time.Hour, MaxRetryDelay: time.Hour}}
			options.HTTPClient = clienttest.TrustNobodyElse(t)
			c, err := graph.New(cloud, &clienttest.FakeCredential{}, options)
			if err != nil {
				t.Fatal(err)
			}
			_, err = getUser(t.Context(), c, clienttest.AdeleUPN)
			var connection *transport.ConnectionError
			if !errors.As(err, &connection) || connection.Kind != tc.want || connection.Host != tc.address {
				t.Errorf("error %v, want kind %q at %s", err, tc.want, tc.address)
			}
		})
	}
	if n := len(secure.All()); n != 0 {
		t.Errorf("a server that is not trusted got %d requests", n)
	}
}

func TestTheHTTPClientTrustsTheBundleBesideTheSystem(t *testing.T) {
	t.Parallel()
	server := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, "{}") })
	get := func(httpClient *http.Client) error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := httpClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		return err
	}
	if err := get(clienttest.Trust(t, server.Server)); err != nil {
		t.Errorf("with the bundle: %v", err)
	}
	if err := get(clienttest.TrustNobodyElse(t)); transport.KindOf(err) != transport.ConnectionUntrusted {
		t.Errorf("without the bundle: %v", err)
	}
	for _, bundle := range []string{"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if _, err := transport.NewHTTPClient([]byte(bundle)); err == nil || !strings.Contains(err.Error(), "BEGIN CERTIFICATE") {
			t.Errorf("the bundle %q: error %v", bundle, err)
		}
	}
}

func TestTheHTTPClientRefusesOldTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := clienttest.Trust(t, server).Do(request)
	if err == nil {
		_ = response.Body.Close()
		t.Fatal("TLS 1.1 was accepted")
	}
	if !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("error %v", err)
	}
}

// What makes many small requests cheap: one connection for all of them, and bodies that are compressed on their way.
func TestRequestsShareOneConnectionAndTakeCompressedAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name            string
		http2           bool
		wantProtocol    string
		mostConnections int32
	}{
		{"HTTP/2", true, "HTTP/2.0", 1},
		// Some are dialled in vain, while another becomes free.
		{"a proxy that knows HTTP/1.1 only", false, "HTTP/1.1", 80},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			const rounds, callers = 4, 32
			var connections, uncompressed, otherProtocol atomic.Int32
			server := &clienttest.Recorder{}
			server.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Proto != test.wantProtocol {
					otherProtocol.Add(1)
				}
				if r.Header.Get("Accept-Encoding") != "gzip" {
					uncompressed.Add(1)
				}
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Content-Encoding", "gzip")
				compressed := gzip.NewWriter(w)
				_, _ = io.WriteString(compressed, clienttest.AdeleJSON)
				_ = compressed.Close()
			}))
			server.EnableHTTP2 = test.http2
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
				}
			}
			server.StartTLS()
			t.Cleanup(server.Close)
			made, _, _ := newTestClient(t, server, nil)
			// The first request is alone: what a host speaks is known with its answer only.
			for round := range rounds {
				var all sync.WaitGroup
				for range 1 + min(round, 1)*(callers-1) {
					all.Go(func() {
						// Not gathered, so that each is a request of its own.
						request := graph.Call{Operation: "read", Method: http.MethodGet, Version: graph.V1, Path: "/users/" + clienttest.AdeleID}
						var found user
						if err := made.Send(t.Context(), request, &found); err != nil || found.ID != clienttest.AdeleID {
							t.Errorf("user %v, error %v", found, err)
						}
					})
				}
				all.Wait()
			}
			if n := otherProtocol.Load(); n != 0 {
				t.Errorf("%d requests did not come over %s", n, test.wantProtocol)
			}
			if n := uncompressed.Load(); n != 0 {
				t.Errorf("%d requests did not ask for a compressed answer", n)
			}
			if n := connections.Load(); n < 1 || n > test.mostConnections {
				t.Errorf("%d connections, want 1 to %d", n, test.mostConnections)
			}
		})
	}
}

// A small body can be a large one compressed, so what is bounded is what it becomes.
func TestAnAnswerWithoutAnEndIsGivenUp(t *testing.T) {
	t.Parallel()
	var largest bytes.Buffer
	compressed := gzip.NewWriter(&largest)
	padding := bytes.Repeat([]byte(" "), 1<<20)
	write := func(size int) {
		for ; size > 0; size -= len(padding) {
			_, _ = compressed.Write(padding[:min(size, len(padding))])
		}
	}
	write(transport.MaxResponseBytes - len(clienttest.AdeleJSON))
	_, _ = io.WriteString(compressed, clienttest.AdeleJSON)
	_ = compressed.Close()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(largest.Bytes())
		if n > 0 {
			// Two gzip streams in a row are one that holds both.
			compressed.Reset(w)
			_, _ = io.WriteString(compressed, "\n")
			_ = compressed.Close()
		}
	})
	c, _, _ := newTestClient(t, service, nil)
	if found, err := getUser(t.Context(), c, clienttest.AdeleUPN); err != nil || found.ID != clienttest.AdeleID {
		t.Fatalf("an answer of the largest size: user %v, error %v", found, err)
	}
	_, err := getUser(t.Context(), c, clienttest.AdeleUPN)
	var connection *transport.ConnectionError
	if !errors.As(err, &connection) || connection.Kind != transport.ConnectionOversized || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("an answer that is one byte larger: error %v", err)
	}
	if n := len(service.All()); n != 2 {
		t.Errorf("%d requests, want 2: what is too large stays so", n)
	}
}

func TestAFailureIsRecordedForItsOwnContextOnly(t *testing.T) {
	t.Parallel()
	sender := transport.Transporter{clienttest.TrustNobodyElse(t)}
	do := func(ctx context.Context, address string) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := sender.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	one, recordOne := transport.WithFailureRecord(t.Context())
	other, recordOther := transport.WithFailureRecord(t.Context())
	do(one, "https://127.0.0.1:1/path")
	do(other, plain.URL)
	if host, _, err := recordOne.Get(); host != "https://127.0.0.1:1" || transport.KindOf(err) != transport.ConnectionRefused {
		t.Errorf("recorded %q and %v", host, err)
	}
	if _, status, err := recordOther.Get(); err != nil || status != 404 {
		t.Errorf("an answer was recorded as %d and %v", status, err)
	}
	do(one, plain.URL)
	if _, status, err := recordOne.Get(); err != nil || status != 404 {
		t.Errorf("after an answer the record still holds %v", err)
	}
}

// newTestClient makes a client whose Graph is the server and whose time is not the real one. It is not held back.
func newTestClient(tb testing.TB, service *clienttest.Recorder, change func(*graph.Options)) (*graph.Client, *clienttest.FakeCredential, *clienttest.FakeClock) {
	tb.Helper()
	credential, clock := &clienttest.FakeCredential{}, clienttest.NewFakeClock()
	options := graph.Options{HTTPClient: clienttest.Trust(tb, service.Server), Retry: clienttest.QuickRetry, Clock: clock, Rates: map[graph.RateClass]graph.Rate{}}
	if change != nil {
		change(&options)
	}
	cloud, err := signin.Public.WithEndpoints(service.URL, "")
	if err != nil {
		tb.Fatal(err)
	}
	made, err := graph.New(cloud, credential, options)
	if err != nil {
		tb.Fatal(err)
	}
	return made, credential, clock
}

type user struct {
	ID string `json:"id"`
}

// getUser reads a user, as an area of the client library does.
func getUser(ctx context.Context, c *graph.Client, key string) (user, error) {
	var found user
	err := c.Send(ctx, graph.Call{
		Operation: fmt.Sprintf("read user %q", key), Method: http.MethodGet, Version: graph.V1, Path: "/users/" + key, Gather: true,
	}, &found)
	return found, err
}
