package peruser_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

func TestMFATransitionSaysOfEveryMoveWhatTheResourcesDo(t *testing.T) {
	t.Parallel()
	f := acctest.NewFunctions(t)
	moves, refused := 0, 0
	for _, from := range mfa.States() {
		for _, to := range mfa.States() {
			for _, registered := range []bool{false, true} {
				for _, allowPromotion := range []bool{false, true} {
					moves++
					want := acctest.Transition{Writes: []string{}, Reason: "<null>", Explanation: "<null>", Remedy: "<null>"}
					move, err := mfa.PlanTransition(from, to, mfa.TransitionFacts{Registered: registered, AllowPromotion: allowPromotion})
					var refusal *mfa.TransitionError
					if errors.As(err, &refusal) {
						refused++
						want.Reason = string(refusal.Reason)
						_, want.Explanation, want.Remedy = diagnose.Transition(refusal)
					} else {
						want.Allowed, want.Weakens = true, from.Weakens(to)
						for _, state := range move.Writes {
							want.Writes = append(want.Writes, string(state))
						}
					}
					have := f.Transition(string(from), string(to), registered, allowPromotion)
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
	f := acctest.NewFunctions(t)
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
		result := f.Transition(c.from, c.to, c.registered, c.allowPromotion)
		verdict := map[bool]string{true: "allowed", false: "refused"}[result.Allowed]
		if have := fmt.Sprintf("%s, writes %v, weakens %t, reason %s", verdict, result.Writes, result.Weakens, result.Reason); have != c.want {
			t.Errorf("%s to %s: %s, want %s", c.from, c.to, have, c.want)
		}
	}
	f.Fails(0, `the state "Enabled" is spelled "enabled"`, "mfa_transition", acctest.StringValue("Enabled"), acctest.StringValue("disabled"), acctest.BoolValue(false), acctest.BoolValue(false))
	f.Fails(1, `there is no per-user MFA state "on"; use "disabled", "enabled" or "enforced"`, "mfa_transition", acctest.StringValue("enabled"), acctest.StringValue("on"), acctest.BoolValue(false), acctest.BoolValue(false))
}
