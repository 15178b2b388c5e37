package value

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
)

// RangeListType is a list of IP ranges in CIDR notation. Two lists are semantically equal when they hold the same ranges,
// whatever their order, spelling and repetitions; they are equal when they have the same texts in the same order.
//
// It is a list, though its order means nothing, because Terraform and OpenTofu compare each element of a set with each other
// one after every change of the resource: 2,000 ranges took 17 s of their processor time, as a list they take 1 s. States
// hold lists and sets in the same form, so this needs no version of its own.
type RangeListType struct{ basetypes.ListType }

// NewRangeListType is the type of ip_ranges.
func NewRangeListType() RangeListType {
	return RangeListType{types.ListType{ElemType: types.StringType}}
}

var (
	_ basetypes.ListTypable                    = RangeListType{}
	_ basetypes.ListValuableWithSemanticEquals = RangeList{}
)

func (t RangeListType) Equal(other attr.Type) bool {
	o, ok := other.(RangeListType)
	return ok && t.ListType.Equal(o.ListType)
}

func (t RangeListType) String() string { return "ipRangeListType" }

func (t RangeListType) ValueType(context.Context) attr.Value { return RangeList{} }

func (t RangeListType) ValueFromList(_ context.Context, list basetypes.ListValue) (basetypes.ListValuable, diag.Diagnostics) {
	return RangeList{list}, nil
}

func (t RangeListType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	value, err := t.ListType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	list, ok := value.(basetypes.ListValue)
	if !ok {
		return nil, fmt.Errorf("a list was read as %T", value)
	}
	return RangeList{list}, nil
}

// RangeList is a value of RangeListType.
type RangeList struct{ basetypes.ListValue }

// NewRangeList makes a known list. Repetitions of one spelling are left out.
func NewRangeList(texts []string) RangeList {
	seen := make(map[string]bool, len(texts))
	elements := make([]attr.Value, 0, len(texts))
	for _, text := range texts {
		if !seen[text] {
			seen[text] = true
			elements = append(elements, types.StringValue(text))
		}
	}
	return RangeList{types.ListValueMust(types.StringType, elements)}
}

func (l RangeList) Type(context.Context) attr.Type { return NewRangeListType() }

// Equal compares spellings.
func (l RangeList) Equal(other attr.Value) bool {
	o, ok := other.(RangeList)
	return ok && l.ListValue.Equal(o.ListValue)
}

// ListSemanticEquals compares what the ranges cover.
func (l RangeList) ListSemanticEquals(_ context.Context, other basetypes.ListValuable) (bool, diag.Diagnostics) {
	o, ok := other.(RangeList)
	return ok && l.Same(o), nil
}

// Same reports whether two lists are fully known and hold the same ranges.
func (l RangeList) Same(other RangeList) bool {
	some, known := l.Texts()
	others, otherKnown := other.Texts()
	return known && otherKnown && iprange.Same(some, others)
}

// Texts are the spellings in their order, each once. known is false where the list or an element of it is null or unknown.
func (l RangeList) Texts() (texts []string, known bool) {
	known = !l.IsNull() && !l.IsUnknown()
	seen := make(map[string]bool, len(l.Elements()))
	for _, element := range l.Elements() {
		text, ok := element.(types.String)
		switch {
		case !ok || text.IsNull() || text.IsUnknown():
			known = false
		case !seen[text.ValueString()]:
			seen[text.ValueString()] = true
			texts = append(texts, text.ValueString())
		}
	}
	return texts, known
}

// Paths are where the known ranges stand, the first of those that are the same.
func (l RangeList) Paths(at path.Path) map[iprange.Range]path.Path {
	found := make(map[iprange.Range]path.Path, len(l.Elements()))
	for i, element := range l.Elements() {
		text, ok := element.(types.String)
		if !ok || text.IsNull() || text.IsUnknown() {
			continue
		}
		for _, r := range iprange.Read([]string{text.ValueString()}) {
			if _, known := found[r]; !known {
				found[r] = at.AtListIndex(i)
			}
		}
	}
	return found
}
