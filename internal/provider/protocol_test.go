package provider_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// objectOf makes a value of an object type from plain Go values; what is not given is null.
func objectOf(t *testing.T, typ tftypes.Object, values map[string]any) tftypes.Value {
	t.Helper()
	attributes := map[string]tftypes.Value{}
	for name, attribute := range typ.AttributeTypes {
		if value, ok := values[name].(tftypes.Value); ok {
			attributes[name] = value
			continue
		}
		attributes[name] = tftypes.NewValue(attribute, values[name])
	}
	for name := range values {
		if _, ok := typ.AttributeTypes[name]; !ok {
			t.Fatalf("the schema has no attribute %q", name)
		}
	}
	return tftypes.NewValue(typ, attributes)
}

func dynamic(t *testing.T, value tftypes.Value) *tfprotov6.DynamicValue {
	t.Helper()
	packed, err := tfprotov6.NewDynamicValue(value.Type(), value)
	if err != nil {
		t.Fatal(err)
	}
	return &packed
}

// configure configures the provider as the CLI does, and returns its schemas.
func configure(t *testing.T, server tfprotov6.ProviderServer, attributes map[string]any) (*tfprotov6.GetProviderSchemaResponse, []*tfprotov6.Diagnostic) {
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
	config := dynamic(t, objectOf(t, typ, attributes))
	configured, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{TerraformVersion: "1.99.0", Config: config})
	if err != nil {
		t.Fatal(err)
	}
	return schemas, configured.Diagnostics
}

// session drives a resource as the CLI does, without one: for what the CLI at hand cannot show, such as warnings in a
// form that can be compared, and identities.
type session struct {
	t        *testing.T
	server   tfprotov6.ProviderServer
	typeName string
	typ      tftypes.Object
	identity tftypes.Object
}

const typeName = "entramfa_user_mfa_state"

// session drives the resource of one user.
func (tn *tenant) session(t *testing.T, extra map[string]any) *session {
	t.Helper()
	s := tn.sessionOf(t, typeName, extra)
	s.identity = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_id": tftypes.String}}
	return s
}

// sessionOf drives a resource, signed in with the full app; extra attributes are added to the provider block.
func (tn *tenant) sessionOf(t *testing.T, typeName string, extra map[string]any) *session {
	t.Helper()
	server := tn.server(t, nil)
	attributes := map[string]any{
		"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret, "use_cli": false,
		"graph_endpoint": tn.url, "authority_host": tn.url, "ca_bundle_path": tn.caFile,
	}
	for name, value := range extra {
		attributes[name] = value
	}
	schemas, diagnostics := configure(t, server, attributes)
	noErrors(t, diagnostics)
	typ, ok := schemas.ResourceSchemas[typeName].ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("%s has no object type", typeName)
	}
	return &session{t: t, server: server, typeName: typeName, typ: typ}
}

func noErrors(t *testing.T, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			t.Fatalf("%s: %s", diagnostic.Summary, diagnostic.Detail)
		}
	}
}

// plan plans from a prior state (nil: create) to a configuration (nil: destroy).
func (s *session) plan(prior, config map[string]any) *tfprotov6.PlanResourceChangeResponse {
	s.t.Helper()
	null := tftypes.NewValue(s.typ, nil)
	priorValue, configValue, proposed := null, null, null
	if prior != nil {
		priorValue = objectOf(s.t, s.typ, prior)
	}
	if config != nil {
		configValue = objectOf(s.t, s.typ, config)
		merged := map[string]any{}
		for name := range s.typ.AttributeTypes {
			merged[name] = prior[name]
			if value, ok := config[name]; ok {
				merged[name] = value
			}
		}
		proposed = objectOf(s.t, s.typ, merged)
	}
	planned, err := s.server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: s.typeName, PriorState: dynamic(s.t, priorValue), Config: dynamic(s.t, configValue), ProposedNewState: dynamic(s.t, proposed),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return planned
}

// state is a whole state of a user, as it stands after an apply.
func state(id, upn, wanted, effective string) map[string]any {
	return map[string]any{
		"id": id, "user_id": id, "user_principal_name": upn, "state": wanted, "effective_state": effective,
		"allow_promotion": false, "on_destroy": "disable",
	}
}

func warnings(diagnostics []*tfprotov6.Diagnostic) []string {
	var found []string
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityWarning {
			found = append(found, diagnostic.Summary+": "+diagnostic.Detail)
		}
	}
	return found
}

