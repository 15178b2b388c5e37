package policies_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// people is a policy that requires MFA of the users that are given, as JSON has it.
func people(state string, users map[string]any, more ...any) map[string]any {
	policy := map[string]any{
		"display_name": "MFA for some", "state": state, "grant_controls": map[string]any{"built_in_controls": []any{"mfa"}},
		"conditions": map[string]any{"users": users, "applications": map[string]any{"included_applications": []any{"All"}}},
	}
	for i := 0; i < len(more); i += 2 {
		policy[fmt.Sprint(more[i])] = more[i+1]
	}
	return policy
}

func one(config map[string]any) acctest.Configuration {
	return acctest.Configuration{"x": {TypeName: policyType, Values: config}}
}

func including(lists ...any) map[string]any {
	users := map[string]any{}
	for i := 0; i < len(lists); i += 2 {
		users[fmt.Sprint(lists[i])] = lists[i+1]
	}
	return users
}

// warned returns the one warning of a plan about the policy, and checks that there is no other.
func warned(t *testing.T, when string, report *acctest.Outcome) string {
	t.Helper()
	if report.Failed() {
		t.Fatalf("%s: %s", when, report)
	}
	if len(report.Warnings["x"]) > 1 {
		t.Errorf("%s: %d warnings: %q", when, len(report.Warnings["x"]), report.Warnings["x"])
	}
	return strings.Join(report.Warnings["x"], "\n")
}

func wants(t *testing.T, when, text string, parts ...string) {
	t.Helper()
	if !acctest.Says(parts...).MatchString(text) {
		t.Errorf("%s it says\n%s\nand not %q", when, text, parts)
	}
}

func TestAPlanSaysWhoComesIntoTheScopeOfAPolicyAndWhoLeavesIt(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, func(people *control.Tenant) {
		people.ConditionalAccessPolicies = nil
		people.Groups = append(people.Groups, control.Group{ID: acctest.StaffID, DisplayName: "Staff", Members: []string{acctest.AdeleID, acctest.AlexID, acctest.MeganID}})
	})
	if _, err := control.Create(t.Context(), tn.Client, "role-assignments", map[string]any{"principalId": acctest.DiegoID, "roleDefinitionId": globalAdministrator}); err != nil {
		t.Fatal(err)
	}
	core := tn.Plays(t)
	staff := including("included_groups", []any{acctest.StaffID})
	report := core.Apply(one(people("enabledForReportingButNotEnforced", staff)))
	if text := warned(t, "in report-only", report); text != "" {
		t.Errorf("in report-only it says %s", text)
	}
	// Alex and Diego have registered.
	text := warned(t, "turned on", core.Apply(one(people("enabled", staff))))
	wants(t, "turned on", text, "comes into force and requires MFA of", "3 users come into its scope: ", acctest.AdeleUPN, acctest.AlexUPN, acctest.MeganUPN, "2 of them have no MFA method registered", acctest.AdeleUPN, acctest.MeganUPN)

	wider := including("included_groups", []any{acctest.StaffID}, "included_roles", []any{globalAdministrator})
	text = warned(t, "widened", core.Apply(one(people("enabled", wider))))
	wants(t, "widened", text, "conditions.users.included_roles gains role Global Administrator", "1 user comes into its scope: "+acctest.DiegoUPN)
	if strings.Contains(text, "no MFA method") {
		t.Errorf("widened it says %s", text)
	}
	narrower := including("included_groups", []any{acctest.StaffID}, "excluded_users", []any{acctest.MeganID})
	text = warned(t, "narrowed", core.Apply(one(people("enabled", narrower))))
	wants(t, "narrowed", text, "2 users come out of its scope: "+acctest.DiegoUPN+", "+acctest.MeganUPN+". No other policy that is in force requires MFA")

	everybody := including("included_users", []any{"All"})
	text = warned(t, "for everybody", core.Apply(one(people("enabled", everybody))))
	wants(t, "for everybody", text, "7 users come into its scope")
	// A policy of somebody else that spares the guest.
	guard := acctest.LocationTenant().ConditionalAccessPolicies[0]
	guard.ID, guard.Conditions.Locations, guard.Conditions.Users.ExcludeUsers = "", nil, []string{acctest.GuestID}
	if _, err := tn.CreateConditionalAccessPolicy(t.Context(), guard); err != nil {
		t.Fatal(err)
	}
	text = warned(t, "disabled", core.Plan(one(people("disabled", everybody))))
	wants(t, "disabled", text, "is no longer in force (disabled)", "9 users come out of its scope", "1 of them are users of no other policy that is in force and requires MFA: "+acctest.GuestUPN)
	text = warned(t, "destroyed", core.Plan(acctest.Configuration{}))
	wants(t, "destroyed", text, "is no longer in force", "keeps it for 30 days", "9 users come out of its scope", acctest.GuestUPN)
}

