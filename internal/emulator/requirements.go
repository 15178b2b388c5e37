package emulator

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const requirementsType = "microsoft.graph.strongAuthenticationRequirements"

// getRequirements answers GET /users/{id}/authentication/requirements.
//
// https://learn.microsoft.com/graph/api/authentication-get?view=graph-rest-beta
func (s *Server) getRequirements(req *graphRequest, query odata.Query, key string) (*wire.Response, error) {
	for _, name := range query.Selected {
		if name != "perUserMfaState" {
			return nil, badRequest("Could not find a property named '" + name + "' on type '" + requirementsType + "'.")
		}
	}
	s.mu.Lock()
	record := s.visibleUser(key)
	var id, state string
	if record != nil {
		id, state = record.ID, record.PerUserMFAState
		if record.stateLag.stale(s.now()) {
			state = record.oldState
		}
	}
	s.mu.Unlock()
	if record == nil {
		return nil, s.unknownUser(key)
	}
	return wire.Written(http.StatusOK, requirementsObject(req, id, state)), nil
}

func requirementsObject(req *graphRequest, userID, state string) []byte {
	body := append(make([]byte, 0, 256), '{')
	body = odata.AppendText(body, "@odata.context", req.contextURL("users('"+userID+"')/authentication/requirements"))
	return append(odata.AppendText(body, "perUserMfaState", state), '}')
}

// patchRequirements answers PATCH /users/{id}/authentication/requirements. The API itself lets an administrator move a
// user between all states.
//
// https://learn.microsoft.com/graph/api/authentication-update?view=graph-rest-beta
func (s *Server) patchRequirements(req *graphRequest, key string) (*wire.Response, error) {
	state, refusal := requestedState(req)
	if refusal != nil {
		return nil, s.caseError(control.CaseInvalidRequirements, refusal)
	}
	s.mu.Lock()
	// A write goes to the primary, which knows a user from the moment of its creation.
	record := s.directory.user(key)
	status := s.behavior.StatusOnStateWrite
	if record != nil && state != "" {
		before := record.PerUserMFAState
		s.writeState(record, state)
		if record.PerUserMFAState != before {
			record.oldState, record.stateLag = before, newLag(s.behavior.ReplicaLag, s.now())
		}
	}
	var id string
	if record != nil {
		id, state = record.ID, record.PerUserMFAState
	}
	s.mu.Unlock()
	switch {
	case record == nil:
		return nil, s.unknownUser(key)
	case status == 0 || status == http.StatusNoContent:
		return wire.JSON(http.StatusNoContent, nil), nil
	}
	return wire.Written(status, requirementsObject(req, id, state)), nil
}

// writeState stores a state with the service's promotion: enabled becomes enforced for a user who is registered.
// It wants the server's lock.
//
// https://learn.microsoft.com/graph/api/resources/strongauthenticationrequirements?view=graph-rest-beta
func (s *Server) writeState(record *userRecord, state string) {
	record.PerUserMFAState = state
	s.promote(record)
}

func (s *Server) promote(record *userRecord) {
	promotion := s.behavior.Promotion == nil || *s.behavior.Promotion
	if promotion && record.PerUserMFAState == control.StateEnabled && slices.ContainsFunc(record.Methods, s.promotes) {
		record.PerUserMFAState = control.StateEnforced
	}
}

func (s *Server) promotes(method control.Method) bool {
	return method.CountsAsMFA() && !slices.Contains(s.behavior.MethodsWithoutPromotion, method.Type)
}

// jsonBody checks the content type of a write and reads its object.
func jsonBody(req *graphRequest) (map[string]json.RawMessage, *graphError) {
	contentType := req.header.Get("Content-Type")
	if contentType == "" {
		return nil, badRequest("Write requests (excluding DELETE) must contain the Content-Type header declaration.")
	}
	if contentType != "application/json" { // what nearly everybody sends needs no parser
		if mediaType, _, err := mime.ParseMediaType(contentType); err != nil || !strings.EqualFold(mediaType, "application/json") {
			return nil, badRequest("Entity only allows writes with a JSON Content-Type header.")
		}
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(req.body, &object); err != nil || object == nil {
		return nil, badRequest("Unable to read JSON request payload. " +
			"Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return object, nil
}

// requestedState reads the body of a PATCH of requirements; "" leaves the state as it is.
func requestedState(req *graphRequest) (string, *graphError) {
	object, refusal := jsonBody(req)
	if refusal != nil {
		return "", refusal
	}
	state := ""
	for name, value := range object {
		switch {
		case strings.HasPrefix(name, "@odata."):
		case name != "perUserMfaState":
			return "", badRequest("The property '" + name + "' does not exist on type '" + requirementsType +
				"'. Make sure to only use property names that are defined by the type.")
		case json.Unmarshal(value, &state) != nil || control.ValidateState(state) != nil:
			return "", badRequest("Cannot convert the literal '" + string(bytes.Trim(value, `"`)) +
				"' to the expected type 'microsoft.graph.perUserMfaState'.")
		}
	}
	return state, nil
}
