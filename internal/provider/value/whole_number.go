package value

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A number of days is a number and not an int64 in the schema: of 0.5 in an int64 the framework says
// "Value %!s(*big.Float=0.5) is not an integer", before any validator has a say.

// WholeDays is the whole number that a value is; nil where it is null, unknown or no such number.
func WholeDays(value types.Number) *int32 {
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

// NumberOfDays is the value of a number of days.
func NumberOfDays(days int32) types.Number { return types.NumberValue(big.NewFloat(float64(days))) }

// WholeNumberBetween accepts whole numbers from Least to Most.
type WholeNumberBetween struct{ Least, Most int32 }

func (v WholeNumberBetween) Description(context.Context) string {
	return fmt.Sprintf("must be a whole number between %d and %d", v.Least, v.Most)
}

func (v WholeNumberBetween) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (v WholeNumberBetween) ValidateNumber(ctx context.Context, req validator.NumberRequest, resp *validator.NumberResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if number := WholeDays(req.ConfigValue); number == nil || *number < v.Least || *number > v.Most {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+attributeName(req.Path),
			fmt.Sprintf("%s %s, and it is %s.", attributeName(req.Path), v.Description(ctx), req.ConfigValue.ValueBigFloat().Text('g', -1)))
	}
}
