package acctest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// AddressOf is the address of a block.
func (c Configuration) AddressOf(name string) string { return c[name].TypeName + "." + name }

// JSON is a configuration in JSON's syntax.
func (c Configuration) JSON(provider map[string]any) string {
	resources := map[string]map[string]any{}
	for name, wanted := range c {
		if resources[wanted.TypeName] == nil {
			resources[wanted.TypeName] = map[string]any{}
		}
		resources[wanted.TypeName][name] = wanted.Values
	}
	whole := map[string]any{"provider": map[string]any{"entramfa": provider}}
	if len(resources) > 0 {
		whole["resource"] = resources
	}
	return Encoded(whole)
}

// ResourceBlock is a resource block of a configuration. Its values are what JSON has: string, bool, int, []any, map[string]any.
type ResourceBlock struct {
	TypeName string
	Values   map[string]any
}

// Configuration is the resource blocks by their names, which are unique over all types.
type Configuration map[string]ResourceBlock

// Outcome is what a run reports.
type Outcome struct {
	// Failures and warnings are diagnostics by the name of the block; "" is the provider's own.
	Failures, Warnings map[string][]string
	// Planned says that the plan has succeeded, and changed names the blocks in which it has a change.
	Planned bool
	Changed []string
	// Told is what the plan has said, before its apply said anything.
	Told string
	// Moved names the blocks of which a refresh has found something else than the state says.
	Moved []string
	// sources are the diagnostics of the failures by their texts; what core itself refuses has none.
	sources map[string]*tfprotov6.Diagnostic
}

func (o *Outcome) Failed() bool { return len(o.Failures) > 0 }

func (o *Outcome) add(name string, diagnostics []*tfprotov6.Diagnostic) (failed bool) {
	for _, diagnostic := range diagnostics {
		text := diagnostic.Summary + ": " + diagnostic.Detail
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			o.Failures[name] = append(o.Failures[name], text)
			o.sources[text] = diagnostic
			failed = true
		} else {
			o.Warnings[name] = append(o.Warnings[name], text)
		}
	}
	return failed
}

// NewOutcome is an outcome of which nothing is known yet.
func NewOutcome() *Outcome {
	return &Outcome{Failures: map[string][]string{}, Warnings: map[string][]string{}, sources: map[string]*tfprotov6.Diagnostic{}}
}

// Core plays Terraform core on resources that do not depend on each other: it reads, plans, applies and imports through the
// protocol, and keeps a state. Each walk has a provider of its own, as each has a process of its own in Terraform.
//
// Where Terraform refuses what a provider answers, core does: a plan that differs from the configuration, a result that
// differs from its plan, a second plan in the apply that differs from the first one.
type Core struct {
	start     func() (tfprotov6.ProviderServer, error)
	Block     map[string]any
	schemas   *tfprotov6.GetProviderSchemaResponse
	Instances map[string]*Instance
	// between, if any, is called once between a plan and its apply.
	Between func()
	// Parallel is how many resources are worked on at a time: 10 in Terraform.
	Parallel int
}

// Instance is a resource in the state.
type Instance struct {
	TypeName string
	Value    tftypes.Value
	Private  []byte
	Identity *tfprotov6.ResourceIdentityData
	Tainted  bool
}

// NewCore plays Terraform with a provider that start makes and that is configured with a provider block.
func NewCore(start func() (tfprotov6.ProviderServer, error), providerBlock map[string]any) (*Core, error) {
	server, err := start()
	if err != nil {
		return nil, err
	}
	schemas, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	return &Core{start: start, Block: providerBlock, schemas: schemas, Instances: map[string]*Instance{}, Parallel: 1}, nil
}

func (c *Core) TypeOf(typeName string) tftypes.Object {
	object, _ := c.schemas.ResourceSchemas[typeName].ValueType().(tftypes.Object)
	return object
}

// Object and list are what a plain value is, or empty.
func Object(plain any) map[string]any {
	fields, _ := plain.(map[string]any)
	return fields
}

// List is a plain list, whichever type its elements have.
func List(plain any) []any {
	elements, _ := plain.([]any)
	return elements
}

