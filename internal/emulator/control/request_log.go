package control

import "time"

// Classes of Graph requests in [Request.Class], [Counters] and [Throttle.Class].
const (
	ClassDirectory         = "directory"
	ClassAuthentication    = "authentication"
	ClassConditionalAccess = "conditional-access"
	ClassReports           = "reports"
	ClassBatch             = "batch"
	// ClassUnknown is a path that Graph does not have.
	ClassUnknown = "unknown"
	// ClassLogin is a sign-in request.
	ClassLogin = "login"
)

// Request is one request in the log. Neither bodies nor credentials are recorded.
type Request struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	// Path is as it was sent, escapes included, with version or tenant.
	Path  string `json:"path"`
	Query string `json:"query,omitempty"`
	// Status is 0 for a connection that was cut.
	Status int    `json:"status"`
	Class  string `json:"class"`
	// Template is the path with its keys replaced by {id}.
	Template string `json:"template,omitempty"`
	// AppID is the client id in the token, or the one that asked for a token.
	AppID           string `json:"appId,omitempty"`
	RequestID       string `json:"requestId"`
	ClientRequestID string `json:"clientRequestId,omitempty"`
	UserAgent       string `json:"userAgent,omitempty"`
	// BatchItem marks an item of a $batch; Parent is then the RequestID of the $batch.
	BatchItem bool   `json:"batchItem,omitempty"`
	Parent    string `json:"parent,omitempty"`
	// Fault is the id of the fault that hit the request.
	Fault string `json:"fault,omitempty"`
}

// Info says where the emulator is and how to reach its tenant.
type Info struct {
	// URL is the Graph endpoint and the authority host alike.
	URL           string `json:"url"`
	TenantID      string `json:"tenantId"`
	DisplayName   string `json:"displayName,omitempty"`
	DefaultDomain string `json:"defaultDomain,omitempty"`
	// CAPEM is the certificate of the emulator's own certificate authority.
	CAPEM string    `json:"caPem"`
	Apps  []AppInfo `json:"apps"`
}

// AppInfo is an app without its credentials.
type AppInfo struct {
	ClientID string `json:"clientId"`
	// ServicePrincipalID is the object id of the app in the tenant.
	ServicePrincipalID string   `json:"servicePrincipalId"`
	DisplayName        string   `json:"displayName,omitempty"`
	Permissions        []string `json:"permissions,omitempty"`
}

// AssertionRequest asks for a signed assertion. The emulator signs for every issuer, and its sign-in endpoint accepts what it signed.
type AssertionRequest struct {
	// Issuer is the emulator's own issuer when empty.
	Issuer  string `json:"issuer,omitempty"`
	Subject string `json:"subject"`
	// Audience is [DefaultFederatedAudience] when empty.
	Audience string `json:"audience,omitempty"`
	// LifetimeSeconds is 300 when 0; a negative one gives an assertion that has already expired.
	LifetimeSeconds int `json:"lifetimeSeconds,omitempty"`
}

// Assertion is a signed JWT.
type Assertion struct {
	Assertion string `json:"assertion"`
}
