package campaign

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// campaignMemory is what the private state holds.
type campaignMemory struct {
	// instance names this resource, see registrationPolicies.
	instance string
	// before is the campaign that a destroy gives back; nil where the state does not say.
	before *client.RegistrationCampaign
	// written is the last write of the campaign.
	written client.CampaignWrite
	// guarded are the accounts of the guard when the policy was last applied.
	guarded emergency.Memory
}

// Keys of the private state, in addition to resourcekit.InstanceKey.
const (
	memoryBefore  = "before"
	memoryWritten = "written"
)

func recall(ctx context.Context, private resourcekit.PrivateState, diags *diag.Diagnostics) campaignMemory {
	memory := campaignMemory{
		instance: resourcekit.KeptText(ctx, private, resourcekit.InstanceKey, diags),
		written:  client.ReadCampaignWrite(resourcekit.KeptValue(ctx, private, memoryWritten, diags)),
		guarded:  emergency.Recall(ctx, private, diags),
	}
	if text := resourcekit.KeptValue(ctx, private, memoryBefore, diags); len(text) > 0 {
		before, err := client.DecodeRegistrationCampaign(text)
		if err != nil {
			diags.AddError("Unable to read what the registration policy has remembered",
				"The private part of its state is to hold the campaign from before, which a destroy gives back, and holds something else: "+diagnose.Sentence(err.Error())+
					" Restore the state from a backup. Without one, remove the policy from the state (terraform state rm) and import it again; a destroy then gives back "+
					"the campaign that is there at the import.")
			return memory
		}
		memory.before = &before
	}
	return memory
}

// remember keeps the name of the resource and the campaign from before.
func remember(ctx context.Context, private resourcekit.PrivateState, memory campaignMemory, diags *diag.Diagnostics) {
	text, err := memory.before.Encode()
	if err != nil {
		diags.AddError("Unable to remember the registration campaign", diagnose.Sentence(err.Error()))
		return
	}
	resourcekit.KeepText(ctx, private, resourcekit.InstanceKey, memory.instance, diags)
	resourcekit.KeepValue(ctx, private, memoryBefore, text, diags)
}

// rememberApply keeps the write of an apply, and whom it guarded.
func rememberApply(ctx context.Context, private resourcekit.PrivateState, write client.CampaignWrite, guard *emergency.Guard, diags *diag.Diagnostics) {
	if !write.At.IsZero() {
		resourcekit.KeepValue(ctx, private, memoryWritten, write.JSON(), diags)
	}
	guard.Remember(ctx, private, diags)
}
