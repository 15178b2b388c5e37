package control

// Behavior is how the emulated service behaves beyond its data. The zero value is a quick, consistent, patient service.
type Behavior struct {
	// LatencyMs delays every Graph HTTP request, a $batch as a whole, in milliseconds.
	LatencyMs int `json:"latencyMs,omitempty"`
	// ReplicaLag makes reads after a write see the old version for a while.
	ReplicaLag ReplicaLag `json:"replicaLag,omitzero"`
	// Throttle are the limits. A request is checked against each rule that selects it and refused by the first that is exhausted.
	Throttle []Throttle `json:"throttle,omitempty"`
	// AuthenticationService is the service as which [Throttle.Service] sees what lies under /users/{id}/authentication:
	// [ServiceIdentityAndAccess] when empty, [ServiceReports] or [ServiceNone]. Microsoft documents none of them: its list
	// for the reports names authenticationMethod, but not these paths, and no list names the requirements.
	AuthenticationService string `json:"authenticationService,omitempty"`
	// Promotion says whether the service turns enabled into enforced for a user with a registered method; nil is true.
	Promotion *bool `json:"promotion,omitempty"`
	// MethodsWithoutPromotion are types of methods that do not promote their user, besides those of which
	// [Method.CountsAsMFA] says so: Microsoft documents the promotion, and not by which methods.
	MethodsWithoutPromotion []string `json:"methodsWithoutPromotion,omitempty"`
	// StatusOnStateWrite is the status of a successful PATCH of requirements: 204 when 0. With 200 the answer has a body.
	StatusOnStateWrite int `json:"statusOnStateWrite,omitempty"`
	// CaseSensitivePaths makes Graph find a path segment in the case of the documentation only. No page of Microsoft says
	// which it is, and clients in use write /policies/authenticationmethodspolicy: any case is found otherwise.
	CaseSensitivePaths bool `json:"caseSensitivePaths,omitempty"`
	// TokenLifetimeSeconds is how long new access tokens live: 3600 when 0.
	TokenLifetimeSeconds int `json:"tokenLifetimeSeconds,omitempty"`
	// ClaimsChallenge revokes, once, every access token issued so far: they are answered with 401 and a claims challenge
	// (continuous access evaluation) until a new token is requested. It reads false again when a new token has been accepted.
	ClaimsChallenge bool `json:"claimsChallenge,omitempty"`
	// TokenRequests are the endpoints that stand in for a pipeline's OpenID Connect issuer.
	TokenRequests *TokenRequests `json:"tokenRequests,omitempty"`
	// ManagedIdentity is the machine whose identity endpoints the emulator plays; nil is one without an identity.
	ManagedIdentity *ManagedIdentity `json:"managedIdentity,omitempty"`
	// Cloud is the cloud whose endpoints the emulator plays; empty is the tenant's own. A tenant of another cloud refuses
	// every sign-in with AADSTS900382.
	Cloud string `json:"cloud,omitempty"`
	// Campaign is how the authentication methods policy treats its registration campaign.
	Campaign CampaignBehavior `json:"campaign,omitzero"`
	// ConditionalAccess is how named locations and Conditional Access policies behave.
	ConditionalAccess ConditionalAccessBehavior `json:"conditionalAccess,omitzero"`
	// Errors replaces the answer of cases for which Microsoft documents none; the keys are the Case constants.
	Errors map[string]ErrorOverride `json:"errors,omitempty"`
}

