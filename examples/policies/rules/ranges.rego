# METADATA
# title: How much IP ranges cover
# description: |-
#   A range is what it covers: 203.0.113.7/24 is 203.0.113.0/24, a bare address is its /32 or /128, spaces around it do not matter,
#   and an IPv4 range that is written as IPv6, ::ffff:203.0.113.0/120, is the IPv4 range. What two ranges share counts once, as in
#   address_count_ipv4 and network_count_ipv6 of the provider.
package entramfa.ranges

# METADATA
# description: A range in the one spelling of what it covers; undefined for what is not a range.
canonical(range) := merged if {
	text := trim_space(range)
	net.cidr_is_valid(text)
	some merged in net.cidr_merge([text])
}

canonical(range) := merged if {
	text := trim_space(range)
	not contains(text, "/")
	with_length := sprintf("%s/%d", [text, address_length(text)])
	net.cidr_is_valid(with_length)
	some merged in net.cidr_merge([with_length])
}

address_length(text) := 128 if contains(text, ":")

address_length(text) := 32 if not contains(text, ":")

# METADATA
# description: Whether a range is one of IPv6; undefined for one of IPv4 and for what is not a range.
is_ipv6(range) if contains(canonical(range), ":")

# METADATA
# description: The prefix length of a range; undefined for what is not a range.
prefix_length(range) := to_number(split(canonical(range), "/")[1])

# METADATA
# description: The number of IPv4 addresses that ranges cover together.
ipv4_addresses(ranges) := sum([bits.lsh(1, 32 - prefix_length(range)) |
	some range in net.cidr_merge([canonical(range) | some range in ranges; not is_ipv6(range)])
])

# METADATA
# description: |-
#   The number of IPv6 networks of the size /64 that ranges cover together; one that is covered in part counts.
ipv6_networks(ranges) := sum([bits.lsh(1, 64 - prefix_length(range)) |
	some range in net.cidr_merge([network(range) | some range in ranges; is_ipv6(range)])
])

network(range) := canonical(range) if prefix_length(range) <= 64

network(range) := concat("/", [split(canonical(range), "/")[0], "64"]) if prefix_length(range) > 64
