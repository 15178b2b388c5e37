package locations

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

type ipRangesCoverFunction struct{}

func newIPRangesCoverFunction() function.Function { return ipRangesCoverFunction{} }

func (ipRangesCoverFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "ip_ranges_cover"
}

func (ipRangesCoverFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Tells whether IP ranges cover an address or a whole range.",
		MarkdownDescription: "Tells whether IP ranges together cover an address or the whole of another range. For a check that the addresses your VPN sends from are " +
			"trusted, or that a range of somebody else's is not.\n\n" + rangesNote,
		Parameters: []function.Parameter{
			rangesParameter(),
			function.StringParameter{Name: "address_or_range", MarkdownDescription: "The address, or the range of which every address has to be covered."},
		},
		Return: function.BoolReturn{},
	}
}

func (ipRangesCoverFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var (
		texts  []types.String
		wanted string
	)
	if resp.Error = req.Arguments.Get(ctx, &texts, &wanted); resp.Error != nil {
		return
	}
	ranges, mistake := rangesArgument(texts)
	if resp.Error = mistake; mistake != nil {
		return
	}
	one, err := value.ReadAnyRange(wanted)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(1, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, iprange.Cover(ranges).Contains(one))
}
