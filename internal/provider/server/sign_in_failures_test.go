package server_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// The failures that people meet most, each by the text that a person reads. The emulator gives those of its own that an app
// can have; the others, which a policy or a user's account causes, are put into its mouth.
func TestEachCommonFailureOfASignInSaysWhatToDo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const strangerSecret = "sekret-of-nobody"
	secret := func(client, value string) func(*acctest.Identities) map[string]any {
		return func(*acctest.Identities) map[string]any {
			return map[string]any{"tenant_id": acctest.TenantID, "client_id": client, "client_secret": value}
		}
	}
	for name, c := range map[string]struct {
		attributes func(*acctest.Identities) map[string]any
		fault      *control.Fault
		summary    string
		says       []string
	}{
		"AADSTS700016": {
			secret(acctest.NobodyID, strangerSecret), nil, "no such app in this tenant",
			[]string{"AADSTS700016: Application with identifier '" + acctest.NobodyID + "'", "The tenant has no app registration with this client id. Check client_id and tenant_id"},
		},
		"AADSTS7000215": {
			secret(acctest.AppID, strangerSecret), nil, "the client secret is wrong",
			[]string{"AADSTS7000215: Invalid client secret provided", "Use the secret's value, not its id; create a new one"},
		},
		"AADSTS7000222": {
			secret(acctest.OldAppID, acctest.OldSecret), nil, "the client secret has expired",
			[]string{"AADSTS7000222: The provided client secret keys", "Create a new one for the app registration, or move to workload identity federation"},
		},
		"AADSTS700027": {
			func(id *acctest.Identities) map[string]any {
				_, _, stranger := acctest.SelfSigned(id.T)
				return map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_certificate": stranger}
			}, nil, "the certificate is not registered",
			[]string{"AADSTS700027: The certificate with identifier used to sign", "Upload it there (Certificates & secrets), or use one that is"},
		},
		"AADSTS50034": {
			secret(acctest.AppID, acctest.AppSecret), &control.Fault{Status: 400, Code: "invalid_grant", Message: "AADSTS50034: The user account adele does not exist in the directory."},
			"no such account in this tenant",
			[]string{"AADSTS50034: The user account adele does not exist", "Check tenant_id, and sign in with an account of this tenant: `az login --tenant <tenant_id>`"},
		},
		"AADSTS90002": {
			func(*acctest.Identities) map[string]any {
				return map[string]any{"tenant_id": acctest.NobodyID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret}
			}, nil, "no such tenant",
			[]string{"AADSTS90002: Tenant '" + acctest.NobodyID + "' not found", "Check tenant_id; if it is right, the tenant lives in another cloud: check environment"},
		},
		"AADSTS65001": {
			secret(acctest.AppID, acctest.AppSecret), &control.Fault{Status: 400, Code: "invalid_grant", Message: "AADSTS65001: The user or administrator has not consented to use the application."},
			"consent is missing",
			[]string{"AADSTS65001: The user or administrator has not consented", "under API permissions, grant admin consent"},
		},
		"AADSTS53003": {
			secret(acctest.AppID, acctest.AppSecret), &control.Fault{Status: 400, Code: "invalid_grant", Message: "AADSTS53003: Access has been blocked by Conditional Access policies."},
			"Conditional Access blocks it",
			[]string{"AADSTS53003: Access has been blocked", "Look for the correlation id in the sign-in log, which names the policy", "correlation id"},
		},
		"an expired assertion": {
			func(id *acctest.Identities) map[string]any {
				expired, err := id.IssueAssertion(ctx, control.AssertionRequest{Issuer: acctest.PipelineIssuer, Subject: acctest.PipelineSubject, LifetimeSeconds: -60})
				if err != nil {
					id.T.Fatal(err)
				}
				id.Assertion = expired
				return map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "use_oidc": true, "oidc_token": expired}
			}, nil, "the assertion is not valid now",
			[]string{"AADSTS700024: Client assertion is not within its valid time range", "this machine's clock is wrong", "an oidc_token has to be new at each run"},
		},
		"an assertion for another subject": {
			func(id *acctest.Identities) map[string]any {
				other, err := id.IssueAssertion(ctx, control.AssertionRequest{Issuer: acctest.PipelineIssuer, Subject: "repo:contoso/other:ref:refs/heads/main"})
				if err != nil {
					id.T.Fatal(err)
				}
				id.Assertion = other
				return map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "use_oidc": true, "oidc_token": other}
			}, nil, "no federated credential fits",
			[]string{"AADSTS700213", "It is case-sensitive and must fit exactly"},
		},
		"GitHub refuses": {
			func(id *acctest.Identities) map[string]any {
				return map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "use_oidc": true, "oidc_request_url": id.GitHub, "oidc_request_token": strangerSecret}
			}, nil, "no OpenID Connect token",
			[]string{"GitHub Actions gave no OpenID Connect token: it answered HTTP 401", "Check oidc_request_url and oidc_request_token; they are valid only while the job runs"},
		},
		"Azure DevOps refuses": {
			func(id *acctest.Identities) map[string]any {
				return map[string]any{
					"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "use_oidc": true, "oidc_request_url": id.DevOps, "oidc_request_token": acctest.AzureDevToken,
					"ado_pipeline_service_connection_id": acctest.NobodyID,
				}
			}, nil, "no OpenID Connect token",
			[]string{"Azure DevOps gave no OpenID Connect token: it answered HTTP 404", "also check ado_pipeline_service_connection_id"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := acctest.NewIdentities(t)
			if c.fault != nil {
				fault := *c.fault
				fault.Path = tokenPath
				id.Fault(fault)()
			}
			environment := id.Where()
			_, diagnostics := acctest.Configure(t, id.Server(t, environment), c.attributes(id))
			if len(diagnostics) != 1 {
				t.Fatalf("%d diagnostics, want one: %s", len(diagnostics), acctest.AllOf(diagnostics))
			}
			if want := "Unable to sign in to Microsoft Entra ID: " + c.summary; diagnostics[0].Summary != want {
				t.Errorf("summary %q, want %q", diagnostics[0].Summary, want)
			}
			if !acctest.Says(c.says...).MatchString(diagnostics[0].Detail) {
				t.Errorf("the detail does not say %q: %s", c.says, diagnostics[0].Detail)
			}
			for _, value := range []string{strangerSecret, acctest.AppSecret, acctest.OldSecret, id.Assertion, acctest.AzureDevToken, "eyJ", "PRIVATE KEY"} {
				if strings.Contains(acctest.AllOf(diagnostics), value) {
					t.Errorf("the diagnostics hold %q", value)
				}
			}
		})
	}
}

