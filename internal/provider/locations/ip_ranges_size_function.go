package locations

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
)

type ipRangesSizeFunction struct{}

func newIPRangesSizeFunction() function.Function { return ipRangesSizeFunction{} }

// ipRangesSize is the function's result.
type ipRangesSize struct {
	AddressCountIPv4 int64 `tfsdk:"address_count_ipv4"`
	NetworkCountIPv6 int64 `tfsdk:"network_count_ipv6"`
}

func (ipRangesSizeFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "ip_ranges_size"
}

func (ipRangesSizeFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Counts what IP ranges cover together.",
		MarkdownDescription: "Counts what IP ranges cover together, as `entramfa_trusted_ips` does, so that the validation of a variable can bound it. Overlaps " +
			"count once. The result has\n\n" +
			"- `address_count_ipv4`, the number of IPv4 addresses,\n" +
			"- `network_count_ipv6`, the number of IPv6 networks of the size /64; one that is covered in part counts.\n\n" + rangesNote,
		Parameters: []function.Parameter{rangesParameter()},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"address_count_ipv4": types.Int64Type, "network_count_ipv6": types.Int64Type,
		}},
	}
}

func (ipRangesSizeFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var texts []types.String
	if resp.Error = req.Arguments.Get(ctx, &texts); resp.Error != nil {
		return
	}
	ranges, err := rangesArgument(texts)
	if resp.Error = err; err != nil {
		return
	}
	count := iprange.Cover(ranges).Count()
	resp.Error = resp.Result.Set(ctx, ipRangesSize{AddressCountIPv4: count.IPv4Addresses, NetworkCountIPv6: count.IPv6Networks})
}
