package provider_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func mapOf(pairs ...string) resourceBlock {
	wanted := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		wanted[pairs[i]] = pairs[i+1]
	}
	return resourceBlock{statesTypeName, map[string]any{"users": wanted}}
}

func singleOf(key, state string, more ...any) resourceBlock {
	attribute := "user_principal_name"
	if !strings.Contains(key, "@") {
		attribute = "user_id"
	}
	values := map[string]any{attribute: key, "state": state}
	for i := 0; i < len(more); i += 2 {
		values[fmt.Sprint(more[i])] = more[i+1]
	}
	return resourceBlock{typeName, values}
}

// succeeds fails the test unless a run went well.
func succeeds(t *testing.T, report *outcome) *outcome {
	t.Helper()
	if report.failed() {
		t.Fatalf("the run fails:\n%s", report)
	}
	return report
}

// refusesPlan fails the test unless the plan is refused by one of the blocks with a text, and nothing is written.
func (tn *tenant) refusesPlan(t *testing.T, report *outcome, texts ...string) {
	t.Helper()
	if report.planned || !says(texts...).MatchString(report.String()) {
		t.Errorf("the plan is not refused with %q:\n%s", texts, report)
	}
	if n := tn.writes(); n != 0 {
		t.Errorf("a refused plan has written %d states", n)
	}
}

func (tn *tenant) forgetRequests(t *testing.T) {
	t.Helper()
	if err := tn.ClearRequests(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestAPersonWhoGoesFromOneMapToAnotherKeepsMFA(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 10} {
		for name, lag := range map[string]control.ReplicaLag{"at once": {}, "with lag": {Reads: 2, Alternate: true}} {
			for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
				t.Run(fmt.Sprintf("%d at a time, %s, from %s", parallel, name, order[0]), func(t *testing.T) {
					t.Parallel()
					options := quick()
					// Long enough for the other one to begin on a busy machine.
					options.Consistency.Drift = 2 * time.Second
					tn := newTenantWith(t, options)
					played := tn.plays(t)
					played.parallel = parallel
					from, to := order[0], order[1]
					succeeds(t, played.apply(configuration{from: mapOf(meganUPN, "enabled", diegoUPN, "enabled"), to: mapOf(adeleUPN, "enabled")}))
					tn.do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}) })()
					tn.forgetRequests(t)
					// Diego is the control: nobody wants him, and he is disabled.
					report := succeeds(t, played.apply(configuration{from: mapOf(), to: mapOf(adeleUPN, "enabled", strings.ToUpper(meganID), "enabled")}))
					for user, state := range map[string]string{meganID: "enabled", diegoID: "disabled", adeleID: "enabled"} {
						if err := tn.stateIs(user, state); err != nil {
							t.Error(err)
						}
					}
					warned := strings.Join(report.warnings[from], "\n")
					if !says("Per-user MFA stops applying to", diegoUPN).MatchString(report.String()) || !strings.Contains(warned, "manages nobody any more") {
						t.Errorf("the plan does not say who loses per-user MFA:\n%s", report)
					}
					if parallel == 1 {
						// Who is planned first cannot know of the other.
						return
					}
					// Where the two are planned at a time, nobody is disabled even for a moment, and the plan says so.
					if n := tn.writes(); n != 1 {
						t.Errorf("%d states were written, want 1, for %s:\n%s", n, diegoUPN, report)
					}
					if !says(meganUPN+" is moved to another resource", "leaves their state as it is").MatchString(warned) || says("stops applying to 2 users").MatchString(warned) {
						t.Errorf("the plan does not say who moves:\n%s", report)
					}
				})
			}
		}
	}
}

// Whom one map has as disabled and the other one enables in the same run is changed by that run, and by nobody else.
func TestAPersonWhoIsEnabledByTheNextMapStopsNothing(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]string{"enabled first": "z", "let go first": "a"} {
		for how, rest := range map[string][]string{"taken out": {meganUPN, "enabled"}, "destroyed": nil} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				tn := newTenant(t)
				played := tn.plays(t)
				succeeds(t, played.apply(configuration{from: mapOf(adeleUPN, "disabled", meganUPN, "enabled"), "m": mapOf(diegoUPN, "enabled")}))
				after := configuration{"m": mapOf(diegoUPN, "enabled", adeleUPN, "enabled")}
				if rest != nil {
					after[from] = mapOf(rest...)
				}
				succeeds(t, played.apply(after))
				if err := tn.stateIs(adeleID, "enabled"); err != nil {
					t.Error(err)
				}
				if report := succeeds(t, played.plan(after)); len(report.changed) > 0 {
					t.Errorf("the plan after it has changes in %q:\n%s", report.changed, report)
				}
			})
		}
	}
}

