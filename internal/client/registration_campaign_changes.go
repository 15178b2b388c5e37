package client

import (
	"slices"
	"strings"
)

// CampaignProperty is a part of a campaign.
type CampaignProperty string

// The parts of a campaign.
const (
	CampaignPropertyState   CampaignProperty = "state"
	CampaignPropertyMethod  CampaignProperty = "method"
	CampaignPropertySnooze  CampaignProperty = "snooze"
	CampaignPropertyLimit   CampaignProperty = "limit"
	CampaignPropertyInclude CampaignProperty = "include"
	CampaignPropertyExclude CampaignProperty = "exclude"
)

// CampaignChange is something of a campaign that somebody changed after a change was planned, and that the change would undo.
type CampaignChange struct {
	Property CampaignProperty
	// Target is whom somebody has added to include or exclude, or taken out of it.
	Target CampaignTarget
	Added  bool
}

// Undoes lists what a change to the wanted campaign would undo: what of the present campaign is neither as planned, the
// campaign that the change was planned from, nor as wanted. What the wish leaves open is not undone, nor what the service does
// not say, nor what belongs to Microsoft in CampaignMicrosoftManaged, nor targets of a kind that this version does not know.
func (r RegistrationCampaign) Undoes(planned, wanted RegistrationCampaign) []CampaignChange {
	var changes []CampaignChange
	add := func(property CampaignProperty, differs bool) {
		if differs {
			changes = append(changes, CampaignChange{Property: property})
		}
	}
	add(CampaignPropertyState, r.State != wanted.State && r.State != planned.State)
	if r.State != CampaignMicrosoftManaged && wanted.State != CampaignMicrosoftManaged {
		method := func(other RegistrationCampaign) bool {
			return !strings.EqualFold(r.AuthenticationMethod(), other.AuthenticationMethod())
		}
		add(CampaignPropertyMethod, r.AuthenticationMethod() != "" && wanted.AuthenticationMethod() != "" && method(wanted) && method(planned))
		add(CampaignPropertySnooze, undone(r.SnoozeDays, planned.SnoozeDays, wanted.SnoozeDays))
		add(CampaignPropertyLimit, undone(r.RequireAfterSnoozes, planned.RequireAfterSnoozes, wanted.RequireAfterSnoozes))
	}
	changes = append(changes, targetsUndone(CampaignPropertyInclude, r.Include, planned.Include, wanted.Include)...)
	return append(changes, targetsUndone(CampaignPropertyExclude, r.Exclude, planned.Exclude, wanted.Exclude)...)
}

func undone[T comparable](present, planned, wanted *T) bool {
	return present != nil && wanted != nil && *present != *wanted && (planned == nil || *present != *planned)
}

func targetsUndone(property CampaignProperty, present, planned, wanted []CampaignTarget) []CampaignChange {
	var changes []CampaignChange
	holds := func(targets []CampaignTarget, target CampaignTarget) bool {
		return slices.ContainsFunc(targets, func(other CampaignTarget) bool { return other.key() == target.key() })
	}
	for _, target := range present {
		if target.known() && !holds(wanted, target) && !holds(planned, target) {
			changes = append(changes, CampaignChange{Property: property, Target: target, Added: true})
		}
	}
	for _, target := range wanted {
		if target.known() && holds(planned, target) && !holds(present, target) {
			changes = append(changes, CampaignChange{Property: property, Target: target})
		}
	}
	return changes
}
