package emulator

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// faultList holds the faults in the order in which they were added.
type faultList struct {
	mu     sync.Mutex
	serial int
	faults []*fault
}

type fault struct {
	control.FaultStatus
	path *regexp.Regexp // nil without a pathRegexp
}

func (l *faultList) add(definition control.Fault) (control.FaultStatus, error) {
	if err := definition.Validate(); err != nil {
		return control.FaultStatus{}, err
	}
	added := &fault{}
	if definition.PathRegexp != "" {
		added.path = regexp.MustCompile(definition.PathRegexp) // Validate has compiled it before
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serial++
	added.FaultStatus = control.FaultStatus{ID: "fault-" + strconv.Itoa(l.serial), Fault: definition}
	l.faults = append(l.faults, added)
	return added.FaultStatus, nil
}

func (l *faultList) list() []control.FaultStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	listed := []control.FaultStatus{}
	for _, fault := range l.faults {
		listed = append(listed, fault.FaultStatus)
	}
	return listed
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = nil
}

func (l *faultList) remove(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.faults)
	l.faults = slices.DeleteFunc(l.faults, func(fault *fault) bool { return fault.ID == id })
	return len(l.faults) < before
}

func (l *faultList) empty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.faults) == 0
}

// hit returns the fault that the request runs into, or nil. rawPath is the path as it was sent.
func (l *faultList) hit(method, rawPath string) *control.FaultStatus {
	if l.empty() {
		return nil
	}
	decoded, err := url.PathUnescape(rawPath)
	if err != nil {
		decoded = rawPath
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, fault := range l.faults {
		if !fault.matches(method, rawPath, decoded) {
			continue
		}
		times := 1
		if fault.Fault.Times != nil {
			times = *fault.Fault.Times
		}
		if times != 0 && fault.Applied >= times {
			continue
		}
		fault.Matched++
		if fault.Matched <= fault.Fault.After {
			continue
		}
		fault.Applied++
		return new(fault.FaultStatus)
	}
	return nil
}

func (f *fault) matches(method, rawPath, decoded string) bool {
	if f.Fault.Method != "" && !strings.EqualFold(f.Fault.Method, method) {
		return false
	}
	if !strings.HasPrefix(rawPath, f.Fault.Path) && !strings.HasPrefix(decoded, f.Fault.Path) {
		return false
	}
	if f.Fault.BatchAnswers != "" && !strings.HasSuffix(rawPath, "/$batch") {
		return false
	}
	return f.path == nil || f.path.MatchString(rawPath) || f.path.MatchString(decoded)
}

// spoil does to an answer what the fault does to answers.
func (r *graphResponse) spoil(fault control.Fault) {
	if fault.ContentType != "" {
		r.contentType = fault.ContentType
	}
	for name, value := range fault.Headers {
		r.set(name, value)
	}
	if missing := fault.PadToBytes - len(r.body); missing > 0 && r.body != nil {
		// The body may be shared with answers to come.
		r.body = append(slices.Clip(r.body), bytes.Repeat([]byte(" "), missing)...)
	}
	r.truncated = r.truncated || fault.Truncate && len(r.body) > 0
}

// writeHalf announces an answer, sends half of its body and ends it there.
func writeHalf(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body[:len(body)/2]) // a caller that has gone away is no concern here
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
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

type connectionKey struct{}

// cutConnection ends the TCP connection under the request without a farewell, and the handler with it.
// Other requests on the same HTTP/2 connection end as well, as they do when a network fails.
func cutConnection(ctx context.Context) {
	if conn, ok := ctx.Value(connectionKey{}).(net.Conn); ok {
		if layered, ok := conn.(interface{ NetConn() net.Conn }); ok {
			conn = layered.NetConn()
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset rather than an orderly end
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler)
}
