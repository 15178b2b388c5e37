package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
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
	if waiting := usersInFlight - graph.MaxFlights*graph.MaxBatchItems; waiting < graph.MaxBatchItems {
		t.Errorf("with %d batches under way %d users are left to fill another one", graph.MaxFlights, waiting)
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
		"not found": &graph.Error{Status: http.StatusNotFound, FromGraph: true}, "gone": ErrUserGone, "refused by the rules": &mfa.TransitionError{},
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
func manyUsers(t *testing.T) *clienttest.Recorder {
	t.Helper()
	return clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		requirements := strings.HasSuffix(r.URL.Path, "/authentication/requirements")
		switch {
		case strings.Contains(r.URL.Path, "gone"), requirements && strings.Contains(r.URL.Path, "odd"):
			clienttest.GraphError(w, 404, "Request_ResourceNotFound")
		case requirements:
			clienttest.Reply(w, 200, `{"perUserMfaState":"enabled"}`)
		default:
			clienttest.Reply(w, 200, fmt.Sprintf(`{"id":%q,"userPrincipalName":"a@b.c"}`, strings.TrimPrefix(r.URL.Path, "/v1.0/users/")))
		}
	})
}

func TestOnlyAUserWhoIsConfirmedGoneIsGone(t *testing.T) {
	t.Parallel()
	c, _, _ := newTestClient(t, manyUsers(t), nil)
	// One at a time, so that nothing is gathered: what is tested is what becomes of the answers.
	observe := func(id string) Outcome[mfa.State] {
		return c.ObserveUserMFAStates(t.Context(), []UserAndState{{User: User{ID: id}, State: mfa.Enabled}}, nil)[0]
	}
	if outcome := observe("here"); outcome.Err != nil || outcome.Value != mfa.Enabled {
		t.Errorf("a user who is there: %+v", outcome)
	}
	if outcome := observe("gone"); !errors.Is(outcome.Err, ErrUserGone) {
		t.Errorf("a user who is gone: %+v", outcome)
	}
	if outcome := observe("odd"); !graph.IsNotFound(outcome.Err) || errors.Is(outcome.Err, ErrUserGone) {
		t.Errorf("a user who exists, without requirements: %+v", outcome)
	}
	if outcome := c.SetUserMFAStates(t.Context(), []UserAndState{{User: User{ID: "gone"}, State: mfa.Disabled}}, false, nil)[0]; !errors.Is(outcome.Err, ErrUserGone) {
		t.Errorf("a user who is gone cannot be set: %+v", outcome)
	}
	if outcome := c.FindUsers(t.Context(), []string{"gone"}, 0, nil)[0]; !graph.IsNotFound(outcome.Err) {
		t.Errorf("a user who is gone is found: %+v", outcome)
	}
	var refusal *mfa.TransitionError
	if outcome := c.CheckUserMFAStates(t.Context(), []UserMove{{User: adele, From: mfa.Disabled, To: mfa.Enforced}}, false, 0)[0]; !errors.As(outcome.Err, &refusal) {
		t.Errorf("a direct move is not refused: %+v", outcome)
	}
}

// statesOf answers for users who are disabled until somebody writes something else. kinds has what each HTTP request held:
// looks, writes, and reads that confirm a write.
func statesOf(t *testing.T, refuse func(r clienttest.BatchItem) bool) (g *clienttest.ScriptedGraph, kinds func() []map[string]int) {
	t.Helper()
	var mutex sync.Mutex
	var all []map[string]int
	written := map[string]string{}
	inBatch := map[string]bool{}
	kind := func(r clienttest.BatchItem) string {
		switch {
		case r.Method == http.MethodPatch:
			return "write"
		case written[r.URL] != "":
			return "confirm"
		}
		return "look"
	}
	g = clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
		mutex.Lock()
		defer mutex.Unlock()
		if key := r.Method + " " + r.URL; inBatch[key] {
			delete(inBatch, key)
		} else {
			all = append(all, map[string]int{kind(r): 1})
		}
		switch {
		case refuse != nil && refuse(r):
			return clienttest.Refused(403, "Forbidden")
		case r.Method == http.MethodPatch:
			written[r.URL] = string(r.Body)
			return clienttest.ScriptedAnswer{Status: 204}
		case written[r.URL] != "":
			return clienttest.ScriptedAnswer{Status: 200, Body: written[r.URL]}
		}
		return clienttest.ScriptedAnswer{Status: 200, Body: `{"perUserMfaState":"disabled"}`}
	}, func(_ http.ResponseWriter, _ *http.Request, items []clienttest.BatchItem, _ int) bool {
		mutex.Lock()
		defer mutex.Unlock()
		held := map[string]int{}
		for _, item := range items {
			held[kind(item)]++
			inBatch[item.Method+" "+item.URL] = true
		}
		all = append(all, held)
		return false
	})
	return g, func() []map[string]int {
		mutex.Lock()
		defer mutex.Unlock()
		return slices.Clone(all)
	}
}

