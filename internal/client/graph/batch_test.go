package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

func wantOwnState(t *testing.T, n int, state mfa.State, err error) {
	t.Helper()
	if want := mfa.State("state of " + numbered(n).ID); err != nil || state != want {
		t.Errorf("user %d got %q and error %v", n, state, err)
	}
}

func (g *gatherer) state() (queued, flights int) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.queue.waiting, g.flights
}

// occupy takes the places in which requests leave at once, until the release.
func (g *gatherer) occupy(tb testing.TB) (release func()) {
	tb.Helper()
	for range EagerFlights {
		if !g.leaveAtOnce() {
			tb.Fatal("the gatherer is not idle")
		}
	}
	return func() {
		// All at once, so that nobody sees a part of them still taken.
		g.mutex.Lock()
		defer g.mutex.Unlock()
		g.flights -= EagerFlights
		g.underWay -= EagerFlights
		g.dispatch()
	}
}

// together makes calls meet in the queue, in their order, and returns when all have returned.
func together(tb testing.TB, g *gatherer, calls ...func()) {
	tb.Helper()
	release := g.occupy(tb)
	var all sync.WaitGroup
	for n, call := range calls {
		all.Go(call)
		if n+1 < MaxBatchItems {
			clienttest.Eventually(tb, "a call in the queue", func() bool { queued, _ := g.state(); return queued == n+1 })
		}
	}
	release()
	all.Wait()
}

func (c *Client) betaReads() *gatherer  { return c.gatherers[gathererKey{Beta, false}] }
func (c *Client) betaWrites() *gatherer { return c.gatherers[gathererKey{Beta, true}] }

func TestACallThatIsAloneIsARequestOfItsOwn(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
		switch {
		case strings.HasSuffix(r.URL, "/methods"):
			return clienttest.ScriptedAnswer{Status: 200, Body: `{"value":[]}`}
		case strings.Contains(r.URL, "select="):
			return clienttest.ScriptedAnswer{Status: 200, Body: clienttest.AdeleJSON}
		}
		return clienttest.OwnState(r)
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	for range 3 {
		_, stateErr := c.getState(t.Context(), adele)
		_, userErr := c.getUser(t.Context(), clienttest.AdeleID)
		_, methodsErr := c.listMethods(t.Context(), adele)
		if err := errors.Join(stateErr, userErr, methodsErr, c.putState(t.Context(), adele, mfa.Enabled)); err != nil {
			t.Fatal(err)
		}
	}
	if batches, alone := g.Sent(); len(batches) != 0 || len(alone) != 12 {
		t.Errorf("%d batches and %d requests of their own, want 0 and 12", len(batches), len(alone))
	}
	// The positive control: the same calls do travel in batches where they meet.
	together(t, c.betaReads(),
		func() { _, _ = c.getState(t.Context(), adele) },
		func() { _, _ = c.listMethods(t.Context(), adele) })
	together(t, c.gatherers[gathererKey{V1, false}],
		func() { _, _ = c.getUser(t.Context(), clienttest.AdeleID) },
		func() { _, _ = c.getUser(t.Context(), clienttest.AdeleUPN) })
	if batches, alone := g.Sent(); len(batches) != 2 || len(alone) != 12 {
		t.Errorf("%d batches and %d requests of their own, want 2 and 12", len(batches), len(alone))
	}
}

func TestManyReadsTakeFewRequestsAndEachGetsItsOwnAnswer(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3, 22, 23, 200, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			hold := make(chan struct{})
			g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer { <-hold; return clienttest.OwnState(r) }, nil)
			c, _, _ := newTestClient(t, g.Recorder, nil)
			gatherer := c.betaReads()
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() {
					state, err := c.getState(t.Context(), numbered(i))
					wantOwnState(t, i, state, err)
				})
			}
			// Two leave at once, and as many full batches as there are places; the rest waits.
			full := min((n-EagerFlights)/MaxBatchItems, MaxFlights-EagerFlights)
			clienttest.Eventually(t, "all calls made", func() bool {
				queued, flights := gatherer.state()
				return queued == n-EagerFlights-full*MaxBatchItems && flights == EagerFlights+full
			})
			close(hold)
			all.Wait()
			want := EagerFlights + (n-EagerFlights+MaxBatchItems-1)/MaxBatchItems
			if requests := len(g.All()); requests != want {
				t.Errorf("%d reads took %d requests, want %d", n, requests, want)
			}
			batches, _ := g.Sent()
			for _, batch := range batches {
				if len(batch) < 2 || len(batch) > MaxBatchItems {
					t.Errorf("a batch of %d", len(batch))
				}
			}
		})
	}
}

func TestARequestThatHangsHoldsNobodyElseUp(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
		if r.URL == clienttest.NumberedURL(0) {
			<-hold
		}
		return clienttest.OwnState(r)
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	var first, rest sync.WaitGroup
	first.Go(func() {
		state, err := c.getState(t.Context(), numbered(0))
		wantOwnState(t, 0, state, err)
	})
	clienttest.Eventually(t, "the first request", func() bool { return len(g.All()) == 1 })
	for i := 1; i < 200; i++ {
		rest.Go(func() {
			state, err := c.getState(t.Context(), numbered(i))
			wantOwnState(t, i, state, err)
		})
	}
	rest.Wait()
	close(hold)
	first.Wait()
}

func TestTheNumberOfFlightsIsBounded(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer { return clienttest.OwnState(r) },
		func(http.ResponseWriter, *http.Request, []clienttest.BatchItem, int) bool {
			n := now.Add(1)
			defer now.Add(-1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			runtime.Gosched()
			return false
		})
	c, _, _ := newTestClient(t, g.Recorder, nil)
	var all sync.WaitGroup
	for i := range 3000 {
		all.Go(func() {
			state, err := c.getState(t.Context(), numbered(i))
			wantOwnState(t, i, state, err)
		})
	}
	all.Wait()
	if most.Load() > MaxFlights || most.Load() < 2 {
		t.Errorf("%d batches were under way at once, want several and at most %d", most.Load(), MaxFlights)
	}
}

func TestVersionsReadsAndWritesDoNotMix(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
		if strings.Contains(r.URL, "select=") {
			return clienttest.ScriptedAnswer{Status: 200, Body: clienttest.AdeleJSON}
		}
		return clienttest.OwnState(r)
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	var releases []func()
	for _, gatherer := range c.gatherers {
		releases = append(releases, gatherer.occupy(t))
	}
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() {
			if _, err := c.getState(t.Context(), numbered(i)); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if err := c.putState(t.Context(), numbered(i), mfa.Enabled); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, err := c.getUser(t.Context(), numbered(i).ID); err != nil {
				t.Error(err)
			}
		})
	}
	clienttest.Eventually(t, "all calls in the queues", func() bool {
		sum := 0
		for _, gatherer := range c.gatherers {
			queued, _ := gatherer.state()
			sum += queued
		}
		return sum == 15
	})
	for _, release := range releases {
		release()
	}
	all.Wait()
	batches, alone := g.Sent()
	var kinds []string
	for n, batch := range batches {
		methods := map[string]bool{}
		for _, item := range batch {
			methods[item.Method+" "+item.URL[strings.LastIndexAny(item.URL, "/?"):]] = true
		}
		if len(methods) != 1 {
			t.Errorf("a batch of %v", methods)
		}
		kinds = append(kinds, fmt.Sprintf("%s %s %d", g.Versions[n], batch[0].Method, len(batch)))
	}
	slices.Sort(kinds)
	if diff := cmp.Diff([]string{"beta GET 5", "beta PATCH 5", "v1.0 GET 5"}, kinds); diff != "" || len(alone) != 0 {
		t.Errorf("alone %v, batches (-want +got):\n%s", alone, diff)
	}
}

