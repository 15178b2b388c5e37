package entramfa.tests.newly_trusted_addresses

import data.entramfa.rules.newly_trusted_addresses as rule
import data.entramfa.tests.plans

location(name, before, after) := plans.at(plans.change("entramfa_trusted_ips", ["update"], values(before), values(after)), name)

values(ranges) := {"ip_ranges": ranges, "trusted": true} if is_array(ranges)

values(ranges) := null if ranges == null

reasons(deny) := {objection.reason | some objection in deny}

test_as_much_as_is_allowed_passes if {
	count(rule.deny) == 0 with data.parameters as plans.parameters with input as plans.plan([
		location("a", null, ["203.0.113.0/24", "2001:db8::/48"]),
		location("b", ["192.0.2.0/24"], ["192.0.2.0/24", "198.51.100.0/24", "2001:db8:1::/48"]),
	])
}

test_one_address_more_is_an_objection if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([
		location("a", null, ["203.0.113.0/24"]),
		location("b", null, ["198.51.100.0/24", "192.0.2.1"]),
		location("c", ["192.0.2.9"], ["192.0.2.9", "2001:db8::1"]),
	])
	reasons(deny) == {"The plan newly trusts 513 IPv4 addresses, and 512 are allowed at a time: a (256), b (257)"}
}

test_one_network_more_is_an_objection if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([
		location("a", ["192.0.2.1"], ["192.0.2.1", "2001:db8::/47", "2001:db8:2::1", "2001:db8:2::2", "2001:db8:2:0:8000::/80"]),
		location("b", null, ["192.0.2.7"]),
	])
	reasons(deny) == {"The plan newly trusts 131073 IPv6 /64 networks, and 131072 are allowed at a time: a (131073)"}
}

test_what_is_trusted_already_is_not_new_wherever_it_moves_and_however_it_is_written if {
	count(rule.deny) == 0 with data.parameters as plans.parameters with input as plans.plan([
		location("a", ["198.18.0.0/16", "2001:db8::/32"], null),
		location("b", null, ["198.18.7.7/17", "198.18.128.0/17", "2001:DB8:0:0::/33", "2001:db8:8000::/33"]),
	])
}

test_what_two_locations_share_counts_once if {
	count(rule.deny) == 0 with data.parameters as plans.parameters with input as plans.plan([
		location("a", null, ["203.0.112.0/23"]),
		location("b", null, ["203.0.112.0/24", "203.0.113.9"]),
	])
}

test_a_location_that_had_lost_the_trust_is_new if {
	change := plans.change(
		"entramfa_trusted_ips", ["update"],
		{"ip_ranges": ["203.0.0.0/16"], "trusted": false},
		{"ip_ranges": ["203.0.0.0/16"], "trusted": true},
	)
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	reasons(deny) == {"The plan newly trusts 65536 IPv4 addresses, and 512 are allowed at a time: entramfa_trusted_ips.x (65536)"}
}

test_what_is_not_known_is_an_objection if {
	change := plans.unknown(location("a", null, ["203.0.113.0/24", null]), {"ip_ranges": [false, true]})
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	{objection.address | some objection in deny} == {"entramfa_trusted_ips.x"}
}
