// Package workflows tests the pipelines of examples/workflows: it takes the steps out of the files of GitHub Actions, GitLab CI and Azure
// Pipelines and runs them, as their runners do, with a real CLI and the provider against the emulator. The forges' own APIs are stood
// in for, and the sign-in is by workload identity federation.
package workflows

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

const examples = "../../examples/workflows"

// built is where the programs are, which are built once for all tests.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// program is the path of the provider, or of the emulator.
func program(t *testing.T, folder string) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "workflows"); built.err != nil { //nolint:usetesting // it outlives the first test
			return
		}
		build := exec.Command("go", "build", "-o", built.dir+string(filepath.Separator), ".", "./cmd/entra-emulator")
		build.Dir = "../.."
		if output, err := build.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w: %s", err, output)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, folder)
}

// findCLI looks for a CLI as the Makefile does.
func findCLI(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("TF_ACC_TERRAFORM_PATH"); path != "" {
		return path
	}
	search := exec.CommandContext(t.Context(), "sh", "../../scripts/with-cli.sh", "any", "sh", "-c", `printf %s "$TF_ACC_TERRAFORM_PATH"`)
	search.Stderr = os.Stderr
	path, err := search.Output()
	if err != nil {
		t.Fatalf("this test needs a Terraform or OpenTofu CLI: %v", err)
	}
	return string(path)
}

// The two identities: one may only read, the other may write as well.
const (
	planApp  = emulator.SamplePlanAppID
	applyApp = emulator.SampleAppID
)

// Users of the sample tenant.
const (
	adele = "adele.vance@contoso.example"
	cash  = "$cash.desk@contoso.example"
)

// configuration is what the repository of these tests holds.
const configuration = `
terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
  backend "local" {
    path = "STATE"
  }
}

provider "entramfa" {
  emergency_access = {
    group_ids = ["` + emulator.SampleBreakGlassID + `"]
  }
}

resource "entramfa_user_mfa_states" "staff" {
  users = { "` + adele + `" = "enabled", "` + cash + `" = "enabled" }
}

resource "entramfa_registration_policy" "everybody" {
  state   = "enabled"
  include = { all_users = true }
  exclude = { group_ids = ["` + emulator.SampleBreakGlassID + `"] }
}

output "awaiting_registration" {
  value = [for user, state in entramfa_user_mfa_states.staff.effective_states : user if state == "enabled"]
}
`

// world is a tenant, a repository and a forge.
type world struct {
	t      *testing.T
	tenant *control.Client
	forge  *forge
	// repository is a clone, from which each job makes its own.
	repository string
	dir        string
	state      string
	// cli is what TF_CLI has to be, releases where it can be had.
	cli, releases string
	// graph leads the provider to the tenant.
	graph map[string]string
	// tokens are what no log may show.
	tokens []string
	jobs   int
	// beforeApply, if any, happens before a script that applies.
	beforeApply func()
}

// newWorld makes a world whose repository has the files of a folder of the examples, which are put to where the forge looks for them.
func newWorld(t *testing.T, folder, put string, handlers func(*forge) []handler) *world {
	t.Helper()
	for _, tool := range []string{"curl", "jq", "unzip", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the scripts of examples/workflows need %s, as the machines of the three have it; install it: %v", tool, err)
		}
	}
	w := &world{t: t, dir: t.TempDir(), graph: map[string]string{}}
	w.repository, w.state = filepath.Join(w.dir, "repository"), filepath.Join(w.dir, "terraform.tfstate")
	work, err := sandbox.Prepare(filepath.Join(w.dir, "work"), "workflows", program(t, "terraform-provider-entramfa"), "0.1.0")
	w.must(err)
	cli, err := sandbox.NewCLI(t.Context(), findCLI(t), work, false)
	w.must(err)
	w.cli, w.releases = strings.ToLower(cli.Brand), releases(t)
	if cli.Brand == "OpenTofu" {
		w.cli = "tofu"
	}

	program := sandbox.NewEmulator(program(t, "entra-emulator"), work)
	w.must(program.Start(t.Context()))
	t.Cleanup(func() {
		if err := program.Stop(); err != nil {
			t.Error(err)
		}
	})
	w.tenant = program.Tenant
	for _, variable := range program.Variables {
		if strings.HasPrefix(variable.Name, "ENTRAMFA_") {
			w.graph[variable.Name] = variable.Value
		}
	}
	w.forge = newForge(t, handlers)

	// The CLI's configuration and its mirror are the machine's, not the repository's.
	mirror := filepath.Join(work.Dir, sandbox.MirrorFolder)
	w.write(filepath.Join(w.dir, "cli.tfrc"), fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))
	w.commit(configuration)
	w.must(os.CopyFS(filepath.Join(w.repository, "ci"), os.DirFS(filepath.Join(examples, "scripts"))))
	w.write(filepath.Join(w.repository, "ci", "cli-checksums.txt"), checksums(t))
	w.must(os.CopyFS(filepath.Join(w.repository, put), os.DirFS(filepath.Join(examples, folder))))
	w.must(work.Write("main.tf", w.read(filepath.Join(w.repository, "main.tf"))))
	init, err := cli.Run(t.Context(), "init", "-input=false")
	w.must(err)
	if init.ExitCode != 0 {
		t.Fatal(init.Output)
	}
	w.write(filepath.Join(w.repository, sandbox.LockFile), w.read(work.Path(sandbox.LockFile)))
	return w
}

// archive is a release of a product, which runs the CLI at hand.
func archive(t *testing.T, name string) []byte {
	t.Helper()
	var content bytes.Buffer
	writer := zip.NewWriter(&content)
	header := &zip.FileHeader{Name: name}
	header.SetMode(0o755)
	file, err := writer.CreateHeader(header)
	if err == nil {
		_, err = fmt.Fprintf(file, "#!/bin/sh\nexec '%s' \"$@\"\n", findCLI(t))
	}
	if err := errors.Join(err, writer.Close()); err != nil {
		t.Fatal(err)
	}
	return content.Bytes()
}

