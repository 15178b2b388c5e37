package control

// When a fault cuts the connection.
const (
	// ResetBefore cuts before the request has any effect.
	ResetBefore = "before"
	// ResetAfter cuts after the request took effect, so that the caller cannot know.
	ResetAfter = "after"
)

// Fault is something that goes wrong with matching requests: sign-in requests, Graph requests, and items of a $batch one by one.
// A fault with only DelayMs delays the request and lets it pass.
type Fault struct {
	// Method matches the HTTP method; empty matches every method.
	Method string `json:"method,omitempty"`
	// Path is a prefix of the path, version or tenant included, such as "/beta/users/"; empty matches every path.
	Path string `json:"path,omitempty"`
	// PathRegexp is a regular expression that must match somewhere in the path.
	PathRegexp string `json:"pathRegexp,omitempty"`
	// After lets that many matching requests pass first.
	After int `json:"after,omitempty"`
	// Times is how many requests are hit: 1 when nil, without end when 0.
	Times *int `json:"times,omitempty"`
	// DelayMs waits before anything else happens, in milliseconds.
	DelayMs int `json:"delayMs,omitempty"`
	// Status is the HTTP status of the answer; 0 answers as usual.
	Status int `json:"status,omitempty"`
	// Code and Message fill Graph's error envelope.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	// Headers are added to the answer.
	Headers map[string]string `json:"headers,omitempty"`
	// Body replaces the error envelope, byte by byte.
	Body string `json:"body,omitempty"`
	// ContentType is the answer's; application/json when empty.
	ContentType string `json:"contentType,omitempty"`
	// Processed makes the request take effect first and only then be answered with Status.
	Processed bool `json:"processed,omitempty"`
	// Reset cuts the connection instead of answering: [ResetBefore] or [ResetAfter].
	Reset string `json:"reset,omitempty"`
}

// FaultStatus is a fault with what it has done so far.
type FaultStatus struct {
	ID    string `json:"id"`
	Fault Fault  `json:"fault"`
	// Matched counts the requests that fit, those let through by After included.
	Matched int `json:"matched"`
	// Applied counts the requests that were hit.
	Applied int `json:"applied"`
}
