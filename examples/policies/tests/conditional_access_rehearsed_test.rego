package entramfa.tests.conditional_access_rehearsed

import data.entramfa.rules.conditional_access_rehearsed as rule
import data.entramfa.tests.plans

type := "entramfa_conditional_access_policy"

objections(change) := values if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	values := plans.values(deny)
}

test_a_policy_that_was_there_may_be_enabled if {
	every before in ["disabled", "enabledForReportingButNotEnforced", "enabled"] {
		objections(plans.change(type, ["update"], {"state": before}, {"state": "enabled"})) == set()
	}
}

test_a_policy_that_is_enabled_and_changed_is_an_objection if {
	before := {"state": "enabledForReportingButNotEnforced", "conditions": {"users": {"included_groups": ["pilot"]}}}
	every values in [{"conditions": {"users": {"included_users": ["All"]}}}, {"conditions": null}] {
		objections(plans.change(type, ["update"], before, object.union(values, {"state": "enabled"}))) == {"conditions"}
	}
	same := object.union(before, {"state": "enabled"})
	objections(plans.change(type, ["update"], before, object.union(same, {"grant_controls": {"operator": "OR"}}))) == {"grant_controls"}
	objections(plans.unknown(plans.change(type, ["update"], before, same), {"session_controls": true})) == {"session_controls"}
	objections(plans.change(type, ["update"], before, object.union(same, {"description": "new"}))) == set()
	objections(plans.change(type, ["update"], object.union(before, {"state": "enabled"}), object.union(same, {"conditions": null}))) == set()
}

test_a_policy_that_is_imported_was_there if {
	imported := plans.change(type, ["no-op"], {"state": "enabled"}, {"state": "enabled"})
	objections(object.union(imported, {"change": {"importing": {"id": "p"}}})) == set()
}

test_a_new_policy_that_is_enabled_is_an_objection if {
	objections(plans.change(type, ["create"], null, {"state": "enabled"})) == {"state = enabled"}
}

test_a_policy_that_takes_the_place_of_another_is_new if {
	every actions in [["delete", "create"], ["create", "delete"]] {
		objections(plans.change(type, actions, {"state": "enabledForReportingButNotEnforced"}, {"state": "enabled"})) == {"state = enabled"}
	}
}

test_a_new_policy_in_another_state_passes if {
	every state in ["disabled", "enabledForReportingButNotEnforced"] {
		objections(plans.change(type, ["create"], null, {"state": state})) == set()
	}
}

test_a_policy_that_goes_passes if {
	objections(plans.change(type, ["delete"], {"state": "enabled"}, null)) == set()
}

test_a_state_that_is_not_known_or_not_there_is_an_objection if {
	objections(plans.unknown(plans.change(type, ["create"], null, {}), {"state": true})) == {"state"}
	objections(plans.change(type, ["create"], null, {"status": "enabled"})) == {"state"}
}
