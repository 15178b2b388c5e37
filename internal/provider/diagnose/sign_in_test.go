package diagnose

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

const unableToSignIn = "Unable to sign in to Microsoft Entra ID"

func TestEveryKnownNumberOfTheSignInServiceHasItsWayOut(t *testing.T) {
	t.Parallel()
	// What a person has to look at for each number; written out, so that a remedy cannot move to another number unseen.
	says := map[string]string{
		"AADSTS7000215": "secret is wrong", "AADSTS7000222": "secret has expired", "AADSTS700016": "client_id", "AADSTS90002": "tenant_id",
		"AADSTS900023": "tenant_id", "AADSTS900382": "environment", "AADSTS90038": "environment", "AADSTS500011": "graph_endpoint",
		"AADSTS700027": "certificate", "AADSTS700024": "clock", "AADSTS70021": "issuer, subject and audience", "AADSTS700211": "issuer",
		"AADSTS700212": "audience", "AADSTS700213": "subject", "AADSTS50034": "account", "AADSTS65001": "consent", "AADSTS53003": "Conditional Access",
		"AADSTS7000112": "disabled",
	}
	for code, words := range numberAdvice {
		// The answer is read, so that a number that can never be found in one fails here.
		e := signin.NewAuthError(400, fmt.Appendf(nil, `{"error":"x","error_description":"%s: Text."}`, code))
		summary, detail := Describe(e)
		if says[code] == "" || e.Code != code || !strings.Contains(words.remedy, says[code]) {
			t.Errorf("%s: code %q, remedy %q, which should speak of %q", code, e.Code, words.remedy, says[code])
		}
		if words.reason == "" || summary != unableToSignIn+": "+words.reason {
			t.Errorf("%s: the summary is %q", code, summary)
		}
		remedy := strings.ReplaceAll(words.remedy, "{login}", "`az login --tenant <tenant_id>`")
		if want := code + ": Text.\n\n" + remedy; detail != want || strings.Contains(detail, "{") {
			t.Errorf("%s: the detail is %q, want %q", code, detail, want)
		}
	}
	if len(numberAdvice) != len(says) {
		t.Errorf("%d numbers have words, want %d", len(numberAdvice), len(says))
	}
	// One that has no words of its own.
	summary, detail := Describe(signin.NewAuthError(400, []byte(`{"error":"x","error_description":"AADSTS999999: Something new."}`)))
	if want := "AADSTS999999: Something new.\n\n" + generalAdvice.remedy; summary != unableToSignIn || detail != want {
		t.Errorf("of a new number it says %q, %q", summary, detail)
	}
}

const elsewhere = "Managed identities exist in Azure, and on machines connected by Azure Arc. On any other machine configure another way to sign in: " +
	"a client certificate, a client secret, use_oidc or use_cli; and unset use_msi (ARM_USE_MSI)."

