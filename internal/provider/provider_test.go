package provider_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// block is a provider block of just the given lines.
func block(lines ...string) string {
	return "provider \"entramfa\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

func set(name, value string) string { return fmt.Sprintf("%s = %q", name, value) }

// endpoints leads a provider block to the tenant.
func (tn *tenant) endpoints() string {
	return strings.Join([]string{
		set("graph_endpoint", tn.url), set("authority_host", tn.url), set("ca_bundle_path", tn.caFile),
		set("tenant_id", tenantID), "use_cli = false",
	}, "\n  ")
}

// reads is a data source that succeeds in a configured provider.
const reads = "data \"entramfa_user_mfa_state\" \"test\" {\n  user_id = \"" + adeleID + "\"\n}\n"

func TestProviderMistakesAreNamedWithTheWayOut(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	noTLS := strings.Replace(plain.URL, "http://", "https://", 1)
	nobody := "https://" + freeAddress(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing here"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := func(lines ...string) string {
		return block(append([]string{tn.endpoints(), set("client_id", appID)}, lines...)...)
	}
	with := func(graph, authority string, lines ...string) string {
		return block(append([]string{
			set("tenant_id", tenantID), set("client_id", appID), set("client_secret", appSecret),
			set("graph_endpoint", graph), set("authority_host", authority),
		}, lines...)...)
	}
	for name, c := range map[string]struct {
		config string
		error  []string
	}{
		"wrong secret":   {full(set("client_secret", "wrong-sekret")), []string{"Unable to sign in to Microsoft Entra ID", "AADSTS7000215", "The client secret is wrong"}},
		"expired secret": {tn.providerAs(oldAppID, oldSecret), []string{"AADSTS7000222", "The client secret has expired"}},
		"unknown app":    {tn.providerAs(nobodyID, appSecret), []string{"AADSTS700016", "The tenant has no app registration with this client id"}},
		"wrong cloud or tenant": {
			strings.Replace(tn.provider(), tenantID, nobodyID, 1),
			[]string{"AADSTS90002", "the tenant lives in another cloud: check environment"},
		},
		"no way to sign in": {block(tn.endpoints()), []string{"Unable to sign in to Microsoft Entra ID", "No way to sign in is configured"}},
		"secret without an app": {
			block(tn.endpoints(), set("client_secret", appSecret)), []string{"Signing in by client secret needs client_id"},
		},
		"federation without a token": {full("use_oidc = true"), []string{"Use_oidc has no token", "oidc_token_file_path"}},
		"http graph":                 {with("http://graph.example", tn.url), []string{"Invalid endpoint", `"http://graph.example" does not start with https://`}},
		"http authority":             {with(tn.url, "http://login.example"), []string{"Invalid endpoint", `"http://login.example" does not start with https://`}},
		"graph with a version":       {with("https://graph.example/v1.0", tn.url), []string{"Invalid endpoint", "must be only scheme and host"}},
		"untrusted TLS": {
			with(tn.url, tn.url), []string{"Unable to reach " + tn.url, "signed by no authority that this machine trusts", "ca_bundle_path"},
		},
		"unreachable":       {with(nobody, nobody, set("ca_bundle_path", tn.caFile)), []string{"Unable to reach " + nobody, "Nothing listens there"}},
		"graph unreachable": {strings.Replace(tn.provider(), set("graph_endpoint", tn.url), set("graph_endpoint", nobody), 1), []string{"graph_endpoint"}},
		"no TLS":            {with(noTLS, noTLS), []string{"Unable to reach " + noTLS, "does not speak TLS"}},
		"CA file missing":   {with(tn.url, tn.url, set("ca_bundle_path", "no-such-file.pem")), []string{"Unable to read ca_bundle_path", "no-such-file.pem"}},
		"CA file of no use": {with(tn.url, tn.url, set("ca_bundle_path", empty)), []string{"Unable to use ca_bundle_path", "holds no certificate in PEM form"}},
		"unknown cloud":     {full(set("client_secret", appSecret), set("environment", "mars")), []string{"environment", `"usgovernment"`, `"mars"`}},
		"certificate of no use": {
			full(set("client_certificate", "bm90IGEgY2VydGlmaWNhdGU=")), []string{"The client certificate cannot be used", "neither PEM nor PKCS#12"},
		},
		"client id of no use": {block(tn.endpoints(), set("client_id", "terraform"), set("client_secret", appSecret)), []string{"Invalid GUID", `"terraform" is not an id`}},
		"emergency account that is not there": {
			tn.provider(`emergency_access = { user_principal_names = ["nobody@contoso.example"] }`),
			[]string{"Emergency access account not found", `"nobody@contoso.example"`, "emergency_access.user_principal_names", "a guard that guards nobody"},
		},
		"emergency group that is not there": {
			tn.provider(fmt.Sprintf("emergency_access = { group_ids = [%q] }", nobodyID)),
			[]string{"Emergency access account not found", nobodyID, "emergency_access.group_ids"},
		},
		"emergency account of no use": {
			tn.provider(`emergency_access = { user_ids = ["emergency1"] }`), []string{"Invalid GUID", `"emergency1" is not an id`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource.UnitTest(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.factory,
				Steps:                    []resource.TestStep{{Config: c.config + reads, PlanOnly: true, ExpectError: says(c.error...)}},
			})
		})
	}
}

