package graphapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

const methodsPolicyID = "authenticationMethodsPolicy"

// methodsPolicy is the authentication methods policy, with the registration campaign.
var methodsPolicy = &store.Singleton[control.AuthenticationMethodsPolicy]{Name: methodsPolicyID}

// https://learn.microsoft.com/graph/permissions-reference
// https://learn.microsoft.com/graph/api/authenticationmethodspolicy-get
// https://learn.microsoft.com/graph/api/authenticationmethodspolicy-update
func init() {
	nameType[control.RegistrationCampaign]("microsoft.graph.authenticationMethodsRegistrationCampaign")
	nameType[control.CampaignIncludeTarget]("microsoft.graph.authenticationMethodsRegistrationCampaignIncludeTarget")
	nameType[control.PolicyTarget]("microsoft.graph.excludeTarget")
	addSingleton(singleton[control.AuthenticationMethodsPolicy]{
		data: methodsPolicy, name: "authentication methods policy",
		path: "/policies/" + methodsPolicyID, class: control.ClassDirectory,
		read:      oneOf("Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"),
		write:     oneOf("Policy.ReadWrite.AuthenticationMethod"),
		absent:    []absence{{segment: methodsPolicyID, in: []place{{control.CloudChina, v1}}}},
		object:    methodsPolicyObject,
		normalize: (*control.AuthenticationMethodsPolicy).Normalize,
		validate:  (*control.AuthenticationMethodsPolicy).Validate,
		modified:  func(p *control.AuthenticationMethodsPolicy) **time.Time { return &p.LastModifiedDateTime },
		body: func(tx *store.Tx, req *request) bodyRules {
			return bodyRules{
				readOnly: []string{
					"id", "displayName", "description", "policyVersion", "lastModifiedDateTime", "authenticationMethodConfigurations",
				},
				unknown:  absentFromPolicy(tx, req.version),
				nullable: []string{"policyMigrationState", "reconfirmationInDays"},
			}
		},
		invalid: func(message string) *refusal { return badRequest(message).as(control.CaseInvalidPolicy) },
		change:  changedMethodsPolicy,
		status: func(behavior *control.Behavior) int {
			if behavior.Campaign.StatusOnWrite != 0 {
				return behavior.Campaign.StatusOnWrite
			}
			return http.StatusOK
		},
		depth: 2,
		file: fileOfOne[control.AuthenticationMethodsPolicy]{
			member: methodsPolicyID,
			field:  func(t *control.Tenant) **control.AuthenticationMethodsPolicy { return &t.AuthenticationMethodsPolicy },
		},
	})
}

const campaignLimit = "enforceRegistrationAfterAllowedSnoozes"

// withoutPlatformSettings are the places where the policy has no microsoftAuthenticatorPlatformSettings.
var withoutPlatformSettings = []place{
	{"", v1}, {control.CloudChina, beta}, {control.CloudUSNat, beta}, {control.CloudUSSec, beta},
}

// absentFromPolicy are the properties that the policy does not have in this version, cloud and behaviour.
func absentFromPolicy(tx *store.Tx, version string) []string {
	var absent []string
	if version != beta {
		absent = append(absent, "systemCredentialPreferences", "reportSuspiciousActivitySettings")
	}
	if isAnyOf(withoutPlatformSettings, tx.Cloud(), version) {
		absent = append(absent, "microsoftAuthenticatorPlatformSettings")
	}
	switch tx.Behavior().Campaign.LimitOn {
	case control.LimitOnBoth:
	case control.LimitNowhere:
		absent = append(absent, campaignLimit)
	default:
		if version != beta {
			absent = append(absent, campaignLimit)
		}
	}
	return absent
}

