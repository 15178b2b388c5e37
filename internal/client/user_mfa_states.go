package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// Bounds of work on many users.
const (
	// usersInFlight is how many users are worked on at a time: enough for a full batch of 20 to be ready whenever one may
	// leave, also while some users are read and others written. With fewer, batches leave half empty.
	usersInFlight = 400
	// usersTogether is how many users are set together: enough for full batches, and few enough for an interrupted apply to
	// leave little that was written and not read back.
	usersTogether = 1000
	// failuresInARow is after how many failures without a success between them the rest is not tried any more: what
	// fails for so many fails for a reason that is not theirs.
	failuresInARow = 20
)

var (
	// ErrNotTried is the outcome for a user to whom the work did not get.
	ErrNotTried = errors.New("not tried")
	// ErrUserGone is the outcome for a user who does not exist any more, which UserGone has confirmed.
	ErrUserGone = errors.New("the user does not exist any more")
)

// Outcome is what came of one user of many.
type Outcome[T any] struct {
	Value T
	Err   error
}

// crew works on many items at a time.
type crew struct {
	mutex    sync.Mutex
	next     int
	done     int
	inARow   int
	progress func(done int)
}

// take hands out the next item. It has none after the end of the context, and after too many failures.
func (w *crew) take(ctx context.Context, items int) (int, bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.next >= items || w.inARow >= failuresInARow || ctx.Err() != nil {
		return 0, false
	}
	w.next++
	return w.next - 1, true
}

// finish counts an item. That a user is not there or may not be moved is an answer, and no failure of the work.
func (w *crew) finish(err error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.done++
	var refusal *mfa.TransitionError
	var changed *mfa.ChangedError
	switch {
	case err == nil, graph.IsNotFound(err), errors.Is(err, ErrUserGone), errors.As(err, &refusal), errors.As(err, &changed):
		w.inARow = 0
	default:
		w.inARow++
	}
	if w.progress != nil {
		w.progress(w.done)
	}
}

// each does something for every item, many at a time, and returns an outcome for each. It returns when all that was
// begun has ended; what was not begun by then is ErrNotTried.
func each[I, O any](ctx context.Context, items []I, progress func(done int), do func(ctx context.Context, item I) (O, error)) []Outcome[O] {
	outcomes := make([]Outcome[O], len(items))
	for i := range outcomes {
		outcomes[i].Err = ErrNotTried
	}
	work := &crew{progress: progress}
	var workers sync.WaitGroup
	for range min(usersInFlight, len(items)) {
		workers.Go(func() {
			for {
				i, more := work.take(ctx, len(items))
				if !more {
					return
				}
				outcomes[i].Value, outcomes[i].Err = do(ctx, items[i])
				work.finish(outcomes[i].Err)
			}
		})
	}
	workers.Wait()
	for i := range outcomes {
		if errors.Is(outcomes[i].Err, ErrNotTried) {
			outcomes[i].Err = notTried(ctx)
		}
	}
	return outcomes
}

// notTried is ErrNotTried, with the end of the context where that is why.
func notTried(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ErrNotTried, context.Cause(ctx))
	}
	return ErrNotTried
}

// FindUsers is FindUser for many keys.
func (c *Client) FindUsers(ctx context.Context, keys []string, patience time.Duration, progress func(done int)) []Outcome[User] {
	return each(ctx, keys, progress, func(ctx context.Context, key string) (User, error) {
		return c.FindUser(ctx, key, patience)
	})
}

// FindLicensedUsers is FindUsers with the licenses of each.
func (c *Client) FindLicensedUsers(ctx context.Context, keys []string, patience time.Duration, progress func(done int)) []Outcome[User] {
	return each(ctx, keys, progress, func(ctx context.Context, key string) (User, error) {
		return c.findUser(ctx, key, licensedUserSelect, patience)
	})
}

// UserAndState is a user and a state that is expected of them, or wanted.
type UserAndState struct {
	User  User
	State mfa.State
	// New says that the user may have been made a moment ago, and Known is the state that they were last known to have, as in
	// SetOptions.
	New   bool
	Known mfa.State
}

// ObserveUserMFAStates is ObserveUserMFAState for many users, one request for each. The outcome of a user who is not
// there any more is ErrUserGone; every other error says nothing about the user.
func (c *Client) ObserveUserMFAStates(ctx context.Context, users []UserAndState, progress func(done int)) []Outcome[mfa.State] {
	return each(ctx, users, progress, func(ctx context.Context, user UserAndState) (mfa.State, error) {
		var state mfa.State
		err := c.orGone(ctx, user.User, 0, func() (err error) {
			state, err = c.ObserveUserMFAState(ctx, user.User, user.State)
			return err
		})
		return state, err
	})
}

