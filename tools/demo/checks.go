package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/tools/internal/sandbox"
)

// expect checks the exit code and that the output holds the texts, wherever its lines are broken.
func expect(got *sandbox.Result, exitCode int, texts ...string) error {
	if got.ExitCode != exitCode {
		return got.Deviates("it ended with exit code %d, expected %d", got.ExitCode, exitCode)
	}
	output := flatten(got.Output)
	for _, text := range texts {
		if !strings.Contains(output, flatten(text)) {
			return got.Deviates("its output does not say %q", text)
		}
	}
	return nil
}

// change is what a plan is expected to do with one resource. Attributes that are not named may be anything.
type change struct {
	actions tfjson.Actions
	before  map[string]any
	after   map[string]any
	// unknown are attributes that only the apply will tell.
	unknown []string
}

// checkPlan checks that a plan changes exactly these resources, by address, and these ways.
func checkPlan(plan *tfjson.Plan, want map[string]change) error {
	found := map[string]*tfjson.Change{}
	for _, planned := range plan.ResourceChanges {
		if planned.Change != nil && !planned.Change.Actions.NoOp() {
			found[planned.Address] = planned.Change
		}
	}
	for address := range found {
		if _, expected := want[address]; !expected {
			return fmt.Errorf("it plans to %v %s, which should stay as it is", found[address].Actions, address)
		}
	}
	for address, expected := range want {
		planned := found[address]
		if planned == nil {
			return fmt.Errorf("it plans nothing for %s, expected %v", address, expected.actions)
		}
		if !slices.Equal(planned.Actions, expected.actions) {
			return fmt.Errorf("it plans to %v %s, expected %v", planned.Actions, address, expected.actions)
		}
		if err := checkAttributes(planned.Before, expected.before); err != nil {
			return fmt.Errorf("%s before the apply: %w", address, err)
		}
		if err := checkAttributes(planned.After, expected.after); err != nil {
			return fmt.Errorf("%s after the apply: %w", address, err)
		}
		for _, name := range expected.unknown {
			if err := checkAttributes(planned.AfterUnknown, map[string]any{name: true}); err != nil {
				return fmt.Errorf("%s: %s should be known after the apply only", address, name)
			}
		}
	}
	return nil
}

// checkState checks that a state holds exactly these resources, by address, with these attributes among others.
func checkState(state *tfjson.State, want map[string]map[string]any) error {
	found := map[string]any{}
	if state.Values != nil && state.Values.RootModule != nil {
		for _, resource := range state.Values.RootModule.Resources {
			found[resource.Address] = resource.AttributeValues
		}
	}
	for address := range found {
		if _, expected := want[address]; !expected {
			return fmt.Errorf("the state holds %s, which it should not", address)
		}
	}
	for address, attributes := range want {
		if found[address] == nil {
			return fmt.Errorf("the state does not hold %s", address)
		}
		if err := checkAttributes(found[address], attributes); err != nil {
			return fmt.Errorf("%s in the state: %w", address, err)
		}
	}
	return nil
}

func checkAttributes(object any, want map[string]any) error {
	if len(want) == 0 {
		return nil
	}
	attributes, ok := object.(map[string]any)
	if !ok {
		return fmt.Errorf("there are no attributes, expected %v", want)
	}
	for name, value := range want {
		if !reflect.DeepEqual(attributes[name], value) {
			return fmt.Errorf("%s is %v, expected %v", name, attributes[name], value)
		}
	}
	return nil
}

func findUser(tenant *control.Tenant, upn string) (control.User, error) {
	for _, user := range tenant.Users {
		if user.UserPrincipalName == upn {
			return user, nil
		}
	}
	return control.User{}, fmt.Errorf("the tenant has no user %s", upn)
}

// expectation is what the tour has made of the tenant. Everything else has to be as it was before.
type expectation struct {
	// states are per-user MFA states by user principal name, registered the numbers of methods that were added.
	states     map[string]string
	registered map[string]int
	// locations are the ranges of added trusted locations by name, binned the names of those that were deleted.
	locations map[string][]string
	binned    []string
	// policies are the states of added Conditional Access policies by name, binnedPolicies the names of those that were deleted. Each of them excludes the
	// emergency access accounts.
	policies       map[string]string
	binnedPolicies []string
	// campaign is the registration campaign, nil where it is the one from before.
	campaign *control.RegistrationCampaign
}