// ValueOf makes a value of a type; nil is null, and what is a value already stays.
func ValueOf(typ tftypes.Type, plain any) tftypes.Value {
	if made, ok := plain.(tftypes.Value); ok {
		return made
	}
	if plain == nil {
		return tftypes.NewValue(typ, nil)
	}
	switch typ := typ.(type) {
	case tftypes.Object:
		given, attributes := Object(plain), map[string]tftypes.Value{}
		for name := range given {
			if _, ok := typ.AttributeTypes[name]; !ok {
				panic("the schema has no attribute " + name)
			}
		}
		for name, attribute := range typ.AttributeTypes {
			attributes[name] = ValueOf(attribute, given[name])
		}
		return tftypes.NewValue(typ, attributes)
	case tftypes.Set:
		return tftypes.NewValue(typ, ValuesOf(typ.ElementType, List(plain)))
	case tftypes.List:
		return tftypes.NewValue(typ, ValuesOf(typ.ElementType, List(plain)))
	case tftypes.Map:
		elements := map[string]tftypes.Value{}
		for key, element := range Object(plain) {
			elements[key] = ValueOf(typ.ElementType, element)
		}
		return tftypes.NewValue(typ, elements)
	}
	return tftypes.NewValue(typ, plain)
}

// ValuesOf makes values of one type of plain ones.
func ValuesOf(typ tftypes.Type, plain []any) []tftypes.Value {
	values := make([]tftypes.Value, 0, len(plain))
	for _, element := range plain {
		values = append(values, ValueOf(typ, element))
	}
	return values
}

// PlainOf is the way back. What is unknown is a text that no value has.
func PlainOf(value tftypes.Value) any {
	if value.IsNull() {
		return nil
	}
	if !value.IsKnown() {
		return "(unknown)"
	}
	switch {
	case value.Type().Is(tftypes.String):
		var text string
		Must(value.As(&text))
		return text
	case value.Type().Is(tftypes.Bool):
		var yes bool
		Must(value.As(&yes))
		return yes
	case value.Type().Is(tftypes.Number):
		number := new(big.Float)
		Must(value.As(&number))
		plain, _ := number.Float64()
		return plain
	case value.Type().Is(tftypes.Object{}), value.Type().Is(tftypes.Map{}):
		elements, plain := map[string]tftypes.Value{}, map[string]any{}
		Must(value.As(&elements))
		for name, element := range elements {
			plain[name] = PlainOf(element)
		}
		return plain
	}
	var elements []tftypes.Value
	Must(value.As(&elements))
	plain := []any{}
	for _, element := range elements {
		plain = append(plain, PlainOf(element))
	}
	return plain
}

// Must ends the test program at an error that cannot be.
func Must(err error) {
	if err != nil {
		panic(err)
	}
}

// Packed is a value as the protocol carries it.
func Packed(value tftypes.Value) *tfprotov6.DynamicValue {
	made, err := tfprotov6.NewDynamicValue(value.Type(), value)
	Must(err)
	return &made
}

// Unpacked is the value that the protocol has carried.
func Unpacked(value *tfprotov6.DynamicValue, typ tftypes.Type) tftypes.Value {
	if value == nil {
		return tftypes.NewValue(typ, nil)
	}
	read, err := value.Unmarshal(typ)
	Must(err)
	return read
}

// AttributesOf are the attributes of an object; of null there are none.
func AttributesOf(value tftypes.Value) map[string]tftypes.Value {
	attributes := map[string]tftypes.Value{}
	if !value.IsNull() && value.IsKnown() {
		Must(value.As(&attributes))
	}
	// As hands out the map of the value itself.
	return maps.Clone(attributes)
}

func (c *Core) State() map[string]ResourceBlock {
	blocks := map[string]ResourceBlock{}
	for name, instance := range c.Instances {
		blocks[name] = ResourceBlock{TypeName: instance.TypeName, Values: Object(PlainOf(instance.Value))}
	}
	return blocks
}

// Provider starts and configures a provider; nil where that failed.
func (c *Core) Provider(report *Outcome) tfprotov6.ProviderServer {
	server, err := c.start()
	Must(err)
	configured, err := server.ConfigureProvider(context.Background(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.99.0", Config: Packed(ValueOf(c.schemas.Provider.ValueType(), c.Block)),
	})
	Must(err)
	if report.add("", configured.Diagnostics) {
		return nil
	}
	return server
}

