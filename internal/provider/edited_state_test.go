package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// edit changes attributes of the state of a block by hand; the identity and the private part stay as they were.
func (c *core) edit(t *testing.T, block string, values map[string]tftypes.Value) {
	t.Helper()
	instance := c.instances[block]
	attributes := attributesOf(instance.value)
	for name, value := range values {
		if _, ok := attributes[name]; !ok {
			t.Fatalf("the state of %s has no %s", block, name)
		}
		attributes[name] = value
	}
	instance.value = tftypes.NewValue(instance.value.Type(), attributes)
}

const summaryEdited = "The state has the object id of another user: "

// refusesEdited fails the test unless a changed state is refused with a way out and without a write, also for a destroy.
func refusesEdited(t *testing.T, tn *tenant, played *core, config configuration, texts ...string) {
	t.Helper()
	tn.forgetRequests(t)
	for _, wanted := range []configuration{config, {}} {
		report := played.apply(wanted)
		said := strings.Join(report.failures["x"], "\n")
		if report.planned || len(report.failures["x"]) != 1 || !says(append([]string{summaryEdited}, texts...)...).MatchString(said) ||
			!says("Was the state edited by hand? Nothing was planned or changed.", "Restore the state from a backup", "terraform state rm").MatchString(said) {
			t.Errorf("with %d blocks the plan says:\n%s", len(wanted), report)
		}
	}
	if n := tn.writes(); n != 0 {
		t.Errorf("%d states were written", n)
	}
}

func TestAStateOfOneUserWithTheIDOfAnotherIsRefused(t *testing.T) {
	t.Parallel()
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	const identity = "id is " + meganID + " in the state, and the identity of the resource has user_id " + adeleID
	for name, c := range map[string]struct {
		edit map[string]tftypes.Value
		want string
	}{
		"user_id":         {map[string]tftypes.Value{"user_id": text(meganID)}, "user_id is " + meganID + " and id is " + adeleID + " in the state"},
		"id":              {map[string]tftypes.Value{"id": text(meganID)}, "user_id is " + adeleID + " and id is " + meganID + " in the state"},
		"both":            {map[string]tftypes.Value{"id": text(meganID), "user_id": text(meganID)}, identity},
		"all of the user": {map[string]tftypes.Value{"id": text(meganID), "user_id": text(meganID), "user_principal_name": text(meganUPN)}, identity},
	} {
		for how, key := range map[string]string{"by id": adeleID, "by name": adeleUPN} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				tn := newTenant(t)
				played := tn.plays(t)
				config := configuration{"x": singleOf(key, "enabled")}
				succeeds(t, played.apply(config))
				played.edit(t, "x", c.edit)
				refusesEdited(t, tn, played, config, c.want)
			})
		}
	}
	// What a refresh sets right is no reason to refuse anything.
	tn := newTenant(t)
	played := tn.plays(t)
	config := configuration{"x": singleOf(adeleID, "enabled")}
	succeeds(t, played.apply(config))
	played.edit(t, "x", map[string]tftypes.Value{"user_principal_name": text(meganUPN), "id": text(strings.ToUpper(adeleID))})
	played.instances["x"].identity = nil
	if report := succeeds(t, played.plan(config)); len(report.changed) != 0 {
		t.Errorf("the plan has changes:\n%s", report)
	}
}

// Terraform that keeps no identity shows the other user as a replacement, and says who loses per-user MFA.
func TestAStateOfOneUserThatIsAnothersShowsAReplacementWithoutAnIdentity(t *testing.T) {
	t.Parallel()
	text := func(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }
	for how, key := range map[string]string{"by id": adeleID, "by name": adeleUPN} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			played := tn.plays(t)
			config := configuration{"x": singleOf(key, "enabled")}
			succeeds(t, played.apply(config))
			played.edit(t, "x", map[string]tftypes.Value{"id": text(meganID), "user_id": text(meganID)})
			played.instances["x"].identity = nil
			report := succeeds(t, played.plan(config))
			if len(report.changed) != 1 || !says("stops applying", meganUPN, meganID).MatchString(report.String()) {
				t.Errorf("the plan does not show who is replaced:\n%s", report)
			}
		})
	}
}

