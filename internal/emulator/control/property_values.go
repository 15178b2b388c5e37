package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// propertyProblems checks the further properties of an object in a tenant file against the table of its type.
func propertyProblems(values map[string]any, table map[string]Property) []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		property, known := table[name]
		switch {
		case !known:
			problems = append(problems, fmt.Errorf("properties.%s: is not a property that Graph has, or it has a field of its own or follows from the id", name))
		case !property.fits(values[name]):
			problems = append(problems, fmt.Errorf("properties.%s: expected %s", name, property.Kind))
		}
	}
	return problems
}

func (p Property) fits(value any) bool {
	switch value := value.(type) {
	case nil:
		return p.Kind != PropertyTexts && p.Kind != PropertyObjects
	case string:
		if p.Kind == PropertyTime {
			_, err := time.Parse(time.RFC3339, value)
			return err == nil
		}
		return p.Kind == PropertyText
	case bool:
		return p.Kind == PropertyFlag
	case json.Number:
		_, err := value.Int64()
		return p.Kind == PropertyNumber && err == nil
	case float64:
		return p.Kind == PropertyNumber && value == float64(int64(value))
	case map[string]any:
		return p.Kind == PropertyObject
	case []any:
		return p.Kind == PropertyTexts && !slices.ContainsFunc(value, isNot[string]) ||
			p.Kind == PropertyObjects && !slices.ContainsFunc(value, isNot[map[string]any])
	}
	return false
}

func isNot[T any](value any) bool {
	_, is := value.(T)
	return !is
}

// String says in words what a property of the kind holds.
func (k PropertyKind) String() string {
	switch k {
	case PropertyText:
		return "a string or null"
	case PropertyFlag:
		return "true, false or null"
	case PropertyNumber:
		return "a whole number or null"
	case PropertyTime:
		return "a time like 2026-01-31T12:00:00Z, or null"
	case PropertyTexts:
		return "a list of strings"
	case PropertyObject:
		return "an object or null"
	case PropertyObjects:
		return "a list of objects"
	}
	return "nothing"
}

// Value is what Graph shows of a property: what the tenant file says, or the default.
func (p Property) Value(values map[string]any, name string) any {
	value, said := values[name]
	switch {
	case !said && p.Kind == PropertyTexts:
		return []string{}
	case !said && p.Kind == PropertyObjects:
		return []any{}
	case !said:
		return p.Default
	case p.Kind == PropertyTexts:
		items, _ := value.([]any)
		texts := make([]string, 0, len(items))
		for _, item := range items {
			text, _ := item.(string)
			texts = append(texts, text)
		}
		return texts
	}
	return value
}
