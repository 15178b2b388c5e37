package odata

import (
	"maps"
	"slices"
	"strings"
)

// Type is what there is to know about a type of objects to query them.
type Type[T any] struct {
	Name       string
	Properties map[string]func(T) any
	Defaults   []string // what is returned without $select
	Sortable   []string // what any query can sort by
	Derived    []string // names of derived types, for isof
	TypeOf     func(T) string
}

// Projection checks $select and returns the properties to answer with.
func (t Type[T]) Projection(query Query) ([]string, error) {
	if query.Selected == nil {
		return t.Defaults, nil
	}
	var names []string
	for _, name := range query.Selected {
		if name == "*" {
			return slices.Sorted(maps.Keys(t.Properties)), nil
		}
		if _, known := t.Properties[name]; !known {
			return nil, UnknownProperty(name, t.Name)
		}
		names = append(names, name)
	}
	return names, nil
}

// Object is the JSON of an entity with the given properties.
func (t Type[T]) Object(entity T, names []string) map[string]any {
	object := map[string]any{}
	for _, name := range names {
		object[name] = t.Properties[name](entity)
	}
	return object
}

// Fragment is the part of @odata.context that names the selected properties.
func (q Query) Fragment() string {
	if q.Selected == nil {
		return ""
	}
	return "(" + strings.Join(q.Selected, ",") + ")"
}

// Selected returns those of the selected properties that the type has.
func (t Type[T]) Selected(query Query) []string {
	if query.Selected == nil {
		return t.Defaults
	}
	var names []string
	for _, name := range query.Selected {
		if _, known := t.Properties[name]; known {
			names = append(names, name)
		}
	}
	return names
}