func TestAnItemIsWrittenAsTheRequestOfItsOwnWouldBe(t *testing.T) {
	t.Parallel()
	keys := []string{
		clienttest.AdeleID, clienttest.AdeleUPN, "adele_fabrikam.com#EXT#@contoso.example", "$adele@contoso.example", "$o'neil@contoso.example",
		"$a/b#c@contoso.example", "two words@contoso.example", "a+b@contoso.example", "100%@contoso.example", "a?$select=x",
		"../groups/x", "ädele@contoso.example", "a&b<c>@contoso.example",
	}
	g := clienttest.NewScriptedGraph(t, func(clienttest.BatchItem, int) clienttest.ScriptedAnswer {
		return clienttest.ScriptedAnswer{Status: 200, Body: clienttest.AdeleJSON}
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	var calls []func()
	for _, key := range keys {
		read := func() {
			if _, err := c.getUser(t.Context(), key); err != nil {
				t.Errorf("%q: %v", key, err)
			}
		}
		read()
		calls = append(calls, read)
	}
	together(t, c.gatherers[gathererKey{V1, false}], calls...)
	batches, alone := g.Sent()
	slices.Sort(alone)
	if diff := cmp.Diff(alone, clienttest.Urls(batches[0])); diff != "" || len(alone) != len(keys) {
		t.Errorf("(-alone +in a batch):\n%s", diff)
	}

	special := Call{
		Operation: "read", Method: http.MethodGet, Version: Beta, Path: "/users/x/authentication/requirements", Gather: true,
		Query: url.Values{"$filter": {"a eq 'b c+d'"}}, Header: http.Header{"Consistencylevel": {"eventual"}},
	}
	together(t, c.betaReads(), func() {
		if err := c.Send(t.Context(), special, nil); err != nil {
			t.Error(err)
		}
	}, func() { _, _ = c.getState(t.Context(), adele) })
	write := func() {
		if err := c.putState(t.Context(), adele, mfa.Enabled); err != nil {
			t.Error(err)
		}
	}
	together(t, c.betaWrites(), write, write)
	batches, _ = g.Sent()
	want := []clienttest.BatchItem{
		{ID: "0", Method: "GET", URL: "/users/x/authentication/requirements?%24filter=a%20eq%20%27b%20c%2Bd%27", Headers: map[string]string{"Consistencylevel": "eventual"}},
		{ID: "1", Method: "GET", URL: "/users/" + clienttest.AdeleID + "/authentication/requirements"},
	}
	if diff := cmp.Diff(want, batches[1]); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	written := clienttest.BatchItem{
		Method: "PATCH", URL: "/users/" + clienttest.AdeleID + "/authentication/requirements",
		Headers: map[string]string{"Content-Type": "application/json"}, Body: json.RawMessage(`{"perUserMfaState":"enabled"}`),
	}
	want = []clienttest.BatchItem{written, written}
	want[0].ID, want[1].ID = "0", "1"
	if diff := cmp.Diff(want, batches[2]); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	for _, request := range g.All() {
		if _, err := uuid.Parse(request.Header.Get("client-request-id")); err != nil || request.Header.Get("Content-Type") == "" && request.Method == http.MethodPost {
			t.Errorf("%s has the header %v", request.Target, request.Header)
		}
	}
}

// TestAnAnswerMeansTheSameInABatch compares what a caller gets of an answer in a batch and on its own.
func TestAnAnswerMeansTheSameInABatch(t *testing.T) {
	t.Parallel()
	answers := map[string]clienttest.ScriptedAnswer{
		"a state":          {Status: 200, Body: `{"perUserMfaState":"enforced"}`},
		"no state":         {Status: 200, Body: `{}`},
		"a list":           {Status: 200, Body: `[]`},
		"a number":         {Status: 200, Body: `{"perUserMfaState":1}`},
		"nothing":          {Status: 204},
		"not found":        clienttest.Refused(404, "Request_ResourceNotFound"),
		"forbidden":        clienttest.Refused(403, "Authorization_RequestDenied"),
		"no licence":       clienttest.Refused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"),
		"an unnamed 404":   {Status: 404, Body: `{"error":{"code":"","message":"Gone."}}`},
		"an empty refusal": {Status: 404, Body: `{"error":{"code":"","message":""}}`},
		"a bare refusal":   {Status: 403},
		"its own id":       {Status: 400, Header: map[string]string{"request-id": "own"}, Body: `{"error":{"code":"BadRequest","innererror":{"request-id":"inner"}}}`},
	}
	for _, status := range []int{302, 400, 401, 405, 409, 412, 423, 424, 501} {
		answers[fmt.Sprint(status)] = clienttest.Refused(status, "no")
	}
	for name, scripted := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
				if strings.Contains(r.URL, clienttest.AdeleID) {
					return scripted
				}
				return clienttest.OwnState(r)
			}, nil)
			c, _, clock := newTestClient(t, g.Recorder, nil)
			wantState, wantErr := c.getState(t.Context(), adele)
			wantWriteErr := c.putState(t.Context(), adele, mfa.Enabled)
			together(t, c.betaReads(), func() {
				state, err := c.getState(t.Context(), adele)
				if state != wantState {
					t.Errorf("state %q, want %q", state, wantState)
				}
				wantSameFailure(t, wantErr, err)
			}, func() {
				// The neighbour has nothing to do with it.
				state, err := c.getState(t.Context(), numbered(7))
				wantOwnState(t, 7, state, err)
			})
			together(t, c.betaWrites(), func() {
				wantSameFailure(t, wantWriteErr, c.putState(t.Context(), adele, mfa.Enabled))
			}, func() {
				if err := c.putState(t.Context(), numbered(7), mfa.Enabled); err != nil {
					t.Errorf("the neighbour: %v", err)
				}
			})
			batches, alone := g.Sent()
			if waits, _ := clock.Waited(); len(batches) != 2 || len(alone) != 2 || len(waits) != 0 {
				t.Errorf("%d batches, %d requests of their own, waits %v; nothing was to be repeated", len(batches), len(alone), waits)
			}
		})
	}
}

// wantSameFailure compares all of an error but the ids of the request, which differ and must be there alike.
func wantSameFailure(t *testing.T, want, got error) {
	t.Helper()
	if want == nil || got == nil {
		if want != nil || got != nil {
			t.Errorf("error %v, want %v", got, want)
		}
		return
	}
	var wanted, gotten *Error
	if !errors.As(want, &wanted) || !errors.As(got, &gotten) {
		t.Errorf("error %#v, want %#v", got, want)
		return
	}
	if (gotten.RequestID == "") != (wanted.RequestID == "") || (gotten.ClientRequestID == "") != (wanted.ClientRequestID == "") {
		t.Errorf("request ids of %+v, want as many as of %+v", gotten, wanted)
	}
	one, other := *wanted, *gotten
	one.RequestID, one.ClientRequestID, other.RequestID, other.ClientRequestID = "", "", "", ""
	// What is said of an answer that is not Graph's names its type, which an item need not have.
	if !one.FromGraph {
		one.Message, other.Message = "", ""
	}
	if diff := cmp.Diff(one, other); diff != "" {
		t.Errorf("(-alone +in a batch):\n%s", diff)
	}
}

