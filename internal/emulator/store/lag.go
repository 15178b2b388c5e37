package store

import (
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// lag is the time after a write in which replicas may still show the version before it.
type lag struct {
	until     time.Time
	reads     int
	alternate bool
	seen      int
}

// newLag returns nil where the behaviour has no lag.
func newLag(behavior control.ReplicaLag, now time.Time) *lag {
	if behavior.DurationMs == 0 && behavior.Reads == 0 {
		return nil
	}
	return &lag{
		until:     now.Add(time.Duration(behavior.DurationMs) * time.Millisecond),
		reads:     behavior.Reads,
		alternate: behavior.Alternate,
	}
}

// running tells whether a read may still be stale, without counting one.
func (l *lag) running(now time.Time) bool {
	return l != nil && (now.Before(l.until) || l.reads > 0)
}

// stale counts a read and tells whether it sees the old version.
func (l *lag) stale(now time.Time) bool {
	if !l.running(now) {
		return false
	}
	if l.reads > 0 {
		l.reads--
	}
	l.seen++
	return !l.alternate || l.seen%2 == 1
}

// updateLag is the lag of an object changed now, or nil.
func (tx *Tx) updateLag() *lag { return newLag(tx.Behavior().ReplicaLag, tx.now) }

// createLag is the lag of an object created now, or nil.
func (tx *Tx) createLag() *lag {
	if !tx.Behavior().ReplicaLag.LagCreates {
		return nil
	}
	return tx.updateLag()
}

// deleteLag is the lag of an object deleted now, or nil.
func (tx *Tx) deleteLag() *lag {
	if !tx.Behavior().ReplicaLag.LagDeletes {
		return nil
	}
	return tx.updateLag()
}
