package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestEachItemIsWorkedOnOnceAndItsOutcomeStandsInItsPlace(t *testing.T) {
	t.Parallel()
	var flying, most atomic.Int64
	last := 0
	outcomes := each(t.Context(), numbers(1000), func(done int) {
		if done != last+1 {
			t.Errorf("progress goes from %d to %d", last, done)
		}
		last = done
	}, func(_ context.Context, n int) (int, error) {
		now := flying.Add(1)
		defer flying.Add(-1)
		for {
			seen := most.Load()
			if now <= seen || most.CompareAndSwap(seen, now) {
				break
			}
		}
		return n * n, nil
	})
	for n, outcome := range outcomes {
		if outcome.Err != nil || outcome.Value != n*n {
			t.Fatalf("outcome %d is %+v", n, outcome)
		}
	}
	if last != 1000 || most.Load() > usersInFlight {
		t.Errorf("%d are done, %d were in flight at a time", last, most.Load())
	}
	if outcomes := each(t.Context(), nil, nil, func(context.Context, int) (int, error) { return 0, nil }); len(outcomes) != 0 {
		t.Errorf("nothing gives %v", outcomes)
	}
}

func TestThereAreUsersForAFullBatchWheneverOneMayLeave(t *testing.T) {
	t.Parallel()
	if waiting := usersInFlight - maxFlights*maxBatchItems; waiting < maxBatchItems {
		t.Errorf("with %d batches under way %d users are left to fill another one", maxFlights, waiting)
	}
}

func TestWorkThatFailsForEverybodyIsGivenUp(t *testing.T) {
	t.Parallel()
	count := func(outcomes []Outcome[int]) (tried int) {
		for _, outcome := range outcomes {
			if !errors.Is(outcome.Err, ErrNotTried) {
				tried++
			}
		}
		return tried
	}
	refused := errors.New("refused")
	outcomes := each(t.Context(), numbers(5000), nil, func(context.Context, int) (int, error) { return 0, refused })
	if tried := count(outcomes); tried < failuresInARow || tried > failuresInARow+usersInFlight {
		t.Errorf("%d were tried", tried)
	}
	// Users who do not exist or must not be moved are answers.
	for name, answer := range map[string]error{
		"not found": &Error{Status: http.StatusNotFound, FromGraph: true}, "gone": ErrUserGone, "refused by the rules": &TransitionError{},
	} {
		outcomes := each(t.Context(), numbers(500), nil, func(context.Context, int) (int, error) { return 0, answer })
		if tried := count(outcomes); tried != 500 {
			t.Errorf("%s: %d were tried, want all", name, tried)
		}
	}
	// One in ten fails: all are tried.
	outcomes = each(t.Context(), numbers(2000), nil, func(_ context.Context, n int) (int, error) {
		if n%10 == 0 {
			return 0, refused
		}
		return n, nil
	})
	if tried := count(outcomes); tried != 2000 {
		t.Errorf("with a failure now and then %d were tried, want all", tried)
	}
}

func TestTheEndOfTheContextStopsTheWorkAndSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var begun atomic.Int64
	outcomes := each(ctx, numbers(5000), nil, func(context.Context, int) (int, error) {
		if begun.Add(1) == 100 {
			cancel()
		}
		return 1, nil
	})
	done, stopped := 0, 0
	for _, outcome := range outcomes {
		switch {
		case outcome.Err == nil && outcome.Value == 1:
			done++
		case errors.Is(outcome.Err, ErrNotTried) && errors.Is(outcome.Err, context.Canceled):
			stopped++
		}
	}
	if done != int(begun.Load()) || done+stopped != 5000 || done < 100 || done > 100+usersInFlight {
		t.Errorf("%d are done of %d begun, %d stopped", done, begun.Load(), stopped)
	}
}

// manyUsers answers for users whose ids say what becomes of them, also within batches.
func manyUsers(t *testing.T) *recorder {
	t.Helper()
	return newRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		requirements := strings.HasSuffix(r.URL.Path, "/authentication/requirements")
		switch {
		case strings.Contains(r.URL.Path, "gone"), requirements && strings.Contains(r.URL.Path, "odd"):
			graphError(w, 404, "Request_ResourceNotFound")
		case requirements:
			reply(w, 200, `{"perUserMfaState":"enabled"}`)
		default:
			reply(w, 200, fmt.Sprintf(`{"id":%q,"userPrincipalName":"a@b.c"}`, strings.TrimPrefix(r.URL.Path, "/v1.0/users/")))
		}
	})
}

func TestOnlyAUserWhoIsConfirmedGoneIsGone(t *testing.T) {
	t.Parallel()
	c, _, _ := newTestClient(t, manyUsers(t), nil)
	// One at a time, so that nothing is gathered: what is tested is what becomes of the answers.
	observe := func(id string) Outcome[MFAState] {
		return c.ObserveUserMFAStates(t.Context(), []UserAndState{{User: User{ID: id}, State: MFAEnabled}}, nil)[0]
	}
	if outcome := observe("here"); outcome.Err != nil || outcome.Value != MFAEnabled {
		t.Errorf("a user who is there: %+v", outcome)
	}
	if outcome := observe("gone"); !errors.Is(outcome.Err, ErrUserGone) {
		t.Errorf("a user who is gone: %+v", outcome)
	}
	if outcome := observe("odd"); !IsNotFound(outcome.Err) || errors.Is(outcome.Err, ErrUserGone) {
		t.Errorf("a user who exists, without requirements: %+v", outcome)
	}
	if outcome := c.SetUserMFAStates(t.Context(), []UserAndState{{User: User{ID: "gone"}, State: MFADisabled}}, false, nil)[0]; !errors.Is(outcome.Err, ErrUserGone) {
		t.Errorf("a user who is gone cannot be set: %+v", outcome)
	}
	if outcome := c.FindUsers(t.Context(), []string{"gone"}, 0, nil)[0]; !IsNotFound(outcome.Err) {
		t.Errorf("a user who is gone is found: %+v", outcome)
	}
	var refusal *TransitionError
	if outcome := c.CheckUserMFAStates(t.Context(), []UserMove{{User: adele, From: MFADisabled, To: MFAEnforced}}, false)[0]; !errors.As(outcome.Err, &refusal) {
		t.Errorf("a direct move is not refused: %+v", outcome)
	}
}

func TestAllUsersAreListedPageByPage(t *testing.T) {
	t.Parallel()
	graph := newRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 0 {
			reply(w, 200, fmt.Sprintf(`{"value":[{"id":"a"}],"@odata.nextLink":"https://%s/v1.0/users?$skiptoken=2"}`, r.Host))
			return
		}
		reply(w, 200, `{"value":[{"id":"b"}]}`)
	})
	c, _, _ := newTestClient(t, graph, nil)
	users, err := c.ListUsers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]User{{ID: "a"}, {ID: "b"}}, users); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if target := graph.all()[0].Target; !strings.HasPrefix(target, "/v1.0/users?") || !strings.Contains(target, "%24select=id") || !strings.Contains(target, "%24top=999") {
		t.Errorf("the first page is asked for by %s", target)
	}
}
