package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

func manyIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("ABCDEF00-0000-4000-8000-%012d", i)
	}
	return ids
}

func TestIDsAreLookedUpAThousandAtATime(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		var body struct{ IDs []string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		var values []string
		for _, id := range body.IDs {
			values = append(values, fmt.Sprintf(`{"@odata.type":"#microsoft.graph.user","id":%q,"userPrincipalName":"somebody@contoso.example"}`, id))
		}
		clienttest.Reply(w, 200, `{"value":[`+strings.Join(values, ",")+`]}`)
	})
	for _, n := range []int{0, 1, 1000, 1001, 2500} {
		before := len(service.All())
		c, _, _ := newTestClient(t, service, nil)
		ids := manyIDs(n)
		found, err := c.GetDirectoryObjects(t.Context(), append(ids, ids...), time.Minute)
		if err != nil || len(found) != n {
			t.Fatalf("%d of %d found, %v", len(found), n, err)
		}
		if have, want := len(service.All())-before, (n+999)/1000; have != want {
			t.Errorf("%d requests for %d ids, want %d", have, n, want)
		}
		before = len(service.All())
		users, err := c.UsersByID(t.Context(), ids)
		if have, want := len(service.All())-before, (n+999)/1000; err != nil || len(users) != n || have != want {
			t.Errorf("%d of %d users in %d requests, want %d; %v", len(users), n, have, want, err)
		}
	}
}

func TestWhatIsMissingIsLookedForUntilPatienceEnds(t *testing.T) {
	t.Parallel()
	ids := manyIDs(3)
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
		var body struct{ IDs []string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		switch n {
		case 0:
			clienttest.Reply(w, 200, `{"value":[{"@odata.type":"#microsoft.graph.group","id":"`+ids[0]+`","displayName":"G"}]}`)
		case 3:
			clienttest.Reply(w, 200, `{"value":[{"@odata.type":"#microsoft.graph.device","id":"`+ids[1]+`"}]}`)
		default:
			clienttest.Reply(w, 200, `{"value":[]}`)
		}
		if n > 0 && n < 6 && len(body.IDs) > 2 {
			t.Errorf("request %d asks again for what was found", n)
		}
	})
	c, _, clock := newTestClient(t, service, nil)
	found, err := c.GetDirectoryObjects(t.Context(), ids, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	group, device := found[strings.ToLower(ids[0])], found[strings.ToLower(ids[1])]
	if len(found) != 2 || !group.IsGroup() || group.IsUser() || group.Name() != "G" || device.IsUser() || device.IsGroup() || device.Kind() != "device" || device.Name() != ids[1] {
		t.Errorf("found %+v", found)
	}
	if _, sum := clock.Waited(); sum != 10*time.Second {
		t.Errorf("waited %s", sum)
	}
	// Without patience one answer is enough.
	before := len(service.All())
	if _, err := c.GetDirectoryObjects(t.Context(), ids, 0); err != nil || len(service.All())-before != 1 {
		t.Errorf("%d requests, %v", len(service.All())-before, err)
	}
}

func TestAnAnswerWithoutAListIsNotNobody(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, `{}`) })
	c, _, _ := newTestClient(t, service, nil)
	if _, err := c.GetDirectoryObjects(t.Context(), manyIDs(1), time.Minute); err == nil {
		t.Error("a look-up without a list finds nobody")
	}
	if _, err := c.MemberGroups(t.Context(), clienttest.AdeleID, manyIDs(1), time.Minute); err == nil {
		t.Error("a check without a list finds nothing")
	}
}

func TestMembershipIsCheckedTwentyAtATime(t *testing.T) {
	t.Parallel()
	ids := manyIDs(45)
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if target := r.Method + " " + r.RequestURI; target != "POST /v1.0/users/"+clienttest.AdeleID+"/checkMemberGroups" {
			t.Error(target)
		}
		var body map[string][]string
		_ = json.NewDecoder(r.Body).Decode(&body)
		if want := []int{20, 20, 5}[n]; len(body["groupIds"]) != want {
			t.Errorf("request %d has %d groups, want %d", n, len(body["groupIds"]), want)
		}
		clienttest.Reply(w, 200, `{"value":["`+body["groupIds"][0]+`"]}`)
	})
	c, _, _ := newTestClient(t, service, nil)
	member, err := c.MemberGroups(t.Context(), clienttest.AdeleID, ids, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{strings.ToLower(ids[0]), strings.ToLower(ids[20]), strings.ToLower(ids[40])}, member); diff != "" {
		t.Error(diff)
	}
	if member, err := c.MemberGroups(t.Context(), clienttest.AdeleID, nil, time.Minute); member != nil || err != nil || len(service.All()) != 3 {
		t.Error("no groups are asked about")
	}
}

