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

// Locations that a policy can name in addition to the ids of named locations.
const (
	LocationAll        = "All"
	LocationAllTrusted = "AllTrusted"
)

// What a sign-in frequency counts.
const (
	FrequencyTimeBased = "timeBased"
	FrequencyEveryTime = "everyTime"
)

// MaxConditionalAccessPolicies is how many policies a tenant can have, in whatever state. Those that Microsoft manages do not count.
const MaxConditionalAccessPolicies = 240

// ConditionalAccessPolicy is a Conditional Access policy in the shape that v1.0 of Graph gives it. Values of enumerations are not checked in a
// tenant file, so that a tenant can have preview values that v1.0 does not take.
//
// The tags: "members" are the values that Graph knows of a list or text, "flags" the same of a text that joins several with commas, in the
// order in which Graph writes them; "doc", "each" and the others are for the schema of tenant files.
//
// https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
type ConditionalAccessPolicy struct {
	ID               string                    `json:"id,omitempty" doc:"The id. One is made when it is left out." pattern:"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"`
	DisplayName      string                    `json:"displayName" doc:"The name." least:"1"`
	Description      string                    `json:"description,omitempty" doc:"What it is for."`
	TemplateID       string                    `json:"templateId,omitempty" doc:"The id of the template that it was made from. The template may no longer exist."`
	State            string                    `json:"state" doc:"The state." values:"enabled,disabled,enabledForReportingButNotEnforced"`
	CreatedDateTime  *time.Time                `json:"createdDateTime,omitempty" doc:"When it was made."`
	ModifiedDateTime *time.Time                `json:"modifiedDateTime,omitempty" doc:"When it was changed."`
	DeletedDateTime  *time.Time                `json:"deletedDateTime,omitempty" doc:"When it was deleted; in the bin only."`
	Conditions       PolicyConditions          `json:"conditions" doc:"When it applies."`
	GrantControls    *ConditionalAccessGrant   `json:"grantControls,omitempty" doc:"What it asks for." group:"controls"`
	SessionControls  *ConditionalAccessSession `json:"sessionControls,omitempty" doc:"What holds during a session." group:"controls"`
	// MicrosoftManaged and Outside are not properties that Graph has.
	MicrosoftManaged bool           `json:"microsoftManaged,omitempty" doc:"Whether Microsoft manages it: only its state and its exclusions can be changed."`
	Outside          map[string]any `json:"outside,omitempty" doc:"Properties of answers that v1.0's schema lacks, by their path, such as conditions.agentIdRiskLevels."`
}

// PolicyConditions say when a policy applies.
type PolicyConditions struct {
	ClientAppTypes             []string                  `json:"clientAppTypes,omitempty" doc:"The kinds of client apps; all when empty." members:"all,browser,mobileAppsAndDesktopClients,exchangeActiveSync,easSupported,other"`
	Applications               *PolicyApplications       `json:"applications,omitempty" doc:"The apps, actions or authentication contexts." group:"applications"`
	Users                      *PolicyUsers              `json:"users,omitempty" doc:"The people." group:"who"`
	ClientApplications         *PolicyClientApplications `json:"clientApplications,omitempty" doc:"The workload identities." group:"who"`
	Locations                  *PolicyLocations          `json:"locations,omitempty" doc:"The locations."`
	Platforms                  *PolicyPlatforms          `json:"platforms,omitempty" doc:"The platforms of devices."`
	Devices                    *PolicyDevices            `json:"devices,omitempty" doc:"The devices."`
	UserRiskLevels             []string                  `json:"userRiskLevels,omitempty" doc:"The levels of user risk." members:"low,medium,high,hidden,none"`
	SignInRiskLevels           []string                  `json:"signInRiskLevels,omitempty" doc:"The levels of sign-in risk." members:"low,medium,high,hidden,none"`
	ServicePrincipalRiskLevels []string                  `json:"servicePrincipalRiskLevels,omitempty" doc:"The levels of risk of workload identities." members:"low,medium,high,hidden,none"`
	InsiderRiskLevels          string                    `json:"insiderRiskLevels,omitempty" doc:"The levels of insider risk, joined by commas." flags:"minor,moderate,elevated"`
	AuthenticationFlows        *PolicyFlows              `json:"authenticationFlows,omitempty" doc:"The authentication flows."`
}

