package control

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// maxLoggedRequests keeps a program that runs for days from eating the machine; the oldest entries go first.
const maxLoggedRequests = 100_000

// RequestLog records requests.
type RequestLog struct {
	arrivals atomic.Int64
	active   atomic.Int64 // Graph HTTP requests under way
	peak     atomic.Int64

	mu       sync.Mutex
	graph    ring
	login    ring
	counters requestCounters
}

// LoggedRequest is an entry in the parts in which they are at hand; the log puts them together when it is read.
type LoggedRequest struct {
	Arrival         int // entries are added when requests end
	Time            time.Time
	Method          string
	Version         string // of Graph; "" for a sign-in request
	Path            string // without the version
	Query           string
	Status          int // 0 for a connection that was cut
	Class           string
	Template        string // without the version
	AppID           string
	RequestID       string
	ClientRequestID string
	UserAgent       string
	Parent          string // the request id of the $batch of which it is an item
	Fault           string

	Units  int  // resource units that it was charged; 0 for one that was refused
	Items  int  // how many items a $batch has, unless it was refused as a whole
	Writes bool // it is to change something; of a $batch, an item of it is
}

// versioned puts the version in front of a path.
func (r *LoggedRequest) versioned(path string) string {
	if r.Version == "" {
		return path
	}
	return "/" + r.Version + path
}

func (r *LoggedRequest) export() Request {
	return Request{
		Time: r.Time.UTC(), Method: r.Method, Path: r.versioned(r.Path), Query: r.Query, Status: r.Status,
		Class: r.Class, Template: r.versioned(r.Template), AppID: r.AppID, RequestID: r.RequestID,
		ClientRequestID: r.ClientRequestID, UserAgent: r.UserAgent, BatchItem: r.Parent != "", Parent: r.Parent, Fault: r.Fault,
	}
}

// ring keeps the newest entries.
type ring struct {
	entries []LoggedRequest
	next    int // where the next entry goes once the ring is full
}

func (r *ring) add(entry LoggedRequest) {
	if len(r.entries) < maxLoggedRequests {
		r.entries = append(r.entries, entry)
		return
	}
	r.entries[r.next] = entry
	r.next = (r.next + 1) % maxLoggedRequests
}

// versionedOperation is an operation of one version of Graph.
type versionedOperation struct{ method, template, version string }

func (o versionedOperation) String() string {
	return o.method + " /" + o.version + o.template
}

// requestCounters are [Counters] by keys that need not be put together for each request.
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

// NewRequestLog returns an empty log.
func NewRequestLog() *RequestLog {
	log := &RequestLog{}
	log.Clear()
	return log
}

// Clear empties the log and sets the counters to zero.
func (l *RequestLog) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.graph, l.login = ring{}, ring{}
	l.counters = requestCounters{
		operations: map[versionedOperation]int{}, requestOperations: map[versionedOperation]int{},
		statuses: map[int]int{}, classes: map[string]*classCounters{},
	}
	l.peak.Store(l.active.Load())
}

// Arrive returns the number of an arriving request, by which the log is ordered.
func (l *RequestLog) Arrive() int {
	return int(l.arrivals.Add(1))
}

// Enter counts a Graph HTTP request that is under way until the function that it returns is called.
func (l *RequestLog) Enter() func() {
	active := l.active.Add(1)
	for peak := l.peak.Load(); active > peak && !l.peak.CompareAndSwap(peak, active); {
		peak = l.peak.Load()
	}
	return func() { l.active.Add(-1) }
}

// AddLogin records a sign-in request whose answer is known.
func (l *RequestLog) AddLogin(entry LoggedRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counters.login++
	l.login.add(entry)
}

// Add records a Graph request or an item whose answer is known.
func (l *RequestLog) Add(entry LoggedRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counters := &l.counters
	done := versionedOperation{entry.Method, entry.Template, entry.Version}
	class := counters.classes[entry.Class]
	if class == nil {
		class = &classCounters{}
		counters.classes[entry.Class] = class
	}
	throttled := 0
	if entry.Status == http.StatusTooManyRequests {
		throttled = 1
	}
	if entry.Parent != "" {
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
	case entry.Items == 0:
	case entry.Writes:
		counters.writeBatches++
	default:
		counters.readBatches++
	}
	class.units += entry.Units
	counters.operations[done]++
	counters.statuses[entry.Status]++
	l.graph.add(entry)
}

// List returns the entries in the order of arrival, so that the items of a $batch follow it.
func (l *RequestLog) List(login bool) []Request {
	l.mu.Lock()
	source := &l.graph
	if login {
		source = &l.login
	}
	sorted := slices.Clone(source.entries)
	l.mu.Unlock()
	slices.SortFunc(sorted, func(a, b LoggedRequest) int { return a.Arrival - b.Arrival })
	listed := make([]Request, len(sorted))
	for i := range sorted {
		listed[i] = sorted[i].export()
	}
	return listed
}

// Count returns the counters.
func (l *RequestLog) Count() Counters {
	l.mu.Lock()
	defer l.mu.Unlock()
	counters := Counters{
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

// Endpoints are what the control API has of requests.
func (l *RequestLog) Endpoints() []Endpoint {
	return []Endpoint{
		On("GET", "requests", "the Graph requests so far; ?service=login for the sign-in requests", l.serveRequests),
		On("DELETE", "requests", "empty the request log and set the counters to zero", l.serveClearRequests),
		On("GET", "counters", "how many requests arrived, by operation, class and status, and what they cost", l.serveCounters),
	}
}

func (l *RequestLog) serveRequests(w http.ResponseWriter, r *http.Request) {
	switch service := r.URL.Query().Get("service"); service {
	case "", "graph", "login":
		Answer(w, http.StatusOK, l.List(service == "login"))
	default:
		Refuse(w, http.StatusBadRequest, "service: "+service+" is neither graph nor login")
	}
}

func (l *RequestLog) serveClearRequests(w http.ResponseWriter, _ *http.Request) {
	l.Clear()
	w.WriteHeader(http.StatusNoContent)
}

func (l *RequestLog) serveCounters(w http.ResponseWriter, _ *http.Request) {
	Answer(w, http.StatusOK, l.Count())
}
