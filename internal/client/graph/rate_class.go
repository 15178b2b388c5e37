package graph

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/time/rate"
)

// RateClass is a family of requests that Graph limits together.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
type RateClass string

// The classes that this client's requests belong to.
const (
	// ClassConditionalAccess is named locations and Conditional Access policies: 1 request a second for the tenant, all
	// apps together, and no Retry-After when it is exceeded.
	ClassConditionalAccess RateClass = "conditional-access"
	// ClassReports is reports of identity and access: 5 requests in 10 seconds.
	ClassReports RateClass = "reports"
	// ClassAuthentication is what lies under a user's authentication. Graph's documentation does not say how it is limited:
	// with everything else, as a report, or not at all.
	ClassAuthentication RateClass = "authentication"
	// ClassDirectory is everything else: users, groups, policies.
	ClassDirectory RateClass = "directory"
)

// BudgetIdentity is what ClassDirectory and ClassAuthentication take together, besides what each has of its own. No
// request belongs to it alone. It is there for the limit of identity and access, in which the authentication may be.
const BudgetIdentity RateClass = "identity-and-access"

// rateClassOf tells the class of a path that begins with a version.
func rateClassOf(path string) RateClass {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case strings.HasPrefix(rest, "identity/conditionalAccess/"):
		return ClassConditionalAccess
	case strings.HasPrefix(rest, "reports/"):
		return ClassReports
	case strings.HasPrefix(rest, "users") && strings.Contains(rest, "/authentication/"):
		return ClassAuthentication
	}
	return ClassDirectory
}

// Rate is how fast requests of a class may follow one another. The zero value does not limit.
type Rate struct {
	// PerSecond is the number of requests a second that the class sustains.
	PerSecond float64
	// Burst is how many may come at once after a pause, at least 1.
	Burst int
	// StartsEmpty makes the first request wait as if others had been sent the moment before. A plan and the apply that follows
	// it are processes of their own, and the second knows nothing of what the first has used up.
	StartsEmpty bool
}

// DefaultRates are the limits that Graph documents, for the classes where keeping to them beforehand is worth it.
//
// The one request a second of Conditional Access is undercut a little: requests that leave a second apart do not arrive so.
//
// Identity and access grants an app 8,000 resource units in 10 seconds in a large tenant, and a read costs one or a few.
// Smaller tenants have less, and too few users to come near it. Its 3,000 writes in 150 seconds are not kept to beforehand:
// whether the writes of this client are counted there is not documented, and twenty a second instead of hundreds would be a
// high price. Where they are, the refusals teach it.
//
// Source: https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
func DefaultRates() map[RateClass]Rate {
	return map[RateClass]Rate{
		ClassConditionalAccess: {PerSecond: 0.9, Burst: 1, StartsEmpty: true},
		ClassReports:           {PerSecond: 0.5, Burst: 5},
		BudgetIdentity:         {PerSecond: 800, Burst: 8000},
	}
}

func (r Rate) limiter(now time.Time) *rate.Limiter {
	top := rate.Inf
	if r.PerSecond > 0 {
		top = rate.Limit(r.PerSecond)
	}
	limiter := rate.NewLimiter(top, max(1, r.Burst))
	if r.StartsEmpty {
		limiter.AllowN(now, max(1, r.Burst))
	}
	return limiter
}

// pace holds the requests of one class back, those of all goroutines together.
type pace struct {
	class RateClass
	// turn is whose turn it is to wait for the next place. Only one waits for a place at a time, the others wait for their
	// turn, so that a change of the rate is never overtaken by places that were given out before it.
	turn ContextLock
	top  rate.Limit
	// burst is how many may come at once for as long as the service refuses nothing.
	burst int

	mutex   sync.Mutex
	limiter *rate.Limiter
	// budget is what the class shares with others; nil for none.
	budget *rate.Limiter
	// notBefore is when the service wants to be asked again.
	notBefore time.Time
	// spacedUntil is when the next request may leave so that it does not come too close to the one that has left last.
	spacedUntil time.Time
	// quickest is how long a request was under way at the least, by method.
	quickest map[string]time.Duration
	// waiting is how many places somebody waits for; told is when that was written into the log.
	waiting int
	told    time.Time

	// What was learned: how many requests were answered well since when, the last of them when; and when the rate was raised last.
	good                    int
	goodSince, goodAt, rose time.Time
}

func newPace(class RateClass, limit Rate, budget *rate.Limiter, now time.Time) *pace {
	limiter := limit.limiter(now)
	return &pace{
		class: class, turn: NewContextLock(), limiter: limiter, budget: budget, top: limiter.Limit(), burst: limiter.Burst(),
		quickest: map[string]time.Duration{},
	}
}

// spaced reports whether requests of the class leave one at a time.
func (p *pace) spaced() bool { return p.top != rate.Inf && p.burst == 1 }

