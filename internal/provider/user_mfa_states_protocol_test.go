package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const statesTypeName = "entramfa_user_mfa_states"

// statesSession drives the resource of many users as the CLI does.
type statesSession struct{ *session }

func (tn *tenant) statesSession(t *testing.T, extra map[string]any) *statesSession {
	t.Helper()
	return &statesSession{tn.sessionOf(t, statesTypeName, extra)}
}

func textMapValue(pairs ...string) tftypes.Value {
	values := map[string]tftypes.Value{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = tftypes.NewValue(tftypes.String, pairs[i+1])
	}
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, values)
}

func unknownOf(typ tftypes.Type) tftypes.Value { return tftypes.NewValue(typ, tftypes.UnknownValue) }

// priorUsers is a state after an apply; of each user the key, the id, the wanted and the effective state.
func priorUsers(onDestroy string, entries ...[4]string) map[string]any {
	var wanted, effective, ids []string
	for _, entry := range entries {
		ids = append(ids, entry[0], entry[1])
		wanted, effective = append(wanted, entry[0], entry[2]), append(effective, entry[0], entry[3])
	}
	return map[string]any{
		"id": "66666666-ffff-4fff-8fff-000000000001", "allow_promotion": false, "on_destroy": onDestroy,
		"users": textMapValue(wanted...), "effective_states": textMapValue(effective...), "user_ids": textMapValue(ids...),
		"awaiting_registration": textMapValue(),
	}
}

func wants(pairs ...string) map[string]any { return map[string]any{"users": textMapValue(pairs...)} }

