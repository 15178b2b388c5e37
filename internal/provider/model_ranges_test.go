package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/emulator/control"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/provider/acctest"
)

// rangeBlocks is how many blocks of one range there are. Each has a range of its own, the line of modelRanges with its number, because two
// resources of the same range undo one another. Nobody else adds these ranges to the locations of which they are parts.
const rangeBlocks = 4

const (
	wholeAndPart = "A location is managed as a whole and by single ranges"
	notTrusted   = "is not trusted"
)

// sharedLocations are the locations of which others own ranges as well.
var sharedLocations = []string{acctest.DepotID, acctest.TwinID}

// covered are the ranges of a location in their normal spelling, in order.
func covered(location *control.NamedLocation) []string {
	var ranges []string
	for _, r := range location.IPRanges {
		ranges = append(ranges, iprange.Normalize(r.CIDRAddress))
	}
	slices.Sort(ranges)
	return slices.Compact(ranges)
}

// part is the location and the range of a block of one range.
func part(block acctest.ResourceBlock) (id, ipRange string) {
	return strings.ToLower(block.Text("location_id", "")), iprange.Normalize(block.Text("ip_range", ""))
}

// wholly is the block of the state that manages a location as a whole; empty where there is none.
func wholly(state map[string]acctest.ResourceBlock, id string) string {
	for name, prior := range state {
		if prior.TypeName == typeLocations && strings.EqualFold(prior.Text("id", ""), id) {
			return name
		}
	}
	return ""
}

// partly reports whether a block has a range of a location.
func partly(blocks map[string]acctest.ResourceBlock, id string) bool {
	for _, block := range blocks {
		if owner, _ := part(block); block.TypeName == typeRange && strings.EqualFold(owner, id) {
			return true
		}
	}
	return false
}

// expectRanges predicts what becomes of the locations of which blocks have a range: those of others stay.
func (m *model) expectRanges(e *forecast, before *control.Tenant, state map[string]acctest.ResourceBlock) {
	change := func(id string, with func(ranges []string) []string) {
		if e.parts[id] == nil {
			e.parts[id] = covered(locationBy(before, id))
		}
		e.parts[id] = with(e.parts[id])
	}
	has := func(id, ipRange string) bool {
		location := locationBy(before, id)
		return location != nil && slices.Contains(covered(location), ipRange)
	}
	for name, prior := range state {
		id, ipRange := part(prior)
		wantedID, wantedRange := part(m.config[name])
		if prior.TypeName == typeRange && (wantedID != id || wantedRange != ipRange) && has(id, ipRange) {
			change(id, func(ranges []string) []string { return without(ranges, ipRange) })
		}
	}
	for name, wanted := range m.config {
		if wanted.TypeName != typeRange {
			continue
		}
		id, ipRange := part(wanted)
		location := locationBy(before, id)
		priorID, priorRange := part(state[name])
		owner := wholly(state, id)
		_, stays := m.config[owner]
		switch {
		case location != nil && stays:
			e.either = append(e.either, conflict{[2]string{owner, name}, wholeAndPart})
		case location == nil:
			e.refused[name] = notFound
		case priorID == id && priorRange == ipRange && has(id, ipRange):
		case !location.IsTrusted && priorID != "" && has(priorID, priorRange):
			// The plan of a replacement is the second one, which is made without a prior state.
			e.refused[name] = notTrusted
		case !location.IsTrusted:
			e.refused[name] = notTrusted
		default:
			change(id, func(ranges []string) []string { return append(without(ranges, ipRange), ipRange) })
		}
	}
	for id := range e.parts {
		e.shared[id] = e.kept[id]
		delete(e.kept, id)
		slices.Sort(e.parts[id])
	}
}

// partProblems says in what the locations of which blocks have a range are not as expected.
func (e *forecast) partProblems(after *control.Tenant, state map[string]acctest.ResourceBlock) []string {
	var found []string
	for id, want := range e.parts {
		location, was := locationBy(after, id), e.shared[id]
		switch {
		case location == nil:
			found = append(found, fmt.Sprintf("location %s (%s), of which ranges are managed, is gone", id, was.DisplayName))
		case location.DisplayName != was.DisplayName || location.IsTrusted != was.IsTrusted || !slices.Equal(covered(location), want):
			found = append(found, fmt.Sprintf("location %s (%s) is to have %q, and it is %v", id, was.DisplayName, want, location))
		}
	}
	return append(found, lostRanges(after, state)...)
}

// lostRanges names the ranges of blocks that a location has and no state: trusted, and nobody's.
func lostRanges(after *control.Tenant, owners ...map[string]acctest.ResourceBlock) []string {
	var found []string
	owned := map[string]bool{}
	for _, blocks := range owners {
		for _, block := range blocks {
			if id, ipRange := part(block); block.TypeName == typeRange {
				owned[id+"/"+ipRange] = true
			}
		}
	}
	for _, id := range sharedLocations {
		location := locationBy(after, id)
		if location == nil || wholly(owners[0], id) != "" {
			continue
		}
		for _, spellings := range modelRanges[:rangeBlocks] {
			if ipRange := iprange.Normalize(spellings[0]); slices.Contains(covered(location), ipRange) && !owned[id+"/"+ipRange] {
				found = append(found, fmt.Sprintf("lost or duplicated: %s is in location %s and not in the state", ipRange, location.DisplayName))
			}
		}
	}
	return found
}

