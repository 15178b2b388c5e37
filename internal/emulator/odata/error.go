package odata

import "net/http"

// Error is a query that cannot be answered.
//
// https://learn.microsoft.com/graph/errors
type Error struct {
	Status  int
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func badRequest(message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "BadRequest", Message: message}
}

func refused(code, message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: message}
}

// UnknownProperty refuses a property that a type does not have.
func UnknownProperty(name, typeName string) *Error {
	return badRequest("Could not find a property named '" + name + "' on type '" + typeName + "'.")
}