// reserve takes a place and returns how long to wait for it.
func (p *pace) reserve(now time.Time) (wait time.Duration, giveBack func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	own := p.limiter.ReserveN(now, 1)
	wait = max(own.DelayFrom(now), p.heldLocked(now))
	if p.budget == nil {
		return wait, func() { own.CancelAt(now) }
	}
	shared := p.budget.ReserveN(now, 1)
	return max(wait, shared.DelayFrom(now)), func() { own.CancelAt(now); shared.CancelAt(now) }
}

// held is how long the class still has to keep still.
func (p *pace) held(now time.Time) time.Duration {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.heldLocked(now)
}

func (p *pace) heldLocked(now time.Time) time.Duration {
	return max(p.notBefore.Sub(now), p.spacedUntil.Sub(now))
}

// answered takes note of a request that left and came back. The next one keeps its distance from when this one left, and not
// from when it was allowed to: a new token and a new connection take their time. Where it was under way for longer than others
// of its kind, it may have arrived late, and the next one leaves as much later.
func (p *pace) answered(method string, left, now time.Time) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	took := now.Sub(left)
	quickest, known := p.quickest[method]
	if !known || took < quickest {
		p.quickest[method], quickest = took, took
	}
	apart := interval(p.limiter.Limit())
	// A tenth is what the rate leaves below the documented one.
	late := max(0, took-quickest-apart/10)
	p.spacedUntil = left.Add(apart + min(late, apart))
}

func interval(limit rate.Limit) time.Duration {
	return time.Duration(float64(time.Second) / float64(limit))
}

// Bounds of adapting: somebody else uses up the same limit, so it can be lower than documented, for a while; and where
// nothing is documented, refusals are all there is to go by.
const (
	slowdown = 0.8
	// speedup is the step by which a rate comes back each second: smaller ones leave a class slow for minutes after a short shortage,
	// larger ones are refused more often where the limit stays low.
	speedup = 1.1
	slowest = rate.Limit(0.2)
	// slowestMeasured bounds what a measurement makes of a class.
	slowestMeasured = rate.Limit(0.5)
	longestHold     = 3 * time.Minute
	// window is the time that most of the documented limits are counted over.
	window = 10 * time.Second
)

// learn adapts to an answer: after a refusal the whole class keeps still, for as long as the service says or else for one
// interval, and then goes slower; with successes it comes back by and by.
func (p *pace) learn(now time.Time, status int, retryAfter time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	current := p.limiter.Limit()
	if status != http.StatusTooManyRequests {
		if status < http.StatusBadRequest {
			p.succeeded(now, current)
		}
		return
	}
	hold := min(retryAfter, longestHold)
	if hold <= 0 && current != rate.Inf {
		hold = interval(current)
	}
	// What was under way when the service began to refuse is refused as well, and is no further news.
	news := !now.Before(p.notBefore)
	if until := now.Add(hold); until.After(p.notBefore) {
		p.notBefore = until
	}
	if news {
		p.refused(now, current, hold)
	}
}

// succeeded counts an answer. The mutex is held.
func (p *pace) succeeded(now time.Time, current rate.Limit) {
	if p.good == 0 || now.Sub(p.goodAt) > window {
		p.good, p.goodSince = 0, now
	}
	p.good++
	p.goodAt = now
	// A class that is fast has many answers a second, and they all say the same.
	if current >= p.top || now.Sub(p.rose) < time.Second {
		return
	}
	p.rose = now
	current = min(p.top, current*speedup)
	p.limiter.SetLimitAt(now, current)
	p.limiter.SetBurstAt(now, p.burstAt(current))
}

// refused lowers the rate. The mutex is held.
func (p *pace) refused(now time.Time, current rate.Limit, hold time.Duration) {
	lower := current
	if current != rate.Inf {
		lower = max(min(slowest, p.top), current*slowdown)
	}
	// Where no limit of the class is known, it lies where this client came to: at what was answered well in the time up to when the
	// service answers again.
	if took := now.Sub(p.goodSince) + hold; p.good > 0 && took > 0 && p.top == rate.Inf {
		measured := rate.Limit(float64(p.good) / took.Seconds())
		lower = min(lower, max(slowestMeasured, measured*slowdown))
	}
	p.rose, p.good = now.Add(hold), 0
	if lower != rate.Inf {
		p.limiter.SetLimitAt(now, lower)
		p.limiter.SetBurstAt(now, p.burstAt(lower))
	}
}

// burstAt is how many may come at once at a rate: below its top a class has no more in store than a second brings.
func (p *pace) burstAt(limit rate.Limit) int {
	if limit >= p.top && p.top != rate.Inf {
		return p.burst
	}
	return max(1, int(math.Min(float64(limit), 1_000_000)))
}

// pacePolicy makes each try wait for its class.
type pacePolicy struct {
	paces  map[RateClass]*pace
	clock  Clock
	logger *slog.Logger
}

func newPacePolicy(rates map[RateClass]Rate, clock Clock, logger *slog.Logger) pacePolicy {
	p := pacePolicy{paces: map[RateClass]*pace{}, clock: clock, logger: logger}
	now := clock.Now()
	var identity *rate.Limiter
	if limit, limited := rates[BudgetIdentity]; limited {
		identity = limit.limiter(now)
	}
	for class, budget := range map[RateClass]*rate.Limiter{
		ClassConditionalAccess: nil, ClassReports: nil, ClassAuthentication: identity, ClassDirectory: identity,
	} {
		p.paces[class] = newPace(class, rates[class], budget, now)
	}
	return p
}

