package client

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEachPathBelongsToOneClass(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]RateClass{
		"/v1.0/identity/conditionalAccess/namedLocations":    ClassConditionalAccess,
		"/v1.0/identity/conditionalAccess/namedLocations/id": ClassConditionalAccess,
		"/beta/identity/conditionalAccess/policies":          ClassConditionalAccess,
		"/v1.0/reports/authenticationMethods/x":              ClassReports,
		"/beta/users/id/authentication/requirements":         ClassAuthentication,
		"/beta/users('$x@y')/authentication/methods":         ClassAuthentication,
		"/v1.0/users/id":                             ClassDirectory,
		"/v1.0/groups/id/transitiveMembers":          ClassDirectory,
		"/beta/policies/authenticationMethodsPolicy": ClassDirectory,
	} {
		if have := rateClassOf(path); have != want {
			t.Errorf("%s belongs to %s, want %s", path, have, want)
		}
	}
}

func TestRequestsToConditionalAccessKeepASecondApart(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	var clock *fakeClock
	var at []time.Time
	graph := newRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		mutex.Lock()
		defer mutex.Unlock()
		at = append(at, clock.Now())
		_, _ = w.Write([]byte(`{"value":[]}`))
	})
	c, _, fake := newTestClient(t, graph, func(options *Options) { options.Rates = nil })
	clock = fake
	for range 4 {
		if _, err := c.ListNamedLocations(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i < len(at); i++ {
		if apart := at[i].Sub(at[i-1]); apart < time.Second {
			t.Errorf("requests %d and %d are %s apart, want a second", i, i+1, apart)
		}
	}
	// The control: other classes do not wait.
	before := clock.Now()
	for range 4 {
		if _, err := c.ListTransitiveMemberUsers(context.Background(), "group"); err != nil {
			t.Fatal(err)
		}
	}
	if took := clock.Now().Sub(before); took != 0 {
		t.Errorf("requests to the directory waited %s", took)
	}
}

func TestARefusedClassWaitsAsAWholeAndComesBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := newPace(ClassConditionalAccess, Rate{PerSecond: 1, Burst: 1})
	p.learn(now, http.StatusTooManyRequests, 30*time.Second)
	if wait, _ := p.reserve(now); wait < 30*time.Second {
		t.Errorf("after a refusal for 30 seconds the next request waits %s", wait)
	}
	// A little slower, then.
	now = now.Add(time.Hour)
	p.reserve(now)
	if wait, _ := p.reserve(now); wait != 1250*time.Millisecond {
		t.Errorf("after a refusal requests are %s apart, want 1.25s", wait)
	}
	for range 20 {
		p.learn(now, http.StatusOK, 0)
	}
	now = now.Add(time.Hour)
	p.reserve(now)
	if wait, _ := p.reserve(now); wait != time.Second {
		t.Errorf("after many successes requests are %s apart, want 1s", wait)
	}
}

func TestAnAbsurdRetryAfterDoesNotHoldForEver(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		p := newPace(ClassDirectory, Rate{})
		for range rapid.IntRange(1, 10).Draw(t, "refusals") {
			p.learn(now, http.StatusTooManyRequests, time.Duration(rapid.Int64Min(0).Draw(t, "retry after")))
		}
		if wait, _ := p.reserve(now); wait > longestHold {
			t.Errorf("the class waits %s", wait)
		}
	})
}

func TestWhenToComeBackIsReadInEveryForm(t *testing.T) {
	t.Parallel()
	const date = "Sat, 21 Nov 2026 10:00:00 GMT"
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "soon": 0, "NaN": 0,
		"7": 7 * time.Second, "2.128": 2128 * time.Millisecond, "1e9": longestHold,
		"Sat, 21 Nov 2026 10:00:30 GMT": 30 * time.Second,
		"Sat, 21 Nov 2026 09:00:00 GMT": 0,
	} {
		header := http.Header{"Retry-After": {text}, "Date": {date}}
		if have := retryAfterOf(header); have != want {
			t.Errorf("%q: %s, want %s", text, have, want)
		}
	}
}

func TestAWaitEndsWithTheContextAndGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	p := newPacePolicy(map[RateClass]Rate{ClassConditionalAccess: {PerSecond: 1, Burst: 1}}, clock, slog.New(slog.DiscardHandler))
	pace := p.paces[ClassConditionalAccess]
	if err := p.wait(context.Background(), pace, 1); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for range 5 {
		if err := p.wait(cancelled, pace, 1); !errors.Is(err, context.Canceled) {
			t.Fatalf("a wait under an ended context says %v", err)
		}
	}
	if wait, _ := pace.reserve(clock.Now()); wait > time.Second {
		t.Errorf("five requests that left still hold their places: the next waits %s", wait)
	}
}

func TestARefusalWithoutAWordHoldsTheClassForAnInterval(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := newPace(ClassConditionalAccess, Rate{PerSecond: 1, Burst: 1})
	p.learn(now, http.StatusTooManyRequests, 0)
	if wait, _ := p.reserve(now); wait != time.Second {
		t.Errorf("the next request waits %s, want 1s", wait)
	}
	for range 100 {
		p.learn(now, http.StatusTooManyRequests, 0)
	}
	now = now.Add(time.Hour)
	p.reserve(now)
	if wait, _ := p.reserve(now); wait > 5*time.Second {
		t.Errorf("after many refusals requests are %s apart, want 5s at most", wait)
	}
}

func TestARefusalReachesWhoeverWaitsAlready(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	p := newPacePolicy(map[RateClass]Rate{ClassConditionalAccess: {PerSecond: 1, Burst: 1}}, clock, slog.New(slog.DiscardHandler))
	pace := p.paces[ClassConditionalAccess]
	if err := p.wait(context.Background(), pace, 1); err != nil {
		t.Fatal(err)
	}
	began := clock.Now()
	// Refused while the next one waits for its place: the clock of the test says so in between.
	refuse := sync.OnceFunc(func() { pace.learn(clock.Now(), http.StatusTooManyRequests, 20*time.Second) })
	p.clock = clockWith{clock, refuse}
	if err := p.wait(context.Background(), pace, 1); err != nil {
		t.Fatal(err)
	}
	if waited := clock.Now().Sub(began); waited < 20*time.Second {
		t.Errorf("who waited already went after %s, want 20s", waited)
	}
}

// clockWith does something before each wait.
type clockWith struct {
	*fakeClock
	before func()
}

func (c clockWith) Wait(ctx context.Context, d time.Duration) error {
	c.before()
	return c.fakeClock.Wait(ctx, d)
}
