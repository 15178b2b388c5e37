package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/clienttest"
	"github.com/mfa-as-code/terraform-provider-entramfa/internal/client/graph"
)

const (
	locationID    = "55555555-eeee-4eee-8eee-000000000001"
	locationsPath = "/v1.0/identity/conditionalAccess/namedLocations"
	policiesPath  = "/v1.0/identity/conditionalAccess/policies"
	binPath       = "/v1.0/identity/conditionalAccess/deletedItems/namedLocations"
)

var office = NamedLocation{ID: locationID, DisplayName: "HQ", IsTrusted: true, Ranges: []string{"203.0.113.7/24", "2001:db8::/48"}}

// scriptedLocations is a Graph with named locations that behaves as a test says.
type scriptedLocations struct {
	// stored is what the service holds, by id.
	stored map[string]namedLocation
	// policies are what it answers a list of policies with.
	policies []string
	// bin are the ids of what was deleted.
	bin []string
	// onRequest answers instead of the service where it returns true. It gets the method with the rest of the path, and how
	// many such requests there were before.
	onRequest func(w http.ResponseWriter, what string, n int) bool

	mutex  sync.Mutex
	counts map[string]int
	clock  *clienttest.FakeClock
	*clienttest.Recorder
}

func (s *scriptedLocations) start(t *testing.T, change func(*graph.Options)) *Client {
	t.Helper()
	s.counts = map[string]int{}
	if s.stored == nil {
		s.stored = map[string]namedLocation{}
	}
	s.Recorder = clienttest.NewRecorder(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		rest := strings.TrimPrefix(r.URL.Path, locationsPath)
		w.Header().Set("Date", s.clock.Now().Format(http.TimeFormat))
		what := strings.TrimSpace(r.Method + " " + strings.TrimPrefix(rest, "/"))
		n := s.counts[what]
		s.counts[what]++
		if s.onRequest != nil && s.onRequest(w, what, n) {
			return
		}
		s.serve(t, w, r, what, strings.TrimPrefix(rest, "/"))
	})
	c, _, clock := newTestClient(t, s.Recorder, change)
	s.clock = clock
	return c
}

