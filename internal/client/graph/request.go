package graph

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
)

// apiVersion is the first segment of a Graph path.
type apiVersion string

// The versions of Microsoft Graph.
const (
	V1   apiVersion = "v1.0"
	Beta apiVersion = "beta"
)

// Call is one request to Graph before it is sent.
type Call struct {
	// Operation completes "unable to ...".
	Operation string
	// Permissions are the application permissions of which one is needed.
	Permissions []string
	Method      string
	Version     apiVersion
	// Path is relative to the version, begins with a slash, and has its segments escaped already.
	Path   string
	Query  url.Values
	Header http.Header
	// Body is sent as JSON where it is not nil.
	Body any
	// Creates says of a POST that it makes something; others only ask.
	Creates bool
	// Gather lets the call travel in one request with others that are made at the same time. Only a call that may be sent
	// twice can: an answer that a batch does not hold is asked for again.
	Gather bool
}

// changes reports whether the call changes something.
func (call Call) changes() bool {
	return call.Creates || call.Method == http.MethodPatch || call.Method == http.MethodDelete
}

// target is path and query.
func (call Call) target() string {
	if len(call.Query) == 0 {
		return call.Path
	}
	// Graph reads a plus sign in a query as a plus sign.
	return call.Path + "?" + strings.ReplaceAll(call.Query.Encode(), "+", "%20")
}

// Address is where the call goes as a request of its own.
func (c *Client) Address(call Call) string {
	return c.cloud.GraphEndpoint + "/" + string(call.Version) + call.target()
}

// Send carries a call out and decodes the answer into out, which may be nil. A refusal is an *Error, a failed sign-in
// an *AuthError, and a request that got no answer a *ConnectionError.
func (c *Client) Send(ctx context.Context, call Call, out any) error {
	if !call.Gather {
		return c.sendTo(ctx, c.Address(call), call, out)
	}
	got, err := c.gatherer(call).do(ctx, call)
	if err != nil {
		return c.Explain(call, err)
	}
	return c.Explain(call, got.Decode(call, out))
}

func (c *Client) sendTo(ctx context.Context, address string, call Call, out any) error {
	got, err := c.Exchange(ctx, address, call)
	if err != nil {
		return err
	}
	return c.Explain(call, got.Decode(call, out))
}

// Answer is what came back for a call, on its own or within the answer to a batch.
type Answer struct {
	status int
	Header http.Header
	body   []byte
	// batchRequestID is Graph's own id of the batch that the answer came in.
	batchRequestID string
	tenant         signin.Tenant
}

// Exchange sends a call as a request of its own and returns whatever came back.
func (c *Client) Exchange(ctx context.Context, address string, call Call) (Answer, error) {
	return c.exchangeWith(ctx, &requestProgress{}, address, call)
}

// exchangeWith is exchange for who looks at the progress.
func (c *Client) exchangeWith(ctx context.Context, progress *requestProgress, address string, call Call) (Answer, error) {
	if ctx.Err() != nil {
		return Answer{}, progress.interrupted(ctx, call)
	}
	sending := withProgress(ctx, progress)
	if call.changes() {
		lasting, end := c.outlasting(sending, progress)
		defer end()
		sending = lasting
	}
	request, err := newRequest(sending, address, call)
	if err != nil {
		return Answer{}, fmt.Errorf("unable to %s: %w", call.Operation, err)
	}
	got, err := c.roundTrip(request)
	if err != nil {
		return Answer{}, c.describeFailure(ctx, progress, call, err)
	}
	return got, nil
}

func newRequest(ctx context.Context, address string, call Call) (*policy.Request, error) {
	request, err := runtime.NewRequest(ctx, call.Method, address)
	if err != nil {
		return nil, err
	}
	for name, values := range call.Header {
		request.Raw().Header[name] = append([]string(nil), values...)
	}
	request.Raw().Header.Set("Accept", "application/json")
	if call.Body != nil {
		text, err := json.Marshal(call.Body)
		if err != nil {
			return nil, err
		}
		if err := request.SetBody(streaming.NopCloser(bytes.NewReader(text)), "application/json"); err != nil {
			return nil, err
		}
	}
	return request, nil
}

func (c *Client) roundTrip(request *policy.Request) (Answer, error) {
	response, err := c.azure.Pipeline().Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := runtime.Payload(response)
	if err != nil {
		return Answer{}, err
	}
	return Answer{status: response.StatusCode, Header: response.Header, body: body, tenant: c.Tenant()}, nil
}

func (a Answer) successful() bool { return a.status >= 200 && a.status <= 299 }

