package graph

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
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
	var clock *clienttest.FakeClock
	var at []time.Time
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		mutex.Lock()
		defer mutex.Unlock()
		at = append(at, clock.Now())
		_, _ = w.Write([]byte(`{"value":[]}`))
	})
	c, _, fake := newTestClient(t, service, func(options *Options) { options.Rates = nil })
	clock = fake
	for range 4 {
		if _, err := c.listLocations(context.Background()); err != nil {
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
		if _, err := c.listMembers(context.Background(), "group"); err != nil {
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
	p := newPace(ClassConditionalAccess, Rate{PerSecond: 1, Burst: 1}, nil, now)
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
		now = now.Add(time.Second)
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
		p := newPace(ClassDirectory, Rate{}, nil, now)
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
		"7": 7 * time.Second, "2.128": 2128 * time.Millisecond, "1e9": 365 * 24 * time.Hour,
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
	clock := clienttest.NewFakeClock()
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
	p := newPace(ClassConditionalAccess, Rate{PerSecond: 1, Burst: 1}, nil, now)
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
	clock := clienttest.NewFakeClock()
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
	*clienttest.FakeClock
	before func()
}

func (c clockWith) Wait(ctx context.Context, d time.Duration) error {
	c.before()
	return c.FakeClock.Wait(ctx, d)
}

func TestTheFirstRequestOfAProcessKeepsAwayFromTheLastOfAnother(t *testing.T) {
	t.Parallel()
	for _, class := range []RateClass{ClassConditionalAccess, ClassDirectory} {
		clock := clienttest.NewFakeClock()
		p := newPacePolicy(DefaultRates(), clock, slog.New(slog.DiscardHandler))
		began := clock.Now()
		if err := p.wait(t.Context(), p.paces[class], 1); err != nil {
			t.Fatal(err)
		}
		waited := clock.Now().Sub(began)
		if class == ClassConditionalAccess && (waited < time.Second || waited > 1200*time.Millisecond) {
			t.Errorf("the first request waits %s", waited)
		}
		// The control: the others have a store that another process hardly uses up.
		if class == ClassDirectory && waited != 0 {
			t.Errorf("the first request to the directory waits %s", waited)
		}
		// Whatever else took its time since the start counts.
		late := newPace(class, DefaultRates()[class], nil, began)
		if wait, _ := late.reserve(began.Add(2 * time.Second)); wait > 0 {
			t.Errorf("two seconds after the start the first request waits %s", wait)
		}
	}
}

// slowTransport takes some time to connect, and lets two requests that wait for that go together.
type slowTransport struct {
	http.RoundTripper
	clock *clienttest.FakeClock
	takes time.Duration
	sent  func(at time.Time)
}

func (s slowTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	_ = s.clock.Wait(request.Context(), s.takes)
	s.sent(s.clock.Now())
	return s.RoundTripper.RoundTrip(request)
}

func TestRequestsAreSpacedFromWhenTheyLeaveAndNotFromWhenTheyWereToLeave(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { _, _ = w.Write([]byte(`{"value":[]}`)) })
	var mutex sync.Mutex
	var at []time.Time
	c, _, clock := newTestClient(t, service, func(o *Options) {
		o.Rates = map[RateClass]Rate{ClassConditionalAccess: {PerSecond: 1, Burst: 1}}
		fake := clienttest.NewFakeClock()
		o.Clock = fake
		o.HTTPClient.Transport = slowTransport{o.HTTPClient.Transport, fake, 1500 * time.Millisecond, func(sent time.Time) {
			mutex.Lock()
			defer mutex.Unlock()
			at = append(at, sent)
		}}
	})
	_ = clock
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if _, err := c.listLocations(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for i := 1; i < len(at); i++ {
		if apart := at[i].Sub(at[i-1]); apart < time.Second {
			t.Errorf("requests %d and %d leave %s apart", i, i+1, apart)
		}
	}
}

func TestARequestThatMayHaveArrivedLateIsKeptAwayFrom(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		took, want time.Duration
	}{
		"as always":     {100 * time.Millisecond, time.Second},
		"a little":      {200 * time.Millisecond, time.Second},
		"half second":   {600 * time.Millisecond, 1400 * time.Millisecond},
		"for very long": {time.Minute, 2 * time.Second},
	} {
		p := newPace(ClassConditionalAccess, Rate{PerSecond: 1, Burst: 1}, nil, now)
		p.answered(http.MethodPost, now, now.Add(100*time.Millisecond))
		// Another kind of request takes as long as it takes.
		p.answered(http.MethodGet, now, now.Add(30*time.Millisecond))
		p.answered(http.MethodPost, now, now.Add(c.took))
		if have := p.spacedUntil.Sub(now); have != c.want {
			t.Errorf("%s: the next one leaves %s after it, want %s", name, have, c.want)
		}
	}
}

func TestAWaitIsToldWithHowManyAreInFrontAndNotTenThousandTimes(t *testing.T) {
	t.Parallel()
	captured := &clienttest.CapturedLog{}
	clock := clienttest.NewFakeClock()
	p := newPacePolicy(DefaultRates(), clock, slog.New(captured))
	access := p.paces[ClassConditionalAccess]
	// Nine are in front, by what the pace knows.
	access.join(9)
	if err := p.wait(t.Context(), access, 1); err != nil {
		t.Fatal(err)
	}
	records := captured.All()
	if len(records) != 1 || records[0]["level"] != "INFO" || records[0]["ahead"] != "9" || records[0]["class"] != "conditional-access" ||
		!strings.Contains(records[0]["message"], "waiting for the rate limit of Microsoft Graph: 1 request a second for Conditional Access") {
		t.Errorf("told %v", records)
	}
	if milliseconds, err := strconv.Atoi(records[0]["wait_ms"]); err != nil || milliseconds < 10_000 || milliseconds > 12_000 {
		t.Errorf("ten places are said to take %q ms", records[0]["wait_ms"])
	}
	directory := p.paces[ClassDirectory]
	directory.join(20_000)
	before := clock.Now()
	for range 10_000 {
		p.announce(t.Context(), directory, 1)
	}
	if n := len(captured.All()) - 1; n != 1 {
		t.Errorf("told %d times within %s", n, clock.Now().Sub(before))
	}
}

func TestReadsOfUsersAndTheirStatesShareOneBudget(t *testing.T) {
	t.Parallel()
	clock := clienttest.NewFakeClock()
	p := newPacePolicy(DefaultRates(), clock, slog.New(slog.DiscardHandler))
	take := func(class RateClass, places int) time.Duration {
		t.Helper()
		began := clock.Now()
		for range places / 20 {
			if err := p.wait(t.Context(), p.paces[class], 20); err != nil {
				t.Fatal(err)
			}
		}
		return clock.Now().Sub(began)
	}
	if waited := take(ClassAuthentication, 6000) + take(ClassDirectory, 2000); waited != 0 {
		t.Errorf("what may come at once waits %s", waited)
	}
	if waited := take(ClassDirectory, 1600); waited < 1900*time.Millisecond || waited > 2100*time.Millisecond {
		t.Errorf("1,600 more wait %s, want 2s", waited)
	}
	if waited := take(ClassReports, 20); waited < 20*time.Second {
		t.Errorf("twenty reports wait %s, which has a limit of its own", waited)
	}
}

// service is a token bucket that refuses as Graph does.
type service struct {
	perSecond, burst, tokens float64
	at                       time.Time
	retryAfter               bool
}

func (s *service) ask(now time.Time) (status int, retryAfter time.Duration) {
	s.tokens = min(s.burst, s.tokens+now.Sub(s.at).Seconds()*s.perSecond)
	s.at = now
	if s.tokens >= 1 {
		s.tokens--
		return http.StatusOK, 0
	}
	if s.retryAfter {
		return http.StatusTooManyRequests, time.Duration(math.Ceil((1-s.tokens)/s.perSecond)) * time.Second
	}
	return http.StatusTooManyRequests, 0
}

func TestALimitThatNobodyKnowsIsFoundByItsRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rates   map[RateClass]Rate
		service service
		asked   int
		// how many may be refused, and how much longer than the service needs it may take
		Refused int
		slower  float64
	}{
		"a tenth, no limit known":       {map[RateClass]Rate{}, service{perSecond: 100, burst: 100, retryAfter: true}, 3000, 40, 2},
		"as the reports, 800 thought":   {DefaultRates(), service{perSecond: 0.5, burst: 5, retryAfter: true}, 100, 40, 2.5},
		"as the reports, none known":    {map[RateClass]Rate{}, service{perSecond: 0.5, burst: 5, retryAfter: true}, 100, 40, 2.5},
		"no word of when to come back":  {map[RateClass]Rate{}, service{perSecond: 10, burst: 10}, 500, 60, 2.5},
		"shared with somebody who asks": {DefaultRates(), service{perSecond: 300, burst: 3000, retryAfter: true}, 10_000, 60, 2},
		"as documented":                 {DefaultRates(), service{perSecond: 800, burst: 8000, retryAfter: true}, 10_000, 0, 1.01},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := clienttest.NewFakeClock()
			p := newPacePolicy(c.rates, clock, slog.New(slog.DiscardHandler))
			pace := p.paces[ClassAuthentication]
			service := c.service
			service.tokens, service.at = service.burst, clock.Now()
			began := clock.Now()
			refused := 0
			for done := 0; done < c.asked; {
				if err := p.wait(t.Context(), pace, 1); err != nil {
					t.Fatal(err)
				}
				// A request a millisecond is what a client makes that nothing holds back.
				_ = clock.Wait(t.Context(), time.Millisecond)
				status, retryAfter := service.ask(clock.Now())
				pace.learn(clock.Now(), status, retryAfter)
				if status == http.StatusOK {
					done++
				} else {
					refused++
				}
			}
			took := clock.Now().Sub(began).Seconds()
			needed := max(float64(c.asked)/1000, (float64(c.asked)-c.service.burst)/c.service.perSecond)
			t.Logf("%d requests in %.1fs, %.1fs needed, %d refused", c.asked, took, needed, refused)
			if refused > c.Refused || took > needed*c.slower+5 {
				t.Errorf("%d refused, at most %d expected; %.1fs, where the service needs %.1fs", refused, c.Refused, took, needed)
			}
		})
	}
}

