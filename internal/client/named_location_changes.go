package client

import (
	"slices"
	"strings"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/conditionalaccess"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
)

// LocationChanges is what somebody else has made of a location and a write would undo. The zero value is nothing.
type LocationChanges struct {
	// Kind is what the location is now, where that is another kind than before.
	Kind string
	// Renamed says that the name is another one.
	Renamed bool
	// Untrusted says that the trust was taken away and would be given again; Trusted that it was given and would be taken away.
	Untrusted, Trusted bool
	// Removed is what was removed and would be trusted again, Added what was added and would be removed.
	Removed, Added []iprange.Range
	// Unread are added texts that are no ranges.
	Unread []string
	// CountriesRemoved were removed and would be included again, CountriesAdded were added and would be removed.
	CountriesRemoved, CountriesAdded []string
	// Lookup says that the way to find a country, or what becomes of unknown ones, is neither as before nor as wanted.
	Lookup bool
}

// Any reports whether there is anything.
func (c LocationChanges) Any() bool {
	return c.Kind != "" || c.Renamed || c.Untrusted || c.Trusted || c.Lookup ||
		len(c.Removed)+len(c.Added)+len(c.Unread)+len(c.CountriesRemoved)+len(c.CountriesAdded) > 0
}

// Undoes returns what a write would undo that replaces a location by wanted, or deletes it where wanted is nil: what is
// neither as it was before, when the write was planned, nor as it is to be. Ranges count by the addresses that they cover, so
// that another spelling, order or division is nothing.
func (l NamedLocation) Undoes(before NamedLocation, wanted *NamedLocation) LocationChanges {
	if before.IsCountry() && l.IsCountry() {
		return l.undoesCountries(before, wanted)
	}
	if before.IsCountry() || !l.IsIP() {
		return LocationChanges{Kind: l.Kind}
	}
	had, has, wants := coverOf(before.Ranges), coverOf(l.Ranges), iprange.Cover(nil)
	undone := LocationChanges{
		Renamed: !SameLocationName(l.DisplayName, before.DisplayName) && (wanted == nil || !SameLocationName(l.DisplayName, wanted.DisplayName)),
		Trusted: l.IsTrusted && !before.IsTrusted && (wanted == nil || !wanted.IsTrusted),
	}
	known := slices.Clone(before.Ranges)
	if wanted != nil {
		wants = coverOf(wanted.Ranges)
		known = append(known, wanted.Ranges...)
		undone.Untrusted = !l.IsTrusted && before.IsTrusted && wanted.IsTrusted
		undone.Removed = wants.Without(has).Without(wants.Without(had)).Ranges()
	}
	undone.Added = has.Without(had).Without(wants).Ranges()
	for _, text := range l.Ranges {
		if _, ok := iprange.ReadIPRange(text); !ok && !slices.Contains(known, text) {
			undone.Unread = append(undone.Unread, text)
		}
	}
	return undone
}

func (l NamedLocation) undoesCountries(before NamedLocation, wanted *NamedLocation) LocationChanges {
	undone := LocationChanges{
		Renamed:        !SameLocationName(l.DisplayName, before.DisplayName) && (wanted == nil || !SameLocationName(l.DisplayName, wanted.DisplayName)),
		CountriesAdded: missingCountries(l.Countries, before.Countries),
		Lookup:         l.LookupMethod != before.LookupMethod || l.IncludeUnknown != before.IncludeUnknown,
	}
	if wanted == nil {
		return undone
	}
	undone.CountriesAdded = missingCountries(undone.CountriesAdded, wanted.Countries)
	for _, country := range missingCountries(before.Countries, l.Countries) {
		if conditionalaccess.ContainsFold(wanted.Countries, country) {
			undone.CountriesRemoved = append(undone.CountriesRemoved, country)
		}
	}
	undone.Lookup = l.LookupMethod != before.LookupMethod && l.LookupMethod != wanted.LookupMethod ||
		l.IncludeUnknown != before.IncludeUnknown && l.IncludeUnknown != wanted.IncludeUnknown
	return undone
}

func coverOf(texts []string) iprange.Coverage { return iprange.Cover(iprange.Read(texts)) }

// SameLocationName compares names as people see them: white space around one is not kept everywhere.
func SameLocationName(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }
