package entramfa.tests.trusted_range_width

import data.entramfa.rules.trusted_range_width as rule
import data.entramfa.tests.plans

location(ranges) := plans.change("entramfa_trusted_ips", ["create"], null, {"ip_ranges": ranges, "trusted": true})

reasons(deny) := plans.said(deny)

test_ranges_of_the_allowed_width_pass if {
	count(rule.deny) == 0 with data.parameters as plans.parameters with input as plans.plan([location([
		"203.0.113.0/24",
		"203.0.113.7/24",
		"198.51.100.1",
		"2001:db8::/48",
		"2001:db8::1",
	])])
}

test_a_wide_range_is_an_objection_however_it_is_written if {
	every range, said in {
		"203.0.112.0/23": "203.0.112.0/23 (512 IPv4 addresses)",
		"203.0.113.7/17": "203.0.113.7/17 (32768 IPv4 addresses)",
		"2001:db8::/47": "2001:db8::/47 (131072 IPv6 /64 networks)",
		" 203.0.0.0/9 ": " 203.0.0.0/9  (8388608 IPv4 addresses)",
		"::ffff:203.0.0.0/104": "::ffff:203.0.0.0/104 (16777216 IPv4 addresses)",
		"2001:0DB8:0:0::1/32": "2001:0DB8:0:0::1/32 (4294967296 IPv6 /64 networks)",
	} {
		deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([location([range, "198.51.100.1"])])
		reasons(deny) == {sprintf("Wider than /24 for IPv4 or /48 for IPv6: %s", [said])}
	}
}

test_the_parameters_decide if {
	wider := json.patch(plans.parameters, [
		{"op": "replace", "path": "trusted_range_width/min_prefix_length_ipv4", "value": 23},
		{"op": "replace", "path": "trusted_range_width/min_prefix_length_ipv6", "value": 47},
	])
	count(rule.deny) == 0 with data.parameters as wider with input as plans.plan([location(["203.0.112.0/23", "2001:db8::/47"])])
}

test_a_location_that_stays_as_it_is_is_judged_and_one_that_goes_is_not if {
	values := {"ip_ranges": ["203.0.0.0/16"], "trusted": true}
	stays := plans.change("entramfa_trusted_ips", ["no-op"], values, values)
	count(rule.deny) == 1 with data.parameters as plans.parameters with input as plans.plan([stays])
	goes := plans.change("entramfa_trusted_ips", ["delete"], values, null)
	count(rule.deny) == 0 with data.parameters as plans.parameters with input as plans.plan([goes])
}

test_a_text_that_is_no_range_is_an_objection if {
	every range in ["office", "203.0.113.0/33", "1.2.3", "2001:db8::/129", ""] {
		deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([location([range])])
		reasons(deny) == {sprintf("Not in CIDR notation: %s", [range])}
	}
}

test_sensitive_ranges_are_judged_and_not_shown if {
	change := plans.sensitive(location(["203.0.0.0/16"]), {"ip_ranges": true})
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	{objection.sensitive | some objection in deny} == {true}
}

test_what_is_not_known_is_an_objection_beside_what_is if {
	change := plans.unknown(location(["203.0.0.0/16", null]), {"ip_ranges": [false, true]})
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	count(deny) == 2
	whole := plans.unknown(plans.change("entramfa_trusted_ips", ["create"], null, {}), {"ip_ranges": true})
	count(rule.deny) == 1 with data.parameters as plans.parameters with input as plans.plan([whole])
}
