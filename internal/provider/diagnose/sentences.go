package diagnose

import (
	"strings"
)

// Sentence begins a text with a capital and ends it with a stop.
func Sentence(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// joinParagraphs leaves out what is empty.
func joinParagraphs(paragraphs ...string) string {
	var all []string
	for _, paragraph := range paragraphs {
		if paragraph != "" {
			all = append(all, paragraph)
		}
	}
	return strings.Join(all, "\n\n")
}
