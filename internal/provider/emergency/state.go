package emergency

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// State is what a run knows of emergency access.
type State struct {
	run *resourcekit.Run
	// Guard is nil before the provider is configured, and while a part of the provider block is not known yet.
	Guard *Guard
	// Elsewhere is the look at what asks these accounts outside of the configuration.
	Elsewhere askedElsewhere
	// Before are the accounts that were guarded when the resources of this run were applied last.
	Before guardsBefore
}

// Begin makes it a part of a run.
func (s *State) Begin(run *resourcekit.Run) { s.run = run }

// Of returns what a run knows of emergency access.
func Of(run *resourcekit.Run) *State { return resourcekit.Of[State](run) }

// Configure looks up the accounts of emergency_access in the provider block, once for the run.
func Configure(ctx context.Context, run *resourcekit.Run, block types.Object, diags *diag.Diagnostics) {
	Of(run).Guard = resolve(ctx, run.Client, block, diags)
}
