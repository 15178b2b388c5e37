package acctest

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// FaultStep is a kind of request that an operation makes.
type FaultStep struct {
	Method, Template string
	// Path is a regular expression of the paths, and sample one of them.
	Path, Sample string
	// After is how many requests of the kind come before it in the operation.
	After int
	// Confirm says that the request reads what was written.
	Confirm bool
	// First says that it is the first of the operation; answered that the answer has a body, paged that it is a page of a list,
	// batch that it is a $batch.
	First, Answered, Paged, Batch bool
}

func (s FaultStep) Write() bool {
	return !s.Batch && s.Method != http.MethodGet && !strings.HasSuffix(s.Template, "/getByIds") && !strings.HasSuffix(s.Template, "/checkMemberGroups")
}

func (s FaultStep) String() string {
	name := s.Method + " " + s.Template
	if s.Confirm {
		name += " (confirming)"
	}
	return name
}

// MatrixTenant has something of everything, and a location and a policy that are nobody's business here.
func MatrixTenant() *control.Tenant {
	people := LocationTenant()
	people.Groups = append(people.Groups, control.Group{ID: StaffID, DisplayName: "Staff", Members: []string{AdeleID, MeganID}},
		control.Group{ID: LeaversID, DisplayName: "Leavers"})
	return people
}

// LeapingClock is the machine's time, except that no wait takes any: a service may ask for hours.
type LeapingClock struct {
	mutex sync.Mutex
	ahead time.Duration
}

func (c *LeapingClock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *LeapingClock) Wait(ctx context.Context, d time.Duration) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ahead += max(0, d)
	return ctx.Err()
}

// Machine runs Terraform on one tenant, one process after the other. The processes share their connections, which saves
// most of the time.
type Machine struct {
	T      *testing.T
	Tenant *Tenant
	Sender *http.Client
	// Block is added to the provider block.
	Block map[string]any
}

// NewMachine is a machine from which a tenant is managed, with a clock of its own.
func NewMachine(t *testing.T, people *control.Tenant, alsoTrusted ...*x509.Certificate) *Machine {
	t.Helper()
	tn := StartTenant(t, people, Quick())
	info, err := tn.Info(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	bundle := []byte(info.CAPEM)
	for _, certificate := range alsoTrusted {
		bundle = append(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})...)
	}
	sender, err := client.NewHTTPClient(bundle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.CloseIdleConnections)
	return &Machine{T: t, Tenant: tn, Sender: sender}
}

// Process is one run of the provider, as the CLI starts one for each plan and each apply.
type Process struct {
	T       *testing.T
	Server  tfprotov6.ProviderServer
	Schemas *tfprotov6.GetProviderSchemaResponse
}

// Start starts a process, whose configuration may fail.
func (m *Machine) Start() (*Process, []*tfprotov6.Diagnostic) {
	m.T.Helper()
	options := Quick()
	options.HTTPClient, options.Clock = m.Sender, &LeapingClock{}
	server := newServer("test", server.WithClientOptions(options),
		server.WithEnvironment(func(string) (string, bool) { return "", false }))()
	attributes := map[string]any{
		"tenant_id": TenantID, "client_id": AppID, "client_secret": AppSecret, "use_cli": false,
		"graph_endpoint": m.Tenant.URL, "authority_host": m.Tenant.URL,
	}
	for name, value := range m.Block {
		attributes[name] = value
	}
	schemas, diagnostics := Configure(m.T, server, attributes)
	return &Process{T: m.T, Server: server, Schemas: schemas}, diagnostics
}

func (m *Machine) Process() *Process {
	m.T.Helper()
	p, diagnostics := m.Start()
	NoErrors(m.T, diagnostics)
	return p
}

// Kept is what Terraform keeps of a resource between two runs; the zero value is nothing.
type Kept struct {
	State    tftypes.Value
	Private  []byte
	Identity *tfprotov6.ResourceIdentityData
}

func (k Kept) Nothing() bool { return k.State.Type() == nil || k.State.IsNull() }

// Same reports whether the states are equal.
func (k Kept) Same(other Kept) bool {
	return k.Nothing() == other.Nothing() && (k.Nothing() || k.State.Equal(other.State))
}

