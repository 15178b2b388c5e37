# METADATA
# title: The named locations of a plan
# description: |-
#   Those of this provider, and those that other providers make of the same thing: azuread_named_location, resources of other providers
#   for Microsoft 365, and generic ones such as msgraph_resource whose address or body names the collection of Microsoft Graph.
package entramfa.locations

import data.entramfa.plan
import data.entramfa.ranges
import data.entramfa.writes

ours := "entramfa_trusted_ips"

# One range of a location, which is trusted.
single := "entramfa_trusted_ip_range"

# METADATA
# description: The changes of all of them.
instances := [instance |
	some instance in input.resource_changes
	instance.mode == "managed"
	is_location(instance)
]

is_location(instance) if instance.type in {ours, single}

is_location(instance) if is_foreign(instance)

is_foreign(instance) if {
	not instance.type in {ours, single}
	regex.match(`(?i)named_?location`, instance.type)
}

is_foreign(instance) if writes.to(instance, `(?i)named_?locations?([/(?]|$)`)

# METADATA
# description: The texts of a location after the apply that are, or have to be, ranges that it trusts.
planned(instance) := [range |
	some range in instance.change.after.ip_ranges
	is_string(range)
] if {
	instance.type == ours
}

planned(instance) := [range |
	range := instance.change.after.ip_range
	is_string(range)
] if {
	instance.type == single
}

planned(instance) := trusted_by_others(instance.change.after) if is_foreign(instance)

# METADATA
# description: |-
#   The ranges that a location trusts before. One from which somebody has taken the trust away does not trust its ranges.
present(instance) := [range |
	instance.change.before.trusted == true
	some range in instance.change.before.ip_ranges
	is_string(range)
] if {
	instance.type == ours
}

present(instance) := [range |
	range := instance.change.before.ip_range
	is_string(range)
] if {
	instance.type == single
}

present(instance) := trusted_by_others(instance.change.before) if is_foreign(instance)

# How another resource calls these differs: trusted and is_trusted, ip_ranges and ipv4_ranges, and Graph's own names in a body. So
# the flag is found by its name, and ranges by what they look like.
trusted_by_others(values) := [text |
	is_trusted(values)
	some leaf in writes.leaves(values)
	text := leaf.value
	is_string(text)
	ranges.canonical(text)
]

is_trusted(values) if {
	some leaf in writes.leaves(values)
	regex.match(`(?i)^(is_?)?trusted$`, leaf.key)
	lower(sprintf("%v", [leaf.value])) == "true"
}

# METADATA
# description: The objections to what hides the ranges of a location, or whether it trusts them.
hidden contains plan.not_known(instance, "ip_ranges") if {
	some instance in plan.instances(ours)
	plan.unknown(instance, "ip_ranges")
}

hidden contains plan.not_known(instance, "ip_range") if {
	some instance in plan.instances(single)
	plan.unknown(instance, "ip_range")
}

hidden contains plan.not_there(instance, "ip_range") if {
	some instance in plan.instances(single)
	instance.change.after != null
	not plan.unknown(instance, "ip_range")
	not is_string(object.get(instance.change.after, "ip_range", null))
}

hidden contains plan.not_there(instance, "ip_ranges") if {
	some instance in plan.instances(ours)
	instance.change.after != null
	not plan.unknown(instance, "ip_ranges")
	not is_array(object.get(instance.change.after, "ip_ranges", null))
}

hidden contains plan.not_known(instance, attribute) if {
	some instance in instances
	is_foreign(instance)
	some attribute, mask in instance.change.after_unknown
	regex.match(`(?i)^ip|range|trusted|body|data$|url|path|method`, attribute)
	plan.masked(instance.change.after_unknown, attribute)
}

# The body of a request that is write-only or that was left out of the plan.
hidden contains plan.not_there(instance, "the body") if {
	some instance in instances
	is_foreign(instance)
	instance.change.after != null
	count([1 |
		some leaf in writes.leaves(instance.change.after)
		regex.match(`(?i)^(is_?)?trusted$|countries|country|includeunknown`, leaf.key)
	]) == 0
	count([1 | some attribute, _ in instance.change.after_unknown; regex.match(`(?i)body|data$`, attribute)]) == 0
	not regex.match(`(?i)named_?location`, instance.type)
}

# METADATA
# description: Whether the ranges of a location are sensitive.
default sensitive(_) := false

sensitive(instance) if plan.sensitive(instance, "ip_ranges")

sensitive(instance) if plan.sensitive(instance, "ip_range")

sensitive(instance) if {
	is_foreign(instance)
	some side in ["before_sensitive", "after_sensitive"]
	walk(instance.change[side], [_, true])
}
