package peruser

import (
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// run is what a run knows of users and their per-user states.
type run struct {
	*resourcekit.Run
	emergency *emergency.State
	// recentUsers are whom the resource of one user hints at.
	recentUsers recentUsers
	// people are whom the resources of a run want and let go of.
	people *runPeople
	// blocked are the accounts that a refresh has found blocked.
	blocked blockedAccounts
	// createdFor are whom the plans of creates have found.
	createdFor createdFor
}

// Begin makes it a part of a run.
func (d *run) Begin(run *resourcekit.Run) {
	d.Run, d.emergency, d.people = run, emergency.Of(run), &runPeople{}
}
