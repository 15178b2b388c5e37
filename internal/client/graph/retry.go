package graph

import (
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// retryAfterOf reads when to come back, as seconds, a fraction of them or a date; 0 where nothing is said. It is at most a year.
func retryAfterOf(header http.Header) time.Duration {
	const longest = 365 * 24 * time.Hour
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, longest.Seconds()) * float64(time.Second))
	}
	if date, err := http.ParseTime(text); err == nil {
		// By the server's own clock, because this machine's may be wrong.
		if now, err := http.ParseTime(header.Get("Date")); err == nil {
			return min(max(0, date.Sub(now)), longest)
		}
	}
	return 0
}

// defaultRetryDelay is azcore's.
const defaultRetryDelay = 800 * time.Millisecond

// asksTooMuch reports a Retry-After beyond the longest delay: as with a request of its own, it is not waited for.
func asksTooMuch(after time.Duration, options policy.RetryOptions) bool {
	return options.MaxRetryDelay >= 0 && after > options.MaxRetryDelay
}

// backoff is how long azcore would wait after a try, from 1, that says nothing about when to come back.
func backoff(options policy.RetryOptions, try int) time.Duration {
	first := options.RetryDelay
	if first == 0 {
		first = defaultRetryDelay
	}
	longest := options.MaxRetryDelay
	if longest < 0 {
		longest = math.MaxInt64
	}
	jitter := 0.8 + rand.Float64()/2 //nolint:gosec // A jitter is no secret.
	delay := float64(max(0, first)) * float64(int64(1)<<min(try, 62)-1) * jitter
	if delay >= float64(longest) {
		return longest
	}
	return time.Duration(delay)
}

// retryAfterPolicy writes a Retry-After in the form in which azcore reads it exactly: in milliseconds where it is a number,
// because Graph's own sample asks for 2.128, or where it is a date, which goes by the clock of the server and not by this
// machine's.
//
// Source: https://learn.microsoft.com/graph/throttling
type retryAfterPolicy struct{}

func (retryAfterPolicy) Do(request *policy.Request) (*http.Response, error) {
	response, err := request.Next()
	if err != nil {
		return response, err
	}
	// A wait of more than a day is beyond every bound and only has to stay a number.
	const longest = 24 * time.Hour
	delay := retryAfterOf(response.Header)
	if _, dateErr := http.ParseTime(response.Header.Get("Retry-After")); dateErr == nil && response.Header.Get("Date") != "" && delay == 0 {
		response.Header.Set("Retry-After", "0")
	}
	if delay > 0 {
		milliseconds := math.Ceil(1000 * min(delay, longest).Seconds())
		response.Header.Set("Retry-After-Ms", strconv.Itoa(int(milliseconds)))
	}
	return response, err
}
