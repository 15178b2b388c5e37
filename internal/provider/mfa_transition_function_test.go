package provider_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// transition is the function's result, with <null> for what is null.
type transition struct {
	Allowed, Weakens            bool
	Writes                      []string
	Reason, Explanation, Remedy string
}

func (f *functions) transition(from, to string, registered, allowPromotion bool) transition {
	f.t.Helper()
	var attributes map[string]tftypes.Value
	f.gives(&attributes, "mfa_transition", stringValue(from), stringValue(to), boolValue(registered), boolValue(allowPromotion))
	var (
		result transition
		writes []tftypes.Value
	)
	for name, target := range map[string]any{"allowed": &result.Allowed, "weakens": &result.Weakens, "writes": &writes} {
		if err := attributes[name].As(target); err != nil {
			f.t.Fatalf("%s: %v", name, err)
		}
	}
	result.Writes = stringsOf(f.t, writes)
	for name, target := range map[string]*string{"reason": &result.Reason, "explanation": &result.Explanation, "remedy": &result.Remedy} {
		var value *string
		if err := attributes[name].As(&value); err != nil {
			f.t.Fatalf("%s: %v", name, err)
		}
		if *target = "<null>"; value != nil {
			*target = *value
		}
	}
	return result
}

func TestMFATransitionSaysOfEveryMoveWhatTheResourcesDo(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	moves, refused := 0, 0
	for _, from := range client.MFAStates() {
		for _, to := range client.MFAStates() {
			for _, registered := range []bool{false, true} {
				for _, allowPromotion := range []bool{false, true} {
					moves++
					want := transition{Writes: []string{}, Reason: "<null>", Explanation: "<null>", Remedy: "<null>"}
					move, err := client.PlanTransition(from, to, client.TransitionFacts{Registered: registered, AllowPromotion: allowPromotion})
					var refusal *client.TransitionError
					if errors.As(err, &refusal) {
						refused++
						want.Reason, want.Explanation, want.Remedy = string(refusal.Reason), refusal.Explanation(), refusal.Remedy()
					} else {
						want.Allowed, want.Weakens = true, from.Weakens(to)
						for _, state := range move.Writes {
							want.Writes = append(want.Writes, string(state))
						}
					}
					have := f.transition(string(from), string(to), registered, allowPromotion)
					if difference := cmp.Diff(want, have); difference != "" {
						t.Errorf("%s to %s, registered %t, allow_promotion %t (-want +have):\n%s", from, to, registered, allowPromotion, difference)
					}
				}
			}
		}
	}
	// enforced is refused to the disabled and the enabled, unless both facts allow it.
	if moves != 36 || refused != 6 {
		t.Errorf("%d moves were tried and %d refused, want 36 and 6", moves, refused)
	}
}

func TestMFATransitionOfTheMovesThatPeopleAskAbout(t *testing.T) {
	t.Parallel()
	f := newFunctions(t)
	for _, c := range []struct {
		from, to                   string
		registered, allowPromotion bool
		want                       string
	}{
		{"disabled", "enabled", false, false, "allowed, writes [enabled], weakens false, reason <null>"},
		{"enforced", "enabled", true, false, "allowed, writes [], weakens false, reason <null>"},
		{"enabled", "disabled", true, false, "allowed, writes [disabled], weakens true, reason <null>"},
		{"disabled", "enforced", true, true, "allowed, writes [enabled enforced], weakens false, reason <null>"},
		{"disabled", "enforced", true, false, "refused, writes [], weakens false, reason direct_move"},
		{"enabled", "enforced", true, false, "refused, writes [], weakens false, reason not_opted_in"},
		{"enabled", "enforced", false, true, "refused, writes [], weakens false, reason not_registered"},
	} {
		result := f.transition(c.from, c.to, c.registered, c.allowPromotion)
		verdict := map[bool]string{true: "allowed", false: "refused"}[result.Allowed]
		if have := fmt.Sprintf("%s, writes %v, weakens %t, reason %s", verdict, result.Writes, result.Weakens, result.Reason); have != c.want {
			t.Errorf("%s to %s: %s, want %s", c.from, c.to, have, c.want)
		}
	}
	f.fails(0, `the state "Enabled" is spelled "enabled"`, "mfa_transition", stringValue("Enabled"), stringValue("disabled"), boolValue(false), boolValue(false))
	f.fails(1, `there is no per-user MFA state "on"; use "disabled", "enabled" or "enforced"`, "mfa_transition", stringValue("enabled"), stringValue("on"), boolValue(false), boolValue(false))
}
