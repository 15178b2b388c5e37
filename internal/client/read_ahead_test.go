package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// person is the n-th user of a scripted tenant, by id, and people are several of them.
func person(n int) string { return fmt.Sprintf("99999999-0000-4000-8000-%012d", n) }

func people(first, count int) []string {
	var ids []string
	for n := range count {
		ids = append(ids, person(first+n))
	}
	return ids
}

func personURL(n int) string { return "/users/" + person(n) + "/authentication/requirements" }

func personJSON(id string) string {
	return fmt.Sprintf(`{"@odata.type":"#microsoft.graph.user","id":%q,"userPrincipalName":%q,"displayName":%q}`, id, id+"@contoso.example", "D "+id)
}

// soundTenant has everybody, all of them enabled.
func soundTenant(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
	switch {
	case r.Method == http.MethodPatch:
		return clienttest.ScriptedAnswer{Status: 204}
	case r.URL == clienttest.LookUpURL:
		var objects []string
		for _, id := range lookedUp(r.Body) {
			objects = append(objects, personJSON(id))
		}
		return clienttest.ScriptedAnswer{Status: 200, Body: `{"value":[` + strings.Join(objects, ",") + `]}`}
	case strings.HasSuffix(r.URL, "/authentication/requirements"):
		return clienttest.ScriptedAnswer{Status: 200, Body: `{"perUserMfaState":"enabled"}`}
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL, "/users/"), "?")
	return clienttest.ScriptedAnswer{Status: 200, Body: personJSON(id)}
}

func lookedUp(body []byte) []string {
	var asked struct{ IDs []string }
	_ = json.Unmarshal(body, &asked)
	return asked.IDs
}

// observe observes the n-th user, who has to be there and enabled.
func observe(t *testing.T, c *Client, n int, hints []string) {
	t.Helper()
	user, state, err := c.ObserveUser(t.Context(), User{ID: person(n)}, mfa.Enabled, hints)
	if err != nil || state != mfa.Enabled || user.ID != person(n) || user.UserPrincipalName != person(n)+"@contoso.example" {
		t.Errorf("user %d is observed as %+v, %q, %v", n, user, state, err)
	}
}

// settled waits until nothing is under way.
func settled(t *testing.T, c *Client) {
	t.Helper()
	clienttest.Eventually(t, "everything under way has come back", func() bool {
		c.userLookUps.mutex.Lock()
		lookUps := c.userLookUps.flights
		c.userLookUps.mutex.Unlock()
		return c.graph.Load().InFlight == 0 && lookUps == 0
	})
}

// waitingAhead is how many states wait for company.
func (c *Client) waitingAhead() int { return c.graph.Load().Prefetch }

func TestHintsTravelWithWhoeverIsObserved(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, soundTenant, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)

	observe(t, c, 0, people(1, 31))
	settled(t, c)
	g.WantRequests(t, 1, 1, 0)
	batches, _ := g.Sent()
	var order []string
	for _, item := range batches[0] {
		order = append(order, item.URL)
	}
	var want []string
	for n := range graph.MaxBatchItems {
		want = append(want, personURL(n))
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("the batch holds, in this order (-want +got):\n%s", diff)
	}
	for _, request := range g.All() {
		if ids := lookedUp([]byte(request.Body)); strings.HasSuffix(request.Target, clienttest.LookUpURL) && !slices.Equal(ids, people(0, 32)) {
			t.Errorf("looked up were %v", ids)
		}
	}

	// Those who came along are there.
	for n := 1; n < graph.MaxBatchItems; n++ {
		observe(t, c, n, nil)
	}
	g.WantRequests(t, 1, 1, 0)
	// The others wait for company, and the one who is observed comes first.
	observe(t, c, 25, nil)
	g.WantRequests(t, 1, 2, 0)
	batches, _ = g.Sent()
	if len(batches[1]) != 12 || batches[1][0].URL != personURL(25) {
		t.Errorf("the second batch is %v", clienttest.Urls(batches[1]))
	}
	for n := graph.MaxBatchItems; n < 32; n++ {
		if n != 25 {
			observe(t, c, n, nil)
		}
	}
	g.WantRequests(t, 1, 2, 0)
	for n := range 32 {
		if times := g.Asked("GET", personURL(n)); times != 1 {
			t.Errorf("the state of user %d was read %d times", n, times)
		}
	}
	// The control: nobody is read ahead without a hint, and a user on their own takes two requests.
	observe(t, c, 100, nil)
	g.WantRequests(t, 1, 2, 2)
}

