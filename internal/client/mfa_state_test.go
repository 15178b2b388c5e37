package client

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// transitions is the table of the design, written out by hand: every pair of states, with and without a registered
// method, with and without the opt-in.
var transitions = []struct {
	from, to          MFAState
	registered, optIn bool
	writes            []MFAState
	refused           TransitionReason
}{
	{MFADisabled, MFADisabled, false, false, nil, ""},
	{MFADisabled, MFADisabled, false, true, nil, ""},
	{MFADisabled, MFADisabled, true, false, nil, ""},
	{MFADisabled, MFADisabled, true, true, nil, ""},

	{MFADisabled, MFAEnabled, false, false, []MFAState{"enabled"}, ""},
	{MFADisabled, MFAEnabled, false, true, []MFAState{"enabled"}, ""},
	{MFADisabled, MFAEnabled, true, false, []MFAState{"enabled"}, ""},
	{MFADisabled, MFAEnabled, true, true, []MFAState{"enabled"}, ""},

	{MFADisabled, MFAEnforced, false, false, nil, ReasonDirectMove},
	{MFADisabled, MFAEnforced, false, true, nil, ReasonNotRegistered},
	{MFADisabled, MFAEnforced, true, false, nil, ReasonDirectMove},
	{MFADisabled, MFAEnforced, true, true, []MFAState{"enabled", "enforced"}, ""},

	{MFAEnabled, MFADisabled, false, false, []MFAState{"disabled"}, ""},
	{MFAEnabled, MFADisabled, false, true, []MFAState{"disabled"}, ""},
	{MFAEnabled, MFADisabled, true, false, []MFAState{"disabled"}, ""},
	{MFAEnabled, MFADisabled, true, true, []MFAState{"disabled"}, ""},

	{MFAEnabled, MFAEnabled, false, false, nil, ""},
	{MFAEnabled, MFAEnabled, false, true, nil, ""},
	{MFAEnabled, MFAEnabled, true, false, nil, ""},
	{MFAEnabled, MFAEnabled, true, true, nil, ""},

	{MFAEnabled, MFAEnforced, false, false, nil, ReasonNotOptedIn},
	{MFAEnabled, MFAEnforced, false, true, nil, ReasonNotRegistered},
	{MFAEnabled, MFAEnforced, true, false, nil, ReasonNotOptedIn},
	{MFAEnabled, MFAEnforced, true, true, []MFAState{"enforced"}, ""},

	{MFAEnforced, MFADisabled, false, false, []MFAState{"disabled"}, ""},
	{MFAEnforced, MFADisabled, false, true, []MFAState{"disabled"}, ""},
	{MFAEnforced, MFADisabled, true, false, []MFAState{"disabled"}, ""},
	{MFAEnforced, MFADisabled, true, true, []MFAState{"disabled"}, ""},

	{MFAEnforced, MFAEnabled, false, false, nil, ""},
	{MFAEnforced, MFAEnabled, false, true, nil, ""},
	{MFAEnforced, MFAEnabled, true, false, nil, ""},
	{MFAEnforced, MFAEnabled, true, true, nil, ""},

	{MFAEnforced, MFAEnforced, false, false, nil, ""},
	{MFAEnforced, MFAEnforced, false, true, nil, ""},
	{MFAEnforced, MFAEnforced, true, false, nil, ""},
	{MFAEnforced, MFAEnforced, true, true, nil, ""},
}

