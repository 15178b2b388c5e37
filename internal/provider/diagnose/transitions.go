package diagnose

import (
	"cmp"
	"fmt"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// Transition is the words for a refused move of the per-user MFA state: a line that names the user and the move, why it is refused, and
// what to do instead.
func Transition(refusal *mfa.TransitionError) (summary, explanation, remedy string) {
	summary = fmt.Sprintf("The per-user MFA state of %s cannot move from %s to %s", cmp.Or(refusal.User, "the user"), refusal.From, refusal.To)
	switch refusal.Reason {
	case mfa.ReasonDirectMove:
		explanation = "A direct move from disabled to enforced is refused: a user who has not registered a method yet is asked for app passwords " +
			"that do not exist, and every app that does not sign in through a browser stops working."
		remedy = `Set the state to "enabled": the service promotes the user to enforced on registration, at once if a method is registered already, ` +
			`and "enabled" stays satisfied then. For a user with a registered method, allow_promotion = true also permits "enforced".`
	case mfa.ReasonNotOptedIn:
		explanation = "The service itself promotes an enabled user to enforced, as soon as the user registers a method; writing enforced ahead of it " +
			"breaks the apps of a user who has not registered."
		remedy = `Leave the state at "enabled", which enforced satisfies; or, for a user with a registered method, set allow_promotion = true.`
	case mfa.ReasonNotRegistered:
		explanation = "The user has no MFA method registered; enforced would break every app of theirs that does not sign in through a browser."
		remedy = `Set the state to "enabled" and let the user register a method (https://aka.ms/mfasetup); the service does the rest.`
	}
	return summary, explanation, remedy
}
