package provider_test

import (
	"context"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// A whole life of each resource while replicas lag: no error, no drift, nothing lost, and nothing warned of.
func TestALifeAmongLaggingReplicas(t *testing.T) {
	t.Parallel()
	for name, lag := range map[string]control.ReplicaLag{
		"the first reads are old":  {Reads: 8, LagCreates: true, LagDeletes: true, LagChecks: true},
		"answers by turns":         {Reads: 16, Alternate: true, LagCreates: true, LagDeletes: true, LagChecks: true},
		"answers by turns, longer": {DurationMs: 60_000, Alternate: true, LagCreates: true, LagDeletes: true, LagChecks: true},
	} {
		for typeName, c := range eachResource() {
			t.Run(name+"/"+typeName, func(t *testing.T) {
				t.Parallel()
				tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
				before, err := tn.Snapshot(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if err := tn.SetBehavior(context.Background(), control.Behavior{ReplicaLag: lag}); err != nil {
					t.Fatal(err)
				}
				// run is a run whose waits take no time.
				run := func() *acctest.Process {
					options := acctest.Quick()
					options.Clock = &acctest.LeapingClock{}
					return tn.ProcessWith(t, options)
				}
				var have acctest.Kept
				for _, config := range []map[string]any{c.config, c.changed, c.config, nil} {
					planned, diagnostics := run().Plan(typeName, have, config)
					acctest.NoErrors(t, diagnostics)
					made, diagnostics := run().Apply(typeName, have, planned)
					if len(diagnostics) != 0 {
						t.Errorf("the apply of %v says %q", config, append(acctest.Problems(diagnostics), acctest.Warnings(diagnostics)...))
					}
					if have = made; config == nil {
						continue
					}
					for range 3 {
						read, diagnostics := run().Read(typeName, have)
						acctest.NoErrors(t, diagnostics)
						if !read.Same(have) {
							t.Fatalf("a refresh makes\n%s\nof\n%s", read, have)
						}
					}
					if again, _ := run().Plan(typeName, have, config); !again.Planned.Equal(have.State) {
						t.Errorf("the next plan is\n%s\nand not\n%s", again.Planned, have.State)
					}
				}
				after, err := tn.Snapshot(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if !have.Nothing() || len(after.NamedLocations) != len(before.NamedLocations) {
					t.Errorf("left over are %s, and %d locations of %d", have, len(after.NamedLocations), len(before.NamedLocations))
				}
				if err := tn.StateIs(acctest.AdeleID, "disabled"); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
