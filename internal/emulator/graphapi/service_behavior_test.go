package graphapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/emulatortest"
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
			f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = test.lag })
			f.WriteState(emulatortest.Adele, "enabled")
			if user, err := f.Control.GetUser(f.Ctx, emulatortest.Adele); err != nil || user.PerUserMFAState != "enabled" {
				t.Errorf("the truth is %+v, %v", user, err)
			}
			var got []string
			for range test.want {
				got = append(got, f.State(emulatortest.Adele))
				f.Clock.Advance(test.step)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestControlChangesDoNotLag(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{DurationMs: 60_000} })
	if stored, err := f.Control.SetPerUserMFAState(f.Ctx, emulatortest.Adele, "enforced"); err != nil || stored != "enforced" {
		t.Fatal(stored, err)
	}
	if got := f.State(emulatortest.Adele); got != "enforced" {
		t.Errorf("state is %s", got)
	}
	f.WriteState(emulatortest.Adele, "disabled")
	if got := f.State(emulatortest.Adele); got != "enforced" {
		t.Errorf("a write through Graph does not lag: %s", got)
	}
	if _, err := f.Control.SetPerUserMFAState(f.Ctx, emulatortest.Adele, "enabled"); err != nil {
		t.Fatal(err)
	}
	if got := f.State(emulatortest.Adele); got != "enabled" {
		t.Errorf("the lag of an earlier write hides the administrator's change: %s", got)
	}
	if stored, err := f.Control.SetPerUserMFAState(f.Ctx, emulatortest.Alex, "enabled"); err != nil || stored != "enforced" {
		t.Errorf("promotion of a registered user: %s, %v", stored, err)
	}
}

func TestReplicaLagOfCreations(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.ReplicaLag = control.ReplicaLag{Reads: 2, LagCreates: true} })
	user, err := f.Control.CreateUser(f.Ctx, control.User{UserPrincipalName: "new.hire@contoso.example"})
	if err != nil {
		t.Fatal(err)
	}
	if list := f.Get("/v1.0/users?$filter=id+eq+'" + user.ID + "'"); len(list.Values()) != 0 {
		t.Error("the list shows the user already")
	}
	for i, want := range []int{404, 404, 200} {
		if answer := f.Get("/v1.0/users/" + user.ID); answer.Status != want {
			t.Errorf("read %d: %d %s", i, answer.Status, answer.Raw)
		}
	}
	if list := f.Get("/v1.0/users?$filter=id+eq+'" + user.ID + "'"); len(list.Values()) != 1 {
		t.Error("the list does not show the user")
	}
}

func TestThrottling(t *testing.T) {
	tests := []struct{ configured, want string }{
		{"1", "1"}, {"2.128", "2.128"}, {"auto", "2"}, {"", ""}, {"date", "date"},
	}
	for _, test := range tests {
		t.Run("Retry-After "+test.configured, func(t *testing.T) {
			f := emulatortest.Start(t, func(cfg *emulator.Config) {
				cfg.Behavior.Throttle = []control.Throttle{{PathPrefix: "/v1.0/users", RequestsPerSecond: 0.5, Burst: 2, RetryAfter: test.configured}}
			})
			for range 2 {
				if answer := f.Get("/v1.0/users/" + emulatortest.Adele); answer.Status != 200 {
					t.Fatalf("%d %s", answer.Status, answer.Raw)
				}
			}
			answer := f.Get("/v1.0/users/" + emulatortest.Adele)
			if answer.Status != 429 || answer.ErrorCode() != "TooManyRequests" {
				t.Fatalf("%d %s", answer.Status, answer.Raw)
			}
			want := test.want
			if want == "date" {
				want = f.Clock.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)
			}
			if got := answer.Header.Get("Retry-After"); got != want {
				t.Errorf("Retry-After is %q, want %q", got, want)
			}
			if inner := emulatortest.At(answer.Body, "error", "innerError"); emulatortest.At(inner, "status") != "429" {
				t.Errorf("innerError: %v", inner)
			}
			if scope := answer.Header.Get("X-Ms-Throttle-Scope"); scope !=
				"Tenant_Application/ReadWrite/"+emulator.SampleAppID+"/"+emulator.SampleTenantID {
				t.Errorf("scope: %s", scope)
			}
			if answer := f.Get("/beta/users/" + emulatortest.Adele); answer.Status != 200 {
				t.Errorf("another path: %d %s", answer.Status, answer.Raw)
			}
			f.Clock.Advance(2 * time.Second)
			if answer := f.Get("/v1.0/users/" + emulatortest.Adele); answer.Status != 200 {
				t.Errorf("after the wait: %d %s", answer.Status, answer.Raw)
			}
			if answer := f.Get("/v1.0/users/" + emulatortest.Adele); answer.Status != 429 {
				t.Errorf("a refused request costs nothing, but one token came back, not two: %d %s", answer.Status, answer.Raw)
			}
		})
	}
}

