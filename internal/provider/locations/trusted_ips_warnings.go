package locations

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// maxLocationName is how many characters the name of a location has at most.
const maxLocationName = 256

func locationNameValidator() validator.String {
	return value.CheckedText(fmt.Sprintf("must be 1 to %d characters", maxLocationName), "Invalid display name", func(text string) error {
		if strings.TrimSpace(text) == "" {
			return fmt.Errorf("the name is empty; a named location has a name, because policies and people choose it by that")
		}
		if n := utf8.RuneCountInString(text); n > maxLocationName {
			return fmt.Errorf("the name of a named location has at most %d characters, and this one has %d: %q", maxLocationName, n, string([]rune(text)[:40])+"...")
		}
		return nil
	})
}

// warnName tells of a new name with something around it that nobody sees.
func warnName(displayName types.String, unchanged bool, diags *diag.Diagnostics) {
	name := displayName.ValueString()
	if trimmed := strings.TrimSpace(name); trimmed != name && !unchanged {
		diags.AddAttributeWarning(path.Root("display_name"), fmt.Sprintf("The name %q begins or ends with white space", name),
			fmt.Sprintf("People who choose the location for a policy do not see that, and it is no difference if the service or an administrator leaves it out. Write %q.", trimmed))
	}
}

// unlikely says why a range is hardly meant; the kind is empty where nothing is to be said.
func unlikely(r iprange.Range) (kind, summary, detail string) {
	if why, reserved := r.Reserved(); reserved {
		return "reserved", fmt.Sprintf("%s can never match", r),
			fmt.Sprintf("The range is %s. Microsoft Entra sees the public address that a network sends from, so no sign-in comes from here. "+
				"Write the public addresses of the network's way out.", why)
	}
	if r.Wide() {
		return "wide", fmt.Sprintf("%s is very wide", r),
			fmt.Sprintf("The range covers %s. Everybody in it is trusted: check that all of it is yours, and that the prefix length is right.", r.Size())
	}
	return "", "", ""
}

// warnRanges tells of ranges that are new in the configuration and unlikely to be meant. It needs no request.
func warnRanges(prior, plan *trustedIPsModel, diags *diag.Diagnostics) {
	had := map[iprange.Range]bool{}
	if prior != nil {
		for _, known := range prior.ranges() {
			had[known] = true
		}
	}
	at := plan.rangePaths()
	bounded := map[string]int{}
	warn := func(kind string, r iprange.Range, summary, detail string) {
		if bounded[kind]++; bounded[kind] <= diagnose.NamedInErrors {
			diags.AddAttributeWarning(at[r], summary, detail)
		}
	}
	for _, added := range plan.ranges() {
		if had[added] {
			continue
		}
		if kind, summary, detail := unlikely(added); kind != "" {
			warn(kind, added, summary, detail)
		}
	}
	for _, pair := range iprange.Overlapping(plan.ranges()) {
		if wider, narrower := pair[0], pair[1]; !had[wider] || !had[narrower] {
			warn("overlap", narrower, fmt.Sprintf("%s is a part of %s", narrower, wider),
				fmt.Sprintf("Both ranges are in this location. The narrower one, %s, changes nothing for as long as the wider one is there: remove one of them.", narrower))
		}
	}
	for _, kind := range []string{"reserved", "wide", "overlap"} {
		if more := bounded[kind] - diagnose.NamedInErrors; more > 0 {
			diags.AddAttributeWarning(path.Root("ip_ranges"), fmt.Sprintf("%d more such ranges (%s)", more, kind),
				fmt.Sprintf("The first %d are named in the warnings before this one.", diagnose.NamedInErrors))
		}
	}
}

