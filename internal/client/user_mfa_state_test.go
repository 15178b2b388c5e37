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
)

// scriptedUser is a user of a Graph that behaves as a test says.
type scriptedUser struct {
	// state is what the service holds.
	state MFAState
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
	*recorder
}

func (u *scriptedUser) start(t *testing.T) *scriptedUser {
	t.Helper()
	const base = "/beta/users/" + adeleID + "/authentication/"
	u.recorder = newRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		u.mutex.Lock()
		defer u.mutex.Unlock()
		switch r.Method + " " + r.URL.Path {
		case "GET /v1.0/users/" + adeleID:
			if !u.withUser {
				graphError(w, 404, "Request_ResourceNotFound")
				return
			}
			reply(w, 200, adeleJSON)
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
				reply(w, 200, methodsJSON(u.methods...))
			}
		default:
			t.Errorf("unexpected request %s %s", r.Method, r.URL.Path)
			graphError(w, 400, "BadRequest")
		}
	})
	return u
}

func (u *scriptedUser) store(w http.ResponseWriter, r *http.Request) {
	var body map[string]MFAState
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body) != 1 || body["perUserMfaState"] == "" {
		graphError(w, 400, "BadRequest")
		return
	}
	u.state = body["perUserMfaState"]
	if u.promotes && u.state == MFAEnabled {
		u.state = MFAEnforced
	}
	w.WriteHeader(http.StatusNoContent)
}

func stateJSON(w http.ResponseWriter, state MFAState) {
	reply(w, 200, fmt.Sprintf(`{"@odata.context":"x","perUserMfaState":%q}`, state))
}

// patched lists the states that the server was asked to write.
func (u *scriptedUser) patched() []MFAState {
	var all []MFAState
	for _, request := range u.all() {
		if request.Method == http.MethodPatch {
			var body strongAuthenticationRequirements
			_ = json.Unmarshal([]byte(request.Body), &body)
			all = append(all, body.PerUserMFAState)
		}
	}
	return all
}

var registeredPhone = []string{"#microsoft.graph.phoneAuthenticationMethod"}

