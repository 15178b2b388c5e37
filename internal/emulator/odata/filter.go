package odata

import (
	"slices"
	"strings"
)

// ParseFilter reads $filter: eq, in and startsWith on single properties and any over lists of texts, joined by and, or and
// parentheses; where the request is an advanced query, ne, not and endsWith as well. An empty filter matches everything.
//
// https://learn.microsoft.com/graph/filter-query-parameter
func ParseFilter[T any](filter string, entity Type[T], advanced bool) (func(T) bool, error) {
	if filter == "" {
		return func(T) bool { return true }, nil
	}
	parser := &filterParser[T]{entity: entity, advanced: advanced}
	if err := parser.tokenize(filter); err != nil {
		return nil, err
	}
	matches, err := parser.or()
	if err != nil {
		return nil, err
	}
	if len(parser.tokens) > 0 {
		return nil, invalidFilter("Syntax error near '" + parser.tokens[0].text + "' in '" + filter + "'.")
	}
	return matches, nil
}

func invalidFilter(message string) error {
	return badRequest("Invalid filter clause: " + message)
}

func unsupportedFilter() error {
	return refused("Request_UnsupportedQuery", "Unsupported Query.")
}

type filterToken struct {
	text    string
	literal bool // a string in quotes
}

type filterParser[T any] struct {
	entity   Type[T]
	advanced bool
	tokens   []filterToken
}

func (p *filterParser[T]) tokenize(filter string) error {
	for rest := strings.TrimSpace(filter); rest != ""; rest = strings.TrimSpace(rest) {
		switch {
		case rest[0] == '\'':
			text, after, ok := cutLiteral(rest)
			if !ok {
				return invalidFilter("There is an unterminated string literal at position " + rest + ".")
			}
			p.tokens = append(p.tokens, filterToken{text, true})
			rest = after
		case strings.ContainsRune("(),", rune(rest[0])):
			p.tokens = append(p.tokens, filterToken{rest[:1], false})
			rest = rest[1:]
		default:
			end := strings.IndexAny(rest, " '(),")
			if end < 0 {
				end = len(rest)
			}
			p.tokens = append(p.tokens, filterToken{rest[:end], false})
			rest = rest[end:]
		}
	}
	return nil
}

// cutLiteral takes a quoted string, in which a quote is doubled, from the beginning of text.
func cutLiteral(text string) (literal, after string, ok bool) {
	var value strings.Builder
	for i := 1; i < len(text); i++ {
		if text[i] != '\'' {
			value.WriteByte(text[i])
			continue
		}
		if i+1 < len(text) && text[i+1] == '\'' {
			value.WriteByte('\'')
			i++
			continue
		}
		return value.String(), text[i+1:], true
	}
	return "", "", false
}

// next takes the next token.
func (p *filterParser[T]) next() (filterToken, error) {
	if len(p.tokens) == 0 {
		return filterToken{}, invalidFilter("Expression expected at the end.")
	}
	token := p.tokens[0]
	p.tokens = p.tokens[1:]
	return token, nil
}

// accept takes the next token if it is the given word.
func (p *filterParser[T]) accept(word string) bool {
	if len(p.tokens) > 0 && !p.tokens[0].literal && strings.EqualFold(p.tokens[0].text, word) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *filterParser[T]) expect(word string) error {
	if !p.accept(word) {
		return invalidFilter("'" + word + "' expected.")
	}
	return nil
}

func (p *filterParser[T]) or() (func(T) bool, error) {
	left, err := p.and()
	for err == nil && p.accept("or") {
		first := left
		var right func(T) bool
		right, err = p.and()
		left = func(entity T) bool { return first(entity) || right(entity) }
	}
	return left, err
}

func (p *filterParser[T]) and() (func(T) bool, error) {
	left, err := p.term()
	for err == nil && p.accept("and") {
		first := left
		var right func(T) bool
		right, err = p.term()
		left = func(entity T) bool { return first(entity) && right(entity) }
	}
	return left, err
}