// Cases whose answer is not documented by Microsoft and that [Behavior.Errors] can replace.
const (
	// CaseUnknownUser is a user that does not exist: 404 Request_ResourceNotFound by default.
	CaseUnknownUser = "unknownUser"
	// CaseInsufficientPrivileges is a missing permission: 403 Authorization_RequestDenied by default.
	CaseInsufficientPrivileges = "insufficientPrivileges"
	// CaseInvalidRequirements is a PATCH of requirements with a bad property, value or body: 400 BadRequest by default.
	CaseInvalidRequirements = "invalidRequirements"
	// CaseBetaOnly is requirements asked of /v1.0: 400 BadRequest by default.
	CaseBetaOnly = "betaOnly"
	// CaseDollarUPN is a user principal name that begins with $ and stands bare in the path: 400 BadRequest by default.
	CaseDollarUPN = "dollarUpn"
	// CaseMethodNotAllowed is a method that the resource does not have: 405 Request_BadRequest by default.
	CaseMethodNotAllowed = "methodNotAllowed"
	// CaseInvalidPolicy is a PATCH of the authentication methods policy with a bad property, value or body: 400 BadRequest by default.
	CaseInvalidPolicy = "invalidPolicy"
	// CaseEmptyCampaign is an enabled campaign that includes nobody: 400 BadRequest by default.
	CaseEmptyCampaign = "emptyCampaign"
	// CaseEnabledFIDO2 is an enabled campaign for fido2 where [CampaignBehavior.RefuseEnabledFIDO2] forbids it: 400 BadRequest by default.
	CaseEnabledFIDO2 = "enabledFido2"
	// CaseUnknownPolicyObject is a named location or a Conditional Access policy that does not exist: 404 ResourceNotFound by default.
	CaseUnknownPolicyObject = "unknownPolicyObject"
	// CaseInvalidLocation is a write of a named location with a bad property, value or body: 400 BadRequest by default.
	CaseInvalidLocation = "invalidLocation"
	// CaseLocationKind is a PATCH that would turn a location into one of another kind: 400 BadRequest by default.
	CaseLocationKind = "locationKind"
	// CaseLocationLimit is one IP location too many: 400 BadRequest by default.
	CaseLocationLimit = "locationLimit"
	// CaseTrustedLocation is a DELETE of a location that is trusted: 400 BadRequest by default.
	CaseTrustedLocation = "trustedLocation"
	// CaseLocationInUse is a DELETE of a location that a policy names: 400 BadRequest by default.
	CaseLocationInUse = "locationInUse"
	// CaseConditionalAccessPolicyLimit is one Conditional Access policy too many: 400 BadRequest by default.
	CaseConditionalAccessPolicyLimit = "conditionalAccessPolicyLimit"
	// CaseUnlicensed is a write of Conditional Access in a tenant without Microsoft Entra ID P1: 403 AccessDenied by default.
	CaseUnlicensed = "unlicensed"
	// CaseSecurityDefaults is a policy in a tenant with security defaults: 400 BadRequest by default.
	CaseSecurityDefaults = "securityDefaults"
	// CaseManagedPolicy is a DELETE of a policy that Microsoft manages, or a PATCH of more than its state and its exclusions: 400 BadRequest by default.
	CaseManagedPolicy = "managedPolicy"
	// CaseUnknownReference is a policy that names a user, role, app, service principal, authentication context or terms of use that does not exist: 400
	// BadRequest by default.
	CaseUnknownReference = "unknownReference"
	// CaseBinNotSupported is a restore or a permanent deletion where [ConditionalAccessBehavior.DelegatedBin] forbids it: 403 AccessDenied by default.
	CaseBinNotSupported = "binNotSupported"
	// CaseStrengthInUse is a DELETE of an authentication strength that a policy names: 400 BadRequest by default.
	CaseStrengthInUse = "strengthInUse"
	// CaseStrengthLimit is one custom authentication strength too many: 400 BadRequest by default.
	CaseStrengthLimit = "strengthLimit"
	// CaseStrengthName is an authentication strength with the name of another one: 400 BadRequest by default.
	CaseStrengthName = "strengthName"
	// CaseBuiltInStrength is a write of a built-in authentication strength: 400 BadRequest by default.
	CaseBuiltInStrength = "builtInStrength"
)

