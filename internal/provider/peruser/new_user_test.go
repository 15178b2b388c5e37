package peruser_test

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// newcomerOf makes a user whom replicas know by turns, and a run whose waits take no time.
func newcomerOf(t *testing.T, lag control.ReplicaLag) (tn *acctest.Tenant, run func() *acctest.Process) {
	t.Helper()
	tn = acctest.NewTenant(t)
	tn.Do(func(ctx context.Context) error {
		if err := tn.SetBehavior(ctx, control.Behavior{ReplicaLag: lag}); err != nil {
			return err
		}
		_, err := tn.CreateUser(ctx, control.User{
			ID: newcomerID, UserPrincipalName: newcomerUPN, DisplayName: "Nestor Wilke", PerUserMFAState: control.StateEnabled,
			Methods: []control.Method{{Type: control.MethodMicrosoftAuthenticator}},
		})
		return err
	})()
	return tn, func() *acctest.Process {
		options := acctest.Quick()
		options.Consistency = client.Consistency{}
		options.Clock = &acctest.LeapingClock{}
		return tn.ProcessWith(t, options)
	}
}

const (
	newcomerID  = "22222222-bbbb-4bbb-8bbb-00000000000e"
	newcomerUPN = "nestor.wilke@contoso.example"
)

// A user whom azuread has made a moment ago: one replica knows them, the next does not.
func TestAUserWhomOneReplicaKnowsAndTheNextDoesNotIsThere(t *testing.T) {
	t.Parallel()
	byTurns := control.ReplicaLag{Reads: 6, Alternate: true, LagCreates: true}
	settings := func(config map[string]any) map[string]any {
		return acctest.Having(acctest.Having(config, "allow_promotion", true), "on_destroy", "keep")
	}
	managed := func(p *acctest.Process, typ string, config map[string]any) acctest.Kept {
		_, object := p.SchemaOf(typ)
		return acctest.Kept{State: acctest.ObjectOf(t, object, config)}
	}
	one := func(state string) map[string]any {
		return map[string]any{
			"id": newcomerID, "user_id": newcomerID, "user_principal_name": newcomerUPN, "state": state, "effective_state": state,
			"allow_promotion": true, "on_destroy": "keep",
		}
	}
	many := func(state string) map[string]any {
		return map[string]any{
			"id": "many", "users": acctest.StringMap(newcomerUPN, state), "effective_states": acctest.StringMap(newcomerUPN, state),
			"user_ids":        acctest.StringMap(newcomerUPN, newcomerID),
			"allow_promotion": true, "on_destroy": "keep",
		}
	}
	for name, act := range map[string]func(t *testing.T, p *acctest.Process) []*tfprotov6.Diagnostic{
		"one: plan": func(t *testing.T, p *acctest.Process) []*tfprotov6.Diagnostic {
			_, diagnostics := p.Plan(acctest.TypeName, acctest.Kept{}, settings(map[string]any{"user_principal_name": newcomerUPN, "state": "enforced"}))
			return diagnostics
		},
		"one: refresh": func(t *testing.T, p *acctest.Process) []*tfprotov6.Diagnostic {
			read, diagnostics := p.Read(acctest.TypeName, managed(p, acctest.TypeName, one("enabled")))
			if read.Nothing() {
				t.Error("a user who is there is removed from the state")
			}
			return diagnostics
		},
		"one: update": func(t *testing.T, p *acctest.Process) []*tfprotov6.Diagnostic {
			before := managed(p, acctest.TypeName, one("enabled"))
			planned, diagnostics := p.Plan(acctest.TypeName, before, settings(map[string]any{"user_principal_name": newcomerUPN, "state": "enforced"}))
			acctest.NoErrors(t, diagnostics)
			_, diagnostics = p.Apply(acctest.TypeName, before, planned)
			return diagnostics
		},
		"one: data": func(t *testing.T, p *acctest.Process) []*tfprotov6.Diagnostic {
			_, diagnostics := p.Data(acctest.TypeName, map[string]any{"user_id": newcomerID})
			return diagnostics
		},
		"many: plan": func(t *testing.T, p *acctest.Process) []*tfprotov6.Diagnostic {
			_, diagnostics := p.Plan(acctest.StatesTypeName, acctest.Kept{}, settings(acctest.WantedUsers(newcomerUPN, "enforced")))
			return diagnostics
		},
		"many: refresh": func(t *testing.T, p *acctest.Process) []*tfprotov6.Diagnostic {
			read, diagnostics := p.Read(acctest.StatesTypeName, managed(p, acctest.StatesTypeName, many("enabled")))
			if read.Nothing() {
				t.Error("a user who is there is removed from the state")
			}
			return diagnostics
		},
		"many: update": func(t *testing.T, p *acctest.Process) []*tfprotov6.Diagnostic {
			before := managed(p, acctest.StatesTypeName, many("enabled"))
			planned, diagnostics := p.Plan(acctest.StatesTypeName, before, settings(acctest.WantedUsers(newcomerUPN, "enforced")))
			acctest.NoErrors(t, diagnostics)
			_, diagnostics = p.Apply(acctest.StatesTypeName, before, planned)
			return diagnostics
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, run := newcomerOf(t, byTurns)
			if found := acctest.Problems(act(t, run())); len(found) > 0 {
				t.Errorf("%s", found)
			}
		})
	}
}
