package server_test

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// Somebody who wants one way to sign in and gets another reads where the credential was found.
func TestARefusedCredentialSaysWhereItWasFound(t *testing.T) {
	t.Parallel()
	id := acctest.NewIdentities(t)
	wrong := "a-secret-of-years-ago"
	for name, c := range map[string]struct {
		attributes  map[string]any
		environment map[string]string
		says        []string
	}{
		"an old secret in the environment beside use_oidc": {
			map[string]any{"use_oidc": true, "oidc_token": id.Assertion},
			map[string]string{"ARM_CLIENT_SECRET": wrong},
			[]string{"the client secret is wrong", "(client secret) is from the environment variable ARM_CLIENT_SECRET", "use_oidc is set as well, and was not used", "remove the client secret"},
		},
		"an old secret in the environment of Azure": {
			map[string]any{"use_oidc": true, "oidc_token": id.Assertion}, map[string]string{"AZURE_CLIENT_SECRET": wrong}, []string{"the environment variable AZURE_CLIENT_SECRET"},
		},
		"an old secret in a file": {
			nil, map[string]string{"ARM_CLIENT_SECRET_FILE_PATH": id.File("old", wrong)}, []string{"the file of the environment variable ARM_CLIENT_SECRET_FILE_PATH"},
		},
		"a secret in the block": {map[string]any{"client_secret": wrong}, nil, []string{"is from client_secret of the provider block"}},
		"a certificate beside a secret": {
			map[string]any{"client_id": acctest.OldAppID, "client_certificate": id.PEM, "client_secret": acctest.OldSecret},
			nil,
			[]string{"(client certificate) is from client_certificate of the provider block", "client_secret is set as well"},
		},
		"an assertion": {
			map[string]any{"client_id": acctest.OldAppID, "use_oidc": true}, map[string]string{"ARM_OIDC_TOKEN": id.Assertion}, []string{"is from the environment variable ARM_OIDC_TOKEN"},
		},
		"a request for one": {
			map[string]any{"client_id": acctest.OldAppID, "use_oidc": true},
			map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": id.GitHub, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": acctest.GitHubToken},
			[]string{"is from the token service of the environment variable ACTIONS_ID_TOKEN_REQUEST_URL"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			attributes := map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID}
			for name, value := range c.attributes {
				attributes[name] = value
			}
			environment := id.Where()
			for name, value := range c.environment {
				environment[name] = value
			}
			_, diagnostics := acctest.Configure(t, id.Server(t, environment), attributes)
			if said := acctest.AllOf(diagnostics); !acctest.Says(c.says...).MatchString(said) || strings.Contains(said, wrong) {
				t.Errorf("it says %s, want %q", said, c.says)
			}
		})
	}
}
