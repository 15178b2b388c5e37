# METADATA
# title: The registration policy is not switched off
# description: |-
#   No registration policy goes to "disabled", begins so, stops asking all users, excludes all of them, or is destroyed, which gives
#   back whatever campaign was there before. One that is meant is an exception with a reason, in a file that other people approve.
package entramfa.rules.registration_policy_kept

import data.entramfa.plan

deny contains {
	"address": policy.address,
	"reason": "The policy is destroyed, which gives back the campaign from before; a plan does not say which one that is.",
	"remedy": "Keep the resource. To stop managing the campaign and leave it as it is, write a removed block with destroy = false.",
} if {
	some policy in policies
	plan.destroyed(policy)
	policy.change.before.state != "disabled"
}

deny contains {
	"address": policy.address,
	"reason": reason,
	"remedy": "Leave it as it is. If this is meant, write an exception with the reason into the parameters.",
} if {
	some policy in policies
	policy.change.after != null
	some reason in weakenings(policy)
}

deny contains plan.not_known(policy, attribute) if {
	some policy in policies
	some attribute in ["state", "include", "exclude"]
	undecided(policy, attribute)
}

undecided(policy, "state") if plan.unknown(policy, "state")

# Of whom else a scope holds nothing depends here.
undecided(policy, attribute) if {
	attribute != "state"
	plan.masked(policy.change.after_unknown[attribute], "all_users")
}

policies := plan.instances("entramfa_registration_policy")

weakenings(policy) := ({"The policy is switched off: nobody is asked to register any more." |
	policy.change.after.state == "disabled"
	not was_off(policy)
} | {"The policy excludes all users: nobody is asked to register any more." |
	policy.change.after.exclude.all_users == true
	not excluded_all(policy)
}) | {"The policy does not ask all users any more." |
	plan.same_object(policy)
	policy.change.before.state != "disabled"
	policy.change.before.include.all_users == true
	not undecided(policy, "include")
	not asks_all(policy)
}

asks_all(policy) if policy.change.after.include.all_users == true

was_off(policy) if {
	plan.same_object(policy)
	policy.change.before.state == "disabled"
}

excluded_all(policy) if {
	plan.same_object(policy)
	policy.change.before.exclude.all_users == true
}
