package graphapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const strengthType = "microsoft.graph.authenticationStrengthPolicy"

// Two paths lead to the same strengths. Both are throttled like the rest of Conditional Access, although only the second one is documented to be.
const (
	strengthsPath    = "/policies/authenticationStrengthPolicies"
	strengthRootPath = conditionalAccessPath + "/authenticationStrength"
)

// authenticationStrengths are the authentication strengths, built-in and custom.
var authenticationStrengths = &store.Collection[control.AuthenticationStrength]{
	ID:     func(s control.AuthenticationStrength) string { return s.ID },
	Limit:  control.MaxAuthenticationStrengths,
	Counts: func(s control.AuthenticationStrength) bool { return s.PolicyType != control.StrengthBuiltIn },
}

var strengthCollection *collection[control.AuthenticationStrength]

var (
	readStrengths = oneOf(
		"Policy.Read.All", "Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess",
	)
	writeStrengths = oneOf("Policy.ReadWrite.ConditionalAccess", "Policy.ReadWrite.AuthenticationMethod")
)

// https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy
// https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies
// https://learn.microsoft.com/graph/api/authenticationstrengthroot-post-policies
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-get
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-update
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-updateallowedcombinations
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-usage
// https://learn.microsoft.com/graph/api/authenticationstrengthpolicy-delete
func init() {
	nameType[control.AuthenticationStrength](strengthType)
	nameType[control.PolicyStrength](strengthType)
	nameType[control.CombinationConfiguration]("microsoft.graph.authenticationCombinationConfiguration")
	strengthCollection = addCollection(collection[control.AuthenticationStrength]{
		data: authenticationStrengths, one: "authentication strength", many: "authentication strengths",
		path: strengthsPath, class: control.ClassConditionalAccess,
		aliases: []alias{{
			path: strengthRootPath + "/policies", class: control.ClassConditionalAccess, absent: []absence{withoutConditionalAccess},
		}},
		read: readStrengths, write: writeStrengths,
		options: []string{"$select", "$filter", "$count"}, advanced: true,
		dress:   dressStrength,
		unknown: unknownPolicyObject,
		builtIn: control.AuthenticationStrengths,
		gate:    licensed,
		setID:   func(s *control.AuthenticationStrength, id string) { s.ID = id },
		created: func(s *control.AuthenticationStrength) **time.Time { return &s.CreatedDateTime },
		modified: func(s *control.AuthenticationStrength) **time.Time {
			return &s.ModifiedDateTime
		},
		normalize: normalizeStrength,
		check:     checkStrength,
		changeable: func(strength control.AuthenticationStrength, body map[string]any) *refusal {
			for _, name := range []string{"allowedCombinations", "combinationConfigurations"} {
				if body[name] != nil {
					return badRequest("Property '" + name + "' cannot be changed by an update of the authentication strength.")
				}
			}
			return ofTenant(strength)
		},
		removable: removableStrength,
		body: bodyRules{
			readOnly: []string{"id", "createdDateTime", "modifiedDateTime"}, nullable: []string{"description"},
			prepare: func(body map[string]any) *refusal { // what follows from the rest is not looked at
				delete(body, "policyType")
				delete(body, "requirementsSatisfied")
				return nil
			},
		},
		limited: limited{inGraph: "custom authentication strengths", inFile: "authentication strengths", name: control.CaseStrengthLimit},
		file:    fileOf[control.AuthenticationStrength]{member: "authenticationStrengths"},
	})
	register(slices.Concat(
		strengthRows(strengthsPath, nil), strengthRows(strengthRootPath+"/policies", []absence{withoutConditionalAccess}),
		rows{{
			method: http.MethodGet, path: strengthRootPath + "/combinations", class: control.ClassConditionalAccess,
			permissions: readStrengths, absent: []absence{withoutConditionalAccess},
			handle: func(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
				var all []string
				for _, combination := range knownCombinations {
					all = append(all, spaced(tx, combination))
				}
				return wire.JSON(http.StatusOK, map[string]any{"@odata.context": req.contextURL("Collection(microsoft.graph.authenticationMethodModes)"), "value": all}), nil
			},
		}},
	))
}

