package graphapi

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

// Numbers of refusals by Conditional Access. Public threads report them; Microsoft has no page with them.
const (
	invalidSchema       = 1007
	invalidApplications = 1011
	mixedApplications   = 1012
	invalidControls     = 1032
	previewFeature      = 1038
	premiumFeature      = 1039
	unknownLocation     = 1040
	invalidGroup        = 1054
)

// maxPolicyApplications is how many apps a policy can name, as has been observed.
const maxPolicyApplications = 250

// What v1.0 refuses because only beta has it: properties, whatever their value, and values.
var (
	previewProperties = []string{
		"agentIdRiskLevels", "includeAgentIdServicePrincipals", "excludeAgentIdServicePrincipals", "agentIdServicePrincipalFilter",
		"includeDevices", "excludeDevices", "includeDeviceStates", "excludeDeviceStates",
	}
	previewValues = []string{"verifiedID", "urn:user:accountrecovery", "AllAgentIdUsers", "AllAgentIdResources"}
)

// accessRule is a combination that the service refuses.
type accessRule struct {
	number int
	text   string
	broken func(tx *store.Tx, p *control.ConditionalAccessPolicy) bool
}

const validationFailed = "ConditionalActionPolicy validation failed due to "

// accessRules are the combinations that the service refuses, of a policy that has been normalized.
//
// https://learn.microsoft.com/graph/api/resources/conditionalaccessgrantcontrols
// https://learn.microsoft.com/graph/api/resources/conditionalaccesssessioncontrols
// https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-cloud-apps
// https://learn.microsoft.com/entra/identity/conditional-access/workload-identity
var accessRules = []accessRule{
	{invalidApplications, "The application condition of the policy is invalid: it includes nothing.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		a := p.Conditions.Applications
		return len(a.IncludeApplications)+len(a.IncludeUserActions)+len(a.IncludeAuthenticationContextClassReferences) == 0 && a.ApplicationFilter == nil
	}},
	{invalidApplications, fmt.Sprintf("The application condition of the policy is invalid: it names more than %d applications.", maxPolicyApplications), func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		return len(p.Conditions.Applications.IncludeApplications)+len(p.Conditions.Applications.ExcludeApplications) > maxPolicyApplications
	}},
	{mixedApplications, mixtureText, func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		a := p.Conditions.Applications
		kinds := 0
		for _, list := range [][]string{a.IncludeApplications, a.IncludeUserActions, a.IncludeAuthenticationContextClassReferences} {
			kinds += min(len(list), 1)
		}
		return kinds > 1
	}},
	{invalidSchema, "applicationFilter cannot be combined with All or None.", func(tx *store.Tx, p *control.ConditionalAccessPolicy) bool {
		return tx.Behavior().ConditionalAccess.RefuseFilterOfAll && p.Conditions.Applications.ApplicationFilter != nil &&
			hasAnyOf(p.Conditions.Applications.IncludeApplications, "All", "None")
	}},
	{invalidSchema, "conditions.users: the policy includes nobody.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		return !includesPeople(p) && !p.Conditions.ClientApplications.Effective()
	}},
	{invalidSchema, "users and clientApplications cannot be combined, unless includeUsers is None.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		return p.Conditions.ClientApplications.Effective() && includesPeople(p) && !slices.Equal(p.Conditions.Users.IncludeUsers, []string{"None"})
	}},
	{invalidControls, validationFailed + "InvalidControls: a policy for workload identities can only block.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		return p.Conditions.ClientApplications.Effective() && !onlyControls(p, "block")
	}},
	{invalidControls, validationFailed + "InvalidControls: the user action to register or join devices only takes mfa or an authentication strength.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		return registersDevices(p) && !onlyControls(p, "mfa")
	}},
	{invalidSchema, "The user action to register or join devices takes neither client app types nor a device filter.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		return registersDevices(p) && (p.Conditions.Devices != nil || !slices.Equal(p.Conditions.ClientAppTypes, []string{"all"}))
	}},
	{invalidControls, validationFailed + "InvalidPasswordResetControl.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		return hasControl(p, "passwordChange") && (p.GrantControls.Operator != "AND" || !hasControl(p, "mfa") && p.StrengthID() == "" ||
			len(p.Conditions.UserRiskLevels) == 0 || len(p.Conditions.SignInRiskLevels) > 0 || !everyApplication(p) || narrowed(p))
	}},
	{invalidControls, validationFailed + "InvalidControls: no application of the policy supports application enforced restrictions.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		return p.SessionControls != nil && p.SessionControls.ApplicationEnforcedRestrictions != nil && p.SessionControls.ApplicationEnforcedRestrictions.IsEnabled &&
			!hasAnyOf(p.Conditions.Applications.IncludeApplications, "All", "Office365", store.AppExchangeOnline, store.AppSharePointOnline)
	}},
	{invalidControls, validationFailed + "InvalidSessionControls: a persistent browser session needs All applications.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		return p.SessionControls != nil && p.SessionControls.PersistentBrowser != nil && p.SessionControls.PersistentBrowser.IsEnabled &&
			!hasAnyOf(p.Conditions.Applications.IncludeApplications, "All")
	}},
	{invalidControls, validationFailed + "InvalidSessionControls: continuous access evaluation can only be disabled for All applications and without conditions.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		s := p.SessionControls
		return s != nil && s.ContinuousAccessEvaluation != nil && s.ContinuousAccessEvaluation.Mode == "disabled" &&
			(!everyApplication(p) || narrowed(p) || len(p.Conditions.UserRiskLevels)+len(p.Conditions.SignInRiskLevels) > 0)
	}},
	{invalidSchema, "sessionControls.signInFrequency: a frequency that is time-based needs a value and a type.", func(_ *store.Tx, p *control.ConditionalAccessPolicy) bool {
		if p.SessionControls == nil || p.SessionControls.SignInFrequency == nil {
			return false
		}
		frequency := p.SessionControls.SignInFrequency
		return frequency.FrequencyInterval != control.FrequencyEveryTime && (frequency.Value == nil || *frequency.Value < 1 || frequency.Type == "")
	}},
	{premiumFeature, "Cannot create or update policies with premium P2 features.", func(tx *store.Tx, p *control.ConditionalAccessPolicy) bool {
		c := p.Conditions
		risk := len(c.UserRiskLevels)+len(c.SignInRiskLevels)+len(c.ServicePrincipalRiskLevels) > 0 || hasControl(p, "riskRemediation")
		return risk && !hasPlan(tx, planP2)
	}},
}

