package locations_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestADestroyThatHasTakenTheTrustAwayAndNoMoreSaysSo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method  string
		trusted bool
	}{
		"the deletion fails": {http.MethodDelete, false},
		// The control: nothing was written.
		"taking the trust away fails": {http.MethodPatch, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.MatrixTenant())
			ctx := context.Background()
			config := map[string]any{"display_name": "HQ", "ip_ranges": acctest.StringList("203.0.113.0/24")}
			before := m.ApplyAll(acctest.LocationType, acctest.Kept{}, config)
			m.Tenant.Fault(control.Fault{Method: c.method, PathRegexp: "/namedLocations/", Times: new(0), Status: http.StatusForbidden, Code: "AccessDenied"})()
			running := m.Process()
			planned, diagnostics := running.Plan(acctest.LocationType, before, nil)
			acctest.NoErrors(t, diagnostics)
			after, diagnostics := running.Apply(acctest.LocationType, before, planned)
			if len(acctest.Problems(diagnostics)) != 1 || after.Nothing() {
				t.Fatalf("the destroy says %s and leaves %s", acctest.Problems(diagnostics), after)
			}
			trusted := func(k acctest.Kept) bool {
				return acctest.AttributesOf(k.State)["trusted"].Equal(tftypes.NewValue(tftypes.Bool, true))
			}
			if trusted(after) != c.trusted {
				t.Errorf("the state is\n%s", after)
			}
			m.Tenant.Heal()()
			// A replica that shows what was before the write is not believed.
			if err := m.Tenant.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 8, Alternate: true}}); err != nil {
				t.Fatal(err)
			}
			if read := m.Refresh(m.Process(), acctest.LocationType, after); !read.Same(after) {
				t.Errorf("the refresh makes\n%s\nof\n%s", read, after)
			}
			if next, diagnostics := m.Process().Plan(acctest.LocationType, after, config); len(acctest.Problems(diagnostics)) > 0 || next.Planned.Equal(after.State) != c.trusted {
				t.Errorf("who keeps the location plans\n%s", next.Planned)
			}
			if err := m.Tenant.ClearRequests(ctx); err != nil {
				t.Fatal(err)
			}
			if left := m.ApplyAll(acctest.LocationType, after, nil); !left.Nothing() {
				t.Errorf("the next destroy leaves %s", left)
			}
			if writes := m.Tenant.Sent(http.MethodPatch); (writes > 0) != c.trusted {
				t.Errorf("the next destroy takes the trust away %d times", writes)
			}
		})
	}
}
