package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// kind is what an attribute is in the configuration and on the wire.
type kind int

const (
	object kind = iota
	// set is a set of texts, a list on the wire.
	set
	// flags is a set of texts, one text on the wire.
	flags
	text
	boolean
	number
)

// node is an attribute of a policy. The tree of them says once what the schema, the conversions in both directions, the comparison with the
// service and the paths of messages need to know.
type node struct {
	name string
	// wire is the property of Graph, below that of the parent; steps are separated by dots.
	wire        string
	kind        kind
	description string
	required    bool
	// members are the values that the service documents.
	members []string
	// standard is the value that counts where none is configured. implied is the same where the attribute belongs to a control that may not
	// be there: it is left out of what is read.
	standard, implied string
	children          []node
}

// attribute is the node as an attribute of a resource's schema.
func (n node) attribute() schema.Attribute {
	description := n.describe()
	switch n.kind {
	case object:
		attributes := map[string]schema.Attribute{}
		for _, child := range n.children {
			attributes[child.name] = child.attribute()
		}
		return schema.SingleNestedAttribute{Required: n.required, Optional: !n.required, MarkdownDescription: description, Attributes: attributes}
	case set, flags:
		var checks []validator.Set
		if len(n.members) > 0 {
			checks = append(checks, setvalidator.ValueStringsAre(stringvalidator.OneOf(n.members...)))
		}
		attribute := schema.SetAttribute{
			Required: n.required, Optional: !n.required, ElementType: types.StringType, MarkdownDescription: description, Validators: checks,
		}
		if n.standard != "" {
			attribute.Computed, attribute.Default = true, setdefault.StaticValue(setOf([]any{n.standard}))
		}
		return attribute
	case boolean:
		return schema.BoolAttribute{Required: n.required, Optional: !n.required, MarkdownDescription: description}
	case number:
		return schema.Int64Attribute{Required: n.required, Optional: !n.required, MarkdownDescription: description}
	case text:
	}
	var checks []validator.String
	if len(n.members) > 0 {
		checks = append(checks, stringvalidator.OneOf(n.members...))
	}
	attribute := schema.StringAttribute{Required: n.required, Optional: !n.required, MarkdownDescription: description, Validators: checks}
	if n.standard != "" {
		attribute.Computed, attribute.Default = true, stringdefault.StaticString(n.standard)
	}
	return attribute
}

func (n node) describe() string {
	description := n.description
	if len(n.members) > 0 {
		quoted := make([]string, len(n.members))
		for i, member := range n.members {
			quoted[i] = "`" + member + "`"
		}
		description += " Values: " + strings.Join(quoted, ", ") + "."
	}
	return description
}

// typ is the type of the attribute.
func (n node) typ() attr.Type {
	switch n.kind {
	case object:
		return types.ObjectType{AttrTypes: n.types()}
	case set, flags:
		return types.SetType{ElemType: types.StringType}
	case boolean:
		return types.BoolType
	case number:
		return types.Int64Type
	case text:
	}
	return types.StringType
}

func (n node) types() map[string]attr.Type {
	all := map[string]attr.Type{}
	for _, child := range n.children {
		all[child.name] = child.typ()
	}
	return all
}

// null is the attribute where it is not set.
func (n node) null() attr.Value {
	switch n.kind {
	case object:
		return types.ObjectNull(n.types())
	case set, flags:
		return types.SetNull(types.StringType)
	case boolean:
		return types.BoolNull()
	case number:
		return types.Int64Null()
	case text:
	}
	return types.StringNull()
}

// places are places on the wire whose values are not known yet.
type places []string

// has reports whether something at a place, below it or above it is not known.
func (p places) has(at string) bool {
	return slices.ContainsFunc(p, func(place string) bool { return within(place, at) || within(at, place) })
}

// within reports whether a place is another one, or lies below it.
func within(place, above string) bool { return place == above || strings.HasPrefix(place, above+".") }

func join(at, wire string) string {
	if at == "" {
		return wire
	}
	return at + "." + wire
}

// write puts a value of the configuration where it belongs on the wire, and adds the places that are not known.
func (n node) write(value attr.Value, at string, parent map[string]any, unknown *places) {
	at = join(at, n.wire)
	if value == nil || value.IsNull() {
		return
	}
	if value.IsUnknown() {
		*unknown = append(*unknown, at)
		return
	}
	switch value := value.(type) {
	case types.Object:
		inner := map[string]any{}
		for _, child := range n.children {
			child.write(value.Attributes()[child.name], at, inner, unknown)
		}
		put(parent, n.wire, inner)
	case types.Set:
		texts := []any{}
		for _, element := range value.Elements() {
			text, ok := element.(types.String)
			if !ok || text.IsNull() {
				continue
			}
			if text.IsUnknown() {
				*unknown = append(*unknown, at)
				continue
			}
			texts = append(texts, text.ValueString())
		}
		if n.kind == flags {
			put(parent, n.wire, joined(texts))
			return
		}
		put(parent, n.wire, texts)
	case types.Bool:
		put(parent, n.wire, value.ValueBool())
	case types.Int64:
		put(parent, n.wire, value.ValueInt64())
	case types.String:
		put(parent, n.wire, value.ValueString())
	}
}

