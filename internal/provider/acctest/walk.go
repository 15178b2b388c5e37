package acctest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
)

// plan is what one walk of planning has found.
type plan struct {
	// instances, own and data are the state after the refresh and the moves; changes has each address of state and configuration.
	instances map[string]*Instance
	own, data map[string]cty.Value
	changes   map[string]*plannedChange
}

type planOptions struct {
	refresh, destroy bool
	// only: nothing is planned, as by -refresh-only.
	only bool
}

func (p *plan) empty() bool {
	for _, change := range p.changes {
		if !change.actions.NoOp() {
			return false
		}
	}
	return true
}

func (p *plan) String() string {
	var text strings.Builder
	for _, address := range slices.Sorted(maps.Keys(p.changes)) {
		if change := p.changes[address]; !change.actions.NoOp() {
			fmt.Fprintf(&text, "  %s %v\n    before %s\n    after  %s\n", address, change.actions, Encoded(jsonOf(change.before)), Encoded(withoutUnknown(change.after)))
		}
	}
	return text.String()
}

// errorsOf are the failures of a walk in the form in which a CLI prints them.
func (p *player) errorsOf(report *Outcome) string {
	var text strings.Builder
	for _, address := range slices.Sorted(maps.Keys(report.Failures)) {
		for _, failure := range report.Failures[address] {
			source, ok := report.sources[failure]
			if !ok {
				text.WriteString(p.module.printed(address, failure, "", nil))
				continue
			}
			name, body := `provider["registry.terraform.io/hashicorp/entramfa"]`, p.module.provider
			if one := p.module.nodes[address]; one != nil {
				name, body = address, one.body
			} else if address != "" {
				name, body = address, nil
			}
			if body == nil {
				text.WriteString(p.module.printed(name, source.Summary, source.Detail, nil))
				continue
			}
			text.WriteString(p.module.printed(name, source.Summary, source.Detail, rangeOf(body, source.Attribute)))
		}
	}
	return text.String()
}

// configured evaluates the provider block for the next processes; it is validated where that is asked for.
func (p *player) configured(validates bool) error {
	schema := p.core.schemas.Provider
	if p.module.provider == nil {
		p.core.Block = map[string]any{}
		return nil
	}
	value, problems := p.module.evaluate(p.module.provider, schema.Block, p.module.scope(nil))
	if problems.HasErrors() {
		return errors.New(p.module.problems("", problems))
	}
	config := toProtocol(value, schema.ValueType())
	p.core.Block = map[string]any{}
	for name, attribute := range AttributesOf(config) {
		p.core.Block[name] = attribute
	}
	if !validates {
		return nil
	}
	server, err := p.core.start()
	Must(err)
	validated, err := server.ValidateProviderConfig(context.Background(), &tfprotov6.ValidateProviderConfigRequest{Config: Packed(config)})
	Must(err)
	report := NewOutcome()
	if report.add("", validated.Diagnostics) {
		return errors.New(p.errorsOf(report))
	}
	return nil
}

// config evaluates the block of a node.
func (p *player) config(one *node, values map[string]cty.Value) (cty.Value, error) {
	schema, ok := p.core.schemas.ResourceSchemas[one.typeName]
	if one.data {
		schema, ok = p.core.schemas.DataSourceSchemas[one.typeName]
	}
	if one.typeName == terraformData {
		schema, ok = terraformDataSchema, true
	}
	if !ok {
		return cty.NilVal, unsupported{"the type " + one.typeName}
	}
	value, problems := p.module.evaluate(one.body, schema.Block, p.module.scope(values), "depends_on", "lifecycle")
	if problems.HasErrors() {
		return cty.NilVal, errors.New(p.module.problems(one.address, problems))
	}
	return value, nil
}

// validate validates everything in a process of its own, in which no resource has a value yet.
func (p *player) validate() error {
	if err := p.configured(true); err != nil {
		return err
	}
	server, err := p.core.start()
	Must(err)
	report, ctx := NewOutcome(), context.Background()
	var problems []error
	for _, address := range p.module.order {
		one := p.module.nodes[address]
		value, err := p.config(one, nil)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		switch {
		case one.typeName == terraformData:
		case one.data:
			validated, err := server.ValidateDataResourceConfig(ctx, &tfprotov6.ValidateDataResourceConfigRequest{
				TypeName: one.typeName, Config: Packed(toProtocol(value, p.core.schemas.DataSourceSchemas[one.typeName].ValueType())),
			})
			Must(err)
			report.add(address, validated.Diagnostics)
		default:
			validated, err := server.ValidateResourceConfig(ctx, &tfprotov6.ValidateResourceConfigRequest{
				TypeName: one.typeName, Config: Packed(toProtocol(value, p.core.TypeOf(one.typeName))),
			})
			Must(err)
			report.add(address, validated.Diagnostics)
		}
	}
	if report.Failed() {
		problems = append(problems, errors.New(p.errorsOf(report)))
	}
	return errors.Join(problems...)
}

