package graphapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
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
	id       string
	response *wire.Response
	faulty   bool // a fault made the answer, whose body can be anything
}

// append appends the answer to the list of answers.
func (a *batchAnswer) append(buffer []byte) []byte {
	buffer = odata.AppendText(odata.AppendElement(buffer), "id", a.id)
	buffer = strconv.AppendInt(odata.AppendMember(buffer, "status"), int64(a.response.Status), 10)
	buffer = append(odata.AppendMember(buffer, "headers"), '{')
	for name, values := range a.response.Header {
		if len(values) > 0 && (name != "Content-Type" || a.response.Body == nil) {
			buffer = odata.AppendText(buffer, name, values[0])
		}
	}
	if a.response.Units > 0 {
		buffer = odata.AppendText(buffer, "X-Ms-Resource-Unit", strconv.Itoa(a.response.Units))
	}
	if a.response.Body != nil {
		buffer = odata.AppendText(buffer, "Content-Type", a.response.ContentType)
	}
	buffer = append(buffer, '}')
	switch {
	case a.response.Body == nil:
	case a.faulty && !json.Valid(a.response.Body):
		buffer = odata.AppendText(buffer, "body", base64.StdEncoding.EncodeToString(a.response.Body))
	default:
		buffer = append(odata.AppendMember(buffer, "body"), a.response.Body...)
	}
	return append(buffer, '}')
}

// serveBatch answers POST /$batch: 200 whatever becomes of the items, which are checked, throttled, hit by faults and
// answered one by one, in any order. A dependent of an item that failed gets 424.
//
// https://learn.microsoft.com/graph/json-batching
func (s *Service) serveBatch(req *request, result *outcome) *wire.Response {
	if req.method != http.MethodPost {
		return s.failure(req, methodNotAllowed())
	}
	if _, refused := s.throttle(req, control.ClassBatch, charge{}); refused != nil {
		return s.failure(req, refused)
	}
	items, err := readBatch(req)
	if err != nil {
		return s.failure(req, err)
	}
	result.items, result.writes = len(items), false
	answers := make([]batchAnswer, 0, len(items))
	status := map[string]int{} // by lower-case id
	for _, item := range executionOrder(items) {
		reply := batchAnswer{id: *item.ID}
		if dependencyFailed(item, status) {
			reply.response = s.failure(req, &refusal{
				status:  http.StatusFailedDependency,
				code:    "FailedDependency",
				message: "The request could not be performed because a request it depends on failed.",
			})
		} else {
			done := s.serveItem(req, item)
			result.writes = result.writes || done.writes
			if done.cut {
				result.cut = true
				return nil
			}
			reply.response, reply.faulty = done.response, done.fault != ""
		}
		status[strings.ToLower(*item.ID)] = reply.response.Status
		answers = append(answers, reply)
	}
	// Graph promises no order; a client that relies on one is to be found out.
	rand.Shuffle(len(answers), func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
	answers = spoilBatch(answers, items, result.answers)
	body := append(make([]byte, 0, 512*len(answers)), `{"responses":[`...)
	for i := range answers {
		body = answers[i].append(body)
	}
	response := wire.Written(http.StatusOK, append(body, "]}"...))
	response.Truncated = slices.ContainsFunc(answers, func(answer batchAnswer) bool { return answer.response.Truncated })
	return response
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
func (s *Service) serveItem(outer *request, item batchItem) outcome {
	arrival, arrived := s.requests.Arrive(), s.now()
	path, rawQuery, _ := strings.Cut(strings.TrimPrefix(item.URL, "/"), "?")
	path, _, _ = strings.Cut(path, "#") // what follows an unescaped # is no part of a request
	rawQuery, _, _ = strings.Cut(rawQuery, "#")
	req := &request{
		ctx: outer.ctx, origin: outer.origin, version: outer.version, method: strings.ToUpper(item.Method),
		path: "/" + path, rawQuery: rawQuery, body: item.Body, caller: outer.caller, userAgent: outer.userAgent,
		requestID: uuid.NewString(), clientRequestID: outer.clientRequestID, parent: outer.requestID,
	}
	if len(item.Headers) > 0 {
		req.header = http.Header{}
		for name, value := range item.Headers {
			req.header.Set(name, value)
		}
		if id := req.header.Get("Client-Request-Id"); id != "" {
			req.clientRequestID = id
		}
		if agent := req.header.Get("User-Agent"); agent != "" {
			req.userAgent = agent
		}
	}
	done := s.process(req, func() error {
		if path == "$batch" {
			return badRequest("A batch request cannot be nested in another one.")
		}
		return nil
	})
	s.record(arrival, arrived, req, done)
	return done
}

// readBatch checks a batch as a whole; anything wrong here fails all of it.
func readBatch(req *request) ([]batchItem, error) {
	items, refused := batchItems(req)
	if refused != nil {
		return nil, refused
	}
	if len(items) == 0 {
		return nil, badRequest("Invalid batch payload format.")
	}
	if len(items) > maxBatchItems {
		return nil, badRequest("Number of batch request steps exceeds the maximum value of " + strconv.Itoa(maxBatchItems) + ".")
	}
	known := map[string]bool{}
	for i := range items {
		item := &items[i]
		if err := checkItem(*item, known); err != nil {
			return nil, err
		}
		known[strings.ToLower(*item.ID)] = true
		if bytes.Equal(item.Body, []byte("null")) {
			item.Body = nil // as Microsoft's Go SDK writes what has none
		}
	}
	return items, checkDependencies(items, known)
}

// batchItems decodes the items of a batch.
func batchItems(req *request) ([]batchItem, *refusal) {
	var batch struct {
		Requests []batchItem `json:"requests"`
	}
	decoder := json.NewDecoder(bytes.NewReader(req.body))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&batch) == nil && bytes.Contains(req.body, []byte(`"requests"`)) && req.header.Get("Content-Type") == "application/json" {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return batch.Requests, nil // in one go, as nearly all are
		}
	}
	object, refused := jsonBody(req)
	if refused != nil {
		return nil, refused
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
	return items, nil
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
	if len(item.Body) > 0 && !bytes.Equal(item.Body, []byte("null")) && !hasType {
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
	free, dependent := make([]batchItem, 0, len(items)), []batchItem(nil)
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

// spoilBatch does to the answers of a $batch, which stand in any order, what a fault does to them.
func spoilBatch(answers []batchAnswer, items []batchItem, how string) []batchAnswer {
	if how == "" {
		return answers
	}
	place := map[string]int{}
	for i, item := range items {
		place[*item.ID] = i
	}
	slices.SortFunc(answers, func(a, b batchAnswer) int { return place[b.id] - place[a.id] })
	first := len(answers) - 1
	switch how {
	case control.BatchMissing:
		return answers[:first]
	case control.BatchDuplicate:
		return append(answers, answers[first])
	}
	return answers
}
