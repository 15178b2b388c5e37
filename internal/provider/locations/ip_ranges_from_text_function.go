package locations

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

type ipRangesFromTextFunction struct{}

func newIPRangesFromTextFunction() function.Function { return ipRangesFromTextFunction{} }

func (ipRangesFromTextFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "ip_ranges_from_text"
}

func (ipRangesFromTextFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Reads IP ranges from a text, as network teams and firewalls write them.",
		MarkdownDescription: "Reads IP ranges from a text, as network teams and firewalls write them: with comments, from a first to a last address, with netmasks. The result " +
			"is in CIDR notation, in the normal spelling, sorted (IPv4 before IPv6, then by address) and each once, for `ip_ranges` of `entramfa_trusted_ips`.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "text",
			MarkdownDescription: "The text, as `file(\"ranges.txt\")` reads it.",
		}},
		Return: function.ListReturn{ElementType: types.StringType},
	}
}

func (ipRangesFromTextFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var text string
	if resp.Error = req.Arguments.Get(ctx, &text); resp.Error != nil {
		return
	}
	ranges, mistakes := iprange.FromText(text)
	switch {
	case len(mistakes) == 1:
		resp.Error = function.NewArgumentFuncError(0, mistakes[0].Error())
	case len(mistakes) > 1:
		lines := make([]string, len(mistakes))
		for i, mistake := range mistakes {
			lines[i] = mistake.Error()
		}
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("%d ranges cannot be read:\n%s", len(mistakes), diagnose.List(lines)))
	case len(ranges) == 0:
		resp.Error = function.NewArgumentFuncError(0, "the text holds no range; an export that failed looks like this, and a trusted location cannot be empty")
	default:
		resp.Error = resp.Result.Set(ctx, value.Spellings(ranges))
	}
}
