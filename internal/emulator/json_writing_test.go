package emulator

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
		if got := string(appendString(nil, text)); got != string(want) {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
	for _, text := range []string{"", `"`, `\`, "<&>", "\x7f", "ä", "\n", "a b~"} {
		if want, err := json.Marshal(text); err != nil || string(appendString(nil, text)) != string(want) {
			t.Errorf("got %s, want %s, %v", appendString(nil, text), want, err)
		}
	}
}
