package peruser_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// An apply of a plan that was made without the guard, and without Terraform's second plan, which would find the account first: as where a
// user is known at apply only.
func TestTheGuardHoldsInTheApplyItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		typeName string
		// guard is the provider block's; it names Adele, or somebody else in the control.
		guard  map[string]any
		config map[string]any
		// state is what Adele has after the apply.
		state string
	}{
		"one":                      {acctest.TypeName, acctest.Guard("user_ids", acctest.AdeleID), wantsOne(acctest.AdeleID, "enabled"), "disabled"},
		"one, in capitals":         {acctest.TypeName, acctest.Guard("user_ids", strings.ToUpper(acctest.AdeleID)), wantsOne(acctest.AdeleID, "enabled"), "disabled"},
		"one, by name":             {acctest.TypeName, acctest.Guard("user_principal_names", strings.ToUpper(acctest.AdeleUPN)), wantsOne(acctest.AdeleID, "enabled"), "disabled"},
		"one, to be enforced":      {acctest.TypeName, acctest.Guard("user_ids", acctest.AdeleID), wantsOne(acctest.AdeleID, "enforced"), "disabled"},
		"the control":              {acctest.TypeName, acctest.Guard("user_ids", acctest.ObrienID), wantsOne(acctest.AdeleID, "enabled"), "enforced"},
		"the control, disabled":    {acctest.TypeName, acctest.Guard("user_ids", acctest.AdeleID), wantsOne(acctest.AdeleID, "disabled"), "disabled"},
		"many":                     {acctest.StatesTypeName, acctest.Guard("user_ids", acctest.AdeleID), wantsMany(acctest.AdeleUPN, "enabled", acctest.MeganUPN, "enabled"), "disabled"},
		"many, in capitals":        {acctest.StatesTypeName, acctest.Guard("user_ids", strings.ToUpper(acctest.AdeleID)), wantsMany(strings.ToUpper(acctest.AdeleID), "enabled"), "disabled"},
		"many, to be enforced":     {acctest.StatesTypeName, acctest.Guard("user_ids", acctest.AdeleID), wantsMany(acctest.AdeleID, "enforced", acctest.MeganUPN, "enabled"), "disabled"},
		"the control of many":      {acctest.StatesTypeName, acctest.Guard("user_ids", acctest.ObrienID), wantsMany(acctest.AdeleID, "enabled"), "enforced"},
		"the control, disabled, 2": {acctest.StatesTypeName, acctest.Guard("user_ids", acctest.AdeleID), wantsMany(acctest.AdeleID, "disabled", acctest.MeganUPN, "enabled"), "disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewTenant(t)
			tn.Register(acctest.AdeleID, control.MethodMicrosoftAuthenticator)()
			unguarded, guarded := tn.SessionOf(t, c.typeName, nil), tn.SessionOf(t, c.typeName, c.guard)
			planned := unguarded.Plan(nil, c.config)
			acctest.NoErrors(t, planned.Diagnostics)
			applied, err := guarded.Server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: c.typeName, PriorState: acctest.Dynamic(t, tftypes.NewValue(guarded.Type, nil)), PlannedState: planned.PlannedState,
				Config: acctest.Dynamic(t, acctest.ObjectOf(t, guarded.Type, c.config)), PlannedPrivate: planned.PlannedPrivate,
			})
			if err != nil {
				t.Fatal(err)
			}
			found := acctest.Told(tfprotov6.DiagnosticSeverityError, applied.Diagnostics)
			if control := strings.HasPrefix(name, "the control"); control == (len(found) > 0) || !control && !acctest.Says("Emergency access account", "would need MFA", acctest.AdeleUPN).MatchString(found[0]) {
				t.Errorf("the apply says %q", found)
			}
			if err := tn.StateIs(acctest.AdeleID, c.state); err != nil {
				t.Error(err)
			}
			if n := tn.Writes(); c.state == "disabled" && !strings.HasPrefix(name, "the control") && n != 0 {
				t.Errorf("%d states were written", n)
			}
		})
	}
}

func wantsOne(id, state string) map[string]any {
	return map[string]any{"user_id": id, "state": state, "allow_promotion": true, "on_destroy": "disable"}
}

func wantsMany(pairs ...string) map[string]any {
	return map[string]any{"users": acctest.StringMap(pairs...), "allow_promotion": true, "on_destroy": "disable"}
}