func (s *scriptedLocations) serve(t *testing.T, w http.ResponseWriter, r *http.Request, what, id string) {
	t.Helper()
	present, known := s.stored[id]
	var body namedLocation
	if r.Method == http.MethodPost || r.Method == http.MethodPatch {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	switch {
	case r.URL.Path == policiesPath:
		clienttest.Reply(w, 200, `{"value":[`+strings.Join(s.policies, ",")+`]}`)
	case r.URL.Path == binPath:
		clienttest.Reply(w, 200, `{"value":[`+strings.Join(s.bin, ",")+`]}`)
	case what == "GET":
		var all []namedLocation
		for _, location := range s.stored {
			all = append(all, location)
		}
		text, _ := json.Marshal(map[string]any{"value": append([]namedLocation{}, all...)})
		clienttest.Reply(w, 200, string(text))
	case what == "POST":
		body.ID = fmt.Sprintf("55555555-eeee-4eee-8eee-00000000000%d", len(s.stored)+1)
		created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		body.Created = &created
		s.stored[body.ID] = body
		text, _ := json.Marshal(body)
		clienttest.Reply(w, 201, string(text))
	case !known:
		clienttest.GraphError(w, 404, "ResourceNotFound")
	case r.Method == http.MethodGet:
		text, _ := json.Marshal(present)
		clienttest.Reply(w, 200, string(text))
	case r.Method == http.MethodPatch:
		body.ID, body.Created = present.ID, present.Created
		s.stored[id] = body
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodDelete && present.IsTrusted != nil && *present.IsTrusted:
		clienttest.GraphError(w, 400, "BadRequest")
	case r.Method == http.MethodDelete:
		delete(s.stored, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		t.Errorf("unexpected request %s", what)
		clienttest.GraphError(w, 400, "BadRequest")
	}
}

// order lists the requests that changed or read something, ids left out, repetitions in a row counted once.
func (s *scriptedLocations) order() []string {
	var order []string
	for _, request := range s.All() {
		what := request.Method + " location"
		switch request.Path() {
		case policiesPath:
			what = "GET policies"
		case locationsPath:
			what = request.Method + " locations"
		case binPath:
			what = "GET deleted"
		}
		if len(order) == 0 || order[len(order)-1] != what {
			order = append(order, what)
		}
	}
	return order
}

func (s *scriptedLocations) wantOrder(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.order()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// stores gives the service a location.
func stores(locations ...NamedLocation) map[string]namedLocation {
	stored := map[string]namedLocation{}
	for _, location := range locations {
		wire := location.wire()
		wire.ID, wire.Created = location.ID, location.Created
		stored[location.ID] = wire
	}
	return stored
}

func locationJSON(location NamedLocation) string {
	wire := location.wire()
	wire.ID, wire.Created, wire.Modified = location.ID, location.Created, location.Modified
	text, _ := json.Marshal(wire)
	return string(text)
}

func TestALocationIsMadeWithEveryTypeSaid(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{}
	c := s.start(t, nil)
	made, _, err := c.CreateNamedLocation(t.Context(), NamedLocation{DisplayName: "HQ", IsTrusted: true, Ranges: []string{"203.0.113.7/24", "198.51.100.7", "2001:DB8:0::/48"}})
	if err != nil || made.ID != locationID || !made.IsTrusted || !made.IsIP() {
		t.Errorf("made %+v, error %v", made, err)
	}
	want := `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"HQ","isTrusted":true,"ipRanges":[` +
		`{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"203.0.113.7/24"},` +
		`{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"198.51.100.7/32"},` +
		`{"@odata.type":"#microsoft.graph.iPv6CidrRange","cidrAddress":"2001:DB8:0::/48"}]}`
	if diff := cmp.Diff(want, s.All()[0].Body); diff != "" {
		t.Errorf("the body (-want +got):\n%s", diff)
	}
	s.wantOrder(t, "POST locations")
}

func TestALostAnswerToACreationIsLookedForAndNotSentAgain(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(w http.ResponseWriter){
		"connection cut": func(w http.ResponseWriter) { clienttest.HangUp(w, "") },
		"502":            func(w http.ResponseWriter) { clienttest.GraphError(w, 502, "BadGateway") },
		"504":            func(w http.ResponseWriter) { clienttest.GraphError(w, 504, "GatewayTimeout") },
		"201 of nothing": func(w http.ResponseWriter) { clienttest.Reply(w, 201, `{}`) },
		"201 unreadable": func(w http.ResponseWriter) { clienttest.Reply(w, 201, `<html>`) },
	} {
		for _, lag := range []int{0, 3} {
			t.Run(fmt.Sprintf("%s, %d reads behind", name, lag), func(t *testing.T) {
				t.Parallel()
				s := &scriptedLocations{}
				s.onRequest = func(w http.ResponseWriter, what string, n int) bool {
					switch {
					case what == "POST" && n == 0:
						created := s.clock.Now().Add(-2 * time.Minute)
						found := office
						found.Created = &created
						s.stored = stores(found)
						lose(w)
						return true
					case what == "GET" && n < lag:
						clienttest.Reply(w, 200, `{"value":[]}`)
						return true
					}
					return false
				}
				c := s.start(t, nil)
				made, _, err := c.CreateNamedLocation(t.Context(), office)
				if err != nil || made.ID != locationID {
					t.Errorf("made %+v, error %v", made, err)
				}
				if n := s.Count(http.MethodPost); n != 1 {
					t.Errorf("%d creations were sent", n)
				}
			})
		}
	}
}

func TestACreationThatMadeNothingIsSentAgainAFewTimes(t *testing.T) {
	t.Parallel()
	for _, failures := range []int{1, 2, 3} {
		s := &scriptedLocations{onRequest: func(w http.ResponseWriter, what string, n int) bool {
			if what == "POST" && n < failures {
				clienttest.GraphError(w, 503, "ServiceUnavailable")
				return true
			}
			return false
		}}
		c := s.start(t, nil)
		made, _, err := c.CreateNamedLocation(t.Context(), office)
		var answer *graph.Error
		switch {
		case failures < 3 && (err != nil || made.ID == "" || s.Count(http.MethodPost) != failures+1):
			t.Errorf("%d failures: made %+v, error %v, after %d creations", failures, made, err, s.Count(http.MethodPost))
		case failures == 3 && (!errors.As(err, &answer) || answer.Status != 503 || s.Count(http.MethodPost) != 3 || len(s.stored) != 0):
			t.Errorf("error %v after %d creations", err, s.Count(http.MethodPost))
		}
		if _, waited := s.clock.Waited(); waited > 3*c.Consistency().NewObject {
			t.Errorf("waited %s", waited)
		}
	}
}

func TestAThrottledCreationIsRepeatedAndARefusedOneIsNot(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{onRequest: func(w http.ResponseWriter, what string, n int) bool {
		if what == "POST" && n < 2 {
			clienttest.GraphError(w, 429, "TooManyRequests")
			return true
		}
		return false
	}}
	c := s.start(t, nil)
	if _, _, err := c.CreateNamedLocation(t.Context(), office); err != nil {
		t.Error(err)
	}
	s.wantOrder(t, "POST locations")
	for _, status := range []int{400, 403, 409} {
		s := &scriptedLocations{onRequest: func(w http.ResponseWriter, _ string, _ int) bool { clienttest.GraphError(w, status, "No"); return true }}
		c := s.start(t, nil)
		_, _, err := c.CreateNamedLocation(t.Context(), office)
		var answer *graph.Error
		if !errors.As(err, &answer) || answer.Status != status || len(s.All()) != 1 {
			t.Errorf("%d: error %v after %d requests", status, err, len(s.All()))
		}
		if status == 403 && answer.Permissions[0] != permissionWriteConditionalAccess {
			t.Errorf("the permissions are %q", answer.Permissions)
		}
	}
}

func TestALostCreationDoesNotTakeALocationThatIsSomebodyElses(t *testing.T) {
	t.Parallel()
	recent := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	old := recent.Add(-time.Hour)
	for name, other := range map[string]NamedLocation{
		"made an hour ago": {Created: &old, DisplayName: office.DisplayName, IsTrusted: true, Ranges: office.Ranges},
		"of unknown age":   {DisplayName: office.DisplayName, IsTrusted: true, Ranges: office.Ranges},
		"other name":       {Created: &recent, DisplayName: "HQ 2", IsTrusted: true, Ranges: office.Ranges},
		"other ranges":     {Created: &recent, DisplayName: office.DisplayName, IsTrusted: true, Ranges: office.Ranges[:1]},
		"not trusted":      {Created: &recent, DisplayName: office.DisplayName, Ranges: office.Ranges},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other.ID = locationID
			s := &scriptedLocations{stored: stores(other), onRequest: func(w http.ResponseWriter, what string, n int) bool {
				if what == "POST" && n == 0 {
					clienttest.GraphError(w, 500, "InternalServerError")
					return true
				}
				return false
			}}
			c := s.start(t, nil)
			if made, _, err := c.CreateNamedLocation(t.Context(), office); err != nil || made.ID == other.ID || len(s.stored) != 2 {
				t.Errorf("made %+v, error %v", made, err)
			}
		})
	}
	t.Run("made by this process", func(t *testing.T) {
		t.Parallel()
		s := &scriptedLocations{onRequest: func(w http.ResponseWriter, what string, n int) bool {
			if what == "POST" && n == 1 {
				clienttest.GraphError(w, 500, "InternalServerError")
				return true
			}
			return false
		}}
		c := s.start(t, nil)
		first, _, err := c.CreateNamedLocation(t.Context(), office)
		if err != nil {
			t.Fatal(err)
		}
		second, _, err := c.CreateNamedLocation(t.Context(), office)
		if err != nil || second.ID == first.ID {
			t.Errorf("two alike are %s and %s, error %v", first.ID, second.ID, err)
		}
	})
	t.Run("made a moment ago by another process, and seen before", func(t *testing.T) {
		t.Parallel()
		s := &scriptedLocations{onRequest: func(w http.ResponseWriter, what string, n int) bool {
			if what == "POST" && n == 0 {
				clienttest.GraphError(w, 500, "InternalServerError")
				return true
			}
			return false
		}}
		c := s.start(t, nil)
		created := s.clock.Now().Add(-time.Second)
		twin := office
		twin.ID, twin.Created = locationID, &created
		s.stored = stores(twin)
		if _, err := c.ListNamedLocations(t.Context()); err != nil {
			t.Fatal(err)
		}
		if made, _, err := c.CreateNamedLocation(t.Context(), office); err != nil || made.ID == twin.ID {
			t.Errorf("made %+v, error %v", made, err)
		}
	})
}

func TestACreationWhoseFateCannotBeFoundOutSaysSo(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{onRequest: func(w http.ResponseWriter, what string, _ int) bool {
		clienttest.GraphError(w, map[string]int{"POST": 500, "GET": 403}[what], "No")
		return true
	}}
	c := s.start(t, nil)
	_, _, err := c.CreateNamedLocation(t.Context(), office)
	if err == nil || !strings.Contains(err.Error(), `create named location "HQ"`) || !strings.Contains(err.Error(), "whether it was made could not be found out") {
		t.Errorf("error %v", err)
	}
	if n := s.Count(http.MethodPost); n != 1 {
		t.Errorf("%d creations were sent", n)
	}
}

func TestAReadThatFailsIsNotAReadOfNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 429, 500, 503} {
		s := &scriptedLocations{onRequest: func(w http.ResponseWriter, _ string, _ int) bool { clienttest.GraphError(w, status, "No"); return true }}
		c := s.start(t, nil)
		if gone, err := c.NamedLocationGone(t.Context(), locationID); err == nil || gone {
			t.Errorf("%d: gone %t with error %v", status, gone, err)
		}
	}
	for _, body := range []string{`{}`, `{"id":""}`, `null`, `[]`} {
		s := &scriptedLocations{onRequest: func(w http.ResponseWriter, _ string, _ int) bool { clienttest.Reply(w, 200, body); return true }}
		c := s.start(t, nil)
		if location, err := c.GetNamedLocation(t.Context(), locationID); err == nil || graph.IsNotFound(err) {
			t.Errorf("%s is read as %+v, error %v", body, location, err)
		}
	}
}