func TestTheIDsOfAnItemAreItsOwn(t *testing.T) {
	t.Parallel()
	own := clienttest.Refused(404, "Request_ResourceNotFound")
	own.Header["request-id"], own.Header["client-request-id"] = "own-request-id", "own-client-request-id"
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
		switch r.URL {
		case clienttest.NumberedURL(0):
			return own
		case clienttest.NumberedURL(1):
			return clienttest.Refused(404, "Request_ResourceNotFound")
		}
		return clienttest.ScriptedAnswer{Status: 404, Body: `{"error":{"code":"Request_ResourceNotFound"}}`}
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	var calls []func()
	refusals := make([]*Error, 3)
	for n := range refusals {
		calls = append(calls, func() {
			_, err := c.getState(t.Context(), numbered(n))
			if !errors.As(err, &refusals[n]) || !IsNotFound(err) {
				t.Errorf("error %v", err)
			}
		})
	}
	together(t, c.betaReads(), calls...)
	batch := g.All()[0].Header.Get("client-request-id")
	for n, want := range []struct{ request, client string }{
		{"own-request-id", "own-client-request-id"}, {"item-request-id", batch}, {"server-request-id", batch},
	} {
		if refusals[n].RequestID != want.request || refusals[n].ClientRequestID != want.client {
			t.Errorf("item %d has %s and %s, want %s and %s", n, refusals[n].RequestID, refusals[n].ClientRequestID, want.request, want.client)
		}
	}
}

func TestOnlyWhatMayPassIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{408, 429, 500, 502, 503, 504, 0} {
		for _, method := range []string{http.MethodGet, http.MethodPatch} {
			t.Run(fmt.Sprintf("%s %d", method, status), func(t *testing.T) {
				t.Parallel()
				g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
					switch {
					case r.URL == clienttest.NumberedURL(1) && n < 2 && status == 0:
						return clienttest.ScriptedAnswer{Lost: true}
					case r.URL == clienttest.NumberedURL(1) && n < 2:
						return clienttest.Refused(status, "later")
					case r.URL == clienttest.NumberedURL(2):
						return clienttest.Refused(404, "Request_ResourceNotFound")
					}
					return clienttest.OwnState(r)
				}, nil)
				c, _, clock := newTestClient(t, g.Recorder, nil)
				do := func(n int) (mfa.State, error) {
					if method == http.MethodGet {
						return c.getState(t.Context(), numbered(n))
					}
					return "state of " + mfa.State(numbered(n).ID), c.putState(t.Context(), numbered(n), mfa.Enabled)
				}
				together(t, c.gatherers[gathererKey{Beta, method != http.MethodGet}],
					func() { state, err := do(0); wantOwnState(t, 0, state, err) },
					func() { state, err := do(1); wantOwnState(t, 1, state, err) },
					func() {
						if _, err := do(2); !IsNotFound(err) {
							t.Errorf("error %v, want a 404", err)
						}
					})
				batches, alone := g.Sent()
				if len(batches) != 3 || len(batches[0]) != 3 || len(alone) != 0 {
					t.Fatalf("%d batches and %v alone", len(batches), alone)
				}
				for _, batch := range batches[1:] {
					if diff := cmp.Diff([]string{method + " " + clienttest.NumberedURL(1)}, clienttest.Urls(batch)); diff != "" {
						t.Errorf("sent again (-want +got):\n%s", diff)
					}
				}
				waits, _ := clock.Waited()
				if len(waits) != 2 {
					t.Errorf("waits %v, want 2", waits)
				}
				for n, wait := range waits {
					if low, high := backoffBounds(time.Millisecond, n+1); wait < low || wait > high {
						t.Errorf("wait %d is %s, want %s to %s", n, wait, low, high)
					}
				}
			})
		}
	}
}

// backoffBounds are the shortest and the longest of azcore's waits after a try.
func backoffBounds(first time.Duration, try int) (low, high time.Duration) {
	middle := first * time.Duration(int64(1)<<try-1)
	return middle * 8 / 10, middle * 13 / 10
}

func TestTheBackoffIsThatOfTheOptions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		try := rapid.IntRange(1, 1000).Draw(t, "try")
		longest := time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "longest"))
		first := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "first"))
		got := backoff(policy.RetryOptions{RetryDelay: first, MaxRetryDelay: longest}, try)
		if got <= 0 && first > 1 || got > longest {
			t.Fatalf("waits %s", got)
		}
		if try < 20 {
			if low, high := backoffBounds(first, try); got > high+1 || got < min(low, longest)-1 {
				t.Fatalf("waits %s, want %s to %s", got, low, high)
			}
		}
		if got := backoff(policy.RetryOptions{RetryDelay: -1, MaxRetryDelay: longest}, try); got != 0 {
			t.Fatalf("waits %s although there is to be no wait", got)
		}
		if got := backoff(policy.RetryOptions{MaxRetryDelay: -1}, try); got < 640*time.Millisecond {
			t.Fatalf("waits %s, want azcore's standard or more", got)
		}
	})
}

func TestTheLongestRetryAfterOfABatchIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		values []string
		date   string
		want   time.Duration
	}{
		{"seconds", []string{"7", "30", "2"}, "", 30 * time.Second},
		{"a fraction", []string{"2.128", "1"}, "", 2128 * time.Millisecond},
		{"dates by the server's clock", []string{"Sat, 21 Nov 2026 10:00:45 GMT", "3"}, "Sat, 21 Nov 2026 10:00:00 GMT", 45 * time.Second},
		{"three minutes", []string{"180"}, "", 3 * time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
				for i, value := range tc.values {
					if r.URL == clienttest.NumberedURL(i) && n == 0 {
						answer := clienttest.Refused(429, "TooManyRequests")
						answer.Header["Retry-After"] = value
						if tc.date != "" {
							answer.Header["Date"] = tc.date
						}
						return answer
					}
				}
				return clienttest.OwnState(r)
			}, nil)
			c, _, clock := newTestClient(t, g.Recorder, func(o *Options) { o.Retry.MaxRetryDelay = 0 })
			var calls []func()
			for n := range len(tc.values) + 1 {
				calls = append(calls, func() {
					state, err := c.getState(t.Context(), numbered(n))
					wantOwnState(t, n, state, err)
				})
			}
			together(t, c.betaReads(), calls...)
			if waits, sum := clock.Waited(); len(waits) != 1 || sum != tc.want {
				t.Errorf("waited %v, want once %s", waits, tc.want)
			}
			batches, _ := g.Sent()
			if len(batches) != 2 || len(batches[1]) != len(tc.values) {
				t.Errorf("%d batches", len(batches))
			}
		})
	}
}

