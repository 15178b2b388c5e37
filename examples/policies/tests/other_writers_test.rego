package entramfa.tests.other_writers

import data.entramfa.rules.other_writers as rule
import data.entramfa.tests.plans

values(change) := found if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	found := plans.values(deny)
}

create(type, after) := plans.change(type, ["create"], null, after)

test_other_resources_pass if {
	values(create("other", {"url": "users/100%/authentication"})) == set()
	values(create("azuread_user", {"user_principal_name": "a@x"})) == set()
	values(create("msgraph_resource", {"url": "users", "body": {"displayName": "perUserMfa"}})) == set()
	values(create("msgraph_update_resource", {
		"url": "policies/authenticationMethodsPolicy/authenticationMethodConfigurations/fido2",
		"body": {"state": "enabled"},
	})) == set()
	values(create("entramfa_registration_policy", {"id": "authenticationMethodsPolicy"})) == set()
	values(plans.change("msgraph_update_resource", ["delete"], {"url": "policies/authenticationMethodsPolicy"}, null)) == set()
	values(object.union(create("msgraph_resource", {"url": "policies/authenticationMethodsPolicy"}), {"mode": "data"})) == set()
}

test_another_way_to_the_campaign_or_to_the_state_of_users_is_an_objection if {
	every type, after in {
		"msgraph_update_resource": {"url": "Policies/AuthenticationMethodsPolicy", "body": {}},
		"msgraph_resource_action": {"resource_url": "users/1/authentication/requirements", "method": "PATCH"},
		"restapi_object": {"path": "/beta/policies/authenticationMethodsPolicy?x=y", "data": "{}"},
		"escaped": {"data": `{"requests": [{"url": "\/users\/1\/\u0061uthentication\/requirements"}]}`},
		"encoded": {"url": "policies/authentication%4DethodsPolicy"},
		"http_request": {"data": `{"requests": [{"url": "/users/1/authentication/requirements"}]}`},
		"microsoft365_graph_beta_identity_and_access_authentication_methods_policy": {"state": "x"},
	} {
		values(create(type, after)) == {type}
	}
}

test_an_address_that_is_not_known_is_an_objection if {
	values(plans.unknown(create("msgraph_resource", {}), {"url": true})) == {"url"}
	values(plans.unknown(create("restapi_object", {}), {"path": true, "id": true})) == {"path"}
	values(plans.unknown(create("azuread_application", {}), {"url": true})) == set()
}
