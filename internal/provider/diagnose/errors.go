// Package diagnose says in a summary and a detail what went wrong and what to do: errors of the client, the end of a timeout, lists of
// names, and what a person is called. It knows no resource.
package diagnose

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// Error reports an error of the client: what was tried on which object, what came back, and what to do.
func Error(diags *diag.Diagnostics, err error) {
	summary, detail := Describe(err)
	diags.AddError(summary, detail)
}

// AttributeError is Error with the attribute that asked for it.
func AttributeError(diags *diag.Diagnostics, at path.Path, err error) {
	summary, detail := Describe(err)
	diags.AddAttributeError(at, summary, detail)
}

// Describe is the summary and the detail of what Error reports.
func Describe(err error) (summary, detail string) {
	var (
		refusal    *mfa.TransitionError
		answer     *client.Error
		auth       *client.AuthError
		credential *signin.CredentialError
		connection *client.ConnectionError
		over       *TimeoutError
		creation   *client.UnknownCreationError
	)
	switch {
	case errors.As(err, &over):
		return describeTimeout(over, err)
	case errors.Is(err, context.Canceled):
		return describeStop(err)
	case errors.As(err, &creation):
		summary, detail = Describe(creation.Err)
		return summary, detail + "\n\n" + describeUnknownCreation(creation)
	case errors.As(err, &refusal):
		summary, explanation, remedy := Transition(refusal)
		return summary, joinParagraphs(explanation, remedy)
	case errors.As(err, &auth):
		return describeAuthError(auth)
	case errors.As(err, &credential):
		return "Unable to sign in to Microsoft Entra ID", describeCredentialError(credential) +
			"\n\nThe ways to sign in, in the order in which they are tried, are described in the provider's documentation."
	case errors.As(err, &connection):
		return describeConnectionError(connection)
	case errors.As(err, &answer):
		return describeAnswer(answer)
	}
	return "Unable to complete the operation", Sentence(err.Error())
}

// TenantOf names the tenant in which a request was refused; "this tenant" where nobody knows.
func TenantOf(err error) client.Tenant {
	var answer *client.Error
	if errors.As(err, &answer) {
		return answer.Tenant
	}
	return client.Tenant{}
}

// unknownSegment is what Graph, and any OData service of Microsoft's, says of a path that its schema does not have. It only
// adds advice: nothing is decided by it.
const unknownSegment = "Resource not found for the segment"

// conditionalAccessMeanings says what the numbers mean with which Conditional Access refuses a request. They are not documented; these
// were observed by other public clients, so only the number is matched and never the wording.
var conditionalAccessMeanings = map[string]string{
	"1007": "The body of the request does not fit the schema. This is a defect of the provider; please report it.",
	"1011": "The condition about applications is not valid.",
	"1012": "Applications and user actions cannot be included together.",
	"1032": "The controls do not fit one another.",
	"1038": "The policy has something that this version of Microsoft Graph counts as a preview.",
	"1039": "The policy has a condition or control that needs Microsoft Entra ID P2.",
	"1054": "A group is not known, or its id is not one.",
	"1040": "A named location is not known, or not yet known to every replica: a new one can take some minutes. Run the command again.",
}

func describeAnswer(e *client.Error) (summary, detail string) {
	parts := []string{fmt.Sprintf("Microsoft Graph answered HTTP %d", e.Status)}
	if e.Code != "" {
		parts[0] += " " + e.Code
	}
	if e.Message != "" {
		parts[0] += ": " + e.Message
	}
	parts[0] = Sentence(parts[0])
	if meaning := conditionalAccessMeanings[e.Number()]; meaning != "" {
		parts = append(parts, meaning)
	}
	switch {
	case client.IsLicenseRequired(e):
		parts = append(parts, Sentence(fmt.Sprintf("%s has no Microsoft Entra ID P1 licence, which this needs", e.Tenant)))
	case e.PermissionHeld():
		parts = append(parts, describeForbiddenDespitePermission(e))
	case client.IsForbidden(e) && len(e.Permissions) > 0:
		parts = append(parts, fmt.Sprintf("Grant the app one of these application permissions of Microsoft Graph in %s, with admin consent: %s. "+
			"The first is the least. A signed-in user needs a role that allows it as well, and a token with that scope, which the Azure CLI's may lack.", e.Tenant, strings.Join(e.Permissions, ", ")))
	case e.AsksTooMuch():
		parts = append(parts, fmt.Sprintf("Microsoft Graph asks for %s until the next request, and the limit of this provider is %s, so the request was not repeated. "+
			"Nothing was lost: run the command again after that time.", inSeconds(e.RetryAfter), inSeconds(e.RetryLimit)))
	case client.IsThrottled(e):
		parts = append(parts, "Microsoft Graph throttles this tenant, and still did after several repetitions. Nothing was lost: run the command again later.")
	case e.FromGraph && strings.Contains(e.Message, unknownSegment):
		parts = append(parts, "This Microsoft Graph does not have that part of the API: not every cloud has all of it. Check environment and graph_endpoint of the provider "+
			"block; if they are right, what is managed here does not exist in the tenant's cloud, and its resources and data sources have to go.")
	case e.Status == 401:
		parts = append(parts, "The access token was not accepted. Check that environment (or graph_endpoint and authority_host) names the tenant's cloud, "+
			"and that this machine's clock is right.")
	case e.Status >= 300 && e.Status <= 399:
		parts = append(parts, "Microsoft Graph does not redirect, and the redirect was not followed, because the access token would have gone there. Check environment and "+
			"graph_endpoint of the provider block, and whether a proxy of this network asks for a sign-in.")
	case !e.FromGraph && e.Status < 500:
		parts = append(parts, "Nothing is concluded from such an answer. Check environment and graph_endpoint of the provider block, and whether a proxy answers in "+
			"Microsoft Graph's place (HTTPS_PROXY); then run the command again.")
	case e.Status <= 299:
		parts = append(parts, "The status of the answer is that of a success, and its content is an error. Run the command again.")
	case e.Status == 409, e.Status == 412, e.Status == 423:
		parts = append(parts, "Something else may be at work on the same object. Run the command again.")
	case e.Status >= 500:
		parts = append(parts, "Microsoft Graph had a failure of its own, and repeating the request did not help. Nothing was lost: run the command again later.")
	}
	var ids []string
	if e.RequestID != "" {
		ids = append(ids, "request-id "+e.RequestID)
	}
	if e.ClientRequestID != "" {
		ids = append(ids, "client-request-id "+e.ClientRequestID)
	}
	if len(ids) > 0 {
		parts = append(parts, "For Microsoft's support: "+strings.Join(ids, ", ")+".")
	}
	return "Unable to " + e.Operation, strings.Join(parts, "\n\n")
}

