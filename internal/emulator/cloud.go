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

// cloudProfiles are read from the published metadata of each cloud.
//
// https://github.com/microsoftgraph/msgraph-metadata
var cloudProfiles = map[string]cloudProfile{
	control.CloudPublic:         {graphHost: "graph.microsoft.com"},
	control.CloudUSGovernment:   {graphHost: "graph.microsoft.us", absentOnV1: []string{binPath}},
	control.CloudUSGovernmentL5: {graphHost: "dod-graph.microsoft.us", absentOnV1: []string{binPath}},
	control.CloudDoD:            {graphHost: "dod-graph.microsoft.us", absentOnV1: []string{binPath}},
	control.CloudChina: {
		graphHost: "microsoftgraph.chinacloudapi.cn", issuer: "https://sts.chinacloudapi.cn/",
		absentOnV1: []string{binPath, methodsPolicyPath}, absentOnBeta: []string{binPath}, noPlatformSettings: true,
	},
	control.CloudUSNat: {absentOnV1: []string{binPath}, noPlatformSettings: true},
	control.CloudUSSec: {absentOnV1: []string{binPath}, noPlatformSettings: true},
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
