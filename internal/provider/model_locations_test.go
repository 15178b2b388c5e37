package provider_test

import (
	"maps"
	"slices"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// nothingUndone checks that of what others have changed in a location after the plan was made, planned, the apply has changed
// nothing: neither the name, nor the trust, nor a range is what it was then and was not in between, or the other way round.
func (m *model) nothingUndone(planned, since, after *control.Tenant, state map[string]acctest.ResourceBlock, report *acctest.Outcome) {
	m.t.Helper()
	has := func(location *control.NamedLocation) map[string]bool {
		facts := map[string]bool{}
		if location != nil {
			facts["called "+location.DisplayName], facts["trusted"] = true, location.IsTrusted
			for _, r := range location.IPRanges {
				facts[iprange.Normalize(r.CIDRAddress)] = true
			}
			for _, code := range location.CountriesAndRegions {
				facts["country "+code] = true
			}
		}
		return facts
	}
	for name, prior := range state {
		id := prior.Text("id", "")
		if !isLocation(prior.TypeName) || locationBy(planned, id) == nil || locationBy(since, id) == nil {
			continue
		}
		was, is, now := has(locationBy(planned, id)), has(locationBy(since, id)), has(locationBy(after, id))
		for fact := range mergedKeys(was, is, now) {
			// A name is one fact that goes and one that comes; that it goes is the same as that another one comes.
			if is[fact] != was[fact] && now[fact] != is[fact] && (len(now) > 0 || is[fact]) {
				m.t.Fatalf("%s: %q was %t when the plan was made, %t before the apply and is %t; the run says:\n%s", name, fact, was[fact], is[fact], now[fact], report)
			}
		}
	}
}

func mergedKeys(sets ...map[string]bool) map[string]bool {
	all := map[string]bool{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

func (m *model) expectLocations(e *forecast, before *control.Tenant, state map[string]acctest.ResourceBlock) {
	for _, location := range before.NamedLocations {
		e.kept[location.ID] = location
	}
	for name, prior := range state {
		if !isLocation(prior.TypeName) {
			continue
		}
		id := prior.Text("id", "")
		_, wanted := m.config[name]
		switch location := locationBy(before, id); {
		case wanted && location != nil:
			e.stays[name] = id
		case location != nil && named(before, id):
			// The refusal comes before anything is written.
			e.stuck[name] = "is in use"
			continue
		}
		delete(e.kept, id)
	}
	for name, wanted := range m.config {
		if isLocation(wanted.TypeName) {
			e.locations[name] = wanted
		}
	}
}

// named reports whether a policy names a location.
func named(tenant *control.Tenant, id string) bool {
	for _, policy := range tenant.ConditionalAccessPolicies {
		if at := policy.Conditions.Locations; at != nil && (slices.Contains(at.IncludeLocations, id) || slices.Contains(at.ExcludeLocations, id)) {
			return true
		}
	}
	return false
}

// shows reports whether a location is as configured; ranges are compared by what they cover.
func shows(location *control.NamedLocation, wanted acctest.ResourceBlock) bool {
	if wanted.TypeName == typeCountries {
		return showsCountries(location, wanted)
	}
	var ranges []string
	for _, r := range location.IPRanges {
		ranges = append(ranges, r.CIDRAddress)
	}
	return location.Type == control.TypeIPNamedLocation && location.IsTrusted && location.DisplayName == wanted.Text("display_name", "") &&
		iprange.Same(ranges, listed(wanted.Values["ip_ranges"]))
}
