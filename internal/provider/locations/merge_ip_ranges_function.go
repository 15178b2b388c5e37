package locations

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

type mergeIPRangesFunction struct{}

func newMergeIPRangesFunction() function.Function { return mergeIPRangesFunction{} }

func (mergeIPRangesFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "merge_ip_ranges"
}

func (mergeIPRangesFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Finds the fewest IP ranges that cover the same addresses.",
		MarkdownDescription: "Finds the fewest IP ranges that cover exactly the same addresses, sorted: ranges within others are left out, and neighbours are joined where " +
			"they make one range. A named location holds at most 2,000 ranges.\n\n" + rangesNote,
		Parameters: []function.Parameter{rangesParameter()},
		Return:     function.ListReturn{ElementType: types.StringType},
	}
}

func (mergeIPRangesFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var texts []types.String
	if resp.Error = req.Arguments.Get(ctx, &texts); resp.Error != nil {
		return
	}
	ranges, err := rangesArgument(texts)
	if resp.Error = err; err != nil {
		return
	}
	resp.Error = resp.Result.Set(ctx, value.Spellings(iprange.Cover(ranges).Ranges()))
}
