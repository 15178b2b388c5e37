package provider_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// plays is Terraform core on the tenant.
func (tn *tenant) plays(t *testing.T) *core {
	t.Helper()
	played, err := newCore(tn.factory["entramfa"], map[string]any{
		"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret, "use_cli": false,
		"graph_endpoint": tn.url, "authority_host": tn.url, "ca_bundle_path": tn.caFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	return played
}

// refuseWrites refuses the writes of per-user states but for the first ones.
func (tn *tenant) refuseWrites(but int) func() {
	return tn.fault(control.Fault{
		Method: http.MethodPatch, PathRegexp: "/authentication/requirements$", After: but, Times: new(0),
		Status: http.StatusForbidden, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation.",
	})
}

func promotion() configuration {
	return configuration{"alex": {typeName, map[string]any{"user_id": alexID, "state": "enforced", "allow_promotion": true, "on_destroy": "disable"}}}
}

func TestACreateThatComesToEnabledOnlyIsInTheState(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	tn.do(func(ctx context.Context) error {
		return tn.SetBehavior(ctx, control.Behavior{Promotion: new(false)})
	})()
	played := tn.plays(t)

	// The control: nothing was written, and nothing is in the state.
	tn.refuseWrites(0)()
	if report := played.apply(promotion()); !report.failed() || len(played.instances) != 0 {
		t.Fatalf("a create that writes nothing leaves %v:\n%s", played.state(), report)
	}
	tn.heal()()

	tn.refuseWrites(1)()
	report := played.apply(promotion())
	if report.failed() {
		t.Fatalf("the create fails:\n%s", report)
	}
	warned := report.warnings["alex"]
	if len(warned) == 0 || !says(alexUPN, "is enabled and not yet enforced", "begun and not finished", "next apply goes it", "The permission is not what is missing").MatchString(warned[len(warned)-1]) {
		t.Errorf("the warnings are %q", warned)
	}
	if err := tn.stateIs(alexID, "enabled"); err != nil {
		t.Fatal(err)
	}
	have := played.instances["alex"]
	if have == nil || have.tainted || attributesOf(have.value)["effective_state"].String() != tftypes.NewValue(tftypes.String, "enabled").String() {
		t.Fatalf("the state is %+v", have)
	}
	tn.heal()()

	// The rest of the way is planned also without a refresh, and gone.
	wanted := promotion()["alex"].values
	s := tn.session(t, nil)
	planned := s.plan(object(plainOf(have.value)), wanted)
	noErrors(t, planned.Diagnostics)
	applied, err := s.server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: typeName, PriorState: packed(have.value), PlannedState: planned.PlannedState, Config: packed(valueOf(s.typ, wanted)),
		PlannedPrivate: planned.PlannedPrivate, PlannedIdentity: have.identity,
	})
	if err != nil {
		t.Fatal(err)
	}
	noErrors(t, applied.Diagnostics)
	if err := tn.stateIs(alexID, "enforced"); err != nil {
		t.Error(err)
	}
	// With one, too.
	tn.setState(alexID, "enabled")()
	if report := played.apply(promotion()); report.failed() || len(report.changed) != 1 {
		t.Errorf("the next apply changes %v:\n%s", report.changed, report)
	}
	if err := tn.stateIs(alexID, "enforced"); err != nil {
		t.Error(err)
	}
	if report := played.plan(promotion()); report.failed() || len(report.changed) != 0 {
		t.Errorf("then the plan changes %v:\n%s", report.changed, report)
	}
}
