package store

// Record is an object with what lagging replicas still show of it. Values are replaced, never changed in place.
type Record[T any] struct {
	value   T    // as it really is
	old     T    // what reads within updated's lag see
	gone    bool // deleted; it may still be in a bin
	created *lag // while set, some reads do not see the object at all
	updated *lag
	deleted *lag // while set, some reads still see an object that is gone
}

// Value is the object as it really is.
func (r *Record[T]) Value() T { return r.value }

// Deleted tells whether the object is gone, although it may be in a bin.
func (r *Record[T]) Deleted() bool { return r.gone }

// Read counts a read and returns what it sees, if anything.
func (r *Record[T]) Read(tx *Tx) (seen T, found bool) {
	switch {
	case r.gone:
		return r.value, r.deleted.stale(tx.now)
	case r.created.stale(tx.now):
		return seen, false
	case r.updated.stale(tx.now):
		return r.old, true
	}
	return r.value, true
}

// Unseen counts a read and tells whether it is too early to see an object that has been created.
func (r *Record[T]) Unseen(tx *Tx) bool { return r.created.stale(tx.now) }

// Before is the version before the last change.
func (r *Record[T]) Before() T { return r.old }

// Outdated counts a read and tells whether it sees the version before the last change.
func (r *Record[T]) Outdated(tx *Tx) bool { return r.updated.stale(tx.now) }

// Change stores a new version. Reads within the lag, if there is one, see the version before.
func (r *Record[T]) Change(tx *Tx, value T) { r.replace(tx, value, tx.updateLag()) }

// ChangeAtOnce stores a new version that every read sees.
func (r *Record[T]) ChangeAtOnce(tx *Tx, value T) {
	r.replace(tx, value, nil)
	r.created = nil
}

func (r *Record[T]) replace(tx *Tx, value T, lag *lag) {
	_ = tx.change()
	r.old, r.value, r.updated = r.value, value, lag
}
