package graphapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const requirementsType = "microsoft.graph.strongAuthenticationRequirements"

// https://learn.microsoft.com/graph/permissions-reference
func init() {
	read := oneOf("Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod")
	absent := []absence{{segment: "requirements", in: []place{{"", v1}}, as: control.CaseBetaOnly}}
	register(rows{
		{method: http.MethodGet, path: requirementsPath, permissions: read, options: []string{"$select"}, absent: absent, handle: getRequirements},
		{
			method: http.MethodPatch, path: requirementsPath, permissions: oneOf("Policy.ReadWrite.AuthenticationMethod"), absent: absent,
			handle: patchRequirements,
		},
	}.of(control.ClassAuthentication))
}

const requirementsPath = methodsPath + "requirements"

// getRequirements answers GET /users/{id}/authentication/requirements.
//
// https://learn.microsoft.com/graph/api/authentication-get?view=graph-rest-beta
func getRequirements(tx *store.Tx, req *request, query odata.Query) (*wire.Response, error) {
	for _, name := range query.Selected {
		if name != "perUserMfaState" {
			return nil, odata.UnknownProperty(name, requirementsType)
		}
	}
	user, err := readUser(tx, req.keys[0])
	if err != nil {
		return nil, err
	}
	return wire.Written(http.StatusOK, requirementsObject(req, user.ID, user.ReadState(tx))), nil
}

func requirementsObject(req *request, userID, state string) []byte {
	body := append(make([]byte, 0, 256), '{')
	body = odata.AppendText(body, "@odata.context", req.contextURL("users('"+userID+"')/authentication/requirements"))
	return append(odata.AppendText(body, "perUserMfaState", state), '}')
}

// patchRequirements answers PATCH /users/{id}/authentication/requirements. The API itself lets an administrator move a
// user between all states.
//
// https://learn.microsoft.com/graph/api/authentication-update?view=graph-rest-beta
func patchRequirements(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	state, refused := requestedState(req)
	if refused != nil {
		return nil, refused.as(control.CaseInvalidRequirements)
	}
	// A write goes to the primary, which knows a user from the moment of its creation.
	user := tx.User(req.keys[0])
	if user == nil {
		return nil, unknownUser(req.keys[0])
	}
	if state != "" {
		user.SetState(tx, promoted(tx, user, state))
	}
	status := tx.Behavior().StatusOnStateWrite
	if status == 0 || status == http.StatusNoContent {
		return wire.JSON(http.StatusNoContent, nil), nil
	}
	return wire.Written(status, requirementsObject(req, user.ID, user.PerUserMFAState)), nil
}

// promoted is what becomes of a state that is written: enabled becomes enforced for a user who is registered.
//
// https://learn.microsoft.com/graph/api/resources/strongauthenticationrequirements?view=graph-rest-beta
func promoted(tx *store.Tx, user *store.User, state string) string {
	behavior := tx.Behavior()
	promotes := func(method control.Method) bool {
		return method.CountsAsMFA() && !slices.Contains(behavior.MethodsWithoutPromotion, method.Type)
	}
	promotion := behavior.Promotion == nil || *behavior.Promotion
	if promotion && state == control.StateEnabled && slices.ContainsFunc(user.Methods, promotes) {
		return control.StateEnforced
	}
	return state
}

// requestedState reads the body of a PATCH of requirements; "" leaves the state as it is.
func requestedState(req *request) (string, *refusal) {
	object, refused := jsonBody(req)
	if refused != nil {
		return "", refused
	}
	state := ""
	for name, value := range object {
		switch {
		case strings.HasPrefix(name, "@odata."):
		case name != "perUserMfaState":
			return "", unknownProperty(name, requirementsType)
		case json.Unmarshal(value, &state) != nil || control.ValidateState(state) != nil:
			return "", badRequest("Cannot convert the literal '" + string(bytes.Trim(value, `"`)) +
				"' to the expected type 'microsoft.graph.perUserMfaState'.")
		}
	}
	return state, nil
}
