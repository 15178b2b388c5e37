package locations

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"

// run is what a run knows of locations.
type run struct {
	*resourcekit.Run
	// locations are the tenant's named locations; nil where the run cannot ask for them.
	locations *tenantLocations
	// owners are the locations that resources of the run manage.
	owners owners
}

// Begin makes it a part of a run.
func (d *run) Begin(run *resourcekit.Run) {
	d.Run = run
	if run.Ready() {
		d.locations = newTenantLocations(run)
	}
}
