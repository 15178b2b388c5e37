package graphapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"reflect"
	"slices"
	"strings"
	"time"
)

// bodyRules are what the body of a write may hold, besides the shape of the type that it is written to.
type bodyRules struct {
	readOnly []string // properties of the entity itself that cannot be written
	unknown  []string // properties, at any depth, that the type has elsewhere but not here
	nullable []string // properties, at any depth, that can be null; "*" is every property
	notKept  []string // properties, at any depth, that Graph has and the emulator does not: only null and [] are accepted
	// prepare turns what can be said in more than one way into the way in which it is kept.
	prepare func(map[string]any) *refusal
}

// graphTypes are the names that Graph gives types of this module, where these are not named like Graph's.
var graphTypes = map[reflect.Type]string{}

// nameType tells the name that Graph gives a type.
func nameType[T any](name string) { graphTypes[reflect.TypeFor[T]()] = name }

// graphType is the name that Graph gives a type.
func graphType(named reflect.Type) string {
	if name, told := graphTypes[named]; told {
		return name
	}
	return "microsoft.graph." + strings.ToLower(named.Name()[:1]) + named.Name()[1:]
}

// entityBody reads the body of a write to an entity of type T: an object with properties that T has, of their types.
// Annotations are dropped, except @odata.type where T has it; a reference that is bound is none, and refused where it is not kept.
func entityBody[T any](req *request, rules bodyRules) (map[string]any, *refusal) {
	if _, refused := jsonBody(req); refused != nil {
		return nil, refused
	}
	decoder := json.NewDecoder(bytes.NewReader(req.body))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, badRequest("Unable to read JSON request payload: " + err.Error())
	}
	if rules.prepare != nil {
		if err := rules.prepare(object); err != nil {
			return nil, err
		}
	}
	if err := rules.checkObject(object, reflect.TypeFor[T](), true); err != nil {
		return nil, err
	}
	return object, nil
}

func (rules bodyRules) checkObject(object map[string]any, want reflect.Type, outermost bool) *refusal {
	fields := map[string]reflect.Type{}
	for i := range want.NumField() {
		name, _, _ := strings.Cut(want.Field(i).Tag.Get("json"), ",")
		fields[name] = want.Field(i).Type
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		field, known := fields[name]
		switch {
		case outermost && slices.Contains(rules.readOnly, name):
			return badRequest("Property '" + name + "' is read-only and cannot be set.")
		case !known && !slices.Contains(rules.unknown, name) && (isAnnotation(name) || slices.Contains(rules.notKept, name) && isNothing(object[name])):
			delete(object, name)
			continue
		case !known || slices.Contains(rules.unknown, name):
			return unknownProperty(name, graphType(want))
		case object[name] == nil && (slices.Contains(rules.nullable, name) || slices.Contains(rules.nullable, "*")):
			continue
		}
		if err := rules.checkValue(object[name], field); err != nil {
			return err
		}
	}
	return nil
}

// isAnnotation tells whether a name says something about a value, and is not a value itself: a bound reference is one.
func isAnnotation(name string) bool {
	return strings.Contains(name, "@") && !strings.HasSuffix(name, "@odata.bind")
}

func isNothing(value any) bool {
	list, isList := value.([]any)
	return value == nil || isList && len(list) == 0
}

func (rules bodyRules) checkValue(value any, want reflect.Type) *refusal {
	for want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	var expected string
	switch want.Kind() {
	case reflect.Struct:
		if want == reflect.TypeFor[time.Time]() {
			expected = "Edm.DateTimeOffset"
			if text, ok := value.(string); ok {
				if _, err := time.Parse(time.RFC3339, text); err == nil {
					return nil
				}
			}
			break
		}
		expected = graphType(want)
		if object, ok := value.(map[string]any); ok {
			return rules.checkObject(object, want, false)
		}
	case reflect.Slice:
		expected = "Collection"
		if items, ok := value.([]any); ok {
			for _, item := range items {
				if err := rules.checkValue(item, want.Elem()); err != nil {
					return err
				}
			}
			return nil
		}
	case reflect.String:
		expected = "Edm.String"
		if _, ok := value.(string); ok {
			return nil
		}
	case reflect.Bool:
		expected = "Edm.Boolean"
		if _, ok := value.(bool); ok {
			return nil
		}
	case reflect.Int:
		expected = "Edm.Int32"
		if number, ok := value.(json.Number); ok {
			if _, err := number.Int64(); err == nil {
				return nil
			}
		}
	default: // the service keeps such a property without looking into it
		return nil
	}
	literal, err := json.Marshal(value)
	if err != nil {
		literal = fmt.Append(nil, value)
	}
	return badRequest("Cannot convert the literal '" + string(bytes.Trim(literal, `"`)) + "' to the expected type '" + expected + "'.")
}

// overlay puts changes over base: properties that are objects in both are overlaid themselves down to the given depth,
// everything else is replaced. Neither argument is changed.
func overlay(base, changes map[string]any, depth int) map[string]any {
	result := maps.Clone(base)
	if result == nil {
		result = map[string]any{}
	}
	for name, value := range changes {
		below, isObject := value.(map[string]any)
		under, wasObject := result[name].(map[string]any)
		if depth > 0 && isObject && wasObject {
			value = overlay(under, below, depth-1)
		}
		result[name] = value
	}
	return result
}

// properties is a control type as the JSON object that it marshals to.
func properties[T any](value T) map[string]any {
	return *recoded[map[string]any](value)
}

// recoded turns a value into another type with the same JSON.
func recoded[T any](value any) *T {
	data, err := json.Marshal(value)
	if err != nil {
		panic("emulator: checked bodies always marshal: " + err.Error())
	}
	result := new(T)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(result); err != nil {
		panic("emulator: checked bodies always unmarshal: " + err.Error())
	}
	return result
}

// jsonBody checks the content type of a write and reads its object.
func jsonBody(req *request) (map[string]json.RawMessage, *refusal) {
	contentType := req.header.Get("Content-Type")
	if contentType == "" {
		return nil, badRequest("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
	}
	if contentType != "application/json" { // what nearly everybody sends needs no parser
		if mediaType, _, err := mime.ParseMediaType(contentType); err != nil || !strings.EqualFold(mediaType, "application/json") {
			return nil, badRequest("Entity only allows writes with a JSON Content-Type header.")
		}
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(req.body, &object); err != nil || object == nil {
		return nil, badRequest("Unable to read JSON request payload. " +
			"Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return object, nil
}

// parameters reads the body of an operation into the targets by name.
func parameters(req *request, operation string, targets map[string]any) error {
	object, refused := jsonBody(req)
	if refused != nil {
		return refused
	}
	for name, value := range object {
		target, known := targets[name]
		switch {
		case strings.Contains(name, "@"):
		case !known:
			return badRequest("The parameter '" + name + "' in the request payload is not a valid parameter for the operation '" + operation + "'.")
		case json.Unmarshal(value, target) != nil:
			return badRequest("Unable to read JSON request payload. " +
				"Please ensure Content-Type header is set and payload is of valid JSON format.")
		}
	}
	return nil
}
