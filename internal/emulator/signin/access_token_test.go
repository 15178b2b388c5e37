package signin

import (
	"strings"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const appID = "b2c0d6a4-5f0e-4a57-8a3c-5e1d9f7b2c01"

// authority is the authority of a tenant with one app.
type authority struct{ *Service }

func newAuthority(t *testing.T, now func() time.Time) authority {
	t.Helper()
	data := store.New(now)
	data.Update(func(tx *store.Tx) {
		tx.Replace(&control.Tenant{TenantID: "6a1f4a6e-2c51-4f0b-9f0e-0d7b6f5c1a01", Apps: []control.App{{ClientID: appID}}})
	})
	host := wire.NewHost("https://127.0.0.1:8443", "8443", []string{"127.0.0.1", "localhost"})
	s, err := New(Config{Store: data, Host: host, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return authority{s}
}

func (a authority) issue(app *control.App, audience string) (token string, lifetime time.Duration, err error) {
	a.store.View(func(tx *store.Tx) {
		token, lifetime, err = a.issueAccessToken(tx, app, audience, clientAuthentication{})
	})
	return token, lifetime, err
}

func verifyToken(a authority, token string) *Unauthorized {
	_, refused := a.Verify("Bearer "+token, a.host.URL)
	return refused
}

// The token endpoint issues no token for another audience, nor one that begins in the future, so these are made here.
func TestTokensForAnotherAudienceOrTimeAreRefused(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	s := newAuthority(t, func() time.Time { return now })
	app := &control.App{ClientID: appID, Permissions: []string{"User.Read.All"}}
	authenticate := func(audience string, at time.Time) *Unauthorized {
		t.Helper()
		issued := now
		now = at
		token, _, err := s.issue(app, audience)
		now = issued
		if err != nil {
			t.Fatal(err)
		}
		return verifyToken(s, token)
	}
	tests := []struct {
		name, audience string
		at             time.Time
		message        string
	}{
		{"this server", s.host.URL, now, ""},
		{"this server by another name", strings.Replace(s.host.URL, "127.0.0.1", "LOCALHOST", 1), now, ""},
		{"Graph by its name in the cloud", "https://graph.microsoft.com", now, ""},
		{"Graph by its client id", graphAppID, now, ""},
		{"Graph of another cloud", "https://graph.microsoft.us", now, "Access token validation failure. Invalid audience."},
		{"the name of another host", "https://graph.microsoft.com.example", now, "Access token validation failure. Invalid audience."},
		{"this server without TLS", strings.Replace(s.host.URL, "https", "http", 1), now, "Access token validation failure. Invalid audience."},
		{"tomorrow", s.host.URL, now.Add(24 * time.Hour), "Lifetime validation failed, the token is not yet valid."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			refused := authenticate(test.audience, test.at)
			switch {
			case test.message == "" && refused != nil:
				t.Error(refused.Message)
			case test.message != "" && (refused == nil || refused.Message != test.message):
				t.Errorf("got %+v", refused)
			}
		})
	}
}

// Signatures are verified once; everything else about a token, each time.
func TestATokenThatWasAcceptedExpires(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	s := newAuthority(t, func() time.Time { return now })
	token, lifetime, err := s.issue(&control.App{ClientID: appID}, s.host.URL)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if refused := verifyToken(s, token); refused != nil {
			t.Fatal(refused.Message)
		}
	}
	if verifyToken(s, token[:len(token)-4]+"AAAA") == nil {
		t.Error("another signature is accepted")
	}
	now = now.Add(lifetime)
	if refused := verifyToken(s, token); refused == nil || !strings.Contains(refused.Message, "expired") {
		t.Errorf("after its time: %+v", refused)
	}
}