func TestOnlyAFullBatchLeavesWithoutAnybodyWhoWaits(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, soundTenant, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	observe(t, c, 0, people(1, 31))
	settled(t, c)
	if waiting := c.waitingAhead(); waiting != 12 {
		t.Fatalf("%d states wait for company, want 12", waiting)
	}
	observe(t, c, 1, append(people(2, 10), people(40, 7)...))
	settled(t, c)
	if waiting := c.waitingAhead(); waiting != 19 {
		t.Errorf("%d states wait for company, want 19", waiting)
	}
	g.WantRequests(t, 1, 1, 0)
	observe(t, c, 2, people(60, 1))
	settled(t, c)
	if waiting := c.waitingAhead(); waiting != 0 {
		t.Errorf("%d states wait for company, want none", waiting)
	}
	g.WantRequests(t, 1, 2, 0)
	// Twenty look-ups leave without anybody as well; here they have come to eight.
	observe(t, c, 3, people(70, 12))
	settled(t, c)
	g.WantRequests(t, 2, 2, 0)
}

func TestNothingIsReadAheadWhileTheServiceWantsToBeLeftAlone(t *testing.T) {
	t.Parallel()
	const busy = 999
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		if strings.Contains(r.URL, person(busy)) {
			answer := clienttest.Refused(429, "TooManyRequests")
			answer.Header = map[string]string{"Retry-After": "60"}
			return answer
		}
		return soundTenant(r, n)
	}, nil)
	c, _, clock := newTestClient(t, g.Recorder, nil)
	observe(t, c, 0, people(1, 3))
	throttleStates := func() {
		if _, err := c.GetUserMFAState(t.Context(), User{ID: person(busy)}); !graph.IsThrottled(err) {
			t.Errorf("error %v", err)
		}
	}
	throttleStates()
	if _, err := c.GetUser(t.Context(), person(busy)); !graph.IsThrottled(err) {
		t.Errorf("error %v", err)
	}
	observe(t, c, 1, people(10, 31))
	settled(t, c)
	g.WantRequests(t, 1, 1, 2)
	if _, sum := clock.Waited(); sum != 0 {
		t.Errorf("waited %s", sum)
	}
	// The control: once the time is over, the same leaves.
	if err := clock.Wait(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	observe(t, c, 2, people(50, 1))
	settled(t, c)
	g.WantRequests(t, 2, 2, 2)
	// Whoever has to wait does so for themselves only, and the others come along once the time is over.
	throttleStates()
	if waiting := c.waitingAhead(); waiting == 0 {
		t.Error("nobody is left to come along")
	}
	observe(t, c, 51, nil)
	g.WantRequests(t, 2, 2, 5)
	observe(t, c, 60, people(61, 3))
	settled(t, c)
	g.WantRequests(t, 3, 3, 5)
	if waiting := c.waitingAhead(); waiting != 0 {
		t.Errorf("%d were left behind", waiting)
	}
}

func TestWhatWasReadAheadIsUsedOnce(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, soundTenant, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	observe(t, c, 0, people(1, 3))
	observe(t, c, 1, nil)
	g.WantRequests(t, 1, 1, 0)
	for n := range 3 {
		// With hints or without.
		observe(t, c, 1, people(0, 4)[:n])
		g.WantRequests(t, 1, 1, 2*(n+1))
	}
	// The same user in capitals is the same user.
	if _, _, err := c.ObserveUser(t.Context(), User{ID: strings.ToUpper(person(2))}, mfa.Enabled, nil); err != nil {
		t.Error(err)
	}
	g.WantRequests(t, 1, 1, 6)
	// Another client has nothing: what is read ahead is of one run.
	c, _, _ = newTestClient(t, g.Recorder, nil)
	observe(t, c, 3, nil)
	g.WantRequests(t, 1, 1, 8)
}

