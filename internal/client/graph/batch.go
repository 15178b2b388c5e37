package graph

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// MaxBatchItems is how many requests Graph takes in one batch.
//
// Source: https://learn.microsoft.com/graph/json-batching
const MaxBatchItems = 20

const (
	// MaxFlights bounds what a gatherer has under way. Eight batches of twenty that take 200 ms each are the 800 reads a
	// second that Graph grants an app in a large tenant (8,000 resource units in 10 seconds); more at a time would only be
	// throttled. Writes are limited to far less.
	//
	// Source: https://learn.microsoft.com/graph/throttling-limits
	MaxFlights = 8
	// EagerFlights is how many may be under way for a request not to wait for company. With one, everything would wait
	// behind a request that hangs; with more, ten callers that take turns would hardly meet.
	EagerFlights = 2
)

// gatherer carries out calls of one API version, reads or writes. With little under way a call goes out at once, as a
// request of its own. Otherwise it queues, and leaves in a batch as soon as there are enough to fill one or a request
// returns: nobody waits for a time to pass. What is to be read ahead fills batches up, and leaves without company only
// where it fills one.
//
// The versions cannot be mixed, because the version of a batch is that of all its items. Reads and writes are kept apart
// because Graph limits them apart: a throttled write holds no read up.
type gatherer struct {
	client  *Client
	version apiVersion
	paces   pacePolicy
	logger  *slog.Logger

	mutex sync.Mutex
	// queue holds what may leave together, alone what a batch has failed with, ahead what nobody waits for yet.
	queue, alone, ahead itemQueue
	// flights is the number of requests and batches that are not done yet; underWay are those of them that wait for an
	// answer, and not for the time to ask again.
	flights, underWay int
}

type gathererKey struct {
	version apiVersion
	writes  bool
}

func newGatherers(client *Client) map[gathererKey]*gatherer {
	all := map[gathererKey]*gatherer{}
	for _, version := range []apiVersion{V1, Beta} {
		for _, writes := range []bool{false, true} {
			all[gathererKey{version, writes}] = &gatherer{client: client, version: version, paces: client.paces, logger: client.Logger}
		}
	}
	return all
}

func (c *Client) gatherer(call Call) *gatherer {
	return c.gatherers[gathererKey{version: call.Version, writes: call.Method != http.MethodGet}]
}

// Load is how much work a client has: requests in flight, batches among them, and calls that wait to leave.
type Load struct {
	InFlight int
	// Queued are calls whose callers wait, Prefetch those that nobody waits for yet.
	Queued, Prefetch int
}

// Load returns the present load of all calls that may travel in batches.
func (c *Client) Load() Load {
	var load Load
	for _, g := range c.gatherers {
		g.mutex.Lock()
		load.InFlight += g.flights
		load.Queued += g.queue.waiting + g.alone.waiting
		load.Prefetch += g.ahead.waiting
		g.mutex.Unlock()
	}
	return load
}

// BatchItem is a call that somebody waits for.
type BatchItem struct {
	ctx   context.Context
	Call  Call
	class RateClass
	// wire is what a batch says of the call.
	wire wireItem
	// tries counts the batches that the item was in.
	tries int

	// Under the gatherer's mutex: where the item is, whether its caller still waits, whether it is read ahead, so that its
	// caller is yet to come, and whether it may have been carried out without an answer that says so.
	queue   *itemQueue
	flight  *flight
	over    bool
	ahead   bool
	unknown bool

	// done is closed when the outcome is there.
	done chan struct{}
	got  Answer
	err  error
}

// itemQueue is a queue that leaves out those who do not wait any more, or wait elsewhere.
type itemQueue struct {
	items []*BatchItem
	// waiting is how many items are still to be sent.
	waiting int
}

func (q *itemQueue) push(item *BatchItem) {
	item.queue, item.flight = q, nil
	q.items = append(q.items, item)
	q.waiting++
}

func (q *itemQueue) take(n int) []*BatchItem {
	var taken []*BatchItem
	for len(q.items) > 0 && len(taken) < n {
		item := q.items[0]
		q.items[0] = nil
		q.items = q.items[1:]
		if !item.over && item.queue == q {
			item.queue = nil
			q.waiting--
			taken = append(taken, item)
		}
	}
	return taken
}

