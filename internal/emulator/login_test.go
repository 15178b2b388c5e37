package emulator_test

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

func (f *fixture) clientOptions() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: f.server.URL()},
		Transport: f.http,
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

// useCredential gets a token from the credential and uses it.
func (f *fixture) useCredential(credential azcore.TokenCredential, err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
	token, err := credential.GetToken(f.ctx, policy.TokenRequestOptions{Scopes: []string{f.server.URL() + "/.default"}, EnableCAE: true})
	if err != nil {
		f.t.Fatal(err)
	}
	f.token = token.Token
	if got := f.state(adele); got != "disabled" {
		f.t.Errorf("state is %s", got)
	}
	if remaining := time.Until(token.ExpiresOn); remaining < 50*time.Minute || remaining > 70*time.Minute {
		f.t.Errorf("the token expires in %s", remaining)
	}
}

func TestAzidentitySignsInBySecret(t *testing.T) {
	f := start(t)
	f.useCredential(azidentity.NewClientSecretCredential(emulator.SampleTenantID, emulator.SampleAppID, emulator.SampleSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: f.clientOptions(), DisableInstanceDiscovery: true}))
	t.Run("domain instead of the tenant id", func(_ *testing.T) {
		f.useCredential(azidentity.NewClientSecretCredential("contoso.example", emulator.SampleAppID, emulator.SampleSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: f.clientOptions(), DisableInstanceDiscovery: true}))
	})
}

func TestAzidentitySignsInByCertificate(t *testing.T) {
	f := start(t)
	signer := newSigner(t)
	if _, err := f.control.PatchApp(f.ctx, emulator.SampleAppID, control.AppPatch{
		Certificates: &[]control.Certificate{{PEM: newSigner(t).pem}, {PEM: signer.pem}},
	}); err != nil {
		t.Fatal(err)
	}
	f.useCredential(azidentity.NewClientCertificateCredential(emulator.SampleTenantID, emulator.SampleAppID,
		[]*x509.Certificate{signer.certificate}, signer.key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: f.clientOptions(), DisableInstanceDiscovery: true}))
}

func TestAzidentitySignsInByFederatedAssertion(t *testing.T) {
	f := start(t)
	f.useCredential(azidentity.NewClientAssertionCredential(emulator.SampleTenantID, emulator.SampleAppID,
		func(ctx context.Context) (string, error) {
			return f.control.IssueAssertion(ctx, control.AssertionRequest{
				Issuer: "https://token.actions.githubusercontent.com", Subject: "repo:contoso/mfa:ref:refs/heads/main",
			})
		},
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: f.clientOptions(), DisableInstanceDiscovery: true}))
}