// methodsPolicyObject is the policy as Graph writes it in a version.
func methodsPolicyObject(tx *store.Tx, req *request, policy control.AuthenticationMethodsPolicy) map[string]any {
	campaign := policy.Campaign()
	includes := []control.CampaignIncludeTarget{}
	for _, target := range campaign.IncludeTargets {
		if tx.Behavior().Campaign.ReadFIDO2Capitalized && strings.EqualFold(target.TargetedAuthenticationMethod, control.CampaignFIDO2) {
			target.TargetedAuthenticationMethod = "Fido2"
		}
		includes = append(includes, target)
	}
	shown := map[string]any{
		"state":                campaign.State,
		"snoozeDurationInDays": campaign.SnoozeDurationInDays,
		campaignLimit:          campaign.EnforceRegistrationAfterAllowedSnoozes,
		"includeTargets":       includes,
		"excludeTargets":       orEmpty(campaign.ExcludeTargets),
	}
	preferences, settings := policy.SystemCredentialPreferences, policy.ReportSuspiciousActivitySettings
	object := map[string]any{
		"id":                      methodsPolicyID,
		"displayName":             policy.DisplayName,
		"description":             policy.Description,
		"lastModifiedDateTime":    policy.LastModifiedDateTime.UTC().Format(time.RFC3339Nano),
		"policyVersion":           policy.PolicyVersion,
		"reconfirmationInDays":    policy.ReconfirmationInDays,
		"policyMigrationState":    policy.PolicyMigrationState,
		"registrationEnforcement": map[string]any{"authenticationMethodsRegistrationCampaign": shown},
		"systemCredentialPreferences": map[string]any{
			"state":          preferences.State,
			"includeTargets": orEmpty(preferences.IncludeTargets),
			"excludeTargets": orEmpty(preferences.ExcludeTargets),
		},
		"reportSuspiciousActivitySettings": map[string]any{
			"state":              settings.State,
			"includeTarget":      settings.IncludeTarget,
			"voiceReportingCode": settings.VoiceReportingCode,
		},
		"microsoftAuthenticatorPlatformSettings":           policy.MicrosoftAuthenticatorPlatformSettings,
		"authenticationMethodConfigurations@odata.context": req.contextURL(methodsPolicyID + "/authenticationMethodConfigurations"),
		"authenticationMethodConfigurations":               methodConfigurations(req.version),
	}
	for _, name := range absentFromPolicy(tx, req.version) {
		delete(object, name)
		delete(shown, name)
	}
	return object
}

// methodConfigurations are those of a new tenant; they do not change.
//
// https://learn.microsoft.com/graph/api/resources/authenticationmethodconfiguration
func methodConfigurations(version string) []map[string]any {
	everybody := []map[string]any{{"targetType": control.TargetGroup, "id": control.AllUsers, "isRegistrationRequired": false}}
	configuration := func(id, typeName, state string, properties map[string]any) map[string]any {
		object := map[string]any{
			"@odata.type": "#microsoft.graph." + typeName + "AuthenticationMethodConfiguration",
			"id":          id, "state": state, "excludeTargets": []any{}, "includeTargets": everybody,
		}
		return overlay(object, properties, 0)
	}
	feature := map[string]any{
		"state":         control.ConfigDefault,
		"includeTarget": control.PolicyTarget{ID: control.AllUsers, TargetType: control.TargetGroup},
		"excludeTarget": control.PolicyTarget{ID: control.NoTarget, TargetType: control.TargetGroup},
	}
	configurations := []map[string]any{
		configuration("Fido2", "fido2", control.ConfigEnabled, map[string]any{
			"isSelfServiceRegistrationAllowed": true, "isAttestationEnforced": false,
			"keyRestrictions": map[string]any{"isEnforced": false, "enforcementType": "block", "aaGuids": []string{}},
		}),
		configuration("MicrosoftAuthenticator", "microsoftAuthenticator", control.ConfigEnabled, map[string]any{
			"isSoftwareOathEnabled": false,
			"featureSettings": map[string]any{
				"displayAppInformationRequiredState": feature, "displayLocationInformationRequiredState": feature,
			},
			"includeTargets": []map[string]any{{
				"targetType": control.TargetGroup, "id": control.AllUsers, "isRegistrationRequired": false, "authenticationMode": "any",
			}},
		}),
		configuration("Sms", "sms", control.ConfigEnabled, map[string]any{
			"includeTargets": []map[string]any{{
				"targetType": control.TargetGroup, "id": control.AllUsers, "isRegistrationRequired": false, "isUsableForSignIn": false,
			}},
		}),
		configuration("TemporaryAccessPass", "temporaryAccessPass", control.ConfigEnabled, map[string]any{
			"defaultLifetimeInMinutes": 60, "defaultLength": 8, "minimumLifetimeInMinutes": 60,
			"maximumLifetimeInMinutes": 480, "isUsableOnce": false,
		}),
		configuration("SoftwareOath", "softwareOath", control.ConfigEnabled, nil),
		configuration("Voice", "voice", control.ConfigDisabled, map[string]any{"isOfficePhoneAllowed": false}),
		configuration("Email", "email", control.ConfigEnabled, map[string]any{"allowExternalIdToUseEmailOtp": control.ConfigDefault}),
		configuration("X509Certificate", "x509Certificate", control.ConfigDisabled, nil),
	}
	if version == beta {
		configurations = append(configurations, configuration("HardwareOath", "hardwareOath", control.ConfigDisabled, nil))
	}
	return configurations
}