// walk does something for each name, as many at a time as the core works on, and collects what it reports.
func (c *Core) walk(names []string, report *Outcome, visit func(name string, own *Outcome)) {
	outcomes := make([]*Outcome, len(names))
	var group sync.WaitGroup
	turns := make(chan struct{}, c.Parallel)
	for i, name := range names {
		outcomes[i] = NewOutcome()
		turns <- struct{}{}
		group.Go(func() {
			defer func() { <-turns }()
			visit(name, outcomes[i])
		})
	}
	group.Wait()
	for _, own := range outcomes {
		maps.Copy(report.Failures, own.Failures)
		maps.Copy(report.Warnings, own.Warnings)
		report.Changed, report.Moved = append(report.Changed, own.Changed...), append(report.Moved, own.Moved...)
	}
}

// Change is a planned change of one resource.
type Change struct {
	typeName string
	// after is null in a destroy.
	after   tftypes.Value
	private []byte
	config  tftypes.Value
	create  bool
	destroy bool // with create: a replacement
}

func names(config Configuration, instances map[string]*Instance) []string {
	all := map[string]bool{}
	for name := range config {
		all[name] = true
	}
	for name := range instances {
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// read refreshes an instance; nil where it is gone.
func (c *Core) read(server tfprotov6.ProviderServer, name string, prior *Instance, report *Outcome) (*Instance, bool) {
	read, err := server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: prior.TypeName, CurrentState: Packed(prior.Value), Private: prior.Private, CurrentIdentity: prior.Identity,
	})
	Must(err)
	if report.add(name, read.Diagnostics) {
		return nil, false
	}
	value := Unpacked(read.NewState, c.TypeOf(prior.TypeName))
	if !value.Equal(prior.Value) {
		report.Moved = append(report.Moved, name)
	}
	if value.IsNull() {
		return nil, true
	}
	now := &Instance{TypeName: prior.TypeName, Value: value, Private: read.Private, Identity: read.NewIdentity, Tainted: prior.Tainted}
	c.checkIdentity(name, prior.Identity, now, report)
	return now, true
}

// checkIdentity refuses an identity that changes, but for that of many users: it has to be the users of the state.
func (c *Core) checkIdentity(name string, before *tfprotov6.ResourceIdentityData, now *Instance, report *Outcome) {
	if now.TypeName != StatesTypeName {
		if before != nil && !bytes.Equal(before.IdentityData.MsgPack, now.Identity.IdentityData.MsgPack) {
			report.Failures[name] = append(report.Failures[name], "Provider produced invalid identity: it has changed")
		}
		return
	}
	ids := slices.Collect(maps.Values(Object(PlainOf(AttributesOf(now.Value)["user_ids"]))))
	slices.SortFunc(ids, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	if len(ids) == 0 {
		ids = []any{"00000000-0000-0000-0000-000000000000"}
	}
	if have := IdentityOfStates(now.Identity); !slices.Equal(have, ids) {
		report.Failures[name] = append(report.Failures[name], fmt.Sprintf("Provider produced invalid identity: %q of the users %q", have, ids))
	}
}

// StatesIdentity is the type of the identity of many users.
var StatesIdentity = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_ids": tftypes.List{ElementType: tftypes.String}}}

// IdentityOfStates are the users of an identity, in its order.
func IdentityOfStates(identity *tfprotov6.ResourceIdentityData) []any {
	return List(Object(PlainOf(Unpacked(identity.IdentityData, StatesIdentity)))["user_ids"])
}

// planned refreshes and plans everything. It returns the refreshed instances and the changes.
func (c *Core) planned(config Configuration, report *Outcome) (refreshed map[string]*Instance, changes map[string]*Change) {
	refreshed, changes = map[string]*Instance{}, map[string]*Change{}
	server := c.Provider(report)
	if server == nil {
		return nil, nil
	}
	var mutex sync.Mutex
	c.walk(names(config, c.Instances), report, func(name string, own *Outcome) {
		prior := c.Instances[name]
		if prior != nil {
			var ok bool
			if prior, ok = c.read(server, name, prior, own); !ok {
				return
			}
		}
		var planned *Change
		if wanted, ok := config[name]; ok {
			if prior != nil && prior.TypeName != wanted.TypeName {
				panic("a name is one of one type")
			}
			planned = c.PlanOne(server, name, prior, wanted, own)
		} else if prior != nil {
			planned = c.PlanDestroy(server, name, prior, own)
		}
		mutex.Lock()
		defer mutex.Unlock()
		if prior != nil {
			refreshed[name] = prior
		}
		if planned != nil {
			changes[name] = planned
			own.Changed = append(own.Changed, name)
		}
	})
	report.Planned = !report.Failed()
	return refreshed, changes
}

func (c *Core) PlanDestroy(server tfprotov6.ProviderServer, name string, prior *Instance, report *Outcome) *Change {
	null := tftypes.NewValue(c.TypeOf(prior.TypeName), nil)
	planned, err := server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: prior.TypeName, PriorState: Packed(prior.Value), ProposedNewState: Packed(null), Config: Packed(null), PriorPrivate: prior.Private,
	})
	Must(err)
	if report.add(name, planned.Diagnostics) {
		return nil
	}
	return &Change{typeName: prior.TypeName, after: null, config: null, private: planned.PlannedPrivate, destroy: true}
}

