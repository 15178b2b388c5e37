package graph

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// Error is Microsoft Graph's answer to a request that it did not carry out.
//
// Source: https://learn.microsoft.com/graph/errors
type Error struct {
	// Operation says what was tried on which object: `read user "adele.vance@contoso.example"`.
	Operation string
	// Status is the HTTP status code.
	Status int
	// Code is error.code of the answer. Graph sometimes leaves it empty, and a proxy's answer has none.
	Code string
	// Message is error.message, or what can be said of an answer that is not Graph's.
	Message string
	// RequestID is Graph's own id of the request, which Microsoft's support asks for.
	RequestID string
	// ClientRequestID is the id that this client gave to the request.
	ClientRequestID string
	// Permissions are the application permissions of which the operation needs at least one; set for a 403 of Graph's own.
	Permissions []string
	// Tenant is where the request was made.
	Tenant signin.Tenant
	// FromGraph tells Graph's own error envelope from the answer of something in between.
	FromGraph bool
	// RetryAfter is how long the service wants not to be asked; 0 where it did not say. RetryLimit is how long the client waits at the
	// most before it repeats a request.
	RetryAfter, RetryLimit time.Duration
	// AboutUser tells a request about one user.
	AboutUser bool
	// Held tells whether the identity certainly has one of the permissions; nil where nobody knows. See PermissionHeld.
	Held Finding
}

// Finding is what a process may still find out after an error.
type Finding func() bool

// Equal compares what is known by now.
func (f Finding) Equal(other Finding) bool { return f.known() == other.known() }

func (f Finding) known() bool { return f != nil && f() }

// PermissionHeld reports whether the identity of a 403 certainly has a permission that the operation needs: its token names it, or
// this process has done the same with another object. It may become true after the refusal.
func (e *Error) PermissionHeld() bool {
	return e.Status == http.StatusForbidden && len(e.Permissions) > 0 && e.Held.known()
}

// AsksTooMuch reports a refusal that was not repeated because the service wants a longer wait than the client's longest.
func (e *Error) AsksTooMuch() bool { return e.RetryLimit > 0 && e.RetryAfter > e.RetryLimit }

// Error says what was tried, what came back and how to find the request again.
func (e *Error) Error() string { return fmt.Sprintf("unable to %s: %s", e.Operation, e.answer()) }

func (e *Error) answer() string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP %d", e.Status)
	if e.Code != "" {
		fmt.Fprintf(&b, " %s", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request-id %s)", e.RequestID)
	}
	return b.String()
}

// IsNotFound reports Graph's own 404. The 404 of a proxy or of a wrong host says nothing about an object,
// and nothing may be forgotten because of it.
func IsNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound && e.FromGraph
}

// IsThrottled reports a 429 that outlasted the retries.
func IsThrottled(err error) bool { return HasStatus(err, http.StatusTooManyRequests) }

// IsForbidden reports a 403: a permission, a role or a licence is missing.
func IsForbidden(err error) bool { return HasStatus(err, http.StatusForbidden) }

// IsLicenseRequired reports the 403 of a tenant that lacks Microsoft Entra ID P1.
func IsLicenseRequired(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusForbidden &&
		strings.EqualFold(e.Code, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
}

// HasStatus reports a refusal with a status code.
func HasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == status
}

var conditionalAccessNumber = regexp.MustCompile(`(?:^|\s)(\d{4}):`)

// Number is the number with which Conditional Access refuses a request, such as 1040; empty where there is none.
func (e *Error) Number() string {
	if found := conditionalAccessNumber.FindStringSubmatch(e.Message); e.Status == http.StatusBadRequest && found != nil {
		return found[1]
	}
	return ""
}

// errorEnvelope is the body of a refusal. The same member is spelled innerError and innererror by different
// parts of Graph; encoding/json matches both to one field because it compares names without case.
type errorEnvelope struct {
	Error *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		// InnerError is read apart from the rest, so that a form of it that nobody knows does not cost code and message.
		InnerError json.RawMessage `json:"innerError"`
	} `json:"error"`
}

type innerError struct {
	Message         string `json:"message"`
	RequestID       string `json:"request-id"`
	ClientRequestID string `json:"client-request-id"`
}

// newError reads a refusal. It never fails: whatever the body is, the status reaches the caller.
func newError(operation string, permissions []string, status int, header http.Header, body []byte) *Error {
	e := &Error{
		Operation:       operation,
		Status:          status,
		RequestID:       redact.ForeignText(header.Get("request-id")),
		ClientRequestID: redact.ForeignText(header.Get(headerClientRequestID)),
		RetryAfter:      retryAfterOf(header),
	}
	var envelope errorEnvelope
	err := json.Unmarshal(body, &envelope)
	// An envelope that says nothing is nobody's; Graph sometimes leaves one of the two empty.
	if err == nil && envelope.Error != nil && (envelope.Error.Code != "" || envelope.Error.Message != "") {
		var inner innerError
		_ = json.Unmarshal(envelope.Error.InnerError, &inner)
		e.FromGraph = true
		if status == http.StatusForbidden {
			e.Permissions = permissions
		}
		e.Code = redact.ForeignText(envelope.Error.Code)
		e.Message = envelope.Error.Message
		// Conditional Access hides the numbered reason here and leaves a general sentence outside.
		if inner.Message != "" && inner.Message != e.Message {
			e.Message += " " + inner.Message
		}
		e.Message = redact.ForeignText(e.Message)
		e.RequestID = cmp.Or(e.RequestID, redact.ForeignText(inner.RequestID))
		e.ClientRequestID = cmp.Or(e.ClientRequestID, redact.ForeignText(inner.ClientRequestID))
		return e
	}
	e.Message = describeForeignBody(header, body)
	return e
}

// describeForeignBody says what an answer is that has no error envelope: the page of a proxy, most often.
func describeForeignBody(header http.Header, body []byte) string {
	const enough = 200
	// Whatever comes after this is not read.
	body = body[:min(len(body), 64<<10)]
	printable := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(body), "\uFFFD"))
	if strings.TrimSpace(printable) == "" {
		return "the answer has no body"
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind == "" {
		kind = "an unnamed type"
	}
	kind = redact.ForeignText(kind)
	begins := "begins"
	if kind == "text/html" || strings.HasPrefix(strings.TrimSpace(printable), "<") {
		begins, printable = "says", html.UnescapeString(markup.ReplaceAllString(redact.Text(printable), " "))
	}
	text := redact.ForeignText(printable)
	if runes := []rune(text); len(runes) > enough {
		text = string(runes[:enough]) + "..."
	}
	return fmt.Sprintf("the answer is %s and not Microsoft Graph's JSON; a proxy or a wrong endpoint may stand in between. It %s: %s", kind, begins, text)
}

// markup is what nobody reads of a page.
var markup = regexp.MustCompile(`(?is)<(script|style)\b.*?(</(script|style)\s*>|$)|<!--.*?(-->|$)|<[^>]*(>|$)`)
