# METADATA
# title: Nobody is enforced directly
# description: |-
#   No user has the state "enforced", and nothing sets allow_promotion. The service promotes whoever registers a method; an
#   administrator who does so may lock out a person who cannot pass a challenge yet.
package entramfa.rules.direct_enforcement

import data.entramfa.plan

deny contains object.union(
	{"address": plan.block(user), "reason": "To be enforced directly", "remedy": remedy},
	plan.person(user, user.change.after),
) if {
	some user in plan.instances("entramfa_user_mfa_state")
	user.change.after.state == "enforced"
}

deny contains object.union(
	{"address": plan.block(users), "reason": "To be enforced directly", "remedy": remedy},
	plan.member(users, key),
) if {
	some users in plan.instances("entramfa_user_mfa_states")
	some key, state in users.change.after.users
	state == "enforced"
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
