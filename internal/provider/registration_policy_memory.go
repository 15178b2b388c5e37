package provider

import (
	"context"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
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
	guarded guardMemory
}

// Keys of the private state.
const (
	memoryInstance = "instance"
	memoryBefore   = "before"
	memoryWritten  = "written"
)

// privateState is the part of the framework's private state that is used here.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

func recall(ctx context.Context, private privateState, diags *diag.Diagnostics) campaignMemory {
	var memory campaignMemory
	read := func(key string) []byte {
		value, problems := private.GetKey(ctx, key)
		diags.Append(problems...)
		return value
	}
	// A value of the private state is JSON.
	if name, err := strconv.Unquote(string(read(memoryInstance))); err == nil {
		memory.instance = name
	}
	memory.written = client.ReadCampaignWrite(read(memoryWritten))
	memory.guarded = recallGuard(ctx, private, diags)
	if text := read(memoryBefore); len(text) > 0 {
		before, err := client.DecodeRegistrationCampaign(text)
		if err != nil {
			diags.AddError("Unable to read what the registration policy has remembered",
				"The private part of its state is to hold the campaign from before, which a destroy gives back, and holds something else: "+sentence(err.Error())+
					" Restore the state from a backup. Without one, remove the policy from the state (terraform state rm) and import it again; a destroy then gives back "+
					"the campaign that is there at the import.")
			return memory
		}
		memory.before = &before
	}
	return memory
}

// remember keeps the name of the resource and the campaign from before.
func remember(ctx context.Context, private privateState, memory campaignMemory, diags *diag.Diagnostics) {
	text, err := memory.before.Encode()
	if err != nil {
		diags.AddError("Unable to remember the registration campaign", sentence(err.Error()))
		return
	}
	diags.Append(private.SetKey(ctx, memoryInstance, []byte(strconv.Quote(memory.instance)))...)
	diags.Append(private.SetKey(ctx, memoryBefore, text)...)
}

// rememberApply keeps the write of an apply, and whom it guarded.
func rememberApply(ctx context.Context, private privateState, write client.CampaignWrite, guard *emergencyAccess, diags *diag.Diagnostics) {
	if !write.At.IsZero() {
		diags.Append(private.SetKey(ctx, memoryWritten, write.JSON())...)
	}
	guard.remember(ctx, private, diags)
}
