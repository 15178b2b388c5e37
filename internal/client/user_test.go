package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

func TestAUserIsReadByTheNamedProperties(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
	c, _, _ := newTestClient(t, service, nil)
	user, err := c.GetUser(t.Context(), clienttest.AdeleID)
	if err != nil {
		t.Fatal(err)
	}
	enabled := true
	want := User{ID: clienttest.AdeleID, UserPrincipalName: clienttest.AdeleUPN, DisplayName: "Adele", UserType: "Member", AccountEnabled: &enabled}
	if diff := cmp.Diff(want, user); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	request := service.All()[0]
	query, err := url.ParseQuery(strings.TrimPrefix(request.Target, request.Path()+"?"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(url.Values{"$select": {"id,userPrincipalName,displayName,userType,accountEnabled"}}, query); diff != "" {
		t.Errorf("query (-want +got):\n%s", diff)
	}
	if request.Method != http.MethodGet || request.Path() != "/v1.0/users/"+clienttest.AdeleID || request.Header.Get("Accept") != "application/json" {
		t.Errorf("request %+v", request)
	}
}

func TestAnAnswerThatIsNotAUserIsAnError(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, body, says string }{
		{"a member of another type", `{"id":"x","accountEnabled":"yes"}`, "the answer cannot be read"},
		{"no id", `{"userPrincipalName":"x"}`, "the answer names no user id"},
		{"null", `null`, "the answer names no user id"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, tc.body) })
			c, _, _ := newTestClient(t, service, nil)
			user, err := c.GetUser(t.Context(), clienttest.AdeleUPN)
			var refusal *graph.Error
			if !errors.As(err, &refusal) || refusal.FromGraph || !strings.Contains(refusal.Message, tc.says) {
				t.Errorf("got %+v and error %v", user, err)
			}
			if user != (User{}) {
				t.Errorf("a user came with the error: %+v", user)
			}
		})
	}
}

func TestAUserIsCalledByNameWhereThereIsOne(t *testing.T) {
	t.Parallel()
	if got := adele.Name(); got != clienttest.AdeleUPN {
		t.Errorf("got %q", got)
	}
	if got := (User{ID: clienttest.AdeleID}).Name(); got != clienttest.AdeleID {
		t.Errorf("got %q", got)
	}
}

func TestAUserPathIsOneSegmentWhateverTheName(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		clienttest.AdeleID:                        clienttest.AdeleID,
		clienttest.AdeleUPN:                       "adele@contoso.example",
		"adele_fabrikam.com#EXT#@contoso.example": "adele_fabrikam.com%23EXT%23@contoso.example",
		"$adele@contoso.example":                  "('$adele@contoso.example')",
		"$o'neil@contoso.example":                 "('$o%27%27neil@contoso.example')",
		"$a/b#c@contoso.example":                  "('$a%2Fb%23c@contoso.example')",
		"o'neil@contoso.example":                  "o%27neil@contoso.example",
		"two words@contoso.example":               "two%20words@contoso.example",
		"a/b@contoso.example":                     "a%2Fb@contoso.example",
		"a\\b@contoso.example":                    "a%5Cb@contoso.example",
		"100%@contoso.example":                    "100%25@contoso.example",
		"%2e%2e":                                  "%252e%252e",
		"../groups/x":                             "..%2Fgroups%2Fx",
		"a?$select=x":                             "a%3F$select=x",
		"a+b@contoso.example":                     "a+b@contoso.example",
		"ädele@contoso.example":                   "%C3%A4dele@contoso.example",
		"...":                                     "...",
	} {
		service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
		c, _, _ := newTestClient(t, service, nil)
		if _, err := c.GetUser(t.Context(), key); err != nil {
			t.Errorf("%q: %v", key, err)
			continue
		}
		path := "/v1.0/users/" + want
		if strings.HasPrefix(want, "(") {
			path = "/v1.0/users" + want
		}
		if got := service.All()[0].Path(); got != path {
			t.Errorf("%q: the server saw\n%s\nwant\n%s", key, got, path)
		}
	}
}

