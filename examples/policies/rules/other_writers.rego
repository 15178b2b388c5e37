# METADATA
# title: Nothing else writes what these rules judge
# description: |-
#   No resource of another provider writes per-user MFA or the registration campaign, which the rules about users and registration
#   policies would not see, and none writes to an address of Microsoft Graph that is not known before the apply. What a program
#   does that a provisioner or an external data source starts, a plan does not show.
package entramfa.rules.other_writers

import data.entramfa.plan
import data.entramfa.writes

deny contains {
	"address": instance.address,
	"reason": sprintf("Writes %s past the rules that judge it", [what]),
	"remedy": sprintf("Use %s, or write an exception with the reason into the parameters.", [instead]),
	"value": instance.type,
} if {
	some instance in input.resource_changes
	instance.change.after != null
	some what, [instead, pattern] in {
		"the registration campaign": [
			"entramfa_registration_policy",
			`(?i)authentication_?methods_?policy/?([?(]|$)`,
		],
		"per-user MFA": [
			"entramfa_user_mfa_state or entramfa_user_mfa_states",
			`(?i)authentication/requirements|per_?user_?mfa`,
		],
	}
	is_writer(instance, pattern)
}

is_writer(instance, pattern) if writes.to(instance, pattern)

is_writer(instance, pattern) if {
	writes.is_other(instance)
	regex.match(pattern, instance.type)
}

deny contains plan.not_known(instance, attribute) if {
	some instance in input.resource_changes
	writes.is_other(instance)
	regex.match(`^(msgraph|restapi)_`, instance.type)
	some attribute, _ in instance.change.after_unknown
	regex.match(`(?i)^(resource_)?(url|path)$`, attribute)
	plan.unknown(instance, attribute)
}
