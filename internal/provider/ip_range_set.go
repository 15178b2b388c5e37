package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
)

// ipRangeSetType is a set of IP ranges in CIDR notation. Two sets are semantically equal when they hold the same ranges,
// however these are spelled; they are equal when the spelling is the same as well.
//
// The framework's own set compares each element with each other one wherever it reads or writes a value. This one does not,
// because a location takes 2,000 ranges.
type ipRangeSetType struct{ basetypes.SetType }

func newIPRangeSetType() ipRangeSetType {
	return ipRangeSetType{types.SetType{ElemType: types.StringType}}
}

var (
	_ basetypes.SetTypable                    = ipRangeSetType{}
	_ basetypes.SetValuableWithSemanticEquals = ipRangeSet{}
)

func (t ipRangeSetType) Equal(other attr.Type) bool {
	o, ok := other.(ipRangeSetType)
	return ok && t.SetType.Equal(o.SetType)
}

func (t ipRangeSetType) String() string { return "ipRangeSetType" }

func (t ipRangeSetType) ValueType(context.Context) attr.Value { return ipRangeSet{} }

func (t ipRangeSetType) ValueFromSet(_ context.Context, set basetypes.SetValue) (basetypes.SetValuable, diag.Diagnostics) {
	return ipRangeSet{set}, nil
}

func (t ipRangeSetType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	value, err := t.SetType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	set, ok := value.(basetypes.SetValue)
	if !ok {
		return nil, fmt.Errorf("a set was read as %T", value)
	}
	return ipRangeSet{set}, nil
}

// Validate takes the place of the framework's search for equal elements: Terraform's sets hold none, and ipRangesValidator
// finds those that are equal in another spelling.
func (t ipRangeSetType) Validate(context.Context, tftypes.Value, path.Path) diag.Diagnostics {
	return nil
}

// ipRangeSet is a value of ipRangeSetType.
type ipRangeSet struct{ basetypes.SetValue }

// newIPRangeSet makes a known set. Repetitions of one spelling are left out.
func newIPRangeSet(texts []string) ipRangeSet {
	seen := make(map[string]bool, len(texts))
	elements := make([]attr.Value, 0, len(texts))
	for _, text := range texts {
		if !seen[text] {
			seen[text] = true
			elements = append(elements, types.StringValue(text))
		}
	}
	return ipRangeSet{types.SetValueMust(types.StringType, elements)}
}

func (s ipRangeSet) Type(context.Context) attr.Type { return newIPRangeSetType() }

// Equal compares spellings.
func (s ipRangeSet) Equal(other attr.Value) bool {
	o, ok := other.(ipRangeSet)
	if !ok || s.IsNull() != o.IsNull() || s.IsUnknown() != o.IsUnknown() {
		return false
	}
	// The text of a string is quoted, so none reads like an unknown one or null.
	count := map[string]int{}
	for _, element := range s.Elements() {
		count[element.String()]++
	}
	for _, element := range o.Elements() {
		count[element.String()]--
	}
	for _, difference := range count {
		if difference != 0 {
			return false
		}
	}
	return true
}

// SetSemanticEquals compares what the ranges cover.
func (s ipRangeSet) SetSemanticEquals(_ context.Context, other basetypes.SetValuable) (bool, diag.Diagnostics) {
	o, ok := other.(ipRangeSet)
	return ok && s.same(o), nil
}

// same reports whether two sets are fully known and hold the same ranges.
func (s ipRangeSet) same(other ipRangeSet) bool {
	some, known := s.texts()
	others, otherKnown := other.texts()
	return known && otherKnown && client.SameIPRanges(some, others)
}

// texts are the spellings. known is false where the set or an element of it is null or unknown.
func (s ipRangeSet) texts() (texts []string, known bool) {
	known = !s.IsNull() && !s.IsUnknown()
	for _, element := range s.Elements() {
		text, ok := element.(types.String)
		if !ok || text.IsNull() || text.IsUnknown() {
			known = false
			continue
		}
		texts = append(texts, text.ValueString())
	}
	return texts, known
}