func (p pacePolicy) Do(request *policy.Request) (*http.Response, error) {
	raw := request.Raw()
	pace := p.paces[rateClassOf(raw.URL.Path)]
	leave, err := p.take(raw.Context(), pace, 1)
	if err != nil {
		return nil, err
	}
	if !pace.spaced() {
		leave()
		return p.learnFrom(pace, request.Next)
	}
	// The turn is kept until the answer is there: it tells when the request has arrived at the latest.
	defer leave()
	left := newMoment(p.clock.Now())
	response, err := p.learnFrom(pace, request.WithContext(httptrace.WithClientTrace(raw.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { left.set(p.clock.Now()) },
	})).Next)
	pace.answered(raw.Method, left.get(), p.clock.Now())
	return response, err
}

func (p pacePolicy) learnFrom(pace *pace, next func() (*http.Response, error)) (*http.Response, error) {
	response, err := next()
	if err == nil {
		pace.learn(p.clock.Now(), response.StatusCode, retryAfterOf(response.Header))
	}
	return response, err
}

// moment is a time that one goroutine sets and another one reads.
type moment struct {
	mutex sync.Mutex
	at    time.Time
}

func newMoment(at time.Time) *moment { return &moment{at: at} }

func (m *moment) set(at time.Time) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.at = at
}

func (m *moment) get() time.Time {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.at
}

// wait takes places of a class, one after the other, and returns with the last of them.
func (p pacePolicy) wait(ctx context.Context, pace *pace, places int) error {
	leave, err := p.take(ctx, pace, places)
	if err == nil {
		leave()
	}
	return err
}

// take is wait that keeps the turn until leave is called.
func (p pacePolicy) take(ctx context.Context, pace *pace, places int) (leave func(), err error) {
	p.announce(ctx, pace, places)
	defer pace.join(-places)
	progress := progressOf(ctx)
	progress.at(waitsFor[pace.class])
	if err := pace.turn.Lock(ctx, waitsFor[pace.class]); err != nil {
		return nil, err
	}
	taken := make([]func(), 0, places)
	for range places {
		wait, giveBack := pace.reserve(p.clock.Now())
		taken = append(taken, giveBack)
		for wait > 0 {
			if err := p.clock.Wait(ctx, wait); err != nil {
				// The last place first, because one that others stand behind cannot be given back.
				for _, giveBack := range slices.Backward(taken) {
					giveBack()
				}
				pace.turn.Unlock()
				return nil, err
			}
			// An answer that came meanwhile may have asked for more.
			wait = pace.held(p.clock.Now())
		}
	}
	// What comes next is the token.
	progress.at(doingSignIn)
	return pace.turn.Unlock, nil
}

// NoticeableWait is from when on a wait is worth a line in the log.
const NoticeableWait = 2 * time.Second

// waitsFor says in the log what is waited for.
var waitsFor = map[RateClass]string{
	ClassConditionalAccess: "waiting for the rate limit of Microsoft Graph: 1 request a second for Conditional Access, all apps of the tenant together",
	ClassReports:           "waiting for the rate limit of Microsoft Graph: 5 requests in 10 seconds for reports",
	ClassAuthentication:    "waiting for the rate limit of Microsoft Graph for authentication",
	ClassDirectory:         "waiting for the rate limit of Microsoft Graph for the directory",
}

// announce joins those who wait, and says so where the wait is a long one: with how many are in front, and about how long it
// takes.
func (p pacePolicy) announce(ctx context.Context, pace *pace, places int) {
	now := p.clock.Now()
	ahead := pace.join(places)
	if wait := pace.foresee(now, ahead+places); wait >= NoticeableWait && pace.tell(now) {
		p.logger.InfoContext(ctx, waitsFor[pace.class], slog.String("class", string(pace.class)),
			slog.Int("ahead", ahead), slog.Int64("wait_ms", wait.Milliseconds()))
	}
}

// join enters places that are waited for, and returns how many there were.
func (p *pace) join(places int) (ahead int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.waiting += places
	return p.waiting - places
}

// foresee is about how long it takes to give out places.
func (p *pace) foresee(now time.Time, places int) time.Duration {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	wait := max(0, p.heldLocked(now))
	for _, limiter := range []*rate.Limiter{p.limiter, p.budget} {
		if limiter == nil || limiter.Limit() == rate.Inf {
			continue
		}
		if short := float64(places) - limiter.TokensAt(now); short > 0 {
			wait = max(wait, time.Duration(short/float64(limiter.Limit())*float64(time.Second)))
		}
	}
	return wait
}

// tell reports whether the wait may be told: once a second, because thousands can wait at once.
func (p *pace) tell(now time.Time) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if now.Sub(p.told) < time.Second {
		return false
	}
	p.told = now
	return true
}
