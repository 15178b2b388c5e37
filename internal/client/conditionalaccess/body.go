package conditionalaccess

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// readOnly are the properties that only the service sets.
var readOnly = []string{"id", "createdDateTime", "modifiedDateTime", "templateId"}

// CreateBody is the policy as a request that makes it. What is not set is left out: not every cloud knows every property.
func (p Policy) CreateBody() map[string]any {
	body := p.wire()
	if p.TemplateID != "" {
		body["templateId"] = p.TemplateID
	}
	return body
}

// UpdateBody is a request that turns a policy, as it was last read, into this one. It says everything about conditions and controls, so that
// it does not matter how deep the service merges; what this one does not have is cleared. Properties and members of enums that this package
// does not know are carried over from what was read.
//
// Source: https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update
func (p Policy) UpdateBody(current Policy) map[string]any {
	wanted, document := p.wire(), current.document
	if document == nil {
		document = current.wire()
	}
	body := map[string]any{"displayName": p.DisplayName, "state": p.State}
	if p.Description != "" || document["description"] != nil {
		body["description"] = nullIfEmpty(p.Description)
	}
	for name, kind := range map[string]reflect.Type{
		"conditions": reflect.TypeFor[Conditions](), "grantControls": reflect.TypeFor[GrantControls](), "sessionControls": reflect.TypeFor[SessionControls](),
	} {
		if value, said := overlay(name, kind, wanted[name], document[name]); said {
			body[name] = value
		}
	}
	return body
}

// WithoutUnknown is the policy without the properties that this package does not know. Members of enums that it does not know stay.
func (p Policy) WithoutUnknown() Policy {
	p.document = nil
	return p
}

// HasUnknown reports whether an update that carries unknown properties over says more than one that does not.
func (p Policy) HasUnknown() bool {
	return p.document != nil && !reflect.DeepEqual(jsonOf(p.UpdateBody(p)), jsonOf(p.UpdateBody(p.WithoutUnknown())))
}

func jsonOf(body map[string]any) string {
	text, err := json.Marshal(body)
	if err != nil {
		return ""
	}
	return string(text)
}

// FromMap makes a policy of the properties of Graph's schema. What has another type there than in Graph counts as absent.
func FromMap(document map[string]any) Policy {
	var policy Policy
	text, err := json.Marshal(document)
	if err != nil || json.Unmarshal(text, &policy) != nil {
		return Policy{}
	}
	policy.document = nil
	return policy
}

// Map is the policy as the properties of Graph's schema, as far as they are set.
func (p Policy) Map() map[string]any { return p.wire() }

func nullIfEmpty(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// wire is the policy in JSON's types, without what only the service sets.
func (p Policy) wire() map[string]any {
	if p.SessionControls != nil {
		// A control that is off is absent: some refuse to stand beside others, also where they are off.
		p.SessionControls = tidy(p.SessionControls)
	}
	if p.SessionControls != nil {
		p.SessionControls.dropOff()
	}
	text, err := json.Marshal(p)
	body := map[string]any{}
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err != nil {
		// Texts, numbers and times always become JSON, but for a year beyond 9999 in a time that is not written.
		p.Created, p.Modified = nil, nil
		return p.wire()
	}
	maps.DeleteFunc(body, func(name string, _ any) bool { return slices.Contains(readOnly, name) })
	if grant, ok := body["grantControls"].(map[string]any); ok {
		if grant["operator"] == nil {
			grant["operator"] = "OR"
		}
		if strength, ok := grant["authenticationStrength"].(map[string]any); ok {
			grant["authenticationStrength"] = map[string]any{"id": strength["id"]}
		}
	}
	typeTenants(body)
	return body
}

// typeTenants writes the type of external tenants, which the service needs.
func typeTenants(body map[string]any) {
	conditions, _ := body["conditions"].(map[string]any)
	users, _ := conditions["users"].(map[string]any)
	for _, name := range []string{"includeGuestsOrExternalUsers", "excludeGuestsOrExternalUsers"} {
		guests, _ := users[name].(map[string]any)
		if tenants, ok := guests["externalTenants"].(map[string]any); ok {
			tenants["@odata.type"] = typeAllTenants
			if tenants["membershipKind"] == TenantsEnumerated {
				tenants["@odata.type"] = typeEnumeratedTenants
			}
		}
	}
}

// overlay puts what is wanted at a place over what the service has there. said is false where there is nothing to say.
func overlay(at string, kind reflect.Type, wanted, current any) (value any, said bool) {
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch {
	case kind == reflect.TypeFor[StrengthReference](), kind == reflect.TypeFor[ExternalTenants]():
		return wanted, wanted != nil || current != nil
	case kind.Kind() == reflect.Struct:
		return overlayObject(at, kind, wanted, current)
	case kind == reflect.TypeFor[Flags]():
		text, _ := wanted.(string)
		all := strings.Join(withUnknown(at, split(text), split(current)), ",")
		return nullIfEmpty(all), all != "" || len(split(current)) > 0
	case kind.Kind() == reflect.Slice:
		all := withUnknown(at, texts(wanted), texts(current))
		return all, len(all) > 0 || len(texts(current)) > 0
	}
	return wanted, wanted != nil || current != nil
}

func overlayObject(at string, kind reflect.Type, wanted, current any) (any, bool) {
	want, isWanted := wanted.(map[string]any)
	have, isThere := current.(map[string]any)
	object, known, kept := map[string]any{}, map[string]bool{}, false
	for i := range kind.NumField() {
		field := kind.Field(i)
		name := wireName(field)
		if name == "" || strings.HasPrefix(name, "@") {
			continue
		}
		known[name] = true
		if value, said := overlay(at+"."+name, field.Type, want[name], have[name]); said {
			object[name] = value
			// Something unknown that is carried along inside keeps the object.
			kept = kept || !isEmpty(value) && isEmpty(want[name])
		}
	}
	for name, value := range have {
		if !known[name] && !isEmpty(value) && !strings.Contains(name, "@") {
			object[name], kept = value, true
		}
	}
	if !isWanted && !kept {
		return nil, isThere
	}
	return object, true
}

// isEmpty reports a value that says nothing. An object of such values is one, too.
func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	case []string:
		return len(value) == 0
	case map[string]any:
		for name, inner := range value {
			if !isEmpty(inner) && !strings.Contains(name, "@") {
				return false
			}
		}
		return true
	}
	return false
}

// withUnknown adds the members of an enum that are there and that this package does not know.
func withUnknown(at string, wanted, current []string) []string {
	all := slices.Clone(wanted)
	known, isEnum := enumLists[at]
	if all == nil {
		all = []string{}
	}
	if !isEnum {
		return all
	}
	for _, member := range current {
		if !ContainsFold(known, member) && member != futureValue && !slices.Contains(all, member) {
			all = append(all, member)
		}
	}
	return all
}

func split(value any) []string {
	var flags Flags
	text, err := json.Marshal(value)
	if err != nil || json.Unmarshal(text, &flags) != nil {
		return nil
	}
	return flags
}

func texts(value any) []string {
	list, _ := value.([]any)
	var all []string
	for _, element := range list {
		if text, ok := element.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