const mixtureText = "'applications' condition cannot include both 'includeApplications' and 'includeUserActions'. Please remove one of the conditions."

func hasAnyOf(list []string, wanted ...string) bool {
	return slices.ContainsFunc(wanted, func(one string) bool { return slices.Contains(list, one) })
}

func hasControl(p *control.ConditionalAccessPolicy, name string) bool {
	return p.GrantControls != nil && slices.Contains(p.GrantControls.BuiltInControls, name)
}

// onlyControls tells whether the policy asks for the control, or for a strength in place of mfa, and for nothing else.
func onlyControls(p *control.ConditionalAccessPolicy, name string) bool {
	grant := p.GrantControls
	if grant == nil || len(grant.TermsOfUse)+len(grant.CustomAuthenticationFactors) > 0 {
		return false
	}
	return slices.Equal(grant.BuiltInControls, []string{name}) || name == "mfa" && len(grant.BuiltInControls) == 0
}

func includesPeople(p *control.ConditionalAccessPolicy) bool {
	users := p.Conditions.Users
	return users != nil && (len(users.IncludeUsers)+len(users.IncludeGroups)+len(users.IncludeRoles) > 0 || users.IncludeGuestsOrExternalUsers != nil)
}

func registersDevices(p *control.ConditionalAccessPolicy) bool {
	return slices.Contains(p.Conditions.Applications.IncludeUserActions, "urn:user:registerdevice")
}

func everyApplication(p *control.ConditionalAccessPolicy) bool {
	a := p.Conditions.Applications
	return slices.Equal(a.IncludeApplications, []string{"All"}) && len(a.ExcludeApplications) == 0 && a.ApplicationFilter == nil
}

// narrowed tells whether the policy has a condition about the client, the place or the flow.
func narrowed(p *control.ConditionalAccessPolicy) bool {
	c := p.Conditions
	return !slices.Equal(c.ClientAppTypes, []string{"all"}) || c.Locations != nil || c.Platforms != nil || c.Devices != nil || c.AuthenticationFlows != nil
}

