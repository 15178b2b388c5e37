package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// User is what this client knows of a user.
//
// Source: https://learn.microsoft.com/graph/api/user-get
type User struct {
	// ID is the object id, a GUID.
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName"`
	// UserType is Member or Guest.
	UserType       string `json:"userType"`
	AccountEnabled *bool  `json:"accountEnabled"`
	// AssignedLicenses is how many licenses the user has, inherited ones included, or nil where they were not asked for.
	AssignedLicenses *elementCount `json:"assignedLicenses"`
}

// elementCount is how many elements a JSON list has.
type elementCount int

func (n *elementCount) UnmarshalJSON(data []byte) error {
	var elements []struct{}
	err := json.Unmarshal(data, &elements)
	*n = elementCount(len(elements))
	return err
}

// Name is how people call the user: the user principal name, or the id where Graph gave no name.
func (u User) Name() string { return cmp.Or(u.UserPrincipalName, u.ID) }

// Licensed reports whether the user has any license, or nil where the licenses were not asked for.
func (u User) Licensed() *bool {
	if u.AssignedLicenses == nil {
		return nil
	}
	return new(*u.AssignedLicenses > 0)
}

const (
	userSelect = "id,userPrincipalName,displayName,userType,accountEnabled"
	// licensedUserSelect is for lists of users, which say who has a license. Graph returns licenses on $select only.
	licensedUserSelect = userSelect + ",assignedLicenses"
)

var userReadPermissions = []string{"User.Read.All", "Directory.Read.All"}

// UserPath is the path of a user by object id or user principal name. A guest's name holds "#EXT#", which would cut the
// address short if it were not escaped, and a name that begins with "$" is only understood in the form of a key.
//
// Source: https://learn.microsoft.com/graph/api/user-get
func UserPath(key string) string {
	if strings.HasPrefix(key, "$") {
		return "/users('" + url.PathEscape(strings.ReplaceAll(key, "'", "''")) + "')"
	}
	return "/users/" + url.PathEscape(key)
}

// GetUser reads a user by object id or user principal name. IsNotFound is true of the error where there is none.
// It needs User.Read.All.
//
// Source: https://learn.microsoft.com/graph/api/user-get
func (c *Client) GetUser(ctx context.Context, key string) (User, error) {
	return c.getUser(ctx, key, userSelect)
}

func (c *Client) getUser(ctx context.Context, key, properties string) (User, error) {
	if strings.TrimSpace(key) == "" || key == "." || key == ".." {
		return User{}, fmt.Errorf("unable to read a user: %q is neither an object id nor a user principal name", key)
	}
	var user User
	err := c.graph.Send(ctx, graph.Call{
		Operation:   fmt.Sprintf("read user %q", key),
		Permissions: userReadPermissions,
		Method:      http.MethodGet,
		Version:     graph.V1,
		Path:        UserPath(key),
		Query:       url.Values{"$select": {properties}},
		Gather:      true,
	}, &user)
	if err != nil {
		return User{}, err
	}
	if user.ID == "" {
		return User{}, &graph.Error{Operation: fmt.Sprintf("read user %q", key), Status: http.StatusOK, Message: "the answer names no user id"}
	}
	return user, nil
}

// FindUser reads a user and takes a 404 for an answer only once it has lasted for the given time: a user that was made
// a moment ago is not on every replica yet. With no patience at all one 404 is enough.
func (c *Client) FindUser(ctx context.Context, key string, patience time.Duration) (User, error) {
	return c.findUser(ctx, key, userSelect, patience)
}

func (c *Client) findUser(ctx context.Context, key, properties string, patience time.Duration) (User, error) {
	var user User
	err := c.graph.UntilKnown(ctx, patience, func() (err error) {
		user, err = c.getUser(ctx, key, properties)
		return err
	})
	return user, err
}
