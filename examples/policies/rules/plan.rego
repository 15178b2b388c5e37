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
# description: Whether the text of an attribute, or whatever has to be there in its place, is neither there nor unknown.
absent(instance, attribute) if {
	object.get(instance.change.after, attribute, null) == null
	not unknown(instance, attribute)
}

# METADATA
# description: Whether an attribute is sensitive, before or after. Values of such attributes are judged and not shown.
default sensitive(_, _) := false

sensitive(instance, attribute) if masked(instance.change.after_sensitive, attribute)

sensitive(instance, attribute) if masked(instance.change.before_sensitive, attribute)

# METADATA
# description: The objection to an attribute that cannot be judged, as it is not known before the apply.
not_known(instance, attribute) := {
	"address": block(instance),
	"reason": "Not known before the apply, so nobody can say whether it is allowed",
	"remedy": "Apply first what it depends on, in a change of its own, or write the value out.",
	"value": attribute,
}

# METADATA
# description: |-
#   The objection to an attribute that a rule has to see, and that is neither there nor to be known after the apply: another
#   provider, another version of the schema, or a plan that somebody has edited.
not_there(instance, attribute) := {
	"address": block(instance),
	"reason": "Not in the plan as a rule has to see it, so nobody can say whether it is allowed",
	"remedy": "Judge the plan as `terraform show -json` prints it, with the rules that belong to the version of the provider.",
	"value": attribute,
}

# METADATA
# description: |-
#   The person of a single resource from the values before or after: `value` is what an exception names, the user principal name or
#   else the object id, and `shown` is for messages.
person(instance, values) := {"value": value, "shown": shown, "sensitive": sensitive_person(instance)} if {
	known := [text |
		some attribute in ["user_principal_name", "user_id", "id"]
		text := object.get(values, attribute, null)
		is_string(text)
	]
	value := array.concat(known, [instance.address])[0]
	name := object.get(values, "name", null)
	shown := [text | some text in [name, value]; is_string(text)][0]
}

# METADATA
# description: |-
#   The states of a map of users after the apply, by their keys. A state that is not known is left out of the planned values, and stands
#   here as "not known yet".
members(users) := object.union(
	{key: "not known yet" | is_object(users.change.after_unknown.users); some key, mask in users.change.after_unknown.users; mask},
	{key: state | some key, state in users.change.after.users},
)

# METADATA
# description: The person of a map of users, by the key.
member(instance, user) := {"value": user, "shown": user, "sensitive": sensitive(instance, "users")}

default sensitive_person(_) := false

sensitive_person(instance) if {
	some attribute in ["user_principal_name", "user_id", "id", "name"]
	sensitive(instance, attribute)
}

# METADATA
# description: The first few of many, in order, and how many more there are.
shortened(items) := concat(", ", [plain(item) | some item in sort(items)]) if {
	count(items) <= 5
} else := sprintf("%s and %d more", [concat(", ", [plain(item) | some item in array.slice(sort(items), 0, 5)]), count(items) - 5])

# METADATA
# description: |-
#   A text as it is, or, where it has characters that a reader does not see or takes for a new line, quoted with those escaped. A
#   name comes from the configuration, and must not look like a message of its own.
plain(text) := text if {
	not regex.match(`[^\pL\pM\pN\pP\pS ]`, text)
	count(text) <= 200
} else := sprintf("%q", [substring(text, 0, 200)])

# METADATA
# description: The address of a resource block, without the keys of its instances.
block(instance) := concat(".", [part |
	some part in [object.get(instance, "module_address", ""), instance.type, instance.name]
	part != ""
])
