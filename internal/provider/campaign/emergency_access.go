package campaign

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/scope"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// pure is the known part of a scope as the rules have it.
func (s campaignScope) pure() scope.Scope {
	return scope.Scope{Everybody: s.AllUsers.ValueBool(), Users: value.FoldedIDs(s.UserIDs), Groups: value.FoldedIDs(s.GroupIDs)}
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
func (d *run) checkCampaign(ctx context.Context, plan *registrationPolicyModel, patience time.Duration, diags *diag.Diagnostics) {
	include, exclude := scopeOf(plan.Include), scopeOf(plan.Exclude)
	if plan.State.IsUnknown() || plan.State.ValueString() == client.CampaignDisabled || !exclude.known() {
		return
	}
	at := path.Root("exclude")
	if plan.Exclude.IsNull() {
		at = path.Root("include")
	}
	caught, err := d.emergency.Guard.CaughtBy(ctx, d.Client, include.pure(), exclude.pure(), patience)
	if err != nil {
		diagnose.AttributeError(diags, at, err)
		return
	}
	if len(caught) == 0 {
		return
	}
	diags.AddAttributeError(at, "Emergency access accounts would be asked to register",
		fmt.Sprintf("The registration policy of %s includes and does not exclude %s:\n\n%s\n\nSuch an account has to sign in when MFA does not work, "+
			"and the campaign would stop it on the way. %s",
			d.Client.Tenant(), diagnose.Counted(len(caught), "emergency access account"), emergency.Entries(caught, includedBy), howToExclude(caught, exclude)))
}

// howToExclude is the line to write: the whole exclude where that is short, else what to add to it.
func howToExclude(caught []emergency.Caught, exclude campaignScope) string {
	users, groups := emergency.ExclusionOf(caught)
	const short = 10
	allUsers, allGroups := append(value.FoldedIDs(exclude.UserIDs), users...), append(value.FoldedIDs(exclude.GroupIDs), groups...)
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

// warnGuardLeft warns of a policy that asks accounts that were emergency access accounts when it was applied last, and that the guard
// does not hold any more. A failure to look at their groups is no reason to fail a plan.
func (r *registrationPolicyResource) warnGuardLeft(ctx context.Context, plan *registrationPolicyModel, then emergency.Memory, diags *diag.Diagnostics) {
	include, exclude := scopeOf(plan.Include), scopeOf(plan.Exclude)
	left := then.Left(r.Data.emergency.Guard)
	if left.Empty() || plan.State.ValueString() == client.CampaignDisabled {
		return
	}
	caught, err := left.CaughtBy(ctx, r.Data.Client, include.pure(), exclude.pure(), 0)
	if err != nil || len(caught) == 0 {
		return
	}
	diags.AddAttributeWarning(path.Root("include"), "Accounts leave emergency_access and are asked to register",
		fmt.Sprintf("The policy asks %s that the provider block named as emergency access when the policy was applied last, and does not name any more:\n\n%s\n\n"+
			"Those that still are emergency access accounts belong into emergency_access and exclude.", diagnose.Counted(len(caught), "account"), emergency.Entries(caught, includedBy)))
}
