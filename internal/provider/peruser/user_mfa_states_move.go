package peruser

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

var (
	_ resource.ResourceWithMoveState = (*userMFAStateResource)(nil)
	_ resource.ResourceWithMoveState = (*userMFAStatesResource)(nil)
)

// MoveState takes over a single user, so that a resource of one user becomes the map without a write.
func (r *userMFAStatesResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{SourceSchema: movedUserSchema(), StateMover: moveUserIntoMap}}
}

// MoveState takes over a map that has one user left.
func (r *userMFAStateResource) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{SourceSchema: movedUsersSchema(), StateMover: moveUserOutOfMap}}
}

// movedUserSchema and movedUsersSchema are what a move needs of a state. Attributes that are not named here are left out of what is read.
func movedUserSchema() *schema.Schema {
	return &schema.Schema{Attributes: map[string]schema.Attribute{
		"user_id":             schema.StringAttribute{Computed: true},
		"name":                schema.StringAttribute{Computed: true},
		"user_principal_name": schema.StringAttribute{Computed: true},
		"state":               schema.StringAttribute{Required: true},
		"effective_state":     schema.StringAttribute{Computed: true},
		"allow_promotion":     schema.BoolAttribute{Computed: true},
		"on_destroy":          schema.StringAttribute{Computed: true},
	}}
}

func movedUsersSchema() *schema.Schema {
	return &schema.Schema{Attributes: map[string]schema.Attribute{
		"users":            schema.MapAttribute{Required: true, ElementType: types.StringType},
		"effective_states": schema.MapAttribute{Computed: true, ElementType: types.StringType},
		"user_ids":         schema.MapAttribute{Computed: true, ElementType: types.StringType},
		"names":            schema.MapAttribute{Computed: true, ElementType: types.StringType},
		"allow_promotion":  schema.BoolAttribute{Computed: true},
		"on_destroy":       schema.StringAttribute{Computed: true},
	}}
}

func moveUserIntoMap(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if req.SourceTypeName != typeUserMFAState || !resourcekit.FromThisProvider(req.SourceProviderAddress) || req.SourceState == nil {
		return
	}
	var source struct {
		UserID            types.String `tfsdk:"user_id"`
		Name              types.String `tfsdk:"name"`
		UserPrincipalName types.String `tfsdk:"user_principal_name"`
		State             types.String `tfsdk:"state"`
		EffectiveState    types.String `tfsdk:"effective_state"`
		AllowPromotion    types.Bool   `tfsdk:"allow_promotion"`
		OnDestroy         types.String `tfsdk:"on_destroy"`
	}
	resp.Diagnostics.Append(req.SourceState.Get(ctx, &source)...)
	if resp.Diagnostics.HasError() {
		return
	}
	user := managedUser{
		key: source.UserPrincipalName.ValueString(), id: source.UserID.ValueString(),
		wanted: mfa.State(source.State.ValueString()), effective: mfa.State(source.EffectiveState.ValueString()),
	}
	if user.key == "" {
		user.key, user.name = user.id, source.Name.ValueString()
	}
	moved := &userMFAStatesModel{
		ID: types.StringValue(uuid.NewString()), AllowPromotion: source.AllowPromotion, OnDestroy: source.OnDestroy, Timeouts: resourcekit.NoTimeouts(),
	}
	moved.setManaged(managedUsers{user})
	resourcekit.PublishMove(ctx, resp, moved)
	resourcekit.MoveTenant(ctx, req.SourcePrivate, resp.TargetPrivate, &resp.Diagnostics)
}

func moveUserOutOfMap(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
	if req.SourceTypeName != typeUserMFAStates || !resourcekit.FromThisProvider(req.SourceProviderAddress) || req.SourceState == nil {
		return
	}
	var source struct {
		Users           types.Map    `tfsdk:"users"`
		EffectiveStates types.Map    `tfsdk:"effective_states"`
		UserIDs         types.Map    `tfsdk:"user_ids"`
		Names           types.Map    `tfsdk:"names"`
		AllowPromotion  types.Bool   `tfsdk:"allow_promotion"`
		OnDestroy       types.String `tfsdk:"on_destroy"`
	}
	resp.Diagnostics.Append(req.SourceState.Get(ctx, &source)...)
	if resp.Diagnostics.HasError() {
		return
	}
	from := userMFAStatesModel{Users: source.Users, EffectiveStates: source.EffectiveStates, UserIDs: source.UserIDs, Names: source.Names}
	users := from.managed()
	if len(users) != 1 {
		resp.Diagnostics.AddError(fmt.Sprintf("A resource of %s cannot be moved to %s", diagnose.Counted(len(users), "user"), typeUserMFAState),
			fmt.Sprintf("%s manages one user, and a moved block moves one object. Nothing was changed.\n\nRemove the moved block. Let the old resource leave the state with a removed "+
				"block that has lifecycle { destroy = false }, and write a resource for each user in the same change: they are adopted as they are.", typeUserMFAState))
		return
	}
	user := users[0]
	moved := newUserMFAStateModel(user.user())
	moved.AllowPromotion, moved.OnDestroy = source.AllowPromotion, source.OnDestroy
	moved.State, moved.EffectiveState = value.NullIfEmpty(string(user.wanted)), value.NullIfEmpty(string(user.effective))
	resourcekit.PublishMove(ctx, resp, moved)
	resourcekit.MoveTenant(ctx, req.SourcePrivate, resp.TargetPrivate, &resp.Diagnostics)
}
