package control

// When a fault cuts the connection.
const (
	// ResetBefore cuts before the request has any effect.
	ResetBefore = "before"
	// ResetAfter cuts after the request took effect, so that the caller cannot know.
	ResetAfter = "after"
)

// What a fault does to the answers within the answer to a $batch.
const (
	// BatchMissing leaves out the answer to the first request of the batch.
	BatchMissing = "missing"
	// BatchDuplicate answers the first request of the batch twice.
	BatchDuplicate = "duplicate"
	// BatchReversed puts the answers into the reverse order of the requests.
	BatchReversed = "reversed"
)

// Fault is something that goes wrong with matching requests: sign-in requests, Graph requests, and items of a $batch one by one.
// A fault with only DelayMs delays the request and lets it pass. Without Status the request is carried out and its own answer
// is what the other fields change.
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
	// ContentType is the answer's; when empty its own, and application/json of an answer with Status.
	ContentType string `json:"contentType,omitempty"`
	// Processed makes the request take effect first and only then be answered with Status.
	Processed bool `json:"processed,omitempty"`
	// Reset cuts the connection instead of answering: [ResetBefore] or [ResetAfter].
	Reset string `json:"reset,omitempty"`
	// Truncate ends the answer in the middle of its body; an answer without a body arrives whole. The answer to a
	// $batch is cut when an item of it is hit.
	Truncate bool `json:"truncate,omitempty"`
	// PadToBytes makes the body of the answer that long with white space at its end, which leaves JSON what it is.
	PadToBytes int `json:"padToBytes,omitempty"`
	// BatchAnswers changes the answer to a $batch: [BatchMissing], [BatchDuplicate] or [BatchReversed]. Other requests are not hit.
	BatchAnswers string `json:"batchAnswers,omitempty"`
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
