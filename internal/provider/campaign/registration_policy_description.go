package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// directory knows the names of users and groups by id in lower case, as far as they were looked up.
type directory map[string]client.DirectoryObject

// name is what people call a user or group, with the id where that is not the name itself.
func (d directory) name(target client.CampaignTarget) string {
	object, known := d[strings.ToLower(target.ID)]
	switch {
	case target.ID == client.AllUsers:
		return "all users"
	case !known:
		return target.TargetType + " " + target.ID
	case object.Name() == object.ID:
		return target.TargetType + " " + object.ID
	}
	return fmt.Sprintf("%s %s (%s)", target.TargetType, object.Name(), object.ID)
}

// namedInALine is how many are named in one line of a message.
const namedInALine = 5

// names lists targets, at most a handful by name.
func (d directory) names(targets []client.CampaignTarget) string {
	var names []string
	for _, target := range targets {
		names = append(names, d.name(target))
	}
	slices.Sort(names)
	return diagnose.Names(names, namedInALine)
}

// campaignFact is one thing that a campaign does, in plain words.
type campaignFact struct{ label, value string }

// Labels of facts.
const (
	factState    = "state"
	factMethod   = "authentication method"
	factSnooze   = "asks again"
	factLimit    = "registration required"
	factIncludes = "includes"
	factExcludes = "excludes"
)

// facts says what a campaign does. What is not known of it is left out, and so is what is up to Microsoft.
func (d directory) facts(campaign client.RegistrationCampaign) []campaignFact {
	state, method := campaign.State, campaign.AuthenticationMethod()
	if state == client.CampaignMicrosoftManaged {
		state = stateMicrosoftManaged
	}
	facts := []campaignFact{{factState, state}}
	if campaign.State != client.CampaignMicrosoftManaged {
		if method != "" {
			facts = append(facts, campaignFact{factMethod, method})
		}
		if campaign.SnoozeDays != nil {
			facts = append(facts, campaignFact{factSnooze, snoozeWords(*campaign.SnoozeDays)})
		}
		if campaign.RequireAfterSnoozes != nil {
			limit := "no, without end"
			if *campaign.RequireAfterSnoozes {
				limit = "yes, after being put off three times"
			}
			facts = append(facts, campaignFact{factLimit, limit})
		}
	}
	return append(facts, campaignFact{factIncludes, orNobody(d.names(campaign.Include))}, campaignFact{factExcludes, orNobody(d.names(campaign.Exclude))})
}

// describe says in plain words what a campaign does, one line for each thing.
func (d directory) describe(campaign client.RegistrationCampaign) string {
	var lines []string
	for _, fact := range d.facts(campaign) {
		if fact.label == factState && campaign.State == client.CampaignMicrosoftManaged {
			fact.value += " (method, snooze and limit are up to Microsoft)"
		}
		lines = append(lines, fact.label+": "+fact.value)
	}
	return "  - " + strings.Join(lines, "\n  - ")
}

// changes says in plain words what a plan makes of a campaign, one line for each thing that is known and becomes another one.
func (d directory) changes(from client.RegistrationCampaign, plan *registrationPolicyModel) []string {
	to := plan.campaign()
	open := map[string]bool{
		factState: plan.State.IsUnknown(), factIncludes: !scopeOf(plan.Include).known(), factExcludes: !scopeOf(plan.Exclude).known(),
	}
	before := map[string]string{}
	for _, fact := range d.facts(from) {
		before[fact.label] = fact.value
	}
	var lines []string
	for _, fact := range d.facts(to) {
		was, known := before[fact.label]
		switch {
		case open[fact.label] || was == fact.value:
			continue
		case !known && from.State == client.CampaignMicrosoftManaged:
			was = "up to Microsoft"
		case !known:
			was = "not set"
		}
		lines = append(lines, fmt.Sprintf("%s: %s -> %s", fact.label, was, fact.value))
	}
	if to.State == client.CampaignMicrosoftManaged && from.State != client.CampaignMicrosoftManaged {
		lines = append(lines, "method, snooze and limit: up to Microsoft from then on")
	}
	return lines
}

func snoozeWords(days int32) string {
	switch days {
	case 0:
		return "at every sign-in with MFA"
	case 1:
		return "after 1 day"
	}
	return fmt.Sprintf("after %d days", days)
}

// weakenings says in plain words what of a campaign is lost by going over to another. Excluding emergency access accounts
// is no loss, it is what they need; excluding people who were none of them before is. then is whom the guard held before.
func (d directory) weakenings(from, to client.RegistrationCampaign, guard *emergency.Guard, then emergency.Memory) []string {
	if from.State == client.CampaignDisabled {
		return nil
	}
	if to.State == client.CampaignDisabled {
		return []string{"the campaign stops: nobody is asked to register a method any more"}
	}
	var lost []string
	if !everybody(to.Include) {
		if everybody(from.Include) {
			lost = append(lost, "not all users are asked any more, but only "+orNobody(d.names(to.Include)))
		} else if narrowed := without(from.Include, to.Include); len(narrowed) > 0 {
			lost = append(lost, "no longer included: "+d.names(narrowed))
		}
	}
	if !everybody(from.Exclude) {
		lost = append(lost, d.excludedAnew(without(to.Exclude, from.Exclude), guard, then)...)
	}
	return append(lost, laxer(from, to)...)
}

