package odata

import (
	"encoding/json"
	"strconv"
)

// Large answers are written piece by piece: encoding/json would sort and reflect for every object of a page.

// AppendString appends text as a JSON string.
func AppendString(buffer []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return appendMarshalled(buffer, text)
		}
	}
	buffer = append(buffer, '"')
	buffer = append(buffer, text...)
	return append(buffer, '"')
}

// AppendValue appends a JSON value; the kinds that properties of directory objects have are quick.
func AppendValue(buffer []byte, value any) []byte {
	switch value := value.(type) {
	case nil:
		return append(buffer, "null"...)
	case string:
		return AppendString(buffer, value)
	case bool:
		return strconv.AppendBool(buffer, value)
	}
	return appendMarshalled(buffer, value)
}

func appendMarshalled(buffer []byte, value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic("emulator: answers always marshal: " + err.Error())
	}
	return append(buffer, data...)
}

// AppendMember appends a member of an object, with the comma that it needs.
func AppendMember(buffer []byte, name string) []byte {
	if buffer[len(buffer)-1] != '{' {
		buffer = append(buffer, ',')
	}
	return append(AppendString(buffer, name), ':')
}

// AppendText appends a member that is a string.
func AppendText(buffer []byte, name, value string) []byte {
	return AppendString(AppendMember(buffer, name), value)
}

// Column is a property that an answer has for every entity.
type Column[T any] struct {
	name string
	get  func(T) any
}

// Columns are the named properties, each once.
func (t Type[T]) Columns(names []string) []Column[T] {
	columns := make([]Column[T], 0, len(names))
	seen := map[string]bool{}
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			columns = append(columns, Column[T]{name, t.Properties[name]})
		}
	}
	return columns
}

// AppendColumns appends the properties of an entity to an object that has been begun.
func AppendColumns[T any](buffer []byte, entity T, columns []Column[T]) []byte {
	for _, Column := range columns {
		buffer = AppendValue(AppendMember(buffer, Column.name), Column.get(entity))
	}
	return buffer
}

// AppendCollection begins the answer to a list, up to its first value. context is its @odata.context.
func AppendCollection(buffer []byte, query Query, context string, total int, nextLink string) []byte {
	buffer = AppendText(append(buffer, '{'), "@odata.context", context)
	if query.Count && query.SkipToken == "" {
		buffer = strconv.AppendInt(AppendMember(buffer, "@odata.count"), int64(total), 10)
	}
	if nextLink != "" {
		buffer = AppendText(buffer, "@odata.nextLink", nextLink)
	}
	return append(AppendMember(buffer, "value"), '[')
}

// List returns the answer to a list as a JSON value. context is its @odata.context.
func List(query Query, context string, total int, values []map[string]any, nextLink string) map[string]any {
	body := map[string]any{"@odata.context": context, "value": values}
	if query.Count && query.SkipToken == "" {
		body["@odata.count"] = total
	}
	if nextLink != "" {
		body["@odata.nextLink"] = nextLink
	}
	return body
}

// AppendElement begins a value of a list: an object.
func AppendElement(buffer []byte) []byte {
	if buffer[len(buffer)-1] != '[' {
		buffer = append(buffer, ',')
	}
	return append(buffer, '{')
}
