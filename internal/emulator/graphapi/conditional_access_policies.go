package graphapi

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

const conditionalAccessPolicyType = "microsoft.graph.conditionalAccessPolicy"

// accessPolicies are the policies of Conditional Access.
var accessPolicies = &store.Collection[control.ConditionalAccessPolicy]{
	ID:        func(p control.ConditionalAccessPolicy) string { return p.ID },
	DeletedAt: func(p *control.ConditionalAccessPolicy) **time.Time { return &p.DeletedDateTime },
	Limit:     control.MaxConditionalAccessPolicies,
	LimitOf:   func(behavior *control.Behavior) int { return behavior.ConditionalAccess.MaxPolicies },
	Counts:    func(p control.ConditionalAccessPolicy) bool { return !p.MicrosoftManaged },
}

// anyDepth is how deep a PATCH merges objects that it merges at any depth.
const anyDepth = 99

// policyCollection is the collection of the policies, for what shows policies elsewhere.
var policyCollection *collection[control.ConditionalAccessPolicy]

// https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies
// https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update
// https://learn.microsoft.com/graph/api/conditionalaccesspolicy-delete
func init() {
	nameType[control.PolicyConditions]("microsoft.graph.conditionalAccessConditionSet")
	nameType[control.PolicyApplications]("microsoft.graph.conditionalAccessApplications")
	nameType[control.PolicyUsers]("microsoft.graph.conditionalAccessUsers")
	nameType[control.PolicyGuests]("microsoft.graph.conditionalAccessGuestsOrExternalUsers")
	nameType[control.PolicyTenants]("microsoft.graph.conditionalAccessExternalTenants")
	nameType[control.PolicyClientApplications]("microsoft.graph.conditionalAccessClientApplications")
	nameType[control.PolicyFilter]("microsoft.graph.conditionalAccessFilter")
	nameType[control.PolicyLocations]("microsoft.graph.conditionalAccessLocations")
	nameType[control.PolicyPlatforms]("microsoft.graph.conditionalAccessPlatforms")
	nameType[control.PolicyDevices]("microsoft.graph.conditionalAccessDevices")
	nameType[control.PolicyFlows]("microsoft.graph.conditionalAccessAuthenticationFlows")
	nameType[control.ConditionalAccessGrant]("microsoft.graph.conditionalAccessGrantControls")
	nameType[control.ConditionalAccessSession]("microsoft.graph.conditionalAccessSessionControls")
	policyCollection = addCollection(conditionalAccess(collection[control.ConditionalAccessPolicy]{
		data: accessPolicies, one: "Conditional Access policy", many: "Conditional Access policies",
		write: writeAccessPolicies,
		entity: odata.Type[control.ConditionalAccessPolicy]{
			Name: conditionalAccessPolicyType,
			Properties: map[string]func(control.ConditionalAccessPolicy) any{
				"id":               func(p control.ConditionalAccessPolicy) any { return p.ID },
				"displayName":      func(p control.ConditionalAccessPolicy) any { return p.DisplayName },
				"state":            func(p control.ConditionalAccessPolicy) any { return p.State },
				"templateId":       func(p control.ConditionalAccessPolicy) any { return nullIfEmpty(p.TemplateID) },
				"createdDateTime":  func(p control.ConditionalAccessPolicy) any { return dateTime(p.CreatedDateTime) },
				"modifiedDateTime": func(p control.ConditionalAccessPolicy) any { return dateTime(p.ModifiedDateTime) },
				"deletedDateTime":  func(p control.ConditionalAccessPolicy) any { return dateTime(p.DeletedDateTime) },
			},
		},
		selects: []string{"conditions", "grantControls", "sessionControls", "description"},
		lacks: []lack{
			{"signInRiskLevels", []place{{control.CloudChina, v1}}},
			{"userRiskLevels", []place{{control.CloudChina, v1}}},
			{"servicePrincipalRiskLevels", []place{{control.CloudChina, v1}}},
			{"insiderRiskLevels", []place{{control.CloudChina, v1}, {control.CloudUSNat, beta}, {control.CloudUSSec, beta}}},
			{"authenticationStrength", []place{{control.CloudChina, v1}}},
		},
		object: accessPolicyObject,
		dress:  dressPolicy,
		normalize: func(p *control.ConditionalAccessPolicy, now time.Time) {
			p.Normalize(now)
			writeFlags(reflect.ValueOf(p))
		},
		modified: func(p *control.ConditionalAccessPolicy) **time.Time { return &p.ModifiedDateTime },
		validate: (*control.ConditionalAccessPolicy).Validate,
		invalid: func(message string) *refusal {
			return numbered(invalidSchema, "The policy you have specified does not match the schema of conditionalAccessPolicy. "+message)
		},
		unknown: func(id string) *refusal {
			refused := unknownPolicyObject(id)
			refused.message = "ConditionalAccessPolicy with id " + id + " does not exist in the directory."
			return refused
		},
		body: bodyRules{
			readOnly: []string{"id", "createdDateTime", "modifiedDateTime", "deletedDateTime"}, nullable: []string{"*"},
			unknown: []string{"microsoftManaged", "outside"},
			notKept: slices.Concat(slices.Concat(slices.Collect(maps.Values(outsideSchema))...), previewProperties),
			prepare: bindStrength,
		},
		checkBody: checkPolicyBody,
		check:     checkAccessPolicy,
		removable: func(_ *store.Tx, record *store.Record[control.ConditionalAccessPolicy]) *refusal {
			if record.Value().MicrosoftManaged {
				return badRequest("A policy that Microsoft manages cannot be deleted.").as(control.CaseManagedPolicy)
			}
			return nil
		},
		depth: anyDepth, merge: mergePolicy,
		limited: limited{inGraph: "conditional access policies", inFile: "policies", name: control.CaseConditionalAccessPolicyLimit},
		file: fileOf[control.ConditionalAccessPolicy]{
			member:    "conditionalAccessPolicies",
			field:     func(t *control.Tenant) *[]control.ConditionalAccessPolicy { return &t.ConditionalAccessPolicies },
			binField:  func(t *control.Tenant) *[]control.ConditionalAccessPolicy { return &t.DeletedConditionalAccessPolicies },
			described: true,
		},
		references: func(policy *control.ConditionalAccessPolicy, known func(member, id string) bool) []error {
			var problems []error
			for _, id := range policy.LocationIDs() {
				if control.IsGUID(id) && !known("namedLocations", id) {
					problems = append(problems, fmt.Errorf("conditions.locations: there is no named location %q in this tenant", id))
				}
			}
			if id := policy.StrengthID(); id != "" && !known("authenticationStrengths", id) {
				problems = append(problems, fmt.Errorf("grantControls.authenticationStrength.id: there is no authentication strength %q in this tenant", id))
			}
			return problems
		},
	}, "policies"))
}

