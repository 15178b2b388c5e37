package redact

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	// maxShownName is how much of a name is shown, in characters. A user principal name has at most 113.
	maxShownName = 128
	// maxShownText is how much is shown of what a server says.
	maxShownText = 1000
	// maxForeignText is how much of that is looked at, in bytes.
	maxForeignText = 64 << 10
)

// ShownName returns a name as a reader sees it: of a person, a group, a location, a policy. It is one line; what is not seen is
// written as an escape, such as \n, \u001b or \u200b, and so is what could end a block of Markdown. A very long name is cut.
// Joiners and variation selectors stay where scripts and emoji need them.
func ShownName(name string) string {
	return cut(strings.TrimSpace(escapeUnseen(name, false)), maxShownName)
}

// QuotedName is ShownName for messages in which the name could be taken for a part of the message: in quotation marks unless it
// is plain words.
func QuotedName(name string) string {
	shown := ShownName(name)
	if shown != "" && plainName(shown) && shown == strings.TrimSpace(name) {
		return shown
	}
	return NameInQuotes(name)
}

// NameInQuotes is QuotedName with quotation marks around every name.
func NameInQuotes(name string) string {
	return `"` + strings.ReplaceAll(ShownName(name), `"`, `\"`) + `"`
}

// plainName reports whether a name is words that cannot be taken for anything else.
func plainName(name string) bool {
	first := []rune(name)[0]
	if !unicode.In(first, unicode.L, unicode.N, unicode.So) || strings.Contains(name, "  ") || strings.Contains(name, "..") {
		return false
	}
	return !strings.ContainsAny(name, "\"`:;\\|<>[]{}=~")
}

// ShownText returns a text of several lines with what is not seen in it escaped; line breaks stay.
func ShownText(text string) string { return escapeUnseen(text, true) }

// ForeignText is what a server, a proxy or a library says, as it may be shown: one line, without secrets, without controls,
// and not too long. Secrets go first, because half a secret could not be found any more.
func ForeignText(text string) string {
	text = text[:min(len(text), maxForeignText)]
	return cut(escapeUnseen(strings.Join(strings.Fields(strings.ToValidUTF8(Text(text), "\uFFFD")), " "), true), maxShownText)
}

func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return strings.TrimRightFunc(string(runes[:most-1]), func(r rune) bool { return unicode.In(r, unicode.Cf, unicode.M, unicode.Z) }) + "…"
}

// escapeUnseen escapes what is not seen. In a text, line breaks are its own, and so is its markup.
func escapeUnseen(text string, isText bool) string {
	if plainASCII(text) && (isText || !strings.ContainsAny(text, "\n`~")) {
		return text
	}
	var shown strings.Builder
	runes := []rune(text)
	for i, r := range runes {
		var before, after rune
		if i > 0 {
			before = runes[i-1]
		}
		if i+1 < len(runes) {
			after = runes[i+1]
		}
		switch {
		case isText && r == '\n':
			shown.WriteRune(r)
		case seen(r, before, after) && (isText || !fence(runes, i)):
			shown.WriteRune(r)
		case r == '\n':
			shown.WriteString(`\n`)
		case r == '\r':
			shown.WriteString(`\r`)
		case r == '\t':
			shown.WriteString(`\t`)
		case r > 0xFFFF:
			fmt.Fprintf(&shown, `\U%08x`, r)
		default:
			fmt.Fprintf(&shown, `\u%04x`, r)
		}
	}
	return shown.String()
}

func plainASCII(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' && text[i] != '\n' || text[i] > '~' {
			return false
		}
	}
	return true
}

// fence reports a character that begins or ends code in Markdown: a backquote, and a tilde among three or more.
func fence(runes []rune, i int) bool {
	if runes[i] != '~' {
		return runes[i] == '`'
	}
	from, to := i, i
	for from > 0 && runes[from-1] == '~' {
		from--
	}
	for to+1 < len(runes) && runes[to+1] == '~' {
		to++
	}
	return to-from >= 2
}

// seen reports whether a reader sees a character, or needs it to read its neighbours.
func seen(r, before, after rune) bool {
	switch {
	case r == ' ', r == '\u3000': // The space of Chinese and Japanese.
		return true
	case r == '\u2800': // A cell of Braille without a dot.
		return false
	case r == '\u200c', r == '\u200d':
		return joins(r, before, after)
	case unicode.Is(unicode.Variation_Selector, r):
		return varies(r, before)
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return true
	}
	return unicode.IsGraphic(r) && !unicode.Is(unicode.Z, r)
}

// joins reports whether a joiner does something: after a virama, as in Hindi, between letters of a cursive script, as in Persian, and
// within an emoji that is made of several.
//
// Source: https://www.rfc-editor.org/rfc/rfc5892#appendix-A.1 and A.2
func joins(r, before, after rune) bool {
	const virama = 9
	cursive := []*unicode.RangeTable{unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Mandaic, unicode.Phags_Pa, unicode.Adlam}
	switch {
	case before == 0 || after == 0:
		return false
	case norm.NFC.PropertiesString(string(before)).CCC() == virama:
		return true
	case unicode.In(before, cursive...) && unicode.In(after, cursive...):
		return true
	}
	return r == '\u200d' && (emoji(before) || before == '\ufe0f') && emoji(after)
}

// varies reports whether a variation selector follows a character that has variants: an emoji, a Han or a Mongolian character.
func varies(r, before rune) bool {
	switch {
	case r == '\ufe0e' || r == '\ufe0f':
		return emoji(before) || unicode.Is(unicode.Po, before) || unicode.Is(unicode.Nd, before)
	case unicode.Is(unicode.Mongolian, r):
		return unicode.Is(unicode.Mongolian, before)
	}
	return unicode.Is(unicode.Han, before)
}

func emoji(r rune) bool { return unicode.In(r, unicode.So, unicode.Sm, unicode.Sk) }
