package client

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
)

func TestWhatAWriteWouldUndo(t *testing.T) {
	t.Parallel()
	at := func(name string, trusted bool, ranges ...string) NamedLocation {
		return NamedLocation{ID: locationID, DisplayName: name, Kind: KindIPNamedLocation, IsTrusted: trusted, Ranges: ranges}
	}
	const a, b, c = "203.0.113.0/24", "198.51.100.0/25", "192.0.2.0/28"
	before, wider := at("HQ", true, a, b), at("HQ", true, a, b, c)
	untrusted := at("HQ", false, a, b)
	for name, k := range map[string]struct {
		before, current NamedLocation
		wanted          *NamedLocation
		want            LocationChanges
	}{
		"nothing has changed":         {before, before, &wider, LocationChanges{}},
		"it is as wanted":             {before, wider, &wider, LocationChanges{}},
		"another spelling and order":  {before, at("HQ ", true, "198.51.100.9/25", "203.0.113.7/24", a), &wider, LocationChanges{}},
		"divided":                     {before, at("HQ", true, a, "198.51.100.0/26", "198.51.100.64/26"), &wider, LocationChanges{}},
		"a part of what is wanted":    {before, at("HQ", true, a, b, "192.0.2.0/29"), &wider, LocationChanges{}},
		"a range was removed":         {before, at("HQ", true, b), &wider, LocationChanges{Removed: rangesOf(t, a)}},
		"and is not wanted either":    {before, at("HQ", true, b), new(at("HQ", true, b, c)), LocationChanges{}},
		"a range was narrowed":        {before, at("HQ", true, "203.0.113.0/25", b), &wider, LocationChanges{Removed: rangesOf(t, "203.0.113.128/25")}},
		"a range was added":           {before, at("HQ", true, a, b, "192.0.2.64/28"), &wider, LocationChanges{Added: rangesOf(t, "192.0.2.64/28")}},
		"a text was added":            {before, at("HQ", true, a, b, "what is this"), &wider, LocationChanges{Unread: []string{"what is this"}}},
		"the trust was taken":         {before, untrusted, &wider, LocationChanges{Untrusted: true}},
		"it was not trusted":          {untrusted, untrusted, &wider, LocationChanges{}},
		"it is trusted as wanted":     {untrusted, before, &wider, LocationChanges{}},
		"renamed":                     {before, at("Rome", true, a, b), &wider, LocationChanges{Renamed: true}},
		"renamed as wanted":           {before, at("Rome", true, a, b), new(at("Rome", true, a, b)), LocationChanges{}},
		"of another kind":             {before, NamedLocation{Kind: "countryNamedLocation", DisplayName: "HQ"}, &wider, LocationChanges{Kind: "countryNamedLocation"}},
		"deleted as it was":           {before, before, nil, LocationChanges{}},
		"deleted, a range removed":    {before, at("HQ", true, b), nil, LocationChanges{}},
		"deleted, the trust taken":    {before, untrusted, nil, LocationChanges{}},
		"deleted, a range added":      {before, wider, nil, LocationChanges{Added: rangesOf(t, c)}},
		"deleted, renamed":            {before, at("Rome", true, a, b), nil, LocationChanges{Renamed: true}},
		"deleted, trusted again":      {untrusted, before, nil, LocationChanges{Trusted: true}},
		"deleted, of another kind":    {before, NamedLocation{Kind: "countryNamedLocation"}, nil, LocationChanges{Kind: "countryNamedLocation"}},
		"removed, added, and renamed": {before, at("Rome", false, b, "192.0.2.64/28"), &wider, LocationChanges{Renamed: true, Untrusted: true, Removed: rangesOf(t, a), Added: rangesOf(t, "192.0.2.64/28")}},
	} {
		have := k.current.Undoes(k.before, k.wanted)
		if diff := cmp.Diff(k.want, have, cmp.Comparer(func(a, b iprange.Range) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +have):\n%s", name, diff)
		}
	}
}

// A write is stopped exactly where an address, the trust or the name is neither as it was nor as it is to be.
func TestAWriteUndoesWhatIsNeitherAsItWasNorAsItIsToBe(t *testing.T) {
	t.Parallel()
	texts := rapid.SampledFrom([]string{"203.0.113.0/30", "203.0.113.0/31", "203.0.113.2/31", "203.0.113.1", "203.0.113.3", "203.0.113.6"})
	draw := func(t *rapid.T, label string) NamedLocation {
		return NamedLocation{
			Kind: KindIPNamedLocation, DisplayName: rapid.SampledFrom([]string{"HQ", "Rome", "Bern"}).Draw(t, label+" name"),
			IsTrusted: rapid.Bool().Draw(t, label+" trusted"), Ranges: rapid.SliceOfN(texts, 0, 4).Draw(t, label),
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		before, current, wanted := draw(t, "before"), draw(t, "current"), draw(t, "wanted")
		want := current.DisplayName != before.DisplayName && current.DisplayName != wanted.DisplayName ||
			current.IsTrusted != before.IsTrusted && current.IsTrusted != wanted.IsTrusted
		for _, address := range []string{"203.0.113.0", "203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.6", "203.0.113.7"} {
			in := func(l NamedLocation) bool { return coverOf(l.Ranges).Contains(iprange.Read([]string{address})[0]) }
			want = want || in(current) != in(before) && in(current) != in(wanted)
		}
		if have := current.Undoes(before, &wanted); have.Any() != want {
			t.Fatalf("%+v, want %t", have, want)
		}
	})
}

