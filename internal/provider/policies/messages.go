package policies

import (
	"fmt"
	"strings"

	rules "github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/resourcekit"
)

// message is what people read of a rule. Both texts may name the values that break it, with %s.
type message struct{ summary, detail string }

// messages has the words for each rule.
var messages = map[rules.Rule]message{
	rules.RuleNobody: {
		"The policy applies to nobody",
		"conditions.users includes no user, group, role or guest, and conditions.client_applications includes no service principal. The service refuses such a policy. " +
			"Set one of them; for everybody, write included_users = [\"All\"] and exclude your emergency access accounts.",
	},
	rules.RuleUsersAndWorkloads: {
		"The policy applies to users and to workload identities",
		"A policy is about one of them. For a policy about workload identities, write included_users = [\"None\"] or leave users out, and make another policy for the users.",
	},
	rules.RuleNoTarget: {
		"The policy applies to no app",
		"conditions.applications includes no app, no user action and no authentication context. The service refuses that with the number 1011. For everything, write " +
			"included_applications = [\"All\"].",
	},
	rules.RuleMixedTargets: {
		"Apps, user actions and authentication contexts exclude each other",
		"conditions.applications includes %s. The service takes one of them in a policy and refuses more with the number 1012. Make a policy for each.",
	},
	rules.RuleFilterWithAll: {
		"A filter of apps does not go with All or None",
		"applications.filter selects apps, and included_applications names all of them or none. The service may refuse that. Remove one of the two.",
	},
	rules.RuleNothingAsked: {
		"The policy asks for nothing",
		"grant_controls has no control, and session_controls has none that is on. The service refuses such a policy. Set one of them, for example built_in_controls = [\"mfa\"].",
	},
	rules.RuleStrengthWithMFA: {
		"An authentication strength takes the place of mfa",
		"grant_controls has authentication_strength_policy_id and the control mfa. The service takes one of them. Remove mfa from built_in_controls: the strength asks for it.",
	},
	rules.RuleDeviceRegistration: {
		"The registration of devices does not have this %s",
		"A policy about urn:user:registerdevice asks for mfa or for an authentication strength and for nothing else, and has neither client_app_types nor a device filter. Remove them.",
	},
	rules.RulePasswordChange: {
		"passwordChange does not go with the rest of the policy",
		"The service takes passwordChange only together with mfa or an authentication strength, with operator = \"AND\", for user_risk_levels, on all apps without exclusions, " +
			"and without other conditions. It refuses anything else with the number 1032.",
	},
	rules.RuleFrequency: {
		"The sign-in frequency is not complete",
		"A frequency has sign_in_frequency and sign_in_frequency_period, such as 4 and \"hours\". With sign_in_frequency_interval = \"everyTime\" it has neither of them.",
	},
	rules.RulePersistentBrowser: {
		"persistent_browser_mode needs a policy for all apps",
		"The service takes a persistent browser session only where included_applications is [\"All\"]. Write that, or set the mode in a policy of its own.",
	},
	rules.RuleContinuousAccess: {
		"Continuous access evaluation can be disabled only for all apps and without conditions",
		"The policy has continuous_access_evaluation_mode = \"disabled\" and conditions. Disable it in a policy of its own, for all apps.",
	},
	rules.RulePlatform: {
		"There are no approved or protected apps on %s",
		"approvedApplication and compliantApplication exist on Android, iOS and Windows. As the only control, they block every sign-in from these platforms. Add another control, or remove the platforms.",
	},
	rules.RuleTenants: {
		"external_tenants do not match their kind",
		"With membership_kind = \"enumerated\", members names the tenants. With \"all\" it is left out.",
	},
	rules.RuleNotAnID: {
		"%s is not an id",
		"This list has ids (GUIDs), and a few names that stand for many objects. Names of users, groups and apps are not among them. Take the id from a resource or a data source, such as " +
			"data.azuread_group.….object_id.",
	},
	rules.RuleWorkloadBlock: {
		"A policy about workload identities can only block",
		"conditions.client_applications includes service principals, which cannot satisfy a control. Write grant_controls = { built_in_controls = [\"block\"] }, and say by the conditions which sign-ins to block.",
	},
	rules.RuleAppRestrictions: {
		"No app of the policy enforces restrictions",
		"application_enforced_restrictions_enabled works with Exchange Online and SharePoint Online. Include one of them, \"Office365\" or \"All\", or remove it.",
	},
	rules.RuleEveryTimeAlone: {
		"%s does not go with a sign-in every time",
		"With sign_in_frequency_interval = \"everyTime\", the service takes neither application_enforced_restrictions_enabled nor disable_resilience_defaults. Put one of them into a policy of its own.",
	},
	rules.RuleTooMany: {"The list is too long", "It has %s. Divide the policy, or use a group or a filter."},
	rules.RuleReportOnlyAction: {
		"User actions are not evaluated in report-only",
		"The state is enabledForReportingButNotEnforced and the policy is about %s. The service does not evaluate such a policy: reports will show nothing, and that says nothing about what enabling it does.",
	},
	rules.RuleRetiredControl: {
		"approvedApplication is retired",
		"Microsoft retired the approved client app grant in early March 2026. Use compliantApplication.",
	},
}

// findings are the broken rules of a policy that are warnings, or the others.
func (m *policyModel) findings(warnings bool) []resourcekit.Finding {
	var all []resourcekit.Finding
	policy, unknown := m.policy()
	for _, problem := range policy.Check(unknown.has) {
		if problem.Warning == warnings {
			all = append(all, finding(problem))
		}
	}
	return all
}

// finding is a broken rule in words.
func finding(problem rules.Problem) resourcekit.Finding {
	values := strings.Join(problem.Values, ", ")
	switch problem.Rule {
	case rules.RuleMixedTargets:
		names := make([]string, len(problem.Values))
		for i, place := range problem.Values {
			names[i] = lastStep(place)
		}
		values = strings.Join(names, " and ")
	case rules.RuleDeviceRegistration, rules.RuleEveryTimeAlone:
		values = lastStep(problem.At)
	case rules.RuleNotAnID:
		values = fmt.Sprintf("%q", problem.Values)
		values = strings.Trim(values, "[]")
	case rules.RuleTooMany:
		values = fmt.Sprintf("%s entries or characters, and the service takes %s", problem.Values[0], problem.Values[1])
	default:
	}
	words := messages[problem.Rule]
	return resourcekit.Finding{
		Refuses: !problem.Warning, At: attributePath(problem.At), Summary: filled(words.summary, values), Detail: filled(words.detail, values),
	}
}

func filled(text, values string) string { return strings.ReplaceAll(text, "%s", values) }

// lastStep is the name of the attribute of a place.
func lastStep(place string) string {
	steps := attributePath(place).Steps()
	if len(steps) == 0 {
		return place
	}
	last, _ := steps.LastStep()
	return last.String()
}
