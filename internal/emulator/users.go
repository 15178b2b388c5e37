package emulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const userType = "microsoft.graph.user"

// entityType is what the emulator knows about a type of directory object.
type entityType[T any] struct {
	name       string
	properties map[string]func(T) any
	defaults   []string // what is returned without $select
	sortable   []string // what any query can sort by
	derived    []string // names of derived types, for isof
	typeOf     func(T) string
}

// userEntity has the properties that the emulator keeps and, always null, those that callers often select besides.
//
// https://learn.microsoft.com/graph/api/resources/user
var userEntity = entityType[*userRecord]{
	name: userType,
	properties: withNulls(map[string]func(*userRecord) any{
		"id":                func(u *userRecord) any { return u.ID },
		"userPrincipalName": func(u *userRecord) any { return u.UserPrincipalName },
		"displayName":       func(u *userRecord) any { return nullIfEmpty(u.DisplayName) },
		"mail":              func(u *userRecord) any { return nullIfEmpty(u.Mail) },
		"userType":          func(u *userRecord) any { return u.UserType },
		"accountEnabled":    func(u *userRecord) any { return *u.AccountEnabled },
		"assignedLicenses":  assignedLicenses,
		"businessPhones":    func(*userRecord) any { return []string{} },
	}, "ageGroup", "city", "companyName", "country", "createdDateTime", "creationType", "deletedDateTime", "department",
		"employeeHireDate", "employeeId", "employeeType", "externalUserState", "givenName", "jobTitle", "mailNickname",
		"mobilePhone", "officeLocation", "onPremisesImmutableId", "onPremisesSyncEnabled", "onPremisesUserPrincipalName",
		"postalCode", "preferredLanguage", "state", "streetAddress", "surname", "usageLocation"),
	defaults: []string{
		"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
		"officeLocation", "preferredLanguage", "surname", "userPrincipalName",
	},
	sortable: []string{"displayName", "userPrincipalName"},
}

func withNulls[T any](properties map[string]func(T) any, names ...string) map[string]func(T) any {
	for _, name := range names {
		properties[name] = func(T) any { return nil }
	}
	return properties
}

// assignedLicenses are the user's licenses. Neither list is ever null.
//
// https://learn.microsoft.com/graph/api/resources/assignedlicense
func assignedLicenses(u *userRecord) any {
	type license struct {
		DisabledPlans []string `json:"disabledPlans"`
		SkuID         string   `json:"skuId"`
	}
	licenses := make([]license, 0, len(u.AssignedLicenses))
	for _, one := range u.AssignedLicenses {
		licenses = append(licenses, license{append([]string{}, one.DisabledPlans...), one.SkuID})
	}
	return licenses
}

func nullIfEmpty(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// projection checks $select and returns the properties to answer with.
func (t entityType[T]) projection(query query) ([]string, error) {
	if query.selected == nil {
		return t.defaults, nil
	}
	var names []string
	for _, name := range query.selected {
		if name == "*" {
			return slices.Sorted(maps.Keys(t.properties)), nil
		}
		if _, known := t.properties[name]; !known {
			return nil, badRequest("Could not find a property named '" + name + "' on type '" + t.name + "'.")
		}
		names = append(names, name)
	}
	return names, nil
}

// object is the JSON of an entity with the given properties.
func (t entityType[T]) object(entity T, names []string) map[string]any {
	object := map[string]any{}
	for _, name := range names {
		object[name] = t.properties[name](entity)
	}
	return object
}

// fragment is the part of @odata.context that names the selected properties.
func (q query) fragment() string {
	if q.selected == nil {
		return ""
	}
	return "(" + strings.Join(q.selected, ",") + ")"
}

// visibleUser finds a user the way a read does, with the lag after a creation. It wants the server's lock.
func (s *Server) visibleUser(key string) *userRecord {
	record := s.directory.user(key)
	if record == nil || record.createLag.stale(s.now()) {
		return nil
	}
	return record
}

// unknownUser must be called without the server's lock.
func (s *Server) unknownUser(key string) error {
	return s.caseError(control.CaseUnknownUser, resourceNotFound(key))
}

// getUser answers GET /users/{id | userPrincipalName}.
//
// https://learn.microsoft.com/graph/api/user-get
func (s *Server) getUser(req *graphRequest, query query, key string) (*graphResponse, error) {
	names, err := userEntity.projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkExpand(query, userType, userRelations); err != nil {
		return nil, err
	}
	columns := userEntity.columns(names)
	body := appendText([]byte("{"), "@odata.context", req.contextURL("users"+query.fragment()+"/$entity"))
	s.mu.Lock()
	record := s.visibleUser(key)
	if record != nil {
		body = s.appendExpanded(appendColumns(body, record, columns), req, query, directoryObject{user: record})
	}
	s.mu.Unlock()
	if record == nil {
		return nil, s.unknownUser(key)
	}
	return written(http.StatusOK, append(body, '}')), nil
}

// seenUsers are the users that a list shows. It wants the server's lock.
func (s *Server) seenUsers(matches func(*userRecord) bool) source[*userRecord] {
	now, users := s.now(), s.directory.users
	return source[*userRecord]{
		size: len(users),
		at: func(i int) (*userRecord, bool) {
			return users[i], !users[i].createLag.running(now) && matches(users[i])
		},
		find: s.directory.userPosition,
		id:   (*userRecord).objectID,
	}
}

func (u *userRecord) objectID() string { return u.ID }

// countUsers answers GET /users/$count.
//
// https://learn.microsoft.com/graph/api/user-list
func (s *Server) countUsers(req *graphRequest, query query) (*graphResponse, error) {
	if err := checkListing(req, &query, asCount); err != nil {
		return nil, err
	}
	matches, err := matcher(req, query, userEntity)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return counted(s.seenUsers(matches).all()), nil
}

// listUsers answers GET /users.
//
// https://learn.microsoft.com/graph/api/user-list
func (s *Server) listUsers(req *graphRequest, query query) (*graphResponse, error) {
	names, err := userEntity.projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkListing(req, &query, asObjects); err != nil {
		return nil, err
	}
	if err := checkExpand(query, userType, userRelations); err != nil {
		return nil, err
	}
	if err := userEntity.checkOrder(req, query); err != nil {
		return nil, err
	}
	matches, err := matcher(req, query, userEntity)
	if err != nil {
		return nil, err
	}
	columns := userEntity.columns(names)
	s.mu.Lock()
	defer s.mu.Unlock()
	users := s.seenUsers(matches)
	if query.orderBy != nil {
		users = sorted(users.all(), userEntity, query.orderBy, (*userRecord).objectID)
	}
	page, err := users.page(req, query)
	if err != nil {
		return nil, err
	}
	body := make([]byte, 0, 512+256*len(page.items))
	body = appendCollection(body, req, query, "users"+query.fragment(), page.total, page.nextLink)
	for _, record := range page.items {
		body = appendColumns(appendElement(body), record, columns)
		body = append(s.appendExpanded(body, req, query, directoryObject{user: record}), '}')
	}
	return written(http.StatusOK, append(body, "]}"...)), nil
}