// FindUserMFAStates is FindUserMFAState for many users. The outcome of a user who is not there any more is ErrUserGone.
func (c *Client) FindUserMFAStates(ctx context.Context, users []User, patience time.Duration, progress func(done int)) []Outcome[mfa.State] {
	return each(ctx, users, progress, func(ctx context.Context, user User) (mfa.State, error) {
		var state mfa.State
		err := c.orGone(ctx, user, patience, func() (err error) {
			state, err = c.FindUserMFAState(ctx, user, patience)
			return err
		})
		return state, err
	})
}

// orGone does something about a user, and makes ErrUserGone of a 404 that is the user's own. Where Graph finds the user all
// the same, replicas do not agree about them, and it is done again until they do, unless the 404 was waited out already.
func (c *Client) orGone(ctx context.Context, user User, waitedOut time.Duration, do func() error) error {
	err := do()
	if !graph.IsNotFound(err) {
		return err
	}
	gone, goneErr := c.UserGone(ctx, user.ID)
	switch {
	case gone:
		return ErrUserGone
	case goneErr != nil:
		return goneErr
	case waitedOut > 0:
		return err
	}
	return c.graph.UntilKnown(ctx, c.graph.Consistency().Missing, do)
}

// UserMove is a user, the state that they have and the one that is wanted.
type UserMove struct {
	User     User
	From, To mfa.State
}

// CheckUserMFAStates is CheckUserMFAState for many users.
func (c *Client) CheckUserMFAStates(ctx context.Context, moves []UserMove, allowPromotion bool, patience time.Duration) []Outcome[mfa.Transition] {
	return each(ctx, moves, nil, func(ctx context.Context, move UserMove) (mfa.Transition, error) {
		return c.CheckUserMFAState(ctx, move.User, move.From, move.To, allowPromotion, patience)
	})
}

// SetUserMFAStates is SetUserMFAState for many users. The value of an outcome with an error says what was written
// before it. The outcome of a user who is not there any more is ErrUserGone.
//
// Users take the steps together, a thousand at a time: all are read, then written, then read back. One by one, a batch
// would hold what happens to come together of all three.
func (c *Client) SetUserMFAStates(ctx context.Context, users []UserAndState, allowPromotion bool, progress func(done int)) []Outcome[SetResult] {
	outcomes := make([]Outcome[SetResult], 0, len(users))
	complete := true
	for together := range slices.Chunk(users, usersTogether) {
		if !complete {
			break
		}
		set := c.setTogether(ctx, together, allowPromotion, func(done int) {
			if progress != nil {
				progress(len(outcomes) + done)
			}
		})
		complete = !slices.ContainsFunc(set, func(outcome Outcome[SetResult]) bool { return errors.Is(outcome.Err, ErrNotTried) })
		outcomes = append(outcomes, set...)
	}
	for len(outcomes) < len(users) {
		outcomes = append(outcomes, Outcome[SetResult]{Err: notTried(ctx)})
	}
	return outcomes
}

func (c *Client) setTogether(ctx context.Context, users []UserAndState, allowPromotion bool, progress func(done int)) []Outcome[SetResult] {
	changes := make([]*stateChange, len(users))
	outcomes := make([]Outcome[SetResult], len(users))
	left := make([]int, len(users))
	for i, user := range users {
		changes[i] = c.newStateChange(user.User, user.State, SetOptions{AllowPromotion: allowPromotion, NewUser: user.New, Known: user.Known})
		left[i] = i
	}
	// step has those take a step whose steps before it went well.
	step := func(progress func(done int), take func(ctx context.Context, change *stateChange) error) {
		taken := each(ctx, left, progress, func(ctx context.Context, i int) (struct{}, error) {
			return struct{}{}, changes[i].take(ctx, func(ctx context.Context) error { return take(ctx, changes[i]) })
		})
		var next []int
		for n, i := range left {
			outcomes[i].Err = taken[n].Err
			if taken[n].Err == nil {
				next = append(next, i)
			}
		}
		left = next
	}
	step(nil, func(ctx context.Context, change *stateChange) error { return change.look(ctx) })
	failed := len(users) - len(left)
	step(func(done int) { progress(failed + done) }, func(ctx context.Context, change *stateChange) error { return change.write(ctx) })
	for n, outcome := range each(ctx, left, nil, func(ctx context.Context, i int) (struct{}, error) {
		changes[i].confirm(ctx)
		return struct{}{}, changes[i].result.Unconfirmed
	}) {
		// Accepted is accepted: that it was not read back is no failure.
		if change := changes[left[n]]; change.unseen {
			change.result.Unconfirmed = outcome.Err
		}
	}
	for i, change := range changes {
		outcomes[i].Value = change.result
		if outcomes[i].Err == nil {
			outcomes[i].Err = change.outcome()
		}
	}
	return outcomes
}

// ListUsers reads all users of the tenant with their licenses, guests included. It needs User.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/user-list
func (c *Client) ListUsers(ctx context.Context) ([]User, error) {
	return graph.List[User](ctx, c.graph, graph.Call{
		Operation:   "list the users of the tenant",
		Permissions: userReadPermissions,
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/users",
		Query:       url.Values{"$select": {licensedUserSelect}, "$top": {"999"}},
	})
}
