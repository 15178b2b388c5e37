package graphapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// RoleDefinition is a directory role. Of a built-in one the id is that of its template.
//
// https://learn.microsoft.com/graph/api/resources/unifiedroledefinition
type RoleDefinition struct {
	ID          string `json:"id,omitempty" doc:"The id. One is made when it is left out."`
	DisplayName string `json:"displayName" doc:"The name." least:"1"`
	Description string `json:"description,omitempty" doc:"What it is for."`
	IsBuiltIn   bool   `json:"isBuiltIn,omitempty" doc:"Whether Microsoft made it."`
}

// RoleAssignment gives a user, a group or a service principal a directory role, actively.
//
// https://learn.microsoft.com/graph/api/resources/unifiedroleassignment
type RoleAssignment struct {
	ID               string `json:"id,omitempty" doc:"The id. One is made when it is left out."`
	PrincipalID      string `json:"principalId" doc:"The object id of the user, the group or the service principal." least:"1"`
	RoleDefinitionID string `json:"roleDefinitionId" doc:"The id of the role." least:"1"`
	DirectoryScopeID string `json:"directoryScopeId,omitempty" doc:"Where it holds: / for the whole tenant, also when empty, or /administrativeUnits/ with an id."`
}

var (
	roleDefinitions = &store.Collection[RoleDefinition]{ID: func(r RoleDefinition) string { return r.ID }}
	roleAssignments = &store.Collection[RoleAssignment]{ID: func(a RoleAssignment) string { return a.ID }}
)

const directoryRoleType = "microsoft.graph.directoryRole"

var readRolePermissions = []string{
	"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All", "RoleManagement.ReadWrite.Directory", "Directory.ReadWrite.All",
}

// directoryRoles are the roles that somebody has.
var directoryRoles derived[RoleDefinition]

// https://learn.microsoft.com/graph/api/rbacapplication-list-roledefinitions
// https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
// https://learn.microsoft.com/graph/api/directoryroletemplate-list
// https://learn.microsoft.com/graph/api/directoryrole-list
// https://learn.microsoft.com/graph/api/directoryrole-list-members
func init() {
	nameType[RoleDefinition]("microsoft.graph.unifiedRoleDefinition")
	nameType[RoleAssignment]("microsoft.graph.unifiedRoleAssignment")
	read := oneOf(readRolePermissions...)
	addCollection(collection[RoleDefinition]{
		data: roleDefinitions, one: "role", many: "roles",
		path: "/roleManagement/directory/roleDefinitions", class: control.ClassDirectory, read: read,
		builtIn: builtInRoles(),
		setID:   func(r *RoleDefinition, id string) { r.ID = id },
		object: func(role RoleDefinition) map[string]any {
			object := objectOf(role)
			object["templateId"], object["isEnabled"], object["resourceScopes"] = role.ID, true, []string{"/"}
			return object
		},
		selects: []string{"templateId", "isEnabled", "resourceScopes"},
		file:    fileOf[RoleDefinition]{member: "roleDefinitions"},
	})
	addCollection(collection[RoleAssignment]{
		data: roleAssignments, one: "role assignment", many: "role assignments",
		path: "/roleManagement/directory/roleAssignments", class: control.ClassDirectory, read: read,
		setID: func(a *RoleAssignment, id string) { a.ID = id },
		normalize: func(a *RoleAssignment, _ time.Time) {
			a.DirectoryScopeID = orDefault(a.DirectoryScopeID, "/")
		},
		file: fileOf[RoleAssignment]{member: "roleAssignments"},
		references: func(a *RoleAssignment, known func(member, id string) bool) []error {
			if !known("roleDefinitions", a.RoleDefinitionID) {
				return []error{fmt.Errorf("roleDefinitionId: there is no role %q in this tenant", a.RoleDefinitionID)}
			}
			return nil
		},
	})
	register((&derived[RoleDefinition]{
		path: "/directoryRoleTemplates", read: read, id: roleID,
		entity: odata.Type[RoleDefinition]{Name: "microsoft.graph.directoryRoleTemplate", Properties: map[string]func(RoleDefinition) any{
			"id": func(r RoleDefinition) any { return r.ID }, "displayName": func(r RoleDefinition) any { return r.DisplayName },
			"description": func(r RoleDefinition) any { return nullIfEmpty(r.Description) }, "deletedDateTime": func(RoleDefinition) any { return nil },
		}},
		values: func(tx *store.Tx) []RoleDefinition {
			return slices.DeleteFunc(roleDefinitions.Values(tx, false), func(role RoleDefinition) bool { return !role.IsBuiltIn })
		},
	}).rows())
	directoryRoles = derived[RoleDefinition]{
		path: "/directoryRoles", read: read, id: activeRoleID,
		entity: odata.Type[RoleDefinition]{Name: directoryRoleType, Properties: map[string]func(RoleDefinition) any{
			"id": func(r RoleDefinition) any { return activeRoleID(r) }, "displayName": func(r RoleDefinition) any { return r.DisplayName },
			"description": func(r RoleDefinition) any { return nullIfEmpty(r.Description) }, "roleTemplateId": func(r RoleDefinition) any { return r.ID },
			"deletedDateTime": func(RoleDefinition) any { return nil },
		}},
		values: activeRoles,
	}
	register(append(directoryRoles.rows(), rows{{
		method: http.MethodGet, path: "/directoryRoles/{id}/members", permissions: read, options: []string{"$select"},
		handle: func(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
			role, found := directoryRoles.find(tx, req.keys[0])
			if !found {
				return nil, resourceNotFound(req.keys[0])
			}
			return listRoleMembers(tx, req, query, role)
		},
	}}.of(control.ClassDirectory)...))
}

