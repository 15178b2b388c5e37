package locations

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

type normalizeIPRangesFunction struct{}

func newNormalizeIPRangesFunction() function.Function { return normalizeIPRangesFunction{} }

func (normalizeIPRangesFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "normalize_ip_ranges"
}

func (normalizeIPRangesFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Writes IP ranges in their normal spelling, sorted and each once.",
		MarkdownDescription: "Writes IP ranges in their normal spelling, sorted (IPv4 before IPv6, then by address) and each once: `203.0.113.7/24` becomes " +
			"`203.0.113.0/24`. Nothing is joined; that is `merge_ip_ranges`.\n\n" + rangesNote,
		Parameters: []function.Parameter{rangesParameter()},
		Return:     function.ListReturn{ElementType: types.StringType},
	}
}

func (normalizeIPRangesFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var texts []types.String
	if resp.Error = req.Arguments.Get(ctx, &texts); resp.Error != nil {
		return
	}
	ranges, err := rangesArgument(texts)
	if resp.Error = err; err != nil {
		return
	}
	slices.SortFunc(ranges, iprange.Range.Compare)
	resp.Error = resp.Result.Set(ctx, value.Spellings(slices.Compact(ranges)))
}
