package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// lines are the lines of a JSON document on which its values begin, by their places, such as "users[3].id".
type lines map[string]int

// linesOf reads a document that is known to be valid JSON.
func linesOf(data []byte) lines {
	found, decoder := lines{}, json.NewDecoder(bytes.NewReader(data))
	line, counted := 1, int64(0)
	// here is the line of the token that was read last.
	here := func() int {
		offset := decoder.InputOffset()
		line += bytes.Count(data[counted:offset], []byte("\n"))
		counted = offset
		return line
	}
	var read func(place string)
	read = func(place string) {
		token, err := decoder.Token()
		if err != nil {
			return
		}
		found[place] = here()
		switch token {
		case json.Delim('{'):
			for decoder.More() {
				name, err := decoder.Token()
				if err != nil {
					return
				}
				member := fmt.Sprint(name)
				if place != "" {
					member = place + "." + member
				}
				read(member)
			}
		case json.Delim('['):
			for i := 0; decoder.More(); i++ {
				read(fmt.Sprintf("%s[%d]", place, i))
			}
		default:
			return
		}
		_, _ = decoder.Token() // the end of the object or list
	}
	read("")
	return found
}

// of is the line of a place, or of the nearest thing around it that the document has.
func (l lines) of(place string) int {
	for {
		if line, ok := l[place]; ok {
			return line
		}
		place = place[:max(strings.LastIndexAny(place, ".["), 0)]
	}
}

// withLines puts the line in front of each problem in err, which begins with its place.
func withLines(data []byte, err error) error {
	problems := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		problems = joined.Unwrap()
	}
	at := linesOf(data)
	told := make([]error, len(problems))
	for i, problem := range problems {
		place, _, _ := strings.Cut(problem.Error(), ": ")
		told[i] = fmt.Errorf("line %d: %w", at.of(place), problem)
	}
	return errors.Join(told...)
}