func TestAMembershipThatIsNewIsWaitedFor(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n < 4 {
			clienttest.Reply(w, 200, `{"value":[]}`)
			return
		}
		clienttest.Reply(w, 200, `{"value":["`+staffID+`"]}`)
	})
	c, _, _ := newTestClient(t, service, nil)
	if member, err := c.MemberGroups(t.Context(), clienttest.AdeleID, []string{staffID}, 0); err != nil || len(member) != 0 {
		t.Errorf("%v, %v", member, err)
	}
	if member, err := c.MemberGroups(t.Context(), clienttest.AdeleID, []string{staffID}, time.Minute); err != nil || len(member) != 1 {
		t.Errorf("%v, %v", member, err)
	}
}

func TestLookUpsNameThePermissionsTheyMiss(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.GraphError(w, 403, "Authorization_RequestDenied")
	})
	c, _, _ := newTestClient(t, service, nil)
	_, byID := c.GetDirectoryObjects(t.Context(), manyIDs(1), time.Minute)
	_, membership := c.MemberGroups(t.Context(), clienttest.AdeleID, manyIDs(1), time.Minute)
	for _, err := range []error{byID, membership} {
		var refusal *graph.Error
		if !errors.As(err, &refusal) || len(refusal.Permissions) == 0 || refusal.Permissions[0] != "User.Read.All with GroupMember.Read.All" {
			t.Errorf("error %v", err)
		}
	}
}

// pagedAnswer answers a question by POST in three pages of which the second is got from the link of the first, and so on.
func pagedAnswer(t *testing.T, pages ...string) *clienttest.Recorder {
	t.Helper()
	return clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
		wrong := r.Method != http.MethodPost || r.ContentLength <= 0
		if n > 0 {
			wrong = r.Method != http.MethodGet || r.ContentLength > 0 || r.URL.Query().Get("$skiptoken") != fmt.Sprint(n)
		}
		if wrong {
			t.Errorf("request %d is %s %s with a body of %d bytes", n, r.Method, r.RequestURI, r.ContentLength)
		}
		next := ""
		if n+1 < len(pages) {
			next = fmt.Sprintf(`,"@odata.nextLink":"https://%s/v1.0/more?$skiptoken=%d"`, r.Host, n+1)
		}
		clienttest.Reply(w, 200, `{"value":[`+pages[n%len(pages)]+`]`+next+`}`)
	})
}

func TestAllPagesOfALookUpByIDAreRead(t *testing.T) {
	t.Parallel()
	ids := manyIDs(3)
	page := func(id string) string {
		return `{"@odata.type":"#microsoft.graph.user","id":"` + id + `","userPrincipalName":"` + id + `@contoso.example"}`
	}
	service := pagedAnswer(t, page(ids[0]), page(ids[1]), page(ids[2]))
	c, _, _ := newTestClient(t, service, nil)
	found, err := c.GetDirectoryObjects(t.Context(), ids, 0)
	if err != nil || len(found) != 3 || len(service.All()) != 3 {
		t.Errorf("%d objects in %d requests, %v", len(found), len(service.All()), err)
	}
	users := pagedAnswer(t, page(ids[0]), page(ids[1]), page(ids[2]))
	c, _, _ = newTestClient(t, users, nil)
	if found, err := c.UsersByID(t.Context(), ids); err != nil || len(found) != 3 {
		t.Errorf("%d users, %v", len(found), err)
	}
}

func TestAllPagesOfAMembershipCheckAreRead(t *testing.T) {
	t.Parallel()
	ids := manyIDs(3)
	c, _, _ := newTestClient(t, pagedAnswer(t, `"`+ids[0]+`"`, ``, `"`+ids[2]+`"`), nil)
	member, err := c.MemberGroups(t.Context(), clienttest.AdeleID, ids, 0)
	if diff := cmp.Diff([]string{strings.ToLower(ids[0]), strings.ToLower(ids[2])}, member); diff != "" || err != nil {
		t.Errorf("error %v: %s", err, diff)
	}
}

func TestPagesOfALookUpAreNotFollowedElsewhereNorForEver(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]string{"elsewhere": "https://elsewhere.example/v1.0/more", "for ever": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
				next := link
				if next == "" {
					next = "https://" + r.Host + "/v1.0/more"
				}
				clienttest.Reply(w, 200, `{"value":[],"@odata.nextLink":"`+next+`"}`)
			})
			c, _, _ := newTestClient(t, service, nil)
			_, byID := c.GetDirectoryObjects(t.Context(), manyIDs(1), 0)
			_, membership := c.MemberGroups(t.Context(), clienttest.AdeleID, manyIDs(1), 0)
			if byID == nil || membership == nil || len(service.All()) > 4 {
				t.Errorf("%d requests, errors %v and %v", len(service.All()), byID, membership)
			}
		})
	}
}
