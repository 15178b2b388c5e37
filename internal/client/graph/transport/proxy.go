package transport

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// proxyError is a request that went to a proxy, or would have. Without it, a host that was never asked would get the blame.
type proxyError struct {
	// address is the proxy's without user and password; empty where it cannot be read.
	address string
	// passed is set where the proxy had taken the request on, as far as anybody knows.
	passed bool
	err    error
}

func (e *proxyError) Error() string { return e.err.Error() }

func (e *proxyError) Unwrap() error { return e.err }

// passes reports whether the proxy may work a moment later: a connection that broke, and no address or refusal of its own.
func (e *proxyError) passes() bool {
	var operation net.Error
	return errors.As(e.err, &operation) && KindOf(e.err) == ConnectionBroken
}

// refusedByProxyError is a proxy's answer to CONNECT other than 200.
type refusedByProxyError struct{ status string }

func (e *refusedByProxyError) Error() string {
	return "it answered " + e.status + " and made no connection"
}

// proxyFromEnvironment is net/http's, which silently goes without a proxy where it cannot read the address of one. Here that
// is an error, for the hosts that the proxy is for.
//
// Source: https://pkg.go.dev/net/http#ProxyFromEnvironment
func proxyFromEnvironment(request *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(request)
	environment := httpproxy.FromEnvironment()
	// Another variable could be meant for plain HTTP, over which only identity endpoints are asked.
	if err == nil && (request.URL.Scheme != "https" || ReadableProxy(environment.HTTPSProxy)) {
		return proxy, nil
	}
	meant := httpproxy.Config{HTTPSProxy: "http://proxy.invalid", NoProxy: environment.NoProxy}
	if used, meantErr := meant.ProxyFunc()(request.URL); err == nil && meantErr == nil && used == nil {
		return nil, nil
	}
	// net/http would put the value into the text, password and all.
	return nil, &proxyError{err: errors.New("HTTPS_PROXY is not the address of a proxy")}
}

// ReadableProxy reports whether a value of HTTPS_PROXY is an address; an empty one is none.
func ReadableProxy(value string) bool {
	if value == "" {
		return true
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	address, err := url.Parse(value)
	return err == nil && address.Scheme != "" && address.Host != ""
}

// refusedByProxy is net/http's hook for the answer to CONNECT; on its own net/http keeps only the words of the status.
func refusedByProxy(_ context.Context, proxy *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{address: proxyAddress(proxy), err: &refusedByProxyError{redact.ForeignText(response.Status)}}
}

// proxyAddress is scheme and host.
func proxyAddress(proxy *url.URL) string {
	return redact.ForeignText(proxy.Scheme + "://" + proxy.Host)
}

// nameProxy makes the failure of a request that was for a proxy a *proxyError. choose is the function that chose it.
func nameProxy(request *http.Request, choose func(*http.Request) (*url.URL, error), err error) error {
	var named *proxyError
	if choose == nil || errors.As(err, &named) {
		return err
	}
	chosen, chooseErr := choose(request)
	if chooseErr != nil || chosen == nil {
		return err
	}
	var operation *net.OpError
	if errors.As(err, &operation) && operation.Op == "proxyconnect" {
		return &proxyError{address: proxyAddress(chosen), err: operation.Err}
	}
	return &proxyError{address: proxyAddress(chosen), passed: true, err: WithoutAddress(err)}
}

// learnProxies learns the passwords of the proxies of the environment.
func learnProxies() {
	for _, variable := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"} {
		value := os.Getenv(variable)
		_, rest, found := strings.Cut(value, "://")
		if !found {
			rest = value
		}
		// Not by net/url: what it cannot read holds a password all the same.
		at := strings.LastIndex(rest, "@")
		if at < 0 {
			continue
		}
		redact.Learn("proxy password", base64.StdEncoding.EncodeToString([]byte(rest[:at])))
		if _, password, found := strings.Cut(rest[:at], ":"); found {
			redact.Learn("proxy password", password)
			if plain, err := url.PathUnescape(password); err == nil {
				redact.Learn("proxy password", plain)
			}
		}
	}
}
