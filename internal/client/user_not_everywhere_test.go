package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// newcomer is a tenant with one user, whom the replicas that answer for the state and for the methods do not know yet, a few
// times each. Somebody who is gone is known to nobody.
func newcomer(t *testing.T, unknown int, gone bool) *scriptedGraph {
	t.Helper()
	return newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		switch {
		case r.URL == lookUpURL && gone:
			return scriptedAnswer{status: 200, body: `{"value":[]}`}
		case gone, strings.Contains(r.URL, "/authentication/") && n < unknown:
			return refused(404, "Request_ResourceNotFound")
		case strings.HasSuffix(r.URL, "/authentication/methods"):
			return scriptedAnswer{status: 200, body: methodsJSON(registeredPhone...)}
		}
		return soundTenant(r, n)
	}, nil)
}

const always = 1_000_000

func TestTheStateOfAUserWhomAnotherReplicaKnowsIsWaitedFor(t *testing.T) {
	t.Parallel()
	user := User{ID: person(0)}
	state := func(state MFAState, err error) error {
		if err == nil && state != MFAEnabled {
			return fmt.Errorf("the state is %q", state)
		}
		return err
	}
	for name, ask := range map[string]func(c *Client) error{
		"observed": func(c *Client) error {
			_, found, err := c.ObserveUser(t.Context(), user, MFAEnabled, nil)
			return state(found, err)
		},
		"observed with hints": func(c *Client) error {
			_, found, err := c.ObserveUser(t.Context(), user, MFAEnabled, people(1, 2))
			return state(found, err)
		},
		"observed with many": func(c *Client) error {
			outcome := c.ObserveUserMFAStates(t.Context(), []UserAndState{{User: user, State: MFAEnabled}}, nil)[0]
			return state(outcome.Value, outcome.Err)
		},
		"found": func(c *Client) error {
			return state(c.FindUserMFAState(t.Context(), user, c.Consistency().Missing))
		},
		"found with many": func(c *Client) error {
			outcome := c.FindUserMFAStates(t.Context(), []User{user}, c.Consistency().Missing, nil)[0]
			return state(outcome.Value, outcome.Err)
		},
		"checked": func(c *Client) error {
			_, err := c.CheckUserMFAState(t.Context(), user, MFAEnabled, MFAEnforced, true, c.Consistency().Missing)
			return err
		},
		"checked with many": func(c *Client) error {
			move := UserMove{User: user, From: MFAEnabled, To: MFAEnforced}
			return c.CheckUserMFAStates(t.Context(), []UserMove{move}, true, c.Consistency().Missing)[0].Err
		},
		"set": func(c *Client) error {
			_, err := c.SetUserMFAState(t.Context(), user, MFAEnabled, SetOptions{Known: MFAEnabled})
			return err
		},
		"set with many": func(c *Client) error {
			return c.SetUserMFAStates(t.Context(), []UserAndState{{User: user, State: MFAEnabled, Known: MFAEnabled}}, false, nil)[0].Err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, clock := newTestClient(t, newcomer(t, 3, false).recorder, nil)
			if err := ask(c); err != nil {
				t.Errorf("somebody new: %v", err)
			}
			if _, sum := clock.waited(); sum > c.Consistency().Missing {
				t.Errorf("somebody new was waited for for %s", sum)
			}
			// The control: the wait has an end.
			c, _, clock = newTestClient(t, newcomer(t, always, false).recorder, nil)
			if err := ask(c); !IsNotFound(err) {
				t.Errorf("somebody without a state: %v", err)
			}
			if _, sum := clock.waited(); sum != c.Consistency().Missing {
				t.Errorf("somebody without a state was waited for for %s", sum)
			}
		})
	}
}

// What a user who is gone costs: the looks of FindUser within Missing, and what was asked before them.
func TestAUserWhoIsGoneIsNotWaitedForTwice(t *testing.T) {
	t.Parallel()
	user := User{ID: person(0)}
	const looks = 4
	for name, c := range map[string]struct {
		ask      func(c *Client) error
		requests int
	}{
		"observed": {func(c *Client) error {
			_, _, err := c.ObserveUser(t.Context(), user, MFAEnabled, nil)
			return err
		}, 1 + looks},
		"observed with many": {func(c *Client) error {
			return c.ObserveUserMFAStates(t.Context(), []UserAndState{{User: user, State: MFAEnabled}}, nil)[0].Err
		}, 1 + looks},
		"set": {func(c *Client) error {
			_, err := c.SetUserMFAState(t.Context(), user, MFADisabled, SetOptions{Known: MFAEnabled})
			return err
		}, 1 + looks},
		"set with many": {func(c *Client) error {
			return c.SetUserMFAStates(t.Context(), []UserAndState{{User: user, State: MFADisabled, Known: MFAEnabled}}, false, nil)[0].Err
		}, 1 + looks},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newcomer(t, 0, true)
			made, _, clock := newTestClient(t, g.recorder, nil)
			if err := c.ask(made); !errors.Is(err, ErrUserGone) {
				t.Errorf("error %v", err)
			}
			if n := len(g.all()); n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
			if _, sum := clock.waited(); sum != 3*time.Second {
				t.Errorf("waited %s", sum)
			}
		})
	}
}

func TestAStepThatIsTakenAgainWritesNothingTwice(t *testing.T) {
	t.Parallel()
	u := &scriptedUser{state: MFADisabled, methods: registeredPhone, onWrite: func(w http.ResponseWriter, n int) bool {
		// The second write meets a replica that does not know the user.
		if n == 1 {
			graphError(w, 404, "Request_ResourceNotFound")
		}
		return n == 1
	}, withUser: true}
	u.start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, MFAEnforced, SetOptions{AllowPromotion: true})
	if err != nil || result.Unconfirmed != nil {
		t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
	}
	wantResult(t, result, MFADisabled, MFAEnforced, MFAEnabled, MFAEnforced)
	wantPatched(t, u, MFAEnabled, MFAEnforced, MFAEnforced)
}