func TestAPlanOfManyUsersWarnsOnceOfWhatTakesProtectionAway(t *testing.T) {
	t.Parallel()
	people := testTenant()
	megan := [4]string{meganUPN, meganID, "enabled", "enabled"}
	diego := [4]string{diegoUPN, diegoID, "enabled", "enforced"}
	adele := [4]string{adeleUPN, adeleID, "disabled", "disabled"}
	var crowd [][4]string
	for i := range 312 {
		person := [4]string{fmt.Sprintf("person%03d@contoso.example", i), memberID(i), "enabled", "enforced"}
		crowd = append(crowd, person)
		people.Users = append(people.Users, control.User{ID: person[1], UserPrincipalName: person[0]})
	}
	s := startTenant(t, people, quick()).statesSession(t, nil)
	const stops = "Per-user MFA stops applying to "
	for name, c := range map[string]struct {
		prior, config map[string]any
		want          [][]string
	}{
		"two are disabled": {
			priorUsers("disable", megan, diego), wants(meganUPN, "disabled", diegoUPN, "disabled"),
			[][]string{{stops + "2 users: The apply moves to disabled: " + diegoUPN + " (enforced), " + meganUPN + " (enabled). ", "a password is then enough"}},
		},
		"one is disabled and one removed": {
			priorUsers("disable", megan, diego), wants(meganUPN, "disabled"),
			[][]string{{stops + "2 users", meganUPN + " (enabled), " + diegoUPN + " (enforced)", "1 of them because they are in users no longer", `on_destroy = "keep"`}},
		},
		"one is removed": {priorUsers("disable", megan, diego), wants(meganUPN, "enabled"), [][]string{{stops + diegoUPN + ": ", "no longer"}}},
		"destroy of a crowd": {
			priorUsers("disable", crowd...), nil,
			[][]string{{stops + "312 users: The apply moves to disabled, the first 10: person000@contoso.example (enforced)", "person009@contoso.example (enforced) and 302 more"}},
		},
		"destroy with keep":          {priorUsers("keep", crowd...), nil, nil},
		"removed with keep":          {priorUsers("keep", megan, diego), map[string]any{"users": textMapValue(meganUPN, "enabled"), "on_destroy": "keep"}, nil},
		"destroy of a disabled user": {priorUsers("disable", adele), nil, nil},
		"no change":                  {priorUsers("disable", megan, diego), wants(meganUPN, "enabled", diegoUPN, "enabled"), nil},
		"adopted": {
			nil, wants(meganUPN, "enabled", diegoID, "enabled", adeleUPN, "enabled"),
			[][]string{{"2 users are adopted as they are: ", diegoID + " (" + diegoUPN + ") (enforced), " + meganUPN + " (enabled)", "writes nothing", "sets it to disabled"}},
		},
		"one is adopted": {nil, wants(meganUPN, "enabled", adeleUPN, "disabled"), [][]string{{meganUPN + " is adopted as it is: "}}},
		"one adopted, one taken over to be disabled": {
			nil, wants(meganUPN, "enabled", diegoUPN, "disabled"),
			[][]string{{stops + diegoUPN}, {meganUPN + " is adopted as it is"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			planned := s.plan(c.prior, c.config)
			noErrors(t, planned.Diagnostics)
			found := warnings(planned.Diagnostics)
			if len(found) != len(c.want) {
				t.Fatalf("the plan gives the warnings %q, want %d", found, len(c.want))
			}
			for i, want := range c.want {
				if !says(want...).MatchString(found[i]) {
					t.Errorf("the warning is %q, want it to say %q", found[i], want)
				}
			}
		})
	}
}

// An error ends the plan of all users: what it keeps from sight is told, or who looks for drift would not see it.
func TestAPlanThatMissesAUserNamesTheOthersWhoChange(t *testing.T) {
	t.Parallel()
	s := newTenant(t).statesSession(t, nil)
	const hides = "shows no other change of this resource"
	prior := priorUsers("disable", [4]string{meganUPN, meganID, "enabled", "enabled"}, [4]string{adeleUPN, adeleID, "disabled", "disabled"})
	for name, c := range map[string]struct {
		config []string
		hidden string
	}{
		"one has changed":  {[]string{meganUPN, "enabled", adeleUPN, "enabled", nobodyID, "enabled"}, adeleUPN + ", disabled instead of enabled"},
		"one is new":       {[]string{meganUPN, "enabled", adeleUPN, "disabled", guestUPN, "enabled", nobodyID, "enabled"}, ""},
		"two are missing":  {[]string{meganUPN, "disabled", nobodyID, "enabled", "nobody@contoso.example", "enabled"}, meganUPN + ", enabled instead of disabled"},
		"none has changed": {[]string{meganUPN, "enabled", nobodyID, "enabled", "nobody@contoso.example", "enabled"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := problems(s.plan(prior, wants(c.config...)).Diagnostics)
			if len(found) != 1 || !says("not found", "Remove users who have left from users; nothing else is needed.").MatchString(found[0]) {
				t.Fatalf("the plan says %q", found)
			}
			if told := says(hides).MatchString(found[0]); told != (c.hidden != "") || told && !says(hides, c.hidden).MatchString(found[0]) {
				t.Errorf("the error is %q, want it to tell %q", found[0], c.hidden)
			}
		})
	}
}

// The twin of the acceptance test of a create that fails in part: its warning, and that the state alone, without a
// refresh, plans the user who failed and nobody else.
func TestACreateThatFailsForSomeUsersWarnsAndTheStateAlonePlansThem(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	s := tn.statesSession(t, nil)
	ctx := context.Background()
	config := map[string]any{"users": textMapValue(adeleUPN, "enabled", obrienUPN, "disabled", meganUPN, "disabled"), "on_destroy": "disable", "allow_promotion": false}
	planned := s.plan(nil, config)
	noErrors(t, planned.Diagnostics)
	tn.refuseWritesTo(meganID)()
	created, err := s.server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: statesTypeName, PriorState: dynamic(t, tftypes.NewValue(s.typ, nil)), PlannedState: planned.PlannedState,
		Config: dynamic(t, objectOf(t, s.typ, config)), PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, created.Diagnostics)
	found := warnings(created.Diagnostics)
	if len(found) != 1 || !says("Unable to set the per-user MFA state of 1 of 3 users", "Not set: "+meganUPN, "This is a warning, because", "This user is odd.").MatchString(found[0]) {
		t.Errorf("the create warns %q", found)
	}
	value, err := created.NewState.Unmarshal(s.typ)
	if err != nil {
		t.Fatal(err)
	}
	var attributes map[string]tftypes.Value
	if err := value.As(&attributes); err != nil {
		t.Fatal(err)
	}
	if want := textMapValue(adeleUPN, "enabled", obrienUPN, "disabled", meganUPN, "enabled"); !attributes["effective_states"].Equal(want) {
		t.Errorf("effective_states is %s, want %s", attributes["effective_states"], want)
	}

	again := map[string]any{}
	for name, value := range attributes {
		again[name] = value
	}
	replanned := s.plan(again, config)
	noErrors(t, replanned.Diagnostics)
	if len(replanned.RequiresReplace) != 0 {
		t.Errorf("the plan after it replaces for %v", replanned.RequiresReplace)
	}
	next, err := replanned.PlannedState.Unmarshal(s.typ)
	if err != nil {
		t.Fatal(err)
	}
	if err := next.As(&attributes); err != nil {
		t.Fatal(err)
	}
	if want := textMapValue(adeleUPN, "enabled", obrienUPN, "disabled", meganUPN, "disabled"); !attributes["effective_states"].Equal(want) {
		t.Errorf("the plan after it has effective_states %s, want %s", attributes["effective_states"], want)
	}
}