func (k Kept) String() string {
	if k.Nothing() {
		return "nothing"
	}
	var attributes map[string]tftypes.Value
	if err := k.State.As(&attributes); err != nil {
		return err.Error()
	}
	var lines []string
	for name, value := range attributes {
		lines = append(lines, fmt.Sprintf("%s = %s", name, value))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (p *Process) SchemaOf(typeName string) (*tfprotov6.Schema, tftypes.Object) {
	p.T.Helper()
	schema := p.Schemas.ResourceSchemas[typeName]
	typ, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		p.T.Fatalf("%s has no object type", typeName)
	}
	return schema, typ
}

func (p *Process) value(typ tftypes.Object, k Kept) *tfprotov6.DynamicValue {
	if k.Nothing() {
		return Dynamic(p.T, tftypes.NewValue(typ, nil))
	}
	return Dynamic(p.T, k.State)
}

func (p *Process) Unpack(typ tftypes.Type, value *tfprotov6.DynamicValue) tftypes.Value {
	p.T.Helper()
	unpacked, err := value.Unmarshal(typ)
	if err != nil {
		p.T.Fatal(err)
	}
	return unpacked
}

// Read refreshes what is kept.
func (p *Process) Read(typeName string, before Kept) (Kept, []*tfprotov6.Diagnostic) {
	p.T.Helper()
	_, typ := p.SchemaOf(typeName)
	read, err := p.Server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: typeName, CurrentState: p.value(typ, before), Private: before.Private, CurrentIdentity: before.Identity,
	})
	if err != nil {
		p.T.Fatal(err)
	}
	return Kept{State: p.Unpack(typ, read.NewState), Private: read.Private, Identity: read.NewIdentity}, read.Diagnostics
}

// PlannedChange is a plan for a resource.
type PlannedChange struct {
	Config, Planned tftypes.Value
	Private         []byte
	identity        *tfprotov6.ResourceIdentityData
	Replaces        bool
}

// Plan plans a configuration; a nil one removes the resource.
func (p *Process) Plan(typeName string, before Kept, config map[string]any) (PlannedChange, []*tfprotov6.Diagnostic) {
	p.T.Helper()
	schema, typ := p.SchemaOf(typeName)
	c := PlannedChange{Config: tftypes.NewValue(typ, nil)}
	proposed := c.Config
	if config != nil {
		c.Config = ObjectOf(p.T, typ, config)
		prior := ObjectOf(p.T, typ, nil)
		if !before.Nothing() {
			prior = before.State
		}
		proposed = p.proposed(schema, typ, prior, c.Config)
	}
	planned, err := p.Server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, PriorState: p.value(typ, before), PriorPrivate: before.Private, PriorIdentity: before.Identity,
		Config: Dynamic(p.T, c.Config), ProposedNewState: Dynamic(p.T, proposed),
	})
	if err != nil {
		p.T.Fatal(err)
	}
	c.Planned, c.Private, c.identity, c.Replaces = p.Unpack(typ, planned.PlannedState), planned.PlannedPrivate, planned.PlannedIdentity, len(planned.RequiresReplace) > 0
	return c, planned.Diagnostics
}

// proposed is the configuration with the state's values where a computed attribute is not configured, as the CLI merges them.
func (p *Process) proposed(schema *tfprotov6.Schema, typ tftypes.Object, prior, config tftypes.Value) tftypes.Value {
	p.T.Helper()
	var had, wants map[string]tftypes.Value
	for value, into := range map[*tftypes.Value]*map[string]tftypes.Value{&prior: &had, &config: &wants} {
		if err := value.As(into); err != nil {
			p.T.Fatal(err)
		}
	}
	// The map is the configuration's own.
	wants = maps.Clone(wants)
	for _, attribute := range schema.Block.Attributes {
		if attribute.Computed && wants[attribute.Name].IsNull() {
			wants[attribute.Name] = had[attribute.Name]
		}
	}
	return tftypes.NewValue(typ, wants)
}

