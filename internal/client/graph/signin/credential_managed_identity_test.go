package signin_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

// appService lets this process look like one in an App Service whose identity endpoint is a server.
func appService(t *testing.T, handle http.HandlerFunc) {
	t.Helper()
	for _, name := range []string{
		"IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET", "DEFAULT_IDENTITY_CLIENT_ID", "AZURE_POD_IDENTITY_AUTHORITY_HOST",
	} {
		t.Setenv(name, "")
	}
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	t.Setenv("IDENTITY_ENDPOINT", server.URL+"/msi/token")
	t.Setenv("IDENTITY_HEADER", theSecret)
}

func TestAManagedIdentitySignsInThroughItsEndpoint(t *testing.T) {
	for name, id := range map[string]string{"of the system": "", "of the user": clienttest.ClientID} {
		t.Run(name, func(t *testing.T) {
			var asked []*http.Request
			appService(t, func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r)
				clienttest.Reply(w, 200, fmt.Sprintf(`{"access_token":"managed","expires_on":"%d","resource":"x","token_type":"Bearer"}`, time.Now().Add(time.Hour).Unix()))
			})
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
			cloud, err := signin.Public.WithEndpoints(service.URL, "")
			if err != nil {
				t.Fatal(err)
			}
			options := graph.Options{HTTPClient: clienttest.Trust(t, service.Server), Retry: clienttest.QuickRetry}
			c, err := graph.New(cloud, newCredential(t, signin.Credentials{UseManagedIdentity: true, ClientID: id}, cloud, options), options)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := getUser(t.Context(), c, clienttest.AdeleUPN); err != nil {
				t.Fatal(err)
			}
			if got := service.All()[0].Header.Get("Authorization"); got != "Bearer managed" {
				t.Errorf("Authorization %q", got)
			}
			if len(asked) != 1 {
				t.Fatalf("%d token requests, want 1", len(asked))
			}
			query := asked[0].URL.Query()
			if asked[0].Header.Get("X-Identity-Header") != theSecret || query.Get("resource") != service.URL || query.Get("client_id") != id {
				t.Errorf("asked by %s with %v", asked[0].URL, asked[0].Header)
			}
		})
	}
}

func TestAManagedIdentityThatIsRefusedIsAnAuthError(t *testing.T) {
	appService(t, func(w http.ResponseWriter, _ *http.Request) {
		clienttest.Reply(w, 400, `{"error":"invalid_request","error_description":"Identity not found"}`)
	})
	c := signingInAs(t, signin.Credentials{UseManagedIdentity: true}, graph.Options{})
	err := c.SignIn(t.Context())
	if failed := wantAuthError(t, err); !strings.HasSuffix(failed.Message, "/msi/token answered HTTP 400: Identity not found") ||
		failed.Failure != signin.AuthIdentityRefused || failed.Status != 400 || failed.IdentityClientID != "" {
		t.Errorf("error %+v", failed)
	}
	if strings.Contains(fmt.Sprintf("%v %+v", err, err), theSecret) {
		t.Errorf("the error holds the header's secret: %v", err)
	}
}

// anywhere lets this process look like one on a machine whose environment names no identity endpoint.
func anywhere(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET",
		"DEFAULT_IDENTITY_CLIENT_ID", "AZURE_POD_IDENTITY_AUTHORITY_HOST",
	} {
		t.Setenv(name, "")
	}
}

var graphs atomic.Int64

