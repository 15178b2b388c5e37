package signin_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

func TestAMissingAzureCLIIsAnAuthError(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	c := signingInAt(t, "", signin.Credentials{UseAzureCLI: true, TenantID: clienttest.TenantID}, graph.Options{})
	failed := wantAuthError(t, c.SignIn(t.Context()))
	if !strings.Contains(failed.Message, "AzureCLICredential: executable not found") || strings.Contains(failed.Message, "\n") {
		t.Errorf("message %q", failed.Message)
	}
	if failed.Failure != signin.AuthNoCLIToken || failed.CLITenant != clienttest.TenantID {
		t.Errorf("failure %q, tenant %q", failed.Failure, failed.CLITenant)
	}
}

func TestTheAzureCLISignsIn(t *testing.T) {
	directory := t.TempDir()
	script := "#!/bin/sh\nprintf '%s' '{\"accessToken\":\"from-the-cli\",\"expires_on\":4070908800}'\n"
	if err := os.WriteFile(filepath.Join(directory, "az"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", directory+string(os.PathListSeparator)+os.Getenv("PATH"))
	credential := newCredential(t, signin.Credentials{UseAzureCLI: true, TenantID: clienttest.TenantID}, signin.Public, graph.Options{})
	token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{signin.Public.Scope()}})
	if err != nil || token.Token != "from-the-cli" {
		t.Errorf("got %q and error %v", token.Token, err)
	}
}

// scriptedCLI is what azidentity makes of the Azure CLI.
type scriptedCLI struct {
	calls    int
	lifetime time.Duration
	err      error
}

func (c *scriptedCLI) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.calls++
	return azcore.AccessToken{Token: fmt.Sprintf("cli-token-%d", c.calls), ExpiresOn: time.Now().Add(c.lifetime)}, c.err
}

func TestTheAzureCLIIsNotStartedForEachToken(t *testing.T) {
	t.Parallel()
	cli := &scriptedCLI{lifetime: time.Hour}
	credential := &signin.AzureCLICredential{Credential: cli}
	get := func(scope string) string {
		t.Helper()
		token, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
		if err != nil {
			t.Fatal(err)
		}
		return token.Token
	}
	for n, step := range []struct{ scope, want string }{{"a", "cli-token-1"}, {"a", "cli-token-1"}, {"b", "cli-token-2"}, {"a", "cli-token-3"}} {
		if got := get(step.scope); got != step.want {
			t.Errorf("%d: got %s, want %s", n, got, step.want)
		}
	}
	// One that the pipeline is about to replace is not handed out again.
	cli.lifetime = 5 * time.Minute
	if first, second := get("c"), get("c"); first == second {
		t.Errorf("a token that is about to expire is given twice")
	}
}

func TestAFailureOfTheAzureCLITellsItsNumber(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, code, message string }{
		"nobody signed in": {
			"AzureCLICredential: ERROR: Please run 'az login' to setup account.. To troubleshoot, visit https://aka.ms/x", "",
			"Please run 'az login' to setup account",
		},
		"an account of elsewhere": {
			"AzureCLICredential: WARNING: old\nERROR: AADSTS50034: The user account x does not exist. Trace ID: 1\nInteractive authentication is needed.", "AADSTS50034",
			"AADSTS50034: The user account x does not exist.",
		},
		"no consent": {"AzureCLICredential: ERROR: AADSTS65001: The user or administrator has not consented.", "AADSTS65001", "AADSTS65001"},
		"blocked":    {"AzureCLICredential: ERROR: AADSTS53003: Access has been blocked.", "AADSTS53003", "AADSTS53003"},
		"a code that has no words here": {
			"AzureCLICredential: ERROR: AADSTS700082: The refresh token has expired.", "AADSTS700082", "AADSTS700082",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			credential := &signin.AzureCLICredential{Credential: &scriptedCLI{err: errors.New(c.text)}, Tenant: clienttest.TenantID}
			_, err := credential.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"a"}})
			failed := wantAuthError(t, err)
			if failed.Failure != signin.AuthNoCLIToken || failed.Code != c.code || failed.CLITenant != clienttest.TenantID || !strings.Contains(failed.Message, c.message) {
				t.Errorf("error %+v", failed)
			}
			if strings.Contains(failed.Message, "\n") {
				t.Errorf("message %q", failed.Message)
			}
		})
	}
}

func TestAClaimsChallengeForTheAzureCLINamesTheCommand(t *testing.T) {
	t.Parallel()
	made, err := signin.Credentials{TenantID: clienttest.TenantID, UseAzureCLI: true}.AzureCLI()
	if err != nil {
		t.Fatal(err)
	}
	_, err = made.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{signin.Public.Scope()}, EnableCAE: true, Claims: `{"access_token":{}}`})
	failed := wantAuthError(t, err)
	if failed.Failure != signin.AuthCLIChallenged || !strings.HasPrefix(failed.Command, "az login --tenant "+clienttest.TenantID+" --claims-challenge eyJ") {
		t.Errorf("failure %q, command %q", failed.Failure, failed.Command)
	}
}
