package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// AuthError is a failed sign-in. It never holds a secret: only what the sign-in service said is taken over.
//
// Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
type AuthError struct {
	// Code is the number that the sign-in service gave, like AADSTS7000215; empty where it gave none.
	Code string
	// Message is the service's first sentence, or what the credential said.
	Message string
	// TraceID and CorrelationID are what Microsoft's support asks for.
	TraceID       string
	CorrelationID string
	// Reason names in a few words what is wrong; empty where nobody knows.
	Reason string
	// Remedy says what to do; it is never empty.
	Remedy string
	// Origin says where the credential was found; empty where nobody knows.
	Origin string
}

// Error names the number, the reason and the way out.
func (e *AuthError) Error() string {
	text := "unable to sign in to Microsoft Entra ID: "
	if e.Code != "" {
		text += e.Code + ": "
	}
	text += strings.TrimSuffix(e.Message, ".") + ". " + e.Remedy
	if e.Origin != "" {
		text += " " + e.Origin
	}
	if e.CorrelationID != "" {
		text += fmt.Sprintf(" (trace id %s, correlation id %s)", e.TraceID, e.CorrelationID)
	}
	return text
}

// AuthRemedies says what helps against the failures that people meet most.
var AuthRemedies = map[string]string{
	"AADSTS7000215": "The client secret is wrong. Use the secret's value, not its id; create a new one if the value was not kept.",
	"AADSTS7000222": "The client secret has expired. Create a new one for the app registration, or move to workload identity federation, which has none.",
	"AADSTS700016":  "The tenant has no app registration with this client id. Check client_id and tenant_id, and that the app was registered in (or consented to by) this tenant.",
	"AADSTS90002":   "The tenant was not found. Check tenant_id; if it is right, the tenant lives in another cloud: check environment (or authority_host).",
	"AADSTS900023":  "The tenant id is neither a GUID nor a verified domain. Check tenant_id.",
	"AADSTS900382":  "The tenant lives in another cloud. Check environment (or authority_host and graph_endpoint).",
	"AADSTS90038":   "The tenant lives in another cloud. Check environment (or authority_host and graph_endpoint).",
	"AADSTS500011":  "Microsoft Graph at this address is unknown to the tenant's cloud. Check that environment (or graph_endpoint and authority_host) name the same cloud as the tenant's.",
	"AADSTS700027":  "The certificate is not one of the app registration's. Upload it there (Certificates & secrets), or use one that is.",
	"AADSTS700024": "The assertion is not valid now: it has expired, or this machine's clock is wrong. Check the clock; an oidc_token has to be new at each run, " +
		"while oidc_token_file_path and oidc_request_url are read again at each sign-in.",
	"AADSTS70021":  "No federated credential of the app registration fits the token. Compare issuer, subject and audience.",
	"AADSTS700211": "No federated credential of the app registration has the token's issuer. Compare issuer, subject and audience.",
	"AADSTS700212": "No federated credential of the app registration has the token's audience; api://AzureADTokenExchange is the usual one.",
	"AADSTS700213": "No federated credential of the app registration has the token's subject. It is case-sensitive and must fit exactly.",
	"AADSTS50034":  "The account does not exist in this tenant. Check tenant_id, and sign in with an account of this tenant: `az login --tenant <tenant_id>`.",
	"AADSTS65001": "An administrator has to consent to the app's permissions: in the app registration, under API permissions, grant admin consent; for somebody who " +
		"signs in with the Azure CLI, consent to the Azure CLI.",
	"AADSTS53003": "A Conditional Access policy blocks this sign-in. Look for the correlation id in the sign-in log, which names the policy; then fulfil its conditions " +
		"(such as the address of this machine), or have the account or app excluded.",
	"AADSTS7000112": "The app registration or its service principal is disabled. Enable it, or use another.",
}

// AuthReasons names the same failures in a few words.
var AuthReasons = map[string]string{
	"AADSTS7000215": "the client secret is wrong",
	"AADSTS7000222": "the client secret has expired",
	"AADSTS700016":  "no such app in this tenant",
	"AADSTS90002":   "no such tenant",
	"AADSTS900023":  "no such tenant",
	"AADSTS900382":  "the tenant lives in another cloud",
	"AADSTS90038":   "the tenant lives in another cloud",
	"AADSTS500011":  "Microsoft Graph is of another cloud",
	"AADSTS700027":  "the certificate is not registered",
	"AADSTS700024":  "the assertion is not valid now",
	"AADSTS70021":   "no federated credential fits",
	"AADSTS700211":  "no federated credential fits",
	"AADSTS700212":  "no federated credential fits",
	"AADSTS700213":  "no federated credential fits",
	"AADSTS50034":   "no such account in this tenant",
	"AADSTS65001":   "consent is missing",
	"AADSTS53003":   "Conditional Access blocks it",
	"AADSTS7000112": "the app is disabled",
}

