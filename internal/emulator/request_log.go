package emulator

import (
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// maxLoggedRequests keeps a program that runs for days from eating the machine; the oldest entries go first.
const maxLoggedRequests = 100_000

// requestLog records what came in.
type requestLog struct {
	mu       sync.Mutex
	arrivals int
	graph    []loggedRequest
	login    []loggedRequest
	counters control.Counters
}

// loggedRequest remembers when the request arrived, as entries are added when requests end.
type loggedRequest struct {
	arrival int
	control.Request
}

func newRequestLog() *requestLog {
	log := &requestLog{}
	log.clear()
	return log
}

func (l *requestLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.graph, l.login = nil, nil
	l.counters = control.Counters{ByOperation: map[string]int{}, ByClass: map[string]int{}, ByStatus: map[string]int{}}
}

// arrive returns the number of an arriving request, by which the log is ordered.
func (l *requestLog) arrive() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrivals++
	return l.arrivals
}

// add records a request whose answer is known.
func (l *requestLog) add(arrival int, entry control.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if entry.Class == control.ClassLogin {
		l.counters.Login++
		l.login = appendBounded(l.login, loggedRequest{arrival, entry})
		return
	}
	if entry.BatchItem {
		l.counters.BatchItems++
	} else {
		l.counters.Total++
	}
	l.counters.ByOperation[entry.Method+" "+entry.Template]++
	l.counters.ByClass[entry.Class]++
	l.counters.ByStatus[strconv.Itoa(entry.Status)]++
	l.graph = appendBounded(l.graph, loggedRequest{arrival, entry})
}

func appendBounded(entries []loggedRequest, entry loggedRequest) []loggedRequest {
	if len(entries) >= maxLoggedRequests {
		entries = entries[len(entries)-maxLoggedRequests+1:]
	}
	return append(entries, entry)
}

// list returns the entries in the order of arrival, so that the items of a $batch follow it.
func (l *requestLog) list(login bool) []control.Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	source := l.graph
	if login {
		source = l.login
	}
	sorted := slices.Clone(source)
	slices.SortFunc(sorted, func(a, b loggedRequest) int { return a.arrival - b.arrival })
	listed := []control.Request{}
	for _, entry := range sorted {
		listed = append(listed, entry.Request)
	}
	return listed
}

func (l *requestLog) count() control.Counters {
	l.mu.Lock()
	defer l.mu.Unlock()
	counters := l.counters
	counters.ByOperation = maps.Clone(counters.ByOperation)
	counters.ByClass = maps.Clone(counters.ByClass)
	counters.ByStatus = maps.Clone(counters.ByStatus)
	return counters
}
