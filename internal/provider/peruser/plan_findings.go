package peruser

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// What a plan tells of the decisions about one user and about many. All of it is pure; resourcekit.Report shows it.

// Summaries that name nobody, so that Terraform shows one such warning and how many more there are. Whom they are about is in
// their details, and in the plan by the name of each user.
const (
	summaryWeakened = "Per-user MFA stops applying to a user"
	summaryAdopted  = "A user is adopted as they are"
	summaryBlocked  = "A blocked account gets per-user MFA"
)

// findings are what the plan of one user tells of a decision. The model is the one that knows the user's name; person is the name in full.
func (d decision) findings(f facts, user *userMFAStateModel, person string, keep bool) []resourcekit.Finding {
	switch {
	case d.mayLose:
		return []resourcekit.Finding{mayWeaken(user, f.current)}
	case d.loses:
		return []resourcekit.Finding{weakening(user, f.current)}
	case d.adopted:
		return []resourcekit.Finding{{At: path.Root("state"), Summary: summaryAdopted, Detail: fmt.Sprintf("The per-user MFA state of %s is %q already, "+
			"which satisfies %q. The apply writes nothing for this user; from then on Terraform manages the state, and a destroy %s.",
			person, f.current, f.wanted, destroyEffect(keep))}}
	case d.blocked:
		return blocked(path.Root("state"), []string{user.person()})
	}
	return nil
}

func destroyEffect(keep bool) string {
	if keep {
		return "leaves it as it is"
	}
	return "sets it to disabled"
}

// mayWeaken says that a user may be disabled, because it is not known yet what is wanted of them.
func mayWeaken(user *userMFAStateModel, current mfa.State) resourcekit.Finding {
	return resourcekit.Finding{
		At: path.Root("state"), Summary: fmt.Sprintf("Per-user MFA may stop applying to %s", user.user().Name()),
		Detail: fmt.Sprintf("The wanted state of %s, object id %s, is not known yet, and the user is %s now. If it turns out to be \"disabled\", the apply takes per-user MFA "+
			"away without another plan. To see it in a plan, apply first what the value comes from (-target).", user.person(), user.ID.ValueString(), current),
	}
}

func weakening(user *userMFAStateModel, current mfa.State, advice ...string) resourcekit.Finding {
	return resourcekit.Finding{
		At: path.Root("state"), Summary: summaryWeakened,
		Detail: fmt.Sprintf("%s, object id %s, goes from %s to disabled. Unless Conditional Access or security defaults ask for MFA, "+
			"a password is then enough to sign in.%s", user.person(), user.ID.ValueString(), cmp.Or(current, "a state that is not known"), strings.Join(append([]string{""}, advice...), " ")),
	}
}

// plannedUsers are what is decided about many users, by the names that messages call them.
type plannedUsers struct {
	// disabled lose per-user MFA because their state becomes disabled, lost because they are in the map no longer. unknown may lose it.
	disabled, lost, unknown []string
	// moving go to another resource of the run, adopted have what is wanted already, and arriving are those of them who come from another map.
	moving, adopted, arriving []string
	// blocked are blocked accounts that get per-user MFA.
	blocked []string
	// keep is on_destroy = "keep".
	keep bool
}

// add takes over what is decided about one of the users.
func (p *plannedUsers) add(d decision, name string, current mfa.State) {
	switch {
	case d.mayLose:
		p.unknown = append(p.unknown, withState(name, current))
	case d.loses:
		p.disabled = append(p.disabled, withState(name, current))
	case d.adopted:
		p.adopted = append(p.adopted, withState(name, current))
	case d.blocked && current != "":
		p.blocked = append(p.blocked, name)
	}
}

func (p plannedUsers) findings() []resourcekit.Finding {
	return slices.Concat(weakeningMany(p.disabled, p.lost), p.mayWeaken(), p.movingAway(), p.adoption(), blocked(path.Root("users"), p.blocked))
}

func ofUsers(summary, detail string) []resourcekit.Finding {
	return []resourcekit.Finding{{At: path.Root("users"), Summary: summary, Detail: detail}}
}

// weakeningMany tells of the users whom the apply takes per-user MFA away from: those whose state becomes disabled,
// and those who are managed no longer.
func weakeningMany(disabled, removed []string) []resourcekit.Finding {
	names := append(append([]string(nil), disabled...), removed...)
	if len(names) == 0 {
		return nil
	}
	list := "The apply moves to disabled: "
	if len(names) > diagnose.NamedInWarnings {
		list = fmt.Sprintf("The apply moves to disabled, the first %d: ", diagnose.NamedInWarnings)
	}
	detail := list + diagnose.Names(names, diagnose.NamedInWarnings) + ". Unless Conditional Access or security defaults ask for MFA, a password is then enough to sign in."
	if len(removed) > 0 {
		detail += fmt.Sprintf("\n\n%d of them because they are in users no longer. on_destroy = \"keep\" leaves such users as they are; "+
			"before a destroy it has to be applied first.", len(removed))
	}
	return ofUsers("Per-user MFA stops applying to "+diagnose.People(bare(names)), detail)
}

