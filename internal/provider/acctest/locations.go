package acctest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// RefusedAccess counts the requests about Conditional Access that were throttled since the log was cleared.
func (tn *Tenant) RefusedAccess() int {
	tn.T.Helper()
	return tn.count(func(request control.Request) bool {
		return request.Class == control.ClassConditionalAccess && request.Status == http.StatusTooManyRequests
	})
}

// What a move from azuread_named_location names.
const (
	AzureADAddress = "registry.terraform.io/hashicorp/azuread"
	AzureADType    = "azuread_named_location"
	AzureADPath    = "/identity/conditionalAccess/namedLocations/"
)

// Move asks for a state of another resource to be taken over, as a moved block does.
func (l *Lister) Move(provider, typeName string, version int64, state string) *tfprotov6.MoveResourceStateResponse {
	l.t.Helper()
	moved, err := l.Server.MoveResourceState(context.Background(), &tfprotov6.MoveResourceStateRequest{
		SourceProviderAddress: provider, SourceTypeName: typeName, SourceSchemaVersion: version,
		SourceState: &tfprotov6.RawState{JSON: []byte(state)}, TargetTypeName: l.TypeName,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return moved
}

// AzureADConfig is a location of azuread that is called Harbour.
func AzureADConfig(block string) string {
	return "resource \"azuread_named_location\" \"test\" {\n  display_name = \"Harbour\"\n  " + block + "\n}\n"
}

// HarbourHere is the same location as a resource of this provider, with its ranges in another order and spelling.
func (tn *Tenant) HarbourHere(extra ...string) string {
	return tn.Provider() + TrustedIPs("Harbour", "2001:db8:c::/48", "192.0.2.128/26") + strings.Join(extra, "")
}

// MovesFromAzureAD applies a location by azuread and then takes the given steps.
func (tn *Tenant) MovesFromAzureAD(t *testing.T, version int64, block string, steps ...resource.TestStep) *AzureAD {
	t.Helper()
	stub, factories := tn.WithAzureAD(version)
	first := resource.TestStep{Config: AzureADConfig(block), Check: func(*terraform.State) error { return tn.ClearRequests(context.Background()) }}
	TestCLI(t, resource.TestCase{
		// The tests over the protocol show the same without such a CLI.
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)},
		ProtoV6ProviderFactories: factories, Steps: append([]resource.TestStep{first}, steps...),
	})
	return stub
}

// IsHarbour checks that the state has the id of the one location there is.
func (tn *Tenant) IsHarbour(s *terraform.State) error {
	location, err := tn.Named("Harbour")
	if err != nil {
		return err
	}
	return resource.TestCheckResourceAttr(LocationAddress, "id", location.ID)(s)
}

// LocationType is the type of the trusted location.
const LocationType = "entramfa_trusted_ips"

// LocationSession drives entramfa_trusted_ips as the CLI does, without one.
type LocationSession struct{ *Session }

func (tn *Tenant) LocationSession(t *testing.T, extra map[string]any) *LocationSession {
	t.Helper()
	return &LocationSession{tn.SessionOf(t, LocationType, extra)}
}

// RangeList makes a list; unknown is the text of an element that is not known.
func RangeList(texts ...string) tftypes.Value {
	values := make([]tftypes.Value, len(texts))
	for i, text := range texts {
		values[i] = tftypes.NewValue(tftypes.String, text)
		if text == "unknown" {
			values[i] = tftypes.NewValue(tftypes.String, tftypes.UnknownValue)
		}
	}
	return tftypes.NewValue(tftypes.List{ElementType: tftypes.String}, values)
}

// Location is a configuration, and locationState a state.
func Location(name string, ranges ...string) map[string]any {
	return map[string]any{"display_name": name, "ip_ranges": RangeList(ranges...)}
}

// LocationState is the state of a location.
func LocationState(id, name string, trusted bool, addresses, networks int64, ranges ...string) map[string]any {
	sizes := map[string]tftypes.Value{}
	for _, r := range iprange.Read(ranges) {
		sizes[r.String()] = tftypes.NewValue(tftypes.String, r.Size())
	}
	return map[string]any{
		"id": id, "name": name, "display_name": name, "ip_ranges": RangeList(ranges...), "trusted": trusted,
		"address_count_ipv4": addresses, "network_count_ipv6": networks, "range_sizes": tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, sizes),
	}
}

