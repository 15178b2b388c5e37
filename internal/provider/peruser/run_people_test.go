package peruser_test

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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func mapOf(pairs ...string) acctest.ResourceBlock {
	wanted := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		wanted[pairs[i]] = pairs[i+1]
	}
	return acctest.ResourceBlock{TypeName: acctest.StatesTypeName, Values: map[string]any{"users": wanted}}
}

func singleOf(key, state string, more ...any) acctest.ResourceBlock {
	attribute := "user_principal_name"
	if !strings.Contains(key, "@") {
		attribute = "user_id"
	}
	values := map[string]any{attribute: key, "state": state}
	for i := 0; i < len(more); i += 2 {
		values[fmt.Sprint(more[i])] = more[i+1]
	}
	return acctest.ResourceBlock{TypeName: acctest.TypeName, Values: values}
}

func TestAPersonWhoGoesFromOneMapToAnotherKeepsMFA(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 10} {
		for name, lag := range map[string]control.ReplicaLag{"at once": {}, "with lag": {Reads: 2, Alternate: true}} {
			for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
				t.Run(fmt.Sprintf("%d at a time, %s, from %s", parallel, name, order[0]), func(t *testing.T) {
					t.Parallel()
					options := acctest.Quick()
					// Long enough for the other one to begin on a busy machine.
					options.Consistency.Drift = 2 * time.Second
					tn := acctest.NewTenantWith(t, options)
					played := tn.Plays(t)
					played.Parallel = parallel
					from, to := order[0], order[1]
					acctest.Succeeds(t, played.Apply(acctest.Configuration{from: mapOf(acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enabled"), to: mapOf(acctest.AdeleUPN, "enabled")}))
					tn.Do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}) })()
					tn.ForgetRequests(t)
					// Diego is the control: nobody wants him, and he is disabled.
					report := acctest.Succeeds(t, played.Apply(acctest.Configuration{from: mapOf(), to: mapOf(acctest.AdeleUPN, "enabled", strings.ToUpper(acctest.MeganID), "enabled")}))
					for user, state := range map[string]string{acctest.MeganID: "enabled", acctest.DiegoID: "disabled", acctest.AdeleID: "enabled"} {
						if err := tn.StateIs(user, state); err != nil {
							t.Error(err)
						}
					}
					warned := strings.Join(report.Warnings[from], "\n")
					if !acctest.Says("Per-user MFA stops applying to", acctest.DiegoUPN).MatchString(report.String()) || !strings.Contains(warned, "manages nobody any more") {
						t.Errorf("the plan does not say who loses per-user MFA:\n%s", report)
					}
					if parallel == 1 {
						// The resource that is planned first cannot know of the other one.
						return
					}
					// Where the two are planned at a time, nobody is disabled even for a moment, and the plan says so.
					if n := tn.Writes(); n != 1 {
						t.Errorf("%d states were written, want 1, for %s:\n%s", n, acctest.DiegoUPN, report)
					}
					if !acctest.Says(acctest.MeganUPN+" is moved to another resource", "leaves their state as it is").MatchString(warned) || acctest.Says("stops applying to 2 users").MatchString(warned) {
						t.Errorf("the plan does not say who moves:\n%s", report)
					}
				})
			}
		}
	}
}

// Where resources are worked on one after another, the map that lets go disables the person before the other one is planned. That one
// gives back what the run itself has taken, and no rule about direct moves stops it.
func TestAPersonWhoMovesAsEnforcedOneAfterAnotherKeepsIt(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]acctest.ResourceBlock{"a map": mapOf(acctest.DiegoUPN, "enforced"), "a single one": singleOf(acctest.DiegoUPN, "enforced")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			played := tn.Plays(t)
			acctest.Succeeds(t, played.Apply(acctest.Configuration{"a": mapOf(acctest.DiegoUPN, "enforced", acctest.MeganUPN, "enabled")}))
			after := acctest.Configuration{"a": mapOf(acctest.MeganUPN, "enabled"), "z": to}
			acctest.Succeeds(t, played.Apply(after))
			if err := tn.StateIs(acctest.DiegoID, "enforced"); err != nil {
				t.Error(err)
			}
			if report := acctest.Succeeds(t, played.Plan(after)); len(report.Changed) > 0 {
				t.Errorf("the plan after it has changes in %q:\n%s", report.Changed, report)
			}
		})
	}
}