// Apply carries a plan out.
func (p *Process) Apply(typeName string, before Kept, c PlannedChange) (Kept, []*tfprotov6.Diagnostic) {
	p.T.Helper()
	_, typ := p.SchemaOf(typeName)
	applied, err := p.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: typeName, PriorState: p.value(typ, before), PlannedState: Dynamic(p.T, c.Planned), Config: Dynamic(p.T, c.Config),
		PlannedPrivate: c.Private, PlannedIdentity: c.identity,
	})
	if err != nil {
		p.T.Fatal(err)
	}
	after := Kept{State: p.Unpack(typ, applied.NewState), Private: applied.Private, Identity: applied.NewIdentity}
	if len(Problems(applied.Diagnostics)) == 0 && !after.Nothing() {
		p.checkConsistent(c.Planned, after.State)
	}
	return after, applied.Diagnostics
}

// checkConsistent makes the check for which the CLI otherwise reports a defect of the provider: what was planned is what is.
func (p *Process) checkConsistent(planned, applied tftypes.Value) {
	p.T.Helper()
	var was, is map[string]tftypes.Value
	for value, into := range map[*tftypes.Value]*map[string]tftypes.Value{&planned: &was, &applied: &is} {
		if err := value.As(into); err != nil {
			p.T.Fatal(err)
		}
	}
	for name, value := range was {
		if value.IsFullyKnown() && !value.Equal(is[name]) {
			p.T.Errorf("%s was planned as %s and is %s", name, value, is[name])
		}
	}
}

func (p *Process) ImportID(typeName, id string) (Kept, []*tfprotov6.Diagnostic) {
	p.T.Helper()
	got, diagnostics := p.Imports(&tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id})
	if got.Nothing() {
		return got, diagnostics
	}
	// Terraform reads what it has imported.
	read, more := p.Read(typeName, got)
	return read, append(diagnostics, more...)
}

// Imports imports an object by its id or its identity, and does not read it.
func (p *Process) Imports(request *tfprotov6.ImportResourceStateRequest) (Kept, []*tfprotov6.Diagnostic) {
	p.T.Helper()
	_, typ := p.SchemaOf(request.TypeName)
	imported, err := p.Server.ImportResourceState(context.Background(), request)
	if err != nil {
		p.T.Fatal(err)
	}
	if len(imported.ImportedResources) != 1 || len(Problems(imported.Diagnostics)) > 0 {
		return Kept{}, imported.Diagnostics
	}
	one := imported.ImportedResources[0]
	return Kept{State: p.Unpack(typ, one.State), Private: one.Private, Identity: one.Identity}, imported.Diagnostics
}

func (p *Process) Data(typeName string, config map[string]any) (tftypes.Value, []*tfprotov6.Diagnostic) {
	p.T.Helper()
	typ, ok := p.Schemas.DataSourceSchemas[typeName].ValueType().(tftypes.Object)
	if !ok {
		p.T.Fatalf("%s has no object type", typeName)
	}
	read, err := p.Server.ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{
		TypeName: typeName, Config: Dynamic(p.T, ObjectOf(p.T, typ, config)),
	})
	if err != nil {
		p.T.Fatal(err)
	}
	return p.Unpack(typ, read.State), read.Diagnostics
}

// Problems are the errors as the CLI prints them.
func Problems(diagnostics []*tfprotov6.Diagnostic) []string {
	var found []string
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			found = append(found, diagnostic.Summary+": "+diagnostic.Detail)
		}
	}
	return found
}

// ApplyAll refreshes, plans and applies as terraform apply does: the plan in one process, and in another the plan once more
// and the apply.
func (m *Machine) ApplyAll(typeName string, before Kept, config map[string]any) Kept {
	m.T.Helper()
	planning := m.Process()
	before = m.Refresh(planning, typeName, before)
	if config == nil && before.Nothing() {
		return before
	}
	c, diagnostics := planning.Plan(typeName, before, config)
	NoErrors(m.T, diagnostics)
	if !before.Nothing() && config != nil && c.Planned.Equal(before.State) {
		return before
	}
	applying := m.Process()
	c, diagnostics = applying.Plan(typeName, before, config)
	NoErrors(m.T, diagnostics)
	if c.Replaces {
		m.T.Errorf("the plan replaces the resource")
	}
	after, diagnostics := applying.Apply(typeName, before, c)
	NoErrors(m.T, diagnostics)
	return after
}

