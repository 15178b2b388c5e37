package provider_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// Terraform, unlike OpenTofu, plans the destruction of what has left the configuration before it refreshes it. Where the refresh finds it
// gone the plan shows no change, so that a warning would be about nothing.
func TestAPlanDoesNotWarnOfTheDestructionOfWhatIsGone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	megan, diego := [4]string{acctest.MeganUPN, acctest.MeganID, "enabled", "enabled"}, [4]string{acctest.DiegoUPN, acctest.DiegoID, "enabled", "enforced"}
	leave := func(people ...string) func(tn *acctest.Tenant) error {
		return func(tn *acctest.Tenant) error {
			for _, user := range people {
				if err := tn.DeleteUser(ctx, user); err != nil {
					return err
				}
			}
			return nil
		}
	}
	rangeOfBranch := acctest.Having(acctest.Having(acctest.Having(acctest.RangeIn(acctest.BranchID, "198.51.100.0/25"), "id", acctest.BranchID+"/198.51.100.0/25"), "location_name", "Branch"), "size", "128 IPv4 addresses")
	for name, c := range map[string]struct {
		typeName string
		prior    map[string]any
		goes     func(tn *acctest.Tenant) error
		// before and after are what the plans of the destruction warn of, while all is there and when something is gone.
		before, after []string
		// stays says that the refresh leaves something in the state.
		stays bool
	}{
		"one user": {
			typeName: typeUser, prior: acctest.State(acctest.MeganID, acctest.MeganUPN, "enabled", "enabled"), goes: leave(acctest.MeganID),
			before: []string{"Per-user MFA stops applying to a user: " + acctest.MeganUPN},
		},
		"many users, all gone": {
			typeName: acctest.StatesTypeName, prior: acctest.PriorUsers("disable", megan, diego), goes: leave(acctest.MeganID, acctest.DiegoID),
			before: []string{"Per-user MFA: 2 lose it: "},
		},
		"many users, one gone": {
			typeName: acctest.StatesTypeName, prior: acctest.PriorUsers("disable", megan, diego), goes: leave(acctest.MeganID), stays: true,
			before: []string{"Per-user MFA: 2 lose it: "}, after: []string{"Per-user MFA: 1 loses it (" + acctest.DiegoUPN + "): "},
		},
		"a location": {
			typeName: acctest.LocationType, prior: acctest.Depot(), goes: func(tn *acctest.Tenant) error { return tn.DeleteNamedLocation(ctx, acctest.DepotID) },
			before: []string{`Sign-ins from "Depot" stop being trusted: `},
		},
		"one range": {
			// With its location.
			typeName: acctest.RangeType, prior: rangeOfBranch, goes: func(tn *acctest.Tenant) error {
				return errors.Join(tn.DeleteConditionalAccessPolicy(ctx, acctest.BranchOnly), tn.DeleteNamedLocation(ctx, acctest.BranchID))
			},
			before: []string{"An IP range stops being trusted, and policies depend on it: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := acctest.NewMachine(t, acctest.LocationTenant())
			running := m.Process()
			_, typ := running.SchemaOf(c.typeName)
			known := acctest.Kept{State: acctest.ObjectOf(t, typ, c.prior)}
			warns := func(when string, of *acctest.Process, want []string) {
				t.Helper()
				_, diagnostics := of.Plan(c.typeName, known, nil)
				acctest.NoErrors(t, diagnostics)
				found := acctest.Warnings(diagnostics)
				if len(found) != len(want) {
					t.Fatalf("%s, the plan warns of %q, want %q", when, found, want)
				}
				for i, text := range want {
					if !acctest.Says(text).MatchString(found[i]) {
						t.Errorf("%s, the plan warns of %q, want %q", when, found[i], text)
					}
				}
			}
			warns("before a refresh that finds all", running, c.before)
			all := m.Refresh(running, c.typeName, known)
			warns("after a refresh that finds all", running, c.before)

			tenant, err := m.Tenant.Snapshot(ctx)
			if err == nil {
				err = c.goes(m.Tenant)
			}
			if err != nil {
				t.Fatal(err)
			}
			running = m.Process()
			warns("before a refresh that finds it gone", running, c.after)
			// Where nobody can tell, it is warned of.
			m.Tenant.Fault(control.Fault{PathRegexp: `/(users|directoryObjects|namedLocations)`, Status: 403, Code: "Authorization_RequestDenied", Times: new(int)})()
			warns("where nothing can be looked up", m.Process(), c.before)
			m.Tenant.Heal()()
			if left := m.Refresh(running, c.typeName, known); left.Nothing() == c.stays {
				t.Fatalf("the refresh leaves %s", left)
			}
			warns("after a refresh that finds it gone", running, c.after)

			if err := m.Tenant.Seed(ctx, tenant); err != nil {
				t.Fatal(err)
			}
			if again := m.Refresh(running, c.typeName, known); !again.State.Equal(all.State) {
				t.Errorf("it comes back as another: %s", cmp.Diff(all.String(), again.String()))
			}
			warns("after a refresh that finds it there again", running, c.before)
		})
	}
}

// The same through the CLI, which plans with what the refresh has found where it is OpenTofu.
func TestWhatHasLeftTheTenantAndTheConfigurationIsNotWarnedOfByTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.StartTenant(t, acctest.LocationTenant(), acctest.Quick())
	const resources = `
resource "entramfa_user_mfa_state" "megan" {
  user_id = "` + acctest.MeganID + `"
  state   = "enabled"
}

resource "entramfa_user_mfa_states" "finance" {
  users = {
    "` + acctest.DiegoUPN + `" = "enabled"
  }
}

resource "entramfa_trusted_ips" "office" {
  display_name = "Office"
  ip_ranges    = ["203.0.113.0/28"]
}
`
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + resources}, acctest.AppEnvironment()...)
	w.Apply()
	w.Write("main.tf", acctest.Block())
	warned := w.Expect(2, "plan", "-input=false", "-detailed-exitcode")
	for _, text := range []string{
		"Per-user MFA stops applying to a user", "Per-user MFA stops applying to " + acctest.DiegoUPN, `Sign-ins from "Office" stop being trusted`, "3 to destroy",
	} {
		w.Sees(warned, text)
	}
	for _, leaves := range []func(){
		tn.Do(func(ctx context.Context) error { return tn.DeleteUser(ctx, acctest.MeganID) }),
		tn.Do(func(ctx context.Context) error { return tn.DeleteUser(ctx, acctest.DiegoID) }),
		tn.Removed("Office"),
	} {
		leaves()
	}
	if output := w.Expect(0, "plan", "-input=false", "-detailed-exitcode"); strings.Contains(output, "Warning:") {
		t.Errorf("the plan warns of what is gone:\n%s", output)
	}
}
