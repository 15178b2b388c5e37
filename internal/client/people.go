package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// People are users of which as many are named as one page holds, and how many there are in all.
type People struct {
	Users []User `json:"value"`
	Total int    `json:"@odata.count"`
	Next  string `json:"@odata.nextLink"`
}

// Open reports whether there are more users than the answer counts.
func (p People) Open() bool { return p.Next != "" && p.Total <= len(p.Users) }

const peopleOfAPage = "999"

func (c *Client) people(ctx context.Context, call graph.Call) (People, error) {
	call.Method, call.Version = http.MethodGet, graph.V1
	var found People
	err := c.graph.Send(ctx, call, &found)
	if found.Total < len(found.Users) {
		found.Total = len(found.Users)
	}
	return found, err
}

// FirstUsers reads the first page of the users of the tenant, and how many there are: one request. It needs User.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/user-list
func (c *Client) FirstUsers(ctx context.Context) (People, error) {
	return c.people(ctx, graph.Call{
		Operation: "count the users of the tenant", Permissions: userReadPermissions, Path: "/users",
		Query:  url.Values{"$count": {"true"}, "$select": {userSelect}, "$top": {peopleOfAPage}},
		Header: http.Header{"Consistencylevel": {"eventual"}},
	})
}

// FirstMembers reads the first page of the users of a group, those of nested groups included, and how many there are: one request. It needs
// GroupMember.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/group-list-transitivemembers
func (c *Client) FirstMembers(ctx context.Context, groupID string) (People, error) {
	return c.people(ctx, graph.Call{
		Operation:   fmt.Sprintf("count the members of group %q", groupID),
		Permissions: []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"},
		Path:        "/groups/" + url.PathEscape(groupID) + "/transitiveMembers/microsoft.graph.user",
		Query:       url.Values{"$count": {"true"}, "$select": {userSelect}, "$top": {peopleOfAPage}},
		Header:      http.Header{"Consistencylevel": {"eventual"}},
	})
}

// UsersWithoutMFA are the users who have no method registered that serves MFA.
type UsersWithoutMFA struct {
	// IDs are their object ids in lower case.
	IDs map[string]bool
	// Whole is false where there are more than one page holds.
	Whole bool
}

// ReadUsersWithoutMFA reads the users without MFA as the report of Microsoft Entra has them: it is some hours old and leaves out disabled users.
// It needs AuditLog.Read.All and Microsoft Entra ID P1.
//
// Source: https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
func (c *Client) ReadUsersWithoutMFA(ctx context.Context) (UsersWithoutMFA, error) {
	found, err := c.people(ctx, graph.Call{
		Operation: "read who has registered for MFA", Permissions: []string{"AuditLog.Read.All"},
		Path:  "/reports/authenticationMethods/userRegistrationDetails",
		Query: url.Values{"$filter": {"isMfaRegistered eq false"}, "$top": {peopleOfAPage}},
	})
	without := UsersWithoutMFA{IDs: map[string]bool{}, Whole: found.Next == ""}
	for _, user := range found.Users {
		without.IDs[strings.ToLower(user.ID)] = true
	}
	return without, err
}

// RoleAssignment gives a principal a directory role.
type RoleAssignment struct {
	// PrincipalID is the object id of a user, a group or a service principal, and RoleID that of the role's template.
	PrincipalID string `json:"principalId"`
	RoleID      string `json:"roleDefinitionId"`
	// Scope is / for the whole tenant.
	Scope string `json:"directoryScopeId"`
}

// ListRoleAssignments reads who has which directory role actively. It needs RoleManagement.Read.Directory.
//
// Source: https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments
func (c *Client) ListRoleAssignments(ctx context.Context) ([]RoleAssignment, error) {
	return graph.List[RoleAssignment](ctx, c.graph, graph.Call{
		Operation:   "read who has which role",
		Permissions: []string{"RoleManagement.Read.Directory", "Directory.Read.All"},
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        "/roleManagement/directory/roleAssignments",
	})
}
