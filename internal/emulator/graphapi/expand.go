package graphapi

import (
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// maxExpanded is how many objects an expanded relation of a directory object holds.
//
// https://learn.microsoft.com/graph/query-parameters#expand
const maxExpanded = 20

// Relations that can be expanded. The emulator has users and groups: of devices, managers, reports and owners there are none.
var (
	userRelations = []string{
		"createdObjects", "directReports", "manager", "memberOf", "ownedDevices", "ownedObjects", "registeredDevices", "transitiveMemberOf",
	}
	groupRelations = []string{"memberOf", "members", "owners", "transitiveMemberOf", "transitiveMembers"}
)

// checkExpand refuses relations that a type does not have, and more than one, which directory objects do not take.
func checkExpand(query odata.Query, typeName string, relations []string) error {
	for _, expanded := range query.Expand {
		if !slices.Contains(relations, expanded.Relation) {
			return badRequest("Could not find a property named '" + expanded.Relation + "' on type '" + typeName + "'.")
		}
	}
	if len(query.Expand) > 1 {
		return badRequest("The request expands " + query.Expand[0].Relation + " and " + query.Expand[1].Relation +
			"; directory objects allow one expanded relation in a query.")
	}
	for _, expanded := range query.Expand {
		inner := query
		inner.Selected = expanded.Selected
		if err := checkSelected(inner, ""); err != nil {
			return err
		}
	}
	return nil
}

// appendExpanded appends the expanded relations of an object to its properties.
func appendExpanded(buffer []byte, tx *store.Tx, req *request, query odata.Query, object store.DirectoryObject) []byte {
	for _, expanded := range query.Expand {
		if expanded.Relation == "manager" {
			continue // nobody has one, and then it is left out
		}
		inner := query
		inner.Selected = expanded.Selected
		describer := newDescriber(req.caller, inner, true)
		buffer = append(odata.AppendMember(buffer, expanded.Relation), '[')
		ids := relatedIDs(tx, object, expanded.Relation)
		for _, id := range ids[:min(len(ids), maxExpanded)] {
			if related, exists := tx.Object(id); exists {
				buffer = describer.append(buffer, related)
			}
		}
		buffer = append(buffer, ']')
	}
	return buffer
}
