package control

import "testing"

func TestTheRequestLogKeepsTheNewestAndCountsAll(t *testing.T) {
	log := NewRequestLog()
	const more = 3
	for range maxLoggedRequests + more {
		log.Add(LoggedRequest{Arrival: log.Arrive(), Method: "GET", Version: "v1.0", Path: "/users/x", Template: "/users/{id}", Status: 200})
	}
	listed := log.List(false)
	if len(listed) != maxLoggedRequests || log.Count().Total != maxLoggedRequests+more {
		t.Errorf("%d are kept, %d counted", len(listed), log.Count().Total)
	}
	if cap(log.graph.entries) > 2*maxLoggedRequests {
		t.Errorf("there is room for %d", cap(log.graph.entries))
	}
	if listed[0].Path != "/v1.0/users/x" || listed[0].Template != "/v1.0/users/{id}" {
		t.Errorf("%+v", listed[0])
	}
	if first := log.graph.entries[log.graph.next].Arrival; first != more+1 {
		t.Errorf("the oldest that is kept arrived as number %d", first)
	}
}

func TestPeakConcurrency(t *testing.T) {
	log := NewRequestLog()
	first, second := log.Enter(), log.Enter()
	first()
	third := log.Enter()
	third()
	if peak := log.Count().PeakConcurrency; peak != 2 {
		t.Errorf("the peak is %d", peak)
	}
	log.Clear()
	if peak := log.Count().PeakConcurrency; peak != 1 {
		t.Errorf("one is still under way, and the peak is %d", peak)
	}
	second()
}

func TestCountersOfRequestsByTemplate(t *testing.T) {
	counters := Counters{RequestsByOperation: map[string]int{
		"GET /v1.0/users": 1, "GET /beta/users": 2, "GET /v1.0/users/{id}": 4, "POST /beta/$batch": 8, "GET /v1.0/groups": 16,
	}}
	if sum := counters.Requests("/users", "/users/{id}", "/$batch"); sum != 15 {
		t.Error(sum)
	}
}