func TestThrottlingByClassAndMethod(t *testing.T) {
	f := emulatortest.Start(t)
	f.SetBehavior(control.Behavior{Throttle: []control.Throttle{
		{Class: control.ClassAuthentication, Method: "PATCH", RequestsPerSecond: 1},
		{Class: control.ClassBatch, RequestsPerSecond: 1},
	}})
	path := "/beta/users/" + emulatortest.Adele + "/authentication/requirements"
	for range 3 {
		if answer := f.Get(path); answer.Status != 200 {
			t.Fatalf("reads are not limited: %d %s", answer.Status, answer.Raw)
		}
	}
	f.WriteState(emulatortest.Adele, "enabled")
	if answer := f.Graph(http.MethodPatch, path, `{"perUserMfaState":"disabled"}`); answer.Status != 429 {
		t.Errorf("second write: %d %s", answer.Status, answer.Raw)
	}
	f.Batch("beta", `{"id":"1","method":"GET","url":"/users"}`)
	if answer := f.Graph(http.MethodPost, "/beta/$batch", `{"requests":[{"id":"1","method":"GET","url":"/users"}]}`); answer.Status != 429 {
		t.Errorf("second batch: %d %s", answer.Status, answer.Raw)
	}
}

func TestDocumentedThrottling(t *testing.T) {
	f := emulatortest.Start(t, func(cfg *emulator.Config) { cfg.Behavior.Throttle = control.DocumentedThrottling() })
	if answer := f.Get(locationsPath); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	other := *f // another app of the tenant shares the limit
	other.Token = f.TokenFor(emulator.SamplePlanAppID, emulator.SamplePlanSecret)
	for path, caller := range map[string]*emulatortest.Fixture{
		headquarters: f, policiesPath: f, locationsBinPath: f, strings.Replace(locationsPath, "v1.0", "beta", 1): &other,
	} {
		answer := caller.Get(path)
		if answer.Status != 429 || answer.ErrorCode() != "TooManyRequests" {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Raw)
		}
		if _, found := answer.Header["Retry-After"]; found {
			t.Errorf("%s: Retry-After is %q", path, answer.Header.Get("Retry-After"))
		}
		if scope := answer.Header.Get("X-Ms-Throttle-Scope"); !strings.HasPrefix(scope, "Tenant/ReadWrite/") {
			t.Errorf("%s: scope %s", path, scope)
		}
	}
	for range 20 {
		if answer := f.Get(methodsPolicyV1); answer.Status != 200 {
			t.Fatalf("the directory is not limited: %d %s", answer.Status, answer.Raw)
		}
	}
	f.Clock.Advance(time.Second)
	// Items of a batch count one by one.
	answers := f.Batch("v1.0", `{"id":"1","method":"GET","url":"/identity/conditionalAccess/namedLocations"},
		{"id":"2","method":"GET","url":"/identity/conditionalAccess/policies"},
		{"id":"3","method":"GET","url":"/policies/authenticationMethodsPolicy"}`)
	if sum := answers["1"].Status + answers["2"].Status; sum != 200+429 || answers["3"].Status != 200 {
		t.Errorf("%d, %d, %d", answers["1"].Status, answers["2"].Status, answers["3"].Status)
	}
	counters, err := f.Control.Counters(f.Ctx)
	if err != nil || counters.ByClass[control.ClassConditionalAccess] != 7 || counters.ByClass[control.ClassDirectory] != 21 {
		t.Errorf("%+v, %v", counters, err)
	}
	f.SetBehavior(control.Behavior{})
	for range 5 {
		if answer := f.Get(locationsPath); answer.Status != 200 {
			t.Errorf("switched off: %d %s", answer.Status, answer.Raw)
		}
	}
}

