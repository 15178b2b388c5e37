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
		plans.said(deny) == {"To be enforced directly: Adele"}
	}
}

test_a_user_who_is_enforced_already_passes if {
	enforced := object.union(adele("enforced"), {"effective_state": "enforced"})
	every actions in [["update"], ["no-op"]] {
		count(rule.deny) == 0 with input as plans.plan([one(actions, enforced, adele("enforced"))])
	}
	deny := rule.deny with input as plans.plan([one(["delete", "create"], enforced, adele("enforced"))])
	plans.said(deny) == {"To be enforced directly: Adele"}
}

test_members_who_are_enforced_already_pass if {
	before := {
		"users": {"a@x": "enabled", "b@x": "enforced", "ID-C": "enforced", "d@x": "enforced"},
		"effective_states": {"a@x": "enforced", "b@x": "enabled", "ID-C": "enforced", "d@x": "enforced"},
		"user_ids": {"a@x": "id-a", "b@x": "id-b", "ID-C": "id-c", "d@x": "id-d"},
	}
	after := {
		"users": {"A@x": "enforced", "b@x": "enforced", "c@x": "enforced", "d@x": "enforced", "e@x": "enforced"},
		"user_ids": {"A@x": "id-a", "b@x": "id-b", "c@x": "ID-c", "d@x": "id-d", "e@x": "id-e"},
	}
	deny := rule.deny with input as plans.plan([many(["update"], before, after)])
	plans.said(deny) == {"To be enforced directly: b@x", "To be enforced directly: e@x"}
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
	plans.said(deny) == {"To be enforced directly: a", "To be enforced directly: b"}
}

test_what_is_sensitive_is_marked if {
	every change in [
		plans.sensitive(many(["create"], null, {"users": {"a": "enforced"}}), {"users": true}),
		plans.sensitive(one(["create"], null, adele("enforced")), {"user_principal_name": true}),
	] {
		deny := rule.deny with input as plans.plan([change])
		{objection.sensitive | some objection in deny} == {true}
	}
}

test_without_a_name_the_principal_name_or_the_id_stands_for_it if {
	every values, name in {{"user_principal_name": "a@b"}: "a@b", {"user_id": "1"}: "1", {"name": null, "id": "1"}: "1", {}: "entramfa_user_mfa_state.x"} {
		deny := rule.deny with input as plans.plan([one(["create"], null, object.union(values, {"state": "enforced"}))])
		plans.said(deny) == {sprintf("To be enforced directly: %s", [name])}
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
		startswith(objection.reason, "Not known before the apply")
	}
}
