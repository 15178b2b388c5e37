package signin_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/golang-jwt/jwt/v5"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
)

// signer is a certificate with its key.
type signer struct {
	certificate *x509.Certificate
	key         *rsa.PrivateKey
	pem         string
}

func newSigner(t *testing.T) signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "terraform"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signer{certificate, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

func clientOptions(f *emulatortest.Fixture) azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: f.Server.URL()},
		Transport: f.HTTP,
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

// signIn makes a function that gets a token from a credential and uses it.
func signIn(f *emulatortest.Fixture) func(azcore.TokenCredential, error) {
	return func(credential azcore.TokenCredential, err error) {
		f.T.Helper()
		if err != nil {
			f.T.Fatal(err)
		}
		token, err := credential.GetToken(f.Ctx, policy.TokenRequestOptions{Scopes: []string{f.Server.URL() + "/.default"}, EnableCAE: true})
		if err != nil {
			f.T.Fatal(err)
		}
		f.Token = token.Token
		if got := f.State(emulatortest.Adele); got != "disabled" {
			f.T.Errorf("state is %s", got)
		}
		if remaining := time.Until(token.ExpiresOn); remaining < 50*time.Minute || remaining > 70*time.Minute {
			f.T.Errorf("the token expires in %s", remaining)
		}
	}
}

func TestAzidentitySignsInBySecret(t *testing.T) {
	f := emulatortest.Start(t)
	signIn(f)(azidentity.NewClientSecretCredential(emulator.SampleTenantID, emulator.SampleAppID, emulator.SampleSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: clientOptions(f), DisableInstanceDiscovery: true}))
	t.Run("domain instead of the tenant id", func(_ *testing.T) {
		signIn(f)(azidentity.NewClientSecretCredential("contoso.example", emulator.SampleAppID, emulator.SampleSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: clientOptions(f), DisableInstanceDiscovery: true}))
	})
}

func TestAzidentitySignsInByCertificate(t *testing.T) {
	f := emulatortest.Start(t)
	signer := newSigner(t)
	if _, err := f.Control.PatchApp(f.Ctx, emulator.SampleAppID, control.AppPatch{
		Certificates: &[]control.Certificate{{PEM: newSigner(t).pem}, {PEM: signer.pem}},
	}); err != nil {
		t.Fatal(err)
	}
	signIn(f)(azidentity.NewClientCertificateCredential(emulator.SampleTenantID, emulator.SampleAppID,
		[]*x509.Certificate{signer.certificate}, signer.key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: clientOptions(f), DisableInstanceDiscovery: true}))
}

func TestAzidentitySignsInByFederatedAssertion(t *testing.T) {
	f := emulatortest.Start(t)
	signIn(f)(azidentity.NewClientAssertionCredential(emulator.SampleTenantID, emulator.SampleAppID,
		func(ctx context.Context) (string, error) {
			return f.Control.IssueAssertion(ctx, control.AssertionRequest{
				Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:contoso/mfa:ref:refs/heads/main",
			})
		},
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: clientOptions(f), DisableInstanceDiscovery: true}))
}

