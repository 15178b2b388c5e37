package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/odata"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/wire"
)

const namedLocationType = "microsoft.graph.namedLocation"

// namedLocations are the named locations of Conditional Access.
//
// https://learn.microsoft.com/graph/api/resources/namedlocation
var namedLocations = accessKind[control.NamedLocation]{
	segment: "namedLocations",
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
		TypeOf:  func(l control.NamedLocation) string { return strings.TrimPrefix(l.Type, "#") },
	},
	selects: []string{
		"microsoft.graph.ipNamedLocation/ipRanges", "microsoft.graph.ipNamedLocation/isTrusted",
		"microsoft.graph.countryNamedLocation/countriesAndRegions",
		"microsoft.graph.countryNamedLocation/includeUnknownCountriesAndRegions",
		"microsoft.graph.countryNamedLocation/countryLookupMethod",
	},
	records:   func(d *directory) *[]*versioned[control.NamedLocation] { return &d.locations },
	id:        func(l control.NamedLocation) string { return l.ID },
	deletedAt: func(l *control.NamedLocation) **time.Time { return &l.DeletedDateTime },
	object:    namedLocationObject,
	write:     writeNamedLocations,
}

// locationReadOnly are the properties of a location that the service alone writes.
var locationReadOnly = []string{"id", "createdDateTime", "modifiedDateTime", "deletedDateTime"}

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

// locationBody reads the body of a write to a location. The types have to be there, of the location and of each range.
func locationBody(req *graphRequest) (map[string]any, *graphError) {
	body, refusal := entityBody[control.NamedLocation](req, bodyRules{readOnly: locationReadOnly})
	if refusal != nil {
		return nil, refusal
	}
	kind, _ := body["@odata.type"].(string)
	var foreign []string
	switch kind {
	case "":
		return nil, badRequest("The annotation '@odata.type' is missing: '" + namedLocationType + "' is abstract.")
	case control.TypeIPNamedLocation:
		foreign = []string{"countriesAndRegions", "includeUnknownCountriesAndRegions", "countryLookupMethod"}
	case control.TypeCountryNamedLocation:
		foreign = []string{"ipRanges", "isTrusted"}
	default:
		return nil, badRequest("The type '" + kind + "' is not a type derived from '" + namedLocationType + "'.")
	}
	for _, name := range foreign {
		if _, found := body[name]; found {
			return nil, badRequest("The property '" + name + "' does not exist on type '" + strings.TrimPrefix(kind, "#") +
				"'. Make sure to only use property names that are defined by the type.")
		}
	}
	ranges, _ := body["ipRanges"].([]any)
	for i, item := range ranges {
		object, _ := item.(map[string]any)
		if _, typed := object["@odata.type"]; !typed {
			return nil, badRequest(fmt.Sprintf("The annotation '@odata.type' is missing at ipRanges[%d]: 'microsoft.graph.ipRange' is abstract.", i))
		}
	}
	return body, nil
}

// createNamedLocation answers POST /identity/conditionalAccess/namedLocations.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-post-namedlocations
func (s *Server) createNamedLocation(req *graphRequest, _ odata.Query) (*wire.Response, error) {
	body, refusal := locationBody(req)
	if refusal != nil {
		return nil, refusal.as(control.CaseInvalidLocation)
	}
	location := recoded[control.NamedLocation](body)
	if err := location.Validate(); err != nil {
		return nil, badRequest(err.Error()).as(control.CaseInvalidLocation)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkLocationLimit(*location); err != nil {
		return nil, err
	}
	record := s.directory.addLocation(*location, s.now())
	record.created = s.creationLag()
	return namedLocations.created(s, req, record.value), nil
}

// checkLocationLimit refuses one IP location too many. It wants the server's lock.
func (s *Server) checkLocationLimit(location control.NamedLocation) *graphError {
	count := 0
	for _, other := range s.directory.locations {
		if !other.gone && other.value.Type == control.TypeIPNamedLocation {
			count++
		}
	}
	if location.Type != control.TypeIPNamedLocation || count < control.MaxIPNamedLocations {
		return nil
	}
	return badRequest(fmt.Sprintf("The tenant has %d IP named locations already, which is the limit.", count)).as(control.CaseLocationLimit)
}

// checkRestoredLocation says whether a location can come back. It wants the server's lock.
func (s *Server) checkRestoredLocation(location control.NamedLocation) *graphError {
	return s.checkLocationLimit(location)
}

// patchNamedLocation answers PATCH /identity/conditionalAccess/namedLocations/{id}. A list is replaced as a whole.
//
// https://learn.microsoft.com/graph/api/ipnamedlocation-update
// https://learn.microsoft.com/graph/api/countrynamedlocation-update
func (s *Server) patchNamedLocation(req *graphRequest, id string) (*wire.Response, error) {
	body, refusal := locationBody(req)
	if refusal != nil {
		return nil, refusal.as(control.CaseInvalidLocation)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// A write goes to the primary, which knows a location from the moment of its creation.
	record := namedLocations.find(s.directory, id, false)
	if record == nil {
		return nil, unknownAccessObject(id)
	}
	if body["@odata.type"] != record.value.Type {
		return nil, badRequest("The type of a named location cannot be changed from '" + record.value.Type + "'.").as(control.CaseLocationKind)
	}
	changed := recoded[control.NamedLocation](overlay(properties(record.value), body, 0))
	if err := changed.Validate(); err != nil {
		return nil, badRequest(err.Error()).as(control.CaseInvalidLocation)
	}
	changed.ModifiedDateTime = new(s.now().UTC())
	record.update(*changed, newLag(s.behavior.ReplicaLag, s.now()))
	return wire.JSON(http.StatusNoContent, nil), nil
}

// deleteNamedLocation answers DELETE /identity/conditionalAccess/namedLocations/{id}: the location goes into the bin,
// unless it is trusted or a policy names it.
//
// https://learn.microsoft.com/graph/api/namedlocation-delete
func (s *Server) deleteNamedLocation(_ *graphRequest, id string) (*wire.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record := namedLocations.find(s.directory, id, false)
	if record == nil {
		return nil, unknownAccessObject(id)
	}
	trusted := record.value.IsTrusted
	if !trusted && s.behavior.ReplicaLag.LagChecks && record.old.IsTrusted {
		trusted = record.updated.stale(s.now())
	}
	if trusted {
		return nil, badRequest("A trusted named location cannot be deleted. Set isTrusted to false first.").as(control.CaseTrustedLocation)
	}
	if policy := s.directory.policyNaming(id); policy != nil && !s.behavior.ConditionalAccess.AllowDeleteInUse {
		return nil, badRequest("The named location is referenced by the conditional access policy '" + policy.DisplayName +
			"' (" + policy.ID + ") and cannot be deleted.").as(control.CaseLocationInUse)
	}
	namedLocations.discard(record, s.deletionLag(), s.now())
	return wire.JSON(http.StatusNoContent, nil), nil
}

// policyNaming returns a policy that names the location, or nil.
func (d *directory) policyNaming(locationID string) *control.ConditionalAccessPolicy {
	for _, record := range d.accessPolicies {
		if !record.gone && slices.Contains(record.value.LocationIDs(), strings.ToLower(locationID)) {
			return &record.value
		}
	}
	return nil
}

func (d *directory) addLocation(location control.NamedLocation, now time.Time) *versioned[control.NamedLocation] {
	location.Normalize(now)
	record := &versioned[control.NamedLocation]{value: location, gone: location.DeletedDateTime != nil}
	d.locations = append(d.locations, record)
	return record
}
