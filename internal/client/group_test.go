package client

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

func TestMembersAreReadThroughNestedGroupsAndAllPages(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 0 {
			clienttest.Reply(w, 200, fmt.Sprintf(`{"@odata.count":2,"value":[{"id":"a","userPrincipalName":"a@b.c"}],"@odata.nextLink":"https://%s/v1.0/groups/x?$skiptoken=2"}`, r.Host))
			return
		}
		clienttest.Reply(w, 200, `{"value":[{"id":"b"}]}`)
	})
	c, _, _ := newTestClient(t, service, nil)
	users, err := c.ListTransitiveMemberUsers(t.Context(), "a/b#c")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]User{{ID: "a", UserPrincipalName: "a@b.c"}, {ID: "b"}}, users); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	requests := service.All()
	address, err := url.Parse(requests[0].Target)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := address.EscapedPath(), "/v1.0/groups/a%2Fb%23c/transitiveMembers/microsoft.graph.user"; got != want {
		t.Errorf("path %s, want %s", got, want)
	}
	// Casts are advanced queries: they need the count and the header.
	want := url.Values{"$count": {"true"}, "$select": {"id,userPrincipalName,displayName"}, "$top": {"999"}}
	if diff := cmp.Diff(want, address.Query()); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
	for n, request := range requests {
		if request.Header.Get("ConsistencyLevel") != "eventual" {
			t.Errorf("page %d is asked for without ConsistencyLevel", n)
		}
	}
}

func TestAMissingGroupIsNotAnEmptyOne(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.GraphError(w, 404, "Request_ResourceNotFound")
	})
	c, _, _ := newTestClient(t, service, nil)
	if _, err := c.ListTransitiveMemberUsers(t.Context(), "x"); !graph.IsNotFound(err) {
		t.Errorf("error %v, want Graph's 404", err)
	}
}