// mayWeaken tells of the users whose wanted state is not known yet.
func (p plannedUsers) mayWeaken() []resourcekit.Finding {
	names := p.unknown
	if len(names) == 0 {
		return nil
	}
	return ofUsers(fmt.Sprintf("Per-user MFA may stop applying to %s", diagnose.People(bare(names))),
		fmt.Sprintf("The wanted state of these users is not known yet: %s. Users who turn out to be \"disabled\" lose per-user MFA in the apply, without another plan. "+
			"To see it in a plan, apply first what the values come from (-target).", diagnose.Names(names, diagnose.NamedInWarnings)))
}

// unknownUsers tells of everybody who may be in users no longer, because users is not known yet.
func unknownUsers(prior managedUsers, keep bool) []resourcekit.Finding {
	names := weakened(prior)
	if len(names) == 0 || keep {
		return nil
	}
	return ofUsers(fmt.Sprintf("Per-user MFA may stop applying to %s", diagnose.People(bare(names))),
		fmt.Sprintf("users is not known yet, so nobody can tell who stays in it: %s. Users who are no longer in it, or are in it as \"disabled\", lose per-user MFA in the "+
			"apply, without another plan. To see it in a plan, apply first what users comes from (-target); a depends_on for a whole module makes "+
			"everything in it unknown. on_destroy = \"keep\" leaves users who are removed from the map as they are.", diagnose.Names(names, diagnose.NamedInWarnings)))
}

// nobodyLeft says that a resource that had users manages nobody any more.
func nobodyLeft(before int) []resourcekit.Finding {
	if before == 0 {
		return nil
	}
	return ofUsers("users is empty: the resource manages nobody any more",
		fmt.Sprintf("It managed %s until now. If the map is computed, check what it is computed from. If the work is done, the resource may stay as it is, or be removed.",
			diagnose.Counted(before, "user")))
}

// movingAway says who goes from one resource of the run to another and keeps per-user MFA.
func (p plannedUsers) movingAway() []resourcekit.Finding {
	names := p.moving
	if len(names) == 0 {
		return nil
	}
	return ofUsers(fmt.Sprintf("%s moved to another resource", peopleAre(names)),
		fmt.Sprintf("Another resource of this run wants them, so the apply leaves their state as it is: %s.", diagnose.Names(names, diagnose.NamedInWarnings)))
}

// adoption says whom the apply takes over without a write.
func (p plannedUsers) adoption() []resourcekit.Finding {
	names := p.adopted
	if len(names) == 0 {
		return nil
	}
	summary, has := fmt.Sprintf("%d users are adopted as they are", len(names)), "They have"
	if len(names) == 1 {
		summary, has = bare(names)[0]+" is adopted as it is", "The user has"
	}
	detail := fmt.Sprintf("%s what is wanted already: %s. The apply writes nothing here; from then on Terraform manages the state, and a destroy %s.",
		has, diagnose.Names(names, diagnose.NamedInWarnings), destroyEffect(p.keep))
	if len(p.arriving) > 0 {
		detail += fmt.Sprintf("\n\nMoved here from another resource of this run: %s.", diagnose.Names(p.arriving, diagnose.NamedInWarnings))
	}
	return ofUsers(summary, detail)
}

// blocked tells of blocked accounts to which the plan gives enabled or enforced, in one warning.
func blocked(at path.Path, names []string) []resourcekit.Finding {
	if len(names) == 0 {
		return nil
	}
	summary, who := summaryBlocked, "This account"
	if len(names) > 1 {
		summary, who = fmt.Sprintf("%d blocked accounts get per-user MFA", len(names)), "These accounts"
	}
	return []resourcekit.Finding{{At: at, Summary: summary, Detail: fmt.Sprintf("Sign-in is blocked (accountEnabled is false): %s. %s cannot sign in, and so cannot register a method. "+
		"The state is written all the same and takes effect once the account is unblocked, so it does no harm.\n\n"+
		"A blocked account is often a shared mailbox, which is usually left out. The data source entramfa_user_mfa_states leaves such accounts out with account_enabled = true.",
		diagnose.Names(names, diagnose.NamedInWarnings), who)}}
}