// describeForbiddenDespitePermission is for a 403 that cannot be about the permission: the token names it, or it was used in this run.
func describeForbiddenDespitePermission(e *client.Error) string {
	permission := strings.Join(e.Permissions, " or ")
	if e.AboutUser {
		return fmt.Sprintf("The permission is not what is missing: this identity has it (%s). So Microsoft Graph refuses this user. That can be an account with an "+
			"administrator role, which a lesser administrator or an app may not touch, or a member of a restricted management administrative unit.\n\n"+
			"Use an identity that may manage this user: for privileged administrators one with the role Privileged Authentication Administrator, for a restricted "+
			"management administrative unit one with a role in that unit. Or take this user out of the configuration.", permission)
	}
	return fmt.Sprintf("The permission is not what is missing: this identity has it (%s). Something else forbids it, such as a licence that the tenant does not have, or "+
		"a role that a signed-in user does not have. Look for the request id in the tenant's audit and sign-in logs.", permission)
}

// inSeconds is a wait as the headers of HTTP have it.
func inSeconds(wait time.Duration) string {
	return strconv.FormatFloat(wait.Round(time.Millisecond).Seconds(), 'f', -1, 64) + " s"
}

func describeConnectionError(e *client.ConnectionError) (summary, detail string) {
	advice := map[client.ConnectionKind]string{
		client.ConnectionUntrusted: "The certificate that it showed is signed by no authority that this machine trusts. In a network that re-signs TLS, " +
			"set ca_bundle_path (ENTRAMFA_CA_BUNDLE_PATH) to a PEM file of that network's authority.",
		client.ConnectionNoHost:    "The name does not resolve. Check environment, or the spelling of graph_endpoint and authority_host, and this machine's DNS.",
		client.ConnectionNoTLS:     "It does not speak TLS. Check the port of graph_endpoint and authority_host.",
		client.ConnectionRefused:   "Nothing listens there. Check graph_endpoint and authority_host, and whether this machine needs a proxy to reach them (HTTPS_PROXY).",
		client.ConnectionOversized: "Microsoft Graph sends nothing of that size. Check graph_endpoint and authority_host, and whether a proxy answers in their place.",
		client.ConnectionBroken:    "Check the network, and whether this machine needs a proxy (HTTPS_PROXY). Nothing was lost: run the command again.",
	}[e.Kind]
	if e.Kind == client.ConnectionProxy {
		return describeProxyError(e)
	}
	if e.Proxy != "" {
		advice += fmt.Sprintf(" It was asked through the proxy %s (HTTPS_PROXY); hosts that are reached without a proxy belong in NO_PROXY.", e.Proxy)
	}
	var invalid x509.CertificateInvalidError
	if e.Kind == client.ConnectionUntrusted && errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired {
		advice = "The certificate that it showed is not valid at this machine's time. Check this machine's clock; if it is right, the certificate has expired."
	}
	return fmt.Sprintf("Unable to reach %s", e.Host),
		fmt.Sprintf("Tried to %s, and got no answer: %s\n\n%s", e.Operation, Sentence(e.Cause()), advice)
}

// describeProxyError does not blame the host, which was never asked.
func describeProxyError(e *client.ConnectionError) (summary, detail string) {
	host := strings.TrimPrefix(e.Host, "https://")
	const remedy = "Correct the environment variable HTTPS_PROXY, or unset it where this machine needs no proxy. Where only some hosts are reached without one, " +
		"name them in NO_PROXY, separated by commas: %s. Neither has anything to do with graph_endpoint and authority_host."
	if e.Proxy == "" {
		return "HTTPS_PROXY is not the address of a proxy", fmt.Sprintf("Tried to %s at %s, and the environment variable HTTPS_PROXY (or https_proxy) is not an address "+
			"like http://proxy.contoso.example:8080. Its value is not shown, because it could hold a password.\n\n"+remedy, e.Operation, e.Host, host)
	}
	return fmt.Sprintf("Unable to reach %s through the proxy %s", e.Host, e.Proxy), fmt.Sprintf("Tried to %s. The environment variable HTTPS_PROXY sends the request to the "+
		"proxy %s, and the proxy failed: %s\n\n"+remedy, e.Operation, e.Proxy, Sentence(e.Cause()), host)
}
