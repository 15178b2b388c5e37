package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
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
		"one":                      {typeName, userGuard("user_ids", adeleID), wantsOne(adeleID, "enabled"), "disabled"},
		"one, in capitals":         {typeName, userGuard("user_ids", strings.ToUpper(adeleID)), wantsOne(adeleID, "enabled"), "disabled"},
		"one, by name":             {typeName, userGuard("user_principal_names", strings.ToUpper(adeleUPN)), wantsOne(adeleID, "enabled"), "disabled"},
		"one, to be enforced":      {typeName, userGuard("user_ids", adeleID), wantsOne(adeleID, "enforced"), "disabled"},
		"the control":              {typeName, userGuard("user_ids", obrienID), wantsOne(adeleID, "enabled"), "enforced"},
		"the control, disabled":    {typeName, userGuard("user_ids", adeleID), wantsOne(adeleID, "disabled"), "disabled"},
		"many":                     {statesTypeName, userGuard("user_ids", adeleID), wantsMany(adeleUPN, "enabled", meganUPN, "enabled"), "disabled"},
		"many, in capitals":        {statesTypeName, userGuard("user_ids", strings.ToUpper(adeleID)), wantsMany(strings.ToUpper(adeleID), "enabled"), "disabled"},
		"many, to be enforced":     {statesTypeName, userGuard("user_ids", adeleID), wantsMany(adeleID, "enforced", meganUPN, "enabled"), "disabled"},
		"the control of many":      {statesTypeName, userGuard("user_ids", obrienID), wantsMany(adeleID, "enabled"), "enforced"},
		"the control, disabled, 2": {statesTypeName, userGuard("user_ids", adeleID), wantsMany(adeleID, "disabled", meganUPN, "enabled"), "disabled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t)
			tn.register(adeleID, control.MethodMicrosoftAuthenticator)()
			unguarded, guarded := tn.sessionOf(t, c.typeName, nil), tn.sessionOf(t, c.typeName, c.guard)
			planned := unguarded.plan(nil, c.config)
			noErrors(t, planned.Diagnostics)
			applied, err := guarded.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
				TypeName: c.typeName, PriorState: dynamic(t, tftypes.NewValue(guarded.typ, nil)), PlannedState: planned.PlannedState,
				Config: dynamic(t, objectOf(t, guarded.typ, c.config)), PlannedPrivate: planned.PlannedPrivate,
			})
			if err != nil {
				t.Fatal(err)
			}
			found := told(tfprotov6.DiagnosticSeverityError, applied.Diagnostics)
			if control := strings.HasPrefix(name, "the control"); control == (len(found) > 0) || !control && !says("Emergency access account", "would need MFA", adeleUPN).MatchString(found[0]) {
				t.Errorf("the apply says %q", found)
			}
			if err := tn.stateIs(adeleID, c.state); err != nil {
				t.Error(err)
			}
			if n := tn.writes(); c.state == "disabled" && !strings.HasPrefix(name, "the control") && n != 0 {
				t.Errorf("%d states were written", n)
			}
		})
	}
}

func userGuard(attribute string, keys ...string) map[string]any {
	values := make([]tftypes.Value, len(keys))
	for i, key := range keys {
		values[i] = tftypes.NewValue(tftypes.String, key)
	}
	set := tftypes.Set{ElementType: tftypes.String}
	attributes := map[string]tftypes.Value{}
	for _, name := range []string{"user_ids", "user_principal_names", "group_ids"} {
		attributes[name] = tftypes.NewValue(set, nil)
	}
	attributes[attribute] = tftypes.NewValue(set, values)
	return map[string]any{"emergency_access": tftypes.NewValue(tftypes.Object{AttributeTypes: map[string]tftypes.Type{
		"user_ids": set, "user_principal_names": set, "group_ids": set,
	}}, attributes)}
}

func wantsOne(id, state string) map[string]any {
	return map[string]any{"user_id": id, "state": state, "allow_promotion": true, "on_destroy": "disable"}
}

func wantsMany(pairs ...string) map[string]any {
	return map[string]any{"users": textMapValue(pairs...), "allow_promotion": true, "on_destroy": "disable"}
}
