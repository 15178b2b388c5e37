package graph

import (
	"context"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// NewPrefetch makes an item for a call that nobody waits for yet.
func NewPrefetch(ctx context.Context, call Call) (*BatchItem, error) {
	item, err := newBatchItem(ctx, call)
	if err != nil {
		return nil, err
	}
	item.ahead = true
	return item, nil
}

// Prefetch queues items that nobody waits for yet. For the wanted one, which may be among them, queued already, in flight or back, the
// caller waits from now on. It reports whether the wanted one is sent for that caller, as the call.
func (c *Client) Prefetch(ctx context.Context, items []*BatchItem, wanted *BatchItem, call Call) (asked bool) {
	return c.gatherer(call).anticipate(ctx, items, wanted, call)
}

// Await waits for the outcome of a prefetched item, or for the end of the context.
func (c *Client) Await(ctx context.Context, item *BatchItem) (Answer, error) {
	return c.gatherer(item.Call).await(ctx, item)
}

// Abandon says that a caller no longer waits for an item.
func (c *Client) Abandon(item *BatchItem) { c.gatherer(item.Call).abandon(item) }

// Drop removes a prefetched item that has not left yet.
func (c *Client) Drop(item *BatchItem) { c.gatherer(item.Call).drop(item) }

// Do carries out a call that may travel with others, and returns what came back for it.
func (c *Client) Do(ctx context.Context, call Call) (Answer, error) {
	return c.gatherer(call).do(ctx, call)
}

// Free reports whether a request of a class would not have to wait.
func (c *Client) Free(class RateClass) bool { return c.paces.free(class) }

// anticipate queues items that are to be read ahead. For the wanted one, which may be among them, queued already, on its
// way or back, somebody waits from now on. It reports whether the wanted one is sent for that somebody, as the call.
func (g *gatherer) anticipate(ctx context.Context, items []*BatchItem, wanted *BatchItem, call Call) (asked bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for _, item := range items {
		g.ahead.push(item)
	}
	if wanted != nil && wanted.queue == &g.ahead {
		g.ahead.waiting--
		wanted.ahead, wanted.ctx, wanted.Call = false, ctx, call
		g.queue.push(wanted)
		asked = true
	}
	g.dispatch()
	return asked
}

// drop leaves an item out that was to be read ahead and has not left yet.
func (g *gatherer) drop(item *BatchItem) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if item.queue == &g.ahead {
		item.over = true
		g.ahead.waiting--
	}
}

// aheadMayLeave is how many items may leave that nobody waits for: all, or none where the service is short of what somebody
// waits for. The mutex is held.
func (g *gatherer) aheadMayLeave() int {
	if g.ahead.waiting > 0 && !g.paces.free(ClassAuthentication) {
		return 0
	}
	return g.ahead.waiting
}

// free is Client.Free.
func (p pacePolicy) free(class RateClass) bool {
	wait, giveBack := p.paces[class].reserve(p.clock.Now())
	giveBack()
	return wait <= 0
}

// RepeatedWhile makes a context under which a request is repeated only while somebody waits for it.
func RepeatedWhile(ctx context.Context, options policy.RetryOptions, awaited func() bool) context.Context {
	repeat := options.ShouldRetry
	options.ShouldRetry = func(response *http.Response, err error) bool { return awaited() && repeat(response, err) }
	return policy.WithRetryOptions(ctx, options)
}
