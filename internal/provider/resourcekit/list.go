package resourcekit

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/diagnose"
)

// Listed is an object in the answer of a list resource.
type Listed struct {
	DisplayName string
	// Identity and State are models of the resource that the object can be imported as.
	Identity, State any
}

// StreamList streams the objects that are wanted of those that one request reads. wanted is false for an object that is left out. A failure is the
// only result then: objects that are left out of a list without a word would be taken for objects that nobody has to import.
func StreamList[T any](
	ctx context.Context, req list.ListRequest, stream *list.ListResultsStream, all func(context.Context) ([]T, error), describe func(T) (listed Listed, wanted bool),
) {
	stream.Results = func(push func(list.ListResult) bool) {
		objects, err := all(ctx)
		if err != nil {
			var result list.ListResult
			diagnose.Error(&result.Diagnostics, err)
			push(result)
			return
		}
		var count int64
		for _, object := range objects {
			listed, wanted := describe(object)
			if !wanted {
				continue
			}
			result := req.NewListResult(ctx)
			result.DisplayName = listed.DisplayName
			result.Diagnostics.Append(result.Identity.Set(ctx, listed.Identity)...)
			if req.IncludeResource {
				result.Diagnostics.Append(result.Resource.Set(ctx, listed.State)...)
			}
			if count++; !push(result) || count == req.Limit {
				return
			}
		}
	}
}

// NameContains reports whether a name has a part, compared without case. Every name has the part that is null.
func NameContains(name string, part types.String) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(part.ValueString()))
}