// explainTrustedIPs tells what the change means among the other locations of the tenant, and refuses one location too many.
func explainTrustedIPs(ctx context.Context, r *run, prior, plan *trustedIPsModel, diags *diag.Diagnostics) {
	warnRanges(prior, plan, diags)
	r.warnNewlyTrusted(ctx, prior, plan, diags)
	r.warnNotKnown(ctx, prior, plan, diags)
	if !r.Ready() {
		return
	}
	locations, err := r.locations.all(ctx)
	if err != nil {
		diagnose.Error(diags, err)
		return
	}
	others := withoutID(locations, plan.ID.ValueString())
	if prior == nil {
		if twins := r.ownTwins(plan, others); len(twins) > 0 {
			r.warnReplacement(ctx, plan, twins, diags)
			others = slices.DeleteFunc(others, func(other client.NamedLocation) bool {
				return slices.ContainsFunc(twins, func(twin client.NamedLocation) bool { return twin.ID == other.ID })
			})
		} else {
			r.checkLimit(ctx, plan, diags)
		}
	}
	if prior == nil || !plan.DisplayName.Equal(prior.DisplayName) {
		warnSameName(plan.DisplayName, others, diags)
	}
	warnOverlapElsewhere(prior, plan, others, diags)
	r.warnNarrowing(ctx, prior, plan, diags)
}

// ownTwins are the locations of the name of a new one that this run has refreshed, so that the configuration or the state has
// them: Terraform plans a replacement as a creation, and does not say of what.
func (r *run) ownTwins(plan *trustedIPsModel, others []client.NamedLocation) []client.NamedLocation {
	if plan.DisplayName.IsUnknown() {
		return nil
	}
	var twins []client.NamedLocation
	for _, other := range client.NamedLocationsNamed(others, plan.DisplayName.ValueString()) {
		if gone, known := r.Gone.Find(other.ID); known && !gone {
			twins = append(twins, other)
		}
	}
	return twins
}

// warnReplacement tells what comes of the location that a new one replaces.
func (r *run) warnReplacement(ctx context.Context, plan *trustedIPsModel, twins []client.NamedLocation, diags *diag.Diagnostics) {
	detail := "The state has a location of this name already:\n" + listLocations(twins) +
		"\n\nWhere the plan replaces it (a tainted resource, -replace, replace_triggered_by), it is deleted, and the new one has another id. Unless create_before_destroy " +
		"is set, nothing is trusted in between. Policies do not follow to the new id."
	var using []client.ConditionalAccessPolicy
	for _, twin := range twins {
		using = append(using, r.policiesAbout(ctx, twin.ID, diags).byID...)
	}
	if len(using) > 0 {
		detail += " Microsoft Entra does not delete a location that a policy names, and these name it:\n" + listPolicies(using) +
			"\n\nTake it out of them first, or keep the location: terraform untaint, and no -replace."
	}
	detail += "\n\nWhere the plan replaces nothing, two locations have the name from then on: choose another one."
	diags.AddAttributeWarning(path.Root("display_name"), fmt.Sprintf("A location called %s is made a second time", redact.NameInQuotes(plan.DisplayName.ValueString())), detail)
}

// destroyGoesOn is how a destroy gets past an error of a plan that is none of its business: Terraform makes an ordinary plan
// before that of the destroy.
const destroyGoesOn = "A destroy does not need this check, and skips it with -refresh=false."

func (r *run) checkLimit(ctx context.Context, plan *trustedIPsModel, diags *diag.Diagnostics) {
	count, err := r.locations.plan(ctx, plan.location())
	switch {
	case err != nil:
		diagnose.Error(diags, err)
	case count > client.MaxIPNamedLocations:
		diags.AddError("Too many named locations",
			fmt.Sprintf("With this one the tenant would have %d named locations of IP ranges, and it takes at most %d. "+
				"Put the ranges into a location that is there already (it takes %d of them), or delete one that is not needed, in an apply of its own.\n\n%s",
				count, client.MaxIPNamedLocations, iprange.MaxIPRanges, destroyGoesOn))
	}
}

// called is how a message calls the planned location.
func (m *trustedIPsModel) called(prior *trustedIPsModel) string {
	switch {
	case !m.DisplayName.IsUnknown():
		return redact.NameInQuotes(m.DisplayName.ValueString())
	case prior != nil:
		return redact.NameInQuotes(prior.DisplayName.ValueString())
	}
	return "A location whose name is not known yet"
}