func TestAnExplanationSaysWhichPermissionsItLacks(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, func(people *control.Tenant) { people.ConditionalAccessPolicies = nil })
	for taken, says := range map[string][]string{
		"AuditLog.Read.All":             {"have no MFA method registered", "it needs the application permission AuditLog.Read.All"},
		"Organization.Read.All":         {"Nobody could check the licences of the tenant", "the application permission Organization.Read.All"},
		"RoleManagement.Read.Directory": {"each role", "it needs the application permission RoleManagement.Read.Directory"},
		"GroupMember.Read.All":          {"the members of the group", "it needs the application permission GroupMember.Read.All"},
	} {
		info, err := tn.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var before, permissions []string
		for _, app := range info.Apps {
			if app.ClientID == acctest.AppID {
				before = app.Permissions
			}
		}
		permissions = slices.DeleteFunc(slices.Clone(before), func(permission string) bool { return permission == taken })
		patch := func(permissions []string) {
			if _, err := tn.PatchApp(t.Context(), acctest.AppID, control.AppPatch{Permissions: &permissions}); err != nil {
				t.Fatal(err)
			}
		}
		patch(permissions)
		users := including("included_groups", []any{acctest.RescueGroupID}, "included_roles", []any{globalAdministrator})
		report := tn.Plays(t).Plan(one(people("enabled", users)))
		if report.Failed() {
			t.Errorf("without %s the plan fails: %s", taken, report)
		}
		wants(t, "without "+taken, report.String(), says...)
		patch(before)
	}
}

func TestAnExplanationOfManyGroupsIsBounded(t *testing.T) {
	t.Parallel()
	var groups []any
	tn := newTenant(t, func(people *control.Tenant) {
		for i := range 40 {
			id := fmt.Sprintf("88888888-aaaa-4aaa-8aaa-%012d", i)
			people.Groups = append(people.Groups, control.Group{ID: id, DisplayName: fmt.Sprintf("Team %d", i), Members: []string{acctest.AdeleID}})
			groups = append(groups, id)
		}
	})
	core := tn.Plays(t)
	tn.ForgetRequests(t)
	text := warned(t, "of many groups", core.Plan(one(people("enabled", including("included_groups", groups)))))
	wants(t, "of many groups", text, "1 user comes into its scope: "+acctest.AdeleUPN, "more than 8 groups")
	if requests := len(tn.RequestLog()); requests > 20 {
		t.Errorf("the plan makes %d requests", requests)
	}
}

