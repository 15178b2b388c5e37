package acctest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"github.com/zclconf/go-cty/cty/msgpack"
)

// module is the configuration of a step.
type module struct {
	source   []byte
	provider *hclsyntax.Body
	nodes    map[string]*node
	// order has each node behind those that it depends on.
	order []string
	// moved is from an old address to its new one; removed is what leaves the state, and whether it is destroyed.
	moved   map[string]string
	removed map[string]bool
}

// node is a resource or a data source.
type node struct {
	address, typeName, name string
	data                    bool
	body                    *hclsyntax.Body
	dependsOn, replacedBy   []string
	// needs are all that it depends on, by references as well.
	needs []string
}

// terraformData is Terraform's own resource, whose output is not known before its apply.
const terraformData = "terraform_data"

// hclFunctions are those of Terraform's functions that the configurations of the tests use. Another one is an error of the configuration.
var hclFunctions = map[string]function.Function{
	"concat": stdlib.ConcatFunc, "format": stdlib.FormatFunc, "jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc, "length": stdlib.LengthFunc,
	"lower": stdlib.LowerFunc, "merge": stdlib.MergeFunc, "sort": stdlib.SortFunc, "upper": stdlib.UpperFunc, "values": stdlib.ValuesFunc,
}

// unsupported is a configuration that Terraform takes and that steps over the protocol do not: it fails the test whatever the step expects.
type unsupported struct{ what string }

func (u unsupported) Error() string {
	return u.what + ": steps over the protocol do not support that; run the test with a CLI"
}