func TestAReadAheadThatFailsIsForgotten(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 404, 429, 500, 503, 200} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
				switch {
				case r.URL == personURL(1) && n == 0 && status == 200:
					return clienttest.ScriptedAnswer{Status: 200, Body: `{}`}
				case r.URL == personURL(1) && n == 0:
					return clienttest.Refused(status, "code")
				}
				return soundTenant(r, n)
			}, nil)
			c, _, _ := newTestClient(t, g.Recorder, nil)
			observe(t, c, 0, people(1, 2))
			settled(t, c)
			// It was not repeated, and the others were not touched by it.
			if times := g.Asked("GET", personURL(1)); times != 1 {
				t.Errorf("the state was read ahead %d times", times)
			}
			observe(t, c, 2, nil)
			g.WantRequests(t, 1, 1, 0)
			observe(t, c, 1, nil)
			g.WantRequests(t, 1, 1, 1)
		})
	}
}

func TestALostOrBrokenBatchHarmsNobodyWhoIsReadAhead(t *testing.T) {
	t.Parallel()
	for name, outer := range map[string]func(w http.ResponseWriter){
		"refused":    func(w http.ResponseWriter) { clienttest.GraphError(w, 400, "BadRequest") },
		"not a list": func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{}`) },
		"all lost":   func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"responses":[]}`) },
		"busy":       func(w http.ResponseWriter) { clienttest.GraphError(w, 503, "serviceUnavailable") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := clienttest.NewScriptedGraph(t, soundTenant, func(w http.ResponseWriter, _ *http.Request, _ []clienttest.BatchItem, n int) bool {
				if n == 0 {
					outer(w)
				}
				return n == 0
			})
			c, _, _ := newTestClient(t, g.Recorder, nil)
			observe(t, c, 0, people(1, 3))
			settled(t, c)
			for n := 1; n < 4; n++ {
				observe(t, c, n, nil)
			}
		})
	}
}

func TestABatchIsNotRepeatedForNobody(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, soundTenant, func(w http.ResponseWriter, _ *http.Request, _ []clienttest.BatchItem, n int) bool {
		if n == 1 {
			clienttest.GraphError(w, 503, "serviceUnavailable")
		}
		return n == 1
	})
	c, _, _ := newTestClient(t, g.Recorder, nil)
	observe(t, c, 0, people(1, 19))
	observe(t, c, 1, people(20, 20))
	settled(t, c)
	g.WantRequests(t, 2, 2, 0)
	observe(t, c, 20, nil)
	// The look-up was good.
	g.WantRequests(t, 2, 2, 1)
}

func TestAWriteDropsWhatWasReadAhead(t *testing.T) {
	t.Parallel()
	hold, arrived := make(chan struct{}), make(chan struct{}, 100)
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	g := clienttest.NewScriptedGraph(t, soundTenant, func(_ http.ResponseWriter, _ *http.Request, _ []clienttest.BatchItem, n int) bool {
		if n == 0 {
			arrived <- struct{}{}
			<-hold
		}
		return false
	})
	c, _, _ := newTestClient(t, g.Recorder, nil)
	write := func(n int) {
		if err := c.putUserMFAState(t.Context(), User{ID: strings.ToUpper(person(n))}, mfa.Enabled); err != nil {
			t.Error(err)
		}
	}
	var first sync.WaitGroup
	first.Go(func() { observe(t, c, 0, people(1, 31)) })
	<-arrived
	write(1)  // under way
	write(25) // queued
	release()
	first.Wait()
	settled(t, c)
	write(2) // there
	// The next batch takes those along who still wait for company: the queued one is not among them any more.
	observe(t, c, 26, append(people(1, 2), person(25)))
	settled(t, c)
	batches, _ := g.Sent()
	if got := clienttest.Urls(batches[1]); len(got) != 11 || slices.Contains(got, "GET "+personURL(25)) {
		t.Errorf("the second batch is %v", got)
	}
	g.WantRequests(t, 1, 2, 3)
	// Whoever was written is read again, name and state.
	for n, written := range []int{1, 2, 25} {
		observe(t, c, written, nil)
		g.WantRequests(t, 1, 2, 3+2*(n+1))
	}
	// The control: whoever was not is there.
	for _, n := range []int{3, 4, 27} {
		observe(t, c, n, nil)
	}
	g.WantRequests(t, 1, 2, 9)
}