// signInTexts are the words for the kinds of failures, in their variants.
var signInTexts = []struct {
	err             client.AuthError
	summary, detail string
}{
	{
		client.AuthError{Failure: signin.AuthRefused, Code: "AADSTS7000112", Message: "It is disabled.", TraceID: "11", CorrelationID: "22"},
		": the app is disabled",
		"AADSTS7000112: It is disabled.\n\nThe app registration or its service principal is disabled. Enable it, or use another.\n\n" +
			"For Microsoft's support: trace id 11, correlation id 22.",
	},
	{
		client.AuthError{Failure: signin.AuthRefused, Message: "Identity not found"},
		"",
		"Identity not found.\n\nCheck tenant_id, client_id and the credential; the number is explained at https://login.microsoftonline.com/error.",
	},
	{
		client.AuthError{Failure: signin.AuthForeignAnswer, Message: "the sign-in service answered HTTP 502 with something other than its own error"},
		": not a sign-in service",
		"The sign-in service answered HTTP 502 with something other than its own error.\n\nCheck authority_host, and whether a proxy stands in between.",
	},
	{
		client.AuthError{Failure: signin.AuthAssertionFile, Message: `the file "x" of the OIDC token is empty`},
		"",
		"The file \"x\" of the OIDC token is empty.\n\nCheck oidc_token_file_path.",
	},
	{
		client.AuthError{Failure: signin.AuthAssertionRefused, Message: "GitHub Actions gave no OpenID Connect token: it answered HTTP 401"},
		": no OpenID Connect token",
		"GitHub Actions gave no OpenID Connect token: it answered HTTP 401.\n\nCheck oidc_request_url and oidc_request_token; they are valid only while the job runs. " +
			"For Azure DevOps also check ado_pipeline_service_connection_id.",
	},
	{
		client.AuthError{Failure: signin.AuthNoCLIToken, Message: "the Azure CLI gave no token: Please run 'az login' to setup account.", CLITenant: clienttest.TenantID},
		": no token of the Azure CLI",
		"The Azure CLI gave no token: Please run 'az login' to setup account.\n\nNothing else is configured, so the Azure CLI was asked. Install it and run " +
			"`az login --tenant " + clienttest.TenantID + "`, or configure another way to sign in: a client certificate, a client secret, use_oidc or use_msi.",
	},
	{
		client.AuthError{Failure: signin.AuthNoCLIToken, Code: "AADSTS700082", Message: "the refresh token has expired"},
		": no token of the Azure CLI",
		"AADSTS700082: The refresh token has expired.\n\nNothing else is configured, so the Azure CLI was asked. Install it and run " +
			"`az login --tenant <tenant_id>`, or configure another way to sign in: a client certificate, a client secret, use_oidc or use_msi.",
	},
	{
		client.AuthError{Failure: signin.AuthNoCLIToken, Code: "AADSTS50034", Message: "the user account x does not exist", CLITenant: clienttest.TenantID},
		": no such account in this tenant",
		"AADSTS50034: The user account x does not exist.\n\nThe account does not exist in this tenant. Check tenant_id, and sign in with an account of this tenant: " +
			"`az login --tenant " + clienttest.TenantID + "`. Then run `az login --tenant " + clienttest.TenantID + "`.",
	},
	{
		client.AuthError{Failure: signin.AuthNoCLIToken, Code: "AADSTS65001", Message: "no consent", CLITenant: clienttest.TenantID},
		": consent is missing",
		"AADSTS65001: No consent.\n\nAn administrator has to consent to the app's permissions: in the app registration, under API permissions, grant admin consent; " +
			"for somebody who signs in with the Azure CLI, consent to the Azure CLI. Then run `az login --tenant " + clienttest.TenantID + "`.",
	},
	{
		client.AuthError{Failure: signin.AuthCLIChallenged, Message: "a new sign-in is wanted", Command: "az login --claims-challenge eyJ"},
		": the Azure CLI has to sign in again",
		"A new sign-in is wanted.\n\nRun `az login --claims-challenge eyJ` and then this command again.",
	},
	{
		client.AuthError{Failure: signin.AuthTwoIdentityEndpoints, Message: "two endpoints", Address: "http://127.0.0.1/msi/token"},
		": two managed identity endpoints",
		"msi_endpoint is set, and the environment of this machine names another endpoint, http://127.0.0.1/msi/token.\n\n" +
			"Unset msi_endpoint (ARM_MSI_ENDPOINT); the machine's own endpoint is found without it.",
	},
	{
		client.AuthError{Failure: signin.AuthIdentityUnanswered, Message: "no answer"},
		": no managed identity here",
		"No answer.\n\n" + elsewhere + " In Azure, behind a proxy, 169.254.169.254 has to be in NO_PROXY.",
	},
	{
		client.AuthError{Failure: signin.AuthIdentityForeignAnswer, Message: "something else"}, ": no managed identity here", "Something else.\n\n" + elsewhere,
	},
	{
		client.AuthError{Failure: signin.AuthIdentityRefused, Status: 400, Message: "HTTP 400"},
		": the managed identity was refused",
		"HTTP 400.\n\nSwitch on the machine's system-assigned managed identity, or set client_id to that of a user-assigned one. " + elsewhere,
	},
	{
		client.AuthError{Failure: signin.AuthIdentityRefused, Status: 404, Message: "HTTP 404"},
		": the managed identity was refused",
		"HTTP 404.\n\nSwitch on the machine's system-assigned managed identity, or set client_id to that of a user-assigned one. " + elsewhere,
	},
	{
		client.AuthError{Failure: signin.AuthIdentityRefused, Status: 400, Message: "HTTP 400", IdentityClientID: clienttest.ClientID},
		": the managed identity was refused",
		"HTTP 400.\n\nAssign the user-assigned managed identity with the client id " + clienttest.ClientID + " to this machine, or correct client_id " +
			"(ARM_CLIENT_ID, AZURE_CLIENT_ID); without it, the machine's system-assigned identity signs in.",
	},
	{
		client.AuthError{Failure: signin.AuthIdentityRefused, Status: 403, Message: "HTTP 403", IdentityClientID: clienttest.ClientID},
		": the managed identity was refused",
		"HTTP 403.\n\n" + elsewhere,
	},
	{
		client.AuthError{Failure: signin.AuthIdentityRefused, Status: 400, Code: "AADSTS900023", Message: "HTTP 400"},
		": the managed identity was refused",
		"AADSTS900023: HTTP 400.\n\nThe tenant id is neither a GUID nor a verified domain. Check tenant_id.",
	},
	{
		client.AuthError{Failure: signin.AuthNoIdentityToken, Message: "no token"}, ": no token of the managed identity", "No token.\n\n" + elsewhere,
	},
	{
		client.AuthError{Failure: signin.AuthOtherTenant, Message: "the run began in another tenant"},
		": another tenant than before",
		"The run began in another tenant.\n\nNothing was sent with it. Sign in to the tenant that is meant, set tenant_id (ARM_TENANT_ID) so that no other " +
			"account is taken, and run the command again.",
	},
	{
		client.AuthError{
			Failure: signin.AuthAssertionFile, Message: "no file", Method: client.MethodOIDC, Origin: "the file of the environment variable X", CorrelationID: "22",
		},
		"",
		"No file.\n\nCheck oidc_token_file_path.\n\nThe credential of this sign-in (workload identity federation (OpenID Connect)) is from the file of the environment variable X.\n\n" +
			"For Microsoft's support: trace id , correlation id 22.",
	},
	{
		client.AuthError{
			Failure: signin.AuthAssertionFile, Message: "no file", Method: client.MethodClientSecret, Origin: "the environment variable X", PassedOver: client.MethodManagedIdentity,
		},
		"",
		"No file.\n\nCheck oidc_token_file_path.\n\nThe credential of this sign-in (client secret) is from the environment variable X. use_msi is set as well, and was not used, " +
			"because a client secret goes before it. To sign in by managed identity, remove the client secret.",
	},
}

