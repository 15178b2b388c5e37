// Package mfa has the rules of the per-user MFA state: which moves there are, and which are refused. It is pure.
package mfa

import (
	"cmp"
	"fmt"
	"strings"
)

// State is a user's per-user MFA state.
//
// Source: https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates
type State string

// The three states. A user starts disabled; an administrator sets enabled; the service moves an enabled user to
// enforced once a method is registered.
const (
	Disabled State = "disabled"
	Enabled  State = "enabled"
	Enforced State = "enforced"
)

// States lists the states in the order in which a user goes through them.
func States() []State { return []State{Disabled, Enabled, Enforced} }

// ParseState reads a state as it is written in a configuration. Another spelling of the case is refused, and the
// error says the right one: a configuration that is searched and reviewed as text has one spelling.
func ParseState(text string) (State, error) {
	for _, state := range States() {
		if text == string(state) {
			return state, nil
		}
	}
	for _, state := range States() {
		if strings.EqualFold(strings.TrimSpace(text), string(state)) {
			return "", fmt.Errorf("the state %q is spelled %q", text, state)
		}
	}
	return "", fmt.Errorf("there is no per-user MFA state %q; use %q, %q or %q", text, Disabled, Enabled, Enforced)
}

// Satisfies reports whether a user in this state has what the wanted state asks for. Enforced satisfies enabled,
// because the service promotes enabled users by itself.
func (s State) Satisfies(want State) bool {
	return s == want || (s == Enforced && want == Enabled)
}

// Weakens reports whether a move from this state to another takes per-user MFA away from the user.
func (s State) Weakens(to State) bool {
	return s != Disabled && to == Disabled
}

// OverwritesAChange reports whether a move to a state would undo what somebody did after the caller last knew the user: take away
// per-user MFA that the user was not known to have, or give back what was taken away. What the service does by itself, a
// promotion, is not such a change, and neither is what goes in the direction of the move already. An empty known state knows nothing.
func OverwritesAChange(known, found, to State) bool {
	switch {
	case known == "" || found == known:
		return false
	case to == Disabled:
		return known == Disabled
	}
	return known != Disabled && found == Disabled
}

// ChangedError is the refusal of a move that OverwritesAChange. Nothing was written.
type ChangedError struct {
	// User names the user, by user principal name where it is known.
	User string
	// Known is the state that the user was last known to have, Found the one that they have, and To the one that was wanted.
	Known, Found, To State
}

// Error names the user and the change.
func (e *ChangedError) Error() string {
	return fmt.Sprintf("the per-user MFA state of %s is %q and was %q when it was decided to set it to %q: somebody has changed it since",
		e.User, e.Found, e.Known, e.To)
}

// TransitionReason says why a transition is refused.
type TransitionReason string

const (
	// ReasonDirectMove refuses disabled to enforced in one step.
	ReasonDirectMove TransitionReason = "direct_move"
	// ReasonNotOptedIn refuses enabled to enforced without the opt-in to writing enforced.
	ReasonNotOptedIn TransitionReason = "not_opted_in"
	// ReasonNotRegistered refuses enforced for a user who has no MFA method registered.
	ReasonNotRegistered TransitionReason = "not_registered"
)

// TransitionError is the refusal of a transition. Nothing was written.
type TransitionError struct {
	// User names the user, by user principal name where it is known.
	User   string
	From   State
	To     State
	Reason TransitionReason
}

// Error names the user, the move and the reason.
func (e *TransitionError) Error() string {
	user := cmp.Or(e.User, "the user")
	text := fmt.Sprintf("the per-user MFA state of %s cannot move from %s to %s", user, e.From, e.To)
	switch e.Reason {
	case ReasonDirectMove:
		text += " in one step"
	case ReasonNotOptedIn:
		text += " before the service moves it, without an opt-in"
	case ReasonNotRegistered:
		text += " without a registered MFA method"
	}
	return text
}

// TransitionFacts is what decides about a move to enforced.
type TransitionFacts struct {
	// AllowPromotion is the opt-in to writing enforced.
	AllowPromotion bool
	// Registered says that the user has an MFA method registered.
	Registered bool
}

// Transition is a permitted move.
type Transition struct {
	From State
	To   State
	// Writes are the states to write, in order; empty where the present state satisfies the wanted one.
	// After a write of enabled the state has to be read back: the service may have promoted the user already.
	Writes []State
}

// NeedsRegistrationCheck reports whether PlanTransition depends on the user's registered methods, so that they are
// read only where they decide something.
func NeedsRegistrationCheck(from, to State, allowPromotion bool) bool {
	return to == Enforced && !from.Satisfies(to) && allowPromotion
}

// PlanTransition decides what a move from one state to another takes. It is the one place that knows the rules:
//
//	from \ to   disabled        enabled         enforced
//	disabled    nothing         write           refused; registered and opted in: by way of enabled
//	enabled     write           nothing         refused; registered and opted in: write
//	enforced    write           nothing         nothing
//
// A state that this version does not know may be left for disabled or enabled, and counts as disabled on the way to
// enforced. The refusal is a *TransitionError.
func PlanTransition(from, to State, facts TransitionFacts) (Transition, error) {
	move := Transition{From: from, To: to}
	if from.Satisfies(to) {
		return move, nil
	}
	if to != Enforced {
		move.Writes = []State{to}
		return move, nil
	}

	refusal := &TransitionError{From: from, To: to}
	switch {
	case !facts.AllowPromotion && from == Enabled:
		refusal.Reason = ReasonNotOptedIn
	case !facts.AllowPromotion:
		refusal.Reason = ReasonDirectMove
	case !facts.Registered:
		refusal.Reason = ReasonNotRegistered
	case from == Enabled:
		move.Writes = []State{Enforced}
		return move, nil
	default:
		move.Writes = []State{Enabled, Enforced}
		return move, nil
	}
	return Transition{}, refusal
}