// plan validates, refreshes and plans everything, in the order of the references.
func (p *player) plan(options planOptions) (*plan, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	made := &plan{instances: maps.Clone(p.core.Instances), own: maps.Clone(p.own), data: map[string]cty.Value{}, changes: map[string]*plannedChange{}}
	from := map[string]string{}
	for old, address := range p.module.moved {
		if made.instances[old] != nil && made.instances[address] == nil {
			made.instances[address], from[address] = made.instances[old], old
			delete(made.instances, old)
		}
	}
	report := NewOutcome()
	server := p.core.Provider(report)
	if server == nil {
		return nil, errors.New(p.errorsOf(report))
	}
	values := map[string]cty.Value{}
	var problems []error
	for _, address := range p.addresses(made) {
		one := p.module.nodes[address]
		if one != nil && slices.ContainsFunc(one.needs, func(need string) bool { return made.changes[need] == nil }) {
			// What it depends on has failed.
			continue
		}
		change, err := p.planNode(made, server, address, one, values, options, report)
		switch {
		case err != nil:
			problems = append(problems, err)
		case change != nil:
			change.address, change.from = address, from[address]
			made.changes[address], values[address] = change, change.after
		}
	}
	if report.Failed() {
		problems = append(problems, errors.New(p.errorsOf(report)))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	maps.DeleteFunc(made.changes, func(_ string, change *plannedChange) bool { return change.actions == nil })
	return made, nil
}

// addresses are those of the configuration in the order of their references, and those that only the state has.
func (p *player) addresses(of *plan) []string {
	all := slices.Clone(p.module.order)
	for _, address := range slices.Sorted(maps.Keys(p.values())) {
		_, managed := of.instances[address]
		_, own := of.own[address]
		if p.module.nodes[address] == nil && (managed || own) {
			all = append(all, address)
		}
	}
	return all
}

var nothing = cty.NullVal(cty.DynamicPseudoType)

// planNode refreshes and plans one address; nil where that has failed.
func (p *player) planNode(made *plan, server tfprotov6.ProviderServer, address string, one *node, values map[string]cty.Value, options planOptions, report *Outcome) (*plannedChange, error) {
	if one != nil && one.data {
		return p.planData(made, server, one, values, options, report)
	}
	_, typeName, _ := partsOf(address)
	destroys := one == nil || options.destroy
	if typeName == terraformData {
		return p.planOwn(made, address, one, values, destroys, options)
	}
	prior := made.instances[address]
	if prior != nil && options.refresh {
		now, ok := p.core.read(server, address, prior, report)
		if !ok || len(report.Failures[address]) > 0 {
			return nil, nil
		}
		if prior = now; prior == nil {
			delete(made.instances, address)
		} else {
			made.instances[address] = prior
		}
	}
	before := nothing
	if prior != nil {
		before = fromProtocol(prior.Value)
	}
	unchanged := &plannedChange{actions: tfjson.Actions{tfjson.ActionNoop}, before: before, after: before}
	destroyed, removed := p.module.removed[address]
	switch {
	case options.only, prior == nil && destroys:
		return &plannedChange{before: before, after: before}, nil
	case destroys && removed && !destroyed:
		return &plannedChange{actions: tfjson.Actions{tfjson.ActionForget}, before: before, after: nothing}, nil
	case destroys:
		inner := p.core.PlanDestroy(server, address, prior, report)
		if inner == nil {
			return nil, nil
		}
		return &plannedChange{actions: tfjson.Actions{tfjson.ActionDelete}, before: before, after: nothing, inner: inner}, nil
	}
	config, err := p.config(one, values)
	if err != nil {
		return nil, err
	}
	triggered := prior != nil && slices.ContainsFunc(one.replacedBy, func(trigger string) bool {
		actions := made.changes[trigger].actions
		return actions.Update() || actions.Replace()
	})
	inner := p.core.planOne(server, address, prior, p.wanted(one, config), triggered, report)
	switch {
	case len(report.Failures[address]) > 0:
		return nil, nil
	case inner == nil:
		return unchanged, nil
	}
	change := &plannedChange{actions: tfjson.Actions{tfjson.ActionUpdate}, before: before, after: fromProtocol(inner.after), inner: inner}
	switch {
	case inner.destroy:
		change.actions = tfjson.Actions{tfjson.ActionDelete, tfjson.ActionCreate}
	case inner.create:
		change.actions = tfjson.Actions{tfjson.ActionCreate}
	}
	return change, nil
}

// wanted is a block as core takes it.
func (p *player) wanted(one *node, config cty.Value) ResourceBlock {
	block := ResourceBlock{TypeName: one.typeName, Values: map[string]any{}}
	for name, attribute := range AttributesOf(toProtocol(config, p.core.TypeOf(one.typeName))) {
		block.Values[name] = attribute
	}
	return block
}

// planData reads a data source, unless it has to wait for the apply.
func (p *player) planData(made *plan, server tfprotov6.ProviderServer, one *node, values map[string]cty.Value, options planOptions, report *Outcome) (*plannedChange, error) {
	before, ok := p.data[one.address]
	if !ok {
		before = nothing
	}
	if options.destroy {
		return &plannedChange{before: before, after: before}, nil
	}
	config, err := p.config(one, values)
	if err != nil {
		return nil, err
	}
	waits := !config.IsWhollyKnown() || slices.ContainsFunc(one.dependsOn, func(need string) bool {
		return made.changes[need].actions != nil && !made.changes[need].actions.NoOp()
	})
	if waits {
		return &plannedChange{actions: tfjson.Actions{tfjson.ActionRead}, before: before, after: unknownComputed(config, p.core.schemas.DataSourceSchemas[one.typeName].Block)}, nil
	}
	read, ok := p.readData(server, one, config, report)
	if !ok {
		return nil, nil
	}
	made.data[one.address] = read
	// A data source that a plan has read is not a change.
	return &plannedChange{before: before, after: read}, nil
}

func (p *player) readData(server tfprotov6.ProviderServer, one *node, config cty.Value, report *Outcome) (cty.Value, bool) {
	typ := p.core.schemas.DataSourceSchemas[one.typeName].ValueType()
	read, err := server.ReadDataSource(context.Background(), &tfprotov6.ReadDataSourceRequest{TypeName: one.typeName, Config: Packed(toProtocol(config, typ))})
	Must(err)
	if report.add(one.address, read.Diagnostics) {
		return nothing, false
	}
	state := Unpacked(read.State, typ)
	if !state.IsFullyKnown() {
		report.Failures[one.address] = append(report.Failures[one.address], "Provider produced invalid object: not everything is known")
		return nothing, false
	}
	if surprise := Surprises(configuredOnly(config, p.core.schemas.DataSourceSchemas[one.typeName], typ), state); surprise != "" {
		report.Failures[one.address] = append(report.Failures[one.address], "Provider produced invalid object: "+surprise)
		return nothing, false
	}
	return fromProtocol(state), true
}

// configuredOnly is a configuration in which what the provider may fill in is not known.
func configuredOnly(config cty.Value, schema *tfprotov6.Schema, typ tftypes.Type) tftypes.Value {
	return toProtocol(unknownComputed(config, schema.Block), typ)
}

// unknownComputed leaves open what is computed and not configured.
func unknownComputed(config cty.Value, schema *tfprotov6.SchemaBlock) cty.Value {
	attributes := config.AsValueMap()
	for _, attribute := range schema.Attributes {
		if attribute.Computed && attributes[attribute.Name].IsNull() {
			attributes[attribute.Name] = cty.UnknownVal(attributes[attribute.Name].Type())
		}
	}
	return cty.ObjectVal(attributes)
}

// terraformDataSchema is that of Terraform's own resource.
var terraformDataSchema = &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
	{Name: "id", Type: tftypes.String, Computed: true},
	{Name: "input", Type: tftypes.DynamicPseudoType, Optional: true},
	{Name: "output", Type: tftypes.DynamicPseudoType, Computed: true},
	{Name: "triggers_replace", Type: tftypes.DynamicPseudoType, Optional: true},
}}}

