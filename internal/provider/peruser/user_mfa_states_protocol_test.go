package peruser_test

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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func unknownOf(typ tftypes.Type) tftypes.Value { return tftypes.NewValue(typ, tftypes.UnknownValue) }

func TestAPlanOfManyUsersWarnsOnceOfWhatTakesProtectionAway(t *testing.T) {
	t.Parallel()
	people := acctest.Contoso()
	megan := [4]string{acctest.MeganUPN, acctest.MeganID, "enabled", "enabled"}
	diego := [4]string{acctest.DiegoUPN, acctest.DiegoID, "enabled", "enforced"}
	adele := [4]string{acctest.AdeleUPN, acctest.AdeleID, "disabled", "disabled"}
	var crowd [][4]string
	for i := range 312 {
		person := [4]string{fmt.Sprintf("person%03d@contoso.example", i), acctest.MemberID(i), "enabled", "enforced"}
		crowd = append(crowd, person)
		people.Users = append(people.Users, control.User{ID: person[1], UserPrincipalName: person[0]})
	}
	s := acctest.StartTenant(t, people, acctest.Quick()).StatesSession(t, nil)
	const stops = "Per-user MFA stops applying to "
	for name, c := range map[string]struct {
		prior, config map[string]any
		want          [][]string
	}{
		"two are disabled": {
			acctest.PriorUsers("disable", megan, diego), acctest.WantedUsers(acctest.MeganUPN, "disabled", acctest.DiegoUPN, "disabled"),
			[][]string{{"Per-user MFA: 2 lose it: " + stops + "2 users: " + acctest.DiegoUPN + " (enforced), " + acctest.MeganUPN + " (enabled). ", "a password is then enough"}},
		},
		"one is disabled and one removed": {
			acctest.PriorUsers("disable", megan, diego), acctest.WantedUsers(acctest.MeganUPN, "disabled"),
			[][]string{{"Per-user MFA: 2 lose it: " + stops + "2 users", acctest.MeganUPN + " (enabled), " + acctest.DiegoUPN + " (enforced)", "1 of them because they are no longer in users", `on_destroy = "keep"`}},
		},
		"one is removed": {acctest.PriorUsers("disable", megan, diego), acctest.WantedUsers(acctest.MeganUPN, "enabled"), [][]string{{"Per-user MFA: 1 loses it (" + acctest.DiegoUPN + "): " + stops + acctest.DiegoUPN + " (enforced). ", "no longer"}}},
		"destroy of a crowd": {
			acctest.PriorUsers("disable", crowd...), nil,
			[][]string{{"Per-user MFA: 312 lose it: " + stops + "312 users: person000@contoso.example (enforced)", "person009@contoso.example (enforced) and 302 more"}},
		},
		"destroy with keep": {
			acctest.PriorUsers("keep", crowd...), nil,
			[][]string{{"Per-user MFA: 312 are left as they are: ", `on_destroy is "keep"`, "person000@contoso.example (enforced)", "person009@contoso.example (enforced) and 302 more."}},
		},
		"removed with keep": {
			acctest.PriorUsers("keep", megan, diego),
			map[string]any{"users": acctest.StringMap(acctest.MeganUPN, "enabled"), "on_destroy": "keep"},
			[][]string{{"Per-user MFA: 1 is left as is (" + acctest.DiegoUPN + "): ", "No longer managed here", acctest.DiegoUPN + " (enforced)."}},
		},
		"one of each": {
			acctest.PriorUsers("disable", diego, adele), acctest.WantedUsers(acctest.AdeleUPN, "enabled", acctest.MeganUPN, "enabled"),
			[][]string{{
				"Per-user MFA: 1 loses it (" + acctest.DiegoUPN + "), 1 gains it (" + acctest.AdeleUPN + "), 1 is adopted (" + acctest.MeganUPN + "): " + stops + acctest.DiegoUPN + " (enforced)",
				"Per-user MFA starts applying to " + acctest.AdeleUPN + " (disabled).", "adopted as is: " + acctest.MeganUPN,
			}},
		},
		"destroy of a disabled user": {acctest.PriorUsers("disable", adele), nil, nil},
		"no change":                  {acctest.PriorUsers("disable", megan, diego), acctest.WantedUsers(acctest.MeganUPN, "enabled", acctest.DiegoUPN, "enabled"), nil},
		"adopted": {
			nil, acctest.WantedUsers(acctest.MeganUPN, "enabled", acctest.DiegoID, "enabled", acctest.AdeleUPN, "enabled"),
			[][]string{{"Per-user MFA: 1 gains it (" + acctest.AdeleUPN + "), 2 are adopted: ", "2 users are adopted as they are: ", acctest.DiegoID + " (" + acctest.DiegoUPN + ") (enforced), " + acctest.MeganUPN + " (enabled)", "writes nothing", "sets it to disabled"}},
		},
		"one is adopted": {nil, acctest.WantedUsers(acctest.MeganUPN, "enabled", acctest.AdeleUPN, "disabled"), [][]string{{"Per-user MFA: 1 is adopted (" + acctest.MeganUPN + "): 1 user is adopted as is: " + acctest.MeganUPN}}},
		"one adopted, one taken over to be disabled": {
			nil, acctest.WantedUsers(acctest.MeganUPN, "enabled", acctest.DiegoUPN, "disabled"),
			[][]string{{"Per-user MFA: 1 loses it (" + acctest.DiegoUPN + "), 1 is adopted (" + acctest.MeganUPN + "): ", stops + acctest.DiegoUPN, "1 user is adopted as is: " + acctest.MeganUPN}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			planned := s.Plan(c.prior, c.config)
			acctest.NoErrors(t, planned.Diagnostics)
			found := acctest.Warnings(planned.Diagnostics)
			if len(found) != len(c.want) {
				t.Fatalf("the plan gives the warnings %q, want %d", found, len(c.want))
			}
			for i, want := range c.want {
				if !acctest.Says(want...).MatchString(found[i]) {
					t.Errorf("the warning is %q, want it to say %q", found[i], want)
				}
			}
		})
	}
}

