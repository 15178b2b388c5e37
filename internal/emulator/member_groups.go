package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const maxCheckMemberGroups = 20

// checkMemberGroups answers POST .../checkMemberGroups with those of the groups of which the object is a member, nested
// groups included. A group that does not exist is left out of the answer; Microsoft does not document that case.
//
// https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups
func (s *Server) checkMemberGroups(req *graphRequest, find objectFinder) (*wire.Response, error) {
	return s.checkMembers(req, find, "checkMemberGroups", "groupIds")
}

// checkMemberObjects answers POST .../checkMemberObjects, which takes ids of directory roles and administrative units as
// well; the emulator has none of these.
//
// https://learn.microsoft.com/graph/api/directoryobject-checkmemberobjects
func (s *Server) checkMemberObjects(req *graphRequest, find objectFinder) (*wire.Response, error) {
	return s.checkMembers(req, find, "checkMemberObjects", "ids")
}

func (s *Server) checkMembers(req *graphRequest, find objectFinder, operation, parameter string) (*wire.Response, error) {
	var ids []string
	if err := parameters(req, operation, map[string]any{parameter: &ids}); err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > maxCheckMemberGroups {
		return nil, &graphError{
			status: http.StatusBadRequest, code: "Request_BadRequest",
			message: fmt.Sprintf("The number of %s must be between 1 and %d.", parameter, maxCheckMemberGroups),
		}
	}
	for _, id := range ids {
		if err := checkObjectID(id); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	object, err := find(req.keys[0])
	if err != nil {
		return nil, err
	}
	member := []string{}
	for _, id := range ids {
		group := s.directory.group(id)
		if group != nil && !slices.Contains(member, group.id) && s.directory.within(group, object.id()) {
			member = append(member, group.id)
		}
	}
	return idCollection(req, member), nil
}

// getMemberGroups answers POST .../getMemberGroups and .../getMemberObjects with all groups in which the object is, nested
// groups included. All groups of the emulator are security groups.
//
// https://learn.microsoft.com/graph/api/directoryobject-getmembergroups
// https://learn.microsoft.com/graph/api/directoryobject-getmemberobjects
func (s *Server) getMemberGroups(req *graphRequest, find objectFinder) (*wire.Response, error) {
	var securityEnabledOnly *bool
	if err := parameters(req, "getMemberGroups", map[string]any{"securityEnabledOnly": &securityEnabledOnly}); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	object, err := find(req.keys[0])
	if err != nil {
		return nil, err
	}
	return idCollection(req, orEmpty(s.directory.groupsOf(object.id(), true))), nil
}

func idCollection(req *graphRequest, ids []string) *wire.Response {
	return wire.JSON(http.StatusOK, map[string]any{"@odata.context": req.contextURL("Collection(Edm.String)"), "value": ids})
}

// parameters reads the body of an operation into the targets by name.
func parameters(req *graphRequest, operation string, targets map[string]any) error {
	object, refusal := jsonBody(req)
	if refusal != nil {
		return refusal
	}
	for name, value := range object {
		target, known := targets[name]
		switch {
		case strings.Contains(name, "@"):
		case !known:
			return badRequest("The parameter '" + name + "' in the request payload is not a valid parameter for the operation '" + operation + "'.")
		case json.Unmarshal(value, target) != nil:
			return badRequest("Unable to read JSON request payload. " +
				"Please ensure Content-Type header is set and payload is of valid JSON format.")
		}
	}
	return nil
}
