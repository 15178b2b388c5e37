// Package transport sends HTTP requests and says why one got no answer. It has the one HTTP client of a process.
package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// NewHTTPClient makes the one HTTP client of a process: HTTP/2, connections kept, proxies from the environment, and no
// redirects, because Graph has none and a token must not travel along. The PEM certificates of caBundle are trusted
// beside the system's authorities; nil adds none.
func NewHTTPClient(caBundle []byte) (*http.Client, error) {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("the process has replaced Go's standard HTTP transport")
	}
	transport := base.Clone()
	transport.MaxIdleConnsPerHost = 32
	learnProxies()
	transport.Proxy, transport.OnProxyConnectResponse = proxyFromEnvironment, refusedByProxy
	// A server that accepts a request and never answers must not hold a run for ever.
	transport.ResponseHeaderTimeout = 2 * time.Minute
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if caBundle != nil {
		authorities, err := x509.SystemCertPool()
		if err != nil {
			authorities = x509.NewCertPool()
		}
		if !authorities.AppendCertsFromPEM(caBundle) {
			return nil, errors.New("the CA bundle holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
		}
		transport.TLSClientConfig.RootCAs = authorities
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// Transporter hands requests to an HTTP client and keeps the error of a request that got no answer: azidentity passes on
// only the text of such an error, and texts are no way to tell errors apart.
type Transporter struct{ Client *http.Client }

// Do sends a request.
func (t Transporter) Do(request *http.Request) (*http.Response, error) {
	sent, err := learnSent(request)
	if err != nil {
		return nil, err
	}
	response, err := t.Client.Do(sent) //nolint:gosec // The addresses are those that the caller configured, and links that were checked against them.
	if err == nil {
		response.Body = &boundedBody{ReadCloser: response.Body, left: MaxResponseBytes}
	} else if base, ok := t.Client.Transport.(*http.Transport); ok {
		err = nameProxy(request, base.Proxy, err)
	}
	if record, ok := request.Context().Value(failureRecordKey{}).(*FailureRecord); ok {
		status := 0
		if err == nil {
			status = response.StatusCode
		}
		record.set(request.URL.Scheme+"://"+request.URL.Host, status, err)
	}
	return response, err
}

// MaxResponseBytes bounds an answer, decompressed. The largest that Graph can have reason to send is a list of 195 named
// locations of 2,000 ranges each, about 35 MB.
const MaxResponseBytes = 64 << 20

// boundedBody is the body of an answer that ends with an *oversizedError where it does not end by itself.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into[:min(int64(len(into)), b.left+1)])
	b.left -= int64(n)
	if b.left < 0 {
		return n, &OversizedError{}
	}
	return n, err
}

// OversizedError is an answer that was given up because it is too large.
type OversizedError struct{}

func (*OversizedError) Error() string {
	return fmt.Sprintf("the answer is larger than %d MiB and was not read to its end", MaxResponseBytes>>20)
}

// NonRetriable keeps azcore and azidentity from reading it all again.
func (*OversizedError) NonRetriable() {}

type failureRecordKey struct{}

// FailureRecord holds how the latest request under a context ended, and what this package's own part of a sign-in, the
// source of assertions, failed by.
type FailureRecord struct {
	mutex  sync.Mutex
	host   string
	status int
	err    error
	own    error
}

func (r *FailureRecord) set(host string, status int, err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.host, r.status, r.err = host, status, err
}

// Get returns the host of the latest request and either its status or its error.
func (r *FailureRecord) Get() (host string, status int, err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.host, r.status, r.err
}

// RecordFailure keeps a failure of the caller's own, such as a source of assertions that has none, under a context of WithFailureRecord.
func RecordFailure(ctx context.Context, own error) {
	record, ok := ctx.Value(failureRecordKey{}).(*FailureRecord)
	if !ok {
		return
	}
	record.mutex.Lock()
	defer record.mutex.Unlock()
	record.own = own
}

// Own returns what RecordFailure has kept.
func (r *FailureRecord) Own() error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.own
}

// WithFailureRecord returns a context whose requests are recorded.
func WithFailureRecord(ctx context.Context) (context.Context, *FailureRecord) {
	record := &FailureRecord{}
	return context.WithValue(ctx, failureRecordKey{}, record), record
}

