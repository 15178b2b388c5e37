package client

import (
	"errors"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

func TestWhatOverwritesAChange(t *testing.T) {
	t.Parallel()
	const none, d, e, f = mfa.State(""), mfa.Disabled, mfa.Enabled, mfa.Enforced
	// By what was known, then by what is found, then by what is wanted: disabled, enabled, enforced.
	want := map[[2]mfa.State][3]bool{
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
		for i, to := range mfa.States() {
			if have := mfa.OverwritesAChange(states[0], states[1], to); have != verdicts[i] {
				t.Errorf("known as %q and found %q: a move to %q overwrites a change is %t", states[0], states[1], to, have)
			}
		}
	}
}

func TestAMoveThatOverwritesAChangeIsRefusedBeforeTheWrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		found, known, to mfa.State
		Refused          bool
	}{
		"taken away":         {mfa.Enabled, mfa.Disabled, mfa.Disabled, true},
		"given back":         {mfa.Disabled, mfa.Enabled, mfa.Enforced, true},
		"the planned loss":   {mfa.Enforced, mfa.Enabled, mfa.Disabled, false},
		"on the way already": {mfa.Enabled, mfa.Disabled, mfa.Enforced, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := (&scriptedUser{state: c.found, methods: registeredPhone}).start(t)
			client, _, _ := newTestClient(t, u.Recorder, nil)
			_, err := client.SetUserMFAState(t.Context(), adele, c.to, SetOptions{AllowPromotion: true, Known: c.known})
			var changed *mfa.ChangedError
			if errors.As(err, &changed) != c.Refused || !c.Refused && err != nil {
				t.Fatalf("the move says %v", err)
			}
			if c.Refused && (len(u.patched()) != 0 || *changed != mfa.ChangedError{User: adele.Name(), Known: c.known, Found: c.found, To: c.to}) {
				t.Errorf("%v was written, and the refusal is %v", u.patched(), changed)
			}
		})
	}
}

func TestWhoWasDisabledByThisProcessIsGivenBackWhateverAReplicaSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to    mfa.State
		allow bool
		// after is how long ago the user was disabled.
		after time.Duration
		want  []mfa.State
		fails bool
	}{
		"a moment ago":                 {mfa.Enabled, false, 0, []mfa.State{mfa.Enabled}, false},
		"longer ago than replicas lag": {mfa.Enabled, false, 2 * time.Hour, nil, false},
		"enforced, permitted":          {mfa.Enforced, true, 0, []mfa.State{mfa.Enabled, mfa.Enforced}, false},
		"enforced, not permitted":      {mfa.Enforced, false, 0, []mfa.State{mfa.Enabled}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The replica answers with the state from before the user was disabled.
			u := (&scriptedUser{state: mfa.Enabled, methods: registeredPhone}).start(t)
			if c.to == mfa.Enforced {
				u.state = mfa.Enforced
			}
			client, _, clock := newTestClient(t, u.Recorder, nil)
			client.ownStates.note(adele.ID, mfa.Disabled, clock.Now().Add(-c.after))
			result, err := client.SetUserMFAState(t.Context(), adele, c.to, SetOptions{AllowPromotion: c.allow})
			var refusal *mfa.TransitionError
			if errors.As(err, &refusal) != c.fails || !c.fails && err != nil {
				t.Errorf("the move says %v", err)
			}
			wantPatched(t, u, c.want...)
			if c.after == 0 && result.Before != mfa.Disabled {
				t.Errorf("the move began at %q", result.Before)
			}
		})
	}
}

func TestAWriteThatWasRefusedIsForgotten(t *testing.T) {
	t.Parallel()
	u := (&scriptedUser{state: mfa.Enabled}).start(t)
	client, _, clock := newTestClient(t, u.Recorder, nil)
	client.ownStates.note(adele.ID, mfa.Disabled, clock.Now())
	client.ownStates.forget(adele.ID)
	if client.ownStates.disabled(adele.ID, clock.Now(), time.Hour) {
		t.Error("it is remembered")
	}
}
