package provider_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// resourceBlock is a resource block of a configuration. Its values are what JSON has: string, bool, int, []any, map[string]any.
type resourceBlock struct {
	typeName string
	values   map[string]any
}

// configuration is the resource blocks by their names, which are unique over all types.
type configuration map[string]resourceBlock

// outcome is what a run reports.
type outcome struct {
	// failures and warnings are diagnostics by the name of the block; "" is the provider's own.
	failures, warnings map[string][]string
	// planned says that the plan has succeeded, and changed names the blocks in which it has a change.
	planned bool
	changed []string
	// told is what the plan has said, before its apply said anything.
	told string
	// moved names the blocks of which a refresh has found something else than the state says.
	moved []string
}

func (o *outcome) failed() bool { return len(o.failures) > 0 }

func (o *outcome) add(name string, diagnostics []*tfprotov6.Diagnostic) (failed bool) {
	for _, diagnostic := range diagnostics {
		text := diagnostic.Summary + ": " + diagnostic.Detail
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			o.failures[name] = append(o.failures[name], text)
			failed = true
		} else {
			o.warnings[name] = append(o.warnings[name], text)
		}
	}
	return failed
}

func newOutcome() *outcome {
	return &outcome{failures: map[string][]string{}, warnings: map[string][]string{}}
}

// driver runs Terraform, or what plays it.
type driver interface {
	// apply plans and, where that succeeds, applies.
	apply(config configuration) *outcome
	// plan plans only.
	plan(config configuration) *outcome
	// refresh is apply -refresh-only.
	refresh(config configuration) *outcome
	// importOne imports an object under the name of a block.
	importOne(config configuration, name, id string) *outcome
	// state is what the state has, by the name of the block.
	state() map[string]resourceBlock
}

// core plays Terraform core on resources that do not depend on each other: it reads, plans, applies and imports through the
// protocol, and keeps a state. Each walk has a provider of its own, as each has a process of its own in Terraform.
//
// Where Terraform refuses what a provider answers, core does: a plan that differs from the configuration, a result that
// differs from its plan, a second plan in the apply that differs from the first one.
type core struct {
	start     func() (tfprotov6.ProviderServer, error)
	block     map[string]any
	schemas   *tfprotov6.GetProviderSchemaResponse
	instances map[string]*instance
	// between, if any, is called once between a plan and its apply.
	between func()
	// parallel is how many resources are worked on at a time: 10 in Terraform.
	parallel int
}

// instance is a resource in the state.
type instance struct {
	typeName string
	value    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData
	tainted  bool
}

func newCore(start func() (tfprotov6.ProviderServer, error), providerBlock map[string]any) (*core, error) {
	server, err := start()
	if err != nil {
		return nil, err
	}
	schemas, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	return &core{start: start, block: providerBlock, schemas: schemas, instances: map[string]*instance{}, parallel: 1}, nil
}

func (c *core) typeOf(typeName string) tftypes.Object {
	object, _ := c.schemas.ResourceSchemas[typeName].ValueType().(tftypes.Object)
	return object
}

// object and list are what a plain value is, or empty.
func object(plain any) map[string]any {
	fields, _ := plain.(map[string]any)
	return fields
}

func list(plain any) []any {
	elements, _ := plain.([]any)
	return elements
}

// valueOf makes a value of a type; nil is null.
func valueOf(typ tftypes.Type, plain any) tftypes.Value {
	if plain == nil {
		return tftypes.NewValue(typ, nil)
	}
	switch typ := typ.(type) {
	case tftypes.Object:
		given, attributes := object(plain), map[string]tftypes.Value{}
		for name := range given {
			if _, ok := typ.AttributeTypes[name]; !ok {
				panic("the schema has no attribute " + name)
			}
		}
		for name, attribute := range typ.AttributeTypes {
			attributes[name] = valueOf(attribute, given[name])
		}
		return tftypes.NewValue(typ, attributes)
	case tftypes.Set:
		return tftypes.NewValue(typ, valuesOf(typ.ElementType, list(plain)))
	case tftypes.List:
		return tftypes.NewValue(typ, valuesOf(typ.ElementType, list(plain)))
	case tftypes.Map:
		elements := map[string]tftypes.Value{}
		for key, element := range object(plain) {
			elements[key] = valueOf(typ.ElementType, element)
		}
		return tftypes.NewValue(typ, elements)
	}
	return tftypes.NewValue(typ, plain)
}

