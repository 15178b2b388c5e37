package entramfa.tests.conditional_access_kept

import data.entramfa.rules.conditional_access_kept as rule
import data.entramfa.tests.plans

type := "entramfa_conditional_access_policy"

objections(change) := values if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	values := plans.values(deny)
}

going(state, on_destroy) := plans.change(type, ["delete"], {"state": state, "on_destroy": on_destroy}, null)

changing(before, after) := plans.change(type, ["update"], {"state": before}, {"state": after})

test_a_policy_that_is_destroyed_is_an_objection if {
	every state in ["enabled", "enabledForReportingButNotEnforced"] {
		objections(going(state, "delete")) == {"destroy"}
		objections(going(state, "disable")) == {"destroy"}
		objections(going(state, "keep")) == set()
	}
	objections(going("disabled", "delete")) == set()
}

test_the_message_says_what_becomes_of_it if {
	every deed, on_destroy in {"deleted": "delete", "disabled": "disable"} {
		deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([going("enabled", on_destroy)])
		{objection.reason | some objection in deny} == {sprintf(`The policy would be %s in the environment "production"`, [deed])}
	}
}

test_a_policy_that_is_replaced_is_destroyed if {
	objections(plans.change(type, ["delete", "create"], {"state": "enabled"}, {"state": "enabled"})) == {"destroy"}
}

test_a_policy_that_is_forgotten_passes if {
	objections(plans.change(type, ["forget"], {"state": "enabled"}, null)) == set()
}

test_a_policy_that_is_switched_off_is_an_objection if {
	objections(changing("enabled", "disabled")) == {"state = disabled"}
	objections(changing("enabled", "enabledForReportingButNotEnforced")) == {"state = enabledForReportingButNotEnforced"}
}

test_other_changes_of_the_state_pass if {
	objections(changing("enabled", "enabled")) == set()
	objections(changing("enabledForReportingButNotEnforced", "disabled")) == set()
	objections(changing("disabled", "enabled")) == set()
}

test_a_state_that_is_not_known_is_an_objection if {
	"state" in objections(plans.unknown(changing("enabled", null), {"state": true}))
}

test_other_environments_may if {
	elsewhere := object.union(plans.parameters, {"environment": "test"})
	count(rule.deny) == 0 with data.parameters as elsewhere with input as plans.plan([
		going("enabled", "delete"),
		changing("enabled", "disabled"),
		plans.unknown(changing("enabled", null), {"state": true}),
	])
}
