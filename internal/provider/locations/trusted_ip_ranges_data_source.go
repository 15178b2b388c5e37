package locations

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

var trustedIPRangesLimits = resourcekit.TimeLimits{TypeName: "entramfa_trusted_ip_ranges", Read: 10 * time.Minute}

type trustedIPRangesDataSource struct {
	resourcekit.DataSource[run, *run]
}

func newTrustedIPRangesDataSource() datasource.DataSource { return &trustedIPRangesDataSource{} }

var _ datasource.DataSourceWithConfigure = (*trustedIPRangesDataSource)(nil)

// trustedIPRangesModel is the data source's schema.
type trustedIPRangesModel struct {
	Locations        []trustedLocationModel `tfsdk:"locations"`
	IPRanges         []types.String         `tfsdk:"ip_ranges"`
	AddressCountIPv4 types.Int64            `tfsdk:"address_count_ipv4"`
	NetworkCountIPv6 types.Int64            `tfsdk:"network_count_ipv6"`

	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// trustedLocationModel is one of its locations.
type trustedLocationModel struct {
	ID               types.String   `tfsdk:"id"`
	DisplayName      types.String   `tfsdk:"display_name"`
	IPRanges         []types.String `tfsdk:"ip_ranges"`
	AddressCountIPv4 types.Int64    `tfsdk:"address_count_ipv4"`
	NetworkCountIPv6 types.Int64    `tfsdk:"network_count_ipv6"`
}

func (d *trustedIPRangesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_trusted_ip_ranges"
}

func (d *trustedIPRangesDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	ranges := schema.ListAttribute{
		Computed: true, ElementType: types.StringType,
		MarkdownDescription: "The ranges of the location in their normal spelling, sorted.",
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Lists everything that Conditional Access trusts in the tenant: all trusted named locations of IP ranges, whether Terraform manages them or not.\n\n" +
			"The trusted IP list of the legacy service settings of per-user MFA is not in it, because it has no API.",
		Attributes: map[string]schema.Attribute{
			"locations": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The trusted locations, sorted by name and then by id.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":                 schema.StringAttribute{Computed: true, MarkdownDescription: "The id of the location, a GUID."},
					"display_name":       schema.StringAttribute{Computed: true, MarkdownDescription: "The name of the location; names are not unique."},
					"ip_ranges":          ranges,
					"address_count_ipv4": schema.Int64Attribute{Computed: true, MarkdownDescription: "How many IPv4 addresses the location covers."},
					"network_count_ipv6": schema.Int64Attribute{
						Computed: true, MarkdownDescription: "How many IPv6 networks of the size /64 the location covers; one that is covered in part counts.",
					},
				}},
			},
			"ip_ranges": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "The ranges of all these locations in their normal spelling, sorted and each once: IPv4 before IPv6, then by address.",
			},
			"address_count_ipv4": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "How many IPv4 addresses the tenant trusts; overlaps count once.",
			},
			"network_count_ipv6": schema.Int64Attribute{
				Computed: true, MarkdownDescription: "How many IPv6 networks of the size /64 the tenant trusts; one that is covered in part counts.",
			},
		},
		Blocks: map[string]schema.Block{"timeouts": trustedIPRangesLimits.DataSourceBlock(ctx)},
	}
}

func (d *trustedIPRangesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config trustedIPRangesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() || !d.Data.Configured(&resp.Diagnostics) {
		return
	}
	ctx, end := trustedIPRangesLimits.Within(ctx, resourcekit.Read, config.Timeouts.Object)
	defer end()
	locations, err := d.Data.locations.all(ctx)
	if err != nil {
		diagnose.Error(&resp.Diagnostics, err)
		return
	}
	model := newTrustedIPRangesModel(locations)
	model.Timeouts = config.Timeouts
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// newTrustedIPRangesModel is what is trusted of a tenant's locations.
func newTrustedIPRangesModel(locations []client.NamedLocation) *trustedIPRangesModel {
	m := &trustedIPRangesModel{Locations: []trustedLocationModel{}}
	var all []string
	for _, location := range locations {
		if !location.IsTrusted || !location.IsIP() {
			continue
		}
		var one trustedIPsDataModel
		one.fill(location)
		m.Locations = append(m.Locations, trustedLocationModel{
			ID: types.StringValue(location.ID), DisplayName: types.StringValue(location.DisplayName), IPRanges: one.IPRanges,
			AddressCountIPv4: one.AddressCountIPv4, NetworkCountIPv6: one.NetworkCountIPv6,
		})
		all = append(all, location.Ranges...)
	}
	slices.SortFunc(m.Locations, func(a, b trustedLocationModel) int {
		return cmp.Or(cmp.Compare(a.DisplayName.ValueString(), b.DisplayName.ValueString()), cmp.Compare(a.ID.ValueString(), b.ID.ValueString()))
	})
	counted := iprange.Cover(iprange.Read(all)).Count()
	m.IPRanges = normalRanges(all)
	m.AddressCountIPv4, m.NetworkCountIPv6 = types.Int64Value(counted.IPv4Addresses), types.Int64Value(counted.IPv6Networks)
	return m
}
