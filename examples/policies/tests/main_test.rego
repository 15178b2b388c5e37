package entramfa.tests.main

import data.entramfa
import data.entramfa.tests.plans

enforced := plans.plan([plans.change("entramfa_user_mfa_state", ["create"], null, {"name": "Adele", "state": "enforced"})])

with_exceptions(exceptions) := object.union(plans.parameters, {"exceptions": exceptions})

test_a_plan_that_nothing_is_said_against_passes if {
	text := entramfa.passed with input as plans.plan([]) with data.parameters as plans.parameters
	text == "8 rules have nothing against this plan."
}

test_a_plan_that_something_is_said_against_does_not if {
	not entramfa.passed with input as enforced with data.parameters as plans.parameters
	deny := entramfa.deny with input as enforced with data.parameters as plans.parameters
	count(deny) == 1
	some message in deny
	startswith(message, "entramfa_user_mfa_state.x: Adele is to be enforced directly.\n    Write \"enabled\"")
	endswith(message, " (direct_enforcement)")
}

test_nothing_at_all_does_not_pass if {
	not entramfa.passed with input as {} with data.parameters as plans.parameters
	not entramfa.passed with input as plans.plan([]) with data.parameters as {}
}

test_an_exception_is_for_one_rule_and_one_address if {
	every exception, expected in {
		{"rule": "direct_enforcement", "address": "entramfa_user_mfa_state.x", "reason": "r"}: set(),
		{"rule": "direct_enforcement", "address": "entramfa_user_mfa_state.y", "reason": "r"}: {"direct_enforcement"},
		{"rule": "keep_on_destroy", "address": "entramfa_user_mfa_state.x", "reason": "r"}: {"direct_enforcement"},
		{"rule": "direct", "address": "entramfa_user_mfa_state.x", "reason": "r"}: {"direct_enforcement", "exceptions"},
	} {
		violations := entramfa.violations with input as enforced with data.parameters as with_exceptions([exception])
		{violation.rule | some violation in violations} == expected
	}
}

test_the_plan_has_to_be_whole_without_exception if {
	excepted := with_exceptions([{"rule": "plan_complete", "address": "plan", "reason": "r"}])
	not entramfa.passed with input as {} with data.parameters as excepted
}
