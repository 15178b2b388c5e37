package acctest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// RunScript runs a script of an example, with the CLI at hand for terraform.
func (w *Workspace) RunScript(name string) string {
	w.T.Helper()
	w.Write("script.sh", strings.ReplaceAll(Example(w.T, name), "terraform ", `"$TF_ACC_TERRAFORM_PATH" `))
	w.Env = append(w.Env, "TF_ACC_TERRAFORM_PATH="+CLI(w.T), "TF_CLI_ARGS=-no-color")
	return w.ExpectOf(0, "sh", "-e", "script.sh")
}

// CLIVersion is the version under which the built provider lies in the mirror.
const CLIVersion = "0.0.1"

// mirrorDir holds the mirror and the folder in which it is installed; Run removes it.
var mirrorDir string

// Mirror is a filesystem mirror with the built provider, made once for all tests of this process.
var Mirror = sync.OnceValues(func() (string, error) {
	if err := findCLI(); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp("", "mirror")
	if err != nil {
		return "", err
	}
	mirrorDir = made
	dir := filepath.Join(made, "mirror")
	place := filepath.Join(dir, os.Getenv("TF_ACC_PROVIDER_HOST"), "mfa-as-code", "entramfa", CLIVersion, runtime.GOOS+"_"+runtime.GOARCH)
	if err := os.MkdirAll(place, 0o755); err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", filepath.Join(place, "terraform-provider-entramfa_v"+CLIVersion), Repository("."))
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return dir, nil
})

