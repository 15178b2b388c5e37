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

// trustedIPsChange is a planned change of trusted ranges, with what is known of the tenant. There is no prior state in a create.
type trustedIPsChange struct {
	prior, plan *trustedIPsModel
	// before is what is trusted now, and after what is known to be trusted after the apply.
	before, after iprange.Coverage
	// ready is false while nothing can be asked. What follows is empty then.
	ready    bool
	policies locationPolicies
	// twins are the locations of the name of a new one that this run has refreshed, so that the configuration or the state has them:
	// Terraform plans a replacement as a creation, and does not say of what. twinPolicies name them; others are all other locations.
	twins, others []client.NamedLocation
	twinPolicies  []client.ConditionalAccessPolicy
	// count is how many locations of IP ranges the tenant will have, where this one is made.
	count int
}

func newTrustedIPsChange(prior, plan *trustedIPsModel) trustedIPsChange {
	return trustedIPsChange{prior: prior, plan: plan, before: iprange.Cover(prior.trustedRanges()), after: iprange.Cover(plan.ranges())}
}

func (c trustedIPsChange) known() bool {
	_, known := c.plan.IPRanges.Texts()
	return known
}

// lost is nothing while the ranges are not known.
func (c trustedIPsChange) lost() iprange.Coverage {
	if !c.known() {
		return iprange.Cover(nil)
	}
	return c.before.Without(c.after)
}

func none(covered iprange.Coverage) bool { return covered.Count() == (iprange.Count{}) }

// sizes is a line for each range.
func sizes(covered iprange.Coverage, prefix string) string {
	var lines []string
	for _, r := range covered.Ranges() {
		lines = append(lines, fmt.Sprintf("%s%s (%s)", prefix, r, r.Size()))
	}
	return diagnose.List(lines)
}

// explainTrustedIPs tells what the change means among the other locations of the tenant, and refuses one location too many.
func explainTrustedIPs(ctx context.Context, d *run, prior, plan *trustedIPsModel, diags *diag.Diagnostics) {
	change := newTrustedIPsChange(prior, plan)
	if change.ready = d.Ready(); change.ready {
		if !none(change.after.Without(change.before)) || !none(change.lost()) || !change.known() {
			change.policies = d.policiesAbout(ctx, prior.id(), diags)
		}
		locations, err := d.locations.all(ctx)
		for _, other := range withoutID(locations, plan.ID.ValueString()) {
			gone, refreshed := d.Gone.Find(other.ID)
			if prior == nil && refreshed && !gone && !plan.DisplayName.IsUnknown() && len(client.NamedLocationsNamed([]client.NamedLocation{other}, plan.DisplayName.ValueString())) > 0 {
				change.twins = append(change.twins, other)
				change.twinPolicies = append(change.twinPolicies, d.policiesAbout(ctx, other.ID, diags).byID...)
			} else {
				change.others = append(change.others, other)
			}
		}
		if err == nil && prior == nil && len(change.twins) == 0 {
			change.count, err = d.locations.plan(ctx, plan.location())
		}
		if err != nil {
			diagnose.Error(diags, err)
		}
	}
	resourcekit.Report(diags, change.findings()...)
}

