package graph

import "context"

// ContextLock is a mutex whose wait ends with the context.
type ContextLock chan struct{}

// NewContextLock makes an unlocked lock.
func NewContextLock() ContextLock { return make(ContextLock, 1) }

// Lock waits for the lock; doing says what for. The end of the context is an *InterruptedError.
func (l ContextLock) Lock(ctx context.Context, doing string) error {
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

// Unlock gives the lock back.
func (l ContextLock) Unlock() { <-l }