func TestWhatCanBeNoUserIsNotAskedFor(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
	c, _, _ := newTestClient(t, service, nil)
	for _, key := range []string{"", " ", "\t\n", ".", ".."} {
		if user, err := c.GetUser(t.Context(), key); err == nil || graph.IsNotFound(err) {
			t.Errorf("%q: got %+v and error %v", key, user, err)
		}
	}
	if n := len(service.All()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if _, err := c.GetUser(t.Context(), clienttest.AdeleUPN); err != nil || len(service.All()) != 1 {
		t.Errorf("a name that can be one: error %v after %d requests", err, len(service.All()))
	}
}

func FuzzUserPath(f *testing.F) {
	for _, key := range []string{clienttest.AdeleID, clienttest.AdeleUPN, "a#EXT#@b", "$a'b@c", "o'neil@b", "a b@c", "a/b@c", "%@b", "..", "../x", "\u00e4@b", "a?b", "\x00", "\xff", "$", "$/../x"} {
		f.Add(key)
	}
	service := clienttest.NewRecorder(f, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.GraphError(w, 404, "Request_ResourceNotFound")
	})
	c, _, _ := newTestClient(f, service, nil)
	f.Fuzz(func(t *testing.T, key string) {
		if len(key) > 1000 {
			return
		}
		service.Mutex.Lock()
		service.Requests = nil
		service.Mutex.Unlock()
		_, err := c.GetUser(t.Context(), key)
		requests := service.All()
		if strings.TrimSpace(key) == "" || key == "." || key == ".." {
			if err == nil || len(requests) != 0 {
				t.Fatalf("%q was asked for", key)
			}
			return
		}
		if !graph.IsNotFound(err) || len(requests) != 1 {
			t.Fatalf("%q: error %v after %d requests", key, err, len(requests))
		}
		if got := readUserPath(t, requests[0].Path()); got != key {
			t.Fatalf("%q arrived as %q in %s", key, got, requests[0].Path())
		}
	})
}

// readUserPath reads a path as Graph does: one segment after users, or the key form.
func readUserPath(t *testing.T, path string) string {
	t.Helper()
	rest, ok := strings.CutPrefix(path, "/v1.0/users")
	if !ok {
		t.Fatalf("%s is not below /v1.0/users", path)
	}
	segment, plain := strings.CutPrefix(rest, "/")
	if strings.Contains(segment, "/") || segment == "." || segment == ".." {
		t.Fatalf("%s is more than one segment", path)
	}
	text, err := url.PathUnescape(segment)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if plain {
		return text
	}
	text, begins := strings.CutPrefix(text, "('")
	text, ends := strings.CutSuffix(text, "')")
	if !begins || !ends || strings.Count(text, "'")%2 != 0 {
		t.Fatalf("%s is not a key", path)
	}
	return strings.ReplaceAll(text, "''", "'")
}

// userMissing answers 404 as long as missing says so; it gets the number of the request, from 0.
func userMissing(missing func(n int) bool) func(w http.ResponseWriter, _ *http.Request, n int) {
	return func(w http.ResponseWriter, _ *http.Request, n int) {
		if missing(n) {
			clienttest.GraphError(w, 404, "Request_ResourceNotFound")
			return
		}
		clienttest.Reply(w, 200, clienttest.AdeleJSON)
	}
}

func TestFindUserWaitsAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		patience time.Duration
		missing  func(n int) bool
		found    bool
		requests int
		waited   time.Duration
	}{
		{"a user who is there", 30 * time.Second, func(int) bool { return false }, true, 1, 0},
		{"a user who is there, without patience", 0, func(int) bool { return false }, true, 1, 0},
		{"a new user, without patience", 0, func(n int) bool { return n < 1 }, false, 1, 0},
		{"a new user, with negative patience", -time.Second, func(n int) bool { return n < 1 }, false, 1, 0},
		{"a new user", 30 * time.Second, func(n int) bool { return n < 3 }, true, 4, 3500 * time.Millisecond},
		// 0.5, 1, 2, 4, 5, 5, 5, 5 and what is left of 30: 2.5 seconds.
		{"no user", 30 * time.Second, func(int) bool { return true }, false, 10, 30 * time.Second},
		{"a user who comes at the last moment", 30 * time.Second, func(n int) bool { return n < 9 }, true, 10, 30 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, userMissing(tc.missing))
			c, _, clock := newTestClient(t, service, nil)
			user, err := c.FindUser(t.Context(), clienttest.AdeleID, tc.patience)
			if tc.found && (err != nil || user.ID != clienttest.AdeleID) {
				t.Errorf("got %+v and error %v", user, err)
			}
			if !tc.found && (!graph.IsNotFound(err) || user != (User{})) {
				t.Errorf("got %+v and error %v, want Graph's 404", user, err)
			}
			if n := len(service.All()); n != tc.requests {
				t.Errorf("%d requests, want %d", n, tc.requests)
			}
			if _, sum := clock.Waited(); sum != tc.waited {
				t.Errorf("waited %s, want %s", sum, tc.waited)
			}
		})
	}
}