// Branch is the state of the location that a policy names.
func Branch() map[string]any {
	return LocationState(BranchID, "Branch", true, 128, 65_536, "198.51.100.77/25", "2001:DB8:B:0:0:0:0:0/48")
}

// Depot is the state of a location of the test tenant.
func Depot() map[string]any { return LocationState(DepotID, "Depot", true, 16, 0, "192.0.2.0/28") }

func (s *LocationSession) Validate(config map[string]any) []*tfprotov6.Diagnostic {
	s.t.Helper()
	validated, err := s.Server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: LocationType, Config: Dynamic(s.t, ObjectOf(s.t, s.Type, config)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return validated.Diagnostics
}

// Read refreshes a state.
func (s *LocationSession) Read(state map[string]any) *tfprotov6.ReadResourceResponse {
	s.t.Helper()
	read, err := s.Server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: LocationType, CurrentState: Dynamic(s.t, ObjectOf(s.t, s.Type, state)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return read
}

func (s *LocationSession) Unmarshal(value *tfprotov6.DynamicValue) tftypes.Value {
	s.t.Helper()
	unpacked, err := value.Unmarshal(s.Type)
	if err != nil {
		s.t.Fatal(err)
	}
	return unpacked
}

// AttributeOf is an attribute of an object.
func AttributeOf(t *testing.T, value tftypes.Value, name string) tftypes.Value {
	t.Helper()
	var attributes map[string]tftypes.Value
	if err := value.As(&attributes); err != nil {
		t.Fatal(err)
	}
	return attributes[name]
}

// Told are the diagnostics of a severity as texts: path, summary and detail.
func Told(severity tfprotov6.DiagnosticSeverity, diagnostics []*tfprotov6.Diagnostic) []string {
	var found []string
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == severity {
			at := ""
			if diagnostic.Attribute != nil {
				at = diagnostic.Attribute.String()
			}
			found = append(found, at+"\n"+diagnostic.Summary+"\n"+diagnostic.Detail)
		}
	}
	return found
}

// WantTold fails the test unless there is exactly one diagnostic for each list of texts, and it says them in that order.
func WantTold(t *testing.T, found []string, want [][]string) {
	t.Helper()
	left := slices.Clone(found)
	for _, texts := range want {
		at := slices.IndexFunc(left, func(have string) bool { return Says(texts...).MatchString(have) })
		if at < 0 {
			t.Errorf("nothing says %q; said is %q", texts, found)
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	if len(left) > 0 {
		t.Errorf("nobody expected %q", left)
	}
}

// SentTo counts the requests to a path that ends so.
func (tn *Tenant) SentTo(suffix string) int {
	tn.T.Helper()
	return tn.count(func(request control.Request) bool {
		return strings.HasSuffix(request.Path, suffix)
	})
}

// Apply plans and applies a configuration.
func (s *LocationSession) Apply(prior, config map[string]any) *tfprotov6.ApplyResourceChangeResponse {
	s.t.Helper()
	planned := s.Plan(prior, config)
	NoErrors(s.t, planned.Diagnostics)
	before := tftypes.NewValue(s.Type, nil)
	if prior != nil {
		before = ObjectOf(s.t, s.Type, prior)
	}
	applied, err := s.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: LocationType, PriorState: Dynamic(s.t, before), Config: Dynamic(s.t, ObjectOf(s.t, s.Type, config)),
		PlannedState: planned.PlannedState, PlannedIdentity: planned.PlannedIdentity, PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	NoErrors(s.t, applied.Diagnostics)
	return applied
}

// Refresh reads what was applied, as another run does.
func (s *LocationSession) Refresh(applied *tfprotov6.ApplyResourceChangeResponse, private []byte) *tfprotov6.ReadResourceResponse {
	s.t.Helper()
	read, err := s.Server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: LocationType, CurrentState: applied.NewState, CurrentIdentity: applied.NewIdentity, Private: private,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	NoErrors(s.t, read.Diagnostics)
	return read
}

// AnotherRun is a session with a provider of its own, with the bounds that the tenant was started with.
func (tn *Tenant) AnotherRun(t *testing.T) *LocationSession {
	t.Helper()
	server, err := tn.Factory["entramfa"]()
	if err != nil {
		t.Fatal(err)
	}
	schemas, diagnostics := Configure(t, server, map[string]any{
		"tenant_id": TenantID, "client_id": AppID, "client_secret": AppSecret, "use_cli": false,
		"graph_endpoint": tn.URL, "authority_host": tn.URL, "ca_bundle_path": tn.CAFile,
	})
	NoErrors(t, diagnostics)
	typ, ok := schemas.ResourceSchemas[LocationType].ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("%s has no object type", LocationType)
	}
	return &LocationSession{&Session{t: t, Server: server, TypeName: LocationType, Type: typ}}
}

// LocationAddress is where tests that have one location configure it.
const LocationAddress = "entramfa_trusted_ips.test"

// What the tenant has before a test makes anything.
const (
	BranchID    = "55555555-eeee-4eee-8eee-000000000001" // trusted, and a policy names it
	DepotID     = "55555555-eeee-4eee-8eee-000000000002" // trusted
	GuestsID    = "55555555-eeee-4eee-8eee-000000000003" // not trusted
	ItalyID     = "55555555-eeee-4eee-8eee-000000000004" // countries
	TwinID      = "55555555-eeee-4eee-8eee-000000000005" // shares its name with the next
	OtherTwinID = "55555555-eeee-4eee-8eee-000000000006"
	StrengthID  = "77777777-aaaa-4aaa-8aaa-000000000001"
	GateID      = "66666666-ffff-4fff-8fff-000000000001"
	BranchOnly  = "66666666-ffff-4fff-8fff-000000000002"
)

// LocationTenant is the test tenant with named locations and Conditional Access policies that use them.
func LocationTenant() *control.Tenant {
	people := Contoso()
	for i := range people.Apps {
		if people.Apps[i].ClientID == AppID {
			people.Apps[i].Permissions = append(people.Apps[i].Permissions, "Policy.ReadWrite.ConditionalAccess", "Application.Read.All", "RoleManagement.Read.Directory", "Organization.Read.All", "AuditLog.Read.All")
		}
	}
	with := func(id string, location control.NamedLocation) control.NamedLocation {
		location.ID = id
		return location
	}
	everybody := func(id, name, state string, locations control.PolicyLocations) control.ConditionalAccessPolicy {
		return control.ConditionalAccessPolicy{
			ID: id, DisplayName: name, State: state,
			Conditions: control.PolicyConditions{
				Applications: &control.PolicyApplications{IncludeApplications: []string{"All"}},
				Users:        &control.PolicyUsers{IncludeUsers: []string{"All"}},
				Locations:    &locations,
			},
			GrantControls: &control.ConditionalAccessGrant{Operator: "OR", BuiltInControls: []string{"mfa"}},
		}
	}
	people.NamedLocations = []control.NamedLocation{
		with(BranchID, control.NewIPNamedLocation("Branch", true, "198.51.100.77/25", "2001:DB8:B:0:0:0:0:0/48")),
		with(DepotID, control.NewIPNamedLocation("Depot", true, "192.0.2.0/28")),
		with(GuestsID, control.NewIPNamedLocation("Guests", false, "203.0.113.0/24")),
		with(ItalyID, control.NewCountryNamedLocation("Italy", "IT")),
		with(TwinID, control.NewIPNamedLocation("Twin", true, "192.0.2.32/28")),
		with(OtherTwinID, control.NewIPNamedLocation("Twin", true, "192.0.2.64/28")),
	}
	people.ConditionalAccessPolicies = []control.ConditionalAccessPolicy{
		everybody(GateID, "MFA outside", control.PolicyEnabled, control.PolicyLocations{IncludeLocations: []string{"All"}, ExcludeLocations: []string{"AllTrusted"}}),
		everybody(BranchOnly, "Branch only", control.PolicyReportOnly, control.PolicyLocations{IncludeLocations: []string{BranchID}}),
	}
	strength := control.AuthenticationStrength{ID: StrengthID, DisplayName: "Passkeys", AllowedCombinations: []string{"fido2"}}
	people.Objects = map[string]any{"authenticationStrengths": []control.AuthenticationStrength{strength}}
	return people
}

// NewLocationTenant serves such a tenant until the test ends.
func NewLocationTenant(t *testing.T) *Tenant { return StartTenant(t, LocationTenant(), Quick()) }

// TrustedIPs is a resource block.
func TrustedIPs(name string, ranges ...string) string {
	quoted := make([]string, len(ranges))
	for i, text := range ranges {
		quoted[i] = fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("resource \"entramfa_trusted_ips\" \"test\" {\n  display_name = %q\n  ip_ranges = [%s]\n}\n", name, strings.Join(quoted, ", "))
}

// Named finds a location of the tenant, which has to be the only one of its name.
func (tn *Tenant) Named(name string) (control.NamedLocation, error) {
	locations, err := tn.ListNamedLocations(context.Background())
	if err != nil {
		return control.NamedLocation{}, err
	}
	var found []control.NamedLocation
	for _, location := range locations {
		if location.DisplayName == name {
			found = append(found, location)
		}
	}
	if len(found) != 1 {
		return control.NamedLocation{}, fmt.Errorf("the tenant has %d locations that are called %q", len(found), name)
	}
	return found[0], nil
}

// HasLocation checks what the tenant really has under a name.
func (tn *Tenant) HasLocation(name string, ranges ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		location, err := tn.Named(name)
		if err != nil {
			return err
		}
		var have []string
		for _, r := range location.IPRanges {
			have = append(have, r.CIDRAddress)
		}
		slices.Sort(have)
		slices.Sort(ranges)
		if !location.IsTrusted || !slices.Equal(have, ranges) {
			return fmt.Errorf("%q is trusted: %t, and has %q, want %q", name, location.IsTrusted, have, ranges)
		}
		return nil
	}
}

// HasNoLocation checks that nothing has the name.
func (tn *Tenant) HasNoLocation(name string) error {
	locations, err := tn.ListNamedLocations(context.Background())
	for _, location := range locations {
		if location.DisplayName == name {
			return fmt.Errorf("the tenant still has a location that is called %q", name)
		}
	}
	return err
}

// Patched changes the location that has a name, behind Terraform's back.
func (tn *Tenant) Patched(name string, changes control.NamedLocationPatch) func() {
	return tn.Do(func(ctx context.Context) error {
		location, err := tn.Named(name)
		if err == nil {
			_, err = tn.PatchNamedLocation(ctx, location.ID, changes)
		}
		return err
	})
}

// Removed deletes the location that has a name, behind Terraform's back.
func (tn *Tenant) Removed(name string) func() {
	return tn.Do(func(ctx context.Context) error {
		location, err := tn.Named(name)
		if err == nil {
			err = tn.DeleteNamedLocation(ctx, location.ID)
		}
		return err
	})
}

// Sent counts the requests about Conditional Access since the log was cleared, by method.
func (tn *Tenant) Sent(methods ...string) int {
	tn.T.Helper()
	return tn.count(func(request control.Request) bool {
		return request.Class == control.ClassConditionalAccess && slices.Contains(methods, request.Method)
	})
}

// WroteLocations checks how many writes there were since the log was cleared, and clears it.
func (tn *Tenant) WroteLocations(want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if have := tn.Sent(http.MethodPost, http.MethodPatch, http.MethodDelete); have != want {
			return fmt.Errorf("%d writes of named locations were sent, want %d", have, want)
		}
		return tn.ClearRequests(context.Background())
	}
}

// SavedPlan applies a location, plans a change of it or its end, lets something happen, and applies the plan in another process.
func (m *Machine) SavedPlan(before, config map[string]any, refresh bool, meanwhile func()) (Kept, []*tfprotov6.Diagnostic) {
	m.T.Helper()
	has := m.ApplyAll(LocationType, Kept{}, before)
	if !refresh {
		meanwhile()
	}
	first, diagnostics := m.Process().Plan(LocationType, has, config)
	NoErrors(m.T, diagnostics)
	if refresh {
		meanwhile()
	}
	if err := m.Tenant.ClearRequests(context.Background()); err != nil {
		m.T.Fatal(err)
	}
	applying := m.Process()
	if config == nil {
		// A destroy is not planned again.
		return applying.Apply(LocationType, has, first)
	}
	planned, diagnostics := applying.Plan(LocationType, has, config)
	NoErrors(m.T, diagnostics)
	return applying.Apply(LocationType, has, planned)
}
