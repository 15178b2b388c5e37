package entramfa.tests.registration_policy_kept

import data.entramfa.rules.registration_policy_kept as rule
import data.entramfa.tests.plans

policy(actions, before, after) := plans.change("entramfa_registration_policy", actions, before, after)

asks(state) := {"state": state, "include": {"all_users": true, "group_ids": null}, "exclude": {"all_users": null, "group_ids": ["g"]}}

reasons(change) := {objection.reason | some objection in deny} if {
	deny := rule.deny with input as plans.plan([change])
}

off := {"The policy is switched off: nobody is asked to register any more."}

test_a_policy_that_begins_or_stays_passes if {
	reasons(policy(["create"], null, asks("enabled"))) == set()
	reasons(policy(["no-op"], asks("enabled"), asks("enabled"))) == set()
	reasons(policy(["update"], asks("microsoft_managed"), asks("enabled"))) == set()
	reasons(policy(["update"], asks("disabled"), asks("disabled"))) == set()
	reasons(policy(["forget"], asks("enabled"), null)) == set()
}

test_a_policy_that_is_switched_off_is_an_objection if {
	every before in ["enabled", "microsoft_managed"] {
		reasons(policy(["update"], asks(before), asks("disabled"))) == off
	}
	reasons(policy(["create"], null, asks("disabled"))) == off
	reasons(policy(["delete", "create"], asks("disabled"), asks("disabled"))) == off
}

test_a_policy_that_is_destroyed_is_an_objection_unless_it_was_off if {
	every actions in [["delete"], ["delete", "create"]] {
		said := reasons(policy(actions, asks("enabled"), null))
		count(said) == 1
		some reason in said
		startswith(reason, "The policy is destroyed")
	}
	reasons(policy(["delete"], asks("disabled"), null)) == set()
}

test_excluding_everybody_is_an_objection if {
	everybody := object.union(asks("enabled"), {"exclude": {"all_users": true, "group_ids": null}})
	reasons(policy(["update"], asks("enabled"), everybody)) == {"The policy excludes all users: nobody is asked to register any more."}
	reasons(policy(["no-op"], everybody, everybody)) == set()
	count(reasons(policy(["delete", "create"], everybody, everybody))) == 2
}

test_asking_fewer_is_an_objection if {
	fewer := object.union(asks("enabled"), {"include": {"all_users": null, "group_ids": ["g2"]}})
	reasons(policy(["update"], asks("enabled"), fewer)) == {"The policy does not ask all users any more."}
	reasons(policy(["update"], fewer, asks("enabled"))) == set()
	reasons(policy(["update"], fewer, object.union(fewer, {"include": {"group_ids": ["g3"]}}))) == set()
	reasons(policy(["update"], asks("disabled"), fewer)) == set()
}

test_what_is_not_known_is_an_objection if {
	every mask in [{"state": true}, {"include": true}, {"include": {"all_users": true}}, {"exclude": {"all_users": true}}] {
		change := plans.unknown(policy(["update"], asks("enabled"), asks("enabled")), mask)
		deny := rule.deny with input as plans.plan([change])
		count(deny) == 1
	}
}

test_an_include_that_is_not_known_is_one_objection if {
	change := plans.unknown(policy(["update"], asks("enabled"), object.remove(asks("enabled"), ["include"])), {"include": true})
	reasons(change) == {"include is not known before the apply, so nobody can say whether it is allowed."}
}

test_further_exclusions_that_are_not_known_pass if {
	change := plans.unknown(policy(["create"], null, asks("enabled")), {"exclude": {"group_ids": [false, true]}})
	reasons(change) == set()
}
