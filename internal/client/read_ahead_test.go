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

const lookUpURL = "/directoryObjects/getByIds"

// soundTenant has everybody, all of them enabled.
func soundTenant(r wireItem, _ int) scriptedAnswer {
	switch {
	case r.Method == http.MethodPatch:
		return scriptedAnswer{status: 204}
	case r.URL == lookUpURL:
		var objects []string
		for _, id := range lookedUp(r.Body) {
			objects = append(objects, personJSON(id))
		}
		return scriptedAnswer{status: 200, body: `{"value":[` + strings.Join(objects, ",") + `]}`}
	case strings.HasSuffix(r.URL, "/authentication/requirements"):
		return scriptedAnswer{status: 200, body: `{"perUserMfaState":"enabled"}`}
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(r.URL, "/users/"), "?")
	return scriptedAnswer{status: 200, body: personJSON(id)}
}

func lookedUp(body []byte) []string {
	var asked struct{ IDs []string }
	_ = json.Unmarshal(body, &asked)
	return asked.IDs
}

// observe observes the n-th user, who has to be there and enabled.
func observe(t *testing.T, c *Client, n int, hints []string) {
	t.Helper()
	user, state, err := c.ObserveUser(t.Context(), User{ID: person(n)}, MFAEnabled, hints)
	if err != nil || state != MFAEnabled || user.ID != person(n) || user.UserPrincipalName != person(n)+"@contoso.example" {
		t.Errorf("user %d is observed as %+v, %q, %v", n, user, state, err)
	}
}

// requests counts the requests so far: look-ups by id, batches, and everything else.
func (g *scriptedGraph) requests() (lookUps, batches, others int) {
	all, alone := g.sent()
	for _, request := range alone {
		if strings.HasSuffix(request, lookUpURL) {
			lookUps++
		}
	}
	return lookUps, len(all), len(alone) - lookUps
}

func (g *scriptedGraph) wantRequests(t *testing.T, lookUps, batches, others int) {
	t.Helper()
	if l, b, o := g.requests(); l != lookUps || b != batches || o != others {
		t.Errorf("%d look-ups by id, %d batches and %d other requests so far, want %d, %d and %d", l, b, o, lookUps, batches, others)
	}
}

// asked is how often a request was asked for.
func (g *scriptedGraph) asked(method, url string) int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.times[method+" "+url]
}

// settled waits until nothing is under way.
func settled(t *testing.T, c *Client) {
	t.Helper()
	eventually(t, "everything under way has come back", func() bool {
		c.userLookUps.mutex.Lock()
		lookUps := c.userLookUps.flights
		c.userLookUps.mutex.Unlock()
		_, flights := c.betaReads().state()
		return flights == 0 && lookUps == 0
	})
}

// waitingAhead is how many states wait for company.
func (c *Client) waitingAhead() int {
	g := c.betaReads()
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.ahead.waiting
}

func TestHintsTravelWithWhoeverIsObserved(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, soundTenant, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)

	observe(t, c, 0, people(1, 31))
	settled(t, c)
	g.wantRequests(t, 1, 1, 0)
	batches, _ := g.sent()
	var order []string
	for _, item := range batches[0] {
		order = append(order, item.URL)
	}
	var want []string
	for n := range maxBatchItems {
		want = append(want, personURL(n))
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("the batch holds, in this order (-want +got):\n%s", diff)
	}
	for _, request := range g.all() {
		if ids := lookedUp([]byte(request.Body)); strings.HasSuffix(request.Target, lookUpURL) && !slices.Equal(ids, people(0, 32)) {
			t.Errorf("looked up were %v", ids)
		}
	}

	// Those who came along are there.
	for n := 1; n < maxBatchItems; n++ {
		observe(t, c, n, nil)
	}
	g.wantRequests(t, 1, 1, 0)
	// The others wait for company, and the one who is observed comes first.
	observe(t, c, 25, nil)
	g.wantRequests(t, 1, 2, 0)
	batches, _ = g.sent()
	if len(batches[1]) != 12 || batches[1][0].URL != personURL(25) {
		t.Errorf("the second batch is %v", urls(batches[1]))
	}
	for n := maxBatchItems; n < 32; n++ {
		if n != 25 {
			observe(t, c, n, nil)
		}
	}
	g.wantRequests(t, 1, 2, 0)
	for n := range 32 {
		if times := g.asked("GET", personURL(n)); times != 1 {
			t.Errorf("the state of user %d was read %d times", n, times)
		}
	}
	// The control: nobody is read ahead without a hint, and a user on their own takes two requests.
	observe(t, c, 100, nil)
	g.wantRequests(t, 1, 2, 2)
}