// planOwn plans a terraform_data.
func (p *player) planOwn(made *plan, address string, one *node, values map[string]cty.Value, destroys bool, options planOptions) (*plannedChange, error) {
	prior, there := made.own[address]
	if !there {
		prior = nothing
	}
	switch {
	case options.only, destroys && !there:
		return &plannedChange{before: prior, after: prior}, nil
	case destroys:
		return &plannedChange{actions: tfjson.Actions{tfjson.ActionDelete}, before: prior, after: nothing}, nil
	}
	config, err := p.config(one, values)
	if err != nil {
		return nil, err
	}
	planned := config.AsValueMap()
	planned["id"] = cty.UnknownVal(cty.String)
	planned["output"] = cty.DynamicVal
	if planned["input"].IsKnown() && planned["input"].IsNull() {
		planned["output"] = nothing
	}
	change := &plannedChange{actions: tfjson.Actions{tfjson.ActionCreate}, before: prior}
	switch {
	case !there:
	case !planned["triggers_replace"].RawEquals(prior.GetAttr("triggers_replace")):
		change.actions = tfjson.Actions{tfjson.ActionDelete, tfjson.ActionCreate}
	case !planned["input"].RawEquals(prior.GetAttr("input")):
		change.actions, planned["id"] = tfjson.Actions{tfjson.ActionUpdate}, prior.GetAttr("id")
	default:
		return &plannedChange{actions: tfjson.Actions{tfjson.ActionNoop}, before: prior, after: prior}, nil
	}
	change.after = cty.ObjectVal(planned)
	return change, nil
}

