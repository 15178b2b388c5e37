package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Graph refuses larger bodies as well; nothing that is sent here comes near.
const maxBodyBytes = 4 << 20

// graphRequest is a Graph request: an HTTP request, or an item of a $batch.
type graphRequest struct {
	ctx             context.Context
	origin          string // https://host:port by which the caller addressed the server
	version         string // "v1.0" or "beta"
	method          string
	path            string // as it was sent, without the version; begins with /
	rawQuery        string
	header          http.Header
	body            []byte
	caller          caller
	requestID       string
	clientRequestID string
	parent          string // the request id of the $batch of which this is an item
}

func (r *graphRequest) fullPath() string { return "/" + r.version + r.path }

// contextURL is the @odata.context of an answer.
func (r *graphRequest) contextURL(fragment string) string {
	return r.origin + "/" + r.version + "/$metadata#" + fragment
}

// graphResponse is an answer. A nil body is no body at all.
type graphResponse struct {
	status      int
	header      http.Header
	body        []byte
	contentType string
}

const jsonContentType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// answer makes a response of a JSON value; nil makes one without a body.
func answer(status int, value any) *graphResponse {
	response := &graphResponse{status: status, header: http.Header{}}
	if value != nil {
		data, err := json.Marshal(value)
		if err != nil {
			panic("emulator: answers always marshal: " + err.Error())
		}
		response.body, response.contentType = data, jsonContentType
	}
	return response
}

func isGraphPath(path string) bool {
	return path == "/v1.0" || path == "/beta" || strings.HasPrefix(path, "/v1.0/") || strings.HasPrefix(path, "/beta/")
}

// serveGraph handles an HTTP request to Graph.
func (s *Server) serveGraph(w http.ResponseWriter, r *http.Request) {
	arrival, arrived := s.requests.arrive(), s.now()
	path := r.URL.EscapedPath()
	version, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	req := &graphRequest{
		ctx: r.Context(), origin: s.origin(r), version: version, method: r.Method, path: "/" + rest,
		rawQuery: r.URL.RawQuery, header: r.Header,
		requestID: uuid.NewString(), clientRequestID: r.Header.Get("Client-Request-Id"),
	}
	if req.clientRequestID == "" {
		req.clientRequestID = req.requestID
	}
	var outcome outcome
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	switch {
	case err != nil && r.Context().Err() != nil:
		panic(http.ErrAbortHandler)
	case err != nil:
		outcome.response = s.failure(req, &graphError{
			status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge",
			message: "The request body is too large.",
		})
		outcome.route = unknownRoute()
	case !wait(r.Context(), s.latency()):
		panic(http.ErrAbortHandler)
	default:
		req.body = body
		outcome = s.process(req, func() error { return s.authenticate(req) })
	}
	s.record(arrival, arrived, req, outcome)
	if outcome.cut {
		cutConnection(r.Context())
	}
	header := w.Header()
	for name, values := range outcome.response.header {
		header[name] = values
	}
	setIfAbsent(header, "Request-Id", req.requestID)
	setIfAbsent(header, "Client-Request-Id", req.clientRequestID)
	setIfAbsent(header, "X-Ms-Ags-Diagnostic",
		`{"ServerInfo":{"DataCenter":"Emulator","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"EMULATOR0"}}`)
	setIfAbsent(header, "Date", s.now().UTC().Format(http.TimeFormat))
	setIfAbsent(header, "Cache-Control", "no-cache")
	if outcome.response.body != nil {
		setIfAbsent(header, "Content-Type", outcome.response.contentType)
	}
	w.WriteHeader(outcome.response.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(outcome.response.body) // a caller that has gone away is no concern here
	}
}

func (s *Server) latency() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(s.behavior.LatencyMs) * time.Millisecond
}

func setIfAbsent(header http.Header, name, value string) {
	if header.Get(name) == "" {
		header.Set(name, value)
	}
}

// outcome is what became of a request.
type outcome struct {
	response *graphResponse
	route    *route
	fault    string // id of the fault that hit it
	cut      bool   // the connection is to be cut instead of answering
}

