package emulator

import (
	"net/http"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// handler tells the three services apart by path. It works on the path as it was sent: http.ServeMux would clean it,
// and a path that Graph refuses must arrive here as the client sent it.
func (s *Server) handler() http.Handler {
	controlAPI := control.Guard(control.Handler(s.controlEndpoints(), s.info), s.url, s.host.HasName)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		switch {
		case path == "/_emulator" || strings.HasPrefix(path, "/_emulator/"):
			controlAPI.ServeHTTP(w, r)
		case isGraphPath(path):
			s.serveGraph(w, r)
		default:
			s.serveLogin(w, r)
		}
	})
}

// routeNode is a part of the paths that Graph has here.
type routeNode struct {
	name     string                // as Graph spells the segment
	segments map[string]*routeNode // by the segment in lower case
	key      *routeNode            // what lies under a key
	route    *route                // nil where the path is only a part of others
}

// add adds the resource with the template.
func (n *routeNode) add(found *route) {
	for segment := range strings.SplitSeq(strings.TrimPrefix(found.template, "/"), "/") {
		if segment == "{id}" {
			if n.key == nil {
				n.key = &routeNode{name: segment}
			}
			n = n.key
			continue
		}
		lower := strings.ToLower(segment)
		if n.segments == nil {
			n.segments = map[string]*routeNode{}
		}
		if n.segments[lower] == nil {
			n.segments[lower] = &routeNode{name: segment}
		}
		n = n.segments[lower]
	}
	n.route = found
}

// boundOperations can be called by their qualified names as well, microsoft.graph.restore for restore.
var boundOperations = map[string]bool{
	"restore": true, "getByIds": true, "checkMemberGroups": true, "checkMemberObjects": true, "getMemberGroups": true, "getMemberObjects": true,
}

// unservedOperations are operations of Graph that stand where a key can stand, and that are not served here.
var unservedOperations = map[string]bool{
	"delta": true, "delta()": true, "validateProperties": true, "getAvailableExtensionProperties": true, "getUserOwnedObjects": true,
}

// child finds what lies under a node by the name of a segment: in any case, unless it is told to be exact. The metadata
// gives the namespace microsoft.graph the alias graph.
//
// https://learn.microsoft.com/graph/api/overview
func (n *routeNode) child(segment string, exact bool) *routeNode {
	names := []string{segment}
	if short, found := strings.CutPrefix(segment, "graph."); found {
		names = append(names, "microsoft.graph."+short)
	}
	for _, name := range names {
		if found := n.segments[strings.ToLower(name)]; found != nil && (!exact || found.name == name) {
			return found
		}
		operation, qualified := strings.CutPrefix(name, "microsoft.graph.")
		if found := n.segments[strings.ToLower(operation)]; qualified && found != nil && boundOperations[found.name] &&
			(!exact || found.name == operation) {
			return found
		}
	}
	return nil
}

func unknownRoute() *route {
	return &route{template: "/unknown", class: control.ClassUnknown}
}

// route finds the resource that a path names, and its keys. With an error it still returns a route, for the log.
func (s *Server) route(req *graphRequest) (*route, error) {
	segments, err := wire.PathSegments(req.path)
	if err != nil {
		return unknownRoute(), badRequest("Invalid URI: " + err.Error() + ".")
	}
	if len(segments) == 0 {
		return unknownRoute(), segmentNotFound("")
	}
	s.mu.Lock()
	exact, absent := s.behavior.CaseSensitivePaths, cloudProfiles[s.directory.cloudName()].absent(req.version)
	s.mu.Unlock()
	if req.me = segments[0] == "me" || !exact && strings.EqualFold(segments[0], "me"); req.me {
		segments = append([]string{"users"}, segments...) // of the signed-in user, whose key comes with the token
	}
	node := s.routes
	for _, segment := range segments {
		// A key can stand in parentheses, users('id'), as well as in a segment of its own, users/id.
		name, key, keyed := cutKey(segment)
		next := node.child(name, exact)
		switch {
		case next != nil && keyed:
			if next = next.key; next != nil {
				req.keys = append(req.keys, key)
			}
		case next == nil && node.key != nil && !keyed && !unservedOperations[segment]:
			if strings.HasPrefix(segment, "$") {
				refusal := segmentNotFound(segment)
				if node.name == "users" {
					// https://learn.microsoft.com/graph/api/user-get: such a name is only found in the form users('$x@y')
					return unknownRoute(), s.caseError(control.CaseDollarUPN, refusal)
				}
				return unknownRoute(), refusal
			}
			next = node.key
			req.keys = append(req.keys, segment)
		}
		if next == nil {
			return unknownRoute(), segmentNotFound(segment)
		}
		node = next
	}
	if node.route == nil {
		return unknownRoute(), segmentNotFound(segments[len(segments)-1])
	}
	for _, path := range absent {
		if node.route.template != path && !strings.HasPrefix(node.route.template, path+"/") {
			continue
		}
		if path == requirementsTemplate {
			return node.route, s.caseError(control.CaseBetaOnly, segmentNotFound("requirements"))
		}
		return unknownRoute(), segmentNotFound(path[strings.LastIndex(path, "/")+1:])
	}
	return node.route, nil
}

// cutKey splits users('o”hara@contoso.example') into users and o'hara@contoso.example.
func cutKey(segment string) (name, key string, keyed bool) {
	name, rest, found := strings.Cut(segment, "('")
	if !found || !strings.HasSuffix(rest, "')") {
		return segment, "", false
	}
	return name, strings.ReplaceAll(strings.TrimSuffix(rest, "')"), "''", "'"), true
}
