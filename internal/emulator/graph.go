package emulator

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

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

// address is the whole address, without the query options.
func (r *graphRequest) address() string { return r.origin + r.fullPath() }

// contextURL is the @odata.context of an answer.
func (r *graphRequest) contextURL(fragment string) string {
	return r.origin + "/" + r.version + "/$metadata#" + fragment
}

func isGraphPath(path string) bool {
	return path == "/v1.0" || path == "/beta" || strings.HasPrefix(path, "/v1.0/") || strings.HasPrefix(path, "/beta/")
}

// serveGraph handles an HTTP request to Graph.
func (s *Server) serveGraph(w http.ResponseWriter, r *http.Request) {
	arrival, arrived := s.requests.Arrive(), s.now()
	defer s.requests.Enter()()
	path := r.URL.EscapedPath()
	version, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	req := &graphRequest{
		ctx: r.Context(), origin: s.host.Origin(r), version: version, method: r.Method, path: "/" + rest,
		rawQuery: r.URL.RawQuery, header: r.Header,
		requestID: uuid.NewString(), clientRequestID: r.Header.Get("Client-Request-Id"), userAgent: r.UserAgent(),
	}
	if req.clientRequestID == "" {
		req.clientRequestID = req.requestID
	}
	var outcome outcome
	body, err := wire.ReadBody(w, r)
	switch {
	case err != nil && r.Context().Err() != nil:
		panic(http.ErrAbortHandler)
	case errors.Is(err, wire.ErrEncoding):
		outcome.response, outcome.route = s.failure(req, &graphError{
			status: http.StatusUnsupportedMediaType, code: "UnsupportedMediaType",
			message: "The content encoding '" + r.Header.Get("Content-Encoding") + "' is not supported.",
		}), unknownRoute()
	case errors.Is(err, wire.ErrCorrupt):
		outcome.response = s.failure(req, badRequest("The request body is not valid gzip, which its Content-Encoding header says it is."))
		outcome.route = unknownRoute()
	case err != nil:
		outcome.response = s.failure(req, &graphError{
			status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge",
			message: "The request body is too large.",
		})
		outcome.route = unknownRoute()
	case !wire.Wait(r.Context(), s.latency()):
		panic(http.ErrAbortHandler)
	default:
		req.body = body
		outcome = s.process(req, func() error { return s.authenticate(req) })
	}
	s.record(arrival, arrived, req, outcome)
	if outcome.cut {
		wire.CutConnection(r.Context())
	}
	header := outcome.response.CopyHeader(w)
	wire.SetIfAbsent(header, "Request-Id", req.requestID)
	wire.SetIfAbsent(header, "Client-Request-Id", req.clientRequestID)
	wire.SetIfAbsent(header, "X-Ms-Ags-Diagnostic",
		`{"ServerInfo":{"DataCenter":"Emulator","Slice":"E","Ring":"0","ScaleUnit":"000","RoleInstance":"EMULATOR0"}}`)
	if outcome.response.Units > 0 {
		wire.SetIfAbsent(header, "X-Ms-Resource-Unit", strconv.Itoa(outcome.response.Units))
	}
	wire.SetIfAbsent(header, "Date", s.now().UTC().Format(http.TimeFormat))
	wire.SetIfAbsent(header, "Cache-Control", "no-cache")
	if outcome.response.Body != nil {
		wire.SetIfAbsent(header, "Content-Type", outcome.response.ContentType)
	}
	outcome.response.Send(w, r, true)
}

func (s *Server) latency() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(s.behavior.LatencyMs) * time.Millisecond
}

// outcome is what became of a request.
type outcome struct {
	response *wire.Response
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
	handle := func() *wire.Response {
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
		var response *wire.Response
		if err == nil {
			response, err = s.serveRoute(req, route, charge)
		}
		if err != nil {
			response = s.failure(req, err)
		}
		tellUsage(response, usage)
		return response
	}
	hit := s.faults.Hit(req.method, req.fullPath())
	if hit == nil {
		result.response = handle()
		return result
	}
	result.fault, result.answers = hit.ID, hit.Fault.BatchAnswers
	fault := hit.Fault
	if !wire.Wait(req.ctx, time.Duration(fault.DelayMs)*time.Millisecond) {
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
			result.response.Spoil(fault)
		}
	default:
		if fault.Processed {
			handle()
		}
		result.response = s.faultResponse(req, fault)
	}
	return result
}

func (s *Server) faultResponse(req *graphRequest, fault control.Fault) *wire.Response {
	response := s.failure(req, &graphError{status: fault.Status, code: fault.Code, message: fault.Message})
	if fault.Body != "" {
		response.Body, response.ContentType = []byte(fault.Body), "application/json"
	} else if fault.Status < 300 || fault.Status == http.StatusNotModified {
		response.Body = nil
	}
	response.Spoil(fault)
	return response
}

// serveRoute checks method, permission and query options, and calls the handler.
func (s *Server) serveRoute(req *graphRequest, route *route, charge charge) (*wire.Response, error) {
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
	query, err := odata.Parse(req.rawQuery, endpoint.options)
	if err != nil {
		return nil, err
	}
	query.Eventual = strings.EqualFold(req.header.Get("ConsistencyLevel"), "eventual")
	response, err := endpoint.handle(req, query)
	if err != nil {
		return nil, err
	}
	response.Units = charge.units
	return response, nil
}

// record puts the request into the log and the counters. It is called before the answer is sent, so that a caller who
// has the answer finds the request in the log.
func (s *Server) record(arrival int, arrived time.Time, req *graphRequest, result outcome) {
	entry := control.LoggedRequest{
		Arrival: arrival, Time: arrived, Method: req.method, Version: req.version, Path: req.path, Query: req.rawQuery,
		Class: result.route.class, Template: result.route.template, AppID: req.caller.appID,
		RequestID: req.requestID, ClientRequestID: req.clientRequestID, UserAgent: req.userAgent,
		Parent: req.parent, Fault: result.fault,
		Units: result.units, Items: result.items, Writes: result.writes,
	}
	if !result.cut {
		entry.Status = result.response.Status
	}
	s.requests.Add(entry)
	if s.logger.Enabled(req.ctx, slog.LevelDebug) {
		s.logger.Debug("request", "method", entry.Method, "path", req.fullPath(), "query", entry.Query, "status", entry.Status,
			"app", entry.AppID, "batchItem", entry.Parent != "", "fault", entry.Fault)
	}
}
