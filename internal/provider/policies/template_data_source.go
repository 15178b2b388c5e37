package policies

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

var templateLimits = resourcekit.TimeLimits{TypeName: "entramfa_conditional_access_template", Read: 10 * time.Minute}

type templateDataSource struct {
	resourcekit.DataSource[run, *run]
}

func newTemplateDataSource() datasource.DataSource { return &templateDataSource{} }

// templateDataModel is the schema of the data source.
type templateDataModel struct {
	ID              types.String `tfsdk:"id"`
	Name            types.String `tfsdk:"name"`
	Description     types.String `tfsdk:"description"`
	Scenarios       types.Set    `tfsdk:"scenarios"`
	Conditions      types.Object `tfsdk:"conditions"`
	GrantControls   types.Object `tfsdk:"grant_controls"`
	SessionControls types.Object `tfsdk:"session_controls"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (d *templateDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_conditional_access_template"
}

func (d *templateDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Required: true, MarkdownDescription: "The id of the template, a GUID, which is the same in every tenant.", Validators: []validator.String{value.GUIDValidator()},
		},
		"name":        schema.StringAttribute{Computed: true, MarkdownDescription: "The name of the template, in the language that the service answers in. It is no key."},
		"description": schema.StringAttribute{Computed: true, MarkdownDescription: "What the template is for, in the same language."},
		"scenarios":   schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "What Microsoft recommends the template for, such as `zeroTrust` or `protectAdmins`."},
	}
	for _, top := range tree {
		attributes[top.name] = top.computed()
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads a template of [Microsoft's library of Conditional Access policies](https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-policy-common), " +
			"to compare a policy with it or to begin with it.\n\n" +
			"A template excludes the administrator who uses it in Microsoft Entra, by a sentence in place of an id. It is left out: exclude your emergency access accounts yourself.",
		Attributes: attributes,
		Blocks:     map[string]schema.Block{"timeouts": templateLimits.DataSourceBlock(ctx)},
	}
}

func (d *templateDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config templateDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := templateLimits.Within(ctx, resourcekit.Read, config.Timeouts.Object)
	defer end()
	at, id := tfpath.Root("id"), config.ID.ValueString()
	template, err := d.Data.Client.GetConditionalAccessTemplate(ctx, id)
	switch {
	case client.IsNotFound(err):
		resp.Diagnostics.AddAttributeError(at, fmt.Sprintf("Conditional Access template %s not found", id),
			"Microsoft's library has no template with this id. The ids of the templates are not those of policies that were made from them: take the value of template_id of such a policy.")
		return
	case err != nil:
		diagnose.AttributeError(&resp.Diagnostics, at, err)
		return
	}
	config.Name, config.Description, config.Scenarios = value.NullIfEmpty(template.Name), value.NullIfEmpty(template.Description), types.SetNull(types.StringType)
	if template.Scenarios != "" {
		scenarios := strings.Split(template.Scenarios, ",")
		for i := range scenarios {
			scenarios[i] = strings.TrimSpace(scenarios[i])
		}
		config.Scenarios = setOfTexts(scenarios)
	}
	parts := map[string]*types.Object{conditionsNode.name: &config.Conditions, grantNode.name: &config.GrantControls, sessionNode.name: &config.SessionControls}
	for _, top := range tree {
		if object, ok := top.read(template.Details).(types.Object); ok {
			*parts[top.name] = object
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, config)...)
}
