package policies

import (
	"testing"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
)

func TestAPolicyIsToldWithTheSignInsToWhichItIsLimited(t *testing.T) {
	t.Parallel()
	everywhere := &rules.Applications{IncludeApplications: []string{"All"}}
	names := map[string]string{"branch": "location Branch", "app": "app Portal"}
	for name, scene := range map[string]struct {
		conditions rules.Conditions
		want       string
	}{
		"all of them": {rules.Conditions{
			Applications: everywhere, ClientAppTypes: []string{"all"}, Locations: &rules.Locations{Include: []string{"All"}}, Platforms: &rules.Platforms{Include: []string{"all"}},
		}, ""},
		"an app":                      {rules.Conditions{Applications: &rules.Applications{IncludeApplications: []string{"App"}}}, " (only for apps app Portal)"},
		"all apps but one":            {rules.Conditions{Applications: &rules.Applications{IncludeApplications: []string{"All"}, ExcludeApplications: []string{"app"}}}, " (only for apps other than app Portal)"},
		"apps by a filter":            {rules.Conditions{Applications: &rules.Applications{Filter: &rules.Filter{Mode: "include"}}}, " (only for apps by a filter (include))"},
		"a user action":               {rules.Conditions{Applications: &rules.Applications{IncludeUserActions: []string{rules.ActionRegisterInfo}}}, " (only for the user action urn:user:registersecurityinfo)"},
		"an authentication context":   {rules.Conditions{Applications: &rules.Applications{IncludeContexts: []string{"c1"}}}, " (only for the authentication context c1)"},
		"old clients":                 {rules.Conditions{Applications: everywhere, ClientAppTypes: []string{"exchangeActiveSync", "other"}}, " (only with client apps exchangeActiveSync, other)"},
		"a place":                     {rules.Conditions{Locations: &rules.Locations{Include: []string{"branch"}}}, " (only from location Branch)"},
		"outside of a place":          {rules.Conditions{Locations: &rules.Locations{Include: []string{"All"}, Exclude: []string{"branch", "AllTrusted"}}}, " (only from places other than location Branch, AllTrusted)"},
		"platforms":                   {rules.Conditions{Platforms: &rules.Platforms{Include: []string{"iOS"}, Exclude: []string{"android"}}}, " (only on iOS; on platforms other than android)"},
		"devices":                     {rules.Conditions{Devices: &rules.Devices{Filter: &rules.Filter{Mode: "exclude"}}}, " (only on devices by a filter (exclude))"},
		"risks":                       {rules.Conditions{SignInRiskLevels: []string{"high", "medium"}, UserRiskLevels: []string{"high"}, InsiderRiskLevels: rules.Flags{"elevated"}}, " (only at a sign-in risk of high, medium; at a user risk of high; at an insider risk of elevated)"},
		"a flow":                      {rules.Conditions{AuthenticationFlows: &rules.AuthenticationFlows{TransferMethods: rules.Flags{"deviceCodeFlow"}}}, " (only by deviceCodeFlow)"},
		"risk of a workload identity": {rules.Conditions{ClientApplications: &rules.ClientApplications{ExcludeServicePrincipals: []string{"sp"}}, ServicePrincipalRiskLevels: []string{"high"}}, " (only other than sp; at a risk of high)"},
	} {
		if got := circumstances(client.ConditionalAccessPolicy{Conditions: scene.conditions}, names); got != scene.want {
			t.Errorf("%s: %q, want %q", name, got, scene.want)
		}
	}
}
