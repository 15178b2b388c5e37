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
	"sync"
	"time"
)

// DecodeStrict decodes one JSON document into target, a pointer, and refuses what encoding/json lets pass: unknown
// fields, fields in another case, and anything after the document. Errors name the place, such as "users[3].mail".
func DecodeStrict(data []byte, target any) error {
	document, err := decodeDocument(data)
	if err != nil {
		return err
	}
	if err := checkShape(document, reflect.TypeOf(target).Elem()); err != nil {
		return err
	}
	return json.Unmarshal(data, target)
}

// decodeDocument decodes one JSON document, after which there is nothing.
func decodeDocument(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return nil, syntaxError(data, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more data after the JSON document", position(data, decoder.InputOffset()))
	}
	return document, nil
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

// shapeError is a value that does not fit. Its place is put together on the way out, as documents are large and nearly
// all of them fit.
type shapeError struct{ place, problem string }

func (e *shapeError) Error() string {
	if e.place == "" {
		return "the document: " + e.problem
	}
	return e.place + ": " + e.problem
}

// within says that the value is in a member, or in an element such as [3].
func (e *shapeError) within(place string) *shapeError {
	if e.place != "" && e.place[0] != '[' {
		place += "."
	}
	e.place = place + e.place
	return e
}

func misshapen(format string, args ...any) *shapeError {
	return &shapeError{problem: fmt.Sprintf(format, args...)}
}

func checkShape(value any, want reflect.Type) *shapeError {
	if want.Kind() == reflect.Pointer {
		if value == nil {
			return nil
		}
		return checkShape(value, want.Elem())
	}
	if want == timeType {
		text, ok := value.(string)
		if !ok {
			return mismatch("a time like 2026-01-31T12:00:00Z", value)
		}
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return misshapen("%q is not a time like 2026-01-31T12:00:00Z", text)
		}
		return nil
	}
	switch want.Kind() {
	case reflect.Interface:
		return nil
	case reflect.Struct:
		members, ok := value.(map[string]any)
		if !ok {
			return mismatch("an object", value)
		}
		fields := fieldsOf(want)
		return checkMembers(members, func(name string, member any) *shapeError {
			field, known := fields[name]
			if !known {
				return misshapen("unknown field; known here: %s", strings.Join(sortedNames(fields), ", "))
			}
			return checkShape(member, field)
		})
	case reflect.Map:
		members, ok := value.(map[string]any)
		if !ok {
			return mismatch("an object", value)
		}
		return checkMembers(members, func(_ string, member any) *shapeError { return checkShape(member, want.Elem()) })
	case reflect.Slice:
		if value == nil {
			return nil
		}
		items, ok := value.([]any)
		if !ok {
			return mismatch("a list", value)
		}
		for i, item := range items {
			if err := checkShape(item, want.Elem()); err != nil {
				return err.within(fmt.Sprintf("[%d]", i))
			}
		}
	case reflect.String:
		if _, ok := value.(string); !ok {
			return mismatch("a string", value)
		}
	case reflect.Bool:
		if _, ok := value.(bool); !ok {
			return mismatch("true or false", value)
		}
	case reflect.Int, reflect.Int64:
		number, ok := value.(json.Number)
		if !ok {
			return mismatch("a whole number", value)
		}
		if _, err := number.Int64(); err != nil {
			return misshapen("expected a whole number, found %s", number)
		}
	case reflect.Float64:
		if _, ok := value.(json.Number); !ok {
			return mismatch("a number", value)
		}
	}
	return nil
}

// checkMembers checks every member and reports the first in the order of the alphabet that does not fit.
func checkMembers(members map[string]any, check func(name string, member any) *shapeError) *shapeError {
	first, found := "", (*shapeError)(nil)
	for name, member := range members {
		if found != nil && name > first {
			continue
		}
		if err := check(name, member); err != nil {
			first, found = name, err
		}
	}
	if found == nil {
		return nil
	}
	return found.within(first)
}

var knownFields sync.Map // of reflect.Type to map[string]reflect.Type

// fieldsOf are the types of a struct's fields by their names in JSON.
func fieldsOf(structure reflect.Type) map[string]reflect.Type {
	if known, found := knownFields.Load(structure); found {
		if fields, ok := known.(map[string]reflect.Type); ok {
			return fields
		}
	}
	fields := map[string]reflect.Type{}
	for i := range structure.NumField() {
		name, _, _ := strings.Cut(structure.Field(i).Tag.Get("json"), ",")
		fields[name] = structure.Field(i).Type
	}
	knownFields.Store(structure, fields)
	return fields
}

func mismatch(want string, found any) *shapeError {
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
	return misshapen("expected %s, found %s", want, kind)
}

func sortedNames[V any](members map[string]V) []string {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
