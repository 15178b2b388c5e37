package client

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// NamedLocations is what a run sees of the tenant's named locations. The service answers one request about them in a second,
// so a list serves everybody who waits for it, and whoever has to look again does so together with the others. What the run
// itself writes is entered, and is never answered from an older list.
//
// Source: https://learn.microsoft.com/graph/throttling-limits
type NamedLocations struct {
	client *Client
	// lock is held while something is read, so that those who wait for it find it read.
	lock graph.ContextLock
	// finished counts the lists that were read or failed; failure is why the last one did.
	finished atomic.Int64
	failure  error

	// mutex guards what follows. It is never held during a request, so that nobody waits who has something to enter.
	mutex sync.Mutex
	// doubts counts the writes of which nobody knows whether they were carried out: a list that was asked for before one says
	// nothing.
	doubts int
	// looks are the lists that were read, the first one first.
	looks []look
	// own is what this run has written, by id.
	own map[string]ownLocation
	// bin holds the ids of deleted locations as of a time; noBin says that it cannot be read.
	bin   map[string]bool
	binAt time.Time
	noBin bool
}

// doingLooks is what the wait for somebody else's list is called.
const doingLooks = "waiting for a list of the named locations that was asked for before"

// look is a list and when it came.
type look struct {
	at        time.Time
	locations []*NamedLocation
}

func (l look) find(id string) *NamedLocation {
	for _, location := range l.locations {
		if strings.EqualFold(location.ID, id) {
			return location
		}
	}
	return nil
}

// ownLocation is a location as this run has written it; nil where it was deleted.
type ownLocation struct {
	location *NamedLocation
	at       time.Time
}

// NewNamedLocations makes the view of a run, which reads nothing yet.
func (c *Client) NewNamedLocations() *NamedLocations {
	return &NamedLocations{client: c, lock: graph.NewContextLock(), own: map[string]ownLocation{}}
}

// Enter takes over what became of a location by a write: nil where it was deleted, err where nobody knows.
func (l *NamedLocations) Enter(id string, location *NamedLocation, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	id = strings.ToLower(id)
	if err != nil {
		delete(l.own, id)
		l.looks, l.bin = nil, nil
		l.doubts++
		return
	}
	l.own[id] = ownLocation{location: location, at: l.client.graph.Clock.Now()}
}

// All are the named locations of the tenant, of every kind.
func (l *NamedLocations) All(ctx context.Context) ([]NamedLocation, error) {
	var all []NamedLocation
	err := l.locked(ctx, 1, func(last look) {
		for _, location := range last.locations {
			if _, written := l.written(location.ID, last); !written {
				all = append(all, *location)
			}
		}
		var own []NamedLocation
		for id, written := range l.own {
			if _, counts := l.written(id, last); counts && written.location != nil {
				own = append(own, *written.location)
			}
		}
		slices.SortFunc(own, func(a, b NamedLocation) int { return strings.Compare(a.ID, b.ID) })
		all = append(all, own...)
	})
	return all, err
}

// written is what this run has written of a location, for as long as a list may not show that yet.
func (l *NamedLocations) written(id string, last look) (*NamedLocation, bool) {
	own, ok := l.own[strings.ToLower(id)]
	if !ok || last.at.Sub(own.at) >= l.client.graph.Consistency().Timeout {
		return nil, false
	}
	return own.location, true
}

// locked runs a function on the latest list once that many were read.
func (l *NamedLocations) locked(ctx context.Context, looks int, do func(last look)) error {
	before := l.finished.Load()
	if err := l.lock.Lock(ctx, doingLooks); err != nil {
		return err
	}
	defer l.lock.Unlock()
	for !l.onLatest(looks, do) {
		// Whoever waited for a list that failed does not ask for the same again.
		if l.failure != nil && l.finished.Load() != before {
			return l.failure
		}
		if err := l.look(ctx); err != nil {
			return err
		}
		// One more is all that was asked for; the others may have been dropped meanwhile.
		looks = 1
	}
	return nil
}

// onLatest runs a function on the latest list where there are that many, and reports whether there are.
func (l *NamedLocations) onLatest(looks int, do func(last look)) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.looks) < looks {
		return false
	}
	do(l.looks[len(l.looks)-1])
	return true
}

// look reads the list. The lock is held.
func (l *NamedLocations) look(ctx context.Context) error {
	doubts := l.currentDoubts()
	found, err := l.client.ListNamedLocations(ctx)
	if err != nil && ctx.Err() != nil {
		// That somebody has left is no answer for the others.
		return err
	}
	l.failure = err
	l.finished.Add(1)
	if err != nil {
		return err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.doubts != doubts {
		return nil
	}
	next := look{at: l.client.graph.Clock.Now(), locations: make([]*NamedLocation, 0, len(found))}
	before := map[string]*NamedLocation{}
	if len(l.looks) > 0 {
		for _, location := range l.looks[len(l.looks)-1].locations {
			before[location.ID] = location
		}
	}
	for i := range found {
		location := &found[i]
		// A location can have thousands of ranges, so one that is as before is kept once.
		if same := before[location.ID]; same != nil && same.same(*location) {
			location = same
		}
		next.locations = append(next.locations, location)
	}
	l.looks = append(l.looks, next)
	return nil
}

func (l *NamedLocations) currentDoubts() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.doubts
}

