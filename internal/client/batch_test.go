package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
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
)

// scriptedAnswer is what a scripted Graph says to one request, within a batch or on its own.
type scriptedAnswer struct {
	status int
	header map[string]string
	body   string
	// lost leaves the answer out of the answer to a batch.
	lost bool
}

// scriptedGraph answers requests of their own and those within a batch by the same script.
type scriptedGraph struct {
	*recorder
	mutex   sync.Mutex
	times   map[string]int
	batches [][]wireItem
	alone   []string
	// versions are those of the batches.
	versions []string
}

// newScriptedGraph starts a server. The script gets a request (its URL is relative to the version) and how often the same
// was asked for before. Where outer is not nil and returns true, it has answered a whole batch, whose number it gets.
func newScriptedGraph(tb testing.TB, script func(r wireItem, n int) scriptedAnswer, outer func(w http.ResponseWriter, r *http.Request, items []wireItem, n int) bool) *scriptedGraph {
	tb.Helper()
	g := &scriptedGraph{times: map[string]int{}}
	g.recorder = newRecorder(tb, func(w http.ResponseWriter, r *http.Request, _ int) {
		version, rest, _ := strings.Cut(strings.TrimPrefix(r.RequestURI, "/"), "/")
		body, _ := io.ReadAll(r.Body)
		if rest != "$batch" {
			item := wireItem{Method: r.Method, URL: "/" + rest, Body: body}
			g.mutex.Lock()
			g.alone = append(g.alone, item.Method+" "+item.URL)
			g.mutex.Unlock()
			got := script(item, g.count(item))
			for name, value := range got.header {
				w.Header().Set(name, value)
			}
			reply(w, got.status, got.body)
			return
		}
		var batch struct {
			Requests []wireItem `json:"requests"`
		}
		if err := json.Unmarshal(body, &batch); err != nil || r.Method != http.MethodPost {
			graphError(w, 400, "BadRequest")
			return
		}
		g.mutex.Lock()
		g.batches = append(g.batches, batch.Requests)
		g.versions = append(g.versions, version)
		n := len(g.batches) - 1
		g.mutex.Unlock()
		if outer != nil && outer(w, r, batch.Requests, n) {
			return
		}
		var answers []string
		for _, item := range batch.Requests {
			got := script(item, g.count(item))
			if !got.lost {
				answers = append(answers, got.in(item.ID))
			}
		}
		rand.Shuffle(len(answers), func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
		reply(w, 200, `{"responses":[`+strings.Join(answers, ",")+`]}`)
	})
	return g
}

// in is the answer as it stands in the answer to a batch.
func (a scriptedAnswer) in(id string) string {
	header, _ := json.Marshal(a.header)
	if a.header == nil {
		header = []byte(`{}`)
	}
	text := fmt.Sprintf(`{"id":%q,"status":%d,"headers":%s`, id, a.status, header)
	if a.body != "" {
		text += `,"body":` + a.body
	}
	return text + "}"
}

func (g *scriptedGraph) count(item wireItem) int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	key := item.Method + " " + item.URL
	g.times[key]++
	return g.times[key] - 1
}

// sent are the batches and the requests of their own so far.
func (g *scriptedGraph) sent() (batches [][]wireItem, alone []string) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return slices.Clone(g.batches), slices.Clone(g.alone)
}

// urls lists method and URL of each item of a batch, sorted.
func urls(batch []wireItem) []string {
	all := make([]string, 0, len(batch))
	for _, item := range batch {
		all = append(all, item.Method+" "+item.URL)
	}
	slices.Sort(all)
	return all
}

// numbered is a user whose id is a number, and whose state is the number too.
func numbered(n int) User { return User{ID: fmt.Sprintf("user-%03d", n)} }

func numberedURL(n int) string { return "/users/" + numbered(n).ID + "/authentication/requirements" }

// ownState answers a read of a state with one that names the user.
func ownState(r wireItem) scriptedAnswer {
	if r.Method == http.MethodPatch {
		return scriptedAnswer{status: 204}
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL, "/users/"), "/")
	return scriptedAnswer{status: 200, body: fmt.Sprintf(`{"perUserMfaState":%q}`, "state of "+name)}
}

func wantOwnState(t *testing.T, n int, state MFAState, err error) {
	t.Helper()
	if want := MFAState("state of " + numbered(n).ID); err != nil || state != want {
		t.Errorf("user %d got %q and error %v", n, state, err)
	}
}

func refused(status int, code string) scriptedAnswer {
	return scriptedAnswer{
		status: status, header: map[string]string{"Content-Type": "application/json"},
		body: fmt.Sprintf(`{"error":{"code":%q,"message":"The service says %s.","innerError":{"request-id":"item-request-id"}}}`, code, code),
	}
}

// eventually waits until something is so.
func eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	tick, end := time.NewTicker(time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-end:
			tb.Fatalf("%s: not within 30 seconds", what)
		}
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
	for range eagerFlights {
		if !g.leaveAtOnce() {
			tb.Fatal("the gatherer is not idle")
		}
	}
	return func() {
		// All at once, so that nobody sees a part of them still taken.
		g.mutex.Lock()
		defer g.mutex.Unlock()
		g.flights -= eagerFlights
		g.underWay -= eagerFlights
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
		if n+1 < maxBatchItems {
			eventually(tb, "a call in the queue", func() bool { queued, _ := g.state(); return queued == n+1 })
		}
	}
	release()
	all.Wait()
}

func (c *Client) betaReads() *gatherer  { return c.gatherers[gathererKey{beta, false}] }
func (c *Client) betaWrites() *gatherer { return c.gatherers[gathererKey{beta, true}] }

