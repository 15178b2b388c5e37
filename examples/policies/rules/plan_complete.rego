# METADATA
# title: The plan is whole
# description: |-
#   Judged is only what can be: the JSON of a plan, of a version of the format that is known, from a run without an error, of the
#   whole configuration, with nothing put off to a later one, by parameters that are complete. Without this rule all others would
#   pass a file that is not a plan.
package entramfa.rules.plan_complete

import data.entramfa.plan
import data.entramfa.providers

deny contains {
	"address": "plan",
	"reason": "The input is not the JSON of a plan, format version 1",
	"remedy": "Make it with `terraform plan -out=tfplan` and `terraform show -json tfplan >plan.json`.",
} if {
	not is_plan
}

is_plan if {
	startswith(input.format_version, "1.")
	is_object(input.planned_values)
	is_object(input.configuration)
	is_array(object.get(input, "resource_changes", []))
}

deny contains {
	"address": "plan",
	"reason": "The plan ended with an error, so it is only a part of what would change",
	"remedy": "Correct the error that `terraform plan` printed, and plan again.",
} if {
	input.errored
}

deny contains {
	"address": "plan",
	"reason": sprintf("The plan leaves out a part of the configuration, by -target, -exclude or something that is deferred%s", [named]),
	"remedy": "Plan the whole configuration.",
} if {
	incomplete
	not input.errored
}

incomplete if input.complete == false

# OpenTofu does not say so. A resource block without count and for_each has a change, if only one without a difference.
incomplete if {
	object.get(input, "complete", null) == null
	some change in input.resource_changes
	change.change.actions != ["delete"]
	count(left_out) > 0
}

named := sprintf(": %s", [plan.shortened(left_out)]) if {
	count(left_out) > 0
} else := ""

left_out := {concat(".", array.concat([step | some name in place[0]; some step in ["module", name]], [place[1], place[2]])) |
	some place, resource in providers.blocks
	startswith(resource.type, "entramfa_")
	not repeated(resource)
	not place[0] in repeated_modules
	not place in planned
}

planned contains providers.block_key(instance) if some instance in input.resource_changes

repeated(block) if block.count_expression

repeated(block) if block.for_each_expression

# What is in a module that is repeated may be there no times.
repeated_modules contains providers.modules_on(path) if {
	walk(input.configuration.root_module, [path, resource])
	providers.is_place(path)
	some i, step in path
	step == "module"
	repeated(object.get(input.configuration.root_module, array.slice(path, 0, i), {}))
}

deny contains {
	"address": deferred.resource_change.address,
	"reason": "The change is deferred to a later plan, so nobody can say whether it is allowed",
	"remedy": "Apply first what it depends on, in a change of its own.",
} if {
	some deferred in input.deferred_changes
	startswith(deferred.resource_change.type, "entramfa_")
}

deny contains {
	"address": "parameters",
	"reason": sprintf("The parameters are not as they have to be: %s", [concat("; ", faults)]),
	"remedy": "Give a file such as production.yaml with --data.",
} if {
	count(faults) > 0
}

# Not with `not is_object(data.parameters)`: a call of something undefined is undefined, negated or not.
faults := {fault.error | some fault in json.match_schema(data.parameters, schema)[1]} if {
	is_object(data.parameters)
} else := {"there are none"}

word := {"type": "string", "pattern": `^\S+$`}

strings := {"type": "array", "items": {"type": "string"}}

members(properties) := {
	"type": "object",
	"additionalProperties": false,
	"required": object.keys(properties),
	"properties": properties,
}

# `now` and the end of an exception may be left out.
schema := json.patch(whole, [
	{"op": "add", "path": "properties/now", "value": day},
	{"op": "add", "path": "properties/exceptions/items/properties/until", "value": day},
])

day := {"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}

whole := members({
	"environment": {"type": "string", "minLength": 1},
	"trusted_range_width": members({
		"min_prefix_length_ipv4": {"type": "integer", "minimum": 0, "maximum": 32},
		"min_prefix_length_ipv6": {"type": "integer", "minimum": 0, "maximum": 128},
	}),
	"newly_trusted_addresses": members({
		"max_ipv4_addresses": {"type": "integer", "minimum": 0},
		"max_ipv6_networks": {"type": "integer", "minimum": 0},
	}),
	"mass_disabling": members({"max_users": {"type": "integer", "minimum": 0}}),
	"registration_policy_kept": members({"max_snooze_days": {"type": "integer", "minimum": 0, "maximum": 14}}),
	"emergency_access": members({
		"accounts": {
			"type": "array",
			"minItems": 1,
			"items": members({"user_id": word, "user_principal_name": word}),
		},
		"group_ids": {"type": "array", "items": word},
	}),
	"provider_source": members({"allowed": {"type": "array", "minItems": 1, "items": word}}),
	"keep_on_destroy": members({"environments": strings}),
	"conditional_access_kept": members({"environments": strings}),
	"conditional_access_trusted_addresses": members({
		"max_ipv4_addresses": {"type": "integer", "minimum": 0},
		"max_ipv6_networks": {"type": "integer", "minimum": 0},
	}),
	"exceptions": {
		"type": "array",
		"items": members({
			"rule": {"type": "string"},
			"address": {"type": "string"},
			"value": {"type": "string", "minLength": 1},
			"reason": {"type": "string", "minLength": 1},
		}),
	},
})
