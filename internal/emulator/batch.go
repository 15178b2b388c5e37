package emulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const maxBatchItems = 20

var absoluteURL = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// batchItem is a request within a $batch.
type batchItem struct {
	ID        *string           `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

// batchAnswer is the answer to one item.
type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body,omitempty"`
}

// serveBatch answers POST /$batch: 200 whatever becomes of the items, which are checked, throttled, hit by faults and
// answered one by one, in any order. A dependent of an item that failed gets 424.
//
// https://learn.microsoft.com/graph/json-batching
func (s *Server) serveBatch(req *graphRequest, route *route, result *outcome) *graphResponse {
	if req.method != http.MethodPost {
		return s.failure(req, s.caseError(control.CaseMethodNotAllowed, &graphError{
			status: http.StatusMethodNotAllowed,
			code:   "Request_BadRequest", message: "Specified HTTP method is not allowed for the request target.",
		}))
	}
	if err := s.throttle(req, route.class); err != nil {
		return s.failure(req, err)
	}
	items, err := readBatch(req)
	if err != nil {
		return s.failure(req, err)
	}
	answers := make([]batchAnswer, 0, len(items))
	status := map[string]int{} // by lower-case id
	for _, item := range executionOrder(items) {
		reply := batchAnswer{ID: *item.ID, Status: http.StatusFailedDependency, Headers: map[string]string{}}
		if dependencyFailed(item, status) {
			reply.Headers["Content-Type"] = "application/json"
			reply.Body = json.RawMessage(s.envelope(req, &graphError{
				code:    "FailedDependency",
				message: "The request could not be performed because a request it depends on failed.",
			}))
		} else {
			reply = s.serveItem(req, item, result)
			if result.cut {
				return nil
			}
		}
		status[strings.ToLower(*item.ID)] = reply.Status
		answers = append(answers, reply)
	}
	// Graph promises no order; a client that relies on one is to be found out.
	rand.Shuffle(len(answers), func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
	return answer(http.StatusOK, map[string]any{"responses": answers})
}

func dependencyFailed(item batchItem, status map[string]int) bool {
	for _, id := range item.DependsOn {
		if status[strings.ToLower(id)] >= 400 {
			return true
		}
	}
	return false
}

// serveItem takes one item through the same steps as a request of its own, in the version of the outer URL.
func (s *Server) serveItem(outer *graphRequest, item batchItem, result *outcome) batchAnswer {
	arrival, arrived := s.requests.arrive(), s.now()
	path, rawQuery, _ := strings.Cut(strings.TrimPrefix(item.URL, "/"), "?")
	path, _, _ = strings.Cut(path, "#") // what follows an unescaped # is no part of a request
	rawQuery, _, _ = strings.Cut(rawQuery, "#")
	req := &graphRequest{
		ctx: outer.ctx, origin: outer.origin, version: outer.version, method: strings.ToUpper(item.Method),
		path: "/" + path, rawQuery: rawQuery, header: http.Header{}, body: item.Body, caller: outer.caller,
		requestID: uuid.NewString(), clientRequestID: outer.clientRequestID, parent: outer.requestID,
	}
	for name, value := range item.Headers {
		req.header.Set(name, value)
	}
	if id := req.header.Get("Client-Request-Id"); id != "" {
		req.clientRequestID = id
	}
	if req.header.Get("User-Agent") == "" {
		req.header.Set("User-Agent", outer.header.Get("User-Agent"))
	}
	done := s.process(req, func() error {
		if path == "$batch" {
			return badRequest("A batch request cannot be nested in another one.")
		}
		return nil
	})
	s.record(arrival, arrived, req, done)
	if done.cut {
		result.cut = true
		return batchAnswer{}
	}
	reply := batchAnswer{ID: *item.ID, Status: done.response.status, Headers: map[string]string{}}
	for name := range done.response.header {
		reply.Headers[name] = done.response.header.Get(name)
	}
	if done.response.body == nil {
		return reply
	}
	reply.Headers["Content-Type"] = done.response.contentType
	if json.Valid(done.response.body) {
		reply.Body = json.RawMessage(done.response.body)
	} else {
		reply.Body = base64.StdEncoding.EncodeToString(done.response.body)
	}
	return reply
}

// readBatch checks a batch as a whole; anything wrong here fails all of it.
func readBatch(req *graphRequest) ([]batchItem, error) {
	object, refusal := jsonBody(req)
	if refusal != nil {
		return nil, refusal
	}
	var items []batchItem
	for name, value := range object {
		if name != "requests" {
			return nil, badRequest("Invalid batch payload format.")
		}
		decoder := json.NewDecoder(bytes.NewReader(value))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&items); err != nil {
			return nil, badRequest("Invalid batch payload format.")
		}
	}
	if len(items) == 0 {
		return nil, badRequest("Invalid batch payload format.")
	}
	if len(items) > maxBatchItems {
		return nil, badRequest("Number of batch request steps exceeds the maximum value of " + strconv.Itoa(maxBatchItems) + ".")
	}
	known := map[string]bool{}
	for _, item := range items {
		if err := checkItem(item, known); err != nil {
			return nil, err
		}
		known[strings.ToLower(*item.ID)] = true
	}
	return items, checkDependencies(items, known)
}

