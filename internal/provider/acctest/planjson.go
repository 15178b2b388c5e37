package acctest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// plannedChange is what a plan says about one resource, data source or terraform_data.
type plannedChange struct {
	address, from string
	actions       tfjson.Actions
	before, after cty.Value
	// inner is what core has planned; nil for what no provider does, and where nothing changes.
	inner *Change
}

// jsonOf is what JSON makes of a value, with numbers as the readers of plans and states expect them.
func jsonOf(value cty.Value) any {
	if value.IsNull() {
		return nil
	}
	text, err := ctyjson.Marshal(value, value.Type())
	Must(err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var plain any
	Must(decoder.Decode(&plain))
	return plain
}

// withoutUnknown leaves out what is not known, as a plan in JSON does.
func withoutUnknown(value cty.Value) any {
	switch typ := value.Type(); {
	case !value.IsKnown() || value.IsNull():
		return nil
	case value.IsWhollyKnown():
		return jsonOf(value)
	case typ.IsObjectType() || typ.IsMapType():
		found := map[string]any{}
		for name, inner := range value.AsValueMap() {
			if inner.IsKnown() {
				found[name] = withoutUnknown(inner)
			}
		}
		return found
	default:
		found := []any{}
		for _, inner := range value.AsValueSlice() {
			found = append(found, withoutUnknown(inner))
		}
		return found
	}
}

// unknownOf says what is not known: true, or an object or list of what holds something that is not.
func unknownOf(value cty.Value) any {
	switch typ := value.Type(); {
	case !value.IsKnown():
		return true
	case value.IsNull() || typ.IsPrimitiveType():
		return false
	case typ.IsObjectType() || typ.IsMapType():
		found := map[string]any{}
		for name, inner := range value.AsValueMap() {
			if unknown := unknownOf(inner); unknown != false {
				found[name] = unknown
			}
		}
		return found
	default:
		found := []any{}
		for _, inner := range value.AsValueSlice() {
			found = append(found, unknownOf(inner))
		}
		return found
	}
}

// planJSON is a plan as the checks of plans read it.
func (p *plan) planJSON() *tfjson.Plan {
	made := &tfjson.Plan{FormatVersion: "1.2", TerraformVersion: "1.99.0"}
	for _, address := range slices.Sorted(maps.Keys(p.changes)) {
		change := p.changes[address]
		mode, typeName, name := partsOf(address)
		made.ResourceChanges = append(made.ResourceChanges, &tfjson.ResourceChange{
			Address: address, PreviousAddress: change.from, Mode: mode, Type: typeName, Name: name, ProviderName: providerOf(typeName),
			Change: &tfjson.Change{Actions: change.actions, Before: jsonOf(change.before), After: withoutUnknown(change.after), AfterUnknown: unknownOf(change.after)},
		})
	}
	return made
}

func providerOf(typeName string) string {
	if typeName == terraformData {
		return "terraform.io/builtin/terraform"
	}
	return "registry.terraform.io/hashicorp/entramfa"
}

func partsOf(address string) (mode tfjson.ResourceMode, typeName, name string) {
	parts := bytes.Split([]byte(address), []byte("."))
	mode = tfjson.ManagedResourceMode
	if string(parts[0]) == "data" {
		mode, parts = tfjson.DataResourceMode, parts[1:]
	}
	return mode, string(parts[0]), string(parts[1])
}

// stateJSON is the state as the checks of states read it, and legacyState as test functions do.
func stateJSON(values map[string]cty.Value) *tfjson.State {
	made := &tfjson.State{FormatVersion: "1.0", TerraformVersion: "1.99.0"}
	if len(values) == 0 {
		return made
	}
	made.Values = &tfjson.StateValues{RootModule: &tfjson.StateModule{}}
	for _, address := range slices.Sorted(maps.Keys(values)) {
		mode, typeName, name := partsOf(address)
		attributes, _ := jsonOf(values[address]).(map[string]any)
		made.Values.RootModule.Resources = append(made.Values.RootModule.Resources, &tfjson.StateResource{
			Address: address, Mode: mode, Type: typeName, Name: name, ProviderName: providerOf(typeName), AttributeValues: attributes,
		})
	}
	return made
}

func legacyState(values map[string]cty.Value) *terraform.State {
	root := &terraform.ModuleState{Path: []string{"root"}, Resources: map[string]*terraform.ResourceState{}}
	for address, value := range values {
		_, typeName, _ := partsOf(address)
		attributes := flat(value)
		id, ok := attributes["id"]
		if !ok {
			id = "id-attribute-not-set"
		}
		root.Resources[address] = &terraform.ResourceState{
			Type: typeName, Provider: providerOf(typeName), Primary: &terraform.InstanceState{ID: id, Attributes: attributes},
		}
	}
	return &terraform.State{Modules: []*terraform.ModuleState{root}}
}

// flat is a value as test functions name its parts: "list.#", "list.0", "map.%", "map.key".
func flat(value cty.Value) map[string]string {
	found := map[string]string{}
	var add func(name string, plain any)
	add = func(name string, plain any) {
		within := name
		if within != "" {
			within += "."
		}
		switch plain := plain.(type) {
		case nil:
		case map[string]any:
			for key, inner := range plain {
				add(within+key, inner)
			}
			found[within+"%"] = strconv.Itoa(len(plain))
		case []any:
			for i, inner := range plain {
				add(within+strconv.Itoa(i), inner)
			}
			found[within+"#"] = strconv.Itoa(len(plain))
		default:
			found[name] = fmt.Sprint(plain)
		}
	}
	add("", jsonOf(value))
	return found
}
