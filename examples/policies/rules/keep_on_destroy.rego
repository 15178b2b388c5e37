# METADATA
# title: In production nobody loses MFA by a destroy
# description: |-
#   In the environments of the parameters no resource has on_destroy = "disable", which is the default: there a user who is taken
#   out, a renamed module or a destroy would end per-user MFA.
# custom:
#   parameters: [keep_on_destroy.environments]
package entramfa.rules.keep_on_destroy

import data.entramfa.plan

deny contains {
	"address": block,
	"reason": sprintf("A destroy would end per-user MFA in the environment %q", [data.parameters.environment]),
	"remedy": `Write on_destroy = "keep". To end per-user MFA for somebody, write state = "disabled" for them.`,
	"value": "on_destroy = disable",
	"shown": sprintf("on_destroy = disable (instances: %d)", [count(addresses)]),
} if {
	applies
	some block, addresses in disabling
}

deny contains plan.not_known(instance, "on_destroy") if {
	applies
	some type in plan.user_types
	some instance in plan.instances(type)
	plan.unknown(instance, "on_destroy")
}

applies if data.parameters.environment in data.parameters.keep_on_destroy.environments

# By resource block, as on_destroy is written once for all instances.
disabling[plan.block(instance)] contains instance.address if {
	some type in plan.user_types
	some instance in plan.instances(type)
	instance.change.after.on_destroy == "disable"
}
