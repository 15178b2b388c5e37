package control

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Kinds of named locations and of their ranges, as @odata.type spells them.
const (
	TypeIPNamedLocation      = "#microsoft.graph.ipNamedLocation"
	TypeCountryNamedLocation = "#microsoft.graph.countryNamedLocation"
	TypeIPv4CIDRRange        = "#microsoft.graph.iPv4CidrRange"
	TypeIPv6CIDRRange        = "#microsoft.graph.iPv6CidrRange"
)

// How a country is found.
const (
	LookupClientIPAddress      = "clientIpAddress"
	LookupAuthenticatorAppGPS  = "authenticatorAppGps"
	defaultCountryLookupMethod = LookupClientIPAddress
)

// Limits of named locations.
//
// https://learn.microsoft.com/entra/identity/conditional-access/concept-assignment-network
const (
	MaxIPNamedLocations = 195
	MaxIPRanges         = 2000
	// A range must be narrower than this.
	widestPrefix = 8
)

// NamedLocation is a named location of Conditional Access, of one of two kinds, in the shape that Graph gives it.
type NamedLocation struct {
	ID string `json:"id,omitempty"`
	// Type is [TypeIPNamedLocation] or [TypeCountryNamedLocation]; when it is empty, the lists tell the kind.
	Type             string     `json:"@odata.type,omitempty"`
	DisplayName      string     `json:"displayName"`
	CreatedDateTime  *time.Time `json:"createdDateTime,omitempty"`
	ModifiedDateTime *time.Time `json:"modifiedDateTime,omitempty"`
	// DeletedDateTime is set in the bin only.
	DeletedDateTime *time.Time `json:"deletedDateTime,omitempty"`

	// IsTrusted and IPRanges are an IP location's.
	IsTrusted bool      `json:"isTrusted,omitempty"`
	IPRanges  []IPRange `json:"ipRanges,omitempty"`

	// CountriesAndRegions and what follows are a country location's; the countries are codes of two letters.
	CountriesAndRegions               []string `json:"countriesAndRegions,omitempty"`
	IncludeUnknownCountriesAndRegions bool     `json:"includeUnknownCountriesAndRegions,omitempty"`
	// CountryLookupMethod is [LookupClientIPAddress] when empty.
	CountryLookupMethod string `json:"countryLookupMethod,omitempty"`
}

// IPRange is a range of an IP location. It keeps the spelling in which it was written.
type IPRange struct {
	// Type is [TypeIPv4CIDRRange] or [TypeIPv6CIDRRange]; when it is empty, the address tells the type.
	Type        string `json:"@odata.type,omitempty"`
	CIDRAddress string `json:"cidrAddress"`
}

// NamedLocationPatch names what to change in a location; nil fields stay as they are, and every list is replaced as a
// whole. A location can even become one of the other kind, which Graph itself does not allow: what the other kind does
// not have is dropped.
type NamedLocationPatch struct {
	Type                              *string    `json:"@odata.type,omitempty"`
	DisplayName                       *string    `json:"displayName,omitempty"`
	IsTrusted                         *bool      `json:"isTrusted,omitempty"`
	IPRanges                          *[]IPRange `json:"ipRanges,omitempty"`
	CountriesAndRegions               *[]string  `json:"countriesAndRegions,omitempty"`
	IncludeUnknownCountriesAndRegions *bool      `json:"includeUnknownCountriesAndRegions,omitempty"`
	CountryLookupMethod               *string    `json:"countryLookupMethod,omitempty"`
}

// NewIPNamedLocation returns an IP location with the given ranges.
func NewIPNamedLocation(displayName string, trusted bool, ranges ...string) NamedLocation {
	location := NamedLocation{Type: TypeIPNamedLocation, DisplayName: displayName, IsTrusted: trusted}
	for _, address := range ranges {
		location.IPRanges = append(location.IPRanges, IPRange{CIDRAddress: address})
	}
	for i := range location.IPRanges {
		location.IPRanges[i].Normalize()
	}
	return location
}

// NewCountryNamedLocation returns a location of the given countries, codes of two letters.
func NewCountryNamedLocation(displayName string, countries ...string) NamedLocation {
	return NamedLocation{
		Type: TypeCountryNamedLocation, DisplayName: displayName, CountriesAndRegions: countries,
		CountryLookupMethod: defaultCountryLookupMethod,
	}
}

// Kind is the type of the location; where it is not told, the lists tell it.
func (l NamedLocation) Kind() string {
	switch {
	case l.Type != "":
		return l.Type
	case len(l.CountriesAndRegions) > 0:
		return TypeCountryNamedLocation
	}
	return TypeIPNamedLocation
}

