package client

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
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
	// ClassAuthentication is what lies under a user's authentication. Graph's documentation does not say how it is limited.
	ClassAuthentication RateClass = "authentication"
	// ClassDirectory is everything else: users, groups, policies.
	ClassDirectory RateClass = "directory"
)

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
}

// DefaultRates are the limits that Graph documents, for the classes where keeping to them beforehand is worth it. The one
// request a second of Conditional Access is undercut a little: requests that leave a second apart do not arrive so.
func DefaultRates() map[RateClass]Rate {
	return map[RateClass]Rate{
		ClassConditionalAccess: {PerSecond: 0.9, Burst: 1},
		ClassReports:           {PerSecond: 0.5, Burst: 5},
	}
}

// pace holds the requests of one class back, those of all goroutines together.
type pace struct {
	class RateClass
	// turn is whose turn it is to wait for the next place. Only one waits for a place at a time, the others wait for their
	// turn, so that a change of the rate is never overtaken by places that were given out before it.
	turn contextLock
	top  rate.Limit

	mutex   sync.Mutex
	limiter *rate.Limiter
	// notBefore is when the service wants to be asked again.
	notBefore time.Time
}

func newPace(class RateClass, limit Rate) *pace {
	top := rate.Inf
	if limit.PerSecond > 0 {
		top = rate.Limit(limit.PerSecond)
	}
	return &pace{class: class, turn: newContextLock(), limiter: rate.NewLimiter(top, max(1, limit.Burst)), top: top}
}

// reserve takes a place and returns how long to wait for it.
func (p *pace) reserve(now time.Time) (wait time.Duration, giveBack func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	reservation := p.limiter.ReserveN(now, 1)
	return max(reservation.DelayFrom(now), p.notBefore.Sub(now)), func() { reservation.CancelAt(now) }
}

// held is how long the class still has to keep still.
func (p *pace) held(now time.Time) time.Duration {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.notBefore.Sub(now)
}

// Bounds of adapting: somebody else uses up the same limit, so it can be lower than documented, for a while.
const (
	slowdown    = 0.8
	speedup     = 1.05
	slowest     = rate.Limit(0.2)
	longestHold = 2 * time.Minute
)

// learn adapts to an answer: after a refusal the whole class keeps still, for as long as the service says or else for one
// interval, and then goes somewhat slower; with each success it comes back a little.
func (p *pace) learn(now time.Time, status int, retryAfter time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	current := p.limiter.Limit()
	if status != http.StatusTooManyRequests {
		if current < p.top && status < http.StatusBadRequest {
			p.limiter.SetLimitAt(now, min(p.top, current*speedup))
		}
		return
	}
	hold := min(retryAfter, longestHold)
	if hold <= 0 && current != rate.Inf {
		hold = time.Duration(float64(time.Second) / float64(current))
	}
	if until := now.Add(hold); until.After(p.notBefore) {
		p.notBefore = until
	}
	if p.top != rate.Inf {
		p.limiter.SetLimitAt(now, max(min(slowest, p.top), current*slowdown))
	}
}

// pacePolicy makes each try wait for its class.
type pacePolicy struct {
	paces  map[RateClass]*pace
	clock  Clock
	logger *slog.Logger
}

func newPacePolicy(rates map[RateClass]Rate, clock Clock, logger *slog.Logger) pacePolicy {
	p := pacePolicy{paces: map[RateClass]*pace{}, clock: clock, logger: logger}
	for _, class := range []RateClass{ClassConditionalAccess, ClassReports, ClassAuthentication, ClassDirectory} {
		p.paces[class] = newPace(class, rates[class])
	}
	return p
}

// noticeableWait is from when on a wait is worth a line in the log.
const noticeableWait = 2 * time.Second

func (p pacePolicy) Do(request *policy.Request) (*http.Response, error) {
	raw := request.Raw()
	pace := p.paces[rateClassOf(raw.URL.Path)]
	if err := p.wait(raw.Context(), pace, 1); err != nil {
		return nil, err
	}
	response, err := request.Next()
	if err == nil {
		pace.learn(p.clock.Now(), response.StatusCode, retryAfterOf(response.Header))
	}
	return response, err
}

// wait takes places of a class, one after the other, and returns with the last of them.
func (p pacePolicy) wait(ctx context.Context, pace *pace, places int) error {
	if err := pace.turn.lock(ctx); err != nil {
		return err
	}
	defer pace.turn.unlock()
	taken := make([]func(), 0, places)
	for range places {
		wait, giveBack := pace.reserve(p.clock.Now())
		taken = append(taken, giveBack)
		for wait > 0 {
			if wait >= noticeableWait {
				p.logger.InfoContext(ctx, "waiting for the rate limit of Microsoft Graph",
					slog.String("class", string(pace.class)), slog.Int64("wait_ms", wait.Milliseconds()))
			}
			if err := p.clock.Wait(ctx, wait); err != nil {
				// The last place first, because one that others stand behind cannot be given back.
				for _, giveBack := range slices.Backward(taken) {
					giveBack()
				}
				return err
			}
			// An answer that came meanwhile may have asked for more.
			wait = pace.held(p.clock.Now())
		}
	}
	return nil
}

// retryAfterOf reads when to come back, as seconds, a fraction of them or a date; 0 where nothing is said.
func retryAfterOf(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, longestHold.Seconds()) * float64(time.Second))
	}
	if date, err := http.ParseTime(text); err == nil {
		// By the server's own clock, because this machine's may be wrong.
		if now, err := http.ParseTime(header.Get("Date")); err == nil {
			return max(0, date.Sub(now))
		}
	}
	return 0
}