// CampaignBehavior is how the registration campaign behaves where Microsoft documents nothing, or more than one thing.
type CampaignBehavior struct {
	// StatusOnWrite is the status of a successful PATCH of the policy: 200 when 0. With 204 the answer has no body.
	StatusOnWrite int `json:"statusOnWrite,omitempty"`
	// MergeOnWrite makes a PATCH keep what it leaves out of a campaign (and of any other setting); otherwise what is left
	// out goes to its default.
	MergeOnWrite bool `json:"mergeOnWrite,omitempty"`
	// ManagedMethod is the method that a campaign gets when it is handed over to Microsoft: microsoftAuthenticator when
	// empty, with a limit, or fido2, without one.
	ManagedMethod string `json:"managedMethod,omitempty"`
	// RefuseEnabledFIDO2 refuses fido2 in a campaign that is enabled, as some tenants and clouds do.
	RefuseEnabledFIDO2 bool `json:"refuseEnabledFido2,omitempty"`
	// ReadFIDO2Capitalized makes the method read back as Fido2, however it was sent.
	ReadFIDO2Capitalized bool `json:"readFido2Capitalized,omitempty"`
	// AllowEmptyInclude permits an enabled campaign that includes nobody.
	AllowEmptyInclude bool `json:"allowEmptyInclude,omitempty"`
	// LimitOn says where enforceRegistrationAfterAllowedSnoozes exists: [LimitOnBeta] when empty, [LimitOnBoth] or [LimitNowhere].
	LimitOn string `json:"limitOn,omitempty"`
}

// Where enforceRegistrationAfterAllowedSnoozes exists: the metadata has it on beta, a how-to uses it on v1.0, and
// nothing is known of some clouds.
const (
	LimitOnBeta  = "beta"
	LimitOnBoth  = "both"
	LimitNowhere = "nowhere"
)

// ConditionalAccessBehavior is how named locations and Conditional Access policies behave where Microsoft documents
// nothing, or more than one thing.
type ConditionalAccessBehavior struct {
	// PageSize is how many objects a page has that no $top asks for: 100 when 0.
	PageSize int `json:"pageSize,omitempty"`
	// NumberInInnerError puts the numbered text of a refusal ("1040: ...") into innerError and a general one into
	// message, as the older of the two known envelopes does.
	NumberInInnerError bool `json:"numberInInnerError,omitempty"`
	// RefuseEmptyApplications refuses a policy with user actions that has an empty list of included apps as well, with
	// 1012. azuread sends such policies, and a public thread reports the number for one.
	RefuseEmptyApplications bool `json:"refuseEmptyApplications,omitempty"`
	// AllowDeleteInUse permits deleting a location or an authentication strength that a policy names.
	AllowDeleteInUse bool `json:"allowDeleteInUse,omitempty"`
	// AcceptIPv6AsIPv4 takes an IPv6 range that is said to be one of IPv4, as azuread sends it, and corrects its type.
	AcceptIPv6AsIPv4 bool `json:"acceptIpv6AsIpv4,omitempty"`
	// MaxPolicies is how many policies a tenant can have: [MaxConditionalAccessPolicies] when 0. 240 is documented, and 244 have been seen.
	MaxPolicies int `json:"maxPolicies,omitempty"`
	// ShallowPatch makes a PATCH of a policy replace each condition that it names, and the grant controls, as a whole. Otherwise it merges objects at
	// any depth, of which Microsoft has examples; lists are replaced in both cases.
	ShallowPatch bool `json:"shallowPatch,omitempty"`
	// SchemaOnly keeps properties that the published v1.0 schema lacks out of answers, unless a policy's outside names them. Answers of v1.0 have
	// some, such as conditions.times, and they are null.
	SchemaOnly bool `json:"schemaOnly,omitempty"`
	// OmitEmptyRiskLevels leaves an empty servicePrincipalRiskLevels out of answers: both have been seen.
	OmitEmptyRiskLevels bool `json:"omitEmptyRiskLevels,omitempty"`
	// ModifiedOnCreate gives a new policy a modifiedDateTime. It is null until the first change otherwise.
	ModifiedOnCreate bool `json:"modifiedOnCreate,omitempty"`
	// Preview are names and values, such as continuousAccessEvaluation or everyTime, that v1.0 refuses with 1038 in addition to those that no
	// published v1.0 schema has.
	Preview []string `json:"preview,omitempty"`
	// RefuseIneffectiveSession refuses session controls that do nothing. They become null otherwise; both have been seen.
	RefuseIneffectiveSession bool `json:"refuseIneffectiveSession,omitempty"`
	// RefuseFilterOfAll refuses a filter for apps together with All, as one client in use expects. Another one sends it.
	RefuseFilterOfAll bool `json:"refuseFilterOfAll,omitempty"`
	// AllowUnknownReferences takes policies that name people, groups, roles, apps or terms of use that do not exist.
	AllowUnknownReferences bool `json:"allowUnknownReferences,omitempty"`
	// AllowDisabledWithSecurityDefaults takes new policies that are not enabled while security defaults are on. No policy can be created otherwise.
	AllowDisabledWithSecurityDefaults bool `json:"allowDisabledWithSecurityDefaults,omitempty"`
	// DelegatedBin refuses to restore or to purge to an app without a signed-in user, as a permission table of Microsoft says.
	DelegatedBin bool `json:"delegatedBin,omitempty"`
	// SpacedCombinations writes a combination of an authentication strength with a blank, "password, sms", as some pages have it.
	SpacedCombinations bool `json:"spacedCombinations,omitempty"`
}