// PolicyApplications are the apps, the actions or the authentication contexts that a policy is about.
type PolicyApplications struct {
	IncludeApplications                         []string      `json:"includeApplications,omitempty" doc:"Client ids, All, None, or a name that Graph knows."`
	ExcludeApplications                         []string      `json:"excludeApplications,omitempty" doc:"The same, left out."`
	IncludeUserActions                          []string      `json:"includeUserActions,omitempty" doc:"User actions, such as urn:user:registersecurityinfo." members:"urn:user:registersecurityinfo,urn:user:registerdevice"`
	IncludeAuthenticationContextClassReferences []string      `json:"includeAuthenticationContextClassReferences,omitempty" doc:"Authentication contexts."`
	ApplicationFilter                           *PolicyFilter `json:"applicationFilter,omitempty" doc:"A rule about custom security attributes of apps."`
}

// PolicyUsers are the people that a policy is about.
type PolicyUsers struct {
	IncludeUsers                 []string      `json:"includeUsers,omitempty" doc:"Object ids, All, None or GuestsOrExternalUsers."`
	ExcludeUsers                 []string      `json:"excludeUsers,omitempty" doc:"Object ids or GuestsOrExternalUsers."`
	IncludeGroups                []string      `json:"includeGroups,omitempty" doc:"Object ids of groups."`
	ExcludeGroups                []string      `json:"excludeGroups,omitempty" doc:"The same, left out."`
	IncludeRoles                 []string      `json:"includeRoles,omitempty" doc:"Template ids of directory roles."`
	ExcludeRoles                 []string      `json:"excludeRoles,omitempty" doc:"The same, left out."`
	IncludeGuestsOrExternalUsers *PolicyGuests `json:"includeGuestsOrExternalUsers,omitempty" doc:"Kinds of guests and external users."`
	ExcludeGuestsOrExternalUsers *PolicyGuests `json:"excludeGuestsOrExternalUsers,omitempty" doc:"The same, left out."`
}

// PolicyGuests are kinds of guests and external users, of all tenants or of some.
type PolicyGuests struct {
	GuestOrExternalUserTypes string         `json:"guestOrExternalUserTypes" doc:"The kinds, joined by commas." flags:"internalGuest,b2bCollaborationGuest,b2bCollaborationMember,b2bDirectConnectUser,otherExternalUser,serviceProvider"`
	ExternalTenants          *PolicyTenants `json:"externalTenants,omitempty" doc:"Their tenants."`
}

// PolicyTenants are the tenants of external users.
type PolicyTenants struct {
	Type           string   `json:"@odata.type,omitempty" doc:"The type, which follows from the kind."`
	MembershipKind string   `json:"membershipKind" doc:"Whether it is all tenants or those that are named." members:"all,enumerated"`
	Members        []string `json:"members,omitempty" doc:"The ids of the tenants that are named."`
}

// PolicyClientApplications are the workload identities that a policy is about.
type PolicyClientApplications struct {
	IncludeServicePrincipals []string      `json:"includeServicePrincipals,omitempty" doc:"Object ids of service principals, or ServicePrincipalsInMyTenant."`
	ExcludeServicePrincipals []string      `json:"excludeServicePrincipals,omitempty" doc:"Object ids, left out."`
	ServicePrincipalFilter   *PolicyFilter `json:"servicePrincipalFilter,omitempty" doc:"A rule about custom security attributes of service principals."`
}

// PolicyFilter is a rule of a filter.
type PolicyFilter struct {
	Mode string `json:"mode" doc:"Whether what fits is included or excluded." members:"include,exclude"`
	Rule string `json:"rule" doc:"The rule." least:"1" most:"3072"`
}

