package provider_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// The people and apps of the test tenant.
const (
	tenantID = "6f1f5a3c-52f7-4f0e-9a53-0d1f2b7c9a10"

	appID       = "11111111-aaaa-4aaa-8aaa-000000000001"
	appSecret   = "sekret-of-the-full-app"
	planAppID   = "11111111-aaaa-4aaa-8aaa-000000000002"
	planSecret  = "sekret-of-the-plan-app"
	oldAppID    = "11111111-aaaa-4aaa-8aaa-000000000003"
	oldSecret   = "sekret-that-has-expired"
	blindAppID  = "11111111-aaaa-4aaa-8aaa-000000000004"
	blindSecret = "sekret-of-the-app-that-sees-no-methods"

	// Disabled, nothing registered.
	adeleID  = "22222222-bbbb-4bbb-8bbb-000000000001"
	adeleUPN = "adele.vance@contoso.example"
	// Disabled, Authenticator registered.
	alexID  = "22222222-bbbb-4bbb-8bbb-000000000002"
	alexUPN = "alex.wilber@contoso.example"
	// Enabled, nothing registered.
	meganID  = "22222222-bbbb-4bbb-8bbb-000000000003"
	meganUPN = "megan.bowen@contoso.example"
	// Enforced, phone registered.
	diegoID  = "22222222-bbbb-4bbb-8bbb-000000000004"
	diegoUPN = "diego.siciliani@contoso.example"
	// Names that need care in an address.
	guestID    = "22222222-bbbb-4bbb-8bbb-000000000005"
	guestUPN   = "pat_fabrikam.example#EXT#@contoso.example"
	dollarID   = "22222222-bbbb-4bbb-8bbb-000000000006"
	dollarUPN  = "$ervice@contoso.example"
	obrienID   = "22222222-bbbb-4bbb-8bbb-000000000007"
	obrienUPN  = "miriam.o'brien@contoso.example"
	rescueID   = "22222222-bbbb-4bbb-8bbb-000000000008"
	rescueUPN  = "emergency1@contoso.example"
	rescue2ID  = "22222222-bbbb-4bbb-8bbb-000000000009"
	rescue2UPN = "emergency2@contoso.example"

	// Holds emergency2 by way of a nested group.
	rescueGroupID = "33333333-cccc-4ccc-8ccc-000000000001"
	emptyGroupID  = "33333333-cccc-4ccc-8ccc-000000000003"
	nobodyID      = "44444444-dddd-4ddd-8ddd-000000000001"
)

func testTenant() *control.Tenant {
	yesterday := time.Now().Add(-24 * time.Hour)
	return &control.Tenant{
		TenantID: tenantID, DisplayName: "Contoso", DefaultDomain: "contoso.example",
		Apps: []control.App{
			{ClientID: appID, DisplayName: "terraform", Secrets: []control.Secret{{Value: appSecret}}, Permissions: []string{
				"User.Read.All", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod", "UserAuthenticationMethod.Read.All", "GroupMember.Read.All",
			}},
			{ClientID: planAppID, DisplayName: "plan", Secrets: []control.Secret{{Value: planSecret}}, Permissions: []string{
				"User.Read.All", "Policy.Read.All", "UserAuthenticationMethod.Read.All", "GroupMember.Read.All",
			}},
			{ClientID: oldAppID, DisplayName: "old", Secrets: []control.Secret{{Value: oldSecret, Expires: &yesterday}}},
			{ClientID: blindAppID, DisplayName: "blind", Secrets: []control.Secret{{Value: blindSecret}}, Permissions: []string{
				"User.Read.All", "Policy.ReadWrite.AuthenticationMethod",
			}},
		},
		Users: []control.User{
			{ID: adeleID, UserPrincipalName: adeleUPN, DisplayName: "Adele Vance"},
			{ID: alexID, UserPrincipalName: alexUPN, DisplayName: "Alex Wilber", Methods: []control.Method{{Type: control.MethodMicrosoftAuthenticator}}},
			{ID: meganID, UserPrincipalName: meganUPN, DisplayName: "Megan Bowen", PerUserMFAState: control.StateEnabled},
			{
				ID: diegoID, UserPrincipalName: diegoUPN, DisplayName: "Diego Siciliani", PerUserMFAState: control.StateEnforced,
				Methods: []control.Method{{Type: control.MethodPhone, PhoneNumber: "+1 2025550143", PhoneType: "mobile"}},
			},
			{ID: guestID, UserPrincipalName: guestUPN, DisplayName: "Pat (guest)", UserType: "Guest"},
			{ID: dollarID, UserPrincipalName: dollarUPN, DisplayName: "Service"},
			{ID: obrienID, UserPrincipalName: obrienUPN, DisplayName: "Miriam O'Brien"},
			{ID: rescueID, UserPrincipalName: rescueUPN, DisplayName: "Emergency 1"},
			{ID: rescue2ID, UserPrincipalName: rescue2UPN, DisplayName: "Emergency 2"},
		},
		Groups: []control.Group{
			{ID: rescueGroupID, DisplayName: "Emergency access", Members: []string{"33333333-cccc-4ccc-8ccc-000000000002"}},
			{ID: "33333333-cccc-4ccc-8ccc-000000000002", DisplayName: "Emergency access, nested", Members: []string{rescue2ID}},
			{ID: emptyGroupID, DisplayName: "Nobody"},
		},
	}
}

// tenant is an emulated tenant and what a test needs to use it. Provider and test reach it over HTTPS only.
type tenant struct {
	*control.Client
	t       *testing.T
	url     string
	caFile  string
	factory map[string]func() (tfprotov6.ProviderServer, error)
}

