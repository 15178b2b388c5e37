package graphapi

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// The share of a limit above which answers tell it, and the largest share that is ever told.
//
// https://learn.microsoft.com/graph/throttling-limits#regular-responses-requests
const (
	toldUsage    = 0.8
	largestUsage = 1.8
)

// limit is a rule with its buckets.
type limit struct {
	rule    control.Throttle
	buckets map[string]*bucket // by app; "" is the bucket of all apps together
}

// bucket is a token bucket.
//
// https://learn.microsoft.com/graph/throttling-limits
type bucket struct {
	rule   *control.Throttle
	tokens float64
	filled time.Time
}

// limits are those of the behaviour in force.
type limits struct {
	list     []*limit
	behavior int // the number of the behaviour; a new one fills every bucket
}

// of returns the limits of the transaction's behaviour.
func (l *limits) of(tx *store.Tx) []*limit {
	if l.behavior == tx.BehaviorChanges() {
		return l.list
	}
	l.list, l.behavior = nil, tx.BehaviorChanges()
	for _, rule := range tx.Behavior().Throttle {
		rule.Burst = max(rule.Burst, 1)
		l.list = append(l.list, &limit{rule: rule, buckets: map[string]*bucket{}})
	}
	return l.list
}

// cost is what a request takes out of the limit; 0 where the rule does not select it. One that costs more than the
// bucket holds takes all of it, or it could never pass.
func (l *limit) cost(req *request, class, service string, users int, charge charge) float64 {
	rule := &l.rule
	switch {
	case rule.Class == "" && class == control.ClassBatch,
		rule.Class != "" && rule.Class != class,
		rule.Service != "" && rule.Service != service,
		rule.Method != "" && !strings.EqualFold(rule.Method, req.method),
		users < rule.MinUsers || rule.MaxUsers > 0 && users > rule.MaxUsers,
		rule.PathPrefix != "" && !strings.HasPrefix(req.fullPath(), rule.PathPrefix):
		return 0 // a $batch costs what its items cost
	}
	cost := 1
	switch rule.Count {
	case control.CountResourceUnits:
		cost = charge.units
	case control.CountWrites:
		cost = charge.writes
	}
	return float64(min(cost, rule.Burst))
}

// bucket is the one that the app draws from, filled with what has accrued.
func (l *limit) bucket(appID string, now time.Time) *bucket {
	if l.rule.Scope == control.ScopeTenant {
		appID = ""
	}
	found := l.buckets[appID]
	if found == nil {
		found = &bucket{rule: &l.rule, tokens: float64(l.rule.Burst), filled: now}
		l.buckets[appID] = found
	}
	if elapsed := now.Sub(found.filled).Seconds(); elapsed > 0 {
		found.tokens = math.Min(float64(l.rule.Burst), found.tokens+elapsed*l.rule.RequestsPerSecond)
	}
	found.filled = now
	return found
}

// take charges a request. What refused requests cost is bounded by the largest usage that is ever told.
func (b *bucket) take(cost float64) {
	burst := float64(b.rule.Burst)
	b.tokens = math.Max(b.tokens-cost, burst-largestUsage*burst)
}

// usage is the share of the limit that has been used.
func (b *bucket) usage() float64 {
	return 1 - b.tokens/float64(b.rule.Burst)
}

// retryAfter is the Retry-After header for a request of that cost.
func (b *bucket) retryAfter(cost float64, now time.Time) string {
	seconds := math.Max(1, math.Ceil((cost-b.tokens)/b.rule.RequestsPerSecond))
	switch b.rule.RetryAfter {
	case "auto":
		return strconv.Itoa(int(seconds))
	case "date":
		return now.Add(time.Duration(seconds) * time.Second).UTC().Format(http.TimeFormat)
	}
	return b.rule.RetryAfter
}

