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

// AuthFailure is the kind of a failed sign-in.
type AuthFailure string

const (
	// AuthRefused is a refusal of the sign-in service, or a failure of a credential of which only the message is known.
	AuthRefused AuthFailure = "refused"
	// AuthForeignAnswer is an answer of something that is not a sign-in service.
	AuthForeignAnswer AuthFailure = "foreign answer"
	// AuthAssertionFile is a file of an assertion that cannot be read or is empty.
	AuthAssertionFile AuthFailure = "assertion file"
	// AuthAssertionRefused is a CI system that gave no assertion.
	AuthAssertionRefused AuthFailure = "assertion refused"
	// AuthNoCLIToken is an Azure CLI that gave no token, or none that is installed. CLITenant is set.
	AuthNoCLIToken AuthFailure = "no token of the Azure CLI"
	// AuthCLIChallenged is a claims challenge, which the Azure CLI answers only after a new sign-in. Command is set.
	AuthCLIChallenged AuthFailure = "challenge for the Azure CLI"
	// AuthTwoIdentityEndpoints is a machine whose own identity endpoint is not the one in the settings. Address is the machine's.
	AuthTwoIdentityEndpoints AuthFailure = "two managed identity endpoints"
	// AuthIdentityUnanswered is an identity endpoint that did not answer.
	AuthIdentityUnanswered AuthFailure = "no answer for the managed identity"
	// AuthIdentityRefused is a refusal of the identity endpoint. Status and IdentityClientID are set.
	AuthIdentityRefused AuthFailure = "managed identity refused"
	// AuthIdentityForeignAnswer is an answer of something that is not an identity endpoint.
	AuthIdentityForeignAnswer AuthFailure = "foreign answer for the managed identity"
	// AuthNoIdentityToken is a managed identity without a token for a reason of which only the message is known.
	AuthNoIdentityToken AuthFailure = "no token of the managed identity"
	// AuthOtherTenant is an access token of another tenant than the first one.
	AuthOtherTenant AuthFailure = "another tenant"
)

// AuthError is a failed sign-in. It never holds a secret: only what the sign-in service said is taken over.
//
// Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
type AuthError struct {
	Failure AuthFailure
	// Code is the number that the sign-in service gave, like AADSTS7000215; empty where it gave none.
	Code string
	// Message is the service's first sentence, or what the credential said.
	Message string
	// TraceID and CorrelationID are what Microsoft's support asks for.
	TraceID       string
	CorrelationID string
	// Status is the HTTP status of an identity endpoint's refusal.
	Status int
	// Address is that of an identity endpoint, without its query.
	Address string
	// IdentityClientID is the client id of the user-assigned identity that was asked for; empty for that of the system.
	IdentityClientID string
	// CLITenant is the tenant that the Azure CLI was asked for; empty where no tenant is set.
	CLITenant string
	// Command is what a person has to run before the next try.
	Command string
	// Method is the way to sign in, and Origin says where its credential was found; both are empty where nobody knows.
	Method Method
	Origin string
	// PassedOver is another way to sign in that was set as well and comes after Method; empty where there is none.
	PassedOver Method
}

// Error names the number, what the service said and where the credential is from.
func (e *AuthError) Error() string {
	text := "unable to sign in to Microsoft Entra ID: "
	if e.Code != "" {
		text += e.Code + ": "
	}
	text += strings.TrimSuffix(e.Message, ".")
	if e.Origin != "" {
		text += fmt.Sprintf("; the credential (%s) is from %s", e.Method, e.Origin)
	}
	if e.CorrelationID != "" {
		text += fmt.Sprintf(" (trace id %s, correlation id %s)", e.TraceID, e.CorrelationID)
	}
	return text
}

// CodePattern is a number of the sign-in service.
var CodePattern = regexp.MustCompile(`AADSTS\d+`)

// describedCredential makes every failure of a credential an *AuthError, a *ConnectionError or the context's error, at
// the one place where it is still known to be the credential's.
type describedCredential struct {
	azcore.TokenCredential
	found foundCredential
	// learn is told every token.
	learn func(token string)
}

func newDescribedCredential(credential azcore.TokenCredential, learn func(token string)) describedCredential {
	found, _ := credential.(foundCredential)
	return describedCredential{credential, found, learn}
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
		failed.Method, failed.Origin, failed.PassedOver = c.found.method, c.found.origin, c.found.passedOver
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
	return &AuthError{Failure: AuthRefused, Code: CodePattern.FindString(err.Error()), Message: firstLine(err.Error())}
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
		Failure:       AuthRefused,
		Code:          code,
		Message:       cmp.Or(message, redact.ForeignText(answer.Error)),
		TraceID:       redact.ForeignText(answer.TraceID),
		CorrelationID: redact.ForeignText(answer.CorrelationID),
	}, true
}

// foreignAuthAnswer is the failure of a sign-in at something that is not a sign-in service.
func foreignAuthAnswer(status int, instead string) *AuthError {
	return &AuthError{
		Failure: AuthForeignAnswer,
		Message: fmt.Sprintf("the sign-in service answered HTTP %d with something other than %s", status, instead),
	}
}

// firstLine is the first line of what a library or a program says.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(redact.Text(text)), "\n")
	return redact.ForeignText(line)
}
