# METADATA
# title: The registration policy does not get weaker
# description: |-
#   Compared is what there is, which a plan knows of a policy that is managed or imported, with what is wanted: state, who is included
#   and excluded, method, snooze and limit. A policy that begins takes over a campaign that the plan does not show, so it has to ask
#   all users but the emergency access accounts, and within the parameters; import it first, and the plan shows what changes. A destroy
#   gives back the campaign from before, which no plan shows either, also where the policy was disabled.
# custom:
#   parameters: [registration_policy_kept.max_snooze_days]
package entramfa.rules.registration_policy_kept

import data.entramfa.accounts
import data.entramfa.plan
import data.entramfa.providers

deny contains {
	"address": policy.address,
	"reason": "The campaign from before is given back, and a plan does not say which one that is",
	"remedy": "Keep the resource. To stop managing the campaign and leave it as it is, write a removed block with destroy = false.",
	"value": "destroy",
} if {
	some policy in policies
	plan.destroyed(policy)
	object.get(policy.change.before, "on_destroy", null) != "keep"
}

deny contains {
	"address": policy.address,
	"reason": reason,
	"remedy": remedy(policy),
	"value": value,
	"sensitive": plan.sensitive(policy, attribute),
} if {
	some policy in policies
	policy.change.after != null
	some [reason, attribute, value] in weakenings(policy)
}

meant := "If this is meant, write an exception with the reason into the parameters."

remedy(policy) := concat(" ", ["Leave it as it is.", meant]) if plan.same_object(policy)

remedy(policy) := concat(" ", [
	"Import the policy first, so that the plan is compared with what there is.",
	meant,
]) if {
	not plan.same_object(policy)
}

deny contains plan.not_known(policy, attribute) if {
	some policy in policies
	some attribute in attributes
	plan.unknown(policy, attribute)
	providers.sets(policy, attribute)
}

deny contains plan.not_there(policy, "state") if {
	some policy in policies
	policy.change.after != null
	plan.absent(policy, "state")
}

attributes := [
	"state", "include", "exclude", "authentication_method",
	"snooze_days", "require_registration_after_snoozes",
]

policies := plan.instances("entramfa_registration_policy")

# Each with a reason, the attribute that it is about and the value that an exception names. That says include or exclude: an exception
# for a group that alone is asked must not serve for one that is not asked at all.
weakenings(policy) := off(policy) | ((scope(policy) | exclusion(policy)) | pressure(policy))

off(policy) := {["The policy is switched off, and nobody is asked to register any more", "state", "state = disabled"] |
	policy.change.after.state == "disabled"
	not same(policy, "state")
} | {["What the policy asks for is left to Microsoft", "state", "state = microsoft_managed"] |
	policy.change.after.state == "microsoft_managed"
	not same(policy, "state")
	not was(policy, "state", "disabled")
}

scope(policy) := {["The policy does not ask all users", "include", concat("", ["include = ", target])] |
	asked_all_or_unknown(policy)
	not plan.unknown(policy, "include")
	not policy.change.after.include.all_users == true
	some target in or_nobody(targets(policy.change.after, "include"))
} | {["The policy does not ask everybody any more whom it asked", "include", concat("", ["include without ", target])] |
	plan.same_object(policy)
	not plan.unknown(policy, "include")
	not policy.change.after.include.all_users == true
	some target in (targets(policy.change.before, "include") - targets(policy.change.after, "include"))
}

asked_all_or_unknown(policy) if not plan.same_object(policy)

asked_all_or_unknown(policy) if policy.change.before.include.all_users == true

or_nobody(found) := found if count(found) > 0

or_nobody(found) := {"nobody"} if count(found) == 0

exclusion(policy) := {["The policy excludes all users, and nobody is asked to register any more", "exclude", "exclude.all_users = true"] |
	policy.change.after.exclude.all_users == true
	not excluded_all(policy)
} | {["The policy excludes others than the emergency access accounts", "exclude", concat("", ["exclude = ", target])] |
	some target in (targets(policy.change.after, "exclude") - (excluded_before(policy) | (accounts.ids | accounts.groups)))
}

excluded_all(policy) if {
	plan.same_object(policy)
	policy.change.before.exclude.all_users == true
}

excluded_before(policy) := {target | plan.same_object(policy); some target in targets(policy.change.before, "exclude")}

# What makes people register: the limit, how long they may put it off, and a method that they can use.
pressure(policy) := {["People may put registration off without limit", attribute, concat("", [attribute, " = false"])] |
	attribute := "require_registration_after_snoozes"
	policy.change.after[attribute] == false
	not same(policy, attribute)
} | ({["People may put registration off for longer", "snooze_days", sprintf("snooze_days = %v", [days])] |
	days := policy.change.after.snooze_days
	days > shortest_snooze(policy)
} | {["Whoever cannot use another method is not asked", attribute, sprintf("%s = %v", [attribute, method])] |
	attribute := "authentication_method"
	method := policy.change.after[attribute]
	some values in earlier(policy)
	is_string(values[attribute])
	lower(values[attribute]) != lower(method)
})

shortest_snooze(policy) := min(array.concat(
	[values.snooze_days | some values in earlier(policy); is_number(values.snooze_days)],
	[data.parameters.registration_policy_kept.max_snooze_days | not plan.same_object(policy)],
))

# A tenant has one campaign, so that one which is forgotten or destroyed in the plan is what another one takes over.
earlier(policy) := [policy.change.before] if plan.same_object(policy)

earlier(policy) := [other.change.before |
	some other in policies
	other.change.before != null
	not plan.same_object(other)
] if {
	not plan.same_object(policy)
}

targets(values, scope_name) := {lower(id) |
	some kind in ["user_ids", "group_ids"]
	some id in values[scope_name][kind]
	is_string(id)
}

same(policy, attribute) if was(policy, attribute, policy.change.after[attribute])

was(policy, attribute, value) if {
	plan.same_object(policy)
	policy.change.before[attribute] == value
}
