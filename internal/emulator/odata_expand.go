package emulator

import (
	"slices"
	"strings"
)

// expansion is a relation that an answer is to hold in addition to the properties of each object.
type expansion struct {
	relation string
	selected []string // nil without $select
}

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

// parseExpand reads $expand: relations, each with an optional ($select=...) behind it.
func parseExpand(value string) ([]expansion, error) {
	var expansions []expansion
	for rest := value; rest != ""; {
		end := strings.IndexAny(rest, ",(")
		if end < 0 {
			end = len(rest)
		}
		found := expansion{relation: strings.TrimSpace(rest[:end])}
		rest = rest[end:]
		if options, inside := strings.CutPrefix(rest, "("); inside {
			inner, after, closed := strings.Cut(options, ")")
			list, selects := strings.CutPrefix(inner, "$select=")
			if !closed || !selects {
				return nil, badRequest("Term '" + value + "' is not valid in a $select or $expand expression. " +
					"Within $expand, directory objects take $select and no other option.")
			}
			for name := range strings.SplitSeq(list, ",") {
				found.selected = append(found.selected, strings.TrimSpace(name))
			}
			rest = after
		}
		if found.relation == "" {
			return nil, badRequest("Term '" + value + "' is not valid in a $select or $expand expression.")
		}
		expansions = append(expansions, found)
		rest = strings.TrimPrefix(rest, ",")
	}
	return expansions, nil
}

// checkExpand refuses relations that a type does not have, and more than one, which directory objects do not take.
func checkExpand(query query, typeName string, relations []string) error {
	for _, expanded := range query.expand {
		if !slices.Contains(relations, expanded.relation) {
			return badRequest("Could not find a property named '" + expanded.relation + "' on type '" + typeName + "'.")
		}
	}
	if len(query.expand) > 1 {
		return badRequest("The request expands " + query.expand[0].relation + " and " + query.expand[1].relation +
			"; directory objects allow one expanded relation in a query.")
	}
	for _, expanded := range query.expand {
		inner := query
		inner.selected = expanded.selected
		if err := checkSelected(inner, ""); err != nil {
			return err
		}
	}
	return nil
}

// appendExpanded appends the expanded relations of an object to its properties. It wants the server's lock.
func (s *Server) appendExpanded(buffer []byte, req *graphRequest, query query, object directoryObject) []byte {
	for _, expanded := range query.expand {
		if expanded.relation == "manager" {
			continue // nobody has one, and then it is left out
		}
		inner := query
		inner.selected = expanded.selected
		describer := newDescriber(req.caller, inner, true)
		buffer = append(appendMember(buffer, expanded.relation), '[')
		ids := s.directory.relatedIDs(object, expanded.relation)
		for _, id := range ids[:min(len(ids), maxExpanded)] {
			if related, exists := s.directory.object(id); exists {
				buffer = describer.append(buffer, related)
			}
		}
		buffer = append(buffer, ']')
	}
	return buffer
}