func TestACallThatIsAloneIsARequestOfItsOwn(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer {
		switch {
		case strings.HasSuffix(r.URL, "/methods"):
			return scriptedAnswer{status: 200, body: `{"value":[]}`}
		case strings.Contains(r.URL, "select="):
			return scriptedAnswer{status: 200, body: adeleJSON}
		}
		return ownState(r)
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	for range 3 {
		_, stateErr := c.GetUserMFAState(t.Context(), adele)
		_, userErr := c.GetUser(t.Context(), adeleID)
		_, methodsErr := c.ListAuthenticationMethods(t.Context(), adele)
		if err := errors.Join(stateErr, userErr, methodsErr, c.putUserMFAState(t.Context(), adele, MFAEnabled)); err != nil {
			t.Fatal(err)
		}
	}
	if batches, alone := g.sent(); len(batches) != 0 || len(alone) != 12 {
		t.Errorf("%d batches and %d requests of their own, want 0 and 12", len(batches), len(alone))
	}
	// The positive control: the same calls do travel in batches where they meet.
	together(t, c.betaReads(),
		func() { _, _ = c.GetUserMFAState(t.Context(), adele) },
		func() { _, _ = c.ListAuthenticationMethods(t.Context(), adele) })
	together(t, c.gatherers[gathererKey{v1, false}],
		func() { _, _ = c.GetUser(t.Context(), adeleID) },
		func() { _, _ = c.GetUser(t.Context(), adeleUPN) })
	if batches, alone := g.sent(); len(batches) != 2 || len(alone) != 12 {
		t.Errorf("%d batches and %d requests of their own, want 2 and 12", len(batches), len(alone))
	}
}

func TestManyReadsTakeFewRequestsAndEachGetsItsOwnAnswer(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3, 22, 23, 200, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			hold := make(chan struct{})
			g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer { <-hold; return ownState(r) }, nil)
			c, _, _ := newTestClient(t, g.recorder, nil)
			gatherer := c.betaReads()
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() {
					state, err := c.GetUserMFAState(t.Context(), numbered(i))
					wantOwnState(t, i, state, err)
				})
			}
			// Two leave at once, and as many full batches as there are places; the rest waits.
			full := min((n-eagerFlights)/maxBatchItems, maxFlights-eagerFlights)
			eventually(t, "all calls made", func() bool {
				queued, flights := gatherer.state()
				return queued == n-eagerFlights-full*maxBatchItems && flights == eagerFlights+full
			})
			close(hold)
			all.Wait()
			want := eagerFlights + (n-eagerFlights+maxBatchItems-1)/maxBatchItems
			if requests := len(g.all()); requests != want {
				t.Errorf("%d reads took %d requests, want %d", n, requests, want)
			}
			batches, _ := g.sent()
			for _, batch := range batches {
				if len(batch) < 2 || len(batch) > maxBatchItems {
					t.Errorf("a batch of %d", len(batch))
				}
			}
		})
	}
}

