package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// emergencyState is what a run knows of emergency access.
type emergencyState struct {
	run *resourcekit.Run
	// guard is nil before the provider is configured, and while a part of the provider block is not known yet.
	guard *emergencyAccess
	// elsewhere is the look at what asks these accounts outside of the configuration.
	elsewhere askedElsewhere
	// guardsBefore are the accounts that were guarded when the resources of this run were applied last.
	guardsBefore guardsBefore
}

// Begin makes it a part of a run.
func (s *emergencyState) Begin(run *resourcekit.Run) { s.run = run }

// emergencyOf returns what a run knows of emergency access.
func emergencyOf(run *resourcekit.Run) *emergencyState { return resourcekit.Of[emergencyState](run) }

// configureEmergencyAccess looks up the accounts of emergency_access in the provider block, once for the run.
func configureEmergencyAccess(ctx context.Context, run *resourcekit.Run, block types.Object, diags *diag.Diagnostics) {
	emergencyOf(run).guard = resolveEmergencyAccess(ctx, run.Client, block, diags)
}
