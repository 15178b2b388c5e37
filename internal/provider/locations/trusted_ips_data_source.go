package locations

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
)

type trustedIPsDataSource struct {
	locationDataSource[trustedIPsDataModel, *trustedIPsDataModel]
}

func newTrustedIPsDataSource() datasource.DataSource {
	return &trustedIPsDataSource{locationDataSource[trustedIPsDataModel, *trustedIPsDataModel]{limits: trustedIPsLimits, kind: ipLocations}}
}

var (
	_ datasource.DataSourceWithConfigure        = (*trustedIPsDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*trustedIPsDataSource)(nil)
)

// trustedIPsDataModel is the data source's schema.
type trustedIPsDataModel struct {
	locationKeys
	IPRanges         []types.String `tfsdk:"ip_ranges"`
	AddressCountIPv4 types.Int64    `tfsdk:"address_count_ipv4"`
	NetworkCountIPv6 types.Int64    `tfsdk:"network_count_ipv6"`
	Trusted          types.Bool     `tfsdk:"trusted"`
}

func (d *trustedIPsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_trusted_ips"
}

func (d *trustedIPsDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Reads one [named location](https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network) of IP ranges, " +
			"such as one that is managed elsewhere and that a policy is to name.",
		Attributes: d.withKeys(map[string]schema.Attribute{
			"ip_ranges": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The ranges of the location in their normal spelling, sorted: IPv4 before IPv6, then by address.",
			},
			"address_count_ipv4": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "How many IPv4 addresses the ranges cover; overlaps count once.",
			},
			"network_count_ipv6": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "How many IPv6 networks of the size /64 the ranges cover; one that is covered in part counts.",
			},
			"trusted": schema.BoolAttribute{
				Computed: true, MarkdownDescription: "Whether Conditional Access trusts the location; made for the condition of a `check` block.",
			},
		}),
		Blocks: map[string]schema.Block{"timeouts": trustedIPsLimits.DataSourceBlock(ctx)},
	}
}

// fill takes over what was read.
func (m *trustedIPsDataModel) fill(location client.NamedLocation) {
	counted := iprange.Cover(iprange.Read(location.Ranges)).Count()
	m.IPRanges = normalRanges(location.Ranges)
	m.AddressCountIPv4 = types.Int64Value(counted.IPv4Addresses)
	m.NetworkCountIPv6 = types.Int64Value(counted.IPv6Networks)
	m.Trusted = types.BoolValue(location.IsTrusted)
}

// normalRanges are the normal spellings of ranges, sorted and each once. What is no range is not among them.
func normalRanges(texts []string) []types.String {
	ranges := iprange.Read(texts)
	slices.SortFunc(ranges, iprange.Range.Compare)
	normal := make([]types.String, 0, len(ranges))
	for _, r := range slices.Compact(ranges) {
		normal = append(normal, types.StringValue(r.String()))
	}
	return normal
}