// Do carries a call out and returns what came back for it, whatever it travelled in.
func (g *gatherer) do(ctx context.Context, call Call) (Answer, error) {
	if err := ctx.Err(); err != nil {
		return Answer{}, g.client.describeFailure(ctx, nil, call, err)
	}
	if g.leaveAtOnce() {
		defer g.returned()
		return g.client.Exchange(ctx, g.client.Address(call), call)
	}
	item, err := newBatchItem(ctx, call)
	if err != nil {
		return Answer{}, fmt.Errorf("unable to %s: %w", call.Operation, err)
	}
	g.enqueue(item)
	return g.await(ctx, item)
}

// await waits for the outcome of an item, or for the end of the context.
func (g *gatherer) await(ctx context.Context, item *BatchItem) (Answer, error) {
	select {
	case <-item.done:
		return item.got, item.err
	case <-ctx.Done():
	}
	// The answer to a write that has left is waited for a little longer, as in exchange.
	if progress := g.progressOf(item); item.Call.changes() && progress != nil {
		idle := make(chan struct{})
		stop := progress.whenIdle(g.client.answerGrace, func() { close(idle) })
		defer stop()
		select {
		case <-item.done:
		case <-idle:
		}
	}
	// Whatever has come is not lost.
	select {
	case <-item.done:
		return item.got, item.err
	default:
	}
	ended := g.interrupted(ctx, item)
	g.abandon(item)
	return Answer{}, ended
}

// progressOf is the progress of the request in which an item travels; nil where it does not.
func (g *gatherer) progressOf(item *BatchItem) *requestProgress {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if item.flight == nil {
		return nil
	}
	return item.flight.progress
}

// interrupted says how far an item has come whose caller's context has ended.
func (g *gatherer) interrupted(ctx context.Context, item *BatchItem) error {
	ended := g.progressOf(item).interrupted(ctx, item.Call)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	ended.Unknown = ended.Write && (ended.Unknown || item.unknown)
	if item.queue != nil {
		ended.Doing = "waiting to leave with other requests"
	}
	return ended
}

func newBatchItem(ctx context.Context, call Call) (*BatchItem, error) {
	item := &BatchItem{
		ctx: ctx, Call: call, class: rateClassOf("/" + string(call.Version) + call.Path), done: make(chan struct{}),
		wire: wireItem{Method: call.Method, URL: call.target(), Headers: map[string]string{}},
	}
	for name, values := range call.Header {
		item.wire.Headers[name] = strings.Join(values, ", ")
	}
	if call.Body != nil {
		text, err := json.Marshal(call.Body)
		if err != nil {
			return nil, err
		}
		item.wire.Body = text
		item.wire.Headers["Content-Type"] = "application/json"
	}
	return item, nil
}

// leaveAtOnce takes a place for a request of its own where there is nothing to gather.
func (g *gatherer) leaveAtOnce() bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.queue.waiting > 0 || g.alone.waiting > 0 || g.ahead.waiting > 0 || g.underWay >= EagerFlights || g.flights >= MaxFlights {
		return false
	}
	g.flights++
	g.underWay++
	return true
}

func (g *gatherer) returned() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.flights--
	g.underWay--
	g.dispatch()
}

func (g *gatherer) enqueue(item *BatchItem) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.queue.push(item)
	g.dispatch()
}

// dispatch lets go what may leave. The mutex is held.
func (g *gatherer) dispatch() {
	for g.flights < MaxFlights {
		items := g.alone.take(1)
		if len(items) == 0 {
			items = g.takeBatch()
		}
		if len(items) == 0 {
			return
		}
		g.flights++
		g.underWay++
		go newFlight(g, items).run()
	}
}

// takeBatch takes what may leave together. The mutex is held.
func (g *gatherer) takeBatch() []*BatchItem {
	ahead := g.aheadMayLeave()
	full := g.queue.waiting+ahead >= MaxBatchItems
	switch {
	case g.queue.waiting > 0 && (full || g.underWay < EagerFlights):
	case full && g.flights < MaxFlights-EagerFlights:
		// Nobody waits for it, so it leaves places free.
	default:
		return nil
	}
	items := g.queue.take(MaxBatchItems)
	return append(items, g.ahead.take(min(ahead, MaxBatchItems-len(items)))...)
}

// abandon takes note that a caller has left. What nobody waits for any more is cancelled.
func (g *gatherer) abandon(item *BatchItem) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if item.over || item.ahead {
		return
	}
	item.over = true
	switch {
	case item.queue != nil:
		item.queue.waiting--
	default:
		item.flight.waiting--
		if item.flight.waiting == 0 && item.flight.ahead == 0 {
			item.flight.cancel()
		}
	}
}

