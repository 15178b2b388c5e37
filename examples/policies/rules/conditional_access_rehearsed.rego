# METADATA
# title: A Conditional Access policy is enabled in a step of its own
# description: |-
#   A policy that is enabled has been there before the apply, in report-only or disabled, as far as a plan can tell: an earlier apply has
#   made it, or it was imported. Nothing else of it changes in the plan that enables it: what report-only has shown would be of another
#   policy. It does not evaluate policies about user actions, so those are disabled before.
package entramfa.rules.conditional_access_rehearsed

import data.entramfa.conditional_access
import data.entramfa.plan

deny contains {
	"address": policy.address,
	"reason": "The policy is new and would be in force at once",
	"remedy": "Apply it in report-only first, or disabled where it is about a user action, and enable it in a later change.",
	"value": "state = enabled",
	"sensitive": plan.sensitive(policy, "state"),
} if {
	some policy in conditional_access.policies
	policy.change.after.state == "enabled"
	not plan.same_object(policy)
}

deny contains {
	"address": policy.address,
	"reason": "The policy is enabled and changed at once, so nobody has seen what it does as it is now",
	"remedy": "Apply the change in the state that the policy has, and enable it in a later change.",
	"value": attribute,
} if {
	some policy in conditional_access.policies
	plan.same_object(policy)
	policy.change.after.state == "enabled"
	policy.change.before.state != "enabled"
	some attribute in ["conditions", "grant_controls", "session_controls"]
	changes(policy, attribute)
}

changes(policy, attribute) if plan.unknown(policy, attribute)

changes(policy, attribute) if {
	object.get(policy.change.before, attribute, null) != object.get(policy.change.after, attribute, null)
}

deny contains plan.not_known(policy, "state") if {
	some policy in conditional_access.policies
	policy.change.after != null
	plan.unknown(policy, "state")
}

deny contains plan.not_there(policy, "state") if {
	some policy in conditional_access.policies
	policy.change.after != null
	plan.absent(policy, "state")
}