func TestEveryFailureOfASignInHasItsWords(t *testing.T) {
	t.Parallel()
	covered := map[signin.AuthFailure]bool{}
	for _, c := range signInTexts {
		covered[c.err.Failure] = true
		if summary, detail := Describe(&c.err); summary != unableToSignIn+c.summary || detail != c.detail {
			t.Errorf("of %+v it says %q,\n%s\nwant %q,\n%s", c.err, summary, detail, unableToSignIn+c.summary, c.detail)
		}
	}
	for _, failure := range clienttest.Constants[signin.AuthFailure](t) {
		if words := signInAdvice(&client.AuthError{Failure: failure}); !covered[failure] || (words == generalAdvice) != (failure == signin.AuthRefused) {
			t.Errorf("the failure %q has no words of its own: %+v", failure, words)
		}
	}
}

func TestAFailedSignInKeepsItsRemedyInALine(t *testing.T) {
	t.Parallel()
	failed := fmt.Errorf("unable to read: %w", &client.AuthError{Failure: signin.AuthRefused, Code: "AADSTS90002", Message: "Tenant not found.", CorrelationID: "22", TraceID: "11"})
	const want = unableToSignIn + ": no such tenant. AADSTS90002: Tenant not found. The tenant was not found. Check tenant_id; if it is right, the tenant lives in another cloud: " +
		"check environment (or authority_host). For Microsoft's support: trace id 11, correlation id 22."
	if have := Line(failed); have != want {
		t.Errorf("the line is\n%s\nwant\n%s", have, want)
	}
	if have := Unconfirmed(failed); have != want {
		t.Errorf("a write is unconfirmed because of\n%s\nwant\n%s", have, want)
	}
	if have := Line(errors.New("one\ntwo")); have != "one" {
		t.Errorf("the line is %q", have)
	}
}

