package graph

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
)

func TestEachTryIsLoggedByWhatFindsItAgain(t *testing.T) {
	t.Parallel()
	captured := &clienttest.CapturedLog{}
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		switch n {
		// On a connection that was in use before, net/http would repeat the request by itself and unseen.
		case 0:
			clienttest.HangUp(w, "")
		case 1:
			w.Header().Set("Retry-After", "0.01")
			clienttest.GraphError(w, 429, "TooManyRequests")
		default:
			clienttest.Reply(w, 200, clienttest.AdeleJSON)
		}
	})
	c, _, _ := newTestClient(t, service, func(o *Options) { o.Logger = slog.New(captured) })
	if _, err := c.getUser(t.Context(), clienttest.AdeleUPN); err != nil {
		t.Fatal(err)
	}
	records := captured.All()
	if len(records) != 3 {
		t.Fatalf("%d records for 3 tries: %v", len(records), records)
	}
	id := service.All()[0].Header.Get("client-request-id")
	for n, record := range records {
		for field, want := range map[string]string{
			"method": "GET", "path": "/v1.0/users/" + clienttest.AdeleUPN, "host": strings.TrimPrefix(service.URL, "https://"), "client_request_id": id, "duration_ms": "0",
		} {
			if record[field] != want {
				t.Errorf("record %d: %s is %q, want %q", n, field, record[field], want)
			}
		}
	}
	for n, want := range []map[string]string{
		{"level": "WARN", "message": "Microsoft Graph gave no answer", "error": "EOF"},
		{"level": "INFO", "message": "Microsoft Graph throttles", "status": "429", "retry_after": "0.01", "request_id": "server-request-id"},
		{"level": "DEBUG", "message": "Microsoft Graph answered", "status": "200", "request_id": "server-request-id"},
	} {
		for field, value := range want {
			if got := records[n][field]; got != value {
				t.Errorf("record %d: %s is %q, want %q", n, field, got, value)
			}
		}
	}
}

func TestTheLogHoldsNoTokenNoQueryAndNoBody(t *testing.T) {
	t.Parallel()
	captured := &clienttest.CapturedLog{}
	service := clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, n int) {
		w.Header().Set("X-Other-Header", "response-header-value")
		switch {
		case n < 2:
			clienttest.HangUp(w, "")
		case n == 2:
			clienttest.Reply(w, 200, fmt.Sprintf(`{"value":[{"id":"body-of-the-answer"}],"@odata.nextLink":"https://%s%s"}`, r.Host, clienttest.NextPage+"-query-of-the-link"))
		case n == 3:
			clienttest.Reply(w, 200, `{"value":[]}`)
		default:
			clienttest.GraphError(w, 400, "code-in-the-body")
		}
	})
	c, _, _ := newTestClient(t, service, func(o *Options) { o.Logger = slog.New(captured) })
	if _, err := c.listMembers(t.Context(), "group-id"); err != nil {
		t.Fatal(err)
	}
	if err := c.putState(t.Context(), adele, "body-of-the-request"); err == nil {
		t.Fatal("the refusal is not an error")
	}

	text := fmt.Sprint(captured.All())
	wire := fmt.Sprint(service.All())
	for _, secret := range []string{"secret-token-1", "Authorization", "select", "skiptoken", "query-of-the-link", "body-of-the-request"} {
		if !strings.Contains(wire, secret) {
			t.Errorf("%q was not sent at all, so that its absence from the log means nothing", secret)
		}
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q: %s", secret, text)
		}
	}
	for _, answered := range []string{"body-of-the-answer", "code-in-the-body", "response-header-value", clienttest.AdeleUPN} {
		if strings.Contains(text, answered) {
			t.Errorf("the log holds %q: %s", answered, text)
		}
	}
	if n := len(captured.All()); n != 5 || !strings.Contains(text, "/v1.0/groups/group-id/transitiveMembers") || !strings.Contains(text, "PATCH") {
		t.Errorf("%d records: %s", n, text)
	}
}

func TestARetryAfterThatIsADateGoesByTheClockOfTheServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead, after    time.Duration
		atLeast, atMost time.Duration
	}{
		"clocks agree":            {0, time.Second, 900 * time.Millisecond, time.Minute},
		"the server's is ahead":   {time.Hour, time.Second, 900 * time.Millisecond, time.Minute},
		"the server's is behind":  {-time.Hour, time.Second, 900 * time.Millisecond, time.Minute},
		"a date that has passed":  {time.Hour, -time.Second, 0, time.Minute},
		"at once, by both clocks": {0, 0, 0, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
				if n > 0 {
					clienttest.Reply(w, 200, clienttest.AdeleJSON)
					return
				}
				there := time.Now().Add(c.ahead).UTC()
				w.Header().Set("Date", there.Format(http.TimeFormat))
				w.Header().Set("Retry-After", there.Add(c.after).Format(http.TimeFormat))
				clienttest.GraphError(w, 429, "TooManyRequests")
			})
			client, _, _ := newTestClient(t, service, nil)
			began := time.Now()
			if _, err := client.getUser(t.Context(), clienttest.AdeleUPN); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took < c.atLeast || took > c.atMost {
				t.Errorf("repeated after %s, want %s to %s", took, c.atLeast, c.atMost)
			}
			if n := len(service.All()); n != 2 {
				t.Errorf("%d requests, want 2", n)
			}
		})
	}
}

func TestARetryAfterOfMinutesHoldsTheRequestsThatFollow(t *testing.T) {
	t.Parallel()
	const ahead = time.Hour
	for name, after := range map[string]func(there time.Time) string{
		"seconds":   func(time.Time) string { return "90" },
		"fractions": func(time.Time) string { return "90.0" },
		"date":      func(there time.Time) string { return there.Add(90 * time.Second).Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := clienttest.NewRecorder(t, func(w http.ResponseWriter, _ *http.Request, n int) {
				if n > 0 {
					clienttest.Reply(w, 200, clienttest.AdeleJSON)
					return
				}
				there := time.Now().Add(ahead).UTC()
				w.Header().Set("Date", there.Format(http.TimeFormat))
				w.Header().Set("Retry-After", after(there))
				clienttest.GraphError(w, 429, "TooManyRequests")
			})
			// The request itself is not repeated, because these bounds of repetition are two seconds.
			client, _, clock := newTestClient(t, service, nil)
			if _, err := client.getUser(t.Context(), clienttest.AdeleUPN); !IsThrottled(err) {
				t.Fatalf("error %v, want a 429", err)
			}
			if _, err := client.getUser(t.Context(), clienttest.AdeleUPN); err != nil {
				t.Fatal(err)
			}
			if _, waited := clock.Waited(); waited != 90*time.Second {
				t.Errorf("the next request waits %s, want 90s", waited)
			}
		})
	}
}
