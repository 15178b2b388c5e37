package client

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/iprange"
)

func parsed(t *testing.T, text string) iprange.Range {
	t.Helper()
	r, err := iprange.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// storedOffice is a Graph that has the office, with further ranges.
func storedOffice(more ...string) *scriptedLocations {
	location := office
	location.Ranges = append(slices.Clone(office.Ranges), more...)
	stored := location.wire()
	stored.ID = locationID
	return &scriptedLocations{stored: map[string]namedLocation{locationID: stored}}
}

func (s *scriptedLocations) ranges() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.stored[locationID].location().Ranges
}

func TestARangeIsAddedAndRemovedAndTheOthersStay(t *testing.T) {
	t.Parallel()
	s := storedOffice("192.0.2.0/24")
	c := s.start(t, nil)
	vpn := parsed(t, "198.51.100.7")
	result, err := c.SetNamedLocationRange(t.Context(), locationID, vpn, "198.51.100.7/32", true)
	if err != nil || result.Accepted.At.IsZero() || !result.Location.HasRange(vpn) || result.Unconfirmed != nil {
		t.Fatalf("%+v, %v", result, err)
	}
	if have, want := s.ranges(), []string{"203.0.113.7/24", "2001:db8::/48", "192.0.2.0/24", "198.51.100.7/32"}; !slices.Equal(have, want) {
		t.Errorf("the location has %v, want %v", have, want)
	}
	// Already there: nothing is written.
	if result, err := c.SetNamedLocationRange(t.Context(), locationID, vpn, "198.51.100.7", true); err != nil || !result.Accepted.At.IsZero() || s.Count(http.MethodPatch) != 1 {
		t.Errorf("%d writes, accepted %v, error %v", s.Count(http.MethodPatch), result.Accepted, err)
	}
	// In another spelling it is the same range.
	if _, err := c.SetNamedLocationRange(t.Context(), locationID, parsed(t, "203.0.113.0/24"), "", false); err != nil {
		t.Fatal(err)
	}
	if have, want := s.ranges(), []string{"2001:db8::/48", "192.0.2.0/24", "198.51.100.7/32"}; !slices.Equal(have, want) {
		t.Errorf("the location has %v, want %v", have, want)
	}
}

func TestARangeThatAnotherWriterOverwritesIsAddedAgain(t *testing.T) {
	t.Parallel()
	for name, overwrites := range map[string]int{"once": 1, "every time": 99} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storedOffice()
			patches := 0
			s.onRequest = func(w http.ResponseWriter, what string, _ int) bool {
				if what != "PATCH "+locationID {
					return false
				}
				if patches++; patches > overwrites {
					return false
				}
				// The service accepts the write, and another program writes what it has read before it.
				w.WriteHeader(http.StatusNoContent)
				return true
			}
			c := s.start(t, nil)
			vpn := parsed(t, "198.51.100.7/32")
			result, err := c.SetNamedLocationRange(t.Context(), locationID, vpn, "198.51.100.7/32", true)
			if err != nil || result.Accepted.At.IsZero() || (result.Unconfirmed == nil) != (overwrites == 1) {
				t.Errorf("accepted %v, not confirmed because of %v, error %v", result.Accepted, result.Unconfirmed, err)
			}
			if want := min(overwrites+1, 3); patches != want {
				t.Errorf("%d writes, want %d", patches, want)
			}
			if has := slices.Contains(s.ranges(), "198.51.100.7/32"); has != (overwrites == 1) {
				t.Errorf("the location has %v", s.ranges())
			}
		})
	}
}

func TestARangeThatTheRulesDoNotPermitIsRefusedWithoutAWrite(t *testing.T) {
	t.Parallel()
	vpn := parsed(t, "198.51.100.7/32")
	full := office
	full.Ranges = make([]string, iprange.MaxIPRanges)
	for i := range full.Ranges {
		full.Ranges[i] = "2001:db8::/48"
	}
	single, untrusted := office, office
	single.Ranges, untrusted.IsTrusted = []string{"198.51.100.7"}, false
	for name, c := range map[string]struct {
		location NamedLocation
		present  bool
		want     RangeRefusal
	}{
		"countries":               {nordics, true, RangeOtherKind},
		"not trusted":             {untrusted, true, RangeNotTrusted},
		"not trusted, removed":    {untrusted, false, ""},
		"full":                    {full, true, RangeTooMany},
		"the last one":            {single, false, RangeLast},
		"the last one, again":     {single, true, ""},
		"somebody else's is left": {office, false, ""},
	} {
		stored := c.location.wire()
		stored.ID = locationID
		s := &scriptedLocations{stored: map[string]namedLocation{locationID: stored}}
		_, err := s.start(t, nil).SetNamedLocationRange(t.Context(), locationID, vpn, "198.51.100.7/32", c.present)
		var refused *RangeRefusedError
		if errors.As(err, &refused) != (c.want != "") || refused != nil && refused.Reason != c.want || c.want == "" && err != nil {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if n := s.Count(http.MethodPatch); c.want != "" && n > 0 {
			t.Errorf("%s: %d writes", name, n)
		}
	}
	gone := &scriptedLocations{}
	if _, err := gone.start(t, nil).SetNamedLocationRange(t.Context(), locationID, vpn, "198.51.100.7/32", true); !graph.IsNotFound(err) {
		t.Errorf("a range of a location that is not there: %v", err)
	}
	if _, err := gone.start(t, nil).SetNamedLocationRange(t.Context(), locationID, vpn, "", false); err != nil {
		t.Errorf("the removal from a location that is not there: %v", err)
	}
}

// A location that is listed and that one request does not find still trusts the range.
func TestARangeIsNotGoneWhileItsLocationIsListed(t *testing.T) {
	t.Parallel()
	for _, refused := range []string{"GET", "PATCH"} {
		s := storedOffice("198.51.100.7/32")
		s.onRequest = func(w http.ResponseWriter, what string, _ int) bool {
			if what != refused+" "+locationID {
				return false
			}
			clienttest.Reply(w, 404, `{"error":{"code":"ResourceNotFound","message":"Not found."}}`)
			return true
		}
		if _, err := s.start(t, nil).SetNamedLocationRange(t.Context(), locationID, parsed(t, "198.51.100.7"), "", false); !graph.IsNotFound(err) {
			t.Errorf("where %s finds nothing: %v", refused, err)
		}
	}
}

func TestARangeIsWrittenFromTheLatestAnswer(t *testing.T) {
	t.Parallel()
	s := storedOffice("192.0.2.0/24")
	now := clienttest.NewFakeClock().Now()
	stored := s.stored[locationID]
	stored.Modified = &now
	s.stored[locationID] = stored
	before := now.Add(-time.Second)
	s.onRequest = func(w http.ResponseWriter, what string, n int) bool {
		if what != "GET "+locationID || n > 0 {
			return false
		}
		// The first answer is from before another program has added a range.
		clienttest.Reply(w, 200, locationJSON(modified(office, before)))
		return true
	}
	if _, err := s.start(t, nil).SetNamedLocationRange(t.Context(), locationID, parsed(t, "198.51.100.7"), "198.51.100.7", true); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(s.ranges(), "192.0.2.0/24") {
		t.Errorf("the range of another program is lost: %v", s.ranges())
	}
}
