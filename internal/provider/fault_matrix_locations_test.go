package provider_test

import "github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"

// locationOperations are the rows of the matrix about named locations: as a whole, of countries, and one range of a location.
func locationOperations() []faultyOperation {
	const (
		whole     = acctest.LocationType
		countries = acctest.CountryType
		oneRange  = acctest.RangeType
		ranges    = "entramfa_trusted_ip_ranges"
	)
	hq := func(texts ...string) map[string]any {
		return map[string]any{"display_name": "HQ", "ip_ranges": acctest.StringList(texts...)}
	}
	const wide, narrow = "203.0.113.0/24", "203.0.113.0/25"
	objects := []string{"named location", "HQ", "Nordics"}
	depot := map[string]any{"display_name": "Depot", "ip_ranges": acctest.StringList("192.0.2.0/28")}
	nordics, italy := acctest.Countries("Nordics", "DK", "NO"), acctest.Countries("Italy", "IT")
	part := acctest.RangeIn(acctest.DepotID, wide)
	return []faultyOperation{
		{name: "location: plan of create", typeName: whole, deed: deedPlan, config: hq(wide), objects: objects},
		{name: "location: create", typeName: whole, deed: deedApply, config: hq(wide), objects: objects},
		{name: "location: read", typeName: whole, deed: deedRead, begin: hq(wide), config: hq(wide), objects: objects},
		{name: "location: plan of update", typeName: whole, deed: deedPlan, begin: hq(wide), config: hq(narrow), objects: objects},
		{name: "location: update", typeName: whole, deed: deedApply, begin: hq(wide), config: hq(narrow), objects: objects},
		{name: "location: plan of delete", typeName: whole, deed: deedPlan, begin: hq(wide), objects: objects},
		{name: "location: delete", typeName: whole, deed: deedApply, begin: hq(wide), objects: objects},
		{name: "location: import", typeName: whole, deed: deedImport, importID: acctest.DepotID, config: depot, objects: objects},
		{name: "location: import by name", typeName: whole, deed: deedImport, importID: "depot", config: depot, objects: objects},

		{name: "countries: plan of create", typeName: countries, deed: deedPlan, config: nordics, objects: objects},
		{name: "countries: create", typeName: countries, deed: deedApply, config: nordics, objects: objects},
		{name: "countries: read", typeName: countries, deed: deedRead, begin: nordics, config: nordics, objects: objects},
		{name: "countries: plan of update", typeName: countries, deed: deedPlan, begin: nordics, config: acctest.Countries("Nordics", "DK"), objects: objects},
		{name: "countries: update", typeName: countries, deed: deedApply, begin: nordics, config: acctest.Countries("Nordics", "DK"), objects: objects},
		{name: "countries: plan of delete", typeName: countries, deed: deedPlan, begin: nordics, objects: objects},
		{name: "countries: delete", typeName: countries, deed: deedApply, begin: nordics, objects: objects},
		{name: "countries: import", typeName: countries, deed: deedImport, importID: acctest.ItalyID, config: italy, objects: objects},
		{name: "countries: import by name", typeName: countries, deed: deedImport, importID: "italy", config: italy, objects: objects},

		// Another range replaces the resource: there is no update.
		{name: "range: plan of create", typeName: oneRange, deed: deedPlan, config: part, objects: objects},
		{name: "range: create", typeName: oneRange, deed: deedApply, config: part, objects: objects},
		{name: "range: read", typeName: oneRange, deed: deedRead, begin: part, config: part, objects: objects},
		{name: "range: plan of delete", typeName: oneRange, deed: deedPlan, begin: part, objects: objects},
		{name: "range: delete", typeName: oneRange, deed: deedApply, begin: part, objects: objects},
		{name: "range: import", typeName: oneRange, deed: deedImport, importID: acctest.DepotID + "/192.0.2.0/28", config: acctest.RangeIn(acctest.DepotID, "192.0.2.0/28"), objects: objects},

		{name: "data: location", typeName: whole, deed: deedData, config: map[string]any{"display_name": "Depot"}, objects: objects},
		{name: "data: trusted ranges", typeName: ranges, deed: deedData, config: map[string]any{}, objects: objects},
		{name: "data: countries", typeName: countries, deed: deedData, config: map[string]any{"display_name": "Italy"}, objects: objects},
	}
}