// checkTenant checks that the tenant is as it was before, but for what is expected.
func checkTenant(before, now *control.Tenant, want expectation) error {
	if err := checkUsers(before, now, want); err != nil {
		return err
	}
	if err := checkLocations(before, now, want); err != nil {
		return err
	}
	if err := checkPolicies(before, now, want); err != nil {
		return err
	}
	if err := checkCampaign(before, now, want.campaign); err != nil {
		return err
	}
	if !reflect.DeepEqual(beside(before), beside(now)) {
		return errors.New("something of the tenant was changed that is none of the demo's: an app, a group or a policy")
	}
	return nil
}

// beside is a tenant without what the other checks look at.
func beside(tenant *control.Tenant) control.Tenant {
	rest := *tenant
	rest.Users, rest.NamedLocations, rest.DeletedNamedLocations = nil, nil, nil
	rest.ConditionalAccessPolicies, rest.DeletedConditionalAccessPolicies = nil, nil
	if rest.AuthenticationMethodsPolicy != nil {
		policy := *rest.AuthenticationMethodsPolicy
		policy.LastModifiedDateTime, policy.RegistrationEnforcement = nil, nil
		rest.AuthenticationMethodsPolicy = &policy
	}
	return rest
}

func checkUsers(before, now *control.Tenant, want expectation) error {
	if len(now.Users) != len(before.Users) {
		return fmt.Errorf("the tenant has %d users, and had %d", len(now.Users), len(before.Users))
	}
	for upn := range want.states {
		if _, err := findUser(now, upn); err != nil {
			return err
		}
	}
	for _, user := range now.Users {
		upn := user.UserPrincipalName
		earlier, err := findUser(before, upn)
		if err != nil {
			return fmt.Errorf("the tenant has a user %s that it did not have", upn)
		}
		if state, named := want.states[upn]; named {
			if user.PerUserMFAState != state {
				return fmt.Errorf("the tenant has %s at %q, expected %q", upn, user.PerUserMFAState, state)
			}
			earlier.PerUserMFAState = state
		}
		if added := len(user.Methods) - len(earlier.Methods); added > 0 && added == want.registered[upn] {
			earlier.Methods = user.Methods
		}
		if !reflect.DeepEqual(user, earlier) {
			return fmt.Errorf("the tenant's user %s was changed, in a way that is none of the demo's", upn)
		}
	}
	return nil
}

func checkLocations(before, now *control.Tenant, want expectation) error {
	added := 0
	for _, location := range now.NamedLocations {
		if slices.ContainsFunc(before.NamedLocations, func(earlier control.NamedLocation) bool { return reflect.DeepEqual(location, earlier) }) {
			continue
		}
		ranges, expected := want.locations[location.DisplayName]
		if !expected {
			return fmt.Errorf("the tenant's named location %q was made or changed, and is none of the demo's", location.DisplayName)
		}
		var addresses []string
		for _, r := range location.IPRanges {
			addresses = append(addresses, r.CIDRAddress)
		}
		if !location.IsTrusted || !slices.Equal(addresses, ranges) {
			return fmt.Errorf("the tenant has %q with %v, trusted: %t; expected %v, trusted", location.DisplayName, addresses, location.IsTrusted, ranges)
		}
		added++
	}
	if added != len(want.locations) || len(now.NamedLocations) != len(before.NamedLocations)+added {
		return fmt.Errorf("the tenant has %d named locations, %d of them new; it had %d, and %d should be new",
			len(now.NamedLocations), added, len(before.NamedLocations), len(want.locations))
	}
	var binned []string
	for _, location := range now.DeletedNamedLocations[min(len(before.DeletedNamedLocations), len(now.DeletedNamedLocations)):] {
		binned = append(binned, location.DisplayName)
	}
	if !slices.Equal(binned, want.binned) {
		return fmt.Errorf("newly in the bin are %q, expected %q", binned, want.binned)
	}
	return nil
}

