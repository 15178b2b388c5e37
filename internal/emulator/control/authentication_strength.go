package control

import "time"

// AuthenticationStrength is an authentication strength. What kind it is, and whether it satisfies MFA, follows from the rest.
//
// https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy
type AuthenticationStrength struct {
	ID                        string                     `json:"id,omitempty" doc:"The id. One is made when it is left out." pattern:"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"`
	DisplayName               string                     `json:"displayName" doc:"The name, which no other strength has." least:"1"`
	Description               string                     `json:"description,omitempty" doc:"What it is for."`
	CreatedDateTime           *time.Time                 `json:"createdDateTime,omitempty" doc:"When it was made."`
	ModifiedDateTime          *time.Time                 `json:"modifiedDateTime,omitempty" doc:"When it was changed."`
	AllowedCombinations       []string                   `json:"allowedCombinations" doc:"The combinations of methods, such as fido2 and password,sms." least:"1"`
	PolicyType                string                     `json:"policyType,omitempty" doc:"Whether it is built in, which a snapshot says and nobody has to."`
	RequirementsSatisfied     string                     `json:"requirementsSatisfied,omitempty" doc:"Whether it satisfies MFA, which a snapshot says and nobody has to."`
	CombinationConfigurations []CombinationConfiguration `json:"combinationConfigurations,omitempty" doc:"What a method of a combination has to be like."`
}

// Types of combination configurations, as @odata.type spells them.
const (
	TypeFIDO2Configuration = "#microsoft.graph.fido2CombinationConfiguration"
	TypeX509Configuration  = "#microsoft.graph.x509CertificateCombinationConfiguration"
)

// CombinationConfiguration says which security keys, or which certificates, a combination takes.
//
// https://learn.microsoft.com/graph/api/resources/authenticationcombinationconfiguration
type CombinationConfiguration struct {
	Type                  string   `json:"@odata.type" doc:"Whether it is about security keys or certificates." values:"#microsoft.graph.fido2CombinationConfiguration,#microsoft.graph.x509CertificateCombinationConfiguration"`
	ID                    string   `json:"id,omitempty" doc:"The id. One is made when it is left out."`
	AppliesToCombinations []string `json:"appliesToCombinations" doc:"The combinations that it is about." least:"1"`
	AllowedAAGUIDs        []string `json:"allowedAAGUIDs,omitempty" doc:"The AAGUIDs of the security keys."`
	AllowedIssuerSkis     []string `json:"allowedIssuerSkis,omitempty" doc:"The subject key identifiers of the issuers of certificates."`
	AllowedPolicyOIDs     []string `json:"allowedPolicyOIDs,omitempty" doc:"The policies of certificates."`
}

// Strengths that every tenant has.
const (
	StrengthMFA               = "00000000-0000-0000-0000-000000000002"
	StrengthPasswordlessMFA   = "00000000-0000-0000-0000-000000000003"
	StrengthPhishingResistant = "00000000-0000-0000-0000-000000000004"
)

// StrengthBuiltIn is the type of a strength that every tenant has.
const StrengthBuiltIn = "builtIn"

// MaxAuthenticationStrengths is how many custom strengths a tenant can have.
const MaxAuthenticationStrengths = 15

// AuthenticationStrengths are the built-in strengths.
//
// https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies
var AuthenticationStrengths = []AuthenticationStrength{
	builtInStrength(StrengthMFA, "Multifactor authentication", "Combinations of methods that satisfy strong authentication, such as a password + SMS",
		"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush", "temporaryAccessPassOneTime",
		"temporaryAccessPassMultiUse", "password,microsoftAuthenticatorPush", "password,softwareOath", "password,hardwareOath",
		"password,x509CertificateSingleFactor", "password,x509CertificateMultiFactor", "password,sms", "password,voice",
		"federatedMultiFactor", "microsoftAuthenticatorPush,federatedSingleFactor", "softwareOath,federatedSingleFactor",
		"hardwareOath,federatedSingleFactor", "sms,federatedSingleFactor", "voice,federatedSingleFactor"),
	builtInStrength(StrengthPasswordlessMFA, "Passwordless MFA", "Passwordless methods that satisfy strong authentication, such as "+
		"Passwordless sign-in with the Microsoft Authenticator",
		"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor", "deviceBasedPush"),
	builtInStrength(StrengthPhishingResistant, "Phishing resistant MFA", "Phishing resistant, Passwordless methods for the strongest "+
		"authentication, such as a FIDO2 security key",
		"windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"),
}

// SingleFactors are the combinations that do not satisfy MFA. A strength of the tenant can have them all the same.
var SingleFactors = []string{"password", "sms", "federatedSingleFactor", "x509CertificateSingleFactor", "hardwareOath", "qrCodePin"}

func builtInStrength(id, displayName, description string, combinations ...string) AuthenticationStrength {
	made := time.Date(2021, time.December, 1, 0, 0, 0, 0, time.UTC)
	return AuthenticationStrength{
		ID: id, DisplayName: displayName, Description: description, AllowedCombinations: combinations,
		CreatedDateTime: &made, ModifiedDateTime: &made, PolicyType: StrengthBuiltIn, RequirementsSatisfied: "mfa",
	}
}
