package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// strongAuthenticationRequirements is Graph's name for what holds the per-user state.
//
// Source: https://learn.microsoft.com/graph/api/resources/strongauthenticationrequirements?view=graph-rest-beta
type strongAuthenticationRequirements struct {
	PerUserMFAState mfa.State `json:"perUserMfaState"`
}

// The per-user state is a policy permission, although its path is a user's.
//
// Source: https://learn.microsoft.com/graph/api/authentication-update?view=graph-rest-beta
const (
	permissionReadState  = "Policy.Read.All"
	permissionWriteState = "Policy.ReadWrite.AuthenticationMethod"
)

// GetUserMFAState reads a user's per-user MFA state. It needs Policy.Read.All. The endpoint exists on beta only.
//
// Source: https://learn.microsoft.com/graph/api/authentication-get?view=graph-rest-beta
func (c *Client) GetUserMFAState(ctx context.Context, user User) (mfa.State, error) {
	call := readUserMFAStateCall(user)
	got, err := c.graph.Do(ctx, call)
	if err != nil {
		return "", err
	}
	return c.decodeUserMFAState(got, call)
}

// FindUserMFAState is GetUserMFAState for a user who was found a moment ago: a 404 is believed only once it has lasted for
// the given time, because the replica that answers may not know a new user whom another one knows.
func (c *Client) FindUserMFAState(ctx context.Context, user User, patience time.Duration) (state mfa.State, err error) {
	err = c.graph.UntilKnown(ctx, patience, func() error {
		var err error
		state, err = c.GetUserMFAState(ctx, user)
		return err
	})
	return state, err
}

func readUserMFAStateCall(user User) graph.Call {
	return graph.Call{
		Operation:   fmt.Sprintf("read the per-user MFA state of %q", user.Name()),
		Permissions: []string{permissionReadState, permissionWriteState},
		Method:      http.MethodGet,
		Version:     graph.Beta,
		Path:        UserPath(user.ID) + "/authentication/requirements",
		Gather:      true,
	}
}

func (c *Client) decodeUserMFAState(got graph.Answer, call graph.Call) (mfa.State, error) {
	var requirements strongAuthenticationRequirements
	if err := c.graph.Explain(call, got.Decode(call, &requirements)); err != nil {
		return "", err
	}
	if requirements.PerUserMFAState == "" {
		return "", &graph.Error{Operation: call.Operation, Status: http.StatusOK, Message: "the answer holds no perUserMfaState"}
	}
	return requirements.PerUserMFAState, nil
}

// ObserveUserMFAState reads a user's state and believes one that does not satisfy the expected state only once it has
// lasted: for some time after a write, replicas answer with the old and the new state by turns, and that is no change.
// An empty expectation is satisfied by anything.
func (c *Client) ObserveUserMFAState(ctx context.Context, user User, expected mfa.State) (mfa.State, error) {
	return c.observeUserMFAState(ctx, user, expected, "")
}

// observeUserMFAState takes over what was read a moment ago, where that is not empty.
func (c *Client) observeUserMFAState(ctx context.Context, user User, expected, first mfa.State) (mfa.State, error) {
	return c.awaitUserMFAState(ctx, user, expected, first, c.graph.Consistency().Drift)
}

// awaitUserMFAState believes a state that does not satisfy the expected one once it has lasted for the given time.
func (c *Client) awaitUserMFAState(ctx context.Context, user User, expected, first mfa.State, patience time.Duration) (mfa.State, error) {
	state := first
	err := c.graph.Until(ctx, patience, func() (bool, error) {
		var err error
		if first == "" {
			state, err = c.GetUserMFAState(ctx, user)
		}
		first = ""
		return err != nil || expected == "" || state.Satisfies(expected), err
	})
	return state, err
}

func (c *Client) putUserMFAState(ctx context.Context, user User, state mfa.State) error {
	c.readAhead.forget(user.ID)
	// Noted before the service has it: an answer that is lost may have been a write.
	c.ownStates.note(user.ID, state, c.graph.Clock.Now())
	err := c.graph.Send(ctx, graph.Call{
		Operation:   fmt.Sprintf("set the per-user MFA state of %q to %q", user.Name(), state),
		Permissions: []string{permissionWriteState},
		Method:      http.MethodPatch,
		Version:     graph.Beta,
		Path:        UserPath(user.ID) + "/authentication/requirements",
		Gather:      true,
		Body:        strongAuthenticationRequirements{PerUserMFAState: state},
	}, nil)
	var refused *graph.Error
	if errors.As(err, &refused) && refused.Status >= 400 && refused.Status < 500 {
		c.ownStates.forget(user.ID)
	}
	return err
}

