package server_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// everyScope is what this provider can use of a user's token.
var everyScope = []string{
	"User.Read.All", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess", "UserAuthenticationMethod.Read.All", "GroupMember.Read.All",
}

// The built provider, as its own process with an environment of its own: what azidentity takes from the environment, programs
// on PATH, and everything that may end in a log.
func TestTheBuiltProviderSignsInEveryWayAndLogsNoSecretThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	id := acctest.NewIdentities(t)
	w := id.Workspace(t, map[string]string{"main.tf": acctest.Block() + reads})
	plain := slices.Clone(w.Env)
	asked := filepath.Join(t.TempDir(), "asked")
	azScript, userToken := id.AzGives(t, asked, everyScope...)
	const azureCLIApp = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	app := map[string]string{"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID}
	with := func(more ...string) map[string]string {
		all := maps.Clone(app)
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	secrets := []string{acctest.AppSecret, acctest.PFXPassword, id.PFX[:60], id.Assertion, acctest.GitHubToken, acctest.AzureDevToken, acctest.MachineHeader, userToken, "PRIVATE KEY", "Bearer ", "eyJ"}
	// A key is a secret however it is cut into lines.
	secrets = append(secrets, strings.Split(id.PEM, "\n")[1:4]...)

	for _, c := range []struct {
		name        string
		block       []string
		environment map[string]string
		app         string
	}{
		{"secret", nil, with("ARM_CLIENT_SECRET", acctest.AppSecret), acctest.AppID},
		{"secret in the block", []string{acctest.Set("tenant_id", acctest.TenantID), acctest.Set("client_id", acctest.AppID), acctest.Set("client_secret", acctest.AppSecret)}, nil, acctest.AppID},
		{"PFX in base64 with a password", nil, with("ARM_CLIENT_CERTIFICATE", id.PFX, "ARM_CLIENT_CERTIFICATE_PASSWORD", acctest.PFXPassword), acctest.AppID},
		{"PEM file", nil, with("ARM_CLIENT_CERTIFICATE_PATH", id.File("app.pem", id.PEM)), acctest.AppID},
		{"PEM in the block", []string{acctest.Set("tenant_id", acctest.TenantID), acctest.Set("client_id", acctest.AppID), acctest.Set("client_certificate", id.PEM)}, nil, acctest.AppID},
		{"assertion", nil, with("ARM_USE_OIDC", "true", "ARM_OIDC_TOKEN", id.Assertion), acctest.AppID},
		{"AKS", nil, map[string]string{
			"AZURE_TENANT_ID": acctest.TenantID, "AZURE_CLIENT_ID": acctest.AppID, "AZURE_FEDERATED_TOKEN_FILE": id.File("assertion", id.Assertion), "ARM_USE_AKS_WORKLOAD_IDENTITY": "true",
		}, acctest.AppID},
		{"GitHub", nil, with("ARM_USE_OIDC", "true", "ACTIONS_ID_TOKEN_REQUEST_URL", id.GitHub, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", acctest.GitHubToken), acctest.AppID},
		{"Azure DevOps", nil, with("ARM_USE_OIDC", "true", "SYSTEM_OIDCREQUESTURI", id.DevOps, "SYSTEM_ACCESSTOKEN", acctest.AzureDevToken,
			"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", acctest.ConnectionID), acctest.AppID},
		{"App Service", nil, map[string]string{
			"ARM_USE_MSI": "true", "IDENTITY_ENDPOINT": id.URL + "/_emulator/identity/app-service", "IDENTITY_HEADER": acctest.MachineHeader,
		}, acctest.AppID},
		{"App Service, user-assigned", []string{"use_msi = true", acctest.Set("client_id", acctest.PlanAppID)}, map[string]string{
			"IDENTITY_ENDPOINT": id.URL + "/_emulator/identity/app-service", "IDENTITY_HEADER": acctest.MachineHeader,
		}, acctest.PlanAppID},
		{"Cloud Shell", nil, map[string]string{"ARM_USE_MSI": "true", "MSI_ENDPOINT": id.URL + "/_emulator/identity/cloud-shell"}, acctest.AppID},
		{"the metadata service", nil, map[string]string{"ARM_USE_MSI": "true", "HTTP_PROXY": id.MetadataProxy(t)}, acctest.AppID},
		{"the metadata service, user-assigned", nil, map[string]string{"ARM_USE_MSI": "true", "ARM_CLIENT_ID": acctest.PlanAppID, "HTTP_PROXY": id.MetadataProxy(t)}, acctest.PlanAppID},
		{"an endpoint of its own", nil, map[string]string{"ARM_USE_MSI": "true", "ARM_MSI_ENDPOINT": id.URL + "/_emulator/identity/metadata"}, acctest.AppID},
		{"an endpoint in the block", []string{"use_msi = true", acctest.Set("msi_endpoint", id.URL+"/_emulator/identity/metadata")}, nil, acctest.AppID},
		{"Azure CLI", nil, map[string]string{"ARM_TENANT_ID": acctest.TenantID, "PATH": acctest.AzScript(t, azScript)}, azureCLIApp},
		{"Azure CLI in the block", []string{"use_cli = true", acctest.Set("tenant_id", acctest.TenantID)}, map[string]string{"PATH": acctest.AzScript(t, azScript)}, azureCLIApp},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.T = t
			w.Write("main.tf", acctest.Block(c.block...)+reads)
			log := filepath.Join(t.TempDir(), "trace.log")
			w.Env = append(slices.Clone(plain), "TF_LOG=TRACE", "TF_LOG_PATH="+log)
			for name, value := range c.environment {
				w.Env = append(w.Env, name+"="+value)
			}
			if err := id.ClearRequests(context.Background()); err != nil {
				t.Fatal(err)
			}
			output := w.Expect(0, "plan", "-input=false")
			if apps := id.GraphApps(); !maps.Equal(apps, map[string]bool{c.app: true}) {
				t.Errorf("Graph was asked by %v, want %s", apps, c.app)
			}
			if strings.Contains(output, "Warning") {
				t.Errorf("the plan warns:\n%s", output)
			}
			content, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(content, []byte("Microsoft Graph answered")) {
				t.Error("the log is not the provider's")
			}
			for _, secret := range secrets {
				for place, text := range map[string][]byte{"output": []byte(output), "log": content} {
					if at := bytes.Index(text, []byte(secret)); at >= 0 {
						t.Errorf("the %s holds %q: ...%s...", place, secret, text[max(0, at-100):min(len(text), at+40)])
					}
				}
			}
		})
	}
	questions, err := os.ReadFile(asked)
	if err != nil {
		t.Fatal(err)
	}
	// One question for each run: the sign-in, the scopes and the requests share the token.
	question := "account get-access-token -o json --resource " + id.URL + " --tenant " + acctest.TenantID + "\n"
	if got := string(questions); got != question+question {
		t.Errorf("the Azure CLI was asked\n%swant twice\n%s", got, question)
	}
}

func TestTheBuiltProviderSaysWhyItCannotSignInThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	id := acctest.NewIdentities(t)
	w := id.Workspace(t, map[string]string{"main.tf": acctest.Block() + reads})
	plain := slices.Clone(w.Env)
	cli := func(stderr string) map[string]string {
		return map[string]string{"ARM_TENANT_ID": acctest.TenantID, "PATH": acctest.AzScript(t, "cat >&2 <<'END'\n"+stderr+"\nEND\nexit 1\n")}
	}
	login := "az login --tenant " + acctest.TenantID
	for _, c := range []struct {
		name        string
		environment map[string]string
		says        []string
	}{
		{"no CLI", map[string]string{"ARM_TENANT_ID": acctest.TenantID, "PATH": "/nowhere"}, []string{
			"no token of the Azure CLI", "executable not found", "Install it and run `" + login + "`", "a client certificate, a client secret, use_oidc or use_msi",
		}},
		{"no CLI login", cli("ERROR: Please run 'az login' to setup account."), []string{
			"no token of the Azure CLI", "Please run 'az login' to setup account", "run `" + login + "`",
		}},
		{"a login of another tenant", cli("ERROR: AADSTS50034: The user account {EUII Hidden} does not exist in the directory. Trace ID: 1"), []string{
			"no such account in this tenant", "AADSTS50034", "sign in with an account of this tenant: `" + login + "`",
		}},
		{"no consent", cli("ERROR: AADSTS65001: The user or administrator has not consented. Trace ID: 1"), []string{
			"consent is missing", "AADSTS65001", "for somebody who signs in with the Azure CLI, consent to the Azure CLI",
		}},
		{"a policy", cli("WARNING: something\nERROR: AADSTS53003: Access has been blocked by Conditional Access policies. Trace ID: 1\nInteractive authentication is needed. Please run:\naz login"), []string{
			"Conditional Access blocks it", "AADSTS53003", "the sign-in log, which names the policy",
		}},
		{"no managed identity", map[string]string{"ARM_USE_MSI": "true", "HTTP_PROXY": "http://" + acctest.FreeAddress(t)}, []string{
			"no managed identity here", "No answer from http://169.254.169.254/metadata/identity/oauth2/token", "On any other machine configure another way to sign in", "NO_PROXY",
		}},
		{"another managed identity", map[string]string{"ARM_USE_MSI": "true", "ARM_CLIENT_ID": acctest.NobodyID, "HTTP_PROXY": id.MetadataProxy(t)}, []string{
			"the managed identity was refused", "answered HTTP 400: Identity not found", "Assign the user-assigned managed identity with the client id " + acctest.NobodyID,
		}},
		{"App Service's identity, refused", map[string]string{
			"ARM_USE_MSI": "true", "IDENTITY_ENDPOINT": id.URL + "/_emulator/identity/app-service", "IDENTITY_HEADER": "wrong-" + acctest.MachineHeader,
		}, []string{"the managed identity was refused", "answered HTTP 401"}},
		{"a wrong secret", map[string]string{"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_CLIENT_SECRET": "wrong-sekret"}, []string{
			"the client secret is wrong", "AADSTS7000215",
		}},
		{"a wrong password", map[string]string{
			"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_CLIENT_CERTIFICATE": id.PFX, "ARM_CLIENT_CERTIFICATE_PASSWORD": "wrong-password",
		}, []string{"client_certificate_password does not open it"}},
		{"a wrong assertion", map[string]string{"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.OldAppID, "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": id.Assertion}, []string{
			"no federated credential fits", "AADSTS70021",
		}},
		{"two identity endpoints", map[string]string{
			"ARM_USE_MSI": "true", "ARM_MSI_ENDPOINT": id.URL, "IDENTITY_ENDPOINT": id.URL + "/_emulator/identity/app-service", "IDENTITY_HEADER": acctest.MachineHeader,
		}, []string{"two managed identity endpoints", "Unset msi_endpoint (ARM_MSI_ENDPOINT)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.T = t
			log := filepath.Join(t.TempDir(), "trace.log")
			w.Env = append(slices.Clone(plain), "TF_LOG=TRACE", "TF_LOG_PATH="+log)
			for name, value := range c.environment {
				w.Env = append(w.Env, name+"="+value)
			}
			output := w.Expect(1, "plan", "-input=false")
			w.Sees(output, append([]string{"Unable to sign in to Microsoft Entra ID"}, c.says...)...)
			content, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{acctest.MachineHeader, "wrong-sekret", "wrong-password", id.PFX[:60], "eyJ"} {
				if strings.Contains(output, secret) || bytes.Contains(content, []byte(secret)) {
					t.Errorf("output or log hold %q", secret)
				}
			}
		})
	}
}

