package control

import (
	"strings"
	"time"
)

// AuthenticationStrength is an authentication strength.
//
// https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy
type AuthenticationStrength struct {
	ID                    string
	DisplayName           string
	Description           string
	CreatedDateTime       time.Time
	AllowedCombinations   []string
	PolicyType            string
	RequirementsSatisfied string
}

// Strengths that every tenant has.
const (
	StrengthMFA               = "00000000-0000-0000-0000-000000000002"
	StrengthPasswordlessMFA   = "00000000-0000-0000-0000-000000000003"
	StrengthPhishingResistant = "00000000-0000-0000-0000-000000000004"
)

// AuthenticationStrengths are the built-in strengths. The emulator has no others.
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

func builtInStrength(id, displayName, description string, combinations ...string) AuthenticationStrength {
	return AuthenticationStrength{
		ID: id, DisplayName: displayName, Description: description, AllowedCombinations: combinations,
		CreatedDateTime: time.Date(2021, time.December, 1, 0, 0, 0, 0, time.UTC), PolicyType: "builtIn", RequirementsSatisfied: "mfa",
	}
}

// StrengthByID returns the strength with the id, or nil.
func StrengthByID(id string) *AuthenticationStrength {
	for i := range AuthenticationStrengths {
		if strings.EqualFold(AuthenticationStrengths[i].ID, id) {
			return &AuthenticationStrengths[i]
		}
	}
	return nil
}
