# METADATA
# title: The provider block of a resource
# description: |-
#   Which one it is stands in the configuration, by module and without the keys of instances. A plan shows what is literal in a
#   provider block, and the names of what is not.
package entramfa.providers

# METADATA
# description: The expressions of a resource block in the configuration; undefined for what the configuration has no longer.
expressions(instance) := object.get(blocks[block_key(instance)], "expressions", {})

# METADATA
# description: |-
#   The place of the resource block of an instance, as `blocks` has it, with the names of modules, the type and the name.
block_key(instance) := [names_in(object.get(instance, "module_address", "")), instance.type, instance.name]

# METADATA
# description: |-
#   The managed resource blocks of the configuration by their places. A value that looks like a resource may stand in the expressions
#   of another: what counts is where it stands.
blocks[[modules, resource.type, resource.name]] := resource if {
	walk(input.configuration.root_module, [path, resource])
	is_place(path)
	resource.mode == "managed"
	modules := modules_on(path)
}

# METADATA
# description: Whether a path in the root module of the configuration is one where a resource block stands.
is_place(path) if {
	count(path) % 3 == 2
	path[count(path) - 2] == "resources"
	every i, step in array.slice(path, 0, count(path) - 2) {
		["module_calls", step, "module"][i % 3] == step
	}
}

# METADATA
# description: The names of the modules on such a path.
modules_on(path) := [name | some i, name in path; i % 3 == 1; i < count(path) - 2]

names_in(module_address) := [match[1] |
	some match in regex.find_all_string_submatch_n(`module\.([^.\[\]"]+)`, without_keys(module_address), -1)
]

without_keys(address) := regex.replace(address, `\[("([^"\\]|\\.)*"|[0-9]+)\]`, "")

# METADATA
# description: |-
#   Whether a resource block sets an attribute. One that the configuration leaves out keeps the value that the service has; of a block
#   that is not found nobody can say so.
sets(instance, _) if not expressions(instance)

sets(instance, attribute) if {
	expression := expressions(instance)[attribute]
	object.get(expression, "constant_value", true) != null
}
