package control

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// States of the registration campaign and of other settings of the authentication methods policy, as the Graph
// enumeration advancedConfigState spells them.
const (
	// ConfigDefault leaves the setting to Microsoft.
	ConfigDefault  = "default"
	ConfigEnabled  = "enabled"
	ConfigDisabled = "disabled"
)

// AllUsers is the id that stands for everybody in a target; its target type is group.
const AllUsers = "all_users"

// NoTarget is the id that stands for nobody in a target.
const NoTarget = "00000000-0000-0000-0000-000000000000"

// Kinds of targets.
const (
	TargetUser  = "user"
	TargetGroup = "group"
)

// Methods that a registration campaign can ask for. Graph compares them without regard to case.
const (
	CampaignMicrosoftAuthenticator = "microsoftAuthenticator"
	CampaignFIDO2                  = "fido2"
)

// DefaultSnoozeDurationInDays is what Microsoft manages, and what a campaign without a duration has.
const DefaultSnoozeDurationInDays = 1

const maxSnoozeDurationInDays = 14

var (
	configStates    = []string{ConfigDefault, ConfigEnabled, ConfigDisabled}
	migrationStates = []string{"preMigration", "migrationInProgress", "migrationComplete"}
)

// AuthenticationMethodsPolicy is the tenant's authentication methods policy with the properties of beta, in the shape
// that Graph gives it. Every tenant has one: what is left out of a tenant file gets the value of a new tenant. The
// configurations of single methods are the same in every emulated tenant and are no part of it.
//
// https://learn.microsoft.com/graph/api/resources/authenticationmethodspolicy?view=graph-rest-beta
type AuthenticationMethodsPolicy struct {
	DisplayName          string     `json:"displayName,omitempty"`
	Description          string     `json:"description,omitempty"`
	PolicyVersion        string     `json:"policyVersion,omitempty"`
	LastModifiedDateTime *time.Time `json:"lastModifiedDateTime,omitempty"`
	ReconfirmationInDays *int       `json:"reconfirmationInDays,omitempty"`
	// PolicyMigrationState is preMigration, migrationInProgress or migrationComplete; nil reads null, as in newer tenants.
	PolicyMigrationState    *string                  `json:"policyMigrationState,omitempty"`
	RegistrationEnforcement *RegistrationEnforcement `json:"registrationEnforcement,omitempty"`
	// The properties from here on are on beta only.
	SystemCredentialPreferences            *SystemCredentialPreferences            `json:"systemCredentialPreferences,omitempty"`
	ReportSuspiciousActivitySettings       *ReportSuspiciousActivitySettings       `json:"reportSuspiciousActivitySettings,omitempty"`
	MicrosoftAuthenticatorPlatformSettings *MicrosoftAuthenticatorPlatformSettings `json:"microsoftAuthenticatorPlatformSettings,omitempty"`
}

// RegistrationEnforcement holds the registration campaign.
type RegistrationEnforcement struct {
	AuthenticationMethodsRegistrationCampaign *RegistrationCampaign `json:"authenticationMethodsRegistrationCampaign,omitempty"`
}

// RegistrationCampaign is who is asked to register a method at sign-in.
type RegistrationCampaign struct {
	// State is default (when empty), enabled or disabled.
	State string `json:"state,omitempty"`
	// SnoozeDurationInDays is 0 to 14, 1 when nil.
	SnoozeDurationInDays *int `json:"snoozeDurationInDays,omitempty"`
	// EnforceRegistrationAfterAllowedSnoozes is true when nil; on beta only.
	EnforceRegistrationAfterAllowedSnoozes *bool                   `json:"enforceRegistrationAfterAllowedSnoozes,omitempty"`
	IncludeTargets                         []CampaignIncludeTarget `json:"includeTargets,omitempty"`
	ExcludeTargets                         []PolicyTarget          `json:"excludeTargets,omitempty"`
}

// CampaignIncludeTarget is a user or a group that is asked to register a method.
type CampaignIncludeTarget struct {
	ID                           string `json:"id"`
	TargetType                   string `json:"targetType"`
	TargetedAuthenticationMethod string `json:"targetedAuthenticationMethod"`
}

// PolicyTarget is a user or a group.
type PolicyTarget struct {
	ID         string `json:"id"`
	TargetType string `json:"targetType"`
}

