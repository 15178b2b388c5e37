package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// oneProcess is a provider that is configured once, for all runs of a test file, as `terraform test` 1.14 does.
type oneProcess struct {
	tfprotov6.ProviderServer
	configured *tfprotov6.ConfigureProviderResponse
}

func (p *oneProcess) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	var err error
	if p.configured == nil {
		p.configured, err = p.ProviderServer.ConfigureProvider(ctx, req)
	}
	return p.configured, err
}

// testFile plays the run blocks of a test file of one module with its state. Each begins with a validation of the whole module.
type testFile struct {
	*core
	server *oneProcess
}

func (tn *tenant) testProcess(t *testing.T) *oneProcess {
	t.Helper()
	server, err := tn.factory["entramfa"]()
	if err != nil {
		t.Fatal(err)
	}
	return &oneProcess{ProviderServer: server}
}

func (tn *tenant) testFile(t *testing.T, server *oneProcess) *testFile {
	t.Helper()
	played, err := newCore(func() (tfprotov6.ProviderServer, error) { return server, nil }, map[string]any{
		"tenant_id": tenantID, "client_id": appID, "client_secret": appSecret, "use_cli": false,
		"graph_endpoint": tn.url, "authority_host": tn.url, "ca_bundle_path": tn.caFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &testFile{played, server}
}

// validated validates the module, with a provider that is configured.
func (f *testFile) validated(t *testing.T, config configuration) configuration {
	t.Helper()
	if f.provider(newOutcome()) == nil {
		t.Fatal("the provider cannot be configured")
	}
	for _, wanted := range config {
		valid, err := f.server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: wanted.typeName, Config: packed(valueOf(f.typeOf(wanted.typeName), wanted.values)),
		})
		if err != nil {
			t.Fatal(err)
		}
		noErrors(t, valid.Diagnostics)
	}
	return config
}

// policiesOf is a configuration with policies of these names, for everybody.
func policiesOf(snoozeDays int, blocks ...string) configuration {
	config := configuration{}
	for _, name := range blocks {
		config[name] = resourceBlock{typePolicy, map[string]any{
			"state": "enabled", "authentication_method": "fido2", "snooze_days": snoozeDays, "include": map[string]any{"all_users": true},
		}}
	}
	return config
}

const secondPolicy = "A second registration policy for the same tenant"

func TestTheRunsOfATestFileMayPlanAndApplyOnePolicyAfterAnother(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	server := tn.testProcess(t)
	file := tn.testFile(t, server)
	passes := func(what string, report *outcome, changed int) {
		t.Helper()
		if report.failed() || len(report.changed) != changed {
			t.Fatalf("%s changes %q, want %d, and says:\n%s", what, report.changed, changed, report)
		}
	}
	has := func(days int) {
		t.Helper()
		if err := tn.campaignIs(changed(newTenantsCampaign(), func(c *control.RegistrationCampaign) {
			c.State, c.SnoozeDurationInDays = "enabled", new(days)
			c.IncludeTargets[0].TargetedAuthenticationMethod = "fido2"
		})); err != nil {
			t.Error(err)
		}
	}
	passes("a plan", file.plan(file.validated(t, policiesOf(1, "policy"))), 1)
	passes("a plan of another", file.plan(file.validated(t, policiesOf(2, "policy"))), 1)
	passes("an apply", file.apply(file.validated(t, policiesOf(3, "policy"))), 1)
	has(3)
	passes("an apply that changes it", file.apply(file.validated(t, policiesOf(4, "policy"))), 1)
	passes("a plan of no change", file.plan(file.validated(t, policiesOf(4, "policy"))), 0)
	// A run block of another module has a state of its own: what one sets up, the next takes over.
	other := tn.testFile(t, server)
	passes("an apply of another module", other.apply(other.validated(t, policiesOf(5, "policy"))), 1)
	has(5)
	passes("the cleanup of the other", other.apply(configuration{}), 1)
	has(4)
	passes("the cleanup", file.apply(configuration{}), 1)
	if err := tn.campaignIs(newTenantsCampaign()); err != nil {
		t.Error(err)
	}
	passes("an apply after that", file.apply(file.validated(t, policiesOf(6, "policy"))), 1)
	passes("its cleanup", file.apply(configuration{}), 1)
}

// The control of the test before this one.
func TestTwoPoliciesInOneRunAreRefusedAlsoWhereRunsShareAProvider(t *testing.T) {
	t.Parallel()
	both := policiesOf(3, "policy", "other")
	refused := func(t *testing.T, report *outcome) {
		t.Helper()
		found := 0
		for _, texts := range report.failures {
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
		tn := newCampaignTenant(t)
		played, err := newCore(tn.factory["entramfa"], tn.testFile(t, tn.testProcess(t)).block)
		if err != nil {
			t.Fatal(err)
		}
		report := played.apply(both)
		refused(t, report)
		if report.planned || len(played.instances) != 0 {
			t.Errorf("it was not refused at plan: %v", played.instances)
		}
		if err := tn.campaignIs(newTenantsCampaign()); err != nil {
			t.Error(err)
		}
	})
	for name, parallel := range map[string]int{"in the apply of a test, one by one": 1, "in the apply of a test, at a time": 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newCampaignTenant(t)
			file := tn.testFile(t, tn.testProcess(t))
			file.parallel = parallel
			report := file.apply(file.validated(t, both))
			refused(t, report)
			if len(file.instances) != 1 {
				t.Errorf("%d policies were created, want 1", len(file.instances))
			}
			if cleanup := file.apply(configuration{}); cleanup.failed() {
				t.Errorf("the cleanup says:\n%s", cleanup)
			}
			if err := tn.campaignIs(newTenantsCampaign()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Where the CLI configures the provider once for a file, the refusal comes in the apply, and else in the plan; see registrationPolicies.
func TestTwoPoliciesInOneRunOfATestFileAreRefusedByOldAndNewCLI(t *testing.T) {
	t.Parallel()
	tn := newCampaignTenant(t)
	one := registration(enabled, everyone)
	w := tn.workspace(t, map[string]string{"main.tf": tn.provider() + one + strings.Replace(one, `"test"`, `"other"`, 1)})
	w.folder("tests")
	w.write("tests/two.tftest.hcl", "run \"both\" {}\n")
	w.expect(0, "init", "-input=false")
	w.sees(w.expect(1, "test"), secondPolicy, "0 passed, 1 failed")
	// The control: with one of them, the runs of a file pass.
	w.write("main.tf", tn.provider()+one)
	w.write("tests/two.tftest.hcl", "run \"plan\" {\n  command = plan\n}\nrun \"again\" {\n  command = plan\n}\nrun \"apply\" {}\nrun \"stays\" {}\n")
	w.sees(w.expect(0, "test"), "4 passed, 0 failed")
	if err := tn.campaignIs(newTenantsCampaign()); err != nil {
		t.Error(err)
	}
}
