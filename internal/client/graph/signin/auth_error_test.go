package signin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

// theSecret is searched for in every error of a sign-in.
const theSecret = "the~Secret.Value_0123456789"

var bySecret = signin.Credentials{TenantID: clienttest.TenantID, ClientID: clienttest.ClientID, ClientSecret: theSecret}

func TestTheAnswerOfTheTokenEndpointIsRead(t *testing.T) {
	t.Parallel()
	const tail = " Trace ID: 11 Correlation ID: 22 Timestamp: 2026-01-02 03:04:05Z"
	for _, tc := range []struct {
		name   string
		status int
		body   string
		want   signin.AuthError
	}{
		{
			"a code with its ids in the text", 401,
			`{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Ensure it is the value.` + tail + `","trace_id":"11","correlation_id":"22"}`,
			signin.AuthError{Failure: signin.AuthRefused, Code: "AADSTS7000215", Message: "Invalid client secret provided. Ensure it is the value.", TraceID: "11", CorrelationID: "22"},
		},
		{
			"the ids on lines of their own", 400,
			`{"error":"invalid_request","error_description":"AADSTS90002: Tenant 'x' not found.\r\nTrace ID: 11\r\nCorrelation ID: 22\r\nTimestamp: x","trace_id":"11","correlation_id":"22"}`,
			signin.AuthError{Failure: signin.AuthRefused, Code: "AADSTS90002", Message: "Tenant 'x' not found.", TraceID: "11", CorrelationID: "22"},
		},
		{
			"a code that has no remedy of its own", 400, `{"error":"invalid_request","error_description":"AADSTS999999: Something new."}`,
			signin.AuthError{Failure: signin.AuthRefused, Code: "AADSTS999999", Message: "Something new."},
		},
		{
			"no code", 400, `{"error":"invalid_request","error_description":"Identity not found"}`,
			signin.AuthError{Failure: signin.AuthRefused, Message: "Identity not found"},
		},
		{"no description", 400, `{"error":"temporarily_unavailable"}`, signin.AuthError{Failure: signin.AuthRefused, Message: "temporarily_unavailable"}},
		{"only ids", 400, `{"error":"invalid_client","error_description":"Trace ID: 11"}`, signin.AuthError{Failure: signin.AuthRefused, Message: "invalid_client"}},
		{"HTML", 502, "<html>", signin.AuthError{Failure: signin.AuthForeignAnswer, Message: "the sign-in service answered HTTP 502 with something other than its own error"}},
		{"nothing", 503, "", signin.AuthError{Failure: signin.AuthForeignAnswer, Message: "the sign-in service answered HTTP 503 with something other than its own error"}},
		{"JSON of somebody else", 404, `{"message":"x"}`, signin.AuthError{Failure: signin.AuthForeignAnswer, Message: "the sign-in service answered HTTP 404 with something other than its own error"}},
		{"Graph's form", 400, `{"error":{"code":"x"}}`, signin.AuthError{Failure: signin.AuthForeignAnswer, Message: "the sign-in service answered HTTP 400 with something other than its own error"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := signin.NewAuthError(tc.status, []byte(tc.body))
			if diff := cmp.Diff(&tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, id := range []string{"Trace ID", "Correlation ID", "Timestamp"} {
				if strings.Contains(got.Message, id) {
					t.Errorf("the message holds the %s: %s", id, got.Message)
				}
			}
		})
	}
}

func TestTheTextOfAFailedSignIn(t *testing.T) {
	t.Parallel()
	full := signin.AuthError{
		Failure: signin.AuthRefused, Code: "AADSTS90002", Message: "Tenant not found.", TraceID: "11", CorrelationID: "22",
		Method: signin.MethodClientSecret, Origin: "a file",
	}
	if got, want := full.Error(), "unable to sign in to Microsoft Entra ID: AADSTS90002: Tenant not found; "+
		"the credential (client secret) is from a file (trace id 11, correlation id 22)"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	bare := signin.AuthError{Failure: signin.AuthRefused, Message: "no token"}
	if got, want := bare.Error(), "unable to sign in to Microsoft Entra ID: no token"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// bothWays runs a check on a failed sign-in that came by itself and on one that came with a call to Graph.
func bothWays(t *testing.T, start func(t *testing.T) *graph.Client, check func(t *testing.T, err error)) {
	t.Helper()
	for name, try := range map[string]func(ctx context.Context, c *graph.Client) error{
		"on its own": func(ctx context.Context, c *graph.Client) error { return c.SignIn(ctx) },
		"in a Graph call": func(ctx context.Context, c *graph.Client) error {
			_, err := getUser(ctx, c, clienttest.AdeleUPN)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A failure that is repeated with the pauses of these tests ends with the context and not with itself.
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := try(ctx, start(t))
			if err == nil {
				t.Fatal("the sign-in did not fail")
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, theSecret) {
					t.Errorf("the error holds the secret: %s", text)
				}
			}
			check(t, err)
		})
	}
}

