package peruser

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
)

// decide is decide with what the run knows of the user.
func (d *run) decide(user client.User, f facts) decision {
	_, f.guarded = d.emergency.Guard.Source(user.ID)
	f.blocked = d.blocked.has(user)
	return decide(f)
}

// mayHaveMFA refuses a per-user state that asks an emergency access account for MFA, and reports whether it is none.
func (d *run) mayHaveMFA(user client.User, f facts, at path.Path, diags *diag.Diagnostics) bool {
	if !d.Ready() || !d.decide(user, f).refused {
		return true
	}
	diags.AddAttributeError(at, fmt.Sprintf("Emergency access account %s would need MFA", user.Name()),
		fmt.Sprintf("It is one of the emergency access accounts of %s that the provider block names:\n\n%s\n\nWith the state %q it could not sign in when MFA does "+
			"not work, which is what the account is for.\n\nSet its state to \"disabled\", remove this resource, or take the account out of emergency_access.",
			d.Client.Tenant(), d.emergency.Guard.Describe(user.ID), f.wanted))
	return false
}

// checkEmergencyAccounts refuses states that ask emergency access accounts for MFA, all of them in one error.
func (d *run) checkEmergencyAccounts(users []*wantedUser, diags *diag.Diagnostics) {
	var refused []*wantedUser
	var lines []string
	for _, user := range users {
		if user.found() && d.decide(user.user, user.facts()).refused {
			source, _ := d.emergency.Guard.Source(user.user.ID)
			refused = append(refused, user)
			lines = append(lines, fmt.Sprintf("%s\n    %s", user.name(), source))
		}
	}
	switch {
	case len(refused) == 0:
	case len(refused) == 1:
		d.mayHaveMFA(refused[0].user, refused[0].facts(), userEntryPath(refused[0].key), diags)
	default:
		diags.AddAttributeError(userEntryPath(refused[0].key), fmt.Sprintf("%d emergency access accounts would need MFA", len(refused)),
			fmt.Sprintf("The provider block names these emergency access accounts of %s:\n\n%s\n\nWith a state other than \"disabled\" they could not sign in when "+
				"MFA does not work, which is what they are for.\n\nSet their state to \"disabled\", remove them from users, or take them out of emergency_access.",
				d.Client.Tenant(), diagnose.List(lines)))
	}
}

// askedForMFA are those of the persons whom a plan asks for MFA.
func askedForMFA(persons []claimedPerson) []emergency.AskedUser {
	var users []emergency.AskedUser
	for _, person := range persons {
		if person.wanted != mfa.Disabled {
			users = append(users, emergency.AskedUser{ID: person.id, Name: person.name})
		}
	}
	return users
}
