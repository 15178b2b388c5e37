package emulator

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const (
	defaultPageSize = 100
	maxPageSize     = 999
)

// query holds the OData query options of a request.
//
// https://learn.microsoft.com/graph/query-parameters
type query struct {
	selected  []string // nil without $select
	top       int      // 0 without $top
	skip      int
	filter    string
	count     bool
	counting  bool // the path ends in /$count
	skipToken string
	orderBy   []order
	search    string
	expand    []expansion
	values    url.Values // all of them, for the next link
}

// parseQuery reads the options that a resource understands and refuses other system query options. Parameters that are
// no system query options are ignored, as OData prescribes; $ may be left out.
func parseQuery(raw string, understood []string) (query, error) {
	result := query{values: url.Values{}}
	for _, pair := range strings.Split(raw, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(rawName)
		value, errValue := url.QueryUnescape(rawValue)
		if errName != nil || errValue != nil {
			return query{}, badRequest("The query string holds an invalid escape.")
		}
		option := name
		if slices.Contains(understood, "$"+name) {
			option = "$" + name
		}
		if !strings.HasPrefix(option, "$") {
			continue
		}
		if !slices.Contains(understood, option) {
			return query{}, badRequest("The query parameter '" + option + "' is not supported.")
		}
		if result.values.Has(option) {
			return query{}, badRequest("Query option '" + option +
				"' was specified more than once, but it must be specified at most once.")
		}
		result.values.Set(option, value)
		if err := result.set(option, value); err != nil {
			return query{}, err
		}
	}
	return result, nil
}

func (q *query) set(option, value string) (err error) {
	switch option {
	case "$select":
		q.selected = []string{}
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name == "" {
				return badRequest("Term '" + value + "' is not valid in a $select or $expand expression.")
			}
			q.selected = append(q.selected, name)
		}
	case "$top":
		top, err := strconv.Atoi(value)
		if err != nil {
			return badRequest("Invalid value '" + value + "' for $top query option found. " +
				"The $top query option requires a non-negative integer value.")
		}
		if top < 1 || top > maxPageSize {
			return &graphError{
				status: http.StatusBadRequest, code: "Request_BadRequest",
				message: "Invalid page size specified: '" + value + "'. Must be between 1 and " + strconv.Itoa(maxPageSize) + " inclusive.",
			}
		}
		q.top = top
	case "$skip":
		skip, err := strconv.Atoi(value)
		if err != nil || skip < 0 {
			return badRequest("Invalid value '" + value + "' for $skip query option found. " +
				"The $skip query option requires a non-negative integer value.")
		}
		q.skip = skip
	case "$filter":
		q.filter = value
	case "$count":
		switch value {
		case "true":
			q.count = true
		case "false":
		default:
			return badRequest("Invalid value '" + value + "' for $count query option found. Valid values are 'true' or 'false'.")
		}
	case "$skiptoken":
		q.skipToken = value
	case "$search":
		q.search = value
	case "$orderby":
		q.orderBy, err = parseOrder(value)
	case "$expand":
		q.expand, err = parseExpand(value)
	}
	return err
}

// page is a part of a collection.
type page[T any] struct {
	items    []T
	total    int // of the whole collection; known where the query asks for it
	nextLink string
}

// source is a collection of which a request sees some.
type source[T any] struct {
	size int
	at   func(int) (item T, seen bool)
	find func(id string) int // where the item with the id is, or -1
	id   func(T) string
}

// page cuts the page that the query asks for out of the collection, and looks at no more of it than it has to. The
// token for the next page names the last item of this one, so that a page stays where it is when items before it come
// or go.
func (s source[T]) page(req *graphRequest, query query) (page[T], error) {
	var result page[T]
	start := 0
	if query.skipToken != "" {
		last, err := base64.RawURLEncoding.DecodeString(query.skipToken)
		position := -1
		if err == nil {
			position = s.find(string(last))
		}
		if position < 0 {
			return result, expiredPageToken()
		}
		if _, seen := s.at(position); !seen {
			return result, expiredPageToken()
		}
		start = position + 1
	}
	size := query.top
	if size == 0 {
		size = defaultPageSize
	}
	countAll, more := query.count && query.skipToken == "", false
	result.items = make([]T, 0, min(size, s.size-start))
	for i := start; i < s.size && (countAll || !more); i++ {
		item, seen := s.at(i)
		switch {
		case !seen:
			continue
		case len(result.items) < size:
			result.items = append(result.items, item)
		default:
			more = true
		}
		result.total++
	}
	if more {
		next := maps.Clone(query.values)
		next.Set("$skiptoken", skipToken(s.id(result.items[size-1])))
		result.nextLink = req.origin + req.fullPath() + "?" + next.Encode()
	}
	return result, nil
}

// paginate cuts the page that the query asks for out of all items.
func paginate[T any](req *graphRequest, query query, items []T, id func(T) string) (page[T], error) {
	return sourceOf(items, id).page(req, query)
}

// sourceOf is a source of items that are all seen, in the order that they have.
func sourceOf[T any](items []T, id func(T) string) source[T] {
	return source[T]{
		size: len(items),
		at:   func(i int) (T, bool) { return items[i], true },
		find: func(wanted string) int {
			return slices.IndexFunc(items, func(item T) bool { return id(item) == wanted })
		},
		id: id,
	}
}

// skipToken is the token for the page after the item with the id.
func skipToken(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(id))
}

func expiredPageToken() error {
	return &graphError{
		status: http.StatusBadRequest, code: "Directory_ExpiredPageToken",
		message: "The specified page token value has expired and can no longer be included in your request.",
	}
}

// withoutSkip are the options for the next link, in which the token does what $skip did for the first page.
func withoutSkip(values url.Values) url.Values {
	copied := maps.Clone(values)
	copied.Del("$skip")
	return copied
}

// collection is the answer to a list.
func collection(req *graphRequest, query query, fragment string, total int, values []map[string]any, nextLink string) *wire.Response {
	body := map[string]any{"@odata.context": req.contextURL(fragment), "value": values}
	if query.count && query.skipToken == "" {
		body["@odata.count"] = total
	}
	if nextLink != "" {
		body["@odata.nextLink"] = nextLink
	}
	return wire.JSON(http.StatusOK, body)
}
