package redact

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestANameIsShownAsItIsInEveryScript(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "Adele Vance", "Åsa O'Brien-Núñez", "山田　太郎", "葛\U000e0100城市", "محمد بن سلمان", "می\u200cخواهم", "דוד כהן", "नमस्\u200dते क्\u200cष",
		"ශ්\u200dරී ලංකා", "Дмитрий", "ᠮᠣᠩᠭᠣᠯ", "👩\u200d👩\u200d👧\u200d👦 Family", "❤\ufe0f\u200d🔥", "1\ufe0f\u20e3", "👩🏽\u200d💻", "Zoe\u0308", "김철수", "a~b ~~ c",
		"HQ Berlin (2nd floor) & more",
	} {
		if got := ShownName(name); got != name {
			t.Errorf("%q is shown as %q", name, got)
		}
		if got := QuotedName(name); name != "" && !strings.Contains(name, "~") && got != name {
			t.Errorf("%q is quoted as %s", name, got)
		}
	}
}

func TestWhatIsNotSeenInANameIsShown(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Diego\ndiego: Reading...":         `Diego\ndiego: Reading...`,
		"Diego\r\n\t- Adele":               `Diego\r\n\t- Adele`,
		"\x1b[2K\x1b[31mDiego":             `\u001b[2K\u001b[31mDiego`,
		"Die\u200bgo":                      `Die\u200bgo`,
		"Die\u200dgo":                      `Die\u200dgo`,
		"Die\u200cgo":                      `Die\u200cgo`,
		"Die\u00adgo":                      `Die\u00adgo`,
		"\ufeffDiego\u2060":                `\ufeffDiego\u2060`,
		"Diego \u202eogeiD":                `Diego \u202eogeiD`,
		"Diego\u2066\u2069\u200e\u200f":    `Diego\u2066\u2069\u200e\u200f`,
		"Diego\ufe0f":                      `Diego\ufe0f`,
		"Diego\U000e0041\U000e0042":        `Diego\U000e0041\U000e0042`,
		"Diego\u3164\u115f\u2800\u034f":    `Diego\u3164\u115f\u2800\u034f`,
		"Diego\u00a0\u2028\u0085Siciliani": `Diego\u00a0\u2028\u0085Siciliani`,
		"Diego\x00\x7f":                    `Diego\u0000\u007f`,
		"```":                              `\u0060\u0060\u0060`,
		"~~~ # Approved":                   `\u007e\u007e\u007e # Approved`,
		"  Diego  ":                        "Diego",
		strings.Repeat("x", 500):           strings.Repeat("x", 127) + "…",
	} {
		if got := ShownName(name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
	if got := ShownName(strings.Repeat("👩\u200d", 90)); utf8.RuneCountInString(got) > maxShownName || strings.HasSuffix(got, "\u200d…") {
		t.Errorf("a long emoji is cut to %q", got)
	}
}

func TestANameThatCouldBeAPartOfTheMessageIsInQuotationMarks(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"diego: Reading...":  `"diego: Reading..."`,
		"  - Adele":          `"- Adele"`,
		"Adele\n- Diego":     `"Adele\n- Diego"`,
		`Adele "the boss"`:   `"Adele \"the boss\""`,
		"CA001: MFA for all": `"CA001: MFA for all"`,
		"":                   `""`,
		"Adele Vance":        "Adele Vance",
	} {
		if got := QuotedName(name); got != want {
			t.Errorf("%q is quoted as %s, want %s", name, got, want)
		}
	}
}

// Whatever somebody is called, the name is one line that is seen.
func TestANameIsAlwaysOneLineAndBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.String().Draw(rt, "name")
		for _, shown := range []string{ShownName(name), QuotedName(name)} {
			if utf8.RuneCountInString(shown) > 2*maxShownName+2 || strings.ContainsAny(shown, "\n\r\t\x1b`") || strings.Contains(shown, "~~~") || !utf8.ValidString(shown) {
				rt.Fatalf("%q is shown as %q", name, shown)
			}
			for _, r := range shown {
				if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) {
					rt.Fatalf("%q is shown as %q", name, shown)
				}
			}
		}
		if again := ShownName(ShownName(name)); again != ShownName(name) {
			rt.Fatalf("%q is shown as %q, and that as %q", name, ShownName(name), again)
		}
	})
}

func TestATextKeepsItsLines(t *testing.T) {
	t.Parallel()
	if got := ShownText("a:\n  - b\x1b[1m\u202e `c`\n~~~"); got != "a:\n  - b\\u001b[1m\\u202e `c`\n~~~" {
		t.Errorf("it is %q", got)
	}
}