func TestEveryKindOfLocationAndRangeIsRead(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{onRequest: func(w http.ResponseWriter, _ string, _ int) bool {
		clienttest.Reply(w, 200, `{"value":[
			{"@odata.type":"#microsoft.graph.countryNamedLocation","id":"c","displayName":"Italy","countriesAndRegions":["IT"]},
			{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"i","displayName":"HQ","isTrusted":true,"createdDateTime":"2026-01-02T03:04:05Z","ipRanges":[
				{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"12.34.221.11/22"},
				{"@odata.type":"#microsoft.graph.iPv6CidrRange","cidrAddress":"2001:0:9d38:90d6:0:0:0:0/63"},
				{"@odata.type":"#microsoft.graph.iPv4Range","lowerAddress":"203.0.113.0","upperAddress":"203.0.113.191"},
				{"@odata.type":"#microsoft.graph.iPv6Range","lowerAddress":"2001:db8::","upperAddress":"2001:db8::ffff"},
				{"@odata.type":"#microsoft.graph.iPv4Range","lowerAddress":"203.0.113.9","upperAddress":"203.0.113.0"},
				{"@odata.type":"#microsoft.graph.someOtherRange"}]}]}`)
		return true
	}}
	c := s.start(t, nil)
	have, err := c.ListNamedLocations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []NamedLocation{
		{ID: "c", DisplayName: "Italy", Kind: "countryNamedLocation", Countries: []string{"IT"}},
		{ID: "i", DisplayName: "HQ", Kind: "ipNamedLocation", IsTrusted: true, Ranges: []string{
			"12.34.221.11/22", "2001:0:9d38:90d6:0:0:0:0/63", "203.0.113.0/25", "203.0.113.128/26", "2001:db8::/112",
			"#microsoft.graph.iPv4Range 203.0.113.9-203.0.113.0", "#microsoft.graph.someOtherRange -",
		}},
	}
	if diff := cmp.Diff(want, have, cmpopts.IgnoreFields(NamedLocation{}, "Created")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if have[0].IsIP() || !have[1].IsIP() || have[1].Created == nil {
		t.Errorf("the kinds or dates are wrong: %+v", have)
	}
	readable := have[1]
	readable.Ranges = readable.Ranges[:5]
	if have[1].Shows(readable) {
		t.Error("a range that cannot be read does not count as a difference")
	}
}

func TestAllPagesOfLocationsAreRead(t *testing.T) {
	t.Parallel()
	var s *scriptedLocations
	s = &scriptedLocations{onRequest: func(w http.ResponseWriter, _ string, n int) bool {
		next := ""
		if n < 2 {
			next = fmt.Sprintf(`,"@odata.nextLink":"%s%s?$skiptoken=%d"`, s.URL, locationsPath, n)
		}
		clienttest.Reply(w, 200, fmt.Sprintf(`{"value":[{"@odata.type":"#microsoft.graph.ipNamedLocation","id":"%d","displayName":"HQ"}]%s}`, n, next))
		return true
	}}
	c := s.start(t, nil)
	if found, err := c.FindNamedLocationsByName(t.Context(), "hq"); err != nil || len(found) != 3 {
		t.Errorf("found %+v, error %v", found, err)
	}
}

func TestANameIsLookedForForAWhile(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office), onRequest: func(w http.ResponseWriter, _ string, n int) bool {
		if n < 2 {
			clienttest.Reply(w, 200, `{"value":[]}`)
		}
		return n < 2
	}}
	c := s.start(t, nil)
	if found, err := c.FindNamedLocationsByName(t.Context(), "hq"); err != nil || len(found) != 1 {
		t.Errorf("found %+v, error %v", found, err)
	}
	if found, err := c.FindNamedLocationsByName(t.Context(), "nowhere"); err != nil || len(found) != 0 {
		t.Errorf("found %+v, error %v", found, err)
	}
}

