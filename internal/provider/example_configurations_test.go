package provider_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// The example configurations are whole folders, for the emulator's sample tenant.

// exampleConfigurations are the folders of examples/ that tests of this file apply.
var exampleConfigurations = []string{"small-office", "staged-rollout", "modules/mfa-baseline", "modules/conditional-access-baseline", "adoption/users-from-csv", "adoption/existing-users"}

func TestNoExampleConfigurationIsWithoutATest(t *testing.T) {
	t.Parallel()
	var found []string
	err := filepath.WalkDir(acctest.Examples, func(place string, entry os.DirEntry, err error) error {
		if err != nil || entry.Name() != "main.tf" {
			return err
		}
		folder, err := filepath.Rel(acctest.Examples, filepath.Dir(place))
		found = append(found, filepath.ToSlash(folder))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	if difference := cmp.Diff(slices.Sorted(slices.Values(exampleConfigurations)), found); difference != "" {
		t.Errorf("configurations with a test (-) and those there are (+):\n%s", difference)
	}
	for _, folder := range found {
		for _, name := range []string{"README.md", "variables.tf", "outputs.tf", "versions.tf"} {
			if acctest.Example(t, filepath.Join(folder, name)) == "" {
				t.Errorf("%s has no %s", folder, name)
			}
		}
	}
}

// configurationFiles are the files of an example configuration by name, as somebody has them who clones the repository.
func configurationFiles(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, pattern := range []string{"*.tf", "*.tfvars", "*.csv"} {
		places, err := filepath.Glob(filepath.Join(acctest.Examples, folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range places {
			files[filepath.Base(place)] = acctest.Example(t, filepath.Join(folder, filepath.Base(place)))
		}
	}
	return files
}

// spareTheBreakGlass makes of a tenant what a destroy with on_destroy = "give_back_excluding_emergency_access" leaves of it.
func spareTheBreakGlass(before *control.Tenant) {
	before.AuthenticationMethodsPolicy.Campaign().ExcludeTargets = []control.PolicyTarget{{ID: emulator.SampleBreakGlassID, TargetType: "group"}}
}

func TestTheSmallOfficeAppliesAndStaysWithoutDifferenceThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, configurationFiles(t, "small-office"), tn.ByPermissionsOf("small-office")...)

	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), "address_count_ipv4 = 128", "7 to add, 0 to change, 0 to destroy",
		`Warning: "Zurich office" newly trusts 128 IPv4 addresses`)
	w.Sees(w.Apply(), "7 added, 0 changed, 0 destroyed", "awaiting_registration", "adele.vance@contoso.example", "isaiah.langer@contoso.example",
		"miriam.o'hara@contoso.example")
	w.StaysEmpty()
	tn.Asks(control.ConfigEnabled, control.AllUsers)
	for _, user := range []string{"alex.wilber@contoso.example", "johanna.lorenz@contoso.example"} {
		if err := tn.StateIs(user, "enforced"); err != nil {
			t.Error(err)
		}
	}

	// The check warns of a location that somebody else makes, and stops nothing.
	if _, err := tn.CreateNamedLocation(context.Background(), control.NewIPNamedLocation("Made in the portal", true, "192.0.2.0/24")); err != nil {
		t.Fatal(err)
	}
	w.StaysEmpty()
	w.Sees(w.Expect(0, "plan", "-input=false", "-detailed-exitcode", "-var=trusted_ipv4_addresses_at_most=512"),
		"Warning: Check block assertion failed", "The tenant trusts 640 IPv4 addresses, in these locations: Headquarters, Made in the portal, Zurich office.")

	w.Sees(w.Expect(0, "destroy", "-input=false", "-auto-approve"), "7 destroyed")
	now := tn.Picture()
	now.NamedLocations = slices.DeleteFunc(now.NamedLocations, func(location control.NamedLocation) bool { return location.DisplayName == "Made in the portal" })
	spareTheBreakGlass(before)
	if difference := cmp.Diff(before, now); difference != "" {
		t.Errorf("the tenant is not as it was before (-):\n%s", difference)
	}
}

func TestTheStagedRolloutWidensStageByStageThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, configurationFiles(t, "staged-rollout"), tn.ByPermissionsOf("staged-rollout")...)
	goTo := func(stage string) {
		t.Helper()
		line := acctest.Example(t, "staged-rollout/stage.auto.tfvars")
		moved := strings.Replace(line, `stage = "pilot"`, `stage = "`+stage+`"`, 1)
		if stage != "pilot" && moved == line {
			t.Fatal("stage.auto.tfvars does not begin with the pilot")
		}
		w.Write("stage.auto.tfvars", moved)
	}
	plan := func() string {
		t.Helper()
		return w.Expect(2, "plan", "-input=false", "-detailed-exitcode")
	}

	w.Apply()
	w.StaysEmpty()
	tn.Asks(control.ConfigEnabled, emulator.SampleEngineeringID)

	goTo("departments")
	forward := plan()
	w.Sees(forward, `+ "`+emulator.SampleAllStaffID+`"`, "require_registration_after_snoozes = false -> true", "snooze_days = 3 -> 1",
		"Changes to Outputs", `+ "all-staff"`)
	if strings.Contains(forward, "becomes weaker") {
		t.Errorf("a step forward is told as a weakening:\n%s", forward)
	}
	w.Apply()
	w.StaysEmpty()
	tn.Asks(control.ConfigEnabled, emulator.SampleEngineeringID, emulator.SampleAllStaffID)

	goTo("everybody")
	w.Sees(plan(), "+ all_users = true", "everybody")
	w.Apply()
	w.StaysEmpty()
	tn.Asks(control.ConfigEnabled, control.AllUsers)

	goTo("departments")
	w.Sees(plan(), "Warning: The registration policy becomes weaker", "not all users are asked any more, but only group all-staff")
	w.Apply()
	goTo("pilot")
	w.Sees(plan(), "Warning: The registration policy becomes weaker", "no longer included: group all-staff", "registering can be put off without end")

	// A break-glass account gets into a department's group. The exclusion covers it at every stage.
	members := append(slices.Clone(groupOf(t, before, emulator.SampleAllStaffID).Members), "break.glass.1@contoso.example")
	if _, err := tn.PatchGroup(context.Background(), emulator.SampleAllStaffID, control.GroupPatch{Members: &members}); err != nil {
		t.Fatal(err)
	}
	goTo("departments")
	w.StaysEmpty()
	// Without the exclusion it does not.
	careless := configurationFiles(t, "staged-rollout")["main.tf"]
	without := strings.Replace(careless, "group_ids = [var.emergency_access_group_id]\n  }\n\n  authentication_method", "user_ids = []\n  }\n\n  authentication_method", 1)
	if without == careless {
		t.Fatal("main.tf does not exclude the group where this test looks for it")
	}
	w.Write("main.tf", without)
	w.Sees(w.Expect(1, "plan", "-input=false"), "Emergency access accounts would be asked to register", "break.glass.1@contoso.example",
		`exclude = { group_ids = ["`+emulator.SampleBreakGlassID+`"] }`)
	w.Write("main.tf", careless)
	back := groupOf(t, before, emulator.SampleAllStaffID).Members
	if _, err := tn.PatchGroup(context.Background(), emulator.SampleAllStaffID, control.GroupPatch{Members: &back}); err != nil {
		t.Fatal(err)
	}

	w.Expect(1, "plan", "-input=false", "-var=stage=tomorrow")
	w.Sees(w.Expect(0, "destroy", "-input=false", "-auto-approve"), "gives back the campaign from before", "state: microsoft_managed", "1 destroyed")
	spareTheBreakGlass(before)
	tn.IsAsBefore(before)
}

func groupOf(t *testing.T, tenant *control.Tenant, id string) control.Group {
	t.Helper()
	at := slices.IndexFunc(tenant.Groups, func(group control.Group) bool { return group.ID == id })
	if at < 0 {
		t.Fatalf("there is no group %s", id)
	}
	return tenant.Groups[at]
}

func TestTheTestsOfTheBaselineModulesPassThroughOldAndNewCLI(t *testing.T) {
	t.Parallel()
	for folder, afterwards := range map[string]func(*control.Tenant){"modules/mfa-baseline": spareTheBreakGlass, "modules/conditional-access-baseline": func(*control.Tenant) {}} {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			tn := newSampleTenant(t)
			before := tn.Picture()
			w := tn.Workspace(t, configurationFiles(t, folder), bySecret()...)
			w.Folder("tests")
			runs := 0
			for _, name := range []string{"inputs.tftest.hcl", "sample_tenant.tftest.hcl"} {
				content := acctest.Example(t, filepath.Join(folder, "tests", name))
				runs += strings.Count(content, "\nrun \"")
				w.Write(filepath.Join("tests", name), content)
			}
			if places, err := filepath.Glob(filepath.Join(acctest.Examples, folder, "tests", "*")); err != nil || len(places) != 2 {
				t.Fatalf("the module has test files that this test does not know: %v, %v", places, err)
			}
			w.Expect(0, "init", "-input=false")
			w.Sees(w.Expect(0, "test"), "Success! "+strconv.Itoa(runs)+" passed, 0 failed.")
			afterwards(before)
			tn.IsAsBefore(before)
		})
	}
}