func TestAnItemsRetryAfterThatSaysNothingLeavesTheBackoff(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "0", "-1", "soon", "NaN"} {
		g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
			if n > 0 {
				return clienttest.OwnState(r)
			}
			answer := clienttest.Refused(429, "TooManyRequests")
			answer.Header["Retry-After"] = value
			return answer
		}, nil)
		c, _, clock := newTestClient(t, g.Recorder, nil)
		read := func() {
			state, err := c.getState(t.Context(), numbered(0))
			wantOwnState(t, 0, state, err)
		}
		together(t, c.betaReads(), read, func() { _, _ = c.getState(t.Context(), numbered(1)) })
		waits, sum := clock.Waited()
		if low, high := backoffBounds(time.Millisecond, 1); len(waits) != 1 || sum < low || sum > high {
			t.Errorf("%q: waited %v", value, waits)
		}
	}
}

func TestAnItemsRetryAfterBeyondTheBoundIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"3600", "181", "1e300", "Fri, 01 Jan 2100 00:00:00 GMT"} {
		g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
			if r.URL != clienttest.NumberedURL(0) {
				return clienttest.OwnState(r)
			}
			answer := clienttest.Refused(429, "TooManyRequests")
			answer.Header["Retry-After"] = value
			return answer
		}, nil)
		c, _, clock := newTestClient(t, g.Recorder, func(o *Options) { o.Retry.MaxRetryDelay = 0 })
		together(t, c.betaReads(), func() {
			if _, err := c.getState(t.Context(), numbered(0)); !IsThrottled(err) {
				t.Errorf("%q: error %v, want a 429", value, err)
			}
		}, func() {
			state, err := c.getState(t.Context(), numbered(1))
			wantOwnState(t, 1, state, err)
		})
		if waits, _ := clock.Waited(); len(waits) != 0 {
			t.Errorf("%q: waited %v", value, waits)
		}
	}
}

func TestRepetitionOfItemsEnds(t *testing.T) {
	t.Parallel()
	for _, retries := range []int32{3, -1} {
		g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
			switch r.URL {
			case clienttest.NumberedURL(0):
				return clienttest.Refused(429, "TooManyRequests")
			case clienttest.NumberedURL(1):
				return clienttest.ScriptedAnswer{Lost: true}
			}
			return clienttest.OwnState(r)
		}, nil)
		c, _, _ := newTestClient(t, g.Recorder, func(o *Options) { o.Retry.MaxRetries = retries })
		together(t, c.betaReads(), func() {
			if _, err := c.getState(t.Context(), numbered(0)); !IsThrottled(err) {
				t.Errorf("error %v, want a 429", err)
			}
		}, func() {
			_, err := c.getState(t.Context(), numbered(1))
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Status != 200 || refusal.FromGraph || refusal.RequestID == "" || refusal.ClientRequestID == "" ||
				!strings.Contains(refusal.Error(), `unable to read the per-user MFA state of "user-001"`) {
				t.Errorf("error %#v", err)
			}
		}, func() {
			state, err := c.getState(t.Context(), numbered(2))
			wantOwnState(t, 2, state, err)
		})
		if batches, _ := g.Sent(); len(batches) != 1+max(0, int(retries)) {
			t.Errorf("%d repetitions are allowed and there were %d batches", retries, len(batches))
		}
	}
}

func TestABatchThatIsSentAgainIsFilledUp(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		if n == 0 && (r.URL == clienttest.NumberedURL(0) || r.URL == clienttest.NumberedURL(1)) {
			return clienttest.Refused(503, "serviceUnavailable")
		}
		return clienttest.OwnState(r)
	}, nil)
	c, _, clock := newTestClient(t, g.Recorder, nil)
	gatherer := c.betaReads()
	var late sync.WaitGroup
	var release func()
	clock.OnWait = func(int) {
		// The batch has returned, so whoever comes now would leave at once.
		release = gatherer.occupy(t)
		late.Go(func() {
			state, err := c.getState(t.Context(), numbered(9))
			wantOwnState(t, 9, state, err)
		})
		clienttest.Eventually(t, "the late call in the queue", func() bool { queued, _ := gatherer.state(); return queued == 1 })
	}
	var calls []func()
	for n := range 5 {
		calls = append(calls, func() {
			state, err := c.getState(t.Context(), numbered(n))
			wantOwnState(t, n, state, err)
		})
	}
	together(t, gatherer, calls...)
	late.Wait()
	release()
	batches, alone := g.Sent()
	if len(batches) != 2 || len(alone) != 0 {
		t.Fatalf("%d batches and %v alone", len(batches), alone)
	}
	want := []string{"GET " + clienttest.NumberedURL(0), "GET " + clienttest.NumberedURL(1), "GET " + clienttest.NumberedURL(9)}
	if diff := cmp.Diff(want, clienttest.Urls(batches[1])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABatchThatWaitsLetsOthersGo(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		if n == 0 && (r.URL == clienttest.NumberedURL(0) || r.URL == clienttest.NumberedURL(1)) {
			return clienttest.Refused(503, "serviceUnavailable")
		}
		return clienttest.OwnState(r)
	}, nil)
	c, _, clock := newTestClient(t, g.Recorder, nil)
	clock.OnWait = func(int) {
		state, err := c.getState(t.Context(), numbered(9))
		wantOwnState(t, 9, state, err)
	}
	together(t, c.betaReads(),
		func() {
			state, err := c.getState(t.Context(), numbered(0))
			wantOwnState(t, 0, state, err)
		},
		func() {
			state, err := c.getState(t.Context(), numbered(1))
			wantOwnState(t, 1, state, err)
		})
	if batches, alone := g.Sent(); len(batches) != 2 || !slices.Equal(alone, []string{"GET " + clienttest.NumberedURL(9)}) {
		t.Errorf("%d batches and %v alone", len(batches), alone)
	}
}

func TestABatchThatWaitsLetsThoseGoThatQueuedBehindIt(t *testing.T) {
	t.Parallel()
	var late sync.WaitGroup
	var c *Client
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		if n == 0 && (r.URL == clienttest.NumberedURL(0) || r.URL == clienttest.NumberedURL(1)) {
			return clienttest.Refused(503, "serviceUnavailable")
		}
		return clienttest.OwnState(r)
	}, func(_ http.ResponseWriter, _ *http.Request, _ []clienttest.BatchItem, n int) bool {
		if n == 0 {
			// With this place taken, whoever comes now queues.
			if !c.betaReads().leaveAtOnce() {
				t.Error("more is under way than the batch")
			}
			late.Go(func() {
				state, err := c.getState(t.Context(), numbered(9))
				wantOwnState(t, 9, state, err)
			})
			clienttest.Eventually(t, "the late call in the queue", func() bool { queued, _ := c.betaReads().state(); return queued == 1 })
		}
		return false
	})
	made, _, clock := newTestClient(t, g.Recorder, nil)
	c = made
	clock.OnWait = func(int) {
		clienttest.Eventually(t, "the late call on its way", func() bool { queued, _ := c.betaReads().state(); return queued == 0 })
		late.Wait()
	}
	together(t, c.betaReads(),
		func() {
			state, err := c.getState(t.Context(), numbered(0))
			wantOwnState(t, 0, state, err)
		},
		func() {
			state, err := c.getState(t.Context(), numbered(1))
			wantOwnState(t, 1, state, err)
		})
	c.betaReads().returned()
	if batches, alone := g.Sent(); len(batches) != 2 || !slices.Equal(alone, []string{"GET " + clienttest.NumberedURL(9)}) {
		t.Errorf("%d batches and %v alone", len(batches), alone)
	}
}

