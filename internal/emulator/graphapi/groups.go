package graphapi

import (
	"net/http"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const groupType = "microsoft.graph.group"

// https://learn.microsoft.com/graph/permissions-reference
// https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
func init() {
	read, write := oneOf(readGroupPermissions...), oneOf("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All")
	find := findGroup
	register(slices.Concat(rows{
		{method: http.MethodGet, path: "/groups", permissions: read, options: directoryOptions, handle: listGroups},
		{method: http.MethodGet, path: "/groups/$count", permissions: read, options: countOptions, handle: countGroups},
		{method: http.MethodGet, path: "/groups/{id}", permissions: read, options: expandOptions, handle: getGroup},
		{
			method: http.MethodGet, path: "/groups/{id}/members/$ref", permissions: read,
			options: []string{"$top", "$skiptoken"}, handle: related(find, "members", "", asReferences),
		},
		{method: http.MethodPost, path: "/groups/{id}/members/$ref", permissions: write, handle: addMember},
		{method: http.MethodDelete, path: "/groups/{id}/members/{id}/$ref", permissions: write, handle: removeMember},
	}.of(control.ClassDirectory),
		relationRows("/groups/{id}", "members", readGroupPermissions, find, relationUnits{3}),
		relationRows("/groups/{id}", "transitiveMembers", readGroupPermissions, find, relationUnits{5}),
		relationRows("/groups/{id}", "owners", readGroupPermissions, find, relationUnits{}),
		membershipRows("/groups/{id}", readGroupPermissions, find),
	))
}

// groupEntity has every property of v1.0.
//
// https://learn.microsoft.com/graph/api/resources/group
var groupEntity = odata.Type[*store.Group]{
	Name: groupType,
	Properties: withTable(map[string]func(*store.Group) any{
		"id":                 func(g *store.Group) any { return g.ID },
		"displayName":        func(g *store.Group) any { return g.DisplayName },
		"securityIdentifier": func(g *store.Group) any { return securityIdentifier(g.ID) },
	}, control.GroupProperties, func(g *store.Group) map[string]any { return g.Properties }),
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
		return requestBadRequest("Invalid object identifier '" + id + "'.")
	}
	return nil
}

// getGroup answers GET /groups/{id}.
//
// https://learn.microsoft.com/graph/api/group-get
func getGroup(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	id := req.keys[0]
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
	group := tx.Group(id)
	if group == nil {
		return nil, resourceNotFound(id)
	}
	body := odata.AppendText([]byte("{"), "@odata.context", req.contextURL("groups"+query.Fragment()+"/$entity"))
	body = odata.AppendColumns(body, group, groupEntity.Columns(names))
	body = appendExpanded(body, tx, req, query, store.DirectoryObject{Group: group})
	return wire.Written(http.StatusOK, append(body, '}')), nil
}

func groupID(g *store.Group) string { return g.ID }

// seenGroups are the groups that a list shows.
func seenGroups(tx *store.Tx, matches func(*store.Group) bool) odata.Source[*store.Group] {
	groups := tx.Groups()
	return odata.Source[*store.Group]{
		Size: len(groups),
		At:   func(i int) (*store.Group, bool) { return groups[i], matches(groups[i]) },
		Find: func(id string) int {
			return slices.IndexFunc(groups, func(group *store.Group) bool { return group.ID == id })
		},
		ID: groupID,
	}
}

// countGroups answers GET /groups/$count.
//
// https://learn.microsoft.com/graph/api/group-list
func countGroups(tx *store.Tx, _ *request, query odata.Query) (*wire.Response, error) {
	if err := checkListing(&query, asCount); err != nil {
		return nil, err
	}
	matches, err := odata.Matcher(query, groupEntity)
	if err != nil {
		return nil, err
	}
	return counted(seenGroups(tx, matches).All()), nil
}

// listGroups answers GET /groups.
//
// https://learn.microsoft.com/graph/api/group-list
func listGroups(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	names, err := groupEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	if err := checkListing(&query, asObjects); err != nil {
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
	groups := seenGroups(tx, matches)
	if query.OrderBy != nil {
		groups = odata.Sorted(groups.All(), groupEntity, query.OrderBy, groupID)
	}
	page, err := groups.Page(query, req.address())
	if err != nil {
		return nil, err
	}
	body := make([]byte, 0, 512+256*len(page.Items))
	body = odata.AppendCollection(body, query, req.contextURL("groups"+query.Fragment()), page.Total, page.NextLink)
	for _, group := range page.Items {
		body = odata.AppendColumns(odata.AppendElement(body), group, columns)
		body = append(appendExpanded(body, tx, req, query, store.DirectoryObject{Group: group}), '}')
	}
	return wire.Written(http.StatusOK, append(body, "]}"...)), nil
}