// serviceOf is the one whose limits hold for a class of requests.
func serviceOf(tx *store.Tx, class string) string {
	switch class {
	case control.ClassDirectory:
		return control.ServiceIdentityAndAccess
	case control.ClassAuthentication:
		if tx.Behavior().AuthenticationService != "" {
			return tx.Behavior().AuthenticationService
		}
		return control.ServiceIdentityAndAccess
	case control.ClassReports:
		return control.ServiceReports
	case control.ClassConditionalAccess:
		return control.ServiceConditionalAccess
	}
	return ""
}

// throttle charges the request to every limit that selects it, or refuses it and charges only those limits that count
// refused requests. usage is the largest share of a limit on resource units or writes that has been used.
func (s *Service) throttle(req *request, class string, charge charge) (usage float64, refused *refusal) {
	s.store.View(func(tx *store.Tx) { usage, refused = s.limits.throttle(tx, req, class, charge) })
	return usage, refused
}

func (l *limits) throttle(tx *store.Tx, req *request, class string, charge charge) (usage float64, refused *refusal) {
	all := l.of(tx)
	if len(all) == 0 {
		return 0, nil
	}
	type selection struct {
		*bucket
		cost float64
	}
	now, service, users := tx.Now(), serviceOf(tx, class), len(tx.Users())
	selected := make([]selection, 0, len(all))
	refusing := -1
	for _, limit := range all {
		cost := limit.cost(req, class, service, users, charge)
		if cost == 0 {
			continue
		}
		bucket := limit.bucket(req.caller.AppID, now)
		if refusing < 0 && bucket.tokens < cost {
			refusing = len(selected)
		}
		selected = append(selected, selection{bucket, cost})
	}
	for _, bucket := range selected {
		if refusing < 0 || bucket.rule.ChargeRefused {
			bucket.take(bucket.cost)
		}
		if bucket.rule.Count == control.CountResourceUnits || bucket.rule.Count == control.CountWrites {
			usage = math.Max(usage, bucket.usage())
		}
	}
	if refusing < 0 {
		return usage, nil
	}
	return usage, throttled(tx, req, selected[refusing].bucket, selected[refusing].cost)
}

// throttled is the refusal by a bucket.
//
// https://learn.microsoft.com/graph/throttling-limits#throttled-responses-requests
func throttled(tx *store.Tx, req *request, bucket *bucket, cost float64) *refusal {
	refused := &refusal{
		status: http.StatusTooManyRequests, code: "TooManyRequests", message: "Please retry again later.",
		header: http.Header{}, inner: map[string]any{"code": "429", "status": "429"},
	}
	scope := bucket.rule.Scope
	if scope == "" {
		scope = control.ScopeTenantApplication
	}
	kind := "ReadWrite"
	switch {
	case strings.EqualFold(bucket.rule.Method, http.MethodGet):
		kind = "Read"
	case bucket.rule.Method != "" || bucket.rule.Count == control.CountWrites:
		kind = "Write"
	}
	refused.header.Set("X-Ms-Throttle-Scope", scope+"/"+kind+"/"+req.caller.AppID+"/"+tx.TenantID())
	switch bucket.rule.Count {
	case control.CountResourceUnits:
		refused.header.Set("X-Ms-Throttle-Information", "ResourceUnitLimitExceeded")
	case control.CountWrites:
		refused.header.Set("X-Ms-Throttle-Information", "WriteLimitExceeded")
	}
	if value := bucket.retryAfter(cost, tx.Now()); value != "" {
		refused.header.Set("Retry-After", value)
	}
	return refused
}

// tellUsage adds the share of the limit that has been used to an answer, above the share from which it is told.
//
// https://learn.microsoft.com/graph/throttling-limits#regular-responses-requests
func tellUsage(response *wire.Response, usage float64) {
	if usage > toldUsage {
		response.Set("X-Ms-Throttle-Limit-Percentage", strconv.FormatFloat(math.Min(usage, largestUsage), 'f', 2, 64))
	}
}