// TestAStrangeAnswerToABatch goes through what the answer to a batch may hold beside one answer to each item.
func TestAStrangeAnswerToABatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, responses string
		// again says which items are asked for again, of 0 and 1.
		again []int
	}{
		{"unknown ids", `{"id":"7","status":404},{"id":"","status":404},{"status":404},{"id":"00","status":404}`, nil},
		{"an answer twice", `{"id":"0","status":404,"body":{"error":{"code":"no"}}}`, []int{0}},
		{"an answer three times", `{"id":"0","status":404,"body":{"error":{"code":"no"}}},{"id":"0","status":500}`, []int{0}},
		{"things that are no answers", `null,1,"x",[],{}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			wantBatches(t, tc.again, func(good []string) string { return strings.Join(append(good, tc.responses), ",") })
		})
	}
	for name, replacement := range map[string]string{
		"nothing":            ``,
		"an empty object":    `{}`,
		"no status":          `{"id":"0","body":{"perUserMfaState":"disabled"}}`,
		"status 0":           `{"id":"0","status":0}`,
		"a status as a text": `{"id":"0","status":"404"}`,
		"a status of 1000":   `{"id":"0","status":1000}`,
		"an id as a number":  `{"id":0,"status":404}`,
		"null":               `null`,
	} {
		t.Run(name+" instead of an answer", func(t *testing.T) {
			t.Parallel()
			wantBatches(t, []int{0}, func(good []string) string {
				return strings.Join(slices.DeleteFunc([]string{replacement, good[1]}, func(s string) bool { return s == "" }), ",")
			})
		})
	}
}

// wantBatches makes two calls meet in a batch whose answer is written by a function of the right answers, and wants that
// those calls are sent again whose numbers are given.
func wantBatches(t *testing.T, again []int, write func(good []string) string) {
	t.Helper()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer { return clienttest.OwnState(r) },
		func(w http.ResponseWriter, _ *http.Request, items []clienttest.BatchItem, n int) bool {
			if n > 0 {
				return false
			}
			clienttest.Reply(w, 200, `{"responses":[`+write([]string{clienttest.OwnState(items[0]).In("0"), clienttest.OwnState(items[1]).In("1")})+`]}`)
			return true
		})
	c, _, _ := newTestClient(t, g.Recorder, nil)
	together(t, c.betaReads(),
		func() {
			state, err := c.getState(t.Context(), numbered(0))
			wantOwnState(t, 0, state, err)
		},
		func() {
			state, err := c.getState(t.Context(), numbered(1))
			wantOwnState(t, 1, state, err)
		})
	batches, alone := g.Sent()
	var got, want []string
	for _, batch := range batches[1:] {
		got = append(got, clienttest.Urls(batch)...)
	}
	for _, n := range again {
		want = append(want, "GET "+clienttest.NumberedURL(n))
	}
	if diff := cmp.Diff(want, got); diff != "" || len(alone) != 0 {
		t.Errorf("alone %v, sent again (-want +got):\n%s", alone, diff)
	}
}

func TestTheHeadersOfAnItemAreReadHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	answers, err := readBatchAnswer(Answer{status: 200, Header: http.Header{"Date": {"outer"}, "Client-Request-Id": {"batch"}, "Request-Id": {"outer"}}, body: []byte(
		`{"responses":[
			{"id":"0","status":429,"headers":{"retry-after":7,"REQUEST-ID":"own","x":null,"y":["z"]}},
			{"id":"1","status":200,"headers":null,"body":null},
			{"id":"2","status":502,"headers":{"Content-Type":"text/html","Date":"own"},"body":"PGh0bWw+"},
			{"id":"3","status":502,"headers":{"Content-Type":"text/html"},"body":"<html>"},
			{"id":"4","status":200,"headers":{"Content-Type":"application/json"},"body":"PGh0bWw+"},
			{"id":"5","status":200,"body":{"a": 1}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Answer{
		"0": {status: 429, Header: http.Header{"Retry-After": {"7"}, "Request-Id": {"own"}, "Date": {"outer"}, "Client-Request-Id": {"batch"}}},
		"1": {status: 200, Header: http.Header{"Date": {"outer"}, "Client-Request-Id": {"batch"}}},
		"2": {status: 502, Header: http.Header{"Content-Type": {"text/html"}, "Date": {"own"}, "Client-Request-Id": {"batch"}}, body: []byte("<html>")},
		"3": {status: 502, Header: http.Header{"Content-Type": {"text/html"}, "Date": {"outer"}, "Client-Request-Id": {"batch"}}, body: []byte("<html>")},
		"4": {status: 200, Header: http.Header{"Content-Type": {"application/json"}, "Date": {"outer"}, "Client-Request-Id": {"batch"}}, body: []byte(`"PGh0bWw+"`)},
		"5": {status: 200, Header: http.Header{"Date": {"outer"}, "Client-Request-Id": {"batch"}}, body: []byte(`{"a": 1}`)},
	}
	for id, answer := range want {
		answer.batchRequestID = "outer"
		want[id] = answer
	}
	if diff := cmp.Diff(want, answers, cmp.AllowUnexported(Answer{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzReadBatchAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"responses":[{"id":"0","status":200,"headers":{"a":"b"},"body":{}}]}`, `{"responses":[{"id":"0","status":429,"headers":{"Retry-After":"7"}}]}`,
		`{"responses":[null,1,"x",{"id":"0","status":1e9}]}`, `{"responses":{}}`, `[]`, `null`, ``, `<html>`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		answers, err := readBatchAnswer(Answer{status: 200, Header: http.Header{}, body: body})
		if err == nil && !json.Valid(body) {
			t.Errorf("%q was read", body)
		}
		for id, got := range answers {
			if got.status < 100 || got.status > 599 {
				t.Errorf("item %q has status %d", id, got.status)
			}
			_ = got.Decode(Call{Operation: "read"}, &requirements{})
			retryAfterOf(got.Header)
		}
	})
}

// TestABatchThatWasNotCarriedOutIsTakenApart goes through answers that are about the batch and not about its items.
func TestABatchThatWasNotCarriedOutIsTakenApart(t *testing.T) {
	t.Parallel()
	for name, outer := range map[string]func(w http.ResponseWriter){
		"400": func(w http.ResponseWriter) { clienttest.GraphError(w, 400, "BadRequest") },
		"401": func(w http.ResponseWriter) { clienttest.GraphError(w, 401, "InvalidAuthenticationToken") },
		"403": func(w http.ResponseWriter) { clienttest.GraphError(w, 403, "accessDenied") },
		"404": func(w http.ResponseWriter) { clienttest.GraphError(w, 404, "Request_ResourceNotFound") },
		"405": func(w http.ResponseWriter) { clienttest.GraphError(w, 405, "Request_BadRequest") },
		"424": func(w http.ResponseWriter) { clienttest.GraphError(w, 424, "FailedDependency") },
		"501": func(w http.ResponseWriter) { clienttest.GraphError(w, 501, "notImplemented") },
		"a redirect": func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://example.invalid")
			w.WriteHeader(http.StatusFound)
		},
		"a page":              func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>welcome</html>")) },
		"nothing":             func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"204":                 func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		"no responses":        func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{}`) },
		"null responses":      func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"responses":null}`) },
		"responses by id":     func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"responses":{"0":{}}}`) },
		"a refusal with 200":  func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"error":{"code":"BadRequest"}}`) },
		"the end cut off":     func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"responses":[{"id":"0","status":404}`) },
		"an array":            func(w http.ResponseWriter) { clienttest.Reply(w, 200, `[]`) },
		"a batch in a string": func(w http.ResponseWriter) { clienttest.Reply(w, 200, `"{}"`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer {
				if r.URL == clienttest.NumberedURL(1) {
					return clienttest.Refused(400, "BadRequest")
				}
				return clienttest.OwnState(r)
			}, func(w http.ResponseWriter, _ *http.Request, _ []clienttest.BatchItem, _ int) bool {
				outer(w)
				return true
			})
			c, _, clock := newTestClient(t, g.Recorder, nil)
			var calls []func()
			for n := range MaxBatchItems - 1 {
				calls = append(calls, func() {
					state, err := c.getState(t.Context(), numbered(n))
					if n != 1 {
						wantOwnState(t, n, state, err)
					} else if !HasStatus(err, 400) {
						t.Errorf("the bad item: error %v", err)
					}
				})
			}
			together(t, c.betaReads(), calls...)
			if batches, alone := g.Sent(); len(batches) != 1 || len(alone) != len(calls) {
				t.Errorf("%d batches and %d requests of their own, want 1 and %d", len(batches), len(alone), len(calls))
			}
			if waits, _ := clock.Waited(); len(waits) != 0 {
				t.Errorf("waited %v", waits)
			}
			clienttest.Eventually(t, "all places free", func() bool { _, flights := c.betaReads().state(); return flights == 0 })
		})
	}
}

