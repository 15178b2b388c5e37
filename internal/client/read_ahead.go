package client

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"
)

// readAhead holds what was asked for of users before anybody came for them. It is never older than its client, each user
// is read ahead once at most, and what was read ahead is used once. adr/0001-read-ahead.md says why.
type readAhead struct {
	client *Client

	mutex sync.Mutex
	// users are those for whom nobody has come yet, by id in lower case.
	users map[string]*userAhead
	// past are those for whom somebody has come, and those who were written: they are not read ahead any more.
	past map[string]bool
}

// userAhead is what is read of a user, each part in its own request.
type userAhead struct {
	object *userLookUp
	state  *batchItem
}

func newReadAhead(client *Client) *readAhead {
	return &readAhead{client: client, users: map[string]*userAhead{}, past: map[string]bool{}}
}

// ObserveUser reads a user and their state, as GetUser and ObserveUserMFAState do. Of the given user only the ID counts; a
// name serves messages. The hints are the ids of users who will probably be observed soon. They are read ahead: in the
// requests that this user needs, or in full batches. The first observation of such a user then takes what is there.
//
// What was read ahead in vain says nothing: the user is read again when somebody comes for them. The error for a user who is
// not there any more is ErrUserGone, which UserGone has confirmed.
func (c *Client) ObserveUser(ctx context.Context, user User, expected MFAState, hints []string) (found User, state MFAState, err error) {
	err = c.orGone(ctx, user, 0, func() (err error) {
		found, state, err = c.observeUser(ctx, user, expected, hints)
		return err
	})
	return found, state, err
}

func (c *Client) observeUser(ctx context.Context, user User, expected MFAState, hints []string) (User, MFAState, error) {
	ahead, asked := c.readAhead.come(ctx, user, hints)
	if ahead == nil {
		found, err := c.GetUser(ctx, user.ID)
		if err != nil {
			return User{}, "", err
		}
		state, err := c.ObserveUserMFAState(ctx, found, expected)
		return found, state, err
	}
	found, ok := c.userLookUps.await(ctx, ahead.object)
	if !ok {
		var err error
		if found, err = c.GetUser(ctx, user.ID); err != nil {
			c.gatherer(ahead.state.call).abandon(ahead.state)
			return User{}, "", err
		}
	}
	first, err := c.stateAhead(ctx, ahead.state)
	if err != nil && asked {
		return found, "", err
	}
	state, err := c.observeUserMFAState(ctx, found, expected, first)
	return found, state, err
}

// stateAhead waits for a state that was asked for already. It is empty where there is an error.
func (c *Client) stateAhead(ctx context.Context, item *batchItem) (MFAState, error) {
	got, err := c.gatherer(item.call).await(ctx, item)
	if err != nil {
		return "", err
	}
	return c.decodeUserMFAState(got, item.call)
}

// come takes what was read ahead of a user, and has the hinted ones read ahead. Where nothing was, but there are hints, the
// user is asked for together with them; otherwise the caller has to ask, and gets nil. It also reports whether the state
// is asked for on behalf of the caller, so that a failure is the caller's.
func (r *readAhead) come(ctx context.Context, user User, hints []string) (mine *userAhead, asked bool) {
	id := strings.ToLower(user.ID)
	var objects []*userLookUp
	var states []*batchItem
	prepare := func(id string) *userAhead {
		// A read has no body, and nothing else of it could fail.
		state, _ := newBatchItem(ctx, readUserMFAStateCall(User{ID: id}))
		state.ahead = true
		made := &userAhead{object: newUserLookUp(ctx, id), state: state}
		objects, states = append(objects, made.object), append(states, made.state)
		return made
	}

	// Until all is queued, or somebody could come for what nobody would send.
	r.mutex.Lock()
	defer r.mutex.Unlock()
	mine = r.users[id]
	delete(r.users, id)
	if mine == nil && !r.past[id] && len(hints) > 0 && uuid.Validate(id) == nil {
		mine = prepare(id)
	}
	r.past[id] = true
	for _, hint := range hints {
		hint = strings.ToLower(hint)
		if r.users[hint] == nil && !r.past[hint] && uuid.Validate(hint) == nil {
			r.users[hint] = prepare(hint)
		}
	}
	call := readUserMFAStateCall(user)
	if mine == nil {
		r.client.userLookUps.add(objects, nil)
		r.client.gatherer(call).anticipate(ctx, states, nil, call)
		return nil, false
	}
	r.client.userLookUps.add(objects, mine.object)
	return mine, r.client.gatherer(call).anticipate(ctx, states, mine.state, call)
}

// forget drops what was read ahead of a user who is about to be written, and what is under way.
func (r *readAhead) forget(userID string) {
	id := strings.ToLower(userID)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.past[id] = true
	if dropped := r.users[id]; dropped != nil {
		delete(r.users, id)
		r.client.gatherer(dropped.state.call).drop(dropped.state)
	}
}

// anticipate queues items that are to be read ahead. For the wanted one, which may be among them, queued already, on its
// way or back, somebody waits from now on. It reports whether the wanted one is sent for that somebody, as the call.
func (g *gatherer) anticipate(ctx context.Context, items []*batchItem, wanted *batchItem, call call) (asked bool) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for _, item := range items {
		g.ahead.push(item)
	}
	if wanted != nil && wanted.queue == &g.ahead {
		g.ahead.waiting--
		wanted.ahead, wanted.ctx, wanted.call = false, ctx, call
		g.queue.push(wanted)
		asked = true
	}
	g.dispatch()
	return asked
}

// drop leaves an item out that was to be read ahead and has not left yet.
func (g *gatherer) drop(item *batchItem) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if item.queue == &g.ahead {
		item.over = true
		g.ahead.waiting--
	}
}

// aheadMayLeave is how many items may leave that nobody waits for: all, or none where the service is short of what somebody
// waits for. The mutex is held.
func (g *gatherer) aheadMayLeave() int {
	if g.ahead.waiting > 0 && !g.paces.free(ClassAuthentication) {
		return 0
	}
	return g.ahead.waiting
}

// free reports whether a request of a class would not have to wait.
func (p pacePolicy) free(class RateClass) bool {
	wait, giveBack := p.paces[class].reserve(p.clock.Now())
	giveBack()
	return wait <= 0
}

// repeatedWhile makes a context under which a request is repeated only while somebody waits for it.
func repeatedWhile(ctx context.Context, options policy.RetryOptions, awaited func() bool) context.Context {
	repeat := options.ShouldRetry
	options.ShouldRetry = func(response *http.Response, err error) bool { return awaited() && repeat(response, err) }
	return policy.WithRetryOptions(ctx, options)
}