// ConnectionKind says why a request got no answer.
type ConnectionKind string

const (
	// ConnectionUntrusted is a certificate that no trusted authority signed.
	ConnectionUntrusted ConnectionKind = "untrusted"
	// ConnectionNoHost is a name that does not resolve.
	ConnectionNoHost ConnectionKind = "no_host"
	// ConnectionNoTLS is a server that does not speak TLS.
	ConnectionNoTLS ConnectionKind = "no_tls"
	// ConnectionRefused is a host on which nothing listens.
	ConnectionRefused ConnectionKind = "refused"
	// ConnectionProxy is a proxy that cannot be used.
	ConnectionProxy ConnectionKind = "proxy"
	// ConnectionOversized is an answer that was given up because it is too large.
	ConnectionOversized ConnectionKind = "oversized"
	// ConnectionBroken is everything else: time-outs, resets.
	ConnectionBroken ConnectionKind = "broken"
)

// ConnectionError is a request that got no answer.
type ConnectionError struct {
	Operation string
	// Host is scheme, host and port.
	Host string
	Kind ConnectionKind
	// Proxy is the proxy that the host was asked through, without user and password; empty for none, and for one that is not an address.
	Proxy string
	Err   error
}

// NewConnectionError describes the error of a request that got no answer.
func NewConnectionError(operation, host string, err error) *ConnectionError {
	failed := &ConnectionError{Operation: operation, Host: host, Kind: KindOf(err), Err: WithoutAddress(err)}
	var proxy *proxyError
	if errors.As(err, &proxy) {
		failed.Proxy, failed.Err = proxy.address, proxy.err
	}
	return failed
}

// Cause is the transport's own text, as it may be shown.
func (e *ConnectionError) Cause() string { return redact.ForeignText(e.Err.Error()) }

// Error says which host did not answer and why.
func (e *ConnectionError) Error() string {
	reason := map[ConnectionKind]string{
		ConnectionUntrusted: "its TLS certificate is not trusted",
		ConnectionNoHost:    "its name does not resolve",
		ConnectionNoTLS:     "it does not speak TLS",
		ConnectionRefused:   "nothing listens there",
		ConnectionProxy:     strings.Join(strings.Fields("the proxy "+e.Proxy+" cannot be used"), " "),
		ConnectionOversized: "or one without an end",
		ConnectionBroken:    "the connection failed",
	}[e.Kind]
	return fmt.Sprintf("unable to %s: %s gave no answer, %s: %s", e.Operation, e.Host, reason, e.Cause())
}

// Unwrap returns the transport's error.
func (e *ConnectionError) Unwrap() error { return e.Err }

// KindOf returns why a request got no answer.
func KindOf(err error) ConnectionKind {
	var (
		verification *tls.CertificateVerificationError
		record       tls.RecordHeaderError
		name         *net.DNSError
		oversized    *OversizedError
		proxy        *proxyError
	)
	switch {
	case errors.As(err, &proxy) && !proxy.passed:
		return ConnectionProxy
	case errors.As(err, &oversized):
		return ConnectionOversized
	case errors.As(err, &verification):
		return ConnectionUntrusted
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return ConnectionNoTLS
	case errors.As(err, &name) && name.IsNotFound:
		return ConnectionNoHost
	case errors.Is(err, syscall.ECONNREFUSED):
		return ConnectionRefused
	}
	return ConnectionBroken
}

// WithoutAddress takes the address off an error of net/http or net/url: its query may hold what belongs to nobody else.
func WithoutAddress(err error) error {
	var withAddress *url.Error
	if errors.As(err, &withAddress) {
		return withAddress.Err
	}
	return err
}

// ShouldRetry repeats what may pass by itself: throttling, server errors and broken connections. A certificate that is
// not trusted, a name that does not exist and a port where nothing listens do not heal while somebody waits.
func ShouldRetry(response *http.Response, err error) bool {
	if err != nil {
		var proxy *proxyError
		return KindOf(err) == ConnectionBroken || (errors.As(err, &proxy) && proxy.passes())
	}
	switch response.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

var _ policy.Transporter = Transporter{}
