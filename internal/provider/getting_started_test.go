package provider_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	acceptance "github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// The permissions that the guide asks for, as the script and the configuration have to.
var (
	permissionsToPlan  = []string{"User.Read.All", "Policy.Read.All", "GroupMember.Read.All"}
	permissionsToApply = append(slices.Clone(permissionsToPlan), "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess")
)

func TestTheGuideAsksForThePermissionsThatThereAre(t *testing.T) {
	t.Parallel()
	text := guide(t, "getting-started")
	for _, permission := range permissionsToApply {
		planned := slices.Contains(permissionsToPlan, permission)
		found := false
		for _, line := range strings.Split(text, "\n") {
			if cells := strings.Split(line, "|"); strings.HasPrefix(line, "| `"+permission+"`") {
				found = true
				if plan, apply := strings.TrimSpace(cells[3]), strings.TrimSpace(cells[4]); (plan == "yes") != planned || apply != "yes" {
					t.Errorf("the table says of %s: plan %q, apply %q", permission, plan, apply)
				}
			}
		}
		if !found {
			t.Errorf("the table does not have %s", permission)
		}
	}
}

// fakeAzureCLI answers what the script asks, and writes down what it was called with.
const fakeAzureCLI = `#!/bin/sh
echo "$*" >>"$AZ_LOG"
case "$1 $2 $3" in
"ad app create") echo 11111111-0000-4000-8000-000000000001 ;;
"ad sp show") echo "$7" | sed "s/.*value=='\(.*\)'.*/role-of-\1/" ;;
"account show --query") echo 22222222-0000-4000-8000-000000000002 ;;
"ad app credential") echo 'p~ss word"of the $app' ;;
"ad sp create" | "ad app permission") ;;
*) echo "az: unknown: $*" >&2; exit 2 ;;
esac
`

func TestTheAppRegistrationScriptAsksForEachPermissionAndConsents(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte(fakeAzureCLI), 0o700); err != nil {
		t.Fatal(err)
	}
	script := exec.CommandContext(t.Context(), "sh", filepath.Join(acctest.Examples, "guides/getting-started/app-registration.sh"))
	script.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "AZ_LOG=" + calls}
	output, err := script.Output()
	if err != nil {
		t.Fatal(err)
	}
	const app = "11111111-0000-4000-8000-000000000001"
	if difference := cmp.Diff("export ARM_TENANT_ID=22222222-0000-4000-8000-000000000002\nexport ARM_CLIENT_ID="+app+"\n", string(output)); difference != "" {
		t.Error(difference)
	}
	log, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, line := range strings.Split(string(log), "\n") {
		if role, ok := strings.CutPrefix(line, "ad app permission add --id "+app+" --api 00000003-0000-0000-c000-000000000000 --api-permissions role-of-"); ok {
			asked = append(asked, strings.TrimSuffix(role, "=Role --only-show-errors"))
		}
	}
	if difference := cmp.Diff(permissionsToApply, asked); difference != "" {
		t.Errorf("permissions (-) and what was asked for (+):\n%s\nof the calls\n%s", difference, log)
	}
	if !strings.HasSuffix(string(log), "ad app permission admin-consent --id "+app+"\naccount show --query tenantId --output tsv\n") {
		t.Errorf("consent is not what comes last:\n%s", log)
	}
}

