package provider_test

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

// soakVariable is how long the model-based and the kill tests go on, as a duration: 10m. Without it each of them runs once,
// with a small number.
const soakVariable = "SOAKTIME"

// tally counts what the model-based and the kill tests did.
type tally struct {
	sequences, steps, applies, faults, refusals, kills, unknowable, lost, unprotected atomic.Int64
}

func (c *tally) String() string {
	return fmt.Sprintf("%d sequences, %d steps, %d applies, %d refused plans, %d faults, %d kills, %d locations of which an error said that nobody can know, "+
		"%d lost or duplicated objects, %d people unprotected without a word", c.sequences.Load(), c.steps.Load(), c.applies.Load(), c.refusals.Load(), c.faults.Load(), c.kills.Load(),
		c.unknowable.Load(), c.lost.Load(), c.unprotected.Load())
}

// counted is the tally of this process.
var counted tally

// soak is how long this run is to last; 0 without [soakVariable].
func soak(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(soakVariable)
	if text == "" {
		return 0
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s is a duration such as 10m: %v", soakVariable, err)
	}
	return length
}

// rounds runs something once, or in a soak for its share of the time.
func rounds(t *testing.T, share float64, round func()) {
	t.Helper()
	length := soak(t)
	end := time.Now().Add(time.Duration(share * float64(length)))
	for {
		round()
		if !time.Now().Before(end) {
			return
		}
	}
}

// reported prints the tally every half minute and in the end, in a soak.
func reported(m *testing.M) int {
	if os.Getenv(soakVariable) == "" {
		return m.Run()
	}
	began := time.Now()
	ticker, done := time.NewTicker(30*time.Second), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				fmt.Fprintf(os.Stderr, "soak: after %s: %s\n", time.Since(began).Round(time.Second), &counted)
			case <-done:
				return
			}
		}
	}()
	code := m.Run()
	ticker.Stop()
	close(done)
	fmt.Fprintf(os.Stderr, "soak: ended after %s: %s\n", time.Since(began).Round(time.Second), &counted)
	if code == 0 && counted.lost.Load() > 0 {
		code = 1
	}
	return code
}
