# METADATA
# title: A Conditional Access policy trusts few addresses
# description: |-
#   What the locations that a policy excludes cover together is bounded, AllTrusted meaning all trusted locations of the plan. A location
#   that the plan does not have cannot be counted. A country cannot be counted either, and is an objection, and so is a policy that asks for
#   something in certain places only: it trusts all others. An exception names the address of a location, which then does not count.
# custom:
#   parameters: [conditional_access_trusted_addresses.max_ipv4_addresses, conditional_access_trusted_addresses.max_ipv6_networks]
package entramfa.rules.conditional_access_trusted_addresses

import data.entramfa.conditional_access
import data.entramfa.exceptions
import data.entramfa.locations
import data.entramfa.plan
import data.entramfa.ranges

deny contains {
	"address": policy.address,
	"reason": sprintf("The policy trusts %d IPv4 addresses, and %d are allowed: %s", [count_of, most, plan.shortened(names(policy))]),
	"remedy": remedy,
} if {
	most := data.parameters.conditional_access_trusted_addresses.max_ipv4_addresses
	some policy in conditional_access.evaluated
	count_of := ranges.ipv4_addresses(trusted(policy))
	count_of > most
}

deny contains {
	"address": policy.address,
	"reason": sprintf("The policy trusts %d IPv6 /64 networks, and %d are allowed: %s", [count_of, most, plan.shortened(names(policy))]),
	"remedy": remedy,
} if {
	most := data.parameters.conditional_access_trusted_addresses.max_ipv6_networks
	some policy in conditional_access.evaluated
	count_of := ranges.ipv6_networks(trusted(policy))
	count_of > most
}

remedy := "Exclude fewer or narrower locations. If this is meant, raise the limit, or write an exception for one of the locations."

deny contains {
	"address": policy.address,
	"reason": "The policy trusts whole countries",
	"remedy": "Take the location out of excluded_locations, and exclude the addresses that you send from.",
	"value": country.address,
} if {
	some policy in conditional_access.evaluated
	some country in plan.instances("entramfa_country_location")
	lower(country.change.after.id) in conditional_access.listed(policy, "locations", "excluded_locations")
}

deny contains {
	"address": policy.address,
	"reason": "The policy applies in certain places only, and asks for nothing in all others",
	"remedy": `Write included_locations = ["All"], and exclude the places that you trust.`,
	"value": "included_locations",
} if {
	some policy in conditional_access.evaluated
	places := conditional_access.listed(policy, "locations", "included_locations")
	count(places) > 0
	not "all" in places
	not blocks(policy)
}

deny contains plan.not_known(policy, "conditions") if {
	some policy in conditional_access.evaluated
	some list in ["included_locations", "excluded_locations"]
	conditional_access.hazy(policy, "locations", list)
}

blocks(policy) if "block" in policy.change.after.grant_controls.built_in_controls

# The locations of the plan that a policy excludes. Those that another plan has made have an id here.
excluded(policy) := [location |
	some location in locations.instances
	location.change.after != null
	is_excluded(location, conditional_access.listed(policy, "locations", "excluded_locations"))
	not exceptions.allow("conditional_access_trusted_addresses", {"address": policy.address, "value": location.address})
]

is_excluded(_, ids) if "alltrusted" in ids

is_excluded(location, ids) if {
	some attribute in ["id", "location_id"]
	lower(location.change.after[attribute]) in ids
}

trusted(policy) := [range | some location in excluded(policy); some range in locations.planned(location); ranges.canonical(range)]

names(policy) := {location.address | some location in excluded(policy)}
