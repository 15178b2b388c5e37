package value

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// KnownStrings are the elements of a set of strings that are known.
func KnownStrings(set types.Set) []types.String {
	var known []types.String
	for _, element := range set.Elements() {
		if text, ok := element.(types.String); ok && !text.IsNull() && !text.IsUnknown() {
			known = append(known, text)
		}
	}
	return known
}

// AllKnown reports whether a set and each element of it are known.
func AllKnown(set types.Set) bool {
	return !set.IsUnknown() && len(KnownStrings(set)) == len(set.Elements())
}

// FoldedIDs are the known ids of a set, each once, sorted and in lower case.
func FoldedIDs(set types.Set) []string {
	var ids []string
	for _, id := range KnownStrings(set) {
		ids = append(ids, strings.ToLower(id.ValueString()))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// RefreshedIDs is the set of the service's ids in the spelling that the prior set has. A set that holds the same ids stays.
func RefreshedIDs(prior types.Set, ids []string) types.Set {
	spelled := map[string]attr.Value{}
	for _, id := range ids {
		spelled[strings.ToLower(id)] = types.StringValue(id)
	}
	before := FoldedIDs(prior)
	same := AllKnown(prior) && len(before) == len(spelled)
	for _, id := range before {
		_, here := spelled[id]
		same = same && here
	}
	if same {
		return prior
	}
	for _, id := range KnownStrings(prior) {
		if key := strings.ToLower(id.ValueString()); spelled[key] != nil {
			spelled[key] = id
		}
	}
	if len(spelled) == 0 {
		return types.SetNull(types.StringType)
	}
	elements := make([]attr.Value, 0, len(spelled))
	for _, id := range spelled {
		elements = append(elements, id)
	}
	return types.SetValueMust(types.StringType, elements)
}