func usersToEnable(n int) []UserAndState {
	users := make([]UserAndState, n)
	for i := range users {
		users[i] = UserAndState{User: numbered(i), State: mfa.Enabled}
	}
	return users
}

func TestManyUsersTakeTheStepsOfAChangeTogether(t *testing.T) {
	t.Parallel()
	const n = usersTogether + 200
	g, kinds := statesOf(t, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	var mutex sync.Mutex
	told := map[int]bool{}
	outcomes := c.SetUserMFAStates(t.Context(), usersToEnable(n), false, func(done int) {
		mutex.Lock()
		defer mutex.Unlock()
		told[done] = true
	})
	for i, outcome := range outcomes {
		got := outcome.Value
		if outcome.Err != nil || got.Before != mfa.Disabled || got.Effective != mfa.Enabled || got.Unconfirmed != nil || !slices.Equal(got.Written, []mfa.State{mfa.Enabled}) {
			t.Fatalf("user %d: %+v", i, outcome)
		}
	}
	if len(outcomes) != n || len(told) != n || !told[1] || !told[n] {
		t.Errorf("%d outcomes, and %d steps of progress, want %d of each", len(outcomes), len(told), n)
	}
	items, requests := map[string]int{}, map[string]int{}
	for _, held := range kinds() {
		for kind, count := range held {
			items[kind] += count
			requests[kind]++
		}
		if held["confirm"] > 0 && held["look"] > 0 {
			t.Errorf("a request looks at %d users and reads %d others back", held["look"], held["confirm"])
		}
	}
	for _, kind := range []string{"look", "write", "confirm"} {
		if items[kind] != n || requests[kind] > n/10 {
			t.Errorf("%s: %d users in %d requests, want %d in about %d", kind, items[kind], requests[kind], n, n/graph.MaxBatchItems)
		}
	}
}

func TestAnInterruptedReadBackLeavesTheWritesAccepted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	wrote := false
	g, _ := statesOf(t, func(r clienttest.BatchItem) bool {
		if r.Method == http.MethodPatch {
			wrote = true
		} else if wrote {
			cancel()
		}
		return false
	})
	c, _, _ := newTestClient(t, g.Recorder, nil)
	// One user, so that no other is still to be written when the first is read back.
	outcome := c.SetUserMFAStates(ctx, usersToEnable(1), false, nil)[0]
	if outcome.Err != nil || outcome.Value.Effective != mfa.Enabled || !errors.Is(outcome.Value.Unconfirmed, context.Canceled) {
		t.Errorf("%+v, want what was written, not confirmed", outcome)
	}
}

func TestUsersAfterManyFailuresAreNotEvenLookedAt(t *testing.T) {
	t.Parallel()
	const n = usersTogether + 200
	g, _ := statesOf(t, func(r clienttest.BatchItem) bool { return r.Method == http.MethodPatch })
	c, _, _ := newTestClient(t, g.Recorder, nil)
	outcomes := c.SetUserMFAStates(t.Context(), usersToEnable(n), false, nil)
	failed := 0
	for i, outcome := range outcomes {
		switch {
		case graph.IsForbidden(outcome.Err):
			failed++
		case !errors.Is(outcome.Err, ErrNotTried):
			t.Fatalf("user %d: %+v", i, outcome)
		}
	}
	if len(outcomes) != n || failed < failuresInARow || failed > failuresInARow+usersInFlight {
		t.Errorf("%d outcomes, %d of them failures", len(outcomes), failed)
	}
	batches, alone := g.Sent()
	looked := alone
	for _, batch := range batches {
		looked = append(looked, clienttest.Urls(batch)...)
	}
	if !slices.Contains(looked, "GET "+clienttest.NumberedURL(0)) || slices.Contains(looked, "GET "+clienttest.NumberedURL(n-1)) {
		t.Error("the first user was not looked at, or the last one was")
	}
}

func TestAllUsersAreListedPageByPage(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 0 {
			clienttest.Reply(w, 200, fmt.Sprintf(`{"value":[{"id":"a"}],"@odata.nextLink":"https://%s/v1.0/users?$skiptoken=2"}`, r.Host))
			return
		}
		clienttest.Reply(w, 200, `{"value":[{"id":"b"}]}`)
	})
	c, _, _ := newTestClient(t, service, nil)
	users, err := c.ListUsers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]User{{ID: "a"}, {ID: "b"}}, users); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if target := service.All()[0].Target; !strings.HasPrefix(target, "/v1.0/users?") || !strings.Contains(target, "%24select=id") || !strings.Contains(target, "%24top=999") {
		t.Errorf("the first page is asked for by %s", target)
	}
}
