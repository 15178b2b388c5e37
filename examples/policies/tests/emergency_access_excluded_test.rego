package entramfa.tests.emergency_access_excluded

import data.entramfa.rules.emergency_access_excluded as rule
import data.entramfa.tests.plans

policy(values) := plans.change("entramfa_registration_policy", ["create"], null, object.union(
	{"state": "enabled", "include": {"all_users": true, "user_ids": null, "group_ids": null}, "exclude": null},
	values,
))

excluding(groups, users) := policy({"exclude": {"all_users": null, "group_ids": groups, "user_ids": users}})

# The plan of one policy, whose provider block has these expressions.
guarded_by(expressions, change) := object.union(plans.plan([change]), {"configuration": {
	"provider_config": {"entramfa": {"name": "entramfa", "expressions": expressions}},
	"root_module": {"resources": [resource("entramfa")]},
}})

resource(key) := {
	"address": "entramfa_registration_policy.x",
	"mode": "managed",
	"type": "entramfa_registration_policy",
	"name": "x",
	"provider_config_key": key,
}

group := {"emergency_access": {"constant_value": {"group_ids": ["G1"]}}}

reasons(plan) := {objection.reason | some objection in deny} if {
	deny := rule.deny with data.parameters as plans.parameters with input as plan
}

no_guard := "Its provider block names no emergency access accounts, so nothing keeps the policy from asking them to register."

nobody := "The policy excludes nobody, and an emergency access account that has to register is locked out when it is needed."

test_a_guarded_policy_that_excludes_the_accounts_passes if {
	reasons(guarded_by(group, excluding(["g1", "g2"], null))) == set()
	reasons(guarded_by({"emergency_access": {"constant_value": {"user_ids": ["U1"]}}}, excluding(null, ["u1"]))) == set()
	reasons(guarded_by({"emergency_access": {"constant_value": {"user_principal_names": ["bg@x"]}}}, excluding(null, ["u1"]))) == set()
}

test_a_user_may_be_excluded_through_a_group if {
	by_id := {"emergency_access": {"constant_value": {"user_ids": ["U1"]}}}
	reasons(guarded_by(by_id, excluding(["g1"], null))) == set()
	reasons(guarded_by(by_id, excluding(null, ["u2"]))) == {"exclude.user_ids lacks emergency access accounts: u1."}
}

test_a_group_of_the_provider_block_that_is_not_excluded_is_an_objection if {
	reasons(guarded_by(group, excluding(["g2"], null))) == {"exclude.group_ids lacks emergency access accounts: g1."}
}

test_accounts_of_the_parameters_have_to_be_excluded if {
	parameters := object.union(plans.parameters, {"emergency_access_excluded": {"group_ids": ["G9"], "user_ids": ["U9"]}})
	deny := rule.deny with data.parameters as parameters with input as guarded_by(group, excluding(["g1"], null))
	{objection.reason | some objection in deny} == {
		"exclude.group_ids lacks emergency access accounts: g9.",
		"exclude.user_ids lacks emergency access accounts: u9.",
	}
	count(rule.deny) == 0 with data.parameters as parameters with input as guarded_by(group, excluding(["g1", "g9"], ["u9"]))
}

test_a_policy_that_excludes_nobody_is_an_objection_in_each_state_that_asks if {
	every state in ["enabled", "microsoft_managed"] {
		nobody in reasons(guarded_by(group, policy({"state": state})))
	}
	nobody in reasons(guarded_by(group, excluding([], null)))
}

test_a_policy_that_asks_nobody_passes if {
	reasons(guarded_by({}, policy({"state": "disabled"}))) == set()
	reasons(guarded_by(group, policy({"exclude": {"all_users": true}}))) == set()
}

test_a_policy_that_goes_passes if {
	every action in ["delete", "forget"] {
		change := plans.change("entramfa_registration_policy", [action], {"state": "enabled", "exclude": null}, null)
		reasons(guarded_by({}, change)) == set()
	}
}

