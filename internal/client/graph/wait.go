package graph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// Clock is the time that the client waits by. Tests bring their own.
type Clock interface {
	Now() time.Time
	// Wait returns after the duration, or earlier with the context's error.
	Wait(ctx context.Context, d time.Duration) error
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Consistency bounds the waits for replicas. Graph's directory is replicated: a read that follows a write may answer
// from before it.
type Consistency struct {
	// Interval is the first pause between two reads; it doubles up to MaxInterval. Default 500 ms.
	Interval time.Duration
	// MaxInterval is the longest pause. Default 5 s.
	MaxInterval time.Duration
	// Timeout is how long a write is waited for to show. Default 90 s.
	Timeout time.Duration
	// NewObject is how long an object that may be new is waited for before it counts as missing. Default 30 s.
	NewObject time.Duration
	// Missing is how long a 404 has to last to be believed. Default 3 s.
	Missing time.Duration
	// Drift is how long a state that nobody expected has to last to be believed. Default 1 s.
	Drift time.Duration
}

func (c Consistency) withDefaults() Consistency {
	for _, setting := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&c.Interval, 500 * time.Millisecond},
		{&c.MaxInterval, 5 * time.Second},
		{&c.Timeout, 90 * time.Second},
		{&c.NewObject, 30 * time.Second},
		{&c.Missing, 3 * time.Second},
		{&c.Drift, time.Second},
	} {
		if *setting.value == 0 {
			*setting.value = setting.standard
		}
	}
	return c
}

// Acceptance is when the service accepted a write. A run keeps it for a later one, which may be answered by a replica that
// does not know the write yet. The zero value is no write.
type Acceptance struct {
	// At is the time of this machine.
	At time.Time `json:"at"`
	// ServiceTime is the time of the service, in whole seconds; the zero time where it did not say.
	ServiceTime time.Time `json:"service_time"`
}

// Accepted returns the acceptance of a write from the headers of its answer.
func (c *Client) Accepted(header http.Header) Acceptance {
	date, _ := http.ParseTime(header.Get("Date"))
	return Acceptance{At: c.Clock.Now().UTC(), ServiceTime: date.UTC()}
}

// JSON is the acceptance as it is kept.
func (a Acceptance) JSON() []byte {
	text, err := json.Marshal(a)
	if err != nil {
		// A year beyond 9999; nobody waits for such a write.
		return []byte("{}")
	}
	return text
}

// ReadAcceptance reads what was kept. What cannot be read is no write.
func ReadAcceptance(text []byte) Acceptance {
	var a Acceptance
	if json.Unmarshal(text, &a) != nil {
		return Acceptance{}
	}
	return a
}

// SettledAt is from when on no replica is expected to show what was before the write; the zero time where that time has come.
// A write that lies in the future is none to go by: clocks are set, and states travel between machines.
func (a Acceptance) SettledAt(now time.Time, timeout time.Duration) time.Time {
	if a.At.IsZero() || a.At.After(now) || now.Sub(a.At) >= timeout {
		return time.Time{}
	}
	return a.At.Add(timeout)
}

// Before reports whether something was certainly changed after the write, by the clock of the service.
func (a Acceptance) Before(modified *time.Time) bool {
	// The service's time of the answer has no fractions.
	return modified != nil && !a.ServiceTime.IsZero() && modified.After(a.ServiceTime.Add(time.Second))
}

// DoingReplicas is what a wait for replicas is called.
const DoingReplicas = "waiting for the replicas of Microsoft Graph to agree"

// interruptedBetweenReads takes over the words of what was last read, and nothing else of it: an answer that would have been
// asked for again is none to go by.
func interruptedBetweenReads(ctx context.Context, last error) error {
	ended := &InterruptedError{Doing: DoingReplicas, Err: context.Cause(ctx)}
	var answer *Error
	switch {
	case errors.As(last, &answer):
		ended.Operation = answer.Operation
		ended.Doing += " (so far: " + answer.answer() + ")"
	case last != nil:
		ended.Doing += " (so far: " + last.Error() + ")"
	}
	return ended
}

// Consistency returns the bounds in force.
func (c *Client) Consistency() Consistency { return c.consistency }

// Since is how long something has lasted, in whole seconds.
func (c *Client) Since(began time.Time) time.Duration {
	return c.Clock.Now().Sub(began).Round(time.Second)
}

// Until calls step until it says that it is done, or the patience is used up, or the context ends. With any patience there
// is a second step, however long the first one took: one answer of one replica is nothing that has lasted. It returns the
// error of the last step; the end of the context is an *InterruptedError.
func (c *Client) Until(ctx context.Context, patience time.Duration, step func() (done bool, err error)) error {
	deadline := c.Clock.Now().Add(patience)
	pause := c.consistency.Interval
	for first := true; ; first = false {
		done, err := step()
		if done {
			return err
		}
		left := deadline.Sub(c.Clock.Now())
		if first && left <= 0 {
			left = patience
		}
		if left <= 0 {
			return err
		}
		if c.Clock.Wait(ctx, min(pause, left)) != nil {
			return interruptedBetweenReads(ctx, err)
		}
		pause = min(2*pause, c.consistency.MaxInterval)
	}
}

// UntilKnown asks about an object until the answer is another one than Graph's own 404, or the patience is used up.
func (c *Client) UntilKnown(ctx context.Context, patience time.Duration, ask func() error) error {
	return c.Until(ctx, patience, func() (bool, error) {
		err := ask()
		return !IsNotFound(err), err
	})
}
