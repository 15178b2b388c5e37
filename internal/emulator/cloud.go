package emulator

import (
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
)

// cloudProfile is what Graph lacks in a cloud.
type cloudProfile struct {
	// graphHost is the public name of Graph there; empty where Microsoft does not publish it.
	graphHost string
	// issuer is the token service that v1.0 tokens name, without the tenant.
	issuer string
	// absentOnV1 and absentOnBeta are the paths that a version lacks, and all that lies under them.
	absentOnV1, absentOnBeta []string
	// withoutOnV1 and withoutOnBeta are the properties, at any depth, that named locations and Conditional Access policies lack.
	withoutOnV1, withoutOnBeta []string
	// noPlatformSettings: the policy has no microsoftAuthenticatorPlatformSettings.
	noPlatformSettings bool
}

const (
	methodsPolicyPath = "/policies/authenticationMethodsPolicy"
	binPath           = "/identity/conditionalAccess/deletedItems"
)

// betaOnly are the paths that no version but beta has, in any cloud.
var betaOnly = []string{
	requirementsTemplate, methodsTemplate + "hardwareOathMethods", methodsTemplate + "passwordlessMicrosoftAuthenticatorMethods",
}

// identityPath is where Conditional Access lies.
const identityPath = "/identity"

// cloudProfiles are read from the published metadata of each cloud, as of August 2026. That of beta can be read for the last
// two only; what is known of beta elsewhere comes from the documentation.
//
// https://github.com/microsoftgraph/msgraph-metadata
var cloudProfiles = map[string]cloudProfile{
	control.CloudPublic:         {graphHost: "graph.microsoft.com"},
	control.CloudUSGovernment:   usGovernment("graph.microsoft.us"),
	control.CloudUSGovernmentL5: usGovernment("dod-graph.microsoft.us"),
	control.CloudDoD:            usGovernment("dod-graph.microsoft.us"),
	control.CloudChina: {
		graphHost: "microsoftgraph.chinacloudapi.cn", issuer: "https://sts.chinacloudapi.cn/",
		// Of the methods of users, v1.0 has the Authenticator app, phones and platform credentials.
		absentOnV1: []string{
			binPath, methodsPolicyPath, methodsTemplate + "methods", methodsTemplate + "passwordMethods", methodsTemplate + "fido2Methods",
			methodsTemplate + "softwareOathMethods", methodsTemplate + "windowsHelloForBusinessMethods",
			methodsTemplate + "temporaryAccessPassMethods", methodsTemplate + "emailMethods",
		},
		absentOnBeta: []string{binPath},
		withoutOnV1: []string{
			"deletedDateTime", "signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels", "insiderRiskLevels", "authenticationStrength",
		},
		noPlatformSettings: true,
	},
	control.CloudUSNat: airGapped,
	control.CloudUSSec: airGapped,
}

func usGovernment(host string) cloudProfile {
	return cloudProfile{graphHost: host, absentOnV1: []string{binPath}, withoutOnV1: []string{"deletedDateTime"}}
}

// airGapped is the profile of the clouds in which v1.0 has no /identity at all: Conditional Access is on beta there.
var airGapped = cloudProfile{
	absentOnV1:    []string{identityPath},
	absentOnBeta:  []string{methodsTemplate + "hardwareOathMethods"},
	withoutOnBeta: []string{"insiderRiskLevels"}, noPlatformSettings: true,
}

// without are the properties that named locations and Conditional Access policies lack in a version.
func (p cloudProfile) without(version string) []string {
	if version == "beta" {
		return p.withoutOnBeta
	}
	return p.withoutOnV1
}

// accessWithout are the properties that named locations and Conditional Access policies lack in a version and the tenant's
// cloud. It wants the server's lock.
func (s *Server) accessWithout(version string) []string {
	return cloudProfiles[s.directory.cloudName()].without(version)
}

// absent are the paths that a version lacks in the cloud.
func (p cloudProfile) absent(version string) []string {
	if version == "beta" {
		return p.absentOnBeta
	}
	return slices.Concat(betaOnly, p.absentOnV1)
}

func (d *directory) cloudName() string {
	if d.cloud == "" {
		return control.CloudPublic
	}
	return d.cloud
}
