package graph

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Object is what a Collection and CreateOnce need to know of an object of type T.
type Object[T any] interface {
	// ObjectID is the object's id.
	ObjectID() string
	// Times are when the object was created and when it was last changed; nil where the service does not say.
	Times() (created, modified *time.Time)
	// Same reports whether two reads of an object say the same.
	Same(other T) bool
}

// changedAt is when an object was last changed; nil where the service does not say.
func changedAt[T Object[T]](object T) *time.Time {
	created, modified := object.Times()
	if modified == nil {
		return created
	}
	return modified
}

// newer reports whether an object was certainly changed after another snapshot of it.
func newer[T Object[T]](object, other T) bool {
	mine, theirs := changedAt(object), changedAt(other)
	return mine != nil && theirs != nil && mine.After(*theirs)
}

// Source is how the objects of a Collection are read.
type Source[T Object[T]] struct {
	// Name is what the objects are called together: "named locations".
	Name string
	// List reads all objects, and Get one by its id.
	List func(ctx context.Context) ([]T, error)
	Get  func(ctx context.Context, id string) (T, error)
	// Deleted reads the ids of the objects in the bin; nil where there is none.
	Deleted func(ctx context.Context) ([]string, error)
}

// Collection is what one run knows of all objects of a type, where the service answers one request about them in a second: a list
// is shared by all callers that wait for it (single-flight), and callers that have to read again do so together. What the run itself
// writes is recorded, and never answered from an older list.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
type Collection[T Object[T]] struct {
	client *Client
	source Source[T]
	// lock is held while a list is read, so that callers that wait for it find it read.
	lock ContextLock
	// finished counts the lists that were read or failed; failure is why the last one did.
	finished atomic.Int64
	failure  error

	// mutex guards what follows. It is never held during a request, so that a writer never waits.
	mutex sync.Mutex
	// uncertain counts the writes of which nobody knows whether they were carried out: a list that was requested before one is dropped.
	uncertain int
	// snapshots are the lists that were read, the first one first.
	snapshots []snapshot[T]
	// own is what this run has written, by id.
	own map[string]ownWrite[T]
	// bin holds the ids of deleted objects as of a time; noBin says that it cannot be read.
	bin   map[string]bool
	binAt time.Time
	noBin bool
}

// snapshot is a list and when it came.
type snapshot[T Object[T]] struct {
	at      time.Time
	objects []*T
}

func (s snapshot[T]) find(id string) *T {
	for _, object := range s.objects {
		if strings.EqualFold((*object).ObjectID(), id) {
			return object
		}
	}
	return nil
}

// ownWrite is an object as this run has written it; nil where it was deleted.
type ownWrite[T any] struct {
	object *T
	at     time.Time
}

// NewCollection makes the collection of a run, which reads nothing yet.
func NewCollection[T Object[T]](c *Client, source Source[T]) *Collection[T] {
	if source.Deleted == nil {
		source.Deleted = func(context.Context) ([]string, error) { return nil, nil }
	}
	return &Collection[T]{client: c, source: source, lock: NewContextLock(), own: map[string]ownWrite[T]{}}
}

// waiting is what the wait for another caller's list is called.
func (l *Collection[T]) waiting() string {
	return "waiting for a list of the " + l.source.Name + " that was requested before"
}

// Record keeps what became of an object by a write: nil where it was deleted, err where nobody knows.
func (l *Collection[T]) Record(id string, object *T, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	id = strings.ToLower(id)
	if err != nil {
		delete(l.own, id)
		l.snapshots, l.bin = nil, nil
		l.uncertain++
		return
	}
	l.own[id] = ownWrite[T]{object: object, at: l.client.Clock.Now()}
}

// All returns all objects, those that this run has just made included.
func (l *Collection[T]) All(ctx context.Context) ([]T, error) {
	var all []T
	err := l.onSnapshots(ctx, 1, func(last snapshot[T]) {
		for _, object := range last.objects {
			if _, written := l.written((*object).ObjectID(), last); !written {
				all = append(all, *object)
			}
		}
		var own []T
		for id, write := range l.own {
			if _, counts := l.written(id, last); counts && write.object != nil {
				own = append(own, *write.object)
			}
		}
		slices.SortFunc(own, func(a, b T) int { return strings.Compare(a.ObjectID(), b.ObjectID()) })
		all = append(all, own...)
	})
	return all, err
}

// written is what this run has written of an object, for as long as a list may not show that yet.
func (l *Collection[T]) written(id string, last snapshot[T]) (*T, bool) {
	own, ok := l.own[strings.ToLower(id)]
	if !ok || last.at.Sub(own.at) >= l.client.consistency.Timeout {
		return nil, false
	}
	return own.object, true
}

