# METADATA
# title: The Conditional Access policies of a plan
# description: |-
#   What the rules about them share. Source: https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
package entramfa.conditional_access

import data.entramfa.plan

# METADATA
# description: The changes of all of them.
policies := plan.instances("entramfa_conditional_access_policy")

# METADATA
# description: Those that are in force or in report-only after the apply, or whose state is not known.
evaluated := [policy |
	some policy in policies
	policy.change.after != null
	object.get(policy.change.after, "state", null) != "disabled"
]

# METADATA
# description: The texts of a list of the conditions after the apply, in lower case.
listed(policy, object_name, list_name) := {lower(text) |
	some text in policy.change.after.conditions[object_name][list_name]
	is_string(text)
}

# METADATA
# description: Whether a list of the conditions, or a part of it, is not known before the apply.
hazy(policy, _, _) if policy.change.after_unknown.conditions == true

hazy(policy, object_name, _) if policy.change.after_unknown.conditions[object_name] == true

hazy(policy, object_name, list_name) if plan.masked(policy.change.after_unknown.conditions[object_name], list_name)
