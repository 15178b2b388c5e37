package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

const (
	existingUsers = "adoption/existing-users"

	// adoptable is how many of the adopted tenant's users have per-user MFA, the four of the sample tenant among them.
	adoptable = 204
)

// newAdoptableTenant is the sample tenant with hundreds of users more, half of whom have per-user MFA.
func newAdoptableTenant(t *testing.T) *tenant {
	t.Helper()
	people := emulator.SampleTenant()
	for n := range 2 * (adoptable - 4) {
		user := control.User{ID: memberID(n), UserPrincipalName: memberUPN(n), DisplayName: fmt.Sprintf("Member %d", n)}
		switch n % 4 {
		case 0:
			user.PerUserMFAState = control.StateEnabled
		case 2:
			user.PerUserMFAState, user.Methods = control.StateEnforced, []control.Method{{Type: control.MethodMicrosoftAuthenticator}}
		}
		people.Users = append(people.Users, user)
	}
	return startTenant(t, people, quick())
}

func TestHundredsOfExistingUsersAreAdoptedWithoutAChange(t *testing.T) {
	t.Parallel()
	tn := newAdoptableTenant(t)
	before := tn.snapshot()
	w := tn.workspace(t, configurationFiles(t, existingUsers), tn.byPermissionsOf(existingUsers)...)
	tn.asked()

	w.sees(w.apply(), fmt.Sprintf("%d imported, 0 added, 0 changed, 0 destroyed", adoptable))
	_, states, requests := tn.asked()
	// Each state of the tenant is read once to find who is to be adopted, in batches, and each of those is looked up and read once. Those come
	// ten at a time, and travel together only where an answer takes its time.
	if all := len(before.Users); states > all+adoptable || requests > 20+all/20+3*adoptable {
		t.Errorf("the adoption of %d of %d users took %d requests and read %d states", adoptable, all, requests, states)
	}
	w.staysEmpty()
	tn.isAsBefore(before)

	// Put on record, they are managed, whatever becomes of them in the tenant.
	var users map[string]string
	record := w.expectOf(0, os.Getenv("TF_ACC_TERRAFORM_PATH"), "output", "-json", "-no-color", "users")
	if err := json.Unmarshal([]byte(record), &users); err != nil || len(users) != adoptable || users[memberUPN(2)] != memberID(2) {
		t.Fatalf("%d users are on record: %v", len(users), err)
	}
	w.write("users.json", record)
	tn.asked()
	w.staysEmpty()
	if pages, states, _ := tn.asked(); pages != 0 || states != adoptable {
		t.Errorf("with a record, a plan reads %d pages of users and %d states, want none and %d", pages, states, adoptable)
	}
	main := example(t, existingUsers+"/main.tf")
	start, end := strings.Index(main, "# Once applied, this block can go."), strings.Index(main, "resource \"entramfa_user_mfa_state\"")
	if start < 0 || end < start {
		t.Fatal("main.tf has its import block elsewhere")
	}
	w.write("main.tf", main[:start]+main[end:])
	tn.setState(memberID(2), control.StateDisabled)()
	w.sees(w.expect(2, "plan", "-input=false", "-detailed-exitcode"), memberUPN(2), `"disabled" -> "enabled"`, "0 to add, 1 to change, 0 to destroy")

	// Leaving is no change of anybody either.
	tn.setState(memberID(2), control.StateEnforced)()
	w.write("main.tf", example(t, "guides/adoption/removed.tf"))
	w.write("outputs.tf", "")
	w.write("variables.tf", "")
	w.sees(w.apply(), "0 added, 0 changed, 0 destroyed")
	if left := strings.TrimSpace(w.expect(0, "state", "list")); left != "" {
		t.Errorf("the state still holds\n%s", left)
	}
	tn.isAsBefore(before)
}

func TestTheUsersOfAGroupAreAdopted(t *testing.T) {
	t.Parallel()
	tn := newAdoptableTenant(t)
	before := tn.snapshot()
	w := tn.workspace(t, configurationFiles(t, existingUsers), tn.byPermissionsOf(existingUsers)...)
	w.sees(w.apply("-var=group_id="+emulator.SampleEngineeringID), "2 imported, 0 added, 0 changed, 0 destroyed")
	tn.isAsBefore(before)
}

func TestALocationIsAdoptedWithGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	before := tn.snapshot()
	w := tn.workspace(t, map[string]string{"main.tf": block(), "import.tf": example(t, "guides/adoption/import-location.tf")}, bySecret()...)
	w.runScript("guides/adoption/generate.sh")
	w.sees(w.apply(), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.staysEmpty()
	tn.isAsBefore(before)
}

// runScript runs a script of an example, with the CLI at hand for terraform.
func (w *workspace) runScript(name string) string {
	w.t.Helper()
	w.write("script.sh", strings.ReplaceAll(example(w.t, name), "terraform ", `"$TF_ACC_TERRAFORM_PATH" `))
	w.env = append(w.env, "TF_ACC_TERRAFORM_PATH="+os.Getenv("TF_ACC_TERRAFORM_PATH"), "TF_CLI_ARGS=-no-color")
	return w.expectOf(0, "sh", "-e", "script.sh")
}

// The guide says that the configuration which a plan generates of a user names them twice.
func TestAUserIsAdoptedWithGeneratedConfiguration(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	before := tn.snapshot()
	w := tn.workspace(t, map[string]string{
		"main.tf": block(), "import.tf": example(t, "resources/entramfa_user_mfa_state/import-by-string-id.tf"),
	}, bySecret()...)
	w.sees(w.runScript("guides/adoption/generate.sh"), "1 to import, 0 to add, 0 to change, 0 to destroy")
	generated, err := os.ReadFile(w.dir + "/generated.tf")
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(string(generated)) {
		if !strings.HasPrefix(strings.TrimSpace(line), "user_id ") {
			kept = append(kept, line)
		}
	}
	if len(kept) != strings.Count(string(generated), "\n")-1 || !strings.Contains(string(generated), "\n  user_principal_name ") {
		t.Fatalf("a user is named once in\n%s", generated)
	}
	w.sees(w.apply(), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.staysEmpty()
	// One of the two can go.
	w.write("generated.tf", strings.Join(kept, ""))
	w.staysEmpty()
	if tn.writes() != 0 || tn.sent("PATCH", "DELETE") != 0 {
		t.Error("the adoption wrote something")
	}
	tn.isAsBefore(before)
}

func TestTheMoveOfTheGuideWritesNothing(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	stub, factories := tn.withAzureAD(3)
	signedIn := block(set("tenant_id", emulator.SampleTenantID), set("client_id", emulator.SampleAppID), set("client_secret", emulator.SampleSecret),
		set("graph_endpoint", tn.url), set("authority_host", tn.url), set("ca_bundle_path", tn.caFile))
	resource.UnitTest(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)},
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: example(t, "guides/adoption/azuread-before.tf"),
				Check:  func(*terraform.State) error { return tn.ClearRequests(context.Background()) },
			},
			{
				Config:           signedIn + example(t, "guides/adoption/azuread-moved.tf"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				Check:            resource.ComposeAggregateTestCheckFunc(tn.hasLocation("Branch office", "198.51.100.0/24"), tn.wroteLocations(0)),
			},
		},
	})
	if writes := stub.writes.Load(); writes != 0 {
		t.Errorf("azuread was asked for %d writes", writes)
	}
}
