package peruser_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const summaryEdited = "The state has the object id of another user: "

// refusesEdited fails the test unless a changed state is refused with a way out and without a write, also for a destroy.
func refusesEdited(t *testing.T, tn *acctest.Tenant, played *acctest.Core, config acctest.Configuration, texts ...string) {
	t.Helper()
	tn.ForgetRequests(t)
	for _, wanted := range []acctest.Configuration{config, {}} {
		report := played.Apply(wanted)
		said := strings.Join(report.Failures["x"], "\n")
		if report.Planned || len(report.Failures["x"]) != 1 || !acctest.Says(append([]string{summaryEdited}, texts...)...).MatchString(said) ||
			!acctest.Says("Was the state edited by hand? Nothing was planned or changed.", "Restore the state from a backup", "terraform state rm").MatchString(said) {
			t.Errorf("with %d blocks the plan says:\n%s", len(wanted), report)
		}
	}
	if n := tn.Writes(); n != 0 {
		t.Errorf("%d states were written", n)
	}
}

func TestAStateOfOneUserWithTheIDOfAnotherIsRefused(t *testing.T) {
	t.Parallel()
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	const identity = "id is " + acctest.MeganID + " in the state, and the identity of the resource has user_id " + acctest.AdeleID
	for name, c := range map[string]struct {
		edit map[string]tftypes.Value
		want string
	}{
		"user_id":         {map[string]tftypes.Value{"user_id": text(acctest.MeganID)}, "user_id is " + acctest.MeganID + " and id is " + acctest.AdeleID + " in the state"},
		"id":              {map[string]tftypes.Value{"id": text(acctest.MeganID)}, "user_id is " + acctest.AdeleID + " and id is " + acctest.MeganID + " in the state"},
		"both":            {map[string]tftypes.Value{"id": text(acctest.MeganID), "user_id": text(acctest.MeganID)}, identity},
		"all of the user": {map[string]tftypes.Value{"id": text(acctest.MeganID), "user_id": text(acctest.MeganID), "user_principal_name": text(acctest.MeganUPN)}, identity},
	} {
		for how, key := range map[string]string{"by id": acctest.AdeleID, "by name": acctest.AdeleUPN} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				tn := acctest.NewTenant(t)
				played := tn.Plays(t)
				config := acctest.Configuration{"x": singleOf(key, "enabled")}
				acctest.Succeeds(t, played.Apply(config))
				played.Edit(t, "x", c.edit)
				refusesEdited(t, tn, played, config, c.want)
			})
		}
	}
	// What a refresh sets right is no reason to refuse anything.
	tn := acctest.NewTenant(t)
	played := tn.Plays(t)
	config := acctest.Configuration{"x": singleOf(acctest.AdeleID, "enabled")}
	acctest.Succeeds(t, played.Apply(config))
	played.Edit(t, "x", map[string]tftypes.Value{"user_principal_name": text(acctest.MeganUPN), "id": text(strings.ToUpper(acctest.AdeleID))})
	played.Instances["x"].Identity = nil
	if report := acctest.Succeeds(t, played.Plan(config)); len(report.Changed) != 0 {
		t.Errorf("the plan has changes:\n%s", report)
	}
}

// Terraform that keeps no identity shows the other user as a replacement, and says who loses per-user MFA.
func TestAStateOfOneUserThatIsAnothersShowsAReplacementWithoutAnIdentity(t *testing.T) {
	t.Parallel()
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	for how, key := range map[string]string{"by id": acctest.AdeleID, "by name": acctest.AdeleUPN} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			played := tn.Plays(t)
			config := acctest.Configuration{"x": singleOf(key, "enabled")}
			acctest.Succeeds(t, played.Apply(config))
			played.Edit(t, "x", map[string]tftypes.Value{"id": text(acctest.MeganID), "user_id": text(acctest.MeganID)})
			played.Instances["x"].Identity = nil
			report := acctest.Succeeds(t, played.Plan(config))
			if len(report.Changed) != 1 || !acctest.Says("stops applying", acctest.MeganUPN, acctest.MeganID).MatchString(report.String()) {
				t.Errorf("the plan does not show who is replaced:\n%s", report)
			}
		})
	}
}

