package entramfa.tests.registration_policy_kept

import data.entramfa.rules.registration_policy_kept as rule
import data.entramfa.tests.plans

type := "entramfa_registration_policy"

policy(actions, before, after) := plans.change(type, actions, before, after)

asks := {
	"state": "enabled",
	"include": {"all_users": true, "group_ids": null},
	"exclude": {"all_users": null, "group_ids": ["g1"], "user_ids": ["U1"]},
	"authentication_method": "microsoftAuthenticator",
	"snooze_days": 1,
	"require_registration_after_snoozes": true,
}

but(change) := object.union(asks, change)

some_of(groups) := but({"include": {"all_users": null, "group_ids": groups}})

values(change) := values_of([change])

values_of(changes) := found if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan(changes)
	found := plans.values(deny)
}

update(before, after) := policy(["update"], before, after)

begin(after) := policy(["create"], null, after)

test_a_policy_that_begins_or_stays_or_gets_stricter_passes if {
	values(begin(asks)) == set()
	values(begin(but({"snooze_days": 3}))) == set()
	values(policy(["no-op"], asks, asks)) == set()
	values(update(but({"state": "microsoft_managed"}), asks)) == set()
	values(update(but({"state": "disabled"}), but({"state": "microsoft_managed"}))) == set()
	values(update(but({"state": "disabled"}), but({"state": "disabled"}))) == set()
	values(policy(["forget"], asks, null)) == set()
	managed := but({"state": "microsoft_managed"})
	values(policy(["no-op"], managed, managed)) == set()
	values(update(but({"snooze_days": 14, "require_registration_after_snoozes": false}), asks)) == set()
	values(update(but({"exclude": {"group_ids": ["staff"]}}), asks)) == set()
	values(update(some_of(["g2"]), some_of(["G2", "g3"]))) == set()
	values(update(some_of(["g2"]), asks)) == set()
}

test_what_is_weaker_stays_allowed_where_it_is_so_already if {
	weak := but({
		"state": "disabled",
		"include": {"all_users": null, "group_ids": ["g2"]},
		"exclude": {"all_users": true, "group_ids": ["staff"]},
		"snooze_days": 14,
		"require_registration_after_snoozes": false,
	})
	values(policy(["no-op"], weak, weak)) == set()
	imported := object.union(policy(["no-op"], weak, weak), {"change": {"importing": {"id": "x"}}})
	values(imported) == set()
}

test_a_state_that_asks_less_is_an_objection if {
	every before in ["enabled", "microsoft_managed"] {
		values(update(but({"state": before}), but({"state": "disabled"}))) == {"state = disabled"}
	}
	values(update(asks, but({"state": "microsoft_managed"}))) == {"state = microsoft_managed"}
	values(begin(but({"state": "disabled"}))) == {"state = disabled"}
	values(begin(but({"state": "microsoft_managed"}))) == {"state = microsoft_managed"}
}

test_a_policy_that_is_destroyed_is_an_objection_also_where_it_was_off if {
	every before in ["enabled", "disabled"] {
		values(policy(["delete"], but({"state": before}), null)) == {"destroy"}
		values(policy(["delete"], but({"state": before, "on_destroy": "keep"}), null)) == set()
	}
	values(policy(["delete", "create"], asks, asks)) == {"destroy"}
	values(policy(["create", "delete"], asks, asks)) == {"destroy"}
	values(object.union(policy(["delete"], asks, null), {"deposed": "0123abcd"})) == {"destroy"}
}

test_an_exclusion_that_grows_is_an_objection if {
	grown := but({"exclude": {"group_ids": ["g1", "Staff"], "user_ids": ["boss"]}})
	values(update(asks, grown)) == {"exclude = staff", "exclude = boss"}
	values(begin(grown)) == {"exclude = staff", "exclude = boss"}
	values(update(but({"exclude": null}), asks)) == set()
	everybody := but({"exclude": {"all_users": true, "group_ids": null}})
	values(update(asks, everybody)) == {"exclude.all_users = true"}
	values(policy(["no-op"], everybody, everybody)) == set()
	values(policy(["delete", "create"], everybody, everybody)) == {"destroy", "exclude.all_users = true"}
}

