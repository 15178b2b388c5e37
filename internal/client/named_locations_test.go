package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

// listOf answers a list of locations.
func listOf(locations ...NamedLocation) func(http.ResponseWriter) {
	texts := make([]string, len(locations))
	for i, location := range locations {
		texts[i] = locationJSON(location)
	}
	return func(w http.ResponseWriter) { clienttest.Reply(w, 200, `{"value":[`+strings.Join(texts, ",")+`]}`) }
}

// answersOf answers requests by turns, with the last one for ever.
func answersOf(answers ...func(http.ResponseWriter)) func(w http.ResponseWriter, n int) {
	return func(w http.ResponseWriter, n int) { answers[min(n, len(answers)-1)](w) }
}

func modified(location NamedLocation, at time.Time) NamedLocation {
	location.Modified = &at
	return location
}

func TestAReadBelievesWhatLasts(t *testing.T) {
	t.Parallel()
	now := clienttest.NewFakeClock().Now()
	renamed := office
	renamed.DisplayName = "Renamed"
	wrote := func(ago time.Duration) graph.Acceptance {
		return graph.Acceptance{At: now.Add(-ago), ServiceTime: now.Add(-ago)}
	}
	by := func(name string) NamedLocation { return NamedLocation{ID: "p", DisplayName: name} }
	for name, c := range map[string]struct {
		accepted graph.Acceptance
		lists    []func(http.ResponseWriter) // the last one for ever
		bin      []string
		alone    func(http.ResponseWriter) // nil for a 404
		want     string                    // the name, or nothing where it is gone
		waited   time.Duration
		reads    int // of the list, the bin and the location
	}{
		"as expected":                {graph.Acceptance{}, []func(http.ResponseWriter){listOf(by("other"), office)}, nil, nil, "HQ", 0, 1},
		"gone":                       {graph.Acceptance{}, []func(http.ResponseWriter){listOf(by("other"))}, nil, nil, "", 3 * time.Second, 4},
		"gone for a moment":          {graph.Acceptance{}, []func(http.ResponseWriter){listOf(), listOf(), listOf(office)}, nil, nil, "HQ", 1500 * time.Millisecond, 3},
		"gone from the list only":    {graph.Acceptance{}, []func(http.ResponseWriter){listOf()}, nil, func(w http.ResponseWriter) { clienttest.Reply(w, 200, locationJSON(office)) }, "HQ", 3 * time.Second, 4},
		"different":                  {graph.Acceptance{}, []func(http.ResponseWriter){listOf(renamed)}, nil, nil, "Renamed", time.Second, 3},
		"different for a moment":     {graph.Acceptance{}, []func(http.ResponseWriter){listOf(renamed), listOf(office)}, nil, nil, "HQ", 500 * time.Millisecond, 2},
		"different or gone by turns": {graph.Acceptance{}, []func(http.ResponseWriter){listOf(), listOf(renamed), listOf()}, nil, nil, "Renamed", time.Second, 3},

		// A write of a moment ago, by another run.
		"just made, shown late":            {wrote(10 * time.Second), []func(http.ResponseWriter){listOf(), listOf(), listOf(), listOf(), listOf(office)}, nil, nil, "HQ", 7500 * time.Millisecond, 6},
		"just made, never shown":           {wrote(80 * time.Second), []func(http.ResponseWriter){listOf()}, nil, nil, "", 10 * time.Second, 7},
		"just changed, shown late":         {wrote(10 * time.Second), []func(http.ResponseWriter){listOf(renamed), listOf(renamed), listOf(renamed), listOf(office)}, nil, nil, "HQ", 3500 * time.Millisecond, 4},
		"just changed, never shown":        {wrote(80 * time.Second), []func(http.ResponseWriter){listOf(renamed)}, nil, nil, "Renamed", 10 * time.Second, 6},
		"just changed, but not lately":     {wrote(90 * time.Second), []func(http.ResponseWriter){listOf(renamed)}, nil, nil, "Renamed", time.Second, 3},
		"just changed, tomorrow":           {wrote(-24 * time.Hour), []func(http.ResponseWriter){listOf(renamed)}, nil, nil, "Renamed", time.Second, 3},
		"changed by somebody since":        {wrote(10 * time.Second), []func(http.ResponseWriter){listOf(modified(renamed, now.Add(-8*time.Second)))}, nil, nil, "Renamed", time.Second, 3},
		"older than the write":             {wrote(80 * time.Second), []func(http.ResponseWriter){listOf(modified(renamed, now.Add(-81*time.Second)))}, nil, nil, "Renamed", 10 * time.Second, 6},
		"changed, the service's time lost": {graph.Acceptance{At: now.Add(-80 * time.Second)}, []func(http.ResponseWriter){listOf(modified(renamed, now))}, nil, nil, "Renamed", 10 * time.Second, 6},
		"deleted by somebody since":        {wrote(10 * time.Second), []func(http.ResponseWriter){listOf()}, []string{locationJSON(office)}, nil, "", 3 * time.Second, 5},
		"somebody else's is deleted":       {wrote(80 * time.Second), []func(http.ResponseWriter){listOf()}, []string{locationJSON(by("other"))}, nil, "", 10 * time.Second, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scriptedLocations{bin: c.bin}
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
			reader := s.start(t, nil)
			location, gone, err := reader.NewNamedLocations().Observe(t.Context(), office, c.accepted)
			if err != nil || gone != (c.want == "") || (!gone && location.DisplayName != c.want) {
				t.Errorf("read %+v, gone %t, error %v", location, gone, err)
			}
			if _, waited := s.clock.Waited(); waited != c.waited {
				t.Errorf("waited %s, want %s", waited, c.waited)
			}
			if n := len(s.All()); n != c.reads {
				t.Errorf("%d reads, want %d: %v", n, c.reads, s.order())
			}
			if gone {
				// What is forgotten was asked for by its own id.
				if n := s.counts["GET "+locationID]; n != 1 {
					t.Errorf("the location itself was read %d times", n)
				}
			}
		})
	}
}