// An error ends the plan of all users: what it keeps from sight is told, or who looks for drift would not see it.
func TestAPlanThatMissesAUserNamesTheOthersWhoChange(t *testing.T) {
	t.Parallel()
	s := acctest.NewTenant(t).StatesSession(t, nil)
	const hides = "shows no other change of this resource"
	prior := acctest.PriorUsers("disable", [4]string{acctest.MeganUPN, acctest.MeganID, "enabled", "enabled"}, [4]string{acctest.AdeleUPN, acctest.AdeleID, "disabled", "disabled"})
	for name, c := range map[string]struct {
		config []string
		hidden string
	}{
		"one has changed":  {[]string{acctest.MeganUPN, "enabled", acctest.AdeleUPN, "enabled", acctest.NobodyID, "enabled"}, acctest.AdeleUPN + ", disabled instead of enabled"},
		"one is new":       {[]string{acctest.MeganUPN, "enabled", acctest.AdeleUPN, "disabled", acctest.GuestUPN, "enabled", acctest.NobodyID, "enabled"}, ""},
		"two are missing":  {[]string{acctest.MeganUPN, "disabled", acctest.NobodyID, "enabled", "nobody@contoso.example", "enabled"}, acctest.MeganUPN + ", enabled instead of disabled"},
		"none has changed": {[]string{acctest.MeganUPN, "enabled", acctest.NobodyID, "enabled", "nobody@contoso.example", "enabled"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := acctest.Problems(s.Plan(prior, acctest.WantedUsers(c.config...)).Diagnostics)
			if len(found) != 1 || !acctest.Says("not found", "Remove users who have left from users; nothing else is needed.").MatchString(found[0]) {
				t.Fatalf("the plan says %q", found)
			}
			if told := acctest.Says(hides).MatchString(found[0]); told != (c.hidden != "") || told && !acctest.Says(hides, c.hidden).MatchString(found[0]) {
				t.Errorf("the error is %q, want it to tell %q", found[0], c.hidden)
			}
		})
	}
}

