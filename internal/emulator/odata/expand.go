package odata

import "strings"

// Expansion is a relation that an answer is to hold in addition to the properties of each object.
type Expansion struct {
	Relation string
	Selected []string // nil without $select
}

// parseExpand reads $expand: relations, each with an optional ($select=...) behind it.
func parseExpand(value string) ([]Expansion, error) {
	var expansions []Expansion
	for rest := value; rest != ""; {
		end := strings.IndexAny(rest, ",(")
		if end < 0 {
			end = len(rest)
		}
		found := Expansion{Relation: strings.TrimSpace(rest[:end])}
		rest = rest[end:]
		if options, inside := strings.CutPrefix(rest, "("); inside {
			inner, after, closed := strings.Cut(options, ")")
			list, selects := strings.CutPrefix(inner, "$select=")
			if !closed || !selects {
				return nil, badRequest("Term '" + value + "' is not valid in a $select or $expand expression. " +
					"Within $expand, directory objects take $select and no other option.")
			}
			for name := range strings.SplitSeq(list, ",") {
				found.Selected = append(found.Selected, strings.TrimSpace(name))
			}
			rest = after
		}
		if found.Relation == "" {
			return nil, badRequest("Term '" + value + "' is not valid in a $select or $expand expression.")
		}
		expansions = append(expansions, found)
		rest = strings.TrimPrefix(rest, ",")
	}
	return expansions, nil
}