// PlanOne plans a block of the configuration; nil where nothing changes.
func (c *Core) PlanOne(server tfprotov6.ProviderServer, name string, prior *Instance, wanted ResourceBlock, report *Outcome) *Change {
	return c.planOne(server, name, prior, wanted, false, report)
}

// planOne plans a block that something else may replace.
func (c *Core) planOne(server tfprotov6.ProviderServer, name string, prior *Instance, wanted ResourceBlock, replaced bool, report *Outcome) *Change {
	typ := c.TypeOf(wanted.TypeName)
	config := ValueOf(typ, wanted.Values)
	validated, err := server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{TypeName: wanted.TypeName, Config: Packed(config)})
	Must(err)
	if report.add(name, validated.Diagnostics) {
		return nil
	}
	null := tftypes.NewValue(typ, nil)
	before, private := null, []byte(nil)
	if prior != nil && !prior.Tainted {
		before, private = prior.Value, prior.Private
	}
	plan := func(before tftypes.Value, private []byte) *tfprotov6.PlanResourceChangeResponse {
		planned, err := server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: wanted.TypeName, PriorState: Packed(before), ProposedNewState: Packed(c.proposed(wanted.TypeName, before, config)),
			Config: Packed(config), PriorPrivate: private,
		})
		Must(err)
		if report.add(name, planned.Diagnostics) {
			return nil
		}
		if problem := c.planProblem(wanted.TypeName, before, config, Unpacked(planned.PlannedState, typ)); problem != "" {
			report.Failures[name] = append(report.Failures[name], "Provider produced invalid plan: "+problem)
			return nil
		}
		return planned
	}
	planned := plan(before, private)
	if planned == nil {
		return nil
	}
	made := &Change{typeName: wanted.TypeName, after: Unpacked(planned.PlannedState, typ), private: planned.PlannedPrivate, config: config}
	made.create, made.destroy = before.IsNull(), prior != nil && prior.Tainted
	if made.create {
		return made
	}
	if made.after.Equal(before) && !replaced {
		return nil
	}
	if len(planned.RequiresReplace) > 0 || replaced {
		if planned = plan(null, made.private); planned == nil {
			return nil
		}
		made.after, made.private = Unpacked(planned.PlannedState, typ), planned.PlannedPrivate
		made.create, made.destroy = true, true
	}
	return made
}

// proposed merges the configuration with the prior state, as Terraform does: what is computed and not configured stays.
func (c *Core) proposed(typeName string, before, config tftypes.Value) tftypes.Value {
	prior, merged := AttributesOf(before), AttributesOf(config)
	for _, attribute := range c.schemas.ResourceSchemas[typeName].Block.Attributes {
		if value, ok := prior[attribute.Name]; ok && attribute.Computed && merged[attribute.Name].IsNull() {
			merged[attribute.Name] = value
		}
	}
	return tftypes.NewValue(config.Type(), merged)
}

// planProblem says where a plan is one that Terraform refuses.
func (c *Core) planProblem(typeName string, before, config, after tftypes.Value) string {
	return misplanned(c.schemas.ResourceSchemas[typeName].Block.Attributes, before, config, after)
}

