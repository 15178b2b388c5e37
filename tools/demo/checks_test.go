package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got error %v, want one with %q", err, part)
		}
	}
}

func TestExpect(t *testing.T) {
	got := &sandbox.Result{Command: "terraform plan", ExitCode: 2, Output: "Plan: 0 to add,\n1 to change."}
	if err := expect(got, 2, "0 to add, 1 to change"); err != nil {
		t.Error(err)
	}
	wantError(t, expect(got, 0), "`terraform plan`: it ended with exit code 2, expected 0")
	err := expect(got, 2, "No changes.")
	wantError(t, err, `does not say "No changes."`)
	var unexpected *sandbox.DeviationError
	if !errors.As(err, &unexpected) || unexpected.Output != got.Output {
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

func policyOf(name, state, excluded string) control.ConditionalAccessPolicy {
	return control.ConditionalAccessPolicy{
		DisplayName: name, State: state, Conditions: control.PolicyConditions{Users: &control.PolicyUsers{IncludeUsers: []string{"All"}, ExcludeGroups: []string{excluded}}},
	}
}

func TestCheckTenant(t *testing.T) {
	other := control.User{UserPrincipalName: alex, PerUserMFAState: "disabled", AccountEnabled: new(true)}
	touched := other
	touched.Methods = []control.Method{{Type: control.MethodFIDO2}}
	before := &control.Tenant{
		Users:          []control.User{{UserPrincipalName: adele, PerUserMFAState: "disabled"}, other},
		Groups:         []control.Group{{ID: "1", DisplayName: "staff", Members: []string{adele}}},
		NamedLocations: []control.NamedLocation{control.NewIPNamedLocation("Headquarters", true, "203.0.113.0/24")},
		AuthenticationMethodsPolicy: &control.AuthenticationMethodsPolicy{RegistrationEnforcement: &control.RegistrationEnforcement{
			AuthenticationMethodsRegistrationCampaign: &control.RegistrationCampaign{State: control.ConfigDefault},
		}},
		ConditionalAccessPolicies: []control.ConditionalAccessPolicy{policyOf("MFA", "enabled", "others")},
	}
	want := expectation{
		states: map[string]string{adele: "enabled"}, registered: map[string]int{adele: 1},
		locations: map[string][]string{"Branch office": {"198.51.100.0/24"}}, binned: []string{"Old office"},
		policies: map[string]string{"Everywhere": control.PolicyReportOnly}, binnedPolicies: []string{"Old policy"},
		campaign: &control.RegistrationCampaign{State: control.ConfigEnabled},
	}
	// after is a new tenant as expected, and then edited.
	after := func(edit func(*control.Tenant)) *control.Tenant {
		now := *before
		now.Users = []control.User{{UserPrincipalName: adele, PerUserMFAState: "enabled", Methods: []control.Method{{Type: control.MethodPhone}}}, other}
		now.Users[1].AccountEnabled = new(true)
		now.Groups = []control.Group{{ID: "1", DisplayName: "staff", Members: []string{adele}}}
		now.NamedLocations = append([]control.NamedLocation{control.NewIPNamedLocation("Branch office", true, "198.51.100.0/24")}, before.NamedLocations...)
		now.DeletedNamedLocations = []control.NamedLocation{{DisplayName: "Old office"}}
		now.ConditionalAccessPolicies = []control.ConditionalAccessPolicy{policyOf("Everywhere", control.PolicyReportOnly, breakGlassGroup), policyOf("MFA", "enabled", "others")}
		now.DeletedConditionalAccessPolicies = []control.ConditionalAccessPolicy{{DisplayName: "Old policy"}}
		now.AuthenticationMethodsPolicy = &control.AuthenticationMethodsPolicy{
			LastModifiedDateTime: new(time.Now()),
			RegistrationEnforcement: &control.RegistrationEnforcement{
				AuthenticationMethodsRegistrationCampaign: &control.RegistrationCampaign{State: control.ConfigEnabled},
			},
		}
		edit(&now)
		return &now
	}
	if err := checkTenant(before, after(func(*control.Tenant) {}), want); err != nil {
		t.Error(err)
	}
	if err := checkTenant(before, before, expectation{}); err != nil {
		t.Errorf("nothing was changed, and that is said to be wrong: %s", err)
	}
	tests := map[string]struct {
		edit func(*control.Tenant)
		want string
	}{
		"another state":        {func(now *control.Tenant) { now.Users[0].PerUserMFAState = "disabled" }, adele + ` at "disabled", expected "enabled"`},
		"another user":         {func(now *control.Tenant) { now.Users[1] = touched }, alex + " was changed"},
		"too many methods":     {func(now *control.Tenant) { now.Users[0].Methods = append(now.Users[0].Methods, control.Method{}) }, adele + " was changed"},
		"a name":               {func(now *control.Tenant) { now.Users[0].DisplayName = "Adele" }, adele + " was changed"},
		"a stranger":           {func(now *control.Tenant) { now.Users[1].UserPrincipalName = miriam }, "a user " + miriam + " that it did not have"},
		"a user less":          {func(now *control.Tenant) { now.Users = now.Users[:1] }, "has 1 users, and had 2"},
		"a user who is gone":   {func(now *control.Tenant) { now.Users[0].UserPrincipalName = miriam }, "no user " + adele},
		"another range":        {func(now *control.Tenant) { now.NamedLocations[0].IPRanges[0].CIDRAddress = "198.51.0.0/17" }, "with [198.51.0.0/17], trusted: true"},
		"no trust":             {func(now *control.Tenant) { now.NamedLocations[0].IsTrusted = false }, "trusted: false"},
		"somebody's location":  {func(now *control.Tenant) { now.NamedLocations[1].IsTrusted = false }, `"Headquarters" was made or changed`},
		"no location":          {func(now *control.Tenant) { now.NamedLocations = now.NamedLocations[1:] }, "has 1 named locations, 0 of them new"},
		"a location less":      {func(now *control.Tenant) { now.NamedLocations = now.NamedLocations[:1] }, "has 1 named locations, 1 of them new"},
		"an empty bin":         {func(now *control.Tenant) { now.DeletedNamedLocations = nil }, `newly in the bin are [], expected ["Old office"]`},
		"a policy is enforced": {func(now *control.Tenant) { now.ConditionalAccessPolicies[0].State = "enabled" }, `"Everywhere" at "enabled"`},
		"no exclusion":         {func(now *control.Tenant) { now.ConditionalAccessPolicies[0].Conditions.Users.ExcludeGroups = nil }, "without the emergency access accounts"},
		"somebody's policy":    {func(now *control.Tenant) { now.ConditionalAccessPolicies[1].State = "disabled" }, `"MFA" was made or changed`},
		"no policy":            {func(now *control.Tenant) { now.ConditionalAccessPolicies = now.ConditionalAccessPolicies[1:] }, "has 1 Conditional Access policies, 0 of them new"},
		"a policy less":        {func(now *control.Tenant) { now.ConditionalAccessPolicies = now.ConditionalAccessPolicies[:1] }, "has 1 Conditional Access policies, 1 of them new"},
		"no policy in the bin": {func(now *control.Tenant) { now.DeletedConditionalAccessPolicies = nil }, `newly in the bin are the policies [], expected ["Old policy"]`},
		"another campaign":     {func(now *control.Tenant) { campaignOf(now).State = control.ConfigDisabled }, `is {"state":"disabled"}, expected {"state":"enabled"}`},
		"no campaign":          {func(now *control.Tenant) { now.AuthenticationMethodsPolicy = nil }, `is null, expected {"state":"enabled"}`},
		"a group":              {func(now *control.Tenant) { now.Groups[0].Members = nil }, "an app, a group or a policy"},
		"the rest of a policy": {func(now *control.Tenant) { now.AuthenticationMethodsPolicy.Description = "edited" }, "an app, a group or a policy"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { wantError(t, checkTenant(before, after(test.edit), want), test.want) })
	}
}

func TestCampaignRow(t *testing.T) {
	tenant := &control.Tenant{Groups: []control.Group{{ID: "1", DisplayName: "pilot"}, {ID: "2", DisplayName: "break-glass accounts"}}}
	if got := table([][]string{campaignRow(tenant)}); got != "registration campaign  none\n" {
		t.Errorf("got %q", got)
	}
	tenant.AuthenticationMethodsPolicy = &control.AuthenticationMethodsPolicy{}
	campaign := tenant.AuthenticationMethodsPolicy.Campaign()
	campaign.State = control.ConfigDefault
	if got := table([][]string{campaignRow(tenant)}); got != "registration campaign  default  asks all users  nobody excluded\n" {
		t.Errorf("got %q", got)
	}
	campaign.IncludeTargets = []control.CampaignIncludeTarget{{ID: "1"}, {ID: "3"}}
	campaign.ExcludeTargets = []control.PolicyTarget{{ID: "2"}}
	if got := table([][]string{campaignRow(tenant)}); got != "registration campaign  default  asks pilot, 3  but not break-glass accounts\n" {
		t.Errorf("got %q", got)
	}
}

func TestWritesCountsWhatIsNoRead(t *testing.T) {
	count, list := writes(&control.Counters{ByOperation: map[string]int{
		"GET /v1.0/users/{id}": 7, "PATCH /beta/x": 2, "POST /beta/y": 1, "POST /v1.0/directoryObjects/getByIds": 5, "POST /v1.0/users/{id}/checkMemberGroups": 6, "POST /v1.0/$batch": 8,
	}})
	if count != 3 || list != "1 POST /beta/y, 2 PATCH /beta/x" {
		t.Errorf("got %d: %s", count, list)
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