func TestAStateOfManyUsersWithTheIDOfAnotherIsRefused(t *testing.T) {
	t.Parallel()
	const swapped = acctest.AdeleUPN + ": user_ids has " + acctest.ObrienID + ", the object id of " + acctest.ObrienUPN + "; the user with this name has " + acctest.AdeleID
	for name, c := range map[string]struct {
		ids  []string
		want []string
	}{
		"two are swapped":           {[]string{acctest.AdeleUPN, acctest.ObrienID, acctest.ObrienUPN, acctest.AdeleID, acctest.GuestID, acctest.GuestID}, []string{swapped, acctest.ObrienUPN + ": user_ids has " + acctest.AdeleID}},
		"one is somebody else's":    {[]string{acctest.AdeleUPN, acctest.MeganID, acctest.ObrienUPN, acctest.ObrienID, acctest.GuestID, acctest.GuestID}, []string{acctest.AdeleUPN + ": user_ids has " + acctest.MeganID + ", the object id of " + acctest.MeganUPN}},
		"two have the same":         {[]string{acctest.AdeleUPN, acctest.ObrienID, acctest.ObrienUPN, acctest.ObrienID, acctest.GuestID, acctest.GuestID}, []string{swapped}},
		"one that is named by id":   {[]string{acctest.AdeleUPN, acctest.AdeleID, acctest.ObrienUPN, acctest.ObrienID, acctest.GuestID, acctest.MeganID}, []string{`user_ids["` + acctest.GuestID + `"] is ` + acctest.MeganID, "should be the key itself"}},
		"a name and an id, swapped": {[]string{acctest.AdeleUPN, acctest.GuestID, acctest.ObrienUPN, acctest.ObrienID, acctest.GuestID, acctest.AdeleID}, []string{`user_ids["` + acctest.GuestID + `"] is ` + acctest.AdeleID}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			played := tn.Plays(t)
			config := acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled", acctest.GuestID, "enabled")}
			acctest.Succeeds(t, played.Apply(config))
			played.Edit(t, "x", map[string]tftypes.Value{"user_ids": acctest.StringMap(c.ids...)})
			refusesEdited(t, tn, played, config, c.want...)

			// Without a refresh it is refused as well.
			report := acctest.NewOutcome()
			server := played.Provider(report)
			played.PlanOne(server, "x", played.Instances["x"], config["x"], report)
			played.PlanDestroy(server, "x", played.Instances["x"], report)
			if found := report.Failures["x"]; len(found) != 2 || !acctest.Says(summaryEdited).MatchString(found[0]) || !acctest.Says(summaryEdited).MatchString(found[1]) {
				t.Errorf("without a refresh the plans say:\n%s", report)
			}
		})
	}
}

func TestWhatIsNoOtherUserIsNotRefused(t *testing.T) {
	t.Parallel()
	config := acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled")}
	requests := func(t *testing.T, tn *acctest.Tenant, played *acctest.Core) int {
		t.Helper()
		tn.ForgetRequests(t)
		if report := acctest.Succeeds(t, played.Plan(config)); len(report.Changed) != 0 {
			t.Errorf("the plan has changes:\n%s", report)
		}
		return len(tn.RequestLog())
	}
	for name, between := range map[string]func(t *testing.T, tn *acctest.Tenant, played *acctest.Core){
		"names that were exchanged": func(_ *testing.T, tn *acctest.Tenant, _ *acctest.Core) {
			tn.Called(acctest.AdeleID, acctest.AdelesNewUPN)()
			tn.Called(acctest.ObrienID, acctest.AdeleUPN)()
			tn.Called(acctest.AdeleID, acctest.ObrienUPN)()
		},
		"a name in other letters": func(t *testing.T, _ *acctest.Tenant, played *acctest.Core) {
			played.Edit(t, "x", map[string]tftypes.Value{"user_ids": acctest.StringMap(acctest.AdeleUPN, strings.ToUpper(acctest.AdeleID), acctest.ObrienUPN, acctest.ObrienID)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			played := tn.Plays(t)
			acctest.Succeeds(t, played.Apply(config))
			before := requests(t, tn, played)
			between(t, tn, played)
			if now := requests(t, tn, played); now != before {
				t.Errorf("the plan sends %d requests instead of %d", now, before)
			}
		})
	}
	// Entries that somebody has moved to this state, with the right ids, are looked up once: the next refresh has noted them.
	tn := acctest.NewTenant(t)
	played := tn.Plays(t)
	acctest.Succeeds(t, played.Apply(acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled"), "y": mapOf(acctest.ObrienUPN, "enabled")}))
	delete(played.Instances, "y")
	both := acctest.StringMap(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled")
	played.Edit(t, "x", map[string]tftypes.Value{"users": both, "effective_states": both, "user_ids": acctest.StringMap(acctest.AdeleUPN, acctest.AdeleID, acctest.ObrienUPN, acctest.ObrienID)})
	tn.Called(acctest.ObrienID, "miriam@contoso.example")()
	first := requests(t, tn, played)
	acctest.Succeeds(t, played.Apply(config))
	if second := requests(t, tn, played); second >= first {
		t.Errorf("the plan sends %d requests, and %d after an apply", first, second)
	}
}

func TestALookUpOfAChangedStateThatFailsIsNoPermission(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	played := tn.Plays(t)
	config := acctest.Configuration{"x": mapOf(acctest.AdeleUPN, "enabled", acctest.ObrienUPN, "enabled")}
	acctest.Succeeds(t, played.Apply(config))
	played.Edit(t, "x", map[string]tftypes.Value{"user_ids": acctest.StringMap(acctest.AdeleUPN, acctest.ObrienID, acctest.ObrienUPN, acctest.AdeleID)})
	for name, path := range map[string]string{"by id": acctest.LookUpPath, "by name": "/users/" + strings.Split(acctest.AdeleUPN, "@")[0]} {
		tn.Heal()()
		tn.Fault(*acctest.Denied(path))()
		if report := played.Plan(config); report.Planned || !acctest.Says("Insufficient privileges").MatchString(report.String()) {
			t.Errorf("%s: the plan says:\n%s", name, report)
		}
	}
}
