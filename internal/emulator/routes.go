package emulator

import (
	"net/http"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// route is a resource that Graph has.
type route struct {
	template  string // path without version, keys replaced by {id}
	class     string
	endpoints []endpoint // empty for a $batch
}

// endpoint is what can be done with a resource.
type endpoint struct {
	method      string
	permissions [][]string // of each list, any one application permission
	options     []string   // query options it understands, with $
	handle      handler
}

// handler answers a request; the keys in the request's path are in it.
type handler func(*graphRequest, odata.Query) (*wire.Response, error)

// Application permissions, any of which suffices.
//
// https://learn.microsoft.com/graph/permissions-reference
var (
	readPolicyPermissions      = []string{"Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"}
	writePolicyPermissions     = []string{"Policy.ReadWrite.AuthenticationMethod"}
	readUserPermissions        = []string{"User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readGroupPermissions       = []string{"GroupMember.Read.All", "Group.Read.All", "GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readApplicationPermissions = []string{"Application.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readMethodPermissions      = []string{"UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"}
	readObjectPermissions      = append(append([]string(nil), readUserPermissions...), readGroupPermissions...)
	readStatePermissions       = []string{"Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"}
	writeStatePermissions      = []string{"Policy.ReadWrite.AuthenticationMethod"}
	writeMemberPermissions     = []string{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	readMembershipPermissions  = []string{"GroupMember.Read.All", "Group.Read.All", "GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	collectionQueryOptions     = []string{"$select", "$top", "$filter", "$count", "$skiptoken", "$orderby", "$search", "$expand"}
	entityQueryOptions         = []string{"$select", "$expand"}
	memberQueryOptions         = []string{"$select", "$top", "$filter", "$count", "$skiptoken", "$search", "$orderby"}
	countQueryOptions          = []string{"$filter", "$search"}
)

// Permissions of Conditional Access, all of which are needed.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies
var (
	readConditionalAccess = allOf("Policy.Read.All")
	writeNamedLocations   = allOf("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess")
	writeAccessPolicies   = allOf("Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Application.Read.All")
)

// oneOf wants any of the permissions.
func oneOf(permissions []string) [][]string { return [][]string{permissions} }

// allOf wants every one of the permissions.
func allOf(permissions ...string) [][]string {
	var lists [][]string
	for _, permission := range permissions {
		lists = append(lists, []string{permission})
	}
	return lists
}

// graphRoutes are the resources that Graph has here, by their paths; {id} stands for a key. What a cloud or a version lacks of
// them is in its [cloudProfile].
func (s *Server) graphRoutes() *routeNode {
	root := &routeNode{}
	root.add(&route{template: "/$batch", class: control.ClassBatch})
	s.addUserRoutes(root)
	s.addGroupRoutes(root)
	s.addDirectoryObjectRoutes(root)
	s.addPolicyRoutes(root)
	s.addConditionalAccessRoutes(root)
	s.addOrganizationRoutes(root)
	return root
}

// onKey makes a handler of one that wants the first key of the path.
func onKey(handle func(*graphRequest, odata.Query, string) (*wire.Response, error)) handler {
	return func(req *graphRequest, query odata.Query) (*wire.Response, error) {
		return handle(req, query, req.keys[0])
	}
}

// onBody makes a handler of one that wants the first key of the path and no query options.
func onBody(handle func(*graphRequest, string) (*wire.Response, error)) handler {
	return func(req *graphRequest, _ odata.Query) (*wire.Response, error) { return handle(req, req.keys[0]) }
}

func (s *Server) addUserRoutes(root *routeNode) {
	directory := func(path string, endpoints ...endpoint) { root.add(&route{path, control.ClassDirectory, endpoints}) }
	directory("/users", endpoint{http.MethodGet, oneOf(readUserPermissions), collectionQueryOptions, s.listUsers})
	directory("/users/$count", endpoint{http.MethodGet, oneOf(readUserPermissions), countQueryOptions, s.countUsers})
	directory("/users/{id}", endpoint{http.MethodGet, oneOf(readUserPermissions), entityQueryOptions, onKey(s.getUser)})
	s.addMembershipRoutes(root, "/users/{id}", readUserPermissions, s.readUser)
	directory("/users/{id}/manager", endpoint{http.MethodGet, oneOf(readUserPermissions), entityQueryOptions, onKey(s.getManager)})
	for _, relation := range userRelations {
		if relation != "manager" && relation != "memberOf" && relation != "transitiveMemberOf" {
			s.addRelation(root, "/users/{id}", relation, readUserPermissions, s.readUser)
		}
	}

	authentication := func(path string, endpoints ...endpoint) {
		root.add(&route{path, control.ClassAuthentication, endpoints})
	}
	authentication("/users/{id}/authentication")
	authentication(requirementsTemplate,
		endpoint{http.MethodGet, oneOf(readStatePermissions), []string{"$select"}, onKey(s.getRequirements)},
		endpoint{http.MethodPatch, oneOf(writeStatePermissions), nil, onBody(s.patchRequirements)},
	)
	for segment := range methodSegments {
		path := methodsTemplate + segment
		authentication(path, endpoint{
			http.MethodGet, oneOf(readMethodPermissions),
			[]string{"$select", "$top"},
			func(req *graphRequest, _ odata.Query) (*wire.Response, error) {
				return s.listMethods(req, req.keys[0], segment)
			},
		})
		authentication(path+"/{id}", endpoint{
			http.MethodGet, oneOf(readMethodPermissions),
			[]string{"$select"},
			func(req *graphRequest, _ odata.Query) (*wire.Response, error) {
				return s.getMethod(req, req.keys[0], segment, req.keys[1])
			},
		})
	}
}

const (
	methodsTemplate      = "/users/{id}/authentication/"
	requirementsTemplate = methodsTemplate + "requirements"
)

func (s *Server) addGroupRoutes(root *routeNode) {
	read := oneOf(readGroupPermissions)
	directory := func(path string, endpoints ...endpoint) { root.add(&route{path, control.ClassDirectory, endpoints}) }
	directory("/groups", endpoint{http.MethodGet, read, collectionQueryOptions, s.listGroups})
	directory("/groups/$count", endpoint{http.MethodGet, read, countQueryOptions, s.countGroups})
	directory("/groups/{id}", endpoint{http.MethodGet, read, entityQueryOptions, onKey(s.getGroup)})
	directory("/groups/{id}/members/$ref",
		endpoint{http.MethodGet, read, []string{"$top", "$skiptoken"}, s.related(s.readGroup, "members", "", asReferences)},
		endpoint{http.MethodPost, oneOf(writeMemberPermissions), nil, onBody(s.addMember)},
	)
	directory("/groups/{id}/members/{id}/$ref", endpoint{
		http.MethodDelete, oneOf(writeMemberPermissions), nil,
		func(req *graphRequest, _ odata.Query) (*wire.Response, error) {
			return s.removeMember(req.keys[0], req.keys[1])
		},
	})
	s.addRelation(root, "/groups/{id}", "members", readGroupPermissions, s.readGroup)
	s.addRelation(root, "/groups/{id}", "transitiveMembers", readGroupPermissions, s.readGroup)
	s.addRelation(root, "/groups/{id}", "owners", readGroupPermissions, s.readGroup)
	s.addMembershipRoutes(root, "/groups/{id}", readGroupPermissions, s.readGroup)
}

func (s *Server) addDirectoryObjectRoutes(root *routeNode) {
	root.add(&route{"/directoryObjects/getByIds", control.ClassDirectory, []endpoint{
		{http.MethodPost, oneOf(readObjectPermissions), []string{"$select"}, s.getByIDs},
	}})
	root.add(&route{"/directoryObjects/{id}", control.ClassDirectory, []endpoint{
		{http.MethodGet, oneOf(readObjectPermissions), []string{"$select"}, onKey(s.getDirectoryObject)},
	}})
	s.addMembershipRoutes(root, "/directoryObjects/{id}", readObjectPermissions, s.readObject)
}

// addMembershipRoutes adds what users, groups and directory objects have alike: the groups that they are in.
func (s *Server) addMembershipRoutes(root *routeNode, parent string, readParent []string, find objectFinder) {
	s.addRelation(root, parent, "memberOf", readMembershipPermissions, find)
	s.addRelation(root, parent, "transitiveMemberOf", readMembershipPermissions, find)
	permissions := [][]string{readParent, readMembershipPermissions}
	for action, handle := range map[string]func(*graphRequest, objectFinder) (*wire.Response, error){
		"checkMemberGroups": s.checkMemberGroups, "checkMemberObjects": s.checkMemberObjects,
		"getMemberGroups": s.getMemberGroups, "getMemberObjects": s.getMemberGroups,
	} {
		root.add(&route{parent + "/" + action, control.ClassDirectory, []endpoint{{
			http.MethodPost, permissions, nil,
			func(req *graphRequest, _ odata.Query) (*wire.Response, error) { return handle(req, find) },
		}}})
	}
}

// emptyCasts are types of directory objects that can be in a list, and of which the emulator has none there.
var emptyCasts = []string{
	"microsoft.graph.application", "microsoft.graph.device", "microsoft.graph.orgContact", servicePrincipalType,
}

// addRelation adds a list of directory objects that belong to another one, with the casts and counts of it.
func (s *Server) addRelation(root *routeNode, parent, relation string, read []string, find objectFinder) {
	casts := slices.Concat([]string{"", userType, groupType}, emptyCasts)
	if relation == "memberOf" || relation == "transitiveMemberOf" {
		casts = []string{"", groupType, "microsoft.graph.administrativeUnit", "microsoft.graph.directoryRole"}
	}
	for _, cast := range casts {
		path := parent + "/" + relation
		if cast != "" {
			path += "/" + cast
		}
		root.add(&route{path, control.ClassDirectory, []endpoint{
			{http.MethodGet, oneOf(read), memberQueryOptions, s.related(find, relation, cast, asObjects)},
		}})
		root.add(&route{path + "/$count", control.ClassDirectory, []endpoint{
			{http.MethodGet, oneOf(read), countQueryOptions, s.related(find, relation, cast, asCount)},
		}})
	}
}
