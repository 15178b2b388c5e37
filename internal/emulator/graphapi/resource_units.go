package graphapi

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// charge is what a request takes out of the limits.
type charge struct {
	units  int // resource units
	writes int
}

// charge is what a method costs with the query options of a request, whether these are accepted or not.
//
// https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
func (r *resource) charge(method, rawQuery string) charge {
	row := r.row(method)
	if row == nil {
		row = &row0
	}
	units := max(row.units, 1)
	selected := false
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(name, "%") {
			name, _ = url.QueryUnescape(name) // one that cannot be read is no option
		}
		switch strings.TrimPrefix(name, "$") {
		case "select":
			selected = true
			units--
		case "expand":
			units++
		case "top":
			if top, err := strconv.Atoi(value); err == nil && top < 20 {
				units--
			}
		}
	}
	if selected && row.selectedUnits > 0 {
		units = row.selectedUnits
	}
	result := charge{units: max(units, 1)}
	// A POST that only asks is no write; everything else that is no GET is one.
	if method != http.MethodGet && method != http.MethodHead && !row.asks {
		result.writes = 1
	}
	return result
}

// row0 is the line of what is not in the table.
var row0 row
