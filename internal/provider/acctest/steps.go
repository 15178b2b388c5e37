package acctest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/zclconf/go-cty/cty"
)

// player takes the steps of a test case over the protocol, as terraform-plugin-testing takes them with a CLI: the same commands in the same order, with
// core for the CLI. What it does not support fails the test, whatever the step expects.
type player struct {
	t      Fatal
	core   *Core
	module *module
	// own are terraform_data, and data are the data sources of the state.
	own, data map[string]cty.Value
	// order is that of the last apply; destroys go the other way.
	order []string
}

// What a test case and the three kinds of steps may set.
var (
	caseFields    = []string{"IsUnitTest", "ProtoV6ProviderFactories", "Steps", "CheckDestroy"}
	configFields  = []string{"Config", "PreConfig", "Check", "ConfigPlanChecks", "ConfigStateChecks", "PlanOnly", "Destroy", "ExpectError", "ExpectNonEmptyPlan", "Taint"}
	importFields  = []string{"Config", "PreConfig", "ResourceName", "ImportState", "ImportStateId", "ImportStateVerify", "ImportStateVerifyIgnore", "ImportStatePersist", "ExpectError"}
	refreshFields = []string{"PreConfig", "RefreshState", "Check", "ExpectError", "ExpectNonEmptyPlan"}
)

