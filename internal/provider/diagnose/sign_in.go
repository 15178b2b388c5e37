package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

// advice is the words for a failed sign-in: what is wrong, in a few words for a summary, and what to do. In a remedy {login} is the
// command that signs in to the Azure CLI.
type advice struct{ reason, remedy string }

const (
	otherCloud   = "The tenant lives in another cloud. Check environment (or authority_host and graph_endpoint)."
	anyIdentity  = "Managed identities exist in Azure, and on machines connected by Azure Arc. On any other machine configure another way to sign in: a client "
	noIdentity   = anyIdentity + "certificate, a client secret, use_oidc or use_cli; and unset use_msi (ARM_USE_MSI)."
	noCredential = "no federated credential fits"
)

// generalAdvice is for numbers of the sign-in service that nothing more is known of.
var generalAdvice = advice{remedy: "Check tenant_id, client_id and the credential; the number is explained at https://login.microsoftonline.com/error."}

// numberAdvice is what helps against the refusals that people meet most, by the number of the sign-in service.
//
// Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
var numberAdvice = map[string]advice{
	"AADSTS7000215": {"the client secret is wrong", "The client secret is wrong. Use the secret's value, not its id; create a new one if the value was not kept."},
	"AADSTS7000222": {
		"the client secret has expired",
		"The client secret has expired. Create a new one for the app registration, or move to workload identity federation, which has none.",
	},
	"AADSTS700016": {
		"no such app in this tenant",
		"The tenant has no app registration with this client id. Check client_id and tenant_id, and that the app was registered in (or consented to by) this tenant.",
	},
	"AADSTS90002":  {"no such tenant", "The tenant was not found. Check tenant_id; if it is right, the tenant lives in another cloud: check environment (or authority_host)."},
	"AADSTS900023": {"no such tenant", "The tenant id is neither a GUID nor a verified domain. Check tenant_id."},
	"AADSTS900382": {"the tenant lives in another cloud", otherCloud},
	"AADSTS90038":  {"the tenant lives in another cloud", otherCloud},
	"AADSTS500011": {
		"Microsoft Graph is of another cloud",
		"Microsoft Graph at this address is unknown to the tenant's cloud. Check that environment (or graph_endpoint and authority_host) name the same cloud as the tenant's.",
	},
	"AADSTS700027": {
		"the certificate is not registered",
		"The certificate is not one of the app registration's. Upload it there (Certificates & secrets), or use one that is.",
	},
	"AADSTS700024": {
		"the assertion is not valid now",
		"The assertion is not valid now: it has expired, or this machine's clock is wrong. Check the clock; an oidc_token has to be new at each run, " +
			"while oidc_token_file_path and oidc_request_url are read again at each sign-in.",
	},
	"AADSTS70021":  {noCredential, "No federated credential of the app registration fits the token. Compare issuer, subject and audience."},
	"AADSTS700211": {noCredential, "No federated credential of the app registration has the token's issuer. Compare issuer, subject and audience."},
	"AADSTS700212": {noCredential, "No federated credential of the app registration has the token's audience; api://AzureADTokenExchange is the usual one."},
	"AADSTS700213": {noCredential, "No federated credential of the app registration has the token's subject. It is case-sensitive and must fit exactly."},
	"AADSTS50034": {
		"no such account in this tenant",
		"The account does not exist in this tenant. Check tenant_id, and sign in with an account of this tenant: {login}.",
	},
	"AADSTS65001": {
		"consent is missing",
		"An administrator has to consent to the app's permissions: in the app registration, under API permissions, grant admin consent; for somebody who " +
			"signs in with the Azure CLI, consent to the Azure CLI.",
	},
	"AADSTS53003": {
		"Conditional Access blocks it",
		"A Conditional Access policy blocks this sign-in. Look for the correlation id in the sign-in log, which names the policy; then fulfil its conditions " +
			"(such as the address of this machine), or have the account or app excluded.",
	},
	"AADSTS7000112": {"the app is disabled", "The app registration or its service principal is disabled. Enable it, or use another."},
}

