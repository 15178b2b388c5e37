package server_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// reads is a data source that succeeds in a configured provider.
const reads = "data \"entramfa_user_mfa_state\" \"test\" {\n  user_id = \"" + acctest.AdeleID + "\"\n}\n"

func TestProviderMistakesAreNamedWithTheWayOut(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	noTLS := strings.Replace(plain.URL, "http://", "https://", 1)
	nobody := "https://" + acctest.FreeAddress(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing here"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := func(lines ...string) string {
		return acctest.Block(append([]string{tn.Endpoints(), acctest.Set("client_id", acctest.AppID)}, lines...)...)
	}
	with := func(graph, authority string, lines ...string) string {
		return acctest.Block(append([]string{
			acctest.Set("tenant_id", acctest.TenantID), acctest.Set("client_id", acctest.AppID), acctest.Set("client_secret", acctest.AppSecret),
			acctest.Set("graph_endpoint", graph), acctest.Set("authority_host", authority),
		}, lines...)...)
	}
	for name, c := range map[string]struct {
		config string
		error  []string
	}{
		"wrong secret":   {full(acctest.Set("client_secret", "wrong-sekret")), []string{"Unable to sign in to Microsoft Entra ID", "AADSTS7000215", "The client secret is wrong"}},
		"expired secret": {tn.ProviderAs(acctest.OldAppID, acctest.OldSecret), []string{"AADSTS7000222", "The client secret has expired"}},
		"unknown app":    {tn.ProviderAs(acctest.NobodyID, acctest.AppSecret), []string{"AADSTS700016", "The tenant has no app registration with this client id"}},
		"wrong cloud or tenant": {
			strings.Replace(tn.Provider(), acctest.TenantID, acctest.NobodyID, 1),
			[]string{"AADSTS90002", "the tenant lives in another cloud: check environment"},
		},
		"no way to sign in": {acctest.Block(tn.Endpoints()), []string{"Unable to sign in to Microsoft Entra ID", "No way to sign in is configured"}},
		"secret without an app": {
			acctest.Block(tn.Endpoints(), acctest.Set("client_secret", acctest.AppSecret)), []string{"Signing in by client secret needs client_id"},
		},
		"federation without a token": {full("use_oidc = true"), []string{"use_oidc has no token", "oidc_token_file_path"}},
		"http graph":                 {with("http://graph.example", tn.URL), []string{"Invalid endpoint", `"http://graph.example" does not start with https://`}},
		"http authority":             {with(tn.URL, "http://login.example"), []string{"Invalid endpoint", `"http://login.example" does not start with https://`}},
		"graph with a version":       {with("https://graph.example/v1.0", tn.URL), []string{"Invalid endpoint", "must be only scheme and host"}},
		"untrusted TLS": {
			with(tn.URL, tn.URL), []string{"Unable to reach " + tn.URL, "signed by no authority that this machine trusts", "ca_bundle_path"},
		},
		"unreachable":       {with(nobody, nobody, acctest.Set("ca_bundle_path", tn.CAFile)), []string{"Unable to reach " + nobody, "Nothing listens there"}},
		"graph unreachable": {strings.Replace(tn.Provider(), acctest.Set("graph_endpoint", tn.URL), acctest.Set("graph_endpoint", nobody), 1), []string{"graph_endpoint"}},
		"no TLS":            {with(noTLS, noTLS), []string{"Unable to reach " + noTLS, "does not speak TLS"}},
		"CA file missing":   {with(tn.URL, tn.URL, acctest.Set("ca_bundle_path", "no-such-file.pem")), []string{"Unable to read ca_bundle_path", "no-such-file.pem"}},
		"CA file of no use": {with(tn.URL, tn.URL, acctest.Set("ca_bundle_path", empty)), []string{"Unable to use ca_bundle_path", "holds no certificate in PEM form"}},
		"unknown cloud":     {full(acctest.Set("client_secret", acctest.AppSecret), acctest.Set("environment", "mars")), []string{"environment", `"usgovernment"`, `"mars"`}},
		"certificate of no use": {
			full(acctest.Set("client_certificate", "bm90IGEgY2VydGlmaWNhdGU=")), []string{"The client certificate cannot be used", "neither PEM nor PKCS#12"},
		},
		"client id of no use": {acctest.Block(tn.Endpoints(), acctest.Set("client_id", "terraform"), acctest.Set("client_secret", acctest.AppSecret)), []string{"Invalid GUID", `"terraform" is not an id`}},
		"emergency account that is not there": {
			tn.Provider(`emergency_access = { user_principal_names = ["nobody@contoso.example"] }`),
			[]string{"Emergency access account not found", `"nobody@contoso.example"`, "emergency_access.user_principal_names", "a guard that guards nobody"},
		},
		"emergency group that is not there": {
			tn.Provider(fmt.Sprintf("emergency_access = { group_ids = [%q] }", acctest.NobodyID)),
			[]string{"Emergency access account not found", acctest.NobodyID, "emergency_access.group_ids"},
		},
		"emergency account of no use": {
			tn.Provider(`emergency_access = { user_ids = ["emergency1"] }`), []string{"Invalid GUID", `"emergency1" is not an id`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.Test(t, resource.TestCase{
				ProtoV6ProviderFactories: tn.Factory,
				Steps:                    []resource.TestStep{{Config: c.config + reads, PlanOnly: true, ExpectError: acctest.Says(c.error...)}},
			})
		})
	}
}

