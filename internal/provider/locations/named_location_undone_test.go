package locations_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func cidrs(texts ...string) *[]control.IPRange {
	ranges := make([]control.IPRange, len(texts))
	for i, text := range texts {
		ranges[i].CIDRAddress = text
	}
	return &ranges
}

func TestASavedPlanDoesNotUndoWhatWasChangedInALocationSince(t *testing.T) {
	t.Parallel()
	const a, b, c = "203.0.113.0/24", "198.51.100.0/25", "11.0.0.0/28"
	off := false
	before, wider := acctest.Location("HQ", a, b), acctest.Location("HQ", a, b, c)
	for name, k := range map[string]struct {
		config    map[string]any
		meanwhile control.NamedLocationPatch
		// says is what the error says; nil is a success, after which the plan is empty.
		says []string
	}{
		"a range was removed": {wider, control.NamedLocationPatch{IPRanges: cidrs(b)}, []string{"ip_ranges: " + a + " (256 IPv4 addresses) was removed, and the apply would add it again"}},
		"a range was added":   {wider, control.NamedLocationPatch{IPRanges: cidrs(a, b, "11.0.1.0/28")}, []string{"ip_ranges: 11.0.1.0/28 (16 IPv4 addresses) was added, and the apply would remove it"}},
		"the trust was taken": {wider, control.NamedLocationPatch{IsTrusted: &off}, []string{"trusted: the trust in it was taken away, and the apply would trust its ranges (384 IPv4 addresses now) again"}},
		"renamed":             {wider, control.NamedLocationPatch{DisplayName: new("Rome")}, []string{`display_name: it is called "Rome" now, and was called "HQ"`}},
		"a rename, and ranges were changed": {acctest.Location("Bern", a, b), control.NamedLocationPatch{IPRanges: cidrs("11.0.2.0/28", b)}, []string{
			a + " (256 IPv4 addresses) was removed", "11.0.2.0/28 (16 IPv4 addresses) was added",
		}},
		"a destroy, ranges and name changed": {nil, control.NamedLocationPatch{DisplayName: new("Rome"), IPRanges: cidrs("11.0.3.0/28")}, []string{
			`it is called "Rome" now`, "11.0.3.0/28 (16 IPv4 addresses) was added, and the apply would remove it",
		}},

		"as wanted already":              {wider, control.NamedLocationPatch{IPRanges: cidrs(c, b, a)}, nil},
		"another spelling":               {wider, control.NamedLocationPatch{IPRanges: cidrs("203.0.113.9/24", "198.51.100.3/25")}, nil},
		"divided":                        {wider, control.NamedLocationPatch{IPRanges: cidrs("203.0.113.0/25", "203.0.113.128/25", b)}, nil},
		"a removal that is wanted":       {acctest.Location("HQ", a), control.NamedLocationPatch{IPRanges: cidrs(a)}, nil},
		"a destroy, a range was removed": {nil, control.NamedLocationPatch{IPRanges: cidrs(a)}, nil},
		"a destroy, the trust was taken": {nil, control.NamedLocationPatch{IsTrusted: &off}, nil},
	} {
		for how, refresh := range map[string]bool{"": true, ", with -refresh=false": false} {
			t.Run(name+how, func(t *testing.T) {
				t.Parallel()
				m := acctest.NewMachine(t, acctest.MatrixTenant())
				after, diagnostics := m.SavedPlan(before, k.config, refresh, m.Tenant.Patched("HQ", k.meanwhile))
				writes := m.Tenant.Sent(http.MethodPatch, http.MethodDelete)
				if k.says == nil || k.config == nil && !refresh {
					// The plan of a destroy looks for itself, so it has seen the change.
					acctest.NoErrors(t, diagnostics)
					if k.config == nil {
						if !after.Nothing() {
							t.Errorf("the destroy leaves %s", after)
						}
						return
					}
					if writes == 0 {
						t.Error("nothing was written")
					}
					next := m.Process()
					if planned, _ := next.Plan(acctest.LocationType, m.Refresh(next, acctest.LocationType, after), k.config); !planned.Planned.Equal(after.State) {
						t.Errorf("the next plan is %s", planned.Planned)
					}
					return
				}
				said := append([]string{`Named location "HQ" (id `, "changed since the plan was made"}, k.says...)
				acctest.WantTold(t, acctest.Told(tfprotov6.DiagnosticSeverityError, diagnostics), [][]string{append(said, "Make a new plan with a refresh")})
				if writes != 0 {
					t.Errorf("%d writes were sent", writes)
				}
				// The way out that the message names.
				if k.config == nil {
					if left := m.ApplyAll(acctest.LocationType, after, nil); !left.Nothing() {
						t.Errorf("the next destroy leaves %s", left)
					}
					return
				}
				m.Converges(acctest.LocationType, after, k.config)
			})
		}
	}
}

