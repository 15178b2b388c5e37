package transport_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

// answering is a proxy that answers CONNECT with a text and closes the connection.
func answering(t *testing.T, text string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = http.ReadRequest(bufio.NewReader(connection))
			_, _ = connection.Write([]byte(text))
			_ = connection.Close()
		}
	}()
	return listener.Addr().String()
}

// A proxy that fails is named, without its password, and the host behind it is not blamed.
func TestAProxyThatFailsIsNamed(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	for name, c := range map[string]struct {
		address string
		kind    transport.ConnectionKind
		says    string
	}{
		"nothing listens":  {nobody, transport.ConnectionProxy, "connection refused"},
		"no such host":     {"proxy.invalid:8080", transport.ConnectionProxy, "proxy.invalid"},
		"wants a password": {answering(t, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"), transport.ConnectionProxy, "it answered 407 Proxy Authentication Required"},
		"hangs up":         {answering(t, ""), transport.ConnectionBroken, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
			made, _, _ := newTestClient(t, service, func(o *graph.Options) {
				transport, ok := o.HTTPClient.Transport.(*http.Transport)
				if !ok {
					t.Fatal("the client has another transport")
				}
				transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", User: url.UserPassword("jane", "pa55word-of-jane"), Host: c.address})
			})
			_, err := getUser(context.Background(), made, clienttest.AdeleID)
			var failed *transport.ConnectionError
			if !errors.As(err, &failed) || failed.Kind != c.kind || failed.Proxy != "http://"+c.address || failed.Host != service.URL || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v (%+v), want kind %s", err, failed, c.kind)
			}
			if strings.Contains(err.Error(), "pa55word") {
				t.Errorf("the error holds the password: %v", err)
			}
			if len(service.All()) != 0 {
				t.Error("the host was asked")
			}
		})
	}
}

func TestWhatCanBeReadAsAProxy(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"": true, "http://proxy.contoso.example:8080": true, "proxy.contoso.example:8080": true, "proxy": true, "socks5://proxy:1080": true,
		"http://jane:p%zz@proxy": false, "proxy:port": false, "http://proxy:port": false, "two words": false,
	} {
		if got := transport.ReadableProxy(value); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}
