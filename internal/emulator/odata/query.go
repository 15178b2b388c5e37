package odata

import (
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultPageSize = 100
	maxPageSize     = 999
)

// Query holds the OData query options of a request.
//
// https://learn.microsoft.com/graph/query-parameters
type Query struct {
	Selected  []string // nil without $select
	Top       int      // 0 without $top
	Skip      int
	Filter    string
	Count     bool
	Counting  bool // the path ends in /$count
	SkipToken string
	OrderBy   []Order
	Search    string
	Expand    []Expansion
	Values    url.Values // all of them, for the next link
	// Eventual is set where the header ConsistencyLevel allows an answer that is not up to date.
	Eventual bool
}

// Parse reads the options that a resource understands and refuses other system query options. Parameters that are
// no system query options are ignored, as OData prescribes; $ may be left out.
func Parse(raw string, understood []string) (Query, error) {
	result := Query{Values: url.Values{}}
	for _, pair := range strings.Split(raw, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(rawName)
		value, errValue := url.QueryUnescape(rawValue)
		if errName != nil || errValue != nil {
			return Query{}, badRequest("The query string holds an invalid escape.")
		}
		option := name
		if slices.Contains(understood, "$"+name) {
			option = "$" + name
		}
		if !strings.HasPrefix(option, "$") {
			continue
		}
		if !slices.Contains(understood, option) {
			return Query{}, badRequest("The query parameter '" + option + "' is not supported.")
		}
		if result.Values.Has(option) {
			return Query{}, badRequest("Query option '" + option +
				"' was specified more than once, but it must be specified at most once.")
		}
		result.Values.Set(option, value)
		if err := result.set(option, value); err != nil {
			return Query{}, err
		}
	}
	return result, nil
}

func (q *Query) set(option, value string) (err error) {
	switch option {
	case "$select":
		q.Selected = []string{}
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name == "" {
				return badRequest("Term '" + value + "' is not valid in a $select or $expand expression.")
			}
			q.Selected = append(q.Selected, name)
		}
	case "$top":
		top, err := strconv.Atoi(value)
		if err != nil {
			return badRequest("Invalid value '" + value + "' for $top query option found. " +
				"The $top query option requires a non-negative integer value.")
		}
		if top < 1 || top > maxPageSize {
			return refused("Request_BadRequest", "Invalid page size specified: '"+value+"'. Must be between 1 and "+strconv.Itoa(maxPageSize)+" inclusive.")
		}
		q.Top = top
	case "$skip":
		skip, err := strconv.Atoi(value)
		if err != nil || skip < 0 {
			return badRequest("Invalid value '" + value + "' for $skip query option found. " +
				"The $skip query option requires a non-negative integer value.")
		}
		q.Skip = skip
	case "$filter":
		q.Filter = value
	case "$count":
		switch value {
		case "true":
			q.Count = true
		case "false":
		default:
			return badRequest("Invalid value '" + value + "' for $count query option found. Valid values are 'true' or 'false'.")
		}
	case "$skiptoken":
		q.SkipToken = value
	case "$search":
		q.Search = value
	case "$orderby":
		q.OrderBy, err = parseOrder(value)
	case "$expand":
		q.Expand, err = parseExpand(value)
	}
	return err
}

// Page is a part of a collection.
type Page[T any] struct {
	Items    []T
	Total    int // of the whole collection; known where the query asks for it
	NextLink string
}

// Source is a collection of which a request sees some.
type Source[T any] struct {
	Size int
	At   func(int) (item T, seen bool)
	Find func(id string) int // where the item with the id is, or -1
	ID   func(T) string
}

// Page cuts the page that the query asks for out of the collection, and looks at no more of it than it has to. The
// token for the next page names the last item of this one, so that a page stays where it is when items before it are
// added or removed. address is that of the collection, for the next link.
func (s Source[T]) Page(query Query, address string) (Page[T], error) {
	var result Page[T]
	start := 0
	if query.SkipToken != "" {
		last, err := base64.RawURLEncoding.DecodeString(query.SkipToken)
		position := -1
		if err == nil {
			position = s.Find(string(last))
		}
		if position < 0 {
			return result, ExpiredPageToken()
		}
		if _, seen := s.At(position); !seen {
			return result, ExpiredPageToken()
		}
		start = position + 1
	}
	size := query.Top
	if size == 0 {
		size = defaultPageSize
	}
	countAll, more := query.Count && query.SkipToken == "", false
	result.Items = make([]T, 0, min(size, s.Size-start))
	for i := start; i < s.Size && (countAll || !more); i++ {
		item, seen := s.At(i)
		switch {
		case !seen:
			continue
		case len(result.Items) < size:
			result.Items = append(result.Items, item)
		default:
			more = true
		}
		result.Total++
	}
	if more {
		next := maps.Clone(query.Values)
		next.Set("$skiptoken", SkipToken(s.ID(result.Items[size-1])))
		result.NextLink = address + "?" + next.Encode()
	}
	return result, nil
}

// Paginate cuts the page that the query asks for out of all items.
func Paginate[T any](query Query, address string, items []T, id func(T) string) (Page[T], error) {
	return SourceOf(items, id).Page(query, address)
}

// SourceOf is a source of items that are all seen, in the order that they have.
func SourceOf[T any](items []T, id func(T) string) Source[T] {
	return Source[T]{
		Size: len(items),
		At:   func(i int) (T, bool) { return items[i], true },
		Find: func(wanted string) int {
			return slices.IndexFunc(items, func(item T) bool { return id(item) == wanted })
		},
		ID: id,
	}
}

// SkipToken is the token for the page after the item with the id.
func SkipToken(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(id))
}

// ExpiredPageToken refuses a token of a page that is no longer there.
func ExpiredPageToken() error {
	return refused("Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be included in your request.")
}

// WithoutSkip are the options for the next link, in which the token does what $skip did for the first page.
func WithoutSkip(values url.Values) url.Values {
	copied := maps.Clone(values)
	copied.Del("$skip")
	return copied
}

// All returns the items of a source that are seen.
func (s Source[T]) All() []T {
	var items []T
	for i := range s.Size {
		if item, seen := s.At(i); seen {
			items = append(items, item)
		}
	}
	return items
}

// Sorted is a source of items in the order that a query asks for.
func Sorted[T any](items []T, entity Type[T], orders []Order, id func(T) string) Source[T] {
	entity.sort(items, orders)
	return SourceOf(items, id)
}