// Fifty policies with groups of their own are looked up together, and the lists of the tenant are read once.
func TestTheChecksOfManyPoliciesShareTheirRequests(t *testing.T) {
	t.Parallel()
	config := acctest.Configuration{}
	tn := newTenant(t, func(tenant *control.Tenant) {
		for i := range 50 {
			id := fmt.Sprintf("88888888-aaaa-4aaa-8aaa-%012d", i)
			tenant.Groups = append(tenant.Groups, control.Group{ID: id, DisplayName: fmt.Sprintf("Team %d", i)})
			policy := people("enabledForReportingButNotEnforced", including("included_groups", []any{id}, "included_roles", []any{globalAdministrator}), "display_name", fmt.Sprintf("Policy %d", i))
			conditions, _ := policy["conditions"].(map[string]any)
			conditions["locations"] = map[string]any{"included_locations": []any{"All"}, "excluded_locations": []any{[]string{acctest.BranchID, acctest.DepotID, acctest.GuestsID}[i%3]}}
			config[fmt.Sprintf("policy%d", i)] = acctest.ResourceBlock{TypeName: policyType, Values: policy}
		}
	})
	if err := tn.SetBehavior(context.Background(), control.Behavior{LatencyMs: 100}); err != nil {
		t.Fatal(err)
	}
	core := tn.Plays(t)
	core.Parallel = 10
	tn.ForgetRequests(t)
	if report := core.Plan(config); report.Failed() {
		t.Fatal(report)
	}
	counts := map[string]int{}
	for _, request := range tn.RequestLog() {
		counts[request.Template]++
	}
	for _, template := range slices.Sorted(maps.Keys(counts)) {
		most := 1
		if strings.HasSuffix(template, "getByIds") {
			most = 45
		}
		if counts[template] > most && !strings.HasSuffix(template, "/token") {
			t.Errorf("%d requests to %s", counts[template], template)
		}
	}
	t.Logf("requests of a plan of 50 policies: %v", counts)
}

func TestWithoutALicenceAPolicyIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	risky := people("enabled", including("included_groups", []any{acctest.EmptyGroupID}))
	conditions, _ := risky["conditions"].(map[string]any)
	conditions["sign_in_risk_levels"] = []any{"high"}
	plain := people("enabled", including("included_groups", []any{acctest.EmptyGroupID}))
	for name, c := range map[string]struct {
		plan   string
		status string
		config map[string]any
		says   []string
	}{
		"none":                {"00000000-0000-4000-8000-000000000000", "Enabled", plain, []string{"The tenant has no licence for Conditional Access", "security defaults"}},
		"one that is over":    {"41781fb2-bc02-4b7c-bd55-b576c07bb09d", "Suspended", plain, []string{"The tenant has no licence for Conditional Access"}},
		"P1":                  {"41781fb2-bc02-4b7c-bd55-b576c07bb09d", "Enabled", plain, nil},
		"P1 for risk":         {"41781fb2-bc02-4b7c-bd55-b576c07bb09d", "Enabled", risky, []string{"sign_in_risk_levels needs Microsoft Entra ID P2", "1039"}},
		"P2 in its last days": {"eec0eb4f-6444-4f95-aba0-50c24d67f998", "Warning", risky, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTenant(t, func(people *control.Tenant) {
				people.Objects = map[string]any{"subscribedSkus": []any{map[string]any{
					"skuId": "b05e124f-c7cc-45a0-a6aa-8cf78c946968", "skuPartNumber": "SOME", "capabilityStatus": c.status,
					"servicePlans": []any{map[string]any{"servicePlanId": c.plan}},
				}}}
			})
			report := tn.Plays(t).Plan(one(c.config))
			if report.Failed() != (c.says != nil) || !acctest.Says(c.says...).MatchString(report.String()) {
				t.Errorf("the plan says %s, want %q", report, c.says)
			}
		})
	}
}