func TestABatchThatMayPassIsSentAgainAsAWhole(t *testing.T) {
	t.Parallel()
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		for _, refusals := range []int{1, 99} {
			g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer { return clienttest.OwnState(r) },
				func(w http.ResponseWriter, _ *http.Request, _ []clienttest.BatchItem, n int) bool {
					if n < refusals {
						clienttest.GraphError(w, status, "later")
					}
					return n < refusals
				})
			c, _, _ := newTestClient(t, g.Recorder, nil)
			var calls []func()
			for n := range 3 {
				calls = append(calls, func() {
					state, err := c.getState(t.Context(), numbered(n))
					var refusal *Error
					switch {
					case refusals == 1:
						wantOwnState(t, n, state, err)
					case !errors.As(err, &refusal):
						t.Errorf("error %v", err)
					case refusal.Status != status || refusal.Code != "later" || !strings.Contains(refusal.Operation, numbered(n).ID):
						t.Errorf("error %+v", refusal)
					}
				})
			}
			together(t, c.betaReads(), calls...)
			want := min(refusals, int(clienttest.QuickRetry.MaxRetries)) + 1
			if batches, alone := g.Sent(); len(batches) != want || len(alone) != 0 {
				t.Errorf("%d: %d batches and %d requests of their own, want %d and 0", status, len(batches), len(alone), want)
			}
		}
	}
}

func TestABatchWithoutAnAnswerFailsEachCallByItsName(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer { return clienttest.OwnState(r) },
		func(w http.ResponseWriter, _ *http.Request, _ []clienttest.BatchItem, _ int) bool {
			clienttest.HangUp(w, "")
			return true
		})
	c, _, _ := newTestClient(t, g.Recorder, nil)
	read := func(c *Client, n int, check func(err error)) func() {
		return func() {
			_, err := c.getState(t.Context(), numbered(n))
			check(err)
		}
	}
	var calls []func()
	for n := range 2 {
		calls = append(calls, read(c, n, func(err error) {
			var connection *transport.ConnectionError
			if !errors.As(err, &connection) || connection.Kind != transport.ConnectionBroken || !strings.Contains(connection.Operation, numbered(n).ID) {
				t.Errorf("error %#v", err)
			}
		}))
	}
	together(t, c.betaReads(), calls...)
	if batches, _ := g.Sent(); len(batches) != 4 {
		t.Errorf("%d batches, want 1 and 3 repetitions", len(batches))
	}

	refusal := &signin.AuthError{Code: "AADSTS7000215", Message: "wrong"}
	refusedClient, credential, _ := newTestClient(t, g.Recorder, nil)
	credential.Err = refusal
	unable := func(err error) {
		var auth *signin.AuthError
		if !errors.As(err, &auth) || auth.Code != refusal.Code {
			t.Errorf("error %#v, want the failed sign-in", err)
		}
	}
	together(t, refusedClient.betaReads(), read(refusedClient, 0, unable), read(refusedClient, 1, unable))
}

func TestACallThatLeavesTakesNobodyAlong(t *testing.T) {
	t.Parallel()
	for name, leaveAt := range map[string]string{"before the batch": "queue", "while the batch is under way": "flight", "while the batch waits": "pause"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			left := make(chan struct{})
			g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
				if n == 0 && leaveAt == "pause" {
					return clienttest.Refused(503, "serviceUnavailable")
				}
				return clienttest.OwnState(r)
			}, func(http.ResponseWriter, *http.Request, []clienttest.BatchItem, int) bool {
				if leaveAt == "flight" {
					cancel()
					// It leaves at once, and not when the batch returns.
					<-left
				}
				return false
			})
			c, _, clock := newTestClient(t, g.Recorder, nil)
			if leaveAt == "pause" {
				clock.OnWait = func(int) { cancel(); <-left }
			}
			gatherer := c.betaReads()
			release := gatherer.occupy(t)
			var all sync.WaitGroup
			all.Go(func() {
				defer close(left)
				_, err := c.getState(ctx, numbered(0))
				if !errors.Is(err, context.Canceled) || !strings.HasPrefix(fmt.Sprint(err), `unable to read the per-user MFA state of "user-000"`) {
					t.Errorf("error %v", err)
				}
			})
			clienttest.Eventually(t, "the first call in the queue", func() bool { queued, _ := gatherer.state(); return queued == 1 })
			for n := 1; n < 4; n++ {
				all.Go(func() {
					state, err := c.getState(t.Context(), numbered(n))
					wantOwnState(t, n, state, err)
				})
			}
			clienttest.Eventually(t, "all calls in the queue", func() bool { queued, _ := gatherer.state(); return queued == 4 })
			if leaveAt == "queue" {
				cancel()
				<-left
			}
			release()
			all.Wait()
			batches, _ := g.Sent()
			last := clienttest.Urls(batches[len(batches)-1])
			if has := slices.Contains(last, "GET "+clienttest.NumberedURL(0)); has != (leaveAt == "flight") || len(batches) > 2 {
				t.Errorf("%d batches, the last of %v", len(batches), last)
			}
		})
	}
}

