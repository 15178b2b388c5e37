package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph/transport"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/mfa"
)

func TestACallCarriesOneIDOverAllItsRepetitions(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		switch n {
		case 0, 1:
			clienttest.GraphError(w, 503, "serviceUnavailable")
		case 2:
			clienttest.GraphError(w, 400, "BadRequest")
		default:
			clienttest.Reply(w, 200, clienttest.AdeleJSON)
		}
	})
	c, _, _ := newTestClient(t, service, nil)
	_, err := c.getUser(t.Context(), clienttest.AdeleUPN)
	var refusal *Error
	if !errors.As(err, &refusal) {
		t.Fatalf("error %v, want an *Error", err)
	}
	if _, err := c.getUser(t.Context(), clienttest.AdeleUPN); err != nil {
		t.Fatal(err)
	}

	requests := service.All()
	if len(requests) != 4 {
		t.Fatalf("%d requests, want 4", len(requests))
	}
	var ids []string
	for _, request := range requests {
		id := request.Header.Get("client-request-id")
		if _, err := uuid.Parse(id); err != nil {
			t.Errorf("client-request-id %q is not a GUID", id)
		}
		if request.Header.Get("return-client-request-id") != "true" {
			t.Error("the service is not asked to return the id")
		}
		ids = append(ids, id)
	}
	if ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("the repetitions of one call have the ids %v", ids[:3])
	}
	if ids[2] == ids[3] {
		t.Error("two calls have the same id")
	}
	if refusal.ClientRequestID != ids[2] || refusal.RequestID != "server-request-id" {
		t.Errorf("the error has client-request-id %q and request-id %q, want %q and the server's", refusal.ClientRequestID, refusal.RequestID, ids[2])
	}
}

func TestWhatMayPassIsRepeated(t *testing.T) {
	t.Parallel()
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
				if n < 2 {
					clienttest.GraphError(w, status, "later")
					return
				}
				clienttest.Reply(w, 200, clienttest.AdeleJSON)
			})
			c, _, _ := newTestClient(t, service, nil)
			user, err := c.getUser(t.Context(), clienttest.AdeleUPN)
			if err != nil || user.ID != clienttest.AdeleID {
				t.Fatalf("got %+v and error %v", user, err)
			}
			if n := len(service.All()); n != 3 {
				t.Errorf("%d requests, want 3", n)
			}
		})
	}
}

func TestWhatDoesNotPassIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 404, 405, 409, 412, 423, 501} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.GraphError(w, status, "no") })
			c, _, _ := newTestClient(t, service, nil)
			_, err := c.getUser(t.Context(), clienttest.AdeleUPN)
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Status != status || refusal.Code != "no" || !refusal.FromGraph {
				t.Errorf("got %#v", err)
			}
			if n := len(service.All()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestRepetitionEnds(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.GraphError(w, 429, "TooManyRequests") })
	c, _, _ := newTestClient(t, service, nil)
	_, err := c.getUser(t.Context(), clienttest.AdeleUPN)
	if !IsThrottled(err) {
		t.Errorf("error %v, want a 429", err)
	}
	if n := len(service.All()); n != 4 {
		t.Errorf("%d requests, want 1 and 3 repetitions", n)
	}
}

func TestTheStandardBoundsOfRepetition(t *testing.T) {
	t.Parallel()
	options, err := Options{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if options.Retry.MaxRetries != 6 || options.Retry.MaxRetryDelay != 3*time.Minute {
		t.Errorf("%d repetitions with waits of at most %s", options.Retry.MaxRetries, options.Retry.MaxRetryDelay)
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		value   string
		atLeast time.Duration
	}{
		{"1", time.Second},
		// The documentation's own sample has a fraction: 2.128.
		{"0.128", 128 * time.Millisecond},
	} {
		t.Run(tc.value, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
				if n == 0 {
					w.Header().Set("Retry-After", tc.value)
					clienttest.GraphError(w, 429, "TooManyRequests")
					return
				}
				clienttest.Reply(w, 200, clienttest.AdeleJSON)
			})
			c, _, _ := newTestClient(t, service, func(o *Options) { o.Retry.RetryDelay = time.Nanosecond })
			began := time.Now()
			if _, err := c.getUser(t.Context(), clienttest.AdeleUPN); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < tc.atLeast {
				t.Errorf("repeated after %s, want at least %s", took, tc.atLeast)
			}
			if n := len(service.All()); n != 2 {
				t.Errorf("%d requests, want 2", n)
			}
		})
	}
}