func TestADestroyBesideAnotherResourceOfTheSamePersonIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	single, renamed := configuration{"m": singleOf(meganUPN, "enabled")}, configuration{"a": singleOf(meganUPN, "enabled")}
	for name, c := range map[string]struct {
		before, after configuration
	}{
		"from a single one to a map":    {single, configuration{"z": mapOf(meganUPN, "enabled", adeleUPN, "enabled")}},
		"planned before the destroy":    {single, configuration{"a": mapOf(meganID, "enabled")}},
		"under another name":            {single, configuration{"z": singleOf(meganID, "enabled")}},
		"under a name that comes first": {single, renamed},
		"from a map to a single one":    {configuration{"m": mapOf(meganUPN, "enabled", diegoUPN, "enabled")}, configuration{"z": singleOf(meganUPN, "enabled")}},
		"from a map that is renamed":    {configuration{"m": mapOf(meganUPN, "enabled")}, configuration{"a": mapOf(meganUPN, "enabled")}},
		"by a shift of a count": {
			configuration{"u0": singleOf(diegoUPN, "enabled"), "u1": singleOf(meganUPN, "enabled")}, configuration{"u0": singleOf(meganUPN, "enabled")},
		},
		"by a shift the other way": {
			configuration{"u0": singleOf(meganUPN, "enabled")}, configuration{"u0": singleOf(adeleUPN, "enabled"), "u1": singleOf(meganUPN, "enabled")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			played := tn.plays(t)
			succeeds(t, played.apply(c.before))
			tn.forgetRequests(t)
			tn.refusesPlan(t, played.apply(c.after), meganUPN, "would lose per-user MFA on the way", "destroy = false", "moved")

			// The controls: what the message advises, and what has nothing to lose.
			kept := configuration{}
			for block, resource := range c.before {
				values := maps.Clone(resource.values)
				values["on_destroy"] = "keep"
				kept[block] = resourceBlock{resource.typeName, values}
			}
			succeeds(t, played.apply(kept))
			succeeds(t, played.apply(c.after))
			if err := tn.stateIs(meganID, "enabled"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTwoResourcesThatWantOnePersonAreRefusedAtPlan(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]configuration{
		"two single ones":           {"a": singleOf(adeleUPN, "enabled"), "b": singleOf(adeleID, "disabled")},
		"with the same state":       {"a": singleOf(adeleUPN, "enabled"), "b": singleOf(adeleID, "enabled")},
		"spelled the same":          {"a": singleOf(adeleUPN, "enabled"), "b": singleOf(adeleUPN, "enabled")},
		"a single one and a map":    {"a": singleOf(adeleUPN, "enabled"), "b": mapOf(adeleID, "disabled", meganUPN, "enabled")},
		"two maps":                  {"a": mapOf(adeleUPN, "enabled", meganUPN, "enabled"), "b": mapOf(strings.ToUpper(adeleID), "disabled")},
		"two maps spelled the same": {"a": mapOf(adeleUPN, "enabled"), "b": mapOf(adeleUPN, "enabled")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			played := tn.plays(t)
			report := played.apply(config)
			tn.refusesPlan(t, report, "is managed by two resources of this run", adeleUPN, "Each apply would undo", "moved block")

			// Both are in the state already, as an earlier version has left them.
			for _, block := range slices.Sorted(maps.Keys(config)) {
				other := tn.plays(t)
				succeeds(t, other.apply(configuration{block: config[block]}))
				played.instances[block] = other.instances[block]
			}
			tn.forgetRequests(t)
			tn.refusesPlan(t, played.apply(config), "is managed by two resources of this run")
			delete(config, "b")
			// One of them is taken out without a destroy, as by a removed block.
			delete(played.instances, "b")
			succeeds(t, played.apply(config))
		})
	}
}

func TestAProgramThatDoesNotValidateIsNotRefusedForWhatItPlannedBefore(t *testing.T) {
	t.Parallel()
	s := newTenant(t).session(t, nil)
	for _, state := range []string{"enabled", "disabled"} {
		planned := s.plan(nil, map[string]any{"user_id": adeleID, "state": state, "allow_promotion": false, "on_destroy": "disable"})
		noErrors(t, planned.Diagnostics)
	}
}

// Newer versions of `terraform test` validate whole modules, and use one provider for all run blocks.
func TestPlansOfSeveralRunsAreNoConflict(t *testing.T) {
	t.Parallel()
	s := newTenant(t).session(t, nil)
	for _, state := range []string{"enabled", "disabled"} {
		config := map[string]any{"user_id": adeleID, "state": state, "allow_promotion": false, "on_destroy": "disable"}
		for range 2 {
			if _, err := s.server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
				TypeName: typeName, Config: dynamic(t, objectOf(t, s.typ, config)),
			}); err != nil {
				t.Fatal(err)
			}
		}
		noErrors(t, s.plan(nil, config).Diagnostics)
	}
}

