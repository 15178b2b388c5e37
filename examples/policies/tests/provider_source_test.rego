package entramfa.tests.provider_source

import data.entramfa.rules.provider_source as rule
import data.entramfa.tests.plans

values(change) := found if {
	deny := rule.deny with data.parameters as plans.parameters with input as plans.plan([change])
	found := plans.values(deny)
}

of(type, source) := object.union(plans.change(type, ["create"], null, {}), {"provider_name": source})

allowed := "registry.terraform.io/mfa-as-code/entramfa"

test_resources_of_the_provider_and_other_resources_pass if {
	values(of("entramfa_trusted_ips", allowed)) == set()
	values(of("azuread_user", "registry.terraform.io/hashicorp/azuread")) == set()
	values(object.union(of("entramfa_tenant", allowed), {"mode": "data"})) == set()
	values(object.remove(of("entramfa_trusted_ips", ""), ["provider_name"])) == set()
}

test_the_same_type_from_another_source_is_an_objection if {
	every source in [
		"registry.terraform.io/evil/entramfa",
		"registry.example.com/mfa-as-code/entramfa",
		"registry.terraform.io/mfa-as-code/entramfa2",
	] {
		values(of("entramfa_user_mfa_state", source)) == {source}
		values(object.union(of("entramfa_user_mfa_state", source), {"mode": "data"})) == {source}
	}
}

test_a_type_that_no_rule_judges_is_an_objection if {
	values(of("entramfa_trusted_ips_2", allowed)) == {"entramfa_trusted_ips_2"}
	values(of("other_trusted_ips", allowed)) == {"other_trusted_ips"}
}