// onSnapshots calls a function with the latest list once there are that many.
func (l *Collection[T]) onSnapshots(ctx context.Context, count int, do func(last snapshot[T])) error {
	before := l.finished.Load()
	if err := l.lock.Lock(ctx, l.waiting()); err != nil {
		return err
	}
	defer l.lock.Unlock()
	for !l.onLatest(count, do) {
		// A caller that waited for a list that failed does not send the same request again.
		if l.failure != nil && l.finished.Load() != before {
			return l.failure
		}
		if err := l.read(ctx); err != nil {
			return err
		}
		// One more is all that was asked for; the others may have been dropped meanwhile.
		count = 1
	}
	return nil
}

// onLatest calls a function with the latest list where there are that many, and reports whether there are.
func (l *Collection[T]) onLatest(count int, do func(last snapshot[T])) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.snapshots) < count {
		return false
	}
	do(l.snapshots[len(l.snapshots)-1])
	return true
}

// read reads the list. The lock is held.
func (l *Collection[T]) read(ctx context.Context) error {
	uncertain := l.uncertainWrites()
	found, err := l.source.List(ctx)
	if err != nil && ctx.Err() != nil {
		// The end of one caller's context is no answer for the others.
		return err
	}
	l.failure = err
	l.finished.Add(1)
	if err != nil {
		return err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.uncertain != uncertain {
		return nil
	}
	next := snapshot[T]{at: l.client.Clock.Now(), objects: make([]*T, 0, len(found))}
	before := map[string]*T{}
	if len(l.snapshots) > 0 {
		for _, object := range l.snapshots[len(l.snapshots)-1].objects {
			before[(*object).ObjectID()] = object
		}
	}
	for i := range found {
		object := &found[i]
		// An object can be large, so one that is as before is kept once.
		if same := before[(*object).ObjectID()]; same != nil && (*same).Same(*object) {
			object = same
		}
		next.objects = append(next.objects, object)
	}
	l.snapshots = append(l.snapshots, next)
	return nil
}

func (l *Collection[T]) uncertainWrites() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.uncertain
}

// Find returns an object by its id. One that the list does not show is read by itself, and a 404 is believed only once it has
// lasted.
func (l *Collection[T]) Find(ctx context.Context, id string) (T, error) {
	objects, err := l.All(ctx)
	if err != nil {
		var none T
		return none, err
	}
	for _, object := range objects {
		if strings.EqualFold(object.ObjectID(), id) {
			return object, nil
		}
	}
	var found T
	err = l.client.UntilKnown(ctx, l.client.consistency.Missing, func() (err error) {
		found, err = l.source.Get(ctx, id)
		return err
	})
	return found, err
}

// Expectation is what an object is expected to be when it is read.
type Expectation[T any] struct {
	ID string
	// Satisfied reports whether a snapshot is as expected. It is believed as soon as it is seen; anything else only once it has lasted:
	// for some time after a write, replicas answer with old and new by turns.
	Satisfied func(T) bool
	// Accepted is the last write of the object. Within Consistency.Timeout of it, an object that is missing, or not newer than the
	// write, is read again.
	Accepted Acceptance
	// Fresh asks for a list that is no older than a minute.
	Fresh bool
	// MissingOnce says not to wait for an object that no list shows.
	MissingOnce bool

	// snapshots is how many lists there have to be.
	snapshots int
}

// sighting is what the lists of a run say of one object.
type sighting[T any] struct {
	// expected is the object as it is expected; nil where no list shows it so, or one shows it otherwise and changed later.
	expected *T
	// other is the object as the lists show it otherwise, the latest one; nil where none shows it.
	other *T
	// first and last are when the first and the last list came, and snapshots is how many there are.
	first, last time.Time
	snapshots   int
}

func (l *Collection[T]) sight(ctx context.Context, e Expectation[T]) (sighting[T], error) {
	var s sighting[T]
	err := l.onSnapshots(ctx, e.snapshots, func(last snapshot[T]) {
		s = sighting[T]{first: l.snapshots[0].at, last: last.at, snapshots: len(l.snapshots)}
		if own, written := l.written(e.ID, last); written && own != nil && e.Satisfied(*own) {
			s.expected = own
			return
		}
		for _, snapshot := range l.snapshots {
			object := snapshot.find(e.ID)
			switch {
			case object == nil:
			case e.Satisfied(*object):
				if s.expected == nil || !newer(*s.expected, *object) {
					s.expected = object
				}
			case s.other == nil || !newer(*s.other, *object):
				s.other = object
			}
		}
		// A replica that lags shows what is expected, too.
		if s.expected != nil && s.other != nil && newer(*s.other, *s.expected) {
			s.expected = nil
		}
	})
	return s, err
}