func checkItem(item batchItem, known map[string]bool) error {
	switch {
	case item.ID == nil || *item.ID == "":
		return badRequest("Request id is missing in the batch request.")
	case known[strings.ToLower(*item.ID)]:
		return badRequest("Request Id " + *item.ID + " has to be unique in a batch.")
	case item.Method == "":
		return badRequest("Request method is missing for request id : " + *item.ID + ".")
	case strings.Trim(item.URL, "/") == "":
		return badRequest("Request url is missing for request id : " + *item.ID + ".")
	case absoluteURL.MatchString(item.URL):
		return badRequest("Request url must be relative for request id : " + *item.ID + ".")
	}
	hasType := false
	for name := range item.Headers {
		hasType = hasType || strings.EqualFold(name, "Content-Type")
	}
	if len(item.Body) > 0 && !hasType {
		return badRequest(fmt.Sprintf("Write request id : %s does not contain Content-Type header declaration or body.", *item.ID))
	}
	return nil
}

// checkDependencies allows what the documentation allows: no dependencies, each item on the one before it, or all
// dependents on the same item.
func checkDependencies(items []batchItem, known map[string]bool) error {
	serial, same, common := true, true, ""
	for i, item := range items {
		for _, id := range item.DependsOn {
			if !known[strings.ToLower(id)] || strings.EqualFold(id, *item.ID) {
				return badRequest("Invalid dependsOn '" + id + "' for request id : " + *item.ID + ".")
			}
		}
		if i > 0 {
			serial = serial && len(item.DependsOn) == 1 && strings.EqualFold(item.DependsOn[0], *items[i-1].ID)
		} else {
			serial = len(item.DependsOn) == 0
		}
		switch {
		case len(item.DependsOn) > 1:
			same = false
		case len(item.DependsOn) == 1:
			id := strings.ToLower(item.DependsOn[0])
			same = same && (common == "" || common == id)
			common = id
		}
	}
	if same && common != "" {
		for _, item := range items {
			same = same && (!strings.EqualFold(*item.ID, common) || len(item.DependsOn) == 0)
		}
	}
	if !serial && !same {
		return badRequest("The dependencies of a batch must be all serial, all on the same request, or none.")
	}
	return nil
}

// executionOrder puts items after those that they depend on; items that depend on nothing run in any order.
func executionOrder(items []batchItem) []batchItem {
	var free, dependent []batchItem
	for _, item := range items {
		if len(item.DependsOn) == 0 {
			free = append(free, item)
		} else {
			dependent = append(dependent, item)
		}
	}
	rand.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	return append(free, dependent...) // dependents stand in serial order already
}
