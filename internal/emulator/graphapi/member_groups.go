package graphapi

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const maxCheckMemberGroups = 20

// checkMemberGroups answers POST .../checkMemberGroups with those of the groups of which the object is a member, nested
// groups included. A group that does not exist is left out of the answer; Microsoft does not document that case.
//
// https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups
func checkMemberGroups(tx *store.Tx, req *request, find objectFinder) (*wire.Response, error) {
	return checkMembers(tx, req, find, "checkMemberGroups", "groupIds")
}

// checkMemberObjects answers POST .../checkMemberObjects, which takes ids of directory roles and administrative units as
// well; the emulator has none of these.
//
// https://learn.microsoft.com/graph/api/directoryobject-checkmemberobjects
func checkMemberObjects(tx *store.Tx, req *request, find objectFinder) (*wire.Response, error) {
	return checkMembers(tx, req, find, "checkMemberObjects", "ids")
}

func checkMembers(tx *store.Tx, req *request, find objectFinder, operation, parameter string) (*wire.Response, error) {
	var ids []string
	if err := parameters(req, operation, map[string]any{parameter: &ids}); err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > maxCheckMemberGroups {
		return nil, requestBadRequest(fmt.Sprintf("The number of %s must be between 1 and %d.", parameter, maxCheckMemberGroups))
	}
	for _, id := range ids {
		if err := checkObjectID(id); err != nil {
			return nil, err
		}
	}
	object, err := find(tx, req.keys[0])
	if err != nil {
		return nil, err
	}
	member := []string{}
	for _, id := range ids {
		group := tx.Group(id)
		if group != nil && !slices.Contains(member, group.ID) && tx.Within(group, object.ID()) {
			member = append(member, group.ID)
		}
	}
	return idCollection(req, member), nil
}

// getMemberGroups answers POST .../getMemberGroups and .../getMemberObjects with all groups in which the object is, nested
// groups included. All groups of the emulator are security groups.
//
// https://learn.microsoft.com/graph/api/directoryobject-getmembergroups
// https://learn.microsoft.com/graph/api/directoryobject-getmemberobjects
func getMemberGroups(tx *store.Tx, req *request, find objectFinder) (*wire.Response, error) {
	var securityEnabledOnly *bool
	if err := parameters(req, "getMemberGroups", map[string]any{"securityEnabledOnly": &securityEnabledOnly}); err != nil {
		return nil, err
	}
	object, err := find(tx, req.keys[0])
	if err != nil {
		return nil, err
	}
	return idCollection(req, orEmpty(tx.GroupsOf(object.ID(), true))), nil
}

func idCollection(req *request, ids []string) *wire.Response {
	return wire.JSON(http.StatusOK, map[string]any{"@odata.context": req.contextURL("Collection(Edm.String)"), "value": ids})
}
