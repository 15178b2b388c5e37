package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

// breakOff begins an answer and ends it in the middle of its body.
func breakOff(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// writes are the calls that expect nothing of the answer but that it is a success.
var writes = map[string]func(context.Context, *Client) error{
	"a user's state": func(ctx context.Context, c *Client) error { return c.putUserMFAState(ctx, adele, mfa.Enabled) },
	"a location": func(ctx context.Context, c *Client) error {
		_, err := c.UpdateNamedLocation(ctx, office)
		return err
	},
	"a deletion": func(ctx context.Context, c *Client) error {
		_, err := c.DeleteNamedLocation(ctx, NamedLocation{ID: locationID, DisplayName: "HQ"})
		return err
	},
}

func TestAWriteIsASuccessOnlyWhereGraphSaysSo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status            int
		contentType, body string
		want              string
	}{
		"nothing":                  {204, "", "", ""},
		"nothing under 200":        {200, "application/json", "", ""},
		"the object":               {200, "application/json", `{"@odata.context":"x","displayName":"error"}`, ""},
		"a member called error":    {200, "application/json", `{"error":null,"perUserMfaState":"enabled"}`, ""},
		"the page of a proxy":      {200, "text/html", "<html><body>Sign in to the network</body></html>", "It says: Sign in to the network"},
		"a list":                   {200, "application/json", `[]`, "the answer cannot be read"},
		"an error inside":          {200, "application/json", `{"error":{"code":"generalException","message":"No."}}`, "HTTP 200 generalException: No."},
		"a redirect to a sign-in":  {302, "text/html", "<html>Moved</html>", "HTTP 302"},
		"an error without a body":  {500, "", "", "HTTP 500: the answer has no body"},
		"a status of another kind": {207, "text/plain", "Multi", "HTTP 207"},
	} {
		for what, write := range writes {
			t.Run(name+" for "+what, func(t *testing.T) {
				t.Parallel()
				service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
					w.Header().Set("Content-Type", c.contentType)
					w.WriteHeader(c.status)
					_, _ = io.WriteString(w, c.body)
				})
				made, _, _ := newTestClient(t, service, nil)
				err := write(t.Context(), made)
				if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("error %v, want %q", err, c.want)
				}
			})
		}
	}
}

func TestAnErrorUnderAStatusOfSuccessIsToldAsWhatItIs(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		clienttest.Reply(w, 200, `{"error":{"code":"generalException","message":"No."}}`)
	})
	c, _, _ := newTestClient(t, service, nil)
	for what, read := range map[string]func() error{
		"a campaign": func() error { _, err := c.GetRegistrationCampaign(t.Context()); return err },
		"a list":     func() error { _, err := c.ListNamedLocations(t.Context()); return err },
		"a user":     func() error { _, err := c.GetUser(t.Context(), clienttest.AdeleUPN); return err },
	} {
		err := read()
		var answer *graph.Error
		var none *NoCampaignError
		if !errors.As(err, &answer) || errors.As(err, &none) || answer.Code != "generalException" || answer.Status != 200 || graph.IsNotFound(err) {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

func TestAnAnswerThatBreaksOffIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for what, call := range map[string]struct {
		status int
		body   string
		do     func(context.Context, *Client) error
	}{
		"GET":   {200, clienttest.AdeleJSON, func(ctx context.Context, c *Client) error { _, err := c.GetUser(ctx, clienttest.AdeleUPN); return err }},
		"PATCH": {200, `{"perUserMfaState":"enabled"}`, writes["a user's state"]},
		"POST that asks": {200, `{"value":[]}`, func(ctx context.Context, c *Client) error {
			_, err := c.GetDirectoryObjects(ctx, []string{clienttest.AdeleID}, 0)
			return err
		}},
		"POST that is refused": {503, `{"error":{"code":"ServiceUnavailable","message":"Later."}}`, func(ctx context.Context, c *Client) error {
			_, err := c.GetDirectoryObjects(ctx, []string{clienttest.AdeleID}, 0)
			return err
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
				if n < 2 {
					breakOff(w, call.status, call.body)
				}
				if call.status == 503 {
					clienttest.Reply(w, 200, `{"value":[]}`)
					return
				}
				clienttest.Reply(w, call.status, call.body)
			})
			c, _, _ := newTestClient(t, service, nil)
			if err := call.do(t.Context(), c); err != nil {
				t.Error(err)
			}
			if n := len(service.All()); n != 3 {
				t.Errorf("%d requests, want 3", n)
			}
		})
	}
}