// signingInAs makes a client that only signs in. azidentity keeps the tokens of managed identities for the whole process, by
// the address of Graph, so no two of these have the same.
func signingInAs(t *testing.T, credentials signin.Credentials, options graph.Options) *graph.Client {
	t.Helper()
	cloud, err := signin.Public.WithEndpoints(fmt.Sprintf("https://graph%d.example", graphs.Add(1)), "")
	if err != nil {
		t.Fatal(err)
	}
	options.Retry = clienttest.QuickRetry
	made, err := graph.New(cloud, newCredential(t, credentials, cloud, options), options)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// signInThrough makes a client with a managed identity whose requests a function answers.
func signInThrough(t *testing.T, credentials signin.Credentials, answer roundTripper) *graph.Client {
	t.Helper()
	credentials.UseManagedIdentity = true
	return signingInAs(t, credentials, graph.Options{HTTPClient: &http.Client{Transport: answer}})
}

func TestAManagedIdentityThatNobodyAnswersForIsGivenUpSoon(t *testing.T) {
	anywhere(t)
	for name, c := range map[string]struct {
		err   error
		tries int
	}{
		"packets get lost":          {context.DeadlineExceeded, 1},
		"the dialler's own timeout": {&net.OpError{Op: "dial", Err: timeoutError{}}, 1},
		"no way there":              {&net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}, 3},
		"hung up":                   {syscall.ECONNRESET, 3},
		"nothing listens":           {syscall.ECONNREFUSED, 1},
	} {
		t.Run(name, func(t *testing.T) {
			tries := 0
			client := signInThrough(t, signin.Credentials{}, func(r *http.Request) (*http.Response, error) {
				tries++
				until, bounded := r.Context().Deadline()
				if !bounded || time.Until(until) > 30*time.Second {
					t.Errorf("a try has until %v, want half a minute at most", until)
				}
				if r.URL.Host != "169.254.169.254" || r.Header.Get("Metadata") != "true" {
					t.Errorf("asked %s with %v", r.URL, r.Header)
				}
				return nil, c.err
			})
			failed := wantAuthError(t, client.SignIn(t.Context()))
			if tries != c.tries {
				t.Errorf("%d tries, want %d", tries, c.tries)
			}
			if !strings.HasPrefix(failed.Message, "no answer from http://169.254.169.254/metadata/identity/oauth2/token, where") ||
				failed.Failure != signin.AuthIdentityUnanswered {
				t.Errorf("failure %q, message %q", failed.Failure, failed.Message)
			}
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

func TestTheMetadataServiceIsAskedAgainAsItsDocumentationSays(t *testing.T) {
	anywhere(t)
	for status, again := range map[int]bool{400: false, 403: false, 404: true, 410: true, 429: true, 500: true, 501: true, 504: true} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			answered := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
				if n == 0 {
					clienttest.Reply(w, status, `{"error":"unknown","error_description":"Something."}`)
					return
				}
				clienttest.Reply(w, 200, fmt.Sprintf(`{"access_token":"managed","expires_on":"%d","token_type":"Bearer"}`, time.Now().Add(time.Hour).Unix()))
			})
			client := signingInAs(t, signin.Credentials{UseManagedIdentity: true, ManagedIdentityEndpoint: answered.URL + "/token"},
				graph.Options{HTTPClient: clienttest.Trust(t, answered.Server)})
			err := client.SignIn(t.Context())
			if asked := len(answered.All()); (err == nil) != again || (asked == 2) != again {
				t.Errorf("%d requests and error %v", asked, err)
			}
		})
	}
}

func TestAnEndpointInTheSettingsTakesThePlaceOfTheMetadataService(t *testing.T) {
	anywhere(t)
	identity := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.Reply(w, 200, fmt.Sprintf(`{"access_token":"managed","expires_on":"%d","token_type":"Bearer"}`, time.Now().Add(time.Hour).Unix()))
	})
	client := signingInAs(t, signin.Credentials{UseManagedIdentity: true, ClientID: clienttest.ClientID, ManagedIdentityEndpoint: identity.URL + "/some/where"},
		graph.Options{HTTPClient: clienttest.Trust(t, identity.Server)})
	if err := client.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	asked := identity.All()
	if len(asked) != 1 {
		t.Fatalf("%d requests, want 1", len(asked))
	}
	address, err := url.Parse(asked[0].Target)
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"api-version": {"2018-02-01"}, "resource": {client.Cloud().GraphEndpoint}, "client_id": {clienttest.ClientID}}
	if diff := cmp.Diff(want, address.Query()); diff != "" || address.Path != "/some/where" || asked[0].Header.Get("Metadata") != "true" {
		t.Errorf("asked %s with %v; query (-want +got):\n%s", address, asked[0].Header, diff)
	}
}

