package mfa_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

func TestEveryTransitionIsTheOneOfTheDesign(t *testing.T) {
	t.Parallel()
	covered := map[string]bool{}
	for _, row := range clienttest.Transitions {
		name := fmt.Sprintf("from %s to %s, registered %t, opted in %t", row.From, row.To, row.Registered, row.OptIn)
		covered[name] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			move, err := mfa.PlanTransition(row.From, row.To, mfa.TransitionFacts{AllowPromotion: row.OptIn, Registered: row.Registered})
			if row.Refused != "" {
				var refusal *mfa.TransitionError
				if !errors.As(err, &refusal) {
					t.Fatalf("got error %v, want a *TransitionError", err)
				}
				if diff := cmp.Diff(&mfa.TransitionError{From: row.From, To: row.To, Reason: row.Refused}, refusal); diff != "" {
					t.Errorf("refusal (-want +got):\n%s", diff)
				}
				if len(move.Writes) != 0 {
					t.Errorf("a refused move has writes %v", move.Writes)
				}
				return
			}
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			if diff := cmp.Diff(mfa.Transition{From: row.From, To: row.To, Writes: row.Writes}, move); diff != "" {
				t.Errorf("transition (-want +got):\n%s", diff)
			}
		})
	}
	if want := 3 * 3 * 2 * 2; len(covered) != want {
		t.Errorf("the table has %d different cases, want %d", len(covered), want)
	}
}

func TestRegisteredMethodsAreReadOnlyWhereTheyDecide(t *testing.T) {
	t.Parallel()
	needed := map[string]bool{"disabled to enforced": true, "enabled to enforced": true}
	for _, from := range mfa.States() {
		for _, to := range mfa.States() {
			pair := string(from + " to " + to)
			if got := mfa.NeedsRegistrationCheck(from, to, true); got != needed[pair] {
				t.Errorf("%s with the opt-in: got %t, want %t", pair, got, needed[pair])
			}
			if mfa.NeedsRegistrationCheck(from, to, false) {
				t.Errorf("%s without the opt-in: methods are read although the move is decided without them", pair)
			}
		}
	}
}

func TestTransitionsKeepTheirPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		states := append(mfa.States(), "unknownFutureValue", "somethingNew")
		from := rapid.SampledFrom(states).Draw(t, "from")
		to := rapid.SampledFrom(mfa.States()).Draw(t, "to")
		facts := mfa.TransitionFacts{AllowPromotion: rapid.Bool().Draw(t, "optIn"), Registered: rapid.Bool().Draw(t, "registered")}
		move, err := mfa.PlanTransition(from, to, facts)

		satisfied := from == to || (from == mfa.Enforced && to == mfa.Enabled)
		if err != nil {
			var refusal *mfa.TransitionError
			if !errors.As(err, &refusal) {
				t.Fatalf("the refusal is a %T", err)
			}
			if to != mfa.Enforced {
				t.Fatalf("only enforced is ever refused, not %s", to)
			}
			if satisfied || len(move.Writes) > 0 {
				t.Fatalf("refused although satisfied %t with writes %v", satisfied, move.Writes)
			}
			return
		}
		if (len(move.Writes) == 0) != satisfied {
			t.Fatalf("satisfied is %t, writes are %v", satisfied, move.Writes)
		}
		present := from
		for _, next := range move.Writes {
			if next == mfa.Enforced && !(facts.AllowPromotion && facts.Registered) {
				t.Fatalf("enforced is written with %+v", facts)
			}
			if next == mfa.Enforced && present != mfa.Enabled {
				t.Fatalf("a direct write from %s to enforced", present)
			}
			present = next
		}
		if len(move.Writes) > 0 && present != to {
			t.Fatalf("the last write is %s, the target %s", present, to)
		}
	})
}