// signInAdvice is the words for a failed sign-in.
func signInAdvice(e *client.AuthError) advice {
	known, isKnown := numberAdvice[e.Code]
	switch e.Failure {
	case signin.AuthRefused:
		if isKnown {
			return known
		}
	case signin.AuthForeignAnswer:
		return advice{"not a sign-in service", "Check authority_host, and whether a proxy stands in between."}
	case signin.AuthAssertionFile:
		return advice{"", "Check oidc_token_file_path."}
	case signin.AuthAssertionRefused:
		return advice{
			"no OpenID Connect token",
			"Check oidc_request_url and oidc_request_token; they are valid only while the job runs. For Azure DevOps also check ado_pipeline_service_connection_id.",
		}
	case signin.AuthNoCLIToken:
		if isKnown {
			return advice{known.reason, known.remedy + " Then run {login}."}
		}
		return advice{
			"no token of the Azure CLI", "Nothing else is configured, so the Azure CLI was asked. Install it and run {login}, or configure another way " +
				"to sign in: a client certificate, a client secret, use_oidc or use_msi.",
		}
	case signin.AuthCLIChallenged:
		return advice{"the Azure CLI has to sign in again", "Run `" + e.Command + "` and then this command again."}
	case signin.AuthTwoIdentityEndpoints:
		return advice{"two managed identity endpoints", "Unset msi_endpoint (ARM_MSI_ENDPOINT); the machine's own endpoint is found without it."}
	case signin.AuthIdentityUnanswered:
		return advice{"no managed identity here", noIdentity + " In Azure, behind a proxy, 169.254.169.254 has to be in NO_PROXY."}
	case signin.AuthIdentityForeignAnswer:
		return advice{"no managed identity here", noIdentity}
	case signin.AuthIdentityRefused:
		return identityAdvice(e, known)
	case signin.AuthNoIdentityToken:
		return advice{"no token of the managed identity", noIdentity}
	case signin.AuthOtherTenant:
		return advice{
			"another tenant than before", "Nothing was sent with it. Sign in to the tenant that is meant, set tenant_id (ARM_TENANT_ID) so that no other account " +
				"is taken, and run the command again.",
		}
	}
	return generalAdvice
}

// identityAdvice is the words for a managed identity that was refused.
func identityAdvice(e *client.AuthError, known advice) advice {
	remedy := noIdentity
	switch {
	case known.remedy != "":
		remedy = known.remedy
	case e.Status == 400 && e.IdentityClientID != "":
		remedy = fmt.Sprintf("Assign the user-assigned managed identity with the client id %s to this machine, or correct client_id (ARM_CLIENT_ID, AZURE_CLIENT_ID); "+
			"without it, the machine's system-assigned identity signs in.", e.IdentityClientID)
	case e.Status == 400 || e.Status == 404:
		remedy = "Switch on the machine's system-assigned managed identity, or set client_id to that of a user-assigned one. " + noIdentity
	}
	return advice{"the managed identity was refused", remedy}
}

func describeAuthError(e *client.AuthError) (summary, detail string) {
	words := signInAdvice(e)
	what := Sentence(e.Message)
	if e.Failure == signin.AuthTwoIdentityEndpoints {
		what = "msi_endpoint is set, and the environment of this machine names another endpoint, " + e.Address + "."
	}
	if e.Code != "" {
		what = e.Code + ": " + what
	}
	remedy := strings.ReplaceAll(words.remedy, "{login}", "`az login --tenant "+cmp.Or(e.CLITenant, "<tenant_id>")+"`")
	support := ""
	if e.CorrelationID != "" {
		support = fmt.Sprintf("For Microsoft's support: trace id %s, correlation id %s.", e.TraceID, e.CorrelationID)
	}
	summary = "Unable to sign in to Microsoft Entra ID"
	if words.reason != "" {
		summary += ": " + words.reason
	}
	return summary, joinParagraphs(what, remedy, describeOrigin(e), support)
}