func parseModule(text string) (*module, error) {
	m := &module{source: []byte(text), nodes: map[string]*node{}, moved: map[string]string{}, removed: map[string]bool{}}
	file, problems := hclsyntax.ParseConfig(m.source, "main.tf", hcl.InitialPos)
	if problems.HasErrors() {
		return nil, errors.New(m.problems("", problems))
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok || len(body.Attributes) > 0 {
		return nil, unsupported{"attributes outside of blocks"}
	}
	for _, block := range body.Blocks {
		if err := m.add(block); err != nil {
			return nil, err
		}
	}
	for _, one := range m.nodes {
		for _, need := range one.needs {
			if m.nodes[need] == nil {
				return nil, fmt.Errorf("Error: Reference to undeclared resource\n\n  with %s,\n\nA resource %s has not been declared in the root module.\n", one.address, need) //nolint:revive,staticcheck // it stands for what a CLI prints
			}
		}
	}
	return m, m.sort()
}

func (m *module) add(block *hclsyntax.Block) error {
	switch kind := block.Type; {
	case kind == "provider" && len(block.Labels) == 1 && block.Labels[0] == "entramfa" && m.provider == nil && block.Body.Attributes["alias"] == nil:
		if len(variablesOf(block.Body)) > 0 {
			return unsupported{"a reference in the provider block"}
		}
		m.provider = block.Body
	case kind == "resource" && len(block.Labels) == 2, kind == "data" && len(block.Labels) == 2:
		return m.addNode(block)
	case kind == "moved":
		from, to := traversalOf(block.Body.Attributes["from"]), traversalOf(block.Body.Attributes["to"])
		if strings.Split(from, ".")[0] != strings.Split(to, ".")[0] {
			return unsupported{"a moved block from one type to another"}
		}
		m.moved[from] = to
	case kind == "removed":
		destroys := true
		for _, inner := range block.Body.Blocks {
			destroy := inner.Body.Attributes["destroy"]
			if inner.Type != "lifecycle" || destroy == nil || len(inner.Body.Attributes) > 1 {
				return unsupported{"a block " + inner.Type + " in a removed block"}
			}
			value, _ := destroy.Expr.Value(nil)
			destroys = !value.RawEquals(cty.False)
		}
		m.removed[traversalOf(block.Body.Attributes["from"])] = destroys
	default:
		return unsupported{"the block " + strings.Join(append([]string{kind}, block.Labels...), " ")}
	}
	return nil
}

func (m *module) addNode(block *hclsyntax.Block) error {
	one := &node{typeName: block.Labels[0], name: block.Labels[1], data: block.Type == "data", body: block.Body}
	one.address = one.typeName + "." + one.name
	if one.data {
		one.address = "data." + one.address
	}
	if m.nodes[one.address] != nil {
		return fmt.Errorf("Error: Duplicate resource %q configuration", one.address)
	}
	for _, name := range []string{"count", "for_each", "provider"} {
		if one.body.Attributes[name] != nil {
			return unsupported{name + " in " + one.address}
		}
	}
	if of := one.body.Attributes["depends_on"]; of != nil {
		one.dependsOn = traversalsOf(of)
	}
	for _, inner := range one.body.Blocks {
		switch inner.Type {
		case "lifecycle":
			for name := range inner.Body.Attributes {
				if name != "replace_triggered_by" || len(inner.Body.Blocks) > 0 {
					return unsupported{name + " in the lifecycle of " + one.address}
				}
				one.replacedBy = traversalsOf(inner.Body.Attributes[name])
			}
		case "provisioner", "connection", "dynamic":
			return unsupported{inner.Type + " in " + one.address}
		}
	}
	one.needs = append(slices.Clone(one.dependsOn), one.replacedBy...)
	for _, traversal := range variablesOf(one.body) {
		if need := addressOf(traversal); need != "" {
			one.needs = append(one.needs, need)
		}
	}
	m.nodes[one.address] = one
	return nil
}

func variablesOf(body *hclsyntax.Body) []hcl.Traversal {
	var found []hcl.Traversal
	for _, attribute := range body.Attributes {
		found = append(found, attribute.Expr.Variables()...)
	}
	for _, inner := range body.Blocks {
		found = append(found, variablesOf(inner.Body)...)
	}
	return found
}

// addressOf is the resource or data source that an expression refers to.
func addressOf(traversal hcl.Traversal) string {
	parts := []string{traversal.RootName()}
	length := 2
	if parts[0] == "data" {
		length = 3
	}
	for _, step := range traversal[1:min(length, len(traversal))] {
		if name, ok := step.(hcl.TraverseAttr); ok {
			parts = append(parts, name.Name)
		}
	}
	if len(parts) < length {
		return ""
	}
	return strings.Join(parts, ".")
}

func traversalOf(attribute *hclsyntax.Attribute) string {
	if attribute == nil {
		return ""
	}
	traversal, _ := hcl.AbsTraversalForExpr(attribute.Expr)
	if len(traversal) == 0 {
		return ""
	}
	return addressOf(traversal)
}

func traversalsOf(attribute *hclsyntax.Attribute) []string {
	var found []string
	for _, traversal := range attribute.Expr.Variables() {
		found = append(found, addressOf(traversal))
	}
	return found
}

// sort puts each node behind those that it depends on, and otherwise keeps to the addresses.
func (m *module) sort() error {
	placed, under := map[string]bool{}, map[string]bool{}
	var place func(address string) error
	place = func(address string) error {
		if under[address] {
			return fmt.Errorf("Error: Cycle: %s", address)
		}
		if placed[address] {
			return nil
		}
		under[address] = true
		for _, need := range m.nodes[address].needs {
			if err := place(need); err != nil {
				return err
			}
		}
		under[address], placed[address] = false, true
		m.order = append(m.order, address)
		return nil
	}
	for _, address := range slices.Sorted(maps.Keys(m.nodes)) {
		if err := place(address); err != nil {
			return err
		}
	}
	return nil
}

// scope is what the expressions of a node can refer to. What has no value yet is not known.
func (m *module) scope(values map[string]cty.Value) *hcl.EvalContext {
	kinds := map[string]map[string]cty.Value{}
	data := map[string]map[string]cty.Value{}
	for address, one := range m.nodes {
		into := kinds
		if one.data {
			into = data
		}
		if into[one.typeName] == nil {
			into[one.typeName] = map[string]cty.Value{}
		}
		value, ok := values[address]
		if !ok {
			value = cty.DynamicVal
		}
		into[one.typeName][one.name] = value
	}
	variables := map[string]cty.Value{}
	for name, named := range kinds {
		variables[name] = cty.ObjectVal(named)
	}
	ofData := map[string]cty.Value{}
	for name, named := range data {
		ofData[name] = cty.ObjectVal(named)
	}
	variables["data"] = cty.ObjectVal(ofData)
	return &hcl.EvalContext{Variables: variables, Functions: hclFunctions}
}

// evaluate makes a value of a block, as its schema has it.
func (m *module) evaluate(body *hclsyntax.Body, schema *tfprotov6.SchemaBlock, within *hcl.EvalContext, meta ...string) (cty.Value, hcl.Diagnostics) {
	values := map[string]cty.Value{}
	var problems hcl.Diagnostics
	problem := func(at hcl.Range, summary, detail string) {
		problems = append(problems, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: &at})
	}
	known := map[string]bool{}
	for _, name := range meta {
		known[name] = true
	}
	for _, attribute := range schema.Attributes {
		known[attribute.Name] = true
		typ := configType(attribute)
		given := body.Attributes[attribute.Name]
		values[attribute.Name] = cty.NullVal(typ.WithoutOptionalAttributesDeep())
		if given == nil {
			if attribute.Required {
				problem(body.MissingItemRange(), "Missing required argument", fmt.Sprintf("The argument %q is required, but no definition was found.", attribute.Name))
			}
			continue
		}
		value, more := given.Expr.Value(within)
		problems = append(problems, more...)
		converted, err := convert.Convert(value, typ)
		if err != nil {
			problem(given.Expr.Range(), "Incorrect attribute value type", fmt.Sprintf("Inappropriate value for attribute %q: %s.", attribute.Name, convert.MismatchMessage(value.Type(), typ)))
			continue
		}
		values[attribute.Name] = converted
	}
	for _, nested := range schema.BlockTypes {
		known[nested.TypeName] = true
		if nested.Nesting != tfprotov6.SchemaNestedBlockNestingModeSingle {
			problem(body.MissingItemRange(), "Unsupported nesting", fmt.Sprintf("Steps over the protocol do not support the nesting of %q.", nested.TypeName))
			continue
		}
		values[nested.TypeName] = cty.NullVal(ctyTypeOf(nested.Block.ValueType()))
		for _, block := range body.Blocks {
			if block.Type == nested.TypeName {
				value, more := m.evaluate(block.Body, nested.Block, within)
				problems, values[nested.TypeName] = append(problems, more...), value
			}
		}
	}
	for name, attribute := range body.Attributes {
		if !known[name] {
			problem(attribute.NameRange, "Unsupported argument", fmt.Sprintf("An argument named %q is not expected here.", name))
		}
	}
	for _, block := range body.Blocks {
		if !known[block.Type] {
			problem(block.TypeRange, "Unsupported block type", fmt.Sprintf("Blocks of type %q are not expected here.", block.Type))
		}
	}
	return cty.ObjectVal(values), problems
}