func TestAStateThisVersionDoesNotKnowMayBeLeft(t *testing.T) {
	t.Parallel()
	const unknown mfa.State = "unknownFutureValue"
	both := mfa.TransitionFacts{AllowPromotion: true, Registered: true}
	for _, tc := range []struct {
		to      mfa.State
		facts   mfa.TransitionFacts
		writes  []mfa.State
		Refused mfa.TransitionReason
	}{
		{to: mfa.Disabled, writes: []mfa.State{mfa.Disabled}},
		{to: mfa.Enabled, writes: []mfa.State{mfa.Enabled}},
		{to: mfa.Enforced, facts: both, writes: []mfa.State{mfa.Enabled, mfa.Enforced}},
		{to: mfa.Enforced, Refused: mfa.ReasonDirectMove},
		{to: mfa.Enforced, facts: mfa.TransitionFacts{AllowPromotion: true}, Refused: mfa.ReasonNotRegistered},
	} {
		move, err := mfa.PlanTransition(unknown, tc.to, tc.facts)
		var refusal *mfa.TransitionError
		if errors.As(err, &refusal) {
			if refusal.Reason != tc.Refused {
				t.Errorf("to %s with %+v: refused for %q, want %q", tc.to, tc.facts, refusal.Reason, tc.Refused)
			}
			continue
		}
		if err != nil || tc.Refused != "" {
			t.Errorf("to %s with %+v: error %v, want refusal %q", tc.to, tc.facts, err, tc.Refused)
		}
		if diff := cmp.Diff(tc.writes, move.Writes); diff != "" {
			t.Errorf("to %s with %+v (-want +got):\n%s", tc.to, tc.facts, diff)
		}
	}
	for _, state := range mfa.States() {
		if unknown.Satisfies(state) {
			t.Errorf("an unknown state satisfies %s", state)
		}
	}
	if !unknown.Weakens(mfa.Disabled) {
		t.Error("leaving an unknown state for disabled is not reported as weakening")
	}
}

func TestOnlyAMoveToDisabledWeakens(t *testing.T) {
	t.Parallel()
	weakens := map[string]bool{"enabled to disabled": true, "enforced to disabled": true}
	for _, from := range mfa.States() {
		for _, to := range mfa.States() {
			pair := string(from + " to " + to)
			if got := from.Weakens(to); got != weakens[pair] {
				t.Errorf("%s: got %t, want %t", pair, got, weakens[pair])
			}
		}
	}
}

func TestAStateIsReadInItsOneSpelling(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]mfa.State{"disabled": mfa.Disabled, "enabled": mfa.Enabled, "enforced": mfa.Enforced} {
		got, err := mfa.ParseState(text)
		if err != nil || got != want {
			t.Errorf("%q: got %q and error %v, want %q", text, got, err, want)
		}
	}
	for text, says := range map[string]string{
		"Enabled":    `the state "Enabled" is spelled "enabled"`,
		"ENFORCED":   `the state "ENFORCED" is spelled "enforced"`,
		" disabled ": `the state " disabled " is spelled "disabled"`,
		"":           `there is no per-user MFA state ""; use "disabled", "enabled" or "enforced"`,
		"on":         `there is no per-user MFA state "on"; use "disabled", "enabled" or "enforced"`,
	} {
		got, err := mfa.ParseState(text)
		if err == nil {
			t.Errorf("%q was read as %q", text, got)
		} else if err.Error() != says {
			t.Errorf("%q: the error says\n%s\nwant\n%s", text, err, says)
		}
	}
}

func TestTheTextOfARefusalNamesUserMoveAndReason(t *testing.T) {
	t.Parallel()
	for says, refusal := range map[string]mfa.TransitionError{
		"the per-user MFA state of adele@contoso.example cannot move from disabled to enforced in one step": {
			User: "adele@contoso.example", From: mfa.Disabled, To: mfa.Enforced, Reason: mfa.ReasonDirectMove,
		},
		"the per-user MFA state of adele@contoso.example cannot move from enabled to enforced before the service moves it, without an opt-in": {
			User: "adele@contoso.example", From: mfa.Enabled, To: mfa.Enforced, Reason: mfa.ReasonNotOptedIn,
		},
		"the per-user MFA state of adele@contoso.example cannot move from enabled to enforced without a registered MFA method": {
			User: "adele@contoso.example", From: mfa.Enabled, To: mfa.Enforced, Reason: mfa.ReasonNotRegistered,
		},
		"the per-user MFA state of the user cannot move from disabled to enforced in one step": {From: mfa.Disabled, To: mfa.Enforced, Reason: mfa.ReasonDirectMove},
	} {
		if have := refusal.Error(); have != says {
			t.Errorf("the text is %q, want %q", have, says)
		}
	}
}
