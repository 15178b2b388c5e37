// Package redact keeps the secrets of this process out of every text that leaves it: diagnostics, logs, errors of libraries.
//
// A server, a proxy or a credential library may repeat what it was sent, in any form. So each secret is learned before it is
// used, and each text that others wrote passes Text before it is shown, and before it is cut: half a token is a token to
// somebody who has the other half.
package redact

import (
	"io"
	"slices"
	"strings"
	"sync"
)

const (
	// minSecret is the shortest secret that is searched for by itself. A shorter one is a word, and removing it would make
	// nonsense of texts that have nothing to do with it; it is still removed behind its name (client_secret=...).
	minSecret = 8
	// longSecret is from when on a piece of a secret is enough to be removed.
	longSecret = 20
	// piece is how many bytes of a long secret are searched for, at any place of it.
	piece = 10
	// maxSecret bounds what is kept of one secret, and maxRecent how many of those that change are kept.
	maxSecret = 64 << 10
	maxRecent = 64
)

// Filter knows secrets and removes them from texts. It is safe for use by many goroutines.
type Filter struct {
	mutex sync.RWMutex
	// fixed are secrets of the configuration, recent those that are replaced while the process runs, the oldest first.
	fixed, recent []secret
	known         map[secret]struct{}
	// pieces are all pieces of long secrets, words those of short ones; the value is the name of the secret.
	pieces map[[piece]byte]string
	words  []secret
}

type secret struct{ name, text string }

// New makes a filter that knows no secrets. It removes what looks like one all the same.
func New() *Filter {
	return &Filter{known: map[secret]struct{}{}, pieces: map[[piece]byte]string{}}
}

// process is the filter of this process: a secret that one part learns is removed from every text.
var process = New()

// Learn remembers a secret of this process for good. The name says what it is in its place: "client secret".
func Learn(name, text string) { process.Learn(name, text) }

// LearnRecent remembers a secret that is replaced by others while the process runs, such as an access token.
func LearnRecent(name, text string) { process.LearnRecent(name, text) }

// Text returns the text without the secrets of this process.
func Text(text string) string { return process.Text(text) }

// Writer returns a writer that removes the secrets of this process from each record that it is given.
func Writer(to io.Writer) io.Writer { return &writer{filter: process, to: to} }

// Learn remembers a secret for good.
func (f *Filter) Learn(name, text string) { f.learn(&f.fixed, name, text) }

// LearnRecent remembers a secret until many others of its kind have come.
func (f *Filter) LearnRecent(name, text string) { f.learn(&f.recent, name, text) }

func (f *Filter) learn(list *[]secret, name, text string) {
	text = strings.TrimSpace(text[:min(len(text), maxSecret)])
	if len(text) < minSecret {
		return
	}
	learned := secret{name, text}
	f.mutex.RLock()
	_, known := f.known[learned]
	f.mutex.RUnlock()
	if known {
		return
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if _, known := f.known[learned]; known {
		return
	}
	f.known[learned] = struct{}{}
	*list = append(*list, learned)
	if len(f.recent) <= 2*maxRecent {
		f.index(learned)
		return
	}
	// The index is rebuilt for many at a time: for each one it would cost more than all texts.
	for _, old := range f.recent[:maxRecent] {
		delete(f.known, old)
	}
	f.recent = slices.Clone(f.recent[maxRecent:])
	f.pieces, f.words = map[[piece]byte]string{}, nil
	for _, again := range slices.Concat(f.fixed, f.recent) {
		f.index(again)
	}
}

// isWord reports whether a piece has nothing but lower-case letters. A random secret hardly ever has such a piece, and a passphrase has words
// that other texts have, too: the pieces around them still give it away.
func isWord(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

// index adds the pieces of a secret, as it is and as it looks once a text was decoded.
func (f *Filter) index(learned secret) {
	plain := newView(learned.text)
	forms := map[string]struct{}{learned.text: {}, strings.ReplaceAll(learned.text, " ", "+"): {}, string(plain.stripped().text): {}}
	for decoded, changed := plain.decoded(); changed; decoded, changed = decoded.decoded() {
		forms[string(decoded.stripped().text)] = struct{}{}
	}
	for form := range forms {
		switch {
		case len(form) >= longSecret:
			for i := 0; i+piece <= len(form); i++ {
				if part := form[i : i+piece]; !isWord(part) {
					f.pieces[[piece]byte([]byte(part))] = learned.name
				}
			}
		case len(form) >= minSecret:
			// Three quarters of a password are not one any more; fewer would be words that other texts have.
			size := max(minSecret, (3*len(form)+3)/4)
			for i := 0; i+size <= len(form); i++ {
				f.words = append(f.words, secret{learned.name, form[i : i+size]})
			}
		}
	}
}

// Text returns the text without secrets: each is replaced by its name in brackets. It finds them whole and in pieces, encoded
// (URL, JSON, HTML, base64, hexadecimal) and wrapped over lines, and what has the form of a secret that it does not know.
func (f *Filter) Text(text string) string {
	if len(text) < minSecret {
		return text
	}
	f.mutex.RLock()
	defer f.mutex.RUnlock()
	var found marks
	whole := newView(text)
	for current, more := whole, true; more; current, more = current.decoded() {
		found.addPatterns(current)
		f.search(current, &found)
	}
	if len(f.known) == 0 {
		return found.removeFrom(text)
	}
	// Wrapped over lines, or encoded as a whole.
	for joined, more := whole.stripped(), true; more; joined, more = joined.decoded() {
		joined = joined.stripped()
		f.search(joined, &found)
		for _, inner := range joined.encodedRuns() {
			f.search(inner, &found)
			if decoded, changed := inner.decoded(); changed {
				f.search(decoded, &found)
			}
		}
	}
	return found.removeFrom(text)
}

func (f *Filter) search(in view, found *marks) {
	if len(f.pieces) > 0 {
		for i := 0; i+piece <= len(in.text); i++ {
			if name, ok := f.pieces[[piece]byte(in.text[i:i+piece])]; ok {
				found.add(in, i, i+piece, name)
			}
		}
	}
	text := string(in.text)
	for _, word := range f.words {
		for from := 0; ; {
			at := strings.Index(text[from:], word.text)
			if at < 0 {
				break
			}
			found.add(in, from+at, from+at+len(word.text), word.name)
			from += at + 1
		}
	}
}

// mark is a part of a text that is to go.
type mark struct {
	from, to int
	name     string
}

type marks []mark

// add marks bytes of a view in the text that it was made of.
func (m *marks) add(in view, from, to int, name string) {
	*m = append(*m, mark{in.from[from], in.to[to-1], name})
}

// removeFrom replaces each marked part by its name. Parts that touch are one.
func (m marks) removeFrom(text string) string {
	if len(m) == 0 {
		return text
	}
	slices.SortFunc(m, func(a, b mark) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var clean strings.Builder
	done := 0
	for i := 0; i < len(m); {
		part := m[i]
		for i++; i < len(m) && m[i].from <= part.to; i++ {
			part.to = max(part.to, m[i].to)
		}
		clean.WriteString(text[done:part.from])
		clean.WriteString("[" + part.name + " removed]")
		done = part.to
	}
	clean.WriteString(text[done:])
	return clean.String()
}

type writer struct {
	filter *Filter
	to     io.Writer
}

// Write passes a record on. What is reported as written is the record, whatever became of its length.
func (w *writer) Write(record []byte) (int, error) {
	if _, err := io.WriteString(w.to, w.filter.Text(string(record))); err != nil {
		return 0, err
	}
	return len(record), nil
}