// warnNewlyTrusted names what becomes trusted, with its size, and the policies for which that is a change.
func (r *run) warnNewlyTrusted(ctx context.Context, prior, plan *trustedIPsModel, diags *diag.Diagnostics) {
	before := iprange.Cover(prior.trustedRanges())
	gained := iprange.Cover(plan.ranges()).Without(before)
	total := gained.Count()
	if total == (iprange.Count{}) {
		return
	}
	var lines []string
	for _, r := range plan.ranges() {
		switch {
		case before.Contains(r):
		case before.Overlaps(r):
			fresh := iprange.Cover([]iprange.Range{r}).Without(before).Count()
			lines = append(lines, fmt.Sprintf("newly trusted: %s (%s, of which %s new)", r, r.Size(), isOrAre(fresh)))
		default:
			lines = append(lines, fmt.Sprintf("newly trusted: %s (%s)", r, r.Size()))
		}
	}
	detail := diagnose.List(lines) + "\n\nWhoever signs in from there is in a trusted location then. Conditional Access policies that leave trusted locations out " +
		"ask them for nothing any more, MFA included."
	if r.Ready() {
		detail += "\n\n" + r.policiesAbout(ctx, prior.id(), diags).forTrust()
	}
	if texts := plan.respelled(prior); len(texts) > 0 {
		detail += "\n\nSpelled otherwise, and the same range as before:\n" + diagnose.List(texts)
	}
	switch {
	case prior == nil:
	case !prior.Trusted.ValueBool():
		detail += "\n\nThe location is not trusted at present, which somebody has decided outside of Terraform. The apply trusts it again."
	default:
		detail += fmt.Sprintf("\n\nWith that the location trusts %s in all.", iprange.Cover(plan.ranges()).Count())
	}
	diags.AddAttributeWarning(path.Root("ip_ranges"), fmt.Sprintf("%s newly trusts %s", plan.called(prior), total), detail)
}

// warnNotKnown tells of what cannot be warned of, because it is known in the apply only.
func (r *run) warnNotKnown(ctx context.Context, prior, plan *trustedIPsModel, diags *diag.Diagnostics) {
	const wayOut = "To have it in a plan first, apply what the value comes from by itself (-target), and plan again."
	if _, known := plan.IPRanges.Texts(); !known {
		detail := "What the location trusts after the apply is not known yet, so the plan does not tell how much becomes trusted."
		if before := iprange.Cover(prior.trustedRanges()); before.Count() != (iprange.Count{}) {
			var lines []string
			for _, r := range before.Without(iprange.Cover(plan.ranges())).Ranges() {
				lines = append(lines, fmt.Sprintf("%s (%s)", r, r.Size()))
			}
			detail += fmt.Sprintf(" It trusts %s now. What may stop being trusted:\n%s", before.Count(), diagnose.List(lines))
		}
		if r.Ready() {
			detail += "\n\n" + r.policiesAbout(ctx, prior.id(), diags).forTrust()
		}
		diags.AddAttributeWarning(path.Root("ip_ranges"), fmt.Sprintf("%s: ranges are not known yet", plan.called(prior)), detail+"\n\n"+wayOut)
	}
	if plan.DisplayName.IsUnknown() {
		detail := "Whether another location has the name already is not known yet."
		if prior != nil {
			detail = fmt.Sprintf("The location %s is called %s now. Whether another location has its new name already is not known yet.", prior.id(), redact.NameInQuotes(prior.DisplayName.ValueString()))
		}
		diags.AddAttributeWarning(path.Root("display_name"), "The name of a location is not known yet", detail+" "+wayOut)
	}
}

func isOrAre(count iprange.Count) string {
	if count.IPv4Addresses+count.IPv6Networks == 1 {
		return count.String() + " is"
	}
	return count.String() + " are"
}