// excludedAnew says who is excluded from now on.
func (d directory) excludedAnew(excluded []client.CampaignTarget, guard *emergency.Guard, then emergency.Memory) []string {
	var lost []string
	var others []client.CampaignTarget
	for _, target := range excluded {
		if !guard.Holds(target.ID) {
			others = append(others, target)
			continue
		}
		if newcomers := guard.Newcomers(target, then); len(newcomers) > 0 {
			lost = append(lost, fmt.Sprintf("newly excluded as emergency access: %s, with %s: %s",
				d.name(target), diagnose.Counted(len(newcomers), "account")+" that emergency_access did not hold before", diagnose.Names(newcomers, namedInALine)))
		}
	}
	if len(others) > 0 {
		lost = append([]string{"newly excluded: " + d.names(others)}, lost...)
	}
	return lost
}

// laxer says how much longer people may put registering off. In the state microsoft_managed that is up to Microsoft.
func laxer(from, to client.RegistrationCampaign) []string {
	var lost []string
	limited := from.State == client.CampaignEnabled && from.RequireAfterSnoozes != nil && *from.RequireAfterSnoozes
	switch {
	case limited && to.State == client.CampaignEnabled && to.RequireAfterSnoozes != nil && !*to.RequireAfterSnoozes:
		lost = append(lost, "registering can be put off without end")
	case limited && to.State == client.CampaignMicrosoftManaged:
		lost = append(lost, "whether registering can be put off without end is up to Microsoft; so far it cannot be put off more than three times")
	}
	if from.State != client.CampaignEnabled || from.SnoozeDays == nil {
		return lost
	}
	switch {
	case to.State == client.CampaignMicrosoftManaged:
		lost = append(lost, "when people are asked again is up to Microsoft; so far it is "+snoozeWords(*from.SnoozeDays))
	case to.SnoozeDays != nil && *to.SnoozeDays > *from.SnoozeDays:
		lost = append(lost, fmt.Sprintf("people who put it off are asked again later: %s instead of %s", snoozeWords(*to.SnoozeDays), snoozeWords(*from.SnoozeDays)))
	}
	if method := from.AuthenticationMethod(); to.State == client.CampaignMicrosoftManaged && method != "" {
		lost = append(lost, "the method is up to Microsoft; so far it is "+method)
	}
	return lost
}

func orNobody(names string) string {
	if names == "" {
		return "nobody"
	}
	return names
}

func everybody(targets []client.CampaignTarget) bool {
	return slices.ContainsFunc(targets, func(target client.CampaignTarget) bool { return target.ID == client.AllUsers })
}

// without is what of some is not among others.
func without(some, others []client.CampaignTarget) []client.CampaignTarget {
	return slices.DeleteFunc(slices.Clone(some), func(target client.CampaignTarget) bool {
		return slices.ContainsFunc(others, func(other client.CampaignTarget) bool {
			return strings.EqualFold(target.ID, other.ID) && target.TargetType == other.TargetType
		})
	})
}

// campaignIDs are the ids of the users and groups of a campaign.
func campaignIDs(campaign client.RegistrationCampaign) []string {
	var ids []string
	for _, target := range slices.Concat(campaign.Include, campaign.Exclude) {
		if value.IsGUID(target.ID) {
			ids = append(ids, target.ID)
		}
	}
	return ids
}

// withoutMissing leaves out of a remembered campaign the users and groups that do not exist any more. A campaign whose
// every included target is gone asked nobody in the end. What is given back then is a disabled one, with the targets there
// are at present: an empty include might be refused.
func withoutMissing(campaign, present client.RegistrationCampaign, found directory) (left client.RegistrationCampaign, gone []client.CampaignTarget) {
	keep := func(targets []client.CampaignTarget) []client.CampaignTarget {
		var kept []client.CampaignTarget
		for _, target := range targets {
			if _, here := found[strings.ToLower(target.ID)]; here || !value.IsGUID(target.ID) {
				kept = append(kept, target)
			} else {
				gone = append(gone, target)
			}
		}
		return kept
	}
	left = campaign
	left.Include, left.Exclude = keep(campaign.Include), keep(campaign.Exclude)
	if len(left.Include) == 0 && len(campaign.Include) > 0 {
		left.State, left.Include = client.CampaignDisabled, present.Include
	}
	return left, gone
}
