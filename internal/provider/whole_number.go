package provider

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A number of days is a number and not an int64 in the schema: of 0.5 in an int64 the framework says
// "Value %!s(*big.Float=0.5) is not an integer", before any validator has a say.

// wholeDays is the whole number that a value is; nil where it is null, unknown or no such number.
func wholeDays(value types.Number) *int32 {
	number := value.ValueBigFloat()
	if value.IsNull() || value.IsUnknown() || number == nil || !number.IsInt() {
		return nil
	}
	days, exact := number.Int64()
	if exact != big.Exact || days < 0 || days > 1<<20 {
		return nil
	}
	whole := int32(days)
	return &whole
}

func numberOfDays(days int32) types.Number { return types.NumberValue(big.NewFloat(float64(days))) }

// wholeNumberBetween accepts whole numbers from least to most.
type wholeNumberBetween struct{ least, most int32 }

func (v wholeNumberBetween) Description(context.Context) string {
	return fmt.Sprintf("must be a whole number between %d and %d", v.least, v.most)
}

func (v wholeNumberBetween) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (v wholeNumberBetween) ValidateNumber(ctx context.Context, req validator.NumberRequest, resp *validator.NumberResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if number := wholeDays(req.ConfigValue); number == nil || *number < v.least || *number > v.most {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+attributeName(req.Path),
			fmt.Sprintf("%s %s, and it is %s.", attributeName(req.Path), v.Description(ctx), req.ConfigValue.ValueBigFloat().Text('g', -1)))
	}
}
