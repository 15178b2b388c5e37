package provider_test

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
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/server"
)

// leapingClock is the machine's time, except that no wait takes any: a service may ask for hours.
type leapingClock struct {
	mutex sync.Mutex
	ahead time.Duration
}

func (c *leapingClock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *leapingClock) Wait(ctx context.Context, d time.Duration) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ahead += max(0, d)
	return ctx.Err()
}

// machine runs Terraform on one tenant, one process after the other. The processes share their connections, which saves
// most of the time.
type machine struct {
	t      *testing.T
	tn     *tenant
	sender *http.Client
	// block is added to the provider block.
	block map[string]any
}

func newMachine(t *testing.T, people *control.Tenant, alsoTrusted ...*x509.Certificate) *machine {
	t.Helper()
	tn := startTenant(t, people, quick())
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
	return &machine{t: t, tn: tn, sender: sender}
}

// process is one run of the provider, as the CLI starts one for each plan and each apply.
type process struct {
	t       *testing.T
	server  tfprotov6.ProviderServer
	schemas *tfprotov6.GetProviderSchemaResponse
}

// start starts a process, whose configuration may fail.
func (m *machine) start() (*process, []*tfprotov6.Diagnostic) {
	m.t.Helper()
	options := quick()
	options.HTTPClient, options.Clock = m.sender, &leapingClock{}
	server := newServer("test", server.WithClientOptions(options),
		server.WithEnvironment(func(string) (string, bool) { return "", false }))()
	attributes := map[string]any{
		"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret, "use_cli": false,
		"graph_endpoint": m.tn.url, "authority_host": m.tn.url,
	}
	for name, value := range m.block {
		attributes[name] = value
	}
	schemas, diagnostics := configure(m.t, server, attributes)
	return &process{t: m.t, server: server, schemas: schemas}, diagnostics
}

func (m *machine) process() *process {
	m.t.Helper()
	p, diagnostics := m.start()
	noErrors(m.t, diagnostics)
	return p
}

// kept is what Terraform keeps of a resource between two runs; the zero value is nothing.
type kept struct {
	state    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
}

func (k kept) nothing() bool { return k.state.Type() == nil || k.state.IsNull() }

// same reports whether the states are equal.
func (k kept) same(other kept) bool {
	return k.nothing() == other.nothing() && (k.nothing() || k.state.Equal(other.state))
}

