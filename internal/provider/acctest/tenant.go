// Package acctest is what the tests of the provider share: an emulated tenant with its people, a driver of the protocol that plays Terraform, and
// a driver of a real CLI. It knows no area: the TestMain of a package says which provider its tests are about (Run).
package acctest

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
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// WritesNothing fails the test if something is written meanwhile. That the writes are counted shows the first apply of the tests that use it.
func (tn *Tenant) WritesNothing(t *testing.T, do func()) {
	t.Helper()
	before := tn.Writes()
	if before == 0 {
		t.Fatal("no write has been counted before")
	}
	do()
	if after := tn.Writes(); after != before {
		t.Errorf("%d states were written", after-before)
	}
}

// Holds fails the test unless the state has so many addresses, this one among them.
func (w *Workspace) Holds(count int, address string) {
	w.T.Helper()
	list := w.Expect(0, "state", "list")
	if strings.Count(list, "\n") != count || !strings.Contains(list, address+"\n") {
		w.T.Errorf("the state has\n%s", list)
	}
}

// Called gives a user another name to sign in with.
func (tn *Tenant) Called(user, upn string) func() {
	return tn.Do(func(ctx context.Context) error {
		_, err := tn.PatchUser(ctx, user, control.UserPatch{UserPrincipalName: &upn})
		return err
	})
}

// CampaignAfter is the campaign that comes of two changes, in a tenant of its own.
func (tn *Tenant) CampaignAfter(t *testing.T, changes ...string) *control.RegistrationCampaign {
	t.Helper()
	other := NewTenant(t)
	other.Do(func(ctx context.Context) error {
		return other.SetBehavior(ctx, control.Behavior{Campaign: control.CampaignBehavior{MergeOnWrite: true}})
	})()
	for _, members := range changes {
		other.PatchCampaign(members)()
	}
	return other.CampaignNow()
}

// Edit changes attributes of the state of a block by hand; the identity and the private part stay as they were.
func (c *Core) Edit(t *testing.T, block string, values map[string]tftypes.Value) {
	t.Helper()
	instance := c.Instances[block]
	attributes := AttributesOf(instance.Value)
	for name, value := range values {
		if _, ok := attributes[name]; !ok {
			t.Fatalf("the state of %s has no %s", block, name)
		}
		attributes[name] = value
	}
	instance.Value = tftypes.NewValue(instance.Value.Type(), attributes)
}

// The people and apps of the test tenant.
const (
	TenantID = "6f1f5a3c-52f7-4f0e-9a53-0d1f2b7c9a10"

	AppID       = "11111111-aaaa-4aaa-8aaa-000000000001"
	AppSecret   = "sekret-of-the-full-app"
	PlanAppID   = "11111111-aaaa-4aaa-8aaa-000000000002"
	PlanSecret  = "sekret-of-the-plan-app"
	OldAppID    = "11111111-aaaa-4aaa-8aaa-000000000003"
	OldSecret   = "sekret-that-has-expired"
	BlindAppID  = "11111111-aaaa-4aaa-8aaa-000000000004"
	BlindSecret = "sekret-of-the-app-that-sees-no-methods"

	// Disabled, nothing registered.
	AdeleID  = "22222222-bbbb-4bbb-8bbb-000000000001"
	AdeleUPN = "adele.vance@contoso.example"
	// Disabled, Authenticator registered.
	AlexID  = "22222222-bbbb-4bbb-8bbb-000000000002"
	AlexUPN = "alex.wilber@contoso.example"
	// Enabled, nothing registered.
	MeganID  = "22222222-bbbb-4bbb-8bbb-000000000003"
	MeganUPN = "megan.bowen@contoso.example"
	// Enforced, phone registered.
	DiegoID  = "22222222-bbbb-4bbb-8bbb-000000000004"
	DiegoUPN = "diego.siciliani@contoso.example"
	// Names that need care in an address.
	GuestID    = "22222222-bbbb-4bbb-8bbb-000000000005"
	GuestUPN   = "pat_fabrikam.example#EXT#@contoso.example"
	DollarID   = "22222222-bbbb-4bbb-8bbb-000000000006"
	DollarUPN  = "$ervice@contoso.example"
	ObrienID   = "22222222-bbbb-4bbb-8bbb-000000000007"
	ObrienUPN  = "miriam.o'brien@contoso.example"
	RescueID   = "22222222-bbbb-4bbb-8bbb-000000000008"
	RescueUPN  = "emergency1@contoso.example"
	Rescue2ID  = "22222222-bbbb-4bbb-8bbb-000000000009"
	Rescue2UPN = "emergency2@contoso.example"

	// Holds emergency2 by way of a nested group.
	RescueGroupID = "33333333-cccc-4ccc-8ccc-000000000001"
	EmptyGroupID  = "33333333-cccc-4ccc-8ccc-000000000003"
	NobodyID      = "44444444-dddd-4ddd-8ddd-000000000001"
)

