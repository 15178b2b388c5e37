package provider_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

var rewrite = flag.Bool("update", false, "write the plans that the guide about reviews shows anew")

var guidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// reviewed is what a reviewer reads of a plan: without the CLI's own introduction, and with one id for all that are made anew in
// each run.
func reviewed(t *testing.T, output string) string {
	t.Helper()
	known, err := json.Marshal(emulator.SampleTenant())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, line := range strings.Split(output, "\n") {
		if len(lines) > 0 || strings.HasPrefix(line, "  # ") || strings.HasPrefix(line, "Error: ") {
			lines = append(lines, strings.TrimRight(line, " "))
		}
	}
	text := strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
	return guidPattern.ReplaceAllStringFunc(text, func(id string) string {
		if strings.Contains(string(known), id) {
			return id
		}
		return "7c5f0a1e-93b2-4d68-8e47-2b1d6f3c9a50"
	})
}

// changedElement is a change of an element of a list, which Terraform shows in one line and OpenTofu in two.
var changedElement = regexp.MustCompile(`(?m)^( *)~ (".*") -> (".*",)$`)

// inPlace writes changes of elements as OpenTofu does: first what goes, then what comes.
func inPlace(text string) string {
	runs := regexp.MustCompile(`(?m)(?:^ *~ ".*" -> ".*",\n)+`)
	return runs.ReplaceAllStringFunc(text, func(run string) string {
		return changedElement.ReplaceAllString(run, "$1- $2,") + changedElement.ReplaceAllString(run, "$1+ $3")
	})
}

// guideScene is a plan that a guide shows, of a folder of examples: before.tf is applied, where it is there, and after.tf is planned.
type guideScene struct {
	code int
	// between is what happens in the tenant between the two.
	between   func(*acctest.Tenant) error
	arguments []string
}

// plansAreThoseOfTheCLI makes each plan of a guide. `-args -update` writes them.
func plansAreThoseOfTheCLI(t *testing.T, folder string, scenes map[string]guideScene) {
	t.Helper()
	for name, scene := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := func(name string) (string, bool) {
				content, err := os.ReadFile(filepath.Join(acctest.Examples, folder, name))
				return string(content), err == nil
			}
			before, applied := file(name + "/before.tf")
			after, changed := file(name + "/after.tf")
			if !applied && !changed {
				t.Fatal("there is no configuration")
			}
			tn := newSampleTenant(t)
			w := tn.Workspace(t, map[string]string{"main.tf": before}, bySecret()...)
			if applied {
				w.Expect(0, "apply", "-input=false", "-auto-approve")
				w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
			}
			if changed {
				w.Write("main.tf", after)
			}
			if scene.between != nil {
				if err := scene.between(tn); err != nil {
					t.Fatal(err)
				}
			}
			have := reviewed(t, w.Expect(scene.code, append([]string{"plan", "-input=false", "-detailed-exitcode"}, scene.arguments...)...))
			place := filepath.Join(acctest.Examples, folder, name, "plan.txt")
			if *rewrite {
				if err := os.WriteFile(place, []byte(have), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, _ := file(name + "/plan.txt")
			if difference := cmp.Diff(inPlace(want), inPlace(have)); difference != "" {
				t.Errorf("the guide's plan (-) and the CLI's (+):\n%s", difference)
			}
		})
	}
}

func TestThePlansOfTheGuideAboutReviewsAreWhatTheCLIPrints(t *testing.T) {
	t.Parallel()
	plansAreThoseOfTheCLI(t, "guides/plan-review/", map[string]guideScene{
		"drift": {code: 2, between: func(tn *acctest.Tenant) error {
			_, err := tn.SetPerUserMFAState(context.Background(), "c3d7e1a5-8b2f-4c6d-a0e4-7f8091a2b302", "disabled")
			return err
		}},
		"switched-off": {code: 2, between: func(tn *acctest.Tenant) error {
			_, err := tn.PatchAuthenticationMethodsPolicy(context.Background(),
				json.RawMessage(`{"registrationEnforcement": {"authenticationMethodsRegistrationCampaign": {"state": "disabled"}}}`))
			return err
		}},
		"destroy": {code: 2, arguments: []string{"-destroy"}},
		"weaker":  {code: 2}, "typo": {code: 2}, "campaign": {code: 2}, "locked-out": {code: 1},
	})
}
