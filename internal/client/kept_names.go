package client

import "encoding/json"

// EncodeNames makes a text of names by id, for a caller who keeps them; DecodeNames reads it.
func EncodeNames(names map[string]string) []byte {
	// A map of strings has a form in JSON, whatever is in it.
	text, _ := json.Marshal(names) //nolint:errchkjson // see above
	return text
}

// DecodeNames reads what EncodeNames has written. Of anything else it returns nil.
func DecodeNames(text []byte) map[string]string {
	var names map[string]string
	if json.Unmarshal(text, &names) != nil {
		return nil
	}
	return names
}
