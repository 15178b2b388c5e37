package server_test

import (
	"context"
	"encoding/pem"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// timeOf is a tenant whose clock a test moves away from this machine's.
type timeOf struct {
	*acctest.Identities
	ahead atomic.Int64
}

func (c *timeOf) advance(by time.Duration) { c.ahead.Add(int64(by)) }

func newTimeOf(t *testing.T) *timeOf {
	t.Helper()
	c := &timeOf{}
	now := func() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }
	c.Identities = &acctest.Identities{Tenant: acctest.StartEmulator(t, acctest.Contoso(), now), Dir: t.TempDir()}
	return c
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
			s := c.Session(t, nil)
			acctest.NoErrors(t, readUser(t, s.Server))
			if err := c.ClearRequests(ctx); err != nil {
				t.Fatal(err)
			}
			acctest.NoErrors(t, readUser(t, s.Server))
			if graph, tokens := c.Statuses(); slices.Contains(graph, 401) || len(tokens) != 0 {
				t.Fatalf("before anything happened Graph answered %v, and the token requests got %v", graph, tokens)
			}

			if err := c.SetBehavior(ctx, change(c)); err != nil {
				t.Fatal(err)
			}
			if err := c.ClearRequests(ctx); err != nil {
				t.Fatal(err)
			}
			acctest.NoErrors(t, readUser(t, s.Server))
			acctest.NoErrors(t, readUser(t, s.Server))
			graph, tokens := c.Statuses()
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
	s := c.Session(t, nil)
	// Graph's clock runs away from that of the sign-in service, as none does: each new token has ended, too.
	ctx := context.Background()
	if err := c.ClearRequests(ctx); err != nil {
		t.Fatal(err)
	}
	c.advance(2 * time.Hour)
	said := acctest.AllOf(readUser(t, s.Server))
	// The token that azidentity keeps for another hour is offered again, once.
	if !acctest.Says("HTTP 401 InvalidAuthenticationToken", "The access token was not accepted", "this machine's clock is right").MatchString(said) {
		t.Errorf("the diagnostics say: %s", said)
	}
	if graph, _ := c.Statuses(); count(graph, 401) > 4 {
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
			_, certificate, text := acctest.SelfSigned(t)
			registered := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
			if _, err := c.PatchApp(context.Background(), acctest.AppID, control.AppPatch{Certificates: &[]control.Certificate{{PEM: registered}}}); err != nil {
				t.Fatal(err)
			}
			sign := func(more map[string]any) string {
				t.Helper()
				attributes := map[string]any{"tenant_id": acctest.TenantID, "client_id": acctest.AppID}
				maps.Copy(attributes, more)
				server := c.Server(t, c.Where())
				_, diagnostics := acctest.Configure(t, server, attributes)
				if len(diagnostics) > 0 {
					return acctest.AllOf(diagnostics)
				}
				return acctest.AllOf(readUser(t, server))
			}
			// A secret has no time in it, and the end of a token is told as a duration.
			if said := sign(map[string]any{"client_secret": acctest.AppSecret}); said != "" {
				t.Errorf("by a secret: %s", said)
			}
			said := sign(map[string]any{"client_certificate": text})
			if skew.certificate && said != "" {
				t.Errorf("by a certificate: %s", said)
			}
			if !skew.certificate && !acctest.Says("the assertion is not valid now", "AADSTS700024", "this machine's clock is wrong. Check the clock").MatchString(said) {
				t.Errorf("by a certificate: %s", said)
			}
		})
	}
}

func TestAUserWhoseTokenIsRevokedIsToldToSignInAgainThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + reads})
	script, _ := tn.AzGives(t, os.DevNull, everyScope...)
	w.Env = append(w.Env, "ARM_TENANT_ID="+acctest.TenantID, "PATH="+acctest.AzScript(t, script))
	w.Expect(0, "plan", "-input=false")
	if err := tn.SetBehavior(context.Background(), control.Behavior{ClaimsChallenge: true}); err != nil {
		t.Fatal(err)
	}
	w.Sees(w.Expect(1, "plan", "-input=false"), "Unable to sign in to Microsoft Entra ID: the Azure CLI has to sign in again",
		"continuous access evaluation", "Run `az login --tenant "+acctest.TenantID+" --claims-challenge")
}
