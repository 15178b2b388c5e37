package emulator

import (
	"net/http"
	"net/url"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const strengthType = "microsoft.graph.authenticationStrengthPolicy"

// Two paths lead to the same strengths.
const (
	strengthsPath      = "policies/authenticationStrengthPolicies"
	strengthsAliasPath = "identity/conditionalAccess/authenticationStrength/policies"
)

// readStrengths are the permissions to read authentication strengths, any of which suffices.
//
// https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies
var readStrengths = oneOf([]string{
	"Policy.Read.All", "Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess",
})

// strengthEntity has the properties of a strength.
//
// https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy
var strengthEntity = odata.Type[control.AuthenticationStrength]{
	Name: strengthType,
	Properties: map[string]func(control.AuthenticationStrength) any{
		"id":                        func(s control.AuthenticationStrength) any { return s.ID },
		"createdDateTime":           func(s control.AuthenticationStrength) any { return s.CreatedDateTime.Format(time.RFC3339) },
		"modifiedDateTime":          func(s control.AuthenticationStrength) any { return s.CreatedDateTime.Format(time.RFC3339) },
		"displayName":               func(s control.AuthenticationStrength) any { return s.DisplayName },
		"description":               func(s control.AuthenticationStrength) any { return s.Description },
		"policyType":                func(s control.AuthenticationStrength) any { return s.PolicyType },
		"requirementsSatisfied":     func(s control.AuthenticationStrength) any { return s.RequirementsSatisfied },
		"allowedCombinations":       func(s control.AuthenticationStrength) any { return s.AllowedCombinations },
		"combinationConfigurations": func(control.AuthenticationStrength) any { return []any{} },
	},
	Defaults: []string{
		"id", "createdDateTime", "modifiedDateTime", "displayName", "description", "policyType", "requirementsSatisfied",
		"allowedCombinations", "combinationConfigurations",
	},
}

func (s *Server) addStrengthRoutes(root *routeNode) {
	for path, class := range map[string]string{
		strengthsPath: control.ClassDirectory, strengthsAliasPath: control.ClassConditionalAccess,
	} {
		root.add(&route{"/" + path, class, []endpoint{{
			http.MethodGet, readStrengths,
			[]string{"$select", "$filter", "$count"},
			func(req *graphRequest, query odata.Query) (*wire.Response, error) {
				return listStrengths(req, query, path)
			},
		}}})
		root.add(&route{"/" + path + "/{id}", class, []endpoint{{
			http.MethodGet, readStrengths,
			[]string{"$select"},
			func(req *graphRequest, query odata.Query) (*wire.Response, error) {
				return getStrength(req, query, path)
			},
		}}})
	}
}

// listStrengths answers GET /policies/authenticationStrengthPolicies.
//
// https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies
func listStrengths(req *graphRequest, query odata.Query, path string) (*wire.Response, error) {
	names, err := strengthEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	matches, err := odata.ParseFilter(query.Filter, strengthEntity, true)
	if err != nil {
		return nil, err
	}
	values := []map[string]any{}
	for _, strength := range control.AuthenticationStrengths {
		if matches(strength) {
			values = append(values, strengthEntity.Object(strength, names))
		}
	}
	return wire.JSON(http.StatusOK, odata.List(query, req.contextURL(path+query.Fragment()), len(values), values, "")), nil
}

// getStrength answers GET /policies/authenticationStrengthPolicies/{id}.
//
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-get
func getStrength(req *graphRequest, query odata.Query, path string) (*wire.Response, error) {
	names, err := strengthEntity.Projection(query)
	if err != nil {
		return nil, err
	}
	strength := control.StrengthByID(req.keys[0])
	if strength == nil {
		return nil, unknownAccessObject(req.keys[0])
	}
	object := strengthEntity.Object(*strength, names)
	object["@odata.context"] = req.contextURL(path + query.Fragment() + "/$entity")
	return wire.JSON(http.StatusOK, object), nil
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
	return strengthEntity.Object(*strength, strengthEntity.Defaults)
}

// bindStrength turns what a body says of the strength of its grant controls into the id of the strength. Clients name it by
// an address, authenticationStrength@odata.bind, or send the strength itself, of which the id counts.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies
func bindStrength(body map[string]any) *graphError {
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
		if _, known := strengthEntity.Properties[name]; !known && !isAnnotation(name) {
			return badRequest("The property '" + name + "' does not exist on type '" + strengthType +
				"'. Make sure to only use property names that are defined by the type.")
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
