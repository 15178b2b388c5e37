package graphapi

import (
	"fmt"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

const conditionalAccessPolicyType = "microsoft.graph.conditionalAccessPolicy"

// Numbers of refusals by Conditional Access.
const (
	invalidSchema       = 1007
	invalidApplications = 1011
	mixedApplications   = 1012
	unknownLocation     = 1040
)

// accessPolicies are the policies of Conditional Access.
var accessPolicies = &store.Collection[control.ConditionalAccessPolicy]{
	ID:        func(p control.ConditionalAccessPolicy) string { return p.ID },
	DeletedAt: func(p *control.ConditionalAccessPolicy) **time.Time { return &p.DeletedDateTime },
	Limit:     control.MaxConditionalAccessPolicies,
}

// https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies
// https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update
// https://learn.microsoft.com/graph/api/conditionalaccesspolicy-delete
func init() {
	nameType[control.PolicyConditions]("microsoft.graph.conditionalAccessConditionSet")
	nameType[control.PolicyApplications]("microsoft.graph.conditionalAccessApplications")
	nameType[control.PolicyUsers]("microsoft.graph.conditionalAccessUsers")
	nameType[control.PolicyLocations]("microsoft.graph.conditionalAccessLocations")
	nameType[control.ConditionalAccessGrant]("microsoft.graph.conditionalAccessGrantControls")
	addCollection(conditionalAccess(collection[control.ConditionalAccessPolicy]{
		data: accessPolicies, one: "Conditional Access policy", many: "Conditional Access policies",
		write: writeAccessPolicies,
		entity: odata.Type[control.ConditionalAccessPolicy]{
			Name: conditionalAccessPolicyType,
			Properties: map[string]func(control.ConditionalAccessPolicy) any{
				"id":               func(p control.ConditionalAccessPolicy) any { return p.ID },
				"displayName":      func(p control.ConditionalAccessPolicy) any { return p.DisplayName },
				"state":            func(p control.ConditionalAccessPolicy) any { return p.State },
				"createdDateTime":  func(p control.ConditionalAccessPolicy) any { return dateTime(p.CreatedDateTime) },
				"modifiedDateTime": func(p control.ConditionalAccessPolicy) any { return dateTime(p.ModifiedDateTime) },
				"deletedDateTime":  func(p control.ConditionalAccessPolicy) any { return dateTime(p.DeletedDateTime) },
			},
		},
		selects: []string{"conditions", "grantControls", "sessionControls", "templateId", "description"},
		lacks: []lack{
			{"signInRiskLevels", []place{{control.CloudChina, v1}}},
			{"userRiskLevels", []place{{control.CloudChina, v1}}},
			{"servicePrincipalRiskLevels", []place{{control.CloudChina, v1}}},
			{"insiderRiskLevels", []place{{control.CloudChina, v1}, {control.CloudUSNat, beta}, {control.CloudUSSec, beta}}},
			{"authenticationStrength", []place{{control.CloudChina, v1}}},
		},
		object:    accessPolicyObject,
		normalize: (*control.ConditionalAccessPolicy).Normalize,
		modified:  func(p *control.ConditionalAccessPolicy) **time.Time { return &p.ModifiedDateTime },
		validate:  (*control.ConditionalAccessPolicy).Validate,
		invalid: func(message string) *refusal {
			return numbered(invalidSchema, "The policy you have specified does not match the schema of conditionalAccessPolicy. "+message)
		},
		body: bodyRules{
			readOnly: []string{"id", "createdDateTime", "modifiedDateTime", "deletedDateTime"}, nullable: []string{"*"},
			notKept: []string{
				"description", "templateId", "sessionControls", "platforms", "devices", "clientApplications", "authenticationFlows",
				"insiderRiskLevels", "servicePrincipalRiskLevels", "applicationFilter", "includeGuestsOrExternalUsers",
				"excludeGuestsOrExternalUsers",
			},
			prepare: bindStrength,
		},
		checkBody: checkMixture,
		check:     checkAccessPolicy,
		// Each condition that a PATCH names is replaced as a whole, and so are the controls.
		depth: 1, whole: []string{"grantControls"},
		limited: limited{inGraph: "conditional access policies", inFile: "policies", name: control.CaseConditionalAccessPolicyLimit},
		file: fileOf[control.ConditionalAccessPolicy]{
			member:   "conditionalAccessPolicies",
			field:    func(t *control.Tenant) *[]control.ConditionalAccessPolicy { return &t.ConditionalAccessPolicies },
			binField: func(t *control.Tenant) *[]control.ConditionalAccessPolicy { return &t.DeletedConditionalAccessPolicies },
		},
		references: func(policy *control.ConditionalAccessPolicy, known func(member, id string) bool) []error {
			var problems []error
			for _, id := range policy.LocationIDs() {
				if control.IsGUID(id) && !known("namedLocations", id) {
					problems = append(problems, fmt.Errorf("conditions.locations: there is no named location %q in this tenant", id))
				}
			}
			return problems
		},
	}, "policies"))
}

// accessPolicyObject is a policy as Graph writes it: absent lists are empty, absent objects are null.
func accessPolicyObject(policy control.ConditionalAccessPolicy) map[string]any {
	conditions := map[string]any{
		"clientAppTypes":             orEmpty(policy.Conditions.ClientAppTypes),
		"userRiskLevels":             orEmpty(policy.Conditions.UserRiskLevels),
		"signInRiskLevels":           orEmpty(policy.Conditions.SignInRiskLevels),
		"servicePrincipalRiskLevels": []string{},
		"applications":               nil,
		"users":                      nil,
		"locations":                  nil,
		"platforms":                  nil,
		"devices":                    nil,
		"clientApplications":         nil,
		"authenticationFlows":        nil,
		"insiderRiskLevels":          nil,
	}
	if applications := policy.Conditions.Applications; applications != nil {
		conditions["applications"] = map[string]any{
			"includeApplications":                         orEmpty(applications.IncludeApplications),
			"excludeApplications":                         orEmpty(applications.ExcludeApplications),
			"includeUserActions":                          orEmpty(applications.IncludeUserActions),
			"includeAuthenticationContextClassReferences": orEmpty(applications.IncludeAuthenticationContextClassReferences),
			"applicationFilter":                           nil,
		}
	}
	if users := policy.Conditions.Users; users != nil {
		conditions["users"] = map[string]any{
			"includeUsers": orEmpty(users.IncludeUsers), "excludeUsers": orEmpty(users.ExcludeUsers),
			"includeGroups": orEmpty(users.IncludeGroups), "excludeGroups": orEmpty(users.ExcludeGroups),
			"includeRoles": orEmpty(users.IncludeRoles), "excludeRoles": orEmpty(users.ExcludeRoles),
			"includeGuestsOrExternalUsers": nil, "excludeGuestsOrExternalUsers": nil,
		}
	}
	if locations := policy.Conditions.Locations; locations != nil {
		conditions["locations"] = map[string]any{
			"includeLocations": orEmpty(locations.IncludeLocations), "excludeLocations": orEmpty(locations.ExcludeLocations),
		}
	}
	object := map[string]any{
		"id":               policy.ID,
		"displayName":      policy.DisplayName,
		"description":      nil,
		"templateId":       nil,
		"state":            policy.State,
		"createdDateTime":  dateTime(policy.CreatedDateTime),
		"modifiedDateTime": dateTime(policy.ModifiedDateTime),
		"deletedDateTime":  dateTime(policy.DeletedDateTime),
		"conditions":       conditions,
		"grantControls":    nil,
		"sessionControls":  nil,
	}
	if grant := policy.GrantControls; grant != nil {
		object["grantControls"] = map[string]any{
			"operator": grant.Operator, "builtInControls": orEmpty(grant.BuiltInControls),
			"customAuthenticationFactors": orEmpty(grant.CustomAuthenticationFactors), "termsOfUse": orEmpty(grant.TermsOfUse),
			"authenticationStrength": strengthObject(grant.AuthenticationStrength),
		}
	}
	return object
}

// checkMixture refuses a body that includes apps and user actions at once. Of an empty list of apps together with user actions the
// evidence is contrary: clients in use send it, and a thread tells of 1012.
func checkMixture(tx *store.Tx, body map[string]any) *refusal {
	conditions, _ := body["conditions"].(map[string]any)
	applications, _ := conditions["applications"].(map[string]any)
	actions, _ := applications["includeUserActions"].([]any)
	apps, named := applications["includeApplications"].([]any)
	strict := tx.Behavior().ConditionalAccess.RefuseEmptyApplications
	if len(actions) > 0 && (len(apps) > 0 || named && strict) {
		return numbered(mixedApplications, "The policy includes applications together with user actions.")
	}
	return nil
}

// checkAccessPolicy checks what a policy includes, and its references.
func checkAccessPolicy(tx *store.Tx, policy *control.ConditionalAccessPolicy) *refusal {
	applications := policy.Conditions.Applications
	count := len(applications.IncludeApplications) + len(applications.IncludeUserActions) + len(applications.IncludeAuthenticationContextClassReferences)
	if count == 0 {
		return numbered(invalidApplications, "The application condition of the policy is invalid: it includes nothing.")
	}
	for _, id := range policy.LocationIDs() {
		record := namedLocations.Find(tx, id)
		if record == nil || tx.Behavior().ReplicaLag.LagChecks && record.Unseen(tx) {
			return numbered(unknownLocation, "ConditionalActionPolicy validation failed due to InvalidNamedNetwork: "+id+".")
		}
	}
	return nil
}