// ctyTypeOf is the same type in the language of the configuration.
func ctyTypeOf(typ tftypes.Type) cty.Type {
	signature, err := typ.MarshalJSON() //nolint:staticcheck // it is what both libraries read and write
	Must(err)
	made, err := ctyjson.UnmarshalType(signature)
	Must(err)
	return made
}

// configType is the type of what may be written for an attribute: what is optional in an object may be left out.
func configType(attribute *tfprotov6.SchemaAttribute) cty.Type {
	nested := attribute.NestedType
	if nested == nil {
		return ctyTypeOf(attribute.Type)
	}
	types, optional := map[string]cty.Type{}, []string{}
	for _, inner := range nested.Attributes {
		types[inner.Name] = configType(inner)
		if !inner.Required {
			optional = append(optional, inner.Name)
		}
	}
	object := cty.ObjectWithOptionalAttrs(types, optional)
	switch nested.Nesting {
	case tfprotov6.SchemaObjectNestingModeList:
		return cty.List(object)
	case tfprotov6.SchemaObjectNestingModeSet:
		return cty.Set(object)
	case tfprotov6.SchemaObjectNestingModeMap:
		return cty.Map(object)
	default:
		return object
	}
}

// toProtocol and fromProtocol carry a value from the language of the configuration to that of the protocol and back.
func toProtocol(value cty.Value, typ tftypes.Type) tftypes.Value {
	// What is said about an unknown value beyond its type is not needed here.
	plain, err := cty.Transform(value, func(_ cty.Path, inner cty.Value) (cty.Value, error) {
		if !inner.IsKnown() {
			return cty.UnknownVal(inner.Type()), nil
		}
		return inner, nil
	})
	Must(err)
	packed, err := msgpack.Marshal(plain, ctyTypeOf(typ))
	Must(err)
	return Unpacked(&tfprotov6.DynamicValue{MsgPack: packed}, typ)
}

