package locations

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/redact"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// locationPolicies are the Conditional Access policies that a change of a location is a change for.
type locationPolicies struct {
	// id is the location's; empty where it is not made yet.
	id string
	// byID name the location by its id, byTrust are about all trusted locations.
	byID, byTrust []client.ConditionalAccessPolicy
	// known is false where the policies could not be read.
	known bool
}

func (p locationPolicies) none() bool { return len(p.byID)+len(p.byTrust) == 0 }

// policiesAbout reads the policies. Where that fails the plan goes on, because they only explain it, and says so once.
func (d *run) policiesAbout(ctx context.Context, id string, diags *diag.Diagnostics) locationPolicies {
	if !d.Ready() {
		return locationPolicies{id: id}
	}
	byID, byTrust, err := d.locations.policiesAbout(ctx, id)
	if err == nil {
		return locationPolicies{id: id, byID: byID, byTrust: byTrust, known: true}
	}
	if !d.locations.toldFailure.Swap(true) {
		summary, detail := diagnose.Describe(err)
		diags.AddWarning("The policies that use trusted locations are not known",
			summary+". "+detail+"\n\nThe plan is complete; what it does not tell is for which policies its changes of trusted locations are changes.")
	}
	return locationPolicies{id: id}
}

// forTrust says for which policies it counts that something becomes trusted, and in what way.
func (p locationPolicies) forTrust() string {
	switch {
	case !p.known:
		return "Which Conditional Access policies refer to the location, or to all trusted ones, is not known."
	case p.none():
		return "No Conditional Access policy refers to the location or to all trusted ones at present."
	}
	var lines []string
	for _, policy := range p.byID {
		lines = append(lines, describePolicy(policy)+": "+ways(policy, p.id, "this location"))
	}
	for _, policy := range p.byTrust {
		lines = append(lines, describePolicy(policy)+": "+ways(policy, client.AllTrusted, "all trusted locations"))
	}
	return "Conditional Access policies for which that is a change:\n" + diagnose.List(lines)
}

// ways says how a policy refers to a location.
func ways(policy client.ConditionalAccessPolicy, location, called string) string {
	var found []string
	if policy.Excludes(location) {
		found = append(found, "leaves "+called+" out")
	}
	if policy.Includes(location) {
		found = append(found, "is for "+called)
	}
	return strings.Join(found, ", and ")
}

func describePolicy(policy client.ConditionalAccessPolicy) string {
	state := policy.State
	if state == "enabledForReportingButNotEnforced" {
		state = "report-only"
	}
	return fmt.Sprintf("%s (%s, id %s)", redact.NameInQuotes(policy.DisplayName), state, policy.ID)
}

func listPolicies(policies []client.ConditionalAccessPolicy) string {
	lines := make([]string, len(policies))
	for i, policy := range policies {
		lines[i] = describePolicy(policy)
	}
	return diagnose.List(lines)
}
