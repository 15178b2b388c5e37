package provider_test

import (
	"context"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
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
				tn := startTenant(t, locationTenant(), quick())
				before, err := tn.Snapshot(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if err := tn.SetBehavior(context.Background(), control.Behavior{ReplicaLag: lag}); err != nil {
					t.Fatal(err)
				}
				// run is a run whose waits take no time.
				run := func() *process {
					options := quick()
					options.Clock = &leapingClock{}
					return tn.processWith(t, options)
				}
				var have kept
				for _, config := range []map[string]any{c.config, c.changed, c.config, nil} {
					planned, diagnostics := run().plan(typeName, have, config)
					noErrors(t, diagnostics)
					made, diagnostics := run().apply(typeName, have, planned)
					if len(diagnostics) != 0 {
						t.Errorf("the apply of %v says %q", config, append(problems(diagnostics), warnings(diagnostics)...))
					}
					if have = made; config == nil {
						continue
					}
					for range 3 {
						read, diagnostics := run().read(typeName, have)
						noErrors(t, diagnostics)
						if !read.same(have) {
							t.Fatalf("a refresh makes\n%s\nof\n%s", read, have)
						}
					}
					if again, _ := run().plan(typeName, have, config); !again.planned.Equal(have.state) {
						t.Errorf("the next plan is\n%s\nand not\n%s", again.planned, have.state)
					}
				}
				after, err := tn.Snapshot(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if !have.nothing() || len(after.NamedLocations) != len(before.NamedLocations) {
					t.Errorf("left over are %s, and %d locations of %d", have, len(after.NamedLocations), len(before.NamedLocations))
				}
				if err := tn.stateIs(adeleID, "disabled"); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
