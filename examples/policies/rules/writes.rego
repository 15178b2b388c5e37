# METADATA
# title: What resources of other providers write
# description: |-
#   Generic resources send what stands in them to an address of Microsoft Graph: msgraph_resource, msgraph_update_resource, restapi_object
#   and others, each with attributes of its own names.
package entramfa.writes

# METADATA
# description: Whether a resource of another provider names, as an address or as the type of a body, what a pattern describes.
to(instance, pattern) if {
	is_other(instance)
	some side in ["before", "after"]
	regex.match(any_address, json.marshal(instance.change[side]))
	some leaf in leaves(instance.change[side])
	is_string(leaf.value)
	regex.match(`(?i)url|uri|path|endpoint|odata\.type|^resource$`, leaf.key)
	regex.match(pattern, decoded(leaf.value))
}

# What any of the patterns looks for, or what may hide it in an address or in a text of JSON. A plan may have thousands of other
# resources, and to take all apart would take minutes.
any_address := concat("|", [
	"(?i)named_?location|authentication_?methods_?policy|authentication/requirements|per_?user_?mfa",
	`%[2-7][0-9a-f]|\\\\[/u]`,
])

# In an address named%4cocations is namedLocations.
decoded(text) := urlquery.decode(text) if regex.match("^([^%]|%[0-9A-Fa-f]{2})*$", text)

decoded(text) := text if not regex.match("^([^%]|%[0-9A-Fa-f]{2})*$", text)

# METADATA
# description: Whether a change is of a resource of another provider.
is_other(instance) if {
	instance.mode == "managed"
	not startswith(instance.type, "entramfa_")
}

# METADATA
# description: The single values in a value, with the nearest name above them. A body may be a text of JSON, whose values count as well.
leaves(values) := array.concat(direct, [inner |
	some outer in direct
	is_string(outer.value)
	regex.match(`^\s*[\[{]`, outer.value)
	json.is_valid(outer.value)
	some inner in leaves_of(json.unmarshal(outer.value))
]) if {
	direct := leaves_of(values)
}

leaves_of(values) := [{"key": key, "value": value} |
	walk(values, [path, value])
	not is_object(value)
	not is_array(value)
	names := array.concat([""], [name | some name in path; is_string(name)])
	key := names[count(names) - 1]
]
