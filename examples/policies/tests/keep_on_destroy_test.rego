package entramfa.tests.keep_on_destroy

import data.entramfa.rules.keep_on_destroy as rule
import data.entramfa.tests.plans

user(module, key, on_destroy) := object.union(
	plans.change("entramfa_user_mfa_state", ["create"], null, {"on_destroy": on_destroy}),
	{"address": sprintf("%s.entramfa_user_mfa_state.x[%q]", [module, key]), "module_address": module, "index": key},
)

test_keep_passes if {
	count(rule.deny) == 0 with data.parameters as plans.parameters with input as plans.plan([user("module.a", "b", "keep")])
}

test_disable_is_an_objection_once_for_a_block if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([
		user("module.a[\"k\"]", "b", "disable"),
		user("module.a[\"k\"]", "c", "disable"),
		user("module.a[\"k\"]", "d", "keep"),
		plans.change("entramfa_user_mfa_states", ["no-op"], {"on_destroy": "disable"}, {"on_destroy": "disable"}),
	])
	{objection.address: objection.shown | some objection in deny} == {
		"module.a[\"k\"].entramfa_user_mfa_state.x": "on_destroy = disable (instances: 2)",
		"entramfa_user_mfa_states.x": "on_destroy = disable (instances: 1)",
	}
}

test_other_environments_may if {
	elsewhere := object.union(plans.parameters, {"environment": "test"})
	count(rule.deny) == 0 with data.parameters as elsewhere with input as plans.plan([
		user("module.a", "b", "disable"),
		plans.unknown(user("module.a", "c", "keep"), {"on_destroy": true}),
	])
}

test_what_goes_is_not_judged if {
	gone := plans.change("entramfa_user_mfa_state", ["delete"], {"on_destroy": "disable"}, null)
	count(rule.deny) == 0 with data.parameters as plans.parameters with input as plans.plan([gone])
}

test_what_is_not_known_is_an_objection if {
	change := plans.unknown(plans.change("entramfa_user_mfa_states", ["create"], null, {}), {"on_destroy": true})
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	{objection.address | some objection in deny} == {"entramfa_user_mfa_states.x"}
}
