package emulator

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const groupType = "microsoft.graph.group"

// groupEntity has every property of v1.0.
//
// https://learn.microsoft.com/graph/api/resources/group
var groupEntity = entityType[*groupRecord]{
	name: groupType,
	properties: withTable(map[string]func(*groupRecord) any{
		"id":                 func(g *groupRecord) any { return g.id },
		"displayName":        func(g *groupRecord) any { return g.displayName },
		"securityIdentifier": func(g *groupRecord) any { return securityIdentifier(g.id) },
	}, control.GroupProperties, func(g *groupRecord) map[string]any { return g.properties }),
	defaults: []string{
		"classification", "createdDateTime", "deletedDateTime", "description", "displayName", "expirationDateTime", "groupTypes", "id",
		"isAssignableToRole", "mail", "mailEnabled", "mailNickname", "membershipRule", "membershipRuleProcessingState",
		"onPremisesDomainName", "onPremisesLastSyncDateTime", "onPremisesNetBiosName", "onPremisesProvisioningErrors",
		"onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesSyncEnabled", "preferredDataLocation",
		"preferredLanguage", "proxyAddresses", "renewedDateTime", "resourceBehaviorOptions", "resourceProvisioningOptions",
		"securityEnabled", "securityIdentifier", "serviceProvisioningErrors", "theme", "uniqueName", "visibility",
	},
	sortable: []string{"displayName"},
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
func (s *Server) getGroup(req *graphRequest, query query, id string) (*wire.Response, error) {
	if err := checkObjectID(id); err != nil {
		return nil, err
	}
	names, err := groupEntity.projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkExpand(query, groupType, groupRelations); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	group := s.directory.group(id)
	if group == nil {
		return nil, resourceNotFound(id)
	}
	body := appendText([]byte("{"), "@odata.context", req.contextURL("groups"+query.fragment()+"/$entity"))
	body = appendColumns(body, group, groupEntity.columns(names))
	body = s.appendExpanded(body, req, query, directoryObject{group: group})
	return wire.Written(http.StatusOK, append(body, '}')), nil
}

func (g *groupRecord) objectID() string { return g.id }

// seenGroups are the groups that a list shows. It wants the server's lock.
func (s *Server) seenGroups(matches func(*groupRecord) bool) source[*groupRecord] {
	groups := s.directory.groups
	return source[*groupRecord]{
		size: len(groups),
		at:   func(i int) (*groupRecord, bool) { return groups[i], matches(groups[i]) },
		find: func(id string) int {
			return slices.IndexFunc(groups, func(group *groupRecord) bool { return group.id == id })
		},
		id: (*groupRecord).objectID,
	}
}

// countGroups answers GET /groups/$count.
//
// https://learn.microsoft.com/graph/api/group-list
func (s *Server) countGroups(req *graphRequest, query query) (*wire.Response, error) {
	if err := checkListing(req, &query, asCount); err != nil {
		return nil, err
	}
	matches, err := matcher(req, query, groupEntity)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return counted(s.seenGroups(matches).all()), nil
}

// listGroups answers GET /groups.
//
// https://learn.microsoft.com/graph/api/group-list
func (s *Server) listGroups(req *graphRequest, query query) (*wire.Response, error) {
	names, err := groupEntity.projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkListing(req, &query, asObjects); err != nil {
		return nil, err
	}
	if err := checkExpand(query, groupType, groupRelations); err != nil {
		return nil, err
	}
	if err := groupEntity.checkOrder(req, query); err != nil {
		return nil, err
	}
	matches, err := matcher(req, query, groupEntity)
	if err != nil {
		return nil, err
	}
	columns := groupEntity.columns(names)
	s.mu.Lock()
	defer s.mu.Unlock()
	groups := s.seenGroups(matches)
	if query.orderBy != nil {
		groups = sorted(groups.all(), groupEntity, query.orderBy, (*groupRecord).objectID)
	}
	page, err := groups.page(req, query)
	if err != nil {
		return nil, err
	}
	body := make([]byte, 0, 512+256*len(page.items))
	body = appendCollection(body, req, query, "groups"+query.fragment(), page.total, page.nextLink)
	for _, group := range page.items {
		body = appendColumns(appendElement(body), group, columns)
		body = append(s.appendExpanded(body, req, query, directoryObject{group: group}), '}')
	}
	return wire.Written(http.StatusOK, append(body, "]}"...)), nil
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

// servicePrincipalEntity has every property of v1.0; an app of a tenant file says little of it.
//
// https://learn.microsoft.com/graph/api/resources/serviceprincipal
var servicePrincipalEntity = entityType[*servicePrincipal]{
	name: servicePrincipalType,
	properties: withTable(map[string]func(*servicePrincipal) any{
		"id":                    func(p *servicePrincipal) any { return p.id },
		"appId":                 func(p *servicePrincipal) any { return p.app.ClientID },
		"displayName":           func(p *servicePrincipal) any { return nullIfEmpty(p.app.DisplayName) },
		"appDisplayName":        func(p *servicePrincipal) any { return nullIfEmpty(p.app.DisplayName) },
		"servicePrincipalNames": func(p *servicePrincipal) any { return []string{p.app.ClientID} },
	}, control.ServicePrincipalProperties, func(*servicePrincipal) map[string]any { return nil }),
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

// describer writes directory objects of any type. Without a permission to read its type there is only an object's id;
// a selected property that its type does not have is left out.
//
// https://learn.microsoft.com/graph/api/group-list-members
type describer struct {
	users      []column[*userRecord]
	groups     []column[*groupRecord]
	principals []column[*servicePrincipal]
	typed      bool // with @odata.type
}

func newDescriber(caller caller, query query, typed bool) describer {
	result := describer{
		users:      userEntity.columns([]string{"id"}),
		groups:     groupEntity.columns([]string{"id"}),
		principals: servicePrincipalEntity.columns([]string{"id"}),
		typed:      typed,
	}
	if caller.hasAny(readUserPermissions) {
		result.users = userEntity.columns(selectedOf(userEntity, query))
	}
	if caller.hasAny(readGroupPermissions) {
		result.groups = groupEntity.columns(selectedOf(groupEntity, query))
	}
	if caller.hasAny(readApplicationPermissions) {
		result.principals = servicePrincipalEntity.columns(selectedOf(servicePrincipalEntity, query))
	}
	return result
}

// append appends an object to a list.
func (d describer) append(buffer []byte, object directoryObject) []byte {
	return d.appendMembers(appendElement(buffer), object)
}

// appendMembers appends the type and the properties of an object to one that has been begun, and ends it.
func (d describer) appendMembers(buffer []byte, object directoryObject) []byte {
	if d.typed {
		buffer = appendText(buffer, "@odata.type", "#"+object.typeName())
	}
	switch {
	case object.user != nil:
		buffer = appendColumns(buffer, object.user, d.users)
	case object.group != nil:
		buffer = appendColumns(buffer, object.group, d.groups)
	default:
		buffer = appendColumns(buffer, object.principal, d.principals)
	}
	return append(buffer, '}')
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
