package acctest

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// CarryOut applies a plan of a creation, and returns what is said.
func (s *Session) CarryOut(config map[string]any, planned *tfprotov6.PlanResourceChangeResponse) []*tfprotov6.Diagnostic {
	s.t.Helper()
	applied, err := s.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: s.TypeName, PriorState: Dynamic(s.t, tftypes.NewValue(s.Type, nil)), Config: Dynamic(s.t, ObjectOf(s.t, s.Type, config)),
		PlannedState: planned.PlannedState, PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return applied.Diagnostics
}

// TextOf is a text attribute of a planned state.
func (s *Session) TextOf(planned *tfprotov6.DynamicValue, name string) string {
	s.t.Helper()
	var text string
	values := map[string]tftypes.Value{}
	value, err := planned.Unmarshal(s.Type)
	if err == nil {
		err = value.As(&values)
	}
	if err == nil {
		err = values[name].As(&text)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// ObjectOf makes a value of an object type from plain Go values; what is not given is null.
func ObjectOf(t *testing.T, typ tftypes.Object, values map[string]any) tftypes.Value {
	t.Helper()
	attributes := map[string]tftypes.Value{}
	for name, attribute := range typ.AttributeTypes {
		if value, ok := values[name].(tftypes.Value); ok {
			attributes[name] = value
			continue
		}
		switch plain := values[name].(type) {
		case map[string]any, []any:
			attributes[name] = ValueOf(attribute, plain)
		default:
			attributes[name] = tftypes.NewValue(attribute, plain)
		}
	}
	for name := range values {
		if _, ok := typ.AttributeTypes[name]; !ok {
			t.Fatalf("the schema has no attribute %q", name)
		}
	}
	return tftypes.NewValue(typ, attributes)
}

// Dynamic is a value as the protocol carries it.
func Dynamic(t *testing.T, value tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	packed, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil {
		t.Fatal(err)
	}
	return &packed
}

// Configure configures the provider as the CLI does, and returns its schemas.
func Configure(t *testing.T, server tfprotov6.ProviderServer, attributes map[string]any) (*tfprotov6.GetProviderSchemaResponse, []*tfprotov6.Diagnostic) {
	t.Helper()
	ctx := context.Background()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	typ, ok := schemas.Provider.ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("the provider's schema is a %T", schemas.Provider.ValueType())
	}
	config := Dynamic(t, ObjectOf(t, typ, attributes))
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.99.0", Config: config})
	if err != nil {
		t.Fatal(err)
	}
	return schemas, configured.Diagnostics
}

// Session drives a resource as the CLI does, without one: for what the CLI at hand cannot show, such as warnings in a
// form that can be compared, and identities.
type Session struct {
	t        *testing.T
	Server   tfprotov6.ProviderServer
	TypeName string
	Type     tftypes.Object
	Identity tftypes.Object
}

// TypeName is the type of the state of one user.
const TypeName = "entramfa_user_mfa_state"

// Session drives the resource of one user.
func (tn *Tenant) Session(t *testing.T, extra map[string]any) *Session {
	t.Helper()
	s := tn.SessionOf(t, TypeName, extra)
	s.Identity = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_id": tftypes.String}}
	return s
}

// SessionOf drives a resource, signed in with the full app; extra attributes are added to the provider block.
func (tn *Tenant) SessionOf(t *testing.T, typeName string, extra map[string]any) *Session {
	t.Helper()
	server := tn.Server(t, nil)
	attributes := map[string]any{
		"tenant_id": TenantID, "client_id": AppID, "client_secret": AppSecret, "use_cli": false,
		"graph_endpoint": tn.URL, "authority_host": tn.URL, "ca_bundle_path": tn.CAFile,
	}
	for name, value := range extra {
		attributes[name] = value
	}
	schemas, diagnostics := Configure(t, server, attributes)
	NoErrors(t, diagnostics)
	typ, ok := schemas.ResourceSchemas[typeName].ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("%s has no object type", typeName)
	}
	return &Session{t: t, Server: server, TypeName: typeName, Type: typ}
}

// NoErrors fails the test at an error.
func NoErrors(t *testing.T, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			t.Fatalf("%s: %s", diagnostic.Summary, diagnostic.Detail)
		}
	}
}

// Plan plans from a prior state (nil: create) to a configuration (nil: destroy).
func (s *Session) Plan(prior, config map[string]any) *tfprotov6.PlanResourceChangeResponse {
	s.t.Helper()
	null := tftypes.NewValue(s.Type, nil)
	priorValue, configValue, proposed := null, null, null
	if prior != nil {
		priorValue = ObjectOf(s.t, s.Type, prior)
	}
	if config != nil {
		configValue = ObjectOf(s.t, s.Type, config)
		merged := map[string]any{}
		for name := range s.Type.AttributeTypes {
			merged[name] = prior[name]
			if value, ok := config[name]; ok {
				merged[name] = value
			}
		}
		proposed = ObjectOf(s.t, s.Type, merged)
	}
	planned, err := s.Server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: s.TypeName, PriorState: Dynamic(s.t, priorValue), Config: Dynamic(s.t, configValue), ProposedNewState: Dynamic(s.t, proposed),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return planned
}

// State is a whole state of a user, as it stands after an apply.
func State(id, upn, wanted, effective string) map[string]any {
	return map[string]any{
		"id": id, "user_id": id, "user_principal_name": upn, "state": wanted, "effective_state": effective,
		"allow_promotion": false, "on_destroy": "disable",
	}
}

// Warnings are the summaries and details of the warnings.
func Warnings(diagnostics []*tfprotov6.Diagnostic) []string {
	var found []string
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityWarning {
			found = append(found, diagnostic.Summary+": "+diagnostic.Detail)
		}
	}
	return found
}

// AllOf is all that diagnostics say, as one text.
func AllOf(diagnostics []*tfprotov6.Diagnostic) string {
	var said strings.Builder
	for _, diagnostic := range diagnostics {
		said.WriteString(diagnostic.Summary + "\n" + diagnostic.Detail + "\n")
	}
	return said.String()
}
