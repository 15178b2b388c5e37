package locations

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

type countryLocationDataSource struct{ locationDataSource }

func newCountryLocationDataSource() datasource.DataSource {
	return &countryLocationDataSource{locationDataSource{kind: countryLocations}}
}

var (
	_ datasource.DataSourceWithConfigure        = (*countryLocationDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*countryLocationDataSource)(nil)
)

// countryLocationDataModel is the data source's schema.
type countryLocationDataModel struct {
	ID             types.String `tfsdk:"id"`
	DisplayName    types.String `tfsdk:"display_name"`
	Countries      types.Set    `tfsdk:"countries"`
	CountryNames   types.Map    `tfsdk:"country_names"`
	IncludeUnknown types.Bool   `tfsdk:"include_unknown"`
	Lookup         types.String `tfsdk:"lookup"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func (d *countryLocationDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_country_location"
}

func (d *countryLocationDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one [named location](https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network) of countries, " +
			"such as one that is managed elsewhere and that a policy is to name.",
		Attributes: d.withKeys(map[string]schema.Attribute{
			"countries": schema.SetAttribute{
				Computed: true, ElementType: types.StringType, MarkdownDescription: "The countries and regions, as two-letter codes of ISO 3166-1.",
			},
			"country_names": schema.MapAttribute{
				Computed: true, ElementType: types.StringType, MarkdownDescription: "The English name of each country, by its code.",
			},
			"include_unknown": schema.BoolAttribute{
				Computed: true, MarkdownDescription: "Whether sign-ins whose country is not known belong to the location.",
			},
			"lookup": schema.StringAttribute{
				Computed: true, MarkdownDescription: "How the country of a sign-in is found: `client_ip_address` or `authenticator_app_gps`.",
			},
		}),
		Blocks: map[string]schema.Block{"timeouts": countryLocationLimits.DataSourceBlock(ctx)},
	}
}

func (d *countryLocationDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model countryLocationDataModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := countryLocationLimits.Within(ctx, resourcekit.Read, model.Timeouts.Object)
	defer end()
	location := d.find(ctx, model.ID, model.DisplayName, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	var found countryLocationModel
	found.refresh(location)
	model.ID, model.DisplayName = value.KeepSpelling(model.ID, location.ID), value.KeepSpelling(model.DisplayName, location.DisplayName)
	model.Countries, model.CountryNames = found.Countries, found.CountryNames
	model.IncludeUnknown, model.Lookup = found.IncludeUnknown, found.Lookup
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