func TestAClassIsFastAgainSoonAfterAShortage(t *testing.T) {
	t.Parallel()
	clock := clienttest.NewFakeClock()
	pace := newPacePolicy(DefaultRates(), clock, slog.New(slog.DiscardHandler)).paces[ClassAuthentication]
	// Others use the limit up for 20 seconds.
	for range 20 {
		pace.learn(clock.Now(), http.StatusTooManyRequests, time.Second)
		_ = clock.Wait(t.Context(), time.Second)
		pace.learn(clock.Now(), http.StatusOK, 0)
	}
	if limit := pace.limiter.Limit(); limit > 1 {
		t.Fatalf("the class makes %v requests a second when one is answered", limit)
	}
	began := clock.Now()
	for pace.limiter.Limit() < 100 {
		_ = clock.Wait(t.Context(), time.Second)
		pace.learn(clock.Now(), http.StatusOK, 0)
	}
	if took := clock.Now().Sub(began); took > 70*time.Second {
		t.Errorf("the class makes 100 requests a second again after %s", took)
	}
}

func TestARefusalOfManyAtOnceIsOneRefusal(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := newPace(ClassDirectory, Rate{PerSecond: 100, Burst: 100}, nil, now)
	for range 8 {
		p.learn(now, http.StatusTooManyRequests, 2*time.Second)
	}
	if limit := p.limiter.Limit(); limit != 80 {
		t.Errorf("eight refusals at once slow the class down to %v, want 80", limit)
	}
	// The control: another one after the wait is news.
	p.learn(now.Add(3*time.Second), http.StatusTooManyRequests, 2*time.Second)
	if limit := p.limiter.Limit(); limit != 64 {
		t.Errorf("another refusal slows the class down to %v, want 64", limit)
	}
}

func BenchmarkTenThousandPlaces(b *testing.B) {
	for b.Loop() {
		clock := clienttest.NewFakeClock()
		p := newPacePolicy(DefaultRates(), clock, slog.New(slog.DiscardHandler))
		for range 500 {
			if err := p.wait(b.Context(), p.paces[ClassAuthentication], 20); err != nil {
				b.Fatal(err)
			}
		}
	}
}
