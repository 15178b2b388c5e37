package main

import (
	"errors"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

func asDeviation(err error, target **deviation) bool { return errors.As(err, target) }

func TestParseProduct(t *testing.T) {
	tests := map[string]struct{ text, brand, product, host string }{
		"Terraform":         {"Terraform v1.11.4\non linux_amd64\n", "Terraform", "Terraform v1.11.4", "registry.terraform.io"},
		"OpenTofu":          {"OpenTofu v1.12.6-dev\non linux_amd64\n", "OpenTofu", "OpenTofu v1.12.6-dev", "registry.opentofu.org"},
		"behind a warning":  {"\nWarning: old\n\nTerraform v1.9.0\n", "Terraform", "Terraform v1.9.0", "registry.terraform.io"},
		"something else":    {"Packer v1.9.0\n", "", "", ""},
		"nothing":           {"", "", "", ""},
		"a word about them": {"Your version of Terraform v1 is out of date", "", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			brand, product, host, err := parseProduct(test.text)
			if brand != test.brand || product != test.product || host != test.host || (err != nil) != (test.brand == "") {
				t.Errorf("got %q, %q, %q, %v", brand, product, host, err)
			}
		})
	}
}

func TestExpect(t *testing.T) {
	got := &result{command: "terraform plan", exitCode: 2, output: "Plan: 0 to add,\n1 to change."}
	if err := got.expect(2, "0 to add, 1 to change"); err != nil {
		t.Error(err)
	}
	wantError(t, got.expect(0), "`terraform plan`: it ended with exit code 2, expected 0")
	err := got.expect(2, "No changes.")
	wantError(t, err, `does not say "No changes."`)
	var unexpected *deviation
	if !asDeviation(err, &unexpected) || unexpected.output != got.output {
		t.Error("the failure comes without the output")
	}
}

func TestCheckPlan(t *testing.T) {
	plan := &tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{
		{Address: "x.still", Change: &tfjson.Change{Actions: tfjson.Actions{tfjson.ActionNoop}}},
		{Address: "x.new", Change: &tfjson.Change{
			Actions: tfjson.Actions{tfjson.ActionUpdate},
			Before:  map[string]any{"state": "disabled"}, After: map[string]any{"state": "enabled", "on_destroy": "disable"},
			AfterUnknown: map[string]any{"effective_state": true},
		}},
	}}
	update := func(edit func(*change)) map[string]change {
		want := change{
			actions: tfjson.Actions{tfjson.ActionUpdate}, before: map[string]any{"state": "disabled"},
			after: map[string]any{"state": "enabled"}, unknown: []string{"effective_state"},
		}
		edit(&want)
		return map[string]change{"x.new": want}
	}
	if err := checkPlan(plan, update(func(*change) {})); err != nil {
		t.Error(err)
	}
	wantError(t, checkPlan(plan, nil), "it plans to [update] x.new, which should stay as it is")
	wantError(t, checkPlan(&tfjson.Plan{}, update(func(*change) {})), "it plans nothing for x.new")
	wantError(t, checkPlan(plan, update(func(c *change) { c.actions = tfjson.Actions{tfjson.ActionCreate} })), "expected [create]")
	wantError(t, checkPlan(plan, update(func(c *change) { c.before["state"] = "enforced" })), "x.new before the apply: state is disabled, expected enforced")
	wantError(t, checkPlan(plan, update(func(c *change) { c.after["state"] = "enforced" })), "x.new after the apply: state is enabled")
	wantError(t, checkPlan(plan, update(func(c *change) { c.unknown = []string{"state"} })), "state should be known after the apply only")
}

func TestCheckState(t *testing.T) {
	state := &tfjson.State{Values: &tfjson.StateValues{RootModule: &tfjson.StateModule{Resources: []*tfjson.StateResource{
		{Address: "x.one", AttributeValues: map[string]any{"state": "enabled", "id": "1"}},
	}}}}
	if err := checkState(state, map[string]map[string]any{"x.one": {"state": "enabled"}}); err != nil {
		t.Error(err)
	}
	if err := checkState(&tfjson.State{}, nil); err != nil {
		t.Errorf("an empty state: %s", err)
	}
	wantError(t, checkState(state, nil), "the state holds x.one, which it should not")
	wantError(t, checkState(&tfjson.State{}, map[string]map[string]any{"x.one": {}}), "does not hold x.one")
	wantError(t, checkState(state, map[string]map[string]any{"x.one": {"state": "disabled"}}), "x.one in the state: state is enabled, expected disabled")
}

func TestCheckTenant(t *testing.T) {
	tenant := func(adeleState string, others ...control.User) *control.Tenant {
		return &control.Tenant{Users: append([]control.User{{UserPrincipalName: adele, PerUserMFAState: adeleState}}, others...)}
	}
	other := control.User{UserPrincipalName: alex, PerUserMFAState: "disabled", AccountEnabled: new(true)}
	touched := other
	touched.Methods = []control.Method{{Type: control.MethodFIDO2}}
	stranger := control.User{UserPrincipalName: miriam}
	before, want := tenant("disabled", other), map[string]string{adele: "enabled"}

	same := other
	same.AccountEnabled = new(true)
	if err := checkTenant(before, tenant("enabled", same), want); err != nil {
		t.Error(err)
	}
	wantError(t, checkTenant(before, tenant("disabled", other), want), adele+` at "disabled", expected "enabled"`)
	wantError(t, checkTenant(before, tenant("enabled", touched), want), alex+" was changed")
	wantError(t, checkTenant(before, tenant("enabled", stranger), want), "a user "+miriam+" that it did not have")
	wantError(t, checkTenant(before, tenant("enabled"), want), "has 1 users, and had 2")
	wantError(t, checkTenant(before, tenant("enabled", other), map[string]string{miriam: "enabled"}), "no user "+miriam)
}

func TestWritesCountsWhatIsNoRead(t *testing.T) {
	got := writes(&control.Counters{ByOperation: map[string]int{"GET /v1.0/users/{id}": 7, "PATCH /beta/x": 2, "POST /beta/y": 1}})
	if got != 3 {
		t.Errorf("got %d, want 3", got)
	}
}

func TestUserRows(t *testing.T) {
	tenant := &control.Tenant{Users: []control.User{
		{UserPrincipalName: adele, PerUserMFAState: "disabled"},
		{UserPrincipalName: alex, PerUserMFAState: "enforced", Methods: []control.Method{
			{Type: control.MethodMicrosoftAuthenticator}, {Type: control.MethodFIDO2}, {Type: control.MethodPhone},
		}},
	}}
	rows, err := userRows(tenant, alex, adele)
	if err != nil {
		t.Fatal(err)
	}
	want := table([][]string{
		{alex, "enforced", "Microsoft Authenticator, passkey (FIDO2), phone"},
		{adele, "disabled", "no method registered"},
	})
	if got := table(rows); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	_, err = userRows(tenant, miriam)
	wantError(t, err, "no user "+miriam)
}