// Decode reads an answer into out, which may be nil. A refusal is an *Error.
func (a Answer) Decode(call Call, out any) error {
	if !a.successful() {
		return a.refusal(call.Operation, call.Permissions, a.body)
	}
	empty := len(bytes.TrimSpace(a.body)) == 0
	if out == nil {
		if empty {
			return nil
		}
		// A page of a proxy under a status of success says nothing of what was asked for.
		out = &map[string]json.RawMessage{}
	}
	problem := ""
	if bytes.Contains(a.body, []byte(`"error"`)) {
		if inside := a.refusal(call.Operation, nil, a.body); inside.FromGraph {
			return inside
		}
	}
	if empty {
		problem = "the answer is empty where an object was expected"
	} else if err := json.Unmarshal(a.body, out); err != nil {
		problem = "the answer cannot be read: " + redact.ForeignText(err.Error()) + "; " + describeForeignBody(a.Header, a.body)
	}
	if problem != "" {
		refusal := a.refusal(call.Operation, nil, nil)
		refusal.Message = problem
		return refusal
	}
	return nil
}

func (a Answer) refusal(operation string, permissions []string, body []byte) *Error {
	refusal := newError(operation, permissions, a.status, a.Header, body)
	refusal.RequestID = cmp.Or(refusal.RequestID, a.batchRequestID)
	refusal.Tenant = a.tenant
	return refusal
}

// describeFailure names a request that got no answer. The end of the context is an *InterruptedError; a failed sign-in has
// described itself.
func (c *Client) describeFailure(ctx context.Context, progress *requestProgress, call Call, err error) error {
	if ctx.Err() != nil {
		return progress.interrupted(ctx, call)
	}
	var auth *signin.AuthError
	if errors.As(err, &auth) {
		return auth
	}
	var connection *transport.ConnectionError
	if errors.As(err, &connection) {
		return connection
	}
	return transport.NewConnectionError(call.Operation, c.cloud.GraphEndpoint, err)
}

// page is one page of a collection.
type page[T any] struct {
	Value    []T    `json:"value"`
	NextLink string `json:"@odata.nextLink"`
}

// check tells an empty page from an answer that is no page: what protects somebody must not be taken for nobody.
func (p page[T]) check(operation string) error {
	if p.Value == nil {
		return &Error{Operation: operation, Status: http.StatusOK, Message: "the answer holds no list (value)"}
	}
	return nil
}

// maxPages bounds a collection whose links never end.
const maxPages = 10_000

// List reads all pages of a collection, or of the answer to a question that is asked by POST.
func List[T any](ctx context.Context, c *Client, call Call) ([]T, error) {
	var all []T
	for values, err := range Pages[T](ctx, c, call) {
		if err != nil {
			return nil, err
		}
		all = append(all, values...)
	}
	return all, nil
}

// Pages reads a collection page by page, each when it is asked for. The further pages of an answer to a question are got as those
// of a collection are. A link to another host is refused, because the token would go with it.
func Pages[T any](ctx context.Context, c *Client, call Call) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		// The first page may be gathered with others' requests; a link is asked for as it is.
		address, call := c.Address(call), call
		ask := func(current *page[T]) error { return c.Send(ctx, call, current) }
		for seen := map[string]bool{}; ; {
			if seen[address] || len(seen) > maxPages {
				yield(nil, &Error{Operation: call.Operation, Status: http.StatusOK, Message: fmt.Sprintf("the pages of the answer never end (%d read)", len(seen))})
				return
			}
			seen[address] = true
			var current page[T]
			err := ask(&current)
			if err == nil {
				err = current.check(call.Operation)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(current.Value, nil) || current.NextLink == "" {
				return
			}
			address, call.Method, call.Body = current.NextLink, http.MethodGet, nil
			ask = func(current *page[T]) error { return c.sendTo(ctx, address, call, current) }
			if err := c.checkLink(address); err != nil {
				yield(nil, &Error{Operation: call.Operation, Status: http.StatusOK, Message: err.Error()})
				return
			}
		}
	}
}

// checkLink refuses an @odata.nextLink that leaves the configured Graph host.
func (c *Client) checkLink(link string) error {
	there, err := url.Parse(link)
	if err != nil {
		return fmt.Errorf("the link to the next page cannot be read; the token was not sent anywhere: %w", transport.WithoutAddress(err))
	}
	here, err := url.Parse(c.cloud.GraphEndpoint)
	if err != nil {
		return fmt.Errorf("the Graph endpoint %q cannot be read: %w", c.cloud.GraphEndpoint, err)
	}
	if there.Scheme != here.Scheme || !strings.EqualFold(there.Host, here.Host) || there.User != nil {
		return fmt.Errorf("the link to the next page leads to %s://%s and not to %s; it was not followed, because the access token would have gone there",
			redact.ForeignText(there.Scheme), redact.ForeignText(there.Host), c.cloud.GraphEndpoint)
	}
	return nil
}