// MaxListAge is how old the list may be by which a write is decided. One list serves all writes of that time, because each
// costs a second.
const MaxListAge = time.Minute

// freshSnapshots is how many lists there have to be so that the last one is fresh.
func (l *Collection[T]) freshSnapshots() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if n := len(l.snapshots); n > 0 && l.client.Clock.Now().Sub(l.snapshots[n-1].at) < MaxListAge {
		return n
	}
	return len(l.snapshots) + 1
}

// Observe returns an object that is expected to be as it was last seen or written. gone is true only of a 404 of the object itself, and
// with MissingOnce also of an answer from before the last write, which says nothing.
func (l *Collection[T]) Observe(ctx context.Context, e Expectation[T]) (object T, gone bool, err error) {
	c := l.client
	e.snapshots = 1
	if e.Fresh {
		e.snapshots = l.freshSnapshots()
	}
	settled := e.Accepted.SettledAt(c.Clock.Now(), c.consistency.Timeout)
	pause := c.consistency.Interval
	logged := false
	for {
		seen, err := l.sight(ctx, e)
		if err != nil {
			return object, false, err
		}
		if seen.expected != nil {
			return *seen.expected, false, nil
		}
		if seen.other == nil && e.MissingOnce {
			object, gone, err = l.confirm(ctx, e.ID)
			_, modified := object.Times()
			stale := !settled.IsZero() && !e.Accepted.Before(modified)
			return object, gone || stale, err
		}
		until := l.believedAt(ctx, e, seen, settled)
		now := c.Clock.Now()
		next := seen.last.Add(pause)
		if seen.other != nil && !seen.last.Before(until) {
			return *seen.other, false, nil
		}
		if seen.other == nil && !next.Before(until) {
			if c.Clock.Wait(ctx, max(0, until.Sub(now))) != nil {
				return object, false, Interrupted(ctx, DoingReplicas)
			}
			return l.confirm(ctx, e.ID)
		}
		if left := until.Sub(now); left >= NoticeableWait && !logged {
			logged = true
			c.Logger.InfoContext(ctx, "reading the "+l.source.Name+" again, because one of them is not as it was written or last seen",
				slog.String("id", e.ID), slog.Int64("at_most_ms", left.Milliseconds()))
		}
		if next.After(until) {
			next = until
		}
		if c.Clock.Wait(ctx, max(0, next.Sub(now))) != nil {
			return object, false, Interrupted(ctx, DoingReplicas)
		}
		e.snapshots = seen.snapshots + 1
		pause = min(2*pause, c.consistency.MaxInterval)
	}
}

// believedAt is from when on what the lists show is believed.
func (l *Collection[T]) believedAt(ctx context.Context, e Expectation[T], seen sighting[T], settled time.Time) time.Time {
	if seen.other != nil {
		until := seen.first.Add(l.client.consistency.Drift)
		_, modified := (*seen.other).Times()
		if settled.After(until) && !e.Accepted.Before(modified) {
			return settled
		}
		return until
	}
	until := seen.first.Add(l.client.consistency.Missing)
	if settled.After(until) && !l.inBin(ctx, e.ID) {
		return settled
	}
	return until
}

// confirm reads an object that no list shows.
func (l *Collection[T]) confirm(ctx context.Context, id string) (object T, gone bool, err error) {
	object, err = l.source.Get(ctx, id)
	if IsNotFound(err) {
		return object, true, nil
	}
	return object, false, err
}

// inBin reports whether the service lists an object as deleted, so that no wait for it is needed. That it does not, or that the bin
// cannot be read, is inconclusive.
func (l *Collection[T]) inBin(ctx context.Context, id string) bool {
	// How old the list of the deleted ones may be: the deletion may be that of a moment ago.
	const fresh = 10 * time.Second
	if l.lock.Lock(ctx, l.waiting()) != nil {
		return false
	}
	defer l.lock.Unlock()
	l.mutex.Lock()
	bin, uncertain, known := l.bin, l.uncertain, l.noBin || l.bin != nil && l.client.Clock.Now().Sub(l.binAt) < fresh
	l.mutex.Unlock()
	if known {
		return bin[strings.ToLower(id)]
	}
	deleted, err := l.source.Deleted(ctx)
	bin = map[string]bool{}
	for _, id := range deleted {
		bin[strings.ToLower(id)] = true
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	switch {
	case err != nil:
		l.noBin = ctx.Err() == nil
	case l.uncertain == uncertain:
		l.bin, l.binAt = bin, l.client.Clock.Now()
	}
	return bin[strings.ToLower(id)]
}
