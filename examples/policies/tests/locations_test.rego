package entramfa.tests.locations

import data.entramfa.rules.newly_trusted_addresses
import data.entramfa.rules.trusted_range_width
import data.entramfa.tests.plans

create(type, after) := plans.change(type, ["create"], null, after)

too_wide(change) := plans.values(deny) if {
	deny := trusted_range_width.deny with data.parameters as plans.parameters with input as plans.plan([change])
}

counted(changes) := {objection.reason | some objection in deny} if {
	deny := newly_trusted_addresses.deny with data.parameters as plans.parameters with input as plans.plan(changes)
}

azuread(ranges, trusted) := {"display_name": "Office", "ip": [{"ip_ranges": ranges, "trusted": trusted}], "country": []}

graph(ranges, trusted) := {"isTrusted": trusted, "ipRanges": [{"cidrAddress": range} | some range in ranges]}

# The same location as different providers have it, by their documentation.
of_others(ranges, trusted) := {
	"azuread_named_location": azuread(ranges, trusted),
	"microsoft365_graph_beta_identity_and_access_named_location": {"is_trusted": trusted, "ipv4_ranges": ranges, "ipv6_ranges": null},
	"msgraph_resource": {"url": "identity/conditionalAccess/namedLocations", "body": graph(ranges, trusted)},
	"msgraph_update_resource": {"url": "/identity/conditionalaccess/namedlocations/1", "body": graph(ranges, trusted)},
	"restapi_object": {"path": "/identity/conditionalAccess/namedLocations", "data": json.marshal(graph(ranges, trusted))},
}

test_a_narrow_range_or_one_without_trust_passes_with_every_provider if {
	every type, after in of_others(["203.0.113.0/24"], true) {
		too_wide(create(type, after)) == set()
	}
	every type, after in of_others(["203.0.0.0/8"], false) {
		too_wide(create(type, after)) == set()
		counted([create(type, after)]) == set()
	}
	too_wide(create("azuread_named_location", {"ip": [], "country": [{"countries_and_regions": ["CH"]}]})) == set()
	too_wide(create("msgraph_resource", {
		"url": "identity/conditionalAccess/namedLocations",
		"body": {"countriesAndRegions": ["CH"]},
	})) == set()
	too_wide(create("msgraph_resource", {
		"url": "identity/conditionalAccess/namedLocations",
		"body": graph(["203.0.0.0/8"], false),
		"ignore_missing_property": true,
	})) == set()
	too_wide(plans.change("msgraph_resource", ["delete"], {"url": "identity/conditionalAccess/namedLocations"}, null)) == set()
	too_wide(create("azuread_group", {"description": "who looks after namedLocations"})) == set()
}

test_a_wide_trusted_range_is_an_objection_with_every_provider if {
	every type, after in of_others(["203.0.0.0/9", "198.51.100.1"], true) {
		too_wide(create(type, after)) == {"203.0.0.0/9"}
		counted([create(type, after)]) == {sprintf(
			"The plan newly trusts 8388609 IPv4 addresses, and 512 are allowed at a time: %s.x (8388609)",
			[type],
		)}
	}
}

test_a_range_that_moves_from_another_provider_is_nothing_new if {
	before := plans.change("azuread_named_location", ["delete"], azuread(["203.0.0.0/16"], true), null)
	after := create("entramfa_trusted_ips", {"ip_ranges": ["203.0.0.0/16"]})
	counted([before, after]) == set()
	untrusted := plans.change("azuread_named_location", ["delete"], azuread(["203.0.0.0/16"], false), null)
	count(counted([untrusted, after])) == 1
}

# What one tenant trusts is new in another.
test_a_range_is_new_in_each_tenant if {
	before := plans.change("entramfa_trusted_ips", ["no-op"], {"ip_ranges": ["203.0.0.0/16"], "trusted": true}, {"ip_ranges": ["203.0.0.0/16"]})
	after := object.union(create("entramfa_trusted_ips", {"ip_ranges": ["203.0.0.0/16"]}), {"address": "entramfa_trusted_ips.y"})
	counted([before, after]) == set()
	plan := plans.configured([before, after], [], {
		"entramfa": {"full_name": "a/b/entramfa"},
		"entramfa.other": {"full_name": "a/b/entramfa", "alias": "other"},
		"azuread": {"full_name": "a/b/azuread"},
	})
	deny := newly_trusted_addresses.deny with data.parameters as plans.parameters with input as plan
	{objection.reason | some objection in deny} == {concat("", [
		"The plan newly trusts 65536 IPv4 addresses, and 512 are allowed at a time: ",
		"entramfa_trusted_ips.y (65536)",
	])}
}

test_what_hides_a_location_is_an_objection if {
	location := create("azuread_named_location", {"ip": [{"trusted": true}]})
	too_wide(plans.unknown(location, {"ip": [{"ip_ranges": true}], "id": true})) == {"ip"}
	generic := create("msgraph_resource", {"url": "identity/conditionalAccess/namedLocations"})
	too_wide(plans.unknown(generic, {"body": true})) == {"body"}
	too_wide(generic) == {"the body"}
	too_wide(create("entramfa_trusted_ips", {"ip_ranges": null})) == {"ip_ranges"}
	too_wide(create("entramfa_trusted_ips", {})) == {"ip_ranges"}
}

test_ranges_of_others_may_be_sensitive if {
	change := plans.sensitive(create("azuread_named_location", azuread(["203.0.0.0/9"], true)), {"ip": [{"ip_ranges": [true]}]})
	deny := trusted_range_width.deny with data.parameters as plans.parameters with input as plans.plan([change])
	{objection.sensitive | some objection in deny} == {true}
}

single(range) := {"location_id": "1", "ip_range": range}

test_a_single_range_is_judged_as_those_of_a_location if {
	too_wide(create("entramfa_trusted_ip_range", single("203.0.113.0/24"))) == set()
	too_wide(create("entramfa_trusted_ip_range", single("203.0.0.0/9"))) == {"203.0.0.0/9"}
	too_wide(create("entramfa_trusted_ip_range", single("an office"))) == {"an office"}
	too_wide(plans.change("entramfa_trusted_ip_range", ["delete"], single("203.0.0.0/9"), null)) == set()
	counted([create("entramfa_trusted_ip_range", single("203.0.0.0/9"))]) == {sprintf(
		"The plan newly trusts 8388608 IPv4 addresses, and 512 are allowed at a time: %s.x (8388608)",
		["entramfa_trusted_ip_range"],
	)}
	counted([plans.change("entramfa_trusted_ip_range", ["no-op"], single("203.0.0.0/9"), single("203.0.0.0/9"))]) == set()
}

test_a_single_range_that_is_not_known_is_an_objection if {
	unknown := json.patch(
		create("entramfa_trusted_ip_range", {"location_id": "1"}),
		[{"op": "add", "path": "/change/after_unknown", "value": {"ip_range": true}}],
	)
	deny := trusted_range_width.deny with data.parameters as plans.parameters with input as plans.plan([unknown])
	count(deny) > 0
	missing := create("entramfa_trusted_ip_range", {"location_id": "1"})
	objections := trusted_range_width.deny with data.parameters as plans.parameters with input as plans.plan([missing])
	count(objections) > 0
}
