package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// cliVersion is the version under which the built provider lies in the mirror.
const cliVersion = "0.0.1"

// mirrorDir is where mirror has put it; TestMain removes it.
var mirrorDir string

// mirror is a filesystem mirror with the built provider, made once for all tests of this process.
var mirror = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "mirror")
	if err != nil {
		return "", err
	}
	mirrorDir = dir
	place := filepath.Join(dir, os.Getenv("TF_ACC_PROVIDER_HOST"), "mfa-as-code", "entramfa", cliVersion, runtime.GOOS+"_"+runtime.GOARCH)
	if err := os.MkdirAll(place, 0o755); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(place, "terraform-provider-entramfa_v"+cliVersion), repository("."))
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return dir, nil
})

// workspace is a folder in which a real CLI runs the built provider as a process of its own.
type workspace struct {
	t   *testing.T
	dir string
	env []string
}

const requiredProviders = `
terraform {
  required_providers {
    entramfa = {
      source = "mfa-as-code/entramfa"
    }
  }
}
`

// workspace initialises a folder with the given files. Where none of them says where the provider comes from, one is added.
func (tn *tenant) workspace(t *testing.T, files map[string]string, environment ...string) *workspace {
	t.Helper()
	providers, err := mirror()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w := &workspace{t: t, dir: dir}
	required := false
	for name, content := range files {
		required = required || strings.Contains(content, "required_providers")
		w.write(name, content)
	}
	if !required {
		w.write("versions.tf", requiredProviders)
	}
	w.write("cli.tfrc", fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", providers))
	w.env = append([]string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.Getenv("TMPDIR"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"TF_CLI_CONFIG_FILE=" + filepath.Join(dir, "cli.tfrc"),
		"ENTRAMFA_GRAPH_ENDPOINT=" + tn.url, "ENTRAMFA_AUTHORITY_HOST=" + tn.url, "ENTRAMFA_CA_BUNDLE_PATH=" + tn.caFile,
	}, environment...)
	w.expect(0, "init", "-input=false")
	return w
}

func (w *workspace) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// expect runs the CLI and returns what it printed; another exit code fails the test.
func (w *workspace) expect(code int, arguments ...string) string {
	w.t.Helper()
	return w.expectOf(code, os.Getenv("TF_ACC_TERRAFORM_PATH"), append(arguments, "-no-color")...)
}

func (w *workspace) expectOf(code int, program string, arguments ...string) string {
	w.t.Helper()
	command := exec.Command(program, arguments...)
	command.Dir, command.Env = w.dir, w.env
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	if have := command.ProcessState.ExitCode(); have != code {
		w.t.Fatalf("%s exits with %d, want %d:\n%s", strings.Join(arguments, " "), have, code, output.String())
	}
	return output.String()
}

// sees fails the test unless an output says something, however its lines are wrapped.
func (w *workspace) sees(output string, texts ...string) {
	w.t.Helper()
	if !says(texts...).MatchString(output) {
		w.t.Errorf("the output does not say %q:\n%s", texts, output)
	}
}

func TestTheStoryOfAUserThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	config := func(state string) string {
		return block() + fmt.Sprintf("resource \"entramfa_user_mfa_state\" \"adele\" {\n  user_principal_name = %q\n  state = %q\n}\n", adeleUPN, state)
	}
	w := tn.workspace(t, map[string]string{"main.tf": config("enforced")},
		"ARM_TENANT_ID="+tenantID, "ARM_CLIENT_ID="+appID, "ARM_CLIENT_SECRET="+appSecret)

	w.sees(w.expect(1, "plan", "-input=false"), "adele.vance@contoso.example cannot move from disabled to enforced", `Set the state to "enabled"`)
	w.write("main.tf", config("enabled"))
	w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode"), "will be created", adeleID, "1 to add")
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "Apply complete")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")

	tn.register(adeleID, control.MethodMicrosoftAuthenticator)()
	if err := tn.stateIs(adeleID, "enforced"); err != nil {
		t.Fatal(err)
	}
	w.sees(w.expect(0, "plan", "-input=false", "-detailed-exitcode"), "No changes")
	w.expect(0, "apply", "-input=false", "-auto-approve", "-refresh-only")
	w.sees(w.expect(0, "state", "show", "entramfa_user_mfa_state.adele"), `effective_state = "enforced"`, `state = "enabled"`)

	tn.setState(adeleID, "disabled")()
	w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode"), "will be updated in-place", `~ state = "disabled" -> "enabled"`)
	w.expect(0, "apply", "-input=false", "-auto-approve")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")

	w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode", "-destroy"),
		"Warning: Per-user MFA stops applying to a user", "Adele Vance (adele.vance@contoso.example), object id "+adeleID, "a password is then enough")
	w.expect(0, "destroy", "-input=false", "-auto-approve")
	if err := tn.stateIs(adeleID, "disabled"); err != nil {
		t.Error(err)
	}
}

