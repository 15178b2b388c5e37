# METADATA
# title: No Conditional Access policy catches the emergency access accounts
# description: |-
#   Each policy about users that is in force or in report-only excludes the emergency access accounts of the parameters: the groups that
#   hold them, or each account by its object id. Members of an included group change, so a policy for a group needs the exclusion as
#   well. allow_emergency_access switches the provider's own check off, and needs an exception here.
# custom:
#   parameters: [emergency_access.accounts, emergency_access.group_ids]
package entramfa.rules.conditional_access_emergency_excluded

import data.entramfa.accounts
import data.entramfa.conditional_access
import data.entramfa.plan

deny contains {
	"address": policy.address,
	"reason": "The policy does not exclude emergency access accounts, and nobody could sign in when everything else fails",
	"remedy": "Add them to conditions.users: excluded_groups for groups, excluded_users for accounts.",
	"value": id,
} if {
	some policy in about_users
	not hazy_exclusion(policy)
	some id in missing(policy)
}

deny contains plan.not_known(policy, "conditions") if {
	some policy in about_users
	hazy_exclusion(policy)
	count(missing(policy)) > 0
}

deny contains {
	"address": policy.address,
	"reason": "The provider would not check whether the policy catches emergency access accounts",
	"remedy": "Take allow_emergency_access out. If the accounts are meant to satisfy the policy, write an exception with the reason into the parameters.",
	"value": "allow_emergency_access = true",
} if {
	some policy in conditional_access.evaluated
	policy.change.after.allow_emergency_access == true
}

deny contains plan.not_known(policy, "allow_emergency_access") if {
	some policy in conditional_access.evaluated
	plan.unknown(policy, "allow_emergency_access")
}

missing(policy) := accounts.missing(
	conditional_access.listed(policy, "users", "excluded_users"),
	set(),
	conditional_access.listed(policy, "users", "excluded_groups"),
)

hazy_exclusion(policy) if {
	some list in ["excluded_users", "excluded_groups"]
	conditional_access.hazy(policy, "users", list)
}

# A policy about workload identities includes no users.
about_users := [policy | some policy in conditional_access.evaluated; not only_workloads(policy)]

only_workloads(policy) if {
	count(conditional_access.listed(policy, "client_applications", "included_service_principals")) > 0
	conditional_access.listed(policy, "users", "included_users") in [set(), {"none"}]
	count(conditional_access.listed(policy, "users", "included_groups")) == 0
	count(conditional_access.listed(policy, "users", "included_roles")) == 0
	not policy.change.after.conditions.users.included_guests_or_external_users
	not conditional_access.hazy(policy, "users", "included_users")
}