func TestOnlyAFullBatchLeavesWithoutAnybodyWhoWaits(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, soundTenant, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
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
	g.wantRequests(t, 1, 1, 0)
	observe(t, c, 2, people(60, 1))
	settled(t, c)
	if waiting := c.waitingAhead(); waiting != 0 {
		t.Errorf("%d states wait for company, want none", waiting)
	}
	g.wantRequests(t, 1, 2, 0)
	// Twenty look-ups leave without anybody as well; here they have come to eight.
	observe(t, c, 3, people(70, 12))
	settled(t, c)
	g.wantRequests(t, 2, 2, 0)
}

func TestNothingIsReadAheadWhileTheServiceWantsToBeLeftAlone(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, soundTenant, nil)
	c, _, clock := newTestClient(t, g.recorder, nil)
	observe(t, c, 0, people(1, 3))
	for _, class := range []RateClass{ClassAuthentication, ClassDirectory} {
		c.userLookUps.paces.paces[class].learn(clock.Now(), http.StatusTooManyRequests, time.Minute)
	}
	observe(t, c, 1, people(10, 31))
	settled(t, c)
	g.wantRequests(t, 1, 1, 0)
	if _, sum := clock.waited(); sum != 0 {
		t.Errorf("waited %s", sum)
	}
	// The control: once the time is over, the same leaves.
	if err := clock.Wait(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	observe(t, c, 2, people(50, 1))
	settled(t, c)
	g.wantRequests(t, 2, 2, 0)
	// Whoever has to wait does so for themselves only, and the others come along once the time is over.
	c.userLookUps.paces.paces[ClassAuthentication].learn(clock.Now(), http.StatusTooManyRequests, time.Minute)
	if waiting := c.waitingAhead(); waiting == 0 {
		t.Error("nobody is left to come along")
	}
	observe(t, c, 51, nil)
	g.wantRequests(t, 2, 2, 2)
	observe(t, c, 60, people(61, 3))
	settled(t, c)
	g.wantRequests(t, 3, 3, 2)
	if waiting := c.waitingAhead(); waiting != 0 {
		t.Errorf("%d were left behind", waiting)
	}
}

func TestWhatWasReadAheadIsUsedOnce(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, soundTenant, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	observe(t, c, 0, people(1, 3))
	observe(t, c, 1, nil)
	g.wantRequests(t, 1, 1, 0)
	for n := range 3 {
		// With hints or without.
		observe(t, c, 1, people(0, 4)[:n])
		g.wantRequests(t, 1, 1, 2*(n+1))
	}
	// The same user in capitals is the same user.
	if _, _, err := c.ObserveUser(t.Context(), User{ID: strings.ToUpper(person(2))}, MFAEnabled, nil); err != nil {
		t.Error(err)
	}
	g.wantRequests(t, 1, 1, 6)
	// Another client has nothing: what is read ahead is of one run.
	c, _, _ = newTestClient(t, g.recorder, nil)
	observe(t, c, 3, nil)
	g.wantRequests(t, 1, 1, 8)
}

func TestAReadAheadThatFailsIsForgotten(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 404, 429, 500, 503, 200} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
				switch {
				case r.URL == personURL(1) && n == 0 && status == 200:
					return scriptedAnswer{status: 200, body: `{}`}
				case r.URL == personURL(1) && n == 0:
					return refused(status, "code")
				}
				return soundTenant(r, n)
			}, nil)
			c, _, _ := newTestClient(t, g.recorder, nil)
			observe(t, c, 0, people(1, 2))
			settled(t, c)
			// It was not repeated, and the others were not touched by it.
			if times := g.asked("GET", personURL(1)); times != 1 {
				t.Errorf("the state was read ahead %d times", times)
			}
			observe(t, c, 2, nil)
			g.wantRequests(t, 1, 1, 0)
			observe(t, c, 1, nil)
			g.wantRequests(t, 1, 1, 1)
		})
	}
}

