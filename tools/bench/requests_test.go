package main

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const (
	adele = "0b5e7c11-4d2a-4f3b-8c6d-000000000001"
	alex  = "0b5e7c11-4d2a-4f3b-8c6d-000000000002"
)

func requirements(key string) string { return "/beta/users/" + key + "/authentication/requirements" }

// logOf counts as the emulator does.
func logOf(log ...control.Request) (*control.Counters, []control.Request) {
	counters := &control.Counters{ByClass: map[string]int{}, RequestsByClass: map[string]int{}, Login: 1, PeakConcurrency: 2}
	for _, entry := range log {
		counters.ByClass[entry.Class]++
		if entry.BatchItem {
			counters.BatchItems++
			continue
		}
		counters.Total++
		counters.RequestsByClass[entry.Class]++
	}
	return counters, log
}

func single(id, method, path string) control.Request {
	return control.Request{RequestID: id, Method: method, Path: path, Status: http.StatusOK, Class: control.ClassAuthentication}
}

func batch(id string) control.Request {
	return control.Request{RequestID: id, Method: http.MethodPost, Path: "/beta/$batch", Status: http.StatusOK, Class: control.ClassBatch}
}

func item(parent, method, path string) control.Request {
	entry := single(parent+"/"+path, method, path)
	entry.BatchItem, entry.Parent = true, parent
	return entry
}

func TestCountTellsReadsWritesAndConfirmationsApart(t *testing.T) {
	tests := map[string]struct {
		log                            []control.Request
		reads, writes, confirms, users int
	}{
		"single requests": {
			[]control.Request{
				single("1", http.MethodGet, requirements(adele)), single("2", http.MethodPatch, requirements(adele)),
				single("3", http.MethodGet, requirements(adele)), single("4", http.MethodGet, requirements(alex)),
			}, 2, 1, 1, 4,
		},
		"a batch is one": {
			[]control.Request{
				batch("1"), item("1", http.MethodGet, requirements(adele)), item("1", http.MethodGet, requirements(alex)),
				batch("2"), item("2", http.MethodPatch, requirements(adele)), item("2", http.MethodPatch, requirements(alex)),
				batch("3"), item("3", http.MethodGet, requirements(adele)), item("3", http.MethodGet, requirements(alex)),
			}, 1, 1, 1, 3,
		},
		"a batch with everything is all three": {
			[]control.Request{
				batch("1"), item("1", http.MethodGet, requirements(alex)), item("1", http.MethodPatch, requirements(adele)),
				item("1", http.MethodGet, requirements(adele)),
			}, 1, 1, 1, 1,
		},
		"a read before the write confirms nothing": {
			[]control.Request{
				batch("1"), item("1", http.MethodGet, requirements(adele)), item("1", http.MethodPatch, requirements(adele)),
			}, 1, 1, 0, 1,
		},
		"a user has two names": {
			[]control.Request{
				single("1", http.MethodPatch, requirements(adele)), single("2", http.MethodGet, requirements("User00001%40contoso.example")),
				single("3", http.MethodGet, "/v1.0/users('user00001@contoso.example')"),
			}, 0, 1, 2, 3,
		},
		"a write that is refused is a write": {
			[]control.Request{{RequestID: "1", Method: http.MethodPatch, Path: requirements(adele), Status: http.StatusTooManyRequests}}, 0, 1, 0, 1,
		},
		"what is about nobody": {
			[]control.Request{
				single("1", http.MethodGet, "/v1.0/users"), single("2", http.MethodPost, "/v1.0/directoryObjects/getByIds"),
				single("3", http.MethodPost, "/v1.0/users/"+adele+"/checkMemberGroups"), single("4", http.MethodGet, "/v1.0/usersOfAnotherKind/x"),
			}, 0, 0, 0, 2,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			counters, log := logOf(test.log...)
			got, err := count(counters, log, sameUsers(tenantUsers(2)))
			if err != nil {
				t.Fatal(err)
			}
			if got.Reads != test.reads || got.Writes != test.writes || got.Confirmations != test.confirms || got.UsersAndBatches != test.users {
				t.Errorf("got %d reads, %d writes, %d confirmations, %d for users and batches, want %d, %d, %d, %d",
					got.Reads, got.Writes, got.Confirmations, got.UsersAndBatches, test.reads, test.writes, test.confirms, test.users)
			}
		})
	}
}

func TestCountTakesTheRestFromTheCounters(t *testing.T) {
	throttled := item("1", http.MethodGet, "/v1.0/identity/conditionalAccess/namedLocations")
	throttled.Class, throttled.Status = control.ClassConditionalAccess, http.StatusTooManyRequests
	counters, log := logOf(batch("1"), throttled, item("1", http.MethodGet, requirements(adele)))
	counters.ReadBatches = 1
	got, err := count(counters, log, sameUsers(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := requests{
		HTTP: 1, ByClass: map[string]int{control.ClassBatch: 1}, BatchItems: 2, ReadBatches: 1, Throttled: 1, SignIns: 1,
		PeakConcurrency: 2, UsersAndBatches: 1, ConditionalAccess: 1, Reads: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCountRefusesALogThatHasLostRequests(t *testing.T) {
	counters, log := logOf(single("1", http.MethodGet, requirements(adele)), single("2", http.MethodGet, requirements(alex)))
	_, err := count(counters, log[1:], sameUsers(nil))
	wantError(t, err, "holds 1 requests", "counters say 2")
}

func TestWorstHasTheHighestOfEachFigure(t *testing.T) {
	a := requests{HTTP: 5, ByClass: map[string]int{"batch": 4, "directory": 1}, Writes: 2, Throttled: 0}
	b := requests{HTTP: 3, ByClass: map[string]int{"batch": 1, "reports": 2}, Writes: 3, Throttled: 1}
	want := requests{HTTP: 5, ByClass: map[string]int{"batch": 4, "directory": 1, "reports": 2}, Writes: 3, Throttled: 1}
	if diff := cmp.Diff(want, worst(worst(requests{}, a), b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a.ByClass["batch"] != 4 || len(a.ByClass) != 2 {
		t.Errorf("a run was changed: %v", a.ByClass)
	}
}
