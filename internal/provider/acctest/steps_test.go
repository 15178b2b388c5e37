package acctest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
	"github.com/hashicorp/terraform-plugin-testing/tfversion"
)

// things is a provider of one resource, entramfa_thing, and of the data source of the same name. Each thing lives in a map by its id.
type things struct {
	tfprotov6.ProviderServer
	world map[string]string
	// calls are the writes in their order.
	calls *[]string
	// spoils changes what an apply answers, and restless makes each plan another one.
	spoils   func(attributes map[string]tftypes.Value)
	restless bool
}

func thingSchema() *tfprotov6.Schema {
	return &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
		{Name: "id", Type: tftypes.String, Computed: true},
		{Name: "name", Type: tftypes.String, Required: true},
		{Name: "label", Type: tftypes.String, Optional: true, Computed: true},
		{Name: "tags", Type: tftypes.Set{ElementType: tftypes.String}, Optional: true},
	}}}
}

func (things) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{
		Provider:          &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}},
		ResourceSchemas:   map[string]*tfprotov6.Schema{"entramfa_thing": thingSchema()},
		DataSourceSchemas: map[string]*tfprotov6.Schema{"entramfa_thing": thingSchema()},
	}, nil
}

func (things) ValidateProviderConfig(context.Context, *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{}, nil
}

func (things) ConfigureProvider(context.Context, *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	return &tfprotov6.ConfigureProviderResponse{}, nil
}

func (things) ValidateResourceConfig(_ context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	response := &tfprotov6.ValidateResourceConfigResponse{}
	if thing(req.Config)["name"].Equal(text("bad")) {
		response.Diagnostics = append(response.Diagnostics, &tfprotov6.Diagnostic{
			Severity: tfprotov6.DiagnosticSeverityError, Summary: "Bad name", Detail: "It is bad.", Attribute: tftypes.NewAttributePath().WithAttributeName("name"),
		})
	}
	return response, nil
}

func (things) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

func text(value any) tftypes.Value { return tftypes.NewValue(tftypes.String, value) }

func plain(value tftypes.Value) string { return fmt.Sprint(PlainOf(value)) }

func thing(packed *tfprotov6.DynamicValue) map[string]tftypes.Value {
	return AttributesOf(Unpacked(packed, thingSchema().ValueType()))
}

func packedThing(attributes map[string]tftypes.Value) *tfprotov6.DynamicValue {
	if attributes == nil {
		return Packed(tftypes.NewValue(thingSchema().ValueType(), nil))
	}
	return Packed(tftypes.NewValue(thingSchema().ValueType(), attributes))
}

var thingIdentity = &tfprotov6.ResourceIdentityData{IdentityData: &tfprotov6.DynamicValue{}}

func (s things) ReadResource(_ context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	have := thing(req.CurrentState)
	name, ok := s.world[plain(have["id"])]
	if !ok {
		return &tfprotov6.ReadResourceResponse{NewState: packedThing(nil)}, nil
	}
	have["name"] = text(name)
	return &tfprotov6.ReadResourceResponse{NewState: packedThing(have), NewIdentity: thingIdentity}, nil
}

func (s things) PlanResourceChange(_ context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	planned, prior := thing(req.ProposedNewState), thing(req.PriorState)
	if len(planned) == 0 {
		return &tfprotov6.PlanResourceChangeResponse{PlannedState: req.ProposedNewState}, nil
	}
	response := &tfprotov6.PlanResourceChangeResponse{}
	if len(prior) == 0 {
		planned["id"] = text(tftypes.UnknownValue)
	} else if !planned["name"].Equal(prior["name"]) {
		response.RequiresReplace = append(response.RequiresReplace, tftypes.NewAttributePath().WithAttributeName("name"))
	}
	if planned["label"].IsNull() || s.restless {
		planned["label"] = text(tftypes.UnknownValue)
	}
	response.PlannedState = packedThing(planned)
	return response, nil
}

