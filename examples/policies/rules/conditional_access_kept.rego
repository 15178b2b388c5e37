# METADATA
# title: In production no Conditional Access policy is destroyed or switched off
# description: |-
#   In the environments of the parameters a policy that is in force stays in force, and none is deleted. A removed block with
#   destroy = false, and on_destroy = "keep", leave a policy as it is. What was disabled before may go.
# custom:
#   parameters: [conditional_access_kept.environments]
package entramfa.rules.conditional_access_kept

import data.entramfa.conditional_access
import data.entramfa.plan

deny contains {
	"address": policy.address,
	"reason": sprintf("The policy would be %s in the environment %q", [deed(policy), data.parameters.environment]),
	"remedy": concat(" ", [
		"Keep the resource. To stop managing the policy and leave it as it is, write a removed block with destroy = false.",
		"If this is meant, write an exception with the reason into the parameters.",
	]),
	"value": "destroy",
} if {
	applies
	some policy in conditional_access.policies
	plan.destroyed(policy)
	policy.change.before.state != "disabled"
	object.get(policy.change.before, "on_destroy", null) != "keep"
}

deny contains {
	"address": policy.address,
	"reason": sprintf("The policy would no longer be in force in the environment %q", [data.parameters.environment]),
	"remedy": "Leave it enabled. If this is meant, write an exception with the reason into the parameters.",
	"value": sprintf("state = %v", [policy.change.after.state]),
	"sensitive": plan.sensitive(policy, "state"),
} if {
	applies
	some policy in conditional_access.policies
	plan.same_object(policy)
	policy.change.before.state == "enabled"
	policy.change.after.state != "enabled"
}

deny contains plan.not_known(policy, "state") if {
	applies
	some policy in conditional_access.policies
	plan.same_object(policy)
	plan.unknown(policy, "state")
}

applies if data.parameters.environment in data.parameters.conditional_access_kept.environments

deed(policy) := "disabled" if policy.change.before.on_destroy == "disable"

deed(policy) := "deleted" if not policy.change.before.on_destroy == "disable"
