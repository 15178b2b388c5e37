package peruser

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

type userMFAStateDataSource struct {
	resourcekit.DataSource[run, *run]
}

func newUserMFAStateDataSource() datasource.DataSource { return &userMFAStateDataSource{} }

var (
	_ datasource.DataSourceWithConfigure        = (*userMFAStateDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*userMFAStateDataSource)(nil)
)

// userMFAStateDataModel is the data source's schema.
type userMFAStateDataModel struct {
	ID                types.String `tfsdk:"id"`
	Name              types.String `tfsdk:"name"`
	UserID            types.String `tfsdk:"user_id"`
	UserPrincipalName types.String `tfsdk:"user_principal_name"`
	DisplayName       types.String `tfsdk:"display_name"`
	UserType          types.String `tfsdk:"user_type"`
	AccountEnabled    types.Bool   `tfsdk:"account_enabled"`
	ExpectedState     types.String `tfsdk:"expected_state"`
	State             types.String `tfsdk:"state"`
	Satisfied         types.Bool   `tfsdk:"satisfied"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (d *userMFAStateDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_user_mfa_state"
}

func (d *userMFAStateDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the [per-user MFA state](https://learn.microsoft.com/entra/identity/authentication/howto-mfa-userstates) of one user.\n\n" +
			"A user whose MFA comes from Conditional Access or security defaults only is `disabled` here; this says nothing about those.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The object id of the user."},
			"name": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The display name of the user with the user principal name, `Adele Vance (adele.vance@contoso.com)`, for messages.",
			},
			"user_id": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The object id of the user, a GUID. Exactly one of `user_id` and `user_principal_name` must be set; the other is computed.",
				Validators:          []validator.String{value.GUIDValidator()},
			},
			"user_principal_name": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The user principal name of the user. Exactly one of `user_id` and `user_principal_name` must be set; the other is computed.",
				Validators:          []validator.String{value.UserPrincipalNameValidator()},
			},
			"display_name":    schema.StringAttribute{Computed: true, MarkdownDescription: "The display name of the user."},
			"user_type":       schema.StringAttribute{Computed: true, MarkdownDescription: "`Member` or `Guest`."},
			"account_enabled": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the account can sign in at all."},
			"expected_state": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The state against which `satisfied` is judged: `disabled`, `enabled` or `enforced`. Default `enabled`, " +
					"which `enforced` satisfies.",
				Validators: []validator.String{mfaStateValidator()},
			},
			"state": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The per-user MFA state that the service has: `disabled`, `enabled` or `enforced`.",
			},
			"satisfied": schema.BoolAttribute{
				Computed: true, MarkdownDescription: "Whether `state` satisfies `expected_state`; made for the condition of a `check` block.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": userMFAStateLimits.DataSourceBlock(ctx)},
	}
}

func (d *userMFAStateDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{
		datasourcevalidator.ExactlyOneOf(path.MatchRoot("user_id"), path.MatchRoot("user_principal_name")),
	}
}

func (d *userMFAStateDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model userMFAStateDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := userMFAStateLimits.Within(ctx, resourcekit.Read, model.Timeouts.Object)
	defer end()
	key, at := model.UserID, path.Root("user_id")
	if key.IsNull() {
		key, at = model.UserPrincipalName, path.Root("user_principal_name")
	}
	patience := d.Data.Client.Consistency().Missing
	user, err := d.Data.Client.FindUser(ctx, key.ValueString(), patience)
	if err != nil {
		addUserError(&resp.Diagnostics, at, key.ValueString(), err)
		return
	}
	state, err := d.Data.Client.FindUserMFAState(ctx, user, patience)
	if err != nil {
		diagnose.AttributeError(&resp.Diagnostics, at, err)
		return
	}
	model.fill(user, state)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// fill takes over what was read.
func (m *userMFAStateDataModel) fill(user client.User, state mfa.State) {
	expected := mfa.Enabled
	if !m.ExpectedState.IsNull() {
		expected = mfa.State(m.ExpectedState.ValueString())
	}
	m.ID = types.StringValue(user.ID)
	m.Name = types.StringValue(diagnose.Person(user))
	m.UserID = value.KeepSpelling(m.UserID, user.ID)
	m.UserPrincipalName = value.KeepSpelling(m.UserPrincipalName, user.UserPrincipalName)
	m.DisplayName = types.StringValue(user.DisplayName)
	m.UserType = types.StringValue(user.UserType)
	m.AccountEnabled = types.BoolPointerValue(user.AccountEnabled)
	m.State = types.StringValue(string(state))
	m.Satisfied = types.BoolValue(state.Satisfies(expected))
}
