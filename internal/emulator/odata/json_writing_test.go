package odata

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestStringsAreWrittenAsEncodingJSONDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		want, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(AppendString(nil, text)); got != string(want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
	for _, text := range []string{"", `"`, `\`, "<&>", "\x7f", "ä", "\n", "a b~"} {
		if want, err := json.Marshal(text); err != nil || string(AppendString(nil, text)) != string(want) {
			t.Errorf("got %s, want %s, %v", AppendString(nil, text), want, err)
		}
	}
}
