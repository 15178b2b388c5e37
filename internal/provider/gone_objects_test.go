package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// Terraform, unlike OpenTofu, plans the destruction of what has left the configuration before it refreshes it. Where the refresh finds it
// gone the plan shows no change, so that a warning would be about nothing.
func TestAPlanDoesNotWarnOfTheDestructionOfWhatIsGone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	megan, diego := [4]string{meganUPN, meganID, "enabled", "enabled"}, [4]string{diegoUPN, diegoID, "enabled", "enforced"}
	leave := func(people ...string) func(tn *tenant) error {
		return func(tn *tenant) error {
			for _, user := range people {
				if err := tn.DeleteUser(ctx, user); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		typeName string
		prior    map[string]any
		goes     func(tn *tenant) error
		// before and after are what the plans of the destruction warn of, while all is there and when something is gone.
		before, after []string
		// stays says that the refresh leaves something in the state.
		stays bool
	}{
		"one user": {
			typeName: typeUser, prior: state(meganID, meganUPN, "enabled", "enabled"), goes: leave(meganID),
			before: []string{"Per-user MFA stops applying to a user: " + meganUPN},
		},
		"many users, all gone": {
			typeName: statesTypeName, prior: priorUsers("disable", megan, diego), goes: leave(meganID, diegoID),
			before: []string{"Per-user MFA stops applying to 2 users: "},
		},
		"many users, one gone": {
			typeName: statesTypeName, prior: priorUsers("disable", megan, diego), goes: leave(meganID), stays: true,
			before: []string{"Per-user MFA stops applying to 2 users: "}, after: []string{"Per-user MFA stops applying to " + diegoUPN + ": "},
		},
		"a location": {
			typeName: locationType, prior: depot(), goes: func(tn *tenant) error { return tn.DeleteNamedLocation(ctx, depotID) },
			before: []string{`Sign-ins from "Depot" stop being trusted: `},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, locationTenant())
			running := m.process()
			_, typ := running.schemaOf(c.typeName)
			known := kept{state: objectOf(t, typ, c.prior)}
			warns := func(when string, of *process, want []string) {
				t.Helper()
				_, diagnostics := of.plan(c.typeName, known, nil)
				noErrors(t, diagnostics)
				found := warnings(diagnostics)
				if len(found) != len(want) {
					t.Fatalf("%s, the plan warns of %q, want %q", when, found, want)
				}
				for i, text := range want {
					if !says(text).MatchString(found[i]) {
						t.Errorf("%s, the plan warns of %q, want %q", when, found[i], text)
					}
				}
			}
			warns("before a refresh that finds all", running, c.before)
			all := m.refresh(running, c.typeName, known)
			warns("after a refresh that finds all", running, c.before)

			tenant, err := m.tn.Snapshot(ctx)
			if err == nil {
				err = c.goes(m.tn)
			}
			if err != nil {
				t.Fatal(err)
			}
			running = m.process()
			warns("before a refresh that finds it gone", running, c.after)
			// Where nobody can tell, it is warned of.
			m.tn.fault(control.Fault{PathRegexp: `/(users|directoryObjects|namedLocations)`, Status: 403, Code: "Authorization_RequestDenied", Times: new(int)})()
			warns("where nothing can be looked up", m.process(), c.before)
			m.tn.heal()()
			if left := m.refresh(running, c.typeName, known); left.nothing() == c.stays {
				t.Fatalf("the refresh leaves %s", left)
			}
			warns("after a refresh that finds it gone", running, c.after)

			if err := m.tn.Seed(ctx, tenant); err != nil {
				t.Fatal(err)
			}
			if again := m.refresh(running, c.typeName, known); !again.state.Equal(all.state) {
				t.Errorf("it comes back as another: %s", cmp.Diff(all.String(), again.String()))
			}
			warns("after a refresh that finds it there again", running, c.before)
		})
	}
}

// The same through the CLI, which plans with what the refresh has found where it is OpenTofu.
func TestWhatHasLeftTheTenantAndTheConfigurationIsNotWarnedOfByTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := startTenant(t, locationTenant(), quick())
	const resources = `
resource "entramfa_user_mfa_state" "megan" {
  user_id = "` + meganID + `"
  state   = "enabled"
}

resource "entramfa_user_mfa_states" "finance" {
  users = {
    "` + diegoUPN + `" = "enabled"
  }
}

resource "entramfa_trusted_ips" "office" {
  display_name = "Office"
  ip_ranges    = ["203.0.113.0/28"]
}
`
	w := tn.workspace(t, map[string]string{"main.tf": block() + resources}, bySecretOfTheApp()...)
	w.apply()
	w.write("main.tf", block())
	warned := w.expect(2, "plan", "-input=false", "-detailed-exitcode")
	for _, text := range []string{
		"Per-user MFA stops applying to a user", "Per-user MFA stops applying to " + diegoUPN, `Sign-ins from "Office" stop being trusted`, "3 to destroy",
	} {
		w.sees(warned, text)
	}
	for _, leaves := range []func(){
		tn.do(func(ctx context.Context) error { return tn.DeleteUser(ctx, meganID) }),
		tn.do(func(ctx context.Context) error { return tn.DeleteUser(ctx, diegoID) }),
		tn.removed("Office"),
	} {
		leaves()
	}
	if output := w.expect(0, "plan", "-input=false", "-detailed-exitcode"); strings.Contains(output, "Warning:") {
		t.Errorf("the plan warns of what is gone:\n%s", output)
	}
}
