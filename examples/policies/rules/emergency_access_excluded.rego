# METADATA
# title: No registration policy asks the emergency access accounts
# description: |-
#   Each registration policy that asks anybody excludes the emergency access accounts of the parameters: the groups that hold them, or
#   each account by its object id. Who is not asked today may be asked when somebody joins a group.
# custom:
#   parameters: [emergency_access.accounts, emergency_access.group_ids]
package entramfa.rules.emergency_access_excluded

import data.entramfa.accounts
import data.entramfa.plan

deny contains {
	"address": policy.address,
	"reason": "The policy does not exclude emergency access accounts, and one that has to register is locked out when it is needed",
	"remedy": "Add them to exclude: group_ids for groups, user_ids for accounts.",
	"value": id,
} if {
	some policy in asking
	not plan.unknown(policy, "exclude")
	not policy.change.after.exclude.all_users == true
	some id in accounts.missing(excluded(policy, "user_ids"), set(), excluded(policy, "group_ids"))
}

deny contains plan.not_known(policy, attribute) if {
	some policy in plan.instances("entramfa_registration_policy")
	policy.change.after != null
	some attribute in ["state", "exclude"]
	plan.unknown(policy, attribute)
}

# A policy whose state is not known may ask somebody.
asking := [policy |
	some policy in plan.instances("entramfa_registration_policy")
	policy.change.after != null
	object.get(policy.change.after, "state", null) != "disabled"
]

excluded(policy, attribute) := {lower(id) |
	some id in policy.change.after.exclude[attribute]
	is_string(id)
}
