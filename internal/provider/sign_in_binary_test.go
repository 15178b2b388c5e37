package provider_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// az puts a script in the place of the Azure CLI and returns the PATH that finds it first.
func az(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir + string(os.PathListSeparator) + os.Getenv("PATH")
}

// everyScope is what this provider can use of a user's token.
var everyScope = []string{
	"User.Read.All", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess", "UserAuthenticationMethod.Read.All", "GroupMember.Read.All",
}

// azGives is a script that answers as `az account get-access-token -o json` does, for an emulated user, and keeps what it was
// asked in a file.
func (tn *tenant) azGives(t *testing.T, asked string, scopes ...string) (script, token string) {
	t.Helper()
	issued, err := tn.IssueUserToken(context.Background(), control.UserTokenRequest{User: rescueID, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("echo \"$*\" >>'%s'\ncat <<'END'\n{\"accessToken\": %q, \"expiresOn\": \"2026-01-01 00:00:00.000000\", \"expires_on\": %d, \"tenant\": %q, \"tokenType\": \"Bearer\"}\nEND\n",
		asked, issued.AccessToken, issued.ExpiresOn, tenantID), issued.AccessToken
}

// metadataProxy is a proxy that knows the way to the emulated metadata service, which is the one way to lead a process to
// another place than http://169.254.169.254.
func (tn *tenant) metadataProxy(t *testing.T) string {
	t.Helper()
	forward := forwardTo(t, tn.url+"/_emulator/identity/metadata", tn.caFile)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() == "" || r.URL.Host != "169.254.169.254" || r.URL.Path != "/metadata/identity/oauth2/token" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// The built provider, as its own process with an environment of its own: what azidentity takes from the environment, programs
// on PATH, and everything that may end in a log.
func TestTheBuiltProviderSignsInEveryWayAndLogsNoSecret(t *testing.T) {
	t.Parallel()
	id := newIdentities(t)
	w := id.workspace(t, map[string]string{"main.tf": block() + reads})
	plain := slices.Clone(w.env)
	asked := filepath.Join(t.TempDir(), "asked")
	azScript, userToken := id.azGives(t, asked, everyScope...)
	const azureCLIApp = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	app := map[string]string{"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": appID}
	with := func(more ...string) map[string]string {
		all := maps.Clone(app)
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	secrets := []string{appSecret, pfxPassword, id.pfx[:60], id.assertion, gitHubToken, azureDevToken, machineHeader, userToken, "PRIVATE KEY", "Bearer ", "eyJ"}
	// A key is a secret however it is cut into lines.
	secrets = append(secrets, strings.Split(id.pem, "\n")[1:4]...)

	for _, c := range []struct {
		name        string
		block       []string
		environment map[string]string
		app         string
	}{
		{"secret", nil, with("ARM_CLIENT_SECRET", appSecret), appID},
		{"secret in the block", []string{set("tenant_id", tenantID), set("client_id", appID), set("client_secret", appSecret)}, nil, appID},
		{"PFX in base64 with a password", nil, with("ARM_CLIENT_CERTIFICATE", id.pfx, "ARM_CLIENT_CERTIFICATE_PASSWORD", pfxPassword), appID},
		{"PEM file", nil, with("ARM_CLIENT_CERTIFICATE_PATH", id.file("app.pem", id.pem)), appID},
		{"PEM in the block", []string{set("tenant_id", tenantID), set("client_id", appID), set("client_certificate", id.pem)}, nil, appID},
		{"assertion", nil, with("ARM_USE_OIDC", "true", "ARM_OIDC_TOKEN", id.assertion), appID},
		{"AKS", nil, map[string]string{
			"AZURE_TENANT_ID": tenantID, "AZURE_CLIENT_ID": appID, "AZURE_FEDERATED_TOKEN_FILE": id.file("assertion", id.assertion), "ARM_USE_AKS_WORKLOAD_IDENTITY": "true",
		}, appID},
		{"GitHub", nil, with("ARM_USE_OIDC", "true", "ACTIONS_ID_TOKEN_REQUEST_URL", id.gitHub, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", gitHubToken), appID},
		{"Azure DevOps", nil, with("ARM_USE_OIDC", "true", "SYSTEM_OIDCREQUESTURI", id.devOps, "SYSTEM_ACCESSTOKEN", azureDevToken,
			"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", connectionID), appID},
		{"App Service", nil, map[string]string{
			"ARM_USE_MSI": "true", "IDENTITY_ENDPOINT": id.url + "/_emulator/identity/app-service", "IDENTITY_HEADER": machineHeader,
		}, appID},
		{"App Service, user-assigned", []string{"use_msi = true", set("client_id", planAppID)}, map[string]string{
			"IDENTITY_ENDPOINT": id.url + "/_emulator/identity/app-service", "IDENTITY_HEADER": machineHeader,
		}, planAppID},
		{"Cloud Shell", nil, map[string]string{"ARM_USE_MSI": "true", "MSI_ENDPOINT": id.url + "/_emulator/identity/cloud-shell"}, appID},
		{"the metadata service", nil, map[string]string{"ARM_USE_MSI": "true", "HTTP_PROXY": id.metadataProxy(t)}, appID},
		{"the metadata service, user-assigned", nil, map[string]string{"ARM_USE_MSI": "true", "ARM_CLIENT_ID": planAppID, "HTTP_PROXY": id.metadataProxy(t)}, planAppID},
		{"an endpoint of its own", nil, map[string]string{"ARM_USE_MSI": "true", "ARM_MSI_ENDPOINT": id.url + "/_emulator/identity/metadata"}, appID},
		{"an endpoint in the block", []string{"use_msi = true", set("msi_endpoint", id.url+"/_emulator/identity/metadata")}, nil, appID},
		{"Azure CLI", nil, map[string]string{"ARM_TENANT_ID": tenantID, "PATH": az(t, azScript)}, azureCLIApp},
		{"Azure CLI in the block", []string{"use_cli = true", set("tenant_id", tenantID)}, map[string]string{"PATH": az(t, azScript)}, azureCLIApp},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.write("main.tf", block(c.block...)+reads)
			log := filepath.Join(t.TempDir(), "trace.log")
			w.env = append(slices.Clone(plain), "TF_LOG=TRACE", "TF_LOG_PATH="+log)
			for name, value := range c.environment {
				w.env = append(w.env, name+"="+value)
			}
			if err := id.ClearRequests(context.Background()); err != nil {
				t.Fatal(err)
			}
			output := w.expect(0, "plan", "-input=false")
			if apps := id.graphApps(); !maps.Equal(apps, map[string]bool{c.app: true}) {
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
	question := "account get-access-token -o json --resource " + id.url + " --tenant " + tenantID + "\n"
	if got := string(questions); got != question+question {
		t.Errorf("the Azure CLI was asked\n%swant twice\n%s", got, question)
	}
}

func TestTheBuiltProviderSaysWhyItCannotSignIn(t *testing.T) {
	t.Parallel()
	id := newIdentities(t)
	w := id.workspace(t, map[string]string{"main.tf": block() + reads})
	plain := slices.Clone(w.env)
	cli := func(stderr string) map[string]string {
		return map[string]string{"ARM_TENANT_ID": tenantID, "PATH": az(t, "cat >&2 <<'END'\n"+stderr+"\nEND\nexit 1\n")}
	}
	login := "az login --tenant " + tenantID
	for _, c := range []struct {
		name        string
		environment map[string]string
		says        []string
	}{
		{"no CLI", map[string]string{"ARM_TENANT_ID": tenantID, "PATH": "/nowhere"}, []string{
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
		{"no managed identity", map[string]string{"ARM_USE_MSI": "true", "HTTP_PROXY": "http://" + freeAddress(t)}, []string{
			"no managed identity here", "No answer from http://169.254.169.254/metadata/identity/oauth2/token", "On any other machine configure another way to sign in", "NO_PROXY",
		}},
		{"another managed identity", map[string]string{"ARM_USE_MSI": "true", "ARM_CLIENT_ID": nobodyID, "HTTP_PROXY": id.metadataProxy(t)}, []string{
			"the managed identity was refused", "answered HTTP 400: Identity not found", "Assign the user-assigned managed identity with the client id " + nobodyID,
		}},
		{"App Service's identity, refused", map[string]string{
			"ARM_USE_MSI": "true", "IDENTITY_ENDPOINT": id.url + "/_emulator/identity/app-service", "IDENTITY_HEADER": "wrong-" + machineHeader,
		}, []string{"the managed identity was refused", "answered HTTP 401"}},
		{"a wrong secret", map[string]string{"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": appID, "ARM_CLIENT_SECRET": "wrong-sekret"}, []string{
			"the client secret is wrong", "AADSTS7000215",
		}},
		{"a wrong password", map[string]string{
			"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": appID, "ARM_CLIENT_CERTIFICATE": id.pfx, "ARM_CLIENT_CERTIFICATE_PASSWORD": "wrong-password",
		}, []string{"client_certificate_password does not open it"}},
		{"a wrong assertion", map[string]string{"ARM_TENANT_ID": tenantID, "ARM_CLIENT_ID": oldAppID, "ARM_USE_OIDC": "true", "ARM_OIDC_TOKEN": id.assertion}, []string{
			"no federated credential fits", "AADSTS70021",
		}},
		{"two identity endpoints", map[string]string{
			"ARM_USE_MSI": "true", "ARM_MSI_ENDPOINT": id.url, "IDENTITY_ENDPOINT": id.url + "/_emulator/identity/app-service", "IDENTITY_HEADER": machineHeader,
		}, []string{"two managed identity endpoints", "Unset msi_endpoint (ARM_MSI_ENDPOINT)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			log := filepath.Join(t.TempDir(), "trace.log")
			w.env = append(slices.Clone(plain), "TF_LOG=TRACE", "TF_LOG_PATH="+log)
			for name, value := range c.environment {
				w.env = append(w.env, name+"="+value)
			}
			output := w.expect(1, "plan", "-input=false")
			w.sees(output, append([]string{"Unable to sign in to Microsoft Entra ID"}, c.says...)...)
			content, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{machineHeader, "wrong-sekret", "wrong-password", id.pfx[:60], "eyJ"} {
				if strings.Contains(output, secret) || bytes.Contains(content, []byte(secret)) {
					t.Errorf("output or log hold %q", secret)
				}
			}
		})
	}
}

func TestAUserIsToldWhichScopesTheTokenLacks(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	w := tn.workspace(t, map[string]string{"main.tf": block() + reads})
	plain := slices.Clone(w.env)
	run := func(code int, scopes ...string) string {
		script, _ := tn.azGives(t, os.DevNull, scopes...)
		w.env = append(slices.Clone(plain), "ARM_TENANT_ID="+tenantID, "PATH="+az(t, script))
		return w.expect(code, "plan", "-input=false")
	}
	w.sees(run(0, "User.Read.All", "Policy.Read.All", "Directory.AccessAsUser.All"), "Warning: The signed-in user's token lacks scopes",
		"- Policy.ReadWrite.AuthenticationMethod: writing per-user MFA states", "- Policy.ReadWrite.ConditionalAccess: writing trusted IPs",
		"- UserAuthenticationMethod.Read.All: allow_promotion", "sign in as an app registration")
	refused := run(1, "User.ReadWrite.All", "Group.ReadWrite.All", "Directory.AccessAsUser.All")
	w.sees(refused, "lacks scopes", "- Policy.Read.All: reading per-user MFA states and the registration campaign")
	w.sees(refused, "HTTP 403", "Policy.Read.All", "a token with that scope, which the Azure CLI's may lack")
	for _, scope := range []string{"- User.Read.All", "- GroupMember.Read.All"} {
		if strings.Contains(refused, scope) {
			t.Errorf("the plan misses %s, which another scope includes:\n%s", scope, refused)
		}
	}
	if all := run(0, everyScope...); strings.Contains(all, "Warning") {
		t.Errorf("a token with every scope is warned of:\n%s", all)
	}
}