func TestAnUpdateReplacesTheWholeListAndOutlastsAReplicaThatDoesNotKnowTheLocation(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office), onRequest: func(w http.ResponseWriter, what string, n int) bool {
		if strings.HasPrefix(what, "PATCH") && n == 0 {
			clienttest.GraphError(w, 404, "ResourceNotFound")
			return true
		}
		return false
	}}
	c := s.start(t, nil)
	wanted := office
	wanted.Ranges = []string{"198.51.100.0/24"}
	if _, err := c.UpdateNamedLocation(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	requests := s.All()
	want := `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"HQ","isTrusted":true,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"198.51.100.0/24"}]}`
	if last := requests[len(requests)-1]; last.Body != want || last.Path() != locationsPath+"/"+locationID {
		t.Errorf("%s %s was sent", last.Target, last.Body)
	}
	// One that is gone for good is told.
	s.mutex.Lock()
	clear(s.stored)
	s.mutex.Unlock()
	if _, err := c.UpdateNamedLocation(t.Context(), wanted); !graph.IsNotFound(err) {
		t.Errorf("error %v", err)
	}
}

func TestADeletionTakesTheTrustAwayFirstAndReadsNothing(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office)}
	c := s.start(t, nil)
	if _, err := c.DeleteNamedLocation(t.Context(), office); err != nil {
		t.Fatal(err)
	}
	s.wantOrder(t, "PATCH location", "DELETE location")
	want := `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"HQ","isTrusted":false,"ipRanges":[` +
		`{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"203.0.113.7/24"},{"@odata.type":"#microsoft.graph.iPv6CidrRange","cidrAddress":"2001:db8::/48"}]}`
	if have := s.All()[0].Body; have != want {
		t.Errorf("sent %s, want %s", have, want)
	}
	if _, waited := s.clock.Waited(); waited != 0 || len(s.All()) != 2 || len(s.stored) != 0 {
		t.Errorf("waited %s, sent %d requests, left %v", waited, len(s.All()), s.stored)
	}
}