// A state that was read before the write must not come out after it, whenever the write falls.
func TestNoObservationAfterAWriteIsOlderThanTheWrite(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	written := map[string]bool{}
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		mutex.Lock()
		defer mutex.Unlock()
		if r.Method == http.MethodPatch {
			written[r.URL] = true
		} else if written[r.URL] {
			return clienttest.ScriptedAnswer{Status: 200, Body: `{"perUserMfaState":"enforced"}`}
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			user := User{ID: person(n)}
			hints := people(n+1, 31)
			if n%3 == 0 {
				if err := c.putUserMFAState(t.Context(), user, mfa.Enforced); err != nil {
					t.Error(err)
				}
			}
			_, state, err := c.ObserveUser(t.Context(), user, "", hints)
			if err != nil || n%3 == 0 && state != mfa.Enforced {
				t.Errorf("user %d is %q, %v", n, state, err)
			}
		})
	}
	all.Wait()
}

func TestNobodyIsGoneBecauseTheyWereNotFoundAhead(t *testing.T) {
	t.Parallel()
	here := false
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		switch {
		case r.URL == clienttest.LookUpURL:
			r.Body = []byte(strings.ReplaceAll(string(r.Body), `"`+person(1)+`",`, ""))
		case strings.Contains(r.URL, person(1)) && !here:
			return clienttest.Refused(404, "Request_ResourceNotFound")
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	observe(t, c, 0, people(1, 2))
	settled(t, c)
	here = true
	observe(t, c, 1, nil)
	g.WantRequests(t, 1, 1, 2)

	// The control: whoever stays away is reported by the user's own 404.
	here = false
	c, _, _ = newTestClient(t, g.Recorder, nil)
	observe(t, c, 0, people(1, 2))
	if _, _, err := c.ObserveUser(t.Context(), User{ID: person(1)}, mfa.Enabled, nil); !errors.Is(err, ErrUserGone) {
		t.Errorf("the error is %v", err)
	}
	// Asked for together with others, too.
	c, _, _ = newTestClient(t, g.Recorder, nil)
	if _, _, err := c.ObserveUser(t.Context(), User{ID: person(1)}, mfa.Enabled, people(2, 3)); !errors.Is(err, ErrUserGone) {
		t.Errorf("the error is %v", err)
	}
}

func TestANameThatTheAppMayNotSeeIsReadFromTheUser(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]clienttest.ScriptedAnswer{
		"id and type only": {Status: 200, Body: `{"value":[{"@odata.type":"#microsoft.graph.user","id":"` + person(1) + `","userPrincipalName":null}]}`},
		"not a user":       {Status: 200, Body: `{"value":[{"@odata.type":"#microsoft.graph.group","id":"` + person(1) + `","userPrincipalName":"x"}]}`},
		"no list":          {Status: 200, Body: `{}`},
		"busy":             clienttest.Refused(503, "serviceUnavailable"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
				if r.URL == clienttest.LookUpURL {
					return answer
				}
				return soundTenant(r, n)
			}, nil)
			c, _, _ := newTestClient(t, g.Recorder, nil)
			observe(t, c, 0, people(1, 2))
			observe(t, c, 1, nil)
			_, batches, others := g.Requests()
			if batches != 1 || others != 2 {
				t.Errorf("%d batches and %d requests for users, want 1 and 2", batches, others)
			}
		})
	}
}

