# METADATA
# title: The provider block guards the emergency access accounts
# description: |-
#   Each provider block whose resources ask anybody for MFA or for a method names the accounts of the parameters, those and no
#   others, in emergency_access. With that the provider itself refuses, in the plan, whatever asks one of them, be it through a nested
#   group; without it nothing does. Only what is literal in the block counts: a plan names variables and locals there, and does not say
#   what comes of them. An author who puts staff into the guard and into an exclusion is told so.
# custom:
#   parameters: [emergency_access.accounts, emergency_access.group_ids]
package entramfa.rules.emergency_access_guarded

import data.entramfa.accounts
import data.entramfa.plan
import data.entramfa.providers

deny contains {
	"address": address(block),
	"reason": "The provider block names no emergency access accounts, so nothing keeps its resources from asking them",
	"remedy": concat(" ", [
		"Write emergency_access with the ids of the accounts into the block;",
		"a resource of another provider block, or of a module with one of its own, needs it there.",
	]),
	"value": resource,
} if {
	some block, resources in asking
	not names_somebody(block)
	count(references(block)) == 0
	some resource in resources
}

deny contains {
	"address": address(block),
	"reason": "A plan does not show what emergency_access of the provider block comes to, because it is not literal",
	"remedy": "Write the ids of the accounts and groups out in the block, or have an exception made for each of these references.",
	"value": reference,
} if {
	some block, _ in asking
	some reference in references(block)
}

deny contains {
	"address": address(block),
	"reason": "emergency_access of the provider block lacks accounts of the parameters",
	"remedy": "Add them.",
	"value": id,
} if {
	some block, _ in asking
	names_somebody(block)
	some id in accounts.missing(named(block, "user_ids"), named(block, "user_principal_names"), named(block, "group_ids"))
}

deny contains {
	"address": address(block),
	"reason": "emergency_access of the provider block names accounts or groups that the parameters do not list",
	"remedy": "Take them out of the block. Accounts that are new stand in the parameters first, in a change that others approve.",
	"value": id,
} if {
	some block, _ in asking
	some attribute, known in {"user_ids": accounts.ids, "user_principal_names": accounts.names, "group_ids": accounts.groups}
	some id in (named(block, attribute) - known)
}

# The provider blocks, and which of their resources ask somebody or may do so.
asking[block_of(instance)] contains plan.block(instance) if {
	some type in ["entramfa_user_mfa_state", "entramfa_registration_policy", "entramfa_conditional_access_policy"]
	some instance in plan.instances(type)
	instance.change.after != null
	object.get(instance.change.after, "state", null) != "disabled"
}

asking[block_of(instance)] contains plan.block(instance) if {
	some instance in plan.instances("entramfa_user_mfa_states")
	some state in plan.members(instance)
	state != "disabled"
}

asking[block_of(instance)] contains plan.block(instance) if {
	some instance in plan.instances("entramfa_user_mfa_states")
	plan.unknown(instance, "users")
}

# Without a block of its own in the configuration a resource has the default one.
default block_of(_) := "entramfa"

block_of(instance) := providers.blocks[providers.block_key(instance)].provider_config_key

address(block) := sprintf("provider.%s", [block])

emergency_access(block) := input.configuration.provider_config[block].expressions.emergency_access

default references(_) := []

references(block) := emergency_access(block).references

named(block, attribute) := {lower(id) |
	some id in emergency_access(block).constant_value[attribute]
	is_string(id)
	trim_space(id) != ""
}

names_somebody(block) if {
	some attribute in ["user_ids", "user_principal_names", "group_ids"]
	count(named(block, attribute)) > 0
}