func wantResult(t *testing.T, got SetResult, before, effective MFAState, written ...MFAState) {
	t.Helper()
	got.Unconfirmed = nil
	if diff := cmp.Diff(SetResult{Before: before, Effective: effective, Written: written}, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func wantPatched(t *testing.T, u *scriptedUser, want ...MFAState) {
	t.Helper()
	if diff := cmp.Diff(want, u.patched()); diff != "" {
		t.Errorf("the service was asked to write (-want +got):\n%s", diff)
	}
}

func TestTheStateIsReadFromBetaByObjectID(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFAEnforced}).start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	state, err := c.GetUserMFAState(t.Context(), adele)
	if err != nil || state != MFAEnforced {
		t.Errorf("got %q and error %v", state, err)
	}
	if got, want := u.all()[0].Target, "/beta/users/"+adeleID+"/authentication/requirements"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnAnswerWithoutAStateIsAnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"perUserMfaState":null}`, `{"perUserMfaState":""}`, `{"perUserMfaState":1}`, `null`, `[]`} {
		u := (&scriptedUser{onRead: func(w http.ResponseWriter, _, _ int) bool { reply(w, 200, body); return true }}).start(t)
		c, _, _ := newTestClient(t, u.recorder, nil)
		state, err := c.GetUserMFAState(t.Context(), adele)
		var refusal *Error
		if state != "" || !errors.As(err, &refusal) || refusal.Status != 200 || IsNotFound(err) {
			t.Errorf("%s: got %q and error %v", body, state, err)
		}
	}
}

func TestA403NamesThePermissionForReadingAndForWriting(t *testing.T) {
	t.Parallel()
	deny := func(w http.ResponseWriter) bool { graphError(w, 403, "Authorization_RequestDenied"); return true }
	u := (&scriptedUser{
		state:   MFADisabled,
		onRead:  func(w http.ResponseWriter, _, _ int) bool { return deny(w) },
		onWrite: func(w http.ResponseWriter, _ int) bool { return deny(w) },
	}).start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	_, readErr := c.GetUserMFAState(t.Context(), adele)
	for _, tc := range []struct {
		err  error
		want []string
	}{
		{readErr, []string{"Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"}},
		{c.putUserMFAState(t.Context(), adele, MFAEnabled), []string{"Policy.ReadWrite.AuthenticationMethod"}},
	} {
		var refusal *Error
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
	for _, row := range transitions {
		t.Run(fmt.Sprintf("from %s to %s, registered %t, opted in %t", row.from, row.to, row.registered, row.optIn), func(t *testing.T) {
			t.Parallel()
			u := &scriptedUser{state: row.from}
			if row.registered {
				u.methods = registeredPhone
			}
			u.start(t)
			c, _, clock := newTestClient(t, u.recorder, nil)
			result, err := c.SetUserMFAState(t.Context(), adele, row.to, SetOptions{AllowPromotion: row.optIn})
			wantPatched(t, u, row.writes...)
			if row.refused != "" {
				var refusal *TransitionError
				if !errors.As(err, &refusal) || refusal.Reason != row.refused || refusal.User != adeleUPN {
					t.Errorf("error %v, want refusal %s", err, row.refused)
				}
				wantResult(t, result, row.from, row.from)
				return
			}
			if err != nil || result.Unconfirmed != nil {
				t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
			}
			effective := row.to
			if len(row.writes) == 0 {
				effective = row.from
			}
			wantResult(t, result, row.from, effective, row.writes...)
			if waits, _ := clock.waited(); len(waits) != 0 {
				t.Errorf("waited %v although the service was up to date", waits)
			}
			if !row.optIn && u.methodsReads != 0 {
				t.Error("the methods were read although they decide nothing")
			}
		})
	}
}

func TestARefusalIsDecidedWithoutWriting(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFADisabled}).start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	_, err := c.CheckUserMFAState(t.Context(), adele, MFADisabled, MFAEnforced, true, 0)
	var refusal *TransitionError
	if !errors.As(err, &refusal) {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff(&TransitionError{User: adeleUPN, From: MFADisabled, To: MFAEnforced, Reason: ReasonNotRegistered}, refusal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	move, err := c.CheckUserMFAState(t.Context(), adele, MFADisabled, MFAEnabled, true, 0)
	if err != nil || len(move.Writes) != 1 {
		t.Errorf("got %+v and error %v", move, err)
	}
	if n := len(u.all()); n != 1 || u.methodsReads != 1 {
		t.Errorf("%d requests of which %d for methods, want one and that", n, u.methodsReads)
	}
	// The positive control: the same server does record a write.
	if _, err := c.SetUserMFAState(t.Context(), adele, MFAEnabled, SetOptions{}); err != nil {
		t.Error(err)
	}
	wantPatched(t, u, MFAEnabled)
}

func TestMethodsThatCannotBeReadStopTheMove(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFAEnabled, methods: registeredPhone, onMethods: func(w http.ResponseWriter, _ int) bool {
		graphError(w, 403, "Authorization_RequestDenied")
		return true
	}}).start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, MFAEnforced, SetOptions{AllowPromotion: true})
	if !IsForbidden(err) {
		t.Errorf("error %v, want the 403", err)
	}
	wantResult(t, result, MFAEnabled, MFAEnabled)
	wantPatched(t, u)
}

func TestAPromotionByTheServiceIsTheEffectiveState(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFADisabled, promotes: true}).start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, MFAEnabled, SetOptions{})
	if err != nil || result.Unconfirmed != nil {
		t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
	}
	wantResult(t, result, MFADisabled, MFAEnforced, MFAEnabled)
	wantPatched(t, u, MFAEnabled)
}

func TestEnforcedIsNotWrittenWhereTheServiceHasPromoted(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFADisabled, promotes: true, methods: registeredPhone}).start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, MFAEnforced, SetOptions{AllowPromotion: true})
	if err != nil || result.Unconfirmed != nil {
		t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
	}
	wantResult(t, result, MFADisabled, MFAEnforced, MFAEnabled)
	wantPatched(t, u, MFAEnabled)
}

func TestTheStateIsReadBackBetweenTheTwoWrites(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFADisabled, methods: registeredPhone}).start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	if _, err := c.SetUserMFAState(t.Context(), adele, MFAEnforced, SetOptions{AllowPromotion: true}); err != nil {
		t.Fatal(err)
	}
	var sequence []string
	for _, request := range u.all() {
		sequence = append(sequence, request.Method+" "+request.path()[strings.LastIndex(request.path(), "/")+1:]+request.Body)
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
	old := func(state MFAState, stale func(n int) bool) func(http.ResponseWriter, int, int) bool {
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
		before, to       MFAState
		promotes         bool
		stale            func(n int) bool
		effective        MFAState
		waits            int
		noReplicaHasUser bool
	}{
		{name: "the old value five times", before: MFADisabled, to: MFAEnabled, stale: first(5), effective: MFAEnabled, waits: 5},
		{name: "the old value five times, then a promotion", before: MFADisabled, to: MFAEnabled, promotes: true, stale: first(5), effective: MFAEnforced, waits: 5},
		{name: "alternating", before: MFADisabled, to: MFAEnabled, promotes: true, stale: even, effective: MFAEnforced, waits: 1},
		{name: "enforced is still seen after disabled", before: MFAEnforced, to: MFADisabled, stale: first(3), effective: MFADisabled, waits: 3},
		{name: "enabled is still seen after disabled", before: MFAEnabled, to: MFADisabled, stale: even, effective: MFADisabled, waits: 1},
		{name: "a state of the future is still seen", before: "unknownFutureValue", to: MFAEnabled, stale: first(2), effective: MFAEnabled, waits: 2},
		{name: "a replica without the user", before: MFADisabled, to: MFAEnabled, stale: first(2), effective: MFAEnabled, waits: 2, noReplicaHasUser: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			u := &scriptedUser{state: tc.before, promotes: tc.promotes, onRead: old(tc.before, tc.stale)}
			if tc.noReplicaHasUser {
				u.onRead = func(w http.ResponseWriter, n, writes int) bool {
					if writes == 0 || !tc.stale(n) {
						return false
					}
					graphError(w, 404, "Request_ResourceNotFound")
					return true
				}
			}
			u.start(t)
			c, _, clock := newTestClient(t, u.recorder, nil)
			result, err := c.SetUserMFAState(t.Context(), adele, tc.to, SetOptions{})
			if err != nil || result.Unconfirmed != nil {
				t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
			}
			wantResult(t, result, tc.before, tc.effective, tc.to)
			if waits, _ := clock.waited(); len(waits) != tc.waits {
				t.Errorf("waited %v, want %d pauses", waits, tc.waits)
			}
		})
	}
}

func TestStaleReadsBetweenTheTwoWritesAreWaitedOut(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFADisabled, methods: registeredPhone, onRead: func(w http.ResponseWriter, n, writes int) bool {
		if writes == 0 || n >= 2 {
			return false
		}
		stateJSON(w, MFADisabled)
		return true
	}}).start(t)
	c, _, clock := newTestClient(t, u.recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, MFAEnforced, SetOptions{AllowPromotion: true})
	if err != nil || result.Unconfirmed != nil {
		t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
	}
	wantResult(t, result, MFADisabled, MFAEnforced, MFAEnabled, MFAEnforced)
	if waits, _ := clock.waited(); len(waits) != 4 {
		t.Errorf("waited %v, want 4 pauses", waits)
	}
}

func TestTheWaitForAWriteIsBounded(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFADisabled, onRead: func(w http.ResponseWriter, _, _ int) bool {
		stateJSON(w, MFADisabled)
		return true
	}}).start(t)
	c, _, clock := newTestClient(t, u.recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, MFAEnabled, SetOptions{})
	if err != nil {
		t.Errorf("an accepted write is an error: %v", err)
	}
	if want := `the service accepted "enabled" but still answers "disabled" after 1m30s`; result.Unconfirmed == nil || result.Unconfirmed.Error() != want {
		t.Errorf("unconfirmed %v, want %s", result.Unconfirmed, want)
	}
	wantResult(t, result, MFADisabled, MFAEnabled, MFAEnabled)
	wantPatched(t, u, MFAEnabled)
	if _, sum := clock.waited(); sum != 90*time.Second {
		t.Errorf("waited %s, want 90 s", sum)
	}
}

func TestAReadBackThatFailsDoesNotUndoTheWrite(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFADisabled, onRead: func(w http.ResponseWriter, _, writes int) bool {
		if writes == 0 {
			return false
		}
		graphError(w, 500, "InternalServerError")
		return true
	}}).start(t)
	c, _, clock := newTestClient(t, u.recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, MFAEnabled, SetOptions{})
	if err != nil {
		t.Errorf("an accepted write is an error: %v", err)
	}
	if !hasStatus(result.Unconfirmed, 500) {
		t.Errorf("unconfirmed %v, want the 500", result.Unconfirmed)
	}
	wantResult(t, result, MFADisabled, MFAEnabled, MFAEnabled)
	if waits, _ := clock.waited(); len(waits) != 0 {
		t.Errorf("waited %v beside the repetitions", waits)
	}
}

func TestTheEndOfTheContextAfterAWriteLeavesItWritten(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	u := (&scriptedUser{state: MFADisabled, onRead: func(w http.ResponseWriter, _, _ int) bool { stateJSON(w, MFADisabled); return true }}).start(t)
	c, _, clock := newTestClient(t, u.recorder, nil)
	clock.onWait = func(n int) {
		if n == 2 {
			cancel()
		}
	}
	result, err := c.SetUserMFAState(ctx, adele, MFAEnabled, SetOptions{})
	if err != nil || !errors.Is(result.Unconfirmed, context.Canceled) {
		t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
	}
	wantResult(t, result, MFADisabled, MFAEnabled, MFAEnabled)
	if waits, _ := clock.waited(); len(waits) != 2 {
		t.Errorf("waited %v", waits)
	}
}

func TestTheEndOfTheContextBetweenTheTwoWritesStopsTheSecond(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	u := (&scriptedUser{state: MFADisabled, methods: registeredPhone, onRead: func(w http.ResponseWriter, _, _ int) bool {
		stateJSON(w, MFADisabled)
		return true
	}}).start(t)
	c, _, clock := newTestClient(t, u.recorder, nil)
	clock.onWait = func(int) { cancel() }
	result, err := c.SetUserMFAState(ctx, adele, MFAEnforced, SetOptions{AllowPromotion: true})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	wantResult(t, result, MFADisabled, MFAEnabled, MFAEnabled)
	wantPatched(t, u, MFAEnabled)
}

// A user who was never seen enabled would be moved from disabled to enforced directly, as far as anybody can tell.
func TestEnforcedIsNotWrittenBeforeEnabledWasSeen(t *testing.T) {
	t.Parallel()
	for name, onRead := range map[string]func(http.ResponseWriter, int, int) bool{
		"because the service still answers disabled": func(w http.ResponseWriter, _, _ int) bool {
			stateJSON(w, MFADisabled)
			return true
		},
		"because reading fails": func(w http.ResponseWriter, _, writes int) bool {
			if writes == 0 {
				return false
			}
			graphError(w, 500, "InternalServerError")
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := (&scriptedUser{state: MFADisabled, methods: registeredPhone, onRead: onRead}).start(t)
			c, _, _ := newTestClient(t, u.recorder, nil)
			result, err := c.SetUserMFAState(t.Context(), adele, MFAEnforced, SetOptions{AllowPromotion: true})
			if err == nil || !strings.Contains(err.Error(), adeleUPN) || !errors.Is(err, result.Unconfirmed) {
				t.Errorf("error %v, unconfirmed %v", err, result.Unconfirmed)
			}
			wantResult(t, result, MFADisabled, MFAEnabled, MFAEnabled)
			wantPatched(t, u, MFAEnabled)
		})
	}
}

func TestAFailedSecondWriteTellsOfTheFirst(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFADisabled, methods: registeredPhone, onWrite: func(w http.ResponseWriter, n int) bool {
		if n == 0 {
			return false
		}
		graphError(w, 403, "Authorization_RequestDenied")
		return true
	}}).start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, MFAEnforced, SetOptions{AllowPromotion: true})
	if !IsForbidden(err) || !strings.Contains(err.Error(), `to "enforced"`) {
		t.Errorf("error %v, want the 403 of the second write", err)
	}
	wantResult(t, result, MFADisabled, MFAEnabled, MFAEnabled)
	wantPatched(t, u, MFAEnabled, MFAEnforced)
}

func TestAFailedWriteIsNotListedAsWritten(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFADisabled, onWrite: func(w http.ResponseWriter, _ int) bool {
		graphError(w, 400, "BadRequest")
		return true
	}}).start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, MFAEnabled, SetOptions{})
	if !hasStatus(err, 400) {
		t.Errorf("error %v, want the 400", err)
	}
	wantResult(t, result, MFADisabled, MFADisabled)
}

func TestAStateThatCannotBeReadStopsTheMove(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{onRead: func(w http.ResponseWriter, _, _ int) bool {
		graphError(w, 403, "Authorization_RequestDenied")
		return true
	}}).start(t)
	c, _, _ := newTestClient(t, u.recorder, nil)
	result, err := c.SetUserMFAState(t.Context(), adele, MFAEnabled, SetOptions{NewUser: true})
	if !IsForbidden(err) {
		t.Errorf("error %v, want the 403", err)
	}
	wantResult(t, result, "", "")
	wantPatched(t, u)
}

func TestOnlyANewUsers404IsWaitedOut(t *testing.T) {
	t.Parallel()
	missing := func(w http.ResponseWriter) { graphError(w, 404, "Request_ResourceNotFound") }
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
		to      MFAState
		written []MFAState
		waits   int
	}{
		{"in reading the state", func() *scriptedUser { return &scriptedUser{onRead: reading} }, MFAEnabled, []MFAState{MFAEnabled}, 2},
		{"in writing the state", func() *scriptedUser { return &scriptedUser{onWrite: twice} }, MFAEnabled, []MFAState{MFAEnabled}, 2},
		{"in reading the methods", func() *scriptedUser { return &scriptedUser{onMethods: twice} }, MFAEnforced, []MFAState{MFAEnabled, MFAEnforced}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			for _, newUser := range []bool{true, false} {
				u := tc.make()
				u.state, u.methods = MFADisabled, registeredPhone
				u.start(t)
				c, _, clock := newTestClient(t, u.recorder, nil)
				result, err := c.SetUserMFAState(t.Context(), adele, tc.to, SetOptions{NewUser: newUser, AllowPromotion: true})
				waits, _ := clock.waited()
				if newUser {
					if err != nil || result.Unconfirmed != nil || len(waits) != tc.waits {
						t.Errorf("a new user: error %v, unconfirmed %v, waited %v", err, result.Unconfirmed, waits)
					}
					wantResult(t, result, MFADisabled, tc.to, tc.written...)
					continue
				}
				// It takes the user's own 404 to be gone.
				if _, sum := clock.waited(); !errors.Is(err, ErrUserGone) || sum != c.Consistency().Missing || len(result.Written) != 0 {
					t.Errorf("another user: error %v, waited %v, written %v", err, waits, result.Written)
				}
			}
		})
	}
}

func TestTheWaitForANewUserIsBounded(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{onRead: func(w http.ResponseWriter, _, _ int) bool {
		graphError(w, 404, "Request_ResourceNotFound")
		return true
	}}).start(t)
	c, _, clock := newTestClient(t, u.recorder, nil)
	_, err := c.SetUserMFAState(t.Context(), adele, MFAEnabled, SetOptions{NewUser: true})
	if !errors.Is(err, ErrUserGone) {
		t.Errorf("error %v, want that the user is gone", err)
	}
	if _, sum := clock.waited(); sum != 33*time.Second {
		t.Errorf("waited %s, want 30 s, and 3 s for the user's own 404", sum)
	}
	wantPatched(t, u)
}

func TestAnUnexpectedStateIsBelievedOnlyOnceItHasLasted(t *testing.T) {
	t.Parallel()
	shows := func(states ...MFAState) func(http.ResponseWriter, int, int) bool {
		return func(w http.ResponseWriter, n, _ int) bool {
			stateJSON(w, states[min(n, len(states)-1)])
			return true
		}
	}
	for _, tc := range []struct {
		name     string
		onRead   func(http.ResponseWriter, int, int) bool
		expected MFAState
		want     MFAState
		waited   time.Duration
	}{
		{"the expected state", shows(MFAEnabled), MFAEnabled, MFAEnabled, 0},
		{"a promotion, which satisfies", shows(MFAEnforced), MFAEnabled, MFAEnforced, 0},
		{"no expectation", shows(MFADisabled), "", MFADisabled, 0},
		{"an old replica", shows(MFADisabled, MFAEnabled), MFAEnabled, MFAEnabled, 500 * time.Millisecond},
		{"a lasting change", shows(MFADisabled), MFAEnabled, MFADisabled, time.Second},
		{"enabled where enforced was", shows(MFAEnabled), MFAEnforced, MFAEnabled, time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			u := (&scriptedUser{onRead: tc.onRead}).start(t)
			c, _, clock := newTestClient(t, u.recorder, nil)
			state, err := c.ObserveUserMFAState(t.Context(), adele, tc.expected)
			if err != nil || state != tc.want {
				t.Errorf("got %q and error %v, want %q", state, err, tc.want)
			}
			if _, sum := clock.waited(); sum != tc.waited {
				t.Errorf("waited %s, want %s", sum, tc.waited)
			}
		})
	}
	t.Run("a failure", func(t *testing.T) {
		t.Parallel()
		u := (&scriptedUser{onRead: func(w http.ResponseWriter, n, _ int) bool {
			if n == 0 {
				stateJSON(w, MFADisabled)
				return true
			}
			graphError(w, 403, "Authorization_RequestDenied")
			return true
		}}).start(t)
		c, _, _ := newTestClient(t, u.recorder, nil)
		if state, err := c.ObserveUserMFAState(t.Context(), adele, MFAEnabled); !IsForbidden(err) || state != "" {
			t.Errorf("got %q and error %v, want the 403", state, err)
		}
	})
}
