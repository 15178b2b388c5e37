package campaign

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

type registrationPolicyDataSource struct {
	resourcekit.DataSource[run, *run]
}

func newRegistrationPolicyDataSource() datasource.DataSource { return &registrationPolicyDataSource{} }

var _ datasource.DataSourceWithConfigure = (*registrationPolicyDataSource)(nil)

// registrationPolicyDataModel is the data source's schema.
type registrationPolicyDataModel struct {
	ID                              types.String `tfsdk:"id"`
	State                           types.String `tfsdk:"state"`
	Include                         types.Object `tfsdk:"include"`
	Exclude                         types.Object `tfsdk:"exclude"`
	AuthenticationMethod            types.String `tfsdk:"authentication_method"`
	SnoozeDays                      types.Int64  `tfsdk:"snooze_days"`
	RequireRegistrationAfterSnoozes types.Bool   `tfsdk:"require_registration_after_snoozes"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (d *registrationPolicyDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_registration_policy"
}

func (d *registrationPolicyDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	scope := func(who string) map[string]schema.Attribute {
		return map[string]schema.Attribute{
			"all_users": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether all users are " + who + "."},
			"user_ids": schema.SetAttribute{
				Computed: true, ElementType: types.StringType, MarkdownDescription: "Object ids of users who are " + who + ".",
			},
			"group_ids": schema.SetAttribute{
				Computed: true, ElementType: types.StringType, MarkdownDescription: "Object ids of groups whose members are " + who + ".",
			},
		}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the tenant's " +
			"[registration campaign](https://learn.microsoft.com/entra/identity/authentication/how-to-mfa-registration-campaign): " +
			"who is asked to register an authentication method when they sign in.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{
				Computed: true, MarkdownDescription: "The id of the tenant's one authentication methods policy, `" + registrationPolicyID + "`.",
			},
			"state": schema.StringAttribute{
				Computed: true, MarkdownDescription: "`enabled`, `disabled`, `microsoft_managed`, or one that Microsoft has added since.",
			},
			"include": schema.SingleNestedAttribute{Computed: true, MarkdownDescription: "Who is asked.", Attributes: scope("asked")},
			"exclude": schema.SingleNestedAttribute{
				Computed: true, MarkdownDescription: "Who is not asked although included.", Attributes: scope("excluded"),
			},
			"authentication_method": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The method to register, as the service spells it; compare without case. Null where nobody is included.",
			},
			"snooze_days": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "After how many days a person who put it off is asked again; 0 is at every sign-in with MFA.",
			},
			"require_registration_after_snoozes": schema.BoolAttribute{
				Computed: true, MarkdownDescription: "Whether a person who has put it off three times has to register. Null in a cloud that does not say.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": registrationPolicyLimits.DataSourceBlock(ctx)},
	}
}

func (d *registrationPolicyDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model registrationPolicyDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := registrationPolicyLimits.Within(ctx, resourcekit.Read, model.Timeouts.Object)
	defer end()
	campaign, err := d.Data.Client.GetRegistrationCampaign(ctx)
	if err != nil {
		addCampaignError(&resp.Diagnostics, err)
		return
	}
	model.fill(campaign)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// fill takes over what was read.
func (m *registrationPolicyDataModel) fill(campaign client.RegistrationCampaign) {
	read := newRegistrationPolicyModel()
	read.refresh(campaign)
	m.ID, m.State, m.AuthenticationMethod = read.ID, read.State, read.AuthenticationMethod
	m.RequireRegistrationAfterSnoozes = read.RequireRegistrationAfterSnoozes
	if campaign.SnoozeDays != nil {
		m.SnoozeDays = types.Int64Value(int64(*campaign.SnoozeDays))
	}
	// Who reads the lists wants lists.
	m.Include, m.Exclude = wholeScope(campaign.Include), wholeScope(campaign.Exclude)
}

// wholeScope has no null in it.
func wholeScope(targets []client.CampaignTarget) types.Object {
	scope := campaignScope{AllUsers: types.BoolNull()}.refresh(targets)
	scope.AllUsers = types.BoolValue(scope.AllUsers.ValueBool())
	for _, ids := range []*types.Set{&scope.UserIDs, &scope.GroupIDs} {
		if ids.IsNull() {
			*ids = types.SetValueMust(types.StringType, []attr.Value{})
		}
	}
	return scope.object()
}
