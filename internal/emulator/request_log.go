package emulator

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// maxLoggedRequests keeps a program that runs for days from eating the machine; the oldest entries go first.
const maxLoggedRequests = 100_000

// requestLog records what came in.
type requestLog struct {
	arrivals atomic.Int64
	active   atomic.Int64 // Graph HTTP requests under way
	peak     atomic.Int64

	mu       sync.Mutex
	graph    ring
	login    ring
	counters requestCounters
}

// loggedRequest is an entry in the parts in which they are at hand; the log puts them together when it is read.
type loggedRequest struct {
	arrival         int // entries are added when requests end
	time            time.Time
	method          string
	version         string // of Graph; "" for a sign-in request
	path            string // without the version
	query           string
	status          int
	class           string
	template        string // without the version
	appID           string
	requestID       string
	clientRequestID string
	userAgent       string
	parent          string
	fault           string
}

// versioned puts the version in front of a path.
func (r *loggedRequest) versioned(path string) string {
	if r.version == "" {
		return path
	}
	return "/" + r.version + path
}

func (r *loggedRequest) export() control.Request {
	return control.Request{
		Time: r.time.UTC(), Method: r.method, Path: r.versioned(r.path), Query: r.query, Status: r.status,
		Class: r.class, Template: r.versioned(r.template), AppID: r.appID, RequestID: r.requestID,
		ClientRequestID: r.clientRequestID, UserAgent: r.userAgent, BatchItem: r.parent != "", Parent: r.parent, Fault: r.fault,
	}
}

// ring keeps the newest entries.
type ring struct {
	entries []loggedRequest
	next    int // where the next entry goes once the ring is full
}

func (r *ring) add(entry loggedRequest) {
	if len(r.entries) < maxLoggedRequests {
		r.entries = append(r.entries, entry)
		return
	}
	r.entries[r.next] = entry
	r.next = (r.next + 1) % maxLoggedRequests
}

// versionedOperation is an operation of one version of Graph.
type versionedOperation struct {
	operation
	version string
}

func (o versionedOperation) String() string {
	return o.method + " /" + o.version + o.template
}

// requestCounters are [control.Counters] by keys that need not be put together for each request.
type requestCounters struct {
	total, items, login       int
	readBatches, writeBatches int
	operations                map[versionedOperation]int // requests and items
	requestOperations         map[versionedOperation]int
	statuses                  map[int]int
	classes                   map[string]*classCounters
}

type classCounters struct {
	requests, items                   int
	throttledRequests, throttledItems int
	units                             int
}

func newRequestLog() *requestLog {
	log := &requestLog{}
	log.clear()
	return log
}

func (l *requestLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.graph, l.login = ring{}, ring{}
	l.counters = requestCounters{
		operations: map[versionedOperation]int{}, requestOperations: map[versionedOperation]int{},
		statuses: map[int]int{}, classes: map[string]*classCounters{},
	}
	l.peak.Store(l.active.Load())
}

// arrive returns the number of an arriving request, by which the log is ordered.
func (l *requestLog) arrive() int {
	return int(l.arrivals.Add(1))
}

// enter counts a Graph HTTP request that is under way until the function that it returns is called.
func (l *requestLog) enter() func() {
	active := l.active.Add(1)
	for peak := l.peak.Load(); active > peak && !l.peak.CompareAndSwap(peak, active); {
		peak = l.peak.Load()
	}
	return func() { l.active.Add(-1) }
}

// addLogin records a sign-in request whose answer is known.
func (l *requestLog) addLogin(entry loggedRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counters.login++
	l.login.add(entry)
}

// add records a Graph request or an item whose answer is known.
func (l *requestLog) add(entry loggedRequest, result outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counters := &l.counters
	done := versionedOperation{operation{entry.method, entry.template}, entry.version}
	class := counters.classes[entry.class]
	if class == nil {
		class = &classCounters{}
		counters.classes[entry.class] = class
	}
	throttled := 0
	if entry.status == http.StatusTooManyRequests {
		throttled = 1
	}
	if entry.parent != "" {
		counters.items++
		class.items++
		class.throttledItems += throttled
	} else {
		counters.total++
		counters.requestOperations[done]++
		class.requests++
		class.throttledRequests += throttled
	}
	switch {
	case result.items == 0:
	case result.writes:
		counters.writeBatches++
	default:
		counters.readBatches++
	}
	class.units += result.units
	counters.operations[done]++
	counters.statuses[entry.status]++
	l.graph.add(entry)
}

// list returns the entries in the order of arrival, so that the items of a $batch follow it.
func (l *requestLog) list(login bool) []control.Request {
	l.mu.Lock()
	source := &l.graph
	if login {
		source = &l.login
	}
	sorted := slices.Clone(source.entries)
	l.mu.Unlock()
	slices.SortFunc(sorted, func(a, b loggedRequest) int { return a.arrival - b.arrival })
	listed := make([]control.Request, len(sorted))
	for i := range sorted {
		listed[i] = sorted[i].export()
	}
	return listed
}

func (l *requestLog) count() control.Counters {
	l.mu.Lock()
	defer l.mu.Unlock()
	counters := control.Counters{
		Total: l.counters.total, BatchItems: l.counters.items, Login: l.counters.login,
		ByOperation: named(l.counters.operations), RequestsByOperation: named(l.counters.requestOperations),
		ByStatus: map[string]int{}, ByClass: map[string]int{}, RequestsByClass: map[string]int{},
		ReadBatches: l.counters.readBatches, WriteBatches: l.counters.writeBatches,
		ThrottledRequests: map[string]int{}, ThrottledItems: map[string]int{}, ResourceUnits: map[string]int{},
		PeakConcurrency: int(l.peak.Load()),
	}
	for status, count := range l.counters.statuses {
		counters.ByStatus[strconv.Itoa(status)] = count
	}
	for name, class := range l.counters.classes {
		for into, count := range map[*map[string]int]int{
			&counters.ByClass:           class.requests + class.items,
			&counters.RequestsByClass:   class.requests,
			&counters.ThrottledRequests: class.throttledRequests,
			&counters.ThrottledItems:    class.throttledItems,
			&counters.ResourceUnits:     class.units,
		} {
			if count > 0 {
				(*into)[name] = count
			}
		}
	}
	return counters
}

// named spells the keys out.
func named(counts map[versionedOperation]int) map[string]int {
	result := make(map[string]int, len(counts))
	for done, count := range counts {
		result[done.String()] = count
	}
	return result
}