func TestALocationThatIsNotTrustedOrNotThereIsDeletedWithoutMore(t *testing.T) {
	t.Parallel()
	plain := office
	plain.IsTrusted = false
	s := &scriptedLocations{stored: stores(plain)}
	c := s.start(t, nil)
	if _, err := c.DeleteNamedLocation(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	s.wantOrder(t, "DELETE location")

	for _, location := range []NamedLocation{office, plain} {
		none := &scriptedLocations{}
		c = none.start(t, nil)
		if _, err := c.DeleteNamedLocation(t.Context(), location); err != nil {
			t.Fatal(err)
		}
		if _, waited := none.clock.Waited(); waited < c.Consistency().Missing {
			t.Errorf("that it is gone was believed after %s", waited)
		}
	}
	// A replica that does not know it yet is no proof.
	fresh := &scriptedLocations{stored: stores(office), onRequest: func(w http.ResponseWriter, _ string, n int) bool {
		if n < 2 {
			clienttest.GraphError(w, 404, "ResourceNotFound")
		}
		return n < 2
	}}
	c = fresh.start(t, nil)
	if _, err := c.DeleteNamedLocation(t.Context(), office); err != nil || len(fresh.stored) != 0 {
		t.Errorf("error %v, left %v", err, fresh.stored)
	}
}

func TestALocationThatDisappearsDuringItsDeletionIsDeleted(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"PATCH", "DELETE"} {
		s := &scriptedLocations{stored: stores(office)}
		s.onRequest = func(_ http.ResponseWriter, what string, _ int) bool {
			if strings.HasPrefix(what, when) {
				clear(s.stored)
			}
			return false
		}
		c := s.start(t, nil)
		if _, err := c.DeleteNamedLocation(t.Context(), office); err != nil {
			t.Errorf("gone at the %s: error %v", when, err)
		}
	}
}