func TestABatchThatNobodyWaitsForIsCancelled(t *testing.T) {
	t.Parallel()
	for _, leaveAt := range []string{"flight", "pause", "alone"} {
		t.Run(leaveAt, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			cancelled := make(chan struct{})
			under := func(r *http.Request) {
				cancel()
				select {
				case <-r.Context().Done():
					close(cancelled)
				case <-time.After(30 * time.Second):
				}
			}
			g := clienttest.NewScriptedGraph(t, func(clienttest.BatchItem, int) clienttest.ScriptedAnswer {
				return clienttest.Refused(503, "serviceUnavailable")
			},
				func(_ http.ResponseWriter, r *http.Request, _ []clienttest.BatchItem, _ int) bool {
					if leaveAt == "flight" {
						under(r)
					}
					return false
				})
			if leaveAt == "alone" {
				g = &clienttest.ScriptedGraph{}
				g.Recorder = clienttest.NewRecorder(t, func(_ http.ResponseWriter, r *http.Request, _ int) { under(r) })
			}
			c, _, clock := newTestClient(t, g.Recorder, nil)
			var gone sync.WaitGroup
			gone.Add(2)
			if leaveAt == "pause" {
				clock.OnWait = func(int) { cancel(); gone.Wait(); close(cancelled) }
			}
			read := func() {
				defer gone.Done()
				if _, err := c.getState(ctx, adele); !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			}
			if leaveAt == "alone" {
				together(t, c.betaReads(), read)
			} else {
				together(t, c.betaReads(), read, read)
			}
			select {
			case <-cancelled:
			case <-time.After(30 * time.Second):
				t.Error("the request goes on although nobody waits for it")
			}
			clienttest.Eventually(t, "all places free", func() bool { _, flights := c.betaReads().state(); return flights == 0 })
			if n := len(g.All()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestACallUnderAnEndedContextSendsNothing(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer { return clienttest.OwnState(r) }, nil)
	c, _, _ := newTestClient(t, g.Recorder, nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.getState(ended, adele); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	late, cancelLate := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancelLate()
	if err := c.putState(late, adele, mfa.Enabled); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if n := len(g.All()); n != 0 {
		t.Errorf("%d requests", n)
	}
	// The positive control.
	if err := c.putState(t.Context(), adele, mfa.Enabled); err != nil || len(g.All()) != 1 {
		t.Errorf("error %v and %d requests", err, len(g.All()))
	}
}

type callerKey struct{}

// contextLog notes who the context of each record belongs to.
type contextLog struct {
	slog.Handler
	mutex   *sync.Mutex
	callers *[]any
}

func (l contextLog) Handle(ctx context.Context, record slog.Record) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	*l.callers = append(*l.callers, ctx.Value(callerKey{}))
	return l.Handler.Handle(ctx, record)
}

func TestABatchIsLoggedOnceUnderOneOfItsCallers(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	var callers []any
	handler := contextLog{slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}), &sync.Mutex{}, &callers}
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		switch {
		case r.URL == clienttest.NumberedURL(1) && n == 0:
			answer := clienttest.Refused(429, "TooManyRequests")
			answer.Header["Retry-After"] = "30"
			return answer
		case r.URL == clienttest.NumberedURL(2):
			return clienttest.Refused(404, "Request_ResourceNotFound")
		case r.URL == clienttest.NumberedURL(3) && n == 0:
			return clienttest.ScriptedAnswer{Lost: true}
		}
		return clienttest.OwnState(r)
	}, nil)
	c, _, _ := newTestClient(t, g.Recorder, func(o *Options) {
		o.Logger = slog.New(handler)
		o.Retry.MaxRetryDelay = 0
	})
	var calls []func()
	for n := range 4 {
		calls = append(calls, func() {
			_, _ = c.getState(context.WithValue(t.Context(), callerKey{}, n), numbered(n))
		})
	}
	together(t, c.betaReads(), calls...)
	handler.mutex.Lock()
	defer handler.mutex.Unlock()
	var lines []string
	for line := range strings.Lines(text.String()) {
		if strings.Contains(line, "batch\" version") || strings.Contains(line, "items=") {
			_, line, _ = strings.Cut(strings.TrimSpace(line), "level=")
			lines = append(lines, line)
		}
	}
	want := []string{
		`DEBUG msg="Microsoft Graph answered a batch" version=beta items=4 statuses="200: 1, 404: 1, 429: 1, none: 1" repeated=2`,
		`INFO msg="waiting to repeat requests of a batch to Microsoft Graph" version=beta items=2 wait_ms=30000`,
		`DEBUG msg="Microsoft Graph answered a batch" version=beta items=2 statuses="200: 2" repeated=0`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, caller := range callers {
		if _, ok := caller.(int); !ok {
			t.Errorf("a record belongs to %v", caller)
		}
	}
	for _, secret := range []string{"perUserMfaState", "state of", "secret-token", "user-00"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, text.String())
		}
	}
}

func TestABatchWaitsAsItsItemsWould(t *testing.T) {
	t.Parallel()
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer { return clienttest.OwnState(r) }, nil)
	c, _, clock := newTestClient(t, g.Recorder, func(o *Options) {
		o.Rates = map[RateClass]Rate{ClassAuthentication: {PerSecond: 2, Burst: 4}}
	})
	var calls []func()
	for n := range 10 {
		calls = append(calls, func() {
			state, err := c.getState(t.Context(), numbered(n))
			wantOwnState(t, n, state, err)
		})
	}
	together(t, c.betaReads(), calls...)
	if _, sum := clock.Waited(); sum != 3*time.Second {
		t.Errorf("ten items at two a second, four at once, waited %s, want 3s", sum)
	}
	if n := len(g.All()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	// The batch itself is of no class: the directory is as free as before.
	c, _, clock = newTestClient(t, g.Recorder, func(o *Options) {
		o.Rates = map[RateClass]Rate{ClassDirectory: {PerSecond: 0.1, Burst: 1}}
	})
	for range 3 {
		together(t, c.betaReads(), calls[:2]...)
	}
	if _, sum := clock.Waited(); sum != 0 {
		t.Errorf("batches of another class waited %s for the directory", sum)
	}
}

func TestABatchThatLeavesItsWaitGivesItsPlacesBack(t *testing.T) {
	t.Parallel()
	clock := clienttest.NewFakeClock()
	p := newPacePolicy(map[RateClass]Rate{ClassDirectory: {PerSecond: 1, Burst: 5}}, clock, slog.New(slog.DiscardHandler))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 5 {
		if err := p.wait(ended, p.paces[ClassDirectory], 20); !errors.Is(err, context.Canceled) {
			t.Fatalf("a wait under an ended context says %v", err)
		}
	}
	if wait, _ := p.paces[ClassDirectory].reserve(clock.Now()); wait > 0 {
		t.Errorf("batches that left still hold their places: the next request waits %s", wait)
	}
	// The positive control: places that were used are gone.
	if err := p.wait(t.Context(), p.paces[ClassDirectory], 20); err != nil {
		t.Fatal(err)
	}
	if wait, _ := p.paces[ClassDirectory].reserve(clock.Now()); wait != time.Second {
		t.Errorf("after twenty places the next request waits %s", wait)
	}
}

