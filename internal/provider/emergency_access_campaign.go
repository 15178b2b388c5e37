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
			because = "included by include.all_users"
		case slices.Contains(includedUsers, id):
			because = "included by include.user_ids"
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
			because = fmt.Sprintf("included by the group %s in include.group_ids", group)
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