// same reports whether two reads of a location say the same.
func (l *NamedLocation) same(other NamedLocation) bool {
	sameTime := func(a, b *time.Time) bool { return (a == nil) == (b == nil) && (a == nil || a.Equal(*b)) }
	return l.DisplayName == other.DisplayName && l.Kind == other.Kind && l.IsTrusted == other.IsTrusted &&
		sameTime(l.Created, other.Created) && sameTime(l.Modified, other.Modified) && slices.Equal(l.Ranges, other.Ranges)
}

// Find is a location by its id. One that the list does not show is read by itself, and a 404 is believed only once it has
// lasted.
func (l *NamedLocations) Find(ctx context.Context, id string) (NamedLocation, error) {
	locations, err := l.All(ctx)
	if err != nil {
		return NamedLocation{}, err
	}
	for _, location := range locations {
		if strings.EqualFold(location.ID, id) {
			return location, nil
		}
	}
	return l.client.FindNamedLocation(ctx, id)
}

// observation is a look at one location.
type observation struct {
	id string
	// fine tells what is expected, and believed as soon as it is seen.
	fine func(NamedLocation) bool
	// accepted is the last write of the location.
	accepted graph.Acceptance
	// looks is how many lists there have to be.
	looks int
	// missingOnce says not to wait for a location that no list shows.
	missingOnce bool
}

// sighting is what the lists of a run say of one location.
type sighting struct {
	// shown is the location as it is expected; nil where no list shows it so, or one shows it otherwise and changed later.
	shown *NamedLocation
	// other is the location as the lists show it otherwise, the latest one; nil where none shows it.
	other *NamedLocation
	// first and last are when the first and the last list came, and looks is how many there are.
	first, last time.Time
	looks       int
}

func (l *NamedLocations) sight(ctx context.Context, o observation) (sighting, error) {
	var s sighting
	err := l.locked(ctx, o.looks, func(last look) {
		s = sighting{first: l.looks[0].at, last: last.at, looks: len(l.looks)}
		if own, written := l.written(o.id, last); written && own != nil && o.fine(*own) {
			s.shown = own
			return
		}
		for _, seen := range l.looks {
			location := seen.find(o.id)
			switch {
			case location == nil:
			case o.fine(*location):
				if s.shown == nil || !s.shown.newer(location) {
					s.shown = location
				}
			case s.other == nil || !s.other.newer(location):
				s.other = location
			}
		}
		// A replica that is behind shows what is expected, too.
		if s.shown != nil && s.other != nil && s.other.newer(s.shown) {
			s.shown = nil
		}
	})
	return s, err
}

// Observe finds a location that is expected to be as it was last seen or written, and believes something else only once it
// has lasted: for some time after a write, replicas answer with old and new by turns. accepted is the last write of the
// location; within Consistency.Timeout of it, a location that is missing, or not newer than the write, is looked for again.
// gone is true only of a 404 of the location itself.
func (l *NamedLocations) Observe(ctx context.Context, expected NamedLocation, accepted graph.Acceptance) (location NamedLocation, gone bool, err error) {
	return l.observe(ctx, observation{
		id: expected.ID, accepted: accepted, looks: 1,
		fine: func(seen NamedLocation) bool { return seen.Shows(expected) },
	})
}

// maxListAge is how old the list may be by which a write is decided. One list serves all writes of that time, because each
// costs a second.
const maxListAge = time.Minute

// UndoneBy looks at a location before a write, on a list that is no older than a minute, and returns what the write would undo
// that somebody else has done since before was seen; wanted is nil where the location is to be deleted. Only what has lasted,
// and is not an answer from before the last write, is told. A location that cannot be found is nothing: the write will tell.
func (l *NamedLocations) UndoneBy(ctx context.Context, before NamedLocation, wanted *NamedLocation, accepted graph.Acceptance) (NamedLocation, LocationChanges, error) {
	o := observation{
		id: before.ID, accepted: accepted, looks: l.freshLooks(), missingOnce: true,
		fine: func(seen NamedLocation) bool { return !seen.Undoes(before, wanted).Any() },
	}
	location, gone, err := l.observe(ctx, o)
	if err != nil || gone {
		return location, LocationChanges{}, err
	}
	return location, location.Undoes(before, wanted), nil
}

