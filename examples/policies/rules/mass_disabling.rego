# METADATA
# title: A plan takes per-user MFA from few people
# description: |-
#   Counted are, once each and over all resources and modules, the people who have per-user MFA and move to "disabled", those who
#   are destroyed or taken out of a map while on_destroy is "disable", and those who are new here as "disabled". What they have today a
#   plan does not say of those who are new, unless they are imported, and a plan that was made with -refresh=false does not say it of
#   those who go. A removed block with destroy = false disables nobody. An exception names a person, who then does not count.
# custom:
#   parameters: [mass_disabling.max_users]
package entramfa.rules.mass_disabling

import data.entramfa.exceptions
import data.entramfa.plan

deny contains {
	"address": plan.shortened([address | some address in {loss.address | some loss in losses}]),
	"reason": sprintf("The plan may take per-user MFA from %d people, and %d are allowed at a time: %s", [count(names), most, plan.shortened(names)]),
	"remedy": concat(" ", [
		`Apply on_destroy = "keep" first, take them out with a removed block, import who is new, or split the change;`,
		"who may decide so raises the limit.",
	]),
} if {
	most := data.parameters.mass_disabling.max_users
	names := [min(some_names) | some some_names in names_by_id]
	count(names) > most
}

# What is not known may disable whoever has MFA.
deny contains plan.not_known(user, "state") if {
	some user in plan.instances("entramfa_user_mfa_state")
	plan.unknown(user, "state")
}

deny contains plan.not_known(users, "users") if {
	some users in plan.instances("entramfa_user_mfa_states")
	plan.unknown(users, "users")
}

# The same person may be in several resources, and named differently there.
names_by_id[loss.id] contains loss.name if {
	some loss in losses
	not exceptions.allow("mass_disabling", {"address": loss.address, "value": loss.value})
}

# A destroy obeys the on_destroy that was applied before.
losses contains loss_of(user, user.change.before) if {
	some user in plan.instances("entramfa_user_mfa_state")
	plan.destroyed(user)
	object.get(user.change.before, "on_destroy", null) != "keep"
}

losses contains loss_of(user, user.change.after) if {
	some user in plan.instances("entramfa_user_mfa_state")
	plan.same_object(user)
	user.change.after.state == "disabled"
	has_mfa(user)
}

losses contains loss_of(user, user.change.after) if {
	some user in plan.instances("entramfa_user_mfa_state")
	"create" in user.change.actions
	user.change.after.state == "disabled"
}

losses contains loss_of_member(users, users.change.before, key) if {
	some users in plan.instances("entramfa_user_mfa_states")
	plan.destroyed(users)
	object.get(users.change.before, "on_destroy", null) != "keep"
	some key, _ in users.change.before.users
}

losses contains loss_of_member(users, users.change.before, key) if {
	some users in plan.instances("entramfa_user_mfa_states")
	plan.same_object(users)
	afterwards := object.get(wanted, users.address, {})
	some key, _ in users.change.before.users
	ends(users, key, {state |
		some name in names_of(users.change.before, key)
		some state in afterwards[name]
	})
}

losses contains loss_of_member(users, users.change.after, key) if {
	some users in plan.instances("entramfa_user_mfa_states")
	here := object.get(known, users.address, set())
	some key, state in users.change.after.users
	state == "disabled"
	count(names_of(users.change.after, key) & here) == 0
}

# Whether per-user MFA ends for a member of whom these states are wanted afterwards, none for one who was taken out. Of a map
# that is not known as a whole nobody can say, which is an objection of its own.
ends(users, key, states) if {
	"disabled" in states
	member_has_mfa(users, key)
}

ends(users, _, set()) if {
	not users.change.after_unknown.users == true
	object.get(users.change.after, "on_destroy", null) != "keep"
}

# What a map wants of its members afterwards, by each name that they have. It is read as a whole, above: looking one name up in it
# would work all of it out again for each.
wanted[users.address][name] contains state if {
	some users in plan.instances("entramfa_user_mfa_states")
	plan.same_object(users)
	some key, state in plan.members(users)
	some name in names_of(users.change.after, key)
}

# The members that a map has already, by each name that they have.
known[users.address] contains name if {
	some users in plan.instances("entramfa_user_mfa_states")
	plan.same_object(users)
	some key, _ in users.change.before.users
	some name in names_of(users.change.before, key)
}

# A member may be written in another way afterwards: in another case, or by object id instead of by name.
names_of(values, key) := {lower(key)} | {lower(id) |
	id := values.user_ids[key]
	is_string(id)
}

has_mfa(user) if {
	effective := object.get(user.change.before, "effective_state", null)
	state_of(effective, user.change.before.state) != "disabled"
}

member_has_mfa(users, key) if {
	effective := object.get(users.change.before, ["effective_states", key], null)
	state_of(effective, users.change.before.users[key]) != "disabled"
}

# The state that the service has, where it is known, and otherwise the one that is wanted.
state_of(effective, wanted_state) := wanted_state if effective == null

state_of(effective, _) := effective if effective != null

loss_of(user, values) := {
	"address": plan.block(user),
	"id": lower(id_of(user, values)),
	"name": named(person),
	"value": person.value,
} if {
	person := plan.person(user, values)
}

loss_of_member(users, values, key) := {
	"address": plan.block(users),
	"id": lower(object.get(values, ["user_ids", key], key)),
	"name": named(plan.member(users, key)),
	"value": key,
}

id_of(user, values) := values.id if {
	is_string(values.id)
} else := values.user_id if {
	is_string(values.user_id)
} else := values.user_principal_name if {
	is_string(values.user_principal_name)
} else := user.address

named(person) := "a user (sensitive)" if person.sensitive

named(person) := person.shown if not person.sensitive