// freeAddress is a loopback address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func TestNoSecretStandsInADiagnostic(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	const wrong = "wrong-but-still-sekret"
	server := tn.server(t, nil)
	_, diagnostics := configure(t, server, map[string]any{
		"tenant_id": tenantID, "client_id": appID, "client_secret": wrong,
		"graph_endpoint": tn.url, "authority_host": tn.url, "ca_bundle_path": tn.caFile, "use_cli": false,
	})
	said := ""
	for _, diagnostic := range diagnostics {
		said += diagnostic.Summary + diagnostic.Detail
	}
	if !strings.Contains(said, "AADSTS7000215") {
		t.Fatalf("the sign-in was to fail with AADSTS7000215; the diagnostics say: %s", said)
	}
	if strings.Contains(said, wrong) {
		t.Errorf("the secret stands in the diagnostics: %s", said)
	}
}

func TestEveryWayToGiveACredential(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		place := filepath.Join(dir, name)
		if err := os.WriteFile(place, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return place
	}
	key, certificate, pemText := selfSigned(t)
	pfx, err := pkcs12.Modern.Encode(key, certificate, nil, "open sesame")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	const issuer, subject = "https://ci.example", "repo:contoso/identity:ref:refs/heads/main"
	certificatePEM := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	if _, err := tn.PatchApp(ctx, appID, control.AppPatch{
		Certificates:         &[]control.Certificate{{PEM: certificatePEM}},
		FederatedCredentials: &[]control.FederatedCredential{{Name: "ci", Issuer: issuer, Subject: subject}},
	}); err != nil {
		t.Fatal(err)
	}
	assertion, err := tn.IssueAssertion(ctx, control.AssertionRequest{Issuer: issuer, Subject: subject})
	if err != nil {
		t.Fatal(err)
	}
	if err := tn.SetBehavior(ctx, control.Behavior{TokenRequests: &control.TokenRequests{
		GitHub:      &control.TokenRequest{RequestToken: "job-token", Issuer: issuer, Subject: subject},
		AzureDevOps: &control.TokenRequest{RequestToken: "ado-token", Issuer: issuer, Subject: subject, ServiceConnectionID: "55555555-eeee-4eee-8eee-000000000001"},
	}}); err != nil {
		t.Fatal(err)
	}
	where := map[string]string{"ENTRAMFA_GRAPH_ENDPOINT": tn.url, "ENTRAMFA_AUTHORITY_HOST": tn.url, "ENTRAMFA_CA_BUNDLE_PATH": tn.caFile, "ARM_USE_CLI": "false"}

	for name, c := range map[string]struct {
		attributes  map[string]any
		environment map[string]string
	}{
		"secret": {attributes: map[string]any{"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret}},
		"secret and id from files": {attributes: map[string]any{
			"tenant_id": tenantID, "client_id_file_path": file("id", []byte(appID+"\n")), "client_secret_file_path": file("secret", []byte(appSecret+"\n")),
		}},
		"secret from ARM variables":   {environment: map[string]string{"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": appID, "ARM_CLIENT_SECRET": appSecret}},
		"secret from AZURE variables": {environment: map[string]string{"AZURE_TENANT_ID": tenantID, "AZURE_CLIENT_ID": appID, "AZURE_CLIENT_SECRET": appSecret}},
		"the domain for the tenant":   {attributes: map[string]any{"tenant_id": "contoso.example", "client_id": appID, "client_secret": appSecret}},
		"an attribute before a variable": {
			attributes:  map[string]any{"client_secret": appSecret},
			environment: map[string]string{"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": appID, "ARM_CLIENT_SECRET": "wrong"},
		},
		"certificate, PEM inline": {attributes: map[string]any{"tenant_id": tenantID, "client_id": appID, "client_certificate": pemText}},
		"certificate, PFX inline": {attributes: map[string]any{
			"tenant_id": tenantID, "client_id": appID, "client_certificate": base64.StdEncoding.EncodeToString(pfx), "client_certificate_password": "open sesame",
		}},
		"certificate, PFX file": {environment: map[string]string{
			"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": appID, "ARM_CLIENT_CERTIFICATE_PATH": file("app.pfx", pfx), "ARM_CLIENT_CERTIFICATE_PASSWORD": "open sesame",
		}},
		"certificate before secret": {attributes: map[string]any{
			"tenant_id": tenantID, "client_id": appID, "client_certificate_path": file("app.pem", []byte(pemText)), "client_secret": "wrong",
		}},
		"federated token": {attributes: map[string]any{"tenant_id": tenantID, "client_id": appID, "use_oidc": true, "oidc_token": assertion}},
		"federated token from a file": {environment: map[string]string{
			"AZURE_TENANT_ID": tenantID, "AZURE_CLIENT_ID": appID, "AZURE_FEDERATED_TOKEN_FILE": file("token", []byte(assertion)), "ARM_USE_AKS_WORKLOAD_IDENTITY": "true",
		}},
		"GitHub Actions": {environment: map[string]string{
			"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": appID, "ARM_USE_OIDC": "true",
			"ACTIONS_ID_TOKEN_REQUEST_URL": tn.url + "/_emulator/oidc/github?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-token",
		}},
		"Azure DevOps": {environment: map[string]string{
			"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": appID, "ARM_USE_OIDC": "true",
			"SYSTEM_OIDCREQUESTURI": tn.url + "/_emulator/oidc/azure-devops", "SYSTEM_ACCESSTOKEN": "ado-token",
			"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID": "55555555-eeee-4eee-8eee-000000000001",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := map[string]string{}
			for _, source := range []map[string]string{where, c.environment} {
				for name, value := range source {
					environment[name] = value
				}
			}
			_, diagnostics := configure(t, tn.server(t, environment), c.attributes)
			for _, diagnostic := range diagnostics {
				t.Errorf("%s: %s", diagnostic.Summary, diagnostic.Detail)
			}
		})
	}
}

// server is the provider behind the protocol, with the given environment.
func (tn *tenant) server(t *testing.T, environment map[string]string) tfprotov6.ProviderServer {
	t.Helper()
	return newServer("test", server.WithClientOptions(quick()), server.WithEnvironment(func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}))()
}

func selfSigned(t *testing.T) (*rsa.PrivateKey, *x509.Certificate, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "terraform"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	return key, certificate, string(text)
}
