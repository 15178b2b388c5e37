package graphapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// Application permissions, any of which suffices.
//
// https://learn.microsoft.com/graph/permissions-reference
var (
	readUserPermissions        = []string{"User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readGroupPermissions       = []string{"GroupMember.Read.All", "Group.Read.All", "GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readApplicationPermissions = []string{"Application.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readObjectPermissions      = slices.Concat(readUserPermissions, readGroupPermissions)
	readMembershipPermissions  = readGroupPermissions
)

// Query options of lists of directory objects, of one of them, of lists of related ones, and of counts.
var (
	directoryOptions = []string{"$select", "$top", "$filter", "$count", "$skiptoken", "$orderby", "$search", "$expand"}
	expandOptions    = []string{"$select", "$expand"}
	relatedOptions   = []string{"$select", "$top", "$filter", "$count", "$skiptoken", "$search", "$orderby"}
	countOptions     = []string{"$filter", "$search"}
)

// https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
func init() {
	read := oneOf(readObjectPermissions...)
	register(slices.Concat(rows{
		{
			method: http.MethodPost, path: "/directoryObjects/getByIds", asks: true, units: 5, selectedUnits: 2,
			permissions: read, options: []string{"$select"}, handle: getByIDs,
		},
		{method: http.MethodGet, path: "/directoryObjects/{id}", permissions: read, options: []string{"$select"}, handle: getDirectoryObject},
	}.of(control.ClassDirectory), membershipRows("/directoryObjects/{id}", readObjectPermissions, findObject)))
}

// of gives rows their class.
func (r rows) of(class string) rows {
	for i := range r {
		r[i].class = class
	}
	return r
}

// membershipRows are what users, groups and directory objects have alike: the groups that they are in.
func membershipRows(parent string, readParent []string, find objectFinder) rows {
	lines := slices.Concat(
		relationRows(parent, "memberOf", readMembershipPermissions, find, relationUnits{}),
		relationRows(parent, "transitiveMemberOf", readMembershipPermissions, find, relationUnits{}),
	)
	for action, handle := range map[string]func(*store.Tx, *request, objectFinder) (*wire.Response, error){
		"checkMemberGroups": checkMemberGroups, "checkMemberObjects": checkMemberObjects,
		"getMemberGroups": getMemberGroups, "getMemberObjects": getMemberGroups,
	} {
		line := row{
			method: http.MethodPost, path: parent + "/" + action, class: control.ClassDirectory,
			permissions: [][]string{readParent, readMembershipPermissions},
			handle:      func(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) { return handle(tx, req, find) },
		}
		if line.path == "/users/{id}/checkMemberGroups" {
			line.units, line.asks = 4, true // the only one that is listed, at no writes
		}
		lines = append(lines, line)
	}
	return lines
}

// emptyCasts are types of directory objects that can be in a list, and of which the emulator has none there.
var emptyCasts = []string{
	"microsoft.graph.application", "microsoft.graph.device", "microsoft.graph.orgContact", servicePrincipalType,
}

// relationUnits are the resource units of a list of related objects, and of its casts to users and groups.
type relationUnits struct{ units int }

// relationRows are a list of directory objects that belong to another one, with the casts and counts of it.
func relationRows(parent, relation string, read []string, find objectFinder, cost relationUnits) rows {
	casts := slices.Concat([]string{"", userType, groupType}, emptyCasts)
	if relation == "memberOf" || relation == "transitiveMemberOf" {
		casts = []string{"", groupType, "microsoft.graph.administrativeUnit", directoryRoleType}
	}
	var lines rows
	for _, cast := range casts {
		path := parent + "/" + relation
		if cast != "" {
			path += "/" + cast
		}
		list := row{
			method: http.MethodGet, path: path, permissions: oneOf(read...), options: relatedOptions,
			handle: related(find, relation, cast, asObjects),
		}
		if cast == "" || cast == userType || cast == groupType {
			list.units = cost.units
		}
		count := row{
			method: http.MethodGet, path: path + "/$count", permissions: oneOf(read...), options: countOptions,
			handle: related(find, relation, cast, asCount),
		}
		if cast == directoryRoleType {
			list.permissions, count.permissions = oneOf(slices.Concat(read, readRolePermissions)...), oneOf(slices.Concat(read, readRolePermissions)...)
			list.handle, count.handle = rolesOf(find, relation, asObjects), rolesOf(find, relation, asCount)
		}
		lines = append(lines, list, count)
	}
	return lines.of(control.ClassDirectory)
}

// typeName is the type of a directory object.
func typeName(o store.DirectoryObject) string {
	switch {
	case o.User != nil:
		return userType
	case o.Group != nil:
		return groupType
	}
	return servicePrincipalType
}

const servicePrincipalType = "microsoft.graph.servicePrincipal"

// servicePrincipalEntity has every property of v1.0; an app of a tenant file says little of it.
//
// https://learn.microsoft.com/graph/api/resources/serviceprincipal
var servicePrincipalEntity = odata.Type[*store.Principal]{
	Name: servicePrincipalType,
	Properties: withTable(map[string]func(*store.Principal) any{
		"id":                    func(p *store.Principal) any { return p.ID },
		"appId":                 func(p *store.Principal) any { return p.App.ClientID },
		"displayName":           func(p *store.Principal) any { return nullIfEmpty(p.App.DisplayName) },
		"appDisplayName":        func(p *store.Principal) any { return nullIfEmpty(p.App.DisplayName) },
		"servicePrincipalNames": func(p *store.Principal) any { return []string{p.App.ClientID} },
	}, control.ServicePrincipalProperties, func(*store.Principal) map[string]any { return nil }),
	Defaults: []string{"id", "appId", "displayName", "servicePrincipalType"},
}

// describer writes directory objects of any type. Without a permission to read its type there is only an object's id;
// a selected property that its type does not have is left out.
//
// https://learn.microsoft.com/graph/api/group-list-members
type describer struct {
	users      []odata.Column[*store.User]
	groups     []odata.Column[*store.Group]
	principals []odata.Column[*store.Principal]
	typed      bool // with @odata.type
}

func newDescriber(caller Caller, query odata.Query, typed bool) describer {
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
func (d describer) append(buffer []byte, object store.DirectoryObject) []byte {
	return d.appendMembers(odata.AppendElement(buffer), object)
}

// appendMembers appends the type and the properties of an object to one that has been begun, and ends it.
func (d describer) appendMembers(buffer []byte, object store.DirectoryObject) []byte {
	if d.typed {
		buffer = odata.AppendText(buffer, "@odata.type", "#"+typeName(object))
	}
	switch {
	case object.User != nil:
		buffer = odata.AppendColumns(buffer, object.User, d.users)
	case object.Group != nil:
		buffer = odata.AppendColumns(buffer, object.Group, d.groups)
	default:
		buffer = odata.AppendColumns(buffer, object.Principal, d.principals)
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

// getDirectoryObject answers GET /directoryObjects/{id}.
//
// https://learn.microsoft.com/graph/api/directoryobject-get
func getDirectoryObject(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	if err := checkSelected(query, ""); err != nil {
		return nil, err
	}
	object, err := findObject(tx, req.keys[0])
	if err != nil {
		return nil, err
	}
	body := odata.AppendText([]byte("{"), "@odata.context", req.contextURL("directoryObjects"+query.Fragment()+"/$entity"))
	return wire.Written(http.StatusOK, newDescriber(req.caller, query, true).appendMembers(body, object)), nil
}

const maxGetByIDs = 1000

// getByIDs answers POST /directoryObjects/getByIds. Ids that do not exist are left out of the answer, and so are those
// of types that were not asked for. Objects of a type that the caller may not read have id and type only.
//
// https://learn.microsoft.com/graph/api/directoryobject-getbyids
func getByIDs(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	if err := checkSelected(query, ""); err != nil {
		return nil, err
	}
	var ids, types []string
	if err := parameters(req, "getByIds", map[string]any{"ids": &ids, "types": &types}); err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > maxGetByIDs {
		return nil, requestBadRequest("The number of ids must be between 1 and 1000.")
	}
	for _, id := range ids {
		if err := checkObjectID(id); err != nil {
			return nil, err
		}
	}
	describer := newDescriber(req.caller, query, true)
	body := append(make([]byte, 0, 512+256*len(ids)), '{')
	body = odata.AppendText(body, "@odata.context", req.contextURL("directoryObjects"+query.Fragment()))
	body = append(odata.AppendMember(body, "value"), '[')
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		id = strings.ToLower(id)
		found, exists := tx.Object(id)
		if !exists || seen[id] || found.User != nil && found.User.Unseen(tx) {
			continue
		}
		seen[id] = true
		short := strings.TrimPrefix(typeName(found), "microsoft.graph.")
		if len(types) > 0 && !slices.Contains(types, short) && !slices.Contains(types, "directoryObject") {
			continue
		}
		body = describer.append(body, found)
	}
	return wire.Written(http.StatusOK, append(body, "]}"...)), nil
}
