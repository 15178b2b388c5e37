package locations

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

type countryLocationDataSource struct {
	locationDataSource[countryLocationDataModel, *countryLocationDataModel]
}

func newCountryLocationDataSource() datasource.DataSource {
	return &countryLocationDataSource{locationDataSource[countryLocationDataModel, *countryLocationDataModel]{limits: countryLocationLimits, kind: countryLocations}}
}

var (
	_ datasource.DataSourceWithConfigure        = (*countryLocationDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*countryLocationDataSource)(nil)
)

// countryLocationDataModel is the data source's schema.
type countryLocationDataModel struct {
	locationKeys
	Countries      types.Set    `tfsdk:"countries"`
	CountryNames   types.Map    `tfsdk:"country_names"`
	IncludeUnknown types.Bool   `tfsdk:"include_unknown"`
	Lookup         types.String `tfsdk:"lookup"`
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

// fill takes over what was read.
func (m *countryLocationDataModel) fill(location client.NamedLocation) {
	var found countryLocationModel
	found.refresh(location)
	m.Countries, m.CountryNames, m.IncludeUnknown, m.Lookup = found.Countries, found.CountryNames, found.IncludeUnknown, found.Lookup
}