// freshLooks is how many lists there have to be so that the last one is fresh.
func (l *NamedLocations) freshLooks() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if n := len(l.looks); n > 0 && l.client.graph.Clock.Now().Sub(l.looks[n-1].at) < maxListAge {
		return n
	}
	return len(l.looks) + 1
}

func (l *NamedLocations) observe(ctx context.Context, o observation) (location NamedLocation, gone bool, err error) {
	c := l.client
	settled := o.accepted.SettledAt(c.graph.Clock.Now(), c.graph.Consistency().Timeout)
	pause := c.graph.Consistency().Interval
	told := false
	for {
		seen, err := l.sight(ctx, o)
		if err != nil {
			return location, false, err
		}
		if seen.shown != nil {
			return *seen.shown, false, nil
		}
		if seen.other == nil && o.missingOnce {
			location, gone, err = l.confirm(ctx, o.id)
			// From before the last write it says nothing.
			stale := !settled.IsZero() && !o.accepted.Before(location.Modified)
			return location, gone || stale, err
		}
		until := l.believedAt(ctx, o.id, seen, settled, o.accepted)
		now := c.graph.Clock.Now()
		next := seen.last.Add(pause)
		if seen.other != nil && !seen.last.Before(until) {
			return *seen.other, false, nil
		}
		if seen.other == nil && !next.Before(until) {
			if c.graph.Clock.Wait(ctx, max(0, until.Sub(now))) != nil {
				return location, false, graph.Interrupted(ctx, graph.DoingReplicas)
			}
			return l.confirm(ctx, o.id)
		}
		if left := until.Sub(now); left >= graph.NoticeableWait && !told {
			told = true
			c.graph.Logger.InfoContext(ctx, "reading the named locations again, because one of them is not as it was written or last seen",
				slog.String("id", o.id), slog.Int64("at_most_ms", left.Milliseconds()))
		}
		if next.After(until) {
			next = until
		}
		if c.graph.Clock.Wait(ctx, max(0, next.Sub(now))) != nil {
			return location, false, graph.Interrupted(ctx, graph.DoingReplicas)
		}
		o.looks = seen.looks + 1
		pause = min(2*pause, c.graph.Consistency().MaxInterval)
	}
}

// believedAt is from when on what the lists show is believed.
func (l *NamedLocations) believedAt(ctx context.Context, id string, seen sighting, settled time.Time, accepted graph.Acceptance) time.Time {
	c := l.client
	if seen.other != nil {
		until := seen.first.Add(c.graph.Consistency().Drift)
		if settled.After(until) && !accepted.Before(seen.other.Modified) {
			return settled
		}
		return until
	}
	until := seen.first.Add(c.graph.Consistency().Missing)
	if settled.After(until) && !l.inBin(ctx, id) {
		return settled
	}
	return until
}

// confirm reads a location that no list shows.
func (l *NamedLocations) confirm(ctx context.Context, id string) (location NamedLocation, gone bool, err error) {
	location, err = l.client.GetNamedLocation(ctx, id)
	if graph.IsNotFound(err) {
		return location, true, nil
	}
	return location, false, err
}

// inBin reports whether the service lists a location as deleted, so that nobody needs to wait for it. That it does not, or
// that the list cannot be read, says nothing.
func (l *NamedLocations) inBin(ctx context.Context, id string) bool {
	// How old the list of the deleted ones may be: the deletion may be that of a moment ago.
	const fresh = 10 * time.Second
	if l.lock.Lock(ctx, doingLooks) != nil {
		return false
	}
	defer l.lock.Unlock()
	l.mutex.Lock()
	bin, doubts, known := l.bin, l.doubts, l.noBin || l.bin != nil && l.client.graph.Clock.Now().Sub(l.binAt) < fresh
	l.mutex.Unlock()
	if known {
		return bin[strings.ToLower(id)]
	}
	deleted, err := l.client.listDeletedNamedLocations(ctx)
	bin = map[string]bool{}
	for _, location := range deleted {
		bin[strings.ToLower(location.ID)] = true
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	switch {
	case err != nil:
		l.noBin = ctx.Err() == nil
	case l.doubts == doubts:
		l.bin, l.binAt = bin, l.client.graph.Clock.Now()
	}
	return bin[strings.ToLower(id)]
}

// listDeletedNamedLocations reads the locations that the service keeps for 30 days after their deletion.
//
// Source: https://learn.microsoft.com/graph/api/resources/policydeletableitem
func (c *Client) listDeletedNamedLocations(ctx context.Context) ([]namedLocation, error) {
	return graph.List[namedLocation](ctx, c.graph, graph.Call{
		Operation:   "list the deleted named locations",
		Permissions: []string{permissionReadState},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/identity/conditionalAccess/deletedItems/namedLocations",
		Query:       wholeList(),
	})
}
