package policies

import (
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client"
	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
)

// circumstances says in brackets to which sign-ins of a user a policy is limited, such as " (only with client apps exchangeActiveSync, other)". It is
// empty of a policy about all of them.
func circumstances(policy client.ConditionalAccessPolicy, names map[string]string) string {
	var parts []string
	add := func(before string, values []string) {
		if len(values) > 0 {
			parts = append(parts, before+" "+named(values, names))
		}
	}
	filtered := func(what string, filter *rules.Filter) {
		if filter != nil {
			parts = append(parts, what+" by a filter ("+filter.Mode+")")
		}
	}
	conditions := policy.Conditions
	if apps := conditions.Applications; apps != nil {
		add("for apps", narrow(apps.IncludeApplications))
		add("for apps other than", apps.ExcludeApplications)
		add("for the user action", apps.IncludeUserActions)
		add("for the authentication context", apps.IncludeContexts)
		filtered("for apps", apps.Filter)
	}
	add("with client apps", narrow(conditions.ClientAppTypes))
	if locations := conditions.Locations; locations != nil {
		add("from", narrow(locations.Include))
		add("from places other than", locations.Exclude)
	}
	if platforms := conditions.Platforms; platforms != nil {
		add("on", narrow(platforms.Include))
		add("on platforms other than", platforms.Exclude)
	}
	if devices := conditions.Devices; devices != nil {
		filtered("on devices", devices.Filter)
	}
	if workloads := conditions.ClientApplications; workloads != nil {
		add("other than", workloads.ExcludeServicePrincipals)
		filtered("of service principals", workloads.Filter)
	}
	add("at a sign-in risk of", conditions.SignInRiskLevels)
	add("at a user risk of", conditions.UserRiskLevels)
	add("at a risk of", conditions.ServicePrincipalRiskLevels)
	add("at an insider risk of", conditions.InsiderRiskLevels)
	if flows := conditions.AuthenticationFlows; flows != nil {
		add("by", flows.TransferMethods)
	}
	if len(parts) == 0 {
		return ""
	}
	return " (only " + strings.Join(parts, "; ") + ")"
}

// narrow is a list, or nothing where it names all there is.
func narrow(list []string) []string {
	if slices.ContainsFunc(list, func(value string) bool { return strings.EqualFold(value, rules.All) }) {
		return nil
	}
	return list
}
