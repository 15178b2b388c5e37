package conditionalaccess

import (
	"slices"
	"strings"
	"time"
)

// Strength is an authentication strength: the combinations of methods of which a sign-in needs one.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy
type Strength struct {
	ID          string `json:"id,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
	Description string `json:"description,omitempty"`
	// PolicyType is builtIn or custom, and RequirementsSatisfied mfa or none. Only the service sets them.
	PolicyType            string     `json:"policyType,omitempty"`
	RequirementsSatisfied string     `json:"requirementsSatisfied,omitempty"`
	Created               *time.Time `json:"createdDateTime,omitempty"`
	Modified              *time.Time `json:"modifiedDateTime,omitempty"`
	// AllowedCombinations are combinations, whose methods are separated by commas.
	AllowedCombinations []string                `json:"allowedCombinations,omitempty"`
	Configurations      []StrengthConfiguration `json:"combinationConfigurations,omitempty"`
}

// StrengthConfiguration narrows combinations to certain security keys, or to certificates of certain issuers and policies.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationcombinationconfiguration
type StrengthConfiguration struct {
	ODataType string   `json:"@odata.type"`
	ID        string   `json:"id,omitempty"`
	AppliesTo []string `json:"appliesToCombinations"`
	// AAGUIDs are models of security keys.
	AAGUIDs []string `json:"allowedAAGUIDs,omitempty"`
	// IssuerSKIs are subject key identifiers of issuers in hexadecimal, and PolicyOIDs certificate policies.
	IssuerSKIs []string `json:"allowedIssuerSkis,omitempty"`
	PolicyOIDs []string `json:"allowedPolicyOIDs,omitempty"`
}

// Types of configurations.
const (
	FIDO2Configuration       = "#microsoft.graph.fido2CombinationConfiguration"
	CertificateConfiguration = "#microsoft.graph.x509CertificateCombinationConfiguration"
)

// MaxCustomStrengths is how many custom strengths a tenant has, as observed.
const MaxCustomStrengths = 15

// Combinations are those that the service knows, each in one spelling.
//
// Source: https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy
var Combinations = []string{
	"password", "sms", "voice", "hardwareOath", "softwareOath", "fido2", "windowsHelloForBusiness", "microsoftAuthenticatorPush", "deviceBasedPush",
	"temporaryAccessPassOneTime", "temporaryAccessPassMultiUse", "email", "x509CertificateSingleFactor", "x509CertificateMultiFactor",
	"federatedSingleFactor", "federatedMultiFactor", "qrCodePin",
	"password,microsoftAuthenticatorPush", "password,softwareOath", "password,hardwareOath", "password,sms", "password,voice",
	"password,x509CertificateSingleFactor", "password,x509CertificateMultiFactor",
	"microsoftAuthenticatorPush,federatedSingleFactor", "softwareOath,federatedSingleFactor", "hardwareOath,federatedSingleFactor",
	"sms,federatedSingleFactor", "voice,federatedSingleFactor",
}

// CombinationKey is a combination in the one form in which all spellings of it are equal: without blanks, in lower case and sorted.
func CombinationKey(combination string) string {
	methods := strings.Split(strings.ToLower(combination), ",")
	for i := range methods {
		methods[i] = strings.TrimSpace(methods[i])
	}
	slices.Sort(methods)
	return strings.Join(methods, ",")
}

// SameCombinations reports whether two lists allow the same combinations, in whatever order and spelling.
func SameCombinations(a, b []string) bool { return slices.Equal(keys(a), keys(b)) }

func keys(combinations []string) []string {
	keys := make([]string, 0, len(combinations))
	for _, combination := range combinations {
		keys = append(keys, CombinationKey(combination))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// key is what a configuration says, without its id.
func (c StrengthConfiguration) key() string {
	list := func(values []string) string {
		values = slices.Clone(values)
		for i := range values {
			values[i] = strings.ToLower(strings.TrimSpace(values[i]))
		}
		slices.Sort(values)
		return strings.Join(slices.Compact(values), " ")
	}
	return strings.Join([]string{strings.ToLower(c.ODataType), strings.Join(keys(c.AppliesTo), ";"), list(c.AAGUIDs), list(c.IssuerSKIs), list(c.PolicyOIDs)}, "|")
}

// Same reports whether two configurations say the same.
func (c StrengthConfiguration) Same(other StrengthConfiguration) bool { return c.key() == other.key() }

// MissingConfigurations are those that others does not have, without those of a kind that is not known here.
func (s Strength) MissingConfigurations(others []StrengthConfiguration) []StrengthConfiguration {
	return slices.DeleteFunc(slices.Clone(s.Configurations), func(mine StrengthConfiguration) bool {
		return !mine.known() || slices.ContainsFunc(others, mine.Same)
	})
}

// Shows reports whether the strength is as wanted.
func (s Strength) Shows(wanted Strength) bool {
	return strings.TrimSpace(s.DisplayName) == strings.TrimSpace(wanted.DisplayName) && s.Description == wanted.Description &&
		SameCombinations(s.AllowedCombinations, wanted.AllowedCombinations) &&
		len(s.MissingConfigurations(wanted.Configurations)) == 0 && len(wanted.MissingConfigurations(s.Configurations)) == 0
}

// IsBuiltIn reports a strength that every tenant has and nobody can change.
func (s Strength) IsBuiltIn() bool { return strings.EqualFold(s.PolicyType, "builtIn") }

// ObjectID is the strength's id.
func (s Strength) ObjectID() string { return s.ID }

// Times are when the strength was created and when it was last changed.
func (s Strength) Times() (created, modified *time.Time) { return s.Created, s.Modified }

// Same reports whether two reads of a strength say the same.
func (s Strength) Same(other Strength) bool {
	sameTime := func(a, b *time.Time) bool { return (a == nil) == (b == nil) && (a == nil || a.Equal(*b)) }
	return s.Shows(other) && s.PolicyType == other.PolicyType && s.RequirementsSatisfied == other.RequirementsSatisfied && sameTime(s.Modified, other.Modified)
}

// Weakened are the combinations that wanted allows and the strength does not: a sign-in by one of them will satisfy it.
func (s Strength) Weakened(wanted Strength) []string {
	have := keys(s.AllowedCombinations)
	return slices.DeleteFunc(slices.Clone(wanted.AllowedCombinations), func(combination string) bool {
		return slices.Contains(have, CombinationKey(combination))
	})
}