func TestAPlanWarnsOfWhatTakesProtectionAwayAndOfNothingElse(t *testing.T) {
	t.Parallel()
	s := newTenant(t).session(t, nil)
	keep := state(adeleID, adeleUPN, "enabled", "enabled")
	keep["on_destroy"] = "keep"
	// No name in the summary, or Terraform would not fold what it says of many users.
	const stops = "Per-user MFA stops applying to a user: "
	megan := withName(state(meganID, meganUPN, "enabled", "enabled"), "Megan Bowen ("+meganUPN+")")
	for name, c := range map[string]struct {
		prior, config map[string]any
		want          []string
	}{
		"enabled to disabled": {
			megan,
			map[string]any{"user_principal_name": meganUPN, "state": "disabled"},
			[]string{stops + "Megan Bowen (" + meganUPN + "), object id " + meganID + ", goes from enabled to disabled.", "a password is then enough"},
		},
		"enforced to disabled": {
			state(diegoID, diegoUPN, "enabled", "enforced"),
			map[string]any{"user_id": diegoID, "state": "disabled"},
			[]string{stops + diegoUPN, "from enforced to disabled"},
		},
		"adopted to disable":           {nil, map[string]any{"user_principal_name": diegoUPN, "state": "disabled"}, []string{stops + "Diego Siciliani (" + diegoUPN}},
		"destroy":                      {state(meganID, meganUPN, "enabled", "enabled"), nil, []string{stops + meganUPN}},
		"destroy of a promoted user":   {state(diegoID, diegoUPN, "enabled", "enforced"), nil, []string{stops + diegoUPN, "from enforced"}},
		"replaced by another user":     {state(meganID, meganUPN, "enabled", "enabled"), map[string]any{"user_id": adeleID, "state": "enabled"}, []string{stops + meganUPN}},
		"destroy with keep":            {keep, nil, nil},
		"destroy of a disabled user":   {state(adeleID, adeleUPN, "disabled", "disabled"), nil, nil},
		"no change":                    {state(meganID, meganUPN, "enabled", "enabled"), map[string]any{"user_id": meganID, "state": "enabled"}, nil},
		"disabled to enabled":          {state(adeleID, adeleUPN, "disabled", "disabled"), map[string]any{"user_id": adeleID, "state": "enabled"}, nil},
		"created, nothing there":       {nil, map[string]any{"user_id": adeleID, "state": "enabled"}, nil},
		"created disabled, is so":      {nil, map[string]any{"user_id": adeleID, "state": "disabled"}, nil},
		"adopted, enabled already":     {nil, map[string]any{"user_id": meganID, "state": "enabled"}, []string{"A user is adopted as they are: The per-user MFA state of Megan Bowen (" + meganUPN + ")", `is "enabled" already`, "writes nothing", "sets it to disabled"}},
		"adopted, promoted, with keep": {nil, map[string]any{"user_id": diegoID, "state": "enabled", "on_destroy": "keep"}, []string{`is "enforced" already, which satisfies "enabled"`, "leaves it as it is"}},
	} {
		t.Run(name, func(t *testing.T) {
			planned := s.plan(c.prior, c.config)
			noErrors(t, planned.Diagnostics)
			found := warnings(planned.Diagnostics)
			if len(c.want) == 0 {
				if len(found) != 0 {
					t.Errorf("the plan warns of %q", found)
				}
				return
			}
			if len(found) != 1 {
				t.Fatalf("the plan gives the warnings %q, want one", found)
			}
			if !says(c.want...).MatchString(found[0]) {
				t.Errorf("the warning is %q, want it to say %q", found[0], c.want)
			}
		})
	}
}

func TestImportByIdentity(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := newTenant(t).session(t, nil)
	identityOf := func(id string) *tfprotov6.ResourceIdentityData {
		value := tftypes.NewValue(s.identity, map[string]tftypes.Value{"user_id": tftypes.NewValue(tftypes.String, id)})
		return &tfprotov6.ResourceIdentityData{IdentityData: dynamic(t, value)}
	}
	imported, err := s.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: typeName, Identity: identityOf(diegoID)})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, imported.Diagnostics)
	read, err := s.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: typeName, CurrentState: imported.ImportedResources[0].State,
		CurrentIdentity: imported.ImportedResources[0].Identity, Private: imported.ImportedResources[0].Private,
	})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, read.Diagnostics)
	have, err := read.NewState.Unmarshal(s.typ)
	if err != nil {
		t.Fatal(err)
	}
	imports := withName(state(diegoID, diegoUPN, "enabled", "enforced"), "Diego Siciliani ("+diegoUPN+")")
	if want := objectOf(t, s.typ, imports); !have.Equal(want) {
		t.Errorf("the imported state is\n%s\nwant\n%s", have, want)
	}
	identity, err := read.NewIdentity.IdentityData.Unmarshal(s.identity)
	if err != nil {
		t.Fatal(err)
	}
	want, err := identityOf(diegoID).IdentityData.Unmarshal(s.identity)
	if err != nil {
		t.Fatal(err)
	}
	if !identity.Equal(want) {
		t.Errorf("the identity is %s, want %s", identity, want)
	}

	refused, err := s.server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: typeName, Identity: identityOf(nobodyID)})
	if err != nil {
		t.Fatal(err)
	}
	if len(refused.Diagnostics) == 0 || !says("not found").MatchString(refused.Diagnostics[0].Summary) {
		t.Errorf("the import of a user who is not there says %v", refused.Diagnostics)
	}
}

func TestAPlanWithAProviderThatIsNotKnownYetChecksNothingAndSaysSoWhenItMust(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	s := tn.session(t, map[string]any{"client_secret": tftypes.NewValue(tftypes.String, tftypes.UnknownValue)})

	planned := s.plan(nil, map[string]any{"user_id": nobodyID, "state": "enforced"})
	if len(planned.Diagnostics) != 0 {
		t.Errorf("the plan says %v", planned.Diagnostics)
	}
	noErrors(t, s.plan(state(meganID, meganUPN, "enabled", "enabled"), map[string]any{"user_id": meganID, "state": "disabled"}).Diagnostics)

	read, err := s.server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: typeName, CurrentState: dynamic(t, objectOf(t, s.typ, state(meganID, meganUPN, "enabled", "enabled"))),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Diagnostics) != 1 || !says("The provider block depends on values that are not known yet: client_secret").MatchString(read.Diagnostics[0].Detail) {
		t.Errorf("a read without a configured provider says %v", read.Diagnostics)
	}
	requests, err := tn.Requests(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) != 0 {
		t.Errorf("%d requests were sent without a configured provider", len(requests))
	}
	// The control: the same plan, configured, is refused.
	refused := tn.session(t, nil).plan(nil, map[string]any{"user_id": nobodyID, "state": "enforced"})
	if len(refused.Diagnostics) == 0 {
		t.Error("a configured provider plans an unknown user")
	}
}