func checkPolicies(before, now *control.Tenant, want expectation) error {
	added := 0
	for _, policy := range now.ConditionalAccessPolicies {
		if slices.ContainsFunc(before.ConditionalAccessPolicies, func(earlier control.ConditionalAccessPolicy) bool { return reflect.DeepEqual(policy, earlier) }) {
			continue
		}
		state, expected := want.policies[policy.DisplayName]
		if !expected {
			return fmt.Errorf("the tenant's Conditional Access policy %q was made or changed, and is none of the demo's", policy.DisplayName)
		}
		if users := policy.Conditions.Users; policy.State != state || users == nil || !slices.Equal(users.ExcludeGroups, []string{breakGlassGroup}) {
			return fmt.Errorf("the tenant has %q at %q with the users %+v; expected %q, without the emergency access accounts", policy.DisplayName, policy.State, users, state)
		}
		added++
	}
	if added != len(want.policies) || len(now.ConditionalAccessPolicies) != len(before.ConditionalAccessPolicies)+added {
		return fmt.Errorf("the tenant has %d Conditional Access policies, %d of them new; it had %d, and %d should be new",
			len(now.ConditionalAccessPolicies), added, len(before.ConditionalAccessPolicies), len(want.policies))
	}
	var binned []string
	for _, policy := range now.DeletedConditionalAccessPolicies[min(len(before.DeletedConditionalAccessPolicies), len(now.DeletedConditionalAccessPolicies)):] {
		binned = append(binned, policy.DisplayName)
	}
	if !slices.Equal(binned, want.binnedPolicies) {
		return fmt.Errorf("newly in the bin are the policies %q, expected %q", binned, want.binnedPolicies)
	}
	return nil
}

func checkCampaign(before, now *control.Tenant, want *control.RegistrationCampaign) error {
	if want == nil {
		want = campaignOf(before)
	}
	if found := campaignOf(now); !reflect.DeepEqual(found, want) {
		return fmt.Errorf("the registration campaign is %s, expected %s", campaignText(found), campaignText(want))
	}
	return nil
}

// campaignOf is the registration campaign of a tenant, nil where it has none.
func campaignOf(tenant *control.Tenant) *control.RegistrationCampaign {
	if tenant.AuthenticationMethodsPolicy == nil || tenant.AuthenticationMethodsPolicy.RegistrationEnforcement == nil {
		return nil
	}
	return tenant.AuthenticationMethodsPolicy.RegistrationEnforcement.AuthenticationMethodsRegistrationCampaign
}

func campaignText(campaign *control.RegistrationCampaign) string {
	text, err := json.Marshal(campaign)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// campaignRow is a campaign as a row of a table.
func campaignRow(tenant *control.Tenant) []string {
	campaign := campaignOf(tenant)
	if campaign == nil {
		return []string{"registration campaign", "none"}
	}
	name := func(id string) string {
		for _, group := range tenant.Groups {
			if group.ID == id {
				return group.DisplayName
			}
		}
		return strings.ReplaceAll(id, control.AllUsers, "all users")
	}
	var asked, excluded []string
	for _, target := range campaign.IncludeTargets {
		asked = append(asked, name(target.ID))
	}
	for _, target := range campaign.ExcludeTargets {
		excluded = append(excluded, name(target.ID))
	}
	but := "nobody excluded"
	if len(excluded) > 0 {
		but = "but not " + strings.Join(excluded, ", ")
	}
	return []string{"registration campaign", campaign.State, "asks " + strings.Join(asked, ", "), but}
}

// writes counts the requests that were to change something, and lists them.
func writes(counters *control.Counters) (count int, list string) {
	var operations []string
	for operation, times := range counters.ByOperation {
		if !strings.HasPrefix(operation, "GET ") && !slices.ContainsFunc(questions, func(end string) bool { return strings.HasSuffix(operation, end) }) {
			count += times
			operations = append(operations, fmt.Sprintf("%d %s", times, operation))
		}
	}
	slices.Sort(operations)
	return count, strings.Join(operations, ", ")
}

// questions are the ends of operations that change nothing although they are sent with POST. What is in a batch counts
// by itself.
var questions = []string{"/getByIds", "/checkMemberGroups", "/$batch"}

// userRows is a table of users, their states and their methods.
func userRows(tenant *control.Tenant, upns ...string) ([][]string, error) {
	var rows [][]string
	for _, upn := range upns {
		user, err := findUser(tenant, upn)
		if err != nil {
			return nil, err
		}
		methods := make([]string, 0, len(user.Methods))
		for _, method := range user.Methods {
			methods = append(methods, methodName(method.Type))
		}
		if len(methods) == 0 {
			methods = []string{"no method registered"}
		}
		rows = append(rows, []string{upn, user.PerUserMFAState, strings.Join(methods, ", ")})
	}
	return rows, nil
}

func methodName(kind string) string {
	switch kind {
	case control.MethodMicrosoftAuthenticator:
		return "Microsoft Authenticator"
	case control.MethodFIDO2:
		return "passkey (FIDO2)"
	}
	return kind
}