func TestARequestThatHangsHoldsNobodyElseUp(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer {
		if r.URL == numberedURL(0) {
			<-hold
		}
		return ownState(r)
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	var first, rest sync.WaitGroup
	first.Go(func() {
		state, err := c.GetUserMFAState(t.Context(), numbered(0))
		wantOwnState(t, 0, state, err)
	})
	eventually(t, "the first request", func() bool { return len(g.all()) == 1 })
	for i := 1; i < 200; i++ {
		rest.Go(func() {
			state, err := c.GetUserMFAState(t.Context(), numbered(i))
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
	g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer { return ownState(r) },
		func(http.ResponseWriter, *http.Request, []wireItem, int) bool {
			n := now.Add(1)
			defer now.Add(-1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			runtime.Gosched()
			return false
		})
	c, _, _ := newTestClient(t, g.recorder, nil)
	var all sync.WaitGroup
	for i := range 3000 {
		all.Go(func() {
			state, err := c.GetUserMFAState(t.Context(), numbered(i))
			wantOwnState(t, i, state, err)
		})
	}
	all.Wait()
	if most.Load() > maxFlights || most.Load() < 2 {
		t.Errorf("%d batches were under way at once, want several and at most %d", most.Load(), maxFlights)
	}
}

func TestVersionsReadsAndWritesDoNotMix(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer {
		if strings.Contains(r.URL, "select=") {
			return scriptedAnswer{status: 200, body: adeleJSON}
		}
		return ownState(r)
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	var releases []func()
	for _, gatherer := range c.gatherers {
		releases = append(releases, gatherer.occupy(t))
	}
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() {
			if _, err := c.GetUserMFAState(t.Context(), numbered(i)); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if err := c.putUserMFAState(t.Context(), numbered(i), MFAEnabled); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, err := c.GetUser(t.Context(), numbered(i).ID); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "all calls in the queues", func() bool {
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
	batches, alone := g.sent()
	var kinds []string
	for n, batch := range batches {
		methods := map[string]bool{}
		for _, item := range batch {
			methods[item.Method+" "+item.URL[strings.LastIndexAny(item.URL, "/?"):]] = true
		}
		if len(methods) != 1 {
			t.Errorf("a batch of %v", methods)
		}
		kinds = append(kinds, fmt.Sprintf("%s %s %d", g.versions[n], batch[0].Method, len(batch)))
	}
	slices.Sort(kinds)
	if diff := cmp.Diff([]string{"beta GET 5", "beta PATCH 5", "v1.0 GET 5"}, kinds); diff != "" || len(alone) != 0 {
		t.Errorf("alone %v, batches (-want +got):\n%s", alone, diff)
	}
}

func TestAnItemIsWrittenAsTheRequestOfItsOwnWouldBe(t *testing.T) {
	t.Parallel()
	keys := []string{
		adeleID, adeleUPN, "adele_fabrikam.com#EXT#@contoso.example", "$adele@contoso.example", "$o'neil@contoso.example",
		"$a/b#c@contoso.example", "two words@contoso.example", "a+b@contoso.example", "100%@contoso.example", "a?$select=x",
		"../groups/x", "ädele@contoso.example", "a&b<c>@contoso.example",
	}
	g := newScriptedGraph(t, func(wireItem, int) scriptedAnswer { return scriptedAnswer{status: 200, body: adeleJSON} }, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	var calls []func()
	for _, key := range keys {
		read := func() {
			if _, err := c.GetUser(t.Context(), key); err != nil {
				t.Errorf("%q: %v", key, err)
			}
		}
		read()
		calls = append(calls, read)
	}
	together(t, c.gatherers[gathererKey{v1, false}], calls...)
	batches, alone := g.sent()
	slices.Sort(alone)
	if diff := cmp.Diff(alone, urls(batches[0])); diff != "" || len(alone) != len(keys) {
		t.Errorf("(-alone +in a batch):\n%s", diff)
	}

	special := call{
		operation: "read", method: http.MethodGet, version: beta, path: "/users/x/authentication/requirements", gather: true,
		query: url.Values{"$filter": {"a eq 'b c+d'"}}, header: http.Header{"Consistencylevel": {"eventual"}},
	}
	together(t, c.betaReads(), func() {
		if err := c.send(t.Context(), special, nil); err != nil {
			t.Error(err)
		}
	}, func() { _, _ = c.GetUserMFAState(t.Context(), adele) })
	write := func() {
		if err := c.putUserMFAState(t.Context(), adele, MFAEnabled); err != nil {
			t.Error(err)
		}
	}
	together(t, c.betaWrites(), write, write)
	batches, _ = g.sent()
	want := []wireItem{
		{ID: "0", Method: "GET", URL: "/users/x/authentication/requirements?%24filter=a%20eq%20%27b%20c%2Bd%27", Headers: map[string]string{"Consistencylevel": "eventual"}},
		{ID: "1", Method: "GET", URL: "/users/" + adeleID + "/authentication/requirements"},
	}
	if diff := cmp.Diff(want, batches[1]); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	written := wireItem{
		Method: "PATCH", URL: "/users/" + adeleID + "/authentication/requirements",
		Headers: map[string]string{"Content-Type": "application/json"}, Body: json.RawMessage(`{"perUserMfaState":"enabled"}`),
	}
	want = []wireItem{written, written}
	want[0].ID, want[1].ID = "0", "1"
	if diff := cmp.Diff(want, batches[2]); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	for _, request := range g.all() {
		if _, err := uuid.Parse(request.Header.Get("client-request-id")); err != nil || request.Header.Get("Content-Type") == "" && request.Method == http.MethodPost {
			t.Errorf("%s has the header %v", request.Target, request.Header)
		}
	}
}

// TestAnAnswerMeansTheSameInABatch compares what a caller gets of an answer in a batch and on its own.
func TestAnAnswerMeansTheSameInABatch(t *testing.T) {
	t.Parallel()
	answers := map[string]scriptedAnswer{
		"a state":          {status: 200, body: `{"perUserMfaState":"enforced"}`},
		"no state":         {status: 200, body: `{}`},
		"a list":           {status: 200, body: `[]`},
		"a number":         {status: 200, body: `{"perUserMfaState":1}`},
		"nothing":          {status: 204},
		"not found":        refused(404, "Request_ResourceNotFound"),
		"forbidden":        refused(403, "Authorization_RequestDenied"),
		"no licence":       refused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"),
		"an unnamed 404":   {status: 404, body: `{"error":{"code":"","message":"Gone."}}`},
		"an empty refusal": {status: 404, body: `{"error":{"code":"","message":""}}`},
		"a bare refusal":   {status: 403},
		"its own id":       {status: 400, header: map[string]string{"request-id": "own"}, body: `{"error":{"code":"BadRequest","innererror":{"request-id":"inner"}}}`},
	}
	for _, status := range []int{302, 400, 401, 405, 409, 412, 423, 424, 501} {
		answers[fmt.Sprint(status)] = refused(status, "no")
	}
	for name, scripted := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer {
				if strings.Contains(r.URL, adeleID) {
					return scripted
				}
				return ownState(r)
			}, nil)
			c, _, clock := newTestClient(t, g.recorder, nil)
			wantState, wantErr := c.GetUserMFAState(t.Context(), adele)
			wantWriteErr := c.putUserMFAState(t.Context(), adele, MFAEnabled)
			together(t, c.betaReads(), func() {
				state, err := c.GetUserMFAState(t.Context(), adele)
				if state != wantState {
					t.Errorf("state %q, want %q", state, wantState)
				}
				wantSameFailure(t, wantErr, err)
			}, func() {
				// The neighbour has nothing to do with it.
				state, err := c.GetUserMFAState(t.Context(), numbered(7))
				wantOwnState(t, 7, state, err)
			})
			together(t, c.betaWrites(), func() {
				wantSameFailure(t, wantWriteErr, c.putUserMFAState(t.Context(), adele, MFAEnabled))
			}, func() {
				if err := c.putUserMFAState(t.Context(), numbered(7), MFAEnabled); err != nil {
					t.Errorf("the neighbour: %v", err)
				}
			})
			batches, alone := g.sent()
			if waits, _ := clock.waited(); len(batches) != 2 || len(alone) != 2 || len(waits) != 0 {
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
	own := refused(404, "Request_ResourceNotFound")
	own.header["request-id"], own.header["client-request-id"] = "own-request-id", "own-client-request-id"
	g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer {
		switch r.URL {
		case numberedURL(0):
			return own
		case numberedURL(1):
			return refused(404, "Request_ResourceNotFound")
		}
		return scriptedAnswer{status: 404, body: `{"error":{"code":"Request_ResourceNotFound"}}`}
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	var calls []func()
	refusals := make([]*Error, 3)
	for n := range refusals {
		calls = append(calls, func() {
			_, err := c.GetUserMFAState(t.Context(), numbered(n))
			if !errors.As(err, &refusals[n]) || !IsNotFound(err) {
				t.Errorf("error %v", err)
			}
		})
	}
	together(t, c.betaReads(), calls...)
	batch := g.all()[0].Header.Get("client-request-id")
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
				g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
					switch {
					case r.URL == numberedURL(1) && n < 2 && status == 0:
						return scriptedAnswer{lost: true}
					case r.URL == numberedURL(1) && n < 2:
						return refused(status, "later")
					case r.URL == numberedURL(2):
						return refused(404, "Request_ResourceNotFound")
					}
					return ownState(r)
				}, nil)
				c, _, clock := newTestClient(t, g.recorder, nil)
				do := func(n int) (MFAState, error) {
					if method == http.MethodGet {
						return c.GetUserMFAState(t.Context(), numbered(n))
					}
					return "state of " + MFAState(numbered(n).ID), c.putUserMFAState(t.Context(), numbered(n), MFAEnabled)
				}
				together(t, c.gatherers[gathererKey{beta, method != http.MethodGet}],
					func() { state, err := do(0); wantOwnState(t, 0, state, err) },
					func() { state, err := do(1); wantOwnState(t, 1, state, err) },
					func() {
						if _, err := do(2); !IsNotFound(err) {
							t.Errorf("error %v, want a 404", err)
						}
					})
				batches, alone := g.sent()
				if len(batches) != 3 || len(batches[0]) != 3 || len(alone) != 0 {
					t.Fatalf("%d batches and %v alone", len(batches), alone)
				}
				for _, batch := range batches[1:] {
					if diff := cmp.Diff([]string{method + " " + numberedURL(1)}, urls(batch)); diff != "" {
						t.Errorf("sent again (-want +got):\n%s", diff)
					}
				}
				waits, _ := clock.waited()
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
			g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
				for i, value := range tc.values {
					if r.URL == numberedURL(i) && n == 0 {
						answer := refused(429, "TooManyRequests")
						answer.header["Retry-After"] = value
						if tc.date != "" {
							answer.header["Date"] = tc.date
						}
						return answer
					}
				}
				return ownState(r)
			}, nil)
			c, _, clock := newTestClient(t, g.recorder, func(o *Options) { o.Retry.MaxRetryDelay = 0 })
			var calls []func()
			for n := range len(tc.values) + 1 {
				calls = append(calls, func() {
					state, err := c.GetUserMFAState(t.Context(), numbered(n))
					wantOwnState(t, n, state, err)
				})
			}
			together(t, c.betaReads(), calls...)
			if waits, sum := clock.waited(); len(waits) != 1 || sum != tc.want {
				t.Errorf("waited %v, want once %s", waits, tc.want)
			}
			batches, _ := g.sent()
			if len(batches) != 2 || len(batches[1]) != len(tc.values) {
				t.Errorf("%d batches", len(batches))
			}
		})
	}
}

func TestAnItemsRetryAfterThatSaysNothingLeavesTheBackoff(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "0", "-1", "soon", "NaN"} {
		g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
			if n > 0 {
				return ownState(r)
			}
			answer := refused(429, "TooManyRequests")
			answer.header["Retry-After"] = value
			return answer
		}, nil)
		c, _, clock := newTestClient(t, g.recorder, nil)
		read := func() {
			state, err := c.GetUserMFAState(t.Context(), numbered(0))
			wantOwnState(t, 0, state, err)
		}
		together(t, c.betaReads(), read, func() { _, _ = c.GetUserMFAState(t.Context(), numbered(1)) })
		waits, sum := clock.waited()
		if low, high := backoffBounds(time.Millisecond, 1); len(waits) != 1 || sum < low || sum > high {
			t.Errorf("%q: waited %v", value, waits)
		}
	}
}

