package emulator

import (
	"encoding/binary"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const userType = "microsoft.graph.user"

// userEntity has every property of v1.0.
//
// https://learn.microsoft.com/graph/api/resources/user
var userEntity = odata.Type[*userRecord]{
	Name: userType,
	Properties: withTable(map[string]func(*userRecord) any{
		"id":                 func(u *userRecord) any { return u.ID },
		"userPrincipalName":  func(u *userRecord) any { return u.UserPrincipalName },
		"displayName":        func(u *userRecord) any { return nullIfEmpty(u.DisplayName) },
		"mail":               func(u *userRecord) any { return nullIfEmpty(u.Mail) },
		"userType":           func(u *userRecord) any { return u.UserType },
		"accountEnabled":     func(u *userRecord) any { return *u.AccountEnabled },
		"assignedLicenses":   assignedLicenses,
		"securityIdentifier": func(u *userRecord) any { return securityIdentifier(u.ID) },
	}, control.UserProperties, func(u *userRecord) map[string]any { return u.Properties }),
	Defaults: []string{
		"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone",
		"officeLocation", "preferredLanguage", "surname", "userPrincipalName",
	},
	Sortable: []string{"displayName", "userPrincipalName"},
}

// withTable adds the properties of a table to those that have code of their own.
func withTable[T any](properties map[string]func(T) any, table map[string]control.Property, values func(T) map[string]any) map[string]func(T) any {
	for name, property := range table {
		if properties[name] == nil {
			properties[name] = func(entity T) any { return property.Value(values(entity), name) }
		}
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

// securityIdentifier is the SID that Entra ID makes of an object id.
func securityIdentifier(id string) any {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil
	}
	first, second, third := binary.BigEndian.Uint32(parsed[:4]), binary.BigEndian.Uint16(parsed[4:6]), binary.BigEndian.Uint16(parsed[6:8])
	return fmt.Sprintf("S-1-12-1-%d-%d-%d-%d", first, uint32(third)<<16|uint32(second),
		binary.LittleEndian.Uint32(parsed[8:12]), binary.LittleEndian.Uint32(parsed[12:]))
}

func nullIfEmpty(text string) any {
	if text == "" {
		return nil
	}
	return text
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
func (s *Server) getUser(req *graphRequest, query odata.Query, key string) (*wire.Response, error) {
	names, err := userEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkExpand(query, userType, userRelations); err != nil {
		return nil, err
	}
	columns := userEntity.Columns(names)
	body := odata.AppendText([]byte("{"), "@odata.context", req.contextURL("users"+query.Fragment()+"/$entity"))
	s.mu.Lock()
	record := s.visibleUser(key)
	if record != nil {
		body = s.appendExpanded(odata.AppendColumns(body, record, columns), req, query, directoryObject{user: record})
	}
	s.mu.Unlock()
	if record == nil {
		return nil, s.unknownUser(key)
	}
	return wire.Written(http.StatusOK, append(body, '}')), nil
}

// seenUsers are the users that a list shows. It wants the server's lock.
func (s *Server) seenUsers(matches func(*userRecord) bool) odata.Source[*userRecord] {
	now, users := s.now(), s.directory.users
	return odata.Source[*userRecord]{
		Size: len(users),
		At: func(i int) (*userRecord, bool) {
			return users[i], !users[i].createLag.running(now) && matches(users[i])
		},
		Find: s.directory.userPosition,
		ID:   (*userRecord).objectID,
	}
}

func (u *userRecord) objectID() string { return u.ID }

// countUsers answers GET /users/$count.
//
// https://learn.microsoft.com/graph/api/user-list
func (s *Server) countUsers(req *graphRequest, query odata.Query) (*wire.Response, error) {
	if err := checkListing(req, &query, asCount); err != nil {
		return nil, err
	}
	matches, err := odata.Matcher(query, userEntity)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return counted(s.seenUsers(matches).All()), nil
}

// listUsers answers GET /users.
//
// https://learn.microsoft.com/graph/api/user-list
func (s *Server) listUsers(req *graphRequest, query odata.Query) (*wire.Response, error) {
	names, err := userEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkListing(req, &query, asObjects); err != nil {
		return nil, err
	}
	if err := checkExpand(query, userType, userRelations); err != nil {
		return nil, err
	}
	if err := userEntity.CheckOrder(query); err != nil {
		return nil, err
	}
	matches, err := odata.Matcher(query, userEntity)
	if err != nil {
		return nil, err
	}
	columns := userEntity.Columns(names)
	s.mu.Lock()
	defer s.mu.Unlock()
	users := s.seenUsers(matches)
	if query.OrderBy != nil {
		users = odata.Sorted(users.All(), userEntity, query.OrderBy, (*userRecord).objectID)
	}
	page, err := users.Page(query, req.address())
	if err != nil {
		return nil, err
	}
	body := make([]byte, 0, 512+256*len(page.Items))
	body = odata.AppendCollection(body, query, req.contextURL("users"+query.Fragment()), page.Total, page.NextLink)
	for _, record := range page.Items {
		body = odata.AppendColumns(odata.AppendElement(body), record, columns)
		body = append(s.appendExpanded(body, req, query, directoryObject{user: record}), '}')
	}
	return wire.Written(http.StatusOK, append(body, "]}"...)), nil
}

// getManager answers GET /users/{id}/manager: no user of a tenant file has one.
//
// https://learn.microsoft.com/graph/api/user-list-manager
func (s *Server) getManager(_ *graphRequest, _ odata.Query, key string) (*wire.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.readUser(key); err != nil {
		return nil, err
	}
	return nil, resourceNotFound("manager")
}
