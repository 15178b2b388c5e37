package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// The files of the guide "Testing modules without a tenant".
const testingModules = "guides/testing-modules/"

// programs are the emulator and a stand-in for curl, built once for all tests of this process.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := acctest.Mirror()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "programs")
	for name, folder := range map[string]string{"entra-emulator": "../../cmd/entra-emulator", "curl": "testdata/curl/main.go"} {
		if output, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), folder).CombinedOutput(); err != nil {
			return "", &exec.Error{Name: name + ": " + string(output), Err: err}
		}
	}
	return dir, nil
})

// readersFolder is the folder of a reader of the guide: with files of the repository by the name that they have there, with the
// programs, and without a tenant but those that the emulator plays.
func readersFolder(t *testing.T, files map[string]string) *acctest.Workspace {
	t.Helper()
	built, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	w := (&acctest.Tenant{T: t}).Workspace(t, files)
	w.Folder("bin")
	link := func(name, program string) {
		if err := os.Symlink(program, filepath.Join(w.Dir, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	link("terraform", acctest.CLI(t))
	link("entra-emulator", filepath.Join(built, "entra-emulator"))
	if _, err := exec.LookPath("curl"); err != nil {
		link("curl", filepath.Join(built, "curl"))
	}
	w.Env = append(w.Env, "PATH="+filepath.Join(w.Dir, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"), "TF_CLI_ARGS=-no-color")
	return w
}

// moduleFolder is a folder with the baseline module, its tests, and the tenant file of the guide.
func moduleFolder(t *testing.T) *acctest.Workspace {
	t.Helper()
	const folder = "modules/mfa-baseline"
	files := configurationFiles(t, folder)
	files["tenant.json"] = acctest.Example(t, testingModules+"tenant.json")
	w := readersFolder(t, files)
	w.Folder("tests")
	for _, name := range []string{"tests/inputs.tftest.hcl", "tests/sample_tenant.tftest.hcl"} {
		w.Write(name, acctest.Example(t, folder+"/"+name))
	}
	return w
}

// scriptOf is what a job of a CI system runs, from the line that has a key on, as far as it is indented.
func scriptOf(t *testing.T, file, key, line string) string {
	t.Helper()
	_, rest, found := strings.Cut(acctest.Example(t, testingModules+file), key+"\n")
	if !found {
		t.Fatalf("%s has no %q", file, key)
	}
	var script []string
	for _, text := range strings.Split(rest, "\n") {
		command, belongs := strings.CutPrefix(text, line)
		if !belongs {
			break
		}
		script = append(script, command)
	}
	if len(script) != 2 {
		t.Fatalf("%s has a script of %d lines: %q", file, len(script), script)
	}
	return strings.Join(script, "\n") + "\n"
}

func TestTheScriptsOfTheGuideTestTheModuleThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"test.sh":            acctest.Example(t, testingModules+"test.sh"),
		"github-actions.yml": scriptOf(t, "github-actions.yml", "        run: |", "          "),
		"gitlab-ci.yml":      scriptOf(t, "gitlab-ci.yml", "  script:", "    - "),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := moduleFolder(t)
			w.Sees(w.RunsScript(script), "an EMULATED Microsoft Entra tenant", "the sample tenant: 2 apps, 14 users",
				"tests/inputs.tftest.hcl... pass", "tests/sample_tenant.tftest.hcl... pass", "Success!", "0 failed")
		})
	}
	t.Run("a test that fails fails the job", func(t *testing.T) {
		t.Parallel()
		w := moduleFolder(t)
		w.Write("variables.tf", strings.Replace(acctest.Example(t, "modules/mfa-baseline/variables.tf"), "length(var.emergency_access_group_ids) > 0", "length(var.emergency_access_group_ids) >= 0", 1))
		w.Write("script.sh", acctest.Example(t, testingModules+"test.sh"))
		w.Sees(w.ExpectOf(1, "sh", "-eu", "script.sh"), `run "no_emergency_access_group"... fail`, "1 failed")
	})
	for name, want := range map[string]string{"own-tenant.sh": "tenant.json is fine: 1 apps, 4 users, 1 groups", "background.sh": "entra-emulator: serving https://127.0.0.1:"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := moduleFolder(t)
			w.Sees(w.RunsScript(acctest.Example(t, testingModules+name)), want, "tests/inputs.tftest.hcl... pass", "Success!", "0 failed")
		})
	}
}

// guideConfiguration is what is managed on the sample tenant while the scripts of the guide change it.
const guideConfiguration = `
resource "entramfa_user_mfa_state" "staff" {
  for_each = toset(["adele.vance@contoso.example", "alex.wilber@contoso.example"])

  user_principal_name = each.key
  state               = "enabled"
}

resource "entramfa_registration_policy" "this" {
  state   = "enabled"
  include = { all_users = true }
}
`