func TestAnUnconfirmedChangeOfManyIsOneWarning(t *testing.T) {
	t.Parallel()
	options := quick()
	options.Consistency.Timeout = options.Consistency.Drift
	tn := newTenantWith(t, options)
	s := tn.statesSession(t, nil)
	if err := tn.SetBehavior(context.Background(), control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000}}); err != nil {
		t.Fatal(err)
	}
	config := map[string]any{"users": textMapValue(adeleUPN, "enabled", obrienUPN, "enabled"), "on_destroy": "disable", "allow_promotion": false}
	planned := s.plan(nil, config)
	noErrors(t, planned.Diagnostics)
	created, err := s.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: statesTypeName, PriorState: dynamic(t, tftypes.NewValue(s.typ, nil)), PlannedState: planned.PlannedState,
		Config: dynamic(t, objectOf(t, s.typ, config)), PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, created.Diagnostics)
	if found := warnings(created.Diagnostics); len(found) != 1 || !says("The new MFA state of 2 users is not confirmed yet", adeleUPN+", "+obrienUPN).MatchString(found[0]) {
		t.Errorf("the create warns %q", found)
	}
}

func TestAPlanOfManyUsersWithAProviderThatIsNotKnownYetChecksNothing(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	s := tn.statesSession(t, map[string]any{"client_secret": unknownOf(tftypes.String)})
	megan := priorUsers("disable", [4]string{meganUPN, meganID, "enabled", "enabled"})
	// What the state knows is warned of all the same.
	for name, c := range map[string]struct {
		prior, config map[string]any
		warns         []string
	}{
		"create":                  {nil, wants(nobodyID, "enforced"), nil},
		"update":                  {megan, wants(meganUPN, "enabled", nobodyID, "enabled"), nil},
		"disabled":                {megan, wants(meganUPN, "disabled", nobodyID, "enabled"), []string{"Per-user MFA stops applying to " + meganUPN}},
		"removed":                 {megan, wants(nobodyID, "enabled"), []string{"Per-user MFA stops applying to " + meganUPN}},
		"users not known":         {nil, map[string]any{"users": unknownOf(tftypes.Map{ElementType: tftypes.String})}, nil},
		"users no longer known":   {megan, map[string]any{"users": unknownOf(tftypes.Map{ElementType: tftypes.String})}, []string{"Per-user MFA may stop applying to " + meganUPN}},
		"a state not known":       {megan, map[string]any{"users": tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{meganUPN: unknownOf(tftypes.String)})}, []string{"Per-user MFA may stop applying to " + meganUPN}},
		"not known, but kept":     {priorUsers("keep", [4]string{meganUPN, meganID, "enabled", "enabled"}), map[string]any{"on_destroy": "keep", "users": unknownOf(tftypes.Map{ElementType: tftypes.String})}, nil},
		"not known, nobody there": {priorUsers("disable", [4]string{meganUPN, meganID, "disabled", "disabled"}), map[string]any{"users": unknownOf(tftypes.Map{ElementType: tftypes.String})}, nil},
	} {
		planned := s.plan(c.prior, c.config)
		noErrors(t, planned.Diagnostics)
		found := warnings(planned.Diagnostics)
		if len(found) != len(c.warns) {
			t.Errorf("%s: the plan warns %q", name, found)
			continue
		}
		for i, text := range c.warns {
			if !strings.Contains(found[i], text) {
				t.Errorf("%s: the plan warns %q, want %q", name, found[i], text)
			}
		}
	}
	requests, err := tn.Requests(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) != 0 {
		t.Errorf("%d requests were sent without a configured provider", len(requests))
	}
	// The control: the same plan, configured, is refused.
	if refused := tn.statesSession(t, nil).plan(nil, wants(nobodyID, "enforced")); len(refused.Diagnostics) == 0 {
		t.Error("a configured provider plans an unknown user")
	}
}

func TestAUserWhoRegistersBetweenPlanAndApplyDoesNotChangeThePlan(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	config := wants(meganUPN, "enabled", adeleUPN, "disabled")
	for name, prior := range map[string]map[string]any{"create": nil, "update": priorUsers("keep", [4]string{adeleUPN, adeleID, "disabled", "disabled"})} {
		t.Run(name, func(t *testing.T) {
			tn.do(func(ctx context.Context) error { return tn.Seed(ctx, testTenant()) })()
			plan := func() tftypes.Value {
				// The apply has a process of its own, and plans again.
				s := tn.statesSession(t, nil)
				planned := s.plan(prior, config)
				noErrors(t, planned.Diagnostics)
				return unpacked(planned.PlannedState, s.typ)
			}
			first := plan()
			tn.register(meganID, control.MethodMicrosoftAuthenticator)()
			if surprise := surprises(first, plan()); surprise != "" {
				t.Errorf("Terraform refuses the second plan: %s", surprise)
			}
		})
	}
}

