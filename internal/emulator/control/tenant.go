package control

import "time"

// Per-user MFA states, as the Graph enumeration perUserMfaState spells them.
const (
	StateDisabled = "disabled"
	StateEnabled  = "enabled"
	StateEnforced = "enforced"
)

// Types of authentication methods that a user can have.
// Every user has a password as well; it is never listed in [User.Methods].
const (
	MethodPassword                           = "password"
	MethodMicrosoftAuthenticator             = "microsoftAuthenticator"
	MethodPhone                              = "phone"
	MethodFIDO2                              = "fido2"
	MethodSoftwareOath                       = "softwareOath"
	MethodHardwareOath                       = "hardwareOath"
	MethodWindowsHelloForBusiness            = "windowsHelloForBusiness"
	MethodTemporaryAccessPass                = "temporaryAccessPass"
	MethodEmail                              = "email"
	MethodPasswordlessMicrosoftAuthenticator = "passwordlessMicrosoftAuthenticator"
	MethodPlatformCredential                 = "platformCredential"
)

// DefaultFederatedAudience is the audience that Entra ID expects of a federated assertion when a credential names none.
const DefaultFederatedAudience = "api://AzureADTokenExchange"

// Tenant is a whole tenant: the content of a tenant file, of a seed and of a snapshot.
type Tenant struct {
	// Schema is for editors: where the schema of a tenant file is. Nobody looks at it, and a snapshot does not have it.
	Schema string `json:"$schema,omitempty"`
	// TenantID is the tenant's GUID. One is generated when it is empty.
	TenantID string `json:"tenantId,omitempty"`
	// DisplayName is the organisation's name; sign-in errors mention it.
	DisplayName string `json:"displayName,omitempty"`
	// DefaultDomain is a verified domain; sign-in accepts it in place of the tenant id.
	DefaultDomain string `json:"defaultDomain,omitempty"`
	// Cloud names the cloud the tenant lives in, one of the Cloud constants and [CloudPublic] when empty. Graph offers
	// what it offers in that cloud. See also [Behavior.Cloud].
	Cloud  string  `json:"cloud,omitempty"`
	Apps   []App   `json:"apps,omitempty"`
	Users  []User  `json:"users,omitempty"`
	Groups []Group `json:"groups,omitempty"`
	// AuthenticationMethodsPolicy is that of a new tenant when nil.
	AuthenticationMethodsPolicy *AuthenticationMethodsPolicy `json:"authenticationMethodsPolicy,omitempty"`
	NamedLocations              []NamedLocation              `json:"namedLocations,omitempty"`
	ConditionalAccessPolicies   []ConditionalAccessPolicy    `json:"conditionalAccessPolicies,omitempty"`
	// DeletedNamedLocations and DeletedConditionalAccessPolicies are in the bin, where Graph keeps them for 30 days.
	DeletedNamedLocations            []NamedLocation           `json:"deletedNamedLocations,omitempty"`
	DeletedConditionalAccessPolicies []ConditionalAccessPolicy `json:"deletedConditionalAccessPolicies,omitempty"`

	// Objects are the members of the file that have no field here, by their names: each the list of a further entity, or the one
	// object of it. Reading a file leaves them as JSON; whoever makes a Tenant puts in values that marshal.
	Objects map[string]any `json:"-"`
}

// Clouds that a tenant can live in.
const (
	CloudPublic         = "public"
	CloudUSGovernment   = "usgovernment"
	CloudUSGovernmentL5 = "usgovernmentl5"
	CloudDoD            = "dod" // another name of usgovernmentl5
	CloudChina          = "china"
	CloudUSNat          = "usnat"
	CloudUSSec          = "ussec"
)

// App is an app registration together with its service principal in the tenant.
type App struct {
	ClientID             string                `json:"clientId"`
	DisplayName          string                `json:"displayName,omitempty"`
	Secrets              []Secret              `json:"secrets,omitempty"`
	Certificates         []Certificate         `json:"certificates,omitempty"`
	FederatedCredentials []FederatedCredential `json:"federatedCredentials,omitempty"`
	// Permissions are the application permissions that an administrator has consented to, such as "User.Read.All".
	// They become the roles of a token when it is issued: a change takes effect with the next token, as in Entra ID.
	Permissions []string `json:"permissions,omitempty"`
}

// Secret is a client secret. A nil Expires never expires.
type Secret struct {
	Value   string     `json:"value"`
	Expires *time.Time `json:"expires,omitempty"`
}

// Certificate is the public certificate with which an app may sign client assertions.
type Certificate struct {
	PEM string `json:"pem"`
}