func (m *Machine) Refresh(p *Process, typeName string, before Kept) Kept {
	m.T.Helper()
	if before.Nothing() {
		return before
	}
	after, diagnostics := p.Read(typeName, before)
	NoErrors(m.T, diagnostics)
	return after
}

// Picture is what the resources manage in the tenant, without ids and times that a repetition would change.
func (m *Machine) Picture() string {
	m.T.Helper()
	found, err := m.Tenant.Snapshot(context.Background())
	if err != nil {
		m.T.Fatal(err)
	}
	var lines []string
	strengths, err := control.List[control.AuthenticationStrength](context.Background(), m.Tenant.Client, "authentication-strengths")
	if err != nil {
		m.T.Fatal(err)
	}
	for _, strength := range strengths {
		if strength.PolicyType == control.StrengthBuiltIn {
			continue
		}
		line := fmt.Sprintf("strength %s %q %v", strength.DisplayName, strength.Description, slices.Sorted(slices.Values(strength.AllowedCombinations)))
		for _, c := range strength.CombinationConfigurations {
			line += fmt.Sprintf(" %s %v %v", c.AppliesToCombinations, c.AllowedAAGUIDs, c.AllowedPolicyOIDs)
		}
		lines = append(lines, line)
	}
	for _, user := range found.Users {
		if user.PerUserMFAState != "" && user.PerUserMFAState != control.StateDisabled {
			lines = append(lines, user.UserPrincipalName+" "+user.PerUserMFAState)
		}
	}
	for _, location := range found.NamedLocations {
		var ranges []string
		for _, r := range location.IPRanges {
			ranges = append(ranges, r.CIDRAddress)
		}
		slices.Sort(ranges)
		line := fmt.Sprintf("location %s %t %s", location.DisplayName, location.IsTrusted, strings.Join(ranges, " "))
		if location.Type == control.TypeCountryNamedLocation {
			line = fmt.Sprintf("location %s of %v %t %s", location.DisplayName, slices.Sorted(slices.Values(location.CountriesAndRegions)),
				location.IncludeUnknownCountriesAndRegions, location.CountryLookupMethod)
		}
		lines = append(lines, line)
	}
	for _, policy := range found.ConditionalAccessPolicies {
		lines = append(lines, fmt.Sprintf("policy %s %s", policy.DisplayName, Encoded([]any{policy.State, policy.Description, policy.Conditions, policy.GrantControls, policy.SessionControls})))
	}
	if found.AuthenticationMethodsPolicy != nil {
		campaign := found.AuthenticationMethodsPolicy.Campaign()
		snooze := -1
		if campaign.SnoozeDurationInDays != nil {
			snooze = *campaign.SnoozeDurationInDays
		}
		lines = append(lines, fmt.Sprintf("campaign %s %d %v %v", campaign.State, snooze, campaign.IncludeTargets, campaign.ExcludeTargets))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// Interceptor lets something happen between the provider's decision to write and the write.
type Interceptor struct {
	http.RoundTripper
	matches func(*http.Request) bool
	meddle  func()
	Met     atomic.Int64
}

func (i *Interceptor) RoundTrip(request *http.Request) (*http.Response, error) {
	if i.matches(request) && i.Met.Add(1) == 1 {
		i.meddle()
	}
	return i.RoundTripper.RoundTrip(request)
}

// BeforeWrite makes an administrator change something right before the first write to a path that ends so.
func (m *Machine) BeforeWrite(method, suffix string, change func(ctx context.Context) error) *Interceptor {
	i := &Interceptor{
		RoundTripper: m.Sender.Transport,
		matches: func(request *http.Request) bool {
			return request.Method == method && strings.HasSuffix(request.URL.Path, suffix)
		},
		meddle: m.Tenant.Do(change),
	}
	m.Sender.Transport = i
	return i
}

// Converges applies, and wants the plan after it to be empty.
func (m *Machine) Converges(typeName string, before Kept, config map[string]any) Kept {
	m.T.Helper()
	after := m.ApplyAll(typeName, before, config)
	process := m.Process()
	refreshed := m.Refresh(process, typeName, after)
	next, diagnostics := process.Plan(typeName, refreshed, config)
	NoErrors(m.T, diagnostics)
	if !next.Planned.Equal(refreshed.State) {
		m.T.Errorf("the plan after it is %s, and the state\n%s", next.Planned, refreshed)
	}
	return refreshed
}

// The app whose permissions the tests of this file choose.
const (
	ChosenAppID  = "11111111-aaaa-4aaa-8aaa-000000000009"
	ChosenSecret = "sekret-of-the-app-with-chosen-permissions"
)

// ActsWith signs the machine's next processes in as an app that has these permissions and no others.
func (m *Machine) ActsWith(permissions ...string) {
	m.T.Helper()
	if _, err := m.Tenant.PatchApp(context.Background(), ChosenAppID, control.AppPatch{Permissions: &permissions}); err != nil {
		m.T.Fatal(err)
	}
	if m.Block == nil {
		m.Block = map[string]any{}
	}
	m.Block["client_id"], m.Block["client_secret"] = ChosenAppID, ChosenSecret
}

// SentWrites are the requests since the log was cleared that are to change something; others are how many are not.
func (tn *Tenant) SentWrites() (written []string, others int) {
	tn.T.Helper()
	for _, request := range tn.RequestLog() {
		step := FaultStep{Method: request.Method, Template: request.Template, Batch: strings.HasSuffix(request.Path, "/$batch")}
		if step.Write() {
			written = append(written, fmt.Sprintf("%s %s by %s", request.Method, request.Path, request.AppID))
		} else {
			others++
		}
	}
	return written, others
}

// Upgrade reads a state of the CLI, as it does before everything else.
func (p *Process) Upgrade(typeName string, version int64, attributes []byte) (tftypes.Value, []*tfprotov6.Diagnostic) {
	p.T.Helper()
	_, typ := p.SchemaOf(typeName)
	upgraded, err := p.Server.UpgradeResourceState(context.Background(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: typeName, Version: version, RawState: &tfprotov6.RawState{JSON: attributes},
	})
	if err != nil {
		p.T.Fatal(err)
	}
	if upgraded.UpgradedState == nil {
		return tftypes.Value{}, upgraded.Diagnostics
	}
	return p.Unpack(typ, upgraded.UpgradedState), upgraded.Diagnostics
}

// ProcessWith is a run of the provider with options of its own.
func (tn *Tenant) ProcessWith(t *testing.T, options client.Options) *Process {
	t.Helper()
	constructor := newServer("test", server.WithClientOptions(options),
		server.WithEnvironment(func(string) (string, bool) { return "", false }))
	server := constructor()
	schemas, diagnostics := Configure(t, server, map[string]any{
		"tenant_id": TenantID, "client_id": AppID, "client_secret": AppSecret, "use_cli": false,
		"graph_endpoint": tn.URL, "authority_host": tn.URL, "ca_bundle_path": tn.CAFile,
	})
	NoErrors(t, diagnostics)
	return &Process{T: t, Server: server, Schemas: schemas}
}

// HaltingClock is the machine's time, in which a wait does not end but with its context. It tells of the first one.
type HaltingClock struct{ Reached chan struct{} }

func (HaltingClock) Now() time.Time { return time.Now() }

func (c HaltingClock) Wait(ctx context.Context, d time.Duration) error {
	if d > 0 {
		select {
		case c.Reached <- struct{}{}:
		default:
		}
		<-ctx.Done()
	}
	return ctx.Err()
}

// Created makes a resource in a process of its own.
func (tn *Tenant) Created(t *testing.T, typeName string, config map[string]any) Kept {
	t.Helper()
	p := tn.ProcessWith(t, Quick())
	c, diagnostics := p.Plan(typeName, Kept{}, config)
	NoErrors(t, diagnostics)
	made, diagnostics := p.Apply(typeName, Kept{}, c)
	NoErrors(t, diagnostics)
	return made
}

// AwaitWait returns when something waits: by the clock, or after as many requests as are said that a fault has hit.
func (tn *Tenant) AwaitWait(t *testing.T, clock HaltingClock, hits int) {
	t.Helper()
	for {
		select {
		case <-clock.Reached:
			return
		default:
		}
		if hits == 0 {
			<-clock.Reached
			return
		}
		faults, err := tn.ListFaults(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults {
			if fault.Applied >= hits {
				return
			}
		}
	}
}