func TestALookUpThatIsForbiddenIsTriedOnce(t *testing.T) {
	t.Parallel()
	forbidden := true
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		if r.URL == clienttest.LookUpURL && forbidden {
			return clienttest.Refused(403, "Authorization_RequestDenied")
		}
		return soundTenant(r, n)
	}, nil)
	for _, want := range []int{1, 2} {
		g.Mutex.Lock()
		g.Alone = nil
		g.Mutex.Unlock()
		c, _, _ := newTestClient(t, g.Recorder, nil)
		observe(t, c, 0, people(1, 3))
		settled(t, c)
		observe(t, c, 10, people(11, 3))
		observe(t, c, 11, nil)
		observe(t, c, 1, nil)
		if lookUps, _, _ := g.Requests(); lookUps != want {
			t.Errorf("%d look-ups by id, want %d", lookUps, want)
		}
		// The control: an app that is permitted goes on.
		forbidden = false
	}
}

func TestAFailureOfOnesOwnIsReportedAndNotRepeated(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		if r.URL == personURL(0) {
			return clienttest.Refused(403, "Authorization_RequestDenied")
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	_, _, err := c.ObserveUser(t.Context(), User{ID: person(0), UserPrincipalName: clienttest.AdeleUPN}, mfa.Enabled, people(1, 3))
	if !graph.IsForbidden(err) || !strings.Contains(err.Error(), clienttest.AdeleUPN) {
		t.Errorf("the error is %v", err)
	}
	if times := g.Asked("GET", personURL(0)); times != 1 {
		t.Errorf("the state was read %d times", times)
	}
}

func TestOnesOwnStateIsRepeatedWhateverBecomesOfTheOthers(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		if strings.Contains(r.URL, "/authentication/") && n == 0 {
			return clienttest.Refused(429, "TooManyRequests")
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	observe(t, c, 0, people(1, 3))
	settled(t, c)
	batches, _ := g.Sent()
	if len(batches) != 2 || len(batches[1]) != 1 {
		t.Errorf("%d batches", len(batches))
	}
}

func TestAChangeThatWasReadAheadIsBelievedOnlyOnceItHasLasted(t *testing.T) {
	t.Parallel()
	for name, lasts := range map[string]bool{"a stale replica": false, "a change": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
				if r.URL == personURL(1) && (n == 0 || lasts) {
					return clienttest.ScriptedAnswer{Status: 200, Body: `{"perUserMfaState":"disabled"}`}
				}
				return soundTenant(r, n)
			}, nil)
			c, _, clock := newTestClient(t, g.Recorder, nil)
			observe(t, c, 0, people(1, 2))
			_, state, err := c.ObserveUser(t.Context(), User{ID: person(1)}, mfa.Enabled, nil)
			_, waited := clock.Waited()
			times := g.Asked("GET", personURL(1))
			if lasts && (state != mfa.Disabled || waited != c.graph.Consistency().Drift || times != 3) || !lasts && (state != mfa.Enabled || times != 2) || err != nil {
				t.Errorf("observed %q after %d reads and %s, %v", state, times, waited, err)
			}
		})
	}
}

func TestWhoeverLeavesTakesNothingAwayFromThoseTheyHintedAt(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	var arrived sync.WaitGroup
	arrived.Add(2)
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		if r.URL == clienttest.LookUpURL {
			arrived.Done()
			<-hold
		}
		return soundTenant(r, n)
	}, func(http.ResponseWriter, *http.Request, []clienttest.BatchItem, int) bool {
		arrived.Done()
		<-hold
		return false
	})
	c, _, _ := newTestClient(t, g.Recorder, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var hinter sync.WaitGroup
	hinter.Go(func() {
		if _, _, err := c.ObserveUser(ctx, User{ID: person(0)}, mfa.Enabled, people(1, 3)); !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
	})
	arrived.Wait()
	cancel()
	hinter.Wait()
	// Somebody who comes while it is under way leaves as well, and that harms nobody either.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.ObserveUser(ended, User{ID: person(3)}, mfa.Enabled, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	release()
	observe(t, c, 1, nil)
	observe(t, c, 2, nil)
	settled(t, c)
	g.WantRequests(t, 1, 1, 0)
}