func TestABatchWhoseAnswerBreaksOffIsSentAgain(t *testing.T) {
	t.Parallel()
	service := clienttest.NewScriptedGraph(t, func(r clienttest.BatchItem, _ int) clienttest.ScriptedAnswer { return clienttest.OwnState(r) }, func(w http.ResponseWriter, _ *http.Request, _ []clienttest.BatchItem, n int) bool {
		if n == 0 {
			breakOff(w, 200, `{"responses":[{"id":"0","status":200,"body":{"perUserMfaState":"enabled"}}]}`)
		}
		return false
	})
	c, _, _ := newTestClient(t, service.Recorder, nil)
	users := make([]UserAndState, 40)
	for i := range users {
		users[i].User.ID = strings.Replace(clienttest.AdeleID, "1111", strconv.Itoa(1000+i), 1)
	}
	for i, outcome := range c.ObserveUserMFAStates(t.Context(), users, nil) {
		if outcome.Err != nil {
			t.Errorf("user %d: %v", i, outcome.Err)
		}
	}
	if batches, _ := service.Sent(); len(batches) < 2 {
		t.Errorf("%d batches were sent", len(batches))
	}
}

func TestACreationWhoseAnswerIsSpoiledIsLookedForAndNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(w http.ResponseWriter){
		"breaks off":      func(w http.ResponseWriter) { breakOff(w, 201, `{"id":"`+locationID+`"}`) },
		"is a page":       func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>Hello</html>") },
		"holds an error":  func(w http.ResponseWriter) { clienttest.Reply(w, 201, `{"error":{"code":"x","message":"y"}}`) },
		"is far too long": func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, transport.MaxResponseBytes+1)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scriptedLocations{}
			s.onRequest = func(w http.ResponseWriter, what string, _ int) bool {
				if what != "POST" {
					return false
				}
				made := office.wire()
				made.ID = locationID
				created := s.clock.Now()
				made.Created = &created
				s.stored[locationID] = made
				spoil(w)
				return true
			}
			c := s.start(t, nil)
			made, _, err := c.CreateNamedLocation(t.Context(), office)
			if err != nil || made.ID != locationID {
				t.Errorf("made %+v, error %v", made, err)
			}
			if n := s.Count(http.MethodPost); n != 1 {
				t.Errorf("%d creations were sent", n)
			}
		})
	}
}

func TestADestroyDoesNotSayThatTheTrustIsGoneWhereItIsNot(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office), onRequest: func(w http.ResponseWriter, what string, _ int) bool {
		if strings.HasPrefix(what, "PATCH") {
			clienttest.GraphError(w, 404, "ResourceNotFound")
			return true
		}
		return false
	}}
	c := s.start(t, nil)
	_, err := c.DeleteNamedLocation(t.Context(), office)
	if err == nil || !strings.Contains(err.Error(), "unable to take the trust") || s.Count(http.MethodDelete) != 0 {
		t.Errorf("error %v, %d deletions", err, s.Count(http.MethodDelete))
	}
}

func TestEveryKeyIsOneSegmentOfThePath(t *testing.T) {
	t.Parallel()
	const key = `../a/b?c=d#e%2f"` + "\n"
	const escaped = `..%2Fa%2Fb%3Fc=d%23e%252f%22%0A`
	for want, do := range map[string]func(context.Context, *Client) error{
		"/v1.0/users/" + escaped: func(ctx context.Context, c *Client) error { _, err := c.GetUser(ctx, key); return err },
		"/beta/users/" + escaped + "/authentication/requirements": func(ctx context.Context, c *Client) error {
			_, err := c.GetUserMFAState(ctx, User{ID: key})
			return err
		},
		"/beta/users/" + escaped + "/authentication/methods": func(ctx context.Context, c *Client) error {
			_, err := c.ListAuthenticationMethods(ctx, User{ID: key})
			return err
		},
		"/v1.0/users/" + escaped + "/checkMemberGroups": func(ctx context.Context, c *Client) error {
			_, err := c.MemberGroups(ctx, key, []string{clienttest.AdeleID}, 0)
			return err
		},
		"/v1.0/groups/" + escaped + "/transitiveMembers/microsoft.graph.user": func(ctx context.Context, c *Client) error {
			_, err := c.ListTransitiveMemberUsers(ctx, key)
			return err
		},
		locationsPath + "/" + escaped: func(ctx context.Context, c *Client) error { _, err := c.GetNamedLocation(ctx, key); return err },
	} {
		service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.GraphError(w, 400, "BadRequest") })
		c, _, _ := newTestClient(t, service, nil)
		if err := do(t.Context(), c); err == nil {
			t.Errorf("%s: no error", want)
		}
		if have := service.All()[0].Path(); have != want {
			t.Errorf("asked for %s, want %s", have, want)
		}
	}
}