func TestTheChangesOfTheGuideAreWhatItSaysThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	w := readersFolder(t, map[string]string{"main.tf": guideConfiguration})
	w.Write("changes.sh", acctest.Example(t, testingModules+"changes.sh"))
	w.Write("inside.sh", "terraform apply -input=false -auto-approve\nsh -eu changes.sh\necho changed\n"+
		"terraform plan -input=false -detailed-exitcode || echo \"the plan exits with $?\"\n")
	output := w.RunsScript("entra-emulator --sample-tenant -- sh -eu inside.sh\n")
	_, plan, _ := strings.Cut(output, "changed\n")
	w.Sees(plan, "entramfa_registration_policy.this will be updated in-place", `~ state = "microsoft_managed" -> "enabled"`,
		`entramfa_user_mfa_state.staff["alex.wilber@contoso.example"] will be updated in-place`, "Plan: 0 to add, 2 to change", "the plan exits with 2")
	file, err := os.Open(filepath.Join(w.Dir, "now.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	now, err := emulator.LoadTenant(file)
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, user := range now.Users {
		states[user.UserPrincipalName] = user.PerUserMFAState
	}
	_, johanna := states["johanna.lorenz@contoso.example"]
	if states["adele.vance@contoso.example"] != "enforced" || states["alex.wilber@contoso.example"] != "disabled" || johanna {
		t.Errorf("the tenant has %v", states)
	}
}

func TestTheFaultsOfTheGuideHitAndEndThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	w := readersFolder(t, map[string]string{"main.tf": guideConfiguration})
	w.Write("faults.sh", acctest.Example(t, testingModules+"faults.sh"))
	w.Write("inside.sh", "terraform apply -input=false -auto-approve\nsh -eu faults.sh\necho well again\n"+
		`curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --silent "$ENTRAMFA_GRAPH_ENDPOINT/_emulator/faults"`+"\n"+
		`curl --cacert "$ENTRAMFA_CA_BUNDLE_PATH" --silent "$ENTRAMFA_GRAPH_ENDPOINT/_emulator/behavior"`+"\n")
	w.Sees(w.RunsScript("entra-emulator --sample-tenant -- sh -eu inside.sh\n"), "Apply complete!", `"latencyMs":200`, "No changes.", `"applied":2`, `"throttled`, "well again", "[]", "{}")
}

// The stand-in is used where there is no curl, so where there is one, this shows that it would do.
func TestTheStandInForCurlDoesWhatCurlDoes(t *testing.T) {
	t.Parallel()
	built, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	tn := newSampleTenant(t)
	curl := func(arguments ...string) (string, error) {
		output, err := exec.CommandContext(t.Context(), filepath.Join(built, "curl"), append([]string{"--cacert", tn.CAFile, "--fail", "--silent"}, arguments...)...).Output()
		return string(output), err
	}
	said, err := curl("--request", "PUT", "--json", `{"perUserMfaState": "enabled"}`, tn.URL+"/_emulator/users/alex.wilber@contoso.example/state")
	if err != nil || said != `{"perUserMfaState":"enforced"}`+"\n" {
		t.Errorf("%q, %v", said, err)
	}
	if said, err := curl(tn.URL + "/_emulator/users/nobody@contoso.example"); err == nil {
		t.Errorf("no error for a user who is not there: %q", said)
	}
}

func TestTheGuideGetsTheEmulatorFromWhereItIs(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		content, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	version := regexp.MustCompile(`(?m)^VERSION +\?= (\S+)$`).FindStringSubmatch(read("GNUmakefile"))
	if version == nil {
		t.Fatal("the Makefile has no version")
	}
	if !strings.Contains(read(".goreleaser.yml"), `name_template: "entra-emulator_{{ .Version }}_{{ .Os }}_{{ .Arch }}"`) {
		t.Error("the archive of a release has another name than the guide knows")
	}
	const path = "github.com/mfa-as-code/terraform-provider-entramfa/cmd/entra-emulator"
	for file, wants := range map[string][]string{
		"get.sh":             {"make -C terraform-provider-entramfa install\n", "terraform-provider-entramfa/build/bin"},
		"get-release.sh":     {"version=" + version[1] + "\n", "/releases/download/v$version/entra-emulator_${version}_linux_amd64.tar.gz", `go install "${from#https://}/cmd/entra-emulator@v$version"`},
		"github-actions.yml": {"go install " + path + "@v" + version[1] + "`", `go-version: "1.26"`, "- run: make -C entramfa install && echo \"$PWD/entramfa/build/bin\" >>\"$GITHUB_PATH\"\n"},
		"gitlab-ci.yml":      {"/releases/download/v" + version[1] + "/entra-emulator_" + version[1] + "_linux_amd64.tar.gz"},
	} {
		for _, want := range wants {
			if !strings.Contains(acctest.Example(t, testingModules+file), want) {
				t.Errorf("%s does not have %q", file, want)
			}
		}
	}
	if found, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Name}} {{.Module.GoVersion}}", path).Output(); err != nil || !strings.HasPrefix(string(found), "main 1.26") {
		t.Errorf("%s: %q, %v", path, found, err)
	}
}