func TestARetryAfterThatSaysNothingLeavesTheBackoff(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "0", "-1", "-0.5", "soon", "NaN"} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
				if n == 0 {
					w.Header().Set("Retry-After", value)
					clienttest.GraphError(w, 429, "TooManyRequests")
					return
				}
				clienttest.Reply(w, 200, clienttest.AdeleJSON)
			})
			const delay = 40 * time.Millisecond
			c, _, _ := newTestClient(t, service, func(o *Options) { o.Retry.RetryDelay = delay })
			began := time.Now()
			if _, err := c.getUser(t.Context(), clienttest.AdeleUPN); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < delay*8/10 {
				t.Errorf("repeated after %s without a pause", took)
			}
		})
	}
}

func TestARetryAfterBeyondTheBoundIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"3600", "3600.5", "1e300", "Inf", "Fri, 01 Jan 2100 00:00:00 GMT"} {
		t.Run(value, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header().Set("Retry-After", value)
				clienttest.GraphError(w, 429, "TooManyRequests")
			})
			c, _, _ := newTestClient(t, service, nil)
			if _, err := c.getUser(t.Context(), clienttest.AdeleUPN); !IsThrottled(err) {
				t.Errorf("error %v, want a 429", err)
			}
			if n := len(service.All()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestABrokenConnectionIsRepeated(t *testing.T) {
	t.Parallel()
	for name, sabotage := range map[string]func(http.ResponseWriter){
		"before the answer": func(w http.ResponseWriter) { clienttest.HangUp(w, "") },
		"within the answer": func(w http.ResponseWriter) {
			clienttest.HangUp(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"id\":")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
				if n == 0 {
					sabotage(w)
					return
				}
				clienttest.Reply(w, 200, clienttest.AdeleJSON)
			})
			c, _, _ := newTestClient(t, service, nil)
			if user, err := c.getUser(t.Context(), clienttest.AdeleUPN); err != nil || user.ID != clienttest.AdeleID {
				t.Errorf("got %+v and error %v", user, err)
			}
			if n := len(service.All()); n != 2 {
				t.Errorf("%d requests, want 2", n)
			}
		})
	}
}

func TestAConnectionThatStaysBrokenIsAConnectionError(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.HangUp(w, "") })
	c, _, _ := newTestClient(t, service, nil)
	_, err := c.getUser(t.Context(), clienttest.AdeleUPN)
	var connection *transport.ConnectionError
	if !errors.As(err, &connection) {
		t.Fatalf("error %v, want a *ConnectionError", err)
	}
	if connection.Kind != transport.ConnectionBroken || connection.Host != service.URL || connection.Operation != `read user "adele@contoso.example"` {
		t.Errorf("got %+v", *connection)
	}
	if n := len(service.All()); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
	if IsNotFound(err) || IsForbidden(err) || IsThrottled(err) {
		t.Error("no answer counts as an answer")
	}
}