func TestAnItemsRetryAfterBeyondTheBoundIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"3600", "181", "1e300", "Fri, 01 Jan 2100 00:00:00 GMT"} {
		g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer {
			if r.URL != numberedURL(0) {
				return ownState(r)
			}
			answer := refused(429, "TooManyRequests")
			answer.header["Retry-After"] = value
			return answer
		}, nil)
		c, _, clock := newTestClient(t, g.recorder, func(o *Options) { o.Retry.MaxRetryDelay = 0 })
		together(t, c.betaReads(), func() {
			if _, err := c.GetUserMFAState(t.Context(), numbered(0)); !IsThrottled(err) {
				t.Errorf("%q: error %v, want a 429", value, err)
			}
		}, func() {
			state, err := c.GetUserMFAState(t.Context(), numbered(1))
			wantOwnState(t, 1, state, err)
		})
		if waits, _ := clock.waited(); len(waits) != 0 {
			t.Errorf("%q: waited %v", value, waits)
		}
	}
}

func TestRepetitionOfItemsEnds(t *testing.T) {
	t.Parallel()
	for _, retries := range []int32{3, -1} {
		g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer {
			switch r.URL {
			case numberedURL(0):
				return refused(429, "TooManyRequests")
			case numberedURL(1):
				return scriptedAnswer{lost: true}
			}
			return ownState(r)
		}, nil)
		c, _, _ := newTestClient(t, g.recorder, func(o *Options) { o.Retry.MaxRetries = retries })
		together(t, c.betaReads(), func() {
			if _, err := c.GetUserMFAState(t.Context(), numbered(0)); !IsThrottled(err) {
				t.Errorf("error %v, want a 429", err)
			}
		}, func() {
			_, err := c.GetUserMFAState(t.Context(), numbered(1))
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Status != 200 || refusal.FromGraph || refusal.RequestID == "" || refusal.ClientRequestID == "" ||
				!strings.Contains(refusal.Error(), `unable to read the per-user MFA state of "user-001"`) {
				t.Errorf("error %#v", err)
			}
		}, func() {
			state, err := c.GetUserMFAState(t.Context(), numbered(2))
			wantOwnState(t, 2, state, err)
		})
		if batches, _ := g.sent(); len(batches) != 1+max(0, int(retries)) {
			t.Errorf("%d repetitions are allowed and there were %d batches", retries, len(batches))
		}
	}
}