// process takes one request, or one item of a $batch, through what Graph's gateway and the service behind it do.
// The caller has been authenticated already for an item.
func (s *Server) process(req *graphRequest, authenticate func() error) outcome {
	result := outcome{}
	route, routeErr := s.route(req)
	result.route = route
	authErr := authenticate()
	handle := func() *graphResponse {
		if authErr != nil {
			return s.failure(req, authErr)
		}
		if route.class == control.ClassBatch && routeErr == nil {
			return s.serveBatch(req, route, &result)
		}
		if err := s.throttle(req, route.class); err != nil {
			return s.failure(req, err)
		}
		if routeErr != nil {
			return s.failure(req, routeErr)
		}
		response, err := s.serveRoute(req, route)
		if err != nil {
			return s.failure(req, err)
		}
		return response
	}
	hit := s.faults.hit(req.method, req.fullPath())
	if hit == nil {
		result.response = handle()
		return result
	}
	result.fault = hit.ID
	fault := hit.Fault
	if !wait(req.ctx, time.Duration(fault.DelayMs)*time.Millisecond) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case fault.Reset == control.ResetBefore:
		result.cut = true
	case fault.Reset == control.ResetAfter:
		handle()
		result.cut = true
	case fault.Status == 0:
		result.response = handle()
	default:
		if fault.Processed {
			handle()
		}
		result.response = s.faultResponse(req, fault)
	}
	return result
}

func (s *Server) faultResponse(req *graphRequest, fault control.Fault) *graphResponse {
	response := s.failure(req, &graphError{status: fault.Status, code: fault.Code, message: fault.Message})
	if fault.Body != "" {
		response.body, response.contentType = []byte(fault.Body), "application/json"
	} else if fault.Status < 300 || fault.Status == http.StatusNotModified {
		response.body = nil
	}
	if fault.ContentType != "" {
		response.contentType = fault.ContentType
	}
	for name, value := range fault.Headers {
		response.header.Set(name, value)
	}
	return response
}

// serveRoute checks method, permission and query options, and calls the handler.
func (s *Server) serveRoute(req *graphRequest, route *route) (*graphResponse, error) {
	endpoint, found := route.endpoints[req.method]
	if !found {
		return nil, s.caseError(control.CaseMethodNotAllowed, &graphError{
			status: http.StatusMethodNotAllowed,
			code:   "Request_BadRequest", message: "Specified HTTP method is not allowed for the request target.",
		})
	}
	if slices.ContainsFunc(endpoint.permissions, func(list []string) bool { return !req.caller.hasAny(list) }) {
		return nil, s.caseError(control.CaseInsufficientPrivileges, &graphError{
			status: http.StatusForbidden,
			code:   "Authorization_RequestDenied", message: "Insufficient privileges to complete the operation.",
		})
	}
	query, err := parseQuery(req.rawQuery, endpoint.options)
	if err != nil {
		return nil, err
	}
	response, err := endpoint.handle(req, query)
	if err != nil {
		return nil, err
	}
	setIfAbsent(response.header, "X-Ms-Resource-Unit", fmt.Sprint(endpoint.resourceUnits(query)))
	return response, nil
}

// record puts the request into the log and the counters. It is called before the answer is sent, so that a caller who
// has the answer finds the request in the log.
func (s *Server) record(arrival int, arrived time.Time, req *graphRequest, result outcome) {
	entry := control.Request{
		Time: arrived.UTC(), Method: req.method, Path: req.fullPath(), Query: req.rawQuery,
		Class: result.route.class, Template: "/" + req.version + result.route.template,
		AppID: req.caller.appID, RequestID: req.requestID, ClientRequestID: req.clientRequestID,
		UserAgent: req.header.Get("User-Agent"), BatchItem: req.parent != "", Parent: req.parent, Fault: result.fault,
	}
	if !result.cut {
		entry.Status = result.response.status
	}
	s.requests.add(arrival, entry)
	s.logger.Debug("request", "method", entry.Method, "path", entry.Path, "query", entry.Query, "status", entry.Status,
		"app", entry.AppID, "batchItem", entry.BatchItem, "fault", entry.Fault)
}

// pathSegments splits a path as it was sent and undoes the escapes of each segment by itself.
func pathSegments(path string) ([]string, error) {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil, nil
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return nil, errors.New("the path holds an invalid escape")
		}
		segments[i] = decoded
	}
	return segments, nil
}