func policyJSON(id, name, state, include, exclude string) string {
	return fmt.Sprintf(`{"id":%q,"displayName":%q,"state":%q,"conditions":{"locations":{"includeLocations":[%s],"excludeLocations":[%s]}}}`, id, name, state, include, exclude)
}

func TestALocationThatAPolicyNamesIsInUse(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office), policies: []string{
		policyJSON("p1", "Block elsewhere", "enabled", `"All"`, `"`+strings.ToUpper(locationID)+`"`),
		policyJSON("p2", "MFA elsewhere", "enabled", `"All"`, `"AllTrusted"`),
		policyJSON("p3", "From HQ", "disabled", `"`+locationID+`"`, ``),
		`{"id":"p4","displayName":"Everywhere","state":"enabled","conditions":{"locations":null}}`,
	}}
	c := s.start(t, nil)
	err := c.AwaitUnused(t.Context(), office)
	var using *LocationInUseError
	if !errors.As(err, &using) || len(using.Policies) != 2 || using.Location.DisplayName != "HQ" ||
		!strings.Contains(err.Error(), `"Block elsewhere", "From HQ"`) {
		t.Errorf("error %v", err)
	}
	// The policies were given time to disappear, but not for ever.
	s.wantOrder(t, "GET policies")
	if _, waited := s.clock.Waited(); waited != c.Consistency().NewObject {
		t.Errorf("waited %s", waited)
	}
}

