package emulator

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const groupType = "microsoft.graph.group"

// groupEntity has the properties that the emulator keeps and those that are the same for every security group.
//
// https://learn.microsoft.com/graph/api/resources/group
var groupEntity = entityType[*groupRecord]{
	name: groupType,
	properties: withNulls(map[string]func(*groupRecord) any{
		"id":              func(g *groupRecord) any { return g.id },
		"displayName":     func(g *groupRecord) any { return g.displayName },
		"groupTypes":      func(*groupRecord) any { return []string{} },
		"mailEnabled":     func(*groupRecord) any { return false },
		"securityEnabled": func(*groupRecord) any { return true },
	}, "classification", "createdDateTime", "deletedDateTime", "description", "expirationDateTime", "isAssignableToRole",
		"mail", "mailNickname", "membershipRule", "membershipRuleProcessingState", "onPremisesSyncEnabled", "visibility"),
	defaults: []string{
		"createdDateTime", "deletedDateTime", "description", "displayName", "groupTypes", "id", "mail",
		"mailEnabled", "mailNickname", "membershipRule", "securityEnabled", "visibility",
	},
}

func checkObjectID(id string) error {
	if !control.IsGUID(id) {
		return &graphError{
			status: http.StatusBadRequest, code: "Request_BadRequest",
			message: "Invalid object identifier '" + id + "'.",
		}
	}
	return nil
}

// getGroup answers GET /groups/{id}.
//
// https://learn.microsoft.com/graph/api/group-get
func (s *Server) getGroup(req *graphRequest, query query, id string) (*graphResponse, error) {
	if err := checkObjectID(id); err != nil {
		return nil, err
	}
	names, err := groupEntity.projection(query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	group := s.directory.group(id)
	if group == nil {
		return nil, resourceNotFound(id)
	}
	object := groupEntity.object(group, names)
	object["@odata.context"] = req.contextURL("groups" + query.fragment() + "/$entity")
	return answer(http.StatusOK, object), nil
}

// listGroups answers GET /groups.
//
// https://learn.microsoft.com/graph/api/group-list
func (s *Server) listGroups(req *graphRequest, query query) (*graphResponse, error) {
	names, err := groupEntity.projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkCount(req, query); err != nil {
		return nil, err
	}
	matches, err := parseFilter(query.filter, groupEntity)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*groupRecord
	for _, group := range s.directory.groups {
		if matches(group) {
			found = append(found, group)
		}
	}
	page, err := paginate(req, query, found, func(group *groupRecord) string { return group.id })
	if err != nil {
		return nil, err
	}
	values := []map[string]any{}
	for _, group := range page.items {
		values = append(values, groupEntity.object(group, names))
	}
	return collection(req, query, "groups"+query.fragment(), len(found), values, page.nextLink), nil
}

// directoryObject is a user, a group or the service principal of an app; exactly one is set.
type directoryObject struct {
	user      *userRecord
	group     *groupRecord
	principal *servicePrincipal
}

func (o directoryObject) id() string {
	switch {
	case o.user != nil:
		return o.user.ID
	case o.group != nil:
		return o.group.id
	}
	return o.principal.id
}

func (o directoryObject) typeName() string {
	switch {
	case o.user != nil:
		return userType
	case o.group != nil:
		return groupType
	}
	return servicePrincipalType
}

const servicePrincipalType = "microsoft.graph.servicePrincipal"

// servicePrincipal is an app within the tenant.
type servicePrincipal struct {
	id  string
	app *control.App
}

// servicePrincipalEntity has what tells one app from another.
//
// https://learn.microsoft.com/graph/api/resources/serviceprincipal
var servicePrincipalEntity = entityType[*servicePrincipal]{
	name: servicePrincipalType,
	properties: map[string]func(*servicePrincipal) any{
		"id":                   func(p *servicePrincipal) any { return p.id },
		"appId":                func(p *servicePrincipal) any { return p.app.ClientID },
		"displayName":          func(p *servicePrincipal) any { return nullIfEmpty(p.app.DisplayName) },
		"servicePrincipalType": func(*servicePrincipal) any { return "Application" },
	},
	defaults: []string{"id", "appId", "displayName", "servicePrincipalType"},
}

// servicePrincipalID is the object id of an app in the tenant; an app always has the same.
func (d *directory) servicePrincipalID(app *control.App) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(d.tenantID+"/"+app.ClientID)).String()
}

