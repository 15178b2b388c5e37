# METADATA
# title: A plan trusts few new addresses
# description: |-
#   What all locations of the plan cover together afterwards, and none of them covered before, is bounded: many narrow ranges
#   are as wide as one. A range that moves to another location, and another spelling, are nothing new.
# custom:
#   parameters: [newly_trusted_addresses.max_ipv4_addresses, newly_trusted_addresses.max_ipv6_networks]
package entramfa.rules.newly_trusted_addresses

import data.entramfa.plan
import data.entramfa.ranges

deny contains {
	"address": "entramfa_trusted_ips",
	"reason": sprintf("The plan newly trusts %d IPv4 addresses, and %d are allowed at a time: %s.", [added, most, plan.shortened(by_location)]),
	"remedy": "Take out what is not yours, or split the change; who may decide so raises the limit.",
} if {
	most := data.parameters.newly_trusted_addresses.max_ipv4_addresses
	added := ranges.ipv4_addresses(array.concat(before, after)) - ranges.ipv4_addresses(before)
	added > most
	by_location := [sprintf("%s (%d)", [location.address, own]) |
		some location in locations
		own := ranges.ipv4_addresses(array.concat(before, planned(location))) - ranges.ipv4_addresses(before)
		own > 0
	]
}

deny contains {
	"address": "entramfa_trusted_ips",
	"reason": sprintf("The plan newly trusts %d IPv6 /64 networks, and %d are allowed at a time: %s.", [added, most, plan.shortened(by_location)]),
	"remedy": "Take out what is not yours, or split the change; who may decide so raises the limit.",
} if {
	most := data.parameters.newly_trusted_addresses.max_ipv6_networks
	added := ranges.ipv6_networks(array.concat(before, after)) - ranges.ipv6_networks(before)
	added > most
	by_location := [sprintf("%s (%d)", [location.address, own]) |
		some location in locations
		own := ranges.ipv6_networks(array.concat(before, planned(location))) - ranges.ipv6_networks(before)
		own > 0
	]
}

deny contains plan.not_known(location, "ip_ranges") if {
	some location in locations
	plan.unknown(location, "ip_ranges")
}

locations := plan.instances("entramfa_trusted_ips")

# A location from which somebody has taken the trust away did not trust its ranges.
before := [range |
	some location in locations
	location.change.before.trusted == true
	some range in location.change.before.ip_ranges
	is_string(range)
]

after := [range |
	some location in locations
	some range in planned(location)
]

planned(location) := [range |
	some range in location.change.after.ip_ranges
	is_string(range)
]