func TestAPolicyThatWasDeletedAMomentAgoIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office)}
	s.onRequest = func(w http.ResponseWriter, what string, n int) bool {
		if strings.HasSuffix(what, "policies") && n < 3 {
			clienttest.Reply(w, 200, `{"value":[`+policyJSON("p1", "Gone", "enabled", `"`+locationID+`"`, ``)+`]}`)
			return true
		}
		return false
	}
	c := s.start(t, nil)
	if err := c.AwaitUnused(t.Context(), office); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestPoliciesThatCannotBeReadDoNotCountAsUse(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office), onRequest: func(w http.ResponseWriter, what string, _ int) bool {
		if strings.HasSuffix(what, "policies") {
			clienttest.GraphError(w, 403, "Authorization_RequestDenied")
			return true
		}
		return false
	}}
	c := s.start(t, nil)
	if err := c.AwaitUnused(t.Context(), office); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestADeletionThatAReplicaRefusesIsRepeatedForAWhile(t *testing.T) {
	t.Parallel()
	plain := office
	plain.IsTrusted = false
	for name, c := range map[string]struct {
		location NamedLocation
		refusals int
		status   int
		deleted  bool
		waited   time.Duration
	}{
		// A replica may see the trust for as long as it may show anything else of before a write.
		"400 for a moment":                {office, 3, 400, true, 3500 * time.Millisecond},
		"409 for a moment":                {office, 3, 409, true, 3500 * time.Millisecond},
		"400 for ever":                    {office, 1000, 400, false, 90 * time.Second},
		"400 for ever, was never trusted": {plain, 1000, 400, false, 30 * time.Second},
		"403 at once":                     {office, 1000, 403, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scriptedLocations{stored: stores(c.location), onRequest: func(w http.ResponseWriter, what string, n int) bool {
				if strings.HasPrefix(what, "DELETE") && n < c.refusals {
					clienttest.GraphError(w, c.status, "BadRequest")
					return true
				}
				return false
			}}
			deleter := s.start(t, nil)
			untrusted, err := deleter.DeleteNamedLocation(t.Context(), c.location)
			if c.deleted != (err == nil) {
				t.Fatalf("error %v", err)
			}
			if c.location.IsTrusted == untrusted.At.IsZero() {
				t.Errorf("untrusted at %v", untrusted)
			}
			says := `delete named location "HQ" (id ` + locationID + `)`
			if c.location.IsTrusted {
				says += ", which is not trusted any more"
			}
			if err != nil && (!graph.HasStatus(err, c.status) || !strings.Contains(err.Error(), says)) {
				t.Errorf("error %v", err)
			}
			if _, waited := s.clock.Waited(); waited != c.waited {
				t.Errorf("waited %s, want %s", waited, c.waited)
			}
		})
	}
}

func TestAFailedStepOfADeletionEndsIt(t *testing.T) {
	t.Parallel()
	s := &scriptedLocations{stored: stores(office), onRequest: func(w http.ResponseWriter, _ string, _ int) bool {
		clienttest.GraphError(w, 403, "Authorization_RequestDenied")
		return true
	}}
	c := s.start(t, nil)
	untrusted, err := c.DeleteNamedLocation(t.Context(), office)
	if !graph.IsForbidden(err) || !strings.Contains(err.Error(), `take the trust from named location "HQ"`) || untrusted != (graph.Acceptance{}) {
		t.Errorf("error %v, untrusted %v", err, untrusted)
	}
	s.wantOrder(t, "PATCH location")
}

func TestAllPagesOfPoliciesAreRead(t *testing.T) {
	t.Parallel()
	var s *scriptedLocations
	s = &scriptedLocations{onRequest: func(w http.ResponseWriter, _ string, n int) bool {
		if n == 0 {
			clienttest.Reply(w, 200, fmt.Sprintf(`{"value":[%s],"@odata.nextLink":"%s%s?$skiptoken=1"}`, policyJSON("p1", "One", "enabled", ``, `"AllTrusted"`), s.URL, policiesPath))
		} else {
			clienttest.Reply(w, 200, `{"value":[`+policyJSON("p2", "Two", "enabled", `"`+locationID+`"`, ``)+`]}`)
		}
		return true
	}}
	c := s.start(t, nil)
	policies, err := c.ListConditionalAccessPolicies(t.Context())
	if err != nil || len(policies) != 2 {
		t.Fatalf("%d policies, error %v", len(policies), err)
	}
	if !policies[0].RefersToAllTrusted() || policies[0].RefersTo(locationID) || policies[1].RefersToAllTrusted() || !policies[1].RefersTo(locationID) {
		t.Errorf("policies %+v", policies)
	}
}