// misplanned names an attribute that is neither as configured nor as it was, where the provider does not compute it. The attributes of a nested
// object are judged one by one.
func misplanned(attributes []*tfprotov6.SchemaAttribute, before, config, after tftypes.Value) string {
	prior, configured, planned := AttributesOf(before), AttributesOf(config), AttributesOf(after)
	for _, attribute := range attributes {
		have, want := planned[attribute.Name], configured[attribute.Name]
		switch was, ok := prior[attribute.Name]; {
		case have.Equal(want), ok && have.Equal(was) && !want.IsNull():
		case want.IsNull() && attribute.Computed:
		case attribute.NestedType != nil && attribute.NestedType.Nesting == tfprotov6.SchemaObjectNestingModeSingle && !want.IsNull() && want.IsKnown() && !have.IsNull() && have.IsKnown():
			if problem := misplanned(attribute.NestedType.Attributes, was, want, have); problem != "" {
				return attribute.Name + "." + problem
			}
		default:
			return fmt.Sprintf("%s is planned as %v, configured as %v and was %v", attribute.Name, plainly(have), plainly(want), plainly(was))
		}
	}
	return ""
}

// plainly is a value for people who read a failure, who do not need its type.
func plainly(value tftypes.Value) any {
	if value.Type() == nil {
		return nil
	}
	return PlainOf(value)
}

// Surprises says where a result differs from what was known of it.
func Surprises(promised, have tftypes.Value) string {
	differences, err := promised.Diff(have)
	Must(err)
	for _, difference := range differences {
		if difference.Value1 == nil || difference.Value2 == nil {
			if within(promised, difference.Path) || fitsOpenSet(promised, have, difference.Path) {
				continue
			}
			return fmt.Sprintf("%s: %v was planned, and it is %v", difference.Path, difference.Value1, difference.Value2)
		}
		if difference.Value1.IsFullyKnown() {
			return fmt.Sprintf("%s: %s was planned, and it is %s", difference.Path, difference.Value1, difference.Value2)
		}
	}
	return ""
}

// fitsOpenSet reports whether a path leads into a set of which a part was not known, and which has all that was.
func fitsOpenSet(promised, have tftypes.Value, at *tftypes.AttributePath) bool {
	for i, step := range at.Steps() {
		if _, ok := step.(tftypes.ElementKeyValue); !ok {
			continue
		}
		path := tftypes.NewAttributePathWithSteps(at.Steps()[:i])
		was, _, err := tftypes.WalkAttributePath(promised, path)
		Must(err)
		is, _, err := tftypes.WalkAttributePath(have, path)
		var open, full []tftypes.Value
		if set, ok := is.(tftypes.Value); err != nil || !ok || set.IsNull() || set.As(&full) != nil {
			return false
		}
		if set, ok := was.(tftypes.Value); !ok || set.IsFullyKnown() || set.As(&open) != nil || len(full) > len(open) {
			return false
		}
		return !slices.ContainsFunc(open, func(element tftypes.Value) bool {
			return element.IsFullyKnown() && !slices.ContainsFunc(full, element.Equal)
		})
	}
	return false
}

// within reports whether something above a path is unknown.
func within(value tftypes.Value, at *tftypes.AttributePath) bool {
	for steps := at.Steps(); len(steps) > 0; steps = steps[:len(steps)-1] {
		found, _, err := tftypes.WalkAttributePath(value, tftypes.NewAttributePathWithSteps(steps[:len(steps)-1]))
		if above, ok := found.(tftypes.Value); err == nil && ok && !above.IsKnown() {
			return true
		}
	}
	return false
}

func (c *Core) Plan(config Configuration) *Outcome {
	report := NewOutcome()
	c.planned(config, report)
	return report
}

func (c *Core) Refresh(Configuration) *Outcome {
	report := NewOutcome()
	server := c.Provider(report)
	if server == nil {
		return report
	}
	refreshed := map[string]*Instance{}
	var mutex sync.Mutex
	c.walk(names(nil, c.Instances), report, func(name string, own *Outcome) {
		if now, ok := c.read(server, name, c.Instances[name], own); ok && now != nil {
			mutex.Lock()
			defer mutex.Unlock()
			refreshed[name] = now
		}
	})
	if !report.Failed() {
		c.Instances, report.Planned = refreshed, true
	}
	return report
}

