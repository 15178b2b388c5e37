package provider_test

import (
	"context"
	"encoding/pem"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// timeOf is a tenant whose clock a test moves away from this machine's.
type timeOf struct {
	*identities
	ahead atomic.Int64
}

func (c *timeOf) advance(by time.Duration) { c.ahead.Add(int64(by)) }

func newTimeOf(t *testing.T) *timeOf {
	t.Helper()
	c := &timeOf{}
	now := func() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }
	c.identities = &identities{tenant: startEmulator(t, testTenant(), now), dir: t.TempDir()}
	return c
}

// statuses are those of the requests to Graph and of those for a token since the log was cleared.
func (tn *tenant) statuses() (graph, tokens []int) {
	tn.t.Helper()
	ctx := context.Background()
	requests, err := tn.Requests(ctx)
	if err != nil {
		tn.t.Fatal(err)
	}
	for _, request := range requests {
		if !request.BatchItem {
			graph = append(graph, request.Status)
		}
	}
	logins, err := tn.LoginRequests(ctx)
	if err != nil {
		tn.t.Fatal(err)
	}
	for _, login := range logins {
		if strings.HasSuffix(login.Path, "/token") {
			tokens = append(tokens, login.Status)
		}
	}
	return graph, tokens
}

func TestATokenThatEndsInTheMiddleOfARunIsReplaced(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*timeOf) control.Behavior{
		// Its end has come by the clock of Graph, and not yet by that of this machine.
		"expired": func(c *timeOf) control.Behavior {
			c.advance(10 * time.Minute)
			return control.Behavior{TokenLifetimeSeconds: 240}
		},
		"revoked (continuous access evaluation)": func(*timeOf) control.Behavior {
			return control.Behavior{TokenLifetimeSeconds: 240, ClaimsChallenge: true}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTimeOf(t)
			ctx := context.Background()
			if err := c.SetBehavior(ctx, control.Behavior{TokenLifetimeSeconds: 240}); err != nil {
				t.Fatal(err)
			}
			s := c.session(t, nil)
			noErrors(t, readUser(t, s.server))
			if err := c.ClearRequests(ctx); err != nil {
				t.Fatal(err)
			}
			noErrors(t, readUser(t, s.server))
			if graph, tokens := c.statuses(); slices.Contains(graph, 401) || len(tokens) != 0 {
				t.Fatalf("before anything happened Graph answered %v, and the token requests got %v", graph, tokens)
			}

			if err := c.SetBehavior(ctx, change(c)); err != nil {
				t.Fatal(err)
			}
			if err := c.ClearRequests(ctx); err != nil {
				t.Fatal(err)
			}
			noErrors(t, readUser(t, s.server))
			noErrors(t, readUser(t, s.server))
			graph, tokens := c.statuses()
			if refused := count(graph, 401); refused == 0 || refused == len(graph) || graph[len(graph)-1] != 200 {
				t.Errorf("Graph answered %v", graph)
			}
			if len(tokens) != 1 || tokens[0] != 200 {
				t.Errorf("the token requests got %v, want one token", tokens)
			}
		})
	}
}

func count(all []int, one int) (n int) {
	for _, number := range all {
		if number == one {
			n++
		}
	}
	return n
}

func TestATokenThatIsNeverAcceptedEndsTheRun(t *testing.T) {
	t.Parallel()
	c := newTimeOf(t)
	s := c.session(t, nil)
	// Graph's clock runs away from that of the sign-in service, as none does: each new token has ended, too.
	ctx := context.Background()
	if err := c.ClearRequests(ctx); err != nil {
		t.Fatal(err)
	}
	c.advance(2 * time.Hour)
	said := allOf(readUser(t, s.server))
	// The token that azidentity keeps for another hour is offered again, once.
	if !says("HTTP 401 InvalidAuthenticationToken", "The access token was not accepted", "this machine's clock is right").MatchString(said) {
		t.Errorf("the diagnostics say: %s", said)
	}
	if graph, _ := c.statuses(); count(graph, 401) > 4 {
		t.Errorf("Graph was asked %d times", len(graph))
	}
}

func TestTheClocksOfThisMachineAndOfEntraMayDiffer(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]struct {
		by          time.Duration
		certificate bool
	}{
		"a little ahead":  {3 * time.Minute, true},
		"a little behind": {-3 * time.Minute, true},
		"far ahead":       {20 * time.Minute, false},
		"far behind":      {-20 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTimeOf(t)
			c.advance(skew.by)
			_, certificate, text := selfSigned(t)
			registered := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
			if _, err := c.PatchApp(context.Background(), appID, control.AppPatch{Certificates: &[]control.Certificate{{PEM: registered}}}); err != nil {
				t.Fatal(err)
			}
			sign := func(more map[string]any) string {
				t.Helper()
				attributes := map[string]any{"tenant_id": tenantID, "client_id": appID}
				maps.Copy(attributes, more)
				server := c.server(t, c.where())
				_, diagnostics := configure(t, server, attributes)
				if len(diagnostics) > 0 {
					return allOf(diagnostics)
				}
				return allOf(readUser(t, server))
			}
			// A secret has no time in it, and the end of a token is told as a duration.
			if said := sign(map[string]any{"client_secret": appSecret}); said != "" {
				t.Errorf("by a secret: %s", said)
			}
			said := sign(map[string]any{"client_certificate": text})
			if skew.certificate && said != "" {
				t.Errorf("by a certificate: %s", said)
			}
			if !skew.certificate && !says("the assertion is not valid now", "AADSTS700024", "this machine's clock is wrong. Check the clock").MatchString(said) {
				t.Errorf("by a certificate: %s", said)
			}
		})
	}
}

func TestAUserWhoseTokenIsRevokedIsToldToSignInAgain(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	w := tn.workspace(t, map[string]string{"main.tf": block() + reads})
	script, _ := tn.azGives(t, os.DevNull, everyScope...)
	w.env = append(w.env, "ARM_TENANT_ID="+tenantID, "PATH="+az(t, script))
	w.expect(0, "plan", "-input=false")
	if err := tn.SetBehavior(context.Background(), control.Behavior{ClaimsChallenge: true}); err != nil {
		t.Fatal(err)
	}
	w.sees(w.expect(1, "plan", "-input=false"), "Unable to sign in to Microsoft Entra ID: the Azure CLI has to sign in again",
		"continuous access evaluation", "Run `az login --tenant "+tenantID+" --claims-challenge")
}