// strengthRows are what can be done with one strength in addition to reading and writing it.
func strengthRows(path string, absent []absence) rows {
	one := path + "/{id}"
	lines := rows{
		{method: http.MethodGet, path: one + "/usage", permissions: readStrengths, handle: usageOfStrength},
		{method: http.MethodGet, path: one + "/usage()", permissions: readStrengths, handle: usageOfStrength}, // as the SDK calls functions
		{method: http.MethodPost, path: one + "/updateAllowedCombinations", permissions: writeStrengths, handle: updateCombinations},
		{method: http.MethodGet, path: one + "/combinationConfigurations", permissions: readStrengths, options: []string{"$select"}, handle: listConfigurations},
		{method: http.MethodPost, path: one + "/combinationConfigurations", permissions: writeStrengths, handle: writeConfiguration},
		{method: http.MethodGet, path: one + "/combinationConfigurations/{id}", permissions: readStrengths, options: []string{"$select"}, handle: getConfiguration},
		{method: http.MethodPatch, path: one + "/combinationConfigurations/{id}", permissions: writeStrengths, handle: writeConfiguration},
		{method: http.MethodDelete, path: one + "/combinationConfigurations/{id}", permissions: writeStrengths, handle: deleteConfiguration},
	}
	for i := range lines {
		lines[i].absent = absent
	}
	return lines.of(control.ClassConditionalAccess)
}

// knownCombinations are the combinations that a strength can have.
//
// https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-combinations
var knownCombinations = slices.Concat(control.AuthenticationStrengths[0].AllowedCombinations, control.SingleFactors)

// knownCombination is a combination as Graph writes it: in its order and without blanks. What it does not know stays as it is.
func knownCombination(text string) (string, bool) {
	sorted := func(text string) []string { return slices.Sorted(slices.Values(strings.Split(text, ","))) }
	text = strings.ReplaceAll(text, " ", "")
	i := slices.IndexFunc(knownCombinations, func(known string) bool { return slices.Equal(sorted(known), sorted(text)) })
	if i < 0 {
		return text, false
	}
	return knownCombinations[i], true
}

// normalizeStrength fills in what follows from the combinations. That one single factor makes the strength satisfy nothing follows from the
// enumeration; no page says so.
func normalizeStrength(strength *control.AuthenticationStrength, now time.Time) {
	strength.RequirementsSatisfied = "mfa"
	for i, combination := range strength.AllowedCombinations {
		strength.AllowedCombinations[i], _ = knownCombination(combination)
		if slices.Contains(control.SingleFactors, strength.AllowedCombinations[i]) {
			strength.RequirementsSatisfied = "none"
		}
	}
	if strength.PolicyType == "" {
		strength.PolicyType = "custom"
	}
	if strength.ModifiedDateTime == nil {
		strength.ModifiedDateTime = new(now.UTC())
	}
	for i := range strength.CombinationConfigurations {
		if strength.CombinationConfigurations[i].ID == "" {
			strength.CombinationConfigurations[i].ID = uuid.NewString()
		}
	}
}

// checkStrength refuses combinations that there are not, and a name that another strength has. That names are unique has been observed.
func checkStrength(tx *store.Tx, _ *request, _, value *control.AuthenticationStrength) *refusal {
	if refused := checkCombinations(value.AllowedCombinations); refused != nil {
		return refused
	}
	for i := range value.CombinationConfigurations {
		if refused := checkConfiguration(&value.CombinationConfigurations[i]); refused != nil {
			return refused
		}
	}
	for _, other := range authenticationStrengths.Values(tx, false) {
		if other.ID != value.ID && strings.EqualFold(other.DisplayName, value.DisplayName) {
			return badRequest("An authentication strength with the name '" + value.DisplayName + "' already exists.").as(control.CaseStrengthName)
		}
	}
	return nil
}

func checkCombinations(combinations []string) *refusal {
	if len(combinations) == 0 {
		return badRequest("allowedCombinations: must not be empty")
	}
	for _, combination := range combinations {
		if _, known := knownCombination(combination); !known {
			return badRequest("allowedCombinations: '" + combination + "' is not a combination of authentication methods.")
		}
	}
	return nil
}

// ofTenant refuses to write a strength that every tenant has.
func ofTenant(strength control.AuthenticationStrength) *refusal {
	if strength.PolicyType == control.StrengthBuiltIn {
		return badRequest("The authentication strength '" + strength.DisplayName + "' is built-in and cannot be changed or deleted.").as(control.CaseBuiltInStrength)
	}
	return nil
}

// removableStrength refuses to delete a strength that is built-in, or that a policy names.
func removableStrength(tx *store.Tx, record *store.Record[control.AuthenticationStrength]) *refusal {
	strength := record.Value()
	if refused := ofTenant(strength); refused != nil {
		return refused
	}
	if naming := policiesNamingStrength(tx, strength.ID); len(naming) > 0 && !tx.Behavior().ConditionalAccess.AllowDeleteInUse {
		return badRequest("The authentication strength is referenced by the conditional access policy '" + naming[0].DisplayName +
			"' (" + naming[0].ID + ") and cannot be deleted.").as(control.CaseStrengthInUse)
	}
	return nil
}

