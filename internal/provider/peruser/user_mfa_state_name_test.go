package peruser_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheNameOfAUserIsKnownAtPlanAndARenameIsNoDifference(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	const newName = "Adele Vance-Miller (" + acctest.AdeleUPN + ")"
	planned := func(name string) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectKnownValue(address, tfjsonpath.New("name"), acctest.Text(name))}}
	}
	tn.Run(
		resource.TestStep{
			Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"), ConfigPlanChecks: planned(acctest.AdeleName),
			ConfigStateChecks: []statecheck.StateCheck{attribute("name", acctest.Text(acctest.AdeleName))},
		},
		resource.TestStep{
			PreConfig: tn.Renamed(acctest.AdeleID, "Adele Vance-Miller"), Config: tn.Provider() + byName(acctest.AdeleUPN, "enabled"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		resource.TestStep{RefreshState: true, Check: resource.TestCheckResourceAttr(address, "name", newName)},
		resource.TestStep{Config: tn.Provider() + byName(acctest.AdeleUPN, "disabled"), ConfigPlanChecks: planned(newName)},
		resource.TestStep{Config: tn.Provider() + byID(acctest.AdeleID, "enabled", "allow_promotion = true"), ConfigPlanChecks: planned(newName)},
		// Another user replaces the resource, and it is another name.
		resource.TestStep{Config: tn.Provider() + byID(acctest.GuestID, "enabled"), ConfigPlanChecks: planned("Pat (guest) (" + acctest.GuestUPN + ")")},
		// Whoever has no display name is known by the other one.
		resource.TestStep{PreConfig: tn.Renamed(acctest.ObrienID, ""), Config: tn.Provider() + byID(acctest.ObrienID, "enabled"), ConfigPlanChecks: planned(acctest.ObrienUPN)},
	)
}

func TestANameCostsNoRequestAndAStateWithoutOneGetsIt(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	ctx := context.Background()
	s := tn.Session(t, nil)
	if err := tn.ClearRequests(ctx); err != nil {
		t.Fatal(err)
	}
	old := acctest.State(acctest.MeganID, acctest.MeganUPN, "enabled", "enabled")
	read, err := s.Server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: acctest.TypeName, CurrentState: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, old))})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, read.Diagnostics)
	have, err := read.NewState.Unmarshal(s.Type)
	if err != nil {
		t.Fatal(err)
	}
	whole := acctest.WithName(acctest.State(acctest.MeganID, acctest.MeganUPN, "enabled", "enabled"), "Megan Bowen ("+acctest.MeganUPN+")")
	if want := acctest.ObjectOf(t, s.Type, whole); !have.Equal(want) {
		t.Errorf("the refreshed state is\n%s\nwant\n%s", have, want)
	}
	if count, list := tn.RequestsTo(); count != 2 || !strings.Contains(list, http.MethodGet+" /v1.0/users/"+acctest.MeganID) {
		t.Errorf("a refresh sends more than the look-up of the user and of the state:\n%s", list)
	}
	// Neither the state with a name nor one that was not refreshed is changed by a plan.
	for _, prior := range []map[string]any{old, whole} {
		planned := s.Plan(prior, map[string]any{"user_id": acctest.MeganID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"})
		acctest.NoErrors(t, planned.Diagnostics)
		after, err := planned.PlannedState.Unmarshal(s.Type)
		if err != nil {
			t.Fatal(err)
		}
		if before := acctest.ObjectOf(t, s.Type, prior); !after.Equal(before) {
			t.Errorf("planned is\n%s\nfor\n%s", after, before)
		}
	}
}

func TestAnApplyKeepsThePlannedNameOfWhoWasRenamedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ prior, config map[string]any }{
		"create": {nil, map[string]any{"user_id": acctest.AdeleID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"}},
		"update": {acctest.WithName(acctest.State(acctest.AdeleID, acctest.AdeleUPN, "disabled", "disabled"), acctest.AdeleName), map[string]any{"user_id": acctest.AdeleID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			s := tn.Session(t, nil)
			planned := s.Plan(c.prior, c.config)
			acctest.NoErrors(t, planned.Diagnostics)
			tn.Renamed(acctest.AdeleID, "Adele Vance-Miller")()
			before := tftypes.NewValue(s.Type, nil)
			if c.prior != nil {
				before = acctest.ObjectOf(t, s.Type, c.prior)
			}
			applied, err := s.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: acctest.TypeName, PriorState: acctest.Dynamic(t, before), PlannedState: planned.PlannedState,
				Config: acctest.Dynamic(t, acctest.ObjectOf(t, s.Type, c.config)), PlannedPrivate: planned.PlannedPrivate, PlannedIdentity: planned.PlannedIdentity,
			})
			if err != nil {
				t.Fatal(err)
			}
			acctest.NoErrors(t, applied.Diagnostics)
			have, err := applied.NewState.Unmarshal(s.Type)
			if err != nil {
				t.Fatal(err)
			}
			if want := acctest.ObjectOf(t, s.Type, acctest.WithName(acctest.State(acctest.AdeleID, acctest.AdeleUPN, "enabled", "enabled"), acctest.AdeleName)); !have.Equal(want) {
				t.Errorf("the new state is\n%s\nwant\n%s", have, want)
			}
		})
	}
}

func TestARenameBetweenAPlanAndItsApplyThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + byID(acctest.AdeleID, "enabled")}, acctest.AppEnvironment()...)
	// Of a user who is new to the state Terraform makes the plan once more in the apply, with nothing of the first one at hand:
	// it sees the difference, and refuses before anything is written. The plan is out of date, and the next one is not.
	w.Expect(0, "plan", "-input=false", "-out=plan.bin")
	tn.Renamed(acctest.AdeleID, "Adele V.")()
	w.Sees(w.Expect(1, "apply", "-input=false", "plan.bin"), "Provider produced inconsistent final plan", "Adele V.")
	if writes := tn.Writes(); writes != 0 {
		t.Errorf("%d states were written", writes)
	}
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 added")

	// An update is planned with the name of the state.
	w.Write("main.tf", acctest.Block()+byID(acctest.AdeleID, "disabled"))
	w.Sees(w.Expect(0, "plan", "-input=false", "-out=plan.bin"), `name = "Adele V. (`+acctest.AdeleUPN+`)"`, `state = "enabled" -> "disabled"`)
	tn.Renamed(acctest.AdeleID, "Adele Vance")()
	w.Sees(w.Expect(0, "apply", "-input=false", "plan.bin"), "1 changed")
	w.Sees(w.Expect(0, "plan", "-input=false", "-detailed-exitcode"), "No changes")
}