func TestABodyIsSentWholeInEachRepetition(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		switch n {
		case 0:
			clienttest.GraphError(w, 503, "serviceUnavailable")
		case 1:
			clienttest.HangUp(w, "")
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
	c, _, _ := newTestClient(t, service, nil)
	if err := c.putState(t.Context(), adele, mfa.Enabled); err != nil {
		t.Fatal(err)
	}
	requests := service.All()
	if len(requests) != 3 {
		t.Fatalf("%d requests, want 3", len(requests))
	}
	for n, request := range requests {
		if request.Method != http.MethodPatch || request.Body != `{"perUserMfaState":"enabled"}` || request.Header.Get("Content-Type") != "application/json" {
			t.Errorf("request %d: %s with %s body %q", n, request.Method, request.Header.Get("Content-Type"), request.Body)
		}
	}
}

func TestTheTokenAccompaniesEachRequestToGraph(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
	c, credential, _ := newTestClient(t, service, nil)
	for range 2 {
		if _, err := c.getUser(t.Context(), clienttest.AdeleUPN); err != nil {
			t.Fatal(err)
		}
	}
	for _, request := range service.All() {
		if got := request.Header.Get("Authorization"); got != "Bearer secret-token-1" {
			t.Errorf("Authorization %q", got)
		}
	}
	asked := credential.Requests()
	if len(asked) != 1 {
		t.Fatalf("%d token requests for two calls, want 1", len(asked))
	}
	if diff := cmp.Diff([]string{service.URL + "/.default"}, asked[0].Scopes); diff != "" || !asked[0].EnableCAE {
		t.Errorf("scopes (-want +got):\n%s\nEnableCAE %t", diff, asked[0].EnableCAE)
	}
}

func TestALinkToTheSameHostIsFollowed(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]func(self string) string{
		"as it is":       func(self string) string { return self + clienttest.NextPage },
		"in upper case":  func(self string) string { return strings.Replace(self, "https", "HTTPS", 1) + clienttest.NextPage },
		"with an escape": func(self string) string { return self + clienttest.NextPage + "%2B%3D" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, clienttest.Paged(link))
			c, _, _ := newTestClient(t, service, nil)
			methods, err := c.listMethods(t.Context(), adele)
			if err != nil {
				t.Fatal(err)
			}
			if len(methods) != 2 || methods[0].ID != "a" || methods[1].ID != "b" {
				t.Errorf("got %+v", methods)
			}
			requests := service.All()
			if len(requests) != 2 || requests[1].Target != link("") || requests[1].Header.Get("Authorization") == "" {
				t.Errorf("the second page was asked for by %+v", requests[1:])
			}
			if requests[0].Header.Get("client-request-id") == requests[1].Header.Get("client-request-id") {
				t.Error("two pages have one client-request-id")
			}
		})
	}
}

func TestALinkToAnotherPlaceIsNotFollowed(t *testing.T) {
	t.Parallel()
	other := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, `{"value":[]}`) })
	otherHost := strings.TrimPrefix(other.URL, "https://")
	for name, link := range map[string]func(self string) string{
		"another port": func(string) string { return other.URL + clienttest.NextPage },
		"another host": func(string) string {
			return "https://localhost:" + strings.Split(otherHost, ":")[1] + clienttest.NextPage
		},
		"another scheme": func(self string) string { return strings.Replace(self, "https", "http", 1) + clienttest.NextPage },
		"user information": func(self string) string {
			return strings.Replace(self, "https://", "https://me@", 1) + clienttest.NextPage
		},
		"host as information": func(self string) string { return self + "@" + otherHost + clienttest.NextPage },
		"no scheme":           func(string) string { return "//" + otherHost + clienttest.NextPage },
		"only a path":         func(string) string { return clienttest.NextPage },
		"no address":          func(string) string { return "https://%zz" + clienttest.NextPage },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, clienttest.Paged(link))
			c, _, _ := newTestClient(t, service, func(o *Options) { o.HTTPClient = clienttest.Trust(t, service.Server, other.Server) })
			methods, err := c.listMethods(t.Context(), adele)
			if err == nil || !strings.Contains(err.Error(), "link to the next page") {
				t.Errorf("error %v", err)
			}
			if len(methods) != 0 {
				t.Errorf("a part of the list was given out: %+v", methods)
			}
			if n := len(service.All()); n != 1 {
				t.Errorf("%d requests to Graph, want 1", n)
			}
			if strings.Contains(fmt.Sprint(err), "skiptoken") {
				t.Errorf("the error repeats the query: %v", err)
			}
		})
	}
	t.Cleanup(func() {
		if n := len(other.All()); n != 0 {
			t.Errorf("the other server got %d requests", n)
		}
	})
}

func TestTheOtherServerOfTheLinkTestsCanBeReached(t *testing.T) {
	t.Parallel()
	other := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
	service := clienttest.NewRecorder(t, func(http.ResponseWriter, *http.Request, int) {})
	response, err := clienttest.Trust(t, service.Server, other.Server).Get(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if n := len(other.All()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestPagesThatNeverEndStop(t *testing.T) {
	t.Parallel()
	t.Run("one link again and again", func(t *testing.T) {
		t.Parallel()
		service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			clienttest.Reply(w, 200, fmt.Sprintf(`{"value":[],"@odata.nextLink":"https://%s%s"}`, r.Host, clienttest.NextPage))
		})
		c, _, _ := newTestClient(t, service, nil)
		_, err := c.listMethods(t.Context(), adele)
		if err == nil || !strings.Contains(err.Error(), "never end (2 read)") {
			t.Errorf("error %v", err)
		}
		if n := len(service.All()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	})
	t.Run("always another link", func(t *testing.T) {
		t.Parallel()
		service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
			clienttest.Reply(w, 200, fmt.Sprintf(`{"value":[],"@odata.nextLink":"https://%s%s%d"}`, r.Host, clienttest.NextPage, n))
		})
		c, _, _ := newTestClient(t, service, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		service.Config.Handler = cancelAt(service.Config.Handler, service, 50, cancel)
		if _, err := c.listMethods(ctx, adele); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the context's", err)
		}
	})
}

