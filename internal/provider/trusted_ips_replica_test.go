package provider_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// apply plans and applies a configuration.
func (s *locationSession) apply(prior, config map[string]any) *tfprotov6.ApplyResourceChangeResponse {
	s.t.Helper()
	planned := s.plan(prior, config)
	noErrors(s.t, planned.Diagnostics)
	before := tftypes.NewValue(s.typ, nil)
	if prior != nil {
		before = objectOf(s.t, s.typ, prior)
	}
	applied, err := s.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: locationType, PriorState: dynamic(s.t, before), Config: dynamic(s.t, objectOf(s.t, s.typ, config)),
		PlannedState: planned.PlannedState, PlannedIdentity: planned.PlannedIdentity, PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	noErrors(s.t, applied.Diagnostics)
	return applied
}

// refresh reads what was applied, as another run does.
func (s *locationSession) refresh(applied *tfprotov6.ApplyResourceChangeResponse, private []byte) *tfprotov6.ReadResourceResponse {
	s.t.Helper()
	read, err := s.server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: locationType, CurrentState: applied.NewState, CurrentIdentity: applied.NewIdentity, Private: private,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	noErrors(s.t, read.Diagnostics)
	return read
}

// anotherRun is a session with a provider of its own, with the bounds that the tenant was started with.
func (tn *tenant) anotherRun(t *testing.T) *locationSession {
	t.Helper()
	server, err := tn.factory["entramfa"]()
	if err != nil {
		t.Fatal(err)
	}
	schemas, diagnostics := configure(t, server, map[string]any{
		"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret, "use_cli": false,
		"graph_endpoint": tn.url, "authority_host": tn.url, "ca_bundle_path": tn.caFile,
	})
	noErrors(t, diagnostics)
	typ, ok := schemas.ResourceSchemas[locationType].ValueType().(tftypes.Object)
	if !ok {
		t.Fatalf("%s has no object type", locationType)
	}
	return &locationSession{&session{t: t, server: server, typeName: locationType, typ: typ}}
}

// Bounds with which a location that was not written lately is believed at once, and one that was is not.
func impatient() client.Options {
	options := quick()
	options.Consistency.Drift, options.Consistency.Missing = time.Nanosecond, time.Nanosecond
	options.Consistency.Timeout = time.Minute
	return options
}

func TestAWriteIsNotReadBackAndTheNextRunKnowsOfIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prior, config map[string]any
		// forgotten is what a run sees that does not know of the write.
		forgotten func(state tftypes.Value) bool
	}{
		"create": {nil, location("HQ", "203.0.113.0/24"), func(state tftypes.Value) bool { return state.IsNull() }},
		"update": {depot(), location("Depot", "203.0.113.0/24"), func(state tftypes.Value) bool {
			return !state.IsNull() && attributeOf(t, state, "ip_ranges").Equal(rangeList("192.0.2.0/28"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := startTenant(t, locationTenant(), impatient())
			ctx := context.Background()
			// The first of the reads that follow a write see what was before it.
			if err := tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 6, LagCreates: true}}); err != nil {
				t.Fatal(err)
			}
			s := tn.anotherRun(t)
			s.plan(c.prior, c.config) // what a plan reads is read now
			if err := tn.ClearRequests(ctx); err != nil {
				t.Fatal(err)
			}
			applied := s.apply(c.prior, c.config)
			if found := told(tfprotov6.DiagnosticSeverityWarning, applied.Diagnostics); len(found) != 0 {
				t.Errorf("the apply warns of %q", found)
			}
			if reads, writes := tn.sent(http.MethodGet), tn.sent(http.MethodPost, http.MethodPatch); reads != 0 || writes != 1 {
				t.Errorf("the apply sent %d reads and %d writes", reads, writes)
			}

			// The control: without what was kept, the next run believes the replica.
			if state := s.unmarshal(tn.anotherRun(t).refresh(applied, nil).NewState); !c.forgotten(state) {
				t.Errorf("who does not know of the write reads %s", state)
			}
			read := tn.anotherRun(t).refresh(applied, applied.Private)
			if have, want := s.unmarshal(read.NewState), s.unmarshal(applied.NewState); !have.Equal(want) {
				t.Errorf("the next run reads\n%s\nwant\n%s", have, want)
			}
			// Or each refresh would make a new version of the state.
			if !bytes.Equal(read.Private, applied.Private) || len(applied.Private) == 0 {
				t.Errorf("the refresh makes %q of the private state %q", read.Private, applied.Private)
			}
		})
	}
}

func TestAWriteThatNeverShowsIsBelievedToBeLostInTheEnd(t *testing.T) {
	t.Parallel()
	options := impatient()
	options.Consistency.Timeout = 300 * time.Millisecond
	tn := startTenant(t, locationTenant(), options)
	if err := tn.SetBehavior(context.Background(), control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000, LagCreates: true}}); err != nil {
		t.Fatal(err)
	}
	s := tn.anotherRun(t)
	applied := s.apply(nil, location("HQ", "203.0.113.0/24"))
	if state := s.unmarshal(tn.anotherRun(t).refresh(applied, applied.Private).NewState); !state.IsNull() {
		t.Errorf("the next run reads %s", state)
	}
}

func TestALocationThatIsStoredDifferentlyIsAWarning(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, locationTenant(), impatient())
	const stored = `{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"` + guestsID + `","displayName":"Head office","isTrusted":false,
		"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"203.0.113.0/25"},{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"198.51.100.0/24"}]}`
	tn.fault(control.Fault{Method: http.MethodPost, PathRegexp: "/namedLocations$", Status: http.StatusCreated, Body: stored})()
	s := tn.anotherRun(t)
	applied := s.apply(nil, location("HQ", "203.0.113.0/24"))
	wantTold(t, told(tfprotov6.DiagnosticSeverityWarning, applied.Diagnostics), [][]string{{
		`Named location "HQ" is not stored as it was asked for`, "accepted the new location " + guestsID, `the name is "Head office"`,
		"it is one of IP ranges, not trusted", "203.0.113.128/25 is not in it", "198.51.100.0/24 is in it", "The next plan shows the difference",
	}})
	// It is in the state, and the next run does not wait for it to become what it will not.
	state := s.unmarshal(tn.anotherRun(t).refresh(applied, applied.Private).NewState)
	if state.IsNull() || !attributeOf(t, state, "display_name").Equal(tftypes.NewValue(tftypes.String, "Guests")) {
		t.Errorf("the next run reads %s", state)
	}
	// The control: another spelling is no difference.
	applied = s.apply(nil, location("HQ", "203.0.113.7/24", "2001:DB8:A:0::/64"))
	if found := told(tfprotov6.DiagnosticSeverityWarning, applied.Diagnostics); len(found) != 0 {
		t.Errorf("the apply warns of %q", found)
	}
}