func wantAuthError(t *testing.T, err error) *signin.AuthError {
	t.Helper()
	var failed *signin.AuthError
	if !errors.As(err, &failed) {
		t.Fatalf("error %T %v, want an *AuthError", err, err)
	}
	if failed.Failure == "" {
		t.Error("the failure has no code")
	}
	return failed
}

func TestARefusedSignInIsAnAuthErrorWithItsCode(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		code, kind, text string
		status           int
		// discovery is set where the tenant's own page refuses, before any token is asked for.
		discovery bool
	}{
		{"AADSTS7000215", "invalid_client", "Invalid client secret provided.", 401, false},
		{"AADSTS7000222", "invalid_client", "The provided client secret keys are expired.", 401, false},
		{"AADSTS700016", "unauthorized_client", "Application with identifier 'x' was not found in the directory 'y'.", 400, false},
		{"AADSTS90002", "invalid_request", "Tenant 'x' not found.", 400, true},
	} {
		t.Run(tc.code, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T) *graph.Client {
				t.Helper()
				refuse := func(w http.ResponseWriter) { clienttest.RefuseToken(w, tc.status, tc.kind, tc.code+": "+tc.text) }
				entra := clienttest.NewEntra(t, func(w http.ResponseWriter, _ url.Values, _ int) { refuse(w) })
				if tc.discovery {
					entra = clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { refuse(w) })
				}
				t.Cleanup(func() {
					requests := entra.All()
					if last := requests[len(requests)-1]; !tc.discovery && !strings.Contains(last.Body, url.QueryEscape(theSecret)) {
						t.Errorf("the secret was not sent, so that its absence from the error means nothing: %s", last.Body)
					}
					if n := entra.Count(http.MethodPost); n > 1 {
						t.Errorf("a refused sign-in was tried %d times", n)
					}
				})
				return signingInAt(t, entra.URL, bySecret, graph.Options{})
			}, func(t *testing.T, err error) {
				t.Helper()
				want := signin.AuthError{Failure: signin.AuthRefused, Code: tc.code, Message: tc.text, TraceID: "trace-1", CorrelationID: "correlation-1", Method: signin.MethodClientSecret}
				if diff := cmp.Diff(&want, wantAuthError(t, err)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestASignInServiceThatIsNotOneIsSaidToBe(t *testing.T) {
	t.Parallel()
	const says = "with something other than"
	page := func(status int) func(w http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<html>Sign in to the network first</html>"))
		}
	}
	for name, answer := range map[string]func(w http.ResponseWriter){
		"a page under HTTP 200": page(200), "a page under HTTP 403": page(403), "a page under HTTP 503": page(503),
		"nothing under HTTP 200": func(w http.ResponseWriter) { clienttest.Reply(w, 200, "") },
		"a token cut short": func(w http.ResponseWriter) {
			clienttest.Reply(w, 200, `{"token_type":"Bearer","access_token":"`+theSecret)
		},
		"another service's answer":  func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"hello":"world"}`) },
		"another service's refusal": func(w http.ResponseWriter) { clienttest.Reply(w, 404, `{"message":"no route"}`) },
		"a redirect to another sign-in": func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://127.0.0.1:1/")
			w.WriteHeader(http.StatusFound)
		},
		"a token that is not of a token": func(w http.ResponseWriter) { clienttest.Reply(w, 200, `[]`) },
	} {
		for _, discovery := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, from the start %t", name, discovery), func(t *testing.T) {
				t.Parallel()
				bothWays(t, func(t *testing.T) *graph.Client {
					t.Helper()
					entra := clienttest.NewEntra(t, func(w http.ResponseWriter, _ url.Values, _ int) { answer(w) })
					if discovery {
						entra = clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { answer(w) })
					}
					return signingInAt(t, entra.URL, bySecret, graph.Options{})
				}, func(t *testing.T, err error) {
					t.Helper()
					failed := wantAuthError(t, err)
					if !strings.Contains(failed.Message, says) || failed.Failure != signin.AuthForeignAnswer {
						t.Errorf("failure %q, message %q", failed.Failure, failed.Message)
					}
					if strings.Contains(err.Error(), "<html>") || strings.Contains(err.Error(), "\n") {
						t.Errorf("the error repeats the page: %v", err)
					}
				})
			})
		}
	}
}

// unrepeated makes a repetition last so long that a test sees it.
var unrepeated = graph.Options{Retry: clienttest.QuickRetry}

func init() { unrepeated.Retry.RetryDelay, unrepeated.Retry.MaxRetryDelay = time.Hour, time.Hour }

func TestASignInWithoutAnAnswerSaysWhy(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		kind    transport.ConnectionKind
		address func(t *testing.T) string
	}{
		{"a certificate that nobody vouches for", transport.ConnectionUntrusted, func(t *testing.T) string {
			t.Helper()
			return clienttest.NewEntra(t, clienttest.GiveToken).URL
		}},
		{"nothing listens", transport.ConnectionRefused, func(*testing.T) string { return "https://127.0.0.1:1" }},
		{"no TLS", transport.ConnectionNoTLS, func(t *testing.T) string {
			t.Helper()
			plain := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(plain.Close)
			return strings.Replace(plain.URL, "http:", "https:", 1)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			bothWays(t, func(t *testing.T) *graph.Client {
				t.Helper()
				options := unrepeated
				options.HTTPClient = clienttest.TrustNobodyElse(t)
				return signingInAt(t, tc.address(t), bySecret, options)
			}, func(t *testing.T, err error) {
				t.Helper()
				var connection *transport.ConnectionError
				if !errors.As(err, &connection) {
					t.Fatalf("error %T %v, want a *ConnectionError", err, err)
				}
				if connection.Kind != tc.kind || connection.Operation != "sign in" || !strings.HasPrefix(connection.Host, "https://127.0.0.1:") {
					t.Errorf("kind %q in %q at %q, want %q", connection.Kind, connection.Operation, connection.Host, tc.kind)
				}
			})
		})
	}
}

func TestASignInThatBreaksOffIsRepeated(t *testing.T) {
	t.Parallel()
	entra := clienttest.NewEntra(t, func(w http.ResponseWriter, form url.Values, n int) {
		switch n {
		case 0:
			clienttest.HangUp(w, "")
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			clienttest.GiveToken(w, form, n)
		}
	})
	c := signingInAt(t, entra.URL, bySecret, graph.Options{})
	if err := c.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(clienttest.TokenRequests(entra)); n != 3 {
		t.Errorf("%d token requests, want 3", n)
	}
}

func TestASignInServesTheCallsThatFollow(t *testing.T) {
	t.Parallel()
	entra := clienttest.NewEntra(t, clienttest.GiveToken)
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
	cloud, err := signin.Public.WithEndpoints(service.URL, entra.URL)
	if err != nil {
		t.Fatal(err)
	}
	options := graph.Options{HTTPClient: clienttest.Trust(t, service.Server), Retry: clienttest.QuickRetry}
	c, err := graph.New(cloud, newCredential(t, bySecret, cloud, options), options)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := getUser(t.Context(), c, clienttest.AdeleUPN); err != nil {
			t.Fatal(err)
		}
	}
	forms := clienttest.TokenRequests(entra)
	if len(forms) != 1 {
		t.Fatalf("%d token requests, want 1", len(forms))
	}
	for field, want := range map[string]string{
		"client_id": clienttest.ClientID, "client_secret": theSecret, "grant_type": "client_credentials",
	} {
		if got := forms[0].Get(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	if !strings.HasPrefix(forms[0].Get("scope"), service.URL+"/.default") {
		t.Errorf("scope %q", forms[0].Get("scope"))
	}
	if !strings.Contains(forms[0].Get("claims"), "CP1") {
		t.Errorf("the token is not one that can be challenged: claims %q", forms[0].Get("claims"))
	}
	for _, request := range service.All() {
		if got := request.Header.Get("Authorization"); got != "Bearer issued-token-1" {
			t.Errorf("Authorization %q", got)
		}
	}
	for _, request := range entra.All() {
		if request.Header.Get("Authorization") != "" {
			t.Error("the token went to the sign-in service")
		}
	}
}

func TestTheEndOfTheContextEndsASignIn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	entra := clienttest.NewRecorder(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		cancel()
		<-r.Context().Done()
	})
	c := signingInAt(t, entra.URL, bySecret, graph.Options{})
	err := c.SignIn(ctx)
	if !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "unable to sign in: ") {
		t.Errorf("error %v", err)
	}
	var connection *transport.ConnectionError
	if errors.As(err, &connection) {
		t.Error("the end of the context is reported as a failed connection")
	}
}