func TestALookBeforeAWriteIsNeitherFooledByReplicasNorByAge(t *testing.T) {
	t.Parallel()
	now := clienttest.NewFakeClock().Now()
	was := modified(office, now.Add(-time.Hour))
	renamed := office
	renamed.DisplayName = "Renamed"
	wanted := office
	wanted.Ranges = append([]string{"192.0.2.0/28"}, office.Ranges...)
	wrote := func(ago time.Duration) graph.Acceptance {
		return graph.Acceptance{At: now.Add(-ago), ServiceTime: now.Add(-ago)}
	}
	alone := func(location NamedLocation) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { clienttest.Reply(w, 200, locationJSON(location)) }
	}
	for name, c := range map[string]struct {
		accepted graph.Acceptance
		lists    []func(http.ResponseWriter)
		alone    func(http.ResponseWriter)
		stops    bool
		reads    int
	}{
		"as it was":                              {graph.Acceptance{}, []func(http.ResponseWriter){listOf(was)}, nil, false, 1},
		"as it is to be":                         {graph.Acceptance{}, []func(http.ResponseWriter){listOf(modified(wanted, now))}, nil, false, 1},
		"renamed":                                {graph.Acceptance{}, []func(http.ResponseWriter){listOf(modified(renamed, now))}, nil, true, 3},
		"renamed long ago":                       {graph.Acceptance{}, []func(http.ResponseWriter){listOf(modified(renamed, now.Add(-time.Hour)))}, nil, true, 3},
		"renamed, and then a replica behind":     {graph.Acceptance{}, []func(http.ResponseWriter){listOf(modified(renamed, now)), listOf(was)}, nil, true, 3},
		"renamed back":                           {graph.Acceptance{}, []func(http.ResponseWriter){listOf(modified(renamed, now)), listOf(modified(office, now.Add(time.Second)))}, nil, false, 2},
		"our own write, a replica behind":        {wrote(10 * time.Second), []func(http.ResponseWriter){listOf(modified(renamed, now.Add(-time.Hour))), listOf(modified(renamed, now.Add(-time.Hour))), listOf(modified(office, now.Add(-10*time.Second)))}, nil, false, 3},
		"our own write, and somebody's since":    {wrote(10 * time.Second), []func(http.ResponseWriter){listOf(modified(renamed, now.Add(-5*time.Second)))}, nil, true, 3},
		"our own write that is never shown":      {wrote(80 * time.Second), []func(http.ResponseWriter){listOf(modified(renamed, now.Add(-time.Hour)))}, nil, true, 6},
		"not in the list":                        {graph.Acceptance{}, []func(http.ResponseWriter){listOf()}, nil, false, 2},
		"not in the list, renamed":               {graph.Acceptance{}, []func(http.ResponseWriter){listOf()}, alone(modified(renamed, now)), true, 2},
		"not in the list, from before our write": {wrote(10 * time.Second), []func(http.ResponseWriter){listOf()}, alone(modified(renamed, now.Add(-time.Hour))), false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scriptedLocations{}
			s.onRequest = func(w http.ResponseWriter, what string, n int) bool {
				switch {
				case what == "GET":
					answersOf(c.lists...)(w, n)
				case what == "GET "+locationID && c.alone != nil:
					c.alone(w)
				default:
					return false
				}
				return true
			}
			_, undone, err := s.start(t, nil).NewNamedLocations().UndoneBy(t.Context(), office, &wanted, c.accepted)
			if err != nil || undone.Any() != c.stops {
				t.Errorf("undone is %+v, error %v", undone, err)
			}
			if n := len(s.All()); n != c.reads {
				t.Errorf("%d reads, want %d: %v", n, c.reads, s.order())
			}
		})
	}
}

func TestWritesOfAMinuteShareOneList(t *testing.T) {
	t.Parallel()
	changed := false
	s := &scriptedLocations{}
	s.onRequest = func(w http.ResponseWriter, what string, _ int) bool {
		if what != "GET" {
			return false
		}
		location := modified(office, s.clock.Now().Add(-time.Hour))
		if changed {
			location = modified(office, s.clock.Now())
			location.Ranges = nil
		}
		listOf(location)(w)
		return true
	}
	view := s.start(t, nil).NewNamedLocations()
	check := func(stops bool, reads int) {
		t.Helper()
		_, undone, err := view.UndoneBy(t.Context(), office, &office, graph.Acceptance{})
		if err != nil || undone.Any() != stops || s.counts["GET"] != reads {
			t.Errorf("undone is %+v after %d lists, error %v", undone, s.counts["GET"], err)
		}
	}
	check(false, 1)
	check(false, 1)
	// A list of an age that an apply of a hundred locations has tells nothing any more.
	changed = true
	if err := s.clock.Wait(t.Context(), graph.MaxListAge); err != nil {
		t.Fatal(err)
	}
	check(true, 2)
}

func rangesOf(t *testing.T, texts ...string) []iprange.Range {
	t.Helper()
	ranges := make([]iprange.Range, len(texts))
	for i, text := range texts {
		var err error
		if ranges[i], err = iprange.Parse(text); err != nil {
			t.Fatal(err)
		}
	}
	return ranges
}