func valuesOf(typ tftypes.Type, plain []any) []tftypes.Value {
	values := make([]tftypes.Value, 0, len(plain))
	for _, element := range plain {
		values = append(values, valueOf(typ, element))
	}
	return values
}

// plainOf is the way back. What is unknown is a text that no value has.
func plainOf(value tftypes.Value) any {
	if value.IsNull() {
		return nil
	}
	if !value.IsKnown() {
		return "(unknown)"
	}
	switch {
	case value.Type().Is(tftypes.String):
		var text string
		must(value.As(&text))
		return text
	case value.Type().Is(tftypes.Bool):
		var yes bool
		must(value.As(&yes))
		return yes
	case value.Type().Is(tftypes.Number):
		number := new(big.Float)
		must(value.As(&number))
		plain, _ := number.Float64()
		return plain
	case value.Type().Is(tftypes.Object{}), value.Type().Is(tftypes.Map{}):
		elements, plain := map[string]tftypes.Value{}, map[string]any{}
		must(value.As(&elements))
		for name, element := range elements {
			plain[name] = plainOf(element)
		}
		return plain
	}
	var elements []tftypes.Value
	must(value.As(&elements))
	plain := []any{}
	for _, element := range elements {
		plain = append(plain, plainOf(element))
	}
	return plain
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func packed(value tftypes.Value) *tfprotov6.DynamicValue {
	made, err := tfprotov6.NewDynamicValue(value.Type(), value)
	must(err)
	return &made
}

func unpacked(value *tfprotov6.DynamicValue, typ tftypes.Type) tftypes.Value {
	if value == nil {
		return tftypes.NewValue(typ, nil)
	}
	read, err := value.Unmarshal(typ)
	must(err)
	return read
}

func attributesOf(value tftypes.Value) map[string]tftypes.Value {
	attributes := map[string]tftypes.Value{}
	if !value.IsNull() && value.IsKnown() {
		must(value.As(&attributes))
	}
	// As hands out the map of the value itself.
	return maps.Clone(attributes)
}

func (c *core) state() map[string]resourceBlock {
	blocks := map[string]resourceBlock{}
	for name, instance := range c.instances {
		blocks[name] = resourceBlock{typeName: instance.typeName, values: object(plainOf(instance.value))}
	}
	return blocks
}

// provider starts and configures a provider; nil where that failed.
func (c *core) provider(report *outcome) tfprotov6.ProviderServer {
	server, err := c.start()
	must(err)
	configured, err := server.ConfigureProvider(context.Background(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.99.0", Config: packed(valueOf(c.schemas.Provider.ValueType(), c.block)),
	})
	must(err)
	if report.add("", configured.Diagnostics) {
		return nil
	}
	return server
}

// walk does something for each name, as many at a time as the core works on, and collects what it reports.
func (c *core) walk(names []string, report *outcome, visit func(name string, own *outcome)) {
	outcomes := make([]*outcome, len(names))
	var group sync.WaitGroup
	turns := make(chan struct{}, c.parallel)
	for i, name := range names {
		outcomes[i] = newOutcome()
		turns <- struct{}{}
		group.Go(func() {
			defer func() { <-turns }()
			visit(name, outcomes[i])
		})
	}
	group.Wait()
	for _, own := range outcomes {
		maps.Copy(report.failures, own.failures)
		maps.Copy(report.warnings, own.warnings)
		report.changed, report.moved = append(report.changed, own.changed...), append(report.moved, own.moved...)
	}
}

// change is a planned change of one resource.
type change struct {
	typeName string
	// after is null in a destroy.
	after   tftypes.Value
	private []byte
	config  tftypes.Value
	create  bool
	destroy bool // with create: a replacement
}

func names(config configuration, instances map[string]*instance) []string {
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
func (c *core) read(server tfprotov6.ProviderServer, name string, prior *instance, report *outcome) (*instance, bool) {
	read, err := server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
		TypeName: prior.typeName, CurrentState: packed(prior.value), Private: prior.private, CurrentIdentity: prior.identity,
	})
	must(err)
	if report.add(name, read.Diagnostics) {
		return nil, false
	}
	value := unpacked(read.NewState, c.typeOf(prior.typeName))
	if !value.Equal(prior.value) {
		report.moved = append(report.moved, name)
	}
	if value.IsNull() {
		return nil, true
	}
	now := &instance{typeName: prior.typeName, value: value, private: read.Private, identity: read.NewIdentity, tainted: prior.tainted}
	c.checkIdentity(name, prior.identity, now, report)
	return now, true
}

