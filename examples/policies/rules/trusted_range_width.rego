# METADATA
# title: No trusted range is too wide
# description: |-
#   Each range of a trusted location has at least the prefix length of the parameters. A slip of the finger, /17 for /27, is the
#   most expensive one there is here: Conditional Access asks for less wherever a range of strangers is trusted. Trusted named
#   locations of other providers are judged as those of this one.
# custom:
#   parameters: [trusted_range_width.min_prefix_length_ipv4, trusted_range_width.min_prefix_length_ipv6]
package entramfa.rules.trusted_range_width

import data.entramfa.locations
import data.entramfa.ranges

deny contains {
	"address": location.address,
	"reason": sprintf("Wider than /%d for IPv4 or /%d for IPv6", [shortest_ipv4, shortest_ipv6]),
	"remedy": "Name only the addresses that you send from, range by range.",
	"value": range,
	"shown": described(range),
	"sensitive": locations.sensitive(location),
} if {
	some location in locations.instances
	some range in locations.planned(location)
	ranges.prefix_length(range) < shortest(range)
}

deny contains {
	"address": location.address,
	"reason": "Not in CIDR notation",
	"remedy": "Write a range like 203.0.113.0/24, 2001:db8::/48 or a single address.",
	"value": range,
	"sensitive": locations.sensitive(location),
} if {
	some location in locations.instances
	some range in locations.planned(location)
	not ranges.canonical(range)
}

deny contains objection if some objection in locations.hidden

shortest_ipv4 := data.parameters.trusted_range_width.min_prefix_length_ipv4

shortest_ipv6 := data.parameters.trusted_range_width.min_prefix_length_ipv6

shortest(range) := shortest_ipv6 if ranges.is_ipv6(range)

shortest(range) := shortest_ipv4 if not ranges.is_ipv6(range)

described(range) := sprintf("%s (%d IPv4 addresses)", [range, ranges.ipv4_addresses([range])]) if not ranges.is_ipv6(range)

described(range) := sprintf("%s (%d IPv6 /64 networks)", [range, ranges.ipv6_networks([range])]) if ranges.is_ipv6(range)
