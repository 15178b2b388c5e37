package client

import (
	"context"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// maxLookUps is how many look-ups are under way at a time. Meanwhile further ids gather for the next.
const maxLookUps = 2

// userLookUps gathers users whose object is looked up by id, a thousand in a request. Nobody waits for a time to pass:
// what somebody waits for leaves as soon as there is a place, with all that has gathered.
type userLookUps struct {
	client *Client

	mutex sync.Mutex
	queue []*userLookUp
	// waiting is for how many of the queue somebody waits.
	waiting int
	flights int
	// forbidden is set once the app turned out not to be permitted to look up by id.
	forbidden bool
}

// userLookUp gives a user or nothing, and nothing says nothing about the user.
type userLookUp struct {
	ctx context.Context
	id  string

	// Under the mutex of the look-ups.
	wanted bool
	flight *lookUpFlight

	// done is closed when the outcome is there.
	done chan struct{}
	user User
	ok   bool
}

// lookUpFlight is a request for users. waiting is for how many of them somebody waits, under the mutex of the look-ups.
type lookUpFlight struct {
	*userLookUps
	users   []*userLookUp
	waiting int
}

// newUserLookUp makes a look-up. The values of the context serve the log.
func newUserLookUp(ctx context.Context, id string) *userLookUp {
	return &userLookUp{ctx: context.WithoutCancel(ctx), id: id, done: make(chan struct{})}
}

// add queues look-ups. For the wanted one, which may be among them or have left, somebody waits from now on.
func (l *userLookUps) add(users []*userLookUp, wanted *userLookUp) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.queue = append(l.queue, users...)
	if l.forbidden {
		l.giveUp()
	}
	if wanted != nil {
		wanted.wanted = true
		*l.counter(wanted)++
	}
	l.dispatch()
}

// counter is what counts those who wait for the likes of a look-up. The mutex is held.
func (l *userLookUps) counter(user *userLookUp) *int {
	if user.flight != nil {
		return &user.flight.waiting
	}
	return &l.waiting
}

// await waits for an outcome, or for the end of the context.
func (l *userLookUps) await(ctx context.Context, user *userLookUp) (User, bool) {
	select {
	case <-user.done:
		return user.user, user.ok
	case <-ctx.Done():
		l.mutex.Lock()
		defer l.mutex.Unlock()
		user.wanted = false
		*l.counter(user)--
		return User{}, false
	}
}

// dispatch lets go what may leave. The mutex is held.
func (l *userLookUps) dispatch() {
	for l.flights < maxLookUps && l.leaves() {
		n := min(len(l.queue), maxGetByIDs)
		f := &lookUpFlight{userLookUps: l, users: l.queue[:n:n]}
		l.queue = l.queue[n:]
		for _, user := range f.users {
			user.flight = f
			if user.wanted {
				l.waiting--
				f.waiting++
			}
		}
		l.flights++
		go f.run()
	}
}

// leaves reports whether a request may leave. Without somebody who waits it does so where it is worth it, and where the
// service does not want to be left alone. The mutex is held.
func (l *userLookUps) leaves() bool {
	return l.waiting > 0 || l.flights == 0 && len(l.queue) >= graph.MaxBatchItems && l.client.graph.Free(graph.ClassDirectory)
}

func (f *lookUpFlight) run() {
	ids := make([]string, 0, len(f.users))
	for _, user := range f.users {
		ids = append(ids, user.id)
	}
	found, err := f.client.UsersByID(graph.RepeatedWhile(f.users[0].ctx, f.client.graph.Retry, f.awaited), ids)

	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, user := range f.users {
		user.user, user.ok = found[user.id]
		close(user.done)
	}
	f.flights--
	if graph.IsForbidden(err) {
		f.forbidden = true
		f.giveUp()
	}
	f.dispatch()
}

// awaited reports whether somebody waits.
func (f *lookUpFlight) awaited() bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.waiting > 0
}

// giveUp leaves everybody who is queued to be read in another way. The mutex is held.
func (l *userLookUps) giveUp() {
	gone := &lookUpFlight{userLookUps: l, users: l.queue}
	for _, user := range l.queue {
		user.flight = gone
		close(user.done)
	}
	l.queue, l.waiting = nil, 0
}