// A person whom one map disables and another map enables in the same run is changed by that run alone.
func TestAPersonWhoIsEnabledByTheNextMapStopsNothing(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]string{"enabled first": "z", "let go first": "a"} {
		for how, rest := range map[string][]string{"taken out": {acctest.MeganUPN, "enabled"}, "destroyed": nil} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				tn := acctest.NewTenant(t)
				played := tn.Plays(t)
				acctest.Succeeds(t, played.Apply(acctest.Configuration{from: mapOf(acctest.AdeleUPN, "disabled", acctest.MeganUPN, "enabled"), "m": mapOf(acctest.DiegoUPN, "enabled")}))
				after := acctest.Configuration{"m": mapOf(acctest.DiegoUPN, "enabled", acctest.AdeleUPN, "enabled")}
				if rest != nil {
					after[from] = mapOf(rest...)
				}
				acctest.Succeeds(t, played.Apply(after))
				if err := tn.StateIs(acctest.AdeleID, "enabled"); err != nil {
					t.Error(err)
				}
				if report := acctest.Succeeds(t, played.Plan(after)); len(report.Changed) > 0 {
					t.Errorf("the plan after it has changes in %q:\n%s", report.Changed, report)
				}
			})
		}
	}
}

func TestADestroyBesideAnotherResourceOfTheSamePersonIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	single, renamed := acctest.Configuration{"m": singleOf(acctest.MeganUPN, "enabled")}, acctest.Configuration{"a": singleOf(acctest.MeganUPN, "enabled")}
	for name, c := range map[string]struct {
		before, after acctest.Configuration
	}{
		"from a single one to a map":    {single, acctest.Configuration{"z": mapOf(acctest.MeganUPN, "enabled", acctest.AdeleUPN, "enabled")}},
		"planned before the destroy":    {single, acctest.Configuration{"a": mapOf(acctest.MeganID, "enabled")}},
		"under another name":            {single, acctest.Configuration{"z": singleOf(acctest.MeganID, "enabled")}},
		"under a name that comes first": {single, renamed},
		"from a map to a single one":    {acctest.Configuration{"m": mapOf(acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enabled")}, acctest.Configuration{"z": singleOf(acctest.MeganUPN, "enabled")}},
		"from a map that is renamed":    {acctest.Configuration{"m": mapOf(acctest.MeganUPN, "enabled")}, acctest.Configuration{"a": mapOf(acctest.MeganUPN, "enabled")}},
		"by a shift of a count": {
			acctest.Configuration{"u0": singleOf(acctest.DiegoUPN, "enabled"), "u1": singleOf(acctest.MeganUPN, "enabled")}, acctest.Configuration{"u0": singleOf(acctest.MeganUPN, "enabled")},
		},
		"by a shift the other way": {
			acctest.Configuration{"u0": singleOf(acctest.MeganUPN, "enabled")}, acctest.Configuration{"u0": singleOf(acctest.AdeleUPN, "enabled"), "u1": singleOf(acctest.MeganUPN, "enabled")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			played := tn.Plays(t)
			acctest.Succeeds(t, played.Apply(c.before))
			tn.ForgetRequests(t)
			tn.RefusesPlan(t, played.Apply(c.after), acctest.MeganUPN, "would lose per-user MFA on the way", "destroy = false", "moved")

			// The controls: what the message advises, and what has nothing to lose.
			kept := acctest.Configuration{}
			for block, resource := range c.before {
				values := maps.Clone(resource.Values)
				values["on_destroy"] = "keep"
				kept[block] = acctest.ResourceBlock{TypeName: resource.TypeName, Values: values}
			}
			acctest.Succeeds(t, played.Apply(kept))
			acctest.Succeeds(t, played.Apply(c.after))
			if err := tn.StateIs(acctest.MeganID, "enabled"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTwoResourcesThatWantOnePersonAreRefusedAtPlan(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]acctest.Configuration{
		"two single ones":           {"a": singleOf(acctest.AdeleUPN, "enabled"), "b": singleOf(acctest.AdeleID, "disabled")},
		"with the same state":       {"a": singleOf(acctest.AdeleUPN, "enabled"), "b": singleOf(acctest.AdeleID, "enabled")},
		"spelled the same":          {"a": singleOf(acctest.AdeleUPN, "enabled"), "b": singleOf(acctest.AdeleUPN, "enabled")},
		"a single one and a map":    {"a": singleOf(acctest.AdeleUPN, "enabled"), "b": mapOf(acctest.AdeleID, "disabled", acctest.MeganUPN, "enabled")},
		"two maps":                  {"a": mapOf(acctest.AdeleUPN, "enabled", acctest.MeganUPN, "enabled"), "b": mapOf(strings.ToUpper(acctest.AdeleID), "disabled")},
		"two maps spelled the same": {"a": mapOf(acctest.AdeleUPN, "enabled"), "b": mapOf(acctest.AdeleUPN, "enabled")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			played := tn.Plays(t)
			report := played.Apply(config)
			tn.RefusesPlan(t, report, "is managed by two resources of this run", acctest.AdeleUPN, "Each apply would undo", "moved block")

			// Both are in the state already, as an earlier version has left them.
			for _, block := range slices.Sorted(maps.Keys(config)) {
				other := tn.Plays(t)
				acctest.Succeeds(t, other.Apply(acctest.Configuration{block: config[block]}))
				played.Instances[block] = other.Instances[block]
			}
			tn.ForgetRequests(t)
			tn.RefusesPlan(t, played.Apply(config), "is managed by two resources of this run")
			delete(config, "b")
			// One of them is taken out without a destroy, as by a removed block.
			delete(played.Instances, "b")
			acctest.Succeeds(t, played.Apply(config))
		})
	}
}

func TestAProgramThatDoesNotValidateIsNotRefusedForWhatItPlannedBefore(t *testing.T) {
	t.Parallel()
	s := acctest.NewTenant(t).Session(t, nil)
	for _, state := range []string{"enabled", "disabled"} {
		planned := s.Plan(nil, map[string]any{"user_id": acctest.AdeleID, "state": state, "allow_promotion": false, "on_destroy": "disable"})
		acctest.NoErrors(t, planned.Diagnostics)
	}
}

// Newer versions of `terraform test` validate whole modules, and use one provider for all run blocks.
func TestPlansOfSeveralRunsAreNoConflict(t *testing.T) {
	t.Parallel()
	s := acctest.NewTenant(t).Session(t, nil)
	for _, state := range []string{"enabled", "disabled"} {
		config := map[string]any{"user_id": acctest.AdeleID, "state": state, "allow_promotion": false, "on_destroy": "disable"}
		for range 2 {
			if _, err := s.Server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
				TypeName: acctest.TypeName, Config: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, config)),
			}); err != nil {
				t.Fatal(err)
			}
		}
		acctest.NoErrors(t, s.Plan(nil, config).Diagnostics)
	}
}

func TestAReplacedResourceLeavesItsPeopleAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]acctest.ResourceBlock{"a single one": singleOf(acctest.MeganUPN, "enabled"), "a map": mapOf(acctest.MeganUPN, "enabled")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			played := tn.Plays(t)
			config := acctest.Configuration{"m": block}
			acctest.Succeeds(t, played.Apply(config))
			played.Instances["m"].Tainted = true
			tn.ForgetRequests(t)
			report := acctest.Succeeds(t, played.Apply(config))
			if n := tn.Writes(); n != 0 || played.Instances["m"].Tainted {
				t.Errorf("replacing a tainted resource has written %d states:\n%s", n, report)
			}
			// A person whom the new one does not have stays as they are, too: a plan does not show what a tainted resource was.
			played.Instances["m"].Tainted = true
			other := acctest.Configuration{"m": singleOf(acctest.AdeleUPN, "enabled")}
			if block.TypeName == acctest.StatesTypeName {
				other = acctest.Configuration{"m": mapOf(acctest.AdeleUPN, "enabled")}
			}
			report = acctest.Succeeds(t, played.Apply(other))
			if !acctest.Says(acctest.MeganUPN + " is left with per-user MFA").MatchString(report.String()) {
				t.Errorf("the apply does not say who is left:\n%s", report)
			}
			if err := tn.StateIs(acctest.MeganID, "enabled"); err != nil {
				t.Error(err)
			}
			acctest.Succeeds(t, played.Apply(acctest.Configuration{}))
			acctest.Succeeds(t, played.Apply(config))
			// The control: without a new one, the destroy of a tainted resource disables.
			played.Instances["m"].Tainted = true
			acctest.Succeeds(t, played.Apply(acctest.Configuration{}))
			if err := tn.StateIs(acctest.MeganID, "disabled"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAPlanThatHasBecomeStaleIsNotAppliedUnseen(t *testing.T) {
	t.Parallel()
	promoted := func(state string) acctest.Configuration {
		return acctest.Configuration{"x": singleOf(acctest.AlexUPN, state, "allow_promotion", true)}
	}
	promotedMap := func(state string) acctest.Configuration {
		block := mapOf(acctest.AlexUPN, state)
		block.Values["allow_promotion"] = true
		return acctest.Configuration{"x": block}
	}
	const changed, inconsistent = "changed since the plan was made", "inconsistent final plan"
	for name, c := range map[string]struct {
		before, after acctest.Configuration
		user          string
		// since is the state that somebody sets between the plan and the apply, and left the one that has to be there then.
		since, left string
		says        string
	}{
		"a destroy":                    {acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "disabled")}, acctest.Configuration{}, acctest.AdeleID, "enabled", "enabled", changed},
		"a destroy of a map":           {acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "disabled", acctest.ObrienUPN, "enabled")}, acctest.Configuration{}, acctest.AdeleID, "enabled", "enabled", changed},
		"a removal from a map":         {acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "disabled", acctest.MeganUPN, "enabled")}, acctest.Configuration{"x": mapOf(acctest.MeganUPN, "enabled")}, acctest.AdeleID, "enabled", "enabled", changed},
		"a replacement":                {acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "disabled")}, acctest.Configuration{"x": singleOf(acctest.ObrienUPN, "enabled")}, acctest.AdeleID, "enforced", "enforced", changed},
		"a create":                     {acctest.Configuration{}, acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "disabled")}, acctest.AdeleID, "enabled", "enabled", inconsistent},
		"a create of a map":            {acctest.Configuration{}, acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "disabled", acctest.ObrienUPN, "enabled")}, acctest.AdeleID, "enabled", "enabled", inconsistent},
		"an addition to a map":         {acctest.Configuration{"x": mapOf(acctest.MeganUPN, "enabled")}, acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "disabled", acctest.MeganUPN, "enabled")}, acctest.AdeleID, "enabled", "enabled", inconsistent},
		"a way that was taken back":    {acctest.Configuration{"x": singleOf(acctest.AlexUPN, "disabled", "allow_promotion", true)}, promoted("enforced"), acctest.AlexID, "enabled", "enforced", ""},
		"the destroy that was planned": {acctest.Configuration{"x": singleOf(acctest.MeganUPN, "enabled")}, acctest.Configuration{}, acctest.MeganID, "enforced", "disabled", ""},
		"nothing left to do":           {acctest.Configuration{"x": singleOf(acctest.MeganUPN, "enabled")}, acctest.Configuration{}, acctest.MeganID, "disabled", "disabled", ""},
		"as wanted already":            {acctest.Configuration{}, acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled")}, acctest.AdeleID, "enforced", "enforced", ""},
		"as wanted already, one":       {acctest.Configuration{}, acctest.Configuration{"x": singleOf(acctest.AdeleUPN, "enabled")}, acctest.AdeleID, "enabled", "enabled", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			played := tn.Plays(t)
			acctest.Succeeds(t, played.Apply(c.before))
			others := map[string]string{acctest.ObrienID: "disabled"}
			if states := c.before["x"].Texts("users"); states[acctest.ObrienUPN] != "" {
				others[acctest.ObrienID] = states[acctest.ObrienUPN]
			}
			played.Between = tn.SetState(c.user, c.since)
			report := played.Apply(c.after)
			if report.Failed() != (c.says != "") || !acctest.Says(c.says).MatchString(report.String()) {
				t.Errorf("the apply says:\n%s", report)
			}
			if err := tn.StateIs(c.user, c.left); err != nil {
				t.Error(err)
			}
			if c.says == "" {
				return
			}
			// Nobody else was written to either, and another plan says what happens.
			for user, state := range others {
				if err := tn.StateIs(user, state); err != nil {
					t.Error(err)
				}
			}
			again := acctest.Succeeds(t, played.Apply(c.after))
			if !acctest.Says("stops applying to").MatchString(again.String()) {
				t.Errorf("the plan after it does not say who loses per-user MFA:\n%s", again)
			}
			if err := tn.StateIs(c.user, "disabled"); err != nil {
				t.Error(err)
			}
		})
	}
	// What an administrator has taken away is not given back on the way to enforced. A service that promotes by itself would end it.
	for name, made := range map[string]func(state string) acctest.Configuration{"one": promoted, "many": promotedMap} {
		t.Run("giving back, "+name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			tn.Do(func(ctx context.Context) error { return tn.SetBehavior(ctx, control.Behavior{Promotion: new(false)}) })()
			played := tn.Plays(t)
			acctest.Succeeds(t, played.Apply(made("enabled")))
			played.Between = tn.SetState(acctest.AlexID, "disabled")
			report := played.Apply(made("enforced"))
			if !acctest.Says("changed since the plan was made", acctest.AlexUPN+": enabled in the plan, disabled now").MatchString(report.String()) {
				t.Errorf("the apply says:\n%s", report)
			}
			if err := tn.StateIs(acctest.AlexID, "disabled"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheStateOfBeforeIsNoExcuseWithoutARefresh(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	s := tn.Session(t, nil)
	prior := acctest.State(acctest.AdeleID, acctest.AdeleUPN, "disabled", "disabled")
	// A plan that is made from an old state looks for itself, and so does an apply.
	tn.SetState(acctest.AdeleID, "enabled")()
	if found := acctest.Warnings(s.Plan(prior, nil).Diagnostics); len(found) != 1 || !acctest.Says("stops applying", acctest.AdeleUPN, "goes from enabled to disabled").MatchString(found[0]) {
		t.Errorf("the plan of a destroy warns %q", found)
	}
	tn.SetState(acctest.AdeleID, "disabled")()
	planned := s.Plan(prior, nil)
	acctest.NoErrors(t, planned.Diagnostics)
	tn.SetState(acctest.AdeleID, "enabled")()
	applied, err := s.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: acctest.TypeName, PriorState: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, prior)), PlannedState: planned.PlannedState, Config: planned.PlannedState,
		PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(applied.Diagnostics) != 1 || !acctest.Says("The per-user MFA state of "+acctest.AdeleUPN+" changed since the plan was made", "disabled in the plan, enabled now", "with a refresh").
		MatchString(applied.Diagnostics[0].Summary+" "+applied.Diagnostics[0].Detail) {
		t.Errorf("the destroy says %v", applied.Diagnostics)
	}
	if err := tn.StateIs(acctest.AdeleID, "enabled"); err != nil {
		t.Error(err)
	}
}

func TestAMapMayBeEmpty(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	played := tn.Plays(t)
	acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": mapOf()}))
	if report := acctest.Succeeds(t, played.Plan(acctest.Configuration{"x": mapOf()})); len(report.Changed) != 0 || len(report.Warnings) != 0 {
		t.Errorf("an empty map is a change:\n%s", report)
	}
	acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": mapOf(acctest.MeganUPN, "enabled")}))
	report := acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": mapOf()}))
	if !acctest.Says("users is empty: the resource manages nobody any more", "It managed 1 user until now").MatchString(report.String()) {
		t.Errorf("the plan does not say that the map is empty:\n%s", report)
	}
	if err := tn.StateIs(acctest.MeganID, "disabled"); err != nil {
		t.Error(err)
	}
	acctest.Succeeds(t, played.Apply(acctest.Configuration{}))
}

func TestANameThatIsSomebodyElsesIsWarnedOf(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	played := tn.Plays(t)
	acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled", acctest.MeganUPN, "enabled")}))
	tn.Called(acctest.AdeleID, acctest.AdelesNewUPN)()
	both := acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled", acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enabled")}
	// The control: a rename alone is nothing to warn of.
	if report := acctest.Succeeds(t, played.Plan(both)); acctest.Says("belongs to somebody else").MatchString(report.String()) {
		t.Errorf("a rename is warned of:\n%s", report)
	}
	tn.Called(acctest.ObrienID, acctest.AdeleUPN)()
	report := acctest.Succeeds(t, played.Plan(both))
	if !acctest.Says("A name in users belongs to somebody else now", acctest.AdeleUPN+": the entry manages "+acctest.AdelesNewUPN, acctest.AdeleID, "it belongs to object id "+acctest.ObrienID).MatchString(report.String()) {
		t.Errorf("the plan does not say that the name is somebody else's:\n%s", report)
	}
}

