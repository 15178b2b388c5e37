# METADATA
# title: No registration policy asks the emergency access accounts
# description: |-
#   Each registration policy that asks anybody excludes the emergency access accounts, and its provider block names them in
#   emergency_access. With that the provider itself refuses, in the plan, a policy that asks one of them, be it through a nested
#   group; without it nothing does. Ids that stand literally in the provider block, and those of the parameters, have to be
#   among the excluded.
# custom:
#   parameters: [emergency_access_excluded.group_ids, emergency_access_excluded.user_ids]
package entramfa.rules.emergency_access_excluded

import data.entramfa.plan

deny contains {
	"address": policy.address,
	"reason": "Its provider block names no emergency access accounts, so nothing keeps the policy from asking them to register.",
	"remedy": sprintf("Set emergency_access in the provider block %q.", [provider_name(policy)]),
} if {
	some policy in asking
	not guarded(policy)
}

deny contains {
	"address": policy.address,
	"reason": "The policy excludes nobody, and an emergency access account that has to register is locked out when it is needed.",
	"remedy": "Exclude the group of emergency access accounts: exclude = { group_ids = [...] }.",
} if {
	some policy in asking
	count(excluded(policy, "group_ids")) + count(excluded(policy, "user_ids")) == 0
	not excludes_everybody(policy)
	not plan.unknown(policy, "exclude")
}

deny contains {
	"address": policy.address,
	"reason": sprintf("exclude.%s lacks emergency access accounts: %s.", [attribute, plan.shortened(missing)]),
	"remedy": sprintf("Add them to exclude.%s.", [attribute]),
} if {
	some policy in asking
	some attribute in ["group_ids", "user_ids"]
	missing := wanted(policy, attribute) - excluded(policy, attribute)
	count(missing) > 0
	not excludes_everybody(policy)
	not plan.unknown(policy, "exclude")
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

excludes_everybody(policy) if policy.change.after.exclude.all_users == true

excluded(policy, attribute) := {lower(id) |
	some id in policy.change.after.exclude[attribute]
	is_string(id)
}

# A user may be excluded through a group as well, which only the provider can look up. Without an excluded group that cannot be.
wanted(policy, "group_ids") := from_parameters("group_ids") | from_provider(policy, "group_ids")

wanted(policy, "user_ids") := from_parameters("user_ids") | {id |
	some id in from_provider(policy, "user_ids")
	count(excluded(policy, "group_ids")) == 0
}

from_parameters(attribute) := {lower(id) | some id in data.parameters.emergency_access_excluded[attribute]}

from_provider(policy, attribute) := {lower(id) |
	some id in emergency_access(policy).constant_value[attribute]
	is_string(id)
}

guarded(policy) if {
	some accounts in emergency_access(policy).constant_value
	count(accounts) > 0
}

# What is made of references the plan does not show. Where it is nothing but variables that are all empty, it is empty.
guarded(policy) if {
	references := emergency_access(policy).references
	not empty_variables(policy, references)
}

empty_variables(policy, references) if {
	not contains(provider_key(policy), ":")
	every reference in references {
		startswith(reference, "var.")
		value := input.variables[split(reference, ".")[1]].value
		not holds_something(value)
	}
}

holds_something(value) if {
	walk(value, [_, leaf])
	is_string(leaf)
	leaf != ""
}

provider_name(policy) := provider_key(policy)

provider_name(policy) := "entramfa" if not provider_key(policy)

emergency_access(policy) := input.configuration.provider_config[provider_key(policy)].expressions.emergency_access

# The provider block that a resource belongs to stands in the configuration, by modules and without the keys of instances.
provider_key(policy) := key if {
	walk(input.configuration.root_module, [path, resource])
	resource.type == policy.type
	resource.name == policy.name
	resource.mode == "managed"
	module_names(path) == names_in(object.get(policy, "module_address", ""))
	key := resource.provider_config_key
}

module_names(path) := [name |
	some i, step in path
	step == "module_calls"
	name := path[i + 1]
]

names_in(module_address) := [name |
	some match in regex.find_all_string_submatch_n(`module\.([^.\[\]"]+)`, without_keys(module_address), -1)
	name := match[1]
]

without_keys(address) := regex.replace(address, `\[("([^"\\]|\\.)*"|[0-9]+)\]`, "")