// The commands of the guide make and export every variable that the page uses, and print no secret.
func TestTheGuideMakesEveryVariableThatItUses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string]string{"az": fakeAzureCLI, "app-registration.sh": acctest.Example(t, "guides/getting-started/app-registration.sh")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	script := exec.CommandContext(t.Context(), "sh", "-euc", acctest.Example(t, "guides/getting-started/credential.sh")+"echo --; env")
	script.Dir, script.Env = dir, []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "AZ_LOG=" + filepath.Join(dir, "calls")}
	output, err := script.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	printed, environment, _ := strings.Cut(string(output), "--\n")
	if printed != "" {
		t.Errorf("it prints %q", printed)
	}
	used := regexp.MustCompile("`(ARM_[A-Z_]+)`").FindAllStringSubmatch(guide(t, "getting-started"), -1)
	if len(used) < 3 {
		t.Fatalf("the page uses %q", used)
	}
	for _, variable := range used {
		if !regexp.MustCompile(`(?m)^` + variable[1] + `=.`).MatchString(environment) {
			t.Errorf("nothing makes %s", variable[1])
		}
	}
	if !strings.Contains(environment, "\nARM_CLIENT_SECRET=p~ss word\"of the $app\n") {
		t.Error("the secret is not exported as it is")
	}
	// With a registration that fails, no secret is made for the app that the shell happens to name.
	failing := strings.Replace(fakeAzureCLI, `"ad app create") echo 11111111-0000-4000-8000-000000000001 ;;`, `"ad app create") exit 1 ;;`, 1)
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte(failing), 0o700); err != nil {
		t.Fatal(err)
	}
	script = exec.CommandContext(t.Context(), "sh", "-c", acctest.Example(t, "guides/getting-started/credential.sh"))
	script.Dir, script.Env = dir, []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "AZ_LOG=" + filepath.Join(dir, "failed"), "ARM_CLIENT_ID=another"}
	if output, err := script.CombinedOutput(); err == nil {
		t.Errorf("a failed registration goes on: %s", output)
	}
	if failed, err := os.ReadFile(filepath.Join(dir, "failed")); err != nil || strings.Contains(string(failed), "credential") {
		t.Errorf("%v: %s", err, failed)
	}
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil || !regexp.MustCompile(`(?m)^ad app credential reset --id 11111111-0000-4000-8000-000000000001 --append .* --end-date \d{4}-\d\d-\d\d `).Match(calls) {
		t.Errorf("%v: %s", err, calls)
	}
}

// madeByAzuread are the objects that the stand-in for the azuread provider was asked to make.
type madeByAzuread struct {
	mutex   sync.Mutex
	objects map[string][]map[string]string
}

func (m *madeByAzuread) add(kind string, values map[string]string) int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.objects[kind] = append(m.objects[kind], values)
	return len(m.objects[kind])
}

// azureadObject is a resource of azuread as its documentation describes it, as far as the example uses it: strings that are given
// and strings that come back, by name.
type azureadObject struct {
	made            *madeByAzuread
	kind            string
	given, returned []string
}

func (o azureadObject) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "azuread_" + o.kind
}

func (o azureadObject) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema.Attributes = map[string]schema.Attribute{}
	for _, name := range o.given {
		resp.Schema.Attributes[name] = schema.StringAttribute{Required: true}
	}
	for _, name := range o.returned {
		resp.Schema.Attributes[name] = schema.StringAttribute{Computed: true}
	}
	switch o.kind {
	case "service_principal":
		resp.Schema.Attributes["use_existing"] = schema.BoolAttribute{Optional: true}
		resp.Schema.Attributes["app_role_ids"] = schema.MapAttribute{Computed: true, ElementType: types.StringType}
	case "application_federated_identity_credential":
		resp.Schema.Attributes["audiences"] = schema.ListAttribute{Required: true, ElementType: types.StringType}
	case "application":
		access := schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Required: true}, "type": schema.StringAttribute{Required: true},
		}}
		resp.Schema.Blocks = map[string]schema.Block{"required_resource_access": schema.SetNestedBlock{NestedObject: schema.NestedBlockObject{
			Attributes: map[string]schema.Attribute{"resource_app_id": schema.StringAttribute{Required: true}},
			Blocks:     map[string]schema.Block{"resource_access": schema.SetNestedBlock{NestedObject: access}},
		}}}
	}
}

func (o azureadObject) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.State.Raw = req.Plan.Raw
	values := map[string]string{}
	for _, name := range o.given {
		var value string
		resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root(name), &value)...)
		values[name] = value
	}
	number := o.made.add(o.kind, values)
	for _, name := range o.returned {
		value := fmt.Sprintf("%s-%s-%d", o.kind, name, number)
		values[name] = value
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), value)...)
	}
	if o.kind == "service_principal" {
		roles := map[string]string{}
		for _, permission := range permissionsToApply {
			roles[permission] = "role-of-" + permission
		}
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("app_role_ids"), roles)...)
	}
}