func TestALostOrBrokenBatchHarmsNobodyWhoIsReadAhead(t *testing.T) {
	t.Parallel()
	for name, outer := range map[string]func(w http.ResponseWriter){
		"refused":    func(w http.ResponseWriter) { graphError(w, 400, "BadRequest") },
		"not a list": func(w http.ResponseWriter) { reply(w, 200, `{}`) },
		"all lost":   func(w http.ResponseWriter) { reply(w, 200, `{"responses":[]}`) },
		"busy":       func(w http.ResponseWriter) { graphError(w, 503, "serviceUnavailable") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newScriptedGraph(t, soundTenant, func(w http.ResponseWriter, _ *http.Request, _ []wireItem, n int) bool {
				if n == 0 {
					outer(w)
				}
				return n == 0
			})
			c, _, _ := newTestClient(t, g.recorder, nil)
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
	g := newScriptedGraph(t, soundTenant, func(w http.ResponseWriter, _ *http.Request, _ []wireItem, n int) bool {
		if n == 1 {
			graphError(w, 503, "serviceUnavailable")
		}
		return n == 1
	})
	c, _, _ := newTestClient(t, g.recorder, nil)
	observe(t, c, 0, people(1, 19))
	observe(t, c, 1, people(20, 20))
	settled(t, c)
	g.wantRequests(t, 2, 2, 0)
	observe(t, c, 20, nil)
	// The look-up was good.
	g.wantRequests(t, 2, 2, 1)
}

func TestAWriteDropsWhatWasReadAhead(t *testing.T) {
	t.Parallel()
	hold, arrived := make(chan struct{}), make(chan struct{}, 100)
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	g := newScriptedGraph(t, soundTenant, func(_ http.ResponseWriter, _ *http.Request, _ []wireItem, n int) bool {
		if n == 0 {
			arrived <- struct{}{}
			<-hold
		}
		return false
	})
	c, _, _ := newTestClient(t, g.recorder, nil)
	write := func(n int) {
		if err := c.putUserMFAState(t.Context(), User{ID: strings.ToUpper(person(n))}, MFAEnabled); err != nil {
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
	batches, _ := g.sent()
	if got := urls(batches[1]); len(got) != 11 || slices.Contains(got, "GET "+personURL(25)) {
		t.Errorf("the second batch is %v", got)
	}
	g.wantRequests(t, 1, 2, 3)
	// Whoever was written is read again, name and state.
	for n, written := range []int{1, 2, 25} {
		observe(t, c, written, nil)
		g.wantRequests(t, 1, 2, 3+2*(n+1))
	}
	// The control: whoever was not is there.
	for _, n := range []int{3, 4, 27} {
		observe(t, c, n, nil)
	}
	g.wantRequests(t, 1, 2, 9)
}

// A state that was read before the write must not come out after it, whenever the write falls.
func TestNoObservationAfterAWriteIsOlderThanTheWrite(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	written := map[string]bool{}
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		mutex.Lock()
		defer mutex.Unlock()
		if r.Method == http.MethodPatch {
			written[r.URL] = true
		} else if written[r.URL] {
			return scriptedAnswer{status: 200, body: `{"perUserMfaState":"enforced"}`}
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			user := User{ID: person(n)}
			hints := people(n+1, 31)
			if n%3 == 0 {
				if err := c.putUserMFAState(t.Context(), user, MFAEnforced); err != nil {
					t.Error(err)
				}
			}
			_, state, err := c.ObserveUser(t.Context(), user, "", hints)
			if err != nil || n%3 == 0 && state != MFAEnforced {
				t.Errorf("user %d is %q, %v", n, state, err)
			}
		})
	}
	all.Wait()
}

func TestNobodyIsGoneBecauseTheyWereNotFoundAhead(t *testing.T) {
	t.Parallel()
	here := false
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		switch {
		case r.URL == lookUpURL:
			r.Body = []byte(strings.ReplaceAll(string(r.Body), `"`+person(1)+`",`, ""))
		case strings.Contains(r.URL, person(1)) && !here:
			return refused(404, "Request_ResourceNotFound")
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	observe(t, c, 0, people(1, 2))
	settled(t, c)
	here = true
	observe(t, c, 1, nil)
	g.wantRequests(t, 1, 1, 2)

	// The control: whoever stays away is reported by the user's own 404.
	here = false
	c, _, _ = newTestClient(t, g.recorder, nil)
	observe(t, c, 0, people(1, 2))
	if _, _, err := c.ObserveUser(t.Context(), User{ID: person(1)}, MFAEnabled, nil); !errors.Is(err, ErrUserGone) {
		t.Errorf("the error is %v", err)
	}
	// Asked for together with others, too.
	c, _, _ = newTestClient(t, g.recorder, nil)
	if _, _, err := c.ObserveUser(t.Context(), User{ID: person(1)}, MFAEnabled, people(2, 3)); !errors.Is(err, ErrUserGone) {
		t.Errorf("the error is %v", err)
	}
}

func TestANameThatTheAppMayNotSeeIsReadFromTheUser(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]scriptedAnswer{
		"id and type only": {status: 200, body: `{"value":[{"@odata.type":"#microsoft.graph.user","id":"` + person(1) + `","userPrincipalName":null}]}`},
		"not a user":       {status: 200, body: `{"value":[{"@odata.type":"#microsoft.graph.group","id":"` + person(1) + `","userPrincipalName":"x"}]}`},
		"no list":          {status: 200, body: `{}`},
		"busy":             refused(503, "serviceUnavailable"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
				if r.URL == lookUpURL {
					return answer
				}
				return soundTenant(r, n)
			}, nil)
			c, _, _ := newTestClient(t, g.recorder, nil)
			observe(t, c, 0, people(1, 2))
			observe(t, c, 1, nil)
			_, batches, others := g.requests()
			if batches != 1 || others != 2 {
				t.Errorf("%d batches and %d requests for users, want 1 and 2", batches, others)
			}
		})
	}
}

