package control

import "encoding/json"

// Clone copies a value of this package's types in depth.
func Clone[T any](value *T) *T {
	data, err := json.Marshal(value)
	if err != nil {
		panic("emulator: control types always marshal: " + err.Error())
	}
	copied := new(T)
	if err := json.Unmarshal(data, copied); err != nil {
		panic("emulator: control types always unmarshal: " + err.Error())
	}
	return copied
}