// checkIdentity refuses an identity that changes, but for that of many users: it has to be the users of the state.
func (c *core) checkIdentity(name string, before *tfprotov6.ResourceIdentityData, now *instance, report *outcome) {
	if now.typeName != statesTypeName {
		if before != nil && !bytes.Equal(before.IdentityData.MsgPack, now.identity.IdentityData.MsgPack) {
			report.failures[name] = append(report.failures[name], "Provider produced invalid identity: it has changed")
		}
		return
	}
	ids := slices.Collect(maps.Values(object(plainOf(attributesOf(now.value)["user_ids"]))))
	slices.SortFunc(ids, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	if len(ids) == 0 {
		ids = []any{"00000000-0000-0000-0000-000000000000"}
	}
	if have := identityOfStates(now.identity); !slices.Equal(have, ids) {
		report.failures[name] = append(report.failures[name], fmt.Sprintf("Provider produced invalid identity: %q of the users %q", have, ids))
	}
}

// statesIdentity is the type of the identity of many users.
var statesIdentity = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"user_ids": tftypes.List{ElementType: tftypes.String}}}

// identityOfStates are the users of an identity, in its order.
func identityOfStates(identity *tfprotov6.ResourceIdentityData) []any {
	return list(object(plainOf(unpacked(identity.IdentityData, statesIdentity)))["user_ids"])
}

// planned refreshes and plans everything. It returns the refreshed instances and the changes.
func (c *core) planned(config configuration, report *outcome) (refreshed map[string]*instance, changes map[string]*change) {
	refreshed, changes = map[string]*instance{}, map[string]*change{}
	server := c.provider(report)
	if server == nil {
		return nil, nil
	}
	var mutex sync.Mutex
	c.walk(names(config, c.instances), report, func(name string, own *outcome) {
		prior := c.instances[name]
		if prior != nil {
			var ok bool
			if prior, ok = c.read(server, name, prior, own); !ok {
				return
			}
		}
		var planned *change
		if wanted, ok := config[name]; ok {
			if prior != nil && prior.typeName != wanted.typeName {
				panic("a name is one of one type")
			}
			planned = c.planOne(server, name, prior, wanted, own)
		} else if prior != nil {
			planned = c.planDestroy(server, name, prior, own)
		}
		mutex.Lock()
		defer mutex.Unlock()
		if prior != nil {
			refreshed[name] = prior
		}
		if planned != nil {
			changes[name] = planned
			own.changed = append(own.changed, name)
		}
	})
	report.planned = !report.failed()
	return refreshed, changes
}

func (c *core) planDestroy(server tfprotov6.ProviderServer, name string, prior *instance, report *outcome) *change {
	null := tftypes.NewValue(c.typeOf(prior.typeName), nil)
	planned, err := server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: prior.typeName, PriorState: packed(prior.value), ProposedNewState: packed(null), Config: packed(null), PriorPrivate: prior.private,
	})
	must(err)
	if report.add(name, planned.Diagnostics) {
		return nil
	}
	return &change{typeName: prior.typeName, after: null, config: null, private: planned.PlannedPrivate, destroy: true}
}

// planOne plans a block of the configuration; nil where nothing changes.
func (c *core) planOne(server tfprotov6.ProviderServer, name string, prior *instance, wanted resourceBlock, report *outcome) *change {
	typ := c.typeOf(wanted.typeName)
	config := valueOf(typ, wanted.values)
	validated, err := server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{TypeName: wanted.typeName, Config: packed(config)})
	must(err)
	if report.add(name, validated.Diagnostics) {
		return nil
	}
	null := tftypes.NewValue(typ, nil)
	before, private := null, []byte(nil)
	if prior != nil && !prior.tainted {
		before, private = prior.value, prior.private
	}
	plan := func(before tftypes.Value, private []byte) *tfprotov6.PlanResourceChangeResponse {
		planned, err := server.PlanResourceChange(context.Background(), &tfprotov6.PlanResourceChangeRequest{
			TypeName: wanted.typeName, PriorState: packed(before), ProposedNewState: packed(c.proposed(wanted.typeName, before, config)),
			Config: packed(config), PriorPrivate: private,
		})
		must(err)
		if report.add(name, planned.Diagnostics) {
			return nil
		}
		if problem := c.planProblem(wanted.typeName, before, config, unpacked(planned.PlannedState, typ)); problem != "" {
			report.failures[name] = append(report.failures[name], "Provider produced invalid plan: "+problem)
			return nil
		}
		return planned
	}
	planned := plan(before, private)
	if planned == nil {
		return nil
	}
	made := &change{typeName: wanted.typeName, after: unpacked(planned.PlannedState, typ), private: planned.PlannedPrivate, config: config}
	made.create, made.destroy = before.IsNull(), prior != nil && prior.tainted
	if made.create {
		return made
	}
	if made.after.Equal(before) {
		return nil
	}
	if len(planned.RequiresReplace) > 0 {
		if planned = plan(null, made.private); planned == nil {
			return nil
		}
		made.after, made.private = unpacked(planned.PlannedState, typ), planned.PlannedPrivate
		made.create, made.destroy = true, true
	}
	return made
}

