package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func cidrs(texts ...string) *[]control.IPRange {
	ranges := make([]control.IPRange, len(texts))
	for i, text := range texts {
		ranges[i].CIDRAddress = text
	}
	return &ranges
}

// savedPlan applies a location, plans a change of it or its end, lets something happen, and applies the plan in another process.
func (m *machine) savedPlan(before, config map[string]any, refresh bool, meanwhile func()) (kept, []*tfprotov6.Diagnostic) {
	m.t.Helper()
	has := m.applyAll(locationType, kept{}, before)
	if !refresh {
		meanwhile()
	}
	first, diagnostics := m.process().plan(locationType, has, config)
	noErrors(m.t, diagnostics)
	if refresh {
		meanwhile()
	}
	if err := m.tn.ClearRequests(context.Background()); err != nil {
		m.t.Fatal(err)
	}
	applying := m.process()
	if config == nil {
		// A destroy is not planned again.
		return applying.apply(locationType, has, first)
	}
	planned, diagnostics := applying.plan(locationType, has, config)
	noErrors(m.t, diagnostics)
	return applying.apply(locationType, has, planned)
}

func TestASavedPlanDoesNotUndoWhatWasChangedInALocationSince(t *testing.T) {
	t.Parallel()
	const a, b, c = "203.0.113.0/24", "198.51.100.0/25", "11.0.0.0/28"
	off := false
	before, wider := location("HQ", a, b), location("HQ", a, b, c)
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
		"a rename, and ranges were changed": {location("Bern", a, b), control.NamedLocationPatch{IPRanges: cidrs("11.0.2.0/28", b)}, []string{
			a + " (256 IPv4 addresses) was removed", "11.0.2.0/28 (16 IPv4 addresses) was added",
		}},
		"a destroy, ranges and name changed": {nil, control.NamedLocationPatch{DisplayName: new("Rome"), IPRanges: cidrs("11.0.3.0/28")}, []string{
			`it is called "Rome" now`, "11.0.3.0/28 (16 IPv4 addresses) was added, and the apply would remove it",
		}},

		"as wanted already":              {wider, control.NamedLocationPatch{IPRanges: cidrs(c, b, a)}, nil},
		"another spelling":               {wider, control.NamedLocationPatch{IPRanges: cidrs("203.0.113.9/24", "198.51.100.3/25")}, nil},
		"divided":                        {wider, control.NamedLocationPatch{IPRanges: cidrs("203.0.113.0/25", "203.0.113.128/25", b)}, nil},
		"a removal that is wanted":       {location("HQ", a), control.NamedLocationPatch{IPRanges: cidrs(a)}, nil},
		"a destroy, a range was removed": {nil, control.NamedLocationPatch{IPRanges: cidrs(a)}, nil},
		"a destroy, the trust was taken": {nil, control.NamedLocationPatch{IsTrusted: &off}, nil},
	} {
		for how, refresh := range map[string]bool{"": true, ", with -refresh=false": false} {
			t.Run(name+how, func(t *testing.T) {
				t.Parallel()
				m := newMachine(t, matrixTenant())
				after, diagnostics := m.savedPlan(before, k.config, refresh, m.tn.patched("HQ", k.meanwhile))
				writes := m.tn.sent(http.MethodPatch, http.MethodDelete)
				if k.says == nil || k.config == nil && !refresh {
					// The plan of a destroy looks for itself, so it has seen the change.
					noErrors(t, diagnostics)
					if k.config == nil {
						if !after.nothing() {
							t.Errorf("the destroy leaves %s", after)
						}
						return
					}
					if writes == 0 {
						t.Error("nothing was written")
					}
					next := m.process()
					if planned, _ := next.plan(locationType, m.refresh(next, locationType, after), k.config); !planned.planned.Equal(after.state) {
						t.Errorf("the next plan is %s", planned.planned)
					}
					return
				}
				said := append([]string{`Named location "HQ" (id `, "changed since the plan was made"}, k.says...)
				wantTold(t, told(tfprotov6.DiagnosticSeverityError, diagnostics), [][]string{append(said, "Make a new plan with a refresh")})
				if writes != 0 {
					t.Errorf("%d writes were sent", writes)
				}
				// The way out that the message names.
				if k.config == nil {
					if left := m.applyAll(locationType, after, nil); !left.nothing() {
						t.Errorf("the next destroy leaves %s", left)
					}
					return
				}
				m.converges(locationType, after, k.config)
			})
		}
	}
}

