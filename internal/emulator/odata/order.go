package odata

import (
	"cmp"
	"slices"
	"strings"
)

// Order is one term of $orderby.
type Order struct {
	Property   string
	Descending bool
}

// parseOrder reads $orderby: properties, each with asc or desc behind it.
//
// https://learn.microsoft.com/graph/query-parameters#orderby
func parseOrder(value string) ([]Order, error) {
	var orders []Order
	for term := range strings.SplitSeq(value, ",") {
		words := strings.Fields(term)
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && words[1] != "asc" && words[1] != "desc" {
			return nil, badRequest("Syntax error in '" + value + "': $orderby takes properties, each with asc or desc behind it.")
		}
		orders = append(orders, Order{words[0], len(words) == 2 && words[1] == "desc"})
	}
	return orders, nil
}

// CheckOrder refuses properties that the type does not have, and those by which only advanced queries sort.
func (t Type[T]) CheckOrder(query Query) error {
	for _, term := range query.OrderBy {
		if _, known := t.Properties[term.Property]; !known {
			return UnknownProperty(term.Property, t.Name)
		}
		if !slices.Contains(t.Sortable, term.Property) && !query.Advanced() {
			return unsupportedSorting()
		}
	}
	return nil
}

// sort sorts by what the query asks for; without it, a list stays in its order.
func (t Type[T]) sort(items []T, orders []Order) {
	slices.SortStableFunc(items, func(a, b T) int {
		for _, term := range orders {
			property := t.Properties[term.Property]
			result := compareValues(property(a), property(b))
			if term.Descending {
				result = -result
			}
			if result != 0 {
				return result
			}
		}
		return 0
	})
}

// compareValues puts null first and compares texts without regard to case.
func compareValues(a, b any) int {
	if left, isText := a.(string); isText {
		if right, isText := b.(string); isText {
			return cmp.Compare(strings.ToLower(left), strings.ToLower(right))
		}
	}
	if left, isBool := a.(bool); isBool {
		if right, isBool := b.(bool); isBool && left != right {
			if right {
				return -1
			}
			return 1
		}
	}
	switch {
	case a == nil && b != nil:
		return -1
	case a != nil && b == nil:
		return 1
	}
	return 0
}
