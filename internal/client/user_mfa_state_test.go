package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// scriptedUser is a user of a Graph that behaves as a test says.
type scriptedUser struct {
	// state is what the service holds.
	state mfa.State
	// promotes makes the service store enforced where enabled is written.
	promotes bool
	methods  []string
	// onRead, onWrite and onMethods answer instead of the service where they return true. They get the number of the
	// read since the last write, of the write, and of the reading of methods, from 0.
	onRead    func(w http.ResponseWriter, n int, writes int) bool
	onWrite   func(w http.ResponseWriter, n int) bool
	onMethods func(w http.ResponseWriter, n int) bool
	// withUser says that the user themselves can be read.
	withUser bool

	mutex                       sync.Mutex
	reads, writes, methodsReads int
	*clienttest.Recorder
}

func (u *scriptedUser) start(t *testing.T) *scriptedUser {
	t.Helper()
	const base = "/beta/users/" + clienttest.AdeleID + "/authentication/"
	u.Recorder = clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		u.mutex.Lock()
		defer u.mutex.Unlock()
		switch r.Method + " " + r.URL.Path {
		case "GET /v1.0/users/" + clienttest.AdeleID:
			if !u.withUser {
				clienttest.GraphError(w, 404, "Request_ResourceNotFound")
				return
			}
			clienttest.Reply(w, 200, clienttest.AdeleJSON)
		case "GET " + base + "requirements":
			u.reads++
			if u.onRead == nil || !u.onRead(w, u.reads-1, u.writes) {
				stateJSON(w, u.state)
			}
		case "PATCH " + base + "requirements":
			u.writes++
			if u.onWrite != nil && u.onWrite(w, u.writes-1) {
				return
			}
			u.reads = 0
			u.store(w, r)
		case "GET " + base + "methods":
			u.methodsReads++
			if u.onMethods == nil || !u.onMethods(w, u.methodsReads-1) {
				clienttest.Reply(w, 200, methodsJSON(u.methods...))
			}
		default:
			t.Errorf("unexpected request %s %s", r.Method, r.URL.Path)
			clienttest.GraphError(w, 400, "BadRequest")
		}
	})
	return u
}

func (u *scriptedUser) store(w http.ResponseWriter, r *http.Request) {
	var body map[string]mfa.State
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body) != 1 || body["perUserMfaState"] == "" {
		clienttest.GraphError(w, 400, "BadRequest")
		return
	}
	u.state = body["perUserMfaState"]
	if u.promotes && u.state == mfa.Enabled {
		u.state = mfa.Enforced
	}
	w.WriteHeader(http.StatusNoContent)
}

func stateJSON(w http.ResponseWriter, state mfa.State) {
	clienttest.Reply(w, 200, fmt.Sprintf(`{"@odata.context":"x","perUserMfaState":%q}`, state))
}

// patched lists the states that the server was asked to write.
func (u *scriptedUser) patched() []mfa.State {
	var all []mfa.State
	for _, request := range u.All() {
		if request.Method == http.MethodPatch {
			var body strongAuthenticationRequirements
			_ = json.Unmarshal([]byte(request.Body), &body)
			all = append(all, body.PerUserMFAState)
		}
	}
	return all
}

var registeredPhone = []string{"#microsoft.graph.phoneAuthenticationMethod"}