func TestTheLooksBeforeTheWritesOfARunAreOneRequest(t *testing.T) {
	t.Parallel()
	m := newMachine(t, matrixTenant())
	ctx := context.Background()
	var has [12]kept
	// run changes all of them in a process of its own, and counts what it sends.
	run := func(config func(i int) map[string]any, reads, writes int) {
		t.Helper()
		if err := m.tn.ClearRequests(ctx); err != nil {
			t.Fatal(err)
		}
		running := m.process()
		for i := range has {
			planned := plannedChange{config: tftypes.NewValue(has[i].state.Type(), nil), planned: tftypes.NewValue(has[i].state.Type(), nil), private: has[i].private}
			var diagnostics []*tfprotov6.Diagnostic
			// Of a destroy Terraform makes no second plan.
			if config != nil {
				planned, diagnostics = running.plan(locationType, has[i], config(i))
				noErrors(t, diagnostics)
			}
			has[i], diagnostics = running.apply(locationType, has[i], planned)
			noErrors(t, diagnostics)
		}
		if have := m.tn.sent(http.MethodGet); have != reads {
			t.Errorf("%d reads, want %d", have, reads)
		}
		if have := m.tn.sent(http.MethodPost, http.MethodPatch, http.MethodDelete); have != writes*len(has) {
			t.Errorf("%d writes for %d locations", have, len(has))
		}
	}
	for i := range has {
		has[i] = m.applyAll(locationType, kept{}, location("Site", fmt.Sprintf("203.0.113.%d", i)))
	}
	// The locations once, and the policies: by the plan of new trust, and before a deletion.
	run(func(i int) map[string]any {
		return location("Site", fmt.Sprintf("203.0.113.%d", i), fmt.Sprintf("198.51.100.%d", i))
	}, 2, 1)
	run(nil, 2, 2)
}

func TestTheWriteBeforeIsNotTakenForSomebodyElses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"update", "destroy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := quick()
			options.Consistency.Drift, options.Consistency.Timeout = time.Millisecond, time.Minute
			tn := startTenant(t, locationTenant(), options)
			// The reads that follow a write see what was before it, and the new by turns.
			if err := tn.SetBehavior(context.Background(), control.Behavior{ReplicaLag: control.ReplicaLag{Reads: 5, Alternate: true}}); err != nil {
				t.Fatal(err)
			}
			applied := tn.anotherRun(t).apply(depot(), location("Depot", "203.0.113.0/24"))
			s := tn.anotherRun(t)
			prior := s.unmarshal(applied.NewState)
			wanted := tftypes.NewValue(s.typ, nil)
			if name == "update" {
				wanted = objectOf(t, s.typ, locationState(depotID, "Depot", true, 64, 0, "203.0.113.0/26"))
			}
			done, err := s.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: locationType, PriorState: dynamic(t, prior), Config: dynamic(t, wanted), PlannedState: dynamic(t, wanted),
				PlannedIdentity: applied.NewIdentity, PlannedPrivate: applied.Private,
			})
			if err != nil {
				t.Fatal(err)
			}
			noErrors(t, done.Diagnostics)
			// The control: there were old answers to be taken in by.
			if reads := tn.sent(http.MethodGet); reads < 3 {
				t.Errorf("%d reads", reads)
			}
		})
	}
}
