package entramfa.tests.mass_disabling

import data.entramfa.rules.mass_disabling as rule
import data.entramfa.tests.plans

one(name, actions, before, after) := plans.at(plans.change("entramfa_user_mfa_state", actions, before, after), name)

many(name, actions, before, after) := plans.at(plans.change("entramfa_user_mfa_states", actions, before, after), name)

# A user whose id is the name.
user(name, state) := {"id": name, "name": name, "state": state, "effective_state": state, "on_destroy": "disable"}

keeping(values) := object.union(values, {"on_destroy": "keep"})

# A map of users whose ids are their names.
users(states) := {
	"users": states,
	"user_ids": {name: name | some name, _ in states},
	"effective_states": states,
	"on_destroy": "disable",
}

# Those who are counted, by their ids.
lost(changes) := {loss.id | some loss in losses} if {
	losses := rule.losses with input as plans.plan(changes)
}

test_who_moves_to_disabled_is_counted if {
	lost([one("a", ["update"], user("a", "enabled"), user("a", "disabled"))]) == {"a"}
	lost([one("a", ["update"], user("a", "enforced"), user("a", "disabled"))]) == {"a"}
	lost([many("m", ["update"], users({"a": "enabled", "b": "enforced", "c": "enabled"}), users({"a": "disabled", "b": "disabled", "c": "enabled"}))]) == {"a", "b"}
}

test_who_has_no_mfa_cannot_lose_it_by_a_move if {
	lost([
		one("a", ["update"], user("a", "disabled"), object.union(user("a", "disabled"), {"on_destroy": "keep"})),
		many("m", ["update"], users({"c": "disabled"}), users({"c": "disabled"})),
	]) == set()
	stale := object.union(users({"c": "enabled"}), {"effective_states": {"c": "disabled"}})
	lost([many("m", ["update"], stale, users({"c": "disabled"}))]) == set()
	promoted := object.union(users({"c": "disabled"}), {"effective_states": {"c": "enforced"}})
	lost([many("m", ["update"], promoted, users({"c": "disabled"}))]) == {"c"}
	known := object.union(user("a", "disabled"), {"effective_state": "enabled"})
	lost([one("a", ["update"], known, user("a", "disabled"))]) == {"a"}
	unread := object.union(user("a", "enabled"), {"effective_state": null})
	lost([one("a", ["update"], unread, user("a", "disabled"))]) == {"a"}
}

# The state of a plan that was made with -refresh=false may be an old one, and nothing in the plan says so.
test_who_goes_is_counted_whatever_the_state_says if {
	lost([
		one("b", ["delete"], user("b", "disabled"), null),
		many("m", ["delete"], users({"c": "disabled"}), null),
		many("n", ["update"], users({"d": "disabled", "e": "disabled"}), users({"e": "disabled"})),
	]) == {"b", "c", "d"}
}

test_a_person_of_an_exception_is_not_counted if {
	changes := [
		one("a", ["delete"], user("a", "enabled"), null),
		many("m", ["delete"], users({"B@x": "enabled", "c": "enabled"}), null),
	]
	every address, objections in {"entramfa_user_mfa_states.x": 0, "entramfa_user_mfa_state.x": 1} {
		parameters := object.union(plans.parameters, {"exceptions": [{
			"rule": "mass_disabling",
			"address": address,
			"value": "b@x",
			"reason": "left the company",
		}]})
		count(rule.deny) == objections with data.parameters as parameters with input as plans.plan(changes)
	}
}

test_an_object_that_is_deposed_is_counted if {
	lost([object.union(one("a", ["delete"], user("a", "enabled"), null), {"deposed": "0123abcd"})]) == {"a"}
}

test_another_address_from_before_is_the_same_person if {
	moved := object.union(one("a", ["update"], user("a", "enabled"), user("a", "disabled")), {"previous_address": "b"})
	lost([moved]) == {"a"}
}

test_who_is_destroyed_is_counted_unless_it_keeps_them if {
	every actions in [["delete"], ["delete", "create"], ["create", "delete"]] {
		lost([one("a", actions, user("a", "enabled"), user("z", "enabled"))]) == {"a"}
		lost([one("a", actions, keeping(user("a", "enabled")), user("z", "enabled"))]) == set()
		lost([many("m", actions, users({"a": "enabled"}), null)]) == {"a"}
		lost([many("m", actions, keeping(users({"a": "enabled"})), null)]) == set()
	}
}

test_a_map_that_is_made_anew_is_another_one if {
	before := keeping(users({"a": "enabled", "b": "enabled"}))
	lost([many("m", ["delete", "create"], before, users({"a": "enabled"}))]) == set()
	lost([many("m", ["delete", "create"], before, users({"a": "disabled"}))]) == {"a"}
}

