package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The guide's way from one kind of resource to the other, and to other addresses: nobody is written, at no time.

func TestTheWaysOfTheGuideFromOneAddressToAnotherWriteNobody(t *testing.T) {
	t.Parallel()
	const folder = "guides/adoption/"
	for name, steps := range map[string]struct {
		file, left string
		count      int
	}{
		"singles to a map":        {"singles-to-map.tf", "entramfa_user_mfa_states.staff", 1},
		"to other keys and names": {"renamed-keys.tf", `entramfa_user_mfa_state.employees["E1001"]`, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newSampleTenant(t)
			w := tn.workspace(t, map[string]string{"main.tf": example(t, folder+"singles-before.tf")}, bySecret()...)
			w.apply()
			before := tn.snapshot()
			tn.writesNothing(t, func() {
				w.write("main.tf", example(t, folder+steps.file))
				if output := w.apply(); strings.Contains(output, "Per-user MFA stops applying") {
					t.Errorf("it warns of a loss:\n%s", output)
				}
				w.staysEmpty()
			})
			w.holds(steps.count, steps.left)
			tn.isAsBefore(before)
			// The blocks can go.
			_, resources, _ := strings.Cut(example(t, folder+steps.file), "\nresource ")
			w.write("main.tf", "resource "+resources)
			w.staysEmpty()
			if steps.file != "singles-to-map.tf" {
				return
			}
			// And back.
			tn.writesNothing(t, func() {
				w.write("main.tf", example(t, folder+"map-to-singles.tf"))
				w.apply()
				w.staysEmpty()
			})
			w.holds(3, `entramfa_user_mfa_state.staff["adele.vance@contoso.example"]`)
			tn.isAsBefore(before)
		})
	}
}

// writesNothing fails the test if something is written meanwhile. That the writes are counted shows the first apply of the tests that use it.
func (tn *tenant) writesNothing(t *testing.T, do func()) {
	t.Helper()
	before := tn.writes()
	if before == 0 {
		t.Fatal("no write has been counted before")
	}
	do()
	if after := tn.writes(); after != before {
		t.Errorf("%d states were written", after-before)
	}
}

// holds fails the test unless the state has so many addresses, this one among them.
func (w *workspace) holds(count int, address string) {
	w.t.Helper()
	list := w.expect(0, "state", "list")
	if strings.Count(list, "\n") != count || !strings.Contains(list, address+"\n") {
		w.t.Errorf("the state has\n%s", list)
	}
}

// A tenant whose campaign is Microsoft's: the CLI writes what Microsoft chooses into the configuration, which the guide says to delete.
func TestTheCampaignIsAdoptedWithGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	before := tn.snapshot()
	w := tn.workspace(t, map[string]string{"main.tf": block(), "import.tf": example(t, "guides/adoption/import-campaign.tf")}, bySecret()...)
	plan := []string{"plan", "-input=false", "-no-color", "-generate-config-out=generated.tf"}
	w.sees(w.expectOf(1, os.Getenv("TF_ACC_TERRAFORM_PATH"), plan...), "authentication_method is Microsoft's in this state")
	generated, err := os.ReadFile(filepath.Join(w.dir, "generated.tf"))
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(generated)) {
		switch name, _, _ := strings.Cut(strings.TrimSpace(line), " "); name {
		case "authentication_method", "snooze_days", "require_registration_after_snoozes":
		default:
			kept = append(kept, line)
		}
	}
	w.write("generated.tf", strings.Join(kept, ""))
	w.sees(w.apply(), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.staysEmpty()
	tn.isAsBefore(before)
}
