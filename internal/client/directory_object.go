package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// DirectoryObject is a user or a group, as a look-up by id finds it.
//
// Source: https://learn.microsoft.com/graph/api/directoryobject-getbyids
type DirectoryObject struct {
	ID string `json:"id"`
	// ODataType is #microsoft.graph.user, #microsoft.graph.group or another kind.
	ODataType         string `json:"@odata.type"`
	DisplayName       string `json:"displayName"`
	UserPrincipalName string `json:"userPrincipalName"`
}

// IsUser reports whether the object is a user.
func (o DirectoryObject) IsUser() bool { return o.ODataType == "#microsoft.graph.user" }

// IsGroup reports whether the object is a group.
func (o DirectoryObject) IsGroup() bool { return o.ODataType == "#microsoft.graph.group" }

// Name is how people call the object.
func (o DirectoryObject) Name() string {
	return firstNonEmpty(o.UserPrincipalName, o.DisplayName, o.ID)
}

// maxGetByIDs is how many ids one look-up takes.
const maxGetByIDs = 1000

// GetDirectoryObjects looks ids up, whatever they are of, one request for each thousand. What does not exist is not in the
// answer, whose keys are ids in lower case.
//
// Source: https://learn.microsoft.com/graph/api/directoryobject-getbyids
func (c *Client) GetDirectoryObjects(ctx context.Context, ids []string) (map[string]DirectoryObject, error) {
	wanted := make([]string, 0, len(ids))
	for _, id := range ids {
		wanted = append(wanted, strings.ToLower(id))
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)

	found := make(map[string]DirectoryObject, len(wanted))
	for chunk := range slices.Chunk(wanted, maxGetByIDs) {
		var answer page[DirectoryObject]
		operation := fmt.Sprintf("look up %d users and groups by id", len(chunk))
		err := c.send(ctx, call{
			operation:   operation,
			permissions: []string{"Directory.Read.All", "User.Read.All with GroupMember.Read.All"},
			method:      http.MethodPost,
			version:     v1,
			path:        "/directoryObjects/getByIds",
			body:        map[string][]string{"ids": chunk},
		}, &answer)
		if err != nil {
			return nil, err
		}
		if err := answer.check(operation); err != nil {
			return nil, err
		}
		for _, object := range answer.Value {
			found[strings.ToLower(object.ID)] = object
		}
	}
	return found, nil
}

// maxCheckMemberGroups is how many groups one membership check takes.
const maxCheckMemberGroups = 20

// MemberGroups returns those of the groups that a user is a member of, directly or through other groups, as ids in lower
// case. It needs GroupMember.Read.All and User.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups
func (c *Client) MemberGroups(ctx context.Context, userID string, groupIDs []string) ([]string, error) {
	var member []string
	for chunk := range slices.Chunk(groupIDs, maxCheckMemberGroups) {
		var answer page[string]
		operation := fmt.Sprintf("check in which groups user %q is", userID)
		err := c.send(ctx, call{
			operation:   operation,
			permissions: []string{"GroupMember.Read.All"},
			method:      http.MethodPost,
			version:     v1,
			path:        "/users/" + url.PathEscape(userID) + "/checkMemberGroups",
			body:        map[string][]string{"groupIds": chunk},
		}, &answer)
		if err != nil {
			return nil, err
		}
		if err := answer.check(operation); err != nil {
			return nil, err
		}
		for _, id := range answer.Value {
			member = append(member, strings.ToLower(id))
		}
	}
	return member, nil
}