// GeneralAuthRemedy helps against failures that nothing more is known of.
const GeneralAuthRemedy = "Check tenant_id, client_id and the credential; the number is explained at https://login.microsoftonline.com/error."

// CodePattern is a number of the sign-in service.
var CodePattern = regexp.MustCompile(`AADSTS\d+`)

// describedCredential makes every failure of a credential an *AuthError, a *ConnectionError or the context's error, at
// the one place where it is still known to be the credential's.
type describedCredential struct {
	azcore.TokenCredential
	origin string
	// learn is told every token.
	learn func(token string)
}

func newDescribedCredential(credential azcore.TokenCredential, learn func(token string)) describedCredential {
	found, _ := credential.(foundCredential)
	return describedCredential{credential, found.origin, learn}
}

func (c describedCredential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	recorded, failures := transport.WithFailureRecord(ctx)
	token, err := c.TokenCredential.GetToken(recorded, options)
	if err == nil {
		redact.LearnRecent("access token", token.Token)
		c.learn(token.Token)
		return token, nil
	}
	err = describeAuthFailure(ctx, failures, err)
	var failed *AuthError
	if errors.As(err, &failed) {
		failed.Origin = c.origin
	}
	return token, err
}

// describeAuthFailure does not pass on the credential's own text where the service has answered: it is a page of HTTP.
func describeAuthFailure(ctx context.Context, failures *transport.FailureRecord, err error) error {
	if ctxErr := ctx.Err(); ctxErr != nil {
		return fmt.Errorf("unable to sign in: %w", ctxErr)
	}
	// azidentity passes on only the text of what an assertion failed by.
	var own *AuthError
	if errors.As(failures.Own(), &own) || errors.As(err, &own) {
		return own
	}
	var failed *azidentity.AuthenticationFailedError
	if errors.As(err, &failed) && failed.RawResponse != nil {
		if body, readErr := runtime.Payload(failed.RawResponse); readErr == nil {
			return NewAuthError(failed.RawResponse.StatusCode, body)
		}
	}
	host, status, cause := failures.Get()
	if cause != nil {
		return transport.NewConnectionError("sign in", host, cause)
	}
	if status >= 200 && status <= 299 {
		return foreignAuthAnswer(status, "a token")
	}
	code := CodePattern.FindString(err.Error())
	return &AuthError{Message: firstLine(err.Error()), Code: code, Reason: AuthReasons[code], Remedy: remedyFor(code)}
}

// NewAuthError reads the answer of the token endpoint.
func NewAuthError(status int, body []byte) *AuthError {
	if failed, ok := parseAuthError(body); ok {
		return &failed
	}
	return foreignAuthAnswer(status, "its own error")
}

// parseAuthError reads OAuth's form of an error, and reports whether it is that.
//
// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#error-response-1
func parseAuthError(body []byte) (AuthError, bool) {
	var answer struct {
		Error         string `json:"error"`
		Description   string `json:"error_description"`
		TraceID       string `json:"trace_id"`
		CorrelationID string `json:"correlation_id"`
	}
	if json.Unmarshal(body, &answer) != nil || (answer.Error == "" && answer.Description == "") {
		return AuthError{}, false
	}
	// Without secrets before anything is cut off.
	description := redact.ForeignText(answer.Description)
	code := CodePattern.FindString(description)
	message := strings.TrimSpace(strings.TrimPrefix(description, code+":"))
	// What follows are the ids and a timestamp, which have fields of their own.
	if at := strings.Index(message, "Trace ID:"); at >= 0 {
		message = strings.TrimSpace(message[:at])
	}
	return AuthError{
		Code:          code,
		Message:       cmp.Or(message, redact.ForeignText(answer.Error)),
		TraceID:       redact.ForeignText(answer.TraceID),
		CorrelationID: redact.ForeignText(answer.CorrelationID),
		Reason:        AuthReasons[code],
		Remedy:        remedyFor(code),
	}, true
}

// foreignAuthAnswer is the failure of a sign-in at something that is no sign-in service.
func foreignAuthAnswer(status int, instead string) *AuthError {
	return &AuthError{
		Reason:  "not a sign-in service",
		Message: fmt.Sprintf("the sign-in service answered HTTP %d with something other than %s", status, instead),
		Remedy:  "Check authority_host, and whether a proxy stands in between.",
	}
}

func remedyFor(code string) string { return cmp.Or(AuthRemedies[code], GeneralAuthRemedy) }

// firstLine is the first line of what a library or a program says.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(redact.Text(text)), "\n")
	return redact.ForeignText(line)
}
