# METADATA
# title: The resources are those of this provider
# description: |-
#   What is called entramfa_... comes from a provider of the parameters, under whatever local name, and is of a type that these
#   rules know. A provider of another source may have the same names and do something else. No rule judges entramfa_country_location: a
#   policy may exclude its countries or block them, so more of them can be weaker or stronger. Each change of one needs an exception.
# custom:
#   parameters: [provider_source.allowed]
package entramfa.rules.provider_source

import data.entramfa.plan

known := {
	"entramfa_conditional_access_policy",
	"entramfa_registration_policy",
	"entramfa_trusted_ip_range",
	"entramfa_trusted_ips",
	"entramfa_user_mfa_state",
	"entramfa_user_mfa_states",
}

deny contains {
	"address": plan.block(instance),
	"reason": "Comes from a provider that is not allowed",
	"remedy": "Write the source that is allowed into required_providers of each module.",
	"value": instance.provider_name,
} if {
	some instance in input.resource_changes
	startswith(instance.type, "entramfa_")
	not instance.provider_name in data.parameters.provider_source.allowed
}

deny contains {
	"address": plan.block(instance),
	"reason": "No rule judges resources of this type",
	"remedy": "Take over the rules that belong to the version of the provider, or write an exception with the reason.",
	"value": instance.type,
} if {
	some instance in input.resource_changes
	instance.mode == "managed"
	is_ours(instance)
	not instance.type in known
}

is_ours(instance) if startswith(instance.type, "entramfa_")

is_ours(instance) if instance.provider_name in data.parameters.provider_source.allowed