func (k kept) String() string {
	if k.nothing() {
		return "nothing"
	}
	var attributes map[string]tftypes.Value
	if err := k.state.As(&attributes); err != nil {
		return err.Error()
	}
	var lines []string
	for name, value := range attributes {
		lines = append(lines, fmt.Sprintf("%s = %s", name, value))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (p *process) schemaOf(typeName string) (*tfprotov6.Schema, tftypes.Object) {
	p.t.Helper()
	schema := p.schemas.ResourceSchemas[typeName]
	typ, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		p.t.Fatalf("%s has no object type", typeName)
	}
	return schema, typ
}

func (p *process) value(typ tftypes.Object, k kept) *tfprotov6.DynamicValue {
	if k.nothing() {
		return dynamic(p.t, tftypes.NewValue(typ, nil))
	}
	return dynamic(p.t, k.state)
}

func (p *process) unpack(typ tftypes.Type, value *tfprotov6.DynamicValue) tftypes.Value {
	p.t.Helper()
	unpacked, err := value.Unmarshal(typ)
	if err != nil {
		p.t.Fatal(err)
	}
	return unpacked
}

// read refreshes what is kept.
func (p *process) read(typeName string, before kept) (kept, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	_, typ := p.schemaOf(typeName)
	read, err := p.server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: typeName, CurrentState: p.value(typ, before), Private: before.private, CurrentIdentity: before.identity,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return kept{state: p.unpack(typ, read.NewState), private: read.Private, identity: read.NewIdentity}, read.Diagnostics
}

// plannedChange is a plan for a resource.
type plannedChange struct {
	config, planned tftypes.Value
	private         []byte
	identity        *tfprotov6.ResourceIdentityData
	replaces        bool
}

// plan plans a configuration; a nil one removes the resource.
func (p *process) plan(typeName string, before kept, config map[string]any) (plannedChange, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	schema, typ := p.schemaOf(typeName)
	c := plannedChange{config: tftypes.NewValue(typ, nil)}
	proposed := c.config
	if config != nil {
		c.config = objectOf(p.t, typ, config)
		prior := objectOf(p.t, typ, nil)
		if !before.nothing() {
			prior = before.state
		}
		proposed = p.proposed(schema, typ, prior, c.config)
	}
	planned, err := p.server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, PriorState: p.value(typ, before), PriorPrivate: before.private, PriorIdentity: before.identity,
		Config: dynamic(p.t, c.config), ProposedNewState: dynamic(p.t, proposed),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	c.planned, c.private, c.identity, c.replaces = p.unpack(typ, planned.PlannedState), planned.PlannedPrivate, planned.PlannedIdentity, len(planned.RequiresReplace) > 0
	return c, planned.Diagnostics
}

// proposed is the configuration with the state's values where a computed attribute is not configured, as the CLI merges them.
func (p *process) proposed(schema *tfprotov6.Schema, typ tftypes.Object, prior, config tftypes.Value) tftypes.Value {
	p.t.Helper()
	var had, wants map[string]tftypes.Value
	for value, into := range map[*tftypes.Value]*map[string]tftypes.Value{&prior: &had, &config: &wants} {
		if err := value.As(into); err != nil {
			p.t.Fatal(err)
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

// apply carries a plan out.
func (p *process) apply(typeName string, before kept, c plannedChange) (kept, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	_, typ := p.schemaOf(typeName)
	applied, err := p.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: typeName, PriorState: p.value(typ, before), PlannedState: dynamic(p.t, c.planned), Config: dynamic(p.t, c.config),
		PlannedPrivate: c.private, PlannedIdentity: c.identity,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	after := kept{state: p.unpack(typ, applied.NewState), private: applied.Private, identity: applied.NewIdentity}
	if len(problems(applied.Diagnostics)) == 0 && !after.nothing() {
		p.checkConsistent(c.planned, after.state)
	}
	return after, applied.Diagnostics
}

// checkConsistent makes the check for which the CLI otherwise reports a defect of the provider: what was planned is what is.
func (p *process) checkConsistent(planned, applied tftypes.Value) {
	p.t.Helper()
	var was, is map[string]tftypes.Value
	for value, into := range map[*tftypes.Value]*map[string]tftypes.Value{&planned: &was, &applied: &is} {
		if err := value.As(into); err != nil {
			p.t.Fatal(err)
		}
	}
	for name, value := range was {
		if value.IsFullyKnown() && !value.Equal(is[name]) {
			p.t.Errorf("%s was planned as %s and is %s", name, value, is[name])
		}
	}
}

func (p *process) importID(typeName, id string) (kept, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	got, diagnostics := p.imports(&tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id})
	if got.nothing() {
		return got, diagnostics
	}
	// Terraform reads what it has imported.
	read, more := p.read(typeName, got)
	return read, append(diagnostics, more...)
}

// imports imports an object by its id or its identity, and does not read it.
func (p *process) imports(request *tfprotov6.ImportResourceStateRequest) (kept, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	_, typ := p.schemaOf(request.TypeName)
	imported, err := p.server.ImportResourceState(context.Background(), request)
	if err != nil {
		p.t.Fatal(err)
	}
	if len(imported.ImportedResources) != 1 || len(problems(imported.Diagnostics)) > 0 {
		return kept{}, imported.Diagnostics
	}
	one := imported.ImportedResources[0]
	return kept{state: p.unpack(typ, one.State), private: one.Private, identity: one.Identity}, imported.Diagnostics
}

func (p *process) data(typeName string, config map[string]any) (tftypes.Value, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	typ, ok := p.schemas.DataSourceSchemas[typeName].ValueType().(tftypes.Object)
	if !ok {
		p.t.Fatalf("%s has no object type", typeName)
	}
	read, err := p.server.ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{
		TypeName: typeName, Config: dynamic(p.t, objectOf(p.t, typ, config)),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.unpack(typ, read.State), read.Diagnostics
}

// problems are the errors as the CLI prints them.
func problems(diagnostics []*tfprotov6.Diagnostic) []string {
	var found []string
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			found = append(found, diagnostic.Summary+": "+diagnostic.Detail)
		}
	}
	return found
}

// applyAll refreshes, plans and applies as terraform apply does: the plan in one process, and in another the plan once more
// and the apply.
func (m *machine) applyAll(typeName string, before kept, config map[string]any) kept {
	m.t.Helper()
	planning := m.process()
	before = m.refresh(planning, typeName, before)
	if config == nil && before.nothing() {
		return before
	}
	c, diagnostics := planning.plan(typeName, before, config)
	noErrors(m.t, diagnostics)
	if !before.nothing() && config != nil && c.planned.Equal(before.state) {
		return before
	}
	applying := m.process()
	c, diagnostics = applying.plan(typeName, before, config)
	noErrors(m.t, diagnostics)
	if c.replaces {
		m.t.Errorf("the plan replaces the resource")
	}
	after, diagnostics := applying.apply(typeName, before, c)
	noErrors(m.t, diagnostics)
	return after
}

func (m *machine) refresh(p *process, typeName string, before kept) kept {
	m.t.Helper()
	if before.nothing() {
		return before
	}
	after, diagnostics := p.read(typeName, before)
	noErrors(m.t, diagnostics)
	return after
}

// picture is what the resources manage in the tenant, without ids and times that a repetition would change.
func (m *machine) picture() string {
	m.t.Helper()
	found, err := m.tn.Snapshot(context.Background())
	if err != nil {
		m.t.Fatal(err)
	}
	var lines []string
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
		lines = append(lines, fmt.Sprintf("location %s %t %s", location.DisplayName, location.IsTrusted, strings.Join(ranges, " ")))
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
