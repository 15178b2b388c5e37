package graphapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

// addMember answers POST /groups/{id}/members/$ref.
//
// https://learn.microsoft.com/graph/api/group-post-members
func addMember(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	body, refused := jsonBody(req)
	if refused != nil {
		return nil, refused
	}
	var reference string
	for name, value := range body {
		if name != "@odata.id" || json.Unmarshal(value, &reference) != nil {
			return nil, badRequest("A reference is an object with the annotation '@odata.id' and nothing else.")
		}
	}
	member, ok := referencedID(reference)
	if !ok {
		return nil, requestBadRequest("Invalid URL format specified in @odata.id for members: '" + reference + "'.")
	}
	group, err := findGroup(tx, req.keys[0])
	if err != nil {
		return nil, err
	}
	object, err := findObject(tx, member)
	if err != nil {
		return nil, err
	}
	if slices.Contains(group.Group.Members, object.ID()) {
		return nil, requestBadRequest("One or more added object references already exist for the following modified properties: 'members'.")
	}
	if object.Principal != nil {
		// A tenant file, and with it a snapshot, names users and groups only.
		return nil, &refusal{
			status: http.StatusNotImplemented, code: "NotImplemented",
			message: "The emulator keeps no service principals in groups.",
		}
	}
	tx.SetMembers(group.Group, append(slices.Clone(group.Group.Members), object.ID()))
	return wire.JSON(http.StatusNoContent, nil), nil
}

// referencedID is the id in the address of a directory object: https://host/v1.0/directoryObjects/{id}, users/{id} or
// groups/{id}.
func referencedID(reference string) (string, bool) {
	address, err := url.Parse(reference)
	if err != nil || reference == "" {
		return "", false
	}
	segments, err := wire.PathSegments(address.EscapedPath())
	if err != nil || len(segments) < 2 {
		return "", false
	}
	for i, segment := range segments {
		name, key, keyed := cutKey(segment)
		switch strings.ToLower(name) {
		case "directoryobjects", "users", "groups":
			if keyed {
				return key, control.IsGUID(key)
			}
			return segments[min(i+1, len(segments)-1)], control.IsGUID(segments[min(i+1, len(segments)-1)])
		}
	}
	return "", false
}

// removeMember answers DELETE /groups/{id}/members/{id}/$ref.
//
// https://learn.microsoft.com/graph/api/group-delete-members
func removeMember(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	member := req.keys[1]
	if err := checkObjectID(member); err != nil {
		return nil, err
	}
	group, err := findGroup(tx, req.keys[0])
	if err != nil {
		return nil, err
	}
	position := slices.Index(group.Group.Members, strings.ToLower(member))
	if position < 0 {
		return nil, resourceNotFound(member)
	}
	members := slices.Clone(group.Group.Members)
	tx.SetMembers(group.Group, slices.Delete(members, position, position+1))
	return wire.JSON(http.StatusNoContent, nil), nil
}
