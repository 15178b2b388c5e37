package emulator

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// bucket is a token bucket.
//
// https://learn.microsoft.com/graph/throttling-limits
type bucket struct {
	rule   control.Throttle
	tokens float64
	filled time.Time
}

func newBuckets(rules []control.Throttle, now time.Time) []*bucket {
	var buckets []*bucket
	for _, rule := range rules {
		rule.Burst = max(rule.Burst, 1)
		buckets = append(buckets, &bucket{rule: rule, tokens: float64(rule.Burst), filled: now})
	}
	return buckets
}

func (b *bucket) selects(method, path, class string) bool {
	switch {
	case b.rule.Class == "" && class == control.ClassBatch:
		return false // a $batch costs what its items cost
	case b.rule.Class != "" && b.rule.Class != class:
		return false
	case b.rule.Method != "" && !strings.EqualFold(b.rule.Method, method):
		return false
	}
	return strings.HasPrefix(path, b.rule.PathPrefix)
}

// fill adds what has accrued since the last time.
func (b *bucket) fill(now time.Time) {
	if elapsed := now.Sub(b.filled).Seconds(); elapsed > 0 {
		b.tokens = math.Min(float64(b.rule.Burst), b.tokens+elapsed*b.rule.RequestsPerSecond)
	}
	b.filled = now
}

func (b *bucket) retryAfter(now time.Time) string {
	seconds := math.Max(1, math.Ceil((1-b.tokens)/b.rule.RequestsPerSecond))
	switch b.rule.RetryAfter {
	case "auto":
		return strconv.Itoa(int(seconds))
	case "date":
		return now.Add(time.Duration(seconds) * time.Second).UTC().Format(http.TimeFormat)
	}
	return b.rule.RetryAfter
}

// throttle takes a token for the request from every bucket that selects it, or none and returns the refusal.
func (s *Server) throttle(req *graphRequest, class string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var selected []*bucket
	for _, bucket := range s.limits {
		if !bucket.selects(req.method, req.fullPath(), class) {
			continue
		}
		bucket.fill(now)
		if bucket.tokens < 1 {
			return s.throttled(req, bucket, now)
		}
		selected = append(selected, bucket)
	}
	for _, bucket := range selected {
		bucket.tokens--
	}
	return nil
}

func (s *Server) throttled(req *graphRequest, bucket *bucket, now time.Time) error {
	refusal := &graphError{
		status: http.StatusTooManyRequests, code: "TooManyRequests", message: "Please retry again later.",
		header: http.Header{}, inner: map[string]any{"code": "429", "status": "429"},
	}
	kind := "Read"
	if req.method != http.MethodGet {
		kind = "Write"
	}
	scope := "Tenant_Application/" + kind
	if bucket.rule.Class == control.ClassConditionalAccess {
		scope = "Tenant/ReadWrite" // all apps together
	}
	refusal.header.Set("X-Ms-Throttle-Scope", scope+"/"+req.caller.appID+"/"+s.directory.tenantID)
	refusal.header.Set("X-Ms-Throttle-Information", "ResourceUnitLimitExceeded")
	if value := bucket.retryAfter(now); value != "" {
		refusal.header.Set("Retry-After", value)
	}
	return refusal
}
