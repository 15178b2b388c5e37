package emulator

import (
	"net/http"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
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
	handle      func(*graphRequest, query) (*graphResponse, error)
}

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
	collectionQueryOptions     = []string{"$select", "$top", "$filter", "$count", "$skiptoken"}
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

func unknownRoute() *route {
	return &route{template: "/unknown", class: control.ClassUnknown}
}

// route finds the resource that a path names. With an error it still returns a route, for the log.
func (s *Server) route(req *graphRequest) (*route, error) {
	segments, err := pathSegments(req.path)
	if err != nil {
		return unknownRoute(), badRequest("Invalid URI: " + err.Error() + ".")
	}
	if len(segments) == 0 {
		return unknownRoute(), segmentNotFound("")
	}
	// A key can stand in parentheses, users('id'), as well as in a segment of its own, users/id.
	name, key, keyed := cutKey(segments[0])
	rest := segments[1:]
	if keyed {
		rest = append([]string{key}, rest...)
	}
	var found *route
	switch name {
	case "$batch":
		if len(rest) == 0 {
			return &route{template: "/$batch", class: control.ClassBatch}, nil
		}
	case "users":
		found, err = s.userRoute(req, rest, keyed)
	case "groups":
		found, err = s.groupRoute(rest)
	case "directoryObjects":
		found, err = s.directoryObjectRoute(rest)
	case "organization":
		found, err = s.organizationRoute(rest)
	case "policies":
		found, err = s.policyRoute(req, rest)
	case "identity":
		found, err = s.identityRoute(req, rest)
	default:
		err = segmentNotFound(name)
	}
	if err != nil {
		if found == nil {
			found = unknownRoute()
		}
		return found, err
	}
	if found == nil {
		return unknownRoute(), segmentNotFound(segments[len(segments)-1])
	}
	return found, nil
}

// cutKey splits users('o”hara@contoso.example') into users and o'hara@contoso.example.
func cutKey(segment string) (name, key string, keyed bool) {
	name, rest, found := strings.Cut(segment, "('")
	if !found || !strings.HasSuffix(rest, "')") {
		return segment, "", false
	}
	return name, strings.ReplaceAll(strings.TrimSuffix(rest, "')"), "''", "'"), true
}

