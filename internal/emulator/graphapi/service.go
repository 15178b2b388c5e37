package graphapi

import (
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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// Config is what Graph works with.
type Config struct {
	Store *store.Store
	// Host is by what the emulator is addressed, for links in answers.
	Host *wire.Host
	// Authenticate finds the caller by an Authorization header. An error of type [*UnauthorizedError] is answered with 401.
	Authenticate func(authorization, origin string) (Caller, error)
	Requests     *control.RequestLog
	Faults       *control.FaultList
	Logger       *slog.Logger
	Now          func() time.Time
}

// Service is Microsoft Graph.
type Service struct {
	store        *store.Store
	host         *wire.Host
	authenticate func(authorization, origin string) (Caller, error)
	requests     *control.RequestLog
	faults       *control.FaultList
	logger       *slog.Logger
	now          func() time.Time
	resources    *node
	limits       limits // guarded by transactions
}

// New returns the service.
func New(cfg Config) *Service {
	return &Service{
		store: cfg.Store, host: cfg.Host, authenticate: cfg.Authenticate, requests: cfg.Requests, faults: cfg.Faults,
		logger: cfg.Logger, now: cfg.Now, resources: newTree(table()),
	}
}

// IsGraph tells whether a path is one of Graph's.
func IsGraph(path string) bool {
	return path == "/v1.0" || path == "/beta" || strings.HasPrefix(path, "/v1.0/") || strings.HasPrefix(path, "/beta/")
}

// ServeHTTP handles an HTTP request to Graph.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrival, arrived := s.requests.Arrive(), s.now()
	defer s.requests.Enter()()
	path := r.URL.EscapedPath()
	version, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	req := &request{
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
	case err != nil:
		outcome.response, outcome.resource = s.failure(req, unreadable(err, r.Header.Get("Content-Encoding"))), unknownResource()
	case !wire.Wait(r.Context(), s.latency()):
		panic(http.ErrAbortHandler)
	default:
		req.body = body
		outcome = s.process(req, func() (err error) {
			req.caller, err = s.authenticate(req.header.Get("Authorization"), req.origin)
			return err
		})
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

// unreadable refuses a body that cannot be read.
func unreadable(err error, encoding string) *refusal {
	switch {
	case errors.Is(err, wire.ErrEncoding):
		return &refusal{
			status: http.StatusUnsupportedMediaType, code: "UnsupportedMediaType",
			message: "The content encoding '" + encoding + "' is not supported.",
		}
	case errors.Is(err, wire.ErrCorrupt):
		return badRequest("The request body is not valid gzip, which its Content-Encoding header says it is.")
	}
	return &refusal{
		status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLarge",
		message: "The request body is too large.",
	}
}

func (s *Service) latency() time.Duration {
	return store.Read(s.store, func(tx *store.Tx) time.Duration {
		return time.Duration(tx.Behavior().LatencyMs) * time.Millisecond
	})
}

// outcome is what became of a request.
type outcome struct {
	response *wire.Response
	resource *resource
	fault    string // id of the fault that hit it
	cut      bool   // the connection is to be cut instead of answering
	units    int    // resource units that it was charged; 0 for one that was refused
	writes   bool   // it is to change something; of a $batch, an item of it is
	items    int    // how many items a $batch has, unless it was refused as a whole
	answers  string // what a fault does to the answers of a $batch
}

// process takes one request, or one item of a $batch, through what Graph's gateway and the service behind it do.
// The caller has been authenticated already for an item.
func (s *Service) process(req *request, authenticate func() error) outcome {
	result := outcome{}
	found, routeErr := s.route(req)
	result.resource = found
	charge := found.charge(req.method, req.rawQuery)
	result.writes = charge.writes > 0
	authErr := authenticate()
	handle := func() *wire.Response {
		if authErr != nil {
			return s.failure(req, authErr)
		}
		if found.class == control.ClassBatch && routeErr == nil {
			return s.serveBatch(req, &result)
		}
		usage, refused := s.throttle(req, found.class, charge)
		if refused != nil {
			response := s.failure(req, refused)
			tellUsage(response, usage)
			return response
		}
		result.units = charge.units
		err := routeErr
		var response *wire.Response
		if err == nil {
			response, err = s.serve(req, found, charge)
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

func (s *Service) faultResponse(req *request, fault control.Fault) *wire.Response {
	response := s.failure(req, &refusal{status: fault.Status, code: fault.Code, message: fault.Message})
	if fault.Body != "" {
		response.Body, response.ContentType = []byte(fault.Body), "application/json"
	} else if fault.Status < 300 || fault.Status == http.StatusNotModified {
		response.Body = nil
	}
	response.Spoil(fault)
	return response
}

// serve checks method, permission and query options, and runs the handler in a transaction.
func (s *Service) serve(req *request, found *resource, charge charge) (*wire.Response, error) {
	row := found.row(req.method)
	if row == nil {
		return nil, methodNotAllowed()
	}
	if slices.ContainsFunc(row.permissions, func(list []string) bool { return !req.caller.hasAny(list) }) {
		return nil, (&refusal{
			status: http.StatusForbidden,
			code:   "Authorization_RequestDenied", message: "Insufficient privileges to complete the operation.",
		}).as(control.CaseInsufficientPrivileges)
	}
	if req.me {
		if req.caller.UserID == "" {
			return nil, badRequest("/me request is only valid with delegated authentication flow.")
		}
		req.keys[0] = req.caller.UserID
	}
	query, err := odata.Parse(req.rawQuery, row.options)
	if err != nil {
		return nil, err
	}
	query.Eventual = strings.EqualFold(req.header.Get("ConsistencyLevel"), "eventual")
	var response *wire.Response
	run := s.store.Update
	if !row.writes() {
		run = s.store.View
	}
	run(func(tx *store.Tx) { response, err = row.handle(tx, req, query) })
	if err != nil {
		return nil, err
	}
	response.Units = charge.units
	return response, nil
}

// record puts the request into the log and the counters. It is called before the answer is sent, so that a caller who
// has the answer finds the request in the log.
func (s *Service) record(arrival int, arrived time.Time, req *request, result outcome) {
	entry := control.LoggedRequest{
		Arrival: arrival, Time: arrived, Method: req.method, Version: req.version, Path: req.path, Query: req.rawQuery,
		Class: result.resource.class, Template: result.resource.path, AppID: req.caller.AppID,
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