// withoutID are the locations other than one.
func withoutID(locations []client.NamedLocation, id string) []client.NamedLocation {
	others := make([]client.NamedLocation, 0, len(locations))
	for _, location := range locations {
		if location.ID != id {
			others = append(others, location)
		}
	}
	return others
}

// warnSameName names the locations that a location cannot be told from by its name.
func warnSameName(displayName types.String, others []client.NamedLocation, diags *diag.Diagnostics) {
	if displayName.IsUnknown() {
		return
	}
	name := displayName.ValueString()
	if same := client.NamedLocationsNamed(others, name); len(same) > 0 {
		diags.AddAttributeWarning(path.Root("display_name"), fmt.Sprintf("The name %s is taken", redact.NameInQuotes(name)),
			"Microsoft Entra permits it, and people who choose the location for a policy will not know which is which. The name is that of:\n"+
				listLocations(same)+"\n\nIf one of them is meant, import it instead. Otherwise choose another name.")
	}
}

// warnOverlapElsewhere names the trusted locations in which a new range is, wholly or in part, already.
func warnOverlapElsewhere(prior, plan *trustedIPsModel, others []client.NamedLocation, diags *diag.Diagnostics) {
	before := iprange.Cover(prior.trustedRanges())
	at := plan.rangePaths()
	count := 0
	for _, other := range others {
		if !other.IsTrusted {
			continue
		}
		theirs := iprange.Read(other.Ranges)
		covered := iprange.Cover(theirs)
		for _, r := range plan.ranges() {
			if before.Contains(r) || !covered.Overlaps(r) {
				continue
			}
			if count++; count > diagnose.NamedInErrors {
				continue
			}
			var shared []string
			for _, their := range theirs {
				if their.Overlaps(r) {
					shared = append(shared, their.String())
				}
			}
			diags.AddAttributeWarning(at[r], fmt.Sprintf("%s overlaps the trusted location %s", r, redact.NameInQuotes(other.DisplayName)),
				fmt.Sprintf("The location %s trusts:\n%s\n\nRemoving the range from one of the two does not take the trust from what they share.",
					other.ID, diagnose.List(shared)))
		}
	}
	if count > diagnose.NamedInErrors {
		diags.AddAttributeWarning(path.Root("ip_ranges"), fmt.Sprintf("%d more overlaps with other trusted locations", count-diagnose.NamedInErrors),
			fmt.Sprintf("The first %d are named in the warnings before this one.", diagnose.NamedInErrors))
	}
}

// warnNarrowing names the policies for which something stops being trusted.
func (r *run) warnNarrowing(ctx context.Context, prior, plan *trustedIPsModel, diags *diag.Diagnostics) {
	if _, known := plan.IPRanges.Texts(); !known || prior == nil {
		return
	}
	lost := iprange.Cover(prior.trustedRanges()).Without(iprange.Cover(plan.ranges()))
	if lost.Count() == (iprange.Count{}) {
		return
	}
	policies := r.policiesAbout(ctx, prior.id(), diags)
	if policies.none() {
		return
	}
	var lines []string
	for _, gone := range lost.Ranges() {
		lines = append(lines, fmt.Sprintf("no longer trusted: %s (%s)", gone, gone.Size()))
	}
	detail := diagnose.List(lines)
	if len(policies.byID) > 0 {
		detail += "\n\nConditional Access policies that name this location:\n" + listPolicies(policies.byID)
	}
	if len(policies.byTrust) > 0 {
		detail += "\n\nConditional Access policies about all trusted locations:\n" + listPolicies(policies.byTrust)
	}
	diags.AddAttributeWarning(path.Root("ip_ranges"), fmt.Sprintf("%s stops trusting %s, and policies depend on it", plan.called(prior), lost.Count()),
		detail+"\n\nFor these policies, sign-ins from there count as from anywhere.")
}

