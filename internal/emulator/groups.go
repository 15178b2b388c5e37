package emulator

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const groupType = "microsoft.graph.group"

// groupEntity has every property of v1.0.
//
// https://learn.microsoft.com/graph/api/resources/group
var groupEntity = odata.Type[*groupRecord]{
	Name: groupType,
	Properties: withTable(map[string]func(*groupRecord) any{
		"id":                 func(g *groupRecord) any { return g.id },
		"displayName":        func(g *groupRecord) any { return g.displayName },
		"securityIdentifier": func(g *groupRecord) any { return securityIdentifier(g.id) },
	}, control.GroupProperties, func(g *groupRecord) map[string]any { return g.properties }),
	Defaults: []string{
		"classification", "createdDateTime", "deletedDateTime", "description", "displayName", "expirationDateTime", "groupTypes", "id",
		"isAssignableToRole", "mail", "mailEnabled", "mailNickname", "membershipRule", "membershipRuleProcessingState",
		"onPremisesDomainName", "onPremisesLastSyncDateTime", "onPremisesNetBiosName", "onPremisesProvisioningErrors",
		"onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesSyncEnabled", "preferredDataLocation",
		"preferredLanguage", "proxyAddresses", "renewedDateTime", "resourceBehaviorOptions", "resourceProvisioningOptions",
		"securityEnabled", "securityIdentifier", "serviceProvisioningErrors", "theme", "uniqueName", "visibility",
	},
	Sortable: []string{"displayName"},
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
func (s *Server) getGroup(req *graphRequest, query odata.Query, id string) (*wire.Response, error) {
	if err := checkObjectID(id); err != nil {
		return nil, err
	}
	names, err := groupEntity.Projection(query)
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
	body := odata.AppendText([]byte("{"), "@odata.context", req.contextURL("groups"+query.Fragment()+"/$entity"))
	body = odata.AppendColumns(body, group, groupEntity.Columns(names))
	body = s.appendExpanded(body, req, query, directoryObject{group: group})
	return wire.Written(http.StatusOK, append(body, '}')), nil
}

func (g *groupRecord) objectID() string { return g.id }

// seenGroups are the groups that a list shows. It wants the server's lock.
func (s *Server) seenGroups(matches func(*groupRecord) bool) odata.Source[*groupRecord] {
	groups := s.directory.groups
	return odata.Source[*groupRecord]{
		Size: len(groups),
		At:   func(i int) (*groupRecord, bool) { return groups[i], matches(groups[i]) },
		Find: func(id string) int {
			return slices.IndexFunc(groups, func(group *groupRecord) bool { return group.id == id })
		},
		ID: (*groupRecord).objectID,
	}
}

// countGroups answers GET /groups/$count.
//
// https://learn.microsoft.com/graph/api/group-list
func (s *Server) countGroups(req *graphRequest, query odata.Query) (*wire.Response, error) {
	if err := checkListing(req, &query, asCount); err != nil {
		return nil, err
	}
	matches, err := odata.Matcher(query, groupEntity)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return counted(s.seenGroups(matches).All()), nil
}

// listGroups answers GET /groups.
//
// https://learn.microsoft.com/graph/api/group-list
func (s *Server) listGroups(req *graphRequest, query odata.Query) (*wire.Response, error) {
	names, err := groupEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkListing(req, &query, asObjects); err != nil {
		return nil, err
	}
	if err := checkExpand(query, groupType, groupRelations); err != nil {
		return nil, err
	}
	if err := groupEntity.CheckOrder(query); err != nil {
		return nil, err
	}
	matches, err := odata.Matcher(query, groupEntity)
	if err != nil {
		return nil, err
	}
	columns := groupEntity.Columns(names)
	s.mu.Lock()
	defer s.mu.Unlock()
	groups := s.seenGroups(matches)
	if query.OrderBy != nil {
		groups = odata.Sorted(groups.All(), groupEntity, query.OrderBy, (*groupRecord).objectID)
	}
	page, err := groups.Page(query, req.address())
	if err != nil {
		return nil, err
	}
	body := make([]byte, 0, 512+256*len(page.Items))
	body = odata.AppendCollection(body, query, req.contextURL("groups"+query.Fragment()), page.Total, page.NextLink)
	for _, group := range page.Items {
		body = odata.AppendColumns(odata.AppendElement(body), group, columns)
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
var servicePrincipalEntity = odata.Type[*servicePrincipal]{
	Name: servicePrincipalType,
	Properties: withTable(map[string]func(*servicePrincipal) any{
		"id":                    func(p *servicePrincipal) any { return p.id },
		"appId":                 func(p *servicePrincipal) any { return p.app.ClientID },
		"displayName":           func(p *servicePrincipal) any { return nullIfEmpty(p.app.DisplayName) },
		"appDisplayName":        func(p *servicePrincipal) any { return nullIfEmpty(p.app.DisplayName) },
		"servicePrincipalNames": func(p *servicePrincipal) any { return []string{p.app.ClientID} },
	}, control.ServicePrincipalProperties, func(*servicePrincipal) map[string]any { return nil }),
	Defaults: []string{"id", "appId", "displayName", "servicePrincipalType"},
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
	users      []odata.Column[*userRecord]
	groups     []odata.Column[*groupRecord]
	principals []odata.Column[*servicePrincipal]
	typed      bool // with @odata.type
}

func newDescriber(caller caller, query odata.Query, typed bool) describer {
	result := describer{
		users:      userEntity.Columns([]string{"id"}),
		groups:     groupEntity.Columns([]string{"id"}),
		principals: servicePrincipalEntity.Columns([]string{"id"}),
		typed:      typed,
	}
	if caller.hasAny(readUserPermissions) {
		result.users = userEntity.Columns(userEntity.Selected(query))
	}
	if caller.hasAny(readGroupPermissions) {
		result.groups = groupEntity.Columns(groupEntity.Selected(query))
	}
	if caller.hasAny(readApplicationPermissions) {
		result.principals = servicePrincipalEntity.Columns(servicePrincipalEntity.Selected(query))
	}
	return result
}

// append appends an object to a list.
func (d describer) append(buffer []byte, object directoryObject) []byte {
	return d.appendMembers(odata.AppendElement(buffer), object)
}

// appendMembers appends the type and the properties of an object to one that has been begun, and ends it.
func (d describer) appendMembers(buffer []byte, object directoryObject) []byte {
	if d.typed {
		buffer = odata.AppendText(buffer, "@odata.type", "#"+object.typeName())
	}
	switch {
	case object.user != nil:
		buffer = odata.AppendColumns(buffer, object.user, d.users)
	case object.group != nil:
		buffer = odata.AppendColumns(buffer, object.group, d.groups)
	default:
		buffer = odata.AppendColumns(buffer, object.principal, d.principals)
	}
	return append(buffer, '}')
}

// checkSelected refuses a property that none of the types in an answer has.
func checkSelected(query odata.Query, cast string) error {
	for _, name := range query.Selected {
		_, ofUser := userEntity.Properties[name]
		_, ofGroup := groupEntity.Properties[name]
		_, ofPrincipal := servicePrincipalEntity.Properties[name]
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