// Workspace is a folder in which a real CLI runs the built provider as a process of its own.
type Workspace struct {
	T   *testing.T
	Dir string
	Env []string
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

// Workspace initialises a folder with the given files. Where none of them says where the provider comes from, one is added.
func (tn *Tenant) Workspace(t *testing.T, files map[string]string, environment ...string) *Workspace {
	t.Helper()
	CLI(t)
	providers, err := Mirror()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w := &Workspace{T: t, Dir: dir}
	required := false
	for name, content := range files {
		required = required || strings.Contains(content, "required_providers")
		w.Write(name, content)
	}
	if !required {
		w.Write("versions.tf", requiredProviders)
	}
	w.Write("cli.tfrc", string(installsFrom(providers)))
	w.Env = append([]string{
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.Getenv("TMPDIR"), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"TF_CLI_CONFIG_FILE=" + filepath.Join(dir, "cli.tfrc"),
		"ENTRAMFA_GRAPH_ENDPOINT=" + tn.URL, "ENTRAMFA_AUTHORITY_HOST=" + tn.URL, "ENTRAMFA_CA_BUNDLE_PATH=" + tn.CAFile,
	}, environment...)
	if required || slices.ContainsFunc(slices.Collect(maps.Values(files)), needsInit.MatchString) {
		w.Expect(0, "init", "-input=false")
		return w
	}
	template, err := initialised()
	if err == nil {
		err = os.CopyFS(dir, os.DirFS(template))
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// needsInit matches configurations for which an init does more than to install the provider.
var needsInit = regexp.MustCompile(`(?m)^\s*(module\s|backend\s|cloud\s|required_version|run\s)|"module"|"terraform"`)

// initialised is a folder in which an init has installed the provider. It is copied, instead of running an init for each folder of a test.
var initialised = sync.OnceValues(func() (string, error) {
	providers, err := Mirror()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(mirrorDir, "initialised")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "versions.tf"), []byte(requiredProviders), 0o600); err != nil {
		return "", err
	}
	settings := filepath.Join(mirrorDir, "cli.tfrc")
	if err := os.WriteFile(settings, installsFrom(providers), 0o600); err != nil {
		return "", err
	}
	command := exec.Command(os.Getenv("TF_ACC_TERRAFORM_PATH"), "init", "-input=false", "-no-color")
	command.Dir, command.Env = dir, []string{"HOME=" + mirrorDir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.Getenv("TMPDIR"), "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE=" + settings}
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return dir, os.Remove(filepath.Join(dir, "versions.tf"))
})

// installsFrom are settings of a CLI that installs providers from a mirror.
func installsFrom(mirror string) []byte {
	return fmt.Appendf(nil, "provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
}

func (w *Workspace) Write(name, content string) {
	w.T.Helper()
	if err := os.WriteFile(filepath.Join(w.Dir, name), []byte(content), 0o600); err != nil {
		w.T.Fatal(err)
	}
}

// Expect runs the CLI and returns what it printed; another exit code fails the test.
func (w *Workspace) Expect(code int, arguments ...string) string {
	w.T.Helper()
	return w.ExpectOf(code, CLI(w.T), append(arguments, "-no-color")...)
}

func (w *Workspace) ExpectOf(code int, program string, arguments ...string) string {
	w.T.Helper()
	command := exec.Command(program, arguments...)
	command.Dir, command.Env = w.Dir, w.Env
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.T.Fatal(err)
	}
	if have := command.ProcessState.ExitCode(); have != code {
		w.T.Fatalf("%s exits with %d, want %d:\n%s", strings.Join(arguments, " "), have, code, output.String())
	}
	return output.String()
}

// Sees fails the test unless an output says something, however its lines are wrapped.
func (w *Workspace) Sees(output string, texts ...string) {
	w.T.Helper()
	if !Says(texts...).MatchString(output) {
		w.T.Errorf("the output does not say %q:\n%s", texts, output)
	}
}

// Outputs are the outputs of the last apply.
func (w *Workspace) Outputs() map[string]any {
	w.T.Helper()
	var found map[string]struct {
		Value any `json:"value"`
	}
	printed := w.Expect(0, "output", "-json")
	if err := json.Unmarshal([]byte(printed), &found); err != nil {
		w.T.Fatalf("%v: %s", err, printed)
	}
	values := map[string]any{}
	for name, output := range found {
		values[name] = output.Value
	}
	return values
}

// Queries reports whether the CLI at hand has `terraform query`. scripts/with-cli.sh asks it in the same way.
func (w *Workspace) Queries() bool {
	w.T.Helper()
	command := exec.CommandContext(w.T.Context(), CLI(w.T), "query", "-help")
	command.Dir, command.Env = w.Dir, w.Env
	return command.Run() == nil
}

// ImportsByIdentity reports whether the CLI at hand has import blocks with an identity.
func (w *Workspace) ImportsByIdentity() bool {
	var product string
	var major, minor int
	version := w.ExpectOf(0, CLI(w.T), "version")
	if _, err := fmt.Sscanf(strings.NewReplacer("v", "", ".", " ").Replace(version), "%s %d %d", &product, &major, &minor); err != nil {
		w.T.Fatalf("the version cannot be read: %s", version)
	}
	return major > 1 || minor >= 12
}

// PermissionPattern finds the permissions that a page names.
var PermissionPattern = regexp.MustCompile("`([A-Z][A-Za-z]+\\.Read[A-Za-z]*\\.[A-Za-z]+)`")

// ByPermissionsOf signs an app in that has the permissions that the README of an example configuration asks for, and no other.
func (tn *Tenant) ByPermissionsOf(folder string) []string {
	tn.T.Helper()
	const id, secret = "b2c0d6a4-5f0e-4a57-8a3c-5e1d9f7b2c03", "secret-of-an-app-for-one-example"
	var permissions []string
	for _, found := range PermissionPattern.FindAllStringSubmatch(Example(tn.T, folder+"/README.md"), -1) {
		permissions = append(permissions, found[1])
	}
	app := control.App{ClientID: id, DisplayName: folder, Secrets: []control.Secret{{Value: secret}}, Permissions: permissions}
	if _, err := tn.CreateApp(context.Background(), app); err != nil {
		tn.T.Fatal(err)
	}
	return []string{"ARM_TENANT_ID=" + emulator.SampleTenantID, "ARM_CLIENT_ID=" + id, "ARM_CLIENT_SECRET=" + secret}
}

// Picture is the tenant without apps, without the time at which its policy was changed, and without the bin.
func (tn *Tenant) Picture() *control.Tenant {
	tn.T.Helper()
	now, err := tn.Snapshot(context.Background())
	if err != nil {
		tn.T.Fatal(err)
	}
	now.Apps, now.DeletedNamedLocations, now.DeletedConditionalAccessPolicies = nil, nil, nil
	if now.AuthenticationMethodsPolicy != nil {
		now.AuthenticationMethodsPolicy.LastModifiedDateTime = nil
	}
	return now
}

// Asks fails the test unless the tenant's campaign asks exactly these, and not the emergency access accounts.
func (tn *Tenant) Asks(state string, ids ...string) {
	tn.T.Helper()
	campaign := tn.CampaignNow()
	var included []string
	for _, target := range campaign.IncludeTargets {
		included = append(included, target.ID)
	}
	slices.Sort(included)
	excluded := slices.ContainsFunc(campaign.ExcludeTargets, func(target control.PolicyTarget) bool { return target.ID == emulator.SampleBreakGlassID })
	if campaign.State != state || !slices.Equal(included, slices.Sorted(slices.Values(ids))) || !excluded {
		tn.T.Errorf("the campaign is %s, asks %v and excludes %v; want %s, %v, and the emergency access accounts excluded",
			campaign.State, included, campaign.ExcludeTargets, state, ids)
	}
}

// IsAsBefore fails the test unless the tenant is as it was.
func (tn *Tenant) IsAsBefore(before *control.Tenant) {
	tn.T.Helper()
	if difference := cmp.Diff(before, tn.Picture()); difference != "" {
		tn.T.Errorf("the tenant is not as it was before (-):\n%s", difference)
	}
}

// StaysEmpty fails the test unless a plan finds nothing to do, by its exit code.
func (w *Workspace) StaysEmpty(arguments ...string) {
	w.T.Helper()
	w.Sees(w.Expect(0, append([]string{"plan", "-input=false", "-detailed-exitcode"}, arguments...)...), "No changes")
}

func (w *Workspace) Apply(arguments ...string) string {
	w.T.Helper()
	return w.Expect(0, append([]string{"apply", "-input=false", "-auto-approve"}, arguments...)...)
}

// Folder makes a folder in the workspace.
func (w *Workspace) Folder(name string) {
	w.T.Helper()
	if err := os.MkdirAll(filepath.Join(w.Dir, name), 0o700); err != nil {
		w.T.Fatal(err)
	}
}

// Examples is the folder of the examples.
var Examples = Repository("examples") + "/"

// Example is the content of one of them.
func Example(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(Examples, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// SampleToken is an access token of the sample tenant's full app, as another sign-in service would hand it over.
func (tn *Tenant) SampleToken(ctx context.Context) (string, time.Time) {
	tn.T.Helper()
	authority, err := os.ReadFile(tn.CAFile)
	if err != nil {
		tn.T.Fatal(err)
	}
	trusting, err := client.NewHTTPClient(authority)
	if err != nil {
		tn.T.Fatal(err)
	}
	where, err := client.Public.WithEndpoints(tn.URL, tn.URL)
	if err != nil {
		tn.T.Fatal(err)
	}
	credential, _, err := client.Credentials{
		TenantID: emulator.SampleTenantID, ClientID: emulator.SampleAppID, ClientSecret: emulator.SampleSecret,
	}.NewCredential(where, client.Options{HTTPClient: trusting}.Transport())
	if err != nil {
		tn.T.Fatal(err)
	}
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{tn.URL + "/.default"}})
	if err != nil {
		tn.T.Fatal(err)
	}
	return token.Token, token.ExpiresOn
}

// Victim is a run of the CLI that something will stop.
type Victim struct {
	Command *exec.Cmd
	Output  bytes.Buffer
	ended   chan struct{}
}

func (v *Victim) Over() bool {
	select {
	case <-v.ended:
		return true
	default:
		return false
	}
}

func (w *Workspace) Begin(arguments ...string) *Victim {
	w.T.Helper()
	v := &Victim{Command: exec.Command(CLI(w.T), arguments...), ended: make(chan struct{})}
	v.Command.Dir, v.Command.Env = w.Dir, w.Env
	v.Command.Stdout, v.Command.Stderr = &v.Output, &v.Output
	v.Command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// What the CLI leaves behind may hold its output open.
	v.Command.WaitDelay = time.Second
	if err := v.Command.Start(); err != nil {
		w.T.Fatal(err)
	}
	go func() {
		_ = v.Command.Wait()
		close(v.ended)
	}()
	return v
}

// FoundResource is what `terraform query -json` prints of a resource.
type FoundResource struct {
	Address     string         `json:"address"`
	DisplayName string         `json:"display_name"`
	Identity    map[string]any `json:"identity"`
	Resource    map[string]any `json:"resource_object"`
}

// Query runs `terraform query` and returns what was found, in the order in which it was printed.
func (w *Workspace) Query(arguments ...string) []FoundResource {
	w.T.Helper()
	var found []FoundResource
	for line := range strings.Lines(w.Expect(0, append([]string{"query", "-json"}, arguments...)...)) {
		var message struct {
			Type  string        `json:"type"`
			Found FoundResource `json:"list_resource_found"`
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			w.T.Fatalf("%v: %s", err, line)
		}
		if message.Type == "list_resource_found" {
			found = append(found, message.Found)
			if len(message.Found.Identity) != 1 {
				w.T.Errorf("%s has the identity %v", message.Found.DisplayName, message.Found.Identity)
			}
		}
	}
	return found
}

// RunsScript runs a script as a reader does who stops at the first error.
func (w *Workspace) RunsScript(script string) string {
	w.T.Helper()
	w.Write("script.sh", script)
	return w.ExpectOf(0, "sh", "-eu", "script.sh")
}

// AppEnvironment signs in the app that may do everything.
func AppEnvironment() []string {
	return []string{"ARM_TENANT_ID=" + TenantID, "ARM_CLIENT_ID=" + AppID, "ARM_CLIENT_SECRET=" + AppSecret}
}