// CheckUserMFAState decides whether a user may be moved to a state, without writing anything. The user's registered
// methods are read only where they decide; a 404 is believed once it has lasted for the given time, as FindUserMFAState
// does. A refusal is a *TransitionError that names the user. No rule refuses to give back what this process has taken a moment ago.
func (c *Client) CheckUserMFAState(ctx context.Context, user User, from, to mfa.State, allowPromotion bool, patience time.Duration) (mfa.Transition, error) {
	move, err := c.planMove(ctx, user, from, to, allowPromotion, patience)
	var refusal *mfa.TransitionError
	if errors.As(err, &refusal) && c.givesBack(user, to) {
		return mfa.Transition{Writes: givenBack()}, nil
	}
	return move, err
}

// givesBack reports whether a move gives back what another step of this process has taken: it has disabled the user a moment ago.
func (c *Client) givesBack(user User, to mfa.State) bool {
	return to != mfa.Disabled && c.ownStates.disabled(user.ID, c.graph.Clock.Now(), c.graph.Consistency().Timeout)
}

// givenBack is what is written where the rules refuse the whole way back: the service promotes a user who has registered.
func givenBack() []mfa.State { return []mfa.State{mfa.Enabled} }

// planMove is CheckUserMFAState by the rules alone.
func (c *Client) planMove(ctx context.Context, user User, from, to mfa.State, allowPromotion bool, patience time.Duration) (mfa.Transition, error) {
	facts := mfa.TransitionFacts{AllowPromotion: allowPromotion}
	if mfa.NeedsRegistrationCheck(from, to, allowPromotion) {
		err := c.graph.UntilKnown(ctx, patience, func() (err error) {
			facts.Registered, err = c.IsRegisteredForMFA(ctx, user)
			return err
		})
		if err != nil {
			return mfa.Transition{}, err
		}
	}
	move, err := mfa.PlanTransition(from, to, facts)
	var refusal *mfa.TransitionError
	if errors.As(err, &refusal) {
		refusal.User = user.Name()
	}
	return move, err
}

// SetOptions are what a caller may choose of a change of state.
type SetOptions struct {
	// AllowPromotion permits enforced for a user with a registered method.
	AllowPromotion bool
	// NewUser says that the user may have been made a moment ago: a 404 is waited out.
	NewUser bool
	// Known is the state that the user was last known to have. A replica that answers otherwise may not know of the write
	// that made it so; where the answer lasts, and the move OverwritesAChange, it is refused. Empty where nobody knows.
	Known mfa.State
}

// SetResult is what came of a change of state.
type SetResult struct {
	// Before is the state that was found.
	Before mfa.State
	// Effective is the state that the user has now, as far as it is known: see Unconfirmed.
	Effective mfa.State
	// Written are the states that were written, in order.
	Written []mfa.State
	// Unconfirmed is why the last write could not be read back. The service accepted it all the same, and Effective is
	// what was written.
	Unconfirmed error
}

// SetUserMFAState moves a user to a state, by the rules of PlanTransition: it reads the present state, writes what is
// missing and reads back until the replicas show it. Where the present state satisfies the wanted one nothing is
// written, except that a user who was last known to have per-user MFA is disabled whatever a replica says: that it is so
// already could be an answer from before. With an error, Written still says what was written before it. The error for a
// user who is not there any more is ErrUserGone; a 404 about a user whom Graph finds all the same is waited out.
//
// Source: https://learn.microsoft.com/graph/api/authentication-update?view=graph-rest-beta
func (c *Client) SetUserMFAState(ctx context.Context, user User, to mfa.State, options SetOptions) (SetResult, error) {
	change := c.newStateChange(user, to, options)
	err := change.take(ctx, change.look)
	if err == nil {
		err = change.take(ctx, change.write)
	}
	if err == nil {
		change.confirm(ctx)
		err = change.outcome()
	}
	return change.result, err
}

// stateChange is a change of a user's state in three steps, so that many users can take each of them together.
type stateChange struct {
	client  *Client
	user    User
	to      mfa.State
	options SetOptions
	// patience is how long a 404 is waited out.
	patience time.Duration
	// writes are the states to write, in order, and done is how many of them are done with.
	writes []mfa.State
	done   int
	// unseen says that the last write was not read back yet.
	unseen bool
	// refusal is why only a part of what is wanted can be given back.
	refusal *mfa.TransitionError
	result  SetResult
}

func (c *Client) newStateChange(user User, to mfa.State, options SetOptions) *stateChange {
	change := &stateChange{client: c, user: user, to: to, options: options}
	if options.NewUser {
		change.patience = c.graph.Consistency().NewObject
	}
	return change
}

// take takes a step; where Graph answers 404 it finds out whether the user is gone.
func (s *stateChange) take(ctx context.Context, step func(ctx context.Context) error) error {
	return s.client.orGone(ctx, s.user, s.patience, func() error { return step(ctx) })
}

