# METADATA
# title: Nobody is enforced directly
# description: |-
#   No user is moved to the state "enforced", and nothing sets allow_promotion. The service promotes users who register a method; an
#   administrator who does so may lock out a person who cannot pass a challenge yet. A user whom the resource has already and who is enforced
#   by now passes. Of a user who is new here a plan does not say it.
package entramfa.rules.direct_enforcement

import data.entramfa.plan

deny contains object.union(
	{"address": plan.block(user), "reason": "To be enforced directly", "remedy": remedy},
	plan.person(user, user.change.after),
) if {
	some user in plan.instances("entramfa_user_mfa_state")
	user.change.after.state == "enforced"
	not enforced_already(user)
}

deny contains object.union(
	{"address": plan.block(users), "reason": "To be enforced directly", "remedy": remedy},
	plan.member(users, key),
) if {
	some users in plan.instances("entramfa_user_mfa_states")
	some key, state in users.change.after.users
	state == "enforced"
	count(names_of(users.change.after, key) & object.get(enforced, users.address, set())) == 0
}

# What the service has is what counts, and not what was wanted of it.
enforced_already(user) if {
	plan.same_object(user)
	user.change.before.effective_state == "enforced"
}

# The members of a map who are enforced already, by each name that they have.
enforced[users.address] contains name if {
	some users in plan.instances("entramfa_user_mfa_states")
	plan.same_object(users)
	some key, "enforced" in users.change.before.effective_states
	some name in names_of(users.change.before, key)
}

names_of(values, key) := {lower(key)} | {lower(id) |
	id := values.user_ids[key]
	is_string(id)
}

remedy := concat(" ", [
	`Write "enabled": the service promotes everybody who registers a method,`,
	`and whoever is enforced already satisfies "enabled".`,
])

deny contains {
	"address": plan.block(instance),
	"reason": "Lets Terraform enforce users, where the service does it when they register",
	"remedy": "Take allow_promotion out.",
	"value": "allow_promotion = true",
} if {
	some type in plan.user_types
	some instance in plan.instances(type)
	instance.change.after.allow_promotion == true
}

deny contains plan.not_known(instance, attribute) if {
	some type, attributes in {
		"entramfa_user_mfa_state": ["state", "allow_promotion"],
		"entramfa_user_mfa_states": ["users", "allow_promotion"],
	}
	some instance in plan.instances(type)
	some attribute in attributes
	plan.unknown(instance, attribute)
}