// userRoute finds what lies under /users; rest are the segments after it.
func (s *Server) userRoute(req *graphRequest, rest []string, keyed bool) (*route, error) {
	if len(rest) == 0 {
		return &route{"/users", control.ClassDirectory, []endpoint{
			{http.MethodGet, oneOf(readUserPermissions), collectionQueryOptions, s.listUsers},
		}}, nil
	}
	key := rest[0]
	if strings.HasPrefix(key, "$") && !keyed {
		// https://learn.microsoft.com/graph/api/user-get: such a name is only found in the form users('$x@y')
		return nil, s.caseError(control.CaseDollarUPN, segmentNotFound(key))
	}
	if len(rest) == 1 {
		return &route{"/users/{id}", control.ClassDirectory, []endpoint{
			{
				http.MethodGet,
				oneOf(readUserPermissions),
				[]string{"$select"},
				func(req *graphRequest, query query) (*graphResponse, error) { return s.getUser(req, query, key) },
			},
		}}, nil
	}
	if rest[1] == "checkMemberGroups" && len(rest) == 2 {
		return &route{"/users/{id}/checkMemberGroups", control.ClassDirectory, []endpoint{
			{
				http.MethodPost,
				[][]string{readUserPermissions, readGroupPermissions},
				nil,
				func(req *graphRequest, _ query) (*graphResponse, error) { return s.checkMemberGroups(req, key) },
			},
		}}, nil
	}
	if rest[1] != "authentication" {
		return nil, segmentNotFound(rest[1])
	}
	if len(rest) == 2 {
		return &route{template: "/users/{id}/authentication", class: control.ClassAuthentication}, nil
	}
	template := "/users/{id}/authentication/" + rest[2]
	if rest[2] == "requirements" {
		found := &route{template, control.ClassAuthentication, []endpoint{
			{
				http.MethodGet,
				oneOf(readStatePermissions),
				[]string{"$select"},
				func(req *graphRequest, query query) (*graphResponse, error) {
					return s.getRequirements(req, query, key)
				},
			},
			{
				http.MethodPatch,
				oneOf(writeStatePermissions), nil,
				func(req *graphRequest, _ query) (*graphResponse, error) { return s.patchRequirements(req, key) },
			},
		}}
		switch {
		case req.version != "beta":
			// Absent from the v1.0 metadata of every cloud.
			return found, s.caseError(control.CaseBetaOnly, segmentNotFound(rest[2]))
		case len(rest) > 3:
			return nil, segmentNotFound(rest[3])
		}
		return found, nil
	}
	kind, known := methodSegments[rest[2]]
	if !known || kind.betaOnly && req.version != "beta" {
		return nil, segmentNotFound(rest[2])
	}
	switch len(rest) {
	case 3:
		return &route{template, control.ClassAuthentication, []endpoint{
			{
				http.MethodGet,
				oneOf(readMethodPermissions),
				[]string{"$select", "$top"},
				func(req *graphRequest, _ query) (*graphResponse, error) { return s.listMethods(req, key, rest[2]) },
			},
		}}, nil
	case 4:
		return &route{template + "/{id}", control.ClassAuthentication, []endpoint{
			{
				http.MethodGet,
				oneOf(readMethodPermissions),
				[]string{"$select"},
				func(req *graphRequest, _ query) (*graphResponse, error) {
					return s.getMethod(req, key, rest[2], rest[3])
				},
			},
		}}, nil
	}
	return nil, segmentNotFound(rest[4])
}

// groupRoute finds what lies under /groups.
func (s *Server) groupRoute(rest []string) (*route, error) {
	if len(rest) == 0 {
		return &route{"/groups", control.ClassDirectory, []endpoint{
			{http.MethodGet, oneOf(readGroupPermissions), collectionQueryOptions, s.listGroups},
		}}, nil
	}
	id := rest[0]
	if len(rest) == 1 {
		return &route{"/groups/{id}", control.ClassDirectory, []endpoint{
			{
				http.MethodGet,
				oneOf(readGroupPermissions),
				[]string{"$select"},
				func(req *graphRequest, query query) (*graphResponse, error) { return s.getGroup(req, query, id) },
			},
		}}, nil
	}
	transitive := rest[1] == "transitiveMembers"
	if !transitive && rest[1] != "members" {
		return nil, segmentNotFound(rest[1])
	}
	template, cast := "/groups/{id}/"+rest[1], ""
	if len(rest) > 2 {
		switch cast = rest[2]; cast {
		case userType, groupType:
			template += "/" + cast
		default:
			return nil, segmentNotFound(cast)
		}
	}
	if len(rest) > 3 {
		return nil, segmentNotFound(rest[3])
	}
	return &route{template, control.ClassDirectory, []endpoint{
		{
			http.MethodGet,
			oneOf(readGroupPermissions), collectionQueryOptions,
			func(req *graphRequest, query query) (*graphResponse, error) {
				return s.listMembers(req, query, id, transitive, cast)
			},
		},
	}}, nil
}

// directoryObjectRoute finds what lies under /directoryObjects.
func (s *Server) directoryObjectRoute(rest []string) (*route, error) {
	if len(rest) != 1 || rest[0] != "getByIds" && rest[0] != "microsoft.graph.getByIds" {
		return nil, segmentNotFound(strings.Join(rest[:min(len(rest), 1)], ""))
	}
	return &route{"/directoryObjects/getByIds", control.ClassDirectory, []endpoint{
		{http.MethodPost, oneOf(readObjectPermissions), []string{"$select"}, s.getByIDs},
	}}, nil
}