// releases serves the CLI at hand as a release of either product and of any version.
func releases(t *testing.T) string {
	t.Helper()
	archives := map[string][]byte{"terraform": archive(t, "terraform"), "tofu": archive(t, "tofu")}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		product, _, _ := strings.Cut(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], "_")
		if !strings.HasSuffix(r.URL.Path, ".zip") {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(archives[product])
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// checksums is cli-checksums.txt as somebody writes it who has verified the archives of releases.
func checksums(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, line := range pinnedChecksums(t) {
		product, _, _ := strings.Cut(line.archive, "_")
		fmt.Fprintf(&text, "%s  %s\n", checksum(archive(t, product)), line.archive)
	}
	return text.String()
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) write(path, content string) {
	w.t.Helper()
	w.must(os.MkdirAll(filepath.Dir(path), 0o750))
	w.must(os.WriteFile(path, []byte(content), 0o600))
}

func (w *world) read(path string) string {
	w.t.Helper()
	content, err := os.ReadFile(path)
	w.must(err)
	return string(content)
}

// commit puts a configuration into the repository.
func (w *world) commit(content string) {
	w.t.Helper()
	w.write(filepath.Join(w.repository, "main.tf"), strings.ReplaceAll(content, "STATE", w.state))
}

// trusts lets an app sign in from a pipeline with this issuer and these subjects.
func (w *world) trusts(app, issuer string, subjects ...string) {
	w.t.Helper()
	var credentials []control.FederatedCredential
	for _, subject := range subjects {
		credentials = append(credentials, control.FederatedCredential{Name: subject, Issuer: issuer, Subject: subject, Audience: control.DefaultFederatedAudience})
	}
	_, err := w.tenant.PatchApp(w.t.Context(), app, control.AppPatch{FederatedCredentials: &credentials, Secrets: &[]control.Secret{}})
	w.must(err)
}

// machine is the environment of a new machine of the forge's.
func (w *world) machine() map[string]string {
	w.t.Helper()
	w.jobs++
	home := filepath.Join(w.dir, fmt.Sprintf("machine-%d", w.jobs))
	bin := filepath.Join(home, "bin")
	w.must(os.MkdirAll(bin, 0o750))
	// Alpine's; what it is to install is here already.
	w.write(filepath.Join(bin, "apk"), "#!/bin/sh\n[ \"$*\" = 'add --no-cache curl jq' ]\n")
	w.must(os.Chmod(filepath.Join(bin, "apk"), 0o700))
	environment := map[string]string{
		"HOME": home, "TMPDIR": os.TempDir(), "PATH": bin + string(os.PathListSeparator) + os.Getenv("PATH"),
		"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": filepath.Join(w.dir, "cli.tfrc"), "TF_CLI_RELEASES": w.releases,
	}
	for name, value := range w.graph {
		environment[name] = value
	}
	return environment
}

// checkOut makes a clone for a job.
func (w *world) checkOut(to string) {
	w.t.Helper()
	w.must(os.MkdirAll(to, 0o750))
	w.must(os.CopyFS(to, os.DirFS(w.repository)))
	// What is copied is no program any more.
	scripts, err := filepath.Glob(filepath.Join(to, "ci", "*.sh"))
	w.must(err)
	for _, script := range scripts {
		w.must(os.Chmod(script, 0o700))
	}
}

// shell runs a script and returns what it printed and whether it succeeded.
func (w *world) shell(dir, script string, environment map[string]string, shell ...string) (output string, ok bool) {
	w.t.Helper()
	if w.beforeApply != nil && strings.Contains(script, "ci/apply.sh") {
		w.beforeApply()
	}
	command := exec.CommandContext(w.t.Context(), shell[0], append(slices.Clone(shell[1:]), script)...)
	command.Dir = dir
	for name, value := range environment {
		command.Env = append(command.Env, name+"="+value)
	}
	text, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return string(text), err == nil
}

// job is what came of one.
type job struct {
	// status is success, failure or skipped.
	status string
	log    string
}

// run is what came of a pipeline.
type run map[string]*job

func (r run) failed() bool {
	for _, one := range r {
		if one.status == "failure" {
			return true
		}
	}
	return false
}

func (r run) log() string {
	var all strings.Builder
	for name, one := range r {
		fmt.Fprintf(&all, "--- %s: %s\n%s", name, one.status, one.log)
	}
	return all.String()
}

// requests returns the apps that have come to Graph since it was asked last, and what they were to change.
func (w *world) requests() (apps, writes []string) {
	w.t.Helper()
	requests, err := w.tenant.Requests(w.t.Context())
	w.must(err)
	for _, request := range requests {
		if !slices.Contains(apps, request.AppID) {
			apps = append(apps, request.AppID)
		}
		if request.Method == http.MethodPatch || request.Method == http.MethodDelete {
			writes = append(writes, request.Method+" "+request.Path)
		}
	}
	w.must(w.tenant.ClearRequests(w.t.Context()))
	return apps, writes
}

func (w *world) set(user, state string) {
	w.t.Helper()
	_, err := w.tenant.SetPerUserMFAState(context.WithoutCancel(w.t.Context()), user, state)
	w.must(err)
}

func (w *world) has(user, state string) {
	w.t.Helper()
	found, err := w.tenant.GetUser(w.t.Context(), user)
	w.must(err)
	if found.PerUserMFAState != state {
		w.t.Errorf("%s is %s, want %s", user, found.PerUserMFAState, state)
	}
}