func TestTwoIdentityEndpointsAreOneTooMany(t *testing.T) {
	asked := 0
	appService(t, func(http.ResponseWriter, *http.Request) { asked++ })
	client := signingInAs(t, signin.Credentials{UseManagedIdentity: true, ManagedIdentityEndpoint: "http://localhost:1/token"}, graph.Options{})
	failed := wantAuthError(t, client.SignIn(t.Context()))
	if failed.Failure != signin.AuthTwoIdentityEndpoints || !strings.Contains(failed.Message, "/msi/token") || !strings.HasSuffix(failed.Address, "/msi/token") {
		t.Errorf("error %+v", failed)
	}
	if asked != 0 {
		t.Errorf("%d requests were sent", asked)
	}
}

func TestAnIdentityEndpointIsAnAddress(t *testing.T) {
	t.Parallel()
	for text, problem := range map[string]signin.CredentialProblem{
		"localhost":               signin.IdentityEndpointInvalid,
		"ftp://localhost/token":   signin.IdentityEndpointInvalid,
		"http:///token":           signin.IdentityEndpointInvalid,
		"http://%zz":              signin.IdentityEndpointInvalid,
		"http://u:hunter2@host/t": signin.IdentityEndpointNotBare,
		"http://host/t?x=1":       signin.IdentityEndpointNotBare,
		"http://host/t#x":         signin.IdentityEndpointNotBare,
	} {
		_, _, err := signin.Credentials{UseManagedIdentity: true, ManagedIdentityEndpoint: text}.NewCredential(signin.Public, transport.Options{})
		failed := wantCredentialError(t, err, problem)
		if failed.Method != signin.MethodManagedIdentity || failed.Value == "" || !strings.Contains(err.Error(), failed.Value) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestARefusedManagedIdentityTellsItsStatusAndWhichItIs(t *testing.T) {
	anywhere(t)
	for name, c := range map[string]struct {
		status               int
		body, client         string
		message, code, trace string
	}{
		"none on the machine": {400, `{"error":"invalid_request","error_description":"Identity not found"}`, "", "HTTP 400: Identity not found", "", ""},
		"another one":         {400, `{"error":"invalid_request","error_description":"Identity not found"}`, clienttest.ClientID, "HTTP 400: Identity not found", "", ""},
		"in App Service":      {400, `{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found"}`, clienttest.ClientID, "HTTP 400: No User Assigned", "", ""},
		"a proxy":             {403, `connecting to 169.254.169.254:80: network is unreachable`, "", "HTTP 403", "", ""},
		"Entra's refusal":     {400, `{"error":"invalid_request","error_description":"AADSTS90002: Tenant not found.","trace_id":"11"}`, "", "HTTP 400: Tenant not found.", "AADSTS90002", "11"},
	} {
		t.Run(name, func(t *testing.T) {
			identity := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, c.status, c.body) })
			client := signingInAs(t, signin.Credentials{UseManagedIdentity: true, ClientID: c.client, ManagedIdentityEndpoint: identity.URL + "/token"},
				graph.Options{HTTPClient: clienttest.Trust(t, identity.Server)})
			failed := wantAuthError(t, client.SignIn(t.Context()))
			if !strings.Contains(failed.Message, identity.URL+"/token answered "+c.message) || failed.Failure != signin.AuthIdentityRefused ||
				failed.Status != c.status || failed.IdentityClientID != c.client || failed.Code != c.code || failed.TraceID != c.trace || failed.Address != identity.URL+"/token" {
				t.Errorf("error %+v", failed)
			}
		})
	}
}