func (c *Core) Apply(config Configuration) *Outcome {
	report := NewOutcome()
	refreshed, changes := c.planned(config, report)
	if report.Failed() {
		return report
	}
	c.Instances, report.Told = refreshed, report.String()
	if len(changes) == 0 {
		return report
	}
	if between := c.Between; between != nil {
		c.Between = nil
		between()
	}
	server := c.Provider(report)
	if server == nil {
		return report
	}
	var mutex sync.Mutex
	c.walk(slices.Sorted(maps.Keys(changes)), report, func(name string, own *Outcome) {
		mutex.Lock()
		prior := c.Instances[name]
		mutex.Unlock()
		now := c.applyOne(server, name, prior, changes[name], config[name], own)
		mutex.Lock()
		defer mutex.Unlock()
		if now == nil {
			delete(c.Instances, name)
		} else {
			c.Instances[name] = now
		}
	})
	return report
}

// applyOne carries out a change and returns what is in the state then; nil for nothing.
func (c *Core) applyOne(server tfprotov6.ProviderServer, name string, prior *Instance, planned *Change, wanted ResourceBlock, report *Outcome) *Instance {
	if planned.destroy {
		prior = c.destroyOne(server, name, prior, planned, report)
		if !planned.create || prior != nil {
			return prior
		}
	}
	return c.makeOne(server, name, prior, planned, wanted, report)
}

// destroyOne carries out the destroy of a change.
func (c *Core) destroyOne(server tfprotov6.ProviderServer, name string, prior *Instance, planned *Change, report *Outcome) *Instance {
	gone := *planned
	// A destroy that fails taints nothing.
	gone.create = false
	gone.after, gone.config = tftypes.NewValue(c.TypeOf(planned.typeName), nil), tftypes.NewValue(c.TypeOf(planned.typeName), nil)
	return c.send(server, name, prior, &gone, report)
}

// makeOne carries out the creation or the update of a change.
func (c *Core) makeOne(server tfprotov6.ProviderServer, name string, prior *Instance, planned *Change, wanted ResourceBlock, report *Outcome) *Instance {
	// Terraform plans once more before it creates or updates, and wants the same.
	again := c.PlanOne(server, name, prior, wanted, report)
	switch {
	case len(report.Failures[name]) > 0:
		return prior
	case again == nil && !planned.create:
		// An update may turn out to be none, once everything is known.
		return prior
	case again == nil || again.create != planned.create || again.destroy:
		report.Failures[name] = append(report.Failures[name], "Provider produced inconsistent final plan: another action")
		return prior
	}
	if surprise := Surprises(planned.after, again.after); surprise != "" {
		report.Failures[name] = append(report.Failures[name], "Provider produced inconsistent final plan: "+surprise)
		return prior
	}
	return c.send(server, name, prior, again, report)
}

func (c *Core) send(server tfprotov6.ProviderServer, name string, prior *Instance, planned *Change, report *Outcome) *Instance {
	typ := c.TypeOf(planned.typeName)
	before := tftypes.NewValue(typ, nil)
	var identity *tfprotov6.ResourceIdentityData
	if prior != nil {
		before, identity = prior.Value, prior.Identity
	}
	applied, err := server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: planned.typeName, PriorState: Packed(before), PlannedState: Packed(planned.after), Config: Packed(planned.config),
		PlannedPrivate: planned.private, PlannedIdentity: identity,
	})
	Must(err)
	value := Unpacked(applied.NewState, typ)
	failed := report.add(name, applied.Diagnostics)
	switch {
	case failed && value.IsNull():
		return prior
	case value.IsNull():
		if !planned.after.IsNull() {
			report.Failures[name] = append(report.Failures[name], "Provider produced inconsistent result after apply: the resource is not there")
		}
		return nil
	case !value.IsFullyKnown():
		report.Failures[name] = append(report.Failures[name], "Provider returned invalid result object after apply: not everything is known")
	case !failed && planned.after.IsNull():
		report.Failures[name] = append(report.Failures[name], "Provider returned invalid result object after apply: it is still there")
	case !failed:
		if surprise := Surprises(planned.after, value); surprise != "" {
			report.Failures[name] = append(report.Failures[name], "Provider produced inconsistent result after apply: "+surprise)
		}
	}
	now := &Instance{TypeName: planned.typeName, Value: value, Private: applied.Private, Identity: applied.NewIdentity}
	c.checkIdentity(name, identity, now, report)
	now.Tainted = prior != nil && prior.Tainted || planned.create && len(report.Failures[name]) > 0
	return now
}

func (c *Core) ImportOne(config Configuration, name, id string) *Outcome {
	return c.Imports(name, &tfprotov6.ImportResourceStateRequest{TypeName: config[name].TypeName, ID: id})
}

