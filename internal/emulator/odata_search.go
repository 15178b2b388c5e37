package emulator

import (
	"net/http"
	"strings"
	"unicode"
)

// parseSearch reads $search over directory objects: clauses "property:text" in double quotes, joined by AND, OR and
// parentheses. An empty search matches everything.
//
// https://learn.microsoft.com/graph/search-query-parameter#using-search-on-directory-object-collections
func parseSearch[T any](search string, entity entityType[T]) (func(T) bool, error) {
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
	entity entityType[T]
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
	property, known := p.entity.properties[name]
	if !known {
		return nil, badRequest("Could not find a property named '" + name + "' on type '" + p.entity.name + "'.")
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

// isAdvanced tells whether a request asks for what directory objects have in advanced queries only.
//
// https://learn.microsoft.com/graph/aad-advanced-queries
func isAdvanced(req *graphRequest, query query) bool {
	return isEventual(req) && query.count
}

func isEventual(req *graphRequest) bool {
	return strings.EqualFold(req.header.Get("ConsistencyLevel"), "eventual")
}

// wantsEventual refuses what works with the header only.
func wantsEventual(what string) error {
	return &graphError{
		status: http.StatusBadRequest, code: "Request_UnsupportedQuery",
		message: "Request with " + what + " only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'.",
	}
}

// checkAdvanced refuses the options of a query over directory objects that need advanced queries and do not ask for them.
func checkAdvanced(req *graphRequest, query query) error {
	switch {
	case query.count && !isEventual(req):
		return wantsEventual("$count query parameter")
	case query.search != "" && !isEventual(req):
		return wantsEventual("$search query parameter")
	case query.orderBy != nil && query.filter != "" && !isAdvanced(req, query):
		return unsupportedSorting()
	}
	return nil
}

func unsupportedSorting() error {
	return &graphError{
		status: http.StatusBadRequest, code: "Request_UnsupportedQuery",
		message: "Sorting not supported for current query.",
	}
}

// matcher is what $filter and $search leave of a list.
func matcher[T any](req *graphRequest, query query, entity entityType[T]) (func(T) bool, error) {
	filter, err := parseFilter(query.filter, entity, isAdvanced(req, query) || query.counting)
	if err != nil || query.search == "" {
		return filter, err
	}
	search, err := parseSearch(query.search, entity)
	return func(item T) bool { return filter(item) && search(item) }, err
}