func TestTheRefusalOfItemsHoldsTheirClass(t *testing.T) {
	t.Parallel()
	for name, outerRefusal := range map[string]bool{"of items": false, "of the batch": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
				if n == 0 && !outerRefusal {
					answer := clienttest.Refused(429, "TooManyRequests")
					answer.Header["Retry-After"] = "1.5"
					return answer
				}
				return clienttest.OwnState(r)
			}, func(w http.ResponseWriter, _ *http.Request, _ []clienttest.BatchItem, n int) bool {
				if n == 0 && outerRefusal {
					w.Header().Set("Retry-After", "1.5")
					clienttest.GraphError(w, 429, "TooManyRequests")
				}
				return n == 0 && outerRefusal
			})
			c, _, _ := newTestClient(t, g.Recorder, func(o *Options) {
				o.Rates = map[RateClass]Rate{ClassAuthentication: {PerSecond: 100, Burst: 100}, ClassDirectory: {PerSecond: 100, Burst: 100}}
			})
			var calls []func()
			for n := range 10 {
				calls = append(calls, func() {
					state, err := c.getState(t.Context(), numbered(n))
					wantOwnState(t, n, state, err)
				})
			}
			began := c.Clock.Now()
			together(t, c.betaReads(), calls...)
			if took := c.Clock.Now().Sub(began); took < 1500*time.Millisecond {
				t.Errorf("sent again after %s", took)
			}
			paces := c.betaReads().paces.paces
			// Ten refusals in one batch are one, or the class would be a thousand times slower.
			if limit := paces[ClassAuthentication].limiter.Limit(); limit < 50 || paces[ClassAuthentication].notBefore.IsZero() {
				t.Errorf("the class goes at %v, not before %s", limit, paces[ClassAuthentication].notBefore)
			}
			if limit := paces[ClassDirectory].limiter.Limit(); limit != 100 || !paces[ClassDirectory].notBefore.IsZero() {
				t.Errorf("the directory goes at %v, not before %s", limit, paces[ClassDirectory].notBefore)
			}
		})
	}
}

func TestNoGoroutineIsLeftBehind(t *testing.T) {
	script := func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer { return clienttest.OwnState(r) }
	var c *Client
	connect := func(service *clienttest.Recorder, httpClient *http.Client) {
		c, _, _ = newTestClient(t, service, func(o *Options) { o.HTTPClient = httpClient })
	}
	clienttest.LeavesNoGoroutine(t, 500, script, connect, func(ctx context.Context, n int) {
		state, err := c.getState(ctx, numbered(n))
		if !errors.Is(err, context.Canceled) {
			wantOwnState(t, n, state, err)
		}
	})
	for key, gatherer := range c.gatherers {
		if queued, flights := gatherer.state(); queued != 0 || flights != 0 || gatherer.underWay != 0 || gatherer.alone.waiting != 0 {
			t.Errorf("%v: %d queued, %d under way", key, queued, flights)
		}
	}
}

// TestEveryCallerGetsItsOwnAnswerWhateverHappens lets calls, cancellations, statuses and broken batches meet at random.
func TestEveryCallerGetsItsOwnAnswerWhateverHappens(t *testing.T) {
	t.Parallel()
	var mutex sync.Mutex
	// plans are what becomes of each try of a user's item, by user.
	plans := map[string][]int{}
	outers := map[int]int{}
	const lost, twice = 1, 2
	g := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, n int) clienttest.ScriptedAnswer {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL, "/users/"), "/")
		mutex.Lock()
		plan := plans[name]
		mutex.Unlock()
		if n < len(plan) && plan[n] != 200 {
			if plan[n] == lost {
				// A request of its own has always an answer.
				return clienttest.ScriptedAnswer{Status: 503, Lost: true}
			}
			answer := clienttest.Refused(plan[n], "status of "+name)
			answer.Header["Retry-After"] = "0.001"
			return answer
		}
		return clienttest.OwnState(r)
	}, func(w http.ResponseWriter, _ *http.Request, items []clienttest.BatchItem, n int) bool {
		mutex.Lock()
		what := outers[n%10]
		mutex.Unlock()
		switch what {
		case 400:
			clienttest.GraphError(w, 400, "BadRequest")
		case twice:
			var answers []string
			for _, item := range items {
				answers = append(answers, clienttest.Refused(404, "of the first").In(item.ID), clienttest.Refused(404, "of the second").In(item.ID))
			}
			clienttest.Reply(w, 200, `{"responses":[`+strings.Join(answers, ",")+`]}`)
		default:
			return false
		}
		return true
	})
	httpClient := clienttest.Trust(t, g.Server)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		callers := rapid.IntRange(1, 70).Draw(rt, "callers")
		mutex.Lock()
		for n := range 10 {
			// The last is sound, so that nothing is refused for ever.
			outers[n] = rapid.SampledFrom([]int{200, 200, 200, 400, twice}).Draw(rt, "outer")
		}
		outers[9] = 200
		wanted := make([][]int, callers)
		leaves := make([]bool, callers)
		for n := range callers {
			wanted[n] = rapid.SliceOfN(rapid.SampledFrom([]int{200, 200, 404, 403, 424, 429, 503, lost}), 0, 3).Draw(rt, "plan")
			leaves[n] = rapid.IntRange(0, 4).Draw(rt, "leaves") == 0
			plans[fmt.Sprintf("round-%d-%d", round, n)] = wanted[n]
		}
		mutex.Unlock()
		c, _, _ := newTestClient(t, g.Recorder, func(o *Options) {
			o.HTTPClient = httpClient
			o.Retry.MaxRetries = 40
			o.Retry.RetryDelay = time.Microsecond
		})
		var all sync.WaitGroup
		for n := range callers {
			all.Go(func() {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if leaves[n] {
					go func() {
						for range n {
							runtime.Gosched()
						}
						cancel()
					}()
				}
				name := fmt.Sprintf("round-%d-%d", round, n)
				state, err := c.getState(ctx, user{ID: name})
				if errors.Is(err, context.Canceled) {
					if !leaves[n] {
						t.Errorf("%s was cancelled and has not left", name)
					}
					return
				}
				// The first status that does not pass, or else success.
				want := 200
				for _, status := range wanted[n] {
					if status == 200 || status == 404 || status == 403 || status == 424 {
						want = status
						break
					}
				}
				var refusal *Error
				switch {
				case want == 200 && (err != nil || state != mfa.State("state of "+name)):
					t.Errorf("%s got %q and error %v", name, state, err)
				case want != 200 && (!errors.As(err, &refusal) || refusal.Status != want || refusal.Code != "status of "+name || !strings.Contains(refusal.Operation, name)):
					t.Errorf("%s got %q and error %v, want status %d", name, state, err, want)
				}
			})
		}
		all.Wait()
		clienttest.Eventually(t, "all places free", func() bool { queued, flights := c.betaReads().state(); return queued == 0 && flights == 0 })
		if t.Failed() {
			rt.Fatalf("failed")
		}
	})
}

// BenchmarkGather is the cost of a read among many, with a service that takes no time.
func BenchmarkGather(b *testing.B) {
	g := clienttest.NewScriptedGraph(b, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer { return clienttest.OwnState(r) }, nil)
	c, _, _ := newTestClient(b, g.Recorder, nil)
	b.SetParallelism(500)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.getState(b.Context(), numbered(1)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(len(g.All()))/float64(b.N), "requests/op")
}
