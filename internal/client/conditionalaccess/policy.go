// Package conditionalaccess has Conditional Access policies and authentication strengths as values, and the rules about them: what a policy is
// equal to, which combinations the service refuses, what a policy refers to. It asks nobody.
package conditionalaccess

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/scope"
)

// State says whether a policy is in force.
type State string

// The states. A policy in report-only is evaluated and logged, and asks nobody for anything.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
const (
	Enabled    State = "enabled"
	Disabled   State = "disabled"
	ReportOnly State = "enabledForReportingButNotEnforced"
)

// Policy is a Conditional Access policy as v1.0 of Graph has it. Absent objects are nil, absent lists are empty.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
type Policy struct {
	ID          string     `json:"id,omitempty"`
	DisplayName string     `json:"displayName,omitempty"`
	Description string     `json:"description,omitempty"`
	TemplateID  string     `json:"templateId,omitempty"`
	State       State      `json:"state,omitempty"`
	Created     *time.Time `json:"createdDateTime,omitempty"`
	Modified    *time.Time `json:"modifiedDateTime,omitempty"`

	Conditions      Conditions       `json:"conditions"`
	GrantControls   *GrantControls   `json:"grantControls,omitempty"`
	SessionControls *SessionControls `json:"sessionControls,omitempty"`

	// document is what the service sent, with properties that this type does not have. It is nil of a policy that was made here.
	document map[string]any
}

// Conditions say to which sign-ins a policy applies. All of them have to match.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessconditionset
type Conditions struct {
	Users                      *Users               `json:"users,omitempty"`
	ClientApplications         *ClientApplications  `json:"clientApplications,omitempty"`
	Applications               *Applications        `json:"applications,omitempty"`
	ClientAppTypes             []string             `json:"clientAppTypes,omitempty"`
	Locations                  *Locations           `json:"locations,omitempty"`
	Platforms                  *Platforms           `json:"platforms,omitempty"`
	Devices                    *Devices             `json:"devices,omitempty"`
	SignInRiskLevels           []string             `json:"signInRiskLevels,omitempty"`
	UserRiskLevels             []string             `json:"userRiskLevels,omitempty"`
	ServicePrincipalRiskLevels []string             `json:"servicePrincipalRiskLevels,omitempty"`
	InsiderRiskLevels          Flags                `json:"insiderRiskLevels,omitempty"`
	AuthenticationFlows        *AuthenticationFlows `json:"authenticationFlows,omitempty"`
}

// Users are the users to whom a policy applies. A user who is excluded by one list is excluded, whatever includes them.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessusers
type Users struct {
	IncludeUsers  []string `json:"includeUsers,omitempty"`
	ExcludeUsers  []string `json:"excludeUsers,omitempty"`
	IncludeGroups []string `json:"includeGroups,omitempty"`
	ExcludeGroups []string `json:"excludeGroups,omitempty"`
	// Roles are ids of role templates.
	IncludeRoles  []string `json:"includeRoles,omitempty"`
	ExcludeRoles  []string `json:"excludeRoles,omitempty"`
	IncludeGuests *Guests  `json:"includeGuestsOrExternalUsers,omitempty"`
	ExcludeGuests *Guests  `json:"excludeGuestsOrExternalUsers,omitempty"`
}

// Guests are external users by their kind and by the tenant that they come from.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessguestsorexternalusers
type Guests struct {
	Types   Flags            `json:"guestOrExternalUserTypes,omitempty"`
	Tenants *ExternalTenants `json:"externalTenants,omitempty"`
}

// ExternalTenants are all tenants of Microsoft Entra ID, or those that are enumerated.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessexternaltenants
type ExternalTenants struct {
	ODataType      string   `json:"@odata.type,omitempty"`
	MembershipKind string   `json:"membershipKind,omitempty"`
	Members        []string `json:"members,omitempty"`
}

// Kinds of membership of external tenants, and their types on the wire.
const (
	TenantsAll        = "all"
	TenantsEnumerated = "enumerated"

	typeAllTenants        = "#microsoft.graph.conditionalAccessAllExternalTenants"
	typeEnumeratedTenants = "#microsoft.graph.conditionalAccessEnumeratedExternalTenants"
)

// ClientApplications are the workload identities to which a policy applies.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessclientapplications
type ClientApplications struct {
	IncludeServicePrincipals []string `json:"includeServicePrincipals,omitempty"`
	ExcludeServicePrincipals []string `json:"excludeServicePrincipals,omitempty"`
	Filter                   *Filter  `json:"servicePrincipalFilter,omitempty"`
}

// Applications are what a sign-in is for: cloud apps, a user action, or an authentication context.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessapplications
type Applications struct {
	IncludeApplications []string `json:"includeApplications,omitempty"`
	ExcludeApplications []string `json:"excludeApplications,omitempty"`
	IncludeUserActions  []string `json:"includeUserActions,omitempty"`
	IncludeContexts     []string `json:"includeAuthenticationContextClassReferences,omitempty"`
	Filter              *Filter  `json:"applicationFilter,omitempty"`
}