func TestAUserIsToldWhichScopesTheTokenLacksThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + reads})
	plain := slices.Clone(w.Env)
	run := func(code int, scopes ...string) string {
		script, _ := tn.AzGives(t, os.DevNull, scopes...)
		w.Env = append(slices.Clone(plain), "ARM_TENANT_ID="+acctest.TenantID, "PATH="+acctest.AzScript(t, script))
		return w.Expect(code, "plan", "-input=false")
	}
	w.Sees(run(0, "User.Read.All", "Policy.Read.All", "Directory.AccessAsUser.All"), "Warning: The signed-in user's token lacks scopes",
		"- Policy.ReadWrite.AuthenticationMethod: writing per-user MFA states", "- Policy.ReadWrite.ConditionalAccess: writing trusted IPs",
		"- UserAuthenticationMethod.Read.All: allow_promotion", "sign in as an app registration")
	refused := run(1, "User.ReadWrite.All", "Group.ReadWrite.All", "Directory.AccessAsUser.All")
	w.Sees(refused, "lacks scopes", "- Policy.Read.All: reading per-user MFA states and the registration campaign")
	w.Sees(refused, "HTTP 403", "Policy.Read.All", "a token with that scope, which the Azure CLI's may lack")
	for _, scope := range []string{"- User.Read.All", "- GroupMember.Read.All"} {
		if strings.Contains(refused, scope) {
			t.Errorf("the plan misses %s, which another scope includes:\n%s", scope, refused)
		}
	}
	if all := run(0, everyScope...); strings.Contains(all, "Warning") {
		t.Errorf("a token with every scope is warned of:\n%s", all)
	}
}
