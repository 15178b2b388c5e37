# METADATA
# title: Small plans for the tests of the rules
# description: |-
#   Of the shape that Terraform and OpenTofu give, and no larger than a rule needs. Plans of the real programs are judged by the
#   tests in tools/policies.
package entramfa.tests.plans

parameters := {
	"environment": "production",
	"trusted_range_width": {"min_prefix_length_ipv4": 24, "min_prefix_length_ipv6": 48},
	"newly_trusted_addresses": {"max_ipv4_addresses": 512, "max_ipv6_networks": 131072},
	"mass_disabling": {"max_users": 2},
	"emergency_access": {"accounts": [{"user_id": "U1", "user_principal_name": "BG@x"}], "group_ids": ["G1"]},
	"registration_policy_kept": {"max_snooze_days": 3},
	"provider_source": {"allowed": ["registry.terraform.io/mfa-as-code/entramfa"]},
	"keep_on_destroy": {"environments": ["production"]},
	"conditional_access_kept": {"environments": ["production"]},
	"conditional_access_trusted_addresses": {"max_ipv4_addresses": 512, "max_ipv6_networks": 131072},
	"exceptions": [],
}

# METADATA
# description: A plan of these changes of instances.
plan(changes) := {
	"format_version": "1.2",
	"planned_values": {},
	"configuration": {"provider_config": {}, "root_module": {}},
	"errored": false,
	"complete": true,
	"resource_changes": changes,
}

# METADATA
# description: The change of an instance in the root module, whose name is `x`.
change(type, actions, before, after) := {
	"address": sprintf("%s.x", [type]),
	"mode": "managed",
	"type": type,
	"name": "x",
	"provider_name": "registry.terraform.io/mfa-as-code/entramfa",
	"change": {
		"actions": actions,
		"before": before,
		"after": after,
		"after_unknown": {},
		"before_sensitive": {},
		"after_sensitive": {},
	},
}

# METADATA
# description: The same change with another address.
at(change_of_x, address) := object.union(change_of_x, {"address": address})

# METADATA
# description: The same change with an attribute, or a part of one, that is not known before the apply.
unknown(change_of_x, mask) := object.union(change_of_x, {"change": {"after_unknown": mask}})

# METADATA
# description: The same change with a sensitive attribute.
sensitive(change_of_x, mask) := object.union(change_of_x, {"change": {"after_sensitive": mask, "before_sensitive": mask}})

# METADATA
# description: A plan of these changes, whose resources have these blocks in the configuration, with this provider configuration.
configured(changes, blocks, provider_config) := object.union(plan(changes), {"configuration": {
	"provider_config": provider_config,
	"root_module": {"resources": blocks},
}})

# METADATA
# description: The block of a change in the configuration of the root module, with its expressions and the key of its provider block.
block(change_of_x, expressions, key) := {
	"address": change_of_x.address,
	"mode": "managed",
	"type": change_of_x.type,
	"name": "x",
	"provider_config_key": key,
	"expressions": expressions,
}

# METADATA
# description: The texts of objections as a message has them, with the values and without address and remedy.
said(deny) := {text |
	some objection in deny
	text := concat(": ", [objection.reason, object.get(objection, "shown", object.get(objection, "value", ""))])
}

# METADATA
# description: The values of objections.
values(deny) := {objection.value | some objection in deny}
