package entramfa.tests.main

import data.entramfa
import data.entramfa.tests.plans

user(name) := {"name": name, "user_principal_name": "adele@x", "state": "enforced"}

enforcing(name) := plans.configured(
	[plans.change("entramfa_user_mfa_state", ["create"], null, object.union(user(name), {"user_id": "a", "id": "a"}))],
	[plans.block(plans.change("entramfa_user_mfa_state", [], null, null), {}, "entramfa")],
	guard,
)

guard := {"entramfa": {"expressions": {"emergency_access": {"constant_value": {"group_ids": ["G1"]}}}}}

with_exceptions(exceptions) := object.union(plans.parameters, {"exceptions": exceptions, "now": "2026-12-01"})

test_a_plan_that_nothing_is_said_against_passes if {
	text := entramfa.passed with input as plans.plan([]) with data.parameters as plans.parameters
	text == "All 16 rules passed"
}

test_a_plan_that_something_is_said_against_does_not if {
	not entramfa.passed with input as enforcing("Adele") with data.parameters as plans.parameters
	deny := entramfa.deny with input as enforcing("Adele") with data.parameters as plans.parameters
	count(deny) == 1
	some message in deny
	startswith(message, "entramfa_user_mfa_state.x: To be enforced directly: Adele.\n    Write \"enabled\"")
	endswith(message, " (direct_enforcement)")
}

test_nothing_at_all_does_not_pass if {
	not entramfa.passed with input as {} with data.parameters as plans.parameters
	not entramfa.passed with input as plans.plan([]) with data.parameters as {}
}

exception := {"rule": "direct_enforcement", "address": "entramfa_user_mfa_state.x", "value": "Adele@X", "reason": "r"}

test_an_exception_is_for_one_rule_one_address_and_one_value if {
	every change, expected in {
		{}: set(),
		{"until": "2026-12-01"}: set(),
		{"until": "2026-11-30"}: {"direct_enforcement", "exceptions"},
		{"value": "alex@x"}: {"direct_enforcement"},
		{"address": "entramfa_user_mfa_state.y"}: {"direct_enforcement"},
		{"rule": "keep_on_destroy"}: {"direct_enforcement"},
		{"rule": "direct"}: {"direct_enforcement", "exceptions"},
		{"rule": "plan_complete"}: {"direct_enforcement", "exceptions"},
	} {
		violations := entramfa.violations with input as enforcing("Adele")
			with data.parameters as with_exceptions([object.union(exception, change)])
		{violation.rule | some violation in violations} == expected
	}
}

test_an_exception_that_has_ended_is_told_with_its_day if {
	deny := entramfa.deny with input as plans.plan([])
		with data.parameters as with_exceptions([object.union(exception, {"until": "2026-11-30"})])
	some message in deny
	startswith(message, "entramfa_user_mfa_state.x: The exception from direct_enforcement for Adele@X ended on 2026-11-30.\n")
}

test_the_clock_decides_without_a_day if {
	parameters := object.union(plans.parameters, {"exceptions": [object.union(exception, {"until": "2020-01-01"})]})
	violations := entramfa.violations with input as plans.plan([]) with data.parameters as parameters
	{violation.rule | some violation in violations} == {"exceptions"}
	lasting := object.union(plans.parameters, {"exceptions": [object.union(exception, {"until": "9999-01-01"})]})
	count(entramfa.violations) == 0 with input as plans.plan([]) with data.parameters as lasting
}

test_the_plan_has_to_be_whole_without_exception if {
	excepted := with_exceptions([{"rule": "plan_complete", "address": "plan", "value": "plan", "reason": "r"}])
	not entramfa.passed with input as {} with data.parameters as excepted
}

wide(ranges) := plans.plan([plans.change("entramfa_trusted_ips", ["create"], null, {"ip_ranges": ranges})])

# What it was made for is allowed however it is spelled, and nothing wider at the same address.
test_an_exception_for_a_range_does_not_serve_for_another if {
	excepted := with_exceptions([
		{"rule": "trusted_range_width", "address": "entramfa_trusted_ips.x", "value": "203.0.0.0/16", "reason": "ours"},
		{"rule": "newly_trusted_addresses", "address": "entramfa_trusted_ips.x", "value": "203.0.0.0/16", "reason": "ours"},
	])
	every ranges, expected in {
		["203.0.0.0/16"]: set(),
		["203.0.7.7/16", "198.51.100.0/24"]: set(),
		["203.0.0.0/9"]: {"trusted_range_width", "newly_trusted_addresses"},
		["203.1.0.0/16"]: {"trusted_range_width", "newly_trusted_addresses"},
		["203.0.0.0/16", "203.1.0.0/16"]: {"trusted_range_width", "newly_trusted_addresses"},
	} {
		violations := entramfa.violations with input as wide(ranges) with data.parameters as excepted
		{violation.rule | some violation in violations} == expected
	}
}

test_of_many_values_the_first_are_shown_and_programs_get_all if {
	users := {user: "enforced" | some n in numbers.range(1, 7); user := sprintf("u%d", [n])}
	change := plans.change("entramfa_user_mfa_states", ["create"], null, {"users": users})
	violations := entramfa.violations with input as plans.plan([change]) with data.parameters as plans.parameters
	some violation in violations
	violation.rule == "direct_enforcement"
	violation.reason == "To be enforced directly: u1, u2, u3, u4, u5 and 2 more."
	count(violation.values) == 7
}

test_sensitive_values_are_counted_and_not_shown if {
	change := plans.sensitive(
		plans.change("entramfa_user_mfa_states", ["create"], null, {"users": {"a": "enforced", "b": "enforced"}}),
		{"users": true},
	)
	violations := entramfa.violations with input as plans.plan([change]) with data.parameters as plans.parameters
	some violation in violations
	violation.rule == "direct_enforcement"
	violation.reason == "To be enforced directly: 2 (sensitive)."
	violation.values == []
}

# A name with a new line would stand in a log like a message of its own.
test_a_name_with_characters_that_nobody_sees_is_quoted if {
	every name, shown in {
		"A\nplan: fine": `"A\nplan: fine"`,
		"A\u202eB": `"A\u202eB"`,
		"A\u200bB": `"A\u200bB"`,
		"A\u001b[2K": `"A\x1b[2K"`,
		"Zoë O'Hara (zoë@x)": "Zoë O'Hara (zoë@x)",
	} {
		deny := entramfa.deny with input as enforcing(name) with data.parameters as plans.parameters
		some message in deny
		startswith(message, sprintf("entramfa_user_mfa_state.x: To be enforced directly: %s.\n    Write", [shown]))
	}
}

test_a_long_name_is_cut if {
	long := concat("", ["x" | some _ in numbers.range(1, 1000)])
	deny := entramfa.deny with input as enforcing(long) with data.parameters as plans.parameters
	some message in deny
	count(message) < 500
}

test_of_very_many_messages_the_first_are_printed if {
	changes := [change |
		some n in numbers.range(1, 150)
		change := object.union(
			plans.change("entramfa_trusted_ips", ["create"], null, {"ip_ranges": ["203.0.113.0/23"]}),
			{"address": sprintf("module.m[%d].entramfa_trusted_ips.x", [n])},
		)
	]
	printed := entramfa.printed with input as plans.plan(changes) with data.parameters as plans.parameters
	count(printed) == 101
	printed[100] == "50 more objections are not shown here."
}
