package graphapi

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/store"
)

const namedLocationType = "microsoft.graph.namedLocation"

// namedLocations are the named locations of Conditional Access, of IP ranges or of countries.
var namedLocations = &store.Collection[control.NamedLocation]{
	ID:        func(l control.NamedLocation) string { return l.ID },
	DeletedAt: func(l *control.NamedLocation) **time.Time { return &l.DeletedDateTime },
	Limit:     control.MaxIPNamedLocations,
	Counts:    func(l control.NamedLocation) bool { return l.Kind() == control.TypeIPNamedLocation },
}

// https://learn.microsoft.com/graph/api/resources/namedlocation
// https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations
// https://learn.microsoft.com/graph/api/ipnamedlocation-update
// https://learn.microsoft.com/graph/api/countrynamedlocation-update
// https://learn.microsoft.com/graph/api/namedlocation-delete
func init() {
	nameType[control.NamedLocation](namedLocationType)
	nameType[control.IPRange]("microsoft.graph.ipRange")
	addCollection(conditionalAccess(collection[control.NamedLocation]{
		data: namedLocations, one: "named location", many: "named locations",
		write: writeNamedLocations,
		entity: odata.Type[control.NamedLocation]{
			Name: namedLocationType,
			Properties: map[string]func(control.NamedLocation) any{
				"id":               func(l control.NamedLocation) any { return l.ID },
				"displayName":      func(l control.NamedLocation) any { return l.DisplayName },
				"createdDateTime":  func(l control.NamedLocation) any { return dateTime(l.CreatedDateTime) },
				"modifiedDateTime": func(l control.NamedLocation) any { return dateTime(l.ModifiedDateTime) },
				"deletedDateTime":  func(l control.NamedLocation) any { return dateTime(l.DeletedDateTime) },
			},
			Derived: []string{"microsoft.graph.ipNamedLocation", "microsoft.graph.countryNamedLocation"},
			TypeOf:  func(l control.NamedLocation) string { return withoutHash(l.Type) },
		},
		selects: []string{
			"microsoft.graph.ipNamedLocation/ipRanges", "microsoft.graph.ipNamedLocation/isTrusted",
			"microsoft.graph.countryNamedLocation/countriesAndRegions",
			"microsoft.graph.countryNamedLocation/includeUnknownCountriesAndRegions",
			"microsoft.graph.countryNamedLocation/countryLookupMethod",
		},
		object:    namedLocationObject,
		normalize: (*control.NamedLocation).Normalize,
		modified:  func(l *control.NamedLocation) **time.Time { return &l.ModifiedDateTime },
		validate:  (*control.NamedLocation).Validate,
		invalid:   func(message string) *refusal { return badRequest(message).as(control.CaseInvalidLocation) },
		checkBody: checkLocationBody,
		changeable: func(location control.NamedLocation, body map[string]any) *refusal {
			if body["@odata.type"] == location.Type {
				return nil
			}
			return badRequest("The type of a named location cannot be changed from '" + location.Type + "'.").as(control.CaseLocationKind)
		},
		removable: removableLocation,
		limited:   limited{inGraph: "IP named locations", inFile: "IP locations", name: control.CaseLocationLimit},
		file: fileOf[control.NamedLocation]{
			member:   "namedLocations",
			field:    func(t *control.Tenant) *[]control.NamedLocation { return &t.NamedLocations },
			binField: func(t *control.Tenant) *[]control.NamedLocation { return &t.DeletedNamedLocations },
		},
		overwrite: becomeOtherKind,
		pinned: func(tx *store.Tx, location control.NamedLocation) string {
			policy := policyNaming(tx, location.ID)
			if policy == nil {
				return ""
			}
			return "the policy " + policy.DisplayName + " (" + policy.ID + ") names the location; delete it first"
		},
	}, "namedLocations"))
}