test_a_policy_that_stays_is_judged if {
	values := {"state": "enabled", "exclude": {"group_ids": ["g1"]}}
	reasons(guarded_by({}, plans.change("entramfa_registration_policy", ["no-op"], values, values))) == {no_guard}
}

test_a_provider_block_that_guards_nobody_is_an_objection if {
	every expressions in [
		{},
		{"emergency_access": {"constant_value": null}},
		{"emergency_access": {"constant_value": {}}},
		{"emergency_access": {"constant_value": {"group_ids": [], "user_ids": null}}},
	] {
		reasons(guarded_by(expressions, excluding(["g1"], null))) == {no_guard}
	}
}

test_without_a_provider_block_nothing_is_guarded if {
	reasons(plans.plan([excluding(["g1"], null)])) == {no_guard}
}

test_a_provider_block_of_references_guards_unless_all_variables_are_empty if {
	references := {"emergency_access": {"references": ["var.groups", "var.users"]}}
	plan := guarded_by(references, excluding(["g1"], null))
	reasons(plan) == set()
	some_value := {"variables": {"groups": {"value": ["g1"]}, "users": {"value": []}}}
	reasons(object.union(plan, some_value)) == set()
	no_value := {"variables": {"groups": {"value": [""]}, "users": {"value": null}}}
	reasons(object.union(plan, no_value)) == {no_guard}
	other := {"emergency_access": {"references": ["var.groups", "local.users"]}}
	reasons(object.union(guarded_by(other, excluding(["g1"], null)), no_value)) == set()
}

in_module(key) := object.union(
	plans.plan([object.union(excluding(["g1"], null), {
		"address": `module.a["b.module.c\"]"].module.d[0].entramfa_registration_policy.x`,
		"module_address": `module.a["b.module.c\"]"].module.d[0]`,
	})]),
	{"configuration": {
		"provider_config": {"entramfa": {"expressions": {}}, "module.a:entramfa": {"expressions": group}},
		"root_module": {
			"resources": [resource("entramfa")],
			"module_calls": {"a": {"module": {"module_calls": {"d": {"module": {"resources": [resource(key)]}}}}}},
		},
	}},
)

test_the_provider_block_is_that_of_the_module if {
	reasons(in_module("module.a:entramfa")) == set()
	reasons(in_module("entramfa")) == {no_guard}
}

test_the_provider_block_is_not_that_of_a_neighbour if {
	neighbours := [
		object.union(resource("entramfa.guarded"), {"name": "y"}),
		object.union(resource("entramfa.guarded"), {"type": "entramfa_trusted_ips"}),
		object.union(resource("entramfa.guarded"), {"mode": "data"}),
		resource("entramfa"),
	]
	plan := object.union(plans.plan([excluding(["g1"], null)]), {"configuration": {
		"provider_config": {"entramfa": {"expressions": {}}, "entramfa.guarded": {"expressions": group}},
		"root_module": {
			"resources": neighbours,
			"module_calls": {"a": {"module": {"resources": [resource("entramfa.guarded")]}}},
		},
	}})
	reasons(plan) == {no_guard}
}

test_variables_of_a_module_are_not_those_of_the_root if {
	plan := json.patch(in_module("module.a:entramfa"), [
		{"op": "add", "path": "variables", "value": {"groups": {"value": []}}},
		{
			"op": "replace",
			"path": ["configuration", "provider_config", "module.a:entramfa", "expressions"],
			"value": {"emergency_access": {"references": ["var.groups"]}},
		},
	])
	reasons(plan) == set()
}

test_what_is_not_known_is_an_objection if {
	exclude := plans.unknown(excluding([null], null), {"exclude": {"group_ids": [true]}})
	reasons(guarded_by(group, exclude)) == {"exclude is not known before the apply, so nobody can say whether it is allowed."}
	state := plans.change("entramfa_registration_policy", ["create"], null, {"exclude": {"group_ids": ["g1"]}})
	reasons(guarded_by(group, plans.unknown(state, {"state": true}))) == {
		"state is not known before the apply, so nobody can say whether it is allowed.",
	}
}
