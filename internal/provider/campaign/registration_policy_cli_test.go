package campaign_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestTheStoryOfAPolicyThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	guarded := acctest.Block(fmt.Sprintf("emergency_access = { group_ids = [%q] }", acctest.RescueGroupID))
	w := tn.Workspace(t, map[string]string{"main.tf": guarded + registration(enabled, everyone)}, acctest.AppEnvironment()...)
	plan := []string{"plan", "-input=false", "-detailed-exitcode"}

	w.Sees(w.Expect(1, plan...), "Emergency access accounts would be asked to register", acctest.Rescue2UPN, "included by include.all_users",
		fmt.Sprintf("exclude = { group_ids = [%q] }", acctest.RescueGroupID))
	ours := guarded + registration(enabled, everyone, excludes("group_ids", acctest.RescueGroupID), "snooze_days = 3")
	w.Write("main.tf", ours)
	w.Sees(w.Expect(2, plan...), "will be created", "+ snooze_days = 3", "1 to add", "The tenant's registration campaign is taken over", "state: microsoft_managed", "includes: all users")
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "Apply complete")
	w.Sees(w.Expect(0, plan...), "No changes")

	// Microsoft hands the campaign to itself, and to passkeys.
	tn.PatchCampaign(`{"state":"default","snoozeDurationInDays":1,"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`)()
	w.Sees(w.Expect(2, plan...), "will be updated in-place", `state = "microsoft_managed" -> "enabled"`)
	w.Write("main.tf", guarded+registration(managed, everyone, excludes("group_ids", acctest.RescueGroupID)))
	w.Sees(w.Expect(0, plan...), "No changes")

	w.Write("main.tf", guarded+registration(managed, includes("group_ids", acctest.StaffID), excludes("group_ids", acctest.RescueGroupID)))
	w.Sees(w.Expect(2, plan...), "The registration policy becomes weaker", "but only group Staff")
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Expect(0, plan...)

	w.Sees(w.Expect(1, append(plan, "-destroy")...), "Emergency access accounts would be asked to register after the destroy", acctest.Rescue2UPN,
		`on_destroy = "give_back_excluding_emergency_access"`, `on_destroy = "keep"`)
	w.Write("main.tf", guarded+registration(managed, includes("group_ids", acctest.StaffID), excludes("group_ids", acctest.RescueGroupID), `on_destroy = "give_back_excluding_emergency_access"`))
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "0 added, 1 changed")
	w.Sees(w.Expect(2, append(plan, "-destroy")...), "Destroying the registration policy gives back the campaign from before", "state: microsoft_managed",
		"includes: all users", "excludes: group Emergency access")
	w.Expect(0, "destroy", "-input=false", "-auto-approve")
	if err := tn.CampaignIs(changed(newTenantsCampaign(), func(c *control.RegistrationCampaign) {
		c.IncludeTargets[0].TargetedAuthenticationMethod = "fido2"
		c.ExcludeTargets = []control.PolicyTarget{{ID: acctest.RescueGroupID, TargetType: "group"}}
	})); err != nil {
		t.Error(err)
	}
}

func TestPoliciesOfTwoTenantsThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	one, other := acctest.NewCampaignTenant(t), acctest.NewCampaignTenant(t)
	second := strings.Replace(registration(enabled, everyone, "provider = entramfa.other"), `"test"`, `"other"`, 1)
	config := one.Provider() + strings.Replace(other.Provider(), "{", "{\n  alias = \"other\"", 1) + registration(enabled, everyone) + second
	w := one.Workspace(t, map[string]string{"main.tf": config})
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "2 added")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	w.Write("main.tf", strings.ReplaceAll(config, "provider = entramfa.other", ""))
	w.Sees(w.Expect(1, "plan", "-input=false"), "A second registration policy for the same tenant")
	w.Write("main.tf", config)
	w.Sees(w.Expect(0, "destroy", "-input=false", "-auto-approve"), "2 destroyed")
	for _, tn := range []*acctest.Tenant{one, other} {
		if err := tn.CampaignIs(newTenantsCampaign()); err != nil {
			t.Error(err)
		}
	}
}

func TestAPolicyIsReplacedThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + registration(enabled, everyone, "snooze_days = 2")}, acctest.AppEnvironment()...)
	w.Expect(0, "apply", "-input=false", "-auto-approve")
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve", "-replace="+acctest.PolicyAddress), "1 added, 0 changed, 1 destroyed")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	w.Expect(0, "destroy", "-input=false", "-auto-approve")
	if err := tn.CampaignIs(newTenantsCampaign()); err != nil {
		t.Error(err)
	}
}

func TestATaintedPolicyAndOneThatIsCreatedBeforeItIsDestroyedThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	ours := registration(enabled, everyone, "snooze_days = 2")
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + ours}, acctest.AppEnvironment()...)
	w.Expect(0, "apply", "-input=false", "-auto-approve")

	// What the replacement would do is told, and is what it does.
	w.Expect(0, "taint", acctest.PolicyAddress)
	w.Sees(w.Expect(0, "plan", "-input=false"), "1 to add, 0 to change, 1 to destroy", "The tainted registration policy gives nothing back", "This is forgotten then", "state: microsoft_managed",
		"terraform untaint", "The tenant's registration campaign is taken over", "state: enabled", "It is as configured already, so the apply writes nothing")
	w.Expect(0, "untaint", acctest.PolicyAddress)

	// A tenant has one campaign: the replaced policy must not take it away from its replacement.
	w.Write("main.tf", acctest.Block()+strings.TrimSuffix(ours, "}\n")+"  lifecycle {\n    create_before_destroy = true\n  }\n}\n")
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve", "-replace="+acctest.PolicyAddress), "The replaced registration policy gives nothing back", "create_before_destroy",
		"state: microsoft_managed", "1 added, 0 changed, 1 destroyed")
	if have := tn.CampaignNow(); have.State != "enabled" || *have.SnoozeDurationInDays != 2 {
		t.Errorf("the campaign is %+v", have)
	}
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
}

func TestAPolicyIsImportedByIdentityThroughANewCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	w := tn.Workspace(t, map[string]string{"main.tf": acctest.Block() + registration(managed)}, acctest.AppEnvironment()...)
	w.Write("import.tf", fmt.Sprintf("import {\n  to = %s\n  identity = {\n    id = %q\n  }\n}\n", acctest.PolicyAddress, acctest.PolicyID))
	if !w.ImportsByIdentity() {
		// TestAPolicyIsImportedByIdentity shows the same without a CLI. An older one has to say that it cannot.
		w.Sees(w.Expect(1, "plan", "-input=false"), "identity")
		return
	}
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
}

func TestAnImportedPolicyWritesItsOwnConfigurationThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	tn.PatchCampaign(fmt.Sprintf(`{"state":"enabled","includeTargets":[{"id":%q,"targetType":"group","targetedAuthenticationMethod":"fido2"}],`+
		`"excludeTargets":[{"id":%q,"targetType":"user"}]}`, acctest.StaffID, acctest.AlexID))()
	w := tn.Workspace(t, map[string]string{
		"main.tf": acctest.Block(), "import.tf": fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", acctest.PolicyAddress, acctest.PolicyID),
	}, acctest.AppEnvironment()...)
	w.Sees(w.Expect(0, "plan", "-input=false", "-generate-config-out=policy.tf"), "1 to import, 0 to add, 0 to change")
	w.Sees(w.Expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.Expect(0, "plan", "-input=false", "-detailed-exitcode")
	if _, err := os.Stat(w.Dir + "/policy.tf"); err != nil {
		t.Error(err)
	}
}