func TestAnAssertionThatIsNotGivenAtOnceIsAskedForAgain(t *testing.T) {
	t.Parallel()
	flaky := newFlaky(t, 2)
	id := acctest.NewIdentities(t)
	environment := id.Where()
	maps.Copy(environment, map[string]string{
		"ARM_TENANT_ID": acctest.TenantID, "ARM_CLIENT_ID": acctest.AppID, "ARM_USE_OIDC": "true",
		"ACTIONS_ID_TOKEN_REQUEST_URL": flaky.inFrontOf(id.GitHub, id.CAFile), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": acctest.GitHubToken,
		"ENTRAMFA_CA_BUNDLE_PATH": flaky.bundle,
	})
	server := id.Server(t, environment)
	_, diagnostics := acctest.Configure(t, server, nil)
	acctest.NoErrors(t, append(diagnostics, readUser(t, server)...))
	if asked := flaky.asked.Load(); asked != 3 {
		t.Errorf("asked %d times, want 3", asked)
	}
}

func TestACertificateThatIsNotValidNowSpeaksOfTheClock(t *testing.T) {
	t.Parallel()
	address, bundle := serveExpiredCertificate(t, time.Now().Add(-48*time.Hour))
	tn := acctest.NewTenant(t)
	_, diagnostics := acctest.Configure(t, tn.Server(t, nil), map[string]any{
		"tenant_id": acctest.TenantID, "client_id": acctest.AppID, "client_secret": acctest.AppSecret, "use_cli": false,
		"graph_endpoint": address, "authority_host": address, "ca_bundle_path": bundle,
	})
	if said := acctest.AllOf(diagnostics); !acctest.Says("Unable to reach "+address, "not valid at this machine's time. Check this machine's clock").MatchString(said) {
		t.Errorf("the diagnostics say: %s", said)
	}
}
