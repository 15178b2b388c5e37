package graphapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// schemaWith returns the schema of tenant files with the members that entities bring with them and their definitions, each on a
// line of its own. Members that [control.Tenant] has fields for are written by hand, and their definitions unless their types have the tags.
//
// Of a field, the tag doc is the description; see [fieldTags] for the others. One without omitempty is required.
func schemaWith(schema string) string {
	for _, entity := range tenantEntities() {
		for _, member := range entity.members() {
			definitions := map[string]any{}
			described := schemaOf(member.shape, definitions)
			described["description"] = member.description
			if member.limit > 0 {
				described["maxItems"] = member.limit
			}
			if !member.field {
				schema = withLine(schema, "\n  },\n  \"$defs\": {", member.name, described)
			}
			for _, name := range slices.Sorted(maps.Keys(definitions)) {
				schema = withLine(schema, "\n  }\n}\n", name, definitions[name])
			}
		}
	}
	return schema
}

// withLine puts a member in front of the end of the object that end tells, in place of the line that it may have there.
func withLine(schema, end, name string, value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic("emulator: schemas always marshal: " + err.Error())
	}
	line := fmt.Sprintf("    %q: %s", name, data)
	if had := regexp.MustCompile(`(?m)^    ` + regexp.QuoteMeta(fmt.Sprintf("%q: ", name)) + `\{".*\}`); had.MatchString(schema) {
		return had.ReplaceAllLiteralString(schema, line)
	}
	position := strings.LastIndex(schema, end)
	return schema[:position] + ",\n" + line + schema[position:]
}

// schemaOf is the schema of a type. Structs go to the definitions.
func schemaOf(shape reflect.Type, definitions map[string]any) map[string]any {
	for shape.Kind() == reflect.Pointer {
		shape = shape.Elem()
	}
	switch shape.Kind() {
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(shape.Elem(), definitions)}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Map:
		return map[string]any{"type": "object"}
	case reflect.Struct:
		if shape == reflect.TypeFor[time.Time]() {
			return map[string]any{"$ref": "#/$defs/time"}
		}
	default:
		return map[string]any{}
	}
	fields, required := map[string]any{}, []string{}
	groups := map[string][]any{}
	for i := range shape.NumField() {
		field := shape.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		described := schemaOf(field.Type, definitions)
		described["description"] = field.Tag.Get("doc")
		tagsOf(field).describe(described)
		if fields[name] = described; !strings.Contains(options, "omit") {
			required = append(required, name)
		}
		if group := field.Tag.Get("group"); group != "" {
			groups[group] = append(groups[group], map[string]any{"required": []string{name}})
		}
	}
	definition := map[string]any{"type": "object", "additionalProperties": false, "properties": fields}
	if len(required) > 0 {
		definition["required"] = required
	}
	var alternatives []any
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		alternatives = append(alternatives, map[string]any{"anyOf": groups[name]})
	}
	if alternatives != nil {
		definition["allOf"] = alternatives
	}
	definitions[shape.Name()] = definition
	return map[string]any{"$ref": "#/$defs/" + shape.Name()}
}

// describe adds to the schema of a text or a list what the tags say.
func (tags fieldTags) describe(described map[string]any) {
	if tags.pattern != "" {
		described["pattern"] = tags.pattern
	}
	if tags.values != nil {
		described["enum"] = tags.values
	}
	if items, isList := described["items"].(map[string]any); isList && tags.each != "" {
		items["pattern"] = tags.each
	}
	least, most := "minItems", "maxItems"
	if described["type"] == "string" {
		least, most = "minLength", "maxLength"
	}
	if tags.least > 0 {
		described[least] = tags.least
	}
	if tags.least > 0 && described["type"] == "string" && tags.pattern == "" {
		described["pattern"] = `\S`
	}
	if tags.most > 0 {
		described[most] = tags.most
	}
}