// checkPolicyBody refuses what can only be seen in the body. Of an empty list of apps together with user actions the evidence is contrary:
// clients in use send it, and a thread tells of 1012.
func checkPolicyBody(tx *store.Tx, body map[string]any) *refusal {
	applications := at(body, "conditions", "applications")
	actions, _ := applications["includeUserActions"].([]any)
	_, named := applications["includeApplications"].([]any)
	if len(actions) > 0 && named && tx.Behavior().ConditionalAccess.RefuseEmptyApplications {
		return numbered(mixedApplications, mixtureText)
	}
	session := at(body, "sessionControls")
	frequency := at(session, "signInFrequency")
	if frequency["frequencyInterval"] == control.FrequencyEveryTime {
		for _, name := range []string{"value", "type"} {
			if frequency[name] != nil {
				return numbered(invalidSchema, "sessionControls.signInFrequency."+name+" must be null where frequencyInterval is everyTime.")
			}
		}
		for _, name := range []string{"applicationEnforcedRestrictions", "disableResilienceDefaults"} {
			if session[name] != nil {
				return numbered(invalidControls, validationFailed+"InvalidSessionControls: "+name+" must be null where frequencyInterval is everyTime.")
			}
		}
	}
	if len(session) > 0 && tx.Behavior().ConditionalAccess.RefuseIneffectiveSession && !recoded[control.ConditionalAccessSession](session).Effective() {
		return numbered(invalidControls, validationFailed+"InvalidSessionControls: the session controls do nothing.")
	}
	return nil
}

// at walks down into objects. Where there is none, the object is empty.
func at(object map[string]any, path ...string) map[string]any {
	for _, name := range path {
		object, _ = object[name].(map[string]any)
	}
	return object
}

// refusePreview refuses properties that only beta has.
func refusePreview(body map[string]any) *refusal {
	for name, value := range body {
		if slices.Contains(previewProperties, name) && !isNothing(value) {
			return numbered(previewFeature, "The policy contains preview features ("+name+"), use the beta endpoint.")
		}
		if below, isObject := value.(map[string]any); isObject {
			if refused := refusePreview(below); refused != nil {
				return refused
			}
		}
	}
	return nil
}

// mentions tells whether a value has a property of the name, or a text that is it.
func mentions(value any, name string) bool {
	switch value := value.(type) {
	case string:
		return value == name
	case []any:
		return slices.ContainsFunc(value, func(item any) bool { return mentions(item, name) })
	case map[string]any:
		for key, below := range value {
			if key == name && !isNothing(below) || mentions(below, name) {
				return true
			}
		}
	}
	return false
}

// checkAccessPolicy checks a policy against the rules of the service and against the tenant. What the policy has already, such as a preview value
// or a user who has been deleted since, is not refused again.
func checkAccessPolicy(tx *store.Tx, req *request, before, value *control.ConditionalAccessPolicy) *refusal {
	policy := control.Clone(value)
	policy.Normalize(tx.Now())
	writeFlags(reflect.ValueOf(policy))
	var had map[string]any
	if before != nil {
		had = properties(*before)
	}
	if refused := checkStanding(tx, before, policy); refused != nil {
		return refused
	}
	if refused := checkValues(tx, req, had, policy); refused != nil {
		return refused
	}
	for _, rule := range accessRules {
		if rule.broken(tx, policy) {
			return numbered(rule.number, rule.text)
		}
	}
	return checkReferences(tx, had, policy)
}

// checkStanding refuses a policy beside security defaults, and a change of what Microsoft manages.
func checkStanding(tx *store.Tx, before, policy *control.ConditionalAccessPolicy) *refusal {
	if securityDefaults.Record(tx).Value().IsEnabled && (policy.State != control.PolicyDisabled || before == nil) &&
		!(tx.Behavior().ConditionalAccess.AllowDisabledWithSecurityDefaults && policy.State != control.PolicyEnabled) {
		return badRequest("Security defaults are enabled in the tenant. Disable security defaults before you use conditional access policies.").
			as(control.CaseSecurityDefaults)
	}
	if before == nil || !before.MicrosoftManaged {
		return nil
	}
	kept := control.Clone(policy)
	kept.State, kept.ModifiedDateTime = before.State, before.ModifiedDateTime
	if was, is := before.Conditions.Users, kept.Conditions.Users; was != nil && is != nil {
		is.ExcludeUsers, is.ExcludeGroups, is.ExcludeRoles = was.ExcludeUsers, was.ExcludeGroups, was.ExcludeRoles
		is.ExcludeGuestsOrExternalUsers = was.ExcludeGuestsOrExternalUsers
	}
	if !reflect.DeepEqual(objectOf(*kept), objectOf(*before)) {
		return badRequest("Of a policy that Microsoft manages only the state and the exclusions can be changed.").as(control.CaseManagedPolicy)
	}
	return nil
}

