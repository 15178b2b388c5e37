package campaign

import (
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// run is what a run knows of the registration campaign.
type run struct {
	*resourcekit.Run
	emergency *emergency.State
	// policies tells a second registration policy from the first.
	policies registrationPolicies
	// foundTargets are whom a refresh of the registration policy has looked up.
	foundTargets foundTargets
}

// Begin makes it a part of a run.
func (d *run) Begin(run *resourcekit.Run) { d.Run, d.emergency = run, emergency.Of(run) }