// Filter selects objects by a rule.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessfilter
type Filter struct {
	Mode string `json:"mode,omitempty"`
	Rule string `json:"rule,omitempty"`
}

// Locations are ids of named locations, All or AllTrusted.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccesslocations
type Locations struct {
	Include []string `json:"includeLocations,omitempty"`
	Exclude []string `json:"excludeLocations,omitempty"`
}

// Platforms are device platforms.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessplatforms
type Platforms struct {
	Include []string `json:"includePlatforms,omitempty"`
	Exclude []string `json:"excludePlatforms,omitempty"`
}

// Devices selects devices by a rule.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessdevices
type Devices struct {
	Filter *Filter `json:"deviceFilter,omitempty"`
}

// AuthenticationFlows are ways to hand a sign-in over to another device.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessauthenticationflows
type AuthenticationFlows struct {
	TransferMethods Flags `json:"transferMethods,omitempty"`
}

// GrantControls are what a sign-in has to satisfy.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccessgrantcontrols
type GrantControls struct {
	// Operator is AND or OR.
	Operator                    string   `json:"operator,omitempty"`
	BuiltInControls             []string `json:"builtInControls,omitempty"`
	CustomAuthenticationFactors []string `json:"customAuthenticationFactors,omitempty"`
	TermsOfUse                  []string `json:"termsOfUse,omitempty"`
	// AuthenticationStrength is nil where the policy has none. Of it, only the id is written.
	AuthenticationStrength *StrengthReference `json:"authenticationStrength,omitempty"`
}

// StrengthReference is the authentication strength of a policy. The service answers with more than the id.
type StrengthReference struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName,omitempty"`
	// RequirementsSatisfied is mfa or none.
	RequirementsSatisfied string   `json:"requirementsSatisfied,omitempty"`
	AllowedCombinations   []string `json:"allowedCombinations,omitempty"`
}

// SessionControls are limits of a session.
//
// Source: https://learn.microsoft.com/graph/api/resources/conditionalaccesssessioncontrols
type SessionControls struct {
	AppEnforcedRestrictions *Switch            `json:"applicationEnforcedRestrictions,omitempty"`
	CloudAppSecurity        *CloudAppSecurity  `json:"cloudAppSecurity,omitempty"`
	DisableResilience       *bool              `json:"disableResilienceDefaults,omitempty"`
	PersistentBrowser       *PersistentBrowser `json:"persistentBrowser,omitempty"`
	SignInFrequency         *SignInFrequency   `json:"signInFrequency,omitempty"`
	SecureSignInSession     *Switch            `json:"secureSignInSession,omitempty"`
	ContinuousAccess        *ContinuousAccess  `json:"continuousAccessEvaluation,omitempty"`
}

// Switch is a session control that is on or off.
type Switch struct {
	Enabled bool `json:"isEnabled"`
}

// CloudAppSecurity hands sessions over to Microsoft Defender for Cloud Apps.
type CloudAppSecurity struct {
	Enabled bool   `json:"isEnabled"`
	Type    string `json:"cloudAppSecurityType,omitempty"`
}

// PersistentBrowser says whether a session outlives the browser.
type PersistentBrowser struct {
	Enabled bool   `json:"isEnabled"`
	Mode    string `json:"mode,omitempty"`
}

// ContinuousAccess is continuous access evaluation: strictEnforcement, disabled, or strictLocation. v1.0 does not document it in every cloud.
type ContinuousAccess struct {
	Mode string `json:"mode,omitempty"`
}

// SignInFrequency says when a user has to sign in again.
//
// Source: https://learn.microsoft.com/graph/api/resources/signinfrequencysessioncontrol
type SignInFrequency struct {
	Enabled bool `json:"isEnabled"`
	// Value counts units of Type, hours or days. Both are absent where Interval is everyTime.
	Value              *int64 `json:"value,omitempty"`
	Type               string `json:"type,omitempty"`
	AuthenticationType string `json:"authenticationType,omitempty"`
	Interval           string `json:"frequencyInterval,omitempty"`
}

// Names that stand for many objects.
const (
	All                  = "All"
	None                 = "None"
	AllTrusted           = "AllTrusted"
	GuestsOrExternal     = "GuestsOrExternalUsers"
	OwnedPrincipals      = "ServicePrincipalsInMyTenant"
	ControlMFA           = "mfa"
	ControlBlock         = "block"
	ControlPassword      = "passwordChange"
	ControlRemediation   = "riskRemediation"
	ActionRegisterInfo   = "urn:user:registersecurityinfo"
	ActionRegisterDevice = "urn:user:registerdevice"
	EveryTime            = "everyTime"
	TimeBased            = "timeBased"
)

// Flags is a list of enum members that the wire carries as one text, separated by commas.
type Flags []string

