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
		"businessPhones":    func(*userRecord) any { return []string{} },
	}, "ageGroup", "city", "companyName", "country", "createdDateTime", "creationType", "deletedDateTime", "department",
		"employeeHireDate", "employeeId", "employeeType", "externalUserState", "givenName", "jobTitle", "mailNickname",
		"mobilePhone", "officeLocation", "onPremisesImmutableId", "onPremisesSyncEnabled", "onPremisesUserPrincipalName",
		"postalCode", "preferredLanguage", "state", "streetAddress", "surname", "usageLocation"),
	defaults: []string{
		"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
		"officeLocation", "preferredLanguage", "surname", "userPrincipalName",
	},
}

func withNulls[T any](properties map[string]func(T) any, names ...string) map[string]func(T) any {
	for _, name := range names {
		properties[name] = func(T) any { return nil }
	}
	return properties
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
	s.mu.Lock()
	record := s.visibleUser(key)
	var object map[string]any
	if record != nil {
		object = userEntity.object(record, names)
	}
	s.mu.Unlock()
	if record == nil {
		return nil, s.unknownUser(key)
	}
	object["@odata.context"] = req.contextURL("users" + query.fragment() + "/$entity")
	return answer(http.StatusOK, object), nil
}

// listUsers answers GET /users.
//
// https://learn.microsoft.com/graph/api/user-list
func (s *Server) listUsers(req *graphRequest, query query) (*graphResponse, error) {
	names, err := userEntity.projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkCount(req, query); err != nil {
		return nil, err
	}
	matches, err := parseFilter(query.filter, userEntity)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*userRecord
	for _, record := range s.directory.users {
		if !record.createLag.running(s.now()) && matches(record) {
			found = append(found, record)
		}
	}
	page, err := paginate(req, query, found, func(record *userRecord) string { return record.ID })
	if err != nil {
		return nil, err
	}
	values := []map[string]any{}
	for _, record := range page.items {
		values = append(values, userEntity.object(record, names))
	}
	return collection(req, query, "users"+query.fragment(), len(found), values, page.nextLink), nil
}