test_who_is_forgotten_is_not_counted if {
	lost([
		one("a", ["forget"], user("a", "enabled"), null),
		one("b", ["create", "forget"], user("b", "enabled"), user("z", "enabled")),
		many("m", ["forget"], users({"c": "enabled"}), null),
	]) == set()
}

test_who_is_taken_out_of_a_map_is_counted_unless_it_keeps_them if {
	before := users({"a": "enabled", "b": "enabled"})
	lost([many("m", ["update"], before, users({"a": "enabled"}))]) == {"b"}
	lost([many("m", ["update"], before, keeping(users({"a": "enabled"})))]) == set()
	lost([many("m", ["update"], keeping(before), users({"a": "enabled"}))]) == {"b"}
}

test_who_is_written_in_another_way_stays if {
	before := object.union(users({"Adele@x": "enabled"}), {"user_ids": {"Adele@x": "ID1"}})
	lost([many("m", ["update"], before, users({"adele@X": "enabled"}))]) == set()
	by_id := object.union(users({"id1": "enabled"}), {"user_ids": {"id1": "id1"}})
	lost([many("m", ["update"], before, by_id)]) == set()
	lost([many("m", ["update"], before, object.union(by_id, {"users": {"id1": "disabled"}}))]) == {"id1"}
}

test_who_is_new_as_disabled_is_counted if {
	lost([one("a", ["create"], null, user("a", "disabled"))]) == {"a"}
	lost([one("a", ["delete", "create"], keeping(user("a", "enabled")), user("b", "disabled"))]) == {"b"}
	lost([many("m", ["create"], null, users({"a": "disabled", "b": "enabled"}))]) == {"a"}
	lost([many("m", ["update"], users({"a": "disabled"}), users({"a": "disabled", "b": "disabled"}))]) == {"b"}
}

test_who_is_imported_is_judged_by_what_there_is if {
	every before, counted in {"enabled": {"a"}, "disabled": set()} {
		change := one("a", ["update"], user("a", before), user("a", "disabled"))
		lost([object.union(change, {"change": {"importing": {"id": "a"}}})]) == counted
	}
}

test_the_same_person_counts_once if {
	lost([
		one("a", ["delete"], object.union(user("a", "enabled"), {"id": "ID1"}), null),
		many("m", ["delete"], object.union(users({"a@x": "enabled"}), {"user_ids": {"a@x": "id1"}}), null),
	]) == {"id1"}
}

test_without_an_id_the_name_or_the_address_tells_people_apart if {
	every values, id in {{"user_id": "ID1"}: "id1", {"user_principal_name": "A@x"}: "a@x", {}: "a"} {
		lost([one("a", ["create"], null, object.union(values, {"state": "disabled"}))]) == {id}
	}
}

test_the_number_decides_over_all_resources_and_modules if {
	two := [
		one("a", ["delete"], user("a", "enabled"), null),
		object.union(
			one("module.x[0].b", ["update"], user("b", "enabled"), user("b", "disabled")),
			{"module_address": "module.x[0]"},
		),
	]
	count(rule.deny) == 0 with data.parameters as plans.parameters with input as plans.plan(two)

	three := array.concat(two, [many("m", ["update"], users({"c": "enabled", "d": "enabled"}), users({"d": "enabled"}))])
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan(three)
	{objection.address: objection.reason | some objection in deny} == {concat(", ", [
		"entramfa_user_mfa_state.x",
		"entramfa_user_mfa_states.x",
		"module.x[0].entramfa_user_mfa_state.x",
	]): "The plan may take per-user MFA from 3 people, and 2 are allowed at a time: a, b, c"}
}

test_sensitive_people_are_counted_and_not_named if {
	change := plans.sensitive(many("m", ["delete"], users({"a": "enabled", "b": "enabled", "c": "enabled"}), null), {"users": true})
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	{objection.reason | some objection in deny} == {concat("", [
		"The plan may take per-user MFA from 3 people, and 2 are allowed at a time: ",
		"a user (sensitive), a user (sensitive), a user (sensitive)",
	])}
}

test_what_is_not_known_is_an_objection if {
	every change in [
		plans.unknown(one("x", ["update"], user("a", "enabled"), {}), {"state": true}),
		plans.unknown(many("x", ["update"], users({"a": "enabled"}), {"on_destroy": "disable"}), {"users": true}),
		plans.unknown(many("x", ["update"], users({"a": "enabled"}), users({})), {"users": {"a": true}}),
	] {
		deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
		count(deny) == 1
		lost([change]) == set()
	}
}

test_an_on_destroy_that_is_not_known_counts_as_disable if {
	after := object.remove(users({"a": "enabled"}), ["on_destroy"])
	change := plans.unknown(many("m", ["update"], users({"a": "enabled", "b": "enabled"}), after), {"on_destroy": true})
	lost([change]) == {"b"}
}
