package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// deviation is a claim of the demo that does not hold.
type deviation struct {
	// command is what was run last.
	command string
	problem string
	// output is all that the command printed.
	output string
}

func (d *deviation) Error() string { return fmt.Sprintf("`%s`: %s", d.command, d.problem) }

// expect checks the exit code and that the output holds the texts, wherever its lines are broken.
func (r *result) expect(exitCode int, texts ...string) error {
	if r.exitCode != exitCode {
		return r.deviates("it ended with exit code %d, expected %d", r.exitCode, exitCode)
	}
	output := flatten(r.output)
	for _, text := range texts {
		if !strings.Contains(output, flatten(text)) {
			return r.deviates("its output does not say %q", text)
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

// checkTenant checks the states of these users, and that every other user is as they were before.
func checkTenant(before, now *control.Tenant, want map[string]string) error {
	if len(now.Users) != len(before.Users) {
		return fmt.Errorf("the tenant has %d users, and had %d", len(now.Users), len(before.Users))
	}
	for upn := range want {
		if _, err := findUser(now, upn); err != nil {
			return err
		}
	}
	for _, user := range now.Users {
		upn := user.UserPrincipalName
		if state, named := want[upn]; named {
			if user.PerUserMFAState != state {
				return fmt.Errorf("the tenant has %s at %q, expected %q", upn, user.PerUserMFAState, state)
			}
			continue
		}
		earlier, err := findUser(before, upn)
		if err != nil {
			return fmt.Errorf("the tenant has a user %s that it did not have", upn)
		}
		if !reflect.DeepEqual(user, earlier) {
			return fmt.Errorf("the tenant's user %s was changed, and is none of the demo's", upn)
		}
	}
	return nil
}

// writes counts the requests that were to change something.
func writes(counters *control.Counters) int {
	count := 0
	for operation, times := range counters.ByOperation {
		if !strings.HasPrefix(operation, "GET ") {
			count += times
		}
	}
	return count
}

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