// Imports imports an object by its id or its identity under the name of a block.
func (c *Core) Imports(name string, request *tfprotov6.ImportResourceStateRequest) *Outcome {
	report := NewOutcome()
	server := c.Provider(report)
	if server == nil {
		return report
	}
	typeName := request.TypeName
	imported, err := server.ImportResourceState(context.Background(), request)
	Must(err)
	if report.add(name, imported.Diagnostics) {
		return report
	}
	object := imported.ImportedResources[0]
	now, ok := c.read(server, name, &Instance{
		TypeName: typeName, Value: Unpacked(object.State, c.TypeOf(typeName)), Private: object.Private, Identity: object.Identity,
	}, report)
	switch {
	case !ok:
	case now == nil:
		report.Failures[name] = append(report.Failures[name], "Cannot import non-existent remote object")
	default:
		c.Instances[name], report.Planned = now, true
	}
	return report
}

func (o *Outcome) String() string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(o.Failures)) {
		fmt.Fprintf(&text, "  error of %q: %s\n", name, strings.Join(o.Failures[name], "\n    "))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Warnings)) {
		fmt.Fprintf(&text, "  warning of %q: %s\n", name, strings.Join(o.Warnings[name], "\n    "))
	}
	return text.String()
}

// Fatal is what a *testing.T and a *rapid.T have in common here.
type Fatal interface {
	Helper()
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
}

// Text is an attribute of a block, or the default where it is not set.
func (b ResourceBlock) Text(name, standard string) string {
	if text, ok := b.Values[name].(string); ok {
		return text
	}
	return standard
}

func (b ResourceBlock) Yes(name string) bool {
	yes, _ := b.Values[name].(bool)
	return yes
}

func (b ResourceBlock) Texts(name string) map[string]string {
	found := map[string]string{}
	for key, element := range Object(b.Values[name]) {
		found[key], _ = element.(string)
	}
	return found
}

func (b ResourceBlock) UserKey() string { return b.Text("user_id", b.Text("user_principal_name", "")) }

// Encoded is a value as JSON, for people who read a failure.
func Encoded(value any) string {
	text, err := json.Marshal(value)
	Must(err)
	return string(text)
}

func (c Configuration) String() string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintf(&text, "  %s.%s %s\n", c[name].TypeName, name, Encoded(c[name].Values))
	}
	return text.String()
}

// OneProcess is a provider that is configured once, for all runs of a test file, as `terraform test` 1.14 does.
type OneProcess struct {
	tfprotov6.ProviderServer
	configured *tfprotov6.ConfigureProviderResponse
}

func (p *OneProcess) ConfigureProvider(ctx context.Context, req *tfprotov6.ConfigureProviderRequest) (*tfprotov6.ConfigureProviderResponse, error) {
	var err error
	if p.configured == nil {
		p.configured, err = p.ProviderServer.ConfigureProvider(ctx, req)
	}
	return p.configured, err
}

// TestFile plays the run blocks of a test file of one module with its state. Each begins with a validation of the whole module.
type TestFile struct {
	*Core
	server *OneProcess
}

func (tn *Tenant) ServeTestProcess(t *testing.T) *OneProcess {
	t.Helper()
	server, err := tn.Factory["entramfa"]()
	if err != nil {
		t.Fatal(err)
	}
	return &OneProcess{ProviderServer: server}
}

func (tn *Tenant) ServeTestFile(t *testing.T, server *OneProcess) *TestFile {
	t.Helper()
	played, err := NewCore(func() (tfprotov6.ProviderServer, error) { return server, nil }, map[string]any{
		"tenant_id": TenantID, "client_id": AppID, "client_secret": AppSecret, "use_cli": false,
		"graph_endpoint": tn.URL, "authority_host": tn.URL, "ca_bundle_path": tn.CAFile,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &TestFile{played, server}
}

// Validated validates the module, with a provider that is configured.
func (f *TestFile) Validated(t *testing.T, config Configuration) Configuration {
	t.Helper()
	if f.Provider(NewOutcome()) == nil {
		t.Fatal("the provider cannot be configured")
	}
	for _, wanted := range config {
		valid, err := f.server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: wanted.TypeName, Config: Packed(ValueOf(f.TypeOf(wanted.TypeName), wanted.Values)),
		})
		if err != nil {
			t.Fatal(err)
		}
		NoErrors(t, valid.Diagnostics)
	}
	return config
}
