package emulator

import (
	"fmt"
	"net/http"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
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
//
// https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
var accessPolicies = accessKind[control.ConditionalAccessPolicy]{
	segment: "policies",
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
	selects:   []string{"conditions", "grantControls", "sessionControls", "templateId", "description"},
	records:   func(d *directory) *[]*versioned[control.ConditionalAccessPolicy] { return &d.accessPolicies },
	id:        func(p control.ConditionalAccessPolicy) string { return p.ID },
	deletedAt: func(p *control.ConditionalAccessPolicy) **time.Time { return &p.DeletedDateTime },
	object:    accessPolicyObject,
	write:     writeAccessPolicies,
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

// numbered is a refusal by Conditional Access with its number.
func numbered(number int, message string) *graphError {
	refusal := badRequest(message)
	refusal.number = number
	return refusal
}

func (s *Server) accessPolicyBody(req *graphRequest) (map[string]any, *graphError) {
	s.mu.Lock()
	without := s.accessWithout(req.version)
	s.mu.Unlock()
	body, refusal := entityBody[control.ConditionalAccessPolicy](req, bodyRules{
		readOnly: []string{"id", "createdDateTime", "modifiedDateTime", "deletedDateTime"}, nullable: []string{"*"},
		notKept: []string{
			"description", "templateId", "sessionControls", "platforms", "devices", "clientApplications", "authenticationFlows",
			"insiderRiskLevels", "servicePrincipalRiskLevels", "applicationFilter", "includeGuestsOrExternalUsers",
			"excludeGuestsOrExternalUsers",
		},
		unknown: without, prepare: bindStrength,
	})
	if refusal != nil {
		return nil, numbered(invalidSchema, "The policy you have specified does not match the schema of conditionalAccessPolicy. "+refusal.message)
	}
	return body, nil
}

// checkAccessPolicy checks a policy by itself and its references. It wants the server's lock.
func (s *Server) checkAccessPolicy(policy *control.ConditionalAccessPolicy) *graphError {
	if err := policy.Validate(); err != nil {
		return numbered(invalidSchema, "The policy you have specified does not match the schema of conditionalAccessPolicy. "+err.Error())
	}
	applications := policy.Conditions.Applications
	count := len(applications.IncludeApplications) + len(applications.IncludeUserActions) + len(applications.IncludeAuthenticationContextClassReferences)
	if count == 0 {
		return numbered(invalidApplications, "The application condition of the policy is invalid: it includes nothing.")
	}
	for _, id := range policy.LocationIDs() {
		record := namedLocations.find(s.directory, id, false)
		if record == nil || s.behavior.ReplicaLag.LagChecks && record.created.stale(s.now()) {
			return numbered(unknownLocation, "ConditionalActionPolicy validation failed due to InvalidNamedNetwork: "+id+".")
		}
	}
	return nil
}

// checkMixture refuses a body that includes apps and user actions at once. Of an empty list of apps together with user actions the
// evidence is contrary: clients in use send it, and a thread tells of 1012.
func (s *Server) checkMixture(body map[string]any) *graphError {
	conditions, _ := body["conditions"].(map[string]any)
	applications, _ := conditions["applications"].(map[string]any)
	actions, _ := applications["includeUserActions"].([]any)
	apps, named := applications["includeApplications"].([]any)
	s.mu.Lock()
	strict := s.behavior.ConditionalAccess.RefuseEmptyApplications
	s.mu.Unlock()
	if len(actions) > 0 && (len(apps) > 0 || named && strict) {
		return numbered(mixedApplications, "The policy includes applications together with user actions.")
	}
	return nil
}

// createAccessPolicy answers POST /identity/conditionalAccess/policies.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-policies
func (s *Server) createAccessPolicy(req *graphRequest, _ odata.Query) (*wire.Response, error) {
	body, refusal := s.accessPolicyBody(req)
	if refusal != nil {
		return nil, refusal
	}
	if err := s.checkMixture(body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	policy := recoded[control.ConditionalAccessPolicy](body)
	if err := s.checkAccessPolicy(policy); err != nil {
		return nil, err
	}
	if err := s.checkAccessPolicyLimit(); err != nil {
		return nil, err
	}
	record := s.directory.addAccessPolicy(*policy, s.now())
	record.created = s.creationLag()
	return accessPolicies.created(s, req, record.value), nil
}

// checkAccessPolicyLimit refuses one policy too many. It wants the server's lock.
func (s *Server) checkAccessPolicyLimit() *graphError {
	count := 0
	for _, record := range s.directory.accessPolicies {
		if !record.gone {
			count++
		}
	}
	if count < control.MaxConditionalAccessPolicies {
		return nil
	}
	return badRequest(fmt.Sprintf("The tenant has %d conditional access policies already, which is the limit.", count)).
		as(control.CaseConditionalAccessPolicyLimit)
}

// checkRestoredPolicy says whether a policy can come back. It wants the server's lock.
func (s *Server) checkRestoredPolicy(policy control.ConditionalAccessPolicy) *graphError {
	if err := s.checkAccessPolicy(&policy); err != nil {
		return err
	}
	return s.checkAccessPolicyLimit()
}

// patchAccessPolicy answers PATCH /identity/conditionalAccess/policies/{id}: each condition and each control that the
// body names is replaced as a whole.
//
// https://learn.microsoft.com/graph/api/conditionalaccesspolicy-update
func (s *Server) patchAccessPolicy(req *graphRequest, id string) (*wire.Response, error) {
	body, refusal := s.accessPolicyBody(req)
	if refusal != nil {
		return nil, refusal
	}
	if err := s.checkMixture(body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	record := accessPolicies.find(s.directory, id, false)
	if record == nil {
		return nil, unknownAccessObject(id)
	}
	merged := overlay(properties(record.value), body, 1)
	if grant, named := body["grantControls"]; named {
		merged["grantControls"] = grant
	}
	changed := recoded[control.ConditionalAccessPolicy](merged)
	if err := s.checkAccessPolicy(changed); err != nil {
		return nil, err
	}
	changed.Normalize(s.now())
	changed.ModifiedDateTime = new(s.now().UTC())
	record.update(*changed, newLag(s.behavior.ReplicaLag, s.now()))
	return wire.JSON(http.StatusNoContent, nil), nil
}

// deleteAccessPolicy answers DELETE /identity/conditionalAccess/policies/{id}: the policy goes into the bin.
//
// https://learn.microsoft.com/graph/api/conditionalaccesspolicy-delete
func (s *Server) deleteAccessPolicy(_ *graphRequest, id string) (*wire.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record := accessPolicies.find(s.directory, id, false)
	if record == nil {
		return nil, unknownAccessObject(id)
	}
	accessPolicies.discard(record, s.deletionLag(), s.now())
	return wire.JSON(http.StatusNoContent, nil), nil
}

func (d *directory) addAccessPolicy(policy control.ConditionalAccessPolicy, now time.Time) *versioned[control.ConditionalAccessPolicy] {
	policy.Normalize(now)
	record := &versioned[control.ConditionalAccessPolicy]{value: policy, gone: policy.DeletedDateTime != nil}
	d.accessPolicies = append(d.accessPolicies, record)
	return record
}