// namedLocationObject is a location as Graph writes it, with the properties of its kind.
func namedLocationObject(location control.NamedLocation) map[string]any {
	object := map[string]any{
		"@odata.type":      location.Type,
		"id":               location.ID,
		"displayName":      location.DisplayName,
		"createdDateTime":  dateTime(location.CreatedDateTime),
		"modifiedDateTime": dateTime(location.ModifiedDateTime),
		"deletedDateTime":  dateTime(location.DeletedDateTime),
	}
	if location.Type == control.TypeIPNamedLocation {
		object["isTrusted"] = location.IsTrusted
		object["ipRanges"] = orEmpty(location.IPRanges)
		return object
	}
	object["countriesAndRegions"] = orEmpty(location.CountriesAndRegions)
	object["includeUnknownCountriesAndRegions"] = location.IncludeUnknownCountriesAndRegions
	object["countryLookupMethod"] = location.CountryLookupMethod
	return object
}

// checkLocationBody checks the types, which have to be there: of the location and of each range.
func checkLocationBody(tx *store.Tx, body map[string]any) *refusal {
	refuse := func(refused *refusal) *refusal { return refused.as(control.CaseInvalidLocation) }
	kind, _ := body["@odata.type"].(string)
	var foreign []string
	switch kind {
	case "":
		return refuse(badRequest("The annotation '@odata.type' is missing: '" + namedLocationType + "' is abstract."))
	case control.TypeIPNamedLocation:
		foreign = []string{"countriesAndRegions", "includeUnknownCountriesAndRegions", "countryLookupMethod"}
	case control.TypeCountryNamedLocation:
		foreign = []string{"ipRanges", "isTrusted"}
	default:
		return refuse(badRequest("The type '" + kind + "' is not a type derived from '" + namedLocationType + "'."))
	}
	for _, name := range foreign {
		if _, found := body[name]; found {
			return refuse(unknownProperty(name, withoutHash(kind)))
		}
	}
	ranges, _ := body["ipRanges"].([]any)
	for i, item := range ranges {
		object, _ := item.(map[string]any)
		if _, typed := object["@odata.type"]; !typed {
			return refuse(badRequest(fmt.Sprintf("The annotation '@odata.type' is missing at ipRanges[%d]: 'microsoft.graph.ipRange' is abstract.", i)))
		}
		if address, _ := object["cidrAddress"].(string); tx.Behavior().ConditionalAccess.AcceptIPv6AsIPv4 && strings.Contains(address, ":") {
			object["@odata.type"] = control.TypeIPv6CIDRRange
		}
	}
	return nil
}

// removableLocation refuses to delete a location that is trusted, or that a policy names.
func removableLocation(tx *store.Tx, record *store.Record[control.NamedLocation]) *refusal {
	location, behavior := record.Value(), tx.Behavior()
	trusted := location.IsTrusted
	if !trusted && behavior.ReplicaLag.LagChecks && record.Before().IsTrusted {
		trusted = record.Outdated(tx)
	}
	if trusted {
		return badRequest("A trusted named location cannot be deleted. Set isTrusted to false first.").as(control.CaseTrustedLocation)
	}
	if policy := policyNaming(tx, location.ID); policy != nil && !behavior.ConditionalAccess.AllowDeleteInUse {
		return badRequest("The named location is referenced by the conditional access policy '" + policy.DisplayName +
			"' (" + policy.ID + ") and cannot be deleted.").as(control.CaseLocationInUse)
	}
	return nil
}

// policyNaming returns a policy that names the location, or nil.
func policyNaming(tx *store.Tx, locationID string) *control.ConditionalAccessPolicy {
	for _, policy := range accessPolicies.Values(tx, false) {
		if slices.Contains(policy.LocationIDs(), strings.ToLower(locationID)) {
			return &policy
		}
	}
	return nil
}

// becomeOtherKind drops what the other kind does not have. Only the control API can change the kind.
func becomeOtherKind(location *control.NamedLocation, changes map[string]any) {
	kind, named := changes["@odata.type"].(string)
	if !named || kind == location.Type {
		return
	}
	location.Type, location.IsTrusted, location.IPRanges = kind, false, nil
	location.CountriesAndRegions, location.IncludeUnknownCountriesAndRegions, location.CountryLookupMethod = nil, false, ""
}