// partsBetween says what a run that may have failed has done to the locations that it shares with others.
func (e *forecast) partsBetween(before, after *control.Tenant, state map[string]acctest.ResourceBlock, config acctest.Configuration) []string {
	var found []string
	for id, want := range e.parts {
		location, was := locationBy(after, id), e.shared[id]
		if location == nil || location.DisplayName != was.DisplayName || location.IsTrusted != was.IsTrusted {
			found = append(found, fmt.Sprintf("location %s (%s), of which ranges are managed, is %v", id, was.DisplayName, location))
			continue
		}
		had, has := covered(locationBy(before, id)), covered(location)
		for _, ipRange := range slices.Concat(had, want, has) {
			if is := slices.Contains(has, ipRange); is != slices.Contains(had, ipRange) && is != slices.Contains(want, ipRange) {
				found = append(found, fmt.Sprintf("location %s (%s): %s is there: %t", id, was.DisplayName, ipRange, is))
			}
		}
	}
	// What a failed creation may have added is in the configuration.
	return append(found, lostRanges(after, state, config)...)
}

// othersRangesStay checks that an apply of a plan that others have overtaken leaves what they have made of a shared location.
func (m *model) othersRangesStay(planned, since, after *control.Tenant, state map[string]acctest.ResourceBlock, report *acctest.Outcome) {
	m.t.Helper()
	for _, id := range sharedLocations {
		was, is, now := locationBy(planned, id), locationBy(since, id), locationBy(after, id)
		if wholly(state, id) != "" || was == nil || is == nil {
			continue
		}
		if now == nil || now.DisplayName != is.DisplayName || now.IsTrusted != is.IsTrusted {
			m.t.Fatalf("others made %v of a location, and it is %v; the run says:\n%s", is, now, report)
		}
		own := func(ipRange string) bool {
			return slices.ContainsFunc(modelRanges[:rangeBlocks], func(spellings []string) bool { return iprange.Normalize(spellings[0]) == ipRange })
		}
		if theirs := slices.DeleteFunc(covered(is), own); !slices.Equal(theirs, slices.DeleteFunc(covered(now), own)) {
			m.t.Fatalf("others' ranges of %s were %q and are %q; the run says:\n%s", is.DisplayName, theirs, covered(now), report)
		}
	}
}

// configureRange wants a range of a location of others, unless a block manages it as a whole.
func (q *sequence) configureRange() {
	i := rapid.IntRange(0, rangeBlocks-1).Draw(q.r, "range")
	id := rapid.SampledFrom(sharedLocations).Draw(q.r, "location")
	if wholly(q.driver.State(), id) == "" {
		q.wantRange(i, id)
	}
}

func (q *sequence) wantRange(i int, id string) {
	q.config[fmt.Sprintf("range%d", i)] = acctest.ResourceBlock{TypeName: typeRange, Values: map[string]any{
		"location_id": q.spelled(id), "ip_range": rapid.SampledFrom(modelRanges[i]).Draw(q.r, "spelling"),
	}}
}

// wholeAndPartly wants a range of a location that another block manages as a whole, which the plan refuses.
func (q *sequence) wholeAndPartly() {
	state := q.driver.State()
	for _, name := range slices.Sorted(maps.Keys(state)) {
		if _, wanted := q.config[name]; wanted && state[name].TypeName == typeLocations {
			q.wantRange(rapid.IntRange(0, rangeBlocks-1).Draw(q.r, "range"), state[name].Text("id", ""))
			break
		}
	}
	q.Apply()
}

func (q *sequence) configureCountries() {
	name := fmt.Sprintf("country%d", rapid.IntRange(0, 1).Draw(q.r, "resource"))
	q.config[name] = acctest.ResourceBlock{TypeName: typeCountries, Values: map[string]any{
		"display_name": q.drawLocationName(), "countries": q.drawCountries(), "include_unknown": rapid.Bool().Draw(q.r, "unknown"),
		"lookup": rapid.SampledFrom([]string{"client_ip_address", "authenticator_app_gps"}).Draw(q.r, "lookup"),
	}}
}

func (q *sequence) drawCountries() []any {
	codes := []any{rapid.SampledFrom([]string{"DK", "NO"}).Draw(q.r, "country")}
	for _, code := range []string{"FI", "IS", "SE"} {
		if rapid.Bool().Draw(q.r, "another country") {
			codes = append(codes, code)
		}
	}
	return codes
}

// showsCountries reports whether a location of countries is as configured.
func showsCountries(location *control.NamedLocation, wanted acctest.ResourceBlock) bool {
	lookup := map[string]string{"client_ip_address": control.LookupClientIPAddress, "authenticator_app_gps": control.LookupAuthenticatorAppGPS}
	want, have := slices.Clone(listed(wanted.Values["countries"])), slices.Clone(location.CountriesAndRegions)
	slices.Sort(want)
	slices.Sort(have)
	return location.Type == control.TypeCountryNamedLocation && location.DisplayName == wanted.Text("display_name", "") && slices.Equal(have, want) &&
		location.IncludeUnknownCountriesAndRegions == wanted.Yes("include_unknown") && location.CountryLookupMethod == lookup[wanted.Text("lookup", "client_ip_address")]
}
