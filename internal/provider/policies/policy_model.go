package policies

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// policyModel is the resource's schema.
type policyModel struct {
	ID                   types.String `tfsdk:"id"`
	Name                 types.String `tfsdk:"name"`
	DisplayName          types.String `tfsdk:"display_name"`
	Description          types.String `tfsdk:"description"`
	State                types.String `tfsdk:"state"`
	Conditions           types.Object `tfsdk:"conditions"`
	GrantControls        types.Object `tfsdk:"grant_controls"`
	SessionControls      types.Object `tfsdk:"session_controls"`
	AllowEmergencyAccess types.Bool   `tfsdk:"allow_emergency_access"`
	OnDestroy            types.String `tfsdk:"on_destroy"`
	ReferenceNames       types.Map    `tfsdk:"reference_names"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// policyIdentity is the identity of the resource.
type policyIdentity struct {
	ID types.String `tfsdk:"id"`
}

// Values of on_destroy.
const (
	onDestroyDelete  = "delete"
	onDestroyDisable = resourcekit.OnDestroyDisable
	onDestroyKeep    = resourcekit.OnDestroyKeep
)

func (m *policyModel) Identity() any { return policyIdentity{ID: m.ID} }

func (m *policyModel) TimeoutsBlock() types.Object { return m.Timeouts.Object }

func (m *policyModel) HasIDs(diags *diag.Diagnostics) bool {
	return resourcekit.HasID("id", m.ID, diags)
}

// KeepsOnDestroy reports whether a destroy leaves the policy as it is.
func (m *policyModel) KeepsOnDestroy() bool { return m.OnDestroy.ValueString() == onDestroyKeep }

// parts are the objects of the policy with their nodes.
func (m *policyModel) parts() map[string]*types.Object {
	return map[string]*types.Object{conditionsNode.name: &m.Conditions, grantNode.name: &m.GrantControls, sessionNode.name: &m.SessionControls}
}

// policy is what the model asks for, or what was last seen of it. unknown are the places that are not known yet.
func (m *policyModel) policy() (policy client.ConditionalAccessPolicy, unknown places) {
	document := map[string]any{}
	parts := m.parts()
	for _, top := range tree {
		top.write(*parts[top.name], "", document, &unknown)
	}
	switchControls(document)
	policy = rules.FromMap(document)
	policy.ID, policy.DisplayName, policy.Description = m.ID.ValueString(), m.DisplayName.ValueString(), m.Description.ValueString()
	policy.State = rules.State(m.State.ValueString())
	for place, attribute := range map[string]types.String{"displayName": m.DisplayName, "description": m.Description, "state": m.State} {
		if attribute.IsUnknown() {
			unknown = append(unknown, place)
		}
	}
	return policy, unknown
}

// switchControls turns the session controls of a configuration on: one that is configured is, unless its own attribute says otherwise.
func switchControls(document map[string]any) {
	session, _ := document[sessionNode.wire].(map[string]any)
	for name, control := range session {
		if control, ok := control.(map[string]any); ok && control["isEnabled"] == nil && name != "continuousAccessEvaluation" {
			control["isEnabled"] = true
		}
	}
}

// refresh takes over what the service has, and keeps spellings that mean the same.
func (m *policyModel) refresh(policy client.ConditionalAccessPolicy) {
	known, _ := m.policy()
	imported := m.ID.IsNull()
	changed := policy.Differences(known)
	differs := func(place string) bool {
		return imported || slices.ContainsFunc(changed, func(at string) bool { return within(at, place) || within(place, at) })
	}
	m.ID, m.State = types.StringValue(policy.ID), types.StringValue(string(policy.State))
	if differs("displayName") {
		m.DisplayName = types.StringValue(policy.DisplayName)
	}
	if differs("description") {
		m.Description = value.NullIfEmpty(policy.Description)
	}
	m.Name = value.Shown(m.DisplayName)
	document := policy.Map()
	parts := m.parts()
	for _, top := range tree {
		part := parts[top.name]
		merged := top.read(document)
		if !imported {
			merged = top.merge(*part, merged, "", differs, true)
		}
		if object, ok := merged.(types.Object); ok {
			*part = object
		}
	}
	if imported {
		m.AllowEmergencyAccess, m.OnDestroy = types.BoolValue(false), types.StringValue(onDestroyDelete)
		m.ReferenceNames, m.Timeouts = types.MapNull(types.StringType), resourcekit.NoTimeouts()
	}
}

// keepSpellings takes over from the prior state what means the same as in the configuration, so that another spelling is no difference.
func (m *policyModel) keepSpellings(prior *policyModel) {
	wanted, _ := m.policy()
	had, _ := prior.policy()
	changed := had.Differences(wanted)
	differs := func(place string) bool {
		return slices.ContainsFunc(changed, func(at string) bool { return within(at, place) || within(place, at) })
	}
	parts, before := m.parts(), prior.parts()
	for _, top := range tree {
		if object, ok := top.merge(*before[top.name], *parts[top.name], "", differs, false).(types.Object); ok {
			*parts[top.name] = object
		}
	}
	if strings.TrimSpace(m.DisplayName.ValueString()) == strings.TrimSpace(prior.DisplayName.ValueString()) && !m.DisplayName.IsUnknown() {
		m.DisplayName = prior.DisplayName
	}
}

// unchanged reports whether an apply would write nothing.
func (m *policyModel) unchanged(prior *policyModel) bool {
	if prior == nil {
		return false
	}
	wanted, unknown := m.policy()
	had, _ := prior.policy()
	return len(unknown) == 0 && had.Shows(wanted)
}
