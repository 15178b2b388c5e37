package provider_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func bySecretOfTheApp() []string {
	return []string{"ARM_TENANT_ID=" + tenantID, "ARM_CLIENT_ID=" + appID, "ARM_CLIENT_SECRET=" + appSecret}
}

func TestTheStoryOfAPolicyThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	guarded := block(fmt.Sprintf("emergency_access = { group_ids = [%q] }", rescueGroupID))
	w := tn.workspace(t, map[string]string{"main.tf": guarded + registration(enabled, everyone)}, bySecretOfTheApp()...)
	plan := []string{"plan", "-input=false", "-detailed-exitcode"}

	w.sees(w.expect(1, plan...), "Emergency access accounts would be asked to register", rescue2UPN, "included by include.all_users",
		fmt.Sprintf("exclude = { group_ids = [%q] }", rescueGroupID))
	ours := guarded + registration(enabled, everyone, excludes("group_ids", rescueGroupID), "snooze_days = 3")
	w.write("main.tf", ours)
	w.sees(w.expect(2, plan...), "will be created", "+ snooze_days = 3", "1 to add", "The tenant's registration campaign is taken over", "state: microsoft_managed", "includes: all users")
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "Apply complete")
	w.sees(w.expect(0, plan...), "No changes")

	// Microsoft hands the campaign to itself, and to passkeys.
	tn.patchCampaign(`{"state":"default","snoozeDurationInDays":1,"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`)()
	w.sees(w.expect(2, plan...), "will be updated in-place", `state = "microsoft_managed" -> "enabled"`)
	w.write("main.tf", guarded+registration(managed, everyone, excludes("group_ids", rescueGroupID)))
	w.sees(w.expect(0, plan...), "No changes")

	w.write("main.tf", guarded+registration(managed, includes("group_ids", staffID), excludes("group_ids", rescueGroupID)))
	w.sees(w.expect(2, plan...), "The registration policy becomes weaker", "but only group Staff")
	w.expect(0, "apply", "-input=false", "-auto-approve")
	w.expect(0, plan...)

	w.sees(w.expect(1, append(plan, "-destroy")...), "Emergency access accounts would be asked to register after the destroy", rescue2UPN,
		`on_destroy = "give_back_excluding_emergency_access"`, `on_destroy = "keep"`)
	w.write("main.tf", guarded+registration(managed, includes("group_ids", staffID), excludes("group_ids", rescueGroupID), `on_destroy = "give_back_excluding_emergency_access"`))
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "0 added, 1 changed")
	w.sees(w.expect(2, append(plan, "-destroy")...), "Destroying the registration policy gives back the campaign from before", "state: microsoft_managed",
		"includes: all users", "excludes: group Emergency access")
	w.expect(0, "destroy", "-input=false", "-auto-approve")
	if err := tn.campaignIs(changed(newTenantsCampaign(), func(c *control.RegistrationCampaign) {
		c.IncludeTargets[0].TargetedAuthenticationMethod = "fido2"
		c.ExcludeTargets = []control.PolicyTarget{{ID: rescueGroupID, TargetType: "group"}}
	})); err != nil {
		t.Error(err)
	}
}

func TestPoliciesOfTwoTenantsThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	one, other := newCampaignTenant(t), newCampaignTenant(t)
	second := strings.Replace(registration(enabled, everyone, "provider = entramfa.other"), `"test"`, `"other"`, 1)
	config := one.provider() + strings.Replace(other.provider(), "{", "{\n  alias = \"other\"", 1) + registration(enabled, everyone) + second
	w := one.workspace(t, map[string]string{"main.tf": config})
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "2 added")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	w.write("main.tf", strings.ReplaceAll(config, "provider = entramfa.other", ""))
	w.sees(w.expect(1, "plan", "-input=false"), "A second registration policy for the same tenant")
	w.write("main.tf", config)
	w.sees(w.expect(0, "destroy", "-input=false", "-auto-approve"), "2 destroyed")
	for _, tn := range []*tenant{one, other} {
		if err := tn.campaignIs(newTenantsCampaign()); err != nil {
			t.Error(err)
		}
	}
}

func TestAPolicyIsReplacedThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	w := tn.workspace(t, map[string]string{"main.tf": block() + registration(enabled, everyone, "snooze_days = 2")}, bySecretOfTheApp()...)
	w.expect(0, "apply", "-input=false", "-auto-approve")
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve", "-replace="+policyAddress), "1 added, 0 changed, 1 destroyed")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	w.expect(0, "destroy", "-input=false", "-auto-approve")
	if err := tn.campaignIs(newTenantsCampaign()); err != nil {
		t.Error(err)
	}
}

func TestATaintedPolicyAndOneThatIsCreatedBeforeItIsDestroyedThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	ours := registration(enabled, everyone, "snooze_days = 2")
	w := tn.workspace(t, map[string]string{"main.tf": block() + ours}, bySecretOfTheApp()...)
	w.expect(0, "apply", "-input=false", "-auto-approve")

	// What the replacement would do is told, and is what it does.
	w.expect(0, "taint", policyAddress)
	w.sees(w.expect(0, "plan", "-input=false"), "1 to add, 0 to change, 1 to destroy", "The tainted registration policy gives nothing back", "This is forgotten then", "state: microsoft_managed",
		"terraform untaint", "The tenant's registration campaign is taken over", "state: enabled", "It is as configured already, so the apply writes nothing")
	w.expect(0, "untaint", policyAddress)

	// A tenant has one campaign: the replaced policy must not take it away from its replacement.
	w.write("main.tf", block()+strings.TrimSuffix(ours, "}\n")+"  lifecycle {\n    create_before_destroy = true\n  }\n}\n")
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve", "-replace="+policyAddress), "The replaced registration policy gives nothing back", "create_before_destroy",
		"state: microsoft_managed", "1 added, 0 changed, 1 destroyed")
	if have := tn.campaignNow(); have.State != "enabled" || *have.SnoozeDurationInDays != 2 {
		t.Errorf("the campaign is %+v", have)
	}
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
}

func TestAPolicyIsImportedByIdentityThroughANewCLI(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	w := tn.workspace(t, map[string]string{"main.tf": block() + registration(managed)}, bySecretOfTheApp()...)
	w.write("import.tf", fmt.Sprintf("import {\n  to = %s\n  identity = {\n    id = %q\n  }\n}\n", policyAddress, policyID))
	if !w.importsByIdentity() {
		// TestAPolicyIsImportedByIdentity shows the same without a CLI. An older one has to say that it cannot.
		w.sees(w.expect(1, "plan", "-input=false"), "identity")
		return
	}
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
}

func TestAnImportedPolicyWritesItsOwnConfiguration(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	tn.patchCampaign(fmt.Sprintf(`{"state":"enabled","includeTargets":[{"id":%q,"targetType":"group","targetedAuthenticationMethod":"fido2"}],`+
		`"excludeTargets":[{"id":%q,"targetType":"user"}]}`, staffID, alexID))()
	w := tn.workspace(t, map[string]string{
		"main.tf": block(), "import.tf": fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", policyAddress, policyID),
	}, bySecretOfTheApp()...)
	w.sees(w.expect(0, "plan", "-input=false", "-generate-config-out=policy.tf"), "1 to import, 0 to add, 0 to change")
	w.sees(w.expect(0, "apply", "-input=false", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed")
	w.expect(0, "plan", "-input=false", "-detailed-exitcode")
	if _, err := os.Stat(w.dir + "/policy.tf"); err != nil {
		t.Error(err)
	}
}