func TestAzurePipelinesSignIn(t *testing.T) {
	f := start(t)
	const issuer, subject, connection = "https://vstoken.dev.azure.com/1", "sc://contoso/mfa/terraform", "11111111-2222-4333-8444-555555555555"
	f.setBehavior(control.Behavior{TokenRequests: &control.TokenRequests{AzureDevOps: &control.TokenRequest{
		RequestToken: "system-token", Issuer: issuer, Subject: subject, ServiceConnectionID: connection,
	}}})
	if _, err := f.control.PatchApp(f.ctx, emulator.SampleAppID, control.AppPatch{
		FederatedCredentials: &[]control.FederatedCredential{{Issuer: issuer, Subject: subject}},
	}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SYSTEM_OIDCREQUESTURI", f.server.URL()+"/_emulator/oidc/azure-devops")
	options := func() *azidentity.AzurePipelinesCredentialOptions {
		return &azidentity.AzurePipelinesCredentialOptions{ClientOptions: f.clientOptions(), DisableInstanceDiscovery: true}
	}
	f.useCredential(azidentity.NewAzurePipelinesCredential(emulator.SampleTenantID, emulator.SampleAppID, connection, "system-token", options()))
	for _, wrong := range [][2]string{{connection, "other-token"}, {"other-connection", "system-token"}} {
		credential, err := azidentity.NewAzurePipelinesCredential(emulator.SampleTenantID, emulator.SampleAppID, wrong[0], wrong[1], options())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := credential.GetToken(f.ctx, policy.TokenRequestOptions{Scopes: []string{f.server.URL() + "/.default"}}); err == nil {
			t.Errorf("%v got a token", wrong)
		}
	}
}

func TestGitHubTokenRequest(t *testing.T) {
	f := start(t)
	path := "/_emulator/oidc/github?audience=" + control.DefaultFederatedAudience
	if answer := f.get(path); answer.status != http.StatusNotFound {
		t.Errorf("not configured: %d %s", answer.status, answer.raw)
	}
	f.setBehavior(control.Behavior{TokenRequests: &control.TokenRequests{GitHub: &control.TokenRequest{
		RequestToken: "request-token",
		Issuer:       "https://token.actions.githubusercontent.com", Subject: "repo:contoso/mfa:ref:refs/heads/main",
	}}})
	if answer := f.get(path, "Authorization", "bearer other"); answer.status != http.StatusUnauthorized {
		t.Errorf("wrong token: %d %s", answer.status, answer.raw)
	}
	assertion, _ := f.get(path, "Authorization", "bearer request-token").body["value"].(string)
	if answer := f.assertionRequest(assertion); answer.status != http.StatusOK {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	assertion, _ = f.get("/_emulator/oidc/github", "Authorization", "bearer request-token").body["value"].(string)
	if answer := f.assertionRequest(assertion); answer.aadsts() != 700212 {
		t.Errorf("GitHub's default audience: %d %s", answer.status, answer.raw)
	}
}

func TestClaimsChallengeIsMetByANewToken(t *testing.T) {
	f := start(t)
	credential, err := azidentity.NewClientSecretCredential(emulator.SampleTenantID, emulator.SampleAppID, emulator.SampleSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: f.clientOptions(), DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	options := f.clientOptions()
	pipeline := runtime.NewPipeline("test", "v0", runtime.PipelineOptions{PerRetry: []policy.Policy{
		runtime.NewBearerTokenPolicy(credential, []string{f.server.URL() + "/.default"}, nil),
	}}, &options)
	get := func() int {
		t.Helper()
		request, err := runtime.NewRequest(f.ctx, http.MethodGet, f.server.URL()+"/v1.0/users/"+adele)
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
	f.setBehavior(control.Behavior{ClaimsChallenge: true})
	for range 2 { // a client that ignores the claims is refused again
		answer := f.get("/v1.0/users/" + adele)
		if answer.status != 401 || !strings.Contains(answer.header.Get("WWW-Authenticate"), `error="insufficient_claims", claims="`) {
			t.Fatalf("old token: %d %s %s", answer.status, answer.header, answer.raw)
		}
	}
	if behavior, err := f.control.GetBehavior(f.ctx); err != nil || !behavior.ClaimsChallenge {
		t.Errorf("pending challenge reads %v, %v", behavior.ClaimsChallenge, err)
	}
	if status := get(); status != 200 {
		t.Errorf("with the challenge: %d", status)
	}
	if behavior, err := f.control.GetBehavior(f.ctx); err != nil || behavior.ClaimsChallenge {
		t.Errorf("met challenge reads %v, %v", behavior.ClaimsChallenge, err)
	}
}

func (r reply) aadsts() int {
	codes, _ := r.body["error_codes"].([]any)
	if len(codes) != 1 {
		return 0
	}
	return int(as[float64](codes[0]))
}

func TestSignInIsRefused(t *testing.T) {
	f := start(t)
	expired := f.clock.Now().Add(-time.Minute)
	if _, err := f.control.PatchApp(f.ctx, emulator.SampleAppID, control.AppPatch{Secrets: &[]control.Secret{
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
		{"scope without .default", []string{"scope", f.server.URL() + "/User.Read"}, 400, "invalid_scope", 70011, "/.default"},
		{"only OpenID scopes", []string{"scope", "openid profile"}, 400, "invalid_scope", 70011, "not valid"},
		{"two resources", []string{"scope", f.server.URL() + "/.default https://other.example/.default"}, 400, "invalid_scope", 70011, "not valid"},
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
			answer := f.tokenRequest(test.change...)
			description, _ := answer.body["error_description"].(string)
			if answer.status != test.status || answer.body["error"] != test.error || answer.aadsts() != test.number ||
				!strings.HasPrefix(description, "AADSTS"+itoa(test.number)+": ") || !strings.Contains(description, test.message) {
				t.Errorf("got %d %s", answer.status, answer.raw)
			}
			if strings.Contains(string(answer.raw), "hunter2") {
				t.Error("the answer holds the secret")
			}
			for _, part := range []string{"trace_id", "correlation_id", "timestamp"} {
				if value, _ := answer.body[part].(string); value == "" || !strings.Contains(description, value) {
					t.Errorf("%s is %q", part, value)
				}
			}
		})
	}
	if answer := f.tokenRequest(); answer.status != 200 {
		t.Errorf("the positive control: %d %s", answer.status, answer.raw)
	}
	if answer := f.tokenRequest("scope", "00000003-0000-0000-c000-000000000000/.default openid offline_access"); answer.status != 200 {
		t.Errorf("Graph by its client id: %d %s", answer.status, answer.raw)
	}
	requests, err := f.control.LoginRequests(f.ctx)
	if err != nil || len(requests) != len(tests)+3 || requests[len(requests)-1].AppID != emulator.SampleAppID {
		t.Errorf("%d sign-in requests are in the log, %v", len(requests), err)
	}
}

func itoa(number int) string { return big.NewInt(int64(number)).String() }

func TestTenantOfAnotherCloud(t *testing.T) {
	tenant := emulator.SampleTenant()
	tenant.Cloud = control.CloudUSGovernment
	f := start(t, func(cfg *emulator.Config) { cfg.Behavior.Cloud = control.CloudPublic })
	if err := f.control.Seed(f.ctx, tenant); err != nil {
		t.Fatal(err)
	}
	if answer := f.tokenRequest(); answer.aadsts() != 900382 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	// The emulator plays the tenant's own cloud unless told otherwise.
	f.setBehavior(control.Behavior{})
	if answer := f.tokenRequest(); answer.status != http.StatusOK {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
}

// assertionRequest asks for a token with an assertion.
func (f *fixture) assertionRequest(assertion string) reply {
	f.t.Helper()
	return f.tokenRequest("client_secret", "", "client_assertion", assertion,
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
}

func TestCertificateAssertions(t *testing.T) {
	f := start(t)
	registered, other := newSigner(t), newSigner(t)
	if _, err := f.control.PatchApp(f.ctx, emulator.SampleAppID, control.AppPatch{
		Certificates: &[]control.Certificate{{PEM: registered.pem}},
	}); err != nil {
		t.Fatal(err)
	}
	sum256 := func(signer signer) string {
		sum := sha256.Sum256(signer.certificate.Raw)
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	sum1 := sha1.Sum(registered.certificate.Raw)
	now := f.clock.Now()
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
		{"issuer as audience", func(a *assertion) { a.claims["aud"] = f.server.URL() + "/" + emulator.SampleTenantID + "/v2.0" }, 0},
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
					"aud": f.server.URL() + "/" + emulator.SampleTenantID + "/oauth2/v2.0/token", "iss": emulator.SampleAppID,
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
			answer := f.assertionRequest(signed)
			if test.number == 0 && answer.status != 200 || test.number != 0 && (answer.status != 401 || answer.aadsts() != test.number) {
				t.Errorf("want %d, got %d %s", test.number, answer.status, answer.raw)
			}
		})
	}
}

func TestFederatedAssertions(t *testing.T) {
	f := start(t)
	other := start(t)
	const issuer, subject = "https://token.actions.githubusercontent.com", "repo:contoso/mfa:ref:refs/heads/main"
	good := control.AssertionRequest{Issuer: issuer, Subject: subject}
	tests := []struct {
		name   string
		from   *fixture
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
			assertion, err := test.from.control.IssueAssertion(f.ctx, request)
			if err != nil {
				t.Fatal(err)
			}
			answer := f.assertionRequest(assertion)
			if test.number == 0 && answer.status != 200 || test.number != 0 && answer.aadsts() != test.number {
				t.Errorf("want %d, got %d %s", test.number, answer.status, answer.raw)
			}
		})
	}
	if answer := f.assertionRequest("no.jwt"); answer.aadsts() != 50027 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
}

func TestAccessTokensAreVerified(t *testing.T) {
	f := start(t)
	other := start(t)
	header, rest, _ := strings.Cut(f.token, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(claims)
	if err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(string(decoded), `"User.Read.All"`, `"Everything.All"`, 1)
	tests := []struct{ name, authorization, message string }{
		{"none", "", "Access token is empty."},
		{"no token", "Bearer ", "Access token is empty."},
		{"another scheme", "Basic " + f.token, "Access token is empty."},
		{"no JWT", "Bearer nonsense", "JWT is not well formed"},
		{"no JWT with dots", "Bearer a.b.c", "JWT is not well formed"},
		{"another tenant's key", "Bearer " + other.token, "Invalid signature"},
		{"changed claims", "Bearer " + header + "." + base64.RawURLEncoding.EncodeToString([]byte(forged)) + "." + signature, "Invalid signature"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := f.get("/v1.0/users/"+adele, "Authorization", test.authorization)
			if answer.status != 401 || answer.errorCode() != "InvalidAuthenticationToken" || !strings.Contains(answer.errorMessage(), test.message) ||
				!strings.HasPrefix(answer.header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("got %d %s", answer.status, answer.raw)
			}
		})
	}
	t.Run("expired", func(t *testing.T) {
		f.clock.advance(59 * time.Minute)
		if answer := f.get("/v1.0/users/" + adele); answer.status != 200 {
			t.Errorf("before the end: %d %s", answer.status, answer.raw)
		}
		f.clock.advance(time.Minute)
		answer := f.get("/v1.0/users/" + adele)
		if answer.status != 401 || answer.errorMessage() != "Lifetime validation failed, the token is expired." {
			t.Errorf("got %d %s", answer.status, answer.raw)
		}
	})
	t.Run("lifetime is configurable", func(t *testing.T) {
		f.setBehavior(control.Behavior{TokenLifetimeSeconds: 60})
		f.token = f.tokenFor(emulator.SampleAppID, emulator.SampleSecret)
		f.clock.advance(time.Minute)
		if answer := f.get("/v1.0/users/" + adele); answer.status != 401 {
			t.Errorf("got %d %s", answer.status, answer.raw)
		}
	})
	t.Run("another tenant", func(t *testing.T) {
		f.token = f.tokenFor(emulator.SampleAppID, emulator.SampleSecret)
		tenant := emulator.SampleTenant()
		tenant.TenantID = "11111111-2222-4333-8444-555555555555"
		if err := f.control.Seed(f.ctx, tenant); err != nil {
			t.Fatal(err)
		}
		if answer := f.get("/v1.0/users/" + adele); answer.status != 401 {
			t.Errorf("got %d %s", answer.status, answer.raw)
		}
	})
}

func TestTokensOfAnotherNameOfTheServer(t *testing.T) {
	f := start(t)
	byName := strings.Replace(f.server.URL(), "127.0.0.1", "localhost", 1)
	answer := f.tokenRequest("scope", byName+"/.default")
	f.token, _ = answer.body["access_token"].(string)
	answer, err := f.send(http.MethodGet, byName+"/v1.0/users?$top=1", http.Header{"Authorization": {"Bearer " + f.token}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if next, _ := answer.body["@odata.nextLink"].(string); answer.status != 200 || !strings.HasPrefix(next, byName) {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
}

func TestDiscovery(t *testing.T) {
	f := start(t)
	get := func(path string) reply {
		t.Helper()
		answer, err := f.send(http.MethodGet, path, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	base := f.server.URL() + "/" + emulator.SampleTenantID
	for _, tenant := range []string{emulator.SampleTenantID, "contoso.example", "CONTOSO.example"} {
		answer := get("/" + tenant + "/v2.0/.well-known/openid-configuration")
		if answer.status != 200 || answer.body["issuer"] != base+"/v2.0" || answer.body["token_endpoint"] != base+"/oauth2/v2.0/token" {
			t.Errorf("%s: %d %s", tenant, answer.status, answer.raw)
		}
	}
	if answer := get("/other.example/v2.0/.well-known/openid-configuration"); answer.body["error"] != "invalid_tenant" || answer.aadsts() != 90002 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	if answer := get("/" + emulator.SampleTenantID + "/discovery/v2.0/keys"); len(as[[]any](answer.body["keys"])) != 1 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	answer := get("/common/discovery/instance?api-version=1.1&authorization_endpoint=" + base + "/oauth2/v2.0/authorize")
	if answer.body["tenant_discovery_endpoint"] != base+"/v2.0/.well-known/openid-configuration" {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	if answer := get("/" + emulator.SampleTenantID + "/oauth2/v2.0/token"); answer.status != 405 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	if answer := get("/nonsense"); answer.status != 404 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
}
