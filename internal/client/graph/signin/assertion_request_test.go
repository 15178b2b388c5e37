package signin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

// ask sends one request for an assertion to a server.
func ask(t *testing.T, ci *clienttest.Recorder, change func(*signin.Credentials)) (string, error) {
	t.Helper()
	credentials := signin.Credentials{UseOIDC: true, OIDCRequestURL: ci.URL + "/token", OIDCRequestToken: theSecret}
	if change != nil {
		change(&credentials)
	}
	source, err := credentials.AssertionSource(transport.Options{HTTPClient: clienttest.Trust(t, ci.Server), Retry: clienttest.QuickRetry}.AzureOptions())
	if err != nil {
		t.Fatal(err)
	}
	return source(t.Context())
}

func TestGitHubIsAskedForAnAssertion(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, query string
		want        url.Values
	}{
		{"without an audience", "?api-version=2.0&x=a%20b", url.Values{"api-version": {"2.0"}, "x": {"a b"}, "audience": {"api://AzureADTokenExchange"}}},
		{"with an audience", "?audience=api%3A%2F%2FChina", url.Values{"audience": {"api://China"}}},
		{"without a query", "", url.Values{"audience": {"api://AzureADTokenExchange"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			ci := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				clienttest.Reply(w, 200, `{"count":1,"value":"the-assertion"}`)
			})
			got, err := ask(t, ci, func(c *signin.Credentials) { c.OIDCRequestURL += tc.query })
			if err != nil || got != "the-assertion" {
				t.Fatalf("got %q and error %v", got, err)
			}
			request := ci.All()[0]
			address, err := url.Parse(request.Target)
			if err != nil {
				t.Fatal(err)
			}
			if request.Method != http.MethodGet || address.Path != "/token" || request.Header.Get("Authorization") != "Bearer "+theSecret {
				t.Errorf("%s %s, Authorization %q", request.Method, address.Path, request.Header.Get("Authorization"))
			}
			if diff := cmp.Diff(tc.want, address.Query()); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAzureDevOpsIsAskedForAnAssertion(t *testing.T) {
	t.Parallel()
	ci := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.Reply(w, 200, `{"oidcToken":"the-assertion"}`)
	})
	got, err := ask(t, ci, func(c *signin.Credentials) { c.ADOPipelineServiceConnectionID = "connection/1" })
	if err != nil || got != "the-assertion" {
		t.Fatalf("got %q and error %v", got, err)
	}
	request := ci.All()[0]
	address, err := url.Parse(request.Target)
	if err != nil {
		t.Fatal(err)
	}
	if request.Method != http.MethodPost || request.Body != "" || request.Header.Get("Authorization") != "Bearer "+theSecret ||
		request.Header.Get("X-TFS-FedAuthRedirect") != "Suppress" || request.Header.Get("Accept") != "application/json" {
		t.Errorf("request %+v", request)
	}
	if diff := cmp.Diff(url.Values{"api-version": {"7.1"}, "serviceConnectionId": {"connection/1"}}, address.Query()); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
}

func TestAFailedRequestForAnAssertionHoldsNoToken(t *testing.T) {
	t.Parallel()
	const leaked = "half-an-assertion"
	for _, tc := range []struct {
		name   string
		Answer func(w http.ResponseWriter)
		says   string
	}{
		{"refused", func(w http.ResponseWriter) { clienttest.Reply(w, 403, `{"message":"`+leaked+`"}`) }, "it answered HTTP 403"},
		{"redirected to a sign-in page", func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://127.0.0.1:1/")
			w.WriteHeader(http.StatusFound)
		}, "it answered HTTP 302"},
		{"a page", func(w http.ResponseWriter) { clienttest.Reply(w, 200, "<html>"+leaked) }, "its answer is not JSON"},
		{"cut short", func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"value":"`+leaked) }, "its answer is not JSON"},
		{"no token", func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"other":"`+leaked+`"}`) }, "its answer holds no token"},
		{"an empty token", func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"value":""}`) }, "its answer holds no token"},
		{"broken off", func(w http.ResponseWriter) {
			clienttest.HangUp(w, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"value\":\""+leaked)
		}, "unexpected EOF"},
	} {
		for place, connection := range map[string]string{"GitHub Actions": "", "Azure DevOps": "connection"} {
			t.Run(place+" "+tc.name, func(t *testing.T) {
				t.Parallel()
				ci := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { tc.Answer(w) })
				got, err := ask(t, ci, func(c *signin.Credentials) { c.ADOPipelineServiceConnectionID = connection })
				if got != "" {
					t.Errorf("got %q", got)
				}
				failed := wantAuthError(t, err)
				if !strings.Contains(failed.Message, place+" gave no OpenID Connect token: "+tc.says) || failed.Failure != signin.AuthAssertionRefused {
					t.Errorf("failure %q, message %q", failed.Failure, failed.Message)
				}
				for _, secret := range []string{theSecret, leaked} {
					if strings.Contains(err.Error(), secret) {
						t.Errorf("the error holds %q: %v", secret, err)
					}
				}
				if ci.All()[0].Header.Get("Authorization") != "Bearer "+theSecret {
					t.Error("the token was not sent, so that its absence from the error means nothing")
				}
			})
		}
	}
}

func TestARequestForAnAssertionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ci := clienttest.NewRecorder(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		cancel()
		<-r.Context().Done()
	})
	credentials := signin.Credentials{OIDCRequestURL: ci.URL, OIDCRequestToken: theSecret}
	source, err := credentials.AssertionSource(transport.Options{HTTPClient: clienttest.Trust(t, ci.Server), Retry: clienttest.QuickRetry}.AzureOptions())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAnAssertionIsNeverAskedForWithoutTLS(t *testing.T) {
	t.Parallel()
	for address, problem := range map[string]signin.CredentialProblem{
		"http://ci.example/token": signin.AssertionWithoutTLS,
		"ci.example/token":        signin.AssertionNoURL,
		"":                        signin.AssertionNoURL,
		"https://%zz":             signin.AssertionNoURL,
	} {
		credentials := signin.Credentials{TenantID: clienttest.TenantID, ClientID: clienttest.ClientID, UseOIDC: true, OIDCRequestURL: address, OIDCRequestToken: theSecret}
		_, err := credentials.AssertionSource(policy.ClientOptions{})
		failed := wantCredentialError(t, err, problem)
		if failed.Value != address || !strings.Contains(err.Error(), fmt.Sprintf("%q", address)) || strings.Contains(err.Error(), theSecret) {
			t.Errorf("%q: error %v", address, err)
		}
	}
	_, method, err := signin.Credentials{TenantID: clienttest.TenantID, ClientID: clienttest.ClientID, UseOIDC: true, OIDCRequestURL: "http://ci.example", OIDCRequestToken: "x"}.
		NewCredential(signin.Public, transport.Options{})
	if err == nil || method != signin.MethodOIDC {
		t.Errorf("method %q, error %v", method, err)
	}
}

func TestARequestForAnAssertionIsRepeatedWhereThatHelps(t *testing.T) {
	t.Parallel()
	for place, connection := range map[string]string{"GitHub Actions": "", "Azure DevOps": "connection"} {
		for status, again := range map[int]bool{400: false, 401: false, 403: false, 404: false, 429: true, 500: true, 502: true, 503: true, 504: true} {
			t.Run(fmt.Sprintf("%s %d", place, status), func(t *testing.T) {
				t.Parallel()
				ci := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
					if n == 0 {
						clienttest.Reply(w, status, "{}")
						return
					}
					clienttest.Reply(w, 200, `{"value":"the-assertion"}`)
				})
				got, err := ask(t, ci, func(c *signin.Credentials) { c.ADOPipelineServiceConnectionID = connection })
				if (err == nil && got == "the-assertion") != again {
					t.Errorf("got %q and error %v", got, err)
				}
				want := 1
				if again {
					want = 2
				}
				if sent := ci.All(); len(sent) != want || sent[len(sent)-1].Header.Get("Authorization") != "Bearer "+theSecret {
					t.Errorf("%d requests, want %d", len(sent), want)
				}
			})
		}
	}
	t.Run("not for ever", func(t *testing.T) {
		t.Parallel()
		ci := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 503, "{}") })
		_, err := ask(t, ci, nil)
		if failed := wantAuthError(t, err); !strings.Contains(failed.Message, "it answered HTTP 503") {
			t.Errorf("message %q", failed.Message)
		}
		if sent := len(ci.All()); sent != int(clienttest.QuickRetry.MaxRetries)+1 {
			t.Errorf("%d requests", sent)
		}
	})
}