func (s things) ApplyResourceChange(_ context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	planned, prior := thing(req.PlannedState), thing(req.PriorState)
	if len(planned) == 0 {
		*s.calls = append(*s.calls, "destroy "+plain(prior["name"]))
		delete(s.world, plain(prior["id"]))
		return &tfprotov6.ApplyResourceChangeResponse{NewState: req.PlannedState}, nil
	}
	*s.calls = append(*s.calls, "write "+plain(planned["name"]))
	if name := plain(planned["name"]); strings.HasPrefix(name, "refused") {
		return &tfprotov6.ApplyResourceChangeResponse{NewState: req.PriorState, Diagnostics: []*tfprotov6.Diagnostic{
			{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Refused", Detail: "Nobody wants " + name + "."},
		}}, nil
	}
	if !planned["id"].IsKnown() {
		planned["id"] = text("id of " + plain(planned["name"]))
	}
	if !planned["label"].IsKnown() {
		planned["label"] = text("none")
	}
	s.world[plain(planned["id"])] = plain(planned["name"])
	if s.spoils != nil {
		s.spoils(planned)
	}
	return &tfprotov6.ApplyResourceChangeResponse{NewState: packedThing(planned), NewIdentity: thingIdentity}, nil
}

func (s things) ImportResourceState(_ context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	imported := map[string]tftypes.Value{"id": text(req.ID), "name": text(nil), "label": text("imported"), "tags": tftypes.NewValue(tftypes.Set{ElementType: tftypes.String}, nil)}
	return &tfprotov6.ImportResourceStateResponse{ImportedResources: []*tfprotov6.ImportedResource{{TypeName: req.TypeName, State: packedThing(imported), Identity: thingIdentity}}}, nil
}

func (s things) ReadDataSource(_ context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	read := thing(req.Config)
	read["id"], read["label"] = text("id"), text(fmt.Sprintf("%d things", len(s.world)))
	return &tfprotov6.ReadDataSourceResponse{State: packedThing(read)}, nil
}

// witness is a test that may fail, and that tells of it.
type witness struct {
	t    *testing.T
	said string
}

func (w *witness) Helper() {}

func (w *witness) Logf(format string, args ...any) { w.t.Logf(format, args...) }

func (w *witness) Fatalf(format string, args ...any) {
	if w.said == "" {
		w.said = fmt.Sprintf(format, args...)
	}
	runtime.Goexit()
}

// newThings is a provider in an empty world.
func newThings() *things { return &things{world: map[string]string{}, calls: &[]string{}} }

func (s *things) test(c resource.TestCase) resource.TestCase {
	c.ProtoV6ProviderFactories = map[string]func() (tfprotov6.ProviderServer, error){"entramfa": func() (tfprotov6.ProviderServer, error) { return s, nil }}
	return c
}

// verdict is what a test of these steps fails with; "" where it passes.
func (s *things) verdict(t *testing.T, c resource.TestCase) string {
	t.Helper()
	w, ended := &witness{t: t}, make(chan struct{})
	go func() {
		defer close(ended)
		Test(w, s.test(c))
	}()
	<-ended
	return w.said
}

func oneThing(name string, lines ...string) string {
	return fmt.Sprintf("resource \"entramfa_thing\" %q {\n  name = %q\n  %s\n}\n", "test", name, strings.Join(lines, "\n  "))
}

const thingAddress = "entramfa_thing.test"

func before(checks ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: checks}
}

