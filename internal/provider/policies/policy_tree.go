package policies

import (
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
)

// Parts that occur more than once.
func filterNode(name, wire, about, source string) node {
	return node{name: name, wire: wire, kind: object, description: about + " Graph: `" + wire + "`, [" + wire + "](" + source + ").", children: []node{
		{name: "mode", wire: "mode", kind: text, required: true, description: "What becomes of the objects that match the rule.", members: []string{"include", "exclude"}},
		{name: "rule", wire: "rule", kind: text, required: true, description: "The rule, in the syntax of filters."},
	}}
}

func guestsNode(name, wire, about string) node {
	return node{name: name, wire: wire, kind: object, description: about + " Graph: `" + wire + "`.", children: []node{
		{name: "guest_or_external_user_types", wire: "guestOrExternalUserTypes", kind: flags, required: true, description: "The kinds of guests and external users.", members: rules.GuestTypes},
		{name: "external_tenants", wire: "externalTenants", kind: object, description: "The tenants that they come from. Default: all of them.", children: []node{
			{name: "membership_kind", wire: "membershipKind", kind: text, required: true, description: "Whether all tenants are meant, or those in `members`.", members: []string{rules.TenantsAll, rules.TenantsEnumerated}},
			{name: "members", wire: "members", kind: set, description: "The ids of the tenants, where `membership_kind` is `enumerated`."},
		}},
	}}
}

const (
	docUsers    = "https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-users-groups"
	docApps     = "https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-cloud-apps"
	docDevices  = "https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices"
	docSessions = "https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-session"
)

// tree are the parts of a policy that are objects. Names of attributes are those of azuread_conditional_access_policy where it has them.
var tree = []node{conditionsNode, grantNode, sessionNode}

var conditionsNode = node{
	name: "conditions", wire: "conditions", kind: object, required: true,
	description: "To which sign-ins the policy applies. All conditions that are set have to match.",
	children: []node{
		{name: "users", wire: "users", kind: object, description: "The [users](" + docUsers + ") to whom the policy applies. Who is excluded by one list is excluded, whichever list includes them.", children: []node{
			{name: "included_users", wire: "includeUsers", kind: set, description: "Object ids of users, or `All`, `None` or `GuestsOrExternalUsers`."},
			{name: "excluded_users", wire: "excludeUsers", kind: set, description: "Object ids of users, or `GuestsOrExternalUsers`."},
			{name: "included_groups", wire: "includeGroups", kind: set, description: "Object ids of groups. Members of groups within them count."},
			{name: "excluded_groups", wire: "excludeGroups", kind: set, description: "Object ids of groups. Members of groups within them count. Put the group of your emergency access accounts here."},
			{name: "included_roles", wire: "includeRoles", kind: set, description: "Ids of role templates, as in `azuread_directory_role.…template_id`."},
			{name: "excluded_roles", wire: "excludeRoles", kind: set, description: "Ids of role templates."},
			guestsNode("included_guests_or_external_users", "includeGuestsOrExternalUsers", "Guests and external users to whom the policy applies."),
			guestsNode("excluded_guests_or_external_users", "excludeGuestsOrExternalUsers", "Guests and external users to whom the policy does not apply."),
		}},
		{name: "applications", wire: "applications", kind: object, description: "[What a sign-in is for](" + docApps + "): apps, a user action, or an authentication context. One of the three.", children: []node{
			{name: "included_applications", wire: "includeApplications", kind: set, description: "Client ids of apps, or `All`, `None`, `Office365` or `MicrosoftAdminPortals`."},
			{name: "excluded_applications", wire: "excludeApplications", kind: set, description: "Client ids of apps, or `Office365` or `MicrosoftAdminPortals`."},
			{name: "included_user_actions", wire: "includeUserActions", kind: set, description: "User actions. The service does not evaluate them in report-only.", members: rules.UserActions},
			{name: "included_authentication_contexts", wire: "includeAuthenticationContextClassReferences", kind: set, description: "Ids of authentication contexts, `c1` to `c99`."},
			filterNode("filter", "applicationFilter", "A filter of apps by custom security attributes.", "https://learn.microsoft.com/graph/api/resources/conditionalaccessfilter"),
		}},
		{name: "client_app_types", wire: "clientAppTypes", kind: set, description: "The kinds of client apps. Default: `all`.", standard: "all", members: rules.ClientAppTypes},
		{name: "client_applications", wire: "clientApplications", kind: object, description: "The workload identities to which the policy applies. Either this or `users`.", children: []node{
			{name: "included_service_principals", wire: "includeServicePrincipals", kind: set, description: "Object ids of service principals, or `ServicePrincipalsInMyTenant`."},
			{name: "excluded_service_principals", wire: "excludeServicePrincipals", kind: set, description: "Object ids of service principals."},
			filterNode("filter", "servicePrincipalFilter", "A filter of service principals by custom security attributes.", "https://learn.microsoft.com/graph/api/resources/conditionalaccessfilter"),
		}},
		{name: "locations", wire: "locations", kind: object, description: "The places that a sign-in comes from.", children: []node{
			{name: "included_locations", wire: "includeLocations", kind: set, description: "Ids of named locations, or `All` or `AllTrusted`."},
			{name: "excluded_locations", wire: "excludeLocations", kind: set, description: "Ids of named locations, or `AllTrusted`."},
		}},
		{name: "platforms", wire: "platforms", kind: object, description: "The platforms of devices. A client says itself on which it runs.", children: []node{
			{name: "included_platforms", wire: "includePlatforms", kind: set, description: "Platforms.", members: rules.DevicePlatforms},
			{name: "excluded_platforms", wire: "excludePlatforms", kind: set, description: "Platforms to which the policy does not apply.", members: rules.DevicePlatforms},
		}},
		{name: "devices", wire: "devices", kind: object, description: "The [devices](" + docDevices + ") that a sign-in comes from.", children: []node{
			filterNode("filter", "deviceFilter", "A filter of devices.", docDevices),
		}},
		{name: "sign_in_risk_levels", wire: "signInRiskLevels", kind: set, description: "Risk levels of the sign-in. Needs Microsoft Entra ID P2.", members: rules.RiskLevels[:5]},
		{name: "user_risk_levels", wire: "userRiskLevels", kind: set, description: "Risk levels of the user. Needs Microsoft Entra ID P2.", members: rules.RiskLevels[:5]},
		{name: "service_principal_risk_levels", wire: "servicePrincipalRiskLevels", kind: set, description: "Risk levels of a workload identity.", members: rules.RiskLevels[:5]},
		{name: "insider_risk_levels", wire: "insiderRiskLevels", kind: flags, description: "Insider risk levels of the user, from Microsoft Purview.", members: rules.InsiderRisks},
		{name: "authentication_flow_transfer_methods", wire: "authenticationFlows.transferMethods", kind: flags, description: "Ways to hand a sign-in over to another device.", members: rules.TransferMethods},
	},
}

