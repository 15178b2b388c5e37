package provider_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

func TestThePlansOfTheGuideToConditionalAccessAreWhatTheCLIPrints(t *testing.T) {
	t.Parallel()
	plansAreThoseOfTheCLI(t, "guides/conditional-access/", map[string]guideScene{
		"careless": {code: 1}, "report-only": {code: 2}, "enforced": {code: 2}, "registration": {code: 2},
		"switched-off": {code: 2, between: func(tn *acctest.Tenant) error {
			policy, err := policyNamed(tn, "MFA for everybody")
			if err != nil {
				return err
			}
			_, err = control.Patch[control.ConditionalAccessPolicy](context.Background(), tn.Client, "conditional-access-policies", policy.ID, map[string]any{"state": control.PolicyDisabled})
			return err
		}},
	})
}

func policyNamed(tn *acctest.Tenant, name string) (control.ConditionalAccessPolicy, error) {
	policies, err := tn.ListConditionalAccessPolicies(context.Background())
	if err != nil {
		return control.ConditionalAccessPolicy{}, err
	}
	for _, policy := range policies {
		if policy.DisplayName == name {
			return policy, nil
		}
	}
	return control.ConditionalAccessPolicy{}, fmt.Errorf("the tenant has no policy %q", name)
}

// The guide's configuration and then the README's, by an app with the README's permissions and no others.
func TestTheUseOfTheConditionalAccessBaselineThatItsREADMEShowsAppliesThroughTheRealCLI(t *testing.T) {
	t.Parallel()
	const folder = "modules/conditional-access-baseline"
	blocks := codeBlocks(t, acctest.Examples+folder+"/README.md", "terraform")
	if len(blocks) != 1 {
		t.Fatalf("the README has %d blocks of configuration; this test knows 1", len(blocks))
	}
	tn := newSampleTenant(t)
	before := tn.Picture()
	w := tn.Workspace(t, nil, tn.ByPermissionsOf(folder)...)
	w.Folder(folder)
	for name, content := range configurationFiles(t, folder) {
		w.Write(filepath.Join(folder, name), content)
	}
	w.Write("main.tf", acctest.Example(t, "guides/conditional-access/module.tf"))
	w.Expect(0, "init", "-input=false")
	applied := w.Apply()
	w.Sees(applied, "8 added, 0 changed, 0 destroyed")
	if strings.Contains(applied, "could not be looked up") || strings.Contains(applied, "comes into force") {
		t.Errorf("the permissions of the README do not suffice for the names, or something is enforced:\n%s", applied)
	}
	w.StaysEmpty()
	w.Write("main.tf", blocks[0])
	w.Sees(w.Apply(), "It comes into force and blocks all users, except group break-glass accounts (only with client apps exchangeActiveSync, other).", "0 added, 1 changed, 1 destroyed")
	w.StaysEmpty()
	for name, state := range map[string]string{
		"MFA for everybody": control.PolicyReportOnly, "Phishing-resistant MFA for administrators": control.PolicyReportOnly, "MFA for guests": control.PolicyReportOnly,
		"Block legacy authentication": control.PolicyEnabled, "Block device code flow": control.PolicyReportOnly,
		"Protect registration of security information": control.PolicyDisabled, "Block registration of guests outside trusted places": control.PolicyDisabled,
	} {
		policy, err := policyNamed(tn, "Baseline: "+name)
		if err != nil {
			t.Error(err)
			continue
		}
		if policy.State != state || len(policy.Conditions.Users.ExcludeGroups) != 1 || policy.Conditions.Users.ExcludeGroups[0] != emulator.SampleBreakGlassID {
			t.Errorf("%s is %s and excludes %v", name, policy.State, policy.Conditions.Users.ExcludeGroups)
		}
	}

	// The guard of the provider knows accounts that the module's group does not hold.
	w.Write("main.tf", strings.Replace(blocks[0], `emergency_access_group_id = "`+emulator.SampleBreakGlassID, `emergency_access_group_id = "`+emulator.SampleBreakGlassNestedID, 1))
	w.Sees(w.Expect(1, "plan", "-input=false"), `Emergency access accounts would be caught by "Baseline: MFA for everybody"`, "break.glass.1@contoso.example")
	w.Write("main.tf", blocks[0])
	w.Sees(w.Expect(0, "destroy", "-input=false", "-auto-approve"), `Conditional Access policy "Baseline: Block legacy authentication" is no longer in force`, "7 destroyed")
	tn.IsAsBefore(before)
}