// proposed merges the configuration with the prior state, as Terraform does: what is computed and not configured stays.
func (c *core) proposed(typeName string, before, config tftypes.Value) tftypes.Value {
	prior, merged := attributesOf(before), attributesOf(config)
	for _, attribute := range c.schemas.ResourceSchemas[typeName].Block.Attributes {
		if value, ok := prior[attribute.Name]; ok && attribute.Computed && merged[attribute.Name].IsNull() {
			merged[attribute.Name] = value
		}
	}
	return tftypes.NewValue(config.Type(), merged)
}

// planProblem says where a plan is one that Terraform refuses.
func (c *core) planProblem(typeName string, before, config, after tftypes.Value) string {
	prior, configured, planned := attributesOf(before), attributesOf(config), attributesOf(after)
	for _, attribute := range c.schemas.ResourceSchemas[typeName].Block.Attributes {
		have, want := planned[attribute.Name], configured[attribute.Name]
		switch was, ok := prior[attribute.Name]; {
		case have.Equal(want), ok && have.Equal(was) && !want.IsNull():
		case want.IsNull() && attribute.Computed:
		case attribute.NestedType != nil && nestedFits(was, want, have):
		default:
			return fmt.Sprintf("%s is planned as %s, configured as %s and was %s", attribute.Name, have, want, was)
		}
	}
	return ""
}

// nestedFits reports whether each attribute of an object is as configured or as it was.
func nestedFits(was, want, have tftypes.Value) bool {
	if want.IsNull() || have.IsNull() {
		return false
	}
	before, configured := attributesOf(was), attributesOf(want)
	for name, value := range attributesOf(have) {
		old, ok := before[name]
		if !value.Equal(configured[name]) && (!ok || !value.Equal(old) || configured[name].IsNull()) {
			return false
		}
	}
	return true
}