// The twin of the acceptance test of a create that fails in part: its warning, and that the state alone, without a
// refresh, plans the user who failed and nobody else.
func TestACreateThatFailsForSomeUsersWarnsAndTheStateAlonePlansThem(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	s := tn.StatesSession(t, nil)
	ctx := context.Background()
	config := map[string]any{"users": acctest.StringMap(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "disabled", acctest.MeganUPN, "disabled"), "on_destroy": "disable", "allow_promotion": false}
	planned := s.Plan(nil, config)
	acctest.NoErrors(t, planned.Diagnostics)
	tn.RefuseWritesTo(acctest.MeganID)()
	created, err := s.Server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: acctest.StatesTypeName, PriorState: acctest.Dynamic(t, tftypes.NewValue(s.Type, nil)), PlannedState: planned.PlannedState,
		Config: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, config)), PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, created.Diagnostics)
	found := acctest.Warnings(created.Diagnostics)
	if len(found) != 1 || !acctest.Says("Unable to set the per-user MFA state of 1 of 3 users", "Not set: "+acctest.MeganUPN, "This is a warning, because", "This user is odd.").MatchString(found[0]) {
		t.Errorf("the create warns %q", found)
	}
	value, err := created.NewState.Unmarshal(s.Type)
	if err != nil {
		t.Fatal(err)
	}
	var attributes map[string]tftypes.Value
	if err := value.As(&attributes); err != nil {
		t.Fatal(err)
	}
	if want := acctest.StringMap(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "disabled", acctest.MeganUPN, "enabled"); !attributes["effective_states"].Equal(want) {
		t.Errorf("effective_states is %s, want %s", attributes["effective_states"], want)
	}

	again := map[string]any{}
	for name, value := range attributes {
		again[name] = value
	}
	replanned := s.Plan(again, config)
	acctest.NoErrors(t, replanned.Diagnostics)
	if len(replanned.RequiresReplace) != 0 {
		t.Errorf("the plan after it replaces for %v", replanned.RequiresReplace)
	}
	next, err := replanned.PlannedState.Unmarshal(s.Type)
	if err != nil {
		t.Fatal(err)
	}
	if err := next.As(&attributes); err != nil {
		t.Fatal(err)
	}
	if want := acctest.StringMap(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "disabled", acctest.MeganUPN, "disabled"); !attributes["effective_states"].Equal(want) {
		t.Errorf("the plan after it has effective_states %s, want %s", attributes["effective_states"], want)
	}
}

func TestAnUnconfirmedChangeOfManyIsOneWarning(t *testing.T) {
	t.Parallel()
	options := acctest.Quick()
	options.Consistency.Timeout = options.Consistency.Drift
	tn := acctest.NewTenantWith(t, options)
	s := tn.StatesSession(t, nil)
	if err := tn.SetBehavior(context.Background(), control.Behavior{ReplicaLag: control.ReplicaLag{DurationMs: 3_600_000}}); err != nil {
		t.Fatal(err)
	}
	config := map[string]any{"users": acctest.StringMap(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled"), "on_destroy": "disable", "allow_promotion": false}
	planned := s.Plan(nil, config)
	acctest.NoErrors(t, planned.Diagnostics)
	created, err := s.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: acctest.StatesTypeName, PriorState: acctest.Dynamic(t, tftypes.NewValue(s.Type, nil)), PlannedState: planned.PlannedState,
		Config: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, config)), PlannedPrivate: planned.PlannedPrivate,
	})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, created.Diagnostics)
	if found := acctest.Warnings(created.Diagnostics); len(found) != 1 || !acctest.Says("The new MFA state of 2 users is not confirmed yet", acctest.AdeleUPN+", "+acctest.ObrienUPN).MatchString(found[0]) {
		t.Errorf("the create warns %q", found)
	}
}

