package entramfa.tests.emergency_access_guarded

import data.entramfa.rules.emergency_access_guarded as rule
import data.entramfa.tests.plans

policy := plans.change("entramfa_registration_policy", ["create"], null, {"state": "enabled"})

access(state) := plans.change("entramfa_conditional_access_policy", ["create"], null, {"state": state})

user(state) := plans.change("entramfa_user_mfa_state", ["create"], null, {"state": state})

users(states) := plans.change("entramfa_user_mfa_states", ["create"], null, {"users": states})

# The plan of one change, whose provider block has this emergency_access.
guarded_by(guard, change) := plans.configured(
	[change],
	[plans.block(change, {}, "entramfa")],
	{"entramfa": {"name": "entramfa", "expressions": {"emergency_access": guard}}},
)

literal(accounts) := {"constant_value": accounts}

found(plan) := objections if {
	deny := rule.deny with data.parameters as plans.parameters with input as plan
	objections := {[objection.address, objection.value] | some objection in deny}
}

unguarded(change) := {["provider.entramfa", change.address]}

test_a_literal_guard_of_the_accounts_passes if {
	every guard in [
		{"group_ids": ["g1"]},
		{"user_ids": ["u1"], "user_principal_names": null},
		{"user_principal_names": ["Bg@X"]},
		{"group_ids": ["G1"], "user_ids": ["U1"], "user_principal_names": ["bg@x"]},
	] {
		found(guarded_by(literal(guard), policy)) == set()
	}
}

test_a_guard_of_nobody_is_an_objection_for_whatever_asks if {
	every guard in [
		{},
		literal(null),
		literal({}),
		literal({"group_ids": [], "user_ids": null, "user_principal_names": [" "]}),
	] {
		every change in [policy, access("enabled"), access("enabledForReportingButNotEnforced"), user("enabled"), user("enforced"), users({"a": "disabled", "b": "enabled"})] {
			found(guarded_by(guard, change)) == unguarded(change)
		}
	}
}

test_whatever_may_ask_needs_a_guard if {
	every change in [
		plans.unknown(plans.change("entramfa_user_mfa_state", ["create"], null, {}), {"state": true}),
		plans.unknown(users({}), {"users": true}),
		plans.unknown(users({}), {"users": {"a": true}}),
	] {
		found(guarded_by(literal({}), change)) == unguarded(change)
	}
}

test_what_asks_nobody_needs_no_guard if {
	every change in [
		user("disabled"),
		access("disabled"),
		users({"a": "disabled"}),
		users({}),
		plans.change("entramfa_user_mfa_state", ["delete"], {"state": "enabled"}, null),
		plans.change("entramfa_registration_policy", ["create"], null, {"state": "disabled"}),
		plans.change("entramfa_trusted_ips", ["create"], null, {"ip_ranges": []}),
	] {
		found(guarded_by(literal({}), change)) == set()
	}
}

test_a_guard_of_references_cannot_be_judged if {
	guard := {"references": ["local.guard", "var.groups"]}
	found(guarded_by(guard, policy)) == {["provider.entramfa", "local.guard"], ["provider.entramfa", "var.groups"]}
	filled := object.union(guarded_by(guard, policy), {"variables": {"groups": {"value": ["g1"]}}})
	count(found(filled)) == 2
}

test_a_guard_that_lacks_accounts_is_an_objection if {
	found(guarded_by(literal({"user_ids": ["u1"], "group_ids": ["staff"]}), policy)) == {["provider.entramfa", "staff"]}
	found(guarded_by(literal({"user_ids": ["other"]}), policy)) == {["provider.entramfa", "g1"], ["provider.entramfa", "other"]}
	without_groups := json.patch(plans.parameters, [{"op": "replace", "path": "emergency_access/group_ids", "value": []}])
	deny := rule.deny with data.parameters as without_groups with input as guarded_by(literal({"group_ids": ["g1"]}), policy)
	plans.values(deny) == {"u1", "g1"}
}

test_a_guard_that_grows_with_the_exclusion_is_an_objection if {
	found(guarded_by(literal({"group_ids": ["g1", "Staff"]}), policy)) == {["provider.entramfa", "staff"]}
	found(guarded_by(literal({"group_ids": ["g1"], "user_principal_names": ["boss@x"]}), policy)) == {["provider.entramfa", "boss@x"]}
}

test_without_a_provider_block_nothing_is_guarded if {
	found(plans.plan([policy])) == unguarded(policy)
}

guarding := {"expressions": {"emergency_access": literal({"group_ids": ["g1"]})}}

in_module(key) := object.union(
	plans.plan([object.union(policy, {
		"address": `module.a["b.module.c\"]"].module.d[0].entramfa_registration_policy.x`,
		"module_address": `module.a["b.module.c\"]"].module.d[0]`,
	})]),
	{"configuration": {
		"provider_config": {"entramfa": {"expressions": {}}, "module.a:entramfa": guarding},
		"root_module": {
			"resources": [plans.block(policy, {}, "entramfa")],
			"module_calls": {"a": {"module": {"module_calls": {"d": {"module": {"resources": [plans.block(policy, {}, key)]}}}}}},
		},
	}},
)

test_the_provider_block_is_that_of_the_module if {
	found(in_module("module.a:entramfa")) == set()
	found(in_module("entramfa")) == {["provider.entramfa", `module.a["b.module.c\"]"].module.d[0].entramfa_registration_policy.x`]}
}

test_the_provider_block_is_not_that_of_a_neighbour if {
	neighbour := plans.block(policy, {}, "entramfa.guarded")
	plan := object.union(plans.plan([policy]), {"configuration": {
		"provider_config": {"entramfa": {"expressions": {}}, "entramfa.guarded": guarding},
		"root_module": {
			"resources": [
				object.union(neighbour, {"name": "y"}),
				object.union(neighbour, {"type": "entramfa_trusted_ips"}),
				object.union(neighbour, {"mode": "data"}),
				plans.block(policy, {}, "entramfa"),
			],
			"module_calls": {"a": {"module": {"resources": [neighbour]}}},
		},
	}})
	found(plan) == unguarded(policy)
}

# A value in another resource that has the shape of the block of the policy, and says that a guarded provider makes it.
test_the_provider_block_is_not_one_that_a_value_pretends if {
	pretended := plans.block(policy, {}, "entramfa.guarded")
	every place in [
		{"input": {"constant_value": pretended}},
		{"input": {"constant_value": {"resources": [pretended]}}},
		{"module_calls": {"module": {"resources": [pretended]}}},
	] {
		plan := object.union(plans.plan([policy]), {"configuration": {
			"provider_config": {"entramfa": {"expressions": {}}, "entramfa.guarded": guarding},
			"root_module": {"resources": [
				plans.block(policy, {}, "entramfa"),
				plans.block(plans.change("terraform_data", [], null, null), place, "terraform"),
			]},
		}})
		found(plan) == unguarded(policy)
	}
}

test_another_local_name_of_the_provider_is_found if {
	plan := plans.configured([policy], [plans.block(policy, {}, "mfa")], {"entramfa": guarding, "mfa": {"name": "mfa"}})
	found(plan) == {["provider.mfa", policy.address]}
}
