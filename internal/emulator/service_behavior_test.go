package emulator_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func TestReplicaLagOfStates(t *testing.T) {
	tests := []struct {
		name string
		lag  control.ReplicaLag
		step time.Duration // between reads
		want []string
	}{
		{"none", control.ReplicaLag{}, 0, []string{"enabled", "enabled"}},
		{"reads", control.ReplicaLag{Reads: 2}, 0, []string{"disabled", "disabled", "enabled", "enabled"}},
		{"duration", control.ReplicaLag{DurationMs: 2500}, time.Second, []string{"disabled", "disabled", "disabled", "enabled"}},
		{"whichever lasts longer", control.ReplicaLag{DurationMs: 500, Reads: 2}, time.Second, []string{"disabled", "disabled", "enabled"}},
		{"alternating", control.ReplicaLag{Reads: 4, Alternate: true}, 0, []string{"disabled", "enabled", "disabled", "enabled", "enabled", "enabled"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = test.lag })
			f.writeState(adele, "enabled")
			if user, err := f.control.GetUser(f.ctx, adele); err != nil || user.PerUserMFAState != "enabled" {
				t.Errorf("the truth is %+v, %v", user, err)
			}
			var got []string
			for range test.want {
				got = append(got, f.state(adele))
				f.clock.advance(test.step)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestControlChangesDoNotLag(t *testing.T) {
	f := start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{DurationMs: 60_000} })
	if stored, err := f.control.SetPerUserMFAState(f.ctx, adele, "enforced"); err != nil || stored != "enforced" {
		t.Fatal(stored, err)
	}
	if got := f.state(adele); got != "enforced" {
		t.Errorf("state is %s", got)
	}
	f.writeState(adele, "disabled")
	if got := f.state(adele); got != "enforced" {
		t.Errorf("a write through Graph does not lag: %s", got)
	}
	if _, err := f.control.SetPerUserMFAState(f.ctx, adele, "enabled"); err != nil {
		t.Fatal(err)
	}
	if got := f.state(adele); got != "enabled" {
		t.Errorf("the lag of an earlier write hides the administrator's change: %s", got)
	}
	if stored, err := f.control.SetPerUserMFAState(f.ctx, alex, "enabled"); err != nil || stored != "enforced" {
		t.Errorf("promotion of a registered user: %s, %v", stored, err)
	}
}

func TestReplicaLagOfCreations(t *testing.T) {
	f := start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 2, LagCreates: true} })
	user, err := f.control.CreateUser(f.ctx, control.User{UserPrincipalName: "new.hire@contoso.example"})
	if err != nil {
		t.Fatal(err)
	}
	if list := f.get("/v1.0/users?$filter=id+eq+'" + user.ID + "'"); len(list.values()) != 0 {
		t.Error("the list shows the user already")
	}
	for i, want := range []int{404, 404, 200} {
		if answer := f.get("/v1.0/users/" + user.ID); answer.status != want {
			t.Errorf("read %d: %d %s", i, answer.status, answer.raw)
		}
	}
	if list := f.get("/v1.0/users?$filter=id+eq+'" + user.ID + "'"); len(list.values()) != 1 {
		t.Error("the list does not show the user")
	}
}

func TestThrottling(t *testing.T) {
	tests := []struct{ configured, want string }{
		{"1", "1"}, {"2.128", "2.128"}, {"auto", "2"}, {"", ""}, {"date", "date"},
	}
	for _, test := range tests {
		t.Run("Retry-After "+test.configured, func(t *testing.T) {
			f := start(t, func(cfg *emulator.Config) {
				cfg.Behavior.Throttle = []control.Throttle{{PathPrefix: "/v1.0/users", RequestsPerSecond: 0.5, Burst: 2, RetryAfter: test.configured}}
			})
			for range 2 {
				if answer := f.get("/v1.0/users/" + adele); answer.status != 200 {
					t.Fatalf("%d %s", answer.status, answer.raw)
				}
			}
			answer := f.get("/v1.0/users/" + adele)
			if answer.status != 429 || answer.errorCode() != "TooManyRequests" {
				t.Fatalf("%d %s", answer.status, answer.raw)
			}
			want := test.want
			if want == "date" {
				want = f.clock.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)
			}
			if got := answer.header.Get("Retry-After"); got != want {
				t.Errorf("Retry-After is %q, want %q", got, want)
			}
			if inner := at(answer.body, "error", "innerError"); at(inner, "status") != "429" {
				t.Errorf("innerError: %v", inner)
			}
			if scope := answer.header.Get("X-Ms-Throttle-Scope"); scope !=
				"Tenant_Application/ReadWrite/"+emulator.SampleAppID+"/"+emulator.SampleTenantID {
				t.Errorf("scope: %s", scope)
			}
			if answer := f.get("/beta/users/" + adele); answer.status != 200 {
				t.Errorf("another path: %d %s", answer.status, answer.raw)
			}
			f.clock.advance(2 * time.Second)
			if answer := f.get("/v1.0/users/" + adele); answer.status != 200 {
				t.Errorf("after the wait: %d %s", answer.status, answer.raw)
			}
			if answer := f.get("/v1.0/users/" + adele); answer.status != 429 {
				t.Errorf("a refused request costs nothing, but one token came back, not two: %d %s", answer.status, answer.raw)
			}
		})
	}
}