func wantResult(t *testing.T, got SetResult, before, effective mfa.State, written ...mfa.State) {
	t.Helper()
	got.Unconfirmed = nil
	if diff := cmp.Diff(SetResult{Before: before, Effective: effective, Written: written}, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func wantPatched(t *testing.T, u *scriptedUser, want ...mfa.State) {
	t.Helper()
	if diff := cmp.Diff(want, u.patched()); diff != "" {
		t.Errorf("the service was asked to write (-want +got):\n%s", diff)
	}
}

func TestTheStateIsReadFromBetaByObjectID(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Enforced}).start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	state, err := c.GetUserMFAState(t.Context(), adele)
	if err != nil || state != mfa.Enforced {
		t.Errorf("got %q and error %v", state, err)
	}
	if got, want := u.All()[0].Target, "/beta/users/"+clienttest.AdeleID+"/authentication/requirements"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnAnswerWithoutAStateIsAnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"perUserMfaState":null}`, `{"perUserMfaState":""}`, `{"perUserMfaState":1}`, `null`, `[]`} {
		u := (&scriptedUser{onRead: func(w http.ResponseWriter, _, _ int) bool { clienttest.Reply(w, 200, body); return true }}).start(t)
		c, _, _ := newTestClient(t, u.Recorder, nil)
		state, err := c.GetUserMFAState(t.Context(), adele)
		var refusal *graph.Error
		if state != "" || !errors.As(err, &refusal) || refusal.Status != 200 || graph.IsNotFound(err) {
			t.Errorf("%s: got %q and error %v", body, state, err)
		}
	}
}

func TestA403NamesThePermissionForReadingAndForWriting(t *testing.T) {
	t.Parallel()
	deny := func(w http.ResponseWriter) bool {
		clienttest.GraphError(w, 403, "Authorization_RequestDenied")
		return true
	}
	u := (&scriptedUser{
		state:   mfa.Disabled,
		onRead:  func(w http.ResponseWriter, _, _ int) bool { return deny(w) },
		onWrite: func(w http.ResponseWriter, _ int) bool { return deny(w) },
	}).start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	_, readErr := c.GetUserMFAState(t.Context(), adele)
	for _, tc := range []struct {
		err  error
		want []string
	}{
		{readErr, []string{"Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"}},
		{c.putUserMFAState(t.Context(), adele, mfa.Enabled), []string{"Policy.ReadWrite.AuthenticationMethod"}},
	} {
		var refusal *graph.Error
		if !errors.As(tc.err, &refusal) {
			t.Fatalf("error %v", tc.err)
		}
		if diff := cmp.Diff(tc.want, refusal.Permissions); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tc.err, diff)
		}
	}
}

func TestEveryTransitionWritesWhatTheDesignSays(t *testing.T) {
	t.Parallel()
	for _, row := range clienttest.Transitions {
		t.Run(fmt.Sprintf("from %s to %s, registered %t, opted in %t", row.From, row.To, row.Registered, row.OptIn), func(t *testing.T) {
			t.Parallel()
			u := &scriptedUser{state: row.From}
			if row.Registered {
				u.methods = registeredPhone
			}
			u.start(t)
			c, _, clock := newTestClient(t, u.Recorder, nil)
			result, err := c.SetUserMFAState(t.Context(), adele, row.To, SetOptions{AllowPromotion: row.OptIn})
			wantPatched(t, u, row.Writes...)
			if row.Refused != "" {
				var refusal *mfa.TransitionError
				if !errors.As(err, &refusal) || refusal.Reason != row.Refused || refusal.User != clienttest.AdeleUPN {
					t.Errorf("error %v, want refusal %s", err, row.Refused)
				}
				wantResult(t, result, row.From, row.From)
				return
			}
			if err != nil || result.Unconfirmed != nil {
				t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
			}
			effective := row.To
			if len(row.Writes) == 0 {
				effective = row.From
			}
			wantResult(t, result, row.From, effective, row.Writes...)
			if waits, _ := clock.Waited(); len(waits) != 0 {
				t.Errorf("waited %v although the service was up to date", waits)
			}
			if !row.OptIn && u.methodsReads != 0 {
				t.Error("the methods were read although they decide nothing")
			}
		})
	}
}

func TestARefusalIsDecidedWithoutWriting(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Disabled}).start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	_, err := c.CheckUserMFAState(t.Context(), adele, mfa.Disabled, mfa.Enforced, true, 0)
	var refusal *mfa.TransitionError
	if !errors.As(err, &refusal) {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff(&mfa.TransitionError{User: clienttest.AdeleUPN, From: mfa.Disabled, To: mfa.Enforced, Reason: mfa.ReasonNotRegistered}, refusal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	move, err := c.CheckUserMFAState(t.Context(), adele, mfa.Disabled, mfa.Enabled, true, 0)
	if err != nil || len(move.Writes) != 1 {
		t.Errorf("got %+v and error %v", move, err)
	}
	if n := len(u.All()); n != 1 || u.methodsReads != 1 {
		t.Errorf("%d requests of which %d for methods, want one and that", n, u.methodsReads)
	}
	// The positive control: the same server does record a write.
	if _, err := c.SetUserMFAState(t.Context(), adele, mfa.Enabled, SetOptions{}); err != nil {
		t.Error(err)
	}
	wantPatched(t, u, mfa.Enabled)
}

func TestMethodsThatCannotBeReadStopTheMove(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Enabled, methods: registeredPhone, onMethods: func(w http.ResponseWriter, _ int) bool {
		clienttest.GraphError(w, 403, "Authorization_RequestDenied")
		return true
	}}).start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enforced, SetOptions{AllowPromotion: true})
	if !graph.IsForbidden(err) {
		t.Errorf("error %v, want the 403", err)
	}
	wantResult(t, result, mfa.Enabled, mfa.Enabled)
	wantPatched(t, u)
}

func TestAPromotionByTheServiceIsTheEffectiveState(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Disabled, promotes: true}).start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enabled, SetOptions{})
	if err != nil || result.Unconfirmed != nil {
		t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
	}
	wantResult(t, result, mfa.Disabled, mfa.Enforced, mfa.Enabled)
	wantPatched(t, u, mfa.Enabled)
}

func TestEnforcedIsNotWrittenWhereTheServiceHasPromoted(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Disabled, promotes: true, methods: registeredPhone}).start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enforced, SetOptions{AllowPromotion: true})
	if err != nil || result.Unconfirmed != nil {
		t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
	}
	wantResult(t, result, mfa.Disabled, mfa.Enforced, mfa.Enabled)
	wantPatched(t, u, mfa.Enabled)
}

func TestTheStateIsReadBackBetweenTheTwoWrites(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Disabled, methods: registeredPhone}).start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	if _, err := c.SetUserMFAState(t.Context(), adele, mfa.Enforced, SetOptions{AllowPromotion: true}); err != nil {
		t.Fatal(err)
	}
	var sequence []string
	for _, request := range u.All() {
		sequence = append(sequence, request.Method+" "+request.Path()[strings.LastIndex(request.Path(), "/")+1:]+request.Body)
	}
	want := []string{
		"GET requirements", "GET methods",
		`PATCH requirements{"perUserMfaState":"enabled"}`, "GET requirements",
		`PATCH requirements{"perUserMfaState":"enforced"}`, "GET requirements",
	}
	if diff := cmp.Diff(want, sequence); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStaleReadsAreWaitedOut(t *testing.T) {
	t.Parallel()
	old := func(state mfa.State, stale func(n int) bool) func(http.ResponseWriter, int, int) bool {
		return func(w http.ResponseWriter, n, writes int) bool {
			if writes == 0 || !stale(n) {
				return false
			}
			stateJSON(w, state)
			return true
		}
	}
	first := func(count int) func(int) bool { return func(n int) bool { return n < count } }
	even := func(n int) bool { return n%2 == 0 }
	for _, tc := range []struct {
		name             string
		before, to       mfa.State
		promotes         bool
		stale            func(n int) bool
		effective        mfa.State
		waits            int
		noReplicaHasUser bool
	}{
		{name: "the old value five times", before: mfa.Disabled, to: mfa.Enabled, stale: first(5), effective: mfa.Enabled, waits: 5},
		{name: "the old value five times, then a promotion", before: mfa.Disabled, to: mfa.Enabled, promotes: true, stale: first(5), effective: mfa.Enforced, waits: 5},
		{name: "alternating", before: mfa.Disabled, to: mfa.Enabled, promotes: true, stale: even, effective: mfa.Enforced, waits: 1},
		{name: "enforced is still seen after disabled", before: mfa.Enforced, to: mfa.Disabled, stale: first(3), effective: mfa.Disabled, waits: 3},
		{name: "enabled is still seen after disabled", before: mfa.Enabled, to: mfa.Disabled, stale: even, effective: mfa.Disabled, waits: 1},
		{name: "a state of the future is still seen", before: "unknownFutureValue", to: mfa.Enabled, stale: first(2), effective: mfa.Enabled, waits: 2},
		{name: "a replica without the user", before: mfa.Disabled, to: mfa.Enabled, stale: first(2), effective: mfa.Enabled, waits: 2, noReplicaHasUser: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			u := &scriptedUser{state: tc.before, promotes: tc.promotes, onRead: old(tc.before, tc.stale)}
			if tc.noReplicaHasUser {
				u.onRead = func(w http.ResponseWriter, n, writes int) bool {
					if writes == 0 || !tc.stale(n) {
						return false
					}
					clienttest.GraphError(w, 404, "Request_ResourceNotFound")
					return true
				}
			}
			u.start(t)
			c, _, clock := newTestClient(t, u.Recorder, nil)
			result, err := c.SetUserMFAState(t.Context(), adele, tc.to, SetOptions{})
			if err != nil || result.Unconfirmed != nil {
				t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
			}
			wantResult(t, result, tc.before, tc.effective, tc.to)
			if waits, _ := clock.Waited(); len(waits) != tc.waits {
				t.Errorf("waited %v, want %d pauses", waits, tc.waits)
			}
		})
	}
}

func TestStaleReadsBetweenTheTwoWritesAreWaitedOut(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Disabled, methods: registeredPhone, onRead: func(w http.ResponseWriter, n, writes int) bool {
		if writes == 0 || n >= 2 {
			return false
		}
		stateJSON(w, mfa.Disabled)
		return true
	}}).start(t)
	c, _, clock := newTestClient(t, u.Recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enforced, SetOptions{AllowPromotion: true})
	if err != nil || result.Unconfirmed != nil {
		t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
	}
	wantResult(t, result, mfa.Disabled, mfa.Enforced, mfa.Enabled, mfa.Enforced)
	if waits, _ := clock.Waited(); len(waits) != 4 {
		t.Errorf("waited %v, want 4 pauses", waits)
	}
}

func TestTheWaitForAWriteIsBounded(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Disabled, onRead: func(w http.ResponseWriter, _, _ int) bool {
		stateJSON(w, mfa.Disabled)
		return true
	}}).start(t)
	c, _, clock := newTestClient(t, u.Recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enabled, SetOptions{})
	if err != nil {
		t.Errorf("an accepted write is an error: %v", err)
	}
	if want := `the service accepted "enabled" but still answers "disabled" after 1m30s`; result.Unconfirmed == nil || result.Unconfirmed.Error() != want {
		t.Errorf("unconfirmed %v, want %s", result.Unconfirmed, want)
	}
	wantResult(t, result, mfa.Disabled, mfa.Enabled, mfa.Enabled)
	wantPatched(t, u, mfa.Enabled)
	if _, sum := clock.Waited(); sum != 90*time.Second {
		t.Errorf("waited %s, want 90 s", sum)
	}
}

func TestAReadBackThatFailsDoesNotUndoTheWrite(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Disabled, onRead: func(w http.ResponseWriter, _, writes int) bool {
		if writes == 0 {
			return false
		}
		clienttest.GraphError(w, 500, "InternalServerError")
		return true
	}}).start(t)
	c, _, clock := newTestClient(t, u.Recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enabled, SetOptions{})
	if err != nil {
		t.Errorf("an accepted write is an error: %v", err)
	}
	if !graph.HasStatus(result.Unconfirmed, 500) {
		t.Errorf("unconfirmed %v, want the 500", result.Unconfirmed)
	}
	wantResult(t, result, mfa.Disabled, mfa.Enabled, mfa.Enabled)
	if waits, _ := clock.Waited(); len(waits) != 0 {
		t.Errorf("waited %v beside the repetitions", waits)
	}
}

func TestTheEndOfTheContextAfterAWriteLeavesItWritten(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	u := (&scriptedUser{state: mfa.Disabled, onRead: func(w http.ResponseWriter, _, _ int) bool { stateJSON(w, mfa.Disabled); return true }}).start(t)
	c, _, clock := newTestClient(t, u.Recorder, nil)
	clock.OnWait = func(n int) {
		if n == 2 {
			cancel()
		}
	}
	result, err := c.SetUserMFAState(ctx, adele, mfa.Enabled, SetOptions{})
	if err != nil || !errors.Is(result.Unconfirmed, context.Canceled) {
		t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
	}
	wantResult(t, result, mfa.Disabled, mfa.Enabled, mfa.Enabled)
	if waits, _ := clock.Waited(); len(waits) != 2 {
		t.Errorf("waited %v", waits)
	}
}

func TestTheEndOfTheContextBetweenTheTwoWritesStopsTheSecond(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	u := (&scriptedUser{state: mfa.Disabled, methods: registeredPhone, onRead: func(w http.ResponseWriter, _, _ int) bool {
		stateJSON(w, mfa.Disabled)
		return true
	}}).start(t)
	c, _, clock := newTestClient(t, u.Recorder, nil)
	clock.OnWait = func(int) { cancel() }
	result, err := c.SetUserMFAState(ctx, adele, mfa.Enforced, SetOptions{AllowPromotion: true})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	wantResult(t, result, mfa.Disabled, mfa.Enabled, mfa.Enabled)
	wantPatched(t, u, mfa.Enabled)
}

// A user who was never seen enabled would be moved from disabled to enforced directly, as far as anybody can tell.
func TestEnforcedIsNotWrittenBeforeEnabledWasSeen(t *testing.T) {
	t.Parallel()
	for name, onRead := range map[string]func(http.ResponseWriter, int, int) bool{
		"because the service still answers disabled": func(w http.ResponseWriter, _, _ int) bool {
			stateJSON(w, mfa.Disabled)
			return true
		},
		"because reading fails": func(w http.ResponseWriter, _, writes int) bool {
			if writes == 0 {
				return false
			}
			clienttest.GraphError(w, 500, "InternalServerError")
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := (&scriptedUser{state: mfa.Disabled, methods: registeredPhone, onRead: onRead}).start(t)
			c, _, _ := newTestClient(t, u.Recorder, nil)
			result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enforced, SetOptions{AllowPromotion: true})
			if err == nil || !strings.Contains(err.Error(), clienttest.AdeleUPN) || !errors.Is(err, result.Unconfirmed) {
				t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
			}
			wantResult(t, result, mfa.Disabled, mfa.Enabled, mfa.Enabled)
			wantPatched(t, u, mfa.Enabled)
		})
	}
}

func TestAFailedSecondWriteTellsOfTheFirst(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Disabled, methods: registeredPhone, onWrite: func(w http.ResponseWriter, n int) bool {
		if n == 0 {
			return false
		}
		clienttest.GraphError(w, 403, "Authorization_RequestDenied")
		return true
	}}).start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enforced, SetOptions{AllowPromotion: true})
	if !graph.IsForbidden(err) || !strings.Contains(err.Error(), `to "enforced"`) {
		t.Errorf("error %v, want the 403 of the second write", err)
	}
	wantResult(t, result, mfa.Disabled, mfa.Enabled, mfa.Enabled)
	wantPatched(t, u, mfa.Enabled, mfa.Enforced)
}

func TestAFailedWriteIsNotListedAsWritten(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Disabled, onWrite: func(w http.ResponseWriter, _ int) bool {
		clienttest.GraphError(w, 400, "BadRequest")
		return true
	}}).start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enabled, SetOptions{})
	if !graph.HasStatus(err, 400) {
		t.Errorf("error %v, want the 400", err)
	}
	wantResult(t, result, mfa.Disabled, mfa.Disabled)
}

func TestAStateThatCannotBeReadStopsTheMove(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{onRead: func(w http.ResponseWriter, _, _ int) bool {
		clienttest.GraphError(w, 403, "Authorization_RequestDenied")
		return true
	}}).start(t)
	c, _, _ := newTestClient(t, u.Recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, mfa.Enabled, SetOptions{NewUser: true})
	if !graph.IsForbidden(err) {
		t.Errorf("error %v, want the 403", err)
	}
	wantResult(t, result, "", "")
	wantPatched(t, u)
}

func TestOnlyANewUsers404IsWaitedOut(t *testing.T) {
	t.Parallel()
	missing := func(w http.ResponseWriter) { clienttest.GraphError(w, 404, "Request_ResourceNotFound") }
	// Each of the three kinds of requests finds a replica without the user twice.
	reading := func(w http.ResponseWriter, n, writes int) bool {
		if writes > 0 || n >= 2 {
			return false
		}
		missing(w)
		return true
	}
	twice := func(w http.ResponseWriter, n int) bool {
		if n >= 2 {
			return false
		}
		missing(w)
		return true
	}
	for _, tc := range []struct {
		name    string
		make    func() *scriptedUser
		to      mfa.State
		written []mfa.State
		waits   int
	}{
		{"in reading the state", func() *scriptedUser { return &scriptedUser{onRead: reading} }, mfa.Enabled, []mfa.State{mfa.Enabled}, 2},
		{"in writing the state", func() *scriptedUser { return &scriptedUser{onWrite: twice} }, mfa.Enabled, []mfa.State{mfa.Enabled}, 2},
		{"in reading the methods", func() *scriptedUser { return &scriptedUser{onMethods: twice} }, mfa.Enforced, []mfa.State{mfa.Enabled, mfa.Enforced}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, newUser := range []bool{true, false} {
				u := tc.make()
				u.state, u.methods = mfa.Disabled, registeredPhone
				u.start(t)
				c, _, clock := newTestClient(t, u.Recorder, nil)
				result, err := c.SetUserMFAState(t.Context(), adele, tc.to, SetOptions{NewUser: newUser, AllowPromotion: true})
				waits, _ := clock.Waited()
				if newUser {
					if err != nil || result.Unconfirmed != nil || len(waits) != tc.waits {
						t.Errorf("a new user: error %v, unconfirmed %v, waited %v", err, result.Unconfirmed, waits)
					}
					wantResult(t, result, mfa.Disabled, tc.to, tc.written...)
					continue
				}
				// It takes the user's own 404 to be gone.
				if _, sum := clock.Waited(); !errors.Is(err, ErrUserGone) || sum != c.Consistency().Missing || len(result.Written) != 0 {
					t.Errorf("another user: error %v, waited %v, written %v", err, waits, result.Written)
				}
			}
		})
	}
}

func TestTheWaitForANewUserIsBounded(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{onRead: func(w http.ResponseWriter, _, _ int) bool {
		clienttest.GraphError(w, 404, "Request_ResourceNotFound")
		return true
	}}).start(t)
	c, _, clock := newTestClient(t, u.Recorder, nil)
	_, err := c.SetUserMFAState(t.Context(), adele, mfa.Enabled, SetOptions{NewUser: true})
	if !errors.Is(err, ErrUserGone) {
		t.Errorf("error %v, want that the user is gone", err)
	}
	if _, sum := clock.Waited(); sum != 33*time.Second {
		t.Errorf("waited %s, want 30 s, and 3 s for the user's own 404", sum)
	}
	wantPatched(t, u)
}

func TestAnUnexpectedStateIsBelievedOnlyOnceItHasLasted(t *testing.T) {
	t.Parallel()
	shows := func(states ...mfa.State) func(http.ResponseWriter, int, int) bool {
		return func(w http.ResponseWriter, n, _ int) bool {
			stateJSON(w, states[min(n, len(states)-1)])
			return true
		}
	}
	for _, tc := range []struct {
		name     string
		onRead   func(http.ResponseWriter, int, int) bool
		expected mfa.State
		want     mfa.State
		waited   time.Duration
	}{
		{"the expected state", shows(mfa.Enabled), mfa.Enabled, mfa.Enabled, 0},
		{"a promotion, which satisfies", shows(mfa.Enforced), mfa.Enabled, mfa.Enforced, 0},
		{"no expectation", shows(mfa.Disabled), "", mfa.Disabled, 0},
		{"an old replica", shows(mfa.Disabled, mfa.Enabled), mfa.Enabled, mfa.Enabled, 500 * time.Millisecond},
		{"a lasting change", shows(mfa.Disabled), mfa.Enabled, mfa.Disabled, time.Second},
		{"enabled where enforced was", shows(mfa.Enabled), mfa.Enforced, mfa.Enabled, time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			u := (&scriptedUser{onRead: tc.onRead}).start(t)
			c, _, clock := newTestClient(t, u.Recorder, nil)
			state, err := c.ObserveUserMFAState(t.Context(), adele, tc.expected)
			if err != nil || state != tc.want {
				t.Errorf("got %q and error %v, want %q", state, err, tc.want)
			}
			if _, sum := clock.Waited(); sum != tc.waited {
				t.Errorf("waited %s, want %s", sum, tc.waited)
			}
		})
	}
	t.Run("a failure", func(t *testing.T) {
		t.Parallel()
		u := (&scriptedUser{onRead: func(w http.ResponseWriter, n, _ int) bool {
			if n == 0 {
				stateJSON(w, mfa.Disabled)
				return true
			}
			clienttest.GraphError(w, 403, "Authorization_RequestDenied")
			return true
		}}).start(t)
		c, _, _ := newTestClient(t, u.Recorder, nil)
		if state, err := c.ObserveUserMFAState(t.Context(), adele, mfa.Enabled); !graph.IsForbidden(err) || state != "" {
			t.Errorf("got %q and error %v, want the 403", state, err)
		}
	})
}
