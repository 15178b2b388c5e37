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
)

// caughtAccount is an emergency access account that a campaign would ask to register.
type caughtAccount struct {
	*emergencyAccount
	// because says how the campaign includes it.
	because string
}

// caughtBy lists the accounts that the include of a campaign holds and the exclude does not, groups within groups counted.
// With patience, an account that no excluded group holds is looked at again before it counts as caught: who made the
// group a moment ago may be read before it shows.
func (e *emergencyAccess) caughtBy(ctx context.Context, c *client.Client, include, exclude campaignScope, patience time.Duration) ([]caughtAccount, error) {
	var caught []caughtAccount
	includedUsers, includedGroups := foldedIDs(include.UserIDs), foldedIDs(include.GroupIDs)
	excludedUsers, excludedGroups := foldedIDs(exclude.UserIDs), foldedIDs(exclude.GroupIDs)
	for _, account := range e.sorted() {
		id := strings.ToLower(account.ID)
		if exclude.AllUsers.ValueBool() || slices.Contains(excludedUsers, id) || shared(account.groupIDs, excludedGroups) != "" {
			continue
		}
		var because string
		switch {
		case include.AllUsers.ValueBool():
			because = "include.all_users is true"
		case slices.Contains(includedUsers, id):
			because = "include.user_ids lists it"
		default:
			group := shared(account.groupIDs, includedGroups)
			if group == "" {
				member, err := c.MemberGroups(ctx, account.ID, includedGroups, 0)
				if err != nil {
					return nil, err
				}
				group = shared(member, includedGroups)
			}
			if group == "" {
				continue
			}
			because = fmt.Sprintf("include.group_ids lists the group %s, of which it is a member", group)
		}
		member, err := c.MemberGroups(ctx, account.ID, excludedGroups, patience)
		if err != nil {
			return nil, err
		}
		if len(member) == 0 {
			caught = append(caught, caughtAccount{account, because})
		}
	}
	return caught, nil
}

// shared is the first id that is in both lists, or empty.
func shared(some, others []string) string {
	for _, id := range some {
		if slices.Contains(others, id) {
			return id
		}
	}
	return ""
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
		fmt.Sprintf("The registration policy includes and does not exclude %s:\n\n%s\n\nSuch an account has to sign in when MFA does not work, "+
			"and the campaign would stop it on the way. %s",
			counted(len(caught), "emergency access account"), caughtList(caught), howToExclude(caught, exclude)))
}

// caughtList has a line for each account.
func caughtList(caught []caughtAccount) string {
	const enough = 20
	var lines []string
	for _, account := range caught[:min(len(caught), enough)] {
		lines = append(lines, fmt.Sprintf("  - %s (object id %s): %s; %s", account.Name(), account.ID, account.because, account.source))
	}
	if more := len(caught) - enough; more > 0 {
		lines = append(lines, fmt.Sprintf("  - and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// howToExclude is the line to write: the whole exclude where that is short, else what to add to it.
func howToExclude(caught []caughtAccount, exclude campaignScope) string {
	var users, groups []string
	for _, account := range caught {
		switch {
		case len(account.groupIDs) == 0:
			users = append(users, strings.ToLower(account.ID))
		case !slices.Contains(groups, account.groupIDs[0]):
			groups = append(groups, account.groupIDs[0])
		}
	}
	const short = 10
	allUsers, allGroups := append(foldedIDs(exclude.UserIDs), users...), append(foldedIDs(exclude.GroupIDs), groups...)
	if len(allUsers)+len(allGroups) <= short {
		return "Write:\n\n  exclude = { " + strings.Join(scopeLines(allUsers, allGroups), ", ") + " }"
	}
	var additions []string
	if len(users) > 0 {
		additions = append(additions, "exclude.user_ids: "+quoted(users))
	}
	if len(groups) > 0 {
		additions = append(additions, "exclude.group_ids: "+quoted(groups))
	}
	return "Add to\n\n  " + strings.Join(additions, "\n  ")
}

func scopeLines(users, groups []string) []string {
	var lines []string
	if len(users) > 0 {
		lines = append(lines, "user_ids = ["+quoted(users)+"]")
	}
	if len(groups) > 0 {
		lines = append(lines, "group_ids = ["+quoted(groups)+"]")
	}
	return lines
}

func quoted(texts []string) string {
	all := make([]string, 0, len(texts))
	for _, text := range texts {
		all = append(all, fmt.Sprintf("%q", text))
	}
	return strings.Join(all, ", ")
}

func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