func TestAzurePipelinesSignIn(t *testing.T) {
	f := emulatortest.Start(t)
	const issuer, subject, connection = "https://vstoken.dev.azure.com/1", "sc://contoso/mfa/terraform", "11111111-2222-4333-8444-555555555555"
	f.SetBehavior(control.Behavior{TokenRequests: &control.TokenRequests{AzureDevOps: &control.TokenRequest{
		RequestToken: "system-token", Issuer: issuer, Subject: subject, ServiceConnectionID: connection,
	}}})
	if _, err := f.Control.PatchApp(f.Ctx, emulator.SampleAppID, control.AppPatch{
		FederatedCredentials: &[]control.FederatedCredential{{Issuer: issuer, Subject: subject}},
	}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SYSTEM_OIDCREQUESTURI", f.Server.URL()+"/_emulator/oidc/azure-devops")
	options := func() *azidentity.AzurePipelinesCredentialOptions {
		return &azidentity.AzurePipelinesCredentialOptions{ClientOptions: clientOptions(f), DisableInstanceDiscovery: true}
	}
	signIn(f)(azidentity.NewAzurePipelinesCredential(emulator.SampleTenantID, emulator.SampleAppID, connection, "system-token", options()))
	for _, wrong := range [][2]string{{connection, "other-token"}, {"other-connection", "system-token"}} {
		credential, err := azidentity.NewAzurePipelinesCredential(emulator.SampleTenantID, emulator.SampleAppID, wrong[0], wrong[1], options())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := credential.GetToken(f.Ctx, policy.TokenRequestOptions{Scopes: []string{f.Server.URL() + "/.default"}}); err == nil {
			t.Errorf("%v got a token", wrong)
		}
	}
}

func TestGitHubTokenRequest(t *testing.T) {
	f := emulatortest.Start(t)
	path := "/_emulator/oidc/github?audience=" + control.DefaultFederatedAudience
	if answer := f.Get(path); answer.Status != http.StatusNotFound {
		t.Errorf("not configured: %d %s", answer.Status, answer.Raw)
	}
	f.SetBehavior(control.Behavior{TokenRequests: &control.TokenRequests{GitHub: &control.TokenRequest{
		RequestToken: "request-token",
		Issuer:       "https://token.actions.githubusercontent.com", Subject: "repo:contoso/mfa:ref:refs/heads/main",
	}}})
	if answer := f.Get(path, "Authorization", "bearer other"); answer.Status != http.StatusUnauthorized {
		t.Errorf("wrong token: %d %s", answer.Status, answer.Raw)
	}
	assertion, _ := f.Get(path, "Authorization", "bearer request-token").Body["value"].(string)
	if answer := requestWithAssertion(f, assertion); answer.Status != http.StatusOK {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	assertion, _ = f.Get("/_emulator/oidc/github", "Authorization", "bearer request-token").Body["value"].(string)
	if answer := requestWithAssertion(f, assertion); answer.AADSTS() != 700212 {
		t.Errorf("GitHub's default audience: %d %s", answer.Status, answer.Raw)
	}
}

func TestClaimsChallengeIsMetByANewToken(t *testing.T) {
	f := emulatortest.Start(t)
	credential, err := azidentity.NewClientSecretCredential(emulator.SampleTenantID, emulator.SampleAppID, emulator.SampleSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: clientOptions(f), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	options := clientOptions(f)
	pipeline := runtime.NewPipeline("test", "v0", runtime.PipelineOptions{PerRetry: []policy.Policy{
		runtime.NewBearerTokenPolicy(credential, []string{f.Server.URL() + "/.default"}, nil),
	}}, &options)
	get := func() int {
		t.Helper()
		request, err := runtime.NewRequest(f.Ctx, http.MethodGet, f.Server.URL()+"/v1.0/users/"+emulatortest.Adele)
		if err != nil {
			t.Fatal(err)
		}
		response, err := pipeline.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	if status := get(); status != 200 {
		t.Fatalf("before: %d", status)
	}
	f.SetBehavior(control.Behavior{ClaimsChallenge: true})
	for range 2 { // a client that ignores the claims is refused again
		answer := f.Get("/v1.0/users/" + emulatortest.Adele)
		if answer.Status != 401 || !strings.Contains(answer.Header.Get("WWW-Authenticate"), `error="insufficient_claims", claims="`) {
			t.Fatalf("old token: %d %s %s", answer.Status, answer.Header, answer.Raw)
		}
	}
	if behavior, err := f.Control.GetBehavior(f.Ctx); err != nil || !behavior.ClaimsChallenge {
		t.Errorf("pending challenge reads %v, %v", behavior.ClaimsChallenge, err)
	}
	if status := get(); status != 200 {
		t.Errorf("with the challenge: %d", status)
	}
	if behavior, err := f.Control.GetBehavior(f.Ctx); err != nil || behavior.ClaimsChallenge {
		t.Errorf("met challenge reads %v, %v", behavior.ClaimsChallenge, err)
	}
}

func TestSignInIsRefused(t *testing.T) {
	f := emulatortest.Start(t)
	expired := f.Clock.Now().Add(-time.Minute)
	if _, err := f.Control.PatchApp(f.Ctx, emulator.SampleAppID, control.AppPatch{Secrets: &[]control.Secret{
		{Value: emulator.SampleSecret}, {Value: "expired-secret", Expires: &expired},
	}}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		change  []string
		status  int
		error   string
		number  int
		message string
	}{
		{"wrong secret", []string{"client_secret", "hunter2-is-wrong"}, 401, "invalid_client", 7000215, "for a secret added to app '" + emulator.SampleAppID + "'"},
		{"expired secret", []string{"client_secret", "expired-secret"}, 401, "invalid_client", 7000222, "are expired"},
		{"no credential", []string{"client_secret", ""}, 401, "invalid_client", 7000216, "client_assertion"},
		{
			"unknown tenant",
			[]string{"tenant", "11111111-2222-4333-8444-555555555555"},
			400, "invalid_request", 90002,
			"Check to make sure you have the correct tenant ID and are signing into the correct cloud",
		},
		{"unknown app", []string{"client_id", "11111111-2222-4333-8444-555555555555"}, 400, "unauthorized_client", 700016, "in the directory 'Contoso'"},
		{"scope without .default", []string{"scope", f.Server.URL() + "/User.Read"}, 400, "invalid_scope", 70011, "/.default"},
		{"only OpenID scopes", []string{"scope", "openid profile"}, 400, "invalid_scope", 70011, "not valid"},
		{"two resources", []string{"scope", f.Server.URL() + "/.default https://other.example/.default"}, 400, "invalid_scope", 70011, "not valid"},
		{"another cloud's Graph", []string{"scope", "https://graph.microsoft.us/.default"}, 400, "invalid_resource", 500011, "https://graph.microsoft.us"},
		{"no grant type", []string{"grant_type", ""}, 400, "invalid_request", 900144, "'grant_type'"},
		{"no client id", []string{"client_id", ""}, 400, "invalid_request", 900144, "'client_id'"},
		{"no scope", []string{"scope", ""}, 400, "invalid_request", 900144, "'scope'"},
		{"unsupported grant", []string{"grant_type", "password"}, 400, "unsupported_grant_type", 70003, "'password'"},
		{"assertion of no type", []string{"client_secret", "", "client_assertion", "x"}, 400, "invalid_request", 900144, "'client_assertion_type'"},
		{"assertion of another type", []string{"client_secret", "", "client_assertion", "x", "client_assertion_type", "y"}, 400, "invalid_request", 50027, "jwt-bearer"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := f.TokenRequest(test.change...)
			description, _ := answer.Body["error_description"].(string)
			if answer.Status != test.status || answer.Body["error"] != test.error || answer.AADSTS() != test.number ||
				!strings.HasPrefix(description, "AADSTS"+strconv.Itoa(test.number)+": ") || !strings.Contains(description, test.message) {
				t.Errorf("got %d %s", answer.Status, answer.Raw)
			}
			if strings.Contains(string(answer.Raw), "hunter2") {
				t.Error("the answer holds the secret")
			}
			for _, part := range []string{"trace_id", "correlation_id", "timestamp"} {
				if value, _ := answer.Body[part].(string); value == "" || !strings.Contains(description, value) {
					t.Errorf("%s is %q", part, value)
				}
			}
		})
	}
	if answer := f.TokenRequest(); answer.Status != 200 {
		t.Errorf("the positive control: %d %s", answer.Status, answer.Raw)
	}
	if answer := f.TokenRequest("scope", "00000003-0000-0000-c000-000000000000/.default openid offline_access"); answer.Status != 200 {
		t.Errorf("Graph by its client id: %d %s", answer.Status, answer.Raw)
	}
	requests, err := f.Control.LoginRequests(f.Ctx)
	if err != nil || len(requests) != len(tests)+3 || requests[len(requests)-1].AppID != emulator.SampleAppID {
		t.Errorf("%d sign-in requests are in the log, %v", len(requests), err)
	}
}

func TestTenantOfAnotherCloud(t *testing.T) {
	tenant := emulator.SampleTenant()
	tenant.Cloud = control.CloudUSGovernment
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.Cloud = control.CloudPublic })
	if err := f.Control.Seed(f.Ctx, tenant); err != nil {
		t.Fatal(err)
	}
	if answer := f.TokenRequest(); answer.AADSTS() != 900382 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	// The emulator plays the tenant's own cloud unless told otherwise.
	f.SetBehavior(control.Behavior{})
	if answer := f.TokenRequest(); answer.Status != http.StatusOK {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}

// requestWithAssertion asks for a token with an assertion.
func requestWithAssertion(f *emulatortest.Fixture, assertion string) emulatortest.Reply {
	f.T.Helper()
	return f.TokenRequest("client_secret", "", "client_assertion", assertion,
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
}

func TestCertificateAssertions(t *testing.T) {
	f := emulatortest.Start(t)
	registered, other := newSigner(t), newSigner(t)
	if _, err := f.Control.PatchApp(f.Ctx, emulator.SampleAppID, control.AppPatch{
		Certificates: &[]control.Certificate{{PEM: registered.pem}},
	}); err != nil {
		t.Fatal(err)
	}
	sum256 := func(signer signer) string {
		sum := sha256.Sum256(signer.certificate.Raw)
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	sum1 := sha1.Sum(registered.certificate.Raw)
	now := f.Clock.Now()
	type assertion struct {
		method jwt.SigningMethod
		header map[string]string
		claims jwt.MapClaims
		key    crypto.PrivateKey
	}
	tests := []struct {
		name   string
		adjust func(*assertion)
		number int
	}{
		{"PS256 and x5t#S256", func(*assertion) {}, 0},
		{"RS256 and x5t", func(a *assertion) {
			a.method = jwt.SigningMethodRS256
			a.header = map[string]string{"x5t": base64.RawURLEncoding.EncodeToString(sum1[:])}
		}, 0},
		{"issuer as audience", func(a *assertion) { a.claims["aud"] = f.Server.URL() + "/" + emulator.SampleTenantID + "/v2.0" }, 0},
		{"not registered", func(a *assertion) { a.key = other.key; a.header["x5t#S256"] = sum256(other) }, 700027},
		{"signed with another key", func(a *assertion) { a.key = other.key }, 700027},
		{"no thumbprint", func(a *assertion) { a.header = nil }, 700027},
		{"unsigned", func(a *assertion) { a.method, a.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType }, 700027},
		{"expired", func(a *assertion) { a.claims["exp"] = now.Add(-time.Hour).Unix() }, 700024},
		{"without an end", func(a *assertion) { delete(a.claims, "exp") }, 700024},
		{"not yet valid", func(a *assertion) { a.claims["nbf"] = now.Add(time.Hour).Unix() }, 700024},
		{"for somebody else", func(a *assertion) {
			a.claims["aud"] = "https://login.microsoftonline.us/" + emulator.SampleTenantID + "/v2.0"
		}, 700023},
		{"about another app", func(a *assertion) { a.claims["sub"] = emulator.SamplePlanAppID }, 700021},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			made := assertion{
				method: jwt.SigningMethodPS256, header: map[string]string{"x5t#S256": sum256(registered)}, key: registered.key,
				claims: jwt.MapClaims{
					"aud": f.Server.URL() + "/" + emulator.SampleTenantID + "/oauth2/v2.0/token", "iss": emulator.SampleAppID,
					"sub": emulator.SampleAppID, "jti": "1", "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(),
				},
			}
			test.adjust(&made)
			token := jwt.NewWithClaims(made.method, made.claims)
			for name, value := range made.header {
				token.Header[name] = value
			}
			signed, err := token.SignedString(made.key)
			if err != nil {
				t.Fatal(err)
			}
			answer := requestWithAssertion(f, signed)
			if test.number == 0 && answer.Status != 200 || test.number != 0 && (answer.Status != 401 || answer.AADSTS() != test.number) {
				t.Errorf("want %d, got %d %s", test.number, answer.Status, answer.Raw)
			}
		})
	}
}

func TestFederatedAssertions(t *testing.T) {
	f := emulatortest.Start(t)
	other := emulatortest.Start(t)
	const issuer, subject = "https://token.actions.githubusercontent.com", "repo:contoso/mfa:ref:refs/heads/main"
	good := control.AssertionRequest{Issuer: issuer, Subject: subject}
	tests := []struct {
		name   string
		from   *emulatortest.Fixture
		adjust func(*control.AssertionRequest)
		number int
	}{
		{"good", f, func(*control.AssertionRequest) {}, 0},
		{"another issuer", f, func(r *control.AssertionRequest) { r.Issuer = "https://gitlab.example" }, 70021},
		{"the emulator's own issuer", f, func(r *control.AssertionRequest) { r.Issuer = "" }, 70021},
		{"another subject", f, func(r *control.AssertionRequest) { r.Subject = "repo:contoso/mfa:pull_request" }, 700213},
		{"subject in another case", f, func(r *control.AssertionRequest) { r.Subject = strings.ToUpper(subject) }, 700213},
		{"another audience", f, func(r *control.AssertionRequest) { r.Audience = "https://github.com/contoso" }, 700212},
		{"expired", f, func(r *control.AssertionRequest) { r.LifetimeSeconds = -1 }, 700024},
		{"signed by a stranger", other, func(*control.AssertionRequest) {}, 50013},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request := good
			test.adjust(&request)
			assertion, err := test.from.Control.IssueAssertion(f.Ctx, request)
			if err != nil {
				t.Fatal(err)
			}
			answer := requestWithAssertion(f, assertion)
			if test.number == 0 && answer.Status != 200 || test.number != 0 && answer.AADSTS() != test.number {
				t.Errorf("want %d, got %d %s", test.number, answer.Status, answer.Raw)
			}
		})
	}
	if answer := requestWithAssertion(f, "no.jwt"); answer.AADSTS() != 50027 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}