func TestALookUpThatIsForbiddenIsTriedOnce(t *testing.T) {
	t.Parallel()
	forbidden := true
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		if r.URL == lookUpURL && forbidden {
			return refused(403, "Authorization_RequestDenied")
		}
		return soundTenant(r, n)
	}, nil)
	for _, want := range []int{1, 2} {
		g.mutex.Lock()
		g.alone = nil
		g.mutex.Unlock()
		c, _, _ := newTestClient(t, g.recorder, nil)
		observe(t, c, 0, people(1, 3))
		settled(t, c)
		observe(t, c, 10, people(11, 3))
		observe(t, c, 11, nil)
		observe(t, c, 1, nil)
		if lookUps, _, _ := g.requests(); lookUps != want {
			t.Errorf("%d look-ups by id, want %d", lookUps, want)
		}
		// The control: an app that is permitted goes on.
		forbidden = false
	}
}

func TestAFailureOfOnesOwnIsReportedAndNotRepeated(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		if r.URL == personURL(0) {
			return refused(403, "Authorization_RequestDenied")
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	_, _, err := c.ObserveUser(t.Context(), User{ID: person(0), UserPrincipalName: adeleUPN}, MFAEnabled, people(1, 3))
	if !IsForbidden(err) || !strings.Contains(err.Error(), adeleUPN) {
		t.Errorf("the error is %v", err)
	}
	if times := g.asked("GET", personURL(0)); times != 1 {
		t.Errorf("the state was read %d times", times)
	}
}

func TestOnesOwnStateIsRepeatedWhateverBecomesOfTheOthers(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		if strings.Contains(r.URL, "/authentication/") && n == 0 {
			return refused(429, "TooManyRequests")
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	observe(t, c, 0, people(1, 3))
	settled(t, c)
	batches, _ := g.sent()
	if len(batches) != 2 || len(batches[1]) != 1 {
		t.Errorf("%d batches", len(batches))
	}
}

func TestAChangeThatWasReadAheadIsBelievedOnlyOnceItHasLasted(t *testing.T) {
	t.Parallel()
	for name, lasts := range map[string]bool{"a stale replica": false, "a change": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
				if r.URL == personURL(1) && (n == 0 || lasts) {
					return scriptedAnswer{status: 200, body: `{"perUserMfaState":"disabled"}`}
				}
				return soundTenant(r, n)
			}, nil)
			c, _, clock := newTestClient(t, g.recorder, nil)
			observe(t, c, 0, people(1, 2))
			_, state, err := c.ObserveUser(t.Context(), User{ID: person(1)}, MFAEnabled, nil)
			_, waited := clock.waited()
			times := g.asked("GET", personURL(1))
			if lasts && (state != MFADisabled || waited != c.consistency.Drift || times != 3) || !lasts && (state != MFAEnabled || times != 2) || err != nil {
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
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		if r.URL == lookUpURL {
			arrived.Done()
			<-hold
		}
		return soundTenant(r, n)
	}, func(http.ResponseWriter, *http.Request, []wireItem, int) bool {
		arrived.Done()
		<-hold
		return false
	})
	c, _, _ := newTestClient(t, g.recorder, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var hinter sync.WaitGroup
	hinter.Go(func() {
		if _, _, err := c.ObserveUser(ctx, User{ID: person(0)}, MFAEnabled, people(1, 3)); !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
	})
	arrived.Wait()
	cancel()
	hinter.Wait()
	// Somebody who comes while it is under way leaves as well, and that harms nobody either.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.ObserveUser(ended, User{ID: person(3)}, MFAEnabled, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("who left got %v", err)
	}
	release()
	observe(t, c, 1, nil)
	observe(t, c, 2, nil)
	settled(t, c)
	g.wantRequests(t, 1, 1, 0)
}

