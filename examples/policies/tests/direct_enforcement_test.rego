package entramfa.tests.direct_enforcement

import data.entramfa.rules.direct_enforcement as rule
import data.entramfa.tests.plans

one(actions, before, after) := plans.change("entramfa_user_mfa_state", actions, before, after)

many(actions, before, after) := plans.change("entramfa_user_mfa_states", actions, before, after)

adele(state) := {"name": "Adele", "state": state, "allow_promotion": false}

test_enabled_and_disabled_pass if {
	count(rule.deny) == 0 with input as plans.plan([
		one(["create"], null, adele("enabled")),
		one(["update"], adele("enabled"), adele("disabled")),
		many(["create"], null, {"users": {"a": "enabled", "b": "disabled"}}),
	])
}

test_every_way_there_is_an_objection if {
	every actions in [["create"], ["update"], ["no-op"], ["delete", "create"], ["create", "delete"], ["create", "forget"]] {
		deny := rule.deny with input as plans.plan([one(actions, adele("enabled"), adele("enforced"))])
		{objection.reason | some objection in deny} == {"Adele is to be enforced directly."}
	}
}

test_a_user_who_is_destroyed_or_forgotten_passes if {
	every actions in [["delete"], ["forget"]] {
		count(rule.deny) == 0 with input as plans.plan([one(actions, adele("enforced"), null)])
	}
}

test_a_data_source_passes if {
	read := object.union(one(["read"], null, adele("enforced")), {"mode": "data"})
	count(rule.deny) == 0 with input as plans.plan([read])
}

test_members_are_named if {
	deny := rule.deny with input as plans.plan([many(["create"], null, {"users": {"b": "enforced", "a": "enforced", "c": "enabled"}})])
	{objection.reason | some objection in deny} == {"To be enforced directly: a, b."}
}

test_of_many_members_the_first_are_named if {
	users := {user: "enforced" | some n in numbers.range(1, 7); user := sprintf("u%d", [n])}
	deny := rule.deny with input as plans.plan([many(["create"], null, {"users": users})])
	{objection.reason | some objection in deny} == {"To be enforced directly: u1, u2, u3, u4, u5 and 2 more."}
}

test_sensitive_members_are_not_named if {
	change := plans.sensitive(many(["create"], null, {"users": {"a": "enforced"}}), {"users": true})
	deny := rule.deny with input as plans.plan([change])
	{objection.reason | some objection in deny} == {"To be enforced directly: 1 (sensitive)."}
}

test_a_sensitive_user_is_not_named if {
	change := plans.sensitive(one(["create"], null, adele("enforced")), {"user_principal_name": true})
	deny := rule.deny with input as plans.plan([change])
	{objection.reason | some objection in deny} == {"a user (sensitive) is to be enforced directly."}
}

test_without_a_name_the_principal_name_or_the_id_stands_for_it if {
	every values, name in {{"user_principal_name": "a@b"}: "a@b", {"user_id": "1"}: "1", {"name": null, "user_id": "1"}: "1", {}: "a user"} {
		deny := rule.deny with input as plans.plan([one(["create"], null, object.union(values, {"state": "enforced"}))])
		{objection.reason | some objection in deny} == {sprintf("%s is to be enforced directly.", [name])}
	}
}

test_allow_promotion_is_an_objection if {
	every type in ["entramfa_user_mfa_state", "entramfa_user_mfa_states"] {
		count(rule.deny) == 1 with input as plans.plan([plans.change(type, ["create"], null, {"allow_promotion": true})])
	}
}

test_what_is_not_known_is_an_objection if {
	every change in [
		plans.unknown(one(["create"], null, {}), {"state": true}),
		plans.unknown(one(["create"], null, adele("enabled")), {"allow_promotion": true}),
		plans.unknown(many(["create"], null, {}), {"users": true}),
		plans.unknown(many(["create"], null, {"users": {"a": "enabled"}}), {"users": {"b": true}}),
	] {
		deny := rule.deny with input as plans.plan([change])
		count(deny) == 1
		some objection in deny
		contains(objection.reason, "is not known before the apply")
	}
}
