package server_test

import (
	"context"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// readUser reads Adele's state with a configured provider.
func readUser(t *testing.T, server tfprotov6.ProviderServer) []*tfprotov6.Diagnostic {
	t.Helper()
	schemas, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	typ, ok := schemas.DataSourceSchemas[acctest.TypeName].ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("the data source is a %T", schemas.DataSourceSchemas[acctest.TypeName].ValueType())
	}
	read, err := server.ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{
		TypeName: acctest.TypeName, Config: acctest.Dynamic(t, acctest.ObjectOf(t, typ, map[string]any{"user_id": acctest.AdeleID})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return read.Diagnostics
}

func TestEveryWayToSignInReadsAUser(t *testing.T) {
	t.Parallel()
	id := acctest.NewIdentities(t)
	app := map[string]string{"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID}
	azure := map[string]string{"AZURE_TENANT_ID": acctest.TenantID, "AZURE_CLIENT_ID": acctest.AppID}
	with := func(base map[string]string, more ...string) map[string]string {
		all := maps.Clone(base)
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	attributes := func(more ...any) map[string]any {
		all := map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID}
		for i := 0; i < len(more); i += 2 {
			if name, ok := more[i].(string); ok {
				all[name] = more[i+1]
			}
		}
		return all
	}
	idFile, secretFile, assertionFile := id.File("id", acctest.AppID+"\n"), id.File("secret", acctest.AppSecret+"\n"), id.File("assertion", id.Assertion+"\n")
	pfxFile, pemFile := id.File("app.pfx", string(id.PFXBytes)), id.File("app.pem", id.PEM)

	for name, c := range map[string]struct {
		attributes  map[string]any
		environment map[string]string
	}{
		"secret":                   {attributes: attributes("client_secret", acctest.AppSecret)},
		"secret, ARM":              {environment: with(app, "ARM_CLIENT_SECRET", acctest.AppSecret)},
		"secret, AZURE":            {environment: with(azure, "AZURE_CLIENT_SECRET", acctest.AppSecret)},
		"secret from a file":       {attributes: map[string]any{"tenant_id": acctest.TenantID, "client_id_file_path": idFile, "client_secret_file_path": secretFile}},
		"secret from a file, ARM":  {environment: map[string]string{"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID_FILE_PATH": idFile, "ARM_CLIENT_SECRET_FILE_PATH": secretFile}},
		"PFX":                      {attributes: attributes("client_certificate", id.PFX, "client_certificate_password", acctest.PFXPassword)},
		"PFX, ARM":                 {environment: with(app, "ARM_CLIENT_CERTIFICATE", id.PFX, "ARM_CLIENT_CERTIFICATE_PASSWORD", acctest.PFXPassword)},
		"PFX file":                 {attributes: attributes("client_certificate_path", pfxFile, "client_certificate_password", acctest.PFXPassword)},
		"PFX file, ARM":            {environment: with(app, "ARM_CLIENT_CERTIFICATE_PATH", pfxFile, "ARM_CLIENT_CERTIFICATE_PASSWORD", acctest.PFXPassword)},
		"PFX file, AZURE":          {environment: with(azure, "AZURE_CLIENT_CERTIFICATE_PATH", pfxFile, "AZURE_CLIENT_CERTIFICATE_PASSWORD", acctest.PFXPassword)},
		"PEM":                      {attributes: attributes("client_certificate", id.PEM)},
		"PEM, ARM":                 {environment: with(app, "ARM_CLIENT_CERTIFICATE", id.PEM)},
		"PEM file":                 {attributes: attributes("client_certificate_path", pemFile)},
		"assertion":                {attributes: attributes("use_oidc", true, "oidc_token", id.Assertion)},
		"assertion, ARM":           {environment: with(app, "ARM_USE_OIDC", "true", "ARM_OIDC_TOKEN", id.Assertion)},
		"assertion from file":      {attributes: attributes("use_oidc", true, "oidc_token_file_path", assertionFile)},
		"assertion from file, ARM": {environment: with(app, "ARM_USE_OIDC", "true", "ARM_OIDC_TOKEN_FILE_PATH", assertionFile)},
		"AKS":                      {environment: with(azure, "ARM_USE_AKS_WORKLOAD_IDENTITY", "true", "AZURE_FEDERATED_TOKEN_FILE", assertionFile)},
		"AKS, attribute": {
			attributes: map[string]any{"use_aks_workload_identity": true}, environment: with(azure, "AZURE_FEDERATED_TOKEN_FILE", assertionFile),
		},
		"GitHub":      {attributes: attributes("use_oidc", true, "oidc_request_url", id.GitHub, "oidc_request_token", acctest.GitHubToken)},
		"GitHub, ARM": {environment: with(app, "ARM_USE_OIDC", "true", "ARM_OIDC_REQUEST_URL", id.GitHub, "ARM_OIDC_REQUEST_TOKEN", acctest.GitHubToken)},
		"GitHub, its own": {
			environment: with(app, "ARM_USE_OIDC", "true", "ACTIONS_ID_TOKEN_REQUEST_URL", id.GitHub, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", acctest.GitHubToken),
		},
		"Azure DevOps": {attributes: attributes("use_oidc", true, "oidc_request_url", id.DevOps, "oidc_request_token", acctest.AzureDevToken,
			"ado_pipeline_service_connection_id", acctest.ConnectionID)},
		"Azure DevOps, its own": {environment: with(app, "ARM_USE_OIDC", "true", "SYSTEM_OIDCREQUESTURI", id.DevOps, "SYSTEM_ACCESSTOKEN", acctest.AzureDevToken,
			"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", acctest.ConnectionID)},
		"Azure DevOps, AzureRM's name": {environment: with(app, "ARM_USE_OIDC", "true", "SYSTEM_OIDCREQUESTURI", id.DevOps, "SYSTEM_ACCESSTOKEN", acctest.AzureDevToken,
			"ARM_OIDC_AZURE_SERVICE_CONNECTION_ID", acctest.ConnectionID)},

		// What goes before what. The loser is always one that cannot sign in.
		"a certificate before a secret":          {attributes: attributes("client_certificate", id.PEM, "client_secret", "wrong")},
		"a secret before federation":             {environment: with(app, "ARM_CLIENT_SECRET", acctest.AppSecret, "ARM_USE_OIDC", "true", "ARM_OIDC_TOKEN", "wrong")},
		"federation before a managed identity":   {environment: with(app, "ARM_USE_OIDC", "true", "ARM_OIDC_TOKEN", id.Assertion, "ARM_USE_MSI", "true", "ARM_MSI_ENDPOINT", "http://127.0.0.1:1")},
		"an attribute before a variable":         {attributes: map[string]any{"client_secret": acctest.AppSecret}, environment: with(app, "ARM_CLIENT_SECRET", "wrong")},
		"a file's attribute before a variable":   {attributes: map[string]any{"client_secret_file_path": secretFile}, environment: with(app, "ARM_CLIENT_SECRET", "wrong")},
		"an id's file before a variable":         {attributes: map[string]any{"client_id_file_path": idFile, "client_secret": acctest.AppSecret}, environment: map[string]string{"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.NobodyID}},
		"a certificate's path before a variable": {attributes: map[string]any{"client_certificate_path": pemFile}, environment: with(app, "ARM_CLIENT_CERTIFICATE", "wrong")},
		"a token file's attribute before a token": {
			attributes: attributes("use_oidc", true, "oidc_token_file_path", assertionFile), environment: map[string]string{"ARM_OIDC_TOKEN": "wrong"},
		},
		"a request's attribute before a file": {
			attributes:  attributes("use_oidc", true, "oidc_request_url", id.GitHub),
			environment: map[string]string{"AZURE_FEDERATED_TOKEN_FILE": "no-such-file", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": acctest.GitHubToken},
		},
		"ARM before AZURE":             {environment: with(with(azure, "AZURE_CLIENT_SECRET", "wrong"), "ARM_CLIENT_SECRET", acctest.AppSecret)},
		"a file of ARM before AZURE":   {environment: with(with(azure, "AZURE_CLIENT_SECRET", "wrong"), "ARM_CLIENT_SECRET_FILE_PATH", secretFile)},
		"a variable before its file":   {environment: with(app, "ARM_CLIENT_SECRET", acctest.AppSecret, "ARM_CLIENT_SECRET_FILE_PATH", "no-such-file")},
		"an empty variable is not set": {environment: with(azure, "ARM_CLIENT_SECRET", "", "ARM_CLIENT_ID", "", "AZURE_CLIENT_SECRET", acctest.AppSecret)},
		"an empty attribute is one":    {attributes: attributes("client_certificate", "", "client_secret", acctest.AppSecret)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := id.Where()
			maps.Copy(environment, c.environment)
			server := id.Server(t, environment)
			_, diagnostics := acctest.Configure(t, server, c.attributes)
			for _, diagnostic := range append(diagnostics, readUser(t, server)...) {
				t.Errorf("%s: %s", diagnostic.Summary, diagnostic.Detail)
			}
		})
	}
}

func TestSettingsThatContradictOneAnotherAreRefused(t *testing.T) {
	t.Parallel()
	id := acctest.NewIdentities(t)
	for name, c := range map[string]struct {
		attributes  map[string]any
		environment map[string]string
		says        []string
	}{
		"two secrets":      {attributes: map[string]any{"client_secret": "a", "client_secret_file_path": "b"}, says: []string{"Conflicting settings", "client_secret and client_secret_file_path are both set"}},
		"two ids":          {attributes: map[string]any{"client_id": acctest.AppID, "client_id_file_path": "b"}, says: []string{"Conflicting settings", "client_id and client_id_file_path"}},
		"two certificates": {attributes: map[string]any{"client_certificate": "a", "client_certificate_path": "b"}, says: []string{"Conflicting settings", "client_certificate and client_certificate_path"}},
		"Azure DevOps without its service connection": {
			environment: map[string]string{"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_USE_OIDC": "true", "SYSTEM_OIDCREQUESTURI": id.DevOps, "SYSTEM_ACCESSTOKEN": acctest.AzureDevToken},
			says:        []string{"Missing service connection", "ado_pipeline_service_connection_id", "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID"},
		},
		"Azure DevOps without its token": {
			environment: map[string]string{
				"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_USE_OIDC": "true", "SYSTEM_OIDCREQUESTURI": id.DevOps,
				"ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID": acctest.ConnectionID,
			},
			says: []string{"Unable to sign in", "no request token (oidc_request_token)"},
		},
		"a switch that is none":      {environment: map[string]string{"ARM_USE_MSI": "maybe"}, says: []string{"Invalid environment variable", `ARM_USE_MSI is "maybe"; write true or false`}},
		"an identity endpoint":       {attributes: map[string]any{"use_msi": true, "msi_endpoint": "nowhere"}, says: []string{"Unable to sign in", `msi_endpoint "nowhere" is not an address`}},
		"a secret's file of nothing": {environment: map[string]string{"ARM_CLIENT_SECRET_FILE_PATH": id.File("empty", "\n")}, says: []string{"Unable to read client_secret_file_path", "is empty (from the environment variable ARM_CLIENT_SECRET_FILE_PATH)"}},
		"an encrypted PEM key": {
			attributes: map[string]any{
				"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_certificate": strings.ReplaceAll(id.PEM, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
			},
			says: []string{"Unable to sign in", "its PEM key is encrypted; use a PKCS#12 (PFX) file with client_certificate_password"},
		},
		"a wrong password": {
			attributes: map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_certificate": id.PFX, "client_certificate_password": "wrong-password"},
			says:       []string{"Unable to sign in", "client_certificate_password does not open it"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := id.Where()
			maps.Copy(environment, c.environment)
			_, diagnostics := acctest.Configure(t, id.Server(t, environment), c.attributes)
			said := acctest.AllOf(diagnostics)
			if !acctest.Says(c.says...).MatchString(said) {
				t.Errorf("the diagnostics do not say %q: %s", c.says, said)
			}
			for _, secret := range []string{"wrong-password", acctest.AzureDevToken, id.PFX[:40]} {
				if strings.Contains(said, secret) {
					t.Errorf("the diagnostics hold %q: %s", secret, said)
				}
			}
		})
	}
}

// tokenPath is where the tenant issues tokens.
var tokenPath = "/" + url.PathEscape(acctest.TenantID) + "/oauth2/v2.0/token"