func TestAPlanOfManyUsersWithAProviderThatIsNotKnownYetChecksNothing(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	s := tn.StatesSession(t, map[string]any{"client_secret": unknownOf(tftypes.String)})
	megan := acctest.PriorUsers("disable", [4]string{acctest.MeganUPN, acctest.MeganID, "enabled", "enabled"})
	// What the state knows is warned of all the same.
	for name, c := range map[string]struct {
		prior, config map[string]any
		warns         []string
	}{
		"create":                  {nil, acctest.WantedUsers(acctest.NobodyID, "enforced"), nil},
		"update":                  {megan, acctest.WantedUsers(acctest.MeganUPN, "enabled", acctest.NobodyID, "enabled"), nil},
		"disabled":                {megan, acctest.WantedUsers(acctest.MeganUPN, "disabled", acctest.NobodyID, "enabled"), []string{"Per-user MFA stops applying to " + acctest.MeganUPN}},
		"removed":                 {megan, acctest.WantedUsers(acctest.NobodyID, "enabled"), []string{"Per-user MFA stops applying to " + acctest.MeganUPN}},
		"users not known":         {nil, map[string]any{"users": unknownOf(tftypes.Map{ElementType: tftypes.String})}, nil},
		"users no longer known":   {megan, map[string]any{"users": unknownOf(tftypes.Map{ElementType: tftypes.String})}, []string{"Per-user MFA may stop applying to " + acctest.MeganUPN}},
		"a state not known":       {megan, map[string]any{"users": tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, map[string]tftypes.Value{acctest.MeganUPN: unknownOf(tftypes.String)})}, []string{"Per-user MFA may stop applying to " + acctest.MeganUPN}},
		"not known, but kept":     {acctest.PriorUsers("keep", [4]string{acctest.MeganUPN, acctest.MeganID, "enabled", "enabled"}), map[string]any{"on_destroy": "keep", "users": unknownOf(tftypes.Map{ElementType: tftypes.String})}, nil},
		"not known, nobody there": {acctest.PriorUsers("disable", [4]string{acctest.MeganUPN, acctest.MeganID, "disabled", "disabled"}), map[string]any{"users": unknownOf(tftypes.Map{ElementType: tftypes.String})}, nil},
	} {
		planned := s.Plan(c.prior, c.config)
		acctest.NoErrors(t, planned.Diagnostics)
		found := acctest.Warnings(planned.Diagnostics)
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
	if requests := tn.RequestLog(); len(requests) != 0 {
		t.Errorf("%d requests were sent without a configured provider", len(requests))
	}
	// The control: the same plan, configured, is refused.
	if refused := tn.StatesSession(t, nil).Plan(nil, acctest.WantedUsers(acctest.NobodyID, "enforced")); len(refused.Diagnostics) == 0 {
		t.Error("a configured provider plans an unknown user")
	}
}

func TestAUserWhoRegistersBetweenPlanAndApplyDoesNotChangeThePlan(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	config := acctest.WantedUsers(acctest.MeganUPN, "enabled", acctest.AdeleUPN, "disabled")
	for name, prior := range map[string]map[string]any{"create": nil, "update": acctest.PriorUsers("keep", [4]string{acctest.AdeleUPN, acctest.AdeleID, "disabled", "disabled"})} {
		t.Run(name, func(t *testing.T) {
			tn.Do(func(ctx context.Context) error { return tn.Seed(ctx, acctest.Contoso()) })()
			plan := func() tftypes.Value {
				// The apply has a process of its own, and plans again.
				s := tn.StatesSession(t, nil)
				planned := s.Plan(prior, config)
				acctest.NoErrors(t, planned.Diagnostics)
				return acctest.Unpacked(planned.PlannedState, s.Type)
			}
			first := plan()
			tn.Register(acctest.MeganID, control.MethodMicrosoftAuthenticator)()
			if surprise := acctest.Surprises(first, plan()); surprise != "" {
				t.Errorf("Terraform refuses the second plan: %s", surprise)
			}
		})
	}
}