func fromProtocol(value tftypes.Value) cty.Value {
	made, err := msgpack.Unmarshal(Packed(value).MsgPack, ctyTypeOf(value.Type()))
	Must(err)
	return made
}

// problems are errors of the configuration in the form in which a CLI prints them.
func (m *module) problems(address string, found hcl.Diagnostics) string {
	var text strings.Builder
	for _, problem := range found {
		if problem.Severity == hcl.DiagError {
			text.WriteString(m.printed(address, problem.Summary, problem.Detail, problem.Subject))
		}
	}
	return text.String()
}

func (m *module) printed(address, summary, detail string, at *hcl.Range) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\nError: %s\n\n", summary)
	if address != "" {
		fmt.Fprintf(&text, "  with %s,\n", address)
	}
	if at != nil {
		fmt.Fprintf(&text, "  on main.tf line %d:\n", at.Start.Line)
		lines := strings.Split(string(m.source), "\n")
		for line := at.Start.Line; line <= min(at.End.Line, len(lines)); line++ {
			fmt.Fprintf(&text, "  %d: %s\n", line, lines[line-1])
		}
	}
	fmt.Fprintf(&text, "\n%s\n", detail)
	return text.String()
}

// rangeOf is where the configuration has what a path leads to, or the nearest that is there.
func rangeOf(body *hclsyntax.Body, path *tftypes.AttributePath) *hcl.Range {
	steps := path.Steps()
	at := body.MissingItemRange()
	if len(steps) == 0 {
		return &at
	}
	name, _ := steps[0].(tftypes.AttributeName)
	attribute := body.Attributes[string(name)]
	if attribute == nil {
		return &at
	}
	expression := attribute.Expr
	for _, step := range steps[1:] {
		inner := innerExpression(expression, step)
		if inner == nil {
			break
		}
		expression = inner
	}
	at = hcl.RangeBetween(attribute.NameRange, attribute.Expr.Range())
	if expression != attribute.Expr {
		at = expression.Range()
	}
	return &at
}

func innerExpression(expression hclsyntax.Expression, step tftypes.AttributePathStep) hclsyntax.Expression {
	switch outer := expression.(type) {
	case *hclsyntax.TupleConsExpr:
		if index, ok := step.(tftypes.ElementKeyInt); ok && int(index) < len(outer.Exprs) {
			return outer.Exprs[index]
		}
	case *hclsyntax.ObjectConsExpr:
		wanted := ""
		switch step := step.(type) {
		case tftypes.AttributeName:
			wanted = string(step)
		case tftypes.ElementKeyString:
			wanted = string(step)
		}
		for _, item := range outer.Items {
			if key, problems := item.KeyExpr.Value(nil); !problems.HasErrors() && key.Type() == cty.String && key.AsString() == wanted {
				return item.ValueExpr
			}
		}
	}
	return nil
}
