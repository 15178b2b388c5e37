package provider

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// ipRangesValidator refuses what no trusted location can hold. Each mistake is told at the element that it is in.
type ipRangesValidator struct{}

func (ipRangesValidator) Description(context.Context) string {
	return fmt.Sprintf("must be 1 to %d different IP ranges in CIDR notation, each longer than /8", client.MaxIPRanges)
}

func (v ipRangesValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (ipRangesValidator) ValidateSet(_ context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	elements := req.ConfigValue.Elements()
	switch {
	case len(elements) == 0:
		resp.Diagnostics.AddAttributeError(req.Path, "No IP ranges",
			"A trusted location holds at least one range. To trust nothing any more, remove the resource.")
	case len(elements) > client.MaxIPRanges:
		resp.Diagnostics.AddAttributeError(req.Path, "Too many IP ranges",
			fmt.Sprintf("There are %d ranges, and a named location holds at most %d. Join neighbouring ranges, or spread them over several locations.",
				len(elements), client.MaxIPRanges))
		return
	}
	texts := make([]string, 0, len(elements))
	for _, element := range elements {
		text, ok := element.(types.String)
		switch {
		case !ok || text.IsUnknown():
		case text.IsNull():
			resp.Diagnostics.AddAttributeError(req.Path.AtSetValue(element), "Invalid IP range", "A range is null. Leave it out, or write a range.")
		default:
			texts = append(texts, text.ValueString())
		}
	}
	// Terraform keeps a set in no order that a reader knows.
	slices.Sort(texts)
	spelled := make(map[client.IPRange]string, len(texts))
	for _, text := range texts {
		r, err := client.ParseIPRange(text)
		if err != nil {
			resp.Diagnostics.AddAttributeError(elementPath(req.Path, text), "Invalid IP range", sentence(err.Error()))
			continue
		}
		if other, twice := spelled[r]; twice {
			resp.Diagnostics.AddAttributeError(elementPath(req.Path, text), "Duplicate IP range",
				fmt.Sprintf("%q and %q are the same range, %s (%s). Remove one of them.", other, text, r, r.Size()))
			continue
		}
		spelled[r] = text
	}
}

// elementPath is where a text stands in a set of strings.
func elementPath(set path.Path, text string) path.Path {
	return set.AtSetValue(types.StringValue(text))
}
