package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	keys            []string // those in the path, in their order
	me              bool     // the path began with /me, and the first key is that of the signed-in user
	caller          caller
	requestID       string
	clientRequestID string
	userAgent       string
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
	header      http.Header // nil while there is none
	units       int         // for X-Ms-Resource-Unit; 0 is none
	body        []byte
	contentType string
	truncated   bool // a fault ends the answer in the middle of its body
}

// set sets a header.
func (r *graphResponse) set(name, value string) {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(name, value)
}

const jsonContentType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

// answer makes a response of a JSON value; nil makes one without a body.
func answer(status int, value any) *graphResponse {
	response := &graphResponse{status: status}
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
	defer s.requests.enter()()
	path := r.URL.EscapedPath()
	version, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	req := &graphRequest{
		ctx: r.Context(), origin: s.origin(r), version: version, method: r.Method, path: "/" + rest,
		rawQuery: r.URL.RawQuery, header: r.Header,
		requestID: uuid.NewString(), clientRequestID: r.Header.Get("Client-Request-Id"), userAgent: r.UserAgent(),
	}
	if req.clientRequestID == "" {
		req.clientRequestID = req.requestID
	}
	var outcome outcome
	var encoding *graphError
	body, err := readBody(w, r)
	switch {
	case err != nil && r.Context().Err() != nil:
		panic(http.ErrAbortHandler)
	case errors.As(err, &encoding):
		outcome.response, outcome.route = s.failure(req, encoding), unknownRoute()
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
	if outcome.response.units > 0 {
		setIfAbsent(header, "X-Ms-Resource-Unit", strconv.Itoa(outcome.response.units))
	}
	setIfAbsent(header, "Date", s.now().UTC().Format(http.TimeFormat))
	setIfAbsent(header, "Cache-Control", "no-cache")
	if outcome.response.body != nil {
		setIfAbsent(header, "Content-Type", outcome.response.contentType)
	}
	if outcome.response.truncated {
		writeHalf(w, outcome.response.status, outcome.response.body)
	}
	writeAnswer(w, r, outcome.response.status, outcome.response.body)
}

// readBody reads the body of a request into memory of the size that was announced, and undoes its compression.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var buffer bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength <= maxBodyBytes {
		buffer.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	if _, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, maxBodyBytes)); err != nil {
		return nil, err
	}
	return decompressed(buffer.Bytes(), r.Header.Get("Content-Encoding"))
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
	units    int    // resource units that it was charged; 0 for one that was refused
	writes   bool   // it is to change something; of a $batch, an item of it is
	items    int    // how many items a $batch has, unless it was refused as a whole
	answers  string // what a fault does to the answers of a $batch
}

// process takes one request, or one item of a $batch, through what Graph's gateway and the service behind it do.
// The caller has been authenticated already for an item.
func (s *Server) process(req *graphRequest, authenticate func() error) outcome {
	result := outcome{}
	route, routeErr := s.route(req)
	result.route = route
	charge := chargeFor(req.method, route.template, req.rawQuery)
	result.writes = charge.writes > 0
	authErr := authenticate()
	handle := func() *graphResponse {
		if authErr != nil {
			return s.failure(req, authErr)
		}
		if route.class == control.ClassBatch && routeErr == nil {
			return s.serveBatch(req, &result)
		}
		usage, refusal := s.throttle(req, route.class, charge)
		if refusal != nil {
			response := s.failure(req, refusal)
			tellUsage(response, usage)
			return response
		}
		result.units = charge.units
		err := routeErr
		var response *graphResponse
		if err == nil {
			response, err = s.serveRoute(req, route, charge)
		}
		if err != nil {
			response = s.failure(req, err)
		}
		tellUsage(response, usage)
		return response
	}
	hit := s.faults.hit(req.method, req.fullPath())
	if hit == nil {
		result.response = handle()
		return result
	}
	result.fault, result.answers = hit.ID, hit.Fault.BatchAnswers
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
		if result.response = handle(); result.response != nil {
			result.response.spoil(fault)
		}
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
	response.spoil(fault)
	return response
}

// serveRoute checks method, permission and query options, and calls the handler.
func (s *Server) serveRoute(req *graphRequest, route *route, charge charge) (*graphResponse, error) {
	position := slices.IndexFunc(route.endpoints, func(endpoint endpoint) bool { return endpoint.method == req.method })
	if position < 0 {
		return nil, s.caseError(control.CaseMethodNotAllowed, &graphError{
			status: http.StatusMethodNotAllowed,
			code:   "Request_BadRequest", message: "Specified HTTP method is not allowed for the request target.",
		})
	}
	endpoint := &route.endpoints[position]
	if slices.ContainsFunc(endpoint.permissions, func(list []string) bool { return !req.caller.hasAny(list) }) {
		return nil, s.caseError(control.CaseInsufficientPrivileges, &graphError{
			status: http.StatusForbidden,
			code:   "Authorization_RequestDenied", message: "Insufficient privileges to complete the operation.",
		})
	}
	if req.me {
		if req.caller.userID == "" {
			return nil, badRequest("/me request is only valid with delegated authentication flow.")
		}
		req.keys[0] = req.caller.userID
	}
	query, err := parseQuery(req.rawQuery, endpoint.options)
	if err != nil {
		return nil, err
	}
	response, err := endpoint.handle(req, query)
	if err != nil {
		return nil, err
	}
	response.units = charge.units
	return response, nil
}

// record puts the request into the log and the counters. It is called before the answer is sent, so that a caller who
// has the answer finds the request in the log.
func (s *Server) record(arrival int, arrived time.Time, req *graphRequest, result outcome) {
	entry := loggedRequest{
		arrival: arrival, time: arrived, method: req.method, version: req.version, path: req.path, query: req.rawQuery,
		class: result.route.class, template: result.route.template, appID: req.caller.appID,
		requestID: req.requestID, clientRequestID: req.clientRequestID, userAgent: req.userAgent,
		parent: req.parent, fault: result.fault,
	}
	if !result.cut {
		entry.status = result.response.status
	}
	s.requests.add(entry, result)
	if s.logger.Enabled(req.ctx, slog.LevelDebug) {
		s.logger.Debug("request", "method", entry.method, "path", req.fullPath(), "query", entry.query, "status", entry.status,
			"app", entry.appID, "batchItem", entry.parent != "", "fault", entry.fault)
	}
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