// Contoso is the tenant of most tests, with the people and apps above.
func Contoso() *control.Tenant {
	yesterday := time.Now().Add(-24 * time.Hour)
	return &control.Tenant{
		TenantID: TenantID, DisplayName: "Contoso", DefaultDomain: "contoso.example",
		Apps: []control.App{
			{ClientID: AppID, DisplayName: "terraform", Secrets: []control.Secret{{Value: AppSecret}}, Permissions: []string{
				"User.Read.All", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod", "UserAuthenticationMethod.Read.All", "GroupMember.Read.All",
			}},
			{ClientID: PlanAppID, DisplayName: "plan", Secrets: []control.Secret{{Value: PlanSecret}}, Permissions: []string{
				"User.Read.All", "Policy.Read.All", "UserAuthenticationMethod.Read.All", "GroupMember.Read.All",
			}},
			{ClientID: OldAppID, DisplayName: "old", Secrets: []control.Secret{{Value: OldSecret, Expires: &yesterday}}},
			{ClientID: BlindAppID, DisplayName: "blind", Secrets: []control.Secret{{Value: BlindSecret}}, Permissions: []string{
				"User.Read.All", "Policy.ReadWrite.AuthenticationMethod",
			}},
		},
		Users: []control.User{
			{ID: AdeleID, UserPrincipalName: AdeleUPN, DisplayName: "Adele Vance"},
			{ID: AlexID, UserPrincipalName: AlexUPN, DisplayName: "Alex Wilber", Methods: []control.Method{{Type: control.MethodMicrosoftAuthenticator}}},
			{ID: MeganID, UserPrincipalName: MeganUPN, DisplayName: "Megan Bowen", PerUserMFAState: control.StateEnabled},
			{
				ID: DiegoID, UserPrincipalName: DiegoUPN, DisplayName: "Diego Siciliani", PerUserMFAState: control.StateEnforced,
				Methods: []control.Method{{Type: control.MethodPhone, PhoneNumber: "+1 2025550143", PhoneType: "mobile"}},
			},
			{ID: GuestID, UserPrincipalName: GuestUPN, DisplayName: "Pat (guest)", UserType: "Guest"},
			{ID: DollarID, UserPrincipalName: DollarUPN, DisplayName: "Service"},
			{ID: ObrienID, UserPrincipalName: ObrienUPN, DisplayName: "Miriam O'Brien"},
			{ID: RescueID, UserPrincipalName: RescueUPN, DisplayName: "Emergency 1"},
			{ID: Rescue2ID, UserPrincipalName: Rescue2UPN, DisplayName: "Emergency 2"},
		},
		Groups: []control.Group{
			{ID: RescueGroupID, DisplayName: "Emergency access", Members: []string{"33333333-cccc-4ccc-8ccc-000000000002"}},
			{ID: "33333333-cccc-4ccc-8ccc-000000000002", DisplayName: "Emergency access, nested", Members: []string{Rescue2ID}},
			{ID: EmptyGroupID, DisplayName: "Nobody"},
		},
	}
}

// Tenant is an emulated tenant and what a test needs to use it. Provider and test reach it over HTTPS only.
type Tenant struct {
	*control.Client
	T       *testing.T
	URL     string
	CAFile  string
	Factory map[string]func() (tfprotov6.ProviderServer, error)
}

// Quick are bounds by which a test does not wait long for what will not come.
func Quick() client.Options {
	return client.Options{
		Rates: map[client.RateClass]client.Rate{},
		Retry: policy.RetryOptions{MaxRetries: 2, RetryDelay: time.Millisecond, MaxRetryDelay: 2 * time.Second},
		Consistency: client.Consistency{
			Interval: 5 * time.Millisecond, MaxInterval: 20 * time.Millisecond, Timeout: 5 * time.Second,
			NewObject: 2 * time.Second, Missing: 20 * time.Millisecond, Drift: 20 * time.Millisecond,
		},
	}
}

// NewTenant serves Contoso until the test ends.
func NewTenant(t *testing.T) *Tenant { return NewTenantWith(t, Quick()) }

// NewTenantWith does so to a provider with other bounds.
func NewTenantWith(t *testing.T, options client.Options) *Tenant {
	t.Helper()
	return StartTenant(t, Contoso(), options)
}

// StartTenant serves a tenant until the test ends.
func StartTenant(t *testing.T, people *control.Tenant, options client.Options) *Tenant {
	t.Helper()
	tn := StartEmulator(t, people, nil)
	tn.Factory = FactoryOf(options)
	return tn
}

// StartEmulator serves a tenant, whose clock may be another one than the machine's, to providers that are not of this process.
func StartEmulator(t *testing.T, people *control.Tenant, now func() time.Time) *Tenant {
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
	return &Tenant{Client: remote, T: t, URL: server.URL(), CAFile: caFile}
}

