package resourcekit

import (
	"context"
	"errors"
	"testing"
)

func TestOnceAsksAgainOnlyWhereTheCallerWasCutShort(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	refused := errors.New("refused")
	asked := 0
	var once Once[int]
	for _, step := range []struct {
		what  string
		ctx   context.Context //nolint:containedctx // Each step has a context of its own.
		err   error
		asked int
	}{
		{"a caller whose context has ended", ended, context.Canceled, 1},
		{"the next caller", t.Context(), refused, 2},
		{"one who comes after the answer", t.Context(), refused, 2},
	} {
		answer, err := once.Get(step.ctx, func(ctx context.Context) (int, error) {
			asked++
			if ctx.Err() != nil {
				return asked, ctx.Err()
			}
			return asked, refused
		})
		if !errors.Is(err, step.err) || answer != step.asked || asked != step.asked {
			t.Errorf("%s: answer %d, error %v, asked %d times", step.what, answer, err, asked)
		}
	}
}