// quick are bounds by which a test does not wait long for what will not come.
func quick() client.Options {
	return client.Options{
		Rates: map[client.RateClass]client.Rate{},
		Retry: policy.RetryOptions{MaxRetries: 2, RetryDelay: time.Millisecond, MaxRetryDelay: 2 * time.Second},
		Consistency: client.Consistency{
			Interval: 5 * time.Millisecond, MaxInterval: 20 * time.Millisecond, Timeout: 5 * time.Second,
			NewObject: 2 * time.Second, Missing: 20 * time.Millisecond, Drift: 20 * time.Millisecond,
		},
	}
}

func newTenant(t *testing.T) *tenant { return newTenantWith(t, quick()) }

func newTenantWith(t *testing.T, options client.Options) *tenant {
	t.Helper()
	return startTenant(t, testTenant(), options)
}

// startTenant serves a tenant until the test ends.
func startTenant(t *testing.T, people *control.Tenant, options client.Options) *tenant {
	t.Helper()
	tn := startEmulator(t, people, nil)
	tn.factory = factoryOf(options)
	return tn
}

// startEmulator serves a tenant, whose clock may be another one than the machine's, to providers that are not of this process.
func startEmulator(t *testing.T, people *control.Tenant, now func() time.Time) *tenant {
	t.Helper()
	server, err := emulator.Start(emulator.Config{Tenant: people, Logger: slog.New(slog.DiscardHandler), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Close(ctx)
	})
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, server.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	remote, err := control.NewWithCA(server.URL(), server.CAPEM())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remote.CloseIdleConnections)
	return &tenant{Client: remote, t: t, url: server.URL(), caFile: caFile}
}

// factoryOf serves the provider in this process, without the environment of whoever runs the tests.
func factoryOf(options client.Options) map[string]func() (tfprotov6.ProviderServer, error) {
	constructor := newServer("test", server.WithClientOptions(options),
		server.WithEnvironment(func(string) (string, bool) { return "", false }))
	return map[string]func() (tfprotov6.ProviderServer, error){
		"entramfa": func() (tfprotov6.ProviderServer, error) { return constructor(), nil },
	}
}

// provider is a provider block; extra lines add to or follow the usual ones.
func (tn *tenant) provider(extra ...string) string {
	return tn.providerAs(appID, appSecret, extra...)
}

func (tn *tenant) providerAs(clientID, secret string, extra ...string) string {
	return fmt.Sprintf(`
provider "entramfa" {
  tenant_id      = %q
  client_id      = %q
  client_secret  = %q
  graph_endpoint = %q
  authority_host = %q
  ca_bundle_path = %q
  use_cli        = false
%s
}
`, tenantID, clientID, secret, tn.url, tn.url, tn.caFile, strings.Join(extra, "\n"))
}

// run is resource.UnitTest with this tenant's provider.
func (tn *tenant) run(steps ...resource.TestStep) {
	tn.t.Helper()
	resource.UnitTest(tn.t, resource.TestCase{ProtoV6ProviderFactories: tn.factory, Steps: steps})
}

// do makes a step's PreConfig of a change behind Terraform's back.
func (tn *tenant) do(change func(ctx context.Context) error) func() {
	return func() {
		tn.t.Helper()
		if err := change(context.Background()); err != nil {
			tn.t.Fatalf("the change behind Terraform's back failed: %v", err)
		}
	}
}

func (tn *tenant) setState(user, state string) func() {
	return tn.do(func(ctx context.Context) error {
		_, err := tn.SetPerUserMFAState(ctx, user, state)
		return err
	})
}

func (tn *tenant) register(user, method string) func() {
	return tn.do(func(ctx context.Context) error {
		_, err := tn.RegisterMethod(ctx, user, control.Method{Type: method})
		return err
	})
}

func (tn *tenant) fault(fault control.Fault) func() {
	return tn.do(func(ctx context.Context) error {
		_, err := tn.AddFault(ctx, fault)
		return err
	})
}

func (tn *tenant) heal() func() { return tn.do(tn.ClearFaults) }

// hasState checks the state that the tenant really has.
func (tn *tenant) hasState(user, want string) resource.TestCheckFunc {
	return func(*terraform.State) error { return tn.stateIs(user, want) }
}

func (tn *tenant) stateIs(user, want string) error {
	found, err := tn.GetUser(context.Background(), user)
	if err != nil {
		return err
	}
	have := found.PerUserMFAState
	if have == "" {
		have = control.StateDisabled
	}
	if have != want {
		return fmt.Errorf("the tenant has %s at %q, want %q", user, have, want)
	}
	return nil
}

// writes counts the requests since the log was cleared that were to change a per-user state.
func (tn *tenant) writes() int {
	tn.t.Helper()
	requests, err := tn.Requests(context.Background())
	if err != nil {
		tn.t.Fatal(err)
	}
	count := 0
	for _, request := range requests {
		if request.Method == http.MethodPatch && strings.HasSuffix(request.Path, "/authentication/requirements") {
			count++
		}
	}
	return count
}

// wrote checks how many writes there were since the log was cleared, and clears it.
func (tn *tenant) wrote(want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if have := tn.writes(); have != want {
			return fmt.Errorf("%d writes of a per-user state were sent, want %d", have, want)
		}
		return tn.ClearRequests(context.Background())
	}
}

// says makes a pattern of a text that a diagnostic must contain, however the CLI has wrapped its lines.
func says(texts ...string) *regexp.Regexp {
	parts := make([]string, len(texts))
	for i, text := range texts {
		words := strings.Fields(text)
		for j, word := range words {
			words[j] = regexp.QuoteMeta(word)
		}
		parts[i] = strings.Join(words, `[\s│|╷╵]+`)
	}
	return regexp.MustCompile(`(?s)` + strings.Join(parts, `.*`))
}