// PolicyLocations are ids of named locations, [LocationAll] or [LocationAllTrusted].
type PolicyLocations struct {
	IncludeLocations []string `json:"includeLocations,omitempty" doc:"Ids of named locations of this tenant, All or AllTrusted." each:"^(All|AllTrusted|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"`
	ExcludeLocations []string `json:"excludeLocations,omitempty" doc:"The same, left out." each:"^(All|AllTrusted|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"`
}

// PolicyPlatforms are platforms of devices.
type PolicyPlatforms struct {
	IncludePlatforms []string `json:"includePlatforms,omitempty" doc:"The platforms." members:"android,iOS,windows,windowsPhone,macOS,all,linux"`
	ExcludePlatforms []string `json:"excludePlatforms,omitempty" doc:"The same, left out." members:"android,iOS,windows,windowsPhone,macOS,all,linux"`
}

// PolicyDevices are devices.
type PolicyDevices struct {
	DeviceFilter *PolicyFilter `json:"deviceFilter,omitempty" doc:"A rule about devices."`
}

// PolicyFlows are authentication flows.
type PolicyFlows struct {
	TransferMethods string `json:"transferMethods" doc:"The methods, joined by commas." flags:"deviceCodeFlow,authenticationTransfer"`
}

// ConditionalAccessGrant is what a policy asks for.
type ConditionalAccessGrant struct {
	Operator                    string          `json:"operator" doc:"Whether all or one is asked for." values:"AND,OR"`
	BuiltInControls             []string        `json:"builtInControls,omitempty" doc:"Controls that Graph knows, such as mfa and block." members:"block,mfa,compliantDevice,domainJoinedDevice,approvedApplication,compliantApplication,passwordChange,riskRemediation"`
	CustomAuthenticationFactors []string        `json:"customAuthenticationFactors,omitempty" doc:"Ids of custom controls."`
	TermsOfUse                  []string        `json:"termsOfUse,omitempty" doc:"Ids of terms of use."`
	AuthenticationStrength      *PolicyStrength `json:"authenticationStrength,omitempty" doc:"An authentication strength, which cannot stand beside mfa."`
}

// PolicyStrength is the authentication strength that a policy asks for.
type PolicyStrength struct {
	ID string `json:"id" doc:"The id of a strength of this tenant, built-in or custom."`
}

// ConditionalAccessSession is what holds during a session.
type ConditionalAccessSession struct {
	ApplicationEnforcedRestrictions *SessionSwitch    `json:"applicationEnforcedRestrictions,omitempty" doc:"Restrictions that the app enforces."`
	CloudAppSecurity                *SessionDefender  `json:"cloudAppSecurity,omitempty" doc:"Microsoft Defender for Cloud Apps."`
	ContinuousAccessEvaluation      *SessionCAE       `json:"continuousAccessEvaluation,omitempty" doc:"Continuous access evaluation."`
	PersistentBrowser               *SessionBrowser   `json:"persistentBrowser,omitempty" doc:"Whether a browser stays signed in."`
	SignInFrequency                 *SessionFrequency `json:"signInFrequency,omitempty" doc:"How often people sign in again."`
	SecureSignInSession             *SessionSwitch    `json:"secureSignInSession,omitempty" doc:"Whether tokens are bound to their device."`
	DisableResilienceDefaults       *bool             `json:"disableResilienceDefaults,omitempty" doc:"Whether sessions end during an outage."`
}

// SessionSwitch is a session control that is on or off.
type SessionSwitch struct {
	IsEnabled bool `json:"isEnabled,omitempty" doc:"Whether it is on."`
}

// SessionDefender is the control of Microsoft Defender for Cloud Apps.
type SessionDefender struct {
	IsEnabled            bool   `json:"isEnabled,omitempty" doc:"Whether it is on."`
	CloudAppSecurityType string `json:"cloudAppSecurityType,omitempty" doc:"What it does." members:"mcasConfigured,monitorOnly,blockDownloads"`
}

// SessionCAE is the control of continuous access evaluation.
type SessionCAE struct {
	Mode string `json:"mode,omitempty" doc:"How strict it is." members:"strictEnforcement,disabled,strictLocation"`
}

