package graphapi

import (
	"net/url"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const strengthType = "microsoft.graph.authenticationStrengthPolicy"

// authenticationStrengths are the authentication strengths. The emulator has the built-in ones.
var authenticationStrengths = &store.Collection[control.AuthenticationStrength]{
	ID: func(s control.AuthenticationStrength) string { return s.ID },
}

// Two paths lead to the same strengths.
//
// https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy
// https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-get
func init() {
	nameType[control.AuthenticationStrength](strengthType)
	nameType[control.PolicyStrength](strengthType)
	addCollection(collection[control.AuthenticationStrength]{
		data: authenticationStrengths, one: "authentication strength", many: "authentication strengths",
		path: "/policies/authenticationStrengthPolicies", class: control.ClassDirectory,
		aliases: []alias{{
			path: conditionalAccessPath + "/authenticationStrength/policies", class: control.ClassConditionalAccess,
			absent: []absence{withoutConditionalAccess},
		}},
		read: oneOf(
			"Policy.Read.All", "Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess",
		),
		options: []string{"$select", "$filter", "$count"}, advanced: true,
		entity:  odata.Type[control.AuthenticationStrength]{Properties: strengthProperties},
		object:  authenticationStrengthObject,
		unknown: unknownPolicyObject,
		builtIn: control.AuthenticationStrengths,
	})
}

// strengthProperties are the properties of a strength.
var strengthProperties = map[string]func(control.AuthenticationStrength) any{
	"id":                        func(s control.AuthenticationStrength) any { return s.ID },
	"createdDateTime":           func(s control.AuthenticationStrength) any { return s.CreatedDateTime.Format(time.RFC3339) },
	"modifiedDateTime":          func(s control.AuthenticationStrength) any { return s.CreatedDateTime.Format(time.RFC3339) },
	"displayName":               func(s control.AuthenticationStrength) any { return s.DisplayName },
	"description":               func(s control.AuthenticationStrength) any { return s.Description },
	"policyType":                func(s control.AuthenticationStrength) any { return s.PolicyType },
	"requirementsSatisfied":     func(s control.AuthenticationStrength) any { return s.RequirementsSatisfied },
	"allowedCombinations":       func(s control.AuthenticationStrength) any { return s.AllowedCombinations },
	"combinationConfigurations": func(control.AuthenticationStrength) any { return []any{} },
}

// authenticationStrengthObject is a strength as Graph writes it.
func authenticationStrengthObject(strength control.AuthenticationStrength) map[string]any {
	object := map[string]any{}
	for name, property := range strengthProperties {
		object[name] = property(strength)
	}
	return object
}

// strengthObject is the strength of a policy as Graph writes it into the policy; null where it has none.
func strengthObject(reference *control.PolicyStrength) any {
	if reference == nil {
		return nil
	}
	strength := control.StrengthByID(reference.ID)
	if strength == nil {
		return nil
	}
	return authenticationStrengthObject(*strength)
}

// bindStrength turns what a body says of the strength of its grant controls into the id of the strength. Clients name it by
// an address, authenticationStrength@odata.bind, or send the strength itself, of which the id counts.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies
func bindStrength(body map[string]any) *refusal {
	grant, _ := body["grantControls"].(map[string]any)
	address, bound := grant["authenticationStrength@odata.bind"]
	if bound {
		delete(grant, "authenticationStrength@odata.bind")
		grant["authenticationStrength"] = nil
		if address == nil {
			return nil
		}
		text, _ := address.(string)
		id, ok := boundID(text)
		if !ok {
			return badRequest("The value of 'authenticationStrength@odata.bind' is not the address of an authentication strength.")
		}
		grant["authenticationStrength"] = map[string]any{"id": id}
		return nil
	}
	object, isObject := grant["authenticationStrength"].(map[string]any)
	if !isObject {
		return nil
	}
	for name := range object {
		if _, known := strengthProperties[name]; !known && !isAnnotation(name) {
			return unknownProperty(name, strengthType)
		}
	}
	grant["authenticationStrength"] = map[string]any{"id": object["id"]}
	return nil
}

// boundID is the key at the end of an address.
func boundID(address string) (string, bool) {
	parsed, err := url.Parse(address)
	if err != nil {
		return "", false
	}
	segments, err := wire.PathSegments(parsed.EscapedPath())
	if err != nil || len(segments) == 0 {
		return "", false
	}
	id := segments[len(segments)-1]
	if _, key, keyed := cutKey(id); keyed {
		id = key
	}
	return id, control.IsGUID(id)
}