// outsideSchema are properties of answers of v1.0 that the published v1.0 schema lacks, by where they are. They are null.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-evaluate
var outsideSchema = map[string][]string{
	"":                        {"partialEnablementStrategy"},
	"conditions":              {"clients", "times", "deviceStates"},
	"conditions.applications": {"networkAccess", "globalSecureAccess"},
	"sessionControls":         {"networkAccessSecurity", "globalSecureAccessFilteringProfile"},
}

// accessPolicyObject is a policy as Graph writes it.
func accessPolicyObject(policy control.ConditionalAccessPolicy) map[string]any {
	object := objectOf(policy)
	delete(object, "microsoftManaged")
	delete(object, "outside")
	return object
}

// dressPolicy writes the strength of a policy out, and what answers have that the schema lacks.
func dressPolicy(tx *store.Tx, req *request, policy control.ConditionalAccessPolicy, object map[string]any) {
	behavior := &tx.Behavior().ConditionalAccess
	if grant, grants := object["grantControls"].(map[string]any); grants {
		writeOutStrength(tx, req, grant)
		grant["authenticationStrength@odata.context"] = req.contextURL("identity/conditionalAccess/policies('" + policy.ID + "')/grantControls/authenticationStrength/$entity")
		// https://learn.microsoft.com/graph/api/resources/conditionalaccessgrantcontrols
		if controls, _ := grant["builtInControls"].([]any); !strings.Contains(req.header.Get("Prefer"), "include-unknown-enum-members") {
			for i := range controls {
				if controls[i] == "riskRemediation" {
					controls[i] = "unknownFutureValue"
				}
			}
		}
	}
	conditions, _ := object["conditions"].(map[string]any)
	if levels, _ := conditions["servicePrincipalRiskLevels"].([]any); behavior.OmitEmptyRiskLevels && len(levels) == 0 {
		delete(conditions, "servicePrincipalRiskLevels")
	}
	if object["modifiedDateTime"] == nil && behavior.ModifiedOnCreate {
		object["modifiedDateTime"] = object["createdDateTime"]
	}
	session, _ := object["sessionControls"].(map[string]any)
	if behavior.SchemaOnly && session["continuousAccessEvaluation"] == nil {
		delete(session, "continuousAccessEvaluation")
	}
	for place, names := range outsideSchema {
		for _, name := range names {
			if !behavior.SchemaOnly {
				putOutside(object, strings.TrimPrefix(place+"."+name, "."), nil, false)
			}
		}
	}
	for place, value := range policy.Outside {
		putOutside(object, place, value, true)
	}
}

// writeOutStrength writes a strength into grant controls that have its id.
func writeOutStrength(tx *store.Tx, req *request, grant map[string]any) {
	id, _ := at(grant, "authenticationStrength")["id"].(string)
	if strength := authenticationStrengths.Find(tx, id); strength != nil {
		grant["authenticationStrength"] = strengthCollection.shown(tx, req, strength.Value(), odata.Query{}, false, nil)
	}
}

// putOutside puts a value at a path, and makes the objects on the way where they are to be made.
func putOutside(object map[string]any, path string, value any, makes bool) {
	name, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		object[name] = value
		return
	}
	below, isObject := object[name].(map[string]any)
	if !isObject {
		if !makes {
			return
		}
		below = map[string]any{}
		object[name] = below
	}
	putOutside(below, rest, value, makes)
}

// mergePolicy merges a PATCH into a policy: objects at any depth, lists as a whole.
//
// https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update
func mergePolicy(tx *store.Tx, object, body map[string]any) map[string]any {
	if !tx.Behavior().ConditionalAccess.ShallowPatch {
		return overlay(object, body, anyDepth)
	}
	merged := overlay(object, body, 1)
	if controls, named := body["grantControls"]; named {
		merged["grantControls"] = controls
	}
	return merged
}

// policiesNamingStrength returns the policies that name the strength.
func policiesNamingStrength(tx *store.Tx, id string) []control.ConditionalAccessPolicy {
	return slices.DeleteFunc(accessPolicies.Values(tx, false), func(policy control.ConditionalAccessPolicy) bool {
		return policy.StrengthID() != strings.ToLower(id)
	})
}