func TestLookUpsGatherWhileOthersAreUnderWay(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		if r.URL == clienttest.LookUpURL {
			<-hold
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() { observe(t, c, 100*n, people(100*n+1, 31)) })
	}
	clienttest.Eventually(t, "two are under way and six wait", func() bool {
		c.userLookUps.mutex.Lock()
		defer c.userLookUps.mutex.Unlock()
		return c.userLookUps.flights == maxLookUps && c.userLookUps.waiting == 6 && len(c.userLookUps.queue) == 6*32
	})
	release()
	all.Wait()
	settled(t, c)
	if lookUps, _, _ := g.Requests(); lookUps != 3 {
		t.Errorf("%d look-ups by id, want 3", lookUps)
	}
}

func TestALookUpTakesAThousandUsers(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		if r.URL == clienttest.LookUpURL {
			<-hold
			if ids := lookedUp(r.Body); len(ids) > maxGetByIDs {
				return clienttest.Refused(400, "Request_BadRequest")
			}
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() { observe(t, c, 100*n, people(100*n+1, 31)) })
	}
	clienttest.Eventually(t, "everybody waits", func() bool {
		c.userLookUps.mutex.Lock()
		defer c.userLookUps.mutex.Unlock()
		return len(c.userLookUps.queue) == 48*32
	})
	release()
	all.Wait()
	settled(t, c)
	if lookUps, _, others := g.Requests(); lookUps != 4 || others != 0 {
		t.Errorf("%d look-ups by id and %d other requests, want 4 and none", lookUps, others)
	}
}

// TestAThousandUsersInAnyOrderTakeNearlyFullBatches goes through a run as Terraform makes it: ten at a time, in an order of
// its own, each with the hints that the run before has left.
func TestAThousandUsersInAnyOrderTakeNearlyFullBatches(t *testing.T) {
	t.Parallel()
	const users, atATime = 1000, 10
	g := clienttest.NewScriptedGraph(t, soundTenant, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	order := rand.Perm(users)
	next := make(chan int)
	var workers sync.WaitGroup
	for range atATime {
		workers.Go(func() {
			for n := range next {
				observe(t, c, n, people(max(0, n-MaxUserHints), min(n, MaxUserHints)))
			}
		})
	}
	for _, n := range order {
		next <- n
	}
	close(next)
	workers.Wait()
	settled(t, c)
	lookUps, batches, others := g.Requests()
	t.Logf("%d look-ups by id, %d batches, %d other requests", lookUps, batches, others)
	// The least is 50. What comes on top are those whom nobody hinted at, about 35.
	if batches+others > 75 || lookUps > 75 {
		t.Errorf("%d look-ups by id, %d batches, %d other requests", lookUps, batches, others)
	}
	for n := range users {
		if times := g.Asked("GET", personURL(n)); times != 1 {
			t.Errorf("the state of user %d was read %d times", n, times)
		}
	}
}

func TestReadingAheadLeavesNoGoroutineBehind(t *testing.T) {
	var c *Client
	connect := func(service *clienttest.Recorder, httpClient *http.Client) {
		c, _, _ = newTestClient(t, service, func(o *graph.Options) { o.HTTPClient = httpClient })
	}
	clienttest.LeavesNoGoroutine(t, 300, soundTenant, connect, func(ctx context.Context, n int) {
		_, state, err := c.ObserveUser(ctx, User{ID: person(n)}, mfa.Enabled, people(n+1, 31))
		if !errors.Is(err, context.Canceled) && (err != nil || state != mfa.Enabled) {
			t.Errorf("user %d is %q, %v", n, state, err)
		}
	})
	if load := c.graph.Load(); load.Queued != 0 || load.InFlight != 0 {
		t.Errorf("%d queued, %d in flight", load.Queued, load.InFlight)
	}
	c.userLookUps.mutex.Lock()
	defer c.userLookUps.mutex.Unlock()
	if c.userLookUps.flights != 0 || c.userLookUps.waiting != 0 {
		t.Errorf("%d look-ups under way, %d waited for", c.userLookUps.flights, c.userLookUps.waiting)
	}
	// Whoever still waits for company does so without a goroutine.
	if waiting := c.waitingAhead(); waiting >= graph.MaxBatchItems {
		t.Errorf("%d wait for company", waiting)
	}
}