// FederatedCredential says which foreign token an app accepts in place of its own secret.
// Issuer, subject and audience are compared exactly, case included.
type FederatedCredential struct {
	Name     string `json:"name,omitempty"`
	Issuer   string `json:"issuer"`
	Subject  string `json:"subject"`
	Audience string `json:"audience,omitempty"`
}

// User is a user of the tenant.
type User struct {
	ID                string `json:"id,omitempty"`
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName,omitempty"`
	Mail              string `json:"mail,omitempty"`
	// UserType is Member (when empty) or Guest.
	UserType string `json:"userType,omitempty"`
	// AccountEnabled is true when nil.
	AccountEnabled *bool `json:"accountEnabled,omitempty"`
	// AssignedLicenses are the user's licenses, inherited ones included.
	AssignedLicenses []AssignedLicense `json:"assignedLicenses,omitempty"`
	// PerUserMFAState is disabled when empty.
	PerUserMFAState string   `json:"perUserMfaState,omitempty"`
	Methods         []Method `json:"methods,omitempty"`
	// Properties are further properties of the user by their names in Graph, such as "department"; see [UserProperties].
	Properties map[string]any `json:"properties,omitempty"`
}

// AssignedLicense is one license of a user.
//
// https://learn.microsoft.com/graph/api/resources/assignedlicense
type AssignedLicense struct {
	DisabledPlans []string `json:"disabledPlans,omitempty"`
	SkuID         string   `json:"skuId"`
}

// Method is one registered authentication method of a user.
type Method struct {
	ID   string `json:"id,omitempty"`
	Type string `json:"type"`
	// DisplayName is the device's or key's name, for the types that have one.
	DisplayName string `json:"displayName,omitempty"`
	// PhoneNumber is "+<country code> <number>"; phone only.
	PhoneNumber string `json:"phoneNumber,omitempty"`
	// PhoneType is mobile (when empty), alternateMobile or office; phone only. A user has at most one of each.
	PhoneType string `json:"phoneType,omitempty"`
	// EmailAddress is for email only.
	EmailAddress string `json:"emailAddress,omitempty"`
	// CreatedDateTime is when the method was registered; a seed without it gets the time of the seed.
	CreatedDateTime *time.Time `json:"createdDateTime,omitempty"`
}

// Group is a group of the tenant.
type Group struct {
	ID          string `json:"id,omitempty"`
	DisplayName string `json:"displayName"`
	// Members are ids or user principal names of users, or ids of groups. Groups may nest, even in circles.
	Members []string `json:"members,omitempty"`
	// Properties are further properties of the group by their names in Graph, such as "description"; see [GroupProperties].
	Properties map[string]any `json:"properties,omitempty"`
}

// UserPatch names what to change in a user; nil fields stay as they are.
type UserPatch struct {
	UserPrincipalName *string `json:"userPrincipalName,omitempty"`
	DisplayName       *string `json:"displayName,omitempty"`
	Mail              *string `json:"mail,omitempty"`
	UserType          *string `json:"userType,omitempty"`
	AccountEnabled    *bool   `json:"accountEnabled,omitempty"`
	// AssignedLicenses replaces all licenses.
	AssignedLicenses *[]AssignedLicense `json:"assignedLicenses,omitempty"`
	// PerUserMFAState is stored exactly as given, without promotion; SetPerUserMFAState is the one that acts like an administrator.
	PerUserMFAState *string `json:"perUserMfaState,omitempty"`
	// Methods replaces all methods, without promotion; RegisterMethod is the one that acts like a user.
	Methods *[]Method `json:"methods,omitempty"`
	// Properties replaces the further properties.
	Properties *map[string]any `json:"properties,omitempty"`
}

// GroupPatch names what to change in a group; nil fields stay as they are.
type GroupPatch struct {
	DisplayName *string `json:"displayName,omitempty"`
	// Members replaces all members.
	Members *[]string `json:"members,omitempty"`
	// Properties replaces the further properties.
	Properties *map[string]any `json:"properties,omitempty"`
}

// AppPatch names what to change in an app; nil fields stay as they are, and every list is replaced as a whole.
type AppPatch struct {
	DisplayName          *string                `json:"displayName,omitempty"`
	Secrets              *[]Secret              `json:"secrets,omitempty"`
	Certificates         *[]Certificate         `json:"certificates,omitempty"`
	FederatedCredentials *[]FederatedCredential `json:"federatedCredentials,omitempty"`
	Permissions          *[]string              `json:"permissions,omitempty"`
}

// StateChange is the body and the answer of PUT /_emulator/users/{key}/state.
type StateChange struct {
	PerUserMFAState string `json:"perUserMfaState"`
}
