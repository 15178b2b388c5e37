package entramfa.tests.emergency_access_enabled

import data.entramfa.rules.emergency_access_enabled as rule
import data.entramfa.tests.plans

one(values) := plans.change("entramfa_user_mfa_state", ["create"], null, object.union(
	{"state": "enabled", "id": "a", "user_id": "a", "user_principal_name": "adele@x"},
	values,
))

many(users, ids) := plans.change("entramfa_user_mfa_states", ["create"], null, {"users": users, "user_ids": ids})

values(change) := found if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	found := plans.values(deny)
}

test_others_pass if {
	values(one({})) == set()
	values(many({"adele@x": "enabled", "bg@y": "enforced"}, {"adele@x": "a", "bg@y": "b"})) == set()
	values(many({}, {})) == set()
}

test_an_account_that_is_disabled_passes if {
	values(one({"state": "disabled", "id": "u1", "user_id": "u1", "user_principal_name": "bg@x"})) == set()
	values(many({"bg@x": "disabled"}, {"bg@x": "u1"})) == set()
}

test_an_account_that_goes_passes if {
	values(plans.change("entramfa_user_mfa_state", ["delete"], {"state": "enabled", "user_id": "u1"}, null)) == set()
	values(plans.change("entramfa_user_mfa_states", ["forget"], {"users": {"bg@x": "enabled"}}, null)) == set()
}

test_an_account_is_known_by_each_of_its_names_in_any_case if {
	every state in ["enabled", "enforced"] {
		values(one({"state": state, "user_principal_name": "Bg@X"})) == {"Bg@X"}
		values(one({"state": state, "user_id": "u1"})) == {"adele@x"}
		values(one({"state": state, "id": "U1"})) == {"adele@x"}
		values(many({"BG@X": state, "adele@x": state}, {"BG@X": "renamed", "adele@x": "a"})) == {"BG@X"}
		values(many({"u1": state}, {"u1": "u1"})) == {"u1"}
		values(many({"old.name@x": state}, {"old.name@x": "U1"})) == {"old.name@x"}
	}
}

test_an_account_that_stays_as_it_is_or_that_is_imported_is_judged if {
	account := {"state": "enabled", "id": "u1", "user_id": "u1", "user_principal_name": "bg@x"}
	every actions in [["no-op"], ["update"], ["delete", "create"], ["create", "delete"]] {
		values(plans.change("entramfa_user_mfa_state", actions, account, account)) == {"bg@x"}
	}
}

test_a_person_who_is_not_known_is_an_objection if {
	values(plans.unknown(one({}), {"user_id": true, "id": true})) == {"user_id", "id"}
	values(plans.unknown(one({}), {"user_principal_name": true})) == {"user_principal_name"}
	values(plans.unknown(many({}, {}), {"users": true})) == {"users"}
	values(plans.unknown(many({"adele@x": "enabled"}, {}), {"user_ids": {"adele@x": true}})) == {"user_ids"}
	values(plans.unknown(one({"state": "disabled"}), {"user_id": true})) == set()
}

new_map(users, digest) := plans.unknown(
	plans.change("entramfa_user_mfa_states", ["create"], null, object.union({"users": users}, digest)),
	{"user_ids": true, "effective_states": true},
)

test_a_new_map_is_judged_by_its_keys if {
	values(new_map({"adele@x": "enabled"}, {"created_for_sha256": "1f"})) == set()
	values(new_map({"BG@x": "enabled", "u1": "enabled"}, {"created_for_sha256": "1f"})) == {"BG@x", "u1"}
	values(new_map({"adele@x": "enabled"}, {})) == {"user_ids"}
	updated := plans.change("entramfa_user_mfa_states", ["update"], {"users": {}}, {"users": {"adele@x": "enabled"}, "created_for_sha256": "1f"})
	values(plans.unknown(updated, {"user_ids": true})) == {"user_ids"}
	values(plans.unknown(new_map({"adele@x": "enabled"}, {}), {"users": {"adele@x": true}})) == {"users"}
}

test_an_account_whose_state_is_not_known_is_an_objection if {
	account := object.remove(one({"user_principal_name": "bg@x"}).change.after, ["state"])
	values(plans.unknown(plans.change("entramfa_user_mfa_state", ["create"], null, account), {"state": true})) == {"bg@x"}
	values(plans.unknown(many({}, {"bg@x": "u1"}), {"users": {"bg@x": true}})) == {"bg@x", "users"}
}

test_what_is_not_there_is_an_objection if {
	values(plans.change("entramfa_user_mfa_states", ["create"], null, {"user_ids": {}})) == {"users"}
	values(plans.change("entramfa_user_mfa_state", ["create"], null, {"state": "enabled"})) == {"user_id, user_principal_name"}
	values(plans.change("entramfa_user_mfa_state", ["create"], null, {"user_id": "a"})) == {"state"}
}