// UnmarshalJSON reads the members of a text; null is none.
func (f *Flags) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	*f = nil
	if text == nil {
		return nil
	}
	for _, member := range strings.Split(*text, ",") {
		if member = strings.TrimSpace(member); member != "" && member != "none" {
			*f = append(*f, member)
		}
	}
	return nil
}

// MarshalJSON writes them as one text.
func (f Flags) MarshalJSON() ([]byte, error) { return json.Marshal(strings.Join(f, ",")) }

// UnmarshalJSON reads a policy and keeps what this type does not know.
func (p *Policy) UnmarshalJSON(data []byte) error {
	type plain Policy
	var read plain
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	if err := json.Unmarshal(data, &read.document); err != nil {
		return err
	}
	*p = Policy(read)
	return nil
}

// ObjectID is the policy's id.
func (p Policy) ObjectID() string { return p.ID }

// Times are when the policy was created and when it was last changed.
func (p Policy) Times() (created, modified *time.Time) { return p.Created, p.Modified }

// Same reports whether two reads of a policy say the same.
func (p Policy) Same(other Policy) bool {
	mine, err := json.Marshal(p.document)
	theirs, otherErr := json.Marshal(other.document)
	return err == nil && otherErr == nil && p.document != nil && string(mine) == string(theirs)
}

// AsksForMFA reports whether the policy is enabled and grants access by MFA or by an authentication strength, alone or among other
// controls.
func (p Policy) AsksForMFA() bool { return p.State == Enabled && p.NamesMFA() }

// NamesMFA reports whether MFA or an authentication strength is among the controls of the policy, whatever its state.
func (p Policy) NamesMFA() bool {
	grant := p.GrantControls
	return grant != nil && (slices.Contains(grant.BuiltInControls, ControlMFA) || grant.AuthenticationStrength != nil)
}

// Blocks reports whether the policy refuses the sign-ins to which it applies.
func (p Policy) Blocks() bool {
	return p.GrantControls != nil && slices.Contains(p.GrantControls.BuiltInControls, ControlBlock)
}

// Users are the include and the exclude of the policy. Of a policy that is about workload identities both are empty.
func (p Policy) Users() (include, exclude scope.Scope) {
	users := p.Conditions.Users
	if users == nil {
		return scope.Scope{}, scope.Scope{}
	}
	// A policy that includes some guests may be about any guest, and one that excludes some need not exclude a given one.
	return scopeOf(users.IncludeUsers, users.IncludeGroups, users.IncludeRoles, users.IncludeGuests != nil),
		scopeOf(users.ExcludeUsers, users.ExcludeGroups, users.ExcludeRoles, users.ExcludeGuests.everyGuest())
}

func scopeOf(users, groups, roles []string, guests bool) scope.Scope {
	return scope.Scope{
		Everybody: ContainsFold(users, All), Users: users, Groups: groups, Roles: roles, Guests: guests || ContainsFold(users, GuestsOrExternal),
	}
}

// everyGuest reports whether guests and external users of each kind and of each tenant are meant.
func (g *Guests) everyGuest() bool {
	if g == nil || g.Tenants != nil && strings.EqualFold(g.Tenants.MembershipKind, TenantsEnumerated) {
		return false
	}
	for _, kind := range GuestTypes {
		if !ContainsFold(g.Types, kind) {
			return false
		}
	}
	return true
}

// RefersTo reports whether the policy names a location by its id.
func (p Policy) RefersTo(location string) bool { return p.Includes(location) || p.Excludes(location) }

// RefersToAllTrusted reports whether the policy is about all trusted locations.
func (p Policy) RefersToAllTrusted() bool { return p.RefersTo(AllTrusted) }

// Includes reports whether the policy is for sign-ins from a location, by its id or as AllTrusted.
func (p Policy) Includes(location string) bool {
	return p.Conditions.Locations != nil && ContainsFold(p.Conditions.Locations.Include, location)
}

// Excludes reports whether the policy leaves out sign-ins from a location, by its id or as AllTrusted.
func (p Policy) Excludes(location string) bool {
	return p.Conditions.Locations != nil && ContainsFold(p.Conditions.Locations.Exclude, location)
}

// ContainsFold reports whether a list has an element, compared without case: ids and names of the service have none.
func ContainsFold(list []string, wanted string) bool {
	return slices.ContainsFunc(list, func(element string) bool { return strings.EqualFold(element, wanted) })
}

// ParsePolicies reads policies in Graph's JSON: one policy, a list of them, or an answer with a list in value.
func ParsePolicies(text string) ([]Policy, error) {
	var answer struct {
		Value *[]Policy `json:"value"`
	}
	var list []Policy
	trimmed := strings.TrimSpace(text)
	if strings.HasPrefix(trimmed, "[") {
		return list, json.Unmarshal([]byte(trimmed), &list)
	}
	if err := json.Unmarshal([]byte(trimmed), &answer); err != nil {
		return nil, err
	}
	if answer.Value != nil {
		return *answer.Value, nil
	}
	var one Policy
	err := json.Unmarshal([]byte(trimmed), &one)
	return []Policy{one}, err
}