// Test takes the steps of a test case over the protocol, in this process.
func Test(t Fatal, c resource.TestCase) {
	t.Helper()
	if field := fieldBeside(c, caseFields); field != "" {
		t.Fatalf("%s", unsupported{field + " of a test case"})
	}
	start, ok := c.ProtoV6ProviderFactories["entramfa"]
	if !ok || len(c.ProtoV6ProviderFactories) != 1 {
		t.Fatalf("%s", unsupported{"providers other than entramfa"})
	}
	core, err := NewCore(start, map[string]any{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	p := &player{t: t, core: core, own: map[string]cty.Value{}, data: map[string]cty.Value{}}
	defer p.end(c)
	for i, step := range c.Steps {
		what := fmt.Sprintf("step %d/%d", i+1, len(c.Steps))
		if step.PreConfig != nil {
			step.PreConfig()
		}
		err := p.take(step)
		switch missing := (unsupported{}); {
		case errors.As(err, &missing):
			t.Fatalf("%s: %v", what, err)
		case step.ExpectError == nil && err != nil:
			t.Fatalf("%s: %v", what, err)
		case step.ExpectError != nil && err == nil:
			t.Fatalf("%s: expected an error that matches %s, but got none", what, step.ExpectError)
		case step.ExpectError != nil && !step.ExpectError.MatchString(err.Error()):
			t.Fatalf("%s: expected an error that matches %s, no match on: %v", what, step.ExpectError, err)
		}
	}
}

// fieldBeside is a field that is set and is not one of these.
func fieldBeside(of any, names []string) string {
	value := reflect.ValueOf(of)
	for i := range value.NumField() {
		if name := value.Type().Field(i).Name; !value.Field(i).IsZero() && !slices.Contains(names, name) {
			return name
		}
	}
	return ""
}

// end destroys what there is, as a CLI does in the end, with the configuration of the last step.
func (p *player) end(c resource.TestCase) {
	p.t.Helper()
	values := p.values()
	if len(values) == 0 {
		return
	}
	planned, err := p.plan(planOptions{destroy: true})
	if err == nil {
		err = p.apply(planned)
	}
	if err == nil && c.CheckDestroy != nil {
		err = c.CheckDestroy(legacyState(values))
	}
	if err != nil {
		p.t.Fatalf("the destroy after the test: %v", err)
	}
}

func (p *player) take(step resource.TestStep) error {
	fields, take := configFields, p.takeConfig
	switch {
	case step.ImportState:
		fields, take = importFields, p.takeImport
	case step.RefreshState:
		fields, take = refreshFields, p.takeRefresh
	case step.Config == "":
		return unsupported{"a step without a configuration"}
	}
	if field := fieldBeside(step, fields); field != "" {
		return unsupported{field + " in this kind of step"}
	}
	return take(step)
}

func (p *player) takeConfig(step resource.TestStep) error {
	for _, address := range step.Taint {
		if p.core.Instances[address] == nil {
			return unsupported{"Taint of " + address + ", which is not in the state,"}
		}
		p.core.Instances[address].Tainted = true
	}
	read, err := parseModule(step.Config)
	if err != nil {
		return err
	}
	p.module = read
	options := planOptions{refresh: true, destroy: step.Destroy}
	if step.PlanOnly && (step.Check != nil || len(step.ConfigPlanChecks.PreApply)+len(step.ConfigStateChecks) > 0) {
		// terraform-plugin-testing does not run them.
		return unsupported{"a check of an apply in a step that only plans"}
	}
	if !step.PlanOnly {
		planned, err := p.plan(options)
		if err != nil {
			return fmt.Errorf("running the plan: %w", err)
		}
		if err := checkPlan(planned, step.ConfigPlanChecks.PreApply); err != nil {
			return fmt.Errorf("plan checks: %w", err)
		}
		before := p.values()
		if err := p.apply(planned); err != nil {
			return fmt.Errorf("running the apply: %w", err)
		}
		after := p.values()
		if step.Destroy {
			after = before
		}
		if step.Check != nil {
			if err := step.Check(legacyState(after)); err != nil {
				return fmt.Errorf("check failed: %w", err)
			}
		}
		if err := checkState(p.values(), step.ConfigStateChecks); err != nil {
			return fmt.Errorf("state checks: %w", err)
		}
	}
	for _, second := range []struct {
		refresh bool
		checks  []plancheck.PlanCheck
	}{{false, step.ConfigPlanChecks.PostApplyPreRefresh}, {true, step.ConfigPlanChecks.PostApplyPostRefresh}} {
		options.refresh = second.refresh
		planned, err := p.plan(options)
		if err != nil {
			return fmt.Errorf("running the next plan: %w", err)
		}
		if err := checkPlan(planned, second.checks); err != nil {
			return fmt.Errorf("checks of the next plan: %w", err)
		}
		switch empty := planned.empty(); {
		case !empty && !step.ExpectNonEmptyPlan:
			return fmt.Errorf("the next plan (refresh: %t) is not empty:\n%s", second.refresh, planned)
		case empty && step.ExpectNonEmptyPlan && second.refresh:
			return errors.New("the next plan is empty, and was expected not to be")
		}
	}
	return nil
}

func (p *player) takeRefresh(step resource.TestStep) error {
	if p.module == nil {
		return unsupported{"a refresh as the first step"}
	}
	refreshed, err := p.plan(planOptions{refresh: true, only: true})
	if err != nil {
		return fmt.Errorf("running the refresh: %w", err)
	}
	if err := p.apply(refreshed); err != nil {
		return err
	}
	if step.Check != nil {
		if err := step.Check(legacyState(p.values())); err != nil {
			p.t.Fatalf("check after the refresh: %v", err)
		}
	}
	planned, err := p.plan(planOptions{refresh: true})
	if err != nil {
		return fmt.Errorf("running the next plan: %w", err)
	}
	if !planned.empty() && !step.ExpectNonEmptyPlan {
		return fmt.Errorf("the plan after the refresh is not empty:\n%s", planned)
	}
	return nil
}

func (p *player) takeImport(step resource.TestStep) error {
	if step.Config == "" || step.ResourceName == "" {
		return unsupported{"an import without a configuration or without the name of a resource"}
	}
	read, err := parseModule(step.Config)
	if err != nil {
		return err
	}
	one := read.nodes[step.ResourceName]
	if one == nil || one.data || one.typeName == terraformData {
		return unsupported{"an import of " + step.ResourceName}
	}
	before, id := p.values(), step.ImportStateId
	if id == "" {
		id = flat(before[step.ResourceName])["id"]
	}
	// Without persistence, the import has a folder of its own.
	into := p
	if !step.ImportStatePersist {
		own := *p.core
		own.Instances = map[string]*Instance{}
		into = &player{t: p.t, core: &own, own: map[string]cty.Value{}, data: map[string]cty.Value{}}
	}
	into.module = read
	if into.core.Instances[one.address] != nil {
		return fmt.Errorf("\nError: Resource already managed by Terraform\n\n%s is in the state already", one.address)
	}
	if err := into.configured(false); err != nil {
		return err
	}
	report := into.core.ImportOne(Configuration{one.address: {TypeName: one.typeName}}, one.address, id)
	if report.Failed() {
		return errors.New(into.errorsOf(report))
	}
	if !step.ImportStateVerify {
		return nil
	}
	return verifyImport(before, flat(into.values()[one.address]), one.typeName, step.ImportStateVerifyIgnore)
}

// verifyImport compares what was imported with what the state has of the same type and id.
func verifyImport(before map[string]cty.Value, have map[string]string, typeName string, ignored []string) error {
	for address, value := range before {
		want := flat(value)
		mode, had, _ := partsOf(address)
		if mode != tfjson.ManagedResourceMode || had != typeName || want["id"] != have["id"] {
			continue
		}
		compared := func(attributes map[string]string) map[string]string {
			attributes = maps.Clone(attributes)
			maps.DeleteFunc(attributes, func(name, value string) bool {
				empty := value == "0" && (strings.HasSuffix(name, ".#") || strings.HasSuffix(name, ".%"))
				return empty || name == "timeouts" || strings.HasPrefix(name, "timeouts.") ||
					slices.ContainsFunc(ignored, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
			})
			return attributes
		}
		if difference := cmp.Diff(compared(want), compared(have)); difference != "" {
			return fmt.Errorf("what was imported differs from the state (-state +imported):\n%s", difference)
		}
		return nil
	}
	return fmt.Errorf("the state has nothing with the id %s to compare the import with", have["id"])
}

// values is the state: resources, terraform_data and data sources.
func (p *player) values() map[string]cty.Value {
	values := maps.Clone(p.own)
	maps.Copy(values, p.data)
	for address, instance := range p.core.Instances {
		values[address] = fromProtocol(instance.Value)
	}
	return values
}

func checkPlan(planned *plan, checks []plancheck.PlanCheck) error {
	var found []error
	for _, check := range checks {
		response := plancheck.CheckPlanResponse{}
		check.CheckPlan(context.Background(), plancheck.CheckPlanRequest{Plan: planned.planJSON()}, &response)
		found = append(found, response.Error)
	}
	return errors.Join(found...)
}

func checkState(values map[string]cty.Value, checks []statecheck.StateCheck) error {
	var found []error
	for _, check := range checks {
		response := statecheck.CheckStateResponse{}
		check.CheckState(context.Background(), statecheck.CheckStateRequest{State: stateJSON(values)}, &response)
		found = append(found, response.Error)
	}
	return errors.Join(found...)
}
