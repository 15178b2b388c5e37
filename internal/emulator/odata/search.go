package odata

import (
	"strings"
	"unicode"
)

// parseSearch reads $search over directory objects: clauses "property:text" in double quotes, joined by AND, OR and
// parentheses. An empty search matches everything.
//
// https://learn.microsoft.com/graph/search-query-parameter#using-search-on-directory-object-collections
func parseSearch[T any](search string, entity Type[T]) (func(T) bool, error) {
	if search == "" {
		return func(T) bool { return true }, nil
	}
	parser := &searchParser[T]{entity: entity, rest: strings.TrimSpace(search)}
	matches, err := parser.or()
	if err == nil && parser.rest != "" {
		err = invalidSearch(search)
	}
	return matches, err
}

func invalidSearch(search string) error {
	return badRequest("Syntax error in '" + search + `'. Clauses of $search have the form "property:text", in double quotes, joined by AND or OR.`)
}

type searchParser[T any] struct {
	entity Type[T]
	rest   string
}

// accept takes a word or a parenthesis.
func (p *searchParser[T]) accept(word string) bool {
	rest, found := strings.CutPrefix(p.rest, word)
	if found {
		p.rest = strings.TrimSpace(rest)
	}
	return found
}

func (p *searchParser[T]) or() (func(T) bool, error) {
	left, err := p.and()
	for err == nil && p.accept("OR ") {
		first := left
		var right func(T) bool
		right, err = p.and()
		left = func(entity T) bool { return first(entity) || right(entity) }
	}
	return left, err
}

func (p *searchParser[T]) and() (func(T) bool, error) {
	left, err := p.term()
	for err == nil && p.accept("AND ") {
		first := left
		var right func(T) bool
		right, err = p.term()
		left = func(entity T) bool { return first(entity) && right(entity) }
	}
	return left, err
}

func (p *searchParser[T]) term() (func(T) bool, error) {
	if p.accept("(") {
		inner, err := p.or()
		if err == nil && !p.accept(")") {
			err = invalidSearch(p.rest)
		}
		return inner, err
	}
	if !p.accept(`"`) {
		return nil, invalidSearch(p.rest)
	}
	var clause strings.Builder
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '\\' && i+1 < len(p.rest):
			i++
			clause.WriteByte(p.rest[i])
		case c == '"':
			p.rest = strings.TrimSpace(p.rest[i+1:])
			return p.clause(clause.String())
		default:
			clause.WriteByte(c)
		}
	}
	return nil, invalidSearch(p.rest)
}

// clause matches by words in displayName and description, and by the beginning in every other property.
func (p *searchParser[T]) clause(clause string) (func(T) bool, error) {
	name, text, found := strings.Cut(clause, ":")
	if !found {
		return nil, invalidSearch(clause)
	}
	property, known := p.entity.Properties[name]
	if !known {
		return nil, UnknownProperty(name, p.entity.Name)
	}
	if name != "displayName" && name != "description" {
		return func(entity T) bool {
			value, _ := property(entity).(string)
			return len(value) >= len(text) && strings.EqualFold(value[:len(text)], text)
		}, nil
	}
	wanted := searchWords(text, false)
	return func(entity T) bool {
		value, _ := property(entity).(string)
		words := searchWords(value, true)
		for _, want := range wanted {
			if !anyHasPrefix(words, want) {
				return false
			}
		}
		return true
	}, nil
}

func anyHasPrefix(words []string, prefix string) bool {
	for _, word := range words {
		if strings.HasPrefix(word, prefix) {
			return true
		}
	}
	return false
}

// searchWords splits a text at spaces, at symbols, between letters and digits, and where a capital letter follows a small
// one. With joined, words between which only symbols stand count as one word as well.
func searchWords(text string, joined bool) []string {
	var words []string
	for field := range strings.FieldsSeq(text) {
		var word, whole strings.Builder
		end := func() {
			if word.Len() > 0 {
				words = append(words, strings.ToLower(word.String()))
				word.Reset()
			}
		}
		last := rune(0)
		for _, c := range field {
			letter, digit := unicode.IsLetter(c), unicode.IsDigit(c)
			if !letter && !digit || letter && unicode.IsDigit(last) || digit && unicode.IsLetter(last) ||
				unicode.IsUpper(c) && unicode.IsLower(last) {
				end()
			}
			if letter || digit {
				word.WriteRune(c)
				whole.WriteRune(c)
			}
			last = c
		}
		end()
		if joined {
			words = append(words, strings.ToLower(whole.String()))
		}
	}
	return words
}

// Advanced tells whether a request asks for what directory objects have in advanced queries only.
//
// https://learn.microsoft.com/graph/aad-advanced-queries
func (q Query) Advanced() bool {
	return q.Eventual && q.Count
}

// WantsEventual refuses what works with the header only.
func WantsEventual(what string) error {
	return refused("Request_UnsupportedQuery", "Request with "+what+" only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'.")
}

// CheckAdvanced refuses the options of a query over directory objects that need advanced queries and do not ask for them.
func CheckAdvanced(query Query) error {
	switch {
	case query.Count && !query.Eventual:
		return WantsEventual("$count query parameter")
	case query.Search != "" && !query.Eventual:
		return WantsEventual("$search query parameter")
	case query.OrderBy != nil && query.Filter != "" && !query.Advanced():
		return unsupportedSorting()
	}
	return nil
}

func unsupportedSorting() error {
	return refused("Request_UnsupportedQuery", "Sorting not supported for current query.")
}

// Matcher is what $filter and $search leave of a list.
func Matcher[T any](query Query, entity Type[T]) (func(T) bool, error) {
	filter, err := ParseFilter(query.Filter, entity, query.Advanced() || query.Counting)
	if err != nil || query.Search == "" {
		return filter, err
	}
	search, err := parseSearch(query.Search, entity)
	return func(item T) bool { return filter(item) && search(item) }, err
}
