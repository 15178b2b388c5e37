package graph

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
)

// InterruptedError is work that has ended with its context: because its time was over, or because the run was stopped.
type InterruptedError struct {
	// Operation completes "unable to ..."; empty where the work had not come to a request.
	Operation string
	// Doing is what was being done, like "waiting for the rate limit of Microsoft Graph"; empty where nobody knows.
	Doing string
	// Write says that the operation changes something.
	Write bool
	// Unknown says of such an operation that nobody knows whether it was carried out: a request has left, and no answer came.
	Unknown bool
	// Err is why the context has ended.
	Err error
}

// Error says what was being done, and why it has ended.
func (e *InterruptedError) Error() string {
	text := e.Err.Error()
	if e.Doing != "" {
		text += " while " + e.Doing
	}
	if e.Operation == "" {
		return text
	}
	return fmt.Sprintf("unable to %s: %s", e.Operation, text)
}

// Unwrap returns why the context has ended.
func (e *InterruptedError) Unwrap() error { return e.Err }

// Interrupted is the end of a context in the middle of something. Its cause is kept, because whoever made the context may
// have given one that says more than that time is over.
func Interrupted(ctx context.Context, doing string) error {
	return &InterruptedError{Doing: doing, Err: context.Cause(ctx)}
}

// What a request is doing that is under way or about to leave.
const (
	doingSignIn = "waiting for an access token"
	DoingAnswer = "waiting for the answer of Microsoft Graph"
)

// requestProgress is how far a request has come, for whoever has to say what was interrupted: the pipeline tells of the end of
// a context only that it has ended.
type requestProgress struct {
	mutex sync.Mutex
	doing string
	// underWay says that the request has left and was not answered yet.
	underWay bool
	// unknown says that the request may have been carried out without an answer that says so; before is that of the tries
	// before this one.
	unknown, before bool
	// idle is called when the request is not under way any more and not answered for good.
	idle []func()
	// caller is the context that an outlasting one outlasts, where there is one.
	caller context.Context //nolint:containedctx // It is the request's other context, and lives no longer.
}

type progressKey struct{}

func withProgress(ctx context.Context, progress *requestProgress) context.Context {
	return context.WithValue(ctx, progressKey{}, progress)
}

// progressOf returns the progress of a request; nil where nobody asks for it.
func progressOf(ctx context.Context) *requestProgress {
	progress, _ := ctx.Value(progressKey{}).(*requestProgress)
	return progress
}

// at notes what is being done.
func (p *requestProgress) at(doing string) {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.doing = doing
}

// leave notes that the request leaves.
func (p *requestProgress) leave() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.doing, p.underWay = DoingAnswer, true
	p.before, p.unknown = p.unknown, true
}

// come notes what has come back. An answer that is not to be repeated leaves the request under way: it still has to reach
// whoever waits for it.
func (p *requestProgress) come(ctx context.Context, response *http.Response, err error) {
	if err == nil && !transport.ShouldRetry(response, nil) {
		return
	}
	p.mutex.Lock()
	switch {
	case err == nil:
		if !mayBeDone(response.StatusCode) {
			p.unknown = p.before
		}
		p.doing = doingRepeat(Answer{status: response.StatusCode, Header: response.Header})
	case ctx.Err() == nil:
		if transport.KindOf(err) != transport.ConnectionBroken {
			p.unknown = p.before
		}
		p.doing = "waiting to repeat a request to which Microsoft Graph gave no answer"
	}
	p.mutex.Unlock()
	p.rest()
}

// rest notes that the request is not under way any more.
func (p *requestProgress) rest() {
	p.mutex.Lock()
	p.underWay = false
	idle := p.idle
	p.idle = nil
	p.mutex.Unlock()
	for _, do := range idle {
		do()
	}
}

// delivered notes that the answers to the parts of the request were given out, each of which says for itself what was done.
func (p *requestProgress) delivered() {
	p.mutex.Lock()
	p.unknown, p.before = false, false
	p.mutex.Unlock()
	p.rest()
}

// mayBeDone reports a status after which nobody knows whether the request was carried out.
func mayBeDone(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusRequestTimeout
}

// doingRepeat is what the wait after an answer is called.
func doingRepeat(got Answer) string {
	text := fmt.Sprintf("waiting to repeat a request that Microsoft Graph answered with HTTP %d", got.status)
	if after := got.Header.Get("Retry-After"); after != "" {
		text += fmt.Sprintf(" (Retry-After: %s)", after)
	}
	return text
}

// interrupted describes the end of a context in the middle of a call.
func (p *requestProgress) interrupted(ctx context.Context, call Call) *InterruptedError {
	ended := &InterruptedError{Operation: call.Operation, Write: call.changes(), Err: context.Cause(ctx)}
	if p != nil {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		ended.Doing, ended.Unknown = p.doing, ended.Write && p.unknown
	}
	return ended
}

// whenIdle calls a function once: at once where the request is not under way, otherwise when what comes back says that it has
// to be repeated, and after the grace at the latest.
func (p *requestProgress) whenIdle(grace time.Duration, do func()) (stop func()) {
	do = sync.OnceFunc(do)
	p.mutex.Lock()
	underWay := p.underWay
	if underWay {
		p.idle = append(p.idle, do)
	}
	p.mutex.Unlock()
	if !underWay {
		do()
		return func() {}
	}
	timer := time.AfterFunc(grace, do)
	return func() { timer.Stop() }
}

// outlasting makes the context for a call that changes something. It ends with the given one, but for a request that has left:
// its answer is waited for a little longer, because what it has made would otherwise be in the tenant and nowhere else.
func (c *Client) outlasting(ctx context.Context, progress *requestProgress) (context.Context, context.CancelFunc) {
	progress.caller = ctx
	lasting, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	over := context.AfterFunc(ctx, func() {
		stop := progress.whenIdle(c.answerGrace, func() { cancel(context.Cause(ctx)) })
		context.AfterFunc(lasting, stop)
	})
	return lasting, func() {
		over()
		cancel(nil)
	}
}

// progressPolicy notes the way of a request. It comes after the rate limit and the sign-in, so that these are not taken for a
// request that has left.
type progressPolicy struct{}

func (progressPolicy) Do(request *policy.Request) (*http.Response, error) {
	ctx := request.Raw().Context()
	progress := progressOf(ctx)
	if progress == nil {
		return request.Next()
	}
	if progress.caller != nil && progress.caller.Err() != nil {
		// It may not leave any more; this context ends as well, in a moment.
		progress.rest()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	progress.leave()
	response, err := request.Next()
	progress.come(ctx, response, err)
	return response, err
}
