package provider_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

const (
	makeAccessPolicy   = "POST /v1.0/identity/conditionalAccess/policies"
	writeAccessPolicy  = "PATCH /v1.0/identity/conditionalAccess/policies/{id}"
	deleteAccessPolicy = "DELETE /v1.0/identity/conditionalAccess/policies/{id}"
	typeAccessPolicy   = acctest.AccessPolicyType
)

// accessPolicyBy finds a policy of the tenant by its id.
func accessPolicyBy(tenant *control.Tenant, id string) *control.ConditionalAccessPolicy {
	for i := range tenant.ConditionalAccessPolicies {
		if strings.EqualFold(tenant.ConditionalAccessPolicies[i].ID, id) {
			return &tenant.ConditionalAccessPolicies[i]
		}
	}
	return nil
}

// accessPolicyProblem says in what a policy is not as configured, of what the configurations here vary.
func accessPolicyProblem(config map[string]any, have *control.ConditionalAccessPolicy) string {
	if have == nil {
		return "it does not exist"
	}
	wanted := acctest.ResourceBlock{Values: config}
	conditions := acctest.Object(config["conditions"])
	users := acctest.Object(conditions["users"])
	sorted := func(value any) []string {
		list := listed(value)
		for i := range list {
			list[i] = strings.ToLower(list[i])
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	same := func(want any, have []string) bool {
		var all []any
		for _, text := range have {
			all = append(all, text)
		}
		return slices.Equal(sorted(want), sorted(all))
	}
	var excludedLocations []string
	if have.Conditions.Locations != nil {
		excludedLocations = have.Conditions.Locations.ExcludeLocations
	}
	switch {
	case have.DisplayName != wanted.Text("display_name", ""), have.State != wanted.Text("state", ""), have.Description != wanted.Text("description", ""):
		return fmt.Sprintf("name, state and description are %q, %q and %q", have.DisplayName, have.State, have.Description)
	case !same(users["included_users"], have.Conditions.Users.IncludeUsers), !same(users["excluded_users"], have.Conditions.Users.ExcludeUsers), !same(users["excluded_groups"], have.Conditions.Users.ExcludeGroups):
		return fmt.Sprintf("the users are %+v", have.Conditions.Users)
	case !same(acctest.Object(conditions["locations"])["excluded_locations"], excludedLocations):
		return fmt.Sprintf("the locations are %+v", have.Conditions.Locations)
	case have.GrantControls == nil || !same(acctest.Object(config["grant_controls"])["built_in_controls"], have.GrantControls.BuiltInControls):
		return fmt.Sprintf("the controls are %+v", have.GrantControls)
	case (config["session_controls"] != nil) != (have.SessionControls != nil):
		return fmt.Sprintf("the session controls are %+v", have.SessionControls)
	}
	return ""
}

func accessPolicyContract() acctest.Contract {
	create := acctest.AccessPolicy("MFA for all", "enabledForReportingButNotEnforced")
	users := func(excluded ...any) map[string]any {
		return map[string]any{
			"users":        map[string]any{"included_users": []any{"All"}, "excluded_users": excluded},
			"applications": map[string]any{"included_applications": []any{"All"}},
			"locations":    map[string]any{"included_locations": []any{"All"}, "excluded_locations": []any{"AllTrusted"}},
		}
	}
	scoped := with(create, "conditions", users(acctest.AdeleID, acctest.AlexID))
	strict := with(scoped, "grant_controls", map[string]any{"operator": "AND", "built_in_controls": []any{"mfa", "compliantDevice"}})
	session := with(strict, "session_controls", map[string]any{"sign_in_frequency": 4, "sign_in_frequency_period": "hours"})
	last := with(session, "session_controls", nil, "display_name", "MFA for everybody", "description", "Outside.")
	patched := func(changes map[string]any) acctest.Deed {
		return func(ctx context.Context, tn *acctest.Tenant, attributes map[string]any) error {
			_, err := control.Patch[control.ConditionalAccessPolicy](ctx, tn.Client, "conditional-access-policies", textOf(attributes, "id"), changes)
			return err
		}
	}
	return acctest.Contract{
		TypeName: typeAccessPolicy, Create: create,
		State: map[string]any{
			"name": "MFA for all", "on_destroy": "delete", "allow_emergency_access": false,
			"reference_names": map[string]any{acctest.AdeleID: "user " + acctest.AdeleUPN},
		},
		Updates: []acctest.Update{
			{Name: "state", Config: with(create, "state", "disabled")},
			{Name: "state, back", Config: create},
			{Name: "conditions", Config: scoped},
			{Name: "controls", Config: strict},
			{Name: "session", Config: session},
			{Name: "on_destroy", Config: with(session, "on_destroy", "keep"), Writes: []string{}},
			{Name: "on_destroy, back", Config: session, Writes: []string{}},
			{Name: "name and description", Config: last},
		},
		Respellings: map[string]map[string]any{
			"another order": with(last, "conditions", users(acctest.AlexID, acctest.AdeleID)),
			"another case":  with(last, "conditions", users(strings.ToUpper(acctest.AdeleID), acctest.AlexID)),
		},
		Drifts: map[string]acctest.Deed{
			"a state":     patched(map[string]any{"state": "disabled"}),
			"a name":      patched(map[string]any{"displayName": "Old"}),
			"an exclude":  patched(map[string]any{"conditions": map[string]any{"users": map[string]any{"excludeUsers": []string{acctest.AdeleID}}}}),
			"a control":   patched(map[string]any{"grantControls": map[string]any{"builtInControls": []string{"mfa"}}}),
			"the session": patched(map[string]any{"sessionControls": map[string]any{"persistentBrowser": map[string]any{"isEnabled": true, "mode": "never"}}}),
		},
		Others: map[string]acctest.Deed{"another policy": func(ctx context.Context, tn *acctest.Tenant, _ map[string]any) error {
			return tn.DeleteConditionalAccessPolicy(ctx, acctest.BranchOnly)
		}},
		Vanish: func(ctx context.Context, tn *acctest.Tenant, attributes map[string]any) error {
			return tn.DeleteConditionalAccessPolicy(ctx, textOf(attributes, "id"))
		},
		ImportIDs: func(attributes map[string]any) []string {
			id := textOf(attributes, "id")
			return []string{id, strings.ToUpper(id), "mfa for EVERYBODY", acctest.AccessPolicyPath + id}
		},
		Identity: idIdentity("id"),
		Configured: func(tn *acctest.Tenant, config, attributes map[string]any) error {
			tenant, err := tn.Snapshot(context.Background())
			if err != nil {
				return err
			}
			if problem := accessPolicyProblem(config, accessPolicyBy(tenant, textOf(attributes, "id"))); problem != "" {
				return fmt.Errorf("%s, want %v", problem, config)
			}
			return nil
		},
		Destroyed: func(tn *acctest.Tenant, attributes map[string]any) error {
			tenant, err := tn.Snapshot(context.Background())
			if err == nil && accessPolicyBy(tenant, textOf(attributes, "id")) != nil {
				err = fmt.Errorf("the policy is still there")
			}
			return err
		},
		CreateWrites: []string{makeAccessPolicy}, UpdateWrites: []string{writeAccessPolicy}, DestroyWrites: []string{deleteAccessPolicy},
	}
}
