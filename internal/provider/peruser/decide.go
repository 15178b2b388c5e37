package peruser

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// facts are what decides about one user: what the configuration wants, what the state of Terraform has, and what the service has.
type facts struct {
	// wanted is the configured state; empty where it is not known yet.
	wanted mfa.State
	// current is the state that the user has; empty where it is not known.
	current mfa.State
	// managed says that the state has the user, and was is the state that it wants of them.
	managed bool
	was     mfa.State
	// imported says that no create has made the resource, or that nobody knows whether one has.
	imported bool
	// leaves says that nobody wants the user any more: the resource is destroyed, or its map does not have them. keep is on_destroy = "keep",
	// and elsewhere says that another resource of the run wants them.
	leaves, keep, elsewhere bool
	// guarded is an emergency access account, and blocked an account that cannot sign in.
	guarded, blocked bool
}

// decision is what a plan says of a user and what the apply does.
type decision struct {
	// write is the state to write; empty where nothing is written, or nobody knows yet.
	write mfa.State
	// effective is what the user has after the apply; empty where only the service knows.
	effective mfa.State
	// keepsWanted says that what the state wants stays there, because the configuration is satisfied by it.
	keepsWanted bool
	// checked says that the write depends on the registered methods and allow_promotion, which mfa.PlanTransition judges.
	checked bool
	// refused is an emergency access account that would be asked for MFA.
	refused bool
	// loses says that per-user MFA is taken away, mayLose that it may be, and moves that it would be if no other resource wanted the user.
	loses, mayLose, moves bool
	// adopted is a new user who has per-user MFA already, as wanted.
	adopted bool
	// blocked is a blocked account that gets per-user MFA.
	blocked bool
}

// decide says what becomes of one user, for a resource of one as for a resource of many. It is pure.
func decide(f facts) decision {
	has := f.current != "" && f.current != mfa.Disabled
	switch {
	case f.leaves && (f.keep || f.current == mfa.Disabled):
		return decision{effective: f.current}
	case f.leaves && f.elsewhere:
		return decision{moves: true}
	case f.leaves:
		return decision{write: mfa.Disabled, effective: mfa.Disabled, loses: has, mayLose: !has}
	case f.wanted == "":
		return decision{mayLose: has}
	case f.guarded && f.wanted != mfa.Disabled:
		return decision{refused: true}
	case f.current != "" && f.current.Satisfies(f.wanted):
		return f.settled(has)
	}
	d := decision{
		write: f.wanted, loses: has && f.wanted == mfa.Disabled, checked: f.wanted == mfa.Enforced, blocked: f.blocked && f.wanted != mfa.Disabled,
	}
	// A create may come to a part of the way and no further, and the service promotes whom it likes of those who are enabled.
	if f.managed && f.wanted != mfa.Enabled {
		d.effective = f.wanted
	}
	return d
}

// settled is the decision about a user who has what is wanted.
func (f facts) settled(has bool) decision {
	d := decision{adopted: has && !f.managed}
	// A new user may be promoted before the apply, in which Terraform plans again and refuses a plan that differs. Of disabled it is known, so
	// that Terraform itself refuses an apply in which the user was enabled meanwhile.
	if f.managed || f.wanted == mfa.Disabled {
		d.effective = f.current
	}
	// enabled where the state says enforced is no change, and neither is enforced for an enforced user after an import, which writes enabled.
	d.keepsWanted = f.managed && f.current.Satisfies(f.was) && (f.imported || f.was.Satisfies(f.wanted))
	return d
}

// planned is effective as a plan has it.
func (d decision) planned() types.String {
	if d.effective == "" {
		return types.StringUnknown()
	}
	return types.StringValue(string(d.effective))
}

// observed is what a state wants of a user after a refresh: what it wanted while that is satisfied, and otherwise what the service has, which
// becomes a difference to the configuration. An import wants nothing yet. What is generated from it has to be what a configuration may want, and
// nobody writes enforced: the service promotes a user who is enabled, and enabled can be written again where an administrator disables the user.
func observed(wanted, current mfa.State) mfa.State {
	switch {
	case wanted == "" && current == mfa.Enforced:
		return mfa.Enabled
	case wanted == "" || !current.Satisfies(wanted):
		return current
	}
	return wanted
}
