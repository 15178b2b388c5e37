package entramfa.tests.emergency_access_excluded

import data.entramfa.rules.emergency_access_excluded as rule
import data.entramfa.tests.plans

policy(values) := plans.change("entramfa_registration_policy", ["create"], null, object.union(
	{"state": "enabled", "include": {"all_users": true, "user_ids": null, "group_ids": null}, "exclude": null},
	values,
))

excluding(groups, users) := policy({"exclude": {"all_users": null, "group_ids": groups, "user_ids": users}})

lacking(change) := values if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	values := plans.values(deny)
}

test_a_policy_that_excludes_the_groups_or_each_account_passes if {
	lacking(excluding(["g1", "g2"], null)) == set()
	lacking(excluding(null, ["u1", "u2"])) == set()
}

test_a_group_or_an_account_that_is_not_excluded_is_an_objection if {
	lacking(excluding(["g2"], ["u2"])) == {"g1"}
	without_groups := json.patch(plans.parameters, [{"op": "replace", "path": "emergency_access/group_ids", "value": []}])
	deny := rule.deny with data.parameters as without_groups with input as plans.plan([excluding(["g1"], null)])
	plans.values(deny) == {"u1"}
}

test_a_policy_that_excludes_nobody_is_an_objection_in_each_state_that_asks if {
	every state in ["enabled", "microsoft_managed"] {
		lacking(policy({"state": state})) == {"g1"}
	}
	lacking(excluding([], null)) == {"g1"}
	lacking(policy({"include": {"group_ids": ["pilot"]}})) == {"g1"}
}

test_a_policy_that_asks_nobody_passes if {
	lacking(policy({"state": "disabled"})) == set()
	lacking(policy({"exclude": {"all_users": true}})) == set()
}

test_a_policy_that_goes_passes if {
	every action in ["delete", "forget"] {
		lacking(plans.change("entramfa_registration_policy", [action], {"state": "enabled", "exclude": null}, null)) == set()
	}
}

test_a_policy_that_stays_is_judged if {
	values := {"state": "enabled", "exclude": {"group_ids": ["g2"]}}
	lacking(plans.change("entramfa_registration_policy", ["no-op"], values, values)) == {"g1"}
}

test_what_is_not_known_is_an_objection if {
	lacking(plans.unknown(excluding([null], null), {"exclude": {"group_ids": [true]}})) == {"exclude"}
	state := plans.change("entramfa_registration_policy", ["create"], null, {"exclude": {"group_ids": ["g1"]}})
	lacking(plans.unknown(state, {"state": true})) == {"state"}
}