// flight is items that travel together, until each has its outcome.
type flight struct {
	*gatherer
	// ctx has the values of one of the callers, for the log, and ends when the last of them has left.
	ctx    context.Context
	cancel context.CancelFunc
	// progress is that of the request that is under way.
	progress *requestProgress
	items    []*BatchItem
	// waiting is how many callers there are, and ahead how many items are yet without one, under the gatherer's mutex.
	waiting, ahead int
}

// newFlight makes a flight. The mutex is held.
func newFlight(g *gatherer, items []*BatchItem) *flight {
	f := &flight{gatherer: g, progress: &requestProgress{}}
	f.ctx, f.cancel = context.WithCancel(withProgress(context.WithoutCancel(items[0].ctx), f.progress))
	f.board(items)
	if f.ahead > 0 {
		f.ctx = RepeatedWhile(f.ctx, f.client.Retry, f.awaited)
	}
	return f
}

// awaited reports whether a caller waits.
func (f *flight) awaited() bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.waiting > 0
}

// board takes items along. The mutex is held.
func (f *flight) board(items []*BatchItem) {
	for _, item := range items {
		item.flight = f
		*f.counter(item)++
	}
	f.items = append(f.items, items...)
}

// counter is what counts the likes of an item. The mutex is held.
func (f *flight) counter(item *BatchItem) *int {
	if item.ahead {
		return &f.ahead
	}
	return &f.waiting
}

func (f *flight) run() {
	defer f.returned()
	defer f.cancel()
	defer f.progress.rest()
	if len(f.items) == 1 {
		item := f.items[0]
		got, err := f.client.exchangeWith(f.ctx, f.progress, f.client.Address(item.Call), item.Call)
		f.settle(item, got, err)
		return
	}
	for {
		pause := f.send()
		if len(f.items) == 0 || !f.pause(pause) {
			return
		}
	}
}

// settle gives an item its outcome.
func (f *flight) settle(item *BatchItem, got Answer, err error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if item.over {
		return
	}
	*f.counter(item)--
	item.settle(got, err)
}

// settle ends the wait for an item. The gatherer's mutex is held.
func (item *BatchItem) settle(got Answer, err error) {
	item.over = true
	item.got, item.err = got, err
	close(item.done)
}

// fail gives all items that are left one cause of failure, each in its own words.
func (f *flight) fail(cause error) {
	for _, item := range f.items {
		f.settle(item, Answer{}, f.client.describeFailure(f.ctx, f.progress, item.Call, cause))
	}
	f.items = nil
}

// pause waits before the items that are left are sent again, and fills their batch up. It reports whether somebody still
// waits for them.
func (f *flight) pause(pause time.Duration) bool {
	if pause >= NoticeableWait {
		f.logger.InfoContext(f.ctx, "waiting to repeat requests of a batch to Microsoft Graph",
			slog.String("version", string(f.version)), slog.Int("items", len(f.items)), slog.Int64("wait_ms", pause.Milliseconds()))
	}
	f.mutex.Lock()
	f.underWay--
	f.dispatch()
	f.mutex.Unlock()

	err := f.client.Clock.Wait(f.ctx, pause)

	f.mutex.Lock()
	f.underWay++
	// Once the last caller has left, the flight is cancelled, and nobody may board it any more.
	leaves := err == nil && f.waiting > 0
	if leaves {
		f.board(f.queue.take(MaxBatchItems - len(f.items)))
	}
	f.mutex.Unlock()
	if !leaves {
		f.fail(errors.Join(err, f.ctx.Err()))
	}
	return leaves
}

// sendAlone has the items that are left sent as requests of their own, each of which will say what is wrong with it.
func (f *flight) sendAlone(outer Answer, reason string) {
	f.logger.DebugContext(f.ctx, "Microsoft Graph did not carry a batch out, its requests are sent one by one",
		slog.String("version", string(f.version)), slog.Int("items", len(f.items)), slog.Int("status", outer.status), slog.String("reason", reason))
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, item := range f.items {
		switch {
		case item.over:
		case item.ahead:
			f.ahead--
			item.settle(outer, nil)
		default:
			f.waiting--
			f.alone.push(item)
		}
	}
	f.items = nil
}

