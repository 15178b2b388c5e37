package graphapi

import (
	"regexp"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// route finds the resource that a path names, and its keys. With an error it still returns a route, for the log.
func (s *Service) route(req *request) (*resource, error) {
	segments, err := wire.PathSegments(req.path)
	if err != nil {
		return unknownResource(), badRequest("Invalid URI: " + err.Error() + ".")
	}
	if len(segments) == 0 {
		return unknownResource(), segmentNotFound("")
	}
	var exact bool
	var cloud string
	s.store.View(func(tx *store.Tx) { exact, cloud = tx.Behavior().CaseSensitivePaths, tx.Cloud() })
	if req.me = segments[0] == "me" || !exact && strings.EqualFold(segments[0], "me"); req.me {
		segments = append([]string{"users"}, segments...) // of the signed-in user, whose key comes with the token
	}
	node := s.resources
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
					return unknownResource(), refusal.as(control.CaseDollarUPN)
				}
				return unknownResource(), refusal
			}
			next = node.key
			req.keys = append(req.keys, segment)
		}
		if next == nil {
			return unknownResource(), segmentNotFound(segment)
		}
		node = next
	}
	if node.resource == nil {
		return unknownResource(), segmentNotFound(segments[len(segments)-1])
	}
	for _, absence := range node.resource.absent {
		switch {
		case !isAnyOf(absence.in, cloud, req.version):
		case absence.as != "":
			return node.resource, segmentNotFound(absence.segment).as(absence.as)
		default:
			return unknownResource(), segmentNotFound(absence.segment)
		}
	}
	return node.resource, nil
}

// alternateKey is a key by another property than the id: (appId='...').
var alternateKey = regexp.MustCompile(`^\(([A-Za-z]+)='`)

// cutKey splits users('o”hara@contoso.example') into users and o'hara@contoso.example, and servicePrincipals(appId='x') into
// servicePrincipals and appId=x.
func cutKey(segment string) (name, key string, keyed bool) {
	name, rest, found := strings.Cut(segment, "(")
	rest = "(" + rest
	property := ""
	if named := alternateKey.FindStringSubmatch(rest); named != nil {
		property, rest = named[1]+"=", "('"+rest[len(named[0]):]
	}
	if !found || !strings.HasPrefix(rest, "('") || !strings.HasSuffix(rest, "')") || len(rest) < len("('')") {
		return segment, "", false
	}
	return name, property + strings.ReplaceAll(strings.TrimSuffix(rest[len("('"):], "')"), "''", "'"), true
}
