package provider_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
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
			m := newMachine(t, matrixTenant())
			ctx := context.Background()
			config := map[string]any{"display_name": "HQ", "ip_ranges": stringList("203.0.113.0/24")}
			before := m.applyAll(locationType, kept{}, config)
			m.tn.fault(control.Fault{Method: c.method, PathRegexp: "/namedLocations/", Times: new(0), Status: http.StatusForbidden, Code: "AccessDenied"})()
			running := m.process()
			planned, diagnostics := running.plan(locationType, before, nil)
			noErrors(t, diagnostics)
			after, diagnostics := running.apply(locationType, before, planned)
			if len(problems(diagnostics)) != 1 || after.nothing() {
				t.Fatalf("the destroy says %s and leaves %s", problems(diagnostics), after)
			}
			trusted := func(k kept) bool {
				return attributesOf(k.state)["trusted"].Equal(tftypes.NewValue(tftypes.Bool, true))
			}
			if trusted(after) != c.trusted {
				t.Errorf("the state is\n%s", after)
			}
			m.tn.heal()()
			// A replica that shows what was before the write is not believed.
			if err := m.tn.SetBehavior(ctx, control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 8, Alternate: true}}); err != nil {
				t.Fatal(err)
			}
			if read := m.refresh(m.process(), locationType, after); !read.same(after) {
				t.Errorf("the refresh makes\n%s\nof\n%s", read, after)
			}
			if next, diagnostics := m.process().plan(locationType, after, config); len(problems(diagnostics)) > 0 || next.planned.Equal(after.state) != c.trusted {
				t.Errorf("who keeps the location plans\n%s", next.planned)
			}
			if err := m.tn.ClearRequests(ctx); err != nil {
				t.Fatal(err)
			}
			if left := m.applyAll(locationType, after, nil); !left.nothing() {
				t.Errorf("the next destroy leaves %s", left)
			}
			if writes := m.tn.sent(http.MethodPatch); (writes > 0) != c.trusted {
				t.Errorf("the next destroy takes the trust away %d times", writes)
			}
		})
	}
}
