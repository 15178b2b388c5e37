package emulator

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"

// cloudProfile is what Graph lacks in a cloud.
type cloudProfile struct {
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
	control.CloudPublic:         {binOn: map[string]bool{"v1.0": true, "beta": true}},
	control.CloudUSGovernment:   {binOn: map[string]bool{"beta": true}},
	control.CloudUSGovernmentL5: {binOn: map[string]bool{"beta": true}},
	control.CloudDoD:            {binOn: map[string]bool{"beta": true}},
	control.CloudChina:          {methodsPolicyOnBetaOnly: true, noPlatformSettings: true},
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
