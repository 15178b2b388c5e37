package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/scope"
)

// caughtAccount is an emergency access account that a campaign would ask to register.
type caughtAccount struct {
	*emergencyAccount
	// because says how the campaign includes it.
	because string
}

// caughtBy lists the accounts that the include of a campaign holds and the exclude does not, groups within groups counted.
// With patience, an account that no excluded group holds is looked at again before it counts as caught: a group that was made a
// moment ago may be read before it shows.
func (e *emergencyAccess) caughtBy(ctx context.Context, c *client.Client, include, exclude campaignScope, patience time.Duration) ([]caughtAccount, error) {
	included, excluded := include.pure(), exclude.pure()
	var caught []caughtAccount
	for _, account := range e.sorted() {
		person := account.person()
		if answer, _ := excluded.Holds(person); answer == scope.Yes {
			continue
		}
		if answer, _ := included.Holds(person); answer == scope.Unknown {
			if err := askGroups(ctx, c, person, included, 0); err != nil {
				return nil, err
			}
		}
		if answer, _ := included.Holds(person); answer != scope.Yes {
			continue
		}
		if err := askGroups(ctx, c, person, excluded, patience); err != nil {
			return nil, err
		}
		if answer, because := scope.Catches(included, excluded, person); answer == scope.Yes {
			caught = append(caught, caughtAccount{account, includedBy(because)})
		}
	}
	return caught, nil
}

// pure is the known part of a scope as the rules have it.
func (s campaignScope) pure() scope.Scope {
	return scope.Scope{Everybody: s.AllUsers.ValueBool(), Users: foldedIDs(s.UserIDs), Groups: foldedIDs(s.GroupIDs)}
}

// person is what the guard knows of an account.
func (a *emergencyAccount) person() scope.Person {
	person := scope.Person{ID: a.ID, Groups: map[string]bool{}}
	for _, id := range a.groupIDs {
		person.Groups[id] = true
	}
	return person
}

// askGroups finds out in which groups of a scope a person is, as far as nobody knows.
func askGroups(ctx context.Context, c *client.Client, person scope.Person, of scope.Scope, patience time.Duration) error {
	open := of.Open(person)
	member, err := c.MemberGroups(ctx, person.ID, open, patience)
	if err != nil {
		return err
	}
	for _, id := range open {
		person.Groups[strings.ToLower(id)] = slices.Contains(member, strings.ToLower(id))
	}
	return nil
}

func includedBy(because scope.Reason) string {
	switch because.Kind {
	case scope.KindEverybody:
		return "included by include.all_users"
	case scope.KindUser:
		return "included by include.user_ids"
	case scope.KindGroup, scope.KindRole, scope.KindGuests:
	}
	// A campaign has no roles and no kinds of guests.
	return fmt.Sprintf("included by the group %s in include.group_ids", because.ID)
}

// checkCampaign refuses a policy that asks emergency access accounts to register. Where it is not known yet who is
// excluded, or in which state the policy will be, nothing is refused: the same check is made at apply.
func (d *providerData) checkCampaign(ctx context.Context, plan *registrationPolicyModel, patience time.Duration, diags *diag.Diagnostics) {
	include, exclude := scopeOf(plan.Include), scopeOf(plan.Exclude)
	if plan.State.IsUnknown() || plan.State.ValueString() == client.CampaignDisabled || !exclude.known() {
		return
	}
	at := path.Root("exclude")
	if plan.Exclude.IsNull() {
		at = path.Root("include")
	}
	caught, err := d.emergencyAccess.caughtBy(ctx, d.client, include, exclude, patience)
	if err != nil {
		addAttributeError(diags, at, err)
		return
	}
	if len(caught) == 0 {
		return
	}
	diags.AddAttributeError(at, "Emergency access accounts would be asked to register",
		fmt.Sprintf("The registration policy of %s includes and does not exclude %s:\n\n%s\n\nSuch an account has to sign in when MFA does not work, "+
			"and the campaign would stop it on the way. %s",
			d.client.Tenant(), counted(len(caught), "emergency access account"), caughtList(caught), howToExclude(caught, exclude)))
}

// caughtList has an entry of a few lines for each account.
func caughtList(caught []caughtAccount) string {
	const enough = 20
	var lines []string
	for _, account := range caught[:min(len(caught), enough)] {
		lines = append(lines, accountLines(account.User, account.because, account.source))
	}
	if more := len(caught) - enough; more > 0 {
		lines = append(lines, fmt.Sprintf("  - and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// exclusionOf is what has to be excluded for accounts not to be asked: the group of emergency_access that an account is in, or else
// the account.
func exclusionOf(caught []caughtAccount) (users, groups []string) {
	for _, account := range caught {
		switch {
		case len(account.groupIDs) == 0:
			users = append(users, strings.ToLower(account.ID))
		case !slices.Contains(groups, account.groupIDs[0]):
			groups = append(groups, account.groupIDs[0])
		}
	}
	return users, groups
}

// howToExclude is the line to write: the whole exclude where that is short, else what to add to it.
func howToExclude(caught []caughtAccount, exclude campaignScope) string {
	users, groups := exclusionOf(caught)
	const short = 10
	allUsers, allGroups := append(foldedIDs(exclude.UserIDs), users...), append(foldedIDs(exclude.GroupIDs), groups...)
	if len(allUsers)+len(allGroups) == 1 {
		return "Write:\n\n  exclude = { " + strings.TrimSpace(idLines("", "user_ids = ", allUsers)+idLines("", "group_ids = ", allGroups)) + " }"
	}
	if len(allUsers)+len(allGroups) <= short {
		return "Write:\n\n  exclude = {\n" + idLines("    ", "user_ids = ", allUsers) + idLines("    ", "group_ids = ", allGroups) + "  }"
	}
	return "Add to exclude:\n\n" + idLines("  ", "user_ids = ", users) + strings.TrimSuffix(idLines("  ", "group_ids = ", groups), "\n")
}

// idLines writes a list of ids as a configuration has it, one in a line where there are several. Of none it is empty.
func idLines(indent, name string, ids []string) string {
	switch len(ids) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%s%s[%q]\n", indent, name, ids[0])
	}
	text := indent + name + "[\n"
	for _, id := range ids {
		text += fmt.Sprintf("%s  %q,\n", indent, id)
	}
	return text + indent + "]\n"
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// warnGuardLeft warns of a policy that asks accounts that were emergency access accounts when it was applied last, and that the guard
// does not hold any more. A failure to look at their groups is no reason to fail a plan.
func (r *registrationPolicyResource) warnGuardLeft(ctx context.Context, plan *registrationPolicyModel, then guardMemory, diags *diag.Diagnostics) {
	include, exclude := scopeOf(plan.Include), scopeOf(plan.Exclude)
	left := then.left(r.data.guard())
	if len(left.accounts) == 0 || plan.State.ValueString() == client.CampaignDisabled {
		return
	}
	caught, err := left.caughtBy(ctx, r.data.client, include, exclude, 0)
	if err != nil || len(caught) == 0 {
		return
	}
	diags.AddAttributeWarning(path.Root("include"), "Accounts leave emergency_access and are asked to register",
		fmt.Sprintf("The policy asks %s that the provider block named as emergency access when the policy was applied last, and does not name any more:\n\n%s\n\n"+
			"Those that still are emergency access accounts belong into emergency_access and exclude.", counted(len(caught), "account"), caughtList(caught)))
}
