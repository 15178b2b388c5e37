package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strings"
	"time"
)

// DecodeStrict decodes one JSON document into target, a pointer, and refuses what encoding/json lets pass: unknown
// fields, fields in another case, and anything after the document. Errors name the place, such as "users[3].mail".
func DecodeStrict(data []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return syntaxError(data, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: more data after the JSON document", position(data, decoder.InputOffset()))
	}
	if err := checkShape("", document, reflect.TypeOf(target).Elem()); err != nil {
		return err
	}
	return json.Unmarshal(data, target)
}

func syntaxError(data []byte, err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("%s: not valid JSON: %w", position(data, syntax.Offset), err)
	case errors.Is(err, io.EOF):
		return errors.New("not valid JSON: the document is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not valid JSON: the document ends too early")
	}
	return fmt.Errorf("not valid JSON: %w", err)
}

func position(data []byte, offset int64) string {
	before := data[:min(int(offset), len(data))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Sprintf("line %d, column %d", line, max(column-1, 1))
}

var timeType = reflect.TypeFor[time.Time]()

func checkShape(place string, value any, want reflect.Type) error {
	if want.Kind() == reflect.Pointer {
		if value == nil {
			return nil
		}
		return checkShape(place, value, want.Elem())
	}
	if want == timeType {
		text, ok := value.(string)
		if !ok {
			return mismatch(place, "a time like 2026-01-31T12:00:00Z", value)
		}
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return fmt.Errorf("%s: %q is not a time like 2026-01-31T12:00:00Z", at(place), text)
		}
		return nil
	}
	switch want.Kind() {
	case reflect.Interface:
		return nil
	case reflect.Struct:
		return checkObject(place, value, want)
	case reflect.Map:
		members, ok := value.(map[string]any)
		if !ok {
			return mismatch(place, "an object", value)
		}
		for _, name := range sortedNames(members) {
			if err := checkShape(join(place, name), members[name], want.Elem()); err != nil {
				return err
			}
		}
	case reflect.Slice:
		if value == nil {
			return nil
		}
		items, ok := value.([]any)
		if !ok {
			return mismatch(place, "a list", value)
		}
		for i, item := range items {
			if err := checkShape(fmt.Sprintf("%s[%d]", place, i), item, want.Elem()); err != nil {
				return err
			}
		}
	case reflect.String:
		if _, ok := value.(string); !ok {
			return mismatch(place, "a string", value)
		}
	case reflect.Bool:
		if _, ok := value.(bool); !ok {
			return mismatch(place, "true or false", value)
		}
	case reflect.Int, reflect.Int64:
		number, ok := value.(json.Number)
		if !ok {
			return mismatch(place, "a whole number", value)
		}
		if _, err := number.Int64(); err != nil {
			return fmt.Errorf("%s: expected a whole number, found %s", at(place), number)
		}
	case reflect.Float64:
		if _, ok := value.(json.Number); !ok {
			return mismatch(place, "a number", value)
		}
	}
	return nil
}

func checkObject(place string, value any, want reflect.Type) error {
	members, ok := value.(map[string]any)
	if !ok {
		return mismatch(place, "an object", value)
	}
	fields := map[string]reflect.Type{}
	for i := range want.NumField() {
		name, _, _ := strings.Cut(want.Field(i).Tag.Get("json"), ",")
		fields[name] = want.Field(i).Type
	}
	for _, name := range sortedNames(members) {
		field, known := fields[name]
		if !known {
			return fmt.Errorf("%s: unknown field; known here: %s", join(place, name), strings.Join(sortedNames(fields), ", "))
		}
		if err := checkShape(join(place, name), members[name], field); err != nil {
			return err
		}
	}
	return nil
}

func mismatch(place, want string, found any) error {
	kind := "a number"
	switch found.(type) {
	case nil:
		kind = "null"
	case string:
		kind = "a string"
	case bool:
		kind = "true or false"
	case []any:
		kind = "a list"
	case map[string]any:
		kind = "an object"
	}
	return fmt.Errorf("%s: expected %s, found %s", at(place), want, kind)
}

func at(place string) string {
	if place == "" {
		return "the document"
	}
	return place
}

func join(place, name string) string {
	if place == "" {
		return name
	}
	return place + "." + name
}

func sortedNames[V any](members map[string]V) []string {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