func TestThrottlingByClassAndMethod(t *testing.T) {
	f := start(t)
	f.setBehavior(control.Behavior{Throttle: []control.Throttle{
		{Class: control.ClassAuthentication, Method: "PATCH", RequestsPerSecond: 1},
		{Class: control.ClassBatch, RequestsPerSecond: 1},
	}})
	path := "/beta/users/" + adele + "/authentication/requirements"
	for range 3 {
		if answer := f.get(path); answer.status != 200 {
			t.Fatalf("reads are not limited: %d %s", answer.status, answer.raw)
		}
	}
	f.writeState(adele, "enabled")
	if answer := f.graph(http.MethodPatch, path, `{"perUserMfaState":"disabled"}`); answer.status != 429 {
		t.Errorf("second write: %d %s", answer.status, answer.raw)
	}
	f.batch("beta", `{"id":"1","method":"GET","url":"/users"}`)
	if answer := f.graph(http.MethodPost, "/beta/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users"}]}`); answer.status != 429 {
		t.Errorf("second batch: %d %s", answer.status, answer.raw)
	}
}

func TestDocumentedThrottling(t *testing.T) {
	f := start(t, func(cfg *emulator.Config) { cfg.Behavior.Throttle = control.DocumentedThrottling() })
	if answer := f.get(locationsPath); answer.status != 200 {
		t.Fatalf("%d %s", answer.status, answer.raw)
	}
	other := *f // another app of the tenant shares the limit
	other.token = f.tokenFor(emulator.SamplePlanAppID, emulator.SamplePlanSecret)
	for path, caller := range map[string]*fixture{
		headquarters: f, policiesPath: f, locationsBinPath: f, strings.Replace(locationsPath, "v1.0", "beta", 1): &other,
	} {
		answer := caller.get(path)
		if answer.status != 429 || answer.errorCode() != "TooManyRequests" {
			t.Errorf("%s: %d %s", path, answer.status, answer.raw)
		}
		if _, found := answer.header["Retry-After"]; found {
			t.Errorf("%s: Retry-After is %q", path, answer.header.Get("Retry-After"))
		}
		if scope := answer.header.Get("X-Ms-Throttle-Scope"); !strings.HasPrefix(scope, "Tenant/ReadWrite/") {
			t.Errorf("%s: scope %s", path, scope)
		}
	}
	for range 20 {
		if answer := f.get(methodsPolicyV1); answer.status != 200 {
			t.Fatalf("the directory is not limited: %d %s", answer.status, answer.raw)
		}
	}
	f.clock.advance(time.Second)
	// Items of a batch count one by one.
	answers := f.batch("v1.0", `{"id":"1","method":"GET","url":"/identity/conditionalAccess/namedLocations"},
		{"id":"2","method":"GET","url":"/identity/conditionalAccess/policies"},
		{"id":"3","method":"GET","url":"/policies/authenticationMethodsPolicy"}`)
	if sum := answers["1"].status + answers["2"].status; sum != 200+429 || answers["3"].status != 200 {
		t.Errorf("%d, %d, %d", answers["1"].status, answers["2"].status, answers["3"].status)
	}
	counters, err := f.control.Counters(f.ctx)
	if err != nil || counters.ByClass[control.ClassConditionalAccess] != 7 || counters.ByClass[control.ClassDirectory] != 21 {
		t.Errorf("%+v, %v", counters, err)
	}
	f.setBehavior(control.Behavior{})
	for range 5 {
		if answer := f.get(locationsPath); answer.status != 200 {
			t.Errorf("switched off: %d %s", answer.status, answer.raw)
		}
	}
}

func TestLatency(t *testing.T) {
	f := start(t)
	f.setBehavior(control.Behavior{LatencyMs: 80})
	begin := time.Now()
	f.get("/v1.0/users/" + adele)
	if took := time.Since(begin); took < 80*time.Millisecond {
		t.Errorf("took %s", took)
	}
}

func TestLatencyIsOfEachRequestByItself(t *testing.T) {
	f := start(t)
	const callers, latency = 8, 250 * time.Millisecond
	f.setBehavior(control.Behavior{LatencyMs: int(latency.Milliseconds())})
	begin := time.Now()
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			_, _ = f.send(http.MethodGet, "/v1.0/users/"+adele, http.Header{"Authorization": {"Bearer " + f.token}}, "")
		})
	}
	group.Wait()
	counters, err := f.control.Counters(f.ctx)
	if took := time.Since(begin); err != nil || took >= callers*latency || counters.PeakConcurrency != callers || counters.ByStatus["200"] != callers {
		t.Errorf("%d callers took %s: %+v, %v", callers, took, counters, err)
	}
}

func TestFaults(t *testing.T) {
	path := "/beta/users/" + adele + "/authentication/requirements"
	tests := []struct {
		name     string
		fault    control.Fault
		statuses []int // of successive reads
		check    func(*testing.T, reply)
	}{
		{"once by default", control.Fault{Status: 503}, []int{503, 200}, nil},
		{"twice", control.Fault{Status: 500, Times: new(2)}, []int{500, 500, 200}, nil},
		{"for ever", control.Fault{Status: 500, Times: new(0)}, []int{500, 500, 500}, nil},
		{"after two", control.Fault{Status: 500, After: 2}, []int{200, 200, 500, 200}, nil},
		{"method that fits", control.Fault{Status: 500, Method: "get"}, []int{500, 200}, nil},
		{"method that does not fit", control.Fault{Status: 500, Method: "PATCH"}, []int{200}, nil},
		{"path that fits", control.Fault{Status: 500, Path: "/beta/users/"}, []int{500, 200}, nil},
		{"path that does not fit", control.Fault{Status: 500, Path: "/v1.0/users/"}, []int{200}, nil},
		{"expression that fits", control.Fault{Status: 500, PathRegexp: `adele\.vance@.*requirements$`}, []int{500, 200}, nil},
		{"expression that does not fit", control.Fault{Status: 500, PathRegexp: `megan`}, []int{200}, nil},
		{
			"envelope and headers",
			control.Fault{Status: 429, Code: "TooManyRequests", Message: "Slow down.", Headers: map[string]string{"Retry-After": "7"}},
			[]int{429},
			func(t *testing.T, r reply) {
				if r.errorCode() != "TooManyRequests" || r.errorMessage() != "Slow down." || r.header.Get("Retry-After") != "7" {
					t.Errorf("%v %s", r.header, r.raw)
				}
			},
		},
		{
			"raw body",
			control.Fault{Status: 502, Body: "<html>Bad gateway</html>", ContentType: "text/html"},
			[]int{502},
			func(t *testing.T, r reply) {
				if string(r.raw) != "<html>Bad gateway</html>" || r.header.Get("Content-Type") != "text/html" {
					t.Errorf("%v %s", r.header, r.raw)
				}
			},
		},
		{"success without a body", control.Fault{Status: 200}, []int{200}, func(t *testing.T, r reply) {
			if len(r.raw) != 0 {
				t.Errorf("%s", r.raw)
			}
		}},
		{"only a delay", control.Fault{DelayMs: 30}, []int{200}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := start(t)
			f.addFault(test.fault)
			for i, want := range test.statuses {
				answer := f.get(path)
				if answer.status != want {
					t.Fatalf("read %d: %d %s", i, answer.status, answer.raw)
				}
				if test.check != nil {
					test.check(t, answer)
				}
			}
		})
	}
}

func TestFaultsThatHideWhetherTheWriteHappened(t *testing.T) {
	path := "/beta/users/" + adele + "/authentication/requirements"
	tests := []struct {
		name  string
		fault control.Fault
		cut   bool
		want  string
	}{
		{"cut before", control.Fault{Reset: control.ResetBefore}, true, "disabled"},
		{"cut after", control.Fault{Reset: control.ResetAfter}, true, "enabled"},
		{"error instead", control.Fault{Status: 500}, false, "disabled"},
		{"error after all", control.Fault{Status: 500, Processed: true}, false, "enabled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := start(t)
			test.fault.Method = http.MethodPatch
			id := f.addFault(test.fault)
			answer, err := f.send(http.MethodPatch, path, http.Header{
				"Authorization": {"Bearer " + f.token},
				"Content-Type":  {"application/json"},
			}, `{"perUserMfaState":"enabled"}`)
			if test.cut && err == nil || !test.cut && (err != nil || answer.status != 500) {
				t.Errorf("%d %s, %v", answer.status, answer.raw, err)
			}
			if got := f.state(adele); got != test.want {
				t.Errorf("state is %s, want %s", got, test.want)
			}
			entry := f.requests()[0]
			if entry.Fault != id || test.cut != (entry.Status == 0) {
				t.Errorf("log: %+v", entry)
			}
			faults, err := f.control.ListFaults(f.ctx)
			if err != nil || len(faults) != 1 || faults[0].ID != id || faults[0].Applied != 1 || faults[0].Matched != 1 {
				t.Errorf("faults: %+v, %v", faults, err)
			}
		})
	}
}

func TestFaultCutsABatchInTheMiddle(t *testing.T) {
	f := start(t)
	f.addFault(control.Fault{PathRegexp: "megan", Reset: control.ResetAfter})
	body := `{"requests":[{"id":"1","method":"GET","url":"/users/` + megan + `"}]}`
	if _, err := f.send(http.MethodPost, "/beta/$batch", http.Header{
		"Authorization": {"Bearer " + f.token},
		"Content-Type":  {"application/json"},
	}, body); err == nil {
		t.Error("the batch was answered")
	}
	if requests := f.requests(); len(requests) != 2 || requests[0].Status != 0 || requests[1].Status != 0 {
		t.Errorf("log: %+v", requests)
	}
}

func TestFaultsAtTheTokenEndpoint(t *testing.T) {
	f := start(t)
	f.addFault(control.Fault{PathRegexp: "/oauth2/v2.0/token$", Status: 503, Code: "temporarily_unavailable", Headers: map[string]string{"Retry-After": "1"}})
	answer := f.tokenRequest()
	if answer.status != 503 || answer.body["error"] != "temporarily_unavailable" || answer.header.Get("Retry-After") != "1" {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	if answer := f.tokenRequest(); answer.status != 200 {
		t.Errorf("%d %s", answer.status, answer.raw)
	}
	f.addFault(control.Fault{PathRegexp: "/oauth2/v2.0/token$", Reset: control.ResetBefore})
	if _, err := f.send(http.MethodPost, "/"+emulator.SampleTenantID+"/oauth2/v2.0/token", nil, ""); err == nil {
		t.Error("the connection was not cut")
	}
}

func TestFaultsAreListedRemovedAndCleared(t *testing.T) {
	f := start(t)
	first := f.addFault(control.Fault{Status: 500, Times: new(0)})
	second := f.addFault(control.Fault{Status: 502, Times: new(0)})
	if answer := f.get("/v1.0/users"); answer.status != 500 {
		t.Errorf("the first one hits: %d", answer.status)
	}
	if err := f.control.DeleteFault(f.ctx, first); err != nil {
		t.Fatal(err)
	}
	if err := f.control.DeleteFault(f.ctx, first); !control.IsNotFound(err) {
		t.Errorf("removing it again: %v", err)
	}
	if answer := f.get("/v1.0/users"); answer.status != 502 {
		t.Errorf("then the second one: %d", answer.status)
	}
	faults, err := f.control.ListFaults(f.ctx)
	if err != nil || len(faults) != 1 || faults[0].ID != second {
		t.Errorf("%+v, %v", faults, err)
	}
	if err := f.control.ClearFaults(f.ctx); err != nil {
		t.Fatal(err)
	}
	if answer := f.get("/v1.0/users"); answer.status != 200 {
		t.Errorf("then none: %d", answer.status)
	}
	bad := []control.Fault{
		{},
		{Status: 42},
		{Status: 500, Path: "beta"},
		{Status: 500, PathRegexp: "("},
		{Reset: "now"},
		{Status: 500, After: -1},
		{Status: 500, Times: new(-1)},
		{DelayMs: -1},
		{DelayMs: 1, Code: "x"},
		{Status: 500, Headers: map[string]string{"a b": "c"}},
		{PadToBytes: -1},
		{BatchAnswers: "shuffled"},
		{Reset: control.ResetBefore, Truncate: true},
		{Reset: control.ResetAfter, ContentType: "text/html"},
		{Truncate: true, Body: "{}"},
	}
	for _, fault := range bad {
		if _, err := f.control.AddFault(f.ctx, fault); err == nil || !strings.Contains(err.Error(), "400") {
			t.Errorf("%+v: %v", fault, err)
		}
	}
}
