package provider

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// userMFAStateModel is the resource's schema.
type userMFAStateModel struct {
	ID                types.String `tfsdk:"id"`
	UserID            types.String `tfsdk:"user_id"`
	UserPrincipalName types.String `tfsdk:"user_principal_name"`
	State             types.String `tfsdk:"state"`
	AllowPromotion    types.Bool   `tfsdk:"allow_promotion"`
	OnDestroy         types.String `tfsdk:"on_destroy"`
	EffectiveState    types.String `tfsdk:"effective_state"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// userMFAStateIdentity is the resource's identity.
type userMFAStateIdentity struct {
	UserID types.String `tfsdk:"user_id"`
}

// identity has the service's spelling of the id: an identity must never change, and user_id is spelled as configured.
func (m *userMFAStateModel) identity() userMFAStateIdentity {
	return userMFAStateIdentity{UserID: m.ID}
}

// newUserMFAStateModel is an imported user, before the first read.
func newUserMFAStateModel(user client.User) *userMFAStateModel {
	return &userMFAStateModel{
		ID:                types.StringValue(user.ID),
		UserID:            types.StringValue(user.ID),
		UserPrincipalName: types.StringValue(user.UserPrincipalName),
		AllowPromotion:    types.BoolValue(false),
		OnDestroy:         types.StringValue(onDestroyDisable),
		Timeouts:          noTimeouts(),
	}
}

// userKey is what names the user, and the attribute that it stands in: of a configuration the one that is set, of a plan
// the one that is known, the id first.
func (m *userMFAStateModel) userKey() (types.String, path.Path) {
	known := func(value types.String) bool { return !value.IsNull() && !value.IsUnknown() }
	if !known(m.UserID) && (known(m.UserPrincipalName) || m.UserID.IsNull()) {
		return m.UserPrincipalName, path.Root("user_principal_name")
	}
	return m.UserID, path.Root("user_id")
}

// user is the user of the state, as far as the state knows them.
func (m *userMFAStateModel) user() client.User {
	return client.User{ID: m.UserID.ValueString(), UserPrincipalName: m.UserPrincipalName.ValueString()}
}

// setUser takes over a user that was looked up. What the configuration has spelled stays as it is.
func (m *userMFAStateModel) setUser(user client.User) {
	m.ID = types.StringValue(user.ID)
	m.UserID = keepSpelling(m.UserID, user.ID)
	m.UserPrincipalName = keepSpelling(m.UserPrincipalName, user.UserPrincipalName)
}

// refresh takes over what was read.
func (m *userMFAStateModel) refresh(user client.User, current client.MFAState) {
	m.setUser(user)
	m.observe(current)
}

// observe takes over the service's state. The wanted state stays while it is satisfied; what does not satisfy it
// replaces it, and so becomes a difference to the configuration.
func (m *userMFAStateModel) observe(current client.MFAState) {
	m.EffectiveState = types.StringValue(string(current))
	if m.State.IsNull() || !current.Satisfies(client.MFAState(m.State.ValueString())) {
		m.State = types.StringValue(string(current))
	}
}

// keepSpelling keeps a known value that differs from the service's in case only: ids and names have none.
func keepSpelling(have types.String, service string) types.String {
	if !have.IsNull() && !have.IsUnknown() && strings.EqualFold(have.ValueString(), service) {
		return have
	}
	return types.StringValue(service)
}
