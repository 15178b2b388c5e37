package graph

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/signin"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// The requests of these tests are those of an area of the client library, written down as short as they can be.

type user struct {
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
}

var adele = user{ID: clienttest.AdeleID, UserPrincipalName: clienttest.AdeleUPN}

// numbered is a user whose id is a number, and whose state is the number too.
func numbered(n int) user { return user{ID: clienttest.NumberedID(n)} }

func (u user) name() string {
	if u.UserPrincipalName != "" {
		return u.UserPrincipalName
	}
	return u.ID
}

func readUser(key string) Call {
	return Call{
		Operation: fmt.Sprintf("read user %q", key), Permissions: []string{"User.Read.All", "Directory.Read.All"}, Method: http.MethodGet, Version: V1,
		Path: "/users/" + url.PathEscape(key), Query: url.Values{"$select": {"id,userPrincipalName,displayName,userType,accountEnabled"}}, Gather: true,
	}
}

func (c *Client) getUser(ctx context.Context, key string) (user, error) {
	var found user
	if err := c.Send(ctx, readUser(key), &found); err != nil {
		return user{}, err
	}
	return found, nil
}

type requirements struct {
	PerUserMFAState mfa.State `json:"perUserMfaState"`
}

func (c *Client) getState(ctx context.Context, of user) (mfa.State, error) {
	var got requirements
	err := c.Send(ctx, Call{
		Operation:   fmt.Sprintf("read the per-user MFA state of %q", of.name()),
		Permissions: []string{"Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"},
		Method:      http.MethodGet, Version: Beta, Path: "/users/" + of.ID + "/authentication/requirements", Gather: true,
	}, &got)
	return got.PerUserMFAState, err
}

func (c *Client) putState(ctx context.Context, of user, state mfa.State) error {
	return c.Send(ctx, Call{
		Operation:   fmt.Sprintf("set the per-user MFA state of %q to %q", of.name(), state),
		Permissions: []string{"Policy.ReadWrite.AuthenticationMethod"},
		Method:      http.MethodPatch, Version: Beta, Path: "/users/" + of.ID + "/authentication/requirements", Gather: true,
		Body: requirements{PerUserMFAState: state},
	}, nil)
}

type method struct {
	ID   string `json:"id"`
	Type string `json:"@odata.type"`
}

func (c *Client) listMethods(ctx context.Context, of user) ([]method, error) {
	return List[method](ctx, c, Call{
		Operation:   fmt.Sprintf("list the authentication methods of %q", of.name()),
		Permissions: []string{"UserAuthenticationMethod.Read.All"},
		Method:      http.MethodGet, Version: Beta, Path: "/users/" + of.ID + "/authentication/methods", Gather: true,
	})
}

func (c *Client) listMembers(ctx context.Context, groupID string) ([]user, error) {
	return List[user](ctx, c, Call{
		Operation: fmt.Sprintf("list the members of group %q", groupID), Permissions: []string{"GroupMember.Read.All"},
		Method: http.MethodGet, Version: V1, Path: "/groups/" + url.PathEscape(groupID) + "/transitiveMembers/microsoft.graph.user",
		Query: url.Values{"$count": {"true"}, "$select": {"id"}, "$top": {"999"}}, Header: http.Header{"Consistencylevel": {"eventual"}},
	})
}

func (c *Client) listLocations(ctx context.Context) ([]struct{}, error) {
	return List[struct{}](ctx, c, Call{
		Operation: "list the named locations", Permissions: []string{"Policy.Read.All"}, Method: http.MethodGet, Version: V1,
		Path: "/identity/conditionalAccess/namedLocations",
	})
}

// newTestClient makes a client whose Graph is the server and whose time is not the real one. It is not held back.
func newTestClient(tb testing.TB, service *clienttest.Recorder, change func(*Options)) (*Client, *clienttest.FakeCredential, *clienttest.FakeClock) {
	tb.Helper()
	credential, clock := &clienttest.FakeCredential{}, clienttest.NewFakeClock()
	options := Options{HTTPClient: clienttest.Trust(tb, service.Server), Retry: clienttest.QuickRetry, Clock: clock, Rates: map[RateClass]Rate{}}
	if change != nil {
		change(&options)
	}
	cloud, err := signin.Public.WithEndpoints(service.URL, "")
	if err != nil {
		tb.Fatal(err)
	}
	made, err := New(cloud, credential, options)
	if err != nil {
		tb.Fatal(err)
	}
	return made, credential, clock
}
