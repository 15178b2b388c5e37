package provider

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// knownStrings are the elements of a set of strings that are known.
func knownStrings(set types.Set) []types.String {
	var known []types.String
	for _, element := range set.Elements() {
		if text, ok := element.(types.String); ok && !text.IsNull() && !text.IsUnknown() {
			known = append(known, text)
		}
	}
	return known
}

func allKnown(set types.Set) bool {
	return !set.IsUnknown() && len(knownStrings(set)) == len(set.Elements())
}

// foldedIDs are the known ids of a set, each once, sorted and in lower case.
func foldedIDs(set types.Set) []string {
	var ids []string
	for _, id := range knownStrings(set) {
		ids = append(ids, strings.ToLower(id.ValueString()))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// refreshedIDs is the set of the service's ids in the spelling that the prior set has. A set that holds the same ids stays.
func refreshedIDs(prior types.Set, ids []string) types.Set {
	spelled := map[string]attr.Value{}
	for _, id := range ids {
		spelled[strings.ToLower(id)] = types.StringValue(id)
	}
	before := foldedIDs(prior)
	same := allKnown(prior) && len(before) == len(spelled)
	for _, id := range before {
		_, here := spelled[id]
		same = same && here
	}
	if same {
		return prior
	}
	for _, id := range knownStrings(prior) {
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
