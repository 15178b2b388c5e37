package client

import (
	"context"
	"strings"
	"sync"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/guid"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
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
	state  *graph.BatchItem
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
func (c *Client) ObserveUser(ctx context.Context, user User, expected mfa.State, hints []string) (found User, state mfa.State, err error) {
	err = c.orGone(ctx, user, 0, func() (err error) {
		found, state, err = c.observeUser(ctx, user, expected, hints)
		return err
	})
	return found, state, err
}

func (c *Client) observeUser(ctx context.Context, user User, expected mfa.State, hints []string) (User, mfa.State, error) {
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
			c.graph.Abandon(ahead.state)
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
func (c *Client) stateAhead(ctx context.Context, item *graph.BatchItem) (mfa.State, error) {
	got, err := c.graph.Await(ctx, item)
	if err != nil {
		return "", err
	}
	return c.decodeUserMFAState(got, item.Call)
}

// come takes what was read ahead of a user, and has the hinted ones read ahead. Where nothing was, but there are hints, the
// user is asked for together with them; otherwise the caller has to ask, and gets nil. It also reports whether the state
// is asked for on behalf of the caller, so that a failure is the caller's.
func (r *readAhead) come(ctx context.Context, user User, hints []string) (mine *userAhead, asked bool) {
	id := strings.ToLower(user.ID)
	var objects []*userLookUp
	var states []*graph.BatchItem
	prepare := func(id string) *userAhead {
		// A read has no body, and nothing else of it could fail.
		state, _ := graph.NewPrefetch(ctx, readUserMFAStateCall(User{ID: id}))
		made := &userAhead{object: newUserLookUp(ctx, id), state: state}
		objects, states = append(objects, made.object), append(states, made.state)
		return made
	}

	// Until all is queued, or somebody could come for what nobody would send.
	r.mutex.Lock()
	defer r.mutex.Unlock()
	mine = r.users[id]
	delete(r.users, id)
	if mine == nil && !r.past[id] && len(hints) > 0 && guid.Is(id) {
		mine = prepare(id)
	}
	r.past[id] = true
	for _, hint := range hints {
		hint = strings.ToLower(hint)
		if r.users[hint] == nil && !r.past[hint] && guid.Is(hint) {
			r.users[hint] = prepare(hint)
		}
	}
	call := readUserMFAStateCall(user)
	if mine == nil {
		r.client.userLookUps.add(objects, nil)
		r.client.graph.Prefetch(ctx, states, nil, call)
		return nil, false
	}
	r.client.userLookUps.add(objects, mine.object)
	return mine, r.client.graph.Prefetch(ctx, states, mine.state, call)
}

// forget drops what was read ahead of a user who is about to be written, and what is under way.
func (r *readAhead) forget(userID string) {
	id := strings.ToLower(userID)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.past[id] = true
	if dropped := r.users[id]; dropped != nil {
		delete(r.users, id)
		r.client.graph.Drop(dropped.state)
	}
}