// SystemCredentialPreferences is system-preferred multifactor authentication.
type SystemCredentialPreferences struct {
	State          string         `json:"state,omitempty"`
	IncludeTargets []PolicyTarget `json:"includeTargets,omitempty"`
	ExcludeTargets []PolicyTarget `json:"excludeTargets,omitempty"`
}

// ReportSuspiciousActivitySettings says who can report a prompt that they did not cause.
type ReportSuspiciousActivitySettings struct {
	State              string        `json:"state,omitempty"`
	IncludeTarget      *PolicyTarget `json:"includeTarget,omitempty"`
	VoiceReportingCode int           `json:"voiceReportingCode,omitempty"`
}

// MicrosoftAuthenticatorPlatformSettings are settings of the Authenticator app; what is in them is kept and not looked at.
type MicrosoftAuthenticatorPlatformSettings struct {
	EnforceAppPIN any `json:"enforceAppPIN,omitempty"`
}

// Campaign returns the registration campaign; a policy without one gets the one of a new tenant first.
func (p *AuthenticationMethodsPolicy) Campaign() *RegistrationCampaign {
	if p.RegistrationEnforcement == nil {
		p.RegistrationEnforcement = &RegistrationEnforcement{}
	}
	if p.RegistrationEnforcement.AuthenticationMethodsRegistrationCampaign == nil {
		p.RegistrationEnforcement.AuthenticationMethodsRegistrationCampaign = &RegistrationCampaign{
			IncludeTargets: []CampaignIncludeTarget{{
				ID: AllUsers, TargetType: TargetGroup, TargetedAuthenticationMethod: CampaignMicrosoftAuthenticator,
			}},
		}
	}
	return p.RegistrationEnforcement.AuthenticationMethodsRegistrationCampaign
}

// Normalize fills in what a policy may leave out, as a new tenant has it.
func (p *AuthenticationMethodsPolicy) Normalize(now time.Time) {
	if p.DisplayName == "" {
		p.DisplayName = "Authentication Methods Policy"
	}
	if p.Description == "" {
		p.Description = "The tenant-wide policy that controls which authentication methods are allowed in the tenant, " +
			"authentication method registration requirements, and self-service password reset settings"
	}
	if p.PolicyVersion == "" {
		p.PolicyVersion = "1.5"
	}
	if p.LastModifiedDateTime == nil {
		p.LastModifiedDateTime = new(now.UTC())
	}
	p.Campaign().Normalize()
	everybody := PolicyTarget{ID: AllUsers, TargetType: TargetGroup}
	if p.SystemCredentialPreferences == nil {
		p.SystemCredentialPreferences = &SystemCredentialPreferences{IncludeTargets: []PolicyTarget{everybody}}
	}
	if p.SystemCredentialPreferences.State == "" {
		p.SystemCredentialPreferences.State = ConfigDefault
	}
	if p.ReportSuspiciousActivitySettings == nil {
		p.ReportSuspiciousActivitySettings = &ReportSuspiciousActivitySettings{}
	}
	if p.ReportSuspiciousActivitySettings.State == "" {
		p.ReportSuspiciousActivitySettings.State = ConfigDefault
	}
	if p.ReportSuspiciousActivitySettings.IncludeTarget == nil {
		p.ReportSuspiciousActivitySettings.IncludeTarget = &everybody
	}
	if p.MicrosoftAuthenticatorPlatformSettings == nil {
		p.MicrosoftAuthenticatorPlatformSettings = &MicrosoftAuthenticatorPlatformSettings{EnforceAppPIN: map[string]any{
			"state":         ConfigDefault,
			"includeTarget": map[string]any{"id": AllUsers, "targetType": TargetGroup},
			"excludeTarget": map[string]any{"id": NoTarget, "targetType": TargetGroup},
		}}
	}
}

// Normalize fills in the state, the duration and the limit; the targets stay as they are.
func (c *RegistrationCampaign) Normalize() {
	if c.State == "" {
		c.State = ConfigDefault
	}
	if c.SnoozeDurationInDays == nil {
		c.SnoozeDurationInDays = new(DefaultSnoozeDurationInDays)
	}
	if c.EnforceRegistrationAfterAllowedSnoozes == nil {
		c.EnforceRegistrationAfterAllowedSnoozes = new(true)
	}
}

