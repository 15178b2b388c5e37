package peruser

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// csvText is the text of a file as file() or filebase64() has read it. file() refuses whatever is not in UTF-8, so a file of Excel or
// Windows PowerShell in another encoding comes in base64: UTF-16 (Excel's "Unicode text", Out-File), or the code page of Windows, which
// is taken for Windows-1252. guessed says that it was.
func csvText(text string) (decoded string, guessed bool, err error) {
	if content, ok := base64Content(text); ok {
		if text, guessed, err = decodeText(content); err != nil {
			return "", false, err
		}
	}
	if strings.ContainsRune(text, 0) {
		return "", false, errors.New("the text holds NUL characters: it is probably in UTF-16 and was read as another encoding; " +
			`read the file with filebase64("users.csv")`)
	}
	// Excel for Macintosh ends lines with a carriage return only.
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	return text, guessed, nil
}

// base64Content is what filebase64() has read. CSV with two columns is never a text in base64, which has no separator.
func base64Content(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return nil, false
	}
	content, err := base64.StdEncoding.DecodeString(text)
	return content, err == nil && len(content) > 0
}

func decodeText(content []byte) (text string, guessed bool, err error) {
	little := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	switch {
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}), bytes.HasPrefix(content, []byte{0xfe, 0xff}):
	case len(content) > 1 && content[1] == 0:
		little = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case len(content) > 1 && content[0] == 0:
		little = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case utf8.Valid(content):
		return string(content), false, nil
	default:
		decoded, err := charmap.Windows1252.NewDecoder().Bytes(content)
		return string(decoded), true, err
	}
	decoded, err := little.NewDecoder().Bytes(content)
	return string(decoded), false, err
}
