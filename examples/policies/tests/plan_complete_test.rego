package entramfa.tests.plan_complete

import data.entramfa.rules.plan_complete as rule
import data.entramfa.tests.plans

addresses(document, parameters) := {objection.address | some objection in deny} if {
	deny := rule.deny with input as document with data.parameters as parameters
}

test_a_plan_with_parameters_passes if {
	addresses(plans.plan([]), plans.parameters) == set()
	addresses(object.remove(plans.plan([]), ["errored"]), plans.parameters) == set()
}

test_what_is_no_plan_is_an_objection if {
	every document in [
		{},
		[],
		"plan",
		{"format_version": "1.0", "values": {}},
		object.union(plans.plan([]), {"format_version": "2.0"}),
		object.remove(plans.plan([]), ["configuration"]),
		object.remove(plans.plan([]), ["planned_values"]),
	] {
		addresses(document, plans.parameters) == {"plan"}
	}
}

test_a_plan_that_ended_with_an_error_is_an_objection if {
	addresses(object.union(plans.plan([]), {"errored": true}), plans.parameters) == {"plan"}
}

test_a_deferred_change_of_ours_is_an_objection if {
	every type, found in {"entramfa_trusted_ips": {"a"}, "azuread_user": set()} {
		deferred := {"deferred_changes": [{"reason": "unknown", "resource_change": {"address": "a", "type": type}}]}
		addresses(object.union(plans.plan([]), deferred), plans.parameters) == found
	}
}

test_parameters_that_are_missing_or_misspelled_are_an_objection if {
	every parameters in [
		{},
		"none",
		object.remove(plans.parameters, ["mass_disabling"]),
		object.union(plans.parameters, {"mass_disabling": {"max_users": "5"}}),
		object.union(plans.parameters, {"mass_disabling": {"max_users": -1}}),
		object.union(plans.parameters, {"mass_disabling": {"max_user": 5}}),
		object.union(plans.parameters, {"trusted_range_width": {"min_prefix_length_ipv4": 33}}),
		object.union(plans.parameters, {"exceptions": [{"rule": "mass_disabling", "address": "a"}]}),
		object.union(plans.parameters, {"exceptions": [{"rule": "mass_disabling", "address": "a", "reason": ""}]}),
	] {
		addresses(plans.plan([]), parameters) == {"parameters"}
	}
}

# The parameters of the other tests are replaced ones; here there are none, as in a call without the file.
test_parameters_that_are_not_given_are_an_objection if {
	deny := rule.deny with input as plans.plan([])
	{objection.address | some objection in deny} == {"parameters"}
}
