package control

// Behavior is how the emulated service behaves beyond its data. The zero value is a quick, consistent, patient service.
type Behavior struct {
	// LatencyMs delays every Graph HTTP request, a $batch as a whole, in milliseconds.
	LatencyMs int `json:"latencyMs,omitempty"`
	// ReplicaLag makes reads after a write see the old version for a while.
	ReplicaLag ReplicaLag `json:"replicaLag,omitzero"`
	// Throttle are the limits. A request is checked against each rule that selects it and refused by the first that is exhausted.
	Throttle []Throttle `json:"throttle,omitempty"`
	// Promotion says whether the service turns enabled into enforced for a user with a registered method; nil is true.
	Promotion *bool `json:"promotion,omitempty"`
	// StatusOnStateWrite is the status of a successful PATCH of requirements: 204 when 0. With 200 the answer has a body.
	StatusOnStateWrite int `json:"statusOnStateWrite,omitempty"`
	// TokenLifetimeSeconds is how long new access tokens live: 3600 when 0.
	TokenLifetimeSeconds int `json:"tokenLifetimeSeconds,omitempty"`
	// ClaimsChallenge revokes, once, every access token issued so far: they are answered with 401 and a claims challenge
	// (continuous access evaluation) until a new token is requested. It reads false again when a new token has been accepted.
	ClaimsChallenge bool `json:"claimsChallenge,omitempty"`
	// TokenRequests are the endpoints that stand in for a pipeline's OpenID Connect issuer.
	TokenRequests *TokenRequests `json:"tokenRequests,omitempty"`
	// Errors replaces the answer of cases for which Microsoft documents none; the keys are the Case constants.
	Errors map[string]ErrorOverride `json:"errors,omitempty"`
}

// Cases whose answer is not documented by Microsoft and that [Behavior.Errors] can replace.
const (
	// CaseUnknownUser is a user that does not exist: 404 Request_ResourceNotFound by default.
	CaseUnknownUser = "unknownUser"
	// CaseInsufficientPrivileges is a missing permission: 403 Authorization_RequestDenied by default.
	CaseInsufficientPrivileges = "insufficientPrivileges"
	// CaseInvalidRequirements is a PATCH of requirements with a bad property, value or body: 400 BadRequest by default.
	CaseInvalidRequirements = "invalidRequirements"
	// CaseBetaOnly is requirements asked of /v1.0: 400 BadRequest by default.
	CaseBetaOnly = "betaOnly"
	// CaseDollarUPN is a user principal name that begins with $ and stands bare in the path: 400 BadRequest by default.
	CaseDollarUPN = "dollarUpn"
	// CaseMethodNotAllowed is a method that the resource does not have: 405 Request_BadRequest by default.
	CaseMethodNotAllowed = "methodNotAllowed"
)

// ErrorOverride replaces parts of an error answer; zero fields keep the default. Code may be replaced by the empty string through EmptyCode.
type ErrorOverride struct {
	Status    int    `json:"status,omitempty"`
	Code      string `json:"code,omitempty"`
	Message   string `json:"message,omitempty"`
	EmptyCode bool   `json:"emptyCode,omitempty"`
}

// ReplicaLag says how long a read may see the version before the last write. A read is stale while the duration runs or
// stale reads are left, whichever lasts longer.
type ReplicaLag struct {
	// DurationMs is counted from the write, in milliseconds.
	DurationMs int `json:"durationMs,omitempty"`
	// Reads is how many reads of the changed object still see the old version.
	Reads int `json:"reads,omitempty"`
	// Alternate makes every second read within the lag see the new version, as with two replicas behind one address.
	Alternate bool `json:"alternate,omitempty"`
	// LagCreates extends the lag to users created through the control API: reads answer 404 within it.
	LagCreates bool `json:"lagCreates,omitempty"`
}

// Throttle is a token bucket for the requests that it selects; items of a $batch count one by one.
// The numbers in Microsoft's throttling limits can be given as they are.
type Throttle struct {
	// PathPrefix selects by path, version included, such as "/beta/users"; empty selects every path.
	PathPrefix string `json:"pathPrefix,omitempty"`
	// Class selects by class (directory, authentication, batch); empty selects every class except batch.
	Class string `json:"class,omitempty"`
	// Method selects by HTTP method; empty selects every method.
	Method string `json:"method,omitempty"`
	// RequestsPerSecond is the rate at which the bucket fills.
	RequestsPerSecond float64 `json:"requestsPerSecond"`
	// Burst is the size of the bucket: 1 when 0.
	Burst int `json:"burst,omitempty"`
	// RetryAfter is the Retry-After header of a refusal as it is sent ("1", "2.128"); "auto" is the whole seconds until the
	// bucket has a token again, "date" the same as an HTTP date; empty sends no header.
	RetryAfter string `json:"retryAfter,omitempty"`
}

// TokenRequests are the endpoints from which a pipeline fetches its assertion.
type TokenRequests struct {
	// GitHub answers GET /_emulator/oidc/github?audience=... as GitHub Actions does at ACTIONS_ID_TOKEN_REQUEST_URL.
	GitHub *TokenRequest `json:"gitHub,omitempty"`
	// AzureDevOps answers POST /_emulator/oidc/azure-devops?serviceConnectionId=... as Azure Pipelines does at SYSTEM_OIDCREQUESTURI.
	AzureDevOps *TokenRequest `json:"azureDevOps,omitempty"`
}

// TokenRequest is the identity of a pipeline and the token with which it proves itself to its own platform.
type TokenRequest struct {
	// RequestToken is what the caller must send as "Authorization: Bearer ...".
	RequestToken string `json:"requestToken"`
	Issuer       string `json:"issuer"`
	Subject      string `json:"subject"`
	// ServiceConnectionID is what an Azure DevOps caller must name; empty accepts every one.
	ServiceConnectionID string `json:"serviceConnectionId,omitempty"`
}
