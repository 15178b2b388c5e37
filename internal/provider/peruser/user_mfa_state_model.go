package peruser

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// userMFAStateModel is the resource's schema.
type userMFAStateModel struct {
	ID                types.String `tfsdk:"id"`
	Name              types.String `tfsdk:"name"`
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

// Identity has the service's spelling of the id: an identity must never change, and user_id is spelled as configured.
func (m *userMFAStateModel) Identity() any { return userMFAStateIdentity{UserID: m.ID} }

func (m *userMFAStateModel) TimeoutsBlock() types.Object { return m.Timeouts.Object }

// KeepsOnDestroy reports whether a destroy leaves the user as they are.
func (m *userMFAStateModel) KeepsOnDestroy() bool {
	return m.OnDestroy.ValueString() == resourcekit.OnDestroyKeep
}

// HasIDs refuses a state without the user's ids, and one in which they are of two users.
func (m *userMFAStateModel) HasIDs(diags *diag.Diagnostics) bool {
	if !resourcekit.HasID("user_id", m.UserID, diags) || !resourcekit.HasID("id", m.ID, diags) {
		return false
	}
	if !strings.EqualFold(m.UserID.ValueString(), m.ID.ValueString()) {
		diags.AddError(summaryOtherUser, fmt.Sprintf("user_id is %s and id is %s in the state, where both should be the object id of one user. %s",
			m.UserID.ValueString(), m.ID.ValueString(), resourcekit.AdviceEdited))
		return false
	}
	return true
}

// newUserMFAStateModel is an imported user, before the first read.
func newUserMFAStateModel(user client.User) *userMFAStateModel {
	return &userMFAStateModel{
		ID:                types.StringValue(user.ID),
		Name:              types.StringValue(diagnose.Person(user)),
		UserID:            types.StringValue(user.ID),
		UserPrincipalName: types.StringValue(user.UserPrincipalName),
		AllowPromotion:    types.BoolValue(false),
		OnDestroy:         types.StringValue(resourcekit.OnDestroyDisable),
		Timeouts:          resourcekit.NoTimeouts(),
	}
}

// configuredUser is what names the user in a configuration, and the attribute that it stands in: where both are set, the id.
func (m *userMFAStateModel) configuredUser() (types.String, path.Path) {
	if m.UserID.IsNull() {
		return m.UserPrincipalName, path.Root("user_principal_name")
	}
	return m.UserID, path.Root("user_id")
}

// userKey is what names the user of a plan, and the attribute that it stands in: the one that is known, the id first.
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

// setUser takes over a user that was looked up. What the configuration has spelled stays as it is, and so does a name that
// is known: a person may be renamed between a plan and its apply, and Terraform refuses what differs from the plan.
func (m *userMFAStateModel) setUser(user client.User) {
	m.ID = types.StringValue(user.ID)
	if m.Name.IsNull() || m.Name.IsUnknown() {
		m.Name = types.StringValue(diagnose.Person(user))
	}
	m.UserID = value.KeepSpelling(m.UserID, user.ID)
	m.UserPrincipalName = value.KeepSpelling(m.UserPrincipalName, user.UserPrincipalName)
}

// complete gives a plan what it does not know of its user. What it knows stays, also where the user was renamed since: Terraform
// takes a result that differs from its plan for a defect, and the next refresh shows the new name.
func (m *userMFAStateModel) complete(user client.User) {
	planned := m.UserPrincipalName
	m.setUser(user)
	if !planned.IsNull() && !planned.IsUnknown() {
		m.UserPrincipalName = planned
	}
}

// refresh takes over what was read.
func (m *userMFAStateModel) refresh(user client.User, current mfa.State) {
	m.setUser(user)
	m.Name = types.StringValue(diagnose.Person(user))
	m.observe(current)
}

// observe takes over the service's state.
func (m *userMFAStateModel) observe(current mfa.State) {
	m.EffectiveState = types.StringValue(string(current))
	m.State = types.StringValue(string(observed(mfa.State(m.State.ValueString()), current)))
}

// facts are what the state says of the user.
func (m *userMFAStateModel) facts(imported bool) facts {
	return facts{managed: true, imported: imported, was: mfa.State(m.State.ValueString()), current: mfa.State(m.EffectiveState.ValueString())}
}

// managed is the user as one of many.
func (m *userMFAStateModel) managed() managedUsers {
	return managedUsers{{
		key: m.user().Name(), id: m.UserID.ValueString(), wanted: mfa.State(m.State.ValueString()), effective: mfa.State(m.EffectiveState.ValueString()),
	}}
}

// claimed is whom the resource wants, as far as it is known.
func (m *userMFAStateModel) claimed() []claimedPerson {
	id := m.ID.ValueString()
	if id == "" {
		return nil
	}
	return []claimedPerson{{id: id, name: m.user().Name(), wanted: mfa.State(m.State.ValueString())}}
}

// person is what messages call the user: by name, as far as the state knows one.
func (m *userMFAStateModel) person() string {
	if name := m.Name.ValueString(); name != "" {
		return diagnose.ShownPerson(name)
	}
	return m.user().Name()
}