func TestNoSecretStandsInADiagnostic(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	const wrong = "wrong-but-still-sekret"
	server := tn.Server(t, nil)
	_, diagnostics := acctest.Configure(t, server, map[string]any{
		"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": wrong,
		"graph_endpoint": tn.URL, "authority_host": tn.URL, "ca_bundle_path": tn.CAFile, "use_cli": false,
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
	tn := acctest.NewTenant(t)
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		place := filepath.Join(dir, name)
		if err := os.WriteFile(place, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return place
	}
	key, certificate, pemText := acctest.SelfSigned(t)
	pfx, err := pkcs12.Modern.Encode(key, certificate, nil, "open sesame")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	const issuer, subject = "https://ci.example", "repo:contoso/identity:ref:refs/heads/main"
	certificatePEM := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	if _, err := tn.PatchApp(ctx, acctest.AppID, control.AppPatch{
		Certificates:         &[]control.Certificate{{PEM: certificatePEM}},
		FederatedCredentials: &[]control.FederatedCredential{{Name: "ci", Issuer: issuer, Subject: subject}},
	}); err != nil {
		t.Fatal(err)
	}
	assertion, err := tn.IssueAssertion(ctx, control.AssertionRequest{Issuer: issuer, Subject: subject, LifetimeSeconds: 7200})
	if err != nil {
		t.Fatal(err)
	}
	if err := tn.SetBehavior(ctx, control.Behavior{TokenRequests: &control.TokenRequests{
		GitHub:      &control.TokenRequest{RequestToken: "job-token", Issuer: issuer, Subject: subject},
		AzureDevOps: &control.TokenRequest{RequestToken: "ado-token", Issuer: issuer, Subject: subject, ServiceConnectionID: "55555555-eeee-4eee-8eee-000000000001"},
	}}); err != nil {
		t.Fatal(err)
	}
	where := map[string]string{"ENTRAMFA_GRAPH_ENDPOINT": tn.URL, "ENTRAMFA_AUTHORITY_HOST": tn.URL, "ENTRAMFA_CA_BUNDLE_PATH": tn.CAFile, "ARM_USE_CLI": "false"}

	for name, c := range map[string]struct {
		attributes  map[string]any
		environment map[string]string
	}{
		"secret": {attributes: map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret}},
		"secret and id from files": {attributes: map[string]any{
			"tenant_id": acctest.TenantID, "client_id_file_path": file("id", []byte(acctest.AppID+"\n")), "client_secret_file_path": file("secret", []byte(acctest.AppSecret+"\n")),
		}},
		"secret from ARM variables":   {environment: map[string]string{"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_CLIENT_SECRET": acctest.AppSecret}},
		"secret from AZURE variables": {environment: map[string]string{"AZURE_TENANT_ID": acctest.TenantID, "AZURE_CLIENT_ID": acctest.AppID, "AZURE_CLIENT_SECRET": acctest.AppSecret}},
		"the domain for the tenant":   {attributes: map[string]any{"tenant_id": "contoso.example", "client_id": acctest.AppID, "client_secret": acctest.AppSecret}},
		"an attribute before a variable": {
			attributes:  map[string]any{"client_secret": acctest.AppSecret},
			environment: map[string]string{"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_CLIENT_SECRET": "wrong"},
		},
		"certificate, PEM inline": {attributes: map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_certificate": pemText}},
		"certificate, PFX inline": {attributes: map[string]any{
			"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_certificate": base64.StdEncoding.EncodeToString(pfx), "client_certificate_password": "open sesame",
		}},
		"certificate, PFX file": {environment: map[string]string{
			"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_CLIENT_CERTIFICATE_PATH": file("app.pfx", pfx), "ARM_CLIENT_CERTIFICATE_PASSWORD": "open sesame",
		}},
		"certificate before secret": {attributes: map[string]any{
			"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_certificate_path": file("app.pem", []byte(pemText)), "client_secret": "wrong",
		}},
		"federated token": {attributes: map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "use_oidc": true, "oidc_token": assertion}},
		"federated token from a file": {environment: map[string]string{
			"AZURE_TENANT_ID": acctest.TenantID, "AZURE_CLIENT_ID": acctest.AppID, "AZURE_FEDERATED_TOKEN_FILE": file("token", []byte(assertion)), "ARM_USE_AKS_WORKLOAD_IDENTITY": "true",
		}},
		"GitHub Actions": {environment: map[string]string{
			"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_USE_OIDC": "true",
			"ACTIONS_ID_TOKEN_REQUEST_URL": tn.URL + "/_emulator/oidc/github?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-token",
		}},
		"Azure DevOps": {environment: map[string]string{
			"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_USE_OIDC": "true",
			"SYSTEM_OIDCREQUESTURI": tn.URL + "/_emulator/oidc/azure-devops", "SYSTEM_ACCESSTOKEN": "ado-token",
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
			_, diagnostics := acctest.Configure(t, tn.Server(t, environment), c.attributes)
			for _, diagnostic := range diagnostics {
				t.Errorf("%s: %s", diagnostic.Summary, diagnostic.Detail)
			}
		})
	}
}
