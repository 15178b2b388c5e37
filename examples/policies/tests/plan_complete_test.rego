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
		object.union(plans.plan([]), {"resource_changes": {}}),
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

exception := {"rule": "mass_disabling", "address": "a", "value": "b", "reason": "c"}

test_a_plan_of_a_part_is_an_objection if {
	addresses(object.union(plans.plan([]), {"complete": false}), plans.parameters) == {"plan"}
}

of_opentofu(changes, configuration) := object.union(
	object.remove(plans.plan(changes), ["complete", "configuration"]),
	{"configuration": object.union({"provider_config": {}}, configuration)},
)

location := plans.change("entramfa_trusted_ips", ["create"], null, {"ip_ranges": []})

in_module(path) := object.union(location, {
	"address": concat(".", [path, location.address]),
	"module_address": path,
})

root(resources) := {"root_module": {"resources": resources}}

inner(call) := {"root_module": {"module_calls": {"a": object.union(call, {"module": {"module_calls": {"b": {"module": {
	"resources": [plans.block(location, {}, "entramfa")],
}}}}})}}}

# OpenTofu does not say that a plan is one of a part.
test_a_block_without_a_change_is_an_objection_where_the_plan_does_not_say_what_it_is_of if {
	block := plans.block(location, {}, "entramfa")
	other := object.union(block, {"name": "y"})
	addresses(of_opentofu([location], root([block])), plans.parameters) == set()
	addresses(of_opentofu([location], root([block, other])), plans.parameters) == {"plan"}
	addresses(object.union(of_opentofu([location], root([block, other])), {"complete": true}), plans.parameters) == set()
	every repeated in ["count_expression", "for_each_expression"] {
		none := object.union(other, {repeated: {}})
		addresses(of_opentofu([location], root([block, none])), plans.parameters) == set()
	}
	gone := object.union(location, {"name": "z", "change": {"actions": ["delete"]}})
	addresses(of_opentofu([gone], root([block])), plans.parameters) == set()
}

test_a_block_without_a_change_is_found_in_modules if {
	addresses(of_opentofu([location], inner({})), plans.parameters) == {"plan"}
	addresses(of_opentofu([location, in_module("module.a.module.b")], inner({})), plans.parameters) == set()
	addresses(of_opentofu([location], inner({"for_each_expression": {}})), plans.parameters) == set()
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
		object.union(plans.parameters, {"emergency_access": {"accounts": []}}),
		object.union(plans.parameters, {"emergency_access": {"accounts": [{"user_id": "1"}]}}),
		object.union(plans.parameters, {"emergency_access": {"accounts": [{"user_id": "1", "user_principal_name": " "}]}}),
		object.union(plans.parameters, {"provider_source": {"allowed": []}}),
		object.union(plans.parameters, {"now": "today"}),
		object.union(plans.parameters, {"exceptions": [object.remove(exception, ["value"])]}),
		object.union(plans.parameters, {"exceptions": [object.union(exception, {"reason": ""})]}),
		object.union(plans.parameters, {"exceptions": [object.union(exception, {"until": "next year"})]}),
		object.union(plans.parameters, {"exceptions": [object.union(exception, {"until": true})]}),
	] {
		addresses(plans.plan([]), parameters) == {"parameters"}
	}
}

# The parameters of the other tests are replaced ones; here there are none, as in a call without the file.
test_parameters_that_are_not_given_are_an_objection if {
	deny := rule.deny with input as plans.plan([])
	{objection.address | some objection in deny} == {"parameters"}
}