func TestEveryTransitionIsTheOneOfTheDesign(t *testing.T) {
	t.Parallel()
	covered := map[string]bool{}
	for _, row := range transitions {
		name := fmt.Sprintf("from %s to %s, registered %t, opted in %t", row.from, row.to, row.registered, row.optIn)
		covered[name] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			move, err := PlanTransition(row.from, row.to, TransitionFacts{AllowPromotion: row.optIn, Registered: row.registered})
			if row.refused != "" {
				var refusal *TransitionError
				if !errors.As(err, &refusal) {
					t.Fatalf("got error %v, want a *TransitionError", err)
				}
				if diff := cmp.Diff(&TransitionError{From: row.from, To: row.to, Reason: row.refused}, refusal); diff != "" {
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
			if diff := cmp.Diff(Transition{From: row.from, To: row.to, Writes: row.writes}, move); diff != "" {
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
	for _, from := range MFAStates() {
		for _, to := range MFAStates() {
			pair := string(from + " to " + to)
			if got := NeedsRegistrationCheck(from, to, true); got != needed[pair] {
				t.Errorf("%s with the opt-in: got %t, want %t", pair, got, needed[pair])
			}
			if NeedsRegistrationCheck(from, to, false) {
				t.Errorf("%s without the opt-in: methods are read although the move is decided without them", pair)
			}
		}
	}
}

func TestTransitionsKeepTheirPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		states := append(MFAStates(), "unknownFutureValue", "somethingNew")
		from := rapid.SampledFrom(states).Draw(t, "from")
		to := rapid.SampledFrom(MFAStates()).Draw(t, "to")
		facts := TransitionFacts{AllowPromotion: rapid.Bool().Draw(t, "optIn"), Registered: rapid.Bool().Draw(t, "registered")}
		move, err := PlanTransition(from, to, facts)

		satisfied := from == to || (from == MFAEnforced && to == MFAEnabled)
		if err != nil {
			var refusal *TransitionError
			if !errors.As(err, &refusal) {
				t.Fatalf("the refusal is a %T", err)
			}
			if to != MFAEnforced {
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
			if next == MFAEnforced && !(facts.AllowPromotion && facts.Registered) {
				t.Fatalf("enforced is written with %+v", facts)
			}
			if next == MFAEnforced && present != MFAEnabled {
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
	const unknown MFAState = "unknownFutureValue"
	both := TransitionFacts{AllowPromotion: true, Registered: true}
	for _, tc := range []struct {
		to      MFAState
		facts   TransitionFacts
		writes  []MFAState
		refused TransitionReason
	}{
		{to: MFADisabled, writes: []MFAState{MFADisabled}},
		{to: MFAEnabled, writes: []MFAState{MFAEnabled}},
		{to: MFAEnforced, facts: both, writes: []MFAState{MFAEnabled, MFAEnforced}},
		{to: MFAEnforced, refused: ReasonDirectMove},
		{to: MFAEnforced, facts: TransitionFacts{AllowPromotion: true}, refused: ReasonNotRegistered},
	} {
		move, err := PlanTransition(unknown, tc.to, tc.facts)
		var refusal *TransitionError
		if errors.As(err, &refusal) {
			if refusal.Reason != tc.refused {
				t.Errorf("to %s with %+v: refused for %q, want %q", tc.to, tc.facts, refusal.Reason, tc.refused)
			}
			continue
		}
		if err != nil || tc.refused != "" {
			t.Errorf("to %s with %+v: error %v, want refusal %q", tc.to, tc.facts, err, tc.refused)
		}
		if diff := cmp.Diff(tc.writes, move.Writes); diff != "" {
			t.Errorf("to %s with %+v (-want +got):\n%s", tc.to, tc.facts, diff)
		}
	}
	for _, state := range MFAStates() {
		if unknown.Satisfies(state) {
			t.Errorf("an unknown state satisfies %s", state)
		}
	}
	if !unknown.Weakens(MFADisabled) {
		t.Error("leaving an unknown state for disabled is not reported as weakening")
	}
}

func TestOnlyAMoveToDisabledWeakens(t *testing.T) {
	t.Parallel()
	weakens := map[string]bool{"enabled to disabled": true, "enforced to disabled": true}
	for _, from := range MFAStates() {
		for _, to := range MFAStates() {
			pair := string(from + " to " + to)
			if got := from.Weakens(to); got != weakens[pair] {
				t.Errorf("%s: got %t, want %t", pair, got, weakens[pair])
			}
		}
	}
}

func TestAStateIsReadInItsOneSpelling(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]MFAState{"disabled": MFADisabled, "enabled": MFAEnabled, "enforced": MFAEnforced} {
		got, err := ParseMFAState(text)
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
		got, err := ParseMFAState(text)
		if err == nil {
			t.Errorf("%q was read as %q", text, got)
		} else if err.Error() != says {
			t.Errorf("%q: the error says\n%s\nwant\n%s", text, err, says)
		}
	}
}

func TestARefusalNamesUserMoveReasonAndWayOut(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		refusal TransitionError
		says    []string
	}{
		{
			TransitionError{User: "adele@contoso.example", From: MFADisabled, To: MFAEnforced, Reason: ReasonDirectMove},
			[]string{
				"adele@contoso.example cannot move from disabled to enforced", "A direct move from disabled to enforced is refused",
				`Set the state to "enabled"`, "allow_promotion = true",
			},
		},
		{
			TransitionError{User: "adele@contoso.example", From: MFAEnabled, To: MFAEnforced, Reason: ReasonNotOptedIn},
			[]string{
				"adele@contoso.example cannot move from enabled to enforced", "The service itself promotes an enabled user",
				`Leave the state at "enabled"`, "set allow_promotion = true",
			},
		},
		{
			TransitionError{User: "adele@contoso.example", From: MFAEnabled, To: MFAEnforced, Reason: ReasonNotRegistered},
			[]string{
				"adele@contoso.example cannot move from enabled to enforced", "The user has no MFA method registered",
				"https://aka.ms/mfasetup", `Set the state to "enabled"`,
			},
		},
		{
			TransitionError{From: MFADisabled, To: MFAEnforced, Reason: ReasonDirectMove},
			[]string{"the user cannot move from disabled to enforced"},
		},
	} {
		text := tc.refusal.Error()
		for _, part := range tc.says {
			if !strings.Contains(text, part) {
				t.Errorf("%s: the text lacks %q:\n%s", tc.refusal.Reason, part, text)
			}
		}
	}
}