test_an_include_that_shrinks_is_an_objection_also_while_the_policy_is_off if {
	values(update(asks, some_of(["g2"]))) == {"include = g2"}
	values(update(asks, some_of(null))) == {"include = nobody"}
	values(update(some_of(["g2", "G3"]), some_of(["g2"]))) == {"include without g3"}
	off := {"state": "disabled"}
	values(update(object.union(asks, off), object.union(some_of(["g2"]), off))) == {"include = g2"}
}

test_less_pressure_is_an_objection if {
	values(update(asks, but({"snooze_days": 2}))) == {"snooze_days = 2"}
	values(begin(but({"snooze_days": 4}))) == {"snooze_days = 4"}
	values(update(asks, but({"require_registration_after_snoozes": false}))) == {"require_registration_after_snoozes = false"}
	values(begin(but({"require_registration_after_snoozes": false}))) == {"require_registration_after_snoozes = false"}
	values(update(asks, but({"authentication_method": "Fido2"}))) == {"authentication_method = Fido2"}
	values(update(asks, but({"authentication_method": "MicrosoftAuthenticator"}))) == set()
}

test_a_campaign_that_is_taken_over_narrowly_is_an_objection if {
	values(begin(some_of(["pilot"]))) == {"include = pilot"}
	values(begin(object.remove(some_of([]), ["exclude"]))) == {"include = nobody"}
}

# It is the same campaign, of which the plan shows what there was.
test_a_policy_beside_one_that_is_forgotten_is_compared_with_it if {
	forgotten := object.union(policy(["forget"], asks, null), {"address": "entramfa_registration_policy.old", "name": "old"})
	values_of([forgotten, begin(asks)]) == set()
	values_of([forgotten, begin(object.union(some_of(["pilot"]), {"snooze_days": 3, "authentication_method": "fido2"}))]) == {
		"include = pilot", "snooze_days = 3", "authentication_method = fido2",
	}
}

test_another_address_from_before_is_the_same_policy if {
	moved := object.union(update(asks, some_of(["pilot"])), {"previous_address": "entramfa_registration_policy.old"})
	values(moved) == {"include = pilot"}
}

configured(change, expressions) := found if {
	plan := plans.configured([change], [plans.block(change, expressions, "entramfa")], {})
	deny := rule.deny with data.parameters as plans.parameters with input as plan
	found := plans.values(deny)
}

# What the configuration leaves out stays as it is; what it makes of something else may become anything.
test_what_is_not_known_is_an_objection_where_the_configuration_sets_it if {
	every attribute in ["include", "snooze_days", "require_registration_after_snoozes", "authentication_method"] {
		change := plans.unknown(begin(object.remove(asks, [attribute])), {attribute: true})
		values(change) == {attribute}
		configured(change, {attribute: {"references": ["terraform_data.x"]}}) == {attribute}
		configured(change, {attribute: {}}) == {attribute}
		configured(change, {}) == set()
		configured(change, {attribute: {"constant_value": null}}) == set()
	}
	partly := plans.unknown(begin(but({"exclude": {"group_ids": ["g1", null]}})), {"exclude": {"group_ids": [false, true]}})
	configured(partly, {"exclude": {"references": ["terraform_data.x"]}}) == {"exclude"}
}

test_whom_an_include_that_is_not_known_leaves_out_is_not_guessed if {
	change := plans.unknown(update(some_of(["g2", "g3"]), some_of(["g2", null])), {"include": {"group_ids": [false, true]}})
	values(change) == {"include"}
}

test_a_state_that_is_not_there_is_an_objection if {
	values(begin(object.remove(asks, ["state"]))) == {"state"}
}

test_what_is_sensitive_is_marked if {
	deny := rule.deny with data.parameters as plans.parameters
		with input as plans.plan([plans.sensitive(update(asks, some_of(["pilot"])), {"include": {"group_ids": true}})])
	{objection.sensitive | some objection in deny} == {true}
}
