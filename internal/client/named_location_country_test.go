package client

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

var nordics = NamedLocation{
	DisplayName: "Nordics", Kind: KindCountryNamedLocation, Countries: []string{"DK", "NO", "SE"}, LookupMethod: LookupClientIPAddress,
}

func TestACountryLocationIsWrittenAndReadAsAWhole(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{}
	c := s.start(t, nil)
	made, _, err := c.CreateNamedLocation(t.Context(), nordics)
	if err != nil || made.ID == "" || !made.Shows(nordics) {
		t.Fatalf("made %+v, error %v", made, err)
	}
	body := s.All()[0].Body
	for _, part := range []string{
		`"@odata.type":"#microsoft.graph.countryNamedLocation"`, `"countriesAndRegions":["DK","NO","SE"]`,
		`"includeUnknownCountriesAndRegions":false`, `"countryLookupMethod":"clientIpAddress"`,
	} {
		if !strings.Contains(body, part) {
			t.Errorf("the body lacks %s: %s", part, body)
		}
	}
	if strings.Contains(body, "isTrusted") || strings.Contains(body, "ipRanges") {
		t.Errorf("the body has what only IP locations have: %s", body)
	}
	wanted := made
	wanted.Countries, wanted.IncludeUnknown, wanted.LookupMethod = []string{"FI"}, true, LookupAuthenticatorAppGPS
	if _, err := c.UpdateNamedLocation(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	got, err := c.GetNamedLocation(t.Context(), made.ID)
	if diff := cmp.Diff(wanted, got, cmpopts.IgnoreFields(NamedLocation{}, "Created", "Modified")); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	if _, err := c.DeleteNamedLocation(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	if n := s.Count("PATCH"); n != 1 {
		t.Errorf("%d PATCH requests: a country location has no trust to take away", n)
	}
}

func TestACountryLocationShowsWhatIsWanted(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*NamedLocation){
		"a country more":    func(l *NamedLocation) { l.Countries = append([]string{"FI"}, l.Countries...) },
		"a country less":    func(l *NamedLocation) { l.Countries = l.Countries[1:] },
		"unknown countries": func(l *NamedLocation) { l.IncludeUnknown = true },
		"another look-up":   func(l *NamedLocation) { l.LookupMethod = LookupAuthenticatorAppGPS },
		"another name":      func(l *NamedLocation) { l.DisplayName = "Norden" },
		"another kind":      func(l *NamedLocation) { l.Kind = KindIPNamedLocation },
	} {
		other := nordics
		change(&other)
		if other.Shows(nordics) || nordics.Shows(other) || other.Same(nordics) {
			t.Errorf("%s is no difference", name)
		}
	}
	respelled := nordics
	respelled.Countries = []string{"se", "DK", "no"}
	if !respelled.Shows(nordics) {
		t.Error("order and case are a difference")
	}
}

func TestAWriteToACountryLocationSaysWhatItUndoes(t *testing.T) {
	t.Parallel()
	wanted := nordics
	wanted.Countries = []string{"DK", "NO", "SE", "IS"}
	for name, c := range map[string]struct {
		change func(*NamedLocation)
		wanted *NamedLocation
		want   LocationChanges
	}{
		"nothing":                      {func(*NamedLocation) {}, &wanted, LocationChanges{}},
		"nothing, deleted":             {func(*NamedLocation) {}, nil, LocationChanges{}},
		"as wanted already":            {func(l *NamedLocation) { l.Countries = wanted.Countries }, &wanted, LocationChanges{}},
		"a country removed":            {func(l *NamedLocation) { l.Countries = []string{"DK", "NO"} }, &wanted, LocationChanges{CountriesRemoved: []string{"SE"}}},
		"a country added":              {func(l *NamedLocation) { l.Countries = append(l.Countries[:3:3], "FI") }, &wanted, LocationChanges{CountriesAdded: []string{"FI"}}},
		"a country added, deleted":     {func(l *NamedLocation) { l.Countries = append(l.Countries[:3:3], "FI") }, nil, LocationChanges{CountriesAdded: []string{"FI"}}},
		"a country removed, deleted":   {func(l *NamedLocation) { l.Countries = []string{"DK"} }, nil, LocationChanges{}},
		"renamed":                      {func(l *NamedLocation) { l.DisplayName = "Norden" }, &wanted, LocationChanges{Renamed: true}},
		"unknown countries":            {func(l *NamedLocation) { l.IncludeUnknown = true }, &wanted, LocationChanges{Lookup: true}},
		"another look-up, deleted":     {func(l *NamedLocation) { l.LookupMethod = LookupAuthenticatorAppGPS }, nil, LocationChanges{Lookup: true}},
		"a location of IP ranges here": {func(l *NamedLocation) { l.Kind = KindIPNamedLocation }, &wanted, LocationChanges{Kind: KindIPNamedLocation}},
	} {
		now := nordics
		c.change(&now)
		if diff := cmp.Diff(c.want, now.Undoes(nordics, c.wanted)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := nordics.Undoes(office, nil); got.Kind != KindCountryNamedLocation {
		t.Errorf("an IP location that became one of countries: %+v", got)
	}
	s := &scriptedLocations{stored: map[string]namedLocation{locationID: nordics.wire()}}
	stored := s.stored[locationID]
	stored.ID = locationID
	s.stored[locationID] = stored
	before := nordics
	before.ID, before.Countries = locationID, []string{"DK"}
	if _, undone, err := s.start(t, nil).NewNamedLocations().UndoneBy(t.Context(), before, nil, graph.Acceptance{}); err != nil || len(undone.CountriesAdded) != 2 {
		t.Errorf("undone is %+v, error %v", undone, err)
	}
}
