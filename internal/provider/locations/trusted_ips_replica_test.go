package locations_test

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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// Bounds with which a location that was not written lately is believed at once, and one that was is not.
func impatient() client.Options {
	options := acctest.Quick()
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
		"create": {nil, acctest.Location("HQ", "203.0.113.0/24"), func(state tftypes.Value) bool { return state.IsNull() }},
		"update": {acctest.Depot(), acctest.Location("Depot", "203.0.113.0/24"), func(state tftypes.Value) bool {
			return !state.IsNull() && acctest.AttributeOf(t, state, "ip_ranges").Equal(acctest.RangeList("192.0.2.0/28"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.StartTenant(t, acctest.LocationTenant(), impatient())
			ctx := context.Background()
			// The first of the reads that follow a write see what was before it.
			if err := tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 6, LagCreates: true}}); err != nil {
				t.Fatal(err)
			}
			s := tn.AnotherRun(t)
			s.Plan(c.prior, c.config) // what a plan reads is read now
			if err := tn.ClearRequests(ctx); err != nil {
				t.Fatal(err)
			}
			applied := s.Apply(c.prior, c.config)
			if found := acctest.Told(tfprotov6.DiagnosticSeverityWarning, applied.Diagnostics); len(found) != 0 {
				t.Errorf("the apply warns of %q", found)
			}
			if reads, writes := tn.Sent(http.MethodGet), tn.Sent(http.MethodPost, http.MethodPatch); reads != 0 || writes != 1 {
				t.Errorf("the apply sent %d reads and %d writes", reads, writes)
			}

			// The control: without what was kept, the next run believes the replica.
			if state := s.Unmarshal(tn.AnotherRun(t).Refresh(applied, nil).NewState); !c.forgotten(state) {
				t.Errorf("who does not know of the write reads %s", state)
			}
			read := tn.AnotherRun(t).Refresh(applied, applied.Private)
			if have, want := s.Unmarshal(read.NewState), s.Unmarshal(applied.NewState); !have.Equal(want) {
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
	tn := acctest.StartTenant(t, acctest.LocationTenant(), options)
	if err := tn.SetBehavior(context.Background(), control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000, LagCreates: true}}); err != nil {
		t.Fatal(err)
	}
	s := tn.AnotherRun(t)
	applied := s.Apply(nil, acctest.Location("HQ", "203.0.113.0/24"))
	if state := s.Unmarshal(tn.AnotherRun(t).Refresh(applied, applied.Private).NewState); !state.IsNull() {
		t.Errorf("the next run reads %s", state)
	}
}

func TestALocationThatIsStoredDifferentlyIsAWarning(t *testing.T) {
	t.Parallel()
	tn := acctest.StartTenant(t, acctest.LocationTenant(), impatient())
	const stored = `{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"` + acctest.GuestsID + `","displayName":"Head office","isTrusted":false,
		"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"203.0.113.0/25"},{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"198.51.100.0/24"}]}`
	tn.Fault(control.Fault{Method: http.MethodPost, PathRegexp: "/namedLocations$", Status: http.StatusCreated, Body: stored})()
	s := tn.AnotherRun(t)
	applied := s.Apply(nil, acctest.Location("HQ", "203.0.113.0/24"))
	acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityWarning, applied.Diagnostics), [][]string{{
		`Named location "HQ" is not stored as it was asked for`, "accepted the new location " + acctest.GuestsID, `the name is "Head office"`,
		"it is one of IP ranges, not trusted", "203.0.113.128/25 is not in it", "198.51.100.0/24 is in it", "The next plan shows the difference",
	}})
	// It is in the state, and the next run does not wait for it to become what it will not.
	state := s.Unmarshal(tn.AnotherRun(t).Refresh(applied, applied.Private).NewState)
	if state.IsNull() || !acctest.AttributeOf(t, state, "display_name").Equal(tftypes.NewValue(tftypes.String, "Guests")) {
		t.Errorf("the next run reads %s", state)
	}
	// The control: another spelling is no difference.
	applied = s.Apply(nil, acctest.Location("HQ", "203.0.113.7/24", "2001:DB8:A:0::/64"))
	if found := acctest.Told(tfprotov6.DiagnosticSeverityWarning, applied.Diagnostics); len(found) != 0 {
		t.Errorf("the apply warns of %q", found)
	}
}