func TestFindUserWaitsForNothingButA404(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.GraphError(w, 403, "Authorization_RequestDenied")
	})
	c, _, clock := newTestClient(t, service, nil)
	if _, err := c.FindUser(t.Context(), clienttest.AdeleID, time.Minute); !graph.IsForbidden(err) {
		t.Errorf("error %v, want the 403", err)
	}
	if waits, _ := clock.Waited(); len(waits) != 0 {
		t.Errorf("waited %v", waits)
	}
}

func TestOnlyALasting404MeansThatAUserIsGone(t *testing.T) {
	t.Parallel()
	graph404 := func(w http.ResponseWriter) { clienttest.GraphError(w, 404, "Request_ResourceNotFound") }
	for _, tc := range []struct {
		name   string
		Answer func(w http.ResponseWriter, n int)
		gone   bool
		failed bool
	}{
		{"a lasting 404", func(w http.ResponseWriter, _ int) { graph404(w) }, true, false},
		{"a user who is there", func(w http.ResponseWriter, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) }, false, false},
		{"a 404 that heals", func(w http.ResponseWriter, n int) {
			if n == 0 {
				graph404(w)
				return
			}
			clienttest.Reply(w, 200, clienttest.AdeleJSON)
		}, false, false},
		{"a 404 and then a 403", func(w http.ResponseWriter, n int) {
			if n == 0 {
				graph404(w)
				return
			}
			clienttest.GraphError(w, 403, "Authorization_RequestDenied")
		}, false, true},
		{"a 404 and then a page's 404", func(w http.ResponseWriter, n int) {
			if n == 0 {
				graph404(w)
				return
			}
			http.Error(w, "<html>no such page</html>", http.StatusNotFound)
		}, false, true},
		{"a 400", func(w http.ResponseWriter, _ int) { clienttest.GraphError(w, 400, "Request_ResourceNotFound") }, false, true},
		{"a 401", func(w http.ResponseWriter, _ int) { clienttest.GraphError(w, 401, "InvalidAuthenticationToken") }, false, true},
		{"a 403", func(w http.ResponseWriter, _ int) { clienttest.GraphError(w, 403, "Authorization_RequestDenied") }, false, true},
		{"a 410", func(w http.ResponseWriter, _ int) { clienttest.GraphError(w, 410, "Gone") }, false, true},
		{"a 429", func(w http.ResponseWriter, _ int) { clienttest.GraphError(w, 429, "TooManyRequests") }, false, true},
		{"a 500", func(w http.ResponseWriter, _ int) { clienttest.GraphError(w, 500, "InternalServerError") }, false, true},
		{"a page's 404", func(w http.ResponseWriter, _ int) { http.Error(w, "<html>no such page</html>", http.StatusNotFound) }, false, true},
		{"an empty 404", func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusNotFound) }, false, true},
		{"no connection", func(w http.ResponseWriter, _ int) { clienttest.HangUp(w, "") }, false, true},
		{"an object without an id", func(w http.ResponseWriter, _ int) { clienttest.Reply(w, 200, "{}") }, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) { tc.Answer(w, n) })
			c, _, clock := newTestClient(t, service, nil)
			gone, err := c.UserGone(t.Context(), clienttest.AdeleID)
			if gone != tc.gone || (err != nil) != tc.failed {
				t.Errorf("gone %t with error %v", gone, err)
			}
			if _, sum := clock.Waited(); gone && sum != 3*time.Second {
				t.Errorf("the 404 was believed after %s", sum)
			}
		})
	}
}

func TestAMissingUserIsNamedInTheError(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, userMissing(func(int) bool { return true }))
	c, _, _ := newTestClient(t, service, nil)
	_, err := c.GetUser(t.Context(), "o'neil@contoso.example")
	if want := `unable to read user "o'neil@contoso.example": HTTP 404 Request_ResourceNotFound`; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %s", fmt.Sprint(err))
	}
}

func TestALicenseIsOneOfAnyProduct(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]*bool{
		`{"id":"a"}`:                         nil,
		`{"id":"a","assignedLicenses":null}`: nil,
		`{"id":"a","assignedLicenses":[]}`:   new(false),
		`{"id":"a","assignedLicenses":[{"skuId":"x","disabledPlans":["y"]},{}]}`: new(true),
	} {
		var user User
		if err := json.Unmarshal([]byte(body), &user); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, user.Licensed()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	var user User
	if err := json.Unmarshal([]byte(`{"assignedLicenses":"none"}`), &user); err == nil {
		t.Error("a text is taken for licenses")
	}
}
