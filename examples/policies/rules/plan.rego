# METADATA
# title: What the rules read from a plan
# description: |-
#   The JSON of `terraform show -json` and `tofu show -json`. Sources: https://developer.hashicorp.com/terraform/internals/json-format,
#   https://opentofu.org/docs/internals/json-format
package entramfa.plan

# METADATA
# description: The types of resources with users.
user_types := {"entramfa_user_mfa_state", "entramfa_user_mfa_states"}

# METADATA
# description: |-
#   The changes of the managed instances of a type, those of child modules and those without a difference included. After a
#   destroy and after a removal from the state, `after` is null.
instances(type) := [instance |
	some instance in input.resource_changes
	instance.mode == "managed"
	instance.type == type
]

# METADATA
# description: Whether the object that there is gets destroyed, be it to make another.
destroyed(instance) if "delete" in instance.change.actions

# METADATA
# description: Whether the object before and the object after are the same one.
same_object(instance) if {
	instance.change.before != null
	instance.change.after != null
	not "create" in instance.change.actions
}

# METADATA
# description: |-
#   Whether a mask such as `after_unknown` covers an attribute or a part of it. A mask is true for all of a value, or has the
#   shape of the value with true where something is meant.
masked(mask, _) if mask == true

masked(mask, attribute) if walk(mask[attribute], [_, true])

# METADATA
# description: Whether a planned attribute, or a part of it, is not known before the apply.
unknown(instance, attribute) if masked(instance.change.after_unknown, attribute)

# METADATA
# description: Whether an attribute is sensitive, before or after. Values of such attributes are judged and not shown.
sensitive(instance, attribute) if masked(instance.change.after_sensitive, attribute)

sensitive(instance, attribute) if masked(instance.change.before_sensitive, attribute)

# METADATA
# description: The objection to an attribute that cannot be judged, as it is not known before the apply.
not_known(instance, attribute) := {
	"address": instance.address,
	"reason": sprintf("%s is not known before the apply, so nobody can say whether it is allowed.", [attribute]),
	"remedy": "Apply first what it depends on, in a change of its own, or write the value out.",
}

# METADATA
# description: The person of a single resource as a message names them, from the values before or after.
person(instance, values) := "a user (sensitive)" if {
	some attribute in ["user_principal_name", "user_id"]
	sensitive(instance, attribute)
} else := values.name if {
	is_string(values.name)
} else := values.user_principal_name if {
	is_string(values.user_principal_name)
} else := values.user_id if {
	is_string(values.user_id)
} else := "a user"

# METADATA
# description: |-
#   People or ranges as a message lists them: the first few, in order, and how many more there are. Nothing but their number
#   where an attribute that they come from is sensitive.
listed(instance, attribute, items) := sprintf("%d (sensitive)", [count(items)]) if {
	sensitive(instance, attribute)
} else := shortened(items)

# METADATA
# description: The first few of many, in order, and how many more there are.
shortened(items) := concat(", ", sort(items)) if {
	count(items) <= 5
} else := sprintf("%s and %d more", [concat(", ", array.slice(sort(items), 0, 5)), count(items) - 5])

# METADATA
# description: The address of a resource block, without the keys of its instances.
block(instance) := concat(".", [part |
	some part in [object.get(instance, "module_address", ""), instance.type, instance.name]
	part != ""
])
