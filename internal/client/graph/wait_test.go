package graph

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
)

func TestPausesGrowUpToTheirBoundAndEndWithThePatience(t *testing.T) {
	t.Parallel()
	clock := clienttest.NewFakeClock()
	c := &Client{Clock: clock, consistency: Consistency{Interval: time.Second, MaxInterval: 5 * time.Second}}
	still := errors.New("still not")
	if err := c.Until(t.Context(), 20*time.Second, func() (bool, error) { return false, still }); !errors.Is(err, still) {
		t.Errorf("error %v, want that of the last step", err)
	}
	waits, _ := clock.Waited()
	want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second, 3 * time.Second}
	if diff := cmp.Diff(want, waits); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
}

func TestAStepThatIsDoneEndsTheWait(t *testing.T) {
	t.Parallel()
	clock := clienttest.NewFakeClock()
	c := &Client{Clock: clock, consistency: Consistency{}.withDefaults()}
	failed := errors.New("failed")
	for _, want := range []error{nil, failed} {
		if err := c.Until(t.Context(), time.Hour, func() (bool, error) { return true, want }); !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
	if waits, _ := clock.Waited(); len(waits) != 0 {
		t.Errorf("waited %v", waits)
	}
}

func TestTheEndOfTheContextEndsAWait(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	clock := clienttest.NewFakeClock()
	clock.OnWait = func(n int) {
		if n == 2 {
			cancel()
		}
	}
	c := &Client{Clock: clock, consistency: Consistency{}.withDefaults()}
	steps := 0
	err := c.Until(ctx, time.Hour, func() (bool, error) { steps++; return false, errors.New("not yet") })
	if !errors.Is(err, context.Canceled) || steps != 2 {
		t.Errorf("error %v after %d steps", err, steps)
	}
}

func TestTheSystemClockWaitsAndCanBeInterrupted(t *testing.T) {
	t.Parallel()
	clock := systemClock{}
	began := clock.Now()
	if err := clock.Wait(t.Context(), 5*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if waited := clock.Now().Sub(began); waited < 5*time.Millisecond {
		t.Errorf("waited only %s", waited)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := clock.Wait(ctx, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the context's", err)
	}
}

func TestTheStandardBoundsOfWaiting(t *testing.T) {
	t.Parallel()
	want := Consistency{Interval: 500 * time.Millisecond, MaxInterval: 5 * time.Second, Timeout: 90 * time.Second, NewObject: 30 * time.Second, Missing: 3 * time.Second, Drift: time.Second}
	made, err := New(signin.Public, &clienttest.FakeCredential{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, made.Consistency()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	own := Consistency{Interval: 1, MaxInterval: 2, Timeout: 3, NewObject: 4, Missing: 5, Drift: 6}
	made, err = New(signin.Public, &clienttest.FakeCredential{}, Options{Consistency: own})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(own, made.Consistency()); diff != "" {
		t.Errorf("own bounds (-want +got):\n%s", diff)
	}
}

func TestASlowAnswerIsNotTheLastOne(t *testing.T) {
	t.Parallel()
	clock := clienttest.NewFakeClock()
	c := &Client{Clock: clock, consistency: Consistency{}.withDefaults()}
	for patience, want := range map[time.Duration]int{0: 1, time.Second: 2} {
		looks := 0
		_ = c.Until(t.Context(), patience, func() (bool, error) {
			looks++
			// The answer takes longer than it would be waited for.
			return false, clock.Wait(t.Context(), time.Minute)
		})
		if looks != want {
			t.Errorf("with a patience of %s there are %d looks, want %d", patience, looks, want)
		}
	}
}