// Validate reports what no policy could be like. Each error names its place.
func (p *AuthenticationMethodsPolicy) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	if state := p.PolicyMigrationState; state != nil && !slices.Contains(migrationStates, *state) {
		report("policyMigrationState", "%q is not a state; the states are %s", *state, strings.Join(migrationStates, ", "))
	}
	if days := p.ReconfirmationInDays; days != nil && *days < 0 {
		report("reconfirmationInDays", "must not be negative")
	}
	if enforcement := p.RegistrationEnforcement; enforcement != nil && enforcement.AuthenticationMethodsRegistrationCampaign != nil {
		if err := enforcement.AuthenticationMethodsRegistrationCampaign.Validate(); err != nil {
			problems = append(problems, Prefixed("registrationEnforcement.authenticationMethodsRegistrationCampaign", err)...)
		}
	}
	if preferences := p.SystemCredentialPreferences; preferences != nil {
		if problem := configStateProblem(preferences.State); problem != "" {
			report("systemCredentialPreferences.state", "%s", problem)
		}
		problems = append(problems, targetProblems("systemCredentialPreferences.includeTargets", preferences.IncludeTargets)...)
		problems = append(problems, targetProblems("systemCredentialPreferences.excludeTargets", preferences.ExcludeTargets)...)
	}
	if settings := p.ReportSuspiciousActivitySettings; settings != nil {
		if problem := configStateProblem(settings.State); problem != "" {
			report("reportSuspiciousActivitySettings.state", "%s", problem)
		}
		if settings.IncludeTarget != nil {
			if err := settings.IncludeTarget.Validate(); err != nil {
				problems = append(problems, Prefixed("reportSuspiciousActivitySettings.includeTarget", err)...)
			}
		}
	}
	return errors.Join(problems...)
}

// Validate checks a campaign by itself. A tenant has one targeted method, whatever its spelling.
func (c *RegistrationCampaign) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	if problem := configStateProblem(c.State); problem != "" {
		report("state", "%s", problem)
	}
	if days := c.SnoozeDurationInDays; days != nil && (*days < 0 || *days > maxSnoozeDurationInDays) {
		report("snoozeDurationInDays", "%d is not within 0 and %d", *days, maxSnoozeDurationInDays)
	}
	for i, target := range c.IncludeTargets {
		place := fmt.Sprintf("includeTargets[%d]", i)
		plain := PolicyTarget{ID: target.ID, TargetType: target.TargetType}
		if err := plain.Validate(); err != nil {
			problems = append(problems, Prefixed(place, err)...)
		}
		method := target.TargetedAuthenticationMethod
		switch {
		case !strings.EqualFold(method, CampaignMicrosoftAuthenticator) && !strings.EqualFold(method, CampaignFIDO2):
			report(place+".targetedAuthenticationMethod", "%q is neither %s nor %s", method, CampaignMicrosoftAuthenticator, CampaignFIDO2)
		case !strings.EqualFold(method, c.IncludeTargets[0].TargetedAuthenticationMethod):
			report(place+".targetedAuthenticationMethod", "%q differs from %q; a tenant has one method for all targets",
				method, c.IncludeTargets[0].TargetedAuthenticationMethod)
		}
	}
	problems = append(problems, targetProblems("excludeTargets", c.ExcludeTargets)...)
	return errors.Join(problems...)
}

// Validate checks one target by itself; whether it exists is nobody's concern, as in Graph.
func (t *PolicyTarget) Validate() error {
	switch {
	case t.TargetType != TargetUser && t.TargetType != TargetGroup:
		return fmt.Errorf("targetType: %q is neither %s nor %s", t.TargetType, TargetUser, TargetGroup)
	case t.ID == AllUsers && t.TargetType != TargetGroup:
		return fmt.Errorf("targetType: %s is a %s", AllUsers, TargetGroup)
	case t.ID != AllUsers && !IsGUID(t.ID):
		return fmt.Errorf("id: %q is neither a GUID nor %s", t.ID, AllUsers)
	}
	return nil
}

func targetProblems(place string, targets []PolicyTarget) []error {
	var problems []error
	for i := range targets {
		if err := targets[i].Validate(); err != nil {
			problems = append(problems, Prefixed(fmt.Sprintf("%s[%d]", place, i), err)...)
		}
	}
	return problems
}

func configStateProblem(state string) string {
	if state == "" || slices.Contains(configStates, state) {
		return ""
	}
	return fmt.Sprintf("%q is not a state; the states are %s", state, strings.Join(configStates, ", "))
}
