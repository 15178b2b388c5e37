package policies

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
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

type strengthDataSource struct {
	resourcekit.DataSource[run, *run]
}

func newStrengthDataSource() datasource.DataSource { return &strengthDataSource{} }

var _ datasource.DataSourceWithConfigValidators = (*strengthDataSource)(nil)

// strengthDataModel is the schema of the data source.
type strengthDataModel struct {
	ID                    types.String `tfsdk:"id"`
	DisplayName           types.String `tfsdk:"display_name"`
	Description           types.String `tfsdk:"description"`
	PolicyType            types.String `tfsdk:"policy_type"`
	RequirementsSatisfied types.String `tfsdk:"requirements_satisfied"`
	AllowedCombinations   types.Set    `tfsdk:"allowed_combinations"`
	Configurations        types.Object `tfsdk:"combination_configurations"`
}

func newStrengthData(strength client.AuthenticationStrength) strengthDataModel {
	read := &strengthModel{}
	read.refresh(strength)
	return strengthDataModel{
		ID: read.ID, DisplayName: read.DisplayName, Description: read.Description, PolicyType: value.NullIfEmpty(strength.PolicyType),
		RequirementsSatisfied: read.RequirementsSatisfied, AllowedCombinations: read.AllowedCombinations, Configurations: read.Configurations,
	}
}

// strengthDataAttributes are the attributes of a strength in a data source.
func strengthDataAttributes() map[string]schema.Attribute {
	set := func(description string) schema.Attribute {
		return schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: description}
	}
	kinds := map[string]schema.Attribute{}
	for _, kind := range configurationKinds {
		attributes := map[string]schema.Attribute{appliesTo: set("The combinations that are limited.")}
		for name, list := range kind.lists {
			attributes[name] = set(list.description)
		}
		kinds[kind.name] = schema.SetNestedAttribute{Computed: true, MarkdownDescription: kind.description, NestedObject: schema.NestedAttributeObject{Attributes: attributes}}
	}
	return map[string]schema.Attribute{
		"id":                         schema.StringAttribute{Computed: true, MarkdownDescription: "The id of the strength, a GUID."},
		"display_name":               schema.StringAttribute{Computed: true, MarkdownDescription: "The name of the strength."},
		"description":                schema.StringAttribute{Computed: true, MarkdownDescription: "What the strength is for."},
		"policy_type":                schema.StringAttribute{Computed: true, MarkdownDescription: "`builtIn` for Microsoft's strengths, `custom` for those of the tenant."},
		"requirements_satisfied":     schema.StringAttribute{Computed: true, MarkdownDescription: describeSatisfied},
		"allowed_combinations":       set(describeCombinations),
		"combination_configurations": schema.SingleNestedAttribute{Computed: true, MarkdownDescription: describeConfigurations, Attributes: kinds},
	}
}

// strengthDataType is the type of a strength in the data source of all of them.
func strengthDataType() types.ObjectType {
	set := types.SetType{ElemType: types.StringType}
	return types.ObjectType{AttrTypes: map[string]attr.Type{
		"id": types.StringType, "display_name": types.StringType, "description": types.StringType, "policy_type": types.StringType, "requirements_satisfied": types.StringType,
		"allowed_combinations": set, "combination_configurations": types.ObjectType{AttrTypes: configurationTypes()},
	}}
}

func (d *strengthDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_authentication_strength_policy"
}

func (d *strengthDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := strengthDataAttributes()
	attributes["id"] = schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: "The id of the strength, a GUID. Exactly one of `id` and `display_name`.", Validators: []validator.String{value.GUIDValidator()},
	}
	attributes["display_name"] = schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: "The name of the strength, compared without case. Microsoft can rename a built-in strength; its id stays.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads an authentication strength, built-in or custom, by its id or its name.", Attributes: attributes,
		Blocks: map[string]schema.Block{"timeouts": strengthLimits.DataSourceBlock(ctx)},
	}
}

func (d *strengthDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return resourcekit.IDOrDisplayName()
}

func (d *strengthDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config struct {
		strengthDataModel
		Timeouts timeouts.Value `tfsdk:"timeouts"`
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := strengthLimits.Within(ctx, resourcekit.Read, config.Timeouts.Object)
	defer end()
	key, at := resourcekit.ChosenKey(config.ID, config.DisplayName)
	if strength, ok := d.Data.oneStrength(ctx, key, at, &resp.Diagnostics); ok {
		data := newStrengthData(strength)
		if !config.ID.IsNull() {
			data.ID = config.ID
		} else {
			data.DisplayName = config.DisplayName
		}
		config.strengthDataModel = data
		resp.Diagnostics.Append(resp.State.Set(ctx, config)...)
	}
}

type strengthsDataSource struct {
	resourcekit.DataSource[run, *run]
}

func newStrengthsDataSource() datasource.DataSource { return &strengthsDataSource{} }

func (d *strengthsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_authentication_strength_policies"
}

func (d *strengthsDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads the authentication strengths of the tenant, the built-in ones included.",
		Attributes: map[string]schema.Attribute{
			"policy_type": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The type of the strengths: `builtIn` or `custom`. Default: both.", Validators: []validator.String{stringvalidator.OneOf("builtIn", "custom")},
			},
			"policies": schema.MapNestedAttribute{
				Computed: true, MarkdownDescription: "The strengths, by their ids.", NestedObject: schema.NestedAttributeObject{Attributes: strengthDataAttributes()},
			},
		},
		Blocks: map[string]schema.Block{"timeouts": strengthLimits.DataSourceBlock(ctx)},
	}
}

func (d *strengthsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config struct {
		PolicyType types.String   `tfsdk:"policy_type"`
		Policies   types.Map      `tfsdk:"policies"`
		Timeouts   timeouts.Value `tfsdk:"timeouts"`
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := strengthLimits.Within(ctx, resourcekit.Read, config.Timeouts.Object)
	defer end()
	all, err := d.Data.strengths.All(ctx)
	if err != nil {
		diagnose.Error(&resp.Diagnostics, err)
		return
	}
	found := map[string]strengthDataModel{}
	for _, strength := range all {
		if config.PolicyType.IsNull() || config.PolicyType.ValueString() == strength.PolicyType {
			found[strength.ID] = newStrengthData(strength)
		}
	}
	policies, problems := types.MapValueFrom(ctx, strengthDataType(), found)
	resp.Diagnostics.Append(problems...)
	config.Policies = policies
	resp.Diagnostics.Append(resp.State.Set(ctx, config)...)
}
