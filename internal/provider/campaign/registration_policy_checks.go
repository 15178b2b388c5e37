package campaign

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// validate refuses what contradicts itself, whatever the tenant is like. What is not known yet passes.
func (m *registrationPolicyModel) validate(diags *diag.Diagnostics) {
	if m.managed() {
		m.refuseManaged(diags)
	}
	asks := m.State.ValueString() == client.CampaignEnabled || m.managed()
	include, exclude := scopeOf(m.Include), scopeOf(m.Exclude)
	// Without include a policy that is not enabled keeps whom it has.
	if asks && include.empty() && (!m.Include.IsNull() || !m.managed()) {
		diags.AddAttributeError(path.Root("include"), "Registration policy without anybody in it",
			fmt.Sprintf("With the state %q somebody has to be included: set include.all_users, include.user_ids or include.group_ids. "+
				"A policy that asks nobody has the state %q.", m.State.ValueString(), client.CampaignDisabled))
	}
	if asks && exclude.AllUsers.ValueBool() {
		diags.AddAttributeError(path.Root("exclude").AtName("all_users"), "Registration policy without anybody in it",
			fmt.Sprintf("Excluding all users leaves nobody to ask, whoever is included. A policy that asks nobody has the state %q.", client.CampaignDisabled))
	}
	include.refuseIDsBesideAllUsers("include", diags)
	exclude.refuseIDsBesideAllUsers("exclude", diags)
}

func (s campaignScope) refuseIDsBesideAllUsers(name string, diags *diag.Diagnostics) {
	refuse := func(attribute string, ids types.Set) {
		if s.AllUsers.ValueBool() && len(ids.Elements()) > 0 {
			diags.AddAttributeError(path.Root(name).AtName(attribute), "Ids beside all_users",
				fmt.Sprintf("%[1]s.all_users holds everybody, so the ids in %[1]s.%[2]s change nothing, and a reader could think that only they are meant. "+
					"Remove them, or all_users.", name, attribute))
		}
	}
	refuse("user_ids", s.UserIDs)
	refuse("group_ids", s.GroupIDs)
}

// refuseManaged refuses what belongs to Microsoft in the state microsoft_managed.
func (m *registrationPolicyModel) refuseManaged(diags *diag.Diagnostics) {
	refuse := func(attribute string, value attr.Value) {
		if !value.IsNull() && !value.IsUnknown() {
			diags.AddAttributeError(path.Root(attribute), attribute+" is Microsoft's in this state",
				fmt.Sprintf("With the state %q Microsoft chooses method, snooze and limit, and changes them over time. Remove %s, or set the state to %q.",
					stateMicrosoftManaged, attribute, client.CampaignEnabled))
		}
	}
	refuse("authentication_method", m.AuthenticationMethod)
	refuse("snooze_days", m.SnoozeDays)
	refuse("require_registration_after_snoozes", m.RequireRegistrationAfterSnoozes)
}

// checkTargets looks up all users and groups of a configuration at once, refuses those that do not exist or are of the other
// kind, and returns their names. Others are looked up for their names only: whom a policy keeps whom the configuration does not
// name may be gone. Those who are known are not looked up again.
func (r *registrationPolicyResource) checkTargets(ctx context.Context, config *registrationPolicyModel, known directory, others []string,
	patience time.Duration, diags *diag.Diagnostics,
) directory {
	type place struct {
		scope string
		group bool
		id    types.String
	}
	var places []place
	var wanted []string
	add := func(name string, scope campaignScope) {
		for _, id := range value.KnownStrings(scope.UserIDs) {
			places, wanted = append(places, place{name, false, id}), append(wanted, id.ValueString())
		}
		for _, id := range value.KnownStrings(scope.GroupIDs) {
			places, wanted = append(places, place{name, true, id}), append(wanted, id.ValueString())
		}
	}
	add("include", scopeOf(config.Include))
	add("exclude", scopeOf(config.Exclude))
	// Those that are looked up for their names may be gone, and nobody waits for them.
	found, err := r.findTargets(ctx, known, append(others, wanted...))
	missing := slices.DeleteFunc(wanted, func(id string) bool {
		_, here := found[strings.ToLower(id)]
		return here
	})
	if err == nil && len(missing) > 0 && patience > 0 {
		var late directory
		late, err = r.Data.Client.GetDirectoryObjects(ctx, missing, patience)
		maps.Copy(found, late)
	}
	if err != nil {
		diagnose.Error(diags, err)
		return nil
	}
	for _, p := range places {
		checkTarget(found, r.Data.Client.Tenant(), p.scope, p.group, p.id, diags)
	}
	return found
}

// findTargets looks up those who are not known.
func (r *registrationPolicyResource) findTargets(ctx context.Context, known directory, ids []string) (directory, error) {
	var unknown []string
	for _, id := range ids {
		if _, here := known[strings.ToLower(id)]; !here {
			unknown = append(unknown, id)
		}
	}
	found, err := r.Data.Client.GetDirectoryObjects(ctx, unknown, 0)
	maps.Copy(found, known)
	return found, err
}

func checkTarget(found directory, tenant client.Tenant, scope string, group bool, id types.String, diags *diag.Diagnostics) {
	object, here := found[strings.ToLower(id.ValueString())]
	kind, attribute, other := "user", "user_ids", "group_ids"
	if group {
		kind, attribute, other = "group", "group_ids", "user_ids"
	}
	at := path.Root(scope).AtName(attribute).AtSetValue(id)
	notThat := fmt.Sprintf("%q is not a %s", id.ValueString(), kind)
	switch {
	case !here:
		diags.AddAttributeError(at, fmt.Sprintf("%s %q not found", strings.ToUpper(kind[:1])+kind[1:], id.ValueString()),
			fmt.Sprintf("%s.%s names it, and there is no such %s in %s (a deleted one does not count). Correct the id or remove it, and check "+
				"that tenant_id of the provider block is the right tenant.", scope, attribute, kind, tenant))
	case object.IsUser() && group, object.IsGroup() && !group:
		diags.AddAttributeError(at, notThat,
			fmt.Sprintf("It is the id of the %s %s. Move it from %[3]s.%[4]s to %[3]s.%[5]s.", object.Kind(), object.Name(), scope, attribute, other))
	case !object.IsUser() && !object.IsGroup():
		diags.AddAttributeError(at, notThat,
			fmt.Sprintf("%s.%s names it, and it is the id of a %s, %s. A registration policy is about users and groups only.",
				scope, attribute, object.Kind(), object.Name()))
	}
}

// warnBoth names who is included and excluded.
func warnBoth(campaign client.RegistrationCampaign, names directory, diags *diag.Diagnostics) {
	both := without(campaign.Include, without(campaign.Include, campaign.Exclude))
	if len(both) > 0 {
		diags.AddAttributeWarning(path.Root("exclude"), "Included and excluded at once",
			fmt.Sprintf("The exclusion wins, so these are not asked to register: %s. Remove them from one of the two lists.", names.names(both)))
	}
}

// warnWeakened names what people lose who were asked to register so far.
func warnWeakened(weakenings []string, diags *diag.Diagnostics) {
	if len(weakenings) > 0 {
		diags.AddAttributeWarning(path.Root("state"), "The registration policy becomes weaker",
			fmt.Sprintf("After the apply:\n\n  - %s", strings.Join(weakenings, "\n  - ")))
	}
}
