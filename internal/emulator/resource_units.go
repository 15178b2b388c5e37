package emulator

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

// operation is a method of a resource.
type operation struct{ method, template string }

// baseUnits are the resource units of operations that do not cost 1.
//
// https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
var baseUnits = map[operation]int{
	{http.MethodGet, "/users"}:                                      2,
	{http.MethodGet, "/groups/{id}/members"}:                        3,
	{http.MethodGet, "/groups/{id}/members/" + userType}:            3,
	{http.MethodGet, "/groups/{id}/members/" + groupType}:           3,
	{http.MethodGet, "/groups/{id}/transitiveMembers"}:              5,
	{http.MethodGet, "/groups/{id}/transitiveMembers/" + userType}:  5,
	{http.MethodGet, "/groups/{id}/transitiveMembers/" + groupType}: 5,
	{http.MethodPost, getByIDsTemplate}:                             5,
	{http.MethodPost, checkMemberGroupsTemplate}:                    4,
}

const (
	getByIDsTemplate          = "/directoryObjects/getByIds"
	checkMemberGroupsTemplate = "/users/{id}/checkMemberGroups"
)

// selectedGetByIDsUnits is what getByIds costs with $select, whatever the general rule would say.
const selectedGetByIDsUnits = 2

// chargeFor is what an operation costs with the query options of a request, whether these are accepted or not.
//
// https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
func chargeFor(method, template, rawQuery string) charge {
	units, listed := baseUnits[operation{method, template}]
	if !listed {
		units = 1
	}
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
	if selected && template == getByIDsTemplate {
		units = selectedGetByIDsUnits
	}
	result := charge{units: max(units, 1)}
	// The POSTs that only ask are listed, at no writes; everything else that is no GET is one.
	if method != http.MethodGet && method != http.MethodHead && !listed {
		result.writes = 1
	}
	return result
}