func (azureadObject) Read(context.Context, resource.ReadRequest, *resource.ReadResponse)       {}
func (azureadObject) Update(context.Context, resource.UpdateRequest, *resource.UpdateResponse) {}
func (azureadObject) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}

// publishedAppIDs is the data source of the same name.
type publishedAppIDs struct{}

func (publishedAppIDs) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "azuread_application_published_app_ids"
}

func (publishedAppIDs) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema.Attributes = map[string]datasourceschema.Attribute{
		"result": datasourceschema.MapAttribute{Computed: true, ElementType: types.StringType},
	}
}

func (publishedAppIDs) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("result"), map[string]string{"MicrosoftGraph": "00000003-0000-0000-c000-000000000000"})...)
}

// azureadProvider stands in for the azuread provider.
type azureadProvider struct{ made *madeByAzuread }

func (azureadProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "azuread"
}
func (azureadProvider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}
func (azureadProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (azureadProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{func() datasource.DataSource { return publishedAppIDs{} }}
}

func (p azureadProvider) Resources(context.Context) []func() resource.Resource {
	var made []func() resource.Resource
	for _, object := range []azureadObject{
		{p.made, "application", []string{"display_name"}, []string{"id", "client_id"}},
		{p.made, "service_principal", []string{"client_id"}, []string{"id", "object_id"}},
		{p.made, "app_role_assignment", []string{"app_role_id", "principal_object_id", "resource_object_id"}, []string{"id"}},
		{p.made, "application_federated_identity_credential", []string{"application_id", "display_name", "issuer", "subject"}, []string{"id"}},
	} {
		made = append(made, func() resource.Resource { return object })
	}
	return made
}

func TestTheAppRegistrationInHCLGivesEachIdentityItsPermissions(t *testing.T) {
	t.Parallel()
	made := &madeByAzuread{objects: map[string][]map[string]string{}}
	acceptance.UnitTest(t, acceptance.TestCase{
		ProtoV6ProviderFactories: map[string]func() (tfprotov6.ProviderServer, error){
			"azuread": providerserver.NewProtocol6WithError(azureadProvider{made}),
		},
		// The second step is for the framework of the tests, which cannot read the keys of for_each at its end.
		Steps: []acceptance.TestStep{{Config: acctest.Example(t, "guides/getting-started/app-registration.tf")}, {Config: "locals {}"}},
	})
	names := map[string]string{}
	for _, app := range made.objects["application"] {
		for _, principal := range made.objects["service_principal"] {
			if principal["client_id"] == app["client_id"] {
				names[principal["object_id"]] = app["display_name"]
			}
		}
	}
	granted := map[string][]string{}
	for _, grant := range made.objects["app_role_assignment"] {
		name := names[grant["principal_object_id"]]
		granted[name] = append(granted[name], strings.TrimPrefix(grant["app_role_id"], "role-of-"))
	}
	for _, permissions := range granted {
		slices.Sort(permissions)
	}
	want := map[string][]string{
		"MFA as code (plan)":  slices.Sorted(slices.Values(permissionsToPlan)),
		"MFA as code (apply)": slices.Sorted(slices.Values(permissionsToApply)),
	}
	if difference := cmp.Diff(want, granted); difference != "" {
		t.Errorf("permissions (-) and what was granted (+):\n%s", difference)
	}
	subjects := map[string]string{}
	for _, credential := range made.objects["application_federated_identity_credential"] {
		for _, app := range made.objects["application"] {
			if app["id"] == credential["application_id"] {
				subjects[credential["subject"]] = app["display_name"]
			}
		}
	}
	if difference := cmp.Diff(map[string]string{
		"repo:contoso/identity:pull_request": "MFA as code (plan)", "repo:contoso/identity:ref:refs/heads/main": "MFA as code (plan)",
		"repo:contoso/identity:environment:production": "MFA as code (apply)",
	}, subjects); difference != "" {
		t.Errorf("who may be whom (-) and is (+):\n%s", difference)
	}
}
