package control

// What a [Throttle] counts.
const (
	// CountRequests counts each request once.
	CountRequests = "requests"
	// CountResourceUnits counts what a request costs: more for a list, less for a few properties of it.
	CountResourceUnits = "resourceUnits"
	// CountWrites counts the requests that change something.
	CountWrites = "writes"
)

// Who shares the bucket of a [Throttle], as X-Ms-Throttle-Scope spells it.
const (
	// ScopeTenantApplication gives each app a bucket of its own.
	ScopeTenantApplication = "Tenant_Application"
	// ScopeTenant is one bucket for all apps.
	ScopeTenant = "Tenant"
)

// Services that have limits of their own in Microsoft's throttling limits, for [Throttle.Service].
const (
	// ServiceIdentityAndAccess has users, groups, directory objects and, as an assumption, the authentication methods policy.
	// See also [Behavior.AuthenticationService].
	ServiceIdentityAndAccess = "identityAndAccess"
	// ServiceReports is "identity and access reports".
	ServiceReports = "reports"
	// ServiceConditionalAccess is "identity protection and Conditional Access".
	ServiceConditionalAccess = "conditionalAccess"
	// ServiceNone has no limits; only [Behavior.AuthenticationService] can name it.
	ServiceNone = "none"
)

// Throttle is a token bucket for the requests that it selects; items of a $batch count one by one.
// The numbers in Microsoft's throttling limits can be given as they are.
//
// https://learn.microsoft.com/graph/throttling-limits
type Throttle struct {
	// PathPrefix selects by path, version included, such as "/beta/users"; empty selects every path.
	PathPrefix string `json:"pathPrefix,omitempty"`
	// Class selects by class (directory, authentication, conditional-access, reports, batch); empty selects every class except batch.
	Class string `json:"class,omitempty"`
	// Service selects by service, one of the Service constants; empty selects every request.
	Service string `json:"service,omitempty"`
	// Method selects by HTTP method; empty selects every method.
	Method string `json:"method,omitempty"`
	// MinUsers and MaxUsers make the rule one for tenants with that many users; MaxUsers has no end when 0.
	MinUsers int `json:"minUsers,omitempty"`
	MaxUsers int `json:"maxUsers,omitempty"`
	// Count says what a request takes out of the bucket: [CountRequests] when empty, [CountResourceUnits] or [CountWrites].
	// A request that takes nothing is not selected.
	Count string `json:"count,omitempty"`
	// Scope says who shares the bucket: [ScopeTenantApplication] when empty, or [ScopeTenant].
	Scope string `json:"scope,omitempty"`
	// RequestsPerSecond is the rate at which the bucket fills, in what Count says.
	RequestsPerSecond float64 `json:"requestsPerSecond"`
	// Burst is the size of the bucket: 1 when 0.
	Burst int `json:"burst,omitempty"`
	// RetryAfter is the Retry-After header of a refusal as it is sent ("1", "2.128"); "auto" is the whole seconds until the
	// bucket has enough again, "date" the same as an HTTP date; empty sends no header.
	RetryAfter string `json:"retryAfter,omitempty"`
	// ChargeRefused makes a refused request cost what it would have cost, down to 80% of the bucket below zero, so that
	// whoever retries at once waits longer.
	ChargeRefused bool `json:"chargeRefused,omitempty"`
}

// DocumentedThrottling returns the documented limits of one tenant, for [Behavior.Throttle]:
//
//   - Conditional Access: 1 request per second, all apps together, refused without Retry-After;
//   - reports: 5 requests in 10 seconds for each app;
//   - identity and access, for each app: 3,500, 5,000 or 8,000 resource units in 10 seconds in a tenant of fewer than 50,
//     at most 500, or more users, and 3,000 writes in 150 seconds;
//   - identity and access, all apps together: 18,000 writes in 5 minutes.
//
// The limits of an app across tenants, and Graph's own of 130,000 requests in 10 seconds, are wider than these and are
// left out. Microsoft writes that all requests accrue against the limits; the range of X-Ms-Throttle-Limit-Percentage,
// up to 1.8, says how far, for identity and access alone. So only there a refused request costs anything; for the
// other services the plain rate is kept. How authentication methods and requirements count is not documented: see
// [Behavior.AuthenticationService].
//
// https://learn.microsoft.com/graph/throttling-limits
// https://learn.microsoft.com/graph/throttling
func DocumentedThrottling() []Throttle {
	units := func(minUsers, maxUsers, per10Seconds int) Throttle {
		return Throttle{
			Service: ServiceIdentityAndAccess, MinUsers: minUsers, MaxUsers: maxUsers, Count: CountResourceUnits,
			RequestsPerSecond: float64(per10Seconds) / 10, Burst: per10Seconds, RetryAfter: "auto", ChargeRefused: true,
		}
	}
	return []Throttle{
		{Service: ServiceConditionalAccess, Scope: ScopeTenant, RequestsPerSecond: 1, Burst: 1},
		{Service: ServiceReports, RequestsPerSecond: 0.5, Burst: 5, RetryAfter: "auto"},
		units(0, 49, 3500),
		units(50, 500, 5000),
		units(501, 0, 8000),
		{
			Service: ServiceIdentityAndAccess, Count: CountWrites,
			RequestsPerSecond: 20, Burst: 3000, RetryAfter: "auto", ChargeRefused: true,
		},
		{
			Service: ServiceIdentityAndAccess, Count: CountWrites, Scope: ScopeTenant,
			RequestsPerSecond: 60, Burst: 18_000, RetryAfter: "auto", ChargeRefused: true,
		},
	}
}
