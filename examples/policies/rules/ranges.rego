# METADATA
# title: How much IP ranges cover
# description: |-
#   A range is what it covers: 203.0.113.7/24 is 203.0.113.0/24, and a bare address is its /32 or /128. What two ranges share
#   counts once, as in address_count_ipv4 and network_count_ipv6 of the provider.
package entramfa.ranges

# METADATA
# description: Whether a range is one of IPv6.
is_ipv6(range) if contains(range, ":")

# METADATA
# description: A range in CIDR notation; undefined for what is no range.
cidr(range) := range if net.cidr_is_valid(range)

cidr(range) := with_length if {
	not contains(range, "/")
	with_length := sprintf("%s/%d", [range, address_length(range)])
	net.cidr_is_valid(with_length)
}

address_length(range) := 128 if is_ipv6(range)

address_length(range) := 32 if not is_ipv6(range)

# METADATA
# description: The prefix length of a range; undefined for what is no range.
prefix_length(range) := to_number(split(cidr(range), "/")[1])

# METADATA
# description: The number of IPv4 addresses that ranges cover together.
ipv4_addresses(ranges) := sum([bits.lsh(1, 32 - prefix_length(range)) |
	some range in net.cidr_merge([cidr(range) | some range in ranges; not is_ipv6(range)])
])

# METADATA
# description: |-
#   The number of IPv6 networks of the size /64 that ranges cover together; one that is covered in part counts.
ipv6_networks(ranges) := sum([bits.lsh(1, 64 - prefix_length(range)) |
	some range in net.cidr_merge([network(range) | some range in ranges; is_ipv6(range)])
])

network(range) := cidr(range) if prefix_length(range) <= 64

network(range) := concat("/", [split(range, "/")[0], "64"]) if prefix_length(range) > 64
