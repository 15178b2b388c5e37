package control

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// FaultList holds the faults in the order in which they were added.
type FaultList struct {
	mu     sync.Mutex
	serial int
	faults []*fault
}

type fault struct {
	FaultStatus
	path *regexp.Regexp // nil without a pathRegexp
}

// Add adds a fault.
func (l *FaultList) Add(definition Fault) (FaultStatus, error) {
	if err := definition.Validate(); err != nil {
		return FaultStatus{}, err
	}
	added := &fault{}
	if definition.PathRegexp != "" {
		added.path = regexp.MustCompile(definition.PathRegexp) // Validate has compiled it before
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serial++
	added.FaultStatus = FaultStatus{ID: "fault-" + strconv.Itoa(l.serial), Fault: definition}
	l.faults = append(l.faults, added)
	return added.FaultStatus, nil
}

// List returns the faults with what they have done.
func (l *FaultList) List() []FaultStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	listed := []FaultStatus{}
	for _, fault := range l.faults {
		listed = append(listed, fault.FaultStatus)
	}
	return listed
}

// Clear removes every fault.
func (l *FaultList) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = nil
}

// Remove removes a fault, and tells whether it was there.
func (l *FaultList) Remove(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.faults)
	l.faults = slices.DeleteFunc(l.faults, func(fault *fault) bool { return fault.ID == id })
	return len(l.faults) < before
}

func (l *FaultList) empty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.faults) == 0
}

// Hit returns the fault that the request runs into, or nil. rawPath is the path as it was sent.
func (l *FaultList) Hit(method, rawPath string) *FaultStatus {
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

// Endpoints are what the control API has of faults.
func (l *FaultList) Endpoints() []Endpoint {
	return []Endpoint{
		On("GET", "faults", "the faults with what they have done", l.serveFaults),
		On("POST", "faults", "add a fault", l.serveAddFault),
		On("DELETE", "faults", "remove every fault", l.serveClearFaults),
		On("DELETE", "faults/{key}", "remove a fault", l.serveDeleteFault),
	}
}

func (l *FaultList) serveFaults(w http.ResponseWriter, _ *http.Request) {
	Answer(w, http.StatusOK, l.List())
}

func (l *FaultList) serveAddFault(w http.ResponseWriter, r *http.Request) {
	var fault Fault
	if !ReadBody(w, r, &fault) {
		return
	}
	status, err := l.Add(fault)
	if err != nil {
		Refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	Answer(w, http.StatusCreated, status)
}

func (l *FaultList) serveClearFaults(w http.ResponseWriter, _ *http.Request) {
	l.Clear()
	w.WriteHeader(http.StatusNoContent)
}

func (l *FaultList) serveDeleteFault(w http.ResponseWriter, r *http.Request) {
	if !l.Remove(r.PathValue("key")) {
		Refuse(w, http.StatusNotFound, "there is no fault "+r.PathValue("key"))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
