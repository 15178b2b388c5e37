package peruser

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// describeWanted is how a message says what a resource wants.
func (c personClaim) describeWanted() string {
	if c.wanted == "" {
		return "a state that is not known yet"
	}
	return fmt.Sprintf("%q", c.wanted)
}

// checkOthers refuses persons of a plan whom another resource of the run wants, or disables by a destroy.
func (l *peoplePlan) checkOthers(ctx context.Context, at path.Path, persons []claimedPerson, diags *diag.Diagnostics) {
	twice, handed := l.conflicts(persons), l.arrivals(persons)
	if len(twice)+len(handed) == 0 || !l.people.oneRun(ctx) {
		return
	}
	addClaimedTwice(diags, at, twice)
	addHandedOver(diags, at, handed)
}

// checkRelease notes the persons whom a destroy disables, and refuses it where another resource of the run wants one of them to have MFA.
// It reports whether the destroy may go on.
func (p *runPeople) checkRelease(ctx context.Context, owner, resource string, persons []claimedPerson, diags *diag.Diagnostics) bool {
	p.release(owner, resource, persons)
	handed := p.departures(owner, resource, persons)
	if len(handed) == 0 || !p.oneRun(ctx) {
		return true
	}
	addHandedOver(diags, path.Empty(), handed)
	return false
}

// addClaimedTwice refuses persons whom another resource of the run wants as well.
func addClaimedTwice(diags *diag.Diagnostics, at path.Path, found []claimedTwice) {
	if len(found) == 0 {
		return
	}
	var names, lines []string
	for _, twice := range found {
		names = append(names, twice.person.name)
		lines = append(lines, fmt.Sprintf("%s: %s here, %s in another resource, %s", twice.person.name,
			personClaim{wanted: twice.person.wanted}.describeWanted(), twice.other.describeWanted(), twice.other.resource))
	}
	diags.AddAttributeError(at, fmt.Sprintf("%s managed by two resources of this run", peopleAre(names)),
		fmt.Sprintf("%s\n\nEach apply would undo what the other resource wants, and removing either of them disables per-user MFA for the other one. "+
			"Keep each person in one resource.\n\nIf this is the same resource under a new address, add a moved block. If the person goes from one resource to "+
			"another, remove them from the first one in the same change.", diagnose.List(lines)))
}

// addHandedOver refuses persons whom a destroy disables and another resource of the run wants to have MFA: in which order Terraform does
// that is not decided, and in between they have none.
func addHandedOver(diags *diag.Diagnostics, at path.Path, found []handedOver) {
	if len(found) == 0 {
		return
	}
	var names, lines []string
	for _, person := range found {
		names = append(names, person.name)
		lines = append(lines, fmt.Sprintf("%s moves from %s, which this run destroys, to %s", person.name, person.from, person.to))
	}
	diags.AddAttributeError(at, fmt.Sprintf("%s would lose per-user MFA on the way to another resource", diagnose.People(names)),
		fmt.Sprintf("%s\n\nDestroying a resource sets its users to disabled, before or after the other resource adopts them. Let the old resource leave the state "+
			"without a destroy, in the same change:\n\n"+
			"  removed {\n    from = entramfa_user_mfa_state.<old name>\n    lifecycle {\n      destroy = false\n    }\n  }\n\n"+
			"Where the resource stays the same and only its name or its for_each key changes, write a moved block instead:\n\n"+
			"  moved {\n    from = entramfa_user_mfa_state.<old name>\n    to   = entramfa_user_mfa_state.<new name>\n  }\n\n"+
			"With count, removing one entry shifts all entries behind it: use for_each with the user as key. A resource that was applied with "+
			"on_destroy = \"keep\" leaves its users as they are and needs neither.", diagnose.List(lines)))
}

// peopleAre is "adele@contoso.com is" or "12 users are".
func peopleAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return fmt.Sprintf("%d users are", len(names))
}
