package campaign

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// stateMicrosoftManaged is what this provider calls the state that Graph calls "default". The other states have the same
// name in both.
const stateMicrosoftManaged = "microsoft_managed"

// registrationPolicyID is the id of the one authentication methods policy that a tenant has.
const registrationPolicyID = "authenticationMethodsPolicy"

// registrationPolicyModel is the resource's schema.
type registrationPolicyModel struct {
	ID                              types.String `tfsdk:"id"`
	State                           types.String `tfsdk:"state"`
	Include                         types.Object `tfsdk:"include"`
	Exclude                         types.Object `tfsdk:"exclude"`
	AuthenticationMethod            types.String `tfsdk:"authentication_method"`
	SnoozeDays                      types.Number `tfsdk:"snooze_days"`
	RequireRegistrationAfterSnoozes types.Bool   `tfsdk:"require_registration_after_snoozes"`
	OnDestroy                       types.String `tfsdk:"on_destroy"`
	AdoptionLoss                    types.String `tfsdk:"adoption_loss"`
	Asked                           types.String `tfsdk:"asked"`
	TargetNames                     types.Map    `tfsdk:"target_names"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// registrationPolicyIdentity is the resource's identity.
type registrationPolicyIdentity struct {
	ID types.String `tfsdk:"id"`
}

func (m *registrationPolicyModel) Identity() any {
	return registrationPolicyIdentity{ID: types.StringValue(registrationPolicyID)}
}

func (m *registrationPolicyModel) TimeoutsBlock() types.Object { return m.Timeouts.Object }

// HasIDs is always true: a tenant has one policy.
func (m *registrationPolicyModel) HasIDs(*diag.Diagnostics) bool { return true }

// newRegistrationPolicyModel is a policy of which nothing is known but that it exists.
func newRegistrationPolicyModel() *registrationPolicyModel {
	return &registrationPolicyModel{
		ID:      types.StringValue(registrationPolicyID),
		Include: types.ObjectNull(campaignScopeTypes),
		Exclude: types.ObjectNull(campaignScopeTypes),

		TargetNames: types.MapNull(types.StringType),

		Timeouts: resourcekit.NoTimeouts(),
	}
}

// campaignScope is whom a campaign includes or excludes.
type campaignScope struct {
	AllUsers types.Bool
	UserIDs  types.Set
	GroupIDs types.Set
}

var campaignScopeTypes = map[string]attr.Type{
	"all_users": types.BoolType,
	"user_ids":  types.SetType{ElemType: types.StringType},
	"group_ids": types.SetType{ElemType: types.StringType},
}

// scopeOf takes an include or exclude apart. Of null all parts are null, and of unknown all are unknown.
func scopeOf(object types.Object) campaignScope {
	if object.IsNull() || object.IsUnknown() {
		scope := campaignScope{AllUsers: types.BoolNull(), UserIDs: types.SetNull(types.StringType), GroupIDs: types.SetNull(types.StringType)}
		if object.IsUnknown() {
			scope = campaignScope{AllUsers: types.BoolUnknown(), UserIDs: types.SetUnknown(types.StringType), GroupIDs: types.SetUnknown(types.StringType)}
		}
		return scope
	}
	var scope campaignScope
	attributes := object.Attributes()
	scope.AllUsers, _ = attributes["all_users"].(types.Bool)
	scope.UserIDs, _ = attributes["user_ids"].(types.Set)
	scope.GroupIDs, _ = attributes["group_ids"].(types.Set)
	return scope
}

func (s campaignScope) object() types.Object {
	return types.ObjectValueMust(campaignScopeTypes, map[string]attr.Value{
		"all_users": s.AllUsers, "user_ids": s.UserIDs, "group_ids": s.GroupIDs,
	})
}

// known reports whether nothing of the scope is still to come.
func (s campaignScope) known() bool {
	return !s.AllUsers.IsUnknown() && value.AllKnown(s.UserIDs) && value.AllKnown(s.GroupIDs)
}

// empty reports whether the scope is known to hold nobody.
func (s campaignScope) empty() bool {
	return s.known() && !s.AllUsers.ValueBool() && len(s.UserIDs.Elements()) == 0 && len(s.GroupIDs.Elements()) == 0
}

// targets are the known parts of the scope as a campaign has them.
func (s campaignScope) targets(method string) []client.CampaignTarget {
	var targets []client.CampaignTarget
	add := func(id, kind string) {
		targets = append(targets, client.CampaignTarget{ID: id, TargetType: kind, AuthenticationMethod: method})
	}
	if s.AllUsers.ValueBool() {
		add(client.AllUsers, client.TargetGroup)
	}
	for _, id := range value.FoldedIDs(s.UserIDs) {
		add(id, client.TargetUser)
	}
	for _, id := range value.FoldedIDs(s.GroupIDs) {
		add(id, client.TargetGroup)
	}
	return targets
}

// refresh takes over the targets that the service has. What says the same stays as it is spelled.
func (s campaignScope) refresh(targets []client.CampaignTarget) campaignScope {
	all := false
	var users, groups []string
	for _, target := range targets {
		switch {
		case target.ID == client.AllUsers:
			all = true
		case target.TargetType == client.TargetUser:
			users = append(users, target.ID)
		case target.TargetType == client.TargetGroup:
			groups = append(groups, target.ID)
		}
	}
	if s.AllUsers.IsUnknown() || s.AllUsers.ValueBool() != all {
		// Nobody writes false where true was never written.
		s.AllUsers = types.BoolValue(all)
		if !all {
			s.AllUsers = types.BoolNull()
		}
	}
	s.UserIDs, s.GroupIDs = value.RefreshedIDs(s.UserIDs, users), value.RefreshedIDs(s.GroupIDs, groups)
	return s
}

func (m *registrationPolicyModel) managed() bool {
	return m.State.ValueString() == stateMicrosoftManaged
}

// campaign is what the model asks of the service. What the model does not know is left open.
func (m *registrationPolicyModel) campaign() client.RegistrationCampaign {
	campaign := client.RegistrationCampaign{State: m.State.ValueString()}
	method := canonicalMethod(m.AuthenticationMethod.ValueString())
	if m.managed() {
		// Method, snooze and limit are Microsoft's then.
		campaign.State, method = client.CampaignMicrosoftManaged, ""
	} else {
		campaign.SnoozeDays = value.WholeDays(m.SnoozeDays)
		if !m.RequireRegistrationAfterSnoozes.IsUnknown() {
			campaign.RequireAfterSnoozes = m.RequireRegistrationAfterSnoozes.ValueBoolPointer()
		}
	}
	campaign.Include = scopeOf(m.Include).targets(method)
	campaign.Exclude = scopeOf(m.Exclude).targets("")
	return campaign
}

// canonicalMethod is Microsoft's spelling of a method that this version knows.
func canonicalMethod(method string) string {
	for _, known := range campaignMethods {
		if strings.EqualFold(method, known) {
			return known
		}
	}
	return method
}

var campaignMethods = []string{client.CampaignMicrosoftAuthenticator, client.CampaignFIDO2}

// refresh takes over the campaign that the service has. What says the same stays as it is spelled, and what the service
// does not say stays as it is.
func (m *registrationPolicyModel) refresh(campaign client.RegistrationCampaign) {
	m.ID = types.StringValue(registrationPolicyID)
	m.State = types.StringValue(campaign.State)
	if campaign.State == client.CampaignMicrosoftManaged {
		m.State = types.StringValue(stateMicrosoftManaged)
	}
	m.Include = refreshedScope(m.Include, campaign.Include)
	m.Exclude = refreshedScope(m.Exclude, campaign.Exclude)

	switch method := campaign.AuthenticationMethod(); {
	case method != "":
		m.AuthenticationMethod = value.KeepSpelling(m.AuthenticationMethod, method)
	case m.AuthenticationMethod.IsUnknown():
		m.AuthenticationMethod = types.StringNull()
	}
	switch {
	case campaign.SnoozeDays != nil:
		m.SnoozeDays = value.NumberOfDays(*campaign.SnoozeDays)
	case m.SnoozeDays.IsUnknown():
		m.SnoozeDays = types.NumberNull()
	}
	switch {
	case campaign.RequireAfterSnoozes != nil:
		m.RequireRegistrationAfterSnoozes = types.BoolValue(*campaign.RequireAfterSnoozes)
	case m.RequireRegistrationAfterSnoozes.IsUnknown():
		m.RequireRegistrationAfterSnoozes = types.BoolNull()
	}
}

// refreshedScope keeps a scope null where it was null and there is nobody in it.
func refreshedScope(prior types.Object, targets []client.CampaignTarget) types.Object {
	now := scopeOf(prior).refresh(targets)
	if !prior.IsNull() && !prior.IsUnknown() || !now.empty() {
		return now.object()
	}
	return types.ObjectNull(campaignScopeTypes)
}

// take replaces the campaign of a model by another one.
func (m *registrationPolicyModel) take(campaign client.RegistrationCampaign) {
	m.Include, m.Exclude = types.ObjectNull(campaignScopeTypes), types.ObjectNull(campaignScopeTypes)
	m.refresh(campaign)
}

// settle completes a plan: what the configuration leaves open stays as it is in the base, the campaign there is, as far as
// that is known (nil: not at all); what says the same as the base keeps its spelling; and what Microsoft manages is unknown
// until a change is applied.
func (m *registrationPolicyModel) settle(config, base *registrationPolicyModel, update bool) {
	m.ID = types.StringValue(registrationPolicyID)
	m.Include, m.Exclude = config.Include, config.Exclude
	m.AuthenticationMethod, m.SnoozeDays = config.AuthenticationMethod, config.SnoozeDays
	m.RequireRegistrationAfterSnoozes = config.RequireRegistrationAfterSnoozes
	if update {
		m.AdoptionLoss = base.AdoptionLoss
	}

	if base == nil {
		if m.Include.IsNull() {
			m.Include = types.ObjectUnknown(campaignScopeTypes)
		}
		m.leaveToTheService()
		return
	}
	if m.Include.IsNull() {
		m.Include = base.Include
	}
	if update {
		// Terraform permits another spelling than the configuration's only where the state has it.
		m.keepSpellings(base)
	}
	unchanged := update && m.State.Equal(base.State) && m.Include.Equal(base.Include) && m.Exclude.Equal(base.Exclude) &&
		(m.AuthenticationMethod.IsNull() || m.AuthenticationMethod.Equal(base.AuthenticationMethod)) &&
		(m.SnoozeDays.IsNull() || m.SnoozeDays.Equal(base.SnoozeDays)) &&
		(m.RequireRegistrationAfterSnoozes.IsNull() || m.RequireRegistrationAfterSnoozes.Equal(base.RequireRegistrationAfterSnoozes))
	if unchanged || !m.State.IsUnknown() && !m.managed() {
		if m.AuthenticationMethod.IsNull() {
			m.AuthenticationMethod = base.AuthenticationMethod
		}
		if m.SnoozeDays.IsNull() {
			m.SnoozeDays = base.SnoozeDays
		}
		if m.RequireRegistrationAfterSnoozes.IsNull() {
			m.RequireRegistrationAfterSnoozes = base.RequireRegistrationAfterSnoozes
		}
	}
	if !unchanged {
		m.leaveToTheService()
	}
}

// leaveOpen makes unknown in the plan of a new policy what the configuration leaves open, although the campaign there is has been
// looked at. An admin may change that campaign before the apply, in which Terraform plans once more, with nothing of the first plan
// at hand, and refuses a plan that differs.
func (m *registrationPolicyModel) leaveOpen(config *registrationPolicyModel) {
	if config.Include.IsNull() {
		m.Include = types.ObjectUnknown(campaignScopeTypes)
	}
	m.AuthenticationMethod, m.SnoozeDays = config.AuthenticationMethod, config.SnoozeDays
	m.RequireRegistrationAfterSnoozes = config.RequireRegistrationAfterSnoozes
	m.leaveToTheService()
}

// unchanged reports whether an apply would write nothing.
func (m *registrationPolicyModel) unchanged(prior *registrationPolicyModel) bool {
	return m.State.Equal(prior.State) && m.Include.Equal(prior.Include) && m.Exclude.Equal(prior.Exclude) &&
		m.AuthenticationMethod.Equal(prior.AuthenticationMethod) && m.SnoozeDays.Equal(prior.SnoozeDays) &&
		m.RequireRegistrationAfterSnoozes.Equal(prior.RequireRegistrationAfterSnoozes)
}

// leaveToTheService makes what is open unknown: the service says it after the apply.
func (m *registrationPolicyModel) leaveToTheService() {
	if m.AuthenticationMethod.IsNull() {
		m.AuthenticationMethod = types.StringUnknown()
	}
	if m.SnoozeDays.IsNull() {
		m.SnoozeDays = types.NumberUnknown()
	}
	if m.RequireRegistrationAfterSnoozes.IsNull() {
		m.RequireRegistrationAfterSnoozes = types.BoolUnknown()
	}
}

// keepSpellings keeps the base's spelling of what is configured and means the same.
func (m *registrationPolicyModel) keepSpellings(base *registrationPolicyModel) {
	m.Include, m.Exclude = sameScope(m.Include, base.Include), sameScope(m.Exclude, base.Exclude)
	if !base.AuthenticationMethod.IsNull() && !m.AuthenticationMethod.IsNull() && !m.AuthenticationMethod.IsUnknown() {
		m.AuthenticationMethod = value.KeepSpelling(base.AuthenticationMethod, m.AuthenticationMethod.ValueString())
	}
}

// sameScope replaces the parts of a planned scope that say the same as the base's by those. Only known parts may be
// replaced, and only by others that are not null: Terraform refuses a plan that differs more from the configuration.
func sameScope(planned, base types.Object) types.Object {
	if planned.IsNull() || planned.IsUnknown() || base.IsNull() || base.IsUnknown() {
		return planned
	}
	scope, before := scopeOf(planned), scopeOf(base)
	same := func(planned, base types.Set) types.Set {
		if planned.IsNull() || base.IsNull() || !value.AllKnown(planned) || !slices.Equal(value.FoldedIDs(planned), value.FoldedIDs(base)) {
			return planned
		}
		return base
	}
	scope.UserIDs, scope.GroupIDs = same(scope.UserIDs, before.UserIDs), same(scope.GroupIDs, before.GroupIDs)
	return scope.object()
}