func TestMovedToTheMapAndBack(t *testing.T) {
	t.Parallel()
	const own = "registry.terraform.io/mfa-as-code/entramfa"
	tn := acctest.NewTenant(t)
	played := tn.Plays(t)
	moved := func(from *acctest.Instance, to, provider string) (*tfprotov6.MoveResourceStateResponse, *acctest.Instance) {
		server := played.Provider(acctest.NewOutcome())
		answer, err := server.MoveResourceState(context.Background(), &tfprotov6.MoveResourceStateRequest{
			SourceProviderAddress: provider, SourceTypeName: from.TypeName, TargetTypeName: to,
			SourceState: &tfprotov6.RawState{JSON: []byte(acctest.Encoded(acctest.PlainOf(from.Value)))}, SourcePrivate: from.Private,
		})
		if err != nil {
			t.Fatal(err)
		}
		if answer.TargetState == nil {
			return answer, nil
		}
		return answer, &acctest.Instance{TypeName: to, Value: acctest.Unpacked(answer.TargetState, played.TypeOf(to)), Private: answer.TargetPrivate, Identity: answer.TargetIdentity}
	}
	acctest.Succeeds(t, played.Apply(acctest.Configuration{"m": singleOf(acctest.MeganUPN, "enabled")}))
	tn.ForgetRequests(t)
	for _, step := range []struct {
		to, provider string
		config       acctest.ResourceBlock
	}{
		{acctest.StatesTypeName, own, mapOf(acctest.MeganUPN, "enabled")},
		{acctest.TypeName, "registry.opentofu.org/mfa-as-code/entramfa", singleOf(acctest.MeganUPN, "enabled")},
		{acctest.StatesTypeName, "entramfa", mapOf(acctest.MeganUPN, "enabled")},
	} {
		answer, now := moved(played.Instances["m"], step.to, step.provider)
		acctest.NoErrors(t, answer.Diagnostics)
		played.Instances["m"] = now
		if report := acctest.Succeeds(t, played.Plan(acctest.Configuration{"m": step.config})); len(report.Changed) != 0 {
			t.Errorf("the plan after the move to %s has changes: %s\nof %v", step.to, report, played.State())
		}
	}
	if n := tn.Writes(); n != 0 {
		t.Errorf("the moves have written %d states", n)
	}
	// Many users are not one.
	acctest.Succeeds(t, played.Apply(acctest.Configuration{"m": mapOf(acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enabled")}))
	answer, _ := moved(played.Instances["m"], acctest.TypeName, own)
	if len(answer.Diagnostics) != 1 || !acctest.Says("A resource of 2 users cannot be moved to entramfa_user_mfa_state", "destroy = false").
		MatchString(answer.Diagnostics[0].Summary+" "+answer.Diagnostics[0].Detail) {
		t.Errorf("the move of two users says %v", answer.Diagnostics)
	}
	if answer, _ := moved(played.Instances["m"], acctest.TypeName, "registry.terraform.io/somebody/else"); len(answer.Diagnostics) == 0 {
		t.Error("a state of another provider was moved")
	}
}

func TestTheWaitForOthersIsBounded(t *testing.T) {
	t.Parallel()
	began := time.Now()
	tn := acctest.NewTenant(t)
	played := tn.Plays(t)
	acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": mapOf(acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enabled")}))
	acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": mapOf(acctest.MeganUPN, "enabled")}))
	if err := tn.StateIs(acctest.DiegoID, "disabled"); err != nil {
		t.Error(err)
	}
	if lasted := time.Since(began); lasted > 5*time.Minute {
		t.Errorf("an update without others waited %s", lasted)
	}
}