func roleID(role RoleDefinition) string { return role.ID }

// activeRoleID is the id of the role as an object of its own, which is not that of the template.
func activeRoleID(role RoleDefinition) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("directoryRole/"+role.ID)).String()
}

// activeRoles are the built-in roles that somebody has in the whole tenant: those have been activated.
func activeRoles(tx *store.Tx) []RoleDefinition {
	return slices.DeleteFunc(roleDefinitions.Values(tx, false), func(role RoleDefinition) bool { return !role.IsBuiltIn || len(holders(tx, role.ID)) == 0 })
}

// holders are the ids of those who have a role in the whole tenant.
func holders(tx *store.Tx, id string) []string {
	var ids []string
	for _, assignment := range roleAssignments.Values(tx, false) {
		if strings.EqualFold(assignment.RoleDefinitionID, id) && assignment.DirectoryScopeID == "/" {
			ids = append(ids, strings.ToLower(assignment.PrincipalID))
		}
	}
	return ids
}

// rolesOf lists the active roles that an object has in the whole tenant; where the relation is transitive, also by its groups. Without a permission
// to read roles there is only their id.
//
// https://learn.microsoft.com/graph/api/user-list-transitivememberof
func rolesOf(find objectFinder, relation string, form answerForm) handler {
	return func(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
		owner, err := find(tx, req.keys[0])
		if err != nil {
			return nil, err
		}
		ids := append([]string{owner.ID()}, relatedIDs(tx, owner, relation)...)
		if relation == "memberOf" {
			ids = ids[:1]
		}
		held := directoryRoles
		held.path = "/directoryObjects"
		held.values = func(tx *store.Tx) []RoleDefinition {
			return slices.DeleteFunc(activeRoles(tx), func(role RoleDefinition) bool { return !hasAnyOf(holders(tx, role.ID), ids...) })
		}
		if form == asCount {
			return counted(held.values(tx)), nil
		}
		if !req.caller.hasAny(readRolePermissions) {
			if _, err := held.entity.Projection(query); err != nil {
				return nil, err
			}
			query.Selected = []string{"id"}
		}
		return held.list(tx, req, query)
	}
}

// listRoleMembers answers GET of those who have a role.
func listRoleMembers(tx *store.Tx, req *request, query odata.Query, role RoleDefinition) (*wire.Response, error) {
	if err := checkSelected(query, ""); err != nil {
		return nil, err
	}
	describer := newDescriber(req.caller, query, true)
	body := odata.AppendCollection(nil, query, req.contextURL("directoryObjects"), 0, "")
	for _, id := range holders(tx, role.ID) {
		if object, exists := tx.Object(id); exists {
			body = describer.append(body, object)
		}
	}
	return wire.Written(http.StatusOK, append(body, "]}"...)), nil
}

// builtInRoles are the built-in roles that Microsoft's own templates and pages about Conditional Access name, and a few more.
//
// https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference
func builtInRoles() []RoleDefinition {
	var roles []RoleDefinition
	for _, line := range strings.Split(strings.TrimSpace(`
62e90394-69f5-4237-9190-012177145e10 Global Administrator
194ae4cb-b126-40b2-bd5b-6091b380977d Security Administrator
f28a1f50-f6e7-4571-818b-6a12f2af6b6c SharePoint Administrator
29232cdf-9323-42fd-ade2-1d097af3e4de Exchange Administrator
b1be1c3e-b65d-4f19-8427-f6fa0d97feb9 Conditional Access Administrator
729827e3-9c14-49f7-bb1b-9608f156bbb8 Helpdesk Administrator
b0f54661-2d74-4c50-afa3-1ec803f12efe Billing Administrator
fe930be7-5e62-47db-91af-98c3a49a38b1 User Administrator
c4e39bd9-1100-46d3-8c65-fb160da0071f Authentication Administrator
9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3 Application Administrator
158c047a-c907-4556-b7ef-446551a6b5f7 Cloud Application Administrator
966707d0-3269-4727-9be2-8c3a10f19b9d Password Administrator
7be44c8a-adaf-4e2a-84d6-ab2649e08a13 Privileged Authentication Administrator
e8611ab8-c189-46e8-94e1-60213ab1f814 Privileged Role Administrator
69091246-20e8-4a56-aa4d-066075b2a7a8 Teams Administrator
3a2c62db-5318-420d-8d74-23affee5d9d5 Intune Administrator
5d6b6bb7-de71-4623-b4af-96380a352509 Security Reader
f2ef992c-3afb-46b9-b7cf-a126ee74c451 Global Reader
fdd7a751-b60b-444a-984c-02652fe8fa1c Groups Administrator
0526716b-113d-4c15-b2c8-68e3c22b9f80 Authentication Policy Administrator
8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2 Hybrid Identity Administrator
88d8e3e3-8f55-4a1e-953a-9b9898b8876b Directory Readers
d29b2b05-8046-44ba-8758-1e26182fcf32 Directory Synchronization Accounts
95e79109-95c0-4d8e-aee3-d01accf2d47b Guest Inviter`), "\n") {
		id, name, _ := strings.Cut(line, " ")
		roles = append(roles, RoleDefinition{ID: id, DisplayName: name, IsBuiltIn: true})
	}
	return roles
}
