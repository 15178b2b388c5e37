package locations

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// checkUndone stops a write that would undo what somebody has done to the location since the plan was made, and reports
// whether to go on. wanted is nil where the location is to be deleted. What is as one of the others has it is fine as well.
func (d *run) checkUndone(ctx context.Context, prior client.NamedLocation, wanted *client.NamedLocation, accepted client.Acceptance, diags *diag.Diagnostics, also ...client.NamedLocation) bool {
	current, undone, err := d.locations.view.UndoneBy(ctx, prior, wanted, accepted)
	if err != nil {
		diagnose.Error(diags, err)
		return false
	}
	fine := func(before client.NamedLocation) bool { return !current.Undoes(before, wanted).Any() }
	if undone.Any() && !slices.ContainsFunc(also, fine) {
		resourcekit.ChangedSincePlan(diags, path.Empty(), fmt.Sprintf("Named location %s (id %s)", redact.NameInQuotes(prior.DisplayName), prior.ID), describeUndone(undone, prior, current)...)
		return false
	}
	return true
}

// findNow looks at a location whose destroy is planned, and keeps for the destroy what the state does not have. Terraform plans the destruction
// of what stands in the configuration no longer from the state of before the refresh, so the plan that people see shows the old one.
func (d *run) findNow(ctx context.Context, prior client.NamedLocation, private resourcekit.PrivateState, diags *diag.Diagnostics) {
	if !d.Ready() {
		return
	}
	accepted := resourcekit.Accepted(ctx, private, diags)
	// What cannot be read here stops the destroy.
	current, undone, err := d.locations.view.UndoneBy(ctx, prior, nil, accepted)
	if err != nil || !undone.Any() {
		return
	}
	resourcekit.KeepValue(ctx, private, resourcekit.FoundKey, current.JSON(), diags)
	diags.AddWarning(fmt.Sprintf("Named location %s is not what the state has", redact.NameInQuotes(prior.DisplayName)),
		fmt.Sprintf("Somebody has changed the location %s since the state was written, and the destroy deletes it as it is now:\n\n%s",
			prior.ID, diagnose.List(describeUndone(undone, prior, current))))
}

// plannedLocation is what the plan of a destroy was made from.
func plannedLocation(ctx context.Context, state client.NamedLocation, private resourcekit.PrivateState, diags *diag.Diagnostics) client.NamedLocation {
	if found, ok := client.ReadNamedLocation(resourcekit.KeptValue(ctx, private, resourcekit.FoundKey, diags)); ok {
		return found
	}
	return state
}

// describeUndone is a line for each change, with what the apply would make of it.
func describeUndone(undone client.LocationChanges, prior, current client.NamedLocation) []string {
	if undone.Kind != "" {
		return []string{"it is a " + kindOf(current) + " now, and was one of " + formerKind(prior)}
	}
	var lines []string
	if undone.Renamed {
		lines = append(lines, fmt.Sprintf("display_name: it is called %s now, and was called %s", redact.NameInQuotes(current.DisplayName), redact.NameInQuotes(prior.DisplayName)))
	}
	size := iprange.Cover(iprange.Read(current.Ranges)).Count()
	if undone.Untrusted {
		lines = append(lines, fmt.Sprintf("trusted: the trust in it was taken away, and the apply would trust its ranges (%s now) again", size))
	}
	if undone.Trusted {
		lines = append(lines, fmt.Sprintf("trusted: it was trusted again, and the apply would take the trust from %s", size))
	}
	for _, r := range undone.Removed {
		lines = append(lines, fmt.Sprintf("ip_ranges: %s (%s) was removed, and the apply would add it again", r, r.Size()))
	}
	for _, r := range undone.Added {
		lines = append(lines, fmt.Sprintf("ip_ranges: %s (%s) was added, and the apply would remove it", r, r.Size()))
	}
	for _, code := range undone.CountriesRemoved {
		lines = append(lines, fmt.Sprintf("countries: %s was removed, and the apply would add it again", country(code)))
	}
	for _, code := range undone.CountriesAdded {
		lines = append(lines, fmt.Sprintf("countries: %s was added, and the apply would remove it", country(code)))
	}
	if undone.Lookup {
		lines = append(lines, fmt.Sprintf("the location has %s now, and had %s", describeCountries(current), describeCountries(prior)))
	}
	for _, text := range undone.Unread {
		lines = append(lines, fmt.Sprintf("ip_ranges: %q was added, and the apply would remove it", text))
	}
	return lines
}

func formerKind(location client.NamedLocation) string {
	if location.IsCountry() {
		return "countries"
	}
	return "IP ranges"
}
