package graphapi

import (
	"context"
	"net/http"
	"slices"
)

// request is a Graph request: an HTTP request, or an item of a $batch.
type request struct {
	ctx             context.Context
	origin          string // https://host:port by which the caller addressed the server
	version         string // "v1.0" or "beta"
	method          string
	path            string // as it was sent, without the version; begins with /
	rawQuery        string
	header          http.Header
	body            []byte
	keys            []string // those in the path, in their order
	me              bool     // the path began with /me, and the first key is that of the signed-in user
	caller          Caller
	requestID       string
	clientRequestID string
	userAgent       string
	parent          string // the request id of the $batch of which this is an item
}

func (r *request) fullPath() string { return "/" + r.version + r.path }

// address is the whole address, without the query options.
func (r *request) address() string { return r.origin + r.fullPath() }

// contextURL is the @odata.context of an answer.
func (r *request) contextURL(fragment string) string {
	return r.origin + "/" + r.version + "/$metadata#" + fragment
}

// Caller is who makes a request.
type Caller struct {
	AppID  string
	UserID string   // of a signed-in user; empty for an app by itself
	Roles  []string // what has been granted
}

// hasAny tells whether the caller has one of the permissions. No permissions at all means that none is needed.
func (c Caller) hasAny(permissions []string) bool {
	return len(permissions) == 0 || slices.ContainsFunc(permissions, func(permission string) bool {
		return slices.Contains(c.Roles, permission)
	})
}

// UnauthorizedError is a token that is refused.
type UnauthorizedError struct {
	Message   string
	Challenge string // for WWW-Authenticate
}

func (u *UnauthorizedError) Error() string { return u.Message }