func TestStepsThatAreFulfilledPass(t *testing.T) {
	t.Parallel()
	s := newThings()
	late := "resource \"terraform_data\" \"late\" {\n  input = \"late\"\n}\n"
	Test(t, s.test(resource.TestCase{
		CheckDestroy: func(*terraform.State) error {
			if len(s.world) != 0 {
				return fmt.Errorf("there is %v", s.world)
			}
			return nil
		},
		Steps: []resource.TestStep{
			{
				Config: oneThing("a", `tags = ["x", "y"]`),
				ConfigPlanChecks: before(plancheck.ExpectResourceAction(thingAddress, plancheck.ResourceActionCreate),
					plancheck.ExpectUnknownValue(thingAddress, tfjsonpath.New("id")), plancheck.ExpectKnownValue(thingAddress, tfjsonpath.New("name"), Text("a"))),
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(thingAddress, tfjsonpath.New("tags"), knownvalue.SetSizeExact(2))},
				Check: resource.ComposeTestCheckFunc(resource.TestCheckResourceAttr(thingAddress, "id", "id of a"),
					resource.TestCheckResourceAttr(thingAddress, "tags.#", "2"), resource.TestCheckResourceAttr(thingAddress, "tags.1", "y")),
			},
			{Config: oneThing("a", `tags = ["y", "x"]`), ConfigPlanChecks: before(plancheck.ExpectEmptyPlan())},
			{Config: oneThing("a", `tags = ["y", "x"]`), ResourceName: thingAddress, ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"label", "tags"}},
			// A replacement, by an attribute, by a taint and by another resource.
			{Config: oneThing("b"), ConfigPlanChecks: before(plancheck.ExpectResourceAction(thingAddress, plancheck.ResourceActionDestroyBeforeCreate))},
			{Config: oneThing("b"), Taint: []string{thingAddress}, ConfigPlanChecks: before(plancheck.ExpectResourceAction(thingAddress, plancheck.ResourceActionDestroyBeforeCreate))},
			{Config: oneThing("b", `label = "l"`), ConfigPlanChecks: before(plancheck.ExpectResourceAction(thingAddress, plancheck.ResourceActionUpdate))},
			// What is known at the apply only, and the order of the references.
			{
				Config:           late + strings.Replace(oneThing("X", "tags = [upper(terraform_data.late.output)]"), `"X"`, "terraform_data.late.output", 1),
				ConfigPlanChecks: before(plancheck.ExpectUnknownValue(thingAddress, tfjsonpath.New("name"))),
				Check:            resource.TestCheckResourceAttr(thingAddress, "tags.0", "LATE"),
			},
			// A data source that waits for a resource, and one that does not.
			{
				Config: oneThing("c") + "data \"entramfa_thing\" \"first\" {\n  name = \"x\"\n}\ndata \"entramfa_thing\" \"then\" {\n  name = \"x\"\n  depends_on = [entramfa_thing.test]\n}\n" +
					strings.Replace(oneThing("d"), `"test"`, `"other"`, 1),
				Check: resource.ComposeTestCheckFunc(resource.TestCheckResourceAttr("data.entramfa_thing.first", "label", "1 things"),
					resource.TestCheckResourceAttr("data.entramfa_thing.then", "id", "id")),
			},
			// Drift is seen by the plan that refreshes, and deletion as well.
			{PreConfig: func() { s.world["id of c"] = "z" }, Config: oneThing("c"), PlanOnly: true, ExpectNonEmptyPlan: true},
			{Config: oneThing("c")},
			{PreConfig: func() { clear(s.world) }, RefreshState: true, ExpectNonEmptyPlan: true, Check: func(state *terraform.State) error {
				if len(state.RootModule().Resources) > 0 {
					return errors.New("the state still has it")
				}
				return nil
			}},
			{Config: oneThing("bad"), ExpectError: regexp.MustCompile(`Error: Bad name\n\n  with entramfa_thing.test,\n  on main.tf line 2:\n  2:   name = "bad"\n\nIt is bad.`)},
			{Config: oneThing("refused"), ExpectError: regexp.MustCompile("Nobody wants refused.")},
			{Config: oneThing("e"), Destroy: true},
			{Config: strings.Replace(oneThing("f"), `"test"`, `"old"`, 1)},
			{Config: oneThing("f") + "moved {\n  from = entramfa_thing.old\n  to = entramfa_thing.test\n}\n", ConfigPlanChecks: before(plancheck.ExpectEmptyPlan())},
			{Config: "removed {\n  from = entramfa_thing.test\n  lifecycle {\n    destroy = false\n  }\n}\n", Check: func(*terraform.State) error {
				if s.world["id of f"] != "f" {
					return errors.New("what was only to leave the state is destroyed")
				}
				return nil
			}},
			{Config: oneThing("f"), ResourceName: thingAddress, ImportState: true, ImportStateId: "id of f", ImportStatePersist: true},
			{Config: oneThing("f"), ConfigPlanChecks: before(plancheck.ExpectEmptyPlan())},
		},
	}))
	if have := strings.Join(*s.calls, ", "); !strings.HasPrefix(have, "write a, destroy a, write b, destroy b, write b, write b, destroy b, write late, destroy late,") {
		t.Errorf("the writes are %s", have)
	}
}