func TestLookUpsGatherWhileOthersAreUnderWay(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		if r.URL == lookUpURL {
			<-hold
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() { observe(t, c, 100*n, people(100*n+1, 31)) })
	}
	eventually(t, "two are under way and six wait", func() bool {
		c.userLookUps.mutex.Lock()
		defer c.userLookUps.mutex.Unlock()
		return c.userLookUps.flights == maxLookUps && c.userLookUps.waiting == 6 && len(c.userLookUps.queue) == 6*32
	})
	release()
	all.Wait()
	settled(t, c)
	if lookUps, _, _ := g.requests(); lookUps != 3 {
		t.Errorf("%d look-ups by id, want 3", lookUps)
	}
}

func TestALookUpTakesAThousandUsers(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		if r.URL == lookUpURL {
			<-hold
			if ids := lookedUp(r.Body); len(ids) > maxGetByIDs {
				return refused(400, "Request_BadRequest")
			}
		}
		return soundTenant(r, n)
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() { observe(t, c, 100*n, people(100*n+1, 31)) })
	}
	eventually(t, "everybody waits", func() bool {
		c.userLookUps.mutex.Lock()
		defer c.userLookUps.mutex.Unlock()
		return len(c.userLookUps.queue) == 48*32
	})
	release()
	all.Wait()
	settled(t, c)
	if lookUps, _, others := g.requests(); lookUps != 4 || others != 0 {
		t.Errorf("%d look-ups by id and %d other requests, want 4 and none", lookUps, others)
	}
}

// TestAThousandUsersInAnyOrderTakeNearlyFullBatches goes through a run as Terraform makes it: ten at a time, in an order of
// its own, each with the hints that the run before has left.
func TestAThousandUsersInAnyOrderTakeNearlyFullBatches(t *testing.T) {
	t.Parallel()
	const users, atATime = 1000, 10
	g := newScriptedGraph(t, soundTenant, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
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
	lookUps, batches, others := g.requests()
	t.Logf("%d look-ups by id, %d batches, %d other requests", lookUps, batches, others)
	// The least is 50. What comes on top are those whom nobody hinted at, about 35.
	if batches+others > 75 || lookUps > 75 {
		t.Errorf("%d look-ups by id, %d batches, %d other requests", lookUps, batches, others)
	}
	for n := range users {
		if times := g.asked("GET", personURL(n)); times != 1 {
			t.Errorf("the state of user %d was read %d times", n, times)
		}
	}
}

func TestReadingAheadLeavesNoGoroutineBehind(t *testing.T) {
	c := leavesNoGoroutine(t, 300, soundTenant, func(ctx context.Context, c *Client, n int) {
		_, state, err := c.ObserveUser(ctx, User{ID: person(n)}, MFAEnabled, people(n+1, 31))
		if !errors.Is(err, context.Canceled) && (err != nil || state != MFAEnabled) {
			t.Errorf("user %d is %q, %v", n, state, err)
		}
	})
	if queued, flights := c.betaReads().state(); queued != 0 || flights != 0 {
		t.Errorf("%d queued, %d under way", queued, flights)
	}
	c.userLookUps.mutex.Lock()
	defer c.userLookUps.mutex.Unlock()
	if c.userLookUps.flights != 0 || c.userLookUps.waiting != 0 {
		t.Errorf("%d look-ups under way, %d waited for", c.userLookUps.flights, c.userLookUps.waiting)
	}
	// Whoever still waits for company does so without a goroutine.
	if waiting := c.waitingAhead(); waiting >= maxBatchItems {
		t.Errorf("%d wait for company", waiting)
	}
}
