package provider

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"

// locationsRun is what a run knows of locations.
type locationsRun struct {
	*resourcekit.Run
	// locations are the tenant's named locations; nil where the run cannot ask for them.
	locations *tenantLocations
}

// Begin makes it a part of a run.
func (d *locationsRun) Begin(run *resourcekit.Run) {
	d.Run = run
	if run.Ready() {
		d.locations = newTenantLocations(run)
	}
}