// look reads the present state and decides what is to be written.
func (s *stateChange) look(ctx context.Context) error {
	known, patience := s.options.Known, s.client.graph.Consistency().Drift
	expected := known
	switch {
	case s.to != mfa.Disabled:
	case known == mfa.Disabled:
		// Another answer refuses the move, so it has to last for longer than one that is only written over.
		patience = s.client.graph.Consistency().Missing
	default:
		// Whatever it is, it is written.
		expected = ""
	}
	err := s.client.graph.UntilKnown(ctx, s.patience, func() (err error) {
		s.result.Before, err = s.client.awaitUserMFAState(ctx, s.user, expected, "", patience)
		return err
	})
	if err != nil {
		return err
	}
	givesBack := s.client.givesBack(s.user, s.to)
	if givesBack {
		// Any other answer is from before the user was disabled.
		s.result.Before = mfa.Disabled
		if known != "" {
			known = mfa.Disabled
		}
	}
	s.result.Effective = s.result.Before
	if mfa.OverwritesAChange(known, s.result.Before, s.to) {
		return &mfa.ChangedError{User: s.user.Name(), Known: known, Found: s.result.Before, To: s.to}
	}
	if s.options.Known != "" && s.options.Known.Weakens(s.to) {
		s.writes = []mfa.State{mfa.Disabled}
		return nil
	}
	move, err := s.client.planMove(ctx, s.user, s.result.Before, s.to, s.options.AllowPromotion, s.patience)
	s.writes = move.Writes
	var refusal *mfa.TransitionError
	if givesBack && errors.As(err, &refusal) {
		s.writes, s.refusal = givenBack(), refusal
		return nil
	}
	return err
}

// outcome is the refusal of a move that was given back in part only.
func (s *stateChange) outcome() error {
	if s.refusal == nil || s.result.Effective.Satisfies(s.to) {
		return nil
	}
	return s.refusal
}

// write writes what is to be written, and reads back each write but the last.
func (s *stateChange) write(ctx context.Context) error {
	for ; s.done < len(s.writes); s.done++ {
		next := s.writes[s.done]
		s.confirm(ctx)
		// The service may have promoted the user already, after the write of enabled.
		if s.done > 0 && s.result.Effective.Satisfies(next) {
			continue
		}
		// As long as nobody has seen the first write, the second would be the direct move that is always refused.
		if s.result.Unconfirmed != nil {
			return fmt.Errorf("unable to set the per-user MFA state of %q to %q: the step before it cannot be seen: %w",
				s.user.Name(), next, s.result.Unconfirmed)
		}
		err := s.client.graph.UntilKnown(ctx, s.patience, func() error { return s.client.putUserMFAState(ctx, s.user, next) })
		if err != nil {
			return err
		}
		s.result.Written = append(s.result.Written, next)
		s.result.Effective, s.unseen = next, true
	}
	return nil
}

// confirm reads the last write back, where that was not done yet.
func (s *stateChange) confirm(ctx context.Context) {
	if !s.unseen {
		return
	}
	s.unseen = false
	s.result.Effective, s.result.Unconfirmed = s.client.confirmUserMFAState(ctx, s.user, s.result.Written[len(s.result.Written)-1])
	if s.refusal == nil || s.result.Effective.Satisfies(s.to) {
		return
	}
	// What is given back was wanted and there a moment ago: the service promotes the user again, and a lagging replica may not show it yet.
	if state, err := s.client.awaitUserMFAState(ctx, s.user, s.to, "", s.client.graph.Consistency().Missing); err == nil {
		s.result.Effective = state
	}
}

// confirmUserMFAState reads until the state is one that the write explains. A stale replica answers with the state from
// before the write, which never satisfies the written one: otherwise nothing would have been written. The write itself
// was accepted, so a read that fails does not make it undone.
func (c *Client) confirmUserMFAState(ctx context.Context, user User, written mfa.State) (mfa.State, error) {
	effective, began := written, c.graph.Clock.Now()
	err := c.graph.Until(ctx, c.graph.Consistency().Timeout, func() (bool, error) {
		state, err := c.GetUserMFAState(ctx, user)
		switch {
		case graph.IsNotFound(err):
			// A replica that does not have the user yet.
			return false, err
		case err != nil:
			return true, err
		case !state.Satisfies(written):
			return false, fmt.Errorf("the service accepted %q but still answers %q after %s", written, state, c.graph.Since(began))
		}
		effective = state
		return true, nil
	})
	return effective, err
}

// UserGone reports whether a user does not exist any more. Only Graph's own 404 for the user, one that lasts, says so;
// every other failure is returned as an error, and whoever asks keeps what they know.
func (c *Client) UserGone(ctx context.Context, userID string) (bool, error) {
	_, err := c.FindUser(ctx, userID, c.graph.Consistency().Missing)
	if graph.IsNotFound(err) {
		return true, nil
	}
	return false, err
}
