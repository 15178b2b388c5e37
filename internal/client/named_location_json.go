package client

import "encoding/json"

// JSON is the location as a plan keeps it for its apply.
func (l NamedLocation) JSON() []byte {
	text, err := json.Marshal(l)
	if err != nil {
		// A year beyond 9999 in one of the times, which nothing goes by.
		l.Created, l.Modified = nil, nil
		text, _ = json.Marshal(l)
	}
	return text
}

// ReadNamedLocation reads what a plan has kept; ok is false where it kept nothing that can be read.
func ReadNamedLocation(text []byte) (location NamedLocation, ok bool) {
	return location, len(text) > 0 && json.Unmarshal(text, &location) == nil && location.ID != ""
}