// wireItem is a request within a batch.
//
// Source: https://learn.microsoft.com/graph/json-batching
type wireItem struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// send sends the items that somebody waits for, gives those that have an outcome theirs, and returns how long to wait
// before the rest is sent again.
func (f *flight) send() time.Duration {
	f.mutex.Lock()
	f.items = slices.DeleteFunc(f.items, func(item *BatchItem) bool { return item.over })
	f.mutex.Unlock()
	if len(f.items) == 0 {
		return 0
	}
	classes := map[RateClass]int{}
	wire := make([]wireItem, 0, len(f.items))
	for n, item := range f.items {
		item.tries++
		classes[item.class]++
		item.wire.ID = strconv.Itoa(n)
		wire = append(wire, item.wire)
	}
	batch := Call{Method: http.MethodPost, Version: f.version, Path: "/$batch", Body: map[string][]wireItem{"requests": wire}}
	request, err := newRequest(context.WithValue(f.ctx, itemClassesKey{}, classes), f.client.Address(batch), batch)
	if err != nil {
		f.fail(err)
		return 0
	}
	outer, err := f.client.roundTrip(request)
	switch {
	case err != nil:
		f.fail(err)
		return 0
	case outer.successful():
	case f.client.passes(outer):
		// It did not pass while the pipeline repeated the batch. Nothing was carried out, and more requests are the last
		// thing that would help.
		for _, item := range f.items {
			f.settle(item, outer, nil)
		}
		f.items = nil
		return 0
	default:
		// This is about the batch. A 403 or a 404 here says nothing about anybody's item.
		f.sendAlone(outer, outer.refusal("send a batch", nil, outer.body).Code)
		return 0
	}
	answers, err := readBatchAnswer(outer)
	if err != nil {
		f.sendAlone(outer, err.Error())
		return 0
	}
	f.learn(answers)
	return f.deliver(outer, answers)
}

// deliver gives each item its answer and keeps those that are to be sent again.
func (f *flight) deliver(outer Answer, answers map[string]Answer) (pause time.Duration) {
	counts := map[int]int{}
	var again []*BatchItem
	for _, item := range f.items {
		got, answered := answers[item.wire.ID]
		counts[got.status]++
		var err error
		if !answered {
			// Whatever the item asks for may be asked for twice, so whether it was carried out does not matter.
			got = Answer{status: outer.status, Header: outer.Header, tenant: outer.tenant}
			refusal := got.refusal(item.Call.Operation, nil, nil)
			refusal.Message = "the answer to the batch holds no answer to this request, or more than one"
			err = refusal
		}
		// Whoever comes for what was read ahead in vain reads it for themselves.
		repeat := !item.ahead && (!answered || f.client.passes(got)) && item.tries <= int(f.client.Retry.MaxRetries)
		after := retryAfterOf(got.Header)
		if !repeat || asksTooMuch(after, f.client.Retry) {
			f.settle(item, got, err)
			continue
		}
		unknown := !answered || mayBeDone(got.status)
		if item.Call.changes() && item.ctx.Err() != nil {
			// Its caller has waited for this answer only.
			f.settle(item, Answer{}, &InterruptedError{
				Operation: item.Call.Operation, Doing: doingRepeat(got), Write: true, Unknown: unknown || item.unknown, Err: context.Cause(item.ctx),
			})
			continue
		}
		if after == 0 {
			after = backoff(f.client.Retry, item.tries)
		}
		pause = max(pause, after)
		f.repeat(item, unknown, doingRepeat(got))
		again = append(again, item)
	}
	f.progress.delivered()
	f.logger.DebugContext(f.ctx, "Microsoft Graph answered a batch", slog.String("version", string(f.version)),
		slog.Int("items", len(f.items)), slog.String("statuses", describeCounts(counts)), slog.Int("repeated", len(again)))
	f.items = again
	return pause
}

// repeat notes what is known of an item that is sent again.
func (f *flight) repeat(item *BatchItem, unknown bool, doing string) {
	f.progress.at(doing)
	f.mutex.Lock()
	defer f.mutex.Unlock()
	item.unknown = item.unknown || unknown
}