func (p *filterParser[T]) term() (func(T) bool, error) {
	if p.accept("(") {
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	token, err := p.next()
	if err != nil {
		return nil, err
	}
	call := len(p.tokens) > 0 && p.tokens[0].text == "("
	if call && strings.EqualFold(token.text, "startsWith") {
		return p.textFunction(strings.HasPrefix)
	}
	if call && p.advanced && strings.EqualFold(token.text, "endsWith") {
		return p.textFunction(strings.HasSuffix)
	}
	if p.advanced && token.text == "not" {
		inner, err := p.term()
		return func(entity T) bool { return !inner(entity) }, err
	}
	if list, found := strings.CutSuffix(token.text, "/any"); found && call {
		return p.any(list)
	}
	if token.text == "isof" && len(p.entity.Derived) > 0 {
		return p.isOf()
	}
	if strings.EqualFold(token.text, "not") || len(p.tokens) > 0 && p.tokens[0].text == "(" {
		return nil, unsupportedFilter()
	}
	property, err := p.property(token)
	if err != nil {
		return nil, err
	}
	operator, err := p.next()
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(operator.text) {
	case "eq":
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		return func(entity T) bool { return equalValues(property(entity), value) }, nil
	case "ne":
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		if p.advanced {
			return func(entity T) bool { return !equalValues(property(entity), value) }, nil
		}
	case "in":
		return p.in(property)
	}
	return nil, unsupportedFilter()
}

func (p *filterParser[T]) property(token filterToken) (func(T) any, error) {
	property, known := p.entity.Properties[token.text]
	if token.literal || !known {
		return nil, invalidFilter("Could not find a property named '" + token.text + "' on type '" + p.entity.Name + "'.")
	}
	return property, nil
}

// value takes a literal: a string, true, false or null.
func (p *filterParser[T]) value() (any, error) {
	token, err := p.next()
	if err != nil {
		return nil, err
	}
	if token.literal {
		return token.text, nil
	}
	switch token.text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	return nil, invalidFilter("'" + token.text + "' is not a literal.")
}

func (p *filterParser[T]) in(property func(T) any) (func(T) bool, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var values []any
	for {
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		values = append(values, value)
		if p.accept(")") {
			break
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
	return func(entity T) bool {
		for _, value := range values {
			if equalValues(property(entity), value) {
				return true
			}
		}
		return false
	}, nil
}

// textFunction takes the arguments of startsWith and endsWith. The directory compares without regard to case.
func (p *filterParser[T]) textFunction(matches func(text, part string) bool) (func(T) bool, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	token, err := p.next()
	if err != nil {
		return nil, err
	}
	property, err := p.property(token)
	if err != nil {
		return nil, err
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	value, err := p.value()
	if err != nil {
		return nil, err
	}
	part, ok := value.(string)
	if !ok {
		return nil, invalidFilter("startsWith and endsWith want a string.")
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	part = strings.ToLower(part)
	return func(entity T) bool {
		text, ok := property(entity).(string)
		return ok && matches(strings.ToLower(text), part)
	}, nil
}

// any takes the argument of list/any(x:x eq 'text') or list/any(x:startsWith(x,'text')).
func (p *filterParser[T]) any(list string) (func(T) bool, error) {
	property, err := p.property(filterToken{text: list})
	if err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	declaration, err := p.next()
	if err != nil {
		return nil, err
	}
	variable, first, found := strings.Cut(declaration.text, ":")
	if !found || variable == "" {
		return nil, invalidFilter("any wants a variable and a colon.")
	}
	if first != "" {
		p.tokens = append([]filterToken{{text: first}}, p.tokens...)
	}
	of := Type[string]{Name: "Edm.String", Properties: map[string]func(string) any{variable: func(item string) any { return item }}}
	inner := &filterParser[string]{entity: of, advanced: p.advanced, tokens: p.tokens}
	matches, err := inner.or()
	if err != nil {
		return nil, err
	}
	p.tokens = inner.tokens
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	return func(entity T) bool {
		items, _ := property(entity).([]string)
		return slices.ContainsFunc(items, matches)
	}, nil
}

// isOf takes the argument of isof: the name of a derived type in quotes.
func (p *filterParser[T]) isOf() (func(T) bool, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	token, err := p.next()
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(token.text, "#")
	if !token.literal || !slices.Contains(p.entity.Derived, name) {
		return nil, invalidFilter("'" + token.text + "' is not the name of a type derived from '" + p.entity.Name + "' in quotes.")
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	return func(entity T) bool { return p.entity.TypeOf(entity) == name }, nil
}

// equalValues compares as the directory does: strings without regard to case.
func equalValues(a, b any) bool {
	left, leftIsText := a.(string)
	right, rightIsText := b.(string)
	if leftIsText && rightIsText {
		return strings.EqualFold(left, right)
	}
	if _, isList := a.([]string); isList {
		return false
	}
	return a == b
}