func TestTheLooksBeforeTheWritesOfARunAreOneRequest(t *testing.T) {
	t.Parallel()
	m := acctest.NewMachine(t, acctest.MatrixTenant())
	ctx := context.Background()
	var has [12]acctest.Kept
	// run changes all of them in a process of its own, and counts what it sends.
	run := func(config func(i int) map[string]any, reads, writes int) {
		t.Helper()
		if err := m.Tenant.ClearRequests(ctx); err != nil {
			t.Fatal(err)
		}
		running := m.Process()
		for i := range has {
			planned := acctest.PlannedChange{Config: tftypes.NewValue(has[i].State.Type(), nil), Planned: tftypes.NewValue(has[i].State.Type(), nil), Private: has[i].Private}
			var diagnostics []*tfprotov6.Diagnostic
			// Of a destroy Terraform makes no second plan.
			if config != nil {
				planned, diagnostics = running.Plan(acctest.LocationType, has[i], config(i))
				acctest.NoErrors(t, diagnostics)
			}
			has[i], diagnostics = running.Apply(acctest.LocationType, has[i], planned)
			acctest.NoErrors(t, diagnostics)
		}
		if have := m.Tenant.Sent(http.MethodGet); have != reads {
			t.Errorf("%d reads, want %d", have, reads)
		}
		if have := m.Tenant.Sent(http.MethodPost, http.MethodPatch, http.MethodDelete); have != writes*len(has) {
			t.Errorf("%d writes for %d locations", have, len(has))
		}
	}
	for i := range has {
		has[i] = m.ApplyAll(acctest.LocationType, acctest.Kept{}, acctest.Location("Site", fmt.Sprintf("203.0.113.%d", i)))
	}
	// The locations once, and the policies: by the plan of new trust, and before a deletion.
	run(func(i int) map[string]any {
		return acctest.Location("Site", fmt.Sprintf("203.0.113.%d", i), fmt.Sprintf("198.51.100.%d", i))
	}, 2, 1)
	run(nil, 2, 2)
}

func TestTheWriteBeforeIsNotTakenForSomebodyElses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"update", "destroy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := acctest.Quick()
			options.Consistency.Drift, options.Consistency.Timeout = time.Millisecond, time.Minute
			tn := acctest.StartTenant(t, acctest.LocationTenant(), options)
			// The reads that follow a write see what was before it, and the new by turns.
			if err := tn.SetBehavior(context.Background(), control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 5, Alternate: true}}); err != nil {
				t.Fatal(err)
			}
			applied := tn.AnotherRun(t).Apply(acctest.Depot(), acctest.Location("Depot", "203.0.113.0/24"))
			s := tn.AnotherRun(t)
			prior := s.Unmarshal(applied.NewState)
			wanted := tftypes.NewValue(s.Type, nil)
			if name == "update" {
				wanted = acctest.ObjectOf(t, s.Type, acctest.LocationState(acctest.DepotID, "Depot", true, 64, 0, "203.0.113.0/26"))
			}
			done, err := s.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: acctest.LocationType, PriorState: acctest.Dynamic(t, prior), Config: acctest.Dynamic(t, wanted), PlannedState: acctest.Dynamic(t, wanted),
				PlannedIdentity: applied.NewIdentity, PlannedPrivate: applied.Private,
			})
			if err != nil {
				t.Fatal(err)
			}
			acctest.NoErrors(t, done.Diagnostics)
			// The control: there were old answers to be taken in by.
			if reads := tn.Sent(http.MethodGet); reads < 3 {
				t.Errorf("%d reads", reads)
			}
		})
	}
}
