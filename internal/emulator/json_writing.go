package emulator

import (
	"encoding/json"
	"strconv"
)

// Large answers are written piece by piece: encoding/json would sort and reflect for every object of a page.

// appendString appends text as a JSON string.
func appendString(buffer []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return appendMarshalled(buffer, text)
		}
	}
	buffer = append(buffer, '"')
	buffer = append(buffer, text...)
	return append(buffer, '"')
}

// appendValue appends a JSON value; the kinds that properties of directory objects have are quick.
func appendValue(buffer []byte, value any) []byte {
	switch value := value.(type) {
	case nil:
		return append(buffer, "null"...)
	case string:
		return appendString(buffer, value)
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

// appendMember appends a member of an object, with the comma that it needs.
func appendMember(buffer []byte, name string) []byte {
	if buffer[len(buffer)-1] != '{' {
		buffer = append(buffer, ',')
	}
	return append(appendString(buffer, name), ':')
}

// appendText appends a member that is a string.
func appendText(buffer []byte, name, value string) []byte {
	return appendString(appendMember(buffer, name), value)
}

// column is a property that an answer has for every entity.
type column[T any] struct {
	name string
	get  func(T) any
}

// columns are the named properties, each once.
func (t entityType[T]) columns(names []string) []column[T] {
	columns := make([]column[T], 0, len(names))
	seen := map[string]bool{}
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			columns = append(columns, column[T]{name, t.properties[name]})
		}
	}
	return columns
}

// appendColumns appends the properties of an entity to an object that has been begun.
func appendColumns[T any](buffer []byte, entity T, columns []column[T]) []byte {
	for _, column := range columns {
		buffer = appendValue(appendMember(buffer, column.name), column.get(entity))
	}
	return buffer
}

// appendCollection begins the answer to a list, up to its first value.
func appendCollection(buffer []byte, req *graphRequest, query query, fragment string, total int, nextLink string) []byte {
	buffer = appendText(append(buffer, '{'), "@odata.context", req.contextURL(fragment))
	if query.count && query.skipToken == "" {
		buffer = strconv.AppendInt(appendMember(buffer, "@odata.count"), int64(total), 10)
	}
	if nextLink != "" {
		buffer = appendText(buffer, "@odata.nextLink", nextLink)
	}
	return append(appendMember(buffer, "value"), '[')
}

// appendElement begins a value of a list: an object.
func appendElement(buffer []byte) []byte {
	if buffer[len(buffer)-1] != '[' {
		buffer = append(buffer, ',')
	}
	return append(buffer, '{')
}
