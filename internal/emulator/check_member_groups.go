package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

const maxCheckMemberGroups = 20

// checkMemberGroups answers POST /users/{id}/checkMemberGroups with those of the groups of which the user is a member,
// nested groups included. A group that does not exist is left out of the answer; Microsoft does not document that case.
//
// https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups
func (s *Server) checkMemberGroups(req *graphRequest, key string) (*graphResponse, error) {
	object, refusal := jsonBody(req)
	if refusal != nil {
		return nil, refusal
	}
	var ids []string
	for name, value := range object {
		if name != "groupIds" {
			return nil, badRequest("The parameter '" + name + "' in the request payload is not a valid parameter for the operation 'checkMemberGroups'.")
		}
		if err := json.Unmarshal(value, &ids); err != nil {
			return nil, badRequest("Unable to read JSON request payload. " +
				"Please ensure Content-Type header is set and payload is of valid JSON format.")
		}
	}
	if len(ids) == 0 || len(ids) > maxCheckMemberGroups {
		return nil, &graphError{
			status: http.StatusBadRequest, code: "Request_BadRequest",
			message: "The number of groupIds must be between 1 and 20.",
		}
	}
	for _, id := range ids {
		if err := checkObjectID(id); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	record := s.visibleUser(key)
	member := []string{}
	if record != nil {
		for _, id := range ids {
			id = strings.ToLower(id)
			group := s.directory.group(id)
			if group != nil && !slices.Contains(member, group.id) && s.directory.within(group, record.ID) {
				member = append(member, group.id)
			}
		}
	}
	s.mu.Unlock()
	if record == nil {
		return nil, s.unknownUser(key)
	}
	return answer(http.StatusOK, map[string]any{
		"@odata.context": req.contextURL("Collection(Edm.String)"),
		"value":          member,
	}), nil
}