// warnDestroy names the policies that keep a location from being deleted, and those for which trust ends.
func warnDestroy(ctx context.Context, r *run, prior *trustedIPsModel, diags *diag.Diagnostics) {
	byTrust := r.warnInUse(ctx, prior.location(), diags).byTrust
	if len(byTrust) > 0 && prior.Trusted.ValueBool() {
		diags.AddWarning(fmt.Sprintf("Sign-ins from %s stop being trusted", redact.NameInQuotes(prior.DisplayName.ValueString())),
			fmt.Sprintf("With the location, the trust in %s ends. These Conditional Access policies are about all trusted locations:\n%s\n\n"+
				"For them, sign-ins from there count as from anywhere after the destroy.", iprange.Cover(prior.ranges()).Count(), listPolicies(byTrust)))
	}
}

// warnInUse names the policies that keep a location from being deleted, and returns all that it is about. A location that is gone has
// none.
func (d *run) warnInUse(ctx context.Context, location client.NamedLocation, diags *diag.Diagnostics) locationPolicies {
	if !d.Ready() || d.IsGone(location.ID, func() (bool, error) {
		_, gone, err := d.locations.view.Observe(ctx, location, client.Acceptance{})
		return gone, err
	}) {
		return locationPolicies{}
	}
	policies := d.policiesAbout(ctx, location.ID, diags)
	// No error: the run may delete the policies before it comes to the location.
	if len(policies.byID) > 0 {
		diags.AddWarning(fmt.Sprintf("Named location %s is in use", redact.NameInQuotes(location.DisplayName)),
			fmt.Sprintf("Microsoft Entra does not delete a location that a Conditional Access policy names, whatever the policy's state. These name %s:\n%s\n\n"+
				"The destroy fails unless they are deleted, or stop naming it, before. Terraform does that in the right order where the same configuration "+
				"manages the policies and takes the id from this resource.", location.ID, listPolicies(policies.byID)))
	}
	return policies
}

// warnStoredDifferently tells what the service has made of a new location. It is not waited for as a write that replicas do
// not show yet, so that the next plan shows the difference.
func warnStoredDifferently(wanted, stored client.NamedLocation, diags *diag.Diagnostics) {
	var lines []string
	if stored.DisplayName != wanted.DisplayName {
		lines = append(lines, fmt.Sprintf("the name is %s", redact.NameInQuotes(stored.DisplayName)))
	}
	if stored.IsTrusted != wanted.IsTrusted || !stored.IsIP() {
		lines = append(lines, "it is one of "+kindOf(stored))
	}
	had, has := iprange.Cover(iprange.Read(wanted.Ranges)), iprange.Cover(iprange.Read(stored.Ranges))
	for _, r := range had.Without(has).Ranges() {
		lines = append(lines, fmt.Sprintf("%s is not in it", r))
	}
	for _, r := range has.Without(had).Ranges() {
		lines = append(lines, fmt.Sprintf("%s is in it", r))
	}
	if len(lines) == 0 {
		lines = append(lines, "the ranges are divided in another way")
	}
	diags.AddWarning(fmt.Sprintf("Named location %s is not stored as it was asked for", redact.NameInQuotes(wanted.DisplayName)),
		fmt.Sprintf("Microsoft Graph accepted the new location %s, and says of it:\n%s\n\n"+
			"The next plan shows the difference. Where it comes back after an apply, the configuration asks for something that the service does not store.",
			stored.ID, diagnose.List(lines)))
}

func listLocations(locations []client.NamedLocation) string {
	lines := make([]string, len(locations))
	for i, location := range locations {
		lines[i] = fmt.Sprintf("%s %s (%s)", location.ID, redact.NameInQuotes(location.DisplayName), kindOf(location))
	}
	return diagnose.List(lines)
}

func kindOf(location client.NamedLocation) string {
	switch {
	case location.IsIP() && location.IsTrusted:
		return "trusted IP ranges"
	case location.IsIP():
		return "IP ranges, not trusted"
	case location.IsCountry():
		return "location of countries (countryNamedLocation)"
	}
	return location.Kind
}
