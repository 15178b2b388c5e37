package locations

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/value"
)

// What the functions about IP ranges have in common. They calculate with ranges of any width, as the data sources do: a tenant
// can have ranges that a trusted location here may not hold, and entramfa_trusted_ips says which these are.

// rangesNote is said in each of their descriptions.
const rangesNote = "A range is in CIDR notation, and a bare address is its /32 or /128; white space around it makes no difference. Ranges that a trusted location does not take, such as those of /8 or wider, " +
	"are calculated with all the same; `entramfa_trusted_ips` refuses them."

func rangesParameter() function.Parameter {
	return function.ListParameter{
		Name: "ranges", ElementType: types.StringType,
		MarkdownDescription: "IP ranges in CIDR notation or single addresses. A set, as in `ip_ranges` of a resource, is taken as well.",
	}
}

// rangesArgument reads the ranges, which are the first argument of each function. Each mistake is told with its index.
func rangesArgument(texts []types.String) ([]iprange.Range, *function.FuncError) {
	var (
		ranges   = make([]iprange.Range, 0, len(texts))
		mistakes []string
	)
	for i, text := range texts {
		if text.IsNull() {
			mistakes = append(mistakes, fmt.Sprintf("element %d is null; leave it out, or write a range", i))
			continue
		}
		r, err := value.ReadAnyRange(text.ValueString())
		if err != nil {
			mistakes = append(mistakes, fmt.Sprintf("element %d: %v", i, err))
			continue
		}
		ranges = append(ranges, r)
	}
	switch len(mistakes) {
	case 0:
		return ranges, nil
	case 1:
		return nil, function.NewArgumentFuncError(0, mistakes[0])
	}
	return nil, function.NewArgumentFuncError(0, fmt.Sprintf("%d elements are no IP ranges:\n%s", len(mistakes), diagnose.List(mistakes)))
}
