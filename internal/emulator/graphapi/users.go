package graphapi

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const userType = "microsoft.graph.user"

// https://learn.microsoft.com/graph/permissions-reference
// https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
func init() {
	read := oneOf(readUserPermissions...)
	register(slices.Concat(rows{
		{method: http.MethodGet, path: "/users", units: 2, permissions: read, options: directoryOptions, handle: listUsers},
		{method: http.MethodGet, path: "/users/$count", permissions: read, options: countOptions, handle: countUsers},
		{method: http.MethodGet, path: "/users/{id}", permissions: read, options: expandOptions, handle: getUser},
		{method: http.MethodGet, path: "/users/{id}/manager", permissions: read, options: expandOptions, handle: getManager},
	}.of(control.ClassDirectory), membershipRows("/users/{id}", readUserPermissions, findUser), emptyRelations()))
}

// emptyRelations are relations of users of which there is nothing here.
func emptyRelations() rows {
	var lines rows
	for _, relation := range userRelations {
		if relation != "manager" && relation != "memberOf" && relation != "transitiveMemberOf" {
			lines = append(lines, relationRows("/users/{id}", relation, readUserPermissions, findUser, relationUnits{})...)
		}
	}
	return lines
}

// userEntity has every property of v1.0.
//
// https://learn.microsoft.com/graph/api/resources/user
var userEntity = odata.Type[*store.User]{
	Name: userType,
	Properties: withTable(map[string]func(*store.User) any{
		"id":                 func(u *store.User) any { return u.ID },
		"userPrincipalName":  func(u *store.User) any { return u.UserPrincipalName },
		"displayName":        func(u *store.User) any { return nullIfEmpty(u.DisplayName) },
		"mail":               func(u *store.User) any { return nullIfEmpty(u.Mail) },
		"userType":           func(u *store.User) any { return u.UserType },
		"accountEnabled":     func(u *store.User) any { return *u.AccountEnabled },
		"assignedLicenses":   assignedLicenses,
		"securityIdentifier": func(u *store.User) any { return securityIdentifier(u.ID) },
	}, control.UserProperties, func(u *store.User) map[string]any { return u.Properties }),
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
func assignedLicenses(u *store.User) any {
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

// readUser finds a user the way a read does, with the lag after a creation.
func readUser(tx *store.Tx, key string) (*store.User, error) {
	user := tx.User(key)
	if user == nil || user.Unseen(tx) {
		return nil, unknownUser(key)
	}
	return user, nil
}

func unknownUser(key string) *refusal { return resourceNotFound(key).as(control.CaseUnknownUser) }

// getUser answers GET /users/{id | userPrincipalName}.
//
// https://learn.microsoft.com/graph/api/user-get
func getUser(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	names, err := userEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkExpand(query, userType, userRelations); err != nil {
		return nil, err
	}
	columns := userEntity.Columns(names)
	body := odata.AppendText([]byte("{"), "@odata.context", req.contextURL("users"+query.Fragment()+"/$entity"))
	user, err := readUser(tx, req.keys[0])
	if err != nil {
		return nil, err
	}
	body = appendExpanded(odata.AppendColumns(body, user, columns), tx, req, query, store.DirectoryObject{User: user})
	return wire.Written(http.StatusOK, append(body, '}')), nil
}

// seenUsers are the users that a list shows.
func seenUsers(tx *store.Tx, matches func(*store.User) bool) odata.Source[*store.User] {
	users := tx.Users()
	return odata.Source[*store.User]{
		Size: len(users),
		At:   func(i int) (*store.User, bool) { return users[i], users[i].Listed(tx) && matches(users[i]) },
		Find: tx.UserPosition,
		ID:   userID,
	}
}

func userID(u *store.User) string { return u.ID }

// countUsers answers GET /users/$count.
//
// https://learn.microsoft.com/graph/api/user-list
func countUsers(tx *store.Tx, _ *request, query odata.Query) (*wire.Response, error) {
	if err := checkListing(&query, asCount); err != nil {
		return nil, err
	}
	matches, err := odata.Matcher(query, userEntity)
	if err != nil {
		return nil, err
	}
	return counted(seenUsers(tx, matches).All()), nil
}

// listUsers answers GET /users.
//
// https://learn.microsoft.com/graph/api/user-list
func listUsers(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	names, err := userEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkListing(&query, asObjects); err != nil {
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
	users := seenUsers(tx, matches)
	if query.OrderBy != nil {
		users = odata.Sorted(users.All(), userEntity, query.OrderBy, userID)
	}
	page, err := users.Page(query, req.address())
	if err != nil {
		return nil, err
	}
	body := make([]byte, 0, 512+256*len(page.Items))
	body = odata.AppendCollection(body, query, req.contextURL("users"+query.Fragment()), page.Total, page.NextLink)
	for _, record := range page.Items {
		body = odata.AppendColumns(odata.AppendElement(body), record, columns)
		body = append(appendExpanded(body, tx, req, query, store.DirectoryObject{User: record}), '}')
	}
	return wire.Written(http.StatusOK, append(body, "]}"...)), nil
}

// getManager answers GET /users/{id}/manager: no user of a tenant file has one.
//
// https://learn.microsoft.com/graph/api/user-list-manager
func getManager(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	if _, err := readUser(tx, req.keys[0]); err != nil {
		return nil, err
	}
	return nil, resourceNotFound("manager")
}
