package client

import (
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
)

// threePages answers with the users a, b and c, a page each.
func threePages(w http.ResponseWriter, r *http.Request, n int) {
	next := ""
	if n < 2 {
		next = fmt.Sprintf(`,"@odata.nextLink":"https://%s/v1.0/users?$skiptoken=%d"`, r.Host, n+2)
	}
	clienttest.Reply(w, 200, fmt.Sprintf(`{"value":[{"id":%q}]%s}`, string(rune('a'+n)), next))
}

// idsOf are the ids on the first pages, at most so many pages, and the error that came.
func idsOf(pages iter.Seq2[[]User, error], most int) (ids []string, err error) {
	read := 0
	for users, err := range pages {
		if err != nil {
			return ids, err
		}
		for _, user := range users {
			ids = append(ids, user.ID)
		}
		if read++; read == most {
			break
		}
	}
	return ids, nil
}

func TestAPageThatNobodyAsksForIsNotRead(t *testing.T) {
	t.Parallel()
	for name, pagesOf := range map[string]func(*testing.T, *Client) iter.Seq2[[]User, error]{
		"of the tenant": func(t *testing.T, c *Client) iter.Seq2[[]User, error] { return c.UserPages(t.Context()) },
		"of a group":    func(t *testing.T, c *Client) iter.Seq2[[]User, error] { return c.MemberUserPages(t.Context(), "x") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The last one is the control: whoever goes on reads all three.
			for most, want := range map[int][]string{0: nil, 1: {"a"}, 2: {"a", "b"}, 9: {"a", "b", "c"}} {
				service := clienttest.NewRecorder(t, threePages)
				c, _, _ := newTestClient(t, service, nil)
				pages := pagesOf(t, c)
				if most > 0 {
					ids, err := idsOf(pages, most)
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, ids); diff != "" {
						t.Errorf("%d pages (-want +got):\n%s", most, diff)
					}
				}
				if have := len(service.All()); have != len(want) {
					t.Errorf("%d requests for %d pages", have, len(want))
				}
			}
		})
	}
}

func TestPagesOfUsersAreAskedForWithWhatAListIsFilteredBy(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, threePages)
	c, _, _ := newTestClient(t, service, nil)
	for _, pages := range []iter.Seq2[[]User, error]{c.UserPages(t.Context()), c.MemberUserPages(t.Context(), "a/b#c")} {
		if _, err := idsOf(pages, 1); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"/v1.0/users", "/v1.0/groups/a%2Fb%23c/transitiveMembers/microsoft.graph.user"}
	for n, request := range service.All() {
		address, err := url.Parse(request.Target)
		if err != nil {
			t.Fatal(err)
		}
		if address.EscapedPath() != want[n] || address.Query().Get("$select") != licensedUserSelect || address.Query().Get("$top") != "999" {
			t.Errorf("a page is asked for by %s", request.Target)
		}
	}
	if level := service.All()[1].Header.Get("ConsistencyLevel"); level != "eventual" {
		t.Errorf("the cast is asked for with ConsistencyLevel %q", level)
	}
}

func TestPagesEndWithTheFirstError(t *testing.T) {
	t.Parallel()
	next := func(link string) func(http.ResponseWriter, *http.Request, int) {
		return func(w http.ResponseWriter, r *http.Request, _ int) {
			clienttest.Reply(w, 200, fmt.Sprintf(`{"value":[{"id":"a"}],"@odata.nextLink":%q}`, strings.ReplaceAll(link, "HOST", r.Host)))
		}
	}
	for name, tc := range map[string]struct {
		Answer   func(http.ResponseWriter, *http.Request, int)
		ids      []string
		requests int
		says     string
	}{
		"a refusal of the first page": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			clienttest.GraphError(w, 403, "Authorization_RequestDenied")
		}, nil, 1, "Authorization_RequestDenied"},
		"a refusal of the second": {func(w http.ResponseWriter, r *http.Request, n int) {
			if n > 0 {
				clienttest.GraphError(w, 403, "Authorization_RequestDenied")
				return
			}
			threePages(w, r, n)
		}, []string{"a"}, 2, "Authorization_RequestDenied"},
		"an answer that is no page":  {func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, `{}`) }, nil, 1, "holds no list"},
		"a link to another host":     {next("https://graph.example/v1.0/users"), []string{"a"}, 1, "the access token would have gone there"},
		"a link that comes again":    {next("https://HOST/v1.0/users?$skiptoken=2"), []string{"a", "a"}, 2, "never end"},
		"a link that cannot be read": {next("https://HOST:port"), []string{"a"}, 1, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, tc.Answer)
			c, _, _ := newTestClient(t, service, nil)
			ids, err := idsOf(c.UserPages(t.Context()), -1)
			if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "list the users of the tenant") {
				t.Errorf("the error is %v, want it to say %q", err, tc.says)
			}
			if diff := cmp.Diff(tc.ids, ids); diff != "" {
				t.Errorf("the ids before it (-want +got):\n%s", diff)
			}
			if have := len(service.All()); have != tc.requests {
				t.Errorf("%d requests, want %d", have, tc.requests)
			}
		})
	}
}
