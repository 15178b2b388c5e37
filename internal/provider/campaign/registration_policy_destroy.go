package campaign

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// Values of on_destroy, in addition to onDestroyKeep.
const (
	onDestroyGiveBack          = "give_back"
	onDestroyGiveBackExcluding = "give_back_excluding_emergency_access"
)

// handback is the campaign that a destroy gives back.
type handback struct {
	campaign client.RegistrationCampaign
	// gone are the users and groups of it that do not exist any more, and were left out.
	gone []client.CampaignTarget
	// caught are the emergency access accounts that it asks, and spared those that are excluded because on_destroy says so.
	caught, spared []emergency.Caught
}

// handback works out what a destroy gives back. found are the users and groups that exist.
func (r *registrationPolicyResource) handback(ctx context.Context, prior *registrationPolicyModel, before client.RegistrationCampaign, found directory,
	patience time.Duration,
) (handback, error) {
	var back handback
	back.campaign, back.gone = withoutMissing(before, prior.campaign(), found)
	caught, err := r.caughtBy(ctx, back.campaign, patience)
	if err != nil {
		return back, err
	}
	if prior.OnDestroy.ValueString() != onDestroyGiveBackExcluding {
		back.caught = caught
		return back, nil
	}
	back.spared = caught
	users, groups := emergency.ExclusionOf(caught)
	exclude := back.campaign.Exclude[:len(back.campaign.Exclude):len(back.campaign.Exclude)]
	for _, id := range users {
		exclude = append(exclude, client.CampaignTarget{ID: id, TargetType: client.TargetUser})
	}
	for _, id := range groups {
		exclude = append(exclude, client.CampaignTarget{ID: id, TargetType: client.TargetGroup})
	}
	back.campaign.Exclude = exclude
	return back, nil
}

// caughtBy lists the emergency access accounts that a campaign asks to register.
func (r *registrationPolicyResource) caughtBy(ctx context.Context, campaign client.RegistrationCampaign, patience time.Duration) ([]emergency.Caught, error) {
	if campaign.State == client.CampaignDisabled {
		return nil, nil
	}
	as := newRegistrationPolicyModel()
	as.refresh(campaign)
	return r.Data.emergency.Guard.CaughtBy(ctx, r.Data.Client, scopeOf(as.Include).pure(), scopeOf(as.Exclude).pure(), patience)
}

// planDestroy says what a destroy leaves behind, and refuses one that would ask emergency access accounts. It returns the
// campaign that is there after the destroy.
func (r *registrationPolicyResource) planDestroy(
	ctx context.Context, prior *registrationPolicyModel, memory campaignMemory, private resourcekit.PrivateState, diags *diag.Diagnostics,
) client.RegistrationCampaign {
	present := prior.campaign()
	switch {
	case prior.OnDestroy.ValueString() == resourcekit.OnDestroyKeep:
		return present
	case memory.before == nil:
		warnNothingToGiveBack(diags)
		return present
	}
	back := handback{campaign: *memory.before}
	names := directory{}
	detail := ""
	if r.Data.Ready() {
		found, err := r.findTargets(ctx, r.Data.foundTargets.take(), append(campaignIDs(*memory.before), campaignIDs(present)...))
		if err == nil {
			names = found
			back, err = r.handback(ctx, prior, *memory.before, found, 0)
		}
		if err != nil {
			diagnose.Error(diags, err)
			return present
		}
		if len(back.caught) > 0 {
			refuseHandback(back.caught, diags)
			return present
		}
		if private != nil {
			present = r.findNow(ctx, present, back.campaign, memory, private, diags)
		}
		if len(back.gone) > 0 {
			detail += "\n\nLeft out, because they do not exist any more: " + names.names(back.gone) + "."
		}
		if len(back.spared) > 0 {
			detail += fmt.Sprintf("\n\nExcluded in addition, because on_destroy is %q:\n\n%s", onDestroyGiveBackExcluding, emergency.Entries(back.spared, includedBy))
		}
	}
	if weakenings := names.weakenings(present, back.campaign, r.Data.emergency.Guard, memory.guarded); len(weakenings) > 0 {
		detail += "\n\nThat is weaker than what is there now:\n\n  - " + strings.Join(weakenings, "\n  - ") +
			"\n\nTo leave the campaign as it is, apply on_destroy = \"" + resourcekit.OnDestroyKeep + "\" first."
	}
	diags.AddWarning("Destroying the registration policy gives back the campaign from before",
		fmt.Sprintf("After the destroy the tenant's registration campaign is as it was before this resource took it over:\n\n%s%s", names.describe(back.campaign), detail))
	return back.campaign
}

