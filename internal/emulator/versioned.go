package emulator

import "time"

// versioned is an object with what lagging replicas still show of it. Values are replaced, never changed in place.
type versioned[T any] struct {
	value   T    // as it really is
	old     T    // what reads within updated's lag see
	gone    bool // deleted; it may still be in a bin
	created *lag // while set, some reads do not see the object at all
	updated *lag
	deleted *lag // while set, some reads still see an object that is gone
}

// read counts a read and returns what it sees, if anything.
func (v *versioned[T]) read(now time.Time) (seen T, found bool) {
	switch {
	case v.gone:
		return v.value, v.deleted.stale(now)
	case v.created.stale(now):
		return seen, false
	case v.updated.stale(now):
		return v.old, true
	}
	return v.value, true
}

// update stores a new version; reads within the lag, if there is one, see the version before.
func (v *versioned[T]) update(value T, lag *lag) {
	v.old, v.value, v.updated = v.value, value, lag
}