// surprises says where a result differs from what was known of it.
func surprises(promised, have tftypes.Value) string {
	differences, err := promised.Diff(have)
	must(err)
	for _, difference := range differences {
		if difference.Value1 == nil || difference.Value2 == nil {
			if within(promised, difference.Path) {
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

func (c *core) plan(config configuration) *outcome {
	report := newOutcome()
	c.planned(config, report)
	return report
}

func (c *core) refresh(configuration) *outcome {
	report := newOutcome()
	server := c.provider(report)
	if server == nil {
		return report
	}
	refreshed := map[string]*instance{}
	var mutex sync.Mutex
	c.walk(names(nil, c.instances), report, func(name string, own *outcome) {
		if now, ok := c.read(server, name, c.instances[name], own); ok && now != nil {
			mutex.Lock()
			defer mutex.Unlock()
			refreshed[name] = now
		}
	})
	if !report.failed() {
		c.instances, report.planned = refreshed, true
	}
	return report
}

func (c *core) apply(config configuration) *outcome {
	report := newOutcome()
	refreshed, changes := c.planned(config, report)
	if report.failed() {
		return report
	}
	c.instances, report.told = refreshed, report.String()
	if len(changes) == 0 {
		return report
	}
	if between := c.between; between != nil {
		c.between = nil
		between()
	}
	server := c.provider(report)
	if server == nil {
		return report
	}
	var mutex sync.Mutex
	c.walk(slices.Sorted(maps.Keys(changes)), report, func(name string, own *outcome) {
		mutex.Lock()
		prior := c.instances[name]
		mutex.Unlock()
		now := c.applyOne(server, name, prior, changes[name], config[name], own)
		mutex.Lock()
		defer mutex.Unlock()
		if now == nil {
			delete(c.instances, name)
		} else {
			c.instances[name] = now
		}
	})
	return report
}

// applyOne carries out a change and returns what is in the state then; nil for nothing.
func (c *core) applyOne(server tfprotov6.ProviderServer, name string, prior *instance, planned *change, wanted resourceBlock, report *outcome) *instance {
	if planned.destroy {
		gone := *planned
		// A destroy that fails taints nothing.
		gone.create = false
		gone.after, gone.config = tftypes.NewValue(c.typeOf(planned.typeName), nil), tftypes.NewValue(c.typeOf(planned.typeName), nil)
		prior = c.send(server, name, prior, &gone, report)
		if !planned.create || prior != nil {
			return prior
		}
	}
	// Terraform plans once more before it creates or updates, and wants the same.
	again := c.planOne(server, name, prior, wanted, report)
	switch {
	case len(report.failures[name]) > 0:
		return prior
	case again == nil || again.create != planned.create || again.destroy:
		report.failures[name] = append(report.failures[name], "Provider produced inconsistent final plan: another action")
		return prior
	}
	if surprise := surprises(planned.after, again.after); surprise != "" {
		report.failures[name] = append(report.failures[name], "Provider produced inconsistent final plan: "+surprise)
		return prior
	}
	return c.send(server, name, prior, again, report)
}

func (c *core) send(server tfprotov6.ProviderServer, name string, prior *instance, planned *change, report *outcome) *instance {
	typ := c.typeOf(planned.typeName)
	before := tftypes.NewValue(typ, nil)
	var identity *tfprotov6.ResourceIdentityData
	if prior != nil {
		before, identity = prior.value, prior.identity
	}
	applied, err := server.ApplyResourceChange(context.Background(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: planned.typeName, PriorState: packed(before), PlannedState: packed(planned.after), Config: packed(planned.config),
		PlannedPrivate: planned.private, PlannedIdentity: identity,
	})
	must(err)
	value := unpacked(applied.NewState, typ)
	failed := report.add(name, applied.Diagnostics)
	switch {
	case failed && value.IsNull():
		return prior
	case value.IsNull():
		if !planned.after.IsNull() {
			report.failures[name] = append(report.failures[name], "Provider produced inconsistent result after apply: the resource is not there")
		}
		return nil
	case !value.IsFullyKnown():
		report.failures[name] = append(report.failures[name], "Provider returned invalid result object after apply: not everything is known")
	case !failed && planned.after.IsNull():
		report.failures[name] = append(report.failures[name], "Provider returned invalid result object after apply: it is still there")
	case !failed:
		if surprise := surprises(planned.after, value); surprise != "" {
			report.failures[name] = append(report.failures[name], "Provider produced inconsistent result after apply: "+surprise)
		}
	}
	now := &instance{typeName: planned.typeName, value: value, private: applied.Private, identity: applied.NewIdentity}
	c.checkIdentity(name, identity, now, report)
	now.tainted = prior != nil && prior.tainted || planned.create && len(report.failures[name]) > 0
	return now
}

func (c *core) importOne(config configuration, name, id string) *outcome {
	report := newOutcome()
	server := c.provider(report)
	if server == nil {
		return report
	}
	typeName := config[name].typeName
	imported, err := server.ImportResourceState(context.Background(), &tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id})
	must(err)
	if report.add(name, imported.Diagnostics) {
		return report
	}
	object := imported.ImportedResources[0]
	now, ok := c.read(server, name, &instance{
		typeName: typeName, value: unpacked(object.State, c.typeOf(typeName)), private: object.Private, identity: object.Identity,
	}, report)
	switch {
	case !ok:
	case now == nil:
		report.failures[name] = append(report.failures[name], "Cannot import non-existent remote object")
	default:
		c.instances[name], report.planned = now, true
	}
	return report
}

func (o *outcome) String() string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(o.failures)) {
		fmt.Fprintf(&text, "  error of %q: %s\n", name, strings.Join(o.failures[name], "\n    "))
	}
	for _, name := range slices.Sorted(maps.Keys(o.warnings)) {
		fmt.Fprintf(&text, "  warning of %q: %s\n", name, strings.Join(o.warnings[name], "\n    "))
	}
	return text.String()
}