func TestAStateOfManyUsersWithTheIDOfAnotherIsRefused(t *testing.T) {
	t.Parallel()
	const swapped = adeleUPN + ": user_ids has " + obrienID + ", the object id of " + obrienUPN + "; the user with this name has " + adeleID
	for name, c := range map[string]struct {
		ids  []string
		want []string
	}{
		"two are swapped":           {[]string{adeleUPN, obrienID, obrienUPN, adeleID, guestID, guestID}, []string{swapped, obrienUPN + ": user_ids has " + adeleID}},
		"one is somebody else's":    {[]string{adeleUPN, meganID, obrienUPN, obrienID, guestID, guestID}, []string{adeleUPN + ": user_ids has " + meganID + ", the object id of " + meganUPN}},
		"two have the same":         {[]string{adeleUPN, obrienID, obrienUPN, obrienID, guestID, guestID}, []string{swapped}},
		"one that is named by id":   {[]string{adeleUPN, adeleID, obrienUPN, obrienID, guestID, meganID}, []string{`user_ids["` + guestID + `"] is ` + meganID, "should be the key itself"}},
		"a name and an id, swapped": {[]string{adeleUPN, guestID, obrienUPN, obrienID, guestID, adeleID}, []string{`user_ids["` + guestID + `"] is ` + adeleID}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			played := tn.plays(t)
			config := configuration{"x": mapOf(adeleUPN, "enabled", obrienUPN, "enabled", guestID, "enabled")}
			succeeds(t, played.apply(config))
			played.edit(t, "x", map[string]tftypes.Value{"user_ids": textMapValue(c.ids...)})
			refusesEdited(t, tn, played, config, c.want...)

			// Without a refresh it is refused as well.
			report := newOutcome()
			server := played.provider(report)
			played.planOne(server, "x", played.instances["x"], config["x"], report)
			played.planDestroy(server, "x", played.instances["x"], report)
			if found := report.failures["x"]; len(found) != 2 || !says(summaryEdited).MatchString(found[0]) || !says(summaryEdited).MatchString(found[1]) {
				t.Errorf("without a refresh the plans say:\n%s", report)
			}
		})
	}
}

func TestWhatIsNoOtherUserIsNotRefused(t *testing.T) {
	t.Parallel()
	config := configuration{"x": mapOf(adeleUPN, "enabled", obrienUPN, "enabled")}
	requests := func(t *testing.T, tn *tenant, played *core) int {
		t.Helper()
		tn.forgetRequests(t)
		if report := succeeds(t, played.plan(config)); len(report.changed) != 0 {
			t.Errorf("the plan has changes:\n%s", report)
		}
		sent, err := tn.Requests(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return len(sent)
	}
	for name, between := range map[string]func(t *testing.T, tn *tenant, played *core){
		"names that were exchanged": func(_ *testing.T, tn *tenant, _ *core) {
			tn.called(adeleID, adelesNewUPN)()
			tn.called(obrienID, adeleUPN)()
			tn.called(adeleID, obrienUPN)()
		},
		"a name in other letters": func(t *testing.T, _ *tenant, played *core) {
			played.edit(t, "x", map[string]tftypes.Value{"user_ids": textMapValue(adeleUPN, strings.ToUpper(adeleID), obrienUPN, obrienID)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			played := tn.plays(t)
			succeeds(t, played.apply(config))
			before := requests(t, tn, played)
			between(t, tn, played)
			if now := requests(t, tn, played); now != before {
				t.Errorf("the plan sends %d requests instead of %d", now, before)
			}
		})
	}
	// Entries that somebody has moved to this state, with the right ids, are looked up once: the next refresh has noted them.
	tn := newTenant(t)
	played := tn.plays(t)
	succeeds(t, played.apply(configuration{"x": mapOf(adeleUPN, "enabled"), "y": mapOf(obrienUPN, "enabled")}))
	delete(played.instances, "y")
	both := textMapValue(adeleUPN, "enabled", obrienUPN, "enabled")
	played.edit(t, "x", map[string]tftypes.Value{"users": both, "effective_states": both, "user_ids": textMapValue(adeleUPN, adeleID, obrienUPN, obrienID)})
	tn.called(obrienID, "miriam@contoso.example")()
	first := requests(t, tn, played)
	succeeds(t, played.apply(config))
	if second := requests(t, tn, played); second >= first {
		t.Errorf("the plan sends %d requests, and %d after an apply", first, second)
	}
}

func TestALookUpOfAChangedStateThatFailsIsNoPermission(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	played := tn.plays(t)
	config := configuration{"x": mapOf(adeleUPN, "enabled", obrienUPN, "enabled")}
	succeeds(t, played.apply(config))
	played.edit(t, "x", map[string]tftypes.Value{"user_ids": textMapValue(adeleUPN, obrienID, obrienUPN, adeleID)})
	for name, path := range map[string]string{"by id": lookUpPath, "by name": "/users/" + strings.Split(adeleUPN, "@")[0]} {
		tn.heal()()
		tn.fault(*denied(path))()
		if report := played.plan(config); report.planned || !says("Insufficient privileges").MatchString(report.String()) {
			t.Errorf("%s: the plan says:\n%s", name, report)
		}
	}
}