func TestAccessTokensAreVerified(t *testing.T) {
	f := emulatortest.Start(t)
	other := emulatortest.Start(t)
	header, rest, _ := strings.Cut(f.Token, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(claims)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(decoded), `"User.Read.All"`, `"Everything.All"`, 1)
	tests := []struct{ name, authorization, message string }{
		{"none", "", "Access token is empty."},
		{"no token", "Bearer ", "Access token is empty."},
		{"another scheme", "Basic " + f.Token, "Access token is empty."},
		{"no JWT", "Bearer nonsense", "JWT is not well formed"},
		{"no JWT with dots", "Bearer a.b.c", "JWT is not well formed"},
		{"another tenant's key", "Bearer " + other.Token, "Invalid signature"},
		{"changed claims", "Bearer " + header + "." + base64.RawURLEncoding.EncodeToString([]byte(forged)) + "." + signature, "Invalid signature"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := f.Get("/v1.0/users/"+emulatortest.Adele, "Authorization", test.authorization)
			if answer.Status != 401 || answer.ErrorCode() != "InvalidAuthenticationToken" || !strings.Contains(answer.ErrorMessage(), test.message) ||
				!strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("got %d %s", answer.Status, answer.Raw)
			}
		})
	}
	t.Run("expired", func(t *testing.T) {
		f.Clock.Advance(59 * time.Minute)
		if answer := f.Get("/v1.0/users/" + emulatortest.Adele); answer.Status != 200 {
			t.Errorf("before the end: %d %s", answer.Status, answer.Raw)
		}
		f.Clock.Advance(time.Minute)
		answer := f.Get("/v1.0/users/" + emulatortest.Adele)
		if answer.Status != 401 || answer.ErrorMessage() != "Lifetime validation failed, the token is expired." {
			t.Errorf("got %d %s", answer.Status, answer.Raw)
		}
	})
	t.Run("lifetime is configurable", func(t *testing.T) {
		f.SetBehavior(control.Behavior{TokenLifetimeSeconds: 60})
		f.Token = f.TokenFor(emulator.SampleAppID, emulator.SampleSecret)
		f.Clock.Advance(time.Minute)
		if answer := f.Get("/v1.0/users/" + emulatortest.Adele); answer.Status != 401 {
			t.Errorf("got %d %s", answer.Status, answer.Raw)
		}
	})
	t.Run("another tenant", func(t *testing.T) {
		f.Token = f.TokenFor(emulator.SampleAppID, emulator.SampleSecret)
		tenant := emulator.SampleTenant()
		tenant.TenantID = "11111111-2222-4333-8444-555555555555"
		if err := f.Control.Seed(f.Ctx, tenant); err != nil {
			t.Fatal(err)
		}
		if answer := f.Get("/v1.0/users/" + emulatortest.Adele); answer.Status != 401 {
			t.Errorf("got %d %s", answer.Status, answer.Raw)
		}
	})
}

