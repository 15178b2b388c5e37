# METADATA
# title: A plan trusts few new addresses
# description: |-
#   What all locations of the plan cover together afterwards, and none of them covered before, is bounded: many narrow ranges
#   are as wide as one. A range that moves to another location, and another spelling, are nothing new. Where a provider has several
#   blocks, which may be several tenants, a range counts as new wherever the same location did not have it. An exception names a
#   range, which then does not count.
# custom:
#   parameters: [newly_trusted_addresses.max_ipv4_addresses, newly_trusted_addresses.max_ipv6_networks]
package entramfa.rules.newly_trusted_addresses

import data.entramfa.exceptions
import data.entramfa.locations
import data.entramfa.plan
import data.entramfa.ranges

deny contains {
	"address": "entramfa_trusted_ips",
	"reason": sprintf("The plan newly trusts %d IPv4 addresses, and %d are allowed at a time: %s", [added, most, plan.shortened(by_location)]),
	"remedy": remedy,
} if {
	most := data.parameters.newly_trusted_addresses.max_ipv4_addresses
	added := total({tenant: n | some tenant, pair in tenants; n := ranges.ipv4_addresses(pair.both) - ranges.ipv4_addresses(pair.before)})
	added > most
	by_location := [sprintf("%s (%d)", [location.address, own]) |
		some location in locations.instances
		present := before[tenant_of(location)]
		own := ranges.ipv4_addresses(array.concat(present, planned(location))) - ranges.ipv4_addresses(present)
		own > 0
	]
}

deny contains {
	"address": "entramfa_trusted_ips",
	"reason": sprintf("The plan newly trusts %d IPv6 /64 networks, and %d are allowed at a time: %s", [added, most, plan.shortened(by_location)]),
	"remedy": remedy,
} if {
	most := data.parameters.newly_trusted_addresses.max_ipv6_networks
	added := total({tenant: n | some tenant, pair in tenants; n := ranges.ipv6_networks(pair.both) - ranges.ipv6_networks(pair.before)})
	added > most
	by_location := [sprintf("%s (%d)", [location.address, own]) |
		some location in locations.instances
		present := before[tenant_of(location)]
		own := ranges.ipv6_networks(array.concat(present, planned(location))) - ranges.ipv6_networks(present)
		own > 0
	]
}

remedy := concat(" ", [
	"Take out what is not yours, or split the change;",
	"who may decide so raises the limit, or writes an exception for a range of one of the locations.",
])

deny contains objection if some objection in locations.hidden

total(numbers_by_tenant) := sum([number | some number in numbers_by_tenant])

tenants[tenant] := {"before": present, "both": array.concat(present, afterwards)} if {
	some tenant, present in before
	afterwards := [range |
		some location in locations.instances
		tenant_of(location) == tenant
		some range in planned(location)
	]
}

before[tenant] := [range |
	some location in locations.instances
	tenant_of(location) == tenant
	some range in locations.present(location)
] if {
	some some_location in locations.instances
	tenant := tenant_of(some_location)
}

planned(location) := [range |
	some range in locations.planned(location)
	not exceptions.allow("newly_trusted_addresses", {"address": location.address, "value": range})
]

# With one block of each provider all are taken for one tenant, as is usual together with azuread.
tenant_of(_) := "the tenant" if not several_blocks

tenant_of(location) := location.address if several_blocks

several_blocks if {
	some block in input.configuration.provider_config
	some other in input.configuration.provider_config
	block.full_name == other.full_name
	block != other
}