func joined(texts []any) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = fmt.Sprint(text)
	}
	return strings.Join(all, ",")
}

// put sets a value below an object, and makes the objects on the way.
func put(parent map[string]any, wire string, value any) {
	steps := strings.Split(wire, ".")
	for _, step := range steps[:len(steps)-1] {
		inner, ok := parent[step].(map[string]any)
		if !ok {
			inner = map[string]any{}
			parent[step] = inner
		}
		parent = inner
	}
	parent[steps[len(steps)-1]] = value
}

// get is the value at a place below an object; nil where there is none, or it belongs to a control that is off.
func get(parent map[string]any, wire string) any {
	steps := strings.Split(wire, ".")
	for _, step := range steps[:len(steps)-1] {
		parent, _ = parent[step].(map[string]any)
		if on, isControl := parent["isEnabled"].(bool); isControl && !on {
			return nil
		}
	}
	return parent[steps[len(steps)-1]]
}

// read is the attribute as the service has it.
func (n node) read(parent map[string]any) attr.Value {
	switch found := get(parent, n.wire).(type) {
	case map[string]any:
		if n.kind != object {
			break
		}
		attributes, used := map[string]attr.Value{}, false
		for _, child := range n.children {
			attributes[child.name] = child.read(found)
			used = used || !attributes[child.name].IsNull()
		}
		if used {
			return types.ObjectValueMust(n.types(), attributes)
		}
	case []any:
		if n.kind == set && len(found) > 0 {
			return setOf(found)
		}
	case string:
		switch {
		case found == "", found == n.implied:
		case n.kind == flags:
			var members []any
			for _, member := range strings.Split(found, ",") {
				members = append(members, strings.TrimSpace(member))
			}
			return setOf(members)
		case n.kind == text:
			return types.StringValue(found)
		}
	case bool:
		if n.kind == boolean && found {
			return types.BoolValue(true)
		}
	case float64:
		if n.kind == number {
			return types.Int64Value(int64(found))
		}
	}
	return n.null()
}

func setOf(texts []any) types.Set {
	var elements []attr.Value
	seen := map[string]bool{}
	for _, text := range texts {
		if text := fmt.Sprint(text); !seen[text] {
			seen[text] = true
			elements = append(elements, types.StringValue(text))
		}
	}
	return types.SetValueMust(types.StringType, elements)
}

// merge takes the values of next at places that differ, and otherwise keeps those of prior where the two are the same in another spelling.
// With keepAbsent, what prior does not have stays absent as well: the service answers with more than was configured.
func (n node) merge(prior, next attr.Value, at string, differs func(place string) bool, keepAbsent bool) attr.Value {
	at = join(at, n.wire)
	before, isObject := prior.(types.Object)
	after, isAlso := next.(types.Object)
	switch {
	case prior.IsUnknown() || next.IsUnknown():
		return next
	case !differs(at) && (keepAbsent || !prior.IsNull() && !next.IsNull() && n.kind != object):
		return prior
	case isObject && isAlso && !prior.IsNull() && !next.IsNull():
		attributes := map[string]attr.Value{}
		for _, child := range n.children {
			attributes[child.name] = child.merge(before.Attributes()[child.name], after.Attributes()[child.name], at, differs, keepAbsent)
		}
		return types.ObjectValueMust(n.types(), attributes)
	}
	return next
}

// path is the attribute of a place on the wire; ok is false where the place is not at or below the node.
func (n node) path(above path.Path, at, place string) (found path.Path, ok bool) {
	at = join(at, n.wire)
	found = above.AtName(n.name)
	if above.Equal(path.Empty()) {
		found = path.Root(n.name)
	}
	for _, child := range n.children {
		if deeper, ok := child.path(found, at, place); ok {
			return deeper, true
		}
	}
	// Of a control with several properties, the attribute of the first one stands for all of them.
	control := ""
	if strings.Contains(n.wire, ".") {
		control = at[:strings.LastIndex(at, ".")]
	}
	return found, within(place, at) || place == control
}

// attributePath is the attribute of a policy for a place on the wire.
func attributePath(place string) path.Path {
	for _, top := range tree {
		if found, ok := top.path(path.Empty(), "", place); ok {
			return found
		}
	}
	if place == "displayName" {
		return path.Root("display_name")
	}
	return path.Root(place)
}