var grantNode = node{
	name: "grant_controls", wire: "grantControls", kind: object,
	description: "What a sign-in has to satisfy. A policy has these or `session_controls`.",
	children: []node{
		{name: "operator", wire: "operator", kind: text, description: "Whether all controls are needed, or one of them. Default: `OR`. With a single control it means nothing.", standard: "OR", members: []string{"AND", "OR"}},
		{name: "built_in_controls", wire: "builtInControls", kind: set, description: "Controls.", members: rules.BuiltInControls},
		{name: "authentication_strength_policy_id", wire: "authenticationStrength.id", kind: text, description: "The id of an authentication strength. It takes the place of the control `mfa`."},
		{name: "terms_of_use", wire: "termsOfUse", kind: set, description: "Ids of terms of use."},
		{name: "custom_authentication_factors", wire: "customAuthenticationFactors", kind: set, description: "Ids of custom controls."},
	},
}

var sessionNode = node{
	name: "session_controls", wire: "sessionControls", kind: object,
	description: "[Limits of a session](" + docSessions + ").",
	children: []node{
		{name: "sign_in_frequency", wire: "signInFrequency.value", kind: number, description: "After how many hours or days a user has to sign in again."},
		{name: "sign_in_frequency_period", wire: "signInFrequency.type", kind: text, description: "The unit of `sign_in_frequency`.", members: []string{"hours", "days"}},
		{name: "sign_in_frequency_interval", wire: "signInFrequency.frequencyInterval", kind: text, description: "Whether a user signs in again after a time, or every time. With `everyTime` there is no `sign_in_frequency`. Default: `timeBased`.", implied: rules.TimeBased, members: []string{rules.TimeBased, rules.EveryTime}},
		{name: "sign_in_frequency_authentication_type", wire: "signInFrequency.authenticationType", kind: text, description: "Which factors are asked for again. Default: `primaryAndSecondaryAuthentication`.", implied: "primaryAndSecondaryAuthentication", members: []string{"primaryAndSecondaryAuthentication", "secondaryAuthentication"}},
		{name: "persistent_browser_mode", wire: "persistentBrowser.mode", kind: text, description: "Whether a browser session outlives the browser.", members: []string{"always", "never"}},
		{name: "application_enforced_restrictions_enabled", wire: "applicationEnforcedRestrictions.isEnabled", kind: boolean, description: "Whether Exchange Online and SharePoint Online limit what unmanaged devices can do."},
		{name: "cloud_app_security_policy", wire: "cloudAppSecurity.cloudAppSecurityType", kind: text, description: "What Microsoft Defender for Cloud Apps does with a session.", members: []string{"mcasConfigured", "monitorOnly", "blockDownloads"}},
		{name: "disable_resilience_defaults", wire: "disableResilienceDefaults", kind: boolean, description: "Whether a session ends in an outage of Microsoft Entra ID instead of being extended."},
		{name: "continuous_access_evaluation_mode", wire: "continuousAccessEvaluation.mode", kind: text, description: "How continuous access evaluation works. Not every version of Microsoft Graph has it.", members: []string{"disabled", "strictEnforcement", "strictLocation"}},
		{name: "secure_sign_in_session_enabled", wire: "secureSignInSession.isEnabled", kind: boolean, description: "Whether sign-in sessions are bound to the device."},
	},
}