func TestStepsThatAreNotFulfilledFail(t *testing.T) {
	t.Parallel()
	steps := func(list ...resource.TestStep) resource.TestCase { return resource.TestCase{Steps: list} }
	one := resource.TestStep{Config: oneThing("a")}
	anything := regexp.MustCompile("")
	is := func(name string, value knownvalue.Check) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownValue(thingAddress, tfjsonpath.New(name), value)}
	}
	for name, c := range map[string]struct {
		with func(s *things)
		test resource.TestCase
		says string
	}{
		"a plan check": {nil, steps(resource.TestStep{Config: oneThing("a"), ConfigPlanChecks: before(plancheck.ExpectEmptyPlan())}), "expected empty plan"},
		"a known value that is planned otherwise": {
			nil, steps(resource.TestStep{Config: oneThing("a"), ConfigPlanChecks: before(plancheck.ExpectKnownValue(thingAddress, tfjsonpath.New("name"), Text("b")))}), `expected value b`,
		},
		"an unknown value that is known": {
			nil, steps(resource.TestStep{Config: oneThing("a"), ConfigPlanChecks: before(plancheck.ExpectUnknownValue(thingAddress, tfjsonpath.New("name")))}), "but found known value",
		},
		"a state check":            {nil, steps(resource.TestStep{Config: oneThing("a"), ConfigStateChecks: is("id", Text("b"))}), "state checks"},
		"a test function":          {nil, steps(resource.TestStep{Config: oneThing("a"), Check: resource.TestCheckResourceAttr(thingAddress, "name", "b")}), "check failed"},
		"an error":                 {nil, steps(resource.TestStep{Config: oneThing("refused")}), "Nobody wants refused."},
		"no error":                 {nil, steps(resource.TestStep{Config: oneThing("a"), ExpectError: anything}), "expected an error"},
		"another error":            {nil, steps(resource.TestStep{Config: oneThing("refused"), ExpectError: regexp.MustCompile("Bad name")}), "no match on"},
		"a plan that is not empty": {nil, steps(resource.TestStep{Config: oneThing("a"), PlanOnly: true}), "the next plan (refresh: false) is not empty"},
		"a plan that is empty":     {nil, steps(one, resource.TestStep{Config: oneThing("a"), PlanOnly: true, ExpectNonEmptyPlan: true}), "the next plan is empty"},
		"drift that nobody expects": {
			func(s *things) { s.spoils = func(map[string]tftypes.Value) { s.world["id of a"] = "b" } }, steps(one), "the next plan (refresh: true) is not empty",
		},
		"a second plan with changes": {func(s *things) { s.restless = true }, steps(one), "the next plan (refresh: false) is not empty"},
		"a result that differs from its plan": {
			func(s *things) {
				s.spoils = func(made map[string]tftypes.Value) { made["name"] = text("other") }
			}, steps(one), "Provider produced inconsistent result after apply",
		},
		"a result that is not known": {
			func(s *things) {
				s.spoils = func(made map[string]tftypes.Value) { made["label"] = text(tftypes.UnknownValue) }
			}, steps(one), "not everything is known",
		},
		"an import that differs": {
			nil, steps(one, resource.TestStep{Config: oneThing("a"), ResourceName: thingAddress, ImportState: true, ImportStateVerify: true}), "what was imported differs from the state",
		},
		"an import of another object": {
			func(s *things) { s.world["9"] = "a" },
			steps(one, resource.TestStep{Config: oneThing("a"), ResourceName: thingAddress, ImportState: true, ImportStateId: "9", ImportStateVerify: true}), "nothing with the id 9",
		},
		"an import of nothing":              {nil, steps(resource.TestStep{Config: oneThing("a"), ResourceName: thingAddress, ImportState: true, ImportStateId: "9"}), "Cannot import non-existent remote object"},
		"a check after a refresh":           {nil, steps(one, resource.TestStep{RefreshState: true, Check: resource.TestCheckResourceAttr(thingAddress, "name", "b")}), "check after the refresh"},
		"a check of the destroy":            {nil, resource.TestCase{Steps: []resource.TestStep{one}, CheckDestroy: func(*terraform.State) error { return errors.New("still there") }}, "still there"},
		"a field that steps do not support": {nil, steps(resource.TestStep{Config: oneThing("a"), SkipFunc: func() (bool, error) { return true, nil }}), "SkipFunc in this kind of step"},
		"a field of another kind of step":   {nil, steps(one, resource.TestStep{RefreshState: true, ConfigStateChecks: is("name", Text("b"))}), "ConfigStateChecks in this kind of step"},
		"a field of the case":               {nil, resource.TestCase{Steps: []resource.TestStep{one}, TerraformVersionChecks: []tfversion.TerraformVersionCheck{nil}}, "TerraformVersionChecks of a test case"},
		"a check that would not run": {
			nil, steps(one, resource.TestStep{Config: oneThing("a"), PlanOnly: true, ConfigPlanChecks: before(plancheck.ExpectEmptyPlan())}), "in a step that only plans",
		},
		"a block, even where an error is expected": {
			nil, steps(resource.TestStep{Config: "output \"x\" {\n  value = 1\n}\n", ExpectError: anything}), "the block output x: steps over the protocol do not support that",
		},
		"an argument for many":   {nil, steps(resource.TestStep{Config: oneThing("a", "count = 2"), ExpectError: anything}), "count in entramfa_thing.test"},
		"a lifecycle":            {nil, steps(resource.TestStep{Config: oneThing("a", "lifecycle {\n prevent_destroy = true\n}"), ExpectError: anything}), "prevent_destroy in the lifecycle"},
		"a function":             {nil, steps(resource.TestStep{Config: oneThing("a", `label = title("a")`)}), "Call to unknown function"},
		"an argument":            {nil, steps(resource.TestStep{Config: oneThing("a", `colour = "red"`)}), `An argument named "colour" is not expected here.`},
		"a missing argument":     {nil, steps(resource.TestStep{Config: "resource \"entramfa_thing\" \"test\" {\n}\n"}), `The argument "name" is required`},
		"an undeclared resource": {nil, steps(resource.TestStep{Config: oneThing("a", "label = entramfa_thing.other.id")}), "A resource entramfa_thing.other has not been declared"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newThings()
			if c.with != nil {
				c.with(s)
			}
			if said := s.verdict(t, c.test); !strings.Contains(said, c.says) {
				t.Errorf("the test says %q, want %q", said, c.says)
			}
		})
	}
}

// What fails keeps what depends on it from being applied, and nothing else.
func TestAFailureStopsWhatDependsOnIt(t *testing.T) {
	t.Parallel()
	s := newThings()
	named := func(block, name string, lines ...string) string {
		return strings.Replace(oneThing(name, lines...), `"test"`, `"`+block+`"`, 1)
	}
	said := s.verdict(t, resource.TestCase{Steps: []resource.TestStep{
		{
			Config:      named("a", "refused a") + named("b", "b", "label = entramfa_thing.a.id") + named("c", "c", "depends_on = [entramfa_thing.b]") + named("d", "d"),
			ExpectError: regexp.MustCompile("Nobody wants refused a."),
		},
		{Config: named("d", "d"), ConfigPlanChecks: before(plancheck.ExpectEmptyPlan())},
	}})
	if have := strings.Join(*s.calls, ", "); said != "" || have != "write refused a, write d, destroy d" {
		t.Errorf("the test says %q after %s", said, have)
	}
}
