package client

import "context"

// contextLock is a mutex whose wait ends with the context. Who waits says what for.
type contextLock chan struct{}

func newContextLock() contextLock { return make(contextLock, 1) }

func (l contextLock) lock(ctx context.Context, doing string) error {
	if ctx.Err() != nil {
		return Interrupted(ctx, doing)
	}
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return Interrupted(ctx, doing)
	}
}

func (l contextLock) unlock() { <-l }