// The identity is the users: it goes with them through an import, an apply, a refresh and a destroy that fails in part.
func TestTheIdentityOfManyUsersIsTheUsers(t *testing.T) {
	t.Parallel()
	m := newMachine(t, testTenant())
	running := m.process()
	imports := func(ids ...any) (kept, []*tfprotov6.Diagnostic) {
		t.Helper()
		return running.imports(&tfprotov6.ImportResourceStateRequest{
			TypeName: statesTypeName,
			Identity: &tfprotov6.ResourceIdentityData{IdentityData: packed(tftypes.NewValue(statesIdentity, map[string]tftypes.Value{
				"user_ids": tftypes.NewValue(statesIdentity.AttributeTypes["user_ids"], valuesOf(tftypes.String, ids)),
			}))},
		})
	}
	for name, c := range map[string]struct {
		ids  []any
		want []string
	}{
		"nobody":         {nil, []string{"Invalid import identity", "It names 0 users. Write 1 to 10000 object ids to user_ids."}},
		"not an id":      {[]any{meganID, "megan"}, []string{"Invalid import identity", `"megan" is neither`, "object ids to user_ids"}},
		"one twice":      {[]any{meganID, strings.ToUpper(meganID)}, []string{"The same user twice"}},
		"not there":      {[]any{meganID, nobodyID}, []string{nobodyID, "not found", "Leave users who have left out of the import."}},
		"no answer":      {[]any{""}, []string{"Invalid import identity"}},
		"several wanted": {[]any{meganID + "," + diegoID}, []string{"Invalid import identity"}},
	} {
		_, diagnostics := imports(c.ids...)
		if found := problems(diagnostics); len(found) != 1 || !says(c.want...).MatchString(found[0]) {
			t.Errorf("%s: the import says %q, want %q", name, found, c.want)
		}
	}
	expect := func(when string, now kept, want ...string) {
		t.Helper()
		slices.Sort(want)
		if have := identityOfStates(now.identity); fmt.Sprint(have) != fmt.Sprint(want) {
			t.Errorf("%s: the identity is %q, want %q", when, have, want)
		}
	}
	apply := func(before kept, config map[string]any) (kept, []*tfprotov6.Diagnostic) {
		t.Helper()
		planned, diagnostics := running.plan(statesTypeName, before, config)
		noErrors(t, diagnostics)
		return running.apply(statesTypeName, before, planned)
	}

	now, diagnostics := imports(meganID, diegoID)
	noErrors(t, diagnostics)
	expect("imported", now, meganID, diegoID)
	now = m.refresh(running, statesTypeName, now)
	expect("refreshed after the import", now, meganID, diegoID)

	config := having(having(wants(diegoID, "enabled", adeleUPN, "enabled", obrienUPN, "enabled"), "allow_promotion", false), "on_destroy", "disable")
	now, diagnostics = apply(now, config)
	noErrors(t, diagnostics)
	expect("one taken out and two added", now, diegoID, adeleID, obrienID)

	m.tn.do(func(ctx context.Context) error { return m.tn.DeleteUser(ctx, obrienID) })()
	now = m.refresh(running, statesTypeName, now)
	expect("one deleted", now, diegoID, adeleID)

	m.tn.refuseWritesTo(diegoID)()
	now, diagnostics = apply(now, nil)
	if found := problems(diagnostics); len(found) != 1 {
		t.Errorf("the destroy says %q, want one error", found)
	}
	expect("a destroy that failed in part", now, diegoID)
}

