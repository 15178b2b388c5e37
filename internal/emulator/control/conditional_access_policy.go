package control

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// States of a Conditional Access policy.
const (
	PolicyEnabled    = "enabled"
	PolicyDisabled   = "disabled"
	PolicyReportOnly = "enabledForReportingButNotEnforced"
)

// Locations that a policy can name besides the ids of named locations.
const (
	LocationAll        = "All"
	LocationAllTrusted = "AllTrusted"
)

// MaxConditionalAccessPolicies is how many policies a tenant can have, in whatever state.
const MaxConditionalAccessPolicies = 240

var policyStates = []string{PolicyEnabled, PolicyDisabled, PolicyReportOnly}

// ConditionalAccessPolicy is a Conditional Access policy in the shape that Graph gives it, with the properties that say
// whom it catches where and what it asks for. Properties of Graph that are not in it are refused.
//
// https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
type ConditionalAccessPolicy struct {
	ID               string     `json:"id,omitempty"`
	DisplayName      string     `json:"displayName"`
	State            string     `json:"state"`
	CreatedDateTime  *time.Time `json:"createdDateTime,omitempty"`
	ModifiedDateTime *time.Time `json:"modifiedDateTime,omitempty"`
	// DeletedDateTime is set in the bin only.
	DeletedDateTime *time.Time              `json:"deletedDateTime,omitempty"`
	Conditions      PolicyConditions        `json:"conditions"`
	GrantControls   *ConditionalAccessGrant `json:"grantControls,omitempty"`
}

// PolicyConditions say when a policy applies.
type PolicyConditions struct {
	// ClientAppTypes is all when empty.
	ClientAppTypes   []string            `json:"clientAppTypes,omitempty"`
	Applications     *PolicyApplications `json:"applications,omitempty"`
	Users            *PolicyUsers        `json:"users,omitempty"`
	Locations        *PolicyLocations    `json:"locations,omitempty"`
	UserRiskLevels   []string            `json:"userRiskLevels,omitempty"`
	SignInRiskLevels []string            `json:"signInRiskLevels,omitempty"`
}

// PolicyApplications are the apps or the actions that a policy is about.
type PolicyApplications struct {
	IncludeApplications                         []string `json:"includeApplications,omitempty"`
	ExcludeApplications                         []string `json:"excludeApplications,omitempty"`
	IncludeUserActions                          []string `json:"includeUserActions,omitempty"`
	IncludeAuthenticationContextClassReferences []string `json:"includeAuthenticationContextClassReferences,omitempty"`
}

// PolicyUsers are the people that a policy is about.
type PolicyUsers struct {
	IncludeUsers  []string `json:"includeUsers,omitempty"`
	ExcludeUsers  []string `json:"excludeUsers,omitempty"`
	IncludeGroups []string `json:"includeGroups,omitempty"`
	ExcludeGroups []string `json:"excludeGroups,omitempty"`
	IncludeRoles  []string `json:"includeRoles,omitempty"`
	ExcludeRoles  []string `json:"excludeRoles,omitempty"`
}

// PolicyLocations are ids of named locations, [LocationAll] or [LocationAllTrusted].
type PolicyLocations struct {
	IncludeLocations []string `json:"includeLocations,omitempty"`
	ExcludeLocations []string `json:"excludeLocations,omitempty"`
}

// ConditionalAccessGrant is what a policy asks for.
type ConditionalAccessGrant struct {
	// Operator is AND or OR.
	Operator                    string   `json:"operator"`
	BuiltInControls             []string `json:"builtInControls,omitempty"`
	CustomAuthenticationFactors []string `json:"customAuthenticationFactors,omitempty"`
	TermsOfUse                  []string `json:"termsOfUse,omitempty"`
	// AuthenticationStrength is one of the strengths that every tenant has; see [AuthenticationStrengths].
	AuthenticationStrength *PolicyStrength `json:"authenticationStrength,omitempty"`
}

// PolicyStrength is the authentication strength that a policy asks for.
type PolicyStrength struct {
	ID string `json:"id"`
}

// LocationIDs are the ids of the named locations that the policy names.
func (p *ConditionalAccessPolicy) LocationIDs() []string {
	if p.Conditions.Locations == nil {
		return nil
	}
	var ids []string
	for _, name := range slices.Concat(p.Conditions.Locations.IncludeLocations, p.Conditions.Locations.ExcludeLocations) {
		// The zero GUID is in Microsoft's own sample and stands for no named location.
		if name != LocationAll && name != LocationAllTrusted && name != NoTarget {
			ids = append(ids, strings.ToLower(name))
		}
	}
	return ids
}

// Normalize fills in what a policy may leave out, and does what the service does to an operator without a choice.
func (p *ConditionalAccessPolicy) Normalize(now time.Time) {
	if p.ID == "" {
		p.ID = uuid.NewString()
	}
	p.ID = strings.ToLower(p.ID)
	if p.CreatedDateTime == nil {
		p.CreatedDateTime = new(now.UTC())
	}
	if len(p.Conditions.ClientAppTypes) == 0 {
		p.Conditions.ClientAppTypes = []string{"all"}
	}
	if grant := p.GrantControls; grant != nil && grant.controls() < 2 {
		grant.Operator = "OR"
	}
}

// controls is how many things a policy asks for.
func (g *ConditionalAccessGrant) controls() int {
	count := len(g.BuiltInControls) + len(g.CustomAuthenticationFactors) + len(g.TermsOfUse)
	if g.AuthenticationStrength != nil {
		count++
	}
	return count
}

// Validate checks one policy by itself; whether its locations exist is a matter of the tenant.
func (p *ConditionalAccessPolicy) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	if p.ID != "" && !IsGUID(p.ID) {
		report("id", "%q is not a GUID", p.ID)
	}
	if strings.TrimSpace(p.DisplayName) == "" {
		report("displayName", "must not be empty")
	}
	if !slices.Contains(policyStates, p.State) {
		report("state", "%q is not a state; the states are %s", p.State, strings.Join(policyStates, ", "))
	}
	if p.Conditions.Users == nil {
		report("conditions.users", "is missing")
	}
	if p.Conditions.Applications == nil {
		report("conditions.applications", "is missing")
	}
	for _, id := range p.LocationIDs() {
		if !IsGUID(id) {
			report("conditions.locations", "%q is neither a GUID nor %s nor %s", id, LocationAll, LocationAllTrusted)
		}
	}
	if p.GrantControls == nil {
		report("grantControls", "is missing")
	} else if p.GrantControls.Operator != "AND" && p.GrantControls.Operator != "OR" {
		report("grantControls.operator", "%q is neither AND nor OR", p.GrantControls.Operator)
	}
	if grant := p.GrantControls; grant != nil && grant.AuthenticationStrength != nil {
		if StrengthByID(grant.AuthenticationStrength.ID) == nil {
			report("grantControls.authenticationStrength.id", "there is no authentication strength %q in this tenant", grant.AuthenticationStrength.ID)
		}
		// https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths#limitations
		if slices.Contains(grant.BuiltInControls, "mfa") {
			report("grantControls.builtInControls", "mfa and an authentication strength cannot be in one policy")
		}
	}
	return errors.Join(problems...)
}