// findNow looks at the campaign whose destroy is planned, and keeps for the destroy what the state does not have. Terraform plans the destruction
// of what stands in the configuration no longer from the state of before the refresh, so the plan that people see shows the old one.
func (r *registrationPolicyResource) findNow(
	ctx context.Context, planned, back client.RegistrationCampaign, memory campaignMemory, private resourcekit.PrivateState, diags *diag.Diagnostics,
) client.RegistrationCampaign {
	present, err := r.Data.Client.ObserveRegistrationCampaign(ctx, planned, memory.written)
	if err != nil {
		addCampaignError(diags, err)
		return planned
	}
	changes := present.Undoes(planned, back)
	if len(changes) == 0 {
		return planned
	}
	text, err := present.Encode()
	if err != nil {
		return planned
	}
	resourcekit.KeepValue(ctx, private, resourcekit.FoundKey, text, diags)
	names := r.changedNames(ctx, &campaignChangedError{planned: planned, present: present, changes: changes})
	var lines []string
	for _, change := range changes {
		lines = append(lines, names.changeLine(change, planned, present))
	}
	diags.AddWarning("The registration campaign is not what the state has",
		"Somebody has changed the campaign since the state was written, and the destroy replaces it as it is now:\n\n"+diagnose.List(lines))
	return present
}

// plannedCampaign is what the plan of a destroy was made from.
func plannedCampaign(ctx context.Context, state *registrationPolicyModel, private resourcekit.PrivateState, diags *diag.Diagnostics) client.RegistrationCampaign {
	kept := resourcekit.KeptValue(ctx, private, resourcekit.FoundKey, diags)
	if found, err := client.DecodeRegistrationCampaign(kept); len(kept) > 0 && err == nil {
		return found
	}
	return state.campaign()
}

// refuseHandback refuses a destroy after which emergency access accounts would be asked to register.
func refuseHandback(caught []emergency.Caught, diags *diag.Diagnostics) {
	diags.AddAttributeError(path.Root("on_destroy"), "Emergency access accounts would be asked to register after the destroy",
		fmt.Sprintf("The campaign from before, which the destroy gives back, includes and does not exclude %s:\n\n%s\n\n"+
			"Nothing was written. Put the policy back into the configuration with one of these lines, apply it, and destroy it then; a line that was not applied does not count:\n\n"+
			"  on_destroy = %q\n    gives the campaign from before back, with these accounts excluded\n"+
			"  on_destroy = %q\n    leaves the campaign as it is now\n\n"+
			"To leave the campaign as it is without an apply, take the policy out of the state: a removed block with lifecycle { destroy = false }, or terraform state rm.",
			diagnose.Counted(len(caught), "emergency access account"), emergency.Entries(caught, includedBy), onDestroyGiveBackExcluding, resourcekit.OnDestroyKeep))
}

func warnNothingToGiveBack(diags *diag.Diagnostics) {
	diags.AddWarning("The registration campaign stays as it is",
		"The state does not hold the campaign that was there before this resource, so destroying the resource leaves the tenant's campaign unchanged. "+
			"Terraform drops that part of the state of a resource that is tainted.")
}

// warnSucceeded says that a policy was destroyed after its replacement was created, as create_before_destroy has it. The campaign is
// the replacement's by then.
func warnSucceeded(before client.RegistrationCampaign, diags *diag.Diagnostics) {
	diags.AddWarning("The replaced registration policy gives nothing back",
		"Its replacement was created before it was destroyed (create_before_destroy), and a tenant has one campaign, which is the replacement's now. So the campaign stays as it is. "+
			"The replacement remembers the campaign of the replaced policy, and a destroy gives that back. What was there before both is forgotten:\n\n"+
			directory{}.describe(before)+"\n\nTo keep that memory in the next replacement, remove create_before_destroy.")
}

// warnTainted says what the replacement of a tainted policy does. Terraform drops the private state of what is tainted, so its
// destroy knows nothing to give back.
func warnTainted(before *client.RegistrationCampaign, diags *diag.Diagnostics) {
	forgotten := ""
	if before != nil {
		forgotten = " This is forgotten then:\n\n" + directory{}.describe(*before)
	}
	diags.AddWarning("The tainted registration policy gives nothing back",
		"The policy is tainted, so Terraform replaces it. Terraform drops what a tainted resource remembers: its destroy leaves the campaign as it is, and its replacement takes "+
			"over the campaign that is there now. What was there before this resource is not given back any more."+forgotten+
			"\n\nTo keep that memory, run terraform untaint and, if the policy has to be written again, terraform apply -replace.")
}
