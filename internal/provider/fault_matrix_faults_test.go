package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// faultKind is something that goes wrong with a request.
type faultKind struct {
	name  string
	fault control.Fault
	// passes says that a repetition is worth it, so that one or two hits must not be noticed.
	passes bool
	// harmless says that the request succeeds all the same.
	harmless bool
	// hidden says that the request may have been carried out although its answer does not say so.
	hidden bool
	// reason is what an error says of it, and advice what it says to do; each is one of the texts, in which … is
	// anything.
	reason, advice []string
	// variant says that it is much like another one: it is tried at the first request of an operation and at its writes.
	variant bool
	// slow says that it takes its time: it is tried where answers can be large, and where something is made.
	slow bool
	// only restricts it to requests; nil is all.
	only func(acctest.FaultStep) bool
}

const proxyPage = `<!DOCTYPE html><html><head><title>Access denied</title><style>body{color:red}</style></head>` +
	`<body><script>alert("no")</script><h1>Access&nbsp;denied</h1><p>Ask the network team.</p></body></html>`

// elsewhere are servers that must never be asked, and count how often they are.
type elsewhere struct {
	plain, secure *httptest.Server
	asked         atomic.Int64
}

func newElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	e := &elsewhere{}
	count := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { e.asked.Add(1) })
	e.plain, e.secure = httptest.NewServer(count), httptest.NewTLSServer(count)
	t.Cleanup(e.plain.Close)
	t.Cleanup(e.secure.Close)
	return e
}

// samePath stands in the body of an answer for the path that was asked for.
const samePath = "{same path}"

const (
	again   = "the command again"
	support = "For Microsoft's support"
)

// faultKinds are the columns of the matrix. graph is the address of the emulator.
func faultKinds(graph string, other *elsewhere) []faultKind {
	status := func(status int, code string, advice ...string) faultKind {
		return faultKind{
			name: fmt.Sprint(status), fault: control.Fault{Status: status, Code: code, Message: "Words of the service."},
			reason: []string{fmt.Sprintf("HTTP %d %s: Words of the service.", status, code)}, advice: advice,
		}
	}
	passing := func(kind faultKind) faultKind {
		kind.passes = true
		return kind
	}
	variant := func(kind faultKind) faultKind {
		kind.variant = true
		return kind
	}
	throttled := func(name, retryAfter string) faultKind {
		kind := status(429, "TooManyRequests", again)
		kind.name = "429 " + name
		if retryAfter != "" {
			kind.fault.Headers = map[string]string{"Retry-After": retryAfter}
		}
		return kind
	}
	page := func(name string, status int) faultKind {
		return faultKind{
			name: name, fault: control.Fault{Status: status, Body: proxyPage, ContentType: "text/html; charset=utf-8"},
			reason: []string{fmt.Sprintf("HTTP %d: … the answer is text/html and not Microsoft Graph's JSON; … Access denied Ask the network team.", status)},
			advice: []string{again},
		}
	}
	redirect := func(name string, status int, target string) faultKind {
		return faultKind{
			name: name, fault: control.Fault{Status: status, Headers: map[string]string{"Location": target + "/v1.0/users"}},
			reason: []string{fmt.Sprintf("HTTP %d", status)}, advice: []string{"the redirect was not followed"},
		}
	}
	pages := func(name, host, reason string) faultKind {
		return faultKind{
			name: name, fault: control.Fault{Status: 200, Body: fmt.Sprintf(`{"value":[],"@odata.nextLink":"%s%s?$skiptoken=again"}`, host, samePath)},
			reason: []string{reason}, advice: []string{"graph_endpoint"}, only: func(step acctest.FaultStep) bool { return step.Paged },
		}
	}
	connection := []string{"got no answer"}
	network := []string{"Check the network"}
	batch := func(step acctest.FaultStep) bool { return step.Batch }
	return []faultKind{
		status(400, "BadRequest", support),
		status(401, "InvalidAuthenticationToken", "The access token was not accepted"),
		status(403, "Authorization_RequestDenied", "The permission is not what is missing"),
		status(404, "ResourceNotFound", support, "Check", "does not exist"),
		status(409, "Conflict", again),
		variant(status(412, "PreconditionFailed", again)),
		variant(status(423, "Locked", again)),

		passing(throttled("without Retry-After", "")),
		passing(throttled("with Retry-After", "0.01")),
		variant(passing(throttled("with Retry-After 0", "0"))),
		variant(passing(throttled("with a Retry-After that is a word", "soon"))),
		variant(passing(throttled("with a negative Retry-After", "-5"))),
		throttled("with a Retry-After of a month", "2592000"),
		variant(throttled("with an endless Retry-After", "Inf")),

		passing(status(500, "InternalServerError", again)),
		variant(passing(status(502, "BadGateway", again))),
		passing(status(503, "ServiceUnavailable", again)),
		variant(passing(status(504, "GatewayTimeout", again))),
		passing(faultKind{
			name: "502 after it was carried out", fault: control.Fault{Status: 502, Code: "BadGateway", Message: "Words of the service.", Processed: true},
			hidden: true, reason: []string{"HTTP 502 BadGateway"}, advice: []string{again},
		}),

		passing(faultKind{name: "reset before", fault: control.Fault{Reset: control.ResetBefore}, reason: connection, advice: network}),
		passing(faultKind{name: "reset after", fault: control.Fault{Reset: control.ResetAfter}, hidden: true, reason: connection, advice: network}),
		passing(faultKind{name: "truncated", fault: control.Fault{Truncate: true}, hidden: true, reason: connection, advice: network, only: func(step acctest.FaultStep) bool { return step.Answered }}),

		{name: "wrong content type", fault: control.Fault{ContentType: "text/html"}, harmless: true},
		page("a proxy's page as success", 200),
		page("a proxy's 404", 404),
		variant(page("a proxy's 403", 403)),
		variant(passing(page("a proxy's 503", 503))),
		{
			name: "200 with an error inside", fault: control.Fault{Status: 200, Body: `{"error":{"code":"generalException","message":"Words of the service."}}`},
			reason: []string{"HTTP 200 generalException: Words of the service."}, advice: []string{again},
		},
		redirect("redirect to another host", 307, other.secure.URL),
		variant(redirect("redirect to plain HTTP", 302, other.plain.URL)),

		pages("endless pages", graph, "the pages of the answer never end"),
		pages("pages elsewhere", other.secure.URL, "it was not followed"),
		pages("pages over plain HTTP", other.plain.URL, "it was not followed"),
		{
			name: "huge", fault: control.Fault{PadToBytes: 64<<20 + 1}, hidden: true, reason: []string{"larger than 64 MiB"},
			advice: []string{"graph_endpoint"}, only: func(step acctest.FaultStep) bool { return step.Answered }, slow: true,
		},

		passing(faultKind{name: "batch: an answer is missing", fault: control.Fault{BatchAnswers: control.BatchMissing}, hidden: true, reason: []string{"holds no answer to this request"}, advice: []string{again}, only: batch}),
		passing(faultKind{name: "batch: an answer comes twice", fault: control.Fault{BatchAnswers: control.BatchDuplicate}, hidden: true, reason: []string{"holds no answer to this request"}, advice: []string{again}, only: batch}),
		{name: "batch: another order", fault: control.Fault{BatchAnswers: control.BatchReversed}, harmless: true, only: batch},
	}
}