// Normalize fills in what a location may leave out: the id, the types, the dates and the lookup method.
func (l *NamedLocation) Normalize(now time.Time) {
	if l.ID == "" {
		l.ID = uuid.NewString()
	}
	l.ID = strings.ToLower(l.ID)
	l.Type = l.Kind()
	for i := range l.IPRanges {
		l.IPRanges[i].Normalize()
	}
	if l.Type == TypeCountryNamedLocation && l.CountryLookupMethod == "" {
		l.CountryLookupMethod = defaultCountryLookupMethod
	}
	if l.CreatedDateTime == nil {
		l.CreatedDateTime = new(now.UTC())
	}
	if l.ModifiedDateTime == nil {
		l.ModifiedDateTime = l.CreatedDateTime
	}
}

// Normalize fills in the type.
func (r *IPRange) Normalize() {
	if r.Type != "" {
		return
	}
	r.Type = TypeIPv4CIDRRange
	if strings.Contains(r.CIDRAddress, ":") {
		r.Type = TypeIPv6CIDRRange
	}
}

// Validate checks one location by itself.
func (l *NamedLocation) Validate() error {
	var problems []error
	report := func(place, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
	}
	if l.ID != "" && !IsGUID(l.ID) {
		report("id", "%q is not a GUID", l.ID)
	}
	if strings.TrimSpace(l.DisplayName) == "" {
		report("displayName", "must not be empty")
	}
	switch l.Kind() {
	case TypeIPNamedLocation:
		if len(l.CountriesAndRegions) > 0 || l.IncludeUnknownCountriesAndRegions || l.CountryLookupMethod != "" {
			report("countriesAndRegions", "an IP location has no countries")
		}
		problems = append(problems, l.rangeProblems()...)
	case TypeCountryNamedLocation:
		if len(l.IPRanges) > 0 || l.IsTrusted {
			report("ipRanges", "a country location has no ranges and cannot be trusted")
		}
		problems = append(problems, l.countryProblems()...)
	default:
		report("@odata.type", "%q is neither %s nor %s", l.Type, TypeIPNamedLocation, TypeCountryNamedLocation)
	}
	return errors.Join(problems...)
}

func (l *NamedLocation) rangeProblems() []error {
	switch {
	case len(l.IPRanges) == 0:
		return []error{errors.New("ipRanges: must not be empty")}
	case len(l.IPRanges) > MaxIPRanges:
		return []error{fmt.Errorf("ipRanges: %d ranges; a location can have %d", len(l.IPRanges), MaxIPRanges)}
	}
	var problems []error
	for i := range l.IPRanges {
		if err := l.IPRanges[i].Validate(); err != nil {
			problems = append(problems, Prefixed(fmt.Sprintf("ipRanges[%d]", i), err)...)
		}
	}
	return problems
}

func (l *NamedLocation) countryProblems() []error {
	var problems []error
	if len(l.CountriesAndRegions) == 0 {
		problems = append(problems, errors.New("countriesAndRegions: must not be empty"))
	}
	for i, country := range l.CountriesAndRegions {
		if len(country) != 2 || strings.Trim(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			problems = append(problems, fmt.Errorf("countriesAndRegions[%d]: %q is not a country code of two capital letters", i, country))
		}
	}
	switch l.CountryLookupMethod {
	case "", LookupClientIPAddress, LookupAuthenticatorAppGPS:
	default:
		problems = append(problems, fmt.Errorf("countryLookupMethod: %q is neither %s nor %s", l.CountryLookupMethod,
			LookupClientIPAddress, LookupAuthenticatorAppGPS))
	}
	return problems
}

// Validate checks one range by itself. Host bits and any spelling of an IPv6 address are fine.
func (r *IPRange) Validate() error {
	version := 4
	switch r.Type {
	case TypeIPv4CIDRRange:
	case TypeIPv6CIDRRange:
		version = 6
	case "":
		if strings.Contains(r.CIDRAddress, ":") {
			version = 6
		}
	default:
		return fmt.Errorf("@odata.type: %q is neither %s nor %s", r.Type, TypeIPv4CIDRRange, TypeIPv6CIDRRange)
	}
	prefix, err := netip.ParsePrefix(r.CIDRAddress)
	if err != nil || prefix.Addr().Is4() != (version == 4) {
		return fmt.Errorf("cidrAddress: %q is not an IPv%d range in CIDR notation", r.CIDRAddress, version)
	}
	if prefix.Bits() <= widestPrefix {
		return fmt.Errorf("cidrAddress: %q is too wide; the mask must be longer than /%d", r.CIDRAddress, widestPrefix)
	}
	return nil
}
