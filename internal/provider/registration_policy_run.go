package provider

import (
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// campaignRun is what a run knows of the registration campaign.
type campaignRun struct {
	*resourcekit.Run
	emergency *emergency.State
	// policies tells a second registration policy from the first.
	policies registrationPolicies
	// foundTargets are whom a refresh of the registration policy has looked up.
	foundTargets foundTargets
}

// Begin makes it a part of a run.
func (d *campaignRun) Begin(run *resourcekit.Run) { d.Run, d.emergency = run, emergency.Of(run) }