// checkValues refuses values that no schema has, or only that of beta.
func checkValues(tx *store.Tx, req *request, had map[string]any, policy *control.ConditionalAccessPolicy) (refused *refusal) {
	has := properties(*policy)
	if req.version == v1 {
		for _, name := range slices.Concat(previewValues, tx.Behavior().ConditionalAccess.Preview) {
			if mentions(has, name) && !mentions(had, name) {
				return numbered(previewFeature, "The policy contains preview features ("+name+"), use the beta endpoint.")
			}
		}
	}
	enumerated(reflect.ValueOf(policy), "", func(place string, known, texts []string, set func(string)) {
		for _, text := range texts {
			lacked := text == "riskRemediation" && slices.Contains([]string{control.CloudChina, control.CloudUSNat, control.CloudUSSec}, tx.Cloud())
			member := slices.Contains(known, text) && !lacked || set != nil && containsFold(known, text)
			if !member && !slices.Contains(previewValues, text) && !mentions(had, text) && refused == nil {
				refused = policyCollection.invalid(fmt.Sprintf("%s: %q is not a member of the enumeration: %s.", place, text, strings.Join(known, ", ")))
			}
		}
	})
	return refused
}

// Names that stand for no single object.
var (
	wholeUsers      = []string{"All", "None", "GuestsOrExternalUsers", "AllAgentIdUsers"}
	wholeApps       = []string{"All", "None", "Office365", "MicrosoftAdminPortals", "AllAgentIdResources"}
	wholePrincipals = []string{"ServicePrincipalsInMyTenant"}
)

// checkReferences refuses what the tenant does not have, or does not know yet. That locations and groups are refused has been observed, and by which
// numbers; of the others nothing is documented.
func checkReferences(tx *store.Tx, had map[string]any, policy *control.ConditionalAccessPolicy) *refusal {
	lagging := tx.Behavior().ReplicaLag.LagChecks
	missing := func(kind, id string) *refusal {
		return badRequest(kind + " with id " + id + " does not exist in the directory.")
	}
	for _, id := range policy.LocationIDs() {
		if record := namedLocations.Find(tx, id); record == nil || lagging && record.Unseen(tx) {
			return numbered(unknownLocation, missing("NamedLocation", id).message)
		}
	}
	if id := policy.StrengthID(); id != "" {
		if record := authenticationStrengths.Find(tx, id); record == nil || lagging && record.Unseen(tx) {
			return policyCollection.invalid("grantControls.authenticationStrength.id: there is no authentication strength '" + id + "' in this tenant.")
		}
	}
	if tx.Behavior().ConditionalAccess.AllowUnknownReferences {
		return nil
	}
	object := func(id string) store.DirectoryObject {
		found, _ := tx.Object(strings.ToLower(id))
		return found
	}
	conditions := policy.Conditions
	users, workloads, grant := conditions.Users, conditions.ClientApplications, policy.GrantControls
	if users == nil {
		users = &control.PolicyUsers{}
	}
	if workloads == nil {
		workloads = &control.PolicyClientApplications{}
	}
	if grant == nil {
		grant = &control.ConditionalAccessGrant{}
	}
	for _, reference := range []struct {
		kind    string
		lists   [][]string
		allowed []string
		exists  func(id string) bool
	}{
		{"User", [][]string{users.IncludeUsers, users.ExcludeUsers}, wholeUsers, func(id string) bool {
			user := object(id).User
			return user != nil && !(lagging && user.Unseen(tx))
		}},
		{"Group", [][]string{users.IncludeGroups, users.ExcludeGroups}, nil, func(id string) bool { return object(id).Group != nil }},
		{"Role", [][]string{users.IncludeRoles, users.ExcludeRoles}, nil, func(id string) bool { return roleDefinitions.Find(tx, id) != nil }},
		{"Application", [][]string{conditions.Applications.IncludeApplications, conditions.Applications.ExcludeApplications}, wholeApps, func(id string) bool {
			return principalOf(tx, id) != nil
		}},
		{"ServicePrincipal", [][]string{workloads.IncludeServicePrincipals, workloads.ExcludeServicePrincipals}, wholePrincipals, func(id string) bool {
			return object(id).Principal != nil
		}},
		{"AuthenticationContextClassReference", [][]string{conditions.Applications.IncludeAuthenticationContextClassReferences}, nil, func(id string) bool {
			record := authenticationContexts.Find(tx, id)
			return record != nil && !(lagging && record.Unseen(tx))
		}},
		{"Agreement", [][]string{grant.TermsOfUse}, nil, func(id string) bool { return agreements.Find(tx, id) != nil }},
	} {
		for _, id := range slices.Concat(reference.lists...) {
			switch {
			case slices.Contains(reference.allowed, id) || mentions(had, id) || reference.exists(id):
			case reference.kind == "Group":
				return numbered(invalidGroup, "Invalid group value: "+id+".")
			default:
				return missing(reference.kind, id).as(control.CaseUnknownReference)
			}
		}
	}
	return nil
}
