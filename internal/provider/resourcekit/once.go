package resourcekit

import (
	"context"
	"sync"
)

// Once is an answer that a run asks for once. A failure is an answer too: it is not asked for again.
type Once[T any] struct {
	// mutex is held while the answer is asked for, so that callers that wait for it find it.
	mutex  sync.Mutex
	known  bool
	answer T
	err    error
}

// Get returns the answer, and asks for it where there is none yet. The end of one caller's context is no answer for the others.
func (o *Once[T]) Get(ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.known {
		return o.answer, o.err
	}
	answer, err := ask(ctx)
	if ctx.Err() == nil {
		o.answer, o.err, o.known = answer, err, true
	}
	return answer, err
}
