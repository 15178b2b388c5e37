package emulator

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"

// cloudProfile is what Graph lacks in a cloud.
type cloudProfile struct {
	// graphHost is the public name of Graph there; empty where Microsoft does not publish it.
	graphHost string
	// issuer is the token service that v1.0 tokens name, without the tenant.
	issuer string
	// methodsPolicyOnBetaOnly: the authentication methods policy is not on v1.0.
	methodsPolicyOnBetaOnly bool
	// noPlatformSettings: the policy has no microsoftAuthenticatorPlatformSettings.
	noPlatformSettings bool
	// binOn are the versions with the bin of Conditional Access.
	binOn map[string]bool
}

// cloudProfiles are read from the published metadata of each cloud.
//
// https://github.com/microsoftgraph/msgraph-metadata
var cloudProfiles = map[string]cloudProfile{
	control.CloudPublic:         {graphHost: "graph.microsoft.com", binOn: map[string]bool{"v1.0": true, "beta": true}},
	control.CloudUSGovernment:   {graphHost: "graph.microsoft.us", binOn: map[string]bool{"beta": true}},
	control.CloudUSGovernmentL5: {graphHost: "dod-graph.microsoft.us", binOn: map[string]bool{"beta": true}},
	control.CloudDoD:            {graphHost: "dod-graph.microsoft.us", binOn: map[string]bool{"beta": true}},
	control.CloudChina:          {issuer: "https://sts.chinacloudapi.cn/", graphHost: "microsoftgraph.chinacloudapi.cn", methodsPolicyOnBetaOnly: true, noPlatformSettings: true},
	control.CloudUSNat:          {noPlatformSettings: true, binOn: map[string]bool{"beta": true}},
	control.CloudUSSec:          {noPlatformSettings: true, binOn: map[string]bool{"beta": true}},
}

func (d *directory) cloudName() string {
	if d.cloud == "" {
		return control.CloudPublic
	}
	return d.cloud
}

// profile is what Graph lacks in the tenant's cloud.
func (s *Server) profile() cloudProfile {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cloudProfiles[s.directory.cloudName()]
}
