package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"html"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// view is a text in another form. Each of its bytes knows from where to where it stands in the text itself.
type view struct {
	text     []byte
	from, to []int
	depth    int
}

// maxDepth is how often an encoded text may be encoded again: a page of HTML with a URL in a JSON text.
const maxDepth = 4

func newView(text string) view {
	v := view{text: []byte(text), from: make([]int, len(text)), to: make([]int, len(text))}
	for i := range v.text {
		v.from[i], v.to[i] = i, i+1
	}
	return v
}

// put appends bytes that stand for the bytes from i to j of another view.
func (v *view) put(decoded []byte, of view, i, j int) {
	for _, b := range decoded {
		v.text = append(v.text, b)
		v.from, v.to = append(v.from, of.from[i]), append(v.to, of.to[j-1])
	}
}

// decoded undoes one layer of the escapes of URLs, JSON (and Go, and shells) and HTML, and reports whether there was one.
func (v view) decoded() (view, bool) {
	if v.depth >= maxDepth || !bytes.ContainsAny(v.text, `%\&`) {
		return view{}, false
	}
	plain := view{text: make([]byte, 0, len(v.text)), from: make([]int, 0, len(v.text)), to: make([]int, 0, len(v.text)), depth: v.depth + 1}
	changed := false
	for i := 0; i < len(v.text); {
		decoded, size := unescape(v.text[i:])
		changed = changed || size > 1
		plain.put(decoded, v, i, i+size)
		i += size
	}
	return plain, changed
}

// unescape reads what one escape, or one byte, at the beginning of a text stands for.
func unescape(text []byte) (decoded []byte, size int) {
	switch text[0] {
	case '%':
		if b, ok := hexByte(text, 1); ok {
			return []byte{b}, 3
		}
	case '&':
		if end := bytes.IndexByte(text[:min(len(text), 12)], ';'); end > 1 {
			if entity := html.UnescapeString(string(text[:end+1])); entity != string(text[:end+1]) {
				return []byte(entity), end + 1
			}
		}
	case '\\':
		if len(text) < 2 {
			break
		}
		switch text[1] {
		case 'n', 'r', 't', 'f', 'b':
			return []byte{' '}, 2
		case '"', '\'', '/', '\\', '&', '=', '+':
			return text[1:2], 2
		case 'x':
			if b, ok := hexByte(text, 2); ok {
				return []byte{b}, 4
			}
		case 'u':
			if len(text) >= 6 {
				if r, err := strconv.ParseInt(string(text[2:6]), 16, 32); err == nil && text[2] != '-' && text[2] != '+' {
					return utf8.AppendRune(nil, rune(r)), 6
				}
			}
		}
	}
	return text[:1], 1
}

func hexByte(text []byte, at int) (byte, bool) {
	if len(text) < at+2 {
		return 0, false
	}
	b, err := strconv.ParseUint(string(text[at:at+2]), 16, 8)
	return byte(b), err == nil
}

// longestTag bounds what is taken for markup within a text.
const longestTag = 64

// stripped leaves out what wraps a text over lines: spaces, controls, characters without a width, and markup such as <wbr>.
func (v view) stripped() view {
	joined := view{text: make([]byte, 0, len(v.text)), from: make([]int, 0, len(v.text)), to: make([]int, 0, len(v.text)), depth: v.depth}
	for i := 0; i < len(v.text); {
		if end := tagEnd(v.text[i:]); end > 0 {
			i += end
			continue
		}
		r, size := utf8.DecodeRune(v.text[i:])
		if r == utf8.RuneError || !unicode.In(r, unicode.White_Space, unicode.Cc, unicode.Cf) {
			for j := i; j < i+size; j++ {
				joined.put(v.text[j:j+1], v, j, j+1)
			}
		}
		i += size
	}
	return joined
}

// tagEnd is where the markup with which a text begins ends; 0 where it begins with none.
func tagEnd(text []byte) int {
	if text[0] != '<' {
		return 0
	}
	return bytes.IndexByte(text[:min(len(text), longestTag)], '>') + 1
}

// encodedRuns decodes each run of characters that could be base64, of either alphabet, or hexadecimal. Where the encoding began
// is not known, so each run is read from each of the places that it can be counted from.
func (v view) encodedRuns() []view {
	return append(v.runs(inBase64, 4, decodeBase64), v.runs(inHex, 2, decodeHex)...)
}

func (v view) runs(in func(byte) bool, unit int, decode func([]byte) []byte) []view {
	var found []view
	for i := 0; i < len(v.text); i++ {
		end := i
		for end < len(v.text) && in(v.text[end]) {
			end++
		}
		if end-i >= minSecret {
			for start := i; start < i+unit; start++ {
				found = append(found, v.read(start, end, unit, decode))
			}
		}
		i = end
	}
	return found
}

// read decodes characters in units of so many. What a unit stands for is one byte less than it has characters, and each byte
// takes part of two of them.
func (v view) read(from, to, unit int, decode func([]byte) []byte) view {
	plain := view{depth: v.depth}
	for i := from; i < to; i += unit {
		for k, b := range decode(v.text[i:min(i+unit, to)]) {
			plain.put([]byte{b}, v, i+k, i+k+2)
		}
	}
	return plain
}

func decodeBase64(unit []byte) []byte {
	var standard, decoded [4]byte
	for i, b := range unit {
		switch b {
		case '-':
			b = '+'
		case '_':
			b = '/'
		}
		standard[i] = b
	}
	n, err := base64.RawStdEncoding.Decode(decoded[:], standard[:len(unit)])
	if err != nil {
		return nil
	}
	return decoded[:n]
}

func decodeHex(unit []byte) []byte {
	var decoded [1]byte
	if _, err := hex.Decode(decoded[:], unit); err != nil {
		return nil
	}
	return decoded[:]
}

func inHex(b byte) bool { return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F' }

func inBase64(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '+' || b == '/' || b == '-' || b == '_'
}
