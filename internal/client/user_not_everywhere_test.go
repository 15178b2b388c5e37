package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// newcomer is a tenant with one user, whom the replicas that answer for the state and for the methods do not know yet, a few
// times each. Somebody who is gone is known to nobody.
func newcomer(t *testing.T, unknown int, gone bool) *clienttest.ScriptedGraph {
	t.Helper()
	return clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		switch {
		case r.URL == clienttest.LookUpURL && gone:
			return clienttest.ScriptedAnswer{Status: 200, Body: `{"value":[]}`}
		case gone, strings.Contains(r.URL, "/authentication/") && n < unknown:
			return clienttest.Refused(404, "Request_ResourceNotFound")
		case strings.HasSuffix(r.URL, "/authentication/methods"):
			return clienttest.ScriptedAnswer{Status: 200, Body: methodsJSON(registeredPhone...)}
		}
		return soundTenant(r, n)
	}, nil)
}

const always = 1_000_000

func TestTheStateOfAUserWhomAnotherReplicaKnowsIsWaitedFor(t *testing.T) {
	t.Parallel()
	user := User{ID: person(0)}
	state := func(state mfa.State, err error) error {
		if err == nil && state != mfa.Enabled {
			return fmt.Errorf("the state is %q", state)
		}
		return err
	}
	for name, ask := range map[string]func(c *Client) error{
		"observed": func(c *Client) error {
			_, found, err := c.ObserveUser(t.Context(), user, mfa.Enabled, nil)
			return state(found, err)
		},
		"observed with hints": func(c *Client) error {
			_, found, err := c.ObserveUser(t.Context(), user, mfa.Enabled, people(1, 2))
			return state(found, err)
		},
		"observed with many": func(c *Client) error {
			outcome := c.ObserveUserMFAStates(t.Context(), []UserAndState{{User: user, State: mfa.Enabled}}, nil)[0]
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
			_, err := c.CheckUserMFAState(t.Context(), user, mfa.Enabled, mfa.Enforced, true, c.Consistency().Missing)
			return err
		},
		"checked with many": func(c *Client) error {
			move := UserMove{User: user, From: mfa.Enabled, To: mfa.Enforced}
			return c.CheckUserMFAStates(t.Context(), []UserMove{move}, true, c.Consistency().Missing)[0].Err
		},
		"set": func(c *Client) error {
			_, err := c.SetUserMFAState(t.Context(), user, mfa.Enabled, SetOptions{Known: mfa.Enabled})
			return err
		},
		"set with many": func(c *Client) error {
			return c.SetUserMFAStates(t.Context(), []UserAndState{{User: user, State: mfa.Enabled, Known: mfa.Enabled}}, false, nil)[0].Err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, clock := newTestClient(t, newcomer(t, 3, false).Recorder, nil)
			if err := ask(c); err != nil {
				t.Errorf("somebody new: %v", err)
			}
			if _, sum := clock.Waited(); sum > c.Consistency().Missing {
				t.Errorf("somebody new was waited for for %s", sum)
			}
			// The control: the wait has an end.
			c, _, clock = newTestClient(t, newcomer(t, always, false).Recorder, nil)
			if err := ask(c); !graph.IsNotFound(err) {
				t.Errorf("somebody without a state: %v", err)
			}
			if _, sum := clock.Waited(); sum != c.Consistency().Missing {
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
			_, _, err := c.ObserveUser(t.Context(), user, mfa.Enabled, nil)
			return err
		}, 1 + looks},
		"observed with many": {func(c *Client) error {
			return c.ObserveUserMFAStates(t.Context(), []UserAndState{{User: user, State: mfa.Enabled}}, nil)[0].Err
		}, 1 + looks},
		"set": {func(c *Client) error {
			_, err := c.SetUserMFAState(t.Context(), user, mfa.Disabled, SetOptions{Known: mfa.Enabled})
			return err
		}, 1 + looks},
		"set with many": {func(c *Client) error {
			return c.SetUserMFAStates(t.Context(), []UserAndState{{User: user, State: mfa.Disabled, Known: mfa.Enabled}}, false, nil)[0].Err
		}, 1 + looks},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newcomer(t, 0, true)
			made, _, clock := newTestClient(t, g.Recorder, nil)
			if err := c.ask(made); !errors.Is(err, ErrUserGone) {
				t.Errorf("error %v", err)
			}
			if n := len(g.All()); n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
			if _, sum := clock.Waited(); sum != 3*time.Second {
				t.Errorf("waited %s", sum)
			}
		})
	}
}

func TestAStepThatIsTakenAgainWritesNothingTwice(t *testing.T) {
	t.Parallel()
	u := &scriptedUser{state: mfa.Disabled, methods: registeredPhone, onWrite: func(w http.ResponseWriter, n int) bool {
		// The second write meets a replica that does not know the user.
		if n == 1 {
			clienttest.GraphError(w, 404, "Request_ResourceNotFound")
		}
		return n == 1
	}, withUser: true}
	u.start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enforced, SetOptions{AllowPromotion: true})
	if err != nil || result.Unconfirmed != nil {
		t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
	}
	wantResult(t, result, mfa.Disabled, mfa.Enforced, mfa.Enabled, mfa.Enforced)
	wantPatched(t, u, mfa.Enabled, mfa.Enforced, mfa.Enforced)
}