func TestEveryProblemOfACredentialNamesTheSettings(t *testing.T) {
	t.Parallel()
	const where = "The ways to sign in, in the order in which they are tried, are described in the provider's documentation."
	covered := map[signin.CredentialProblem]bool{}
	for _, c := range []struct {
		err  signin.CredentialError
		says string
	}{
		{signin.CredentialError{Problem: signin.CredentialNone}, "No way to sign in is configured: set a client certificate, a client secret, use_oidc, use_msi or use_cli."},
		{
			signin.CredentialError{Problem: signin.CredentialIncomplete, Method: client.MethodClientSecret, NoTenantID: true, NoClientID: true},
			"Signing in by client secret needs tenant_id and client_id.",
		},
		{signin.CredentialError{Problem: signin.CredentialIncomplete, Method: client.MethodClientSecret, NoTenantID: true}, "Signing in by client secret needs tenant_id."},
		{
			signin.CredentialError{Problem: signin.CredentialIncomplete, Method: client.MethodClientCertificate, NoClientID: true},
			"Signing in by client certificate needs client_id.",
		},
		{
			signin.CredentialError{Problem: signin.CredentialRefused, Method: client.MethodManagedIdentity, Err: errors.New("not here")},
			"Signing in by managed identity: not here.",
		},
		{
			signin.CredentialError{Problem: signin.AssertionNowhere, Method: client.MethodOIDC},
			"use_oidc has no token: set oidc_token, oidc_token_file_path, or oidc_request_url with oidc_request_token " +
				"(in GitHub Actions the job needs the permission id-token: write).",
		},
		{
			signin.CredentialError{Problem: signin.AssertionWithoutRequestToken, Method: client.MethodOIDC},
			"use_oidc has a request URL but no request token (oidc_request_token).",
		},
		{
			signin.CredentialError{Problem: signin.AssertionWithoutRequestURL, Method: client.MethodOIDC},
			"use_oidc has a request token but no request URL (oidc_request_url).",
		},
		{signin.CredentialError{Problem: signin.AssertionNoURL, Method: client.MethodOIDC, Value: "x"}, `oidc_request_url is not a URL: "x".`},
		{
			signin.CredentialError{Problem: signin.AssertionWithoutTLS, Method: client.MethodOIDC, Value: "http://x"},
			`oidc_request_url "http://x" does not start with https://; its token is never sent without TLS.`,
		},
		{
			signin.CredentialError{Problem: signin.CertificateKeyEncrypted, Method: client.MethodClientCertificate},
			"The client certificate cannot be used: its PEM key is encrypted; use a PKCS#12 (PFX) file with client_certificate_password instead.",
		},
		{
			signin.CredentialError{Problem: signin.CertificatePassword, Method: client.MethodClientCertificate},
			"The client certificate cannot be used: client_certificate_password does not open it.",
		},
		{
			signin.CredentialError{Problem: signin.CertificateUnusable, Method: client.MethodClientCertificate, Err: errors.New("its key cannot sign")},
			"The client certificate cannot be used: its key cannot sign.",
		},
		{
			signin.CredentialError{Problem: signin.IdentityEndpointInvalid, Method: client.MethodManagedIdentity, Value: "x"},
			`Signing in by managed identity: msi_endpoint "x" is not an address like http://169.254.169.254/metadata/identity/oauth2/token.`,
		},
		{
			signin.CredentialError{Problem: signin.IdentityEndpointNotBare, Method: client.MethodManagedIdentity, Value: "http://x/?y"},
			`Signing in by managed identity: msi_endpoint "http://x/?y" must be without user information, query and fragment.`,
		},
	} {
		covered[c.err.Problem] = true
		if summary, detail := Describe(&c.err); summary != unableToSignIn || detail != c.says+"\n\n"+where {
			t.Errorf("of %+v it says %q,\n%s\nwant\n%s", c.err, summary, detail, c.says)
		}
	}
	for _, problem := range clienttest.Constants[signin.CredentialProblem](t) {
		if !covered[problem] {
			t.Errorf("the problem %q has no words", problem)
		}
		words := describeCredentialError(&signin.CredentialError{Problem: problem, Err: errors.New("x")})
		if generic := words == "Signing in by : x."; generic != (problem == signin.CredentialRefused) {
			t.Errorf("the problem %q has no words of its own: %s", problem, words)
		}
	}
}

func TestEveryWayToSignInHasItsAttribute(t *testing.T) {
	t.Parallel()
	methods := clienttest.Constants[client.Method](t)
	attributes := map[string]bool{}
	for _, method := range methods {
		attribute := MethodAttribute(method)
		if !regexp.MustCompile(`^(use|client)_[a-z]+$`).MatchString(attribute) {
			t.Errorf("%q is switched by %q", method, attribute)
		}
		attributes[attribute] = true
	}
	if len(attributes) != len(methods) || MethodAttribute("") != "" {
		t.Errorf("the attributes are %v", attributes)
	}
}
