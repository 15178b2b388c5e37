package client

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
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

// Kind is what the object is: user, group, servicePrincipal and so on.
func (o DirectoryObject) Kind() string {
	return cmp.Or(strings.TrimPrefix(o.ODataType, "#microsoft.graph."), "directoryObject")
}

// Name is how people call the object; an app that may not read objects of its kind learns the id only.
func (o DirectoryObject) Name() string {
	return cmp.Or(o.UserPrincipalName, o.DisplayName, o.ID)
}

// maxGetByIDs is how many ids one look-up takes.
const maxGetByIDs = 1000

// GetDirectoryObjects looks ids up, whatever they are of, one request for each thousand. Objects that do not exist are
// missing from the answer, whose keys are ids in lower case. One that is missing is believed to be once that has lasted
// for the given time: an object that was made a moment ago is not on every replica yet.
//
// Source: https://learn.microsoft.com/graph/api/directoryobject-getbyids
func (c *Client) GetDirectoryObjects(ctx context.Context, ids []string, patience time.Duration) (map[string]DirectoryObject, error) {
	missing := make([]string, 0, len(ids))
	for _, id := range ids {
		missing = append(missing, strings.ToLower(id))
	}
	slices.Sort(missing)
	missing = slices.Compact(missing)

	found := make(map[string]DirectoryObject, len(missing))
	err := c.graph.Until(ctx, patience, func() (bool, error) {
		if err := c.addDirectoryObjects(ctx, missing, found); err != nil {
			return true, err
		}
		missing = slices.DeleteFunc(missing, func(id string) bool {
			_, here := found[id]
			return here
		})
		return len(missing) == 0, nil
	})
	return found, err
}

func (c *Client) addDirectoryObjects(ctx context.Context, ids []string, found map[string]DirectoryObject) error {
	return c.getByIDs(ctx, ids, found, func(chunk []string) graph.Call {
		operation := fmt.Sprintf("look up %d users and groups by id", len(chunk))
		if len(chunk) == 1 {
			operation = fmt.Sprintf("look up user or group %q", chunk[0])
		}
		return graph.Call{
			Operation: operation,
			// The page names Directory.Read.All, and says that the permissions for the kinds that are looked up do as well.
			Permissions: []string{"User.Read.All with GroupMember.Read.All", "Directory.Read.All"},
			Body:        map[string][]string{"ids": chunk},
		}
	})
}

// getByIDs sends the look-up of each chunk of ids and adds the objects that it finds.
func (c *Client) getByIDs(ctx context.Context, ids []string, found map[string]DirectoryObject, lookUp func(chunk []string) graph.Call) error {
	for chunk := range slices.Chunk(ids, maxGetByIDs) {
		call := lookUp(chunk)
		call.Method, call.Version, call.Path = http.MethodPost, graph.V1, "/directoryObjects/getByIds"
		objects, err := graph.List[DirectoryObject](ctx, c.graph, call)
		if err != nil {
			return err
		}
		for _, object := range objects {
			found[strings.ToLower(object.ID)] = object
		}
	}
	return nil
}

// UsersByID looks users up, one request for each thousand. Whoever does not exist, and whoever's name the app may not see, is
// missing from the answer, whose keys are ids in lower case; beside an error it has those who were found before. It needs
// User.Read.All. There is no $select: the page does not offer one, and the properties that come by themselves are enough.
//
// Source: https://learn.microsoft.com/graph/api/directoryobject-getbyids
func (c *Client) UsersByID(ctx context.Context, ids []string) (map[string]User, error) {
	objects := map[string]DirectoryObject{}
	err := c.getByIDs(ctx, ids, objects, func(chunk []string) graph.Call {
		return graph.Call{
			Operation:   fmt.Sprintf("look up %d users by id", len(chunk)),
			Permissions: userReadPermissions,
			Body:        map[string][]string{"ids": chunk, "types": {"user"}},
		}
	})
	found := map[string]User{}
	for id, object := range objects {
		if object.IsUser() && object.UserPrincipalName != "" {
			found[id] = User{ID: object.ID, UserPrincipalName: object.UserPrincipalName, DisplayName: object.DisplayName}
		}
	}
	return found, err
}

// maxCheckMemberGroups is how many groups one membership check takes.
const maxCheckMemberGroups = 20

// MemberGroups returns those of the groups that a user is a member of, directly or through other groups, as ids in lower
// case. An answer that names none of them is believed once it has lasted for the given time: a membership that was made a
// moment ago is not on every replica yet. It needs GroupMember.Read.All and User.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/directoryobject-checkmembergroups
func (c *Client) MemberGroups(ctx context.Context, userID string, groupIDs []string, patience time.Duration) ([]string, error) {
	if len(groupIDs) == 0 {
		return nil, nil
	}
	var member []string
	err := c.graph.Until(ctx, patience, func() (bool, error) {
		var err error
		member, err = c.checkMemberGroups(ctx, userID, groupIDs)
		return err != nil || len(member) > 0, err
	})
	return member, err
}

func (c *Client) checkMemberGroups(ctx context.Context, userID string, groupIDs []string) ([]string, error) {
	var member []string
	for chunk := range slices.Chunk(groupIDs, maxCheckMemberGroups) {
		ids, err := graph.List[string](ctx, c.graph, graph.Call{
			Operation:   fmt.Sprintf("check in which groups user %q is", userID),
			Permissions: []string{"User.Read.All with GroupMember.Read.All", "Directory.Read.All"},
			Method:      http.MethodPost,
			Version:     graph.V1,
			Path:        "/users/" + url.PathEscape(userID) + "/checkMemberGroups",
			Body:        map[string][]string{"groupIds": chunk},
		})
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			member = append(member, strings.ToLower(id))
		}
	}
	return member, nil
}