// describeCounts lists the statuses in the answer to a batch: "200: 18, 429: 1, none: 1".
func describeCounts(counts map[int]int) string {
	var parts []string
	for status, count := range counts {
		name := "none"
		if status != 0 {
			name = strconv.Itoa(status)
		}
		parts = append(parts, fmt.Sprintf("%s: %d", name, count))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// learn tells the classes of the items how they fared. A batch in which the service refused some is one refusal.
func (f *flight) learn(answers map[string]Answer) {
	type experience struct {
		good, refused int
		retryAfter    time.Duration
	}
	classes := map[RateClass]*experience{}
	for _, item := range f.items {
		got, answered := answers[item.wire.ID]
		if !answered {
			continue
		}
		class := classes[item.class]
		if class == nil {
			class = &experience{}
			classes[item.class] = class
		}
		switch {
		case got.status == http.StatusTooManyRequests:
			class.refused++
			class.retryAfter = max(class.retryAfter, retryAfterOf(got.Header))
		case got.successful():
			class.good++
		}
	}
	now := f.client.Clock.Now()
	for class, had := range classes {
		if had.refused > 0 {
			f.paces.paces[class].learn(now, http.StatusTooManyRequests, had.retryAfter)
			continue
		}
		for range had.good {
			f.paces.paces[class].learn(now, http.StatusOK, 0)
		}
	}
}

// passes reports whether what an answer says may pass by itself.
func (c *Client) passes(got Answer) bool {
	return c.Retry.ShouldRetry(&http.Response{StatusCode: got.status, Header: got.Header, Body: http.NoBody}, nil)
}

// readBatchAnswer reads the answers to the items by their ids. It leaves out what is not an answer, and an item that is
// answered twice: nobody could say which of the two is true.
//
// Source: https://learn.microsoft.com/graph/json-batching#response-format
func readBatchAnswer(outer Answer) (map[string]Answer, error) {
	var body struct {
		Responses []json.RawMessage `json:"responses"`
	}
	if err := json.Unmarshal(outer.body, &body); err != nil {
		return nil, fmt.Errorf("the answer cannot be read: %w", err)
	}
	if body.Responses == nil {
		return nil, errors.New("the answer holds no responses")
	}
	answers := make(map[string]Answer, len(body.Responses))
	seen := map[string]bool{}
	for _, text := range body.Responses {
		var item struct {
			ID      string                     `json:"id"`
			Status  int                        `json:"status"`
			Headers map[string]json.RawMessage `json:"headers"`
			Body    json.RawMessage            `json:"body"`
		}
		err := json.Unmarshal(text, &item)
		if seen[item.ID] {
			delete(answers, item.ID)
			continue
		}
		seen[item.ID] = true
		if err != nil || item.Status < 100 || item.Status > 599 {
			continue
		}
		got := Answer{status: item.Status, Header: readItemHeaders(item.Headers), batchRequestID: outer.Header.Get("request-id"), tenant: outer.tenant}
		got.body = readItemBody(got.Header, item.Body)
		// A Retry-After that is a date goes by the clock of the server.
		for _, name := range []string{headerClientRequestID, "Date"} {
			if got.Header.Get(name) == "" {
				got.Header.Set(name, outer.Header.Get(name))
			}
		}
		answers[item.ID] = got
	}
	return answers, nil
}

// readItemHeaders takes over what is a text, or a number: a Retry-After could be one.
func readItemHeaders(headers map[string]json.RawMessage) http.Header {
	all := http.Header{}
	for name, value := range headers {
		var text *string
		var number *json.Number
		switch {
		case json.Unmarshal(value, &text) == nil && text != nil:
			all.Set(name, *text)
		case json.Unmarshal(value, &number) == nil && number != nil:
			all.Set(name, number.String())
		}
	}
	return all
}

// readItemBody returns a body as it would stand in an answer of its own: what is not JSON comes in base64.
func readItemBody(header http.Header, body json.RawMessage) []byte {
	if bytes.Equal(body, []byte("null")) {
		return nil
	}
	var text string
	if strings.Contains(header.Get("Content-Type"), "json") || json.Unmarshal(body, &text) != nil {
		return body
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if decoded, err := encoding.DecodeString(text); err == nil {
			return decoded
		}
	}
	return []byte(text)
}

// itemClassesKey is the key under which the context of a batch holds how many of its items are of which class.
type itemClassesKey struct{}

// itemPacePolicy makes each try of a batch wait as its items would, because a batch saves round trips and no quota. Other
// requests wait as they do.
//
// Source: https://learn.microsoft.com/graph/throttling
type itemPacePolicy struct{ pacePolicy }

func (p itemPacePolicy) Do(request *policy.Request) (*http.Response, error) {
	ctx := request.Raw().Context()
	classes, isBatch := ctx.Value(itemClassesKey{}).(map[RateClass]int)
	if !isBatch {
		return p.pacePolicy.Do(request)
	}
	for class, items := range classes {
		if err := p.wait(ctx, p.paces[class], items); err != nil {
			return nil, err
		}
	}
	response, err := request.Next()
	// What became of the items is learned from their own answers.
	if err == nil && response.StatusCode == http.StatusTooManyRequests {
		for class := range classes {
			p.paces[class].learn(p.clock.Now(), response.StatusCode, retryAfterOf(response.Header))
		}
	}
	return response, err
}