// Line is an error in one line, for a sentence or a list. A failed sign-in keeps its remedy there.
func Line(err error) string {
	var auth *client.AuthError
	if !errors.As(err, &auth) {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return line
	}
	summary, detail := describeAuthError(auth)
	return strings.ReplaceAll(summary+". "+detail, "\n\n", " ")
}

// describeOrigin says where the credential was found, and which other way to sign in was meant, perhaps.
func describeOrigin(e *client.AuthError) string {
	if e.Origin == "" {
		return ""
	}
	text := fmt.Sprintf("The credential of this sign-in (%s) is from %s.", e.Method, e.Origin)
	if e.PassedOver != "" {
		text += fmt.Sprintf(" %s is set as well, and was not used, because a %s goes before it. To sign in by %s, remove the %s.",
			MethodAttribute(e.PassedOver), e.Method, e.PassedOver, e.Method)
	}
	return text
}

// MethodAttribute is the attribute of the provider block that switches a way to sign in; empty where none was chosen.
func MethodAttribute(method client.Method) string {
	switch method {
	case client.MethodClientCertificate:
		return "client_certificate"
	case client.MethodClientSecret:
		return "client_secret"
	case client.MethodOIDC:
		return "use_oidc"
	case client.MethodManagedIdentity:
		return "use_msi"
	case client.MethodAzureCLI:
		return "use_cli"
	}
	return ""
}

// describeCredentialError says which settings of the provider block no credential can be made of.
func describeCredentialError(e *signin.CredentialError) string {
	switch e.Problem {
	case signin.CredentialNone:
		return "No way to sign in is configured: set a client certificate, a client secret, use_oidc, use_msi or use_cli."
	case signin.CredentialIncomplete:
		var missing []string
		if e.NoTenantID {
			missing = append(missing, "tenant_id")
		}
		if e.NoClientID {
			missing = append(missing, "client_id")
		}
		return fmt.Sprintf("Signing in by %s needs %s.", e.Method, strings.Join(missing, " and "))
	case signin.AssertionNowhere:
		return "use_oidc has no token: set oidc_token, oidc_token_file_path, or oidc_request_url with oidc_request_token " +
			"(in GitHub Actions the job needs the permission id-token: write)."
	case signin.AssertionWithoutRequestToken:
		return "use_oidc has a request URL but no request token (oidc_request_token)."
	case signin.AssertionWithoutRequestURL:
		return "use_oidc has a request token but no request URL (oidc_request_url)."
	case signin.AssertionNoURL:
		return fmt.Sprintf("oidc_request_url is not a URL: %q.", e.Value)
	case signin.AssertionWithoutTLS:
		return fmt.Sprintf("oidc_request_url %q does not start with https://; its token is never sent without TLS.", e.Value)
	case signin.CertificateKeyEncrypted:
		return "The client certificate cannot be used: its PEM key is encrypted; use a PKCS#12 (PFX) file with client_certificate_password instead."
	case signin.CertificatePassword:
		return "The client certificate cannot be used: client_certificate_password does not open it."
	case signin.CertificateUnusable:
		return Sentence(fmt.Sprintf("the client certificate cannot be used: %v", e.Err))
	case signin.IdentityEndpointInvalid:
		return fmt.Sprintf("Signing in by %s: msi_endpoint %q is not an address like %s.", e.Method, e.Value, signin.IdentityEndpointExample)
	case signin.IdentityEndpointNotBare:
		return fmt.Sprintf("Signing in by %s: msi_endpoint %q must be without user information, query and fragment.", e.Method, e.Value)
	case signin.CredentialRefused:
	}
	return Sentence(e.Error())
}
