package value

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// RangesValidator refuses what no trusted location can hold. Each mistake is told at the element that it is in.
type RangesValidator struct{}

func (RangesValidator) Description(context.Context) string {
	return fmt.Sprintf("must be 1 to %d different IP ranges in CIDR notation, each longer than /8", iprange.MaxIPRanges)
}

func (v RangesValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (RangesValidator) ValidateList(_ context.Context, req validator.ListRequest, resp *validator.ListResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	elements := req.ConfigValue.Elements()
	if len(elements) == 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "No IP ranges",
			"A trusted location holds at least one range. To trust nothing any more, remove the resource.")
		return
	}
	if texts, _ := (RangeList{req.ConfigValue}).Texts(); len(texts) > iprange.MaxIPRanges {
		resp.Diagnostics.AddAttributeError(req.Path, "Too many IP ranges",
			fmt.Sprintf("There are %d ranges, and a named location holds at most %d. Join neighbouring ranges, or spread them over several locations.",
				len(texts), iprange.MaxIPRanges))
		return
	}
	spelled := make(map[iprange.Range]string, len(elements))
	for i, element := range elements {
		at := req.Path.AtListIndex(i)
		value, ok := element.(types.String)
		if !ok || value.IsUnknown() {
			continue
		}
		if value.IsNull() {
			resp.Diagnostics.AddAttributeError(at, "Invalid IP range", "A range is null. Leave it out, or write a range.")
			continue
		}
		text := value.ValueString()
		r, err := ParseRange(text)
		if err != nil {
			resp.Diagnostics.AddAttributeError(at, "Invalid IP range", diagnose.Sentence(err.Error()))
			continue
		}
		// Lists that are put together repeat a range, and mean it once.
		if other, twice := spelled[r]; twice && other != text {
			resp.Diagnostics.AddAttributeError(at, "Duplicate IP range",
				fmt.Sprintf("%q and %q are the same range, %s (%s). Remove one of them.", other, text, r, r.Size()))
			continue
		}
		spelled[r] = text
	}
}
