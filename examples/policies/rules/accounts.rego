# METADATA
# title: The emergency access accounts
# description: |-
#   Who they are, by the parameters and not by the configuration: an author who proposes a change of that may propose another guard with
#   it. Both ids and user principal names are compared without case. A plan does not say who is in a group.
package entramfa.accounts

# METADATA
# description: The object ids of the accounts.
ids := {lower(account.user_id) | some account in data.parameters.emergency_access.accounts}

# METADATA
# description: Their user principal names.
names := {lower(account.user_principal_name) | some account in data.parameters.emergency_access.accounts}

# METADATA
# description: The object ids of the groups that hold them.
groups := {lower(group) | some group in data.parameters.emergency_access.group_ids}

# METADATA
# description: |-
#   What is missing where users, by id and by name, and groups are named to cover the accounts: nothing where each account or each
#   group that holds them is named, and otherwise the groups, or the ids of the accounts where there are no groups.
missing(user_ids, user_names, group_ids) := set() if {
	every account in data.parameters.emergency_access.accounts {
		covered(account, user_ids, user_names)
	}
} else := groups - group_ids if {
	count(groups) > 0
} else := {lower(account.user_id) |
	some account in data.parameters.emergency_access.accounts
	not covered(account, user_ids, user_names)
}

covered(account, user_ids, _) if lower(account.user_id) in user_ids

covered(account, _, user_names) if lower(account.user_principal_name) in user_names