func TestLatency(t *testing.T) {
	f := emulatortest.Start(t)
	f.SetBehavior(control.Behavior{LatencyMs: 80})
	begin := time.Now()
	f.Get("/v1.0/users/" + emulatortest.Adele)
	if took := time.Since(begin); took < 80*time.Millisecond {
		t.Errorf("took %s", took)
	}
}

func TestLatencyIsOfEachRequestByItself(t *testing.T) {
	f := emulatortest.Start(t)
	const callers, latency = 8, 250 * time.Millisecond
	f.SetBehavior(control.Behavior{LatencyMs: int(latency.Milliseconds())})
	begin := time.Now()
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			_, _ = f.Send(http.MethodGet, "/v1.0/users/"+emulatortest.Adele, http.Header{"Authorization": {"Bearer " + f.Token}}, "")
		})
	}
	group.Wait()
	counters, err := f.Control.Counters(f.Ctx)
	if took := time.Since(begin); err != nil || took >= callers*latency || counters.PeakConcurrency != callers || counters.ByStatus["200"] != callers {
		t.Errorf("%d callers took %s: %+v, %v", callers, took, counters, err)
	}
}

func TestFaults(t *testing.T) {
	path := "/beta/users/" + emulatortest.Adele + "/authentication/requirements"
	tests := []struct {
		name     string
		fault    control.Fault
		statuses []int // of successive reads
		check    func(*testing.T, emulatortest.Reply)
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
			func(t *testing.T, r emulatortest.Reply) {
				if r.ErrorCode() != "TooManyRequests" || r.ErrorMessage() != "Slow down." || r.Header.Get("Retry-After") != "7" {
					t.Errorf("%v %s", r.Header, r.Raw)
				}
			},
		},
		{
			"raw body",
			control.Fault{Status: 502, Body: "<html>Bad gateway</html>", ContentType: "text/html"},
			[]int{502},
			func(t *testing.T, r emulatortest.Reply) {
				if string(r.Raw) != "<html>Bad gateway</html>" || r.Header.Get("Content-Type") != "text/html" {
					t.Errorf("%v %s", r.Header, r.Raw)
				}
			},
		},
		{"success without a body", control.Fault{Status: 200}, []int{200}, func(t *testing.T, r emulatortest.Reply) {
			if len(r.Raw) != 0 {
				t.Errorf("%s", r.Raw)
			}
		}},
		{"only a delay", control.Fault{DelayMs: 30}, []int{200}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := emulatortest.Start(t)
			f.AddFault(test.fault)
			for i, want := range test.statuses {
				answer := f.Get(path)
				if answer.Status != want {
					t.Fatalf("read %d: %d %s", i, answer.Status, answer.Raw)
				}
				if test.check != nil {
					test.check(t, answer)
				}
			}
		})
	}
}

func TestFaultsThatHideWhetherTheWriteHappened(t *testing.T) {
	path := "/beta/users/" + emulatortest.Adele + "/authentication/requirements"
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
			f := emulatortest.Start(t)
			test.fault.Method = http.MethodPatch
			id := f.AddFault(test.fault)
			answer, err := f.Send(http.MethodPatch, path, http.Header{
				"Authorization": {"Bearer " + f.Token},
				"Content-Type":  {"application/json"},
			}, `{"perUserMfaState":"enabled"}`)
			if test.cut && err == nil || !test.cut && (err != nil || answer.Status != 500) {
				t.Errorf("%d %s, %v", answer.Status, answer.Raw, err)
			}
			if got := f.State(emulatortest.Adele); got != test.want {
				t.Errorf("state is %s, want %s", got, test.want)
			}
			entry := f.Requests()[0]
			if entry.Fault != id || test.cut != (entry.Status == 0) {
				t.Errorf("log: %+v", entry)
			}
			faults, err := f.Control.ListFaults(f.Ctx)
			if err != nil || len(faults) != 1 || faults[0].ID != id || faults[0].Applied != 1 || faults[0].Matched != 1 {
				t.Errorf("faults: %+v, %v", faults, err)
			}
		})
	}
}

func TestFaultCutsABatchInTheMiddle(t *testing.T) {
	f := emulatortest.Start(t)
	f.AddFault(control.Fault{PathRegexp: "megan", Reset: control.ResetAfter})
	body := `{"requests":[{"id":"1","method":"GET","url":"/users/` + emulatortest.Megan + `"}]}`
	if _, err := f.Send(http.MethodPost, "/beta/$batch", http.Header{
		"Authorization": {"Bearer " + f.Token},
		"Content-Type":  {"application/json"},
	}, body); err == nil {
		t.Error("the batch was answered")
	}
	if requests := f.Requests(); len(requests) != 2 || requests[0].Status != 0 || requests[1].Status != 0 {
		t.Errorf("log: %+v", requests)
	}
}

func TestFaultsAtTheTokenEndpoint(t *testing.T) {
	f := emulatortest.Start(t)
	f.AddFault(control.Fault{PathRegexp: "/oauth2/v2.0/token$", Status: 503, Code: "temporarily_unavailable", Headers: map[string]string{"Retry-After": "1"}})
	answer := f.TokenRequest()
	if answer.Status != 503 || answer.Body["error"] != "temporarily_unavailable" || answer.Header.Get("Retry-After") != "1" {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	if answer := f.TokenRequest(); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	f.AddFault(control.Fault{PathRegexp: "/oauth2/v2.0/token$", Reset: control.ResetBefore})
	if _, err := f.Send(http.MethodPost, "/"+emulator.SampleTenantID+"/oauth2/v2.0/token", nil, ""); err == nil {
		t.Error("the connection was not cut")
	}
}

func TestFaultsAreListedRemovedAndCleared(t *testing.T) {
	f := emulatortest.Start(t)
	first := f.AddFault(control.Fault{Status: 500, Times: new(0)})
	second := f.AddFault(control.Fault{Status: 502, Times: new(0)})
	if answer := f.Get("/v1.0/users"); answer.Status != 500 {
		t.Errorf("the first one hits: %d", answer.Status)
	}
	if err := f.Control.DeleteFault(f.Ctx, first); err != nil {
		t.Fatal(err)
	}
	if err := f.Control.DeleteFault(f.Ctx, first); !control.IsNotFound(err) {
		t.Errorf("removing it again: %v", err)
	}
	if answer := f.Get("/v1.0/users"); answer.Status != 502 {
		t.Errorf("then the second one: %d", answer.Status)
	}
	faults, err := f.Control.ListFaults(f.Ctx)
	if err != nil || len(faults) != 1 || faults[0].ID != second {
		t.Errorf("%+v, %v", faults, err)
	}
	if err := f.Control.ClearFaults(f.Ctx); err != nil {
		t.Fatal(err)
	}
	if answer := f.Get("/v1.0/users"); answer.Status != 200 {
		t.Errorf("then none: %d", answer.Status)
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
		if _, err := f.Control.AddFault(f.Ctx, fault); err == nil || !strings.Contains(err.Error(), "400") {
			t.Errorf("%+v: %v", fault, err)
		}
	}
}
