package client

import (
	"errors"
	"testing"
	"time"
)

func TestWhatOverwritesAChange(t *testing.T) {
	t.Parallel()
	const none, d, e, f = MFAState(""), MFADisabled, MFAEnabled, MFAEnforced
	// By what was known, then by what is found, then by what is wanted: disabled, enabled, enforced.
	want := map[[2]MFAState][3]bool{
		{none, d}: {}, {none, e}: {}, {none, f}: {},
		{d, d}: {}, {e, e}: {}, {f, f}: {},
		// Somebody has enabled the user: it may not be taken away unseen, and everything else goes the same way.
		{d, e}: {true, false, false}, {d, f}: {true, false, false},
		// A promotion, and its way back, which takes nothing away that the plan does not.
		{e, f}: {}, {f, e}: {},
		// Somebody has disabled the user: it may not be given back unseen.
		{e, d}: {false, true, true}, {f, d}: {false, true, true},
	}
	for states, verdicts := range want {
		for i, to := range MFAStates() {
			if have := OverwritesAChange(states[0], states[1], to); have != verdicts[i] {
				t.Errorf("known as %q and found %q: a move to %q overwrites a change is %t", states[0], states[1], to, have)
			}
		}
	}
}

func TestAMoveThatOverwritesAChangeIsRefusedBeforeTheWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		found, known, to MFAState
		refused          bool
	}{
		"taken away":         {MFAEnabled, MFADisabled, MFADisabled, true},
		"given back":         {MFADisabled, MFAEnabled, MFAEnforced, true},
		"the planned loss":   {MFAEnforced, MFAEnabled, MFADisabled, false},
		"on the way already": {MFAEnabled, MFADisabled, MFAEnforced, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := (&scriptedUser{state: c.found, methods: registeredPhone}).start(t)
			client, _, _ := newTestClient(t, u.recorder, nil)
			_, err := client.SetUserMFAState(t.Context(), adele, c.to, SetOptions{AllowPromotion: true, Known: c.known})
			var changed *ChangedError
			if errors.As(err, &changed) != c.refused || !c.refused && err != nil {
				t.Fatalf("the move says %v", err)
			}
			if c.refused && (len(u.patched()) != 0 || *changed != ChangedError{User: adele.Name(), Known: c.known, Found: c.found, To: c.to}) {
				t.Errorf("%v was written, and the refusal is %v", u.patched(), changed)
			}
		})
	}
}

func TestWhoWasDisabledByThisProcessIsGivenBackWhateverAReplicaSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to    MFAState
		allow bool
		// after is how long ago the user was disabled.
		after time.Duration
		want  []MFAState
		fails bool
	}{
		"a moment ago":                 {MFAEnabled, false, 0, []MFAState{MFAEnabled}, false},
		"longer ago than replicas lag": {MFAEnabled, false, 2 * time.Hour, nil, false},
		"enforced, permitted":          {MFAEnforced, true, 0, []MFAState{MFAEnabled, MFAEnforced}, false},
		"enforced, not permitted":      {MFAEnforced, false, 0, []MFAState{MFAEnabled}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The replica answers with the state from before the user was disabled.
			u := (&scriptedUser{state: MFAEnabled, methods: registeredPhone}).start(t)
			if c.to == MFAEnforced {
				u.state = MFAEnforced
			}
			client, _, clock := newTestClient(t, u.recorder, nil)
			client.ownStates.note(adele.ID, MFADisabled, clock.Now().Add(-c.after))
			result, err := client.SetUserMFAState(t.Context(), adele, c.to, SetOptions{AllowPromotion: c.allow})
			var refusal *TransitionError
			if errors.As(err, &refusal) != c.fails || !c.fails && err != nil {
				t.Errorf("the move says %v", err)
			}
			wantPatched(t, u, c.want...)
			if c.after == 0 && result.Before != MFADisabled {
				t.Errorf("the move began at %q", result.Before)
			}
		})
	}
}

func TestAWriteThatWasRefusedIsForgotten(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: MFAEnabled}).start(t)
	client, _, clock := newTestClient(t, u.recorder, nil)
	client.ownStates.note(adele.ID, MFADisabled, clock.Now())
	client.ownStates.forget(adele.ID)
	if client.ownStates.disabled(adele.ID, clock.Now(), time.Hour) {
		t.Error("it is remembered")
	}
}
