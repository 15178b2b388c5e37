package emulator

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const maxGetByIDs = 1000

// getByIDs answers POST /directoryObjects/getByIds. Ids that do not exist are left out of the answer, and so are those
// of types that were not asked for. Objects of a type that the caller may not read come with id and type only.
//
// https://learn.microsoft.com/graph/api/directoryobject-getbyids
func (s *Server) getByIDs(req *graphRequest, query odata.Query) (*wire.Response, error) {
	if err := checkSelected(query, ""); err != nil {
		return nil, err
	}
	var ids, types []string
	if err := parameters(req, "getByIds", map[string]any{"ids": &ids, "types": &types}); err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > maxGetByIDs {
		return nil, &graphError{
			status: http.StatusBadRequest, code: "Request_BadRequest",
			message: "The number of ids must be between 1 and 1000.",
		}
	}
	for _, id := range ids {
		if err := checkObjectID(id); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, describer := s.now(), newDescriber(req.caller, query, true)
	body := append(make([]byte, 0, 512+256*len(ids)), '{')
	body = odata.AppendText(body, "@odata.context", req.contextURL("directoryObjects"+query.Fragment()))
	body = append(odata.AppendMember(body, "value"), '[')
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		id = strings.ToLower(id)
		found, exists := s.directory.object(id)
		if !exists || seen[id] || found.user != nil && found.user.createLag.stale(now) {
			continue
		}
		seen[id] = true
		short := strings.TrimPrefix(found.typeName(), "microsoft.graph.")
		if len(types) > 0 && !slices.Contains(types, short) && !slices.Contains(types, "directoryObject") {
			continue
		}
		body = describer.append(body, found)
	}
	return wire.Written(http.StatusOK, append(body, "]}"...)), nil
}