func TestAReplacedResourceLeavesItsPeopleAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]resourceBlock{"a single one": singleOf(meganUPN, "enabled"), "a map": mapOf(meganUPN, "enabled")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			played := tn.plays(t)
			config := configuration{"m": block}
			succeeds(t, played.apply(config))
			played.instances["m"].tainted = true
			tn.forgetRequests(t)
			report := succeeds(t, played.apply(config))
			if n := tn.writes(); n != 0 || played.instances["m"].tainted {
				t.Errorf("replacing a tainted resource has written %d states:\n%s", n, report)
			}
			// Who the new one does not have stays as they are as well: a plan does not show what a tainted resource was.
			played.instances["m"].tainted = true
			other := configuration{"m": singleOf(adeleUPN, "enabled")}
			if block.typeName == statesTypeName {
				other = configuration{"m": mapOf(adeleUPN, "enabled")}
			}
			report = succeeds(t, played.apply(other))
			if !says(meganUPN + " is left with per-user MFA").MatchString(report.String()) {
				t.Errorf("the apply does not say who is left:\n%s", report)
			}
			if err := tn.stateIs(meganID, "enabled"); err != nil {
				t.Error(err)
			}
			succeeds(t, played.apply(configuration{}))
			succeeds(t, played.apply(config))
			// The control: without a new one, the destroy of a tainted resource disables.
			played.instances["m"].tainted = true
			succeeds(t, played.apply(configuration{}))
			if err := tn.stateIs(meganID, "disabled"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAPlanThatHasBecomeStaleIsNotAppliedUnseen(t *testing.T) {
	t.Parallel()
	promoted := func(state string) configuration {
		return configuration{"x": singleOf(alexUPN, state, "allow_promotion", true)}
	}
	promotedMap := func(state string) configuration {
		block := mapOf(alexUPN, state)
		block.values["allow_promotion"] = true
		return configuration{"x": block}
	}
	const changed, inconsistent = "changed since the plan was made", "inconsistent final plan"
	for name, c := range map[string]struct {
		before, after configuration
		user          string
		// since is the state that somebody sets between the plan and the apply, and left the one that has to be there then.
		since, left string
		says        string
	}{
		"a destroy":                    {configuration{"x": singleOf(adeleUPN, "disabled")}, configuration{}, adeleID, "enabled", "enabled", changed},
		"a destroy of a map":           {configuration{"x": mapOf(adeleUPN, "disabled", obrienUPN, "enabled")}, configuration{}, adeleID, "enabled", "enabled", changed},
		"a removal from a map":         {configuration{"x": mapOf(adeleUPN, "disabled", meganUPN, "enabled")}, configuration{"x": mapOf(meganUPN, "enabled")}, adeleID, "enabled", "enabled", changed},
		"a replacement":                {configuration{"x": singleOf(adeleUPN, "disabled")}, configuration{"x": singleOf(obrienUPN, "enabled")}, adeleID, "enforced", "enforced", changed},
		"a create":                     {configuration{}, configuration{"x": singleOf(adeleUPN, "disabled")}, adeleID, "enabled", "enabled", inconsistent},
		"a create of a map":            {configuration{}, configuration{"x": mapOf(adeleUPN, "disabled", obrienUPN, "enabled")}, adeleID, "enabled", "enabled", inconsistent},
		"an addition to a map":         {configuration{"x": mapOf(meganUPN, "enabled")}, configuration{"x": mapOf(adeleUPN, "disabled", meganUPN, "enabled")}, adeleID, "enabled", "enabled", inconsistent},
		"a way that was taken back":    {configuration{"x": singleOf(alexUPN, "disabled", "allow_promotion", true)}, promoted("enforced"), alexID, "enabled", "enforced", ""},
		"the destroy that was planned": {configuration{"x": singleOf(meganUPN, "enabled")}, configuration{}, meganID, "enforced", "disabled", ""},
		"nothing left to do":           {configuration{"x": singleOf(meganUPN, "enabled")}, configuration{}, meganID, "disabled", "disabled", ""},
		"as wanted already":            {configuration{}, configuration{"x": mapOf(adeleUPN, "enabled")}, adeleID, "enforced", "enforced", ""},
		"as wanted already, one":       {configuration{}, configuration{"x": singleOf(adeleUPN, "enabled")}, adeleID, "enabled", "enabled", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			played := tn.plays(t)
			succeeds(t, played.apply(c.before))
			others := map[string]string{obrienID: "disabled"}
			if states := c.before["x"].texts("users"); states[obrienUPN] != "" {
				others[obrienID] = states[obrienUPN]
			}
			played.between = tn.setState(c.user, c.since)
			report := played.apply(c.after)
			if report.failed() != (c.says != "") || !says(c.says).MatchString(report.String()) {
				t.Errorf("the apply says:\n%s", report)
			}
			if err := tn.stateIs(c.user, c.left); err != nil {
				t.Error(err)
			}
			if c.says == "" {
				return
			}
			// Nobody else was written to either, and another plan says what happens.
			for user, state := range others {
				if err := tn.stateIs(user, state); err != nil {
					t.Error(err)
				}
			}
			again := succeeds(t, played.apply(c.after))
			if !says("stops applying to").MatchString(again.String()) {
				t.Errorf("the plan after it does not say who loses per-user MFA:\n%s", again)
			}
			if err := tn.stateIs(c.user, "disabled"); err != nil {
				t.Error(err)
			}
		})
	}
	// What an administrator has taken away is not given back on the way to enforced. A service that promotes by itself would end it.
	for name, made := range map[string]func(state string) configuration{"one": promoted, "many": promotedMap} {
		t.Run("giving back, "+name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			tn.do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{Promotion: new(false)}) })()
			played := tn.plays(t)
			succeeds(t, played.apply(made("enabled")))
			played.between = tn.setState(alexID, "disabled")
			report := played.apply(made("enforced"))
			if !says("changed since the plan was made", alexUPN+": enabled in the plan, disabled now").MatchString(report.String()) {
				t.Errorf("the apply says:\n%s", report)
			}
			if err := tn.stateIs(alexID, "disabled"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheStateOfBeforeIsNoExcuseWithoutARefresh(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	s := tn.session(t, nil)
	prior := state(adeleID, adeleUPN, "disabled", "disabled")
	// A plan that is made from an old state looks for itself, and so does an apply.
	tn.setState(adeleID, "enabled")()
	if found := warnings(s.plan(prior, nil).Diagnostics); len(found) != 1 || !says("stops applying", adeleUPN, "goes from enabled to disabled").MatchString(found[0]) {
		t.Errorf("the plan of a destroy warns %q", found)
	}
	tn.setState(adeleID, "disabled")()
	planned := s.plan(prior, nil)
	noErrors(t, planned.Diagnostics)
	tn.setState(adeleID, "enabled")()
	applied, err := s.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: typeName, PriorState: dynamic(t, objectOf(t, s.typ, prior)), PlannedState: planned.PlannedState, Config: planned.PlannedState,
		PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(applied.Diagnostics) != 1 || !says("The per-user MFA state of "+adeleUPN+" changed since the plan was made", "disabled in the plan, enabled now", "with a refresh").
		MatchString(applied.Diagnostics[0].Summary+" "+applied.Diagnostics[0].Detail) {
		t.Errorf("the destroy says %v", applied.Diagnostics)
	}
	if err := tn.stateIs(adeleID, "enabled"); err != nil {
		t.Error(err)
	}
}

func TestAMapMayBeEmpty(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	played := tn.plays(t)
	succeeds(t, played.apply(configuration{"x": mapOf()}))
	if report := succeeds(t, played.plan(configuration{"x": mapOf()})); len(report.changed) != 0 || len(report.warnings) != 0 {
		t.Errorf("an empty map is a change:\n%s", report)
	}
	succeeds(t, played.apply(configuration{"x": mapOf(meganUPN, "enabled")}))
	report := succeeds(t, played.apply(configuration{"x": mapOf()}))
	if !says("users is empty: the resource manages nobody any more", "It managed 1 user until now").MatchString(report.String()) {
		t.Errorf("the plan does not say that the map is empty:\n%s", report)
	}
	if err := tn.stateIs(meganID, "disabled"); err != nil {
		t.Error(err)
	}
	succeeds(t, played.apply(configuration{}))
}

func TestANameThatIsSomebodyElsesIsWarnedOf(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	played := tn.plays(t)
	succeeds(t, played.apply(configuration{"x": mapOf(adeleUPN, "enabled", meganUPN, "enabled")}))
	tn.called(adeleID, adelesNewUPN)()
	both := configuration{"x": mapOf(adeleUPN, "enabled", meganUPN, "enabled", diegoUPN, "enabled")}
	// The control: a rename alone is nothing to warn of.
	if report := succeeds(t, played.plan(both)); says("belongs to somebody else").MatchString(report.String()) {
		t.Errorf("a rename is warned of:\n%s", report)
	}
	tn.called(obrienID, adeleUPN)()
	report := succeeds(t, played.plan(both))
	if !says("A name in users belongs to somebody else now", adeleUPN+": the entry manages "+adelesNewUPN, adeleID, "it belongs to object id "+obrienID).MatchString(report.String()) {
		t.Errorf("the plan does not say that the name is somebody else's:\n%s", report)
	}
}

func TestMovedToTheMapAndBack(t *testing.T) {
	t.Parallel()
	const own = "registry.terraform.io/mfa-as-code/entramfa"
	tn := newTenant(t)
	played := tn.plays(t)
	moved := func(from *instance, to, provider string) (*tfprotov6.MoveResourceStateResponse, *instance) {
		server := played.provider(newOutcome())
		answer, err := server.MoveResourceState(context.Background(), &tfprotov6.MoveResourceStateRequest{
			SourceProviderAddress: provider, SourceTypeName: from.typeName, TargetTypeName: to,
			SourceState: &tfprotov6.RawState{JSON: []byte(encoded(plainOf(from.value)))}, SourcePrivate: from.private,
		})
		if err != nil {
			t.Fatal(err)
		}
		if answer.TargetState == nil {
			return answer, nil
		}
		return answer, &instance{typeName: to, value: unpacked(answer.TargetState, played.typeOf(to)), private: answer.TargetPrivate, identity: answer.TargetIdentity}
	}
	succeeds(t, played.apply(configuration{"m": singleOf(meganUPN, "enabled")}))
	tn.forgetRequests(t)
	for _, step := range []struct {
		to, provider string
		config       resourceBlock
	}{
		{statesTypeName, own, mapOf(meganUPN, "enabled")},
		{typeName, "registry.opentofu.org/mfa-as-code/entramfa", singleOf(meganUPN, "enabled")},
		{statesTypeName, "entramfa", mapOf(meganUPN, "enabled")},
	} {
		answer, now := moved(played.instances["m"], step.to, step.provider)
		noErrors(t, answer.Diagnostics)
		played.instances["m"] = now
		if report := succeeds(t, played.plan(configuration{"m": step.config})); len(report.changed) != 0 {
			t.Errorf("the plan after the move to %s has changes: %s\nof %v", step.to, report, played.state())
		}
	}
	if n := tn.writes(); n != 0 {
		t.Errorf("the moves have written %d states", n)
	}
	// Many users are not one.
	succeeds(t, played.apply(configuration{"m": mapOf(meganUPN, "enabled", diegoUPN, "enabled")}))
	answer, _ := moved(played.instances["m"], typeName, own)
	if len(answer.Diagnostics) != 1 || !says("A resource of 2 users cannot be moved to entramfa_user_mfa_state", "destroy = false").
		MatchString(answer.Diagnostics[0].Summary+" "+answer.Diagnostics[0].Detail) {
		t.Errorf("the move of two users says %v", answer.Diagnostics)
	}
	if answer, _ := moved(played.instances["m"], typeName, "registry.terraform.io/somebody/else"); len(answer.Diagnostics) == 0 {
		t.Error("a state of another provider was moved")
	}
}

func TestTheWaitForOthersIsBounded(t *testing.T) {
	t.Parallel()
	began := time.Now()
	tn := newTenant(t)
	played := tn.plays(t)
	succeeds(t, played.apply(configuration{"x": mapOf(meganUPN, "enabled", diegoUPN, "enabled")}))
	succeeds(t, played.apply(configuration{"x": mapOf(meganUPN, "enabled")}))
	if err := tn.stateIs(diegoID, "disabled"); err != nil {
		t.Error(err)
	}
	if lasted := time.Since(began); lasted > 5*time.Minute {
		t.Errorf("an update without others waited %s", lasted)
	}
}