// FactoryOf serves the provider in this process, without the environment of whoever runs the tests.
func FactoryOf(options client.Options) map[string]func() (tfprotov6.ProviderServer, error) {
	constructor := newServer("test", server.WithClientOptions(options),
		server.WithEnvironment(func(string) (string, bool) { return "", false }))
	return map[string]func() (tfprotov6.ProviderServer, error){
		"entramfa": func() (tfprotov6.ProviderServer, error) { return constructor(), nil },
	}
}

// Provider is a provider block; extra lines add to or follow the usual ones.
func (tn *Tenant) Provider(extra ...string) string {
	return tn.ProviderAs(AppID, AppSecret, extra...)
}

func (tn *Tenant) ProviderAs(clientID, secret string, extra ...string) string {
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
`, TenantID, clientID, secret, tn.URL, tn.URL, tn.CAFile, strings.Join(extra, "\n"))
}

// Run takes steps with this tenant's provider, over the protocol.
func (tn *Tenant) Run(steps ...resource.TestStep) {
	tn.T.Helper()
	Test(tn.T, resource.TestCase{ProtoV6ProviderFactories: tn.Factory, Steps: steps})
}

// RunCLI takes them through the CLI at hand.
func (tn *Tenant) RunCLI(steps ...resource.TestStep) {
	tn.T.Helper()
	TestCLI(tn.T, resource.TestCase{ProtoV6ProviderFactories: tn.Factory, Steps: steps})
}

// Do makes a step's PreConfig of a change behind Terraform's back.
func (tn *Tenant) Do(change func(ctx context.Context) error) func() {
	return func() {
		tn.T.Helper()
		if err := change(context.Background()); err != nil {
			tn.T.Fatalf("the change behind Terraform's back failed: %v", err)
		}
	}
}

func (tn *Tenant) SetState(user, state string) func() {
	return tn.Do(func(ctx context.Context) error {
		_, err := tn.SetPerUserMFAState(ctx, user, state)
		return err
	})
}

func (tn *Tenant) Register(user, method string) func() {
	return tn.Do(func(ctx context.Context) error {
		_, err := tn.RegisterMethod(ctx, user, control.Method{Type: method})
		return err
	})
}

func (tn *Tenant) Fault(fault control.Fault) func() {
	return tn.Do(func(ctx context.Context) error {
		_, err := tn.AddFault(ctx, fault)
		return err
	})
}

func (tn *Tenant) Heal() func() { return tn.Do(tn.ClearFaults) }

// HasState checks the state that the tenant really has.
func (tn *Tenant) HasState(user, want string) resource.TestCheckFunc {
	return func(*terraform.State) error { return tn.StateIs(user, want) }
}

func (tn *Tenant) StateIs(user, want string) error {
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

// RequestLog is every request since the log was cleared.
func (tn *Tenant) RequestLog() []control.Request {
	tn.T.Helper()
	requests, err := tn.Requests(context.Background())
	if err != nil {
		tn.T.Fatal(err)
	}
	return requests
}

// count counts the requests since the log was cleared that match.
func (tn *Tenant) count(matches func(control.Request) bool) int {
	tn.T.Helper()
	count := 0
	for _, request := range tn.RequestLog() {
		if matches(request) {
			count++
		}
	}
	return count
}

// Writes counts the requests since the log was cleared that were to change a per-user state.
func (tn *Tenant) Writes() int {
	tn.T.Helper()
	return tn.count(func(request control.Request) bool {
		return request.Method == http.MethodPatch && strings.HasSuffix(request.Path, "/authentication/requirements")
	})
}

// Wrote checks how many writes there were since the log was cleared, and clears it.
func (tn *Tenant) Wrote(want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if have := tn.Writes(); have != want {
			return fmt.Errorf("%d writes of a per-user state were sent, want %d", have, want)
		}
		return tn.ClearRequests(context.Background())
	}
}

// Says makes a pattern of a text that a diagnostic must contain, however the CLI has wrapped its lines.
func Says(texts ...string) *regexp.Regexp {
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

// LookUpPath is where ids are looked up.
const LookUpPath = "/directoryObjects/getByIds$"

// Denied refuses requests to a path.
func Denied(path string) *control.Fault {
	return &control.Fault{
		PathRegexp: path, Times: new(0), Status: http.StatusForbidden, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation.",
	}
}

// LookUpsFind answers look-ups of ids with an app of this id, or with nothing.
func LookUpsFind(times int, app string) *control.Fault {
	body := `{"value":[]}`
	if app != "" {
		body = fmt.Sprintf(`{"value":[{"@odata.type":"#microsoft.graph.servicePrincipal","id":%q,"displayName":"Backup"}]}`, app)
	}
	return &control.Fault{PathRegexp: LookUpPath, Times: &times, Status: http.StatusOK, Body: body, ContentType: "application/json"}
}