// ErrorOverride replaces parts of an error answer; zero fields keep the default. Code may be replaced by the empty string through EmptyCode.
type ErrorOverride struct {
	Status    int    `json:"status,omitempty"`
	Code      string `json:"code,omitempty"`
	Message   string `json:"message,omitempty"`
	EmptyCode bool   `json:"emptyCode,omitempty"`
}

// ReplicaLag says how long a read may see the version before the last write. A read is stale while the duration runs or
// stale reads are left, whichever lasts longer.
type ReplicaLag struct {
	// DurationMs is counted from the write, in milliseconds.
	DurationMs int `json:"durationMs,omitempty"`
	// Reads is how many reads of the changed object still see the old version.
	Reads int `json:"reads,omitempty"`
	// Alternate makes every second read within the lag see the new version, as with two replicas behind one address.
	Alternate bool `json:"alternate,omitempty"`
	// LagCreates extends the lag to users created through the control API, and to named locations and Conditional Access
	// policies created through Graph: reads answer 404 within it.
	LagCreates bool `json:"lagCreates,omitempty"`
	// LagDeletes extends the lag to named locations and Conditional Access policies deleted through Graph: reads still
	// find them within it.
	LagDeletes bool `json:"lagDeletes,omitempty"`
	// LagChecks extends the lag to what the service checks: a policy that names a location created within it is refused
	// with 1040, and so is the deletion of a location that was trusted before it.
	LagChecks bool `json:"lagChecks,omitempty"`
}

// TokenRequests are the endpoints from which a pipeline fetches its assertion.
type TokenRequests struct {
	// GitHub answers GET /_emulator/oidc/github?audience=... as GitHub Actions does at ACTIONS_ID_TOKEN_REQUEST_URL.
	GitHub *TokenRequest `json:"gitHub,omitempty"`
	// AzureDevOps answers POST /_emulator/oidc/azure-devops?serviceConnectionId=... as Azure Pipelines does at SYSTEM_OIDCREQUESTURI.
	AzureDevOps *TokenRequest `json:"azureDevOps,omitempty"`
}

// TokenRequest is the identity of a pipeline and the token with which it proves itself to its own platform.
type TokenRequest struct {
	// RequestToken is what the caller must send as "Authorization: Bearer ...".
	RequestToken string `json:"requestToken"`
	Issuer       string `json:"issuer"`
	Subject      string `json:"subject"`
	// ServiceConnectionID is what an Azure DevOps caller must name; empty accepts every one.
	ServiceConnectionID string `json:"serviceConnectionId,omitempty"`
}
