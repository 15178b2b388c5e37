package campaign

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/emergency"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// campaignChangedError is a campaign that is not the one that a plan was made from, found before a write that would undo it.
type campaignChangedError struct {
	planned, present client.RegistrationCampaign
	changes          []client.CampaignChange
	// lost is what an adoption takes away although its plan said nothing of it.
	lost []string
}

func (e *campaignChangedError) Error() string {
	return "the registration campaign changed since the plan was made"
}

// undoesNothing checks that a change to the wanted campaign, planned from another one, does not undo what somebody has changed since.
func undoesNothing(planned, wanted client.RegistrationCampaign) func(present client.RegistrationCampaign) error {
	return func(present client.RegistrationCampaign) error {
		if changes := present.Undoes(planned, wanted); len(changes) > 0 {
			return &campaignChangedError{planned: planned, present: present, changes: changes}
		}
		return nil
	}
}

// addCampaignChanged reports a campaignChangedError by the names of those it is about. It reports whether the error is one.
func (r *registrationPolicyResource) addCampaignChanged(ctx context.Context, diags *diag.Diagnostics, err error) bool {
	var changed *campaignChangedError
	if !errors.As(err, &changed) {
		return false
	}
	lines := changed.lost
	names := r.changedNames(ctx, changed)
	for _, change := range changed.changes {
		lines = append(lines, names.changeLine(change, changed.planned, changed.present))
	}
	resourcekit.ChangedSincePlan(diags, path.Empty(), "The registration campaign", lines...)
	return true
}

// changedNames looks up whom somebody has added or taken out. Without their names the message has their ids.
func (r *registrationPolicyResource) changedNames(ctx context.Context, changed *campaignChangedError) directory {
	var ids []string
	for _, change := range changed.changes {
		if value.IsGUID(change.Target.ID) {
			ids = append(ids, change.Target.ID)
		}
	}
	found, err := r.findTargets(ctx, directory{}, ids)
	if err != nil {
		return directory{}
	}
	return found
}

// changeLine says what the plan was made from and what is there now.
func (d directory) changeLine(change client.CampaignChange, planned, present client.RegistrationCampaign) string {
	value := func(campaign client.RegistrationCampaign, label string) string {
		for _, fact := range d.facts(campaign) {
			if fact.label == label {
				return fact.value
			}
		}
		return "not set"
	}
	line := func(label, attribute string) string {
		return fmt.Sprintf("%s: %s -> %s", attribute, value(planned, label), value(present, label))
	}
	target := func(attribute, word string) string {
		was, is := word, "not "+word
		if change.Added {
			was, is = is, was
		}
		return fmt.Sprintf("%s: %s is %s -> is %s", attribute, d.name(change.Target), was, is)
	}
	switch change.Property {
	case client.CampaignPropertyState:
		return line(factState, "state")
	case client.CampaignPropertyMethod:
		return line(factMethod, "authentication_method")
	case client.CampaignPropertySnooze:
		return line(factSnooze, "snooze_days (when people are asked again)")
	case client.CampaignPropertyLimit:
		return line(factLimit, "require_registration_after_snoozes")
	case client.CampaignPropertyInclude:
		return target("include", "included")
	case client.CampaignPropertyExclude:
		return target("exclude", "excluded")
	}
	return ""
}

// lossNothing is the adoption_loss of a policy that took nothing away.
const lossNothing = "nothing"

// takesNothingAway checks that an adoption whose plan said that nothing is lost finds a campaign of which nothing is lost.
func (m *registrationPolicyModel) takesNothingAway(names directory, guard *emergency.Guard) func(present client.RegistrationCampaign) error {
	if m.AdoptionLoss.ValueString() != lossNothing {
		return nil
	}
	wanted := m.campaign()
	return func(present client.RegistrationCampaign) error {
		var lost []string
		for _, loss := range names.weakenings(present, wanted, guard, nil) {
			lost = append(lost, "the plan takes nothing away -> now "+loss)
		}
		if lost == nil {
			return nil
		}
		return &campaignChangedError{present: present, lost: lost}
	}
}
