package policies

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// computed is the node as an attribute of a data source's schema.
func (n node) computed() schema.Attribute {
	description := n.describe()
	switch n.kind {
	case object:
		attributes := map[string]schema.Attribute{}
		for _, child := range n.children {
			attributes[child.name] = child.computed()
		}
		return schema.SingleNestedAttribute{Computed: true, MarkdownDescription: description, Attributes: attributes}
	case set, flags:
		return schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: description}
	case boolean:
		return schema.BoolAttribute{Computed: true, MarkdownDescription: description}
	case number:
		return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
	case text:
	}
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

type policyDataSource struct {
	resourcekit.DataSource[run, *run]
}

func newPolicyDataSource() datasource.DataSource { return &policyDataSource{} }

var _ datasource.DataSourceWithConfigValidators = (*policyDataSource)(nil)

// policyDataModel is a policy in a data source.
type policyDataModel struct {
	ID              types.String `tfsdk:"id"`
	DisplayName     types.String `tfsdk:"display_name"`
	Description     types.String `tfsdk:"description"`
	State           types.String `tfsdk:"state"`
	TemplateID      types.String `tfsdk:"template_id"`
	RequiresMFA     types.Bool   `tfsdk:"requires_mfa"`
	Conditions      types.Object `tfsdk:"conditions"`
	GrantControls   types.Object `tfsdk:"grant_controls"`
	SessionControls types.Object `tfsdk:"session_controls"`
}

// onePolicyModel is the schema of the data source of one policy.
type onePolicyModel struct {
	policyDataModel
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func newPolicyData(policy client.ConditionalAccessPolicy) policyDataModel {
	read := &policyModel{}
	read.refresh(policy)
	return policyDataModel{
		ID: read.ID, DisplayName: read.DisplayName, Description: read.Description, State: read.State, TemplateID: value.NullIfEmpty(policy.TemplateID),
		RequiresMFA: types.BoolValue(policy.RequiresMFA()), Conditions: read.Conditions, GrantControls: read.GrantControls, SessionControls: read.SessionControls,
	}
}

// policyDataAttributes are the attributes of a policy in a data source.
func policyDataAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"id":           schema.StringAttribute{Computed: true, MarkdownDescription: "The id of the policy, a GUID."},
		"display_name": schema.StringAttribute{Computed: true, MarkdownDescription: "The name of the policy."},
		"description":  schema.StringAttribute{Computed: true, MarkdownDescription: "What the policy is for."},
		"state":        schema.StringAttribute{Computed: true, MarkdownDescription: "`enabled`, `disabled` or `enabledForReportingButNotEnforced`."},
		"template_id":  schema.StringAttribute{Computed: true, MarkdownDescription: "The id of Microsoft's template that the policy was made from."},
		"requires_mfa": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the policy requires MFA or an authentication strength, without another control in its place. It says nothing about its state, nor about whom it applies to."},
	}
	for _, top := range tree {
		attributes[top.name] = top.computed()
	}
	return attributes
}

// policyDataType is the type of a policy in the data source of all of them.
func policyDataType() types.ObjectType {
	all := map[string]attr.Type{
		"id": types.StringType, "display_name": types.StringType, "description": types.StringType, "state": types.StringType, "template_id": types.StringType,
		"requires_mfa": types.BoolType,
	}
	for _, top := range tree {
		all[top.name] = top.typ()
	}
	return types.ObjectType{AttrTypes: all}
}

func (d *policyDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_conditional_access_policy"
}

func (d *policyDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := policyDataAttributes()
	attributes["id"] = schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: "The id of the policy, a GUID. Exactly one of `id` and `display_name`.", Validators: []validator.String{value.GUIDValidator()},
	}
	attributes["display_name"] = schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: "The name of the policy, compared without case. A name that several policies have is an error.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads a Conditional Access policy by its id or its name.", Attributes: attributes,
		Blocks: map[string]schema.Block{"timeouts": policyLimits.DataSourceBlock(ctx)},
	}
}

func (d *policyDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return resourcekit.IDOrDisplayName()
}

func (d *policyDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config onePolicyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := policyLimits.Within(ctx, resourcekit.Read, config.Timeouts.Object)
	defer end()
	key, at := resourcekit.ChosenKey(config.ID, config.DisplayName)
	if policy, ok := d.Data.one(ctx, key, at, &resp.Diagnostics); ok {
		data := onePolicyModel{policyDataModel: newPolicyData(policy), Timeouts: config.Timeouts}
		if !config.ID.IsNull() {
			data.ID = config.ID
		} else {
			data.DisplayName = config.DisplayName
		}
		resp.Diagnostics.Append(resp.State.Set(ctx, data)...)
	}
}

type policiesDataSource struct {
	resourcekit.DataSource[run, *run]
}

func newPoliciesDataSource() datasource.DataSource { return &policiesDataSource{} }

// policiesDataModel is the schema of the data source of all policies.
type policiesDataModel struct {
	policyFilter
	Policies types.Map      `tfsdk:"policies"`
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (d *policiesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_conditional_access_policies"
}

func (d *policiesDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the Conditional Access policies of the tenant, all of them or those that filters choose.",
		Blocks:              map[string]schema.Block{"timeouts": policyLimits.DataSourceBlock(ctx)},
		Attributes: map[string]schema.Attribute{
			"display_name_contains": schema.StringAttribute{Optional: true, MarkdownDescription: describeNameContains},
			"state":                 schema.StringAttribute{Optional: true, MarkdownDescription: describeState, Validators: stateValidators()},
			"requires_mfa":          schema.BoolAttribute{Optional: true, MarkdownDescription: describeRequiresMFA},
			"policies": schema.MapNestedAttribute{
				Computed: true, MarkdownDescription: "The policies, by their ids.", NestedObject: schema.NestedAttributeObject{Attributes: policyDataAttributes()},
			},
		},
	}
}

func (d *policiesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config policiesDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := policyLimits.Within(ctx, resourcekit.Read, config.Timeouts.Object)
	defer end()
	all, err := d.Data.policies.All(ctx)
	if err != nil {
		diagnose.Error(&resp.Diagnostics, err)
		return
	}
	found := map[string]policyDataModel{}
	for _, policy := range all {
		if config.wants(policy) {
			found[policy.ID] = newPolicyData(policy)
		}
	}
	policies, problems := types.MapValueFrom(ctx, policyDataType(), found)
	resp.Diagnostics.Append(problems...)
	config.Policies = policies
	resp.Diagnostics.Append(resp.State.Set(ctx, config)...)
}