// cancelAt ends a context once the server has got a number of requests.
func cancelAt(next http.Handler, server *clienttest.Recorder, n int, cancel func()) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(server.All()) >= n {
			cancel()
		}
		next.ServeHTTP(w, r)
	})
}

func TestAnAnswerWithoutAListIsNotAnEmptyList(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"an empty object": `{}`, "null": `{"value":null}`, "another object": `{"id":"x"}`, "an error under HTTP 200": `{"error":{"code":"x","message":"y"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, body) })
			c, _, _ := newTestClient(t, service, nil)
			users, err := c.listMembers(t.Context(), "g")
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Status != 200 {
				t.Errorf("got %v and error %v", users, err)
			}
			if IsNotFound(err) {
				t.Error("it counts as not found")
			}
		})
	}
	t.Run("an empty list is one", func(t *testing.T) {
		t.Parallel()
		service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, `{"value":[]}`) })
		c, _, _ := newTestClient(t, service, nil)
		if users, err := c.listMembers(t.Context(), "g"); err != nil || len(users) != 0 {
			t.Errorf("got %v and error %v", users, err)
		}
	})
}

func TestAFailedSecondPageFailsTheList(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n == 0 {
			clienttest.Paged(func(self string) string { return self + clienttest.NextPage })(w, r, n)
			return
		}
		clienttest.GraphError(w, 400, "BadRequest")
	})
	c, _, _ := newTestClient(t, service, nil)
	methods, err := c.listMethods(t.Context(), adele)
	var refusal *Error
	if !errors.As(err, &refusal) || len(methods) != 0 {
		t.Errorf("got %v and error %v", methods, err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	other := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		for name, target := range map[string]string{"another host": other.URL + "/v1.0/users/x", "the same host": "/v1.0/users/x"} {
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
				if n == 0 {
					http.Redirect(w, r, target, status)
					return
				}
				clienttest.Reply(w, 200, clienttest.AdeleJSON)
			})
			c, _, _ := newTestClient(t, service, func(o *Options) { o.HTTPClient = clienttest.Trust(t, service.Server, other.Server) })
			user, err := c.getUser(t.Context(), clienttest.AdeleUPN)
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Status != status {
				t.Errorf("%d to %s: got %+v and error %v", status, name, user, err)
			}
			if n := len(service.All()) + len(other.All()); n != 1 {
				t.Errorf("%d to %s: %d requests, want 1", status, name, n)
			}
		}
	}
}

func TestTheEndOfTheContextEndsAWaitingCall(t *testing.T) {
	t.Parallel()
	t.Run("while the server is silent", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		service := clienttest.NewRecorder(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
			cancel()
			<-r.Context().Done()
		})
		c, _, _ := newTestClient(t, service, nil)
		_, err := c.getUser(ctx, clienttest.AdeleUPN)
		wantContextError(t, err, context.Canceled)
		if n := len(service.All()); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
	t.Run("in the pause before a repetition", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
			clienttest.GraphError(w, 503, "serviceUnavailable")
		})
		c, _, _ := newTestClient(t, service, func(o *Options) {
			o.Retry.RetryDelay, o.Retry.MaxRetryDelay = time.Hour, time.Hour
			o.Retry.ShouldRetry = func(*http.Response, error) bool {
				cancel()
				return true
			}
		})
		_, err := c.getUser(ctx, clienttest.AdeleUPN)
		wantContextError(t, err, context.Canceled)
	})
	t.Run("by its deadline", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		service := clienttest.NewRecorder(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
		c, _, _ := newTestClient(t, service, nil)
		_, err := c.getUser(ctx, clienttest.AdeleUPN)
		wantContextError(t, err, context.DeadlineExceeded)
	})
	t.Run("before anything is sent", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, clienttest.AdeleJSON) })
		c, _, _ := newTestClient(t, service, nil)
		_, err := c.getUser(ctx, clienttest.AdeleUPN)
		wantContextError(t, err, context.Canceled)
		if n := len(service.All()); n != 0 {
			t.Errorf("%d requests, want none", n)
		}
	})
}

func wantContextError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || !strings.HasPrefix(err.Error(), `unable to read user "adele@contoso.example": `) {
		t.Errorf("error %v, want the operation and %v", err, want)
	}
	var connection *transport.ConnectionError
	if errors.As(err, &connection) {
		t.Errorf("the end of the context is reported as a failed connection: %v", err)
	}
}

func TestAnAnswerThatIsNotTheObjectIsAnError(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, contentType, body, says string }{
		{"HTML under HTTP 200", "text/html", "<html>Sign in to the network</html>", "the answer is text/html and not Microsoft Graph's JSON"},
		{"nothing under HTTP 200", "application/json", "", "the answer is empty"},
		{"JSON cut short", "application/json", `{"id":"x"`, "the answer cannot be read"},
		{"another type of JSON", "application/json", `[]`, "the answer cannot be read"},
		{"a member of another type", "application/json", `{"id":1}`, "the answer cannot be read"},
		{"more than the object", "application/json", clienttest.AdeleJSON + "<html>", "the answer cannot be read"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header().Set("Content-Type", tc.contentType)
				_, _ = w.Write([]byte(tc.body))
			})
			c, _, _ := newTestClient(t, service, nil)
			found, err := c.getUser(t.Context(), clienttest.AdeleUPN)
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Status != 200 || refusal.FromGraph || !strings.Contains(refusal.Message, tc.says) {
				t.Errorf("got %+v and error %v", found, err)
			}
			if refusal != nil && refusal.Operation != `read user "adele@contoso.example"` {
				t.Errorf("operation %q", refusal.Operation)
			}
			if found != (user{}) {
				t.Errorf("a user came with the error: %+v", found)
			}
		})
	}
}

func TestAQueryIsEscapedAsGraphReadsIt(t *testing.T) {
	t.Parallel()
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { clienttest.Reply(w, 200, `{}`) })
	c, _, _ := newTestClient(t, service, nil)
	err := c.Send(t.Context(), Call{Operation: "x", Method: http.MethodGet, Version: V1, Path: "/y", Query: url.Values{"$filter": {"a eq 'b+c d'"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := service.All()[0].Target, "/v1.0/y?%24filter=a%20eq%20%27b%2Bc%20d%27"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAClaimsChallengeIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	// {"access_token":{"nbf":{"essential":true,"value":"1"}}}
	const encoded = "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxIn19fQ=="
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	challenge := func(w http.ResponseWriter) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.example/authorize", error="insufficient_claims", claims="`+encoded+`"`)
		clienttest.GraphError(w, 401, "InvalidAuthenticationToken")
	}
	t.Run("and the request repeated", func(t *testing.T) {
		t.Parallel()
		service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
			if n == 0 {
				challenge(w)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		})
		c, credential, _ := newTestClient(t, service, nil)
		if err := c.putState(t.Context(), adele, mfa.Enabled); err != nil {
			t.Fatal(err)
		}
		asked, requests := credential.Requests(), service.All()
		if len(asked) != 2 || asked[0].Claims != "" || asked[1].Claims != claims || !asked[1].EnableCAE {
			t.Errorf("token requests %+v", asked)
		}
		if len(requests) != 2 || requests[0].Header.Get("Authorization") != "Bearer secret-token-1" || requests[1].Header.Get("Authorization") != "Bearer secret-token-2" {
			t.Fatalf("requests %+v", requests)
		}
		if requests[1].Body != `{"perUserMfaState":"enabled"}` {
			t.Errorf("the repetition has the body %q", requests[1].Body)
		}
	})
	t.Run("and not for ever", func(t *testing.T) {
		t.Parallel()
		service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, _ int) { challenge(w) })
		c, _, _ := newTestClient(t, service, nil)
		_, err := c.getUser(t.Context(), clienttest.AdeleUPN)
		var refusal *Error
		if !errors.As(err, &refusal) || refusal.Status != 401 {
			t.Errorf("error %v, want a 401", err)
		}
		if n := len(service.All()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	})
}
