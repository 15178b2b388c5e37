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
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const (
	existingUsers = "adoption/existing-users"

	// adoptable is how many of the adopted tenant's users have per-user MFA, the four of the sample tenant among them.
	adoptable = 204
)

// newAdoptableTenant is the sample tenant with hundreds of users more, half of whom have per-user MFA.
func newAdoptableTenant(t *testing.T) *acctest.Tenant {
	t.Helper()
	people := emulator.SampleTenant()
	for n := range 2 * (adoptable - 4) {
		user := control.User{ID: acctest.MemberID(n), UserPrincipalName: acctest.MemberUPN(n), DisplayName: fmt.Sprintf("Member %d", n)}
		switch n % 4 {
		case 0:
			user.PerUserMFAState = control.StateEnabled
		case 2:
			user.PerUserMFAState, user.Methods = control.StateEnforced, []control.Method{{Type: control.MethodMicrosoftAuthenticator}}
		}
		people.Users = append(people.Users, user)
	}
	return acctest.StartTenant(t, people, acctest.Quick())
}

func TestHundredsOfExistingUsersAreAdoptedWithoutAChangeThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newAdoptableTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, configurationFiles(t, existingUsers), tn.ByPermissionsOf(existingUsers)...)
	tn.Asked()

	w.Sees(w.Apply(), fmt.Sprintf("%d imported, 0 added, 0 changed, 0 destroyed", adoptable))
	_, states, requests := tn.Asked()
	// Each state of the tenant is read once to find who is to be adopted, in batches, and each of those is looked up and read once. Those come
	// ten at a time, and travel together only where an answer takes its time.
	if all := len(before.Users); states > all+adoptable || requests > 20+all/20+3*adoptable {
		t.Errorf("the adoption of %d of %d users took %d requests and read %d states", adoptable, all, requests, states)
	}
	w.StaysEmpty()
	tn.IsAsBefore(before)

	// Put on record, they are managed, whatever becomes of them in the tenant.
	var users map[string]string
	record := w.ExpectOf(0, acctest.CLI(t), "output", "-json", "-no-color", "users")
	if err := json.Unmarshal([]byte(record), &users); err != nil || len(users) != adoptable || users[acctest.MemberUPN(2)] != acctest.MemberID(2) {
		t.Fatalf("%d users are on record: %v", len(users), err)
	}
	w.Write("users.json", record)
	tn.Asked()
	w.StaysEmpty()
	if pages, states, _ := tn.Asked(); pages != 0 || states != adoptable {
		t.Errorf("with a record, a plan reads %d pages of users and %d states, want none and %d", pages, states, adoptable)
	}
	main := acctest.Example(t, existingUsers+"/main.tf")
	start, end := strings.Index(main, "# Once applied, this block can go."), strings.Index(main, "resource \"entramfa_user_mfa_state\"")
	if start < 0 || end < start {
		t.Fatal("main.tf has its import block elsewhere")
	}
	w.Write("main.tf", main[:start]+main[end:])
	tn.SetState(acctest.MemberID(2), control.StateDisabled)()
	w.Sees(w.Expect(2, "plan", "-input=false", "-detailed-exitcode"), acctest.MemberUPN(2), `"disabled" -> "enabled"`, "0 to add, 1 to change, 0 to destroy")

	// Leaving is no change of anybody either.
	tn.SetState(acctest.MemberID(2), control.StateEnforced)()
	w.Write("main.tf", acctest.Example(t, "guides/adoption/removed.tf"))
	w.Write("outputs.tf", "")
	w.Write("variables.tf", "")
	w.Sees(w.Apply(), "0 added, 0 changed, 0 destroyed")
	if left := strings.TrimSpace(w.Expect(0, "state", "list")); left != "" {
		t.Errorf("the state still holds\n%s", left)
	}
	tn.IsAsBefore(before)
}

func TestTheUsersOfAGroupAreAdoptedThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newAdoptableTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, configurationFiles(t, existingUsers), tn.ByPermissionsOf(existingUsers)...)
	w.Sees(w.Apply("-var=group_id="+emulator.SampleEngineeringID), "2 imported, 0 added, 0 changed, 0 destroyed")
	tn.IsAsBefore(before)
}

func TestALocationIsAdoptedWithGeneratedConfigurationThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block(), "import.tf": acctest.Example(t, "guides/adoption/import-location.tf")}, bySecret()...)
	w.RunScript("guides/adoption/generate.sh")
	w.Sees(w.Apply(), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.StaysEmpty()
	tn.IsAsBefore(before)
}

// The guide says that the configuration which a plan generates of a user names them twice.
func TestAUserIsAdoptedWithGeneratedConfigurationThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, map[string]string{
		"main.tf": acctest.Block(), "import.tf": acctest.Example(t, "resources/entramfa_user_mfa_state/import-by-string-id.tf"),
	}, bySecret()...)
	w.Sees(w.RunScript("guides/adoption/generate.sh"), "1 to import, 0 to add, 0 to change, 0 to destroy")
	generated, err := os.ReadFile(w.Dir + "/generated.tf")
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
	w.Sees(w.Apply(), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.StaysEmpty()
	// One of the two can go.
	w.Write("generated.tf", strings.Join(kept, ""))
	w.StaysEmpty()
	if tn.Writes() != 0 || tn.Sent("PATCH", "DELETE") != 0 {
		t.Error("the adoption wrote something")
	}
	tn.IsAsBefore(before)
}

func TestTheMoveOfTheGuideWritesNothingThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newSampleTenant(t)
	stub, factories := tn.WithAzureAD(3)
	signedIn := acctest.Block(acctest.Set("tenant_id", emulator.SampleTenantID), acctest.Set("client_id", emulator.SampleAppID), acctest.Set("client_secret", emulator.SampleSecret),
		acctest.Set("graph_endpoint", tn.URL), acctest.Set("authority_host", tn.URL), acctest.Set("ca_bundle_path", tn.CAFile))
	acctest.TestCLI(t, resource.TestCase{
		TerraformVersionChecks:   []tfversion.TerraformVersionCheck{tfversion.SkipBelow(tfversion.Version1_8_0)},
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{
				Config: acctest.Example(t, "guides/adoption/azuread-before.tf"),
				Check:  func(*terraform.State) error { return tn.ClearRequests(context.Background()) },
			},
			{
				Config:           signedIn + acctest.Example(t, "guides/adoption/azuread-moved.tf"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				Check:            resource.ComposeAggregateTestCheckFunc(tn.HasLocation("Branch office", "198.51.100.0/24"), tn.WroteLocations(0)),
			},
		},
	})
	if writes := stub.Writes.Load(); writes != 0 {
		t.Errorf("azuread was asked for %d writes", writes)
	}
}
