package emulator

import (
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestTheRequestLogKeepsTheNewestAndCountsAll(t *testing.T) {
	log := newRequestLog()
	const more = 3
	for range maxLoggedRequests + more {
		log.add(loggedRequest{arrival: log.arrive(), method: "GET", version: "v1.0", path: "/users/x", template: "/users/{id}", status: 200}, outcome{})
	}
	listed := log.list(false)
	if len(listed) != maxLoggedRequests || log.count().Total != maxLoggedRequests+more {
		t.Errorf("%d are kept, %d counted", len(listed), log.count().Total)
	}
	if cap(log.graph.entries) > 2*maxLoggedRequests {
		t.Errorf("there is room for %d", cap(log.graph.entries))
	}
	if listed[0].Path != "/v1.0/users/x" || listed[0].Template != "/v1.0/users/{id}" {
		t.Errorf("%+v", listed[0])
	}
	if first := log.graph.entries[log.graph.next].arrival; first != more+1 {
		t.Errorf("the oldest that is kept arrived as number %d", first)
	}
}

func TestPeakConcurrency(t *testing.T) {
	log := newRequestLog()
	first, second := log.enter(), log.enter()
	first()
	third := log.enter()
	third()
	if peak := log.count().PeakConcurrency; peak != 2 {
		t.Errorf("the peak is %d", peak)
	}
	log.clear()
	if peak := log.count().PeakConcurrency; peak != 1 {
		t.Errorf("one is still under way, and the peak is %d", peak)
	}
	second()
}

func TestCountersOfRequestsByTemplate(t *testing.T) {
	counters := control.Counters{RequestsByOperation: map[string]int{
		"GET /v1.0/users": 1, "GET /beta/users": 2, "GET /v1.0/users/{id}": 4, "POST /beta/$batch": 8, "GET /v1.0/groups": 16,
	}}
	if sum := counters.Requests("/users", "/users/{id}", "/$batch"); sum != 15 {
		t.Error(sum)
	}
}