// changedMethodsPolicy is the policy after a PATCH with a checked body. Settings that the body does not name stay; a setting
// that it names is written as a whole.
func changedMethodsPolicy(tx *store.Tx, current control.AuthenticationMethodsPolicy, changes map[string]any) (*control.AuthenticationMethodsPolicy, *refusal) {
	behavior := tx.Behavior().Campaign
	depth := 1 // down to the campaign, which is then a whole
	if behavior.MergeOnWrite {
		depth = 2
	}
	merged := overlay(properties(current), changes, depth)
	if !behavior.MergeOnWrite {
		// The other settings lie one level higher than the campaign does.
		for _, name := range []string{"systemCredentialPreferences", "reportSuspiciousActivitySettings", "microsoftAuthenticatorPlatformSettings"} {
			if value, named := changes[name]; named {
				merged[name] = value
			}
		}
	}
	policy := recoded[control.AuthenticationMethodsPolicy](merged)
	campaign := policy.Campaign()
	campaign.Normalize()
	method, snooze, limited := managedCampaign(current.Campaign(), behavior)
	if campaign.State == control.ConfigDefault {
		for i := range campaign.IncludeTargets {
			campaign.IncludeTargets[i].TargetedAuthenticationMethod = method
		}
	}
	if err := policy.Validate(); err != nil {
		return nil, badRequest(err.Error()).as(control.CaseInvalidPolicy)
	}
	if campaign.State == control.ConfigDefault {
		campaign.SnoozeDurationInDays, campaign.EnforceRegistrationAfterAllowedSnoozes = &snooze, &limited
	}
	if campaign.State == control.ConfigEnabled {
		switch {
		case len(campaign.IncludeTargets) == 0 && !behavior.AllowEmptyInclude:
			return nil, badRequest("A registration campaign that is enabled must include at least one target.").as(control.CaseEmptyCampaign)
		case behavior.RefuseEnabledFIDO2 && slices.ContainsFunc(campaign.IncludeTargets, func(target control.CampaignIncludeTarget) bool {
			return strings.EqualFold(target.TargetedAuthenticationMethod, control.CampaignFIDO2)
		}):
			return nil, badRequest("The registration campaign cannot target Fido2 in state enabled.").as(control.CaseEnabledFIDO2)
		}
	}
	return policy, nil
}

// managedCampaign is the method, the duration and the limit that Microsoft has for a campaign in the default state,
// whatever is sent: those before, or the behaviour's when the campaign is just being handed over.
//
// https://learn.microsoft.com/entra/identity/authentication/how-to-mfa-registration-campaign
func managedCampaign(before *control.RegistrationCampaign, behavior control.CampaignBehavior) (method string, snooze int, limited bool) {
	method = behavior.ManagedMethod
	if method == "" {
		method = control.CampaignMicrosoftAuthenticator
	}
	if before.State != control.ConfigDefault {
		return method, control.DefaultSnoozeDurationInDays, method == control.CampaignMicrosoftAuthenticator
	}
	if len(before.IncludeTargets) > 0 {
		method = before.IncludeTargets[0].TargetedAuthenticationMethod
	}
	return method, *before.SnoozeDurationInDays, *before.EnforceRegistrationAfterAllowedSnoozes
}