// object finds a user, a group or a service principal by its object id, lower case. It wants the server's lock.
func (d *directory) object(id string) (directoryObject, bool) {
	if user := d.byID[id]; user != nil {
		return directoryObject{user: user}, true
	}
	if group := d.group(id); group != nil {
		return directoryObject{group: group}, true
	}
	for _, app := range d.apps {
		if principal := d.servicePrincipalID(app); principal == id {
			return directoryObject{principal: &servicePrincipal{principal, app}}, true
		}
	}
	return directoryObject{}, false
}

// describe is the JSON of a directory object. Without a permission to read its type there is only its id; a selected
// property that its type does not have is left out.
//
// https://learn.microsoft.com/graph/api/group-list-members
func (o directoryObject) describe(caller caller, query query) map[string]any {
	object := map[string]any{"id": o.id()}
	switch {
	case o.user != nil && caller.hasAny(readUserPermissions):
		object = userEntity.object(o.user, selectedOf(userEntity, query))
	case o.group != nil && caller.hasAny(readGroupPermissions):
		object = groupEntity.object(o.group, selectedOf(groupEntity, query))
	case o.principal != nil && caller.hasAny(readApplicationPermissions):
		object = servicePrincipalEntity.object(o.principal, selectedOf(servicePrincipalEntity, query))
	}
	object["@odata.type"] = "#" + o.typeName()
	return object
}

func selectedOf[T any](entity entityType[T], query query) []string {
	if query.selected == nil {
		return entity.defaults
	}
	var names []string
	for _, name := range query.selected {
		if _, known := entity.properties[name]; known {
			names = append(names, name)
		}
	}
	return names
}

// checkSelected refuses a property that none of the types in an answer has.
func checkSelected(query query, cast string) error {
	for _, name := range query.selected {
		_, ofUser := userEntity.properties[name]
		_, ofGroup := groupEntity.properties[name]
		_, ofPrincipal := servicePrincipalEntity.properties[name]
		typeName := cast
		switch cast {
		case userType:
			ofGroup, ofPrincipal = false, false
		case groupType:
			ofUser, ofPrincipal = false, false
		default:
			typeName = "microsoft.graph.directoryObject"
		}
		if !ofUser && !ofGroup && !ofPrincipal {
			return badRequest("Could not find a property named '" + name + "' on type '" + typeName + "'.")
		}
	}
	return nil
}

// listMembers answers GET /groups/{id}/members and /transitiveMembers, with an optional cast to users or groups.
//
// https://learn.microsoft.com/graph/api/group-list-members
// https://learn.microsoft.com/graph/api/group-list-transitivemembers
func (s *Server) listMembers(req *graphRequest, query query, id string, transitive bool, cast string) (*graphResponse, error) {
	if err := checkObjectID(id); err != nil {
		return nil, err
	}
	if err := checkSelected(query, cast); err != nil {
		return nil, err
	}
	if err := checkCount(req, query); err != nil {
		return nil, err
	}
	if query.filter != "" {
		return nil, unsupportedFilter()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	group := s.directory.group(id)
	if group == nil {
		return nil, resourceNotFound(id)
	}
	ids := group.members
	if transitive {
		ids = s.directory.transitiveMembers(group)
	}
	var found []directoryObject
	for _, member := range ids {
		if object, exists := s.directory.object(member); exists && (cast == "" || cast == object.typeName()) {
			found = append(found, object)
		}
	}
	page, err := paginate(req, query, found, directoryObject.id)
	if err != nil {
		return nil, err
	}
	values := []map[string]any{}
	for _, object := range page.items {
		described := object.describe(req.caller, query)
		if cast != "" {
			delete(described, "@odata.type") // the context says it
		}
		values = append(values, described)
	}
	fragment := "directoryObjects"
	switch cast {
	case userType:
		fragment = "users"
	case groupType:
		fragment = "groups"
	}
	return collection(req, query, fragment+query.fragment(), len(found), values, page.nextLink), nil
}