func TestManyThatAreNotShownYetLookTogether(t *testing.T) {
	t.Parallel()
	const many = 100
	var all []NamedLocation
	for n := range many {
		location := office
		location.ID = fmt.Sprintf("55555555-eeee-4eee-8eee-%012d", n)
		all = append(all, location)
	}
	const stale = 4
	s := &scriptedLocations{onRequest: func(w http.ResponseWriter, what string, n int) bool {
		switch {
		case what == "GET" && n < stale:
			listOf()(w)
		case what == "GET":
			listOf(all...)(w)
		default:
			return false
		}
		return true
	}}
	c := s.start(t, nil)
	view := c.NewNamedLocations()
	accepted := graph.Acceptance{At: s.clock.Now(), ServiceTime: s.clock.Now()}
	var wait sync.WaitGroup
	for _, location := range all {
		wait.Go(func() {
			if _, gone, err := view.Observe(t.Context(), location, accepted); err != nil || gone {
				t.Errorf("gone %t, error %v", gone, err)
			}
		})
	}
	wait.Wait()
	// The list as often as it was stale and once more, and the bin; a hundred of them do not read alone.
	if n := len(s.All()); n > stale+1+stale {
		t.Errorf("%d reads for %d locations", n, many)
	}
	if n := s.counts["GET"]; n != stale+1 {
		t.Errorf("the list was read %d times, want %d", n, stale+1)
	}
}

func TestALookEndsWithTheContextAndSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	captured := &clienttest.CapturedLog{}
	ctx, stop := context.WithCancel(t.Context())
	s := &scriptedLocations{onRequest: func(w http.ResponseWriter, what string, _ int) bool {
		if what == "GET" {
			listOf()(w)
		}
		return what == "GET"
	}}
	c := s.start(t, func(o *graph.Options) { o.Logger = slog.New(captured) })
	s.clock.OnWait = func(n int) {
		if n == 3 {
			stop()
		}
	}
	_, gone, err := c.NewNamedLocations().Observe(ctx, office, graph.Acceptance{At: s.clock.Now(), ServiceTime: s.clock.Now()})
	if !errors.Is(err, context.Canceled) || gone {
		t.Errorf("gone %t, error %v", gone, err)
	}
	told := 0
	for _, record := range captured.All() {
		if record["level"] == "INFO" && strings.Contains(record["message"], "reading the named locations again") && record["id"] == locationID && record["at_most_ms"] == "90000" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("the wait is told %d times: %v", told, captured.All())
	}
}

func TestALookThatFailsIsNoLookAtNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 404, 429, 500, 503} {
		s := &scriptedLocations{onRequest: func(w http.ResponseWriter, what string, _ int) bool {
			if what == "GET" {
				clienttest.GraphError(w, status, "No")
			}
			return what == "GET"
		}}
		c := s.start(t, nil)
		if _, gone, err := c.NewNamedLocations().Observe(t.Context(), office, graph.Acceptance{}); err == nil || gone {
			t.Errorf("list %d: gone %t, error %v", status, gone, err)
		}
	}
	for _, status := range []int{400, 401, 403, 429, 500, 503} {
		s := &scriptedLocations{onRequest: func(w http.ResponseWriter, what string, _ int) bool {
			if what != "GET" {
				clienttest.GraphError(w, status, "No")
			}
			return what != "GET"
		}}
		c := s.start(t, nil)
		if _, gone, err := c.NewNamedLocations().Observe(t.Context(), office, graph.Acceptance{}); err == nil || gone {
			t.Errorf("location %d: gone %t, error %v", status, gone, err)
		}
	}
}