func TestABatchThatIsSentAgainIsFilledUp(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		if n == 0 && (r.URL == numberedURL(0) || r.URL == numberedURL(1)) {
			return refused(503, "serviceUnavailable")
		}
		return ownState(r)
	}, nil)
	c, _, clock := newTestClient(t, g.recorder, nil)
	gatherer := c.betaReads()
	var late sync.WaitGroup
	var release func()
	clock.onWait = func(int) {
		// The batch has returned, so whoever comes now would leave at once.
		release = gatherer.occupy(t)
		late.Go(func() {
			state, err := c.GetUserMFAState(t.Context(), numbered(9))
			wantOwnState(t, 9, state, err)
		})
		eventually(t, "the late call in the queue", func() bool { queued, _ := gatherer.state(); return queued == 1 })
	}
	var calls []func()
	for n := range 5 {
		calls = append(calls, func() {
			state, err := c.GetUserMFAState(t.Context(), numbered(n))
			wantOwnState(t, n, state, err)
		})
	}
	together(t, gatherer, calls...)
	late.Wait()
	release()
	batches, alone := g.sent()
	if len(batches) != 2 || len(alone) != 0 {
		t.Fatalf("%d batches and %v alone", len(batches), alone)
	}
	want := []string{"GET " + numberedURL(0), "GET " + numberedURL(1), "GET " + numberedURL(9)}
	if diff := cmp.Diff(want, urls(batches[1])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABatchThatWaitsLetsOthersGo(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		if n == 0 && (r.URL == numberedURL(0) || r.URL == numberedURL(1)) {
			return refused(503, "serviceUnavailable")
		}
		return ownState(r)
	}, nil)
	c, _, clock := newTestClient(t, g.recorder, nil)
	clock.onWait = func(int) {
		state, err := c.GetUserMFAState(t.Context(), numbered(9))
		wantOwnState(t, 9, state, err)
	}
	together(t, c.betaReads(),
		func() { state, err := c.GetUserMFAState(t.Context(), numbered(0)); wantOwnState(t, 0, state, err) },
		func() { state, err := c.GetUserMFAState(t.Context(), numbered(1)); wantOwnState(t, 1, state, err) })
	if batches, alone := g.sent(); len(batches) != 2 || !slices.Equal(alone, []string{"GET " + numberedURL(9)}) {
		t.Errorf("%d batches and %v alone", len(batches), alone)
	}
}

func TestABatchThatWaitsLetsThoseGoThatQueuedBehindIt(t *testing.T) {
	t.Parallel()
	var late sync.WaitGroup
	var c *Client
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		if n == 0 && (r.URL == numberedURL(0) || r.URL == numberedURL(1)) {
			return refused(503, "serviceUnavailable")
		}
		return ownState(r)
	}, func(_ http.ResponseWriter, _ *http.Request, _ []wireItem, n int) bool {
		if n == 0 {
			// With this place taken, whoever comes now queues.
			if !c.betaReads().leaveAtOnce() {
				t.Error("more is under way than the batch")
			}
			late.Go(func() {
				state, err := c.GetUserMFAState(t.Context(), numbered(9))
				wantOwnState(t, 9, state, err)
			})
			eventually(t, "the late call in the queue", func() bool { queued, _ := c.betaReads().state(); return queued == 1 })
		}
		return false
	})
	made, _, clock := newTestClient(t, g.recorder, nil)
	c = made
	clock.onWait = func(int) {
		eventually(t, "the late call on its way", func() bool { queued, _ := c.betaReads().state(); return queued == 0 })
		late.Wait()
	}
	together(t, c.betaReads(),
		func() { state, err := c.GetUserMFAState(t.Context(), numbered(0)); wantOwnState(t, 0, state, err) },
		func() { state, err := c.GetUserMFAState(t.Context(), numbered(1)); wantOwnState(t, 1, state, err) })
	c.betaReads().returned()
	if batches, alone := g.sent(); len(batches) != 2 || !slices.Equal(alone, []string{"GET " + numberedURL(9)}) {
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
	g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer { return ownState(r) },
		func(w http.ResponseWriter, _ *http.Request, items []wireItem, n int) bool {
			if n > 0 {
				return false
			}
			reply(w, 200, `{"responses":[`+write([]string{ownState(items[0]).in("0"), ownState(items[1]).in("1")})+`]}`)
			return true
		})
	c, _, _ := newTestClient(t, g.recorder, nil)
	together(t, c.betaReads(),
		func() { state, err := c.GetUserMFAState(t.Context(), numbered(0)); wantOwnState(t, 0, state, err) },
		func() { state, err := c.GetUserMFAState(t.Context(), numbered(1)); wantOwnState(t, 1, state, err) })
	batches, alone := g.sent()
	var got, want []string
	for _, batch := range batches[1:] {
		got = append(got, urls(batch)...)
	}
	for _, n := range again {
		want = append(want, "GET "+numberedURL(n))
	}
	if diff := cmp.Diff(want, got); diff != "" || len(alone) != 0 {
		t.Errorf("alone %v, sent again (-want +got):\n%s", alone, diff)
	}
}

func TestTheHeadersOfAnItemAreReadHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	answers, err := readBatchAnswer(answer{status: 200, header: http.Header{"Date": {"outer"}, "Client-Request-Id": {"batch"}, "Request-Id": {"outer"}}, body: []byte(
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
	want := map[string]answer{
		"0": {status: 429, header: http.Header{"Retry-After": {"7"}, "Request-Id": {"own"}, "Date": {"outer"}, "Client-Request-Id": {"batch"}}},
		"1": {status: 200, header: http.Header{"Date": {"outer"}, "Client-Request-Id": {"batch"}}},
		"2": {status: 502, header: http.Header{"Content-Type": {"text/html"}, "Date": {"own"}, "Client-Request-Id": {"batch"}}, body: []byte("<html>")},
		"3": {status: 502, header: http.Header{"Content-Type": {"text/html"}, "Date": {"outer"}, "Client-Request-Id": {"batch"}}, body: []byte("<html>")},
		"4": {status: 200, header: http.Header{"Content-Type": {"application/json"}, "Date": {"outer"}, "Client-Request-Id": {"batch"}}, body: []byte(`"PGh0bWw+"`)},
		"5": {status: 200, header: http.Header{"Date": {"outer"}, "Client-Request-Id": {"batch"}}, body: []byte(`{"a": 1}`)},
	}
	for id, answer := range want {
		answer.batchRequestID = "outer"
		want[id] = answer
	}
	if diff := cmp.Diff(want, answers, cmp.AllowUnexported(answer{})); diff != "" {
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
		answers, err := readBatchAnswer(answer{status: 200, header: http.Header{}, body: body})
		if err == nil && !json.Valid(body) {
			t.Errorf("%q was read", body)
		}
		for id, got := range answers {
			if got.status < 100 || got.status > 599 {
				t.Errorf("item %q has status %d", id, got.status)
			}
			_ = got.decode(call{operation: "read"}, &strongAuthenticationRequirements{})
			retryAfterOf(got.header)
		}
	})
}

// TestABatchThatWasNotCarriedOutIsTakenApart goes through answers that are about the batch and not about its items.
func TestABatchThatWasNotCarriedOutIsTakenApart(t *testing.T) {
	t.Parallel()
	for name, outer := range map[string]func(w http.ResponseWriter){
		"400": func(w http.ResponseWriter) { graphError(w, 400, "BadRequest") },
		"401": func(w http.ResponseWriter) { graphError(w, 401, "InvalidAuthenticationToken") },
		"403": func(w http.ResponseWriter) { graphError(w, 403, "accessDenied") },
		"404": func(w http.ResponseWriter) { graphError(w, 404, "Request_ResourceNotFound") },
		"405": func(w http.ResponseWriter) { graphError(w, 405, "Request_BadRequest") },
		"424": func(w http.ResponseWriter) { graphError(w, 424, "FailedDependency") },
		"501": func(w http.ResponseWriter) { graphError(w, 501, "notImplemented") },
		"a redirect": func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://example.invalid")
			w.WriteHeader(http.StatusFound)
		},
		"a page":              func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>welcome</html>")) },
		"nothing":             func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"204":                 func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		"no responses":        func(w http.ResponseWriter) { reply(w, 200, `{}`) },
		"null responses":      func(w http.ResponseWriter) { reply(w, 200, `{"responses":null}`) },
		"responses by id":     func(w http.ResponseWriter) { reply(w, 200, `{"responses":{"0":{}}}`) },
		"a refusal with 200":  func(w http.ResponseWriter) { reply(w, 200, `{"error":{"code":"BadRequest"}}`) },
		"the end cut off":     func(w http.ResponseWriter) { reply(w, 200, `{"responses":[{"id":"0","status":404}`) },
		"an array":            func(w http.ResponseWriter) { reply(w, 200, `[]`) },
		"a batch in a string": func(w http.ResponseWriter) { reply(w, 200, `"{}"`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer {
				if r.URL == numberedURL(1) {
					return refused(400, "BadRequest")
				}
				return ownState(r)
			}, func(w http.ResponseWriter, _ *http.Request, _ []wireItem, _ int) bool { outer(w); return true })
			c, _, clock := newTestClient(t, g.recorder, nil)
			var calls []func()
			for n := range maxBatchItems - 1 {
				calls = append(calls, func() {
					state, err := c.GetUserMFAState(t.Context(), numbered(n))
					if n != 1 {
						wantOwnState(t, n, state, err)
					} else if !hasStatus(err, 400) {
						t.Errorf("the bad item: error %v", err)
					}
				})
			}
			together(t, c.betaReads(), calls...)
			if batches, alone := g.sent(); len(batches) != 1 || len(alone) != len(calls) {
				t.Errorf("%d batches and %d requests of their own, want 1 and %d", len(batches), len(alone), len(calls))
			}
			if waits, _ := clock.waited(); len(waits) != 0 {
				t.Errorf("waited %v", waits)
			}
			eventually(t, "all places free", func() bool { _, flights := c.betaReads().state(); return flights == 0 })
		})
	}
}

