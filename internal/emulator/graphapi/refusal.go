package graphapi

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// refusal is an answer in Graph's error envelope.
//
// https://learn.microsoft.com/graph/errors
type refusal struct {
	status  int
	code    string
	message string
	header  http.Header
	inner   map[string]any // more members of innerError
	// name is the Case by which [control.Behavior] can replace the answer, if it can.
	name string
	// number is the number of a refusal by Conditional Access, which stands in front of the message.
	number int
}

func (e *refusal) Error() string { return e.code + ": " + e.message }

func badRequest(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "BadRequest", message: message}
}

// requestBadRequest is the other code that the directory has for bad requests.
func requestBadRequest(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "Request_BadRequest", message: message}
}

func segmentNotFound(segment string) *refusal {
	return badRequest("Resource not found for the segment '" + segment + "'.")
}

func resourceNotFound(key string) *refusal {
	return &refusal{status: http.StatusNotFound, code: "Request_ResourceNotFound", message: "Resource '" + key +
		"' does not exist or one of its queried reference-property objects are not present."}
}

func unknownProperty(name, typeName string) *refusal {
	return badRequest("The property '" + name + "' does not exist on type '" + typeName +
		"'. Make sure to only use property names that are defined by the type.")
}

func methodNotAllowed() *refusal {
	return (&refusal{
		status: http.StatusMethodNotAllowed,
		code:   "Request_BadRequest", message: "Specified HTTP method is not allowed for the request target.",
	}).as(control.CaseMethodNotAllowed)
}

// as names the case, so that the configured replacement for it is applied when the error is answered.
func (e *refusal) as(name string) *refusal {
	named := *e
	named.name = name
	return &named
}

// numbered puts the number of a refusal by Conditional Access where the behaviour has it: two envelopes are known.
func (e *refusal) numbered(behavior *control.Behavior) *refusal {
	result := *e
	text := strconv.Itoa(e.number) + ": " + e.message
	if !behavior.ConditionalAccess.NumberInInnerError {
		result.message = text
		return &result
	}
	result.message = "The server could not process the request because it is malformed or incorrect."
	result.inner = map[string]any{"message": text}
	return &result
}

// replaced is the configured replacement for an answer that Microsoft does not document.
func (e *refusal) replaced(behavior *control.Behavior) *refusal {
	override, found := behavior.Errors[e.name]
	if !found {
		return e
	}
	result := *e
	if override.Status != 0 {
		result.status = override.Status
	}
	if override.Code != "" || override.EmptyCode {
		result.code = override.Code
	}
	if override.Message != "" {
		result.message = override.Message
	}
	return &result
}

// failure turns an error into an answer. It must be called outside of transactions.
func (s *Service) failure(req *request, err error) *wire.Response {
	var refused *refusal
	var invalid *odata.Error
	var unauthorized *UnauthorizedError
	switch {
	case errors.As(err, &refused):
	case errors.As(err, &invalid):
		refused = &refusal{status: invalid.Status, code: invalid.Code, message: invalid.Message}
	case errors.As(err, &unauthorized):
		refused = &refusal{
			status: http.StatusUnauthorized, code: "InvalidAuthenticationToken", message: unauthorized.Message,
			header: http.Header{"Www-Authenticate": {unauthorized.Challenge}},
		}
	default:
		refused = &refusal{status: http.StatusInternalServerError, code: "generalException", message: err.Error()}
	}
	if refused.number != 0 || refused.name != "" {
		s.store.View(func(tx *store.Tx) {
			if refused.number != 0 {
				refused = refused.numbered(tx.Behavior())
			}
			refused = refused.replaced(tx.Behavior())
		})
	}
	return &wire.Response{
		Status: refused.status, Header: maps.Clone(refused.header), Body: s.envelope(req, refused), ContentType: "application/json",
	}
}

func (s *Service) envelope(req *request, refused *refusal) []byte {
	inner := map[string]any{
		"date":              s.now().UTC().Format(time.DateOnly + "T15:04:05"),
		"request-id":        req.requestID,
		"client-request-id": req.clientRequestID,
	}
	maps.Copy(inner, refused.inner)
	type body struct {
		Code       string         `json:"code"`
		Message    string         `json:"message"`
		InnerError map[string]any `json:"innerError"`
	}
	data, err := json.Marshal(map[string]body{"error": {refused.code, refused.message, inner}})
	if err != nil {
		panic("emulator: error envelopes always marshal: " + err.Error())
	}
	return data
}
