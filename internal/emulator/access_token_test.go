package emulator

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// The token endpoint issues no token for another audience, nor one that begins in the future, so these are made here.
func TestTokensForAnotherAudienceOrTimeAreRefused(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	s, err := Start(Config{Tenant: SampleTenant(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	app := &control.App{ClientID: SampleAppID, Permissions: []string{"User.Read.All"}}
	authenticate := func(audience string, at time.Time) error {
		t.Helper()
		issued := now
		now = at
		token, _, err := s.issueAccessToken(app, audience, clientAuthentication{})
		now = issued
		if err != nil {
			t.Fatal(err)
		}
		return s.authenticate(&graphRequest{origin: s.url, header: http.Header{"Authorization": {"Bearer " + token}}})
	}
	tests := []struct {
		name, audience string
		at             time.Time
		message        string
	}{
		{"this server", s.url, now, ""},
		{"this server by another name", strings.Replace(s.url, "127.0.0.1", "LOCALHOST", 1), now, ""},
		{"Graph by its name in the cloud", "https://graph.microsoft.com", now, ""},
		{"Graph by its client id", graphAppID, now, ""},
		{"Graph of another cloud", "https://graph.microsoft.us", now, "Access token validation failure. Invalid audience."},
		{"the name of another host", "https://graph.microsoft.com.example", now, "Access token validation failure. Invalid audience."},
		{"this server without TLS", strings.Replace(s.url, "https", "http", 1), now, "Access token validation failure. Invalid audience."},
		{"tomorrow", s.url, now.Add(24 * time.Hour), "Lifetime validation failed, the token is not yet valid."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := authenticate(test.audience, test.at)
			var refusal *graphError
			switch {
			case test.message == "" && err != nil:
				t.Error(err)
			case test.message != "" && (!errors.As(err, &refusal) || refusal.status != 401 || refusal.message != test.message):
				t.Errorf("got %v", err)
			}
		})
	}
}

// Signatures are verified once; everything else about a token, each time.
func TestATokenThatWasAcceptedExpires(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	s, err := Start(Config{Tenant: SampleTenant(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	token, lifetime, err := s.issueAccessToken(&control.App{ClientID: SampleAppID}, s.url, clientAuthentication{})
	if err != nil {
		t.Fatal(err)
	}
	authenticate := func(token string) error {
		return s.authenticate(&graphRequest{origin: s.url, header: http.Header{"Authorization": {"Bearer " + token}}})
	}
	for range 2 {
		if err := authenticate(token); err != nil {
			t.Fatal(err)
		}
	}
	if err := authenticate(token[:len(token)-4] + "AAAA"); err == nil {
		t.Error("another signature is accepted")
	}
	now = now.Add(lifetime)
	if err := authenticate(token); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("after its time: %v", err)
	}
}