func TestAnIdentityEndpointThatIsNoneIsSaidToBe(t *testing.T) {
	anywhere(t)
	identity := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, "<html>") })
	client := signingInAs(t, signin.Credentials{UseManagedIdentity: true, ManagedIdentityEndpoint: identity.URL + "/token"}, graph.Options{HTTPClient: clienttest.Trust(t, identity.Server)})
	if failed := wantAuthError(t, client.SignIn(t.Context())); !strings.Contains(failed.Message, "something other than a token") || failed.Failure != signin.AuthIdentityForeignAnswer {
		t.Errorf("failure %q, message %q", failed.Failure, failed.Message)
	}
}

func TestTheEndOfTheContextEndsAManagedIdentity(t *testing.T) {
	anywhere(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := signInThrough(t, signin.Credentials{}, func(r *http.Request) (*http.Response, error) {
		cancel()
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	if err := client.SignIn(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestServiceFabricsIdentityIsPinnedToItsCertificate(t *testing.T) {
	for name, right := range map[string]bool{"right": true, "wrong": false} {
		t.Run(name, func(t *testing.T) {
			anywhere(t)
			asked := 0
			cluster := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
				asked++
				if r.Header.Get("Secret") != theSecret {
					t.Errorf("headers %v", r.Header)
				}
				clienttest.Reply(w, 200, fmt.Sprintf(`{"access_token":"managed","expires_on":%d,"token_type":"Bearer"}`, time.Now().Add(time.Hour).Unix()))
			})
			sum := sha1.Sum(cluster.Certificate().Raw)
			if !right {
				sum[0]++
			}
			t.Setenv("IDENTITY_ENDPOINT", cluster.URL+"/metadata/identity/oauth2/token")
			t.Setenv("IDENTITY_HEADER", theSecret)
			t.Setenv("IDENTITY_SERVER_THUMBPRINT", hex.EncodeToString(sum[:]))
			httpClient := clienttest.TrustNobodyElse(t)
			client := signingInAs(t, signin.Credentials{UseManagedIdentity: true}, graph.Options{HTTPClient: httpClient})
			err := client.SignIn(t.Context())
			if (err == nil) != right || (asked == 1) != right {
				t.Errorf("%d requests and error %v", asked, err)
			}
			if err != nil && strings.Contains(err.Error(), theSecret) {
				t.Errorf("the error holds the header's secret: %v", err)
			}
		})
	}
}

func TestAzureMachineLearningsIdentityIsAskedByItsSecret(t *testing.T) {
	anywhere(t)
	identity := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.Reply(w, 200, fmt.Sprintf(`{"access_token":"managed","expires_on":"%d","token_type":"Bearer"}`, time.Now().Add(time.Hour).Unix()))
	})
	t.Setenv("MSI_ENDPOINT", identity.URL+"/token")
	t.Setenv("MSI_SECRET", theSecret)
	client := signingInAs(t, signin.Credentials{UseManagedIdentity: true, ClientID: clienttest.ClientID}, graph.Options{HTTPClient: clienttest.Trust(t, identity.Server)})
	if err := client.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if asked := identity.All(); len(asked) != 1 || asked[0].Header.Get("Secret") != theSecret || !strings.Contains(asked[0].Target, "clientid="+clienttest.ClientID) {
		t.Errorf("asked %+v", asked)
	}
}

func TestCloudShellHasOneIdentity(t *testing.T) {
	anywhere(t)
	t.Setenv("MSI_ENDPOINT", "https://127.0.0.1:1/token")
	_, method, err := signin.Credentials{UseManagedIdentity: true, ClientID: clienttest.ClientID}.NewCredential(signin.Public, transport.Options{})
	if failed := wantCredentialError(t, err, signin.CredentialRefused); failed.Method != method || method != signin.MethodManagedIdentity || !strings.Contains(err.Error(), "signing in by managed identity: Cloud Shell doesn't support user-assigned managed identities") {
		t.Errorf("method %q, error %v", method, err)
	}
}
