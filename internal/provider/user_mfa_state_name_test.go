package provider_test

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

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const adeleName = "Adele Vance (" + adeleUPN + ")"

func (tn *tenant) renamed(user, displayName string) func() {
	return tn.do(func(ctx context.Context) error {
		_, err := tn.PatchUser(ctx, user, control.UserPatch{DisplayName: &displayName})
		return err
	})
}

func TestTheNameOfAUserIsKnownAtPlanAndARenameIsNoDifference(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	const newName = "Adele Vance-Miller (" + adeleUPN + ")"
	planned := func(name string) resource.ConfigPlanChecks {
		return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectKnownValue(address, tfjsonpath.New("name"), text(name))}}
	}
	tn.run(
		resource.TestStep{
			Config: tn.provider() + byName(adeleUPN, "enabled"), ConfigPlanChecks: planned(adeleName),
			ConfigStateChecks: []statecheck.StateCheck{attribute("name", text(adeleName))},
		},
		resource.TestStep{
			PreConfig: tn.renamed(adeleID, "Adele Vance-Miller"), Config: tn.provider() + byName(adeleUPN, "enabled"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		resource.TestStep{RefreshState: true, Check: resource.TestCheckResourceAttr(address, "name", newName)},
		resource.TestStep{Config: tn.provider() + byName(adeleUPN, "disabled"), ConfigPlanChecks: planned(newName)},
		resource.TestStep{Config: tn.provider() + byID(adeleID, "enabled", "allow_promotion = true"), ConfigPlanChecks: planned(newName)},
		// Another user replaces the resource, and it is another name.
		resource.TestStep{Config: tn.provider() + byID(guestID, "enabled"), ConfigPlanChecks: planned("Pat (guest) (" + guestUPN + ")")},
		// Whoever has no display name is known by the other one.
		resource.TestStep{PreConfig: tn.renamed(obrienID, ""), Config: tn.provider() + byID(obrienID, "enabled"), ConfigPlanChecks: planned(obrienUPN)},
	)
}

// requests counts what was sent to Graph since the log was cleared, but for the envelopes of batches.
func (tn *tenant) requests() (count int, list string) {
	tn.t.Helper()
	requests, err := tn.Requests(context.Background())
	if err != nil {
		tn.t.Fatal(err)
	}
	var lines []string
	for _, request := range requests {
		if !strings.HasSuffix(request.Path, "/$batch") {
			lines = append(lines, request.Method+" "+request.Path)
		}
	}
	return len(lines), strings.Join(lines, "\n")
}

func TestANameCostsNoRequestAndAStateWithoutOneGetsIt(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	ctx := context.Background()
	s := tn.session(t, nil)
	if err := tn.ClearRequests(ctx); err != nil {
		t.Fatal(err)
	}
	old := state(meganID, meganUPN, "enabled", "enabled")
	read, err := s.server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: typeName, CurrentState: dynamic(t, objectOf(t, s.typ, old))})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, read.Diagnostics)
	have, err := read.NewState.Unmarshal(s.typ)
	if err != nil {
		t.Fatal(err)
	}
	whole := withName(state(meganID, meganUPN, "enabled", "enabled"), "Megan Bowen ("+meganUPN+")")
	if want := objectOf(t, s.typ, whole); !have.Equal(want) {
		t.Errorf("the refreshed state is\n%s\nwant\n%s", have, want)
	}
	if count, list := tn.requests(); count != 2 || !strings.Contains(list, http.MethodGet+" /v1.0/users/"+meganID) {
		t.Errorf("a refresh sends more than the look-up of the user and of the state:\n%s", list)
	}
	// Neither the state with a name nor one that was not refreshed is changed by a plan.
	for _, prior := range []map[string]any{old, whole} {
		planned := s.plan(prior, map[string]any{"user_id": meganID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"})
		noErrors(t, planned.Diagnostics)
		after, err := planned.PlannedState.Unmarshal(s.typ)
		if err != nil {
			t.Fatal(err)
		}
		if before := objectOf(t, s.typ, prior); !after.Equal(before) {
			t.Errorf("planned is\n%s\nfor\n%s", after, before)
		}
	}
}

func TestAnApplyKeepsThePlannedNameOfWhoWasRenamedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ prior, config map[string]any }{
		"create": {nil, map[string]any{"user_id": adeleID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"}},
		"update": {withName(state(adeleID, adeleUPN, "disabled", "disabled"), adeleName), map[string]any{"user_id": adeleID, "state": "enabled", "allow_promotion": false, "on_destroy": "disable"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			s := tn.session(t, nil)
			planned := s.plan(c.prior, c.config)
			noErrors(t, planned.Diagnostics)
			tn.renamed(adeleID, "Adele Vance-Miller")()
			before := tftypes.NewValue(s.typ, nil)
			if c.prior != nil {
				before = objectOf(t, s.typ, c.prior)
			}
			applied, err := s.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: typeName, PriorState: dynamic(t, before), PlannedState: planned.PlannedState,
				Config: dynamic(t, objectOf(t, s.typ, c.config)), PlannedPrivate: planned.PlannedPrivate, PlannedIdentity: planned.PlannedIdentity,
			})
			if err != nil {
				t.Fatal(err)
			}
			noErrors(t, applied.Diagnostics)
			have, err := applied.NewState.Unmarshal(s.typ)
			if err != nil {
				t.Fatal(err)
			}
			if want := objectOf(t, s.typ, withName(state(adeleID, adeleUPN, "enabled", "enabled"), adeleName)); !have.Equal(want) {
				t.Errorf("the new state is\n%s\nwant\n%s", have, want)
			}
		})
	}
}

func withName(state map[string]any, name string) map[string]any {
	state["name"] = name
	return state
}

func TestARenameBetweenAPlanAndItsApplyThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	w := tn.workspace(t, map[string]string{"main.tf": block() + byID(adeleID, "enabled")}, bySecretOfTheApp()...)
	// Of a user who is new to the state Terraform makes the plan once more in the apply, with nothing of the first one at hand:
	// it sees the difference, and refuses before anything is written. The plan is out of date, and the next one is not.
	w.expect(0, "plan", "-input=false", "-out=plan.bin")
	tn.renamed(adeleID, "Adele V.")()
	w.sees(w.expect(1, "apply", "-input=false", "plan.bin"), "Provider produced inconsistent final plan", "Adele V.")
	if writes := tn.writes(); writes != 0 {
		t.Errorf("%d states were written", writes)
	}
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "1 added")

	// An update is planned with the name of the state.
	w.write("main.tf", block()+byID(adeleID, "disabled"))
	w.sees(w.expect(0, "plan", "-input=false", "-out=plan.bin"), `name = "Adele V. (`+adeleUPN+`)"`, `state = "enabled" -> "disabled"`)
	tn.renamed(adeleID, "Adele Vance")()
	w.sees(w.expect(0, "apply", "-input=false", "plan.bin"), "1 changed")
	w.sees(w.expect(0, "plan", "-input=false", "-detailed-exitcode"), "No changes")
}