// The identity is the users: it goes with them through an import, an apply, a refresh and a destroy that fails in part.
func TestTheIdentityOfManyUsersIsTheUsers(t *testing.T) {
	t.Parallel()
	m := acctest.NewMachine(t, acctest.Contoso())
	running := m.Process()
	imports := func(ids ...any) (acctest.Kept, []*tfprotov6.Diagnostic) {
		t.Helper()
		return running.Imports(&tfprotov6.ImportResourceStateRequest{
			TypeName: acctest.StatesTypeName,
			Identity: &tfprotov6.ResourceIdentityData{IdentityData: acctest.Packed(tftypes.NewValue(acctest.StatesIdentity, map[string]tftypes.Value{
				"user_ids": tftypes.NewValue(acctest.StatesIdentity.AttributeTypes["user_ids"], acctest.ValuesOf(tftypes.String, ids)),
			}))},
		})
	}
	for name, c := range map[string]struct {
		ids  []any
		want []string
	}{
		"nobody":         {nil, []string{"Invalid import identity", "It names 0 users. Write 1 to 10000 object ids to user_ids."}},
		"not an id":      {[]any{acctest.MeganID, "megan"}, []string{"Invalid import identity", `"megan" is neither`, "object ids to user_ids"}},
		"one twice":      {[]any{acctest.MeganID, strings.ToUpper(acctest.MeganID)}, []string{"The same user twice"}},
		"not there":      {[]any{acctest.MeganID, acctest.NobodyID}, []string{acctest.NobodyID, "not found", "Leave users who have left out of the import."}},
		"no answer":      {[]any{""}, []string{"Invalid import identity"}},
		"several wanted": {[]any{acctest.MeganID + "," + acctest.DiegoID}, []string{"Invalid import identity"}},
	} {
		_, diagnostics := imports(c.ids...)
		if found := acctest.Problems(diagnostics); len(found) != 1 || !acctest.Says(c.want...).MatchString(found[0]) {
			t.Errorf("%s: the import says %q, want %q", name, found, c.want)
		}
	}
	expect := func(when string, now acctest.Kept, want ...string) {
		t.Helper()
		slices.Sort(want)
		if have := acctest.IdentityOfStates(now.Identity); fmt.Sprint(have) != fmt.Sprint(want) {
			t.Errorf("%s: the identity is %q, want %q", when, have, want)
		}
	}
	apply := func(before acctest.Kept, config map[string]any) (acctest.Kept, []*tfprotov6.Diagnostic) {
		t.Helper()
		planned, diagnostics := running.Plan(acctest.StatesTypeName, before, config)
		acctest.NoErrors(t, diagnostics)
		return running.Apply(acctest.StatesTypeName, before, planned)
	}

	now, diagnostics := imports(acctest.MeganID, acctest.DiegoID)
	acctest.NoErrors(t, diagnostics)
	expect("imported", now, acctest.MeganID, acctest.DiegoID)
	now = m.Refresh(running, acctest.StatesTypeName, now)
	expect("refreshed after the import", now, acctest.MeganID, acctest.DiegoID)

	config := acctest.Having(acctest.Having(acctest.WantedUsers(acctest.DiegoID, "enabled", acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled"), "allow_promotion", false), "on_destroy", "disable")
	now, diagnostics = apply(now, config)
	acctest.NoErrors(t, diagnostics)
	expect("one taken out and two added", now, acctest.DiegoID, acctest.AdeleID, acctest.ObrienID)

	m.Tenant.Do(func(ctx context.Context) error { return m.Tenant.DeleteUser(ctx, acctest.ObrienID) })()
	now = m.Refresh(running, acctest.StatesTypeName, now)
	expect("one deleted", now, acctest.DiegoID, acctest.AdeleID)

	m.Tenant.RefuseWritesTo(acctest.DiegoID)()
	now, diagnostics = apply(now, nil)
	if found := acctest.Problems(diagnostics); len(found) != 1 {
		t.Errorf("the destroy says %q, want one error", found)
	}
	expect("a destroy that failed in part", now, acctest.DiegoID)
}

// An id tells a reader nothing, so the plan says who it is.
func TestTheNamesOfUsersByIDAreKnownAtPlan(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	tn := acctest.NewTenant(t)
	config := func(pairs ...string) acctest.Configuration {
		wanted := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			wanted[pairs[i]] = pairs[i+1]
		}
		return acctest.Configuration{"users": acctest.ResourceBlock{TypeName: acctest.StatesTypeName, Values: map[string]any{"users": wanted}}}
	}
	plannedNames := func(pairs ...string) tftypes.Value {
		t.Helper()
		s := tn.StatesSession(t, nil)
		planned := s.Plan(nil, acctest.WantedUsers(pairs...))
		acctest.NoErrors(t, planned.Diagnostics)
		return acctest.AttributesOf(acctest.Unpacked(planned.PlannedState, s.Type))["names"]
	}
	const guest = "Pat (guest)"
	if have, want := plannedNames(acctest.AdeleUPN, "enabled", acctest.GuestID, "enabled"), acctest.StringMap(acctest.GuestID, guest+" ("+acctest.GuestUPN+")"); !have.Equal(want) {
		t.Errorf("planned are the names %s, want %s", have, want)
	}
	if have := plannedNames(acctest.AdeleUPN, "enabled"); !have.IsNull() {
		t.Errorf("where every key is a name the names are %s", have)
	}

	played := tn.Plays(t)
	names := func() map[string]any { return acctest.Object(played.State()["users"].Values["names"]) }
	expect := func(when string, want map[string]any) {
		t.Helper()
		if have := names(); fmt.Sprint(have) != fmt.Sprint(want) {
			t.Errorf("%s: the names are %v, want %v", when, have, want)
		}
	}
	runs := func(report *acctest.Outcome, changes int) {
		t.Helper()
		if report.Failed() || len(report.Changed) != changes {
			t.Fatalf("changed are %v, want %d:\n%s", report.Changed, changes, report)
		}
	}
	two := config(acctest.AdeleID, "enabled", acctest.GuestID, "enabled", acctest.MeganUPN, "enabled")
	runs(played.Apply(two), 1)
	expect("applied", map[string]any{acctest.AdeleID: acctest.AdeleName, acctest.GuestID: guest + " (" + acctest.GuestUPN + ")"})

	// A rename is taken over, and is no difference. It costs one request, however many there are, and no permission more.
	permit := func(permissions ...string) {
		tn.Do(func(ctx context.Context) error {
			_, err := tn.PatchApp(ctx, acctest.AppID, control.AppPatch{Permissions: &permissions})
			return err
		})()
	}
	permit("User.Read.All", "Policy.Read.All")
	tn.Renamed(acctest.AdeleID, "Adele Vance-Miller")()
	if err := tn.ClearRequests(ctx); err != nil {
		t.Fatal(err)
	}
	runs(played.Refresh(two), 0)
	const renamed = "Adele Vance-Miller (" + acctest.AdeleUPN + ")"
	expect("renamed", map[string]any{acctest.AdeleID: renamed, acctest.GuestID: guest + " (" + acctest.GuestUPN + ")"})
	if have := tn.PolicyRequests(http.MethodPost, "/getByIds"); have != 1 {
		t.Errorf("a refresh has sent %d look-ups, want 1", have)
	}
	runs(played.Plan(two), 0)
	permit("User.Read.All", "Policy.ReadWrite.AuthenticationMethod")

	// A refresh that cannot look them up keeps them, and does not fail.
	tn.Renamed(acctest.AdeleID, "Adele V. Miller")()
	tn.Fault(control.Fault{PathRegexp: "getByIds", Times: new(0), Status: http.StatusForbidden})()
	runs(played.Plan(two), 0)
	runs(played.Refresh(two), 0)
	expect("not looked up", map[string]any{acctest.AdeleID: renamed, acctest.GuestID: guest + " (" + acctest.GuestUPN + ")"})
	tn.Heal()()

	// Users who lose protection are named, although the key is an id and the name was known before.
	losing := played.Plan(config(acctest.AdeleID, "disabled", acctest.MeganUPN, "enabled"))
	runs(losing, 1)
	if !acctest.Says("stops applying to 2 users", acctest.AdeleID+" ("+acctest.AdeleUPN+") (enabled)", acctest.GuestID+" ("+acctest.GuestUPN+") (enabled)").MatchString(fmt.Sprint(losing.Warnings["users"])) {
		t.Errorf("the plan warns %q", losing.Warnings["users"])
	}

	// Called by name from now on, and another one by id.
	otherwise := config(acctest.AdeleUPN, "enabled", acctest.GuestID, "disabled", acctest.MeganID, "enabled")
	runs(played.Apply(otherwise), 1)
	expect("called otherwise", map[string]any{acctest.GuestID: guest + " (" + acctest.GuestUPN + ")", acctest.MeganID: "Megan Bowen (" + acctest.MeganUPN + ")"})
	if next := played.Plan(otherwise); next.Failed() || len(next.Changed) > 0 || len(next.Moved) > 0 {
		t.Errorf("the next plan changes %v and has refreshed %v:\n%s", next.Changed, next.Moved, next)
	}

	// And by name and by id once more, while nobody can be looked up: the name comes with the refresh.
	runs(played.Apply(config(acctest.AdeleUPN, "enabled", acctest.MeganUPN, "enabled")), 1)
	tn.Fault(control.Fault{PathRegexp: "getByIds", Times: new(0), Status: http.StatusForbidden})()
	back := config(acctest.AdeleUPN, "enabled", acctest.MeganID, "enabled")
	runs(played.Apply(back), 1)
	expect("not looked up", nil)
	tn.Heal()()
	runs(played.Refresh(back), 0)
	expect("refreshed", map[string]any{acctest.MeganID: "Megan Bowen (" + acctest.MeganUPN + ")"})
	runs(played.Apply(config(acctest.AdeleUPN, "enabled")), 1)
	expect("nobody by id", nil)
}
