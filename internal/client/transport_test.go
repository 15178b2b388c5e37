package client

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
)

func TestAFailedConnectionIsToldApart(t *testing.T) {
	t.Parallel()
	dial := func(err error) error {
		return &url.Error{Op: "Get", URL: "https://graph.example/v1.0/users?secret", Err: &net.OpError{Op: "dial", Net: "tcp", Err: err}}
	}
	for _, tc := range []struct {
		name    string
		err     error
		want    ConnectionKind
		repeats bool
	}{
		{"an unknown authority", &url.Error{Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, ConnectionUntrusted, false},
		{"another host's certificate", &url.Error{Err: &tls.CertificateVerificationError{Err: x509.HostnameError{Host: "x"}}}, ConnectionUntrusted, false},
		{"bytes that are no TLS", &url.Error{Err: tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}}, ConnectionNoTLS, false},
		{"HTTP that is no HTTPS", &url.Error{Err: http.ErrSchemeMismatch}, ConnectionNoTLS, false},
		{"a name that does not exist", dial(&net.DNSError{Err: "no such host", Name: "graph.example", IsNotFound: true}), ConnectionNoHost, false},
		{"a name server that is away", dial(&net.DNSError{Err: "server misbehaving", Name: "graph.example", IsTemporary: true}), ConnectionBroken, true},
		{"nothing listens", dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), ConnectionRefused, false},
		{"a reset", dial(os.NewSyscallError("read", syscall.ECONNRESET)), ConnectionBroken, true},
		{"a time-out", dial(os.ErrDeadlineExceeded), ConnectionBroken, true},
		{"the end", io.ErrUnexpectedEOF, ConnectionBroken, true},
		{"an answer without an end", fmt.Errorf("reading: %w", &oversizedError{}), ConnectionOversized, false},
	} {
		if got := connectionKind(tc.err); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
		if got := shouldRetry(nil, tc.err); got != tc.repeats {
			t.Errorf("%s: repeated %t, want %t", tc.name, got, tc.repeats)
		}
	}
}

func TestAConnectionErrorNamesOperationHostAndReason(t *testing.T) {
	t.Parallel()
	cause := fmt.Errorf("wrapped: %w", &url.Error{Op: "Get", URL: "https://graph.example/v1.0/groups?$skiptoken=private", Err: io.ErrUnexpectedEOF})
	if e := newConnectionError("read it", "https://graph.example", cause); strings.Contains(e.Error()+e.Err.Error(), "private") || e.Kind != ConnectionBroken {
		t.Errorf("kind %q, and the address is repeated: %v", e.Kind, e)
	}
	for kind, says := range map[ConnectionKind]string{
		ConnectionUntrusted: "its TLS certificate is not trusted", ConnectionNoHost: "its name does not resolve", ConnectionNoTLS: "it does not speak TLS",
		ConnectionRefused: "nothing listens there", ConnectionBroken: "the connection failed",
		ConnectionOversized: "or one without an end",
	} {
		e := &ConnectionError{Operation: "read it", Host: "https://graph.example", Kind: kind, Err: io.ErrUnexpectedEOF}
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
	secure := newRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { reply(w, 200, adeleJSON) })
	for _, tc := range []struct {
		name, address string
		want          ConnectionKind
	}{
		{"untrusted", secure.URL, ConnectionUntrusted},
		{"nothing listens", "https://127.0.0.1:1", ConnectionRefused},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), ConnectionNoTLS},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cloud, err := Public.WithEndpoints(tc.address, "")
			if err != nil {
				t.Fatal(err)
			}
			options := unrepeated
			options.HTTPClient = trustNobodyElse(t)
			c, err := New(cloud, &fakeCredential{}, options)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.GetUser(t.Context(), adeleUPN)
			var connection *ConnectionError
			if !errors.As(err, &connection) || connection.Kind != tc.want || connection.Host != tc.address {
				t.Errorf("error %v, want kind %q at %s", err, tc.want, tc.address)
			}
		})
	}
	if n := len(secure.all()); n != 0 {
		t.Errorf("a server that is not trusted got %d requests", n)
	}
}

func TestTheHTTPClientTrustsTheBundleBesideTheSystem(t *testing.T) {
	t.Parallel()
	server := newRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { reply(w, 200, "{}") })
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
	if err := get(trust(t, server.Server)); err != nil {
		t.Errorf("with the bundle: %v", err)
	}
	if err := get(trustNobodyElse(t)); connectionKind(err) != ConnectionUntrusted {
		t.Errorf("without the bundle: %v", err)
	}
	for _, bundle := range []string{"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if _, err := NewHTTPClient([]byte(bundle)); err == nil || !strings.Contains(err.Error(), "BEGIN CERTIFICATE") {
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
	response, err := trust(t, server).Do(request)
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
			server := &recorder{}
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
				_, _ = io.WriteString(compressed, adeleJSON)
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
			graph, _, _ := newTestClient(t, server, nil)
			// The first request is alone: what a host speaks is known with its answer only.
			for round := range rounds {
				var all sync.WaitGroup
				for range 1 + min(round, 1)*(callers-1) {
					all.Go(func() {
						// Not gathered, so that each is a request of its own.
						request := call{operation: "read", method: http.MethodGet, version: v1, path: userPath(adeleID)}
						var user User
						if err := graph.send(t.Context(), request, &user); err != nil || user.ID != adeleID {
							t.Errorf("user %v, error %v", user, err)
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
	write(maxResponseBytes - len(adeleJSON))
	_, _ = io.WriteString(compressed, adeleJSON)
	_ = compressed.Close()
	graph := newRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
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
	c, _, _ := newTestClient(t, graph, nil)
	if user, err := c.GetUser(t.Context(), adeleUPN); err != nil || user.ID != adeleID {
		t.Fatalf("an answer of the largest size: user %v, error %v", user, err)
	}
	_, err := c.GetUser(t.Context(), adeleUPN)
	var connection *ConnectionError
	if !errors.As(err, &connection) || connection.Kind != ConnectionOversized || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("an answer that is one byte larger: error %v", err)
	}
	if n := len(graph.all()); n != 2 {
		t.Errorf("%d requests, want 2: what is too large stays so", n)
	}
}

func TestAFailureIsRecordedForItsOwnContextOnly(t *testing.T) {
	t.Parallel()
	sender := transport{trustNobodyElse(t)}
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
	one, recordOne := withFailureRecord(t.Context())
	other, recordOther := withFailureRecord(t.Context())
	do(one, "https://127.0.0.1:1/path")
	do(other, plain.URL)
	if host, _, err := recordOne.get(); host != "https://127.0.0.1:1" || connectionKind(err) != ConnectionRefused {
		t.Errorf("recorded %q and %v", host, err)
	}
	if _, status, err := recordOther.get(); err != nil || status != 404 {
		t.Errorf("an answer was recorded as %d and %v", status, err)
	}
	do(one, plain.URL)
	if _, status, err := recordOne.get(); err != nil || status != 404 {
		t.Errorf("after an answer the record still holds %v", err)
	}
}
