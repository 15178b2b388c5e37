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

// ipRangeListType is a list of IP ranges in CIDR notation. Two lists are semantically equal when they hold the same ranges,
// whatever their order, spelling and repetitions; they are equal when they have the same texts in the same order.
//
// It is a list, though its order means nothing, because Terraform and OpenTofu compare each element of a set with each other
// one after every change of the resource: 2,000 ranges took 17 s of their processor time, as a list they take 1 s. States
// hold lists and sets in the same form, so this needs no version of its own.
type ipRangeListType struct{ basetypes.ListType }

func newIPRangeListType() ipRangeListType {
	return ipRangeListType{types.ListType{ElemType: types.StringType}}
}

var (
	_ basetypes.ListTypable                    = ipRangeListType{}
	_ basetypes.ListValuableWithSemanticEquals = ipRangeList{}
)

func (t ipRangeListType) Equal(other attr.Type) bool {
	o, ok := other.(ipRangeListType)
	return ok && t.ListType.Equal(o.ListType)
}

func (t ipRangeListType) String() string { return "ipRangeListType" }

func (t ipRangeListType) ValueType(context.Context) attr.Value { return ipRangeList{} }

func (t ipRangeListType) ValueFromList(_ context.Context, list basetypes.ListValue) (basetypes.ListValuable, diag.Diagnostics) {
	return ipRangeList{list}, nil
}

func (t ipRangeListType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	value, err := t.ListType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	list, ok := value.(basetypes.ListValue)
	if !ok {
		return nil, fmt.Errorf("a list was read as %T", value)
	}
	return ipRangeList{list}, nil
}

// ipRangeList is a value of ipRangeListType.
type ipRangeList struct{ basetypes.ListValue }

// newIPRangeList makes a known list. Repetitions of one spelling are left out.
func newIPRangeList(texts []string) ipRangeList {
	seen := make(map[string]bool, len(texts))
	elements := make([]attr.Value, 0, len(texts))
	for _, text := range texts {
		if !seen[text] {
			seen[text] = true
			elements = append(elements, types.StringValue(text))
		}
	}
	return ipRangeList{types.ListValueMust(types.StringType, elements)}
}

func (l ipRangeList) Type(context.Context) attr.Type { return newIPRangeListType() }

// Equal compares spellings.
func (l ipRangeList) Equal(other attr.Value) bool {
	o, ok := other.(ipRangeList)
	return ok && l.ListValue.Equal(o.ListValue)
}

// ListSemanticEquals compares what the ranges cover.
func (l ipRangeList) ListSemanticEquals(_ context.Context, other basetypes.ListValuable) (bool, diag.Diagnostics) {
	o, ok := other.(ipRangeList)
	return ok && l.same(o), nil
}

// same reports whether two lists are fully known and hold the same ranges.
func (l ipRangeList) same(other ipRangeList) bool {
	some, known := l.texts()
	others, otherKnown := other.texts()
	return known && otherKnown && client.SameIPRanges(some, others)
}

// texts are the spellings in their order, each once. known is false where the list or an element of it is null or unknown.
func (l ipRangeList) texts() (texts []string, known bool) {
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

// paths are where the known ranges stand, the first of those that are the same.
func (l ipRangeList) paths(at path.Path) map[client.IPRange]path.Path {
	found := make(map[client.IPRange]path.Path, len(l.Elements()))
	for i, element := range l.Elements() {
		text, ok := element.(types.String)
		if !ok || text.IsNull() || text.IsUnknown() {
			continue
		}
		for _, r := range client.ReadIPRanges([]string{text.ValueString()}) {
			if _, known := found[r]; !known {
				found[r] = at.AtListIndex(i)
			}
		}
	}
	return found
}
