package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// The guide's way from one kind of resource to the other, and to other addresses: nobody is written, at no time.

func TestTheWaysOfTheGuideFromOneAddressToAnotherWriteNobodyThroughTheRealCLI(t *testing.T) {
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
			w := tn.Workspace(t, map[string]string{"main.tf": acctest.Example(t, folder+"singles-before.tf")}, bySecret()...)
			w.Apply()
			before := tn.Picture()
			tn.WritesNothing(t, func() {
				w.Write("main.tf", acctest.Example(t, folder+steps.file))
				if output := w.Apply(); strings.Contains(output, "Per-user MFA stops applying") {
					t.Errorf("it warns of a loss:\n%s", output)
				}
				w.StaysEmpty()
			})
			w.Holds(steps.count, steps.left)
			tn.IsAsBefore(before)
			// The blocks can go.
			_, resources, _ := strings.Cut(acctest.Example(t, folder+steps.file), "\nresource ")
			w.Write("main.tf", "resource "+resources)
			w.StaysEmpty()
			if steps.file != "singles-to-map.tf" {
				return
			}
			// And back.
			tn.WritesNothing(t, func() {
				w.Write("main.tf", acctest.Example(t, folder+"map-to-singles.tf"))
				w.Apply()
				w.StaysEmpty()
			})
			w.Holds(3, `entramfa_user_mfa_state.staff["adele.vance@contoso.example"]`)
			tn.IsAsBefore(before)
		})
	}
}

// A tenant whose campaign is Microsoft's: the CLI writes what Microsoft chooses into the configuration, which the guide says to delete.
func TestTheCampaignIsAdoptedWithGeneratedConfigurationThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block(), "import.tf": acctest.Example(t, "guides/adoption/import-campaign.tf")}, bySecret()...)
	plan := []string{"plan", "-input=false", "-no-color", "-generate-config-out=generated.tf"}
	w.Sees(w.ExpectOf(1, acctest.CLI(t), plan...), "authentication_method is Microsoft's in this state")
	generated, err := os.ReadFile(filepath.Join(w.Dir, "generated.tf"))
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
	w.Write("generated.tf", strings.Join(kept, ""))
	w.Sees(w.Apply(), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.StaysEmpty()
	tn.IsAsBefore(before)
}
