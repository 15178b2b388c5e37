package entramfa.tests.conditional_access_trusted_addresses

import data.entramfa.rules.conditional_access_trusted_addresses as rule
import data.entramfa.tests.plans

policy(state, locations, controls) := plans.change("entramfa_conditional_access_policy", ["create"], null, {
	"state": state,
	"conditions": {"locations": locations},
	"grant_controls": {"built_in_controls": controls},
})

excluding(ids) := policy("enabled", {"included_locations": ["All"], "excluded_locations": ids}, ["mfa"])

location(name, id, ranges) := plans.at(
	plans.change("entramfa_trusted_ips", ["no-op"], {}, {"id": id, "ip_ranges": ranges}),
	sprintf("entramfa_trusted_ips.%s", [name]),
)

offices := [
	location("a", "L1", ["198.51.100.0/24", "2001:db8::/48"]),
	location("b", "l2", ["203.0.113.0/24", "203.0.113.0/25", "192.0.2.0/24", "2001:db8:1::/48", "2001:db8:2::/48"]),
]

deny(changes, parameters) := found if {
	found := rule.deny with data.parameters as parameters with input as plans.plan(changes)
}

reasons(changes) := {objection.reason | some objection in deny(changes, plans.parameters)}

test_a_location_within_the_limits_passes if {
	reasons(array.concat(offices, [excluding(["l1"])])) == set()
	reasons(array.concat(offices, [excluding(["L2"])])) == set()
}

test_what_two_locations_cover_counts_together_and_once if {
	reasons(array.concat(offices, [excluding(["l1", "L2"])])) == {
		"The policy trusts 768 IPv4 addresses, and 512 are allowed: entramfa_trusted_ips.a, entramfa_trusted_ips.b",
		"The policy trusts 196608 IPv6 /64 networks, and 131072 are allowed: entramfa_trusted_ips.a, entramfa_trusted_ips.b",
	}
}

test_all_trusted_means_the_locations_of_the_plan if {
	count(reasons(array.concat(offices, [excluding(["AllTrusted"])]))) == 2
	one_more := object.union(
		plans.change("entramfa_trusted_ip_range", ["create"], null, {"location_id": "L1", "ip_range": "192.0.2.0/23"}),
		{"address": "entramfa_trusted_ip_range.c"},
	)
	reasons([location("a", "L1", ["198.51.100.0/24"]), one_more, excluding(["l1"])]) == {"The policy trusts 768 IPv4 addresses, and 512 are allowed: entramfa_trusted_ip_range.c, entramfa_trusted_ips.a"}
	gone := plans.change("entramfa_trusted_ips", ["delete"], {"id": "L9", "ip_ranges": ["10.0.0.0/9"]}, null)
	reasons([gone, excluding(["AllTrusted", "l9"])]) == set()
}

test_a_policy_without_locations_or_that_is_disabled_passes if {
	reasons(array.concat(offices, [plans.change("entramfa_conditional_access_policy", ["create"], null, {"state": "enabled", "conditions": {}})])) == set()
	reasons(array.concat(offices, [policy("disabled", {"excluded_locations": ["AllTrusted"]}, ["mfa"])])) == set()
	reasons(array.concat(offices, [plans.change("entramfa_conditional_access_policy", ["delete"], {"state": "enabled"}, null)])) == set()
}

test_an_exception_names_a_location if {
	excepting := json.patch(plans.parameters, [{"op": "replace", "path": "exceptions", "value": [{
		"rule": "conditional_access_trusted_addresses",
		"address": "entramfa_conditional_access_policy.x",
		"value": "entramfa_trusted_ips.b",
		"reason": "ours",
	}]}])
	deny(array.concat(offices, [excluding(["AllTrusted"])]), excepting) == set()
}

test_a_country_is_an_objection if {
	country := plans.change("entramfa_country_location", ["no-op"], {}, {"id": "C1", "countries": ["CH"]})
	plans.values(deny([country, excluding(["c1"])], plans.parameters)) == {"entramfa_country_location.x"}
	deny([country, excluding(["l1"])], plans.parameters) == set()
}

test_certain_places_only_is_an_objection_unless_the_policy_blocks if {
	plans.values(deny([policy("enabled", {"included_locations": ["l1"]}, ["mfa"])], plans.parameters)) == {"included_locations"}
	deny([policy("enabled", {"included_locations": ["l1"]}, ["block"])], plans.parameters) == set()
}

test_locations_that_are_not_known_are_an_objection if {
	plans.values(deny([plans.unknown(excluding([null]), {"conditions": {"locations": {"excluded_locations": [true]}}})], plans.parameters)) == {"conditions"}
}
