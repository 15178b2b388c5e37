package emulator

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// graphError is a refusal in Graph's error envelope.
//
// https://learn.microsoft.com/graph/errors
type graphError struct {
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

func (e *graphError) Error() string { return e.code + ": " + e.message }

func badRequest(message string) *graphError {
	return &graphError{status: http.StatusBadRequest, code: "BadRequest", message: message}
}

func segmentNotFound(segment string) *graphError {
	return badRequest("Resource not found for the segment '" + segment + "'.")
}

func resourceNotFound(key string) *graphError {
	return &graphError{status: http.StatusNotFound, code: "Request_ResourceNotFound", message: "Resource '" + key +
		"' does not exist or one of its queried reference-property objects are not present."}
}

// as names the case, so that the configured replacement for it is applied when the error is answered.
func (e *graphError) as(name string) *graphError {
	named := *e
	named.name = name
	return &named
}

// numbered puts the number of a refusal by Conditional Access where the behaviour has it: two envelopes are known.
func (s *Server) numbered(refusal *graphError) *graphError {
	s.mu.Lock()
	older := s.behavior.ConditionalAccess.NumberInInnerError
	s.mu.Unlock()
	result := *refusal
	text := strconv.Itoa(refusal.number) + ": " + refusal.message
	if !older {
		result.message = text
		return &result
	}
	result.message = "The request was rejected by the policy service; the inner error has the details."
	result.inner = map[string]any{"message": text}
	return &result
}

// caseError applies the configured replacement for an answer that Microsoft does not document.
func (s *Server) caseError(name string, err *graphError) *graphError {
	s.mu.Lock()
	override, found := s.behavior.Errors[name]
	s.mu.Unlock()
	if !found {
		return err
	}
	replaced := *err
	if override.Status != 0 {
		replaced.status = override.Status
	}
	if override.Code != "" || override.EmptyCode {
		replaced.code = override.Code
	}
	if override.Message != "" {
		replaced.message = override.Message
	}
	return &replaced
}

// failure turns an error into an answer.
func (s *Server) failure(req *graphRequest, err error) *wire.Response {
	var refusal *graphError
	var invalid *odata.Error
	switch {
	case errors.As(err, &refusal):
	case errors.As(err, &invalid):
		refusal = &graphError{status: invalid.Status, code: invalid.Code, message: invalid.Message}
	default:
		refusal = &graphError{status: http.StatusInternalServerError, code: "generalException", message: err.Error()}
	}
	if refusal.number != 0 {
		refusal = s.numbered(refusal)
	}
	if refusal.name != "" {
		refusal = s.caseError(refusal.name, refusal)
	}
	return &wire.Response{
		Status: refusal.status, Header: maps.Clone(refusal.header), Body: s.envelope(req, refusal), ContentType: "application/json",
	}
}

func (s *Server) envelope(req *graphRequest, refusal *graphError) []byte {
	inner := map[string]any{
		"date":              s.now().UTC().Format(time.DateOnly + "T15:04:05"),
		"request-id":        req.requestID,
		"client-request-id": req.clientRequestID,
	}
	maps.Copy(inner, refusal.inner)
	type body struct {
		Code       string         `json:"code"`
		Message    string         `json:"message"`
		InnerError map[string]any `json:"innerError"`
	}
	data, err := json.Marshal(map[string]body{"error": {refusal.code, refusal.message, inner}})
	if err != nil {
		panic("emulator: error envelopes always marshal: " + err.Error())
	}
	return data
}