// SessionBrowser says whether a browser stays signed in.
type SessionBrowser struct {
	IsEnabled bool   `json:"isEnabled,omitempty" doc:"Whether it is on."`
	Mode      string `json:"mode,omitempty" doc:"Whether it always or never stays signed in." members:"always,never"`
}

// SessionFrequency says how often people sign in again.
type SessionFrequency struct {
	IsEnabled          bool   `json:"isEnabled,omitempty" doc:"Whether it is on."`
	Value              *int   `json:"value,omitempty" doc:"How many hours or days."`
	Type               string `json:"type,omitempty" doc:"Whether the value is in hours or days." members:"days,hours"`
	AuthenticationType string `json:"authenticationType,omitempty" doc:"What they sign in with again." members:"primaryAndSecondaryAuthentication,secondaryAuthentication"`
	FrequencyInterval  string `json:"frequencyInterval,omitempty" doc:"Whether the value counts, or it is every time." members:"timeBased,everyTime"`
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

// StrengthID is the id of the authentication strength that the policy asks for, or empty.
func (p *ConditionalAccessPolicy) StrengthID() string {
	if p.GrantControls == nil || p.GrantControls.AuthenticationStrength == nil {
		return ""
	}
	return strings.ToLower(p.GrantControls.AuthenticationStrength.ID)
}

// Normalize fills in what a policy may leave out, and does what the service does: an operator without a choice is OR, and
// what says nothing is null.
func (p *ConditionalAccessPolicy) Normalize(now time.Time) {
	if p.ID == "" {
		p.ID = uuid.NewString()
	}
	p.ID = strings.ToLower(p.ID)
	if p.CreatedDateTime == nil {
		p.CreatedDateTime = new(now.UTC())
	}
	conditions := &p.Conditions
	if len(conditions.ClientAppTypes) == 0 {
		conditions.ClientAppTypes = []string{"all"}
	}
	if users := conditions.Users; users != nil {
		users.IncludeGuestsOrExternalUsers.normalize()
		users.ExcludeGuestsOrExternalUsers.normalize()
		dropIf(&users.IncludeGuestsOrExternalUsers, users.IncludeGuestsOrExternalUsers.nobody())
		dropIf(&users.ExcludeGuestsOrExternalUsers, users.ExcludeGuestsOrExternalUsers.nobody())
	}
	if flows := conditions.AuthenticationFlows; flows != nil {
		dropIf(&conditions.AuthenticationFlows, flows.TransferMethods == "" || strings.EqualFold(flows.TransferMethods, "none"))
	}
	if locations := conditions.Locations; locations != nil {
		dropIf(&conditions.Locations, len(locations.IncludeLocations)+len(locations.ExcludeLocations) == 0)
	}
	if platforms := conditions.Platforms; platforms != nil {
		dropIf(&conditions.Platforms, len(platforms.IncludePlatforms)+len(platforms.ExcludePlatforms) == 0)
	}
	if devices := conditions.Devices; devices != nil {
		dropIf(&conditions.Devices, devices.DeviceFilter == nil)
	}
	if workloads := conditions.ClientApplications; workloads != nil {
		dropIf(&conditions.ClientApplications, !workloads.Effective())
	}
	if grant := p.GrantControls; grant != nil {
		if slices.Contains(grant.BuiltInControls, "riskRemediation") {
			p.remediate()
		}
		if grant.controls() < 2 {
			grant.Operator = "OR"
		}
		dropIf(&p.GrantControls, grant.controls() == 0)
	}
	if session := p.SessionControls; session != nil {
		session.normalize()
		dropIf(&p.SessionControls, !session.Effective())
	}
}

func dropIf[T any](value **T, empty bool) {
	if empty {
		*value = nil
	}
}

// remediate adds what the service adds to risk remediation: a strength and a sign-in every time.
//
// https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-grant
func (p *ConditionalAccessPolicy) remediate() {
	if grant := p.GrantControls; grant.AuthenticationStrength == nil && !slices.Contains(grant.BuiltInControls, "mfa") {
		grant.AuthenticationStrength = &PolicyStrength{ID: StrengthMFA}
	}
	if p.SessionControls == nil {
		p.SessionControls = &ConditionalAccessSession{}
	}
	if p.SessionControls.SignInFrequency == nil {
		p.SessionControls.SignInFrequency = &SessionFrequency{IsEnabled: true, FrequencyInterval: FrequencyEveryTime}
	}
}

func (g *PolicyGuests) normalize() {
	if g == nil || g.ExternalTenants == nil {
		return
	}
	kind := strings.ToLower(g.ExternalTenants.MembershipKind)
	g.ExternalTenants.MembershipKind = kind
	g.ExternalTenants.Type = "#microsoft.graph.conditionalAccessAllExternalTenants"
	if kind == "enumerated" {
		g.ExternalTenants.Type = "#microsoft.graph.conditionalAccessEnumeratedExternalTenants"
	} else {
		g.ExternalTenants.Members = nil
	}
}

func (g *PolicyGuests) nobody() bool {
	return g != nil && (g.GuestOrExternalUserTypes == "" || strings.EqualFold(g.GuestOrExternalUserTypes, "none"))
}

// Effective tells whether the policy names workload identities.
func (a *PolicyClientApplications) Effective() bool {
	return a != nil && (len(a.IncludeServicePrincipals)+len(a.ExcludeServicePrincipals) > 0 || a.ServicePrincipalFilter != nil)
}

func (s *ConditionalAccessSession) normalize() {
	frequency := s.SignInFrequency
	if frequency != nil && frequency.IsEnabled {
		if frequency.FrequencyInterval == "" {
			frequency.FrequencyInterval = FrequencyTimeBased
		}
		if frequency.AuthenticationType == "" {
			frequency.AuthenticationType = "primaryAndSecondaryAuthentication"
		}
		if frequency.FrequencyInterval == FrequencyEveryTime {
			frequency.Value, frequency.Type = nil, ""
		}
	}
	dropIf(&s.SignInFrequency, frequency != nil && !frequency.IsEnabled)
}

// Effective tells whether a control of the session does anything.
func (s *ConditionalAccessSession) Effective() bool {
	return s != nil && (s.ApplicationEnforcedRestrictions.on() || s.SecureSignInSession.on() || s.ContinuousAccessEvaluation != nil ||
		s.CloudAppSecurity != nil && s.CloudAppSecurity.IsEnabled || s.PersistentBrowser != nil && s.PersistentBrowser.IsEnabled ||
		s.SignInFrequency != nil && s.SignInFrequency.IsEnabled || s.DisableResilienceDefaults != nil && *s.DisableResilienceDefaults)
}

func (s *SessionSwitch) on() bool { return s != nil && s.IsEnabled }

// controls is how many things a policy asks for.
func (g *ConditionalAccessGrant) controls() int {
	if g == nil {
		return 0
	}
	count := len(g.BuiltInControls) + len(g.CustomAuthenticationFactors) + len(g.TermsOfUse)
	if g.AuthenticationStrength != nil {
		count++
	}
	return count
}

// Validate checks of one policy by itself what no tenant could have, in addition to what the tags say; whether what it names exists
// is a matter of the tenant.
func (p *ConditionalAccessPolicy) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	if p.Conditions.Users == nil && !p.Conditions.ClientApplications.Effective() {
		report("conditions.users", "is missing")
	}
	if p.Conditions.Applications == nil {
		report("conditions.applications", "is missing")
	}
	if p.GrantControls.controls() == 0 && !p.SessionControls.Effective() {
		report("grantControls", "the policy has neither a grant control nor an effective session control")
	}
	// https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths#limitations
	if p.StrengthID() != "" && slices.Contains(p.GrantControls.BuiltInControls, "mfa") {
		report("grantControls.builtInControls", "mfa and an authentication strength cannot be in one policy")
	}
	return errors.Join(problems...)
}
