package client

import "context"

// contextLock is a mutex whose wait ends with the context.
type contextLock chan struct{}

func newContextLock() contextLock { return make(contextLock, 1) }

func (l contextLock) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l contextLock) unlock() { <-l }