// apply carries a plan out: what goes, in the opposite order of the references, and then what comes.
func (p *player) apply(planned *plan) error {
	p.core.Instances, p.own, p.data = planned.instances, planned.own, planned.data
	if planned.empty() {
		return nil
	}
	if err := p.configured(false); err != nil {
		return err
	}
	report := NewOutcome()
	server := p.core.Provider(report)
	if server == nil {
		return errors.New(p.errorsOf(report))
	}
	failed := map[string]bool{}
	p.destroyAll(planned, server, failed, report)
	var problems []error
	values := p.values()
	for _, address := range p.module.order {
		one, change := p.module.nodes[address], planned.changes[address]
		if change == nil || change.actions.NoOp() || change.actions.Delete() || failed[address] {
			continue
		}
		if failed[address] = slices.ContainsFunc(one.needs, func(need string) bool { return failed[need] }); failed[address] {
			continue
		}
		config, err := p.config(one, values)
		if err != nil {
			problems, failed[address] = append(problems, err), true
			continue
		}
		p.make(server, one, config, change, report)
		failed[address] = len(report.Failures[address]) > 0
		values = p.values()
	}
	p.order = p.module.order
	if report.Failed() {
		problems = append(problems, errors.New(p.errorsOf(report)))
	}
	return errors.Join(problems...)
}

// destroyAll carries out the destroys, also those of replacements.
func (p *player) destroyAll(planned *plan, server tfprotov6.ProviderServer, failed map[string]bool, report *Outcome) {
	rank := map[string]int{}
	for i, address := range append(slices.Clone(p.order), p.module.order...) {
		rank[address] = i
	}
	addresses := slices.SortedFunc(maps.Keys(planned.changes), func(a, b string) int { return cmp.Or(rank[b]-rank[a], strings.Compare(a, b)) })
	for _, address := range addresses {
		change := planned.changes[address]
		switch _, own := p.own[address]; {
		case change.actions.Forget():
			delete(p.core.Instances, address)
		case !change.actions.Delete() && !change.actions.Replace():
		case own:
			delete(p.own, address)
		default:
			left := p.core.destroyOne(server, address, p.core.Instances[address], change.inner, report)
			delete(p.core.Instances, address)
			if left != nil {
				p.core.Instances[address], failed[address] = left, true
			}
		}
	}
}

// make carries out a creation, an update, or the read of a data source.
func (p *player) make(server tfprotov6.ProviderServer, one *node, config cty.Value, change *plannedChange, report *Outcome) {
	switch {
	case one.data:
		if read, ok := p.readData(server, one, config, report); ok {
			p.data[one.address] = read
		}
	case one.typeName == terraformData:
		made := config.AsValueMap()
		made["id"], made["output"] = cty.StringVal(uuid.NewString()), made["input"]
		if prior, ok := p.own[one.address]; ok {
			made["id"] = prior.GetAttr("id")
		}
		p.own[one.address] = cty.ObjectVal(made)
	default:
		inner := *change.inner
		inner.destroy = false
		now := p.core.makeOne(server, one.address, p.core.Instances[one.address], &inner, p.wanted(one, config), report)
		delete(p.core.Instances, one.address)
		if now != nil {
			p.core.Instances[one.address] = now
		}
	}
}
