package entramfa.tests.conditional_access_emergency_excluded

import data.entramfa.rules.conditional_access_emergency_excluded as rule
import data.entramfa.tests.plans

policy(values) := plans.change("entramfa_conditional_access_policy", ["create"], null, object.union(
	{"state": "enabledForReportingButNotEnforced", "allow_emergency_access": false, "conditions": {"users": {"included_users": ["All"]}}},
	values,
))

excluding(groups, users) := policy({"conditions": {"users": {"excluded_groups": groups, "excluded_users": users}}})

lacking(change) := values if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	values := plans.values(deny)
}

test_a_policy_that_excludes_the_groups_or_each_account_passes if {
	lacking(excluding(["g1", "g2"], null)) == set()
	lacking(excluding(null, ["GuestsOrExternalUsers", "u1"])) == set()
}

test_a_policy_that_excludes_others_is_an_objection if {
	lacking(excluding(["g2"], ["u2"])) == {"g1"}
	lacking(excluding([], null)) == {"g1"}
	without_groups := json.patch(plans.parameters, [{"op": "replace", "path": "emergency_access/group_ids", "value": []}])
	deny := rule.deny with data.parameters as without_groups with input as plans.plan([excluding(["g1"], null)])
	plans.values(deny) == {"u1"}
}

test_each_state_that_is_evaluated_counts if {
	lacking(policy({"state": "enabled"})) == {"g1"}
	lacking(policy({"state": "disabled"})) == set()
	lacking(plans.unknown(policy({"state": null}), {"state": true})) == {"g1"}
}

test_a_policy_for_a_group_a_role_or_guests_counts if {
	lacking(policy({"conditions": {"users": {"included_users": null, "included_groups": ["pilot"]}}})) == {"g1"}
	lacking(policy({"conditions": {"users": {"included_users": null, "included_roles": ["role"]}}})) == {"g1"}
	guests := {"included_users": null, "included_guests_or_external_users": {"guest_or_external_user_types": ["internalGuest"]}}
	lacking(policy({"conditions": {"users": guests}})) == {"g1"}
}

test_a_policy_about_workload_identities_passes if {
	workloads := {"included_service_principals": ["ServicePrincipalsInMyTenant"]}
	lacking(policy({"conditions": {"users": {"included_users": ["None"]}, "client_applications": workloads}})) == set()
	lacking(policy({"conditions": {"users": null, "client_applications": workloads}})) == set()
	lacking(policy({"conditions": {"client_applications": workloads}})) == {"g1"}
	hazy := policy({"conditions": {"users": {"included_users": null}, "client_applications": workloads}})
	lacking(plans.unknown(hazy, {"conditions": {"users": {"included_users": true}}})) == {"g1"}
}

test_the_exception_of_the_provider_is_an_objection if {
	lacking(object.union(excluding(["g1"], null), {"change": {"after": {"allow_emergency_access": true}}})) == {"allow_emergency_access = true"}
	lacking(plans.unknown(excluding(["g1"], null), {"allow_emergency_access": true})) == {"allow_emergency_access"}
}

test_a_policy_that_goes_passes if {
	every action in ["delete", "forget"] {
		lacking(plans.change("entramfa_conditional_access_policy", [action], {"state": "enabled"}, null)) == set()
	}
}

test_an_exclusion_that_is_not_known_is_an_objection_unless_the_rest_suffices if {
	lacking(plans.unknown(excluding([null], null), {"conditions": {"users": {"excluded_groups": [true]}}})) == {"conditions"}
	lacking(plans.unknown(excluding(null, null), {"conditions": {"users": true}})) == {"conditions"}
	lacking(plans.unknown(policy({"conditions": null}), {"conditions": true})) == {"conditions"}
	lacking(plans.unknown(excluding(["g1", null], null), {"conditions": {"users": {"excluded_groups": [false, true]}}})) == set()
}