// findings are what a reviewer is told of the change. Without a tenant it is what the configuration alone tells.
func (c trustedIPsChange) findings() []resourcekit.Finding {
	found := slices.Concat(c.unlikely(), c.newlyTrusted(), c.notKnown())
	if !c.ready {
		return found
	}
	found = slices.Concat(found, c.tooMany(), c.replacement())
	if c.prior == nil || !c.plan.DisplayName.Equal(c.prior.DisplayName) {
		found = append(found, checkSameName(c.plan.DisplayName, c.others)...)
	}
	return slices.Concat(found, c.overlaps(), c.narrowing())
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

// unlikely tells of ranges that are new in the configuration and unlikely to be meant.
func (c trustedIPsChange) unlikely() []resourcekit.Finding {
	had := map[iprange.Range]bool{}
	if c.prior != nil {
		for _, known := range c.prior.ranges() {
			had[known] = true
		}
	}
	at := c.plan.rangePaths()
	var found []resourcekit.Finding
	add := func(kind string, r iprange.Range, summary, detail string) {
		found = append(found, resourcekit.Finding{At: at[r], Summary: summary, Detail: detail, Fold: "%d more such ranges (" + kind + ")"})
	}
	for _, added := range c.plan.ranges() {
		if kind, summary, detail := unlikely(added); kind != "" && !had[added] {
			add(kind, added, summary, detail)
		}
	}
	for _, pair := range iprange.Overlapping(c.plan.ranges()) {
		if wider, narrower := pair[0], pair[1]; !had[wider] || !had[narrower] {
			add("overlap", narrower, fmt.Sprintf("%s is a part of %s", narrower, wider),
				fmt.Sprintf("Both ranges are in this location. The narrower one, %s, changes nothing for as long as the wider one is there: remove one of them.", narrower))
		}
	}
	return found
}

// tooMany refuses one location too many. A destroy gets past it: Terraform makes an ordinary plan before that of the destroy.
func (c trustedIPsChange) tooMany() []resourcekit.Finding {
	if c.count <= client.MaxIPNamedLocations {
		return nil
	}
	return []resourcekit.Finding{{
		Refuses: true, Summary: "Too many named locations",
		Detail: fmt.Sprintf("With this one the tenant would have %d named locations of IP ranges, and it takes at most %d. "+
			"Put the ranges into a location that is there already (it takes %d of them), or delete one that is not needed, in an apply of its own.\n\n"+
			"A destroy does not need this check, and skips it with -refresh=false.", c.count, client.MaxIPNamedLocations, iprange.MaxIPRanges),
	}}
}

// replacement tells what comes of the location that a new one replaces.
func (c trustedIPsChange) replacement() []resourcekit.Finding {
	if len(c.twins) == 0 {
		return nil
	}
	detail := "The state has a location of this name already:\n" + listLocations(c.twins) +
		"\n\nWhere the plan replaces it (a tainted resource, -replace, replace_triggered_by), it is deleted, and the new one has another id. Unless create_before_destroy " +
		"is set, nothing is trusted in between. Policies do not follow to the new id."
	if len(c.twinPolicies) > 0 {
		detail += " Microsoft Entra does not delete a location that a policy names, and these name it:\n" + listPolicies(c.twinPolicies) +
			"\n\nTake it out of them first, or keep the location: terraform untaint, and no -replace."
	}
	return []resourcekit.Finding{{
		At: path.Root("display_name"), Summary: fmt.Sprintf("A location called %s is made a second time", redact.NameInQuotes(c.plan.DisplayName.ValueString())),
		Detail: detail + "\n\nWhere the plan replaces nothing, two locations have the name from then on: choose another one.",
	}}
}

// called is how a message calls the planned location.
func (c trustedIPsChange) called() string {
	switch {
	case !c.plan.DisplayName.IsUnknown():
		return redact.NameInQuotes(c.plan.DisplayName.ValueString())
	case c.prior != nil:
		return redact.NameInQuotes(c.prior.DisplayName.ValueString())
	}
	return "A location whose name is not known yet"
}

// newlyTrusted names what becomes trusted, with its size, and the policies for which that is a change.
func (c trustedIPsChange) newlyTrusted() []resourcekit.Finding {
	total := c.after.Without(c.before).Count()
	if total == (iprange.Count{}) {
		return nil
	}
	var lines []string
	for _, r := range c.plan.ranges() {
		switch {
		case c.before.Contains(r):
		case c.before.Overlaps(r):
			fresh := iprange.Cover([]iprange.Range{r}).Without(c.before).Count()
			lines = append(lines, fmt.Sprintf("newly trusted: %s (%s, of which %s new)", r, r.Size(), isOrAre(fresh)))
		default:
			lines = append(lines, fmt.Sprintf("newly trusted: %s (%s)", r, r.Size()))
		}
	}
	detail := diagnose.List(lines) + "\n\nWhoever signs in from there is in a trusted location then. Conditional Access policies that leave trusted locations out " +
		"ask them for nothing any more, MFA included."
	if c.ready {
		detail += "\n\n" + c.policies.forTrust()
	}
	if texts := c.plan.respelled(c.prior); len(texts) > 0 {
		detail += "\n\nSpelled otherwise, and the same range as before:\n" + diagnose.List(texts)
	}
	switch {
	case c.prior == nil:
	case !c.prior.Trusted.ValueBool():
		detail += "\n\nThe location is not trusted at present, which somebody has decided outside of Terraform. The apply trusts it again."
	default:
		detail += fmt.Sprintf("\n\nWith that the location trusts %s in all.", c.after.Count())
	}
	return []resourcekit.Finding{{At: path.Root("ip_ranges"), Summary: fmt.Sprintf("%s newly trusts %s", c.called(), total), Detail: detail}}
}

// notKnown tells of what nobody can be warned of, because it is known in the apply only.
func (c trustedIPsChange) notKnown() []resourcekit.Finding {
	const wayOut = "To have it in a plan first, apply what the value comes from by itself (-target), and plan again."
	var found []resourcekit.Finding
	if !c.known() {
		detail := "What the location trusts after the apply is not known yet, so the plan does not tell how much becomes trusted."
		if !none(c.before) {
			detail += fmt.Sprintf(" It trusts %s now. What may stop being trusted:\n%s", c.before.Count(), sizes(c.before.Without(c.after), ""))
		}
		if c.ready {
			detail += "\n\n" + c.policies.forTrust()
		}
		found = append(found, resourcekit.Finding{At: path.Root("ip_ranges"), Summary: c.called() + ": ranges are not known yet", Detail: detail + "\n\n" + wayOut})
	}
	if c.plan.DisplayName.IsUnknown() {
		detail := "Whether another location has the name already is not known yet."
		if c.prior != nil {
			detail = fmt.Sprintf("The location %s is called %s now. Whether another location has its new name already is not known yet.", c.prior.id(), redact.NameInQuotes(c.prior.DisplayName.ValueString()))
		}
		found = append(found, resourcekit.Finding{At: path.Root("display_name"), Summary: "The name of a location is not known yet", Detail: detail + " " + wayOut})
	}
	return found
}

func isOrAre(count iprange.Count) string {
	if count.IPv4Addresses+count.IPv6Networks == 1 {
		return count.String() + " is"
	}
	return count.String() + " are"
}

// overlaps names the trusted locations in which a new range is, wholly or in part, already.
func (c trustedIPsChange) overlaps() []resourcekit.Finding {
	at := c.plan.rangePaths()
	var found []resourcekit.Finding
	for _, other := range c.others {
		if !other.IsTrusted {
			continue
		}
		theirs := iprange.Read(other.Ranges)
		covered := iprange.Cover(theirs)
		for _, r := range c.plan.ranges() {
			if c.before.Contains(r) || !covered.Overlaps(r) {
				continue
			}
			var shared []string
			for _, their := range theirs {
				// Those that are folded need no detail, which would cost the square of the ranges.
				if len(found) < diagnose.NamedInErrors && their.Overlaps(r) {
					shared = append(shared, their.String())
				}
			}
			found = append(found, resourcekit.Finding{
				At: at[r], Summary: fmt.Sprintf("%s overlaps the trusted location %s", r, redact.NameInQuotes(other.DisplayName)),
				Detail: fmt.Sprintf("The location %s trusts:\n%s\n\nRemoving the range from one of the two does not take the trust from what they share.", other.ID, diagnose.List(shared)),
				Fold:   "%d more overlaps with other trusted locations",
			})
		}
	}
	return found
}

// narrowing names the policies for which something stops being trusted.
func (c trustedIPsChange) narrowing() []resourcekit.Finding {
	lost := c.lost()
	if none(lost) || c.policies.none() {
		return nil
	}
	detail := sizes(lost, "no longer trusted: ")
	if len(c.policies.byID) > 0 {
		detail += "\n\nConditional Access policies that name this location:\n" + listPolicies(c.policies.byID)
	}
	if len(c.policies.byTrust) > 0 {
		detail += "\n\nConditional Access policies about all trusted locations:\n" + listPolicies(c.policies.byTrust)
	}
	return []resourcekit.Finding{{
		At: path.Root("ip_ranges"), Summary: fmt.Sprintf("%s stops trusting %s, and policies depend on it", c.called(), lost.Count()),
		Detail: detail + "\n\nFor these policies, sign-ins from there count as from anywhere.",
	}}
}

// warnDestroy names the policies that keep a location from being deleted, and those for which trust ends.
func warnDestroy(ctx context.Context, d *run, prior *trustedIPsModel, diags *diag.Diagnostics) {
	byTrust := d.warnInUse(ctx, prior.location(), diags).byTrust
	if len(byTrust) > 0 && prior.Trusted.ValueBool() {
		diags.AddWarning(fmt.Sprintf("Sign-ins from %s stop being trusted", redact.NameInQuotes(prior.DisplayName.ValueString())),
			fmt.Sprintf("With the location, the trust in %s ends. These Conditional Access policies are about all trusted locations:\n%s\n\n"+
				"For them, sign-ins from there count as from anywhere after the destroy.", iprange.Cover(prior.ranges()).Count(), listPolicies(byTrust)))
	}
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
