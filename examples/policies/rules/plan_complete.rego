# METADATA
# title: The plan is whole
# description: |-
#   Judged is only what can be: the JSON of a plan, of a version of the format that is known, from a run without an error, with
#   nothing put off to a later one, by parameters that are complete. Without this rule all others would pass a file that is no
#   plan.
package entramfa.rules.plan_complete

deny contains {
	"address": "plan",
	"reason": "The input is not the JSON of a plan, format version 1.",
	"remedy": "Make it with `terraform plan -out=tfplan` and `terraform show -json tfplan >plan.json`.",
} if {
	not is_plan
}

is_plan if {
	startswith(input.format_version, "1.")
	is_object(input.planned_values)
	is_object(input.configuration)
}

deny contains {
	"address": "plan",
	"reason": "The plan ended with an error, so it is only a part of what would change.",
	"remedy": "Correct the error that `terraform plan` printed, and plan again.",
} if {
	input.errored
}

deny contains {
	"address": deferred.resource_change.address,
	"reason": "The change is deferred to a later plan, so nobody can say whether it is allowed.",
	"remedy": "Apply first what it depends on, in a change of its own.",
} if {
	some deferred in input.deferred_changes
	startswith(deferred.resource_change.type, "entramfa_")
}

deny contains {
	"address": "parameters",
	"reason": sprintf("The parameters are not as they have to be: %s.", [concat("; ", faults)]),
	"remedy": "Give a file such as production.yaml with --data.",
} if {
	count(faults) > 0
}

# Not with `not is_object(data.parameters)`: a call of something undefined is undefined, negated or not.
faults := {fault.error | some fault in json.match_schema(data.parameters, schema)[1]} if {
	is_object(data.parameters)
} else := {"there are none"}

strings := {"type": "array", "items": {"type": "string"}}

members(properties) := {
	"type": "object",
	"additionalProperties": false,
	"required": object.keys(properties),
	"properties": properties,
}

schema := members({
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
	"emergency_access_excluded": members({"group_ids": strings, "user_ids": strings}),
	"keep_on_destroy": members({"environments": strings}),
	"exceptions": {
		"type": "array",
		"items": members({
			"rule": {"type": "string"},
			"address": {"type": "string"},
			"reason": {"type": "string", "minLength": 1},
		}),
	},
})