func TestOfAManagedPolicyOnlyTheStateAndTheExclusionsChange(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, func(people *control.Tenant) {
		gate := &people.ConditionalAccessPolicies[0]
		gate.DisplayName, gate.TemplateID, gate.MicrosoftManaged, gate.Conditions.Locations = "Microsoft-managed: MFA for everybody", "c7503427-338e-4c5e-902d-abe252abfb43", true, nil
		gate.State = control.PolicyReportOnly
	})
	core := tn.Plays(t)
	config := func(state string, users map[string]any, more ...any) acctest.Configuration {
		return one(people(state, users, append([]any{"display_name", "Microsoft-managed: MFA for everybody", "on_destroy", "delete"}, more...)...))
	}
	all := []any{"All"}
	adopted := config("enabledForReportingButNotEnforced", including("included_users", all))
	if report := core.ImportOne(adopted, "x", acctest.GateID); report.Failed() {
		t.Fatal(report)
	}
	if report := core.Plan(adopted); report.Failed() || len(report.Changed) > 0 {
		t.Errorf("adopted: %s", report)
	}
	for what, c := range map[string]struct {
		config acctest.Configuration
		says   string
	}{
		"a name":     {config("enabledForReportingButNotEnforced", including("included_users", all), "display_name", "Ours"), "display_name"},
		"an include": {config("enabledForReportingButNotEnforced", including("included_groups", []any{acctest.RescueGroupID})), "conditions.users.included_groups"},
		"a control":  {config("enabledForReportingButNotEnforced", including("included_users", all), "grant_controls", map[string]any{"built_in_controls": []any{"block"}}), "grant_controls.built_in_controls"},
		"a destroy":  {acctest.Configuration{}, "cannot be deleted"},
	} {
		if report := core.Plan(c.config); !report.Failed() || !acctest.Says("Microsoft manages", c.says).MatchString(report.String()) {
			t.Errorf("%s: %s", what, report)
		}
	}
	changed := config("enabled", including("included_users", all, "excluded_groups", []any{acctest.RescueGroupID}), "on_destroy", "disable")
	if report := core.Apply(changed); report.Failed() {
		t.Fatal(report)
	}
	if policy, err := tn.GetConditionalAccessPolicy(t.Context(), acctest.GateID); err != nil || policy.State != control.PolicyEnabled || len(policy.Conditions.Users.ExcludeGroups) != 1 {
		t.Errorf("it is %+v, %v", policy, err)
	}
	if report := core.Apply(acctest.Configuration{}); report.Failed() {
		t.Fatal(report)
	}
	if policy, err := tn.GetConditionalAccessPolicy(t.Context(), acctest.GateID); err != nil || policy.State != control.PolicyDisabled {
		t.Errorf("it is %+v, %v", policy, err)
	}
}

// What a policy has beyond this provider is kept by an update, and told.
func TestWhatThisProviderDoesNotKnowOfAPolicyIsKept(t *testing.T) {
	t.Parallel()
	tn := newTenant(t, func(people *control.Tenant) {
		gate := &people.ConditionalAccessPolicies[0]
		gate.Conditions.Locations = nil
		gate.GrantControls.BuiltInControls = []string{"mfa", "verifiedID"}
		gate.GrantControls.Operator = "OR"
		gate.Outside = map[string]any{"conditions.agentIdRiskLevels": "high", "sessionControls.networkAccessSecurity": map[string]any{"isEnabled": true}}
	})
	core := tn.Plays(t)
	config := one(people("enabled", including("included_users", []any{"All"}), "display_name", "MFA outside"))
	report := core.ImportOne(config, "x", acctest.GateID)
	wants(t, "imported", report.String(), "has values that this provider does not know", "grant_controls.built_in_controls: verifiedID")
	if report := core.Plan(config); report.Failed() || len(report.Changed) > 0 {
		t.Errorf("adopted: %s", report)
	}
	report = core.Apply(one(people("enabledForReportingButNotEnforced", including("included_users", []any{"All"}), "display_name", "MFA outside")))
	if report.Failed() {
		t.Fatal(report)
	}
	policy, err := tn.GetConditionalAccessPolicy(t.Context(), acctest.GateID)
	if err != nil || policy.State != control.PolicyReportOnly || !slices.Contains(policy.GrantControls.BuiltInControls, "verifiedID") || len(policy.Outside) != 2 {
		t.Errorf("it is %+v, %+v, %v", policy, policy.GrantControls, err)
	}
}