func TestThoseWhoWaitForAListThatFailsDoNotAskForItAgain(t *testing.T) {
	t.Parallel()
	const many = 50
	arrived := make(chan struct{}, many)
	s := &scriptedLocations{onRequest: func(w http.ResponseWriter, _ string, n int) bool {
		for range many {
			if n == 0 {
				<-arrived
			}
		}
		clienttest.GraphError(w, 403, "AccessDenied")
		return true
	}}
	c := s.start(t, nil)
	view := c.NewNamedLocations()
	var wait sync.WaitGroup
	for range many {
		wait.Go(func() {
			arrived <- struct{}{}
			if _, err := view.All(t.Context()); !graph.IsForbidden(err) {
				t.Errorf("error %v", err)
			}
		})
	}
	wait.Wait()
	before := len(s.All())
	if before >= many {
		t.Errorf("%d requests for %d who waited", before, many)
	}
	// The control: who comes later asks again.
	if _, err := view.All(t.Context()); !graph.IsForbidden(err) || len(s.All()) != before+1 {
		t.Errorf("error %v after %d requests", err, len(s.All())-before)
	}
}

func TestWhatARunWroteIsNotAnsweredFromAList(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office)}
	c := s.start(t, nil)
	view := c.NewNamedLocations()
	names := func() string {
		t.Helper()
		all, err := view.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, location := range all {
			names = append(names, location.DisplayName)
		}
		return strings.Join(names, ", ")
	}
	if have := names(); have != "HQ" {
		t.Errorf("the tenant has %s", have)
	}
	other := office
	other.Kind, other.ID, other.DisplayName = KindIPNamedLocation, "55555555-eeee-4eee-8eee-00000000000F", "New"
	view.Record(strings.ToLower(other.ID), &other, nil)
	renamed := office
	renamed.Kind, renamed.DisplayName = KindIPNamedLocation, "Renamed"
	view.Record(office.ID, &renamed, nil)
	if have := names(); have != "Renamed, New" {
		t.Errorf("after a creation and a change there are %s", have)
	}
	if location, gone, err := view.Observe(t.Context(), renamed, graph.Acceptance{}); err != nil || gone || location.DisplayName != "Renamed" {
		t.Errorf("read %+v, gone %t, error %v", location, gone, err)
	}
	if location, err := view.Find(t.Context(), strings.ToUpper(other.ID)); err != nil || location.DisplayName != "New" {
		t.Errorf("found %+v, error %v", location, err)
	}
	view.Record(other.ID, nil, nil)
	if have := names(); have != "Renamed" {
		t.Errorf("after a deletion there are %s", have)
	}
	if n := len(s.All()); n != 1 {
		t.Errorf("%d reads", n)
	}
	// A write of which nobody knows makes the list worthless, and not what is known of others, which the list may not show.
	view.Record(other.ID, nil, errors.New("lost"))
	if have := names(); have != "Renamed" {
		t.Errorf("after a lost write there are %s", have)
	}
	if n := len(s.All()); n != 2 {
		t.Errorf("%d reads", n)
	}
	// Once replicas have had their time, the list counts.
	_ = s.clock.Wait(t.Context(), c.Consistency().Timeout)
	view.Record(other.ID, nil, errors.New("lost"))
	if have := names(); have != "HQ" {
		t.Errorf("after a while there are %s", have)
	}
}

func TestALocationThatNoListShowsIsFoundByItself(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office), onRequest: func(w http.ResponseWriter, what string, _ int) bool {
		if what == "GET" {
			listOf()(w)
		}
		return what == "GET"
	}}
	c := s.start(t, nil)
	view := c.NewNamedLocations()
	if location, err := view.Find(t.Context(), locationID); err != nil || location.DisplayName != "HQ" {
		t.Errorf("found %+v, error %v", location, err)
	}
	s.wantOrder(t, "GET locations", "GET location")
	if _, err := view.Find(t.Context(), "55555555-eeee-4eee-8eee-0000000000ff"); !graph.IsNotFound(err) {
		t.Errorf("error %v", err)
	}
}

func TestListsAreAskedForInOnePage(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office)}
	c := s.start(t, nil)
	if _, err := c.ListNamedLocations(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ListConditionalAccessPolicies(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, request := range s.All() {
		if !strings.Contains(request.Target, "%24top=999") {
			t.Errorf("%s asks for pages", request.Target)
		}
	}
}

func TestAnAcceptanceOutlivesItsRun(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{}
	c := s.start(t, nil)
	_, created, err := c.CreateNamedLocation(t.Context(), office)
	if err != nil {
		t.Fatal(err)
	}
	wanted := office
	wanted.ID = locationID
	changed, err := c.UpdateNamedLocation(t.Context(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	now := s.clock.Now()
	for what, accepted := range map[string]graph.Acceptance{"creation": created, "update": changed} {
		if have := graph.ReadAcceptance(accepted.JSON()); !have.At.Equal(now) || !have.ServiceTime.Equal(now.Truncate(time.Second)) {
			t.Errorf("%s: kept as %s, read as %+v, want %s", what, accepted.JSON(), have, now)
		}
	}
	for _, text := range []string{"", "null", "{}", "7", `"x"`, `{"at":"yesterday"}`, `{"at":7}`} {
		if have := graph.ReadAcceptance([]byte(text)); have.SettledAt(now, time.Hour) != (time.Time{}) {
			t.Errorf("%q is read as %+v", text, have)
		}
	}
}
