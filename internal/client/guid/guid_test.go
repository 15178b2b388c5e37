package guid

import "testing"

func TestAGUIDIsWrittenAsMicrosoftWritesIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"aaaaaaaa-0000-4000-8000-0123456789ab":          true,
		"AAAAAAAA-0000-4000-8000-0123456789AB":          true,
		"":                                              false,
		"aaaaaaaa00004000800000123456789ab":             false,
		"{aaaaaaaa-0000-4000-8000-0123456789ab}":        false,
		"urn:uuid:aaaaaaaa-0000-4000-8000-0123456789ab": false,
		" aaaaaaaa-0000-4000-8000-0123456789ab":         false,
		"aaaaaaaa-0000-4000-8000-0123456789ab\n":        false,
		"gaaaaaaa-0000-4000-8000-0123456789ab":          false,
	} {
		if Is(text) != want {
			t.Errorf("%q is a GUID: %t", text, !want)
		}
	}
}
