# METADATA
# title: Nobody is enforced directly
# description: |-
#   No user has the state "enforced", and nothing sets allow_promotion. The service promotes whoever registers a method; an
#   administrator who does so may lock out a person who cannot pass a challenge yet.
package entramfa.rules.direct_enforcement

import data.entramfa.plan

deny contains {
	"address": user.address,
	"reason": sprintf("%s is to be enforced directly.", [plan.person(user, user.change.after)]),
	"remedy": remedy,
} if {
	some user in plan.instances("entramfa_user_mfa_state")
	user.change.after.state == "enforced"
}

deny contains {
	"address": users.address,
	"reason": sprintf("To be enforced directly: %s.", [plan.listed(users, "users", enforced)]),
	"remedy": remedy,
} if {
	some users in plan.instances("entramfa_user_mfa_states")
	enforced := [user | some user, state in users.change.after.users; state == "enforced"]
	count(enforced) > 0
}

remedy := concat(" ", [
	`Write "enabled": the service promotes everybody who registers a method,`,
	`and whoever is enforced already satisfies "enabled".`,
])

deny contains {
	"address": instance.address,
	"reason": "allow_promotion lets Terraform enforce users, where the service does it when they register.",
	"remedy": "Take allow_promotion out.",
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