func TestTokensOfAnotherNameOfTheServer(t *testing.T) {
	f := emulatortest.Start(t)
	byName := strings.Replace(f.Server.URL(), "127.0.0.1", "localhost", 1)
	answer := f.TokenRequest("scope", byName+"/.default")
	f.Token, _ = answer.Body["access_token"].(string)
	answer, err := f.Send(http.MethodGet, byName+"/v1.0/users?$top=1", http.Header{"Authorization": {"Bearer " + f.Token}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if next, _ := answer.Body["@odata.nextLink"].(string); answer.Status != 200 || !strings.HasPrefix(next, byName) {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}

func TestDiscovery(t *testing.T) {
	f := emulatortest.Start(t)
	get := func(path string) emulatortest.Reply {
		t.Helper()
		answer, err := f.Send(http.MethodGet, path, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	base := f.Server.URL() + "/" + emulator.SampleTenantID
	for _, tenant := range []string{emulator.SampleTenantID, "contoso.example", "CONTOSO.example"} {
		answer := get("/" + tenant + "/v2.0/.well-known/openid-configuration")
		if answer.Status != 200 || answer.Body["issuer"] != base+"/v2.0" || answer.Body["token_endpoint"] != base+"/oauth2/v2.0/token" {
			t.Errorf("%s: %d %s", tenant, answer.Status, answer.Raw)
		}
	}
	if answer := get("/other.example/v2.0/.well-known/openid-configuration"); answer.Body["error"] != "invalid_tenant" || answer.AADSTS() != 90002 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := get("/" + emulator.SampleTenantID + "/discovery/v2.0/keys"); len(emulatortest.As[[]any](answer.Body["keys"])) != 1 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	answer := get("/common/discovery/instance?api-version=1.1&authorization_endpoint=" + base + "/oauth2/v2.0/authorize")
	if answer.Body["tenant_discovery_endpoint"] != base+"/v2.0/.well-known/openid-configuration" {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := get("/" + emulator.SampleTenantID + "/oauth2/v2.0/token"); answer.Status != 405 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := get("/nonsense"); answer.Status != 404 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
}