// An id tells a reader nothing, so the plan says who it is.
func TestTheNamesOfUsersByIDAreKnownAtPlan(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	tn := newTenant(t)
	config := func(pairs ...string) configuration {
		wanted := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			wanted[pairs[i]] = pairs[i+1]
		}
		return configuration{"users": resourceBlock{typeUsers, map[string]any{"users": wanted}}}
	}
	plannedNames := func(pairs ...string) tftypes.Value {
		t.Helper()
		s := tn.statesSession(t, nil)
		planned := s.plan(nil, wants(pairs...))
		noErrors(t, planned.Diagnostics)
		return attributesOf(unpacked(planned.PlannedState, s.typ))["names"]
	}
	const guest = "Pat (guest)"
	if have, want := plannedNames(adeleUPN, "enabled", guestID, "enabled"), textMapValue(guestID, guest+" ("+guestUPN+")"); !have.Equal(want) {
		t.Errorf("planned are the names %s, want %s", have, want)
	}
	if have := plannedNames(adeleUPN, "enabled"); !have.IsNull() {
		t.Errorf("where every key is a name the names are %s", have)
	}

	played := tn.plays(t)
	names := func() map[string]any { return object(played.state()["users"].values["names"]) }
	expect := func(when string, want map[string]any) {
		t.Helper()
		if have := names(); fmt.Sprint(have) != fmt.Sprint(want) {
			t.Errorf("%s: the names are %v, want %v", when, have, want)
		}
	}
	runs := func(report *outcome, changes int) {
		t.Helper()
		if report.failed() || len(report.changed) != changes {
			t.Fatalf("changed are %v, want %d:\n%s", report.changed, changes, report)
		}
	}
	two := config(adeleID, "enabled", guestID, "enabled", meganUPN, "enabled")
	runs(played.apply(two), 1)
	expect("applied", map[string]any{adeleID: adeleName, guestID: guest + " (" + guestUPN + ")"})

	// A rename is taken over, and is no difference. It costs one request, however many there are, and no permission more.
	permit := func(permissions ...string) {
		tn.do(func(ctx context.Context) error {
			_, err := tn.PatchApp(ctx, appID, control.AppPatch{Permissions: &permissions})
			return err
		})()
	}
	permit("User.Read.All", "Policy.Read.All")
	tn.renamed(adeleID, "Adele Vance-Miller")()
	if err := tn.ClearRequests(ctx); err != nil {
		t.Fatal(err)
	}
	runs(played.refresh(two), 0)
	const renamed = "Adele Vance-Miller (" + adeleUPN + ")"
	expect("renamed", map[string]any{adeleID: renamed, guestID: guest + " (" + guestUPN + ")"})
	if have := tn.policyRequests(http.MethodPost, "/getByIds"); have != 1 {
		t.Errorf("a refresh has sent %d look-ups, want 1", have)
	}
	runs(played.plan(two), 0)
	permit("User.Read.All", "Policy.ReadWrite.AuthenticationMethod")

	// A refresh that cannot look them up keeps them, and does not fail.
	tn.renamed(adeleID, "Adele V. Miller")()
	tn.fault(control.Fault{PathRegexp: "getByIds", Times: new(0), Status: http.StatusForbidden})()
	runs(played.plan(two), 0)
	runs(played.refresh(two), 0)
	expect("not looked up", map[string]any{adeleID: renamed, guestID: guest + " (" + guestUPN + ")"})
	tn.heal()()

	// Whoever loses protection is called by name, though the key is an id and the name was there before.
	losing := played.plan(config(adeleID, "disabled", meganUPN, "enabled"))
	runs(losing, 1)
	if !says("stops applying to 2 users", adeleID+" ("+adeleUPN+") (enabled)", guestID+" ("+guestUPN+") (enabled)").MatchString(fmt.Sprint(losing.warnings["users"])) {
		t.Errorf("the plan warns %q", losing.warnings["users"])
	}

	// Called by name from now on, and another one by id.
	otherwise := config(adeleUPN, "enabled", guestID, "disabled", meganID, "enabled")
	runs(played.apply(otherwise), 1)
	expect("called otherwise", map[string]any{guestID: guest + " (" + guestUPN + ")", meganID: "Megan Bowen (" + meganUPN + ")"})
	if next := played.plan(otherwise); next.failed() || len(next.changed) > 0 || len(next.moved) > 0 {
		t.Errorf("the next plan changes %v and has refreshed %v:\n%s", next.changed, next.moved, next)
	}

	// And by name and by id once more, while nobody can be looked up: the name comes with the refresh.
	runs(played.apply(config(adeleUPN, "enabled", meganUPN, "enabled")), 1)
	tn.fault(control.Fault{PathRegexp: "getByIds", Times: new(0), Status: http.StatusForbidden})()
	back := config(adeleUPN, "enabled", meganID, "enabled")
	runs(played.apply(back), 1)
	expect("not looked up", nil)
	tn.heal()()
	runs(played.refresh(back), 0)
	expect("refreshed", map[string]any{meganID: "Megan Bowen (" + meganUPN + ")"})
	runs(played.apply(config(adeleUPN, "enabled")), 1)
	expect("nobody by id", nil)
}
