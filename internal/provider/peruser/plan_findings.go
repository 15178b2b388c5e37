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

// plannedUsers are what is decided about many users, by the names that messages call them, with the state of each.
type plannedUsers struct {
	// disabled lose per-user MFA because their state becomes disabled, lost because they are in the map no longer. unknown may lose it.
	disabled, lost, unknown []string
	// gaining get per-user MFA, and enforced have it and are moved on by Terraform instead of by the service.
	gaining, enforced []string
	// adopted have what is wanted already, and arriving are those of them who come from another map.
	adopted, arriving []string
	// moving go to another resource of the run, and left are managed no longer and keep what they have.
	moving, left []string
	// blocked are blocked accounts that get per-user MFA.
	blocked []string
	// keep is on_destroy = "keep", unlisted says that the map itself is not known yet, and destroyed that the resource goes.
	keep, unlisted, destroyed bool
}

// add takes over what is decided about one of the users.
func (p *plannedUsers) add(d decision, name string, current mfa.State) {
	named := withState(name, current)
	switch {
	case d.mayLose:
		p.unknown = append(p.unknown, named)
	case d.loses:
		p.disabled = append(p.disabled, named)
	case d.adopted:
		p.adopted = append(p.adopted, named)
	case d.write == mfa.Enforced && current == mfa.Enabled:
		p.enforced = append(p.enforced, named)
	case d.write != "" && current == mfa.Disabled:
		p.gaining = append(p.gaining, named)
	}
	if d.blocked && current != "" {
		p.blocked = append(p.blocked, name)
	}
}

func (p plannedUsers) findings() []resourcekit.Finding {
	if len(p.blocked) == 0 {
		return p.effects()
	}
	key, _, _ := strings.Cut(p.blocked[0], " (")
	return append(p.effects(), blocked(userEntryPath(key), p.blocked)...)
}

// effects says in one warning what becomes of everybody who changes. Programs read the numbers of the summary, whose form the page of the
// resource documents. It has no attribute path: a CLI quotes the lines of the attribute, which are as many as there are users.
func (p plannedUsers) effects() []resourcekit.Finding {
	var counts, paragraphs []string
	for _, effect := range []struct {
		names     []string
		one, many string
		paragraph func([]string) string
	}{
		{slices.Concat(p.disabled, p.lost), "loses it", "lose it", p.stopping},
		{p.unknown, "may lose it", "may lose it", p.mayStop},
		{p.gaining, "gains it", "gain it", func(names []string) string { return "Per-user MFA starts applying to " + counted(names) + "." }},
		{p.enforced, "is enforced", "are enforced", func(names []string) string {
			return "Terraform moves to enforced, instead of waiting for the service: " + named(names) + "."
		}},
		{p.adopted, "is adopted", "are adopted", p.adopting},
		{p.moving, "moves to another resource", "move to another resource", func(names []string) string {
			return fmt.Sprintf("%s moved to another resource. Another resource of this run wants them, so the apply leaves their state as it is: %s.",
				peopleAre(bare(names)), named(names))
		}},
		{p.left, "is left as is", "are left as they are", func(names []string) string {
			return "No longer managed here, and left as is because on_destroy is \"keep\": " + named(names) + "."
		}},
	} {
		switch len(effect.names) {
		case 0:
			continue
		case 1:
			counts = append(counts, fmt.Sprintf("1 %s (%s)", effect.one, known(effect.names[0])))
		default:
			counts = append(counts, fmt.Sprintf("%d %s", len(effect.names), effect.many))
		}
		paragraphs = append(paragraphs, effect.paragraph(effect.names))
	}
	if len(counts) == 0 {
		return nil
	}
	return []resourcekit.Finding{{Summary: "Per-user MFA: " + strings.Join(counts, ", "), Detail: strings.Join(paragraphs, "\n\n")}}
}

func named(names []string) string { return diagnose.Names(names, diagnose.NamedInWarnings) }

// counted is "adele@contoso.com (enabled)" or "12 users: ...".
func counted(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("%d users: %s", len(names), named(names))
}

// known is the shortest of what a name has that people know the user by: the user principal name, or else the object id.
func known(name string) string {
	name = bare([]string{name})[0]
	if _, principal, ok := strings.Cut(name, " ("); ok {
		return strings.TrimSuffix(principal, ")")
	}
	return name
}

// stopping tells of the users whom the apply takes per-user MFA away from: those whose state becomes disabled, and those who are managed no longer.
func (p plannedUsers) stopping(names []string) string {
	text := "Per-user MFA stops applying to " + counted(names) + ". Unless Conditional Access or security defaults ask for MFA, a password is then enough to sign in."
	switch {
	case len(p.lost) == 0:
		return text
	case p.destroyed:
		return text + " on_destroy = \"keep\" leaves users as they are; it has to be applied before the destroy."
	case len(names) == 1:
		text += " The user is no longer in users."
	default:
		text += fmt.Sprintf(" %d of them because they are no longer in users.", len(p.lost))
	}
	return text + " on_destroy = \"keep\" leaves such users as they are."
}

// mayStop tells of the users whose wanted state is not known yet, or of whom it is not known whether they stay in the map.
func (p plannedUsers) mayStop(names []string) string {
	text := "Per-user MFA may stop applying to " + counted(names) + ". "
	if p.unlisted {
		return text + "users is not known yet, so nobody can tell who stays in it. Users who are no longer in it, or are in it as \"disabled\", lose per-user MFA in the " +
			"apply, without another plan. To see it in a plan, apply first what users comes from (-target); a depends_on for a whole module makes " +
			"everything in it unknown. on_destroy = \"keep\" leaves users who are removed from the map as they are."
	}
	return text + "The wanted state of these users is not known yet. Users who turn out to be \"disabled\" lose per-user MFA in the apply, without another plan. " +
		"To see it in a plan, apply first what the values come from (-target)."
}

// adopting says whom the apply takes over without a write.
func (p plannedUsers) adopting(names []string) string {
	text, have := "1 user is adopted as is: ", "The user has"
	if len(names) > 1 {
		text, have = fmt.Sprintf("%d users are adopted as they are: ", len(names)), "They have"
	}
	text += fmt.Sprintf("%s. %s what is wanted already. The apply writes nothing here; from then on Terraform manages the state, and a destroy %s.",
		named(names), have, destroyEffect(p.keep))
	if len(p.arriving) > 0 {
		text += fmt.Sprintf(" Moved here from another resource of this run: %s.", named(p.arriving))
	}
	return text
}

// nobodyLeft says that a resource that had users manages nobody any more.
func nobodyLeft(before int) []resourcekit.Finding {
	if before == 0 {
		return nil
	}
	return []resourcekit.Finding{{
		At: path.Root("users"), Summary: "users is empty: the resource manages nobody any more",
		Detail: fmt.Sprintf("It managed %s until now. If the map is computed, check what it is computed from. If the work is done, the resource may stay as it is, or be removed.",
			diagnose.Counted(before, "user")),
	}}
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