func TestABatchThatMayPassIsSentAgainAsAWhole(t *testing.T) {
	t.Parallel()
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		for _, refusals := range []int{1, 99} {
			g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer { return ownState(r) },
				func(w http.ResponseWriter, _ *http.Request, _ []wireItem, n int) bool {
					if n < refusals {
						graphError(w, status, "later")
					}
					return n < refusals
				})
			c, _, _ := newTestClient(t, g.recorder, nil)
			var calls []func()
			for n := range 3 {
				calls = append(calls, func() {
					state, err := c.GetUserMFAState(t.Context(), numbered(n))
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
			want := min(refusals, int(quickRetry.MaxRetries)) + 1
			if batches, alone := g.sent(); len(batches) != want || len(alone) != 0 {
				t.Errorf("%d: %d batches and %d requests of their own, want %d and 0", status, len(batches), len(alone), want)
			}
		}
	}
}

func TestABatchWithoutAnAnswerFailsEachCallByItsName(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer { return ownState(r) },
		func(w http.ResponseWriter, _ *http.Request, _ []wireItem, _ int) bool { hangUp(w, ""); return true })
	c, _, _ := newTestClient(t, g.recorder, nil)
	read := func(c *Client, n int, check func(err error)) func() {
		return func() {
			_, err := c.GetUserMFAState(t.Context(), numbered(n))
			check(err)
		}
	}
	var calls []func()
	for n := range 2 {
		calls = append(calls, read(c, n, func(err error) {
			var connection *ConnectionError
			if !errors.As(err, &connection) || connection.Kind != ConnectionBroken || !strings.Contains(connection.Operation, numbered(n).ID) {
				t.Errorf("error %#v", err)
			}
		}))
	}
	together(t, c.betaReads(), calls...)
	if batches, _ := g.sent(); len(batches) != 4 {
		t.Errorf("%d batches, want 1 and 3 repetitions", len(batches))
	}

	refusal := &AuthError{Code: "AADSTS7000215", Message: "wrong", Remedy: "none"}
	refusedClient, credential, _ := newTestClient(t, g.recorder, nil)
	credential.err = refusal
	unable := func(err error) {
		var auth *AuthError
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
			g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
				if n == 0 && leaveAt == "pause" {
					return refused(503, "serviceUnavailable")
				}
				return ownState(r)
			}, func(http.ResponseWriter, *http.Request, []wireItem, int) bool {
				if leaveAt == "flight" {
					cancel()
					// It leaves at once, and not when the batch returns.
					<-left
				}
				return false
			})
			c, _, clock := newTestClient(t, g.recorder, nil)
			if leaveAt == "pause" {
				clock.onWait = func(int) { cancel(); <-left }
			}
			gatherer := c.betaReads()
			release := gatherer.occupy(t)
			var all sync.WaitGroup
			all.Go(func() {
				defer close(left)
				_, err := c.GetUserMFAState(ctx, numbered(0))
				if !errors.Is(err, context.Canceled) || !strings.HasPrefix(fmt.Sprint(err), `unable to read the per-user MFA state of "user-000"`) {
					t.Errorf("error %v", err)
				}
			})
			eventually(t, "the first call in the queue", func() bool { queued, _ := gatherer.state(); return queued == 1 })
			for n := 1; n < 4; n++ {
				all.Go(func() {
					state, err := c.GetUserMFAState(t.Context(), numbered(n))
					wantOwnState(t, n, state, err)
				})
			}
			eventually(t, "all calls in the queue", func() bool { queued, _ := gatherer.state(); return queued == 4 })
			if leaveAt == "queue" {
				cancel()
				<-left
			}
			release()
			all.Wait()
			batches, _ := g.sent()
			last := urls(batches[len(batches)-1])
			if has := slices.Contains(last, "GET "+numberedURL(0)); has != (leaveAt == "flight") || len(batches) > 2 {
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
			g := newScriptedGraph(t, func(wireItem, int) scriptedAnswer { return refused(503, "serviceUnavailable") },
				func(_ http.ResponseWriter, r *http.Request, _ []wireItem, _ int) bool {
					if leaveAt == "flight" {
						under(r)
					}
					return false
				})
			if leaveAt == "alone" {
				g = &scriptedGraph{}
				g.recorder = newRecorder(t, func(_ http.ResponseWriter, r *http.Request, _ int) { under(r) })
			}
			c, _, clock := newTestClient(t, g.recorder, nil)
			var gone sync.WaitGroup
			gone.Add(2)
			if leaveAt == "pause" {
				clock.onWait = func(int) { cancel(); gone.Wait(); close(cancelled) }
			}
			read := func() {
				defer gone.Done()
				if _, err := c.GetUserMFAState(ctx, adele); !errors.Is(err, context.Canceled) {
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
			eventually(t, "all places free", func() bool { _, flights := c.betaReads().state(); return flights == 0 })
			if n := len(g.all()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestACallUnderAnEndedContextSendsNothing(t *testing.T) {
	t.Parallel()
	g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer { return ownState(r) }, nil)
	c, _, _ := newTestClient(t, g.recorder, nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.GetUserMFAState(ended, adele); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	late, cancelLate := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancelLate()
	if err := c.putUserMFAState(late, adele, MFAEnabled); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if n := len(g.all()); n != 0 {
		t.Errorf("%d requests", n)
	}
	// The positive control.
	if err := c.putUserMFAState(t.Context(), adele, MFAEnabled); err != nil || len(g.all()) != 1 {
		t.Errorf("error %v and %d requests", err, len(g.all()))
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
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		switch {
		case r.URL == numberedURL(1) && n == 0:
			answer := refused(429, "TooManyRequests")
			answer.header["Retry-After"] = "30"
			return answer
		case r.URL == numberedURL(2):
			return refused(404, "Request_ResourceNotFound")
		case r.URL == numberedURL(3) && n == 0:
			return scriptedAnswer{lost: true}
		}
		return ownState(r)
	}, nil)
	c, _, _ := newTestClient(t, g.recorder, func(o *Options) {
		o.Logger = slog.New(handler)
		o.Retry.MaxRetryDelay = 0
	})
	var calls []func()
	for n := range 4 {
		calls = append(calls, func() {
			_, _ = c.GetUserMFAState(context.WithValue(t.Context(), callerKey{}, n), numbered(n))
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
	g := newScriptedGraph(t, func(r wireItem, _ int) scriptedAnswer { return ownState(r) }, nil)
	c, _, clock := newTestClient(t, g.recorder, func(o *Options) {
		o.Rates = map[RateClass]Rate{ClassAuthentication: {PerSecond: 2, Burst: 4}}
	})
	var calls []func()
	for n := range 10 {
		calls = append(calls, func() {
			state, err := c.GetUserMFAState(t.Context(), numbered(n))
			wantOwnState(t, n, state, err)
		})
	}
	together(t, c.betaReads(), calls...)
	if _, sum := clock.waited(); sum != 3*time.Second {
		t.Errorf("ten items at two a second, four at once, waited %s, want 3s", sum)
	}
	if n := len(g.all()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
	// The batch itself is of no class: the directory is as free as before.
	c, _, clock = newTestClient(t, g.recorder, func(o *Options) {
		o.Rates = map[RateClass]Rate{ClassDirectory: {PerSecond: 0.1, Burst: 1}}
	})
	for range 3 {
		together(t, c.betaReads(), calls[:2]...)
	}
	if _, sum := clock.waited(); sum != 0 {
		t.Errorf("batches of another class waited %s for the directory", sum)
	}
}

func TestABatchThatLeavesItsWaitGivesItsPlacesBack(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
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
			g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
				if n == 0 && !outerRefusal {
					answer := refused(429, "TooManyRequests")
					answer.header["Retry-After"] = "1.5"
					return answer
				}
				return ownState(r)
			}, func(w http.ResponseWriter, _ *http.Request, _ []wireItem, n int) bool {
				if n == 0 && outerRefusal {
					w.Header().Set("Retry-After", "1.5")
					graphError(w, 429, "TooManyRequests")
				}
				return n == 0 && outerRefusal
			})
			c, _, _ := newTestClient(t, g.recorder, func(o *Options) {
				o.Rates = map[RateClass]Rate{ClassAuthentication: {PerSecond: 100, Burst: 100}, ClassDirectory: {PerSecond: 100, Burst: 100}}
			})
			var calls []func()
			for n := range 10 {
				calls = append(calls, func() {
					state, err := c.GetUserMFAState(t.Context(), numbered(n))
					wantOwnState(t, n, state, err)
				})
			}
			began := c.clock.Now()
			together(t, c.betaReads(), calls...)
			if took := c.clock.Now().Sub(began); took < 1500*time.Millisecond {
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

// leavesNoGoroutine has callers do something at once, a third of whom leave, while one request is refused at first, and waits
// until no goroutine of theirs is left. A test that calls it is not parallel, so that no other test's come and go meanwhile.
func leavesNoGoroutine(t *testing.T, callers int, script func(r wireItem, n int) scriptedAnswer, do func(ctx context.Context, c *Client, n int)) *Client {
	t.Helper()
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		if n == 0 && strings.HasSuffix(r.URL, "7/authentication/requirements") {
			return refused(503, "serviceUnavailable")
		}
		return script(r, n)
	}, nil)
	httpClient := trust(t, g.Server)
	c, _, _ := newTestClient(t, g.recorder, func(o *Options) { o.HTTPClient = httpClient })
	quiet := func() int {
		httpClient.CloseIdleConnections()
		return runtime.NumGoroutine()
	}
	before := quiet()
	var all sync.WaitGroup
	for n := range callers {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if n%3 == 0 {
				go func() { runtime.Gosched(); cancel() }()
			}
			do(ctx, c, n)
		})
	}
	all.Wait()
	eventually(t, "all goroutines gone", func() bool { return quiet() <= before })
	return c
}

func TestNoGoroutineIsLeftBehind(t *testing.T) {
	script := func(r wireItem, _ int) scriptedAnswer { return ownState(r) }
	c := leavesNoGoroutine(t, 500, script, func(ctx context.Context, c *Client, n int) {
		state, err := c.GetUserMFAState(ctx, numbered(n))
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
	g := newScriptedGraph(t, func(r wireItem, n int) scriptedAnswer {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL, "/users/"), "/")
		mutex.Lock()
		plan := plans[name]
		mutex.Unlock()
		if n < len(plan) && plan[n] != 200 {
			if plan[n] == lost {
				// A request of its own has always an answer.
				return scriptedAnswer{status: 503, lost: true}
			}
			answer := refused(plan[n], "status of "+name)
			answer.header["Retry-After"] = "0.001"
			return answer
		}
		return ownState(r)
	}, func(w http.ResponseWriter, _ *http.Request, items []wireItem, n int) bool {
		mutex.Lock()
		what := outers[n%10]
		mutex.Unlock()
		switch what {
		case 400:
			graphError(w, 400, "BadRequest")
		case twice:
			var answers []string
			for _, item := range items {
				answers = append(answers, refused(404, "of the first").in(item.ID), refused(404, "of the second").in(item.ID))
			}
			reply(w, 200, `{"responses":[`+strings.Join(answers, ",")+`]}`)
		default:
			return false
		}
		return true
	})
	httpClient := trust(t, g.Server)
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
		c, _, _ := newTestClient(t, g.recorder, func(o *Options) {
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
				state, err := c.GetUserMFAState(ctx, User{ID: name})
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
				case want == 200 && (err != nil || state != MFAState("state of "+name)):
					t.Errorf("%s got %q and error %v", name, state, err)
				case want != 200 && (!errors.As(err, &refusal) || refusal.Status != want || refusal.Code != "status of "+name || !strings.Contains(refusal.Operation, name)):
					t.Errorf("%s got %q and error %v, want status %d", name, state, err, want)
				}
			})
		}
		all.Wait()
		eventually(t, "all places free", func() bool { queued, flights := c.betaReads().state(); return queued == 0 && flights == 0 })
		if t.Failed() {
			rt.Fatalf("failed")
		}
	})
}

// BenchmarkGather is the cost of a read among many, with a service that takes no time.
func BenchmarkGather(b *testing.B) {
	g := newScriptedGraph(b, func(r wireItem, _ int) scriptedAnswer { return ownState(r) }, nil)
	c, _, _ := newTestClient(b, g.recorder, nil)
	b.SetParallelism(500)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.GetUserMFAState(b.Context(), numbered(1)); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(len(g.all()))/float64(b.N), "requests/op")
}
