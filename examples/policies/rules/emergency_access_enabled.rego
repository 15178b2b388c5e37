# METADATA
# title: No emergency access account is asked for MFA
# description: |-
#   No account of the parameters has a per-user MFA state other than "disabled", by object id or by user principal name, as a resource
#   of its own or in a map, whatever the provider block says. Who a user is has to be known in the plan. The plan of a new map has one
#   digest of all object ids and is judged by the keys: an account under another name than that of the parameters is refused by
#   emergency_access of the provider block, which another rule asks for.
# custom:
#   parameters: [emergency_access.accounts]
package entramfa.rules.emergency_access_enabled

import data.entramfa.accounts
import data.entramfa.plan

remedy := concat(" ", [
	"Take the account out: whoever holds it must get in when MFA does not work,",
	"and what protects it is a Conditional Access policy of its own.",
])

reason := "An emergency access account is asked for per-user MFA"

deny contains object.union(
	{"address": plan.block(user), "reason": reason, "remedy": remedy},
	plan.person(user, user.change.after),
) if {
	some user in asking
	names_account([user.change.after[attribute] | some attribute in identifying])
}

deny contains object.union(
	{"address": plan.block(users), "reason": reason, "remedy": remedy},
	plan.member(users, key),
) if {
	some users in plan.instances("entramfa_user_mfa_states")
	some key, state in plan.members(users)
	state != "disabled"
	names_account([key, object.get(users.change.after, ["user_ids", key], key)])
}

deny contains plan.not_known(user, attribute) if {
	some user in asking
	some attribute in identifying
	plan.unknown(user, attribute)
}

deny contains plan.not_known(users, attribute) if {
	some users in plan.instances("entramfa_user_mfa_states")
	users.change.after != null
	some attribute in ["users", "user_ids"]
	plan.unknown(users, attribute)
	not found_by_digest(users, attribute)
}

# The provider has found every user, and Terraform holds the apply to them.
found_by_digest(users, "user_ids") if {
	users.change.after_unknown.user_ids == true
	"create" in users.change.actions
	is_string(users.change.after.created_for_sha256)
}

# There is no digest of users who are not known, which is an objection of its own.
found_by_digest(users, "user_ids") if {
	"create" in users.change.actions
	plan.unknown(users, "users")
}

deny contains plan.not_there(user, "state") if {
	some user in asking
	plan.absent(user, "state")
}

deny contains plan.not_there(user, "user_id, user_principal_name") if {
	some user in asking
	every attribute in identifying {
		plan.absent(user, attribute)
	}
}

deny contains plan.not_there(users, "users") if {
	some users in plan.instances("entramfa_user_mfa_states")
	users.change.after != null
	plan.absent(users, "users")
}

identifying := ["id", "user_id", "user_principal_name"]

# One whose state is not known may be enabled.
asking := [user |
	some user in plan.instances("entramfa_user_mfa_state")
	user.change.after != null
	object.get(user.change.after, "state", null) != "disabled"
]

names_account(texts) if {
	some text in texts
	is_string(text)
	lower(trim_space(text)) in (accounts.ids | accounts.names)
}
