package peruser_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func promotion() acctest.Configuration {
	return acctest.Configuration{"alex": {TypeName: acctest.TypeName, Values: map[string]any{"user_id": acctest.AlexID, "state": "enforced", "allow_promotion": true, "on_destroy": "disable"}}}
}

func TestACreateThatComesToEnabledOnlyIsInTheState(t *testing.T) {
	t.Parallel()
	tn := acctest.NewTenant(t)
	tn.Do(func(ctx context.Context) error {
		return tn.SetBehavior(ctx, control.Behavior{Promotion: new(false)})
	})()
	played := tn.Plays(t)

	// The control: nothing was written, and nothing is in the state.
	tn.RefuseWrites(0)()
	if report := played.Apply(promotion()); !report.Failed() || len(played.Instances) != 0 {
		t.Fatalf("a create that writes nothing leaves %v:\n%s", played.State(), report)
	}
	tn.Heal()()

	tn.RefuseWrites(1)()
	report := played.Apply(promotion())
	if report.Failed() {
		t.Fatalf("the create fails:\n%s", report)
	}
	warned := report.Warnings["alex"]
	if len(warned) == 0 || !acctest.Says(acctest.AlexUPN, "is enabled and not yet enforced", "begun and not finished", "next apply goes it", "The permission is not what is missing").MatchString(warned[len(warned)-1]) {
		t.Errorf("the warnings are %q", warned)
	}
	if err := tn.StateIs(acctest.AlexID, "enabled"); err != nil {
		t.Fatal(err)
	}
	have := played.Instances["alex"]
	if have == nil || have.Tainted || acctest.AttributesOf(have.Value)["effective_state"].String() != tftypes.NewValue(tftypes.String, "enabled").String() {
		t.Fatalf("the state is %+v", have)
	}
	tn.Heal()()

	// The rest of the way is planned also without a refresh, and gone.
	wanted := promotion()["alex"].Values
	s := tn.Session(t, nil)
	planned := s.Plan(acctest.Object(acctest.PlainOf(have.Value)), wanted)
	acctest.NoErrors(t, planned.Diagnostics)
	applied, err := s.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: acctest.TypeName, PriorState: acctest.Packed(have.Value), PlannedState: planned.PlannedState, Config: acctest.Packed(acctest.ValueOf(s.Type, wanted)),
		PlannedPrivate: planned.PlannedPrivate, PlannedIdentity: have.Identity,
	})
	if err != nil {
		t.Fatal(err)
	}
	acctest.NoErrors(t, applied.Diagnostics)
	if err := tn.StateIs(acctest.AlexID, "enforced"); err != nil {
		t.Error(err)
	}
	// With one, too.
	tn.SetState(acctest.AlexID, "enabled")()
	if report := played.Apply(promotion()); report.Failed() || len(report.Changed) != 1 {
		t.Errorf("the next apply changes %v:\n%s", report.Changed, report)
	}
	if err := tn.StateIs(acctest.AlexID, "enforced"); err != nil {
		t.Error(err)
	}
	if report := played.Plan(promotion()); report.Failed() || len(report.Changed) != 0 {
		t.Errorf("then the plan changes %v:\n%s", report.Changed, report)
	}
}