func TestAProviderWithoutAnyConfigurationSaysWhichWaysThereAre(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	w := tn.workspace(t, map[string]string{"main.tf": block() + byName(adeleUPN, "enabled")})
	w.env = append(w.env, "PATH=/nowhere")
	w.sees(w.expect(1, "plan", "-input=false"), "Unable to sign in to Microsoft Entra ID", "The Azure CLI gave no token",
		"run `az login --tenant <tenant_id>`", "a client certificate, a client secret, use_oidc or use_msi")
}

func TestTheLogHoldsNoSecretAndNoToken(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	w := tn.workspace(t, map[string]string{"main.tf": block() + byName(adeleUPN, "enabled")},
		"ARM_TENANT_ID="+tenantID, "ARM_CLIENT_ID="+appID, "ARM_CLIENT_SECRET="+appSecret, "TF_LOG_PROVIDER=TRACE", "TF_LOG_PATH=provider.log")
	w.expect(0, "apply", "-input=false", "-auto-approve")
	log, err := os.ReadFile(filepath.Join(w.dir, "provider.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Microsoft Graph answered", "client_request_id=", "status=204", "/authentication/requirements"} {
		if !bytes.Contains(log, []byte(want)) {
			t.Errorf("the log does not say %q", want)
		}
	}
	for _, secret := range []string{appSecret, "Bearer ", "eyJ"} {
		if at := bytes.Index(log, []byte(secret)); at >= 0 {
			t.Errorf("the log holds %q: ...%s...", secret, log[max(0, at-100):min(len(log), at+40)])
		}
	}
}

func TestImportByIdentityThroughANewCLI(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	w := tn.workspace(t, map[string]string{
		"main.tf": block() + byName(diegoUPN, "enabled"),
	}, "ARM_TENANT_ID="+tenantID, "ARM_CLIENT_ID="+appID, "ARM_CLIENT_SECRET="+appSecret)
	w.write("import.tf", fmt.Sprintf("import {\n  to = %s\n  identity = {\n    user_id = %q\n  }\n}\n", address, diegoID))
	if !w.importsByIdentity() {
		// TestImportByIdentity shows the same without a CLI. An older one has to say that it cannot.
		w.sees(w.expect(1, "plan", "-input=false"), "identity")
		return
	}
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	if writes := tn.writes(); writes != 0 {
		t.Errorf("the import wrote %d states", writes)
	}
}

func TestManyUsersAreImportedByIdentityThroughANewCLI(t *testing.T) {
	t.Parallel()
	tn := newTenant(t)
	w := tn.workspace(t, map[string]string{
		"main.tf": block() + manyStates(users{meganUPN, "enabled", diegoUPN, "enabled"}),
	}, "ARM_TENANT_ID="+tenantID, "ARM_CLIENT_ID="+appID, "ARM_CLIENT_SECRET="+appSecret)
	w.write("import.tf", fmt.Sprintf("import {\n  to = %s\n  identity = {\n    user_ids = [%q, %q]\n  }\n}\n", statesAddress, meganID, diegoID))
	if !w.importsByIdentity() {
		// TestTheIdentityOfManyUsersIsTheUsers shows the same without a CLI.
		w.sees(w.expect(1, "plan", "-input=false"), "identity")
		return
	}
	// The configuration calls them by name: a change to see, and nothing to write.
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 1 changed, 0 destroyed")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	// Of those who are taken out and put in, the identity follows.
	w.write("main.tf", block()+manyStates(users{meganUPN, "enabled", obrienUPN, "disabled"})+"\n")
	w.expect(0, "plan", "-input=false", "-out=plan")
	if writes := tn.writes(); writes != 0 {
		t.Errorf("the import wrote %d states", writes)
	}
	w.expect(0, "apply", "-input=false", "plan")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	var state struct {
		Resources []struct {
			Instances []struct {
				Identity struct {
					UserIDs []string `json:"user_ids"`
				} `json:"identity"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal([]byte(w.expect(0, "state", "pull")), &state); err != nil {
		t.Fatal(err)
	}
	want := []string{meganID, obrienID}
	slices.Sort(want)
	if have := state.Resources[0].Instances[0].Identity.UserIDs; !slices.Equal(have, want) {
		t.Errorf("the state has the identity %q, want %q", have, want)
	}
	w.expect(0, "destroy", "-input=false", "-auto-approve")
}