// dressStrength writes combinations with a blank where the behaviour has them so, and says which configurations are there.
func dressStrength(tx *store.Tx, req *request, strength control.AuthenticationStrength, object map[string]any) {
	combinations, _ := object["allowedCombinations"].([]any)
	for i, combination := range strength.AllowedCombinations {
		combinations[i] = spaced(tx, combination)
	}
	var configurations []any
	for _, configuration := range strength.CombinationConfigurations {
		configurations = append(configurations, configurationObject(configuration))
	}
	object["combinationConfigurations"] = orEmpty(configurations)
	object["combinationConfigurations@odata.context"] = req.contextURL("policies/authenticationStrengthPolicies('" + strength.ID + "')/combinationConfigurations")
}

func spaced(tx *store.Tx, combination string) string {
	if !tx.Behavior().ConditionalAccess.SpacedCombinations {
		return combination
	}
	return strings.ReplaceAll(combination, ",", ", ")
}

// usageOfStrength answers GET of the policies that name a strength, by whether it satisfies MFA.
func usageOfStrength(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	record, err := strengthOf(tx, req, false)
	if err != nil {
		return nil, err
	}
	usage := map[string][]any{"mfa": {}, "none": {}}
	for _, policy := range policiesNamingStrength(tx, record.Value().ID) {
		shown := policyCollection.shown(tx, req, policy, odata.Query{}, false, policyCollection.lacking(tx, req.version))
		satisfied := record.Value().RequirementsSatisfied
		usage[satisfied] = append(usage[satisfied], shown)
	}
	return wire.JSON(http.StatusOK, map[string]any{
		"@odata.context": req.contextURL("microsoft.graph.authenticationStrengthUsage"), "mfa": usage["mfa"], "none": usage["none"],
	}), nil
}

// strengthOf is the strength whose id is in the path; of a write, one of the tenant.
func strengthOf(tx *store.Tx, req *request, write bool) (*store.Record[control.AuthenticationStrength], error) {
	record := authenticationStrengths.Find(tx, req.keys[0])
	if record == nil {
		return nil, unknownPolicyObject(req.keys[0])
	}
	if !write {
		if _, found := record.Read(tx); !found {
			return nil, unknownPolicyObject(req.keys[0])
		}
		return record, nil
	}
	if refused := licensed(tx); refused != nil {
		return nil, refused
	}
	if refused := ofTenant(record.Value()); refused != nil {
		return nil, refused
	}
	return record, nil
}

// updateCombinations answers the action that replaces the combinations of a strength.
func updateCombinations(tx *store.Tx, req *request, _ odata.Query) (*wire.Response, error) {
	var combinations []string
	if err := parameters(req, "updateAllowedCombinations", map[string]any{"allowedCombinations": &combinations}); err != nil {
		return nil, err
	}
	record, err := strengthOf(tx, req, true)
	if err != nil {
		return nil, err
	}
	if refused := checkCombinations(combinations); refused != nil {
		return nil, refused
	}
	before := record.Value()
	changed := *control.Clone(&before)
	changed.AllowedCombinations, changed.ModifiedDateTime = combinations, new(tx.Now().UTC())
	normalizeStrength(&changed, tx.Now())
	record.Change(tx, changed)
	references := []string{}
	for _, policy := range policiesNamingStrength(tx, changed.ID) {
		references = append(references, policy.ID)
	}
	weaker := func(combination string) bool { return !slices.Contains(before.AllowedCombinations, combination) }
	var information any
	if len(references) > 0 && slices.ContainsFunc(changed.AllowedCombinations, weaker) {
		information = fmt.Sprintf("The update lowers the security of the authentication strength, which %d conditional access policies reference.", len(references))
	}
	written := func(combinations []string) []string {
		var all []string
		for _, combination := range combinations {
			all = append(all, spaced(tx, combination))
		}
		return all
	}
	return wire.JSON(http.StatusOK, map[string]any{
		"@odata.context":       req.contextURL("microsoft.graph.updateAllowedCombinationsResult"),
		"previousCombinations": written(before.AllowedCombinations), "currentCombinations": written(changed.AllowedCombinations),
		"conditionalAccessReferences": references, "additionalInformation": information,
	}), nil
}

// bindStrength turns what a body says of the strength of its grant controls into the id of the strength. Clients name it by
// an address, authenticationStrength@odata.bind, or send the strength itself, of which the id counts.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies
func bindStrength(body map[string]any) *refusal {
	if refused := refusePreview(body); refused != nil {
		return refused
	}
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
		if _, known := strengthCollection.entity.Properties[name]; !known && !isAnnotation(name) {
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
