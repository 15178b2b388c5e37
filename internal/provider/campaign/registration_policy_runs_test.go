package campaign_test

import (
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// policiesOf is a configuration with policies of these names, for everybody.
func policiesOf(snoozeDays int, blocks ...string) acctest.Configuration {
	config := acctest.Configuration{}
	for _, name := range blocks {
		config[name] = acctest.ResourceBlock{TypeName: acctest.PolicyTypeName, Values: map[string]any{
			"state": "enabled", "authentication_method": "fido2", "snooze_days": snoozeDays, "include": map[string]any{"all_users": true},
		}}
	}
	return config
}

const secondPolicy = "A second registration policy for the same tenant"

func TestTheRunsOfATestFileMayPlanAndApplyOnePolicyAfterAnother(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	server := tn.ServeTestProcess(t)
	file := tn.ServeTestFile(t, server)
	passes := func(what string, report *acctest.Outcome, changed int) {
		t.Helper()
		if report.Failed() || len(report.Changed) != changed {
			t.Fatalf("%s changes %q, want %d, and says:\n%s", what, report.Changed, changed, report)
		}
	}
	has := func(days int) {
		t.Helper()
		if err := tn.CampaignIs(changed(newTenantsCampaign(), func(c *control.RegistrationCampaign) {
			c.State, c.SnoozeDurationInDays = "enabled", new(days)
			c.IncludeTargets[0].TargetedAuthenticationMethod = "fido2"
		})); err != nil {
			t.Error(err)
		}
	}
	passes("a plan", file.Plan(file.Validated(t, policiesOf(1, "policy"))), 1)
	passes("a plan of another", file.Plan(file.Validated(t, policiesOf(2, "policy"))), 1)
	passes("an apply", file.Apply(file.Validated(t, policiesOf(3, "policy"))), 1)
	has(3)
	passes("an apply that changes it", file.Apply(file.Validated(t, policiesOf(4, "policy"))), 1)
	passes("a plan of no change", file.Plan(file.Validated(t, policiesOf(4, "policy"))), 0)
	// A run block of another module has a state of its own: what one sets up, the next takes over.
	other := tn.ServeTestFile(t, server)
	passes("an apply of another module", other.Apply(other.Validated(t, policiesOf(5, "policy"))), 1)
	has(5)
	passes("the cleanup of the other", other.Apply(acctest.Configuration{}), 1)
	has(4)
	passes("the cleanup", file.Apply(acctest.Configuration{}), 1)
	if err := tn.CampaignIs(newTenantsCampaign()); err != nil {
		t.Error(err)
	}
	passes("an apply after that", file.Apply(file.Validated(t, policiesOf(6, "policy"))), 1)
	passes("its cleanup", file.Apply(acctest.Configuration{}), 1)
}

// The control of the test before this one.
func TestTwoPoliciesInOneRunAreRefusedAlsoWhereRunsShareAProvider(t *testing.T) {
	t.Parallel()
	both := policiesOf(3, "policy", "other")
	refused := func(t *testing.T, report *acctest.Outcome) {
		t.Helper()
		found := 0
		for _, texts := range report.Failures {
			for _, text := range texts {
				if !strings.Contains(text, secondPolicy) {
					t.Errorf("it says %q", text)
				}
				found++
			}
		}
		if found != 1 {
			t.Errorf("a second policy is reported %d times, want once; it says:\n%s", found, report)
		}
	}
	t.Run("in the plan of a run of its own", func(t *testing.T) {
		t.Parallel()
		tn := acctest.NewCampaignTenant(t)
		played, err := acctest.NewCore(tn.Factory["entramfa"], tn.ServeTestFile(t, tn.ServeTestProcess(t)).Block)
		if err != nil {
			t.Fatal(err)
		}
		report := played.Apply(both)
		refused(t, report)
		if report.Planned || len(played.Instances) != 0 {
			t.Errorf("it was not refused at plan: %v", played.Instances)
		}
		if err := tn.CampaignIs(newTenantsCampaign()); err != nil {
			t.Error(err)
		}
	})
	for name, parallel := range map[string]int{"in the apply of a test, one by one": 1, "in the apply of a test, at a time": 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := acctest.NewCampaignTenant(t)
			file := tn.ServeTestFile(t, tn.ServeTestProcess(t))
			file.Parallel = parallel
			report := file.Apply(file.Validated(t, both))
			refused(t, report)
			if len(file.Instances) != 1 {
				t.Errorf("%d policies were created, want 1", len(file.Instances))
			}
			if cleanup := file.Apply(acctest.Configuration{}); cleanup.Failed() {
				t.Errorf("the cleanup says:\n%s", cleanup)
			}
			if err := tn.CampaignIs(newTenantsCampaign()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Where the CLI configures the provider once for a file, the refusal comes in the apply, and else in the plan; see registrationPolicies.
func TestTwoPoliciesInOneRunOfATestFileAreRefusedByOldAndNewCLI(t *testing.T) {
	t.Parallel()
	tn := acctest.NewCampaignTenant(t)
	one := registration(enabled, everyone)
	w := tn.Workspace(t, map[string]string{"main.tf": tn.Provider() + one + strings.Replace(one, `"test"`, `"other"`, 1)})
	w.Folder("tests")
	w.Write("tests/two.tftest.hcl", "run \"both\" {}\n")
	w.Expect(0, "init", "-input=false")
	w.Sees(w.Expect(1, "test"), secondPolicy, "0 passed, 1 failed")
	// The control: with one of them, the runs of a file pass.
	w.Write("main.tf", tn.Provider()+one)
	w.Write("tests/two.tftest.hcl", "run \"plan\" {\n  command = plan\n}\nrun \"again\" {\n  command = plan\n}\nrun \"apply\" {}\nrun \"stays\" {}\n")
	w.Sees(w.Expect(0, "test"), "4 passed, 0 failed")
	if err := tn.CampaignIs(newTenantsCampaign()); err != nil {
		t.Error(err)
	}
}