func TestTheTestsOfTheBaselineModuleCanFailThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	const folder = "modules/mfa-baseline"
	tn := newSampleTenant(t)
	w := tn.Workspace(t, configurationFiles(t, folder), bySecret()...)
	w.Folder("tests")
	w.Write("tests/inputs.tftest.hcl", acctest.Example(t, folder+"/tests/inputs.tftest.hcl"))
	variables := acctest.Example(t, folder+"/variables.tf")
	careless := strings.Replace(variables, "length(var.emergency_access_group_ids) > 0", "length(var.emergency_access_group_ids) >= 0", 1)
	if careless == variables {
		t.Fatal("variables.tf does not refuse the empty set where this test looks for it")
	}
	w.Write("variables.tf", careless)
	w.Sees(w.Expect(1, "test", "-filter=tests/inputs.tftest.hcl"), `run "no_emergency_access_group"... fail`, "1 failed")
}

func TestTheUseOfTheBaselineModuleThatItsREADMEShowsAppliesThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	const folder = "modules/mfa-baseline"
	blocks := codeBlocks(t, acctest.Examples+folder+"/README.md", "terraform")
	if len(blocks) != 1 {
		t.Fatalf("the README has %d blocks of configuration; this test knows 1", len(blocks))
	}
	tn := newSampleTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, nil, bySecret()...)
	w.Folder(folder)
	for name, content := range configurationFiles(t, folder) {
		w.Write(filepath.Join(folder, name), content)
	}
	w.Write("main.tf", blocks[0])
	w.Expect(0, "init", "-input=false")
	w.Sees(w.Apply(), "3 added, 0 changed, 0 destroyed")
	w.StaysEmpty()
	tn.Asks(control.ConfigEnabled, control.AllUsers)

	w.Write("main.tf", strings.Replace(blocks[0], "198.51.100.0/25", "198.51.100.0/15", 1))
	w.Sees(w.Expect(1, "plan", "-input=false"), "Resource postcondition failed", "Zurich office would trust 131072 IPv4 addresses, and at most 4096 are allowed")
	w.Expect(0, "destroy", "-input=false", "-auto-approve")
	spareTheBreakGlass(before)
	tn.IsAsBefore(before)
}

func TestTheInputsAndOutputsInTheREADMEOfABaselineModuleAreThoseItHas(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"modules/mfa-baseline/", "modules/conditional-access-baseline/"} {
		readme := acctest.Example(t, folder+"README.md")
		for file, kind := range map[string]string{"variables.tf": "variable", "outputs.tf": "output"} {
			found := 0
			for line := range strings.Lines(acctest.Example(t, folder+file)) {
				name, isOne := strings.CutPrefix(strings.TrimRight(line, " {\n"), kind+" ")
				if !isOne {
					continue
				}
				found++
				if row := "\n| `" + strings.Trim(name, `"`) + "` | "; strings.Count(readme, row) != 1 {
					t.Errorf("the README of %s does not have one row about the %s %s", folder, kind, name)
				}
			}
			if found == 0 {
				t.Errorf("%s holds no %s", folder+file, kind)
			}
		}
	}
}

func TestTheExamplesAreFormattedThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	check := func(folder string) (string, error) {
		command := exec.Command(acctest.CLI(t), "fmt", "-check", "-diff", "-recursive", "-no-color", folder)
		command.Env = append(os.Environ(), "HOME="+t.TempDir())
		output, err := command.CombinedOutput()
		return string(output), err
	}
	if output, err := check(acctest.Examples); err != nil {
		t.Errorf("%v: run `terraform fmt -recursive examples`:\n%s", err, output)
	}
	crooked := t.TempDir()
	if err := os.WriteFile(filepath.Join(crooked, "main.tf"), []byte("locals {\na = 1\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := check(crooked); err == nil {
		t.Errorf("the check finds nothing in a folder that is not formatted: %s", output)
	}
}
